# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import root_mail
from ansible_collections.mailops.relay.plugins.module_utils.postfix.parameters import Parameters
from ansible_collections.mailops.relay.plugins.module_utils.postfix.root_mail import answers

Result = collections.namedtuple("Result", "rc stdout stderr")
SETTINGS = {
    "myhostname": "relay.example.com",
    "mydestination": "$myhostname, localhost",
    "virtual_alias_maps": "hash:/theirs, texthash:/ours",
    "transport_maps": "texthash:/names",
}


class Postmap(object):
    """Answers as C(postmap -q -) of Postfix 3.7.11 does."""

    def __init__(self, **tables):
        self.tables = tables

    def run(self, argv, stdin=None, check=True):
        assert argv[:3] == ["postmap", "-q", "-"]
        table = self.tables.get(argv[3].rpartition("/")[2])
        if table is None:
            return Result(1, "", "postmap: fatal: open {0}: No such file or directory\n".format(argv[3]))
        lines = ["{0}\t{1}\n".format(key, table[key]) for key in stdin.splitlines() if key in table]
        return Result(0 if lines else 1, "".join(lines), "")


def answer(address, theirs=(), ours=(), names=()):
    runner = Postmap(theirs=dict(theirs), ours=dict(ours), names=dict(names))
    found = answers(runner, Parameters("relay", SETTINGS, {}), [address])[address]
    return found["verdict"], found["text"]


WEB = "root@web01.example.com"


@pytest.mark.parametrize(
    "address, tables, expected",
    [
        (WEB, {"ours": {WEB: "ops@example.net"}}, (root_mail.TAKEN, "ops@example.net")),
        (WEB, {"ours": {WEB: "ops@example.net"}, "theirs": {WEB: "x@example.org"}}, (root_mail.TAKEN, "x@example.org")),
        ("ROOT@Relay.example.com", {"ours": {"root": "ops@example.net"}}, (root_mail.TAKEN, "ops@example.net")),
        # Without a host a key is for the relay's own names only.
        (WEB, {"ours": {"root": "ops@example.net"}}, (root_mail.LEAVES, "")),
        (WEB, {"names": {"web01.example.com": "error:5.1.1 set it"}}, (root_mail.REFUSED, "5.1.1 set it")),
        (WEB, {"names": {"web01.example.com": "smtp:[web01]"}}, (root_mail.LEAVES, "")),
        ("root@relay.example.com", {}, (root_mail.KEPT, "")),
        (WEB, {}, (root_mail.LEAVES, "")),
    ],
)
def test_what_becomes_of_roots_mail(address, tables, expected):
    assert answer(address, **tables) == expected


def test_a_table_that_cannot_be_read_leaves_it_open():
    runner = Postmap(theirs={}, names={})
    found = answers(runner, Parameters("relay", SETTINGS, {}), [WEB])[WEB]
    assert found["verdict"] == root_mail.UNKNOWN and "open texthash:/ours" in found["text"]
    assert root_mail.check(WEB, found)["status"] == "warning"
