# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found out once about texts that a log repeats."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys
from collections import Counter, defaultdict

# So many different names of a kind are counted one by one; a spammer's further ones together.
MOST_KEYS = 10000
OTHERS = "(others)"


class Memo(dict):
    """What texts mean, of the last so many: what is the same is made once, and is there once.

    Args:
        make: callable (key) -> what it means. No method of an object that has this: the two would keep each other.
        most: int, so many keys at a time.
    """

    def __init__(self, make, most=10000):
        super(Memo, self).__init__()
        self._make = make
        self._most = most

    def __missing__(self, key):
        if len(self) >= self._most:
            self.clear()
        found = self[key] = self._make(key)
        return found


if sys.version_info[0] > 2:
    tally = Counter
else:

    def tally(items):
        """dict: how often each of these is there; Python 2's Counter takes three times as long."""
        counts = defaultdict(int)
        for item in items:
            counts[item] += 1
        return counts
