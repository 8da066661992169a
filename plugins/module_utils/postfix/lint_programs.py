# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for what programs of master.cf demand and stop without. Limits: seen on Postfix 3.7.11; pipe: on 3.10.13 too."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import (
    ERROR,
    Finding,
    program,
    service_label,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import ends_options

# Program -> the only process limit with which it runs: "service NAME requires a process limit of 1".
_LIMITS = {
    "anvil": "1",
    "bounce": "0",
    "cleanup": "0",
    "dnsblog": "0",
    "flush": "0",
    "nqmgr": "1",
    "oqmgr": "1",
    "pickup": "1",
    "postscreen": "1",
    "qmgr": "1",
    "scache": "1",
    "tlsmgr": "1",
    "tlsproxy": "0",
    "verify": "1",
}


def check_programs(main_scope, services, host):
    """list of Finding: services whose program stops as soon as it is started.

    Args: see ``lint.check``; main_scope is the Scope of main.cf.
    """
    found = []
    for service in services:
        name = program(service)
        if name in _LIMITS:
            found += _process_limit(main_scope, service, _LIMITS[name], host)
        elif name == "pipe":
            found += _pipe(main_scope, service, host)
    return found


def _finding(identifier, service, host, what, value, message, fix):
    label = "{0} {1}".format(service_label(service), what)
    return Finding(identifier, ERROR, host.master_file, label, value, message, fix)


def _process_limit(main_scope, service, wanted, host):
    given = service["maxproc"]
    # master(8) reads main.cf only, whatever the service's own options say.
    limit = main_scope.get("default_process_limit") if given == "-" else given
    if limit is None or not limit.isdigit() or int(limit) == int(wanted):
        return []
    return [
        _finding(
            "process-limit",
            service,
            host,
            "maxproc",
            given,
            "{0} stops as soon as it is started, unless its process limit is {1}; here it is {2}{3}".format(
                program(service), wanted, limit, ", the default_process_limit" if given == "-" else ""
            ),
            "maxproc: '{0}' for {1}".format(wanted, service_label(service)),
        )
    ]


def _pipe(main_scope, service, host):
    """list of Finding: what pipe(8) demands of its attributes; which users and groups there are is not known here."""
    attributes = _attributes(service["arguments"])
    user = attributes.get("user")
    name, _colon, group = (user or "").partition(":")
    fix = "user=USER before argv=, a user of this host for the program alone"
    problem = None
    if user is None:
        problem = "it has no user="
    elif not name:
        problem = "user= names no user"
    elif name == "root" or group == "root":
        problem = "user= is root, as which it runs nothing"
    elif name == main_scope.get("mail_owner") or group and group == main_scope.get("setgid_group"):
        problem = "user= is of the mail system itself, as which it runs nothing"
    elif "argv" not in attributes:
        problem, fix = "it has no argv=", "argv= with the program and its arguments, as the last attribute"
    if problem is None:
        return []
    what = "argv=" if "no argv=" in problem else "user="
    message = "pipe stops as soon as it is started, since {0}; all mail that goes there is deferred".format(problem)
    return [_finding("pipe-attributes", service, host, what, user or "", message, fix)]


def _attributes(arguments):
    """dict: attribute of pipe(8), in lower case -> value, up to argv=, behind which all is the command's."""
    found = {}
    for word in arguments:
        if not ends_options(word) or word == "--":
            continue
        if word.startswith("{") and word.endswith("}"):
            word = word[1:-1].strip()
        name, _equals, value = word.partition("=")
        found[name.lower()] = value
        if name.lower() == "argv":
            break
    return found
