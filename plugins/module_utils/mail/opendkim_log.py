# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenDKIM logs of a message that it has signed (opendkim/opendkim.c of 2.11.0, with SyslogSuccess)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

TAG = "opendkim"
_SIGNED = re.compile(
    r"([0-9A-Za-z]{1,40}): DKIM-Signature field added \(s=([A-Za-z0-9._-]{1,255}), d=([A-Za-z0-9._-]{1,255})\)\Z"
)


class OpendkimReader(object):
    """Tells with which key a message was signed; nothing else that a milter says is the fate of a message.

    Args:
        events: log_events.Events.
    """

    def __init__(self, events):
        self._events = events

    def resolve(self, origin):
        """bool: whether it is OpenDKIM that writes; it gets its reader then."""
        if origin.tag != TAG:
            return False
        origin.program = TAG
        origin.read = self._read
        return True

    def _read(self, stamp, origin, text):
        signed = _SIGNED.match(text)
        if signed:
            queue_id, selector, domain = signed.groups()
            self._events.signed(stamp, origin, queue_id, domain, selector)
        return True
