# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control files of sendmail's queue, and where a .cf has them.

The format: "Sendmail Installation and Operation Guide", appendix B, and queueup() and readqf() in sendmail's source.
A record is a line that begins with its letter; a line that begins with white space goes on with the one before. A file
is whole when its last record is a dot.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Recipient
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.cf import Cf

# created: int, seconds since the epoch. sender: str. recipients: tuple of Recipient. quarantine: str or None, why it is
# in quarantine. origin: str, what sendmail notes of the client. data_directory: str or None, the directory of the
# message's text below the base directory, where it is not that of the control file.
Control = namedtuple("Control", "created sender recipients quarantine origin data_directory")

# queue: str. base: str, below which all directories of a sendmail are. control, data: str, directories of the control
# files and of the texts.
Place = namedtuple("Place", "queue base control data")

_NUMBER = re.compile(r"-?[0-9]{1,20}\Z")
# "name [address]", with the name of the user before an @ where the client's identd told it, and remarks behind.
_ORIGIN = re.compile(r"(?:[^\s\[\]]*@)?([^\s\[\]@]*)\s*\[((?:IPv6:)?[0-9A-Fa-f:.]+)\]")


class ControlError(ValueError):
    """What was read as a control file is not whole, or is not a control file."""


def _records(text):
    record = None
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and record is not None:
            record += "\n" + line
            continue
        if record is not None:
            yield record
        record = line
    # What is behind the last line break is a line that is not whole, or nothing.
    if record:
        raise ControlError("its last line is not whole")


def parse_control(text):
    """Control: what a control file says.

    Args:
        text: str, the whole file.

    Raises:
        ControlError: it is not whole, or it is not a control file.
    """
    version, created, sender, authenticated = 0, None, None, ""
    quarantine, origin, data_directory = None, "", None
    reason, message_reason, final, recipients, whole = "", "", "", [], False
    for record in _records(text):
        if whole:
            raise ControlError("something follows its end")
        letter, value = record[:1], record[1:]
        if letter == "H":
            continue
        if letter == "R":
            address = value if version < 1 else _recipient_of(value)
            recipients.append((_qualified(bare_address(address), final.partition(";")[2].strip()), reason))
            reason, final = "", ""
        elif letter == "r":
            final = value
        elif letter == "M":
            reason = value
        elif letter == "S":
            # What was said before the sender was said of the message as a whole.
            sender, message_reason, reason = bare_address(value), reason, ""
        elif letter == "V":
            version = _number(record)
        elif letter == "T":
            created = _number(record)
        elif letter == "A":
            authenticated = value
        elif letter == "q":
            quarantine = value
        elif letter == "d":
            data_directory = value
        elif letter == "$" and value.startswith("_"):
            origin = value[1:]
        elif record == ".":
            whole = True
    if not whole:
        raise ControlError("it has no end")
    if created is None or sender is None:
        raise ControlError("it has no {0}".format("sender" if sender is None else "time"))
    waiting = tuple(Recipient(address, said or message_reason) for address, said in recipients)
    return Control(created, _qualified(sender, authenticated), waiting, quarantine, origin, data_directory)


def _number(record):
    if not _NUMBER.match(record[1:]):
        raise ControlError("{0!r} is not a number".format(record))
    return int(record[1:])


def _recipient_of(value):
    flags, colon, address = value.partition(":")
    if not colon:
        raise ControlError("a recipient without flags: {0!r}".format(value))
    return address


def _qualified(address, whole):
    """str: the address, with the domain that sendmail itself gave it elsewhere in the file if it has none here."""
    return whole if "@" not in address and address and whole.rpartition("@")[0] == address else address


def bare_address(text):
    """str: an address without the name, comments, brackets and route around it, RFC 5322, section 3.4 and 4.4.

    Args:
        text: str, as sendmail keeps it: as the user has written it.
    """
    outside, within, behind = [], [], []
    part, quoted, escaped, depth = outside, False, False, 0
    for character in text:
        if escaped or character == "\\":
            escaped = not escaped
            if not depth:
                part.append(character)
        elif depth:
            depth += {"(": 1, ")": -1}.get(character, 0)
        elif quoted or character == '"':
            quoted = quoted != (character == '"')
            part.append(character)
        elif character == "(":
            depth = 1
        elif character == "<" and part is outside:
            part = within
        elif character == ">" and part is within:
            part = behind
        else:
            part.append(character)
    address = "".join(outside if part is outside else within).strip()
    return address.partition(":")[2] if address.startswith("@") and ":" in address else address


def client_of(origin):
    """(str, str) or None: name and address of the client in the macro $_; None for mail from the host itself."""
    match = _ORIGIN.match(origin)
    return (match.group(1), plain(match.group(2))) if match else None


def with_quarantine(text, reason):
    """str: a control file that is in quarantine for this reason, or with None in no quarantine; else as it was.

    Args:
        text: str, the whole file.
        reason: str or None.
    """
    lines = [line for line in text.split("\n") if not line.startswith("q")]
    if reason is not None:
        # Where sendmail itself puts it.
        place = next(number for number, line in enumerate(lines) if line.startswith("S"))
        lines.insert(place, "q" + reason)
    return "\n".join(lines)


def queue_paths(text):
    """list of str: the queue directories of a .cf, that of QueueDirectory first, as they are written there.

    Args:
        text: str, a sendmail.cf or submit.cf.
    """
    cf = Cf(text)
    first = cf.option("QueueDirectory")
    if not first:
        return []
    paths = [first.strip()]
    for record in _records("\n".join(cf.commands()) + "\n"):
        if record.startswith("Q"):
            fields = [field.strip().partition("=") for field in record.split(",")[1:]]
            paths.extend(value.strip() for name, equals, value in fields if name.startswith("P") and value.strip())
    return paths


def _directories(path):
    """list of str: the directories that a path of a .cf means; an asterisk at its end stands for any rest of a name."""
    if not path.endswith("*"):
        return [path.rstrip("/")]
    parent, beginning = os.path.split(path[:-1])
    if not os.path.isdir(parent):
        return []
    return [
        os.path.join(parent, name)
        for name in sorted(os.listdir(parent))
        if name.startswith(beginning) and os.path.isdir(os.path.join(parent, name))
    ]


def _below(directory, name):
    """str: the subdirectory, where there is one; sendmail uses it then."""
    path = os.path.join(directory, name)
    return path if os.path.isdir(path) else directory


def places(queue, text):
    """list of Place: where a .cf has its queue.

    Args:
        queue: str, what the queue is called.
        text: str, the .cf.
    """
    paths = queue_paths(text)
    base = os.path.dirname(paths[0]) if paths and paths[0].endswith("*") else "".join(paths[:1]).rstrip("/")
    found = []
    for path in paths:
        for directory in _directories(path):
            place = Place(queue, base, _below(directory, "qf"), _below(directory, "df"))
            if place not in found:
                found.append(place)
    return found


def data_path(place, control, queue_id):
    """str: the path of a message's text.

    Args:
        place: Place of its control file.
        control: Control.
        queue_id: str.
    """
    directory = place.data
    if control.data_directory is not None:
        directory = _below(os.path.join(place.base, control.data_directory), "df")
    return os.path.join(directory, "df" + queue_id)
