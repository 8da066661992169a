# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of qmail's queue, as qmail-queue.c and qmail-send.c write and read them (notqmail 1.09; INTERNALS)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.files import to_file_bytes

# sender: str or None, None when the file has none. recipients: tuple of str, those to whom the message is still to go.
# problem: str, what qmail would not have written; empty when nothing is.
Envelope = namedtuple("Envelope", "sender recipients problem")

_CUT_OFF = "its last record is cut off"
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z")
# What qmail-queue and then qmail-smtpd put before a message from the network (qmail-queue.c, received.c). They let no
# bracket and no blank of the client's through.
_FROM_NETWORK = re.compile(r"Received: \(qmail [0-9]+ invoked from network\)")
_CLIENT = re.compile(r"Received: from ([^ ()]*)(?: \(HELO [^ ()]*\))? \((?:[^ ()]*@)?([0-9A-Fa-f.:]+)\)\Z")


def is_number(name):
    """bool: whether a file name is the number of a message, or of a directory of the split."""
    return _NUMBER.match(name) is not None


def split_of(names):
    """int or None: over how many directories a part of the queue is split; None when it is not.

    Args:
        names: iterable of str, the directories in it.

    Raises:
        ValueError: the directories are not numbered from 0 without a gap.
    """
    numbers = sorted(int(name) for name in names if is_number(name))
    if numbers != list(range(len(numbers))):
        raise ValueError("its directories are not numbered from 0 without a gap")
    return len(numbers) or None


def state_of(present):
    """str or None: the state of a message by its files, INTERNALS section 2; None when it has no message file.

    Args:
        present: collection of the names of the directories that have a file of it.
    """
    if "mess" not in present:
        return None
    if "todo" in present:
        return "S4"
    if "info" in present:
        return "S5"
    return "S3" if "intd" in present else "S2"


def _records(data):
    """(list of str, str): the records, each of which ends with a NUL, and what is wrong with the end."""
    parts = to_native(data, errors="surrogateescape").split("\0")
    return parts[:-1], _CUT_OFF if parts[-1] else ""


def parse_todo(data):
    """Envelope: of todo/N or intd/N, C(u<uid> p<pid> F<sender> T<recipient>...).

    Args:
        data: bytes.
    """
    records, problem = _records(data)
    sender, recipients = None, []
    for record in records:
        if record[:1] == "T":
            recipients.append(record[1:])
        elif record[:1] == "F" and sender is None:
            sender = record[1:]
        elif record[:1] not in ("u", "p"):
            problem = problem or "a record of an unknown type"
    return Envelope(sender, tuple(recipients), problem or ("" if sender is not None else "no sender"))


def parse_info(data):
    """Envelope: of info/N, C(F<sender>); what follows is for qmail-send of a later version, and not read.

    Args:
        data: bytes.
    """
    records, _problem = _records(data)
    if not records or not records[0].startswith("F"):
        return Envelope(None, (), "no sender")
    return Envelope(records[0][1:], (), "")


def parse_recipients(data):
    """Envelope: of local/N or remote/N, C(T<recipient>) who waits or C(D<recipient>) who is done.

    Args:
        data: bytes.
    """
    records, problem = _records(data)
    odd = [record for record in records if record[:1] not in ("T", "D")]
    waiting = tuple(record[1:] for record in records if record[:1] == "T")
    return Envelope(None, waiting, problem or ("a record of an unknown type" if odd else ""))


def envelope_bytes(sender, recipients):
    """bytes: an envelope as qmail-queue(8) reads it from descriptor 1.

    Args:
        sender: str.
        recipients: iterable of str.
    """
    records = ["F" + sender] + ["T" + recipient for recipient in recipients]
    return to_file_bytes("".join(record + "\0" for record in records) + "\0")


def parse_client(data):
    """(str, str) or None: name, which may be empty, and address of the host from which a message came by SMTP.

    Args:
        data: bytes, the beginning of mess/N.
    """
    lines = to_native(data, errors="surrogateescape").split("\n", 2)
    match = _CLIENT.match(lines[1]) if len(lines) > 2 and _FROM_NETWORK.match(lines[0]) else None
    if match is None:
        return None
    name, address = match.groups()
    return ("" if name == "unknown" else name), address


class VirtualDomains(object):
    """What qmail-send has made of recipients in a virtual domain, undone (rewrite() in qmail-send.c).

    C(bob@old.example.com) is C(alias-old-bob@old.example.com) in local/N when virtualdomains has
    C(old.example.com:alias-old). Given to qmail-queue in that form, it would get the prefix once more.

    Args:
        local_domains: iterable of str, the control file locals.
        virtual: dict of str, the control file virtualdomains.
    """

    def __init__(self, local_domains, virtual):
        self._locals = frozenset(name.lower() for name in local_domains)
        self._virtual = dict((key.lower(), prefix) for key, prefix in virtual.items())
        self._longest = max([len(key) for key in self._virtual] + [0])
        self._prefixes = sorted(set(prefix for prefix in virtual.values() if prefix), key=len, reverse=True)

    def _prefix(self, address):
        """str: what qmail-send puts before an address; empty for nothing."""
        address = address.lower()
        domain = address.rpartition("@")[2]
        if domain in self._locals:
            return ""
        for key in (address, domain):
            if key in self._virtual:
                return self._virtual[key]
        # The ends of a domain that somebody made up are many and long; none that is longer than the keys is one.
        place = domain.find(".", max(len(domain) - self._longest, 0))
        while place >= 0:
            if domain[place:] in self._virtual:
                return self._virtual[domain[place:]]
            place = domain.find(".", place + 1)
        return self._virtual.get("", "")

    def original(self, address):
        """str: the address that a record of local/N was made from, as far as today's control files tell.

        Args:
            address: str.
        """
        if address.rpartition("@")[2].lower() in self._locals:
            return address
        for prefix in self._prefixes:
            rest = address[len(prefix) + 1 :]
            if address.startswith(prefix + "-") and self._prefix(rest) == prefix:
                return rest
        return address
