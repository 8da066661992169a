# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    BITS,
    AddressError,
    Network,
    parse_network,
)


@st.composite
def networks(draw):
    family = draw(st.sampled_from(sorted(BITS)))
    prefix = draw(st.integers(0, BITS[family]))
    shift = BITS[family] - prefix
    return Network(family, (draw(st.integers(0, 2 ** BITS[family] - 1)) >> shift) << shift, prefix)


@given(networks())
@settings(max_examples=100, deadline=None)
def test_a_network_is_read_back_as_it_was_written(network):
    assert parse_network(str(network)) == network


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_other_text_is_an_address_error(text):
    try:
        assert isinstance(parse_network(text), Network)
    except AddressError:
        pass


@pytest.mark.parametrize("text, expected", [
    ("192.168.1.0/24", "192.168.1.0/24"),
    ("192.168.1.0/255.255.255.0", "192.168.1.0/24"),
    ("10.0.0.1/32", "10.0.0.1"),
    ("2001:DB8:0::/64", "2001:db8::/64"),
    ("0.0.0.0/0", "0.0.0.0/0"),
])
def test_one_spelling(text, expected):
    assert str(parse_network(text)) == expected


@pytest.mark.parametrize("text, part", [
    ("192.168.1.5/24", "192.168.1.0/24"),
    ("2001:db8::1/64", "2001:db8::/64"),
    ("192.168.1.0/33", "prefix length from 0 to 32"),
    ("192.168.1.0/255.0.255.0", "prefix length"),
    ("192.168.1", "not an IPv4 or IPv6"),
    ("192.168.01.0/24", "not an IPv4 or IPv6"),
    ("", "not an IPv4 or IPv6"),
    ("relay.example.com", "not an IPv4 or IPv6"),
])
def test_the_error_names_what_was_meant(text, part):
    with pytest.raises(AddressError) as info:
        parse_network(text)
    assert part in str(info.value)


def test_host_bits_can_be_let_pass():
    assert str(parse_network("10.1.2.3/8", strict=False)) == "10.0.0.0/8"


def test_containment_is_within_one_family():
    everything = parse_network("0.0.0.0/0")
    assert everything.contains(parse_network("10.0.0.0/8"))
    assert not everything.contains(parse_network("::/0"))
    assert parse_network("10.1.0.0/16").overlaps(parse_network("10.0.0.0/8"))
    assert not parse_network("10.1.0.0/16").overlaps(parse_network("10.2.0.0/16"))
