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
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup, BackupError


def test_a_backup_is_whole_private_and_of_one_mta(tmp_path):
    source, directory = tmp_path / "message", str(tmp_path / "backup")
    source.write_bytes(b"\0\xffwhole\n")
    backup = Backup(directory, "postfix")
    backup.check()
    backup.save("AAAAAA1", {"message": str(source)})
    backup.save("AAAAAA1", {"message": str(source)})
    assert backup.ids() == ["AAAAAA1"]
    with open(backup.path("AAAAAA1", "message"), "rb") as stream:
        assert stream.read() == b"\0\xffwhole\n"
    assert stat.S_IMODE(os.stat(directory).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(backup.path("AAAAAA1", "message")).st_mode) == 0o600
    for attempt in (Backup(directory, "qmail").check, Backup(directory, "qmail").ids):
        with pytest.raises(BackupError) as caught:
            attempt()
        assert "messages of postfix, not of qmail" in str(caught.value)


def test_a_backup_never_loses_an_older_message_of_the_same_name(tmp_path):
    source, backup = tmp_path / "message", Backup(str(tmp_path / "backup"), "postfix")
    source.write_bytes(b"first")
    backup.save("AAAAAA1", {"message": str(source)})
    source.write_bytes(b"other")
    with pytest.raises(EnvironmentError) as caught:
        backup.save("AAAAAA1", {"message": str(source)})
    assert "another message" in str(caught.value)
    with open(backup.path("AAAAAA1", "message"), "rb") as stream:
        assert stream.read() == b"first"
    assert os.listdir(backup.directory) and backup.ids() == ["AAAAAA1"]


def test_a_message_that_cannot_be_saved_leaves_nothing_behind(tmp_path):
    backup = Backup(str(tmp_path / "backup"), "postfix")
    with pytest.raises(EnvironmentError):
        backup.save("AAAAAA1", {"message": str(tmp_path / "missing")})
    assert backup.ids() == []


def test_a_directory_that_is_no_backup_is_refused(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_bytes(b"x")
    for directory in (tmp_path / "etc", tmp_path / "etc" / "passwd", tmp_path / "no" / "such"):
        with pytest.raises(BackupError):
            Backup(str(directory), "postfix").check()
    with pytest.raises(BackupError):
        Backup("relative", "postfix").check()
    with pytest.raises(BackupError) as caught:
        Backup(str(tmp_path / "none"), "postfix").ids()
    assert "no such backup" in str(caught.value)


NAMES = st.sampled_from(["AAAAAA1", "4jXKsf49k2zFwr8", "1861840", "6AMC4m4E001627"])


@given(
    st.dictionaries(
        NAMES, st.dictionaries(st.sampled_from(["message", "control", "data"]), st.binary(max_size=50), min_size=1)
    )
)
def test_every_byte_of_every_message_comes_back(messages):
    top = tempfile.mkdtemp()
    try:
        backup = Backup(os.path.join(top, "backup"), "postfix")
        for queue_id, files in messages.items():
            paths = dict((name, os.path.join(top, name)) for name in files)
            for name, data in files.items():
                with open(paths[name], "wb") as stream:
                    stream.write(data)
            backup.save(queue_id, paths)
        found = {}
        for queue_id in backup.ids() if messages else ():
            found[queue_id] = {}
            for name in os.listdir(os.path.join(backup.directory, queue_id)):
                with open(backup.path(queue_id, name), "rb") as stream:
                    found[queue_id][name] = stream.read()
        assert found == messages
    finally:
        shutil.rmtree(top)
