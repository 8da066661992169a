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


def parse_time(option, text, now):
    """float: seconds since the epoch, of a date with or without a time, or of an age such as C(2h).

    Args:
        option: str, for the message.
        text: str; without a zone it is this host's time.
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
        parts = (year, month, day, hour, minute, second, 0, 0, -1)
        zone = match.group(7)
        if zone is None:
            return time.mktime(parts)
        offset = 0 if zone == "Z" else int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
        return float(calendar.timegm(parts)) - (-offset if zone[0] == "-" else offset)
    if _SECONDS.match(text):
        return float(text)
    try:
        return now - parse_age(option, text)
    except CriterionError:
        raise CriterionError(
            "{0}: {1!r} is not a time; write an age such as 2h or 3d, a date such as 2026-11-22 or 2026-11-22T07:07:44, or "
            "seconds since the epoch".format(option, text)
        )


def period(params, now):
    """(float or None, float or None): from when to when, in seconds since the epoch, of the options C(since) and C(until).

    Args:
        params: dict, the module's options.
        now: float, seconds since the epoch.

    Raises:
        CriterionError: one is not a time, or the first is later than the second.
    """
    since, until = (
        None if params.get(option) is None else parse_time(option, params[option], now) for option in ("since", "until")
    )
    if since is not None and until is not None and since > until:
        raise CriterionError("since: it is later than until, so nothing can be meant")
    return since, until
