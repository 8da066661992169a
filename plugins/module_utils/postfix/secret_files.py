# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files with passwords that a Postfix configuration names: tables of password maps, and files that define tables."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_password
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import is_secret
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import compiled_paths

# Types whose path is that of a file of settings (ldap_table(5) and the like), a login for a server among them.
DEFINED_TYPES = ("ldap", "memcache", "mongodb", "mysql", "pgsql", "sqlite")
_FILE_TYPES = DEFINED_TYPES + (
    "btree", "cdb", "cidr", "dbm", "hash", "lmdb", "pcre", "regexp", "sdbm", "texthash",
)  # fmt: skip
_TABLE = re.compile(r"(?:\A|(?<=[\s,{{:!]))({0}):([^\s,{{}}]+)".format("|".join(_FILE_TYPES)))
# The database file of sqlite_table(5).
_DATABASE = re.compile(r"^dbpath[ \t]*=[ \t]*(\S+)", re.M)

# scope: Scope; parameter: str; path: str, absolute; kind: str; password: bool, whether a password map names it;
# proxied: bool, whether proxymap(8) opens it, which does not run as root then.
Use = namedtuple("Use", "scope parameter path kind password proxied")


def uses_of(scopes):
    """list of Use: every table in a file that main.cf or an option of master.cf names, main.cf first.

    Args:
        scopes: list of Scope, see ``lint_base.scopes_of``.
    """
    found = []
    for scope in scopes:
        for name, value in scope.effective():
            value = scope.raw(name) if value is None else value
            for item in split_list(value) if ":" in value else []:
                for kind, path in _TABLE.findall(item) if ":" in item else []:
                    if not path.startswith("/"):
                        if kind in DEFINED_TYPES:
                            # The prefix of settings in main.cf itself.
                            continue
                        path = os.path.join(scope.get("queue_directory") or "/var/spool/postfix", path)
                    found.append(Use(scope, name, path, kind, is_secret(name), "proxy:" in item))
    return found


def is_secret_use(use, text):
    """bool: whether a table's file holds passwords.

    Args:
        use: Use.
        text: str or None, its content.
    """
    if use.kind in DEFINED_TYPES:
        return holds_password(text or "")
    return use.password


def files_of(use, text):
    """list of str: the files in which passwords are, of a table that ``is_secret_use`` or that a password map defines.

    Args:
        use, text: see ``is_secret_use``.
    """
    if use.kind == "sqlite" and use.password:
        return [use.path] * holds_password(text or "") + _DATABASE.findall(text or "")
    return [use.path] + compiled_paths(use.path, use.kind)


class SecretFiles(object):
    """What the configuration before and after a change says about files with passwords.

    Args:
        uses: iterable of Use.
    """

    def __init__(self, uses):
        self._uses = {}
        for use in uses:
            self._uses.setdefault(os.path.realpath(use.path), []).append(use)

    def holds_password(self, path, *texts):
        """bool: whether a file is one that holds passwords: by what names it, by its own name, or by its content.

        Args:
            path: str.
            texts: str or None, its old and its new content; none for a table, which is one whatever it holds.
        """
        uses = self._uses.get(os.path.realpath(path), [])
        return is_secret(os.path.basename(path)) or any(
            is_secret_use(use, text) for use in uses for text in texts or (None,)
        )

    def is_proxied(self, path):
        """bool: whether proxymap(8), which does not run as root, must be able to read a file."""
        return any(use.proxied for use in self._uses.get(os.path.realpath(path), []))
