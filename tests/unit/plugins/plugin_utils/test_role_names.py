# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module says to the user of a role names variables that the role has, and gives to that option."""

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.host.role_names import VARIABLES
from ansible_collections.mailops.relay.plugins.plugin_utils.role_variables import ROLES, options_of

FOLDER = Path(__file__).resolve().parents[4] / "roles"
_PLAIN = re.compile(r"\{\{ (\w+)( \| default\(omit, true\))? \}\}\Z")
# Options that no error or warning of theirs names.
_UNNAMED = {"backup", "rsyslog", "name"}


def calls(role):
    """Yields (option, value) of each call of a module of this collection that the role makes in its own name."""
    for path in sorted((FOLDER / role / "tasks").glob("*.yml")):
        for task in yaml.safe_load(path.read_text("utf-8")):
            for name, options in task.items():
                if name.startswith("mailops.relay.") and options.get("owner") == role:
                    yield from options.items()


@pytest.mark.parametrize("role", ROLES)
def test_each_is_a_variable_of_the_role(role):
    named = {name.format(role).partition("=")[0].partition(":")[0] for name in VARIABLES[role].values()}
    assert named and named <= set(options_of(role))


@pytest.mark.parametrize("role", ROLES)
def test_what_the_role_passes_on_as_it_is_goes_by_its_name(role):
    passed = {
        (option, match[1])
        for option, value in calls(role)
        for match in [_PLAIN.match(str(value))]
        if match and match[1].startswith(f"{role}_") and option not in _UNNAMED
    }
    assert passed
    assert {(option, VARIABLES[role].get(option, "").format(role)) for option, _name in passed} == passed
