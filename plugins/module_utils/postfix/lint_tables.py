# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for lookup tables: is the type installed, is the file there (DATABASE_README, postmap(1))."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import references, split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import (
    COMPOSED,
    MAXIMUM_NESTING,
    WRAPPED,
    WRAPPERS,
    Lookups,
    SyntaxProblem,
    inside,
)

# What postmap makes of a source file, by type.
COMPILED = {"hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb", "dbm": ".pag", "sdbm": ".pag"}
# Types that read the file itself; a path that does not begin with a slash names settings in main.cf.
_CONFIGURED = ("ldap", "mysql", "pgsql", "sqlite", "mongodb", "memcache")
_PLAIN = ("regexp", "pcre", "cidr", "texthash")

# Tables whose content, or a part of it, stands in the parameter.
_WRITTEN_OUT = re.compile(r"!*(?:(?:proxy|debug):)*((?:inline|randmap|unionmap|pipemap|fail):|[a-z][a-z0-9_]*:\{)")
_MAYBE_WRITTEN_OUT = re.compile(r"\b(?:inline|randmap|unionmap|pipemap|fail):|:\{")

# What follows the same word several times.
_PROXIED = re.compile(r"(?:proxy:)*(.*)\Z", re.S)
_DEBUGGED = re.compile(r"(?:debug:)*(.*)\Z", re.S)
_TABLE = re.compile(r"([a-z][a-z0-9_]*):(.+)\Z", re.S)

# Parameters that take tables and whose name does not say so.
_NAMES = set(
    """
    mydestination mynetworks relay_domains virtual_alias_domains virtual_mailbox_domains
    authorized_flush_users authorized_mailq_users authorized_submit_users authorized_verp_clients
    debug_peer_list fast_flush_domains masquerade_exceptions relay_clientcerts
    permit_mx_backup_networks postscreen_access_list postscreen_dnsbl_reply_map qmqpd_authorized_clients
    smtp_reply_filter lmtp_reply_filter smtpd_command_filter postscreen_command_filter
    smtp_dns_reply_filter lmtp_dns_reply_filter smtpd_dns_reply_filter
    default_delivery_status_filter smtp_delivery_status_filter lmtp_delivery_status_filter
    local_delivery_status_filter pipe_delivery_status_filter virtual_delivery_status_filter
    smtpd_authorized_verp_clients smtpd_authorized_xclient_hosts smtpd_authorized_xforward_hosts
    smtpd_client_event_limit_exceptions smtpd_log_access_permit_actions smtpd_sasl_exceptions_networks
    local_header_rewrite_clients
    """.split()
)
_ENDINGS = ("_maps", "_checks", "_restrictions")
# Caches and the list for newaliases(1): the type has to be there, the file is made when it is needed.
_TYPE_ONLY = (
    "_tls_session_cache_database",
    "_cache_map",
    "_sasl_auth_cache_name",
    "address_verify_map",
    "alias_database",
)
# Lists of what proxymap(8) may open, not of what is opened.
_IGNORED = ("proxy_read_maps", "proxy_write_maps")


def takes_tables(name):
    """bool: whether the value of a parameter may hold lookup tables."""
    return name not in _IGNORED and (name in _NAMES or name.endswith(_ENDINGS + _TYPE_ONLY))


def restriction_classes(scope):
    """set of str: the parameters that hold a class of restrictions, with tables like any other list of them."""
    return set(split_list(scope.get("smtpd_restriction_classes") or ""))


def tables_in(value):
    """list of (type, path): the lookup tables in an expanded value, those inside of others too."""
    return [table for item in _items(value) for table in _table(item)]


def proxied_in(value):
    """list of str: the tables in an expanded value that are asked through proxymap(8), as it is asked for them.

    In the value of C(proxy_read_maps) or C(proxy_write_maps), those that it opens (authorize_proxied_maps()).
    """
    return [table for item in _items(value) for table in _proxied(item)]


def answers_in(lookups, value):
    """list of (str, str, str): what the tables of an expanded value say, as far as they can be read.

    Each is the table's type or file, what the answer is for, and the answer. A table that Postfix cannot read says nothing.
    """
    found = []
    for item in _items(value):
        try:
            table = lookups.table(item)
        except SyntaxProblem:
            continue
        kind, _colon, name = WRAPPED.match(item).group(1).partition(":")
        place = name if name.startswith("/") else kind
        found += [(place, key or answer, answer) for key, answer in table.answers()]
    return found


def _items(value):
    """Yields str: the elements of a list that may be tables."""
    skip = False
    for item in split_list(value):
        if skip:
            skip = False
            continue
        # What follows is the address of a server.
        skip = item.lower() == "check_policy_service"
        yield item.lstrip("!")


def _proxied(item, depth=0):
    match = _TABLE.match(item) if depth <= MAXIMUM_NESTING else None
    if not match:
        return []
    kind, path = match.groups()
    if kind == "proxy":
        return [_PROXIED.match(path).group(1)]
    if kind in WRAPPERS:
        return _proxied(_DEBUGGED.match(path).group(1), depth)
    if kind in COMPOSED and path.startswith("{"):
        return [table for part in split_list(inside(path) or "") for table in _proxied(part, depth + 1)]
    return []


def _table(item, depth=0):
    match = _TABLE.match(item) if depth <= MAXIMUM_NESTING else None
    if not match:
        return []
    kind, path = match.groups()
    if kind in WRAPPERS:
        names = [kind] + [
            name for name in WRAPPERS if name != kind and name + ":" in path[: WRAPPED.match(path).start(1)]
        ]
        return [(name, "") for name in names] + _table(WRAPPED.match(path).group(1), depth)
    if kind in COMPOSED and path.startswith("{"):
        inner = [table for part in split_list(inside(path) or "") for table in _table(part, depth + 1)]
        return [(kind, "")] + inner
    return [(kind, path)]


def check_tables(scope):
    """list of Finding: tables whose type Postfix was not built with or has no plugin for, or without a file.

    A daemon that needs such a table answers 451 or does not start; C(postfix check) opens no table.
    """
    findings = []
    lookups = Lookups(scope.host)
    classes = restriction_classes(scope)
    for name in scope.ordered:
        if name in ("default_database_type", "default_cache_db_type"):
            findings += _check_type(scope, name, scope.get(name) or "")
            continue
        if not takes_tables(name) and name not in classes:
            continue
        value = scope.get(name)
        if value is None and name in scope.host.defaults:
            # "macro processing error": the programs that read it stop, and postfix(1) says why in the system log only.
            findings.append(
                scope.finding(
                    "table-syntax",
                    name,
                    "Postfix cannot replace the references in this value, and stops",
                    "write $$ for each dollar sign that is a part of a pattern or an answer",
                )
            )
        if not value:
            continue
        findings += _check_replaced_twice(scope, name)
        missing = False
        for kind, path in tables_in(value):
            wrong = _check_type(scope, name, kind)
            missing = missing or wrong
            findings += wrong
            if not wrong and not name.endswith(_TYPE_ONLY):
                findings += _check_file(scope, name, kind, path)
        if not missing:
            findings += _check_written_out(scope, name, value, lookups)
        if name in _NAMES:
            for item in split_list(value):
                if item.lstrip("!").startswith("/") and not scope.host.exists(item.lstrip("!")):
                    findings.append(
                        scope.finding(
                            "table-file-missing",
                            name,
                            "there is no file {0}".format(item.lstrip("!")),
                            "make the file first, or correct the path",
                        )
                    )
    return findings


# What proxymap(8) itself reads (proxymap.c), by which proxy_read_maps comes to tables, and what has others for a default.
_READ_BEFORE = ("local_recipient_maps", "virtual_alias_maps", "virtual_alias_domains", "virtual_mailbox_domains")


def _check_replaced_twice(scope, name):
    """list of Finding: a dollar sign in a value that proxymap(8) reads by way of another parameter's default, and so replaces once more."""
    if scope.service is not None or "$$" not in scope.explicit[name]:
        return []
    asked = "local_recipient_maps" not in scope.explicit or any("proxy:" in value for value in scope.explicit.values())
    read = references(scope.raw("proxy_read_maps") or "")
    for other in [other for other in _READ_BEFORE if asked and other in read]:
        if other not in scope.explicit and name in references(scope.host.defaults.get(other, "")):
            return [
                scope.finding(
                    "table-syntax",
                    name,
                    "proxymap replaces the references in this value twice, the second time as {0}, and stops at the dollar sign that is left; "
                    "what asks it, smtpd too, gets no answer".format(other),
                    "write the rules into a file (regexp:/etc/postfix/{0}), or set {1}".format(name, other),
                )
            ]
    return []


def _check_written_out(scope, name, value, lookups):
    """list of Finding: tables in the parameter itself that Postfix cannot read, so that each look-up fails."""
    findings = []
    for item in split_list(value) if _MAYBE_WRITTEN_OUT.search(value) else []:
        if _WRITTEN_OUT.match(item):
            try:
                lookups.table(item.lstrip("!"))
            except SyntaxProblem as exc:
                findings.append(
                    scope.finding("table-syntax", name, "{0}, so each look-up in this table fails".format(exc), exc.fix)
                )
    return findings


def _check_type(scope, name, kind):
    installed = scope.host.table_types
    if not kind or installed is None or kind in installed:
        return []
    return [
        scope.finding(
            "table-type-missing",
            name,
            "this Postfix has no tables of type {0}".format(kind),
            "install the package that brings it (often postfix-{0}), or use one of {1}".format(
                kind, ", ".join(sorted(installed & set(("hash", "lmdb", "cdb", "texthash"))))
            ),
        )
    ]


def _check_file(scope, name, kind, path):
    if kind in _PLAIN and path.startswith("{") or kind in _CONFIGURED and not path.startswith("/"):
        return []
    if kind not in COMPILED and kind not in _PLAIN and kind not in _CONFIGURED:
        return []
    if not path.startswith("/"):
        # Daemons work in the queue directory.
        path = "{0}/{1}".format(scope.get("queue_directory") or "/var/spool/postfix", path)
    suffix = COMPILED.get(kind, "")
    if scope.host.exists(path + suffix):
        return []
    # The path of a table is not a secret; what stands in a static: or inline: one never comes here.
    if suffix and scope.host.exists(path):
        command = "postalias" if name == "alias_maps" else "postmap"
        message = "{0} is not compiled, there is no {0}{1}".format(path, suffix)
        fix = "run {0} {1}:{2}".format(command, kind, path)
    else:
        message = "there is no file {0}{1}".format(path, suffix)
        fix = "make the table first, or correct the path"
    return [scope.finding("table-file-missing", name, message, fix)]
