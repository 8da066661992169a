# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
from collections import namedtuple

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.qmail import deliveries

User = namedtuple("User", "pw_dir pw_uid")
NULL = {"me": "web03.example.com\n", "locals": "", "virtualdomains": None}


@pytest.fixture
def home(tmpdir, monkeypatch):
    """The home directory of a qmail on a host whose only user has a home of his own."""
    for name in ("qmail", "anna", "strangers"):
        tmpdir.mkdir(name)
    tmpdir.join("qmail").mkdir("alias")
    tmpdir.join("qmail").mkdir("users")
    uid = os.geteuid()
    users = [User(str(tmpdir.join("anna")), uid or 1000), User(str(tmpdir.join("strangers")), uid + 7)]
    users.append(User(str(tmpdir.join("none")), 1001))
    monkeypatch.setattr(deliveries.pwd, "getpwall", lambda: users)
    if not uid:
        os.chown(users[0].pw_dir, users[0].pw_uid, -1)
    return tmpdir.join("qmail")


def lost(home, after=None, **before):
    return deliveries.lost(str(home), dict(NULL, **before), dict(NULL, **(after or {})))


def test_a_host_whose_users_have_said_nothing_loses_nothing(home):
    home.join("alias", ".qmail-root").write("")
    home.join("alias", ".qmail-postmaster").write("# not yet\n\n")
    home.join("alias", "qmail-list").write("&a@example.net\n")
    home.join("alias", ".qmail-root.2026-11-28@23:25:38~").write("&a@example.net\n")
    assert lost(home, locals="web03.example.com\n") == []


def test_virtual_domains_are_named_with_their_prefixes(home):
    text = "Shop.example.org:shop\nkept.example.org:kept\nhere.example.org:\n:alias-all\n# a.example.org:a\nno colon\n"
    after = {"virtualdomains": "KEPT.example.org:kept\n"}
    assert lost(home, after, virtualdomains=text) == [
        "virtualdomains: every other domain (to alias-all), shop.example.org (to shop)"
    ]


def test_more_than_a_message_can_hold_is_counted(home):
    text = "".join("{0}.example.org:p\n".format(letter) for letter in "abcdefgh")
    (said,) = lost(home, virtualdomains=text)
    assert said.endswith("e.example.org (to p) and 3 more")


def test_users_assign_counts_when_it_has_been_made_into_the_file_that_is_read(home):
    assign = home.join("users", "assign")
    assign.write("=anna:anna:1000:1000:/home/anna:::\n+shop-:vpopmail:89:89:/home/shop:-::\n.\n=late:x:1:1:/:::\n")
    assert lost(home, locals="web03.example.com\n") == []
    home.join("users", "cdb").write("compiled")
    assert lost(home, locals="web03.example.com\n") == ["users/assign: anna, shop-*"]
    os.unlink(str(assign))
    assert lost(home, locals="web03.example.com\n") == ["users/assign: a users/cdb without its source"]


def test_qmail_files_of_those_who_get_mail_are_named(home, tmpdir):
    for path in ("alias/.qmail-root", "../anna/.qmail", "../anna/.qmail-list-default", "../strangers/.qmail"):
        tmpdir.join("qmail", *path.split("/")).write("&ops@example.net\n")
    home.join("alias", ".qmailrc").write("./Mailbox\n")
    anna = str(tmpdir.join("anna"))
    expected = [anna + "/.qmail", anna + "/.qmail-list-default", str(home.join("alias", ".qmail-root"))]
    assert lost(home, locals="web03.example.com\n") == ["deliveries of " + ", ".join(expected)]
    # Without the file the name in me is local.
    assert lost(home, locals=None)
    assert lost(home, {"locals": "WEB03.example.com\n"}, locals="web03.example.com\n") == []


def test_one_that_cannot_be_read_may_say_anything(home):
    os.mkdir(str(home.join("alias", ".qmail-root")))
    assert lost(home, locals="web03.example.com\n") == ["deliveries of " + str(home.join("alias", ".qmail-root"))]


@pytest.mark.parametrize(
    "virtual, text, to",
    [
        ("root@web03.example.com:alias\n", "&ops@example.net\n", "ops@example.net"),
        (
            "Root@WEB03.example.com:alias\n",
            "# n\nops@example.net\n&two@example.net\n",
            "ops@example.net, two@example.net",
        ),
        ("root@web03.example.com:alias-x\n", "&ops@example.net\n", ""),
        ("root@web03.example.com:alias\n", None, ""),
        (None, "&ops@example.net\n", ""),
    ],
)
def test_to_whom_a_host_sends_its_roots_mail(home, monkeypatch, virtual, text, to):
    monkeypatch.setattr(deliveries.pwd, "getpwnam", lambda _name: User(str(home.join("alias")), os.geteuid()))
    home.mkdir("control")
    if virtual:
        home.join("control", "virtualdomains").write(virtual)
    if text:
        home.join("alias", ".qmail-root").write(text)
    assert deliveries.forwarded(str(home.join("control")), "root@web03.example.com") == to


@pytest.mark.parametrize("mode, refused", [(0o2755, False), (0o2775, False), (0o2777, True), (0o3755, True)])
def test_a_home_that_makes_mail_wait_is_refused(home, monkeypatch, mode, refused):
    alias = home.join("alias")
    monkeypatch.setattr(deliveries.pwd, "getpwnam", lambda _name: User(str(alias), os.geteuid()))
    alias.chmod(mode)
    if not refused:
        assert deliveries.alias_home() == str(alias)
        return
    with pytest.raises(deliveries.RelayError, match="chmod o-w,-t {0}, nothing".format(alias)):
        deliveries.alias_home()


def test_a_home_that_qmail_would_not_look_in_is_refused(home, monkeypatch):
    monkeypatch.setattr(deliveries.pwd, "getpwnam", lambda _name: User(str(home.join("alias")), os.geteuid() + 1))
    with pytest.raises(deliveries.RelayError, match="not that user's"):
        deliveries.alias_home()

    def unknown(name):
        raise KeyError(name)

    monkeypatch.setattr(deliveries.pwd, "getpwnam", unknown)
    with pytest.raises(deliveries.RelayError, match="there is no user 'alias'"):
        deliveries.alias_home()
