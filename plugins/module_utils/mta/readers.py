# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail system's reader a line of a log is for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.postfix.log import PostfixReader


class Readers(object):
    """The readers of all mail systems, as C(mail/log_reader.LogReader) takes them.

    Args:
        events: log_events.Events, which is told what the lines say.
        seconds: callable (stamp) -> float, seconds since the epoch.
    """

    def __init__(self, events, seconds):
        self._events = events
        self._seconds = seconds
        self._postfix = PostfixReader(events)
        self._others = None

    def resolve(self, origin):
        """bool: whether a program of a mail system writes under this name; the origin's lines go to its reader then.

        Args:
            origin: log_lines.Origin.
        """
        if self._postfix.resolve(origin):
            return True
        if self._others is None:
            # Not above: most logs have no line of these, and to load them takes as long as to read thousands of lines.
            from ansible_collections.mailops.relay.plugins.module_utils.mail.opendkim_log import OpendkimReader
            from ansible_collections.mailops.relay.plugins.module_utils.qmail.log import QmailReader
            from ansible_collections.mailops.relay.plugins.module_utils.sendmail.log import SendmailReader

            self._others = (
                SendmailReader(self._events, self._seconds),
                QmailReader(self._events, self._seconds),
                OpendkimReader(self._events),
            )
        return any(reader.resolve(origin) for reader in self._others)

    def end(self):
        """The log is over."""
        if self._others is not None:
            self._others[1].end()
