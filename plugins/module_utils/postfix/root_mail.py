# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a relay's Postfix does with mail for users of the site's own hosts, as its tables have it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.mail.root_mail import (
    ALIASED,
    KEPT,
    LEAVES,
    REFUSED,
    TAKEN,
    UNKNOWN,
)

# access(5): what a client is told.
_ACCESS = re.compile(r"check_recipient_access\s+([^\s,]+)")
_REJECTED = re.compile(r"(?:[45][0-9][0-9]|REJECT)\s*(.*)", re.IGNORECASE | re.DOTALL)
# local(8): what comes before a mailbox.
_ROOT = "root"
_FORWARD = "/root/.forward"

# transport(5): what the error transport answers is behind its name.
_ERROR = "error:"


def sends_root_on(runner):
    """bool: whether this host sends mail to its own root on, by an alias or root's C(.forward); also where that cannot be told."""
    if (read_native(_FORWARD) or "").strip():
        return True
    try:
        told = runner.run(["postconf", "-h", "alias_maps"]) if runner.find("postconf") else None
        found, problem = _look_up(runner, told.stdout.replace(",", " ").split() if told else [], [_ROOT])
    except RelayError:
        return True
    return bool(found or problem)


def answers(runner, parameters, addresses, own=(), from_others=False):
    """dict: address -> {C(verdict), C(text)}: one of the constants of ``mail/root_mail``, and the address, the reason, or what could not be read.

    Args:
        runner: ``Runner``.
        parameters: ``Parameters`` of the Postfix.
        addresses: list of str, with a domain.
        own: list of str, domains besides those of mydestination of which a table needs the user alone (virtual(5)).
        from_others: bool, whether it comes from other hosts, who may be told that it is not taken.
    """
    own = set(name.lower() for name in parameters.names("mydestination")).union(own)
    # An address in the place of a domain (virtual(5)).
    own.update("[{0}]".format(name) for name in parameters.names("inet_interfaces"))
    keys = dict((address, _keys(address.lower(), own)) for address in addresses)
    aliases, missed = _look_up(
        runner, parameters.names("virtual_alias_maps"), [key for found in keys.values() for key in found]
    )
    domains = sorted(set(address.rpartition("@")[2].lower() for address in addresses))
    routes, unread = _look_up(runner, parameters.names("transport_maps"), domains)
    access = _ACCESS.findall(parameters.value("smtpd_recipient_restrictions")) if from_others else []
    refused = _look_up(runner, access, [address.lower() for address in addresses])[0] if access else {}
    result = {}
    for address in addresses:
        told = _REJECTED.match(refused.get(address.lower(), ""))
        domain = address.rpartition("@")[2].lower()
        route = routes.get(domain, "")
        alias = next((aliases[key] for key in keys[address] if key in aliases), None)
        if told:
            verdict, text = REFUSED, told.group(1)
        elif alias is not None:
            verdict, text = TAKEN, alias
        elif missed or unread:
            verdict, text = UNKNOWN, missed or unread
        elif route.startswith(_ERROR):
            verdict, text = REFUSED, route[len(_ERROR) :]
        elif domain in own and address.lower().startswith(_ROOT + "@") and sends_root_on(runner):
            verdict, text = ALIASED, ""
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
