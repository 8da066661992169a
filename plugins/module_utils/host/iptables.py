# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""iptables on this host: its programs, and where its rules are saved."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import FAMILIES, Document

_PREFIXES = {"ipv4": "iptables", "ipv6": "ip6tables"}
# What is there when a package's service loads saved rules at boot, and the files which that loads.
_SERVICES = (
    ("/usr/share/netfilter-persistent/plugins.d", {"ipv4": "/etc/iptables/rules.v4", "ipv6": "/etc/iptables/rules.v6"}),
    ("/usr/libexec/iptables/iptables.init", {"ipv4": "/etc/sysconfig/iptables", "ipv6": "/etc/sysconfig/ip6tables"}),
)
# netfilter-persistent saves with mode 0640, iptables-services with 0600.
_MODES = {"/etc/iptables": 0o640}
# iptables-restore waits so many seconds for the lock of another iptables. Written with "=", because a version
# without this option (before 1.6.2) then passes over it instead of taking the number for a file.
_WAIT = "--wait=10"


class Iptables(object):
    """iptables on this host: its programs, and where its rules are saved.

    Args:
        runner: ``commands.Runner``.
        root: str, put before every path that is looked up; for tests.

    Attributes:
        calls: int, how often one of the programs was run.
    """

    def __init__(self, runner, root=""):
        self._runner = runner
        self._root = root
        self.calls = 0

    def lock_directory(self):
        """str: the directory whose lock keeps two runs apart."""
        return self._root + "/run"

    def installed(self):
        """bool: whether the programs for IPv4 are there."""
        return self._has("ipv4")

    def _has(self, family):
        return all(self._runner.find(_PREFIXES[family] + end) is not None for end in ("-save", "-restore"))

    def families(self):
        """list of str: C(ipv4), and C(ipv6) where the kernel has it and its programs are there."""
        ipv6 = os.path.isdir(self._root + "/proc/sys/net/ipv6") and self._has("ipv6")
        return [family for family in FAMILIES if family == "ipv4" or ipv6]

    def saved_files(self):
        """dict of str → str: the file of each family that is loaded at boot; empty when none is."""
        for marker, paths in _SERVICES:
            if os.path.exists(self._root + marker):
                return dict((family, self._root + path) for family, path in paths.items())
        return {}

    def mode_of_new(self, path):
        """int: the permission bits for a saved file that is made."""
        return _MODES.get(os.path.dirname(path)[len(self._root) :], 0o600)

    def kernel(self, family):
        """The filter table in the kernel.

        Returns:
            tuple: Document; str or None, the name of the other variant of iptables-save which may show more rules.

        Raises:
            CommandError.
        """
        program = _PREFIXES[family] + "-save"
        result = self._run([program, "-c", "-t", "filter"])
        other = None
        # Both variants are one program of many names, xtables-nft-multi and xtables-legacy-multi.
        if "nft" not in os.path.basename(os.path.realpath(self._runner.find(program))):
            other = _PREFIXES[family] + "-nft-save"
        elif "-legacy tables present" in result.stderr:
            other = _PREFIXES[family] + "-legacy-save"
        return Document(result.stdout), other

    def has_rules(self, program):
        """bool: whether this variant of iptables-save is there and shows rules in the filter table."""
        if self._runner.find(program) is None:
            return False
        result = self._run([program, "-t", "filter"], check=False)
        return result.rc == 0 and any(
            line.startswith("-A") or re.match(r"^:\S+ (DROP|REJECT)", line) for line in result.stdout.splitlines()
        )

    def test(self, family, text):
        """Let iptables-restore read a file's text without loading it.

        Raises:
            CommandError.
        """
        self._run([_PREFIXES[family] + "-restore", "--test"], stdin=text)

    def load(self, family, text):
        """Let iptables-restore carry out a batch, all of it or nothing.

        Raises:
            CommandError.
        """
        self._run([_PREFIXES[family] + "-restore", "--noflush", _WAIT], stdin=text)

    def _run(self, argv, stdin=None, check=True):
        self.calls += 1
        return self._runner.run(argv, stdin=stdin, check=check)
