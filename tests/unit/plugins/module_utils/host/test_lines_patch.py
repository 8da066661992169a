# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.lines_patch import patch, patched, without

TEXTS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=7).map("".join)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS)
def test_a_patch_leads_from_one_text_to_the_other_and_back(before, after):
    changes = patch(before, after)
    assert patched(before, changes) == after
    assert without(before, changes, after) == (before, False)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_who_comes_first_keeps_all_of_it_where_both_have_changed_the_same(before, after, current):
    changes = patch(before, after)
    text, met = without(before, changes, current)
    if not met:
        # Then it does not matter who comes first.
        assert without(before, changes, current, keep=False) == (text, False)
    if not changes:
        assert text == current
    assert without(before, [], current) == (current, False)


@settings(max_examples=60, deadline=None)
@given(TEXTS, TEXTS, st.data())
def test_a_line_of_somebody_else_outlives_ours(before, after, data):
    lines = after.splitlines(True)
    place = data.draw(st.integers(0, len(lines)))
    text, _met = without(before, patch(before, after), "".join(lines[:place] + ["theirs\n"] + lines[place:]))
    assert text.splitlines(True).count("theirs\n") == 1


@pytest.mark.parametrize(
    "before, after, current, kept, back",
    [
        # Their line beside ours.
        ("a\n", "a\nours\n", "a\nours\ntheirs\n", ("a\ntheirs\n", False), ("a\ntheirs\n", False)),
        ("a\nb\n", "A\nb\n", "A\nb2\n", ("a\nb2\n", False), ("a\nb2\n", False)),
        # Our line, changed by them.
        ("a\nb\n", "A\nb\n", "A2\nb\n", ("A2\nb\n", True), ("a\nb\n", True)),
        # Taken back by hand.
        ("a\nb\n", "A\nb\n", "a\nb\n", ("a\nb\n", False), ("a\nb\n", False)),
        (None, "ours\n", "# note\nours\n", ("# note\n", False), ("# note\n", False)),
    ],
)
def test_which_lines_stay(before, after, current, kept, back):
    changes = patch(before, after)
    assert without(before, changes, current) == kept
    assert without(before, changes, current, keep=False) == back
