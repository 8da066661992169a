# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.mailops.relay.plugins.filter import dkim as filters

MILTER, FORMER = "unix:mailops-relay/opendkim.sock", "inet:127.0.0.1:8891"
KEY = {
    "domain": "example.com",
    "selector": "relay01",
    "size": 2048,
    "path": "/etc/opendkim/keys/relay01._domainkey.example.com.pem",
}
MADE = dict(
    KEY, public_key="MIIB", zone_record='relay01._domainkey.example.com. 3600 IN TXT (\n    "v=DKIM1; p=MIIB" )\n'
)


def problems(*entries, main=None, others=None, there=None):
    return filters.dkim_problems(list(entries), "relay01.example.com", main or {}, others or {}, there or {})


def test_each_relay_has_a_selector_by_its_name():
    assert filters.dkim_keys([{"domain": "Example.com"}], "relay01.example.com") == [KEY]
    (own,) = filters.dkim_keys([{"domain": "example.com", "selector": "s2", "size": 1024}], "relay01.example.com")
    assert (own["selector"], own["size"]) == ("s2", 1024) and own["path"].endswith("/s2._domainkey.example.com.pem")


@pytest.mark.parametrize("entries", ["example.com", None, [None], ["example.com"], [{}], [{"domain": None}], {"a": 1}])
def test_what_is_no_list_of_domains_is_no_key(entries):
    assert filters.dkim_keys(entries, "relay01.example.com") == []


def test_good_wishes_have_no_problem():
    assert problems({"domain": "example.com"}, {"domain": "example.org", "selector": "a-1", "size": "1024"}) == []


@pytest.mark.parametrize(
    "entry, words",
    [
        ({}, "element 1 has no domain. Write {domain: example.com}."),
        ({"domain": 5}, "element 1 has no domain"),
        ({"domain": "example.com."}, "domain: 'example.com.'"),
        ({"domain": "@example.com"}, "for example example.com."),
        ({"domain": "example.com", "selector": "relay.01"}, "selector: 'relay.01' is not a DNS label"),
        ({"domain": "example.com", "selector": "relay_01"}, "selector: 'relay_01'"),
        ({"domain": "example.com", "size": 512}, "size: 512 bits are refused"),
        ({"domain": "example.com", "size": 8192}, "size: 8192 bits are refused"),
        ({"domain": "example.com", "size": "large"}, 'size: "large" is not a whole number. Write 2048.'),
        ({"domain": "example.com", "size": None}, "is not a whole number"),
    ],
)
def test_a_wish_that_cannot_be_fulfilled_is_refused_with_the_fix(entry, words):
    (problem,) = problems(entry)
    assert problem.startswith("relay_server_dkim: ") and words in problem


def test_a_domain_has_one_key():
    (problem,) = problems({"domain": "example.com"}, {"domain": "EXAMPLE.com", "selector": "b"})
    assert "example.com is named twice" in problem


@pytest.mark.parametrize(
    "theirs, refused",
    [
        ({"relay_server_dkim": [{"domain": "example.com", "selector": "Relay01"}]}, True),
        ({"relay_server_dkim": [{"domain": "example.com"}], "relay_server_hostname": "relay01.example.net"}, True),
        ({"relay_server_dkim": [{"domain": "example.com"}], "relay_server_hostname": "relay02.example.com"}, False),
        ({"relay_server_dkim": [{"domain": "example.org", "selector": "relay01"}]}, False),
        ({"relay_server_dkim": "example.com"}, False),
        ({}, False),
    ],
)
def test_two_relays_do_not_share_a_selector(theirs, refused):
    found = problems({"domain": "example.com"}, others={"smtp2": theirs})
    assert bool(found) == refused
    if refused:
        assert "smtp2 has the selector relay01" in found[0]
        # What gives each its own, whoever has the variable.
        assert "Name another selector in the variables of one of the two hosts" in found[0]


def test_relays_with_a_common_selector_are_told_what_is_each_ones_own():
    entry = {"domain": "example.com", "selector": "s2026"}
    theirs = {"relay_server_dkim": [entry], "relay_server_hostname": "relay02.example.com"}
    (problem,) = problems(entry, others={"smtp2": theirs})
    assert "smtp2 has the selector s2026" in problem
    assert "Leave selector out" in problem and "write inventory_hostname_short into it" in problem


def test_mail_does_not_leave_unsigned_while_the_signer_is_down():
    (problem,) = problems({"domain": "example.com"}, main={"milter_default_action": "accept"})
    assert problem.startswith("relay_server_main: ") and "unsigned" in problem
    assert problems({"domain": "example.com"}, main={"milter_default_action": "tempfail"}) == []


def test_milters_of_the_host_that_no_variable_names_are_refused():
    there = {"smtpd_milters": f"unix:/rspamd, {MILTER}", "non_smtpd_milters": MILTER}
    (problem,) = problems({"domain": "example.com"}, there=there)
    assert "smtpd_milters = unix:/rspamd already" in problem and "{smtpd_milters: 'unix:/rspamd'}" in problem
    assert problems({"domain": "example.com"}, main={"smtpd_milters": "unix:/rspamd"}, there=there) == []
    assert problems({"domain": "example.com"}, there={"smtpd_milters": MILTER, "non_smtpd_milters": FORMER}) == []


@pytest.mark.parametrize(
    "listed, wanted",
    [
        ("", MILTER),
        (None, MILTER),
        ([], MILTER),
        (MILTER, MILTER),
        # Of 0.11.0.
        (FORMER, MILTER),
        (f"inet:127.0.0.1:88911, {FORMER}", "inet:127.0.0.1:88911, " + MILTER),
        ("inet:127.0.0.1:11332", "inet:127.0.0.1:11332, " + MILTER),
        (["unix:a", "unix:b"], "unix:a, unix:b, " + MILTER),
        (f"{MILTER} unix:a", "unix:a, " + MILTER),
        ("{ unix:a, default_action=accept }", "{ unix:a, default_action=accept }, " + MILTER),
        ("$smtpd_milters", "$smtpd_milters"),
        ("unix:a, ${smtpd_milters}", "unix:a, ${smtpd_milters}"),
    ],
)
def test_milters_of_others_stay_and_the_signer_comes_last(listed, wanted):
    socket = "mailops-relay/opendkim.sock"
    made = filters.dkim_milters(listed, socket)
    assert made == wanted and filters.dkim_milters(made, socket) == made
    assert filters.dkim_milters(listed) == wanted.replace(MILTER, FORMER)


def test_what_the_modules_are_given():
    assert filters.dkim_signing([KEY], [KEY["path"]])[0]["published"] is True
    (key,) = filters.dkim_signing([KEY], [])
    assert key == {"domain": "example.com", "selector": "relay01", "path": KEY["path"], "published": False}
    asked = {"domain": "example.com", "selector": "relay01", "public_key": "MIIB"}
    assert filters.dkim_asked([MADE, dict(KEY, public_key=None), KEY]) == [asked]


def seen(verdict, text="ns2.example.net: no such name (NXDOMAIN)"):
    return {"records": [{"record_name": "relay01._domainkey.example.com", "verdict": verdict, "seen": text}]}


def test_only_a_key_that_the_world_sees_signs():
    found = filters.dkim_verdicts([MADE], seen("published"))
    assert found == {"published": [KEY["path"]], "wrong": [], "waiting": []}


@pytest.mark.parametrize(
    "answer, words",
    [
        (seen("missing"), "is not published (ns2.example.net: no such name (NXDOMAIN))"),
        (
            seen("unknown", "ns2.example.net: 192.0.2.1 does not answer"),
            "may not be published (ns2.example.net: 192.0.2.1",
        ),
        ({"failed": True, "msg": "Failed to import the required Python library (dnspython)."}, "(dnspython))"),
        ({"unreachable": True, "msg": "no route"}, "(no route)"),
        ({}, "(the DNS was not asked)"),
    ],
)
def test_what_is_not_seen_waits_and_is_told_with_its_record(answer, words):
    found = filters.dkim_verdicts([MADE], answer)
    (waiting,) = found["waiting"]
    assert found["published"] == found["wrong"] == []
    assert words in waiting and waiting.endswith(MADE["zone_record"].strip())


def test_a_key_that_check_mode_has_not_made_waits():
    (waiting,) = filters.dkim_verdicts([dict(MADE, public_key=None, zone_record=None)], {})["waiting"]
    assert "the key is not made yet" in waiting


def test_another_key_in_its_place_is_refused():
    found = filters.dkim_verdicts([MADE], seen("different", "ns1.example.net: another key"))
    assert found["published"] == found["waiting"] == []
    (wrong,) = found["wrong"]
    assert (
        wrong.startswith("relay_server_dkim: ")
        and "ns1.example.net: another key" in wrong
        and "another selector" in wrong
    )
