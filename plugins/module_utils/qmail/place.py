# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message of qmail is now, by its message file; no queue is listed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

from ansible_collections.mailops.relay.plugins.module_utils.host.processes import working_directories
from ansible_collections.mailops.relay.plugins.module_utils.mail.daemons import DAEMONS
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import open_recipients
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import DEFERRED
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.qmail.log import next_attempt
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue import HOME
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue_files import is_number
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue_tree import Tree


def _next_try(hop):
    """float or None: the first of the next attempts for those who still wait, by the last ones that the log has."""
    tries = [
        next_attempt(hop["arrival"], delivery["time"], delivery["relay"] != "local")
        for delivery in open_recipients(hop)
        if hop["arrival"] is not None and delivery["status"] == DEFERRED
    ]
    return float(min(tries)) if tries else None


class QmailPlaces(object):
    """The queue of qmail, and those on which a qmail-send runs.

    Args:
        home: str or None, the home of this qmail; None is the usual one.
    """

    def __init__(self, home=None):
        self._trees = []
        self._problem = None
        usual = os.path.join(home or HOME, "queue")
        # qmail-send works in its queue.
        running = working_directories(DAEMONS["qmail"])
        for top in running + ([usual] if os.path.realpath(usual) not in running else []):
            try:
                self._trees.append(Tree(top))
            except QueueError as exc:
                # Where one runs, and not at the usual place, there need be none.
                if top != usual or not self._trees:
                    self._problem = self._problem or exc

    def find(self, hop):
        """Find a message.

        Args:
            hop: dict, of C(mail/hops).

        Returns:
            (str, float or None) or None: C(queue), and the time of the next attempt in seconds since the epoch where
            that is known; None when it is not there.

        Raises:
            OSError: the queue cannot be read.
            QueueError: there is no queue of qmail, or it may not be read.
        """
        if not is_number(hop["queue_id"]):
            return None
        for tree in self._trees:
            try:
                os.lstat(tree.path("mess", hop["queue_id"]))
            except OSError as exc:
                if exc.errno != errno.ENOENT:
                    raise
                continue
            return "queue", _next_try(hop)
        if self._problem is not None:
            raise self._problem
        return None
