# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the programs that run on this host work, by proc(5)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native

PROC = "/proc"


def working_directories(names, proc=None):
    """list of str: the working directories of all processes of these names that have this file system, sorted.

    A container's process has another one. Who may not see a process, as an unprivileged user may not, does not see it.

    Args:
        names: collection of str, as C(comm) has them.
        proc: str or None, where proc is mounted; None is the usual place.
    """
    proc = proc or PROC
    found = set()
    try:
        numbers = [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return []
    here = os.stat("/")
    for number in numbers:
        try:
            if (read_native(os.path.join(proc, number, "comm")) or "").strip() not in names:
                continue
            root = os.stat(os.path.join(proc, number, "root"))
            if (root.st_dev, root.st_ino) == (here.st_dev, here.st_ino):
                found.add(os.readlink(os.path.join(proc, number, "cwd")))
        except EnvironmentError:
            continue
    return sorted(found)
