# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import trust
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.request import (
    Request,
    RequestError,
    direct_modifiers,
    hosts_of,
    on_loopback,
)


@pytest.mark.parametrize(
    "arguments, smart_host",
    [
        ({}, None),
        ({"smart_hosts": []}, ""),
        ({"smart_hosts": ["a.example.com"]}, "[a.example.com]"),
        ({"smart_hosts": ["[a.example.com]"]}, "[a.example.com]"),
        ({"smart_hosts": ["192.168.1.100"], "mx_lookup": True}, "192.168.1.100"),
        ({"smart_hosts": ["a", "10.0.0.1"]}, "[a]:[10.0.0.1]"),
        ({"smart_hosts": ["a"], "mailer": "esmtp"}, "esmtp:[a]"),
    ],
)
def test_smart_host(arguments, smart_host):
    assert Request(arguments).smart_host == smart_host
    assert hosts_of(smart_host) == [name.strip("[]") for name in arguments.get("smart_hosts", [])]


@pytest.mark.parametrize(
    "level, entries",
    [
        ("none", {"TLS_Srv:a": None, "Try_TLS:a": "NO"}),
        ("opportunistic", {"TLS_Srv:a": None, "Try_TLS:a": None}),
        ("encrypted", {"TLS_Srv:a": "ENCR:112", "Try_TLS:a": None}),
        ("verified", {"TLS_Srv:a": "VERIFY:112+CN", "Try_TLS:a": None}),
    ],
)
def test_entries_of_the_access_map(level, entries):
    assert dict(Request({"smart_hosts": ["a"], "tls_level": level, "ca_file": "/ca"}).entries) == entries


def test_the_hosts_own_authorities_are_used_where_they_have_all_that_is_trusted(tmp_path, monkeypatch):
    text = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    (tmp_path / "bundle.crt").write_bytes(text.encode("ascii"))
    monkeypatch.setattr(trust, "system_bundle", lambda: str(tmp_path / "bundle.crt"))
    arguments = {
        "ca_file": "/anchors.pem",
        "files": [{"path": "/anchors.pem", "content": text}],
        "prefer_system_ca": True,
    }
    assert Request(arguments).options == [
        ("confCACERT", "CACertFile", str(tmp_path / "bundle.crt")),
        ("confCACERT_PATH", "CACertPath", str(tmp_path)),
    ]
    arguments["files"][0]["content"] = text.replace("MAA", "MAE")
    assert Request(arguments).options[0][2] == "/anchors.pem"


def test_the_certificates_name_can_be_another_one():
    request = Request(
        {"smart_hosts": ["10.0.0.1"], "tls_level": "verified", "tls_certificate_name": "a.b", "ca_file": "/c/ca.pem"}
    )
    assert dict(request.entries)["TLS_Srv:10.0.0.1"] == "VERIFY:112+CN:a.b"
    assert request.options == [("confCACERT", "CACertFile", "/c/ca.pem"), ("confCACERT_PATH", "CACertPath", "/c")]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"smart_hosts": ["[a.example.com"]}, "smart_hosts: .*half a bracket"),
        ({"smart_hosts": ["a.example.com]"]}, "smart_hosts: .*half a bracket"),
        ({"smart_hosts": ["a b"]}, "smart_hosts: 'a b'"),
        ({"smart_hosts": [""]}, "smart_hosts: ''"),
        ({"smart_hosts": ["a:587"]}, "names a port"),
        ({"smart_hosts": ["300.1.1.1"]}, "not an IPv4"),
        ({"smart_hosts": ["1.2.3"]}, "smart_hosts: '1.2.3'"),
        ({"smart_hosts": ["a`b"]}, "smart_hosts: "),
        ({"smart_hosts": ["a", "A"]}, "twice"),
        ({"smart_hosts": ["a"], "port": 0}, "port: 0"),
        ({"smart_hosts": ["a"], "port": 65536}, "port: 65536"),
        ({"smart_hosts": ["a"], "tls_level": "secure"}, "tls_level: 'secure'"),
        ({"smart_hosts": ["a"], "tls_level": "verified"}, "ca_file: "),
        ({"alias_file": "aliases"}, "alias_file: 'aliases' is not an absolute path"),
        ({"alias_file": "/etc/mail/a,b"}, "alias_file: '/etc/mail/a,b' is not an absolute path"),
        ({"smart_hosts": ["a"], "tls_level": "encrypted", "mx_lookup": True}, "mx_lookup"),
        ({"smart_hosts": ["10.0.0.1"], "tls_level": "verified", "ca_file": "/ca"}, "10.0.0.1 is an address"),
        ({"smart_hosts": ["a"], "tls_level": "verified", "ca_file": "ca"}, "ca_file: 'ca'"),
        ({"tls_level": "encrypted"}, "tls_level: .*smart_hosts"),
        ({"ca_path": "/x"}, "ca_path: "),
        ({"local_delivery": False}, "local_delivery: "),
        ({"submission_host": "[127.0.0.1"}, "submission_host: .*half a bracket"),
    ],
)
def test_bad_input_is_refused_by_name(arguments, words):
    with pytest.raises(RequestError, match=words):
        Request(arguments)


@pytest.mark.parametrize(
    "options, expected",
    [
        ("Name=MTA", "Name=MTA, Addr=127.0.0.1"),
        ("Name=MTA-v6, Family=inet6", "Name=MTA-v6, Family=inet6, Addr=::1"),
        ("Port=smtp,Addr=127.0.0.1, Name=MTA", "Port=smtp,Addr=127.0.0.1, Name=MTA"),
        ("Port=smtp,Addr=0.0.0.0, Name=MTA", "Port=smtp,Addr=127.0.0.1, Name=MTA"),
        ("A=10.0.0.1, F=inet", "A=127.0.0.1, F=inet"),
        ("Family=local, Addr=/run/s", "Family=local, Addr=/run/s"),
    ],
)
def test_listening_on_loopback(options, expected):
    assert on_loopback(options) == expected
    assert on_loopback(expected) == expected


@pytest.mark.parametrize(
    "current, off", [(None, "C u"), ("c u", "C u"), ("u", "u"), ("C u", "C u"), ("Cf", "Cf"), ("cE", "CE")]
)
def test_what_local_programs_submit_is_not_canonified(current, off):
    assert direct_modifiers(current, False) == off


@pytest.mark.parametrize("current, on", [(None, None), ("C u", None), ("Cf", "cf")])
def test_what_local_programs_submit_is_canonified_again(current, on):
    assert direct_modifiers(current, True) == on
