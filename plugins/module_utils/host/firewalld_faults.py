# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which file of firewalld's configuration is at fault.

firewalld says what is wrong, but not where: C(INVALID_ZONE: not a valid zone file: unclosed token: line 1, column 0), or
C(INVALID_PORT: port number in '99999' is too big) (1.3.3).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import files
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import explained

# firewalld(1), DIRECTORIES: what a file of each begins with.
_ROOTS = {
    "helpers": "helper",
    "icmptypes": "icmptype",
    "ipsets": "ipset",
    "policies": "policy",
    "services": "service",
    "zones": "zone",
}


def _configuration(etc):
    for folder in sorted(_ROOTS):
        for directory, folders, names in sorted(os.walk(os.path.join(etc, folder))):
            for name in sorted(folders + names):
                if name.endswith(".xml"):
                    yield os.path.join(directory, name), _ROOTS[folder]
    for name, root in (("direct.xml", "direct"), ("lockdown-whitelist.xml", "whitelist")):
        if os.path.lexists(os.path.join(etc, name)):
            yield os.path.join(etc, name), root


def check_regular(etc):
    """Find what is no file in the place of one: firewalld waits at a FIFO for ever, and loads nothing for the others.

    Args:
        etc: str, firewalld's directory of its own configuration.

    Raises:
        IOError, OSError: one of the files is something else, a link to nothing, or cannot be opened.
    """
    for path, _root in _configuration(etc):
        os.close(files.open_regular(path))


def _fault(data, root):
    try:
        found = to_native(minidom.parseString(data).documentElement.tagName)
    except (ExpatError, ValueError) as exc:
        return "is not XML: {0}".format(exc)
    return None if found == root else "begins with <{0}>, not <{1}>".format(found, root)


def _values(said):
    """set of str: what a message of firewalld quotes, or has at its end."""
    last = said.strip().splitlines()[-1:]
    return set(re.findall(r"'([^']+)'", said)) | set(line.rpartition(": ")[2].strip() for line in last)


def faults(etc, said):
    """The files that are at fault.

    Args:
        etc: str, firewalld's directory of its own configuration.
        said: str, how firewalld complains.

    Returns:
        list of str: each a file and what is wrong with it. Where each file can be read, those that have what the message
        names. Empty when no file is known to be at fault.
    """
    broken, named = [], []
    values = [to_bytes(value) for value in sorted(_values(said))]
    for path, root in _configuration(etc):
        try:
            data = files.read_bytes(path)
        except (IOError, OSError) as exc:
            broken.append(explained(exc))
            continue
        if data is None:
            continue
        fault = _fault(data, root)
        if fault is not None:
            broken.append("{0} {1}".format(path, fault))
        named.extend(
            "{0} has {1!r}".format(path, to_native(value))
            for value in values
            if any(mark[:1] + value + mark[1:] in data for mark in (b'""', b"''", b"><"))
        )
    return broken or named
