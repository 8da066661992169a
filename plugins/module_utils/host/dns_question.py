# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One question to one name server, in its own packet (RFC 1035, 4.1), and the head of its answer: hosts have no DNS library.

What the records of an answer are is not read: whether it is validated (AD, RFC 4035, 3.2.3) and what it ends with says enough.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import struct
from collections import namedtuple

PORT = 53
NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
_RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED"}
A, NS, SOA, MX = 1, 2, 6, 15

_QUERY, _RESPONSE = 0x0100, 0x8000
_AD, _CD = 0x0020, 0x0010
_INTERNET = 1
# EDNS with the bit DO, room for 1232 bytes (RFC 6891, 6.1.2).
_OPT = b"\0" + struct.pack(">HHIH", 41, 1232, 0x00008000, 0)

# rcode: int; authenticated: bool, the bit AD; answers: int, how many records there are.
Reply = namedtuple("Reply", "rcode authenticated answers")


class QuestionError(Exception):
    """There is no answer; the text says why."""


def rcode_text(rcode):
    """str: the name of a response code."""
    return _RCODES.get(rcode, "error {0}".format(rcode))


def _name(name):
    """bytes: a name in a packet."""
    wire = b""
    for label in name.rstrip(".").split(".") if name.strip(".") else []:
        text = label.encode("ascii", "replace")
        if not 0 < len(text) < 64:
            raise QuestionError("{0!r} is not a name of the DNS".format(name))
        wire += struct.pack("B", len(text)) + text
    if len(wire) > 254:
        raise QuestionError("{0!r} is not a name of the DNS".format(name))
    return wire + b"\0"


def packet(number, name, kind, dnssec=False, unchecked=False):
    """bytes: a question, with recursion wanted.

    Args:
        number: bytes, the two that mark the answer.
        name: str; a dot for the root.
        kind: int, the type of record.
        dnssec: bool, whether to ask for signatures, with which a resolver says whether it has checked them.
        unchecked: bool, whether the resolver shall leave that to the one who asks (CD).

    Raises:
        QuestionError: the name is none.
    """
    flags = _QUERY | (_AD if dnssec else 0) | (_CD if unchecked else 0)
    head = number + struct.pack(">HHHHH", flags, 1, 0, 0, 1 if dnssec else 0)
    return head + _name(name) + struct.pack(">HH", kind, _INTERNET) + (_OPT if dnssec else b"")


def read_reply(number, data):
    """Reply or None: what an answer says; None for what is not the answer to this question.

    Args:
        number: bytes, as for ``packet``.
        data: bytes.
    """
    if len(data) < 12 or data[:2] != number:
        return None
    flags, _questions, answers = struct.unpack(">HHH", data[2:8])
    return Reply(flags & 0x0F, bool(flags & _AD), answers) if flags & _RESPONSE else None


def ask(server, name, kind, seconds, port=PORT, dnssec=False, unchecked=False):
    """Reply: of one name server, over UDP. It is asked twice, since a packet may be lost.

    Args:
        server: str, its address.
        name, kind, dnssec, unchecked: as for ``packet``.
        seconds: float, the longest that this takes.
        port: int.

    Raises:
        QuestionError: it does not answer, or cannot be asked.
    """
    number = os.urandom(2)
    question = packet(number, name, kind, dnssec, unchecked)
    try:
        family, form, protocol, _canonical, address = socket.getaddrinfo(server, port, 0, socket.SOCK_DGRAM)[0]
        handle = socket.socket(family, form, protocol)
        try:
            handle.settimeout(max(seconds / 2.0, 0.1))
            handle.connect(address)
            data = None
            for _attempt in range(2):
                try:
                    handle.send(question)
                    data = handle.recv(4096)
                    break
                except socket.timeout:
                    pass
        finally:
            handle.close()
    except (socket.error, UnicodeError) as exc:
        raise QuestionError("cannot be asked: {0}".format(exc))
    if data is None:
        raise QuestionError("does not answer ({0:g} s)".format(seconds))
    reply = read_reply(number, data)
    if reply is None:
        raise QuestionError("answers with something that is not a DNS message")
    return reply
