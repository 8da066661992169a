# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import iptables_guard as guard
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_guard import (
    ALWAYS,
    BY_INTERFACE,
    NEVER,
    SOMETIMES,
    Chains,
    Judged,
    Packet,
    SshGuard,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import Document, parse_rule
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import SshAccess

SSH = Packet("ipv4", parse_network("10.1.2.3"), "tcp", 22, 22)
MAIL = Packet("ipv4", parse_network("10.0.0.0/8"), "tcp", 25, 25)


def chains(*lines, **policies):
    document = Document("*filter\n" + "".join(line + "\n" for line in lines))
    return Chains([rule for _line, rule in document.table().rules], dict({"INPUT": "ACCEPT"}, **policies))


@pytest.mark.parametrize(
    "words, expected",
    [
        ("-j DROP", ALWAYS),
        ("-p tcp -m tcp --dport 22 -j DROP", ALWAYS),
        ("-p tcp -m tcp --dport ssh -j DROP", ALWAYS),
        ("-p tcp -m tcp --dport 20:30 -j DROP", ALWAYS),
        ("-p tcp -m tcp ! --dport 22 -j DROP", NEVER),
        ("-p tcp -m multiport --dports 80,20:22 -j DROP", ALWAYS),
        ("-p tcp -m multiport --dports 80,443 -j DROP", NEVER),
        ("-p udp -j DROP", NEVER),
        ("! -p tcp -j DROP", NEVER),
        ("-p 6 -j DROP", ALWAYS),
        ("-s 10.0.0.0/8 -j DROP", ALWAYS),
        ("-s 10.1.2.3/255.255.255.255 -j DROP", ALWAYS),
        ("-s 10.2.0.0/16 -j DROP", NEVER),
        ("! -s 10.0.0.0/8 -j DROP", NEVER),
        ("-s 192.0.2.1,10.1.2.3 -j DROP", ALWAYS),
        ("-s host.example.com -j DROP", SOMETIMES),
        ("-d 10.9.9.9/32 -j DROP", SOMETIMES),
        ("-i lo -j ACCEPT", NEVER),
        ("! -i lo -j DROP", ALWAYS),
        ("-i eth0 -j DROP", BY_INTERFACE),
        ("-i eth0 -s 10.0.0.0/8 -j DROP", SOMETIMES),
        ("-m state --state RELATED,ESTABLISHED -j ACCEPT", NEVER),
        ("-m conntrack --ctstate NEW -j ACCEPT", ALWAYS),
        ("-m conntrack ! --ctstate NEW -j DROP", NEVER),
        ("-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m state --state NEW -j DROP", NEVER),
        ("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j ACCEPT", ALWAYS),
        ("-p tcp -m tcp --tcp-flags ALL NONE -j DROP", NEVER),
        ("-p tcp --syn -j ACCEPT", ALWAYS),
        ("-m set --match-set banned src -j DROP", SOMETIMES),
        ("-m limit --limit 5/min -j ACCEPT", SOMETIMES),
        ('-m comment --comment "- anything!" -j DROP', ALWAYS),
        ("-j REJECT --reject-with tcp-reset", ALWAYS),
        ("-j DROP -p udp", NEVER),
        ("-6 -j DROP", NEVER),
    ],
)
def test_how_surely_a_rule_matches(words, expected):
    assert Judged(parse_rule("-A INPUT " + words)).certainty(SSH) == expected


@pytest.mark.parametrize(
    "lines, position",
    [
        (["-i lo -j ACCEPT", "-j REJECT"], 1),
        (["-i lo -j ACCEPT"], 1),
        # What turns away some clients stays in front.
        (["-s 10.1.2.3/32 -j DROP", "-j DROP"], 1),
        (["-m set --match-set banned src -j DROP", "-i eth0 -s 10.0.0.0/8 -j DROP", "-i eth0 -j DROP"], 2),
        (["-p tcp -m multiport --dports 25,587 -j f2b", "-j closed"], 1),
        (["-p tcp -m multiport --dports 80,443 -j DROP", "-p tcp -m tcp --dport 25 -j DROP"], 1),
        (["-j goes-on", "-g closed", "-j ACCEPT"], 1),
    ],
)
def test_where_the_traffic_would_be_turned_away(lines, position):
    all_ = chains(
        *(
            ["-A INPUT " + line for line in lines]
            + [
                "-A f2b -s 10.7.7.7/32 -j REJECT",
                "-A f2b -j RETURN",
                "-A closed -m limit --limit 1/sec -j LOG",
                "-A closed -i lo -j ACCEPT",
                "-A closed -j DROP",
                "-A goes-on -p udp -j DROP",
            ]
        )
    )
    assert all_.first_closing([MAIL], [parse_rule("-A INPUT " + line) for line in lines]) == position


def cut(before, after, peer="10.1.2.3", family="ipv4", ports=(22,), others=()):
    return SshGuard(SshAccess(list(ports), peer, others)).cut(family, before, after)[0]


CLOSING = "-A INPUT ! -i lo -p tcp -m tcp --dport 20:30 -m comment --comment postfix -j REJECT"
OPENING = "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -m comment --comment postfix -j ACCEPT"


def test_closing_a_range_with_the_port_of_ssh_cuts_it():
    assert cut(chains(), chains(CLOSING))
    assert cut(chains(), chains(CLOSING), peer=None)
    assert not cut(chains(), chains(CLOSING), ports=[2222])
    assert not cut(chains(), chains(CLOSING), peer=None, ports=[])
    # Each port of sshd stays open where it is, and the message names the one that would not.
    assert cut(chains(), chains(CLOSING), peer=None, ports=[2222, 22]) == "SSH (port 22)"
    assert not cut(chains(INPUT="DROP"), chains(CLOSING, INPUT="DROP"), peer=None, ports=[22, 2222])
    # Others may come from elsewhere than Ansible does.
    assert cut(chains(), chains(CLOSING), peer="2001:db8::1", ports=[2222], others=[22]) == "SSH (port 22)"
    assert cut(chains(), chains(CLOSING), ports=[22], others=[2222]) == "SSH (port 22) from 10.1.2.3"


def test_an_opening_for_the_peer_saves_ssh_and_one_for_others_does_not():
    assert not cut(chains(), chains(OPENING, CLOSING))
    assert cut(chains(), chains(OPENING, CLOSING), peer="192.0.2.1")
    # Where nobody knows who comes, those who came in from anywhere would be cut.
    assert cut(chains(), chains(OPENING, CLOSING), peer=None)


def test_removing_the_rule_that_let_ssh_in():
    assert cut(chains(OPENING, INPUT="DROP"), chains(INPUT="DROP"))
    assert cut(chains(OPENING, INPUT="DROP"), chains(INPUT="DROP"), peer=None)
    assert not cut(chains(OPENING), chains())
    # A rule that may let somebody in is not taken for one that lets the peer in.
    sometimes = "-A INPUT -m set --match-set admins src -j ACCEPT"
    assert cut(chains(OPENING, sometimes, INPUT="DROP"), chains(sometimes, INPUT="DROP"))


def test_what_did_not_let_ssh_in_before_is_not_blamed():
    assert not cut(chains(INPUT="DROP"), chains(CLOSING, INPUT="DROP"))


def test_ssh_by_the_other_family_is_not_concerned():
    assert not cut(chains(), chains(CLOSING), family="ipv6")
    assert cut(chains(), chains(CLOSING), family="ipv6", peer="2001:db8::1")


def test_chains_of_others_are_followed():
    loop = chains("-A INPUT -j a", "-A a -j b", "-A b -j a", "-A INPUT -j REJECT")
    assert loop.verdict(SSH, guard.CAREFUL) == ("reject", parse_rule("-A INPUT -j REJECT"))
    ufw = chains("-A INPUT -j ufw", "-A ufw -p tcp -m tcp --dport 22 -j ACCEPT", "-A ufw -j DROP", INPUT="DROP")
    assert ufw.verdict(SSH, guard.CAREFUL)[0] == "accept"
    assert ufw.verdict(MAIL, guard.CAREFUL)[0] == "reject"
    banned = chains("-A INPUT -m set --match-set banned src -j b", "-A b -j DROP")
    assert banned.verdict(SSH, guard.CAREFUL) == ("accept", None)
    assert ufw.jumps_to("ufw") and not ufw.jumps_to("b")
