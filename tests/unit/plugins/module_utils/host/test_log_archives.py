# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import gzip
import sys

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import log_archives
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import MAX_LINE
from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import find_files
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.log_files import (
    TEXT,
    compressed,
    log,
    peak_of,
    read,
    write,
)

FORMS = ["gzip", "bzip2", "xz", "zstd"]


@pytest.fixture(params=["module", "program"])
def by(request, monkeypatch):
    """Which of the two expands."""
    if request.param == "program":
        monkeypatch.setattr(
            log_archives, "_FORMATS", [form._replace(module=lambda: None) for form in log_archives._FORMATS]
        )
    return request.param


@pytest.mark.parametrize("form", FORMS)
def test_an_archive_is_known_by_its_content(tmp_path, by, form):
    source = log(write(tmp_path / "mail.log.1", compressed(form, TEXT)))
    assert read(source) == TEXT and source.problems == []
    assert read(source) == TEXT and source.problems == []


@pytest.mark.parametrize("form", FORMS)
def test_all_parts_of_an_archive_are_read(tmp_path, by, form):
    data = compressed(form, b"one\n") + compressed(form, TEXT) + compressed(form, b"") + compressed(form, b"three\n")
    source = log(write(tmp_path / "a", data))
    assert read(source) == b"one\n" + TEXT + b"three\n" and source.problems == []


@pytest.mark.parametrize("form", ["gzip", "xz"])
def test_zeros_may_follow_an_archive(tmp_path, by, form):
    source = log(write(tmp_path / "a", compressed(form, TEXT) + b"\0" * 512))
    assert read(source) == TEXT and source.problems == []


@pytest.mark.parametrize("form", FORMS)
def test_a_truncated_archive_gives_what_is_there(tmp_path, by, form):
    data = compressed(form, TEXT)
    source = log(write(tmp_path / "a", data[: len(data) * 3 // 4]))
    content = read(source)
    (problem,) = source.problems
    assert TEXT.startswith(content[:-1]) and problem.startswith(source.name + ": ") and form in problem
    if form != "bzip2":
        # bzip2 gives whole blocks of 900 kB.
        assert len(content) > len(TEXT) // 3


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_archive_gives_what_comes_before(tmp_path, by, form):
    data = bytearray(compressed(form, TEXT))
    for at in range(len(data) // 2, len(data) // 2 + 64):
        data[at] ^= 0x55
    source = log(write(tmp_path / "a", bytes(data)))
    content = read(source)
    (problem,) = source.problems
    assert content != TEXT and form in problem and "what comes before was read" in problem
    if form == "gzip":
        assert len(content) > len(TEXT) // 3 and TEXT.startswith(content[: len(TEXT) // 3])


@pytest.mark.parametrize("form", FORMS)
def test_what_follows_an_archive_and_is_none_is_said(tmp_path, by, form):
    source = log(write(tmp_path / "a", compressed(form, TEXT) + b"garbage, and not too little of it\n"))
    assert read(source) == TEXT
    if form == "bzip2" and (by == "program" or sys.version_info[0] < 3):
        # The program only warns.
        assert source.problems == []
    elif form != "gzip" or by == "module":
        assert len(source.problems) == 1 and form in source.problems[0]


def test_the_archive_of_python_s_own_module(tmp_path):
    with gzip.open(str(tmp_path / "a.gz"), "wb") as stream:
        stream.write(TEXT)
    assert read(log(tmp_path / "a.gz")) == TEXT


@pytest.mark.parametrize("form", FORMS)
def test_a_program_that_is_missing_is_named(tmp_path, monkeypatch, form):
    monkeypatch.setattr(
        log_archives, "_FORMATS", [known._replace(module=lambda: None) for known in log_archives._FORMATS]
    )
    path = write(tmp_path / "a", compressed(form, b"text\n"))
    source = log(path, form)
    assert read(source) == b""
    assert source.problems == [
        "{0}: it is compressed with {1}, and nothing on this host can expand that; install {1}".format(path, form)
    ]
    (source,) = find_files([path])
    assert read(source) == b"" and "install " + form in source.problems[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_bomb_is_not_expanded_in_memory(tmp_path, form):
    size = 40 << 20
    source = log(write(tmp_path / "a", compressed(form, b"first\n" + b"x" * size + b"\nlast\n")))
    result = []

    def work():
        result.append(read(source))

    peak = peak_of(work)
    assert result == [b"first\n" + b"x" * MAX_LINE + b"\nlast\n"]
    assert source.cut == 1 and source.problems == []
    # xz needs as much as it was told to when the file was made.
    assert peak < (3000000 if form != "xz" else 12000000)
