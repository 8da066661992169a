# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import builtins
import copy
import html.parser
import json
import os
import re

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.relay.plugins.filter import flow_report as module
from ansible_collections.mailops.relay.plugins.filter.flow_report import flow_merge, flow_report, flow_summary, flow_table
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
HOSTILE = (
    "</script><script>alert(1)</script>", "<!--<script>", "\"'><img src=x onerror=alert(1)>", "]]>\u2028\u2029",
    "\x1b[2J\x9b31m\r\n\x07", "\u202egnp.exe", "\udc80\ud800", "{{ 7 * 7 }}{% raw %}", "a" * 5000, "", "&lt;b&gt;", "\x00",
)  # fmt: skip


@pytest.fixture(autouse=True)
def a_small_library(monkeypatch):
    """What is tested is the page around the plotting library."""
    monkeypatch.setattr(module, "_plotly", lambda: "/* library */")


@pytest.fixture
def week():
    """Two relays in a week, made up."""
    with open(os.path.join(os.path.dirname(__file__), "fixtures", "flow.json")) as source:
        return json.load(source)


def empty(**more):
    return dict(
        {
            "version": 1, "hosts": ["relay1"], "first": None, "last": None, "utc_offset": 0, "lines": 0, "unreadable": 0,
            "unknown": 0, "samples": [], "other_programs": {}, "gaps": [], "lost": 0, "problems": [], "complete": True,
            "totals": {}, "hours": {}, "clients": {}, "sender_domains": {}, "recipient_domains": {}, "senders": {},
            "recipients": {}, "relays": {}, "reasons": {}, "rejects": {}, "latency": {}, "tls": {"in": {}, "out": {}},
        },
        **more
    )  # fmt: skip


def named(name):
    """A flow in which a stranger has chosen every text."""
    return empty(
        hosts=[name], complete=False, samples=[name], problems=[name], other_programs={name: 3}, first=7200.0, last=7300.0,
        gaps=[{"time": 7250.0, "text": name, "lost": 3}], lost=3, totals={"received": 3, "sent": 3, "bounced": 1, "rejected": 1},
        hours={"7200": {"received": 3, "sent": 3, "bounced": 1, "rejected": 1}},
        clients={name: {"received": 3, "sent": 3}}, sender_domains={name: {"received": 3, "sent": 3}},
        recipient_domains={name: {"sent": 3, "bounced": 1}}, senders={name: {"received": 3}}, recipients={name: {"sent": 3}},
        relays={name: {"sent": 3}}, reasons={"bounced " + name: {"count": 1, "sample": name}},
        rejects={name: {"count": 1, "sample": name}}, latency={"total": {"z": 1, "40": 2}},
        tls={"in": {name: 3, "none": 1}, "out": {"TLSv1.3": 3}},
    )  # fmt: skip


class Page(html.parser.HTMLParser):
    """The elements, the attributes and the visible text of a page."""

    def __init__(self, text):
        super(Page, self).__init__()
        self.tags, self.attributes, self.text, self.cells, self.embedded = [], set(), [], [], None
        self._inside = []
        # Where a name may be broken it is still one.
        self.feed(text.replace("<wbr>", ""))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.update(name for name, dummy in attrs)
        self._inside.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, attrs = self._inside[-1] if self._inside else ("", {})
        if tag == "script" and attrs.get("id") == "report":
            self.embedded = json.loads(data)
        elif tag not in ("script", "style"):
            self.text.append(data)
            if any(opened == "td" for opened, dummy in self._inside):
                self.cells.append(data)


def numbers(text):
    return set(float(number.replace(",", "")) for number in NUMBER.findall(text))


def known(value):
    if isinstance(value, dict):
        return set().union(*[numbers(key) | known(entry) for key, entry in value.items()])
    if isinstance(value, list):
        return set().union(*[known(entry) for entry in value])
    if isinstance(value, str):
        return numbers(value)
    return set() if value is None else {float(value)}


def test_every_number_shown_is_in_the_json(week):
    page = Page(flow_report(week, "Week 29"))
    assert page.embedded == json.loads(json.dumps(flow_summary(week, "Week 29")))
    shown = set().union(*[numbers(text) for text in page.text])
    assert len(set().union(*[numbers(text) for text in page.cells])) > 250
    assert not shown - known(page.embedded)


def test_what_the_summary_says(week):
    summary = flow_summary(week)
    assert summary["totals"]["received"] == week["totals"]["received"]
    assert summary["period"] == "2026-07-13 00:00 to 2026-07-19 23:59 (UTC+02:00)"
    assert len(summary["hours"]) == 168 and len(summary["days"]) == 7
    for number in ("received", "sent", "deferred", "bounced", "rejected", "received_bytes"):
        assert sum(day[number] for day in summary["days"]) == sum(hour.get(number, 0) for hour in week["hours"].values())
    assert not summary["complete"]
    assert summary["verdict"] == (
        "Incomplete: the real numbers may be higher. 403,068 lines read; 1 gap in the logs with at least 350 lines lost, "
        "2 lines that could not be read, 3 lines that could not be understood."
    )


def test_ranks_and_what_was_cut_off(week):
    domains = flow_summary(week)["recipient_domains"]
    sums = [row["sent"] + row["deferred"] + row["bounced"] for row in domains["rows"]]
    assert len(sums) == 15 and sums == sorted(sums, reverse=True)
    for number in ("sent", "deferred", "bounced"):
        whole = sum(entry.get(number, 0) for entry in week["recipient_domains"].values())
        assert sum(row[number] for row in domains["rows"]) + domains["others"][number] == whole
    assert domains["more_names"] and domains["names"] == len(week["recipient_domains"]) - 1
    alike = flow_summary(empty(relays={"b": {"sent": 1}, "a": {"sent": 1}, "c": {"deferred": 2}}))["relays"]
    assert [row["name"] for row in alike["rows"]] == ["c", "a", "b"] and alike["others"] is None
    reasons = flow_summary(week)["reasons"]["rows"]
    assert (reasons[0]["class"], reasons[0]["name"], reasons[0]["count"]) == ("deferred", "4.7.28 Google: rate limit", 642)
    assert all(week["reasons"][row["class"] + " " + row["name"]]["sample"] == row["sample"] for row in reasons)


def test_quantiles_and_shares():
    flow = empty(latency={"total": {"z": 90, "50": 9, "120": 1}}, tls={"in": {"TLSv1.3": 9999, "none": 1, "unknown": 5000}, "out": {}})
    summary = flow_summary(flow)
    total = summary["latency"][0]
    assert [total["p50_text"], total["p95_text"], total["p99_text"]] == ["under 10 ms", "1.12 s", "1.12 s"]
    assert total["count"] == 100 and summary["latency"][1]["p50"] is None
    # Not 100: one was without.
    assert summary["tls"]["in"]["share"] == 99.9 and summary["tls"]["out"]["share"] is None


def test_hosts_add_up(week):
    other = copy.deepcopy(week)
    other["hosts"] = ["smtp-relay003.example.com"]
    merged = flow_merge([week, other])
    assert merged["totals"]["sent"] == 2 * week["totals"]["sent"]
    assert flow_summary(merged)["lines"] == 2 * week["lines"]
    assert flow_summary(flow_merge([other, week])) == flow_summary(merged)


def test_a_host_that_could_not_be_read_is_named(week):
    results = {"b": {"flow": week}, "c": {"unreachable": True, "msg": "no\nroute"}, "a": {"failed": False}, "d": None}
    merged = flow_merge(results)
    assert merged["problems"] == [
        "a is not in these numbers: it gave no result", "c is not in these numbers: no route", "d is not in these numbers: it gave no result",
    ]  # fmt: skip
    assert not merged["complete"] and merged["totals"] == week["totals"] and week["problems"] == []
    assert "c is not in these numbers: no route" in "".join(Page(flow_report(merged)).text)
    nothing = flow_merge({"c": {"msg": "no route"}})
    assert flow_table(nothing) == [
        "Mail report: no host: no mail",
        "Incomplete: the real numbers may be higher. 0 lines read; 1 problem.",
        "problem           c is not in these numbers: no route",
        "There was no mail.",
    ]


def test_no_mail():
    assert flow_table(empty(lines=7)) == ["Mail report: relay1: no mail", "Complete: 7 lines read, all of them understood.", "There was no mail."]
    page = Page(flow_report(empty(lines=7)))
    assert "There was no mail in what was read." in page.text
    assert "data-chart" not in page.attributes and "table" not in page.tags


def test_the_terminal(week):
    lines = flow_table(week, rows=2)
    assert "sent                  40,855  883 MiB" in lines
    assert "delay             total: p50 841 ms, p95 9.11 s, p99 26 s" in lines
    assert "next hop              17,289 sent  mx.gmail.example[198.51.100.26]:25: 811 deferred, 190 bounced" in lines
    assert "                              and 7 more" in lines
    assert "reason                   642  deferred: 4.7.28 Google: rate limit" in lines
    assert len(lines) < 50


def check_inert(name):
    harmless = Page(flow_report(named("example.org"), "example.org"))
    text = flow_report(named(name), name)
    page = Page(text)
    assert page.tags == harmless.tags
    assert page.attributes == harmless.attributes
    assert page.embedded == json.loads(json.dumps(flow_summary(named(name), name)))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert text.count("<!") == 1
    text.encode("utf-8")
    lines = flow_table(named(name), name)
    assert lines and all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", HOSTILE)
def test_strangers_texts_are_inert(name):
    check_inert(name)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_inert(name):
    module._plotly = lambda: ""
    check_inert(name)


def test_nothing_is_asked_of_the_network(week):
    text = flow_report(week)
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "connect-src" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0] and "unsafe-eval" not in policy
    page = Page(text)
    assert "src" not in page.attributes and page.tags.count("link") == 1 and "iframe" not in page.tags
    assert not re.search("(?i)https?://", text)


def test_without_plotly(monkeypatch):
    monkeypatch.undo()
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("plotly"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(AnsibleFilterError, match="pip install plotly"):
        flow_report(empty())


def test_with_plotly(monkeypatch):
    monkeypatch.undo()
    pytest.importorskip("plotly")
    text = flow_report(named("example.org"))
    assert text.count("plotly.js v") == 1 and len(text) > 1000000
