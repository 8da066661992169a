# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail's daemons: on which addresses and ports they listen, and whether one runs, as the kernel tells it.

What supervises sendmail may not know: Debian's init script under systemd is "active" long after the daemon has died.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.listeners import port_number

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")

# What sendmail takes where the .cf has no PidFile (sendmail/conf.c).
_PID_FILE = "/var/run/sendmail.pid"

# proc(5) and include/net/tcp_states.h of Linux.
_LISTEN = "0A"


def _fields(options):
    """dict: the options of a daemon, each under its first letter in lower case, which is all that sendmail looks at."""
    pairs = [field.partition("=") for field in options.split(",")]
    return dict((key.strip().lower()[:1], value.strip()) for key, _equals, value in pairs)


def port_of(options):
    """int or None: the TCP port of a daemon; None when the host does not know its name.

    Args:
        options: str, as in DaemonPortOptions: C(Name=MTA, Port=smtp). A key may be cut down to its first letter, and
            the port is smtp when there is none (op.me, "DaemonPortOptions").
    """
    return port_number(_fields(options).get("p", "smtp"))


# How the daemons are known that C(ipv6_daemons) names.
_OURS = "-ipv6"
# More is an error to sendmail (MAXDAEMONS in sendmail/sendmail.h).
_MOST = 10


def is_added(options):
    """bool: whether this is a daemon that C(ipv6_daemons) names.

    Args:
        options: str, as for ``port_of``.
    """
    fields = _fields(options)
    return fields.get("n", "").endswith(_OURS) and fields.get("f", "").lower() == "inet6" and fields.get("a") == "::1"


def ipv6_daemons(daemons):
    """list of str: daemons on C(::1) beside those on C(127.0.0.1), for the ports on which the host's own have none there.

    C(localhost) is C(::1) first where a host has IPv6 (RFC 6724), and not every program tries the next address. They have
    the modifier O: should IPv6 be switched off later, sendmail starts without them after 45 s, where it would end otherwise
    (op.me, "DaemonPortOptions"; opendaemonsocket() in sendmail/daemon.c).

    Args:
        daemons: list of str, the values of DaemonPortOptions, each as for ``port_of``.
    """
    own = [options for options in daemons if not is_added(options)]
    fields = [_fields(options) for options in own]
    taken = set(port_of(options) for options, found in zip(own, fields) if found.get("f", "").lower() == "inet6")
    added = []
    for options, found in zip(own, fields):
        ipv4 = found.get("f", "inet").lower() == "inet" and plain(found.get("a", "")).lower() in (
            "127.0.0.1",
            "localhost",
        )
        if ipv4 and port_of(options) not in taken:
            taken.add(port_of(options))
            added.append(_on_ipv6_loopback(options))
    return added[: max(_MOST - len(own), 0)]


def _on_ipv6_loopback(options):
    """str: the options of a daemon on C(127.0.0.1), for one on C(::1) that may be missing."""
    kept, values = [], {}
    for field in options.split(","):
        key, _equals, value = field.partition("=")
        letter = key.strip().lower()[:1]
        if letter in ("n", "f", "a", "m"):
            values[letter] = value.strip()
        elif field.strip():
            kept.append(field.strip())
    name = re.sub(r"-?(v4|ipv4)\Z", "", values.get("n", ""), flags=re.IGNORECASE) or "MTA"
    modifiers = values.get("m", "")
    return ", ".join(
        ["Family=inet6", "Name={0}{1}".format(name, _OURS)]
        + kept
        + ["M={0}".format(modifiers if "O" in modifiers else modifiers + "O"), "Addr=::1"]
    )


def listening_ports(table):
    """set of int: the ports on which something listens.

    Args:
        table: str, the content of /proc/net/tcp or /proc/net/tcp6.
    """
    rows = [line.split() for line in table.splitlines()[1:]]
    return set(int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTEN)


def is_listening(daemons, tables=TABLES):
    """bool: whether something listens on the port of one of the daemons at least; true when the host does not tell.

    Args:
        daemons: list of str, the values of DaemonPortOptions; without any, sendmail listens on smtp.
        tables: the kernel's tables of TCP sockets.
    """
    known = [text for text in map(read_native, tables) if text is not None]
    if not known:
        return True
    ports = set().union(*map(listening_ports, known))
    return any(port_of(options) in ports for options in daemons or [""])


def is_alive(pid_file, proc="/proc"):
    """bool: whether the process that wrote its number there is still a sendmail.

    Args:
        pid_file: str or None, the value of PidFile; its first line is the number (op.me, "PidFile").
        proc: str, where the kernel tells of processes.
    """
    first = (read_native(pid_file or _PID_FILE) or "").partition("\n")[0].strip()
    command = read_native(os.path.join(proc, first, "comm")) if first.isdigit() else None
    return (command or "").startswith("sendmail")


def is_running(daemons, pid_file, tables=TABLES, proc="/proc"):
    """bool: whether a daemon runs: it listens, or it is alive.

    While the load average is over RefuseLA, sendmail closes its sockets, and a restart would not help.
    """
    return is_listening(daemons, tables) or is_alive(pid_file, proc)
