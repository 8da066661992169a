# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of main.cf's parameters, as a host has them or as they are planned for it, every C($name) replaced."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import ExpansionError, expand, split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.readable import settings_of, start_error, words_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import setting_text

# postconf(5), for a host on which Postfix is not installed yet.
_DEFAULTS = {
    "smtp_helo_name": "$myhostname",
    "mydestination": "$myhostname, localhost.$mydomain, localhost",
    "queue_directory": "/var/spool/postfix",
    "message_size_limit": "10240000",
    "queue_minfree": "0",
    "maximal_queue_lifetime": "5d",
    "bounce_queue_lifetime": "5d",
}


class PlanError(RelayError):
    """A parameter whose value cannot be told."""


class Parameters(object):
    """The parameters of a Postfix, expanded.

    Attributes:
        settings: dict, as given.

    Args:
        hostname: str, the host's own name.
        settings: dict: those of main.cf or those planned -> their text.
        defaults: dict: the installed Postfix's defaults; {} without one.
    """

    def __init__(self, hostname, settings, defaults):
        self._hostname = hostname
        self.settings = settings
        self._defaults = defaults

    def value(self, name):
        """str: of a parameter, with each C($name) replaced; empty for one that is not set.

        Raises:
            PlanError: it cannot be told.
        """
        try:
            return expand("$" + name, self._raw).strip()
        except ExpansionError as exc:
            raise PlanError("main.cf: the value of {0} cannot be told: {1}".format(name, exc))

    def names(self, name):
        """list of str: a parameter's value as a list of names."""
        return split_list(self.value(name))

    def number(self, name):
        """int: of a parameter; 0 for what is not a number."""
        return whole_number(self.value(name)) or 0

    def _raw(self, name):
        if name in self.settings:
            return self.settings[name]
        # postconf -d knows nothing of main.cf, so these two would be those of another host name.
        if name == "myhostname":
            # get_hostname() and check_mydomain() of Postfix's mail_params.c
            return self._hostname if "." in self._hostname else "{0}.$mydomain".format(self._hostname)
        if name == "mydomain":
            named = self.settings.get("myhostname", self._hostname)
            return named.partition(".")[2] or "localdomain"
        return self._defaults.get(name, _DEFAULTS.get(name))


def planned_text(plan):
    """(dict, set): parameters that will be set, as text, and those that will be taken out (null).

    Args:
        plan: dict: names -> values as for C(main) of M(mailops.relay.postfix_config).

    Raises:
        SettingError: a value that cannot be written.
    """
    texts = dict((name, setting_text(value, name)) for name, value in plan.items() if value is not None)
    return texts, set(name for name, value in plan.items() if value is None)


def parameters_of(runner, host, hostname, plan, prefer_plan):
    """(Parameters, bool, str or None): those of a host, whether they are those of the plan, and what is wrong with main.cf, with which
    Postfix does not start.

    Args:
        runner: ``Runner``.
        host: ``installation.Host``.
        hostname: str, the host's name.
        plan: dict, see ``planned_text``.
        prefer_plan: bool, whether the plan wins over an installed Postfix; where none is, it is all there is.

    Raises:
        CommandError: postconf failed.
        SettingError: a value that cannot be written.
    """
    settings, fault, removed = {}, None, set()
    if host.installed:
        settings, fault = settings_of(runner)
        error = start_error(runner) if fault is None else None
        fault = fault if error is None else words_of(error)
    by_plan = prefer_plan or not host.installed
    if by_plan:
        texts, removed = planned_text(plan)
        settings = dict((name, value) for name, value in settings.items() if name not in removed)
        settings.update(texts)
    return Parameters(hostname, settings, host.defaults), by_plan, fault
