# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import Source
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_search import Query, search
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers

NOW = 1795331300.0
ARRIVAL = """\
postfix/smtpd[{n}]: connect from web0{c}.example.com[10.20.0.1{c}]
postfix/smtpd[{n}]: Anonymous TLS connection established from web0{c}.example.com[10.20.0.1{c}]: TLSv1.3 with cipher AES (256/256 bits)
postfix/smtpd[{n}]: 7D{n:06d}F: client=Web0{c}.example.com[10.20.0.1{c}]
postfix/cleanup[1]: 7D{n:06d}F: message-id=<{n}@web01.example.com>
postfix/qmgr[2]: 7D{n:06d}F: from=<App{n}@web01.example.com>, size=300, nrcpt=1 (queue active)
postfix/smtpd[{n}]: disconnect from web0{c}.example.com[10.20.0.1{c}] ehlo=1 quit=1 commands=2
"""
ATTEMPT = """\
postfix/smtp[3]: 7D{n:06d}F: to=<r{n}@example.{c}>, relay=mx[203.0.113.2]:25, delay=0.1, delays=0/0/0/0.1, dsn={dsn}, status={status}
"""
GONE = "postfix/qmgr[2]: 7D{n:06d}F: removed\n"
BOUNCE = """\
postfix/cleanup[1]: 8E{n:06d}F: message-id=<b{n}@relay.example.com>
postfix/bounce[5]: 7D{n:06d}F: sender non-delivery notification: 8E{n:06d}F
postfix/qmgr[2]: 8E{n:06d}F: from=<>, size=2300, nrcpt=1 (queue active)
postfix/qmgr[2]: 7D{n:06d}F: removed
postfix/smtp[4]: 8E{n:06d}F: to=<App{n}@web01.example.com>, relay=web01[10.20.0.11]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, \
status=sent (250 2.0.0 Ok: queued as AA{n:06d}1)
postfix/qmgr[2]: 8E{n:06d}F: removed
"""
REJECT = (
    "postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <v{n}@example.{c}>: Relay access denied; "
    "from=<App{n}@web01.example.com> to=<v{n}@example.{c}> proto=ESMTP helo=<x>\n"
)
# Refused with a queue ID, by a filter: the queue manager never sees it (Postfix 3.7.11).
FILTERED = (
    "postfix/smtpd[{n}]: 7D{n:06d}F: client=web0{c}.example.com[10.20.0.1{c}]\n"
    "postfix/cleanup[1]: 7D{n:06d}F: message-id=<{n}@web01.example.com>\n"
    "postfix/cleanup[1]: 7D{n:06d}F: milter-reject: END-OF-MESSAGE from web0{c}.example.com[10.20.0.1{c}]: 5.7.1 no; "
    "from=<App{n}@web01.example.com> to=<r{n}@example.{c}> proto=ESMTP helo=<x>\n"
)
KINDS = {
    "filtered": FILTERED,
    "sent": ARRIVAL + ATTEMPT + GONE,
    "deferred": ARRIVAL + ATTEMPT,
    "bounced": ARRIVAL + ATTEMPT + BOUNCE,
    "rejected": REJECT,
    "sendmail": (
        "sendmail[1{n}]: 6AMC4m4E00{n:04d}: from=<App{n}@web01.example.com>, size=300, class=0, nrcpts=1, "
        "msgid=<{n}@web01.example.com>, proto=ESMTP, daemon=MTA, relay=web0{c}.example.com [10.20.0.1{c}]\n"
        "sendmail[2{n}]: 6AMC4m4E00{n:04d}: to=<r{n}@example.{c}>, delay=00:00:01, xdelay=00:00:00, mailer=esmtp, pri=120300, "
        "relay=mx. [203.0.113.2], dsn=2.0.0, stat=Sent (9F{n:06d}1 Message accepted for delivery)\n"
    ),
    "qmail": (
        "qmail-send: new msg 1861{n}\nqmail-send: info msg 1861{n}: bytes 300 from <App{n}@web01.example.com> qp 12 uid 7\n"
        "qmail-send: starting delivery {n}: msg 1861{n} to remote r{n}@example.{c}\n"
        "qmail-send: delivery {n}: success: 203.0.113.2_accepted_message./Remote_host_said:_250_Ok/\n"
        "qmail-send: end msg 1861{n}\n"
    ),
    "other": "sshd[{n}]: 7D{n:06d}F <{n}@web01.example.com> App{n}@web01.example.com is no mail\n",
    "lost": "rsyslogd: imjournal: {n} messages lost due to rate-limiting (20000 allowed within 600 seconds)\n",
}
SAYS = {
    "sent": ("2.0.0", "sent (250 2.0.0 Ok: queued as 9F{0:06d}1)"),
    "deferred": ("4.4.1", "deferred (connect to mx[203.0.113.2]:25: Connection refused)"),
    "bounced": ("5.1.1", "bounced (host mx[203.0.113.2] said: 550 5.1.1 no such user)"),
}


class Log(Source):
    """A log whose lines have been cut into blocks of so many."""

    def __init__(self, lines, size=3):
        super(Log, self).__init__("mail.log", NOW, None)
        stamp = "2026-11-22T07:{0:02d}:{1:02d}.5+00:00 relay "
        self.lines = [
            (stamp.format(number // 60, number % 60) + line + "\n").encode("ascii") for number, line in enumerate(lines)
        ]
        self._size = size
        self.readings = 0

    def blocks(self):
        self.readings += 1
        for start in range(0, len(self.lines), self._size):
            yield b"".join(self.lines[start : start + self._size])


def message(kind, number):
    """list of str: the lines of a message of this kind. Every third one is of another client and for another domain."""
    dsn, status = SAYS.get(kind, ("", ""))
    text = KINDS[kind].format(n=number, c=1 + number % 3, dsn=dsn, status=status.format(number))
    return text.split("\n")[:-1]


def log_of(*kinds, **options):
    """A log with a message of each of these kinds, one after the other, numbered from 100."""
    return Log([line for number, kind in enumerate(kinds) for line in message(kind, 100 + number)], **options)


def query(**criteria):
    return Query(criteria, NOW)


def found(log, limit=100, **criteria):
    return search([log], query(**criteria), limit, Readers)


def ids(result):
    return [hop["queue_id"] for hop in result.hops]


# What is meant.


@pytest.mark.parametrize(
    "criteria, expected",
    [
        ({"queue_id": ["7D000101F"]}, ["7D000101F"]),
        # IDs are names, and their case is a part of them.
        ({"queue_id": ["7d000101f"]}, []),
        ({"message_id": ["101@web01.example.com", "<100@web01.example.com>"]}, ["7D000100F", "7D000101F"]),
        ({"message_id": ["101@WEB01.example.com"]}, []),
        ({"queued_as": ["9F0001001"]}, ["7D000100F"]),
        # One criterion together: what is named by one of them is meant.
        ({"queued_as": ["9F0001001"], "queue_id": ["7D000101F"], "message_id": ["x@y"]}, ["7D000100F", "7D000101F"]),
        ({"sender": ["app101@WEB01.example.com"]}, ["7D000101F"]),
        ({"sender": ["<app101@web01.example.com>", "app100@web01.example.com"]}, ["7D000100F", "7D000101F"]),
        ({"sender": ["app10@web01.example.com"]}, []),
        ({"sender": ["@web01.example.com"], "recipient": ["@example.3"]}, ["7D000101F"]),
        ({"recipient": ["@xample.3"]}, []),
        ({"client": ["10.20.0.12"]}, ["7D000100F"]),
        ({"client": ["::ffff:10.20.0.12"]}, ["7D000100F"]),
        ({"client": ["[10.20.0.12]"]}, ["7D000100F"]),
        ({"client": ["10.20.0.12/31"]}, ["7D000100F", "7D000101F"]),
        ({"client": ["WEB03.example.com"]}, ["7D000101F"]),
        ({"status": ["sent"]}, ["7D000100F"]),
        ({"status": ["deferred", "bounced"]}, ["7D000101F"]),
        ({"status": ["open"]}, []),
        ({"since": "2026-11-22T07:00:09Z"}, ["7D000101F"]),
        ({"until": "2026-11-22T07:00:05Z"}, ["7D000100F"]),
        ({}, ["7D000100F", "7D000101F"]),
    ],
)
def test_a_message_is_meant_when_each_criterion_has_a_value_that_is_its_own(criteria, expected):
    result = found(log_of("sent", "deferred"), **criteria)
    assert ids(result) == expected and result.total == len(expected)


def test_the_null_sender_is_a_sender():
    assert ids(found(log_of("sent", "bounced"), sender=["<>"]))[-1:] == ["8E000101F"]
    assert found(log_of("sent", "bounced"), sender=["<>"]).total == 1


def test_a_message_comes_with_those_that_it_led_to_and_came_from():
    log = log_of("sent", "bounced", "sent")
    for criteria in ({"queue_id": ["7D000101F"]}, {"queue_id": ["8E000101F"]}, {"status": ["bounced"]}):
        result = found(log, **criteria)
        assert ids(result) == ["7D000101F", "8E000101F"] and result.total == 1
    assert result.hops[0]["links"] == [{"kind": "bounce", "queue_id": "8E000101F"}]
    assert result.hops[1]["source"] == {"kind": "bounce", "queue_id": "7D000101F"}


@pytest.mark.parametrize(
    "criteria, expected",
    [
        ({}, 2),
        ({"recipient": ["v101@example.3"]}, 1),
        ({"recipient": ["@example.1"]}, 1),
        ({"sender": ["app102@web01.example.com"]}, 1),
        ({"client": ["203.0.113.0/24"], "status": ["rejected"]}, 2),
        ({"client": ["10.20.0.11"]}, 0),
        ({"status": ["sent"]}, 0),
        ({"until": "2026-11-22T07:00:00Z"}, 0),
        # Who names a message does not ask for what was not one.
        ({"queue_id": ["7D000100F"]}, 0),
    ],
)
def test_refusals_without_a_queue_id_are_found_where_they_can_be_meant(criteria, expected):
    assert len(found(log_of("sent", "rejected", "rejected"), **criteria).rejects) == expected


@pytest.mark.parametrize(
    "criteria",
    [{"sender": ["app100@web01.example.com"]}, {"recipient": ["r100@example.2"]}, {"client": ["10.20.0.12"]}, {}],
)
def test_what_was_refused_with_a_queue_id_is_found_by_its_addresses(criteria):
    (hop,) = found(log_of("filtered", "other"), **criteria).hops
    assert (hop["queue_id"], hop["sender"], finish(hop)["status"]) == (
        "7D000100F",
        "App100@web01.example.com",
        "rejected",
    )


def test_a_recipient_whom_sendmail_names_when_a_filter_has_refused_the_message():
    lines = [
        "sm-mta[7]: 6AMC4m4E001234: from=<a@example.com>, size=0, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, daemon=MTA, "
        "relay=client.example.com [192.0.2.1]",
        "sm-mta[7]: 6AMC4m4E001234: Milter: data, reject=554 5.7.1 spam",
        "sm-mta[7]: 6AMC4m4E001234: to=<b@example.net>, delay=00:00:00, pri=30000, stat=spam",
    ]
    assert ids(found(Log(lines), recipient=["b@example.net"])) == ["6AMC4m4E001234"]
    assert ids(found(Log(lines), recipient=["c@example.net"])) == []


@pytest.mark.parametrize("action", ["reject_warning", "filter", "hold", "redirect", "discard"])
def test_a_rule_that_refuses_nothing_is_no_refusal(action):
    log = Log([REJECT.format(n=1, c=1).rstrip().replace(": reject: ", ": {0}: ".format(action))])
    assert [entry["action"] for entry in found(log).rejects] == [action]
    assert found(log, status=["rejected"]).rejects == []


@pytest.mark.parametrize("criteria", [{"queue_id": ["7D000100F"]}, {"message_id": ["100@web01.example.com"]}, {}])
def test_the_connections_of_a_message_in_a_log_of_rfc_5424(criteria):
    lines = message("sent", 100)
    established = "Trusted TLS connection established to mx[203.0.113.2]:25: TLSv1.3 with cipher AES (256/256 bits)"
    lines.insert(-2, "postfix/smtp[3]: " + established)
    log = Log(lines)
    log.lines = [
        re.sub(b"\\A(\\S+) relay ([^\\[]+)\\[([0-9]+)\\]:", b"<22>1 \\1 relay \\2 \\3 - -", line) for line in log.lines
    ]
    (hop,) = found(log, **criteria).hops
    assert (hop["tls"], hop["deliveries"][0]["tls"]) == ("Anonymous TLSv1.3 AES", "Trusted TLSv1.3 AES")


def test_the_newest_are_given_and_all_are_counted():
    log = log_of(*["sent"] * 20)
    for criteria in ({}, {"sender": ["@web01.example.com"]}):
        result = found(log, 3, **criteria)
        assert ids(result) == ["7D000117F", "7D000118F", "7D000119F"] and result.total == 20
        none = found(log, 0, **criteria)
        assert (none.hops, none.rejects, none.total) == ([], [], 20)


@pytest.mark.parametrize(
    "criteria, words",
    [
        ({"queue_id": ["$(id)"]}, "queue_id: '$(id)' is not a queue ID"),
        ({"queued_as": ["A" * 201]}, "is not a queue ID"),
        ({"sender": [""]}, "sender: an empty text"),
        ({"client": ["10.0.0.0/40"]}, "client: "),
        ({"client": ["[fd00::1]/64"]}, "fd00::/64"),
    ],
)
def test_a_criterion_that_cannot_be_met_is_refused_by_name(criteria, words):
    with pytest.raises(CriterionError) as caught:
        query(**criteria)
    assert words in str(caught.value)


# What is passed over.


def test_of_a_named_message_few_lines_besides_its_own_are_taken_apart():
    log = log_of(*["sent"] * 50 + ["other"])
    result = found(log, queue_id=["7D000120F"])
    assert ids(result) == ["7D000120F"] and result.hops[0]["tls"] == "Anonymous TLSv1.3 AES"
    # And what the processes that handled it wrote around it.
    assert len(message("sent", 120)) <= result.reader.lexer.lines < len(log.lines) // 10
    assert found(log, status=["sent"]).reader.lexer.lines == len(log.lines)


def test_with_many_messages_every_line_is_read_once():
    log = log_of(*["sent"] * 70)
    result = found(log, sender=["@web01.example.com"])
    assert result.total == 70 and log.readings == 2
    assert result.reader.lexer.lines == len(log.lines)


def test_the_time_that_a_log_tells_of_is_known_whatever_is_passed_over():
    log = log_of("other", "sent", "other")
    for criteria in ({}, {"queue_id": ["7D000101F"]}, {"queue_id": ["7D009999F"]}, {"recipient": ["@example.1"]}):
        span = found(log, **criteria).span
        assert (span.first, span.last) == (1795330800.5, 1795330809.5)


def test_lines_that_the_logging_system_lost_are_known_whatever_is_looked_for():
    for criteria in ({}, {"queue_id": ["7D000100F"]}, {"queue_id": ["7D009999F"]}, {"sender": ["nobody@example.com"]}):
        assert [gap["lost"] for gap in found(log_of("sent", "lost"), **criteria).gaps] == [101]


def test_the_files_of_a_log_are_one_log():
    lines = log_of("bounced", "sent").lines
    older, newer = Log([]), Log([])
    older.lines, newer.lines = lines[:9], lines[9:]
    result = search([older, newer], query(queue_id=["8E000100F"]), 100, Readers)
    assert ids(result) == ["7D000100F", "8E000100F"] and result.hops[1]["removed"] is not None


def mixed(schedule):
    """list of str: the lines of these messages; whose turn it is next, the schedule says, a (kind, number) for each line."""
    waiting = {}
    lines = []
    for kind, number in schedule:
        waiting.setdefault((kind, number), message(kind, 100 + number))
        if waiting[kind, number]:
            lines.append(waiting[kind, number].pop(0))
    for _whose, rest in sorted(waiting.items()):
        lines.extend(rest)
    return lines


CRITERIA = st.sampled_from(
    [
        {"queue_id": ["7D000101F"]},
        {"queue_id": ["8E000101F", "6AMC4m4E000102"]},
        {"queue_id": ["1861101"]},
        {"message_id": ["101@web01.example.com", "102@web01.example.com"]},
        {"queued_as": ["9F0001011"]},
        {"sender": ["app101@web01.example.com"]},
        {"sender": ["@web01.example.com"], "status": ["sent"]},
        {"recipient": ["@example.2"], "client": ["10.20.0.0/24"]},
        {"recipient": ["r101@example.3", "v102@example.1"]},
        {"sender": ["app101@web01.example.com"], "since": "2026-11-22T07:00:06Z"},
    ]
)


@given(
    st.lists(st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 2)), min_size=1, max_size=60),
    st.integers(1, 9),
    CRITERIA,
)
@example([("bounced", 1)], 1, {"queue_id": ["8E000101F"]})
@example([("sent", 1), ("other", 1), ("sent", 1), ("deferred", 2)] * 4, 2, {"message_id": ["101@web01.example.com"]})
def test_what_is_passed_over_makes_no_difference(schedule, size, criteria):
    log = Log(mixed(schedule), size)
    wanted = query(**criteria)
    result = search([log], wanted, 100, Readers)
    assembler = Assembler()
    reader = LogReader(assembler, Readers)
    reader.feed(b"".join(log.lines))
    reader.lexer.end()
    expected = [hop for hop in assembler.hops if wanted.matches(hop)]
    assert result.total == len(expected)
    assert [finish(hop) for hop in result.hops if wanted.matches(hop)] == [finish(hop) for hop in expected]
    assert result.rejects == [entry for entry in assembler.rejects if wanted.matches_reject(entry)]
    assert result.gaps == assembler.gaps
