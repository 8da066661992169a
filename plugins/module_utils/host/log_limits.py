# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits at which journald and rsyslog drop lines (journald.conf(5); rsyslog's imuxsock and imjournal)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number

JOURNALD_DIRECTORIES = ("/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd")

# systemd before 240 had a tenth of today's default (its NEWS); the file tells it where the distribution changed it.
_JOURNALD_INTERVAL = 30.0
_JOURNALD_BURST = 10000
_OLD_JOURNALD_BURST = 1000
_NEW_JOURNALD = 240

# rsyslog's defaults: imuxsock is off, imjournal is not.
_IMUXSOCK = (0, 200)
_IMJOURNAL = (600, 20000)

_UNITS = {
    "": 1.0,
    "us": 1e-6,
    "usec": 1e-6,
    "ms": 1e-3,
    "msec": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "days": 86400.0,
}
_SPAN = re.compile(r"\s*([0-9]+(?:\.[0-9]*)?)\s*([a-z]*)")

# Whose a directive is: it is one once the module is loaded.
_DIRECTIVES = {
    "$omitlocallogging": "imuxsock",
    "$systemlogratelimitinterval": "imuxsock",
    "$systemlogratelimitburst": "imuxsock",
    "$imuxsockratelimitinterval": "imuxsock",
    "$imuxsockratelimitburst": "imuxsock",
    "$imjournalratelimitinterval": "imjournal",
    "$imjournalratelimitburst": "imjournal",
}


class Limit(namedtuple("Limit", "what interval burst")):
    """A limit: what has it, its interval in seconds, and how many lines pass in it."""

    __slots__ = ()

    @property
    def off(self):
        """bool: whether no line is dropped."""
        return self.interval <= 0 or self.burst <= 0

    @property
    def rate(self):
        """float: lines a second that pass for long."""
        return self.burst / float(self.interval)


def time_span(text):
    """float or None: seconds of a span as systemd reads it (systemd.time(7)), C(1min 30s); None for other text."""
    text = text.strip()
    if text == "infinity":
        return float("inf")
    seconds, position = 0.0, 0
    while position < len(text):
        match = _SPAN.match(text, position)
        if not match or match.group(2) not in _UNITS:
            return None
        seconds += float(match.group(1)) * _UNITS[match.group(2)]
        position = match.end()
    return seconds if text else None


def journald_files(directories=JOURNALD_DIRECTORIES):
    """list of str: journald's configuration files in the order in which it reads them, later ones win.

    The first directory that has journald.conf or a drop-in of a name hides those of the others; drop-ins come after the
    file, in the order of their names (journald.conf(5)).
    """
    main = [
        path for path in (os.path.join(directory, "journald.conf") for directory in directories) if os.path.exists(path)
    ]
    drop_ins = {}
    for directory in reversed(directories):
        for path in glob.glob(os.path.join(directory, "journald.conf.d", "*.conf")):
            drop_ins[os.path.basename(path)] = path
    return main[:1] + [drop_ins[name] for name in sorted(drop_ins)]


def journald_limit(texts, version):
    """Limit: of each service's lines in journald.

    Args:
        texts: list of str, its files in the order of ``journald_files``.
        version: int, of systemd; 0 when it is not known.
    """
    interval = _JOURNALD_INTERVAL
    burst = _OLD_JOURNALD_BURST if 0 < version < _NEW_JOURNALD else _JOURNALD_BURST
    settings = []
    for text in texts:
        section = ""
        for line in text.split("\n"):
            line = line.strip()
            name, equals, value = line.partition("=")
            if line.startswith("["):
                section = line
            elif line.startswith("#RateLimitBurst=") and whole_number(value) in (_OLD_JOURNALD_BURST, _JOURNALD_BURST):
                # The file of a distribution shows the defaults of its build.
                burst = int(value)
            elif equals and section == "[Journal]":
                settings.append((name.strip(), value.strip()))
    for name, value in settings:
        if name in ("RateLimitIntervalSec", "RateLimitInterval"):
            span = time_span(value)
            interval = interval if span is None else span
        elif name == "RateLimitBurst":
            # Digits only, for journald too (config_parse_unsigned).
            number = whole_number(value)
            burst = burst if number is None else number
    return Limit("journald", interval, burst)


def _number(text, default):
    number = whole_number(text)
    return default if number is None else number


def _further_socket(statement, settings):
    """Limit or None: of the socket on which this statement has imuxsock listen too; None where it says something else."""
    parameters = statement.parameters
    if statement.name == "input" and parameters.get("type", "").lower() == "imuxsock":
        return Limit(
            "imuxsock " + parameters.get("socket", "?"),
            _number(parameters.get("ratelimit.interval"), _IMUXSOCK[0]),
            _number(parameters.get("ratelimit.burst"), _IMUXSOCK[1]),
        )
    if statement.name in ("$addunixlistensocket", "$inputunixlistensocket"):
        return Limit(
            "imuxsock " + statement.value,
            _number(settings.get("$imuxsockratelimitinterval"), _IMUXSOCK[0]),
            _number(settings.get("$imuxsockratelimitburst"), _IMUXSOCK[1]),
        )
    return None


def _system_socket(parameters, settings):
    """Limit or None: of the socket on which imuxsock listens by itself; None where it does not."""
    if "load" in parameters:
        # Of a module that is loaded in the new form rsyslog refuses these directives (seen with 8.2302).
        settings = {}
    if settings.get("$omitlocallogging") == "on" or parameters.get("syssock.use", "on").lower() == "off":
        return None
    return Limit(
        "imuxsock",
        _number(
            parameters.get("syssock.ratelimit.interval", settings.get("$systemlogratelimitinterval")), _IMUXSOCK[0]
        ),
        _number(parameters.get("syssock.ratelimit.burst", settings.get("$systemlogratelimitburst")), _IMUXSOCK[1]),
    )


def rsyslog_limits(statements):
    """list of Limit: of the inputs of local lines, in the order of the configuration, imjournal last.

    Args:
        statements: iterable of Statement, see ``rsyslog_config.statements``.
    """
    modules, settings, sockets = {}, {}, []
    for statement in statements:
        socket = _further_socket(statement, settings)
        value = statement.value.partition("#")[0].lower()
        if statement.module:
            # rsyslog takes no parameters of a module that it has.
            modules.setdefault(statement.module, statement.parameters)
        elif socket is not None and "imuxsock" in modules:
            # Directives hold for the sockets that are named after them.
            sockets.append(socket)
        elif _DIRECTIVES.get(statement.name) in modules and (value in ("on", "off") or whole_number(value) is not None):
            settings[statement.name] = value

    limits = []
    if "imuxsock" in modules:
        system = _system_socket(modules["imuxsock"], settings)
        limits = ([] if system is None else [system]) + sockets
    if "imjournal" in modules:
        # The directives overwrite the module's parameters (seen with 8.2302).
        module = modules["imjournal"]
        limits.append(
            Limit(
                "imjournal",
                _number(settings.get("$imjournalratelimitinterval", module.get("ratelimit.interval")), _IMJOURNAL[0]),
                _number(settings.get("$imjournalratelimitburst", module.get("ratelimit.burst")), _IMJOURNAL[1]),
            )
        )
    return limits
