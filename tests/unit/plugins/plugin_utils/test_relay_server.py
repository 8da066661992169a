# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.plugin_utils import relay_server

UNITS = {"firewalld_runs": False, "firewalld_starts": False, "iptables_starts": False}
NETWORK = st.tuples(st.ip_addresses(), st.integers(0, 32)).map(
    lambda pair: ipaddress.ip_network(f"{pair[0]}/{pair[1]}", strict=False)
)


def network_problems(text, **changes):
    variables = {
        "relay_server_hostname": "relay.example.com",
        "relay_server_networks": [text],
        "relay_server_address": "10.0.0.1",
        "relay_server_bare_newline_exclusions": [],
        "relay_server_client_limit_exceptions": [],
        "relay_server_inet_interfaces": ["10.0.0.1", "127.0.0.1"],
        "relay_server_inet_protocols": "all",
        "relay_server_outbound_address": "",
        "relay_server_firewall": "auto",
        "relay_server_firewall_zone": "postfix",
        "relay_server_firewall_comment": "postfix",
        "relay_server_tls_provider": "selfsigned",
        "relay_server_tls_ca_file": "",
        "relay_server_tls_ownca_path": "",
        "relay_server_tls_ownca_privatekey_path": "",
        "relay_server_tls_renew_before_days": 30,
        "relay_server_tls_switch_before_days": 7,
        "relay_server_tls_valid_days": 3650,
    }
    variables.update({f"relay_server_tls_{name}": value for name, value in changes.items()})
    return list(relay_server.problems(variables, UNITS, ""))


# Unspecified, multicast and broadcast, and IPv4 written as IPv6.
USELESS = [
    ipaddress.ip_network(text)
    for text in ("0.0.0.0/8", "224.0.0.0/4", "255.255.255.255", "::", "ff00::/8", "::ffff:0:0/96")
]


def is_useless(network):
    return any(network.version == useless.version and network.subnet_of(useless) for useless in USELESS)


@given(NETWORK)
def test_a_network_in_its_shortest_form_is_one(network):
    assert bool(network_problems(str(network))) == is_useless(network)


@given(st.ip_addresses(v=6))
def test_an_address_that_was_chosen_is_one_that_can_be_listened_on(address):
    for chosen in relay_server.own_addresses(["::/0", "0.0.0.0/0"], [address.exploded.upper()], [], "all"):
        assert ipaddress.ip_address(chosen) in (address, address.ipv4_mapped) and chosen == chosen.lower()


@given(NETWORK, st.ip_addresses())
def test_the_network_that_a_refusal_names_is_accepted(network, address):
    for problem in network_problems(f"{address}/{network.prefixlen}"):
        meant = problem.partition(" Write ")[2].rstrip(".")
        assert (
            network_problems(meant) == [] if meant else problem.endswith(("Leave it out.", "networks of the clients."))
        )


@given(st.text(max_size=30))
def test_any_text_is_refused_by_name_or_is_a_network(text):
    found = network_problems(text)
    assert len(found) <= 1 and all(problem.startswith(f'relay_server_networks: "{text}" ') for problem in found)
    for address in relay_server.own_addresses([text], ["10.0.0.1", text], [text], "all", text):
        assert str(ipaddress.ip_address(address))
    assert relay_server.in_brackets(text) == text or ":" in text


@given(
    st.lists(
        st.sampled_from(["", "x", "ActiveState=active", "UnitFileState=enabled", "UnitFileState=", "=", "ActiveState"]),
        max_size=9,
    )
)
def test_whatever_systemd_says_there_is_an_answer(lines):
    units = relay_server.firewall_units(lines)
    assert set(units) == set(UNITS) and all(isinstance(state, bool) for state in units.values())
    assert relay_server.firewall(units, "auto") in ("firewalld", "iptables", "none")


SITE_CA = {
    "provider": "siteca",
    "siteca_host": "localhost",
    "siteca_path": "/srv/inventory/.siteca.pem",
    "siteca_passphrase": "correct horse battery staple",
    "siteca_name": "Mail relay CA",
    "siteca_valid_days": 7300,
    "siteca_renew_before_days": 365,
}


@pytest.mark.parametrize(
    ("changes", "name", "words"),
    [
        ({"siteca_passphrase": ""}, "passphrase", "is empty"),
        ({"siteca_passphrase": "hunter2hunter2"}, "passphrase", "less than 16 characters"),
        ({"siteca_passphrase": "hunter2hunter2\nhunter2hunter2"}, "passphrase", "a line break"),
        ({"siteca_path": ""}, "path", "There is no inventory file"),
        ({"siteca_host": "ca01", "siteca_path": ""}, "path", "an absolute path for the file of the CA on ca01"),
        ({"siteca_path": "siteca.pem"}, "path", '"siteca.pem" is not an absolute path'),
        ({"siteca_host": ""}, "host", "Write localhost"),
        ({"siteca_name": "a, b"}, "name", "'a, b' is not valid"),
        ({"siteca_name": "a" * 65}, "name", "at most 64"),
        ({"siteca_valid_days": "90"}, "valid_days", "90 is not more than three times"),
        ({"siteca_valid_days": 36501}, "valid_days", "is more than 36500"),
    ],
)
def test_a_site_ca_that_could_not_be_is_refused_and_no_passphrase_shown(changes, name, words):
    (said,) = network_problems("10.0.0.0/24", **dict(SITE_CA, **changes))
    assert said.startswith(f"relay_server_tls_siteca_{name}: ") and words in said
    assert "hunter2" not in said


def test_a_site_ca_is_only_looked_at_where_it_is_used():
    elsewhere = {**SITE_CA, "siteca_path": "~/siteca.pem", "siteca_host": "ca01"}
    unused = {**SITE_CA, "provider": "selfsigned", "siteca_passphrase": ""}
    for values in (SITE_CA, elsewhere, unused):
        assert network_problems("10.0.0.0/24", **values) == []
