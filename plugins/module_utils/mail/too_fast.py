# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where providers answer that mail comes too fast, and how much they took in the minutes in which they said so."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import MOST_KEYS, Memo, tally

# A reply for now, with its code of RFC 3463 where it has one.
_REPLY = re.compile(r"(?<![0-9.])(4[0-9]{2})[ -](?:(4\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9]))?")
# Not enough of something at the receiver that more speed makes less of: 4.3.2 is Microsoft's for too many connections.
_PACE = re.compile(r"4\.7\.[0-9]+\Z|4\.3\.2\Z")
# Certificates and logins (RFC 4954, RFC 7817), and who waits to see whether the sender comes again.
_OTHER = re.compile(r"gr[ae]y-?list|\bTLS\b|authenticat|\b4\.7\.[58]\b", re.I)
_SMARTHOST = "smart-"


def is_too_fast(reply):
    """bool: whether a reply to a delivery says that mail comes too fast: 421, or a code 4.7.x.

    Args:
        reply: str, as the log has it, words of the own mail system before it.
    """
    match = _REPLY.search(reply)
    if match is None or _OTHER.search(reply):
        return False
    if match.group(2) is None:
        return match.group(1) == "421"
    return _PACE.match(match.group(2)) is not None


def smarthost_of(tag):
    """str: C(smarthost:NAME), by the service that the role relay_server makes for one; empty for any other.

    Args:
        tag: str, of a log line, C(postfix/smart-ses/smtp).
    """
    service = tag.rpartition("/")[0].rpartition("/")[2]
    return "smarthost:" + service[len(_SMARTHOST) :] if service.startswith(_SMARTHOST) else ""


def _domain(recipient):
    return recipient.rpartition("@")[2].lower()


def _minute_of(stamp):
    """(str, str): from which stamp on, and before which, all are of the same minute, if they are of the same hour and length.

    Of a form other than C(2026-11-25T12:41:10.336422+00:00) each stamp is for itself.
    """
    if stamp[16:17] == ":" and stamp[-6:-5] in ("+", "-"):
        # What sorts behind a colon is a semicolon.
        return stamp[:17], stamp[:16] + ";"
    return stamp, stamp + "\0"


def _is_one_minute(hours, stamps):
    """bool: whether stamps are all of the same minute, found out without a loop, as for most it is; their hour tells their zone."""
    begin, end = _minute_of(stamps[0])
    return (
        begin <= min(stamps)
        and max(stamps) < end
        and len(set(map(len, stamps))) == 1
        and hours.count(hours[0]) == len(hours)
    )


def _runs(hours, stamps):
    """Yield (int, int) of stamps of the same minute that follow each other: the first, and the one behind the last."""
    first = 0
    if stamps and not _is_one_minute(hours, stamps):
        begin, end, length, in_hour = _minute_of(stamps[0]) + (len(stamps[0]), hours[0])
        for number, stamp in enumerate(stamps):
            if not begin <= stamp < end or len(stamp) != length or hours[number] != in_hour:
                yield first, number
                first, length, in_hour = number, len(stamp), hours[number]
                begin, end = _minute_of(stamp)
    if stamps:
        yield first, len(stamps)


class TooFast(object):
    """Counts such answers, and from the first one on what was taken in each minute in which there was one.

    What it counts for, a pace would be for: C(smarthost:NAME), or the recipient's domain.

    Attributes:
        found: dict: way -> what was counted for it.
    """

    def __init__(self):
        self.found = {}
        # Way -> [minute, taken in it, answers in it, the last stamp in it but for its seconds].
        self._minutes = {}
        self._meanings = Memo(is_too_fast, MOST_KEYS)
        self._smarthosts = Memo(smarthost_of, MOST_KEYS)

    def is_answer(self, reply):
        """bool: C(is_too_fast) of a reply that may be there often."""
        return self._meanings[reply]

    def deferred(self, seconds, stamp, tag, recipient, reply):
        """Count a delivery that was put off.

        Args:
            seconds: callable (stamp) -> float, seconds since the epoch; it is asked only where it matters.
            stamp, tag: str, of the log line.
            recipient: str, the address.
            reply: str.
        """
        if not self.is_answer(reply):
            return
        way = self._smarthosts[tag] or _domain(recipient)
        if way not in self.found:
            if len(self.found) >= MOST_KEYS:
                return
            self.found[way] = {"count": 0, "minutes": 0, "taken": 0, "sample": reply}
        self.found[way]["count"] += 1
        self._minute(way, seconds(stamp))[2] += 1

    def sent(self, seconds, hours, stamps, tags, domains):
        """Count deliveries that were taken since the last time; see ``deferred``. They are told before the next answer.

        Args:
            seconds: callable (stamp, hour) -> float.
            hours: list of int, C(log_lines.Lexer.hour) of each line.
            stamps, tags: list of str.
            domains: list of str, the recipients'.
        """
        for first, behind in _runs(hours, stamps):
            for (tag, domain), number in tally(zip(tags[first:behind], domains[first:behind])).items():
                way = self._smarthosts[tag] or domain.lower()
                if way in self.found:
                    self._of_way(way, seconds, stamps[first], hours[first])[1] += number

    def _of_way(self, way, seconds, stamp, hour):
        """list: the counts of a way in the minute of a stamp."""
        # The minute and, where it has six characters, the zone of RFC 3339; of any other stamp all of it.
        minute = stamp[:17] + stamp[-6:]
        current = self._minutes.get(way)
        if current is None or current[3] != minute:
            current = self._minute(way, seconds(stamp, hour))
            current[3] = minute
        return current

    def _minute(self, way, seconds):
        minute = seconds // 60
        current = self._minutes.get(way)
        if current is None or current[0] != minute:
            self._close(way)
            current = self._minutes[way] = [minute, 0, 0, ""]
        return current

    def _close(self, way):
        _minute, taken, answers, _stamp = self._minutes.pop(way, (0, 0, 0, ""))
        if answers:
            self.found[way]["minutes"] += 1
            self.found[way]["taken"] += taken

    def facts(self):
        """dict: way -> dict with C(count), how many answers; C(minutes) with one; C(taken) in these; and a C(sample)."""
        for way in list(self._minutes):
            self._close(way)
        return dict((way, dict(entry)) for way, entry in self.found.items())
