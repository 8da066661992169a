# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether journald or rsyslog would drop lines of a relay's messages."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

# How a limit is taken away.
JOURNALD_TODO = (
    "Let relay_server_manage_log_limits do it, or set RateLimitIntervalSec=0 in /etc/systemd/journald.conf.d."
)
RSYSLOG_TODO = (
    "Let relay_server_manage_log_limits do it, or set the input's ratelimit.interval to 0 in /etc/rsyslog.conf."
)

# A message leaves up to so many lines on a relay: connection, TLS, client, message ID, queue, delivery, removal.
LINES_PER_MESSAGE = 10
# Below this part of the wanted rate lines are lost on an ordinary day.
_FAR_BELOW = 10


def limit_check(identifier, limits, message_rate, todo):
    """dict: whether lines of a relay's messages would be lost.

    Args:
        identifier: str, of the check.
        limits: list of log_limits.Limit, at least one.
        message_rate: int, messages a second of which no line may be lost.
        todo: str, how a limit is taken away.
    """
    on = [limit for limit in limits if not limit.off]
    subject = ", ".join(limit.what for limit in on or limits)
    if not on:
        return checks.ok(identifier, subject, "no limit")
    seen = ", ".join("{0} lines in {1:g} s".format(limit.burst, limit.interval) for limit in on)
    slowest = min(limit.rate for limit in on)
    wanted = message_rate * LINES_PER_MESSAGE
    if slowest >= wanted:
        return checks.ok(identifier, subject, seen)
    seen += ", about {0:.3g} messages a second; more lines are dropped, and a trace misses them".format(
        slowest / LINES_PER_MESSAGE
    )
    return (checks.failed if slowest * _FAR_BELOW < wanted else checks.warning)(identifier, subject, seen, todo)
