# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where SSH comes in on this host, so that no change of a firewall cuts it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host import files
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import AddressError, parse_network

DEFAULT_PORT = 22

# ports: TCP ports of which one must stay open. peer: address that Ansible comes from, None when it does not
# come over SSH.
SshAccess = namedtuple("SshAccess", "ports peer")


def peer_network(access):
    """addresses.Network or None: the one address that Ansible comes from, where it is known.

    Args:
        access: SshAccess.
    """
    if access.peer is None:
        return None
    try:
        return parse_network(access.peer)
    except AddressError:
        return None


def parse_connection(value):
    """Read the value of C(SSH_CONNECTION), sshd(8): client address, client port, server address, server port.

    Args:
        value: str or None.

    Returns:
        SshAccess or None: None when it is not such a value.
    """
    fields = (value or "").split()
    if len(fields) != 4 or fields[3].strip("0123456789") != "":
        return None
    return SshAccess([int(fields[3])], fields[0].partition("%")[0])


def find_connection(environ, proc="/proc"):
    """The SSH connection that this process belongs to.

    sudo takes C(SSH_CONNECTION) out of the environment, so the environments of the parents are looked at too.

    Args:
        environ: dict, this process's environment.
        proc: str, where procfs is mounted.

    Returns:
        SshAccess or None.
    """
    found = parse_connection(environ.get("SSH_CONNECTION"))
    pid = "self"
    while found is None and pid not in (None, "0"):
        base = os.path.join(proc, pid)
        try:
            status = files.read_native(os.path.join(base, "status")) or ""
            environment = files.read_native(os.path.join(base, "environ")) or ""
        except (IOError, OSError):
            return None
        for entry in environment.split("\0"):
            if entry.startswith("SSH_CONNECTION="):
                found = parse_connection(entry.partition("=")[2])
        pid = next((line.split()[1] for line in status.splitlines() if line.startswith("PPid:")), None)
    return found


def sshd_ports(config="/etc/ssh/sshd_config", _depth=0):
    """The ports that sshd is configured to listen on, sshd_config(5): Port, ListenAddress and Include.

    Args:
        config: str, path of sshd_config.

    Returns:
        list of int: empty when none is set.
    """
    found = []
    for line in (files.read_native(config) or "").splitlines():
        words = line.replace("=", " ", 1).split()
        keyword = words[0].lower() if len(words) > 1 else ""
        if keyword == "match":
            break
        if keyword == "include" and _depth < 4:
            for pattern in words[1:]:
                for path in sorted(glob.glob(os.path.join("/etc/ssh", pattern.strip('"')))):
                    found.extend(sshd_ports(path, _depth + 1))
        port = None
        if keyword == "port":
            port = words[1]
        elif keyword == "listenaddress" and (words[1].count(":") == 1 or "]:" in words[1]):
            port = words[1].rpartition(":")[2]
        if port is not None and port.strip("0123456789") == "" and 0 < int(port or 0) < 65536:
            found.append(int(port))
    return found


def access(environ=None, proc="/proc", config="/etc/ssh/sshd_config"):
    """How SSH reaches this host: the port of Ansible's own connection, else sshd's ports, else 22.

    Returns:
        SshAccess.
    """
    connection = find_connection(os.environ if environ is None else environ, proc)
    if connection is not None:
        return connection
    try:
        ports = sshd_ports(config)
    except (IOError, OSError):
        ports = []
    return SshAccess(sorted(set(ports)) or [DEFAULT_PORT], None)
