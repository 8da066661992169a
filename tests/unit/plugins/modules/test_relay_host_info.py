# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import time

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.postfix import installation
from ansible_collections.mailops.relay.plugins.module_utils.preflight import relay_host
from ansible_collections.mailops.relay.plugins.modules import relay_host_info

FQDN = "relay.example.com"
DEFAULTS = "mail_version = 3.7.11\nmessage_size_limit = 10240000\nsmtp_helo_name = $myhostname\nqueue_directory = /var/spool/postfix\n"
PLANNED = {
    "main": {"myhostname": FQDN, "mydestination": ["$myhostname"]},
    "hostname": FQDN,
    "hosts_file": True,
    "log_limits": True,
}


@pytest.fixture
def relay(run_module, programs, monkeypatch, tmp_path):
    """Calls the module on a host with this main.cf, None for a host without Postfix; returns its result."""
    monkeypatch.setattr(socket, "gethostname", lambda: "relay")
    hosts = tmp_path / "hosts"
    hosts.write_bytes(b"10.0.0.4 relay.example.com relay\n")
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_bytes(b"")
    monkeypatch.setattr(relay_host, "_HOSTS_FILE", str(hosts))
    monkeypatch.setattr(relay_host, "_RESOLV_CONF", str(resolv_conf))

    def call(main_cf, fault=None, **options):
        if main_cf is None:
            monkeypatch.setattr(installation.Host, "installed", False)
        else:
            main = "".join("{0} = {1}\\n".format(*pair) for pair in sorted(main_cf.items()))
            programs(
                postmap="cat > /dev/null; echo x"
                if fault is None
                else "cat > /dev/null; echo 'postmap: fatal: {0}' >&2; exit 1".format(fault)
            )
            answers = "[ $1 = -n ] && printf '{0}' || printf '{1}'".format(main, DEFAULTS.replace("\n", "\\n"))
            programs(postconf="echo asked $1 >> {0}; {1}".format(tmp_path / "asked", answers))
        failed, result = run_module(relay_host_info.main, **options)
        assert not failed, result
        assert not result["changed"]
        found = {}
        for entry in result["checks"]:
            found.setdefault(entry["id"], []).append(entry)
        return result, found

    return call


@pytest.mark.parametrize(("recipient", "status"), [("ops@example.net", "ok"), ("", "warning")])
def test_a_planned_relay_has_a_reader_of_roots_mail_or_is_told_what_to_set(relay, recipient, status):
    _result, found = relay(None, subset=["local"], planned=dict(PLANNED, root_recipient=recipient))
    (check,) = found["root_mail"]
    assert check["status"] == status
    assert (recipient in check["seen"]) if recipient else ("Set relay_server_local_recipient" in check["todo"])


def test_what_the_relay_does_with_roots_mail_of_clients_is_told_where_it_is_asked_for(relay):
    main = {"myhostname": FQDN, "mydestination": FQDN}
    assert relay(main, subset=["local"])[0]["root_mail"] == {}
    result, found = relay(main, subset=["local"], root_mail=["root@" + FQDN, "root@web01.example.com"])
    assert found["root_mail"][0]["status"] == "warning"
    verdicts = dict((address, answer["verdict"]) for address, answer in result["root_mail"].items())
    assert verdicts == {"root@" + FQDN: "kept", "root@web01.example.com": "leaves"}


def test_a_name_that_the_relay_takes_and_the_dns_gives_to_another_is_a_warning_for_the_network(relay, monkeypatch):
    told = {"web01.example.com": ["mail.example.com"], "web02.example.com": ["relay02.example.com"]}
    monkeypatch.setattr(
        relay_host, "exchangers", lambda names, servers, seconds: dict((name, told[name]) for name in names)
    )
    monkeypatch.setattr(
        relay_host.Relay, "root_mail", lambda self, found: dict.fromkeys(found, {"verdict": "taken", "text": "o@x"})
    )
    addresses, relays = ["root@web01.example.com", "root@web02.example.com"], ["relay02.example.com"]
    _result, found = relay({"myhostname": FQDN}, subset=["network"], root_mail=addresses, relays=relays)
    assert [(entry["subject"], entry["status"]) for entry in found["root_mail"]] == [
        ("root@web02.example.com", "ok"),
        ("root@web01.example.com", "warning"),
    ]
    assert "the DNS says mail.example.com (MX)" in found["root_mail"][1]["seen"]
    planned = dict(PLANNED, root_recipient="o@x")
    assert "root_mail" not in relay(None, subset=["network"], root_mail=addresses, planned=planned)[1]


def test_a_short_host_name_is_seen_and_its_fix_named(relay):
    _result, found = relay({"myhostname": FQDN}, subset=["local"])
    (bad,) = [entry for entry in found["host_name"] if entry["status"] == "failed"]
    assert bad["subject"] == "hostname" and "set-hostname) to relay.example.com" in bad["todo"]
    assert found["postfix"][0]["seen"] == "Postfix 3.7.11"


# Of Postfix 3.7.11 with a main.cf of which postconf says nothing.
NO_ADDRESS = "parameter inet_interfaces: no local interface found for ::1"
NO_FAMILY = "could not find any active network interfaces"
NO_NUMBER = "bad numerical configuration: message_size_limit = abc"
NO_PROXY = "config variable proxy_interfaces: host not found: nosuch.example"


@pytest.mark.parametrize(
    "fault, todo",
    [
        (NO_ADDRESS, "mailops.relay.site, which sets inet_interfaces"),
        (NO_FAMILY, "mailops.relay.site, which sets inet_interfaces"),
        (NO_NUMBER, "Mend that in main.cf"),
        (NO_PROXY, "Mend that in main.cf"),
    ],
)
def test_a_postfix_that_does_not_start_is_not_ok_although_postconf_answers(relay, fault, todo):
    _result, found = relay({"mynetworks": "127.0.0.0/8"}, fault, subset=["local"])
    (bad,) = found["postfix"]
    assert bad["status"] == "failed" and bad["seen"] == "Postfix 3.7.11 does not run with its main.cf: " + fault
    assert todo in bad["todo"]


@pytest.mark.parametrize(
    "fault, main, status",
    [
        (NO_ADDRESS, {"inet_interfaces": "127.0.0.1"}, "ok"),
        (NO_FAMILY, {"inet_interfaces": "127.0.0.1"}, "ok"),
        (NO_NUMBER, {"inet_interfaces": "127.0.0.1"}, "failed"),
        (NO_NUMBER, {"message_size_limit": 1000}, "ok"),
        (NO_PROXY, {"inet_interfaces": "127.0.0.1"}, "failed"),
    ],
)
def test_what_the_plan_mends_is_no_fault(relay, fault, main, status):
    planned = dict(PLANNED, main=dict(PLANNED["main"], **main))
    _result, found = relay({"myhostname": FQDN}, fault, subset=["local"], planned=planned, prefer_planned=True)
    assert found["postfix"][0]["status"] == status


def test_without_postfix_what_is_planned_is_checked(relay):
    result, found = relay(None, subset=["local"], planned=PLANNED)
    assert result["relay"]["planned"] and result["relay"]["hostname"] == FQDN and result["relay"]["postfix"] == ""
    assert result["relay"]["mydomain"] == "example.com" and result["relay"]["mydestination"] == [FQDN]
    assert found["postfix"][0]["status"] == "skipped"
    assert set(entry["status"] for entry in found["host_name"]) == {"ok"}
    assert "the role will" in found["log_journald"][0]["seen"]


def test_the_plan_counts_for_an_installed_postfix_only_when_it_is_preferred(relay):
    assert (
        relay({"myhostname": "old.example.com"}, subset=["local"], planned=PLANNED)[0]["relay"]["hostname"]
        == "old.example.com"
    )
    assert (
        relay({"myhostname": "old.example.com"}, subset=["local"], planned=PLANNED, prefer_planned=True)[0]["relay"][
            "hostname"
        ]
        == FQDN
    )


@pytest.mark.parametrize(
    "main_cf, addresses",
    [
        ({"smtp_bind_address": "203.0.113.7", "inet_protocols": "ipv4"}, ["203.0.113.7"]),
        # With one address of its own Postfix sends from that one.
        ({"inet_interfaces": "203.0.113.8, ::1", "inet_protocols": "ipv4"}, ["203.0.113.8"]),
        ({"smtp_bind_address6": "2001:db8::7", "inet_protocols": "ipv6"}, ["2001:db8::7"]),
        # The loopback address of the other family makes no difference.
        ({"inet_interfaces": "127.0.0.1, 2001:DB8:0::8", "inet_protocols": "ipv6"}, ["2001:db8::8"]),
        ({"inet_interfaces": "[2001:db8::8]", "inet_protocols": "ipv6"}, ["2001:db8::8"]),
    ],
)
def test_where_mail_leaves(relay, main_cf, addresses):
    assert relay(dict(main_cf, myhostname=FQDN), subset=["local"])[0]["relay"]["addresses"] == addresses


def test_the_expected_address_is_what_the_DNS_is_asked_about(relay):
    main_cf = {"myhostname": FQDN, "smtp_bind_address": "10.0.0.4", "inet_protocols": "ipv4"}
    result, found = relay(main_cf, subset=["local"], expected_addresses=["203.0.113.4"])
    assert result["relay"]["addresses"] == ["203.0.113.4"]
    assert found["outbound_address"][0]["status"] == "warning"


@pytest.mark.parametrize(
    "main_cf, options, seen",
    [
        ({"myhostname": FQDN}, {}, "no port of master.cf offers TLS to other hosts"),
        ({"myhostname": FQDN}, {"planned": PLANNED, "prefer_planned": True}, "the role sees to it"),
        (None, {"planned": PLANNED}, "the role sees to it"),
    ],
)
def test_where_there_is_no_certificate_to_look_at(relay, main_cf, options, seen):
    result, found = relay(main_cf, subset=["certificates"], **options)
    ((check,),) = found.values()
    assert check["id"] == "certificate" and check["status"] == result["verdict"] == "skipped" and seen in check["seen"]


def test_main_cf_is_read_once_for_all_that_is_told_of_it(relay, tmp_path):
    relay({"myhostname": FQDN}, subset=["local", "certificates"])
    assert (tmp_path / "asked").read_text().splitlines().count("asked -n") == 1


@pytest.mark.parametrize("one, other", [("certificate", "private_key"), ("private_key", "certificate")])
def test_a_client_certificate_needs_its_key(run_module, one, other):
    smarthost = {"name": "m365", "hosts": ["a.example"], one: "/etc/ssl/a"}
    failed, result = run_module(relay_host_info.main, subset=["network"], smarthosts=[smarthost])
    assert failed and "m365: certificate and private_key belong together" in result["msg"]


def test_each_smarthost_has_a_check_and_no_password_is_shown(relay, monkeypatch):
    tried = []

    def login_checks(smarthost, seconds, authorities):
        tried.append((smarthost["port"], smarthost["tls"], authorities))
        return [
            {
                "id": "smarthost_login",
                "status": "failed",
                "subject": smarthost["name"],
                "seen": "said c2VjcmV0IQ==",
                "todo": "",
            }
        ]

    monkeypatch.setattr(relay_host.smarthost_login, "login_checks", login_checks)
    account = {"name": "ses", "hosts": ["a.example"], "user": "u", "password": "secret!"}
    result, found = relay(
        {"myhostname": FQDN, "smtp_tls_CAfile": "/ca"},
        subset=["network"],
        smarthosts=[account, dict(account, port=465)],
    )
    assert result["verdict"] == "failed" and len(found["smarthost_login"]) == 2
    assert sorted(tried) == [(465, "secure", "/ca"), (587, "secure", "/ca")]
    assert "c2VjcmV0IQ==" not in str(result)
    assert "smarthost_login" not in relay({"myhostname": FQDN}, subset=["network"])[1]


def test_a_log_that_Postfix_writes_itself_has_no_limit(relay):
    _result, found = relay({"myhostname": FQDN, "maillog_file": "/var/log/postfix.log"}, subset=["local"])
    assert [found[name][0]["status"] for name in ("log_journald", "log_rsyslog")] == ["skipped", "skipped"]


@pytest.mark.parametrize(
    "relayhost, tried",
    [
        ("[IPv6:2001:db8:203::2]:2525", [("2001:db8:203::2", 2525)]),
        ("[2001:DB8:203:0::2]:2525", [("2001:db8:203::2", 2525)]),
        ("[2001:db8:203::2]", [("2001:db8:203::2", 25)]),
        ("[mx.example.net]:smtp", [("mx.example.net", 25)]),
        ("[2001:db8:203::2]:25, [192.0.2.2]", [("2001:db8:203::2", 25), ("192.0.2.2", 25)]),
        # Of a domain the mail exchangers are not looked for here.
        ("example.net [mx.example.net]:no-such-service", []),
    ],
)
def test_a_relayhost_by_address_in_every_notation_that_Postfix_takes(relay, monkeypatch, relayhost, tried):
    asked = []
    monkeypatch.setattr(relay_host, "exit_checks", lambda *values: asked.append(values[:2]) or [])
    relay({"myhostname": FQDN, "relayhost": relayhost}, subset=["network"], timeout=1)
    assert sorted(asked) == sorted(tried)


def test_the_network_waits_and_not_for_ever(relay):
    # It takes connections and says nothing.
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(1)
    main_cf = {"myhostname": FQDN, "relayhost": "[127.0.0.1]:{0}".format(silent.getsockname()[1])}
    start = time.time()
    _result, found = relay(main_cf, subset=["network"], timeout=1)
    assert time.time() - start < 3
    assert found["port_25"][0]["status"] == "failed" and "time limit" in found["port_25"][0]["seen"]
    assert "names no name server" in found["dns_resolver"][0]["seen"]
    assert set(found) == {"port_25", "dns_resolver"}
    silent.close()


def test_without_a_name_to_try_port_25_is_not_tried(relay):
    _result, found = relay({"myhostname": FQDN}, subset=["network"])
    assert (found["port_25"][0]["status"], found["port_25"][0]["seen"]) == (
        "skipped",
        "no mail exchanger was named to try it on",
    )


@pytest.mark.parametrize(
    "options, words",
    [
        ({"timeout": 0}, "timeout: 0 s"),
        ({"expected_addresses": ["example.com"]}, "expected_addresses: 'example.com'"),
        ({"planned": {"main": {"myhostname": {}}}, "prefer_planned": True}, "myhostname"),
    ],
)
def test_bad_input_is_refused_by_name(run_module, options, words):
    failed, result = run_module(relay_host_info.main, **options)
    assert failed and words in result["msg"]


def test_documentation_and_arguments_say_the_same():
    def compare(documented, spec):
        assert set(documented) == set(spec)
        for name, option in documented.items():
            for key in ("type", "elements", "choices", "default", "required"):
                assert (name, key, option.get(key)) == (name, key, spec[name].get(key))
            if "suboptions" in option:
                compare(option["suboptions"], spec[name]["options"])

    compare(yaml.safe_load(relay_host_info.DOCUMENTATION)["options"], relay_host_info.argument_spec())


@pytest.mark.parametrize(
    "options, words",
    [
        ({"subset": ["local"], "mx": ["mx.example.net"]}, "mx: only subset=network looks at it"),
        ({"subset": ["network"], "queue_free_mib": 5}, "queue_free_mib: only subset=local looks at it"),
        ({"subset": ["network"], "queue_free_inodes": 5}, "queue_free_inodes: only subset=local"),
        ({"subset": ["network"], "message_rate": 5}, "message_rate: only subset=local"),
        (
            {"subset": ["network"], "reference_time": 5},
            "reference_time: only subset=local or subset=certificates looks at it",
        ),
        ({"subset": ["local"], "ca_path": "/ca.pem"}, "ca_path: only subset=certificates looks at it"),
        ({"clock_tolerance": 5}, "clock_tolerance: there is no reference_time"),
        ({"prefer_planned": True}, "prefer_planned: nothing is planned"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(run_module, options, words):
    failed, result = run_module(relay_host_info.main, **options)
    assert failed and words in result["msg"]


def test_what_postfix_asks_is_looked_at_where_it_does_dane(relay, monkeypatch):
    asked = []

    def checked(views, signed, broken, seconds):
        asked.append((views, signed, broken))
        return [checks.ok("dane", "127.0.0.153", "validates")]

    monkeypatch.setattr(relay_host, "postfix_views", lambda _runner: [("unit", "nameserver 127.0.0.153")])
    monkeypatch.setattr(relay_host.dane, "dane_checks", checked)
    plain = {"myhostname": FQDN}
    assert "dane" not in relay(plain, subset=["network"])[1] and not asked
    _result, found = relay(dict(plain, smtp_dns_support_level="dnssec"), subset=["network"])
    assert found["dane"][0]["status"] == "ok"
    assert asked == [([("unit", "nameserver 127.0.0.153")], ".", "dnssec-failed.org")]
    relay(dict(plain, smtp_dns_support_level="dnssec"), subset=["network"], dane_signed_name="a.example")
    assert asked[-1][1] == "a.example"
