# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers in texts that others wrote."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# More is no number of anything here. Python's int() takes time as a square of the digits, refuses more than 4,300 from 3.11 on,
# and C(isdigit) is true for some that it does not know.
_NUMBER = re.compile(r"0*([0-9]{1,20})\Z")


def whole_number(text):
    """int or None: None for what is not digits only, and for more of them than a number here has.

    Args:
        text: str or None.
    """
    match = _NUMBER.match(text or "")
    return int(match.group(1)) if match else None
