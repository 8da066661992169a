# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import time

import pytest
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mail import probe_message
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError

SENDER, RECIPIENT = "app@web01.example.com", "ops@example.net"


class Programs(object):
    """A runner with a program sendmail that ends as a test wants; keeps how it was called."""

    def __init__(self, rc=0, stderr="", paths=("sendmail",)):
        self._result = Result(rc, "", stderr)
        self._paths = paths
        self.calls = []

    def find(self, program):
        if program not in self._paths:
            return None
        return program if program.startswith("/") else "/usr/sbin/" + program

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append((argv, stdin))
        return self._result


def params(**options):
    return dict(
        {
            "sender": SENDER,
            "recipient": RECIPIENT,
            "message_id": None,
            "server": None,
            "port": 25,
            "tls": "may",
            "timeout": 20,
        },
        **options
    )  # fmt: skip


def test_a_message_for_the_local_mail_system():
    runner = Programs()
    before = time.time()
    result = probe_message.send(runner, params(), False)
    ((argv, text),) = runner.calls
    assert argv == ["timeout", "-k", "1", "20", "/usr/sbin/sendmail", "-i", "-f", SENDER, "--", RECIPIENT]
    assert "\nMessage-ID: {0}\n".format(result["message_id"]) in text and "\nTo: <ops@example.net>\n" in text
    assert re.match(r"<mailops-probe\.[0-9a-f]{32}@[A-Za-z0-9.-]+>\Z", result["message_id"])
    assert result["changed"] and result["queue_id"] == "" and before <= result["submitted_at"] <= time.time()


@pytest.mark.parametrize("path", ["/usr/lib/sendmail", "/var/qmail/bin/sendmail"])
def test_the_program_may_be_elsewhere(path):
    runner = Programs(paths=(path,))
    probe_message.send(runner, params(), False)
    assert runner.calls[0][0][4] == path


@pytest.mark.parametrize(
    "runner, kind, words",
    [
        (Programs(paths=()), "option", "no program sendmail"),
        (
            Programs(rc=75, stderr="sendmail: fatal: \x1b[2Jqueue"),
            "refusal",
            "did not take the message: sendmail: fatal: \\x1b[2Jqueue",
        ),
        (Programs(rc=1), "refusal", "exit code 1"),
        (Programs(rc=124), "timeout", "within the time limit of 20 s"),
        (Programs(rc=137), "timeout", "within the time limit of 20 s"),
    ],
)
def test_the_local_mail_system_does_not_take_it(runner, kind, words):
    with pytest.raises(ProbeError) as caught:
        probe_message.send(runner, params(), False)
    assert caught.value.kind == kind and words in str(caught.value)


def test_a_message_for_a_server(serve, mta):
    server = mta({"END": "250 2.0.0 Ok: queued as 4jXKsg4Qmrz1"})
    listening = serve(server)
    sent = params(server=listening.address, port=listening.port, message_id="4711@web01.example.com")
    result = probe_message.send(None, sent, False)
    assert (result["message_id"], result["queue_id"]) == ("<4711@web01.example.com>", "4jXKsg4Qmrz1")
    assert server.said[1:4] == ["MAIL FROM:<{0}>".format(SENDER), "RCPT TO:<{0}>".format(RECIPIENT), "DATA"]
    assert "Message-ID: <4711@web01.example.com>\r\n" in server.said[4] and server.said[5] == "QUIT"
    assert result["transcript"][-2:] == ["C: QUIT", "S: 221 bye"]


def test_a_message_over_tls(serve, mta, certificates):
    server = mta(certificate=certificates("message.example.com"))
    listening = serve(server)
    probe_message.send(None, params(server=listening.address, port=listening.port, tls="required"), False)
    assert [command.split()[0] for command in server.said[:3]] == ["EHLO", "STARTTLS", "EHLO"]


@pytest.mark.parametrize(
    "answers, tls, words",
    [
        ({"RCPT": "550 5.1.1 no such user"}, "may", "the answer to RCPT is 550 5.1.1 no such user"),
        ({"DATA": "554 5.5.1 no"}, "may", "the answer to DATA is 554"),
        ({"END": "552 5.3.4 too large"}, "may", "the answer to the message is 552 5.3.4 too large"),
        ({"STARTTLS": "502 no"}, "required", "the answer to STARTTLS is 502 no"),
    ],
)
def test_a_server_that_does_not_take_it(serve, mta, answers, tls, words):
    listening = serve(mta(answers))
    with pytest.raises(ProbeError) as caught:
        probe_message.send(None, params(server=listening.address, port=listening.port, tls=tls), False)
    assert caught.value.kind == "refusal" and words in str(caught.value)
    assert "port {0}".format(listening.port) in str(caught.value)
    assert any(line.startswith("S: 220") for line in caught.value.facts()["transcript"])


def test_a_server_that_stalls_or_is_not_there(serve):
    begun = time.time()
    stalling = serve(lambda connection: time.sleep(4))
    for options, kind in (({"port": stalling.port}, "timeout"), ({"port": 1}, "refused"), ({"server": "a b"}, "name")):
        with pytest.raises(ProbeError) as caught:
            probe_message.send(None, params(**dict({"server": "127.0.0.1", "timeout": 1}, **options)), False)
        assert caught.value.kind == kind
    assert time.time() - begun < 3


def test_check_mode_sends_nothing(serve, mta):
    listening, runner = serve(mta()), Programs()
    for options in ({}, {"server": listening.address, "port": listening.port}):
        result = probe_message.send(runner, params(**options), True)
        assert result["changed"] and "nothing was sent" in result["reply"]
    assert runner.calls == [] and listening.connections == 0


@pytest.mark.parametrize("option", ["sender", "recipient"])
@pytest.mark.parametrize(
    "address",
    ["", "ops", "-oQ/tmp@example.com", "a@example.com\r\nDATA", "a@b>c.example", "a b@example.com", "a@\xe4.example"],
)
def test_what_is_no_address(option, address):
    with pytest.raises(ProbeError) as caught:
        probe_message.send(Programs(), params(**{option: address}), False)
    assert caught.value.kind == "option" and str(caught.value).startswith(option + ": ")


@pytest.mark.parametrize("message_id", ["<>", "4711", "a@b\r\nBcc: c@example.net", "<a@b>>", "a b@c"])
def test_what_is_no_message_id(message_id):
    with pytest.raises(ProbeError) as caught:
        probe_message.send(Programs(), params(message_id=message_id), False)
    assert "message_id" in str(caught.value)


@given(strategies.text(max_size=30), strategies.text(max_size=30))
def test_no_address_ends_a_line_or_is_an_option(local, domain):
    address = local + "@" + domain
    try:
        probe_message.check_address("sender", address)
    except ProbeError:
        return
    assert not re.search(u"[\\s<>\x00-\x20\x7f-\uffff]", address) and not address.startswith("-")  # fmt: skip
    assert probe_message.content(address, address, "<a@b>").count("\n") == probe_message.TEXT.count("\n")
