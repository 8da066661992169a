# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.message import (
    Message,
    Recipient,
    facts,
    printable,
    split_address,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("A.b@Example.COM", ("a.b", "example.com")),
        ('"a@b"@example.com', ("a@b", "example.com")),
        (r'"a\"b\\c"@example.com', ('a"b\\c', "example.com")),
        ("root", ("root", "")),
        ("", ("", "")),
        ('"', ('"', "")),
        ("a@", ("a", "")),
    ],
)
def test_the_parts_of_an_address(address, parts):
    assert split_address(address) == parts


@given(st.text(alphabet='ab "\\@.', min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_quotes_are_no_part_of_an_address(local):
    quoted = '"{0}"@example.com'.format(local.replace("\\", "\\\\").replace('"', '\\"'))
    assert split_address(quoted) == (local, "example.com")


def test_a_result_has_no_bytes_that_are_not_utf_8():
    # What surrogateescape makes of a byte on Python 3; on Python 2 it is the byte.
    strange = "\xff" if bytes is str else "\udcff"
    waiting = (Recipient("a@example.org", strange),)
    found = facts(Message("deferred", "8B4671C40A2", "{0}@example.com".format(strange), waiting, 1000, 1795347000, ""))
    json.dumps(found, ensure_ascii=False).encode("utf-8") if bytes is not str else json.dumps(found)


@given(st.text(alphabet=u'aZ "\\\\@.[]<>\u00e4', max_size=20))  # fmt: skip
def test_any_text_has_two_parts_and_case_makes_no_difference(text):
    local, domain = split_address(text)
    assert "@" not in domain and domain == domain.lower()
    assert split_address(text.upper().lower()) == split_address(text.lower())
    # What is in quotes is at most that long, so nothing comes from elsewhere.
    assert len(local) + len(domain) <= len(text)


@given(st.binary(max_size=20))
def test_whatever_an_mta_gives_can_be_shown(data):
    text = data if str is bytes else data.decode("utf-8", "surrogateescape")
    shown = printable(text)
    assert isinstance(shown, str) and printable(shown) == shown
    (shown.decode if str is bytes else shown.encode)("utf-8")
    try:
        data.decode("utf-8")
    except UnicodeError:
        assert shown != text
    else:
        assert shown == text


@pytest.mark.parametrize("piece", ['"', "\\", "@", "a", '@"'])
def test_long_addresses_take_no_long_time(piece):
    with at_most(2):
        split_address('"' + piece * (200000 // len(piece)) + '"@example.com')
