# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.filter.core import regex_replace
from ansible.plugins.test.core import search
from jinja2.nativetypes import NativeEnvironment

from ansible_collections.mailops.relay.plugins.filter import relay_server as filters
from ansible_collections.mailops.relay.plugins.plugin_utils import relay_server

QUIET = {"firewalld_runs": False, "firewalld_starts": False, "iptables_starts": False}
GOOD = {
    "relay_server_hostname": "smtp-relay001.example.com",
    "relay_server_networks": [
        "10.20.0.0/16",
        "10.30.0.5",
        "10.30.0.6/32",
        "fd00:1::/64",
        "fd00:2::1",
    ],
    "relay_server_address": "10.20.0.10",
    "relay_server_bare_newline_exclusions": [],
    "relay_server_client_limit_exceptions": ["127.0.0.0/8", "[::1]/128"],
    "relay_server_inet_interfaces": ["10.20.0.10", "127.0.0.1"],
    "relay_server_inet_protocols": "all",
    "relay_server_outbound_address": "",
    "relay_server_firewall": "auto",
    "relay_server_firewall_zone": "postfix",
    "relay_server_firewall_comment": "postfix",
    "relay_server_tls_provider": "selfsigned",
    "relay_server_tls_renew_before_days": 30,
    "relay_server_tls_switch_before_days": 7,
    "relay_server_tls_valid_days": 3650,
    "relay_server_tls_ca_file": "",
    "relay_server_tls_ownca_path": "",
    "relay_server_tls_ownca_privatekey_path": "",
}
# What a unit looks like to systemctl show, with what the next boot does.
SHOWN = {
    "runs": ["ActiveState=active", "UnitFileState=enabled"],
    "runs only": ["ActiveState=active", "UnitFileState=disabled"],
    "starts": ["ActiveState=inactive", "UnitFileState=enabled"],
    "off": ["ActiveState=inactive", "UnitFileState=disabled"],
    "missing": ["ActiveState=inactive", "UnitFileState="],
    "masked": ["ActiveState=inactive", "UnitFileState=masked"],
    "failed": ["ActiveState=failed", "UnitFileState=enabled"],
}


def problems(units=None, own=(), **variables):
    given = {"relay_server_" + name: value for name, value in variables.items()}
    return list(relay_server.problems(dict(GOOD, **given), units or QUIET, "", own))


def shown(*units):
    """The lines of systemctl show for firewalld, iptables and netfilter-persistent."""
    lines = []
    for unit in units:
        lines += ([""] if lines else []) + SHOWN[unit]
    return lines


def test_good_variables_have_no_problems():
    assert problems() == []
    assert (
        problems(
            address="FD00:1:0::10",
            outbound_address="203.0.113.4",
            inet_interfaces=["all", "loopback-only", "$myhostname", "[::1]", "fd00:1::10"],
            bare_newline_exclusions=[
                "fd00:1::7",
                "!10.0.0.1",
                "cidr:/etc/postfix/x",
                "web01.example.com",
                "/etc/hosts",
                7,
            ],
            firewall_zone="a-zone_of-17-char",
            firewall_comment="~" * 255,
        )
        == []
    )
    assert problems(tls_provider="ownca", tls_ownca_path="/ca.crt", tls_ownca_privatekey_path="/ca.key") == []


def test_a_firewall_that_could_not_be_asked_about_is_not_taken_for_none():
    (problem,) = relay_server.problems(GOOD, QUIET, "System has not been booted with systemd.\n")
    assert problem == (
        'relay_server_firewall: "auto", but systemctl did not say which firewall this host runs: System has not been booted'
        " with systemd. Mend that, or set it to none, and the firewall is left alone."
    )
    assert problems(tls_ca_file="/ca.crt", tls_provider="existing") == []


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"hostname": "smtp-relay001"},
            'relay_server_hostname: "smtp-relay001" is not a fully qualified domain name. '
            "Write host and domain, for example smtp-relay001.example.com.",
        ),
        (
            {"hostname": "10.20.0.10"},
            'relay_server_hostname: "10.20.0.10" is not a fully qualified domain name. '
            "Write host and domain, for example smtp-relay001.example.com.",
        ),
        (
            {"networks": []},
            "relay_server_networks: is empty, so no client could send. List the networks of the clients, for example [192.168.1.0/24].",
        ),
        (
            {"networks": ["10.20.0.300/24"]},
            'relay_server_networks: "10.20.0.300/24" is not a network. Write address/prefix, for example 192.168.1.0/24.',
        ),
        (
            {"networks": ["10.20.0.1/16"]},
            'relay_server_networks: "10.20.0.1/16" has host bits or is not in its shortest form. Write 10.20.0.0/16.',
        ),
        (
            {"networks": [["10.0.0.0/8"]]},
            "relay_server_networks: \"['10.0.0.0/8']\" is not a network. Write address/prefix, for example 192.168.1.0/24.",
        ),
        ({"networks": "10.20.0.0/16"}, 'relay_server_networks: "10.20.0.0/16" is not a list. Write [10.20.0.0/16].'),
        (
            {"networks": ["10.0.0.0/255.0.0.0"]},
            '10.0.0.0/255.0.0.0" has host bits or is not in its shortest form. Write 10.0.0.0/8.',
        ),
        ({"networks": ["10.0.0.0/8 "]}, "has host bits or is not in its shortest form. Write 10.0.0.0/8."),
        ({"networks": ["FD00::/8"]}, "has host bits or is not in its shortest form. Write fd00::/8."),
        ({"networks": ["fd00:0:0::1"]}, "has host bits or is not in its shortest form. Write fd00::1/128."),
        ({"networks": ["fd00::1/64"]}, "has host bits or is not in its shortest form. Write fd00::/64."),
        ({"networks": ["10/8"]}, '"10/8" is not a network.'),
        ({"networks": ["[fd00::]/8"]}, '"[fd00::]/8" is not a network as firewalls write it. Write fd00::/8.'),
        ({"networks": ["IPv6:fd00::1"]}, '"IPv6:fd00::1" is not a network as firewalls write it. Write fd00::1/128.'),
        (
            {"networks": ["::ffff:192.0.2.1"]},
            'relay_server_networks: "::ffff:192.0.2.1" is IPv4 written as IPv6, from which no connection comes. Write 192.0.2.1/32.',
        ),
        (
            {"networks": ["::ffff:10.0.0.0/104"]},
            "is IPv4 written as IPv6, from which no connection comes. Write 10.0.0.0/8.",
        ),
        ({"networks": ["::ffff:0:0/96"]}, "from which no connection comes. List the networks of the clients."),
        (
            {"networks": ["ff02::1"]},
            'relay_server_networks: "ff02::1" is no host\'s address, so that no connection comes from it. Leave it out.',
        ),
        ({"networks": ["224.0.0.0/4"]}, '"224.0.0.0/4" is no host\'s address'),
        ({"networks": ["::"]}, '"::" is no host\'s address'),
        ({"networks": ["fe80::1%eth0"]}, '"fe80::1%eth0" is not a network.'),
        ({"networks": ["10.0.0.0/33"]}, '"10.0.0.0/33" is not a network.'),
        ({"networks": ["web01.example.com"]}, '"web01.example.com" is not a network.'),
        ({"networks": [""]}, '"" is not a network.'),
        ({"networks": [7]}, '"7" is not a network.'),
        (
            {"address": ""},
            'relay_server_address: "" is not an address: this host has none of IPv4 or IPv6, as relay_server_networks and '
            "relay_server_inet_protocols want it. Set it to the address on which the clients reach this host.",
        ),
        (
            {"address": "", "inet_protocols": "ipv6", "inet_interfaces": ["::1"]},
            'relay_server_address: "" is not an address: this host has none of IPv6, as relay_server_networks',
        ),
        (
            {"address": "10.20.0.10", "inet_protocols": "ipv6", "inet_interfaces": ["10.20.0.10"]},
            'relay_server_address: "10.20.0.10" is an IPv4 address, which relay_server_inet_protocols turns off. '
            "Set that to all, or write an IPv6 address.",
        ),
        (
            {"address": "fd00::10", "inet_protocols": "ipv4"},
            'relay_server_address: "fd00::10" is an IPv6 address, which relay_server_inet_protocols turns off. '
            "Set that to all, or write an IPv4 address.",
        ),
        ({"address": "[fd00::10]"}, "is not an address as Postfix reads it. Write fd00::10."),
        ({"address": "IPv6:FD00::10"}, "is not an address as Postfix reads it. Write fd00::10."),
        ({"address": "::ffff:10.0.0.1"}, "is not an address as Postfix reads it. Write 10.0.0.1."),
        (
            {"address": "fe80::1"},
            '"fe80::1" means another host on each link. Write an address that is not of fe80::/10.',
        ),
        ({"address": "fe80::1%eth0"}, '"fe80::1%eth0" is not an address.'),
        ({"address": "[fd00::10]:25"}, '"[fd00::10]:25" is not an address.'),
        (
            {"address": "::"},
            'relay_server_address: "::" is not an address that another host can know this one by. Set it to the address',
        ),
        ({"address": "0.0.0.0"}, "can know this one by"),
        ({"address": "::1"}, "can know this one by"),
        ({"address": "ff02::1"}, "can know this one by"),
        ({"outbound_address": "127.0.0.1"}, "can know this one by. Write the address from which mail leaves"),
        ({"outbound_address": "255.255.255.255"}, "can know this one by"),
        ({"address": "10.20.0.10/16"}, "Write 10.20.0.10, without a prefix length."),
        (
            {"outbound_address": "2001:db8:203::4/64"},
            "is not an address. Write 2001:db8:203::4, without a prefix length.",
        ),
        ({"outbound_address": "203.0.113.4/28"}, "is not an address. Write 203.0.113.4, without a prefix length."),
        ({"outbound_address": "[2001:db8::4]"}, "is not an address as Postfix reads it. Write 2001:db8::4."),
        ({"outbound_address": "2001:db8::4", "inet_protocols": "ipv4"}, "which relay_server_inet_protocols turns off."),
        (
            {"inet_interfaces": ["10.20.0.10", "127.0.0.1", "::1"], "inet_protocols": "ipv4"},
            'relay_server_inet_interfaces: "::1" is an IPv6 address, which relay_server_inet_protocols turns off.',
        ),
        ({"inet_interfaces": "127.0.0.1, 10.20.0.10/24"}, "Write 10.20.0.10, without a prefix length."),
        ({"inet_interfaces": ["[IPv6:fd00::10]"]}, "is not an address as Postfix reads it. Write fd00::10."),
        (
            {"bare_newline_exclusions": ["IPv6:fd00::78"]},
            'relay_server_bare_newline_exclusions: "IPv6:fd00::78" is not an address as Postfix knows its clients by. Write fd00::78.',
        ),
        ({"client_limit_exceptions": ["!::ffff:192.0.2.1"]}, "Write 192.0.2.1."),
        ({"address": "relay.example.com"}, 'relay_server_address: "relay.example.com" is not an address.'),
        (
            {"outbound_address": "203.0.113.400"},
            'relay_server_outbound_address: "203.0.113.400" is not an address. Write the address from which mail leaves, or leave it empty.',
        ),
        (
            {"firewall_zone": "a-zone-name-too-long"},
            'relay_server_firewall_zone: "a-zone-name-too-long" is not a zone name for firewalld: at most 17 letters, digits, _ and - '
            "(iptables chain names hold no more).",
        ),
        ({"firewall_zone": "zone\n"}, "is not a zone name for firewalld"),
        (
            {"tls_ca_file": "/ca.crt"},
            'relay_server_tls_ca_file: it belongs to relay_server_tls_provider "existing" and is not read with "selfsigned".'
            " Leave it empty.",
        ),
        (
            {"tls_provider": "ownca", "tls_ownca_path": "/ca.crt"},
            'relay_server_tls_provider: "ownca" needs relay_server_tls_ownca_path and relay_server_tls_ownca_privatekey_path, '
            "the CA certificate and key on this host.",
        ),
        (
            {"tls_switch_before_days": 30},
            "relay_server_tls_switch_before_days: 30 is not less than relay_server_tls_renew_before_days, 30, so that clients would have"
            " no time to trust the next certificate. Write a smaller number, or leave it out.",
        ),
        (
            {"firewall_comment": "caf\u00e9"},
            'relay_server_firewall_comment: "caf\u00e9" cannot be the comment of a rule: 1 to 255 printable ASCII characters.',
        ),
        ({"firewall_comment": ""}, "cannot be the comment of a rule"),
    ],
)
def test_what_no_host_could_use_is_refused_by_name(variables, problem):
    (found,) = problems(**variables)
    assert found.startswith("relay_server_" + next(iter(variables)) + ": ") and problem in found
    if problem.startswith("relay_server_"):
        assert found.startswith(problem)


def test_each_network_has_its_problem_and_all_are_told_in_one_go():
    found = problems(hostname="relay", networks=["x", "10.0.0.0/8", "10.0.0.1/8"], address="y")
    assert [problem.partition(" is ")[0].partition(" has ")[0] for problem in found] == [
        'relay_server_hostname: "relay"',
        'relay_server_networks: "x"',
        'relay_server_networks: "10.0.0.1/8"',
        'relay_server_address: "y"',
    ]


@pytest.mark.parametrize(
    ("wanted", "units", "problem"),
    [
        (
            "iptables",
            ("runs", "off", "missing"),
            'relay_server_firewall: "iptables", but this host runs firewalld or starts it at boot, and each would undo the rules of the other. '
            "Set it to firewalld, or first stop and disable firewalld.",
        ),
        ("iptables", ("starts", "off", "missing"), "runs firewalld or starts it at boot"),
        ("iptables", ("runs only", "off", "missing"), "runs firewalld or starts it at boot"),
        (
            "firewalld",
            ("off", "missing", "starts"),
            'relay_server_firewall: "firewalld", but this host loads iptables rules at boot, and each would undo the rules of the other. '
            "Set it to iptables, or first disable the service iptables or netfilter-persistent.",
        ),
        ("firewalld", ("starts", "runs", "missing"), "loads iptables rules at boot"),
        ("iptables", ("off", "runs", "missing"), None),
        ("firewalld", ("runs", "runs", "missing"), None),
        ("firewalld", ("missing", "missing", "missing"), None),
        ("auto", ("starts", "runs", "runs"), None),
        ("none", ("starts", "runs", "runs"), None),
    ],
)
def test_a_second_firewall_is_refused(wanted, units, problem):
    found = problems(filters.firewall_units(shown(*units)), firewall=wanted)
    assert len(found) == (problem is not None) and (problem or "") in "".join(found)


@pytest.mark.parametrize(
    ("units", "firewall"),
    [
        (("runs", "runs", "missing"), "firewalld"),
        (("runs only", "off", "starts"), "firewalld"),
        (("starts", "starts", "missing"), "iptables"),
        (("off", "missing", "runs"), "iptables"),
        (("starts", "off", "missing"), "firewalld"),
        (("failed", "off", "missing"), "firewalld"),
        (("masked", "off", "missing"), "none"),
        (("missing", "missing", "missing"), "none"),
        # The services that follow load no rules.
        (("missing", "missing", "missing", "runs", "runs"), "none"),
        ((), "none"),
    ],
)
def test_what_runs_comes_first_then_what_the_next_boot_would_start(units, firewall):
    states = filters.firewall_units(shown(*units))
    assert filters.firewall_of(states, "auto") == firewall
    assert filters.firewall_of(states, "iptables") == "iptables" and filters.firewall_of(states, "none") == "none"


# systemd 252 (recorded), shortened, and what the role's question adds.
HOST_SAID = """\
Id=firewalld.service
ActiveState=active
UnitFileState=disabled

Id=netfilter-persistent.service
ActiveState=inactive
UnitFileState=

Id=rsyslog.service
ActiveState=active
UnitFileState=enabled
program=postconf
program=15-ip4tables
recorded=firewalld_zone
hostname=relay01
hostname=relay01.example.com
hosts_file=MTI3LjAuMC4xCWxvY2FsaG9zdAo=
pair=/etc/postfix/server.key
pair=/etc/postfix/server.crt
taken=web01.example.com
keeps=root
signs=relay01._domainkey.example.com example.com:relay01:/etc/opendkim/keys/relay01._domainkey.example.com.pem
smtpd_milters=inet:127.0.0.1:11332, inet:127.0.0.1:8891
non_smtpd_milters="""


def test_what_runs_and_is_there_need_not_be_asked_about_again():
    assert filters.host_state(HOST_SAID.split("\n")) == {
        "services": ["rsyslog"],
        "programs": ["postconf", "15-ip4tables"],
        "recorded": ["firewalld_zone"],
        "hostnames": ["relay01", "relay01.example.com"],
        "hosts_file": "MTI3LjAuMC4xCWxvY2FsaG9zdAo=",
        "pair": ["/etc/postfix/server.key", "/etc/postfix/server.crt"],
        "taken": ["web01.example.com"],
        "keeps": ["root"],
        "signs": ["/etc/opendkim/keys/relay01._domainkey.example.com.pem"],
        "smtpd_milters": "inet:127.0.0.1:11332, inet:127.0.0.1:8891",
        "non_smtpd_milters": "",
    }
    nothing = {"services": [], "programs": [], "recorded": [], "hostnames": [], "hosts_file": "", "pair": []}
    nothing.update(taken=[], keeps=[], signs=[], smtpd_milters="", non_smtpd_milters="")
    assert filters.host_state([]) == nothing


OWN = [
    "192.0.2.7",
    "10.20.0.9",
    "10.20.0.10",
    "127.0.0.1",
    "::1",
    "fe80::1",
    "no address",
    "FD00:20:0:1::5",
    "fd00:20:0:1::10",
]


@pytest.mark.parametrize(
    ("networks", "addresses"),
    [
        (["10.20.0.0/16"], ["10.20.0.10"]),
        (["172.16.0.0/12", "192.0.2.0/24", "10.20.0.0/16"], ["192.0.2.7"]),
        (["10.20.0.1/16"], ["10.20.0.10"]),
        ("10.20.0.0/16", ["10.20.0.10"]),
        (7, ["198.51.100.1", "2001:db8::1"]),
        (["10.20.0.9"], ["10.20.0.9"]),
        # Nothing has been checked yet.
        (["10.20.0.300/24", ["10.0.0.0/8"], None, "", "192.0.2.0/24"], ["192.0.2.7"]),
        # One for each family, whatever the order.
        (["fd00:20:0:1::/64", "10.20.0.0/16"], ["10.20.0.10", "fd00:20:0:1::5"]),
        (["10.20.0.0/16", "2001:db8::/32"], ["10.20.0.10", "2001:db8::1"]),
        (["fd00::/8"], ["fd00:20:0:1::5"]),
        (["172.16.0.0/12"], ["198.51.100.1"]),
        ([], ["198.51.100.1", "2001:db8::1"]),
    ],
)
def test_an_address_within_the_clients_networks_for_each_family(networks, addresses):
    assert filters.relay_server_addresses(networks, OWN, ["198.51.100.1", "2001:DB8::1"]) == addresses


def test_families_that_are_off_or_that_the_host_lacks_have_no_address():
    both = ["10.20.0.0/16", "fd00::/8"]
    assert filters.relay_server_addresses(both, OWN, ["", ""], "ipv4") == ["10.20.0.10"]
    assert filters.relay_server_addresses(both, OWN, ["", ""], "ipv6") == ["fd00:20:0:1::5"]
    assert filters.relay_server_addresses(both, OWN, ["", ""], "ipv4, ipv6") == ["10.20.0.10", "fd00:20:0:1::5"]
    assert filters.relay_server_addresses(both, ["10.20.0.10", "fe80::1"], ["10.20.0.10"]) == ["10.20.0.10"]
    assert filters.relay_server_addresses(["fd00::/8"], ["10.20.0.10"], ["10.20.0.10", ""]) == []
    # The only one that there is, else nobody knows which.
    assert filters.relay_server_addresses(["fd00::/8"], ["::1", "fe80::1", "2001:db8::7"], []) == ["2001:db8::7"]
    assert filters.relay_server_addresses(["fd00::/8"], ["2001:db8::6", "2001:db8::7"], []) == []


def test_the_address_that_was_asked_for_stands_for_its_family():
    both = ["10.20.0.0/16", "fd00::/8"]
    assert filters.relay_server_addresses(both, OWN, [], "all", "FD00:20:0:1:0::10") == [
        "fd00:20:0:1::10",
        "10.20.0.10",
    ]
    assert filters.relay_server_addresses(both, OWN, [], "all", "10.20.0.9") == ["10.20.0.9", "fd00:20:0:1::5"]
    assert filters.relay_server_addresses(["10.20.0.0/16"], OWN, [], "all", "192.0.2.7") == ["192.0.2.7"]
    assert filters.relay_server_addresses(["10.20.0.0/16"], OWN, [], "all", "") == ["10.20.0.10"]


def test_hosts_and_networks_of_IPv6_are_in_brackets():
    given = [
        "10.20.0.0/16",
        "FD00:1:0::/64",
        "fd00::1",
        "!fd00::1/128",
        "[fd00::]/8",
        "10.20.0.1",
        "web01.example.com",
        ["x"],
    ]
    assert filters.mynetworks(given) == [
        "10.20.0.0/16",
        "[fd00:1::]/64",
        "[fd00::1]",
        "![fd00::1]/128",
        "[fd00::]/8",
        "10.20.0.1",
        "web01.example.com",
        ["x"],
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: filters.relay_server_addresses([], "10.0.0.1", []),
            "relay_server_addresses: addresses must be a list, but it is a text.",
        ),
        (lambda: filters.mynetworks("10.0.0.0/8"), "mynetworks: the input must be a list, but it is a text."),
        (
            lambda: filters.firewall_units("ActiveState=active"),
            "firewall_units: the input must be a list, but it is a text.",
        ),
        (lambda: filters.host_state("x"), "host_state: the input must be a list, but it is a text."),
        (
            lambda: filters.firewall_of("x", "auto"),
            "firewall_of: the input must be a dictionary, but it is a text. Give what firewall_units returned.",
        ),
    ],
)
def test_what_they_cannot_use_is_named(call, words):
    with pytest.raises(AnsibleFilterError) as refused:
        call()
    assert str(refused.value) == words


NAMES = ["smtp-relay001.example.com", "10.20.0.10", "fd00::1"]


@pytest.mark.parametrize(
    "said, uses",
    [
        ("[smtp-relay001.example.com]:587\n\n", True),
        ("relay:[SMTP-relay001.example.com]:[other.example.com]\n", True),
        ("relay:smtp-relay001.example.com.\n", True),
        (":smtp-relay001.example.com:25\n", True),
        ("[10.20.0.10]:25, other\n", True),
        ("[fd00::1]:25\n", True),
        ("[FD00:0:0::0001]:587\n", True),
        ("relay:[IPv6:fd00:0:0:0:0:0:0:1]\n", True),
        ("smtp:[ipv6:fd00::1]:25\n", True),
        ("[fd00::1:1]:25\n", False),
        (":10.20.0.10:25\n", True),
        ("[smtp-relay001.example.com.au]:587\n", False),
        ("[new-smtp-relay001.example.com]:587\n", False),
        ("10.20.0.100\n", False),
        ("", False),
    ],
)
def test_a_client_that_still_sends_to_a_relay_is_named(said, uses):
    found = filters.relay_users([{"item": "web01", "rc": 0, "stdout": said}], NAMES)
    assert ("web01 still sends to this relay." in found) == uses == bool(found)


@pytest.mark.parametrize(
    "answer", [{"unreachable": True, "msg": "no route"}, {"rc": 1, "stdout": ""}, {"msg": "no python"}]
)
def test_a_client_that_does_not_answer_counts_as_one_that_sends(answer):
    found = filters.relay_users([dict(answer, item="web01")], NAMES)
    assert "web01 could not be asked" in found[0] and "Take these clients back in the same run" in found[-1]


def test_no_client_needs_no_word():
    assert filters.relay_users([], NAMES) == []


VARS = yaml.safe_load((Path(__file__).parents[4] / "roles/relay_server/vars/main.yml").read_text())


@pytest.mark.parametrize(
    ("own", "protocols", "interfaces"),
    [
        # Postfix sends from the only address of a family that it listens on, so each is beside a loopback address.
        (["10.20.0.10"], "all", ["10.20.0.10", "127.0.0.1"]),
        (["fd00::10"], "all", ["fd00::10", "127.0.0.1", "::1"]),
        (["10.20.0.10", "fd00::10"], "all", ["10.20.0.10", "fd00::10", "127.0.0.1", "::1"]),
        # One that is off has none.
        (["fd00::10"], "ipv6", ["fd00::10", "::1"]),
        (["10.20.0.10"], "ipv4", ["10.20.0.10", "127.0.0.1"]),
    ],
)
def test_what_Postfix_listens_on_has_a_loopback_address_for_each_family(own, protocols, interfaces):
    variables = {"__relay_server_own_addresses": own, "relay_server_inet_protocols": protocols}
    environment = NativeEnvironment()
    environment.tests["search"] = search
    assert environment.from_string(VARS["__relay_server_interfaces"]).render(variables) == interfaces


def test_a_next_certificate_goes_along_to_other_files():
    environment = NativeEnvironment()
    environment.filters.update(regex_replace=regex_replace, zip=zip)
    variables = {
        "__relay_server_host": {"pair": ["/etc/postfix/server.key", "/etc/postfix/server.crt"]},
        "__relay_server_pair": ["/etc/postfix/server.key", "/etc/ssl/relay.crt"],
    }
    assert environment.from_string(VARS["__relay_server_next_moves"]).render(variables) == [
        ("/etc/postfix/server.key.next", "/etc/postfix/server.key.next", "0600"),
        ("/etc/postfix/server.crt.next", "/etc/ssl/relay.crt.next", "0644"),
    ]


@pytest.mark.parametrize(
    ("addresses", "code"),
    [
        ("172.17.0.1 10.20.0.10", relay_server.RELAY_ITSELF),
        ("10.20.0.100 fd00::1", relay_server.RELAY_ITSELF),
        # A bridge of containers has the same address on many hosts.
        ("172.17.0.1 10.20.0.100", 0),
        ("", 0),
    ],
)
def test_the_relay_does_not_answer_for_a_client_of_whom_ansible_host_has_inventory_hostname(addresses, code, tmp_path):
    hostname = tmp_path / "hostname"
    hostname.write_text(f"#!/bin/sh\necho {addresses}\n", encoding="utf-8")
    hostname.chmod(0o755)
    question = NativeEnvironment().from_string(
        VARS["__relay_server_asks_for_ways_out"].partition("without_comments")[0]
    )
    asked = question.render({"__relay_server_addresses": ["10.20.0.10", "fd00::1"]})
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert subprocess.run(["sh", "-c", asked], env={"PATH": path}, check=False).returncode == code


def test_where_the_relay_answered_it_says_what_to_write():
    found = filters.relay_users([{"item": "web01", "rc": relay_server.RELAY_ITSELF, "stdout": ""}], NAMES)
    assert "Write ansible_host of web01 without inventory_hostname" in found[0]


@pytest.mark.parametrize(
    ("programs", "dkim", "dane", "named"),
    [
        # The fault is another package's: nobody blames what is there.
        (["opendkim", "unbound"], [{"domain": "example.com"}], True, []),
        (["opendkim"], [{"domain": "example.com"}], True, ["unbound"]),
        (["unbound"], [{"domain": "example.com"}], True, ["opendkim"]),
        ([], [{"domain": "example.com"}], "true", ["opendkim", "unbound"]),
        ([], [], "false", []),
    ],
)
def test_of_packages_that_cannot_be_installed_those_are_named_that_are_not_there(programs, dkim, dane, named):
    environment = NativeEnvironment()
    environment.filters["bool"] = boolean
    names = ("__relay_server_signer_lacks", "__relay_server_resolver_lacks")
    variables = {
        "__relay_server_host": {"programs": programs},
        "relay_server_dkim": dkim,
        "relay_server_dane": dane,
        **{name: VARS[name] for name in names},
    }
    said = environment.from_string(VARS["__relay_server_packages_lack"]).render(variables)
    assert [re.search("the package ([a-z]+)", one)[1] for one in said] == named
