# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the sources of a firewalld zone are everybody on the internet."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    networks_between,
    parse_address,
    strangers,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import source_network


def entry_networks(entry):
    """list of Network: what an entry of an ipset means, ipset(8); empty for one that is no address alone.

    Args:
        entry: str, C(ADDRESS), C(ADDRESS/PREFIX) or C(FIRST-LAST).
    """
    first, dash, last = entry.partition("-")
    ends = [parse_address(text.strip()) for text in (first, last)] if dash else [None]
    if None not in ends and ends[0].family == ends[1].family:
        return networks_between(*ends)
    network = source_network(entry)
    return [] if network is None else [network]


def everybody(sources, ipset_entries):
    """What among the sources of a zone lets in everybody.

    Args:
        sources: list of str, as from ``firewalld_model.parse_source``.
        ipset_entries: callable, given the name of an ipset, which returns a list of str.

    Returns:
        str or None: the sources, for a message; None when there are none.
    """
    networks, written = [], {}
    for source in sources:
        if source.startswith("ipset:"):
            for entry in ipset_entries(source[len("ipset:") :]):
                for network in entry_networks(entry):
                    networks.append(network)
                    written.setdefault(network, "{0} of {1}".format(entry, source))
        else:
            network = source_network(source)
            if network is not None:
                networks.append(network)
                written[network] = source
    found = []
    for network in strangers(networks):
        if written[network] not in found:
            found.append(written[network])
    return (", ".join(found[:4]) + (" and more" if len(found) > 4 else "")) or None
