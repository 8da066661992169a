# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message that a log has not seen leave is now, as its mail system's queue files tell, without listing a queue."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import open_recipients
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import DEFERRED
from ansible_collections.mailops.relay.plugins.module_utils.qmail.log import next_attempt

_POSTFIX_QUEUES = ("active", "deferred", "hold", "incoming", "corrupt")
_SENDMAIL_QUEUES = (("mta", "/var/spool/mqueue"), ("submission", "/var/spool/mqueue-client"), ("submission", "/var/spool/clientmqueue"))
_QMAIL = "/var/qmail/queue"


def _postfix_directories(runner):
    """list of str: the queue directories of all instances; empty without Postfix."""
    try:
        answer = runner.run(["postconf", "-h", "queue_directory", "multi_instance_directories"]).stdout.split("\n")
        directories = answer[:1]
        for configuration in answer[1].replace(",", " ").split() if len(answer) > 1 else ():
            directories.append(runner.run(["postconf", "-c", configuration, "-h", "queue_directory"]).stdout.strip())
    except CommandError:
        return []
    return [directory for directory in directories if directory]


def _file_of(directory, name):
    """str or None: the file of this name in a queue directory that may be hashed (hash_queue_depth)."""
    for between in ("", "?", "?/?"):
        found = glob.glob(os.path.join(directory, between, name))
        if found:
            return found[0]
    return None


def _in_postfix(directories, queue_id):
    """(str, float or None) or None: queue and next attempt."""
    for directory in directories:
        for queue in _POSTFIX_QUEUES:
            path = _file_of(os.path.join(directory, queue), queue_id)
            if path is not None:
                try:
                    # The queue manager sets the time of a deferred file to that of its next attempt.
                    return queue, os.stat(path).st_mtime if queue == "deferred" else None
                except OSError:
                    continue
    return None


def _in_sendmail(queue_id):
    for queue, directory in _SENDMAIL_QUEUES:
        for prefix, name in (("qf", queue), ("hf", "hold"), ("Qf", "lost")):
            for pattern in (directory, os.path.join(directory, "*"), os.path.join(directory, "*", "qf")):
                if glob.glob(os.path.join(pattern, prefix + queue_id)):
                    return name, None
    return None


def _in_qmail(hop):
    if not glob.glob(os.path.join(_QMAIL, "mess", "*", hop["queue_id"])):
        return None
    tries = [
        next_attempt(hop["arrival"], delivery["time"], delivery["relay"] != "local")
        for delivery in open_recipients(hop)
        if hop["arrival"] is not None and delivery["status"] == DEFERRED
    ]
    return "queue", float(min(tries)) if tries else None


def look(runner, hops):
    """Where these messages are now.

    Args:
        runner: commands.Runner.
        hops: list of dict, of C(mail/hops), whose removal is not in the log.

    Returns:
        dict: id(hop) -> (queue or C(gone), time of the next attempt in seconds since the epoch or None).
    """
    found = {}
    directories = _postfix_directories(runner) if any(hop["mta"] == "postfix" for hop in hops) else []
    for hop in hops:
        if not hop["queue_id"].isalnum():
            continue
        if hop["mta"] == "postfix":
            place = _in_postfix(directories, hop["queue_id"])
        elif hop["mta"] == "sendmail":
            place = _in_sendmail(hop["queue_id"])
        else:
            place = _in_qmail(hop)
        found[id(hop)] = place or ("gone", None)
    return found
