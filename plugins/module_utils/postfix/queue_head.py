# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first records of a file in Postfix's queue tell: which message it is, and from which client it came, which no listing has.

A record is a letter, its length in seven bits a byte, the lowest first, and so many bytes (record.c and rec_type.h in
Postfix's source, 2.10 to 3.11). smtpd(8) writes the client behind the sender and before the recipients. postcat(1) prints this too,
and the whole message besides, which takes several times as long.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import itertools
import os

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import explained
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo
from ansible_collections.mailops.relay.plugins.module_utils.postfix.place import hash_directories, queue_paths
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_listing import Envelope

# bytes: more than there is before the recipients, and what is read where a stranger's sender or greeting is longer.
_HEAD, _LONGEST_HEAD = 2048, 65536
# A recipient, the content or the end: what was to be told of the client has been.
_END = frozenset(bytearray(b"RODM/XE"))
_SIZE, _TIME, _SENDER, _ATTRIBUTE = bytearray(b"CTSA")
_NAME, _ADDRESS = b"log_client_name=", b"log_client_address="
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def _records(octets):
    """Yields (int, int, int): kind, place and length of each record, of which the last may go on beyond the end.

    Args:
        octets: bytearray, the beginning of a queue file.
    """
    place, end = 0, len(octets)
    while place + 1 < end:
        kind, length = octets[place], octets[place + 1]
        place += 2
        if length > 127:
            length, shift = length & 127, 7
            while place < end and shift < 63:
                octet = octets[place]
                length |= (octet & 127) << shift
                place, shift = place + 1, shift + 7
                if octet < 128:
                    break
        yield kind, place, length
        place += length


def client_records(data):
    """(bytes, bytes) or None: name and address of the client, both empty for mail from the host itself.

    Args:
        data: bytes, the beginning of a queue file. None is the answer where it ends before that can be told.
    """
    octets = bytearray(data)
    name = address = b""
    if octets[:1] != b"C":
        return None
    for kind, place, length in _records(octets):
        if kind in _END:
            return name, address
        if kind == _ATTRIBUTE and data[place : place + 11] == b"log_client_" and place + length <= len(octets):
            attribute = data[place : place + length]
            if attribute[:16] == _NAME:
                name = attribute[16:]
            elif attribute[:19] == _ADDRESS:
                address = attribute[19:]
    return None


def envelope_records(data):
    """(int, int, bytes) or None: size, arrival and sender; None where the file does not begin with whole records of these.

    Args:
        data: bytes, the beginning of a queue file.
    """
    octets = bytearray(data)
    found = {}
    if octets[:1] != b"C":
        return None
    for kind, place, length in _records(octets):
        if kind in _END or place + length > len(octets):
            return None
        text = data[place : place + length]
        if kind == _SENDER:
            size, arrival = found.get(_SIZE), found.get(_TIME)
            return None if size is None or arrival is None else (size, arrival, text)
        if kind in (_SIZE, _TIME) and kind not in found:
            found[kind] = whole_number(to_native(b"".join(text.split()[:1]), errors="replace"))
    return None


def _client(records):
    """(str, str): name and address; C(unknown) is what smtpd calls a client without a name."""
    name, address = (to_native(part, errors="surrogateescape") for part in records)
    # Postfix 3.7: log_client_address=IPv6:fd00:20:1::11
    return ("" if name == "unknown" else name), (plain(address) if address else "")


def _read(path, records):
    """What C(records), client_records or envelope_records, finds at the beginning of a file.

    Raises:
        OSError: it cannot be read.
    """
    handle = os.open(path, _FLAGS)
    try:
        data = os.read(handle, _HEAD)
        found = records(data)
        if found is None and len(data) == _HEAD:
            found = records(data + os.read(handle, _LONGEST_HEAD))
        return found
    finally:
        os.close(handle)


class QueueHeads(object):
    """The heads of the queue files of one instance.

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
            found = _read("/".join(parts), client_records)
        except (IOError, OSError) as exc:
            found = self._elsewhere(queue, queue_id) if exc.errno == errno.ENOENT else self._complain(parts, exc)
        return None if found is None else self._clients[found]

    def envelope(self, queue, queue_id):
        """Envelope or None: of the message with this ID in this queue; None where it cannot be told, as when it is not there.

        Args:
            queue: str.
            queue_id: str.
        """
        between = hash_directories(queue_id, self._depths.get(queue, 0))
        usual = "/".join([self._directory, queue] + between + [queue_id])
        others = (path for there, path in queue_paths(self._directory, queue_id) if there == queue)
        for path in itertools.chain([usual], others):
            try:
                found = _read(path, envelope_records)
            except (IOError, OSError):
                continue
            self._depths[queue] = path.count("/") - self._directory.count("/") - 2
            if found is None:
                return None
            size, arrival, sender = found
            sender = to_native(sender, errors="surrogateescape")
            return Envelope(path[len(self._directory) + 1 :], queue, queue_id, sender, size, arrival)
        return None

    def _elsewhere(self, queue, queue_id):
        # Twice: what is moved meanwhile is not where it had not been before.
        for _time in range(2):
            for there, path in queue_paths(self._directory, queue_id):
                try:
                    found = _read(path, client_records)
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
