# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as a user writes them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import re
import time

from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# More digits than these are neither a time nor an age, and more than a float or, from 3.11 on, Python's int() takes.
_AGE = re.compile(r"([0-9]{1,15})\s*([smhdw]?)\Z")
_SECONDS = re.compile(r"[0-9]{9,15}\Z")
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?\Z"
)
# In the order of C(tm_wday).
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# A day is so many seconds long, or an hour more or less where the clocks change; its noon is of that day for certain.
_DAY = 86400


def parse_age(option, text):
    """int: seconds, from a number of seconds or a number with s, m, h, d or w.

    Raises:
        CriterionError: the text is not an age, or it is negative.
    """
    match = _AGE.match(text.strip())
    if not match:
        raise CriterionError(
            "{0}: {1!r} is not an age; write seconds, or a number with s, m, h, d or w, for example 2h".format(
                option, text
            )
        )
    return int(match.group(1)) * _UNITS[match.group(2)]


def _local(parts):
    """float: a moment of this host's time; for what its clock leaps over, one behind the leap.

    Args:
        parts: tuple of int, year, month, day, hour, minute, second.
    """
    moment = time.mktime(parts + (0, 0, -1))
    # mktime(3) may take it for an hour earlier; clocks leap at quarters of an hour.
    while time.localtime(moment)[:6] < parts:
        moment += 900 - moment % 900
    return moment


def _day_of(word, now):
    """tuple of int or None: year, month and day of C(today), C(yesterday) or the last day of that name, which may be today."""
    word = word.lower()
    today = time.localtime(now)
    if word == "today":
        back = 0
    elif word == "yesterday":
        back = 1
    elif word in _WEEKDAYS:
        back = (today.tm_wday - _WEEKDAYS.index(word)) % 7
    else:
        return None
    noon = time.mktime(today[:3] + (12, 0, 0, 0, 0, -1))
    return tuple(time.localtime(noon - back * _DAY)[:3])


def parse_time(option, text, now):
    """float: seconds since the epoch, of a date with or without a time, of a day's name, or of an age such as C(2h).

    Args:
        option: str, for the message.
        text: str; without a zone it is this host's time. C(today), C(yesterday) and C(monday) to C(sunday), the last day of that
            name, which may be today, are the beginning of that day.
        now: float, seconds since the epoch.

    Raises:
        CriterionError: the text is not a time, or not a date that exists.
    """
    text = text.strip()
    match = _DATE.match(text)
    if match:
        year, month, day = (int(part) for part in match.groups()[:3])
        hour, minute, second = (int(part or 0) for part in match.groups()[3:6])
        try:
            days = calendar.monthrange(year, month)[1]
            if year < 1970 or not 1 <= day <= days or hour > 23 or minute > 59 or second > 60:
                raise ValueError(text)
        except (ValueError, calendar.IllegalMonthError):
            raise CriterionError("{0}: {1!r} is not a date that exists".format(option, text))
        parts = (year, month, day, hour, minute, second)
        zone = match.group(7)
        if zone is None:
            return _local(parts)
        offset = 0 if zone == "Z" else int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        return float(calendar.timegm(parts + (0, 0, -1))) - (-offset if zone[0] == "-" else offset)
    day = _day_of(text, now)
    if day is not None:
        return _local(day + (0, 0, 0))
    if _SECONDS.match(text):
        return float(text)
    try:
        return now - parse_age(option, text)
    except CriterionError:
        raise CriterionError(
            "{0}: {1!r} is not a time; write an age such as 2h or 3d, today, yesterday or a weekday such as monday, a date such as "
            "2026-11-22 or 2026-11-22T07:07:44, or seconds since the epoch".format(option, text)
        )


def period(params, now):
    """(float or None, float or None): from when to when, in seconds since the epoch, of the options C(since) and C(until).

    Args:
        params: dict, the module's options.
        now: float, seconds since the epoch.

    Raises:
        CriterionError: one is not a time, the first is later than the second, or it is yet to come.
    """
    since, until = (
        None if params.get(option) is None else parse_time(option, params[option], now) for option in ("since", "until")
    )
    # Seconds come from another host's clock, which this one may be behind.
    if since is not None and since > now and not _SECONDS.match(params["since"].strip()):
        raise CriterionError(
            "since: {0!r} is in the future by this host's clock, so nothing can be meant; write an earlier time".format(
                params["since"]
            )
        )
    if since is not None and until is not None and since > until:
        raise CriterionError("since: it is later than until, so nothing can be meant")
    return since, until


def period_text(since, until):
    """str: a period in words, in this host's time; empty where none was asked for.

    Args:
        since, until: float or None, seconds since the epoch.
    """
    if since is None and until is None:
        return ""
    begin, end = (
        None if moment is None else time.strftime("%Y-%m-%d %H:%M", time.localtime(moment)) for moment in (since, until)
    )
    return "{0} to {1}".format(begin or "the beginning", end or "now")
