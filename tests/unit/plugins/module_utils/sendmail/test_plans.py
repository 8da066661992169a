# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.sendmail.plans import (
    AccessPlan,
    ConfigurationError,
    Pair,
    SendmailFile,
)


@pytest.fixture
def etc(tmp_path):
    for name, moment in (("sendmail.mc", 1000), ("sendmail.cf", 2000), ("access", 1000), ("access.db", 2000)):
        path = tmp_path / name
        path.write_text(u"dnl\n" if name.endswith(".mc") else u"DSold\n")  # fmt: skip
        os.chmod(str(path), 0o644)
        os.utime(str(path), (moment, moment))
    return str(tmp_path)


def test_of_a_mode_alone_the_difference_tells_the_mode_only(etc):
    path = etc + "/access"
    assert SendmailFile(path, 0o600).diffs() == [
        {"before_header": path, "after_header": path, "before": "another mode\n", "after": "mode 0600\n"}
    ]


def test_a_file_that_only_gets_a_new_time_shows_nothing(etc):
    plan = SendmailFile(etc + "/sendmail.cf")
    plan.refreshed = True
    assert plan.changed and not plan.replaced and plan.diffs() == []


def test_a_pair_without_edits_changes_nothing(etc):
    pair = Pair(etc + "/sendmail.mc", etc + "/sendmail.cf")
    pair.take_over()
    assert not pair.plan_mc.changed and not pair.plan_cf.changed and not pair.pending


def test_a_source_that_is_newer_is_one_that_make_would_build(etc):
    os.utime(etc + "/sendmail.mc", (3000, 3000))
    assert Pair(etc + "/sendmail.mc", etc + "/sendmail.cf").pending


def test_a_cf_without_source_is_edited_alone_and_neither_is_refused(etc):
    os.unlink(etc + "/sendmail.mc")
    pair = Pair(etc + "/sendmail.mc", etc + "/sendmail.cf")
    pair.edit_mc(lambda mc: pytest.fail("there is none"))
    pair.require()
    os.unlink(etc + "/sendmail.cf")
    with pytest.raises(ConfigurationError):
        Pair(etc + "/sendmail.mc", etc + "/sendmail.cf").require()


def test_the_access_map_is_compiled_when_it_changes_or_is_newer(etc):
    path = etc + "/access"
    plan = AccessPlan("hash", SendmailFile(path))
    assert not plan.rebuild and plan.diffs() == []
    os.utime(path, (3000, 3000))
    (diff,) = AccessPlan("hash", SendmailFile(path)).diffs()
    assert (diff["after_header"], diff["before"]) == (path + ".db", "older than its source\n")
    assert diff["after"] == "compiled from its source\n"
    assert AccessPlan(None, None).plans() == [] and AccessPlan(None, None).diffs() == []
