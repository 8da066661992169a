# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix import readable

# Of Postfix 2.10.1 with EL7's main.cf, IPv6 off and ::1 in /etc/hosts.
FAULT = "/usr/sbin/postconf: fatal: parameter inet_interfaces: no local interface found for ::1\n"
MAIN = "inet_interfaces = localhost\nqueue_directory = /var/spool/postfix"


class Runner(object):
    """A postconf that refuses each main.cf whose inet_interfaces is not all."""

    def __init__(self, directory, fault=FAULT):
        self.directory = str(directory)
        self.fault = fault
        self.copies = []

    def run(self, argv, stdin=None, check=True, env=None):
        directory = argv[2] if argv[1] == "-c" else self.directory
        with open(os.path.join(directory, "main.cf")) as stream:
            text = stream.read()
        if "inet_interfaces = all" not in text or "other fault" in text:
            raise CommandError(argv, 1, "", self.fault)
        self.copies.append(directory)
        return Result(0, text + "config_directory = {0}\n".format(directory), "")


@pytest.fixture
def directory(tmpdir, monkeypatch):
    tmpdir.join("main.cf").write(MAIN)
    tmpdir.join("master.cf").write("smtp inet n - n - - smtpd\n")
    monkeypatch.setattr(readable, "DEFAULT_DIRECTORY", str(tmpdir))
    return tmpdir


def test_what_main_cf_sets_is_told_although_no_program_of_postfix_starts(directory):
    runner = Runner(directory)
    settings, fault = readable.settings_of(runner)
    assert settings == {"inet_interfaces": "localhost", "queue_directory": "/var/spool/postfix"}
    assert fault == "parameter inet_interfaces: no local interface found for ::1"
    (copy,) = runner.copies
    assert stat.S_IMODE(os.stat(copy).st_mode) == 0o700
    with open(os.path.join(copy, "master.cf")) as stream:
        assert stream.read() == directory.join("master.cf").read()
    assert directory.join("main.cf").read() == MAIN


def test_a_main_cf_that_can_be_read_is_not_copied(directory):
    directory.join("main.cf").write("inet_interfaces = all\n")
    runner = Runner(directory)
    settings, fault = readable.settings_of(runner)
    assert settings["inet_interfaces"] == "all" and fault is None and runner.copies == [str(directory)]
    assert "inet_interfaces = all" in readable.read(runner, ["-x", "-h", "relayhost"]).text


def test_each_instance_is_asked_in_its_own_directory(directory, tmpdir_factory):
    other = tmpdir_factory.mktemp("other")
    other.join("main.cf").write("syslog_name = out")
    assert readable.read(Runner(directory), ["-h", "syslog_name"], str(other)).text.startswith("syslog_name = out\n")


@pytest.mark.parametrize(
    "fault, is_about_addresses",
    [
        (FAULT, True),
        ("postqueue: fatal: config variable proxy_interfaces: host not found: nowhere.example\n", True),
        ("postconf: warning: x\npostconf: fatal: config variable inet_interfaces: host not found: a\n", True),
        ("postconf: fatal: open /etc/postfix/main.cf: Permission denied\n", False),
        ("postconf: fatal: could not find any active network interfaces\n", False),
    ],
)
def test_another_fault_stays_an_error(directory, fault, is_about_addresses):
    runner = Runner(directory, fault)
    if is_about_addresses:
        assert readable.settings_of(runner)[1]
        return
    for ask in (readable.settings_of, lambda runner: readable.read(runner, ["-n"])):
        with pytest.raises(CommandError) as caught:
            ask(runner)
        assert caught.value.stderr == fault
    assert runner.copies == []
