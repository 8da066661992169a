# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import socket

import pytest
from hypothesis import given, settings, strategies

from ansible_collections.mailops.relay.plugins.module_utils.preflight import smarthost_login
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.mail import conftest as servers

Mta, certificates, serve = servers.Mta, servers.certificates, servers.serve

PASSWORD = "s3cret pass"
PLAIN = base64.b64encode(b"\0relay\0s3cret pass").decode("ascii")
HELLO = ("provider.example.net", "AUTH PLAIN LOGIN")


@pytest.fixture(scope="module")
def good(certificates):
    return certificates("localhost", "DNS:localhost")


@pytest.fixture
def login(serve, good):
    """Tries the login at a server that speaks like this; returns its check, and what the server was told."""

    def call(mta=None, authorities=good[0], **options):
        mta = mta or Mta(certificate=good, hello=HELLO)
        smarthost = {
            "name": "ses",
            "hosts": ["localhost"],
            "port": serve(mta).port,
            "user": "relay",
            "password": PASSWORD,
            "tls": "secure",
        }
        (check,) = smarthost_login.login_checks(dict(smarthost, **options), 20, authorities)
        assert check["id"] == "smarthost_login" and check["subject"].startswith("ses: ")
        assert PASSWORD not in str(check) and PLAIN not in str(check)
        return check, mta.said

    return call


def answering(good, answer, hello=HELLO):
    return Mta({"AUTH PLAIN": answer, "AUTH LOGIN": "334 VXNlcm5hbWU6"}, certificate=good, hello=hello)


def test_a_good_login_is_tried_without_mail(login, good):
    check, said = login(answering(good, "235 2.7.0 Authentication successful"))
    assert (check["status"], check["seen"]) == ("ok", "TLS with a good certificate, and the login is good")
    assert [line.split()[0] for line in said] == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]
    assert said[3] == "AUTH PLAIN " + PLAIN


def test_where_plain_is_not_offered_the_login_goes_in_two_parts(login, good):
    answers = {
        "AUTH LOGIN": "334 VXNlcm5hbWU6",
        base64.b64encode(b"relay").decode("ascii"): "334 UGFzc3dvcmQ6",
        base64.b64encode(PASSWORD.encode("ascii")).decode("ascii"): "235 2.7.0 Ok",
    }
    check, said = login(Mta(answers, certificate=good, hello=("provider", "AUTH=LOGIN XOAUTH2")))
    assert check["status"] == "ok" and len(said) == 7


@pytest.mark.parametrize(
    "answer, words, todo",
    [
        # Postfix 3.7.11 with Cyrus SASL
        (
            "535 5.7.8 Error: authentication failed: authentication failure",
            "the login is refused: 535 5.7.8 Error: authentication failed",
            "Correct user and password of ses",
        ),
        ("454 4.7.0 Temporary authentication failure", "could not be tried now: 454 4.7.0", "Try again later"),
        # What each Python says of a connection that ends differs.
        (None, "", "what answers there"),
    ],
)
def test_a_login_that_is_not_taken(login, good, answer, words, todo):
    check, _said = login(answering(good, answer))
    assert check["status"] == "failed" and words in check["seen"] and todo in check["todo"]


@pytest.mark.parametrize("extension", ["SIZE 100", "AUTH"])
def test_without_auth_nothing_of_the_login_is_said(login, good, extension):
    check, said = login(Mta(certificate=good, hello=("provider.example.net", extension)))
    assert check["status"] == "failed" and "offers no login" in check["seen"]
    assert not [line for line in said if line.startswith("AUTH")]


def test_a_mechanism_that_is_not_known_here_may_be_known_to_postfix(login, good):
    check, _said = login(Mta(certificate=good, hello=("provider.example.net", "AUTH CRAM-MD5")))
    assert check["status"] == "warning" and "CRAM-MD5" in check["seen"]


def test_the_login_is_said_to_nobody_whose_certificate_is_not_good(login, good, certificates):
    other = certificates("other.example.net", "DNS:other.example.net")
    unknown, said = login(authorities=other[0])
    assert unknown["status"] == "failed" and "ca_file" in unknown["todo"]
    assert not [line for line in said if line.startswith("AUTH")]
    renamed, said = login(Mta(certificate=other, hello=HELLO), authorities=other[0])
    assert renamed["status"] == "failed" and "not for localhost, but for DNS:other.example.net" in renamed["seen"]
    assert not [line for line in said if line.startswith("AUTH")]
    nobody, _said = login(authorities=None)
    assert nobody["status"] == "failed" and "ca-certificates" in nobody["todo"]
    trusted, _said = login(answering(good, "235 ok"), authorities=other[0], ca_file=good[0])
    assert trusted["status"] == "ok"
    unchecked, _said = login(answering(good, "235 ok"), authorities=other[0], tls="encrypt")
    assert unchecked["status"] == "ok" and "certificate not checked" in unchecked["seen"]


def test_without_tls_there_is_no_login(login):
    check, said = login(Mta({"STARTTLS": "502 5.5.1 no"}, hello=HELLO))
    assert check["status"] == "failed" and "no TLS" in check["seen"]
    assert not [line for line in said if line.startswith("AUTH")]


def test_without_a_user_it_is_not_said_that_mail_is_taken(login, good):
    check, said = login(user=None, password=None, certificate=good[0], private_key=good[1])
    assert check["status"] == "skipped" and "shows with the first message" in check["seen"]
    assert "AUTH" not in " ".join(said)
    clear, _said = login(Mta(), user=None, password=None, tls="may")
    assert clear["status"] == "skipped" and "no TLS" in clear["seen"]


def test_a_client_certificate_that_cannot_be_read_is_named(login, good, tmp_path):
    missing, _said = login(certificate=str(tmp_path / "no.crt"), private_key=good[1])
    assert missing["status"] == "failed" and "no.crt cannot be read" in missing["seen"]
    swapped, _said = login(certificate=good[1], private_key=good[1])
    assert swapped["status"] == "failed" and "no certificate with its key" in swapped["seen"]


def test_nobody_answers():
    handle = socket.socket()
    handle.bind(("127.0.0.1", 0))
    smarthost = {"name": "a", "hosts": ["127.0.0.1"], "port": handle.getsockname()[1], "user": "u", "password": "x"}
    (check,) = smarthost_login.login_checks(dict(smarthost, tls="encrypt"), 5, None)
    assert check["status"] == "failed" and "Correct hosts and port" in check["todo"]
    (check,) = smarthost_login.login_checks(dict(smarthost, tls="encrypt", hosts=["nobody.invalid"]), 5, None)
    assert check["status"] == "failed" and "nobody.invalid" in check["seen"]
    handle.close()


def test_one_host_of_an_account_is_enough_for_mail_to_go(serve, good):
    mta = answering(good, "235 ok")
    smarthost = {"name": "a", "hosts": ["nobody.invalid", "localhost"], "port": serve(mta).port, "tls": "secure"}
    found = smarthost_login.login_checks(dict(smarthost, user="u", password="x"), 10, good[0])
    assert [check["status"] for check in found] == ["warning", "ok"]


@settings(max_examples=30)
@given(strategies.text(min_size=1, max_size=20), strategies.text(min_size=1, max_size=30))
def test_each_form_of_a_password_is_hidden(user, password):
    hidden = smarthost_login.hidden_texts({"user": user, "password": password})
    in_base64 = base64.b64encode(password.encode("utf-8")).decode("ascii")
    plain = base64.b64encode(b"\0" + user.encode("utf-8") + b"\0" + password.encode("utf-8")).decode("ascii")
    assert hidden == set([password, in_base64, plain])
    assert smarthost_login.hidden_texts({"user": None, "password": None}) == set()
