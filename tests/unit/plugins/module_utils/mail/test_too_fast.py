# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import time

import pytest
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import Lexer
from ansible_collections.mailops.relay.plugins.module_utils.mail.too_fast import TooFast, is_too_fast

# As providers' help pages and issues of others have them, in the words of Postfix; not recorded here.
SAID = "host mx.example.net[203.0.113.2] said: "
FAST = [
    SAID + "421-4.7.28 Gmail has detected an unusual rate of mail. gsmtp (in reply to end of DATA command)",
    SAID + "451 4.7.650 The mail server has been temporarily rate limited due to IP reputation. (S775)",
    "host mta5.am0.yahoodns.net[98.136.96.74] refused to talk to me: 421 4.7.0 [TSS04] Messages temporarily deferred",
    SAID + "421 Too many connections, come back later (in reply to MAIL FROM command)",
    SAID + "421 4.3.2 The maximum number of concurrent server connections has exceeded a limit",
    SAID + "450 4.7.0 <u@rcpt.example>: Recipient address rejected: later (in reply to RCPT TO command)",
    "Deferred: 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred",
]
OTHER = [
    SAID + "450 4.7.1 <u@example.net>: Recipient address rejected: Greylisted (in reply to RCPT TO command)",
    SAID + "451 4.7.1 Greylisting in action, please come back later",
    SAID + "454 4.7.0 TLS not available due to local problem (in reply to STARTTLS command)",
    # Recorded, Postfix 3.7.11
    "SASL authentication failed; server b.provider01.example.net[172.17.200.7] said: 535 5.7.8 Error: authentication failed",
    SAID + "421 4.4.2 mx.example.net Error: timeout exceeded (in reply to DATA command)",
    SAID + "452 4.2.2 The email account that you tried to reach is over quota",
    SAID + "550 5.7.1 blocked, see 4.7.1",
    "connect to mx.example.net[203.0.113.2]:25: Connection timed out",
    "Server certificate not verified",
    "",
]


@pytest.mark.parametrize("reply, fast", [(reply, True) for reply in FAST] + [(reply, False) for reply in OTHER])
def test_what_says_that_mail_comes_too_fast(reply, fast):
    assert is_too_fast(reply) is fast


@pytest.mark.parametrize(
    "tag, way",
    [
        ("postfix/smtp", "gmail.com"),
        ("postfix/smart-ses/smtp", "smarthost:ses"),
        ("postfix/pace-google/smtp", "gmail.com"),
        ("postfix-out/smart-a-b/smtp", "smarthost:a-b"),
        ("sendmail", "gmail.com"),
        ("", "gmail.com"),
    ],
)
def test_whose_pace_it_is(tag, way):
    counts = TooFast()
    for recipient in ("Some.One@Gmail.com", "other@gmail.com"):
        counts.deferred(lambda stamp: 60, "Sep 10 10:00:00", tag, recipient, FAST[0])
        counts.sent(lambda stamp, hour: 60, [0], ["Sep 10 10:00:00"], [tag], [recipient.rpartition("@")[2]])
    assert counts.facts() == {way: {"count": 2, "minutes": 1, "taken": 2, "sample": FAST[0]}}


def test_in_the_minutes_with_an_answer_is_counted_what_was_taken():
    counts = TooFast()
    assert not counts.found

    def sent(second, tag="postfix/smtp", recipient="a@gmail.com"):
        counts.sent(lambda stamp, hour: float(stamp), [0], [str(second)], [tag], [recipient.rpartition("@")[2]])

    def deferred(second, reply=FAST[0], recipient="a@gmail.com"):
        counts.deferred(float, str(second), "postfix/smtp", recipient, reply)

    sent(59)
    deferred(60.5)
    assert counts.found
    for second in (61, 62, 119):
        sent(second)
    sent(119, recipient="a@example.net")
    sent(119, tag="postfix/smart-ses/smtp")
    # A minute without an answer says nothing of how much was too much.
    for second in (120, 130, 140):
        sent(second)
    deferred(185)
    deferred(190, OTHER[0])
    sent(200)
    deferred(300, OTHER[0], "a@example.org")
    facts = {"gmail.com": {"count": 2, "minutes": 2, "taken": 4, "sample": FAST[0]}}
    assert counts.facts() == facts == counts.facts()


BASE = calendar.timegm((2026, 11, 28, 10, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(
    "hour, stamp, same",
    [
        (BASE, "2026-11-28T10:00:59.999999+00:00", True),
        (BASE, "2026-11-28T10:00:60.000000+00:00", True),
        (BASE, "2026-11-28T10:01:00.000000+00:00", False),
        (BASE - 3600, "2026-11-28T10:00:07.000000+01:00", False),
    ],
)
def test_what_is_the_same_minute(hour, stamp, same):
    counts, seconds = TooFast(), Lexer(lambda origin: None, BASE + 3600).seconds
    counts.deferred(seconds, "2026-11-28T10:00:05.000000+00:00", "postfix/smtp", "a@b", FAST[0])
    stamps = ["2026-11-28T10:00:06.000000+00:00", stamp]
    counts.sent(seconds, [BASE, hour], stamps, ["postfix/smtp"] * 2, ["B", "b"])
    assert counts.facts()["b"]["taken"] == (2 if same else 1)


STAMPS = [
    lambda moment: time.strftime("%b %d %H:%M:%S", time.localtime(moment)),
    lambda moment: time.strftime("%Y-%m-%dT%H:%M:%S.25Z", time.gmtime(moment)),
    lambda moment: time.strftime("%Y-%m-%dT%H:%M:%S.123456+00:00", time.gmtime(moment)),
    lambda moment: time.strftime("%Y-%m-%dT%H:%M:%S+05:45", time.gmtime(moment + 20700)),
    lambda moment: time.strftime("%Y-%m-%dT%H:%M:%S.1234", time.localtime(moment)),
    lambda moment: "@{0:016x}00000000".format((1 << 62) + moment + 10),
]
EVENTS = strategies.lists(
    strategies.tuples(
        strategies.integers(0, 400),
        strategies.booleans(),
        strategies.sampled_from("ab"),
        strategies.sampled_from(STAMPS),
    )
)


@given(EVENTS)
def test_the_numbers_are_those_of_the_events(events):
    counts, seconds = TooFast(), Lexer(lambda origin: None, BASE + 3600).seconds
    minutes, told = {}, []

    def tell():
        counts.sent(
            seconds,
            [BASE] * len(told),
            [one[0] for one in told],
            ["postfix/smtp"] * len(told),
            [one[1] for one in told],
        )
        del told[:]

    for second, taken, domain, form in sorted(events, key=lambda event: event[:3]):
        stamp = form(BASE + second)
        if taken:
            told.append((stamp, domain))
        else:
            tell()
            counts.deferred(seconds, stamp, "postfix/smtp", "u@" + domain, FAST[0])
        if not taken or domain in minutes:
            minutes.setdefault(domain, {}).setdefault(second // 60, []).append(taken)
    tell()
    facts = counts.facts()
    assert set(facts) == set(minutes)
    for domain, found in minutes.items():
        found = [some for some in found.values() if False in some]
        assert facts[domain]["count"] == sum(some.count(False) for some in found)
        assert facts[domain]["minutes"] == len(found)
        assert facts[domain]["taken"] == sum(some.count(True) for some in found)
