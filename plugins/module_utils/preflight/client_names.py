# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For which hosts' names a relay is where mail ends, by what the DNS says of them: pure."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.names import listed


def sorted_out(asked, relays):
    """dict: C(names) and C(unknown), sorted lists of str, and C(elsewhere), name -> list of str.

    Args:
        asked: dict: name -> list of str, or None, of ``exchangers.exchangers``.
        relays: list of str, names that are not elsewhere.
    """
    taken, unknown, elsewhere = [], [], {}
    for name, hosts in asked.items():
        name = name.lower()
        at_home = set([name, ""]).union(relay.lower() for relay in relays)
        others = [host for host in hosts or [] if host not in at_home]
        if others:
            elsewhere[name] = others
        else:
            (unknown if hosts is None else taken).append(name)
    return {"names": sorted(taken), "elsewhere": elsewhere, "unknown": sorted(unknown)}


def sentences(result):
    """list of str: what an administrator should know of it.

    Args:
        result: dict, of ``sorted_out``.
    """
    found = []
    if result["elsewhere"]:
        named = ["{0} ({1})".format(name, ", ".join(hosts)) for name, hosts in sorted(result["elsewhere"].items())]
        found.append("root_mail: left out, since their mail goes elsewhere (MX): {0}.".format(listed(named)))
    if result["unknown"]:
        found.append(
            "root_mail: left out, since no name server says whether their mail goes elsewhere (MX): {0}. Mend the DNS, or name them in "
            "relay_server_local_names.".format(listed(result["unknown"]))
        )
    return found
