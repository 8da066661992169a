# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

GOOD = checks.ok("dns_a", "relay.example.com", "203.0.113.4")
SO_SO = checks.warning("dns_dmarc", "example.com", "none", "Publish one.")
BAD = checks.failed("dns_ptr", "203.0.113.4", "none", "Set it.")
NOT = checks.skipped("clock", "clock", "a container")


@pytest.mark.parametrize(
    "results, verdict",
    [
        ([GOOD, NOT], "ok"),
        ([GOOD, SO_SO, NOT], "warning"),
        ([NOT, BAD, SO_SO, GOOD], "failed"),
        ([NOT], "skipped"),
        ([], "skipped"),
    ],
)
def test_the_worst_is_the_verdict(results, verdict):
    assert checks.overall(results) == verdict


def test_each_has_one_shape():
    for result in (GOOD, SO_SO, BAD, NOT):
        assert set(result) == {"id", "status", "subject", "seen", "todo"}
    assert [bool(result["todo"]) for result in (GOOD, SO_SO, BAD, NOT)] == [False, True, True, False]


def test_one_that_answers_is_enough():
    up, down = (
        checks.ok("dns_resolver", "192.0.2.1", "answers"),
        checks.failed("dns_resolver", "192.0.2.2", "silent", "Start it."),
    )
    assert checks.one_is_enough([down, BAD], "dns_resolver") == [down, BAD]
    found = checks.one_is_enough([down, up, BAD], "dns_resolver")
    assert [result["status"] for result in found] == ["warning", "ok", "failed"] and found[0]["todo"] == "Start it."
