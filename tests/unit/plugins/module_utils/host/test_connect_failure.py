# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Linux 6.18 said in three network namespaces, a host, a router and a server, of each refusal of iptables and each broken way."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import socket
import struct

import pytest
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host import connect_failure
from ansible_collections.mailops.relay.plugins.module_utils.host.connect_failure import Report, explain, report_of

SERVER, ROUTER, OWN = "10.2.0.2", "10.1.0.1", "127.0.0.1"
SERVER6, ROUTER6, OWN6 = "fd02::2", "fd01::1", "::1"
NET, HOST, PROTO = errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENOPROTOOPT


def kind(address, error, at_once=False, seconds=0.0, report=None):
    return explain(address, error, at_once, seconds, report)[0]


@pytest.mark.parametrize(
    "error",
    # No route at all, route of type unreachable, prohibit, blackhole and throw, IPv6 switched off, a kernel without the family.
    [NET, HOST, errno.EACCES, errno.EINVAL, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT],
)
def test_what_connect_itself_refuses_never_left_this_host(error):
    for address in (SERVER, SERVER6):
        assert kind(address, error, at_once=True) == "no_route"


@pytest.mark.parametrize(
    "error, code",
    # REJECT --reject-with icmp-…: host-prohibited (firewalld's default), admin-prohibited, net-prohibited, proto-unreachable.
    [(HOST, 10), (HOST, 13), (NET, 9), (PROTO, 2)],
)
def test_what_only_a_firewall_says(error, code):
    assert kind(SERVER, error, report=Report(2, code, SERVER)) == "prohibited"
    assert kind(SERVER, error, report=Report(2, code, ROUTER)) == "prohibited"
    assert kind(SERVER, error, report=Report(2, code, OWN)) == "own_firewall"


@pytest.mark.parametrize("error, code", [(HOST, 1), (NET, 0)])
def test_what_a_firewall_says_and_a_router_that_finds_nobody_too(error, code):
    assert kind(SERVER, error, report=Report(2, code, SERVER)) == "prohibited"
    assert kind(SERVER, error, report=Report(2, code, ROUTER)) == "unreachable"
    # The neighbour, or the router, answers no question for its address: the kernel says it to itself.
    assert kind(SERVER, error, report=Report(2, code, OWN)) == "unreachable"


@pytest.mark.parametrize(
    "error, code, says_no",
    # icmp6-adm-prohibited (firewalld's default), policy-fail, reject-route; no-route, beyond scope, addr-unreachable.
    [
        (errno.EACCES, 1, True),
        (errno.EACCES, 5, True),
        (errno.EACCES, 6, True),
        (NET, 0, False),
        (HOST, 2, False),
        (HOST, 3, False),
    ],
)
def test_the_same_over_IPv6(error, code, says_no):
    assert kind(SERVER6, error, report=Report(3, code, SERVER6)) == "prohibited"
    assert kind(SERVER6, error, report=Report(3, code, ROUTER6)) == ("prohibited" if says_no else "unreachable")
    assert kind(SERVER6, error, report=Report(3, code, OWN6)) == ("own_firewall" if says_no else "unreachable")


def test_a_port_that_is_refused_by_the_server_on_the_way_or_by_this_host():
    for address, report in ((SERVER, Report(2, 3, SERVER)), (SERVER6, Report(3, 4, SERVER6)), (SERVER, None)):
        assert explain(address, errno.ECONNREFUSED, False, 0, report) == ("refused", "Connection refused")
    assert kind(SERVER, errno.ECONNREFUSED, report=Report(2, 3, ROUTER)) == "prohibited"
    assert kind(SERVER, errno.ECONNREFUSED, report=Report(2, 3, OWN)) == "own_firewall"


def test_without_a_report_a_quick_no_is_a_firewalls_and_a_slow_one_nobodys():
    """Python 2.7, and Linux before 5.17. A neighbour that does not answer took 3.05 to 3.08 s."""
    assert kind(SERVER, HOST, seconds=1.01) == "prohibited"
    assert kind(SERVER, HOST, seconds=3.05) == "unreachable"
    assert kind(SERVER, NET) == "unreachable"
    # Over IPv6 a firewall's no has errors of its own.
    assert kind(SERVER6, HOST, seconds=0.0) == "unreachable"
    assert kind(SERVER6, errno.EACCES, seconds=5) == "prohibited"
    assert kind(SERVER, PROTO, seconds=5) == "prohibited"


def test_who_said_it_is_named():
    assert (
        explain(SERVER, HOST, False, 0, Report(2, 10, ROUTER))[1]
        == "a firewall on the way, 10.1.0.1, refuses it: No route to host"
    )
    assert explain(SERVER, HOST, False, 0, Report(2, 10, SERVER))[1] == "its firewall refuses it: No route to host"
    assert "Network is unreachable" in explain(SERVER, NET, True, 0, None)[1]


@pytest.mark.parametrize(
    "address, icmp, code, origin",
    [
        ("192.0.2.1", 2, 13, "192.168.1.1"),
        ("192.0.2.1", 2, 13, "100.64.0.1"),
        ("2001:db8::1", 3, 1, "fe80::1%7"),
        ("2001:db8::1", 3, 1, "fd00::1"),
    ],
)
def test_a_firewall_with_a_private_address_may_be_that_of_the_network_of_this_host(address, icmp, code, origin):
    """An office that lets no mail out says nothing of whom the server refuses."""
    told = explain(address, HOST, False, 0, Report(icmp, code, origin))
    assert told == (
        "own_firewall",
        "a firewall on the way, {0}, perhaps of this host's own network, refuses it: No route to host".format(origin),
    )
    # One with an address of the internet may be the server's as well, and so may any where the server has a private one.
    assert (
        kind(address, HOST, report=Report(icmp, code, "198.51.100.1" if icmp == 2 else "2001:db8:1::1")) == "prohibited"
    )
    assert kind(SERVER if icmp == 2 else SERVER6, HOST, report=Report(icmp, code, origin)) == "prohibited"


class Told(object):
    """A socket whose error queue has this."""

    def __init__(self, *ancillary):
        self.ancillary = ancillary

    def recvmsg(self, *_arguments):
        return b"", [(0, 11, data) for data in self.ancillary], connect_failure._MSG_ERRQUEUE, None


def queued(icmp, code, origin, scope=0):
    """bytes: as Linux writes it."""
    six = ":" in origin
    address = socket.inet_pton(socket.AF_INET6 if six else socket.AF_INET, origin)
    where = struct.pack("=HHI16sI", 10, 0, 0, address, scope) if six else struct.pack("=HH4s8x", 2, 0, address)
    return struct.pack("=IBBBBII", errno.EHOSTUNREACH, icmp, 3, code, 0, 0, 0) + where


def test_what_the_kernel_has_kept_is_read():
    assert report_of(Told(queued(2, 10, ROUTER))) == Report(2, 10, ROUTER)
    assert report_of(Told(b"\x01", queued(3, 1, SERVER6))) == Report(3, 1, SERVER6)
    assert report_of(Told(queued(3, 1, "fe80::1", scope=7))) == Report(3, 1, "fe80::1%7")
    assert kind("fe80::1%7", HOST, report=Report(3, 3, "fe80::1%7")) == "prohibited"
    assert report_of(Told()) is None
    # An error of this host's own, and one without an address.
    assert report_of(Told(queued(1, 10, ROUTER))) is None
    assert report_of(Told(queued(2, 10, ROUTER)[:16])) is None
    assert report_of(Told(queued(2, 10, ROUTER)[:20])) is None
    # Python 2.7 has no such call.
    assert report_of(object()) is None
    assert report_of(socket.socket()) is None


@given(strategies.binary(max_size=64))
def test_whatever_the_kernel_has_kept_is_read_or_left(data):
    report = report_of(Told(data))
    assert report is None or explain(SERVER, errno.EHOSTUNREACH, False, 0, report)[0]
