# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message that a log has not seen leave is now, as its mail system's queue files tell; no queue is listed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable

# It comes from a log, and becomes a part of a path.
_QUEUE_ID = re.compile(r"[0-9A-Za-z]+\Z")

_GONE = ("gone", None, "")

# Each is loaded when a message of its mail system is looked for: a host has seldom more than one.


def _postfix(runner):
    from ansible_collections.mailops.relay.plugins.module_utils.postfix.place import PostfixPlaces

    return PostfixPlaces(runner)


def _sendmail(_runner):
    from ansible_collections.mailops.relay.plugins.module_utils.sendmail.place import SendmailPlaces

    return SendmailPlaces()


def _qmail(_runner):
    from ansible_collections.mailops.relay.plugins.module_utils.qmail.place import QmailPlaces

    return QmailPlaces()


_PLACES = {"postfix": _postfix, "sendmail": _sendmail, "qmail": _qmail}


def _unknown(problem):
    """(None, None, str): a queue that could not be read may have it."""
    return None, None, printable(problem)


def _reason(exc):
    """str: why a queue could not be looked into, in one line."""
    if isinstance(exc, RelayError):
        return " ".join(str(exc).split())
    return "{0}: {1}".format(exc.filename, exc.strerror) if exc.filename else str(exc)


def _find(places, hop):
    if not _QUEUE_ID.match(hop["queue_id"]):
        return _unknown("this is no queue ID of a mail system here")
    try:
        found = places.find(hop)
    except (EnvironmentError, RelayError) as exc:
        return _unknown(_reason(exc))
    return _GONE if found is None else found + ("",)


def look(runner, hops):
    """Where these messages are now.

    Args:
        runner: commands.Runner.
        hops: list of dict, of C(mail/hops), whose removal is not in the log.

    Returns:
        dict: id(hop) -> (queue, C(gone) when it is in none, or None when that is not known; time of the next attempt in
        seconds since the epoch or None; why it is not known, or an empty string).
    """
    found, places = {}, {}
    for hop in hops:
        mta = hop["mta"]
        if mta not in places:
            places[mta] = _PLACES[mta](runner)
        found[id(hop)] = _find(places[mta], hop)
    return found
