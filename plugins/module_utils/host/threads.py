# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that waits, done side by side and within a limit."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import threading
from collections import namedtuple

try:
    from time import monotonic
except ImportError:
    # Python 2.7 has none.
    from time import time as monotonic


class Outcome(namedtuple("Outcome", "finished value error")):
    """What became of one piece of work: whether it ended in time, what it returned, or the exception that it raised."""

    __slots__ = ()


def side_by_side(works, seconds):
    """Do several things at once, each in a thread of its own.

    Args:
        works: list of functions without arguments.
        seconds: float, how long is waited for all of them together. What has not ended by then is left behind in a daemon
            thread: a look-up in the C library cannot be stopped.

    Returns:
        list of Outcome: one for each, in their order.
    """
    outcomes = [Outcome(False, None, None)] * len(works)

    def do(index):
        try:
            outcomes[index] = Outcome(True, works[index](), None)
        except Exception as exc:  # pylint: disable=broad-except
            # A thread's exception would be lost; the caller gets it.
            outcomes[index] = Outcome(True, None, exc)

    threads = []
    for index in range(len(works)):
        thread = threading.Thread(target=do, args=(index,))
        thread.daemon = True
        thread.start()
        threads.append(thread)
    end = monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, end - monotonic()))
    return list(outcomes)
