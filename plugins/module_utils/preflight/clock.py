# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the clock of a host is right, as far as its programs tell."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

_IDENTIFIER = "clock"


def chrony_synchronised(text):
    """bool or None: from the output of C(chronyc tracking); None when it does not say."""
    match = re.search(r"^Leap status[ \t]*:[ \t]*(\S.*)$", text, re.M)
    return None if match is None else match.group(1).rstrip() != "Not synchronised"


def timedatectl_synchronised(text):
    """bool or None: from the output of C(timedatectl) of systemd 219 or later; None when it does not say."""
    match = re.search(r"^[ \t]*(?:NTP|System clock) synchronized:[ \t]*(yes|no)\b", text, re.M)
    return None if match is None else match.group(1) == "yes"


def synchronised(runner):
    """(bool or None, str): whether the clock is synchronised, and which program says so.

    Args:
        runner: ``Runner``.
    """
    for argv, read in (
        (["chronyc", "-n", "tracking"], chrony_synchronised),
        (["timedatectl"], timedatectl_synchronised),
    ):
        try:
            found = read(runner.run(argv).stdout)
        except CommandError:
            continue
        if found is not None:
            return found, argv[0]
    return None, ""


def in_container(runner):
    """bool: whether this is a container, whose clock is that of the machine around it."""
    try:
        return runner.run(["systemd-detect-virt", "--container", "--quiet"], check=False).rc == 0
    except CommandError:
        return False


def clock_check(runner, offset, most):
    """dict: times of several hosts are joined by a trace, and receivers look at the Date header.

    Args:
        runner: ``Runner``.
        offset: float or None, seconds by which this clock is ahead of another that is known.
        most: float, seconds that the two may differ.
    """
    subject = "clock"
    if offset is not None and abs(offset) > most:
        seen = "{0:.0f} s {1} the controller's clock".format(abs(offset), "ahead of" if offset > 0 else "behind")
        return checks.failed(_IDENTIFIER, subject, seen, "Set the clock, and run chrony or systemd-timesyncd.")
    if in_container(runner):
        return checks.skipped(
            _IDENTIFIER, subject, "a container has the clock of the machine around it, and cannot see who sets that"
        )
    state, program = synchronised(runner)
    if state is None:
        return checks.skipped(_IDENTIFIER, subject, "neither chronyc nor timedatectl tells whether it is synchronised")
    if not state:
        return checks.warning(_IDENTIFIER, subject, program + ": not synchronised", "Run chrony or systemd-timesyncd.")
    return checks.ok(_IDENTIFIER, subject, program + ": synchronised")
