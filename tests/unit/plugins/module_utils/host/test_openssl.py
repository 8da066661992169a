# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

import pytest
from hypothesis import given, settings, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host import openssl
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")

labels = strategies.sampled_from(["a", "relay", "_dmarc", "xn--mnchen-3ya", "0", "smtp-relay001", "A" * 63, "x_-9"])
domains = strategies.lists(labels, min_size=1, max_size=3).map(lambda found: ".".join(found + ["example"]))
addresses = strategies.lists(strategies.integers(0, 255), min_size=4, max_size=4).map(
    lambda octets: ".".join(str(octet) for octet in octets)
)
addresses6 = strategies.lists(strategies.integers(0, 0xFFFF), min_size=8, max_size=8).map(
    lambda groups: ":".join("{0:04X}".format(group) for group in groups)
)
names = strategies.one_of(
    domains.map("DNS:{0}".format),
    domains.map("DNS:*.{0}".format),
    addresses.map("IP:{0}".format),
    addresses6.map("ip:{0}".format),
    domains.map("email:Post.master+x@{0}".format),
)


def read_config(text):
    """Sections of an openssl configuration, with the meaning that config(5) gives to special characters."""
    sections, lines = {}, None
    for line in text.splitlines():
        assert not re.search(r"[$\\\"'`#;]", line)
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        else:
            lines.append(tuple(part.strip() for part in line.split("=", 1)))
    return sections


@given(strategies.lists(names, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_names_written_to_the_configuration_are_the_names_read_from_it(texts):
    parsed = openssl.parse_names(texts)
    sections = read_config(openssl.config_text("relay.example.com", parsed, "RSA"))
    found = ["{0}:{1}".format(key.split(".")[0], value) for key, value in sections["names"]]
    assert found == parsed
    assert openssl.parse_names(found) == parsed
    assert sections["subject"] == [("CN", "relay.example.com")]


@given(
    strategies.text(max_size=12),
    strategies.sampled_from(u"\n\r,$\\#;\"'`[] \x00\u00e9"),
    strategies.text(max_size=12),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_no_name_carries_anything_into_the_configuration(before, odd, after):
    for prefix in ("DNS:", "IP:", "email:a@"):
        with pytest.raises(openssl.NameProblem):
            openssl.parse_name(prefix + before + odd + after)


@given(strategies.text(max_size=70))
@settings(max_examples=100, deadline=None)
def test_common_name_is_refused_or_one_plain_value(text):
    try:
        openssl.check_common_name(text)
    except openssl.NameProblem:
        return
    sections = read_config(openssl.config_text(text, ["DNS:a.example"], "ECC"))
    assert sections["subject"] == [("CN", text)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("DNS:Relay.Example.COM", "DNS:relay.example.com"),
        ("dns:*.example.com", "DNS:*.example.com"),
        ("DNS:localhost", "DNS:localhost"),
        ("IP:2001:DB8:0:0::1", "IP:2001:db8::1"),
        ("IP:192.0.2.1", "IP:192.0.2.1"),
        ("email:Post.Master@Example.com", "email:Post.Master@example.com"),
    ],
)
def test_names_get_the_form_in_which_they_are_compared(text, expected):
    assert openssl.parse_name(text) == expected


@pytest.mark.parametrize(
    "text, reason",
    [
        ("relay.example.com", "does not say its kind"),
        ("URI:https://example.com", "does not say its kind"),
        ("DNS:192.0.2.1", "write IP:192.0.2.1"),
        ("DNS:", "a DNS name has labels"),
        ("DNS:a..b", "a DNS name has labels"),
        ("DNS:a.", "no dot at the end"),
        ("DNS:-a.example", "a DNS name has labels"),
        ("DNS:a.*.example", "a DNS name has labels"),
        ("DNS:" + "a" * 64, "a DNS name has labels"),
        ("DNS:" + ".".join(["a" * 49] * 6), "at most 253"),
        (u"DNS:m\u00fcnchen.example", "xn-- form"),
        ("DNS:a.example\n", "a DNS name has labels"),
        ("IP:192.0.2.0/24", "without prefix length"),
        ("IP:192.0.2.256", "without prefix length"),
        ("IP:fe80::1%eth0", "without prefix length or zone"),
        ("email:postmaster", "local@domain"),
        ("email:copy", "local@domain"),
        ("email:a$b@example.com", "local@domain"),
    ],
)  # fmt: skip
def test_bad_name_is_refused_with_the_fix(text, reason):
    with pytest.raises(openssl.NameProblem) as caught:
        openssl.parse_name(text)
    assert str(caught.value).startswith("subject_alt_name: ")
    assert reason in str(caught.value)


def test_names_are_kept_once_in_the_order_given():
    assert openssl.parse_names(["DNS:b.example", "DNS:a.example", "dns:B.example"]) == [
        "DNS:b.example",
        "DNS:a.example",
    ]


@pytest.mark.parametrize("text", ["", " a", "a\n", "a\nSAN = b", "a$b", "a\\b", "a,b", "a#b", "a;b", "-a", u"\u00e9"])  # fmt: skip
def test_common_name_with_odd_characters_is_refused(text):
    with pytest.raises(openssl.NameProblem) as caught:
        openssl.check_common_name(text)
    assert "common_name" in str(caught.value)


def test_common_name_may_have_64_characters():
    assert openssl.check_common_name("a" * 64) == "a" * 64
    with pytest.raises(openssl.NameProblem) as caught:
        openssl.check_common_name("a" * 65)
    assert "65 characters" in str(caught.value) and "subject_alt_name" in str(caught.value)


def test_serial_is_positive_and_at_most_twenty_octets():
    for _round in range(50):
        value = int(openssl.random_serial(), 16)
        assert 0 < value.bit_length() <= 159
    assert openssl.random_serial() != openssl.random_serial()


class Recorder(object):
    """Answers with one result and keeps what it was asked."""

    def __init__(self, rc=0, stdout="", stderr=""):
        self.result = Result(rc, stdout, stderr)
        self.calls = []

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append((argv, stdin, env))
        if check and self.result.rc:
            raise CommandError(argv, *self.result)
        return self.result


def fixture(version, name):
    with open(os.path.join(FIXTURES, "openssl-" + version, name)) as handle:
        return handle.read()


def test_passphrase_reaches_openssl_only_on_standard_input():
    runner = Recorder(stdout=fixture("3.5.7", "ecc.pub"))
    tool = openssl.OpenSSL(runner, "/scratch")
    tool.public_key("/ca.key", "s3cret")
    tool.signed("/c", "/r", "/ca.crt", "/ca.key", "s3cret", 10)
    assert [stdin for _argv, stdin, _env in runner.calls] == ["s3cret\n", "s3cret\n"]
    assert not any("s3cret" in str((argv, env)) for argv, _stdin, env in runner.calls)


def test_a_key_without_passphrase_never_makes_openssl_ask_at_the_terminal():
    runner = Recorder(stdout=fixture("3.5.7", "ecc.pub"))
    openssl.OpenSSL(runner).public_key("/key")
    assert runner.calls[0][1].strip() != ""


@pytest.mark.parametrize(
    "rc, stdout, stderr, expected",
    [
        (0, "/c.crt: OK\n", "", None),
        # 1.0.2 exits with 0 here
        (
            0,
            "/c.crt: CN = relay\nerror 20 at 0 depth lookup:unable to get local issuer certificate\n",
            "",
            "error 20 at 0 depth lookup:unable to get local issuer certificate",
        ),
        (
            2,
            "",
            "CN = relay\nerror 10 at 0 depth lookup: certificate has expired\nerror /c.crt: verification failed\n",
            "error 10 at 0 depth lookup: certificate has expired",
        ),
        (1, "", "unable to load certificates\n", "unable to load certificates"),
    ],
)
def test_verification_counts_only_when_openssl_says_ok(rc, stdout, stderr, expected):
    runner = Recorder(rc, stdout, stderr)
    assert openssl.OpenSSL(runner).problem_with("/c.crt", "/ca.crt") == expected
    assert runner.calls[0][2]["SSL_CERT_DIR"] == "/dev/null"


@pytest.mark.parametrize(
    "version, locked, foreign",
    [
        ("1.0.2k", "unable to load key", "unable to load key"),
        ("1.1.1w", "unable to load key", "unable to load key"),
        ("3.0.20", "Could not read key from /tmp/f/enc.key", "Could not read key from /tmp/f/c.cnf"),
        (
            "3.5.7",
            "Could not find private key of key from /tmp/f/enc.key",
            "Could not find private key of key from /tmp/f/c.cnf",
        ),
    ],
)
def test_reason_leaves_out_the_numbers_of_openssl(version, locked, foreign):
    runs = re.split(r"^\$ .*\n", fixture(version, "errors.txt"), flags=re.MULTILINE)[1:]
    answers = [re.split(r"^exit code ([0-9]+)\n", run, flags=re.MULTILINE)[:2] for run in runs]
    assert [int(rc) for _text, rc in answers] == [1, 1, 0]
    assert openssl.reason_of(CommandError(["openssl"], 1, "", answers[0][0])) == locked
    assert openssl.reason_of(CommandError(["openssl"], 1, "", answers[1][0])) == foreign
