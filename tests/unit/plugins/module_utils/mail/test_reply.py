# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import next_id


@pytest.mark.parametrize(
    "reply, expected",
    [
        ("250 2.0.0 Ok: queued as 4jXKsg4Qmrz1", "4jXKsg4Qmrz1"),
        ("250 2.0.0 Ok: 1054 bytes queued as 7D5341C408F", "7D5341C408F"),
        ("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as A1B2C3D4E5F", "A1B2C3D4E5F"),
        ("5AMC60Q1001855 Message accepted for delivery", "5AMC60Q1001855"),
        ("Ok: queued as 2471D40E5E", "2471D40E5E"),
        ("127.0.0.1 accepted message.; Remote host said: 250 2.0.0 Ok: queued as 4jXKsg4Qmr001", "4jXKsg4Qmr001"),
        ("250 2.0.0 OK  1795609794 d9443c01a7336-6b06d5f3si71712a.12 - gsmtp", ""),
    ],
)
def test_the_next_ID_is_found_in_the_reply(reply, expected):
    assert next_id(reply) == expected


@given(st.text(alphabet=u"queued as AB12 Message accepted for delivery\u00fc", max_size=80))  # fmt: skip
@example("250 2.0.0 Ok: queued as AB12")
def test_an_ID_is_a_word_of_the_reply(reply):
    found = next_id(reply)
    assert found == "" or (found.isalnum() and len(found) >= 5 and found in reply)


@given(st.text(max_size=30), st.from_regex(r"\A[0-9A-F]{10,12}\Z"))
@example("250 2.0.0 Ok: queued as AAAAAAAAAA,", "BBBBBBBBBB")
def test_the_last_ID_counts_whatever_comes_before(before, queue_id):
    assert next_id(before + " 250 2.0.0 Ok: queued as " + queue_id) == queue_id
