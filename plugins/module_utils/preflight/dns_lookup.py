# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to name servers, and answers that tell "no such name" from "nobody answers".

The library is asked for single packets only: what a resolver of its own makes of several servers differs between the
versions for Python 2.7 and 3, and hides which server said what.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct
import threading
import traceback
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import Deadline, StreamError

try:
    import dns.exception
    import dns.flags
    import dns.message
    import dns.name
    import dns.query
    import dns.rcode
    import dns.rdatatype
    import dns.resolver
    import dns.reversename
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
else:
    IMPORT_ERROR = None

# What a name server knows for certain.
FOUND, NODATA, NXDOMAIN = "found", "nodata", "nxdomain"
# What leaves the question open.
SERVFAIL, REFUSED, TIMEOUT, GARBAGE, UNREACHABLE, BADNAME = (
    "servfail",
    "refused",
    "timeout",
    "garbage",
    "unreachable",
    "badname",
)

# What a name server says of the question itself, so that asking it again is of no use.
_SAID = (SERVFAIL, REFUSED)
_ROUNDS = 2
# A name server gets so much of the time before it is asked again.
_PATIENCE = 5.0
# A chain of aliases longer than this is a loop.
_MOST_ALIASES = 16


class DnsError(RelayError):
    """What the user gave cannot be asked for."""


class Answer(namedtuple("Answer", "outcome records text")):
    """What is known of a question.

    Args:
        outcome: one of the constants of this module.
        records: list; str for A, AAAA, PTR, NS and CNAME, (preference, name) for MX, bytes for TXT. Names have no final dot.
        text: str, the outcome for a reader.
    """

    __slots__ = ()

    @property
    def known(self):
        """bool: whether a name server knows the answer, even if it is that there is nothing."""
        return self.outcome in (FOUND, NODATA, NXDOMAIN)


def system_nameservers():
    """list of str: the name servers of this host, from C(/etc/resolv.conf).

    Raises:
        DnsError: it names none.
    """
    try:
        found = [str(server) for server in dns.resolver.Resolver().nameservers]
    except (dns.exception.DNSException, IOError, OSError):
        found = []
    if not found:
        raise DnsError("nameservers: none is given, and /etc/resolv.conf names none; give the address of a name server")
    return found


def resolver_of(nameservers, port, seconds):
    """Resolver: for a call of a module.

    Args:
        nameservers: list of str, addresses; empty for those of this host.
        port: int.
        seconds: float, for all questions together.

    Raises:
        DnsError: a value cannot be used.
    """
    if not 0 < port < 65536:
        raise DnsError("port: {0} is not a port from 1 to 65535".format(port))
    return Resolver(nameservers or system_nameservers(), port, seconds / _PATIENCE, Deadline(seconds))


def reverse_name(address):
    """str: the name under which the PTR record of an address is."""
    return dns.reversename.from_address(address).to_text(omit_final_dot=True)


def _record(kind, rdata):
    if kind == "MX":
        return (rdata.preference, rdata.exchange.to_text(omit_final_dot=True).lower())
    if kind == "TXT":
        return b"".join(rdata.strings)
    if kind in ("PTR", "NS", "CNAME"):
        return rdata.target.to_text(omit_final_dot=True).lower()
    return rdata.address


class Resolver(object):
    """Asks name servers; each question once, from several threads.

    Args:
        nameservers: list of str, addresses.
        port: int.
        patience: float, seconds until a name server is asked again or the next one is asked.
        deadline: ``stream.Deadline`` of all questions together.

    Raises:
        DnsError: a name server is not given as an address.
    """

    def __init__(self, nameservers, port, patience, deadline):
        for server in nameservers:
            if not is_address(server.partition("%")[0]):
                raise DnsError(
                    "nameservers: {0!r} is not an IP address; name servers are given by address".format(server)
                )
        self.nameservers = list(nameservers)
        self._port = port
        self._patience = patience
        self._deadline = deadline
        self._lock = threading.Lock()
        self._asked = {}

    def ask(self, name, kind):
        """Answer: from any of the name servers.

        Args:
            name: str.
            kind: str, C(A), C(AAAA), C(CNAME), C(MX), C(NS), C(PTR) or C(TXT).
        """
        key = (name.lower().rstrip("."), kind)
        with self._lock:
            lock, known = self._asked.setdefault(key, (threading.Lock(), []))
        with lock:
            if not known:
                known.append(self._ask(self.nameservers, name, kind))
        return known[0]

    def ask_server(self, server, name, kind):
        """Answer: from this name server alone, asked anew."""
        return self._ask([server], name, kind)

    def ask_host(self, addresses, name, kind):
        """Answer: from the one name server that has these addresses (list of str), asked anew; the first that answers counts."""
        return self._ask(addresses, name, kind)

    def _ask(self, servers, name, kind):
        try:
            question = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError) as exc:
            return Answer(BADNAME, [], "{0!r} is not a domain name: {1}".format(name, exc))
        said = silence = None
        pending = list(servers)
        for _round in range(_ROUNDS):
            for server in list(pending):
                try:
                    patience = min(self._patience, self._deadline.left())
                except StreamError:
                    break
                answer = self._once(server, question, kind, patience)
                if answer.known:
                    return answer
                if answer.outcome in _SAID:
                    said = answer
                    pending.remove(server)
                elif answer.outcome != TIMEOUT or silence is None:
                    silence = answer
        # A name server that says that it cannot tell is better news than one that says nothing.
        return said or silence or Answer(TIMEOUT, [], "no time was left to ask {0}".format(", ".join(servers)))

    def _once(self, server, question, kind, patience):
        rdtype = dns.rdatatype.from_text(kind)
        try:
            query = dns.message.make_query(question, rdtype)
            response = dns.query.udp(query, server, timeout=patience, port=self._port)
            if response.flags & dns.flags.TC:
                response = dns.query.tcp(query, server, timeout=patience, port=self._port)
            return self._read(server, response, question, kind, rdtype)
        except dns.exception.Timeout:
            return Answer(TIMEOUT, [], "{0} does not answer ({1:.1f} s)".format(server, patience))
        except (socket.error, EOFError) as exc:
            return Answer(UNREACHABLE, [], "{0} cannot be asked: {1}".format(server, exc))
        except (dns.exception.DNSException, struct.error, ValueError, IndexError, AssertionError) as exc:
            return Answer(
                GARBAGE,
                [],
                "{0} answers with something that is not a DNS message ({1})".format(server, type(exc).__name__),
            )

    def _read(self, server, response, question, kind, rdtype):
        rcode = response.rcode()
        if rcode == dns.rcode.NXDOMAIN:
            return Answer(NXDOMAIN, [], "no such name (NXDOMAIN)")
        if rcode != dns.rcode.NOERROR:
            outcome = REFUSED if rcode == dns.rcode.REFUSED else SERVFAIL
            return Answer(outcome, [], "{0} says {1}".format(server, dns.rcode.to_text(rcode)))
        owner = question
        for _alias in range(_MOST_ALIASES):
            alias = None
            for rrset in response.answer:
                if rrset.name == owner and rrset.rdtype == rdtype:
                    return Answer(FOUND, [_record(kind, rdata) for rdata in rrset], "found")
                if rrset.name == owner and rrset.rdtype == dns.rdatatype.CNAME:
                    alias = rrset[0].target
            if alias is None:
                break
            owner = alias
        return Answer(NODATA, [], "no {0} record".format(kind))
