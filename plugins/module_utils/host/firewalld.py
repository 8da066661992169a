# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""firewalld on this host: its zone files and its command.

What a change of a zone needs of them is in ``firewalld_zone``.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import files
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_faults import check_regular, faults
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import (
    KINDS,
    ZoneError,
    difference,
    parse_zone_file,
    parse_zone_listing,
)

# firewall/errors.py of firewalld: the exit code of firewall-cmd when the daemon does not answer.
NOT_RUNNING = 252
# firewall/functions.py max_zone_name_len(): 17 until 2.3, 128 in 2.4, 96 in 2.5.
SHORTEST_NAME_LIMIT = 17
_NAME_LIMITS = (((2, 5), 96), ((2, 4), 128))
_OPTIONS = {"sources": "source", "services": "service", "ports": "port", "rich_rules": "rich-rule"}
# firewalld.dbus(5); prints "b true" or "b false".
_ASK_FOR_PANIC = "busctl call {0} /org/fedoraproject/FirewallD1 {0} queryPanicMode".format(
    "org.fedoraproject.FirewallD1"
).split()
# firewalld.zone(5); "forward" is in each zone that firewalld 1.0 and later makes.
_USUAL_TAGS = ("source", "service", "port", "rule", "interface", "short", "description", "forward")
_EXPECTED = ("ALREADY_ENABLED", "NOT_ENABLED", "ZONE_ALREADY_SET", "ALREADY_SET")


def name_limit(version):
    """int: how many characters a zone's name may have.

    Args:
        version: str, what C(firewall-cmd --version) prints; anything else counts as the oldest.
    """
    number = _version_number(version)
    return next((limit for since, limit in _NAME_LIMITS if number >= since), SHORTEST_NAME_LIMIT)


def _version_number(version):
    """(int, int): of a version as C(firewall-cmd --version) prints it; anything else counts as the oldest."""
    match = re.match(r"^([0-9]+)\.([0-9]+)", version.strip())
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


class Firewalld(object):
    """firewalld on this host: its files and its command.

    Args:
        runner: ``commands.Runner``.
        etc, lib: str, the directories of its own and of its packaged configuration.

    Attributes:
        calls: int, how often one of firewalld's commands was run.
    """

    def __init__(self, runner, etc="/etc/firewalld", lib="/usr/lib/firewalld"):
        self._runner = runner
        self._etc = etc
        self._lib = lib
        self.calls = 0
        self.complaints = []

    def _command(self, argv, check=True):
        self.calls += 1
        result = self._runner.run(argv, check=check)
        self.complaints.extend(
            line for line in result.stderr.splitlines() if line.strip() and not any(word in line for word in _EXPECTED)
        )
        return result

    # -- what is there

    def lock_directory(self):
        """str: the directory whose lock keeps two runs apart."""
        return self._etc if os.path.isdir(self._etc) else os.path.dirname(self._etc)

    def panics(self):
        """bool: whether firewalld is in panic mode, in which it drops every packet, whatever the zones say."""
        if self._runner.find("busctl") is not None:
            # The question that firewall-cmd would pass on, without the quarter of a second that it takes to start.
            answer = self._runner.run(_ASK_FOR_PANIC, check=False)
            if answer.rc == 0:
                return answer.stdout.strip() == "b true"
        return self._command(["firewall-cmd", "--query-panic"], check=False).stdout.strip() == "yes"

    def installed(self):
        """bool: whether firewall-cmd is there."""
        return self._runner.find("firewall-cmd") is not None

    def _find(self, folder, name):
        for base in (self._etc, self._lib):
            path = os.path.join(base, folder, name + ".xml")
            if os.path.isfile(path):
                return path
        return None

    def names(self, folder):
        """set of str: what is defined in C(zones), C(services) or C(ipsets)."""
        found = set()
        for base in (self._etc, self._lib):
            try:
                entries = os.listdir(os.path.join(base, folder))
            except OSError as exc:
                if exc.errno != errno.ENOENT:
                    raise
                continue
            found.update(entry[: -len(".xml")] for entry in entries if entry.endswith(".xml"))
        return found

    def zone_path(self, name):
        """str: the file in which changes of a zone are kept."""
        return os.path.join(self._etc, "zones", name + ".xml")

    def packaged(self, name):
        """bool: whether the zone comes with firewalld, so that it cannot be removed."""
        return os.path.isfile(os.path.join(self._lib, "zones", name + ".xml"))

    def combined(self, name):
        """bool: whether the zone is put together from several files in a directory of its name."""
        return any(os.path.isdir(os.path.join(base, "zones", name)) for base in (self._etc, self._lib))

    def zone_file(self, name):
        """bytes or None: the file that firewalld reads for a zone."""
        path = self._find("zones", name)
        return None if path is None else files.read_bytes(path)

    def permanent(self, only=None):
        """The permanent side.

        Args:
            only: str or None, one zone to read instead of all. A file of another zone that cannot be read is
                passed over, as firewalld does.

        Returns:
            dict of str → Zone.

        Raises:
            ZoneError: the file of the zone C(only) is not a zone file.
        """
        zones = {}
        for name in [only] if only is not None else sorted(self.names("zones")):
            data = self.zone_file(name)
            if data is None:
                continue
            try:
                zones[name] = parse_zone_file(data, name, self._find("zones", name))
            except ZoneError:
                if only is not None:
                    raise
        return zones

    def runtime(self):
        """dict of str → Zone, or None when firewalld is not running.

        Raises:
            CommandError.
        """
        argv = ["firewall-cmd", "--list-all-zones"]
        result = self._command(argv, check=False)
        if result.rc == NOT_RUNNING:
            return None
        if result.rc != 0:
            raise CommandError(argv, result.rc, result.stdout, result.stderr)
        return parse_zone_listing(result.stdout)

    def default_zone(self):
        """str: C(DefaultZone) of firewalld.conf(5)."""
        text = files.read_native(os.path.join(self._etc, "firewalld.conf")) or ""
        found = re.findall(r"(?m)^[ \t]*DefaultZone[ \t]*=[ \t]*(\S+)", text)
        return found[-1] if found else "public"

    def longest_name(self, name, running):
        """int: how many characters the installed firewalld accepts; it is asked only for a long name."""
        if len(name) <= SHORTEST_NAME_LIMIT:
            return SHORTEST_NAME_LIMIT
        return name_limit(self._version(running))

    def joins_ports(self, running):
        """bool: whether the installed firewalld joins port ranges that overlap, as it does from 0.9 on."""
        return _version_number(self._version(running)) >= (0, 9)

    def _version(self, running):
        program = "firewall-cmd" if running else "firewall-offline-cmd"
        return self._command([program, "--version"], check=False).stdout

    def service_ports(self, name, _seen=()):
        """list of str: the ports of a service, firewalld.service(5), with those of the services it includes."""
        path = self._find("services", name)
        if path is None:
            return ["22/tcp"] if name == "ssh" else []
        try:
            root = minidom.parseString(files.read_bytes(path)).documentElement
        except (ExpatError, ValueError):
            return []
        ports = [
            "{0}/{1}".format(to_native(node.getAttribute("port")), to_native(node.getAttribute("protocol")))
            for node in root.getElementsByTagName("port")
        ]
        for node in root.getElementsByTagName("include"):
            included = to_native(node.getAttribute("service"))
            if included and included != name and included not in _seen:
                ports.extend(self.service_ports(included, tuple(_seen) + (name,)))
        return ports

    def ipset_entries(self, name):
        """list of str: the permanent entries of an ipset, firewalld.ipset(5); empty when its file cannot be read."""
        path = self._find("ipsets", name)
        try:
            root = minidom.parseString(files.read_bytes(path) if path is not None else b"<ipset/>").documentElement
        except (ExpatError, ValueError):
            return []
        return [
            to_native("".join(child.data for child in node.childNodes if child.nodeType == child.TEXT_NODE)).strip()
            for node in root.getElementsByTagName("entry")
        ]

    def interface_towards(self, address):
        """str or None: the interface by which packets of an address come, as far as the routes say."""
        if self._runner.find("ip") is None:
            return None
        words = self._runner.run(["ip", "route", "get", address], check=False).stdout.split()
        return words[words.index("dev") + 1] if "dev" in words[:-1] else None

    # -- changes

    def write_zone(self, name, data):
        """Replace or, with None, remove the file in which changes of a zone are kept."""
        path = self.zone_path(name)
        if data is None:
            try:
                os.unlink(path)
            except OSError as exc:
                if exc.errno != errno.ENOENT:
                    raise
            return
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path), 0o750)
        files.write_atomically(path, data)

    def own_zone_file(self, name):
        """bytes or None: the file in which changes of a zone are kept."""
        return files.read_bytes(self.zone_path(name))

    def further(self, name):
        """list of str: what is in the file of a zone besides its items, its interfaces and its description."""
        root = minidom.parseString(self.own_zone_file(name) or b"<zone/>").documentElement
        tags = set(to_native(node.tagName) for node in root.childNodes if node.nodeType == node.ELEMENT_NODE)
        return sorted(tags - set(_USUAL_TAGS))

    def check_files(self):
        """Raise IOError or OSError for what is no file in the place of one; see ``check_regular``."""
        check_regular(self._etc)

    def check_config(self, running):
        """Let firewalld check its permanent configuration.

        Raises:
            ZoneError: it is broken; the message names the file, where that can be told.
        """
        self._whole(["firewall-cmd" if running else "firewall-offline-cmd", "--check-config"])

    def reload(self):
        """Make the permanent configuration the runtime one.

        Raises:
            ZoneError: it is broken; the message names the file, where that can be told.
        """
        self._whole(["firewall-cmd", "--reload"])

    def _whole(self, argv):
        """Run a command that reads the whole permanent configuration, and fails where any of its files is broken."""
        try:
            self._command(argv)
        except CommandError as exc:
            said = to_native(exc).rstrip(".")
            found = faults(self._etc, exc.stderr + exc.stdout)
            raise ZoneError(
                "{0}. At fault: {1}; correct or remove it and run again".format(said, "; ".join(found))
                if found
                else said
            )

    def change(self, zone, action, kind, items, permanent):
        """Add items of one kind to a zone, or remove them.

        Args:
            zone: str.
            action: str, C(add) or C(remove).
            kind: str, one of ``KINDS``.
            items: list of str; nothing is run for an empty one.
            permanent: bool.

        Raises:
            CommandError.
        """
        if items:
            option = "--{0}-{1}=".format(action, _OPTIONS[kind])
            self._command(
                ["firewall-cmd"]
                + (["--permanent"] if permanent else [])
                + ["--zone=" + zone]
                + [option + item for item in items]
            )

    def shift(self, changes):
        """Lead zones from one state to another: first all that is added, then all that is removed.

        Args:
            changes: list of (Zone before, Zone after, bool permanent).

        Raises:
            CommandError.
        """
        deltas = [
            (after.name, kind, permanent, difference(kind, before, after))
            for before, after, permanent in changes
            for kind in KINDS
        ]
        for zone, kind, permanent, delta in deltas:
            self.change(zone, "add", kind, delta.add, permanent)
        for zone, kind, permanent, delta in reversed(deltas):
            self.change(zone, "remove", kind, delta.remove, permanent)
            self.change(zone, "add", kind, delta.restore, permanent)
