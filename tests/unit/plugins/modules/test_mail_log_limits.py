# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.doc_fragments.owner import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.module_utils.host.unlimited_logs import (
    JOURNALD,
    JOURNALD_FILE,
    RSYSLOG,
    RSYSLOG_FILE,
    UnlimitedLogs,
)
from ansible_collections.mailops.relay.plugins.modules import mail_log_limits

CONFIGURATION = 'module(load="imjournal")\n$IncludeConfig /etc/rsyslog.d/*.conf\n'


@pytest.fixture
def host(tmp_path, monkeypatch, programs):
    """A host below a directory whose rsyslog reads the journal; rsyslogd takes every setting, and notes that it was asked."""
    root = tmp_path / "root"
    for directory in ("etc/rsyslog.d", "etc/systemd", "lib/systemd", "proc/sys/net/unix"):
        os.makedirs(str(root / directory))
    (root / "etc" / "rsyslog.conf").write_bytes(CONFIGURATION.encode("ascii"))
    (root / "lib" / "systemd" / "systemd-journald").write_bytes(b"")
    (root / "proc" / "sys" / "net" / "unix" / "max_dgram_qlen").write_bytes(b"512\n")
    programs(
        systemctl="echo FileDescriptorStoreMax=4224",
        rsyslogd="echo asked >> {0}".format(tmp_path / "asked"),
    )
    monkeypatch.setattr(
        mail_log_limits,
        "UnlimitedLogs",
        lambda *arguments, **options: UnlimitedLogs(*arguments, root=str(root), **options),
    )
    return root


def content(host, path):
    path = str(host) + path
    if not os.path.exists(path):
        return None
    with open(path) as stream:
        return stream.read()


def contents(host):
    return content(host, JOURNALD_FILE), content(host, RSYSLOG_FILE)


def test_both_limits_are_turned_off_and_then_nothing_is_left_to_do(run_module, host):
    failed, result = run_module(mail_log_limits.main)
    assert not failed and result["changed"] and "warnings" not in result
    assert result["journald_restart_required"] and result["rsyslog_restart_required"]
    assert contents(host) == (JOURNALD, RSYSLOG)
    failed, again = run_module(mail_log_limits.main)
    assert not failed and not again["changed"] and again["diff"] == []
    assert not again["journald_restart_required"] and not again["rsyslog_restart_required"]


def test_check_mode_says_what_would_be_done_and_does_nothing(run_module, host, tmp_path):
    failed, planned = run_module(mail_log_limits.main, check_mode=True, diff=True)
    assert not failed and contents(host) == (None, None)
    # rsyslogd is asked all the same: what it would refuse is no plan.
    assert (tmp_path / "asked").exists()
    assert run_module(mail_log_limits.main, diff=True) == (False, planned)
    assert [(item["after_header"], item["before"], item["after"]) for item in planned["diff"]] == [
        (JOURNALD_FILE, "", JOURNALD),
        (RSYSLOG_FILE, "", RSYSLOG),
    ]
    assert run_module(mail_log_limits.main, check_mode=True)[1]["changed"] is False


def test_rsyslog_is_left_alone_where_that_is_wanted(run_module, host, tmp_path):
    failed, result = run_module(mail_log_limits.main, rsyslog=False)
    assert not failed and result["journald_restart_required"] and not result["rsyslog_restart_required"]
    assert contents(host) == (JOURNALD, None) and not (tmp_path / "asked").exists()


def test_what_rsyslogd_refuses_is_a_warning_and_not_put_in_place(run_module, host, programs):
    refuses_ours = (
        "grep -q zz-mailops \"$3\" || exit 0; echo 'rsyslogd: invalid or yet-unknown config file command' >&2; exit 1"
    )
    programs(rsyslogd=refuses_ours)
    failed, result = run_module(mail_log_limits.main)
    assert not failed and contents(host) == (JOURNALD, None) and not result["rsyslog_restart_required"]
    (warning,) = result["warnings"]
    assert "rsyslogd -N1 says: rsyslogd: invalid" in warning and 'Ratelimit.Interval="0"' in warning


def test_a_restart_that_would_cut_streams_is_not_asked_for(run_module, host, programs):
    programs(systemctl="echo FileDescriptorStoreMax=0")
    failed, result = run_module(mail_log_limits.main)
    assert not failed and content(host, JOURNALD_FILE) == JOURNALD
    assert not result["journald_restart_required"] and "next boot" in result["warnings"][0]


def test_a_file_that_cannot_be_written_is_named_with_the_fix(run_module, host):
    os.rmdir(str(host / "etc" / "systemd"))
    failed, result = run_module(mail_log_limits.main)
    assert failed and re.search(r"journald\.conf\.d: No such file or directory; create it", result["msg"])


def test_documentation_arguments_and_result_say_the_same(run_module, host, monkeypatch):
    specs = []
    real = mail_log_limits.RelayModule

    def noted(**options):
        specs.append(options)
        return real(**options)

    monkeypatch.setattr(mail_log_limits, "RelayModule", noted)
    _failed, result = run_module(mail_log_limits.main)
    documented = yaml.safe_load(mail_log_limits.DOCUMENTATION)
    documented["options"].update(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"])
    (spec,) = specs
    assert spec["supports_check_mode"] and documented["attributes"]["check_mode"]["support"] == "full"
    assert set(documented["options"]) == set(spec["argument_spec"])
    for name, option in documented["options"].items():
        for key in ("type", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec["argument_spec"][name].get(key))
    # These two are of every module.
    assert set(yaml.safe_load(mail_log_limits.RETURN)) == set(result) - set(["changed", "warnings"])
