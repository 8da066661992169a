# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of every error that a module of this collection turns into C(fail_json), and what an operating system's says."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import errno
import os

from ansible.module_utils.common.text.converters import to_native


class RelayError(Exception):
    """A problem that the user can act on: the text names the object, the reason and the fix."""

    def facts(self):
        """dict: what C(fail_json) shows besides the message."""
        return {}


class HostError(RelayError):
    """The operating system refused what a module needs, before anything was changed."""


class FileKindError(IOError):
    """What is at a path is not a file whose content can be read.

    Args:
        path: str.
        reason: str, what it is instead.
        fix: str, what to do.
    """

    def __init__(self, path, reason, fix):
        super(FileKindError, self).__init__(errno.EINVAL, reason, path)
        self.fix = fix


_RUN_AS_ROOT = (
    "run it as root (become: true); if it was root, SELinux, AppArmor, a container or the attribute 'immutable' "
    "(lsattr) forbids it"
)
# What helps against which error of errno(3).
_FIXES = {
    errno.EACCES: _RUN_AS_ROOT,
    errno.EBUSY: "it is in use, or mounted on its own as in a container; mount its directory instead, or free it",
    errno.EDQUOT: "raise the disk quota of the user that Ansible becomes, or remove files of that user",
    errno.EEXIST: "move what has this name away",
    errno.EFBIG: "raise the limit for the size of a file (ulimit -f)",
    errno.EIO: "the disk or what it is connected by is faulty; see dmesg",
    errno.EISDIR: "name a file, or move the directory away",
    errno.ELOOP: "its symbolic links lead in a circle; have them end at a file",
    errno.EMFILE: "raise the limit for open files (ulimit -n)",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.ENFILE: "close files of other programs, or raise fs.file-max",
    errno.ENODEV: "name a regular file",
    errno.ENOENT: "create it, or correct the path; if it is a symbolic link, what it leads to is missing",
    errno.ENOMEM: "free memory",
    errno.ENOSPC: "make room on its file system: df shows whether blocks, df -i whether inodes are used up",
    errno.ENOTDIR: "a part of the path is no directory; correct the path, or move that file away",
    errno.ENOTEMPTY: "move what is in it away",
    errno.ENXIO: "name a regular file",
    errno.EPERM: _RUN_AS_ROOT,
    errno.EROFS: "its file system is mounted read-only; mount it for writing (after a fault of the disk see dmesg)",
    errno.ESTALE: "mount its file system anew",
    errno.EXDEV: "it is mounted on its own; mount its directory instead",
}
# Those which programs pass on in words, and which are not a fault of what they were given.
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def explained(exc):
    """str: an error with the path that it is about, the reason, and what to do.

    Args:
        exc: EnvironmentError, or any other error, of which the text is given as it is.
    """
    if not isinstance(exc, EnvironmentError) or exc.errno is None:
        return to_native(exc)
    # Of two names the second one is the destination.
    path = getattr(exc, "filename2", None) or exc.filename
    fix = getattr(exc, "fix", None) or _FIXES.get(exc.errno, "look at it on the host")
    reason = to_native(exc.strerror or os.strerror(exc.errno))
    if path is None and reason.startswith("No usable temporary directory"):
        # The words of tempfile.gettempdir(), which has tried to write to each.
        fix = "make room in one of them, or make it writable"
    return "{0}{1}; {2}".format("" if path is None else "{0}: ".format(to_native(path)), reason, fix)


def fix_for(said):
    """str: what to do about a full or read-only disk, if that is what a program complains of; else empty.

    Args:
        said: str, the program's own words in the C locale.
    """
    return next((_FIXES[code] for code in _OF_THE_DISK if os.strerror(code) in said), "")


@contextlib.contextmanager
def about(path):
    """Name this path in what the operating system refuses meanwhile, instead of a temporary name or none.

    Args:
        path: str, the file or directory that the user knows.
    """
    try:
        yield
    except EnvironmentError as exc:
        exc.filename, exc.filename2 = path, None
        raise
