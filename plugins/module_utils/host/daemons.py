# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a daemon of systemd's runs, and since when: it knows nothing of files that are newer than it is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native

_PROPERTIES = "--property=ActiveState,UnitFileState,InactiveExitTimestampMonotonic"


def daemon_state(runner, unit, paths, root=""):
    """dict: whether it is C(running), C(enabled), and C(older) than a file that it reads (bool each).

    Args:
        runner: ``commands.Runner``.
        unit: str, its name, C(opendkim.service).
        paths: iterable of str, the files; what is not there counts as nothing.
        root: str, put before the path of the kernel's clock, for tests.
    """
    said = runner.run(["systemctl", "show", _PROPERTIES, unit], check=False).stdout
    found = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    running = found.get("ActiveState") == "active"
    older = False
    uptime = (read_native(root + "/proc/uptime") or "").split()
    if running and uptime:
        # systemd's clock begins when the host does.
        started = time.time() - float(uptime[0]) + int(found["InactiveExitTimestampMonotonic"] or 0) / 1e6
        older = any(os.stat(path).st_ctime > started for path in paths if os.path.exists(path))
    return {"running": running, "enabled": found.get("UnitFileState") == "enabled", "older": older}
