# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import threading
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import stream
from ansible_collections.mailops.relay.plugins.module_utils.preflight import port_25

BANNER = b"220 mx.example.net ESMTP\r\n"


@pytest.fixture
def exchanger():
    """Starts something on a port that does this with each connection; returns the port."""
    handles = []

    def start(talk):
        handle = socket.socket()
        handle.bind(("127.0.0.1", 0))
        handle.listen(5)
        handles.append(handle)

        def serve():
            while True:
                try:
                    connection = handle.accept()[0]
                    talk(connection)
                    connection.close()
                except (socket.error, OSError):
                    return

        thread = threading.Thread(target=serve)
        thread.daemon = True
        thread.start()
        return handle.getsockname()[1]

    yield start
    for handle in handles:
        handle.close()


def dialogue(hello):
    def talk(connection):
        connection.sendall(BANNER)
        connection.recv(512)
        connection.sendall(hello)
        connection.recv(512)
        connection.sendall(b"221 bye\r\n")

    return talk


def say(data):
    return lambda connection: connection.sendall(data)


def stall(connection):
    time.sleep(3)


def test_a_greeting_is_enough(exchanger):
    port = exchanger(dialogue(b"250-mx.example.net\r\n250 SIZE\r\n"))
    results = port_25.exit_checks("127.0.0.1", port, 5, ["203.0.113.4"])
    assert [(result["id"], result["status"]) for result in results] == [("port_25", "ok")]
    assert results[0]["seen"] == "127.0.0.1 says 220 mx.example.net ESMTP"


@pytest.mark.parametrize(
    "hello, expected, found",
    [
        # Gmail's and sendmail's way of telling.
        (
            b"250-mx.google.com at your service, [203.0.113.4]\r\n250 SIZE\r\n",
            ["203.0.113.4"],
            [("outbound_address", "ok")],
        ),
        (
            b"250 mx Hello relay [198.51.100.7], pleased to meet you\r\n",
            ["203.0.113.4"],
            [("outbound_address", "failed")],
        ),
        (b"250 mx Hello [IPv6:2001:db8::4]\r\n", ["203.0.113.4", "2001:DB8::4"], [("outbound_address", "ok")]),
        (b"250 mx Hello [198.51.100.7]\r\n", [], []),
        (b"250 mx Hello [1.2.3]\r\n", ["203.0.113.4"], []),
    ],
)
def test_what_the_exchanger_sees(exchanger, hello, expected, found):
    results = port_25.exit_checks("127.0.0.1", exchanger(dialogue(hello)), 5, expected)
    assert [(result["id"], result["status"]) for result in results[1:]] == found


@pytest.mark.parametrize(
    "talk, seen, todo",
    [
        (say(b"554 5.7.1 go away\r\n"), "says 554 5.7.1 go away", "block list"),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), "not a line of an SMTP reply", "what answers in the place"),
        (say(b"220" + b"x" * (1 << 20)), "a line of more than", "what answers in the place"),
        (say(b""), "has closed the connection", "what answers in the place"),
        (stall, "no answer within the time limit of 0.5 s", "open port 25 outbound"),
    ],
)
def test_what_is_no_exchanger(exchanger, talk, seen, todo):
    start = time.time()
    (result,) = port_25.exit_checks("127.0.0.1", exchanger(talk), 0.5, [])
    assert time.time() - start < 2
    assert result["status"] == "failed" and seen in result["seen"] and todo in result["todo"]


def test_nobody_listens():
    handle = socket.socket()
    handle.bind(("127.0.0.1", 0))
    port = handle.getsockname()[1]
    handle.close()
    (result,) = port_25.exit_checks("127.0.0.1", port, 5, [])
    assert result["status"] == "failed" and "refused" in result["seen"].lower() and "firewall" in result["todo"]
    assert result["subject"] == "127.0.0.1:{0}".format(port)


@pytest.mark.parametrize(
    "error, status",
    [
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "skipped"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "failed"),
    ],
)
def test_a_name_that_does_not_exist_is_not_one_that_nobody_can_tell(monkeypatch, error, status):
    def refuse(*_args):
        raise error

    monkeypatch.setattr(stream.socket, "getaddrinfo", refuse)
    (result,) = port_25.exit_checks("mx.example.net", 25, 5, [])
    assert (result["subject"], result["status"]) == ("mx.example.net", status) and error.strerror in result["seen"]
