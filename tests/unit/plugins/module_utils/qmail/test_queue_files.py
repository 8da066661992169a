# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.files import to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue_files import (
    Envelope,
    VirtualDomains,
    envelope_bytes,
    is_number,
    parse_client,
    parse_info,
    parse_recipients,
    parse_todo,
    split_of,
    state_of,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")


def real(name):
    """bytes: a file of the real queue in fixtures/queue-files.txt, shown there with ^@ for NUL."""
    with open(os.path.join(FIXTURES, "queue-files.txt"), "rb") as stream:
        for line in stream:
            path, _colon, content = line.rstrip(b"\n").partition(b": ")
            if path.decode("ascii") == name:
                return content.replace(b"^@", b"\0")
    raise KeyError(name)


def test_a_real_queue():
    assert parse_info(real("info/13/1861840")) == Envelope("app@web03.example.com", (), "")
    assert parse_recipients(real("remote/13/1861840")).recipients == ("b@soft.example",)
    assert parse_todo(real("todo/1861855")) == Envelope("app@web03.example.com", ("ops@example.net",), "")
    assert parse_todo(real("intd/1861857")).recipients == ("late@soft.example",)


@pytest.mark.parametrize(
    "present, state",
    [
        ([], None),
        (["intd", "info"], None),
        (["mess"], "S2"),
        (["mess", "bounce"], "S2"),
        (["mess", "intd"], "S3"),
        (["mess", "intd", "todo"], "S4"),
        (["mess", "todo"], "S4"),
        (["mess", "todo", "info", "local", "remote"], "S4"),
        (["mess", "info"], "S5"),
        (["mess", "info", "remote", "bounce"], "S5"),
    ],
)
def test_states(present, state):
    assert state_of(present) == state


@pytest.mark.parametrize(
    "names, split",
    [([], None), (["x"], None), (["0"], 1), ([str(n) for n in range(23)], 23), (["2", "0", "1", "new"], 3)],
)
def test_split(names, split):
    assert split_of(names) == split


@pytest.mark.parametrize("names", [["1"], ["0", "2"], ["0", "1", "3", "4"]])
def test_split_with_a_gap(names):
    with pytest.raises(ValueError):
        split_of(names)


@pytest.mark.parametrize(
    "name, is_it", [("0", True), ("1861840", True), ("01", False), ("1x", False), ("", False), ("-1", False)]
)
def test_numbers(name, is_it):
    assert is_number(name) is is_it


@pytest.mark.parametrize(
    "parse, data, sender, recipients",
    [
        (parse_info, b"", None, ()),
        (parse_info, b"Fa@example.org", None, ()),
        (parse_info, b"Ta@example.org\0", None, ()),
        (parse_recipients, b"Ta@example.org", None, ()),
        (parse_recipients, b"Ta@example.org\0Tb@exam", None, ("a@example.org",)),
        (parse_recipients, b"Ta@example.org\0\0", None, ("a@example.org",)),
        (parse_recipients, b"Ta@example.org\0Xb@example.org\0", None, ("a@example.org",)),
        (parse_todo, b"", None, ()),
        (parse_todo, b"u0\0p1\0Ta@example.org\0", None, ("a@example.org",)),
        (parse_todo, b"u0\0p1\0F\0Ta@example.org\0Tb@", "", ("a@example.org",)),
        (parse_todo, b"u0\0p1\0F\0Fx@example.org\0", "", ()),
    ],
)
def test_what_is_malformed_is_said_and_the_rest_is_read(parse, data, sender, recipients):
    envelope = parse(data)
    assert envelope.problem
    assert (envelope.sender, envelope.recipients) == (sender, recipients)


ADDRESSES = st.binary(max_size=40).map(lambda data: data.replace(b"\0", b""))


def native(data):
    return data if bytes is str else data.decode("utf-8", "surrogateescape")


@settings(max_examples=100)
@given(sender=ADDRESSES, waiting=st.lists(ADDRESSES, max_size=5), done=st.lists(ADDRESSES, max_size=5))
def test_every_address_comes_back_byte_for_byte(sender, waiting, done):
    written = b"".join(b"T" + item + b"\0" for item in waiting)
    expected = tuple(native(item) for item in waiting)
    envelope = parse_todo(b"u1000\0p7\0F" + sender + b"\0" + written)
    assert envelope == Envelope(native(sender), expected, "")
    assert parse_info(b"F" + sender + b"\0").sender == native(sender)
    marked = parse_recipients(written + b"".join(b"D" + item + b"\0" for item in done))
    assert marked == Envelope(None, expected, "")
    assert envelope_bytes(envelope.sender, envelope.recipients) == b"F" + sender + b"\0" + written + b"\0"


@settings(max_examples=100)
@given(data=st.binary(max_size=80))
def test_no_bytes_break_a_parser(data):
    for parse in (parse_info, parse_todo, parse_recipients):
        for address in parse(data).recipients:
            assert b"T" + to_file_bytes(address) + b"\0" in data
    parse_client(data)


NETWORK = "Received: (qmail 2321 invoked from network); 22 Nov 2026 07:10:03 -0000\n"


@pytest.mark.parametrize(
    "head, client",
    [
        (NETWORK + "Received: from unknown (HELO web01) (192.0.2.1)\n  by web03 with SMTP; 22 Nov", ("", "192.0.2.1")),
        (NETWORK + "Received: from web01.example.com (192.0.2.1)\n  by", ("web01.example.com", "192.0.2.1")),
        (NETWORK + "Received: from w.example.com (HELO ?x?) (id@2001:db8::1)\n  by", ("w.example.com", "2001:db8::1")),
        # Written by a client of another relay, or by a local user: not what this host has seen.
        (NETWORK.replace("from network", "by uid 33") + "Received: from unknown (192.0.2.1)\n  by", None),
        (NETWORK + "Received: from x (HELO y) (192.0.2.1) (192.0.2.2)\n", None),
        (NETWORK + "Subject: x\n\n", None),
        ("", None),
    ],
)
def test_client(head, client):
    assert parse_client(head.encode("ascii")) == client


VIRTUAL = VirtualDomains(
    ["Local.example"],
    {
        "old.example.com": "alias-old",
        "Bob@old.example.com": "bobs",
        ".sub.example": "sub",
        "out.sub.example": "",
        "local.example": "never",
        "twice.example": "alias-old-twice",
    },
)


@pytest.mark.parametrize(
    "record, address",
    [
        ("alias-old-v@old.example.com", "v@old.example.com"),
        ("alias-old-V@OLD.example.com", "V@OLD.example.com"),
        ("bobs-bob@old.example.com", "bob@old.example.com"),
        # bob has a prefix of his own, so this is somebody else.
        ("alias-old-bob@old.example.com", "alias-old-bob@old.example.com"),
        ("sub-x@a.b.sub.example", "x@a.b.sub.example"),
        ("sub-x@out.sub.example", "sub-x@out.sub.example"),
        ("never-x@local.example", "never-x@local.example"),
        ("alias-old-twice-x@twice.example", "x@twice.example"),
        ("plain@example.org", "plain@example.org"),
    ],
)
def test_virtual_domains_are_undone(record, address):
    assert VIRTUAL.original(record) == address


def test_a_prefix_for_everything_else():
    assert VirtualDomains([], {"": "all", "x.example": ""}).original("all-a@b.example") == "a@b.example"
    assert VirtualDomains([], {"": "all", "x.example": ""}).original("all-a@x.example") == "all-a@x.example"


HOSTS = st.sampled_from(["old.example.com", "new.example.com", "x.new.example.com", "web03.example.com", "EXAMPLE.org"])
USERS = st.text("ab-.+", min_size=1, max_size=6)
RULES = st.dictionaries(
    st.one_of(HOSTS, st.sampled_from([".example.com", "a@old.example.com", ""])),
    st.sampled_from(["alias-old", "alias", "b", ""]),
    max_size=4,
)


def rewritten(virtual, local_domains, address):
    """str: a recipient as rewrite() in qmail-send.c has it in local/N."""
    domain = address.rpartition("@")[2].lower()
    if domain in local_domains:
        return address
    labels = domain.split(".")
    lowered = dict((key.lower(), prefix) for key, prefix in virtual.items())
    for key in [address.lower(), domain] + ["." + ".".join(labels[place:]) for place in range(1, len(labels))] + [""]:
        if key in lowered:
            return lowered[key] + "-" + address if lowered[key] else address
    return address


@settings(max_examples=200)
@given(RULES, USERS, HOSTS)
def test_what_qmail_send_makes_of_a_recipient_is_undone(virtual, local, domain):
    address = local + "@" + domain
    domains = VirtualDomains(["web03.example.com"], virtual)
    stored = rewritten(virtual, ["web03.example.com"], address)
    back = domains.original(stored)
    # Two recipients may have become the same record: what comes back becomes this one too.
    assert rewritten(virtual, ["web03.example.com"], back) == stored
    if stored != address and not any(address.startswith(prefix + "-") for prefix in virtual.values() if prefix):
        assert back == address or back.endswith("@" + domain)


@given(
    st.sampled_from(["unknown", "web01.example.com"]),
    st.sampled_from(["", " (HELO web01)", " (HELO ?x?)"]),
    st.sampled_from(["", "id@"]),
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
)
def test_a_client_is_read_back_as_qmail_smtpd_writes_it(name, helo, user, address):
    head = NETWORK + "Received: from {0}{1} ({2}{3})\n  by web03 with SMTP; 22 Nov".format(name, helo, user, address)
    assert parse_client(head.encode("ascii")) == ("" if name == "unknown" else name, address)


@pytest.mark.parametrize("piece", [b"a", b"(", b")", b" (HELO ", b"@", b"1", b":", b"\n", b"\0", b"T", b"\0T"])
def test_long_files_take_no_long_time(piece):
    data = piece * (100000 // len(piece))
    with at_most(2):
        for parse in (parse_info, parse_todo, parse_recipients):
            parse(data)
        for start in (
            "Received: (qmail ",
            NETWORK,
            NETWORK + "Received: from ",
            NETWORK + "Received: from a (HELO ",
            NETWORK + "Received: from a (",
        ):
            parse_client(start.encode("ascii") + data + b"x\n")
