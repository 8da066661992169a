# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import dns_question
from ansible_collections.mailops.relay.plugins.module_utils.host.dns_question import Reply

# The answer of unbound 1.17.1 (Debian 12) for dane.example SOA with DO, signed by knot 3.2: its head.
CHECKED = b"\x12\x34" + struct.pack(">HHHHH", 0x81A0, 1, 2, 0, 1)
labels = st.text(alphabet="abcXYZ019-_", min_size=1, max_size=63)


def read_name(data, at):
    found = []
    while bytearray(data)[at]:
        length = bytearray(data)[at]
        found.append(data[at + 1 : at + 1 + length].decode("ascii"))
        at += 1 + length
    return ".".join(found) or ".", at + 1


@given(st.lists(labels, max_size=3).map(lambda found: ".".join(found) or "."), st.booleans(), st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_question_has_the_name_and_what_is_asked_of_the_resolver(name, dnssec, unchecked):
    data = dns_question.packet(b"\x12\x34", name, dns_question.SOA, dnssec, unchecked)
    flags, questions, answers, authority, additional = struct.unpack(">HHHHH", data[2:12])
    assert (data[:2], questions, answers, authority, additional) == (b"\x12\x34", 1, 0, 0, int(dnssec))
    assert flags == 0x0100 | (0x20 if dnssec else 0) | (0x10 if unchecked else 0)
    found, end = read_name(data, 12)
    assert found == name and struct.unpack(">HH", data[end : end + 4]) == (6, 1)
    assert (b"\x80\x00" in data[end + 4 :]) == dnssec


@given(st.binary(max_size=40))
@settings(max_examples=100, deadline=None)
def test_whatever_comes_is_read(data):
    reply = dns_question.read_reply(b"\x12\x34", data)
    assert reply is None or data[:2] == b"\x12\x34"


def test_an_answer_says_whether_it_was_checked():
    assert dns_question.read_reply(b"\x12\x34", CHECKED) == Reply(0, True, 2)
    assert dns_question.read_reply(b"\x12\x35", CHECKED) is None
    plain = CHECKED[:2] + struct.pack(">H", 0x8182) + CHECKED[4:]
    assert dns_question.read_reply(b"\x12\x34", plain) == Reply(2, False, 2)


@pytest.mark.parametrize("name", ["a..b", "x" * 64, ".".join(["x" * 60] * 5)])
def test_what_is_no_name_is_not_asked_for(name):
    with pytest.raises(dns_question.QuestionError):
        dns_question.packet(b"\0\0", name, dns_question.A)
