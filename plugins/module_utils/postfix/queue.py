# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's queue: postqueue(1), postsuper(1), postcat(1)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import pwd
import re
import shutil

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import TEMPORARY_SUFFIX
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, split_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import BATCH, Outcome, QueueError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import parse_version
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_listing import (
    EXPIRING,
    parse_envelopes,
    parse_json_line,
    parse_text,
)

_JSON_VERSION = (3, 1)
_EXPIRE_VERSION = (3, 5)
# What postsuper may put on hold; what is on hold is never delivered.
_MOVABLE = ("deferred", "active", "incoming")
# postsuper names each message to which it has done something, and keeps silent of those that it did not find.
_DONE = re.compile(r"postsuper: ([0-9A-Za-z]+): (removed|placed on hold|released from hold|requeued|expired)")
# Stands for the sender of a file whose envelope no program shows. It is no address, and not the null sender.
_UNKNOWN = "(unknown)"
_GONE = "it was delivered or removed meanwhile"
_CHANGED = "another message has this queue ID now"


def _batches(items):
    return [items[start : start + BATCH] for start in range(0, len(items), BATCH)]


class PostfixQueue(object):
    """The queue of one Postfix instance; see C(mail/queue.py) for what a backend is.

    Args:
        runner: commands.Runner.
        config_directory: str or None; None is the default instance.

    Raises:
        RelayError: there is no Postfix.
    """

    name = "postfix"
    queues = ("active", "deferred", "hold", "incoming", "maildrop", "corrupt")
    # mail_queue.h: a short ID is hexadecimal, a long one in base 52, without vowels; so neither is the word ALL.
    id_pattern = re.compile(r"(?:[0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})$")
    id_example = "8BF5F1C4099 or 4jXKsf49k2zFwr8"

    @staticmethod
    def is_there(runner):
        """bool: whether this host has Postfix."""
        return runner.find("postqueue") is not None

    def __init__(self, runner, config_directory=None):
        self._runner = runner
        self._options = [] if config_directory is None else ["-c", config_directory]
        self._unmarked = None
        self.warnings = []
        names = ("mail_version", "queue_directory", "mail_owner")
        output = runner.run(["postconf"] + self._options + ["-h"] + list(names)).stdout
        self._settings = dict(zip(names, output.split("\n")))
        self.version = parse_version(self._settings["mail_version"])

    @property
    def actions(self):
        """tuple of str: what this version can do."""
        known = ("delete", "hold", "release", "requeue", "flush")
        return known + ("expire",) if self.version >= _EXPIRE_VERSION else known

    def messages(self, selection, now):
        """Every message that the selection could mean.

        Yields:
            Message

        Raises:
            QueueError: Postfix does not run and this user may not read the queue itself.
        """
        if selection.queues != frozenset(["corrupt"]):
            for message in self._listed(now):
                yield message
        if selection.queues is None or "corrupt" in selection.queues:
            for message in self._corrupt():
                yield message

    def _listed(self, now):
        option = "-j" if self.version >= _JSON_VERSION else "-p"
        lines = self._runner.lines(["postqueue"] + self._options + [option])
        try:
            if option == "-j":
                for line in lines:
                    yield parse_json_line(line)
            else:
                for message in parse_text(lines, self._queue_of, now):
                    yield message
        except CommandError as exc:
            raise QueueError("the queue cannot be read: {0}. As root it can.".format(exc.stderr.strip() or exc))
        except ValueError as exc:
            raise QueueError("the queue cannot be read: {0}".format(exc))
        self.warnings.extend(line for line in self._runner.complaints.splitlines() if line.strip())

    def _queue_of(self, queue_id):
        """str: the queue of a message that postqueue -p gives no mark; the small queues are looked through once."""
        if self._unmarked is None:
            self._unmarked = {}
            for queue in ("incoming", "maildrop"):
                for path in self._files(queue):
                    self._unmarked[os.path.basename(path)] = queue
        return self._unmarked.get(queue_id, "deferred")

    def _files(self, queue):
        """list of str: the paths of the files of a queue, hashed or not."""
        top = os.path.join(self._settings["queue_directory"], queue)
        return [os.path.join(directory, name) for directory, _below, names in os.walk(top) for name in names]

    def _corrupt(self):
        for path in self._files("corrupt"):
            try:
                status = os.stat(path)
            except OSError:
                continue
            yield Message("corrupt", os.path.basename(path), _UNKNOWN, (), status.st_size, int(status.st_mtime), "")

    def clients(self, ids):
        """dict: queue ID -> (name, address) of the client, of messages that came by SMTP."""
        return dict(
            (envelope.id, (envelope.client_name, envelope.client_address))
            for envelope in self._envelopes(ids)
            if envelope.client_address
        )

    def _envelopes(self, ids):
        """Yields an Envelope for each of these messages that is there, whatever its queue."""
        for batch in _batches(list(ids)):
            # postcat stops at the first message that it does not find: go on after that one.
            while batch:
                seen = set()
                try:
                    argv = ["postcat"] + self._options + ["-e", "-q"] + batch
                    for envelope in parse_envelopes(self._runner.lines(argv, env={"TZ": "UTC"})):
                        seen.add(envelope.id)
                        yield envelope
                    batch = []
                except CommandError as exc:
                    if "No such file" not in exc.stderr:
                        raise
                    batch = [queue_id for queue_id in batch if queue_id not in seen][1:]

    def _postsuper(self, option, ids, *queues):
        """set of str: the messages to which it did what the option says. IDs go by standard input only."""
        if not ids:
            return set()
        output = self._runner.run(
            ["postsuper"] + self._options + [option, "-"] + list(queues), stdin="".join(name + "\n" for name in ids)
        )
        return set(match.group(1) for match in _DONE.finditer(output.stderr + output.stdout))

    @staticmethod
    def settled(action, message):
        """bool: whether nothing is left to do."""
        if action == "hold":
            return message.queue not in _MOVABLE
        if action == "release":
            return message.queue != "hold"
        return action == "expire" and message.state == EXPIRING

    def act(self, action, tickets, backup):
        """Do it to these messages.

        Returns:
            Outcome

        Raises:
            RelayError: Postfix refused; the text says what had been done by then.
        """
        if action == "delete":
            return self._delete(tickets, backup)
        ids = [ticket.id for ticket in tickets]
        if action == "flush":
            for queue_id in ids:
                self._runner.run(["postqueue"] + self._options + ["-i", queue_id])
            return Outcome(ids, [])
        if action == "hold":
            done = self._postsuper("-h", ids, *_MOVABLE)
        elif action == "release":
            done = self._postsuper("-H", ids)
        elif action == "requeue":
            done = self._postsuper("-r", ids)
        else:
            done = self._postsuper("-f", ids)
        return self._outcome(tickets, done)

    @staticmethod
    def _outcome(tickets, done, reasons=None):
        reasons = reasons or {}
        return Outcome(
            [ticket.id for ticket in tickets if ticket.id in done],
            [(ticket.id, reasons.get(ticket.id, _GONE)) for ticket in tickets if ticket.id not in done],
        )

    def _delete(self, tickets, backup):
        """Delete from the hold queue, where nothing moves, what is still the message that was selected."""
        corrupt = [ticket for ticket in tickets if ticket.queue == "corrupt"]
        maildrop = [ticket for ticket in tickets if ticket.queue == "maildrop"]
        others = [ticket for ticket in tickets if ticket.queue not in ("corrupt", "maildrop")]
        held = self._postsuper("-h", [ticket.id for ticket in others if ticket.queue != "hold"], *_MOVABLE)
        reasons, done = {}, set()
        try:
            checked = self._checked(others, "hold", backup, reasons)
            done |= self._postsuper("-d", checked, "hold")
        finally:
            # What was put on hold and is not to be deleted goes on as if nothing had been.
            self._postsuper("-H", sorted(held - done))
        done |= self._postsuper("-d", self._checked(maildrop, "maildrop", backup, reasons), "maildrop")
        done |= self._unlink(corrupt, backup, reasons)
        return self._outcome(tickets, done, reasons)

    def _checked(self, tickets, queue, backup, reasons):
        """list of str: the messages in this queue that are still those of the tickets, saved where that is wanted."""
        wanted = dict((ticket.id, ticket) for ticket in tickets)
        checked = []
        for envelope in self._envelopes(list(wanted)):
            ticket = wanted[envelope.id]
            if envelope.queue != queue:
                reasons[envelope.id] = "it is in {0} now".format(envelope.queue)
            elif not self._same(ticket, envelope, queue):
                reasons[envelope.id] = _CHANGED
            elif self._saved(envelope.id, envelope.path, backup, reasons):
                checked.append(envelope.id)
        return checked

    @staticmethod
    def _same(ticket, envelope, queue):
        if queue == "maildrop":
            # Before cleanup has seen it a file has neither a size nor an arrival record.
            return envelope.size in (None, ticket.size)
        return (
            envelope.size == ticket.size
            and envelope.arrival == ticket.arrival
            and split_address(envelope.sender) == split_address(ticket.sender)
        )

    def _saved(self, queue_id, path, backup, reasons):
        """bool: whether the message is in the backup, or none is wanted."""
        if backup is None:
            return True
        try:
            backup.save(queue_id, {"message": os.path.join(self._settings["queue_directory"], path)})
        except (IOError, OSError) as exc:
            reasons[queue_id] = "it could not be saved, so it was kept: {0}".format(exc)
            return False
        return True

    def _unlink(self, tickets, backup, reasons):
        """Delete files of the queue corrupt, of which postsuper knows nothing."""
        paths = dict((os.path.basename(path), path) for path in self._files("corrupt")) if tickets else {}
        done = set()
        for ticket in tickets:
            path = paths.get(ticket.id)
            try:
                status = None if path is None else os.stat(path)
                if status is None or (status.st_size, int(status.st_mtime)) != (ticket.size, ticket.arrival):
                    reasons[ticket.id] = _GONE if status is None else _CHANGED
                elif self._saved(ticket.id, path, backup, reasons):
                    os.unlink(path)
                    done.add(ticket.id)
            except OSError as exc:
                reasons[ticket.id] = _GONE if exc.errno == errno.ENOENT else str(exc)
        return done

    def flush_all(self):
        """Try every message now, postqueue(1)."""
        self._runner.run(["postqueue"] + self._options + ["-f"])

    def restore(self, backup, ids):
        """Put saved messages back: Postfix takes them up like those of C(postsuper -r), under new queue IDs.

        Args:
            backup: Backup.
            ids: list of str.

        Returns:
            Outcome
        """
        owner = pwd.getpwnam(self._settings["mail_owner"])
        directory = os.path.join(self._settings["queue_directory"], "maildrop")
        done, skipped = [], []
        for queue_id in ids:
            path = os.path.join(directory, queue_id)
            if os.path.exists(path):
                skipped.append((queue_id, "the maildrop queue has a message of this name"))
                continue
            temporary = path + TEMPORARY_SUFFIX
            try:
                shutil.copyfile(backup.path(queue_id, "message"), temporary)
                os.chown(temporary, owner.pw_uid, owner.pw_gid)
                # pickup(8) leaves a file alone until its owner may execute it.
                os.chmod(temporary, 0o700)
                os.rename(temporary, path)
                done.append(queue_id)
            except (IOError, OSError) as exc:
                skipped.append((queue_id, str(exc)))
        if done:
            # Otherwise pickup looks into maildrop once a minute.
            self._runner.run(["postkick"] + self._options + ["public", "pickup", "W"], check=False)
        return Outcome(done, skipped)
