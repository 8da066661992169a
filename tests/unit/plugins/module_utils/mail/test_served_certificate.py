# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys

import pytest
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import stream, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import OpenSSL
from ansible_collections.mailops.relay.plugins.module_utils.mail import served_certificate
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.authority import site

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(__file__)), "host", "fixtures")


class Programs(object):
    """Answers with a text, or fails without one."""

    def __init__(self, text=None):
        self.text = text
        self.asked = []

    def run(self, argv, stdin=None, check=True, env=None):
        self.asked.append((argv, stdin))
        if self.text is None:
            raise CommandError(argv, 127, "", "no such program")
        return Result(0, self.text, "")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return site(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def chained(made, mta):
    """A server that sends a certificate and the one above it."""
    return mta(certificate=(made.join("chain", "leaf", "middle"), made.path("leaf.key")))


def ask(port, programs, implicit=False, kind=None):
    certificates, whole = served_certificate.sent("127.0.0.1", port, stream.Deadline(20), implicit, kind, programs)
    return [certificate.subject for certificate in certificates], whole


@pytest.mark.skipif(sys.version_info < (3, 10), reason="this Python does not tell the chain")
def test_all_that_is_sent_is_seen_and_the_server_is_left_as_it_should_be(serve, chained):
    programs = Programs()
    assert ask(serve(chained).port, programs) == (["CN=relay.example.com", "CN=Example middle"], True)
    assert [line.partition(" ")[0] for line in chained.said] == ["EHLO", "STARTTLS", "QUIT"]
    assert programs.asked == []


def test_where_python_keeps_the_chain_to_itself_openssl_tells_it(serve, chained, made, monkeypatch):
    monkeypatch.setattr(stream, "_chain_of", lambda sock: None)
    programs = Programs("words\n" + made.read("leaf") + "words\n" + made.read("middle"))
    port = serve(chained).port
    assert ask(port, programs) == (["CN=relay.example.com", "CN=Example middle"], True)
    ((argv, stdin),) = programs.asked
    assert argv[:4] == ["timeout", "-k", "1", "20"] and argv[argv.index("-connect") + 1] == "127.0.0.1:{0}".format(port)
    assert argv[-2:] == ["-starttls", "smtp"] and stdin == "QUIT\n"


@pytest.mark.parametrize("said", [None, "", "another", "damaged"])
def test_what_openssl_cannot_tell_is_not_known(serve, chained, made, monkeypatch, said):
    monkeypatch.setattr(stream, "_chain_of", lambda sock: None)
    text = {"another": made.read("self"), "damaged": made.read("leaf").replace("M", "-", 1)}.get(said, said)
    assert ask(serve(chained).port, Programs(text)) == (["CN=relay.example.com"], False)


def test_a_server_without_tls_is_left_with_quit(serve, mta):
    server = mta()
    with pytest.raises(stream.StreamError, match="STARTTLS is not offered"):
        ask(serve(server).port, Programs())
    assert server.said[-1] == "QUIT"


def test_what_cannot_do_tls_says_so(serve, mta):
    server = mta(answers={"STARTTLS": "454 4.7.0 TLS not available due to local problem"}, hello=["relay", "STARTTLS"])
    with pytest.raises(stream.StreamError, match="STARTTLS is 454 4.7.0 TLS not available"):
        ask(serve(server).port, Programs())
    assert server.said[-1] == "QUIT"


def test_a_certificate_of_a_kind_that_the_server_does_not_have_is_not_seen(serve, chained):
    port = serve(chained).port
    assert ask(port, Programs(""), kind="ECC")[0][0] == "CN=relay.example.com"
    with pytest.raises(stream.StreamError):
        ask(port, Programs(""), kind="RSA")


@pytest.mark.parametrize(
    "server, implicit, kind, where, options",
    [
        ("192.0.2.1", False, None, "192.0.2.1:25", ["-starttls", "smtp"]),
        ("2001:db8::1", True, None, "[2001:db8::1]:25", []),
        ("192.0.2.1", True, "ECC", "192.0.2.1:25", ["-tls1_2", "-cipher", "aECDSA"]),
    ],
)
def test_how_openssl_is_called(server, implicit, kind, where, options):
    programs = Programs("")
    OpenSSL(programs).sent_by(server, 25, implicit, kind, 7.6)
    assert programs.asked[0][0] == (
        ["timeout", "-k", "1", "8", "openssl", "s_client", "-connect", where, "-showcerts", "-crlf", "-ign_eof"]
        + options
    )


@pytest.mark.parametrize("version", ["1.1.1w", "3.0.20"])
def test_what_openssl_prints_has_each_certificate_once(version):
    with open(os.path.join(FIXTURES, "openssl-" + version, "s_client.txt")) as handle:
        found = x509.read_certificates(to_bytes(handle.read()))
    assert [one.subject for one in found] == ["CN=smtp-relay.example.com", "CN=Site intermediate", "CN=Site root"]
