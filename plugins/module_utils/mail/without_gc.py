# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on many small objects, without the collector of cycles."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gc
from contextlib import contextmanager


@contextmanager
def without_gc():
    """What a log becomes has no cycles, and the collector would go through all of it again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
