# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""qmail's queue, read and changed as files: qmail has no program for either.

What waits for a recipient on this host only is in the queue C(local), what waits for any other in C(remote), and what
qmail-send has not taken up yet in C(todo), which are the states S1 to S4. No reason is kept for those who still wait.
Files are removed only while nobody but this process holds the lock of qmail-send.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import errno
import filecmp
import json
import os
import re
import shutil
import signal
import tempfile
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_bytes, read_native, write_atomically
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import (
    GONE,
    UNKNOWN_SENDER,
    Outcome,
    Queue,
    QueueError,
    why_not_saved,
)
from ansible_collections.mailops.relay.plugins.module_utils.qmail import control, queue_files
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue_tree import Oddities, Tree
from ansible_collections.mailops.relay.plugins.module_utils.qmail.supervisor import Process, Service, Supervisor

HOME = "/var/qmail"

# From this age on qmail-send removes what never became a message, and no qmail-queue can be at it (INTERNALS, section 6).
_OSSIFIED = 36 * 3600
_DEFAULT_LIFETIME = 604800
# How long after its end qmail-send's lock may still be held, by a child that is just ending.
_LETTING_GO = 10.0
# The headers of qmail-queue and qmail-smtpd.
_HEAD = 2048

_CHANGED = "another message has this number now"
_BEING_WRITTEN = "it is being written, or a crash has left it; qmail removes such files after 36 hours"
_NOT_TAKEN_UP = "qmail-send has not taken it up yet"
# The signals of a lost connection, a cancelled run and a shutdown.
_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def _interrupt(number, _frame):
    raise QueueError("the run was ended by signal {0}".format(number))


def _go_on(_number, _frame):
    # Not SIG_IGN: that would be inherited by what a supervisor's program or an init script starts.
    pass


class QmailQueue(Queue):
    """The queue of one qmail.

    Args:
        runner: commands.Runner.
        directory: str or None, the home of this qmail; None is C(/var/qmail).
        supervisor: Supervisor or None; None makes one.

    Raises:
        QueueError: there is no queue of qmail, or it may not be read.
    """

    name = "qmail"
    queues = ("local", "remote", "todo")
    actions = ("delete", "flush", "expire")
    id_pattern = re.compile(r"[1-9][0-9]{0,19}\Z")
    id_example = "1861840"

    @staticmethod
    def is_there(runner):
        return os.path.isdir(os.path.join(HOME, "queue"))

    def __init__(self, runner, directory=None, supervisor=None):
        super(QmailQueue, self).__init__(runner)
        self._home = os.path.abspath(directory or HOME)
        self._control = os.path.join(self._home, "control")
        self._note = os.path.join(self._home, ".mailops-relay.stopped")
        self._supervisor = supervisor or Supervisor(self._control, runner)
        self._tree = Tree(os.path.join(self._home, "queue"))
        self._virtual = queue_files.VirtualDomains(
            self._setting("locals", [self._setting("me", "")]), self._setting("virtualdomains", {})
        )
        self._lifetime = self._setting("queuelifetime", _DEFAULT_LIFETIME)

    def _setting(self, name, default):
        """What qmail reads from a control file, as of C(control.parse); the default when there is none."""
        text = read_native(os.path.join(self._control, name))
        value = None if text is None else control.parse(control.CONTROL_FILES[name], text)
        return default if value is None else value

    # What is there

    def messages(self, selection, now):
        if "reason" in selection.criteria:
            raise CriterionError("reason: qmail keeps none in its queue for those who still wait; its log has them")
        oddities = Oddities()
        for number, size, moment in self._tree.unborn():
            yield Message("todo", number, UNKNOWN_SENDER, (), size, moment, "S1")
        numbers = self._tree.numbers(oddities) if selection.ids is None else sorted(selection.ids, key=int)
        for number in numbers:
            try:
                entry = self._tree.read(number)
            except EnvironmentError as exc:
                oddities.add(exc.filename, exc.strerror)
                continue
            if entry is not None:
                for path, problem in entry.problems:
                    oddities.add(path, problem)
                yield self._message(entry)
        self.warnings.extend(oddities.warnings())
        if self._noted() and self._supervisor.running() is None:
            self.warnings.append("an earlier run stopped qmail-send and was killed; start qmail-send again")

    def _message(self, entry):
        recipients = entry.todo + tuple(self._virtual.original(address) for address in entry.local) + entry.remote
        if entry.state != "S5":
            queue = "todo"
        else:
            queue = "remote" if entry.remote else "local"
        return Message(
            queue,
            entry.id,
            _sender(entry),
            tuple(Recipient(address, "") for address in recipients),
            entry.size,
            entry.written if entry.born is None else entry.born,
            entry.state,
        )

    def clients(self, messages):
        clients = {}
        for message in messages:
            try:
                with open(self._tree.path("mess", message.id), "rb") as stream:
                    clients[message.id] = queue_files.parse_client(stream.read(_HEAD)) or ("", "")
            except (IOError, OSError):
                continue
        return clients

    def settled(self, action, message):
        return action == "expire" and message.state == "S5" and message.arrival < self._death()

    def _death(self):
        """int: a message that is older than this gets no further try after the next one (pass_dochan() in qmail-send.c)."""
        return int(time.time()) - self._lifetime

    # What is done

    def same(self, ticket, message):
        # A message that was taken up since has another time, see _same.
        return super(QmailQueue, self).same(ticket, message) or self._same(ticket)[1] not in (GONE, _CHANGED)

    def act(self, action, tickets, backup):
        early = self._each([ticket for ticket in tickets if ticket.sender == UNKNOWN_SENDER], self._why_not_yet)
        kept = dict(early.skipped)
        left = [ticket for ticket in tickets if ticket.id not in kept]
        if not left:
            return early
        if action == "expire":
            outcome = self._each(left, self._expire)
        elif action == "flush":
            self._running()
            outcome = self._each_while_stopped(left, self._flush)
        else:
            outcome = self._each_while_stopped(left, lambda ticket: self._delete(ticket, backup))
        return Outcome(outcome.done, early.skipped + outcome.skipped)

    @staticmethod
    def _each(tickets, act, done=None):
        """Outcome: of a function that is given each ticket, and returns why it left the message alone, or nothing.

        Args:
            done: list or None: gets the IDs as it is done to them, so that the caller has them when it fails.
        """
        done, skipped = [] if done is None else done, []
        for ticket in tickets:
            try:
                why = act(ticket)
            except (IOError, OSError) as exc:
                why = GONE if exc.errno == errno.ENOENT else explained(exc)
            if why:
                skipped.append((ticket.id, why))
            else:
                done.append(ticket.id)
        return Outcome(done, skipped)

    def _each_while_stopped(self, tickets, act):
        done = []
        try:
            with self._stopped():
                return self._each(tickets, act, done)
        except RelayError as exc:
            if not done:
                raise
            raise QueueError("{0} of {1} messages are done, but: {2}".format(len(done), len(tickets), exc))

    def _why_not_yet(self, ticket):
        """str: why a message of which nobody knows the sender is to be left alone; empty when it is not."""
        entry = self._tree.read(ticket.id)
        if entry is not None:
            return _why_too_young(entry)
        return _BEING_WRITTEN if ticket.id in [number for number, _size, _time in self._tree.unborn()] else GONE

    def _same(self, ticket):
        """(Entry or None, str): the message of a ticket; why it is to be left alone."""
        entry = self._tree.read(ticket.id)
        if entry is None:
            return None, GONE
        # Its time was that of the message file until qmail-send took it up.
        same = (_sender(entry), entry.size) == (ticket.sender, ticket.size) and ticket.arrival in (
            entry.written,
            entry.born,
        )
        return entry, _why_too_young(entry) if same else _CHANGED

    def _delete(self, ticket, backup):
        _entry, why = self._same(ticket)
        if why:
            return why
        why = "" if backup is None else why_not_saved(backup, ticket.id, self._tree.files(ticket.id))
        if not why:
            self._tree.remove(ticket.id)
        return why

    def _flush(self, ticket):
        entry, why = self._same(ticket)
        if why or entry.state in ("S2", "S3"):
            return why or _BEING_WRITTEN
        # The time of the next try; qmail-send reads it at its start, and then reads todo too (pqadd() in qmail-send.c).
        for kind in ("local", "remote"):
            path = self._tree.path(kind, ticket.id)
            if os.path.exists(path):
                os.utime(path, None)
        return ""

    def _expire(self, ticket):
        # While its file is open, no other message can get this number, which is that of the inode.
        with open(self._tree.path("mess", ticket.id), "rb"):
            entry, why = self._same(ticket)
            if why or entry.state != "S5":
                return why or _NOT_TAKEN_UP
            moment = min(entry.born, self._death() - 1)
            os.utime(self._tree.path("info", ticket.id), (moment, moment))
        return ""

    def flush_all(self):
        # SIGALRM, qmail-send(8).
        self._supervisor.retry(self._running())

    def _running(self):
        process = self._supervisor.running()
        if process is None:
            raise QueueError("qmail-send does not run, so nothing can be tried; start it")
        return process

    # With qmail-send stopped

    @contextlib.contextmanager
    def _stopped(self):
        """While in it, qmail-send does not run, and nothing can start it; afterwards it runs if it ran before.

        Raises:
            RelayError: it could not be stopped or started again.
        """
        mutex, handlers = self._tree.mutex, {}
        is_free = mutex.acquire()
        ran = self._noted() if is_free else self._service()
        try:
            if not is_free:
                handlers = dict((number, signal.signal(number, _interrupt)) for number in _SIGNALS)
                self._take_note(ran)
                self._supervisor.stop(*ran)
                if not mutex.acquire(_LETTING_GO):
                    raise QueueError("{0} is still locked; nothing was done".format(self._lock_path()))
            yield
        finally:
            for number in handlers:
                # Nothing is to come between this and a qmail-send that runs again.
                signal.signal(number, _go_on)
            mutex.release()
            try:
                if ran:
                    self._supervisor.start(*ran)
                    os.unlink(self._note)
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)

    def _lock_path(self):
        return os.path.join(self._tree.top, "lock", "sendmutex")

    def _service(self):
        """(Process, Service): what holds the lock, and how it is stopped.

        Raises:
            RelayError: it is not a qmail-send, or it cannot be told.
        """
        process = self._supervisor.running()
        if process is None:
            raise QueueError(
                "{0} is locked, and no qmail-send of this queue can be seen: it may run in a container, or another "
                "run of this module is at work; nothing was done".format(self._lock_path())
            )
        service = self._supervisor.service(process)
        self._supervisor.require_stop(process, service)
        return process, service

    def _take_note(self, ran):
        text = json.dumps({"process": list(ran[0]), "service": list(ran[1])})
        write_atomically(self._note, text.encode("ascii"), 0o600)

    def _noted(self):
        """(Process, Service) or None: what a run that was killed had stopped."""
        try:
            note = json.loads(read_native(self._note) or "{}")
            return Process(*note["process"]), Service(*[str(word) for word in note["service"]])
        except (ValueError, KeyError, TypeError):
            return None

    # What was saved

    def restore(self, backup, ids):
        # qmail-queue gets them as new ones.
        program = os.path.join(self._home, "bin", "qmail-queue")
        if not os.access(program, os.X_OK):
            raise QueueError("{0}: it is not there, and nothing else can put a message into the queue".format(program))
        done, skipped = [], []
        directory = tempfile.mkdtemp(prefix="mailops-qmail-restore.")
        try:
            for number in ids:
                try:
                    why = self._restore(program, backup, number, os.path.join(directory, "envelope"))
                except (IOError, OSError) as exc:
                    why = str(exc)
                if why:
                    skipped.append((number, why))
                else:
                    done.append(number)
        finally:
            shutil.rmtree(directory)
        return Outcome(done, skipped)

    def _restore(self, program, backup, number, path):
        """str: why the message was not put back; empty when it was."""
        message, queued = backup.path(number, "mess"), self._tree.path("mess", number)
        if os.path.exists(queued) and filecmp.cmp(message, queued, shallow=False):
            return "it is in the queue still"
        sender, recipients = self._saved_envelope(backup, number)
        if sender is None:
            return "it never was complete"
        if not recipients:
            return "nobody waited for it any more"
        write_atomically(path, queue_files.envelope_bytes(sender, recipients), 0o600)
        # qmail-queue reads the envelope from its standard output.
        argv = ["/bin/sh", "-c", 'exec "$1" <"$2" 1<"$3"', "sh", program, message, path]
        result = self._runner.run(argv, check=False)
        return "qmail-queue ended with {0}, see qmail-queue(8)".format(result.rc) if result.rc else ""

    def _saved_envelope(self, backup, number):
        """(str or None, tuple of str): sender and those who waited."""
        todo = read_bytes(backup.path(number, "todo"))
        if todo is not None:
            envelope = queue_files.parse_todo(todo)
            return envelope.sender, envelope.recipients
        info, local, remote = [read_bytes(backup.path(number, kind)) or b"" for kind in ("info", "local", "remote")]
        waiting = [self._virtual.original(address) for address in queue_files.parse_recipients(local).recipients]
        return queue_files.parse_info(info).sender, tuple(waiting) + queue_files.parse_recipients(remote).recipients


def _sender(entry):
    return UNKNOWN_SENDER if entry.sender is None else entry.sender


def _why_too_young(entry):
    young = entry.state in ("S2", "S3") and entry.written + _OSSIFIED > time.time()
    return _BEING_WRITTEN if young else ""
