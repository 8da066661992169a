# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import copy

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.flow_report import (
    flow_merge,
    flow_report,
    flow_summary,
    flow_table,
)
from ansible_collections.mailops.relay.plugins.plugin_utils import flow_page
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import HOSTILE, Page, empty, named, week


@pytest.fixture(autouse=True)
def a_small_library(monkeypatch):
    """What is tested is the page around the plotting library."""
    monkeypatch.setattr(flow_page, "_plotly", lambda: "/* library */")


@pytest.fixture(name="week")
def a_week():
    return week()


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
        "a is not in these numbers: it gave no result",
        "c is not in these numbers: no route",
        "d is not in these numbers: it gave no result",
    ]
    assert not merged["complete"] and merged["totals"] == week["totals"] and week["problems"] == []
    assert "c is not in these numbers: no route" in "".join(Page(flow_report(merged)).text)
    nothing = flow_merge({"c": {"msg": "no route"}})
    assert flow_table(nothing) == [
        "Mail report: no host: nothing read",
        "Incomplete: the real numbers may be higher. 0 lines read; 1 problem.",
        "problem           c is not in these numbers: no route",
        "Nothing was read of this time, so whether there was mail is not known.",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_terminal_obeys_a_strangers_text(name):
    lines = flow_table(named(name), name)
    assert lines and all(line.isprintable() for line in lines)


@pytest.mark.parametrize("flow_filter", [flow_summary, flow_table, flow_report])
@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (
            None,
            'the input must be a dictionary, but it is nothing. Give the "flow" of a result of mailops.relay.mail_flow_info',
        ),
        ("{}", "must be a dictionary, but it is a text"),
        ([empty()], "must be a dictionary, but it is of type list"),
        ({"flow": empty(), "changed": False}, 'the input has no version, hosts. Give the "flow"'),
    ],
)
def test_what_is_not_a_flow_is_refused(flow_filter, flow, words):
    with pytest.raises(AnsibleFilterError) as refused:
        flow_filter(flow)
    assert str(refused.value).startswith(flow_filter.__name__ + ": ") and words in str(refused.value)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ("relay1", "flow_merge: the input must be a list, but it is a text"),
        (3, "flow_merge: the input must be a list, but it is of type int"),
        ([empty(), {"msg": "failed"}], "flow_merge: element 2 of the input has no version, hosts."),
        ({"relay1": "failed"}, "flow_merge: the result of relay1 must be a dictionary, but it is a text"),
        ([empty(), empty(version=99)], "flow_merge: a flow of version 99 cannot be added to one of version 2"),
        ({"a": {"flow": empty(version=99)}}, "flow_merge: a flow of version 99 cannot be added to one of version 2"),
    ],
)
def test_what_cannot_be_added_up_is_refused(results, words):
    with pytest.raises(AnsibleFilterError) as refused:
        flow_merge(results)
    assert words in str(refused.value)


def test_the_number_of_rows_is_a_number(week):
    assert flow_table(week, rows="2") == flow_table(week, rows=2)
    with pytest.raises(AnsibleFilterError, match="flow_table: rows must be a number, but it is a text"):
        flow_table(week, rows="many")
    with pytest.raises(AnsibleFilterError, match="flow_table: rows must be at least 0, not -1"):
        flow_table(week, rows=-1)
