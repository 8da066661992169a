# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue of any MTA: what the modules mail_queue_info and mail_queue do, over one small interface, Queue."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from abc import ABCMeta, abstractmethod
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.mail import queue_plan
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import ACTIONS
from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import facts
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_totals import QueueTotals
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection, given

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
LATER = "it came after the question"


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

    def same(self, ticket, message):
        """bool: whether the message with the ID of this ticket is still the one of which it was made.

        Args:
            ticket: Ticket, of an earlier reading.
            message: Message, read now.
        """
        return (_plain(ticket.sender), ticket.size, ticket.arrival) == (
            _plain(message.sender),
            message.size,
            message.arrival,
        )

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


def _plain(text):
    """str: a text in the one form that a plan can keep."""
    return to_text(text, errors="surrogate_or_replace")


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


def _of_clients(backend, selection, messages):
    """Yields (Message, (str, str) or None): those of the messages whose client is meant, and their clients."""
    for batch in _batches_of(messages):
        clients = {} if backend.clients is None else backend.clients(batch)
        for message in batch:
            client = clients.get(message.id)
            if selection.client_matches is None or selection.client_matches(*(client or ("", ""))):
                yield message, client


def with_clients(backend, selection, now):
    """Yields (Message, (str, str) or None): the messages that the selection means, as they are read, and their clients.

    None is a client that is not known, and that of every message where the queue does not note clients.
    """
    meant = (message for message in backend.messages(selection, now) if selection.matches(message))
    return _of_clients(backend, selection, meant)


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


def _check_action(backend, selection, action):
    if action not in backend.actions:
        raise QueueError("action: {0} has no {1}; it has {2}".format(backend.name, action, ", ".join(backend.actions)))
    _check(backend, selection)


class _Meant(object):
    """The messages that are meant, collected."""

    def __init__(self):
        self.tickets, self.shown, self._seen = [], [], set()

    def is_new(self, message):
        """bool: whether this one was not read before; a message that moves while the queue is read comes twice."""
        if message.id in self._seen:
            return False
        self._seen.add(message.id)
        return True

    def add(self, message):
        self.tickets.append(ticket_of(message))
        if len(self.shown) < SHOWN:
            self.shown.append(facts(message))


def _meant_now(backend, selection, action, now):
    """_Meant: what meets the criteria, but for what is already as the action would leave it."""
    meant = _Meant()
    for message in selected(backend, selection, now):
        if not backend.settled(action, message) and meant.is_new(message):
            meant.add(message)
    return meant


def _meant_then(backend, selection, action, noted, now):
    """(_Meant, list of (queue ID, why)): of what was noted that which is still there; what is left alone.

    Args:
        selection: Selection, with which was chosen what was noted.
        noted: dict: queue ID -> list, the items of a Ticket.
    """
    meant, skipped, later, reread = _Meant(), [], [], set()
    for message in backend.messages(Selection({"all": True}, now), now):
        if message.id not in noted:
            if selection.matches(message) and not backend.settled(action, message):
                later.append(message)
            continue
        if not meant.is_new(message):
            continue
        reread.add(message.id)
        if not backend.same(Ticket(*noted[message.id]), message):
            skipped.append((message.id, CHANGED))
        elif backend.settled(action, message):
            skipped.append((message.id, "it is in {0} now".format(message.queue)))
        else:
            meant.add(message)
    skipped.extend((queue_id, GONE) for queue_id in noted if queue_id not in reread)
    if selection.client_matches is not None:
        later = [message for message, _client in _of_clients(backend, selection, later)]
    skipped.extend((queue_id, LATER) for queue_id in sorted(set(message.id for message in later)))
    return meant, skipped


def act(backend, selection, action, limit, backup_to, check_mode, now, noted=None, only_note=None):
    """Act on the messages that are meant, except on those that are already as the action would leave them.

    Args:
        backend: Queue.
        selection: Selection.
        action: str, one of C(ACTIONS).
        limit: int or None: refuse when more messages are meant.
        backup_to: str or None: directory in which messages are saved before they are deleted.
        check_mode: bool: say what would be hit, and do nothing.
        now: float, seconds since the epoch.
        noted: dict or None: of C(queue_plan.take); act on these, as far as they are the same still, and on no others.
        only_note: callable (list of Ticket) -> str, or None: do nothing but give it what is meant; it returns a path.

    Returns:
        dict: C(changed), C(matched), C(affected), C(messages) (the first C(SHOWN)), C(left_alone), C(diff), C(plan_file).

    Raises:
        RelayError: nothing was done, or the text says what was.
    """
    _check_action(backend, selection, action)
    _check_limit(limit)
    backup = None if backup_to is None else Backup(backup_to, backend.name)
    if backup is not None:
        backup.check()
    if noted is None:
        meant, left = _meant_now(backend, selection, action, now), []
    else:
        meant, left = _meant_then(backend, selection, action, noted, now)
    tickets = meant.tickets
    if limit is not None and len(tickets) > limit:
        raise QueueError(
            "limit: {0} messages are meant, more than {1}; nothing was done. Narrow the criteria, or raise the "
            "limit.".format(len(tickets), limit)
        )
    outcome = Outcome([ticket.id for ticket in tickets], [])
    if only_note is not None:
        return _noted(_result(backend, outcome, meant.shown, _diff(action, meant.shown, outcome)), only_note, tickets)
    if tickets and not check_mode:
        if action == "flush" and not selection.criteria:
            backend.flush_all()
        else:
            outcome = backend.act(action, tickets, backup)
    outcome = Outcome(outcome.done, list(outcome.skipped) + left)
    return _result(backend, outcome, meant.shown, _diff(action, meant.shown, outcome))


def _noted(result, only_note, tickets):
    """dict: a result of what would be done, and the path of the note of it; nothing was changed."""
    return dict(result, changed=False, affected=0, plan_file=only_note(tickets))


def _saved_ticket(backup, queue_id):
    """Ticket: of a saved message. What is saved anew under the same name has another time."""
    return Ticket("saved", queue_id, "", 0, backup.saved_at(queue_id))


def restore(backend, selection, directory, check_mode, noted=None, only_note=None):
    """Put messages back that were saved before they were deleted.

    Args:
        backend: Queue.
        selection: Selection: everything, or queue IDs.
        directory: str, the C(backup_to) of the deletion.
        check_mode: bool.
        noted, only_note: as for C(act).

    Returns:
        dict: as for C(act); C(messages) is empty.

    Raises:
        RelayError: there is no such backup, or a message is not in it.
    """
    _check(backend, selection)
    backup = Backup(directory, backend.name)
    ids = backup.ids()
    for queue_id in sorted(selection.ids or ()):
        if queue_id not in ids and noted is None:
            raise QueueError("queue_id: {0} is not among the messages in {1}".format(queue_id, directory))
    there = [queue_id for queue_id in ids if selection.ids is None or queue_id in selection.ids]
    tickets = dict((queue_id, _saved_ticket(backup, queue_id)) for queue_id in there)
    wanted, left = there, []
    if noted is not None:
        wanted = [queue_id for queue_id in there if list(tickets[queue_id]) == noted.get(queue_id)]
        left = [(queue_id, CHANGED if queue_id in noted else LATER) for queue_id in there if queue_id not in wanted]
        left.extend(
            (queue_id, "it is not among the saved messages any more") for queue_id in noted if queue_id not in tickets
        )
    outcome = Outcome(wanted, [])
    if only_note is None and wanted and not check_mode:
        outcome = backend.restore(backup, wanted)
    outcome = Outcome(outcome.done, list(outcome.skipped) + left)
    lines = "".join("restored from {0}: {1}\n".format(directory, queue_id) for queue_id in outcome.done[:SHOWN])
    diff = {"before_header": "queue", "after_header": "queue", "before": "", "after": lines}
    result = _result(backend, outcome, [], diff)
    return result if only_note is None else _noted(result, only_note, [tickets[queue_id] for queue_id in wanted])


# What goes with which action only, and why it is refused with others.
_OF_ACTIONS = (
    ("backup_to", ("delete",), "only deleted messages are saved"),
    ("limit", ACTIONS, "it is not looked at"),
    ("restore_from", ("restore",), "nothing is restored"),
)


def check_options(params):
    """Refuse options of M(mailops.relay.mail_queue) that would be passed over.

    Args:
        params: dict, the module's options.

    Raises:
        CriterionError
    """
    action = params["action"]
    for option, actions, why in _OF_ACTIONS:
        if params[option] is not None and action not in actions:
            raise CriterionError("{0}: {1} with action={2}; leave it out".format(option, why, action))
    if action == "restore":
        others = [name for name in given(params) if name != "queue_id"]
        others += [name for name in ("subdomains", "every_recipient") if params[name]]
        if others:
            raise CriterionError(
                "{0}: only queue_id and all choose among saved messages; leave it out with action=restore".format(
                    ", ".join(others)
                )
            )
    if params["plan"] and params["plan_file"] is not None:
        raise CriterionError("plan: it is made anew with plan, and carried out with plan_file; leave one of them out")


def _question(params):
    """dict: what was asked, for a plan to be carried out by the same question only."""
    return dict((name, params[name]) for name in sorted(params) if name not in ("plan", "plan_file"))


def run(make_backend, params, check_mode, now):
    """What M(mailops.relay.mail_queue) does.

    Args:
        make_backend: callable () -> Queue.
        params: dict, the module's options.
        check_mode: bool.
        now: float, seconds since the epoch.

    Returns:
        (dict, list of str): the result, and warnings.

    Raises:
        RelayError, EnvironmentError: nothing was done, or the text says what was.
    """
    check_options(params)
    noted = only_note = None
    question = _question(params)
    if params["plan_file"] is not None:
        # Ages are those of the question: nothing comes in or drops out by waiting for the answer.
        noted, now = queue_plan.take(params["plan_file"], question, check_mode)
    if params["plan"] and not check_mode:

        def only_note(tickets):
            return queue_plan.note(question, tickets, now)

    selection = Selection(params, now)
    backend = make_backend()
    action = params["action"]
    if action == "restore":
        result = restore(backend, selection, params["restore_from"], check_mode, noted, only_note)
    else:
        result = act(
            backend, selection, action, params["limit"], params["backup_to"], check_mode, now, noted, only_note
        )
    return result, backend.warnings


def _result(backend, outcome, shown, diff):
    return {
        "mta": backend.name,
        "changed": bool(outcome.done),
        "matched": len(outcome.done) + len(outcome.skipped),
        "affected": len(outcome.done),
        "messages": shown,
        # Not "skipped": Ansible takes a task whose result has that for one that did not run.
        "left_alone": [{"queue_id": queue_id, "reason": why} for queue_id, why in outcome.skipped[:SHOWN]],
        "plan_file": "",
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
