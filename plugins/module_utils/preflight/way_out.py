# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a host's packets leave, and which name servers its own programs ask."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import struct

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    is_address,
    not_globally_routed,
    parse_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

# Addresses of the internet, to ask the routing table; nothing is sent there (a.root-servers.net).
_OUTSIDE = ((socket.AF_INET, "198.41.0.4"), (socket.AF_INET6, "2001:503:ba3e::2:30"))

_DNS_PORT = 53
_NXDOMAIN, _REFUSED = 3, 5
_RCODES = {1: "FORMERR", 2: "SERVFAIL", 4: "NOTIMP", 5: "REFUSED"}


def route_sources():
    """list of str: the addresses from which packets to the internet leave, IPv4 before IPv6; no packet is sent."""
    found = []
    for family, target in _OUTSIDE:
        try:
            handle = socket.socket(family, socket.SOCK_DGRAM)
        except socket.error:
            continue
        try:
            handle.connect((target, _DNS_PORT))
            found.append(handle.getsockname()[0])
        except socket.error:
            pass
        finally:
            handle.close()
    return found


def nameservers(text):
    """list of str: addresses of the name servers in a C(resolv.conf) (resolv.conf(5)); the C library asks the first three."""
    found = []
    for line in text.split("\n"):
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver" and is_address(words[1].partition("%")[0]):
            found.append(words[1])
    return found[:3]


def nameserver_check(server, seconds, where, port=_DNS_PORT):
    """dict: whether a name server answers this host, whatever it has to say.

    Args:
        server: str, its address.
        seconds: float.
        where: str, the host that asks, for the reader.
        port: int.
    """
    identifier, subject = "dns_resolver", "{0} asked by {1}".format(server, where)
    number = os.urandom(2)
    # The name servers of the root: one question, recursion wanted (RFC 1035, 4.1).
    question = number + struct.pack(">HHHHH", 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack(">HH", 2, 1)
    todo = "Start or repair the name server {0}, or name another one in /etc/resolv.conf.".format(server)
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(server, port, 0, socket.SOCK_DGRAM)[0]
        handle = socket.socket(family, kind, protocol)
        try:
            # It is asked twice: a packet may be lost.
            handle.settimeout(max(seconds / 2.0, 0.1))
            handle.connect(address)
            reply = None
            for _attempt in range(2):
                try:
                    handle.send(question)
                    reply = handle.recv(4096)
                    break
                except socket.timeout:
                    pass
        finally:
            handle.close()
    except (socket.error, UnicodeError) as exc:
        return checks.failed(identifier, subject, "cannot be asked: {0}".format(exc), todo)
    if reply is None:
        return checks.failed(identifier, subject, "does not answer ({0:g} s)".format(seconds), todo)
    if len(reply) < 12 or reply[:2] != number or not bytearray(reply)[2] & 0x80:
        return checks.failed(identifier, subject, "answers with something that is not a DNS message", todo)
    rcode = bytearray(reply)[3] & 0x0F
    if rcode in (0, _NXDOMAIN):
        return checks.ok(identifier, subject, "answers")
    if rcode == _REFUSED:
        todo = "Let {0} answer this host, or name another name server in /etc/resolv.conf.".format(server)
    return checks.failed(identifier, subject, "says {0}".format(_RCODES.get(rcode, "error {0}".format(rcode))), todo)


def outbound_check(sources, expected, own):
    """dict: mail leaves from the address that the DNS names, and is not translated to another (NAT).

    Args:
        sources: list of str, addresses from which packets leave.
        expected: list of str, addresses from which the internet is to see them come; may be empty.
        own: list of str, all addresses of this host.
    """
    identifier, subject = "outbound_address", ", ".join(sources) or "no route"
    if not sources:
        return checks.failed(
            identifier, subject, "no packet leaves for the internet", "Give this host a default route."
        )
    if not expected:
        return checks.skipped(identifier, subject, "the address to expect was not given")
    wrong = []
    for address in expected:
        source = [one for one in sources if (":" in one) == (":" in address)]
        if not source:
            wrong.append("nothing leaves over {0}".format("IPv6" if ":" in address else "IPv4"))
        elif parse_network(source[0]) != parse_network(address):
            wrong.append("{0} leaves, {1} is expected".format(source[0], address))
    if not wrong:
        return checks.ok(identifier, subject, "as expected")
    seen = "; ".join(wrong)
    todo = "Set relay_server_outbound_address to {0}.".format(expected[0])
    if all(not_globally_routed(parse_network(source)) for source in sources) and not set(expected) & set(own):
        seen += "; it is translated on the way (NAT), and this host cannot see to what"
        todo = "See that the router translates {0} to {1} for port 25.".format(sources[0], expected[0])
        return checks.warning(identifier, subject, seen, todo)
    return checks.failed(identifier, subject, seen, todo)
