# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each case was tried on Postfix 3.5.25, 3.7.11 and 3.10.13: what is refused here was deferred there, what is not was sent."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_lint import Host
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_lint_services import DEBIAN, master

CLIENT = dict(
    DEBIAN,
    smtp_tls_security_level="secure",
    smtp_tls_CAfile="/etc/postfix/anchors.pem",
    smtp_tls_connection_reuse="yes",
    queue_directory="/var/spool/postfix",
)
WITH_KEY = dict(CLIENT, smtp_tls_cert_file="/etc/postfix/client.crt", smtp_tls_key_file="/etc/postfix/client.key")
CLOSED = ("/etc/postfix/client.key", "/etc/own/client.key")
JAILED = tuple("/var/spool/postfix" + path for path in ("/etc/postfix/anchors.pem", "/etc/own/ca.pem")) + CLOSED
PROXY = "tlsproxy unix - - {0} - 0 tlsproxy\n"
OWN = "own unix - - y - - smtp"
OWN_KEY = OWN + " -o smtp_tls_cert_file=/etc/own/client.crt -o smtp_tls_key_file=/etc/own/client.key"


def unreadable(main, extra, closed=CLOSED, label="3.7.11-bookworm"):
    """list of (parameter, file): the findings."""
    return [
        (finding.parameter, finding.message.partition("cannot read ")[2].partition(",")[0])
        for finding in lint.check(main, master(extra=extra), Host(label, closed=closed))
        if finding.identifier == "tls-reuse-unreadable"
    ]


@pytest.mark.parametrize("label", ["3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie"])
@pytest.mark.parametrize(
    "main, chroot, service, expected",
    [
        # The private key that is the same for all is read as root, in the jail's case before it goes there.
        (WITH_KEY, "n", "", None),
        (WITH_KEY, "y", "", None),
        (WITH_KEY, "n", OWN + " -o smtp_tls_CAfile=/etc/own/ca.pem", "/etc/postfix/client.key"),
        (WITH_KEY, "n", OWN + " -o smtp_tls_loglevel=2", "/etc/postfix/client.key"),
        (WITH_KEY, "n", OWN + " -o smtp_tls_ciphers=high -o smtp_tls_protocols=TLSv1.3", None),
        (CLIENT, "n", OWN + " -o smtp_tls_CAfile=/etc/own/ca.pem", None),
        (CLIENT, "y", OWN + " -o smtp_tls_CAfile=/etc/own/ca.pem", "/var/spool/postfix/etc/own/ca.pem"),
        (CLIENT, "-", OWN + " -o smtp_tls_CAfile=/etc/own/ca.pem", None),
        (CLIENT, "n", OWN_KEY, "/etc/own/client.key"),
        (CLIENT, "n", OWN_KEY + " -o smtp_tls_security_level=may", "/etc/own/client.key"),
        (CLIENT, "n", OWN_KEY + " -o smtp_tls_security_level=none", None),
        (CLIENT, "n", OWN_KEY + " -o smtp_tls_connection_reuse=no", None),
        (dict(CLIENT, smtp_tls_connection_reuse="no"), "n", OWN_KEY, None),
    ],
)
def test_what_tlsproxy_cannot_read_for_a_service(label, main, chroot, service, expected):
    main = dict(main, compatibility_level="2")
    found = unreadable(main, PROXY.format(chroot) + service + "\n" * bool(service), JAILED, label)
    assert found == ([("own/unix -o smtp_tls_connection_reuse", expected)] if expected else [])


def test_a_jail_by_default():
    service = OWN + " -o smtp_tls_CAfile=/etc/own/ca.pem\n"
    for level, count in (("0", 1), ("1", 0), ("3.6", 0)):
        assert len(unreadable(dict(CLIENT, compatibility_level=level), PROXY.format("-") + service, JAILED)) == count


def test_a_proxy_with_settings_of_its_own():
    own = PROXY.format("n").rstrip() + " -o tlsproxy_client_loglevel=1\n"
    assert unreadable(WITH_KEY, own) == [
        ("smtp_tls_connection_reuse", "/etc/postfix/client.key"),
        ("relay/unix -o smtp_tls_connection_reuse", "/etc/postfix/client.key"),
    ]
    # A client with a proxy of its own that has the same settings.
    fitting = OWN_KEY + " -o tlsproxy_service_name=ownproxy\n"
    proxy = "ownproxy unix - - n - 0 tlsproxy -o tlsproxy_client_cert_file=/etc/own/client.crt"
    proxy += " -o tlsproxy_client_key_file=/etc/own/client.key\n"
    assert unreadable(CLIENT, PROXY.format("n") + fitting + proxy) == []


def test_the_sentence():
    findings = lint.check(
        CLIENT, master(extra=PROXY.format("n") + OWN_KEY + "\n"), Host("3.7.11-bookworm", closed=CLOSED)
    )
    finding = next(finding for finding in findings if finding.identifier == "tls-reuse-unreadable")
    assert finding.severity == "error" and finding.file == "/etc/postfix/master.cf"
    assert finding.message == (
        "for the TLS settings of own/unix tlsproxy cannot read /etc/own/client.key, and its mail is deferred: Cannot start TLS: "
        "handshake failure"
    )
    assert finding.fix == "add -o smtp_tls_connection_reuse=no to own/unix"
