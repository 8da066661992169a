# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import daemons
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result


class Systemd(object):
    """Made up: what systemctl show says."""

    def __init__(self, state, enabled, started):
        self._said = "ActiveState={0}\nUnitFileState={1}\nInactiveExitTimestampMonotonic={2}\n".format(
            state, enabled, started
        )

    def run(self, argv, check=True):
        assert argv[-1] == "some.service" and not check
        return Result(0, self._said, "")


@pytest.fixture
def root(tmp_path):
    """A host that has run for 1,000 seconds, with one file."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/uptime").write_bytes(b"1000.00 900.00\n")
    (tmp_path / "read").write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize(
    "state, started, expected",
    [
        # Monotonic microseconds; the file is of now, when the host has run for 1,000 s.
        ("active", 900 * 10**6, (True, True)),
        ("active", 1100 * 10**6, (True, False)),
        ("inactive", 0, (False, False)),
    ],
)
def test_a_daemon_is_older_than_a_file_that_changed_since_it_started(root, state, started, expected):
    paths = [str(root / "read"), str(root / "not there")]
    told = daemons.daemon_state(Systemd(state, "enabled", started), "some.service", paths, str(root))
    assert (told["running"], told["older"]) == expected and told["enabled"]


def test_without_files_nothing_is_newer(root):
    told = daemons.daemon_state(Systemd("active", "disabled", 1), "some.service", [], str(root))
    assert told == {"running": True, "enabled": False, "older": False}
    os.unlink(str(root / "proc/uptime"))
    told = daemons.daemon_state(Systemd("active", "disabled", 1), "some.service", [str(root / "read")], str(root))
    assert told["older"] is False
