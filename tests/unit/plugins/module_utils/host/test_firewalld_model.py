# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import firewalld_model as model
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import Zone, ZoneError
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import assert_linear

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures", "firewalld")
VERSIONS = ["0.9.3", "1.3.3", "2.3.1"]
NRPE = (
    'rule family="ipv4" source address="10.77.1.9" port port="5666" protocol="tcp" log prefix="nrpe " '
    'limit value="3/m" accept'
)
FOREIGN = b"""<?xml version="1.0" encoding="utf-8"?>
<!-- kept by hand -->
<zone target="DROP" version="1.1">
  <short>Relay &amp; co</short>
  <description>Caf\xc3\xa9</description>
  <interface name="eth9"/>
  <source address="10.0.0.0/8"/>
  <service name="ssh"/><service name="http"/>
  <!-- submission -->
  <port port="587" protocol="tcp"/>
  <protocol value="esp"/>
  <icmp-block name="echo-reply"/>
  <masquerade/>
  <forward/>
  <forward-port port="80" protocol="tcp" to-port="8080"/>
  <source-port port="53" protocol="udp"/>
  <rule><unheard-of/></rule>
</zone>
"""


def fixture(name):
    with open(os.path.join(FIXTURES, name), "rb") as stream:
        return stream.read()


sources = st.one_of(
    st.integers(0, 2**24 - 1).map(lambda n: "10.{0}.{1}.{2}".format(n >> 16, n >> 8 & 255, n & 255)),
    st.integers(0, 255).map("10.{0}.0.0/16".format),
    st.integers(0, 0xFFFF).map("2001:db8:{0:x}::/48".format),
    st.integers(0, 255).map("52:54:00:00:00:{0:02X}".format),
    st.sampled_from(["ipset:clients", "ipset:web-1"]),
)
ports = st.tuples(st.sampled_from(["tcp", "udp"]), st.integers(1, 65535), st.integers(0, 40)).map(
    lambda port: model.format_port((port[0], port[1], min(65535, port[1] + port[2])))
)
rules = st.builds(
    lambda family, invert, net, element, tail: "rule family={0} source {1}address={2} {3} {4}".format(
        family,
        "NOT " if invert else "",
        {"ipv4": "10.{0}.0.0/16", "ipv6": "2001:db8:{0}::/48"}[family].format(net),
        element,
        tail,
    ),
    st.sampled_from(["ipv4", "ipv6"]),
    st.booleans(),
    st.integers(0, 255),
    st.sampled_from(["service name=smtp", "port port=25 protocol=tcp", "protocol value=ah", ""]),
    st.sampled_from(
        [
            "accept",
            "drop",
            "reject",
            "mark set=0x10",
            "log prefix='a & b <c>' level=info limit value=1/m accept",
            "audit limit value=3/hour accept limit value=2/s",
            "nflog group=2 queue-size=5 drop",
        ]
    ),
)
zones = st.builds(
    lambda target, **items: Zone("z", target, **items),
    st.sampled_from(model.TARGETS),
    sources=st.lists(sources, max_size=4),
    services=st.lists(st.sampled_from(["ssh", "smtp", "http", "my_service-2"]), max_size=3),
    ports=st.lists(ports, max_size=4),
    rich_rules=st.lists(rules, max_size=3),
)


@given(zones)
@settings(max_examples=100, deadline=None)
def test_a_zone_is_read_back_as_it_was_written(zone):
    written = model.write_zone_file(None, zone)
    assert model.parse_zone_file(written, "z").facts() == zone.facts()
    assert model.write_zone_file(written, zone) == written


@given(zones)
@settings(max_examples=100, deadline=None)
def test_what_is_not_managed_stays_in_the_file(zone):
    written = model.write_zone_file(FOREIGN, zone)
    assert model.parse_zone_file(written, "z").facts() == zone.facts()
    for piece in (
        b"<!-- kept by hand -->",
        b'version="1.1"',
        b"Relay &amp; co",
        b"Caf\xc3\xa9",
        b'<interface name="eth9"/>',
        b"<!-- submission -->",
        b'<protocol value="esp"/>',
        b'<icmp-block name="echo-reply"/>',
        b"<masquerade/>",
        b"<forward/>",
        b'<forward-port port="80" protocol="tcp" to-port="8080"/>',
        b'<source-port port="53" protocol="udp"/>',
        b"<unheard-of/>",
    ):
        assert written.count(piece) == 1


def test_a_file_that_is_right_already_keeps_every_byte():
    assert model.write_zone_file(FOREIGN, model.parse_zone_file(FOREIGN, "z")) == FOREIGN


def test_only_the_lines_that_differ_change():
    zone = Zone("z", "DROP", sources=["10.0.0.0/8"], services=["ssh", "http"], ports=["25/tcp"])
    assert model.write_zone_file(FOREIGN, zone) == FOREIGN.replace(
        b'  <port port="587" protocol="tcp"/>\n', b""
    ).replace(b"</zone>", b'  <port port="25" protocol="tcp"/>\n</zone>')


@pytest.mark.parametrize("data", [b"", b"<zone>", b"<service/>", b"\xff\xfe"])
def test_a_broken_zone_file_is_named(data):
    with pytest.raises(ZoneError) as info:
        model.parse_zone_file(data, "z", "/etc/firewalld/zones/z.xml")
    assert "/etc/firewalld/zones/z.xml" in str(info.value)


@pytest.mark.parametrize("version", VERSIONS)
def test_permanent_and_runtime_of_a_real_firewalld_agree(version):
    zone = model.parse_zone_file(fixture("postfix-{0}.xml".format(version)), "postfix")
    listed = model.parse_zone_listing(fixture("list-all-zones-{0}.txt".format(version)).decode("ascii"))
    assert zone.facts() == listed["postfix"].facts()
    assert NRPE in zone.list("rich_rules")
    assert "1000-1010/udp" in zone.list("ports")
    assert zone.interfaces == listed["postfix"].interfaces == ["eth9"]
    assert zone.list("sources") == ["10.77.1.0/24"]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_zone_of_a_real_listing_is_there(version):
    listed = model.parse_zone_listing(fixture("list-all-zones-{0}.txt".format(version)).decode("ascii"))
    assert set(["block", "dmz", "drop", "external", "home", "internal", "public", "trusted", "work"]) <= set(listed)
    assert (listed["block"].target, listed["drop"].target, listed["trusted"].target) == ("REJECT", "DROP", "ACCEPT")
    assert listed["public"].target == "default"
    assert listed["public"].list("services") == ["dhcpv6-client", "ssh"]


def test_a_listing_of_0_6_3():
    # As print_zone_info of its source writes it; not recorded.
    text = (
        "postfix (active)\n  target: default\n  icmp-block-inversion: no\n  interfaces: \n  sources: 10.0.0.0/8\n"
        "  services: ssh\n  ports: 25/tcp 587/tcp\n  protocols: \n  masquerade: no\n"
        "  forward-ports: port=80:proto=tcp:toport=8080:toaddr=\n\tport=81:proto=tcp:toport=8081:toaddr=\n"
        "  source-ports: \n  icmp-blocks: \n  rich rules: \n\t\n\n"
    )
    assert model.parse_zone_listing(text)["postfix"].facts() == {
        "name": "postfix",
        "target": "default",
        "sources": ["10.0.0.0/8"],
        "services": ["ssh"],
        "ports": ["25/tcp", "587/tcp"],
        "rich_rules": [],
    }


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_breaks_the_parsers(text):
    model.parse_zone_listing(text)
    for parse in (model.parse_port, model.parse_source, model.parse_rich_rule):
        try:
            parse(text.encode("utf-8") if str is bytes else text)
        except ZoneError:
            pass


@given(st.lists(st.sampled_from(list(" \t\r\n\"'\\a=") + ["rule", "\x0b", "x y"]), max_size=20).map("".join))
@settings(max_examples=300)
def test_words_are_those_of_a_shell(text):
    try:
        expected = shlex.split(text)
    except ValueError:
        expected = None
    try:
        words = model._words(text)
    except ValueError:
        words = None
    assert words == expected


@pytest.mark.parametrize("frame", ['rule log prefix="{0}"', "rule log prefix={0}", "rule log prefix='{0}'", '"{0}'])
def test_a_long_word_takes_time_in_proportion(frame):
    for filling in ("a", "\\a", "''", '""', " '", "' '", '" "'):

        def work(text):
            try:
                model.parse_rich_rule(frame.format(text))
            except ZoneError:
                pass

        assert_linear(work, filling, 64000)


@pytest.mark.parametrize(
    "text, part",
    [
        ("25", "25/tcp"),
        ("smtp/tcp", "services"),
        ("25/icmp", "tcp, udp, sctp, dccp"),
        ("0/tcp", "1 to 65535"),
        ("65536/tcp", "1 to 65535"),
        ("30-25/tcp", "25-30/tcp"),
        ("", "PORT/PROTOCOL"),
    ],
)
def test_a_bad_port_is_refused_with_its_fix(text, part):
    with pytest.raises(ZoneError) as info:
        model.parse_port(text)
    assert part in str(info.value)


@pytest.mark.parametrize(
    "text, part",
    [
        ("192.168.1.5/24", "192.168.1.0/24"),
        ("web01", "ipset:NAME"),
        ("ipset:", "no ipset name"),
        ("52:54:00:00:00", "not an IPv4 or IPv6"),
        ("::ffff:192.0.2.1", "from which no connection comes: write 192.0.2.1"),
        ("[fd00::]/8", "write fd00::/8"),
    ],
)
def test_a_bad_source_is_refused_with_its_fix(text, part):
    with pytest.raises(ZoneError) as info:
        model.parse_source(text)
    assert part in str(info.value)


def test_a_source_inside_another_is_left_out():
    zone, warnings = model.wanted_zone("z", "default", ["10.0.0.0/8", "10.1.0.0/16", "10.0.0.0/8"], None, None, None)
    assert zone.list("sources") == ["10.0.0.0/8"]
    assert warnings == ["zone z: source 10.1.0.0/16 is left out, it lies inside 10.0.0.0/8"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("rule service name=ssh accept", 'rule service name="ssh" accept'),
        (
            'rule port protocol="tcp" port="5666" family=ipv4 accept',
            'rule family="ipv4" port port="5666" protocol="tcp" accept',
        ),
        (
            "rule accept limit value=3/minute port protocol=tcp port=25 source not address=10.0.0.0/8 priority=0",
            'rule source NOT address="10.0.0.0/8" port port="25" protocol="tcp" accept limit value="3/m"',
        ),
        # What firewall-cmd 0.9.3 and 1.3.3 made of these; a level may stand behind the limit, a family anywhere.
        (
            "rule service name=smtp log prefix=x limit value=1/m level=info accept",
            'rule service name="smtp" log prefix="x" level="info" limit value="1/m" accept',
        ),
        (
            "rule log limit value='1/m' level=info prefix=\"mail in\" audit limit value=2/h accept service name=smtp",
            'rule service name="smtp" log prefix="mail in" level="info" limit value="1/m" audit limit value="2/h" accept',
        ),
        (
            "rule source address=10.0.0.1 invert=yes reject limit value=5/s type=icmp-host-prohibited family=ipv4 priority=+7",
            'rule priority="7" family="ipv4" source NOT address="10.0.0.1" '
            'reject type="icmp-host-prohibited" limit value="5/s"',
        ),
        ("rule source mac=aa:bb:cc:dd:ee:ff drop", 'rule source mac="AA:BB:CC:DD:EE:FF" drop'),
        (
            "rule source not ipset=nets destination ipset=ours family=ipv6 nflog group=5 limit value=1/m burst=3 "
            "queue-size=7 prefix=x priority=-1",
            'rule priority="-1" family="ipv6" source NOT ipset="nets" destination ipset="ours" '
            'nflog group="5" prefix="x" queue-size="7" limit value="1/m" burst="3"',
        ),
        (
            "rule icmp-type name=echo-request mark set=0x1/0xff",
            'rule icmp-type name="echo-request" mark set="0x1/0xff"',
        ),
        ("rule service name=smtp log level=info port=25 accept", None),
        ("rule service name=smtp level=info accept", None),
        ("rule service name=smtp name=ssh accept", None),
        (
            "rule family=ipv4 source not address=10.0.0.0/8 port protocol=tcp port=25 accept limit value=3/minute",
            'rule family="ipv4" source NOT address="10.0.0.0/8" port port="25" protocol="tcp" accept limit value="3/m"',
        ),
        (
            "rule priority=0 tcp-mss-clamp value=pmtu",
            "rule tcp-mss-clamp",
        ),
        (
            "rule service name=smtp log limit value=01/m accept",
            'rule service name="smtp" log limit value="1/m" accept',
        ),
        ("rule service name=ssh service name=smtp accept", None),
        ("rule service name=ssh accept drop", None),
        ("service name=ssh accept", None),
        ("rule service name='ssh accept", None),
        ("rule service name=ssh log prefix='a=b' accept", None),
        ("rule service name=ssh please accept", None),
        ("rule limit value=1/m", None),
    ],
)
def test_rich_rules_have_one_spelling(text, expected):
    if expected is None:
        with pytest.raises(ZoneError):
            model.parse_rich_rule(text)
    else:
        assert str(model.parse_rich_rule(text)) == expected


@pytest.mark.parametrize(
    "text, part",
    [
        ("rule port port=25 protocol=tcp", "no action"),
        ("rule accept", "match everything"),
        ("rule source address=10.0.0.0/8 accept", "family"),
        ("rule family=ipv6 source address=10.0.0.0/8 accept", "ipv6"),
        ("rule family=ipv4 source address=web01 accept", "web01"),
        ("rule family=ipv5 service name=ssh accept", "ipv4 or ipv6"),
        ("rule port port=99999 protocol=tcp accept", "65535"),
        ("rule masquerade accept", "without an action"),
        ("rule service name=ssh reject type=icmp-host-prohibited", "family"),
        ("rule service name=ssh accept limit value=often", "RATE/DURATION"),
        ("rule service name=ssh audit", "audit needs"),
        ("rule priority=99999 service name=ssh accept", "32767"),
        ("rule port port=25 accept", "protocol="),
        ("rule service name=ssh log level=warn accept", "level is one of"),
        ("rule service name=ssh accept limit value=1/d", "too slow"),
        ("rule service name=ssh accept limit value=1/m burst=x", "burst"),
        ("rule service name=ssh nflog group=70000 accept", "group"),
        ("rule service name=ssh mark set=x", "MARK"),
        ("rule protocol value=nosuch accept", "no protocol"),
        ("rule tcp-mss-clamp value=100", "536"),
        ("rule family=ipv4 service name=ssh reject type=icmp6-adm-prohibited", "icmp-host-prohibited"),
        ("rule family=ipv4 forward-port port=25 protocol=tcp to-addr=web01", "to-addr"),
        ("rule family=ipv4 source mac=00:11:22:33:44:55 masquerade", "MAC"),
    ],
)
def test_a_rule_that_firewalld_would_drop_is_refused(text, part):
    with pytest.raises(ZoneError) as info:
        model.parse_rich_rule(text).check()
    assert part in str(info.value)


def apply_ports(items, delta, joins):
    """What firewalld makes of a delta: 0.9 and later join and cut ranges, earlier versions keep a list."""
    numbers = set()
    items = list(items)

    def expand(text):
        protocol, first, last = model.parse_port(text)
        return set((protocol, number) for number in range(first, last + 1))

    for text in items:
        numbers |= expand(text)
    for action, texts in (("add", delta.add), ("remove", delta.remove), ("add", delta.restore)):
        for text in texts:
            if action == "add":
                numbers |= expand(text)
                items += [] if text in items else [text]
            else:
                numbers -= expand(text)
                items.remove(text)
    return numbers if joins else set().union(*[expand(text) for text in items] or [set()])


few_ports = st.lists(
    st.tuples(st.integers(20, 40), st.integers(0, 8)).map(lambda p: model.format_port(("tcp", p[0], p[0] + p[1]))),
    max_size=4,
)


@given(few_ports, few_ports, st.booleans())
@settings(max_examples=100, deadline=None)
def test_a_port_delta_leads_there_whether_or_not_ranges_are_joined(before, after, joins):
    delta = model.difference("ports", Zone("z", ports=before), Zone("z", ports=after))
    expected = set()
    for text in after:
        protocol, first, last = model.parse_port(text)
        expected |= set((protocol, number) for number in range(first, last + 1))
    assert apply_ports(set(before), delta, joins) == expected


@pytest.mark.parametrize(
    "before, wanted, exclusive, joined, apart",
    [
        # Tried with firewall-cmd 0.9.3 and 1.3.3; apart is what 0.6.3 keeps (Firewalld.add_port of its source).
        (["25/tcp"], ["20-30/tcp"], False, ["20-30/tcp"], ["20-30/tcp", "25/tcp"]),
        (["20-30/tcp"], ["25/tcp"], False, ["20-30/tcp"], ["20-30/tcp"]),
        (["20-30/tcp"], ["31/tcp"], False, ["20-30/tcp", "31/tcp"], ["20-30/tcp", "31/tcp"]),
        (["20-30/tcp", "31/tcp"], ["28-40/tcp"], False, ["20-40/tcp"], ["20-30/tcp", "28-40/tcp", "31/tcp"]),
        (["25/udp"], ["20-30/tcp"], False, ["20-30/tcp", "25/udp"], ["20-30/tcp", "25/udp"]),
        (["25/tcp"], ["20-30/tcp"], True, ["20-30/tcp"], ["20-30/tcp", "25/tcp"]),
        (["20-30/tcp"], ["25/tcp"], True, ["25/tcp"], ["25/tcp"]),
        (["20-22/tcp", "28-30/tcp"], ["21-29/tcp"], False, ["20-30/tcp"], ["20-22/tcp", "21-29/tcp", "28-30/tcp"]),
    ],
)
def test_ports_are_those_that_firewalld_keeps(before, wanted, exclusive, joined, apart):
    zone = Zone("z", ports=before)
    assert sorted(zone.merged(Zone("z", ports=wanted), exclusive, lambda: True).list("ports")) == sorted(joined)
    assert sorted(zone.merged(Zone("z", ports=wanted), exclusive, lambda: False).list("ports")) == sorted(apart)
    after = zone.merged(Zone("z", ports=wanted), exclusive, lambda: True)
    assert after.merged(Zone("z", ports=wanted), exclusive, lambda: True).list("ports") == after.list("ports")


@given(few_ports, few_ports, st.booleans())
@settings(max_examples=100, deadline=None)
def test_merged_ports_open_what_is_asked_for(before, wanted, exclusive):
    for joins in (True, False):
        after = Zone("z", ports=before).merged(Zone("z", ports=wanted), exclusive, lambda joins=joins: joins)
        assert model.coverage(after.list("ports")) == model.coverage(wanted if exclusive else before + wanted)


def test_firewalld_is_not_asked_for_its_version_where_nothing_overlaps():
    zone = Zone("z", ports=["25/tcp"])
    merged = zone.merged(Zone("z", ports=["587/tcp", "26/tcp"]), False, lambda: 1 // 0)
    assert merged.list("ports") == ["25/tcp", "26/tcp", "587/tcp"]


def test_a_source_is_removed_in_the_spelling_it_has():
    before = Zone("z", sources=["10.0.0.0/255.0.0.0", "2001:DB8::/32"])
    assert model.difference("sources", before, Zone("z", sources=["10.0.0.0/8"])) == ([], ["2001:DB8::/32"], [])


@pytest.mark.parametrize(
    "name, longest, good",
    [
        ("postfix", 17, True),
        ("a" * 17, 17, True),
        ("a" * 18, 17, False),
        ("a" * 18, 128, True),
        ("a/b", 17, False),
        ("", 17, False),
        ("caf\xe9", 17, False),
        ("a.b", 17, False),
    ],
)
def test_zone_names(name, longest, good):
    if good:
        model.check_zone_name(name, longest)
    else:
        with pytest.raises(ZoneError):
            model.check_zone_name(name, longest)


def test_a_diff_shows_every_part():
    zone = Zone("z", "DROP", sources=["10.0.0.0/8"], ports=["587/tcp", "25/tcp"])
    assert model.render(zone) == (
        "zone: z\ntarget: DROP\nsources:\n  - 10.0.0.0/8\nservices: []\nports:\n  - 25/tcp\n  - 587/tcp\nrich_rules: []\n"
    )
    assert not re.search(r"\S", model.render(None))
