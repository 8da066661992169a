# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils.variables import (
    choice,
    misspelt,
    number,
    text,
    texts,
    truth,
)

KNOWN = ("queue_sender", "queue_sender_domain", "queue_action", "queue_id")


def test_the_name_that_was_meant_is_found():
    assert misspelt(["queue_sendr", "queue_aciton", "queue_sender", "queue_colour"], KNOWN) == {
        "queue_sendr": "queue_sender",
        "queue_aciton": "queue_action",
        "queue_colour": None,
    }
    # That the names begin alike makes nothing near.
    assert misspelt(["relay_server_x"], ["relay_server_networks", "relay_server_main"]) == {"relay_server_x": None}


@pytest.mark.parametrize("value", ["false", "no", "0", "True", True, False, 1])
def test_truth_values_may_be_text(value):
    assert truth("x", value) is None


@pytest.mark.parametrize(
    ("check", "value", "words"),
    [
        (truth, "maybe", "x: 'maybe' is not true or false; write one of them"),
        (number(0), "-3", "x: '-3' is not 0 or more; write a whole number, 0 or more"),
        (number(0), "2.5", "x: '2.5' is not a whole number; write a whole number, 0 or more"),
        (number(0), True, "x: True is not a whole number; write a whole number, 0 or more"),
        (number(1, whole=False), "nan", "x: 'nan' is not 1 or more; write a number, 1 or more"),
        (choice("files", "journal"), "fles", "x: 'fles' is not one of files, journal; write files"),
        (choice("files", "journal"), ["files"], "x: ['files'] is not one of files, journal; write one of them"),
        (choice("", "relay"), "lmtp", "x: 'lmtp' is not one of '', relay; write one of them"),
        (text, " ", "x: ' ' is not a text; write some text, or leave it out"),
        (texts, [], "x: [] is not a text or a list of texts; write one, or leave it out"),
        (texts, [""], "x: [''] is not a text or a list of texts; write one, or leave it out"),
        (texts, {"a": 1}, "x: {'a': 1} is not a text or a list of texts; write one, or leave it out"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(check, value, words):
    assert check("x", value) == words


@pytest.mark.parametrize(
    ("check", "value"), [(number(0), "3"), (number(1, whole=False), "1.5"), (texts, 4711), (texts, ["a", 1])]
)
def test_a_good_value_is_none_of_anybodys_business(check, value):
    assert check("x", value) is None
