# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a chain does with a new connection: where a set of rules belongs, and whether SSH still comes in. Pure.

A rule is read as iptables(8) and iptables-extensions(8) describe it. What cannot be known from the text (a set of
addresses, a rate, the interface) makes a rule that matches sometimes; each question says how it counts those.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import AddressError, parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.listeners import port_number
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import peer_network

# How surely a rule matches: for every such connection; for all that come by an interface which the rule names; for
# some; for none.
ALWAYS, BY_INTERFACE, SOMETIMES, NEVER = range(4)
_EVERYTHING = frozenset([ALWAYS, BY_INTERFACE, SOMETIMES])

ACCEPT, REJECT = "accept", "reject"
_TARGETS = {"ACCEPT": ACCEPT, "DROP": REJECT, "REJECT": REJECT, "TARPIT": REJECT}
_PROTOCOLS = {"6": "tcp", "17": "udp", "132": "sctp", "33": "dccp"}
# Matches which are judged by their options alone.
_KNOWN_MATCHES = ("tcp", "udp", "sctp", "dccp", "comment", "state", "conntrack", "multiport")
# Options that say which packets a rule matches, wherever they stand; another one after the target belongs to that.
_CONDITIONS = (
    "-s",
    "--source",
    "--src",
    "-d",
    "--destination",
    "--dst",
    "-p",
    "--protocol",
    "--proto",
    "-i",
    "--in-interface",
    "-m",
    "--match",
    "--dport",
    "--destination-port",
    "--dports",
    "--destination-ports",
    "--state",
    "--ctstate",
)
_FLAGS = ("SYN", "ACK", "FIN", "RST", "URG", "PSH")
_DEEPEST = 32

# A new connection. network: addresses.Network of where it comes from, None for anywhere. first, last: int ports.
Packet = namedtuple("Packet", "family network protocol first last")

# Which certainties count for a rule that accepts, and for one that rejects.
Reading = namedtuple("Reading", "accepts rejects")
# The two answers to "does it come in?" between which the truth lies: rules that accept sometimes do, or do not.
HOPEFUL = Reading(_EVERYTHING, frozenset([ALWAYS]))
CAREFUL = Reading(frozenset([ALWAYS, BY_INTERFACE]), frozenset([ALWAYS]))
# "Is it certainly turned away?": an interface which is closed counts.
CLOSED = Reading(frozenset([ALWAYS]), frozenset([ALWAYS, BY_INTERFACE]))
# "Does anybody come in?"
OPEN = Reading(frozenset([ALWAYS, BY_INTERFACE]), frozenset([ALWAYS, BY_INTERFACE]))


def _negated(certainty):
    return {ALWAYS: NEVER, NEVER: ALWAYS}.get(certainty, certainty)


def _in_ports(packet, texts):
    best = NEVER
    for text in texts:
        first, colon, last = text.partition(":")
        low = port_number(first or "0", packet.protocol)
        high = port_number(last or "65535", packet.protocol) if colon else low
        if low is None or high is None:
            best = min(best, SOMETIMES)
        elif low <= packet.first and packet.last <= high:
            return ALWAYS
        elif low <= packet.last and packet.first <= high:
            best = min(best, SOMETIMES)
    return best


def _in_networks(packet, text):
    best = NEVER
    for part in text.split(","):
        try:
            network = parse_network(part, strict=False)
        except AddressError:
            # A host name, or a netmask with holes.
            best = min(best, SOMETIMES)
            continue
        if network.prefix == 0 or (packet.network is not None and network.contains(packet.network)):
            return ALWAYS
        if packet.network is None or network.overlaps(packet.network):
            best = min(best, SOMETIMES)
    return best


def _of_protocol(packet, text):
    text = text.lower()
    if text in ("all", "0"):
        return ALWAYS
    return ALWAYS if _PROTOCOLS.get(text, text) == packet.protocol else NEVER


def _by_interface(text):
    if text == "lo":
        return NEVER
    return ALWAYS if text == "+" else BY_INTERFACE


def _of_flags(mask, wanted):
    """The flags of a connection's first segment: SYN alone."""
    mask, wanted = [set(_FLAGS if flags == "ALL" else flags.split(",")) for flags in (mask, wanted)]
    return ALWAYS if set(["SYN"]) & mask == wanted - set(["NONE"]) else NEVER


class Judged(object):
    """A rule, read once.

    Args:
        rule: iptables_model.Rule.

    Attributes:
        rule: the argument.
        target: str or None, of C(-j) or C(-g).
        goto: bool.
    """

    def __init__(self, rule):
        self.rule = rule
        self.target = None
        self.goto = False
        self._conditions = []
        self._read(list(rule.words))

    def _read(self, words):
        negated = False
        while words:
            option = words.pop(0)
            if option == "!":
                negated = True
                continue
            arguments = []
            while words and words[0] != "!" and (not words[0].startswith("-") or option == "--comment"):
                arguments.append(words.pop(0))
                if option == "--comment":
                    break
            if option in ("-j", "--jump", "-g", "--goto"):
                self.target = arguments[0] if arguments else None
                self.goto = option in ("-g", "--goto")
            elif self.target is None or option in _CONDITIONS:
                self._conditions.append((option, arguments, negated))
            negated = False

    def certainty(self, packet):
        """int: how surely the rule matches a new connection."""
        found = ALWAYS
        sourced = False
        for option, arguments, negated in self._conditions:
            one = _condition(option, arguments, packet)
            if negated:
                one = _negated(one)
            sourced = sourced or option in ("-s", "--source", "--src")
            found = max(found, one)
        # An interface and a source together are a filter against forged addresses, not a closed interface.
        return SOMETIMES if found == BY_INTERFACE and sourced else found


def _condition(option, arguments, packet):
    value = arguments[0] if arguments else ""
    if option in ("-s", "--source", "--src"):
        return _in_networks(packet, value)
    if option in ("-p", "--protocol", "--proto"):
        return _of_protocol(packet, value)
    if option in ("-i", "--in-interface"):
        return _by_interface(value)
    if option in ("--dport", "--destination-port", "--dports", "--destination-ports"):
        return _in_ports(packet, value.split(","))
    if option in ("--state", "--ctstate"):
        return ALWAYS if "NEW" in value.split(",") else NEVER
    if option == "--syn":
        return ALWAYS
    if option == "--tcp-flags" and len(arguments) == 2:
        return _of_flags(*arguments)
    if option in ("-4", "-6", "--ipv4", "--ipv6"):
        return ALWAYS if option.endswith({"ipv4": "4", "ipv6": "6"}[packet.family]) else NEVER
    if option in ("-m", "--match"):
        return ALWAYS if value in _KNOWN_MATCHES else SOMETIMES
    if option in ("--comment", "-c", "--set-counters"):
        return ALWAYS
    return SOMETIMES


class Chains(object):
    """The chains of one filter table.

    Args:
        rules: list of iptables_model.Rule.
        policies: dict of str → str.
    """

    def __init__(self, rules, policies):
        self._policies = policies
        self._chains = dict((name, []) for name in policies)
        for rule in rules:
            self._chains.setdefault(rule.chain, []).append(rule)
        self._judged = {}
        self._walked = {}

    def _rules(self, chain):
        if chain not in self._judged:
            self._judged[chain] = [Judged(rule) for rule in self._chains.get(chain, [])]
        return self._judged[chain]

    def jumps_to(self, chain):
        """bool: whether a rule leads to a chain."""
        return any(judged.target == chain for name in self._chains for judged in self._rules(name))

    def verdict(self, packet, reading, chain="INPUT"):
        """What a chain and its policy do with a new connection.

        Returns:
            tuple: C(ACCEPT) or C(REJECT), or None for a chain of a user which goes through to its end; and the
            iptables_model.Rule that decides, or None for the policy.
        """
        found = self._walk(chain, packet, reading, 0)
        if found is not None:
            return found
        return _TARGETS.get(self._policies.get(chain, "ACCEPT" if chain == "INPUT" else "-")), None

    def _walk(self, chain, packet, reading, depth):
        for judged in self._rules(chain):
            found = self._decide(judged, packet, reading, depth)
            if found == "return":
                return None
            if found is not None:
                return found
        return None

    def _decide(self, judged, packet, reading, depth):
        """tuple (verdict, rule), C(return), or None when the next rule decides."""
        certainty = judged.certainty(packet)
        if certainty == NEVER or judged.target is None:
            return None
        if judged.target == "RETURN":
            return "return" if certainty == ALWAYS else None
        verdict = _TARGETS.get(judged.target)
        if verdict is not None:
            counted = reading.accepts if verdict == ACCEPT else reading.rejects
            return (verdict, judged.rule) if certainty in counted else None
        if judged.target not in self._chains or depth > _DEEPEST:
            return None
        # Behind a jump that happens sometimes, what counts is no surer than the jump.
        inside = Reading(
            reading.accepts if certainty in reading.accepts else frozenset(),
            reading.rejects if certainty in reading.rejects else frozenset(),
        )
        # Many rules may lead to one chain, and that of each of these to a further one.
        key = judged.target, packet, inside, depth
        if key not in self._walked:
            self._walked[key] = self._walk(judged.target, packet, inside, depth + 1)
        found = self._walked[key]
        if found is None and judged.goto and certainty == ALWAYS:
            return "return"
        return found

    def first_closing(self, packets, rules):
        """How many rules come before the first that turns away all of one of these connections.

        Args:
            packets: list of Packet.
            rules: list of iptables_model.Rule, of one chain.

        Returns:
            int: the number of rules when there is none.
        """
        for number, judged in enumerate(Judged(rule) for rule in rules):
            for packet in packets:
                found = self._decide(judged, packet, CLOSED, 0)
                if found not in (None, "return") and found[0] == REJECT:
                    return number
        return len(rules)


class SshGuard(object):
    """Tells whether a change of the rules cuts SSH.

    Args:
        access: ``ssh.SshAccess``.
    """

    def __init__(self, access):
        peer = peer_network(access)
        # A port, and where those come from who must get in: of Ansible's own connection that is known.
        self._ways = [(port, peer) for port in access.ports] + [(port, None) for port in access.others]

    def cut(self, family, before, after):
        """Whether a new connection came in before and does not afterwards.

        Args:
            family: str, C(ipv4) or C(ipv6).
            before, after: Chains.

        Returns:
            tuple: str or None, the connection that would be cut; and the iptables_model.Rule that turns it away, None for
            the policy.
        """
        for port, peer in self._ways:
            if peer is not None and peer.family != family:
                continue
            packet = Packet(family, peer, "tcp", port, port)
            for reading in (HOPEFUL, CAREFUL):
                verdict, rule = after.verdict(packet, reading)
                if verdict != ACCEPT and before.verdict(packet, reading)[0] == ACCEPT:
                    who = "SSH (port {0}){1}".format(port, "" if peer is None else " from {0}".format(peer))
                    return who, rule
        return None, None
