# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.doc_fragments.queue_selection import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.modules import mail_queue


@pytest.fixture
def run(postfix_queue, run_module):
    """Calls the module with these options; returns whether it failed, and its result."""

    def call(**options):
        return run_module(mail_queue.main, **dict({"mta": "postfix"}, **options))

    return call


def test_check_mode_lists_what_would_be_hit_and_changes_nothing(run, postfix_queue):
    failed, result = run(check_mode=True, action="delete", recipient_domain=["example.com"])
    assert not failed and result["changed"] and result["matched"] == result["affected"] == 2
    assert [entry["queue_id"] for entry in result["messages"]] == ["4AAAAAA001", "4AAAAAA003"]
    assert result["diff"]["after"] == "" and "4AAAAAA001 from=<app@web01.example.com>" in result["diff"]["before"]
    assert postfix_queue.read_bytes() == b""


def test_nothing_is_done_where_nothing_is_left_to_do(run, postfix_queue):
    for options in (
        {"action": "hold", "queue": ["hold"]},
        {"action": "release", "queue": ["deferred"]},
        {"action": "flush", "queue": ["hold"]},
        {"action": "delete", "sender": ["nobody@example.com"]},
    ):
        failed, result = run(**options)
        assert not failed and not result["changed"] and result["matched"] == 0
    assert postfix_queue.read_bytes() == b""


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
def test_bad_input_is_refused_by_name_and_nothing_is_done(run, postfix_queue, options, words):
    failed, result = run(**options)
    assert failed and words in result["msg"]
    assert postfix_queue.read_bytes() == b""


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
