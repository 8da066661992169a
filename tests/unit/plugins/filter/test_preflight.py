# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.preflight import preflight_result, preflight_table
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_checks, relay_host

GOOD = checks.ok("dns_a", "relay.example.com", "203.0.113.4")
LOCAL = [
    checks.ok(name, "relay.example.com", "fine")
    for subset in ("local", "certificates")
    for name in relay_host.EXPECTED[subset]
]
NETWORK = [checks.ok(name, "relay.example.com", "fine") for name in relay_host.EXPECTED["network"]]
DNS = [GOOD if name == "dns_a" else checks.ok(name, "relay.example.com", "fine") for name in dns_checks.EXPECTED]
BAD = checks.failed(
    "dns_ptr", "203.0.113.4", "names host-4.provider.example, not relay.example.com", "Let the provider set it."
)
FACTS = {"hostname": "relay.example.com", "planned": False}


def known(dns=(), planned=False, **more):
    """What is registered for one relay: by the task that asks the host, that lets it look outside, and that asks the DNS.

    Args:
        dns: the checks in the place of those with their identifiers.
    """
    relay = dict(FACTS, planned=planned)
    others = {entry["id"]: entry for entry in dns}
    return dict(
        {
            "local": {"checks": LOCAL, "relay": relay},
            "network": {"checks": NETWORK},
            "dns": {"checks": [others.get(entry["id"], entry) for entry in DNS]},
        },
        **more,
    )


def result_of(**relays):
    parts = [{host: given[part] for host, given in relays.items()} for part in ("local", "network", "dns")]
    return preflight_result(*parts)


def seen_of(result):
    """dict: identifier -> (status, seen), of the first relay."""
    return {entry["id"]: (entry["status"], entry["seen"]) for entry in result["relays"][0]["checks"]}


def test_the_worst_is_the_verdict_and_each_relay_has_its_own():
    result = result_of(a=known(dns=[BAD]), b=known())
    assert result["verdict"] == "failed"
    assert [(relay["host"], relay["verdict"]) for relay in result["relays"]] == [("a", "failed"), ("b", "ok")]
    assert BAD in result["relays"][0]["checks"] and result["relays"][0]["relay"] == FACTS


def test_a_check_that_could_not_start_has_failed_and_says_why():
    missing = {"failed": True, "msg": "Failed to import the required Python library (pyspf)"}
    result = result_of(a=known() | {"dns": missing})
    found = seen_of(result)
    assert result["verdict"] == "failed"
    assert {found[name] for name in dns_checks.EXPECTED[1:]} == {("failed", "not run: " + missing["msg"])}
    assert found["postfix"] == ("ok", "fine")


@pytest.mark.parametrize(
    "network", [None, {"skipped": True}, {"changed": False}, {"checks": []}, {"checks": NETWORK[:1]}]
)
def test_what_was_never_asked_is_not_left_out(network):
    result = result_of(a=known(network=network))
    assert result["verdict"] == "failed"
    status, seen = seen_of(result)["port_25"]
    assert status == "failed" and seen.startswith("not run: ")


def test_the_task_that_did_not_start_says_why():
    started = {"failed": True, "msg": "could not create /root/.ansible_async: Read-only file system"}
    found = seen_of(result_of(a=known(network=started)))
    assert found["port_25"] == ("failed", "not run: " + started["msg"])


def test_without_the_host_the_dns_was_not_asked_for_the_same_reason():
    unreachable = {
        "local": {"unreachable": True, "msg": "Connection refused"},
        "network": None,
        "dns": {"skipped": True},
    }
    result = result_of(a=unreachable)
    assert set(seen_of(result).values()) == {("failed", "not run: Connection refused")}
    assert set(seen_of(result)) == {entry["id"] for entry in LOCAL + NETWORK + DNS}
    assert result["relays"][0]["checks"][0]["todo"].startswith("Repair the login (ansible a -m ping)")
    # Nothing is known of it at all.
    assert preflight_result({"a": None}, {}, {})["verdict"] == "failed"


def test_the_table():
    lines = preflight_table(result_of(relay=known(dns=[BAD])))
    assert lines[0] == "relay: FAILED (1 failed, 19 ok)"
    at = lines.index("ok       dns_a            relay.example.com: 203.0.113.4")
    assert "FAILED   dns_ptr          203.0.113.4: names host-4.provider.example, not" in lines[at:]
    assert "                          To do: Let the provider set it." in lines[at:]
    lines = preflight_table(result_of(relay=known(planned=True)))
    assert lines[1] == "as the role will make it" and lines[-1] == "OK: relay"


def test_the_last_line_says_what_is_not_well_on_any_relay():
    late = checks.warning("dns_spf", "example.com", "no SPF record", "Publish it.")
    lines = preflight_table(result_of(one=known(), two=known(dns=[BAD, BAD, late]), three=known(dns=[late])))
    assert lines[-1] == "FAILED: two: failed dns_ptr, warning dns_spf; three: warning dns_spf"


def test_a_record_to_publish_can_be_copied_out_of_the_table():
    zone = 'b._domainkey.example.com. 3600 IN TXT (\n    "{0}"\n    "{0}" )\n'.format("x" * 64)
    record = {"name": "b._domainkey.example.com", "text": "x" * 128, "zone": zone}
    lines = preflight_table(result_of(relay=known(dns=[dict(BAD, record=record)])))
    assert "\n".join(lines).count(zone.rstrip()) == 1
    assert lines.index(zone.splitlines()[0]) > lines.index("                          To do: Let the provider set it.")


def test_the_table_says_the_same_of_several_checks_once():
    lines = preflight_table(result_of(relay=known(network=None)))
    text = " ".join(" ".join(lines).split())
    assert "relay: FAILED (2 failed, 18 ok)" in text
    assert "FAILED dns_resolver relay: not run: the host has given no result; so for port_25 To do: Make" in text
    assert text.count("To do:") == 1


def test_what_to_do_about_several_of_a_kind_is_said_once():
    ports = [
        checks.warning("certificate", f"port {port}", f"20 days left on {port}", "Renew it.") for port in (25, 587)
    ]
    other = checks.failed("certificate", "port 465", "5 days left", "Renew it.")
    local = {"checks": [entry for entry in LOCAL if entry["id"] != "certificate"] + [*ports, other], "relay": FACTS}
    lines = preflight_table(result_of(relay=known(local=local)))
    assert [line.split()[0] for line in lines if "port " in line or "Renew" in line] == [
        "WARNING",
        "WARNING",
        "To",
        "FAILED",
        "To",
    ]


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
            "preflight_table: the input has no relays, verdict. Give what preflight_result returned.",
        ),
    ],
)
def test_what_they_cannot_use_is_named(call, words):
    with pytest.raises(AnsibleFilterError) as refused:
        call()
    assert str(refused.value) == words
