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

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    BITS,
    is_address,
    parse_address,
    parse_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list

# kind: network, table, file, name or invalid. network: ``addresses.Network`` or None. reason and suggestion only when invalid (or host bits are set).
Entry = namedtuple("Entry", "kind text excluded network reason suggestion")

_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
HOST_NAME = re.compile(r"{0}(\.{0})*\.?\Z".format(_LABEL))
_TABLE = re.compile(r"[a-z][a-z0-9_]*:")


def write_network(network):
    """str: the network as Postfix wants it in a list, IPv6 in brackets.

    Args:
        network: ``addresses.Network``.
    """
    address = "[{0}]".format(network.address) if network.family == "ipv6" else network.address
    return "{0}/{1}".format(address, network.prefix)


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
        if is_address(bare):
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
    network = found = parse_address(address)
    if found is None:
        return _invalid(text, excluded, "{0} is not an address".format(address or "the empty text"))
    if prefix is not None:
        # parse_network() takes a netmask too, and Postfix does not.
        bits = BITS[found.family]
        if not re.match(r"[0-9]{1,3}\Z", prefix) or int(prefix) > bits:
            return _invalid(text, excluded, "the prefix length must be a number from 0 to {0}".format(bits))
        network = parse_network("{0}/{1}".format(address, prefix), strict=False)
    if network.number != found.number:
        return Entry("network", text, excluded, network, "host bits are set", write_network(network))
    return Entry("network", text, excluded, network, None, None)


def parse_list(text):
    """list of Entry: all elements of a list of hosts and networks, references already expanded."""
    return [parse_entry(item) for item in split_list(text)]
