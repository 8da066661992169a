# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long a message may be queued at most, which what was signed has to outlive."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError

# The first is of the message, the second of what says that it did not arrive. Both together also leave time for a receiver's own queue.
PARAMETERS = ("maximal_queue_lifetime", "bounce_queue_lifetime")
# postconf(5), where Postfix does not say.
_DEFAULT = "5d"
# The unit of these two is the day where none is named.
_UNITS = {"": 86400, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME = re.compile(r"([0-9]{1,9})\s*([smhdw]?)\Z")


def longest(values):
    """int: seconds.

    Args:
        values: iterable of str, the values of ``PARAMETERS``; what is no time counts as Postfix's default.
    """
    found = [_TIME.match(value.strip()) or _TIME.match(_DEFAULT) for value in values]
    return sum(int(match.group(1)) * _UNITS[match.group(2)] for match in found)


def longest_of_host(runner):
    """int: seconds, as this host's Postfix says.

    Args:
        runner: ``commands.Runner``.
    """
    try:
        said = runner.run(["postconf", "-xh"] + list(PARAMETERS)).stdout.splitlines()
    except CommandError:
        said = []
    return longest(said if len(said) == len(PARAMETERS) else [_DEFAULT] * len(PARAMETERS))
