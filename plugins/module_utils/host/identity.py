# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host this is."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError


def identity(runner):
    """Name and addresses of this host; no name server is asked.

    Args:
        runner: commands.Runner.

    Returns:
        dict: C(names) and C(addresses), list of str; without loopback, and empty where C(ip) is not there.
    """
    addresses = []
    try:
        for line in runner.run(["ip", "-o", "addr"]).stdout.split("\n"):
            words = line.split()
            if len(words) > 3 and words[2] in ("inet", "inet6"):
                addresses.append(words[3].partition("/")[0])
    except CommandError:
        pass
    return {
        "names": [socket.gethostname()],
        "addresses": sorted(set(address for address in addresses if address not in ("127.0.0.1", "::1"))),
    }
