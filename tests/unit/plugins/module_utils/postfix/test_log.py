# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import Events
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import Lexer
from ansible_collections.mailops.relay.plugins.module_utils.postfix.log import PostfixReader

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
NAMES = "arrival message_id sender delivery removed reject link note gap".split()


class Recorder(Events):
    def __init__(self):
        self.calls = []
        for name in NAMES:
            setattr(self, name, self._recorder(name))

    def _recorder(self, name):
        return lambda stamp, origin, *arguments: self.calls.append((name,) + arguments)


def read(text):
    """The events of lines without stamp and host, and the Lexer."""
    recorder = Recorder()
    lexer = Lexer(PostfixReader(recorder).resolve)
    lexer.read("".join("Nov 22 07:07:44 relay {0}\n".format(line) for line in text.splitlines()))
    return recorder.calls, lexer


@pytest.mark.parametrize(
    "name",
    [
        "maillog.2.10.1.txt",
        "maillog-kinds.3.5.25-bullseye.txt",
        "maillog-kinds.3.7.11-bookworm.txt",
        "maillog-kinds.3.10-trixie.txt",
    ],
)
def test_every_line_of_a_recorded_log_is_known(name):
    with io.open(os.path.join(FIXTURES, name), encoding="utf-8", newline="\n") as stream:
        text = stream.read()
    recorder = Recorder()
    lexer = Lexer(PostfixReader(recorder).resolve)
    lexer.read(text if isinstance("", type(text)) else text.encode("utf-8"))
    assert (lexer.unreadable, lexer.unknown, lexer.samples) == (0, 0, [])
    assert lexer.lines == text.count("\n")
    assert len(recorder.calls) > 80


@pytest.mark.parametrize(
    "line, event",
    [
        (
            "postfix/submission/smtpd[1]: 806E81C408F: client=web01.example.com[10.20.0.11], sasl_method=PLAIN, sasl_username=app",
            ("arrival", "806E81C408F", "web01.example.com[10.20.0.11]", "sasl_method=PLAIN, sasl_username=app"),
        ),
        ("pf-relay/pickup[1]: 806E81C408F: uid=33 from=<www-data>", ("arrival", "806E81C408F", "", "uid=33")),
        ("postfix/cleanup[1]: 806E81C408F: message-id=<>", ("message_id", "806E81C408F", "<>")),
        (
            "postfix/qmgr[1]: 4jXKsf5kNkzFwr7: from=<>, size=357, nrcpt=1 (queue active)",
            ("sender", "4jXKsf5kNkzFwr7", "", "357", "1"),
        ),
        (
            "postfix/qmgr[1]: 4jXKsf5kNkzFwr7: from=<a@x>, status=expired, returned to sender",
            ("note", "4jXKsf5kNkzFwr7", "expired", "returned to sender"),
        ),
        ("postfix/qmgr[1]: 4jXKsf5kNkzFwr7: removed", ("removed", "4jXKsf5kNkzFwr7")),
        (
            "postfix-out/local[1]: 9B1: to=<root@r>, orig_to=<root>, relay=local, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (forwarded as 9B2)",
            ("delivery", "9B1", "root@r", "root", "local", "0.1", "0.1/0/0/0", "2.0.0", "sent", "forwarded as 9B2", ""),
        ),
        (
            "postfix/bounce[1]: 1DAFE19E54D: sender non-delivery notification: 1F7F919E54A",
            ("link", "1DAFE19E54D", "bounce", "1F7F919E54A"),
        ),
        (
            "postfix/bounce[1]: BDE9819E376: postmaster delay notification: DD01419E352",
            ("link", "BDE9819E376", "delay", "DD01419E352"),
        ),
        (
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <v@example.net>: Relay access denied; "
            "from=<a@example.org> to=<v@example.net> proto=ESMTP helo=<x>",
            (
                "reject", "", "reject", "RCPT", "unknown[203.0.113.9]", "554 5.7.1 <v@example.net>: Relay access denied",
                "a@example.org", "v@example.net",
            ),  # fmt: skip
        ),
        (
            "postfix/cleanup[1]: 9CDD419E57F: reject: header Subject: check-reject from legacy01.example.com[10.30.0.13]; "
            "from=<app@web01.example.com> to=<ops@example.net> proto=ESMTP helo=<legacy01.example.com>: 5.7.1 header is bad",
            (
                "reject", "9CDD419E57F", "reject", "header Subject", "legacy01.example.com[10.30.0.13]", "5.7.1 header is bad",
                "app@web01.example.com", "ops@example.net",
            ),  # fmt: skip
        ),
        ("postfix/postsuper[1]: 7B1C40A: placed on hold", ("note", "7B1C40A", "held", "by postsuper")),
        (
            "postfix/smtp[1]: 7B1C40A: host mx[1.2.3.4] said: 450 4.2.0 later (in reply to RCPT TO command)",
            ("note", "7B1C40A", "attempt", "host mx[1.2.3.4] said: 450 4.2.0 later (in reply to RCPT TO command)"),
        ),
        (
            "postfix/cleanup[1]: warning: 83C6B19E5F6: message rejected: hopcount exceeded",
            ("note", "83C6B19E5F6", "warning", "message rejected: hopcount exceeded"),
        ),
    ],
)
def test_a_line_tells(line, event):
    calls, lexer = read(line)
    assert calls[0] == event and not lexer.unknown


def test_a_requeued_message_is_linked_to_what_it_was():
    calls, _lexer = read("postfix/pickup[1]: 4jXKsf5kNkzFwr7: uid=0 from=<app@web01.example.com> orig_id=7B1C40A")
    assert calls[1] == ("link", "7B1C40A", "requeued", "4jXKsf5kNkzFwr7")


TLS = "Trusted TLS connection established to mx[1.2.3.4]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
SENT = "to=<a@b>, relay=mx[1.2.3.4]:25, {0}delay=1, delays=0/0/0/1, {1}dsn=2.0.0, status=sent (250 ok)"


def test_tls_of_a_delivery_is_that_of_its_connection():
    calls, _lexer = read(
        "\n".join(
            [
                "postfix/smtp[1]: " + TLS,
                "postfix/smtp[1]: 7B1C401: " + SENT.format("", ""),
                "postfix/smtp[1]: 7B1C402: " + SENT.format("conn_use=2, ", ""),
                "postfix/smtp[1]: 7B1C403: " + SENT.format("", ""),
                # Since 3.11 the line says it itself.
                "postfix/smtp[1]: 7B1C404: " + SENT.format("", "tls=verified, "),
            ]
        )
    )
    trusted = "Trusted TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert [call[-1] for call in calls] == [trusted, trusted, "none", "verified"]


@pytest.mark.parametrize(
    "line",
    [
        "postfix/smtpd[1]: something that no smtpd says",
        "postfix/qmgr[1]: 4jXKsf5kNkzFwr7: from=<a@b>, size=",
        "postfix/smtp[1]: 7B1C401: to=<a@b>, relay=mx[1.2.3.4]:25, delay=1, del",
    ],
)
def test_what_is_not_known_is_counted_and_shown(line):
    calls, lexer = read(line)
    assert lexer.unknown == 1 and not calls and line in lexer.samples[0]


def test_other_programs_with_such_names_are_not_Postfix():
    _calls, lexer = read("smtpd[1]: 7B1C401: client=x[1.2.3.4]\ndovecot/imap[1]: hello")
    assert lexer.others == {"smtpd": 1, "dovecot/imap": 1}
