# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_lint import Host
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_lint_services import DEBIAN, master

LABELS = ["3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie"]
SIGNER = "inet:127.0.0.1:8891"
BOTH = {"smtpd_milters": SIGNER, "non_smtpd_milters": SIGNER}
FILTERED = dict(BOTH, content_filter="smtp:[127.0.0.1]:10024")


def found(main, extra="", label="3.7.11-bookworm"):
    """list of Finding: those of the rule, which are warnings."""
    findings = lint.check(dict(DEBIAN, **main), master(extra=extra), Host(label))
    findings = [finding for finding in findings if finding.identifier == "signer-bypassed"]
    assert set(finding.severity for finding in findings) <= set([lint.WARNING])
    return findings


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "main, extra, expected",
    [
        (BOTH, "", []),
        (BOTH, "587 inet n - n - - smtpd", []),
        (BOTH, "587 inet n - n - - smtpd -o smtpd_milters=", ["587/inet -o smtpd_milters"]),
        (BOTH, "587 inet n - n - - smtpd -o smtpd_milters=unix:/rspamd", ["587/inet -o smtpd_milters"]),
        (BOTH, "587 inet n - n - - smtpd -o smtpd_milters=unix:/rspamd," + SIGNER, []),
        (BOTH, "587 inet n - n - - smtpd -o smtpd_milters=$non_smtpd_milters", []),
        (
            BOTH,
            "587 inet n - n - - smtpd -o receive_override_options=no_address_mappings,no_milters",
            ["587/inet -o receive_override_options"],
        ),
        (BOTH, "587 inet n - n - - smtpd -o receive_override_options=no_address_mappings", []),
        (
            BOTH,
            "628 inet n - n - - qmqpd -o receive_override_options=no_milters",
            ["628/inet -o receive_override_options"],
        ),
        (BOTH, "628 inet n - n - - qmqpd -o non_smtpd_milters=", []),
        (BOTH, "own unix n - n - 0 cleanup -o non_smtpd_milters=", ["own/unix -o non_smtpd_milters"]),
        (BOTH, "own unix n - n - 0 cleanup -o smtpd_milters= -o receive_override_options=no_milters", []),
        (BOTH, "own unix - - n - - smtp -o smtpd_milters=", []),
        (dict(BOTH, receive_override_options="no_milters"), "", ["receive_override_options"]),
        (dict(BOTH, non_smtpd_milters=""), "", ["non_smtpd_milters"]),
        # By its name, wherever it listens
        ({"smtpd_milters": "unix:/run/opendkim/opendkim.sock"}, "", ["non_smtpd_milters"]),
        # A milter that is not known to sign
        ({"smtpd_milters": "inet:127.0.0.1:11332"}, "587 inet n - n - - smtpd -o smtpd_milters=", []),
        # No filter hands anything back
        (
            BOTH,
            "127.0.0.1:26 inet n - n - - smtpd -o content_filter= -o smtpd_milters=",
            ["127.0.0.1:26/inet -o smtpd_milters"],
        ),
        # Only what is submitted is signed
        ({"smtpd_milters": ""}, "587 inet n - n - - smtpd -o smtpd_milters=" + SIGNER, []),
    ],
)
def test_a_service_that_goes_round_the_signer(label, main, extra, expected):
    seen = found(main, extra, label)
    assert [finding.parameter for finding in seen] == expected
    assert all("is not signed" in finding.message for finding in seen)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "table, extra, expected",
    [
        ("inline:{192.0.2.1=DISABLE}", "", ["smtpd_milter_maps"]),
        ("inline:{192.0.2.1=inet:127.0.0.1:11332}", "", ["smtpd_milter_maps"]),
        ("inline:{192.0.2.1=inet:127.0.0.1:11332, {192.0.2.2=inet:127.0.0.1:8891}}", "", ["smtpd_milter_maps"]),
        ("inline:{192.0.2.1=inet:127.0.0.1:8891}", "", []),
        ("", "", []),
        # What cannot be read
        ("cidr:/nowhere", "", ["smtpd_milter_maps"]),
        ("ldap:/etc/postfix/milters.cf", "", ["smtpd_milter_maps"]),
        (None, "587 inet n - n - - smtpd -o smtpd_milter_maps=static:DISABLE", ["587/inet -o smtpd_milter_maps"]),
        (None, "587 inet n - n - - smtpd -o smtpd_milter_maps=static:" + SIGNER, []),
    ],
)
def test_clients_with_milters_of_their_own(label, table, extra, expected):
    seen = found(BOTH if table is None else dict(BOTH, smtpd_milter_maps=table), extra, label)
    assert [finding.parameter for finding in seen] == expected
    assert all("some clients" in finding.message and SIGNER in finding.fix for finding in seen)
    # Nothing signs here.
    assert found({"smtpd_milters": "", "smtpd_milter_maps": table or ""}, extra, label) == []


@pytest.mark.parametrize(
    "main, extra, expected",
    [
        (dict(BOTH, milter_default_action="accept"), "", ["milter_default_action"]),
        (dict(BOTH, milter_default_action="tempfail"), "", []),
        (dict(BOTH, smtpd_milters="{ inet:127.0.0.1:8891, default_action=accept }"), "", ["smtpd_milters"]),
        (dict(BOTH, non_smtpd_milters="{ inet:127.0.0.1:8891, default_action = accept }"), "", ["non_smtpd_milters"]),
        (dict(BOTH, smtpd_milters="{ inet:127.0.0.1:11332, default_action=accept }, " + SIGNER), "", []),
        (BOTH, "587 inet n - n - - smtpd -o milter_default_action=accept", ["587/inet -o milter_default_action"]),
    ],
)
def test_a_signer_that_may_be_down(main, extra, expected):
    seen = found(main, extra)
    assert [finding.parameter for finding in seen] == expected
    assert all("while the signer is down" in finding.message and "waits" in finding.fix for finding in seen)


@pytest.mark.parametrize(
    "entry, behind, expected",
    [
        # Signed before the filter, not behind it
        ("", "-o smtpd_milters=", [("127.0.0.1:10025/inet -o smtpd_milters", "was signed before")]),
        (
            "",
            "-o receive_override_options=no_milters",
            [("127.0.0.1:10025/inet -o receive_override_options", "was signed before")],
        ),
        # Signed behind it
        ("-o smtpd_milters=", "", []),
        # Nowhere
        (
            "-o smtpd_milters=",
            "-o smtpd_milters=",
            [("587/inet -o smtpd_milters", "is not signed"), ("127.0.0.1:10025/inet -o smtpd_milters", "was signed before")],
        ),
        # Past the filter, and past the signer
        ("-o content_filter= -o smtpd_milters=", "", [("587/inet -o smtpd_milters", "is not signed")]),
    ],
)  # fmt: skip
def test_a_content_filter_that_hands_mail_back(entry, behind, expected):
    extra = "587 inet n - n - - smtpd {0}\n127.0.0.1:10025 inet n - n - - smtpd -o content_filter= {1}\n".format(
        entry, behind
    )
    seen = found(FILTERED, extra)
    assert [finding.parameter for finding in seen] == [parameter for parameter, _words in expected]
    for finding, (_parameter, words) in zip(seen, expected):
        assert words in finding.message and finding.fix
