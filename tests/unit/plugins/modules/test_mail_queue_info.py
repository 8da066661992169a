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
from ansible_collections.mailops.relay.plugins.modules import mail_queue_info

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
def run(tmp_path, monkeypatch):
    """Calls the module with these options; returns whether it failed, and its result."""
    (tmp_path / "listed").write_bytes(to_bytes(LISTED))
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, body in (
        ("postconf", "printf '%s\\n' 3.7.11 {0} postfix".format(tmp_path)),
        ("postqueue", "exec cat {0}/listed".format(tmp_path)),
    ):
        (programs / name).write_bytes(to_bytes("#!/bin/sh\n{0}\n".format(body)))
        os.chmod(str(programs / name), 0o755)
    monkeypatch.setenv("PATH", str(programs) + ":" + os.environ["PATH"])

    def call(**options):
        arguments = dict({"mta": "postfix"}, _ansible_remote_tmp=str(tmp_path), _ansible_no_log=False)
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
            mail_queue_info.main()
        return ended.value.args

    return call


def test_the_numbers_are_of_all_and_the_messages_of_the_first(run):
    failed, result = run(all=True, limit=1)
    assert not failed and not result["changed"] and result["mta"] == "postfix"
    assert (result["total"], result["size"], result["oldest"]) == (3, 825, 1795350600)
    assert result["by_queue"] == {"deferred": 2, "hold": 1}
    assert {"name": "example.com", "count": 2} in result["by_recipient_domain"]
    assert {"name": "<>", "count": 1} in result["by_sender_domain"]
    assert [entry["queue_id"] for entry in result["messages"]] == ["4AAAAAA001"]
    assert result["messages"][0]["recipients"] == [{"address": "a@example.com", "reason": "connection refused"}]


def test_criteria_are_combined(run):
    failed, result = run(recipient_domain=["example.com"], queue=["deferred"])
    assert not failed and [entry["queue_id"] for entry in result["messages"]] == ["4AAAAAA001"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({}, "no criterion is given"),
        ({"all": True, "sender": ["app@web01.example.com"]}, "all=true contradicts sender"),
        ({"queue": ["delayed"]}, "queue: 'delayed'"),
        ({"queue_id": ["$(id)"]}, "queue_id: '$(id)'"),
        ({"sender_domain": ["app@example.com"]}, "sender_domain: 'app@example.com'"),
        ({"younger_than": "-5"}, "younger_than: '-5'"),
        ({"client": ["10.0.0.0/40"]}, "client: "),
        ({"all": True, "limit": -1}, "limit: -1"),
    ],
)
def test_bad_input_is_refused_by_name(run, options, words):
    failed, result = run(**options)
    assert failed and words in result["msg"]


def test_documentation_and_arguments_say_the_same():
    spec = mail_queue_info.argument_spec()
    documented = dict(
        yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(mail_queue_info.DOCUMENTATION)["options"]
    )
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))


def test_the_examples_name_only_options_that_exist():
    tasks = yaml.safe_load(mail_queue_info.EXAMPLES)
    assert tasks
    for task in tasks:
        assert set(task["mailops.relay.mail_queue_info"]) <= set(mail_queue_info.argument_spec())
