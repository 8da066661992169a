# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import functools
import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import files, firewalld_zone, owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host import firewalld_model as model
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld import Firewalld
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_zone import Request, converge
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import SshAccess
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, TransactionError

KINDS = {"service": "services", "port": "ports", "source": "sources", "rich-rule": "rich_rules"}
LOCAL = SshAccess([22], None)
PUBLIC = b'<zone>\n  <service name="ssh"/>\n  <service name="dhcpv6-client"/>\n</zone>\n'


class FakeFirewalld(object):
    """A firewalld that keeps a runtime of its own, and does what the real firewall-cmd does with options."""

    def __init__(self, root):
        self.etc = os.path.join(root, "etc")
        self.lib = os.path.join(root, "lib")
        for base in (self.etc, self.lib):
            for folder in ("zones", "services", "ipsets"):
                os.makedirs(os.path.join(base, folder))
        self.version = "1.3.3"
        self.running = True
        self.there = True
        self.panic = False
        self.programs = {"firewall-cmd", "ip", "busctl"}
        self.broken = None
        self.fails = lambda argv: False
        self.ignores = ()
        self.routes = {}
        self.log = []
        for name, port in (("ssh", 22), ("smtp", 25), ("odd", 2222)):
            self.put(
                "lib/services/{0}.xml".format(name),
                '<service><port port="{0}" protocol="tcp"/></service>'.format(port).encode("ascii"),
            )
        self.put("lib/services/dhcpv6-client.xml", b"<service/>")
        self.put("lib/zones/public.xml", PUBLIC)
        self.load()

    def put(self, path, data):
        with open(os.path.join(os.path.dirname(self.etc), path), "wb") as stream:
            stream.write(data)

    def file(self, name):
        path = os.path.join(self.etc, "zones", name + ".xml")
        if not os.path.exists(path):
            return None
        with open(path, "rb") as stream:
            return stream.read()

    def load(self):
        self.runtime = Firewalld(self, self.etc, self.lib).permanent()

    def find(self, program):
        return "/usr/bin/" + program if program in self.programs and (self.there or program == "ip") else None

    def run(self, argv, stdin=None, check=True, env=None):
        self.log.append(argv)
        result = Result(3, "", "boom") if self.fails(argv) else self.answer(argv)
        if check and result.rc != 0:
            raise CommandError(argv, *result)
        return result

    def answer(self, argv):
        if argv[0] == "ip":
            return Result(0, self.routes.get(argv[-1], ""), "")
        if "--version" in argv:
            return Result(0, self.version + "\n", "")
        if "--check-config" in argv:
            return self.broken or Result(0, "success\n", "")
        if not self.running:
            return Result(252, "", "FirewallD is not running\n")
        if "--list-all-zones" in argv:
            return Result(0, "\n".join(self.listing(self.runtime[name]) for name in sorted(self.runtime)), "")
        if "queryPanicMode" in argv:
            return Result(0, "b true\n" if self.panic else "b false\n", "")
        if "--query-panic" in argv:
            return Result(0 if self.panic else 1, "yes\n" if self.panic else "no\n", "")
        if "--reload" in argv:
            self.load()
            return Result(0, "success\n", "")
        return self.change(argv)

    @staticmethod
    def listing(zone):
        return "{0}\n  target: {1}\n  interfaces: {2}\n  sources: {3}\n  services: {4}\n  ports: {5}\n  rich rules: \n{6}".format(
            zone.name,
            {"REJECT": "%%REJECT%%"}.get(zone.target, zone.target),
            " ".join(zone.interfaces),
            " ".join(zone.items["sources"].values()),
            " ".join(zone.items["services"].values()),
            " ".join(zone.items["ports"].values()),
            "".join("\t{0}\n".format(rule) for rule in zone.items["rich_rules"].values()),
        )

    def change(self, argv):
        options = [word for word in argv[1:] if word.startswith(("--add-", "--remove-"))]
        verbs = set(word.partition("=")[0] for word in options)
        assert len(verbs) == 1, "firewall-cmd runs only the first kind of {0}".format(argv)
        name = argv[-len(options) - 1].partition("=")[2]
        verb, dummy, kind = verbs.pop()[2:].partition("-")
        permanent = "--permanent" in argv
        zone = Firewalld(self, self.etc, self.lib).permanent(name)[name] if permanent else self.runtime[name]
        for option in options:
            text = option.partition("=")[2]
            if text in self.ignores:
                continue
            items = zone.items[KINDS[kind]]
            canonical = list(model.Zone("x", **{KINDS[kind]: [text]}).items[KINDS[kind]])[0]
            if verb == "add":
                items[canonical] = text
            else:
                items.pop(canonical, None)
        if permanent:
            self.put(
                "etc/zones/{0}.xml".format(name),
                model.write_zone_file(Firewalld(self, self.etc, self.lib).zone_file(name), zone),
            )
        return Result(0, "success\n", "Warning: INVALID_PORT: x\n" if self.ignores else "")

    def verbs(self):
        return [
            ("permanent " if "--permanent" in argv else "") + argv[-1].partition("=")[0]
            for argv in self.log
            if argv[-1].startswith(("--add", "--remove", "--reload"))
        ]

    def state(self):
        files = dict((name, self.file(name)) for name in ("postfix", "public", "web"))
        return files, dict((name, zone.facts()) for name, zone in self.runtime.items())


@pytest.fixture
def host(tmp_path):
    return FakeFirewalld(str(tmp_path))


def ask(host, access=LOCAL, check_mode=False, **options):
    values = dict(
        zone="postfix",
        state="present",
        target=None,
        sources=None,
        services=None,
        ports=None,
        rich_rules=None,
        exclusive=False,
        allow_ssh_lockout=False,
        owner=None,
    )
    values.update(options)
    del host.log[:]
    return converge(Firewalld(host, host.etc, host.lib), Request(**values), access, check_mode)


def relay_zone(host, **options):
    values = dict(sources=["10.0.0.0/8"], services=["ssh"], ports=["25/tcp", "587/tcp"], exclusive=True)
    values.update(options)
    return ask(host, **values)


def refused(host, part, **options):
    before = host.state()
    with pytest.raises(model.ZoneError) as info:
        relay_zone(host, **options)
    assert part in str(info.value)
    assert host.state() == before
    assert host.verbs() == []
    return str(info.value)


# -- what it does


def test_a_new_zone_takes_one_reload_and_at_most_six_calls(host):
    result = relay_zone(host)
    assert (result["changed"], result["reloaded"], result["runtime"]) == (True, True, True)
    assert result["calls"] <= 6
    assert (
        host.runtime["postfix"].facts()
        == result["zone"]
        == {
            "name": "postfix",
            "target": "default",
            "sources": ["10.0.0.0/8"],
            "services": ["ssh"],
            "ports": ["25/tcp", "587/tcp"],
            "rich_rules": [],
        }
    )


def test_an_unchanged_zone_costs_at_most_two_calls(host):
    assert not relay_zone(host)["up_to_date"]
    result = relay_zone(host)
    assert (result["changed"], result["reloaded"], result["up_to_date"]) == (False, False, True)
    assert result["calls"] <= 2


def test_check_mode_says_what_the_real_run_does_and_writes_nothing(host):
    before = host.state()
    checked = relay_zone(host, check_mode=True)
    assert host.state() == before
    real = relay_zone(host)
    assert (checked["changed"], checked["diff"], checked["zone"]) == (real["changed"], real["diff"], real["zone"])
    assert checked["diff"][0]["before"] == ""
    assert "  - 10.0.0.0/8\n" in checked["diff"][0]["after"]


def test_an_existing_zone_gets_both_sides_without_a_reload_and_adds_come_first(host):
    relay_zone(host)
    result = relay_zone(host, sources=["192.168.0.0/16"], ports=["25/tcp", "465/tcp"])
    assert not result["reloaded"]
    assert host.verbs() == [
        "permanent --add-port",
        "permanent --add-source",
        "--add-port",
        "--add-source",
        "--remove-source",
        "--remove-port",
        "permanent --remove-source",
        "permanent --remove-port",
    ]
    assert host.runtime["postfix"].list("sources") == ["192.168.0.0/16"]
    assert host.runtime["postfix"].list("ports") == ["25/tcp", "465/tcp"]
    assert b"192.168.0.0/16" in host.file("postfix") and b"10.0.0.0/8" not in host.file("postfix")


def test_additive_keeps_what_is_there(host):
    relay_zone(host)
    result = ask(host, ports=["465/tcp"])
    assert result["zone"]["ports"] == ["25/tcp", "465/tcp", "587/tcp"]
    assert result["zone"]["sources"] == ["10.0.0.0/8"]
    assert host.verbs() == ["permanent --add-port", "--add-port"]


def test_only_the_side_that_drifted_is_repaired(host):
    relay_zone(host)
    del host.runtime["postfix"].items["ports"]["25/tcp"]
    result = relay_zone(host)
    assert host.verbs() == ["--add-port"]
    assert [side["before"] == side["after"] for side in result["diff"]] == [True, False]
    host.put("etc/zones/postfix.xml", host.file("postfix").replace(b'port="25"', b'port="26"'))
    relay_zone(host)
    assert host.verbs() == ["permanent --add-port", "permanent --remove-port"]
    assert host.runtime["postfix"].facts() == relay_zone(host)["zone"]


def test_another_target_needs_a_reload_and_no_target_keeps_it(host):
    relay_zone(host)
    assert relay_zone(host, target="REJECT")["reloaded"]
    assert host.runtime["postfix"].target == "REJECT"
    assert b'target="%%REJECT%%"' in host.file("postfix")
    assert not relay_zone(host)["changed"]
    assert relay_zone(host, target="default")["changed"]


def test_a_reload_that_drops_runtime_settings_of_another_zone_says_so(host):
    host.runtime["public"].items["services"]["smtp"] = "smtp"
    assert any("public" in warning and "runtime-only" in warning for warning in relay_zone(host)["warnings"])


def test_a_packaged_zone_is_changed_in_a_copy(host):
    ask(host, zone="public", ports=["25/tcp"])
    assert b'port="25"' in host.file("public") and b"dhcpv6-client" in host.file("public")


def test_firewalld_stopped_changes_the_permanent_zone_only(host):
    host.running = False
    result = relay_zone(host)
    assert (result["changed"], result["runtime"], result["reloaded"]) == (True, False, False)
    assert b"10.0.0.0/8" in host.file("postfix")
    assert not relay_zone(host)["changed"]
    assert ask(host, state="absent")["changed"] and host.file("postfix") is None


def test_a_zone_is_removed(host):
    relay_zone(host)
    assert ask(host, state="absent")["changed"]
    assert "postfix" not in host.runtime and host.file("postfix") is None
    assert not ask(host, state="absent")["changed"]


def test_without_firewalld_check_mode_predicts_and_a_real_run_says_why_not(host):
    host.there = False
    result = relay_zone(host, check_mode=True)
    assert result["changed"] and result["warnings"] and result["zone"]["ports"] == ["25/tcp", "587/tcp"]
    refused(host, "install firewalld")


# -- what it refuses


@pytest.mark.parametrize(
    "part, options",
    [
        ("10.0.0.0/8", {"sources": ["10.0.0.5/8"]}),
        ("25/tcp", {"ports": ["25"]}),
        ("did you mean ssh", {"services": ["shh"]}),
        ("did you mean smtp", {"rich_rules": ["rule service name=smpt accept"]}),
        ("no ipset 'clients'", {"sources": ["ipset:clients"]}),
        ("no action", {"rich_rules": ["rule service name=ssh"]}),
        ("accepts 17", {"zone": "a" * 18}),
        ("only letters", {"zone": "../x"}),
        ("comes with firewalld", {"zone": "public", "state": "absent"}),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(host, part, options):
    refused(host, part, **options)


def test_a_source_of_another_zone_is_refused_with_its_name(host):
    host.put("etc/zones/web.xml", b'<zone><source address="10.0.0.0/255.0.0.0"/><service name="ssh"/></zone>')
    assert "zone web (permanent)" in refused(host, "10.0.0.0/8 is bound to")


def test_an_overlap_with_another_zone_is_a_warning(host):
    host.put("etc/zones/web.xml", b'<zone><source address="10.1.0.0/16"/><service name="ssh"/></zone>')
    assert any("10.1.0.0/16 of zone web" in warning for warning in relay_zone(host)["warnings"])


def test_a_broken_file_of_another_zone_does_not_matter_and_one_of_this_zone_does(host):
    host.put("etc/zones/web.xml", b"<zone")
    relay_zone(host)
    host.put("etc/zones/postfix.xml", b"<zone")
    refused(host, "etc/zones/postfix.xml")


def test_a_long_name_is_for_the_installed_firewalld_to_accept(host):
    host.version = "2.4.0"
    assert relay_zone(host, zone="a" * 40)["changed"]


# -- everybody is no source

HALVES = ["0.0.0.0/1", "128.0.0.0/1"]


@pytest.mark.parametrize(
    "sources, named",
    [
        (["0.0.0.0/0"], "0.0.0.0/0"),
        (["10.0.0.0/8", "::/0"], "::/0"),
        (HALVES, "0.0.0.0/1, 128.0.0.0/1"),
        (["ipset:all"], "0.0.0.0/1 of ipset:all, 128.0.0.0/1 of ipset:all"),
        (["ipset:range"], "1.0.0.0-223.255.255.255 of ipset:range"),
    ],
)
def test_a_source_that_is_everybody_is_refused(host, sources, named):
    entries = "".join("<entry>{0}</entry>".format(entry) for entry in HALVES)
    host.put("etc/ipsets/all.xml", '<ipset type="hash:net">{0}</ipset>'.format(entries).encode("ascii"))
    host.put("lib/ipsets/range.xml", b'<ipset type="hash:net"><entry>1.0.0.0-223.255.255.255</entry></ipset>')
    assert "zone postfix" in refused(host, "its source {0} takes in hosts of strangers".format(named), sources=sources)
    # The zone has to go, whatever its sources were.
    ask(host, sources=sources, state="absent")


def test_clients_with_addresses_of_the_internet_are_no_strangers(host):
    host.put("etc/ipsets/clients.xml", b'<ipset type="hash:net"><entry>198.51.100.0/24</entry><entry/></ipset>')
    assert relay_zone(host, sources=["192.0.2.0/24", "2001:db8::/32", "ipset:clients"])["changed"]


def test_an_existing_zone_that_takes_everybody_is_refused_until_that_source_goes(host):
    relay_zone(host)
    host.put("etc/zones/postfix.xml", host.file("postfix").replace(b"10.0.0.0/8", b"0.0.0.0/0"))
    host.load()
    with pytest.raises(model.ZoneError) as info:
        ask(host, ports=["465/tcp"])
    assert "its source 0.0.0.0/0" in str(info.value)
    assert relay_zone(host)["zone"]["sources"] == ["10.0.0.0/8"]


def test_another_zone_that_opens_the_same_ports_to_everybody_is_named(host):
    host.put("etc/zones/web.xml", b'<zone><source address="0.0.0.0/0"/><service name="ssh"/></zone>')
    host.load()
    assert relay_zone(host)["changed"]
    host.put(
        "etc/zones/web.xml", b'<zone><source address="0.0.0.0/0"/><service name="ssh"/><service name="smtp"/></zone>'
    )
    assert "port 25/tcp is open in zone web (permanent) too" in refused(
        host, "whose source 0.0.0.0/0", ports=["25/tcp"]
    )
    assert relay_zone(host, ports=["587/tcp"])["changed"]


def test_without_firewalld_everybody_is_refused_too(host):
    host.there = False
    with pytest.raises(model.ZoneError) as info:
        relay_zone(host, check_mode=True, sources=HALVES)
    assert "0.0.0.0/1, 128.0.0.0/1" in str(info.value)


# -- firewalld itself


@pytest.mark.parametrize("bus", ["answers", "refuses", "has no program"])
def test_panic_mode_is_said_and_left_alone(host, bus):
    if bus == "refuses":
        host.fails = lambda argv: argv[0] == "busctl"
    elif bus == "has no program":
        host.programs.remove("busctl")
    relay_zone(host)
    host.panic = True
    assert "'firewall-cmd --panic-off'" in refused(host, "panic mode", ports=["465/tcp"])
    refused(host, "panic mode", check_mode=True)
    # Who comes over SSH is the proof that there is none.
    host.log = []
    assert not relay_zone(host, access=SshAccess([22], "10.0.0.9"))["changed"]
    assert not any("queryPanicMode" in argv or "--query-panic" in argv for argv in host.log)
    host.running = False
    assert relay_zone(host, ports=["465/tcp"])["changed"]


def test_the_file_that_breaks_the_configuration_is_named(host):
    host.put("etc/services/web.xml", b"<service")
    # firewalld 1.3.3
    said = "Error: INVALID_SERVICE: not a valid service file: unclosed token: line 1, column 0\n"
    host.broken = Result(101, "", said)
    for check_mode in (True, False):
        before = host.state()
        with pytest.raises(model.ZoneError) as info:
            relay_zone(host, check_mode=check_mode)
        assert "INVALID_SERVICE" in str(info.value)
        assert "etc/services/web.xml is not XML: unclosed token: line 1, column 0" in str(info.value)
        assert host.state() == before
    host.running = False
    with pytest.raises(model.ZoneError) as info:
        relay_zone(host, check_mode=True)
    assert "etc/services/web.xml" in str(info.value)


def test_a_reload_that_would_fail_for_an_unknown_ipset_is_not_begun(host):
    host.put("etc/zones/web.xml", b'<zone><source ipset="nope"/></zone>')
    refused(host, "etc/zones/web.xml has the source ipset:nope")
    refused(host, "etc/zones/web.xml has the source ipset:nope", check_mode=True)
    host.put("etc/ipsets/nope.xml", b'<ipset type="hash:net"/>')
    assert relay_zone(host)["changed"]


def test_a_second_run_waits_for_the_first(host, monkeypatch):
    monkeypatch.setattr(firewalld_zone, "Lock", functools.partial(Lock, wait=0.0))
    before = host.state()
    for check_mode in (False, True):
        with Lock(host.etc), pytest.raises(TransactionError) as info:
            relay_zone(host, check_mode=check_mode)
        assert "locked by another run" in str(info.value)
        assert host.state() == before
    assert relay_zone(host)["changed"]


# -- SSH stays


@pytest.mark.parametrize(
    "options",
    [
        {"services": []},
        {"services": ["smtp"], "target": "DROP"},
        {"services": ["odd"]},
        {"rich_rules": ["rule service name=ssh reject"]},
        {"target": "ACCEPT", "services": [], "rich_rules": ["rule port port=20-30 protocol=tcp drop"]},
        {"services": [], "rich_rules": ["rule family=ipv4 source address=10.0.0.9 service name=ssh accept"]},
    ],
)
def test_a_zone_that_cuts_ssh_is_refused(host, options):
    message = refused(host, "SSH", **options)
    assert "allow_ssh_lockout=true" in message
    assert relay_zone(host, allow_ssh_lockout=True, **options)["changed"]


@pytest.mark.parametrize(
    "options",
    [
        {"services": ["ssh"]},
        {"services": [], "ports": ["20-30/tcp"]},
        {"services": [], "target": "ACCEPT"},
        {"services": [], "rich_rules": ["rule service name=ssh accept"]},
        {"rich_rules": ["rule family=ipv4 source address=10.0.0.9 drop"]},
    ],
)
def test_a_zone_that_lets_ssh_in_is_not(host, options):
    assert relay_zone(host, **options)["changed"]


def test_the_port_of_ansibles_own_connection_counts(host):
    refused(host, "add 2222/tcp", access=SshAccess([2222], "10.0.0.9"))
    assert relay_zone(host, access=SshAccess([2222], "10.0.0.9"), services=["odd"])["changed"]


def test_a_rule_against_ansibles_own_address_counts(host):
    rule = "rule family=ipv4 source address=10.0.0.0/24 drop"
    assert "narrow its rich rule" in refused(host, "SSH", access=SshAccess([22], "10.0.0.9"), rich_rules=[rule])
    assert relay_zone(host, access=SshAccess([22], "10.1.0.9"), rich_rules=[rule])["changed"]


def test_where_ssh_does_not_run_no_zone_cuts_it(host):
    assert relay_zone(host, access=SshAccess([], None), services=[])["changed"]


def test_each_port_of_ssh_stays_open_where_it_is(host):
    both = SshAccess([22, 2222], None)
    # The zone is not to blame for a port that nobody reached before.
    assert relay_zone(host, access=both)["changed"]
    ask(host, state="absent")
    host.put("etc/zones/public.xml", PUBLIC.replace(b"</zone>", b'<port port="2222" protocol="tcp"/></zone>'))
    host.load()
    for access in (both, SshAccess([22], None, [2222]), SshAccess([22], "10.0.0.9", [2222])):
        message = refused(host, "does not let SSH (port 2222) in, as zone public does now", access=access)
        assert "add 2222/tcp to its ports" in message
    opened = dict(ports=["25/tcp", "2222/tcp"])
    assert relay_zone(host, access=both, **opened)["changed"]
    assert "as zone postfix does now" in refused(host, "SSH (port 2222)", access=both)
    assert relay_zone(host, access=SshAccess([22], None))["changed"]
    # Elsewhere too: the sources that go have been in the zone of their interface before.
    relay_zone(host, access=both, **opened)
    host.put("etc/zones/public.xml", PUBLIC)
    host.load()
    refused(host, "in zone public, which does not let SSH (port 2222) in", access=both, state="absent")
    refused(
        host, "in zone public, which does not let SSH (port 2222) in", access=both, sources=["10.1.0.0/16"], **opened
    )


def test_the_default_zone_keeps_each_port_of_ssh(host):
    host.put("etc/zones/public.xml", PUBLIC.replace(b"</zone>", b'<port port="2222" protocol="tcp"/></zone>'))
    host.load()
    both = SshAccess([22, 2222], None)
    refused(host, "no longer let SSH (port 2222) in; add 2222/tcp", access=both, zone="public", sources=[], ports=[])


def test_the_default_zone_keeps_ssh(host):
    refused(host, "no other zone takes", zone="public", sources=[], services=["smtp"])


def test_sources_are_not_dropped_into_a_zone_without_ssh(host):
    relay_zone(host)
    host.put("etc/zones/public.xml", PUBLIC.replace(b'"ssh"', b'"smtp"'))
    host.load()
    assert "zone public" in refused(host, "no longer be in zone postfix", state="absent")
    refused(host, "no longer be in zone postfix", sources=[])
    host.put("etc/zones/web.xml", b'<zone><interface name="eth1"/><service name="ssh"/></zone>')
    host.load()
    host.routes["10.0.0.1"] = "10.0.0.1 dev eth1 src 10.9.9.9 uid 0\n    cache\n"
    assert ask(host, state="absent")["changed"]


# -- when it fails


def fail_on(*words):
    """Fails once, on the call that has all of these words."""
    left = [1]

    def fails(argv):
        if left and all(any(word in arg for arg in argv) for word in words):
            return bool(left.pop())
        return False

    return fails


@pytest.mark.parametrize(
    "step",
    [
        ("--permanent", "--add-port"),
        ("--permanent", "--add-source"),
        ("--add-source=192.168.0.0/16", "--zone"),
        ("--remove-source",),
        ("--remove-port",),
        ("--permanent", "--remove-port"),
    ],
)
def test_a_failure_in_the_middle_puts_back_what_was_there(host, step):
    relay_zone(host)
    host.runtime["postfix"].items["services"]["smtp"] = "smtp"
    before = host.state()
    host.fails = fail_on(*step)
    with pytest.raises(model.ZoneError) as info:
        relay_zone(host, sources=["192.168.0.0/16"], ports=["465/tcp"])
    assert "boom" in str(info.value) and "has been put back" in str(info.value)
    assert host.state() == before


@pytest.mark.parametrize("step", ["--reload", "--check-config"])
def test_a_failing_reload_puts_back_what_was_there(host, step):
    relay_zone(host)
    host.runtime["public"].items["services"]["smtp"] = "smtp"
    for options in ({"target": "DROP"}, {"zone": "web", "sources": ["192.168.0.0/16"]}, {"state": "absent"}):
        before = host.state()
        host.fails = fail_on(step)
        with pytest.raises(model.ZoneError) as info:
            relay_zone(host, **options)
        assert "has been put back" in str(info.value)
        assert host.state() == before


def test_what_firewall_cmd_passes_over_with_exit_code_0_is_noticed(host):
    relay_zone(host)
    before = host.state()
    host.ignores = ("465/tcp",)
    with pytest.raises(model.ZoneError) as info:
        ask(host, ports=["465/tcp", "466/tcp"])
    assert "INVALID_PORT" in str(info.value)
    assert host.state() == before


@pytest.mark.parametrize(
    "options", [{"target": "DROP"}, {"zone": "web", "sources": ["192.168.0.0/16"]}, {"state": "absent"}]
)
def test_where_nothing_could_be_written_nothing_is_left_to_put_back(host, monkeypatch, options):
    relay_zone(host)
    before = host.state()

    def refuse(*arguments):
        raise OSError(errno.EROFS, "Read-only file system", "/etc/firewalld/zones/x.xml")

    monkeypatch.setattr(files, "write_atomically", refuse)
    monkeypatch.setattr(os, "unlink", refuse)
    with pytest.raises(model.ZoneError) as info:
        relay_zone(host, **options)
    monkeypatch.undo()
    assert "mount it for writing" in str(info.value) and "has been put back" in str(info.value)
    assert host.state() == before


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_fifo_in_the_place_of_any_file_is_refused_before_firewalld_waits_for_it(host, check_mode):
    relay_zone(host)
    before = host.state()
    os.mkfifo(os.path.join(host.etc, "zones", "other.xml"))
    calls = []
    host.fails = calls.append
    with pytest.raises(model.ZoneError) as info:
        ask(host, ports=["465/tcp"], check_mode=check_mode)
    assert "other.xml: it is a FIFO" in str(info.value) and "Nothing was changed" in str(info.value)
    assert not [argv for argv in calls if "--permanent" in argv or "--check-config" in argv]
    os.unlink(os.path.join(host.etc, "zones", "other.xml"))
    assert host.state() == before


def test_a_failure_to_put_back_is_said(host):
    relay_zone(host)
    host.fails = lambda argv: any(word.startswith(("--add", "--remove")) and "--permanent" not in argv for word in argv)
    with pytest.raises(model.ZoneError) as info:
        ask(host, ports=["465/tcp"])
    assert "has been put back" in str(info.value)
    host.fails = lambda argv: "--reload" in argv
    with pytest.raises(model.ZoneError) as info:
        ask(host, target="DROP")
    assert "failed too" in str(info.value)


@pytest.fixture
def owned(host, tmp_path, monkeypatch):
    monkeypatch.setattr(owners_record, "RECORD", str(tmp_path / "state" / "owners.json"))

    def call(owner="role", **options):
        return relay_zone(host, owner=owner, **options)

    def absent(owner="role", **options):
        return ask(host, owner=owner, state="absent", **options)

    call.absent = absent
    return call


def own(host, *items, **more):
    """Make the zone postfix as a person would have, permanent and at runtime."""
    host.put("etc/zones/postfix.xml", b"<zone>" + b"".join(items) + b"</zone>\n")
    host.load()
    return host.state()


@pytest.mark.parametrize("running", [True, False])
def test_a_zone_that_an_owner_has_made_goes_again_and_check_mode_says_so(host, owned, running):
    host.running = running
    before = host.state()
    assert owned()["changed"] and not owned()["changed"]
    there = host.state()
    predicted = owned.absent(check_mode=True)
    assert host.state() == there and predicted["changed"]
    result = owned.absent()
    assert result["diff"] == predicted["diff"] and result["zone"] is None and result["warnings"] == []
    assert host.state() == before
    again = owned.absent()
    assert not again["changed"] and again["warnings"] == []


def test_what_was_in_a_zone_before_comes_back(host, owned):
    zone = (b'<service name="ssh"/>', b'<service name="odd"/>', b'<port port="80" protocol="tcp"/>')
    _files, before = own(host, *zone)
    owned(target="DROP")
    assert host.runtime["postfix"].list("services") == ["ssh"] and host.runtime["postfix"].target == "DROP"
    owned.absent()
    assert host.state()[1] == before
    assert Firewalld(host, host.etc, host.lib).permanent()["postfix"].facts() == before["postfix"]


def test_what_is_no_longer_named_goes(host, owned):
    owned(exclusive=False, sources=["10.0.0.0/8", "192.0.2.0/24"])
    assert ask(host, zone="postfix", ports=["8080/tcp"])["changed"]
    owned(exclusive=False, ports=["25/tcp"])
    zone = host.runtime["postfix"]
    assert zone.list("sources") == ["10.0.0.0/8"] and zone.list("ports") == ["25/tcp", "8080/tcp"]


@pytest.mark.parametrize(
    "item, what",
    [
        (b'<port port="8080" protocol="tcp"/>', "ports 8080/tcp"),
        (b'<interface name="eth1"/>', "interface eth1"),
        (b"<masquerade/>", "masquerade"),
    ],
)
def test_what_somebody_else_has_put_into_the_zone_stays_with_it(host, owned, item, what):
    owned()
    host.put("etc/zones/postfix.xml", host.file("postfix").replace(b"</zone>", item + b"</zone>"))
    host.load()
    warnings = owned.absent()["warnings"]
    assert "zone postfix stays" in warnings[0] and what in warnings[0]
    zone = host.runtime["postfix"]
    # An interface is a way in for SSH.
    assert zone.list("services") == (["ssh"] if zone.interfaces else []) and len(warnings) == 1 + len(zone.interfaces)
    assert zone.list("sources") == [] and "25/tcp" not in zone.list("ports")
    assert item in host.file("postfix").replace(b'"  />', b'"/>')


def test_an_item_of_two_owners_goes_with_the_last(host, owned):
    before = host.state()
    owned()
    assert not owned(owner="other")["changed"]
    owned.absent()
    assert host.runtime["postfix"].list("ports") == ["25/tcp", "587/tcp"]
    owned.absent(owner="other")
    assert host.state() == before


def test_another_target_than_the_owners_is_refused(host, owned):
    owned(target="DROP")
    there = host.state()
    with pytest.raises(RelayError) as caught:
        owned(owner="other", target="REJECT")
    assert "zone postfix: target" in str(caught.value) and "owner role" in str(caught.value)
    assert host.state() == there


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_zone_that_is_no_longer_named_makes_room_for_the_new_one(host, owned, check_mode):
    owned()
    result = owned(zone="web", check_mode=check_mode)
    assert [diff["before_header"].split()[1] for diff in result["diff"]] == ["postfix", "postfix", "web", "web"]
    if not check_mode:
        assert "postfix" not in host.runtime and host.runtime["web"].list("sources") == ["10.0.0.0/8"]
        assert host.file("postfix") is None


def test_the_default_zone_and_ssh_are_guarded_when_it_is_given_back(host, owned):
    owned()
    host.put("etc/firewalld.conf", b"DefaultZone=postfix\n")
    there = host.state()
    for access in (LOCAL, SshAccess([22], None)):
        with pytest.raises(RelayError):
            owned.absent(access=access)
    assert host.state() == there


def test_a_zone_of_an_earlier_release_goes_too(host, owned):
    before = host.state()
    relay_zone(host)
    result = owned()
    assert not result["changed"] and "kept no record" in result["warnings"][0]
    assert owned()["warnings"] == []
    owned.absent()
    assert host.state() == before


def test_when_it_fails_the_record_says_what_is_there(host, owned, tmp_path):
    owned()
    record, there = (tmp_path / "state" / "owners.json").read_bytes(), host.state()
    host.fails = lambda argv: "--reload" in argv and host.file("postfix") is None
    with pytest.raises(RelayError):
        owned.absent()
    host.fails = lambda argv: False
    assert host.state() == there and (tmp_path / "state" / "owners.json").read_bytes() == record
    owned.absent()
    assert host.file("postfix") is None


def test_without_firewalld_there_is_nothing_to_give_back(host, owned):
    host.there = False
    assert not owned.absent()["changed"]
    host.there = True
    owned()
    host.there = False
    with pytest.raises(RelayError):
        owned.absent()
