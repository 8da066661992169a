# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule of the lint for TLS connections that are used again (C(smtp_tls_connection_reuse), Postfix 3.4 and later).

tlsproxy(8) opens them. As root, when it starts, it reads what its own settings (C(tlsproxy_client_...), by default those of
C(smtp_tls_...) in main.cf) name. For a client whose settings differ, it reads all of them anew, when it has left root and is in
its jail; with a log level of its own, a client needs the key that is the same for all. What it cannot read then ends in
"Cannot start TLS: handshake failure", at each level, C(may) too. Seen on Postfix 3.5.25, 3.7.11 and 3.10.13.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import program, service_label
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_fingerprints import uses_tls
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tlsproxy_settings import FILES, SETTINGS


def check_reuse(main_scope, service_scopes, services):
    """list of Finding: services that use connections again for which tlsproxy(8) cannot read what they need.

    Args:
        main_scope: Scope of main.cf.
        service_scopes: list of Scope, of the services with options of their own.
        services: list of dict, see ``lint.check``.
    """
    own = dict(((scope.service["name"], scope.service["type"]), scope) for scope in service_scopes)
    by_key = dict(((service["name"], service["type"]), service) for service in services)
    found = []
    for service in services:
        side = program(service)
        name = "{0}_tls_connection_reuse".format(side)
        if side not in ("smtp", "lmtp"):
            continue
        scope = own.get((service["name"], service["type"]), main_scope)
        if not scope.is_yes(name) or not uses_tls(scope, side):
            continue
        key = (scope.get("tlsproxy_service_name") or "tlsproxy", "unix")
        proxy = by_key.get(key)
        if proxy is None or not _differs(scope, own.get(key, main_scope), side):
            continue
        path = _unreadable(scope, side, proxy)
        if path:
            found.append(
                scope.finding(
                    "tls-reuse-unreadable",
                    name,
                    "for the TLS settings of {0} tlsproxy cannot read {1}, and its mail is deferred: Cannot start TLS: "
                    "handshake failure".format(service_label(service), path),
                    "add -o {0}=no to {1}".format(name, service_label(service)),
                )
            )
    return found


def _differs(scope, proxy_scope, side):
    """bool: whether tlsproxy(8) has other settings than its client; what cannot be told is the same."""
    if side == "lmtp":
        # The cache of sessions is another.
        return True
    pairs = [
        (scope.get("smtp_tls_" + part), proxy_scope.get("tlsproxy_client_" + part))
        for part in SETTINGS
    ]  # fmt: skip
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


def _unreadable(scope, side, proxy):
    """str or None: the first file that is there and that tlsproxy(8) cannot read."""
    jail = (scope.get("queue_directory") or "") if _has_jail(scope, proxy) else ""
    for part in FILES:
        for path in split_list(scope.get("{0}_tls_{1}".format(side, part)) or ""):
            if path.lower() == "none" or not scope.host.exists(path):
                continue
            inside = os.path.join(jail, path.lstrip("/")) if jail else path
            if not scope.host.mail_owner_reads(inside):
                return inside
    return None


def _has_jail(scope, service):
    """bool: whether a service is chrooted; C(-) is yes at compatibility level 0 only (master(5), Postfix 3.0)."""
    if service["chroot"] == "-":
        return (scope.get("compatibility_level") or "0").partition(".")[0] == "0"
    return service["chroot"] == "y"
