# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import iptables_save
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import Document, Rule, RulesError

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures", "iptables")
TEXTS = sorted(name for name in os.listdir(FIXTURES) if name.endswith(".txt"))


def fixture(name):
    with io.open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return to_native(stream.read())


# A word of a rule: anything but what ends a line.
words = (
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12)
    .map(str)
    .filter(lambda word: word.strip())
)
counters = st.one_of(st.none(), st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)))
rules = st.builds(
    lambda chain, rest, comment: Rule(
        chain, tuple(rest) + (("-m", "comment", "--comment", comment) if comment else ()) + ("-j", "ACCEPT"), None
    ),
    st.sampled_from(["INPUT", "FORWARD", "DOCKER", "f2b-sshd"]),
    st.sampled_from([["-p", "tcp", "-m", "tcp", "--dport", "22"], ["-s", "10.0.0.0/8"], ["!", "-i", "lo"], []]),
    st.one_of(st.none(), words),
)
lines = st.one_of(
    rules.map(str),
    st.tuples(st.integers(0, 99), rules).map(lambda pair: "[{0}:{0}] {1}".format(*pair)),
    words.map(lambda word: "# " + word),
    st.sampled_from(["", ":INPUT DROP [0:0]", ":DOCKER - [3:4]", "  "]),
)
tables = st.builds(
    lambda name, body: "\n".join(["*" + name] + body + ["COMMIT", ""]),
    st.sampled_from(["filter", "nat", "mangle"]),
    st.lists(lines, max_size=8),
)
texts = st.lists(tables, max_size=3).map("".join)


@given(st.lists(words, max_size=6))
@settings(max_examples=100, deadline=None)
def test_words_survive_quoting(parts):
    rule = Rule("INPUT", tuple(parts), None)
    assert iptables_save.parse_rule(str(rule)) == rule


@given(rules, counters)
@settings(max_examples=60, deadline=None)
def test_a_rule_is_read_as_it_was_written(rule, count):
    prefix = "" if count is None else "[{0}:{1}] ".format(*count)
    assert iptables_save.parse_rule(prefix + str(rule)) == rule._replace(counters=count)


@given(texts)
@settings(max_examples=60, deadline=None)
def test_a_text_comes_out_as_it_went_in(text):
    assert str(Document(text)) == text


@pytest.mark.parametrize("name", TEXTS)
def test_real_texts_and_their_rules_come_out_as_they_went_in(name):
    text = fixture(name)
    document = Document(text)
    assert str(document) == text
    for number, rule in document.table().rules:
        line = document.lines[number].rstrip("\n")
        assert line.endswith(str(rule))
        assert line.startswith("[" if name.startswith("save") else "-A")
    assert document.table().policies["FORWARD"] == ("DROP" if name.startswith("save") else "ACCEPT")


def test_comment_with_quotes_is_read():
    table = Document(fixture("save-1.8.7-nft.txt")).table()
    assert [rule.comment() for rule in table.chain("INPUT") if rule.comment()] == ['snmp of the "NOC"']
    assert [rule.counters for rule in table.chain("DOCKER")] == [(11, 660)]


def test_the_last_table_of_a_name_counts():
    document = Document("*filter\n-A INPUT -j DROP\nCOMMIT\n*filter\n-A INPUT -j ACCEPT\nCOMMIT\n")
    assert [str(rule) for rule in document.table().chain("INPUT")] == ["-A INPUT -j ACCEPT"]


@pytest.mark.parametrize(
    "text, said",
    [
        ('*filter\n-A INPUT --comment "x\n', "line 2"),
        ("-A INPUT -j ACCEPT\n", "outside of a table"),
    ],
)
def test_a_text_that_cannot_be_read(text, said):
    with pytest.raises(RulesError) as caught:
        Document(text)
    assert said in str(caught.value)
