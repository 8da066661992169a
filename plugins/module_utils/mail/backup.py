# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages that were saved whole before they were deleted, so that they can be put back.

A directory has a folder for each message, named after its queue ID, with the MTA's own files as they were. It is 0700
and each file 0600: they are people's letters.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import filecmp
import os
import shutil

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, about, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    TEMPORARY_SUFFIX,
    fsync_directory,
    open_regular,
    read_native,
    write_atomically,
)


class BackupError(RelayError):
    """A message could not be saved or is not in the backup."""


class Backup(object):
    """Saved messages of one MTA.

    Args:
        directory: str; its parent must exist.
        mta: str; a directory holds the messages of one kind of MTA.
    """

    def __init__(self, directory, mta):
        self.directory = directory
        self._mta = mta

    def check(self):
        """Refuse a directory that cannot be used, before anything is done.

        Raises:
            BackupError
        """
        parent = os.path.dirname(self.directory.rstrip("/"))
        if not self.directory.startswith("/") or not os.path.isdir(parent):
            raise BackupError("{0}: the directory {1} does not exist; make it first".format(self.directory, parent))
        if not os.path.lexists(self.directory):
            return
        if not os.path.isdir(self.directory) or (self._kind() is None and os.listdir(self.directory)):
            raise BackupError(
                "{0}: it is there already and is not a backup; name a directory that is not there yet".format(
                    self.directory
                )
            )
        if self._kind() not in (self._mta, None):
            raise BackupError(
                "{0}: it holds messages of {1}, not of {2}; name another directory".format(
                    self.directory, self._kind(), self._mta
                )
            )

    def _kind(self):
        """str or None: whose messages these are."""
        try:
            text = read_native(os.path.join(self.directory, "mta"))
        except (IOError, OSError) as exc:
            raise BackupError(explained(exc))
        return None if text is None else text.strip()

    def save(self, queue_id, paths):
        """Copy a message's files; it is there whole or not at all.

        Args:
            queue_id: str.
            paths: dict: name in the backup -> path of the file.

        Raises:
            IOError, OSError: one cannot be read or written, or another message of this name is there already; what was
                copied of this message is gone again.
        """
        marker = os.path.join(self.directory, "mta")
        if not os.path.exists(marker):
            self._begin(marker)
        temporary = os.path.join(self.directory, queue_id + TEMPORARY_SUFFIX)
        final = os.path.join(self.directory, queue_id)
        shutil.rmtree(temporary, ignore_errors=True)
        os.mkdir(temporary, 0o700)
        try:
            for name, path in paths.items():
                with os.fdopen(open_regular(path), "rb") as source:
                    self._write(os.path.join(temporary, name), source)
            if os.path.isdir(final):
                # Queue IDs are used again: an older message of this name is not to be lost.
                if not self._equal(temporary, final):
                    raise IOError(errno.EEXIST, "another message is saved under this name", final)
                shutil.rmtree(final)
            os.rename(temporary, final)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise
        fsync_directory(self.directory)

    def _begin(self, marker):
        """Make the directory and the file that says whose messages these are; neither is left when that fails."""
        made = not os.path.isdir(self.directory)
        if made:
            os.mkdir(self.directory, 0o700)
        try:
            write_atomically(marker, self._mta.encode("ascii") + b"\n", 0o600)
        except BaseException:
            if made:
                os.rmdir(self.directory)
            raise

    @staticmethod
    def _equal(one, other):
        names = sorted(os.listdir(one))
        return names == sorted(os.listdir(other)) and all(
            filecmp.cmp(os.path.join(one, name), os.path.join(other, name), shallow=False) for name in names
        )

    @staticmethod
    def _write(path, source):
        with about(path), os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            shutil.copyfileobj(source, stream)
            stream.flush()
            os.fsync(stream.fileno())

    def ids(self):
        """list of str: the queue IDs of the messages that are there.

        Raises:
            BackupError: there is no such backup, or it is of another MTA.
        """
        if not os.path.isdir(self.directory):
            raise BackupError("{0}: there is no such backup".format(self.directory))
        if self._kind() != self._mta:
            raise BackupError(
                "{0}: it holds messages of {1}, not of {2}".format(self.directory, self._kind() or "no MTA", self._mta)
            )
        return sorted(
            name for name in os.listdir(self.directory) if name != "mta" and not name.endswith(TEMPORARY_SUFFIX)
        )

    def saved_at(self, queue_id):
        """int: when this message was saved, in seconds since the epoch."""
        return int(os.stat(os.path.join(self.directory, queue_id)).st_mtime)

    def path(self, queue_id, name):
        """str: where a file of a saved message is."""
        return os.path.join(self.directory, queue_id, name)
