# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix import parameters
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError

MAIN = "myhostname = relay.example.com\nmydestination = $myhostname, localhost.$mydomain\n"


class Host(object):
    """An installation."""

    defaults = {"message_size_limit": "10240000", "smtp_helo_name": "$myhostname", "mydomain": "other.example"}

    def __init__(self, installed=True):
        self.installed = installed
        self.defaults = self.defaults if installed else {}


class Runner(object):
    def run(self, argv):
        # The second shows whether programs of Postfix start with this main.cf.
        assert argv in (["postconf", "-n"], ["postmap", "-q", "x", "static:x"])
        return Result(0, MAIN if argv[0] == "postconf" else "x\n", "")


def known(plan=None, prefer=False, installed=True, hostname="relay"):
    return parameters.parameters_of(Runner(), Host(installed), hostname, plan or {}, prefer)


def test_what_is_installed_counts():
    found, planned, _fault = known({"myhostname": "new.example.org"})
    assert not planned
    assert found.value("smtp_helo_name") == "relay.example.com"
    assert found.names("mydestination") == ["relay.example.com", "localhost.example.com"]
    assert (found.number("message_size_limit"), found.number("queue_minfree"), found.value("nosuch")) == (
        10240000,
        0,
        "",
    )


@pytest.mark.parametrize("installed, prefer", [(False, False), (True, True)])
def test_what_is_planned_counts(installed, prefer):
    plan = {"myhostname": "new.example.org", "mydestination": ["$mydomain", "localhost"], "smtpd_use_tls": None}
    found, planned, _fault = known(plan, prefer, installed)
    assert planned and found.names("mydestination") == ["example.org", "localhost"]
    assert found.number("message_size_limit") == 10240000


def test_what_is_taken_out_is_the_default_again():
    found, _planned, _fault = known({"mydestination": None, "myhostname": None}, True, hostname="host.example.net")
    assert found.value("myhostname") == "host.example.net"
    assert found.names("mydestination") == ["host.example.net", "localhost.example.net", "localhost"]


def test_a_host_without_a_domain_is_in_localdomain():
    found, _planned, _fault = known({}, True, False)
    assert found.value("myhostname") == "relay.localdomain"


def test_a_value_that_cannot_be_told_is_named():
    with pytest.raises(parameters.PlanError) as info:
        known({"mydestination": "$mydestination"}, True)[0].value("mydestination")
    assert "mydestination" in str(info.value)
    with pytest.raises(SettingError):
        known({"mydestination": {"a": 1}}, True)
