# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From which client a message in Postfix's queue came, by the first records of its file, which no listing has.

A record is a letter, its length in seven bits a byte, the lowest first, and so many bytes (record.c and rec_type.h in
Postfix's source, 2.10 to 3.11). smtpd(8) writes the client behind the sender and before the recipients. postcat(1) prints this too,
and the whole message besides.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import explained
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo
from ansible_collections.mailops.relay.plugins.module_utils.postfix.place import hash_directories, queue_paths

# bytes: more than there is before the recipients, and what is read where a stranger's sender or greeting is longer.
_HEAD, _LONGEST_HEAD = 2048, 65536
# A recipient, the content or the end: what was to be told of the client has been.
_END = frozenset(bytearray(b"RODM/XE"))
_SIZE, _ATTRIBUTE = ord("C"), ord("A")
_NAME, _ADDRESS = b"log_client_name=", b"log_client_address="
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def client_records(data):
    """(bytes, bytes) or None: name and address of the client, both empty for mail from the host itself.

    Args:
        data: bytes, the beginning of a queue file. None is the answer where it ends before that can be told.
    """
    octets = bytearray(data)
    name = address = b""
    if octets[:1] != b"C":
        return None
    place, end = 0, len(octets)
    while place + 1 < end:
        kind, length = octets[place], octets[place + 1]
        if kind in _END:
            return name, address
        place += 2
        if length > 127:
            length, shift = length & 127, 7
            while place < end and shift < 63:
                octet = octets[place]
                length |= (octet & 127) << shift
                place, shift = place + 1, shift + 7
                if octet < 128:
                    break
        if kind == _ATTRIBUTE and data[place : place + 11] == b"log_client_" and place + length <= end:
            attribute = data[place : place + length]
            if attribute[:16] == _NAME:
                name = attribute[16:]
            elif attribute[:19] == _ADDRESS:
                address = attribute[19:]
        place += length
    return None


def _client(records):
    """(str, str): name and address; C(unknown) is what smtpd calls a client without a name."""
    name, address = (to_native(part, errors="surrogateescape") for part in records)
    # Postfix 3.7: log_client_address=IPv6:fd00:20:1::11
    return ("" if name == "unknown" else name), (plain(address) if address else "")


def _read(path):
    """(bytes, bytes) or None: as of C(client_records).

    Raises:
        OSError: it cannot be read.
    """
    handle = os.open(path, _FLAGS)
    try:
        data = os.read(handle, _HEAD)
        found = client_records(data)
        if found is None and len(data) == _HEAD:
            found = client_records(data + os.read(handle, _LONGEST_HEAD))
        return found
    finally:
        os.close(handle)


class QueueHeads(object):
    """The clients of the messages of one instance.

    Args:
        directory: str, its queue directory.

    Attributes:
        unreadable: str, the first file that could not be read and why; empty when there is none.
    """

    def __init__(self, directory):
        self._directory = directory
        # How deep the last file of a queue was that was found.
        self._depths = {}
        self._clients = Memo(_client)
        self.unreadable = ""

    def client(self, queue, queue_id):
        """(str, str) or None: name and address of the client, both empty for mail from the host itself; None: not known.

        Args:
            queue: str, where the listing had it; it may have moved since.
            queue_id: str.
        """
        if queue == "maildrop":
            # Whoever has written that file is a user of this host.
            return "", ""
        depth = self._depths.get(queue, 1)
        try:
            parts = [self._directory, queue] + hash_directories(queue_id, depth) + [queue_id]
            found = _read("/".join(parts))
        except (IOError, OSError) as exc:
            found = self._elsewhere(queue, queue_id) if exc.errno == errno.ENOENT else self._complain(parts, exc)
        return None if found is None else self._clients[found]

    def _elsewhere(self, queue, queue_id):
        # Twice: what is moved meanwhile is not where it had not been before.
        for _time in range(2):
            for there, path in queue_paths(self._directory, queue_id):
                try:
                    found = _read(path)
                except (IOError, OSError) as exc:
                    if exc.errno != errno.ENOENT:
                        return self._complain([path], exc)
                    continue
                if there == queue:
                    self._depths[queue] = path.count("/") - self._directory.count("/") - 2
                return found
        return None

    def _complain(self, parts, exc):
        self.unreadable = self.unreadable or "{0}: {1}".format("/".join(parts), explained(exc))
