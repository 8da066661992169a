# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for secrets: who can read private keys, and files and values that hold passwords."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_private_key
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import WARNING
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import BLANKS, is_ignored
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_files import (
    DEFINED_TYPES,
    files_of,
    is_secret_use,
    uses_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import holds_password, secret_names
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import compiled_paths

# Certificates and authorities too: the key may be in the same file, with or without intent.
_TLS_FILES = re.compile(
    r"(?:smtpd|smtp|lmtp|tlsproxy)_(?:tls|client)_(?:(?:ec|d)?(?:key|cert)_file|chain_files|CAfile)\Z"
)
# postmap -F puts the keys themselves into what it makes of this table (postconf(5)).
_KEY_TABLES = "tls_server_sni_maps"


class _Files(object):
    """Findings about files, one for each that others can read."""

    def __init__(self, host):
        self._host = host
        self._seen = set()
        self.findings = []

    def add(self, scope, name, path, what, fix):
        """Look at a file and its backups.

        Args:
            scope: Scope; name: str, the parameter.
            path, what, fix: str.
        """
        for place in [path] + self._host.backups(path):
            readers = None if place in self._seen else self._host.readers(place)
            self._seen.add(place)
            if readers is not None:
                self.findings.append(
                    scope.finding(
                        "secret-readable",
                        name,
                        "{0} {1}, and {2} can read it".format(place, what, readers),
                        fix if place == path else "delete this backup, or chmod 600 {0}".format(place),
                        WARNING,
                    )
                )


def check_secrets(scopes, main, services, host):
    """list of Finding: what holds a private key or a password and can be read by others than root and services.

    C(postfix check) looks at owners, and at who can write. Programs of Postfix open such files as root, but for
    proxymap(8), which needs them readable for Postfix's own group.

    Args:
        scopes: list of Scope, main.cf's first.
        main, services, host: see ``lint.check``.
    """
    files = _Files(host)
    for scope in scopes:
        for name in scope.ordered:
            if _TLS_FILES.match(name):
                for path in split_list(scope.get(name) or ""):
                    _check_key(files, scope, name, path)
    for use in uses_of(scopes):
        text = host.text(use.path)
        if use.parameter == _KEY_TABLES:
            for path in compiled_paths(use.path, use.kind):
                files.add(use.scope, use.parameter, path, "holds private keys", "chmod 600 {0}".format(path))
        elif _has_passwords(use, text, host):
            fix = "chmod 640 {0} with {1} as its group".format(use.path, host.defaults.get("mail_owner", "postfix"))
            for path in files_of(use, text):
                files.add(
                    use.scope, use.parameter, path, "holds passwords", fix if use.proxied else "chmod 600 " + path
                )
    return files.findings + _check_values(scopes, main, services, host)


def _check_key(files, scope, name, path):
    if holds_private_key(scope.host.text(path)):
        if name.endswith("_CAfile"):
            fix = "take the key out, and make a new one with a new certificate where it belongs"
        else:
            fix = "chmod 600 {0}; a key that others may have read should be made anew".format(path)
        files.add(scope, name, path, "holds a private key", fix)


def _has_passwords(use, text, host):
    if use.kind in DEFINED_TYPES:
        return is_secret_use(use, text) or (use.password and use.kind == "sqlite")
    if not use.password:
        return False
    if text is None:
        return any(host.exists(path) for path in compiled_paths(use.path, use.kind))
    return not all(is_ignored(line) for line in text.split("\n") if line.strip(BLANKS))


def _check_values(scopes, main, services, host):
    names = secret_names(list(main.items()) + [option for service in services for option in service["options"]])
    findings = []
    for scope in scopes:
        readers = host.readers(scope.file)
        for name in scope.ordered if readers else []:
            if holds_password(name, scope.explicit[name], names):
                found = scope.finding(
                    "secret-readable",
                    name,
                    "a password stands in {0}, and {1} can read that file".format(scope.file, readers),
                    "put it into a table (secret_entries) or a file that others cannot read, and name that here",
                    WARNING,
                )
                findings.append(found._replace(value="(not shown)"))
    return findings
