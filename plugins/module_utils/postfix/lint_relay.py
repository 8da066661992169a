# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for open relays: do the access restrictions of smtpd(8) let a stranger send to anywhere?

The lists are gone through as Postfix does (SMTPD_ACCESS_README; smtpd_check.c), once for each kind of stranger:
a stranger chooses whether to greet, which sender to give, which certificate to show and what his address is called.
He is outside of mynetworks, has no password, and names a recipient in a domain that is not ours. What cannot be
known here, the content of a table or the answer of a policy server, neither lets him in nor keeps him out.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
import itertools
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_addresses import (
    is_public_domain,
    matches_subdomains,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import WARNING, Scope, program

PERMIT = "permit"
REJECT = "reject"

# What a stranger may do: greet with HELO, give a sender, show a certificate, have a name for his address.
Stranger = namedtuple("Stranger", "greets sender certificate named")

# What is known when a list is gone through: the restriction that a bare table stands for, and the recipient.
_Stage = namedtuple("_Stage", "name table recipient")

_WITH_ARGUMENT = set(
    "reject_rbl reject_rbl_client reject_rhsbl_client reject_rhsbl_reverse_client reject_rhsbl_helo"
    " reject_rhsbl_sender reject_rhsbl_recipient permit_dnswl_client permit_rhswl_client sleep"
    " check_policy_service".split()
)
_WITHOUT_ARGUMENT = set(
    "permit reject defer warn_if_reject defer_if_permit defer_if_reject reject_unauth_pipelining"
    " reject_plaintext_session reject_unknown_client reject_unknown_client_hostname"
    " reject_unknown_reverse_client_hostname reject_unknown_forward_client_hostname permit_inet_interfaces"
    " permit_mynetworks permit_naked_ip_address reject_invalid_helo_hostname reject_invalid_hostname"
    " reject_unknown_helo_hostname reject_unknown_hostname reject_non_fqdn_helo_hostname reject_non_fqdn_hostname"
    " reject_non_fqdn_sender reject_non_fqdn_recipient reject_unknown_sender_domain"
    " reject_unknown_recipient_domain reject_unknown_address reject_unlisted_sender reject_unlisted_recipient"
    " check_recipient_maps reject_unverified_recipient reject_unverified_sender reject_multi_recipient_bounce"
    " permit_auth_destination reject_unauth_destination defer_unauth_destination check_relay_domains"
    " permit_sasl_authenticated permit_tls_clientcerts permit_tls_all_clientcerts permit_mx_backup"
    " reject_maps_rbl reject_sender_login_mismatch reject_authenticated_sender_login_mismatch"
    " reject_known_sender_login_mismatch reject_unauthenticated_sender_login_mismatch".split()
)
_ACCESS = re.compile(
    r"check_(?:(client|reverse_client_hostname|helo|sender|recipient)(_mx|_ns|_a)?|ccert|sasl|etrn)_access\Z"
)
# smtpd(8) stops when it meets none of these in either list ("specify at least one working instance of").
_REQUIRED = (
    "reject_unauth_destination",
    "defer_unauth_destination",
    "reject",
    "defer",
    "defer_if_permit",
    "check_relay_domains",
)
_PASSING_ACTIONS = ("DUNNO", "HOLD", "FILTER", "REDIRECT", "BCC", "PREPEND", "INFO", "WARN", "DELAY", "DEFER_IF_REJECT")
# DISCARD takes the mail and throws it away.
_REFUSING_ACTIONS = ("REJECT", "DEFER", "HANGUP", "DISCARD")

_LISTS = (
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
)
_DECIDING = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")

# Where distributions keep the certificates of all public authorities.
_SYSTEM_AUTHORITIES = re.compile(r"/etc/(ssl/certs|pki/tls|pki/ca-trust|ssl/cert\.pem)|/usr/share/ca-certificates")


class Restrictions(object):
    """The access restrictions of one smtpd(8), as a stranger meets them.

    Args:
        scope: Scope of the service, or of main.cf.
    """

    def __init__(self, scope):
        self.scope = scope
        self.lists = dict((name, split_list(scope.get(name) or "")) for name in _LISTS)
        self.classes = dict(
            (name, split_list(scope.get(name) or ""))
            for name in split_list(scope.get("smtpd_restriction_classes") or "")
        )
        delayed = (scope.get("smtpd_delay_reject") or "yes").lower() == "yes"
        self._stages = (
            _Stage(_LISTS[0], "check_client_access", delayed),
            _Stage(_LISTS[1], "check_helo_access", delayed),
            _Stage(_LISTS[2], "check_sender_access", delayed),
            _Stage(_LISTS[3], "check_recipient_access", True),
            _Stage(_LISTS[4], "check_recipient_access", True),
            # With two recipients, Postfix shows none to these lists.
            _Stage(_LISTS[5], "check_recipient_access", False),
            _Stage(_LISTS[6], "check_recipient_access", False),
        )
        self.any_destination = any(
            re.match(r"(proxy:)?static:", item) for item in split_list(scope.get("relay_domains") or "")
        )
        self._permits = []
        self._deferred = False

    def strangers(self):
        """list of Stranger: every kind that can come here."""
        greets = (True,) if self.scope.is_yes("smtpd_helo_required") else (True, False)
        asked = self.scope.is_yes("smtpd_tls_ask_ccert") or self.scope.is_yes("smtpd_tls_req_ccert")
        certificate = (False, True) if asked else (False,)
        return [Stranger(*kind) for kind in itertools.product(greets, (True, False), certificate, (True, False))]

    def way_in(self):
        """list of str or None: None when every stranger is refused, else the restrictions that let one through."""
        for stranger in self.strangers():
            self._permits, self._deferred = [], False
            if not any(self._refuses(stage, stranger) for stage in self._stages):
                return self._permits
        return None

    def _refuses(self, stage, stranger):
        if stage.name == "smtpd_helo_restrictions" and not stranger.greets:
            return False
        if stage.name in ("smtpd_data_restrictions", "smtpd_end_of_data_restrictions"):
            self._deferred = False
        outcome = self._run(self.lists[stage.name], stage, stranger, 0)
        if outcome == REJECT:
            return True
        # What defers is kept from list to list until the recipient is decided on.
        final = stage.name not in _LISTS[:4]
        return final and self._deferred

    def _run(self, items, stage, stranger, depth):
        """str or None: the outcome of a list, None when it says nothing."""
        position, lenient = 0, False
        while position < len(items):
            name = items[position]
            position += 1
            if name.lower() == "warn_if_reject":
                lenient = True
                continue
            argument = None
            if ":" in name and not _is_restriction(name):
                name, argument = stage.table, name
            elif name.lower() in _WITH_ARGUMENT or _ACCESS.match(name.lower()):
                argument = items[position] if position < len(items) else ""
                position += 1
            outcome = self._one(name, argument, stage, stranger, depth, lenient)
            if outcome == PERMIT and stage.name in _DECIDING and depth == 0:
                self._permits.append("{0} {1}".format(name, argument) if argument else name)
            if outcome == REJECT and lenient:
                outcome = None
            lenient = False
            if outcome:
                return outcome
        return None

    def _one(self, name, argument, stage, stranger, depth, lenient):
        restriction = name.lower()
        if _ACCESS.match(restriction):
            return self._access(restriction, argument, stage, stranger, depth, lenient)
        if restriction == "permit":
            return PERMIT
        if restriction in ("reject", "defer"):
            return REJECT
        if restriction == "defer_if_permit":
            self._deferred = self._deferred or not lenient
            return None
        if restriction in ("reject_unauth_destination", "defer_unauth_destination", "check_relay_domains"):
            return REJECT if stage.recipient and not self.any_destination else None
        if restriction == "permit_auth_destination":
            return PERMIT if stage.recipient and self.any_destination else None
        if restriction == "permit_naked_ip_address":
            # Gone since Postfix 3.9, where it is a server configuration error.
            if self.scope.host.version >= (3, 9):
                return REJECT
            return PERMIT if stranger.greets else None
        if restriction == "permit_tls_all_clientcerts":
            return PERMIT if stranger.certificate and self._trusts_public_authorities() else None
        if restriction == "permit_tls_clientcerts":
            return PERMIT if stranger.certificate and "static:" in (self.scope.get("relay_clientcerts") or "") else None
        if restriction in _WITH_ARGUMENT or restriction in _WITHOUT_ARGUMENT:
            return None
        if name in self.classes and depth < 20:
            return self._run(self.classes[name], stage, stranger, depth + 1)
        # An unknown restriction is a server configuration error: everybody gets 451.
        return REJECT

    def _trusts_public_authorities(self):
        if self.scope.is_yes("tls_append_default_CA"):
            return True
        names = [self.scope.get(name) or "" for name in ("smtpd_tls_CAfile", "smtpd_tls_CApath")]
        return any(_SYSTEM_AUTHORITIES.match(name) for name in names)

    def _access(self, restriction, table, stage, stranger, depth, lenient):
        """The outcome of an access(5) table; only static: answers alike for every stranger."""
        match = re.match(r"(?:proxy:)?static:(.*)\Z", table or "", re.S)
        if not match or not self._looked_up(restriction, stage, stranger):
            return None
        outcome = self._action(match.group(1).strip("{} "), stage, stranger, depth, lenient)
        kind = _ACCESS.match(restriction)
        if outcome == PERMIT and (kind.group(2) or kind.group(1) == "reverse_client_hostname"):
            # "this is not allowed for security reasons": a server configuration error.
            return REJECT
        return outcome

    @staticmethod
    def _looked_up(restriction, stage, stranger):
        what, record = _ACCESS.match(restriction).groups()
        if what == "helo":
            return stranger.greets
        if what == "recipient":
            return stage.recipient
        if what == "sender":
            return stranger.sender or not record
        if what in ("client", "reverse_client_hostname"):
            return stranger.named or not record
        return restriction == "check_ccert_access" and stranger.certificate

    def _action(self, text, stage, stranger, depth, lenient):
        """The outcome of a table's answer (access(5))."""
        word = text.split(None, 1)[0].upper() if text else ""
        # A number alone is a time stamp and permits; a reply code needs a text after it.
        if word in ("OK", "RELAY") or re.match(r"[0-9]+\Z", text):
            return PERMIT
        if word in _REFUSING_ACTIONS or re.match(r"[45][0-9][0-9]\Z", word):
            return REJECT
        if word == "DEFER_IF_PERMIT":
            self._deferred = self._deferred or not lenient
            return None
        if word in _PASSING_ACTIONS or depth >= 20:
            return None
        if ":" in text:
            # A table in the answer of a table is a server configuration error.
            return REJECT
        return self._run(split_list(text), stage, stranger, depth + 1)

    def has_required(self):
        """bool: whether smtpd(8) finds what it insists on, in either of the two deciding lists."""
        return any(self._has_required(self.lists[name], 0) for name in _DECIDING)

    def _has_required(self, items, depth):
        skip = False
        for position, name in enumerate(items):
            if skip:
                skip = False
                continue
            lower = name.lower()
            if lower == "warn_if_reject" and position + 1 < len(items):
                skip = True
            elif lower == "permit":
                return False
            elif (
                lower in _REQUIRED
                or name in self.classes
                and depth < 20
                and self._has_required(self.classes[name], depth + 1)
            ):
                return True
        return False

    def unknown(self):
        """list of (str, str): list and name of each restriction that Postfix does not know."""
        found = []
        for listed, items in sorted(list(self.lists.items()) + list(self.classes.items())):
            position = 0
            while position < len(items):
                name = items[position]
                position += 1
                if name.lower() in _WITH_ARGUMENT or _ACCESS.match(name.lower()):
                    position += 1
                elif ":" not in name and name.lower() not in _WITHOUT_ARGUMENT and name not in self.classes:
                    found.append((listed, name))
        return found

    def mentions(self, restriction):
        """str or None: the list in which a restriction stands."""
        for name in _DECIDING:
            if restriction in [item.lower() for item in self.lists[name]]:
                return name
        return None


def _is_restriction(name):
    return name.lower() in _WITHOUT_ARGUMENT or name.lower() in _WITH_ARGUMENT


def is_loopback(address):
    """bool: whether only this host itself can connect to an address that smtpd(8) listens on."""
    plain = address.strip("[]").lower()
    return plain in ("localhost", "::1", "loopback-only") or bool(re.match(r"127(\.[0-9]+){3}\Z", plain))


def is_reachable(scope):
    """bool: whether somebody else than this host can connect to a service."""
    if scope.service is not None and scope.service["type"] == "inet":
        address, separator, unused = scope.service["name"].rpartition(":")
        if separator and address:
            return not is_loopback(address)
    interfaces = split_list(scope.get("inet_interfaces") or "all")
    return not all(is_loopback(address) for address in interfaces)


def check_restrictions(main, services, host):
    """list of Finding: open relays, and restrictions at which smtpd(8) stops or answers 451 to everybody.

    Args: see ``lint.check``.
    """
    listeners = [service for service in services if program(service) == "smtpd" and service["type"] in ("inet", "pass")]
    main_scope = Scope(main, host)
    scopes = [Scope(main, host, service) for service in listeners] if services else [main_scope]
    findings = []
    for scope in scopes:
        restrictions = Restrictions(scope)
        for finding in _check_one(scope, main_scope, restrictions):
            # Services that override nothing share the finding about main.cf.
            if finding not in findings:
                findings.append(finding)
    return findings


def _owner(scope, main_scope, names):
    """(Scope, str): the scope that sets the first of some parameters, and its name."""
    for owner in (scope, main_scope):
        for name in names:
            if name in owner.explicit:
                return owner, name
    return main_scope, names[0]


def _check_one(scope, main_scope, restrictions):
    findings = []
    for name, unknown in restrictions.unknown():
        owner, name = _owner(scope, main_scope, [name])
        close = difflib.get_close_matches(unknown.lower(), sorted(_WITHOUT_ARGUMENT | _WITH_ARGUMENT), 1, 0.8)
        findings.append(
            owner.finding(
                "unknown-restriction",
                name,
                "no such restriction: {0}{1}; Postfix answers 451 to everybody".format(
                    unknown, "; did you mean {0}?".format(close[0]) if close else ""
                ),
                "write {0}".format(close[0]) if close else "correct the name, or add it to smtpd_restriction_classes",
            )
        )
    findings += _check_destinations(scope, main_scope, restrictions)
    findings += _check_backscatter(scope, main_scope, restrictions)
    deciding = [name for name in _DECIDING if restrictions.lists[name]] or list(_DECIDING)
    owner, name = _owner(scope, main_scope, deciding)
    if not restrictions.has_required():
        findings.append(
            owner.finding(
                "restrictions-incomplete",
                name,
                "nothing refuses mail from strangers to other domains, so smtpd stops at every connection",
                "end smtpd_relay_restrictions with reject_unauth_destination",
            )
        )
    elif is_reachable(scope) and not restrictions.any_destination:
        way = restrictions.way_in()
        if way is not None:
            findings.append(
                owner.finding(
                    "open-relay-restrictions",
                    name,
                    "strangers may send to anywhere: {0}".format(
                        "{0} lets them through before anything refuses them".format(" and ".join(way))
                        if way
                        else "nothing that always works refuses them"
                    ),
                    "put reject_unauth_destination behind permit_mynetworks and permit_sasl_authenticated only",
                )
            )
    mentioned = restrictions.mentions("permit_mx_backup")
    if mentioned and not scope.get("permit_mx_backup_networks"):
        owner, name = _owner(scope, main_scope, [mentioned])
        findings.append(
            owner.finding(
                "mx-backup",
                name,
                "with permit_mx_backup, whoever points an MX record at this host may have mail relayed to his domain",
                "list the domains in relay_domains, or set permit_mx_backup_networks",
                WARNING,
            )
        )
    return findings


def _check_backscatter(scope, main_scope, restrictions):
    """list of Finding: unknown recipients that are accepted first, and bounced to whoever the sender is said to be.

    See LOCAL_RECIPIENT_README and BACKSCATTER_README of Postfix.
    """
    if not is_reachable(scope) or restrictions.mentions("reject_unverified_recipient"):
        return []
    causes = []
    if (scope.get("smtpd_reject_unlisted_recipient") or "").lower() == "no":
        if not restrictions.mentions("reject_unlisted_recipient"):
            causes.append(("smtpd_reject_unlisted_recipient", "recipients", "set it to yes"))
    for tables, domains in (("local_recipient_maps", "mydestination"), ("relay_recipient_maps", "relay_domains")):
        owner, name = _owner(scope, main_scope, [tables, domains])
        if name in owner.explicit and scope.get(tables) == "" and scope.get(domains):
            fix = "take local_recipient_maps out" if domains == "mydestination" else "set relay_recipient_maps"
            causes.append((name, "users in {0}".format(domains), fix))
    return [
        _owner(scope, main_scope, [name])[0].finding(
            "backscatter",
            name,
            "mail for unknown {0} is accepted, and comes back as a bounce to a sender who may be forged".format(what),
            fix,
            WARNING,
        )
        for name, what, fix in causes
    ]


def _check_destinations(scope, main_scope, restrictions):
    """list of Finding: relay_domains with everybody's domain in it, and sender-specified routing."""
    findings = []
    owner, name = _owner(scope, main_scope, ["relay_domains"])
    broad = [
        item
        for item in split_list(scope.get(name) or "")
        if is_public_domain(item) and (item.startswith(".") or matches_subdomains(scope, name))
    ]
    if is_reachable(scope) and name in owner.explicit and (restrictions.any_destination or broad):
        findings.append(
            owner.finding(
                "open-relay-domains",
                name,
                "{0}, so strangers may send there".format(
                    "it matches every domain" if restrictions.any_destination else ", ".join(broad) + " is not yours"
                ),
                "list the domains that this host takes mail for, or leave it empty",
            )
        )
    if scope.is_yes("allow_untrusted_routing"):
        owner, name = _owner(scope, main_scope, ["allow_untrusted_routing"])
        findings.append(
            owner.finding(
                "untrusted-routing",
                name,
                "strangers may send through this host to others with addresses like user%elsewhere@domain",
                "set it to no",
                WARNING,
            )
        )
    return findings
