# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import Events
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import Lexer, Origin
from ansible_collections.mailops.relay.plugins.module_utils.sendmail import log
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.log import SendmailReader

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
VERSIONS = ("8.15.2", "8.17.1.9", "8.18.1")
VERIFIED = "Verified TLSv1.3 TLS_AES_256_GCM_SHA384"
UNTRUSTED = "Untrusted TLSv1.3 TLS_AES_256_GCM_SHA384"
ID = r"[0-9A-Za-z]{8}[0-9]{6}"


class Recorder(Events):
    """Keeps every event as a tuple: its name and its arguments without time and origin."""

    def __init__(self):
        self.events = []

    def arrival(self, stamp, origin, *rest):
        self.events.append(("arrival",) + rest)

    def message_id(self, stamp, origin, *rest):
        self.events.append(("message_id",) + rest)

    def sender(self, stamp, origin, *rest):
        self.events.append(("sender",) + rest)

    def delivery(self, stamp, origin, *rest):
        self.events.append(("delivery",) + rest)

    def removed(self, stamp, origin, *rest):
        self.events.append(("removed",) + rest)

    def reject(self, stamp, origin, *rest):
        self.events.append(("reject",) + rest)

    def link(self, stamp, origin, *rest):
        self.events.append(("link",) + rest)

    def note(self, stamp, origin, *rest):
        self.events.append(("note",) + rest)


class Log(Recorder):
    """Reads lines through a Lexer."""

    def __init__(self, text):
        Recorder.__init__(self)
        self.lexer = Lexer(self.resolve, 1795700000.0)
        self.reader = SendmailReader(self, self.lexer.seconds)
        self.lexer.read(text)

    def resolve(self, origin):
        self.reader.resolve(origin)

    def of(self, queue_id):
        """list of tuple: the events of this message."""
        return [event for event in self.events if event[1] == queue_id]

    def named(self, name, queue_id=None):
        """list of tuple: the arguments of the events of this name, without those of other messages."""
        return [event[1:] for event in self.events if event[0] == name and queue_id in (None, event[1])]

    def sent_by(self, sender):
        """str: the last message of this sender."""
        return [event[1] for event in self.events if event[0] == "sender" and event[2] == sender][-1]

    def to(self, recipient):
        """list of tuple: the deliveries to a recipient."""
        return [event for event in self.named("delivery") if event[1] == recipient]


def lines_of(version):
    return read_native(os.path.join(FIXTURES, "maillog-{0}.txt".format(version)))


@pytest.fixture(scope="module", name="logs")
def _logs():
    return dict((version, Log(lines_of(version))) for version in VERSIONS)


@pytest.fixture(scope="module", name="recorded")
def _recorded(logs):
    return logs["8.17.1.9"]


def written(*texts):
    """Log: of lines that one process has written."""
    return Log("".join("Nov 25 12:00:00 web01 sm-mta[77]: {0}\n".format(text) for text in texts))


@pytest.mark.parametrize("version", VERSIONS)
def test_each_recorded_line_is_known(logs, version):
    lexer = logs[version].lexer
    assert lexer.lines == lines_of(version).count("\n") > 200
    assert (lexer.unknown, lexer.unreadable, lexer.others, lexer.samples) == (0, 0, {}, [])


def test_local_submission_is_two_hops(recorded):
    assert recorded.of("6APChuU0002062") == [
        ("arrival", "6APChuU0002062", "", "user=ann"),
        ("message_id", "6APChuU0002062", "<202611251243.6APChuU0002062@legacy01.example.com>"),
        ("sender", "6APChuU0002062", "ann", "41", "1"),
        (
            "delivery",
            "6APChuU0002062",
            "ok@example.net",
            "",
            "127.0.0.1[127.0.0.1]",
            "0",
            "",
            "2.0.0",
            "sent",
            "6APChuBk002063 Message accepted for delivery",
            UNTRUSTED,
        ),
        ("removed", "6APChuU0002062"),
    ]
    assert recorded.of("6APChuBk002063") == [
        ("arrival", "6APChuBk002063", "localhost[127.0.0.1]", "proto=ESMTPS, daemon=MTA-v4"),
        ("message_id", "6APChuBk002063", "<202611251243.6APChuU0002062@legacy01.example.com>"),
        ("sender", "6APChuBk002063", "ann@legacy01.example.com", "323", "1"),
        (
            "delivery",
            "6APChuBk002063",
            "ok@example.net",
            "",
            "mx01.example.net[203.0.113.2]",
            "0",
            "",
            "2.0.0",
            "sent",
            "2.0.0 Ok: queued as 7886CE3ACE",
            VERIFIED,
        ),
        ("removed", "6APChuBk002063"),
    ]


def test_each_recipient_has_its_own_fate_and_the_tls_of_its_server(recorded):
    deliveries = recorded.named("delivery", "6APChutP002070")[:6]
    assert [(item[1], item[3], item[6], item[7], item[9]) for item in deliveries] == [
        ("full@example.net", "mx01.example.net[203.0.113.2]", "4.3.1", "deferred", VERIFIED),
        ("unknown@example.net", "mx01.example.net[203.0.113.2]", "5.1.1", "bounced", VERIFIED),
        ("ok1@example.net", "mx01.example.net[203.0.113.2]", "2.0.0", "sent", VERIFIED),
        ("grey@plain.example.org", "plain.example.org[203.0.113.5]", "4.3.0", "deferred", "none"),
        ("late@plain.example.org", "plain.example.org[203.0.113.5]", "2.0.0", "sent", "none"),
        ("ok2@plain.example.org", "plain.example.org[203.0.113.5]", "2.0.0", "sent", "none"),
    ]
    assert [item[8] for item in deliveries[:3]] == [
        # The other side's words may look like sendmail's own.
        'Deferred: 452 4.2.2 mailbox full, try "later", stat=Sent (x), ok',
        "User unknown: 550-5.1.1 The email account that you tried to reach does not exist.",
        "2.0.0 Ok: queued as EFD672FF98",
    ]
    assert recorded.named("removed", "6APChutP002070") == []


def test_before_8_17_the_reply_is_only_in_the_status(logs):
    found = [item for item in logs["8.15.2"].named("delivery") if item[1] == '"full, stat=Sent"@example.net']
    assert found[1][6:9] == ("4.3.1", "deferred", 'Deferred: 452 4.2.2 mailbox full, try "later", stat=Sent (x), ok')


@pytest.mark.parametrize(
    "version, recipient, relay, dsn, status, reply",
    [
        (
            "8.17.1.9",
            "a@refused.example.org",
            "refused.example.org[203.0.113.3]",
            "4.4.1",
            "deferred",
            "Deferred: Connection refused by refused.example.org.",
        ),
        (
            "8.17.1.9",
            "a@nx.example.org",
            "no-such-host.example.org",
            "5.1.2",
            "bounced",
            "Host unknown (Name server: no-such-host.example.org: host not found)",
        ),
        (
            "8.18.1",
            "a@dead.example.org",
            "dead.example.org[198.51.100.9]",
            "4.4.1",
            "deferred",
            "Deferred: Connection timed out with dead.example.org.",
        ),
    ],
)
def test_where_no_connection_was_made_nothing_is_said_of_its_tls(logs, version, recipient, relay, dsn, status, reply):
    found = [item for item in logs[version].to(recipient) if item[3] != "127.0.0.1[127.0.0.1]"]
    assert found[0][3] == relay
    assert found[0][6:10] == (dsn, status, reply, "")


def test_message_that_the_other_side_refused_as_a_whole_is_bounced(recorded):
    assert recorded.to("late5@example.net")[1][6:10] == (
        "5.0.0",
        "bounced",
        "Service unavailable: 554 5.7.1 message content refused",
        VERIFIED,
    )


def test_control_characters_stay_as_sendmail_has_written_them(recorded):
    assert recorded.to("ok@plain.example.org")[1][7:10] == (
        "bounced",
        "Data format error: 553 5.1.8 <badfrom>: sender refused\\033[31m",
        "none",
    )


def test_local_delivery_has_no_tls(recorded):
    assert recorded.named("delivery", "6APChvtO002073") == [
        ("6APChvtO002073", "root", "", "local", "1", "", "2.0.0", "sent", "Sent", "")
    ]


def test_program_that_failed(logs):
    found = logs["8.15.2"].to('"|/bin/false"')
    assert [item[3:10] for item in found] == [("local", "0", "", "5.3.0", "bounced", "unknown mailer error 1", "")]


def test_quoted_local_parts_are_read_as_a_whole(logs):
    read = logs["8.18.1"]
    assert '"a, b"@legacy01.example.com' in [item[1] for item in read.named("sender")]
    recipients = [item[1] for item in read.named("delivery") if item[7] == "sent"]
    for address in ('"q, x> <y"@example.net', '"to=c, delay=9"@example.net'):
        # Both hops.
        assert recipients.count(address) == 2


def test_cut_list_of_recipients_gives_each_of_them_once(recorded):
    for queue_id in ("6APCi3fJ002213", "6APCi3fi002214"):
        recipients = [item[1] for item in recorded.named("delivery", queue_id)]
        wanted = ["recipient-with-a-long-name-{0}@example.net".format(number) for number in range(1, 61)]
        assert sorted(recipients) == sorted(wanted)
        # The last line of the list is that with the end of the message.
        assert recorded.of(queue_id)[-1] == ("removed", queue_id)


def test_null_sender(recorded):
    assert recorded.named("sender", "6APCi07D002147") == [("6APCi07D002147", "", "309", "1")]
    assert recorded.of("6APCi07D002147")[-1][0] == "removed"


def test_waits_for_the_daemon_and_goes_with_the_queue_run(recorded):
    assert [item[3:10] for item in recorded.named("delivery", "6APCikYG002447")] == [
        ("none", "0", "", "", "queued", "queued", ""),
        (
            "127.0.0.1[127.0.0.1]",
            "3",
            "",
            "2.0.0",
            "sent",
            "6APCinnQ002500 Message accepted for delivery",
            UNTRUSTED,
        ),
    ]
    assert recorded.named("delivery", "6APCik33002445")[0][7:9] == (
        "deferred",
        "Deferred: Connection refused by [127.0.0.1]",
    )


def test_notification_of_a_failure_is_a_message_that_the_failed_one_led_to(recorded):
    assert [event[0] for event in recorded.of("6APCoOUY002617")][3:] == ["delivery", "link", "removed"]
    assert recorded.named("link", "6APCoOUY002617") == [("6APCoOUY002617", "bounce", "6APCoOUX002620")]
    assert recorded.of("6APCoOUX002620") == [
        ("arrival", "6APCoOUX002620", "", ""),
        ("sender", "6APCoOUX002620", "", "", "1"),
        (
            "delivery",
            "6APCoOUX002620",
            "ann@legacy01.example.com",
            "",
            "local",
            "0",
            "",
            "2.0.0",
            "sent",
            "Sent",
            "",
        ),
        ("removed", "6APCoOUX002620"),
    ]


def test_notification_that_cannot_be_delivered_leads_to_another(recorded):
    links = [link for link in recorded.named("link") if link[0] == "6APCi1vS002169"]
    assert links == [("6APCi1vS002169", "bounce", "6APCi1vT002169")]
    # The submission program tells each hop of its own: this one went on as another message.
    assert recorded.named("delivery", "6APCi1vT002169")[0][8] == "6APCi10x002170 Message accepted for delivery"


def test_delay_and_expiry(recorded):
    kinds = [event for event in recorded.of("6APCoP9k002646") if event[0] in ("link", "note", "removed")]
    assert kinds == [
        ("link", "6APCoP9k002646", "delay", "6APCoRwc002661"),
        # In the log this is a "sender notify" too.
        ("link", "6APCoP9k002646", "bounce", "6APCoTNP002667"),
        ("note", "6APCoP9k002646", "expired", "Cannot send message for 2 seconds"),
        ("removed", "6APCoP9k002646"),
    ]


@pytest.mark.parametrize("version", VERSIONS)
def test_return_receipt(logs, version):
    found = [link for link in logs[version].named("link") if link[1] == "delivery"]
    assert len(found) == 1
    assert [item[7] for item in logs[version].named("delivery", found[0][0])] == ["sent"]


def test_sender_that_cannot_be_told_is_no_recipient(recorded):
    assert recorded.named("note", "6APChwbN002103") == [
        ("6APChwbN002103", "warning", "its sender cannot be told: app@legacy01.example.com: User unknown")
    ]
    assert [item[1] for item in recorded.named("delivery", "6APChwbN002103")] == ["a@nx.example.org"]
    assert recorded.of("6APChwbN002103")[-1] == ("removed", "6APChwbN002103")


def test_list_with_an_owner_goes_on_as_a_message_of_the_owner(recorded):
    assert recorded.of("6APCi1td002179")[3:] == [
        ("link", "6APCi1td002179", "forwarded", "6APCi2tc002181"),
        ("removed", "6APCi1td002179"),
    ]
    assert recorded.named("sender", "6APCi2tc002181") == [("6APCi2tc002181", "listmaster@example.net", "", "")]
    assert [(item[1], item[7]) for item in recorded.named("delivery", "6APCi2tc002181")] == [
        ("unknown@example.net", "bounced"),
        ("ann@example.net", "sent"),
        ("bob@example.net", "sent"),
    ]


def test_forwarded_message_is_not_gone_with_its_first_recipient(recorded):
    # One recipient, of which a .forward file made two; how many there are is not in the log.
    events = recorded.of(recorded.to("forwarded@example.net")[0][0])
    assert [event[2] for event in events if event[0] == "delivery"] == [
        "forwarded@example.net",
        "ok@plain.example.org",
    ]
    assert events[-1][0] == "delivery"


def test_at_log_level_10_the_log_says_that_the_message_is_gone(logs):
    read = logs["8.15.2"]
    events = read.of(read.to("forwarded@example.net")[0][0])
    assert [event[0] for event in events][-3:] == ["delivery", "delivery", "removed"]
    for version in VERSIONS:
        gone = [item[0] for item in logs[version].named("removed")]
        assert len(gone) == len(set(gone)) > 20


def rejections(read, text):
    return [item for item in read.named("reject") if any(text in str(part) for part in item)]


def test_rejections_name_client_and_address(recorded):
    assert rejections(recorded, "Relaying denied")[0] == (
        "6APCiDQW002288",
        "reject",
        "RCPT",
        "outside01.example.net[203.0.113.6]",
        "550 5.7.1 <ok@example.net>... Relaying denied",
        "",
        "ok@example.net",
    )
    assert rejections(recorded, "does not exist")[0] == (
        "6APCiDES002290",
        "reject",
        "MAIL",
        "outside01.example.net[203.0.113.6]",
        "553 5.1.8 <x@nx-domain.example>... Domain of sender address x@nx-domain.example does not exist",
        "x@nx-domain.example",
        "",
    )
    assert rejections(recorded, "does not resolve")[0][4][:3] == "451"
    assert rejections(recorded, "550 5.7.1 Access denied") == [
        ("", "reject", "CONNECT", "unknown[203.0.113.8]", "550 5.7.1 Access denied", "", "")
    ]
    assert rejections(recorded, "nobodyhere")[-1] == (
        "6APCiFaR002300",
        "reject",
        "RCPT",
        "",
        "User unknown",
        "",
        "nobodyhere@legacy01.example.com",
    )
    assert rejections(recorded, '"a, reject=550 x"')[0][3:] == (
        "outside01.example.net[203.0.113.6]",
        '550 5.7.1 <"a, reject=550 x"@example.net>... Relaying denied',
        "",
        '"a, reject=550 x"@example.net',
    )
    assert rejections(recorded, "pre-greeting")[0][2:4] == ("CONNECT", "outside01.example.net[203.0.113.6]")


def test_with_delay_checks_a_sender_is_refused_at_the_recipient(logs):
    assert rejections(logs["8.18.1"], "does not resolve")[0][2:] == (
        "RCPT",
        "outside01.example.net[203.0.113.6]",
        "451 4.1.8 Domain of sender address x@servfail.example does not resolve",
        "",
        "ann@legacy01.example.com",
    )


def test_client_whose_recipients_were_all_refused_has_sent_no_message(recorded):
    for queue_id in ("6APCiDQW002288", "6APCiFaR002300"):
        assert set(event[0] for event in recorded.of(queue_id)) == {"reject"}
    # It went away in the middle of the text; before it said who is to get it.
    assert recorded.of("6APCiHOZ002312") == recorded.of("6APCiJMh002314") == []


def test_filter_refuses_and_throws_away(recorded):
    assert rejections(recorded, "content refused")[0][1:] == (
        "milter-reject",
        "END-OF-MESSAGE",
        "",
        "554 5.7.1 content refused",
        "",
        "",
    )
    refused = rejections(recorded, "content refused")[0][0]
    assert recorded.of(refused)[-2:] == [
        ("note", refused, "rejected", "ok@example.net: content refused"),
        ("removed", refused),
    ]
    assert rejections(recorded, "Command rejected")[0][1:5] == ("milter-reject", "HELO", "", "Command rejected")
    thrown_away = [item for item in recorded.named("reject") if item[1] == "milter-discard"][0][0]
    assert recorded.of(thrown_away)[-2:] == [("note", thrown_away, "deleted", "discarded"), ("removed", thrown_away)]


def test_8_15_tells_otherwise_of_a_message_that_was_thrown_away(logs):
    read = logs["8.15.2"]
    assert [event for event in read.of("6APCjSlj002081") if event[0] in ("note", "delivery", "removed")] == [
        ("note", "6APCjSlj002081", "deleted", "ok@example.net: discarded"),
        ("removed", "6APCjSlj002081"),
    ]


def test_filter_refuses_a_command():
    read = written(
        "6APCiKcb002322: Milter: from=<milter-temp@example.net>, reject=451 4.3.2 Please try again later",
        '6APCiKcb002322: Milter: to=<"x, reject=1"@example.net>, reject=550 5.7.1 milter says <no>',
        "6APCiKcb002322: Milter: to=<milter-discard@example.net>, discard",
        "6APCiKcb002322: Milter: cmd=data, reject=550 5.7.1 Command rejected",
        "6APCiKcb002322: Milter: connect: host=[203.0.113.6], addr=203.0.113.6, rejecting commands",
        "6APCiKcb002322: Milter: connect to filters",
    )
    assert [item[1:] for item in read.named("reject")] == [
        ("milter-reject", "MAIL", "", "451 4.3.2 Please try again later", "milter-temp@example.net", ""),
        ("milter-reject", "RCPT", "", "550 5.7.1 milter says <no>", "", '"x, reject=1"@example.net'),
        ("milter-discard", "RCPT", "", "", "", "milter-discard@example.net"),
        ("milter-reject", "DATA", "", "550 5.7.1 Command rejected", "", ""),
        ("milter-reject", "CONNECT", "203.0.113.6[203.0.113.6]", "", "", ""),
    ]


def test_quarantine(recorded):
    assert recorded.named("note", "6APCi9HE002230") == [("6APCi9HE002230", "held", "too much mail")]
    assert recorded.named("delivery", "6APCi9HE002230")[0][7:9] == ("queued", "quarantined: too much mail")
    assert ("6APCi9BF002234", "held", 'looks odd, "very"') in recorded.named("note")
    assert recorded.named("note", "6APChvDh002077") == [("6APChvDh002077", "held", "by hand")]
    assert written("6APChvDh002077: unquarantine").named("note") == [("6APChvDh002077", "released", "")]


def test_odd_message_ids(logs):
    read = logs["8.15.2"]
    assert [item[1] for item in read.named("message_id") if item[1][:4] == "odd "] == [
        "odd id with, size=5, stat=Sent",
        "odd id with, size=5, stat=Sent",
    ]
    # One that is longer than sendmail writes; an empty one.
    assert "<" + "a" * 99 in [item[1] for item in read.named("message_id")]
    assert [item for item in read.named("message_id") if item[1] == "<>"][0][0] == read.sent_by(
        "tls2@web01.example.com"
    )


def test_client_with_a_forged_name(recorded):
    assert recorded.named("arrival", "6APCiGJu002303") == [
        ("6APCiGJu002303", "forged.example.net[203.0.113.7]", "proto=ESMTP, daemon=MTA-v4, name=forged")
    ]
    assert recorded.named("message_id", "6APCiGJu002303") == [("6APCiGJu002303", "<a, size=1@x>")]


def test_tls_of_a_client_is_known_when_its_message_comes():
    seen = []

    class Watcher(Events):
        def arrival(self, stamp, origin, *rest):
            seen.append(origin.tls)

    reader = SendmailReader(Watcher(), lambda stamp: 0.0)
    origin = Origin("web01", "sm-mta", "7")
    reader.resolve(origin)
    tail = "size=9, class=0, nrcpts=1, msgid=<1@x>, proto={0}, daemon=MTA, relay=a [192.0.2.7]"
    for text in (
        "STARTTLS=server, relay=a [192.0.2.7], version=TLSv1.2, verify=OK, cipher=AES256-SHA, bits=256/256",
        "6APCiGJu002301: from=<a@x>, " + tail.format("ESMTPS"),
        "6APCiGJu002302: from=<a@x>, " + tail.format("ESMTPSA"),
        # Another process, some day, with the same number.
        "6APCiGJu002303: from=<a@x>, " + tail.format("ESMTP"),
    ):
        assert reader.read("", origin, text)
    assert seen == ["Verified TLSv1.2 AES256-SHA", "Verified TLSv1.2 AES256-SHA", ""]


# Made up, in the form of logdelivery() of a sendmail that was compiled with _FFR_LOG_MORE1 and _FFR_LOG_MORE2, which nobody recorded.
@pytest.mark.parametrize(
    ("before", "behind", "stat", "tls"),
    [
        (", tls_verify=OK, tls_version=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384", "", "Sent (ok)", "Verified TLSv1.3 TLS_AES_256_GCM_SHA384"),
        (", tls_version=TLSv1.2, cipher=AES256-SHA, auth=NONE", "", "Sent (ok)", "Untrusted TLSv1.2 AES256-SHA"),
        ("", ", tls_verify=FAIL, tls_version=TLSv1.3", "Sent (ok)", "Untrusted TLSv1.3"),
        ("", ", version=TLSv1.3, verify=OK, cipher=X, bits=256/256", "Sent (ok)", "Verified TLSv1.3 X"),
        (", tls_verify=NONE, auth=NONE", "", "Sent (ok)", "none"),
        (", tls_version=NONE, cipher=NONE", "", "Deferred: Connection refused by mx.example.", ""),
    ],
)  # fmt: skip
def test_a_delivery_line_may_tell_of_its_tls_itself(before, behind, stat, tls):
    line = "2026-11-25T12:00:00Z h sm-mta[7]: 6APC00AA000007: to=<a@b.example>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp{0}, pri=1, "
    log = Log(
        (line + "relay=mx.example. [203.0.113.7]{1}, dsn={2}, stat={3}\n").format(
            before, behind, "2.0.0" if stat[0] == "S" else "4.4.1", stat
        )
    )
    (event,) = [event for event in log.events if event[0] == "delivery"]
    assert event[-1] == tls


def test_connection_that_is_used_again_has_its_tls():
    delivered = (
        "6APCiGJu00230{0}: to=<x@y>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay={1}, "
        "dsn=2.0.0, stat=Sent"
    )
    tls = "STARTTLS=client, relay={0}, version=TLSv1.2, verify={1}, cipher=AES256-SHA, bits=256/256"
    read = written(
        tls.format("a.example.", "OK"),
        delivered.format(1, "a.example. [192.0.2.1]"),
        tls.format("name-that-is-too-long-for-sendmail-to-write.example.", "NOT"),
        delivered.format(2, "name-that-is-too-lo...l-to-write.example. [192.0.2.2]"),
        delivered.format(3, "b.example. [192.0.2.3]"),
        delivered.format(4, "a.example. [192.0.2.1]"),
    )
    assert [item[9] for item in read.named("delivery")] == [
        "Verified TLSv1.2 AES256-SHA",
        "Untrusted TLSv1.2 AES256-SHA",
        "none",
        "Verified TLSv1.2 AES256-SHA",
    ]


@pytest.mark.parametrize(
    "cipher, version",
    [
        ("ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2"),
        ("AES128-SHA256", "TLSv1.2"),
        ("DHE-RSA-AES256-SHA", "TLSv1/SSLv3"),
        ("DES-CBC3-SHA", "TLSv1/SSLv3"),
    ],
)
def test_what_old_releases_call_a_version_is_told_by_the_cipher_where_it_can_be(cipher, version):
    """Made up after tls.c of 8.14 with OpenSSL 1.0."""
    read = written(
        "STARTTLS=client, relay=a.example., version=TLSv1/SSLv3, verify=OK, cipher={0}, bits=256/256".format(cipher),
        "6APCiGJu002301: to=<x@y>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=a.example. [192.0.2.1], "
        "dsn=2.0.0, stat=Sent",
    )
    assert [item[9] for item in read.named("delivery")] == ["Verified {0} {1}".format(version, cipher)]


def test_process_of_another_day_has_not_the_tls_of_the_former():
    tls = "STARTTLS=client, relay=a.example., version=TLSv1.2, verify=OK, cipher=AES256-SHA, bits=256/256"
    delivered = (
        "6APCiGJu002301: to=<x@y>, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, "
        "relay=a.example. [192.0.2.1], dsn=2.0.0, stat=Sent"
    )
    read = Log(
        "Nov 25 12:00:00 web01 sm-mta[77]: {0}\nNov 25 12:00:01 web01 sm-mta[77]: {1}\n"
        "Nov 26 12:00:01 web01 sm-mta[77]: {1}\n".format(tls, delivered)
    )
    assert [item[9] for item in read.named("delivery")] == ["Verified TLSv1.2 AES256-SHA", "none"]


# From here on nothing was recorded: the forms are those of the source.


def test_el7s_sendmail_8_14():
    read = written(
        "rAPC0001012345: from=<app@web01.example.com>, size=702, class=0, nrcpts=2, bodytype=8BITMIME, proto=ESMTP, "
        "daemon=MTA, relay=localhost.localdomain [127.0.0.1]",
        "rAPC0001012345: to=<ops@example.net>,<dev@example.net>, ctladdr=<app@web01.example.com> (48/48), "
        "delay=1+02:03:04, xdelay=00:00:01, mailer=relay, pri=121000, relay=smtp-relay001.example.com. [192.0.2.10], "
        "dsn=2.0.0, stat=Sent (Ok: queued as 2471D40E5E)",
    )
    assert read.lexer.unknown == 0
    # No msgid= where the client gave none.
    assert read.named("message_id") == []
    assert read.named("sender") == [("rAPC0001012345", "app@web01.example.com", "702", "2")]
    assert [item[1:] for item in read.named("delivery")] == [
        (
            address,
            "",
            "smtp-relay001.example.com[192.0.2.10]",
            "93784",
            "",
            "2.0.0",
            "sent",
            "Ok: queued as 2471D40E5E",
            "none",
        )
        for address in ("ops@example.net", "dev@example.net")
    ]
    assert read.named("removed") == [("rAPC0001012345",)]


@pytest.mark.parametrize(
    "rest, status, reply",
    [
        ("dsn=4.0.0, stat=Operating system error", "deferred", "Operating system error"),
        ("stat=I/O error: No space left on device", "deferred", "I/O error: No space left on device"),
        ("stat=Deferred: Connection timed out", "deferred", "Deferred: Connection timed out"),
        ("stat=Sent", "sent", "Sent"),
        ("stat=Message accepted for delivery", "sent", "Message accepted for delivery"),
        ("stat=User unknown", "bounced", "User unknown"),
        ("dsn=5.3.5, stat=Local configuration error", "bounced", "Local configuration error"),
        (
            "dsn=4.0.0, ntries=3, stage=rcpt, reply=451 4.0.0 a, stat=b, stat=Deferred",
            "deferred",
            "Deferred: 451 4.0.0 a, stat=b",
        ),
        ("dsn=2.0.0, stat=Sent (cut off in its ... middle", "sent", "cut off in its ... middle"),
    ],
)
def test_status(rest, status, reply):
    read = written("6APCiGJu002301: to=<a@b>, delay=00:00:00, mailer=esmtp, pri=1, relay=c., " + rest)
    assert [item[7:9] for item in read.named("delivery")] == [(status, reply)]


def test_ipv6_addresses_are_written_as_other_mail_systems_write_them():
    read = written(
        "6APCiGJu002301: from=<a@b>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTP, daemon=MTA, "
        "relay=c.example [IPv6:2001:db8:0:0:0:0:0:7]"
    )
    assert read.named("arrival")[0][1] == "c.example[2001:db8::7]"


def test_user_of_an_authenticated_client():
    read = written(
        "AUTH=server, relay=c.example [192.0.2.7], authid=app, mech=PLAIN, bits=0",
        "6APCiGJu002301: from=<a@b>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTPA, daemon=MSA, "
        "relay=c.example [192.0.2.7]",
        "6APCiGJu002302: from=<a@b>, size=1, class=0, nrcpts=1, msgid=<x>, proto=ESMTP, daemon=MTA, "
        "relay=d.example [192.0.2.8]",
    )
    assert [item[2] for item in read.named("arrival")] == [
        "proto=ESMTPA, daemon=MSA, sasl_username=app",
        "proto=ESMTP, daemon=MTA",
    ]


def test_line_that_sendmail_has_split_is_read_as_one():
    read = written(
        "6APCiGJu002301[1]: to=<a@b>, delay=00:00:00, mailer=esmtp,  ...",
        "6APCiGJu002302[1]: to=<c@d>, delay=00:00:00,  ...",
        "6APCiGJu002301[2]: pri=1, relay=c., dsn=2.0.0, stat=Sent",
        "6APCiGJu002302[2]: mailer=esmtp, pri=1, relay=c., dsn=2.0.0, stat=Sent",
    )
    assert [item[:2] for item in read.named("delivery")] == [("6APCiGJu002301", "a@b"), ("6APCiGJu002302", "c@d")]


def test_names_around_addresses_are_left_out():
    read = written(
        '6APCiGJu002301: to="Doe, Joe" <joe@example.com>,Ann <ann@example.com>,<@relay:bob@example.com>, '
        "delay=00:00:00, mailer=esmtp, pri=1, relay=c., dsn=2.0.0, stat=Sent"
    )
    assert [item[1] for item in read.named("delivery")] == ["joe@example.com", "ann@example.com", "bob@example.com"]


def test_split_envelopes_and_what_an_operator_wants_to_know():
    read = written(
        "6APCiGJu002301: split: maxrcpts=2, rcpts=5, count=2, ids=6APCiGJv002301; 6APCiGJw002301",
        "6APCiGJu002301: SYSERR(root): savemail: cannot save rejected email anywhere",
        "6APCiGJu002301: Losing ./qf6APCiGJu002301: savemail panic",
        "6APCiGJu002301: timeout waiting for input from a.example. during client EHLO",
    )
    assert read.named("link") == [
        ("6APCiGJu002301", "forwarded", "6APCiGJv002301"),
        ("6APCiGJu002301", "forwarded", "6APCiGJw002301"),
    ]
    assert [item[1] for item in read.named("note")] == ["warning", "warning", "attempt"]


def test_more_messages_than_are_remembered(monkeypatch):
    monkeypatch.setattr(log, "MOST_REMEMBERED", 10)
    came = "6APCiGJu{0:06d}: from=<a@b>, size=1, class=0, nrcpts=1, msgid=<x>, relay=c [192.0.2.7]"
    went = "6APCiGJu{0:06d}: to=<c@d>, delay=00:00:00, mailer=esmtp, pri=1, relay=c., dsn=2.0.0, stat=Sent"
    read = written(*[came.format(number) for number in range(100)] + [went.format(number) for number in range(100)])
    assert len(read.named("delivery")) == 100
    assert 5 <= len(read.named("removed")) <= 10


@pytest.mark.parametrize(
    "tag, known",
    [
        ("sendmail", True),
        ("sm-mta", True),
        ("sm-msp", True),
        ("sm-msp-queue", True),
        ("sendmail-client", True),
        ("sm-client", True),
        ("sendmail-mta", True),
        ("postfix/sendmail", False),
        ("sendmail/smtpd", False),
        ("postfix/smtpd", False),
        ("qmail", False),
        ("sendmailanalyzer", False),
    ],
)
def test_programs(tag, known):
    origin = Origin("web01", tag, "7")
    assert SendmailReader(Events(), lambda stamp: 0.0).resolve(origin) is known
    assert (origin.mta, origin.program) == (("sendmail", tag) if known else ("", ""))


@pytest.mark.parametrize(
    "text",
    [
        "starting daemon (8.14.7): SMTP+queueing@01:00:00",
        "alias database /etc/aliases rebuilt by root",
        "/etc/aliases: 76 aliases, longest 10 bytes, 771 bytes total",
        "rejecting connections on daemon MTA: load average: 12",
        "runqueue: Flushing queue from /var/spool/mqueue/6APCiGJu002301 (pri 1, LA 2, 3 of 4)",
        "grew WorkList for /var/spool/mqueue to 2000",
        "My unqualified host name (web01) unknown; sleeping for retry",
        "unable to qualify my own domain name (web01) -- using short name",
        "gethostbyaddr(192.0.2.1) failed: 1",
        "NOQUEUE: connect from a.example [192.0.2.7]",
        "NOQUEUE: SYSERR(root): opendaemonsocket: daemon MTA: cannot bind: Address already in use",
        "STARTTLS=server, error: accept failed=-1, reason=wrong version number, SSL_error=1, errno=0, retry=-1",
        "6APCiGJu002301: locked",
        "6APCiGJu002301: --- 250 2.0.0 OK",
        "6APCiGJu002301: lost input channel from a [192.0.2.7] to MTA after rcpt",
    ],
)
def test_line_without_an_event_is_known(text):
    read = written(text)
    assert (read.lexer.unknown, read.events) == (0, [])


@pytest.mark.parametrize(
    "text",
    [
        "pam_unix(su:session): session opened",
        "6APCiGJu002301 no colon",
        "6APCiGJu: to=<a@b>, delay=00:00:00, mailer=esmtp, pri=1, stat=Sent",
        "6APCiGJu002301: to=<a@b>, delay=00:0",
        "6APCiGJu002301: to=<a@b>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=1, dsn=2.0",
        "6APCiGJu002301: from=<a@b>, size=1, class=0, nrc",
        "6APCiGJu002301: ruleset=check_rcpt, arg1=<a@b>, rel",
        "4XyZ1234abcd: client=web01[192.0.2.7]",
    ],
)
def test_line_that_sendmail_does_not_write_is_unknown(text):
    read = written(text)
    assert (read.lexer.unknown, read.events) == (1, [])


ALL_LINES = [line for version in VERSIONS for line in lines_of(version).split("\n") if line]
TEXTS = sorted(set(re.sub(r"^.*? legacy01 \S+: ", "", line) for line in ALL_LINES))


def read_alone(text):
    recorder = Recorder()
    reader = SendmailReader(recorder, lambda stamp: 0.0)
    origin = Origin("web01", "sm-mta", "7")
    reader.resolve(origin)
    result = reader.read("Nov 25 12:00:00", origin, text)
    assert result is True or result is False
    for event in recorder.events:
        # Native strings; those of Python 2 are bytes.
        assert all(isinstance(part, str) for part in event)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_truncated_and_damaged_lines_never_raise(data):
    text = data.draw(st.sampled_from(TEXTS))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    read_alone(text[:end])
    read_alone(text[start:])
    damage = data.draw(
        st.sampled_from(['"', "\\", ", ", "<", ">", "[", "\x00", "\x1b[31m", ", stat=", ", relay=", "\n", "\xff"])
    )
    read_alone(text[:start] + damage + text[end:])


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(blacklist_categories=()), max_size=200),
    st.sampled_from(
        [
            "",
            "6APCiGJu002301: ",
            "NOQUEUE: ",
            "6APCiGJu002301: to=",
            "6APCiGJu002301: from=",
            "ruleset=",
            "6APCiGJu002301: Milter: ",
            "6APCiGJu002301[1]: ",
        ]
    ),
)
def test_arbitrary_text_never_raises(text, before):
    native = text if str is not bytes else text.encode("utf-8")
    read_alone(before + native)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["x", " ", '"', "\\", ",", "<", ">", "a@b"]), min_size=1, max_size=8))
def test_quoted_recipients_come_back_as_they_are(parts):
    local = '"{0}"'.format("".join(parts).replace("\\", "\\\\").replace('"', '\\"'))
    read = written(
        "6APCiGJu002301: to=<{0}@example.com>,<b@example.com>, delay=00:00:00, mailer=esmtp, pri=1, relay=c., "
        "dsn=2.0.0, stat=Sent".format(local)
    )
    assert [item[1] for item in read.named("delivery")] == [local + "@example.com", "b@example.com"]


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        '\\"',
        '"\\',
        ",",
        "<",
        "[",
        "[1",
        ", stat=",
        ", relay=",
        ", arg2=",
        ", size=",
        ", a=",
        ", msgid=",
        "a",
        " ...",
    ],
)
@pytest.mark.parametrize(
    "frame",
    [
        "{0}",
        "6APCiGJu002301: {0}",
        "6APCiGJu002301: to={0}",
        "6APCiGJu002301: to={0}, delay=00:00:00, mailer=esmtp, pri=1, relay=c., dsn=2.0.0, stat=Sent",
        "6APCiGJu002301: to=<a@b>, delay=00:00:00, mailer=esmtp, quarantine={0}, stat=quarantined",
        "6APCiGJu002301: to=<a@b>, delay=00:00:00, mailer=esmtp, relay={0}, dsn=5.0.0, reply={0}, stat=x",
        "6APCiGJu002301: from={0}, size=1, class=0, nrcpts=1, msgid={0}, relay={0}",
        "6APCiGJu002301: ruleset=check_rcpt, arg1={0}, relay={0}, reject={0}",
        "6APCiGJu002301: Milter: to={0}, reject={0}",
        "6APCiGJu002301: rejecting commands from {0} due to x",
        "STARTTLS=client, relay={0}, version=x, verify=y",
        "AUTH=server, relay=a, authid={0}, mech=a",
    ],
)
def test_long_lines_take_no_long_time(frame, piece):
    text = frame.format(piece * (60000 // len(piece)))
    began = time.time()
    read_alone(text)
    # Two orders of magnitude more than it takes.
    assert time.time() - began < 10


def chains():
    """list of list of str: lines of the log that have neither a process nor a queue ID in common with any other."""
    together, names = {}, []

    def root(name):
        while together.setdefault(name, name) != name:
            name = together[name]
        return name

    lines = lines_of("8.17.1.9").split("\n")[:-1]
    for line in lines:
        tag, text = re.match(r".* legacy01 \S+\[([0-9]+)\]: (.*)", line).groups()
        names.append(tag)
        for other in re.findall(r"\b{0}\b".format(ID), text.partition(", msgid=")[0]):
            together[root(other)] = root(tag)
    found = {}
    for name, line in zip(names, lines):
        found.setdefault(root(name), []).append(line)
    return [chain for chain in found.values() if 3 <= len(chain) <= 20]


CHAINS = chains()


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_told_of_a_message_does_not_depend_on_the_lines_between(data):
    assert len(CHAINS) > 10
    chosen = data.draw(st.lists(st.sampled_from(range(len(CHAINS))), min_size=2, max_size=6, unique=True))
    turns = data.draw(st.permutations([number for number in chosen for _line in CHAINS[number]]))
    waiting = dict((number, iter(CHAINS[number])) for number in chosen)
    mixed = Log("".join(next(waiting[number]) + "\n" for number in turns))
    for number in chosen:
        alone = Log("\n".join(CHAINS[number]) + "\n")
        for queue_id in set(event[1] for event in alone.events):
            if queue_id:
                assert mixed.of(queue_id) == alone.of(queue_id)
