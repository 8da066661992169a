# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import stat

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import files


def mode_of(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def test_missing_file_reads_as_none(tmp_path):
    assert files.read_bytes(str(tmp_path / "none")) is None
    assert files.read_native(str(tmp_path / "none")) is None


def test_bytes_that_are_not_utf8_come_back_unchanged(tmp_path):
    path = tmp_path / "main.cf"
    path.write_bytes(b"# caf\xe9\nmyhostname = \xc3\xa9\n")
    text = files.read_native(str(path))
    assert isinstance(text, str)
    assert files.to_file_bytes(text) == b"# caf\xe9\nmyhostname = \xc3\xa9\n"


def test_new_file_gets_its_mode_and_no_temporary_stays(tmp_path):
    path = tmp_path / "secret"
    files.write_atomically(str(path), b"x", mode=0o600)
    assert path.read_bytes() == b"x"
    assert mode_of(path) == 0o600
    assert os.listdir(str(tmp_path)) == ["secret"]


def test_existing_mode_is_kept(tmp_path):
    path = tmp_path / "main.cf"
    path.write_bytes(b"old")
    os.chmod(str(path), 0o640)
    files.write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert mode_of(path) == 0o640


def test_symbolic_link_stays_a_link(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    os.symlink("real", str(tmp_path / "link"))
    files.write_atomically(str(tmp_path / "link"), b"new")
    assert os.path.islink(str(tmp_path / "link"))
    assert (tmp_path / "real").read_bytes() == b"new"


def test_failure_before_the_rename_leaves_the_old_file(tmp_path):
    path = tmp_path / "main.cf"
    path.write_bytes(b"old")

    def refuse(temporary, destination):
        raise RuntimeError("no label")

    with pytest.raises(RuntimeError):
        files.write_atomically(str(path), b"new", label=refuse)
    assert path.read_bytes() == b"old"
    assert os.listdir(str(tmp_path)) == ["main.cf"]


def test_file_is_never_readable_by_others_before_its_mode_is_set(tmp_path, monkeypatch):
    seen = []
    real = os.fchmod

    def fchmod(handle, mode):
        seen.append(stat.S_IMODE(os.fstat(handle).st_mode))
        real(handle, mode)

    monkeypatch.setattr(files.os, "fchmod", fchmod)
    files.write_atomically(str(tmp_path / "key"), b"x", mode=0o644)
    assert seen == [0o600]


@pytest.mark.parametrize("kind", ["device", "endless", "fifo", "socket", "directory"])
def test_what_is_no_file_is_refused_without_waiting(tmp_path, kind):
    path = str(tmp_path / "p")
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        server = socket.socket(socket.AF_UNIX)
        server.bind(path)
        server.close()
    elif kind == "directory":
        os.mkdir(path)
    else:
        os.symlink("/dev/full" if kind == "device" else "/dev/zero", path)
    for use in (files.read_bytes, lambda path: files.write_atomically(path, b"x")):
        with pytest.raises(files.FileKindError) as raised:
            use(path)
        word = "a device" if kind == "endless" else "a FIFO" if kind == "fifo" else "a " + kind
        assert word in str(raised.value) and "not a regular file" in str(raised.value)
    assert os.listdir(str(tmp_path)) == ["p"]


def test_a_file_that_is_too_large_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 100000)
    (tmp_path / "f").write_bytes(b"x" * 100000)
    assert len(files.read_bytes(str(tmp_path / "f"))) == 100000
    (tmp_path / "f").write_bytes(b"x" * 100001)
    with pytest.raises(files.FileKindError) as raised:
        files.read_bytes(str(tmp_path / "f"))
    assert "more than 100000 bytes" in str(raised.value)


def test_files_of_procfs_have_no_size_and_are_read():
    assert b"PPid:" in files.read_bytes("/proc/self/status")
