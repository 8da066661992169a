# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.queue_table import (
    queue_clients,
    queue_clients_meant,
    queue_outcome,
    queue_result,
    queue_table,
    queue_verdict,
    queues_left,
)


def entry(sender="app@web01.example.com", address="a@example.org", reason="", state=""):
    return {
        "queue": "deferred",
        "queue_id": "8B4671C40A2",
        "sender": sender,
        "size": 2048,
        "arrival": 0,
        "state": state,
        "recipients": [{"address": address, "reason": reason}],
    }


def client(name, address="", count=1, age=7300):
    return {"name": name, "address": address, "count": count, "oldest": 10000 - age, "oldest_age": age}


def queue(messages, total=None, **numbers):
    total = len(messages) if total is None else total
    count = [{"name": "example.org", "count": total}]
    return dict(
        {
            "mta": "postfix",
            "total": total,
            "size": 5000,
            "oldest": 0,
            "oldest_age": 7300,
            "by_queue": {"deferred": total},
            "by_client": [client("web01.example.com", "10.20.0.11", total)],
            "by_sender_domain": count,
            "by_recipient_domain": count,
            "by_reason": count,
            "messages": messages,
        },
        **numbers,
    )


def test_a_queue():
    assert queue_table(queue([entry("", reason="450 4.2.2 full", state="expiring")]), "smtp-relay001") == [
        "smtp-relay001 (postfix): 1 message, 5 KiB, the oldest is 2 h old",
        "client                   1  web01.example.com [10.20.0.11], the oldest is 2 h old",
        "queue                    1  deferred",
        "sender domain            1  example.org",
        "recipient domain         1  example.org",
        "reason                   1  example.org",
        "deferred 8B4671C40A2 (expiring) 2 KiB from <>",
        "    to <a@example.org>: 450 4.2.2 full",
    ]


def test_a_host_that_has_answered_is_known_by_what_it_calls_itself():
    clients = [
        client("web02.example.com", "10.20.0.12", 2336, 60),
        client("fd00:20:10::12", "fd00:20:10::12", 2285, 90),
        client("vm", "192.0.2.8", 1, 5),
        client("docker", "172.17.0.1", 1, 5),
    ]
    found = {
        "relay": queue([entry()], by_client=clients, host={"names": ["vm"], "addresses": ["10.20.0.1", "172.17.0.1"]}),
        "web02": queue([], host={"names": ["vm"], "addresses": ["10.20.0.12", "172.17.0.1", "FD00:20:10:0::12"]}),
        "web03": None,
    }
    names = {"web02": {"names": ["web02"], "addresses": []}}
    result = queue_result(found, {}, {}, None, names)
    (of_relay, _of_web02) = result["hosts"]
    assert [row["host"] for row in of_relay["queue"]["by_client"]] == ["web02", "web02", None, None]
    assert "host" not in of_relay["queue"]
    assert "client                4621  web02 [10.20.0.12, fd00:20:10::12], the oldest is 1 min old" in queue_verdict(
        result, 0
    )


EMPTY = queue([], size=0, oldest_age=None, by_queue={}, by_client=[])
DONE = {"mta": "postfix", "affected": 0, "matched": 0, "left_alone": [], "messages": [], "plan_file": ""}


@pytest.mark.parametrize(
    ("found", "done", "selected", "ok"),
    [
        ({"relay": EMPTY}, {}, False, True),
        ({"relay": EMPTY}, {}, True, False),
        ({"relay": EMPTY, "web01": queue([entry()])}, {}, True, True),
        ({"relay": EMPTY}, {"relay": DONE}, True, False),
        # It was on hold before.
        ({"relay": queue([entry()])}, {"relay": DONE}, True, True),
        # What is taken back was in no queue.
        ({"relay": None}, {"relay": dict(DONE, affected=2, matched=2)}, True, True),
    ],
)
def test_it_is_not_well_where_none_of_the_messages_that_were_named_is_there(found, done, selected, ok):
    result = queue_result(found, done, done, "hold" if done else None, None, selected)
    assert result["ok"] is ok
    assert result["summary"] == ("" if ok else "No message was found.")
    assert ("No message was found." in queue_verdict(result)) is not ok


def test_what_did_not_answer_is_in_the_summary_too():
    result = queue_result({"relay": EMPTY, "web01": {"unreachable": True, "msg": "no route"}}, {}, {}, None, None, True)
    assert result["summary"] == "No message was found. web01: no route."
    assert queue_verdict(result)[-2:] == ["No message was found.", "not complete: web01: no route."]


def test_an_empty_queue():
    assert queue_table(queue([], oldest_age=None), "web01") == ["web01 (postfix): 0 messages"]


def test_a_long_queue_is_shortened_and_says_so():
    domains = [{"name": "d{0}.example".format(number), "count": 2} for number in range(20)]
    lines = queue_table(queue([entry()] * 9, total=300, by_sender_domain=domains), "web01", 5)
    assert "                        24  and 12 more" in lines
    assert lines[-1] == "and 295 messages more"
    assert len([line for line in lines if line.startswith("deferred ")]) == 5


def test_clients_have_the_names_of_the_inventory():
    clients = [
        client("web02.example.com", "10.20.0.12", 5000, 3600),
        client("(this host)", "", 40),
        client("fd00::12", "fd00::12", 7, 90000),
        client("WEB01.example.com", "10.20.0.11", 50),
        client("203.0.113.9", "203.0.113.9", 3, 0),
        client("(unknown)", "", 2, 59),
    ]
    hosts = {
        "web02": {"names": ["web02"], "addresses": ["10.20.0.12", "FD00:0::12"]},
        "app": {"names": ["app", "web01.example.com"], "addresses": []},
    }
    result = queue_result({"relay": queue([entry()] * 2, by_client=clients)}, {}, {}, None, hosts)
    assert [row["host"] for row in result["hosts"][0]["queue"]["by_client"]] == [
        "web02",
        None,
        "web02",
        "app",
        None,
        None,
    ]
    lines = queue_verdict(result, 0)
    assert lines[1:6] == [
        "client                5007  web02 [10.20.0.12, fd00::12], the oldest is 1 d old",
        "                        50  app [10.20.0.11], the oldest is 2 h old",
        "                        40  (this host), the oldest is 2 h old",
        "                         3  203.0.113.9, the oldest is 0 s old",
        "                         2  (unknown), the oldest is 59 s old",
    ]
    many = [client("c{0}.example".format(number), "10.0.0.{0}".format(number), 2) for number in range(20)]
    assert "                        24  and 12 more" in queue_table(queue([entry()] * 40, by_client=many), "relay", 0)


def test_no_terminal_obeys_a_strangers_address():
    evil = "\x1b[2J\x9b31m\u202e\r\n\x07"
    count = [{"name": evil, "count": 1}]
    lines = queue_table(
        queue([entry(evil, evil, evil)], by_sender_domain=count, by_reason=count, by_client=[client(evil, evil)]), evil
    )
    lines += queue_outcome(
        {"mta": "postfix", "affected": 0, "matched": 1, "left_alone": [{"queue_id": "A", "reason": evil}]}, "x", evil
    )
    assert all(line.isprintable() for line in lines)
    assert any("\\x1b[2J" in line and "\\u202e" in line for line in lines)
    assert queue_table(queue([entry("jürg@bücher.example")]), "x")[6].endswith("from <jürg@bücher.example>")


def test_what_was_done():
    result = {
        "mta": "postfix",
        "affected": 3,
        "matched": 7,
        "left_alone": [{"queue_id": "8B4671C40A2", "reason": "it was delivered"}],
    }
    assert queue_outcome(result, "web01", "delete") == [
        "web01 (postfix): delete: 3 of 7 messages",
        "left alone: 8B4671C40A2: it was delivered",
        "left alone: 3 more",
    ]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: queue_table([], "x"),
            "queue_table: the input must be a dictionary, but it is of type list. Give a result of mailops.relay.mail_queue_info.",
        ),
        (
            lambda: queue_table({"msg": "failed", "mta": "postfix", "messages": []}, "x"),
            "queue_table: the input has no total, size, oldest_age, by_queue, by_client, by_sender_domain, by_recipient_domain, by_reason. "
            "Give a result of mailops.relay.mail_queue_info.",
        ),
        (lambda: queue_table(queue([]), "x", "all"), "queue_table: messages must be a number, but it is a text."),
        (lambda: queue_table(queue([]), "x", -1), "queue_table: messages must be at least 0, not -1."),
        (
            lambda: queue_outcome({"mta": "postfix"}, "x", "delete"),
            "queue_outcome: the input has no affected, matched, left_alone. Give a result of mailops.relay.mail_queue.",
        ),
        (
            lambda: queue_outcome(None, "x", "delete"),
            "queue_outcome: the input must be a dictionary, but it is nothing. Give a result of mailops.relay.mail_queue.",
        ),
    ],
)
def test_what_they_cannot_use_is_named(call, words):
    with pytest.raises(AnsibleFilterError) as refused:
        call()
    assert str(refused.value) == words


def test_what_waits_in_the_queue_of_a_mail_system_that_is_stopped_is_said():
    waiting = {"item": "sendmail.service", "total": 3, "oldest_age": 7300}
    (said,) = queues_left([waiting])
    assert (
        said.startswith("sendmail.service is stopped with 3 messages in its queue, the oldest 2 h old")
        and "sendmail.sendmail -q" in said
    )
    (said,) = queues_left([dict(waiting, item="postfix.service", total=1)], True)
    assert (
        said.startswith("postfix.service would be stopped with 1 message in its queue")
        and "master_service_disable" in said
    )
    assert queues_left([dict(waiting, total=0)]) == []


def test_a_queue_that_cannot_be_read_is_said():
    unread = {"item": "postfix.service", "msg": "it does not run\x1b[2J", "changed": False}
    (said,) = queues_left([unread, {"item": "sendmail.service", "total": 0, "oldest_age": 0}])
    assert "could not be read: it does not run" in said and "\x1b" not in said
    (said,) = queues_left([{"item": "exim.service", "skipped": True, "changed": False}])
    assert said.startswith("exim.service is stopped, and this collection cannot read its queue")


NAMES = {
    "smtp-relay001": {"names": ["smtp-relay001", "smtp-relay001.example.com"], "addresses": [], "shared": []},
    "web02.example.com": {"names": ["web02.example.com"], "addresses": ["10.20.0.12"], "shared": ["web02"]},
    "web03.example.com": {"names": ["web03.example.com"], "addresses": [], "shared": []},
    "db01": {"names": ["db01", "jump.example.com"], "addresses": [], "shared": []},
    "db02": {"names": ["db02", "Jump.example.com"], "addresses": [], "shared": []},
    "db03": {"names": ["db03", "localhost.localdomain"], "addresses": ["127.0.0.1"], "shared": []},
}


@pytest.mark.parametrize(
    ("given", "told", "expected"),
    [
        # The relay's log has unknown[10.20.0.12].
        ("web02.example.com", [], ["web02.example.com", "10.20.0.12"]),
        (["web02.example.com"], [], ["web02.example.com", "10.20.0.12"]),
        (
            "web03.example.com,192.0.2.0/24",
            [{"item": "web03.example.com", "stdout": "10.20.0.13 2001:DB8:0::13 \n"}],
            ["web03.example.com", "10.20.0.13", "2001:db8::13", "192.0.2.0/24"],
        ),
        # The bridge of its containers has the address of the relay's.
        (
            "web03.example.com",
            [
                {"item": "web03.example.com", "stdout": "10.20.0.13 172.17.0.1"},
                {"item": "smtp-relay001", "stdout": "10.20.0.10 172.17.0.1"},
            ],
            ["web03.example.com", "10.20.0.13"],
        ),
        # It does not answer.
        (
            "web03.example.com",
            [{"item": "web03.example.com", "unreachable": True, "msg": "no route to host"}],
            ["web03.example.com"],
        ),
        ("old.example.com", [], ["old.example.com"]),
        # Reached by a port forwarder, as others are: whose messages would these be? And to the relay its loopback is itself.
        ("db01", [], ["db01"]),
        ("db03", [{"item": "db03", "stdout": "10.20.0.15 ::1"}], ["db03", "10.20.0.15"]),
    ],
)
def test_a_client_by_its_name_in_the_inventory(given, told, expected):
    assert queue_clients(given, NAMES, told) == expected


def test_which_clients_are_hosts_of_the_inventory():
    assert queue_clients_meant("web02.example.com, 10.0.0.1,web02.example.com", list(NAMES)) == ["web02.example.com"]
    assert queue_clients_meant(["old.example.com"], list(NAMES)) == []
