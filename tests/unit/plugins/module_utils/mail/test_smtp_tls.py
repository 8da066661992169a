# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.mail import smtp_tls
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_tls import name_matches, normal_fingerprint

NAME = "relay.example.com"
DAY = 86400
labels = strategies.text(alphabet="abc*.-", max_size=12)


@pytest.mark.parametrize(
    "pattern, name, fits",
    [
        (NAME, NAME, True),
        ("Relay.Example.COM", "relay.example.com.", True),
        ("*.example.com", NAME, True),
        ("*.example.com", "a.relay.example.com", False),
        ("*.example.com", "example.com", False),
        ("*.example.com", ".example.com", False),
        ("*.com", "example.com", False),
        ("*", "localhost", False),
        ("r*.example.com", NAME, False),
        ("relay.*.com", NAME, False),
        ("*.*.com", NAME, False),
        ("relay.example.com\x00.example.net", NAME, False),
        ("", NAME, False),
    ],
)
def test_names_of_certificates(pattern, name, fits):
    assert name_matches(pattern, name) is fits


@given(labels, labels)
def test_a_wildcard_stands_for_one_label_and_nothing_else_for_anything(pattern, name):
    if name_matches(pattern, name):
        pattern, name = pattern.rstrip("."), name.rstrip(".")
        assert pattern.count(".") == name.count(".")
        assert pattern == name or pattern[:2] == "*." and pattern[1:] == name[name.index(".") :]


@pytest.mark.parametrize("text", ["AB:" * 31 + "AB", "ab" * 32, " sha256:" + "aB" * 32, "SHA256=" + "ab " * 32])
def test_a_fingerprint_in_each_way_of_writing_it(text):
    assert normal_fingerprint(text) == "ab" * 32


@pytest.mark.parametrize("text", ["", "ab" * 20, "xy" * 32, "ab" * 33])
def test_no_fingerprint(text):
    with pytest.raises(ProbeError) as caught:
        normal_fingerprint(text)
    assert "fingerprint" in str(caught.value)


@pytest.fixture(scope="module")
def relay(certificates):
    """Paths of the relay's certificate and key."""
    return certificates(NAME, "DNS:" + NAME, "IP:192.0.2.1")


@pytest.fixture
def probe(serve):
    """The test of a server; returns its result, and the checks by their identifiers."""

    def call(handler, **options):
        server = serve(handler)
        params = {
            "server": server.address,
            "port": server.port,
            "tls": "may",
            "ca_file": None,
            "fingerprint": None,
            "server_name": NAME,
            "expiry_days": 30,
            "timeout": 20,
        }
        result = smtp_tls.Probe(dict(params, **options)).run()
        return result, dict((check["id"][4:], check) for check in result["checks"])

    return call


def statuses(checks):
    return dict((name, check["status"]) for name, check in checks.items())


def test_a_good_server(probe, mta, relay):
    result, checks = probe(mta(certificate=relay), ca_file=relay[0])
    assert statuses(checks) == dict(
        offered="ok", required="ok", protocol="ok", chain="ok", fingerprint="skipped", name="ok", expiry="ok"
    )
    assert result["status"] == "ok" and result["session"]["subject"] == "CN=" + NAME
    assert result["session"]["version"].startswith("TLSv1.") and result["session"]["names"] == [
        "DNS:" + NAME,
        "IP:192.0.2.1",
    ]
    assert "without TLS too" in checks["required"]["seen"] and NAME in checks["chain"]["seen"]
    fingerprint = result["session"]["fingerprint"]
    for given_one in (fingerprint, result["session"]["public_key_fingerprint"].lower()):
        assert statuses(probe(mta(certificate=relay), fingerprint=given_one)[1])["fingerprint"] == "ok"


def test_another_authority_is_named(probe, mta, relay, certificates):
    other = certificates("ca.example.org")
    result, checks = probe(mta(certificate=relay), ca_file=other[0])
    assert result["status"] == "failed" and statuses(checks)["chain"] == "failed"
    for words in (
        "CN=ca.example.org",
        "CN=" + NAME,
        other[0],
        "verif" if "verif" in checks["chain"]["seen"] else "self",
    ):
        assert words in checks["chain"]["seen"]
    assert other[0] in checks["chain"]["todo"]


def test_another_name_another_fingerprint_and_an_early_end(probe, mta, relay):
    _result, checks = probe(
        mta(certificate=relay), server_name="mail.example.com", fingerprint="00" * 32, expiry_days=365
    )
    found = statuses(checks)
    assert (found["name"], found["fingerprint"], found["expiry"]) == ("failed", "failed", "warning")
    assert "mail.example.com" in checks["name"]["seen"] and NAME in checks["name"]["seen"]
    assert statuses(probe(mta(certificate=relay), server_name="192.0.2.1")[1])["name"] == "ok"
    assert statuses(probe(mta(certificate=relay), server_name="192.0.2.2")[1])["name"] == "failed"


def test_only_a_common_name(probe, mta, certificates):
    _result, checks = probe(mta(certificate=certificates("old.example.com")), server_name="old.example.com")
    assert checks["name"]["status"] == "warning" and "RFC 9525" in checks["name"]["todo"]


def test_whether_tls_is_required(probe, mta, relay):
    strict = mta({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, certificate=relay)
    _result, checks = probe(strict, tls="required")
    assert checks["required"]["status"] == "ok" and "530" in checks["required"]["seen"]
    assert statuses(probe(mta(certificate=relay), tls="required")[1])["required"] == "failed"


def test_no_tls_at_all(probe, mta):
    result, checks = probe(mta())
    assert statuses(checks) == dict(
        offered="failed", protocol="skipped", chain="skipped", fingerprint="skipped", name="skipped", expiry="skipped"
    )
    assert result["status"] == "failed"


@pytest.mark.parametrize(
    "handler, words",
    [
        (lambda connection: connection.sendall(b"garbage\r\n"), "garbage"),
        (lambda connection: time.sleep(3), "time limit"),
        (lambda connection: None, "closed"),
    ],
)
def test_no_dialogue(probe, handler, words):
    begun = time.time()
    result, checks = probe(handler, timeout=1)
    assert checks["connection"]["status"] == result["status"] == "failed" and words in checks["connection"]["seen"]
    assert time.time() - begun < 2.5


def test_trust_anchors_that_are_none_are_the_users_mistake(probe, mta):
    with pytest.raises(ProbeError) as caught:
        probe(mta(), ca_file="/nowhere/ca.pem")
    assert "ca_file: /nowhere/ca.pem" in str(caught.value)


def test_expiry(relay):
    with open(relay[0], "rb") as handle:
        certificate = x509.read_certificate(handle.read())
    for now, status in (
        (certificate.not_before - DAY, "failed"),
        (certificate.not_before + DAY, "ok"),
        (certificate.not_after - 29 * DAY, "warning"),
        (certificate.not_after + 1, "failed"),
    ):
        assert smtp_tls.check_expiry("relay", certificate, now, 30)["status"] == status
