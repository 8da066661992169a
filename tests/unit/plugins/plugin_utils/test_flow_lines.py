# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.plugin_utils import smarthost_problems
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_lines import lines_of
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import summarize
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import empty, week


def test_no_mail():
    assert lines_of(summarize(empty(lines=7, first=1000.0, last=5000.0)), 5) == [
        "Mail report: relay1: 1970-01-01 00:16 to 1970-01-01 01:23 (UTC+00:00)",
        "Complete: 7 lines read, all of them understood.",
        "There was no mail in what was read.",
    ]


def test_the_terminal():
    lines = lines_of(summarize(week()), 2)
    assert "sent                  40,855  883 MiB" in lines
    assert "delay             total: p50 841 ms, p95 9.11 s, p99 26 s" in lines
    assert "next hop              17,289 sent  mx.gmail.example[198.51.100.26]:25: 811 deferred, 190 bounced" in lines
    assert "                              and 7 more" in lines
    assert "reason                   642  deferred: 4.7.28 Google: rate limit" in lines
    assert len(lines) < 50


def test_the_largest_hours_are_named_first_and_what_is_cut_off_is_said():
    flow = dict(week(), limits={})
    for numbers in flow["hours"].values():
        numbers.pop("limited", None)
    day = 86400
    first = min(map(int, flow["hours"])) // day * day + 3 * 3600 - flow["utc_offset"]
    for number, count in enumerate((84, 1600, 90, 100)):
        flow["hours"][str(first + number * day)] = {"rejected": count}
    summary = summarize(flow)
    assert [line for line in lines_of(summary, 2) if line.startswith("peak") or "more" in line][-3:] == [
        "peak                   2,382 received at 2026-07-15 14:00, usually 482",
        "peak                   1,600 rejected at 2026-07-13 03:00, usually 90",
        "                              and {0} more".format(summary["peak_count"] - 2),
    ]


def test_tls_by_next_hop():
    hops = {
        "mx.example.net": {"dane": 2000, "encrypted": 1},
        "relay.example": {"verified": 3},
        "old.example": {"clear": 4, "not_logged": 1},
    }
    lines = lines_of(summarize(empty(totals={"sent": 2009}, tls_hops=hops)), 5)
    at = next(number for number, line in enumerate(lines) if line.startswith("TLS to next hop"))
    assert [line[18:] for line in lines[at : at + 3]] == [
        "     2,000 DANE, 1 encrypted  mx.example.net",
        "         4 clear, 1 not logged  old.example",
        "         3 verified  relay.example",
    ]


def test_refusals_of_a_limit_are_named_with_their_clients():
    lines = lines_of(summarize(week()), 1)
    at = lines.index("limit                  2,000  message rate (smtpd_client_message_rate_limit)")
    assert lines[at + 1 : at + 4] == [
        "                       1,990    of web02.example.com",
        "                                of 1 more",
        "                           7  connections at once (smtpd_client_connection_count_limit)",
    ]
    assert "limited                2,007" in lines and "rejected 4xx              61" in lines
    clients = lines_of(summarize(week()), 20)
    assert any("192.0.2.45: " in line and "17 limited, 61 of the rejected temporarily" in line for line in clients)


def fast(count, minutes, taken):
    return {"count": count, "minutes": minutes, "taken": taken, "sample": "said: 421 4.7.28 rate"}


@pytest.mark.parametrize(
    ("way", "taken", "proposal"),
    [
        ("gmail.com", 44, "{name: gmail-com, domains: [gmail.com], per_minute: 20}"),
        ("gmail.com", 0, "{name: gmail-com, domains: [gmail.com], per_minute: 1}"),
        ("smarthost:ses", 60, "{smarthost: ses, per_minute: 30}"),
        ("smarthost:ses", 121, "{smarthost: ses, per_minute: 60}"),
        ("smarthost:ses", 122, "{smarthost: ses, concurrency: 2}"),
    ],
)
def test_where_mail_came_too_fast_the_pace_to_set_is_proposed(way, taken, proposal):
    flow = empty(totals={"sent": 1}, too_fast={way: fast(5, 2, taken), "rare.example": fast(4, 1, 0)})
    summary = summarize(flow)
    lines = lines_of(summary, 5)
    at = next(number for number, line in enumerate(lines) if line.startswith("too fast"))
    name = way.replace(":", " ")
    assert lines[at].split(None, 3)[2:] == ["5", f"for {name}: said: 421 4.7.28 rate"]
    assert lines[at + 1].strip() == f"{taken // 2} a minute were taken; relay_server_pacing: [{proposal}]"
    assert "rare.example" in lines[at + 2] and "relay_server_pacing" not in " ".join(lines[at + 2 :])
    # What is proposed is what the role takes.
    entry = yaml.safe_load(proposal)
    assert entry == summary["too_fast"][0]["proposal"]
    values = {
        "relay_server_smarthosts": [{"name": "ses", "hosts": ["a.example"]}],
        "relay_server_routes": [],
        "relay_server_pacing": [entry],
        "relay_server_relayhost": "",
        "relay_server_main": {},
        "relay_server_main_if_supported": {},
        "relay_server_masquerade": [],
        "relay_server_masquerade_exceptions": [],
        "relay_server_canonical": {},
    }
    assert list(smarthost_problems.problems(values, [])) == []


def test_what_a_stranger_calls_his_domain_is_no_proposal():
    hostile = {name: fast(9, 1, 1) for name in ("a]}, {", "gmail.com: x", "smarthost:", "[ipv6:::1]", "")}
    assert [row["proposal"] for row in summarize(empty(too_fast=hostile))["too_fast"]] == [None] * 5


def test_what_is_not_in_the_inventory_and_who_of_it_sent_nothing():
    silent = [f"web{number:02d}" for number in range(1, 8)]
    flow = empty(
        clients={"mail.stranger.example": {"received": 12, "limited": 3}, "web09": {"received": 1}},
        totals={"received": 13},
        inventory={"silent": silent, "foreign": ["mail.stranger.example"], "unknown": ["web08"]},
    )
    lines = lines_of(summarize(flow), 2)
    assert "sent nothing      web01, web02 and 5 more" in lines
    assert "in no inventory           12 received  mail.stranger.example: 3 limited" in lines
    assert "not known         whether these are among them, as they told no address: web08" in lines
    flow["inventory"] = {"silent": None, "foreign": []}
    assert "sent nothing      it is not known who, since there were too many clients" in lines_of(summarize(flow), 2)
    # Where there was no mail at all this is what there is to say.
    nobody = empty(inventory={"silent": silent[:1], "foreign": []})
    assert lines_of(summarize(nobody), 2)[-2:] == ["There was no mail in what was read.", "sent nothing      web01"]
    # What was not read may have been theirs; of a log of which nothing was read nobody is accused.
    assert (
        lines_of(summarize(dict(nobody, problems=["relay2: no"])), 2)[-1] == "sent nothing      in what was read: web01"
    )
    assert "sent nothing" not in str(lines_of(summarize(dict(nobody, reach=[])), 2))


def test_the_time_that_was_asked_for_and_how_much_of_it_the_logs_reach():
    parts = [
        {"host": "relay1", "first": 86400.0, "last": 172800.0, "read": True, "late": True},
        {"host": "relay2", "first": 0.0, "last": 3600.0, "read": False, "late": False},
        {"host": "relay3", "first": None, "last": None, "read": False, "late": True},
        {"host": "relay4", "first": 0.0, "last": 172800.0, "read": True, "late": False},
        {"host": "relay5", "first": 86400.0, "last": 172800.0, "read": True, "late": False, "installed": 86340.0},
    ]
    asked = {"since": 43200.0, "until": 90000.0, "text": "1970-01-01 12:00 to 1970-01-02 01:00"}
    flow = empty(reach=parts, asked=asked, first=0.0, last=172800.0, lines=9)
    lines = lines_of(summarize(flow), 5)
    assert lines[:7] == [
        "Mail report: relay1: 1970-01-01 12:00 to 1970-01-02 01:00 (UTC+00:00)",
        "Incomplete: the real numbers may be higher. 9 lines read; 3 hosts whose logs do not reach all of this time.",
        "asked for         1970-01-01 12:00 to 1970-01-02 01:00",
        "not reached       relay1: its logs begin 1970-01-02 00:00, later than asked for",
        "not reached       relay2: nothing was read of this time; its logs end 1970-01-01 01:00",
        "not reached       relay3: nothing was read of this time; no line of a mail system is in its logs",
        "young             relay5: its mail system was installed 1970-01-01 23:59, and its logs begin with it",
    ]


def test_nothing_read_is_never_no_mail():
    flow = empty(reach=[{"host": "relay1", "first": None, "last": None, "read": False, "late": True}], complete=False)
    lines = lines_of(summarize(flow), 5)
    assert (
        lines[0].endswith(": nothing read")
        and "Nothing was read of this time, so whether there was mail is not known." in lines
    )
    assert not any("no mail" in line for line in lines)
    assert summarize(flow)["wrong"] == [
        "relay1: nothing was read of this time; no line of a mail system is in its logs."
    ]
    assert summarize(empty(reach=[]))["wrong"] == ["No line of a log was read; the report says why."]


def test_an_hour_without_mail_is_well_unless_a_certificate_has_failed():
    assert summarize(empty())["wrong"] == []
    failed = {"verdict": "failed", "checks": [], "summary": "relay1: server.crt: it has ended."}
    assert summarize(empty(certificates=failed))["wrong"] == ["relay1: server.crt: it has ended."]
