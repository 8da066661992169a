# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for networks, next hops and interfaces (postconf(5))."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    FAMILY_NAMES,
    closed_to_strangers,
    is_loopback,
    parse_address,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.public_domains import is_public_domain
from ansible_collections.mailops.relay.plugins.module_utils.postfix.destinations import matches_subdomains
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import (
    ERROR,
    WARNING,
    is_reachable,
    program,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_services import transport_name
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tables import answers_in
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import ConfigText
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem
from ansible_collections.mailops.relay.plugins.module_utils.postfix.networks import (
    HOST_NAME,
    parse_list,
    write_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import shown

# Lists of hosts and networks; whom the first four name may relay, or say that he is somebody else.
_TRUSTED_LISTS = {
    "mynetworks": ("open-relay-mynetworks", "may relay to anywhere through permit_mynetworks"),
    "smtpd_authorized_xclient_hosts": (
        "open-relay-xclient",
        "may claim any client address with XCLIENT, also one of mynetworks",
    ),
    "qmqpd_authorized_clients": ("open-relay-qmqpd", "may relay to anywhere through qmqpd"),
    "smtpd_authorized_xforward_hosts": (
        "xforward-open",
        "may have the log and content filters name another client than himself, with XFORWARD",
    ),
}
# What lets nobody relay is no error.
_ONLY_WARNED = ("smtpd_authorized_xforward_hosts",)
# By what a client of smtpd(8) names another client.
_CLAIMS = ("smtpd_upstream_proxy_protocol", "smtpd_authorized_xclient_hosts")
_NETWORK_LISTS = tuple(_TRUSTED_LISTS) + (
    "permit_mx_backup_networks",
    "smtpd_authorized_verp_clients",
    "smtpd_client_event_limit_exceptions",
    "smtpd_sasl_exceptions_networks",
    "smtpd_forbid_bare_newline_exclusions",
    "debug_peer_list",
)

# Addresses on the internet, in different parts of it: what matches one of them and does not name it matches strangers.
_STRANGERS = ("8.41.0.4", "81.2.69.142", "185.60.216.35", "2600:1::9")
_MAXIMUM_NESTING = 5

# What may name next hops besides: whether a transport stands before them.
_WITH_TRANSPORT = ("default_transport", "relay_transport")
_HOP_TABLES = (
    ("transport_maps", True),
    ("sender_dependent_default_transport_maps", True),
    ("sender_dependent_relayhost_maps", False),
)

# The ports of the service names that mail uses (services(5)); others are compared as text.
_PORTS = {"smtp": "25", "smtps": "465", "submissions": "465", "submission": "587"}


def check_networks(scope):
    """list of Finding: networks that Postfix cannot read, and networks of strangers.

    cidr_match(3) refuses host bits; smtpd(8) then answers 451 to every client that gets as far as that entry.
    Who is not a stranger: see ``addresses.closed_to_strangers``.
    """
    findings = []
    lookups = None
    for name in _NETWORK_LISTS:
        value = scope.get(name) if name in scope.explicit else None
        if not value:
            continue
        lookups = lookups or Lookups(scope.host, scope.get("queue_directory"))
        excluded = []
        for entry in _entries(parse_list(value), lookups, 0):
            if entry.excluded and entry.kind == "network" and not entry.reason:
                excluded.append(entry.network)
            findings += _check_entry(scope, name, entry, excluded, lookups)
    return findings


def _entries(entries, lookups, depth):
    """iterable of Entry: those of a list, and of the files that it names (match_list(3))."""
    for entry in entries:
        if entry.kind != "file":
            yield entry
        elif depth < _MAXIMUM_NESTING:
            lines = ConfigText(lookups.text(entry.text) or "", entry.text).logical_lines()
            inner = [item for line in lines for item in parse_list(line.folded())]
            for found in _entries(inner, lookups, depth + 1):
                yield found._replace(excluded=found.excluded != entry.excluded)


def _is_for_this_host(scope, name):
    """bool: whether it is a service that only this host reaches, and takes nobody for another client than he is."""
    return (
        scope.service is not None
        and not is_reachable(scope)
        and not any(scope.get(claim) for claim in _CLAIMS if claim != name)
    )


def _check_entry(scope, name, entry, excluded, lookups):
    if entry.kind == "invalid":
        return [
            scope.finding(
                "network-invalid",
                name,
                "{0}: {1}".format(entry.text, entry.reason),
                "write {0}".format(entry.suggestion) if entry.suggestion else "write it like 10.0.0.0/8 or [fd00::]/8",
            )
        ]
    if entry.reason:
        return [
            scope.finding(
                "network-host-bits",
                name,
                "{0} has bits set beyond its prefix length, so Postfix refuses the list".format(entry.text),
                "write {0}, or the address without a prefix length for one host".format(entry.suggestion),
            )
        ]
    if name not in _TRUSTED_LISTS or entry.excluded or _is_for_this_host(scope, name):
        return []
    identifier, consequence = _TRUSTED_LISTS[name]
    if entry.kind == "table":
        return _check_table(scope, name, entry.text, excluded, lookups)
    if entry.kind == "name" and is_public_domain(entry.text):
        if entry.text.startswith(".") or matches_subdomains(scope, name):
            return [
                scope.finding(
                    identifier,
                    name,
                    "{0} matches every host with a name in that domain, which then {1}".format(entry.text, consequence),
                    "list the networks of your own clients",
                    WARNING if name in _ONLY_WARNED else ERROR,
                )
            ]
    if entry.kind != "network":
        return []
    return _check_network(scope, name, entry.text, entry.network, excluded)


def _check_network(scope, name, text, network, excluded):
    single = network.single
    if closed_to_strangers(network) or any(outer.contains(network) for outer in excluded):
        return []
    if single and scope.host.is_local_address(network.address):
        return []
    identifier, consequence = _TRUSTED_LISTS[name]
    return [
        scope.finding(
            identifier,
            name,
            "{0} is {1}, which then {2}".format(
                text,
                "a host on the internet" if single else "a network on the internet, with hosts of strangers",
                consequence,
            ),
            "list private networks only (RFC 1918, RFC 4193)"
            + ("" if name in _ONLY_WARNED else ", or accept the risk {0}".format(identifier)),
            WARNING if single or name in _ONLY_WARNED else ERROR,
        )
    ]


def _check_table(scope, name, text, excluded, lookups):
    """list of Finding: the addresses of strangers that a table answers to; what it answers does not matter here."""
    try:
        table = lookups.table(text)
        strange = [address for address in _STRANGERS if table.find(address)]
        strange = [
            address for address in strange if not any(outer.contains(parse_address(address)) for outer in excluded)
        ]
        if strange or _is_matched_by_name(table, name, scope):
            identifier, consequence = _TRUSTED_LISTS[name]
            return [
                scope.finding(
                    identifier,
                    name,
                    "{0} matches {1} on the internet, which then {2}".format(
                        shown(name, text),
                        "every host" if len(strange) == len(_STRANGERS) else "hosts of strangers",
                        consequence,
                    ),
                    "list the networks of your own clients",
                    WARNING if name in _ONLY_WARNED else ERROR,
                )
            ]
        networks = [network for network in table.networks() if table.find(network.address)]
        networks += [found for found in (parse_address(key) for key, _value in table.entries()) if found]
    except SyntaxProblem:
        return []
    findings = []
    for network in networks:
        where = "{0} in {1}".format(write_network(network), shown(name, text))
        findings += _check_network(scope, name, where, network, excluded)
    # One is enough of those that are alike.
    return findings[:1]


def _is_matched_by_name(table, name, scope):
    """bool: whether a table has a top-level domain for a key, so that every host with a name in it matches."""
    bare = matches_subdomains(scope, name)
    return any(is_public_domain(key) and key.startswith(".") != bare for key, _value in table.entries())


def check_networks_style(scope):
    """list of Finding: networks that Postfix trusts because nobody said which (postconf(5), mynetworks_style)."""
    if "mynetworks" in scope.names():
        return []
    name = "mynetworks_style"
    style = (scope.get(name) or "").lower()
    fix = "set mynetworks to the networks of your own clients, or mynetworks_style to host"
    if name in scope.explicit and style == "class":
        return [
            scope.finding(
                "open-relay-mynetworks",
                name,
                "every host in the class A, B or C network of this host's addresses may relay, strangers too",
                fix,
            )
        ]
    strangers = [
        write_network(entry.network)
        for entry in parse_list(scope.host.defaults.get("mynetworks", ""))
        if entry.kind == "network" and not closed_to_strangers(entry.network) and not entry.network.single
    ]
    if style == "subnet" and (strangers or name in scope.explicit):
        return [
            scope.finding(
                "mynetworks-style",
                name,
                "mynetworks is not set, so all hosts in the subnets of this host may relay{0}".format(
                    ": " + ", ".join(strangers) if strangers else ""
                ),
                fix,
                WARNING,
            )
        ]
    return []


def next_hop(text):
    """(str, str or None, bool): host, port and whether brackets turn the MX look-up off.

    Raises:
        ValueError: the text is not a next hop; the reason (host_port(3)).
    """
    if text.startswith("["):
        match = re.match(r"\[([^][]*)\](.*)\Z", text, re.S)
        if not match:
            raise ValueError("the bracket is never closed" if "]" not in text else "brackets inside of brackets")
        host, rest = match.groups()
        if rest and not rest.startswith(":"):
            raise ValueError("only :port may follow the closing bracket")
        port, direct = rest[1:] or None, True
        address = host[5:] if host.lower().startswith("ipv6:") else host
        if ":" in host:
            if not parse_address(address) or address.count(":") < 2:
                if HOST_NAME.match(host.split(":")[0]):
                    raise ValueError("the port belongs behind the closing bracket")
                raise ValueError("{0} is not an IPv6 address".format(address))
            host = address
    else:
        if parse_address(text) and ":" in text:
            raise ValueError("an IPv6 address needs brackets")
        host, separator, port = text.rpartition(":")
        if not separator:
            host, port = port, None
        port, direct = port or None, False
        if "[" in host or "]" in text:
            raise ValueError("a bracket does not stand at the beginning" if "[" in host else "no bracket is opened")
    if not host:
        raise ValueError("there is no host")
    if not parse_address(host) and not HOST_NAME.match(host):
        raise ValueError("{0} is not a host name or address".format(host))
    if re.match(r"[0-9.]+\Z", host) and not parse_address(host):
        raise ValueError("{0} is not an IPv4 address".format(host))
    if port is not None:
        if port[0].isdigit():
            if not re.match(r"[0-9]{1,5}\Z", port) or not 0 < int(port) < 65536:
                raise ValueError("the port {0} is not a number from 1 to 65535".format(port))
        elif not re.match(r"[A-Za-z][A-Za-z0-9_-]*\Z", port):
            raise ValueError("{0} is neither a port nor the name of one".format(port))
    return host, port, direct


def check_next_hops(scope, services):
    """list of Finding: next hops that smtp(8) cannot read, and a relayhost that is this host.

    At the former all mail is deferred. postconf(5), relayhost and smtp_fallback_relay; several relayhosts since 3.5.
    """
    findings = []
    for name in ("relayhost", "smtp_fallback_relay", "lmtp_fallback_relay"):
        value = scope.get(name) if name in scope.explicit else None
        hops = split_list(value or "")
        if name == "relayhost" and len(hops) > 1 and scope.host.version < (3, 5):
            findings.append(
                scope.finding(
                    "relayhost-malformed",
                    name,
                    "more than one relayhost needs Postfix 3.5",
                    "give one, and the others in smtp_fallback_relay",
                )
            )
            continue
        for hop in hops:
            try:
                host, port, direct = next_hop(hop)
            except ValueError as exc:
                findings.append(
                    scope.finding(
                        "relayhost-malformed",
                        name,
                        "{0}: {1}".format(hop, exc),
                        "write it like [relay.example.com]:587",
                    )
                )
                continue
            if name == "relayhost" and _is_this_host(scope, services, host, port, direct):
                findings.append(
                    scope.finding(
                        "relayhost-self",
                        name,
                        "{0} is this host, so mail loops back to it and is never delivered".format(hop),
                        "name another host, or leave relayhost empty on the host that sends to the internet",
                    )
                )
    return findings + _check_other_next_hops(scope, services)


def _check_other_next_hops(scope, services):
    """list of Finding: what else sends mail, or some of it, to this host again: smtp(8) finds that it loops back, and it is bounced."""
    findings = []
    for name, where, hops, severity in _other_next_hops(scope, services):
        for hop in split_list(hops):
            try:
                host, port, direct = next_hop(hop)
            except ValueError:
                # Of another transport's form, or one that a rule puts together.
                continue
            if _is_this_host(scope, services, host, port, direct):
                findings.append(
                    scope.finding(
                        "relayhost-self",
                        name,
                        "{0} is this host, so mail that {1} sends there loops back and is never delivered".format(
                            hop, where
                        ),
                        "name another host there, or take it out",
                        severity,
                    )
                )
                break
    return findings


def _other_next_hops(scope, services):
    """iterable of (str, str, str, str): parameter, what names the next hops, the next hops, and how bad one is that is this host."""
    smtp = set(service["name"] for service in services if program(service) == "smtp") or set(["smtp", "relay"])
    if "smtp_fallback_relay" in scope.explicit:
        yield "smtp_fallback_relay", "it", scope.get("smtp_fallback_relay") or "", WARNING
    for name in _WITH_TRANSPORT:
        value = (scope.get(name) or "") if name in scope.explicit else ""
        if transport_name(value) in smtp:
            yield name, "it", value.partition(":")[2], ERROR
    lookups = Lookups(scope.host, scope.get("queue_directory"))
    for name, with_transport in _HOP_TABLES:
        tables = (scope.get(name) or "") if name in scope.explicit else ""
        for kind, key, value in answers_in(lookups, tables):
            if not with_transport or not transport_name(value) or transport_name(value) in smtp:
                hops = value.partition(":")[2] if with_transport else value
                # What static: says is its name.
                where = kind + ":" if kind == "static" else "{0} {1}".format(kind, key)
                yield name, where, hops, ERROR if kind == "static" else WARNING


def _is_this_host(scope, services, host, port, direct):
    """bool: whether a next hop ends at an smtpd of this host; a content filter on another port does not."""
    ports = set("25" for unused in [None] if not services)
    for service in services:
        if service["type"] == "inet" and program(service) in ("smtpd", "postscreen"):
            listening = service["name"].rpartition(":")[2]
            ports.add(_PORTS.get(listening, listening))
    port = port or "25"
    if _PORTS.get(port.lower(), port) not in ports:
        return False
    own = (scope.get("myhostname") or "").lower().rstrip(".")
    if host.lower().rstrip(".") == own:
        return True
    # Without brackets the MX record decides, which may well lead elsewhere.
    return (direct or parse_address(host) is not None) and scope.host.is_local_address(host)


def check_interfaces(scope):
    """list of Finding: addresses in inet_interfaces that this host does not have (own_inet_addr(3) stops Postfix)."""
    name = "inet_interfaces"
    protocols = [item.lower() for item in split_list(scope.get("inet_protocols") or "")]
    families = [family for family in ("ipv4", "ipv6") if not protocols or "all" in protocols or family in protocols]
    wants_ipv6 = "ipv6" in families
    findings = []
    if "ipv6" in protocols and "ipv4" not in protocols and not scope.host.is_local_address("::1"):
        findings.append(
            scope.finding(
                "ipv6-unavailable", "inet_protocols", "IPv6 is disabled on this host", "set inet_protocols to ipv4"
            )
        )
    if name not in scope.explicit or scope.get(name) is None:
        return findings
    items = [item for item in split_list(scope.get(name)) if item.lower() not in ("all", "loopback-only")]
    for item in items:
        plain = item.strip("[]")
        address = parse_address(plain)
        if address is None and plain.lower() == "localhost":
            continue
        if address is not None and address.family not in families:
            # inet_addr_host(3) looks for addresses of the families that are on only.
            findings.append(
                scope.finding(
                    "interface-protocol-off",
                    name,
                    "{0} is an {1} address, and inet_protocols is {2}, so Postfix does not start".format(
                        item, FAMILY_NAMES[address.family], ", ".join(protocols)
                    ),
                    "take it out, or set inet_protocols to all",
                )
            )
            continue
        if not scope.host.is_local_address(plain):
            fix = "list addresses that this host has, or write all"
            if plain == "::1":
                fix = "take ::1 out and set inet_protocols to ipv4"
            findings.append(
                scope.finding(
                    "interface-not-local",
                    name,
                    "{0} is not an address of this host, Postfix does not start".format(item),
                    fix,
                )
            )
    names = []
    if wants_ipv6 and not findings and not scope.host.is_local_address("::1"):
        names = [
            item for item in items if parse_address(item.strip("[]")) is None and scope.host.has_ipv6_address(item)
        ]
    if names:
        findings.append(
            scope.finding(
                "ipv6-unavailable",
                name,
                "IPv6 is disabled on this host; Postfix does not start, since {0} has an IPv6 address".format(
                    ", ".join(names)
                ),
                "set inet_protocols to ipv4",
                WARNING,
            )
        )
    return findings + _check_bound_source(scope, items, families)


def _check_bound_source(scope, items, families):
    """list of Finding: a private address that is the only one of its family, from which smtp(8) then sends over it too.

    Of another family than the server's, no address here makes a difference (postconf(5), smtp_bind_address; smtp_connect.c).
    """
    name = "inet_interfaces"
    addresses = [parse_address(item.strip("[]")) for item in items]
    if None in addresses or scope.get("relayhost"):
        return []
    findings = []
    for family, bind, loopback, anywhere in (
        ("ipv4", "smtp_bind_address", "127.0.0.1", "0.0.0.0"),
        ("ipv6", "smtp_bind_address6", "::1", "::"),
    ):
        own = [address for address in addresses if address.family == family]
        if family not in families or len(own) != 1 or is_loopback(own[0]) or scope.get(bind):
            continue
        if closed_to_strangers(own[0]):
            findings.append(
                scope.finding(
                    "single-interface",
                    name,
                    "Postfix also sends from {0}, because it is the only {1} address here; "
                    "a private address may not reach the internet".format(own[0].address, FAMILY_NAMES[family]),
                    "add {0}, or set {1} to {2}".format(loopback, bind, anywhere),
                    WARNING,
                )
            )
    return findings
