# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of any MTA: what the modules mail_queue_info and mail_queue do, over one small interface, Queue."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from abc import ABCMeta, abstractmethod
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import facts
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_totals import QueueTotals

# What can be done to messages in a queue; each MTA has some of it.
ACTIONS = ("delete", "hold", "release", "requeue", "flush", "expire")
# How many messages a result shows in full; the numbers are of all.
SHOWN = 100
# How many messages are asked for their client, or named to a program, at once.
BATCH = 500

# What is kept of each selected message: enough to know it again. arrival: seconds since the epoch, size: bytes.
Ticket = namedtuple("Ticket", "queue id sender size arrival")
# done: list of queue IDs. skipped: list of (queue ID, why).
Outcome = namedtuple("Outcome", "done skipped")

# Stands for the sender of a message whose files do not tell it. It is neither an address nor the null sender.
UNKNOWN_SENDER = "(unknown)"
# Why a message is left alone.
GONE = "it was delivered or removed meanwhile"
CHANGED = "another message has this queue ID now"


class QueueError(RelayError):
    """The queue could not be read, or an action was refused or failed."""


# The same on Python 2 and 3.
_Interface = ABCMeta("_Interface", (object,), {})


class Queue(_Interface):
    """The queue of one MTA on this host: what every mail system has to offer.

    An MTA's own class is made from a runner and from where the MTA is, a str, or None for its usual place. It raises
    RelayError where there is none.

    Attributes:
        name: str, the MTA.
        queues: tuple of str, its queues, as C(Message.queue) names them.
        actions: tuple of str, those of C(ACTIONS) that it has.
        id_pattern: compiled regular expression, for a whole queue ID.
        id_example: str, how a queue ID looks.
        warnings: list of str, what the user should know of what was read.

    Args:
        runner: commands.Runner.
    """

    def __init__(self, runner):
        self._runner = runner
        self.warnings = []

    @staticmethod
    @abstractmethod
    def is_there(runner):
        """bool: whether this host has this MTA at its usual place.

        Args:
            runner: commands.Runner.
        """

    @abstractmethod
    def messages(self, selection, now):
        """Every message that the selection could mean; the caller asks the selection itself.

        Args:
            selection: Selection.
            now: float, seconds since the epoch.

        Yields:
            Message: in any order; one that moves meanwhile may come twice.

        Raises:
            CriterionError: a criterion that this queue cannot know.
            QueueError: the queue cannot be read.
        """

    @abstractmethod
    def clients(self, messages):
        """dict: queue ID -> (name, address) of the client, two str, both empty for mail from the host itself.

        A message of which that cannot be told, since it is gone or cannot be read, is not in it. Where a queue does not note
        clients, its class has C(clients = None) instead.

        Args:
            messages: list of Message.
        """

    @abstractmethod
    def settled(self, action, message):
        """bool: whether the message is already as the action would leave it, for example on hold.

        Args:
            action: str, one of C(actions).
            message: Message.
        """

    @abstractmethod
    def act(self, action, tickets, backup):
        """Do it to the messages of these tickets. What has the ID of one by now, but is another message, is left alone.

        Args:
            action: str, one of C(actions).
            tickets: list of Ticket.
            backup: Backup or None, where each message is saved before it is deleted; one that cannot be saved is kept.

        Returns:
            Outcome

        Raises:
            RelayError: it was refused, or failed; the text says what had been done by then.
        """

    @abstractmethod
    def flush_all(self):
        """Try every message again now.

        Raises:
            RelayError: the MTA does not run, or refused.
        """

    @abstractmethod
    def restore(self, backup, ids):
        """Put saved messages back, for those who still waited.

        Args:
            backup: Backup.
            ids: list of str, queue IDs as they are in the backup; the message may get a new one.

        Returns:
            Outcome

        Raises:
            RelayError: no message can be put back.
        """


def batches(items, size=BATCH):
    """list of list: the items of a list in their order, so many at once and the rest.

    Args:
        items: list.
        size: int.
    """
    return [items[start : start + size] for start in range(0, len(items), size)]


def why_not_saved(backup, queue_id, files):
    """str: why a message could not be saved, so that it is not to be deleted; empty when it was.

    Args:
        backup: Backup.
        queue_id: str.
        files: dict, as for C(Backup.save).
    """
    try:
        backup.save(queue_id, files)
    except (IOError, OSError) as exc:
        return "it could not be saved, so it was kept: {0}".format(explained(exc))
    return ""


def ticket_of(message):
    """Ticket: of a Message."""
    return Ticket(message.queue, message.id, message.sender, message.size, message.arrival)


def _check(backend, selection):
    selection.check_queues(backend.queues)
    selection.check_ids(backend.id_pattern, backend.id_example)
    if selection.client_matches is not None and backend.clients is None:
        raise CriterionError("client: {0} does not note in its queue where a message came from".format(backend.name))


def _batches_of(items):
    """Yields list: the items of an iterable in their order, BATCH at once and the rest."""
    batch = []
    for item in items:
        batch.append(item)
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def with_clients(backend, selection, now):
    """Yields (Message, (str, str) or None): the messages that the selection means, as they are read, and their clients.

    None is a client that is not known, and that of every message where the queue does not note clients.
    """
    meant = (message for message in backend.messages(selection, now) if selection.matches(message))
    for batch in _batches_of(meant):
        clients = {} if backend.clients is None else backend.clients(batch)
        for message in batch:
            client = clients.get(message.id)
            if selection.client_matches is None or selection.client_matches(*(client or ("", ""))):
                yield message, client


def selected(backend, selection, now):
    """Yields the messages that the selection means, as they are read."""
    if selection.client_matches is not None:
        for message, _client in with_clients(backend, selection, now):
            yield message
        return
    for message in backend.messages(selection, now):
        if selection.matches(message):
            yield message


def inspect(backend, selection, limit, now):
    """What is in the queue.

    Args:
        backend: Queue.
        selection: Selection.
        limit: int, how many messages are returned; the numbers are of all.
        now: float, seconds since the epoch.

    Returns:
        dict: the numbers of C(QueueTotals.facts), C(mta) and C(messages), in the order in which the MTA gives them.

    Raises:
        RelayError: a criterion that this MTA cannot know, or the queue cannot be read.
    """
    _check(backend, selection)
    _check_limit(limit)
    totals, shown = QueueTotals(), []
    for message, client in with_clients(backend, selection, now):
        totals.add(message, client)
        if len(shown) < limit:
            shown.append(facts(message))
    return dict(totals.facts(now), mta=backend.name, messages=shown)


def _check_limit(limit):
    if limit is not None and limit < 0:
        raise CriterionError("limit: {0} is negative; write 0 or more".format(limit))


def _check_action(backend, selection, action, backup_to):
    if action not in backend.actions:
        raise QueueError("action: {0} has no {1}; it has {2}".format(backend.name, action, ", ".join(backend.actions)))
    if backup_to is not None and action != "delete":
        raise QueueError("backup_to: only deleted messages are saved; leave it out with action={0}".format(action))
    _check(backend, selection)


def act(backend, selection, action, limit, backup_to, check_mode, now):
    """Act on the messages that are meant, except on those that are already as the action would leave them.

    Args:
        backend: Queue.
        selection: Selection.
        action: str, one of C(ACTIONS).
        limit: int or None: refuse when more messages are meant.
        backup_to: str or None: directory in which messages are saved before they are deleted.
        check_mode: bool: say what would be hit, and do nothing.
        now: float, seconds since the epoch.

    Returns:
        dict: C(changed), C(matched), C(affected), C(messages) (the first C(SHOWN)), C(left_alone), C(diff).

    Raises:
        RelayError: nothing was done, or the text says what was.
    """
    _check_action(backend, selection, action, backup_to)
    _check_limit(limit)
    backup = None if backup_to is None else Backup(backup_to, backend.name)
    if backup is not None:
        backup.check()
    tickets, seen, shown = [], set(), []
    for message in selected(backend, selection, now):
        # A message that moves while the queue is read comes twice.
        if message.id in seen or backend.settled(action, message):
            continue
        seen.add(message.id)
        tickets.append(ticket_of(message))
        if len(shown) < SHOWN:
            shown.append(facts(message))
    if limit is not None and len(tickets) > limit:
        raise QueueError(
            "limit: {0} messages are meant, more than {1}; nothing was done. Narrow the criteria, or raise the "
            "limit.".format(len(tickets), limit)
        )
    outcome = Outcome([ticket.id for ticket in tickets], [])
    if tickets and not check_mode:
        if action == "flush" and not selection.criteria:
            backend.flush_all()
        else:
            outcome = backend.act(action, tickets, backup)
    return _result(backend, outcome, shown, _diff(action, shown, outcome))


def restore(backend, selection, directory, check_mode):
    """Put messages back that were saved before they were deleted.

    Args:
        backend: Queue.
        selection: Selection: everything, or queue IDs.
        directory: str, the C(backup_to) of the deletion.
        check_mode: bool.

    Returns:
        dict: as for C(act); C(messages) is empty.

    Raises:
        RelayError: there is no such backup, or a message is not in it.
    """
    if set(selection.criteria) - set(["queue_id"]):
        raise CriterionError("action=restore: only queue_id and all choose among saved messages")
    _check(backend, selection)
    backup = Backup(directory, backend.name)
    ids = backup.ids()
    for queue_id in sorted(selection.ids or ()):
        if queue_id not in ids:
            raise QueueError("queue_id: {0} is not among the messages in {1}".format(queue_id, directory))
    wanted = ids if selection.ids is None else sorted(selection.ids)
    outcome = Outcome(wanted, []) if check_mode or not wanted else backend.restore(backup, wanted)
    lines = "".join("restored from {0}: {1}\n".format(directory, queue_id) for queue_id in outcome.done[:SHOWN])
    diff = {"before_header": "queue", "after_header": "queue", "before": "", "after": lines}
    return _result(backend, outcome, [], diff)


def _result(backend, outcome, shown, diff):
    return {
        "mta": backend.name,
        "changed": bool(outcome.done),
        "matched": len(outcome.done) + len(outcome.skipped),
        "affected": len(outcome.done),
        "messages": shown,
        # Not "skipped": Ansible takes a task whose result has that for one that did not run.
        "left_alone": [{"queue_id": queue_id, "reason": why} for queue_id, why in outcome.skipped[:SHOWN]],
        "diff": diff,
    }


def _line(entry):
    return "{0} {1} from=<{2}> {3}".format(
        entry["queue"],
        entry["queue_id"],
        entry["sender"],
        " ".join("to=<{0}>".format(recipient["address"]) for recipient in entry["recipients"]),
    ).rstrip()


def _diff(action, shown, outcome):
    """dict: the messages that were meant, and what became of them."""
    done = frozenset(outcome.done)
    lines = [(_line(entry), entry["queue_id"] in done) for entry in shown]
    more = len(outcome.done) + len(outcome.skipped) - len(shown)
    rest = ["and {0} more".format(more)] if more > 0 else []
    after = [
        "{0}: {1}".format(action, line) if hit else line for line, hit in lines if not (hit and action == "delete")
    ]
    return {
        "before_header": "queue",
        "after_header": "queue",
        "before": "".join(line + "\n" for line in [line for line, _hit in lines] + rest),
        "after": "".join(line + "\n" for line in after + (rest if action != "delete" else [])),
    }
