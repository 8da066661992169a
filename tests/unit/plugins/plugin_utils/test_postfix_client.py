# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_client sets, by its variables and by what was read on the relays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils import postfix_client

ROOT = Path(__file__).resolve().parents[4]
OWN = "/etc/postfix/relay-trust-anchors.pem"
VALUES = {
    "relays": [{"name": "relay01.example.com", "host": "relay01"}],
    "port": 587,
    "inet_protocols": "all",
    "myorigin": "$myhostname",
    "tls_security_level": "secure",
    "tls_ca_file": "",
    "tls_excluded_protocols": ["!SSLv2"],
    "root_recipient": "",
    "main": {},
}


def anchors(text="PEM\n", public=False, settled=True):
    return {
        "text": text,
        "problems": [],
        "public": public,
        "names": ["relay01.example.com"],
        "unread": [],
        "doubts": [],
        "settled": settled,
    }


@pytest.fixture
def read(monkeypatch):
    """What is made of the certificates, which has tests of its own (test_trust_anchors)."""
    found = anchors()
    monkeypatch.setattr(postfix_client.trust, "anchors", lambda *_arguments: found)
    return found


def settings(results=(), installed="", **values):
    return postfix_client.settings(dict(VALUES, **values), list(results), installed, OWN, False)


def test_a_client_of_one_relay(read):
    found = settings()
    assert found["main"]["relayhost"] == "[relay01.example.com]:587"
    assert found["main"]["smtp_fallback_relay"] is None
    assert found["main"]["smtp_tls_CAfile"] == OWN
    assert found["files"] == [{"path": OWN, "content": "PEM\n"}]
    assert found["prefer_system_ca"] == []
    assert not found["in_doubt"]
    assert found["not_asked"] == ["relay01"]
    assert settings(results=[{"item": {"host": "relay01"}}])["not_asked"] == []


def test_further_relays_take_over(read):
    relays = [*VALUES["relays"], {"name": "relay02.example.com", "port": "25"}, {"name": "c", "certificate": "PEM"}]
    found = settings(relays=relays, port="2525")
    assert found["main"]["relayhost"] == "[relay01.example.com]:2525"
    assert found["main"]["smtp_fallback_relay"] == ["[relay02.example.com]:25", "[c]:2525"]
    assert found["not_asked"] == ["relay01"]


def test_roots_mail_can_have_a_recipient_of_the_clients_own(read):
    assert (settings()["append"], settings()["tables"]) == ({}, [])
    found = settings(root_recipient="ops@example.net")
    assert list(found["append"]) == ["virtual_alias_maps"]
    assert found["tables"][0]["entries"]["root"] == "ops@example.net"


def test_what_the_site_sets_wins(read):
    main = settings(main={"smtp_tls_loglevel": 0, "myorigin": None, "debug_peer_list": "a"})["main"]
    assert (main["smtp_tls_loglevel"], main["myorigin"], main["debug_peer_list"]) == (0, None, "a")


@pytest.mark.parametrize("ca_file", ["", "/etc/site-ca.pem"])
def test_relay_whose_name_changes_is_taken_for_both(read, ca_file):
    assert settings()["main"]["smtp_tls_secure_cert_match"] == ["nexthop"]
    read["names"] += ["Old.example.com"]
    main = settings(tls_ca_file=ca_file, relays=[{"name": "Relay01.example.com", "host": "relay01"}])["main"]
    assert main["smtp_tls_secure_cert_match"] == main["smtp_tls_verify_cert_match"] == ["nexthop", "Old.example.com"]


@pytest.mark.parametrize("level", ["may", "encrypt", "none"])
def test_nothing_is_verified(read, level):
    read["settled"] = False
    found = settings(tls_security_level=level)
    assert found["main"]["smtp_tls_security_level"] == level
    assert "smtp_tls_CAfile" not in found["main"]
    assert (found["files"], found["prefer_system_ca"], found["in_doubt"]) == ([], [], False)


@pytest.mark.parametrize("level", ["secure", "verify"])
def test_a_file_of_the_site_is_trusted_and_ours_goes(read, level):
    read["settled"] = False
    found = settings(tls_security_level=level, tls_ca_file="/etc/ssl/site.pem")
    assert found["main"]["smtp_tls_CAfile"] == "/etc/ssl/site.pem"
    assert found["files"] == [{"path": OWN, "state": "absent"}]
    assert not found["in_doubt"]
    assert settings(tls_ca_file=OWN)["files"] == []


def test_public_authorities_are_the_hosts_own_unless_ours_are_in_use(read):
    read["public"] = True
    assert settings()["prefer_system_ca"] == ["smtp_tls_CAfile"]
    assert settings(installed="/etc/ssl/certs/ca-certificates.crt\nPEM")["prefer_system_ca"] == ["smtp_tls_CAfile"]
    assert settings(installed=OWN + "\nPEM")["prefer_system_ca"] == []
    assert settings(tls_ca_file="/etc/ssl/site.pem")["prefer_system_ca"] == []


def test_what_is_not_settled_is_in_doubt(read):
    read["settled"] = False
    assert settings()["in_doubt"]


LOOKUP = """
import json, sys
from ansible.plugins.loader import init_plugin_loader, lookup_loader
init_plugin_loader([sys.argv[1]])
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
given = json.load(sys.stdin)
templar = Templar(loader=DataLoader(), variables=given)
lookup = lookup_loader.get("mailops.relay.postfix_client", loader=DataLoader(), templar=templar)
told = [lookup.run([], variables={})]
told += lookup.run(["main", "in_doubt", "not_asked"], variables=given)
other = dict(given, relay_client_tls_security_level="may")
told += lookup.run(["in_doubt"], variables=other)
# What another client has read for this one.
reader = {"__relay_client_certificates": {"results": [{"item": {"host": "relay01"}}, {"skipped": True}]}}
told += lookup.run(["not_asked"], variables=dict(given, __relay_client_certificate_reader="web02", hostvars={"web02": reader}))
try:
    lookup.run(["mian"], variables=given)
except AnsibleError as exc:
    told.append(str(exc))
print(json.dumps(told))
"""


def test_the_lookup_knows_each_hosts_own_variables():
    variables = {f"relay_client_{name}": value for name, value in VALUES.items()}
    variables.update(
        ansible_check_mode=False,
        hostvars={},
        __relay_client_trust_anchors_file=OWN,
        __relay_client_certificates={"results": []},
    )
    command = [sys.executable, "-W", "ignore", "-c", LOOKUP, str(ROOT.parents[2])]
    done = subprocess.run(command, input=json.dumps(variables), capture_output=True, text=True, check=True)
    nothing, main, doubt, not_asked, doubt_of_other, read_by_other, refused = json.loads(done.stdout.splitlines()[-1])
    assert nothing == []
    assert main["relayhost"] == "[relay01.example.com]:587"
    assert doubt is True
    assert not_asked == ["relay01"]
    assert doubt_of_other is False
    assert read_by_other == []
    assert '"mian" is no part of what is set' in refused
