# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook says at its end, whichever it is: the lines of its verdict, the same as JSON, or one value of that."""

import importlib.util
import json
import sys

from ansible_collections.mailops.relay.plugins.module_utils.host.names import listed
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import said

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    jmespath = None

# The callback of playbooks/ says here that it shows verdicts; the processes in which tasks run are forked from its own.
shown_at_the_end = False

# What is said where what was asked for is not there.
_NOTHING = {
    "queue": "No message was found.",
    "trace": "No message was found.",
    "report": "No line of a log was read; the report says why.",
}


def nothing_found(playbook, found):
    """list of str: that there is nothing, with which a playbook ends as with a bad verdict; empty where something was found."""
    return [] if found else [_NOTHING[playbook]]


def incomplete(of_hosts):
    """str: of which hosts a verdict says nothing."""
    return f"not complete: {of_hosts}: what was said there is above the recap"


def site_lines(asked, seen, *, check_mode, part):
    """What became of a site.

    Args:
        asked: list of str, the hosts that it was about.
        seen: dict: C(reached), C(changed), C(failed) and C(silent), each a set of hosts; who has failed was reached too.
        check_mode: bool, whether nothing was to be changed.
        part: bool, whether tags left something out.

    Returns:
        list of str: a line, and one more of the hosts that are not as they should be.
    """
    left = {
        "failed": seen["failed"],
        "did not answer": seen["silent"] - seen["failed"],
        # The run ends where all hosts of a kind have failed, or the preflight was not passed.
        "not reached": set(asked) - seen["reached"] - seen["failed"] - seen["silent"],
    }
    bad = {what: [host for host in asked if host in hosts] for what, hosts in left.items()}
    done = [host for host in asked if not any(host in hosts for hosts in bad.values())]
    changed = [host for host in asked if host in seen["changed"]]
    did, changes = ("looked at", "to be changed") if check_mode else ("converged", "changed")
    line = f"site: {len(done)} of {len(asked)} host{'s' * (len(asked) != 1)} {did}"
    line += ", as far as the tags go" if part else ""
    line += f"; {changes}: {listed(changed)}" if changed else f"; nothing {changes}"
    of_hosts = "; ".join(f"{what}: {', '.join(hosts)}" for what, hosts in bad.items() if hosts)
    return [line, incomplete(of_hosts)] if of_hosts else [line]


def lacks(package, what):
    """str: that the controller's Python lacks a package for something, and how it gets it."""
    return f"{what}: the controller lacks the Python package {package}; install it there: {sys.executable} -m pip install {package}"


def report_problems():
    """list of str: that the controller cannot draw a report; said before the logs are read."""
    return [] if importlib.util.find_spec("plotly") else [lacks("plotly", "mailops.relay.report")]


def query_problem(name, expression):
    """str or None: what is wrong with a JMESPath expression."""
    if jmespath is None:
        return lacks("jmespath", name)
    if not isinstance(expression, str) or not expression.strip():
        return said(name, expression, "a JMESPath expression", "one, for example length(@)")
    try:
        jmespath.compile(expression)
    except JMESPathError as exc:
        reason = str(exc).partition("\n")[0].removesuffix(" for expression:")
        return said(name, expression, "a JMESPath expression", f"one that is, see jmespath.org ({reason})")
    return None


def verdict_lines(table, result, as_json, name, expression):
    """The lines of a verdict.

    Args:
        table: list of str, for a reader.
        result: the same as data.
        as_json: bool, whether to show it as JSON.
        name: str, the variable of the expression.
        expression: str or None, a JMESPath expression (https://jmespath.org/specification.html) whose value is shown alone: a text
            as it is, each element of a list on a line of its own, anything else as JSON.

    Returns:
        list of str: lines, of printable characters only.

    Raises:
        ValueError: the expression cannot be evaluated; the text says why.
    """
    if expression is not None:
        lines = _value(result, name, expression)
    elif as_json:
        lines = json.dumps(result, indent=4, sort_keys=True).split("\n")
    else:
        lines = table
    return [printable(line) for line in lines]


def _value(result, name, expression):
    problem = query_problem(name, expression)
    if problem:
        raise ValueError(problem)
    try:
        # It knows plain types only, and Ansible's texts are of their own.
        found = jmespath.search(expression, json.loads(json.dumps(result)))
    except JMESPathError as exc:
        reason = " ".join(str(exc).split())
        raise ValueError(said(name, expression, "an expression for this result", f"another one ({reason})")) from exc
    return [
        entry if isinstance(entry, str) else json.dumps(entry, ensure_ascii=False)
        for entry in (found if isinstance(found, list) else [found])
    ]
