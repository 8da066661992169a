# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for addresses that are rewritten: too late, or only half of them (ADDRESS_REWRITING_README)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import WARNING, program

_MILTERS = ("smtpd_milters", "non_smtpd_milters")
# What cleanup(8) rewrites of a sender, and the parameter that says where.
_REWRITES = (
    ("masquerade_domains", "masquerade_classes"),
    ("canonical_maps", "canonical_classes"),
    ("sender_canonical_maps", "sender_canonical_classes"),
)
_CLIENTS = "local_header_rewrite_clients"
# Whoever else is named there may be all clients.
_ONLY_THIS_HOST = frozenset(["permit_inet_interfaces"])
_LOOPBACK = ("127.", "[::1]", "[::ffff:127.")


def check_rewriting(main_scope, service_scopes, services):
    """list of Finding: warnings, see the module.

    Args:
        main_scope: Scope of main.cf.
        service_scopes: list of Scope, of the services with options of their own.
        services: list of dict, see ``lint.check``.
    """
    return _after_signing(main_scope, service_scopes, services) + _envelope_only(main_scope, service_scopes)


def _after_signing(main_scope, service_scopes, services):
    if not any(scope.get(name) for scope in [main_scope] + service_scopes for name in _MILTERS):
        return []
    found = []
    for scope in [main_scope] + service_scopes:
        for side in ("smtp", "lmtp"):
            name = side + "_generic_maps"
            if scope.service is not None and (program(scope.service) != side or name not in scope.explicit):
                continue
            # lmtp takes it from smtp where it has none of its own.
            if scope.service is None and name not in scope.explicit:
                continue
            if scope.get(name):
                message = (
                    "it rewrites addresses when a milter has seen the message, and makes the signature invalid that a milter has "
                    "made"
                )
                fix = "rewrite before: masquerade_domains, or sender_canonical_maps"
                found.append(scope.finding("generic-after-signing", name, message, fix, WARNING))
    return found


def _envelope_only(scope, service_scopes):
    clients = scope.get(_CLIENTS)
    if (
        clients is None
        or not _ONLY_THIS_HOST.issuperset(split_list(clients))
        or scope.get("remote_header_rewrite_domain")
        or any(_CLIENTS in other.explicit for other in service_scopes)
        or not _has_clients(scope)
    ):
        return []
    found = []
    for name, classes in _REWRITES:
        where = split_list(scope.get(classes) or "")
        if name in scope.explicit and scope.get(name) and "envelope_sender" in where and "header_sender" in where:
            message = (
                "of mail that comes from other hosts only the envelope is rewritten, so that From has another domain, which DMARC "
                "does not take for the same"
            )
            fix = "set {0} to permit_inet_interfaces, permit_mynetworks".format(_CLIENTS)
            found.append(scope.finding("masquerade-envelope-only", name, message, fix, WARNING))
    return found


def _has_clients(scope):
    """bool: whether mail of other hosts comes in; where mynetworks is a table, it counts as if."""
    networks = split_list(scope.get("mynetworks") or "")
    return any(not network.startswith(_LOOPBACK) for network in networks)
