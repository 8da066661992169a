# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import (
    known_names,
    log_problems,
    result_of,
    unanswered,
)

RELAY = {
    "ansible_host": "10.20.0.10",
    "relay_server_hostname": "smtp-relay001.example.com",
    "relay_server_address": "2001:DB8:0::7",
    "relay_server_outbound_address": "203.0.113.4",
    "ansible_facts": {
        "all_ipv4_addresses": ["192.0.2.7"],
        "all_ipv6_addresses": ["fe80::1"],
        "fqdn": "mail.example.com",
        "hostname": "mail",
    },
}


def test_what_other_hosts_may_be_called_too_is_apart():
    assert known_names("relay", RELAY) == {
        "names": ["relay", "smtp-relay001.example.com", "mail.example.com"],
        "addresses": ["192.0.2.7", "fe80::1", "10.20.0.10", "2001:db8::7"],
        "shared": ["mail", "203.0.113.4"],
    }


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"ansible_facts": None, "ansible_host": None},
        {
            "ansible_facts": {"all_ipv4_addresses": None, "fqdn": ""},
            "ansible_host": "{{ no_such_variable }}",
            "relay_server_outbound_address": 7,
        },
    ],
)
def test_what_is_not_known_is_left_out(variables):
    assert known_names("web01", variables) == {"names": ["web01"], "addresses": [], "shared": []}


@pytest.mark.parametrize(
    ("registered", "result"),
    [
        (None, None),
        ({}, None),
        ({"skipped": True, "changed": False}, None),
        ({"unreachable": True, "msg": "no route"}, {"problem": "no route", "unreachable": True}),
        ({"unreachable": True}, {"problem": "no answer", "unreachable": True}),
        ({"failed": True, "msg": "no log was found"}, {"problem": "no log was found", "unreachable": False}),
        # A module that could not even begin: what the shell says, and not Ansible's "MODULE FAILURE".
        (
            {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "warning\nsh: python3: not found\n"},
            {"problem": "sh: python3: not found", "unreachable": True},
        ),
        (
            {"failed": True, "msg": "MODULE FAILURE", "module_stderr": ""},
            {"problem": "MODULE FAILURE", "unreachable": True},
        ),
        ({"failed": False, "messages": []}, {"failed": False, "messages": []}),
    ],
)
def test_what_a_task_has_registered(registered, result):
    assert result_of(registered) == result


def test_why_a_log_may_not_tell_all():
    log = {
        "problems": ["cut off"],
        "gaps": [{"text": "3 lines lost"}],
        "unreadable": 1,
        "unknown": 2,
        "samples": ["what?"],
    }
    assert log_problems("web01", {"log": log}) == [
        "web01: cut off",
        "web01: lines were lost: 3 lines lost",
        "web01: 1 line(s) could not be read, 2 are not known; the first is what?",
    ]
    assert log_problems("web01", {"problem": "no route"}) == ["web01 could not be asked: no route"]
    assert log_problems("web01", {"log": dict(log, problems=[], gaps=[], unreadable=0, unknown=0)}) == []


# Made up after what ansible-core 2.16 registers where a host does not answer; the texts are shortened.
SILENT = {
    "ssh refused": {
        "unreachable": True,
        "msg": "Failed to connect to the host via ssh: connect to host 10.20.0.9 port 22: Connection refused",
    },
    "login": {
        "unreachable": True,
        "msg": "Warning: Permanently added '10.20.0.9' (ED25519) to the list of known hosts.\nroot@10.20.0.9: Permission denied (publickey).",
    },
    "container gone": {
        "failed": True,
        "module_stderr": "Error response from daemon: No such container: x\n",
        "msg": "MODULE FAILURE",
    },
    "no Python": {
        "failed": True,
        "module_stderr": "",
        "module_stdout": "/bin/sh: 1: /usr/bin/python3: not found\r\n",
        "msg": "The module failed",
    },
    "no password": {"failed": True, "msg": "Missing sudo password"},
    "delegated": {"failed": True, "no_answer": True, "msg": "no route"},
}
WORDS = [
    "Connection refused",
    "Permission denied (publickey)",
    "No such container: x",
    "python3: not found",
    "Missing sudo password",
    "no route",
]


def test_who_does_not_answer_is_told_from_who_says_no():
    answered = {"skipped": {"skipped": True}, "asked nothing": None, "good": {"changed": False, "total": 3}}
    silent, refusals = unanswered(dict(SILENT, refused={"failed": True, "msg": "limit: 3 messages match."}, **answered))
    assert refusals == {"refused": "refused: limit: 3 messages match."}
    assert list(silent) == list(SILENT)
    for sentence, words in zip(silent.values(), WORDS, strict=True):
        assert sentence.endswith(words + ".") and "\n" not in sentence and "Permanently" not in sentence


def test_what_the_module_says_of_the_kind_is_kept():
    assert result_of({"failed": True, "msg": "no", "kind": "refusal"}) == {
        "problem": "no",
        "unreachable": False,
        "kind": "refusal",
    }
