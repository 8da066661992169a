# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils import outcome
from ansible_collections.mailops.relay.plugins.plugin_utils.outcome import query_problem, verdict_lines

RESULT = {"total": 3, "hosts": [{"host": "relay", "ok": True}, {"host": "web01\x1b[2J", "ok": False}]}


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        ("total", ["3"]),
        ("hosts[].host", ["relay", "web01\\x1b[2J"]),
        ("hosts[0]", ['{"host": "relay", "ok": true}']),
        ("nothing", ["null"]),
        ("length(hosts)", ["2"]),
        ("hosts[?ok==`false`] | [0].ok", ["false"]),
    ],
)
def test_a_query_shows_its_value_alone(expression, lines):
    assert verdict_lines(["a table"], RESULT, True, "x_query", expression) == lines


def test_without_a_query_there_is_the_table_or_json():
    assert verdict_lines(["a\x07table"], RESULT, False, "x_query", None) == ["a\\x07table"]
    assert verdict_lines(["a table"], {"total": 3}, True, "x_query", None) == ["{", '    "total": 3', "}"]


def test_what_is_no_query_is_named(monkeypatch):
    assert query_problem("x_query", "hosts[].host") is None
    assert query_problem("x_query", "hosts[").startswith(
        "x_query: 'hosts[' is not a JMESPath expression; write one that is"
    )
    assert query_problem("x_query", " ").startswith("x_query: ' ' is not a JMESPath expression")
    with pytest.raises(ValueError, match="x_query: 'length.total.' is not an expression for this result"):
        verdict_lines([], RESULT, False, "x_query", "length(total)")
    monkeypatch.setattr(outcome, "jmespath", None)
    assert query_problem("x_query", "total") == (
        "x_query: the controller lacks the Python package jmespath; install it there (pip install jmespath)"
    )
