# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dkim_published import Key, published
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_lookup import (
    FOUND,
    NODATA,
    NXDOMAIN,
    REFUSED,
    TIMEOUT,
    Answer,
)

NAME = "relay01._domainkey.example.com"
# Made up: what is compared is only whether it is the same.
PUBLIC, OTHER = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A" * 8, "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8B" * 8
GOOD, BAD = [dkim_record.record_text(public).encode("ascii") for public in (PUBLIC, OTHER)]
NS1, NS2 = "192.0.2.1", "192.0.2.2"


class Names(object):
    """Name servers by address, each with its records; what a resolver finds is in "everywhere"."""

    def __init__(self, **changes):
        everywhere = {
            ("example.com", "NS"): ["ns2.example.net", "ns1.example.net"],
            ("ns1.example.net", "A"): [NS1],
            ("ns2.example.net", "A"): [NS2],
        }
        self.servers = {NS1: {(NAME, "TXT"): [GOOD]}, NS2: {(NAME, "TXT"): [GOOD]}}
        everywhere.update(changes.pop("everywhere", {}))
        self.servers.update(changes.pop("servers", {}))
        self.servers["everywhere"] = everywhere
        self.asked = []

    def ask(self, name, kind):
        return self.ask_host(["everywhere"], name, kind)

    def ask_host(self, addresses, name, kind):
        answer = None
        for address in addresses:
            self.asked.append((address, name, kind))
            records = self.servers[address]
            if isinstance(records, Exception):
                raise records
            if isinstance(records, str):
                answer = Answer(records, [], "{0} {1}".format(address, records))
                continue
            if (name, kind) in records:
                return Answer(FOUND, records[name, kind], "found")
            known = any(name == other for other, _kind in records)
            return (
                Answer(NODATA, [], "no {0} record".format(kind))
                if known
                else Answer(NXDOMAIN, [], "no such name (NXDOMAIN)")
            )
        return answer


def look(**changes):
    """dict: what is found of the one key."""
    (found,) = published(Names(**changes), [Key("example.com", "relay01", PUBLIC)], 5)
    return found


def test_a_key_that_each_name_server_has():
    found = look()
    assert (found["verdict"], found["seen"]) == ("published", "at ns1.example.net, ns2.example.net")
    assert found["record_name"] == NAME and [said["server"] for said in found["servers"]] == [
        "ns1.example.net",
        "ns2.example.net",
    ]


@pytest.mark.parametrize(
    "second, verdict, seen",
    [
        ({("example.com", "A"): ["192.0.2.9"]}, "missing", "ns2.example.net: no such name (NXDOMAIN)"),
        ({(NAME, "A"): ["192.0.2.9"]}, "missing", "ns2.example.net: no TXT record"),
        ({(NAME, "TXT"): [BAD]}, "different", "ns2.example.net: "),
        ({(NAME, "TXT"): [GOOD[:255]]}, "different", "ns2.example.net: this key, cut after 237 of 256 characters"),
        ({(NAME, "TXT"): [GOOD, BAD]}, "different", "ns2.example.net: 2 TXT records"),
        (TIMEOUT, "unknown", "ns2.example.net: 192.0.2.2 timeout"),
        (REFUSED, "unknown", "ns2.example.net: 192.0.2.2 refused"),
        (ValueError("odd"), "unknown", "ns2.example.net: ValueError: odd"),
    ],
)
def test_one_of_two_name_servers_decides(second, verdict, seen):
    found = look(servers={NS2: second})
    assert found["verdict"] == verdict and found["seen"].startswith(seen) and "ns1" not in found["seen"]


@pytest.mark.parametrize("first, verdict", [({("x", "A"): []}, "missing"), ({(NAME, "TXT"): [BAD]}, "different")])
def test_what_is_known_to_be_wrong_counts_more_than_what_is_not_known(first, verdict):
    assert look(servers={NS1: first, NS2: TIMEOUT})["verdict"] == verdict


def test_a_name_server_counts_once_whichever_of_its_addresses_answers():
    everywhere = {("ns1.example.net", "AAAA"): ["2001:db8::1"], ("ns1.example.net", "A"): ["192.0.2.3"]}
    servers = {"192.0.2.3": TIMEOUT, "2001:db8::1": {(NAME, "TXT"): [GOOD]}}
    assert look(everywhere=everywhere, servers=servers)["verdict"] == "published"


def test_a_name_server_without_an_address_is_unknown():
    found = look(everywhere={("ns2.example.net", "A"): []})
    assert found["verdict"] == "unknown" and "ns2.example.net: it has no address" in found["seen"]


def test_an_alias_leads_to_the_name_servers_of_the_other_zone():
    there = "relay01.keys.provider.example"
    everywhere = {
        (NAME, "CNAME"): [there],
        ("provider.example", "NS"): ["ns.provider.example"],
        ("ns.provider.example", "A"): ["192.0.2.3"],
    }
    alias = {(NAME, "CNAME"): [there]}
    servers = {NS1: alias, NS2: alias, "192.0.2.3": {(there, "TXT"): [GOOD]}}
    found = look(everywhere=everywhere, servers=servers)
    assert (found["verdict"], found["seen"]) == ("published", "at ns.provider.example")
    # One of the two has no alias yet.
    assert look(everywhere=everywhere, servers=dict(servers, **{NS2: {("x", "A"): []}}))["verdict"] == "missing"
    round_and_round = dict(everywhere)
    round_and_round[there, "CNAME"] = [NAME]
    servers["192.0.2.3"] = {(there, "CNAME"): [NAME]}
    assert look(everywhere=round_and_round, servers=servers)["verdict"] == "unknown"


def test_a_zone_below_the_domain_is_asked_at_its_own_name_servers():
    everywhere = {("_domainkey.example.com", "NS"): ["ns.keys.example"], ("ns.keys.example", "A"): ["192.0.2.3"]}
    names = Names(everywhere=everywhere, servers={"192.0.2.3": {(NAME, "TXT"): [GOOD]}, NS1: {}, NS2: {}})
    (found,) = published(names, [Key("example.com", "relay01", PUBLIC)], 5)
    assert found["verdict"] == "published" and not [asked for asked in names.asked if asked[0] in (NS1, NS2)]


@pytest.mark.parametrize(
    "everywhere, seen",
    [({("example.com", "NS"): []}, ""), (TIMEOUT, "NS: everywhere timeout")],
)
def test_without_the_names_of_name_servers_nothing_is_known(everywhere, seen):
    names = Names()
    if isinstance(everywhere, str):
        names.servers["everywhere"] = everywhere
    else:
        del names.servers["everywhere"]["example.com", "NS"]
    names.servers[NS1] = names.servers[NS2] = AssertionError("asked")
    (found,) = published(names, [Key("example.com", "relay01", PUBLIC)], 5)
    assert found["verdict"] == "unknown" and seen in found["seen"]


def test_a_domain_that_only_tries_is_told():
    found = look(servers={NS2: {(NAME, "TXT"): [GOOD + b"; t=y"]}})
    assert found["verdict"] == "published" and found["testing"]


def test_a_look_that_does_not_end_is_unknown_in_time():
    class Silent(Names):
        def ask_host(self, addresses, name, kind):
            if addresses != ["everywhere"]:
                time.sleep(3)
            return Names.ask_host(self, addresses, name, kind)

    (found,) = published(Silent(), [Key("example.com", "relay01", PUBLIC)], 0.1)
    assert found["verdict"] == "unknown" and "no answer in time" in found["seen"]
