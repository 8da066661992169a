# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the installed Postfix and its host can be asked; nothing is asked before it is needed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os
import pwd
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.listeners import can_bind, has_ipv6_address
from ansible_collections.mailops.relay.plugins.module_utils.host.processes import PROC, children, started, unit_of
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import (
    backups_of,
    can_read,
    readers_of,
    text_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.units import Units

DEFAULT_DIRECTORY = "/etc/postfix"

# They read the relay's certificate and its key when they start.
_SERVERS = ("smtpd", "tlsproxy")

_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?")


class NotInstalledError(RelayError):
    """There is no Postfix on this host."""

    def facts(self):
        """dict: what tells a playbook that a package is missing."""
        return {"installed": False}


def parse_settings(output):
    """dict: parameter -> value, from the output of C(postconf) with C(-d) or C(-n)."""
    settings = {}
    for line in output.split("\n"):
        name, equals, value = line.partition(" =")
        if equals:
            settings[name] = value.strip()
    return settings


def parse_version(text):
    """tuple of int: (3, 7, 11) for 3.7.11, (3, 12) for 3.12-20260821, () for what is not a version."""
    match = _VERSION.match(text)
    return tuple(int(part) for part in match.groups() if part is not None) if match else ()


class Host(object):
    """Facts about a Postfix installation.

    Args:
        runner: a ``Runner``.
        config_directory: str or None; None is the directory that this Postfix was built for.
    """

    def __init__(self, runner, config_directory=None):
        self._runner = runner
        self._config_directory = config_directory
        self.units = Units(runner, "postfix")
        self._defaults = None
        self._table_types = False
        self._pairs = {}
        self._local = {}
        # Planned by the call in progress: path -> whether the file will exist.
        self.planned = {}
        # Of these: path of a file, or of what it is compiled to -> the FilePlan.
        self.plans = {}

    @property
    def installed(self):
        """bool: whether there is a Postfix to ask."""
        return self._runner.find("postconf") is not None

    def require(self):
        """Make sure that there is a Postfix.

        Raises:
            NotInstalledError: there is none.
        """
        if not self.installed:
            raise NotInstalledError(
                "Postfix is not installed on this host: there is no postconf program; "
                "install the package 'postfix' first"
            )

    @property
    def defaults(self):
        """dict: every parameter that this Postfix knows -> its default, from C(postconf -d); {} without Postfix.

        C(postconf -d) does not read main.cf, and so works with one that names interfaces which the host lacks.

        Raises:
            CommandError: postconf failed.
        """
        if self._defaults is None:
            self._defaults = parse_settings(self._runner.run(["postconf", "-d"]).stdout) if self.installed else {}
        return self._defaults

    @property
    def version(self):
        """tuple of int: Postfix's version; empty when it is not installed."""
        return parse_version(self.version_text)

    @property
    def version_text(self):
        """str: Postfix's version as it names it; empty when it is not installed."""
        return self.defaults.get("mail_version", "")

    @property
    def table_types(self):
        """set of str or None: the lookup table types that can be used here; None when it cannot be told."""
        if self._table_types is False:
            self._table_types = None
            if self.installed:
                result = self._runner.run(["postconf", "-m"], check=False)
                if result.rc == 0:
                    self._table_types = set(result.stdout.split())
        return self._table_types

    @property
    def config_directory(self):
        """str: where main.cf and master.cf are."""
        if self._config_directory is None:
            self._config_directory = self.defaults.get("config_directory", DEFAULT_DIRECTORY)
        return self._config_directory

    @property
    def main_file(self):
        """str: the path of main.cf."""
        return os.path.join(self.config_directory, "main.cf")

    @property
    def master_file(self):
        """str: the path of master.cf."""
        return os.path.join(self.config_directory, "master.cf")

    def _master(self, queue_directory):
        """str: the process ID in the PID file of the master process; empty where there is none."""
        number = (text_of(os.path.join(queue_directory, "pid", "master.pid")) or "").strip()
        return number if number.isdigit() else ""

    def runs(self, queue_directory):
        """bool or None: whether the master process of this Postfix runs; None when it cannot be told.

        It is known by its PID file. Debian's postfix.service is active for systemd even when the process has died.

        Args:
            queue_directory: str.
        """
        number = self._master(queue_directory)
        if not number:
            return False
        if not os.path.exists(os.path.join(PROC, "self")):
            return None
        return (text_of(os.path.join(PROC, number, "comm")) or "").strip() == "master"

    def runs_by_hand(self, queue_directory):
        """bool: whether Postfix runs and systemd, which has a service of it, did not start it.

        What systemd restarts or reloads then is nothing, and on Debian it says that all is well.

        Args:
            queue_directory: str.
        """
        if not self.runs(queue_directory) or not self.units.is_known:
            return False
        unit = unit_of(self._master(queue_directory), PROC)
        # Debian's is an instance: postfix@-.service.
        return unit is not None and re.match(r"postfix(@.*)?\.service\Z", unit) is None

    def serves_older(self, queue_directory, paths):
        """bool: whether a process that takes mail goes on with what it has read before one of these files changed.

        Args:
            queue_directory: str.
            paths: list of str, the files that it reads when it starts.
        """
        number = self._master(queue_directory)
        changed = [os.stat(path).st_ctime for path in paths if os.path.isfile(path)]
        begin = started(number, PROC) if number and changed else None
        # The master process stays over a reload.
        if begin is None or begin > max(changed):
            return False
        found = children(number, PROC)
        # After a reload the queue manager is another one at once; who talks to a client then stays until that ends.
        managers = [moment for name, moment in found if name == "qmgr"]
        servers = [moment for name, moment in found if name in _SERVERS]
        return any(max(managers + [begin]) < moment and any(one < moment for one in servers) for moment in changed)

    @contextlib.contextmanager
    def judged_with(self, planned, plans):
        """For a while, answer as if a call had other plans.

        Args:
            planned: dict, see ``exists``.
            plans: dict, see ``text``.
        """
        kept = self.planned, self.plans
        self.planned, self.plans = planned, plans
        try:
            yield
        finally:
            self.planned, self.plans = kept

    def exists(self, path):
        """bool: whether the path exists, or will when this call is done."""
        return self.planned[path] if path in self.planned else os.path.exists(path)

    def text(self, path):
        """str or None: the content that a file has, or will have when this call is done; None when it cannot be told."""
        plan = self.plans.get(os.path.realpath(path))
        return text_of(path) if plan is None else plan.after

    def readers(self, path):
        """str or None: who else than root, its owner and services can read a file, now or when this call is done."""
        plan = self.plans.get(os.path.realpath(path))
        if plan is None:
            return readers_of(path)
        return None if plan.after is None else readers_of(path, (plan.mode, plan.owner, plan.group))

    def mail_owner_reads(self, path):
        """bool: whether a process that runs as Postfix's own user can read a file, now or when this call is done."""
        try:
            account = pwd.getpwnam(self.defaults.get("mail_owner", "postfix"))
        except KeyError:
            return False
        plan = self.plans.get(os.path.realpath(path))
        attributes = None if plan is None else (plan.mode, plan.owner, plan.group)
        return can_read(path, account.pw_uid, account.pw_gid, attributes)

    def backups(self, path):
        """list of str: the backups that lie beside a file, without those that this call removes."""
        plan = self.plans.get(os.path.realpath(path))
        removed = [] if plan is None else plan.backups_to_remove
        return [backup for backup in backups_of(os.path.realpath(path)) if backup not in removed]

    def is_directory(self, path):
        """bool: whether the path is a directory."""
        return os.path.isdir(path)

    def key_pair_matches(self, cert_path, key_path):
        """bool or None: whether the private key belongs to the (first) certificate; None when it cannot be told."""
        pair = (cert_path, key_path)
        if pair not in self._pairs:
            self._pairs[pair] = self._compare(cert_path, key_path)
        return self._pairs[pair]

    def _compare(self, cert_path, key_path):
        try:
            certificate = self._runner.run(["openssl", "x509", "-in", cert_path, "-noout", "-pubkey"], check=False)
            # A made-up passphrase: an encrypted key must fail here instead of asking; Postfix cannot use one.
            # An empty one would not do, OpenSSL 1.1.1 then asks at the terminal.
            key = self._runner.run(["openssl", "pkey", "-in", key_path, "-passin", "pass:none", "-pubout"], check=False)
        except CommandError:
            return None
        if certificate.rc != 0 or key.rc != 0:
            return None
        return certificate.stdout.split() == key.stdout.split()

    def is_local_address(self, name_or_address):
        """bool: whether a name or address leads to this very host: a socket can be bound to it."""
        if name_or_address not in self._local:
            self._local[name_or_address] = can_bind(name_or_address)
        return self._local[name_or_address]

    @staticmethod
    def has_ipv6_address(name):
        """bool: whether a name has an IPv6 address; see C(has_ipv6_address)."""
        return has_ipv6_address(name)
