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

from ansible_collections.mailops.relay.plugins.module_utils.host import iptables_model as model
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_model import Entry, Placed
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import (
    FAMILIES,
    Document,
    Rule,
    RulesError,
    parse_rule,
    split,
)

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures", "iptables")
REJECT = "-A INPUT -j REJECT --reject-with icmp-host-prohibited"


def fixture(name):
    with io.open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return to_native(stream.read())


# A word of a rule: anything but what ends a line.
words = (
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12)
    .map(str)
    .filter(lambda word: word.strip())
)


@pytest.mark.parametrize(
    "texts_, said",
    [
        (["smtp"], "'smtp' is not a number"),
        (["25"], "25/tcp"),
        (["0/tcp"], "1 to 65535"),
        (["9-8/tcp"], "8-9/tcp"),
        (["25/icmp"], "icmp"),
    ],
)
def test_bad_ports_are_named(texts_, said):
    with pytest.raises(RulesError) as caught:
        model.parse_ports(texts_)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "text, fix",
    [
        ("::ffff:192.0.2.0/120", "write 192.0.2.0/24"),
        ("[fd00::]/8", "write fd00::/8"),
        ("IPv6:fd00::1", "write fd00::1"),
    ],
)
def test_a_notation_that_cannot_work_is_refused_with_its_fix(text, fix):
    with pytest.raises(RulesError) as caught:
        model.parse_sources([text])
    assert text in str(caught.value) and str(caught.value).endswith(fix)


def test_bad_source_is_named():
    with pytest.raises(RulesError) as caught:
        model.parse_sources(["10.0.0.1/8"])
    assert "source '10.0.0.1/8'" in str(caught.value) and "10.0.0.0/8" in str(caught.value)


# ------------------------------------------------------------------------------------------------- sets

networks = st.one_of(
    st.integers(0, 255).map("10.{0}.0.0/16".format),
    st.just("192.0.2.7"),
    st.just("0.0.0.0/0"),
    st.integers(0, 255).map("2001:db8:{0:x}::/48".format),
)
ports = st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(1, 65535), st.integers(0, 9)).map(
    lambda port: (port[0], port[1], min(65535, port[1] + port[2]))
)


@given(
    st.sampled_from(FAMILIES),
    st.lists(networks, max_size=3),
    st.lists(ports, max_size=2, unique=True),
    st.booleans(),
    words,
)
@settings(max_examples=80, deadline=None)
def test_what_is_written_for_an_entry_is_recognised_as_that_entry(family, sources, opened, exclusive, comment):
    entries = model.wanted_entries(family, model.parse_sources(sources), opened, exclusive)
    for entry in entries:
        rule = model.entry_rule(family, "INPUT", comment, entry)
        assert model.rule_entry(family, parse_rule(str(rule))) == entry
        assert rule.comment() == comment


@pytest.mark.parametrize(
    "line",
    [
        # As the guide writes it, with its missing network filled in.
        '-A INPUT -p tcp -m tcp --dport 25 -s 10.0.0.0/8 -m comment --comment "postfix" -j ACCEPT',
        "-A INPUT --source 10.0.0.0/255.0.0.0 --protocol tcp --destination-port 25 --jump ACCEPT",
    ],
)
def test_other_spellings_are_recognised(line):
    network = model.parse_sources(["10.0.0.0/8"])[0]
    assert model.rule_entry("ipv4", parse_rule(line)) == Entry(network, "tcp", 25, 25, False)


@pytest.mark.parametrize(
    "line",
    [
        "-A INPUT -s 10.0.0.0/8 -p tcp -m state --state NEW -m tcp --dport 25 -j ACCEPT",
        "-A INPUT ! -s 10.0.0.0/8 -p tcp -m tcp --dport 25 -j ACCEPT",
        "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 25 -j DROP",
        "-A INPUT -i eth0 -p tcp -m tcp --dport 25 -j REJECT --reject-with icmp-port-unreachable",
        "-A INPUT -s 10.0.0.0/8 -p tcp -j ACCEPT",
    ],
)
def test_a_rule_that_says_more_or_less_is_no_entry(line):
    assert model.rule_entry("ipv4", parse_rule(line)) is None


def foreign(number):
    return Rule("INPUT", ("-s", "192.0.2.{0}/32".format(number), "-j", "ACCEPT"), None)


def apply(rules_, text):
    """What the kernel makes of a batch: single deletions by content and insertions by number."""
    rules_ = list(rules_)
    for line in text.splitlines()[1:-1]:
        verb, _chain, rest = line.split(" ", 2)
        if verb == "-D":
            parts = tuple(split(rest))
            rules_.remove([rule for rule in rules_ if rule.words == parts][0])
        else:
            number, rest = rest.split(" ", 1)
            parts, count = split(rest), None
            if parts[0] == "-c":
                count, parts = (int(parts[1]), int(parts[2])), parts[3:]
            assert 1 <= int(number) <= len(rules_) + 1
            rules_.insert(int(number) - 1, Rule("INPUT", tuple(parts), count))
    return rules_


OWN = model.wanted_entries("ipv4", model.parse_sources(["10.0.0.0/8", "10.9.9.9"]), [("tcp", 25, 25)], True)
own_rules = st.sampled_from(
    [model.entry_rule("ipv4", "INPUT", "a b", entry) for entry in OWN]
    + [Rule("INPUT", ("-m", "comment", "--comment", "a b", "-j", "DROP"), None)]
)
chains = st.lists(st.one_of(own_rules, st.integers(1, 200).map(foreign)), max_size=10)


@given(chains, st.integers(0, 10), st.lists(st.sampled_from(OWN), unique=True))
@settings(max_examples=100, deadline=None)
def test_the_set_gets_to_its_place_and_everything_else_stays(chain, limit, wanted):
    wanted = sorted(wanted, key=OWN.index)
    others, own = model.divide(chain, "a b")
    limit = min(limit, len(others))
    after = model.place("ipv4", "INPUT", "a b", wanted, own, limit)
    for name, result in (
        ("kernel", apply(chain, model.batch("INPUT", own, after))),
        (
            "file",
            Document(
                model.rewrite(
                    Document(
                        "".join(
                            ["# top\n*filter\n:INPUT ACCEPT [0:0]\n"]
                            + ["{0}\n".format(rule) for rule in chain]
                            + ["COMMIT\n*nat\nCOMMIT\n"]
                        )
                    ),
                    "INPUT",
                    "a b",
                    after,
                )
            )
            .table()
            .chain("INPUT"),
        ),
    ):
        now, placed = model.divide(result, "a b")
        assert now == others, name
        entries = [model.rule_entry("ipv4", item.rule) for item in placed]
        assert sorted(entries, key=OWN.index) == wanted, name
        assert all(item.anchor <= limit for item in placed)
        closing = [entry.closes for entry in entries]
        assert closing == sorted(closing)
        # A second run has nothing to do.
        assert model.same(placed, model.place("ipv4", "INPUT", "a b", wanted, placed, limit))
    # And back, as after a failure.
    back = apply(apply(chain, model.batch("INPUT", own, after)), model.batch("INPUT", after, own))
    assert [rule.words for rule in back] == [rule.words for rule in chain]


def test_a_moved_rule_keeps_its_counters():
    rule = model.entry_rule("ipv4", "INPUT", "a b", OWN[0])._replace(counters=(7, 420))
    after = model.place("ipv4", "INPUT", "a b", OWN[:1], [Placed(2, rule)], 1)
    assert apply([foreign(1), foreign(2), rule], model.batch("INPUT", [Placed(2, rule)], after))[1].counters == (7, 420)


def test_the_saved_file_of_el7_gets_the_rules_before_its_reject_and_nothing_else():
    text = fixture("sysconfig-iptables-el7.txt")
    document = Document(text)
    others, own = model.divide(document.table().chain("INPUT"), "postfix")
    after = model.place("ipv4", "INPUT", "postfix", OWN[:1], own, 4)
    new = "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 25 -m comment --comment postfix -j ACCEPT\n"
    written = model.rewrite(document, "INPUT", "postfix", after)
    assert written == text.replace(REJECT + "\n", new + REJECT + "\n")
    assert model.rewrite(Document(written), "INPUT", "postfix", []) == text
    assert len(others) == 5


def test_a_comment_above_the_reject_stays_above_it():
    document = Document("*filter\n# the end\n-A INPUT -j DROP\nCOMMIT\n")
    written = model.rewrite(document, "INPUT", "postfix", [Placed(0, foreign(1))])
    assert written == "*filter\n{0}\n# the end\n-A INPUT -j DROP\nCOMMIT\n".format(foreign(1))


def test_a_file_without_the_table_gets_one():
    written = model.rewrite(Document("*nat\nCOMMIT"), "INPUT", "postfix", [Placed(0, foreign(1))])
    assert written == (
        "*nat\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{0}\nCOMMIT\n".format(
            foreign(1)
        )
    )
    assert model.rewrite(Document("*nat\nCOMMIT"), "INPUT", "postfix", []) == "*nat\nCOMMIT"


def test_a_closing_rule_comes_after_the_openings_that_are_last_in_the_file():
    opening, closing = [str(model.entry_rule("ipv4", "INPUT", "a b", entry)) for entry in (OWN[0], OWN[-1])]
    document = Document("*filter\n{0}\n{1}\nCOMMIT\n".format(foreign(1), opening))
    _others, own = model.divide(document.table().chain("INPUT"), "a b")
    after = model.place("ipv4", "INPUT", "a b", [OWN[0], OWN[-1]], own, 1)
    written = model.rewrite(document, "INPUT", "a b", after)
    assert written == "*filter\n{0}\n{1}\n{2}\nCOMMIT\n".format(foreign(1), opening, closing)
