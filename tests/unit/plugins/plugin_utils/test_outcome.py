# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.plugin_utils import outcome
from ansible_collections.mailops.relay.plugins.plugin_utils.outcome import nothing_found, query_problem, verdict_lines

PLAYBOOKS = Path(__file__).resolve().parents[4] / "playbooks"

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
        f"x_query: the controller lacks the Python package jmespath; install it there: {sys.executable} -m pip install jmespath"
    )


ASKED = ["relay", "web01", "web02", "web03"]


@pytest.mark.parametrize(
    ("seen", "options", "lines"),
    [
        ({}, {}, ["site: 4 of 4 hosts converged; nothing changed"]),
        ({"changed": ASKED[:2]}, {}, ["site: 4 of 4 hosts converged; changed: relay, web01"]),
        (
            {"changed": ["web01"]},
            {"check_mode": True},
            ["site: 4 of 4 hosts looked at; to be changed: web01"],
        ),
        ({}, {"part": True}, ["site: 4 of 4 hosts converged, as far as the tags go; nothing changed"]),
        # What a host that failed has changed before, it has changed.
        (
            {"failed": ["web01"], "silent": ["web02"], "reached": ["relay", "web01", "web02"], "changed": ["web01"]},
            {},
            [
                "site: 1 of 4 hosts converged; changed: web01",
                "not complete: failed: web01; did not answer: web02; not reached: web03: what was said there is above the recap",
            ],
        ),
    ],
)
def test_what_became_of_a_site(seen, options, lines):
    sets = dict.fromkeys(("changed", "failed", "silent"), set()) | {"reached": set(ASKED)}
    sets |= {what: set(hosts) for what, hosts in seen.items()}
    assert outcome.site_lines(ASKED, sets, **{"check_mode": False, "part": False} | options) == lines


@pytest.mark.parametrize("playbook", ["queue", "trace", "report"])
def test_that_nothing_was_found_is_a_sentence(playbook):
    assert nothing_found(playbook, True) == []
    (sentence,) = nothing_found(playbook, False)
    assert sentence.startswith("No ") and sentence.endswith(".")


def _endings():
    """Yields (file, variables) of each place where a playbook comes to its end."""
    for path in [*PLAYBOOKS.glob("*.yml"), *(PLAYBOOKS / "tasks").glob("*.yml")]:
        plays = yaml.safe_load(path.read_text())
        for play in plays if "hosts" in plays[0] else [{"tasks": plays}]:
            for task in play.get("tasks", ()):
                if task.get("ansible.builtin.import_tasks", "").endswith("outcome.yml"):
                    yield path.name, dict(play.get("vars", {}), **task["vars"])


@pytest.mark.parametrize(("name", "variables"), list(_endings()))
def test_behind_its_last_task_a_playbook_reads_no_results_of_hosts(name, variables):
    read = ["__outcome_ok", "__outcome_summary", "__outcome_silent", "__outcome_lines", "__outcome_result"]
    for one in read:
        read.extend(word for word in re.findall(r"\w+", str(variables[one])) if word in variables and word not in read)
    # What a user has set is small, what a task has noted of a whole log is not.
    assert not [one for one in read if re.search(r"'extract', hostvars, '__", str(variables[one]))]
