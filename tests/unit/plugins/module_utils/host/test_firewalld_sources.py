# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_sources import entry_networks, everybody


@pytest.mark.parametrize(
    "entry, networks",
    [
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("10.0.0.5/8", ["10.0.0.0/8"]),
        ("192.0.2.1", ["192.0.2.1"]),
        ("192.0.2.0-192.0.2.5", ["192.0.2.0/30", "192.0.2.4/31"]),
        ("2001:db8:: - 2001:db8::1", ["2001:db8::/127"]),
        ("192.0.2.5-192.0.2.0", []),
        ("192.0.2.1-2001:db8::1", []),
        ("192.0.2.1,tcp:25", []),
        ("00:11:22:33:44:55", []),
        ("", []),
    ],
)
def test_what_an_entry_of_an_ipset_means(entry, networks):
    assert [str(network) for network in entry_networks(entry)] == networks


def test_sources_and_ipsets_count_together():
    entries = {"half": ["128.0.0.0/2", "192.0.0.0/2"], "other": ["192.0.2.0/24"]}
    parts = ["{0}.0.0.0/8".format(number) for number in range(128)]
    found = everybody(parts + ["00:11:22:33:44:55", "ipset:half"], entries.get)
    assert found == "128.0.0.0/2 of ipset:half, 192.0.0.0/2 of ipset:half"
    assert everybody(parts + ["ipset:other"], entries.get) is None
    eighths = ["{0}.0.0.0/8".format(number) for number in range(224)]
    assert everybody(eighths, entries.get) == "0.0.0.0/8, 1.0.0.0/8, 2.0.0.0/8, 3.0.0.0/8 and more"
    assert everybody([], entries.get) is None
