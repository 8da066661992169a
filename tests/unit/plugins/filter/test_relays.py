# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter import relays as filters

PEM = "-----BEGIN CERTIFICATE-----\nMIIB{0}\n-----END CERTIFICATE-----\n"
RELAY = {"name": "smtp-relay001.example.com", "host": "relay1"}


def slurped(host, text):
    return {"item": host, "content": base64.b64encode(text.encode("utf-8")).decode("ascii")}


def test_a_relay_is_not_its_own_relay_and_the_order_is_the_inventorys():
    hostvars = {"b": {"relay_server_hostname": "b.example.com"}, "a.example.com": {}, "me": {}}
    assert filters.group_relays(["b", "me", "a.example.com"], hostvars, "me") == [
        {"host": "b", "name": "b.example.com"},
        {"host": "a.example.com", "name": "a.example.com"},
    ]


@pytest.mark.parametrize(
    ("relay", "named"),
    [
        ({"name": "relay"}, '"relay" is not a fully qualified domain name'),
        ({"name": "10.0.0.1"}, '"10.0.0.1" is not a fully qualified domain name'),
        ({"name": "a b.example.com"}, '"a b.example.com"'),
        ({"name": "relay", "host": "r1"}, "relay_server_hostname of r1"),
        ({"name": "r.example.com", "certificate": "MIIB"}, "not in PEM form"),
        ({"name": "r.example.com", "port": 0}, "port"),
        ({"name": "r.example.com", "port": "65536"}, "port"),
        ({"name": "r.example.com", "port": "smtp"}, "port"),
    ],
)
def test_what_no_client_could_use_is_named(relay, named):
    (problem,) = filters.relay_problems([RELAY, relay], "relay_client", 587)
    assert problem.startswith("relay_client_relays: ")
    assert named in problem


def test_a_good_list_has_no_problems():
    assert filters.relay_problems([dict(RELAY, port="25", certificate=PEM.format(1))], "relay_client", 587) == []


def test_an_empty_list_is_a_problem():
    (problem,) = filters.relay_problems([], "sendmail_client", 587)
    assert "sendmail_client_relays" in problem
    assert "sendmail_client_relay_group" in problem


def test_an_address_will_do_where_it_is_allowed():
    assert filters.relay_problems([{"name": "192.0.2.1"}], "qmail_client", 25, addresses=True) == []
    (problem,) = filters.relay_problems([{"name": "192.0.2.256"}], "qmail_client", 25, addresses=True)
    assert "or an IPv4 address" in problem


def test_each_host_is_asked_once_for_its_certificate():
    hostvars = {
        "web01": {"relay_client_relays": [{"name": "x.example.com", "host": "far"}, {"name": "y.example.com"}]},
        "web02": {"relay_client_relays": [{"name": "x.example.com", "host": "far"}, RELAY]},
        "web03": {},
    }
    hosts = filters.certificate_hosts(["relay1"], hostvars, ["web01", "web02", "web03"], "relay_client")
    assert hosts == ["relay1", "far"]


def test_anchors_are_the_certificates_given_else_those_read():
    relays = [RELAY, {"name": "given.example.com", "certificate": PEM.format(2)}, dict(RELAY, name="again.example.com")]
    assert filters.trust_anchors(relays, [slurped("relay1", PEM.format(1)), {"item": "other", "failed": True}]) == {
        "text": PEM.format(1) + PEM.format(2),
        "unknown": [],
    }


def test_a_certificate_that_nobody_knows_is_named_but_foreseen_in_check_mode():
    assert filters.trust_anchors([RELAY], []) == {"text": "", "unknown": ["smtp-relay001.example.com"]}
    foreseen = filters.trust_anchors([RELAY], [], check_mode=True)
    assert foreseen["unknown"] == []
    assert "smtp-relay001.example.com" in foreseen["text"]


def test_a_certificate_that_is_no_text_is_an_error():
    with pytest.raises(AnsibleFilterError, match="relay1"):
        filters.trust_anchors([RELAY], [{"item": "relay1", "content": base64.b64encode(b"\xff\xfe").decode("ascii")}])
