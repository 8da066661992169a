# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import smtp_limits


@pytest.fixture
def probe(serve):
    """The test of a server; returns its checks by their identifiers."""

    def call(handler, **options):
        server = serve(handler)
        params = dict({"server": server.address, "port": server.port, "tls": "may", "timeout": 20}, **options)
        result = smtp_limits.Probe(params).run()
        assert not result["changed"]
        return dict((check["id"][7:], check) for check in result["checks"])

    return call


def of(checks, status):
    return set(name for name, check in checks.items() if check["status"] == status)


class Polite(object):
    """An Mta that hangs up on who does not wait for its turn."""

    def __init__(self, mta):
        self._mta = mta

    def __call__(self, connection):
        self._mta(_Watched(connection))


class _Watched(object):
    """A connection on which two commands at once end it."""

    def __init__(self, connection):
        self._connection = connection

    def recv(self, size):
        data = self._connection.recv(size)
        if data.count(b"\r\n") > 1:
            self._connection.sendall(b"554 5.5.0 Error: SMTP protocol synchronization\r\n")
            return b""
        return data

    def sendall(self, data):
        self._connection.sendall(data)


def test_a_server_that_tells_and_demands_what_it_should(probe, mta):
    server = mta({"VRFY": "252 2.0.0 maybe", "EXPN": "502 no", "MAIL": "503 5.5.1 send HELO first"})
    checks = probe(Polite(server))
    assert of(checks, "ok") == {"banner", "size", "vrfy", "expn", "helo", "early_talker", "pipelining", "chunking"}
    assert checks["size"]["seen"] == "SIZE 100" and "554 5.5.0" in checks["pipelining"]["seen"]


def test_a_server_that_does_not(probe, mta):
    server = mta(
        {"VRFY nosuch": "550 5.1.1 no", "VRFY": "252 yes"},
        greeting="220 mail.example.com ESMTP Sendmail 8.14.7/8.14.7; ready",
        hello=["mail.example.com", "CHUNKING"],
    )
    checks = probe(server)
    assert of(checks, "warning") == {"banner", "size", "vrfy", "expn", "helo", "pipelining", "chunking"}
    assert all(checks[name]["todo"] for name in of(checks, "warning"))
    assert "8.14.7" in checks["banner"]["seen"]


@pytest.mark.parametrize(
    "text, leaks",
    [
        ("ESMTP Postfix", False),
        ("ESMTP Postfix (Debian/GNU)", False),
        ("ESMTP Postfix (3.7.11)", True),
        ("Sendmail 8.14.7/8.14.7", True),
        ("ESMTP Exim 4.96 Wed", True),
        ("hello [192.0.2.1]", False),
        ("ready at 10:00:00 +0000", False),
    ],
)
def test_versions_in_greetings(probe, mta, text, leaks):
    assert (probe(mta(greeting="220 mx1.2.example.com " + text))["banner"]["status"] == "warning") == leaks


def test_size_without_a_limit(probe, mta):
    assert probe(mta(hello=["x", "SIZE 0"]))["size"]["status"] == "warning"


def test_helo_is_looked_at_with_tls_where_that_is_required(probe, mta, certificates):
    answers = {"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}
    checks = probe(mta(answers, certificate=certificates("limits.example.com")))
    assert checks["helo"]["status"] == "ok" and "530" in checks["helo"]["seen"]


@pytest.mark.parametrize(
    "handler, words",
    [
        (lambda connection: connection.sendall(b"\x1b[2Jgarbage\r\n"), "\\x1b[2Jgarbage"),
        (lambda connection: time.sleep(4), "time limit"),
        (lambda connection: connection.sendall(b"220 " + b"x" * 1000000), "more than 2048 bytes"),
    ],
)
def test_no_dialogue(probe, handler, words):
    begun = time.time()
    checks = probe(handler, timeout=1)
    assert of(checks, "failed") == {"session"} and words in checks["session"]["seen"]
    assert of(checks, "skipped") == {"helo", "early_talker", "pipelining", "chunking"}
    assert time.time() - begun < 2.5
