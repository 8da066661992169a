# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient, split_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import CRITERIA, Selection, parse_size
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

NOW = 1795350600.0


def message(sender="app@web01.example.com", recipients=("a@example.org",), reason="", **fields):
    values = dict(
        {"queue": "deferred", "id": "8B4671C40A2", "size": 1000, "arrival": int(NOW) - 3600, "state": ""}, **fields
    )
    return Message(
        sender=sender,
        recipients=tuple(item if isinstance(item, Recipient) else Recipient(item, reason) for item in recipients),
        **values
    )  # fmt: skip


def means(found, **params):
    return Selection(params, NOW).matches(found)


LOOK_ALIKES = (
    "a@example.com",
    "a@example.com.au",
    "a@notexample.com",
    '"a b"@example.com',
    "A@EXAMPLE.COM",
    "a@mail.example.com",
    "a@example-com.example",
    "example.com@example.org",
    '"@example.com"@example.org',
)


def test_a_domain_is_compared_whole():
    hit = [address for address in LOOK_ALIKES if means(message(recipients=[address]), recipient_domain=["Example.com"])]
    assert hit == ["a@example.com", '"a b"@example.com', "A@EXAMPLE.COM"]
    hit = [
        address for address in LOOK_ALIKES if means(message(address), sender_domain=["example.com"], subdomains=True)
    ]
    assert hit == ["a@example.com", '"a b"@example.com', "A@EXAMPLE.COM", "a@mail.example.com"]


def test_an_address_is_compared_whole_but_for_case_and_needless_quotes():
    hit = [
        address
        for address in LOOK_ALIKES + ('"a"@example.com', "xa@example.com")
        if means(message(address), sender=["a@example.com"])
    ]
    assert hit == ["a@example.com", "A@EXAMPLE.COM", '"a"@example.com']
    assert means(message('"a b"@example.com'), sender=['"a b"@example.com'])
    assert not means(message(recipients=["a@example.com"]), sender=["a@example.com"])


def test_the_null_sender():
    assert means(message(""), null_sender=True)
    assert not means(message("a@example.com"), null_sender=True)
    assert means(message(""), null_sender=True, sender=["a@example.com"])
    assert means(message("a@example.com"), null_sender=True, sender=["a@example.com"])
    assert not means(message(""), sender=["a@example.com"])
    assert not means(message(""), sender_domain=["example.com"])


def test_criteria_about_recipients_must_be_true_of_one_and_the_same():
    found = message(recipients=[Recipient("a@example.com", "450 4.2.2 full"), Recipient("b@example.org", "timed out")])
    assert means(found, recipient_domain=["example.com"], reason=["4.2.2"])
    assert not means(found, recipient_domain=["example.com"], reason=["timed out"])
    assert means(found, recipient_domain=["example.com"])
    assert not means(found, recipient_domain=["example.com"], every_recipient=True)
    assert means(found, recipient_domain=["example.com", "example.org"], every_recipient=True)
    assert not means(message(recipients=[]), recipient_domain=["example.com"], every_recipient=True)


@pytest.mark.parametrize(
    ("reason", "criterion", "hit"),
    [
        ("host mx[192.0.2.4] said: 450 4.4.1 try later", "4.4.1", True),
        ("host mx[192.0.2.4] said: 450 4.4.1 try later", "4.4", True),
        ("host mx[192.0.2.4] said: 450 4.4.12 try later", "4.4.1", False),
        ("host mx[14.4.1.9] said: no", "4.4.1", False),
        ("Connection REFUSED", "connection refused", True),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("", "x", False),
    ],
)
def test_reasons(reason, criterion, hit):
    assert means(message(reason=reason), reason=[criterion]) is hit


def test_age_and_size():
    assert means(message(), older_than="59m") and not means(message(), older_than="1h")
    assert means(message(), younger_than="61m") and not means(message(), younger_than="3600")
    assert means(message(), min_size="1000") and not means(message(), min_size="1K")
    assert means(message(), max_size="1K") and not means(message(), max_size="999")


def test_criteria_combine_with_and_and_values_with_or():
    assert means(message(), queue=["hold", "deferred"], sender_domain=["web01.example.com"])
    assert not means(message(), queue=["hold", "deferred"], sender_domain=["web02.example.com"])
    assert means(message(), all=True)
    # A list that turned out empty means nothing, and never everything.
    assert not means(message(), sender=[])


def test_clients():
    matches = Selection({"client": ["web01.example.com", "10.20.0.0/24", "2001:db8::1"]}, NOW).client_matches
    assert matches("WEB01.example.com", "192.0.2.1") and matches("unknown", "10.20.0.9") and matches("x", "2001:db8::1")
    assert not matches("web011.example.com", "10.20.1.9") and not matches("", "")


@pytest.mark.parametrize(
    "client",
    [
        "fd00:20:1::11",
        "FD00:20:1:0::11",
        "[fd00:20:1::11]",
        "IPv6:fd00:20:1::11",
        "[IPv6:fd00:20:1::11]",
        "fd00:20:1::/64",
        "[fd00:20:1::]/64",
    ],
)
def test_a_client_is_known_in_every_notation(client):
    matches = Selection({"client": [client]}, NOW).client_matches
    assert matches("unknown", "fd00:20:1::11") and matches("", "IPv6:FD00:20:1:0:0::11")
    assert not matches("", "fd00:20:2::11") and not matches("unknown", "unknown")


def test_IPv4_written_as_IPv6_is_IPv4():
    matches = Selection({"client": ["::ffff:10.20.0.11"]}, NOW).client_matches
    assert matches("", "10.20.0.11") and matches("", "::ffff:10.20.0.11") and not matches("", "10.20.0.12")


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "no criterion"),
        ({"null_sender": False, "all": False}, "no criterion"),
        ({"all": True, "sender": ["a@example.com"]}, "all=true contradicts sender"),
        ({"sender": ["app"]}, "sender: 'app'"),
        ({"sender": [""]}, "null_sender"),
        ({"sender": ["@example.com"]}, "sender: '@example.com'"),
        ({"recipient": ["a@exa mple.com"]}, "recipient: "),
        ({"sender_domain": ["@example.com"]}, "sender_domain: '@example.com'"),
        ({"recipient_domain": [".example.com"]}, "with subdomains"),
        ({"recipient_domain": ["example.com\n"]}, "recipient_domain: "),
        ({"recipient_domain": [""]}, "recipient_domain: ''"),
        ({"recipient_domain": ["exam*le.com"]}, "recipient_domain: "),
        ({"older_than": "-5"}, "older_than: '-5'"),
        ({"younger_than": "soon"}, "younger_than: 'soon'"),
        ({"min_size": "-1"}, "min_size: '-1'"),
        ({"max_size": "big"}, "max_size: 'big'"),
        ({"reason": [" "]}, "reason: "),
        ({"client": ["10.0.0.1/8"]}, "10.0.0.0/8"),
        ({"client": ["[fd00::1]/64"]}, "fd00::/64"),
        ({"client": ["-x/y"]}, "client: "),
    ],
)
def test_bad_input_is_refused_by_name(params, words):
    with pytest.raises(CriterionError) as caught:
        Selection(params, NOW)
    assert words in str(caught.value).replace("u'", "'")


def test_queues_and_ids_that_this_mta_cannot_have():
    pattern = re.compile(r"[0-9A-F]{6,20}\Z")
    with pytest.raises(CriterionError) as caught:
        Selection({"queue": ["deferred", "delayed"]}, NOW).check_queues(("deferred", "hold"))
    assert "delayed" in str(caught.value) and "hold" in str(caught.value)
    for queue_id in ("ALL", "-d", "8B4671C40A2;", "8B4671C40A2*", "8B4671C40A2\n", "", "$(id)"):
        with pytest.raises(CriterionError) as caught:
            Selection({"queue_id": [queue_id]}, NOW).check_ids(pattern, "8BF5F1C4099")
        assert "8BF5F1C4099" in str(caught.value)
    Selection({"queue_id": ["8B4671C40A2"]}, NOW).check_ids(pattern, "8BF5F1C4099")


@given(st.sampled_from(LOOK_ALIKES), st.sampled_from(LOOK_ALIKES), st.sampled_from(LOOK_ALIKES))
@settings(max_examples=100, deadline=None)
def test_what_is_meant_is_never_passed_over_for_its_text(sender, recipient, wanted):
    found = message(sender, [recipient])
    text = json.dumps({"queue_id": found.id, "sender": sender, "recipients": [{"address": recipient}]})
    domain = split_address(wanted)[1]
    for params in (
        {"sender": [wanted]},
        {"recipient": [wanted], "sender_domain": [domain]},
        {"recipient_domain": [domain], "subdomains": True},
        {"queue_id": ["8B4671C40A2"], "sender_domain": [domain.upper()]},
        {"sender": [wanted], "null_sender": True},
    ):
        selection = Selection(params, NOW)
        assert selection.may_match_text(text) or not selection.matches(found)


def native(text):
    return text if str is not bytes else text.encode("utf-8")


def criteria(texts):
    """Options of the module with any of these texts where it takes one."""
    lists = dict.fromkeys(
        ["queue", "queue_id", "sender", "sender_domain", "recipient", "recipient_domain", "reason", "client"],
        st.lists(texts, max_size=3),
    )
    lists.update(dict.fromkeys(["older_than", "younger_than", "min_size", "max_size"], texts))
    lists.update(dict.fromkeys(["null_sender", "subdomains", "every_recipient", "all"], st.booleans()))
    return st.sets(st.sampled_from(sorted(lists))).flatmap(
        lambda names: st.fixed_dictionaries(dict((name, lists[name]) for name in sorted(names)))
    )


TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "example.com",
            "a@example.com",
            '"a b"@x',
            "10.0.0.0/8",
            "::1",
            "[::1]",
            "2h",
            "10M",
            "4.4.1",
            "(",
            "[a",
            "hold",
            "*",
        ]
    ),
).map(native)


@given(criteria(TEXTS))
@settings(max_examples=300)
@example({"older_than": "9" * 5000})
@example({"min_size": "9" * 5000})
@example({"min_size": "9" * 400 + "K"})
@example({"max_size": native(u"\u0661K")})  # fmt: skip
def test_any_criteria_make_sense_or_are_a_criterion_error(params):
    try:
        selection = Selection(params, NOW)
    except CriterionError as exc:
        # It names what is wrong.
        assert str(exc).startswith(
            tuple(name + ": " for name in CRITERIA + ("subdomains", "every_recipient"))
            + ("no criterion is given", "all=true contradicts")
        )
        return
    for found in (message(), message("", ()), message('"a b"@x', ["a@example.com"], "450 4.4.1 (x)", queue="hold")):
        assert selection.matches(found) in (True, False)
        if selection.client_matches is not None:
            assert selection.client_matches("web01", "10.0.0.1") in (True, False)


@given(st.integers(0, 10**9), st.sampled_from(["", "B", "K", "KB", "M", "G"]))
def test_a_size_is_so_many_of_its_units(count, unit):
    factor = {"": 1, "B": 1, "K": 1 << 10, "KB": 1 << 10, "M": 1 << 20, "G": 1 << 30}[unit]
    assert parse_size("min_size", "{0}{1}".format(count, unit)) == count * factor


@pytest.mark.parametrize("option", ["sender", "sender_domain", "reason", "client", "min_size"])
@pytest.mark.parametrize("piece", ["a", "-", "a.", "a-", ".", "1.", ":", "[", "9"])
def test_long_texts_take_no_long_time(option, piece):
    text = piece * (50000 // len(piece)) + "!"
    with at_most(2):
        try:
            Selection({option: text if option == "min_size" else ["a@" + text if option == "sender" else text]}, NOW)
        except CriterionError:
            pass
