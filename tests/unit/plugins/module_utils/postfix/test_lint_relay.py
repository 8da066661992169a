# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint

from .test_lint import SMTP, Host, found, only, service

RELAY = "smtpd_relay_restrictions"

# What a real Postfix 3.7.11 (Debian 12) did with the mail of a stranger, who sat in another container on a network of
# public addresses, for a third party. He tried EHLO, no greeting, and HELO with his address; a sender and the null
# sender; one and two recipients; and XCLIENT. "open": one of these messages was accepted; "closed": none was; "stops":
# smtpd stopped at each connection. The other settings were those of BASE. "postfix check" exited 0 for each.
OBSERVED = [
    ("default", {}, [], "closed"),
    (
        "recipient only",
        {RELAY: "", "smtpd_recipient_restrictions": "permit_mynetworks, reject_unauth_destination"},
        [],
        "closed",
    ),
    ("relay=permit", {RELAY: "permit"}, [], "stops"),
    ("both empty", {RELAY: ""}, [], "stops"),
    ("permit first", {RELAY: "permit, reject_unauth_destination"}, [], "stops"),
    (
        "permit in both but reject in recipient",
        {RELAY: "permit", "smtpd_recipient_restrictions": "reject_unauth_destination"},
        [],
        "closed",
    ),
    ("static OK before", {RELAY: "check_client_access static:OK, reject_unauth_destination"}, [], "open"),
    ("bare static", {RELAY: "static:OK, reject_unauth_destination"}, [], "open"),
    ("static permit list", {RELAY: "check_sender_access static:permit, reject_unauth_destination"}, [], "open"),
    ("static digits", {RELAY: "check_recipient_access static:1, reject_unauth_destination"}, [], "open"),
    ("static DUNNO", {RELAY: "check_client_access static:DUNNO, reject_unauth_destination"}, [], "closed"),
    (
        "static reverse OK",
        {RELAY: "check_reverse_client_hostname_access static:OK, reject_unauth_destination"},
        [],
        "closed",
    ),
    (
        "static reverse REJECT",
        {
            RELAY: "warn_if_reject reject_unauth_destination, check_reverse_client_hostname_access static:REJECT, "
            "check_helo_access static:OK, reject",
        },
        [],
        "closed",
    ),
    ("static helo OK", {RELAY: "check_helo_access static:OK, reject_unauth_destination"}, [], "open"),
    ("static sender mx OK", {RELAY: "check_sender_mx_access static:OK, reject_unauth_destination"}, [], "closed"),
    ("warn_if_reject", {RELAY: "permit_mynetworks, warn_if_reject reject_unauth_destination"}, [], "stops"),
    (
        "warn_if_reject then defer_if_permit",
        {
            RELAY: "permit_mynetworks, warn_if_reject reject_unauth_destination",
            "smtpd_recipient_restrictions": "defer_if_permit",
        },
        [],
        "closed",
    ),
    ("naked ip", {RELAY: "permit_naked_ip_address, reject_unauth_destination"}, [], "open"),
    ("relay_domains static", {"relay_domains": "static:all", RELAY: "reject_unauth_destination"}, [], "open"),
    ("relay_domains com", {"relay_domains": "net", RELAY: "reject_unauth_destination"}, [], "open"),
    (
        "relay_domains .com",
        {"relay_domains": ".net", "parent_domain_matches_subdomains": "", RELAY: "reject_unauth_destination"},
        [],
        "open",
    ),
    (
        "relay_domains com no parents",
        {"relay_domains": "net", "parent_domain_matches_subdomains": "", RELAY: "reject_unauth_destination"},
        [],
        "closed",
    ),
    ("mynetworks all", {"mynetworks": "0.0.0.0/0"}, [], "open"),
    ("mynetworks public", {"mynetworks": "198.51.100.0/24"}, [], "open"),
    ("mynetworks static", {"mynetworks": "static:all"}, [], "open"),
    ("mynetworks per service", {}, [("mynetworks", "0.0.0.0/0")], "open"),
    ("mynetworks host bits", {"mynetworks": "10.0.0.1/8"}, [], "closed"),
    ("style class", {"mynetworks_style": "class"}, [], "open"),
    ("style subnet", {"mynetworks_style": "subnet"}, [], "open"),
    ("client permit only", {"smtpd_client_restrictions": "permit"}, [], "closed"),
    (
        "class permits",
        {"smtpd_restriction_classes": "ours", "ours": "permit", RELAY: "ours, reject_unauth_destination"},
        [],
        "open",
    ),
    (
        "class rejects",
        {"smtpd_restriction_classes": "ours", "ours": "reject_unauth_destination", RELAY: "permit_mynetworks, ours"},
        [],
        "closed",
    ),
    (
        "client reject saves",
        {
            "smtpd_client_restrictions": "permit_mynetworks, reject",
            RELAY: "check_client_access static:OK, reject_unauth_destination",
        },
        [],
        "closed",
    ),
    (
        "helo reject does not save",
        {"smtpd_helo_restrictions": "reject", RELAY: "check_client_access static:OK, reject"},
        [],
        "open",
    ),
    (
        "helo reject saves",
        {
            "smtpd_helo_required": "yes",
            "smtpd_helo_restrictions": "reject",
            RELAY: "check_client_access static:OK, reject",
        },
        [],
        "closed",
    ),
    (
        "helo static reject does not save",
        {RELAY: "check_helo_access static:REJECT, check_client_access static:OK, reject"},
        [],
        "open",
    ),
    (
        "sender reject_unauth saves delayed",
        {"smtpd_sender_restrictions": "reject_unauth_destination", RELAY: "check_client_access static:OK, reject"},
        [],
        "closed",
    ),
    (
        "sender reject_unauth not delayed",
        {
            "smtpd_delay_reject": "no",
            "smtpd_sender_restrictions": "reject_unauth_destination",
            RELAY: "check_client_access static:OK, reject",
        },
        [],
        "open",
    ),
    (
        "data reject saves",
        {"smtpd_data_restrictions": "permit_mynetworks, reject", RELAY: "check_client_access static:OK, reject"},
        [],
        "closed",
    ),
    (
        "data reject_unauth does not",
        {"smtpd_data_restrictions": "reject_unauth_destination", RELAY: "check_client_access static:OK, reject"},
        [],
        "open",
    ),
    ("permit_auth_destination, reject", {RELAY: "permit_mynetworks, permit_auth_destination, reject"}, [], "closed"),
    (
        "permit_auth_destination then nothing",
        {
            RELAY: "permit_mynetworks, permit_auth_destination",
            "smtpd_recipient_restrictions": "permit_mynetworks, check_client_access static:OK, reject",
        },
        [],
        "open",
    ),
    ("permit_inet_interfaces", {RELAY: "permit_inet_interfaces, reject_unauth_destination"}, [], "closed"),
    ("permit_mx_backup", {RELAY: "permit_mx_backup, reject_unauth_destination"}, [], "closed"),
    ("dnswl", {RELAY: "permit_dnswl_client list.example.net, reject_unauth_destination"}, [], "closed"),
    ("tls clientcerts without TLS", {RELAY: "permit_tls_all_clientcerts, reject_unauth_destination"}, [], "closed"),
    ("misspelt", {RELAY: "permit_mynetworks, reject_unauth_destinatoin, reject"}, [], "closed"),
    ("missing reject", {RELAY: "permit_mynetworks, permit_sasl_authenticated"}, [], "stops"),
    ("service permits", {}, [(RELAY, "permit_mynetworks,check_client_access,static:OK,reject")], "open"),
    (
        "service rejects all",
        {RELAY: "check_client_access static:OK, reject"},
        [("smtpd_client_restrictions", "permit_mynetworks,reject")],
        "closed",
    ),
    ("compat 0", {"compatibility_level": "0"}, [], "stops"),
    ("xclient", {"smtpd_authorized_xclient_hosts": "0.0.0.0/0"}, [], "open"),
    ("unknown argument missing", {RELAY: "reject_unauth_destination, check_client_access"}, [], "closed"),
    ("only reject", {RELAY: "permit_mynetworks, reject"}, [], "closed"),
    (
        "reject_rbl first",
        {RELAY: "reject_rbl_client permit, permit_mynetworks, reject_unauth_destination"},
        [],
        "stops",
    ),
    (
        "static unauth text",
        {RELAY: "check_client_access static:reject_unauth_destination, check_client_access static:OK, reject"},
        [],
        "closed",
    ),
    (
        "static DEFER_IF_PERMIT",
        {RELAY: "check_client_access static:DEFER_IF_PERMIT, check_client_access static:OK, reject"},
        [],
        "closed",
    ),
    ("static 450", {RELAY: "check_client_access static:450, check_client_access static:OK, reject"}, [], "open"),
]

BASE = {
    "compatibility_level": "3.6",
    "myhostname": "smtp-relay001.example.com",
    "mydestination": "localhost",
    "mynetworks": "127.0.0.0/8",
    "inet_interfaces": "all",
    "inet_protocols": "ipv4",
}


def verdict(main, options):
    """What the lint says: "open", "closed" or "stops"."""
    main = dict(BASE, **main)
    if "mynetworks_style" in main:
        del main["mynetworks"]
    findings = lint.check(main, [service("smtp inet smtpd", **dict(options))], Host("3.7.11-bookworm"))
    identifiers = [finding.identifier for finding in findings]
    if "restrictions-incomplete" in identifiers:
        return "stops"
    # The stranger was in a subnet of the relay, of which the lint warns.
    is_open = any(name.startswith("open-relay") or name == "mynetworks-style" for name in identifiers)
    return "open" if is_open else "closed"


@pytest.mark.parametrize("label, main, options, observed", OBSERVED, ids=[case[0] for case in OBSERVED])
def test_the_verdict_is_that_of_a_real_postfix(label, main, options, observed):
    assert verdict(main, options) == observed


def test_the_finding_names_what_lets_strangers_in():
    finding = only({RELAY: "permit_naked_ip_address, reject_unauth_destination"})
    assert (finding.identifier, finding.parameter) == ("open-relay-restrictions", RELAY)
    assert "permit_naked_ip_address" in finding.message


def test_a_service_that_overrides_main_cf_is_named():
    services = [SMTP, service("submission inet smtpd", **{RELAY: "static:OK,reject"})]
    finding = only({}, services)
    assert finding.parameter == "submission/inet -o smtpd_relay_restrictions"
    assert finding.file == "/etc/postfix/master.cf"


def test_services_that_share_main_cf_share_the_finding():
    services = [SMTP, service("submission inet smtpd", syslog_name="postfix/submission")]
    assert found({RELAY: "static:OK, reject"}, services) == [("open-relay-restrictions", "error", RELAY)]


def test_a_service_that_refuses_strangers_itself_is_not_open():
    strict = service("submission inet smtpd", smtpd_client_restrictions="permit_sasl_authenticated,reject")
    assert found({RELAY: "static:OK, reject"}, [strict]) == []


@pytest.mark.parametrize("name", ["127.0.0.1:10025", "localhost:10025", "[::1]:10025"])
def test_strangers_cannot_reach_loopback(name):
    reinject = service("{0} inet smtpd".format(name), **{RELAY: "static:OK,reject"})
    assert found({}, [SMTP, reinject]) == []


def test_a_null_client_listens_to_itself_only():
    assert found({"inet_interfaces": "loopback-only", RELAY: "static:OK, reject"}) == []
    assert found({"inet_interfaces": "127.0.0.1", RELAY: "static:OK, reject"}) == []


def test_services_of_other_programs_and_unix_sockets_do_not_count():
    services = [service("smtp unix smtp"), service("private/x unix smtpd")]
    assert found({RELAY: "static:OK, reject"}, services) == []


def test_without_a_master_cf_the_lists_of_main_cf_are_judged():
    assert found({RELAY: "static:OK, reject"}, []) == [("open-relay-restrictions", "error", RELAY)]


def test_a_misspelt_restriction_gets_the_right_one():
    finding = only({RELAY: "permit_mynetworks, reject_unauth_destinatoin, reject"})
    assert (finding.identifier, finding.fix) == ("unknown-restriction", "write reject_unauth_destination")


def test_certificates_of_strangers():
    # Anyone gets a certificate of a public authority.
    main = {RELAY: "permit_tls_all_clientcerts, reject_unauth_destination", "smtpd_tls_ask_ccert": "yes"}
    private = dict(main, smtpd_tls_CAfile="/etc/postfix/ca.pem")
    assert found(private) == []
    assert found(dict(private, tls_append_default_CA="yes")) == [("open-relay-restrictions", "error", RELAY)]
    assert found(dict(main, smtpd_tls_CApath="/etc/ssl/certs")) == [("open-relay-restrictions", "error", RELAY)]
    assert found(dict(main, smtpd_tls_CApath="/etc/ssl/certs", smtpd_tls_ask_ccert="no")) == []
    listed = {RELAY: "permit_tls_clientcerts, reject_unauth_destination", "smtpd_tls_ask_ccert": "yes"}
    assert found(dict(listed, relay_clientcerts="hash:/etc/postfix/certs")) == []
    assert found(dict(listed, relay_clientcerts="static:OK")) == [("open-relay-restrictions", "error", RELAY)]


def test_restrictions_that_postfix_3_9_took_away():
    main = {"compatibility_level": "3.6", RELAY: "permit_naked_ip_address, reject_unauth_destination"}
    assert found(main, host=Host("3.10.13-trixie")) == [("restriction-unusable", "error", RELAY)]


def test_mx_backup_is_a_warning():
    main = {RELAY: "permit_mx_backup, reject_unauth_destination"}
    assert found(main) == [("mx-backup", "warning", RELAY)]
    assert found(dict(main, permit_mx_backup_networks="10.0.0.0/8")) == []


def test_relay_domains_of_everybody():
    users = {"relay_recipient_maps": "hash:/etc/postfix/users"}
    for value in ("static:all", "example.com, com"):
        assert found(dict(users, relay_domains=value)) == [("open-relay-domains", "error", "relay_domains")]
    assert found(dict(users, relay_domains="example.com, localdomain, hash:/etc/postfix/domains")) == []


LOCAL_UNKNOWN = ("backscatter", "warning", "local_recipient_maps")


@pytest.mark.parametrize(
    "main, expected",
    [
        ({}, []),
        ({"local_recipient_maps": ""}, [LOCAL_UNKNOWN]),
        ({"local_recipient_maps": "", "mydestination": ""}, []),
        ({"local_recipient_maps": "", "inet_interfaces": "loopback-only"}, []),
        ({"local_recipient_maps": "$alias_maps"}, []),
        (
            {"smtpd_reject_unlisted_recipient": "no"},
            [("backscatter", "warning", "smtpd_reject_unlisted_recipient")],
        ),
        (
            {
                "smtpd_reject_unlisted_recipient": "no",
                RELAY: "permit_mynetworks, reject_unauth_destination",
                "smtpd_recipient_restrictions": "reject_unlisted_recipient",
            },
            [],
        ),
        ({"relay_domains": "example.com"}, [("backscatter", "warning", "relay_domains")]),
        ({"relay_domains": "example.com", "relay_recipient_maps": "static:x"}, []),
        ({"relay_domains": "example.com", RELAY: "reject_unauth_destination, reject_unverified_recipient"}, []),
    ],
)
def test_unknown_recipients_are_refused_and_not_bounced(main, expected):
    assert found(main) == expected


def test_a_service_that_accepts_unknown_recipients():
    port = service("submission inet smtpd", smtpd_reject_unlisted_recipient="no")
    assert found({}, [SMTP, port]) == [("backscatter", "warning", "submission/inet -o smtpd_reject_unlisted_recipient")]


def test_untrusted_routing_is_a_warning():
    assert found({"allow_untrusted_routing": "yes"}) == [("untrusted-routing", "warning", "allow_untrusted_routing")]


def test_tables_and_policy_servers_are_not_accused():
    main = {
        RELAY: "check_client_access hash:/etc/postfix/clients, check_policy_service unix:private/policy,"
        " permit_mynetworks, reject_unauth_destination"
    }
    assert found(main) == []


def test_a_class_that_names_itself_ends():
    main = {"smtpd_restriction_classes": "ours", "ours": "ours", RELAY: "ours, reject_unauth_destination"}
    found(main)


def test_mail_that_is_thrown_away_is_not_relayed():
    # Postfix 3.7.11 accepts it and logs "NOQUEUE: discard".
    assert found({RELAY: "check_client_access static:DISCARD, reject"}) == []


def test_the_content_of_a_table_is_not_looked_at():
    # Postfix 3.7.11 relays for the one host that is named here.
    assert verdict({RELAY: "check_client_access inline:{198.51.100.66=OK}, reject_unauth_destination"}, []) == "closed"


@pytest.mark.parametrize(
    "action, is_open",
    [
        ("OK", True),
        ("permit", True),
        ("OK fine", True),
        ("DUNNO", False),
        ("REJECT", False),
        ("DEFER_IF_PERMIT x", False),
        ("PREPEND X-A: b", False),
    ],
)
def test_what_a_policy_server_that_does_not_answer_stands_for(action, is_open):
    """Postfix 3.7.11 relayed for a stranger while nobody listened there."""
    server = "{{ inet:127.0.0.1:10023, {{ default_action = {0} }}, timeout=1s }}".format(action)
    for main in (
        {"smtpd_relay_restrictions": "check_policy_service {0}, reject_unauth_destination".format(server)},
        {
            "smtpd_relay_restrictions": "check_policy_service inet:127.0.0.1:10023, reject_unauth_destination",
            "smtpd_policy_service_default_action": action,
        },
    ):
        findings = lint.check(main, [SMTP], Host("3.7.11-bookworm"))
        assert [finding.identifier for finding in findings] == (["open-relay-restrictions"] if is_open else [])
        if is_open:
            assert "({0} while it does not answer) lets them through".format(action) in findings[0].message
    behind = {"smtpd_relay_restrictions": "reject_unauth_destination, check_policy_service {0}".format(server)}
    assert found(behind, host=Host("3.7.11-bookworm")) == []
