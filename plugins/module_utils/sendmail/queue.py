# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail's queues, that of the daemon and that of the submission program: their files, under sendmail's own locks.

Whoever works on a message has its control file locked (readqf() and quarantine_queue_item() in sendmail's source), so
what is locked here is not delivered meanwhile, and what sendmail has locked is left alone.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import filecmp
import json
import os
import re
import shutil
import stat
import tempfile

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import explained
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    TEMPORARY_SUFFIX,
    create_temporary,
    fsync_directory,
    open_regular,
    read_native,
    to_file_bytes,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import (
    CHANGED,
    GONE,
    Outcome,
    Queue,
    QueueError,
    batches,
    why_not_saved,
)
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.installation import Sendmail
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue_files import (
    ControlError,
    client_of,
    data_path,
    parse_control,
    places,
    with_quarantine,
)

_DIRECTORY = "/etc/mail"
# The queues with the .cf of each, and what makes sendmail use it.
_CONFIGURATIONS = (("mta", "sendmail.cf", []), ("submission", "submit.cf", ["-Ac"]))
_WAITING, _HELD, _LOST = "qf", "hf", "Qf"
_QUARANTINE = "held by mailops.relay"
_DELIVERED = "it is being delivered"
_BUSY = (errno.EAGAIN, errno.EACCES)


class _Left(Exception):
    """Why a message is left alone."""


def _size(path):
    """int: of a file; 0 when there is none."""
    try:
        return os.lstat(path).st_size
    except OSError as exc:
        if exc.errno != errno.ENOENT:
            raise
        return 0


def _open(path, flags):
    """A stream of a control file.

    The group of the submission program may write in its queue: nothing but a file is opened, and no link followed.

    Raises:
        EnvironmentError: there is none, or it is not a regular file.
    """
    return os.fdopen(open_regular(path, flags | os.O_NOFOLLOW), "rb")


def _text(stream):
    return to_native(stream.read(), errors="surrogateescape")


def _read(path):
    """str or None: what is in a control file; None when it is gone.

    Raises:
        EnvironmentError: it cannot be read.
    """
    try:
        with _open(path, os.O_RDONLY) as stream:
            return _text(stream)
    except EnvironmentError as exc:
        if exc.errno != errno.ENOENT:
            raise
        return None


def _lock(stream):
    """Lock a control file as sendmail does, whether it was built to use flock(2) or fcntl(2).

    Raises:
        _Left: somebody else has locked it.
    """
    try:
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except EnvironmentError as exc:
        if exc.errno in _BUSY:
            raise _Left(_DELIVERED)
        raise


def _open_locked(path):
    """A control file, open and locked. Nothing else in this process may open it: closing that would end the lock.

    Raises:
        _Left: it is gone or locked, or sendmail has put a new one in its place meanwhile.
    """
    try:
        # To write, or fcntl(2) locks it for readers only.
        stream = _open(path, os.O_RDWR)
    except EnvironmentError as exc:
        if exc.errno == errno.ENOENT:
            raise _Left(GONE)
        raise
    try:
        _lock(stream)
        try:
            there = os.stat(path)
        except OSError:
            raise _Left(GONE)
        mine = os.fstat(stream.fileno())
        if (there.st_dev, there.st_ino) != (mine.st_dev, mine.st_ino):
            raise _Left(_DELIVERED)
    except BaseException:
        stream.close()
        raise
    return stream


def _put_back(source, destination, origin):
    """Copy a saved file to its place, whole and with its owner and mode.

    Raises:
        OSError: there is a file of this name.
    """
    temporary = os.path.join(os.path.dirname(destination), "." + os.path.basename(destination) + TEMPORARY_SUFFIX)
    if os.path.lexists(temporary):
        # A killed run has left it.
        os.unlink(temporary)
    number = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(open_regular(source), "rb") as saved, os.fdopen(number, "wb") as stream:
            shutil.copyfileobj(saved, stream)
            stream.flush()
            os.fchown(stream.fileno(), origin["uid"], origin["gid"])
            os.fchmod(stream.fileno(), origin["mode"])
            os.fsync(stream.fileno())
        os.link(temporary, destination)
    finally:
        os.unlink(temporary)


class SendmailQueue(Queue):
    """The queues of sendmail.

    Args:
        runner: commands.Runner.
        directory: str or None: where sendmail.cf and submit.cf are; None is /etc/mail.

    Raises:
        QueueError: no .cf says where a queue is.
    """

    name = "sendmail"
    queues = ("mta", "submission", "hold")
    actions = ("delete", "hold", "release", "flush")
    # assign_queueid() in queue.c: eight letters or digits and the number of a process; older ones have less before it.
    id_pattern = re.compile(r"[0-9A-Za-z]{4,18}\Z")
    id_example = "6AMC4m4E001627"

    @staticmethod
    def is_there(runner):
        # The program of that name of another mail system is not a sendmail.
        return Sendmail(runner).installed

    def __init__(self, runner, directory=None):
        super(SendmailQueue, self).__init__(runner)
        self._places, self._modes = [], []
        for queue, name, options in _CONFIGURATIONS:
            path = os.path.join(directory or _DIRECTORY, name)
            text = read_native(path)
            found = places(queue, text) if text is not None else []
            if found:
                self._places.extend(found)
                self._modes.append((queue, options if directory is None else options + ["-C", path]))
        if not self._places:
            raise QueueError(
                "the queue cannot be found: no sendmail.cf or submit.cf in {0} has a QueueDirectory".format(
                    directory or _DIRECTORY
                )
            )

    def messages(self, selection, now):
        damaged, lost = [], []
        for place in self._places:
            for name in self._names(place, damaged, lost):
                queue, queue_id = "hold" if name.startswith(_HELD) else place.queue, name[2:]
                if selection.queues is not None and queue not in selection.queues:
                    continue
                if selection.ids is not None and queue_id not in selection.ids:
                    continue
                path = os.path.join(place.control, name)
                try:
                    message = self._message(place, path, queue, queue_id)
                except (EnvironmentError, ControlError) as exc:
                    damaged.append("{0}: {1}".format(path, exc))
                    continue
                if message is not None:
                    yield message
        self._warn("queue files are being written or damaged", damaged)
        self._warn("messages were set aside by sendmail as damaged", lost)

    def _warn(self, what, left_out):
        if left_out:
            self.warnings.append("{0} {1}, and are left out; the first is {2}".format(len(left_out), what, left_out[0]))

    def _names(self, place, damaged, lost):
        """list of str: the names of the control files in a directory."""
        try:
            names = os.listdir(place.control)
        except OSError as exc:
            if exc.errno == errno.ENOENT:
                self.warnings.append("{0}: there is no such directory".format(place.control))
                return []
            raise QueueError("the queue cannot be read: {0}".format(explained(exc)))
        found = []
        for name in names:
            if name[:2] in (_WAITING, _HELD) and self.id_pattern.match(name[2:]):
                found.append(name)
            elif name[:2] in (_WAITING, _HELD, _LOST) and name[2:]:
                (lost if name[:2] == _LOST else damaged).append(os.path.join(place.control, name))
        found.sort(key=lambda name: name[2:])
        return found

    @staticmethod
    def _message(place, path, queue, queue_id):
        """Message or None: None when it is done meanwhile."""
        text = _read(path)
        if text is None:
            return None
        control = parse_control(text)
        size = _size(data_path(place, control, queue_id))
        if not size and not os.path.exists(path):
            # sendmail removes the text first.
            return None
        return Message(
            queue, queue_id, control.sender, control.recipients, size, control.created, control.quarantine or ""
        )

    def clients(self, messages):
        found = {}
        for message in messages:
            for _place, path in self._paths(message.id, (_WAITING, _HELD), message.queue):
                try:
                    text = _read(path)
                    if text is not None:
                        found[message.id] = client_of(parse_control(text).origin) or ("", "")
                except (EnvironmentError, ControlError):
                    continue
        return found

    def _paths(self, queue_id, kinds, queue=None):
        """Yields (Place, path): the control files of this ID that are there."""
        for place in self._places:
            if queue in (None, "hold", place.queue):
                for kind in kinds:
                    path = os.path.join(place.control, kind + queue_id)
                    if os.path.exists(path):
                        yield place, path

    @staticmethod
    def settled(action, message):
        return {"hold": message.queue == "hold", "release": message.queue != "hold"}.get(action, False)

    def act(self, action, tickets, backup):
        if action == "flush":
            return self._flush(tickets)
        done, skipped, touched = [], [], set()
        for ticket in tickets:
            try:
                touched.add(self._change(action, ticket, backup))
                done.append(ticket.id)
            except (_Left, EnvironmentError) as exc:
                skipped.append((ticket.id, str(exc)))
        for directory in touched:
            fsync_directory(directory)
        return Outcome(done, skipped)

    def _change(self, action, ticket, backup):
        """str: the directory in which something was done to the message of this ticket.

        Raises:
            _Left, EnvironmentError: it was left as it is.
        """
        kind, other = (_HELD, _WAITING) if ticket.queue == "hold" else (_WAITING, _HELD)
        place, path = next(self._paths(ticket.id, [kind], ticket.queue), (None, None))
        if path is None:
            moved = any(self._paths(ticket.id, [other], ticket.queue))
            raise _Left(GONE if not moved else "it is {0} now".format("on hold" if other == _HELD else "released"))
        with _open_locked(path) as stream:
            text = _text(stream)
            try:
                control = parse_control(text)
            except ControlError as exc:
                raise _Left("it cannot be read: {0}".format(exc))
            data = data_path(place, control, ticket.id)
            if (control.sender, control.created, _size(data)) != (ticket.sender, ticket.arrival, ticket.size):
                raise _Left(CHANGED)
            if action == "delete":
                if backup is not None:
                    self._save(backup, ticket.id, path, text, data)
                self._unlink(path, data)
            else:
                reason = _QUARANTINE if action == "hold" else None
                self._move(path, os.path.join(place.control, other + ticket.id), with_quarantine(text, reason))
        return place.control

    def _unlink(self, path, data):
        """The control file first: a text without one is never delivered."""
        os.unlink(path)
        try:
            os.unlink(data)
        except OSError as exc:
            if exc.errno != errno.ENOENT:
                self.warnings.append("{0}: the text of a deleted message is still there: {1}".format(data, exc))

    @staticmethod
    def _save(backup, queue_id, path, text, data):
        status = os.stat(path)
        origin = {
            "control": path,
            "data": data,
            "uid": status.st_uid,
            "gid": status.st_gid,
            "mode": stat.S_IMODE(status.st_mode),
        }
        # A copy, because to open the file itself a second time and close it would end the lock.
        with tempfile.NamedTemporaryFile() as control, tempfile.NamedTemporaryFile() as about:
            control.write(to_file_bytes(text))
            control.flush()
            about.write(json.dumps(origin, sort_keys=True).encode("ascii") + b"\n")
            about.flush()
            files = {"control": control.name, "origin": about.name}
            if os.path.lexists(data):
                if not stat.S_ISREG(os.lstat(data).st_mode):
                    raise _Left("{0} is not a regular file".format(data))
                files["data"] = data
            why = why_not_saved(backup, queue_id, files)
            if why:
                raise _Left(why)

    @staticmethod
    def _move(path, destination, text):
        """Give a locked control file another text and another name.

        It has the new text under its old name first, so that there is one control file at every moment.
        """
        if os.path.lexists(destination):
            raise _Left("there is {0} too".format(destination))
        status = os.stat(path)
        temporary = create_temporary(
            os.path.dirname(path),
            os.path.basename(path),
            to_file_bytes(text),
            stat.S_IMODE(status.st_mode),
            status.st_uid,
            status.st_gid,
        )
        try:
            with open(temporary, "r+b") as stream:
                _lock(stream)
                os.rename(temporary, path)
                os.rename(path, destination)
        finally:
            if os.path.exists(temporary):
                os.unlink(temporary)

    def _flush(self, tickets):
        held = [(ticket.id, "it is on hold; release it first") for ticket in tickets if ticket.queue == "hold"]
        done = []
        for queue, options in self._modes:
            ids = [ticket.id for ticket in tickets if ticket.queue == queue]
            for batch in batches(ids):
                self._run_queue(options, ["-qI" + queue_id for queue_id in batch])
            done.extend(ids)
        return Outcome(done, held)

    def flush_all(self):
        # sendmail does so in the background.
        for _queue, options in self._modes:
            self._run_queue(options, ["-q"])

    def _run_queue(self, options, which):
        self._runner.run([Sendmail(self._runner).program] + options + which)

    def restore(self, backup, ids):
        # They come back where they were, under their old queue IDs.
        done, skipped = [], []
        for queue_id in ids:
            try:
                self._restore(backup, queue_id)
                done.append(queue_id)
            except (_Left, EnvironmentError, ValueError, KeyError) as exc:
                skipped.append((queue_id, explained(exc)))
        return Outcome(done, skipped)

    def _restore(self, backup, queue_id):
        if not self.id_pattern.match(queue_id):
            raise _Left("it is not a queue ID of sendmail")
        if any(self._paths(queue_id, (_WAITING, _HELD, _LOST))):
            raise _Left("the queue has a message of this name")
        origin = json.loads(read_native(backup.path(queue_id, "origin")) or "")
        control, data = str(origin["control"]), str(origin["data"])
        known = [place.control for place in self._places]
        if os.path.dirname(control) not in known:
            raise _Left("{0} is no longer a directory of the queue".format(os.path.dirname(control)))
        saved = backup.path(queue_id, "data")
        # The text first: a control file without one would send an empty message.
        if os.path.exists(saved) and not (os.path.exists(data) and filecmp.cmp(saved, data, shallow=False)):
            _put_back(saved, data, origin)
        _put_back(backup.path(queue_id, "control"), control, origin)
        fsync_directory(os.path.dirname(data))
        fsync_directory(os.path.dirname(control))
