# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's queue: postqueue(1), postsuper(1), postcat(1)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import itertools
import os
import pwd
import re
import shutil

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import explained
from ansible_collections.mailops.relay.plugins.module_utils.host.files import TEMPORARY_SUFFIX, open_regular
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, split_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import (
    CHANGED,
    GONE,
    UNKNOWN_SENDER,
    Outcome,
    Queue,
    QueueError,
    batches,
    why_not_saved,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host, parse_version
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_head import QueueHeads
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_listing import (
    EXPIRING,
    parse_envelopes,
    parse_json_line,
    parse_text,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.readable import (
    amend_copy,
    options_of,
    read_for_programs,
    words_of,
)

_JSON_VERSION = (3, 1)
_EXPIRE_VERSION = (3, 5)
# What postsuper may put on hold; what is on hold is never delivered.
_MOVABLE = ("deferred", "active", "incoming")
# postsuper names each message to which it has done something, and keeps silent of those that it did not find.
_DONE = re.compile(r"postsuper: ([0-9A-Za-z]+): (removed|placed on hold|released from hold|requeued|expired)")
_DIRECTLY = "accessing queue directly"
# What showq(8) lists.
_LISTED = ("maildrop", "active", "incoming", "deferred", "hold")
# So many messages are on hold at once while they are being deleted: what a killed run leaves behind at the most. Half of them are looked
# at and deleted while the other half is put on hold; what postsuper says of so many fits into a pipe, so that it need not wait for us.
_HELD_AT_ONCE = 2000
_QUESTION_MARK = ord("?")
# The first records of a file, size and arrival, by which a saved message is known again.
_HEAD = 120


def _unreadable(complaints):
    return dict((queue_id, "it cannot be read: {0}".format(why)) for queue_id, why in complaints.items())


def _head(path):
    with os.fdopen(open_regular(path), "rb") as stream:
        return stream.read(_HEAD)


def _internal_parts(address):
    """(str, str): local part and domain of an address as it is in the file, without quotes, for comparison."""
    local, at, domain = address.rpartition("@")
    return (local.lower(), domain.lower()) if at else (domain.lower(), "")


def _is_shown_as(text, shown):
    """bool: whether this is what the listing shows, which has a question mark for each byte that cannot be printed."""
    if text == shown:
        return True
    octets, others = (bytearray(to_bytes(part, errors="surrogateescape")) for part in (text, shown))
    return len(octets) == len(others) and all(
        one == other or other == _QUESTION_MARK and not 32 <= one < 127 for one, other in zip(octets, others)
    )


class PostfixQueue(Queue):
    """The queue of one Postfix instance.

    Args:
        runner: commands.Runner.
        config_directory: str or None; None is the default instance.
    """

    name = "postfix"
    queues = ("active", "deferred", "hold", "incoming", "maildrop", "corrupt")
    # mail_queue.h: a short ID is hexadecimal, a long one in base 52, without vowels; so neither is the word ALL.
    id_pattern = re.compile(r"(?:[0-9A-F]{6,20}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{10,20})\Z")
    id_example = "8BF5F1C4099 or 4jXKsf49k2zFwr8"

    @staticmethod
    def is_there(runner):
        return runner.find("postqueue") is not None

    def __init__(self, runner, config_directory=None):
        super(PostfixQueue, self).__init__(runner)
        self._unmarked = None
        names = ("mail_version", "queue_directory", "mail_owner", "daemon_directory")
        try:
            found = read_for_programs(runner, ["-h"] + list(names), config_directory)
        except CommandError as exc:
            raise QueueError(
                "the queue cannot be read: Postfix does not run with its main.cf: {0}; mend that, until the command postfix "
                "check says nothing".format(words_of(exc))
            )
        self._settings = dict(zip(names, found.text.split("\n")))
        self._fault = found.fault
        if found.fault is not None:
            # A master that runs from before has a showq that ends too, and postqueue would wait for it for an hour; where there is
            # no such service, it runs the program itself.
            own = os.path.join("..", os.path.basename(self._settings["daemon_directory"]), "showq")
            amend_copy(found.directory, {"showq_service_name": own})
            self.warnings.append(
                "Postfix does not run with its main.cf: {0}; what waits in its queue waits for that to be mended".format(
                    found.fault
                )
            )
        self._options = options_of(found.directory)
        self.version = parse_version(self._settings["mail_version"])
        self._heads = QueueHeads(self._settings["queue_directory"])
        self._told = False

    @property
    def actions(self):
        """tuple of str: what this version can do."""
        known = ("delete", "hold", "release", "requeue", "flush")
        return known + ("expire",) if self.version >= _EXPIRE_VERSION else known

    def messages(self, selection, now):
        if selection.queues != frozenset(["corrupt"]):
            for message in self._listed(selection, now):
                yield message
        if selection.queues is None or "corrupt" in selection.queues:
            for message in self._corrupt():
                yield message

    def _listed(self, selection, now):
        # postqueue would write to the mail log that Postfix is down.
        if Host(self._runner).runs(self._settings["queue_directory"]) is False and self._is_seen_to_be_empty():
            return
        option = "-j" if self.version >= _JSON_VERSION else "-p"
        lines = self._runner.lines(["postqueue"] + self._options + [option])
        try:
            if option == "-j":
                for line in lines:
                    if selection.may_match_text(line):
                        yield parse_json_line(line)
            else:
                for message in parse_text(lines, self._queue_of, now):
                    yield message
        except CommandError as exc:
            why = "As root it can." if os.geteuid() else "The mail log says more."
            raise QueueError("the queue cannot be read: {0}. {1}".format(exc.stderr.strip() or exc, why))
        except ValueError as exc:
            raise QueueError("the queue cannot be read: {0}".format(exc))
        complaints = [line for line in self._runner.complaints.splitlines() if line.strip()]
        if self._fault is not None:
            # That it asks no showq, and what our own copy of main.cf says twice, is our doing.
            complaints = [line for line in complaints if _DIRECTLY not in line and self._options[1] not in line]
        self.warnings.extend(complaints)

    def _is_seen_to_be_empty(self):
        """bool: whether nothing is in any queue; False where that cannot be seen."""

        def give_up(exc):
            raise exc

        try:
            for queue in _LISTED:
                for directory, below, names in os.walk(self._top(queue), onerror=give_up):
                    # A link to a directory is not followed.
                    if names or any(os.path.islink(os.path.join(directory, name)) for name in below):
                        return False
        except OSError:
            return False
        return True

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
        return [
            os.path.join(directory, name) for directory, _below, names in os.walk(self._top(queue)) for name in names
        ]

    def _top(self, queue):
        return os.path.join(self._settings["queue_directory"], queue)

    def _corrupt(self):
        for path in self._files("corrupt"):
            try:
                status = os.stat(path)
            except OSError:
                continue
            size, written = status.st_size, int(status.st_mtime)
            yield Message("corrupt", os.path.basename(path), UNKNOWN_SENDER, (), size, written, "")

    def clients(self, messages):
        found = {}
        client = self._heads.client
        for message in messages:
            whose = client(message.queue, message.id)
            if whose is not None:
                found[message.id] = whose
        if self._heads.unreadable and not self._told:
            self._told = True
            self.warnings.append("not of every message is the client known; {0}".format(self._heads.unreadable))
        return found

    def _envelopes(self, ids, unreadable=None):
        """Yields an Envelope for each of these messages that is there, whatever its queue.

        Args:
            ids: iterable of str.
            unreadable: dict or None: gets queue ID -> what postcat says of a file that it cannot read.

        Raises:
            CommandError: a file cannot be read, and C(unreadable) is None.
        """
        for batch in batches(list(ids)):
            # postcat stops at the first message that it does not find: go on after that one.
            while batch:
                number, positions = 0, dict((queue_id, place) for place, queue_id in enumerate(batch))
                try:
                    argv = ["postcat"] + self._options + ["-e", "-q"] + batch
                    for envelope in parse_envelopes(self._runner.lines(argv, env={"TZ": "UTC"})):
                        # What nobody asked for is text in a record that looks like the beginning of a message.
                        if envelope.id in positions:
                            number = positions[envelope.id] + 1
                            yield envelope
                    batch = []
                except CommandError as exc:
                    if "No such file" not in exc.stderr:
                        if unreadable is None:
                            raise
                        unreadable[batch[min(number, len(batch) - 1)]] = exc.stderr.strip()
                    batch = batch[number + 1 :]

    def _postsuper(self, option, ids, queues=(), done=None):
        """Have postsuper do something. IDs go by standard input only, and no word that means all of them.

        Args:
            option: str.
            ids: iterable of str.
            queues: sequence of str, where it looks; empty for where it does so by itself.
            done: set or None: gets the IDs as they are reported, so that the caller has them when it fails.

        Returns:
            set of str: the messages to which it did what the option says.
        """
        done = set() if done is None else done
        done.update(self._reported(option, ids, queues))
        return done

    def _reported(self, option, ids, queues):
        """Yields str: as C(_postsuper), each message as it is reported; the program runs from the first one on."""
        ids = [queue_id for queue_id in ids if self.id_pattern.match(queue_id)]
        if not ids:
            return
        argv = ["postsuper"] + self._options + [option, "-"] + list(queues)
        for line in self._runner.lines(argv, stdin=ids, merge=True):
            match = _DONE.match(line)
            if match:
                yield match.group(1)

    @staticmethod
    def settled(action, message):
        if action == "hold":
            return message.queue not in _MOVABLE
        if action == "release":
            return message.queue != "hold"
        if action == "flush":
            # What is in incoming or active is being tried, and what is on hold stays there.
            return message.queue != "deferred"
        return action == "expire" and message.state == EXPIRING and message.queue != "hold"

    def act(self, action, tickets, backup):
        if action == "delete":
            return self._delete(tickets, backup)
        if action == "flush":
            self._require_running()
            return self._flush(tickets)
        ids = [ticket.id for ticket in tickets]
        if action == "hold":
            done = self._postsuper("-h", ids, _MOVABLE)
        elif action == "release":
            done = self._postsuper("-H", ids)
        elif action == "requeue":
            done = self._postsuper("-r", ids)
            self._wake_pickup(done)
        else:
            done = self._postsuper("-f", ids)
        return self._outcome(tickets, done)

    def _require_running(self):
        if self._fault is not None:
            raise QueueError(
                "nothing was flushed: Postfix does not run with its main.cf: {0}; mend that first".format(self._fault)
            )

    def _flush(self, tickets):
        """postqueue(1) takes one message at a time, and keeps silent of one that is not there."""
        done, reasons = set(), {}
        for batch in batches(tickets):
            unreadable = {}
            for envelope in self._envelopes([ticket.id for ticket in batch], unreadable):
                if envelope.queue == "hold":
                    reasons[envelope.id] = "it is in hold now"
                    continue
                try:
                    self._runner.run(["postqueue"] + self._options + ["-i", envelope.id])
                    done.add(envelope.id)
                except CommandError as exc:
                    if exc.rc == os.EX_UNAVAILABLE and not done:
                        raise QueueError("nothing was flushed: {0}".format(exc.stderr.strip() or exc))
                    reasons[envelope.id] = exc.stderr.strip() or str(exc)
            reasons.update(_unreadable(unreadable))
        return self._outcome(tickets, done, reasons)

    @staticmethod
    def _outcome(tickets, done, reasons=None):
        reasons = reasons or {}
        return Outcome(
            [ticket.id for ticket in tickets if ticket.id in done],
            [(ticket.id, reasons.get(ticket.id, GONE)) for ticket in tickets if ticket.id not in done],
        )

    def _delete(self, tickets, backup):
        """Delete from the hold queue, where nothing moves, what is still the message that was selected."""
        corrupt = [ticket for ticket in tickets if ticket.queue == "corrupt"]
        maildrop = [ticket for ticket in tickets if ticket.queue == "maildrop"]
        others = [ticket for ticket in tickets if ticket.queue not in ("corrupt", "maildrop")]
        reasons, done = {}, set()
        self._delete_from_hold(others, backup, reasons, done)
        checked = self._checked(maildrop, "maildrop", backup, reasons)
        self._postsuper("-d", checked, ["maildrop"], done)
        done |= self._unlink(corrupt, backup, reasons)
        return self._outcome(tickets, done, reasons)

    def _delete_from_hold(self, tickets, backup, reasons, done):
        held, batch, holding = set(), [], iter(())
        try:
            for following in batches(tickets, _HELD_AT_ONCE // 2) + [[]]:
                held.update(holding)
                holding = self._reported("-h", [ticket.id for ticket in following if ticket.queue != "hold"], _MOVABLE)
                # It goes on by itself.
                held.update(itertools.islice(holding, 1))
                there = [ticket for ticket in batch if ticket.queue == "hold" or ticket.id in held]
                self._postsuper("-d", self._checked(there, "hold", backup, reasons), ["hold"], done)
                # What was put on hold and is not to be deleted goes on as if nothing had been.
                self._postsuper("-H", [ticket.id for ticket in there if ticket.id in held and ticket.id not in done])
                held.difference_update(ticket.id for ticket in there)
                batch = following
        finally:
            try:
                held.update(holding)
            finally:
                self._postsuper("-H", sorted(held - done))

    def _checked(self, tickets, queue, backup, reasons):
        """list of str: the messages in this queue that are still those of the tickets, saved where that is wanted."""
        wanted, checked, unreadable = {}, [], {}
        for ticket in tickets:
            # What stays where it is shows by its head that it is still the one; of all else postcat tells what it is.
            head = self._heads.envelope(queue, ticket.id) if queue == "hold" else None
            if head is None or not self._same(ticket, head):
                wanted[ticket.id] = ticket
            elif self._saved(ticket.id, head.path, backup, reasons):
                checked.append(ticket.id)
        for envelope in self._envelopes(list(wanted), unreadable):
            if envelope.queue != queue:
                reasons[envelope.id] = "it is in {0} now".format(envelope.queue)
            elif not self._same(wanted[envelope.id], envelope):
                reasons[envelope.id] = CHANGED
            elif self._saved(envelope.id, envelope.path, backup, reasons):
                checked.append(envelope.id)
        reasons.update(_unreadable(unreadable))
        return checked

    def _same(self, ticket, envelope):
        # Before cleanup has seen it, the listing has the size and the time of the file. What was requeued has the time of its records, and
        # their size with Postfix 3.7, that of the file with 3.10.
        stamp = self._stamp(envelope.path) if ticket.queue == "maildrop" else None
        if stamp == (ticket.size, ticket.arrival):
            return True
        return (
            ticket.size in (envelope.size, stamp[0] if stamp else envelope.size)
            and self._same_moment(envelope.arrival, ticket.arrival)
            and all(map(_is_shown_as, _internal_parts(envelope.sender), split_address(ticket.sender)))
        )

    def _same_moment(self, precise, listed):
        if self.version >= _JSON_VERSION:
            return precise == listed
        # The daemon has written local time: of an hour that a clock saw twice, or with a time zone of its own.
        return precise is not None and abs(precise - listed) <= 86400 and (precise - listed) % 900 == 0

    def _stamp(self, path):
        """(int, int) or None: size and modification time of a file below the queue directory."""
        try:
            status = os.stat(os.path.join(self._settings["queue_directory"], path))
        except OSError:
            return None
        return status.st_size, int(status.st_mtime)

    def _saved(self, queue_id, path, backup, reasons):
        """bool: whether the message is in the backup, or none is wanted."""
        if backup is None:
            return True
        why = why_not_saved(backup, queue_id, {"message": os.path.join(self._settings["queue_directory"], path)})
        if why:
            reasons[queue_id] = why
        return not why

    def _unlink(self, tickets, backup, reasons):
        """Delete files of the queue corrupt, of which postsuper knows nothing."""
        paths = dict((os.path.basename(path), path) for path in self._files("corrupt")) if tickets else {}
        done = set()
        for ticket in tickets:
            path = paths.get(ticket.id)
            try:
                status = None if path is None else os.stat(path)
                if status is None or (status.st_size, int(status.st_mtime)) != (ticket.size, ticket.arrival):
                    reasons[ticket.id] = GONE if status is None else CHANGED
                elif self._saved(ticket.id, path, backup, reasons):
                    os.unlink(path)
                    done.add(ticket.id)
            except OSError as exc:
                reasons[ticket.id] = GONE if exc.errno == errno.ENOENT else explained(exc)
        return done

    def flush_all(self):
        self._require_running()
        self._runner.run(["postqueue"] + self._options + ["-f"])

    def restore(self, backup, ids):
        # Postfix takes them up like those of "postsuper -r", under new queue IDs.
        owner = pwd.getpwnam(self._settings["mail_owner"])
        directory = os.path.join(self._settings["queue_directory"], "maildrop")
        done, skipped = [], []
        queued = dict((envelope.id, envelope.path) for envelope in self._envelopes(ids, {}))
        for queue_id in ids:
            path = os.path.join(directory, queue_id)
            if queue_id in queued and self._is_still_there(queued[queue_id], backup.path(queue_id, "message")):
                skipped.append((queue_id, "it is in the queue still"))
                continue
            if os.path.exists(path):
                skipped.append((queue_id, "the maildrop queue has a message of this name"))
                continue
            temporary = path + TEMPORARY_SUFFIX
            try:
                handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(handle, "wb") as stream, os.fdopen(
                    open_regular(backup.path(queue_id, "message")), "rb"
                ) as saved:
                    shutil.copyfileobj(saved, stream)
                os.chown(temporary, owner.pw_uid, owner.pw_gid)
                # pickup(8) leaves a file alone until its owner may execute it.
                os.chmod(temporary, 0o700)
                os.rename(temporary, path)
                done.append(queue_id)
            except (IOError, OSError) as exc:
                skipped.append((queue_id, explained(exc)))
            finally:
                if os.path.exists(temporary):
                    os.unlink(temporary)
        self._wake_pickup(done)
        return Outcome(done, skipped)

    def _wake_pickup(self, done):
        """Otherwise pickup looks into maildrop once a minute."""
        if done:
            self._runner.run(["postkick"] + self._options + ["public", "pickup", "W"], check=False)

    def _is_still_there(self, path, saved):
        try:
            return _head(os.path.join(self._settings["queue_directory"], path)) == _head(saved)
        except (IOError, OSError):
            return False
