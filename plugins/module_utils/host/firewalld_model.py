# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a firewalld zone is: its parts as the user, the zone file and firewall-cmd write them. Pure.

Sources of the formats: firewalld.zone(5), firewalld.richlanguage(5), firewall-cmd(1).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket
from collections import namedtuple
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    AddressError,
    parse_network,
    parse_origin,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number

# In the order in which they may be opened: a source joins the zone when what it may reach is already open.
KINDS = ("services", "ports", "rich_rules", "sources")
TARGETS = ("default", "ACCEPT", "REJECT", "DROP")
PROTOCOLS = ("tcp", "udp", "sctp", "dccp")

_XML_TARGETS = {"REJECT": "%%REJECT%%"}
_MAC = re.compile(r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$")
_PORT = re.compile(r"^([0-9]{1,5})(?:-([0-9]{1,5}))?/([a-z]+)$")
_NAME = re.compile(r"^[A-Za-z0-9_-]+$")
# Words as a shell has them, and what stands for other characters within one.
_WORD = re.compile(
    r"""[ \t\r\n]*((?:[^ \t\r\n"'\\]+|"[^"\\]*(?:\\.[^"\\]*)*"|'[^']*'|\\.)+|\Z)""",
    re.S,
)
_QUOTED = re.compile(r"""(")([^"\\]*(?:\\.[^"\\]*)*)"|'([^']*)'|\\(.)""", re.S)


class ZoneError(RelayError):
    """A zone that cannot be as asked for; the message names the zone or its part, the reason and the fix."""


# ---------------------------------------------------------------------------------------------- sources


def parse_source(text):
    """Read a source: an IP address or network, a MAC address, or C(ipset:NAME).

    Returns:
        str: the one spelling in which two equal sources are equal.

    Raises:
        ZoneError: the text is none of these, or a network with host bits set, or IPv4 written as IPv6.
    """
    text = text.strip()
    if text.startswith("ipset:"):
        if not _ipset_name(text):
            raise ZoneError("source {0!r}: no ipset name after 'ipset:'".format(text))
        return text
    if _MAC.match(text):
        return text.upper()
    try:
        return str(parse_origin(text))
    except AddressError as exc:
        raise ZoneError("source {0} (a source is an IP network, a MAC address or ipset:NAME)".format(exc))


def _ipset_name(source):
    name = source[len("ipset:") :]
    return name if name and not re.search(r"[\s/]", name) else None


def source_network(source):
    """Network or None: None for a MAC address, an ipset, and what cannot be read."""
    try:
        return parse_network(source, strict=False)
    except AddressError:
        return None


def collapse_sources(sources):
    """Leave out each network that lies inside another one of the list.

    Args:
        sources: list of str, as from ``parse_source``.

    Returns:
        tuple: the list of str that stays, sorted; and a list of (str, str), what was left out and what it lies in.
    """
    kept, inside = [], []
    networks = dict((source, source_network(source)) for source in sources)
    for source in sorted(set(sources)):
        network = networks[source]
        outer = None
        if network is not None:
            outer = next(
                (
                    other
                    for other in sorted(networks)
                    if other != source and networks[other] is not None and networks[other].contains(network)
                ),
                None,
            )
        if outer is None:
            kept.append(source)
        else:
            inside.append((source, outer))
    return kept, inside


# ------------------------------------------------------------------------------------------------ ports


def parse_port(text):
    """Read C(PORT/PROTOCOL) or C(FIRST-LAST/PROTOCOL).

    Returns:
        tuple: (str protocol, int first, int last).

    Raises:
        ZoneError: not of that form, or not a port from 1 to 65535.
    """
    text = text.strip()
    match = _PORT.match(text)
    if match is None:
        if re.match(r"^[0-9]+(-[0-9]+)?$", text):
            raise ZoneError("port {0!r} has no protocol: write {0}/tcp or {0}/udp".format(text))
        if "/" in text and not text[0].isdigit():
            raise ZoneError("port {0!r} is not a number: a name belongs into services".format(text))
        raise ZoneError("port {0!r} is not of the form PORT/PROTOCOL or FIRST-LAST/PROTOCOL".format(text))
    first, last, protocol = int(match.group(1)), int(match.group(2) or match.group(1)), match.group(3)
    if protocol not in PROTOCOLS:
        raise ZoneError("port {0!r}: {1!r} is not one of {2}".format(text, protocol, ", ".join(PROTOCOLS)))
    if not 1 <= first <= 65535 or not 1 <= last <= 65535:
        raise ZoneError("port {0!r} is outside 1 to 65535".format(text))
    if first > last:
        raise ZoneError(
            "port {0!r}: the range ends before it begins, write {1}".format(text, format_port((protocol, last, first)))
        )
    return protocol, first, last


def format_port(port):
    """str: a port as in firewall-cmd; the argument is as from ``parse_port``."""
    protocol, first, last = port
    return "{0}/{1}".format(first if first == last else "{0}-{1}".format(first, last), protocol)


def _read_port(text):
    try:
        return parse_port(text)
    except ZoneError:
        return None


def coverage(ports):
    """Which ports a list opens, whatever ranges it is written in: firewalld from 0.9 joins and splits ranges.

    Args:
        ports: iterable of str.

    Returns:
        list of (protocol, first, last), sorted, neither overlapping nor adjacent.
    """
    merged = []
    for protocol, first, last in sorted(port for port in (_read_port(text) for text in ports) if port):
        if merged and merged[-1][0] == protocol and first <= merged[-1][2] + 1:
            merged[-1] = (protocol, merged[-1][1], max(last, merged[-1][2]))
        else:
            merged.append((protocol, first, last))
    return merged


def _within(port, covered):
    port = _read_port(port)
    return port is not None and any(
        port[0] == protocol and first <= port[1] and port[2] <= last for protocol, first, last in covered
    )


def _overlap(port, other):
    port, other = _read_port(port), _read_port(other)
    return None not in (port, other) and port[0] == other[0] and port[1] <= other[2] and other[1] <= port[2]


def opens(ports, number):
    """bool: whether the list of ports opens this TCP port."""
    return _within("{0}/tcp".format(number), coverage(ports))


# ------------------------------------------------------------------------------------------- rich rules

Part = namedtuple("Part", "name attributes limit")

# name: (place in the rule, attributes that must be there, attributes that may be), in firewalld's own order.
_PARTS = {
    "source": (0, (), ("address", "mac", "ipset", "invert")),
    "destination": (1, (), ("address", "ipset", "invert")),
    "service": (2, ("name",), ()),
    "port": (2, ("port", "protocol"), ()),
    "protocol": (2, ("value",), ()),
    "icmp-block": (2, ("name",), ()),
    "icmp-type": (2, ("name",), ()),
    "masquerade": (2, (), ()),
    "forward-port": (2, ("port", "protocol"), ("to-port", "to-addr")),
    "source-port": (2, ("port", "protocol"), ()),
    "tcp-mss-clamp": (2, (), ("value",)),
    "log": (3, (), ("prefix", "level")),
    "nflog": (3, (), ("group", "prefix", "queue-size")),
    "audit": (4, (), ()),
    "accept": (5, (), ()),
    "reject": (5, (), ("type",)),
    "drop": (5, (), ()),
    "mark": (5, ("set",), ()),
}
_PLACES = ("source", "destination", "element", "log", "audit", "action")
_LIMIT = ("value", "burst")
_LIMITED = (3, 4, 5)
_ALONE = ("icmp-block", "forward-port", "masquerade", "tcp-mss-clamp")
# Values that say the same as leaving the attribute out.
_NEUTRAL = {
    ("rule", "priority"): "0",
    ("tcp-mss-clamp", "value"): "pmtu",
    ("nflog", "group"): "0",
    ("nflog", "queue-size"): "0",
    ("limit", "burst"): "0",
}
_NUMBER = re.compile(r"^[+-]?[0-9]{1,5}$")
_MARK = re.compile(r"^(0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10})(/(0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,10}))?$")
_LOG_LEVELS = ("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug")
# REJECT_TYPES of firewalld 0.6.3 to 2.5
_REJECT_TYPES = {
    "ipv4": (
        "icmp-host-prohibited",
        "host-prohib",
        "icmp-net-unreachable",
        "net-unreach",
        "icmp-host-unreachable",
        "host-unreach",
        "icmp-port-unreachable",
        "port-unreach",
        "icmp-proto-unreachable",
        "proto-unreach",
        "icmp-net-prohibited",
        "net-prohib",
        "tcp-reset",
        "tcp-rst",
        "icmp-admin-prohibited",
        "admin-prohib",
    ),
    "ipv6": (
        "icmp6-adm-prohibited",
        "adm-prohibited",
        "icmp6-no-route",
        "no-route",
        "icmp6-addr-unreachable",
        "addr-unreach",
        "icmp6-port-unreachable",
        "port-unreach",
        "tcp-reset",
    ),
}
_DURATIONS = {"second": "s", "minute": "m", "hour": "h", "day": "d"}


class RichRule(object):
    """One rule of firewalld.richlanguage(5).

    Attributes:
        attributes: dict of str, C(family) and C(priority).
        parts: list of ``Part`` in firewalld's order.
    """

    def __init__(self, attributes, parts):
        self.attributes = _tidy("rule", attributes)
        self.parts = [
            Part(part.name, _tidy(part.name, part.attributes), part.limit and _tidy("limit", part.limit))
            for part in sorted(parts, key=lambda part: _PARTS[part.name][0])
        ]

    def part(self, place):
        """Part or None: what stands in a place (C(source), C(destination), C(element), C(log), C(audit), C(action))."""
        index = _PLACES.index(place)
        return next((part for part in self.parts if _PARTS[part.name][0] == index), None)

    def __str__(self):
        words = ["rule"] + _format_attributes(("priority", "family"), self.attributes)
        for part in self.parts:
            required, optional = _PARTS[part.name][1:]
            words.append(part.name)
            if part.attributes.get("invert"):
                words.append("NOT")
            words.extend(_format_attributes(required + optional, part.attributes))
            if part.limit:
                words.append("limit")
                words.extend(_format_attributes(_LIMIT, part.limit))
        return " ".join(words)

    def check(self):
        """Refuse what firewalld would refuse, or would leave out of a zone file with no more than a warning.

        Raises:
            ZoneError.
        """
        family = self.attributes.get("family")
        source, destination = self.part("source"), self.part("destination")
        element, action = self.part("element"), self.part("action")
        if family not in (None, "ipv4", "ipv6"):
            self._refuse("family is ipv4 or ipv6, not {0!r}".format(family))
        priority = self.attributes.get("priority", "0")
        if not _NUMBER.match(priority) or not -32768 <= int(priority) <= 32767:
            self._refuse("priority is a number from -32768 to 32767, not {0!r}".format(priority))
        for part in self.parts:
            self._check_part(part, family)
        if element is None and action is None and not (self.part("log") and int(priority)):
            self._refuse("it has neither an element (service, port and so on) nor an action")
        if element is None and source is None and destination is None and not int(priority):
            self._refuse("it has neither an element nor a source nor a destination, so it would match everything")
        if element is None or element.name not in _ALONE:
            if action is None and self.part("log") is None and self.part("audit") is None:
                self._refuse("it has no action: end it with accept, reject, drop or mark")
        elif action is not None:
            self._refuse("{0} stands without an action, so {1} has to go".format(element.name, action.name))
        if element is not None and element.name == "masquerade" and source is not None and "mac" in source.attributes:
            self._refuse("masquerade cannot go by a source's MAC address")
        if self.part("audit") and (action is None or action.name == "mark"):
            self._refuse("audit needs accept, reject or drop")

    def _check_part(self, part, family):
        required, optional = _PARTS[part.name][1:]
        for name in required:
            if not part.attributes.get(name):
                self._refuse("{0} needs {1}=".format(part.name, name))
        if part.name in ("source", "destination"):
            given = [name for name in optional if name != "invert" and part.attributes.get(name)]
            if len(given) != 1:
                self._refuse("{0} needs one of {1}".format(part.name, ", ".join(name for name in optional[:-1])))
            if part.name == "destination" or given == ["address"]:
                if family is None:
                    self._refuse('a rule with an address needs family="ipv4" or family="ipv6"')
            if given == ["address"]:
                try:
                    network = parse_network(part.attributes["address"], strict=False)
                except AddressError as exc:
                    self._refuse(str(exc))
                if network.family != family:
                    self._refuse("{0} is not an {1} address".format(part.attributes["address"], family))
            if given == ["mac"] and not _MAC.match(part.attributes["mac"]):
                self._refuse("{0!r} is not a MAC address".format(part.attributes["mac"]))
        elif part.name in ("port", "source-port", "forward-port"):
            self._check_port(part.attributes["port"], part.attributes["protocol"])
            if part.name == "forward-port":
                self._check_forward(part, family)
        elif part.name == "reject" and part.attributes.get("type"):
            if family is None:
                self._refuse('reject type= needs family="ipv4" or family="ipv6"')
            if part.attributes["type"] not in _REJECT_TYPES[family]:
                self._refuse("reject type is one of {0}".format(", ".join(_REJECT_TYPES[family])))
        elif part.name in ("log", "nflog"):
            self._check_log(part)
        elif part.name == "mark" and not _MARK.match(part.attributes["set"]):
            self._refuse('mark needs set="MARK" or set="MARK/MASK", of numbers like 5 or 0x5')
        elif part.name == "protocol" and not _is_protocol(part.attributes["value"]):
            self._refuse("there is no protocol {0!r}".format(part.attributes["value"]))
        elif part.name == "tcp-mss-clamp":
            value = part.attributes.get("value", "536")
            number = whole_number(value)
            if number is None or number < 536:
                self._refuse("tcp-mss-clamp needs value=pmtu or a number from 536 on")
        if part.limit is not None:
            self._check_limit(part.limit)

    def _check_port(self, port, protocol):
        # firewalld looks names of services up, as far as the host knows them.
        name = re.match(r"^[a-z][a-z0-9-]*$", port)
        try:
            parse_port("{0}/{1}".format("1" if name else port, protocol))
        except ZoneError as exc:
            self._refuse(str(exc))

    def _check_forward(self, part, family):
        port, address = part.attributes.get("to-port"), part.attributes.get("to-addr")
        if family is None:
            self._refuse('forward-port needs family="ipv4" or family="ipv6"')
        if not port and not address:
            self._refuse("forward-port needs to-port= or to-addr=")
        if port:
            self._check_port(port, part.attributes["protocol"])
        network = source_network(address) if address and "/" not in address else None
        if address and (network is None or network.family != family):
            self._refuse("to-addr={0!r} is not an {1} address".format(address, family))

    def _check_log(self, part):
        if len(part.attributes.get("prefix", "")) > 127:
            self._refuse("a prefix has at most 127 characters")
        level = part.attributes.get("level", "info")
        if level not in _LOG_LEVELS:
            self._refuse("level is one of {0}, not {1!r}".format(", ".join(_LOG_LEVELS), level))
        for name in ("group", "queue-size"):
            value = part.attributes.get(name, "0")
            number = whole_number(value)
            if number is None or number > 65535:
                self._refuse("{0} is a number from 0 to 65535, not {1!r}".format(name, value))

    def _check_limit(self, limit):
        if not re.match(r"^[1-9][0-9]*/[smhd]$", limit.get("value", "")):
            self._refuse('limit needs value="RATE/DURATION", DURATION one of s, m, h, d')
        if limit["value"] == "1/d":
            self._refuse("limit 1/d is too slow for firewalld; the least is 2/d")
        burst = limit.get("burst", "0")
        number = whole_number(burst)
        if number is None or number > 10000000:
            self._refuse("burst is a number up to 10000000, not {0!r}".format(burst))

    def _refuse(self, reason):
        raise ZoneError("rich rule {0!r}: {1}".format(str(self), reason))


def _tidy(element, attributes):
    """dict: attributes without those that say nothing, in the spelling that firewalld gives back."""
    tidy = {}
    for name, value in attributes.items():
        if name == "invert":
            # firewalld.zone(5): only yes and true invert; in the language any word does, see parse_rich_rule.
            if value.lower() in ("yes", "true"):
                tidy[name] = "True"
        elif value:
            if name in ("priority", "burst", "group", "queue-size") and _NUMBER.match(value):
                value = str(int(value))
            elif name == "mac":
                value = value.upper()
            if _NEUTRAL.get((element, name)) != value:
                tidy[name] = value
    if element == "limit" and "value" in tidy:
        rate, slash, duration = tidy["value"].partition("/")
        # firewalld 2 keeps 01/m as 1/m, 1.3 as it is.
        tidy["value"] = (rate.lstrip("0") or rate) + slash + _DURATIONS.get(duration.strip(), duration.strip())
    return tidy


def _is_protocol(text):
    """bool: whether a protocol has this number, or this name on this host."""
    if text.isdigit():
        return (whole_number(text) or 0) <= 255
    try:
        socket.getprotobyname(text)
    except (socket.error, ValueError):
        return False
    return True


def _format_attributes(names, attributes):
    return ['{0}="{1}"'.format(name, attributes[name]) for name in names if name in attributes and name != "invert"]


def _words(text):
    """list of str: a text's words, as C(shlex.split) takes it apart, whose time grows with the square of a word's length.

    Raises:
        ValueError: a quotation mark is not closed, or there is nothing behind a backslash.
    """
    words, at = [], 0
    while at < len(text):
        match = _WORD.match(text, at)
        if not match:
            raise ValueError("No closing quotation mark, or nothing behind a backslash")
        if match.group(1):
            words.append(_QUOTED.sub(_unquoted, match.group(1)))
        at = match.end()
    return words


def _unquoted(match):
    if match.group(1):
        return re.sub(r"\\([\"\\])", r"\1", match.group(2))
    return match.group(3) or match.group(4) or ""


def parse_rich_rule(text):
    """Read a rule in firewalld's rich language. Its meaning is checked by ``RichRule.check``.

    Returns:
        RichRule.

    Raises:
        ZoneError: not a rule; the message has the word that does not fit.
    """

    def refuse(reason):
        raise ZoneError("rich rule {0!r}: {1}".format(text, reason))

    try:
        words = _words(text)
    except ValueError as exc:
        refuse("{0}".format(exc))
    if not words or words[0] != "rule":
        refuse("it has to begin with the word rule")
    rule, parts = {}, []
    # What the next attribute may belong to, the innermost last: the rule, an element, its limit. As in firewalld, an attribute
    # that does not belong to the innermost ends it, so that a log's level may stand behind its limit.
    open_parts = [("rule", rule, ("priority", "family"))]
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if equals:
            inner = open_parts[-1][0]
            while len(open_parts) > 1 and name not in open_parts[-1][2]:
                open_parts.pop()
            _owner, attributes, allowed = open_parts[-1]
            if name not in allowed:
                refuse("{0} does not belong to {1}".format(name, inner))
            if not value or re.search(r"[\"\\=\x00-\x1f\x7f]", value):
                refuse("firewalld cannot take this value of {0}: {1!r}".format(name, value))
            if name in attributes and len(allowed) == 1:
                refuse("{0} is there twice".format(name))
            attributes[name] = "yes" if name == "invert" else value
        elif word in ("NOT", "not") and "invert" in open_parts[-1][2]:
            open_parts[-1][1]["invert"] = "yes"
        elif word == "limit" and len(open_parts) > 1 and _PARTS[parts[-1].name][0] in _LIMITED:
            parts[-1] = parts[-1]._replace(limit={})
            open_parts[2:] = [("limit", parts[-1].limit, _LIMIT)]
        elif word in _PARTS:
            place = _PARTS[word][0]
            other = next((part.name for part in parts if _PARTS[part.name][0] == place), None)
            if other is not None:
                refuse("it cannot have both {0} and {1}".format(other, word))
            parts.append(Part(word, {}, None))
            open_parts[1:] = [(word, parts[-1].attributes, _PARTS[word][1] + _PARTS[word][2])]
        else:
            refuse("{0!r} is not a word of the rich language here".format(word))
    return RichRule(rule, parts)


def canonical_rich_rule(text):
    """str: the one spelling in which two equal rules are equal; what cannot be read stays as it is."""
    try:
        return str(parse_rich_rule(text))
    except ZoneError:
        return text.strip()


# ------------------------------------------------------------------------------------------------ zones


def _canonical_source(text):
    try:
        return parse_source(text)
    except ZoneError:
        return text


def _canonical_port(text):
    port = _read_port(text)
    return text if port is None else format_port(port)


_CANONICAL = {
    "sources": _canonical_source,
    "services": lambda text: text,
    "ports": _canonical_port,
    "rich_rules": canonical_rich_rule,
}


class Zone(object):
    """A zone as it is or as it is to be.

    Attributes:
        name: str.
        target: str, one of ``TARGETS``.
        items: dict of kind → dict of canonical spelling → spelling found.
        interfaces: list of str, those bound to the zone; read only, never changed here.
    """

    def __init__(self, name, target="default", interfaces=(), **items):
        self.name = name
        self.target = target
        self.interfaces = list(interfaces)
        self.items = dict(
            (kind, dict((_CANONICAL[kind](text), text) for text in items.get(kind) or ())) for kind in KINDS
        )

    def list(self, kind):
        """list of str: the items of a kind, in canonical spelling, sorted."""
        if kind == "ports":
            return sorted(self.items[kind], key=lambda text: (_read_port(text) or ("", 0, 0), text))
        return sorted(self.items[kind])

    def facts(self):
        """dict: the zone as it is shown to the user."""
        facts = dict((kind, self.list(kind)) for kind in KINDS)
        facts.update(name=self.name, target=self.target)
        return facts

    def same(self, kind, other):
        """bool: whether two zones mean the same by this kind of item."""
        if kind == "ports":
            return coverage(self.items[kind]) == coverage(other.items[kind])
        return set(self.items[kind]) == set(other.items[kind])

    def matches(self, other):
        """bool: whether two zones have the same target and items."""
        return self.target == other.target and all(self.same(kind, other) for kind in KINDS)

    def merged(self, wanted, exclusive, joins=None, by_file=False):
        """Zone: this zone after the items of C(wanted) are added or, if exclusive, put in the place of its own.

        Args:
            wanted: Zone.
            exclusive: bool.
            joins: function that returns whether the installed firewalld joins port ranges that overlap; it is asked only
                where some do. None for one that does not.
            by_file: bool, whether the zone file is written, instead of single items added and removed.
        """
        items = {}
        for kind in KINDS:
            if self.same(kind, wanted):
                items[kind] = self.items[kind].values()
            elif kind == "ports":
                items[kind] = self._merged_ports(wanted, exclusive, joins, by_file)
            elif exclusive:
                items[kind] = wanted.items[kind].values()
            else:
                delta = difference(kind, self, wanted, False)
                items[kind] = list(self.items[kind].values()) + delta.add
        return Zone(self.name, wanted.target, self.interfaces, **items)

    def _merged_ports(self, wanted, exclusive, joins, by_file):
        delta = difference("ports", self, wanted, exclusive)
        if by_file and exclusive:
            kept, added = [], wanted.list("ports")
        else:
            kept = [item for item in self.list("ports") if self.items["ports"][item] not in delta.remove]
            added = delta.add + delta.restore
        together = kept + added
        overlapping = any(
            _overlap(one, other) for number, one in enumerate(together) for other in together[number + 1 :]
        )
        if not overlapping or joins is None or not joins():
            return together
        for item in added:
            kept = _joined(kept, item)
        return kept


def _joined(ports, added):
    """list of str: ports after one is added to a firewalld that joins what overlaps; what is only adjacent stays apart."""
    new = parse_port(added)
    apart = []
    for item in ports:
        if _overlap(item, format_port(new)):
            _protocol, first, last = parse_port(item)
            new = (new[0], min(new[1], first), max(new[2], last))
        else:
            apart.append(item)
    # What the ranges joined so far have grown into.
    if len(apart) < len(ports) and any(_overlap(item, format_port(new)) for item in apart):
        return _joined(apart, format_port(new))
    return apart + [format_port(new)]


def render(zone):
    """str: a zone as lines for a diff; empty for None."""
    if zone is None:
        return ""
    lines = ["zone: {0}".format(zone.name), "target: {0}".format(zone.target)]
    for kind in ("sources", "services", "ports", "rich_rules"):
        items = zone.list(kind)
        lines.append("{0}:{1}".format(kind, "" if items else " []"))
        lines.extend("  - {0}".format(item) for item in items)
    return "\n".join(lines) + "\n"


# What to add, what to remove as it is spelt there, and what to add once more after the removals.
Delta = namedtuple("Delta", "add remove restore")


def difference(kind, before, after, exclusive=True):
    """What leads from one zone to another in one kind of item.

    Firewalld from 0.9 joins overlapping port ranges when one is added and cuts them when one is removed;
    earlier versions keep each as it was given. C(restore) makes the result the same on both.

    Args:
        kind: str, one of ``KINDS``.
        before, after: Zone.
        exclusive: bool, whether items that C(after) does not have are removed.

    Returns:
        Delta of lists of str.
    """
    old, new = before.items[kind], after.items[kind]
    if kind != "ports":
        add = [new[item] for item in after.list(kind) if item not in old]
        return Delta(add, [old[item] for item in before.list(kind) if item not in new] if exclusive else [], [])
    covered, target = coverage(old), coverage(new)
    add = [item for item in after.list(kind) if not _within(item, covered)]
    if not exclusive:
        return Delta(add, [], [])
    gone = [item for item in before.list(kind) if not _within(item, target)]
    restore = [item for item in after.list(kind) if any(_overlap(item, other) for other in gone)]
    return Delta(add, [old[item] for item in gone], restore)


# --------------------------------------------------------------------------------------------- zone file


def _attributes(element):
    return dict((to_native(name), to_native(value)) for name, value in element.attributes.items())


def _children(element):
    return [node for node in element.childNodes if node.nodeType == node.ELEMENT_NODE]


def _rule_from_xml(element):
    parts = []
    for child in _children(element):
        name = to_native(child.tagName)
        if name not in _PARTS:
            return None
        limit = next((_attributes(node) for node in _children(child) if node.tagName == "limit"), None)
        parts.append(Part(name, _attributes(child), limit))
    return str(RichRule(_attributes(element), parts))


def _item_from_xml(element):
    """tuple or None: (kind, text) of an element of a zone file; None for what this module does not manage."""
    attributes = _attributes(element)
    if element.tagName == "service" and "name" in attributes:
        return "services", attributes["name"]
    if element.tagName == "port" and "port" in attributes and "protocol" in attributes:
        return "ports", "{0}/{1}".format(attributes["port"], attributes["protocol"])
    if element.tagName == "source" and "ipset" in attributes:
        return "sources", "ipset:" + attributes["ipset"]
    if element.tagName == "source" and ("address" in attributes or "mac" in attributes):
        return "sources", attributes.get("address") or attributes["mac"]
    if element.tagName == "rule":
        rule = _rule_from_xml(element)
        return None if rule is None else ("rich_rules", rule)
    return None


def _parse_document(data, label):
    try:
        document = minidom.parseString(data)
    except (ExpatError, ValueError) as exc:
        raise ZoneError("{0} is not a zone file: {1}. Repair or remove it.".format(label, exc))
    if document.documentElement.tagName != "zone":
        raise ZoneError(
            "{0} is not a zone file: it begins with <{1}>, not <zone>. Repair or remove it.".format(
                label, to_native(document.documentElement.tagName)
            )
        )
    return document


def parse_zone_file(data, name, label=None):
    """Read a zone file, firewalld.zone(5).

    Args:
        data: bytes.
        name: str, the zone's name, which is that of the file.
        label: str, what to call the file in an error.

    Returns:
        Zone.

    Raises:
        ZoneError: not a zone file.
    """
    root = _parse_document(data, label or name).documentElement
    items = dict((kind, []) for kind in KINDS)
    interfaces = []
    for element in _children(root):
        item = _item_from_xml(element)
        if item is not None:
            items[item[0]].append(item[1])
        elif element.tagName == "interface":
            interfaces.append(to_native(element.getAttribute("name")))
    return Zone(name, _target(to_native(root.getAttribute("target"))), interfaces, **items)


def _target(text):
    """str: a target as users write it; firewalld wraps REJECT in percent signs and has more names for default."""
    text = text.strip("%")
    return text if text in TARGETS else "default"


def _element(document, name, attributes):
    element = document.createElement(name)
    for key in sorted(attributes):
        element.setAttribute(key, to_text(attributes[key]))
    return element


def _item_to_xml(document, kind, item):
    if kind == "services":
        return _element(document, "service", {"name": item})
    if kind == "ports":
        number, protocol = item.split("/")
        return _element(document, "port", {"port": number, "protocol": protocol})
    if kind == "sources":
        name = _ipset_name(item) if item.startswith("ipset:") else None
        return _element(document, "source", {"ipset": name} if name else {"address": item})
    rule = parse_rich_rule(item)
    element = _element(document, "rule", rule.attributes)
    for part in rule.parts:
        child = _element(document, part.name, part.attributes)
        if part.limit:
            child.appendChild(_element(document, "limit", part.limit))
        element.appendChild(document.createTextNode("\n    "))
        element.appendChild(child)
    element.appendChild(document.createTextNode("\n  "))
    return element


def write_zone_file(data, zone, label=None):
    """Give a zone file the target and the items of a zone; all else in it stays as it is.

    Only the order of attributes within a tag may change, on Pythons before 3.8.

    Args:
        data: bytes or None, the file as it is now; None makes a new one.
        zone: Zone.
        label: str, what to call the file in an error.

    Returns:
        bytes.

    Raises:
        ZoneError: C(data) is not a zone file.
    """
    document = _parse_document(data if data is not None else b"<zone>\n</zone>", label or zone.name)
    root = document.documentElement
    if zone.target != _target(to_native(root.getAttribute("target"))):
        if zone.target == "default":
            root.removeAttribute("target")
        else:
            root.setAttribute("target", _XML_TARGETS.get(zone.target, zone.target))
    missing = dict((kind, list(zone.list(kind))) for kind in KINDS)
    for element in _children(root):
        item = _item_from_xml(element)
        if item is None:
            continue
        canonical = _CANONICAL[item[0]](item[1])
        if canonical in missing[item[0]]:
            missing[item[0]].remove(canonical)
        else:
            before = element.previousSibling
            if before is not None and before.nodeType == before.TEXT_NODE and not before.data.strip():
                root.removeChild(before)
            root.removeChild(element)
    last = root.lastChild
    if last is None or last.nodeType != last.TEXT_NODE or not last.data.endswith("\n"):
        root.appendChild(document.createTextNode("\n"))
    for kind in ("sources", "services", "ports", "rich_rules"):
        for item in missing[kind]:
            root.appendChild(document.createTextNode("  "))
            root.appendChild(_item_to_xml(document, kind, zone.items[kind][item] if kind == "services" else item))
            root.appendChild(document.createTextNode("\n"))
    # minidom writes no line break after the declaration, and none between comments outside the root.
    lines = ['<?xml version="1.0" encoding="utf-8"?>'] + [node.toxml() for node in document.childNodes]
    return to_bytes("\n".join(lines) + "\n")


# ------------------------------------------------------------------------------- output of firewall-cmd


def parse_zone_listing(text):
    """Read what C(firewall-cmd --list-all-zones) and C(--info-zone) print, firewalld 0.6.3 to 2.5.

    Returns:
        dict of str → Zone.
    """
    found = {}
    fields, key = None, None
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.startswith("\t"):
            if fields is not None and key is not None:
                fields.setdefault(key, []).append(line.strip())
        elif line.startswith("  "):
            key, colon, value = line.strip().partition(":")
            if fields is not None and colon:
                fields[key] = value.split()
        else:
            fields, key = {}, None
            found[line.split()[0]] = fields
    return dict(
        (
            name,
            Zone(
                name,
                _target(" ".join(fields.get("target", []))),
                fields.get("interfaces", ()),
                sources=fields.get("sources"),
                services=fields.get("services"),
                ports=fields.get("ports"),
                rich_rules=fields.get("rich rules"),
            ),
        )
        for name, fields in found.items()
    )


# ------------------------------------------------------------------------------------------ what is asked


def check_zone_name(name, longest):
    """Refuse a name that firewalld would not take.

    Args:
        name: str.
        longest: int, how many characters the installed firewalld accepts.

    Raises:
        ZoneError.
    """
    if not _NAME.match(name):
        raise ZoneError("zone name {0!r}: only letters, digits, '-' and '_' are accepted".format(name))
    if len(name) > longest:
        raise ZoneError(
            "zone name {0!r} has {1} characters, and the installed firewalld accepts {2}: shorten it, "
            "for example to {3!r}".format(name, len(name), longest, name[:longest].rstrip("-_"))
        )


def wanted_zone(name, target, sources, services, ports, rich_rules):
    """The zone that the user asks for, every part of it checked.

    Args:
        name: str.
        target: str, one of ``TARGETS``.
        sources, services, ports, rich_rules: list of str, or None for none.

    Returns:
        tuple: Zone, and a list of str, the warnings.

    Raises:
        ZoneError: a part is not what it has to be.
    """
    kept, inside = collapse_sources([parse_source(text) for text in sources or ()])
    warnings = [
        "zone {0}: source {1} is left out, it lies inside {2}".format(name, inner, outer) for inner, outer in inside
    ]
    for service in services or ():
        if not re.match(r"^[A-Za-z0-9_./+-]+$", service):
            raise ZoneError("service {0!r}: a service's name has letters, digits, '-' and '_'".format(service))
    rules = []
    for text in rich_rules or ():
        rule = parse_rich_rule(text)
        rule.check()
        rules.append(str(rule))
    zone = Zone(
        name,
        target,
        sources=kept,
        services=services or (),
        ports=[format_port(parse_port(text)) for text in ports or ()],
        rich_rules=rules,
    )
    return zone, warnings
