# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import next_id, thrown_away
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import assert_linear


@pytest.mark.parametrize(
    "reply, expected",
    [
        ("250 2.0.0 Ok: queued as 4jXKsg4Qmrz1", "4jXKsg4Qmrz1"),
        ("250 2.0.0 Ok: 1054 bytes queued as 7D5341C408F", "7D5341C408F"),
        ("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as A1B2C3D4E5F", "A1B2C3D4E5F"),
        ("5AMC60Q1001855 Message accepted for delivery", "5AMC60Q1001855"),
        ("Ok: queued as 2471D40E5E", "2471D40E5E"),
        ("127.0.0.1 accepted message.; Remote host said: 250 2.0.0 Ok: queued as 4jXKsg4Qmr001", "4jXKsg4Qmr001"),
        # From the servers themselves: Postfix 3.7, Gmail; the others as their makers or their users' reports have them.
        ("250 2.0.0 OK  1795609794 d9443c01a7336-6b06d5f3si71712a.12 - gsmtp", "d9443c01a7336-6b06d5f3si71712a.12"),
        ("250 2.0.0 Ok: queued as 3f2b8a0e-6c4d-4b1e-9d57-0a1b2c3d4e5f", "3f2b8a0e-6c4d-4b1e-9d57-0a1b2c3d4e5f"),
        ("250 Ok: queued as hGk-3_xTTWqZ0Yl9Bw/1", "hGk-3_xTTWqZ0Yl9Bw/1"),
        ("250 message queued as <20261128.A1B2C.d1>.", "20261128.A1B2C.d1"),
        ("250 OK: queued as 4FXm2C3D4E.", "4FXm2C3D4E"),
        ("250 OK id=1kTdXk-0001Ab-2C", "1kTdXk-0001Ab-2C"),
        ("250 OK id=1rJk8F-00000000abc-0dEf", "1rJk8F-00000000abc-0dEf"),
        ("250 2.6.0 Ok, id=12345-01, BOUNCE", ""),
        ("250 2.0.0 1a2b3c4d Message accepted for delivery", "1a2b3c4d"),
        ("250 2.0.0 3abc1d2e3f-1 Message accepted for delivery", "3abc1d2e3f-1"),
        ("250 2.6.0 <u@example.com> Message accepted for delivery", ""),
        ("250 Message Queued (4F5D0F9A-9C6B-4B5F-8F5B-3E6D2F1D6B1F.1)", "4F5D0F9A-9C6B-4B5F-8F5B-3E6D2F1D6B1F.1"),
        ("250 Queued (0.123 seconds)", ""),
        (
            "250 2.6.0 <1@x.example.com> [InternalId=55679852118038, Hostname=VI1PR01.example.com] 12 bytes Queued mail for delivery",
            "55679852118038",
        ),
        (
            "250 Ok 0100018f2a3b4c5d-6a1f0e2d-1b2c-4d5e-8f90-a1b2c3d4e5f6-000000",
            "0100018f2a3b4c5d-6a1f0e2d-1b2c-4d5e-8f90-a1b2c3d4e5f6-000000",
        ),
    ],
)
def test_the_next_ID_is_found_in_the_reply(reply, expected):
    assert next_id(reply) == expected


@given(st.text(alphabet=u"queued as AB12-./ Message accepted for delivery\u00fc", max_size=80))  # fmt: skip
@example("250 2.0.0 Ok: queued as AB12")
def test_an_ID_is_a_word_of_the_reply(reply):
    found = next_id(reply)
    assert found == "" or (
        len(found) >= 5 and found in reply and " " not in found and found[0] not in "-./" and found[-1] != "."
    )


# As amavisd-new 2.13, Postfix 3.7.11 and its local(8) and pipe(8) say it, clamsmtp's and a policy server's by their documentation.
@pytest.mark.parametrize(
    "reply, expected",
    [
        ("250 2.7.0 Ok, discarded, id=12345-01 - BANNED: application/octet-stream", True),
        ("250 Virus Detected; Discarded Email", True),
        ("250 2.0.0 DISCARD", True),
        ("250 2.0.0 Ok: blackholed", True),
        ("delivered via filter service (message quarantined)", True),
        ("250 2.0.0 <discard@example.com> AbCdEf Saved", False),
        ("250 2.0.0 discard@example.com Saved", False),
        ("250 2.0.0 Ok: queued as 4gM2Lh5W0bz9x (2 attachments discarded)", False),
        ("250 2.0.0 Ok: discard-proof", False),
        ("delivered to command: /usr/bin/discard", False),
        ("250 2.0.0 Ok", False),
    ],
)
def test_who_throws_a_message_away_is_believed(reply, expected):
    assert thrown_away(reply) is expected


def test_a_name_of_a_host_throws_nothing_away():
    assert not thrown_away("250 2.0.0 accepted by blackhole.example.org")
    assert thrown_away("250 2.0.0 accepted. Discarded.")


@pytest.mark.parametrize(
    "piece", ["queued as A", "queued as ", "id=1kTdXk-", "<", "@", "discard", "a-", "0", "[InternalId=1", "."]
)
def test_a_long_reply_takes_time_in_proportion_to_its_length(piece):
    def read(text):
        next_id("250 " + text)
        thrown_away("250 " + text + " discard")

    assert_linear(read, piece, 200000)


@given(st.text(max_size=30), st.from_regex(r"\A[0-9A-F]{10,12}\Z"))
@example("250 2.0.0 Ok: queued as AAAAAAAAAA,", "BBBBBBBBBB")
def test_the_last_ID_counts_whatever_comes_before(before, queue_id):
    assert next_id(before + " 250 2.0.0 Ok: queued as " + queue_id) == queue_id
