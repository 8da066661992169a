# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.preflight import host_name

FQDN = "relay.example.com"
HOSTS = "127.0.0.1 localhost # loop\n\n# 192.0.2.1 no\n10.0.0.4\trelay.example.com relay\n"


def bad(system=FQDN, helo=FQDN, hosts=HOSTS, wanted=FQDN):
    names = [
        ("myhostname", wanted, "Set myhostname"),
        ("hostname", system, "Set the host name"),
        ("smtp_helo_name", helo, "Set it"),
    ]
    results = host_name.name_checks(names, host_name.hosts_entries(hosts), "10.0.0.4")
    return [(result["subject"], result["seen"], result["todo"]) for result in results if result["status"] != "ok"]


def test_one_name_everywhere():
    assert bad() == []
    assert bad(system="Relay.Example.com") == []


@pytest.mark.parametrize(
    "changes, expected",
    [
        (
            {"system": "relay"},
            ("hostname", "relay, but myhostname is relay.example.com", "Set the host name to relay.example.com."),
        ),
        (
            {"helo": "mail.example.com"},
            ("smtp_helo_name", "mail.example.com, but myhostname is relay.example.com", "Set it to relay.example.com."),
        ),
        (
            {"hosts": "127.0.0.1 localhost\n"},
            ("/etc/hosts", "relay.example.com is not in it", "Add the line: 10.0.0.4 relay.example.com relay"),
        ),
        (
            {"hosts": "10.0.0.4 relay relay.example.com\n"},
            (
                "/etc/hosts",
                "relay.example.com is not the first name of its line",
                "Write relay.example.com first: 10.0.0.4 relay.example.com relay",
            ),
        ),
        # Nothing else is of use before the name is one.
        (
            {"wanted": "relay"},
            (
                "myhostname",
                "relay is not a name with a domain",
                "Set myhostname to a full name, for example smtp-relay001.example.com.",
            ),
        ),
        (
            {"wanted": "relay.localdomain"},
            (
                "myhostname",
                "relay.localdomain is not a name with a domain",
                "Set myhostname to a full name, for example smtp-relay001.example.com.",
            ),
        ),
        (
            {"wanted": ""},
            (
                "myhostname",
                "the empty text is not a name with a domain",
                "Set myhostname to a full name, for example smtp-relay001.example.com.",
            ),
        ),
    ],
)
def test_what_differs_is_named(changes, expected):
    assert bad(**changes) == [expected]


def test_a_hosts_file_that_will_be_written_is_not_looked_at():
    assert host_name.name_checks([("myhostname", FQDN, "Set it")], None, "") == [
        {"id": "host_name", "status": "ok", "subject": "myhostname", "seen": FQDN, "todo": ""}
    ]


@given(st.text(alphabet=u"ab.#: \t\n1", max_size=60))  # fmt: skip
def test_any_text_is_a_hosts_file(text):
    for address, names in host_name.hosts_entries(str(text)):
        assert address and names and "#" not in address
