# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.sendmail.cf import AccessMap, Cf

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")


def fixture(name):
    with open(os.path.join(FIXTURES, name)) as handle:
        return handle.read()


@pytest.fixture
def text():
    return fixture("sendmail-8.17.1.9-bookworm.cf")


def changed(before, after):
    pairs = list(zip(before.splitlines(), after.splitlines()))
    assert len(before.splitlines()) == len(after.splitlines())
    return [new for old, new in pairs if old != new]


# As 8.17.1.9 builds them with FEATURE(`nocanonify'), and with FEATURE(`nocanonify', `canonify_hosts').
NOCANONIFY = "R$* $| $* < @ $* $={Canonify} > $*\t$: $2 < @ $[ $3 $4 $] > $5\n"
CANONIFY_HOSTS = "# lookup unqualified hostnames\nR$* $| $* < @ $* > $*\t$: $2 < @ $[ $3 $] > $4\n"


def test_which_features_the_rules_are_of():
    cf = Cf(fixture("submit-8.17.1.9-bookworm.cf") + "# $={Canonify}\n" + CANONIFY_HOSTS)
    assert not cf.has_feature("nocanonify") and not cf.has_feature("accept_unresolvable_domains")
    cf = Cf(cf.text.replace("Kresolve host", "# Kresolve host") + NOCANONIFY)
    assert cf.has_feature("nocanonify") and cf.has_feature("accept_unresolvable_domains")


def test_the_smart_host_and_the_relay_mailers_port(text):
    cf = Cf(text)
    assert cf.macro("S") == "" and cf.macro("H") is None
    assert cf.mailer_arguments("relay") == "TCP $h" and cf.mailer_arguments("uucp") is None
    cf.set_macro("S", "[relay.example.com]")
    cf.set_mailer_arguments("relay", "TCP $h 587")
    assert changed(text, cf.text) == ["DS[relay.example.com]", "\t\tA=TCP $h 587"]
    assert Cf(cf.text).mailer_arguments("relay") == "TCP $h 587"
    assert Cf(cf.text).mailer_arguments("esmtp") == "TCP $h"


def test_the_flags_of_a_mailer(text):
    assert Cf(text).mailer_flags("relay") == "mDFMuXa8"
    assert Cf(text).mailer_flags("uucp") == ""


def test_an_option_takes_the_place_of_its_comment_and_goes_back(text):
    cf = Cf(text)
    assert cf.option("CACertFile") is None
    cf.set_option("CACertFile", "/etc/mail/ca.pem")
    assert changed(text, cf.text) == ["O CACertFile=/etc/mail/ca.pem"]
    cf.set_option("CACertFile", None)
    assert cf.text == text


def test_daemons(text):
    cf = Cf(text)
    assert cf.daemons()[0] == "Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1"
    cf.set_daemons(["Name=MTA", cf.daemons()[1]])
    assert changed(text, cf.text) == ["O DaemonPortOptions=Name=MTA"]


@pytest.mark.parametrize(
    "line, expected",
    [
        ("Kaccess hash -T<TMPF> /etc/mail/access\n", AccessMap("hash", "/etc/mail/access")),
        ("Kaccess hash -T<TMPF> -o /etc/mail/access.db\n", AccessMap("hash", "/etc/mail/access")),
        ("Kaccess btree /m/a\n", AccessMap("btree", "/m/a")),
        ("#Kaccess hash /etc/mail/access\nKmailertable hash /x\n", None),
    ],
)
def test_the_access_map(line, expected):
    assert Cf(line).access_map() == expected


def test_the_submission_programs_host():
    before = fixture("submit-8.17.1.9-bookworm.cf")
    cf = Cf(before)
    assert cf.macro("{MTAHost}") == "[127.0.0.1]"
    cf.set_macro("{MTAHost}", "[relay.example.com]")
    assert changed(before, cf.text) == ["D{MTAHost}[relay.example.com]"]


def test_a_setting_that_is_not_there_at_all_is_added():
    cf = Cf("DZ8")
    cf.set_macro("S", "[h]")
    cf.set_option("CACertFile", "/x")
    assert cf.text == "DZ8\nDS[h]\nO CACertFile=/x\n"


LINES = st.lists(
    st.sampled_from(
        [
            "DS",
            "DSx",
            "DZ8",
            "# DSno",
            "O CACertFile=/a",
            "#O CACertFile",
            "O  cacertfile = /b",
            "Mrelay, P=[IPC],\n\tA=TCP $h",
            "R$*\t$@ x",
        ]
    ),
    max_size=7,
)


@settings(max_examples=100)
@given(LINES, st.text(alphabet="ab[].:", max_size=8))
def test_what_is_set_is_read_back_and_foreign_lines_stay(lines, value):
    before = "".join(line + "\n" for line in lines)
    cf = Cf(before)
    cf.set_macro("S", value)
    cf.set_option("CACertFile", "/" + value)
    again = Cf(cf.text)
    assert again.macro("S") == value and again.option("CACertFile") == "/" + value

    def foreign(text):
        return [line for line in text.splitlines() if not line.startswith("DS") and "certfile" not in line.lower()]

    assert foreign(cf.text) == foreign(before)
    again.set_macro("S", value)
    assert again.text == cf.text
