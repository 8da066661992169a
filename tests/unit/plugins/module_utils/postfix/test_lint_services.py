# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters that need a service of master.cf. What happens without each was seen on Postfix 3.7.11 of Debian 12 and on 3.11.6."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf

from .test_lint import Host

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")

# Debian's main.cf, but for TLS and the name.
DEBIAN = {
    "compatibility_level": "3.6",
    "mydestination": "$myhostname, localhost.localdomain, localhost",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "mailbox_size_limit": "0",
    "smtpd_relay_restrictions": "permit_mynetworks permit_sasl_authenticated defer_unauth_destination",
    "smtp_tls_security_level": "may",
    "smtpd_tls_fingerprint_digest": "sha256",
    "smtp_tls_fingerprint_digest": "sha256",
    "relayhost": "",
}
# Lines of master.cf that Debian has and that some cases add.
POSTSCREEN = "smtp inet n - y - 1 postscreen\n"
PASS = "smtpd pass - - y - - smtpd\n"


def master(without=(), extra=""):
    """The services of Debian 12's master.cf with its examples as comments, as postconf -M shows it."""
    with open(os.path.join(FIXTURES, "postconf-M.examples.3.7.11-bookworm.txt")) as handle:
        lines = handle.read().splitlines(True)
    # What Debian ships as comments.
    left_out = ("postscreen", "dnsblog", "tlsproxy", "qmqpd", "cyrus", "submission", "submissions")
    kept = []
    for line in lines:
        name, kind, command = line.split()[0], line.split()[1], line.split()[7]
        if command in left_out or name in left_out or kind == "pass" or "{0}/{1}".format(name, kind) in without:
            continue
        kept.append(line)
    return MasterCf("".join(kept) + extra, "/etc/postfix/master.cf").services()


def missing(main, services, texts=None, label="3.7.11-bookworm"):
    """list of (severity, parameter, service): the findings."""
    host = Host(label, texts=texts)
    host.table_types.update(("mysql", "ldap"))
    return [
        (finding.severity, finding.parameter, finding.message.split()[4])
        for finding in lint.check(dict(DEBIAN, **main), services, host)
        if finding.identifier == "service-missing"
    ]


def test_nothing_is_missing_on_debian():
    for label in ("3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie"):
        main = {"compatibility_level": "2"} if label == "3.5.25-bullseye" else {}
        assert missing(main, master(), label=label) == []


@pytest.mark.parametrize(
    "main, extra, expected",
    [
        # TLS connections that are kept: "Cannot start TLS: handshake failure", with may too
        ({"smtp_tls_connection_reuse": "yes"}, "", ("error", "smtp_tls_connection_reuse", "tlsproxy/unix")),
        ({"smtp_tls_connection_reuse": "yes"}, "tlsproxy unix - - y - 0 tlsproxy\n", None),
        ({"smtp_tls_connection_reuse": "yes"}, "#tlsproxy unix - - y - 0 tlsproxy\n", "tlsproxy/unix"),
        ({"smtp_tls_connection_reuse": "yes", "smtp_tls_security_level": "none"}, "", None),
        ({"smtp_tls_connection_reuse": "no"}, "", None),
        (
            {"smtp_tls_connection_reuse": "yes", "smtp_tls_security_level": "none"},
            "secure unix - - y - - smtp -o smtp_tls_security_level=encrypt\n",
            ("error", "smtp_tls_connection_reuse", "tlsproxy/unix"),
        ),
        (
            {},
            "secure unix - - y - - smtp -o smtp_tls_connection_reuse=yes\n",
            ("error", "secure/unix -o smtp_tls_connection_reuse", "tlsproxy/unix"),
        ),
        (
            {"smtp_tls_policy_maps": "inline:{{example.com = may connection_reuse=yes}}"},
            "",
            ("error", "smtp_tls_policy_maps", "tlsproxy/unix"),
        ),
        ({"smtp_tls_connection_reuse": "yes", "tlsproxy_service_name": "tlsp"}, "tlsp unix - - y - 0 tlsproxy\n", None),
        # Transports: "mail transport unavailable"
        ({"default_transport": "slow"}, "", ("error", "default_transport", "slow/unix")),
        ({"default_transport": "slow:[gw.example.com]:25"}, "slow unix - - y - - smtp\n", None),
        ({"default_transport": "slow"}, "slow inet - - y - - smtp\n", "slow/unix"),
        ({"default_transport": "smtp:[gw.example.com]:25"}, "", None),
        ({"default_transport": "error:5.1.1 no mail from here"}, "", None),
        ({"default_transport": "$ours", "ours": "slow:x"}, "", "slow/unix"),
        ({"relay_transport": "slow:x", "relay_domains": "example.com"}, "", "slow/unix"),
        ({"relay_transport": "slow:x"}, "", None),
        ({"local_transport": "error:local delivery is disabled"}, "", None),
        ({"local_transport": "lmtp:unix:private/dovecot-lmtp"}, "", None),
        ({"local_transport": "loca"}, "", "loca/unix"),
        ({"virtual_mailbox_domains": "example.com", "virtual_transport": "dovecot"}, "", "dovecot/unix"),
        ({"virtual_mailbox_domains": "example.com", "virtual_transport": "lmtp:unix:private/dovecot-lmtp"}, "", None),
        ({"virtual_mailbox_domains": "example.com", "virtual_transport": "lmtp:inet:127.0.0.1:24"}, "", None),
        ({"virtual_mailbox_domains": "example.com", "virtual_transport": ""}, "", None),
        ({"virtual_transport": "dovecot"}, "", None),
        ({"mailbox_transport": "cyrus"}, "", "cyrus/unix"),
        ({"mailbox_transport": "lmtp:unix:/run/cyrus/socket/lmtp"}, "", None),
        ({"mailbox_transport": "cyrus", "mydestination": ""}, "", None),
        ({"mailbox_transport": "cyrus", "local_transport": "error:no"}, "", None),
        ({"fallback_transport": "old:"}, "", "old/unix"),
        ({"content_filter": "scan:[127.0.0.1]:10025"}, "", ("error", "content_filter", "scan/unix")),
        ({"content_filter": ""}, "", None),
        ({"content_filter": "smtp:[127.0.0.1]:10024"}, "", None),
        (
            {},
            "10.0.0.1:25 inet n - y - - smtpd -o content_filter=scan:dummy\n",
            ("error", "10.0.0.1:25/inet -o content_filter", "scan/unix"),
        ),
        ({"content_filter": "scan:x"}, "10.0.0.1:25 inet n - y - - smtpd -o content_filter=\n", "scan/unix"),
        # Tables, as far as they can be read
        ({"transport_maps": "static:slow:[gw]"}, "", ("error", "transport_maps", "slow/unix")),
        ({"transport_maps": "static:smtp:[gw]:25"}, "", None),
        ({"transport_maps": "inline:{example.com=slow:[gw]}"}, "", ("warning", "transport_maps", "slow/unix")),
        ({"transport_maps": "inline:{ { example.com = smtp:[gw] } {.example.com = :[gw]} }"}, "", None),
        ({"transport_maps": "randmap:{smtp:[gw], slow:[gw]}"}, "", ("warning", "transport_maps", "slow/unix")),
        ({"transport_maps": "regexp:{{/x/ slow:[gw]}}"}, "", ("warning", "transport_maps", "slow/unix")),
        ({"transport_maps": "unionmap:{static:slow:[gw], inline:{a=smtp:b}}"}, "", "slow/unix"),
        # What the first of several tables answers is what the next is asked.
        ({"transport_maps": "pipemap:{inline:{a=slow:[gw]}, static:smtp:[gw]}"}, "", None),
        ({"transport_maps": "pipemap:{inline:{a=b}, static:slow:[gw]}"}, "", "slow/unix"),
        # Postfix cannot read it, which is told of as such.
        ({"transport_maps": "inline:{example.com = slow:[gw]}"}, "", None),
        ({"transport_maps": "hash:/etc/postfix/transport"}, "", ("warning", "transport_maps", "slow/unix")),
        ({"transport_maps": "hash:/etc/postfix/transport"}, "slow unix - - y - - smtp\n", None),
        ({"transport_maps": "proxy:hash:/etc/postfix/transport"}, "", "slow/unix"),
        ({"transport_maps": "pcre:/etc/postfix/transport.pcre"}, "", None),
        ({"transport_maps": "mysql:/etc/postfix/transport.cf, ldap:x"}, "", None),
        ({"sender_dependent_default_transport_maps": "texthash:/etc/postfix/senders"}, "", "bulk/unix"),
        # FILTER: "mail transport unavailable"
        (
            {"header_checks": "regexp:{{/^X-Scan/ FILTER scan:[127.0.0.1]:10025}}"},
            "",
            ("warning", "header_checks", "scan/unix"),
        ),
        ({"header_checks": "regexp:{{/^X-Scan/ FILTER scan:x}}"}, "scan unix - - y - - smtp\n", None),
        ({"header_checks": "regexp:{{/^X-Scan/ FILTER smtp:x}, {/y/ PREPEND FILTER scan:x}}"}, "", None),
        ({"body_checks": "texthash:/etc/postfix/actions"}, "", ("warning", "body_checks", "scan/unix")),
        ({"milter_header_checks": "static:{FILTER scan:x}"}, "", ("error", "milter_header_checks", "scan/unix")),
        (
            {"smtpd_client_restrictions": "check_client_access inline:{{192.0.2.1=filter scan:x}}"},
            "",
            ("warning", "smtpd_client_restrictions", "scan/unix"),
        ),
        (
            {"smtpd_restriction_classes": "ours", "ours": "check_sender_access texthash:/etc/postfix/actions"},
            "",
            ("warning", "ours", "scan/unix"),
        ),
        ({"smtpd_client_restrictions": "check_policy_service inet:127.0.0.1:10023"}, "", None),
        # Other services
        ({"smtpd_recipient_restrictions": "reject_unverified_recipient, permit"}, "", None),
        ({"cleanup_service_name": "pre-cleanup"}, "", ("error", "cleanup_service_name", "pre-cleanup/unix")),
        ({}, "587 inet n - y - - smtpd -o cleanup_service_name=pre-cleanup\n", "pre-cleanup/unix"),
        ({}, "587 inet n - y - - smtpd -o cleanup_service_name=pre\npre unix n - n - 0 cleanup\n", None),
        ({}, POSTSCREEN, ("error", "smtpd_service_name", "smtpd/pass")),
        ({}, POSTSCREEN + PASS, None),
        (
            {"postscreen_dnsbl_sites": "zen.example.org"},
            POSTSCREEN + PASS,
            ("warning", "postscreen_dnsbl_sites", "dnsblog/unix"),
        ),
        (
            {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/c", "smtpd_tls_key_file": "/k"},
            POSTSCREEN + PASS,
            ("warning", "postscreen_tls_security_level", "tlsproxy/unix"),
        ),
        (
            {
                "smtpd_tls_security_level": "may",
                "smtpd_tls_cert_file": "/c",
                "smtpd_tls_key_file": "/k",
                "postscreen_pipelining_enable": "yes",
            },
            POSTSCREEN + PASS,
            ("error", "postscreen_tls_security_level", "tlsproxy/unix"),
        ),
    ],
)
def test_what_is_missing(main, extra, expected):
    texts = {
        "/etc/postfix/transport": "# routes\nexample.com smtp:[gw]\nexample.net :[gw]\n"
        "example.org slow:[gw]:25\nexample.edu error:5.1.1 no such domain\n",
        "/etc/postfix/transport.pcre": "if /x/\n/^(.*)$/ $1:[gw]\nendif\n",
        "/etc/postfix/actions": "a@example.com REJECT\nb@example.com FILTER scan:[127.0.0.1]:10025\n",
        "/etc/postfix/senders": "@example.com bulk:\n@example.org DUNNO\n",
    }
    found = missing(main, master(extra=extra), texts)
    if expected is None:
        assert found == []
    else:
        assert len(found) == 1
        assert expected in (found[0], found[0][2])


@pytest.mark.parametrize(
    "main, without, expected",
    [
        # Gone in this very call, or long ago
        ({"relay_domains": "example.com"}, "relay/unix", [("error", "relay_transport", "relay/unix")]),
        ({}, "relay/unix", []),
        ({}, "smtp/unix", [("error", "default_transport", "smtp/unix")]),
        ({"transport_maps": "static:lmtp:x"}, "smtp/unix", [("warning", "default_transport", "smtp/unix")]),
        ({}, "local/unix", [("warning", "local_transport", "local/unix")]),
        ({"mydestination": ""}, "local/unix", []),
        ({"local_transport": "error:no mailboxes here"}, "local/unix", []),
        ({}, "virtual/unix", []),
        ({"virtual_mailbox_domains": "example.com"}, "virtual/unix", [("error", "virtual_transport", "virtual/unix")]),
        ({}, "lmtp/unix", []),
        ({"virtual_mailbox_domains": "x.org", "virtual_transport": "lmtp:unix:private/x"}, "lmtp/unix", "lmtp/unix"),
        ({}, "scache/unix", []),
        ({"smtp_connection_cache_destinations": "example.com"}, "scache/unix", "scache/unix"),
        ({}, "anvil/unix", []),
        ({"smtpd_client_message_rate_limit": "10"}, "anvil/unix", "anvil/unix"),
        ({"smtpd_client_connection_count_limit": "0"}, "anvil/unix", []),
        ({}, "verify/unix", []),
        (
            {"smtpd_recipient_restrictions": "reject_unverified_recipient, permit"},
            "verify/unix",
            [("error", "smtpd_recipient_restrictions", "verify/unix")],
        ),
        (
            {"smtpd_restriction_classes": "ours", "ours": "reject_unverified_sender"},
            "verify/unix",
            [("error", "ours", "verify/unix")],
        ),
        ({"smtp_tls_security_level": "none"}, "tlsmgr/unix", []),
        ({}, "tlsmgr/unix", [("warning", "smtp_tls_security_level", "tlsmgr/unix")]),
        ({"smtp_tls_security_level": "encrypt"}, "tlsmgr/unix", [("error", "smtp_tls_security_level", "tlsmgr/unix")]),
        ({}, "proxymap/unix", [("error", "local_recipient_maps", "proxymap/unix")]),
        ({"local_recipient_maps": ""}, "proxymap/unix", []),
        ({"local_recipient_maps": "", "virtual_alias_maps": "proxy:mysql:/x.cf"}, "proxymap/unix", "proxymap/unix"),
        ({"address_verify_map": "proxy:btree:$data_directory/verify"}, "proxywrite/unix", "proxywrite/unix"),
        ({}, "bounce/unix", [("error", "bounce_service_name", "bounce/unix")]),
        ({}, "flush/unix", [("warning", "flush_service_name", "flush/unix")]),
        ({"flush_service_name": "later"}, "flush/unix", [("warning", "flush_service_name", "later/unix")]),
        ({"flush_service_name": ""}, "flush/unix", []),
        ({}, "trace/unix", [("warning", "trace_service_name", "trace/unix")]),
        ({"trace_service_name": "bounce"}, "trace/unix", []),
        ({}, "postlog/unix-dgram", []),
        (
            {"maillog_file": "/var/log/postfix.log"},
            "postlog/unix-dgram",
            [("error", "maillog_file", "postlog/unix-dgram")],
        ),
        (
            {"maillog_file": "/dev/stdout", "postlog_service_name": "log"},
            "lmtp/unix",
            [("error", "maillog_file", "log/unix-dgram")],
        ),
        ({"maillog_file": "/var/log/postfix.log"}, "lmtp/unix", []),
        ({"maillog_file": ""}, "postlog/unix-dgram", []),
        ({}, "retry/unix", [("warning", "retry/unix", "retry/unix")]),
        ({}, "qmgr/unix", []),
    ],
)
def test_a_service_that_is_taken_away(main, without, expected):
    found = missing(main, master(without=(without,)))
    if isinstance(expected, list):
        assert found == expected
    else:
        assert [service for _severity, _parameter, service in found] == [expected]


def test_a_service_that_no_parameter_names_is_one_of_master_cf():
    (finding,) = [
        item
        for item in lint.check(DEBIAN, master(without=("retry/unix",)), Host("3.7.11-bookworm"))
        if item.identifier == "service-missing"
    ]
    assert finding.file.endswith("master.cf") and finding.fix == "add retry/unix to master.cf, with the program error"


def test_the_finding_says_what_happens_and_what_to_do():
    finding = [
        item
        for item in lint.check(dict(DEBIAN, smtp_tls_connection_reuse="yes"), master(), Host("3.7.11-bookworm"))
        if item.identifier == "service-missing"
    ][0]
    assert finding.message == (
        "there is no service tlsproxy/unix in master.cf, and the mail is deferred: Cannot start TLS: handshake failure"
    )
    assert finding.fix == "add tlsproxy/unix to master.cf, or change smtp_tls_connection_reuse"
    assert lint.KNOWN_IDENTIFIERS["service-missing"]
