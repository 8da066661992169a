# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the running Postfix asks a resolver that validates, which DANE needs: of another one nothing it says is proven."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_loopback, read_address
from ansible_collections.mailops.relay.plugins.module_utils.host.dns_question import SOA, ask
from ansible_collections.mailops.relay.plugins.module_utils.host.resolv_conf import nameservers
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.postfix.dane_resolver import validation_problem

IDENTIFIER = "dane"
_RESTART = (
    "Run mailops.relay.site with relay_server_dane; or restart Postfix, which reads its resolv.conf when it starts."
)


def dane_checks(views, signed, broken, seconds, asks=ask):
    """list of dict: the verdict on each name server that Postfix asks.

    Args:
        views: list of (str, str), of ``postfix/dane_resolver.postfix_views``.
        signed, broken: str, see ``validation_problem``.
        seconds: float, the longest that all of it takes.
        asks: callable, as ``dns_question.ask``.
    """
    if not views:
        return [
            checks.skipped(IDENTIFIER, "resolver of Postfix", "Postfix does not run, so that nobody knows whom it asks")
        ]
    found, seen = [], {}
    for path, text in views:
        servers = nameservers(text)
        if not servers:
            # Then the C library asks 127.0.0.1.
            found.append(checks.failed(IDENTIFIER, path, "names no name server", _RESTART))
        for server in servers:
            seen.setdefault(server, []).append(path)
    for server in sorted(seen):
        subject = "{0} in {1}".format(server, " and ".join(seen[server]))
        address = read_address(server)
        if address is None or not is_loopback(address):
            found.append(
                checks.failed(
                    IDENTIFIER,
                    subject,
                    "is not on this host, so that anybody on the way could say what it says",
                    _RESTART,
                )
            )
            continue
        # At most four questions, one after the other.
        problem = validation_problem(
            signed,
            broken,
            lambda name, unchecked, server=server: asks(
                server, name, SOA, seconds / 4.0, dnssec=True, unchecked=unchecked
            ),
        )
        if problem:
            what, _dot, todo = problem.rpartition(". ")
            found.append(checks.failed(IDENTIFIER, subject, what, todo + "."))
        else:
            told = "validates: {0} is marked as checked (AD), {1} is refused (SERVFAIL)".format(signed, broken)
            found.append(checks.ok(IDENTIFIER, subject, told))
    return found
