# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rule of the lint for services of master.cf that parameters need. What happens without each was seen on Postfix 3.7.11 and 3.11.6."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import (
    ERROR,
    WARNING,
    has_queue_manager,
    program,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_fingerprints import uses_tls
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tables import (
    answers_in,
    proxied_in,
    restriction_classes,
    takes_tables,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import shown

_UNAVAILABLE = "all mail that goes there is deferred: mail transport unavailable"
_WAITS = "the programs that ask it wait for it, and nothing gets on"

# Transports, transport:nexthop -> what must not be empty for them to be used; None where nothing else decides.
_TRANSPORTS = {
    "content_filter": None,
    "default_transport": None,
    "fallback_transport": "mydestination",
    "local_transport": "mydestination",
    "mailbox_transport": "mydestination",
    "relay_transport": "relay_domains",
    "virtual_transport": "virtual_mailbox_domains",
}
# Their defaults that count when nothing is set, and whether all mail of the class needs them.
_BY_DEFAULT = (
    ("default_transport", ERROR),
    ("local_transport", WARNING),
    ("relay_transport", ERROR),
    ("virtual_transport", ERROR),
)
_TRANSPORT_MAPS = (
    "transport_maps",
    "sender_dependent_default_transport_maps",
    "mailbox_transport_maps",
    "fallback_transport_maps",
)
_VERIFYING_TRANSPORTS = tuple(
    "address_verify_{0}_transport".format(name) for name in ("default", "local", "relay", "virtual")
)
# Parameter -> what happens without the service that it names. Without these nothing works; without others it depends.
_ESSENTIAL = {
    "bounce_service_name": "what cannot be delivered is deferred instead of returned: bounce service failure",
    "cleanup_service_name": _WAITS,
    "defer_service_name": "reasons for a delay are not kept: defer service failure",
    "rewrite_service_name": _WAITS,
}
# Without these only a part of the mail, or of the commands, does not work.
_PARTIAL = {
    "flush_service_name": "nothing can be sent on demand: postqueue -i and -s, and ETRN, fail",
    "trace_service_name": "mail whose sender wants to hear that it has arrived (NOTIFY=SUCCESS) is delivered again at each attempt:"
    " trace service failed",
}
_NAMED = dict(_ESSENTIAL, **_PARTIAL)
_NAMED.update(
    address_verify_service_name=_WAITS,
    error_service_name="mail that has to be returned is deferred",
    proxymap_service_name=_WAITS,
    proxywrite_service_name=_WAITS,
    queue_service_name="no mail is delivered",
    tlsmgr_service_name="TLS is turned off",
)
# Parameters with tables of which an answer may be FILTER.
_WITH_ACTIONS = ("_restrictions", "header_checks", "body_checks")
_VERIFY = re.compile(r"\breject_unverified_(recipient|sender)\b")
_DEEP_TESTS = tuple("postscreen_{0}_enable".format(name) for name in ("bare_newline", "non_smtp_command", "pipelining"))
_LIMIT = re.compile(r"smtpd_client_[a-z_]+_(count|rate)_limit\Z")
# What postfix(1) keeps a cache in is written through another service than what is only read.
_WRITTEN = re.compile(r"(_cache_map|address_verify_map)\Z")


def check_services(main_scope, service_scopes, services):
    """list of Finding: parameters that need a service which master.cf does not have.

    Args:
        main_scope: Scope of main.cf.
        service_scopes: list of Scope, of the services with options of their own.
        services: list of dict, see ``lint.check``; nothing can be told without any.
    """
    return _Services(main_scope, service_scopes, services).findings() if services else []


class _Services(object):
    def __init__(self, main_scope, service_scopes, services):
        self._main = main_scope
        self._services = services
        self._lookups = Lookups(main_scope.host, main_scope.get("queue_directory"))
        self._scopes = [main_scope] + service_scopes
        self._own = dict(((scope.service["name"], scope.service["type"]), scope) for scope in service_scopes)
        self._present = set((service["name"], service["type"]) for service in services)
        # A master.cf without queue manager is a part of one: what every Postfix has is somewhere else.
        self._whole = has_queue_manager(services)
        self._verifying = [
            (scope, name)
            for scope in self._scopes
            for name, value in scope.effective()
            if value and "reject_unverified_" in value and _VERIFY.search(value)
        ]

    def findings(self):
        proxied = self._proxied()
        found = self._postscreen() + self._client_tls() + self._unapproved(proxied)
        if self._whole:
            for scope in self._scopes:
                found += self._transports(scope)
                found += self._transport_maps(scope)
                found += self._filters(scope)
                found += self._named(scope)
            found += self._defaults()
            found += self._log() + self._retry()
            found += self._verify()
            found += self._limits()
            found += self._tls_manager()
            found += self._proxymap(proxied)
        unique = []
        for finding in found:
            if finding not in unique:
                unique.append(finding)
        return unique

    def _has(self, name, kinds=("unix",)):
        return any((name, kind) in self._present for kind in kinds)

    def _scopes_of(self, *programs):
        """list of Scope: what the services that run one of these programs see; main.cf's own stands for those without options."""
        return [
            self._own.get((service["name"], service["type"]), self._main)
            for service in self._services
            if program(service) in programs
        ]

    @staticmethod
    def _missing(scope, name, service, consequence, severity=ERROR, kind="unix"):
        return scope.finding(
            "service-missing",
            name,
            "there is no service {0}/{1} in master.cf, and {2}".format(service, kind, consequence),
            "add {0}/{1} to master.cf, or change {2}".format(service, kind, name),
            severity,
        )

    # Where mail goes to

    def _transports(self, scope):
        found = []
        names = [name for name in sorted(_TRANSPORTS) if name in scope.explicit and self._is_used(scope, name)]
        if self._verifying:
            names += [name for name in _VERIFYING_TRANSPORTS if name in scope.explicit]
        for name in names:
            service = transport_name(scope.get(name))
            if service and not self._has(service):
                found.append(self._missing(scope, name, service, _UNAVAILABLE))
        return found

    def _is_used(self, scope, name):
        condition = _TRANSPORTS[name]
        if condition is not None and not scope.get(condition):
            return False
        if name in ("mailbox_transport", "fallback_transport"):
            local = transport_name(scope.get("local_transport"))
            return any(
                program(service) == "local"
                for service in self._services
                if (service["name"], service["type"]) == (local, "unix")
            )
        return True

    def _defaults(self):
        found = []
        scope = self._main
        for name, severity in _BY_DEFAULT:
            condition = _TRANSPORTS[name]
            # relay_domains has a default of its own in old versions, which is about mydestination.
            if name in scope.explicit or (name == "relay_transport" and condition not in scope.explicit):
                continue
            service = transport_name(scope.get(name))
            if not service or self._has(service) or not self._is_used(scope, name):
                continue
            if any(scope.get(table) for table in _TRANSPORT_MAPS[:2]):
                severity = WARNING
            found.append(self._missing(scope, name, service, _UNAVAILABLE, severity))
        for name in sorted(_ESSENTIAL) + sorted(_PARTIAL):
            service = scope.get(name)
            if name not in scope.explicit and service and not self._has(service, ("unix", "fifo")):
                severity = WARNING if name in _PARTIAL else ERROR
                found.append(self._missing(scope, name, service, _NAMED[name], severity))
        return found

    def _log(self):
        """list of Finding: a log of Postfix's own that nobody writes (postlogd(8), since 3.4)."""
        service = self._main.get("postlog_service_name")
        if not service or not self._main.get("maillog_file") or self._has(service, ("unix-dgram",)):
            return []
        reason = "Postfix does not start; where it runs, nothing more is logged"
        return [self._missing(self._main, "maillog_file", service, reason, kind="unix-dgram")]

    def _retry(self):
        """list of Finding: what defers mail for a destination that has just failed; no parameter names it (qmgr_error.c)."""
        if self._has("retry"):
            return []
        finding = self._missing(
            self._main,
            "retry",
            "retry",
            "a message for a destination that does not answer loses its reason: mail transport unavailable",
            WARNING,
        )
        fix = "add retry/unix to master.cf, with the program error"
        return [finding._replace(file=self._main.host.master_file, parameter="retry/unix", fix=fix)]

    def _transport_maps(self, scope):
        names = list(_TRANSPORT_MAPS) + (["address_verify_transport_maps"] if self._verifying else [])
        found = []
        for name in names:
            if name not in scope.explicit:
                continue
            for kind, key, value in answers_in(self._lookups, scope.get(name) or ""):
                service = transport_name(value)
                if not service or "$" in service or service.lower() == "dunno" or self._has(service):
                    continue
                where = "what {0} {1} names is deferred: mail transport unavailable".format(kind, key)
                found.append(self._missing(scope, name, service, where, ERROR if kind == "static" else WARNING))
        return found

    def _filters(self, scope):
        """list of Finding: FILTER in tables of access(5) and header_checks(5), as far as they can be read."""
        found = []
        classes = restriction_classes(scope)
        for name in sorted(scope.explicit):
            if not (name in classes or name.endswith(_WITH_ACTIONS)):
                continue
            for item in split_list(scope.get(name) or ""):
                try:
                    values = self._lookups.table(item).values() if ":" in item else []
                except SyntaxProblem:
                    continue
                for service in sorted(set(map(_filter_service, values)) - set([""])):
                    if not self._has(service):
                        where = "what {0} sends there is deferred: mail transport unavailable".format(shown(name, item))
                        severity = ERROR if item.startswith("static:") else WARNING
                        found.append(self._missing(scope, name, service, where, severity))
        return found

    # Services by name

    def _named(self, scope):
        found = []
        for name in sorted(_NAMED):
            service = scope.get(name) if name in scope.explicit else None
            if service and not self._has(service, ("unix", "fifo")):
                severity = WARNING if name in _PARTIAL else ERROR
                found.append(self._missing(scope, name, service, _NAMED[name], severity))
        return found

    def _verify(self):
        service = self._main.get("address_verify_service_name") or "verify"
        if self._has(service) or "address_verify_service_name" in self._main.explicit:
            return []
        reason = "smtpd waits for it, so that these clients get no answer"
        return [self._missing(scope, name, service, reason) for scope, name in self._verifying]

    def _postscreen(self):
        found = []
        for scope in self._scopes_of("postscreen"):
            service = scope.get("smtpd_service_name") or "smtpd"
            if not self._has(service, ("pass",)):
                reason = "postscreen has nobody to hand clients to: 421 All server ports are busy"
                found.append(self._missing(scope, "smtpd_service_name", service, reason, ERROR, "pass"))
            service = scope.get("dnsblog_service_name") or "dnsblog"
            if scope.get("postscreen_dnsbl_sites") and not self._has(service):
                reason = "postscreen asks none of these lists"
                found.append(self._missing(scope, "postscreen_dnsbl_sites", service, reason, WARNING))
            service = scope.get("tlsproxy_service_name") or "tlsproxy"
            if self._postscreen_tls(scope) and not self._has(service):
                deep = any(scope.is_yes(name) for name in _DEEP_TESTS)
                reason = "postscreen answers STARTTLS with 454"
                name = "postscreen_tls_security_level"
                found.append(self._missing(scope, name, service, reason, ERROR if deep else WARNING))
        return found

    @staticmethod
    def _postscreen_tls(scope):
        level = (scope.get("postscreen_tls_security_level") or "").lower()
        if level:
            return level != "none" and uses_tls(scope, "smtpd")
        return any(scope.is_yes("postscreen_{0}".format(name)) for name in ("use_tls", "enforce_tls"))

    # TLS

    def _client_tls(self):
        service = self._main.get("tlsproxy_service_name") or "tlsproxy"
        if self._has(service):
            return []
        found = []
        for side in ("smtp", "lmtp"):
            name = "{0}_tls_connection_reuse".format(side)
            if name not in self._main.host.defaults:
                continue
            for scope in [self._main] + self._scopes_of(side):
                reason = "the mail is deferred: Cannot start TLS: handshake failure"
                if scope.is_yes(name) and uses_tls(scope, side):
                    # Where it is set, not where it is used.
                    found.append(self._missing(scope if name in scope.explicit else self._main, name, service, reason))
                policy = "{0}_tls_policy_maps".format(side)
                for kind, key, value in answers_in(self._lookups, scope.get(policy) or ""):
                    if re.search(r"connection_reuse\s*=\s*yes", value):
                        place = scope if policy in scope.explicit else self._main
                        found.append(self._missing(place, policy, service, "for {0} {1} {2}".format(kind, key, reason)))
        return found

    def _tls_manager(self):
        service = self._main.get("tlsmgr_service_name") or "tlsmgr"
        if self._has(service) or "tlsmgr_service_name" in self._main.explicit:
            return []
        found = []
        for side, programs in (("smtpd", ("smtpd",)), ("smtp", ("smtp",))):
            name = "{0}_tls_security_level".format(side)
            scope = next((scope for scope in self._scopes_of(*programs) if uses_tls(scope, side)), None)
            if scope is None:
                continue
            if side == "smtpd":
                found.append(self._missing(scope, name, service, "smtpd answers STARTTLS with 454"))
            elif (scope.get(name) or "may").lower() == "may":
                found.append(self._missing(scope, name, service, "mail leaves in clear text", WARNING))
            else:
                found.append(self._missing(scope, name, service, "mail is deferred: our TLS engine is unavailable"))
        return found

    # What is asked through a service

    def _proxied(self):
        """list of (Scope, str, str, list of str): where tables are asked through proxymap(8), by which of its services, and which."""
        found = []
        for scope in self._scopes:
            classes = restriction_classes(scope)
            names = set(
                name
                for name, value in scope.effective()
                if value and "proxy:" in value and (takes_tables(name) or name in classes)
            )
            if scope is self._main and self._scopes_of("smtpd") and scope.get("mydestination"):
                names.add("local_recipient_maps")
            for name in sorted(names):
                tables = proxied_in(scope.get(name) or "")
                if tables:
                    found.append((scope, name, "proxywrite" if _WRITTEN.search(name) else "proxymap", tables))
        return found

    def _proxymap(self, proxied):
        found = []
        for scope, name, kind, _tables in proxied:
            service = scope.get(kind + "_service_name")
            if service and not self._has(service):
                found.append(self._missing(scope, name, service, _WAITS))
        return found

    def _unapproved(self, proxied):
        """list of Finding: tables that proxymap(8) does not open; the program that asks for one stops (dict_proxy_open())."""
        found, approved = [], {}
        for scope, name, kind, tables in proxied:
            # It reads main.cf and its own options, not those of the program that asks.
            service = (scope.get(kind + "_service_name"), "unix")
            allowing = "proxy_write_maps" if kind == "proxywrite" else "proxy_read_maps"
            if (service, allowing) not in approved:
                value = self._own.get(service, self._main).get(allowing)
                approved[service, allowing] = None if value is None else proxied_in(value)
            known = approved[service, allowing]
            for table in tables if known is not None else []:
                if table not in known:
                    table = shown(name, "proxy:" + table)
                    found.append(
                        scope.finding(
                            "proxy-unapproved",
                            name,
                            "proxymap does not open {0}, which {1} does not name, and the program that asks for it stops".format(
                                table, allowing
                            ),
                            "add {0} to {1} in main.cf, or leave out proxy:".format(table, allowing),
                        )
                    )
        return found

    def _limits(self):
        found = []
        for scope in self._scopes:
            if not self._has("anvil"):
                for name in scope.ordered:
                    if _LIMIT.match(name) and (scope.get(name) or "0") != "0":
                        found.append(
                            self._missing(scope, name, "anvil", "nobody counts, so this limits nobody", WARNING)
                        )
            name = "smtp_connection_cache_destinations"
            service = scope.get("connection_cache_service_name") or "scache"
            if name in scope.explicit and scope.get(name) and not self._has(service):
                reason = "smtp waits a second for it and keeps no connection"
                found.append(self._missing(scope, name, service, reason, WARNING))
        return found


def _filter_service(answer):
    """str: the service of C(FILTER transport:destination); empty for any other answer."""
    words = answer.split(None, 1)
    return transport_name(words[1]) if len(words) > 1 and words[0].upper() == "FILTER" and ":" in words[1] else ""


def transport_name(value):
    """str: the service of C(transport:nexthop); empty where it is left out or cannot be told."""
    return (value or "").strip().partition(":")[0].strip()
