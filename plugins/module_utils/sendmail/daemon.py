# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a daemon runs, as the kernel tells it.

What supervises sendmail may not know: Debian's init script under systemd is "active" long after the daemon has died.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native

TABLES = ("/proc/net/tcp", "/proc/net/tcp6")

# What sendmail takes where the .cf has no PidFile (sendmail/conf.c).
_PID_FILE = "/var/run/sendmail.pid"

# proc(5) and include/net/tcp_states.h of Linux.
_LISTEN = "0A"


def port_of(options):
    """int or None: the TCP port of a daemon; None when the host does not know its name.

    Args:
        options: str, as in DaemonPortOptions: C(Name=MTA, Port=smtp). A key may be cut down to its first letter, and
            the port is smtp when there is none (op.me, "DaemonPortOptions").
    """
    port = "smtp"
    for field in options.split(","):
        key, _equals, value = field.partition("=")
        if key.strip().lower()[:1] == "p":
            port = value.strip()
    if port.isdigit():
        return int(port)
    try:
        return socket.getservbyname(port, "tcp")
    except (EnvironmentError, UnicodeError):
        return None


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
