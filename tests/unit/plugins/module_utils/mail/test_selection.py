# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient, facts, split_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_totals import MOST_KEYS, OTHERS, QueueTotals

NOW = 1795350600.0


def message(sender="app@web01.example.com", recipients=("a@example.org",), reason="", **fields):
    values = dict({"queue": "deferred", "id": "8B4671C40A2", "size": 1000, "arrival": int(NOW) - 3600, "state": ""}, **fields)
    return Message(
        sender=sender,
        recipients=tuple(item if isinstance(item, Recipient) else Recipient(item, reason) for item in recipients),
        **values
    )


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
    hit = [address for address in LOOK_ALIKES if means(message(address), sender_domain=["example.com"], subdomains=True)]
    assert hit == ["a@example.com", '"a b"@example.com', "A@EXAMPLE.COM", "a@mail.example.com"]


def test_an_address_is_compared_whole_but_for_case_and_needless_quotes():
    hit = [address for address in LOOK_ALIKES + ('"a"@example.com', "xa@example.com") if means(message(address), sender=["a@example.com"])]
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


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("A.b@Example.COM", ("a.b", "example.com")),
        ('"a@b"@example.com', ("a@b", "example.com")),
        (r'"a\"b\\c"@example.com', ('a"b\\c', "example.com")),
        ("root", ("root", "")),
        ("", ("", "")),
        ('"', ('"', "")),
        ("a@", ("a", "")),
    ],
)
def test_the_parts_of_an_address(address, parts):
    assert split_address(address) == parts


@given(st.text(alphabet='ab "\\@.', min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_quotes_are_no_part_of_an_address(local):
    quoted = '"{0}"@example.com'.format(local.replace("\\", "\\\\").replace('"', '\\"'))
    assert split_address(quoted) == (local, "example.com")


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


def test_a_summary():
    summary = QueueTotals()
    summary.add(message(recipients=["a@example.org", "b@EXAMPLE.org", "c@example.net"], reason="450 4.2.2 full"))
    summary.add(message("", ["a@example.org"], queue="hold", arrival=int(NOW) - 60))
    facts_ = summary.facts(NOW)
    assert facts_ == {
        "total": 2,
        "size": 2000,
        "oldest": int(NOW) - 3600,
        "oldest_age": 3600,
        "by_queue": {"deferred": 1, "hold": 1},
        "by_sender_domain": [{"name": "<>", "count": 1}, {"name": "web01.example.com", "count": 1}],
        "by_recipient_domain": [{"name": "example.org", "count": 2}, {"name": "example.net", "count": 1}],
        "by_reason": [{"name": "4.2.2", "count": 1}, {"name": "none", "count": 1}],
    }
    assert QueueTotals().facts(NOW)["oldest_age"] is None


def test_a_summary_does_not_grow_with_a_spammers_domains():
    summary = QueueTotals()
    for number in range(MOST_KEYS + 7):
        summary.add(message("a@d{0}.example".format(number)))
    domains = summary.facts(NOW)["by_sender_domain"]
    assert len(domains) == MOST_KEYS + 1 and domains[0] == {"name": OTHERS, "count": 7}


def test_a_result_has_no_bytes_that_are_not_utf_8():
    # What surrogateescape makes of a byte on Python 3; on Python 2 it is the byte.
    strange = "\xff" if bytes is str else "\udcff"
    found = facts(message("{0}@example.com".format(strange), reason=strange))
    json.dumps(found, ensure_ascii=False).encode("utf-8") if bytes is not str else json.dumps(found)
