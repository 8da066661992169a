# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rules of the lint share: findings, and a configuration as one Postfix process sees it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.postfix.default_values import COMPUTED, default_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import ExpansionError, expand, split_list
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
        over: Scope or None, that of main.cf, of which a service shares the values that its options do not change.

    Attributes:
        explicit: dict of parameter -> raw value, what is set here; ordered: list of str, its names in their order.
    """

    def __init__(self, main, host, service=None, over=None):
        self.host = host
        self.service = service
        self._main = main
        self._over = over
        # Rules ask for the same ones again and again.
        self._values = {}
        self._effective = None
        if service is None:
            self.file = host.main_file
            self.explicit = dict(main)
            self._options = {}
        else:
            self.file = host.master_file
            # Of an option that is given twice, Postfix takes the last.
            self.explicit = self._options = dict(service["options"])
        self.ordered = sorted(self.explicit)

    def of(self, service):
        """Scope: that of a service, over the same main.cf."""
        return Scope(self._main, self.host, service, self._over or self)

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

    def expand(self, text, lookup=None):
        """str or None: a text with its references replaced; None when that cannot be told.

        Args:
            text: str.
            lookup: callable like ``raw``, which is the default.
        """
        if "$" not in text:
            return text.strip()
        try:
            return expand(text, lookup or self.raw).strip()
        except ExpansionError:
            return None

    def get(self, name):
        """str or None: the effective value; None when it cannot be told or the parameter does not exist."""
        known = self._values.get(name)
        return (known or self._worked_out(name))[0]

    def effective(self):
        """list of (str, str or None): the parameters that are set here, in order, each with its effective value, see C(get)."""
        if self._effective is None:
            self._effective = [(name, self.get(name)) for name in self.ordered]
        return self._effective

    def _worked_out(self, name):
        """(str or None, set of str): the effective value, and the parameters that it comes from."""
        if name not in self._values:
            found = None if self._over is None else self._over._worked_out(name)
            if found is None or not found[1].isdisjoint(self._options):
                raw = self.raw(name)
                used = set(COMPUTED if name in COMPUTED else (name,))
                # Most values refer to nothing.
                found = (raw and (self._expanded(raw, used) if "$" in raw else raw.strip()), used)
            self._values[name] = found
        return self._values[name]

    def _expanded(self, text, used):
        """str or None: as of C(expand); the parameters that it comes from are added to a set."""

        def lookup(other):
            used.update(COMPUTED if other in COMPUTED else (other,))
            return self.raw(other)

        return self.expand(text, lookup)

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
    main_scope = Scope(main, host)
    return [main_scope] + [main_scope.of(service) for service in services if service["options"]]


def service_label(service):
    """str: C(name/type), the way C(postconf -M) names a service."""
    return "{0}/{1}".format(service["name"], service["type"])


def program(service):
    """str: the name of the program that a service runs, without directory."""
    return service["command"].split("/")[-1]


def has_queue_manager(services):
    """bool: whether these are all services of a Postfix: a part of a master.cf says nothing about what is not in it."""
    return any(program(service) in ("qmgr", "oqmgr", "nqmgr") for service in services)


def _is_loopback(address):
    """bool: whether only this host itself can connect to an address that smtpd(8) listens on."""
    plain = address.strip("[]").lower()
    return plain in ("localhost", "::1", "loopback-only") or bool(re.match(r"127(\.[0-9]+){3}\Z", plain))


def is_reachable(scope):
    """bool: whether somebody else than this host can connect to a service."""
    if scope.service is not None and scope.service["type"] == "inet":
        address, separator, unused = scope.service["name"].rpartition(":")
        if separator and address:
            return not _is_loopback(address)
    interfaces = split_list(scope.get("inet_interfaces") or "all")
    return not all(_is_loopback(address) for address in interfaces)
