# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lint's verdict on configurations that a stranger attacked on real Postfix.

fixtures/stranger.json has each configuration once, and for Postfix 3.5.25 (Debian 11), 3.7.11 (Debian 12) and 3.10.13 (Debian 13),
the last 47 for 3.7.11 alone, what became of it: "open" (a message of the stranger's for a third party was accepted after DATA), "closed", "broken" (not even
postmaster of the host got mail, for 451 4.3.5) or "stops" (smtpd ended). The stranger had the address 8.41.0.4, with and without a name,
and where a table or network tells one from another also 8.42.0.4.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem

from .test_lint import FIXTURES, SMTP, Host, found, only, service

with open(os.path.join(FIXTURES, "stranger.json")) as handle:
    RECORDED = json.load(handle)

# What is wrong and answered with 451, or stops smtpd.
UNREADABLE = (
    "restrictions-incomplete",
    "restriction-unusable",
    "table-syntax",
    "table-type-missing",
    "table-file-missing",
    "network-host-bits",
    "unknown-restriction",
    "proxy-unapproved",
    "wrong-type",
)
# Where the lint refuses more than a stranger sees: see docs/lint.md.
STRICTER = (
    "access word",
    "class missing file unused",
    "misspelt after permit",
    "misspelt unused class",
    "mynetworks inline broken",
    "mynetworks fail",
    "relay inline broken",
    "relay_domains regexp com",
    "sender mx OK",
    "tls ccert access all",
    "tls clientcerts regexp",
    "virtual_alias_domains regexp com",
    "virtual_mailbox_domains regexp com",
)
# And what it calls open, although nobody is relayed for: see there too.
CALLED_OPEN = ("xclient, no networks",)


def judged(case, label):
    services = [service("smtp inet smtpd", **dict(case["options"]))]
    if case["postscreen"]:
        services = [
            service("smtp inet postscreen", **dict(case["postscreen"][0])),
            service("smtpd pass smtpd", **dict(case["postscreen"][1])),
        ]
    services.append(service("rewrite unix trivial-rewrite", **dict(case["rewrite"])))
    missing = [path + suffix for path in ["/etc/postfix/nothing"] for suffix in ("", ".db")]
    host = Host(label, texts=case["files"], missing=missing)
    # Postfix 3.5 knows no higher level than 2.
    main = dict(RECORDED["base"], **case["main"])
    main["compatibility_level"] = "2" if label.startswith("3.5") else "3.6"
    main = dict((name, value) for name, value in main.items() if value is not None)
    findings = lint.check(main, services, host)
    identifiers = [finding.identifier for finding in findings if finding.severity == "error"]
    # A program that stops relays nothing, whatever else is said of its configuration.
    if "proxy-unapproved" in identifiers:
        return "unreadable"
    if any(name.startswith("open-relay") for name in identifiers):
        return "open"
    # The stranger was in a subnet of the relay, of which the lint warns.
    if "mynetworks-style" in [finding.identifier for finding in findings]:
        return "open"
    return "unreadable" if set(identifiers) & set(UNREADABLE) else "closed"


ROWS = [(case, label, case["observed"][label]) for case in RECORDED["cases"] for label in sorted(case["observed"])]


@pytest.mark.parametrize("case, label, seen", ROWS, ids=["{0[label]} {1}".format(*row) for row in ROWS])
def test_the_verdict_is_that_of_a_real_postfix(case, label, seen):
    expected = {"broken": "unreadable", "stops": "unreadable"}.get(seen, seen)
    if case["label"] in STRICTER and expected == "closed":
        assert judged(case, label) in ("closed", "unreadable")
    elif case["label"] in CALLED_OPEN:
        assert (seen, judged(case, label)) == ("closed", "open")
    else:
        assert judged(case, label) == expected


def test_there_are_enough_of_them():
    assert len(RECORDED["cases"]) >= 80


BROKEN_INLINE = "check_client_access inline:{10.20.0.12=REJECT hacked}, permit"


def test_a_table_that_postfix_cannot_read_is_refused_with_the_right_form():
    finding = only(
        {"smtpd_client_restrictions": BROKEN_INLINE, "compatibility_level": "3.6"}, host=Host("3.7.11-bookworm")
    )
    assert (finding.identifier, finding.parameter) == ("table-syntax", "smtpd_client_restrictions")
    assert "inline:{{name=some value}}" in finding.fix


def test_nothing_of_a_table_with_a_password_is_shown():
    main = {"smtp_sasl_password_maps": "inline:{relay.example.com user:geheim99}"}
    findings = lint.check(main, [SMTP], Host("3.7.11-bookworm"))
    assert "table-syntax" in [finding.identifier for finding in findings]
    assert "geheim99" not in str(findings)


@pytest.mark.parametrize("program", ["smtpd", "postscreen"])
def test_a_client_that_names_its_own_address(program):
    name = "{0}_upstream_proxy_protocol".format(program)
    services = [service("smtp inet " + program), service("smtpd pass smtpd")]
    host = Host("3.7.11-bookworm")
    base = {"compatibility_level": "3.6", "mynetworks": "127.0.0.0/8"}
    assert found(dict(base, **{name: "haproxy"}), services, host) == [("open-relay-proxy", "error", name)]
    option = [service("smtp inet " + program, **{name: "haproxy"}), services[1]]
    label = "smtp/inet -o " + name
    assert found(base, option, host) == [("open-relay-proxy", "error", label)]
    local = [service("127.0.0.1:10025 inet " + program, **{name: "haproxy"}), services[1]]
    assert found(base, local, host) == []


def test_a_table_that_proxymap_does_not_open():
    main = {"smtpd_data_restrictions": "check_client_access proxy:hash:/etc/postfix/data"}
    finding = only(main)
    assert (finding.identifier, finding.severity, finding.parameter) == (
        "proxy-unapproved",
        "error",
        "smtpd_data_restrictions",
    )
    assert "proxy:hash:/etc/postfix/data" in finding.fix and "proxy_read_maps" in finding.fix
    # Postfix itself asks proxymap for the accounts of the host.
    named = dict(main, proxy_read_maps="$smtpd_data_restrictions")
    assert found(named) == [("proxy-unapproved", "error", "local_recipient_maps")]
    assert found(dict(main, proxy_read_maps="$local_recipient_maps $smtpd_data_restrictions")) == []


def test_proxymap_reads_its_own_options_and_not_those_of_who_asks():
    option = {"smtpd_data_restrictions": "check_client_access,proxy:hash:/etc/postfix/data"}
    allowed = {"proxy_read_maps": "$local_recipient_maps,proxy:hash:/etc/postfix/data"}
    smtpd = service("smtp inet smtpd", **dict(option, **allowed))
    label = "smtp/inet -o smtpd_data_restrictions"
    assert found({}, [smtpd]) == [("proxy-unapproved", "error", label)]
    assert found({}, [smtpd, service("proxymap unix proxymap", **allowed)]) == []


def test_a_password_in_a_proxied_table_is_not_shown():
    main = {"smtp_sasl_password_maps": "proxy:inline:{a=x:geheim99}", "proxy_read_maps": "$local_recipient_maps"}
    findings = lint.check(main, [SMTP], Host("3.7.11-bookworm"))
    assert "proxy-unapproved" in [finding.identifier for finding in findings]
    assert "geheim99" not in str(findings)


@pytest.mark.parametrize("program", ["smtpd", "postscreen"])
@pytest.mark.parametrize("value", ["HAProxy", "proxy"])
def test_a_protocol_that_postfix_does_not_know_stops_it(program, value):
    name = "{0}_upstream_proxy_protocol".format(program)
    main = {name: value, "compatibility_level": "3.6"}
    services = [service("smtp inet " + program), service("smtpd pass smtpd")]
    assert found(main, services, Host("3.7.11-bookworm")) == [("wrong-type", "error", name)]
    assert found(dict(main, **{name: ""}), services, Host("3.7.11-bookworm")) == []


@pytest.mark.parametrize("table", ["hash:/etc/postfix/nothing", "foo:bar", "inline:{a=REJECT spam}"])
def test_tables_in_a_class_of_restrictions(table):
    main = {"smtpd_restriction_classes": "ours", "ours": "check_client_access " + table, "compatibility_level": "3.6"}
    host = Host("3.7.11-bookworm", missing=["/etc/postfix/nothing", "/etc/postfix/nothing.db"])
    [(identifier, severity, parameter)] = found(main, host=host)
    assert identifier.startswith("table-") and (severity, parameter) == ("error", "ours")


def test_open_ranges_of_xforward_are_a_warning():
    name = "smtpd_authorized_xforward_hosts"
    assert found({name: "0.0.0.0/0"}) == [("xforward-open", "warning", name)]
    assert found({name: "static:all"}) == [("xforward-open", "warning", name)]
    assert found({name: "127.0.0.0/8"}) == []


def test_the_own_domain_follows_from_the_own_name():
    main = {"myhostname": "relay.corp.test", "relayhost": "[relay.$mydomain]"}
    assert found(main) == [("relayhost-self", "error", "relayhost")]
    assert found(dict(main, mydomain="example.net")) == []


def test_an_asterisk_is_no_wildcard():
    for name in ("relay_domains", "mydestination", "virtual_alias_domains", "virtual_mailbox_domains"):
        assert found({name: "*", "local_recipient_maps": "$alias_maps"}) == [("no-wildcard", "warning", name)]


# 454 Relay access denied of Postfix 3.7.11 for the domain and what is below it, but for the last two.
@pytest.mark.parametrize(
    "main, warned",
    [
        ({"virtual_mailbox_domains": ".example.com"}, True),
        ({"virtual_mailbox_domains": "@example.com"}, True),
        ({"virtual_mailbox_domains": "example.net example.com."}, True),
        ({"mydestination": ".example.com", "local_recipient_maps": "$alias_maps"}, True),
        ({"relay_domains": ".example.com", "relay_recipient_maps": "hash:/u"}, True),
        ({"relay_domains": ".example.com", "relay_recipient_maps": "hash:/u", "parent_domain_matches_subdomains": ""}, False),
        ({"virtual_mailbox_domains": "example.com"}, False),
    ],
)  # fmt: skip
def test_what_no_domain_is_like(main, warned):
    identifiers = [identifier for identifier, _severity, _parameter in found(main, host=Host("3.7.11-bookworm"))]
    assert ("no-wildcard" in identifiers) is warned


def test_the_advice_is_one_that_works():
    main = {"relay_domains": "*.example.com", "relay_recipient_maps": "hash:/u"}
    assert " example.com in relay_domains stands for what is below it too" in only(main).fix
    fix = only(dict(main, parent_domain_matches_subdomains="")).fix
    assert " .example.com in relay_domains stands for what is below it" in fix


def test_users_of_every_domain_make_every_domain_this_host_s():
    for value in ("static:x", "regexp:{{/./ x}}"):
        assert ("open-relay-domains", "error", "virtual_mailbox_maps") in found(
            {"virtual_mailbox_maps": value, "virtual_transport": "smtp"}, host=Host("3.7.11-bookworm")
        )
    assert found({"virtual_mailbox_maps": "static:x", "virtual_mailbox_domains": "example.com"}) == []


# smtpd 3.7.11: "fatal: 127.0.0.1: garbage after numerical service", "unknown option", "RBL reply error", and 451 for rules without
# braces of their own.
@pytest.mark.parametrize(
    "restriction, identifier",
    [
        ("check_policy_service inet:127.0.0.1", "restriction-unusable"),
        ("check_policy_service inet:[::1]", "restriction-unusable"),
        ("check_policy_service inet:policy.example.com", "restriction-unusable"),
        ("check_policy_service { }", "restriction-unusable"),
        ("check_policy_service { inet:127.0.0.1, timeout=10s }", "restriction-unusable"),
        ("check_policy_service { inet:127.0.0.1:10023, timout=10s }", "restriction-unusable"),
        ("check_policy_service { inet:127.0.0.1:10023, timeout=10s default_action=DUNNO }", None),
        ("check_policy_service { inet:127.0.0.1:10023, { default_action = 451 4.3.5 later } }", None),
        ("check_policy_service {inet:127.0.0.1:10023,{default_action=451 4.3.5 later}}", None),
        ("check_policy_service inet:127.0.0.1:10023", None),
        ("check_policy_service inet:[::1]:10023", None),
        ("check_policy_service inet:10023", None),
        ("check_policy_service unix:private/policy.sock", None),
        ("reject_rbl_client zen.example.org=127.0.0.300", "restriction-unusable"),
        ("reject_rbl_client zen.example.org=127.0.0.[2..", "restriction-unusable"),
        ("reject_rbl_client zen.example.org=127.0.0.[11..2]", "restriction-unusable"),
        ("reject_rhsbl_sender dbl.example.org=127.0.1", "restriction-unusable"),
        ("permit_dnswl_client list.example.org=foo", "restriction-unusable"),
        ("reject_rbl_client zen.example.org=127.0.0.[2..4;10;11]", None),
        ("reject_rbl_client zen.example.org=127.0.[0..255].2", None),
        ("reject_rbl_client zen.example.org", None),
        ("check_client_access cidr:{10.0.0.0/8 REJECT}", "table-syntax"),
        ("check_client_access regexp:{/x/ REJECT}", "table-syntax"),
        ("check_client_access cidr:{{10.0.0.0/8 REJECT},}", None),
        # What a text in a table of tables says is no table, although a colon is in it.
        ("check_helo_access unionmap:{inline:{{a.example = FILTER smtp:[127.0.0.1]}}, inline:{yy=OK}}", None),
        ("check_sender_access pipemap:{inline:{x=y},inline:{{y = REJECT see http://example.com/x}}}", None),
        ("check_sender_access unionmap:{inline:{{y = REJECT see http://example.com/x}}}", None),
        ("check_sender_access unionmap:{inline:{{y = REJECT see http://example.com/x}},smtp:x}", "table-type-missing"),
    ],
)
def test_arguments_at_which_smtpd_stops(restriction, identifier):
    main = {"smtpd_client_restrictions": restriction, "compatibility_level": "3.6"}
    identifiers = [finding[0] for finding in found(main, host=Host("3.7.11-bookworm")) if finding[1] == "error"]
    assert identifiers == ([identifier] if identifier else [])


def test_a_service_for_its_own_clients_makes_no_backscatter():
    options = {
        "smtpd_reject_unlisted_recipient": "no",
        "smtpd_recipient_restrictions": "permit_sasl_authenticated,reject",
    }
    assert found({}, [SMTP, service("submission inet smtpd", **options)]) == []


def test_a_file_of_the_call_is_read():
    texts = {"/etc/postfix/nets": "10.0.0.0/8 OK\n0.0.0.0/0 OK\n"}
    main = {"mynetworks": "cidr:/etc/postfix/nets"}
    assert found(main, host=Host(texts=texts)) == [("open-relay-mynetworks", "error", "mynetworks")]
    assert found(main, host=Host(texts={"/etc/postfix/nets": "10.0.0.0/8 OK\n"})) == []


@pytest.mark.parametrize(
    "table, key, answers",
    [
        ("inline:{a=1, {b = two words}}", "B", ["two words"]),
        ("static:{some text}", "x", ["some text"]),
        ("randmap:{a, b}", "x", ["a", "b"]),
        ("unionmap:{static:a, inline:{x=b}}", "x", ["a,b"]),
        ("unionmap:{static:a, inline:{x=b}}", "y", ["a"]),
        ("unionmap:{static:{}, inline:{x=b}}", "x", ["b"]),
        ("pipemap:{inline:{x=y}, inline:{y=z}}", "x", ["z"]),
        ("proxy:unionmap:{inline:{x=b}}", "y", []),
        ("cidr:{{!10.0.0.0/8 out}, {10.1.0.0/16 in}}", "192.0.2.1", ["out"]),
        ("cidr:{{!10.0.0.0/8 out}, {10.1.0.0/16 in}}", "10.1.2.3", ["in"]),
        ("regexp:{{/^(a+)@b$/ $1}}", "AA@b", ["AA"]),
        ("regexp:{{if /^x/}, {/./ inside}, {endif}, {/[[:digit:]]/ digit}}", "a1", ["digit"]),
        ("regexp:{{/(unclosed/ x}, {/b/ y}}", "b", ["y"]),
        ("hash:/etc/postfix/unread", "x", None),
    ],
)
def test_tables_answer_as_postfix_says(table, key, answers):
    assert Lookups(Host("3.7.11-bookworm")).table(table).find(key) == answers


# Postfix 3.7.11: "empty macro name", "macro processing error", and the banner of smtpd never comes; $1 alone is an empty answer.
@pytest.mark.parametrize(
    "value, identifiers",
    [
        ("regexp:{{/example$/ x}}", ["table-syntax"]),
        ("regexp:{{/example$$/ x}}", []),
        ("hash:/etc/postfix/${data", ["table-syntax"]),
        ("hash:$config_directory/t", []),
    ],
)
def test_a_dollar_sign_in_a_pattern_of_main_cf(value, identifiers):
    for main, services in (
        ({"smtp_generic_maps": value}, [SMTP]),
        ({}, [service("smtp inet smtpd", smtp_generic_maps=value)]),
    ):
        assert [
            finding[0] for finding in found(dict(main, compatibility_level="3.6"), services, Host("3.7.11-bookworm"))
        ] == identifiers


@pytest.mark.parametrize(
    "text", ["inline:{}", "inline:a=b", "inline:{a b=c}", "randmap:x", "unionmap:{x}", "static:{a"]
)
def test_tables_that_postfix_cannot_read(text):
    with pytest.raises(SyntaxProblem):
        Lookups(Host("3.7.11-bookworm")).table(text)


@pytest.mark.parametrize(
    "main, other",
    [
        ({"virtual_alias_maps": "regexp:{{/^a@localhost$$/ root}}"}, "virtual_alias_domains"),
        ({"virtual_mailbox_maps": "regexp:{{/^a@example.org$$/ root}}"}, "virtual_mailbox_domains"),
        ({"alias_maps": "regexp:{{/^a$$/ root}}"}, "local_recipient_maps"),
    ],
)
def test_a_dollar_sign_that_proxymap_replaces_twice(main, other):
    """Seen with Postfix 3.7.11: proxymap ends with "macro processing error" each time that it is asked, and smtpd has no greeting."""
    main = dict(main, compatibility_level="3.6", virtual_mailbox_base="/var/mail")
    finding = only(main, host=Host("3.7.11-bookworm"))
    assert (finding.identifier, finding.severity) == ("table-syntax", "error")
    assert other in finding.message and other in finding.fix
    # In these nothing is wrong.
    domains = "static:x" if other == "local_recipient_maps" else "example.org"
    assert found(dict(main, **{other: domains}), host=Host("3.7.11-bookworm")) == []
    unasked = dict(main, local_recipient_maps="static:x")
    assert found(unasked, host=Host("3.7.11-bookworm")) == []
    for name in ("recipient_canonical_maps", "relay_recipient_maps", "transport_maps"):
        assert found({name: "regexp:{{/^x$$/ root}}", "compatibility_level": "3.6"}, host=Host("3.7.11-bookworm")) == []
