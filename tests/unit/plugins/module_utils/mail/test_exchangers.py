# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.exchangers import (
    PacketError,
    answer,
    exchangers,
    question,
)


def name(text):
    labels = [label for label in text.split(".") if label]
    return b"".join(struct.pack("B", len(label)) + label.encode("ascii") for label in labels) + b"\0"


def reply(asked, hosts=(), rcode=0, flags=0x8180):
    """The answer to a question, each host behind a pointer to its name (made up, RFC 1035 section 4.1.4)."""
    records = b""
    for host in hosts:
        data = struct.pack(">H", 10) + name(host)
        records += b"\xc0\x0c" + struct.pack(">HHIH", 15, 1, 60, len(data)) + data
    return (
        struct.pack(">HHHHHH", struct.unpack(">H", asked[:2])[0], flags | rcode, 1, len(hosts), 0, 0)
        + asked[12:]
        + records
    )


def test_a_question_and_its_answers():
    asked = question(7, "web01.example.com")
    assert answer(reply(asked, ["MAIL.example.com", "mx2.example.com"])) == (7, ["mail.example.com", "mx2.example.com"])
    assert answer(reply(asked)) == (7, [])
    assert answer(reply(asked, rcode=3)) == (7, [])
    # RFC 7505: it takes no mail.
    assert answer(reply(asked, ["."])) == (7, [""])


@pytest.mark.parametrize(("rcode", "flags"), [(2, 0x8180), (5, 0x8180), (0, 0x8380)])
def test_what_a_server_does_not_know_or_cuts_off_is_left_open(rcode, flags):
    assert answer(reply(question(7, "a.example.com"), rcode=rcode, flags=flags)) == (7, None)


def test_a_pointer_to_itself_ends():
    asked = question(7, "a.example.com")
    packet = reply(asked)[:12] + b"\xc0\x0c" + b"\0\x0f\0\x01"
    with pytest.raises(PacketError):
        answer(packet)


@given(st.binary(max_size=80))
def test_no_packet_is_a_traceback_or_takes_for_ever(packet):
    for data in (packet, reply(question(7, "a.example.com"))[:12] + packet):
        try:
            number, found = answer(data)
        except PacketError:
            continue
        assert 0 <= number < 65536
        assert found is None or all(isinstance(host, (str, type(""))) for host in found)


@pytest.fixture
def server():
    """A name server for a moment: name -> hosts, None for one that it leaves without an answer."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind(("127.0.0.1", 0))
    listening.settimeout(5)
    known = {}

    def serve():
        while True:
            try:
                asked, client = listening.recvfrom(512)
            except (EnvironmentError, socket.error):
                return
            if asked == b"end":
                return
            labels, place = [], 12
            while bytearray(asked)[place]:
                length = bytearray(asked)[place]
                labels.append(asked[place + 1 : place + 1 + length].decode("ascii"))
                place += 1 + length
            hosts = known.get(".".join(labels))
            if hosts is not None:
                listening.sendto(reply(asked, hosts), client)

    thread = threading.Thread(target=serve)
    thread.start()
    yield known, listening.getsockname()[1]
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"end", listening.getsockname())
    thread.join()
    listening.close()


def test_many_names_at_once_and_one_that_nobody_knows(server):
    known, port = server
    names = ["web{0:03d}.example.com".format(number) for number in range(50)]
    known.update(dict((name, []) for name in names), **{"web007.example.com": ["mail.example.com"]})
    known["web008.example.com"] = None
    found = exchangers(names, ["127.0.0.1"], 0.3, port)
    assert found.pop("web007.example.com") == ["mail.example.com"]
    assert found.pop("web008.example.com") is None
    assert set(map(tuple, found.values())) == set([()])


def test_a_server_that_is_not_there_does_not_hide_the_one_that_is(server):
    known, port = server
    known["web01.example.com"] = []
    assert exchangers(["web01.example.com"], ["127.0.0.2", "127.0.0.1"], 2, port) == {"web01.example.com": []}
    assert exchangers(["web01.example.com"], [], 0.1, port) == {"web01.example.com": None}
