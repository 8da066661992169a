# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What C(postfix check) lets through: values that Postfix would run with, wrongly, or not run with at all.

C(docs/lint.md) has a table of all identifiers. A rule that cannot tell says nothing.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.postfix import (
    lint_addresses,
    lint_base,
    lint_fingerprints,
    lint_parameters,
    lint_programs,
    lint_relay,
    lint_reuse,
    lint_rewriting,
    lint_secrets,
    lint_services,
    lint_tables,
    lint_tls,
)

# For the callers of this module.
Finding = lint_base.Finding
ERROR = lint_base.ERROR
WARNING = lint_base.WARNING

# With what these find, no program of Postfix starts.
STOPS = ("interface-not-local", "interface-protocol-off", "ipv6-unavailable")

# Identifier -> whether an operator may accept it as a risk. What cannot be accepted never works.
KNOWN_IDENTIFIERS = {
    "backscatter": False,
    "generic-after-signing": False,
    "interface-not-local": False,
    "interface-protocol-off": False,
    "ipv6-unavailable": False,
    "masquerade-envelope-only": False,
    "master-option-syntax": False,
    "mx-backup": False,
    "mynetworks-style": False,
    "network-host-bits": False,
    "network-invalid": False,
    "no-wildcard": False,
    "open-relay-domains": True,
    "open-relay-mynetworks": True,
    "open-relay-proxy": True,
    "open-relay-qmqpd": True,
    "open-relay-restrictions": True,
    "open-relay-xclient": True,
    "pipe-attributes": False,
    "process-limit": False,
    "proxy-unapproved": True,
    "relayhost-malformed": False,
    "relayhost-self": True,
    "restriction-unusable": False,
    "restrictions-incomplete": False,
    "secret-readable": False,
    "service-missing": True,
    "signer-bypassed": False,
    "single-interface": False,
    "size-limits": False,
    "table-file-missing": True,
    "table-syntax": False,
    "table-type-missing": True,
    "tls-ciphers": False,
    "tls-digest": False,
    "tls-file-missing": True,
    "tls-fingerprint": True,
    "tls-key-mismatch": False,
    "tls-level": False,
    "tls-no-certificate": False,
    "tls-protocol": False,
    "tls-reuse-unreadable": True,
    "unknown-parameter": True,
    "unknown-restriction": False,
    "untrusted-routing": False,
    "wrong-type": False,
    "xforward-open": False,
}

# Findings about files and services that another task may make before Postfix needs them.
MISSING_IDENTIFIERS = ("service-missing", "table-file-missing", "tls-file-missing")


def check(main, services, host):
    """list of Finding: everything that is wrong with a configuration, errors before warnings.

    Args:
        main: dict of parameter -> value as set in main.cf (str, continuation lines folded).
        services: list of dict, one for each service of master.cf: ``name``, ``type``, ``chroot`` (C(y), C(n) or C(-)), ``maxproc``,
            ``command`` (the program), ``options`` (list of (name, value)), ``arguments`` (list of str, the other ones) and ``words``
            (list of str, the arguments as written).
            When it is empty, main.cf is judged as if smtpd(8) ran with it.
        host: what can be asked of the host; attributes ``version`` (tuple of int), ``defaults`` (dict,
            C(postconf -d)), ``table_types`` (set of str, C(postconf -m), or None when unknown),
            ``config_directory``, ``main_file``, ``master_file``; methods ``exists(path)``,
            ``is_directory(path)``, ``text(path)`` (str or None), ``readers(path)`` (who else than root, its owner and services can
            read it; None for nobody), ``mail_owner_reads(path)`` (whether Postfix's own user can), ``backups(path)`` (list of str),
            ``key_pair_matches(cert_path, key_path)`` (True, False or None when it cannot be told),
            ``is_local_address(name_or_address)`` (for a name: whether any of its addresses is one of this host) and
            ``has_ipv6_address(name)``.
    """
    scopes = lint_base.scopes_of(main, services, host)
    main_scope, service_scopes = scopes[0], scopes[1:]
    names, prefixes = set(), ()
    if not all(set(scope.explicit).issubset(host.defaults) for scope in scopes):
        names, prefixes = lint_parameters.user_defined(main, services)
    findings = []
    for scope in scopes:
        findings += lint_parameters.check_names(scope, services, names, prefixes)
        findings += lint_parameters.check_types(scope)
        findings += lint_parameters.check_limits(scope, services)
        findings += lint_tls.check_levels(scope)
        findings += lint_tls.check_protocols(scope)
        findings += lint_tls.check_ciphers(scope)
        findings += lint_tls.check_files(scope)
        findings += lint_tls.check_server_certificate(scope)
        findings += lint_fingerprints.check_fingerprints(scope)
        findings += lint_tables.check_tables(scope)
        findings += lint_addresses.check_networks(scope)
        findings += lint_addresses.check_next_hops(scope, services)
    findings += lint_fingerprints.check_digests(main_scope, service_scopes)
    for scope in [main_scope] + [scope for scope in service_scopes if "mynetworks_style" in scope.explicit]:
        findings += lint_addresses.check_networks_style(scope)
    findings += lint_addresses.check_interfaces(main_scope)
    findings += lint_parameters.check_master_options(services, host)
    findings += lint_programs.check_programs(main_scope, services, host)
    findings += lint_relay.check_restrictions(main_scope, services)
    findings += lint_services.check_services(main_scope, service_scopes, services)
    findings += lint_reuse.check_reuse(main_scope, service_scopes, services)
    findings += lint_rewriting.check_rewriting(main_scope, service_scopes, services)
    if "smtpd_milters" in main:
        # Compiled on each host that loads it, and most have no milters.
        from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_signing import check_signing

        findings += check_signing(main_scope, service_scopes)
    findings += lint_secrets.check_secrets(scopes, main, services, host)
    return sorted(findings, key=lambda finding: (finding.severity != ERROR, finding.file != host.main_file))


def accepted(findings, accept_risks):
    """(refused, remaining): errors that no accepted risk covers, and all findings but these.

    Args:
        findings: list of Finding.
        accept_risks: identifiers that the operator accepts; one that is not an acceptable risk has no effect.
    """
    covered = set(identifier for identifier in accept_risks if KNOWN_IDENTIFIERS.get(identifier))
    refused = [finding for finding in findings if finding.severity == ERROR and finding.identifier not in covered]
    return refused, [finding for finding in findings if finding not in refused]
