# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether mail gets out: a mail exchanger of the internet is greeted on its port 25."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address, parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import Deadline, StreamError, addresses_of
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Session

_IDENTIFIER = "port_25"
# EAI_AGAIN of the C library: no name server answers, or none can tell.
_NO_ANSWER = "Temporary failure in name resolution"
_LITERAL = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]+)\]")

_TODO = {
    "name": "See whether the name is right, and what the name server of this host says of it.",
    "timeout": "Ask the provider or the firewall's keeper to open port 25 outbound, or send through relay_server_relayhost.",
    "no_route": "Give this host a route to the internet.",
    "unreachable": "See whether this mail exchanger is up, and whether the way there is whole.",
    "own_firewall": "Let the firewall of this host, or of its network, let it out.",
    "prohibited": "See whether this host takes mail on that port, and which firewall refuses it.",
    "refused": "See whether this host takes mail on that port, and whether a firewall on the way refuses it.",
}
_OTHER_TODO = "See what answers in the place of this mail exchanger: a proxy or a firewall on the way does so too."


def exit_checks(host, port, seconds, expected):
    """list of dict: port 25 outbound is open, and, where the mail exchanger tells it, from which address we come.

    Args:
        host: str, name or address of a mail exchanger.
        port: int.
        seconds: float, for all of it.
        expected: list of str, addresses from which the internet is to see us come; may be empty.
    """
    subject = host if port == 25 else "{0}:{1}".format(host, port)
    deadline = Deadline(seconds)
    problem = None
    try:
        addresses = addresses_of(host, port, deadline)
    except StreamError as exc:
        if exc.kind == "name" and _NO_ANSWER not in str(exc):
            return [checks.failed(_IDENTIFIER, subject, str(exc), _TODO["name"])]
        return [checks.skipped(_IDENTIFIER, subject, "{0}; see dns_resolver".format(exc))]
    for number, address in enumerate(addresses):
        try:
            # The others get their share of the time.
            session = Session(address, port, deadline, round(deadline.left() / (len(addresses) - number), 1))
            try:
                greeting = session.reply()
                if not greeting.ok:
                    todo = "See why it does not want this host: its address may be on a block list."
                    return [checks.failed(_IDENTIFIER, subject, "{0} says {1}".format(address, greeting), todo)]
                results = [checks.ok(_IDENTIFIER, subject, "{0} says {1}".format(address, greeting))]
                return results + _seen_from_there(subject, session, expected)
            finally:
                session.close()
        except StreamError as exc:
            problem = problem or exc
    return [checks.failed(_IDENTIFIER, subject, str(problem), _TODO.get(problem.kind, _OTHER_TODO))]


def _seen_from_there(subject, session, expected):
    """list of dict: of the address that the answer to EHLO has in brackets; many mail systems write it, Postfix does not."""
    try:
        hello = session.hello()
        session.quit()
    except StreamError:
        # The greeting has proved what was to be proved.
        return []
    found = [text for text in _LITERAL.findall(hello.lines[0]) if is_address(text)]
    if not found or not expected:
        return []
    if parse_network(found[-1]) in [parse_network(address) for address in expected]:
        return [checks.ok("outbound_address", "seen by " + subject, found[-1])]
    seen = "{0}, expected is {1}: it is translated on the way (NAT)".format(found[-1], ", ".join(expected))
    todo = "See that the router translates to {0} for port 25, or change the expected address.".format(expected[0])
    return [checks.failed("outbound_address", "seen by " + subject, seen, todo)]
