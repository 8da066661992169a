# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The set of rules that carries one comment: what is wanted, where it is, and the way there. Pure."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    BITS,
    AddressError,
    Network,
    parse_network,
    parse_origin,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import parse_port
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import Document, Rule, RulesError

_REFUSALS = {"ipv4": "icmp-port-unreachable", "ipv6": "icmp6-port-unreachable"}

# An opening for one network, or the closing rule (network None, closes True).
Entry = namedtuple("Entry", "network protocol first last closes")


def parse_ports(texts):
    """Read ports as for M(mailops.relay.firewalld_zone).

    Args:
        texts: list of str, C(PORT/PROTOCOL) or C(FIRST-LAST/PROTOCOL).

    Returns:
        list of (str protocol, int first, int last), without repetitions.

    Raises:
        RulesError.
    """
    ports = []
    for text in texts:
        if not text.strip()[:1].isdigit():
            raise RulesError("port {0!r} is not a number: write it as 25/tcp or 1000-1010/udp".format(text))
        try:
            port = parse_port(text)
        except RelayError as exc:
            raise RulesError(str(exc))
        if port not in ports:
            ports.append(port)
    return ports


def parse_sources(texts):
    """Read networks.

    Returns:
        list of Network, without repetitions.

    Raises:
        RulesError: not an IPv4 or IPv6 network, one with host bits, or IPv4 written as IPv6.
    """
    networks = []
    for text in texts:
        try:
            network = parse_origin(text.strip())
        except AddressError as exc:
            raise RulesError("source {0}".format(exc))
        if network not in networks:
            networks.append(network)
    return networks


def wanted_entries(family, networks, ports, exclusive):
    """The set of rules of one family, openings first.

    Args:
        family: str, C(ipv4) or C(ipv6).
        networks: list of Network, of both families.
        ports: list, as from ``parse_ports``.
        exclusive: bool, whether the ports are closed for everybody else.

    Returns:
        list of Entry.
    """
    entries = [
        Entry(network, protocol, first, last, False)
        for protocol, first, last in ports
        for network in networks
        if network.family == family
    ]
    if exclusive:
        entries.extend(Entry(None, protocol, first, last, True) for protocol, first, last in ports)
    return entries


def entry_rule(family, chain, comment, entry):
    """Rule: an entry as iptables-save prints it.

    The closing rule leaves the loopback interface alone, by which the host's own programs come. It rejects
    rather than drops, so that the other side learns of it at once.
    """
    words = []
    if entry.closes:
        words += ["!", "-i", "lo"]
    elif entry.network.prefix:
        text = str(entry.network)
        words += ["-s", text if "/" in text else "{0}/{1}".format(text, BITS[family])]
    port = str(entry.first) if entry.first == entry.last else "{0}:{1}".format(entry.first, entry.last)
    words += ["-p", entry.protocol, "-m", entry.protocol, "--dport", port, "-m", "comment", "--comment", comment]
    words += ["-j", "REJECT", "--reject-with", _REFUSALS[family]] if entry.closes else ["-j", "ACCEPT"]
    return Rule(chain, tuple(words), None)


_SPELLINGS = {
    "--source": "-s",
    "--src": "-s",
    "--protocol": "-p",
    "--proto": "-p",
    "--in-interface": "-i",
    "--match": "-m",
    "--destination-port": "--dport",
    "--jump": "-j",
}


def rule_entry(family, rule):
    """Recognise a rule that says what an entry says, in whatever order and spelling.

    Returns:
        Entry or None: None for a rule that says anything else.
    """
    values, words = {}, list(rule.words)
    while words:
        option = words.pop(0)
        negated = option == "!"
        if negated:
            option = words.pop(0) if words else ""
        option = _SPELLINGS.get(option, option)
        if not words or option not in ("-s", "-p", "-i", "-m", "--dport", "--comment", "-j", "--reject-with"):
            return None
        value = words.pop(0)
        if option == "-m":
            values.setdefault("-m", []).append(value)
        elif option in values:
            return None
        else:
            values[option] = ("! " if negated else "") + value
    protocol, target = values.get("-p"), values.get("-j")
    ports = re.match(r"^([0-9]{1,5})(?::([0-9]{1,5}))?$", values.get("--dport", ""))
    if ports is None or not set(values.get("-m", [])) <= set([protocol, "comment"]):
        return None
    first, last = int(ports.group(1)), int(ports.group(2) or ports.group(1))
    if target == "ACCEPT" and "-i" not in values and "--reject-with" not in values:
        try:
            network = parse_network(values["-s"], strict=False) if "-s" in values else Network(family, 0, 0)
        except AddressError:
            return None
        return Entry(network, protocol, first, last, False)
    if (
        target == "REJECT"
        and values.get("-i") == "! lo"
        and "-s" not in values
        and values.get("--reject-with", _REFUSALS[family]) == _REFUSALS[family]
    ):
        return Entry(None, protocol, first, last, True)
    return None


# ------------------------------------------------------------------------------------------ where it is

# A rule of the set, and how many foreign rules of the chain come before it.
Placed = namedtuple("Placed", "anchor rule")


def divide(rules, comment):
    """Divide a chain's rules into foreign ones and those with the set's comment.

    Args:
        rules: list of Rule, of one chain.
        comment: str.

    Returns:
        tuple: list of foreign Rule, list of Placed.
    """
    foreign, own = [], []
    for rule in rules:
        if rule.comment() == comment:
            own.append(Placed(len(foreign), rule))
        else:
            foreign.append(rule)
    return foreign, own


def join(foreign, own):
    """list of Rule: a chain put together again; the reverse of ``divide``."""
    rules, rest = [], list(own)
    for anchor in range(len(foreign) + 1):
        rules.extend(placed.rule for placed in own if placed.anchor == anchor)
        rest = [placed for placed in rest if placed.anchor > anchor]
        rules.extend(foreign[anchor : anchor + 1])
    return rules + [placed.rule for placed in rest]


def place(family, chain, comment, entries, own, limit):
    """Where the rules of the set go; what is right already stays where it is.

    Args:
        family, chain, comment: str.
        entries: list of Entry, the openings first.
        own: list of Placed, what there is of the set.
        limit: int, how many foreign rules may come before a rule of the set.

    Returns:
        list of Placed.
    """
    counters = {}
    kept, seen = [], set()
    for placed in own:
        entry = rule_entry(family, placed.rule)
        counters.setdefault(entry, placed.rule.counters)
        if entry in entries and entry not in seen and placed.anchor <= limit:
            seen.add(entry)
            kept.append((placed, entry))
    last = max([number for number, (_placed, entry) in enumerate(kept) if not entry.closes] or [-1])
    opened = [placed for placed, entry in kept[: last + 1] if not entry.closes]
    closed = [placed for placed, _entry in kept[last + 1 :]]
    there = set(rule_entry(family, placed.rule) for placed in opened + closed)
    if opened:
        anchor = opened[-1].anchor
    else:
        anchor = min([limit] + [placed.anchor for placed in closed])
    for entry in entries:
        if entry not in there:
            rule = entry_rule(family, chain, comment, entry)._replace(counters=counters.get(entry))
            (closed if entry.closes else opened).append(Placed(limit if entry.closes else anchor, rule))
    return opened + closed


def same(before, after):
    """bool: whether two lists of Placed are the same set at the same place, whatever the counters."""
    return [(item.anchor, item.rule.words) for item in before] == [(item.anchor, item.rule.words) for item in after]


def _kept(before, after):
    """set of (int anchor, tuple words): what need not be touched to come from one list of Placed to another."""
    old = [(item.anchor, item.rule.words) for item in before]
    new = [(item.anchor, item.rule.words) for item in after]
    kept = set()
    position = -1
    for item in new:
        # A rule is deleted by what it says, so one that is there twice cannot be told apart: none of it is kept.
        alike = [number for number, other in enumerate(old) if other[1] == item[1]]
        once = len(alike) == 1 and [other[1] for other in new].count(item[1]) == 1
        if once and alike[0] > position and old[alike[0]] == item:
            position = alike[0]
            kept.add(item)
    return kept


def batch(chain, before, after):
    """The input for C(iptables-restore --noflush) that leads the set in the kernel from one state to another.

    It is one transaction in the kernel. A rule is deleted by what it says, comment included, so that a change by
    another program between reading and writing cannot make it hit a foreign rule.

    Args:
        chain: str.
        before, after: list of Placed.

    Returns:
        str.
    """
    kept = _kept(before, after)
    lines = ["*filter"]
    for item in before:
        if (item.anchor, item.rule.words) not in kept:
            lines.append("-D {0} {1}".format(chain, item.rule.specification()))
    for number, item in enumerate(after):
        if (item.anchor, item.rule.words) not in kept:
            lines.append(
                "-I {0} {1} {2}{3}".format(
                    chain,
                    item.anchor + number + 1,
                    "-c {0} {1} ".format(*item.rule.counters) if item.rule.counters else "",
                    item.rule.specification(),
                )
            )
    return "\n".join(lines + ["COMMIT", ""])


EMPTY_TABLE = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"


def rewrite(document, chain, comment, after):
    """The saved file with the set in another state; every other line stays.

    Args:
        document: Document.
        chain, comment: str.
        after: list of Placed.

    Returns:
        str.
    """
    table = document.table()
    if table is None:
        if not after:
            return str(document)
        text = str(document)
        document = Document(text + ("" if text.endswith("\n") or not text else "\n") + EMPTY_TABLE)
        table = document.table()
    kept = _kept(divide(table.chain(chain), comment)[1], after)
    foreign, own, dropped = _lines_of(table, chain, comment, kept)
    inserted, number, anchor = {}, None, None
    for item in reversed(after):
        key = (item.anchor, item.rule.words)
        if key in kept:
            number = own[key]
        elif item.anchor != anchor:
            number = _line_before(document, table, chain, foreign, item.anchor)
        anchor = item.anchor
        if key not in kept:
            inserted.setdefault(number, []).insert(0, str(item.rule) + "\n")
    return _assembled(document.lines, inserted, dropped)


def _lines_of(table, chain, comment, kept):
    """tuple: the lines of foreign rules; a dict of the lines of the set's kept ones; a set of those that go."""
    foreign, own, dropped = [], {}, set()
    for number, rule in table.rules:
        if rule.chain != chain:
            continue
        key = (len(foreign), rule.words)
        if rule.comment() != comment:
            foreign.append(number)
        elif key in kept:
            own[key] = number
        else:
            dropped.add(number)
    return foreign, own, dropped


def _line_before(document, table, chain, foreign, anchor):
    """int: the line before which the last rule with this anchor goes."""
    if anchor == len(foreign):
        lines = [number for number, rule in table.rules if rule.chain == chain]
        return lines[-1] + 1 if lines else table.end
    number = foreign[anchor]
    # A comment right above a rule is about that rule.
    while document.lines[number - 1].startswith("#"):
        number -= 1
    return number


def _assembled(lines, inserted, dropped):
    text = ""
    for number in range(len(lines) + 1):
        new = "".join(inserted.get(number, []))
        if new and text and not text.endswith("\n"):
            text += "\n"
        text += new
        if number < len(lines) and number not in dropped:
            text += lines[number]
    return text
