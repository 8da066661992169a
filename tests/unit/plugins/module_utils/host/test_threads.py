# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import threading
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.threads import side_by_side


def test_waits_do_not_add_up_and_order_is_kept():
    start = time.time()
    outcomes = side_by_side([lambda number=number: time.sleep(0.2) or number for number in range(8)], 5)
    assert time.time() - start < 1.2
    assert [outcome.value for outcome in outcomes] == list(range(8))


def test_what_does_not_end_is_left_behind_and_errors_are_kept():
    go_on = threading.Event()

    def fail():
        raise ValueError("no")

    start = time.time()
    slow, bad, good = side_by_side([go_on.wait, fail, lambda: 1], 0.3)
    assert time.time() - start < 2
    go_on.set()
    assert not slow.finished
    assert bad.finished and str(bad.error) == "no"
    assert good == (True, 1, None)
