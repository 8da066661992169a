# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError
from ansible_collections.mailops.relay.plugins.module_utils.mta import next_hops
from ansible_collections.mailops.relay.plugins.module_utils.mta.queues import BACKENDS

RELAYS = ["smtp-relay001", "smtp-relay001.example.com", "10.20.0.10", "fd00:20::a"]

# Made up after postconf -x of Postfix 3.7 as Debian 12 installs it; the last lines are what a table adds.
DEBIAN = """\
relayhost =
smtp_fallback_relay =
default_transport = smtp
transport_maps =
sender_dependent_relayhost_maps =
sender_dependent_default_transport_maps =
content_filter =
"""


class Runner(object):
    """A host with one mail system."""

    def __init__(self, output=""):
        self._output = output

    def run(self, argv, check=True):
        assert argv[:2] == ["postconf", "-x"]
        return Result(0, self._output, "")


@pytest.fixture
def host(monkeypatch, tmp_path):
    """Makes a host with this mail system and these files; returns its runner."""

    def call(mta, output="", **files):
        for backend in BACKENDS:
            there = backend.name == mta
            monkeypatch.setattr(backend, "is_there", staticmethod(lambda _runner, there=there: there))
        for name in ("_SENDMAIL_CF", "_MAILERTABLE", "_SMTPROUTES"):
            path = tmp_path / name
            if name in files:
                path.write_bytes(files[name].encode("ascii"))
            monkeypatch.setattr(next_hops, name, str(path))
        monkeypatch.setattr(
            next_hops,
            "addresses_of",
            lambda name, port, deadline: ["10.20.0.10"] if name == "alias.example" else ["192.0.2.9"],
        )
        return Runner(output)

    return call


def postfix(**values):
    lines = DEBIAN
    for name, value in values.items():
        lines = lines.replace("\n{0} =".format(name), "\n{0} = {1}#".format(name, value), 1)
        if lines.startswith(name + " ="):
            lines = "{0} = {1}\n".format(name, value) + lines.partition("\n")[2]
    return "\n".join(line.partition("#")[0] for line in lines.split("\n"))


@pytest.mark.parametrize(
    "output",
    [
        postfix(relayhost="[smtp-relay001.example.com]:587"),
        postfix(relayhost="[SMTP-relay001.Example.com.]:587"),
        postfix(relayhost="10.20.0.10"),
        postfix(relayhost="[fd00:20:0::a]:25"),
        postfix(relayhost="[other.example.net]", smtp_fallback_relay="[x.example], [smtp-relay001.example.com]:587"),
        postfix(default_transport="smtp:[smtp-relay001.example.com]:587"),
        # Whose MX may be the relay, and another name of it.
        postfix(relayhost="example.com"),
        postfix(relayhost="[alias.example]:25"),
        # Only tables, programs and other parameters tell.
        postfix(transport_maps="hash:/etc/postfix/transport"),
        postfix(content_filter="smtp-amavis:[127.0.0.1]:10024"),
        postfix(default_transport="slow"),
    ],
)
def test_a_client_with_postfix(host, output):
    next_hops.check(host("postfix", output), RELAYS)


@pytest.mark.parametrize(
    ("output", "word"),
    [
        (postfix(), "the servers of each recipient's domain itself"),
        (postfix(relayhost="[smtp.provider.example]:587"), "[smtp.provider.example]:587"),
        (postfix(relayhost="[example.com]"), "[example.com]"),
        (postfix(relayhost="[smtp-relay001.example.com.evil.example]"), "evil"),
        (postfix(relayhost="192.0.2.7"), "192.0.2.7"),
    ],
)
def test_a_host_with_postfix_that_is_none(host, output, word):
    with pytest.raises(ProbeError) as caught:
        next_hops.check(host("postfix", output), RELAYS)
    assert caught.value.kind == "not_a_client" and word in str(caught.value)


CF = "V10/Berkeley\nDS{0}\nDH\nDMexample.com\n"


@pytest.mark.parametrize(
    ("files", "client"),
    [
        ({"_SENDMAIL_CF": CF.format("esmtp:[smtp-relay001.example.com]")}, True),
        ({"_SENDMAIL_CF": CF.format("esmtp:other.example.net:smtp-relay001.example.com")}, True),
        ({"_SENDMAIL_CF": CF.format("")}, False),
        ({"_SENDMAIL_CF": CF.format("smtp.provider.example")}, False),
        ({}, False),
        ({"_SENDMAIL_CF": CF.format(""), "_MAILERTABLE": "# nothing\n\n"}, False),
        ({"_SENDMAIL_CF": CF.format(""), "_MAILERTABLE": ".example.net\tsmtp:[x]\n"}, True),
    ],
)
def test_sendmail(host, files, client):
    runner = host("sendmail", **files)
    if client:
        next_hops.check(runner, RELAYS)
    else:
        with pytest.raises(ProbeError):
            next_hops.check(runner, RELAYS)


@pytest.mark.parametrize(
    ("routes", "client"),
    [
        (":smtp-relay001.example.com:25\n", True),
        ("example.net:10.20.0.10\n:other.example.net\n", True),
        ("", False),
        (":smtp.provider.example:25\n", False),
    ],
)
def test_qmail(host, routes, client):
    runner = host("qmail", _SMTPROUTES=routes)
    if client:
        next_hops.check(runner, RELAYS)
    else:
        with pytest.raises(ProbeError):
            next_hops.check(runner, RELAYS)


def test_a_host_without_a_mail_system_sends_nothing_through_a_relay(host):
    with pytest.raises(ProbeError):
        next_hops.check(host("none"), RELAYS)
