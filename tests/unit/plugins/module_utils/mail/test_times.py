# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import (
    parse_age,
    parse_time,
    period,
    period_text,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

NOW = 1795350600.0


@pytest.fixture(autouse=True)
def new_york():
    """A host whose clock is neither UTC nor without summer time."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.parametrize(
    "text, seconds",
    [("0", 0), ("90", 90), ("90s", 90), ("5m", 300), (" 2 h ", 7200), ("3d", 259200), ("1w", 604800)],
)
def test_ages(text, seconds):
    assert parse_age("older_than", text) == seconds


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("2026-11-22T07:07:44Z", 1795331264.0),
        ("2026-11-22 07:07:44.125Z", 1795331264.0),
        ("2026-11-22T08:37:44+01:30", 1795331264.0),
        ("2026-11-22T02:07:44-0500", 1795331264.0),
        ("2026-11-22T02:07:44", 1795331264.0),
        ("2026-07-01T12:00", 1782921600.0),
        ("2026-11-22", 1795323600.0),
        (" 1795331264 ", 1795331264.0),
        ("2h", NOW - 7200),
    ],
)
def test_times(text, seconds):
    assert parse_time("since", text, NOW) == seconds


@pytest.mark.parametrize(
    "text, words",
    [
        ("soon", "is not a time; write an age such as 2h or 3d, today, yesterday or a weekday such as monday"),
        ("mon", "is not a time"),
        ("yesterday 08:00", "is not a time"),
        ("", "is not a time"),
        ("2026-13-01", "is not a date that exists"),
        ("2026-02-29", "is not a date that exists"),
        ("2026-11-22T24:00", "is not a date that exists"),
        ("2026-11-22T07:60", "is not a date that exists"),
        ("1969-12-31", "is not a date that exists"),
        ("2026-11-22T07:07:44+1", "is not a time"),
        ("-2h", "is not a time"),
    ],
)
def test_what_is_no_time_is_refused_by_name(text, words):
    with pytest.raises(CriterionError) as caught:
        parse_time("since", text, NOW)
    assert str(caught.value).startswith("since: ") and words in str(caught.value)


@pytest.mark.parametrize(
    "text, begins",
    [
        # NOW is Sunday, 22 November 2026, 07:30 in New York.
        ("today", "2026-11-22"),
        ("Yesterday", "2026-11-21"),
        ("sunday", "2026-11-22"),
        ("saturday", "2026-11-21"),
        (" MONDAY ", "2026-11-16"),
    ],
)
def test_days_by_their_name(text, begins):
    assert parse_time("since", text, NOW) == parse_time("since", begins, NOW)
    assert time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(parse_time("since", text, NOW))) == begins + " 00:00:00"


@pytest.mark.parametrize(
    "now, text, midnight",
    [
        # 23 and 25 hours long: 8 March and 1 November 2026.
        ("2026-03-08T23:30:00-04:00", "today", "2026-03-08T00:00:00-05:00"),
        ("2026-03-09T00:10:00-04:00", "yesterday", "2026-03-08T00:00:00-05:00"),
        ("2026-11-01T23:30:00-05:00", "today", "2026-11-01T00:00:00-04:00"),
        ("2026-11-02T00:10:00-05:00", "yesterday", "2026-11-01T00:00:00-04:00"),
        ("2026-11-07T12:00:00-05:00", "sunday", "2026-11-01T00:00:00-04:00"),
    ],
)
def test_days_on_which_the_clocks_change(now, text, midnight):
    now = parse_time("since", now, 0)
    assert parse_time("since", text, now) == parse_time("since", midnight, now)


@pytest.mark.parametrize("text", ["today", "sunday", "2018-11-04"])
def test_a_day_that_has_no_midnight_begins_when_the_clock_shows_it(monkeypatch, text):
    # Until 2018 clocks in Sao Paulo leapt from midnight to one.
    monkeypatch.setenv("TZ", "America/Sao_Paulo")
    time.tzset()
    now = parse_time("since", "2018-11-04T12:00:00Z", 0)
    assert parse_time("since", text, now) == parse_time("since", "2018-11-04T01:00:00-02:00", 0)


@given(st.integers(2 * 86400, 4102444800), st.sampled_from(["today", "yesterday", "monday", "friday", "sunday"]))
def test_a_named_day_is_one_of_the_last_seven_and_begins_at_midnight(now, text):
    moment = parse_time("since", text, float(now))
    assert time.localtime(moment)[3:6] == (0, 0, 0) and 0 <= now - moment < 7 * 86400 + 3600
    if text not in ("today", "yesterday"):
        assert time.strftime("%A", time.localtime(moment)).lower() == text


def test_a_period_that_is_yet_to_come_is_refused():
    for text in ("2026-11-23", "2026-11-22T08:00", "2126-01-01"):
        with pytest.raises(CriterionError) as caught:
            period({"since": text}, NOW)
        assert "in the future" in str(caught.value) and text in str(caught.value)
    # Another host's clock, a minute ahead.
    assert period({"since": str(int(NOW) + 60)}, NOW) == (NOW + 60, None)


def test_a_period_in_words():
    assert period_text(None, None) == ""
    assert period_text(*period({"since": "yesterday", "until": "today"}, NOW)) == "2026-11-21 00:00 to 2026-11-22 00:00"
    assert period_text(NOW - 7200, None) == "2026-11-22 05:30 to now"
    assert period_text(None, NOW) == "the beginning to 2026-11-22 07:30"


def test_a_period_without_an_end_and_one_that_is_backwards():
    assert period({"since": "2h"}, NOW) == (NOW - 7200, None)
    assert period({"since": None, "until": "1h"}, NOW) == (None, NOW - 3600)
    assert period({"since": "2h", "until": "2h"}, NOW) == (NOW - 7200, NOW - 7200)
    with pytest.raises(CriterionError) as caught:
        period({"since": "1h", "until": "2h"}, NOW)
    assert "since: it is later than until" in str(caught.value)


@given(st.integers(2 * 86400, 4102444800), st.integers(-14 * 60, 14 * 60), st.sampled_from("T "), st.booleans())
def test_a_time_that_is_written_is_read_back(seconds, offset, between, colon):
    parts = time.gmtime(seconds + offset * 60)
    zone = "{0}{1:02d}{2}{3:02d}".format("-+"[offset >= 0], abs(offset) // 60, ":" if colon else "", abs(offset) % 60)
    text = time.strftime("%Y-%m-%d{0}%H:%M:%S".format(between), parts) + zone
    assert parse_time("since", text, NOW) == seconds
    local = time.strftime("%Y-%m-%d{0}%H:%M:%S".format(between), time.localtime(seconds))
    back = parse_time("since", local, NOW)
    # When the clocks go back, one hour is there twice.
    assert back == seconds or (abs(back - seconds) == 3600 and time.localtime(back)[:6] == time.localtime(seconds)[:6])


@given(st.integers(0, 10**6), st.sampled_from(["", "s", "m", "h", "d", "w"]), st.sampled_from(["", " "]))
def test_an_age_is_so_many_of_its_units(count, unit, blank):
    one = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
    assert parse_age("older_than", "{0}{1}{2}".format(count, blank, unit)) == count * one


def native(text):
    return text if str is not bytes else text.encode("utf-8")


@given(st.one_of(st.text(max_size=30), st.text("0123456789-:T Z+.smhdw\u0662\u00b2", max_size=30)).map(native))
@example(native(u"\u00b2" * 9))  # fmt: skip
@example("9" * 5000)
@example("9" * 5000 + "w")
@example("9" * 400 + "w")
def test_any_text_is_a_time_or_a_criterion_error(text):
    for parse in (lambda: parse_age("older_than", text), lambda: parse_time("since", text, NOW)):
        try:
            assert isinstance(parse(), (int, float))
        except CriterionError:
            pass


@pytest.mark.parametrize(
    "text", ["9" * 100000 + "x", "1" + " " * 100000 + "x", "2026-11-22T07:07:44." + "1" * 100000 + "x"]
)
def test_long_texts_take_no_long_time(text):
    with at_most(2), pytest.raises(CriterionError):
        parse_time("since", text, NOW)
