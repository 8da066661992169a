# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a TCP connection did not come about: nothing left this host, nobody is there, or a firewall said no.

The error alone does not tell: firewalld's refusal, a router that finds nobody and a host without a route are all "No route to host".
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import socket
import struct
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import not_globally_routed, parse_address

REFUSED, PROHIBITED, OWN_FIREWALL, NO_ROUTE, UNREACHABLE = (
    "refused",
    "prohibited",
    "own_firewall",
    "no_route",
    "unreachable",
)

# ip(7), ipv6(7) and linux/errqueue.h: Python's module socket has none of them.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_MSG_ERRQUEUE = 0x2000
# struct sock_extended_err: errno, origin, type, code, padding, info, data.
_REPORT = struct.Struct("=IBBBBII")
_ICMP, _ICMPV6 = 2, 3
# Where the address is in struct sockaddr_in and sockaddr_in6.
_SOCKADDR = {socket.AF_INET: slice(4, 8), socket.AF_INET6: slice(8, 24)}
_SCOPE = slice(24, 28)
# Codes of "destination unreachable" that a firewall or the host itself sends and no router that finds no way: of ICMP protocol, port,
# network, host and communication prohibited (RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1), of ICMPv6 prohibited, port, source
# policy and reject route (RFC 4443 section 3.1).
_SAYS_NO = {_ICMP: (2, 3, 9, 10, 13), _ICMPV6: (1, 4, 5, 6)}
# A neighbour that does not answer is asked three times, a second each, before it is "No route to host" (arp(7), mcast_solicit).
_NEIGHBOUR_SECONDS = 2

# What an ICMP message said of a connection. icmp: int, _ICMP or _ICMPV6. code: int. origin: str, the address that it came from.
Report = namedtuple("Report", "icmp code origin")


def keep_reports(sock, wanted):
    """Have the kernel keep what ICMP messages say of a connection, or not.

    Linux 5.17 and later does while it comes about. Once it has, such a message would end it, which TCP otherwise outlives (ip(7)).

    Args:
        sock: socket.
        wanted: bool.
    """
    six = sock.family == socket.AF_INET6
    level, option = (socket.IPPROTO_IPV6, _IPV6_RECVERR) if six else (socket.IPPROTO_IP, _IP_RECVERR)
    try:
        sock.setsockopt(level, option, int(wanted))
    except socket.error:
        # Without it less is known.
        pass


def report_of(sock):
    """Report or None: what an ICMP message said; None where there was none, or neither kernel nor Python can tell."""
    try:
        _data, ancillary, _flags, _address = sock.recvmsg(1, 512, _MSG_ERRQUEUE)
    except (AttributeError, socket.error):
        return None
    for _level, _kind, data in ancillary:
        report = _parsed(data)
        if report is not None:
            return report
    return None


def _parsed(data):
    """Report or None: of a struct sock_extended_err, with the address that follows it."""
    if len(data) < _REPORT.size + 2:
        return None
    _errno, icmp, _type, code = _REPORT.unpack_from(data)[:4]
    (family,) = struct.unpack_from("=H", data, _REPORT.size)
    if icmp not in _SAYS_NO or family not in _SOCKADDR:
        return None
    where = data[_REPORT.size :]
    try:
        origin = socket.inet_ntop(family, where[_SOCKADDR[family]])
    except ValueError:
        return None
    if len(where) >= _SCOPE.stop and any(bytearray(where[_SCOPE])):
        # An address of one link only.
        origin = "{0}%{1}".format(origin, *struct.unpack("=I", where[_SCOPE]))
    return Report(icmp, code, origin)


def _is_own(address):
    """bool: whether this host has the address."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.bind((address, 0))
    except socket.error:
        return False
    finally:
        sock.close()
    return True


def explain(address, error, at_once, seconds, report):
    """Which kind of failure it is, and what to say of it.

    Args:
        address: str, where the connection was to go.
        error: int, the errno.
        at_once: bool, whether connect() itself failed, so that nothing was sent.
        seconds: float, after how long it failed.
        report: Report or None.

    Returns:
        (str, str): the kind, C(refused), C(prohibited) for a firewall that said no, C(own_firewall) for one of this host or perhaps of
        its network, C(no_route) where nothing leaves this host, or C(unreachable) where nobody was found there; and what happened.
    """
    text = os.strerror(error)
    if report is not None:
        return _as_reported(address, error, text, report)
    if error == errno.ECONNREFUSED:
        return REFUSED, text
    if at_once:
        return NO_ROUTE, "nothing leaves this host for there: {0}".format(text)
    # Without a report. A router that finds no way says neither of the first two; of the third it does, but seldom within so short a time.
    quick = error == errno.EHOSTUNREACH and ":" not in address and seconds < _NEIGHBOUR_SECONDS
    if error in (errno.EACCES, errno.ENOPROTOOPT) or quick:
        return PROHIBITED, "a firewall refuses it: {0}".format(text)
    return UNREACHABLE, text


def _as_reported(address, error, text, report):
    if _same(report.origin, address):
        if error == errno.ECONNREFUSED:
            return REFUSED, text
        # Whatever it says: the host is there.
        return PROHIBITED, "its firewall refuses it: {0}".format(text)
    says_no = report.code in _SAYS_NO[report.icmp]
    if _is_own(report.origin):
        if says_no:
            return OWN_FIREWALL, "this host's own firewall refuses it: {0}".format(text)
        return UNREACHABLE, "neither it nor a router on the way to it answers this host: {0}".format(text)
    if says_no and _is_nearer(report.origin, address):
        words = "a firewall on the way, {0}, perhaps of this host's own network, refuses it: {1}"
        return OWN_FIREWALL, words.format(report.origin, text)
    if says_no:
        return PROHIBITED, "a firewall on the way, {0}, refuses it: {1}".format(report.origin, text)
    return UNREACHABLE, "{0} on the way finds nobody there: {1}".format(report.origin, text)


def _is_nearer(origin, address):
    """bool: whether the internet lies between who said it and the address, so that it may be on this side."""
    near, far = (parse_address(text.partition("%")[0]) for text in (origin, address))
    return near is not None and far is not None and not_globally_routed(near) and not not_globally_routed(far)


def _same(one, other):
    """bool: whether two addresses are the same, on whichever link."""
    family = socket.AF_INET6 if ":" in one else socket.AF_INET
    try:
        return socket.inet_pton(family, one.partition("%")[0]) == socket.inet_pton(family, other.partition("%")[0])
    except (socket.error, ValueError):
        return False
