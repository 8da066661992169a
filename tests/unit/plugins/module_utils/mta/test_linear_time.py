# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What strangers write into logs and replies takes time in proportion to its length."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.rsyslog_config import parse as parse_rsyslog
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_password, without_logins
from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import Flow
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, peer
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mail.reason import explained_class
from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import next_id
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers

SENT = "4ABC1234: to=<{0}>, relay=x[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 {1})"
REFUSED = "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 {0}; from=<{1}> to=<{2}> proto=ESMTP helo=<{3}>"
SENDMAIL = "uANA1234012345: to={0}, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=x [192.0.2.1], dsn=2.0.0, stat=Sent ({1})"
# Who writes, and where the outside text is.
LINES = [
    ("postfix/smtpd", REFUSED.format("{0}", "a@b", "c@d", "x")),
    ("postfix/smtpd", REFUSED.format("no", "{0}", "c@d", "x")),
    ("postfix/smtpd", REFUSED.format("no", "a@b", "{0}", "x")),
    ("postfix/smtpd", REFUSED.format("no", "a@b", "c@d", "{0}")),
    ("postfix/smtpd", "proxy-reject: END-OF-MESSAGE: {0}; from=<{0}> proto=SMTP"),
    ("postfix/smtpd", "4ABC1234: client=x[192.0.2.1], sasl_username={0}"),
    (
        "postfix/postscreen",
        "NOQUEUE: reject: RCPT from [192.0.2.1]:5: 550 x; from=<{0}>, to=<{0}>, proto=ESMTP, helo=<{0}>",
    ),
    (
        "postfix/cleanup",
        "4ABC1234: reject: header Subject: {0} from x[192.0.2.1]; from=<{0}> to=<{0}> proto=ESMTP helo=<{0}>: {0}",
    ),
    ("postfix/cleanup", "4ABC1234: milter-header-reject: header Subject: {0}"),
    ("postfix/cleanup", "4ABC1234: message-id={0}"),
    ("postfix/smtp", SENT.format("{0}", "ok")),
    ("postfix/smtp", SENT.format("a@b", "{0}")),
    ("postfix/smtp", SENT.format("a@b>, orig_to=<{0}", "ok")),
    ("postfix/smtp", SENT.format("a@b", "ok").replace("x[", "{0}[")),
    ("postfix/qmgr", "4ABC1234: from=<{0}>, size=1, nrcpt=1 (queue active)"),
    ("postfix/qmgr", "4ABC1234: from=<{0}>, status=expired, {0}"),
    ("postfix/pickup", "4ABC1234: uid=0 from=<{0}>"),
    ("sendmail", SENDMAIL.format("<{0}>", "ok")),
    ("sendmail", SENDMAIL.format("<a@b>", "{0}")),
    (
        "sendmail",
        "uANA1234012345: from=<{0}>, size=1, class=0, nrcpts=1, msgid=<{0}>, proto=ESMTP, daemon=MTA, relay=x [192.0.2.1]",
    ),
    ("sendmail", "uANA1234012345: ruleset=check_rcpt, arg1=<{0}>, relay=x [192.0.2.1], reject=550 5.7.1 {0}"),
    ("qmail", "delivery 1: success: {0}"),
    ("qmail", "starting delivery 1: msg 1 to remote {0}"),
    ("rsyslogd", "{0}"),
    ("rsyslogd", "imuxsock {0}"),
]
FILLINGS = [
    '"', '\\"', "\\", "<", ">", "[", "]", "a", "1", ".", " ", ",", ";", "_", "/", "a=", "> to=<", "; from=<", '; from=<"', " from x;",
    ">, relay=", ">, orig_to=<", "; from=<a> to=<b> proto=", " proto=", "lost 1 ", "4.7.1 ", "mail for ", ", stat=", ", reject=",
]  # fmt: skip
OTHERS = {
    "relay": peer,
    "next ID": lambda text: next_id("250 " + text),
    "reason": lambda text: explained_class("5.7.1", text),
    "password": holds_password,
    "login": without_logins,
    "rsyslog.conf": lambda text: parse_rsyslog("*.* /var/log/mail " + text),
}


def seconds(work, text):
    """float: CPU time, the least of some runs, since others use the machine too."""
    found = []
    for _round in range(3):
        begin = os.times()[0]
        work(text)
        found.append(os.times()[0] - begin)
    return min(found)


def assert_linear(work, filling):
    short, long = (filling * (length // len(filling)) for length in (4000, 32000))
    begin = os.times()[0]
    work(long)
    # What is quick needs no comparison; eight times the length takes 64 times as long where time is a square of it.
    if os.times()[0] - begin > 0.15:
        assert seconds(work, long) < 24 * max(seconds(work, short), 0.01)


def reading(program, frame):
    def work(text):
        for events in (Flow(), Assembler()):
            line = "Sep 10 10:00:00 mx {0}[1]: {1}\n".format(program, frame.replace("{0}", text))
            LogReader(events, Readers).feed(line.encode("utf-8"))

    return work


@pytest.mark.parametrize("program, frame", LINES)
def test_lines_of_a_log(program, frame):
    for filling in FILLINGS:
        assert_linear(reading(program, frame), filling)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_replies_and_files(name):
    for filling in FILLINGS:
        assert_linear(OTHERS[name], filling)


def test_refusals_that_postfix_has_cut():
    line = REFUSED.format("<x>: Helo command rejected", "a@example.com", "b@example.net", "> to=<" * 400)
    line = "Sep 10 10:00:00 mx postfix/smtpd[1]: {0}".format(line)[:2000] + "\n"
    flow = Flow()
    reader = LogReader(flow, Readers)
    begin = os.times()[0]
    reader.feed((line * 2000).encode("ascii"))
    assert flow.totals["rejected"] == 2000 and os.times()[0] - begin < 2
