# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.sendmail.access import Access

TEXT = "# TLS_Srv:a no\nConnect:127\t\tRELAY\nTLS_Srv:A.example.com ENCR:112\n"


def test_an_entry_is_replaced_in_place_whatever_its_case():
    access = Access(TEXT)
    assert access.get("tls_srv:a.example.com") == "ENCR:112"
    access.set("TLS_Srv:a.example.com", "VERIFY:112+CN")
    assert access.text == TEXT.replace("TLS_Srv:A.example.com ENCR:112", "TLS_Srv:a.example.com\tVERIFY:112+CN")


def test_an_equal_entry_stays_as_it_is_written():
    access = Access(TEXT)
    access.set("TLS_Srv:a.example.com", "ENCR:112")
    assert access.text == TEXT


def test_an_entry_is_added_and_taken_out():
    access = Access("a b")
    access.set("k", "v")
    assert access.text == "a b\nk\tv\n"
    access.set("k", None)
    assert access.text == "a b\n"


LINES = st.lists(st.sampled_from(["# k x", "k a", "K b", "other: c", "", "lonely", "k2\tv w"]), max_size=7)


@settings(max_examples=100)
@given(LINES, st.sampled_from([None, "a", "V+CN"]))
def test_what_is_set_is_read_back_and_foreign_lines_stay(lines, value):
    before = "".join(line + "\n" for line in lines)
    access = Access(before)
    access.set("k", value)
    assert Access(access.text).get("k") == value

    def foreign(text):
        return [line for line in text.splitlines() if line.split(None, 1)[:1] not in (["k"], ["K"])]

    assert foreign(access.text) == foreign(before)
