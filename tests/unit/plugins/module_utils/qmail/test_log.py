# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import Events
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import Lexer, Origin
from ansible_collections.mailops.relay.plugins.module_utils.qmail import log
from ansible_collections.mailops.relay.plugins.module_utils.qmail.log import QmailReader, next_attempt, tai64n
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")


class Recorder(Events):
    """Keeps every event as (name, stamp, further arguments without the origin)."""

    def __init__(self):
        self.events = []

    def arrival(self, stamp, origin, *rest):
        self.events.append(("arrival", stamp) + rest)

    def sender(self, stamp, origin, *rest):
        self.events.append(("sender", stamp) + rest)

    def delivery(self, stamp, origin, *rest):
        self.events.append(("delivery", stamp) + rest)

    def removed(self, stamp, origin, *rest):
        self.events.append(("removed", stamp) + rest)

    def reject(self, stamp, origin, *rest):
        self.events.append(("reject", stamp) + rest)

    def link(self, stamp, origin, *rest):
        self.events.append(("link", stamp) + rest)

    def note(self, stamp, origin, *rest):
        self.events.append(("note", stamp) + rest)

    def named(self, name):
        """list of tuple: the arguments of the events of this name, without the time."""
        return [event[2:] for event in self.events if event[0] == name and (name, event[2:3]) != ("delivery", ("",))]

    def unassigned(self):
        """list of tuple: the results of deliveries of which the log does not tell the message."""
        return [event[2:] for event in self.events if event[:1] == ("delivery",) and event[2] == ""]


class Log(Recorder):
    """Reads lines through a Lexer."""

    def __init__(self, text, reference=1795400000.0):
        super(Log, self).__init__()
        self.lexer = Lexer(self.resolve, reference)
        self.reader = QmailReader(self, self.lexer.seconds)
        self.lexer.read(text)

    def resolve(self, origin):
        self.reader.resolve(origin)

    def timed(self):
        """list of tuple: the events with times in steps of 10 microseconds instead of stamps."""
        return [(event[0], int(round(self.lexer.seconds(event[1]) * 1e5))) + event[2:] for event in self.events]

    def times(self, name):
        return [self.lexer.seconds(event[1]) for event in self.events if event[0] == name]

    def all_known(self):
        return (self.lexer.unknown, self.lexer.unreadable, self.lexer.samples, self.lexer.others) == (0, 0, [], {})


def fixture(name):
    with open(os.path.join(FIXTURES, name)) as stream:
        return stream.read()


def stamped(lines, start=1795331403):
    """str: lines of multilog's, a second apart."""
    return "".join("{0} {1}\n".format(tai64n(start + place, 0), line) for place, line in enumerate(lines))


@pytest.fixture
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="module")
def recorded():
    return Log(fixture("current.multilog.txt"))


# A small manual of qmail logs that is often quoted, with an address in place of what hides it there.
SIX_LINES = """\
@40000000461d81581ec60f34 new msg 5915497
@40000000461d81581eda8194 info msg 5915497: bytes 22122 from <sender@example.org> qp 99024 uid 89
@40000000461d8158214e737c starting delivery 4088258: msg 5915497 to local user@example.com
@40000000461d81582155ca64 status: local 2/10 remote 0/60
@40000000461d815824de127c delivery 4088258: success: did_1+0+0/
@40000000461d815824f572dc end msg 5915497
"""


def test_the_six_lines():
    read = Log(SIX_LINES)
    # 0x461d8158 is 1176338776, which is 10 more than the seconds since the epoch (2^62 is the label of 1970, and djb's
    # clocks run 10 s ahead); 0x1ec60f34 is 516296500 nanoseconds. It was 2007-04-12 00:46:06 UTC.
    assert read.timed() == [
        ("arrival", 117633876651630, "5915497", "", "uid=89, qp=99024"),
        ("sender", 117633876651764, "5915497", "sender@example.org", "22122", ""),
        (
            "delivery",
            117633876661853,
            "5915497",
            "user@example.com",
            "",
            "local",
            "0.102",
            "",
            "2.0.0",
            "sent",
            "did 1+0+0",
            "",
        ),
        ("removed", 117633876662007, "5915497"),
    ]
    assert read.all_known()
    assert read.lexer.hour == 1176336000


def test_every_line_of_the_recorded_log_is_known(recorded):
    assert recorded.all_known()
    assert recorded.lexer.lines == 126


def test_one_message_to_three_recipients_with_three_fates(recorded):
    assert [event[1:8] + event[9:] for event in recorded.named("delivery") if event[0] == "1861840"][:3] == [
        ("a@example.net", "", "127.0.0.1", "0.005", "", "2.0.0", "sent", ""),
        ("b@soft.example", "", "127.0.0.1", "0.008", "", "4.2.0", "deferred", ""),
        ("c@reject.example", "", "127.0.0.1", "0.008", "", "5.1.1", "bounced", ""),
    ]
    assert [event[8] for event in recorded.named("delivery") if event[0] == "1861840"][:3] == [
        "127.0.0.1 accepted message; Remote host said: 250 2.0.0 Ok: queued as 4jXKsg4Qmr002",
        "127.0.0.1 does not like recipient; Remote host said: 450 4.2.0 <x>: Recipient address rejected: Greylisted"
        "; Giving up on 127.0.0.1.",
        "127.0.0.1 does not like recipient; Remote host said: 550 5.1.1 <x>: Recipient address rejected: "
        "User unknown 100; Giving up on 127.0.0.1.",
    ]


def test_a_deferral_and_its_next_attempt_after_a_restart(recorded):
    attempts = [event for event in recorded.named("delivery") if event[0] == "1861857"]
    assert [(event[1], event[3], event[4], event[6], event[7]) for event in attempts] == [
        ("late@soft.example", "127.0.0.1", "0.003", "4.2.0", "deferred"),
        ("late@soft.example", "127.0.0.1", "4", "4.2.0", "deferred"),
    ]
    # The delivery numbers began again at 1 with the new qmail-send, the message is still that of the first one.
    assert [event[1] for event in recorded.named("delivery") if event[0] == "1861840"][3:] == ["b@soft.example"]


def test_a_refused_connection(recorded):
    attempts = [event for event in recorded.named("delivery") if event[0] == "1861842"]
    assert len(attempts) == 2
    assert attempts[0] == (
        "1861842",
        "x@refused.example",
        "",
        "none",
        "0.002",
        "",
        "4.4.1",
        "deferred",
        "Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)",
        "",
    )


def test_a_local_failure(recorded):
    assert [event[3:9] for event in recorded.named("delivery") if event[1] == "nosuchuser@web03.example.com"] == [
        ("local", "0.006", "", "5.1.1", "bounced", "Sorry, no mailbox here by that name. (#5.1.1)")
    ]


def test_bounces_are_linked_to_what_they_are_about(recorded):
    assert recorded.named("link") == [
        ("1861845", "bounce", "1861848"),
        ("1861846", "bounce", "1861847"),
        ("1861852", "bounce", "1861845"),
        ("1861847", "bounce", "1861849"),
        ("1861845", "bounce", "1861847"),
    ]


def test_triple_bounces_are_discarded(recorded):
    assert recorded.named("note") == [
        (number, "deleted", "triple bounce: discarding bounce/" + number)
        for number in ("1861848", "1861849", "1861847")
    ]


def test_a_number_that_is_used_again_is_another_arrival(recorded):
    for number, senders in (("1861845", 2), ("1861847", 2), ("1861837", 1)):
        mine = [event[0] for event in recorded.events if event[2] == number and event[0] != "link"]
        assert mine.count("arrival") == mine.count("sender") == mine.count("removed") == senders
        assert mine[0] == "arrival"
        assert mine[-1] == "removed"
    # Each delay counts from the arrival of its own message.
    assert all(float(event[4]) < 10 or event[0] in ("1861840", "1861842") for event in recorded.named("delivery"))


def test_tai64nlocal_tells_the_same(recorded, utc):
    local = Log(fixture("current.tai64nlocal.txt"))
    assert local.all_known()
    assert local.timed() == recorded.timed()


@pytest.mark.parametrize("tag", ["qmail:", "qmail-send:", "qmail[812]:"])
def test_splogger_tells_the_same(recorded, tag):
    lines = []
    for line in fixture("current.multilog.txt").splitlines():
        stamp, text = line.split(" ", 1)
        microseconds = int(stamp[17:], 16) // 1000
        seconds = int(stamp[1:17], 16) - 2**62 - 10
        lines.append("Nov 22 07:10:05 web03 {0} {1}.{2:06d} {3}\n".format(tag, seconds, microseconds, text))
    through_syslog = Log("".join(lines))
    assert through_syslog.all_known()
    # Nanoseconds are lost, so a time may be rounded otherwise.
    for ours, theirs in zip(through_syslog.timed(), recorded.timed()):
        assert abs(ours[1] - theirs[1]) <= 1
        assert (ours[0], ours[2:5]) == (theirs[0], theirs[2:5])
    assert len(through_syslog.events) == len(recorded.events)


def test_splogger_s_second_half_of_a_long_line():
    said = "x" * 740
    text = "delivery 7: failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_" + said
    first = "starting delivery 7: msg 3 to remote a@example.org"
    read = Log(
        "Nov 22 07:10:05 web03 qmail: 1795331405.000001 {0}\n"
        "Nov 22 07:10:05 web03 qmail: 1795331405.000002 {1}\n"
        "Nov 22 07:10:05 web03 qmail: 1795331405.000002+{2}\n".format(first, text[:799], text[799:])
    )
    assert read.all_known()
    assert [event[7] for event in read.named("delivery")] == ["bounced"]
    cut = ("info msg 3: bytes 5 from <" + said * 2)[:799]
    assert Log("Nov 22 07:10:05 web03 qmail: 1795331405.000001 {0}\n".format(cut)).all_known()


def test_without_splogger_s_time_syslog_s_is_taken():
    read = Log(
        "2026-11-22T07:10:05Z web03 qmail-send[9]: new msg 3\n2026-11-22T07:10:07Z web03 qmail-send[9]: end msg 3\n"
    )
    assert read.timed() == [("removed", 179533140700000, "3")]
    assert read.all_known()


DELIVERY = ["new msg 3", "info msg 3: bytes 5 from <> qp 7 uid 89", "starting delivery 9: msg 3 to {0} {1}"]


def delivery(report, channel="remote", recipient="bob@example.org"):
    """tuple: relay, delay, delays, dsn, status, reply of the delivery that ends with this report."""
    read = Log(stamped([line.format(channel, recipient) for line in DELIVERY] + ["delivery 9: " + report]))
    assert read.all_known()
    (event,) = read.named("delivery")
    assert (event[0], event[1], event[2], event[9]) == ("3", recipient, "", "")
    return event[3:9]


@pytest.mark.parametrize(
    "report, relay, dsn, status, reply",
    [
        (
            "success: 192.0.2.1_accepted_message./Remote_host_said:_250_OK_id=1a-b/",
            "192.0.2.1",
            "2.0.0",
            "sent",
            "192.0.2.1 accepted message; Remote host said: 250 OK id=1a-b",
        ),
        (
            "success: 2001:db8::1_accepted_message./Remote_host_said:_250_2.6.0_Queued/",
            "2001:db8::1",
            "2.6.0",
            "sent",
            "2001:db8::1 accepted message; Remote host said: 250 2.6.0 Queued",
        ),
        (
            # qmail-send writes the percent sign of fe80::1%eth0 as an underscore.
            "success: fe80::1_eth0_accepted_message./Remote_host_said:_250_ok/",
            "fe80::1%eth0",
            "2.0.0",
            "sent",
            "fe80::1 eth0 accepted message; Remote host said: 250 ok",
        ),
        (
            "deferral: Connected_to_fe80::1_eth0_but_greeting_failed./Remote_host_said:_421_no/Giving_up_on_fe80::1_eth0./",
            "fe80::1%eth0",
            "4.0.0",
            "deferred",
            "Connected to fe80::1 eth0 but greeting failed; Remote host said: 421 no; Giving up on fe80::1 eth0.",
        ),
        (
            "success: mx.example.org[192.0.2.1]_accepted_message./Remote_host_said:_250_ok/",
            "mx.example.org[192.0.2.1]",
            "2.0.0",
            "sent",
            "mx.example.org[192.0.2.1] accepted message; Remote host said: 250 ok",
        ),
        (
            # As patched for SMTP AUTH and for TLS.
            "success: no_supported_AUTH_method_found,_continuing_without_authentication./192.0.2.1_accepted_message."
            "/Remote_host_said:_250_ok_1234_qp_5678/STARTTLS_proto=TLSv1.3;_cipher=X;/",
            "192.0.2.1",
            "2.0.0",
            "sent",
            "no supported AUTH method found, continuing without authentication./192.0.2.1 accepted message"
            "; Remote host said: 250 ok 1234 qp 5678; STARTTLS proto=TLSv1.3; cipher=X;",
        ),
        (
            "failure: <From:a@example.com_To:bob@example.org>_192.0.2.1_does_not_like_recipient."
            "/Remote_host_said:_553_sorry_(#5.7.1)/Giving_up_on_192.0.2.1./",
            "192.0.2.1",
            "5.7.1",
            "bounced",
            "<From:a@example.com To:bob@example.org> 192.0.2.1 does not like recipient"
            "; Remote host said: 553 sorry (#5.7.1); Giving up on 192.0.2.1.",
        ),
        (
            "deferral: Connected_to_192.0.2.1_but_connection_died._Possible_duplicate!_(#4.4.2)/",
            "192.0.2.1",
            "4.4.2",
            "deferred",
            "Connected to 192.0.2.1 but connection died. Possible duplicate! (#4.4.2)",
        ),
        (
            "deferral: Connected_to_192.0.2.1_but_greeting_failed./Remote_host_said:_421_too_busy/",
            "192.0.2.1",
            "4.0.0",
            "deferred",
            "Connected to 192.0.2.1 but greeting failed; Remote host said: 421 too busy",
        ),
        (
            "failure: 192.0.2.1_failed_after_I_sent_the_message./Remote_host_said:_550-5.7.26_See"
            "/550_5.7.26_https://support.example.org/mail/?p=X/",
            "192.0.2.1",
            "5.7.26",
            "bounced",
            "192.0.2.1 failed after I sent the message; Remote host said: 550-5.7.26 See"
            "; 550 5.7.26 https://support.example.org/mail/?p=X",
        ),
        (
            "failure: 192.0.2.1_failed_on_DATA_command./Remote_host_said:_554_no/",
            "192.0.2.1",
            "5.0.0",
            "bounced",
            "192.0.2.1 failed on DATA command; Remote host said: 554 no",
        ),
        (
            "failure: Sorry,_I_couldn't_find_any_host_named_nowhere.example._(#5.1.2)/",
            "none",
            "5.1.2",
            "bounced",
            "Sorry, I couldn't find any host named nowhere.example. (#5.1.2)",
        ),
        (
            "failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_450_4.2.0_Greylisted/Giving_up_on_192.0.2.1."
            "/I'm_not_going_to_try_again;_this_message_has_been_in_the_queue_too_long./",
            "192.0.2.1",
            "4.2.0",
            "expired",
            "192.0.2.1 does not like recipient; Remote host said: 450 4.2.0 Greylisted; Giving up on 192.0.2.1"
            "; I'm not going to try again; this message has been in the queue too long.",
        ),
        ("deferral: qmail-remote_crashed./", "none", "4.0.0", "deferred", "qmail-remote crashed."),
        ("success: ", "none", "2.0.0", "sent", ""),
        ("success", "none", "2.0.0", "sent", ""),
        ("report mangled, will defer", "none", "4.0.0", "deferred", "report mangled, will defer"),
    ],
)
def test_reports_of_remote_deliveries(report, relay, dsn, status, reply):
    assert delivery(report) == (relay, "3", "", dsn, status, reply)


@pytest.mark.parametrize(
    "report, dsn, status",
    [
        ("success: did_1+0+0/", "2.0.0", "sent"),
        # What a program prints that took the message.
        ("success: 192.0.2.1_accepted_message._(#5.1.1)/did_0+0+1/", "2.0.0", "sent"),
        ("deferral: Temporary_failure_in_qmail-lspawn./", "4.0.0", "deferred"),
        ("deferral: Unable_to_chdir_to_maildir._(#4.2.1)/", "4.2.1", "deferred"),
        ("failure: This_message_is_looping:_it_already_has_my_Delivered-To_line._(#5.4.6)/", "5.4.6", "bounced"),
        ("report mangled, will defer", "4.0.0", "deferred"),
    ],
)
def test_reports_of_local_deliveries(report, dsn, status):
    assert delivery(report, "local", "alice@web03.example.com")[:5] == ("local", "3", "", dsn, status)


def test_the_underscores_of_the_recipient_stay():
    reply = delivery(
        "failure: 192.0.2.1_does_not_like_recipient./Remote_host_said:_550_<b_o_b@example.org>_no/",
        recipient="b_o_b@example.org",
    )[5]
    assert reply == "192.0.2.1 does not like recipient; Remote host said: 550 <b_o_b@example.org> no"


def test_the_queue_id_of_the_next_hop_stays_whole():
    reply = delivery("success: 192.0.2.1_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_4jXKsg4Qmr001/")[5]
    assert reply.split("queued as ")[1] == "4jXKsg4Qmr001"


@pytest.mark.parametrize(
    "lines",
    [
        # The notification's own line after that of the bounce, as qmail-send has it, and before, with a qmail-todo.
        ["bounce msg 3 qp 7", "end msg 3", "new msg 4", "info msg 4: bytes 9 from <> qp 7 uid 1006"],
        ["new msg 4", "info msg 4: bytes 9 from <> qp 7 uid 1006", "bounce msg 3 qp 7", "end msg 3"],
        [
            "bounce msg 3 qp 7",
            "info msg 9: bytes 1 from <a@example.org> qp 7 uid 0",
            "info msg 4: bytes 9 from <#@[]> qp 7 uid 6",
        ],
    ],
)
def test_a_bounce_is_linked_whichever_line_comes_first(lines):
    # The process number is used again later.
    read = Log(stamped(lines + ["info msg 5: bytes 9 from <> qp 7 uid 1006"]))
    assert read.named("link") == [("3", "bounce", "4")]
    assert read.times("link") == [1795331403.0 + [line.startswith("bounce") for line in lines].index(True)]


@pytest.mark.parametrize(
    "lines",
    [
        # A message that is no notification, another process, a number that was used long ago, and a bounce long ago.
        ["bounce msg 3 qp 7", "info msg 4: bytes 9 from <a@example.org> qp 7 uid 0"],
        ["info msg 4: bytes 9 from <a@example.org> qp 7 uid 0", "bounce msg 3 qp 7"],
        ["bounce msg 3 qp 7", "info msg 4: bytes 9 from <> qp 8 uid 0"],
        ["info msg 4: bytes 9 from <> qp 7 uid 0"] + ["status: local 0/20 remote 0/60"] * 61 + ["bounce msg 3 qp 7"],
        ["bounce msg 3 qp 7"] + ["status: local 0/20 remote 0/60"] * 1501 + ["info msg 4: bytes 9 from <> qp 7 uid 0"],
    ],
)
def test_what_has_only_the_same_process_number_is_not_linked(lines):
    assert Log(stamped(lines)).named("link") == []


@pytest.mark.parametrize("report_first", [True, False])
def test_what_an_alias_forwards_is_linked(report_first):
    report = ["delivery 5: success: did_0+1+0/qp_77/"]
    copy = ["new msg 4", "info msg 4: bytes 9 from <a@example.org> qp 77 uid 0"]
    start = [
        "info msg 3: bytes 9 from <a@example.org> qp 7 uid 0",
        "starting delivery 5: msg 3 to local x@web03.example.com",
    ]
    read = Log(stamped(start + (report + copy if report_first else copy + report)))
    assert read.named("link") == [("3", "forwarded", "4")]


def test_a_double_bounce_may_be_discarded_too():
    assert Log(stamped(["double bounce: discarding bounce/12"])).named("note") == [
        ("12", "deleted", "double bounce: discarding bounce/12")
    ]


START = ["new msg 3", "info msg 3: bytes 5 from <> qp 7 uid 89", "starting delivery 2: msg 3 to remote bob@example.org"]


@pytest.mark.parametrize(
    "between",
    [
        ["status: exiting"],
        ["status: qmail-send exiting"],
        ["status: local 0/20 remote 0/60"],
        ["starting delivery 1: msg 8 to local x@web03.example.com"],
        ["delivery 2: success: did_1+0+0/"],
    ],
)
def test_a_delivery_number_of_an_earlier_qmail_send_means_nothing(between):
    read = Log(stamped(START + between + ["delivery 2: failure: Sorry._(#5.1.1)/"]))
    assert "bounced" not in [event[7] for event in read.named("delivery")]
    assert read.all_known()


def test_a_result_whose_start_lies_before_the_log_is_told_without_its_message():
    said = "192.0.2.20_does_not_like_recipient./Remote_host_said:_550_5.1.1_no_such_user/Giving_up_on_192.0.2.20./"
    read = Log(stamped(["delivery 7: failure: " + said, "delivery 8: deferral: Sorry,_try_later._(#4.3.0)/"]))
    (first, second) = read.unassigned()
    assert first[:4] == ("", "", "", "192.0.2.20") and first[6:8] == ("5.1.1", "bounced")
    assert second[7:9] == ("deferred", "Sorry, try later. (#4.3.0)") and read.all_known()


def test_a_delivery_without_a_result_is_told_at_the_end():
    read = Log(stamped(START))
    before = len(read.named("delivery"))
    read.reader.end()
    assert [event[7] for event in read.named("delivery")[before:]] == ["queued"]


def test_the_same_delivery_number_after_a_restart_is_another_delivery():
    read = Log(
        stamped(START + ["starting delivery 2: msg 4 to local x@example.com", "delivery 2: success: did_1+0+0/"])
    )
    assert [event[:4] for event in read.named("delivery")] == [("4", "x@example.com", "", "local")]


def test_deliveries_under_way_while_qmail_send_stops_have_their_end():
    read = Log(
        stamped(
            START + ["status: local 0/20 remote 1/60 exitasap", "delivery 2: success: 192.0.2.1_accepted_message./"]
        )
    )
    assert [event[7] for event in read.named("delivery")] == ["sent"]


def test_each_start_of_qmail_send_has_deliveries_of_its_own():
    start, result = "starting delivery 5: msg 3 to local x@example.com", "delivery 5: success: did_1+0+0/"
    lines = ["status: exiting", start, "status: exiting", result, "status: exiting", start, result, result]
    read = Log(stamped(lines))
    assert [event[0] for event in read.named("delivery")] == ["3"] and len(read.unassigned()) == 2


def test_a_clock_that_goes_back():
    lines = stamped(START, 1795331500) + stamped(["delivery 2: success: did_1+0+0/"])
    assert [event[4] for event in Log(lines).named("delivery")] == ["0"]


def test_hosts_have_numbers_of_their_own():
    read = Log(
        "".join(
            "2026-11-22T07:10:05Z {0} qmail-send[1]: {1}\n".format(host, text)
            for host, text in (
                ("web01", "starting delivery 5: msg 3 to local x@web01.example.com"),
                ("web02", "starting delivery 5: msg 4 to local x@web02.example.com"),
                ("web02", "status: exiting"),
                ("web01", "delivery 5: success: did_1+0+0/"),
                ("web02", "delivery 5: success: did_1+0+0/"),
            )
        )
    )
    assert [event[:2] for event in read.named("delivery")] == [("3", "x@web01.example.com")]


def test_a_message_whose_beginning_is_not_in_the_log():
    read = Log(
        stamped(["starting delivery 5: msg 3 to local x@example.com", "delivery 5: success: did_1+0+0/", "end msg 3"])
    )
    assert [event[:5] for event in read.named("delivery")] == [("3", "x@example.com", "", "local", "")]
    assert read.named("removed") == [("3",)]
    read = Log(stamped(["delivery 5: success: did_1+0+0/", "info msg 3: bytes 5 from <> qp 7 uid 89"]))
    assert [event[0] for event in read.events] == ["delivery", "arrival", "sender"]
    assert read.times("arrival") == [1795331404.0]


def test_a_message_has_no_delay_from_another_one_with_its_number():
    again = ["starting delivery 5: msg 3 to local x@example.com", "delivery 5: success: did_1+0+0/"]
    read = Log(stamped(START[:2] + ["end msg 3"] + again))
    assert [event[4] for event in read.named("delivery")] == [""]
    # Lines have been lost, but this one tells of a new message.
    read = Log(stamped(START[:2] + START[1:2] + again))
    assert read.times("arrival") == [1795331403.0, 1795331405.0]
    assert [event[4] for event in read.named("delivery")] == ["2"]


def test_a_message_that_qmail_send_begins_twice_has_arrived_once():
    lines = ["new msg 3", "warning: unable to create info/3", "new msg 3", "info msg 3: bytes 5 from <> qp 7 uid 89"]
    read = Log(stamped(lines))
    assert read.named("arrival") == [("3", "", "uid=89, qp=7")]
    assert read.times("arrival") == [1795331405.0]


def test_the_oldest_is_forgotten_first(monkeypatch):
    monkeypatch.setattr(log, "MOST_REMEMBERED", 2)
    again = ["new msg 1", "new msg 2", "new msg 1", "new msg 3"]
    again += ["info msg {0}: bytes 5 from <> qp {0} uid 0".format(number) for number in (1, 2)]
    assert Log(stamped(again)).times("arrival") == [1795331405.0, 1795331408.0]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(log, "MOST_REMEMBERED", 10)
    lines = []
    for number in range(100, 150):
        lines.append("new msg {0}".format(number))
        lines.append("info msg {0}: bytes 5 from <> qp {0} uid 0".format(number))
        lines.append("starting delivery {0}: msg {0} to local x@example.com".format(number))
        lines.append("bounce msg {0} qp {1}".format(number, number + 1000))
    lines += ["delivery {0}: success: did_1+0+0/".format(number) for number in range(100, 150)]
    read = Log(stamped(lines))
    assert [event[0] for event in read.named("delivery")] == [str(number) for number in range(140, 150)]
    reader = read.reader
    for kept in (reader._messages, reader._deliveries, reader._expected, reader._queued, reader._runs):
        assert len(kept) <= 10


KNOWN = [
    "status: local 0/20 remote 0/60",
    "status: local 3/20 remote 0/60 exitasap",
    "status: exiting",
    "status: qmail-todo stop processing asap",
    "alert: cannot start: qmail-send is already running",
    "alert: oh no! lost spawn connection! dying...",
    "alert: unable to append to bounce message; HELP! sleeping...",
    "alert: qmail-todo: unable to reread control/locals",
    "warning: internal error: delivery report out of range",
    "warning: qmail-clean unable to clean up mess/5/123",
    "warning: trouble injecting bounce message, will try later",
    "warning: unable to stat mess/5/123; will try again later",
    "warning: trouble marking remote/5/123; message will be delivered twice!",
    "warning: unknown record type in todo/123!",
    "qmail-todo: alert: out of memory, sleeping...",
    "number of deliveries left before exiting: 3",
    "sighup response: ok",
    "delivery 7: log: connected_to_ldap/",
    "delivery 7: report mangled, will defer",
    "new msg 3",
    "info msg 3: bytes 5 from <a@example.org> qp 7 uid 89 queue queue1",
    "starting delivery 1: msg 3 to remote a@example.org queue1",
    "bounce msg 3 qp 7",
    "triple bounce: discarding bounce/3",
    "end msg 3",
    "tcpserver: status: 0/20",
    "tcpserver: pid 30906 from 192.0.2.1",
    "tcpserver: ok 30906 relay.example.com:203.0.113.5:25 web01.example.com:192.0.2.1::53354",
    "tcpserver: end 30906 status 256",
    "tcpserver: warning: dropping connection, unable to read cdb: access denied",
    "tcpserver: fatal: unable to bind: address already used",
    "sslserver: cafile 17 /etc/ssl/ca.pem",
    "rblsmtpd: fatal: out of memory",
    "qmail-smtpd 123: connection from 192.0.2.1 (web01, web) to relay",
    "qmail-smtpd: read failed (connection closed)",
    "CHKUSER rejected rcpt: from <a@example.org::> remote <x:y:192.0.2.1> rcpt <b@example.com> : not existing",
    "qlogenvelope: result=rejected code=553",
]


@pytest.mark.parametrize("text", KNOWN)
def test_known_lines(text):
    assert Log(stamped([text])).all_known()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "new msg",
        "new msg x",
        "new message 3",
        "new msg 3x",
        "info msg 3: bytes 5 from <a@example",
        "starting delivery 1: msg 3 to nowhere a@example.org",
        "starting delivery 1: msg 3 to remote ",
        "delivery 3: succ",
        "delivery 3: maybe: x",
        "bounce msg 3",
        "end msg ",
        "bounced msg 3 qp 7",
        "1795331405.1 new msg 3",
        "tcpserver: hello",
        "hello",
    ],
)
def test_unknown_lines(text):
    read = Log(stamped([text]))
    assert read.lexer.unknown == 1
    assert read.events == []


@pytest.mark.parametrize(
    "line, client",
    [
        ("tcpserver: deny 6944 relay.example.com:203.0.113.5:25 :192.0.2.1::40714", "unknown[192.0.2.1]"),
        (
            "tcpserver: deny 6944 relay:203.0.113.5:25 web01.example.com:192.0.2.1:bob:40714",
            "web01.example.com[192.0.2.1]",
        ),
        ("tcpserver: deny 6944 relay:2001:db8::5:25 web01:2001:db8::1::40714", "web01[2001:db8::1]"),
    ],
)
def test_tcpserver_denies(line, client):
    expected = [("", "reject", "CONNECT", client, "denied by the rules of tcpserver", "", "")]
    assert Log(stamped([line])).named("reject") == expected
    for tag in ("tcpserver[9]:", "qmail-smtpd:"):
        for text in (line, line.partition(" ")[2], "1795331405.000001 " + line):
            if tag == "qmail-smtpd:" and text.startswith("deny"):
                continue
            read = Log("2026-11-22T07:10:05Z web03 {0} {1}\n".format(tag, text))
            assert read.named("reject") == expected
            assert read.all_known()


def test_rblsmtpd_refuses():
    read = Log(stamped(["rblsmtpd: 192.0.2.1 pid 93340: 451 http://rbl.example.org/?ip=192.0.2.1"]))
    assert read.named("reject") == [
        ("", "reject", "CONNECT", "unknown[192.0.2.1]", "451 http://rbl.example.org/?ip=192.0.2.1", "", "")
    ]


@pytest.mark.parametrize(
    "tag, program",
    [("qmail", "qmail-send"), ("qmail-send", "qmail-send"), ("qmail-start", "qmail-send")]
    + [(tag, tag) for tag in ("qmail-smtpd", "qmail-pop3d", "tcpserver")],
)
def test_programs_of_qmail(tag, program):
    origin = Origin("web03", tag, "12")
    assert QmailReader(Events(), float).resolve(origin) is True
    assert (origin.mta, origin.program) == ("qmail", program)
    assert callable(origin.read)


@pytest.mark.parametrize("tag", ["smtpd", "postfix/smtpd", "sendmail", "qmail-x", ""])
def test_other_programs(tag):
    origin = Origin("web03", tag, "12")
    assert QmailReader(Events(), float).resolve(origin) is False
    assert (origin.mta, origin.program, origin.read) == ("", "", None)


@pytest.mark.parametrize(
    "arrival, attempted, remote, expected",
    [
        # The schedule that is printed in many a manual: 400 s, 1600 s, 3600 s ...; 100 s, 400 s, 900 s for local ones.
        (1000, 1000, True, 1400),
        (1000, 1400, True, 2600),
        (1000, 2600, True, 4600),
        (1000, 1000, False, 1100),
        (1000, 1100, False, 1400),
        (1000, 1400, False, 1900),
        # In between, and a clock that went back.
        (1000, 1399.9, True, 1000 + 39 * 39),
        (1000, 1401, True, 2600),
        (1000, 10, True, 1400),
        (1795331403.89, 1795331403.90, True, 1795331803),
        (0, 10**60, False, (10**30 + 10) ** 2),
        (0, 10**60 - 1, False, (10**30 + 9) ** 2),
    ],
)
def test_next_attempt(arrival, attempted, remote, expected):
    assert next_attempt(arrival, attempted, remote) == expected


@settings(max_examples=200)
@given(arrival=st.integers(0, 2**33), age=st.integers(0, 2**32), remote=st.booleans())
def test_next_attempt_is_exact(arrival, age, remote):
    found = next_attempt(arrival, arrival + age, remote) - arrival
    skip = 20 if remote else 10
    root = [
        number for number in (int(found**0.5) + delta - skip for delta in (-1, 0, 1)) if (number + skip) ** 2 == found
    ]
    assert len(root) == 1
    assert root[0] ** 2 <= age < (root[0] + 1) ** 2
    assert found > age


@settings(max_examples=200)
@given(seconds=st.integers(0, 2**33), nanoseconds=st.integers(0, 999999999))
def test_tai64n_comes_back(seconds, nanoseconds):
    stamp = tai64n(seconds, nanoseconds)
    assert len(stamp) == 25
    assert abs(Lexer(lambda origin: None).seconds(stamp) - (seconds + nanoseconds / 1e9)) < 1e-5


WORDS = st.sampled_from(
    sorted(set(word for line in fixture("current.multilog.txt").splitlines() + KNOWN for word in line.split(" ")))
    + ["1795331405.000001", "1795331405.000001+x", "/", "_", "#(5", ""]
)


def native(text):
    return text if bytes is not str else text.encode("utf-8")


def feed(tag, texts):
    recorder = Recorder()
    reader = QmailReader(recorder, Lexer(lambda origin: None, 0.0).seconds)
    origin = Origin("web03", tag, "")
    assert reader.resolve(origin)
    for text in texts:
        assert origin.read("2026-11-22T07:10:05Z", origin, text) in (True, False)
    return recorder


@settings(max_examples=200)
@given(tag=st.sampled_from(["qmail", "qmail-smtpd"]), texts=st.lists(st.text(max_size=60).map(native), max_size=5))
def test_no_text_breaks_it(tag, texts):
    feed(tag, texts)


@settings(max_examples=300)
@given(
    tag=st.sampled_from(["qmail", "tcpserver"]), lines=st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=8)
)
def test_no_words_break_it(tag, lines):
    feed(tag, lines)


@pytest.mark.parametrize("tag", ["qmail", "tcpserver"])
def test_no_line_breaks_it_wherever_it_is_cut_off(tag):
    lines = [line[26:] for line in fixture("current.multilog.txt").splitlines()] + KNOWN
    for line in sorted(set(lines)):
        feed(tag, [line[:end] for end in range(len(line))] + [line[start:] for start in range(1, len(line))])


@pytest.mark.parametrize(
    "text",
    [
        "delivery 1: success: " + "_" * 50000,
        "delivery 1: success: " + "/" * 50000,
        "delivery 1: failure: " + "1.1.1.1_" * 10000,
        "delivery 1: failure: " + "a." * 30000,
        "delivery 1: failure: Remote_host_said:" + "_550_5.1" * 10000,
        "delivery 1: failure: " + "Giving_up_on_" * 5000,
        "delivery 1: success: " + "did_1+1+1/" * 5000,
        "info msg 3: bytes 5 from <" + "> qp 1" * 10000,
        "triple bounce: discarding " + "1" * 50000 + "x",
        "triple bounce: discarding " + "/1" * 2000 + " ",
        "tcpserver: deny 1 x " + ":" * 50000,
        "9" * 50000,
    ],
    ids=lambda text: text[:30],
)
def test_long_lines_take_no_long_time(text):
    with at_most(2):
        feed("qmail", ["starting delivery 1: msg 3 to local a_b@example.org", text])
        feed("qmail", ["starting delivery 1: msg 3 to remote a_b@example.org", text])


RESULTS = st.sampled_from(
    [
        "success: 192.0.2.1_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_X/",
        "failure: Sorry._(#5.1.1)/",
        "deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
        "report mangled, will defer",
    ]
)
MESSAGES = st.lists(st.tuples(st.lists(RESULTS, max_size=3), st.booleans(), st.booleans()), min_size=1, max_size=4)


def life_of(place, results, bounces, ends):
    """list of str: the lines of a message; a message, a process and a delivery have numbers that no other one has."""
    number = 100 + place * 10
    lines = ["new msg {0}".format(number), "info msg {0}: bytes 5 from <a@example.org> qp {0} uid 0".format(number)]
    for attempt, result in enumerate(results):
        # Delivery 1 is that of a new qmail-send.
        lines.append(
            "starting delivery {0}: msg {1} to remote r{2}@example.org".format(number + attempt, number, attempt)
        )
        lines.append("delivery {0}: {1}".format(number + attempt, result))
    if bounces:
        lines.append("bounce msg {0} qp {1}".format(number, number + 1))
        # The notification, as far as it belongs to this message.
        lines.append("new msg {0}".format(number + 5))
        lines.append("info msg {0}: bytes 5 from <> qp {1} uid 0".format(number + 5, number + 1))
    if ends:
        lines.append("end msg {0}".format(number))
    return lines


@settings(max_examples=200)
@given(messages=MESSAGES, data=st.data())
def test_it_does_not_matter_how_the_lines_of_messages_are_mixed(messages, data):
    lives = []
    for place, life in enumerate(messages):
        # A time of its own for each line, which it keeps wherever it goes.
        lives.append([(tai64n(1795331403 + n, place), line) for n, line in enumerate(life_of(place, *life))])
    alone = [list(Log("".join("{0} {1}\n".format(*line) for line in life)).events) for life in lives]
    order = data.draw(st.permutations([place for place, life in enumerate(lives) for _line in life]))
    waiting = [iter(life) for life in lives]
    mixed = Log("".join("{0} {1}\n".format(*next(waiting[place])) for place in order))
    assert mixed.all_known()
    for place, events in enumerate(alone):
        mine = [str(number) for number in range(100 + place * 10, 110 + place * 10)]
        assert [event for event in mixed.events if event[2] in mine] == events
    assert len(mixed.events) == sum(len(events) for events in alone)
