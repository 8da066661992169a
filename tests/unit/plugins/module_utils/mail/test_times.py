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
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import parse_age, parse_time, period

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
        ("yesterday", "is not a time; write an age such as 2h"),
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
    begin = os.times()[0]
    with pytest.raises(CriterionError):
        parse_time("since", text, NOW)
    assert os.times()[0] - begin < 2
