# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import expiry
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.lives import DAY, NOW, certificate

LIVES = st.integers(1, 40 * 365 * DAY)


@pytest.mark.parametrize(
    "days, left, state",
    [
        # Ten years, a year, ninety days: 30 and 7 days before the end.
        (3650, 30.01, "good"),
        (3650, 30, "due"),
        (3650, 7.01, "due"),
        (3650, 7, "ending"),
        (90, 30.01, "good"),
        (90, 30, "due"),
        (90, 20, "due"),
        (90, 7, "ending"),
        (90, 5, "ending"),
        # Six days: two days, and 14.4 hours.
        (6, 3, "good"),
        (6, 2.01, "good"),
        (6, 2, "due"),
        (6, 1.5, "due"),
        (6, 0.61, "due"),
        (6, 0.6, "ending"),
        (6, 0.4, "ending"),
        (6, 0, "ending"),
        (6, -0.001, "expired"),
        (6, 6.001, "future"),
    ],
)
def test_the_last_third_and_the_last_tenth_of_a_life(days, left, state):
    assert expiry.state(certificate(days * DAY, left * DAY), NOW) == state


@given(LIVES, st.floats(-1, 2))
def test_a_verdict_only_gets_worse_with_time(life, share):
    one = certificate(life, life)
    states = [expiry.state(one, NOW + life * at) for at in (max(0, share), max(0, share) + 0.1)]
    assert not expiry.is_worse(states[0], states[1])


@given(LIVES)
def test_where_the_verdicts_change(life):
    one = certificate(life, life)
    due, ending = expiry.limits(one)
    assert due == min(30 * DAY, life / 3.0) and ending == min(7 * DAY, life / 10.0)
    assume(life > 1000)
    assert expiry.state(one, one.not_after - due - 1) == "good"
    assert expiry.state(one, one.not_after - due + 1) == "due"
    assert expiry.state(one, one.not_after - ending - 1) == "due"
    assert expiry.state(one, one.not_after - ending + 1) == "ending"
    assert expiry.state(one, one.not_after) == "ending"
    assert expiry.state(one, one.not_after + 1) == "expired"
    assert expiry.state(one, one.not_before - 1) == "future"


def test_a_life_that_ends_before_it_begins_is_never_good():
    one = certificate(-5 * DAY, 0)
    assert [expiry.state(one, NOW + days * DAY) for days in (-6, 0, 3, 6)] == ["future", "future", "expired", "expired"]


def test_the_chain_goes_up_whatever_the_order_and_passes_over_what_is_not_above():
    leaf, middle, root = (
        certificate(name=name, issuer=issuer)
        for name, issuer in (("leaf", "middle"), ("middle", "root"), ("root", "root"))
    )
    stranger = certificate(name="stranger", issuer="root", left=-DAY)
    assert expiry.chain([leaf, root, stranger, middle]) == [leaf, middle, root]
    assert expiry.chain([leaf, middle], [root]) == [leaf, middle, root]
    assert expiry.chain([leaf]) == [leaf]
    assert expiry.chain([root, middle]) == [root]


def test_of_an_authority_that_is_there_twice_clients_take_the_one_with_the_key_that_is_valid_longer():
    leaf = certificate(name="leaf", issuer="ca", authority_key_id=b"1")
    old, new = (certificate(name="ca", left=left, subject_key_id=b"1") for left in (DAY, 900 * DAY))
    other = certificate(name="ca", left=1000 * DAY, subject_key_id=b"2")
    assert expiry.chain([leaf, old, new, other]) == [leaf, new]


def test_authorities_that_name_each_other_end_somewhere():
    one, other = certificate(name="one", issuer="other"), certificate(name="other", issuer="one")
    assert expiry.chain([one, other]) == [one, other]
    many = [certificate(name=name, issuer=issuer, left=left) for left in range(1, 500) for name, issuer in ("ab", "ba")]
    assert len(expiry.chain(many)) == 100


@given(st.lists(st.integers(-50, 400), min_size=1, max_size=6))
def test_the_worst_of_a_chain_decides(lefts):
    chain = [certificate(90 * DAY, left * DAY, name=str(number)) for number, left in enumerate(lefts)]
    state, deciding = expiry.worst(chain, NOW)
    assert expiry.state(deciding, NOW) == state
    assert not any(expiry.is_worse(expiry.state(one, NOW), state) for one in chain)
