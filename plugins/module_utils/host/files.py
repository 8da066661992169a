# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are whole at every moment: the old one or the new one, and never readable too early."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import stat
import tempfile
import time

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import FileKindError, RelayError, about

# A temporary file of ours carries this, so that the next run can recognise what a killed one left.
TEMPORARY_SUFFIX = ".mailops-new"

# bytes: more than any file has that is read as a whole.
LARGEST = 64 * 1024 * 1024
_PIECE = 1 << 16

_KINDS = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
)


class ModeError(RelayError):
    """What a user gave as the mode of a file is not a mode."""


def permission_bits(value, what):
    """int or None: the mode of a file: octal digits, or a number as YAML reads 0640.

    Args:
        value: str, int or None.
        what: str, the file, for the message.

    Raises:
        ModeError: it is neither.
    """
    if value is None:
        return None
    try:
        bits = value if isinstance(value, int) else int(value, 8)
    except (TypeError, ValueError):
        bits = -1
    if not 0 <= bits <= 0o777:
        raise ModeError("{0}: mode {1!r} is not valid; give octal digits such as '0640'".format(what, value))
    return bits


def require_regular(path, mode):
    """Refuse what is not a regular file: a device may never end, and a FIFO may never begin.

    Args:
        path: str.
        mode: int, C(st_mode) of stat(2).

    Raises:
        FileKindError.
    """
    if not stat.S_ISREG(mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(mode)), "something else")
        raise FileKindError(
            path, "it is {0}, not a regular file".format(kind), "name a file, or move what is there away"
        )


def open_regular(path, flags=os.O_RDONLY):
    """int: the descriptor of an existing regular file; opening it waits for nobody.

    Args:
        path: str.
        flags: int, as of open(2).

    Raises:
        IOError, OSError: it is not there, cannot be opened, or is something else.
    """
    # Before it is opened: to open a device may do something. And after: it may be another one then.
    require_regular(path, (os.lstat if flags & os.O_NOFOLLOW else os.stat)(path).st_mode)
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        require_regular(path, os.fstat(handle).st_mode)
    except BaseException:
        os.close(handle)
        raise
    return handle


def read_bytes(path):
    """bytes or None: the content of a regular file; None when there is no such file.

    Raises:
        IOError, OSError: the file is there but cannot be read, is not a regular file, or has more than ``LARGEST`` bytes.
    """
    with about(path):
        try:
            handle = open_regular(path)
        except (IOError, OSError) as exc:
            if exc.errno == errno.ENOENT:
                return None
            raise
        pieces, size = [], 0
        with os.fdopen(handle, "rb") as stream:
            # Not by its size: a file of procfs has none.
            for piece in iter(lambda: stream.read(_PIECE), b""):
                pieces.append(piece)
                size += len(piece)
                if size > LARGEST:
                    raise FileKindError(
                        path, "it has more than {0} bytes".format(LARGEST), "name the right file; this is none to edit"
                    )
        return b"".join(pieces)


def read_native(path):
    """str or None: like ``read_bytes``, as a native string that keeps bytes which are not UTF-8.

    ``to_file_bytes`` gives back the same bytes.
    """
    data = read_bytes(path)
    return None if data is None else to_native(data, errors="surrogateescape")


def to_file_bytes(text):
    """bytes: what a native string from ``read_native`` stands for."""
    return to_bytes(text, errors="surrogateescape")


def fsync_directory(directory):
    """Make a rename in this directory survive a power cut."""
    with about(directory):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def create_temporary(directory, basename, data, mode=0o600, owner=None, group=None):
    """Write a new file beside its destination, complete and on disk.

    It is born 0600; the wanted mode and owner are set before anything can rename it into place.

    Args:
        directory: str, the destination's directory (rename works within one file system only).
        basename: str, the destination's file name.
        data: bytes.
        mode: int, the permission bits.
        owner, group: int or None; None keeps the caller's.

    Returns:
        str: the path of the temporary file. The caller renames or removes it.
    """
    handle, path = tempfile.mkstemp(prefix=".{0}.".format(basename), suffix=TEMPORARY_SUFFIX, dir=directory)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            if owner is not None or group is not None:
                os.fchown(stream.fileno(), -1 if owner is None else owner, -1 if group is None else group)
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
    except BaseException:
        os.unlink(path)
        raise
    return path


def write_atomically(path, data, mode=None, owner=None, group=None, label=None):
    """Replace or create a file by rename.

    Args:
        path: str. A symbolic link is followed: its target is replaced, the link stays.
        data: bytes.
        mode: int or None; None keeps an existing file's bits, and gives a new file 0644.
        owner, group: int or None; None keeps an existing file's, and gives a new file the caller's.
        label: callable or None, called with (temporary path, destination) before the rename; modules
            pass one that sets the SELinux context which the policy has for the destination.

    Raises:
        IOError, OSError: the destination is unchanged.
    """
    path = os.path.realpath(path)
    try:
        current = os.stat(path)
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise
        current = None
    if current is not None:
        require_regular(path, current.st_mode)
        mode = stat.S_IMODE(current.st_mode) if mode is None else mode
        owner = current.st_uid if owner is None else owner
        group = current.st_gid if group is None else group
    directory = os.path.dirname(path)
    with about(path):
        temporary = create_temporary(
            directory, os.path.basename(path), data, 0o644 if mode is None else mode, owner, group
        )
        try:
            if label is not None:
                label(temporary, path)
            os.rename(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    fsync_directory(directory)


def backup_path(path, now=None):
    """str: a name for a backup of this file, ``PATH.YYYY-MM-DD@HH:MM:SS~`` in local time.

    Args:
        path: str.
        now: float or None, seconds since the epoch; None is the present.
    """
    stamp = time.strftime("%Y-%m-%d@%H:%M:%S", time.localtime(now))
    return "{0}.{1}~".format(path, stamp)
