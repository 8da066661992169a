# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages were meant when somebody was asked, kept on the host until the answer comes.

A file in C(DIRECTORY), which is root's alone and gone after a reboot: a line that says what was asked, then one for each message.
It is read once and is gone by then, so that neither a kill nor a second call finds it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import json
import os
import re
import stat
import tempfile
import time

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, about
from ansible_collections.mailops.relay.plugins.module_utils.host.files import open_regular

DIRECTORY = "/run/mailops.relay"
_NAME = re.compile(r"queue-plan-[0-9A-Za-z_]+\Z")
_PREFIX = "queue-plan-"
# Seconds after which nobody waits for an answer any more.
_OLD = 86400


class PlanError(RelayError):
    """What was noted cannot be used."""


def _text(value):
    """The same number, or text as JSON carries it, also of bytes that are no UTF-8 (Python 2); of a list each."""
    if isinstance(value, (list, tuple)):
        return [_text(item) for item in value]
    return to_text(value, errors="surrogate_or_replace", nonstring="passthru")


def _line(ticket):
    """str: a ticket as JSON."""
    try:
        return json.dumps(ticket)
    except UnicodeDecodeError:
        # Python 2, with bytes that are no UTF-8. To look at each text beforehand takes longer than all the rest.
        return json.dumps(_text(ticket))


def _plain(question):
    """dict: a question as it comes back from JSON."""
    return dict((_text(name), _text(question[name])) for name in question)


def _own_directory():
    """Make the directory, and make sure that nobody else can put anything into it.

    Raises:
        PlanError: others can.
        OSError: it cannot be made.
    """
    try:
        os.mkdir(DIRECTORY, 0o700)
    except OSError as exc:
        if exc.errno != errno.EEXIST:
            raise
    status = os.lstat(DIRECTORY)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise PlanError(
            "{0}: it is not a directory that only the user of this task can enter, so what is noted there could be another's; "
            "remove it, and run as root (become: true)".format(DIRECTORY)
        )


def _remove_old():
    for name in os.listdir(DIRECTORY):
        path = os.path.join(DIRECTORY, name)
        if _NAME.match(name) and os.lstat(path).st_mtime < time.time() - _OLD:
            os.unlink(path)


def note(question, tickets, now):
    """Write down which messages are meant.

    Args:
        question: dict, what was asked for; whoever reads it must ask for the same.
        tickets: list of sequences of text and numbers, one for each message; the second is its queue ID.
        now: float, seconds since the epoch: what ages were counted from.

    Returns:
        str: the path of the file, 0600.

    Raises:
        PlanError, IOError, OSError
    """
    with about(DIRECTORY):
        _own_directory()
        _remove_old()
        handle, path = tempfile.mkstemp(prefix=_PREFIX, dir=DIRECTORY)
    try:
        with about(path), os.fdopen(handle, "w") as stream:
            stream.write(json.dumps({"question": _plain(question), "now": now}) + "\n")
            for ticket in tickets:
                stream.write(_line(ticket) + "\n")
    except BaseException:
        os.unlink(path)
        raise
    return path


def take(path, question, keep):
    """What was written down; the file is gone afterwards.

    Args:
        path: str, of C(note).
        question: dict, as for C(note).
        keep: bool, whether the file stays (check mode).

    Returns:
        (dict, float): queue ID -> list, the ticket; the time that was noted with them.

    Raises:
        PlanError: there is no such file, it is not one of these, or something else was asked for.
        IOError, OSError
    """
    if os.path.dirname(path) != DIRECTORY or not _NAME.match(os.path.basename(path)):
        raise PlanError(
            "plan_file: {0} is none; give the plan_file that a run with plan=true has returned".format(path)
        )
    try:
        handle = open_regular(path, os.O_RDONLY | os.O_NOFOLLOW)
    except EnvironmentError as exc:
        if exc.errno != errno.ENOENT:
            raise
        raise PlanError(
            "plan_file: {0} is gone: it was used already, or the host has been restarted. Nothing was done; plan again".format(
                path
            )
        )
    with os.fdopen(handle, "r") as stream:
        if not keep:
            os.unlink(path)
        try:
            head = json.loads(stream.readline())
            tickets = [json.loads(line) for line in stream]
            noted = dict((to_native(ticket[1]), ticket) for ticket in tickets)
            asked, now = dict(head["question"]), float(head["now"])
        except (ValueError, KeyError, TypeError, IndexError):
            raise PlanError("plan_file: {0} is damaged. Nothing was done; plan again".format(path))
    question = _plain(question)
    other = sorted(name for name in set(asked) | set(question) if asked.get(name) != question.get(name))
    if other:
        raise PlanError(
            "plan_file: it was made with another {0}. Nothing was done; plan again with what is meant now".format(
                ", ".join(other)
            )
        )
    return noted, now
