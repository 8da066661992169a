# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/guide, with this test bed's addresses: what the guide writes is what the hosts get, and mail flows."""

import probe
import pytest
import site_under_test as site


@pytest.fixture(scope="module")
def relay_private():
    return probe.address(site.RELAY, "10.20.")


def settings(host, *names):
    lines = site.output(host, "postconf -n").splitlines()
    found = dict(line.split(" =", 1) for line in lines)
    return {name: found.get(name, "").strip() if name in found else None for name in names}


def test_the_relay_is_the_guides(relay_private):
    network = relay_private.rpartition(".")[0] + ".0/24"
    assert settings(
        site.RELAY,
        "inet_interfaces",
        "mydestination",
        "mynetworks",
        "smtpd_use_tls",
        "smtpd_tls_key_file",
        "smtpd_tls_cert_file",
        "smtpd_tls_loglevel",
        "smtpd_tls_received_header",
        "smtpd_tls_session_cache_timeout",
        "tls_random_source",
        "smtpd_tls_mandatory_protocols",
        "smtpd_tls_security_level",
    ) == {
        "inet_interfaces": relay_private,
        "mydestination": "$myhostname, localhost.$mydomain, $mydomain",
        "mynetworks": network + ", 127.0.0.0/8",
        "smtpd_use_tls": "yes",
        "smtpd_tls_key_file": "/etc/postfix/server.key",
        "smtpd_tls_cert_file": "/etc/postfix/server.crt",
        "smtpd_tls_loglevel": "1",
        "smtpd_tls_received_header": "yes",
        "smtpd_tls_session_cache_timeout": "3600s",
        "tls_random_source": "dev:/dev/urandom",
        "smtpd_tls_mandatory_protocols": "!SSLv2, !SSLv3, !TLSv1",
        "smtpd_tls_security_level": None,
    }
    zone = site.output(site.RELAY, "firewall-cmd --zone=postfix --list-all")
    assert "ports: 25/tcp 587/tcp" in zone
    assert "services: \n" in zone
    assert f"sources: {network}" in zone


def test_the_clients_are_the_guides(relay_private):
    for client in site.CLIENTS:
        assert settings(
            client,
            "inet_interfaces",
            "mydestination",
            "myorigin",
            "relayhost",
            "local_transport",
            "smtp_tls_security_level",
        ) == {
            "inet_interfaces": "loopback-only",
            "mydestination": "",
            "myorigin": "$myhostname",
            "relayhost": relay_private,
            "local_transport": "error:local delivery disabled",
            "smtp_tls_security_level": None,
        }


def test_mail_flows_as_in_the_guide():
    message = site.arrives(site.send("web01"))
    assert "by smtp-relay001.example.com" in message
