# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message of Postfix is now, by the files of its queues; no queue is listed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError

_QUEUES = ("active", "deferred", "hold", "incoming", "corrupt")
_PARAMETERS = ("queue_directory", "hash_queue_names", "hash_queue_depth")

# The digits of a long queue ID (safe_ultostr.c): seconds, four digits of microseconds, z, and the file (mail_queue.h).
_DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_LONG_ID = re.compile("[{0}]{{6,}}([{0}]{{4}})z[^z]*\\Z".format(_DIGITS))


def hash_directories(queue_id, depth):
    """list of str: the directories below that of a hashed queue, one in the other: mail_queue_dir() in mail_queue.c.

    Args:
        queue_id: str.
        depth: int.
    """
    text = queue_id
    match = _LONG_ID.match(queue_id)
    if match:
        # A long ID begins alike for weeks, so Postfix takes its microseconds, as a short ID begins with.
        microseconds = 0
        for digit in match.group(1):
            microseconds = microseconds * len(_DIGITS) + _DIGITS.index(digit)
        text = "{0:05X}".format(microseconds)
    return [text[place : place + 1] or "_" for place in range(depth)]


class _Instance(object):
    """The queues of one instance.

    Args:
        output: list of str, the values of _PARAMETERS.

    Raises:
        QueueError: it does not say where its queues are.
        OSError: a queue is not there.
    """

    def __init__(self, output):
        settings = dict(zip(_PARAMETERS, output))
        directory, depth = settings.get("queue_directory", ""), settings.get("hash_queue_depth", "")
        if not directory or not depth.isdigit():
            raise QueueError(
                "postconf does not tell where the queues are; see postconf queue_directory hash_queue_depth"
            )
        self._directory = directory
        self._depth = int(depth)
        self._hashed = frozenset(settings["hash_queue_names"].replace(",", " ").lower().split())
        for queue in _QUEUES:
            os.stat(os.path.join(directory, queue))

    def paths(self, queue_id):
        """list of (str, str): each queue, and the path that this message has in it."""
        between = hash_directories(queue_id, self._depth)
        return [
            (queue, os.path.join(self._directory, queue, *(between if queue in self._hashed else []) + [queue_id]))
            for queue in _QUEUES
        ]


class PostfixPlaces(object):
    """The queues of all instances of Postfix.

    Args:
        runner: commands.Runner.

    Raises:
        RelayError: postconf does not say where the queues are.
        OSError: a queue is not there.
    """

    def __init__(self, runner):
        names = list(_PARAMETERS)
        output = runner.run(["postconf", "-h"] + names + ["multi_instance_directories"]).stdout.split("\n")
        self._instances = [_Instance(output)]
        for configuration in " ".join(output[len(names) :]).replace(",", " ").split():
            output = runner.run(["postconf", "-c", configuration, "-h"] + names).stdout.split("\n")
            self._instances.append(_Instance(output))

    def find(self, hop):
        """Find a message.

        Args:
            hop: dict, of C(mail/hops); its queue ID has letters and digits only.

        Returns:
            (str, float or None) or None: the queue, and the time of the next attempt in seconds since the epoch where
            that is known; None when it is in none.

        Raises:
            OSError: a queue cannot be read.
        """
        paths = [entry for instance in self._instances for entry in instance.paths(hop["queue_id"])]
        # Twice: what is moved meanwhile is not where it had not been before.
        for queue, path in paths + paths:
            try:
                status = os.stat(path)
            except OSError as exc:
                if exc.errno != errno.ENOENT:
                    raise
                continue
            # The queue manager sets the time of a deferred file to that of its next attempt.
            return queue, status.st_mtime if queue == "deferred" else None
        return None
