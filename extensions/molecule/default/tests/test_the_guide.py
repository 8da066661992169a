# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/guide, with this test bed's addresses: what the guide writes is what the hosts get, and mail flows.

The last file: it leaves the hosts as the guide has them.
"""

import json

import pytest
import site_under_test as site


@pytest.fixture(scope="module")
def converged():
    private = site.output(site.RELAY, "ip -4 -o addr | grep -o '10\\.20\\.[0-9]*\\.[0-9]*/' | head -1").rstrip("/")
    public = site.output(site.RELAY, "ip -4 -o addr | grep -o '203\\.0\\.113\\.[0-9]*/' | head -1").rstrip("/")
    variables = ("relay_servers", "relay_clients")
    addresses = {
        "guide_relay_address": private,
        "guide_network": private.rsplit(".", 1)[0] + ".0/24",
        # The guide's relay has one address and is behind NAT; this one must not send from the private network.
        "relay_server_outbound_address": public,
    }
    files = [f"@{site.ROOT}/examples/guide/group_vars/{name}.yml" for name in variables]
    arguments = [argument for file in files for argument in ("-e", file)] + ["-e", json.dumps(addresses)]
    site.playbook(*arguments)
    return addresses, arguments


def settings(host, *names):
    lines = site.output(host, "postconf -n").splitlines()
    found = dict(line.split(" =", 1) for line in lines)
    return {name: found.get(name, "").strip() if name in found else None for name in names}


def test_the_relay_is_the_guides(converged):
    addresses, _arguments = converged
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
        "inet_interfaces": addresses["guide_relay_address"],
        "mydestination": "$myhostname, localhost.$mydomain, $mydomain",
        "mynetworks": addresses["guide_network"] + ", 127.0.0.0/8",
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
    assert f"sources: {addresses['guide_network']}" in zone


def test_the_clients_are_the_guides(converged):
    addresses, _arguments = converged
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
            "relayhost": addresses["guide_relay_address"],
            "local_transport": "error:local delivery disabled",
            "smtp_tls_security_level": None,
        }


def test_mail_flows_as_in_the_guide(converged):
    message = site.arrives(site.send("web01"))
    assert "by smtp-relay001.example.com" in message


def test_second_run_changes_nothing(converged, tmp_path):
    _addresses, arguments = converged
    site.playbook(*arguments, record=tmp_path / "again")
    assert site.changes(tmp_path / "again") == []
