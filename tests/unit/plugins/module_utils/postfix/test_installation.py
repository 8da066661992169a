# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import (
    Host,
    NotInstalledError,
    parse_settings,
    parse_version,
)


class Programs(object):
    """Answers by the first words of a command, and counts."""

    def __init__(self, **answers):
        self.answers = answers
        self.calls = []

    def find(self, program):
        return program if program in self.answers else None

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(argv)
        answer = self.answers.get(argv[1] if argv[0] == "openssl" else argv[0])
        if answer is None:
            raise CommandError(argv, 127, "", "no such program")
        return answer


@pytest.mark.parametrize(
    "text, version",
    [("3.7.11", (3, 7, 11)), ("2.10.1", (2, 10, 1)), ("3.12-20260821", (3, 12)), ("", ()), ("none", ())],
)
def test_versions(text, version):
    assert parse_version(text) == version


def test_settings_keep_what_is_behind_the_first_equals_sign():
    assert parse_settings("a = b = c\nempty =\nwarning: x\n") == {"a": "b = c", "empty": ""}


def test_postfix_is_asked_once_for_each_thing_and_only_when_needed():
    programs = Programs(postconf=Result(0, "mail_version = 3.7.11\nconfig_directory = /opt/postfix\n", ""))
    host = Host(programs)
    assert programs.calls == []
    assert host.version == (3, 7, 11) and host.main_file == "/opt/postfix/main.cf"
    assert programs.calls == [["postconf", "-d"]]
    assert Host(programs, "/etc/other").master_file == "/etc/other/master.cf"


def test_without_postfix_nothing_is_known_and_nothing_runs():
    host = Host(Programs())
    assert (host.version, host.defaults, host.table_types) == ((), {}, None)
    assert host.config_directory == "/etc/postfix"
    with pytest.raises(NotInstalledError):
        host.require()


@pytest.mark.parametrize(
    "certificate, key, verdict",
    [
        (Result(0, "PUBLIC\n", ""), Result(0, "PUBLIC\n", ""), True),
        (Result(0, "PUBLIC\n", ""), Result(0, "OTHER\n", ""), False),
        (Result(1, "", "unable to load"), Result(0, "", ""), None),
        (Result(0, "PUBLIC\n", ""), Result(1, "", "bad decrypt"), None),
        (None, None, None),
    ],
)
def test_a_pair_is_compared_once(certificate, key, verdict):
    programs = Programs(x509=certificate, pkey=key)
    host = Host(programs)
    assert host.key_pair_matches("/c", "/k") is verdict
    calls = len(programs.calls)
    assert host.key_pair_matches("/c", "/k") is verdict and len(programs.calls) == calls


def test_an_address_is_local_when_it_can_be_bound():
    host = Host(Programs())
    assert host.is_local_address("127.0.0.1")
    assert not host.is_local_address("192.0.2.1")
    assert not host.is_local_address("name.invalid")


def test_whether_a_name_has_an_ipv6_address(monkeypatch):
    def getaddrinfo(name, _port, family, *_unused):
        if family != socket.AF_INET6 or name != "six.example.com":
            raise socket.gaierror(-2, "Name or service not known")
        return [(family, socket.SOCK_DGRAM, 17, "", ("2001:db8::1", 0, 0, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert Host(Programs()).has_ipv6_address("six.example.com")
    assert not Host(Programs()).has_ipv6_address("four.example.com")


def test_a_planned_file_counts_as_there_and_a_planned_removal_as_gone(tmp_path):
    host = Host(Programs())
    host.planned = {str(tmp_path / "new"): True, str(tmp_path): False}
    assert host.exists(str(tmp_path / "new")) and not host.exists(str(tmp_path))
    assert not host.exists(str(tmp_path / "other"))
