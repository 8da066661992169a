# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a table answers: its text parsed and looked up equals a simple model; what Postfix answers was asked of
postmap -q of Postfix 3.5.25, 3.7.11 and 3.10.13, which agree."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import string
import warnings

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import assert_linear

from .test_lint import PATIENT, Host

HOST = Host("3.7.11-bookworm")


def asked(text, key, kind):
    host = Host("3.7.11-bookworm", texts={"/t": text})
    return Lookups(host).table("{0}:/t".format(kind)).find(key)


@pytest.mark.parametrize(
    "kind, text, key, answers",
    [
        ("hash", "a 1\na 2\n", "a", ["1"]),
        ("texthash", "a 1\na 2\n", "a", ["1"]),
        ("texthash", "a 1\nB\t3\n", "b", ["3"]),
        ("cidr", "10.0.0.0/8\tTAB\n", "10.1.1.1", ["TAB"]),
        ("cidr", "10.0.0.0/8 \t a  b\n", "10.1.1.1", ["a  b"]),
        ("cidr", "1.2.3.4 HOST\n!1.2.3.0/24   NEG\nif !10.0.0.0/8\n1.2.3.0/24 IN\nendif\n", "1.2.3.9", ["IN"]),
        ("cidr", "! 1.2.3.0/24\tSPACED\n", "9.9.9.9", ["SPACED"]),
        ("cidr", "!!1.2.3.0/24 TWICE\n", "1.2.3.4", ["TWICE"]),
        ("cidr", "!!1.2.3.0/24 TWICE\n", "9.9.9.9", []),
        ("cidr", "[1.2.3.0]/24 BRACKETS\n1.2.3.0/24 x\n", "1.2.3.4", ["BRACKETS"]),
        ("cidr", "10.0.0.0/8\n10.0.0.0/8 SECOND\n", "10.1.1.1", ["SECOND"]),
        ("regexp", "/^x/\tTAB\n", "xa", ["TAB"]),
        ("regexp", "! /^a/ SPACED\n", "b", ["SPACED"]),
        ("regexp", "!!/^a/ TWICE\n", "a", ["TWICE"]),
        ("regexp", "!!/^a/ TWICE\n", "b", []),
    ],
)
def test_what_postmap_answers(kind, text, key, answers):
    assert asked(text, key, kind) == answers


@pytest.mark.parametrize("pattern", ["[[a]x", "[a&&b]x", "[a||b]x", "[a~~b]x"])
def test_python_says_nothing_of_a_pattern(pattern):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert asked("/{0}/ OK\n".format(pattern), "ax", "regexp") == ["OK"]
    assert not said


def test_of_two_answers_inline_gives_the_last():
    assert Lookups(HOST).table("inline:{a=1, a=2}").find("a") == ["2"]


KEYS = st.text("abAB.@", min_size=1, max_size=3).map(to_native)
ANSWERS = st.text(string.ascii_letters, min_size=1, max_size=4).map(to_native)
BLANK = st.sampled_from([" ", "\t", "  ", " \t"])


@settings(PATIENT, max_examples=100)
@given(st.lists(st.tuples(KEYS, BLANK, ANSWERS), max_size=6), KEYS)
def test_pairs(pairs, key):
    same = [answer for known, _blank, answer in pairs if known.lower() == key.lower()]
    text = "".join("{0}{1}{2}\n".format(*pair) for pair in pairs)
    for kind in ("texthash", "hash"):
        assert asked(text, key, kind) == same[:1]
    if pairs:
        inline = "inline:{{{0}}}".format(", ".join("{0}={2}".format(*pair) for pair in pairs))
        assert Lookups(HOST).table(inline).find(key) == same[-1:]


# Which of the eight networks of 24 bits in 10.20.8.0/21, length, exclamation marks, blanks, answer.
NETWORKS = st.tuples(st.integers(0, 7), st.integers(21, 24), st.integers(0, 2), BLANK, ANSWERS)
# A text to find, for $ behind it, exclamation marks, blanks, answer.
PATTERNS = st.tuples(st.text("ab.", min_size=1, max_size=2), st.booleans(), st.integers(0, 2), BLANK, ANSWERS)
# How many rules stand in a condition, and what it is about.
CONDITION = st.integers(0, 3)


def modelled(rules, matches, inside):
    """list of str: the answer of the first rule that matches; an odd number of ! turns it over.

    The first rule is a condition for as many as ``inside`` says.
    """
    condition, rest = rules[0], rules[1:]
    if matches(condition) == condition[2] % 2:
        rest = rest[inside:]
    return [rule[4] for rule in rest if matches(rule) != rule[2] % 2][:1]


def written(rules, pattern, inside):
    lines = ["{0}{1}{2}{3}".format("!" * rule[2], pattern(rule), rule[3], rule[4]) for rule in rules[1:]]
    lines[inside:inside] = ["endif"]
    return ["if {0}{1}".format("!" * rules[0][2], pattern(rules[0]))] + lines


def both_forms(kind, lines):
    """list of str: specification and text, of a file and of rules in braces."""
    braces = "{0}:{{{1}}}".format(kind, ", ".join("{" + line + "}" for line in lines))
    return [("{0}:/t".format(kind), "# rules\n" + "".join(line + "\n" for line in lines)), (braces, None)]


@settings(PATIENT, max_examples=100)
@given(st.lists(NETWORKS, min_size=1, max_size=6), CONDITION, st.integers(0, 7))
def test_networks(rules, inside, number):
    def pattern(rule):
        step = 1 << (24 - rule[1])
        return "10.20.{0}.0/{1}".format(8 + rule[0] // step * step, rule[1])

    def matches(rule):
        return rule[0] >> (24 - rule[1]) == number >> (24 - rule[1])

    expected = modelled(rules, matches, inside)
    for specification, text in both_forms("cidr", written(rules, pattern, inside)):
        table = Lookups(Host("3.7.11-bookworm", texts={"/t": text})).table(specification)
        assert table.find("10.20.{0}.9".format(8 + number)) == expected


@settings(PATIENT, max_examples=100)
@given(st.lists(PATTERNS, min_size=1, max_size=6), CONDITION, st.text("abAB.", max_size=3).map(to_native))
def test_patterns(rules, inside, key):
    def pattern(rule):
        return "/{0}{1}/".format(to_native(rule[0]).replace(".", "\\."), "$" if rule[1] else "")

    def matches(rule):
        return key.lower().endswith(rule[0]) if rule[1] else rule[0] in key.lower()

    expected = modelled(rules, matches, inside)
    for specification, text in both_forms("regexp", written(rules, pattern, inside)):
        table = Lookups(Host("3.7.11-bookworm", texts={"/t": text})).table(specification)
        assert table.find(key) == expected


TYPES = ("cidr", "regexp", "pcre", "inline", "static", "randmap", "unionmap", "pipemap", "proxy", "texthash", "hash")


def read_all(specification, text=None):
    """bool: whether Postfix can read a table; everything that can be asked of it is asked."""
    try:
        table = Lookups(Host("3.7.11-bookworm", texts={"/t": text})).table(specification)
    except SyntaxProblem:
        return False
    for key in ("a@qzj7x.com", "8.41.0.4", ""):
        table.find(key)
    table.entries(), table.examples(), table.networks(), table.values()
    return True


@settings(PATIENT, max_examples=200)
@given(st.sampled_from(TYPES), st.text("{}()[]!/\\$,=:.*+?|a1 \t\n", max_size=20).map(to_native))
def test_any_text_is_read_or_refused(kind, text):
    read_all("{0}:{1}".format(kind, text))
    read_all("{0}:{{{1}}}".format(kind, text))
    read_all("{0}:/t".format(kind), text)


LONG = {
    "brackets": lambda count: ("regexp:{{/" + "[" * count + "/ x}}", None),
    "parentheses": lambda count: ("regexp:{{/" + "(" * count + "a" + ")" * count + "/ x}}", None),
    "alternatives": lambda count: ("regexp:{{/" + "a|" * count + "/ x}}", None),
    "references": lambda count: ("regexp:{{/a/ " + "$1" * count + "}}", None),
    "rules": lambda count: ("regexp:/t", "/a/ x\n" * count),
    "conditions": lambda count: ("cidr:/t", "if 10.0.0.0/8\n" * count),
    "exclamation marks": lambda count: ("cidr:/t", "!" * count + "10.0.0.0/8 x\n"),
    "unions": lambda count: ("unionmap:{" * count + "static:x" + "}" * count, None),
    "proxies": lambda count: ("proxy:" * count + "static:x", None),
    "members": lambda count: ("unionmap:{" + ",".join(["randmap:{a,b}"] * count) + "}", None),
    "pairs": lambda count: ("inline:{" + ",".join(["a=b"] * count) + "}", None),
    "blanks": lambda count: ("inline:{{a =" + " " * count + "b}}", None),
    "open braces": lambda count: ("static:" + "{" * count, None),
}


@pytest.mark.parametrize("name", sorted(LONG))
def test_the_work_grows_with_the_text(name):
    assert_linear(lambda text: read_all(*LONG[name](len(text))), "x", 8000)
