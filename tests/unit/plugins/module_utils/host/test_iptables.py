# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host import files
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables import Iptables

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures", "iptables")


def test_rules_of_the_other_variant_are_named():
    class Runner(object):
        def find(self, program):
            return "/usr/sbin/xtables-legacy-multi"

        def run(self, argv, stdin=None, check=True, env=None):
            return Result(0, files.read_native(os.path.join(FIXTURES, "save-1.8.9-nft.txt")), "")

    iptables = Iptables(Runner())
    assert iptables.kernel("ipv4")[1] == "iptables-nft-save"
    assert iptables.has_rules("iptables-nft-save")


def test_saved_files_of_each_service(tmp_path):
    root = str(tmp_path)
    iptables = Iptables(None, root)
    assert iptables.saved_files() == {}
    os.makedirs(os.path.join(root, "usr/libexec/iptables"))
    files.write_atomically(os.path.join(root, "usr/libexec/iptables/iptables.init"), b"")
    assert iptables.saved_files()["ipv6"] == root + "/etc/sysconfig/ip6tables"
    os.makedirs(os.path.join(root, "usr/share/netfilter-persistent/plugins.d"))
    assert iptables.saved_files()["ipv4"] == root + "/etc/iptables/rules.v4"
