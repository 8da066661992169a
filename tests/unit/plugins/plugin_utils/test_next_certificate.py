# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a relay's next certificate takes the place of the one in use. What clients say here is made up, as switch.yml asks for it."""

import calendar

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils import next_certificate
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.authority import site

NAMES = ["relay.example.com", "10.0.0.4"]
FACTS = {
    "validity": "valid",
    "names": ["DNS:relay.example.com"],
    "common_name": "relay.example.com",
    "not_before": "2026-11-01T12:00:00Z",
    "not_after": "2036-11-01T12:00:00Z",
}
NOW = calendar.timegm((2026, 11, 28, 12, 0, 0))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return site(str(tmp_path_factory.mktemp("authority")))


def answer(client, *trust, ways="[relay.example.com]:587\n", verifies=True):
    lines = [ways, next_certificate.TRUST + "\n", "verifies\n" if verifies else "", *trust]
    return {"item": client, "rc": 0, "stdout": "".join(lines)}


def read(made, name="self", ends="2026-12-20T12:00:00Z", **following):
    found = {"status": "verified", "reason": "", "content": made.read(name), "certificate": FACTS}
    return {"certificates": [dict(FACTS, not_after=ends)], "next": dict(found, **following)}


def decide(seen, *answers, days=7):
    return next_certificate.decide("relay1", seen, list(answers), NAMES, days, NOW)


def test_it_takes_its_place_when_each_client_trusts_it(made):
    answers = [
        answer("web01", made.read("root"), made.read("self")),
        answer("legacy01", made.read("self"), ways="relay.example.com\n"),
        # These do not ask for a certificate of this relay.
        answer("opportunistic", verifies=False),
        answer("elsewhere", ways="[other.example.com]:587\n"),
        {"item": "qmail01", "rc": 0, "stdout": "relay.example.com\n"},
    ]
    assert decide(read(made), *answers) == next_certificate.Decision(True, {}, "")
    assert decide(read(made)).switch


def test_no_answer_means_no(made):
    answers = [
        answer("web01", made.read("self")),
        answer("old", made.read("root")),
        answer("empty"),
        answer("damaged", made.read("self")[:300]),
        {"item": "down", "unreachable": True, "msg": "no route"},
        {"item": "broken", "rc": 2, "stdout": ""},
        {"item": "other", "rc": 77, "stdout": ""},
    ]
    found = decide(read(made), *answers)
    assert not found.switch and set(found.lacking) == {"old", "empty", "damaged", "down", "broken", "other"}
    for word in (
        "down (it could not be asked)",
        "other (the relay itself answered in its place: write its ansible_host without inventory_hostname)",
        "old (it does not trust it yet)",
        "2026-12-13T12:00:00Z",
        "of relay1 waits",
        "relay_server_tls_switch_before_days=36500",
    ):
        assert word in found.text
    assert "web01" not in found.text


def test_there_is_an_end_of_waiting_and_it_names_whose_mail_waits(made):
    late = answer("old", made.read("root"))
    assert not decide(read(made, ends="2026-12-05T12:00:01Z"), late).switch
    found = decide(read(made, ends="2026-12-05T12:00:00Z"), late)
    assert found.switch and "MAIL WAITS" in found.text and "old (it does not trust it yet)" in found.text
    # With all the days of the one in use it is not waited at all, not even a day.
    fresh = read(made, ends="2036-12-05T12:00:00Z", certificate=dict(FACTS, not_before="2026-11-28T11:59:00Z"))
    assert decide(fresh, late, days=36500).switch and not decide(fresh, late, days=3650).switch
    # What is in use cannot even be read.
    assert decide(dict(read(made), certificates=[]), late).switch


def test_of_an_authority_the_root_is_what_counts(made):
    seen = read(made)
    seen["next"]["content"] = made.read("middle") + made.read("root")
    assert decide(seen, answer("web01", made.read("root"))).switch
    assert not decide(seen, answer("web01", made.read("middle"))).switch


@pytest.mark.parametrize(
    ("following", "words"),
    [
        ({"status": "refused", "reason": "it has no complete PEM block", "certificate": {}}, "no complete PEM block"),
        (
            {"certificate": dict(FACTS, validity="expired", not_before="2026-01-01", not_after="2026-02-01")},
            "from 2026-01-01 to 2026-02-01",
        ),
        (None, "there is none"),
    ],
)
def test_what_no_client_could_verify_does_not_take_its_place_whatever_the_time(made, following, words):
    seen = read(made, ends="2026-11-29T12:00:00Z", **(following or {}))
    if following is None:
        seen["next"] = {}
    found = decide(seen, answer("web01", made.read("self")))
    assert not found.switch and words in found.text and "Run relay_server for relay1 again" in found.text


# What a client says that compares names: its ways out, what Postfix compares (None where it is sendmail), and whether the next
# certificate, which is for b.example.com, would do where that in use is for relay.example.com.
COMPARED = [
    ("[relay.example.com]:587\n", "nexthop", False),
    ("[RELAY.example.com]:587\n", "nexthop, dot-nexthop", False),
    ("[b.example.com]:587\n", "nexthop, relay.example.com", True),
    ("[relay.example.com]:587\n", "nexthop, b.example.com", True),
    ("[relay.example.com]:587\n", "nexthop .example.com", True),
    ("[b.example.com]:587\n", "hostname", True),
    ("[b.example.com]:587\n", "relay.example.com", False),
    ("[b.example.com]:587\n", "", False),
    # One way of two.
    ("[b.example.com]:587\nexample.org smtp:[relay.example.com]:587\n", "nexthop", False),
    ("[other.example.com]:587\n[b.example.com]:587, [relay.example.com]:587\n", "nexthop", True),
    # Of an address nobody knows what it compares.
    ("[10.0.0.4]:587\n", "nexthop", True),
    ("[other.example.com]:587\n", "nexthop", True),
    ("[relay.example.com]\n", None, False),
    ("esmtp:[b.example.com]:[relay.example.com]\nb.example.com.\n", None, True),
]


@pytest.mark.parametrize(("ways", "matches", "fits"), COMPARED)
def test_certificate_for_another_name_waits_for_who_compares_the_old_one(made, ways, matches, fits):
    names = [] if matches is None else [f"matches={matches}\n"]
    seen = read(made, certificate=dict(FACTS, names=["DNS:b.example.com"], common_name="b.example.com"))
    found = next_certificate.decide(
        "relay1", seen, [answer("web01", *names, made.read("self"), ways=ways)], ["b.example.com", "10.0.0.4"], 7, NOW
    )
    assert found.switch is fits
    if not fits:
        assert "the next certificate is not for that name" in found.lacking["web01"]


@pytest.mark.parametrize(
    ("ends", "made_on", "switch"),
    [
        # It was made when it was not waited any more: a day for the clients.
        ("2026-12-01T12:00:00Z", "2026-11-28T11:59:00Z", False),
        ("2026-12-01T12:00:00Z", "2026-11-27T12:00:01Z", False),
        ("2026-12-01T12:00:00Z", "2026-11-27T12:00:00Z", True),
        # So long as there is a day.
        ("2026-11-29T12:00:01Z", "2026-11-28T11:59:00Z", False),
        ("2026-11-29T12:00:00Z", "2026-11-28T11:59:00Z", True),
    ],
)
def test_next_certificate_that_was_made_late_leaves_the_clients_a_day(made, ends, made_on, switch):
    seen = read(made, ends=ends, certificate=dict(FACTS, not_before=made_on))
    found = decide(seen, answer("old", made.read("root")))
    assert (found.switch, set(found.lacking)) == (switch, {"old"})
    # Who has nobody to wait for does not wait.
    assert decide(seen, answer("web01", made.read("self"))).switch


def test_certificate_of_other_files_names_whose_mail_waits_before_it_is_served(made):
    leaf = dict(FACTS, subject="CN=relay.example.com")
    seen = {
        "certificates": [leaf],
        "anchor": {"content": made.read("root")},
        "chain": {"status": "verified", "reason": ""},
    }
    answers = [
        answer("web01", made.read("root")),
        answer("old", made.read("self")),
        answer("opportunistic", verifies=False),
        {"item": "down", "unreachable": True},
    ]
    told = next_certificate.cut_off("relay1", seen, answers, NAMES, "/etc/postfix/server.crt")
    assert "MAIL WAITS" in told and "/etc/postfix/server.crt" in told and "web01" not in told
    assert "down (it could not be asked), old (it does not trust it yet)." in told
    assert next_certificate.cut_off("relay1", seen, answers[:1], NAMES, "/x") == ""
    assert next_certificate.cut_off("relay1", dict(seen, certificates=[]), answers, NAMES, "/x") == ""
    # Nobody knows what would vouch for it.
    seen.update(anchor={"content": ""}, chain={"status": "incomplete", "reason": "who is that"})
    told = next_certificate.cut_off("relay1", seen, answers, NAMES, "/x")
    assert "web01 (it does not trust it yet)" in told and "not known here: who is that." in told
