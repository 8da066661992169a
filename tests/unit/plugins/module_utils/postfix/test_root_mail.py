# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import root_mail
from ansible_collections.mailops.relay.plugins.module_utils.postfix import root_mail as module
from ansible_collections.mailops.relay.plugins.module_utils.postfix.parameters import Parameters
from ansible_collections.mailops.relay.plugins.module_utils.postfix.root_mail import answers

Result = collections.namedtuple("Result", "rc stdout stderr")
SETTINGS = {
    "myhostname": "relay.example.com",
    "mydestination": "$myhostname, localhost",
    "virtual_alias_maps": "hash:/theirs, texthash:/ours",
    "transport_maps": "texthash:/names",
    "inet_interfaces": "192.0.2.1, 127.0.0.1",
    "smtpd_recipient_restrictions": "check_sender_access hash:/senders, check_recipient_access texthash:/access, permit",
}


class Postmap(object):
    """Answers as C(postmap -q -) of Postfix 3.7.11 does."""

    def __init__(self, **tables):
        self.tables = tables

    def find(self, program):
        return "/usr/sbin/" + program

    def run(self, argv, stdin=None, check=True):
        if argv == ["postconf", "-h", "alias_maps"]:
            return Result(0, "hash:/aliases\n", "")
        assert argv[:3] == ["postmap", "-q", "-"]
        table = self.tables.get(argv[3].rpartition("/")[2])
        if table is None:
            return Result(1, "", "postmap: fatal: open {0}: No such file or directory\n".format(argv[3]))
        lines = ["{0}\t{1}\n".format(key, table[key]) for key in stdin.splitlines() if key in table]
        return Result(0 if lines else 1, "".join(lines), "")


@pytest.fixture(autouse=True)
def forward(monkeypatch):
    """The C(.forward) of root: path -> text."""
    files = {}
    monkeypatch.setattr(module, "read_native", files.get)
    return files


def answer(address, from_others=False, **tables):
    named = dict.fromkeys(["theirs", "ours", "names", "aliases", "access"], {})
    runner = Postmap(**dict(named, **tables))
    found = answers(runner, Parameters("relay", SETTINGS, {}), [address], from_others=from_others)[address]
    assert root_mail.check(address, found)["id"] == root_mail.IDENTIFIER
    return found["verdict"], found["text"]


WEB = "root@web01.example.com"
OWN = "root@relay.example.com"
NOT_TAKEN = {OWN: "550 5.1.1 set it"}


@pytest.mark.parametrize(
    "address, tables, expected",
    [
        (WEB, {"ours": {WEB: "ops@example.net"}}, (root_mail.TAKEN, "ops@example.net")),
        (WEB, {"ours": {WEB: "ops@example.net"}, "theirs": {WEB: "x@example.org"}}, (root_mail.TAKEN, "x@example.org")),
        ("root@[192.0.2.1]", {"ours": {"root": "ops@example.net"}}, (root_mail.TAKEN, "ops@example.net")),
        ("root@[192.0.2.2]", {"ours": {"root": "ops@example.net"}}, (root_mail.LEAVES, "")),
        ("ROOT@Relay.example.com", {"ours": {"root": "ops@example.net"}}, (root_mail.TAKEN, "ops@example.net")),
        # Without a host a key is for the relay's own names only.
        (WEB, {"ours": {"root": "ops@example.net"}}, (root_mail.LEAVES, "")),
        (WEB, {"names": {"web01.example.com": "error:5.1.1 set it"}}, (root_mail.REFUSED, "5.1.1 set it")),
        (WEB, {"names": {"web01.example.com": "smtp:[web01]"}}, (root_mail.LEAVES, "")),
        (OWN, {}, (root_mail.KEPT, "")),
        (OWN, {"aliases": {"root": "ops@example.net"}}, (root_mail.ALIASED, "")),
        ("bin@relay.example.com", {"aliases": {"root": "ops@example.net"}}, (root_mail.KEPT, "")),
        # What the relay's own programs send does not come by SMTP.
        (OWN, {"access": NOT_TAKEN}, (root_mail.KEPT, "")),
        (WEB, {}, (root_mail.LEAVES, "")),
    ],
)
def test_what_becomes_of_roots_mail(address, tables, expected):
    assert answer(address, **tables) == expected


def test_what_other_hosts_are_told_is_not_what_the_relays_own_programs_are():
    assert answer("Root@relay.example.com", from_others=True, access=NOT_TAKEN) == (root_mail.REFUSED, "5.1.1 set it")
    assert answer(OWN, from_others=True, access={OWN: "DUNNO"}) == (root_mail.KEPT, "")
    assert answer(OWN, from_others=True) == (root_mail.KEPT, "")


def test_root_is_sent_on_by_an_alias_or_a_forward_and_what_cannot_be_told_is_left_alone(forward):
    assert not module.sends_root_on(Postmap(aliases={"postmaster": "root"}))
    assert module.sends_root_on(Postmap(aliases={"root": "ops@example.net"}))
    assert module.sends_root_on(Postmap())
    forward["/root/.forward"] = "ops@example.net\n"
    assert module.sends_root_on(Postmap(aliases={}))


def test_where_no_postfix_is_yet_nothing_sends_it_on(monkeypatch):
    runner = Postmap()
    monkeypatch.setattr(runner, "find", lambda program: None)
    assert not module.sends_root_on(runner)


def test_a_table_that_cannot_be_read_leaves_it_open():
    runner = Postmap(theirs={}, names={})
    found = answers(runner, Parameters("relay", SETTINGS, {}), [WEB])[WEB]
    assert found["verdict"] == root_mail.UNKNOWN and "open texthash:/ours" in found["text"]
    assert root_mail.check(WEB, found)["status"] == "warning"
