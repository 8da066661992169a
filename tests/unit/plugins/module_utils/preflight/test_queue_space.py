# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.preflight import queue_space

MIB = 1 << 20


@pytest.mark.parametrize(
    "free, inodes, minimum, status, words",
    [
        (5000, 10**6, 0, "ok", "5000 MiB free"),
        (5000, None, 0, "ok", "5000 MiB free"),
        (500, 10**6, 0, "warning", "1024 MiB wanted"),
        (15, 10**6, 0, "failed", "no more than 15 MiB"),
        (16, 10**6, 0, "warning", "16 MiB free"),
        (5000, 10**6, 6000 * MIB, "failed", "no more than 6000 MiB"),
        (5000, 5000, 0, "warning", "10000 wanted"),
        (5000, 50, 0, "failed", "50 inodes"),
    ],
)
def test_room_for_the_queue(free, inodes, minimum, status, words):
    result = queue_space.judge("/var/spool/postfix", free * MIB, inodes, 10 * MIB, minimum, 1024 * MIB, 10000)
    assert result["status"] == status and words in result["seen"]


def test_a_queue_that_is_not_there_yet_has_the_room_of_what_is_above(tmp_path):
    assert queue_space.existing(str(tmp_path / "spool" / "postfix")) == str(tmp_path)
    assert queue_space.space_check(str(tmp_path / "spool"), 0, 0, 0, 0)["status"] == "ok"
