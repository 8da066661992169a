# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils.flow_lines import lines_of
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_page import page
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import summarize
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import empty, week


@pytest.fixture(name="week")
def a_week():
    return week()


def test_what_the_summary_says(week):
    summary = summarize(week)
    assert summary["totals"]["received"] == week["totals"]["received"]
    assert summary["period"] == "2026-07-13 00:00 to 2026-07-19 23:59 (UTC+02:00)"
    assert len(summary["hours"]) == 168 and len(summary["days"]) == 7
    for number in ("received", "sent", "deferred", "bounced", "rejected", "received_bytes"):
        assert sum(day[number] for day in summary["days"]) == sum(
            hour.get(number, 0) for hour in week["hours"].values()
        )
    assert not summary["complete"]
    assert summary["verdict"] == (
        "Incomplete: the real numbers may be higher. 403,068 lines read; 1 gap in the logs with at least 350 lines lost, "
        "2 lines that could not be read, 3 lines that could not be understood."
    )


def test_ranks_and_what_was_cut_off(week):
    domains = summarize(week)["recipient_domains"]
    sums = [row["sent"] + row["deferred"] + row["bounced"] for row in domains["rows"]]
    assert len(sums) == 15 and sums == sorted(sums, reverse=True)
    for number in ("sent", "deferred", "bounced"):
        whole = sum(entry.get(number, 0) for entry in week["recipient_domains"].values())
        assert sum(row[number] for row in domains["rows"]) + domains["others"][number] == whole
    assert domains["more_names"] and domains["names"] == len(week["recipient_domains"]) - 1
    alike = summarize(empty(relays={"b": {"sent": 1}, "a": {"sent": 1}, "c": {"deferred": 2}}))["relays"]
    assert [row["name"] for row in alike["rows"]] == ["c", "a", "b"] and alike["others"] is None
    reasons = summarize(week)["reasons"]["rows"]
    assert (reasons[0]["class"], reasons[0]["name"], reasons[0]["count"]) == (
        "deferred",
        "4.7.28 Google: rate limit",
        642,
    )
    assert all(week["reasons"][row["class"] + " " + row["name"]]["sample"] == row["sample"] for row in reasons)


def test_quantiles_and_shares():
    flow = empty(
        latency={"total": {"z": 90, "50": 9, "120": 1}},
        tls={"in": {"TLSv1.3": 9999, "none": 1, "unknown": 5000}, "out": {}},
    )
    summary = summarize(flow)
    total = summary["latency"][0]
    assert [total["p50_text"], total["p95_text"], total["p99_text"]] == ["under 10 ms", "1.12 s", "1.12 s"]
    assert total["count"] == 100 and summary["latency"][1]["p50"] is None
    # Not 100: one was without.
    assert summary["tls"]["in"]["share"] == 99.9 and summary["tls"]["out"]["share"] is None


def test_minutes_of_a_short_period():
    minutes = {str(7200 + 60 * number): {"received": number} for number in range(3)}
    summary = summarize(empty(minutes=minutes, hours={"7200": {"received": 3}}, totals={"received": 3}))
    assert summary["bars"] == "minutes" and [row["time"] for row in summary["minutes"]] == [
        "1970-01-01 02:00",
        "1970-01-01 02:01",
        "1970-01-01 02:02",
    ]
    assert summarize(empty(hours={"7200": {"received": 3}}))["bars"] == "hours"


def test_what_is_signed_by_which_domain(week):
    assert summarize(week)["dkim"] == {"total": 0, "share": None, "rows": []}
    assert not any("DKIM" in line for line in lines_of(summarize(week), 5)) and "Signed (DKIM)" not in page(
        summarize(week)
    )
    counts = {"example.com": 97, "example.org": 2}
    summary = summarize(dict(week, dkim={"signed": counts, "unsigned": 1}))
    assert (summary["dkim"]["total"], summary["dkim"]["share"]) == (100, 99.0)
    assert [(row["name"], row["count"], row["share"]) for row in summary["dkim"]["rows"]] == [
        ("example.com", 97, 97.0),
        ("example.org", 2, 2.0),
        ("not signed", 1, 1.0),
    ]
    lines = lines_of(summary, 5)
    at = next(number for number, line in enumerate(lines) if line.startswith("signed (DKIM)"))
    assert lines[at].endswith("99.0 % of 100") and lines[at + 1].split() == ["97", "example.com"]
    assert "Signed (DKIM)" in page(summary)
    many = {"d{0:02d}.example".format(number): 1 for number in range(20)}
    rows = summarize(dict(week, dkim={"signed": many, "unsigned": 0}))["dkim"]["rows"]
    assert sum(row["count"] for row in rows) == 20 and rows[-1]["name"] == "(others)"
