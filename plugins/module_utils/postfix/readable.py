# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Postfix's programs say where main.cf names an address that the host has not, with which each of them ends at once.

EL's stock C(inet_interfaces = localhost) is such a one where IPv6 is off and /etc/hosts has C(::1 localhost): nothing of Postfix works
then, and yet what it was told, and what waits in its queue, is to be seen. mail_params_init() of each version looks for these addresses
in every program but postconf, which does so only where mynetworks follows from them, and answers otherwise. So a program is asked too:
C(postmap -q) of a table that is no file, which takes as long as postconf and writes nothing where main.cf can be used.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import atexit
import os
import re
import shutil
import tempfile
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    read_native,
    to_file_bytes,
    write_atomically,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import (
    DEFAULT_DIRECTORY,
    parse_settings,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf

_FAULT = re.compile(
    r"fatal: ((?:parameter|config variable) (?:inet|proxy)_interfaces: [^\n]*|could not find any active network interfaces)"
)
_FATAL = re.compile(r"fatal: ([^\n]+)")
_READS_MAIN_CF = ["-q", "x", "static:x"]
# What the copy says otherwise. Its own directory would stand for $config_directory.
_ELSEWHERE = {"inet_interfaces": "all", "inet_protocols": "all", "proxy_interfaces": ""}
_OTHERWISE = tuple(_ELSEWHERE) + ("config_directory",)

# text: str, standard output; directory: str or None, for C(-c), from which it could be read; fault: str or None, what is wrong with the
# addresses in main.cf, where that is a copy.
Read = namedtuple("Read", "text directory fault")


def address_fault(error):
    """str or None: what is wrong with the addresses in main.cf, if that is why a program of Postfix has failed.

    Args:
        error: CommandError.
    """
    found = _FAULT.search(error.stderr)
    return found.group(1).strip() if found else None


def start_error(runner, directory=None):
    """CommandError or None: with what each program of Postfix ends at once, although postconf may answer.

    Args:
        runner: a ``Runner``.
        directory: str or None, that of the configuration; None is the usual one.
    """
    try:
        runner.run(["postmap"] + options_of(directory) + _READS_MAIN_CF)
    except CommandError as exc:
        return exc
    return None


def words_of(error):
    """str: what a program of Postfix gave as its reason to end.

    Args:
        error: CommandError.
    """
    found = _FATAL.search(error.stderr)
    return found.group(1).strip() if found else str(error)


def readable_copy(error, directory):
    """str: a directory with a copy of the configuration that names no addresses, for C(-c), there as long as this process lives.

    Args:
        error: CommandError, why a program could not read the configuration.
        directory: str or None, that of the configuration; None is the usual one.

    Raises:
        CommandError: ``error``, when it is about something else.
        IOError, OSError: main.cf cannot be read.
    """
    if address_fault(error) is None:
        raise error
    directory = directory or DEFAULT_DIRECTORY
    copy = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, copy, True)
    for name in os.listdir(directory):
        if name != "main.cf":
            os.symlink(os.path.join(directory, name), os.path.join(copy, name))
    _write(copy, read_native(os.path.join(directory, "main.cf")) or "", _ELSEWHERE)
    return copy


def amend_copy(copy, values):
    """Set further parameters in a copy.

    Args:
        copy: str, of ``readable_copy``.
        values: dict: names of parameters -> values.
    """
    _write(copy, read_native(os.path.join(copy, "main.cf")) or "", values)


def _write(copy, text, values):
    lines = ["{0} = {1}\n".format(name, value) for name, value in sorted(values.items())]
    write_atomically(os.path.join(copy, "main.cf"), to_file_bytes("\n".join([text] + lines)), 0o600)


def read(runner, arguments, directory=None):
    """Read: what postconf says of a configuration.

    Args:
        runner: a ``Runner``.
        arguments: list of str.
        directory: str or None, that of the configuration; None is the usual one.

    Raises:
        CommandError: it cannot be asked.
    """
    try:
        return Read(runner.run(["postconf"] + options_of(directory) + arguments).stdout, directory, None)
    except CommandError as exc:
        copy = readable_copy(exc, directory)
        return Read(runner.run(["postconf"] + options_of(copy) + arguments).stdout, copy, address_fault(exc))


def read_for_programs(runner, arguments, directory=None):
    """Read: what postconf says of a configuration, and a directory from which the other programs can read it as well.

    Args:
        runner: a ``Runner``.
        arguments: list of str.
        directory: str or None, that of the configuration; None is the usual one.

    Raises:
        CommandError: postconf cannot be asked, or no program starts, and not for the addresses in main.cf.
    """
    found = read(runner, arguments, directory)
    error = start_error(runner, directory) if found.fault is None else None
    if error is None:
        return found
    return Read(found.text, readable_copy(error, directory), address_fault(error))


def options_of(directory):
    """list of str: by which a program of Postfix reads the configuration in a directory; None is the usual one."""
    return [] if directory is None else ["-c", directory]


def settings_of(runner):
    """(dict, str or None): the parameters that main.cf sets, and what is wrong with the addresses in it, if postconf says so.

    Args:
        runner: a ``Runner``.

    Raises:
        CommandError: postconf cannot be asked.
    """
    found = read(runner, ["-n"])
    settings = parse_settings(found.text)
    if found.fault is not None:
        path = os.path.join(DEFAULT_DIRECTORY, "main.cf")
        own = MainCf(read_native(path) or "", path).values()
        settings = dict((name, value) for name, value in settings.items() if name not in _OTHERWISE)
        settings.update((name, own[name]) for name in _OTHERWISE if name in own)
    return settings, found.fault
