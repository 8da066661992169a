# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import functools
import os
import stat

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import files, iptables_rules, owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables import Iptables
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_rules import Request, converge
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import (
    Document,
    Rule,
    RulesError,
    split,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import SshAccess
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, TransactionError

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures", "iptables")
ANYBODY = SshAccess([22], None)
EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
OPENING = "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 25 -m comment --comment postfix -j ACCEPT"


def fixture(name):
    return files.read_native(os.path.join(FIXTURES, name))


class Host(object):
    """A kernel's filter tables behind the programs of iptables; runs of the module count in C(log)."""

    def __init__(self, root, ipv4=EMPTY, ipv6=EMPTY, installed=True):
        self.root = root
        self.tables = {"iptables": ipv4, "ip6tables": ipv6}
        self.programs = (
            ["iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore"] if installed else []
        )
        self.log = []
        self.stderr = ""
        self.fails = []
        self.before_load = None
        for directory in ("run", "proc/sys/net/ipv6", "etc/iptables", "usr/share/netfilter-persistent/plugins.d"):
            os.makedirs(os.path.join(root, directory))

    def find(self, program):
        return "/usr/sbin/xtables-nft-multi" if program in self.programs else None

    def run(self, argv, stdin=None, check=True, env=None):
        self.log.append(" ".join(argv))
        program, _dash, verb = argv[0].rpartition("-")
        if argv[0] in self.fails or " ".join(argv[:2]) in self.fails:
            if check:
                raise CommandError(argv, 1, "", "line 3 failed")
            return Result(1, "", "")
        if verb == "restore" and "--noflush" in argv:
            if self.before_load is not None:
                self.before_load(self)
            self.load(program, stdin)
        return Result(0, self.tables.get(program, EMPTY), self.stderr)

    def load(self, program, text):
        table = Document(self.tables[program]).table()
        rules = [rule for _line, rule in table.rules]
        for line in text.splitlines()[1:-1]:
            verb, chain, rest = line.split(" ", 2)
            if verb == "-D":
                rules.remove([rule for rule in rules if rule.chain == chain and rule.words == tuple(split(rest))][0])
                continue
            number, rest = rest.split(" ", 1)
            words, counters = split(rest), (0, 0)
            if words[0] == "-c":
                counters, words = (int(words[1]), int(words[2])), words[3:]
            ours = [position for position, rule in enumerate(rules) if rule.chain == chain]
            position = (ours + [len(rules)])[int(number) - 1]
            rules.insert(position, Rule(chain, tuple(words), counters))
        lines = [":{0} {1} [0:0]".format(*item) for item in sorted(table.policies.items())]
        lines += ["[{0}:{1}] {2}".format(*((rule.counters or (0, 0)) + (rule,))) for rule in rules]
        self.tables[program] = "\n".join(["*filter"] + lines + ["COMMIT", ""])

    def chain(self, family="iptables"):
        return [str(rule) for rule in Document(self.tables[family]).table().chain("INPUT")]

    def path(self, name="rules.v4"):
        return os.path.join(self.root, "etc/iptables", name)

    def apply(self, check_mode=False, access=ANYBODY, **options):
        values = dict(
            name="postfix",
            state="present",
            chain="INPUT",
            sources=["10.0.0.0/8"],
            ports=["25/tcp"],
            exclusive=False,
            saved_file_ipv4=None,
            saved_file_ipv6=None,
            allow_ssh_lockout=False,
            owner=None,
        )
        values.update(options)
        return converge(Iptables(self, self.root), Request(**values), access, None, check_mode)


@pytest.fixture
def root(tmp_path):
    return str(tmp_path)


@pytest.fixture
def host(root):
    found = Host(root, fixture("save-1.8.9-nft.txt"))
    files.write_atomically(found.path(), files.to_file_bytes(fixture("sysconfig-iptables-el7.txt")), 0o600)
    return found


def state(host):
    return dict(host.tables), files.read_native(host.path()), files.read_native(host.path("rules.v6"))


def test_rules_come_before_the_reject_in_kernel_and_file_and_a_second_run_changes_nothing(host):
    before = Document(host.tables["iptables"]).table().rules
    result = host.apply()
    assert result["changed"] and result["rules"] == {"ipv4": [OPENING], "ipv6": []}
    assert host.chain()[-2:] == [OPENING, "-A INPUT -j REJECT --reject-with icmp-host-prohibited"]
    after = [rule for _line, rule in Document(host.tables["iptables"]).table().rules if str(rule) != OPENING]
    assert after == [rule for _line, rule in before]
    expected = fixture("sysconfig-iptables-el7.txt").replace("-A INPUT -j REJECT", OPENING + "\n-A INPUT -j REJECT")
    assert files.read_native(host.path()) == expected
    assert stat.S_IMODE(os.stat(host.path()).st_mode) == 0o600
    assert not os.path.exists(host.path("rules.v6"))
    del host.log[:]
    again = host.apply()
    assert not again["changed"] and again["diff"] == [] and again["up_to_date"] and not result["up_to_date"]
    assert host.log == ["iptables-save -c -t filter", "ip6tables-save -c -t filter"]


def test_check_mode_says_what_is_done_and_does_nothing(host):
    before = state(host)
    announced = host.apply(check_mode=True, sources=["10.0.0.0/8", "2001:db8::/32"], exclusive=True)
    assert state(host) == before
    assert not [line for line in host.log if "--noflush" in line]
    done = host.apply(sources=["10.0.0.0/8", "2001:db8::/32"], exclusive=True)
    assert done["diff"] == announced["diff"] and done["rules"] == announced["rules"]
    assert len(done["diff"]) == 4


def test_rules_that_are_not_wanted_go(host):
    before = state(host)
    host.apply(sources=["10.0.0.0/8", "2001:db8::/32"])
    result = host.apply(sources=["10.0.0.0/8"])
    assert result["rules"]["ipv6"] == [] and host.chain("ip6tables") == []
    host.apply(state="absent", sources=None, ports=None)
    tables, saved, _ipv6 = state(host)
    assert saved == before[1]
    assert Document(tables["iptables"]).table().rules[0][1] == Document(before[0]["iptables"]).table().rules[0][1]
    assert [line for line in host.chain() if "postfix" in line] == []
    assert not host.apply(state="absent")["changed"]


def test_a_saved_file_that_another_program_writes_meanwhile_is_not_overwritten(host):
    host.before_load = lambda host: files.write_atomically(host.path(), files.to_file_bytes(EMPTY))
    with pytest.raises(RulesError) as error:
        host.apply()
    assert host.path() + " was changed by another program" in str(error.value)
    assert "What was there before has been put back" in str(error.value)
    assert state(host)[1] == EMPTY and OPENING not in host.chain()


def test_a_new_saved_file_has_the_mode_of_its_package_and_a_warning(root):
    host = Host(root, fixture("save-1.8.9-nft.txt"))
    result = host.apply()
    assert files.read_native(host.path()) == EMPTY.replace("COMMIT", OPENING + "\nCOMMIT")
    assert stat.S_IMODE(os.stat(host.path()).st_mode) == 0o640
    assert "is new and has only these rules" in " ".join(result["warnings"])


def test_the_test_of_the_file_comes_first(host):
    before = state(host)
    host.fails = ["iptables-restore --test"]
    with pytest.raises(RulesError) as caught:
        host.apply()
    assert "rules.v4 with these rules would not load" in str(caught.value) and "line 3 failed" in str(caught.value)
    assert state(host) == before


def test_a_failed_load_puts_the_old_rules_back(host):
    before = state(host)
    host.fails = ["ip6tables-restore --noflush"]
    with pytest.raises(RulesError) as caught:
        host.apply(exclusive=True)
    assert "What was there before has been put back" in str(caught.value)
    tables, saved, saved_ipv6 = state(host)
    assert (saved, saved_ipv6) == before[1:]
    assert Document(tables["iptables"]).table().chain("INPUT") == Document(before[0]["iptables"]).table().chain("INPUT")
    assert os.listdir(os.path.dirname(host.path())) == ["rules.v4"]


def test_a_file_that_cannot_be_moved_in_puts_the_kernel_back(host, monkeypatch):
    before = state(host)

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(RulesError) as caught:
        host.apply()
    assert "No space left" in str(caught.value)
    assert OPENING not in host.chain() and files.read_native(host.path()) == before[1]


def test_another_program_between_reading_and_writing_is_noticed(host):
    def meanwhile(host_):
        host_.before_load = None
        host_.load("iptables", "*filter\n-I INPUT 1 -j DROP\nCOMMIT\n")

    host.before_load = meanwhile
    host.apply()
    assert host.chain()[:2] == [OPENING, "-A INPUT -j DROP"]


@pytest.mark.parametrize(
    "options",
    [
        dict(ports=["25/tcp", "20-30/tcp"], exclusive=True, sources=["192.0.2.0/24"]),
        dict(name="admin", state="absent"),
    ],
    ids=["a range closed", "the rule for SSH removed"],
)
def test_rules_that_would_cut_ssh_are_refused_by_name(root, options):
    admin = "-A INPUT -p tcp -m tcp --dport 22 -m comment --comment admin -j ACCEPT\n"
    text = EMPTY.replace("INPUT ACCEPT", "INPUT DROP").replace("COMMIT", admin + "COMMIT")
    if options["name"] != "admin" if "name" in options else True:
        text = EMPTY
    host = Host(root, text, text)
    files.write_atomically(host.path(), files.to_file_bytes(text))
    before = state(host)
    with pytest.raises(RulesError) as caught:
        host.apply(**options)
    assert "SSH (port 22)" in str(caught.value) and "allow_ssh_lockout=true" in str(caught.value)
    assert state(host) == before
    assert host.apply(allow_ssh_lockout=True, **options)["changed"]


def test_a_saved_file_that_never_let_ssh_in_is_refused(host):
    text = fixture("sysconfig-iptables-el7.txt").replace("--dport 22 ", "--dport 2222 ")
    files.write_atomically(host.path(), files.to_file_bytes(text))
    with pytest.raises(RulesError) as caught:
        host.apply()
    assert "rules.v4 does not let in" in str(caught.value)
    # Who comes by the other family of addresses is not concerned.
    assert host.apply(access=SshAccess([22], "2001:db8::1"))["changed"]


@pytest.mark.parametrize(
    "options, said",
    [
        (dict(name=""), "name ''"),
        (dict(name="a\nb"), "printable"),
        (dict(chain="OUTPUT"), "OUTPUT"),
        (dict(chain="x y"), "'x y'"),
        (dict(chain="web"), "no chain web"),
        (dict(ports=["smtp"]), "'smtp'"),
        (dict(sources=["10.0.0.1/8"]), "10.0.0.0/8"),
        (dict(sources=["10.0.0.0/8", "::/0"]), "its source ::/0 takes in hosts of strangers"),
        (dict(sources=["0.0.0.0/1", "128.0.0.0/1"]), "0.0.0.0/1, 128.0.0.0/1 takes in hosts of strangers"),
        (dict(saved_file_ipv4="/no/where/rules"), "no directory /no/where"),
    ],
)
def test_bad_input_is_refused_by_name(host, options, said):
    before = state(host)
    with pytest.raises(RulesError) as caught:
        host.apply(**options)
    assert said in str(caught.value)
    assert state(host) == before


def test_rules_that_were_made_for_everybody_can_go(host):
    rule = "-A INPUT -p tcp -m tcp --dport 25 -m comment --comment postfix -j ACCEPT\n"
    host.tables["iptables"] = EMPTY.replace("COMMIT", rule + "COMMIT")
    assert host.apply(state="absent", sources=["0.0.0.0/0"])["changed"]
    assert not host.chain()


def test_a_second_run_waits_for_the_first_whatever_its_files(host, monkeypatch):
    monkeypatch.setattr(iptables_rules, "Lock", functools.partial(Lock, wait=0.0))
    before = state(host)
    with Lock(os.path.join(host.root, "run")), pytest.raises(TransactionError) as caught:
        host.apply(saved_file_ipv4=os.path.join(host.root, "rules"))
    assert "locked by another run" in str(caught.value)
    assert state(host) == before
    assert host.apply()["changed"]


def test_a_file_in_another_form_is_refused(host):
    files.write_atomically(host.path(), b"*filter\n-I INPUT -j DROP\nCOMMIT\n")
    with pytest.raises(RulesError) as caught:
        host.apply()
    assert "line 2: '-I INPUT -j DROP'" in str(caught.value)


def test_warnings(host):
    assert not host.apply(exclusive=True)["warnings"]
    assert "25/tcp is open for everybody in the kernel (IPv6)" in " ".join(host.apply()["warnings"])
    host.stderr = "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them"
    host.programs.append("iptables-legacy-save")
    host.tables["iptables-legacy"] = EMPTY
    assert "other variant" not in " ".join(host.apply()["warnings"])
    os.rmdir(os.path.join(host.root, "proc/sys/net/ipv6"))
    result = host.apply(sources=["10.0.0.0/8", "2001:db8::/32"])
    assert "2001:db8::/32 is left out" in " ".join(result["warnings"])
    assert sorted(result["rules"]) == ["ipv4"]


def test_nothing_that_loads_rules_at_boot(host):
    os.rmdir(os.path.join(host.root, "usr/share/netfilter-persistent/plugins.d"))
    with pytest.raises(RulesError) as caught:
        host.apply()
    assert "iptables-persistent or iptables-services" in str(caught.value)
    announced = host.apply(check_mode=True)
    assert announced["changed"] and "only the rules in the kernel are predicted" in " ".join(announced["warnings"])
    assert host.apply(saved_file_ipv4=host.path())["saved_files"] == {"ipv4": host.path(), "ipv6": None}
    # What is in the kernel can be taken out all the same.
    host.apply(state="absent")
    assert OPENING not in host.chain()


@pytest.fixture
def owned(host, tmp_path, monkeypatch):
    monkeypatch.setattr(owners_record, "RECORD", str(tmp_path / "state" / "owners.json"))

    def call(owner="role", **options):
        return host.apply(owner=owner, **options)

    def absent(owner="role", **options):
        return host.apply(owner=owner, state="absent", sources=None, ports=None, **options)

    call.absent = absent
    return call


def test_rules_that_an_owner_has_set_go_again_and_check_mode_says_so(host, owned):
    before = state(host)
    assert owned(exclusive=True)["changed"] and not owned(exclusive=True)["changed"]
    there = state(host)
    predicted = owned.absent(check_mode=True)
    assert state(host) == there and predicted["changed"]
    result = owned.absent()
    assert result["diff"] == predicted["diff"] and result["warnings"] == []
    after = state(host)
    assert [str(one).replace(" -c 0 0", "") for one in Document(after[0]["iptables"]).table().chain("INPUT")] == [
        str(one) for one in Document(before[0]["iptables"]).table().chain("INPUT")
    ]
    # A saved file that was not there before is gone again.
    assert after[1:] == before[1:] and not os.path.exists(host.path("rules.v6"))
    assert not owned.absent()["changed"]


def test_what_is_no_longer_named_goes_and_another_set_with_it(host, owned):
    owned(ports=["25/tcp", "587/tcp"])
    owned()
    assert not [rule for rule in host.chain() if "587" in rule]
    result = owned(name="relay")
    assert result["changed"]
    assert [rule for rule in host.chain() if "--comment relay" in rule]
    assert not [rule for rule in host.chain() if "--comment postfix" in rule]


def test_a_rule_that_somebody_else_has_given_the_comment_stays(host, owned):
    owned()
    rules = Document(host.tables["iptables"]).table().chain("INPUT")
    (ours,) = [str(rule) for rule in rules if rule.comment() == "postfix"]
    theirs = ours.replace("10.0.0.0/8", "192.0.2.9/32")
    host.tables["iptables"] = host.tables["iptables"].replace(ours, ours + "\n[0:0] " + theirs)
    (warning,) = owned.absent()["warnings"]
    assert "192.0.2.9" in warning and "stays" in warning
    assert theirs in host.chain() and ours not in host.chain()


def test_a_rule_with_this_comment_from_before_comes_back(host, owned):
    host.apply(ports=["2525/tcp"])
    before = host.chain()
    owned(sources=["192.0.2.0/24"])
    assert not [rule for rule in host.chain() if "2525" in rule]
    owned.absent()
    assert [rule for rule in host.chain() if "postfix" in rule] == [rule for rule in before if "postfix" in rule]


def test_rules_of_an_earlier_release_go_too(host, owned):
    host.apply()
    assert not owned()["changed"]
    owned.absent()
    assert not [rule for rule in host.chain() if "postfix" in rule]


def test_a_rule_of_two_owners_goes_with_the_last(host, owned):
    owned()
    owned(owner="other")
    owned.absent()
    assert [rule for rule in host.chain() if "postfix" in rule]
    owned.absent(owner="other")
    assert not [rule for rule in host.chain() if "postfix" in rule]


def test_a_failure_leaves_rules_files_and_record_as_they_were(host, owned, tmp_path):
    owned()
    record, there = (tmp_path / "state" / "owners.json").read_bytes(), state(host)
    host.fails = ["iptables-restore --noflush"]
    with pytest.raises(RelayError):
        owned.absent()
    assert state(host) == there and (tmp_path / "state" / "owners.json").read_bytes() == record
