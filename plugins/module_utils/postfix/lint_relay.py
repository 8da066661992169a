# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for open relays: do the access restrictions of smtpd(8) let a stranger send to anywhere?

The lists are gone through as Postfix does, see ``smtpd_access``, once for each kind of stranger: he chooses whether to
greet, which sender to give, which certificate to show and what his address is called. He is outside of mynetworks, has
no password, and names a recipient in a domain that is not ours; then one in a domain that only looks like ours.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
import re

from ansible_collections.mailops.relay.plugins.module_utils.postfix.destinations import (
    CLASSES,
    STRANGE,
    Destinations,
    matches_subdomains,
    rewrite_scope,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import (
    ERROR,
    WARNING,
    is_reachable,
    program,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import shown
from ansible_collections.mailops.relay.plugins.module_utils.postfix.smtpd_access import (
    DECIDING,
    WITH_ARGUMENT,
    WITHOUT_ARGUMENT,
    Restrictions,
)


def check_restrictions(main_scope, services):
    """list of Finding: open relays, and restrictions at which smtpd(8) stops or answers 451 to everybody.

    Args:
        main_scope: Scope, of main.cf.
        services: see ``lint.check``.
    """
    listeners = [service for service in services if program(service) == "smtpd" and service["type"] in ("inet", "pass")]
    scopes = [main_scope.of(service) for service in listeners] if services else [main_scope]
    lookups = Lookups(main_scope.host, main_scope.get("queue_directory"))
    destinations = Destinations(rewrite_scope(main_scope, services), lookups)
    findings = _check_wildcards(destinations.scope)
    judged = [(scope, Restrictions(scope, destinations, lookups)) for scope in scopes]
    for scope, restrictions in judged:
        for finding in _check_one(scope, main_scope, restrictions, destinations):
            # Services that override nothing share the finding about main.cf.
            if finding not in findings:
                findings.append(finding)
    for finding in _check_claims(main_scope, services, judged):
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


def _check_one(scope, main_scope, restrictions, destinations):
    findings = []
    for name, unknown, table in restrictions.unknown():
        owner, name = _owner(scope, main_scope, [name])
        close = difflib.get_close_matches(unknown.lower(), sorted(WITHOUT_ARGUMENT | WITH_ARGUMENT), 1, 0.8)
        findings.append(
            owner.finding(
                "unknown-restriction",
                name,
                "no such {0}: {1}{2}; Postfix answers 451 to {3}".format(
                    "restriction" if table is None else "action or restriction in {0}".format(shown(name, table)),
                    unknown,
                    "; did you mean {0}?".format(close[0]) if close else "",
                    "everybody" if table is None else "whom the table names",
                ),
                "write {0}".format(close[0])
                if close
                else "correct the name, or add it to smtpd_restriction_classes"
                if table is None
                else "write an action of access(5), such as OK, DUNNO or REJECT",
            )
        )
    for name, message, fix in restrictions.unusable():
        owner, name = _owner(scope, main_scope, [name])
        findings.append(
            owner.finding("restriction-unusable", name, message + "; Postfix refuses mail with a server error", fix)
        )
    findings += _check_destinations(scope, main_scope, restrictions, destinations)
    findings += _check_backscatter(scope, main_scope, restrictions, destinations)
    deciding = [name for name in DECIDING if restrictions.lists[name]] or list(DECIDING)
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
    elif is_reachable(scope) and not destinations.takes_strangers():
        way = restrictions.way_in()
        if way is not None:
            findings.append(
                owner.finding(
                    "open-relay-restrictions",
                    name,
                    "strangers may send to anywhere: {0}".format(
                        "{0} lets them through before anything refuses them".format(shown(name, " and ".join(way)))
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


def _check_backscatter(scope, main_scope, restrictions, destinations):
    """list of Finding: unknown recipients that are accepted first, and bounced to whoever the sender is said to be.

    See LOCAL_RECIPIENT_README and BACKSCATTER_README of Postfix.
    """
    if not is_reachable(scope) or restrictions.mentions("reject_unverified_recipient"):
        return []
    causes = []
    domains = [item for name, _users in CLASSES for item in _plain(destinations.items(name))]
    if (scope.get("smtpd_reject_unlisted_recipient") or "").lower() == "no":
        if not restrictions.mentions("reject_unlisted_recipient"):
            causes.append(("smtpd_reject_unlisted_recipient", domains, "recipients", "set it to yes"))
    for tables, name in (("local_recipient_maps", "mydestination"), ("relay_recipient_maps", "relay_domains")):
        owner, parameter = _owner(scope, main_scope, [tables, name])
        if parameter in owner.explicit and scope.get(tables) == "" and _wanted(destinations.items(name)):
            fix = "take local_recipient_maps out" if name == "mydestination" else "set relay_recipient_maps"
            causes.append((parameter, _plain(destinations.items(name)), "users in {0}".format(name), fix))
    return [
        _owner(scope, main_scope, [name])[0].finding(
            "backscatter",
            name,
            "mail for unknown {0} is accepted, and comes back as a bounce to a sender who may be forged".format(what),
            fix,
            WARNING,
        )
        for name, domains, what, fix in causes
        # Where the service lets in nobody but its own clients, there is nobody to forge.
        if restrictions.way_in("{0}@{1}".format(STRANGE, domains[0] if domains else "example.com")) is not None
    ]


def _wanted(items):
    """list of str: the elements of a list of domains that stand for something."""
    return [item for item in items if not _is_wildcard(item)]


def _plain(items):
    """list of str: those that are a domain, and no table."""
    return [item.lstrip(".").lower() for item in items if re.match(r"\.?[A-Za-z0-9][A-Za-z0-9.-]*\Z", item)]


def _is_text(item):
    """bool: whether an element of a list is compared as text: no table, and no file."""
    return ":" not in item and not item.startswith("/")


def _is_wildcard(item):
    return "*" in item and _is_text(item)


def _check_wildcards(scope):
    """list of Finding: what no domain is like in lists of domains, which Postfix compares as text (match_ops(3))."""
    findings = []
    for name, _users in CLASSES:
        items = [item.lstrip("!") for item in split_list(scope.get(name) or "") if _is_text(item.lstrip("!"))]
        # C(.example.com) stands for what is below it in one of the lists, and there only where C(example.com) does not.
        bare = name != "relay_domains" or matches_subdomains(scope, name)
        wildcards = [item for item in items if _is_wildcard(item)]
        others = [item for item in items if "@" in item or item.endswith(".") or (bare and item.startswith("."))]
        found = wildcards or others
        if found and name in scope.explicit:
            findings.append(
                scope.finding(
                    "no-wildcard",
                    name,
                    "{0}{1} matches no domain".format(
                        "an asterisk is no wildcard here, " if wildcards else "", ", ".join(found)
                    ),
                    "name each domain{0}".format(
                        "; {0}example.com in relay_domains stands for what is below it{1}".format(
                            *(("", " too") if matches_subdomains(scope, "relay_domains") else (".", ""))
                        )
                        if wildcards or not others[0].endswith(".")
                        else ", without a dot at its end"
                    ),
                    WARNING,
                )
            )
    return findings


def _check_destinations(scope, main_scope, restrictions, destinations):
    """list of Finding: domains of everybody that are taken for this host's own, and sender-specified routing."""
    findings = []
    for name, (domain, elements) in sorted(destinations.broad().items()) if is_reachable(scope) else []:
        recipient = "{0}@{1}".format(STRANGE, domain)
        if restrictions.way_in(recipient) is None:
            continue
        # Of the tables of users, only what is known not to have a user keeps strangers out.
        checked = scope.is_yes("smtpd_reject_unlisted_recipient") or restrictions.mentions("reject_unlisted_recipient")
        refused = checked and destinations.refuses_user(scope, recipient)
        owner, name = _owner(destinations.scope, main_scope, [name])
        if name == "virtual_mailbox_domains" and name not in owner.explicit:
            # By default these are the domains that the table of users has.
            owner, name = _owner(destinations.scope, main_scope, ["virtual_mailbox_maps"])
        # With virtual_alias_domains left to its default, virtual_alias_maps decides where all that mail goes.
        if name in owner.explicit:
            findings.append(
                owner.finding(
                    "open-relay-domains",
                    name,
                    "{0}, so strangers may send there{1}".format(
                        "it matches every domain"
                        if any(":" in element for element in elements)
                        else ", ".join(elements) + " is not yours",
                        ", to users that are known here" if refused else "",
                    ),
                    "list the domains that this host takes mail for, or leave it empty",
                    WARNING if refused else ERROR,
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


# Who reads the header of the PROXY protocol, by the program of the service.
_PROXY_PROTOCOLS = {"smtpd": "smtpd_upstream_proxy_protocol", "postscreen": "postscreen_upstream_proxy_protocol"}


def _check_claims(main_scope, services, judged):
    """list of Finding: services that believe the client address which their client names, whoever that is.

    Postfix has no list of proxies: whoever can connect may say that he comes from mynetworks.

    Args:
        main_scope: Scope.
        services: list of dict, see ``lint.check``.
        judged: list of (Scope, Restrictions), one for each smtpd(8).
    """
    findings = []
    behind_postscreen = [pair for pair in judged if pair[0].service and pair[0].service["type"] == "pass"]
    asked = [(scope, [(scope, restrictions)], "smtpd") for scope, restrictions in judged]
    for service in services:
        if program(service) == "postscreen" and service["type"] == "inet":
            asked.append((main_scope.of(service), behind_postscreen, "postscreen"))
    for scope, answering, kind in asked:
        name = _PROXY_PROTOCOLS[kind]
        taken_over = kind == "smtpd" and scope.service is not None and scope.service["type"] == "pass"
        # With any other word they stop (see _WORDS of lint_parameters).
        if taken_over or scope.get(name) != "haproxy" or not is_reachable(scope):
            continue
        ways = [restrictions.way_in(trusted=True) for _scope, restrictions in answering]
        if any(way is not None for way in ways):
            owner, name = _owner(scope, main_scope, [name])
            findings.append(
                owner.finding(
                    "open-relay-proxy",
                    name,
                    "whoever connects may name his own address, one of mynetworks too, and then send to anywhere",
                    "have the service listen on an address that only the proxy reaches (127.0.0.1:10025 as its name)",
                )
            )
    return findings
