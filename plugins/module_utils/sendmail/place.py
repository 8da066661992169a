# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message of sendmail is now, by its control file; no queue is listed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.processes import working_directories
from ansible_collections.mailops.relay.plugins.module_utils.mail.daemons import DAEMONS
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue_files import places

DIRECTORY = "/etc/mail"
# Before 8.12 there is no submission program with a queue of its own.
_CONFIGURATIONS = (("mta", "sendmail.cf", True), ("submission", "submit.cf", False))
# What a control file's name begins with; the queue, where that is not the one of its directory.
_KINDS = (("qf", None), ("hf", "hold"), ("Qf", "lost"))


class SendmailPlaces(object):
    """The queues of sendmail, where its configuration has them, and where those work that run.

    Args:
        directory: str or None: where sendmail.cf and submit.cf are; None is /etc/mail.
    """

    def __init__(self, directory=None):
        self._places = []
        self._problem = None
        for queue, name, needed in _CONFIGURATIONS:
            try:
                self._add(queue, os.path.join(directory or DIRECTORY, name), needed)
            except (EnvironmentError, QueueError) as exc:
                self._problem = self._problem or exc
        known = set(place.control for place in self._places)
        # Its processes work in their QueueDirectory, or above those directories that it stands for.
        for path in working_directories(DAEMONS["sendmail"]):
            for pattern in (path, os.path.join(path, "*")):
                found = places("mta", "O QueueDirectory={0}\n".format(pattern))
                self._places.extend(place for place in found if place.control not in known)

    def _add(self, queue, path, needed):
        text = read_native(path)
        found = [] if text is None else places(queue, text)
        self._places.extend(found)
        if not found and (needed or text is not None):
            raise QueueError("{0}: there is no QueueDirectory in it that exists".format(path))
        for place in found:
            os.stat(place.control)

    def find(self, hop):
        """Find a message.

        Args:
            hop: dict, of C(mail/hops); its queue ID has letters and digits only.

        Returns:
            (str, None) or None: the queue, C(hold) in quarantine and C(lost) where sendmail has set it aside as
            damaged; the time of the next attempt is not known; None when it is in none.

        Raises:
            OSError: a queue cannot be read.
            QueueError: it is in none of those that are known, and the configuration does not say where all are.
        """
        for place in self._places:
            for prefix, queue in _KINDS:
                try:
                    os.lstat(os.path.join(place.control, prefix + hop["queue_id"]))
                except OSError as exc:
                    if exc.errno != errno.ENOENT:
                        raise
                    continue
                return queue or place.queue, None
        if self._problem is not None:
            raise self._problem
        return None
