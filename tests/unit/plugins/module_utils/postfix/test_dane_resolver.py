# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import subprocess
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.host.dns_question import QuestionError, Reply
from ansible_collections.mailops.relay.plugins.module_utils.postfix import dane_resolver
from ansible_collections.mailops.relay.plugins.module_utils.postfix.dane_resolver import (
    DaneError,
    Resolver,
    lost_name,
    validation_problem,
)

RIGHT, WRONG, UNSIGNED, GONE = Reply(0, True, 1), Reply(2, False, 0), Reply(0, False, 1), Reply(3, False, 0)
OWN = dane_resolver.resolv_conf_text("search example.com\nnameserver 192.0.2.53\n")
# name -> what is said of it where it is checked, and where it is not.
GOOD = {"signed.example": (RIGHT, RIGHT), "broken.example": (WRONG, UNSIGNED)}


class Host(object):
    """A host with unbound and Postfix as Debian 12 has them; its programs by name."""

    def __init__(self, root):
        self.root = root
        self.installed = True
        self.systemd, self.can_bind = "systemd 252 (252.39-1~deb12u1)", 0
        self.active, self.starts = False, True
        self.known = dict(GOOD, **{"relay.example.com": (UNSIGNED, UNSIGNED)})
        self.ended = 0
        for path in (
            "etc/unbound",
            "etc/postfix",
            "etc/systemd/system",
            "usr/share/dns",
            "var/lib",
            "lib/systemd/system",
        ):
            root.joinpath(path).mkdir(parents=True)
        self.write("/usr/share/dns/root.key", "")
        self.write("/lib/systemd/system/postfix@.service", "")
        self.write("/etc/resolv.conf", "search example.com\nnameserver 192.0.2.53\n")
        self.write("/etc/postfix/main.cf", "")

    def write(self, path, text):
        path = self.root.joinpath(path.lstrip("/"))
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True)
        path.write_bytes(text.encode("utf-8"))

    def read(self, path):
        return self.root.joinpath(path.lstrip("/")).read_bytes().decode("utf-8")

    def files(self):
        return dict(
            (str(path)[len(str(self.root)) :], path.read_bytes())
            for path in self.root.joinpath("etc").rglob("*")
            if path.is_file()
        )

    def run_postfix(self, unit, chroot=None):
        self.write("/var/spool/postfix/pid/master.pid", "            4711\n")
        self.write("/proc/4711/root/etc/resolv.conf", unit)
        if chroot is not None:
            self.write("/var/spool/postfix/etc/resolv.conf", chroot)

    def find(self, program):
        return "/usr/sbin/" + program if self.installed or program != "unbound" else None

    def run(self, argv, **_options):
        if argv[0] == "systemctl":
            if argv[1] == "--version":
                return Result(0, self.systemd + "\n+PAM +AUDIT\n", "")
            state = "active" if self.active else "inactive"
            return Result(0, "ActiveState={0}\nInactiveExitTimestampMonotonic=0\n".format(state), "")
        if argv[0] == "systemd-run":
            return Result(self.can_bind, "", "Operation not permitted\n" if self.can_bind else "")
        if argv == ["postconf", "-h", "queue_directory"]:
            return Result(0, "/var/spool/postfix\n", "")
        assert argv == ["postconf", "-M"]
        return Result(0, "smtp       inet  n       -       y       -       -       smtpd\n", "")

    def lines(self, argv, merge):
        assert argv[:3] == ["/usr/sbin/unbound", "-d", "-c"] and merge
        with open(argv[3]) as stream:
            assert 'trust-anchor-file: "/usr/share/dns/root.key"' in stream.read()
        try:
            if not self.starts:
                raise CommandError(argv, 1, "", "could not open ports")
            yield "[1:0] notice: init module 0: validator"
            yield "[1:0] info: start of service (unbound 1.17.1)."
            yield "not reached"
        finally:
            self.ended += 1

    def ask(self, server, name, kind, seconds, port=53, dnssec=False, unchecked=False):
        if name not in self.known:
            raise QuestionError("does not answer (5 s)")
        if server in ("192.0.2.53", "127.0.0.53"):
            return UNSIGNED
        return self.known[name][int(unchecked)]

    def call(self, check_mode=False, **options):
        request = {
            "forwarders": [],
            "trust_anchors": [],
            "internal_zones": [],
            "signed_name": "signed.example",
            "broken_name": "broken.example",
            "names": ["relay.example.com"],
            "backup": False,
            "owner": "relay_server",
            "state": "present",
        }
        request.update(options)
        return Resolver(request, self, None, check_mode, str(self.root), self.ask).apply()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_check_real_second_run_and_back(host):
    before = host.files()
    seen = host.call(check_mode=True)
    assert seen["changed"] and not seen["up_to_date"] and host.files() == before and host.ended == 1
    done = host.call()
    assert (
        done["changed"]
        and done["diff"] == seen["diff"]
        and done["restart_required"]
        and done["postfix_restart_required"]
    )
    assert host.read("/etc/postfix/relay_resolv.conf") == OWN
    for unit in ("postfix.service", "postfix@-.service"):
        text = host.read("/etc/systemd/system/{0}.d/mailops-relay-resolver.conf".format(unit))
        assert "BindReadOnlyPaths=/etc/postfix/relay_resolv.conf:/etc/resolv.conf\n" in text
    assert "forward-addr: 192.0.2.53\n" in host.read("/etc/unbound/mailops-relay.conf")
    host.active = True
    host.run_postfix(OWN, OWN)
    asked = host.ended
    again = host.call()
    assert not again["changed"] and again["up_to_date"] and not again["postfix_restart_required"]
    # It was proven when it was set.
    assert host.ended == asked
    back = host.call(state="absent")
    assert (
        back["changed"] and back["postfix_restart_required"] and not back["restart_required"] and host.files() == before
    )
    assert not os.path.isdir(str(host.root.joinpath("etc/systemd/system/postfix.service.d")))


def test_a_lost_resolv_conf_comes_back(tmp_path):
    """The shell's line of the unit, with other programs: a restart where the unit's is lost, a reload where only the chroot's is."""
    line = re.search(r"ExecStart=/bin/sh -c '(.*)'\n", dane_resolver.lost_text()).group(1)
    own, queue, unit = tmp_path / "own", tmp_path / "queue", tmp_path / "proc/4711/root/etc/resolv.conf"
    for path in (queue / "pid", queue / "etc", unit.parent, tmp_path / "bin"):
        path.mkdir(parents=True)
    (queue / "pid/master.pid").write_bytes(b"      4711\n")
    own.write_bytes(b"own\n")
    for name, text in (
        ("postconf", "echo {0}".format(queue)),
        ("postfix", "echo postfix $*"),
        ("systemctl", "echo systemctl $*"),
    ):
        program = tmp_path / "bin" / name
        program.write_bytes(("#!/bin/sh\n{0}\n".format(text)).encode("ascii"))
        program.chmod(0o755)
    line = (
        line.replace("$$", "$")
        .replace(dane_resolver.RESOLV_CONF, str(own))
        .replace("/proc/", str(tmp_path / "proc") + "/")
    )

    def said(in_unit, in_chroot):
        unit.write_bytes(in_unit.encode("ascii"))
        if in_chroot:
            (queue / "etc/resolv.conf").write_bytes(in_chroot.encode("ascii"))
        environment = dict(os.environ)
        environment["PATH"] = "{0}:{1}".format(tmp_path / "bin", environment["PATH"])
        return subprocess.check_output(["/bin/sh", "-c", line], env=environment).decode()

    # No chroot, as on EL.
    assert said("own\n", "") == ""
    assert said("own\n", "own\n") == ""
    assert said("own\n", "host's\n") == "postfix reload\n"
    assert (queue / "etc/resolv.conf").read_bytes() == b"own\n"
    assert said("host's\n", "host's\n") == "systemctl try-restart postfix\n"
    assert "PathChanged=/var/spool/postfix/etc/resolv.conf\n" in dane_resolver.watch_text()


def test_what_a_killed_proof_has_left_goes_with_the_next_one(host):
    for name, age in (("old", 3600), ("new", 0)):
        path = "/etc/unbound/.mailops-relay-proof" + name
        host.write(path, "")
        os.utime(str(host.root.joinpath(path[1:])), (time.time() - age, time.time() - age))
    host.call()
    assert sorted(path for path in host.files() if "proof" in path) == ["/etc/unbound/.mailops-relay-proofnew"]


def test_a_postfix_that_asks_others_has_to_be_restarted(host):
    host.call()
    host.active = True
    for unit, chroot in ((OWN, "nameserver 192.0.2.53\n"), ("nameserver 192.0.2.53\n", OWN)):
        host.run_postfix(unit, chroot)
        result = host.call()
        assert not result["changed"] and result["postfix_restart_required"]


def test_a_host_without_the_package_is_told_in_check_mode_and_refused_outside(host):
    host.installed = False
    result = host.call(check_mode=True)
    assert result["changed"] and not result["installed"] and "Install the package unbound" in result["warnings"][0]
    with pytest.raises(DaneError) as refused:
        host.call()
    assert "Install the package unbound" in str(refused.value)


@pytest.mark.parametrize(
    "known, words",
    [
        ({"signed.example": (WRONG, UNSIGNED)}, "leave signatures out"),
        ({"signed.example": (UNSIGNED, UNSIGNED)}, "not marked as checked (AD)"),
        ({"signed.example": (GONE, GONE)}, "signed.example cannot be had (NXDOMAIN)"),
        ({"broken.example": (UNSIGNED, UNSIGNED)}, "does not validate"),
        ({"broken.example": (GONE, GONE)}, "does not show whether"),
        ({"broken.example": (WRONG, WRONG)}, "does not show whether"),
        ({"relay.example.com": (WRONG, UNSIGNED)}, "relay_server_dane_internal_zones"),
        ({"relay.example.com": (GONE, GONE)}, "relay_server_dane_internal_zones"),
    ],
)
def test_what_does_not_validate_is_refused_before_anything_changes(host, known, words):
    before = host.files()
    host.known.update(known)
    for check_mode in (True, False):
        with pytest.raises(DaneError) as refused:
            host.call(check_mode=check_mode)
        assert words in str(refused.value) and "Nothing was changed." in str(refused.value)
    # The record's lock file is not a change.
    assert host.files() == before and host.ended == 2


def test_what_systemd_resolved_makes_up_is_told(host):
    host.known["relay.example.com"] = (WRONG, UNSIGNED)
    for forwarders, told in ((["127.0.0.53"], True), (["192.0.2.53"], False)):
        with pytest.raises(DaneError) as refused:
            host.call(check_mode=True, forwarders=forwarders)
        assert ("name the resolvers behind it" in str(refused.value)) is told


@pytest.mark.parametrize(
    "options, words",
    [
        ({"forwarders": ["dns.example.net"]}, "not an address"),
        ({"forwarders": ["127.0.0.153"]}, "the resolver itself"),
        ({"trust_anchors": ["example.net. A 192.0.2.1"]}, "no DS or DNSKEY"),
        ({"internal_zones": ["a b"]}, "no name of a zone"),
    ],
)
def test_options_that_cannot_be_used(host, options, words):
    with pytest.raises(DaneError) as refused:
        host.call(**options)
    assert words in str(refused.value)


def test_a_host_that_cannot_do_it_is_refused(host):
    host.starts = False
    with pytest.raises(DaneError) as refused:
        host.call()
    assert "could not open ports" in str(refused.value)
    host.can_bind = 226
    with pytest.raises(DaneError) as refused:
        host.call()
    assert "CAP_SYS_ADMIN" in str(refused.value)
    host.systemd = "systemd 219"
    with pytest.raises(DaneError) as refused:
        host.call()
    assert "systemd 219" in str(refused.value) and "233" in str(refused.value)
    host.write("/etc/resolv.conf", "search example.com\n")
    with pytest.raises(DaneError) as refused:
        host.call()
    assert "relay_server_dane_resolvers" in str(refused.value)


def test_a_name_that_nobody_knows_is_not_lost():
    def gone(_name):
        return GONE

    def silent(_name):
        raise QuestionError("does not answer (5 s)")

    assert lost_name(["a.example"], gone, gone) is None and lost_name(["a.example"], gone, silent) is None
    assert lost_name(["a.example"], silent, lambda _name: UNSIGNED) == "a.example"


def test_a_resolver_that_does_not_answer_is_no_proof():
    def silent(_name, _unchecked):
        raise QuestionError("does not answer (5 s)")

    assert "does not answer" in validation_problem("a.example", "b.example", silent)
