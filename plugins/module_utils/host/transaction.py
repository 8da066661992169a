# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several files replaced together: each is whole at every moment, and all are put back when one fails.

New content is made in a staging directory beside each destination, so that it can be checked before
anything live changes and then moved in by rename(2). A staging directory that a killed run left is
recognised by its name and removed by the next run.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, about, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    TEMPORARY_SUFFIX,
    backup_path,
    fsync_directory,
    read_bytes,
)

STAGE_PREFIX = ".mailops-stage."


class TransactionError(RelayError):
    """The new files could not be put in place; the old ones are."""


class Lock(object):
    """Keeps two runs on one host apart: an advisory lock on a directory, which a killed run lets go.

    Args:
        directory: str.
        wait: float, seconds to wait for other runs. There may be many at once, and a reload of firewalld alone takes some.
    """

    def __init__(self, directory, wait=300.0):
        self._directory = directory
        self._wait = wait
        self._handle = None

    def __enter__(self):
        self._handle = os.open(self._directory, os.O_RDONLY)
        deadline = time.time() + self._wait
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return self
            except (IOError, OSError) as exc:
                busy = exc.errno in (errno.EAGAIN, errno.EACCES)
                if busy and time.time() < deadline:
                    time.sleep(0.2)
                    continue
                os.close(self._handle)
                if not busy:
                    raise TransactionError("{0} cannot be locked: {1}".format(self._directory, explained(exc)))
                raise TransactionError(
                    "{0} has been locked by another run for {1:.0f} s; wait for its end, or end it if it hangs, and run "
                    "again".format(self._directory, self._wait)
                )

    def __exit__(self, *_exc):
        os.close(self._handle)


def remove_stale(directories):
    """Remove what killed runs left in these directories. Call it under the lock."""
    for path in _stale(directories):
        if os.path.basename(path).startswith(STAGE_PREFIX):
            shutil.rmtree(path)
        else:
            os.unlink(path)


def has_stale(directories):
    """bool: whether killed runs left something in these directories, or a run is under way there."""
    return any(True for _path in _stale(directories))


def stages_of(plans, *directories):
    """list of str: where a run that makes these plans stages files: beside each, and what else is named.

    Args:
        plans: iterable of ``FilePlan``.
        directories: str.
    """
    return sorted(set(os.path.dirname(plan.destination) for plan in plans) | set(directories))


def _stale(directories):
    for directory in directories:
        try:
            names = os.listdir(directory)
        except OSError:
            continue
        for name in names:
            path = os.path.join(directory, name)
            if not (name.startswith(".") and name.endswith(TEMPORARY_SUFFIX)):
                continue
            # The other kind is of ``files.write_atomically``.
            if name.startswith(STAGE_PREFIX) or stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def write_file(path, data, mode):
    """Make a new file, born 0600, complete and on disk before it gets its mode.

    Args:
        path: str; must not exist.
        data: bytes.
        mode: int, permission bits.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        while data:
            data = data[os.write(handle, data) :]
        os.fchmod(handle, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


class Transaction(object):
    """Staged files, and the way to put them in place.

    Args:
        label: callable or None, called with (staged path, destination) before anything moves; it gives
            the staged file the SELinux context of the destination.
    """

    def __init__(self, label=None):
        self._label = label
        self._stages = {}
        self._done = []
        self.backups = []

    def __enter__(self):
        return self

    def __exit__(self, *_exc):
        for stage in self._stages.values():
            shutil.rmtree(stage, ignore_errors=True)

    def stage_of(self, destination):
        """str: the path inside the staging directory that stands for a destination."""
        directory, name = os.path.split(destination)
        if directory not in self._stages:
            with about(directory):
                self._stages[directory] = tempfile.mkdtemp(prefix=STAGE_PREFIX, suffix=TEMPORARY_SUFFIX, dir=directory)
        return os.path.join(self._stages[directory], name)

    def prepare(self, destination, mode, owner, group):
        """Give a staged file the mode, owner and label that it will have in place, and put it on disk.

        Args:
            destination: str.
            mode: int, permission bits.
            owner, group: int.
        """
        staged = self.stage_of(destination)
        with about(destination):
            handle = os.open(staged, os.O_RDONLY)
            try:
                os.fchown(handle, owner, group)
                os.fchmod(handle, mode)
                os.fsync(handle)
            finally:
                os.close(handle)
            if self._label is not None:
                self._label(staged, destination)

    def back_up(self, paths, private=False):
        """Keep each of these files under a second name, as it is now, with its mode and owner.

        Args:
            paths: iterable of str.
            private: bool, whether only the owner may read the backup, whoever can read the file.
        """
        for path in paths:
            if os.path.exists(path):
                self.keep(path, path, private)

    def keep(self, source, path, private=False):
        """Keep a file under a second name beside a path, for what lies elsewhere as C(back_up) does for what lies there.

        Args:
            source: str, the file; in the same file system.
            path: str.
            private: bool, as for C(back_up).
        """
        name = free = backup_path(path)
        count = 1
        while os.path.exists(free):
            count += 1
            free = "{0}{1}~".format(name, count)
        with about(free):
            os.link(self._private_copy(source, free) if private else source, free)
        self.backups.append(free)

    def _private_copy(self, path, name):
        """str: a copy of a file, with its owner and times, that only the owner can read; it lies in the staging directory."""
        copy = self.stage_of(name)
        status = os.stat(path)
        write_file(copy, read_bytes(path), 0o600)
        os.chown(copy, status.st_uid, status.st_gid)
        os.utime(copy, (status.st_atime, status.st_mtime))
        if self._label is not None:
            self._label(copy, name)
        return copy

    def activate(self, moves):
        """Put staged files in place, in this order; put everything back when one cannot be, what earlier calls moved too.

        Args:
            moves: list of (destination, bool): whether the staged file moves in, or the live one is removed.

        Raises:
            TransactionError: everything is as it was; the text says what failed.
        """
        try:
            # A second name for each old file: what is renamed back has its inode, mode and label.
            saved = {}
            for number, (destination, _present) in enumerate(moves, len(self._done)):
                if os.path.exists(destination):
                    saved[destination] = self.stage_of(
                        os.path.join(os.path.dirname(destination), "old.{0}".format(number))
                    )
                    with about(destination):
                        os.link(destination, saved[destination])
            for destination, present in moves:
                self._done.append((destination, saved.get(destination)))
                with about(destination):
                    if present:
                        os.rename(self.stage_of(destination), destination)
                    elif destination in saved:
                        os.unlink(destination)
            for directory in sorted(set(os.path.dirname(destination) for destination, _present in moves)):
                fsync_directory(directory)
        except BaseException as exc:
            kept = self.roll_back()
            if isinstance(exc, EnvironmentError):
                raise TransactionError(
                    "the new files could not be put in place: {0}; {1}".format(
                        explained(exc),
                        "what could not be put back: " + "; ".join(kept) if kept else "everything is as it was",
                    )
                )
            raise

    def roll_back(self):
        """Put back what ``activate`` has put in place, and take away the backups; for a caller whose next step failed.

        Returns:
            list of str: problems; empty when every file is what it was.
        """
        problems = []
        for destination, saved in reversed(self._done):
            try:
                if saved is not None:
                    # The one whose turn it was when it failed may be in its place still.
                    if not (os.path.exists(destination) and os.path.samefile(saved, destination)):
                        os.rename(saved, destination)
                elif os.path.exists(destination):
                    os.unlink(destination)
            except EnvironmentError as exc:
                problems.append(explained(exc))
        self._done = []
        for path in self.backups:
            try:
                os.unlink(path)
            except EnvironmentError as exc:
                problems.append(explained(exc))
        self.backups = []
        return problems


def attributes_of(path):
    """(mode, owner, group) or None: of an existing file, the mode as permission bits."""
    try:
        status = os.stat(path)
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise
        return None
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
