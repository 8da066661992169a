# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue files are those of a real Postfix, to which clients came by XCLIENT."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix import queue_head
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_head import (
    QueueHeads,
    client_records,
    envelope_records,
)

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
VERSIONS = ("3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie")
CLIENTS = {
    "ipv4": ("web02.example.com", "10.20.0.12"),
    # The sender says log_client_address=10.9.9.9.
    "ipv6": ("", "fd00:20:1::12"),
    # Records of more than 127 bytes.
    "long": ("web03.example.com", "10.20.0.13"),
    # The content has what looks like a record.
    "local": ("", ""),
}
ID = "E9C3043ECEB"


def recorded(kind, version):
    with open(os.path.join(FIXTURES, "queue-file.{0}.{1}.bin".format(kind, version)), "rb") as stream:
        return stream.read()


def put(top, path, data):
    target = os.path.join(str(top), path)
    if not os.path.isdir(os.path.dirname(target)):
        os.makedirs(os.path.dirname(target))
    with open(target, "wb") as stream:
        stream.write(data)
    return target


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", sorted(CLIENTS))
def test_the_client_of_a_real_message(tmp_path, kind, version):
    put(tmp_path, "deferred/E/" + ID, recorded(kind, version))
    assert QueueHeads(str(tmp_path)).client("deferred", ID) == CLIENTS[kind]


@pytest.mark.parametrize("path", ["deferred/" + ID, "deferred/E/9/" + ID, "active/" + ID, "hold/E/9/C/" + ID])
def test_a_message_is_found_however_queues_are_hashed_and_when_it_has_moved(tmp_path, path):
    heads = QueueHeads(str(tmp_path))
    put(tmp_path, path, recorded("ipv4", VERSIONS[0]))
    for _time in range(2):
        assert heads.client("deferred", ID) == CLIENTS["ipv4"]
    assert heads.unreadable == ""


def test_the_depth_of_a_queue_is_looked_for_once(tmp_path, monkeypatch):
    heads = QueueHeads(str(tmp_path))
    for number in range(3):
        put(tmp_path, "deferred/E/9/E9C304{0}".format(number), recorded("ipv4", VERSIONS[0]))
    assert heads.client("deferred", "E9C3040") == CLIENTS["ipv4"]
    monkeypatch.setattr(queue_head, "queue_paths", lambda top, queue_id: 1 / 0)
    assert heads.client("deferred", "E9C3041") == heads.client("deferred", "E9C3042") == CLIENTS["ipv4"]


def test_what_cannot_be_told_is_not_known(tmp_path):
    heads = QueueHeads(str(tmp_path))
    assert heads.client("deferred", ID) is None and heads.unreadable == ""
    for data in (b"", b"T\x05abcde", recorded("ipv4", VERSIONS[0])[:150], b"C" + b"\xff" * 80000):
        put(tmp_path, "deferred/E/" + ID, data)
        assert heads.client("deferred", ID) is None
    os.unlink(str(tmp_path / "deferred" / "E" / ID))
    os.symlink(put(tmp_path, "elsewhere", recorded("ipv4", VERSIONS[0])), str(tmp_path / "deferred" / "E" / ID))
    assert heads.client("deferred", ID) is None and heads.unreadable.startswith(
        str(tmp_path / "deferred" / "E" / ID) + ": "
    )
    # In maildrop users of this host write what they like.
    put(tmp_path, "maildrop/" + ID, recorded("ipv4", VERSIONS[0]))
    assert heads.client("maildrop", ID) == ("", "")


def test_a_fifo_is_not_waited_for(tmp_path):
    os.makedirs(str(tmp_path / "deferred" / "E"))
    os.mkfifo(str(tmp_path / "deferred" / "E" / ID))
    assert QueueHeads(str(tmp_path)).client("deferred", ID) is None


def test_a_head_that_is_long_is_read_to_its_end(tmp_path):
    start = recorded("ipv4", VERSIONS[0])
    size = 2 + bytearray(start)[1]
    # 20,000 bytes, in sevens of bits.
    put(tmp_path, "deferred/E/" + ID, start[:size] + b"S\xa0\x9c\x01" + b"a" * 20000 + start[size:])
    assert QueueHeads(str(tmp_path)).client("deferred", ID) == CLIENTS["ipv4"]


def record(kind, data):
    length, octets = len(data), bytearray()
    while True:
        octets.append(length & 127 | (128 if length > 127 else 0))
        length >>= 7
        if not length:
            return kind + bytes(octets) + data


TEXT = st.one_of(
    st.binary(max_size=300), st.sampled_from([b"log_client_address=10.9.9.9", b"A\x1alog_client_address=10.9.9"])
)


@given(
    st.lists(st.tuples(st.sampled_from([b"T", b"S", b"F", b"L", b"A", b"p", b"w"]), TEXT), max_size=8),
    st.binary(min_size=1, max_size=200),
    st.binary(min_size=1, max_size=40),
    st.sampled_from([b"R", b"O", b"M", b"E"]),
    st.binary(max_size=400),
)
def test_records_are_read_back_as_they_were_written(before, name, address, end, after):
    records = [record(kind, data) for kind, data in before if not data.startswith(b"log_client_")]
    records += [record(b"A", b"log_client_name=" + name), record(b"A", b"log_client_address=" + address)]
    data = record(b"C", b" " * 95) + b"".join(records) + record(end, after)
    assert client_records(data) == (name, address)


@given(st.binary(max_size=300))
def test_any_beginning_is_read_or_not_known(data):
    for text in (data, b"C" + data, record(b"C", b"") + data):
        found = client_records(text)
        assert found is None or len(found) == 2


SENDERS = {
    "ipv4": (437, "guide@web01.example.com"),
    "ipv6": (451, "log_client_address=10.9.9.9@example.com"),
    "long": (666, "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".example"),
    "local": (305, "app@relay.example.com"),
}


@pytest.mark.parametrize("path", ["hold/" + ID, "hold/E/" + ID, "hold/E/9/C/" + ID])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", sorted(SENDERS))
def test_which_message_a_file_is(tmp_path, kind, version, path):
    put(tmp_path, path, recorded(kind, version))
    heads = QueueHeads(str(tmp_path))
    for _time in range(2):
        envelope = heads.envelope("hold", ID)
        assert envelope[:3] == (path, "hold", ID) and (envelope.size, envelope.sender) == SENDERS[kind]
        assert 1795868571 <= envelope.arrival <= 1795868606


def test_what_is_elsewhere_or_cut_or_no_file_is_no_message_of_this_queue(tmp_path):
    heads, whole = QueueHeads(str(tmp_path)), recorded("ipv4", VERSIONS[0])
    put(tmp_path, "deferred/E/" + ID, whole)
    assert heads.envelope("hold", ID) is None
    end = whole.index(b"guide@web01.example.com") + len(b"guide@web01.example.com")
    for data in (b"", b"T\x05abcde", b"C\x01xT\x011S\x01a", b"C\x011S\x01a", whole[: end - 1], b"C" + b"\xff" * 80000):
        put(tmp_path, "hold/" + ID, data)
        assert heads.envelope("hold", ID) is None
    put(tmp_path, "hold/" + ID, whole[:end])
    assert heads.envelope("hold", ID).sender == "guide@web01.example.com"
    os.unlink(str(tmp_path / "hold" / ID))
    os.symlink(put(tmp_path, "elsewhere", whole), str(tmp_path / "hold" / ID))
    assert heads.envelope("hold", ID) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_an_envelope_or_none(data):
    for head in (data, b"C" + data):
        found = envelope_records(head)
        assert found is None or len(found) == 3
