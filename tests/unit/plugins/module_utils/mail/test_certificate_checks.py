# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail import certificate_checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.certificate_checks import File, Moment, Successor
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.lives import DAY, NOW, certificate

PATH = "/etc/postfix/server.crt"
NEXT = PATH + ".next"
AT = [Moment(NOW, "")]
RENEW = "relay_server_tls_renew_before_days"


def in_file(*certificates, **more):
    return File(PATH, list(certificates), more.get("authorities", []), more.get("successor"))


def waiting(left=365 * DAY, **more):
    return Successor(NEXT, [certificate(365 * DAY, left, **more)], "")


def served(certificates, found, moments=None, whole=True):
    return certificate_checks.check_served("relay port 587", 587, certificates, whole, [found], moments or AT)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0 minutes"),
        (3599, "59 minutes"),
        (0.4 * DAY, "9.6 hours"),
        (DAY - 1, "23.9 hours"),
        (1.5 * DAY, "1.5 days"),
        (5 * DAY - 1, "4.9 days"),
        (20 * DAY - 1, "19 days"),
        (3650 * DAY, "3650 days"),
    ],
)
def test_how_long_something_takes(seconds, text):
    assert certificate_checks.left_text(seconds) == text


@given(st.floats(0, 4000 * DAY))
def test_never_more_than_there_is(seconds):
    number, unit = certificate_checks.left_text(seconds).split()
    assert float(number) * {"minutes": 60, "hours": 3600, "days": DAY}[unit] <= seconds * (1 + 1e-9)


@pytest.mark.parametrize(
    "life, left, status, seen, todo",
    [
        (90, 60, "ok", "valid until 2027-01-27T12:00:00Z, 60 days left", None),
        (90, 20, "warning", "valid until 2026-12-18T12:00:00Z, 20 days left", RENEW),
        (90, 5, "failed", "valid until 2026-12-03T12:00:00Z, 5.0 days left", RENEW),
        (6, 3, "ok", "3.0 days left", None),
        (6, 1.5, "warning", "1.5 days left", RENEW),
        (6, 0.4, "failed", "9.6 hours left", RENEW),
        (6, -2, "failed", "expired at 2026-11-26T12:00:00Z, 2.0 days ago", RENEW),
        (6, 7.5, "failed", "valid only from 2026-11-30T00:00:00Z, in 1.5 days", "Set the clock"),
    ],
)
def test_a_certificate_alone(life, left, status, seen, todo):
    one = certificate(int(life * DAY), int(left * DAY))
    for result in (certificate_checks.check_file(in_file(one), AT), served([one], in_file(one))):
        assert result["id"] == "certificate" and result["status"] == status
        assert "CN=relay.example.com, " in result["seen"] and seen in result["seen"]
        assert (todo in result["todo"] and PATH in result["todo"]) if todo else result["todo"] == ""
        assert result["expiry"]["subject"] == "CN=relay.example.com" and result["expiry"]["file"] == PATH
        assert abs(result["expiry"]["days_left"] - left) < 0.01
    assert result["subject"] == "relay port 587" and result["expiry"]["port"] == 587
    assert "(as in {0})".format(PATH) in result["seen"]


@pytest.mark.parametrize(
    "life, left, status",
    [(3650, 60, "ok"), (3650, 20, "warning"), (3650, 5, "failed"), (3650, -1, "failed"), (10, 11, "failed")],
)
@pytest.mark.parametrize("own_file", [True, False])
def test_an_authority_above_that_ends_earlier(life, left, status, own_file):
    own = certificate(90 * DAY, 80 * DAY, issuer="Middle")
    above = certificate(life * DAY, left * DAY, name="Middle", issuer="Root")
    found = in_file(own, above) if own_file else in_file(own, authorities=[above])
    result = served(found.certificates, found)
    assert result["status"] == status
    assert (
        "CN=relay.example.com, valid until 2027-02-16T12:00:00Z, 80 days left; above it CN=Middle, " in result["seen"]
    )
    if status != "ok":
        assert result["expiry"]["subject"] == "CN=Middle"
    if status != "ok" and life == 3650:
        assert "new certificate of CN=Middle" in result["todo"] and PATH in result["todo"]


def test_a_root_that_ends_is_the_clients_affair_too():
    own = certificate(90 * DAY, 80 * DAY, issuer="Root")
    root = certificate(3650 * DAY, 20 * DAY, name="Root")
    result = certificate_checks.check_file(in_file(own, authorities=[root]), AT)
    assert result["status"] == "warning" and "authority CN=Root, and give it to the clients" in result["todo"]


def test_an_authority_that_lives_longer_is_not_spoken_of():
    own = certificate(90 * DAY, 80 * DAY, issuer="Root")
    result = certificate_checks.check_file(in_file(own, certificate(3650 * DAY, 3000 * DAY, name="Root")), AT)
    assert result["status"] == "ok" and "Root" not in result["seen"]


def test_a_successor_that_is_ready_makes_a_due_certificate_good_and_says_so():
    due = certificate(90 * DAY, 20 * DAY)
    for result in (
        certificate_checks.check_file(in_file(due, successor=waiting()), AT),
        served([due], in_file(due, successor=waiting())),
    ):
        assert result["status"] == "ok" and result["todo"] == ""
        assert NEXT + " waits to take its place, valid until 2027-11-28T12:00:00Z" in result["seen"]


def test_with_days_left_a_successor_that_waits_is_not_enough():
    result = certificate_checks.check_file(in_file(certificate(90 * DAY, 5 * DAY), successor=waiting()), AT)
    assert result["status"] == "failed" and "goes over to " + NEXT in result["todo"]


@pytest.mark.parametrize(
    "successor, reason",
    [
        (waiting(-DAY), "expired at 2026-11-27T12:00:00Z"),
        (waiting(366 * DAY), "valid only from 2026-11-29T12:00:00Z"),
        (waiting(25 * DAY), "25 days left"),
        (Successor(NEXT, [], "it is not a regular file"), "it is not a regular file"),
        (Successor(NEXT, [certificate(issuer="Old"), certificate(left=-DAY, name="Old", issuer="R")], ""), "300 days"),
    ],
)
def test_what_cannot_take_its_place_is_no_successor(successor, reason):
    result = certificate_checks.check_file(in_file(certificate(90 * DAY, 20 * DAY), successor=successor), AT)
    assert result["status"] == "warning" and RENEW in result["todo"]
    assert NEXT + " cannot take its place: " in result["seen"] and reason in result["seen"]


def test_a_successor_does_not_help_an_authority():
    own = certificate(90 * DAY, 80 * DAY, issuer="Root")
    found = in_file(own, certificate(3650 * DAY, 20 * DAY, name="Root"), successor=waiting())
    assert certificate_checks.check_file(found, AT)["status"] == "warning"


@pytest.mark.parametrize("left, status", [(60, "warning"), (20, "warning"), (5, "failed"), (-1, "failed")])
def test_a_file_that_was_renewed_while_postfix_was_not_reloaded(left, status):
    old, new = certificate(90 * DAY, left * DAY), certificate(90 * DAY, 89 * DAY)
    result = served([old], in_file(new))
    assert result["status"] == status and "postfix reload" in result["todo"]
    assert (
        "but {0} has another one, valid until 2027-02-25T12:00:00Z, which Postfix has not read".format(PATH)
        in result["seen"]
    )
    assert result["expiry"]["not_after"] != "2027-02-25T12:00:00Z"


def test_a_reload_does_not_help_when_the_file_has_an_expired_one():
    result = served([certificate(90 * DAY, 60 * DAY)], in_file(certificate(90 * DAY, -DAY)))
    assert result["status"] == "warning" and result["todo"].startswith(
        "Put a certificate that is valid now into " + PATH
    )


def test_only_what_is_behind_the_certificate_was_renewed():
    own = certificate(90 * DAY, 80 * DAY, issuer="Middle")
    old, other, new = (certificate(900 * DAY, left * DAY, name="Middle", issuer="Root") for left in (5, 700, 800))
    assert served([own, old], in_file(own, new))["status"] == "failed"
    result = served([own, other], in_file(own, new))
    assert result["status"] == "warning" and "other ones behind it, which Postfix has not read" in result["seen"]
    result = served([own, new], in_file(own, new))
    assert result["status"] == "ok"
    # A server may add an authority that it knows.
    root = certificate(9000 * DAY, 8000 * DAY, name="Root")
    assert served([own, new, root], in_file(own, new))["status"] == "ok"


def test_what_is_sent_behind_it_and_cannot_be_seen_is_said():
    own = certificate(90 * DAY, 80 * DAY, issuer="Middle")
    found = in_file(own, certificate(900 * DAY, 800 * DAY, name="Middle", issuer="Root"))
    assert "cannot be seen" in served([own], found, whole=False)["seen"]
    assert "cannot be seen" not in served([own], in_file(own), whole=False)["seen"]


def test_the_file_of_the_same_kind_of_key_is_meant():
    rsa, ecc = certificate(left=90 * DAY), certificate(left=80 * DAY, kind="ECC")
    files = [File("/rsa", [rsa], [], None), File("/ecc", [ecc], [], None)]
    assert certificate_checks.file_of(ecc, files).path == "/ecc"
    assert certificate_checks.file_of(certificate(left=DAY, kind="ECC"), files).path == "/ecc"
    assert certificate_checks.file_of(rsa, files).path == "/rsa"


def test_of_two_clocks_the_worse_verdict_counts():
    one = certificate(90 * DAY, 60 * DAY)
    later = Moment(NOW + 40 * DAY, "the controller")
    result = certificate_checks.check_file(in_file(one), [Moment(NOW, ""), later])
    assert result["status"] == "warning" and result["seen"].endswith("20 days left; by the clock of the controller")
    result = certificate_checks.check_file(in_file(one), [Moment(NOW + 80 * DAY, ""), Moment(NOW, "the controller")])
    assert result["status"] == "failed" and "controller" not in result["seen"]


def test_the_words_of_a_stranger_do_no_harm():
    evil = certificate(90 * DAY, 5 * DAY, name="relay", subject="CN=\x1b[31m\nok")
    text = str(certificate_checks.check_file(in_file(evil), AT))
    assert "\x1b" not in text and "\n" not in text


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(-50, 4000)), min_size=1, max_size=4), st.booleans())
def test_a_verdict_is_never_better_than_the_worst_that_was_seen(lives, other):
    names = ["n{0}".format(number) for number in range(len(lives) + 1)]
    chain = [
        certificate(life * DAY, left * DAY, name=names[number], issuer=names[number + 1])
        for number, (life, left) in enumerate(lives)
    ]
    found = in_file(certificate(name=names[0])) if other else in_file(*chain)
    result = served(chain, found)
    usable = [min(30, life / 3.0) < left <= life for life, left in lives]
    assert (result["status"] == "ok") == (all(usable) and not other)
    failing = [left <= min(7, life / 10.0) or left > life for life, left in lives]
    assert (result["status"] == "failed") == any(failing)
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", result["seen"])
    assert bool(result["todo"]) == (result["status"] != "ok")


def test_what_a_milter_refuses_is_not_blamed_on_the_key():
    said = "the answer to STARTTLS is 454 {0}"
    assert "milters" in certificate_checks.check_no_tls("port 25", said.format("4.3.0 Try again later"))["todo"]
    assert (
        "its key"
        in certificate_checks.check_no_tls("port 25", said.format("4.7.0 TLS not available due to local problem"))[
            "todo"
        ]
    )
