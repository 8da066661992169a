# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import SyntaxProblem, Table
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCfError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tls_levels import Levels, dane_of, services_of

# The services of smtp(8), and another, as Postfix 3.7.11 (Debian 12) says them with a smarthost of the role.
SERVICES = """\
smtp       inet  n       -       y       -       -       smtpd
smtp       unix  -       -       y       -       -       smtp
relay      unix  -       -       y       -       -       smtp -o syslog_name=postfix/$service_name
smart-ses  unix  -       -       n       -       -       smtp -o syslog_name=postfix/smart-ses -o smtp_tls_policy_maps= \
-o smtp_tls_security_level=secure
"""
POLICIES = {"partner.example": "secure match=.partner.example", ".gov.example": "dane-only", "plain.example": "may"}


class Policies(Table):
    def find(self, key):
        return [POLICIES[key]] if key in POLICIES else []


def table(specification):
    if specification == "texthash:/wrong":
        raise SyntaxProblem("it cannot be read", "mend it")
    return Policies() if specification == "texthash:/policies" else Table()


def levels(level="dane", policies="texthash:/policies"):
    settings_found = {"smtp_tls_security_level": level, "smtp_tls_policy_maps": policies}
    return Levels(settings_found, services_of(SERVICES), table)


def test_services():
    assert services_of(SERVICES) == [
        {},
        {"syslog_name": "postfix/$service_name"},
        {"syslog_name": "postfix/smart-ses", "smtp_tls_policy_maps": "", "smtp_tls_security_level": "secure"},
    ]


@given(st.text(alphabet="smtp -o=/\n$a1", max_size=80))
@settings(max_examples=100, deadline=None)
def test_whatever_postconf_says_is_read(text):
    try:
        found = services_of(text)
    except MasterCfError:
        return
    assert all(name.strip() == name for options in found for name in options)


def test_a_value_with_blanks_is_one_option():
    # As Postfix 3.7.11 says it.
    line = "slow unix - - n - - smtp -o {smtp_tls_policy_maps=texthash:/a, texthash:/b} -v -o smtp_tls_security_level=dane\n"
    assert services_of(line) == [
        {"smtp_tls_policy_maps": "texthash:/a, texthash:/b", "smtp_tls_security_level": "dane"}
    ]


@pytest.mark.parametrize(
    "tag, recipient, dane",
    [
        ("postfix/smtp", "x@example.net", True),
        ("postfix/smtp", "x@Partner.Example", False),
        ("postfix/smtp", "x@a.gov.example", True),
        ("postfix/smtp", "x@gov.example", True),
        ("postfix/smtp", "x@plain.example", False),
        ("postfix/smart-ses/smtp", "x@a.gov.example", False),
        ("postfix/pace-slow/smtp", "x@example.net", True),
    ],
)
def test_what_is_verified_is_so_by_dane_where_its_level_is(tag, recipient, dane):
    assert levels().is_dane(tag, recipient) is dane


def test_without_dane_only_a_policy_makes_it():
    assert not levels("may").is_dane("postfix/smtp", "x@example.net") and levels("may").has_dane
    assert levels("may").is_dane("postfix/smtp", "x@a.gov.example")
    assert not levels("may", "").has_dane


@pytest.mark.parametrize("unknown", ["socketmap:inet:127.0.0.1:8461:postfix", "texthash:/wrong"])
def test_a_table_that_cannot_be_read_leaves_it_verified(unknown):
    assert not levels(policies=unknown).is_dane("postfix/smtp", "x@example.net")
    # One before it that knows the domain has the word.
    assert levels(policies="texthash:/policies, " + unknown).is_dane("postfix/smtp", "x@a.gov.example")


class Runner(object):
    def __init__(self, level):
        self.level = level

    def run(self, argv, **_options):
        if self.level is None:
            raise CommandError(argv, 1, "", "fatal: no such thing")
        if argv[1:] == ["-M"]:
            return Result(0, SERVICES, "")
        return Result(0, "smtp_tls_security_level = {0}\nsmtp_tls_policy_maps =\n".format(self.level), "")


class Host(object):
    installed = True
    table_types = None


def test_a_host_is_asked_once():
    assert dane_of(Runner("dane"), Host())("postfix/smtp", "x@example.net")
    assert dane_of(Runner("may"), Host()) is None and dane_of(Runner(None), Host()) is None
    host = Host()
    host.installed = False
    assert dane_of(Runner("dane"), host) is None
