# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import known_names

RELAY = {
    "ansible_host": "10.20.0.10",
    "relay_server_hostname": "smtp-relay001.example.com",
    "relay_server_address": "2001:db8::7",
    "relay_server_outbound_address": "203.0.113.4",
    "ansible_facts": {"all_ipv4_addresses": ["192.0.2.7"], "all_ipv6_addresses": ["fe80::1"], "fqdn": "mail.example.com", "hostname": "mail"},
}


def test_what_other_hosts_may_be_called_too_is_apart():
    assert known_names({"relay": RELAY}, "relay") == {
        "names": ["relay", "smtp-relay001.example.com", "mail.example.com"],
        "addresses": ["192.0.2.7", "fe80::1", "10.20.0.10", "2001:db8::7"],
        "shared": ["mail", "203.0.113.4"],
    }


@pytest.mark.parametrize("variables", [
    {},
    {"ansible_facts": None, "ansible_host": None},
    {"ansible_facts": {"all_ipv4_addresses": None, "fqdn": ""}, "ansible_host": "{{ no_such_variable }}", "relay_server_outbound_address": 7},
])
def test_what_is_not_known_is_left_out(variables):
    assert known_names({"web01": variables}, "web01") == {"names": ["web01"], "addresses": [], "shared": []}
