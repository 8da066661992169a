# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mta.age import installed_at


class Stat(object):
    """The program stat, with what it says of these paths."""

    def __init__(self, said, rc=0):
        self.said, self.rc = said, rc

    def run(self, argv, check=True):
        assert argv[:3] == ["stat", "-c", "%W"] and not check
        return Result(self.rc, self.said, "")


@pytest.mark.parametrize(
    ("said", "rc", "found"),
    [
        # coreutils 9.1 on overlayfs; the second is made up
        ("1795880079\n1790000000\n", 0, 1790000000.0),
        # A file system that does not know, of stat(1) 8.32 and 8.30; made up
        ("1795880079\n0\n", 0, None),
        ("1795880079\n-\n", 0, None),
        # One directory has gone meanwhile, and there is no such program.
        ("1795880079\n", 1, None),
        ("", 127, None),
    ],
)
def test_since_when_a_host_has_a_mail_system(tmpdir, said, rc, found):
    queues = [str(tmpdir.mkdir(name)) for name in ("postfix", "mqueue")]
    assert installed_at(Stat(said, rc), queues + [str(tmpdir.join("qmail"))]) == found
    assert installed_at(Stat(said, rc), [str(tmpdir.join("qmail"))]) is None
