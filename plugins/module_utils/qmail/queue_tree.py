# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The directory C(queue) of a qmail, and the lock by which it is known whether qmail-send runs on it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import os
import time
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.files import open_regular, read_bytes
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.qmail import queue_files

# mess, info, local and remote are split over directories; todo and intd only where the patch big-todo is in (fmtqfn.c).
_SPLIT = ("mess", "info", "local", "remote")
_PERHAPS_SPLIT = ("todo", "intd")
KINDS = _SPLIT + _PERHAPS_SPLIT + ("bounce",)

# In this order a crash leaves nothing to be delivered in part. Without bounce/N nobody is told of a message that goes,
# and none is left for the next message of this number. Without info/N, or for state S4 without todo/N, qmail-send does
# not take up the message, and removes what is left of it (INTERNALS, section 6).
_REMOVAL = ("bounce", "info", "local", "remote", "todo", "intd", "mess")

_POLL = 0.1
# So many examples of a problem are named.
_EXAMPLES = 3

# A message as its files show it. id: str. state: str, S2 to S5. sender: str or None, None when no file tells. todo,
# local, remote: tuple of str, recipients that wait: not told apart yet, or apart. size: int, bytes. written, born: int,
# seconds since the epoch: when the message file was written, and from when qmail-send counts (None before S5).
# problems: tuple of (str, str), path below the queue and what is wrong.
Entry = namedtuple("Entry", "id state sender todo local remote size written born problems")


class Mutex(object):
    """The lock that qmail-send holds while it runs, lock_exnb.c. Whoever holds it keeps qmail-send from starting.

    Args:
        path: str, C(lock/sendmutex).
    """

    def __init__(self, path):
        self._path = path
        self._handle = None

    def acquire(self, wait=0.0):
        """bool: whether it is ours now.

        Args:
            wait: float, seconds to wait for it.

        Raises:
            QueueError: it is not there, so that nothing can be proven.
        """
        try:
            handle = os.open(self._path, os.O_WRONLY)
        except OSError as exc:
            raise QueueError(
                "{0}: {1}; without it there is no proof that qmail-send is stopped. Nothing was done.".format(
                    self._path, exc.strerror
                )
            )
        deadline = time.time() + wait
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._handle = handle
                return True
            except (IOError, OSError) as exc:
                if exc.errno not in (errno.EAGAIN, errno.EACCES):
                    os.close(handle)
                    raise
                if time.time() >= deadline:
                    os.close(handle)
                    return False
            time.sleep(_POLL)

    def release(self):
        """Let it go, if it is ours."""
        if self._handle is not None:
            fcntl.flock(self._handle, fcntl.LOCK_UN)
            os.close(self._handle)
            self._handle = None


class Oddities(object):
    """Files that qmail would not have written: counted, and the first ones named."""

    def __init__(self):
        self._count = 0
        self._first = []

    def add(self, path, problem):
        """Note one more."""
        self._count += 1
        if len(self._first) < _EXAMPLES:
            self._first.append("{0} ({1})".format(path, problem))

    def warnings(self):
        """list of str: none or one."""
        if not self._count:
            return []
        more = self._count - len(self._first)
        return [
            "{0} files in the queue are not as qmail writes them: {1}{2}".format(
                self._count, ", ".join(self._first), " and {0} more".format(more) if more else ""
            )
        ]


class Tree(object):
    """The files of a queue.

    Args:
        top: str, usually C(/var/qmail/queue).

    Raises:
        QueueError: it is not a queue of qmail, or it may not be read.
    """

    def __init__(self, top):
        self.top = top
        self._split = self._count_of("mess")
        if self._split is None:
            raise QueueError("{0}: the directory mess is not split; this is not a queue of qmail".format(top))
        self._splits = dict((kind, self._split) for kind in _SPLIT)
        self._splits.update((kind, self._count_of(kind)) for kind in _PERHAPS_SPLIT)
        self.mutex = Mutex(os.path.join(top, "lock", "sendmutex"))

    def _names(self, *names):
        try:
            return os.listdir(os.path.join(self.top, *names))
        except OSError as exc:
            raise QueueError(
                "{0}: {1}{2}".format(
                    os.path.join(self.top, *names),
                    exc.strerror,
                    "; as root it can be read" if exc.errno == errno.EACCES else "",
                )
            )

    def _count_of(self, kind):
        names = [name for name in self._names(kind) if os.path.isdir(os.path.join(self.top, kind, name))]
        try:
            return queue_files.split_of(names)
        except ValueError as exc:
            raise QueueError("{0}: {1}; this is not a queue of qmail".format(os.path.join(self.top, kind), exc))

    def _parts(self, kind, number):
        split = self._splits.get(kind)
        return (kind, number) if split is None else (kind, str(int(number) % split), number)

    def path(self, kind, number):
        """str: where a file of a message is, or would be.

        Args:
            kind: str, one of KINDS.
            number: str, the message's.
        """
        return os.path.join(self.top, *self._parts(kind, number))

    def files(self, number):
        """dict: kind -> path, of the files that a message has."""
        paths = [(kind, self.path(kind, number)) for kind in KINDS]
        return dict((kind, path) for kind, path in paths if os.path.lexists(path))

    def numbers(self, oddities):
        """The numbers of all messages, directory by directory.

        Args:
            oddities: Oddities.

        Yields:
            str
        """
        for _kind, number in self._listed("mess", oddities):
            yield number
        for kind in ("info", "todo"):
            for _kind, number in self._listed(kind, oddities):
                # Asked in this order: a message that ends meanwhile loses its message file last.
                if not os.path.lexists(self.path("mess", number)) and os.path.lexists(self.path(kind, number)):
                    oddities.add("/".join(self._parts(kind, number)), "no message of this number")

    def _listed(self, kind, oddities):
        split = self._splits[kind]
        for directory in [()] if split is None else [(str(place),) for place in range(split)]:
            for name in self._names(kind, *directory):
                if queue_files.is_number(name) and self._parts(kind, name) == (kind,) + directory + (name,):
                    yield kind, name
                else:
                    oddities.add("/".join((kind,) + directory + (name,)), "no message's file belongs here")

    def unborn(self):
        """State S1: the files that qmail-queue has made, whose numbers are going to be those of messages.

        Yields:
            (str, int, int): number, size in bytes, and time in seconds since the epoch.
        """
        for name in self._names("pid"):
            try:
                status = os.lstat(os.path.join(self.top, "pid", name))
            except OSError:
                continue
            number = str(status.st_ino)
            if not os.path.lexists(self.path("mess", number)):
                yield number, status.st_size, int(status.st_mtime)

    def read(self, number):
        """Entry or None: a message; None when there is none of this number, or it ended while it was read.

        Args:
            number: str.

        Raises:
            IOError, OSError: a file cannot be read.
        """
        entry = self._read(number)
        # What has neither todo/N nor info/N may have got one right after that was asked for.
        return self._read(number) if entry is not None and entry.state in ("S2", "S3") else entry

    def _read(self, number):
        try:
            status = os.stat(self.path("mess", number))
        except OSError as exc:
            if exc.errno != errno.ENOENT:
                raise
            return None
        size, written = status.st_size, int(status.st_mtime)
        data = read_bytes(self.path("todo", number))
        if data is not None:
            envelope = queue_files.parse_todo(data)
            problems = self._problems(number, todo=envelope)
            return Entry(number, "S4", envelope.sender, envelope.recipients, (), (), size, written, None, problems)
        data, born = self._info(number)
        if data is None:
            state = queue_files.state_of(
                [kind for kind in ("mess", "intd") if os.path.lexists(self.path(kind, number))]
            )
            return state and Entry(number, state, None, (), (), (), size, written, None, ())
        info, local, remote = (
            queue_files.parse_info(data),
            self._channel("local", number),
            self._channel("remote", number),
        )
        if not (local.recipients or remote.recipients) and not os.path.lexists(self.path("mess", number)):
            return None
        problems = self._problems(number, info=info, local=local, remote=remote)
        return Entry(number, "S5", info.sender, (), local.recipients, remote.recipients, size, written, born, problems)

    def _info(self, number):
        """(bytes or None, int or None): its content and its time."""
        try:
            with os.fdopen(open_regular(self.path("info", number)), "rb") as stream:
                return stream.read(), int(os.fstat(stream.fileno()).st_mtime)
        except (IOError, OSError) as exc:
            if exc.errno != errno.ENOENT:
                raise
            return None, None

    def _channel(self, kind, number):
        return queue_files.parse_recipients(read_bytes(self.path(kind, number)) or b"")

    def _problems(self, number, **envelopes):
        """tuple of (str, str): path below the top, and what is wrong."""
        return tuple(
            ("/".join(self._parts(kind, number)), envelope.problem)
            for kind, envelope in sorted(envelopes.items())
            if envelope.problem
        )

    def remove(self, number):
        """Remove every file of a message. qmail-send must not run.

        Raises:
            OSError: what is left is not a message that would be delivered, or it is the whole one but for bounce/N.
        """
        for kind in _REMOVAL:
            try:
                os.unlink(self.path(kind, number))
            except OSError as exc:
                if exc.errno != errno.ENOENT:
                    raise
