# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix.table_plan import TablePlan


def shown(plan):
    return [(os.path.basename(diff["after_header"]), diff["before"], diff["after"]) for diff in plan.diffs()]


def planned(path, after, **options):
    plan = TablePlan(str(path), **options)
    plan.after = after
    plan.compile_with("postmap", "hash")
    return plan


@pytest.fixture
def table(tmp_path):
    """A table with the file that was made of it."""
    path = tmp_path / "transport"
    for name, moment in ((path, 1000), (tmp_path / "transport.db", 2000)):
        name.write_bytes(b"a b\n")
        os.chmod(str(name), 0o644)
        os.utime(str(name), (moment, moment))
    return path


def test_a_table_that_is_as_wanted_is_left_alone(table):
    plan = planned(table, "a b\n")
    assert not plan.changed and shown(plan) == []


def test_a_new_table_is_compiled(tmp_path):
    plan = planned(tmp_path / "transport", "a b\n")
    assert plan.replaced and plan.rebuild
    assert shown(plan) == [("transport", "", "a b\n"), ("transport.db", "", "compiled from its source\n")]


def test_a_change_has_it_compiled_again(table):
    assert shown(planned(table, "a c\n")) == [
        ("transport", "a b\n", "a c\n"),
        ("transport.db", "older than its source\n", "compiled from its source\n"),
    ]


def test_a_compiled_file_that_is_older_than_its_source_is_made_again(table):
    os.utime(str(table), (3000, 3000))
    plan = planned(table, "a b\n")
    assert plan.changed and not plan.replaced
    assert shown(plan) == [("transport.db", "older than its source\n", "compiled from its source\n")]


def test_a_compiled_file_that_everybody_can_read_is_no_place_for_secrets(table):
    os.chmod(str(table), 0o600)
    assert not planned(table, "a b\n", mode=0o600).changed
    assert planned(table, "a b\n", mode=0o600, secret=True).rebuild


def test_what_is_removed_takes_the_compiled_file_along(table):
    assert shown(planned(table, None)) == [("transport", "a b\n", ""), ("transport.db", "compiled table\n", "")]
    os.unlink(str(table))
    plan = planned(table, None)
    assert plan.changed and not plan.replaced and not plan.rebuild
    assert shown(plan) == [("transport.db", "compiled table\n", "")]


def test_of_secrets_nothing_is_shown(table):
    text = repr(planned(table, "a hunter2\n", mode=0o600, secret=True).diffs())
    assert "a b" not in text and "hunter2" not in text
