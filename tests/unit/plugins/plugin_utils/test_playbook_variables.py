# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import importlib.util
import re
from pathlib import Path

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils.playbook_variables import (
    PLAYBOOKS,
    groups_misspelt,
    nobody,
    problems,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import truth

ROOT = Path(__file__).resolve().parents[4]
# Enough that nothing else is wrong.
ENOUGH = {"trace": {"trace_sender": "app@web01.example.com"}, "queue": {"queue_all": "true"}}


def said(playbook, given=None, inventory=None):
    """What is said of extra variables, and of those of an inventory."""
    given, inventory = dict(ENOUGH.get(playbook, {}), **(given or {})), inventory or {}
    known = {name: value for name, value in {**given, **inventory}.items() if name in PLAYBOOKS[playbook]}
    return problems(playbook, known, list(given), list(given) + list(inventory))


@pytest.mark.parametrize(
    ("playbook", "given", "words"),
    [
        ("queue", {"action": "delete"}, "action: here it is called queue_action; write that"),
        ("queue", {"queue": "deferred"}, "queue: here it is called queue_name; write that"),
        (
            "queue",
            {"queue_acton": "delete"},
            "queue_acton: mailops.relay.queue has no such variable; write queue_action",
        ),
        ("trace", {"since": "2h"}, "since: here it is called trace_since; write that"),
        ("report", {"paths": "x"}, "paths: here it is called report_paths; write that"),
        ("verify", {"json": "true"}, "json: here it is called verify_json; write that"),
        ("verify", {"recipient": "ops@example.net"}, "recipient: here it is called verify_recipient; write that"),
        ("preflight", {"strict": "true"}, "strict: here it is called preflight_strict; write that"),
        ("report", {"file": "week.html"}, "file: here it is called report_file; write that"),
        ("queue", {"query": "hosts"}, "query: here it is called queue_query; write that"),
        ("remove", {"assume_yes": "true"}, "assume_yes: here it is called remove_assume_yes; write that"),
        ("trace", {"trace_subject": "hello"}, "trace_subject: a log does not tell the subject"),
        ("trace", {"subject": "hello"}, "subject: a log does not tell the subject"),
        ("trace", {"trace_sender_domain": "a@example.com"}, "trace_sender_domain: write trace_sender='*@example.com'"),
        ("trace", {"trace_recipient": "example.net"}, "trace_recipient: 'example.net' is not a whole address"),
        (
            "trace",
            {"trace_recipient": "*"},
            "trace_recipient: '*' is not a whole address; write it with its domain, or '*@*' for every address",
        ),
        ("trace", {"trace_status": "lost"}, "trace_status: 'lost' is not one of sent, deferred"),
        ("trace", {"trace_since": "later"}, "trace_since: 'later' is not a time"),
        ("report", {"report_since": "2999-01-01"}, "report_since: '2999-01-01' is in the future"),
        ("report", {"report_since": "1h", "report_until": "2h"}, "report_since: it is later than report_until, so"),
        (
            "queue",
            {"queue_every_recipient": "true"},
            "queue_every_recipient: it says how queue_recipient and queue_recipient_domain and queue_reason are meant, and",
        ),
        (
            "queue",
            {"queue_sender": "a@example.com", "queue_name": "deferred"},
            "queue_all=true contradicts queue_name, queue_sender;",
        ),
        ("report", {"report_query": "foo["}, "report_query: 'foo[' is not a JMESPath expression"),
        (
            "queue",
            {"queue_all": "false", "queue_sender_domain": "a@example.com"},
            "queue_sender_domain: 'a@example.com' is not a domain",
        ),
        (
            "queue",
            {"queue_all": "false", "queue_sender": "example.com"},
            "queue_sender: 'example.com' is not an address",
        ),
        (
            "queue",
            {"queue_all": "false", "queue_action": "delete"},
            "no criterion is given; name one, or say queue_all=true",
        ),
        ("queue", {"queue_limit": "-3"}, "queue_limit: '-3' is not 0 or more"),
        ("queue", {"queue_assume_yes": "maybe"}, "queue_assume_yes: 'maybe' is not true or false"),
        ("verify", {"verify_recipient": "ops"}, "verify_recipient: 'ops' is not a mail address"),
        ("verify", {"verify_tls": "strong"}, "verify_tls: 'strong' is not one of verified, encrypted, none"),
        ("queue", {"qeue_sender": "x"}, "qeue_sender: mailops.relay.queue has no such variable; write queue_sender"),
        ("queue", {"Queue-Sender": "x"}, "Queue-Sender: mailops.relay.queue has no such variable; write queue_sender"),
        ("trace", {"tarce_since": "1h"}, "tarce_since: mailops.relay.trace has no such variable; write trace_since"),
        (
            "remove",
            {"remove_asume_yes": "true"},
            "remove_asume_yes: mailops.relay.remove has no such variable; write remove_assume_yes",
        ),
        (
            "remove",
            {"qmail_clinet_port": "26"},
            "qmail_clinet_port: mailops.relay.remove has no such variable; write qmail_client_port",
        ),
        (
            "site",
            {"site_preflght": "strict"},
            "site_preflght: mailops.relay.site has no such variable; write site_preflight",
        ),
        ("site", {"site_preflight": "perhaps"}, "site_preflight: 'perhaps' is not one of off, warn, strict"),
        (
            "site",
            {"relay_sever_networks": "x"},
            "relay_sever_networks: mailops.relay.site has no such variable; write relay_server_networks",
        ),
        ("preflight", {"preflight_nameserver_port": "70000"}, "preflight_nameserver_port: '70000' is not a port"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_what_to_write(playbook, given, words):
    (sentence,) = said(playbook, given)
    assert sentence.startswith(words)


def test_a_report_that_cannot_be_drawn_is_refused_before_a_log_is_read(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    (problem,) = said("report")
    assert problem.startswith(
        "mailops.relay.report: the controller lacks the Python package plotly; install it there: "
    )
    assert said("trace") == []


@pytest.mark.parametrize(
    ("groups", "wrong"),
    [
        ({"relay_client": ["web01"]}, ["relay_client: .* call it relay_clients$"]),
        (
            {"Relay-Servers": ["a"], "qmailclients": ["b"]},
            ["Relay-Servers: .* relay_servers", "qmailclients: .* qmail_clients"],
        ),
        # Below the group that is meant, or of nobody.
        ({"relay_clients": ["web01"], "relay_client": ["web01"], "relay_server": []}, []),
        ({"mail_clients": ["web01"], "relays": ["relay"], "all": ["web01", "relay"]}, []),
    ],
)
def test_a_group_with_a_slip_in_its_name(groups, wrong):
    found = groups_misspelt(groups)
    assert len(found) == len(wrong) and all(re.search(words, said) for words, said in zip(wrong, found, strict=True))


def test_an_inventory_without_the_groups_is_told_their_names():
    assert nobody("relay_servers:relay_clients", None) == (
        "Nobody was asked: the inventory has no host in relay_servers:relay_clients; put the hosts into groups of these names, or write"
        " -i INVENTORY, of one that has them"
    )


def test_a_name_of_others_in_the_inventory_is_nobodys_business():
    others = {"client": "web01", "sender": "x", "action": "delete", "queue_size": 7, "report_email": "a@b.example"}
    assert said("queue", {}, others) == said("report", {}, others) == []
    # Nor is one that is handed over, where many things begin in this way.
    assert said("site", {"site_name": "x", "relay_server_networks": "x", "site_preflight": "no"}) == []


def test_a_slip_in_the_inventory_is_refused():
    for playbook, name, meant in (
        ("verify", "verify_tsl", "verify_tls"),
        ("preflight", "preflight_mix", "preflight_mx"),
        ("remove", "remove_asume_yes", "remove_assume_yes"),
        ("site", "site_prefligth", "site_preflight"),
    ):
        (sentence,) = said(playbook, {}, {name: "x"})
        assert sentence == f"{name}: mailops.relay.{playbook} has no such variable; write {meant}"


def takes_text(check):
    """What a truth value or a number may be as text, or None for a variable of another kind."""
    if check is truth:
        return "false"
    return "5" if check("x", "5") is None and check("x", "five") else None


@pytest.mark.parametrize("playbook", sorted(PLAYBOOKS))
def test_every_number_and_truth_value_may_be_text_and_is_cast_where_it_is_used(playbook):
    files = [ROOT / f"playbooks/{playbook}.yml", *(ROOT / "playbooks/tasks").glob("*.yml")]
    lines = [line for file in files for line in file.read_text().splitlines() if not line.lstrip().startswith("#")]
    for name, check in PLAYBOOKS[playbook].items():
        text = takes_text(check)
        if text is None:
            continue
        assert said(
            playbook, {name: text, "queue_sender": "a@example.com"} if name == "queue_all" else {name: text}
        ) in (
            [],
            [f"{name}: without queue_action nothing is done; write queue_action too, or leave it out"],
        )
        # Ansible casts the options of modules.
        cast = rf"{name} \| default\(omit\) }}}}\"\Z|{name}(' \| map|' \)?| \| default\(.*\)) \| (bool|int|float)\b|-e {name}=|'{name}'\)"
        for line in lines:
            assert len(re.findall(rf"(?<!_){name}", line)) == len(re.findall(rf"(?<!_)(?:{cast})", line)), line
