# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On which ports a Postfix offers TLS to other hosts, and from which files its certificates come (postconf(5), master(5))."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import names_loopback, plain
from ansible_collections.mailops.relay.plugins.module_utils.host.listeners import port_number
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import text_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import Scope, program
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf

_CHAIN_FILES = "smtpd_tls_chain_files"
_FILES = ("smtpd_tls_cert_file", "smtpd_tls_eccert_file", "smtpd_tls_dcert_file")
_LOOPBACK = {"ipv4": "127.0.0.1", "ipv6": "::1"}

# address: str, where the host itself reaches it; port: int; implicit: bool, whether TLS begins at once; files: list of str, paths
# of its certificates and, with chained, of keys and of what is behind a certificate too.
TlsService = namedtuple("TlsService", "address port implicit files chained")


def tls_services(host, settings):
    """The services of master.cf that offer TLS to other hosts, in the order of their ports.

    Args:
        host: ``installation.Host``.
        settings: dict: parameter of main.cf -> its value as written.

    Returns:
        list of TlsService: one for each address and port.

    Raises:
        MasterCfError: master.cf cannot be read.
    """
    services = MasterCf(text_of(host.master_file) or "", host.master_file).services()
    main = Scope(settings, host)
    found = {}
    for service in services:
        if service["type"] != "inet" or program(service) not in ("smtpd", "postscreen"):
            continue
        answers = service
        if program(service) == "postscreen":
            # Who is let through talks to the smtpd behind it.
            behind = [other for other in services if other["type"] == "pass" and program(other) == "smtpd"]
            answers = behind[0] if behind else service
        one = _tls_service(service["name"], main.of(answers))
        if one is not None:
            found.setdefault((one.port, one.address), one)
    return [found[place] for place in sorted(found)]


def _tls_service(name, scope):
    """TlsService or None: of a service of this name; None where it has no TLS, or no other host reaches it."""
    bound, _colon, number = name.rpartition(":")
    port = port_number(number)
    address = _address(bound, scope)
    implicit = scope.is_yes("smtpd_tls_wrappermode")
    if port is None or address is None or not (implicit or _offers(scope)):
        return None
    chained = split_list(scope.get(_CHAIN_FILES) or "")
    files = chained or [path for path in (scope.get(name) or "" for name in _FILES) if path.lower() not in ("", "none")]
    # Without a certificate smtpd(8) does not offer TLS.
    return TlsService(address, port, implicit, files, bool(chained)) if files else None


def _address(bound, scope):
    """str or None: where a service listens; None where it does on this host's own addresses alone."""
    families = split_list((scope.get("inet_protocols") or "all").lower())
    family = "ipv6" if "ipv6" in families and "ipv4" not in families and "all" not in families else "ipv4"
    interfaces = [bound] if bound else split_list(scope.get("inet_interfaces") or "all")
    for entry in interfaces:
        if entry.lower() in ("all", "*"):
            return _LOOPBACK[family]
        if entry.lower() != "loopback-only" and not names_loopback(entry):
            return plain(entry)
    return None


def _offers(scope):
    level = (scope.get("smtpd_tls_security_level") or "").lower()
    if level:
        return level != "none"
    # Before Postfix 2.3, and still taken where there is no level.
    return scope.is_yes("smtpd_use_tls") or scope.is_yes("smtpd_enforce_tls")
