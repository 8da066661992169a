# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter import relays as filters
from ansible_collections.mailops.relay.plugins.plugin_utils import client_relays

PEM = "-----BEGIN CERTIFICATE-----\nMIIB{0}\n-----END CERTIFICATE-----\n"
RELAY = {"name": "smtp-relay001.example.com", "host": "relay1"}


def test_a_relay_is_not_its_own_relay_and_the_order_is_the_inventorys():
    assert filters.group_relays(["b", "me", "a.example.com"], ["b.example.com", None, None], "me") == [
        {"host": "b", "name": "b.example.com"},
        {"host": "a.example.com", "name": "a.example.com"},
    ]


@pytest.mark.parametrize(
    ("relay", "named"),
    [
        ({"name": "relay"}, '"relay" is not a fully qualified domain name'),
        ({"name": "10.0.0.1"}, '"10.0.0.1" is not a fully qualified domain name'),
        ({"name": "a b.example.com"}, '"a b.example.com"'),
        ({"name": "r.example.com\n"}, "is not a fully qualified domain name"),
        ({"name": "", "host": "r1"}, "relay_server_hostname of r1"),
        ({"name": "r.example.com", "port": "25\n"}, "port"),
        ({"name": "relay", "host": "r1"}, "relay_server_hostname of r1"),
        ({"name": "r.example.com", "certificate": "MIIB"}, "not in PEM form"),
        ({"name": "r.example.com", "port": 0}, "port"),
        ({"name": "r.example.com", "port": "65536"}, "port"),
        ({"name": "r.example.com", "port": "smtp"}, "port"),
    ],
)
def test_what_no_client_could_use_is_named(relay, named):
    (problem,) = client_relays.relay_problems([RELAY, relay], "relay_client", 587)
    assert problem.startswith("relay_client_relays: ")
    assert named in problem


def test_a_good_list_has_no_problems():
    assert client_relays.relay_problems([dict(RELAY, port="25", certificate=PEM.format(1))], "relay_client", 587) == []


def test_an_empty_list_is_a_problem():
    (problem,) = client_relays.relay_problems([], "sendmail_client", 587)
    assert "sendmail_client_relays" in problem
    assert "sendmail_client_relay_group" in problem


def test_an_address_will_do_where_it_is_allowed():
    assert client_relays.relay_problems([{"name": "192.0.2.1"}], "qmail_client", 25, addresses=True) == []
    (problem,) = client_relays.relay_problems([{"name": "192.0.2.256"}], "qmail_client", 25, addresses=True)
    assert "or an IPv4 address" in problem


def test_each_host_is_asked_once_for_its_certificate():
    clients = [
        [{"name": "x.example.com", "host": "far"}, {"name": "y.example.com"}],
        [{"name": "x.example.com", "host": "far"}, RELAY],
        None,
    ]
    hosts = filters.certificate_hosts(["relay1"], clients)
    assert hosts == ["relay1", "far"]


def test_nexthops_as_postfix_writes_them():
    relays = [
        {"name": "a.example.com"},
        {"name": "b.example.com", "port": 2525},
        {"name": "c.example.com", "port": "25"},
    ]
    assert filters.nexthops(relays, 587) == ["[a.example.com]:587", "[b.example.com]:2525", "[c.example.com]:25"]
    assert filters.nexthops([], 587) == []


PROXY = {
    "name": "tlsproxy",
    "type": "unix",
    "maxproc": "0",
    "command": "tlsproxy",
    "if_supported": ["smtp_tls_connection_reuse"],
}


@pytest.mark.parametrize(
    "settings", [({}, {}), ({"smtp_tls_connection_reuse": True}, {"x": 1}), ({}, {"smtp_tls_connection_reuse": "yes"})]
)
def test_a_service_with_tls_settings_of_its_own_does_not_use_connections_again(settings):
    services = [
        {"name": "own", "type": "unix", "command": "smtp", "options": {"smtp_tls_key_file": "/k", "x": 1}},
        {"name": "plain", "type": "unix", "command": "smtp", "options": {"smtp_tls_security_level": "none"}},
        {"name": "chosen", "type": "unix", "options": {"smtp_tls_loglevel": 2, "smtp_tls_connection_reuse": True}},
        {"name": "gone", "type": "unix", "options": {"smtp_tls_CAfile": "/c"}, "state": "absent"},
        {"name": "none", "type": "unix", "options": None},
    ]
    without = {"name": "own", "type": "unix", "options": {"smtp_tls_connection_reuse": False}}
    assert filters.reuse_services(services, *settings) == [
        PROXY,
        *services,
        dict(without, if_supported=PROXY["if_supported"]),
    ]


@pytest.mark.parametrize("value", [False, None, "no"])
def test_without_connections_that_are_used_again_there_is_no_service_for_them(value):
    services = [{"name": "own", "type": "unix", "options": {"smtp_tls_key_file": "/k"}}]
    assert filters.reuse_services(services, {"smtp_tls_connection_reuse": value}, {}) == services
    assert filters.reuse_services(services, {}, {"smtp_tls_connection_reuse": value}) == services


def test_each_port_once():
    assert filters.relay_ports([{"port": "25"}, {}, {"port": 25}, {"port": 587}], 587) == [25, 587]


@pytest.mark.parametrize(
    ("relays", "tls", "mx_lookup", "problems"),
    [
        ([RELAY], "verified", False, []),
        ([RELAY, dict(RELAY, port="587")], "verified", False, []),
        ([{"name": "192.0.2.1"}], "encrypted", False, []),
        ([RELAY], "opportunistic", True, []),
        (
            [RELAY, dict(RELAY, port=25)],
            "verified",
            False,
            [
                "sendmail_client_relays: the relays have the ports 587, 25, but sendmail can use one port for all of them. Let them listen on the same port."
            ],
        ),
        (
            [RELAY],
            "encrypted",
            True,
            [
                "sendmail_client_mx_lookup: with it the hosts that mail goes to are not known, so that their TLS cannot be required."
                " Set it to false, or sendmail_client_tls_security_level to opportunistic."
            ],
        ),
        (
            [{"name": "192.0.2.1"}],
            "verified",
            False,
            [
                'sendmail_client_relays: "192.0.2.1" is not a fully qualified domain name. Write the name in the relay\'s certificate,'
                " for example smtp-relay001.example.com."
            ],
        ),
        (
            [dict(RELAY, port="smtp"), RELAY],
            "verified",
            False,
            ['sendmail_client_relays: the port of "smtp-relay001.example.com" is not between 1 and 65535.'],
        ),
    ],
)
def test_what_sendmail_could_not_use_is_named(relays, tls, mx_lookup, problems):
    assert client_relays.sendmail_client_problems(relays, 587, tls, mx_lookup) == problems


def test_all_that_is_wrong_is_told_in_one_go():
    assert (
        len(client_relays.sendmail_client_problems([{"name": "relay"}, dict(RELAY, port=25)], 587, "verified", True))
        == 3
    )


@pytest.mark.parametrize(
    "relays", ["relay.example.com", {"name": "relay.example.com"}, ["relay.example.com"], [RELAY, None]]
)
def test_what_is_not_a_list_of_relays_is_a_problem(relays):
    words = (
        "relay_client_relays: is not a list of relays, each with its name. Write [{name: smtp-relay001.example.com}]."
    )
    assert client_relays.relay_problems(relays, "relay_client", 587) == [words]
    assert client_relays.sendmail_client_problems(relays, 587, "verified", False) == [
        words.replace("relay_client", "sendmail_client")
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: filters.group_relays("relay1", [], "web01"),
            "group_relays: the input must be a list, but it is a text.",
        ),
        (
            lambda: filters.group_relays(["relay1"], {}, "web01"),
            "group_relays: hostnames must be a list, but it is of type dict.",
        ),
        (lambda: filters.group_relays(["relay1"], [], "web01"), "group_relays: hostnames has 0 values for 1 hosts."),
        (
            lambda: filters.certificate_hosts(None, []),
            "certificate_hosts: the input must be a list, but it is nothing.",
        ),
        (
            lambda: filters.certificate_hosts([], ["x"]),
            "certificate_hosts: an element of client_relays must be a list, but it is a text.",
        ),
        (
            lambda: filters.certificate_hosts([], [["x"]]),
            "certificate_hosts: element 1 of an element of client_relays must be a dictionary, but it is a text.",
        ),
        (
            lambda: filters.certificate_requests(["relay1"], [], [None], [None], [None], [], 587),
            "certificate_requests: hostname has 0 values for 1 hosts.",
        ),
        (
            lambda: filters.certificate_requests([], [], [], [], [], ["x"], 587),
            "certificate_requests: an element of client_relays must be a list, but it is a text.",
        ),
        (
            lambda: filters.trust_anchors([{}], [], "relay_client", 587),
            "trust_anchors: element 1 of the input has no name.",
        ),
        (
            lambda: filters.trust_anchors([RELAY], {}, "relay_client", 587),
            "trust_anchors: results must be a list, but it is of type dict.",
        ),
        (lambda: filters.nexthops([{"port": 25}], 587), "nexthops: element 1 of the input has no name."),
        (lambda: filters.reuse_services([{}], {}, {}), "reuse_services: element 1 of the input has no name, type."),
        (
            lambda: filters.reuse_services([], [], {}),
            "reuse_services: an argument must be a dictionary, but it is of type list.",
        ),
        (lambda: filters.relay_ports({}, 587), "relay_ports: the input must be a list, but it is of type dict."),
    ],
)
def test_what_they_cannot_use_is_named(call, words):
    with pytest.raises(AnsibleFilterError) as refused:
        call()
    assert str(refused.value) == words
