# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses and networks on Pythons that have no C(ipaddress) module, and which of them belong to the internet.

Whatever compares addresses compares what C(read_address) or C(plain) makes of them: mail systems, logs and people write one
address in many ways.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import re
import socket
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number

BITS = {"ipv4": 32, "ipv6": 128}
_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
# What a reader knows them as.
FAMILY_NAMES = {"ipv4": "IPv4", "ipv6": "IPv6"}


class AddressError(RelayError):
    """A text that is not an IP address or network; the message names the text and what was meant."""


class Network(namedtuple("Network", "family number prefix")):
    """An IP network: C(ipv4) or C(ipv6), its first address as an integer, and its prefix length in bits."""

    __slots__ = ()

    @property
    def last(self):
        """int: the last address of the network."""
        return self.number | ((1 << (BITS[self.family] - self.prefix)) - 1)

    @property
    def address(self):
        """str: the first address of the network, in its shortest form (RFC 5952)."""
        return _to_text(self.family, self.number)

    @property
    def bracketed(self):
        """str: the network as Postfix wants it in a list (postconf(5), mynetworks): the address of IPv6 in brackets."""
        text = "[{0}]".format(self.address) if self.family == "ipv6" else self.address
        return text if self.single else "{0}/{1}".format(text, self.prefix)

    @property
    def single(self):
        """bool: whether it is one address."""
        return self.prefix == BITS[self.family]

    def contains(self, other):
        """bool: whether every address of C(other) is in this network."""
        return self.family == other.family and self.number <= other.number and other.last <= self.last

    def overlaps(self, other):
        """bool: whether the two share an address."""
        return self.contains(other) or other.contains(self)

    def __str__(self):
        return self.address if self.single else "{0}/{1}".format(self.address, self.prefix)


def _to_text(family, number):
    packed = binascii.unhexlify("{0:0{1}x}".format(number, BITS[family] // 4).encode("ascii"))
    return socket.inet_ntop(_FAMILIES[family], packed)


def _to_number(family, text):
    """int or None: None when the text is not an address of this family."""
    try:
        return int(binascii.hexlify(socket.inet_pton(_FAMILIES[family], text)), 16)
    except (socket.error, ValueError, TypeError):
        return None


def _prefix(family, mask, text):
    bits = BITS[family]
    length = whole_number(mask)
    if length is not None and length <= bits:
        return length
    number = _to_number("ipv4", mask) if family == "ipv4" else None
    if number is not None:
        prefix = "{0:032b}".format(number).rstrip("0").count("1")
        if number == (((1 << 32) - 1) >> (32 - prefix)) << (32 - prefix):
            return prefix
    raise AddressError("{0!r} is not a network: {1!r} is not a prefix length from 0 to {2}".format(text, mask, bits))


def parse_address(text):
    """Network or None: one IPv4 or IPv6 address (RFC 791, RFC 4291), without zone or brackets, as a network of one.

    Args:
        text: str.
    """
    for family in ("ipv4", "ipv6"):
        number = _to_number(family, text)
        if number is not None:
            return Network(family, number, BITS[family])
    return None


def is_address(text):
    """bool: whether this is one IPv4 or IPv6 address, without zone or brackets."""
    return parse_address(text) is not None


def parse_network(text, strict=True):
    """Read an address or a network, IPv4 or IPv6.

    Args:
        text: str, C(ADDRESS), C(ADDRESS/PREFIX) or, for IPv4, C(ADDRESS/NETMASK).
        strict: bool, whether bits set to the right of the prefix are an error; otherwise they are cleared.

    Returns:
        Network.

    Raises:
        AddressError: it is neither, or it has host bits; then the message has the network that was meant.
    """
    address, slash, mask = text.partition("/")
    found = parse_address(address)
    if found is None:
        inside = _unwrapped(text)
        meant = "; write {0}".format(inside) if inside != text and parse_address(inside.partition("/")[0]) else ""
        raise AddressError("{0!r} is not an IPv4 or IPv6 address or network{1}".format(text, meant))
    family, number = found.family, found.number
    prefix = _prefix(family, mask, text) if slash else BITS[family]
    shift = BITS[family] - prefix
    network = Network(family, (number >> shift) << shift, prefix)
    if strict and network.number != number:
        raise AddressError(
            "{0!r} has host bits set: write {1} for the network, or {2} for the one host".format(text, network, address)
        )
    return network


_TAG = "ipv6:"
# Postfix takes both [ADDRESS]/PREFIX and [ADDRESS/PREFIX] (cidr_match(3)).
_BRACKETS = re.compile(r"\[([^][/]*)(?:\](/[^][/]*)?|(/[^][/]*)\])\Z")


def _unwrapped(text):
    """str: without the brackets and the tag that an address may have."""
    match = _BRACKETS.match(text)
    if match:
        text = match.group(1) + (match.group(2) or match.group(3) or "")
    if text[: len(_TAG)].lower() == _TAG and ":" in text[len(_TAG) :]:
        text = text[len(_TAG) :]
    return text


def read_network(text, strict=True):
    """Network: as of C(parse_network), in whatever notation mail systems, logs and people write it.

    These are Postfix's brackets (C([fd00::]/8), C([fd00::/8])), the tag of RFC 5321, 4.1.3 (C([IPv6:fd00::1]),
    C(IPv6:fd00::1)), and IPv4 written as IPv6 (C(::ffff:192.0.2.1)), which is IPv4.

    Raises:
        AddressError: as of C(parse_network).
    """
    plain_text = _unwrapped(text)
    try:
        return _unmapped(parse_network(plain_text, strict))
    except AddressError:
        if plain_text == text or "/" in plain_text and parse_address(plain_text.partition("/")[0]):
            raise
        raise AddressError("{0!r} is not an IPv4 or IPv6 address or network".format(text))


def parse_origin(text):
    """Network: as of C(parse_network), one from which connections can come.

    Raises:
        AddressError: as of C(parse_network), or it is IPv4 written as IPv6; such connections are IPv4 to firewalls and to Postfix.
            Or it is of C(is_no_host).
    """
    network = parse_network(text)
    if is_mapped(network):
        raise AddressError(
            "{0!r} is IPv4 written as IPv6, from which no connection comes: write {1}".format(text, _unmapped(network))
        )
    if is_no_host(network):
        raise AddressError("{0!r} is no host's address, so that no connection comes from it: leave it out".format(text))
    return network


def read_address(text):
    """Network or None: one address, in whatever notation C(read_network) knows."""
    found = parse_address(_unwrapped(text))
    return None if found is None else _unmapped(found)


def plain(text):
    """str: an address in the one notation in which addresses are compared and shown (RFC 5952), from any that C(read_address)
    knows; a text that is no address as it is.
    """
    # Most of what comes along in logs is IPv4 in its only notation.
    if ":" not in text and text[:1] != "[":
        return text
    found = read_address(text)
    return text if found is None else found.address


# RFC 1122 3.2.1.3, loopback; RFC 1918, private; RFC 3927, link-local; RFC 4291, loopback and link-local; RFC 4193, unique
# local.
_INSIDE = [
    parse_network(text)
    for text in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1",
        "fe80::/10",
        "fc00::/7",
    )
]
# RFC 6598, the address space that a provider shares among its customers.
_SHARED = parse_network("100.64.0.0/10")
_LOOPBACK = [parse_network(text) for text in ("127.0.0.0/8", "::1")]
_LINK_LOCAL = [parse_network(text) for text in ("169.254.0.0/16", "fe80::/10")]
# RFC 4291 2.5.5.2, IPv4 addresses written as IPv6.
_MAPPED = parse_network("::ffff:0.0.0.0/96")


def is_mapped(network):
    """bool: whether a network is IPv4 written as IPv6 (C(::ffff:192.0.2.1)), with which nothing compares equal on the wire."""
    return _MAPPED.contains(network)


# RFC 1122 3.2.1.3 and RFC 1112; RFC 4291 2.5.2 and 2.7.
_NO_HOST = [parse_network(text) for text in ("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::", "ff00::/8")]


def is_no_host(network):
    """bool: whether a network has unspecified, multicast or broadcast addresses only, none of which is one host's."""
    return any(nobody.contains(_unmapped(network)) for nobody in _NO_HOST)


def is_loopback(network):
    """bool: whether a network is one of the host itself (RFC 1122, RFC 4291)."""
    return any(loopback.contains(_unmapped(network)) for loopback in _LOOPBACK)


def names_loopback(text):
    """bool: whether a name or an address is the host itself by its loopback.

    Args:
        text: str, in any notation that C(read_address) knows, with a zone or without (C(::1%lo)).
    """
    found = read_address(text.partition("%")[0].strip("[]"))
    return text.lower() == "localhost" if found is None else is_loopback(found)


def is_link_local(network):
    """bool: whether a network means another thing on each link (RFC 3927, RFC 4291)."""
    return any(local.contains(_unmapped(network)) for local in _LINK_LOCAL)


def _unmapped(network):
    if not _MAPPED.contains(network):
        return network
    return Network("ipv4", network.number & 0xFFFFFFFF, network.prefix - _MAPPED.prefix)


def closed_to_strangers(network):
    """bool: whether no stranger on the internet can send from any address of a network, so that it may be trusted.

    These are loopback (RFC 1122, RFC 4291), private (RFC 1918, RFC 4193) and link-local addresses (RFC 3927, RFC 4291).
    The shared address space C(100.64.0.0/10) (RFC 6598) is not among them: other customers of the same provider live
    there. IPv4 written as IPv6 (RFC 4291, 2.5.5.2) counts as IPv4.

    Args:
        network: Network.
    """
    network = _unmapped(network)
    return any(inside.contains(network) for inside in _INSIDE)


def not_globally_routed(network):
    """bool: whether the internet routes no address of a network, so that nobody there can know a host by it.

    These are those of ``closed_to_strangers``, and the shared address space C(100.64.0.0/10) (RFC 6598).

    Args:
        network: Network.
    """
    return closed_to_strangers(network) or _SHARED.contains(_unmapped(network))


# RFC 791 and RFC 1112: no host on the internet has such an address. RFC 3587: each has one of these.
_NOBODY = [parse_network(text) for text in ("0.0.0.0/8", "224.0.0.0/3", "::/8", "ff00::/8")]
_GLOBAL_IPV6 = parse_network("2000::/3")
# What is said of such networks as sources of a firewall.
OPEN_TO_STRANGERS = (
    "takes in hosts of strangers all over the internet, to whom its ports would be open as with an open relay; list the "
    "networks of your own clients"
)
# Wider than any network that an organisation has: a /8 of IPv4 is the largest that was ever given, a /13 of IPv6.
_WIDEST = {"ipv4": 8, "ipv6": 13}


# Addresses of IPv6 that each stand for one of IPv4, and where in them that is: RFC 6052, a translator's; RFC 3056, 6to4.
_STANDING_FOR_IPV4 = [(_MAPPED, 0), (parse_network("64:ff9b::/96"), 0), (parse_network("2002::/16"), 80)]


def _as_ipv4(network):
    """Network: the IPv4 addresses for which those of a network stand; the network itself where they stand for none."""
    for outer, shift in _STANDING_FOR_IPV4:
        if outer.contains(network):
            return Network("ipv4", (network.number >> shift) & 0xFFFFFFFF, min(network.prefix - outer.prefix, 32))
    return network


def strangers(networks):
    """Which of these networks let in everybody on the internet, or half of it, and not the hosts of somebody.

    Args:
        networks: list of Network.

    Returns:
        list of Network: each that is wider than any organisation's, else all of a family which hold the whole internet
        together; empty when there is none.
    """
    wide = [network for network in networks if _is_wide(_as_ipv4(network))]
    if wide:
        return wide
    for family in ("ipv4", "ipv6"):
        own = [network for network in networks if _unmapped(network).family == family]
        if own and _hold_the_internet(family, [_unmapped(network) for network in own]):
            return own
    return []


def _is_wide(network):
    return (
        network.prefix < _WIDEST[network.family]
        and not closed_to_strangers(network)
        and not any(nobody.contains(network) for nobody in _NOBODY)
    )


def _hold_the_internet(family, networks):
    if family == "ipv4":
        networks = networks + [item for item in _NOBODY + _INSIDE + [_SHARED] if item.family == family]
        reached, last = 0, (1 << BITS[family]) - 1
    else:
        reached, last = _GLOBAL_IPV6.number, _GLOBAL_IPV6.last
    for network in sorted(networks, key=lambda item: item.number):
        if network.number > reached:
            break
        reached = max(reached, network.last + 1)
    return reached > last


def networks_between(first, last):
    """list of Network: the fewest that hold the addresses from C(first) to C(last), and no other.

    Args:
        first, last: Network, one address each, of one family.
    """
    found, number, bits = [], first.number, BITS[first.family]
    while number <= last.number:
        size = bits
        while (
            size
            and not number & ((1 << (bits - size + 1)) - 1)
            and number | ((1 << (bits - size + 1)) - 1) <= last.number
        ):
            size -= 1
        found.append(Network(first.family, number, size))
        number = found[-1].last + 1
    return found
