# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.filter.preflight import preflight_result, preflight_table
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

GOOD = checks.ok("dns_a", "relay.example.com", "203.0.113.4")
BAD = checks.failed("dns_ptr", "203.0.113.4", "names host-4.provider.example, not relay.example.com", "Let the provider set it.")
FACTS = {"hostname": "relay.example.com", "planned": False}


def known(local=(GOOD,), dns=(BAD,), planned=False, **more):
    relay = dict(FACTS, planned=planned)
    return dict({"__preflight_local": {"checks": list(local), "relay": relay}, "__preflight_dns": {"checks": list(dns)}}, **more)


def test_the_worst_is_the_verdict_and_each_relay_has_its_own():
    result = preflight_result(["a", "b"], {"a": known(), "b": known(dns=[])})
    assert result["verdict"] == "failed"
    assert [(relay["host"], relay["verdict"]) for relay in result["relays"]] == [("a", "failed"), ("b", "ok")]
    assert result["relays"][0]["checks"] == [GOOD, BAD] and result["relays"][0]["relay"] == FACTS


def test_what_could_not_be_asked_has_failed():
    missing = {"failed": True, "msg": "Failed to import the required Python library (pyspf)"}
    result = preflight_result(["a"], {"a": dict(known(), __preflight_dns=missing, __preflight_network={"skipped": True})})
    assert [(entry["id"], entry["status"]) for entry in result["relays"][0]["checks"]] == [("dns_a", "ok"), ("mail_dns_info", "failed")]
    assert "pyspf" in result["relays"][0]["checks"][1]["seen"]
    unreachable = {"__preflight_local": {"unreachable": True, "msg": "Connection refused"}, "__preflight_dns": {"skipped": True}}
    assert preflight_result(["a"], {"a": unreachable})["verdict"] == "failed"
    # Nothing is known of it at all.
    assert preflight_result(["a"], {"a": {}})["verdict"] == "failed"


def test_the_table():
    lines = preflight_table(preflight_result(["relay"], {"relay": known()}))
    assert lines == [
        "relay: FAILED (1 failed, 1 ok)",
        "ok       dns_a            relay.example.com: 203.0.113.4",
        "FAILED   dns_ptr          203.0.113.4: names host-4.provider.example, not",
        "                          relay.example.com",
        "                          To do: Let the provider set it.",
    ]
    lines = preflight_table(preflight_result(["relay"], {"relay": known(dns=[], planned=True)}))
    assert lines[1] == "as the role will make it"


def test_no_terminal_obeys_a_strangers_record():
    evil = checks.failed("dns_spf", "\x1b[2J", "v=spf1 \x9b31m\u202e\r\n\x07", "\x1b]0;x\x07")
    lines = preflight_table(preflight_result(["relay"], {"relay": known(dns=[evil])}))
    assert all(line.isprintable() for line in lines) and "\\x1b[2J" in "".join(lines)
