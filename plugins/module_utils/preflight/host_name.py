# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The name of a host: what the system says, and what /etc/hosts says."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.names import could_be_in_dns
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

_IDENTIFIER = "host_name"


def hosts_entries(text):
    """list of (str, list of str): address and names of each line of C(/etc/hosts) (hosts(5))."""
    entries = []
    for line in text.split("\n"):
        words = line.partition("#")[0].split()
        if len(words) > 1:
            entries.append((words[0], words[1:]))
    return entries


def name_checks(names, entries, address):
    """list of dict: the name is fully qualified, and the same wherever it is given.

    Args:
        names: list of (str, str, str): what gives the name, the name, and how it is set; Postfix's myhostname comes first.
        entries: list of (str, list of str), of ``hosts_entries``; None when the file is kept right by something else.
        address: str, the relay's address for a missing line of /etc/hosts; may be empty.
    """
    what, wanted, how = names[0]
    if not could_be_in_dns(wanted):
        return [
            checks.failed(
                _IDENTIFIER,
                what,
                "{0!s} is not a name with a domain".format(wanted or "the empty text"),
                "{0} to a full name, for example smtp-relay001.example.com.".format(how),
            )
        ]
    results = []
    for what, name, how in names:
        if name.lower() == wanted.lower():
            results.append(checks.ok(_IDENTIFIER, what, name))
        else:
            seen = "{0}, but {1} is {2}".format(name or "nothing", names[0][0], wanted)
            results.append(checks.failed(_IDENTIFIER, what, seen, "{0} to {1}.".format(how, wanted)))
    if entries is None:
        return results
    line = "{0} {1} {2}".format(address or "ADDRESS", wanted, wanted.partition(".")[0])
    listed = [entry for entry in entries if wanted.lower() in [name.lower() for name in entry[1]]]
    first = [entry for entry in listed if entry[1][0].lower() == wanted.lower()]
    if first:
        results.append(checks.ok(_IDENTIFIER, "/etc/hosts", "{0} {1}".format(first[0][0], wanted)))
    elif listed:
        # Programs that ask for the full name get the first one of the line.
        seen = "{0} is not the first name of its line".format(wanted)
        results.append(checks.failed(_IDENTIFIER, "/etc/hosts", seen, "Write {0} first: {1}".format(wanted, line)))
    else:
        results.append(
            checks.failed(
                _IDENTIFIER, "/etc/hosts", "{0} is not in it".format(wanted), "Add the line: {0}".format(line)
            )
        )
    return results
