# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of the lint share: findings, and a configuration as one Postfix process sees it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.postfix.default_values import COMPUTED, default_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import ExpansionError, expand
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import shown

ERROR = "error"
WARNING = "warning"

Finding = namedtuple("Finding", "identifier severity file parameter value message fix")


class Scope(object):
    """main.cf, or one service of master.cf with its C(-o) options over main.cf.

    Args:
        main: dict of parameter -> raw value of main.cf.
        host: see ``lint.check``.
        service: dict of the service (see ``lint.check``), or None for main.cf itself.
    """

    def __init__(self, main, host, service=None):
        self.host = host
        self.service = service
        self._main = main
        # Rules ask for the same ones again and again.
        self._values = {}
        if service is None:
            self.file = host.main_file
            self.explicit = dict(main)
            self._options = {}
        else:
            self.file = host.master_file
            # Of an option that is given twice, Postfix takes the last.
            self.explicit = self._options = dict(service["options"])

    def of(self, service):
        """Scope: that of a service, over the same main.cf; only main.cf's own scope is asked."""
        scope = Scope(self._main, self.host, service)
        if not service["options"]:
            # It sees what main.cf says, and nothing else.
            scope._values = self._values
        return scope

    def raw(self, name):
        """str or None: the value as written, or Postfix's default; None for a name that Postfix does not know."""
        for values in (self._options, self._main):
            if name in values:
                return values[name]
        if name == "config_directory":
            return self.host.config_directory
        if name in COMPUTED:
            return default_of(name, self._settings, self.host.defaults)
        return self.host.defaults.get(name)

    def _settings(self, name):
        return self._options.get(name, self._main.get(name))

    def names(self):
        """set of str: the parameters that are set, in main.cf or for the service."""
        return set(self._main) | set(self._options)

    def expand(self, text):
        """str or None: a text with its references replaced; None when that cannot be told."""
        if "$" not in text:
            return text.strip()
        try:
            return expand(text, self.raw).strip()
        except ExpansionError:
            return None

    def get(self, name):
        """str or None: the effective value; None when it cannot be told or the parameter does not exist."""
        if name not in self._values:
            raw = self.raw(name)
            self._values[name] = None if raw is None else self.expand(raw)
        return self._values[name]

    def is_yes(self, name):
        """bool: whether a boolean parameter is on."""
        return (self.get(name) or "").lower() == "yes"

    def label(self, name):
        """str: how to name a parameter to the user."""
        if self.service is None:
            return name
        return "{0} -o {1}".format(service_label(self.service), name)

    def finding(self, identifier, name, message, fix, severity=ERROR):
        """Finding: about a parameter of this scope."""
        return Finding(
            identifier, severity, self.file, self.label(name), shown(name, self.raw(name) or ""), message, fix
        )


def scopes_of(main, services, host):
    """list of Scope: that of main.cf, and one for each service that has options of its own.

    Args: see ``lint.check``.
    """
    return [Scope(main, host)] + [Scope(main, host, service) for service in services if service["options"]]


def service_label(service):
    """str: C(name/type), the way C(postconf -M) names a service."""
    return "{0}/{1}".format(service["name"], service["type"])


def program(service):
    """str: the name of the program that a service runs, without directory."""
    return service["command"].split("/")[-1]


def has_queue_manager(services):
    """bool: whether these are all services of a Postfix: a part of a master.cf says nothing about what is not in it."""
    return any(program(service) in ("qmgr", "oqmgr", "nqmgr") for service in services)
