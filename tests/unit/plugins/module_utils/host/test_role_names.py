# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.role_names import in_words_of


@pytest.mark.parametrize(
    ("owner", "text", "expected"),
    [
        (
            "qmail_client",
            "or accept the risk 'x' in accept_risks, nothing",
            "or accept the risk 'x' in qmail_client_accept_risks, nothing",
        ),
        ("relay_server", "accept_risks: 'x' is no known finding", "relay_server_accept_risks: 'x' is no known finding"),
        ("relay_client", "accept_risks: 'x'", "relay_client_accept_risks: 'x'"),
        ("relay_client", "master: a/b: ", "relay_client_master: a/b: "),
        # What the role is told the opposite of.
        ("relay_server", "or set allow_ssh_lockout=true if SSH", "or set relay_server_firewall_ssh=false if SSH"),
        ("sendmail_client", "or set refuse_other_mta=false.", "or set sendmail_client_stop_other_mta=true."),
        (
            "sendmail_client",
            "tls_level: set mx_lookup to false, or tls_level to opportunistic",
            "sendmail_client_tls_security_level: set sendmail_client_mx_lookup to false, or sendmail_client_tls_security_level to "
            "opportunistic",
        ),
        (
            "qmail_client",
            "service: needs a service_manager other than 'auto'; name it",
            "qmail_client_service: needs a qmail_client_service_manager other than 'auto'; name it",
        ),
        ("qmail_client", "make it with control: {rcpthosts: []}", "make it with qmail_client_rcpthosts: []"),
        # A word of the sentence, a file, and a parameter of Postfix.
        (
            "relay_client",
            "/etc/postfix/main.cf: the main file, a master",
            "/etc/postfix/main.cf: the main file, a master",
        ),
        (
            "relay_server",
            "/x/accept_risks and accept_risks.d, my-accept_risks",
            "/x/accept_risks and accept_risks.d, my-accept_risks",
        ),
        ("sendmail_client", "port 25 of the mailer", "port 25 of the mailer"),
        # Somebody else's call.
        ("mine", "accept_risks: 'x'", "accept_risks: 'x'"),
        (None, "accept_risks: 'x'", "accept_risks: 'x'"),
    ],
)
def test_an_option_is_called_what_the_role_calls_it(owner, text, expected):
    assert in_words_of(owner, text) == expected


@pytest.mark.parametrize("owner", ["relay_server", "qmail_client"])
def test_words_of_a_role_stay(owner):
    text = in_words_of(owner, "accept_risks: x, {0}_accept_risks".format(owner))
    assert text == "{0}_accept_risks: x, {0}_accept_risks".format(owner)
    assert in_words_of(owner, text) == text
