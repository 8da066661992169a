# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a role registers or sets is stronger than a variable of that name, which would be gone from then on, and a task that is
skipped registers too."""

from pathlib import Path

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[4] / "roles"
NAMES = sorted(path.name for path in ROLES.iterdir())


def variables(role):
    return {
        name
        for folder in ("defaults", "vars")
        for path in (ROLES / role / folder).glob("*.yml")
        for name in yaml.safe_load(path.read_text()) or {}
    }


def tasks(path):
    """Yields each task of a file, with those of its blocks."""
    todo = list(yaml.safe_load(path.read_text()) or [])
    while todo:
        task = todo.pop()
        yield task
        for part in ("block", "rescue", "always"):
            todo.extend(task.get(part, []))


def noted(task):
    """set of str: the names that a task gives a value to."""
    facts = task.get("ansible.builtin.set_fact", {})
    return {name for name in [task.get("register"), *facts] if name and name != "cacheable"}


@pytest.mark.parametrize("role", NAMES)
def test_what_a_task_notes_is_no_variable_of_the_role(role):
    taken = {
        (path.name, name)
        for path in (ROLES / role / "tasks").glob("*.yml")
        for task in tasks(path)
        for name in noted(task) & variables(role)
    }
    assert not taken


def test_where_no_authority_signs_the_result_of_the_key_stays():
    skipped = [
        task["ansible.builtin.import_tasks"]
        for name in ("name.yml", "siteca.yml")
        for task in tasks(ROLES / "relay_server" / "tasks" / name)
        if "ansible.builtin.import_tasks" in task and "when" in task
    ]
    assert not skipped, "each of their tasks would register that it was skipped"
