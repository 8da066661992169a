# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.log_limits import Limit
from ansible_collections.mailops.relay.plugins.module_utils.preflight.log_limits import limit_check


@pytest.mark.parametrize(
    "limits, status, seen",
    [
        ([Limit("journald", 30, 10000)], "warning", "10000 lines in 30 s, about 33.3 messages a second"),
        ([Limit("journald", 30, 1000)], "failed", "1000 lines in 30 s, about 3.33 messages a second"),
        ([Limit("imjournal", 600, 20000)], "failed", "20000 lines in 600 s"),
        ([Limit("journald", 30, 100000)], "ok", "100000 lines in 30 s"),
        ([Limit("journald", 0, 10000)], "ok", "no limit"),
        ([Limit("imuxsock", 0, 200), Limit("imjournal", 600, 20000)], "failed", "20000 lines in 600 s"),
        ([Limit("journald", float("inf"), 100)], "failed", "100 lines in inf s"),
    ],
)
def test_what_a_limit_means(limits, status, seen):
    result = limit_check("log_journald", limits, 100, "Take it away.")
    assert (result["status"], result["todo"]) == (status, "" if status == "ok" else "Take it away.")
    assert seen in result["seen"]
