# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The look-ups against a real server on a socket."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.stream import Deadline
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_lookup

ZONE = {
    ("relay.example.com.", "A"): ["203.0.113.4"],
    ("relay.example.com.", "AAAA"): ["2001:db8::4"],
    ("example.com.", "MX"): ["20 mx2.example.com.", "10 MX1.example.com."],
    ("example.com.", "TXT"): ['"v=spf1 " "mx -all"', '"other"'],
    ("4.113.0.203.in-addr.arpa.", "PTR"): ["Relay.example.com."],
    ("www.example.com.", "CNAME"): ["web.example.com."],
    ("loop.example.com.", "CNAME"): ["loop.example.com."],
}


class NameServer(object):
    """Answers from the zone on one UDP port; names that begin with a word have trouble."""

    def __init__(self):
        self.asked = []
        self.handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.handle.bind(("127.0.0.1", 0))
        self.port = self.handle.getsockname()[1]
        thread = threading.Thread(target=self.serve)
        thread.daemon = True
        thread.start()

    def serve(self):
        while True:
            try:
                wire, client = self.handle.recvfrom(4096)
            except socket.error:
                return
            reply = self.reply(wire)
            if reply is not None:
                self.handle.sendto(reply, client)

    def reply(self, wire):
        query = dns.message.from_wire(wire)
        name, kind = query.question[0].name.to_text().lower(), dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((name, kind))
        word = name.partition(".")[0]
        if word == "silent":
            return None
        if word == "garbage":
            return b"\xff\x00HTTP/1.1 400 Bad Request\r\n\r\n"
        if word == "short":
            return wire[:2]
        if word == "other-id":
            return b"\0\0" + wire[2:]
        response = dns.message.make_response(query)
        codes = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED, "nosuch": dns.rcode.NXDOMAIN}
        response.set_rcode(codes.get(word, dns.rcode.NOERROR))
        for record in ((name, kind), (name, "CNAME"), ("web.example.com.", kind) if word == "www" else ()):
            if record in ZONE:
                response.answer.append(dns.rrset.from_text_list(record[0], 60, "IN", record[1], ZONE[record]))
        if word == "truncated":
            response.flags |= dns.flags.TC
        return response.to_wire()


@pytest.fixture(scope="module")
def server():
    made = NameServer()
    yield made
    made.handle.close()


def resolver(server, seconds=10.0, nameservers=("127.0.0.1",)):
    return dns_lookup.Resolver(list(nameservers), server.port, seconds / 5, Deadline(seconds))


@pytest.mark.parametrize(
    "name, kind, records",
    [
        ("relay.example.com", "A", ["203.0.113.4"]),
        ("Relay.Example.Com.", "A", ["203.0.113.4"]),
        ("relay.example.com", "AAAA", ["2001:db8::4"]),
        ("example.com", "MX", [(10, "mx1.example.com"), (20, "mx2.example.com")]),
        ("example.com", "TXT", [b"other", b"v=spf1 mx -all"]),
        (dns_lookup.reverse_name("203.0.113.4"), "PTR", ["relay.example.com"]),
        ("www.example.com", "CNAME", ["web.example.com"]),
    ],
)
def test_records(server, name, kind, records):
    answer = resolver(server).ask(name, kind)
    assert (answer.outcome, sorted(answer.records)) == ("found", records)


@pytest.mark.parametrize(
    "name, outcome, text",
    [
        ("nosuch.example.com", "nxdomain", "no such name (NXDOMAIN)"),
        ("empty.example.com", "nodata", "no A record"),
        ("www.example.com", "nodata", "no A record"),
        ("loop.example.com", "nodata", "no A record"),
        ("servfail.example.com", "servfail", "127.0.0.1 says SERVFAIL"),
        ("refused.example.com", "refused", "127.0.0.1 says REFUSED"),
        ("silent.example.com", "timeout", "127.0.0.1 does not answer (0.2 s)"),
        ("garbage.example.com", "garbage", "not a DNS message"),
        ("short.example.com", "garbage", "not a DNS message"),
        ("other-id.example.com", "garbage", "not a DNS message"),
        # A truncated answer is asked for over TCP, where nobody listens.
        ("truncated.example.com", "unreachable", "127.0.0.1 cannot be asked: "),
        ("a..example.com", "badname", "not a domain name"),
        ("x" * 64 + ".example.com", "badname", "not a domain name"),
    ],
)
def test_what_is_no_answer_is_told_apart(server, name, outcome, text):
    answer = resolver(server, 1.0 if outcome == "timeout" else 10.0).ask(name, "A")
    assert (answer.outcome, answer.records) == (outcome, []) and text in answer.text
    assert answer.known == (outcome in ("nxdomain", "nodata"))


def test_a_question_is_asked_once_and_a_silent_server_twice(server):
    del server.asked[:]
    asker = resolver(server)
    threads = [threading.Thread(target=asker.ask, args=("relay.example.com", "A")) for _number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == [("relay.example.com.", "A")]
    del server.asked[:]
    resolver(server, 1.0).ask("silent.example.com", "A")
    assert len(server.asked) == 2


def test_another_server_is_asked_and_what_it_says_counts(server):
    # Nobody answers at the first.
    both = resolver(server, 3.0, ["127.0.0.9", "127.0.0.1"])
    assert both.ask("relay.example.com", "A").records == ["203.0.113.4"]
    assert both.ask("servfail.example.com", "A").outcome == "servfail"


def test_of_a_host_with_several_addresses_the_first_that_answers_counts(server):
    # Nobody listens on the first; a resolver's own name servers are not asked.
    answer = resolver(server, nameservers=["127.0.0.9"]).ask_host(["::1", "127.0.0.1"], "relay.example.com", "A")
    assert answer.records == ["203.0.113.4"]


def test_the_limit_holds_for_all_questions_together(server):
    asker = resolver(server, seconds=0.5)
    start = time.time()
    for number in range(20):
        assert asker.ask("silent.n{0}.example.com".format(number), "A").outcome == "timeout"
    assert time.time() - start < 3


@pytest.mark.parametrize(
    "options, text",
    [
        ((["ns.example.com"], 53, 5), "'ns.example.com' is not an IP address"),
        ((["192.0.2.0/24"], 53, 5), "is not an IP address"),
        ((["127.0.0.1"], 0, 5), "port: 0"),
    ],
)
def test_what_cannot_be_asked_is_named(options, text):
    with pytest.raises(dns_lookup.DnsError) as info:
        dns_lookup.resolver_of(*options)
    assert text in str(info.value)
