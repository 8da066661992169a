# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix.tls_services import TlsService, tls_services

CERT = "/etc/postfix/server.crt"
MAIN = {
    "smtpd_tls_security_level": "may",
    "smtpd_tls_cert_file": CERT,
    "inet_interfaces": "all",
    "inet_protocols": "all",
}
SMTP = "smtp inet n - n - - smtpd\n"
SUBMISSION = "submission inet n - n - - smtpd\n  -o smtpd_tls_security_level=encrypt\n"


@pytest.fixture
def found(tmp_path):
    class Host(object):
        config_directory = str(tmp_path)
        main_file = str(tmp_path / "main.cf")
        master_file = str(tmp_path / "master.cf")
        defaults = {
            "smtpd_tls_eccert_file": "",
            "smtpd_tls_dcert_file": "",
            "smtpd_tls_chain_files": "",
            "smtpd_tls_wrappermode": "no",
            "inet_interfaces": "all",
            "inet_protocols": "ipv4",
        }

    def call(master, **main):
        (tmp_path / "master.cf").write_bytes(master.encode("utf-8"))
        settings = dict(MAIN, **main)
        return tls_services(Host, dict((name, value) for name, value in settings.items() if value is not None))

    return call


def test_ports_that_offer_tls(found):
    assert found(SUBMISSION + SMTP) == [
        TlsService("127.0.0.1", 25, False, [CERT], False),
        TlsService("127.0.0.1", 587, False, [CERT], False),
    ]


@pytest.mark.parametrize(
    "service, ports",
    [
        ("465 inet n - n - - smtpd\n -o smtpd_tls_wrappermode=yes -o smtpd_tls_security_level=\n", [(465, True)]),
        ("2525 inet n - n - - /usr/libexec/postfix/smtpd\n", [(2525, False)]),
        ("2525 inet n - n - - smtpd -o smtpd_tls_security_level=none\n", []),
        # Of an option that is given twice the last counts.
        (
            "2525 inet n - n - - smtpd -o smtpd_tls_security_level=none -o smtpd_tls_security_level=may\n",
            [(2525, False)],
        ),
        # What only this host reaches is no concern of clients.
        ("127.0.0.1:10025 inet n - n - - smtpd\n", []),
        ("localhost:10025 inet n - n - - smtpd\n", []),
        ("[::1]:10025 inet n - n - - smtpd\n", []),
        ("2525 inet n - n - - qmqpd\n", []),
        ("2525 unix n - n - - smtpd\n", []),
        ("no-such-service inet n - n - - smtpd\n", []),
        ("#2525 inet n - n - - smtpd\n", []),
        ("2525 inet n - n - - smtpd -o smtpd_tls_cert_file=none\n", []),
    ],
)
def test_which_services_these_are(found, service, ports):
    assert [(one.port, one.implicit) for one in found(service)] == ports


@pytest.mark.parametrize(
    "main, addresses",
    [
        ({"inet_interfaces": None}, ["127.0.0.1"]),
        ({"inet_protocols": "ipv6"}, ["::1"]),
        ({"inet_protocols": "ipv6, ipv4"}, ["127.0.0.1"]),
        ({"inet_interfaces": "127.0.0.1, 192.0.2.7"}, ["192.0.2.7"]),
        ({"inet_interfaces": "[2001:DB8:0::7]"}, ["2001:db8::7"]),
        ({"inet_interfaces": "$myhostname, localhost", "myhostname": "relay.example.com"}, ["relay.example.com"]),
        ({"inet_interfaces": "loopback-only"}, []),
        ({"inet_interfaces": "localhost"}, []),
    ],
)
def test_where_they_are_reached(found, main, addresses):
    assert [one.address for one in found(SMTP, **main)] == addresses


def test_an_address_of_a_service_goes_before_those_of_all(found):
    master = "192.0.2.7:25 inet n - n - - smtpd\n[2001:db8::7]:smtp inet n - n - - smtpd\n"
    assert [one.address for one in found(master, inet_interfaces="loopback-only")] == ["192.0.2.7", "2001:db8::7"]


@pytest.mark.parametrize(
    "main, options, files, chained",
    [
        ({"smtpd_tls_cert_file": "$config_directory/relay.pem"}, "", ["{0}/relay.pem"], False),
        ({"smtpd_tls_eccert_file": "/ec"}, "", [CERT, "/ec"], False),
        ({"smtpd_tls_eccert_file": "none"}, "", [CERT], False),
        ({}, "-o smtpd_tls_cert_file=/other", ["/other"], False),
        ({"smtpd_tls_chain_files": "/key, /one,/two"}, "", ["/key", "/one", "/two"], True),
        ({}, "-o smtpd_tls_chain_files=/one", ["/one"], True),
    ],
)
def test_from_which_files_their_certificates_come(found, tmp_path, main, options, files, chained):
    (one,) = found("smtp inet n - n - - smtpd {0}\n".format(options), **main)
    assert (one.files, one.chained) == ([path.format(tmp_path) for path in files], chained)


def test_without_a_certificate_there_is_no_tls(found):
    assert found(SMTP, smtpd_tls_cert_file=None) == []


@pytest.mark.parametrize("name", ["smtpd_use_tls", "smtpd_enforce_tls"])
def test_the_old_parameters_count_where_there_is_no_level(found, name):
    assert found(SMTP, smtpd_tls_security_level=None) == []
    assert len(found(SMTP, smtpd_tls_security_level=None, **{name: "yes"})) == 1
    assert found(SMTP, smtpd_tls_security_level="none", **{name: "yes"}) == []


def test_behind_postscreen_the_one_that_answers_counts(found):
    master = "smtp inet n - n - 1 postscreen\nsmtpd pass - - n - - smtpd -o smtpd_tls_cert_file=/behind\n"
    assert [(one.port, one.files) for one in found(master)] == [(25, ["/behind"])]
    assert [(one.port, one.files) for one in found("smtp inet n - n - 1 postscreen\n")] == [(25, [CERT])]
