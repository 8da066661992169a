# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where providers answer that mail comes too fast, and how much they took in the minutes in which they said so."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import MOST_KEYS, Memo

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
        # The same of what is sent in the present minute, by tag and domain as they stand in the log.
        self._present = {}
        # From which text to which the minute's stamps are, how long, and their hour, which tells their zone.
        self._minute_now = "", "", None, None
        self._meanings = Memo(is_too_fast, MOST_KEYS)
        self._smarthosts = Memo(smarthost_of, MOST_KEYS)

    def deferred(self, seconds, stamp, tag, recipient, reply):
        """Count a delivery that was put off.

        Args:
            seconds: callable (stamp) -> float, seconds since the epoch; it is asked only where it matters.
            stamp, tag: str, of the log line.
            recipient: str, the address.
            reply: str.
        """
        if not self._meanings[reply]:
            return
        way = self._smarthosts[tag] or _domain(recipient)
        if way not in self.found:
            if len(self.found) >= MOST_KEYS:
                return
            self.found[way] = {"count": 0, "minutes": 0, "taken": 0, "sample": reply}
            self._present.clear()
        self.found[way]["count"] += 1
        self._minute(way, seconds(stamp))[2] += 1

    def sent(self, seconds, hour, stamp, tag, domain):
        """Count a delivery that was taken; see ``deferred``.

        Args:
            hour: int, C(log_lines.Lexer.hour) of the line.
            domain: str, the recipient's.
        """
        begin, end, length, in_hour = self._minute_now
        if not begin <= stamp < end or hour != in_hour or len(stamp) != length:
            self._minute_now = _minute_of(stamp) + (len(stamp), hour)
            self._present.clear()
        current = self._present.get((tag, domain))
        if current is None:
            current = self._of_way(self._smarthosts[tag] or domain.lower(), seconds, stamp)
            if len(self._present) >= MOST_KEYS:
                self._present.clear()
            self._present[tag, domain] = current
        current[1] += 1

    def _of_way(self, way, seconds, stamp):
        """list: the counts of a way in the minute of a stamp; such as nobody looks at for a way without such answers."""
        if way not in self.found:
            return [0, 0, 0, ""]
        # The minute and, where it has six characters, the zone of RFC 3339; of any other stamp all of it.
        minute = stamp[:17] + stamp[-6:]
        current = self._minutes.get(way)
        if current is None or current[3] != minute:
            current = self._minute(way, seconds(stamp))
            current[3] = minute
        return current

    def _minute(self, way, seconds):
        minute = seconds // 60
        current = self._minutes.get(way)
        if current is None or current[0] != minute:
            self._close(way)
            self._present.clear()
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
