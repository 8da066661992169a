# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way a host's packets leave, and which name servers its own programs ask."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

from ansible_collections.mailops.relay.plugins.module_utils.host import dns_question
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    not_globally_routed,
    parse_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

# Addresses of the internet, to ask the routing table; nothing is sent there (a.root-servers.net).
_OUTSIDE = ((socket.AF_INET, "198.41.0.4"), (socket.AF_INET6, "2001:503:ba3e::2:30"))


def route_sources():
    """list of str: the addresses from which packets to the internet leave, IPv4 before IPv6; no packet is sent."""
    found = []
    for family, target in _OUTSIDE:
        try:
            handle = socket.socket(family, socket.SOCK_DGRAM)
        except socket.error:
            continue
        try:
            handle.connect((target, dns_question.PORT))
            found.append(handle.getsockname()[0])
        except socket.error:
            pass
        finally:
            handle.close()
    return found


def nameserver_check(server, seconds, where, port=dns_question.PORT):
    """dict: whether a name server answers this host, whatever it has to say.

    Args:
        server: str, its address.
        seconds: float.
        where: str, the host that asks, for the reader.
        port: int.
    """
    identifier, subject = "dns_resolver", "{0} asked by {1}".format(server, where)
    todo = "Start or repair the name server {0}, or name another one in /etc/resolv.conf.".format(server)
    try:
        # The name servers of the root: each resolver knows them.
        rcode = dns_question.ask(server, ".", dns_question.NS, seconds, port).rcode
    except dns_question.QuestionError as exc:
        return checks.failed(identifier, subject, str(exc), todo)
    if rcode in (dns_question.NOERROR, dns_question.NXDOMAIN):
        return checks.ok(identifier, subject, "answers")
    if rcode == dns_question.REFUSED:
        todo = "Let {0} answer this host, or name another name server in /etc/resolv.conf.".format(server)
    return checks.failed(identifier, subject, "says {0}".format(dns_question.rcode_text(rcode)), todo)


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
