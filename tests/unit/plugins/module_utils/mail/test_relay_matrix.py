# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct
import time

import pytest
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host.stream import Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail import relay_matrix
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError
from ansible_collections.mailops.relay.plugins.module_utils.mail.relay_matrix import (
    FORMS,
    Channel,
    channels_of,
    judge,
    own_domain,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Reply, shown

COUNT = len(FORMS)
DENIED = "554 5.7.1 Relay access denied"
DOMAINS = {"domain": "example.net", "foreign": "example.org"}


def matrix(server, tls="none", seconds=20):
    """dict: the facts of one channel."""
    channel = Channel(server.address, server.port, tls, DOMAINS, None, Deadline(seconds))
    channel.run()
    return channel.facts()


def counts(facts):
    return facts["accepted"], facts["refused"], facts["unknown"]


def names(facts, verdict):
    return set(entry["form"] for entry in facts["forms"] if entry["verdict"] == verdict)


def no_such_mailbox(command):
    """The answer of an open relay that knows its own mailboxes."""
    return "550 5.1.1 no such user" if "nosuch-" in command else "250 2.1.5 Ok"


def test_each_form_has_a_name_of_its_own_and_nmap_has_sixteen():
    assert len(set(form.id for form in FORMS)) == COUNT == 32
    assert len(set((form.sender, form.recipient) for form in FORMS)) == COUNT
    assert sum(form.nmap for form in FORMS) == 16


def test_a_closed_relay_accepts_nothing(serve, mta):
    server = mta({"RCPT": DENIED})
    facts = matrix(serve(server))
    assert (facts["state"], counts(facts)) == ("tested", (0, COUNT, 0))
    assert facts["server_name"] == "relay.example.com"
    verbs = set(command.split(" ")[0].split(":")[0] for command in server.said)
    assert verbs == {"EHLO", "MAIL", "RCPT", "RSET", "QUIT"}
    recipients = [command[8:] for command in server.said if command.startswith("RCPT")]
    assert (
        '<"relaytest@example.net"@relay.example.com>' in recipients
        and "<example.net!relaytest@[127.0.0.1]>" in recipients
    )
    assert "MAIL FROM:<antispam@example.com>" in server.said


def test_an_open_relay_accepts_everything_and_what_was_said_is_kept(serve, mta):
    facts = matrix(serve(mta({"RCPT": no_such_mailbox})))
    assert counts(facts) == (COUNT, 0, 0)
    entry = next(entry for entry in facts["forms"] if entry["form"] == "third-party")
    assert entry["transcript"] == [
        "C: MAIL FROM:<antispam@example.org>",
        "S: 250 2.0.0 Ok",
        "C: RCPT TO:<relaytest@example.net>",
        "S: 250 2.1.5 Ok",
        "C: RSET",
        "S: 250 2.0.0 Ok",
    ]


def test_the_forms_that_get_through_are_found(serve, mta):
    server = mta(
        {"RCPT": lambda command: no_such_mailbox(command) if "%" in command or "nosuch" in command else DENIED}
    )
    facts = matrix(serve(server))
    assert names(facts, "accepted") == set(form.id for form in FORMS if "%" in form.recipient)
    assert counts(facts)[2] == 0


def test_a_server_that_takes_any_mailbox_of_its_own_relays_nothing_by_that(serve, mta):
    """Only recipients that end in another's domain show that it relays."""
    facts = matrix(
        serve(mta({"RCPT": lambda command: DENIED if command.endswith("@example.net>") else "250 2.1.5 Ok"}))
    )
    assert names(facts, "unknown") == set(form.id for form in FORMS if form.local)
    assert names(facts, "accepted") == {"no-brackets", "foreign-literal"}
    entry = next(entry for entry in facts["forms"] if entry["form"] == "percent-server")
    assert "any mailbox" in entry["reason"] and entry["code"] == 250


@pytest.mark.parametrize("answer", ["421 4.3.2 going down", "450 4.2.0 Greylisted"])
def test_where_the_server_does_not_say_whether_it_takes_any_mailbox_nothing_is_known(serve, mta, answer):
    facts = matrix(serve(mta({"RCPT": lambda command: answer if "nosuch-" in command else "250 2.1.5 Ok"})))
    assert names(facts, "unknown") == set(form.id for form in FORMS if form.local)
    entry = next(entry for entry in facts["forms"] if entry["form"] == "percent-server")
    assert "test again" in entry["reason"] and entry["code"] == 250


def test_a_mailbox_that_is_refused_for_now_since_nobody_relays_to_it_is_not_taken(serve, mta):
    """Postfix as it is installed refuses to relay with 454."""
    denied = "454 4.7.1 Relay access denied"
    facts = matrix(serve(mta({"RCPT": lambda command: denied if "nosuch-" in command else "250 2.1.5 Ok"})))
    assert counts(facts) == (COUNT, 0, 0)


def test_a_form_whose_sender_is_refused_is_tried_with_another(serve, mta):
    server = mta({"MAIL FROM:<antispam@[": "553 5.1.7 bad sender", "RCPT": no_such_mailbox})
    facts = matrix(serve(server))
    assert names(facts, "refused") == {"literal-sender", "loopback-sender"}
    entry = next(entry for entry in facts["forms"] if entry["form"] == "bang-server")
    assert (entry["verdict"], entry["sender"]) == ("accepted", "<antispam@example.org>")


def test_greylisting_is_no_refusal(serve, mta):
    assert counts(matrix(serve(mta({"RCPT": "450 4.2.0 Greylisted, see you later"})))) == (0, 0, COUNT)


@pytest.mark.parametrize(
    "reply",
    [
        # Postfix 3.7.11 with an unknown restriction, and with a table that is not there.
        "451 4.3.5 Server configuration error",
        "451 4.3.5 <antispam@example.org>: Sender address rejected: Server configuration error",
    ],
)
def test_a_relay_that_takes_nothing_since_it_is_broken_refuses_nobody(serve, mta, reply):
    facts = matrix(serve(mta({"RCPT": reply})))
    assert counts(facts) == (0, 0, COUNT)
    assert set(entry["reason"] for entry in facts["forms"]) == {
        "the server's own configuration is broken, so that it takes nothing from anybody"
    }


@pytest.mark.parametrize("verdict, status", [("refused", "warning"), ("accepted", "failed")])
def test_a_way_in_whose_test_was_cut_off_is_not_known(monkeypatch, verdict, status):
    def stuck(channel):
        channel.forms.append({"form": FORMS[0].id, "verdict": verdict, "recipient": "<a@example.net>"})
        time.sleep(3)

    monkeypatch.setattr(Channel, "run", stuck)
    monkeypatch.setattr(relay_matrix, "_GRACE", 0)
    params = {
        "server": "127.0.0.1",
        "addresses": None,
        "ports": [25],
        "tls": "none",
        "server_name": None,
        "timeout": 0.3,
    }
    result = relay_matrix.probe(dict(params, sender_domain="example.org", recipient_domain="example.net"))
    assert (result["status"], result["unknown"], result[verdict]) == (status, COUNT - 1, 1)
    assert result["channels"][0]["state"] == "failed" and "no verdict within" in result["channels"][0]["reason"]


def test_a_server_that_hangs_up_on_errors_is_met_again(serve, mta):
    class Strict(mta):
        def __init__(self):
            super(Strict, self).__init__()
            self.errors = 0

        def answer(self, command):
            if not command.startswith("RCPT"):
                return super(Strict, self).answer(command)
            self.errors += 1
            return "421 4.7.0 too many errors" if self.errors % 4 == 0 else DENIED

    listening = serve(Strict())
    facts = matrix(listening)
    assert counts(facts) == (0, COUNT, 0)
    assert listening.connections > COUNT // 4


def test_a_connection_that_is_dropped_is_no_refusal(serve, mta):
    facts = matrix(serve(mta({"RCPT": lambda command: None if "!" in command else DENIED})))
    assert names(facts, "unknown") == set(form.id for form in FORMS if "!" in form.recipient)
    assert all("connection was lost" in entry["reason"] for entry in facts["forms"] if entry["verdict"] == "unknown")


def test_a_stall_ends_in_time_and_what_was_known_before_stays(serve, mta):
    def slow(command):
        if "%" in command:
            time.sleep(3)
        return DENIED

    begun = time.time()
    facts = matrix(serve(mta({"RCPT": slow})), seconds=1)
    assert time.time() - begun < 3
    assert facts["forms"][0]["verdict"] == "refused" and facts["forms"][-1]["verdict"] == "unknown"
    assert sum(counts(facts)) == COUNT


@pytest.mark.parametrize(
    "options, tls, state, words",
    [
        ({"greeting": "554 no service for you"}, "none", "closed", "554 no service"),
        ({"greeting": "421 too busy"}, "none", "failed", "421 too busy"),
        ({"greeting": "SSH-2.0-x"}, "none", "failed", "SSH-2.0-x"),
        ({"answers": {"STARTTLS": "502 no"}}, "starttls", "closed", "502 no"),
        ({"answers": {"EHLO": None}}, "none", "failed", "closed the connection"),
        ({}, "implicit", "failed", ""),
    ],
)
def test_a_way_in_that_is_none(serve, mta, options, tls, state, words):
    facts = matrix(serve(mta(**options)), tls, 5)
    assert facts["state"] == state and words in facts["reason"] and facts["forms"] == []
    assert counts(facts) == (0, 0, COUNT if state == "failed" else 0)


def test_after_starttls(serve, mta, certificates):
    server = mta({"RCPT": DENIED}, certificate=certificates("matrix.example.com"))
    facts = matrix(serve(server), "starttls")
    assert counts(facts) == (0, COUNT, 0) and "STARTTLS" in server.said


def test_ipv6(serve, mta):
    try:
        listening = serve(mta({"RCPT": DENIED}), socket.AF_INET6)
    except socket.error:
        pytest.skip("this machine has no IPv6")
    facts = matrix(listening)
    assert counts(facts) == (0, COUNT, 0)
    assert "<@[IPv6:::1]:relaytest@example.net>" in [entry["recipient"] for entry in facts["forms"]]


def test_a_name_in_the_greeting_cannot_become_a_command(serve, mta):
    server = mta({"RCPT": DENIED}, greeting="220 x>\x07\x1b[2J.example.com hello")
    facts = matrix(serve(server))
    assert facts["server_name"] == "[127.0.0.1]" and counts(facts) == (0, COUNT, 0)


@pytest.mark.parametrize(
    "stage, reply, local, named, verdict",
    [
        ("RCPT", "250 2.1.5 Ok", False, True, "accepted"),
        ("RCPT", "251 forwarded", False, True, "accepted"),
        ("RCPT", "554 5.7.1 <a@example.net>: Relay access denied", False, True, "refused"),
        # Postfix as it is installed, and one that has greylisting.
        ("RCPT", "454 4.7.1 <a@example.net>: Relay access denied", False, True, "refused"),
        ("RCPT", "451 4.7.1 Greylisting in action", False, True, "unknown"),
        ("RCPT", "450 4.1.2 Recipient address rejected: Domain not found", False, True, "unknown"),
        ("MAIL", "421 4.3.2 Service shutting down", False, True, "unknown"),
        ("RCPT", "556 5.1.10 Domain example.net does not accept mail (nullMX)", False, True, "unknown"),
        ("RCPT", "550 5.1.1 User unknown", False, True, "unknown"),
        ("RCPT", "550 5.1.1 User unknown", True, True, "refused"),
        ("RCPT", "550 5.7.1 Relaying denied", False, True, "refused"),
        (
            "RCPT",
            "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example",
            False,
            True,
            "unknown",
        ),
        ("RCPT", "504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname", False, True, "unknown"),
        ("RCPT", "503 5.5.1 need MAIL", False, True, "refused"),
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", False, True, "refused"),
        ("MAIL", "550 5.1.8 Domain not found", False, True, "unknown"),
        ("MAIL", "550 5.1.8 Domain not found", False, False, "refused"),
        ("MAIL", "550 5.7.27 Sender address rejected: Domain does not accept mail (nullMX)", False, True, "unknown"),
        ("MAIL", "501 5.1.7 Bad sender address syntax", False, False, "refused"),
    ],
)
def test_what_an_answer_says(stage, reply, local, named, verdict):
    code, _space, text = reply.partition(" ")
    assert judge(stage, Reply(int(code), [text]), local, named).verdict == verdict


@given(
    strategies.sampled_from(["MAIL", "RCPT"]),
    strategies.integers(200, 559),
    strategies.text(max_size=60),
    strategies.booleans(),
)
def test_only_a_yes_to_RCPT_is_accepted(stage, code, text, flag):
    found = judge(stage, Reply(code, [shown(text)]), flag, not flag)
    assert found.verdict in ("accepted", "refused", "unknown")
    assert (found.verdict == "accepted") == (stage == "RCPT" and code < 300)


@pytest.mark.parametrize(
    "name, domain",
    [("smtp-relay001.example.com", "example.com"), ("example.com", "example.com"), ("[192.0.2.1]", "[192.0.2.1]")],
)
def test_own_domain(name, domain):
    assert own_domain(name) == domain


def test_the_ways_in():
    assert channels_of(["192.0.2.1"], [25, 465], "may") == [
        ("192.0.2.1", 25, "none"),
        ("192.0.2.1", 25, "starttls"),
        ("192.0.2.1", 465, "implicit"),
    ]
    assert channels_of(["::1"], [25], "none") == [("::1", 25, "none")]
    assert channels_of(["::1"], [25], "required") == [("::1", 25, "starttls")]


def params(server, **options):
    return dict(
        {
            "server": server.address,
            "addresses": None,
            "ports": [server.port],
            "tls": "none",
            "timeout": 20,
            "sender_domain": "example.org",
            "recipient_domain": "example.net",
            "server_name": None,
        },
        **options
    )  # fmt: skip


def test_the_whole_with_numbers_and_a_check_for_each_way(serve, mta):
    closed = relay_matrix.probe(params(serve(mta({"RCPT": DENIED}))))
    assert (closed["tried"], closed["accepted"], closed["refused"], closed["unknown"]) == (COUNT, 0, COUNT, 0)
    assert closed["status"] == "ok" and closed["seconds"] >= 0
    relay = serve(mta({"RCPT": no_such_mailbox}))
    opened = relay_matrix.probe(params(relay, ports=[relay.port, 1]))
    assert (opened["tried"], opened["accepted"], opened["status"]) == (COUNT, COUNT, "failed")
    first, second = opened["checks"]
    assert (
        first["status"] == "failed" and "third-party" in first["seen"] and "reject_unauth_destination" in first["todo"]
    )
    assert second["status"] == "ok" and "Connection refused" in second["seen"]
    unclear = relay_matrix.probe(params(serve(mta({"RCPT": "450 later"}))))
    assert unclear["status"] == "warning" and "put off" in unclear["checks"][0]["seen"]
    failed = relay_matrix.probe(params(serve(mta(greeting="garbage"))))
    assert (failed["status"], failed["unknown"]) == ("warning", COUNT)


def reset(connection):
    """End a connection as a server that is killed does: nothing more is said, and what was sent is not read."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def stall(_command):
    time.sleep(10)


CUTS = {
    "closed at once": lambda mta: lambda connection: None,
    "reset at once": lambda mta: reset,
    "silence": lambda mta: lambda connection: time.sleep(10),
    "421 as greeting": lambda mta: mta(greeting="421 4.3.2 too many connections"),
    "half a greeting": lambda mta: lambda connection: connection.sendall(b"220-relay.exam"),
    "after the greeting": lambda mta: mta({"EHLO": None}),
    "after the greeting, stopped": lambda mta: mta({"EHLO": stall}),
    "421 to EHLO": lambda mta: mta({"EHLO": "421 4.3.2 going down"}),
    "after EHLO": lambda mta: mta({"MAIL": None}),
    "after EHLO, stopped": lambda mta: mta({"MAIL": stall}),
    "421 to MAIL": lambda mta: mta({"MAIL": "421 4.3.2 going down"}),
    "after MAIL": lambda mta: mta({"RCPT": None}),
    "after MAIL, stopped": lambda mta: mta({"RCPT": stall}),
    "421 to RCPT": lambda mta: mta({"RCPT": "421 4.7.0 too many errors"}),
    "between two RCPT": lambda mta: mta({"RCPT": lambda command: None if "%" in command else DENIED}),
    "between two RCPT, stopped": lambda mta: mta({"RCPT": lambda command: stall("") if "%" in command else DENIED}),
    "421 between two RCPT": lambda mta: mta({"RCPT": lambda command: "421 later" if "%" in command else DENIED}),
}


@pytest.mark.parametrize("cut", sorted(CUTS))
def test_a_way_in_that_is_cut_is_not_known_and_passes_without_the_cut(serve, mta, cut):
    result = relay_matrix.probe(params(serve(CUTS[cut](mta)), timeout=1))
    channel, check = result["channels"][0], result["checks"][0]
    assert (result["status"], check["status"], result["accepted"]) == ("warning", "warning", 0)
    assert result["unknown"] > 0 and result["unknown"] + result["refused"] == COUNT
    # Nobody who was refused is counted without an answer that says so.
    assert all(entry["code"] >= 500 for entry in channel["forms"] if entry["verdict"] == "refused")
    words = ("closed the connection", "no answer within the time limit", "421", "Connection reset")
    assert any(word in check["seen"] for word in words)
    assert relay_matrix.probe(params(serve(mta({"RCPT": DENIED}))))["status"] == "ok"


def test_a_connection_that_is_reset_at_once_was_there(serve):
    """Whether it is reset before the first look at it or after is chance."""
    server = serve(reset)
    assert set(matrix(server)["state"] for _time in range(100)) == {"failed"}


def test_where_nothing_leaves_this_host_nobody_knows_who_gets_in(serve, mta):
    """TCP has no broadcast: connect() fails at once with "Network is unreachable", as without a route."""
    relay = serve(mta({"RCPT": DENIED}))
    result = relay_matrix.probe(params(relay, addresses=["127.0.0.1", "255.255.255.255"]))
    assert [channel["state"] for channel in result["channels"]] == ["tested", "unreached"]
    assert (result["tried"], result["refused"], result["unknown"], result["status"]) == (
        2 * COUNT,
        COUNT,
        COUNT,
        "warning",
    )
    known, unknown = result["checks"]
    assert known["status"] == "ok" and unknown["status"] == "warning"
    assert "not reached: 255.255.255.255:" in unknown["seen"] and "Network is unreachable" in unknown["seen"]
    assert unknown["todo"].startswith("Give this host a route to 255.255.255.255 ")


@pytest.mark.parametrize(
    "kind, state, todo",
    [
        ("refused", "closed", ""),
        ("prohibited", "closed", ""),
        ("no_route", "unreached", "Give this host a route to 192.0.2.1 "),
        ("own_firewall", "unreached", "Let the firewall of this host, or of its network, let it out to port 25,"),
        ("unreachable", "unreached", "See whether the server is up,"),
        ("timeout", "unreached", "See whether the way out of this host drops what goes to port 25,"),
        ("closed", "failed", "Find out why there is no dialogue,"),
    ],
)
def test_only_an_answer_says_that_nobody_gets_in(monkeypatch, serve, mta, kind, state, todo):
    def fail(*_arguments):
        raise StreamError(kind, "192.0.2.1:25: as it was")

    relay = serve(mta())
    monkeypatch.setattr(relay_matrix, "Session", fail)
    result = relay_matrix.probe(params(relay, addresses=["192.0.2.1"], ports=[25]))
    (channel,), (check,) = result["channels"], result["checks"]
    assert (channel["state"], channel["unknown"]) == (state, 0 if state == "closed" else COUNT)
    assert result["status"] == check["status"] == ("ok" if state == "closed" else "warning")
    assert (
        "192.0.2.1:25: as it was" in check["seen"]
        and check["todo"].startswith(todo)
        and bool(check["todo"]) == bool(todo)
    )


def test_when_the_time_was_up_before_anything_was_sent_nobody_knows(serve, mta):
    channel = Channel("127.0.0.1", serve(mta()).port, "none", DOMAINS, None, Deadline(-1))
    channel.run()
    assert channel.facts()["state"] == "unreached"


def test_a_greeting_that_refuses_this_client_alone_is_no_closed_door(serve, mta):
    facts = matrix(serve(mta(greeting="554 5.7.1 Client host [192.0.2.1] blocked using zen.example")))
    assert (facts["state"], counts(facts)) == ("failed", (0, 0, COUNT)) and "who asks" in facts["reason"]


def test_bad_options(serve, mta):
    server = serve(mta())
    for option in ("sender_domain", "recipient_domain", "server_name"):
        with pytest.raises(ProbeError) as caught:
            relay_matrix.probe(params(server, **{option: "x>\r\nDATA"}))
        assert option in str(caught.value)
    with pytest.raises(StreamError):
        relay_matrix.probe(dict(params(server), server="a b"))
