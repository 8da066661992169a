# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address
from ansible_collections.mailops.relay.plugins.module_utils.host.resolv_conf import nameservers
from ansible_collections.mailops.relay.plugins.module_utils.preflight import way_out


@pytest.mark.parametrize(
    "sources, expected, own, status, text",
    [
        (["203.0.113.4"], ["203.0.113.4"], [], "ok", ""),
        (["203.0.113.4", "2001:db8::4"], ["2001:DB8:0::4"], [], "ok", ""),
        (["203.0.113.4"], [], [], "skipped", ""),
        ([], [], [], "failed", "default route"),
        # It has that address, but does not send from it.
        (["10.0.0.4"], ["203.0.113.4"], ["203.0.113.4"], "failed", "Set relay_server_outbound_address to 203.0.113.4."),
        (["203.0.113.9"], ["203.0.113.4"], [], "failed", "Set relay_server_outbound_address to 203.0.113.4."),
        (["203.0.113.4"], ["2001:db8::4"], [], "failed", "Set relay_server_outbound_address to 2001:db8::4."),
        # It has not, so something translates, and whether that is right can be seen only from outside.
        (["10.0.0.4"], ["203.0.113.4"], [], "warning", "translates 10.0.0.4 to 203.0.113.4"),
    ],
)
def test_the_address_from_which_mail_leaves(sources, expected, own, status, text):
    result = way_out.outbound_check(sources, expected, own)
    assert result["status"] == status and text in result["todo"]


def test_the_route_is_asked_without_a_packet():
    assert all(is_address(address) for address in way_out.route_sources())


def test_name_servers_of_a_host():
    text = "; comment\nsearch example.com\nnameserver 192.0.2.53\nnameserver fe80::1%eth0 # x\nnameserver ns.example\nnameserver 1.1.1.1\n"
    assert nameservers(text + "nameserver 9.9.9.9\n") == ["192.0.2.53", "fe80::1%eth0", "1.1.1.1"]
    assert nameservers("") == []


@given(st.text(max_size=60))
def test_any_text_is_a_resolv_conf(text):
    assert len(nameservers(u"nameserver " + text)) <= 3  # fmt: skip


@pytest.fixture
def answer():
    """Starts a server that makes one reply of each question; returns its port."""
    handles = []

    def start(reply):
        handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        handle.bind(("127.0.0.1", 0))
        handles.append(handle)

        def serve():
            while True:
                try:
                    wire, client = handle.recvfrom(512)
                except socket.error:
                    return
                made = reply(wire)
                if made is not None:
                    handle.sendto(made, client)

        thread = threading.Thread(target=serve)
        thread.daemon = True
        thread.start()
        return handle.getsockname()[1]

    yield start
    for handle in handles:
        handle.close()


def coded(rcode):
    return lambda wire: wire[:2] + struct.pack(">H", 0x8180 | rcode) + wire[4:]


@pytest.mark.parametrize(
    "reply, status, seen",
    [
        (coded(0), "ok", "answers"),
        (coded(3), "ok", "answers"),
        (coded(2), "failed", "says SERVFAIL"),
        (coded(5), "failed", "says REFUSED"),
        (coded(9), "failed", "says error 9"),
        (lambda wire: b"HTTP/1.1 400 Bad Request", "failed", "not a DNS message"),
        (lambda wire: wire, "failed", "not a DNS message"),
        (lambda wire: b"", "failed", "not a DNS message"),
        (lambda wire: None, "failed", "does not answer (0.4 s)"),
    ],
)
def test_a_name_server_is_told_apart(answer, reply, status, seen):
    start = time.time()
    result = way_out.nameserver_check("127.0.0.1", 0.4, "relay.example.com", answer(reply))
    assert time.time() - start < 2
    assert result["subject"] == "127.0.0.1 asked by relay.example.com"
    assert result["status"] == status and seen in result["seen"]
    assert bool(result["todo"]) == (status == "failed")


def test_a_port_on_which_nobody_listens_is_known_at_once():
    handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    handle.bind(("127.0.0.1", 0))
    port = handle.getsockname()[1]
    handle.close()
    start = time.time()
    result = way_out.nameserver_check("127.0.0.1", 5, "relay", port)
    assert time.time() - start < 2 and "cannot be asked" in result["seen"]
