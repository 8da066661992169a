# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the programs of sendmail: its version, what a .cf says, how a .mc becomes a .cf."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_bytes

_VERSION = re.compile(r"^Version (\d+\.\d+\.\d+\S*)", re.MULTILINE)
_PROMPT = re.compile(r"^(?:> )+")
# What it says in its address test mode (main.c from 8.6 to 8.18).
_OWN_TEXT = b"ADDRESS TEST MODE"


class InstallationError(RelayError):
    """Sendmail is not there, or does not accept a file."""


class NotInstalledError(InstallationError):
    """Sendmail, or what builds its .cf files, is not on this host."""

    def facts(self):
        """dict: what tells a playbook that a package is missing."""
        return {"installed": False}


def _is_sendmails(path):
    """bool: whether a program of that name may be sendmail's.

    It is not asked: that of Postfix would complain of what it is asked, in the mail log.
    """
    try:
        program = read_bytes(path)
    except (RelayError, EnvironmentError):
        return True
    return program is None or _OWN_TEXT in program


class Sendmail(object):
    """The sendmail of this host.

    Args:
        runner: a ``Runner``.
    """

    def __init__(self, runner):
        self._runner = runner
        # Where packages let several mail systems live, "sendmail" may be another one's, and sendmail's own is there
        # under this name.
        self._program = [name for name in ("sendmail.sendmail", "sendmail") if runner.find(name)][:1]
        self.program = "".join(self._program)
        self.version = self._ask_version()

    @property
    def installed(self):
        """bool: whether there is a sendmail; the program of that name that other mail systems bring is not one."""
        return self.version != ""

    def _ask_version(self):
        if not self._program or not _is_sendmails(self._runner.find(self.program)):
            return ""
        # /dev/null as configuration: the version is told before it is read, and a broken live one does no harm.
        # Without LogLevel, sendmail would complain of that file in the mail log.
        result = self._ask("/dev/null", "/quit\n", "-O", "LogLevel=0", "-d0.1")
        found = _VERSION.search(result.stdout)
        return found.group(1) if found else ""

    def _ask(self, path, questions, *options):
        """Result: what the address test mode says with this configuration."""
        return self._runner.run(self._program + ["-C", path] + list(options) + ["-bt"], stdin=questions, check=False)

    def load(self, path, shown):
        """(dict, dict): macros (S, H, {MTAHost}) and the arguments of each mailer, as sendmail reads a .cf.

        Args:
            path: str, the file.
            shown: str, its name in an error.

        Raises:
            InstallationError: sendmail finds a fault in it.
        """
        result = self._ask(path, "$S\n$H\n${MTAHost}\n=M\n/quit\n")
        faults = [
            line for line in (result.stdout + "\n" + result.stderr).splitlines() if line.startswith(path + ": line")
        ]
        if result.rc != 0 or faults:
            raise InstallationError(
                "sendmail refuses the new {0}, nothing was changed: {1}".format(
                    shown, "; ".join(faults).replace(path, shown) or (result.stderr or result.stdout).strip()
                )
            )
        answers = [_PROMPT.sub("", line) for line in result.stdout.splitlines() if line.startswith("> ")]
        values = [value if value != "Undefined" else "" for value in answers[:3]]
        mailers = dict(
            (found.group(1), found.group(2))
            for found in re.finditer(r"^(?:> )?mailer \d+ \(([^)]*)\):.* A=(.*)$", result.stdout, re.MULTILINE)
        )
        return dict(zip(("S", "H", "{MTAHost}"), values)), mailers

    def can_build(self, mc, directory):
        """bool: whether m4 and the files that a .mc includes are there.

        Args:
            mc: an ``Mc``.
            directory: str, that of the .mc file.
        """
        includes = [os.path.join(directory, path) for path in mc.includes()]
        return (
            self._runner.find("m4") is not None
            and any(path.endswith("/cf.m4") for path in includes)
            and all(os.path.exists(path) for path in includes)
        )

    def build(self, path, directory, shown):
        """str: the .cf that m4 makes of a .mc, as the host's own Makefile does.

        Args:
            path: str, the .mc file.
            directory: str, where relative includes are looked for.
            shown: str, the file's name in an error.

        Raises:
            InstallationError: m4 finds a fault.
        """
        result = self._runner.run(["m4", "-I", directory, path], check=False)
        # The macros tell their own errors on standard error and let m4 end with 0.
        if result.rc != 0 or "ERROR" in result.stderr:
            raise InstallationError(
                "m4 cannot make a .cf of the new {0}, nothing was changed: {1}".format(
                    shown, result.stderr.replace(path, shown).strip() or "no reason given"
                )
            )
        return result.stdout

    def compile_map(self, kind, path, source, cf):
        """Compile a map with makemap(8).

        Args:
            kind: str, such as hash.
            path: str, the compiled file without its suffix.
            source: str, the text.
            cf: str, the configuration to go by.

        Raises:
            InstallationError: makemap does not take it.
        """
        result = self._runner.run(["makemap", "-C", cf, kind, path], stdin=source, check=False)
        if result.rc != 0:
            raise InstallationError(
                "makemap does not take the new access map, nothing was changed: {0}".format(
                    result.stderr.replace(path, "access").strip()
                )
            )
