# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo


def test_what_is_the_same_is_made_once_and_is_there_once():
    made = []

    def make(text):
        made.append(text)
        return [text]

    memo = Memo(make)
    assert memo["a"] == ["a"] and memo["b"] == ["b"]
    assert memo["a"] is memo["a"] and made == ["a", "b"]


@given(st.lists(st.text(max_size=2), max_size=60), st.integers(1, 5))
def test_it_says_what_is_right_and_never_remembers_more_than_it_may(texts, most):
    memo = Memo(len, most)
    for text in texts:
        assert memo[text] == len(text)
        assert len(memo) <= most
