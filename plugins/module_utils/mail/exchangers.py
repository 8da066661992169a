# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail exchangers of many names at once, as the name servers of this host tell them.

With what Python has: a managed host has no library for the DNS. One packet for each name, on one socket for each server.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import select
import socket
import struct
import time

from ansible_collections.mailops.relay.plugins.module_utils.host import dns_question

# RFC 1035, section 4.1.1: QR, TC and RCODE.
_RESPONSE, _TRUNCATED, _RCODE = 0x8000, 0x0200, 0x000F
_HEADER = struct.Struct(">HHHHHH")
_RECORD = struct.Struct(">HHIH")
# Labels and pointers of a name in a packet: those that point to each other end. A name has at most 127 labels.
_MOST_STEPS = 256
# Seconds after which what has not been answered is asked again.
_AGAIN = 1.0


class PacketError(ValueError):
    """What came is no answer as RFC 1035 has it."""


def question(number, name):
    """bytes: the packet that asks for a name's MX records.

    Args:
        number: int, by which the answer is known again, 0 to 65535.
        name: str, of ``names.is_fqdn``.
    """
    return dns_question.packet(struct.pack(">H", number), name, dns_question.MX)


def answer(packet):
    """(int, list of str or None): the number of the question, and its exchangers in small letters; None where it is left open.

    The name "." of a host that takes no mail (RFC 7505) is the empty text.

    Args:
        packet: bytes.

    Raises:
        PacketError
    """
    try:
        number, flags, questions, records, _authorities, _additional = _HEADER.unpack_from(packet, 0)
        if not flags & _RESPONSE:
            raise PacketError("a question")
        place, found = _HEADER.size, []
        for _question in range(questions):
            place = _name(packet, place)[1] + 4
        for _number in range(records):
            place = _name(packet, place)[1]
            kind, _class, _ttl, length = _RECORD.unpack_from(packet, place)
            place += _RECORD.size
            if kind == dns_question.MX:
                found.append(_name(packet, place + 2)[0])
            place += length
    except (struct.error, IndexError) as exc:
        raise PacketError(str(exc))
    if flags & _RCODE not in (dns_question.NOERROR, dns_question.NXDOMAIN) or (flags & _TRUNCATED and not found):
        return number, None
    return number, sorted(set(found))


def _name(packet, place):
    """(str, int): a name in a packet, and the place behind it."""
    data = bytearray(packet)
    labels, end = [], None
    for _step in range(_MOST_STEPS):
        length = data[place]
        if length >= 0xC0:
            end = place + 2 if end is None else end
            place = (length & 0x3F) << 8 | data[place + 1]
        elif length:
            labels.append(bytes(data[place + 1 : place + 1 + length]).decode("latin-1"))
            place += 1 + length
        else:
            return ".".join(labels).lower(), place + 1 if end is None else end
    raise PacketError("a name without an end")


def exchangers(names, servers, seconds, port=dns_question.PORT):
    """dict: name -> list of str, its mail exchangers, empty where it has none; None where no server knew in time.

    Args:
        names: list of str, of ``names.is_fqdn``.
        servers: list of str, addresses; all are asked, and the first that knows is believed.
        seconds: float, for all of it.
        port: int.
    """
    found = dict.fromkeys(names)
    numbers = dict((number & 0xFFFF, name) for number, name in enumerate(names, struct.unpack(">H", os.urandom(2))[0]))
    sockets = []
    try:
        for server in servers:
            family = socket.AF_INET6 if ":" in server else socket.AF_INET
            try:
                connected = socket.socket(family, socket.SOCK_DGRAM)
                sockets.append(connected)
                # So only this server's answers come in, and its refusal is noticed.
                connected.connect((server, port))
            except (EnvironmentError, socket.error):
                continue
        end = time.time() + seconds
        while sockets and time.time() < end and None in found.values():
            _ask(sockets, numbers, found)
            _listen(sockets, numbers, found, min(end, time.time() + _AGAIN))
    finally:
        for connected in sockets:
            connected.close()
    return found


def _ask(sockets, numbers, found):
    for number, name in sorted(numbers.items()):
        if found[name] is not None:
            continue
        for connected in sockets:
            try:
                connected.send(question(number, name))
            except (EnvironmentError, socket.error):
                continue


def _listen(sockets, numbers, found, end):
    while None in found.values():
        readable = select.select(sockets, [], [], max(0, end - time.time()))[0]
        if not readable:
            return
        for connected in readable:
            try:
                number, known = answer(connected.recv(65535))
            except (EnvironmentError, socket.error, PacketError):
                # A server that is not there is refused at once; the others have their time.
                if time.time() >= end:
                    return
                continue
            if number in numbers and known is not None:
                found[numbers[number]] = known
        if time.time() >= end:
            return
