# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import copy
import os
import time

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.filter.trace import (
    trace_criteria,
    trace_plan,
    trace_result,
    trace_strangers,
    trace_table,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "module_utils", "postfix", "fixtures")
LOG = {
    "sources": ["/var/log/mail.log"],
    "first": 1795331000.0,
    "last": 1795331300.0,
    "complete": True,
    "problems": [],
    "gaps": [],
    "unreadable": 0,
    "unknown": 0,
    "samples": [],
}
NAMES = {
    "relay": {"names": ["relay", "relay.example.com"], "addresses": ["10.0.0.1"]},
    "web01": {"names": ["web01"], "addresses": []},
    "web02": {"names": ["web02"], "addresses": []},
}
CLIENT = """\
postfix/pickup[1]: AAAAAAA: uid=0 from=<root>
postfix/cleanup[1]: AAAAAAA: message-id=<1@web01>
postfix/qmgr[1]: AAAAAAA: from=<root@web01>, size=300, nrcpt=1 (queue active)
postfix/smtp[1]: AAAAAAA: to=<ops@example.net>, orig_to=<ops>, relay=relay.example.com[10.0.0.1]:587, delay=0.5, delays=0.1/0/0.2/0.2, \
dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as BBBBBBB)
postfix/qmgr[1]: AAAAAAA: removed
"""
RELAY = """\
postfix/smtpd[1]: BBBBBBB: client=web01.example.com[10.0.0.11]
postfix/cleanup[1]: BBBBBBB: message-id=<1@web01>
postfix/qmgr[1]: BBBBBBB: from=<root@web01>, size=500, nrcpt=1 (queue active)
postfix/smtp[1]: BBBBBBB: to=<ops@example.net>, relay=mx.example.net[203.0.113.2]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, \
status=sent (250 ok)
postfix/qmgr[1]: BBBBBBB: removed
"""
REFUSED = {
    "time": 1795331264.5,
    "action": "reject",
    "stage": "RCPT",
    "client": "web02[10.0.0.12]",
    "sender": "app@web02",
    "recipient": "x@example.net",
    "reply": "554 5.7.1 Relay access denied",
}


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def hops_of(text):
    assembler = Assembler()
    reader = LogReader(assembler, Readers)
    assembler.use(reader.lexer)
    reader.feed(text)
    return [dict(finish(hop), queue=None, next_try=None) for hop in assembler.hops]


def told(text="", **changes):
    """What a task registers of mail_log_info on a host with this log."""
    messages = hops_of("".join(f"2026-11-22T07:07:44.5+00:00 h {line}\n" for line in text.splitlines()).encode("ascii"))
    result = {
        "messages": messages,
        "rejects": [],
        "total": len(messages),
        "log": LOG,
        "host": {"names": [], "addresses": []},
    }
    return dict(result, changed=False, **changes)


def test_only_what_was_given_is_looked_for():
    given_by_hand = {
        "message_id": "<1@web01>",
        "queue_id": None,
        "sender": ["a@b", "c@d"],
        "client": ("x",),
        "status": 5,
    }
    assert trace_criteria(given_by_hand) == {
        "message_id": ["<1@web01>"],
        "sender": ["a@b", "c@d"],
        "client": ["x"],
        "status": ["5"],
    }
    assert trace_criteria({"queue_id": None}) == {}


def test_each_round_asks_who_is_on_the_way_and_nobody_twice():
    rounds = [{"relay": told(RELAY), "web01": {"skipped": True}, "web02": None}]
    plan = trace_plan([], NAMES, rounds, {"message_id": ["<1@web01>"]})
    assert plan["ask"] == {"web01": {"queued_as": ["BBBBBBB"], "message_id": ["<1@web01>"]}}
    assert plan["asked"] == [["web01", "message_id", "<1@web01>"], ["web01", "queued_as", "BBBBBBB"]]
    rounds.append({"relay": {"skipped": True}, "web01": told(CLIENT), "web02": {"skipped": True}})
    # The message was found early: the rounds that are left ask nobody.
    for _round in range(2):
        plan = trace_plan(plan["asked"], NAMES, rounds, {"message_id": ["<1@web01>"]})
        assert plan["ask"] == {}


def test_all_others_are_asked_when_no_relay_knows_of_it():
    first = {"sender": ["root@web01"]}
    plan = trace_plan([], NAMES, [{"relay": told()}], first)
    assert plan == {"ask": {"web01": first, "web02": first}, "asked": []}
    # Who could not be asked is not asked again.
    rounds = [{"relay": told()}, {"web01": {"unreachable": True, "msg": "no route"}, "web02": told()}]
    assert trace_plan([], NAMES, rounds, first)["ask"] == {}


def test_the_way_as_data_and_as_lines():
    result = trace_result(NAMES, [{"relay": told(RELAY)}, {"web01": told(CLIENT), "relay": {"skipped": True}}])
    assert result["asked"] == ["relay", "web01"] and result["problems"] == [] and result["rejects"] == []
    (trace,) = result["traces"]
    assert trace["verdict"] == "delivered" and [hop["host"] for hop in trace["hops"]] == ["web01", "relay"]
    assert trace_table(result) == [
        "DELIVERED <1@web01> from <root@web01>",
        "  <ops@example.net> delivered: mx.example.net[203.0.113.2]:25 took it: 250 ok",
        "  came from: web01, by a program of its own",
        "  1. web01 (postfix) AAAAAAA  2026-11-22 07:07:44.500, made here, 300 bytes",
        "       2026-11-22 07:07:44.500 <ops@example.net> (for <ops>) sent via relay.example.com[10.0.0.1]:587, dsn 2.0.0, no TLS -> hop 2",
        "         after 0.5 s = 0.1 before the queue + 0.0 in it + 0.2 to connect + 0.2 to send",
        "         250 2.0.0 Ok: queued as BBBBBBB",
        "  2. relay (postfix) BBBBBBB  2026-11-22 07:07:44.500, from web01.example.com[10.0.0.11], 500 bytes",
        "       2026-11-22 07:07:44.500 <ops@example.net> sent via mx.example.net[203.0.113.2]:25, dsn 2.0.0, no TLS",
        "         after 0.1 s = 0.0 before the queue + 0.0 in it + 0.0 to connect + 0.1 to send",
        "         250 ok",
    ]


def test_what_was_refused_and_what_is_not_certain_is_said():
    relay = told(RELAY, rejects=[REFUSED], total=40)
    relay["log"] = dict(LOG, gaps=[{"text": "imuxsock lost 243 messages"}])
    result = trace_result(
        NAMES,
        [
            {"relay": relay},
            {"web01": {"unreachable": True, "msg": "no route"}, "web02": {"failed": True, "msg": "no log"}},
        ],
    )
    assert result["rejects"] == [dict(REFUSED, host="relay")] and result["asked"] == ["relay", "web01", "web02"]
    lines = trace_table(result)
    assert (
        "  came from: web01 (web01.example.com[10.0.0.11]); what came before is not known: web01 could not be asked: no route"
        in lines
    )
    assert not result["complete"]
    assert lines[-6:] == [
        "REFUSED at RCPT on relay, 2026-11-22 07:07:44.500: from web02[10.0.0.12], sender <app@web02>, recipient <x@example.net>: "
        "554 5.7.1 Relay access denied",
        "INCOMPLETE: not all hosts have answered.",
        "not certain: relay: 40 messages are meant, of which the newest are shown",
        "not certain: relay: lines were lost: imuxsock lost 243 messages",
        "not certain: web01 could not be asked: no route",
        "not certain: web02 could not be asked: no log",
    ]


@pytest.mark.parametrize("action", ["reject_warning", "filter", "redirect", "hold"])
def test_a_rule_that_refuses_nothing_is_not_shown_as_a_refusal(action):
    lines = trace_table(trace_result(NAMES, [{"relay": told(rejects=[dict(REFUSED, action=action)])}]))
    assert lines[0].startswith(action.upper() + " at RCPT on relay, ")


def test_nothing_was_found():
    result = trace_result(NAMES, [{"relay": told(), "web01": None}])
    assert trace_table(result) == [
        "No message was found.",
        "read on relay: /var/log/mail.log: it begins on 2026-11-22 07:03:20.000",
    ]
    assert not result["ok"] and result["silent"] == {} and result["summary"] == "No message was found."
    empty = told(log=dict(LOG, first=None, last=None))
    assert trace_table(trace_result(NAMES, [{"relay": empty}]))[1:] == [
        "read on relay: /var/log/mail.log: no line of a mail system is in it"
    ]


def test_who_did_not_answer_is_told_from_who_has_refused():
    rounds = [{"relay": told(RELAY), "web01": {"unreachable": True, "msg": "no route"}}]
    result = trace_result(NAMES, rounds)
    assert result["silent"] == {"web01": "web01 could not be asked: no route"} and result["ok"]
    result = trace_result(NAMES, [{"relay": told(RELAY), "web01": {"failed": True, "msg": "cannot be read"}}])
    assert result["silent"] == {} and not result["ok"]
    assert result["nothing"] == [] and result["summary"] == "web01 could not be asked: cannot be read"


def test_a_bounce_with_its_notice():
    text = RELAY.replace("status=sent (250 ok)", "status=bounced (550 no such user)").replace(
        "postfix/qmgr[1]: BBBBBBB: removed\n", ""
    ) + (
        "postfix/cleanup[1]: DDDDDDD: message-id=<2@relay>\n"
        "postfix/qmgr[1]: DDDDDDD: from=<>, size=900, nrcpt=1 (queue active)\n"
        "postfix/bounce[1]: BBBBBBB: sender non-delivery notification: DDDDDDD\n"
        "postfix/qmgr[1]: BBBBBBB: removed\n"
        "postfix/local[1]: DDDDDDD: to=<root@relay>, relay=local, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (delivered to mailbox)\n"
        "postfix/qmgr[1]: DDDDDDD: removed\n"
    )
    lines = trace_table(trace_result(NAMES, [{"relay": told(text)}]))
    assert lines[0] == "BOUNCED <1@web01> from <root@web01>"
    assert "  <root@relay> notice delivered: on relay (local): delivered to mailbox" in lines
    assert "  2. relay (postfix) DDDDDDD  2026-11-22 07:07:44.500, non-delivery notice of hop 1, 900 bytes" in lines


@pytest.mark.parametrize("name", ["maillog.2.10.1.txt", "maillog-kinds.3.7.11-bookworm.txt"])
def test_a_real_log_can_be_shown(name):
    with open(os.path.join(FIXTURES, name), "rb") as source:
        messages = hops_of(source.read())
    assert len(messages) > 20
    result = trace_result(NAMES, [{"relay": dict(told(), messages=messages, total=len(messages))}])
    lines = trace_table(result)
    assert sum(len(trace["hops"]) for trace in result["traces"]) == len(messages)
    assert len([line for line in lines if " (postfix) " in line]) >= len(messages)
    assert all(line.isprintable() for line in lines)


@given(st.text(max_size=40), st.sampled_from(["reply", "recipient", "orig_to", "tls", "dsn"]))
def test_no_terminal_obeys_a_strangers_text(text, field):
    relay = told(RELAY, rejects=[dict(REFUSED, reply=text, sender=text)])
    relay["messages"] = copy.deepcopy(relay["messages"])
    relay["messages"][0]["deliveries"][0][field] = text
    relay["messages"][0]["message_id"] = text
    assert all(line.isprintable() for line in trace_table(trace_result(NAMES, [{"relay": relay}])))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: trace_criteria("<1@web01>"), "trace_criteria: the input must be a dictionary, but it is a text."),
        (lambda: trace_plan([], NAMES, [], ["x"]), "trace_plan: first must be a dictionary, but it is of type list."),
        (lambda: trace_plan({}, NAMES, [], {}), "trace_plan: the input must be a list, but it is of type dict."),
        (
            lambda: trace_plan(["web01"], NAMES, [], {}),
            "trace_plan: an element of the input must be a list, but it is a text.",
        ),
        (lambda: trace_plan([], ["web01"], [], {}), "trace_plan: hosts must be a dictionary, but it is of type list."),
        (lambda: trace_plan([], {"web01": {}}, [], {}), "trace_plan: hosts: web01 has no names, addresses."),
        (
            lambda: trace_plan([], NAMES, {"web01": told()}, {}),
            "trace_plan: rounds must be a list, but it is of type dict.",
        ),
        (
            lambda: trace_plan([], NAMES, [told], {}),
            "trace_plan: element 1 of rounds must be a dictionary, but it is of type function.",
        ),
        (
            lambda: trace_result(NAMES, [{"web01": "x"}]),
            "trace_result: rounds: the result of web01 must be a dictionary, but it is a text.",
        ),
        (
            lambda: trace_result(NAMES, [{"web01": {"ping": "pong"}}]),
            "trace_result: rounds: the result of web01 has no messages, rejects, total, log. It must be a result of mailops.relay.mail_log_info.",
        ),
        (
            lambda: trace_table([]),
            "trace_table: the input must be a dictionary, but it is of type list. Give what trace_result returned.",
        ),
        (
            lambda: trace_table({}),
            "trace_table: the input has no traces, rejects, read, problems, complete, nothing. Give what trace_result returned.",
        ),
    ],
)
def test_what_they_cannot_use_is_named(call, words):
    with pytest.raises(AnsibleFilterError) as refused:
        call()
    assert str(refused.value) == words


def test_clients_by_whose_address_no_host_is_known():
    hop = {"instance": "", "queue_id": "A", "first": 1795331000.0, "message_id": None, "deliveries": [], "links": []}
    clients = [
        {"name": "", "address": "fd00:20:1::11"},
        {"name": "", "address": "FD00:20:1:0::12"},
        {"name": "web01.example.com", "address": "10.0.0.77"},
        {"name": "localhost", "address": "127.0.0.1"},
        {"name": "", "address": ""},
        None,
    ]
    told = {"messages": [dict(hop, client=client) for client in clients], "rejects": [], "total": 6, "log": LOG}
    hosts = dict(NAMES, web02={"names": ["web02"], "addresses": ["fd00:20:1::12"]})
    assert trace_strangers(hosts, [{"relay": told, "web01": None}]) == ["fd00:20:1::11"]
    assert trace_strangers(hosts, []) == []
