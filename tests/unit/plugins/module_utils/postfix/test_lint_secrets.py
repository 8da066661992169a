# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint

from .test_lint import SMTP, Host, service

KEY = "-----BEGIN PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n"
DEFINITION = "hosts = db\npassword = hunter2\n"
LOGIN = "[h]:587 user:hunter2\n"


class Files(Host):
    """A host with these files, of which everybody can read all but the closed ones."""

    def __init__(self, texts, closed=(), backups=None):
        super(Files, self).__init__()
        self.texts = texts
        self.closed = closed
        self.backups_of = backups or {}

    def text(self, path):
        return self.texts.get(path)

    def readers(self, path):
        return None if path in self.closed else "everybody on this host"

    def backups(self, path):
        return self.backups_of.get(path, [])


def found(main, texts, services=(SMTP,), **host):
    """list of Finding: what is readable, in main.cf only when it is not closed."""
    host.setdefault("closed", ["/etc/postfix/main.cf", "/etc/postfix/master.cf"])
    findings = lint.check(main, list(services), Files(texts, **host))
    return [finding for finding in findings if finding.identifier == "secret-readable"]


def files(main, texts, **options):
    return [finding.message.split()[0] for finding in found(main, texts, **options)]


@pytest.mark.parametrize(
    "name",
    [
        "smtpd_tls_key_file",
        "smtpd_tls_eckey_file",
        "smtpd_tls_dkey_file",
        "smtp_tls_key_file",
        "lmtp_tls_key_file",
        "smtpd_tls_cert_file",
        "smtpd_tls_chain_files",
        "smtp_tls_CAfile",
        "tlsproxy_tls_key_file",
        "tlsproxy_client_key_file",
    ],
)
def test_a_key_that_others_can_read(name):
    (finding,) = found({name: "/k"}, {"/k": CERTIFICATE + KEY})
    assert (finding.severity, finding.parameter) == ("warning", name)
    assert "/k holds a private key, and everybody on this host can read it" in finding.message
    assert "made anew" in finding.fix or "make a new one" in finding.fix
    assert found({name: "/k"}, {"/k": CERTIFICATE}) == found({name: "/k"}, {}) == []
    assert found({name: "/k"}, {"/k": KEY}, closed=["/k"]) == []


def test_each_file_is_named_once_and_each_file_of_a_chain():
    main = {"smtpd_tls_chain_files": "/a, /b", "smtpd_tls_key_file": "$my_key", "my_key": "/a"}
    submission = service("submission inet smtpd", smtpd_tls_key_file="/a")
    assert files(main, {"/a": KEY, "/b": KEY}, services=[SMTP, submission]) == ["/a", "/b"]


def test_a_key_of_one_service_is_named_with_it():
    (finding,) = found({}, {"/k": KEY}, services=[service("submission inet smtpd", smtpd_tls_key_file="/k")])
    assert finding.parameter == "submission/inet -o smtpd_tls_key_file" and finding.file.endswith("master.cf")


@pytest.mark.parametrize(
    "value, expected",
    [
        ("hash:/p", ["/p", "/p.db"]),
        ("lmdb:/p", ["/p", "/p.lmdb"]),
        ("texthash:/p", ["/p"]),
        ("regexp:/p", ["/p"]),
        ("proxy:hash:/p", ["/p", "/p.db"]),
        ("unionmap:{hash:/p,static:x}", ["/p", "/p.db"]),
        ("hash:/nowhere", ["/nowhere", "/nowhere.db"]),
        ("$my_maps", ["/p", "/p.db"]),
        ("mysql:/d", ["/d"]),
        ("sqlite:/s", ["/var/lib/logins.db"]),
        ("hash:/empty", []),
    ],
)
@pytest.mark.parametrize("name", ["smtp_sasl_password_maps", "lmtp_sasl_password_maps", "x_password_maps"])
def test_a_table_of_passwords_and_what_it_is_compiled_to(name, value, expected):
    texts = {
        "/p": LOGIN,
        "/d": DEFINITION,
        "/s": "dbpath = /var/lib/logins.db\nquery = x\n",
        "/empty": "# nothing yet\n\n",
    }
    assert files({name: value, "my_maps": "hash:/p"}, texts) == expected
    smart = service("smart unix smtp", **{name: value})
    assert files({"my_maps": "hash:/p"}, texts, services=[SMTP, smart]) == expected
    assert files({name: value, "my_maps": "hash:/p"}, texts, closed=expected + ["/etc/postfix/main.cf"]) == []


@pytest.mark.parametrize("kind", ["ldap", "mysql", "pgsql", "memcache", "mongodb", "sqlite"])
def test_a_definition_with_a_password_counts_wherever_it_is_used(kind):
    main = {"virtual_alias_maps": "{0}:/d".format(kind), "mydestination": "localhost"}
    assert files(main, {"/d": DEFINITION}) == ["/d"]
    assert files(main, {"/d": "hosts = db\nquery = x\n"}) == []
    (finding,) = found(dict(main, virtual_alias_maps="proxy:{0}:/d".format(kind)), {"/d": DEFINITION})
    assert finding.fix == "chmod 640 /d with postfix as its group"


def test_other_tables_are_nobodys_secret():
    assert files({"transport_maps": "hash:/p", "alias_maps": "hash:/etc/aliases"}, {"/p": LOGIN}) == []


def test_a_compiled_table_of_keys_holds_them():
    assert files({"tls_server_sni_maps": "hash:/sni"}, {"/sni": "a.example /etc/a.pem\n"}) == ["/sni.db"]


def test_a_backup_that_others_can_read_counts_too():
    backups = {"/p": ["/p.2026-11-22@07:44:01~"]}
    assert files({"smtp_sasl_password_maps": "hash:/p"}, {"/p": LOGIN}, closed=["/p", "/p.db"], backups=backups) == [
        "/p.2026-11-22@07:44:01~"
    ]


@pytest.mark.parametrize(
    "main, expected",
    [
        ({"smtp_sasl_password_maps": "static:u:hunter2"}, ["smtp_sasl_password_maps"]),
        ({"smtp_sasl_password_maps": "inline:{a=u:hunter2}"}, ["smtp_sasl_password_maps"]),
        ({"smtp_sasl_password_maps": "$my_maps", "my_maps": "static:u:hunter2"}, ["my_maps"]),
        ({"transport_maps": "mysql:users", "users_password": "hunter2"}, ["users_password"]),
        ({"relayhost": "u:hunter2@h"}, ["relayhost"]),
        ({"transport_maps": "inline:{a=smtp:}", "local_recipient_maps": "static:all"}, []),
        ({"smtp_sasl_password_maps": "hash:/p", "smtp_sasl_auth_enable": "yes"}, []),
    ],
)
def test_a_password_in_main_cf(main, expected):
    findings = found(dict(main), {"/p": "# empty\n"}, closed=[])
    assert [finding.parameter for finding in findings] == expected
    assert "hunter2" not in repr(findings)
    assert found(dict(main), {"/p": "# empty\n"}) == []


def test_a_password_in_master_cf():
    smart = service("smart unix smtp", smtp_sasl_password_maps="static:u:hunter2")
    (finding,) = found({}, {}, services=[SMTP, smart], closed=[])
    assert finding.parameter == "smart/unix -o smtp_sasl_password_maps" and "hunter2" not in repr(finding)
    assert "master.cf" in finding.message and "secret_entries" in finding.fix
