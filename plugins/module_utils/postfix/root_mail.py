# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay's Postfix does with mail for users of the site's own hosts, as its tables have it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.mail.root_mail import KEPT, LEAVES, REFUSED, TAKEN, UNKNOWN

# transport(5): what the error transport answers is behind its name.
_ERROR = "error:"


def answers(runner, parameters, addresses, own=()):
    """dict: address -> {C(verdict), C(text)}: one of the constants of ``mail/root_mail``, and the address, the reason, or what could not be read.

    Args:
        runner: ``Runner``.
        parameters: ``Parameters`` of the Postfix.
        addresses: list of str, with a domain.
        own: list of str, domains besides those of mydestination of which a table needs the user alone (virtual(5)).
    """
    own = set(name.lower() for name in parameters.names("mydestination")).union(own)
    keys = dict((address, _keys(address.lower(), own)) for address in addresses)
    aliases, missed = _look_up(
        runner, parameters.names("virtual_alias_maps"), [key for found in keys.values() for key in found]
    )
    domains = sorted(set(address.rpartition("@")[2].lower() for address in addresses))
    routes, unread = _look_up(runner, parameters.names("transport_maps"), domains)
    result = {}
    for address in addresses:
        domain = address.rpartition("@")[2].lower()
        route = routes.get(domain, "")
        alias = next((aliases[key] for key in keys[address] if key in aliases), None)
        if alias is not None:
            verdict, text = TAKEN, alias
        elif missed or unread:
            verdict, text = UNKNOWN, missed or unread
        elif route.startswith(_ERROR):
            verdict, text = REFUSED, route[len(_ERROR) :]
        elif domain in own:
            verdict, text = KEPT, ""
        else:
            verdict, text = LEAVES, ""
        result[address] = {"verdict": verdict, "text": text}
    return result


def _keys(address, own):
    """list of str: what Postfix looks for, in its order (virtual(5))."""
    user, _at, domain = address.rpartition("@")
    return [address] + ([user] if domain in own else []) + ["@" + domain]


def _look_up(runner, tables, keys):
    """(dict, str): key -> value of the first table that has it, and why a table could not be read; empty when all were."""
    found, problem = {}, ""
    for table in reversed(tables):
        try:
            result = runner.run(["postmap", "-q", "-", table], stdin="".join(key + "\n" for key in keys), check=False)
        except CommandError as exc:
            return found, str(exc)
        # Exit code 1 is that it has none of them (postmap(1)); what could not be opened is on standard error.
        if result.rc and "fatal: " in result.stderr:
            problem = result.stderr.strip().split("\n")[-1]
        for line in result.stdout.split("\n"):
            key, tab, value = line.partition("\t")
            if tab:
                found[key] = value.strip()
    return found, problem
