# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where SSH comes in on this host, so that no change of a firewall cuts it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host import files, listeners
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    AddressError,
    names_loopback,
    parse_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number

DEFAULT_PORT = 22

# ports: TCP ports of which one must stay open; empty when SSH does not come in here. peer: address that Ansible comes
# from, None when it does not come over SSH. others: further ports of SSH, which stay open where they are.
SshAccess = namedtuple("SshAccess", "ports peer others")
SshAccess.__new__.__defaults__ = ((),)

# Programs that serve SSH, also under names like sshd2 and sshd-admin. OpenSSH's helpers serve one connection each, and
# listen only for what that forwards.
_SERVER = re.compile(r"^(?:sshd|dropbear|tinysshd|lshd)[0-9]*(?:-[a-z0-9]+)*$")
_HELPERS = ("sshd-session", "sshd-auth")
# What OpenSSH's server calls itself from 8.2 on, behind the name that its program has (server_listen() of sshd.c).
_LISTENER = re.compile(r"\[listener\] \d+ of \d+-\d+ startups\Z")
_UNITS = [name + end for name in ("ssh", "sshd", "dropbear", "tinyssh", "tinysshd") for end in (".service", ".socket")]
_UNIT = re.compile(r"(?:^|[^a-z])(?:sshd?|dropbear|tinysshd?)(?:[^a-z]|$)")


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


def sshd_ports(config="/etc/ssh/sshd_config"):
    """The ports that sshd is configured to listen on, sshd_config(5): Port, ListenAddress and Include.

    Args:
        config: str, path of sshd_config.

    Returns:
        list of int, or None: without those of loopback addresses; None when neither Port nor ListenAddress is set.

    Raises:
        IOError, OSError: a file cannot be read.
    """
    ports, addresses = [], []
    for keyword, value in _settings(config):
        if keyword == "port":
            ports.append(_port(value))
        else:
            addresses.append(_address(value))
    found = [port for address, port in addresses if not names_loopback(address)]
    if not addresses or None in found:
        # An address without a port is listened on at each Port.
        found += ports or ([DEFAULT_PORT] if addresses else [])
    found = sorted(set(port for port in found if port is not None))
    return found if ports or addresses else None


def _settings(config):
    """iterable of (str, str): keyword and value; each file is read once, however often files include it, themselves too."""
    waiting, seen = [config], set([config])
    while waiting:
        for keyword, words in _global_lines(waiting.pop()):
            if keyword != "include":
                yield keyword, words[0]
                continue
            for pattern in words:
                new = [path for path in glob.glob(os.path.join("/etc/ssh", pattern)) if path not in seen]
                seen.update(new)
                waiting.extend(new)


def _global_lines(path):
    """iterable of (str, list of str): keyword and words of the lines that hold for all connections."""
    for line in (files.read_native(path) or "").splitlines():
        words = [word.strip('"') for word in line.replace("=", " ", 1).split()]
        keyword = words[0].lower() if len(words) > 1 else ""
        if keyword == "match":
            # What follows holds for single connections, up to the end of this file.
            return
        if keyword in ("include", "port", "listenaddress"):
            yield keyword, words[1:]


def _port(text):
    """int or None."""
    number = whole_number(text)
    return number if number is not None and 0 < number < 65536 else None


def _address(value):
    """(str, int or None): address and port of C(HOST), C(HOST:PORT), C(IPV6) or C([IPV6]:PORT)."""
    if value.count(":") == 1 or "]:" in value:
        address, _colon, port = value.rpartition(":")
        return address, _port(port)
    return value, None


def is_server(words):
    """bool: whether a command line is that of an SSH server, or of a program that starts one for each connection.

    C(sshd: root@pts/0) is a connection that has come in; it listens only for what it forwards.

    Args:
        words: list of str.
    """
    if is_listener(words):
        return True
    names = [word.rpartition("/")[2] for word in words]
    return any(_SERVER.match(name) and name not in _HELPERS for name in names)


def is_listener(words):
    """bool: whether a command line is the title of an OpenSSH server, whatever the name of its program.

    Args:
        words: list of str.
    """
    return bool(_LISTENER.search(" ".join(words)))


class _Search(object):
    """Looks for SSH on this host.

    Attributes:
        listening: set of int, where it listens now.
        configured: set of int, where it will after a restart or the next boot, as far as that is said.
        certain: bool, whether no SSH found means that there is none.
    """

    def __init__(self, runner, proc, config):
        self._processes = listeners.Processes(proc)
        self.listening, self.configured = set(), set()
        units = listeners.units(runner, _UNITS)
        self._sockets(runner, units)
        hidden, by_itself = self._servers()
        try:
            said = sshd_ports(config)
        except (IOError, OSError):
            said = None
        self.configured.update(said if said is not None else [DEFAULT_PORT] if by_itself else [])
        self._says_nowhere = said == []
        if units is None:
            expected = os.path.exists(config)
        else:
            expected = any(
                unit.get("Id", [""])[0] in _UNITS and (listeners.is_active(unit) or listeners.is_enabled(unit))
                for unit in units
            )
        # Who cannot see what process 1 has open does not see that of others.
        self.certain = not expected and not hidden and self._processes.ports("1") is not None

    def _sockets(self, runner, units):
        """Find the sockets that systemd holds for SSH. What it has read of a unit is what it listens on (seen with 252)."""
        sockets = listeners.socket_units(units or [])
        unclear = [item for item in sockets if not _UNIT.search(item.name)]
        started = listeners.commands_of(runner, sorted(set(name for item in unclear for name in item.services)))
        ours = [
            item
            for item in sockets
            if item not in unclear or any(is_server(started.get(service, [])) for service in item.services)
        ]
        for item in ours:
            if item.active:
                self.listening.update(item.ports)
            elif item.enabled:
                self.configured.update(item.ports)

    def _servers(self):
        """(bool, bool): whether ports of a server cannot be seen; whether one goes by sshd_config, or by the default."""
        hidden = by_itself = False
        activated = set(self.listening)
        for pid, words in self._processes.commands().items():
            # It may have been started by another name. With "name: ..." a connection that has come in calls itself, too.
            if words and ("[listener]" in words or not words[0].endswith(":")):
                words = [self._processes.program(pid)] + words
            if not is_server(words):
                continue
            ports = self._processes.ports(pid)
            if ports is None:
                hidden = True
                continue
            self.listening.update(ports)
            told = any(word.startswith(("-p", "-o", "-f")) for word in words)
            direct = is_listener(words) or is_server(words[:3])
            by_itself = by_itself or (direct and bool(ports - activated) and not told)
        return hidden, by_itself

    def ports(self):
        """set of int: of which one must stay open."""
        if self.listening:
            return self.listening
        if self.certain:
            return set()
        return self.configured or set([] if self._says_nowhere else [DEFAULT_PORT])


def access(runner, environ=None, proc="/proc", config="/etc/ssh/sshd_config"):
    """How SSH reaches this host.

    One port must stay open: that of Ansible's own connection, else of those where SSH listens, else of those where it is
    configured to. The other ones of these stay open where they are. Where SSH neither runs nor starts at boot, there
    is none; what cannot be seen counts as sshd on port 22.

    Args:
        runner: ``commands.Runner``.
        environ: dict, this process's environment; None is os.environ.
        proc, config: str, where procfs is mounted, and the path of sshd_config.

    Returns:
        SshAccess.
    """
    search = _Search(runner, proc, config)
    every = search.listening | search.configured
    connection = find_connection(os.environ if environ is None else environ, proc)
    if connection is not None:
        return connection._replace(others=sorted(every.difference(connection.ports)))
    ports = search.ports()
    return SshAccess(sorted(ports), None, sorted(every - ports) if ports else [])
