# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is warned of here was seen on Postfix 3.7.11: an invalid signature, and a From that was not rewritten."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_lint import Host
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_lint_services import DEBIAN, master

LABELS = ["3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie"]
NETWORKS = "127.0.0.0/8 [::1]/128 10.20.0.0/24"
GENERIC = {"smtp_generic_maps": "hash:/etc/postfix/generic"}
MILTER = "inet:127.0.0.1:8891"


def found(main, identifier, extra="", label="3.7.11-bookworm"):
    """list of str: the parameters of these findings, which are warnings."""
    findings = lint.check(dict(DEBIAN, **main), master(extra=extra), Host(label))
    findings = [finding for finding in findings if finding.identifier == identifier]
    assert set(finding.severity for finding in findings) <= set([lint.WARNING])
    return [finding.parameter for finding in findings]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "main, extra, expected",
    [
        (dict(GENERIC, smtpd_milters=MILTER), "", ["smtp_generic_maps"]),
        (dict(GENERIC, non_smtpd_milters=MILTER), "", ["smtp_generic_maps"]),
        (GENERIC, "", []),
        (dict(GENERIC, smtp_generic_maps="", smtpd_milters=MILTER), "", []),
        ({"smtpd_milters": MILTER}, "", []),
        (GENERIC, "587 inet n - n - - smtpd -o smtpd_milters=" + MILTER, ["smtp_generic_maps"]),
        (
            {"smtpd_milters": MILTER},
            "own unix - - n - - smtp -o smtp_generic_maps=hash:/etc/postfix/generic",
            ["own/unix -o smtp_generic_maps"],
        ),
    ],
)
def test_addresses_that_are_rewritten_behind_a_milter(label, main, extra, expected):
    assert found(main, "generic-after-signing", extra, label) == expected


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    "main, expected",
    [
        ({"masquerade_domains": "example.com"}, ["masquerade_domains"]),
        ({"sender_canonical_maps": "texthash:/etc/postfix/c"}, ["sender_canonical_maps"]),
        ({"masquerade_domains": ""}, []),
        ({"masquerade_domains": "example.com", "mynetworks": "127.0.0.0/8 [::1]/128"}, []),
        ({"masquerade_domains": "example.com", "masquerade_classes": "envelope_sender"}, []),
        ({"masquerade_domains": "example.com", "remote_header_rewrite_domain": "example.com"}, []),
        (
            {
                "masquerade_domains": "example.com",
                "local_header_rewrite_clients": "permit_inet_interfaces, permit_mynetworks",
            },
            [],
        ),
    ],
)
def test_senders_of_clients_that_are_rewritten_in_the_envelope_only(label, main, expected):
    assert found(dict({"mynetworks": NETWORKS}, **main), "masquerade-envelope-only", label=label) == expected
