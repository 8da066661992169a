# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type


import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.reason import explained_class, reason_class
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("", "none"),
        ("host 127.0.0.1[127.0.0.1] said: 450 4.3.0 Error: command failed (in reply to RCPT TO command)", "4.3.0"),
        ("connect to 127.0.0.1[127.0.0.1]:10026: Connection refused", "connection refused"),
        ("deferred transport", "transport"),
        ("delivery temporarily suspended: connect to mx[192.0.2.1]:25: Connection timed out", "timeout"),
        ("host mx[4.3.2.1] said: 451 try later", "451"),
        ("Host or domain name not found. Name service error for name=x type=MX", "name lookup"),
        # Postfix 3.7.11 at the level dane-only.
        ("no TLSA records found", "TLS"),
        ("TLSA records unusable", "TLS"),
        ("non DNSSEC destination", "TLS"),
        ("who knows", "other"),
    ],
)
def test_reason_classes(reason, expected):
    assert reason_class(reason) == expected


@pytest.mark.parametrize(
    "dsn, reply, expected",
    [
        ("4.7.28", "421-4.7.28 Gmail has detected an unusual rate of mail. gsmtp", "4.7.28 Google: rate limit"),
        (
            "5.7.1",
            "550 5.7.606 Access denied, banned sending IP [1.2.3.4] outlook.com",
            "5.7.606 Microsoft: address banned",
        ),
        ("4.7.0", "421 4.7.0 [TSS04] Messages temporarily deferred. yahoo", "4.7.0 Yahoo: rate limit or complaints"),
        (
            "5.7.1",
            "554 5.7.1 [CS01] Message rejected due to local policy. icloud.com",
            "5.7.1 Apple: refused by their policy",
        ),
        ("4.4.1", "connect to mx[1.2.3.4]:25: Connection refused", "4.4.1 connection refused"),
        ("4.0.0", "who knows", "4.0.0"),
        ("", "who knows", "other"),
        ("", "", "none"),
    ],
)
def test_what_the_big_providers_mean(dsn, reply, expected):
    assert explained_class(dsn, reply) == expected


def native(text):
    return text if str is not bytes else text.encode("utf-8")


REPLIES = st.lists(
    st.one_of(
        st.text(max_size=8),
        st.sampled_from(
            ["4.7.1", "4.3.2.1", "450 ", "550-", "timed out", "TLS", "[TSS04]", "yahoo", "gsmtp", "S3140", "\n", "."]
        ),
    ),
    max_size=8,
).map(lambda parts: native(u"".join(parts)))  # fmt: skip


@given(st.sampled_from(["", "4.7.1", "5.0.0"]), REPLIES)
def test_any_reply_has_a_class_that_is_short_and_on_one_line(dsn, reply):
    for found in (reason_class(reply), explained_class(dsn, reply)):
        assert isinstance(found, str) and 0 < len(found) < 80 and found.isprintable() if str is not bytes else found
    assert explained_class("", "").startswith("none") and (reason_class(reply) == "none") == (reply == "")


@given(
    st.sampled_from("245"),
    st.integers(0, 999),
    st.integers(0, 999),
    st.sampled_from(["", "450 ", "(", " host x said: "]),
)
def test_a_code_is_found_in_front_of_any_words(first, second, third, before):
    code = "{0}.{1}.{2}".format(first, second, third)
    assert reason_class(before + code + " timed out") == code


@pytest.mark.parametrize(
    "piece", ["4.", "4.4.", "4.4.4", "45", "450 4.4.", "host", "domain name ", "connection ", "[", "S77", "\n"]
)
def test_long_replies_take_no_long_time(piece):
    with at_most(2):
        explained_class("4.7.1", "gsmtp outlook.com yahoo icloud" + piece * (100000 // len(piece)) + "x")
