# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest
import yaml

from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.mailops.relay.plugins.doc_fragments.queue_selection import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.modules import mail_queue

# Two deferred messages and one on hold, as Postfix 3.7.11 lists them.
LISTED = """
{"queue_name": "deferred", "queue_id": "4AAAAAA001", "arrival_time": 1795350600, "message_size": 275,
 "forced_expire": false, "sender": "app@web01.example.com",
 "recipients": [{"address": "a@example.com", "delay_reason": "connection refused"}]}
{"queue_name": "deferred", "queue_id": "4AAAAAA002", "arrival_time": 1795350600, "message_size": 275,
 "forced_expire": false, "sender": "app@web01.example.com",
 "recipients": [{"address": "a@example.com.au", "delay_reason": "connection refused"}]}
{"queue_name": "hold", "queue_id": "4AAAAAA003", "arrival_time": 1795350600, "message_size": 275,
 "forced_expire": false, "sender": "", "recipients": [{"address": "a@example.com"}]}
""".replace("\n ", " ").lstrip()


class Ended(Exception):
    """What the module would print."""


@pytest.fixture
def called(tmp_path, monkeypatch):
    """Programs of a Postfix 3.7.11 in PATH; a file with each call of one that could change something."""
    (tmp_path / "listed").write_bytes(to_bytes(LISTED))
    programs, calls = tmp_path / "bin", tmp_path / "calls"
    programs.mkdir()
    calls.write_bytes(b"")
    for name, body in (
        ("postconf", "printf '%s\\n' 3.7.11 {0} postfix".format(tmp_path)),
        ("postqueue", '[ "$1" = -j ] && exec cat {0}/listed\necho postqueue "$@" >> {1}'.format(tmp_path, calls)),
        ("postsuper", 'echo postsuper "$@" >> {0}'.format(calls)),
    ):
        (programs / name).write_bytes(to_bytes("#!/bin/sh\n{0}\n".format(body)))
        os.chmod(str(programs / name), 0o755)
    monkeypatch.setenv("PATH", str(programs) + ":" + os.environ["PATH"])
    return calls


@pytest.fixture
def run(called, tmp_path, monkeypatch):
    """Calls the module with these options; returns whether it failed, and its result."""

    def call(check_mode=False, **options):
        arguments = dict(
            {"mta": "postfix"}, _ansible_check_mode=check_mode, _ansible_remote_tmp=str(tmp_path), _ansible_no_log=False
        )
        arguments.update(options)
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": arguments})))
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)

        def end(failed):
            def ended(self, **kwargs):
                raise Ended(failed, kwargs)

            return ended

        monkeypatch.setattr(basic.AnsibleModule, "exit_json", end(False))
        monkeypatch.setattr(basic.AnsibleModule, "fail_json", end(True))
        with pytest.raises(Ended) as ended:
            mail_queue.main()
        return ended.value.args

    return call


def test_check_mode_lists_what_would_be_hit_and_changes_nothing(run, called):
    failed, result = run(check_mode=True, action="delete", recipient_domain=["example.com"])
    assert not failed and result["changed"] and result["matched"] == result["affected"] == 2
    assert [entry["queue_id"] for entry in result["messages"]] == ["4AAAAAA001", "4AAAAAA003"]
    assert result["diff"]["after"] == "" and "4AAAAAA001 from=<app@web01.example.com>" in result["diff"]["before"]
    assert called.read_bytes() == b""


def test_nothing_is_done_where_nothing_is_left_to_do(run, called):
    for options in (
        {"action": "hold", "queue": ["hold"]},
        {"action": "release", "queue": ["deferred"]},
        {"action": "flush", "queue": ["hold"]},
        {"action": "delete", "sender": ["nobody@example.com"]},
    ):
        failed, result = run(**options)
        assert not failed and not result["changed"] and result["matched"] == 0
    assert called.read_bytes() == b""


@pytest.mark.parametrize(
    "options, words",
    [
        ({"action": "delete"}, "no criterion is given"),
        ({"action": "delete", "all": True, "queue": ["deferred"]}, "all=true contradicts queue"),
        ({"action": "restore", "all": True}, "restore_from"),
        ({"action": "restore", "restore_from": "/b", "sender": ["a@example.com"]}, "only queue_id and all"),
        ({"action": "delete", "queue": ["delayed"]}, "queue: 'delayed'"),
        ({"action": "delete", "queue_id": ["ALL"]}, "queue_id: 'ALL'"),
        ({"action": "delete", "queue_id": ["-d"]}, "queue_id: '-d'"),
        ({"action": "delete", "sender": ["app"]}, "sender: 'app'"),
        ({"action": "delete", "recipient_domain": ["@example.com"]}, "recipient_domain: '@example.com'"),
        ({"action": "delete", "older_than": "-1h"}, "older_than: '-1h'"),
        ({"action": "delete", "min_size": "-1"}, "min_size: '-1'"),
        ({"action": "delete", "all": True, "limit": -1}, "limit: -1"),
        ({"action": "delete", "all": True, "limit": 2}, "limit: 3 messages are meant, more than 2"),
        ({"action": "hold", "all": True, "backup_to": "/var/backups/q"}, "backup_to: only deleted messages"),
        ({"action": "delete", "all": True, "backup_to": "/nowhere/q"}, "/nowhere/q"),
    ],
)
def test_bad_input_is_refused_by_name_and_nothing_is_done(run, called, options, words):
    failed, result = run(**options)
    assert failed and words in result["msg"]
    assert called.read_bytes() == b""


def documented():
    options = yaml.safe_load(mail_queue.DOCUMENTATION)["options"]
    return dict(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"], **options)


def test_documentation_and_arguments_say_the_same():
    spec = mail_queue.argument_spec()
    assert set(documented()) == set(spec)
    for name, option in documented().items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))


def test_the_examples_name_only_options_that_exist():
    tasks = yaml.safe_load(mail_queue.EXAMPLES)
    assert tasks
    for task in tasks:
        arguments = task["mailops.relay.mail_queue"]
        assert set(arguments) <= set(mail_queue.argument_spec())
        assert arguments["action"] in mail_queue.argument_spec()["action"]["choices"]
