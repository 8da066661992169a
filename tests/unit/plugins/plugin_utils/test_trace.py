# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site, describe, plan

NOW = 1795331300.0
COMPLETE = {"first": 1795331000.0, "last": NOW, "complete": True, "problems": [], "gaps": []}
HOSTS = {
    "relay": {"names": ["relay", "relay.example.com"], "addresses": ["10.0.0.1"]},
    "web01": {"names": ["web01"], "addresses": []},
    "old01": {"names": ["old01"], "addresses": ["10.0.0.13"]},
}
CLIENT = """\
postfix/pickup[1]: AAAAAAA: uid=0 from=<root>
postfix/cleanup[1]: AAAAAAA: message-id=<1@web01>
postfix/qmgr[1]: AAAAAAA: from=<root@web01>, size=300, nrcpt=1 (queue active)
postfix/smtp[1]: AAAAAAA: to=<ops@example.net>, relay=relay.example.com[10.0.0.1]:587, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status={0}
postfix/qmgr[1]: AAAAAAA: removed
"""
HANDED = "sent (250 2.0.0 Ok: queued as BBBBBBB)"
RELAY = """\
postfix/smtpd[1]: BBBBBBB: client=web01.example.com[10.0.0.11]
postfix/cleanup[1]: BBBBBBB: message-id=<1@web01>
postfix/qmgr[1]: BBBBBBB: from=<root@web01>, size=500, nrcpt=1 (queue active)
postfix/smtp[1]: BBBBBBB: to=<ops@example.net>, relay=mx.example.net[203.0.113.2]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status={0}
"""
GONE = "postfix/qmgr[1]: BBBBBBB: removed\n"


def result(text, **changes):
    """What mail_log_info returns of a host with this log."""
    assembler = Assembler()
    reader = LogReader(assembler, Readers)
    assembler.use(reader.lexer)
    reader.feed(
        "".join("2026-11-22T07:07:44.5+00:00 h {0}\n".format(line) for line in text.splitlines()).encode("ascii")
    )
    messages = [dict(finish(hop), **dict({"queue": None, "next_try": None}, **changes)) for hop in assembler.hops]
    return {
        "messages": messages,
        "rejects": [],
        "total": len(messages),
        "log": COMPLETE,
        "host": {"names": [], "addresses": []},
    }


def only(results):
    (trace,) = describe(Site(HOSTS, results), NOW)
    return trace


def test_hops_are_joined_by_the_ID_in_the_reply():
    trace = only({"web01": [result(CLIENT.format(HANDED))], "relay": [result(RELAY.format("sent (250 ok)") + GONE)]})
    assert [hop["host"] for hop in trace["hops"]] == ["web01", "relay"]
    assert trace["verdict"] == "delivered" and trace["origin"] == "web01, by a program of its own"
    assert trace["hops"][0]["next"] == [{"delivery": 0, "hop": 2}]


def test_without_an_ID_the_message_ID_joins():
    trace = only(
        {"web01": [result(CLIENT.format("sent (250 ok)"))], "relay": [result(RELAY.format("sent (250 ok)") + GONE)]}
    )
    assert [hop["host"] for hop in trace["hops"]] == ["web01", "relay"]


@pytest.mark.parametrize("other", ["message-id=<2@web01>", None])
def test_what_is_not_the_same_message_is_not_joined(other):
    text = RELAY.format("sent (250 ok)") + GONE
    relay = result(text.replace("message-id=<1@web01>", other) if other else text.replace("BBBBBBB", "CCCCCCC"))
    if other is None:
        for hop in relay["messages"]:
            hop["message_id"] = "<3@web01>"
    traces = describe(Site(HOSTS, {"web01": [result(CLIENT.format(HANDED))], "relay": [relay]}), NOW)
    assert sorted(trace["verdict"] for trace in traces) == ["delivered", "lost"]


def test_a_deferred_message_tells_where_it_is_and_when_it_is_tried_again():
    relay = result(
        RELAY.format("deferred (connect to mx.example.net: Connection refused)"), queue="deferred", next_try=NOW + 60
    )
    trace = only({"relay": [relay]})
    (end,) = trace["verdicts"]
    assert trace["verdict"] == "deferred"
    assert (
        "Connection refused, still in the queue of relay (deferred), next attempt 20" in end["text"]
        and "(in 60 s)" in end["text"]
    )
    assert trace["origin"].startswith(
        "web01 (web01.example.com[10.0.0.11]); what came before is not known: web01 was not asked"
    )


def test_a_deferred_message_that_is_in_no_queue_is_lost():
    relay = result(RELAY.format("deferred (connect to mx.example.net: Connection refused)"), queue="gone")
    assert only({"relay": [relay]})["verdict"] == "lost"


def test_a_bounce_brings_its_notice_with_it():
    text = RELAY.format("bounced (host mx.example.net said: 550 no such user)") + (
        "postfix/cleanup[1]: DDDDDDD: message-id=<2@relay>\n"
        "postfix/qmgr[1]: DDDDDDD: from=<>, size=900, nrcpt=1 (queue active)\n"
        "postfix/bounce[1]: BBBBBBB: sender non-delivery notification: DDDDDDD\n"
        "postfix/qmgr[1]: BBBBBBB: removed\n"
        "postfix/local[1]: DDDDDDD: to=<root@relay>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)\n"
        "postfix/qmgr[1]: DDDDDDD: removed\n"
    )
    trace = only({"relay": [result(text)]})
    assert trace["verdict"] == "bounced"
    assert [(end["verdict"], end["notification"]) for end in trace["verdicts"]] == [
        ("bounced", False),
        ("delivered", True),
    ]
    assert trace["hops"][1]["led_by"] == {"kind": "bounce", "hop": 1}


@pytest.mark.parametrize(
    "relay, words",
    [
        ([], "relay was not asked"),
        ([{"problem": "no route to host"}], "relay could not be asked: no route to host"),
        ([result("")], "the log of relay from 20"),
        ([dict(result(""), log=dict(COMPLETE, complete=False))], "and it is not complete"),
        ([dict(result(""), log=dict(COMPLETE, first=None))], "relay has no log of mail that could be read"),
    ],
)
def test_where_the_trail_ends_it_says_why(relay, words):
    trace = only({"web01": [result(CLIENT.format(HANDED))], "relay": relay})
    (end,) = trace["verdicts"]
    assert trace["verdict"] == "lost" and "lost from sight at relay" in end["text"]
    assert words in end["text"] and "BBBBBBB" in end["text"]


def bounced_at_the_relay(**relay):
    """The trace of a message of web01 that bounces at the relay, whose hops have these facts."""
    text = RELAY.format("bounced (no such host)") + (
        "postfix/bounce[1]: BBBBBBB: sender non-delivery notification: CCCCCCC\n"
        "postfix/cleanup[1]: CCCCCCC: message-id=<2@relay>\n"
        "postfix/qmgr[1]: CCCCCCC: from=<>, size=2000, nrcpt=1 (queue active)\n"
    )
    return only({"web01": [result(CLIENT.format(HANDED))], "relay": [result(text, **relay)]})


@pytest.mark.parametrize("ahead", [0, 7])
def test_what_caused_a_hop_comes_before_it_whatever_the_clocks_say(ahead):
    """In a log of whole seconds all begin at the same time; and clocks differ."""
    trace = bounced_at_the_relay(first=1795331264.5 - ahead)
    assert [(hop["host"], hop["queue_id"]) for hop in trace["hops"]] == [
        ("web01", "AAAAAAA"),
        ("relay", "BBBBBBB"),
        ("relay", "CCCCCCC"),
    ]
    assert trace["message_id"] == "<1@web01>" and trace["sender"] == "root@web01"
    assert trace["origin"] == "web01, by a program of its own" and trace["verdict"] == "bounced"


def test_each_recipient_has_a_verdict_and_the_worst_is_the_messages():
    text = (
        RELAY.format("sent (250 ok)")
        + RELAY.splitlines()[3].format("bounced (550 no)").replace("ops@", "nobody@")
        + "\n"
        + GONE
    )
    trace = only({"relay": [result(text)]})
    assert dict((end["recipient"], end["verdict"]) for end in trace["verdicts"]) == {
        "ops@example.net": "delivered",
        "nobody@example.net": "bounced",
    }
    assert trace["verdict"] == "bounced"


def test_the_client_is_asked_by_the_relays_ID_and_the_message_ID():
    asked = set()
    site = Site(HOSTS, {"relay": [result(RELAY.format("sent (250 ok)") + GONE)]})
    assert plan(site, list(HOSTS), True, {}, asked) == {
        "web01": {"queued_as": ["BBBBBBB"], "message_id": ["<1@web01>"]}
    }
    assert plan(site, list(HOSTS), True, {}, asked) == {}


def test_the_relay_is_asked_by_the_ID_that_it_gave():
    site = Site(HOSTS, {"relay": [result("")], "web01": [result(CLIENT.format(HANDED))]})
    assert plan(site, list(HOSTS), True, {}, set()) == {"relay": {"queue_id": ["BBBBBBB"]}}


def test_who_knows_nothing_makes_all_be_asked():
    site = Site(HOSTS, {"relay": [result("")]})
    assert plan(site, list(HOSTS), True, {"sender": ["a@b"]}, set()) == {
        "web01": {"sender": ["a@b"]},
        "old01": {"sender": ["a@b"]},
    }


def test_a_host_is_known_by_address_name_or_a_label_that_is_its_alone():
    site = Site(HOSTS, {})
    assert site.host_of({"name": "", "address": "10.0.0.13"}) == "old01"
    assert site.host_of({"name": "RELAY.example.com.", "address": ""}) == "relay"
    assert site.host_of({"name": "web01.example.org", "address": "192.0.2.1"}) == "web01"
    assert site.host_of({"name": "mx.example.net", "address": "203.0.113.2"}) is None


def test_a_host_is_known_by_its_address_in_every_notation():
    hosts = dict(HOSTS, web02={"names": ["web02"], "addresses": ["FD00:20:1:0::12", "172.17.0.1", "fe80::1"]})
    told = {
        "messages": [],
        "log": COMPLETE,
        "host": {"names": [], "addresses": ["fd00:20:1::11", "172.17.0.1", "fe80::1"]},
    }
    site = Site(hosts, {"web01": [told]})
    for text in ("fd00:20:1::12", "IPv6:fd00:20:1::12", "FD00:20:1::12"):
        assert site.host_of({"name": "", "address": text}) == "web02"
    # The log of the relay knows no name of it, and the inventory no address; its own log's host told that.
    assert site.host_of({"name": "", "address": "fd00:20:1:0::11"}) == "web01"
    # Each host has these.
    assert site.host_of({"name": "", "address": "172.17.0.1"}) is None
    assert site.host_of({"name": "", "address": "fe80::1"}) is None
