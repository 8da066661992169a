# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where providers answer that mail comes too fast, and how much they took in the minutes in which they said so."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_totals import MOST_KEYS

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


def way_of(tag, recipient):
    """str: what a pace would be for: C(smarthost:NAME), by the service that the role relay_server makes for one, or a domain.

    Args:
        tag: str, of the log line, C(postfix/smart-ses/smtp).
        recipient: str, the address.
    """
    service = tag.rpartition("/")[0].rpartition("/")[2]
    if service.startswith(_SMARTHOST):
        return "smarthost:" + service[len(_SMARTHOST) :]
    return recipient.rpartition("@")[2].lower()


class TooFast(object):
    """Counts such answers, and from the first one on what was taken in each minute in which there was one."""

    def __init__(self):
        self._found = {}
        # Way -> [minute, taken in it, answers in it].
        self._minutes = {}
        self._meanings = Memo(is_too_fast, MOST_KEYS)

    def __bool__(self):
        """bool: whether there was any."""
        return bool(self._found)

    __nonzero__ = __bool__

    def deferred(self, seconds, tag, recipient, reply):
        """Count a delivery that was put off.

        Args:
            seconds: callable () -> float, when, since the epoch; it is asked only where it matters.
            tag, recipient: see ``way_of``.
            reply: str.
        """
        if not self._meanings[reply]:
            return
        way = way_of(tag, recipient)
        if way not in self._found:
            if len(self._found) >= MOST_KEYS:
                return
            self._found[way] = {"count": 0, "minutes": 0, "taken": 0, "sample": reply}
        self._found[way]["count"] += 1
        self._minute(way, seconds())[2] += 1

    def sent(self, seconds, tag, recipient):
        """Count a delivery that was taken; see ``deferred``."""
        way = way_of(tag, recipient)
        if way in self._found:
            self._minute(way, seconds())[1] += 1

    def _minute(self, way, seconds):
        minute = seconds // 60
        current = self._minutes.get(way)
        if current is None or current[0] != minute:
            self._close(way)
            current = self._minutes[way] = [minute, 0, 0]
        return current

    def _close(self, way):
        _minute, taken, answers = self._minutes.pop(way, (0, 0, 0))
        if answers:
            self._found[way]["minutes"] += 1
            self._found[way]["taken"] += taken

    def facts(self):
        """dict: way -> dict with C(count), how many answers; C(minutes) with one; C(taken) in these; and a C(sample)."""
        for way in list(self._minutes):
            self._close(way)
        return dict((way, dict(entry)) for way, entry in self._found.items())
