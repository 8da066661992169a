# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.inventory import host_names


def test_each_host_has_its_own_names():
    variables = {
        "ansible_host": ["10.0.0.1", None, ""],
        "relay_server_hostname": ["relay.example.com", None, "{{ no_such_variable }}"],
        "ansible_facts": [{"all_ipv4_addresses": ["192.0.2.7"], "fqdn": "mail.example.com"}, None, {}],
        "addresses": ["", "10.20.0.11 FD00:20:0:0::11 ", None],
    }
    assert host_names(["relay", "web01", "web02"], variables) == {
        "relay": {
            "names": ["relay", "relay.example.com", "mail.example.com"],
            "addresses": ["192.0.2.7", "10.0.0.1"],
            "shared": [],
        },
        "web01": {"names": ["web01"], "addresses": ["10.20.0.11", "fd00:20::11"], "shared": []},
        "web02": {"names": ["web02"], "addresses": [], "shared": []},
    }
    assert host_names([], {"ansible_host": []}) == {}
    assert host_names(["web01"], {}) == {"web01": {"names": ["web01"], "addresses": [], "shared": []}}


@pytest.mark.parametrize(
    ("hosts", "variables", "words"),
    [
        ("web01", {}, "host_names: the input must be a list, but it is a text."),
        (["web01"], [], "host_names: variables must be a dictionary, but it is of type list."),
        (["web01"], {"ansible_host": "10.0.0.1"}, "host_names: ansible_host must be a list, but it is a text."),
        (["web01"], {"ansible_host": []}, "host_names: ansible_host has 0 values for 1 hosts."),
    ],
)
def test_what_it_cannot_use_is_named(hosts, variables, words):
    with pytest.raises(AnsibleFilterError) as refused:
        host_names(hosts, variables)
    assert str(refused.value) == words
