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

from ansible_collections.mailops.relay.plugins.module_utils.sendmail.mc import Mc, McError, quoted, unquoted

PATH = "/etc/mail/sendmail.mc"
FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
FILES = ["sendmail-8.17.1.9-bookworm.mc", "like-el7.mc"]


def fixture(name):
    with open(os.path.join(FIXTURES, name)) as handle:
        return handle.read()


def added(before, after):
    """The lines that are new, when every line of before is still there in its order."""
    old, new = before.splitlines(), []
    for line in after.splitlines():
        if old and line == old[0]:
            old.pop(0)
        else:
            new.append(line)
    assert not old
    return new


@pytest.mark.parametrize("name", FILES)
def test_a_definition_goes_before_the_mailers_and_every_other_line_stays(name):
    before = fixture(name)
    mc = Mc(before, PATH)
    assert mc.value("SMART_HOST") is None  # the one behind dnl is no definition
    mc.set("SMART_HOST", "[relay.example.com]")
    assert added(before, mc.text) == ["define(`SMART_HOST', `[relay.example.com]')dnl"]
    assert mc.text.index("[relay.example.com]") < mc.text.index("\nMAILER")
    assert Mc(mc.text, PATH).value("SMART_HOST") == "[relay.example.com]"
    mc.set("SMART_HOST", None)
    assert mc.text == before


@pytest.mark.parametrize(
    "text, value",
    [
        ("define(`A', `x')dnl\n", "x"),
        ("define(A,x)\n", "x"),
        ("define(`A',dnl\n`x,y')dnl\n", "x,y"),
        ("define(`A', ``8:12'')dnl\n", "`8:12'"),
        ("define(`A')dnl\n", ""),
        ("define(`A', `x')dnl\nundefine(`A')dnl\n", None),
        ("define(`A', `x')dnl\ndefine(`A', `y')dnl\n", "y"),
        ("dnl define(`A', `x')\n", None),
        ("# define(`A', `x')\n", None),
        ("ifdef(`B', `define(`A', `x')')dnl\n", None),
        ("`define(A, x)'\n", None),
        ("xdefine(`A', `x')\n", None),
        ("define (`A', `x')\n", None),
    ],
)
def test_values_are_what_m4_reads(text, value):
    assert Mc(text, PATH).value("A") == value


@pytest.mark.parametrize(
    "text, value, expected",
    [
        ("define(`A', `x')dnl why\nMAILER(smtp)\n", "y", "define(`A', `y')dnl why\nMAILER(smtp)\n"),
        ("define(`A', `x')dnl\nundefine(`A')dnl\nMAILER(smtp)\n", "y", "define(`A', `y')dnl\nMAILER(smtp)\n"),
        ("define(`A', `x') define(`B', `z')dnl\n", None, " define(`B', `z')dnl\n"),
        ("a", "y", "a\ndefine(`A', `y')dnl\n"),
        ("", "y", "define(`A', `y')dnl\n"),
        ("FEATURE(`msp', `[h]')dnl\n", "y", "define(`A', `y')dnl\nFEATURE(`msp', `[h]')dnl\n"),
        ("LOCAL_CONFIG\nDZ\n", "y", "define(`A', `y')dnl\nLOCAL_CONFIG\nDZ\n"),
    ],
)
def test_edits(text, value, expected):
    mc = Mc(text, PATH)
    mc.set("A", value)
    assert mc.text == expected
    assert mc.value("A") == value


def test_a_feature_can_go_before_the_others():
    mc = Mc(fixture("like-el7.mc"), PATH)
    mc.insert("FEATURE(`x')", before_features=True)
    assert [unquoted(call.arguments[0]) for call in mc.calls() if call.name == "FEATURE"][:2] == ["x", "no_default_msa"]


def test_daemons_are_changed_in_place():
    before = fixture(FILES[0])
    mc = Mc(before, PATH)
    assert mc.daemons()[1] == "Family=inet,  Name=MSP-v4, Port=submission, M=Ea, Addr=127.0.0.1"
    mc.set_daemons(["Name=MTA", mc.daemons()[1]])
    assert mc.text == before.replace("`Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1'", "`Name=MTA'")


def test_the_host_of_the_submission_program():
    before = fixture("submit-8.17.1.9-bookworm.mc")
    mc = Mc(before, "submit.mc")
    mc.set_argument(mc.features("msp")[0], 1, "[relay.example.com]")
    assert mc.text == before.replace("[127.0.0.1]", "[relay.example.com]")


@pytest.mark.parametrize("text, line", [("a\ndefine(`A', `x)dnl\n", 2), ("define(`A'\n", 1)])
def test_what_is_not_closed_is_refused_with_its_line(text, line):
    with pytest.raises(McError, match="sendmail.mc, line {0}: .* not closed".format(line)):
        Mc(text, PATH)


def test_a_value_with_a_quote_is_refused():
    with pytest.raises(McError, match="quotes of m4"):
        quoted("it's")


VALUES = st.text(alphabet="ab[].:$ ,()-#19", max_size=12)
LINES = st.lists(
    st.sampled_from(
        [
            "dnl define(`A', `no')",
            "define(`A', `1')dnl",
            "define(`B', `2')dnl",
            "undefine(`A')dnl",
            "FEATURE(`x', `a(b')dnl it's",
            "# it's a comment",
            "MAILER(`smtp')dnl",
            "define(`C',dnl\n`x')dnl",
        ]
    ),
    max_size=6,
)


@settings(max_examples=100)
@given(LINES, VALUES)
def test_what_is_set_is_read_back_and_foreign_calls_stay(lines, value):
    before = "".join(line + "\n" for line in lines)
    mc = Mc(before, PATH)
    others = [call[:2] for call in mc.calls() if call.arguments[0] != "`A'"]
    mc.set("A", value)
    again = Mc(mc.text, PATH)
    assert again.value("A") == value
    assert [call[:2] for call in again.calls() if call.arguments[0] != "`A'"] == others
    again.set("A", value)
    assert again.text == mc.text
    assert unquoted(quoted(value)) == value
