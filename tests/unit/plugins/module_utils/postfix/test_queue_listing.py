# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""fixtures/postqueue-*, postcat-e.*: what real Postfix of that version printed; the four have one and the same queue."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import io
import json
import os
import time

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient, split_address
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_listing import (
    ListingError,
    arrival_time,
    parse_envelopes,
    parse_json_line,
    parse_text,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
NEWER = ("3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie")
SOFT = "host 127.0.0.1[127.0.0.1] said: 450 4.3.0 Error: command failed (in reply to RCPT TO command)"
# When the fixtures were recorded: 2026-11-22 12:30 UTC.
NOW = 1795350600


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def fixture(name):
    with io.open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return [to_native(line) for line in stream.read().split("\n")]


def deferred(queue_id):
    return "deferred"


def text(name):
    return list(parse_text(fixture(name), deferred, NOW))


def by_json(version):
    return [parse_json_line(line) for line in fixture("postqueue-j.{0}.txt".format(version)) if line]


def comparable(messages):
    """All but IDs, times and sizes, which no two queues share."""
    return sorted((message.queue, message.sender, message.recipients, message.state) for message in messages)


@pytest.mark.parametrize("version", NEWER)
def test_the_same_queue_gives_the_same_answer_whatever_the_version(version):
    oldest = comparable(text("postqueue-p.deferred.2.10.1.txt"))
    assert len(oldest) == 13
    assert comparable(by_json(version)) == oldest
    # The two formats of one Postfix also agree on IDs, times and sizes.
    assert sorted(text("postqueue-p.{0}.txt".format(version))) == sorted(by_json(version))


def test_postfix_2_10_in_full():
    messages = dict((message.id, message) for message in text("postqueue-p.deferred.2.10.1.txt"))
    moment = calendar.timegm((2026, 11, 22, 7, 7, 44))
    assert messages["8BF5F1C4099"] == Message(
        "deferred",
        "8BF5F1C4099",
        "spam@" + "d" * 50 + ".example.com",
        (Recipient("z@soft.example", SOFT),),
        70515,
        moment,
        "",
    )
    assert messages["8B4671C40A2"] == Message(
        "active",
        "8B4671C40A2",
        "app@web01.example.com",
        (Recipient("s@slow.example", ""), Recipient("s2@slow.example", "")),
        352,
        moment,
        "",
    )
    assert messages["829921C4091"].sender == ""
    assert messages["831EB1C4092"].sender == '"odd name, (x)"@web01.example.com'
    assert messages["831EB1C4092"].recipients == (
        Recipient('"a b"@soft.example', SOFT),
        Recipient("plus+tag@soft.example", SOFT),
    )
    assert messages["81A321C4090"].recipients[0].reason == "connect to 127.0.0.1[127.0.0.1]:10026: Connection refused"
    assert messages["8530D1C4097"].recipients == (Recipient("l@later.example", "come back later"),)


def test_postfix_2_10_at_other_moments():
    assert [message.queue for message in text("postqueue-p.one-held.2.10.1.txt")].count("hold") == 1
    assert text("postqueue-p.empty.2.10.1.txt") == []
    long_ids = [message.id for message in text("postqueue-p.mixed-ids.2.10.1.txt") if len(message.id) > 11]
    assert long_ids == ["4jXKsf49k2zFwr8", "4jXKsg4QmrzFwrB"]
    first = next(
        parse_text(
            fixture("postqueue-p.maildrop.2.10.1.txt"),
            lambda queue_id: "maildrop" if queue_id == "4jXKsl4qr0zFwrC" else "deferred",
            NOW,
        )
    )
    assert first[:5] == ("maildrop", "4jXKsl4qr0zFwrC", "root", (Recipient("ops@example.net", ""),), 77)


def test_reasons_of_several_recipients_and_marks():
    lines = (
        "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------",
        "8B4671C40A2!#    352 Sun Nov 22 07:07:44  app@web01.example.com",
        "                                    (one (with) brackets)",
        "                                         a@example.org",
        "                                         b@example.org",
        "                                      (reason unavailable)",
        "                                         c@example.org",
        "(two)",
        "                                         (d)@example.org",
        "",
        "8B4671C40A3#     352 Sun Nov 22 07:07:44  MAILER-DAEMON",
        "                                         a@example.org",
        "",
        "-- 0 Kbytes in 2 Requests.",
    )
    one, other = parse_text(lines, deferred, NOW)
    assert (one.queue, one.state, other.queue, other.state, other.sender) == (
        "hold",
        "expiring",
        "deferred",
        "expiring",
        "",
    )
    assert one.recipients == (
        Recipient("a@example.org", "one (with) brackets"),
        Recipient("b@example.org", "one (with) brackets"),
        Recipient("c@example.org", ""),
        Recipient("(d)@example.org", "two"),
    )


@pytest.mark.parametrize(
    "lines",
    [
        ["postqueue: fatal: x"],
        ["8B4671C40A2  352 Sun Nov 22 07:07:44  a@b", "unexpected"],
        ["8B4671C40A2  x Sun Nov 22 a@b"],
    ],
)
def test_a_line_that_no_postfix_prints_is_refused(lines):
    with pytest.raises(ListingError):
        list(parse_text(lines, deferred, NOW))


@pytest.mark.parametrize("line", ["", "[]", "7", "{}", '{"queue_name": 1}', '{"queue_name": "hold", "queue_id": "A"'])
def test_json_that_no_postfix_prints_is_refused(line):
    with pytest.raises(ValueError):
        parse_json_line(line)


def test_json_with_members_of_later_versions():
    line = json.dumps(
        {
            "queue_name": "hold",
            "queue_id": "8B4671C40A2",
            "arrival_time": 7,
            "message_size": 3,
            "sender": "MAILER-DAEMON",
            "forced_expire": True,
            "new": {},
            "recipients": [
                {"address": "a@example.org", "orig_address": "b@example.org", "delay_reason": "x", "bounce_reason": "y"}
            ],
        }
    )
    message = parse_json_line(line)
    assert message == Message("hold", "8B4671C40A2", "", (Recipient("a@example.org", "x"),), 3, 7, "expiring")
    assert all(
        isinstance(value, str) for value in (message.queue, message.id, message.sender, message.recipients[0].address)
    )


def test_the_year_that_the_listing_leaves_out():
    new_year = calendar.timegm((2027, 1, 1, 0, 0, 5))
    assert arrival_time("Thu Dec 31 23:59:59", new_year) == new_year - 6
    # A clock that is a little behind.
    assert arrival_time("Fri Jan  1 00:00:10", new_year) == new_year + 5
    # Last year's 29 February, by the day of the week four years ago.
    assert arrival_time("Thu Feb 29 12:00:00", new_year) == calendar.timegm((2024, 2, 29, 12, 0, 0))
    with pytest.raises(ListingError):
        arrival_time("Sun Feb 30 12:00:00", new_year)


def test_the_time_zone_of_the_listing(monkeypatch):
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    assert arrival_time("Sun Nov 22 08:07:44", NOW) == calendar.timegm((2026, 11, 22, 7, 7, 44))
    assert arrival_time("Wed Jul  1 08:00:00", NOW) == calendar.timegm((2026, 7, 1, 6, 0, 0))


@pytest.mark.parametrize("version", NEWER)
def test_the_envelopes_are_those_of_the_listing(version):
    listed = dict((message.id, message) for message in by_json(version))
    envelopes = list(parse_envelopes(fixture("postcat-e.{0}.txt".format(version))))
    assert sorted(envelope.id for envelope in envelopes) == sorted(listed)
    for envelope in envelopes:
        message = listed[envelope.id]
        assert (envelope.queue, envelope.size, envelope.arrival) == (message.queue, message.size, message.arrival)
        assert split_address(envelope.sender) == split_address(message.sender)


def test_an_envelope():
    lines = [
        "*** ENVELOPE RECORDS hold/8/8B4671C40A2 ***",
        "message_size:             275             394               1               0             275               0",
        "message_arrival_time: Sun Nov 22 11:57:17 2026",
        "named_attribute: log_client_name=web01.example.com",
        "named_attribute: log_client_address=10.20.0.11",
        "sender: app@web01.example.com",
        "*** MESSAGE CONTENTS hold/8/8B4671C40A2 ***",
        "sender: not@this.one",
    ]
    (envelope,) = parse_envelopes(lines)
    assert envelope == (
        "hold/8/8B4671C40A2",
        "hold",
        "8B4671C40A2",
        "app@web01.example.com",
        275,
        1795348637,
    )


def words(alphabet):
    return st.text(alphabet=alphabet, min_size=1, max_size=12)


ADDRESS = st.builds("{0}@{1}.example".format, words("abcXYZ+-_.!#$%&'*/=?^`{|}~019"), words("abc-019"))
# In -p a reason stands in brackets, which it may contain; blanks at its ends are lost there.
REASON = st.sampled_from(["connect to mx[192.0.2.1]:25: Connection refused", "450 4.3.0 (x)", "a) b (c", "x" * 100])


@st.composite
def messages(draw, reasons):
    return Message(
        draw(st.sampled_from(["active", "deferred", "hold"])),
        draw(st.sampled_from(["8B4671C40A2", "4jXKsf49k2zFwr8", "012345ABCDEF012"])),
        draw(st.one_of(st.just(""), ADDRESS)),
        tuple(draw(st.lists(st.builds(Recipient, ADDRESS, reasons), min_size=1, max_size=4))),
        draw(st.integers(1, 10**10)),
        NOW - draw(st.integers(0, 5 * 365 * 86400)),
        draw(st.sampled_from(["", "expiring"])),
    )


def as_text(message):
    """As Postfix 3.1 and later print it, src/postqueue/showq_compat.c."""
    mark = {"active": "*", "hold": "!", "deferred": ""}[message.queue] + ("#" if message.state else "")
    when = time.strftime("%a %b %d %H:%M:%S", time.gmtime(message.arrival))
    yield "{0:<17s} {1:>8d} {2:>19s} {3}".format(
        message.id + mark, message.size, when, message.sender or "MAILER-DAEMON"
    )
    before = ""
    for recipient in message.recipients:
        if recipient.reason != before:
            yield "{0:>76s}".format("({0})".format(recipient.reason or "reason unavailable"))
            before = recipient.reason
        yield "{0:41s}{1}".format("", recipient.address)
    yield ""


@given(st.lists(messages(st.one_of(st.just(""), REASON)), max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_text_listing_is_read_back_as_it_was_written(found):
    os.environ["TZ"] = "UTC"
    time.tzset()
    lines = ["----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------"]
    lines += [line for message in found for line in as_text(message)] + ["-- 3 Kbytes in 7 Requests."]
    assert [message._replace(arrival=0) for message in parse_text(lines, deferred, NOW)] == [
        message._replace(arrival=0) for message in found
    ]
    for back, message in zip(parse_text(lines, deferred, NOW), found):
        # Without a year, the same date and day of the week come back after five, six or eleven years.
        assert back.arrival >= message.arrival
        assert time.gmtime(back.arrival)[1:7] == time.gmtime(message.arrival)[1:7]


@given(messages(st.text(max_size=30)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_a_json_line_is_read_back_as_it_was_written(message, ascii_only):
    recipients = [
        dict({"address": item.address}, **({"delay_reason": item.reason} if item.reason else {}))
        for item in message.recipients
    ]
    line = json.dumps(
        {
            "queue_name": message.queue,
            "queue_id": message.id,
            "arrival_time": message.arrival,
            "message_size": message.size,
            "forced_expire": bool(message.state),
            "sender": message.sender or "MAILER-DAEMON",
            "recipients": recipients,
        },
        ensure_ascii=ascii_only,
    )
    expected = message._replace(
        recipients=tuple(Recipient(item.address, to_native(item.reason)) for item in message.recipients),
        sender=to_native(message.sender),
    )
    assert parse_json_line(to_native(line)) == expected


def native(text):
    return text if str is not bytes else text.encode("utf-8")


def listing(lines):
    """list of Message: what is read of these lines, or nothing where they are not a listing."""
    try:
        return list(parse_text(lines, deferred, NOW))
    except ListingError:
        return []


LISTED = [
    "----Queue ID----- --Size-- ---Arrival Time---- --Sender/Recipient------",
    "8B4671C40A2*      275 Sun Nov 22 07:07:44  app@web01.example.com",
    "8B4671C40A2       275 Mon Feb 30 07:07:44  app@web01.example.com",
    "8B4671C40A2       275 Sun Nov 22 07:07:99  MAILER-DAEMON",
    " " * 20 + "(connect to mx: Connection refused)",
    " " * 41 + "a@example.org",
    "-- 3 Kbytes in 7 Requests.",
    "Mail queue is empty",
    "",
]
NOISE = st.text(max_size=30).map(lambda text: native(text.replace("\n", " ")))


@given(st.lists(st.one_of(st.sampled_from(LISTED), NOISE), max_size=8))
@example(["8B4671C40A2 " + "9" * 5000 + " Sun Nov 22 07:07:44  a"])
def test_any_lines_are_a_listing_or_a_listing_error(lines):
    for message in listing(lines):
        assert isinstance(message, Message) and message.id in " ".join(lines)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["address", "delay_reason"]), inner)
    ),
    max_leaves=5,
)
ENTRIES = st.dictionaries(
    st.sampled_from("queue_name queue_id arrival_time message_size forced_expire sender recipients".split()), JSON
)


@given(st.one_of(NOISE, st.one_of(JSON, ENTRIES).map(json.dumps)))
def test_any_line_is_a_message_or_a_value_error(line):
    try:
        message = parse_json_line(line)
    except ValueError:
        return
    assert isinstance(message, Message)


HEAD = "*** ENVELOPE RECORDS deferred/8/8B4671C40A2 ***"
RECORDS = [
    HEAD,
    "*** ENVELOPE RECORDS hold/9B4671C40A2 ***",
    "*** MESSAGE CONTENTS deferred/8/8B4671C40A2 ***",
    "message_size:             275             400               1               0",
    "message_size: ",
    "message_arrival_time: Sun Nov 22 12:06:29 2026",
    "sender: app@web01.example.com",
    "named_attribute: log_client_address=10.20.0.11",
    "named_attribute: ",
]


@given(
    st.sampled_from(["active", "deferred", "hold", "maildrop"]),
    ADDRESS,
    st.integers(1, 10**12),
    st.integers(0, 4102444800),
)
def test_an_envelope_is_read_back_as_it_was_written(queue, sender, size, arrival):
    path = queue + "/8/8B4671C40A2"
    lines = [
        "*** ENVELOPE RECORDS {0} ***".format(path),
        "message_size: {0:15d} {1:15d} {2:15d} {2:15d}".format(size, 400, 1),
        "message_arrival_time: " + time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(arrival)),
        "sender: " + sender,
        "*** MESSAGE CONTENTS {0} ***".format(path),
        "sender: b@example.org",
    ]
    (envelope,) = parse_envelopes(lines)
    assert envelope == (path, queue, "8B4671C40A2", sender, size, arrival)


@given(st.lists(st.one_of(st.sampled_from(RECORDS), NOISE), max_size=10))
def test_there_are_as_many_envelopes_as_begin(lines):
    found = list(parse_envelopes(lines))
    assert len(found) == len(
        [line for line in lines if line.startswith("*** ENVELOPE RECORDS ") and line.endswith(" ***")]
    )


@given(st.sampled_from(["message_size: ", "message_arrival_time: "]), NOISE)
@example("message_size: ", "9" * 5000)
def test_a_damaged_record_leaves_out_what_it_would_tell(record, value):
    (envelope,) = parse_envelopes([HEAD, record + value])
    assert envelope.id == "8B4671C40A2"
    assert not any(isinstance(number, str) for number in (envelope.size, envelope.arrival))


@pytest.mark.parametrize("piece", [" ", "a", "*", "-", "9", "( ", "Sun Nov 22 07:07:44 ", "*** ", "ENVELOPE RECORDS "])
def test_long_lines_take_no_long_time(piece):
    text = piece * (100000 // len(piece))
    with at_most(2):
        for line in (text, "8B4671C40A2 " + text, "--" + text + "Queue ID", "*** ENVELOPE RECORDS " + text):
            listing([line, line])
            list(parse_envelopes([HEAD, line, line]))
