# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_lifetime import longest, longest_of_host

DAY = 86400


@pytest.mark.parametrize(
    "values, seconds",
    [
        (["5d", "5d"], 10 * DAY),
        (["1h", "0"], 3600),
        (["2w", "90m"], 14 * DAY + 5400),
        # postconf(5): the unit is the day.
        (["3", "10s"], 3 * DAY + 10),
        (["$nonsense", "1d"], 6 * DAY),
    ],
)
def test_both_lifetimes_count(values, seconds):
    assert longest(values) == seconds


@given(st.lists(st.text(max_size=8), max_size=3))
@settings(max_examples=100, deadline=None)
def test_whatever_postfix_says_it_is_a_time(values):
    assert longest(values) >= 0


class Host(object):
    def __init__(self, stdout):
        self.stdout = stdout

    def run(self, argv):
        assert argv == ["postconf", "-xh", "maximal_queue_lifetime", "bounce_queue_lifetime"]
        if self.stdout is None:
            raise CommandError(argv, 1, "", "fatal")
        return Result(0, self.stdout, "")


# The first is what Postfix 3.7.11 prints.
@pytest.mark.parametrize(
    "stdout, seconds", [("5d\n5d\n", 10 * DAY), ("1h\n0\n", 3600), (None, 10 * DAY), ("", 10 * DAY)]
)
def test_the_host_is_asked(stdout, seconds):
    assert longest_of_host(Host(stdout)) == seconds
