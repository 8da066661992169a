# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import transaction
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    TransactionError,
    remove_stale,
    write_file,
)


@pytest.fixture
def etc(tmp_path):
    (tmp_path / "main.cf").write_bytes(b"old main")
    os.chmod(str(tmp_path / "main.cf"), 0o640)
    (tmp_path / "master.cf").write_bytes(b"old master")
    return tmp_path


def contents(directory):
    return dict((name, (directory / name).read_bytes()) for name in sorted(os.listdir(str(directory))))


def stage(change, path, data, mode=0o640):
    write_file(change.stage_of(str(path)), data, mode)
    change.prepare(str(path), mode, os.geteuid(), os.getegid())


def test_nothing_live_changes_before_activation_and_nothing_stays_after_it(etc):
    with Transaction() as change:
        stage(change, etc / "main.cf", b"new main")
        stage(change, etc / "table", b"new table", 0o600)
        assert (etc / "main.cf").read_bytes() == b"old main"
        assert not (etc / "table").exists()
        change.activate([(str(etc / "table"), True), (str(etc / "main.cf"), True), (str(etc / "master.cf"), False)])
    assert contents(etc) == {"main.cf": b"new main", "table": b"new table"}
    assert stat.S_IMODE(os.stat(str(etc / "main.cf")).st_mode) == 0o640
    assert stat.S_IMODE(os.stat(str(etc / "table")).st_mode) == 0o600


def test_a_transaction_that_is_left_changes_nothing(etc):
    before = contents(etc)
    with pytest.raises(KeyError), Transaction() as change:
        stage(change, etc / "main.cf", b"new")
        raise KeyError()
    assert contents(etc) == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_when_a_rename_fails_everything_is_put_back(etc, monkeypatch, failing):
    before = contents(etc)
    inode = os.stat(str(etc / "main.cf")).st_ino
    rename = os.rename
    calls = []

    def failing_rename(source, destination):
        calls.append(destination)
        if len(calls) == failing:
            raise OSError(28, "No space left on device", destination)
        rename(source, destination)

    with Transaction() as change:
        for name in ("table", "master.cf", "main.cf"):
            stage(change, etc / name, b"new")
        change.back_up([str(etc / "main.cf")])
        monkeypatch.setattr(transaction.os, "rename", failing_rename)
        with pytest.raises(TransactionError) as error:
            change.activate([(str(etc / name), True) for name in ("table", "master.cf", "main.cf")])
        monkeypatch.setattr(transaction.os, "rename", rename)
    assert "everything is as it was" in str(error.value)
    assert contents(etc) == before
    assert os.stat(str(etc / "main.cf")).st_ino == inode


def test_backups_are_the_old_files_and_two_in_a_second_do_not_collide(etc):
    for number in (1, 2):
        with Transaction() as change:
            stage(change, etc / "main.cf", b"new %d" % number)
            change.back_up([str(etc / "main.cf"), str(etc / "not-there")])
            change.activate([(str(etc / "main.cf"), True)])
            (backup,) = change.backups
        expected = b"old main" if number == 1 else b"new 1"
        with open(backup, "rb") as stream:
            assert stream.read() == expected
        assert stat.S_IMODE(os.stat(backup).st_mode) == 0o640


def test_what_a_killed_run_left_is_removed_and_nothing_else(etc):
    change = Transaction()
    stage(change, etc / "main.cf", b"new")
    (etc / ".mailops-stage.mine").mkdir()
    (etc / "other.mailops-new").write_bytes(b"")
    assert len(os.listdir(str(etc))) == 5
    remove_stale([str(etc), str(etc / "missing")])
    assert sorted(os.listdir(str(etc))) == [".mailops-stage.mine", "main.cf", "master.cf", "other.mailops-new"]


def test_the_staged_file_gets_the_label_of_its_destination(etc):
    labels = []
    with Transaction(lambda staged, destination: labels.append((os.path.exists(staged), destination))) as change:
        stage(change, etc / "main.cf", b"new")
    assert labels == [(True, str(etc / "main.cf"))]


def test_secrets_are_staged_where_nobody_else_can_look(etc):
    with Transaction() as change:
        directory = os.path.dirname(change.stage_of(str(etc / "secret")))
        assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700


def test_a_second_run_waits_and_then_says_why_it_does_not(etc):
    with Lock(str(etc)), pytest.raises(TransactionError) as error, Lock(str(etc), wait=0.0):
        pass
    assert "{0} has been locked by another run for 0 s".format(etc) in str(error.value)
    with Lock(str(etc), wait=0.0):
        pass
