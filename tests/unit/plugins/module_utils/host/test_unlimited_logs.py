# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import functools
import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import unlimited_logs
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, TransactionError
from ansible_collections.mailops.relay.plugins.module_utils.host.unlimited_logs import (
    JOURNALD,
    JOURNALD_FILE,
    RSYSLOG,
    RSYSLOG_FILE,
    UnlimitedLogs,
)

# As the distributions ship it, shortened.
DEBIAN = 'module(load="imuxsock") # local\nmodule(load="imklog")\n$IncludeConfig /etc/rsyslog.d/*.conf\n'
EL7 = (
    "$ModLoad imuxsock # local\n$ModLoad imjournal # journal\n#$ModLoad imklog\n$IncludeConfig /etc/rsyslog.d/*.conf\n"
)
EL9 = (
    'module(load="imuxsock"    # local\n       SysSock.Use="off") # no local socket\n'
    'module(load="imjournal"             # journal\n       UsePid="system" # PID\n'
    '       FileCreateMode="0644"\n       StateFile="imjournal.state")\n'
    '# include(file="/etc/other.d/*.conf")\ninclude(file="/etc/rsyslog.d/*.conf" mode="optional")\n'
)


class Machine(object):
    """A host below a directory; its programs answer as told."""

    def __init__(self, root, rsyslog=None, journald=True):
        self.root = str(root)
        self.rsyslog = rsyslog is not None
        self.store = "FileDescriptorStoreMax=4224\n"
        self.validation = Result(0, "", "rsyslogd: version 8.2302.0, config validation run (level 1)\n")
        self.own_validation = self.validation
        self.validated = []
        for directory in ("etc/rsyslog.d", "etc/systemd", "lib/systemd", "proc/sys/net/unix", "var/lib"):
            os.makedirs(os.path.join(self.root, directory))
        self.write("/proc/sys/net/unix/max_dgram_qlen", "512\n")
        if journald:
            self.write("/lib/systemd/systemd-journald", "")
        if rsyslog:
            self.write("/etc/rsyslog.conf", rsyslog)

    def write(self, path, text):
        with open(self.root + path, "w") as stream:
            stream.write(text)

    def read(self, path):
        if not os.path.exists(self.root + path):
            return None
        with open(self.root + path) as stream:
            return stream.read()

    def find(self, program):
        return "/usr/sbin/rsyslogd" if program == "rsyslogd" and self.rsyslog else None

    def run(self, argv, check=True):
        if argv[0] == "systemctl":
            return Result(0, self.store, "")
        assert argv[:3] == ["rsyslogd", "-N1", "-f"]
        if argv[3] == self.root + "/etc/rsyslog.conf":
            return self.own_validation
        with open(argv[3]) as stream:
            self.validated.append([line.split()[1] for line in stream])
        return self.validation

    def apply(self, **options):
        return UnlimitedLogs(self, root=self.root, **options).apply()


def test_journald_alone_where_rsyslog_gets_its_lines_from_a_socket(tmp_path):
    machine = Machine(tmp_path, DEBIAN)
    result = machine.apply(check_mode=True)
    assert result["changed"] and machine.read(JOURNALD_FILE) is None
    assert machine.apply() == result
    assert (result["journald_restart_required"], result["rsyslog_restart_required"]) == (True, False)
    assert result["warnings"] == [] and [item["after"] for item in result["diff"]] == [JOURNALD]
    assert machine.read(JOURNALD_FILE) == JOURNALD and machine.read(RSYSLOG_FILE) is None
    assert os.stat(machine.root + os.path.dirname(JOURNALD_FILE)).st_mode & 0o777 == 0o755
    again = machine.apply()
    assert not again["changed"] and not again["journald_restart_required"]


@pytest.mark.parametrize("text", [EL7, EL9])
def test_imjournal_too_where_rsyslog_reads_the_journal(tmp_path, text):
    machine = Machine(tmp_path, text)
    machine.write("/proc/sys/net/unix/max_dgram_qlen", "10\n")
    result = machine.apply()
    assert result["rsyslog_restart_required"] and machine.read(RSYSLOG_FILE) == RSYSLOG
    # The queue of the socket is of no account there.
    assert result["warnings"] == []
    ((first, second),) = machine.validated
    assert first == machine.root + "/etc/rsyslog.conf" and os.path.basename(second) == os.path.basename(RSYSLOG_FILE)
    again = machine.apply()
    assert not again["changed"] and len(machine.validated) == 1


def test_imjournal_loaded_by_an_included_file(tmp_path):
    machine = Machine(tmp_path, "$IncludeConfig /etc/rsyslog.d/\n")
    machine.write("/etc/rsyslog.d/00-inputs.conf", EL7)
    assert machine.apply()["rsyslog_restart_required"] and machine.read(RSYSLOG_FILE) == RSYSLOG


@pytest.mark.parametrize(
    "text, late",
    [
        ('$IncludeConfig /etc/rsyslog.d/*.conf\nmodule(load="imjournal")\n', None),
        ("$ModLoad imjournal\n", None),
        ("$IncludeConfig /etc/rsyslog.d/*.conf\n", "zzz.conf"),
        # The star of a pattern does not stand for directories.
        ("$ModLoad imjournal\n$IncludeConfig /etc/*.conf\n", None),
        # rsyslogd would complain of the first reading at each start.
        ("$IncludeConfig /etc/rsyslog.d/\n$ModLoad imjournal\n$IncludeConfig /etc/rsyslog.d/\n", None),
    ],
)
def test_a_module_that_is_loaded_too_late_is_named_with_the_fix(tmp_path, text, late):
    machine = Machine(tmp_path, text)
    machine.write("/proc/sys/net/unix/max_dgram_qlen", "10\n")
    if late:
        machine.write("/etc/rsyslog.d/" + late, EL7)
    result = machine.apply()
    assert machine.read(RSYSLOG_FILE) is None and not result["rsyslog_restart_required"]
    (warning,) = result["warnings"]
    assert 'Ratelimit.Interval="0"' in warning


def test_imjournal_in_a_comment_is_not_loaded(tmp_path):
    """The preflight, which reads the same, then says that nothing limits rsyslog."""
    machine = Machine(tmp_path, DEBIAN + '/* module(load="imjournal") */ # $ModLoad imjournal\n')
    assert machine.apply()["warnings"] == [] and machine.read(RSYSLOG_FILE) is None


@pytest.mark.parametrize("name", ["a.conf", "included-by-a"])
def test_imjournal_loaded_at_any_depth_before_our_file(tmp_path, name):
    machine = Machine(tmp_path, 'include(file="/etc/rsyslog.d/*.conf")\n')
    machine.write("/etc/rsyslog.d/a.conf", "$IncludeConfig /etc/rsyslog.d/included-by-*\n")
    machine.write("/etc/rsyslog.d/" + name, "$ModLoad imjournal.so\n")
    assert machine.apply()["rsyslog_restart_required"] and machine.read(RSYSLOG_FILE) == RSYSLOG


def test_what_rsyslogd_refuses_is_not_put_in_place(tmp_path):
    machine = Machine(tmp_path, EL9)
    machine.validation = Result(
        1, "", machine.validation.stderr + "rsyslogd: invalid or yet-unknown config file command\n"
    )
    result = machine.apply()
    assert machine.read(RSYSLOG_FILE) is None
    assert "rsyslogd -N1 says: rsyslogd: invalid or yet-unknown" in result["warnings"][0]


# What rsyslogd 8.2302.0 says of a module that it does not have, and of a line that is cut.
NO_MODULE = "rsyslogd: could not load module 'imnothing', errors: trying to load module imnothing.so\n"
CUT = "rsyslogd: error during parsing file /etc/rsyslog.conf, on or before line 71: syntax error on token ''\n"


@pytest.mark.parametrize("whole, own, is_put", [(NO_MODULE, NO_MODULE, True), ("rsyslogd: invalid '$'\n", CUT, False)])
def test_a_fault_that_was_there_before_keeps_no_limit(tmp_path, whole, own, is_put):
    machine = Machine(tmp_path, EL9)
    head = machine.validation.stderr
    machine.validation, machine.own_validation = Result(1, "", head + whole), Result(1, "", head + own)
    result = machine.apply()
    assert (machine.read(RSYSLOG_FILE) == RSYSLOG) is is_put and result["rsyslog_restart_required"] is is_put
    (warning,) = result["warnings"]
    assert own.strip() in warning and ("finds fault with what is in /etc/rsyslog.conf already" in warning) is is_put


def test_our_file_goes_when_imjournal_is_no_longer_loaded(tmp_path):
    """rsyslog would complain about a setting of a module that it does not have."""
    machine = Machine(tmp_path, DEBIAN)
    machine.write(RSYSLOG_FILE, RSYSLOG)
    assert machine.apply()["rsyslog_restart_required"] and machine.read(RSYSLOG_FILE) is None


def test_rsyslog_that_is_not_ours_stays(tmp_path):
    machine = Machine(tmp_path, EL9)
    result = machine.apply(rsyslog=False)
    assert machine.read(RSYSLOG_FILE) is None and machine.read(JOURNALD_FILE) == JOURNALD
    assert not result["rsyslog_restart_required"]


@pytest.mark.parametrize("store", ["FileDescriptorStoreMax=0\n", ""])
def test_journald_that_would_cut_streams_is_not_restarted(tmp_path, store):
    machine = Machine(tmp_path, EL7)
    machine.store = store
    result = machine.apply()
    assert not result["journald_restart_required"] and "next boot" in result["warnings"][0]


def test_a_short_queue_to_rsyslog_is_named(tmp_path):
    machine = Machine(tmp_path, DEBIAN)
    machine.write("/proc/sys/net/unix/max_dgram_qlen", "10\n")
    assert "net.unix.max_dgram_qlen is 10" in machine.apply()["warnings"][0]


def test_a_host_without_either_is_left_alone(tmp_path):
    assert not Machine(tmp_path, journald=False).apply()["changed"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    machine = Machine(tmp_path, DEBIAN)
    os.rmdir(machine.root + "/etc/systemd")
    with pytest.raises(EnvironmentError) as raised:
        machine.apply()
    assert raised.value.filename.endswith("journald.conf.d")


def test_a_second_run_waits_for_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(unlimited_logs, "Lock", functools.partial(Lock, wait=0.0))
    machine = Machine(tmp_path, DEBIAN)
    with Lock(str(tmp_path / "etc")), pytest.raises(TransactionError) as caught:
        machine.apply()
    assert "locked by another run" in str(caught.value)
    assert machine.read(JOURNALD_FILE) is None
    assert machine.apply()["changed"]


def test_an_owner_gives_the_limits_back_with_the_directory_that_was_made(tmp_path):
    machine = Machine(tmp_path, EL9)
    directory = str(tmp_path / "etc/systemd/journald.conf.d")
    assert not os.path.isdir(directory)
    assert machine.apply(owner="role")["changed"]
    assert machine.apply(owner="role", rsyslog=False)["rsyslog_restart_required"]
    assert machine.read(RSYSLOG_FILE) is None
    foretold = machine.apply(owner="role", state="absent", check_mode=True)
    assert machine.read(JOURNALD_FILE) == JOURNALD
    result = machine.apply(owner="role", state="absent")
    assert result["changed"] and result["diff"] == foretold["diff"]
    assert result["journald_restart_required"] and not os.path.isdir(directory)
    assert not machine.apply(owner="role", state="absent")["changed"]


def test_what_an_earlier_release_has_made_goes_out_and_what_was_an_administrators_comes_back(tmp_path):
    machine = Machine(tmp_path, EL9)
    machine.apply()
    machine.write(RSYSLOG_FILE, "# mine\n")
    assert machine.apply(owner="role")["diff"][0]["after_header"] == RSYSLOG_FILE
    machine.apply(owner="role", state="absent")
    assert (machine.read(JOURNALD_FILE), machine.read(RSYSLOG_FILE)) == (None, "# mine\n")


def test_a_file_that_somebody_has_changed_since_stays(tmp_path):
    machine = Machine(tmp_path, EL9)
    machine.apply(owner="role")
    machine.write(JOURNALD_FILE, "[Journal]\nRateLimitBurst=5\n")
    result = machine.apply(owner="role", state="absent")
    assert "was changed by somebody else" in result["warnings"][0]
    assert machine.read(JOURNALD_FILE) == "[Journal]\nRateLimitBurst=5\n"
