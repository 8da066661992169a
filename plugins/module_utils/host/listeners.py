# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who listens on this host's TCP ports, and on what one can: procfs for processes, systemd for
the sockets that it holds for services.

procfs is read rather than C(ss) asked: a small host may lack that, and it says the same. What listens in another network
namespace (a container's sshd) is not in these tables, and no firewall of this host's is before it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import socket
import struct
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host import files
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import names_loopback
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number

_LISTEN = "0A"
_LOOPBACK_IPV6 = b"\0" * 15 + b"\1"
_MAPPED = b"\0" * 10 + b"\xff\xff"

# A socket unit of systemd. ports: list of int, TCP and not on loopback alone. services: list of str, what it starts.
# active: bool, whether it listens now. enabled: bool, whether it does so after the next boot.
SocketUnit = namedtuple("SocketUnit", "name ports services active enabled")


def parse_table(text):
    """Read C(/proc/net/tcp) or C(/proc/net/tcp6), proc(5).

    Args:
        text: str.

    Returns:
        dict of str → int: the inode of each listening socket → its port; without those on loopback, which no packet from
        outside reaches.
    """
    found = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) < 10 or fields[3] != _LISTEN:
            continue
        address, _colon, port = fields[1].partition(":")
        try:
            # The kernel prints the address as words in the machine's own byte order.
            packed = b"".join(
                struct.pack("=I", int(address[start : start + 8], 16)) for start in range(0, len(address), 8)
            )
            number = int(port, 16)
        except (ValueError, struct.error):
            continue
        if not _is_loopback(packed):
            found[fields[9]] = number
    return found


def _is_loopback(packed):
    if packed.startswith(_MAPPED):
        packed = packed[len(_MAPPED) :]
    return packed[:1] == b"\x7f" if len(packed) == 4 else packed == _LOOPBACK_IPV6


class Processes(object):
    """The processes of this host, as procfs shows them.

    Args:
        proc: str, where procfs is mounted.
    """

    def __init__(self, proc="/proc"):
        self._proc = proc
        self._listening = {}
        for name in ("tcp", "tcp6"):
            self._listening.update(parse_table(self._read("net", name)))

    def _read(self, *names):
        try:
            return files.read_native(os.path.join(self._proc, *names)) or ""
        except (IOError, OSError):
            return ""

    def commands(self):
        """dict of str → list of str: the words of each process's command line, or of the title it has given itself."""
        try:
            pids = [name for name in os.listdir(self._proc) if name.isdigit()]
        except OSError:
            pids = []
        return dict((pid, self._read(pid, "cmdline").replace("\0", " ").split()) for pid in pids)

    def program(self, pid):
        """str: the path of the program that a process runs, whatever name it was started by; empty where that cannot be seen."""
        try:
            path = os.readlink(os.path.join(self._proc, pid, "exe"))
        except OSError:
            return ""
        # An update has replaced the file.
        return re.sub(r" \(deleted\)\Z", "", path)

    def ports(self, pid):
        """set of int, or None: the ports that a process listens on; None when that is not ours to see."""
        directory = os.path.join(self._proc, pid, "fd")
        try:
            names = os.listdir(directory)
        except OSError:
            return None
        found = set()
        for name in names:
            try:
                target = os.readlink(os.path.join(directory, name))
            except OSError:
                # Closed meanwhile.
                continue
            if target.startswith("socket:["):
                found.add(self._listening.get(target[len("socket:[") : -1]))
        return found - set([None])


def parse_units(text):
    """Read what C(systemctl show) prints of several units.

    Returns:
        list of dict of str → list of str: the values of each property, which can be there more than once.
    """
    units = [{}]
    for line in text.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            units[-1].setdefault(name, []).append(value)
        elif not line.strip():
            units.append({})
    return [unit for unit in units if unit]


def _listen_ports(unit):
    """list of int: C(Listen=[::]:22 (Stream)), or C(ListenStream=[::]:22) from old versions such as 219."""
    values = [value[: -len(" (Stream)")] for value in unit.get("Listen", []) if value.endswith(" (Stream)")]
    ports = []
    for value in values + unit.get("ListenStream", []):
        address, colon, port = value.strip().rpartition(":")
        number = whole_number(port)
        if colon and number is not None and not value.startswith(("/", "@", "vsock:")) and not names_loopback(address):
            ports.append(number)
    return ports


def port_number(text, protocol="tcp"):
    """int or None: a port by its number, or by its name in services(5); None where the host does not know it."""
    number = whole_number(text)
    if number is not None:
        return number
    try:
        return socket.getservbyname(text, protocol)
    except (EnvironmentError, OverflowError, UnicodeError):
        return None


def can_bind(name_or_address):
    """bool: whether a name or address leads to this very host: a socket can be bound to it."""
    try:
        found = socket.getaddrinfo(name_or_address, None, 0, socket.SOCK_DGRAM)
    except (socket.error, UnicodeError):
        return False
    for family, kind, protocol, _name, address in found:
        try:
            handle = socket.socket(family, kind, protocol)
        except socket.error:
            continue
        try:
            handle.bind(address)
            return True
        except socket.error:
            pass
        finally:
            handle.close()
    return False


def has_ipv6_address(name):
    """bool: whether a name has an IPv6 address, in C(/etc/hosts) or in the DNS; the host itself may have no IPv6."""
    try:
        return bool(socket.getaddrinfo(name, None, socket.AF_INET6, socket.SOCK_DGRAM))
    except (socket.error, UnicodeError):
        return False


def units(runner, names):
    """What systemd says of these units, and of every socket unit that it has loaded.

    Args:
        runner: ``commands.Runner``.
        names: list of str.

    Returns:
        list of dict, as from ``parse_units``; None when there is no systemd to ask.
    """
    if runner.find("systemctl") is None:
        return None
    argv = ["systemctl", "show", "--property=Id,Listen,ListenStream,Accept,Triggers,ActiveState,UnitFileState"]
    return parse_units(runner.run(argv + names + ["*.socket"], check=False).stdout) or None


def is_active(unit):
    """bool: whether a unit, as from ``units``, runs or listens now."""
    return unit.get("ActiveState", [""])[0] in ("active", "activating", "reloading")


def is_enabled(unit):
    """bool: whether a unit, as from ``units``, starts when the host does."""
    return unit.get("UnitFileState", [""])[0].startswith("enabled")


def socket_units(found):
    """list of SocketUnit: those with TCP ports.

    Args:
        found: list of dict, as from ``units``.
    """
    sockets = {}
    for unit in found:
        name, ports = unit.get("Id", [""])[0], _listen_ports(unit)
        services = " ".join(unit.get("Triggers", [])).split()
        if unit.get("Accept") == ["yes"]:
            # One service for each connection, of a template; the instance's name does not matter.
            services = [re.sub(r"\.socket$", "@0.service", name)]
        if ports:
            sockets[name] = SocketUnit(name, ports, services, is_active(unit), is_enabled(unit))
    return [sockets[name] for name in sorted(sockets)]


def commands_of(runner, services):
    """dict of str → list of str: the words of the commands by which services of systemd start.

    Args:
        runner: ``commands.Runner``.
        services: list of str.
    """
    if not services:
        return {}
    result = runner.run(["systemctl", "show", "--property=Id,ExecStart"] + services, check=False)
    return dict(
        (unit.get("Id", [""])[0], " ".join(unit.get("ExecStart", [])).replace("=", " ").split())
        for unit in parse_units(result.stdout)
    )
