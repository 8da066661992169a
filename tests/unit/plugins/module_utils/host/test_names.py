# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest
from ansible.module_utils.common.text.converters import to_text
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.names import (
    address_forms,
    could_be_in_dns,
    domain_forms,
    form_to_write,
    is_domain,
    is_fqdn,
)

LABEL = st.text(alphabet="abcXYZ019-", min_size=1, max_size=63)


@pytest.mark.parametrize(
    "name",
    [
        "smtp-relay001.example.com",
        "SMTP.Example.COM",
        "a.b",
        "1.example",
        "3com.com",
        "relay.xn--p1ai",
        # Postfix takes both as myhostname, although no such domain is in the DNS today.
        "relay.1net",
        "relay.net2",
        "relay.localdomain",
        "a--b.example.com",
        "a" * 63 + ".example.com",
        ".".join(["a" * 61] * 4) + ".abcde",
    ],
)
def test_a_host_name_with_its_domain(name):
    assert is_fqdn(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "relay",
        ".",
        "relay.",
        ".example.com",
        "relay.example.com.",
        "relay..example.com",
        "relay.example.com\n",
        "relay.example.com ",
        " relay.example.com",
        "a b.example.com",
        "my_relay.example.com",
        "-relay.example.com",
        "relay-.example.com",
        "relay.example.-com",
        "relay.example.com-",
        u"b\u00fccher.example",
        u"relay.example.\u0661\u0662",
        "10.0.0.1",
        "relay.12",
        "[10.0.0.1]",
        "fd00::1",
        "relay.example.com:25",
        "user@example.com",
        "a" * 64 + ".example.com",
        ".".join(["a" * 61] * 4) + ".abcdef",
        "$myhostname.example.com",
    ],
)  # fmt: skip
def test_what_is_not_one(name):
    assert not is_fqdn(name)


@given(st.lists(LABEL, min_size=1, max_size=5))
@example(["a", "-"])
@example(["a", "1"])
def test_it_is_one_when_each_label_is(labels):
    good = all(re.match(r"[^-](.*[^-])?\Z", label) for label in labels)
    name = ".".join(labels)
    assert is_fqdn(name) == (good and len(labels) > 1 and not labels[-1].isdigit() and len(name) <= 253)


@given(st.text(max_size=40))
def test_any_text_is_one_or_not(text):
    assert is_fqdn(text) in (True, False)


@pytest.mark.parametrize("name", ["relay.localdomain", "localhost.LOCALDOMAIN", "relay.localhost", "relay", "10.0.0.1"])
def test_what_no_name_server_has(name):
    assert not could_be_in_dns(name)


@pytest.mark.parametrize("name", ["relay.example.com", "localhost.example.com", "localdomain.net"])
def test_what_one_may_have(name):
    assert could_be_in_dns(name)


@pytest.mark.parametrize(
    "domain, forms",
    [
        ("a.example", ["a.example"]),
        ("XN--Bcher-KVA.example", ["xn--bcher-kva.example", "bücher.example"]),
        (".xn--bcher-kva.xn--p1ai", [".xn--bcher-kva.xn--p1ai", ".bücher.рф"]),
        # Postfix 3.7 looks for strasse.example, which is somebody else's.
        ("xn--strae-oqa.example", ["xn--strae-oqa.example"]),
    ],
)
def test_a_domain_in_another_script_has_two_forms(domain, forms):
    assert domain_forms(domain) == forms
    assert address_forms("Ops@" + domain) == ["ops@" + form for form in forms]


@given(st.from_regex(r"\A(xn--)?[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\Z"))
@example("xn--99999999")
def test_any_name_with_its_domain_is_no_domain_or_has_forms_that_are_one_word_each(label):
    name = "{0}.example".format(label)
    assert not is_domain(name) or is_fqdn(name)
    forms = [to_text(form) for form in domain_forms(name)]
    assert forms[0] == name and len(forms) <= 2 and all(form.split() == [form] for form in forms)


@pytest.mark.parametrize(
    "text, words",
    [
        ("bücher.example", "Write xn--bcher-kva.example, which counts for both."),
        ("BÜCHER.example", "Write xn--bcher-kva.example, which counts for both."),
        ("straße.example", "One in another script is written in its xn-- form, which counts for both."),
        ("　.example", "One in another script is written in its xn-- form, which counts for both."),
        ("xn--99999999.example", "What is behind its xn-- stands for no name; see how it is written."),
        ("a b", ""),
    ],
)
def test_who_writes_another_form_is_told_the_one_to_write(text, words):
    assert not is_domain(text)
    assert form_to_write(text) == (" " + words if words else "")
