# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import stream
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, Stream, StreamError


@pytest.mark.parametrize("text", ["192.0.2.1", "::1", "2001:DB8::1"])
def test_an_address_is_its_own_only_address(text):
    assert stream.addresses_of(text, 25, Deadline(1)) == [text]


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "a\r\nb", "a;b", "x" * 300])
def test_what_is_no_name_is_not_looked_up(monkeypatch, name):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: pytest.fail("it was looked up"))
    with pytest.raises(StreamError) as caught:
        stream.addresses_of(name, 25, Deadline(1))
    assert caught.value.kind == "name"


def test_every_address_of_a_name_is_found_once(monkeypatch):
    found = [
        (2, 1, 6, "", ("192.0.2.1", 25)),
        (2, 1, 6, "", ("192.0.2.1", 25)),
        (10, 1, 6, "", ("2001:db8::1", 25, 0, 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: found)
    assert stream.addresses_of("relay.example.com", 25, Deadline(1)) == ["192.0.2.1", "2001:db8::1"]


def test_a_name_without_address(monkeypatch):
    def fail(*args):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(StreamError) as caught:
        stream.addresses_of("nosuch.example", 25, Deadline(1))
    assert (caught.value.kind, str(caught.value)) == (
        "name",
        "nosuch.example has no address: Name or service not known",
    )


def test_a_resolver_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args: time.sleep(3))
    begun = time.time()
    with pytest.raises(StreamError) as caught:
        stream.addresses_of("relay.example.com", 25, Deadline(0.3))
    assert caught.value.kind == "timeout" and time.time() - begun < 2


def test_a_port_where_nobody_listens():
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    port = one.getsockname()[1]
    one.close()
    with pytest.raises(StreamError) as caught:
        Stream("127.0.0.1", port, Deadline(2))
    assert caught.value.kind == "refused"
    assert str(caught.value) == "127.0.0.1:{0}: Connection refused".format(port)


def test_an_address_to_which_nothing_leaves_this_host():
    """TCP has no broadcast: connect() fails at once, as without a route."""
    with pytest.raises(StreamError) as caught:
        Stream("255.255.255.255", 25, Deadline(2))
    assert caught.value.kind == "no_route"
    words = "255.255.255.255:25: nothing leaves this host for there: Network is unreachable"
    assert str(caught.value) == words


@pytest.mark.parametrize("text", ["", "no certificate\n"])
def test_trust_anchors_that_are_none(tmp_path, text):
    path = tmp_path / "ca.pem"
    with pytest.raises(StreamError) as caught:
        TLS("relay.example.com", str(path))
    assert "No such file" in str(caught.value) and str(path) in str(caught.value)
    path.write_bytes(text.encode("ascii"))
    with pytest.raises(StreamError) as caught:
        TLS("relay.example.com", str(path))
    assert "no certificate" in str(caught.value)
