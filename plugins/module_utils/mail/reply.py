# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's reply to a message says of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# How a server names the message that it took: Postfix ("queued as ID", also after BDAT's "N bytes"), sendmail.
_QUEUED_AS = "queued as "
_ID = re.compile(r"[0-9A-Za-z]{5,}")
_SENDMAIL_ID = re.compile(r"(?<![0-9A-Za-z])([0-9A-Za-z]{14,}) Message accepted for delivery")


def next_id(reply):
    """str: the queue ID under which the next mail system has the message, or an empty string.

    A content filter repeats the reply of what is behind it: the last one counts.
    """
    at = reply.rfind(_QUEUED_AS)
    while at >= 0:
        match = _ID.match(reply, at + len(_QUEUED_AS))
        if match:
            return match.group()
        at = reply.rfind(_QUEUED_AS, 0, at)
    if "accepted" in reply:
        match = _SENDMAIL_ID.search(reply)
        if match:
            return match.group(1)
    return ""
