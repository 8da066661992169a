# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd and the alternatives say of a mail system and of others beside it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

# On EL they live beside each other, and want the same port. Debian 13 removes Postfix and leaves its processes running.
SERVICES = ("postfix.service", "sendmail.service", "exim.service", "exim4.service")

# What other programs call. On EL it is a link to /etc/alternatives/mta, and that one to sendmail.sendmail, sendmail.postfix or the
# like, see alternatives(8). Exim's and ssmtp's are links again, to the program itself.
PROGRAM = "/usr/sbin/sendmail"
_OF_ONE = re.compile(r".*/sendmail\.([^/]+)\Z", re.DOTALL)
_ALTERNATIVE = re.compile(r".*/alternatives/mta\Z", re.DOTALL)
_MOST_LINKS = 8

# systemctl(1), "is-active": what has no process is one of these.
_AT_REST = ("inactive", "failed")


class OtherSystemError(RelayError):
    """Another mail system is in use on this host, and the call is not to bring one beside it; nothing has changed."""


def parse_units(output):
    """dict: unit -> its properties, a dict of str, from what C(systemctl show) prints of several units."""
    units = {}
    for block in output.split("\n\n"):
        properties = dict(line.partition("=")[::2] for line in block.splitlines() if "=" in line)
        if properties.get("Id"):
            units[properties["Id"]] = properties
    return units


def is_in_the_way(unit, by_script=False):
    """bool: whether a mail system runs, or is started at boot.

    One whose unit is generated of a script in /etc/init.d, as Debian's packages leave it when they go, is no other one: there
    the package of sendmail has taken its place.

    Args:
        unit: dict, the properties of its unit; empty when systemd has not heard of it.
        by_script: bool, whether one that such a script runs counts too.
    """
    runs = unit.get("ActiveState", "inactive") not in _AT_REST
    if unit.get("LoadState") == "not-found":
        return runs
    state = unit.get("UnitFileState", "")
    return state.startswith("enabled") or (runs and state != "" and (by_script or state != "generated"))


class Units(object):
    """The units of this host.

    Args:
        runner: a ``Runner``.
        name: str, the mail system that is asked about: C(postfix) or C(sendmail), as its service and the alternatives call it.
        program: str, what other programs call.
    """

    def __init__(self, runner, name, program=PROGRAM):
        self._runner = runner
        self._name = name
        self._service = name + ".service"
        self._program = program
        self._known = None

    def _units(self):
        """dict, see ``parse_units``; empty where systemd does not say."""
        if self._known is None:
            self._known = {}
            if self._runner.find("systemctl") is not None:
                names = "--property=Id,LoadState,ActiveState,UnitFileState"
                result = self._runner.run(["systemctl", "show", names] + list(SERVICES), check=False)
                self._known = parse_units(result.stdout) if result.rc == 0 else {}
        return self._known

    @property
    def starts_at_boot(self):
        """bool or None: whether systemd starts it at boot; None where it does not say."""
        state = self._units().get(self._service, {}).get("UnitFileState", "")
        if state == "generated":
            # Of Debian's init script; systemctl asks the links of /etc/rc?.d.
            return self._runner.run(["systemctl", "is-enabled", self._service], check=False).rc == 0
        return state == "enabled" if state else None

    @property
    def is_known(self):
        """bool: whether systemd has a service of it."""
        return self._units().get(self._service, {}).get("LoadState") == "loaded"

    @property
    def other_services(self):
        """list of str: the services of other mail systems that run, or are started at boot; empty where systemd does not say."""
        return self._others()

    def _others(self, by_script=False):
        units = self._units()
        return [name for name in SERVICES if name != self._service and is_in_the_way(units.get(name, {}), by_script)]

    @property
    def other_program(self):
        """str: the program of another mail system that the alternatives have C(sendmail) call; empty when they name no other.

        A link that somebody has made by hand, to a wrapper for example, is none of theirs.
        """
        path = self._program
        for _count in range(_MOST_LINKS):
            if not os.path.islink(path):
                break
            before, path = path, os.path.join(os.path.dirname(path), os.readlink(path))
            match = _OF_ONE.match(path)
            if match and _ALTERNATIVE.match(before):
                return path if match.group(1) != self._name else ""
        return ""

    @property
    def is_alone(self):
        """bool or None: whether there is neither of these; None where systemd does not say."""
        return not (self.other_program or self.other_services) if self._units() else None

    def refuse_others(self, called, installed):
        """Refuse a host on which another mail system is in use.

        Args:
            called: str, what people call the mail system that is asked about.
            installed: bool, whether it is there. Where it is not, its package would replace another one on Debian, also one that is
                run by its script in /etc/init.d.

        Raises:
            OtherSystemError
        """
        replaces = not installed and os.path.exists(self._program)
        services, program = self._others(by_script=True) if replaces else self.other_services, self.other_program
        if not (services or program):
            return
        facts = ["{0} runs, or starts at boot".format(" and ".join(services))] if services else []
        ways = ["systemctl disable --now {0}".format(" ".join(services))] if services else []
        if program:
            facts.append("{0} leads to {1}".format(self._program, program))
            ways.append("alternatives --config mta")
        raise OtherSystemError(
            "another mail system than {0} is in use on this host: {1}. See that nothing waits in its queue, and put it out of "
            "use ({2}), or set refuse_other_mta=false. Nothing was changed.".format(
                called, ", ".join(facts), "; ".join(ways)
            )
        )
