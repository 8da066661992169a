# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.errors import AnsibleError

from ansible_collections.mailops.relay.plugins.action.smtp_probe import ActionModule, strangers

HOSTVARS = {
    "smtp-relay001": {
        "ansible_host": "10.20.0.10",
        "relay_server_hostname": "smtp-relay001.example.com",
        "relay_server_outbound_address": "203.0.113.4",
        "ansible_facts": {
            "all_ipv4_addresses": ["10.20.0.10", "192.0.2.7"],
            "all_ipv6_addresses": ["2001:db8::7"],
            "fqdn": "mail.example.com",
            "hostname": "mailer",
        },
    },
    "web01": {"ansible_host": "web01.example.com"},
    "localhost": {},
}
GROUPS = {"all": ["smtp-relay001", "web01", "localhost"], "relay_servers": ["smtp-relay001"]}


@pytest.mark.parametrize(
    "target",
    [
        "smtp-relay001",
        "SMTP-Relay001.Example.com.",
        "10.20.0.10",
        "203.0.113.4",
        "192.0.2.7",
        "2001:DB8:0::7",
        "mail.example.com",
        "mailer",
        "web01.example.com",
        "localhost",
        "127.0.0.1",
        "127.0.1.1",
        "::1",
    ],
)
def test_hosts_of_the_inventory_and_the_host_itself(target):
    assert strangers([target], GROUPS, HOSTVARS) == ([], [])


@pytest.mark.parametrize(
    "target",
    [
        "192.0.2.8",
        "gmail.com",
        "smtp-relay001.example.com.evil.example",
        "10.20.0.0/24",
        "2001:db8::8",
        "0x7f.1",
        "localhost.evil.example",
        "web0",
    ],
)
def test_strangers(target):
    assert strangers(["web01", target], GROUPS, HOSTVARS) == ([target], [])


class Untemplatable(dict):
    """Variables of which some cannot be templated, as those of a host on ansible-core 2.19 and later."""

    def __getitem__(self, name):
        value = super().__getitem__(name)
        if isinstance(value, Exception):
            raise value
        return value


def test_a_variable_that_cannot_be_templated_is_no_reason_to_ask_nobody():
    broken = Untemplatable(
        ansible_host="10.20.0.99",
        relay_server_hostname=AnsibleError("'nothing_there' is undefined"),
        of_no_use=AnsibleError("never read"),
    )
    groups, hostvars = {"all": ["bad01", "smtp-relay001"]}, dict(HOSTVARS, bad01=broken)
    unread = ["bad01: relay_server_hostname: 'nothing_there' is undefined"]
    assert strangers(["10.20.0.99", "smtp-relay001"], groups, hostvars) == ([], unread)
    assert strangers(["relay9.example.com"], groups, hostvars) == (["relay9.example.com"], unread)


class Task(object):
    """What the action plugin asks of a task."""

    async_val = 0
    delegate_to = None

    def __init__(self, **args):
        self.args = args


@pytest.fixture
def act(monkeypatch):
    """Runs the action; returns its result and whether the module was run."""
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda self, tmp, task_vars: {})

    def call(**args):
        action = ActionModule.__new__(ActionModule)
        action._task = Task(**args)
        ran = []
        monkeypatch.setattr(ActionModule, "_execute_module", lambda self, **options: ran.append(1) or {"status": "ok"})
        return action.run(task_vars={"groups": GROUPS, "hostvars": HOSTVARS}), bool(ran)

    return call


def test_the_module_is_not_run_for_a_stranger(act):
    result, ran = act(test="relay", server="192.0.2.8")
    assert (
        result["failed"]
        and not ran
        and "192.0.2.8 is not a host of this inventory" in result["msg"]
        and "allow_foreign" in result["msg"]
    )
    result, ran = act(test="relay", server="web01", addresses=["10.20.0.10", "192.0.2.8"])
    assert result["failed"] and not ran and "192.0.2.8" in result["msg"]
    result, ran = act(test="relay", server="web01", addresses="10.20.0.10, 192.0.2.8", allow_foreign="false")
    assert result["failed"] and not ran


@pytest.mark.parametrize(
    "args", [{}, {"server": "web01"}, {"server": "192.0.2.8", "allow_foreign": "yes"}, {"server": "::1"}]
)
def test_the_module_is_run_otherwise(act, args):
    assert act(test="limits", **args) == ({"status": "ok"}, True)
