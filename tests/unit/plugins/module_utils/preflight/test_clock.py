# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.preflight import clock

CHRONY = """\
Reference ID    : C0000201 (192.0.2.1)
Stratum         : 3
System time     : 0.000018531 seconds slow of NTP time
Leap status     : {0}
"""
# systemd 219 of CentOS 7, and 252 of Debian 12
OLD = "     NTP enabled: yes\nNTP synchronized: {0}\n RTC in local TZ: no\n"
NEW = "                Time zone: Etc/UTC (UTC, +0000)\nSystem clock synchronized: {0}\n              NTP service: active\n"


class Programs(object):
    """A runner with these programs: names with their output; any other is not there."""

    def __init__(self, container=False, **outputs):
        self.outputs = dict(outputs, **{"systemd-detect-virt": ""})
        self.container = container

    def run(self, argv, check=True):
        if argv[0] not in self.outputs:
            raise CommandError(argv, 127, "", "no such program")
        rc = 1 if argv[0] == "systemd-detect-virt" and not self.container else 0
        return Result(rc, self.outputs[argv[0]], "")


def verdict(offset=None, **programs):
    result = clock.clock_check(Programs(**programs), offset, 30)
    return result["status"], result["seen"]


@pytest.mark.parametrize(
    "programs, expected",
    [
        ({"chronyc": CHRONY.format("Normal")}, ("ok", "chronyc: synchronised")),
        ({"chronyc": CHRONY.format("Not synchronised")}, ("warning", "chronyc: not synchronised")),
        (
            {"chronyc": "506 Cannot talk to daemon\n", "timedatectl": NEW.format("yes")},
            ("ok", "timedatectl: synchronised"),
        ),
        ({"timedatectl": OLD.format("yes")}, ("ok", "timedatectl: synchronised")),
        ({"timedatectl": OLD.format("no")}, ("warning", "timedatectl: not synchronised")),
        ({"timedatectl": "garbage"}, ("skipped", "neither chronyc nor timedatectl tells whether it is synchronised")),
        ({}, ("skipped", "neither chronyc nor timedatectl tells whether it is synchronised")),
    ],
)
def test_what_programs_say(programs, expected):
    assert verdict(**programs) == expected


def test_a_container_has_the_clock_of_another():
    status, seen = verdict(container=True, timedatectl=NEW.format("no"))
    assert status == "skipped" and "container" in seen


@pytest.mark.parametrize(
    "offset, seen", [(45.2, "45 s ahead of the controller's clock"), (-3600, "3600 s behind the controller's clock")]
)
def test_a_clock_that_is_wrong_is_wrong_in_a_container_too(offset, seen):
    assert verdict(offset=offset, container=True) == ("failed", seen)
    assert verdict(offset=3, chronyc=CHRONY.format("Normal"))[0] == "ok"
