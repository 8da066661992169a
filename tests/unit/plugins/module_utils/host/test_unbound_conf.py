# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import unbound_conf

DS = "example.net. IN DS 48020 13 2 B5B9AF33EEB1A35520F798B0FB61F875D8924317158FAFE8FE0E2D49EBA0071C"
labels = st.sampled_from(["a", "corp", "x-1", "10", "_tcp", "example"])
zones = st.lists(labels, min_size=1, max_size=4).map(".".join)
addresses = st.sampled_from(["192.0.2.53", "2001:db8::53", "fe80::1%eth0", "127.0.0.53"])
anchors = st.builds(
    "{0}. {1}DS {2} 13 2 {3}".format,
    zones,
    st.sampled_from(["", "IN ", "3600 IN "]),
    st.integers(0, 65535),
    st.just("AB" * 32),
)


def read(text):
    """list of (str, str, str): section, name and value of each setting, as unbound.conf(5) says."""
    found, section = [], None
    for line in text.splitlines():
        match = re.match(r"(\s*)([a-z-]+):\s*(.*)\Z", line)
        if match is None:
            assert line.startswith("#")
        elif not match.group(1):
            assert not match.group(3)
            section = match.group(2)
        else:
            found.append((section, match.group(2), match.group(3).replace('"', "")))
    return found


@given(
    st.integers(1, 65535),
    st.lists(addresses, min_size=1, max_size=3),
    st.lists(anchors, max_size=3),
    st.lists(zones, max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_all_that_was_asked_for_is_in_it_and_nothing_leaves_its_line(port, forwarders, keys, internal):
    found = read(unbound_conf.configuration(port, forwarders, "", keys, internal))

    def values(section, name):
        return [value for where, what, value in found if (where, what) == (section, name)]

    assert values("server", "interface") == ["127.0.0.153"] and values("server", "port") == [str(port)]
    assert values("forward-zone", "name") == ["."] and values("forward-zone", "forward-addr") == forwarders
    assert values("server", "trust-anchor") == keys and values("server", "trust-anchor-file") == []
    assert values("server", "domain-insecure") == internal
    assert values("server", "local-zone") == [zone + " transparent" for zone in internal]
    assert values("server", "module-config") == ["validator iterator"]


def test_the_keys_of_the_root_are_those_of_the_distribution():
    found = read(unbound_conf.configuration(53, ["192.0.2.53"], "/usr/share/dns/root.key", [], []))
    assert ("server", "trust-anchor-file", "/usr/share/dns/root.key") in found


@given(anchors)
@settings(max_examples=50, deadline=None)
def test_a_trust_anchor_is_known_by_its_owner(anchor):
    assert unbound_conf.anchor_owner(anchor) == anchor.split(" ")[0].rstrip(".").lower()


@given(st.text(alphabet=' ."\n.;DSIN013abAB=+/', max_size=60))
@settings(max_examples=200, deadline=None)
def test_what_is_taken_for_a_trust_anchor_stays_within_its_quotes(text):
    if unbound_conf.anchor_owner(text) is not None:
        assert '"' not in text.strip() and "\n" not in text.strip()


@pytest.mark.parametrize(
    "text, owner",
    [
        (DS, "example.net"),
        (
            ". 172800 IN DNSKEY 257 3 8 AwEAAa96jeuknZlaeSrvyAJj6ZHv28hhOKkx3rLGXVaC6rXTsDc449/cidltpkyGwCJNnOAlFNKF2jBosZBU5eeHspaQ==",
            ".",
        ),
        (". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D", "."),
        ("example.net. IN A 192.0.2.1", None),
        ("example.net. IN DS 48020 13 2", None),
        (DS + '"\n    local-data: "x', None),
        ("exa mple.net. IN DS 1 13 2 AA", None),
        ("", None),
    ],
)
def test_trust_anchors(text, owner):
    assert unbound_conf.anchor_owner(text) == owner


def test_forwarders():
    assert unbound_conf.wrong_forwarder("192.0.2.53") is None
    assert "not an address" in unbound_conf.wrong_forwarder("dns.example.net")
    assert "the resolver itself" in unbound_conf.wrong_forwarder("127.0.0.153")
