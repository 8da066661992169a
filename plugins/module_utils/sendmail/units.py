# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd and the alternatives say of sendmail and of other mail systems beside it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

SENDMAIL = "sendmail.service"
# On EL they live beside sendmail, and want its port. Debian 13 removes Postfix and leaves its processes running.
OTHERS = ("postfix.service", "exim.service", "exim4.service")

# What other programs call. On EL it leads to sendmail.sendmail, sendmail.postfix or the like, see alternatives(8).
PROGRAM = "/usr/sbin/sendmail"
_OF_ANOTHER = re.compile(r".*/sendmail\.(?!sendmail$)")

# systemctl(1), "is-active": what has no process is one of these.
_AT_REST = ("inactive", "failed")


def parse_units(output):
    """dict: unit -> its properties, a dict of str, from what C(systemctl show) prints of several units."""
    units = {}
    for block in output.split("\n\n"):
        properties = dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        if properties.get("Id"):
            units[properties["Id"]] = properties
    return units


def is_in_the_way(unit):
    """bool: whether a mail system runs, or is started at boot.

    One whose unit is generated of a script in /etc/init.d, as Debian's packages leave it when they go, is no other one: there
    the package of sendmail has taken its place.

    Args:
        unit: dict, the properties of its unit; empty when systemd has not heard of it.
    """
    runs = unit.get("ActiveState", "inactive") not in _AT_REST
    if unit.get("LoadState") == "not-found":
        return runs
    state = unit.get("UnitFileState", "")
    return state.startswith("enabled") or (state not in ("", "generated") and runs)


class Units(object):
    """The units of this host.

    Args:
        runner: a ``Runner``.
        program: str, what other programs call.
    """

    def __init__(self, runner, program=PROGRAM):
        self._runner = runner
        self._program = program
        self._known = None

    def _units(self):
        """dict, see ``parse_units``; empty where systemd does not say."""
        if self._known is None:
            self._known = {}
            if self._runner.find("systemctl") is not None:
                names = "--property=Id,LoadState,ActiveState,UnitFileState"
                result = self._runner.run(["systemctl", "show", names, SENDMAIL] + list(OTHERS), check=False)
                self._known = parse_units(result.stdout) if result.rc == 0 else {}
        return self._known

    @property
    def starts_at_boot(self):
        """bool or None: whether systemd starts sendmail at boot; None where it does not say."""
        state = self._units().get(SENDMAIL, {}).get("UnitFileState", "")
        if state == "generated":
            # Of Debian's init script; systemctl asks the links of /etc/rc?.d.
            return self._runner.run(["systemctl", "is-enabled", SENDMAIL], check=False).rc == 0
        return state == "enabled" if state else None

    @property
    def is_alone(self):
        """bool or None: whether no other mail system runs, is started at boot or is what C(sendmail) calls; None where systemd
        does not say."""
        units = self._units()
        if not units:
            return None
        if _OF_ANOTHER.match(os.path.realpath(self._program)):
            return False
        return not any(is_in_the_way(units.get(name, {})) for name in OTHERS)
