# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a relay's records mean, with a resolver that has them in a dictionary."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import threading

import pytest
from ansible.module_utils.common.text.converters import to_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_checks, spf
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_lookup import Answer

ADDRESS, FQDN = "203.0.113.4", "relay.example.com"
REVERSE = "4.113.0.203.in-addr.arpa"
GOOD = {
    (FQDN, "A"): [ADDRESS],
    (REVERSE, "PTR"): [FQDN],
    ("example.com", "TXT"): ["v=spf1 ip4:203.0.113.4 -all", "something else"],
    (FQDN, "TXT"): ["v=spf1 a -all"],
    ("example.com", "MX"): [(10, "mx.example.com")],
    ("_dmarc.example.com", "TXT"): ["v=DMARC1; p=none"],
    ("mx.example.com", "A"): ["203.0.113.25"],
}
TEXTS = {
    "nxdomain": "no such name (NXDOMAIN)",
    "nodata": "no record",
    "servfail": "192.0.2.53 says SERVFAIL",
    "timeout": "192.0.2.53 does not answer (2.0 s)",
}


class Names(object):
    """A resolver; a value that is a word is an outcome without records."""

    nameservers = ["192.0.2.53"]

    def __init__(self, records, alive=True):
        self.records = records
        self.alive = alive

    def ask(self, name, kind):
        name = name.lower()
        if not self.alive:
            return Answer("timeout", [], TEXTS["timeout"])
        found = self.records.get((name, kind))
        if found is None:
            found = "nodata" if any(name == known for known, _kind in self.records) else "nxdomain"
        if not isinstance(found, list):
            return Answer(found, [], TEXTS[found])
        return Answer("found", [to_bytes(text) for text in found] if kind == "TXT" else found, "found")

    def ask_server(self, _server, name, kind):
        return Answer("found", ["a.root.example"], "found") if self.alive else self.ask(name, kind)


def relay(**options):
    values = dict(hostname=FQDN, helo=None, addresses=[ADDRESS], sender_domains=[], mydomain=None, mydestination=[FQDN])
    return dns_checks.relay_of(dict(values, **options))


def look(changes=(), selectors=(), alive=True, **options):
    """dict: identifier -> its results, with these records changed; None takes one away."""
    records = dict(GOOD)
    for key, value in dict(changes).items():
        records.pop(key, None)
        if value is not None:
            records[key] = value
    found = {}
    for result in dns_checks.dns_checks(Names(records, alive), relay(**options), list(selectors), 5):
        found.setdefault(result["id"], []).append(result)
    return found


NAME = "relay01._domainkey.example.com"
KEY = dns_checks.RelayKey("example.com", "relay01", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "signs", None)
RECORD = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"


class Zone(Names):
    """The same names, with two name servers of the domain; the second one has no key where there is none."""

    def ask_host(self, addresses, name, kind):
        if self.records.get((addresses[0], "dead")):
            return Answer("timeout", [], addresses[0] + " does not answer")
        return self.ask(addresses[0] + " " + name if (addresses[0] + " " + name, kind) in self.records else name, kind)


def signed(record, second=None, key=KEY, changes=(), identifier="dns_dkim", further=(), **options):
    """list of dict: such results of a relay that signs, with this record, and at the second name server that one."""
    records = dict(GOOD)
    records.update(changes)
    records["example.com", "NS"] = ["ns1.example.net", "ns2.example.net"]
    records["ns1.example.net", "A"], records["ns2.example.net", "A"] = ["192.0.2.1"], ["192.0.2.2"]
    if record:
        records[NAME, "TXT"] = [record]
    if second == "dead":
        records["192.0.2.2", "dead"] = True
    elif second:
        records["192.0.2.2 " + NAME, "TXT"] = [second]
    results = dns_checks.dns_checks(Zone(records, True), relay(**options), [], 5, [key] + list(further))
    return [result for result in results if result["id"] == identifier]


@pytest.mark.parametrize(
    "record, second, status, seen, todo",
    [
        (RECORD, None, "ok", "at ns1.example.net, ns2.example.net", ""),
        (None, None, "failed", "ns1.example.net: no such name", 'Publish {0} TXT "{1}".'.format(NAME, RECORD)),
        (RECORD, RECORD[:-4], "failed", "ns2.example.net: this key, cut after 28 of 32", RECORD),
        (RECORD, "v=DKIM1; p=", "failed", "ns2.example.net: the key was revoked", RECORD),
        (RECORD, "dead", "warning", "ns2.example.net: 192.0.2.2 does not answer", "See why"),
        (RECORD + "; t=y", None, "warning", "with t=y", "Take t=y out"),
    ],
)
def test_where_the_relay_signs_its_key_is_at_each_name_server(record, second, status, seen, todo):
    (result,) = signed(record, second, sender_domains=["example.com"])
    assert (result["status"], result["subject"]) == (status, "example.com")
    assert seen in result["seen"] and todo in result["todo"]


NEW = KEY._replace(step="new")
UNTIL = 4102444800  # 2100-01-01 00:00 UTC
FORMER = KEY._replace(step="former", until=UNTIL)
DUE = KEY._replace(step="former", until=1)


@pytest.mark.parametrize(
    "key, record, second, status, seen, todo",
    [
        (NEW, None, None, "warning", "not signed with yet; ns1.example.net: no such name", RECORD),
        (NEW, RECORD, "dead", "warning", "not signed with yet; ns2.example.net: 192.0.2.2 does not answer", "See why"),
        (NEW, RECORD, RECORD[:-4], "failed", "ns2.example.net: this key, cut after", RECORD),
        (NEW, RECORD, None, "warning", "published, and not signed with yet", "Run mailops.relay.site, which signs"),
        (
            NEW._replace(public_key=""),
            None,
            None,
            "warning",
            "the key is not made",
            "Run mailops.relay.site, which makes",
        ),
        (FORMER, RECORD, None, "ok", "needed until 2100-01-01 00:00 UTC; at ns1.example.net, ns2", ""),
        (FORMER, None, None, "failed", "needed until 2100-01-01 00:00 UTC; ns1.example.net: no such name", RECORD),
        (FORMER, RECORD, "v=DKIM1; p=", "failed", "ns2.example.net: the key was revoked", RECORD),
        (FORMER, RECORD, "dead", "warning", "ns2.example.net: 192.0.2.2 does not answer", "See why"),
        (FORMER._replace(public_key=""), RECORD, None, "warning", "cannot be read", "Leave the record"),
        (DUE, RECORD, None, "ok", "may leave the DNS, and mailops.relay.site removes its key", ""),
        (DUE._replace(public_key=""), RECORD, None, "ok", "its record may leave the DNS", ""),
        (DUE._replace(public_key=""), None, None, "ok", "its record is gone", ""),
        (DUE._replace(until=None), RECORD, None, "ok", "may leave the DNS", ""),
    ],
)
def test_each_step_of_a_rotation_says_what_to_do(key, record, second, status, seen, todo):
    (result,) = signed(record, second, key, sender_domains=["example.org"])[:1]
    assert (result["status"], result["subject"]) == (status, NAME)
    assert seen in result["seen"] and todo in result["todo"] and bool(todo) == bool(result["todo"])
    if todo == RECORD:
        zone = result["record"]["zone"]
        assert (result["record"]["name"], result["record"]["text"]) == (NAME, RECORD) and zone.startswith(NAME + ". ")
        assert '"{0}"'.format(RECORD) in zone
    else:
        assert "record" not in result


def test_a_key_that_waits_or_has_signed_aligns_nothing():
    """Only what signs does, whatever is wrong with the others."""
    policy = {("_dmarc.example.com", "TXT"): ["v=DMARC1; p=reject"], ("example.com", "TXT"): None}
    options = {"changes": policy, "identifier": "dns_dmarc", "sender_domains": ["example.com"]}
    other = NEW._replace(selector="b")
    (result,) = signed(RECORD, further=[other, FORMER._replace(selector="c")], **options)
    assert result["status"] == "ok" and "aligned by DKIM (d=example.com)" in result["seen"]
    (result,) = signed(RECORD, key=NEW, **options)
    assert result["status"] == "ok" and "aligned" not in result["seen"]


def test_a_domain_that_is_not_signed_is_information_still():
    results = signed(RECORD, sender_domains=["web.example.com", "example.org"])
    assert [(result["subject"], result["status"]) for result in results] == [
        ("example.com", "ok"),
        ("example.org", "skipped"),
    ]


def test_a_key_of_the_host_that_cannot_be_read_is_told():
    (result,) = signed(RECORD, key=KEY._replace(public_key=""), sender_domains=["example.com"])
    assert result["status"] == "failed" and "cannot be read" in result["seen"] and "another selector" in result["todo"]


def statuses(found):
    return dict((identifier, set(result["status"] for result in results)) for identifier, results in found.items())


def bad(found):
    return sorted(identifier for identifier, seen in statuses(found).items() if seen & {"failed", "warning"})


def the(found, identifier, status="failed"):
    (result,) = [result for result in found[identifier] if result["status"] == status]
    return result


def test_a_good_relay():
    found = statuses(look())
    assert found.pop("dns_aaaa") == {"skipped"} and found.pop("dns_dkim") == {"skipped"}
    assert set(found) == {"dns_" + name for name in ("resolver", "a", "ptr", "fcrdns", "spf", "mx", "dmarc")}
    assert all(status == {"ok"} for status in found.values())


def test_no_address_record():
    found = look({(FQDN, "A"): None, (FQDN, "TXT"): ["v=spf1 ip4:203.0.113.4 -all"]})
    assert bad(found) == ["dns_a"]
    assert the(found, "dns_a")["todo"] == "Publish relay.example.com A 203.0.113.4."
    assert "dns_a" in the(found, "dns_fcrdns", "skipped")["seen"]


@pytest.mark.parametrize(
    "records, seen",
    [
        (None, "no PTR record: no such name (NXDOMAIN)"),
        (["host-4.provider.example"], "names host-4.provider.example, not relay.example.com"),
    ],
)
def test_a_wrong_reverse_name(records, seen):
    found = look({(REVERSE, "PTR"): records})
    assert bad(found) == ["dns_ptr"] and the(found, "dns_ptr")["seen"] == seen
    assert the(found, "dns_ptr")["todo"].endswith("set the PTR record of 203.0.113.4 to relay.example.com.")
    assert statuses(found)["dns_fcrdns"] == {"skipped"}


def test_several_reverse_names_are_a_warning():
    found = look({(REVERSE, "PTR"): [FQDN, "www.example.com"]})
    assert bad(found) == ["dns_ptr"] and statuses(found)["dns_ptr"] == {"warning"}


def test_a_reverse_name_that_leads_elsewhere():
    found = look({(FQDN, "A"): ["203.0.113.9"], (FQDN, "TXT"): ["v=spf1 ip4:203.0.113.4 -all"]})
    assert bad(found) == ["dns_fcrdns"]
    assert "whose A is 203.0.113.9" in the(found, "dns_fcrdns")["seen"]


def test_ipv6_has_records_of_its_own():
    address, reverse = "2001:db8::4", "4" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"
    found = look(addresses=[ADDRESS, address])
    assert bad(found) == ["dns_aaaa", "dns_ptr", "dns_spf"]
    found = look(
        {
            (FQDN, "AAAA"): ["2001:DB8:0::4"],
            (reverse, "PTR"): [FQDN],
            ("example.com", "TXT"): ["v=spf1 ip4:203.0.113.4 ip6:2001:db8::/64 -all"],
        },
        addresses=[ADDRESS, address],
    )
    assert bad(found) == []


def test_a_family_that_sends_nothing_needs_no_records():
    address, reverse = "2001:db8::4", "4" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"
    records = {
        (FQDN, "A"): None,
        (FQDN, "AAAA"): [address],
        (FQDN, "TXT"): ["v=spf1 ip6:2001:db8::4 -all"],
        (reverse, "PTR"): [FQDN],
        ("example.com", "TXT"): ["v=spf1 ip6:2001:db8::/64 -all"],
    }
    found = look(records, addresses=[address])
    assert bad(found) == []
    assert the(found, "dns_a", "skipped")["seen"] == "no A record, and no mail leaves over IPv4"
    # One that sends needs its own, whatever the other one has.
    records[FQDN, "A"] = [ADDRESS]
    assert bad(look(records, addresses=[address, ADDRESS])) == ["dns_spf"]
    records[FQDN, "AAAA"] = None
    assert "dns_aaaa" in bad(look(records, addresses=[address]))


def chain(count):
    return "v=spf1 " + " ".join("a:mx.example.com" for _number in range(count)) + " ip4:203.0.113.4 -all"


@pytest.mark.parametrize(
    "record, status, seen, todo",
    [
        (None, "failed", "no SPF record", 'Publish example.com TXT "v=spf1 ip4:203.0.113.4 -all".'),
        (["v=spf1 mx -all"], "failed", "fail for 203.0.113.4 by -all; 1 of at most 10 look-ups", "Add ip4:203.0.113.4"),
        (["v=spf1 mx ~all"], "failed", "softfail for", "Add ip4:203.0.113.4"),
        (["v=spf1 mx"], "failed", "neutral for", "Add ip4:203.0.113.4"),
        ([chain(10)], "ok", "10 of at most 10 look-ups", ""),
        ([chain(11)], "failed", "Too many DNS lookups; 11 of at most 10 look-ups", "until 10 look-ups are left"),
        (["v=spf1 ip4:203.0.113.4 " + chain(11)[7:]], "warning", "11 of at most 10", "until 10 look-ups are left"),
        (["v=spf1 ip4:203.0.113.4 +all"], "warning", "+all lets anybody send", "End the record with -all"),
        (["v=spf1 include:open.example -all"], "warning", "+all lets anybody send", "End the record with -all"),
        (
            ["v=spf1 ip4:203.0.113 -all"],
            "failed",
            "permerror for 203.0.113.4 by Invalid IP4 address",
            "Correct the record",
        ),
        (["v=spf1 ipv4:203.0.113.4 -all"], "failed", "Unknown mechanism found: ipv4:203.0.113.4", "Correct the record"),
        (["v=spf1 %{x} -all"], "failed", "permerror", "Correct the record"),
        (["v=spf1 -all", "v=spf1 ip4:203.0.113.4 -all"], "failed", "2 SPF records", "Make one record of them."),
        (
            ["v=spf1 include:a.example -all"],
            "failed",
            "a.example > b.example > a.example",
            "Take out the include that goes round.",
        ),
        (
            ["v=spf1 redirect=example.com"],
            "failed",
            "example.com > example.com",
            "Take out the include that goes round.",
        ),
        (
            ["v=spf1 include:nosuch.example -all"],
            "failed",
            "No valid SPF record for included domain",
            "Correct the record",
        ),
        (
            ["v=spf1 a:x.example a:y.example a:z.example -all"],
            "failed",
            "more than 2 look-ups found nothing, the last z.example",
            "Correct",
        ),
        (["v=spf1 include:broken.example -all"], "failed", "temperror", "Repair or take out the name"),
    ],
)
def test_spf_of_a_sender_domain(record, status, seen, todo):
    found = look(
        {
            ("example.com", "TXT"): record,
            ("a.example", "TXT"): ["v=spf1 include:b.example"],
            ("b.example", "TXT"): ["v=spf1 include:a.example"],
            ("open.example", "TXT"): ["v=spf1 all"],
            ("broken.example", "TXT"): "servfail",
        }
    )
    result = found["dns_spf"][0]
    assert (result["subject"], result["status"]) == ("example.com", status)
    assert seen in result["seen"] and todo in result["todo"]
    assert found["dns_spf"][1]["status"] == "ok"


def test_spf_of_the_name_in_helo_is_a_recommendation():
    found = look({(FQDN, "TXT"): None})
    assert the(found, "dns_spf", "warning")["todo"] == 'Publish relay.example.com TXT "v=spf1 ip4:203.0.113.4 -all".'


@pytest.mark.parametrize(
    "changes, options, status, text",
    [
        ({}, {"mydestination": [FQDN, "Example.com"]}, "failed", "Take $mydomain out of mydestination"),
        ({("example.com", "MX"): [(10, FQDN)]}, {}, "failed", "round in a loop"),
        ({("example.com", "MX"): [(10, FQDN)]}, {"mydestination": ["example.com"]}, "ok", ""),
        ({("example.com", "MX"): None}, {}, "warning", "Publish an MX record of example.com"),
        ({("example.com", "MX"): [(0, ".")]}, {}, "warning", "Publish an MX record of example.com"),
        ({("example.com", "MX"): None, ("example.com", "A"): [ADDRESS]}, {}, "failed", "round in a loop"),
        ({("example.com", "MX"): None, ("example.com", "A"): ["203.0.113.25"]}, {}, "ok", ""),
    ],
)
def test_exchangers_of_the_sites_domain(changes, options, status, text):
    (result,) = look(changes, **options)["dns_mx"]
    assert result["status"] == status and text in result["todo"]


POLICY = ("_dmarc.example.com", "TXT")
NO_SPF = {("example.com", "TXT"): ["v=spf1 -all"], ("app.example.com", "TXT"): ["v=spf1 -all"]}
APP = {"sender_domains": ["app.example.com"]}


def dmarc(policy, record=RECORD, second=None, changes=(), **options):
    """dict: (domain -> result) of dns_dmarc of a relay that signs."""
    changes = dict(changes)
    changes[POLICY] = [policy]
    found = signed(record, second, changes=changes, identifier="dns_dmarc", **options)
    assert len(found) == len(set(result["subject"] for result in found))
    return dict((result["subject"], result) for result in found)


@pytest.mark.parametrize(
    "policy, record, second, changes, options, status, words",
    [
        ("v=DMARC1; p=reject", RECORD, None, {}, {}, "ok", "aligned by DKIM (d=example.com) and SPF"),
        ("v=DMARC1; p=reject", RECORD, None, NO_SPF, {}, "ok", "aligned by DKIM (d=example.com)"),
        ("v=DMARC1; p=reject; adkim=s", RECORD, None, NO_SPF, {}, "ok", "aligned by DKIM (d=example.com)"),
        ("v=DMARC1; p=reject", RECORD, None, NO_SPF, {"addresses": ["10.0.0.1"]}, "ok", "aligned by DKIM"),
        # A subdomain, and what its organisation asks of it
        ("v=DMARC1; p=reject", RECORD, None, NO_SPF, APP, "ok", "aligned by DKIM (d=example.com)"),
        ("v=DMARC1; p=reject; adkim=s", RECORD, None, NO_SPF, APP, "failed", "while adkim=s asks for app.example.com itself"),
        ("v=DMARC1; p=reject; adkim=S; sp=none", RECORD, None, NO_SPF, APP, "warning", "not aligned"),
        ("v=DMARC1; p=none; sp=quarantine; adkim=s", RECORD, None, NO_SPF, APP, "failed", "not aligned"),
        ("v=DMARC1; p=none; adkim=s", RECORD, None, NO_SPF, APP, "warning", "SPF does not pass"),
        ("v=DMARC1; p=reject; adkim=x", RECORD, None, NO_SPF, APP, "ok", "aligned by DKIM"),
        # A key that receivers do not find
        ("v=DMARC1; p=reject", None, None, NO_SPF, {}, "failed", "which does not verify everywhere, SPF does not pass"),
        ("v=DMARC1; p=reject", RECORD, "dead", NO_SPF, {}, "warning", "which does not verify everywhere"),
        ("v=DMARC1; p=reject", RECORD + "; t=y", None, NO_SPF, {}, "warning", "which does not verify everywhere"),
        ("v=DMARC1; p=reject", None, None, {}, {}, "ok", "p=reject; aligned by SPF"),
        # Not known is not aligned
        ("v=DMARC1; p=reject; adkim=s", RECORD, None, {}, dict(APP, addresses=["10.0.0.1"]), "warning", "SPF is not known"),
        # Mail that nobody signs
        (
            "v=DMARC1; p=reject",
            RECORD,
            None,
            {("_dmarc.other.example", "TXT"): ["v=DMARC1; p=reject"], ("other.example", "TXT"): ["v=spf1 -all"]},
            {"sender_domains": ["other.example"]},
            "failed",
            "not signed, SPF does not pass",
        ),
    ],
)  # fmt: skip
def test_where_the_relay_signs_from_has_to_be_aligned(policy, record, second, changes, options, status, words):
    found = dmarc(policy, record, second, changes, **options)
    result = found[options.get("sender_domains", ["example.com"])[0]]
    assert result["status"] == status and words in result["seen"]
    assert bool(result["todo"]) == (status != "ok")


def test_the_fix_of_a_strict_policy_is_a_key_or_a_record():
    result = dmarc("v=DMARC1; p=reject;adkim=s ; rua=mailto:a@example.com", changes=NO_SPF, **APP)["app.example.com"]
    assert "Add {domain: app.example.com} to relay_server_dkim, or publish" in result["todo"]
    record = "v=DMARC1; p=reject; rua=mailto:a@example.com"
    assert '_dmarc.example.com TXT "{0}"'.format(record) in result["todo"]
    assert dmarc(record, changes=NO_SPF, **APP)["app.example.com"]["status"] == "ok"


@pytest.mark.parametrize("mode, status", [("r", "ok"), ("s", "warning")])
def test_the_envelope_may_be_of_a_domain_below_where_the_policy_is_relaxed(mode, status):
    changes = {("app.example.com", "TXT"): ["v=spf1 ip4:203.0.113.4 -all"]}
    found = dmarc("v=DMARC1; p=none; aspf=" + mode, None, changes=changes, **APP)
    # The domain that signs is in From too.
    assert found["example.com"]["status"] == status and found["app.example.com"]["status"] == "ok"


@given(st.text(alphabet="pr;=sadkim v-DMARC1\x00", max_size=40))
@settings(max_examples=100, deadline=None)
def test_no_policy_of_a_stranger_stops_the_verdict(text):
    result = dmarc("v=DMARC1;" + text)["example.com"]
    assert result["status"] in ("ok", "warning") and "Error" not in result["seen"]


def test_keys_and_policies_are_information():
    found = look({("s1._domainkey.example.com", "TXT"): ["v=DKIM1; k=rsa; p=MIGf"]}, selectors=["s1"])
    assert found["dns_dkim"][0]["seen"] == "public keys under s1"
    found = look({("s1._domainkey.example.com", "TXT"): ["v=DKIM1; p="]}, selectors=["s1", "s2"])
    assert "s1, s2" in the(found, "dns_dkim", "warning")["seen"]
    assert bad(look({("_dmarc.example.com", "TXT"): None})) == ["dns_dmarc"]
    # A subdomain has the policy of its organisation.
    found = look({("app.example.com", "TXT"): GOOD["example.com", "TXT"]}, sender_domains=["app.example.com"])
    assert found["dns_dmarc"][0]["seen"] == "example.com: p=none"


@pytest.mark.parametrize(
    "outcome, seen, todo",
    [
        ("servfail", "says SERVFAIL", "Repair the zone of relay.example.com"),
        ("timeout", "does not answer", "See why the name server has no answer for relay.example.com"),
    ],
)
def test_a_name_that_nobody_can_tell_is_no_missing_name(outcome, seen, todo):
    found = look({(FQDN, "A"): outcome, (FQDN, "TXT"): ["v=spf1 ip4:203.0.113.4 -all"]})
    result = the(found, "dns_a")
    assert seen in result["seen"] and todo in result["todo"]


def test_without_a_name_server_that_fails_alone():
    found = look(alive=False)
    assert bad(found) == ["dns_resolver"]
    assert the(found, "dns_resolver")["seen"] == TEXTS["timeout"]
    rest = [
        result
        for identifier, results in found.items()
        for result in results
        if identifier not in ("dns_resolver", "dns_dkim")
    ]
    assert len(rest) == 8 and all("dns_resolver" in result["seen"] for result in rest)


def test_a_short_host_name_leaves_nothing_to_ask_about_it():
    # Postfix calls a host relay.localdomain when it knows no better.
    for hostname in ("relay", "relay.localdomain"):
        found = statuses(look(hostname=hostname))
        assert found.pop("dns_resolver") == {"ok"}
        assert set(map(frozenset, found.values())) == {frozenset(["skipped"])}


def test_private_and_unknown_addresses_are_skipped():
    for addresses in (["10.0.0.4"], []):
        found = statuses(look(addresses=addresses))
        assert [found[identifier] for identifier in ("dns_ptr", "dns_fcrdns", "dns_spf")] == [{"skipped"}] * 3


def test_what_comes_too_late_is_a_verdict_too():
    class Slow(Names):
        def ask(self, name, kind):
            if kind == "MX":
                threading.Event().wait(3)
            return Names.ask(self, name, kind)

    results = dns_checks.dns_checks(Slow(GOOD), relay(), [], 0.1)
    (late,) = [result for result in results if result["status"] == "failed"]
    assert late["id"] == "dns_mx" and "no verdict within 0.1 s" in late["seen"]


@pytest.mark.parametrize(
    "options, text",
    [
        ({"hostname": " "}, "hostname: it is empty"),
        ({"addresses": ["here"]}, "addresses: 'here'"),
        ({"addresses": ["203.0.113.0/24"]}, "addresses: "),
    ],
)
def test_bad_input_is_refused_by_name(options, text):
    with pytest.raises(dns_checks.CheckError) as info:
        relay(**options)
    assert text in str(info.value)


TERMS = st.lists(
    st.sampled_from(
        [
            "a",
            "mx",
            "ptr",
            "all",
            "+all",
            "-all",
            "include:example.com",
            "include:a.example",
            "redirect=a.example",
            "a:mx.example.com/24",
            "exists:%{i}.x.example",
            "ip4:203.0.113.4",
            "ip6:::1",
            "exp=x",
            "=",
            ":",
            "include:",
            "%{",
            "a//",
        ]
    )
    | st.text(max_size=8),
    max_size=14,
)


@given(TERMS, TERMS)
@settings(max_examples=150, deadline=None)
def test_any_record_gets_a_verdict(first, second):
    records = dict(GOOD)
    records["example.com", "TXT"] = ["v=spf1 " + " ".join(first)]
    records["a.example", "TXT"] = ["v=spf1 " + " ".join(second)]
    verdict = spf.evaluate(Names(records), ADDRESS, "example.com", FQDN)
    assert verdict.result in ("pass", "fail", "softfail", "neutral", "none", "permerror", "temperror")
    size = spf.size_of(Names(records), "example.com")
    # Whoever passes with too many look-ups has passed before the eleventh.
    assert verdict.lookups <= max(size.lookups, spf.MOST_LOOKUPS + 1)


def test_a_long_chain_of_records_comes_to_an_end():
    records = dict(
        ((name, "TXT"), ["v=spf1 include:{0}".format(after)])
        for name, after in zip(
            ["d{0}.example".format(number) for number in range(2000)],
            ["d{0}.example".format(number) for number in range(1, 2001)],
        )
    )
    assert 10 < spf.size_of(Names(records), "d0.example").lookups < 100
    assert spf.evaluate(Names(records), ADDRESS, "d0.example", FQDN).result == "permerror"
