# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import files, listeners

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures", "procfs")


def fixture(name):
    return files.read_native(os.path.join(FIXTURES, name))


def line(packed, port, state, inode):
    words = struct.unpack("={0}I".format(len(packed) // 4), packed)
    address = "".join("{0:08X}".format(word) for word in words)
    return "   0: {0}:{1:04X} {0}:0000 {2} 0:0 00:0 0 0 0 {3} 1 0 100\n".format(address, port, state, inode)


def test_a_real_table():
    # Little-endian; Postfix listens, and systemd at 2222 for ssh.socket.
    assert listeners.parse_table(fixture("tcp-debian12.txt")) == {"3153266": 25}
    assert listeners.parse_table(fixture("tcp6-debian12.txt")) == {"3153267": 25, "3155397": 2222}


@given(
    st.lists(
        st.tuples(
            st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)),
            st.integers(1, 65535),
            st.sampled_from(["0A", "01", "06"]),
        )
    )
)
@settings(max_examples=100, deadline=None)
def test_what_listens_for_others_is_read_whatever_the_byte_order(rows):
    text = "".join(line(packed, port, state, number) for number, (packed, port, state) in enumerate(rows))
    found = listeners.parse_table(text)
    for number, (packed, port, state) in enumerate(rows):
        loopback = packed[:1] == b"\x7f" if len(packed) == 4 else packed == b"\0" * 15 + b"\1"
        mapped = packed[:12] == b"\0" * 10 + b"\xff\xff" and packed[12:13] == b"\x7f"
        expected = port if state == "0A" and not loopback and not mapped else None
        assert found.get(str(number)) == expected


def test_loopback_written_as_ipv6():
    mapped = b"\0" * 10 + b"\xff\xff\x7f\0\0\1"
    assert listeners.parse_table(line(mapped, 22, "0A", 7) + line(b"\0" * 15 + b"\1", 22, "0A", 8)) == {}


@given(st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_text_breaks_the_parsers(text):
    assert isinstance(listeners.parse_table(text), dict)
    assert isinstance(listeners.socket_units(listeners.parse_units(text)), list)


def test_units_of_several_sockets():
    # systemd 252
    text = (
        "Accept=no\nListen=[::]:2222 (Stream)\nListen=192.0.2.1:22 (Stream)\nListen=[::1]:2200 (Stream)\n"
        "Listen=0.0.0.0:22 (Datagram)\nId=ssh.socket\nTriggers=ssh.service\nActiveState=active\nUnitFileState=enabled\n\n"
        "Accept=yes\nListen=[::]:2223 (Stream)\nId=admin.socket\nTriggers=\nActiveState=inactive\nUnitFileState=static\n"
    )
    assert listeners.socket_units(listeners.parse_units(text)) == [
        listeners.SocketUnit("admin.socket", [2223], ["admin@0.service"], False, False),
        listeners.SocketUnit("ssh.socket", [2222, 22], ["ssh.service"], True, True),
    ]


def test_this_process_is_seen(tmp_path):
    own = str(os.getpid())
    found = listeners.Processes()
    assert found.commands()[own]
    assert found.ports(own) is not None
    assert listeners.Processes(str(tmp_path)).commands() == {}
    assert listeners.Processes(str(tmp_path)).ports("1") is None
