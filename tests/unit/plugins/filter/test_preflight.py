# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.preflight import preflight_result, preflight_table
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

GOOD = checks.ok("dns_a", "relay.example.com", "203.0.113.4")
BAD = checks.failed(
    "dns_ptr", "203.0.113.4", "names host-4.provider.example, not relay.example.com", "Let the provider set it."
)
FACTS = {"hostname": "relay.example.com", "planned": False}


def known(local=(GOOD,), dns=(BAD,), planned=False, **more):
    """What is registered for one relay: by the task that asks the host, that lets it look outside, and that asks the DNS."""
    relay = dict(FACTS, planned=planned)
    return dict(
        {"local": {"checks": list(local), "relay": relay}, "network": None, "dns": {"checks": list(dns)}}, **more
    )


def result_of(**relays):
    parts = [{host: given[part] for host, given in relays.items()} for part in ("local", "network", "dns")]
    return preflight_result(*parts)


def test_the_worst_is_the_verdict_and_each_relay_has_its_own():
    result = result_of(a=known(), b=known(dns=[]))
    assert result["verdict"] == "failed"
    assert [(relay["host"], relay["verdict"]) for relay in result["relays"]] == [("a", "failed"), ("b", "ok")]
    assert result["relays"][0]["checks"] == [GOOD, BAD] and result["relays"][0]["relay"] == FACTS


def test_what_could_not_be_asked_has_failed():
    missing = {"failed": True, "msg": "Failed to import the required Python library (pyspf)"}
    result = result_of(a=known(dns=()) | {"dns": missing, "network": {"skipped": True}})
    assert [(entry["id"], entry["status"]) for entry in result["relays"][0]["checks"]] == [
        ("dns_a", "ok"),
        ("mail_dns_info", "failed"),
    ]
    assert "pyspf" in result["relays"][0]["checks"][1]["seen"]
    unreachable = {
        "local": {"unreachable": True, "msg": "Connection refused"},
        "network": None,
        "dns": {"skipped": True},
    }
    assert result_of(a=unreachable)["verdict"] == "failed"
    # What it sees outside comes between.
    outside = {"checks": [dict(GOOD, id="port_25")]}
    assert [entry["id"] for entry in result_of(a=known(network=outside))["relays"][0]["checks"]] == [
        "dns_a",
        "port_25",
        "dns_ptr",
    ]
    # Nothing is known of it at all.
    assert preflight_result({"a": None}, {}, {})["verdict"] == "failed"


def test_the_table():
    lines = preflight_table(result_of(relay=known()))
    assert lines == [
        "relay: FAILED (1 failed, 1 ok)",
        "ok       dns_a            relay.example.com: 203.0.113.4",
        "FAILED   dns_ptr          203.0.113.4: names host-4.provider.example, not",
        "                          relay.example.com",
        "                          To do: Let the provider set it.",
    ]
    lines = preflight_table(result_of(relay=known(dns=[], planned=True)))
    assert lines[1] == "as the role will make it"


def test_no_terminal_obeys_a_strangers_record():
    evil = checks.failed("dns_spf", "\x1b[2J", "v=spf1 \x9b31m\u202e\r\n\x07", "\x1b]0;x\x07")
    lines = preflight_table(result_of(relay=known(dns=[evil])))
    assert all(line.isprintable() for line in lines) and "\\x1b[2J" in "".join(lines)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: preflight_result(["a"], {}, {}),
            "preflight_result: the input must be a dictionary, but it is of type list.",
        ),
        (lambda: preflight_result({}, None, {}), "preflight_result: network must be a dictionary, but it is nothing."),
        (lambda: preflight_result({}, {}, "dns"), "preflight_result: dns must be a dictionary, but it is a text."),
        (
            lambda: preflight_result({"a": "x"}, {}, {}),
            "preflight_result: local: the result of a must be a dictionary, but it is a text.",
        ),
        (
            lambda: preflight_table("x"),
            "preflight_table: the input must be a dictionary, but it is a text. Give what preflight_result returned.",
        ),
        (
            lambda: preflight_table({"checks": []}),
            "preflight_table: the input has no relays. Give what preflight_result returned.",
        ),
    ],
)
def test_what_they_cannot_use_is_named(call, words):
    with pytest.raises(AnsibleFilterError) as refused:
        call()
    assert str(refused.value) == words
