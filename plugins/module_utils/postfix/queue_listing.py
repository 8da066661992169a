# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(postqueue) and C(postcat) print, postqueue(1) and postcat(1), as messages."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import json
import re
import time
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient

# The name that both formats give to the null sender. A sender of that name has a domain.
NULL_SENDER = "MAILER-DAEMON"
# What Message.state says of a message that postsuper -e has marked.
EXPIRING = "expiring"
# The mark after a queue ID, postqueue(1). What has none is in a queue that -p does not tell.
MARKS = {"*": "active", "!": "hold"}

# "Mon Nov  2 07:07:44" begins 24 columns after the ID at the most; an ID without a mark is followed by a blank.
_ENTRY = re.compile(
    r"(?P<id>[0-9A-Za-z]+)(?P<mark>[*!]?)(?P<expiring>#?) +(?P<size>[0-9]{1,20}) (?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ 0-9][0-9]"
    r" [0-9]{2}:[0-9]{2}:[0-9]{2}) +(?P<sender>.*)$"
)
_HEADER = re.compile(r"-+Queue ID-")
_FOOTER = re.compile(r"-- [0-9]+ Kbytes in [0-9]+ Requests?\.$")
EMPTY = "Mail queue is empty"

# Records of postcat that say which message it is. path: str, the file below the queue directory.
Envelope = namedtuple("Envelope", "path queue id sender size arrival")
_RECORDS = frozenset(["message_size", "message_arrival_time", "sender"])
_ENVELOPE = re.compile(r"\*\*\* ENVELOPE RECORDS (?P<path>.*) \*\*\*$")


class ListingError(ValueError):
    """A line that no known Postfix prints."""


def _native(text):
    # Several times for each of many messages: only Python 2 has anything to do.
    return text if isinstance(text, str) else to_native(text)


def parse_json_line(line):
    """Message: one line of C(postqueue -j), Postfix 3.1 and later.

    Raises:
        ValueError: the line does not describe a message.
    """
    # Python 2 would refuse bytes that are not UTF-8.
    entry = json.loads(to_text(line, errors="surrogate_or_replace") if bytes is str else line)
    try:
        sender = _native(entry["sender"])
        return Message(
            _native(entry["queue_name"]),
            _native(entry["queue_id"]),
            "" if sender == NULL_SENDER else sender,
            tuple(
                [
                    Recipient(_native(item["address"]), _native(item.get("delay_reason", "")))
                    for item in entry["recipients"]
                ]
            ),
            entry["message_size"],
            entry["arrival_time"],
            EXPIRING if entry.get("forced_expire") else "",
        )
    except (KeyError, TypeError, AttributeError) as exc:
        raise ListingError("postqueue -j: unexpected line ({0!r}): {1}".format(exc, line))


def arrival_time(text, now):
    """int: seconds since the epoch for C(Sun Nov 22 07:07:44), which has no year, in local time.

    The latest year that does not make it later than tomorrow and has that day of the week; a clock may be a little off.

    Args:
        text: str.
        now: float, seconds since the epoch.

    Raises:
        ListingError: there is no such moment.
    """
    this_year = time.localtime(now).tm_year
    for year in range(this_year + 1, this_year - 12, -1):
        try:
            parts = time.strptime("{0} {1}".format(text, year), "%a %b %d %H:%M:%S %Y")
        except ValueError:
            continue
        if (
            text[:3]
            != ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[calendar.weekday(year, parts.tm_mon, parts.tm_mday)]
        ):
            continue
        moment = int(time.mktime(parts[:8] + (-1,)))
        if moment <= now + 86400:
            return moment
    raise ListingError("postqueue -p: {0!r} is not a time in recent years".format(text))


class _Entry(object):
    """The message whose lines are being read."""

    def __init__(self, match, moment):
        self.queue = MARKS.get(match.group("mark"))
        self.id = match.group("id")
        sender = match.group("sender")
        self.sender = "" if sender == NULL_SENDER else sender
        self.size = int(match.group("size"))
        self.arrival = moment
        self.state = EXPIRING if match.group("expiring") else ""
        self.recipients = []
        self.reason = ""

    def message(self, queue_of):
        queue = self.queue or queue_of(self.id)
        return Message(queue, self.id, self.sender, tuple(self.recipients), self.size, self.arrival, self.state)


def parse_text(lines, queue_of, now):
    """The messages of C(postqueue -p), any version.

    The reason stands before the recipients that it holds for, and only where it differs from the one before. Until 3.0
    recipients without a reason come last and cannot be told from those of the last reason.

    Args:
        lines: iterable of str, without line ends.
        queue_of: callable, queue ID -> name of the queue, for a message that has no mark.
        now: float, seconds since the epoch.

    Yields:
        Message

    Raises:
        ListingError: a line that no known Postfix prints.
    """
    entry, moments = None, {}
    for line in lines:
        if not line.strip():
            if entry is not None:
                yield entry.message(queue_of)
                entry = None
            continue
        text = line.strip()
        if entry is None:
            match = _ENTRY.match(line)
            if match:
                when = match.group("time")
                if when not in moments:
                    # A burst has the same second in thousands of entries; more than that is not worth keeping.
                    moments = {when: arrival_time(when, now)}
                entry = _Entry(match, moments[when])
            elif not (_HEADER.match(line) or _FOOTER.match(line) or text == EMPTY):
                raise ListingError("postqueue -p: unexpected line: {0}".format(line))
        elif text.startswith("(") and text.endswith(")"):
            entry.reason = "" if text == "(reason unavailable)" else text[1:-1]
        elif line.startswith(" "):
            entry.recipients.append(Recipient(text, entry.reason))
        else:
            raise ListingError("postqueue -p: unexpected line: {0}".format(line))
    if entry is not None:
        yield entry.message(queue_of)


def parse_envelopes(lines):
    """The envelopes in the output of C(postcat -e), run with TZ=UTC.

    Args:
        lines: iterable of str, without line ends.

    Yields:
        Envelope: size and arrival are None where the file has none, or has something other than a number or time.
    """
    found, moments = None, {}
    for line in lines:
        if line.startswith("*** "):
            match = _ENVELOPE.match(line)
            if found is not None and (match or line.startswith("*** MESSAGE CONTENTS ")):
                yield found
                found = None
            if match:
                path = match.group("path")
                found = Envelope(path, path.partition("/")[0], path.rpartition("/")[2], "", None, None)
        elif found is not None:
            name, _colon, value = line.partition(": ")
            if name in _RECORDS:
                found = _with_record(found, name, value, moments)
    if found is not None:
        yield found


def _with_record(envelope, name, value, moments):
    if name == "message_size":
        size = whole_number("".join(value.split()[:1]))
        return envelope if size is None else envelope._replace(size=size)
    if name == "message_arrival_time":
        if value not in moments:
            try:
                moments[value] = calendar.timegm(time.strptime(value.strip(), "%a %b %d %H:%M:%S %Y"))
            except ValueError:
                return envelope
        return envelope._replace(arrival=moments[value])
    return envelope._replace(sender=value)
