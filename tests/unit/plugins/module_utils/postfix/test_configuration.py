# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import stat

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.host import processes, trust
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    STAGE_PREFIX,
    TEMPORARY_SUFFIX,
    Transaction,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix import installation
from ansible_collections.mailops.relay.plugins.module_utils.postfix.configuration import Configuration
from ansible_collections.mailops.relay.plugins.module_utils.postfix.judgement import RefusedError

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
ROLE = os.path.join(os.path.dirname(__file__), *([os.pardir] * 5 + ["roles", "relay_server"]))

MAIN = """\
# a comment
myhostname = relay.example.com
inet_interfaces = all
mydestination = $myhostname
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mynetworks = 127.0.0.0/8
smtp_tls_security_level = may
smtp_tls_fingerprint_digest = sha256
"""
MASTER = "smtp inet n - n - - smtpd\nsmtp unix - - n - - smtp\n"


def fixture(name):
    with io.open(os.path.join(FIXTURES, name), encoding="utf-8") as stream:
        return str(stream.read())


# What systemctl show prints of these services on EL; {0} is Postfix's state at boot.
UNITS = (
    "Id=postfix.service\nLoadState=loaded\nActiveState=active\nUnitFileState={0}\n\n"
    "Id=sendmail.service\nLoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n\n"
    "Id=exim.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n\n"
    "Id=exim4.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n"
)


class Postfix(object):
    """A host with Postfix 3.7.11 (recorded), whose programs write down how they were called."""

    def __init__(self, directory, installed=True):
        self.directory = str(directory)
        self.installed = installed
        self.calls = []
        self.fails = {}
        self.staged = []
        self.known = fixture("postconf-d.3.7.11-bookworm.txt")
        self.unit_file_state = "enabled"
        self.units = UNITS

    def find(self, program):
        return "/usr/sbin/" + program if self.installed else None

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(list(argv))
        if argv == ["postconf", "-d"]:
            return Result(0, self.known, "")
        if argv == ["postconf", "-m"]:
            return Result(0, "hash\nregexp\n", "")
        if argv[0] == "systemctl":
            return Result(0, self.units.format(self.unit_file_state), "")
        if argv[0] in ("postmap", "postalias") and "-q" not in argv:
            path = argv[3].partition(":")[2]
            self.staged.append((path, stat.S_IMODE(os.stat(path).st_mode)))
            if "compile" not in self.fails:
                with open(path, "rb") as source, open(path + ".db", "wb") as compiled:
                    compiled.write(b"compiled " + source.read())
        kind = {"postfix": "check"}.get(argv[0], "load" if "-q" in argv else "compile")
        return self.fails.get(kind, Result(0, "", ""))

    def programs(self):
        return [call[0] for call in self.calls]


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "main.cf").write_bytes(MAIN.encode("ascii"))
    (tmp_path / "master.cf").write_bytes(MASTER.encode("ascii"))
    return tmp_path


def files_in(directory):
    return dict((name, (directory / name).read_bytes().decode("utf-8")) for name in sorted(os.listdir(str(directory))))


def call(postfix, check_mode=False, **request):
    request.setdefault("config_directory", postfix.directory)
    return Configuration(request, postfix, check_mode=check_mode).apply()


def test_a_change_is_loaded_checked_and_put_in_place(etc):
    postfix = Postfix(etc)
    result = call(
        postfix,
        main={"myhostname": "new.example.com", "smtpd_helo_required": True},
        master=[{"name": "submission", "type": "inet", "command": "smtpd", "options": {"syslog_name": "s"}}],
    )
    assert result["changed"]
    assert (result["reload_required"], result["restart_required"]) == (True, False)
    assert result["postfix_version"] == "3.7.11"
    assert files_in(etc) == {
        "main.cf": MAIN.replace("relay.example", "new.example") + "smtpd_helo_required = yes\n",
        "master.cf": MASTER + "submission inet  n       -       n       -       -       smtpd\n  -o syslog_name=s\n",
    }
    assert [item["before_header"] for item in result["diff"]] == [str(etc / "main.cf"), str(etc / "master.cf")]
    assert result["diff"][0]["before"] == MAIN
    assert result["diff"][0]["after"] == files_in(etc)["main.cf"]
    again = Postfix(etc)
    assert not call(
        again,
        main={"myhostname": "new.example.com", "smtpd_helo_required": True},
        master=[{"name": "submission", "type": "inet", "options": {"syslog_name": "s"}}],
    )["changed"]
    assert "postfix" not in again.programs()


PEM = "-----BEGIN CERTIFICATE-----\n{0}\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("content, preferred", [(PEM.format("MAA="), True), (PEM.format("MAE="), False)])
def test_the_hosts_own_authorities_are_named_where_they_have_all_that_is_trusted(etc, monkeypatch, content, preferred):
    bundle, anchors = str(etc / "bundle.crt"), str(etc / "anchors.pem")
    (etc / "bundle.crt").write_bytes((PEM.format("MAA=") + PEM.format("MAI=")).encode("ascii"))
    monkeypatch.setattr(trust, "system_bundle", lambda: bundle)
    request = {
        "main": {"smtp_tls_CAfile": anchors},
        "files": [{"path": anchors, "content": content}],
        "prefer_system_ca": ["smtp_tls_CAfile", "lmtp_tls_CAfile"],
    }
    assert call(Postfix(etc), **request)["changed"]
    named = bundle if preferred else anchors
    assert files_in(etc)["main.cf"] == MAIN + "smtp_tls_CAfile = {0}\n".format(named)
    assert files_in(etc)["anchors.pem"] == content
    assert not call(Postfix(etc), **request)["changed"]


def test_unchanged_costs_few_commands(etc):
    postfix = Postfix(etc)
    assert not call(postfix, main={"myhostname": "relay.example.com", "inet_interfaces": ["all"]})["changed"]
    assert len(postfix.calls) <= 3
    assert set(postfix.programs()) <= set(["postconf", "systemctl"])


@pytest.mark.parametrize(
    "pid, name, running",
    [
        ("  1543\n", "master\n", True),
        ("1543", "sshd\n", False),
        ("1543", None, False),
        ("", "master\n", False),
        (None, None, False),
    ],
)
def test_whether_postfix_runs_is_known_by_its_process(etc, monkeypatch, pid, name, running):
    proc, spool = etc / "proc", etc / "spool"
    (proc / "self").mkdir(parents=True)
    (spool / "pid").mkdir(parents=True)
    (etc / "main.cf").write_bytes((MAIN + "top = {0}\nqueue_directory = $top/spool\n".format(etc)).encode("ascii"))
    monkeypatch.setattr(installation, "PROC", str(proc))
    if pid is not None:
        (spool / "pid" / "master.pid").write_bytes(pid.encode("ascii"))
    if name is not None:
        (proc / "1543").mkdir()
        (proc / "1543" / "comm").write_bytes(name.encode("ascii"))
    assert call(Postfix(etc))["running"] is running
    # Without proc(5) nobody knows whose the number is.
    (proc / "self").rmdir()
    assert call(Postfix(etc))["running"] is (None if pid and pid.strip() else False)


@pytest.mark.parametrize(
    "master, qmgr, smtpd, reload_required",
    [
        # Seconds ago; the file has become what it is 100 seconds ago.
        (500, 500, [500], True),
        (500, 500, [50, 500], True),
        # All those that take mail have read it, or have seen the reload behind it.
        (500, 500, [50], False),
        (500, 500, [], False),
        (500, 50, [500], False),
        (50, 50, [50], False),
        (None, None, [500], False),
    ],
)
def test_what_takes_mail_with_an_older_certificate_wants_a_reload(
    etc, monkeypatch, master, qmgr, smtpd, reload_required
):
    proc, spool, certificate = etc / "proc", etc / "spool", etc / "server.crt"
    (spool / "pid").mkdir(parents=True)
    certificate.write_bytes(b"")
    (etc / "main.cf").write_bytes(
        (MAIN + "queue_directory = {0}/spool\nsmtpd_tls_cert_file = {0}/server.crt\n".format(etc)).encode("ascii")
    )
    monkeypatch.setattr(installation, "PROC", str(proc))
    # A file's ctime is that of the test: the clock has gone on since.
    now = os.stat(str(certificate)).st_ctime + 100
    monkeypatch.setattr(processes.time, "time", lambda: now)
    proc.mkdir()
    (proc / "uptime").write_bytes(b"1000.00 0.00\n")
    seen = [(7, "master", 1, master), (8, "qmgr", 7, qmgr), (9, "smtpd (a b) c", 7, 900)]
    seen += [(20 + index, "smtpd", 7, ago) for index, ago in enumerate(smtpd)]
    # Of another Postfix.
    seen.append((19, "smtpd", 6, 900))
    for number, name, parent, ago in seen:
        if ago is not None:
            (proc / str(number)).mkdir()
            words = ["S", str(parent)] + ["0"] * 17 + [str((1000 - ago) * os.sysconf("SC_CLK_TCK")), "0"]
            (proc / str(number) / "stat").write_bytes(
                "{0} ({1}) {2}\n".format(number, name, " ".join(words)).encode("ascii")
            )
    (proc / "10").mkdir()
    (spool / "pid" / "master.pid").write_bytes(b"7\n")
    result = call(Postfix(etc), check_mode=True)
    assert (result["reload_required"], result["up_to_date"]) == (reload_required, True)


@pytest.mark.parametrize(
    "group, refused",
    [
        ("0::/system.slice/system-postfix.slice/postfix@-.service\n", False),
        ("12:cpuset:/\n1:name=systemd:/docker/5c1/system.slice/postfix.service\n", False),
        ("0::/user.slice/user-0.slice/session-3.scope\n", True),
        ("0::/system.slice/ssh.service\n", True),
        ("0::/\n", True),
        # Where it cannot be told, it is left to what systemd says.
        ("", False),
        (None, False),
    ],
)
@pytest.mark.parametrize("check_mode", [False, True])
def test_a_postfix_that_systemd_cannot_restart_is_not_changed(etc, monkeypatch, group, refused, check_mode):
    proc, spool, systemd = etc / "proc", etc / "spool", etc / "systemd"
    (proc / "self").mkdir(parents=True)
    (proc / "7").mkdir()
    (proc / "7" / "comm").write_bytes(b"master\n")
    if group is not None:
        (proc / "7" / "cgroup").write_bytes(group.encode("ascii"))
    (spool / "pid").mkdir(parents=True)
    (spool / "pid" / "master.pid").write_bytes(b"7\n")
    (etc / "main.cf").write_bytes((MAIN + "queue_directory = {0}/spool\n".format(etc)).encode("ascii"))
    systemd.mkdir()
    monkeypatch.setattr(installation, "PROC", str(proc))
    monkeypatch.setattr(processes, "SYSTEMD", str(systemd))
    before = (etc / "main.cf").read_bytes()
    wanted = dict(main={"myhostname": "other.example.com"}, check_mode=check_mode)
    if refused:
        with pytest.raises(RelayError, match="'postfix stop' and 'systemctl restart postfix'"):
            call(Postfix(etc), **wanted)
        assert (etc / "main.cf").read_bytes() == before
        # What changes nothing has nothing to restart.
        assert not call(Postfix(etc), main={"myhostname": "relay.example.com"})["changed"]
        # It was not systemd that booted this host.
        systemd.rmdir()
    assert call(Postfix(etc), **wanted)["changed"]


def test_a_postfix_of_which_systemd_knows_nothing_is_its_administrators(etc, monkeypatch):
    monkeypatch.setattr(installation.Host, "runs", lambda self, directory: True)
    monkeypatch.setattr(installation, "unit_of", lambda number, proc: "")
    (etc / "spool" / "pid").mkdir(parents=True)
    (etc / "spool" / "pid" / "master.pid").write_bytes(b"7\n")
    (etc / "main.cf").write_bytes((MAIN + "queue_directory = {0}/spool\n".format(etc)).encode("ascii"))
    postfix = Postfix(etc)
    postfix.units = UNITS.replace("LoadState=loaded\nActiveState=active", "LoadState=not-found\nActiveState=inactive")
    assert call(postfix, main={"myhostname": "other.example.com"})["changed"]


@pytest.mark.parametrize(
    "state, enabled",
    [("enabled", True), ("disabled", False), ("enabled-runtime", False), ("masked", False), ("", None)],
)
def test_whether_postfix_starts_at_boot_is_what_systemd_says(etc, state, enabled):
    postfix = Postfix(etc)
    postfix.unit_file_state = state
    assert call(postfix)["enabled"] is enabled


def test_other_mail_systems_are_told(etc):
    postfix = Postfix(etc)
    assert call(postfix)["other_services"] == []
    postfix.units = UNITS.replace("inactive\nUnitFileState=disabled", "active\nUnitFileState=enabled")
    assert call(postfix)["other_services"] == ["sendmail.service"]
    postfix.installed = False
    assert call(postfix, check_mode=True)["other_services"] == []


def test_another_mail_system_is_refused_before_anything_changes(etc):
    postfix = Postfix(etc)
    postfix.units = UNITS.replace("inactive\nUnitFileState=disabled", "active\nUnitFileState=enabled")
    before = files_in(etc)
    for check_mode in (True, False):
        with pytest.raises(RelayError, match="sendmail.service runs.*Nothing was changed"):
            call(postfix, check_mode, refuse_other_mta=True, main={"myhostname": "b.example"})
    assert files_in(etc) == before
    assert call(postfix, refuse_other_mta=False, main={"myhostname": "b.example"})["changed"]


def test_what_a_killed_run_left_is_not_up_to_date(etc):
    assert call(Postfix(etc), check_mode=True)["up_to_date"]
    assert not call(Postfix(etc), check_mode=True, main={"myhostname": "b.example"})["up_to_date"]
    left = etc / "tables"
    left.mkdir()
    (left / (STAGE_PREFIX + "x" + TEMPORARY_SUFFIX)).mkdir()
    request = {"tables": [{"path": str(left / "t"), "state": "absent"}]}
    assert not call(Postfix(etc), check_mode=True, **request)["up_to_date"]
    # The same call without check mode clears up.
    assert call(Postfix(etc), **request)["up_to_date"] and os.listdir(str(left)) == []


@pytest.mark.parametrize(
    "main, restart, reload_",
    [
        ({"inet_interfaces": "127.0.0.1"}, True, False),
        ({"inet_interfaces": None}, False, True),
        ({"inet_protocols": "ipv4"}, True, False),
        ({"inet_protocols": "all"}, False, True),
        ({"smtpd_helo_required": True}, False, True),
        ({"myhostname": "relay.example.com"}, False, False),
    ],
)
def test_restart_is_needed_when_the_effective_value_of_a_listening_parameter_changes(etc, main, restart, reload_):
    result = call(Postfix(etc), main=main)
    assert (result["restart_required"], result["reload_required"]) == (restart, reload_)


def test_a_parameter_that_an_interface_refers_to_needs_a_restart(etc):
    (etc / "main.cf").write_bytes(MAIN.replace("= all", "= $my_address").encode("ascii") + b"my_address = 127.0.0.1\n")
    assert call(Postfix(etc), main={"my_address": "127.0.0.2"})["restart_required"]


def test_only_supported_parameters_are_set(etc):
    result = call(Postfix(etc), if_supported={"smtpd_helo_required": True, "parameter_of_postfix_9": "x"})
    assert result["unsupported"] == ["parameter_of_postfix_9"]
    assert "parameter_of_postfix_9" not in files_in(etc)["main.cf"]


def role_choices():
    """What the role relay_server gives for first_supported, with its defaults."""
    path = os.path.join(ROLE, "vars", "main.yml")
    with io.open(path, encoding="utf-8") as stream:
        defences = yaml.safe_load(stream)["__relay_server_smuggling_defences"]
    for choice in defences:
        for entry in choice:
            if "smtpd_forbid_bare_newline_exclusions" in entry:
                entry["smtpd_forbid_bare_newline_exclusions"] = []
            if "smtpd_discard_ehlo_keywords" in entry:
                entry["smtpd_discard_ehlo_keywords"] = ["chunking", "silent-discard"]
    return [[{"enable_long_queue_ids": True}]] + defences


def without(text, *names):
    """The output of postconf -d, of a Postfix that does not know these parameters."""
    return "".join(line for line in text.splitlines(True) if not line.startswith(tuple(name + " =" for name in names)))


NEWEST = "postconf-d.3.7.11-bookworm.txt"


@pytest.mark.parametrize(
    "known, written",
    [
        (
            fixture(NEWEST),
            "enable_long_queue_ids = yes\nsmtpd_forbid_bare_newline = normalize\n"
            "smtpd_forbid_bare_newline_exclusions =\nsmtpd_forbid_bare_newline_reject_code = 550\n"
            "smtpd_forbid_unauth_pipelining = yes\n",
        ),
        # 3.5.23, 3.6.13, 3.7.9 and 3.8.4: no "normalize" yet.
        (
            without(fixture(NEWEST), "smtpd_forbid_bare_newline_reject_code", "cleanup_replace_stray_cr_lf"),
            "enable_long_queue_ids = yes\nsmtpd_forbid_bare_newline = yes\nsmtpd_forbid_bare_newline_exclusions =\n"
            "smtpd_forbid_unauth_pipelining = yes\n",
        ),
        # 3.5.20: the first of the defences only.
        (
            without(
                fixture(NEWEST),
                "smtpd_forbid_bare_newline",
                "smtpd_forbid_bare_newline_exclusions",
                "smtpd_forbid_bare_newline_reject_code",
            ),
            "enable_long_queue_ids = yes\nsmtpd_data_restrictions = reject_unauth_pipelining\n"
            "smtpd_discard_ehlo_keywords = chunking, silent-discard\nsmtpd_forbid_unauth_pipelining = yes\n",
        ),
        (
            fixture("postconf-d.2.10.1.txt"),
            "enable_long_queue_ids = yes\nsmtpd_data_restrictions = reject_unauth_pipelining\n"
            "smtpd_discard_ehlo_keywords = chunking, silent-discard\n",
        ),
    ],
    ids=["normalize", "yes", "pipelining only", "2.10.1"],
)
def test_the_relay_gets_the_best_smuggling_defence_that_its_postfix_knows(etc, known, written):
    postfix = Postfix(etc)
    postfix.known = known
    result = call(postfix, first_supported=role_choices())
    assert files_in(etc)["main.cf"] == MAIN + written
    known_names = set(line.partition(" =")[0] for line in known.splitlines())
    assert not set(result["unsupported"]) & known_names
    assert ("smtpd_forbid_unauth_pipelining" in result["unsupported"]) == ("unauth_pipelining = yes" not in written)
    assert not [finding for finding in result["findings"] if finding["parameter"].startswith("smtpd_")]
    again = Postfix(etc)
    again.known = known
    assert not call(again, first_supported=role_choices())["changed"]


def test_what_the_caller_names_wins_over_a_choice(etc):
    call(
        Postfix(etc),
        main={"smtpd_forbid_bare_newline": "reject", "smtpd_forbid_unauth_pipelining": None},
        if_supported={"enable_long_queue_ids": False},
        first_supported=role_choices(),
    )
    assert files_in(etc)["main.cf"] == MAIN + (
        "enable_long_queue_ids = no\nsmtpd_forbid_bare_newline = reject\nsmtpd_forbid_bare_newline_exclusions =\n"
        "smtpd_forbid_bare_newline_reject_code = 550\n"
    )


def test_without_a_postfix_to_ask_the_first_of_each_choice_is_shown(tmp_path):
    result = call(Postfix(tmp_path, installed=False), check_mode=True, first_supported=role_choices())
    assert "+smtpd_forbid_bare_newline = normalize" in "+" + result["diff"][0]["after"].replace("\n", "\n+")
    assert "reject_unauth_pipelining" not in result["diff"][0]["after"] and result["unsupported"] == []


def test_a_choice_of_which_nothing_is_known_sets_nothing(etc):
    result = call(Postfix(etc), first_supported=[[{"parameter_of_postfix_9": 1}, {"parameter_of_postfix_8": 1}]])
    assert not result["changed"]
    assert result["unsupported"] == ["parameter_of_postfix_8", "parameter_of_postfix_9"]


def test_what_a_service_has_under_its_own_name_is_known_as_what_it_is_for_all(etc):
    choice = [{"slow_transport_rate_delay": "2s"}, {"slow_destination_rate_delay": "2s"}]
    slow = [dict(name="slow", type="unix", command="smtp")]
    result = call(Postfix(etc), master=slow, first_supported=[choice], if_supported={"slow_recipient_limit": 9})
    assert result["unsupported"] == []
    assert files_in(etc)["main.cf"] == MAIN + "slow_recipient_limit = 9\nslow_transport_rate_delay = 2s\n"
    old = Postfix(etc)
    # Before 3.1
    old.known = "".join(line for line in old.known.splitlines(True) if "_transport_rate_delay" not in line)
    result = call(old, master=slow, main={"slow_transport_rate_delay": None}, first_supported=[choice])
    assert "slow_destination_rate_delay = 2s\n" in files_in(etc)["main.cf"]


def test_a_choice_of_tables_is_the_first_of_which_the_type_is_there(etc):
    cache = "smtp_tls_session_cache_database"
    choice = [{cache: "btree:${data_directory}/x"}, {cache: "lmdb:${data_directory}/x"}, {cache: "hash:/x"}]
    call(Postfix(etc), first_supported=[choice])
    assert files_in(etc)["main.cf"] == MAIN + "smtp_tls_session_cache_database = hash:/x\n"
    result = call(Postfix(etc), main={cache: None}, first_supported=[choice[:2]])
    assert cache not in files_in(etc)["main.cf"] and result["unsupported"] == []


def client_choices():
    """What the role relay_client gives for first_supported."""
    path = os.path.join(ROLE, "..", "relay_client", "vars", "main.yml")
    with io.open(path, encoding="utf-8") as stream:
        return [yaml.safe_load(stream)["__relay_client_first_supported"][0]]


TLSPROXY = {"name": "tlsproxy", "type": "unix", "maxproc": "0", "command": "tlsproxy"}


def test_connections_are_used_again_where_postfix_can(etc):
    request = {
        "first_supported": client_choices(),
        "master": [dict(TLSPROXY, if_supported=["smtp_tls_connection_reuse"])],
    }
    assert call(Postfix(etc), **request)["changed"]
    assert files_in(etc)["main.cf"] == (
        MAIN + "smtp_connection_reuse_time_limit = 30s\nsmtp_tls_connection_reuse = yes\n"
    )
    assert files_in(etc)["master.cf"] == MASTER + "tlsproxy  unix  -       -       n       -       0       tlsproxy\n"
    assert not call(Postfix(etc), **request)["changed"]


def test_an_old_postfix_keeps_sessions_and_gets_no_service_for_connections(etc):
    class Old(Postfix):
        def run(self, argv, **kwargs):
            if argv == ["postconf", "-m"]:
                return Result(0, "btree\nhash\n", "")
            return super(Old, self).run(argv, **kwargs)

    postfix = Old(etc)
    postfix.known = fixture("postconf-d.2.10.1.txt")
    own = {"name": "smtp", "type": "unix", "options": {"smtp_tls_connection_reuse": False}}
    items = [dict(item, if_supported=["smtp_tls_connection_reuse"]) for item in (TLSPROXY, own)]
    call(postfix, first_supported=client_choices(), master=items)
    assert files_in(etc) == {
        "main.cf": MAIN + "smtp_tls_session_cache_database = btree:${data_directory}/smtp_scache\n",
        "master.cf": MASTER,
    }


def test_there_is_no_moment_at_which_a_parameter_lacks_its_service(etc, monkeypatch):
    moved = []
    rename = os.rename
    monkeypatch.setattr(
        os, "rename", lambda source, target: (moved.append(os.path.basename(target)), rename(source, target))
    )
    call(Postfix(etc), main={"smtp_tls_connection_reuse": True, "smtp_tls_security_level": "may"}, master=[TLSPROXY])
    assert moved == ["master.cf", "main.cf"]
    del moved[:]
    # Postfix itself takes both orders.
    call(Postfix(etc), main={"smtp_tls_connection_reuse": None}, master=[dict(TLSPROXY, state="absent")])
    assert moved == ["main.cf", "master.cf"]


def test_postfix_2_10_gets_what_it_can_read(etc):
    postfix = Postfix(etc)
    postfix.known = fixture("postconf-d.2.10.1.txt")
    service = {"name": "submission", "type": "inet", "command": "smtpd"}
    restrictions = ["permit_mynetworks", "reject"]
    result = call(
        postfix,
        if_supported={"smtpd_tls_chain_files": "/etc/postfix/chain.pem"},
        master=[dict(service, options={"smtpd_client_restrictions": restrictions})],
    )
    assert result["postfix_version"] == "2.10.1" and result["unsupported"] == ["smtpd_tls_chain_files"]
    assert files_in(etc)["master.cf"].endswith("  -o smtpd_client_restrictions=permit_mynetworks,reject\n")
    with pytest.raises(RelayError) as error:
        call(postfix, master=[dict(service, options={"smtpd_client_restrictions": "permit_mynetworks reject"})])
    assert "Postfix before 3.0 takes no white space" in str(error.value)


@pytest.mark.parametrize(
    "program, said, reason",
    [
        ("load", "postmap: fatal: bad numerical configuration: x = y", "x = y; correct this value"),
        ("load", "fatal: parameter inet_interfaces: no local interface found for ::1", "set inet_protocols to ipv4"),
        ("load", "fatal: parameter inet_interfaces: no local interface found for 192.0.2.1", "addresses of this host"),
        ("check", "", "to the system log only"),
        ("compile", "line 3: expected format", "line 3: expected format"),
    ],
)
def test_what_postfix_refuses_changes_nothing(etc, program, said, reason):
    postfix = Postfix(etc)
    postfix.fails[program] = Result(1, "", said)
    table = str(etc / "transport")
    with pytest.raises(RelayError) as error:
        call(postfix, main={"myhostname": "new.example.com"}, tables=[{"path": table, "entries": {"a": "b:"}}])
    assert reason in str(error.value)
    assert "nothing was changed" in str(error.value)
    assert STAGE_PREFIX not in str(error.value)
    assert files_in(etc) == {"main.cf": MAIN, "master.cf": MASTER}


def test_an_open_relay_is_refused_before_anything_is_asked_or_written(etc):
    postfix = Postfix(etc)
    with pytest.raises(RefusedError) as error:
        call(postfix, main={"mynetworks": "0.0.0.0/0"})
    assert "mynetworks" in str(error.value) and "(open-relay-mynetworks)" in str(error.value)
    assert error.value.facts()["findings"][0]["value"] == "0.0.0.0/0"
    assert files_in(etc) == {"main.cf": MAIN, "master.cf": MASTER}
    assert "postfix" not in postfix.programs()
    result = call(postfix, main={"mynetworks": "0.0.0.0/0"}, accept_risks=["open-relay-mynetworks"])
    assert result["changed"]
    assert [item["identifier"] for item in result["findings"]] == ["open-relay-mynetworks"]


def test_a_fault_that_was_there_before_elsewhere_is_a_warning(etc):
    text = MAIN + "smtp_tls_CAfile = /nowhere/ca.pem\n"
    (etc / "main.cf").write_bytes(text.encode("ascii"))
    result = call(Postfix(etc), main={"myhostname": "new.example.com"})
    assert [item["parameter"] for item in result["findings"]] == ["smtp_tls_CAfile"]
    assert "smtp_tls_CAfile" in result["warnings"][0]
    with pytest.raises(RefusedError):
        call(Postfix(etc), main={"smtp_tls_CAfile": "/nowhere/ca.pem"})


def test_in_check_mode_a_missing_file_is_a_warning_and_nothing_is_written(etc):
    wanted = {"smtp_tls_CAfile": str(etc / "new" / "ca.pem")}
    result = call(Postfix(etc), check_mode=True, main=wanted)
    assert result["changed"]
    assert "tls-file-missing" in result["warnings"][0]
    assert files_in(etc) == {"main.cf": MAIN, "master.cf": MASTER}
    with pytest.raises(RefusedError):
        call(Postfix(etc), main=wanted)


def test_fingerprints_that_a_new_digest_would_make_void_are_refused_with_the_table_as_it_will_be(etc):
    table = etc / "relay_clientcerts"
    table.write_bytes(b"AB" + b":AB" * 15 + b" web01\n")
    (etc / "relay_clientcerts.db").write_bytes(b"")
    with_md5 = MAIN + "relay_clientcerts = hash:{0}\nsmtpd_tls_fingerprint_digest = md5\n".format(table)
    (etc / "main.cf").write_bytes(with_md5.encode("ascii"))
    before = files_in(etc)
    digest = {"smtpd_tls_fingerprint_digest": "sha256"}
    with pytest.raises(RefusedError) as error:
        call(Postfix(etc), main=digest)
    for text in (
        "relay_clientcerts",
        "tls-fingerprint",
        "of md5",
        "-sha256",
        "set smtpd_tls_fingerprint_digest to md5",
    ):
        assert text in str(error.value)
    assert files_in(etc) == before
    # The table changes in the same call; and without that, who has read it may accept it.
    entries = {"AB" + ":AB" * 31: "web01"}
    new = [{"path": str(table), "type": "hash", "entries": entries}]
    assert call(Postfix(etc), check_mode=True, main=digest, tables=new)["findings"] == []
    result = call(Postfix(etc), main=digest, accept_risks=["tls-fingerprint"])
    assert [finding["identifier"] for finding in result["findings"]] == ["tls-fingerprint"]
    # Now it is how the host was before the next call, which has nothing to do with it.
    assert "tls-fingerprint" in call(Postfix(etc), main={"smtpd_helo_required": True})["warnings"][0]


def test_a_planned_file_is_not_missing(etc):
    planned = str(etc / "new" / "ca.pem")
    result = call(Postfix(etc), check_mode=True, main={"smtp_tls_CAfile": planned}, planned_files=[planned])
    assert result["changed"]
    assert result["warnings"] == []


@pytest.mark.parametrize("name, reason", [("nonsense", "no known finding"), ("tls-level", "a fault, not a risk")])
def test_a_risk_that_cannot_be_accepted_is_named(etc, name, reason):
    with pytest.raises(RelayError) as error:
        call(Postfix(etc), accept_risks=[name])
    assert name in str(error.value) and reason in str(error.value)
    assert "open-relay-mynetworks" in str(error.value)


def test_without_postfix_check_mode_shows_the_difference_and_says_so(tmp_path):
    postfix = Postfix(tmp_path, installed=False)
    result = call(
        postfix,
        check_mode=True,
        main={"myhostname": "a.example"},
        master=[{"name": "x", "type": "unix", "command": "smtp"}],
        tables=[{"path": str(tmp_path / "t"), "entries": {"a": "b"}}],
    )
    assert result["changed"] and result["postfix_version"] == ""
    assert result["diff"][0]["before"] == "" and result["diff"][0]["after"] == "myhostname = a.example\n"
    assert "not installed" in result["warnings"][0]
    assert os.listdir(str(tmp_path)) == [] and postfix.calls == []
    with pytest.raises(RefusedError):
        call(postfix, check_mode=True, main={"mynetworks": "0.0.0.0/0"})
    with pytest.raises(RelayError) as error:
        call(postfix, main={"myhostname": "a.example"})
    assert "install the package 'postfix'" in str(error.value) and error.value.facts() == {"installed": False}
    assert (result["installed"], result["running"], result["enabled"]) == (False, False, False)


def test_a_secret_table_is_never_readable_and_never_shown(etc):
    postfix = Postfix(etc)
    table = {"path": str(etc / "passwd"), "secret_entries": {"[h]:587": "user:secret"}}
    result = call(postfix, tables=[table])
    assert [mode for _path, mode in postfix.staged] == [0o600]
    for name in ("passwd", "passwd.db"):
        assert stat.S_IMODE(os.stat(str(etc / name)).st_mode) == 0o600
    assert "secret" in files_in(etc)["passwd"]
    assert "user:secret" not in str(result)
    assert (result["changed"], result["reload_required"]) == (True, False)
    assert not call(Postfix(etc), tables=[table])["changed"]
    os.chmod(str(etc / "passwd"), 0o644)
    assert call(Postfix(etc), tables=[table])["changed"]
    assert stat.S_IMODE(os.stat(str(etc / "passwd")).st_mode) == 0o600


def test_a_compiled_table_that_is_missing_or_old_is_made_again(etc):
    table = {"path": str(etc / "transport"), "type": "hash"}
    (etc / "transport").write_bytes(b"a b:\n")
    assert call(Postfix(etc), tables=[table])["changed"]
    assert not call(Postfix(etc), tables=[table])["changed"]
    os.utime(str(etc / "transport.db"), (1, 1))
    result = call(Postfix(etc), check_mode=True, tables=[table])
    assert result["diff"][0]["before"] == "older than its source\n"
    assert call(Postfix(etc), tables=[table])["changed"]
    assert files_in(etc)["transport"] == "a b:\n"


def test_a_text_table_is_not_compiled_and_needs_a_reload(etc):
    postfix = Postfix(etc)
    table = {"path": str(etc / "checks"), "type": "regexp", "entries": {"/x/": "REJECT"}}
    assert call(postfix, tables=[table])["reload_required"]
    assert "postmap" not in [program for program, call_ in zip(postfix.programs(), postfix.calls) if "-q" not in call_]


def test_aliases_are_compiled_with_postalias_beside_what_is_there(etc):
    (etc / "aliases").write_bytes(b"postmaster: root\n")
    postfix = Postfix(etc)
    call(postfix, tables=[{"path": str(etc / "aliases"), "type": "hash", "exclusive": False, "entries": {"root": "x"}}])
    assert "postalias" in postfix.programs()
    assert files_in(etc)["aliases"] == "postmaster: root\nroot: x\n"


def test_a_table_and_the_parameter_that_names_it_can_come_and_go_together(etc):
    path = str(etc / "transport")
    table = {"path": path, "type": "hash", "entries": {"a": "b:"}}
    call(Postfix(etc), main={"transport_maps": "hash:" + path}, tables=[table])
    with pytest.raises(RefusedError):
        call(Postfix(etc), tables=[dict(table, state="absent")], main={"transport_maps": "hash:" + path})
    result = call(Postfix(etc), main={"transport_maps": None}, tables=[dict(table, state="absent")])
    assert result["changed"]
    assert files_in(etc) == {"main.cf": MAIN, "master.cf": MASTER}
    assert not call(Postfix(etc), main={"transport_maps": None}, tables=[dict(table, state="absent")])["changed"]


def test_an_entry_that_postmap_leaves_out_is_refused_unless_others_wrote_it(etc):
    said = Result(0, "", "postmap: warning: x, line 2: expected format: key whitespace value")
    table = {"path": str(etc / "transport"), "type": "hash", "entries": {"a": "b:"}}
    postfix = Postfix(etc)
    postfix.fails["compile"] = said
    with pytest.raises(RelayError) as error:
        call(postfix, tables=[table])
    assert "line 2: expected format" in str(error.value)
    (etc / "transport").write_bytes(b"theirs\n")
    (etc / "transport.db").write_bytes(b"")

    class Complaining(Postfix):
        def run(self, argv, **kwargs):
            result = super(Complaining, self).run(argv, **kwargs)
            return said if argv[0] == "postmap" and "-q" not in argv else result

    result = call(Complaining(etc), tables=[dict(table, exclusive=False)])
    assert result["changed"] and "line 2: expected format" in result["warnings"][0]


def test_files_are_part_of_the_transaction(etc):
    anchors = str(etc / "anchors.pem")
    result = call(Postfix(etc), main={"smtp_tls_CAfile": anchors}, files=[{"path": anchors, "content": "pem\n"}])
    assert result["changed"]
    assert files_in(etc)["anchors.pem"] == "pem\n"
    assert call(Postfix(etc), files=[{"path": anchors, "content": "new\n"}])["reload_required"]


def test_backups_are_kept_when_asked_and_returned(etc):
    result = call(Postfix(etc), main={"myhostname": "new.example.com"}, backup=True)
    (path,) = result["backup_files"]
    with open(path) as stream:
        assert stream.read() == MAIN


def test_a_change_by_another_program_meanwhile_is_not_lost(etc):
    class Meddling(Postfix):
        def run(self, argv, **kwargs):
            if argv[0] == "postfix":
                (etc / "main.cf").write_bytes(b"myhostname = theirs.example.com\n")
            return super(Meddling, self).run(argv, **kwargs)

    with pytest.raises(RelayError) as error:
        call(Meddling(etc), main={"myhostname": "new.example.com"})
    assert "changed by another program" in str(error.value)
    assert files_in(etc)["main.cf"] == "myhostname = theirs.example.com\n"


def test_mode_and_link_of_main_cf_are_kept(etc):
    os.mkdir(str(etc / "real"))
    os.rename(str(etc / "main.cf"), str(etc / "real" / "main.cf"))
    os.chmod(str(etc / "real" / "main.cf"), 0o640)
    os.symlink("real/main.cf", str(etc / "main.cf"))
    call(Postfix(etc), main={"myhostname": "new.example.com"})
    assert os.path.islink(str(etc / "main.cf"))
    assert stat.S_IMODE(os.stat(str(etc / "real" / "main.cf")).st_mode) == 0o640
    assert "new.example.com" in files_in(etc / "real")["main.cf"]
    assert os.listdir(str(etc / "real")) == ["main.cf"]


def test_the_order_of_main_and_master_is_the_one_that_postfix_accepts_in_between(etc, monkeypatch):
    class Logging(Postfix):
        """Like check-fatal of postfix-script: maillog_file needs the postlog service."""

        def run(self, argv, **kwargs):
            if argv[0] == "postfix":
                found = []
                for name in ("main.cf", "master.cf"):
                    with open(os.path.join(argv[2], name)) as stream:
                        found.append(stream.read())
                return Result(1 if "maillog_file" in found[0] and "postlog" not in found[1] else 0, "", "")
            return super(Logging, self).run(argv, **kwargs)

    moved = []
    rename = os.rename
    monkeypatch.setattr(
        os, "rename", lambda source, target: (moved.append(os.path.basename(target)), rename(source, target))
    )
    service = {"name": "postlog", "type": "unix-dgram", "private": "n", "command": "postlogd"}
    call(Logging(etc), main={"maillog_file": "/var/log/x"}, master=[service])
    assert moved == ["master.cf", "main.cf"]
    del moved[:]
    call(Logging(etc), main={"maillog_file": None}, master=[dict(service, state="absent")])
    assert moved == ["main.cf", "master.cf"]


@pytest.mark.parametrize(
    "request_, reason",
    [
        (dict(main={"a": {}}), "main: a: cannot write a value of type dict"),
        (dict(main={"a": "1"}, if_supported={"a": "2"}), "main: a is named in if_supported too"),
        (dict(first_supported=[["a"]]), "a list of mappings"),
        (dict(first_supported=[[{"alias_maps": 1}], [{"alias_maps": 2}]]), "alias_maps would be both '1' and '2'"),
        (dict(tables=[{"path": "hash:/x", "entries": {}}]), "must not name a table type"),
        (dict(tables=[{"path": "/nowhere/at/all", "entries": {}}]), "there is no directory /nowhere/at"),
        (dict(tables=[{"path": "/etc", "entries": {}}]), "this is a directory"),
        (dict(tables=[{"path": "/etc/no-such-file-here"}]), "give its entries"),
        (dict(tables=[{"path": "/etc/t", "secret_entries": {"a": "b"}, "mode": "0644"}]), "lets everyone read"),
        (dict(tables=[{"path": "/etc/t", "entries": {}, "mode": "rw"}]), "mode 'rw'"),
        (dict(tables=[{"path": "/etc/t", "entries": {}, "owner": "no-such-user"}]), "no user 'no-such-user'"),
        (dict(tables=[{"path": "/etc/t", "entries": {}}, {"path": "/etc/t", "entries": {}}]), "are the same file"),
        (dict(files=[{"path": "/etc/f"}]), "needs content"),
        (
            dict(master=[{"name": "x", "type": "unix", "chroot": "perhaps", "command": "y"}]),
            "'perhaps' is not y, n or -",
        ),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_with_object_and_reason(etc, request_, reason):
    with pytest.raises(RelayError) as error:
        call(Postfix(etc), **request_)
    assert reason in str(error.value)
    assert files_in(etc) == {"main.cf": MAIN, "master.cf": MASTER}


KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
PASSWORD = "hunter2secret"


def mode_of(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def write(path, text, mode=0o644):
    path.write_bytes(text.encode("ascii"))
    os.chmod(str(path), mode)


def named_by(etc, how, path):
    """What has a password map name a table: the call's own arguments, or what main.cf and master.cf have already."""
    if how == "main.cf":
        write(etc / "main.cf", MAIN + "smtp_sasl_password_maps = hash:{0}\n".format(path))
    elif how == "main.cf, by reference":
        write(etc / "main.cf", MAIN + "lmtp_sasl_password_maps = $x\nx = texthash:/y, hash:{0}\n".format(path))
    elif how == "master.cf":
        write(
            etc / "master.cf", MASTER + "smart unix - - n - - smtp -o smtp_sasl_password_maps=hash:{0}\n".format(path)
        )
    elif how == "arguments":
        return {"main": {"smtp_sasl_password_maps": "hash:{0}".format(path)}}
    elif how == "option":
        options = {"smtp_sasl_password_maps": "hash:{0}".format(path)}
        return {"master": [{"name": "smart", "type": "unix", "command": "smtp", "options": options}]}
    return {}


NAMED = ["main.cf", "main.cf, by reference", "master.cf", "arguments", "option", "its own name"]


@pytest.mark.parametrize("how", NAMED)
def test_a_table_that_a_password_map_names_is_private_however_it_was_given(etc, how):
    path = etc / ("sasl_passwd" if how == "its own name" else "logins")
    request = named_by(etc, how, path)
    request["tables"] = [{"path": str(path), "type": "hash", "entries": {"[h]:587": "user:" + PASSWORD}}]
    concealed = set()
    postfix = Postfix(etc)
    # What 0.4.0 left behind.
    write(path, "[h]:587 user:old" + PASSWORD + "\n")
    write(etc / (path.name + ".db"), "compiled")
    request.update(config_directory=str(etc), backup=True)
    result = Configuration(request, postfix, conceal=concealed.update).apply()
    assert [mode for _path, mode in postfix.staged] == [0o600]
    (backup,) = [name for name in result["backup_files"] if path.name in name]
    assert [mode_of(name) for name in (path, str(path) + ".db", backup)] == [0o600] * 3
    with open(backup) as stream:
        assert stream.read() == "[h]:587 user:old" + PASSWORD + "\n"
    assert PASSWORD not in str(result) and set(["user:" + PASSWORD, PASSWORD]) <= concealed
    request.update(main={}, master=[])
    assert not call(Postfix(etc), **request)["changed"]


@pytest.mark.parametrize("how", NAMED)
def test_a_file_that_a_password_map_names_is_private_too(etc, how):
    path = etc / ("sasl_passwd" if how == "its own name" else "logins")
    request = named_by(etc, how, path)
    write(etc / (path.name + ".db"), "", 0o600)
    write(path, "h user:old\n")
    result = call(Postfix(etc), files=[{"path": str(path), "content": "h user:" + PASSWORD + "\n"}], **request)
    assert mode_of(path) == 0o600 and PASSWORD not in str(result) and "user:old" not in str(result)


def test_a_table_that_is_only_compiled_is_made_private(etc):
    write(etc / "sasl_passwd", "h user:" + PASSWORD + "\n")
    table = {"path": str(etc / "sasl_passwd"), "type": "hash"}
    assert call(Postfix(etc), check_mode=True, tables=[table])["changed"]
    assert call(Postfix(etc), tables=[table])["changed"]
    assert [mode_of(etc / name) for name in ("sasl_passwd", "sasl_passwd.db")] == [0o600, 0o600]
    assert not call(Postfix(etc), tables=[table])["changed"]


def test_a_table_that_the_map_no_longer_names_is_removed_without_being_shown(etc):
    path = etc / "logins"
    named_by(etc, "main.cf", path)
    write(path, "h user:" + PASSWORD + "\n")
    result = call(
        Postfix(etc),
        main={"smtp_sasl_password_maps": None},
        tables=[{"path": str(path), "type": "hash", "state": "absent"}],
        backup=True,
    )
    assert not path.exists() and PASSWORD not in str(result)
    assert [mode_of(name) for name in result["backup_files"] if "logins" in name] == [0o600]


@pytest.mark.parametrize("kind", ["ldap", "mysql", "pgsql", "memcache", "mongodb", "sqlite"])
def test_a_definition_with_a_password_is_private_and_one_without_is_not(etc, kind):
    definition = {"path": str(etc / "users.cf"), "content": "hosts = db\npassword = {0}\n".format(PASSWORD)}
    maps = {"virtual_alias_maps": "{0}:{1}".format(kind, etc / "users.cf")}
    risks = ["table-type-missing"]
    result = call(Postfix(etc), main=maps, files=[definition], accept_risks=risks)
    assert mode_of(etc / "users.cf") == 0o600 and PASSWORD not in str(result)
    os.chmod(str(etc / "users.cf"), 0o640)
    assert not call(Postfix(etc), main=maps, files=[definition], accept_risks=risks)["changed"]
    result = call(Postfix(etc), files=[dict(definition, content="hosts = db\nquery = x\n")], accept_risks=risks)
    assert result["changed"] and PASSWORD not in str(result)
    other = {"path": str(etc / "other.cf"), "content": "hosts = db\nquery = x\n"}
    result = call(Postfix(etc), files=[other])
    assert mode_of(etc / "other.cf") == 0o644 and "query = x" in str(result)


def test_what_proxymap_opens_stays_readable_for_it(etc, monkeypatch):
    account = type("Account", (), {"pw_uid": 4321, "pw_gid": 4322})
    monkeypatch.setattr("pwd.getpwnam", lambda name: account)
    monkeypatch.setattr("os.fchown", lambda *args: None)
    path = str(etc / "users.cf")
    request = dict(
        main={"virtual_alias_maps": "proxy:mysql:" + path},
        files=[{"path": path, "content": "password = {0}\n".format(PASSWORD)}],
        accept_risks=["table-type-missing"],
    )
    result = call(Postfix(etc), check_mode=True, **request)
    assert result["changed"] and PASSWORD not in str(result)
    call(Postfix(etc), **request)
    assert mode_of(path) == 0o640


@pytest.mark.parametrize("item", [{"entries": {"h": "user:pw"}}, {"secret_entries": {"h": "user:pw"}}, {}])
def test_a_mode_that_lets_everybody_read_secrets_is_refused(etc, item):
    write(etc / "sasl_passwd", "h user:pw\n", 0o600)
    with pytest.raises(RelayError) as error:
        call(Postfix(etc), tables=[dict(item, path=str(etc / "sasl_passwd"), type="hash", mode="0644")])
    assert "mode 0644 lets everyone read secrets; use 0600" in str(error.value)
    call(Postfix(etc), tables=[dict(item, path=str(etc / "sasl_passwd"), type="hash", mode="0640")])
    assert mode_of(etc / "sasl_passwd.db") == 0o640


def test_passwords_in_main_and_master_are_not_in_the_result(etc):
    login = "static:relay:" + PASSWORD
    write(etc / "main.cf", MAIN + "smtp_sasl_password_maps = {0}old\n".format(login))
    service = {"name": "smart", "type": "unix", "command": "smtp", "options": {"smtp_sasl_password_maps": login + "2"}}
    request = dict(config_directory=str(etc), main={"smtp_sasl_password_maps": login}, master=[service], backup=True)
    request["accept_risks"] = ["table-type-missing"]
    for check_mode in (True, False):
        concealed = set()
        result = Configuration(request, Postfix(etc), check_mode=check_mode, conceal=concealed.update).apply()
        assert PASSWORD not in str(result)
        assert "smtp_sasl_password_maps = (not shown, changed)\n" in result["diff"][0]["after"]
        assert "myhostname = relay.example.com\n" in result["diff"][0]["after"]
        assert "-o smtp_sasl_password_maps=(not shown)\n" in result["diff"][1]["after"]
        assert set(["relay:" + PASSWORD, PASSWORD + "old", PASSWORD + "2"]) <= concealed
    assert mode_of(etc / "main.cf") == 0o644
    assert dict((os.path.basename(name)[:7], mode_of(name)) for name in result["backup_files"]) == {
        "main.cf": 0o600,
        "master.": 0o644,
    }
    assert PASSWORD in files_in(etc)["main.cf"]


def test_what_postfix_says_of_a_password_can_be_kept_back(etc):
    login = "static:relay:" + PASSWORD
    concealed = set()
    postfix = Postfix(etc)
    postfix.fails["load"] = Result(1, "", "fatal: bad value: " + login)
    with pytest.raises(RelayError):
        Configuration(
            dict(config_directory=str(etc), main={"smtp_sasl_password_maps": [login]}),
            postfix,
            conceal=concealed.update,
        ).apply()
    assert login in concealed


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_private_key_among_trust_anchors_is_taken_away_with_its_backups(etc, check_mode):
    anchors = etc / "anchors.pem"
    old = [etc / "anchors.pem.2026-11-2{0}@07:44:01~".format(day) for day in (1, 2)]
    write(anchors, CERTIFICATE + KEY)
    write(old[0], CERTIFICATE)
    write(old[1], KEY)
    request = dict(files=[{"path": str(anchors), "content": CERTIFICATE}], backup=True)
    result = call(Postfix(etc), check_mode=check_mode, **request)
    assert result["changed"] and result["leaked_private_keys"] == [str(anchors), str(old[1])]
    (warning,) = result["warnings"]
    assert "must be made anew" in warning and str(anchors) in warning and str(old[1]) in warning
    assert "MIIE" not in str(result) and result["backup_files"] == []
    assert [diff["after_header"] for diff in result["diff"]] == [str(anchors), str(old[1])]
    kept = ["anchors.pem", old[0].name] + ([old[1].name] if check_mode else []) + ["main.cf", "master.cf"]
    assert sorted(files_in(etc)) == sorted(kept)
    assert (KEY in files_in(etc)["anchors.pem"]) == check_mode
    if not check_mode:
        again = call(Postfix(etc), **request)
        assert not again["changed"] and again["leaked_private_keys"] == again["warnings"] == again["diff"] == []


def test_a_key_in_a_backup_alone_is_taken_away_without_a_reload(etc):
    write(etc / "anchors.pem", CERTIFICATE)
    write(etc / "anchors.pem.2026-11-21@07:44:01~2~", KEY)
    request = dict(files=[{"path": str(etc / "anchors.pem"), "content": CERTIFICATE}])
    result = call(Postfix(etc), **request)
    assert result["changed"] and not result["reload_required"]
    assert result["leaked_private_keys"] == [str(etc / "anchors.pem.2026-11-21@07:44:01~2~")]
    assert sorted(files_in(etc)) == ["anchors.pem", "main.cf", "master.cf"]
    assert not call(Postfix(etc), **request)["changed"]


def test_a_removed_file_with_a_key_leaves_nothing_of_it(etc):
    write(etc / "both.pem", KEY)
    result = call(Postfix(etc), files=[{"path": str(etc / "both.pem"), "state": "absent"}], backup=True)
    assert result["leaked_private_keys"] == [str(etc / "both.pem")] and "MIIE" not in str(result)
    assert sorted(files_in(etc)) == ["main.cf", "master.cf"]


def test_a_private_key_that_is_wanted_is_private(etc):
    key = {"path": str(etc / "both.pem"), "content": CERTIFICATE + KEY}
    result = call(Postfix(etc), files=[key])
    assert mode_of(etc / "both.pem") == 0o600 and "MIIE" not in str(result) and result["leaked_private_keys"] == []
    os.chmod(str(etc / "both.pem"), 0o644)
    assert call(Postfix(etc), files=[key])["changed"]
    assert mode_of(etc / "both.pem") == 0o600
    with pytest.raises(RelayError) as error:
        call(Postfix(etc), files=[dict(key, mode="0644")])
    assert "lets everyone read secrets" in str(error.value)
    result = call(Postfix(etc), files=[dict(key, content=KEY)], backup=True)
    assert [mode_of(name) for name in result["backup_files"]] == [0o600] and "MIIE" not in str(result)


def test_what_looks_like_a_password_in_another_file_is_not_shown_and_keeps_its_mode(etc):
    write(etc / "smtpd.conf", "sql_passwd: old\n", 0o644)
    result = call(
        Postfix(etc), files=[{"path": str(etc / "smtpd.conf"), "content": "sql_passwd: hunter2\n"}], backup=True
    )
    assert "hunter2" not in str(result) and mode_of(etc / "smtpd.conf") == 0o644
    assert [mode_of(name) for name in result["backup_files"]] == [0o600]


def test_what_fails_before_its_secrets_are_known_keeps_them_back(etc):
    os.unlink(str(etc / "main.cf"))
    os.mkdir(str(etc / "main.cf"))
    request = dict(config_directory=str(etc), files=[{"path": str(etc / "ld.cf"), "content": "password = hunter2\n"}])
    concealed = set()
    with pytest.raises((RelayError, EnvironmentError)):
        Configuration(request, Postfix(etc), conceal=concealed.update).apply()
    assert "password = hunter2\n" in concealed


@pytest.mark.parametrize("content", ["password = hunter2\n", "bindpw hunter2\n", "server = pgsql://me:hunter2@db/x\n"])
def test_a_mode_that_lets_everybody_read_a_file_with_a_password_is_refused_whoever_names_it(etc, content):
    lonely = {"path": str(etc / "ld2.cf"), "content": content}
    for mode in ("0644", "0604"):
        with pytest.raises(RelayError) as error:
            call(Postfix(etc), files=[dict(lonely, mode=mode)])
        assert "ld2.cf: mode {0} lets everyone read secrets; use 0600".format(mode) in str(error.value)
        assert "hunter2" not in str(error.value) and not (etc / "ld2.cf").exists()
    call(Postfix(etc), files=[dict(lonely, mode="0640")])
    assert mode_of(etc / "ld2.cf") == 0o640


def test_who_can_read_a_secret_is_judged_by_what_the_call_leaves(etc, monkeypatch):
    seen = []

    def readers(path, attributes=None):
        seen.append((os.path.basename(path), attributes and attributes[0]))

    monkeypatch.setattr(
        "{0}.readers_of".format(Configuration.__module__.replace("configuration", "installation")), readers
    )
    table = {"path": str(etc / "logins"), "type": "hash", "entries": {"h": "user:pw"}}
    call(Postfix(etc), main={"smtp_sasl_password_maps": "hash:" + str(etc / "logins")}, tables=[table])
    assert ("logins", 0o600) in seen and ("logins.db", 0o600) in seen


def test_a_run_killed_between_a_table_and_what_is_compiled_of_it_is_seen_whatever_the_next_one_wants(etc, monkeypatch):
    old, new = [
        {"path": str(etc / "transport"), "type": "hash", "entries": {"a.example": "smtp:[{0}]".format(name)}}
        for name in ("old", "new")
    ]
    assert call(Postfix(etc), tables=[old])["changed"]
    real = os.rename

    class Killed(BaseException):
        pass

    def killed_before_the_compiled_one(source, destination):
        if destination.endswith(".db"):
            raise Killed
        real(source, destination)

    monkeypatch.setattr(os, "rename", killed_before_the_compiled_one)
    # A killed process puts nothing back.
    monkeypatch.setattr(Transaction, "roll_back", lambda self: [])
    with pytest.raises(Killed):
        call(Postfix(etc), tables=[new])
    monkeypatch.undo()
    assert "new" in files_in(etc)["transport"]
    for table in (new, old):
        result = call(Postfix(etc), check_mode=True, tables=[table])
        assert str(etc / "transport.db") in [diff["after_header"] for diff in result["diff"]]
