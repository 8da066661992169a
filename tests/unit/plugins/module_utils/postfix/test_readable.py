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
        # Whether postconf answers all the same, as where main.cf sets mynetworks.
        self.postconf_answers = False

    def run(self, argv, stdin=None, check=True, env=None):
        if argv[0] == "postconf" and self.postconf_answers:
            return Result(0, "told\n", "")
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
        ("postconf: fatal: could not find any active network interfaces\n", True),
        ("postconf: fatal: bad numerical configuration: message_size_limit = abc\n", False),
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


def test_postconf_answers_and_no_other_program_starts(directory):
    runner = Runner(directory)
    runner.postconf_answers = True
    found = readable.read_for_programs(runner, ["-h", "mail_version"])
    assert found.text == "told\n"
    assert found.fault == "parameter inet_interfaces: no local interface found for ::1"
    assert readable.start_error(runner, found.directory) is None
    readable.amend_copy(found.directory, {"showq_service_name": "../sbin/showq"})
    with open(os.path.join(found.directory, "main.cf")) as stream:
        assert stream.read().endswith("\nshowq_service_name = ../sbin/showq\n")
    assert directory.join("main.cf").read() == MAIN


def test_where_each_program_starts_nothing_is_copied(directory):
    directory.join("main.cf").write("inet_interfaces = all\n")
    runner = Runner(directory)
    runner.postconf_answers = True
    assert readable.read_for_programs(runner, ["-n"]) == readable.Read("told\n", None, None)


# Of Postfix 3.7.11, of which postconf says nothing.
@pytest.mark.parametrize(
    "stderr, words",
    [
        (
            "postmap: warning: valid_hostname: misplaced delimiter: a..b\n"
            "postmap: fatal: file /etc/postfix/main.cf: parameter myhostname: bad parameter value: a..b\n",
            "file /etc/postfix/main.cf: parameter myhostname: bad parameter value: a..b",
        ),
        (
            "postmap: fatal: bad numerical configuration: hash_queue_depth = abc\n",
            "bad numerical configuration: hash_queue_depth = abc",
        ),
    ],
)
def test_what_else_no_program_starts_with_is_told_as_it_is(directory, stderr, words):
    runner = Runner(directory, stderr)
    runner.postconf_answers = True
    with pytest.raises(CommandError) as caught:
        readable.read_for_programs(runner, ["-n"])
    assert readable.words_of(caught.value) == words and runner.copies == []
