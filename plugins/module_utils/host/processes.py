# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the programs that run on this host work, and since when, by proc(5)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native

PROC = "/proc"
# sd_booted(3): it is there where systemd has booted the host.
SYSTEMD = "/run/systemd/system"


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


def started(number, proc=None):
    """float or None: when a process was started, seconds since the epoch; None where that cannot be told.

    Args:
        number: int or str.
        proc: str or None, where proc is mounted; None is the usual place.
    """
    found = _stat(number, proc or PROC)
    return found[2] if found else None


def systemd_groups(text):
    """list of str: the control groups of a process that systemd has made, from the text of C(/proc/PID/cgroup).

    It has a line for each hierarchy with its number, its controllers and the path: cgroups(7), of both versions.
    """
    lines = [line.split(":", 2) for line in text.splitlines()]
    return [line[2] for line in lines if len(line) == 3 and line[1] in ("", "name=systemd")]


def unit_of(number, proc=None):
    """str or None: the service of systemd to which a process belongs; empty for one of none, None where that cannot be told.

    All processes of a service are in its control group: systemd.kill(5).

    Args:
        number: int or str.
        proc: str or None, where proc is mounted; None is the usual place.
    """
    try:
        paths = systemd_groups(read_native(os.path.join(proc or PROC, str(number), "cgroup")) or "")
    except EnvironmentError:
        return None
    if not paths or not os.path.isdir(SYSTEMD):
        return None
    names = [name for path in paths for name in path.split("/") if name.endswith(".service")]
    return names[-1] if names else ""


def children(number, proc=None):
    """list of (str, float): the name of each child of a process, as C(comm) has it, and when it was started, seconds since the epoch.

    Args:
        number: int or str.
        proc: str or None, where proc is mounted; None is the usual place.
    """
    proc = proc or PROC
    try:
        numbers = [name for name in os.listdir(proc) if name.isdigit()]
    except OSError:
        return []
    found = [_stat(name, proc) for name in numbers]
    return [(name, moment) for name, parent, moment in filter(None, found) if parent == str(number)]


def _stat(number, proc):
    """(str, str, float) or None: a process's name, its parent and when it was started; None for one that is gone."""
    try:
        text = read_native(os.path.join(proc, str(number), "stat")) or ""
        uptime = (read_native(os.path.join(proc, "uptime")) or "").split()
    except EnvironmentError:
        return None
    # A name may have brackets and spaces in it.
    name, _bracket, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    if len(fields) < 20 or not uptime:
        return None
    return name, fields[1], time.time() - float(uptime[0]) + float(fields[19]) / os.sysconf("SC_CLK_TCK")
