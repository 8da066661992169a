# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""IP addresses and networks on Pythons that have no C(ipaddress) module, and which of them belong to the internet."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import socket
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

BITS = {"ipv4": 32, "ipv6": 128}
_FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}


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
        """str: the first address of the network, in its shortest form."""
        return _to_text(self.family, self.number)

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
    if mask.isdigit() and mask.strip("0123456789") == "" and int(mask) <= bits:
        return int(mask)
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
        raise AddressError("{0!r} is not an IPv4 or IPv6 address or network".format(text))
    family, number = found.family, found.number
    prefix = _prefix(family, mask, text) if slash else BITS[family]
    shift = BITS[family] - prefix
    network = Network(family, (number >> shift) << shift, prefix)
    if strict and network.number != number:
        raise AddressError(
            "{0!r} has host bits set: write {1} for the network, or {2} for the one host".format(text, network, address)
        )
    return network


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
# RFC 4291 2.5.5.2, IPv4 addresses written as IPv6.
_MAPPED = parse_network("::ffff:0.0.0.0/96")


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
