# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.secrets import (
    hidden_text,
    is_secret_text,
    passwords_in,
    secret_paths,
)

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")


@given(
    st.sampled_from(['"P:{0}"', '"P={0}"', "P:{0}", '"M:PLAIN" "P:{0}" "R:realm"']),
    st.text("abcxyz019!$%+/= :", min_size=4, max_size=12).map(lambda word: "Q" + word + "Q"),
    st.sampled_from(["AuthInfo:relay.example.com\t", "authinfo: ", "dnl AuthInfo:[10.0.0.1] "]),
)
def test_the_password_of_an_entry_is_hidden_and_found(form, password, key):
    if '"' not in form:
        password = password.replace(" ", "")
    text = 'Connect:127 RELAY\n{0}"U:mail" {1}\nFrom:spam@example.com REJECT\n'.format(key, form.format(password))
    assert hidden_text(text) == "Connect:127 RELAY\n{0}(not shown)\nFrom:spam@example.com REJECT\n".format(key)
    assert passwords_in(text) == set([password]) and is_secret_text(text)


@pytest.mark.parametrize("name", [name for name in sorted(os.listdir(FIXTURES)) if name.endswith((".cf", ".mc"))])
def test_what_a_distribution_ships_has_no_secrets(name):
    text = read_native(os.path.join(FIXTURES, name))
    assert hidden_text(text) == text and not is_secret_text(text) and passwords_in(text) == set()


# Of the sendmail.cf that Debian 12 makes (sendmail 8.17.1.9).
RULE = "R$* $| <?>$*\t$: $1 $| <$(access AuthInfo: $: ? $)> <>\n"


def test_the_rules_that_look_entries_up_are_shown():
    assert hidden_text(RULE) == RULE and passwords_in(RULE) == set()


def test_the_files_that_a_cf_names():
    text = "O DefaultAuthInfo=/etc/mail/login\nKauthinfo hash -o -T<TMPF> /etc/mail/logins\n#O DefaultAuthInfo=/x\n"
    assert secret_paths(text) == set(["/etc/mail/login", "/etc/mail/logins"])
