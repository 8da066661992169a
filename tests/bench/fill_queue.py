# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the host of the bench: many deferred messages in a short time.

Usage: fill_queue.py SENDER COUNT. Postfix takes one message of the sender and defers it; its two files, message and
defer log, are copied with another recipient each, under queue IDs made as Postfix makes them, of microseconds and the
file's own inode. So is each message one that postqueue, postcat and postsuper know, without 100,000 deliveries.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

SPOOL = "/var/spool/postfix"
FIRST = b"u0000000"


def path_of(queue, queue_id):
    return os.path.join(SPOOL, queue, queue_id[0], queue_id)


def deferred_template(sender):
    """Send one message; returns its queue ID as soon as it is deferred."""
    word = f"{FIRST.decode()}@template{time.time_ns()}.example"
    subprocess.run(["/usr/sbin/sendmail", "-f", sender, word], input=b"Subject: x\n\n" + b"text\n" * 100, check=True)
    for _attempt in range(60):
        time.sleep(0.5)
        queue = subprocess.run(["postqueue", "-j"], stdout=subprocess.PIPE, check=True).stdout
        for line in queue.splitlines():
            if word.encode() in line and json.loads(line)["queue_name"] == "deferred":
                return json.loads(line)["queue_id"]
    sys.exit("the message was not deferred")


def write(path, content, like, mode):
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    os.write(handle, content)
    os.fchown(handle, like.st_uid, like.st_gid)
    inode = os.fstat(handle).st_ino
    os.close(handle)
    return inode


def copy(template, count):
    queues = ("deferred", "defer")
    contents = {queue: Path(path_of(queue, template)).read_bytes() for queue in queues}
    like = {queue: os.stat(path_of(queue, template)) for queue in queues}
    for queue in queues:
        for digit in "0123456789ABCDEF":
            directory = os.path.join(SPOOL, queue, digit)
            if not os.path.isdir(directory):
                os.mkdir(directory, 0o700)
                os.chown(directory, like[queue].st_uid, like[queue].st_gid)
    for number in range(1, count + 1):
        recipient = b"u%07d" % number
        temporary = os.path.join(SPOOL, "deferred", "new")
        inode = write(temporary, contents["deferred"].replace(FIRST, recipient), like["deferred"], 0o700)
        # Spread over the 16 directories as the microseconds of real arrivals are.
        queue_id = f"{number * 7919 % 0x100000:05X}{inode:X}"
        os.rename(temporary, path_of("deferred", queue_id))
        write(path_of("defer", queue_id), contents["defer"].replace(FIRST, recipient), like["defer"], 0o600)


if __name__ == "__main__":
    copy(deferred_template(sys.argv[1]), int(sys.argv[2]) - 1)
