# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the file system of the queue has room for mail."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

_IDENTIFIER = "queue_space"
# smtpd refuses mail with less room than this many of the largest message (smtpd_check_queue() in Postfix's smtpd_check.c).
_MESSAGES = 1.5
# Each message in the queue is a file, and each that is tried a second one.
_FEWEST_INODES = 100
_MIB = 1 << 20


def existing(path):
    """str: the path, or the nearest directory above it that is there."""
    while not os.path.isdir(path) and os.path.dirname(path) != path:
        path = os.path.dirname(path)
    return path


def space_check(path, size_limit, minimum, wanted_bytes, wanted_inodes):
    """dict: bytes and inodes that are free for Postfix's queue.

    Args:
        path: str, queue_directory.
        size_limit: int, message_size_limit in bytes, 0 for none.
        minimum: int, queue_minfree in bytes.
        wanted_bytes: int, below this there is a warning.
        wanted_inodes: int, below this there is a warning.

    Raises:
        OSError: the file system cannot be asked.
    """
    room = os.statvfs(existing(path))
    # File systems that make inodes as they go say 0.
    return judge(
        path,
        room.f_bavail * room.f_frsize,
        room.f_favail if room.f_files else None,
        size_limit,
        minimum,
        wanted_bytes,
        wanted_inodes,
    )


def judge(path, free, inodes, size_limit, minimum, wanted_bytes, wanted_inodes):
    """dict: see ``space_check``; C(free) in bytes, C(inodes) None where the file system has no number of them."""
    needed = max(int(_MESSAGES * size_limit), minimum)
    seen = "{0} MiB free".format(free // _MIB)
    if inodes is not None:
        seen += ", {0} inodes free".format(inodes)
    todo = "Make room on the file system of {0}.".format(path)
    if free <= needed:
        seen += (
            "; Postfix refuses mail with no more than {0} MiB (1.5 times message_size_limit, or queue_minfree)".format(
                needed // _MIB
            )
        )
        return checks.failed(_IDENTIFIER, path, seen, todo)
    if inodes is not None and inodes < _FEWEST_INODES:
        return checks.failed(_IDENTIFIER, path, seen, todo)
    if free < wanted_bytes:
        return checks.warning(_IDENTIFIER, path, "{0}, {1} MiB wanted".format(seen, wanted_bytes // _MIB), todo)
    if inodes is not None and inodes < wanted_inodes:
        return checks.warning(_IDENTIFIER, path, "{0}, {1} wanted".format(seen, wanted_inodes), todo)
    return checks.ok(_IDENTIFIER, path, seen)
