# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    BITS,
    AddressError,
    Network,
    closed_to_strangers,
    is_address,
    is_link_local,
    is_loopback,
    is_mapped,
    names_loopback,
    networks_between,
    not_globally_routed,
    parse_address,
    parse_network,
    parse_origin,
    plain,
    read_address,
    read_network,
    strangers,
)

# Older ones take leading zeros and zones for something else.
needs_ipaddress = pytest.mark.skipif(
    sys.version_info < (3, 10), reason="this Python's ipaddress differs, or is not there"
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


def groups(number):
    return ["{0:x}".format(number >> shift & 0xFFFF) for shift in range(112, -16, -16)]


@st.composite
def writings(draw):
    """(Network, str): one address, and one of the ways in which it is written."""
    family = draw(st.sampled_from(sorted(BITS)))
    address = Network(family, draw(st.integers(0, 2 ** BITS[family] - 1) | st.integers(0, 2**16)), BITS[family])
    if family == "ipv4":
        mapped = "::ffff:" + address.address
        return address, draw(
            st.sampled_from([address.address, "[{0}]".format(address.address), mapped, "IPv6:" + mapped])
        )
    text = draw(st.sampled_from([address.address, ":".join(groups(address.number))]))
    text = draw(st.sampled_from([text, text.upper(), ":".join(group.zfill(4) for group in groups(address.number))]))
    form = draw(st.sampled_from(["{0}", "[{0}]", "IPv6:{0}", "ipv6:{0}", "[IPv6:{0}]"]))
    return (read_address(address.address), form.format(text))


@given(writings())
@settings(max_examples=200, deadline=None)
def test_every_notation_of_an_address_is_the_same_address(written):
    address, text = written
    assert read_address(text) == address
    assert read_network(text) == address
    assert plain(text) == address.address == plain(plain(text))


@given(networks())
@settings(max_examples=100, deadline=None)
def test_a_network_as_postfix_writes_it_is_read_back(network):
    if is_mapped(network):
        return
    assert read_network(network.bracketed) == network
    assert read_network("[{0}/{1}]".format(network.address, network.prefix)) == network


@given(st.text(max_size=40) | st.text("[]/:.0123456789abcdefIPv", max_size=20))
@settings(max_examples=200, deadline=None)
def test_what_is_no_address_stays_as_it_is(text):
    if read_address(text) is None:
        assert plain(text) == text
    try:
        assert isinstance(read_network(text), Network)
    except AddressError:
        pass


@pytest.mark.parametrize(
    "text, shown",
    [
        # RFC 5952, 4.1 to 4.3 and 5: no leading zeros, the longest run and the first of two as ::, no :: for one group, lower case.
        ("2001:0DB8::0001", "2001:db8::1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:C000:201", "192.0.2.1"),
        # Postfix's log_client_address, and the peer of its log; sendmail's own log.
        ("IPv6:fd00:20:1::11", "fd00:20:1::11"),
        ("[IPv6:FD00:20:1:0::11]", "fd00:20:1::11"),
        ("[192.0.2.1]", "192.0.2.1"),
        # No addresses.
        ("IPv6:192.0.2.1", "IPv6:192.0.2.1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("[fd00::1", "[fd00::1"),
        ("fd00::/64", "fd00::/64"),
        ("web01.example.com", "web01.example.com"),
        ("", ""),
    ],
)
def test_one_notation(text, shown):
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text, network",
    [
        ("[fd00:20:1::]/64", "fd00:20:1::/64"),
        ("[fd00:20:1::/64]", "fd00:20:1::/64"),
        ("[10.0.0.0]/8", "10.0.0.0/8"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ],
)
def test_networks_of_every_notation(text, network):
    assert str(read_network(text)) == network


@pytest.mark.parametrize(
    "text", ["[fd00::1]/64", "[fd00::]/129", "[fd00::/64", "[fd00::]64", "[]", "[web01]/8", "fd00::/"]
)
def test_an_impossible_network_is_an_address_error_in_every_notation(text):
    with pytest.raises(AddressError):
        read_network(text)


def test_addresses_that_no_other_host_has():
    assert is_loopback(parse_network("127.0.0.2")) and is_loopback(parse_network("::1"))
    assert not is_loopback(parse_network("::2"))
    assert is_link_local(parse_network("fe80::1")) and is_link_local(parse_network("169.254.1.1"))
    assert not is_link_local(parse_network("fd00::1"))


@given(st.text(max_size=40))
@settings(max_examples=100, deadline=None)
def test_any_other_text_is_an_address_error(text):
    try:
        assert isinstance(parse_network(text), Network)
    except AddressError:
        pass


@pytest.mark.parametrize(
    "text, expected",
    [
        ("192.168.1.0/24", "192.168.1.0/24"),
        ("192.168.1.0/255.255.255.0", "192.168.1.0/24"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("2001:DB8:0::/64", "2001:db8::/64"),
        ("0.0.0.0/0", "0.0.0.0/0"),
    ],
)
def test_one_spelling(text, expected):
    assert str(parse_network(text)) == expected


@pytest.mark.parametrize(
    "text, part",
    [
        ("192.168.1.5/24", "192.168.1.0/24"),
        ("2001:db8::1/64", "2001:db8::/64"),
        ("192.168.1.0/33", "prefix length from 0 to 32"),
        ("192.168.1.0/255.0.255.0", "prefix length"),
        ("192.168.1", "not an IPv4 or IPv6"),
        ("192.168.01.0/24", "not an IPv4 or IPv6"),
        ("", "not an IPv4 or IPv6"),
        ("relay.example.com", "not an IPv4 or IPv6"),
    ],
)
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


@pytest.mark.parametrize("text", ["192.0.2.1", "::1", "2001:DB8::1", "::ffff:192.0.2.1"])
def test_an_address(text):
    assert is_address(text) and parse_address(text) == parse_network(text) and parse_network(text).single


@pytest.mark.parametrize(
    "text",
    ["", "192.0.2.0/24", "192.0.2.1/32", "0x7f.1", "relay.example.com", "[::1]", "1.2.3", "fe80::1%eth0", "::1\0"],
)
def test_no_address(text):
    assert not is_address(text) and parse_address(text) is None


# Texts that are nearly addresses, beside any text.
ALMOST = st.one_of(
    st.text(alphabet=u"0123456789abcdefF:./%[] ", max_size=24),
    st.lists(st.integers(-1, 300).map(str), min_size=3, max_size=5).map(".".join),
    st.lists(st.sampled_from(["", "0", "1", "ffff", "2001", "0db8", "12345", "g", "10.0.0.1"]), max_size=9).map(
        ":".join
    ),
    st.text(max_size=12),
)  # fmt: skip


@needs_ipaddress
@given(ALMOST)
@settings(max_examples=500, deadline=None)
def test_what_is_an_address_is_what_python_takes_for_one(text):
    import ipaddress

    try:
        theirs = ipaddress.ip_address(text)
    except ValueError:
        theirs = None
    if theirs is not None and getattr(theirs, "scope_id", None) is not None:
        theirs = None
    ours = parse_address(text)
    assert is_address(text) == (theirs is not None)
    assert (None if ours is None else (ours.family, ours.number)) == (
        None if theirs is None else ("ipv{0}".format(theirs.version), int(theirs))
    )


@needs_ipaddress
@given(networks(), networks())
@settings(max_examples=200, deadline=None)
def test_networks_mean_what_they_mean_to_python(one, other):
    import ipaddress

    ours, theirs = (one, other), [ipaddress.ip_network(str(network)) for network in (one, other)]
    for network, same in zip(ours, theirs):
        assert (network.number, network.prefix) == (int(same.network_address), same.prefixlen)
        assert network.last == int(same.broadcast_address)
        assert ipaddress.ip_address(network.address) == same.network_address
        assert network.single == (same.num_addresses == 1)
        assert network.family == "ipv6" or parse_network(same.with_netmask) == network
    within = theirs[0].version == theirs[1].version and theirs[1].subnet_of(theirs[0])
    assert one.contains(other) == within
    assert one.overlaps(other) == (theirs[0].version == theirs[1].version and theirs[0].overlaps(theirs[1]))


@given(st.sampled_from(sorted(BITS)), st.data())
@settings(max_examples=100, deadline=None)
def test_host_bits_are_cleared_or_refused_with_the_network_that_was_meant(family, data):
    number = data.draw(st.integers(0, 2 ** BITS[family] - 1))
    prefix = data.draw(st.integers(0, BITS[family]))
    text = "{0}/{1}".format(Network(family, number, BITS[family]).address, prefix)
    network = parse_network(text, strict=False)
    assert network.prefix == prefix and network.contains(Network(family, number, BITS[family]))
    if network.number == number:
        assert parse_network(text) == network
    else:
        with pytest.raises(AddressError) as error:
            parse_network(text)
        assert "write {0} for the network".format(network) in str(error.value)


@pytest.mark.parametrize(
    "text, closed, unrouted",
    [
        ("127.0.0.0/8", True, True),
        ("10.0.0.0/8", True, True),
        ("10.1.2.3", True, True),
        ("172.16.0.0/12", True, True),
        ("172.31.0.1", True, True),
        ("172.32.0.1", False, False),
        ("172.0.0.0/8", False, False),
        ("192.168.7.0/24", True, True),
        ("192.0.0.0/8", False, False),
        ("169.254.0.0/16", True, True),
        # Other customers of the same provider live there, and the internet has no route to them.
        ("100.64.0.0/10", False, True),
        ("100.64.0.1", False, True),
        ("100.0.0.0/9", False, False),
        ("203.0.113.0/24", False, False),
        ("203.0.113.4", False, False),
        ("0.0.0.0/0", False, False),
        ("::1", True, True),
        ("fe80::/64", True, True),
        ("fd12:3456::/32", True, True),
        ("fd00::1", True, True),
        ("2001:db8::/32", False, False),
        ("::/0", False, False),
        ("::ffff:127.0.0.0/104", True, True),
        ("::ffff:10.0.0.0/104", True, True),
        ("::ffff:100.64.0.1", False, True),
        ("::ffff:203.0.113.0/120", False, False),
        ("::ffff:0.0.0.0/96", False, False),
    ],
)
def test_who_can_send_from_a_network_and_who_can_reach_it(text, closed, unrouted):
    assert closed_to_strangers(parse_network(text)) is closed
    assert not_globally_routed(parse_network(text)) is unrouted


@given(networks())
@settings(max_examples=100, deadline=None)
def test_what_is_closed_to_strangers_is_not_routed_either(network):
    assert not_globally_routed(network) or not closed_to_strangers(network)
    # The whole is closed only where each part is.
    assert not closed_to_strangers(network) or closed_to_strangers(network._replace(prefix=BITS[network.family]))


PARTS_OF_EVERYTHING = ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"]
# All /8s that are in use: without 0, 10, 127 and 224 to 255.
IN_USE = ["{0}.0.0.0/8".format(number) for number in range(1, 224) if number not in (10, 127)]


@pytest.mark.parametrize(
    "texts, found",
    [
        ([], []),
        (["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"], []),
        (["203.0.113.0/24", "2001:db8::/32", "11.0.0.0/8", "2608::/13"], []),
        (["127.0.0.0/8", "0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8", "::1"], []),
        (["10.0.0.0/8", "0.0.0.0/0"], ["0.0.0.0/0"]),
        (["::/0"], ["::/0"]),
        (["2000::/3"], ["2000::/3"]),
        (["::ffff:0.0.0.0/96"], ["::ffff:0.0.0.0/96"]),
        (["0.0.0.0/1"], ["0.0.0.0/1"]),
        (["10.0.0.0/7"], ["10.0.0.0/7"]),
        (PARTS_OF_EVERYTHING, PARTS_OF_EVERYTHING),
        (["10.0.0.0/8"] + IN_USE, ["10.0.0.0/8"] + IN_USE),
        (IN_USE[1:], []),
        (["2000::/13"], []),
        ([str(Network("ipv6", (0x2000 + 8 * part) << 112, 13)) for part in range(1023)], []),
    ],
)
def test_who_lets_in_the_whole_internet(texts, found):
    assert [str(network) for network in strangers([parse_network(text) for text in texts])] == found


def test_many_small_networks_which_are_the_whole_internet():
    parts = [Network("ipv6", (0x2000 + 8 * part) << 112, 13) for part in range(1024)]
    assert strangers(parts) == parts


@given(networks(), networks())
@settings(max_examples=100, deadline=None)
def test_a_range_of_addresses_is_the_networks_that_hold_it_and_no_other(one, other):
    first, last = sorted([one.number, other.last if other.family == one.family else one.last])
    ends = [Network(one.family, number, BITS[one.family]) for number in (first, last)]
    found = networks_between(*ends)
    assert found[0].number == first and found[-1].last == last
    assert all(before.last + 1 == after.number for before, after in zip(found, found[1:]))
    assert all(network.number % (network.last - network.number + 1) == 0 for network in found)
    # The fewest: no two that are next to each other are the halves of one network.
    assert not any(
        before.prefix == after.prefix and before.number % (2 * (before.last - before.number + 1)) == 0
        for before, after in zip(found, found[1:])
    )


@pytest.mark.parametrize(
    "text, expected",
    [
        ("127.0.0.1", True),
        ("[::1]", True),
        ("::1%lo", True),
        ("[::1%lo]", True),
        ("[IPv6:0:0::1]", True),
        ("::ffff:127.0.0.2", True),
        ("LocalHost", True),
        ("0.0.0.0", False),
        ("[::]", False),
        ("::", False),
        ("fe80::1%lo", False),
        ("192.0.2.1", False),
        ("relay.example.com", False),
        ("", False),
    ],
)
def test_names_of_loopback(text, expected):
    assert names_loopback(text) is expected


@pytest.mark.parametrize(
    "text",
    ["::", "::/128", "ff02::1", "FF00::/8", "0.0.0.0", "224.0.0.0/4", "239.1.1.1/32", "255.255.255.255", "0.0.0.0/8"],
)
def test_no_connection_comes_from_what_is_no_hosts_address(text):
    with pytest.raises(AddressError, match="leave it out"):
        parse_origin(text)


@pytest.mark.parametrize(
    "text", ["::1", "::/0", "0.0.0.0/0", "fe80::/10", "64:ff9b::/96", "fd00::/8", "169.254.0.0/16"]
)
def test_a_connection_may_come_from_any_host(text):
    assert str(parse_origin(text)) == text


@pytest.mark.parametrize(
    "text, wide",
    [
        # Behind a translator (RFC 6052) or a 6to4 relay (RFC 3056), each IPv4 host has an address here.
        ("64:ff9b::/96", True),
        ("64:ff9b::8000:0/97", True),
        ("2002::/16", True),
        ("2002:8000::/17", True),
        ("64:ff9b::c000:200/120", False),
        ("64:ff9b::a00:0/104", False),
        ("2002:c000:201::/48", False),
        ("2002:c000:201:1::/64", False),
    ],
)
def test_addresses_that_stand_for_all_of_ipv4_are_those_of_strangers(text, wide):
    assert bool(strangers([parse_network(text)])) is wide
