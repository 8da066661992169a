# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint

from .test_lint import CLIENT, DIGESTS, PATIENT, RELAY, SMTP, SUBMISSION, VERSIONS, Host, found, service

SERVER = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": "/c", "smtpd_tls_key_file": "/k"}


def fingerprint(digest, colons=True):
    text = hashlib.new(digest, b"a certificate").hexdigest().upper()
    return ":".join(text[at : at + 2] for at in range(0, len(text), 2)) if colons else text


def digests(main, services=(SMTP,), host=None):
    """The tls-digest findings, by the parameter."""
    return [name for identifier, _severity, name in found(main, services, host) if identifier == "tls-digest"]


@pytest.mark.parametrize(
    "label, level, weak",
    [
        ("2.10.1", None, True),
        ("3.5.25-bullseye", "2", True),
        ("3.7.11-bookworm", "2", True),
        ("3.7.11-bookworm", "3.6", False),
        ("3.10.13-trixie", None, True),
        ("3.10.13-trixie", "3.10", False),
    ],
)
@pytest.mark.parametrize(
    "main, name",
    [(SERVER, "smtpd_tls_fingerprint_digest"), ({"smtp_tls_security_level": "may"}, "smtp_tls_fingerprint_digest")],
)
def test_a_default_of_md5_is_a_warning_where_tls_is_used(label, level, weak, main, name):
    main = dict(main, **({} if level is None else {"compatibility_level": level}))
    assert digests(main, host=Host(label)) == [name] * weak
    assert digests(dict(main, **{name: "sha256"}), host=Host(label)) == []


@pytest.mark.parametrize("label", sorted(VERSIONS))
def test_where_the_roles_set_the_digest_and_without_tls_there_is_no_warning(label):
    assert digests(dict(RELAY, smtp_tls_security_level="may", **DIGESTS), [SMTP, SUBMISSION], Host(label)) == []
    assert digests(CLIENT, [SMTP], Host(label)) == []
    assert digests({}, [SMTP], Host(label)) == []


@pytest.mark.parametrize("value, weak", [("md5", True), ("SHA1", True), ("sha256", False), ("sha512", False)])
def test_a_weak_digest_that_is_set_is_a_warning(value, weak):
    host = Host("3.10.13-trixie")
    main = dict(SERVER, compatibility_level="3.10", smtpd_tls_fingerprint_digest=value)
    assert digests(main, host=host) == ["smtpd_tls_fingerprint_digest"] * weak


@pytest.mark.parametrize(
    "main, name",
    [
        ({"smtpd_use_tls": "yes", "smtpd_tls_cert_file": "/c"}, "smtpd_tls_fingerprint_digest"),
        ({"smtp_use_tls": "yes"}, "smtp_tls_fingerprint_digest"),
        ({"smtp_enforce_tls": "yes"}, "smtp_tls_fingerprint_digest"),
        ({"smtp_tls_policy_maps": "hash:/etc/postfix/policy"}, "smtp_tls_fingerprint_digest"),
        ({"lmtp_tls_security_level": "encrypt"}, "lmtp_tls_fingerprint_digest"),
        # none: no TLS, whatever the obsolete parameters say; no certificate: no TLS either
        ({"smtp_use_tls": "yes", "smtp_tls_security_level": "none"}, None),
        ({"smtpd_tls_security_level": "may"}, None),
        # what only the running Postfix can tell
        ({"smtp_tls_security_level": "${nothing"}, None),
    ],
)
def test_tls_is_found_however_it_is_turned_on(main, name):
    assert digests(main) == ([name] if name else [])


def test_of_a_service_it_is_said_once_and_its_own_digest_counts():
    label = "submission/inet -o smtpd_tls_fingerprint_digest"
    quiet = dict(SERVER, smtpd_tls_security_level="none")
    assert digests(SERVER, [SMTP, SUBMISSION]) == ["smtpd_tls_fingerprint_digest"]
    assert digests(quiet, [SMTP, SUBMISSION]) == [label]
    good = service("submission inet smtpd", smtpd_tls_security_level="encrypt", smtpd_tls_fingerprint_digest="sha256")
    assert digests(quiet, [SMTP, good]) == []
    bad = service("submission inet smtpd", smtpd_tls_fingerprint_digest="md5")
    assert digests(dict(SERVER, smtpd_tls_fingerprint_digest="sha256"), [SMTP, bad]) == [label]
    # An option of the server in a line of the client is none.
    assert digests({}, [service("relay unix smtp", smtpd_tls_security_level="may", smtpd_tls_cert_file="/c")]) == []


TABLE = "/etc/postfix/table"


def mismatches(main, text=None, services=(SMTP,)):
    """The tls-fingerprint findings; text is that of the table."""
    findings = lint.check(dict(DIGESTS, **main), list(services), Host(texts={} if text is None else {TABLE: text}))
    return [finding for finding in findings if finding.identifier == "tls-fingerprint"]


# Where a fingerprint is written down: the setting with {0} for it, or for a table's text; the parameter; which digest counts.
PLACES = [
    ({"relay_clientcerts": "hash:" + TABLE}, "# clients\n{0} web01\n", "relay_clientcerts", "smtpd"),
    ({"relay_clientcerts": "proxy:lmdb:" + TABLE}, "{0}\n web01\n", "relay_clientcerts", "smtpd"),
    ({"relay_clientcerts": "pcre:" + TABLE}, "/^{0}$/ web01\n", "relay_clientcerts", "smtpd"),
    ({"relay_clientcerts": "inline:{{ {0} = web01 }}"}, None, "relay_clientcerts", "smtpd"),
    (
        {"smtpd_client_restrictions": "permit_mynetworks, check_ccert_access hash:" + TABLE},
        "{0} OK\n",
        "smtpd_client_restrictions",
        "smtpd",
    ),
    (
        {
            "smtpd_data_restrictions": "check_ccert_access {{ hash:"
            + TABLE
            + ", {{ search_order = cert_fingerprint }} }}"
        },
        "{0} OK\n",
        "smtpd_data_restrictions",
        "smtpd",
    ),
    (
        {"smtpd_restriction_classes": "known", "known": "check_ccert_access hash:" + TABLE},
        "{0} OK\n",
        "known",
        "smtpd",
    ),
    ({"smtp_tls_fingerprint_cert_match": "{0}"}, None, "smtp_tls_fingerprint_cert_match", "smtp"),
    (
        {"smtp_tls_policy_maps": "hash:" + TABLE},
        "[relay.example.com]:587 fingerprint protocols=TLSv1.2 match={0}\nother encrypt\n",
        "smtp_tls_policy_maps",
        "smtp",
    ),
    ({"smtp_tls_policy_maps": "static:{{fingerprint match={0}}}"}, None, "smtp_tls_policy_maps", "smtp"),
    ({"lmtp_tls_fingerprint_cert_match": "{0}"}, None, "lmtp_tls_fingerprint_cert_match", "lmtp"),
]


@pytest.mark.parametrize("main, text, name, side", PLACES, ids=[place[2] + str(n) for n, place in enumerate(PLACES)])
@pytest.mark.parametrize("digest", ["md5", "sha1", "sha256"])
def test_a_fingerprint_of_another_digest_is_found_wherever_it_is(main, text, name, side, digest):
    wrong = fingerprint(digest)
    main = dict((key, value.format(wrong)) for key, value in main.items())
    findings = mismatches(main, None if text is None else text.format(wrong))
    assert [finding.parameter for finding in findings] == [name] * (digest != "sha256")
    for finding in findings:
        assert finding.severity == lint.ERROR
        assert wrong in finding.message and digest in finding.message and "sha256" in finding.fix
        assert "set {0}_tls_fingerprint_digest to {1}".format(side, digest) in finding.fix
    # With that digest it is right.
    assert mismatches(dict(main, **{side + "_tls_fingerprint_digest": digest}), text and text.format(wrong)) == []


def test_one_of_several_is_found_and_the_number_said():
    several = "|".join([fingerprint("sha256"), fingerprint("md5"), fingerprint("md5", colons=False)])
    text = "relay.example.com fingerprint match=" + several + "\n"
    (finding,) = mismatches({"smtp_tls_policy_maps": "hash:" + TABLE}, text)
    assert "2 of 3 fingerprints" in finding.message


@pytest.mark.parametrize(
    "main, text",
    [
        # a fingerprint in what is no fingerprint's place, a table that cannot be read, one that holds no fingerprints
        ({"relay_clientcerts": "hash:" + TABLE}, "web01 " + fingerprint("md5") + "\n# " + fingerprint("md5") + "\n"),
        ({"smtp_tls_policy_maps": "hash:" + TABLE}, "a secure match=" + fingerprint("md5") + "\n"),
        ({"smtpd_client_restrictions": "check_client_access hash:" + TABLE}, fingerprint("md5") + " OK\n"),
        ({"smtpd_client_restrictions": "check_ccert_access"}, None),
        ({"smtpd_client_restrictions": "check_ccert_access {}"}, None),
        ({"relay_clientcerts": "hash:" + TABLE}, None),
        ({"relay_clientcerts": "ldap:" + TABLE}, "search_base = " + fingerprint("md5")),
        ({"smtp_tls_fingerprint_digest": "blake2b512", "smtp_tls_fingerprint_cert_match": fingerprint("md5")}, None),
    ],
)
def test_what_cannot_be_told_or_is_none_is_not_said(main, text):
    assert mismatches(main, text) == []


def test_of_a_service_its_own_settings_count():
    main = {"relay_clientcerts": "hash:" + TABLE}
    own = service("submission inet smtpd", smtpd_tls_fingerprint_digest="md5")
    text = fingerprint("sha256") + " web01\n"
    assert [finding.parameter for finding in mismatches(main, text, [SMTP, own])] == [
        "submission/inet -o relay_clientcerts"
    ]
    assert mismatches(main, text, [SMTP, SUBMISSION]) == []


@PATIENT
@given(
    st.sampled_from(sorted(place[2] for place in PLACES)),
    st.text("{}[]|:=, \n/^$AF09gZ", max_size=60).map(to_native),
    st.text(max_size=60).map(to_native),
)
def test_no_text_breaks_it(name, value, text):
    findings = mismatches({name: value, "smtpd_restriction_classes": "known"}, text)
    assert all(finding.message and "\n" not in finding.message for finding in findings)
