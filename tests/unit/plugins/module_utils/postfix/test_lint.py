# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

# On a busy machine, making the examples alone can take seconds.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")

# Recorded with postconf -d and postconf -m; the Debian ones in a container made with debootstrap.
VERSIONS = {
    "2.10.1": (2, 10, 1),
    "3.5.25-bullseye": (3, 5, 25),
    "3.7.11-bookworm": (3, 7, 11),
    "3.10.13-trixie": (3, 10, 13),
}


def read(name):
    with open(os.path.join(FIXTURES, name)) as handle:
        return handle.read()


def defaults_of(label):
    pairs = [line.partition(" =") for line in read("postconf-d.{0}.txt".format(label)).splitlines()]
    return dict((name, value.strip()) for name, equals, value in pairs if equals)


class Host(object):
    """A host with one address, all the files that are not said to be missing, and working keys."""

    config_directory = "/etc/postfix"
    main_file = "/etc/postfix/main.cf"
    master_file = "/etc/postfix/master.cf"

    def __init__(self, label="2.10.1", missing=(), pair=True, ipv6=True, texts=None, closed=()):
        self.version = VERSIONS[label]
        self.defaults = defaults_of(label)
        self.table_types = set(read("postconf-m.{0}.txt".format(label)).split())
        self.missing = missing
        self.pair = pair
        self.texts = texts or {}
        # What Postfix's own user cannot read.
        self.closed = closed
        self.local = set(["127.0.0.1", "192.168.1.100", "203.0.113.5", "smtp-relay001.example.com"])
        if ipv6:
            self.local.add("::1")

    def exists(self, path):
        return path not in self.missing

    def text(self, path):
        return self.texts.get(path)

    def is_directory(self, path):
        return path not in self.missing

    def readers(self, path):
        return None

    def mail_owner_reads(self, path):
        return path not in self.closed

    def backups(self, path):
        return []

    def key_pair_matches(self, cert_path, key_path):
        return self.pair

    def is_local_address(self, name_or_address):
        return name_or_address in self.local

    def has_ipv6_address(self, name):
        return name == "localhost"


# As in the master.cf that comes with Postfix.
LIMITS = dict.fromkeys(["anvil", "pickup", "postscreen", "qmgr", "scache", "tlsmgr", "verify"], "1")
LIMITS.update(dict.fromkeys(["bounce", "cleanup", "dnsblog", "flush", "tlsproxy"], "0"))


def service(line, **options):
    """A service of master.cf as its parser gives it; the options in the keywords."""
    name, kind, command = line.split()
    words = [word for item in sorted(options.items()) for word in ("-o", "=".join(item))]
    facts = {"name": name, "type": kind, "command": command, "options": sorted(options.items()), "words": words}
    facts["arguments"] = ["user=nobody", "argv=/bin/true"] if command == "pipe" else []
    return dict(facts, maxproc=LIMITS.get(command, "-"))


SMTP = service("smtp inet smtpd")


def found(main, services=(SMTP,), host=None):
    """list of (identifier, severity, parameter)."""
    return [
        (finding.identifier, finding.severity, finding.parameter)
        for finding in lint.check(main, list(services), host or Host())
    ]


def only(main, services=(SMTP,), host=None):
    """The one finding."""
    findings = lint.check(main, list(services), host or Host())
    assert len(findings) == 1, findings
    return findings[0]


# The guide's relay and client, with addresses filled in, and the master.cf lines that it adds.
RELAY = {
    "inet_interfaces": "127.0.0.1, 192.168.1.100",
    "mydestination": "$myhostname, localhost.$mydomain, $mydomain",
    "mynetworks": "192.168.1.0/24, 127.0.0.0/8",
    "smtpd_use_tls": "yes",
    "smtpd_tls_key_file": "/etc/postfix/server.key",
    "smtpd_tls_cert_file": "/etc/postfix/server.crt",
    "smtpd_tls_loglevel": "1",
    "smtpd_tls_received_header": "yes",
    "smtpd_tls_session_cache_timeout": "3600s",
    "tls_random_source": "dev:/dev/urandom",
    "smtpd_tls_mandatory_protocols": "!SSLv2, !SSLv3, !TLSv1",
}
SUBMISSION = service("submission inet smtpd", syslog_name="postfix/submission", smtpd_tls_security_level="encrypt")
# What the roles add; without it the default is md5, see test_lint_fingerprints.py.
DIGESTS = dict((side + "_tls_fingerprint_digest", "sha256") for side in ("smtpd", "smtp", "lmtp"))
CLIENT = {
    "inet_interfaces": "loopback-only",
    "mydestination": "",
    "mynetworks": "127.0.0.0/8 [::1]/128",
    "myorigin": "$myhostname",
    "relayhost": "192.168.1.1",
    "local_transport": "error: local delivery disabled",
}


@pytest.mark.parametrize("label", sorted(VERSIONS))
def test_the_guide_is_clean(label):
    level = {} if label == "2.10.1" else {"compatibility_level": "2"}
    assert found(dict(RELAY, **dict(DIGESTS, **level)), [SMTP, SUBMISSION], Host(label)) == []
    assert found(dict(CLIENT, **level), [SMTP], Host(label)) == []


def test_without_a_compatibility_level_a_newer_smtpd_stops():
    assert found({}, host=Host("3.7.11-bookworm")) == [("restrictions-incomplete", "error", "smtpd_relay_restrictions")]


@pytest.mark.parametrize("label", sorted(VERSIONS))
def test_the_defaults_of_postfix_have_no_errors(label):
    host = Host(label)
    main = dict(host.defaults)
    if "compatibility_level" in main:
        # At level 0 there are no relay restrictions, and smtpd stops; see test_lint_relay.py.
        main["compatibility_level"] = "3.6" if host.version >= (3, 6) else "2"
    findings = lint.check(main, [SMTP], host)
    assert [finding for finding in findings if finding.severity == lint.ERROR] == []


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, meant",
    [
        ("relay_host", "relayhost"),
        ("smtpd_tls_cert_fiel", "smtpd_tls_cert_file"),
        ("mynetwork", "mynetworks"),
        ("message_sizelimit", "message_size_limit"),
        ("message_limit_size", "message_size_limit"),
        ("smtpd_recipeint_restrictions", "smtpd_recipient_restrictions"),
    ],
)
def test_a_misspelt_parameter_is_refused_and_the_right_one_named(name, meant):
    finding = only({name: "x"})
    assert (finding.identifier, finding.parameter, finding.file) == ("unknown-parameter", name, "/etc/postfix/main.cf")
    assert meant in finding.message
    assert meant in finding.fix


@pytest.mark.parametrize(
    "main, services",
    [
        ({"our_nets": "10.0.0.0/8", "mynetworks": "$our_nets"}, [SMTP]),
        ({"our_checks": "permit_mynetworks"}, [service("smtp inet smtpd", smtpd_client_restrictions="$our_checks")]),
        ({"smtpd_restriction_classes": "ours, yours", "ours": "reject", "yours": "reject"}, [SMTP]),
        (
            {"slow_destination_concurrency_limit": "2", "slow_destination_rate_delay": "1s"},
            [SMTP, service("slow unix smtp")],
        ),
        ({"policy_time_limit": "3600"}, [SMTP, service("policy unix spawn")]),
        ({"virtual_alias_maps": "ldap:people", "people_server_host": "ldap.example.com"}, [SMTP]),
    ],
)
def test_parameters_that_the_administrator_defines_are_known(main, services):
    host = Host()
    host.table_types.add("ldap")
    assert found(main, services, host) == []


def test_a_parameter_of_a_newer_postfix_is_named_as_such():
    finding = only({"smtp_tls_connection_reuse": "yes"})
    assert finding.identifier == "unknown-parameter"
    assert "3.4" in finding.message and "2.10.1" in finding.message
    assert found({"compatibility_level": "2", "smtp_tls_connection_reuse": "yes"}, host=Host("3.5.25-bullseye")) == []


@pytest.mark.parametrize(
    "name, value, label",
    [
        ("postscreen_blacklist_action", "drop", "3.7.11-bookworm"),
        ("postscreen_whitelist_interfaces", "static:all", "3.10.13-trixie"),
        ("postscreen_dnsbl_whitelist_threshold", "-1", "3.7.11-bookworm"),
        ("postscreen_dnsbl_ttl", "1h", "3.5.25-bullseye"),
        ("virtual_maps", "hash:/etc/postfix/virtual", "2.10.1"),
        ("virtual_maps", "hash:/etc/postfix/virtual", "3.7.11-bookworm"),
        ("fallback_relay", "", "3.7.11-bookworm"),
        ("authorized_verp_clients", "10.0.0.1", "2.10.1"),
        ("tlsproxy_client_level", "may", "3.7.11-bookworm"),
        ("smtpd_per_record_deadline", "yes", "3.10.13-trixie"),
        ("relay_destination_concurrency_limit", "2", "2.10.1"),
        ("smtp_destination_rate_delay", "1s", "3.7.11-bookworm"),
    ],
)
def test_a_name_that_a_default_refers_to_is_known(name, value, label):
    host = Host(label)
    main = dict({name: value}, **({} if label == "2.10.1" else {"compatibility_level": "2"}))
    services = [SMTP, service("smtp unix smtp"), service("relay unix smtp")]
    assert [row for row in found(main, services, host) if row[0] == "unknown-parameter"] == []


@pytest.mark.parametrize("name", ["virtual_map", "smtpd_tls_wrapper", "mua_client_restrictions"])
def test_no_parameter_of_another_meaning_is_named(name):
    finding = [item for item in lint.check({name: "x"}, [SMTP], Host()) if item.identifier == "unknown-parameter"][0]
    assert "did you mean" not in finding.message and finding.fix == "correct the name or take it out"


def test_a_transport_without_a_service_is_named():
    finding = only({"maildrop_destination_recipient_limit": "1"})
    assert "there is no service maildrop in master.cf" in finding.message


@pytest.mark.parametrize(
    "name, label, reason",
    [
        ("tls_dane_digest_agility", "3.7.11-bookworm", "no more since 3.4"),
        ("tls_dane_digest_agility", "2.10.1", "it came with 2.11"),
        ("lmdb_map_size", "3.10.13-trixie", "built without it"),
        ("smtp_tls_enforce_sts_mx_patterns", "3.7.11-bookworm", "it came with 3.10.5"),
        ("smtp_requiretls_policy", "3.10.13-trixie", "it came with 3.11"),
        ("non_bdb_migration_level", "3.10.13-trixie", "it came with 3.11"),
        ("socketmap_max_reply_size", "3.5.25-bullseye", "it came with 3.10"),
    ],
)
def test_what_this_version_does_not_have_is_named_with_its_version(name, label, reason):
    host = Host(label)
    host.defaults.pop("lmdb_map_size", None)
    main = dict({name: "x"}, **({} if label == "2.10.1" else {"compatibility_level": "2"}))
    assert reason in only(main, host=host).message


def test_an_unknown_option_in_master_cf_names_the_service():
    finding = only({}, [service("submission inet smtpd", smtpd_tls_securty_level="encrypt")])
    assert (finding.identifier, finding.file) == ("unknown-parameter", "/etc/postfix/master.cf")
    assert finding.parameter == "submission/inet -o smtpd_tls_securty_level"


# --- types ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, value",
    [
        ("message_size_limit", "abc"),
        ("message_size_limit", "10M"),
        ("message_size_limit", ""),
        ("message_size_limit", "$mydomain"),
        ("default_process_limit", "100s"),
        ("maximal_queue_lifetime", "5 days"),
        ("maximal_queue_lifetime", "5y"),
        ("smtpd_timeout", "soon"),
        ("smtpd_helo_required", "true"),
        ("smtpd_helo_required", "1"),
        ("biff", ""),
        ("smtpd_hard_error_limit", "${stress?1}${stress:many}"),
        ("relay_destination_recipient_limit", "few"),
        # Postfix 3.7.11: "bad numerical configuration", "bad time value or unit".
        ("smtpd_recipient_limit", "2147483648"),
        ("queue_minfree", "9223372036854775808"),
        ("message_size_limit", "9" * 5000),
        ("smtpd_timeout", "2147483648"),
        ("smtpd_timeout", "3551w"),
        ("maximal_queue_lifetime", "24855d"),
        ("smtpd_timeout", "-5"),
        ("mynetworks_style", "hosts"),
        ("inet_protocols", "ipv4, ipv5"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(name, value):
    # mynetworks is set so that no other rule speaks about trusted networks.
    finding = only({name: value, "mynetworks": "127.0.0.0/8", "smtpd_delay_reject": "yes"})
    assert (finding.identifier, finding.severity, finding.parameter) == ("wrong-type", "error", name)
    assert finding.value == value


@pytest.mark.parametrize(
    "name, value",
    [
        ("message_size_limit", "20480000"),
        ("message_size_limit", "$mailbox_size_limit"),
        ("maximal_queue_lifetime", "5"),
        ("maximal_queue_lifetime", "5d"),
        ("smtpd_timeout", "${stress?10}${stress:300}s"),
        ("smtpd_hard_error_limit", "${stress?1}${stress:20}"),
        ("smtpd_recipient_limit", "2147483647"),
        ("smtpd_recipient_limit", "000000000000000000000007"),
        ("smtpd_timeout", "3549w"),
        ("maximal_queue_lifetime", "24854d"),
        ("queue_minfree", "4294967296"),
        ("smtpd_client_message_rate_limit", "-5"),
        ("smtpd_helo_required", "YES"),
        ("default_destination_concurrency_positive_feedback", "1/concurrency"),
        ("readme_directory", "/usr/share/doc/postfix"),
        ("html_directory", "no"),
        ("lmtp_tcp_port", "lmtp"),
        ("milter_protocol", "6"),
        ("inet_protocols", "ipv4, ipv6"),
        ("virtual_uid_maps", "static:5000"),
        ("message_size_limit", "$loop"),
    ],
)
def test_what_postfix_accepts_passes(name, value):
    assert found({name: value, "loop": "$loop", "mynetworks": "127.0.0.0/8"}) == []


@pytest.mark.parametrize("value", ["yes", "no", "normalize", "reject", "note"])
def test_bare_newline_takes_words_though_its_default_looks_like_a_boolean(value):
    main = {"smtpd_forbid_bare_newline": value, "mynetworks": "127.0.0.0/8", "compatibility_level": "3.6"}
    assert found(main, host=Host("3.7.11-bookworm")) == []


def test_a_boolean_in_another_language_gets_its_translation():
    assert only({"smtpd_helo_required": "true"}).fix == "write yes"
    assert only({"smtpd_helo_required": "off"}).fix == "write no"


def test_a_type_is_checked_in_master_cf_too():
    finding = only({}, [service("smtp inet smtpd", smtpd_timeout="soon")])
    assert (finding.identifier, finding.parameter) == ("wrong-type", "smtp/inet -o smtpd_timeout")


def test_mailbox_limit_below_message_limit_is_a_warning():
    assert found({"message_size_limit": "100000000"}) == [("size-limits", "warning", "mailbox_size_limit")]
    # No sizes of others' mailboxes: virtual(8) delivers nothing here, and the guide's relay is not the last hop.
    assert found({"message_size_limit": "104857600", "mailbox_size_limit": "0"}) == []
    assert found({"message_size_limit": "104857600", "mydestination": ""}) == []
    assert found({"message_size_limit": "104857600", "local_transport": "error:no mailboxes"}) == []
    assert found({"message_size_limit": "104857600", "local_transport": "lmtp:unix:private/x"}) == []
    virtual = {"message_size_limit": "104857600", "mailbox_size_limit": "0", "virtual_mailbox_domains": "example.com"}
    virtual["virtual_mailbox_maps"] = "static:x"
    finding = only(virtual)
    assert (finding.identifier, finding.parameter) == ("size-limits", "virtual_mailbox_limit")
    assert "delivery to virtual mailboxes" in finding.message
    assert found(dict(virtual, virtual_transport="lmtp:unix:private/dovecot-lmtp")) == []
    assert found(dict(virtual, virtual_transport="dovecot")) == []
    submission = service("submission inet smtpd", message_size_limit="104857600")
    assert found({}, [SMTP, submission]) == []
    assert found({}, [SMTP, service("local unix local", message_size_limit="104857600")]) == [
        ("size-limits", "warning", "local/unix -o mailbox_size_limit")
    ]
    assert found({"message_size_limit": "100000000", "mailbox_size_limit": "0", "virtual_mailbox_limit": "0"}) == []


# --- TLS -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, value, label, wrong",
    [
        ("smtp_tls_security_level", "banana", "2.10.1", True),
        ("smtp_tls_security_level", "dane", "2.10.1", True),
        ("smtp_tls_security_level", "dane", "3.5.25-bullseye", False),
        ("smtp_tls_security_level", "secure", "2.10.1", False),
        ("smtp_tls_security_level", "", "2.10.1", False),
        ("smtp_tls_security_level", "$smtpd_tls_security_level", "2.10.1", False),
        ("lmtp_tls_security_level", "encrpyt", "2.10.1", True),
        ("smtpd_tls_security_level", "secure", "2.10.1", True),
        ("smtpd_tls_security_level", "May", "2.10.1", False),
        ("tlsproxy_client_security_level", "secure", "3.7.11-bookworm", False),
    ],
)
def test_tls_levels_of_each_side(name, value, label, wrong):
    main = dict(DIGESTS, **{name: value})
    if label != "2.10.1":
        main["compatibility_level"] = "2"
    assert found(main, host=Host(label)) == ([("tls-level", "error", name)] if wrong else [])


@pytest.mark.parametrize(
    "value, label, wrong",
    [
        ("!SSLv2, !SSLv3, !TLSv1, !TLSv1.1", "2.10.1", 0),
        ("!SSLv2:!SSLv3", "2.10.1", 0),
        ("TLSv1.2", "2.10.1", 0),
        ("!SSLv2; !SSLv3", "2.10.1", 1),
        ("!TLSv1.3", "2.10.1", 1),
        ("!TLSv1.3", "3.5.25-bullseye", 0),
        (">=TLSv1.2", "3.5.25-bullseye", 1),
        (">=TLSv1.2", "3.7.11-bookworm", 0),
        (">=TLSv1.2, <=TLSv1.3", "3.7.11-bookworm", 0),
        (">=0303", "3.7.11-bookworm", 0),
        (">= TLSv1.2", "3.7.11-bookworm", 1),
        (">=TLS1.2", "3.7.11-bookworm", 1),
        ("TLS1.2", "2.10.1", 1),
        ("-SSLv3", "2.10.1", 1),
    ],
)
def test_tls_protocols(value, label, wrong):
    main = {"smtp_tls_mandatory_protocols": value}
    if label != "2.10.1":
        main["compatibility_level"] = "2"
    assert found(main, host=Host(label)) == [("tls-protocol", "error", "smtp_tls_mandatory_protocols")] * wrong


def test_a_cipher_grade_that_is_none():
    assert found({"smtpd_tls_mandatory_ciphers": "hihg"}) == [("tls-ciphers", "error", "smtpd_tls_mandatory_ciphers")]
    assert found({"smtpd_tls_mandatory_ciphers": "high"}) == []


PAIR = {"smtpd_tls_cert_file": "/etc/postfix/server.crt", "smtpd_tls_key_file": "/etc/postfix/server.key"}


def test_missing_certificate_and_key_are_named():
    for name, path in PAIR.items():
        finding = only(PAIR, host=Host(missing=[path]))
        assert (finding.identifier, finding.parameter) == ("tls-file-missing", name)
        assert path in finding.message


def test_key_of_another_certificate_is_refused():
    finding = only(PAIR, host=Host(pair=False))
    assert (finding.identifier, finding.severity, finding.parameter) == (
        "tls-key-mismatch",
        "error",
        "smtpd_tls_key_file",
    )


def test_a_pair_that_cannot_be_told_is_not_accused():
    assert found(PAIR, host=Host(pair=None)) == []


def test_a_key_in_the_certificates_file_is_one_missing_file():
    assert found({"smtp_tls_cert_file": "/c.pem"}, host=Host(missing=["/c.pem"])) == [
        ("tls-file-missing", "error", "smtp_tls_cert_file")
    ]


def test_ca_files_and_chains():
    main = {
        "compatibility_level": "2",
        "smtp_tls_CAfile": "/ca.pem",
        "smtp_tls_CApath": "/ca",
        "smtpd_tls_chain_files": "/chain1.pem, /chain2.pem",
    }
    host = Host("3.5.25-bullseye", missing=["/ca.pem", "/ca", "/chain2.pem"])
    assert sorted(found(main, host=host)) == [
        ("tls-file-missing", "error", "smtp_tls_CAfile"),
        ("tls-file-missing", "error", "smtpd_tls_chain_files"),
        ("tls-file-missing", "warning", "smtp_tls_CApath"),
    ]


def test_tls_demanded_without_a_certificate_is_a_warning():
    assert found({}, [SMTP, SUBMISSION]) == [
        ("tls-no-certificate", "warning", "submission/inet -o smtpd_tls_security_level")
    ]
    assert found(dict(PAIR, **DIGESTS), [SMTP, SUBMISSION]) == []
    assert found({"smtpd_tls_security_level": "encrypt"}) == [
        ("tls-no-certificate", "warning", "smtpd_tls_security_level")
    ]


# --- tables --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, value, path",
    [
        ("transport_maps", "hash:/etc/postfix/transport", "/etc/postfix/transport.db"),
        ("transport_maps", "btree:$config_directory/transport", "/etc/postfix/transport.db"),
        ("virtual_alias_maps", "$default_database_type:/etc/postfix/virtual", "/etc/postfix/virtual.db"),
        ("virtual_alias_maps", "static:x, regexp:/etc/postfix/virtual", "/etc/postfix/virtual"),
        ("transport_maps", "proxy:hash:/etc/postfix/transport", "/etc/postfix/transport.db"),
        ("header_checks", "pcre:/etc/postfix/header_checks", "/etc/postfix/header_checks"),
        ("smtpd_client_restrictions", "check_client_access cidr:/etc/postfix/clients", "/etc/postfix/clients"),
        ("smtpd_client_restrictions", "cidr:/etc/postfix/clients", "/etc/postfix/clients"),
        ("mynetworks", "127.0.0.0/8, cidr:/etc/postfix/nets", "/etc/postfix/nets"),
        ("mynetworks", "127.0.0.0/8 /etc/postfix/nets", "/etc/postfix/nets"),
        ("mydestination", "texthash:/etc/postfix/domains", "/etc/postfix/domains"),
        ("transport_maps", "hash:transport", "/var/spool/postfix/transport.db"),
    ],
)
def test_a_table_without_a_file_is_refused(name, value, path):
    assert found({name: value}) == []
    finding = only({name: value}, host=Host(missing=[path]))
    assert (finding.identifier, finding.severity, finding.parameter) == ("table-file-missing", "error", name)
    assert path in finding.message


def test_a_table_that_was_never_compiled_gets_the_command():
    finding = only({"transport_maps": "hash:/etc/postfix/transport"}, host=Host(missing=["/etc/postfix/transport.db"]))
    assert finding.fix == "run postmap hash:/etc/postfix/transport"
    finding = only({"alias_maps": "hash:/etc/aliases"}, host=Host(missing=["/etc/aliases.db"]))
    assert finding.fix == "run postalias hash:/etc/aliases"


@pytest.mark.parametrize(
    "name, value, kind",
    [
        ("transport_maps", "lmdb:/etc/postfix/transport", "lmdb"),
        ("transport_maps", "proxy:lmdb:/etc/postfix/transport", "lmdb"),
        ("virtual_alias_maps", "hsah:/etc/postfix/virtual", "hsah"),
        ("smtp_tls_session_cache_database", "lmdb:$data_directory/smtp", "lmdb"),
        ("smtpd_sender_restrictions", "check_sender_access ldap:people", "ldap"),
        ("default_database_type", "cdb", "cdb"),
    ],
)
def test_a_table_type_that_is_not_installed_is_refused(name, value, kind):
    finding = only({name: value})
    assert (finding.identifier, finding.parameter) == ("table-type-missing", name)
    assert kind in finding.message
    host = Host()
    host.table_types = None
    assert found({name: value}, host=host) == []


def test_what_is_no_table_is_not_taken_for_one():
    main = {
        "relayhost": "[relay.example.com]:587",
        "default_transport": "smtp:[gw.example.com]",
        "smtpd_milters": "inet:127.0.0.1:11332, unix:/run/milter",
        "content_filter": "filter:[127.0.0.1]:10025",
        "smtpd_client_restrictions": "check_policy_service inet:127.0.0.1:10023, check_policy_service unix:private/x",
        "smtp_tls_session_cache_database": "btree:/none/there",
        "alias_database": "hash:/none/there",
        "proxy_read_maps": "$local_recipient_maps $virtual_alias_maps cdb:/none/there",
        "tls_random_source": "dev:/dev/urandom",
    }
    assert found(main, host=Host(missing=["/none/there", "/none/there.db"])) == []


def test_inline_tables_and_tables_in_tables():
    main = {
        "compatibility_level": "2",
        "virtual_alias_maps": "inline:{a=b, c=d}, unionmap:{static:x, hash:/gone}",
        "transport_maps": "randmap:{smtp:a, smtp:b}",
    }
    assert found(main, host=Host("3.5.25-bullseye", missing=["/gone.db", "/gone"])) == [
        ("table-file-missing", "error", "virtual_alias_maps")
    ]


def test_passwords_are_never_shown():
    main = {"smtp_sasl_password_maps": "statik:anna:geheim", "smtp_sasl_passwd_maps": "static:anna:geheim"}
    services = [dict(SMTP, words=["-o", "smtp_sasl_password_maps", "=", "static:anna:geheim"])]
    findings = lint.check(main, services, Host())
    assert len(findings) == 3
    assert not any("geheim" in str(finding) for finding in findings)


# --- networks ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, identifier, meant",
    [
        ("10.0.0.1/8", "network-host-bits", "10.0.0.0/8"),
        ("127.0.0.0/8, 192.168.1.17/24", "network-host-bits", "192.168.1.0/24"),
        ("::1/128", "network-invalid", "[::1]/128"),
        ("10.0.0.0/33", "network-invalid", "10.0.0.0/8"),
        ("10.0.0", "network-invalid", "10.0.0.0/8"),
    ],
)
def test_networks_that_postfix_cannot_read(value, identifier, meant):
    finding = only({"mynetworks": value})
    assert (finding.identifier, finding.severity) == (identifier, "error")
    assert meant in finding.fix


@pytest.mark.parametrize(
    "value, severity",
    [
        ("0.0.0.0/0", "error"),
        ("127.0.0.0/8, 203.0.113.0/24", "error"),
        ("$mydomain_nets 10.0.0.0/7", "error"),
        ("100.64.0.0/10", "error"),
        ("[::]/0", "error"),
        ("[2001:db8::]/32", "error"),
        ("static:all", "error"),
        ("com", "error"),
        (".de", "error"),
        ("203.0.113.77", "warning"),
        ("203.0.113.5", None),
        ("127.0.0.0/8 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 [::1]/128 [fe80::]/64 [fd00::]/8", None),
        ("!203.0.113.0/24, 10.0.0.0/8", None),
        ("relay.example.com", None),
        ("127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128", None),
    ],
)
def test_whom_mynetworks_may_trust(value, severity):
    expected = [("open-relay-mynetworks", severity, "mynetworks")] if severity else []
    assert found({"mynetworks": value}) == expected


def test_other_lists_that_make_strangers_trusted():
    assert found({"smtpd_authorized_xclient_hosts": "0.0.0.0/0"}) == [
        ("open-relay-xclient", "error", "smtpd_authorized_xclient_hosts")
    ]
    assert found({"qmqpd_authorized_clients": "203.0.113.0/24"}) == [
        ("open-relay-qmqpd", "error", "qmqpd_authorized_clients")
    ]


@pytest.mark.parametrize("name", ["127.0.0.1:10025", "localhost:10025", "[::1]:10025"])
def test_a_service_that_only_this_host_reaches_may_trust_everybody_who_does(name):
    """The one to which a content filter hands back. What its client says of another's address is that other's."""
    line = name + " inet smtpd"
    assert found({}, [service(line, mynetworks="0.0.0.0/0")]) == []
    assert found({}, [service(line, smtpd_authorized_xclient_hosts="0.0.0.0/0")]) == []
    for setting in ({"smtpd_upstream_proxy_protocol": "haproxy"}, {"smtpd_authorized_xclient_hosts": "127.0.0.1"}):
        services = [service(line, mynetworks="0.0.0.0/0", **setting)]
        assert "open-relay-mynetworks" in [entry[0] for entry in found({}, services, Host("3.7.11-bookworm"))]


def test_mynetworks_of_one_service():
    assert found({}, [service("smtp inet smtpd", mynetworks="0.0.0.0/0")]) == [
        ("open-relay-mynetworks", "error", "smtp/inet -o mynetworks")
    ]


def test_networks_that_nobody_named():
    host = Host()
    assert found({"mynetworks_style": "class"}) == [("open-relay-mynetworks", "error", "mynetworks_style")]
    assert found({"mynetworks_style": "subnet"}) == [("mynetworks-style", "warning", "mynetworks_style")]
    assert found({"mynetworks_style": "class", "mynetworks": "127.0.0.0/8"}) == []
    assert found({}, host=host) == []
    host.defaults["mynetworks"] = "127.0.0.0/8 203.0.113.0/24"
    assert found({}, host=host) == [("mynetworks-style", "warning", "mynetworks_style")]


# --- next hops -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "[relay.example.com:587",
        "relay.example.com]:587",
        "[relay.example.com]587",
        "[relay.example.com:587]",
        "[relay.example.com]:58x",
        "[relay.example.com]:0",
        "[relay.example.com]:99999",
        "[relay example.com]:587",
        "relay.example.com :587",
        "[192.168.1.300]",
        "2001:db8::1",
        "[2001:db8::g]:25",
        "[]:587",
        ":587",
        "smtp:relay.example.com:587",
        "relay.example.com, other.example.com",
    ],
)
def test_malformed_relayhost(value):
    findings = lint.check({"relayhost": value}, [SMTP], Host())
    assert set((finding.identifier, finding.parameter) for finding in findings) == set(
        [("relayhost-malformed", "relayhost")]
    )


@pytest.mark.parametrize(
    "value",
    [
        "",
        "$mydomain",
        "relay.example.com",
        "relay.example.com:587",
        "[relay.example.com]",
        "[relay.example.com]:submission",
        "[192.168.1.1]:587",
        "192.168.1.1",
        "[2001:db8::1]:25",
        "[ipv6:2001:db8::1]",
        "[127.0.0.1]:10025",
    ],
)
def test_relayhost_that_works(value):
    assert found({"relayhost": value}) == []


def test_the_domain_of_a_name_in_main_cf_is_not_the_bare_host_s():
    # The host is called otherwise; mydomain follows from myhostname.
    main = dict(DIGESTS, myhostname="relay.corp.test", relayhost="[relay.$mydomain]")
    assert ("relayhost-self", "error", "relayhost") in found(main, host=Host("3.7.11-bookworm"))


def test_several_relayhosts_need_postfix_3_5():
    main = {"relayhost": "[a.example.com]:587, [b.example.com]:587", "compatibility_level": "2"}
    assert found(main, host=Host("3.5.25-bullseye")) == []
    assert found({"smtp_fallback_relay": "[a.example.com]:587, [b.example.com:587"}) == [
        ("relayhost-malformed", "error", "smtp_fallback_relay")
    ]


@pytest.mark.parametrize(
    "value, itself",
    [
        ("[127.0.0.1]", True),
        ("[127.0.0.1]:25", True),
        ("192.168.1.100", True),
        ("[smtp-relay001.example.com]:587", True),
        ("smtp-relay001.EXAMPLE.com", True),
        ("$myhostname", True),
        ("[127.0.0.1]:10025", False),
        ("[relay002.example.com]:587", False),
        # Without brackets the MX record decides.
        ("example.com", False),
    ],
)
def test_relayhost_that_is_the_host_itself(value, itself):
    host = Host()
    host.local.add("example.com")
    main = {"relayhost": value, "myhostname": "smtp-relay001.example.com"}
    services = [SMTP, service("submission inet smtpd"), service("127.0.0.1:10026 inet smtpd")]
    assert found(main, services, host) == ([("relayhost-self", "error", "relayhost")] if itself else [])


# Postfix 3.7.11: "mail for 127.0.0.1 loops back to myself", bounced; deferred where it is the fall-back.
@pytest.mark.parametrize(
    "main, severity",
    [
        ({"default_transport": "smtp:[127.0.0.1]:25"}, "error"),
        ({"default_transport": "smtp:$myhostname"}, "error"),
        ({"default_transport": "relay:[192.168.1.100]:submission"}, "error"),
        ({"default_transport": "smtp:[127.0.0.1]:10025"}, None),
        ({"default_transport": "smtp:[relay002.example.com]"}, None),
        ({"default_transport": "scan:[127.0.0.1]:25"}, None),
        ({"smtp_fallback_relay": "[relay002.example.com], [127.0.0.1]"}, "warning"),
        ({"smtp_fallback_relay": "[relay002.example.com]"}, None),
        ({"transport_maps": "static:smtp:[127.0.0.1]"}, "error"),
        ({"transport_maps": "inline:{{example.net=smtp:[127.0.0.1]}}"}, "warning"),
        ({"transport_maps": "inline:{{example.net=:[smtp-relay001.example.com]:587}}"}, "warning"),
        ({"transport_maps": "texthash:/t"}, "warning"),
        ({"transport_maps": "inline:{{example.net=local:[127.0.0.1]}}"}, None),
        ({"transport_maps": "regexp:{{/x/ smtp:[$1]}}"}, None),
        ({"sender_dependent_relayhost_maps": "static:[127.0.0.1]"}, "error"),
        ({"sender_dependent_relayhost_maps": "inline:{@example.com=[192.168.1.100]:25}"}, "warning"),
        ({"sender_dependent_relayhost_maps": "inline:{@example.com=[127.0.0.1]:10026}"}, None),
        ({"sender_dependent_default_transport_maps": "inline:{@example.com=smtp:127.0.0.1}"}, "warning"),
    ],
)
def test_what_else_leads_to_the_host_itself(main, severity):
    host = Host("3.7.11-bookworm", texts={"/t": "example.net smtp:[127.0.0.1]:25\n"})
    services = [SMTP, service("submission inet smtpd"), service("smtp unix smtp"), service("relay unix smtp")]
    (name,) = main
    main = dict(main, myhostname="smtp-relay001.example.com", compatibility_level="3.6")
    rows = [row for row in found(main, services, host) if row[0] == "relayhost-self"]
    assert rows == ([("relayhost-self", severity, name)] if severity else [])


# --- interfaces ----------------------------------------------------------------------------------------------


def test_an_address_of_another_host():
    finding = only({"inet_interfaces": "127.0.0.1, 192.168.1.7"})
    assert (finding.identifier, finding.severity) == ("interface-not-local", "error")
    assert "192.168.1.7" in finding.message


def test_interfaces_that_are_there():
    for value in ("all", "loopback-only", "localhost", "127.0.0.1, 192.168.1.100", "127.0.0.1, [::1]"):
        assert found({"inet_interfaces": value}) == []


def test_ipv6_that_is_disabled():
    host = Host(ipv6=False)
    assert found({"inet_interfaces": "localhost"}, host=host) == [("ipv6-unavailable", "warning", "inet_interfaces")]
    assert found({"inet_interfaces": "localhost", "inet_protocols": "ipv4"}, host=host) == []
    assert found({"inet_interfaces": "all"}, host=host) == []
    assert found({"inet_interfaces": "smtp-relay001.example.com"}, host=host) == []
    assert found({"inet_protocols": "ipv6"}, host=host) == [("ipv6-unavailable", "error", "inet_protocols")]
    finding = only({"inet_interfaces": "127.0.0.1, ::1"}, host=host)
    assert finding.identifier == "interface-not-local"
    assert "ipv4" in finding.fix


def test_a_single_private_address_is_also_the_source():
    assert found({"inet_interfaces": "192.168.1.100"}) == [("single-interface", "warning", "inet_interfaces")]
    assert found({"inet_interfaces": "192.168.1.100", "smtp_bind_address": "0.0.0.0"}) == []
    assert found({"inet_interfaces": "192.168.1.100", "relayhost": "[relay.example.com]"}) == []
    assert found({"inet_interfaces": "203.0.113.5"}) == []


def test_a_single_private_address_of_a_family_is_the_source_over_it_whatever_the_other_has():
    host = Host()
    host.local.update(["fd00:20:1::10", "2001:db8::10"])
    only_one = {"inet_interfaces": "fd00:20:1::10, 127.0.0.1"}
    finding = only(only_one, host=host)
    assert finding.identifier == "single-interface" and "fd00:20:1::10" in finding.message and "IPv6" in finding.message
    assert finding.fix == "add ::1, or set smtp_bind_address6 to ::"
    both = found({"inet_interfaces": "fd00:20:1::10, 192.168.1.100"}, host=host)
    assert both == [("single-interface", "warning", "inet_interfaces")] * 2
    for harmless in (
        {"inet_interfaces": "fd00:20:1::10, 127.0.0.1, ::1"},
        {"inet_interfaces": "fd00:20:1::10, 127.0.0.1", "smtp_bind_address6": "::"},
        {"inet_interfaces": "2001:db8::10, 127.0.0.1"},
        {"inet_interfaces": "fd00:20:1::10, 192.168.1.100", "relayhost": "[relay.example.com]"},
        {"inet_interfaces": "::1, 127.0.0.1"},
        {"inet_interfaces": "fd00:20:1::10, ::1", "inet_protocols": "ipv6"},
    ):
        assert found(harmless, host=host) == []
    # Without the brackets and in another notation it is the same address.
    assert only({"inet_interfaces": "[::1], 192.168.1.100"}).fix == "add 127.0.0.1, or set smtp_bind_address to 0.0.0.0"


def test_an_address_of_a_family_that_is_off():
    # Postfix 3.7.11: "fatal: config variable inet_interfaces: host not found: 127.0.0.1"
    for protocols, interfaces, off in (
        ("ipv6", "::1, 127.0.0.1", "127.0.0.1"),
        ("ipv4", "127.0.0.1, ::1", "::1"),
        ("ipv4", "127.0.0.1, [::1]", "[::1]"),
    ):
        finding = only({"inet_interfaces": interfaces, "inet_protocols": protocols})
        assert (finding.identifier, finding.severity) == ("interface-protocol-off", "error")
        assert finding.message.startswith(off + " is an IPv") and protocols in finding.message
    assert found({"inet_interfaces": "127.0.0.1, ::1", "inet_protocols": "ipv4, ipv6"}) == []


# --- master.cf -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, label, wrong",
    [
        ("-o smtpd_timeout=10s", "2.10.1", 0),
        ("-o smtpd_timeout = 10s", "2.10.1", 1),
        ("-o smtpd_timeout =10s", "2.10.1", 1),
        ("-osmtpd_timeout=10s", "2.10.1", 0),
        ("-o smtpd_client_restrictions=permit_mynetworks, reject", "2.10.1", 1),
        ("-o { smtpd_timeout = 10s }", "2.10.1", 1),
        ("-o { smtpd_timeout = 10s }", "3.7.11-bookworm", 0),
        ("-v -v -o smtpd_timeout=10s", "2.10.1", 0),
    ],
)
def test_arguments_in_master_cf(words, label, wrong):
    main = {} if label == "2.10.1" else {"compatibility_level": "2"}
    services = [dict(SMTP, words=words.split())]
    assert found(main, services, Host(label)) == [("master-option-syntax", "error", "smtp/inet -o")] * wrong


def test_programs_with_arguments_of_their_own_may_have_them():
    pipe = dict(service("vacation unix pipe"), words="flags=Rq user=vacation argv=/usr/bin/vacation -- ${user}".split())
    assert found({}, [SMTP, pipe]) == []


@pytest.mark.parametrize(
    "command, words, label, wrong",
    [
        ("pipe", "user=nobody argv=/usr/bin/scan -e /usr/sbin/sendmail -oi -f ${sender}", "2.10.1", 0),
        ("pipe", "-o a=b user=nobody argv=/usr/bin/scan -o -oi -o = x", "2.10.1", 0),
        ("pipe", "-o a = b user=nobody argv=/usr/bin/scan -oi", "2.10.1", 1),
        ("spawn", "user=nobody argv=/usr/bin/postgrey -o x", "2.10.1", 0),
        ("lmtp", "-o a=b flags=DORX", "3.5.25-bullseye", 0),
        # As smtp of Postfix 3.7.11 takes them: "unknown attribute name: -o", "unknown flags=DRhu value".
        ("smtp", "flags=DORX -o a=b", "3.10.13-trixie", 1),
        ("smtp", "flags=R -v", "3.7.11-bookworm", 1),
        ("smtp", "-o a=b -- flags=R", "3.7.11-bookworm", 0),
        ("smtp", "FLAGS=R flags=D", "3.7.11-bookworm", 0),
        ("smtp", "flags=", "3.7.11-bookworm", 0),
        ("lmtp", "flags=DRhu", "3.7.11-bookworm", 1),
        ("smtp", "flags=r", "3.7.11-bookworm", 1),
        ("smtp", "flags=DORX", "2.10.1", 1),
        ("smtp", "-o a=b c", "3.10.13-trixie", 1),
        ("local", "-o a=b c", "3.10.13-trixie", 1),
        ("/usr/local/sbin/own", "-oi -o x y z", "2.10.1", 0),
        ("/usr/lib/postfix/sbin/smtpd", "-vo smtpd_timeout=10s -i 5s", "2.10.1", 0),
        ("smtpd", "-vo smtpd_timeout = 10s", "2.10.1", 1),
    ],
)
def test_what_follows_the_options_belongs_to_the_program(command, words, label, wrong):
    services = [SMTP, dict(service("x unix {0}".format(command)), words=words.split())]
    main = {} if label == "2.10.1" else {"compatibility_level": "2"}
    assert found(main, services, Host(label)) == [("master-option-syntax", "error", "x/unix -o")] * wrong


def test_every_example_of_debian_has_its_options_in_order():
    services = MasterCf(read("postconf-M.examples.3.7.11-bookworm.txt"), "/etc/postfix/master.cf").services()
    findings = found({"compatibility_level": "3.6"}, services, Host("3.7.11-bookworm"))
    assert [finding for finding in findings if finding[0] == "master-option-syntax"] == []


# --- the whole -----------------------------------------------------------------------------------------------


def test_every_finding_is_known_and_complete():
    main = dict(
        relayhost="[x",
        message_size_limit="abc",
        mynetworks="0.0.0.0/0, 10.0.0.1/8",
        mispelt_parameter="x",
        smtp_tls_security_level="banana",
        transport_maps="cdb:/x",
    )
    for finding in lint.check(main, [SMTP], Host()):
        assert finding.identifier in lint.KNOWN_IDENTIFIERS
        assert finding.message and finding.fix and finding.file and finding.parameter
        assert "\n" not in finding.message


def test_every_identifier_is_documented():
    path = os.path.join(os.path.dirname(__file__), *(["..", ".."] + [".."] * 3 + ["docs", "lint.md"]))
    if not os.path.exists(path):
        path = os.path.join(os.path.dirname(__file__), *([".."] * 5 + ["docs", "lint.md"]))
    with open(path) as handle:
        text = handle.read()
    for identifier, acceptable in lint.KNOWN_IDENTIFIERS.items():
        row = [line for line in text.splitlines() if line.startswith("| `{0}` ".format(identifier))]
        assert len(row) == 1, identifier
        assert row[0].rstrip(" |").endswith("yes" if acceptable else "no"), identifier


def test_errors_come_before_warnings():
    severities = [finding.severity for finding in lint.check({"mynetworks": "203.0.113.9, 0.0.0.0/0"}, [SMTP], Host())]
    assert severities == ["error", "warning"]


def test_a_risk_is_accepted_by_its_identifier_and_a_mistake_never():
    findings = lint.check({"mynetworks": "0.0.0.0/0", "biff": "maybe"}, [SMTP], Host())
    refused, remaining = lint.accepted(findings, [])
    assert sorted(finding.identifier for finding in refused) == ["open-relay-mynetworks", "wrong-type"]
    refused, remaining = lint.accepted(findings, ["open-relay-mynetworks", "wrong-type"])
    assert [finding.identifier for finding in refused] == ["wrong-type"]
    assert [finding.identifier for finding in remaining] == ["open-relay-mynetworks"]


def test_warnings_refuse_nothing():
    findings = lint.check({"mynetworks": "203.0.113.77"}, [SMTP], Host())
    assert lint.accepted(findings, []) == ([], findings)


NAMES = (
    "relayhost mynetworks inet_interfaces message_size_limit smtp_tls_mandatory_protocols transport_maps"
    " smtpd_relay_restrictions smtpd_restriction_classes relay_domains smtp_tls_security_level"
    " smtpd_tls_cert_file".split()
)


@settings(PATIENT, max_examples=100)
@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=25).map(to_native), max_size=4))
def test_no_value_breaks_the_lint(main):
    for finding in lint.check(main, [SMTP], Host()):
        assert finding.identifier in lint.KNOWN_IDENTIFIERS


PIECES = "$ { } [ ] : ; , = ! / ? permit reject static: hash: 10.0.0.1 relayhost relay_domains a b".split(" ")


@settings(PATIENT, max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
        max_size=4,
    )
)
def test_no_broken_syntax_breaks_the_lint(main):
    lint.check(main, [SMTP, service("submission inet smtpd", **main)], Host())


CLASSES = ["c{0}{1}".format(number, side) for number in range(40) for side in "ab"]


@pytest.mark.parametrize("last, endless", [("permit", False), ("permit_mynetworks", False), ("c0a", True)])
def test_classes_of_which_each_names_the_next_two(last, endless):
    main = dict(DIGESTS, smtpd_restriction_classes=" ".join(CLASSES))
    main.update((name, "c{0}a, c{0}b".format(int(name[1:-1]) + 1)) for name in CLASSES)
    main.update(c39a=last, c39b=last, smtpd_recipient_restrictions="c37a")
    main.update(smtpd_relay_restrictions="c20a, reject_unauth_destination")
    with at_most(2):
        findings = lint.check(main, [SMTP], Host("3.7.11-bookworm"))
        assert any("names itself" in finding.message for finding in findings) == endless


def test_a_long_chain_of_classes():
    names = ["c{0}".format(number) for number in range(600)]
    main = dict(zip(names, names[1:] + ["c0"]), smtpd_restriction_classes=" ".join(names))
    main.update(smtpd_recipient_restrictions="c0, reject")
    with at_most(2):
        findings = lint.check(main, [SMTP], Host("3.7.11-bookworm"))
    assert any("names itself" in finding.message for finding in findings)


FILES = "abcdefghijklmnop"


def test_lists_in_files_that_name_each_other():
    texts = dict(
        ("/etc/{0}".format(name), " ".join("/etc/" + other for other in FILES) + " d.example") for name in FILES
    )
    main = dict(DIGESTS, relay_domains="/etc/a *.example", mynetworks="127.0.0.0/8")
    with at_most(2):
        found(main, host=Host("3.7.11-bookworm", texts=texts))


@pytest.mark.parametrize("unclosed", ["/" + "\\a" * 60, "/^(" + "\\." * 60, "/" + "\\" * 81])
def test_a_pattern_without_an_end(unclosed):
    texts = {"/etc/postfix/x": unclosed + " OK\n"}
    main = dict(
        DIGESTS, smtpd_recipient_restrictions="check_client_access regexp:/etc/postfix/x, reject_unauth_destination"
    )
    with at_most(2):
        assert "open-relay" not in str(found(main, host=Host("3.7.11-bookworm", texts=texts)))
