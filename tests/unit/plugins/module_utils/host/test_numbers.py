# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number


@pytest.mark.parametrize(
    "text, number",
    [
        ("0", 0),
        ("25", 25),
        ("0025", 25),
        ("0" * 5000 + "7", 7),
        ("9" * 20, 10**20 - 1),
        ("9" * 21, None),
        ("9" * 5000, None),
        ("", None),
        (None, None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1_000", None),
        (" 1", None),
        ("1\n", None),
        # Digits to Python's isdigit, the first to nobody's int().
        ("\u00b2", None),
        ("\u0661", None),
    ],
)
def test_a_whole_number_is_digits(text, number):
    assert whole_number(text and to_native(text)) == number


@given(st.integers(0, 10**20 - 1))
def test_every_number_is_read(number):
    assert whole_number(str(number)) == number


@given(st.text(max_size=30).map(to_native))
def test_any_text_is_a_number_or_none(text):
    assert whole_number(text) is None or text.isdigit()
