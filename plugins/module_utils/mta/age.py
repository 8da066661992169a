# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Since when a host has a mail system, where that can be told."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

# Where Postfix, sendmail and qmail keep their queues; the directory comes with the package and stays when that is upgraded.
QUEUES = ("/var/spool/postfix", "/var/spool/mqueue", "/var/qmail/queue")


def installed_at(runner, queues=QUEUES):
    """float or None: when the first of the host's mail systems was installed, in seconds since the epoch.

    It is the birth of the queue's directory, as stat(1) of GNU coreutils tells it. None where there is no such directory, or the file
    system or the program (before 8.31) does not know.

    Args:
        runner: commands.Runner.
        queues: collection of str, the directories.
    """
    found = [path for path in queues if os.path.isdir(path)]
    if not found:
        return None
    told = runner.run(["stat", "-c", "%W"] + found, check=False)
    births = told.stdout.split()
    if told.rc or len(births) != len(found) or not all(birth.isdigit() and int(birth) for birth in births):
        return None
    return float(min(map(int, births)))
