# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import BITS, Network
from ansible_collections.mailops.relay.plugins.module_utils.postfix.networks import (
    parse_entry,
    parse_list,
    write_network,
)

# On a busy machine, making the examples alone can take seconds.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    "text, kind, written",
    [
        ("10.0.0.0/8", "network", "10.0.0.0/8"),
        ("192.168.1.7", "network", "192.168.1.7/32"),
        ("0.0.0.0/0", "network", "0.0.0.0/0"),
        ("[::1]/128", "network", "[::1]/128"),
        ("[fd00::/8]", "network", "[fd00::]/8"),
        ("[2001:db8::1]", "network", "[2001:db8::1]/128"),
        ("[::ffff:127.0.0.0]/104", "network", "[::ffff:127.0.0.0]/104"),
        ("cidr:/etc/postfix/nets", "table", None),
        ("static:all", "table", None),
        ("/etc/postfix/nets", "file", None),
        ("relay.example.com", "name", None),
        (".example.com", "name", None),
        ("localhost", "name", None),
        ("10.0.0", "invalid", None),
        ("10.0.0.256", "invalid", None),
        ("10.0.0.0/33", "invalid", None),
        ("10.0.0.0/255.0.0.0", "invalid", None),
        ("10.0.0.0/", "invalid", None),
        ("10.0.0.1-10.0.0.9", "invalid", None),
        ("[::1", "invalid", None),
        ("[::1]x", "invalid", None),
        ("[10.0.0.0]/8", "network", "10.0.0.0/8"),
        ("example.com/24", "invalid", None),
        ("b\u00fcro", "invalid", None),
    ],
)
def test_elements_are_told_apart(text, kind, written):
    entry = parse_entry(text)
    assert entry.kind == kind
    assert (write_network(entry.network) if entry.network else None) == written


def test_exclusion_is_seen():
    assert [entry.excluded for entry in parse_list("!10.1.0.0/16, 10.0.0.0/8")] == [True, False]


def test_host_bits_come_with_the_network_that_was_meant():
    entry = parse_entry("10.0.0.1/8")
    assert (entry.reason, entry.suggestion) == ("host bits are set", "10.0.0.0/8")
    assert parse_entry("[2001:db8::1]/64").suggestion == "[2001:db8::]/64"


@pytest.mark.parametrize(
    "text, meant", [("::1/128", "[::1]/128"), ("fe80::/10", "[fe80::]/10"), ("2001:db8::1", "[2001:db8::1]")]
)
def test_ipv6_without_brackets_is_invalid_and_the_message_shows_the_brackets(text, meant):
    entry = parse_entry(text)
    assert (entry.kind, entry.suggestion) == ("invalid", meant)


@st.composite
def networks(draw):
    family = draw(st.sampled_from(sorted(BITS)))
    bits = BITS[family]
    prefix = draw(st.integers(0, bits))
    value = draw(st.integers(0, 2**bits - 1)) >> (bits - prefix) << (bits - prefix)
    return Network(family, value, prefix)


@settings(PATIENT, max_examples=100)
@given(st.lists(networks(), max_size=6), st.sampled_from([", ", " ", ",", "\t"]))
def test_a_list_that_is_written_reads_back_the_same(items, separator):
    text = separator.join(write_network(item) for item in items)
    entries = parse_list(text)
    assert [entry.network for entry in entries] == items
    assert all(entry.kind == "network" and entry.reason is None for entry in entries)


@settings(PATIENT, max_examples=100)
@given(st.text(max_size=30).map(to_native))
def test_any_text_is_a_list_of_something(text):
    for entry in parse_list(text):
        assert entry.kind in ("network", "table", "file", "name", "invalid")
        assert (entry.reason is None) or entry.kind in ("invalid", "network")
        assert entry.network is None or parse_entry(write_network(entry.network)).network == entry.network
