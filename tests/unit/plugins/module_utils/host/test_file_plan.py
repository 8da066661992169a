# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import stat
import tempfile

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import (
    NOT_SHOWN,
    FilePlan,
    Writer,
    is_stale,
    make_newer,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native, to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Transaction, TransactionError

PATIENT = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A file's content as read_native gives it, or no file.
TEXTS = st.none() | st.binary(max_size=12).map(lambda data: to_native(data, errors="surrogateescape"))
MODES = st.none() | st.sampled_from([0o600, 0o640, 0o644])


@pytest.fixture
def here():
    """str: an empty directory."""
    path = os.path.realpath(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def write(path, text, mode=0o644):
    with open(path, "wb") as stream:
        stream.write(to_file_bytes(text))
    os.chmod(path, mode)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def planned(path, after, **options):
    plan = FilePlan(path, **options)
    plan.after = after
    return plan


def put_in_place(plans, backup=False):
    with Transaction() as transaction:
        writer = Writer(transaction, plans)
        for plan in plans:
            if plan.replaced and plan.after is None:
                writer.remove(plan.destination)
            elif plan.replaced:
                writer.stage(plan)
                writer.move(plan)
        return writer.activate([plan for plan in plans if plan.replaced] if backup else [])


@PATIENT
@given(TEXTS, TEXTS, st.sampled_from([0o600, 0o644]), MODES, st.booleans())
def test_what_was_planned_is_written_and_the_second_run_finds_nothing(before, after, old_mode, mode, secret):
    directory = tempfile.mkdtemp()
    try:
        path = os.path.join(directory, "file")
        if before is not None:
            write(path, before, old_mode)
        plan = planned(path, after, mode=mode, secret=secret)
        differs = before != after or (before is not None and mode not in (None, old_mode))
        assert plan.changed == differs and bool(plan.diffs()) == differs
        put_in_place([plan])
        assert read_native(path) == after
        if after is not None:
            kept = old_mode if before is not None else 0o644
            assert mode_of(path) == (kept if mode is None else mode)
        again = planned(path, after, mode=mode, secret=secret)
        assert not again.changed and again.diffs() == []
        assert os.listdir(directory) == ([] if after is None else ["file"])
    finally:
        shutil.rmtree(directory)


@PATIENT
@given(TEXTS, TEXTS)
def test_the_difference_has_both_texts_whole_and_of_a_secret_neither(before, after):
    directory = tempfile.mkdtemp()
    try:
        path = os.path.join(directory, "file")
        if before is not None:
            write(path, before)
        shown = planned(path, after).diffs()
        hidden = planned(path, after, secret=True).diffs()
    finally:
        shutil.rmtree(directory)
    if before == after:
        assert shown == hidden == []
        return
    header = {"before_header": path, "after_header": path}
    assert shown == [dict(header, before=before or "", after=after or "")]
    assert hidden == [
        dict(
            header,
            before="" if before is None else NOT_SHOWN,
            after="" if after is None else NOT_SHOWN + "changed\n",
        )
    ]


def test_where_the_mode_alone_differs_it_is_what_is_shown(here):
    path = os.path.join(here, "file")
    write(path, "text", 0o644)
    (diff,) = FilePlan(path, mode=0o600, secret=True).diffs()
    assert diff["before"] == "mode, owner or group differ\n"
    assert diff["after"] == "mode 0600, owner {0}, group {1}\n".format(os.geteuid(), os.getegid())


def test_what_holds_for_new_files_does_not_touch_an_old_one(here):
    path = os.path.join(here, "file")
    put_in_place([planned(path, "text", new=(0o640, None, None))])
    assert mode_of(path) == 0o640
    assert not FilePlan(path, new=(0o600, None, None)).changed


def test_a_link_stays_and_the_file_behind_it_is_written(here):
    real, link = os.path.join(here, "real"), os.path.join(here, "link")
    write(real, "old")
    os.symlink(real, link)
    plan = planned(link, "new")
    assert plan.diffs()[0]["after_header"] == link
    put_in_place([plan])
    assert os.path.islink(link) and read_native(real) == "new"


def test_what_another_program_wrote_meanwhile_is_not_overwritten(here):
    one, two = os.path.join(here, "one"), os.path.join(here, "two")
    write(one, "old")
    write(two, "old")
    plans = [planned(one, "new"), FilePlan(two)]
    write(two, "theirs")
    with pytest.raises(TransactionError) as error:
        put_in_place(plans, backup=True)
    assert two in str(error.value) and "nothing was changed" in str(error.value)
    assert sorted(os.listdir(here)) == ["one", "two"]
    assert (read_native(one), read_native(two)) == ("old", "theirs")


def fail_to_put(plans):
    """Put plans in place, with backups, when the last one's new file has vanished before it could move in."""
    with Transaction() as transaction:
        writer = Writer(transaction, plans)
        for plan in plans:
            writer.put(plan)
        os.unlink(transaction.stage_of(plans[-1].destination))
        with pytest.raises(TransactionError):
            writer.activate(plans)


def test_when_one_file_cannot_be_moved_in_all_are_as_they_were(here):
    one, two = os.path.join(here, "one"), os.path.join(here, "two")
    write(one, "old")
    fail_to_put([planned(one, "new"), planned(two, "new")])
    assert os.listdir(here) == ["one"] and read_native(one) == "old"


def test_a_backup_keeps_content_and_mode(here):
    path = os.path.join(here, "file")
    write(path, "old", 0o600)
    (backup,) = put_in_place([planned(path, "new", mode=0o644)], backup=True)
    assert read_native(backup) == "old" and mode_of(backup) == 0o600


def test_a_source_is_older_than_what_is_made_of_it(here):
    source, compiled = os.path.join(here, "map"), os.path.join(here, "map.db")
    plan = planned(source, "a b\n")
    with Transaction() as transaction:
        writer = Writer(transaction, [plan])
        writer.stage(plan, age=1)
        write(transaction.stage_of(compiled), "made")
        writer.move_made(compiled, 0o600, os.geteuid(), os.getegid())
        writer.move(plan)
        writer.activate()
    assert not is_stale(compiled, source)
    assert os.stat(compiled).st_mtime - os.stat(source).st_mtime >= 0.9
    os.utime(compiled, (1, 1))
    assert is_stale(compiled, source)
    os.unlink(compiled)
    assert is_stale(compiled, source)


KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n"


@pytest.mark.parametrize("before, secret, hide", [(KEY, False, None), ("x", True, None), ("x", False, lambda *_: "y")])
def test_the_backup_of_a_secret_is_for_its_owner_and_the_file_is_left_as_it_is(here, before, secret, hide):
    path = os.path.join(here, "file")
    write(path, before, 0o644)
    os.utime(path, (1000, 2000))
    plan = planned(path, "new", secret=secret)
    plan.hide = hide
    (backup,) = put_in_place([plan], backup=True)
    assert mode_of(backup) == 0o600 and read_native(backup) == before and os.stat(backup).st_mtime == 2000
    assert mode_of(path) == 0o644 and read_native(path) == "new"
    assert sorted(os.listdir(here)) == sorted(["file", os.path.basename(backup)])


def test_a_failed_change_leaves_the_file_its_mode_and_no_backup(here):
    one, two = os.path.join(here, "one"), os.path.join(here, "two")
    write(one, KEY, 0o644)
    fail_to_put([planned(one, "new"), planned(two, "new")])
    assert os.listdir(here) == ["one"] and read_native(one) == KEY and mode_of(one) == 0o644


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_no_backup_can_be_read_by_more_than_the_file_could(here, mode):
    for number, text in enumerate(("plain", KEY)):
        path = os.path.join(here, "file{0}".format(number))
        write(path, text, mode)
        (backup,) = put_in_place([planned(path, "new")], backup=True)
        assert mode_of(backup) & 0o077 & ~mode == 0
        assert (os.stat(backup).st_uid, os.stat(backup).st_gid) == (os.stat(path).st_uid, os.stat(path).st_gid)


TEXTS_WITH_KEYS = st.sampled_from([None, "", CERTIFICATE, KEY, CERTIFICATE + KEY, "text"])


@PATIENT
@given(TEXTS_WITH_KEYS, TEXTS_WITH_KEYS, st.lists(TEXTS_WITH_KEYS, max_size=3))
def test_after_a_withdrawal_no_key_is_left_and_the_next_run_says_nothing(before, after, backups):
    directory = os.path.realpath(tempfile.mkdtemp())
    try:
        path = os.path.join(directory, "anchors.pem")
        if before is not None:
            write(path, before)
        for number, text in enumerate(backups):
            write("{0}.2026-11-2{1}@07:44:01~".format(path, number), text or "")
        plan = planned(path, after)
        plan.withdraw_key()
        wanted = after is not None and KEY in after
        held = [] if wanted else [text for text in [before] + backups if text is not None and KEY in text]
        assert len(plan.leaked) == len(held)
        assert bool(plan.diffs()) == plan.changed == (before != after or bool(held))
        assert wanted or "MIIE" not in str(plan.diffs())
        made = put_in_place([plan], backup=True)
        assert len(made) == (1 if before != after and before is not None and not held else 0)
        left = [name for name in os.listdir(directory) if KEY in (read_native(os.path.join(directory, name)) or "")]
        assert wanted or left == []
        again = planned(path, after)
        again.withdraw_key()
        assert not again.changed and again.leaked == again.diffs() == []
    finally:
        shutil.rmtree(directory)


def test_a_backup_with_a_key_comes_back_when_the_change_fails(here):
    path, backup = os.path.join(here, "anchors.pem"), os.path.join(here, "anchors.pem.2026-11-21@07:44:01~")
    write(path, "old")
    write(backup, KEY)
    plan = planned(path, "new")
    plan.withdraw_key()
    fail_to_put([plan])
    assert sorted(os.listdir(here)) == ["anchors.pem", os.path.basename(backup)]


def test_a_source_is_newer_than_what_was_compiled_of_the_old_one_whatever_the_clock_says(tmp_path):
    source, compiled = tmp_path / "t", tmp_path / "t.db"
    for path in (source, compiled):
        path.write_bytes(b"")
    for ahead in (0, 3600):
        moment = os.stat(str(source)).st_mtime + ahead
        os.utime(str(compiled), (moment, moment))
        make_newer(str(source), [str(compiled), str(tmp_path / "none")])
        assert is_stale(str(compiled), str(source))
    before = os.stat(str(source)).st_mtime
    make_newer(str(source), [str(compiled)])
    assert os.stat(str(source)).st_mtime == before
