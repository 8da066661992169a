# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail import log_lines
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import (
    MOST_SAMPLES,
    SAMPLE_LENGTH,
    Lexer,
    Years,
    repeated,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

# 2026-11-22 07:10:05 and the beginning of its hour, UTC.
MOMENT = 1795331405
HOUR = 1795330800
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# Zones as POSIX writes them, so that no zone files are needed: half an hour off, and with summer time.
ZONES = ["UTC0", "IST-5:30", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0"]


def set_zone(zone):
    if zone is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = zone
    time.tzset()


@pytest.fixture(scope="module", autouse=True)
def utc():
    before = os.environ.get("TZ")
    set_zone("UTC0")
    yield
    set_zone(before)


@pytest.fixture
def zone(request):
    set_zone(request.param)
    yield request.param
    set_zone("UTC0")


class Reading(object):
    """A Lexer, and what it gave to the reader of the programs whose name begins with C(prog) or C(qmail)."""

    def __init__(self, text=None, reference=MOMENT + 5.0):
        self.lexer = Lexer(self.resolve, reference)
        self.seen = []
        self.resolved = []
        if text is not None:
            self.lexer.read(text)

    def resolve(self, origin):
        self.resolved.append((origin.host, origin.tag, origin.pid))
        if origin.tag.startswith(("prog", "qmail")):
            origin.read = self.line

    def line(self, stamp, origin, text):
        if text.startswith(("message repeated", "odd")):
            return False
        self.seen.append((self.lexer.seconds(stamp), origin.host, origin.tag, origin.pid, text))
        return True

    def counters(self):
        return self.lexer.lines, self.lexer.unreadable, self.lexer.unknown, self.lexer.others


FORMATS = {
    "syslog": "Nov 22 07:10:05 web01 prog/smtpd[12]: a: b c",
    "syslog with a fraction": "Nov 22 07:10:05.250 web01 prog/smtpd[12]: a: b c",
    "syslog with a fraction of 6 digits": "Nov 22 07:10:05.250000 web01 prog/smtpd[12]: a: b c",
    "year first": "2026 Nov 22 07:10:05 web01 prog/smtpd[12]: a: b c",
    "year after the day": "Nov 22 2026 07:10:05 web01 prog/smtpd[12]: a: b c",
    "RFC 3339": "2026-11-22T07:10:05.250000+00:00 web01 prog/smtpd[12]: a: b c",
    "RFC 3339, Z": "2026-11-22T07:10:05.25Z web01 prog/smtpd[12]: a: b c",
    "RFC 3339, east": "2026-11-22T12:40:05.250000+05:30 web01 prog/smtpd[12]: a: b c",
    "RFC 3339, west": "2026-11-21T23:10:05.250000-08:00 web01 prog/smtpd[12]: a: b c",
    "journalctl -o short-iso": "2026-11-22T08:10:05+0100 web01 prog/smtpd[12]: a: b c",
    "without a zone": "2026-11-22T07:10:05 web01 prog/smtpd[12]: a: b c",
    "with a comma": "2026-11-22T07:10:05,250Z web01 prog/smtpd[12]: a: b c",
    "RFC 5424": "<22>1 2026-11-22T07:10:05.250Z web01 prog/smtpd 12 - - a: b c",
    "RFC 5424 with data": r'<22>1 2026-11-22T07:10:05.250Z web01 prog/smtpd 12 ID7 [a@1 b="c \] d"][e@2 f="g"] a: b c',
}


@pytest.mark.parametrize("name", sorted(FORMATS))
@pytest.mark.parametrize("priority", ["", "<22>"])
def test_formats(name, priority):
    line = FORMATS[name]
    text = line if line.startswith("<") else priority + line
    # Three times, so that the way for lines of the same hour is taken too.
    read = Reading((text + "\n") * 3)
    assert read.counters() == (3, 0, 0, {})
    fraction = 0.25 if "." in line.split("web01")[0][17:] or "," in line.split("web01")[0] else 0.0
    if name.startswith("syslog"):
        fraction = 0.0
    assert read.seen == [(MOMENT + fraction, "web01", "prog/smtpd", "12", "a: b c")] * 3
    assert read.lexer.hour == HOUR or name == "RFC 3339, east"
    assert read.resolved == [("web01", "prog/smtpd", "12")]


def test_the_hour_is_that_of_the_zone_of_the_line():
    assert Reading(FORMATS["RFC 3339, east"]).lexer.hour == HOUR - 1800


def test_no_process_number_and_other_tags():
    read = Reading("Nov  2 07:10:05 web01 prog: x\n<22>1 2026-11-22T07:10:05Z web01 prog - - - \xef\xbb\xbf\n")
    assert [item[1:] for item in read.seen] == [
        ("web01", "prog", "", "x"),
        ("web01", "prog", "", "" if bytes is str else "\xef\xbb\xbf"),
    ]
    assert read.seen[0][0] == calendar.timegm((2026, 11, 2, 7, 10, 5))


def test_a_byte_order_mark_is_no_text():
    mark = "\xef\xbb\xbf" if bytes is str else "\ufeff"
    assert Reading("<22>1 2026-11-22T07:10:05Z web01 prog - - - {0}ufeff x".format(mark)).seen[0][4] == "ufeff x"
    assert Reading("<22>1 2026-11-22T07:10:05Z web01 prog - - - ufeff x").seen[0][4] == "ufeff x"


def test_multilog():
    # 1795331405 + 10 is 0x6b029557; 2^62 is 4 and fifteen noughts.
    read = Reading("@400000006b0295571dcd6500 new msg 1\n@400000006b02955700000000 odd\n")
    assert read.seen == [(MOMENT + 0.5, "", "qmail-send", "", "new msg 1")]
    assert read.counters() == (2, 0, 1, {})
    assert read.lexer.samples == ["odd"]
    assert read.lexer.hour == HOUR


def test_multilog_after_tai64nlocal():
    read = Reading("2026-11-22 07:10:05.500000000 new msg 1\n")
    assert read.seen == [(MOMENT + 0.5, "", "qmail-send", "", "new msg 1")]
    assert read.counters() == (1, 0, 0, {})
    assert read.lexer.hour == HOUR


@pytest.mark.parametrize(
    "stamp",
    [
        "@000000006b0295571dcd6500",
        "@ffffffffffffffffffffffff",
        "@400000ffffffffff00000000",
        "@3fffffffffffffff00000000",
    ],
)
def test_a_label_that_is_no_time_is_unreadable(stamp):
    read = Reading(stamp + " new msg 1\n")
    assert read.counters() == (1, 1, 0, {})
    assert read.seen == []


@pytest.mark.parametrize("zone", ZONES, indirect=True)
def test_what_has_no_zone_is_in_this_host_s_time(zone):
    local = time.strftime("%H:%M:%S", time.localtime(MOMENT))
    day = time.localtime(MOMENT).tm_mday
    lines = [
        "Nov {0:2d} {1} web01 prog: x".format(day, local),
        "Nov {0:2d} 2026 {1} web01 prog: x".format(day, local),
        "2026 Nov {0:2d} {1} web01 prog: x".format(day, local),
        "2026-11-{0:02d}T{1} web01 prog: x".format(day, local),
        "2026-11-{0:02d} {1}.000000000 x".format(day, local),
    ]
    for line in lines:
        assert [item[0] for item in Reading(line + "\n" + line).seen] == [MOMENT] * 2
    assert Reading("2026-11-22T07:10:05Z web01 prog: x").seen[0][0] == MOMENT
    assert Reading("@400000006b02955700000000 x").seen[0][0] == MOMENT


@pytest.mark.parametrize(
    "stamp, reference, expected",
    [
        ("Nov 22 07:10:05", (2026, 11, 22, 7, 10, 5), (2026, 11, 22, 7, 10, 5)),
        ("Nov 22 07:10:05", (2027, 1, 1, 0, 0, 0), (2026, 11, 22, 7, 10, 5)),
        ("Dec 31 23:59:59", (2026, 1, 1, 0, 10, 0), (2025, 12, 31, 23, 59, 59)),
        # A clock that is ahead by less than a day, over midnight of the new year too.
        ("Nov 23 07:00:00", (2026, 11, 22, 8, 0, 0), (2026, 11, 23, 7, 0, 0)),
        ("Jan  1 00:00:05", (2025, 12, 31, 23, 59, 50), (2026, 1, 1, 0, 0, 5)),
        ("Nov 24 07:00:00", (2026, 11, 22, 8, 0, 0), (2025, 11, 24, 7, 0, 0)),
        ("Feb 29 12:00:00", (2024, 3, 1, 0, 0, 0), (2024, 2, 29, 12, 0, 0)),
        ("Feb 29 12:00:00", (2026, 3, 1, 0, 0, 0), (2024, 2, 29, 12, 0, 0)),
        ("Feb 29 12:00:00", (2103, 12, 1, 0, 0, 0), (2096, 2, 29, 12, 0, 0)),
        ("Feb 29 12:00:00", (2104, 1, 1, 0, 0, 0), (2096, 2, 29, 12, 0, 0)),
        ("Feb 28 12:00:00", (2026, 3, 1, 0, 0, 0), (2026, 2, 28, 12, 0, 0)),
        # A leap second.
        ("Dec 31 23:59:60", (2026, 6, 1, 0, 0, 0), (2026, 1, 1, 0, 0, 0)),
    ],
)
def test_the_year_is_the_last_one_that_can_be(stamp, reference, expected):
    read = Reading("{0} web01 prog: x\n".format(stamp), calendar.timegm(reference))
    assert [item[0] for item in read.seen] == [calendar.timegm(expected)]


def test_the_year_is_found_again_for_the_next_file():
    read = Reading(FORMATS["syslog"])
    read.lexer.begin(MOMENT - 100 * 86400)
    read.lexer.read(FORMATS["syslog"])
    assert [item[0] for item in read.seen] == [MOMENT, MOMENT - 365 * 86400]


@pytest.mark.parametrize(
    "line",
    [
        "Feb 30 07:10:05 web01 prog: x",
        "Nov 31 07:10:05 web01 prog: x",
        "Nov  0 07:10:05 web01 prog: x",
        "Nov 22 24:10:05 web01 prog: x",
        "Xyz 22 07:10:05 web01 prog: x",
        "Nov 22 07:10:05",
        "Nov 22 07:10:05 ",
        "Nov 22 07:10:05 web01",
        "Nov 22 07:10:05 web01 prog:",
        "Nov 22 07:10:05 web01 no tag",
        "Nov 22 07:10:05 web01 -- MARK --",
        "Nov 22 07:10:05 web01 prog[x]: y",
        "Nov 22 07:10:05.x web01 prog: y",
        "2026-02-30T07:10:05Z web01 prog: x",
        "2026-13-22T07:10:05Z web01 prog: x",
        "2026-11-22T25:10:05Z web01 prog: x",
        "2026-11-22T07:60:05Z web01 prog: x",
        "1926-11-22T07:10:05Z web01 prog: x",
        "2026-11-22T07:10:05.Z web01 prog: x",
        "2026-11-22T07:10:05Z",
        "2026-11-22T07:10:05Z web01 prog:",
        "2026-13-22 07:10:05.000000000 new msg 1",
        "2026 Xyz 22 07:10:05 web01 prog: x",
        "2026 Feb 30 07:10:05 web01 prog: x",
        "Nov 22 1926 07:10:05 web01 prog: x",
        "<22>1 - web01 prog - - - x",
        "<22>1 2026-11-22T07:10:05Z web01 pr:og 1 - - x",
        "<22>",
        "<22",
        "<x>Nov <22>22",
        "@400000006b02955700000000",
        "@400000006B02955700000000 x",
        "@40000000 x",
        "hello",
        "\0\0\0\0\0\0",
        "\0\0Nov 22 07:10:05 web01 prog: x",
        "Nov 22 07:10:05 last message repeated 2 times",
    ],
)
def test_what_cannot_be_read_is_counted_and_shown(line):
    read = Reading(line + "\n")
    assert read.counters() == (1, 1, 0, {})
    assert read.seen == []
    assert len(read.lexer.samples) == 1
    # The same line among good ones of that hour harms none of them.
    for good in (FORMATS["syslog"], FORMATS["RFC 3339"]):
        read = Reading("\n".join([good, line, good, line, good]))
        assert len([item for item in read.seen if item[2] == "prog/smtpd"]) == 3
        assert len(set(read.seen)) <= 2
        # A line that only begins like one of this hour is as good as its hour.
        assert [item[0] for item in read.seen if item[2] == "prog"] in ([], [HOUR] * 2)
        assert read.lexer.unreadable + len(read.seen) == 5
        assert read.resolved.count(("web01", "prog/smtpd", "12")) == 1


def test_a_priority_is_only_one_at_the_beginning():
    assert Reading("<x>Nov <22>22\n").lexer.samples == ["<x>Nov <22>22"]


def test_nul_bytes_within_a_line_are_text():
    read = Reading("Nov 22 07:10:05 web01 prog: a\0b\n")
    assert [item[4] for item in read.seen] == ["a\0b"]


def test_samples_are_few_short_and_printable():
    broken = b"\xff\xfe " * 200
    line = broken if bytes is str else broken.decode("utf-8", "surrogateescape")
    read = Reading((line + "\n") * (MOST_SAMPLES + 5))
    assert read.lexer.unreadable == MOST_SAMPLES + 5
    assert len(read.lexer.samples) == MOST_SAMPLES
    for sample in read.lexer.samples:
        assert len(sample) <= SAMPLE_LENGTH * 6
        assert (sample.decode("utf-8") if bytes is str else sample.encode("utf-8")) is not None


def test_blank_lines():
    read = Reading("\n\n{0}\n\n   \n".format(FORMATS["syslog"]))
    assert read.counters() == (5, 1, 0, {})
    assert len(read.seen) == 1
    assert Reading("").counters() == (0, 0, 0, {})


def test_a_last_line_without_its_end():
    assert len(Reading(FORMATS["syslog"]).seen) == 1


def test_a_minute_that_is_none_is_as_good_as_its_hour():
    read = Reading("Nov 22 07:10:05 web01 prog: x\nNov 22 07:xx:05 web01 prog: x\n")
    assert [item[0] for item in read.seen] == [MOMENT, HOUR]
    assert Reading().lexer.seconds("") == 0.0


def test_programs_that_are_not_of_mail_are_counted():
    lines = ["Nov 22 07:10:05 web01 {0}: x".format(name) for name in ("sshd[1]", "sshd[2]", "kernel", "prog[1]")]
    read = Reading("\n".join(lines))
    assert read.counters() == (4, 0, 0, {"sshd": 2, "kernel": 1})


def test_the_names_of_other_programs_are_bounded():
    read = Reading("".join("Nov 22 07:10:05 web01 x{0}: y\n".format(number) for number in range(500)))
    assert len(read.lexer.others) <= MOST_SAMPLES * 10 + 1
    assert sum(read.lexer.others.values()) == 500


def test_unknown_lines_are_counted_and_shown():
    line = "Nov 22 07:10:05 web01 prog[1]: odd\n"
    read = Reading(line * 2)
    assert read.counters() == (2, 0, 2, {})
    assert read.lexer.samples == [line.strip()] * 2


def test_last_message_repeated():
    line = "Nov 22 07:10:05 web01 {0}\n"
    read = Reading(line.format("prog[1]: x") + line.format("last message repeated 3 times") + line.format("prog[2]: y"))
    assert [item[3:] for item in read.seen] == [("1", "x")] * 4 + [("2", "y")]
    assert read.counters() == (3, 0, 0, {})


def test_freebsds_syslogd_names_itself():
    line = "Nov 22 07:10:05 relay {0}\n"
    own = line.format("syslogd: exiting on signal 15")
    again = line.format("syslogd: last message repeated 3 times") + line.format(
        "syslogd[5]: last message repeated 2 times"
    )
    read = Reading(own + line.format("prog[1]: x") + again + line.format("prog[2]: y"))
    assert [line[-1] for line in read.seen] == 6 * ["x"] + ["y"]
    assert read.counters() == (5, 0, 0, {"syslogd": 1})


@pytest.mark.parametrize("text", ["last message repeated x times", "last message repeated 3 timesx", "last 3 times"])
def test_what_is_not_quite_last_message_repeated(text):
    read = Reading("Nov 22 07:10:05 web01 prog[1]: x\nNov 22 07:10:05 web01 {0}\n".format(text))
    assert read.counters() == (2, 1, 0, {})
    assert len(read.seen) == 1


def test_last_message_repeated_is_of_the_same_host():
    read = Reading("Nov 22 07:10:05 web01 prog[1]: x\nNov 22 07:10:06 web02 last message repeated 3 times\n")
    assert len(read.seen) == 1
    assert read.lexer.unreadable == 1


def test_message_repeated():
    read = Reading("Nov 22 07:10:05 web01 prog[1]: message repeated 3 times: [ x]\n" * 2)
    assert [item[3:] for item in read.seen] == [("1", "x")] * 6
    assert read.counters() == (2, 0, 0, {})
    read = Reading("Nov 22 07:10:05 web01 prog[1]: message repeated 3 times: [ odd]\n")
    assert read.seen == []
    assert read.counters() == (1, 0, 1, {})


@pytest.mark.parametrize(
    "text, expected",
    [
        ("message repeated 2 times: [ a b]", (2, "a b")),
        ("message repeated 2 times: [a [b]]", (2, "a [b]")),
        ("message repeated 1 time: [ x]", (1, "x")),
        ("message repeated 999999999 times: [ x]", (1000000, "x")),
        ("message repeated 2 times: [ x", None),
        ("message repeated x times: [ x]", None),
        ("", None),
    ],
)
def test_repeated(text, expected):
    assert repeated(text) == expected


def test_a_program_keeps_what_its_reader_noted_while_hosts_take_turns():
    read = Reading("Nov 22 07:10:05 web01 prog[1]: x\nNov 22 07:10:05 web02 prog[1]: y\n" * 10)
    assert [item[1] for item in read.seen] == ["web01", "web02"] * 10
    assert read.resolved == [("web01", "prog", "1"), ("web02", "prog", "1")]
    # Those in between are of an hour or a format of their own.
    lines = [
        "Nov 22 07:10:05 web01 prog[1]: x",
        "2026-11-22T08:10:05Z web02 prog[1]: y",
        "Nov 22 09:10:05 web01 prog[1]: z",
    ]
    read = Reading("\n".join(lines * 3), MOMENT + 86400.0)
    assert len(read.seen) == 9
    assert len(read.resolved) == 2


def test_stamps_of_one_hour_need_not_be_of_one_length():
    long, short = "2026-11-22T07:10:05.123456+00:00", "2026-11-22T07:10:06Z"
    # What is behind a shorter stamp may have, in the same place, what is behind a longer one.
    other = "{0} h prog[12]: mx prog[1]: b".format(short)
    assert other[len(long) :] == " mx prog[1]: b"
    lines = [
        "{0} mx prog[1]: a".format(long),
        other,
        "{0} mx prog[1]: c".format(short),
        "{0} mx prog[1]: d".format(long),
    ]
    for block in ("\n".join(lines) + "\n", "\n".join(lines[:2] + [""] + lines[2:])):
        read = Reading(block)
        assert [(item[1], item[2], item[3], item[4]) for item in read.seen] == [
            ("mx", "prog", "1", "a"), ("h", "prog", "12", "mx prog[1]: b"), ("mx", "prog", "1", "c"), ("mx", "prog", "1", "d"),
        ]  # fmt: skip


@pytest.mark.parametrize("second", ["05", "05.250000"])
@pytest.mark.parametrize(
    "zones",
    [("+00:00", "+02:00"), ("+02:00", "+01:00", "+02:00"), ("Z", "-0800"), ("", "Z", "+05:30"), ("+0100", "+01:00")],
)
def test_hosts_of_several_zones_have_their_own_hour(zones, second):
    """A relay of logs keeps the zone of each sender; and where summer time ends, an hour comes twice."""
    stamps = ["2026-11-22T07:10:{0}{1}".format(second, zone) for zone in zones * 2]
    hours = []
    read = Reading()
    read.line = lambda stamp, origin, text: hours.append(read.lexer.hour) is None
    read.lexer.read("".join("{0} web01 prog[1]: a\n".format(stamp) for stamp in stamps))
    alone = [Reading("{0} web01 prog[1]: a\n".format(stamp)).lexer.hour for stamp in stamps]
    assert hours == alone and read.counters() == (len(stamps), 0, 0, {})


def test_a_fraction_may_come_and_go_within_an_hour():
    read = Reading("\n".join(FORMATS[name] for name in ("syslog", "syslog with a fraction", "syslog")) + "\n")
    assert read.counters() == (3, 0, 0, {}) and len(read.seen) == 3


@pytest.mark.parametrize("tag", ["prog/smtpd[12]", "cron[12]"])
@pytest.mark.parametrize("stamp", ["Nov 22 07:10:05", "2026-11-22T07:10:05Z"])
def test_a_line_that_ends_with_its_tag_is_unreadable(stamp, tag):
    whole = "{0} web01 {1}: a\n".format(stamp, tag)
    assert Reading(whole * 2 + whole.partition(": ")[0] + "\n" + whole).counters()[:3] == (4, 1, 0)


STAMPS = sorted(set(line.partition("web01")[0] for line in FORMATS.values() if not line.startswith("<22>1"))) + [
    "2026-11-22T07:10:05.250+02:00 ",
    "2026-11-22T07:10:05+01:00 ",
    "Nov 22 08:10:05 ",
]
# Names that look like what stands beside them, and lines that end at each place.
AFTER_STAMPS = [
    "mx prog[1]: a",
    "mx prog[1]: web01 prog[1]: a: b",
    "web01 prog[1]: a",
    "mx prog[1]",
    "mx prog[1]:",
    "mx cron[1]",
    "mx cron: a: b",
    "mx prog[1]:: a",
    "prog[1]: a",
    "prog[1] mx: a",
    "a:b: prog[1]: a",
    " prog[1]: a",
    "+00:00 mx prog[1]: a",
    "mx prog[1]: odd",
    "m\x00x prog[1]: \x00",
    "x" * 255 + " prog[1]: a",
    "x" * 256 + " prog[1]: a",
]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(STAMPS), st.sampled_from(AFTER_STAMPS), st.sampled_from([0, 0, 0, 20, 30, 40, 50])),
        max_size=8,
    )
)
def test_each_line_of_a_mixture_is_read_as_it_is_alone(parts):
    # A few lines are cut off.
    lines = [(stamp + rest)[: cut or None] for stamp, rest, cut in parts]
    hours = []

    def read(text):
        reading = Reading()
        reading.line = lambda stamp, origin, text: (
            text == "a"
            and hours.append((reading.lexer.hour, reading.lexer.seconds(stamp), origin.host, origin.tag, origin.pid))
            is None
        )
        reading.lexer.read(text)
        return reading.lexer

    together = read("".join(line + "\n" for line in lines))
    seen, hours[:] = list(hours), []
    alone = [read(line + "\n") for line in lines]
    assert seen == hours
    for name in ("lines", "unreadable", "unknown"):
        assert getattr(together, name) == sum(getattr(lexer, name) for lexer in alone)


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(log_lines, "_MOST_ORIGINS", 20)
    read = Reading()
    for host in range(30):
        read.lexer.read("".join("Nov 22 07:10:05 w{0} prog[{1}]: x\n".format(host, n) for n in range(host)))
        assert len(read.lexer._origins) <= 20
    assert len(read.seen) == sum(range(30))
    assert [(item[1], item[3]) for item in read.seen] == [
        ("w{0}".format(host), str(number)) for host in range(30) for number in range(host)
    ]
    for minute in range(200):
        read.lexer.read("2026-11-22T{0:02d}:{1:02d}:05Z w prog: x\n".format(minute // 60, minute % 60))
        assert len(read.lexer._bases) <= 23


def test_blocks_may_end_anywhere_between_lines():
    lines = [line + "\n" for name, line in sorted(FORMATS.items())] * 2
    whole = Reading("".join(lines))
    pieces = Reading()
    for line in lines:
        pieces.lexer.read(line)
    assert pieces.seen == whole.seen
    assert pieces.counters() == whole.counters()


def local_parts(epoch):
    return time.localtime(epoch)[:6]


def zoned(epoch, offset, form):
    """str: RFC 3339 of a zone so many minutes east."""
    parts = time.gmtime(epoch + offset * 60)[:6]
    sign = "-" if offset < 0 else "+"
    return "{0:04d}-{1:02d}-{2:02d}T{3:02d}:{4:02d}:{5:02d}".format(*parts) + form.format(
        sign, abs(offset) // 60, abs(offset) % 60
    )


def as_syslog(epoch):
    parts = local_parts(epoch)
    return "{0} {1:2d} {2:02d}:{3:02d}:{4:02d}".format(MONTHS[parts[1] - 1], parts[2], *parts[3:])


def as_local(epoch):
    return "{0:04d}-{1:02d}-{2:02d}T{3:02d}:{4:02d}:{5:02d}".format(*local_parts(epoch))


# (whether it is in this host's time, function of epoch and offset that gives the beginning of a line).
WRITERS = [
    (True, lambda epoch, offset: as_syslog(epoch) + " web01 prog[1]: "),
    (True, lambda epoch, offset: as_syslog(epoch) + ".123456 web01 prog[1]: "),
    (True, lambda epoch, offset: "{0} {1} web01 prog[1]: ".format(local_parts(epoch)[0], as_syslog(epoch))),
    (
        True,
        lambda epoch, offset: "{0} {1:04d} {2} web01 prog[1]: ".format(
            as_syslog(epoch)[:6], local_parts(epoch)[0], as_syslog(epoch)[7:]
        ),
    ),
    (True, lambda epoch, offset: as_local(epoch) + " web01 prog[1]: "),
    (True, lambda epoch, offset: as_local(epoch).replace("T", " ") + ".000000000 "),
    (False, lambda epoch, offset: zoned(epoch, 0, "Z") + " web01 prog[1]: "),
    (False, lambda epoch, offset: zoned(epoch, offset, "{0}{1:02d}:{2:02d}") + " web01 prog[1]: "),
    (False, lambda epoch, offset: zoned(epoch, offset, ".000000{0}{1:02d}:{2:02d}") + " web01 prog[1]: "),
    (False, lambda epoch, offset: zoned(epoch, offset, "{0}{1:02d}{2:02d}") + " web01 prog[1]: "),
    (False, lambda epoch, offset: "<1>1 " + zoned(epoch, offset, "{0}{1:02d}:{2:02d}") + " web01 prog 1 - - "),
    (False, lambda epoch, offset: "@{0:016x}00000000 ".format(2**62 + 10 + epoch)),
]
EPOCHS = st.integers(86400 * 366 * 4, 4102444800)


@settings(max_examples=400)
@given(
    zone=st.sampled_from(ZONES),
    writer=st.sampled_from(WRITERS),
    epochs=st.lists(EPOCHS, min_size=1, max_size=3),
    near=st.booleans(),
    offset=st.integers(-12 * 60, 14 * 60),
    ago=st.integers(0, 300 * 86400),
    priority=st.sampled_from(["", "<13>"]),
)
def test_a_time_in_any_format_comes_back(zone, writer, epochs, near, offset, ago, priority):
    set_zone(zone)
    try:
        local, write = writer
        if near:
            # The same hour, for the short way.
            epochs = [epochs[0] + number for number in range(3)]
        for epoch in epochs if not near else [epochs]:
            group = epoch if near else [epoch]
            lines = [write(number, offset) + "text" for number in group]
            read = Reading(
                "\n".join(line if line[0] == "<" else priority + line for line in lines), float(max(group) + ago)
            )
            assert read.counters() == (len(group), 0, 0, {})
            for number, item in zip(group, read.seen):
                assert item[4] == "text"
                if local:
                    # An hour that comes twice in autumn is one of the two.
                    assert local_parts(item[0]) == local_parts(number)
                    assert abs(item[0] - number) in (0, 3600)
                else:
                    assert item[0] == number
            assert read.lexer.hour <= read.seen[-1][0] < read.lexer.hour + 7200
    finally:
        set_zone("UTC0")


PIECES = st.sampled_from(
    sorted(
        set(word for line in FORMATS.values() for word in line.split(" "))
        | set(
            [
                "Nov",
                "22",
                "last",
                "message",
                "repeated",
                "3",
                "times",
                "times:",
                "[ x]",
                "@400000006b02955700000000",
                "",
            ]
        )
        | set(["<22>", "<22>1", "2026-11-22", "07:10:05.500000000", "\0", "\n", "-", "[", "]", "."])
    )
)


def native(text):
    return text if bytes is not str else text.encode("utf-8")


@settings(max_examples=400)
@given(texts=st.lists(st.text(max_size=60).map(native), max_size=4))
def test_no_text_breaks_it(texts):
    read = Reading()
    for text in texts:
        read.lexer.read(text)
        read.lexer.seconds(text)


@settings(max_examples=400)
@given(lines=st.lists(st.lists(PIECES, max_size=9).map(" ".join), max_size=6))
def test_no_words_break_it_and_no_line_is_lost(lines):
    read = Reading()
    for line in lines:
        before = read.counters()[1:3], len(read.seen), sum(read.lexer.others.values())
        read.lexer.read(line + "\n")
        read.lexer.seconds(line)
        if "\n" not in line and line.strip(" ") and "message repeated" not in line:
            after = read.counters()[1:3], len(read.seen), sum(read.lexer.others.values())
            assert sum(after[0]) + after[1] + after[2] == sum(before[0]) + before[1] + before[2] + 1


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_line_breaks_it_wherever_it_is_cut_off(name):
    line = FORMATS[name]
    read = Reading("\n".join([line] + [line[:end] for end in range(len(line))] + [line[n:] for n in range(len(line))]))
    assert read.lexer.unreadable + len(read.seen) + sum(read.lexer.others.values()) >= 2 * len(line) - 1


@pytest.mark.parametrize(
    "line",
    [
        "<22>1 2026-11-22T07:10:05Z web01 prog 1 - " + '[a b="\\]"]' * 20000,
        "<22>1 2026-11-22T07:10:05Z web01 prog 1 - [" + "\\" * 50001,
        "<22>1 " + "a " * 50000,
        "Nov 22 07:10:05 web01 " + "a" * 100000,
        "Nov 22 07:10:05 web01 prog: message repeated 2 times: [" + " ]" * 50000 + "x",
    ],
    ids=lambda line: line[:20],
)
def test_long_lines_take_no_long_time(line):
    with at_most(2):
        Reading(line + "\n" + line)


LINE = "Sep 10 10:00:00 mx postfix/smtp[1]: {0}"


@pytest.mark.parametrize(
    "line",
    [
        LINE.format("message repeated {0} times: [ x]"),
        LINE.format("x") + "\nSep 10 10:00:00 mx last message repeated {0} times",
    ],
)
def test_repetitions_are_counted_as_far_as_that_is_honest_work(line):
    calls = []

    def read(_stamp, _origin, text):
        calls.append(text)
        return text == "x"

    def resolve(origin):
        origin.read = read

    lexer = Lexer(resolve)
    lexer.read(line.format(3) + "\n")
    assert calls.count("x") in (3, 4) and lexer.uncounted == 0
    for number in range(100):
        lexer.read(line.format(1000000) + "\n")
    # However many such lines there are: hardly more work than for the lines of a large log.
    assert calls.count("x") <= 10400 and lexer.uncounted + calls.count("x") >= 100 * 1000000
    assert lexer.unknown == lexer.unreadable == 0


@pytest.mark.parametrize(
    "end", ["\r", "\r\r", " ", "\t \r", "\f", "#015", "#000", "#012", "#015#012", "^M", "^M ", "^M^M"]
)
def test_what_is_no_part_of_a_line_at_its_end(end):
    texts = []

    def resolve(origin):
        origin.read = lambda _stamp, _origin, text: texts.append(text) or True

    lexer = Lexer(resolve)
    lexer.read(
        "".join(LINE.format(text) + end + "\n" for text in ("removed", "a b", "from=<a b>")) + end.strip(" \t\f") + "\n"
    )
    assert texts == ["removed", "a b", "from=<a b>"] and lexer.unknown == 0


def test_a_carriage_return_ends_a_line():
    texts = []

    def resolve(origin):
        origin.read = lambda _stamp, _origin, text: texts.append(text) or True

    lexer = Lexer(resolve)
    lexer.read("\r".join(LINE.format(text) for text in ("from=<a@b>", "removed", "x")) + "\n" + LINE.format("y") + "\n")
    assert texts == ["from=<a@b>", "removed", "x", "y"] and lexer.lines == 4


def test_solaris_writes_a_number_before_the_text():
    texts = []

    def resolve(origin):
        origin.read = lambda _stamp, _origin, text: texts.append(text) or True

    Lexer(resolve).read(
        LINE.format("[ID 197553 mail.info] 4ABC: removed") + "\n" + LINE.format("x [ID 1 a.b] y") + "\n"
    )
    assert texts == ["4ABC: removed", "x [ID 1 a.b] y"]


@pytest.mark.parametrize(
    "note",
    [
        "-- Journal begins at Thu 2026-09-10 10:00:00 UTC, ends at Fri 2026-09-11 10:00:00 UTC. --",
        "-- Logs begin at Thu 2026-09-10 10:00:00 UTC, end at Fri 2026-09-11 10:00:00 UTC. --",
        "-- Boot 0123456789abcdef0123456789abcdef --",
        "-- Reboot --",
        "-- No entries --",
    ],
)
def test_what_journalctl_writes_between_lines(note):
    read = Reading(LINE.format("x") + "\n" + note + "\n" + LINE.format("y") + "\n")
    assert read.counters()[1:3] == (0, 0)


def test_a_byte_order_mark_before_the_first_line():
    read = Reading(("\ufeff" if str is not bytes else "\xef\xbb\xbf") + LINE.format("x") + "\n")
    assert read.counters()[1] == 0


@pytest.mark.parametrize(
    "line",
    [
        "Sep 10 10:00:00 postfix/smtpd[10]: 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "2026-09-10T10:00:00.123456+00:00 postfix/smtpd[10]: 4ABCDE1234: client=client.example.com[192.0.2.1]",
        # metalog's form; the others are made up.
        "Sep 10 10:00:00 [postfix/smtpd] 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "Sep 10 10:00:00 (postfix/smtpd) 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "Sep 10 10:00:00 postfix/smtpd[10] 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "Sep 10 10:00:00 mx mail.info postfix/smtpd[10]: 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "Sep 10 10:00:00 <mail.info> mx postfix/smtpd[10]: 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "Sep 10 10:00:00 postfix/smtpd[10]: mx 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "mx Sep 10 10:00:00 postfix/smtpd[10]: 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "Thu 2026-09-10 10:00:00 UTC mx postfix/smtpd[10]: 4ABCDE1234: client=client.example.com[192.0.2.1]",
        "MESSAGE=4ABCDE1234: client=client.example.com[192.0.2.1]",
        '{"MESSAGE": "4ABCDE1234: client=client.example.com[192.0.2.1]", "_HOSTNAME": "mx"}',
        "Sep 10 10:00:00 mx " + "a" * 300 + "[10]: text",
        "Sep 10 10:00:00 " + "a" * 300 + " postfix/smtpd[10]: text",
    ],
)
def test_a_line_without_a_host_or_in_another_order_cannot_be_read(line):
    # Twice, since the second one has the hour of the first.
    read = Reading((LINE.format("x") + "\n" + line + "\n" + line + "\n"))
    assert read.lexer.unreadable == 2 and not any("4ABCDE1234" in name for name in read.lexer.others)


def test_an_address_as_host_is_one():
    assert Reading("Sep 10 10:00:00 2001:db8::1 postfix/smtp[1]: x\n").counters()[1] == 0


DAYS = [
    "{0} {1:2d}".format(month, day)
    for month in "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    for day in (1, 11, 21)
]


@pytest.mark.parametrize(
    "days, several",
    [
        (DAYS, False),
        (DAYS[20:] + DAYS[:20], False),
        (DAYS[20:] + DAYS[:21], True),
        (DAYS + DAYS[:5], True),
        (DAYS[3:4] + DAYS[4:5] + DAYS[1:2] + DAYS[10:12], True),
        (DAYS * 3, True),
        # Lines that come late, at New Year too.
        (["Dec 31", "Jan  1", "Dec 31", "Jan  1", "Jan  2", "Jan  1", "Jan  3"], False),
        ([], False),
    ],
)
@pytest.mark.parametrize("blocks", [1, 1000])
def test_whether_a_log_without_years_covers_several(days, several, blocks):
    lines = ["{0} 10:00:00 mx postfix/smtp[1]: x\n".format(day).encode("ascii") for day in days]
    years = Years()
    for block in [b"".join(lines)] if blocks == 1 else lines:
        years.follow(block)
    assert years.several is several
