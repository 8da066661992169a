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

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.processes import working_directories
from ansible_collections.mailops.relay.plugins.module_utils.mail.daemons import DAEMONS
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.readable import read

_QUEUES = ("active", "deferred", "hold", "incoming", "corrupt")
_PARAMETERS = ("queue_directory", "syslog_name")
# Where instances are named: postmulti's, and those that sendmail -C may use.
_OTHERS = ("multi_instance_directories", "alternate_config_directories")
# No queue is hashed deeper: Postfix refuses a greater hash_queue_depth.
_DEEPEST = 16

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


def queue_paths(top, queue_id):
    """Yield (str, str): each queue, and each path that a message may have in it.

    As deep as there are directories: what Postfix has put elsewhere before hash_queue_depth or hash_queue_names were
    changed stays there until it is started again.

    Args:
        top: str, the queue directory of an instance.
        queue_id: str.
    """
    between = hash_directories(queue_id, _DEEPEST)
    for queue in _QUEUES:
        directory = os.path.join(top, queue)
        yield queue, os.path.join(directory, queue_id)
        for name in between:
            directory = os.path.join(directory, name)
            if not os.path.lexists(directory):
                break
            yield queue, os.path.join(directory, queue_id)


class _Instance(object):
    """The queues of one instance.

    Args:
        directory: str, its queue directory.
        name: str, under which it logs; empty where that is not known.

    Raises:
        OSError: a queue is not there.
    """

    def __init__(self, directory, name=""):
        self.directory = directory
        self.name = name
        for queue in _QUEUES:
            os.stat(os.path.join(directory, queue))


class PostfixPlaces(object):
    """The queues of all instances of Postfix: those that its configuration names, and those that run.

    Args:
        runner: commands.Runner.
    """

    def __init__(self, runner):
        self._instances = []
        self._problem = None
        others = self._add(runner, None, _OTHERS)
        for configuration in dict.fromkeys(" ".join(others).replace(",", " ").split()):
            self._add(runner, configuration)
        known = set(os.path.realpath(instance.directory) for instance in self._instances)
        for directory in working_directories(DAEMONS["postfix"]):
            # Other programs have this name too.
            if directory not in known and all(os.path.isdir(os.path.join(directory, queue)) for queue in _QUEUES):
                self._instances.append(_Instance(directory))

    def _add(self, runner, configuration, further=()):
        """list of str: the values of further parameters. An instance that cannot be asked may have any message.

        Args:
            configuration: str or None, the directory of its main.cf; None is the default instance's.
        """
        names = list(_PARAMETERS + further)
        try:
            values = dict(zip(names, read(runner, ["-x", "-h"] + names, configuration).text.split("\n")))
            directory = values.get("queue_directory", "")
            if not directory.startswith("/"):
                raise QueueError(
                    "postconf does not tell where the queues are; see postconf {0}queue_directory".format(
                        "-c {0} ".format(configuration) if configuration else ""
                    )
                )
            self._instances.append(_Instance(directory, values.get("syslog_name", "").partition("/")[0]))
            return [values.get(name, "") for name in further]
        except (EnvironmentError, RelayError) as exc:
            self._problem = self._problem or exc
            return []

    def find(self, hop):
        """Find a message.

        Args:
            hop: dict, of C(mail/hops); its queue ID has letters and digits only.

        Returns:
            (str, float or None) or None: the queue, and the time of the next attempt in seconds since the epoch where
            that is known; None when it is in none.

        Raises:
            OSError: a queue cannot be read.
            RelayError: it is in none of those that are known, and there may be others.
        """
        instances = sorted(self._instances, key=lambda instance: instance.name != hop["instance"])
        # Twice: what is moved meanwhile is not where it had not been before.
        for instance in instances + instances:
            for queue, path in queue_paths(instance.directory, hop["queue_id"]):
                try:
                    status = os.stat(path)
                except OSError as exc:
                    if exc.errno != errno.ENOENT:
                        raise
                    continue
                # The queue manager sets the time of a deferred file to that of its next attempt.
                return queue, status.st_mtime if queue == "deferred" else None
        if self._problem is not None:
            raise self._problem
        if all(instance.name != hop["instance"] for instance in instances):
            raise QueueError(
                "{0}: no instance of Postfix that postconf knows logs under this name; name its directory in"
                " multi_instance_directories or alternate_config_directories".format(hop["instance"])
            )
        return None
