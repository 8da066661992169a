# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.doc_fragments.queue_selection import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.modules import mail_queue_info


@pytest.fixture
def run(postfix_queue, run_module):
    """Calls the module with these options; returns whether it failed, and its result."""

    def call(**options):
        return run_module(mail_queue_info.main, **dict({"mta": "postfix"}, **options))

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
    )  # fmt: skip
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))


def test_the_examples_name_only_options_that_exist():
    tasks = yaml.safe_load(mail_queue_info.EXAMPLES)
    assert tasks
    for task in tasks:
        assert set(task["mailops.relay.mail_queue_info"]) <= set(mail_queue_info.argument_spec())
