# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which level of TLS Postfix wants of a server: its log says C(Verified) of DANE and of a certificate that an authority vouches for alike."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.destinations import parents
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import parse_settings
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf, MasterCfError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.readable import read

_LEVEL, _POLICY = "smtp_tls_security_level", "smtp_tls_policy_maps"
_DANE = ("dane", "dane-only")


class Levels(object):
    """The levels of a configuration as it is now.

    Args:
        settings: dict: smtp_tls_security_level and smtp_tls_policy_maps of main.cf -> their text, expanded.
        services: list of dict: the options (name -> text) of each service of master.cf that is smtp(8).
        table: callable (specification) -> ``lookups.Table``.
    """

    def __init__(self, settings, services, table):
        self._settings = settings
        self._table = table
        # A service without a name of its own in the log is told from others of the kind by nothing.
        self._services = dict((options["syslog_name"], options) for options in services if "syslog_name" in options)

    @property
    def has_dane(self):
        """bool: whether anything may be DANE."""
        levels = [self._settings.get(_LEVEL)] + [options.get(_LEVEL) for options in self._services.values()]
        return any(level in _DANE for level in levels) or bool(self._settings.get(_POLICY))

    def is_dane(self, tag, recipient):
        """bool: whether a connection that the log calls verified is so by DANE, as far as the configuration tells.

        Args:
            tag: str, of the line of the log, C(postfix/smtp).
            recipient: str.
        """
        options = self._services.get(tag.rpartition("/")[0], {})
        policies = options.get(_POLICY, self._settings.get(_POLICY, ""))
        level = options.get(_LEVEL, self._settings.get(_LEVEL, ""))
        domain = recipient.rpartition("@")[2].lower()
        for specification in split_list(policies):
            for key in [domain] + parents(domain, False):
                try:
                    found = self._table(specification).find(key)
                except SyntaxProblem:
                    found = None
                if found is None:
                    # Nobody can tell what it says.
                    return False
                if found:
                    return found[0].split()[:1] in [[name] for name in _DANE]
        return level in _DANE


def services_of(text):
    """list of dict: the options of each service that is smtp(8).

    Args:
        text: str, what C(postconf -M) says.

    Raises:
        MasterCfError: it is no master.cf.
    """
    return [
        dict(service["options"]) for service in MasterCf(text, "master.cf").services() if service["command"] == "smtp"
    ]


def dane_of(runner, host):
    """callable or None: ``Levels.is_dane`` of this host's Postfix; None where nothing of it is DANE, or it cannot be asked.

    Args:
        runner: ``commands.Runner``.
        host: ``installation.Host``.
    """
    if not host.installed:
        return None
    try:
        said = read(runner, ["-x", _LEVEL, _POLICY]).text
        services = services_of(read(runner, ["-M"]).text)
    except (CommandError, MasterCfError):
        return None
    levels = Levels(parse_settings(said), services, Lookups(host).table)
    return levels.is_dane if levels.has_dane else None
