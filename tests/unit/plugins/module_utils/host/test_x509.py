# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import calendar
import os
import time

import pytest
from hypothesis import example, given, settings, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host import x509

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
VERSIONS = ["1.0.2k", "1.1.1w", "3.0.20", "3.5.7"]
NAMES = [
    "DNS:relay.example.com",
    "DNS:*.example.net",
    "IP:192.0.2.25",
    "IP:2001:db8::25",
    "email:postmaster@example.com",
    "0x86:68747470733A2F2F6578616D706C652E636F6D2F",
]


def load(version, name):
    with open(os.path.join(FIXTURES, "openssl-" + version, name), "rb") as handle:
        return handle.read()


def printed(version, name):
    """What the program of that version printed about the certificate."""
    lines = load(version, name + ".x509.txt").decode("ascii").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def seconds(text):
    return calendar.timegm(time.strptime(text, "%b %d %H:%M:%S %Y GMT"))


@pytest.mark.parametrize("name", ["ecc", "rsa"])
@pytest.mark.parametrize("version", VERSIONS)
def test_certificate_reads_as_openssl_prints_it(version, name):
    expected = printed(version, name)
    found = x509.read_certificate(load(version, name + ".crt"))
    assert found.serial == expected["serial"]
    assert found.not_before == seconds(expected["notBefore"])
    assert found.not_after == seconds(expected["notAfter"])
    assert x509.fingerprint(found.der) in (expected.get("SHA256 Fingerprint"), expected.get("sha256 Fingerprint"))
    assert x509.fingerprint(found.public_key.der) == expected["public key SHA-256"].upper()
    assert found.subject == found.issuer == "C=DE, O=Example & Co, CN=relay.example.com"
    assert found.common_name == "relay.example.com"
    assert found.text.encode("ascii") == load(version, name + ".crt")


@pytest.mark.parametrize("version", VERSIONS)
def test_extensions(version):
    found = x509.read_certificate(load(version, "ecc.crt"))
    assert found.names == NAMES
    assert (found.is_ca, found.key_cert_sign, found.server_auth) == (True, True, True)
    assert len(found.subject_key_id) == 20
    bare = x509.read_certificate(load(version, "rsa.crt"))
    assert (bare.names, bare.key_cert_sign, bare.server_auth) == ([], None, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_request_has_the_names_and_the_key_of_its_certificate(version):
    request = x509.read_request(load(version, "ecc.csr"))
    assert request.names == NAMES
    assert request.common_name == "relay.example.com"
    assert request.public_key == x509.read_public_key(load(version, "ecc.pub"))
    assert request.public_key == x509.read_certificate(load(version, "ecc.crt")).public_key


@pytest.mark.parametrize("version", VERSIONS)
def test_kind_of_key(version):
    assert x509.read_public_key(load(version, "ecc.pub"))[:3] == ("ECC", None, "secp256r1")
    assert x509.read_public_key(load(version, "rsa.pub"))[:3] == ("RSA", 2048, None)


def test_first_certificate_of_a_chain_counts_and_text_around_it_does_not_matter():
    first, second = load("1.0.2k", "ecc.crt"), load("3.5.7", "rsa.crt")
    found = x509.read_certificate(b"Certificate:\n  caf\xe9\n" + first.replace(b"\n", b"\r\n") + second)
    assert found.der == x509.read_certificate(first).der
    assert found.text.encode("ascii") == first


@pytest.mark.parametrize(
    "data, reason",
    [
        (b"", "no complete PEM block of type CERTIFICATE"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB", "no complete PEM block"),
        (b"-----BEGIN CERTIFICATE-----\nMI!B\n-----END CERTIFICATE-----\n", "base64 text of its CERTIFICATE"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "DER"),
        (load("3.5.7", "ecc.csr"), "no complete PEM block of type CERTIFICATE"),
    ],
)
def test_what_is_no_certificate_is_refused_with_the_reason(data, reason):
    with pytest.raises(x509.FormatError) as caught:
        x509.read_certificate(data)
    assert reason in str(caught.value)


@example("ecc.crt", 300, 0)
@given(strategies.sampled_from(["ecc.crt", "ecc.csr"]), strategies.integers(0, 900), strategies.integers(0, 255))
@settings(max_examples=100, deadline=None)
def test_damaged_bytes_are_refused_or_read_but_never_crash(name, position, value):
    text, der = x509.pem_blocks(load("1.1.1w", name), ("CERTIFICATE", "CERTIFICATE REQUEST"))[0]
    octets = bytearray(der)
    octets[position % len(octets)] = value
    lines = text.splitlines()
    data = lines[0].encode("ascii") + b"\n" + base64.b64encode(bytes(octets)) + b"\n" + lines[-1].encode("ascii")
    reader = x509.read_certificate if name == "ecc.crt" else x509.read_request
    try:
        reader(data)
    except x509.FormatError:
        pass


@pytest.mark.parametrize("text, year", [(b"491231235959Z", "2049"), (b"500101000000Z", "1950")])
def test_two_digit_years_turn_at_1950(text, year):
    node = x509.Node(x509.UTC_TIME, text, b"")
    assert x509.iso_time(x509._time(node)).startswith(year)
