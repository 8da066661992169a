# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of work: how it grows with a text, and an end to what takes too much.

Wall time would tell of the machine; a square or a power would not end, and what is ended from outside fails no assertion.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc
import signal
import sys
import time
from contextlib import contextmanager

# Python 2.7 has the processor's time under another name.
cpu = getattr(time, "process_time", None) or time.clock

# Eight times the length takes eight times as long, a bit more with caches and logarithms; 64 times where time is a square of it.
STEP = 8
MOST = 24
SUSPICIOUS = 12
# Seconds. In less, a growth does not show; what the first text may take.
ENOUGH = 0.001
FIRST = 0.1
# Seconds to wait before what took too much is measured again: a busy machine slows a processor for longer than a few rounds take.
PAUSES = (0.1, 1, 5)


class TooMuch(AssertionError):
    """The work was ended."""


@contextmanager
def at_most(limit):
    """Fail, at once, when the work takes more CPU time than this.

    Args:
        limit (float): seconds.
    """
    begin = cpu()

    def look(*_args):
        if cpu() - begin > limit:
            raise TooMuch("more than {0:.3f} s of CPU time".format(limit))

    def lost(raised):
        # Where Python drops what is raised, in a destructor, the next round of the timer raises it again.
        if raised.exc_type is not TooMuch:
            hook(raised)

    # Python 3.8 and later; pytest makes a failure of what is dropped.
    hook = getattr(sys, "unraisablehook", None)
    if hook:
        sys.unraisablehook = lost
    # The timer of CPU time itself goes by ticks, and as long as it runs, so does the clock.
    before = signal.signal(signal.SIGALRM, look)
    signal.siginterrupt(signal.SIGALRM, False)
    signal.setitimer(signal.ITIMER_REAL, limit, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if hook:
            sys.unraisablehook = hook
    look()


def seconds(work, text, limit):
    """float or None: CPU time of the first round below the limit, if one is; others use the machine too.

    What they do to a round that takes long anyway is little.
    """
    # A look for cycles among the objects of all tests takes longer than many a text.
    gc.disable()
    try:
        for _round in range(5 if limit < 0.5 else 2):
            begin = cpu()
            try:
                with at_most(limit):
                    work(text)
                return cpu() - begin
            except TooMuch:
                pass
        return None
    finally:
        gc.enable()


def assert_linear(work, filling, length):
    """The work's time grows with the text, not with its square.

    Short texts come first, so that what grows with a power fails soon. More than the length is asked where nothing shows yet, or
    where time has grown faster than the text.
    """
    before, limit, size = None, FIRST, length // STEP**2
    while True:
        found = seconds(work, filling * (size // len(filling)), limit)
        for pause in PAUSES if before is not None else ():
            if found is not None:
                break
            time.sleep(pause)
            before = seconds(work, filling * (size // STEP // len(filling)), limit) or before
            limit = max(limit, MOST * before)
            found = seconds(work, filling * (size // len(filling)), limit)
        assert found is not None, (
            "{0} characters {1!r}: more than {2:.3f} s of CPU time; an eighth of them took {3} s".format(
                size, filling, limit, before
            )
        )
        grown = before is not None and found > SUSPICIOUS * before
        if size > length or (size == length and found > ENOUGH and not grown):
            return
        before, limit, size = found, MOST * max(found, ENOUGH), STEP * size
        if size < length:
            # What is bounded by a number, as a name's length is, grows faster up to there.
            limit = max(limit, FIRST)
