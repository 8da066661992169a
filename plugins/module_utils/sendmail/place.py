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
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue_files import places

DIRECTORY = "/etc/mail"
# Before 8.12 there is no submission program with a queue of its own.
_CONFIGURATIONS = (("mta", "sendmail.cf", True), ("submission", "submit.cf", False))
# What a control file's name begins with; the queue, where that is not the one of its directory.
_KINDS = (("qf", None), ("hf", "hold"), ("Qf", "lost"))


class SendmailPlaces(object):
    """The queues of sendmail, where its configuration has them.

    Args:
        directory: str or None: where sendmail.cf and submit.cf are; None is /etc/mail.

    Raises:
        QueueError: the configuration does not say where they are.
        EnvironmentError: a file or a queue cannot be read.
    """

    def __init__(self, directory=None):
        self._places = []
        for queue, name, needed in _CONFIGURATIONS:
            path = os.path.join(directory or DIRECTORY, name)
            text = read_native(path)
            found = [] if text is None else places(queue, text)
            if not found and (needed or text is not None):
                raise QueueError("{0}: there is no QueueDirectory in it that exists".format(path))
            self._places.extend(found)
        for place in self._places:
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
        return None
