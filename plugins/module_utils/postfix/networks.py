# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists of hosts and networks as Postfix reads them (manual page postconf(5), mynetworks).

An element is a network (C(192.168.0.0/16), C([fd00::]/8)), an address, a host or domain name, a file
(C(/etc/postfix/nets)) or a table (C(cidr:/etc/postfix/nets.cidr)); C(!) in front excludes.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import re
import socket

from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list

# family: 4 or 6; value: the address as an int; prefix: 0 to 32 or 128.
Network = namedtuple("Network", "family value prefix")

# kind: network, table, file, name or invalid. reason and suggestion only when invalid (or host bits are set).
Entry = namedtuple("Entry", "kind text excluded network reason suggestion")

_BITS = {4: 32, 6: 128}
_SOCKET_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
HOST_NAME = re.compile(r"{0}(\.{0})*\.?\Z".format(_LABEL))
_TABLE = re.compile(r"[a-z][a-z0-9_]*:")


def parse_address(text):
    """Network or None: a single IPv4 or IPv6 address (RFC 791, RFC 4291) as a network of one."""
    family = 6 if ":" in text else 4
    try:
        packed = socket.inet_pton(_SOCKET_FAMILY[family], text)
    except (socket.error, ValueError, TypeError):
        return None
    return Network(family, int(binascii.hexlify(packed), 16), _BITS[family])


def write_network(network):
    """str: the network as Postfix wants it in a list, IPv6 in brackets."""
    digits = "{0:0{1}x}".format(network.value, _BITS[network.family] // 4)
    address = socket.inet_ntop(_SOCKET_FAMILY[network.family], binascii.unhexlify(digits.encode("ascii")))
    if network.family == 6:
        address = "[{0}]".format(address)
    return "{0}/{1}".format(address, network.prefix)


def _masked(network):
    shift = _BITS[network.family] - network.prefix
    return network._replace(value=network.value >> shift << shift)


def contains(outer, inner):
    """bool: whether all addresses of ``inner`` are in ``outer``."""
    if outer.family != inner.family or outer.prefix > inner.prefix:
        return False
    shift = _BITS[outer.family] - outer.prefix
    return outer.value >> shift == inner.value >> shift


def _private(text):
    address, prefix = text.split("/")
    return parse_address(address)._replace(prefix=int(prefix))


# What no stranger on the internet can send from. The shared address space of RFC 6598 (100.64.0.0/10) is
# not in it: other customers of the same provider live there.
PRIVATE = [
    _private(text)
    for text in (
        "127.0.0.0/8",  # RFC 1122, loopback
        "10.0.0.0/8",  # RFC 1918
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",  # RFC 3927, link-local
        "::1/128",  # RFC 4291, loopback
        "fe80::/10",  # RFC 4291, link-local
        "fc00::/7",  # RFC 4193, unique local
    )
]
_MAPPED = _private("::ffff:0:0/96")


def is_private(network):
    """bool: whether all of a network is private; IPv4 written as IPv6 (RFC 4291, 2.5.5.2) counts as IPv4."""
    if contains(_MAPPED, network):
        network = Network(4, network.value & 0xFFFFFFFF, network.prefix - 96)
    return any(contains(private, network) for private in PRIVATE)


def _invalid(text, excluded, reason, suggestion=None):
    return Entry("invalid", text, excluded, None, reason, suggestion)


def parse_entry(text):
    """Entry: one element of a list, which is not empty.

    The checks are those of Postfix's cidr_match(3) and match_ops(3).
    """
    pattern = text.lstrip("!")
    excluded = (len(text) - len(pattern)) % 2 == 1
    if pattern.startswith("/"):
        return Entry("file", pattern, excluded, None, None, None)
    bare = re.sub(r"/[0-9]*\Z", "", pattern)
    if ":" in pattern and not pattern.startswith("["):
        if parse_address(bare):
            return _invalid(
                text,
                excluded,
                "an IPv6 address needs brackets, Postfix takes this one for a table of type {0}".format(
                    pattern.split(":")[0] or "(none)"
                ),
                "[{0}]{1}".format(bare, pattern[len(bare) :]),
            )
        if _TABLE.match(pattern):
            return Entry("table", pattern, excluded, None, None, None)
        return _invalid(text, excluded, "neither a network nor a table")
    if pattern.startswith("["):
        # [address]/prefix, [address/prefix] and [address] are all allowed.
        parts = re.match(r"\[([^][/]*)(?:\](?:/([0-9]+))?|/([0-9]+)\])\Z", pattern)
        if not parts:
            return _invalid(text, excluded, "the brackets do not hold an address with an optional /prefix after it")
        address, prefix = parts.group(1), parts.group(2) or parts.group(3)
    elif "/" in pattern:
        address, prefix = pattern.split("/", 1)
    elif re.match(r"[0-9.]+\Z", pattern) or re.match(r".*\.[0-9]+\Z", pattern):
        address, prefix = pattern, None
    elif HOST_NAME.match(pattern[1:] if pattern.startswith(".") else pattern):
        return Entry("name", pattern, excluded, None, None, None)
    else:
        return _invalid(text, excluded, "neither a network nor a host name")
    network = parse_address(address)
    if network is None:
        return _invalid(text, excluded, "{0} is not an address".format(address or "the empty text"))
    if prefix is not None:
        if not re.match(r"[0-9]{1,3}\Z", prefix) or int(prefix) > _BITS[network.family]:
            return _invalid(
                text,
                excluded,
                "the prefix length must be a number from 0 to {0}".format(_BITS[network.family]),
            )
        network = network._replace(prefix=int(prefix))
    masked = _masked(network)
    if masked != network:
        return Entry("network", text, excluded, masked, "host bits are set", write_network(masked))
    return Entry("network", text, excluded, network, None, None)


def parse_list(text):
    """list of Entry: all elements of a list of hosts and networks, references already expanded."""
    return [parse_entry(item) for item in split_list(text)]
