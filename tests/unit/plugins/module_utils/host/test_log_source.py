# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import log_source
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import BLOCK, MAX_LINE, LogSourceError
from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import find_files, sources
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.log_files import (
    TEXT,
    Journalctl,
    compressed,
    log,
    names,
    read,
    write,
)


def test_a_plain_file_is_read_as_it_is(tmp_path):
    source = log(write(tmp_path / "mail.log.gz", TEXT, 1700000000))
    assert read(source) == TEXT
    assert (source.reference, source.size, source.problems, source.cut) == (1700000000, len(TEXT), [], 0)
    assert read(log(write(tmp_path / "empty", b""))) == b""
    assert read(log(write(tmp_path / "short", b"\n"))) == b"\n"


def test_a_hole_that_a_crash_has_left_is_one_line_and_counted(tmp_path):
    path = tmp_path / "mail.log"
    with open(str(path), "wb") as stream:
        stream.write(b"before\n")
        stream.seek(50 << 20)
        stream.write(b"the same line\nafter\nnot yet comp")
    source = log(path)
    assert read(source) == b"before\n" + b"\0" * MAX_LINE + b"\nafter\nnot yet comp\n"
    assert (source.cut, source.unfinished, source.problems) == (1, 1, [])
    # A second reading counts anew.
    read(source)
    assert (source.cut, source.unfinished) == (1, 1)


# While a log is written and rotated.


def test_what_is_written_later_is_not_waited_for(tmp_path):
    path = tmp_path / "mail.log"
    source = log(write(path, TEXT))
    seen = []
    for block in source.blocks():
        seen.append(block)
        with open(str(path), "ab") as stream:
            stream.write(b"another\n" * 20000)
    assert b"".join(seen) == TEXT
    assert source.problems == []


def test_the_line_that_is_being_written_is_read_to_its_end(tmp_path, monkeypatch):
    path = tmp_path / "mail.log"
    source = log(write(path, b"one\ntwo, be"))
    blocks = source._pieces

    def pieces(handle):
        inner = blocks(handle)
        yield next(inner, b"")
        with open(str(path), "ab") as stream:
            stream.write(b"gun\nthree\n")
        for piece in inner:
            yield piece

    monkeypatch.setattr(source, "_pieces", pieces)
    assert read(source) == b"one\ntwo, begun\n"
    assert source.unfinished == 0


def test_a_file_that_is_cut_is_reported(tmp_path):
    path = tmp_path / "mail.log"
    source = log(write(path, TEXT))
    blocks = source.blocks()
    seen = [next(blocks), next(blocks)]
    write(path, b"")
    seen += list(blocks)
    assert TEXT.startswith(b"".join(seen)[:-200]) and len(b"".join(seen)) < len(TEXT)
    assert source.problems == ["{0}: it has become shorter while it was read; what it had is lost".format(path)]
    source = log(write(path, TEXT))
    write(path, b"new\n")
    assert read(source) == b"new\n" and "shorter since it was found" in source.problems[0]


def test_a_file_that_is_rotated_is_found_again(tmp_path):
    path = tmp_path / "mail.log"
    source = log(write(path, b"old\n"))
    os.rename(str(path), str(tmp_path / "mail.log.1"))
    write(path, b"new\n")
    assert read(source) == b"old\n" and source.problems == []


def test_a_file_that_is_rotated_and_compressed_is_found_again(tmp_path):
    path = tmp_path / "mail.log.1"
    source = log(write(path, TEXT, 1700000000))
    os.unlink(str(path))
    write(tmp_path / "mail.log.1.gz", compressed("gzip", b"of another day\n"), 1700090000)
    write(tmp_path / "mail.log.2.gz", compressed("gzip", TEXT), 1700000000)
    assert read(source) == TEXT and source.problems == []


def test_a_file_that_is_gone_is_reported(tmp_path):
    path = tmp_path / "mail.log"
    source = log(write(path, b"old\n"))
    os.unlink(str(path))
    assert read(source) == b"" and "removed before it could be read" in source.problems[0]
    os.mkfifo(str(path))
    assert read(source) == b"" and "not a regular file" in source.problems[0]
    os.unlink(str(path))
    # Its inode may be the same again, if nothing else has taken it.
    write(tmp_path / "other", b"")
    write(path, b"quite another\n")
    assert read(source) == b"quite another\n"


def test_a_file_that_must_not_be_read_is_reported(tmp_path, monkeypatch):
    source = log(write(tmp_path / "mail.log", b"secret\n"))

    def refuse(path, flags):
        assert flags & os.O_NONBLOCK
        raise OSError(13, "Permission denied", path)

    # Root, as which this may run, may read every file.
    monkeypatch.setattr(os, "open", refuse)
    assert read(source) == b""
    assert source.problems == [source.name + ": it cannot be read: Permission denied; root can read it"]


def test_an_error_of_the_disk_is_reported(tmp_path, monkeypatch):
    source = log(write(tmp_path / "mail.log", TEXT))
    real, left = os.read, [3]

    def failing(handle, size):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(5, "Input/output error")
        return real(handle, size)

    monkeypatch.setattr(os, "read", failing)
    content = read(source)
    assert TEXT.startswith(content[:-200]) and len(content) > BLOCK
    assert source.problems == ["{0}: it cannot be read further: Input/output error".format(source.name)]


# Which files.


def test_rotated_files_come_in_the_order_in_which_they_were_written(tmp_path):
    for number, name in enumerate(["mail.log.10.gz", "mail.log.2", "mail.log.1", "mail.log"]):
        write(tmp_path / name, b"x\n", 1700000000 + number)
    found = find_files([str(tmp_path / "mail.log*")])
    assert names(found) == ["mail.log.10.gz", "mail.log.2", "mail.log.1", "mail.log"]
    for name in names(found):
        os.utime(str(tmp_path / name), (1700000000, 1700000000))
    assert names(find_files([str(tmp_path / "mail.log*")])) == names(found)
    for name in ["maillog", "maillog-20261101.xz", "maillog-20261108", "maillog.old"]:
        write(tmp_path / name, b"x\n", 1700000000)
    dated = ["maillog-20261101.xz", "maillog-20261108", "maillog.old", "maillog"]
    assert names(find_files([str(tmp_path / "maillog*")])) == dated


def test_a_directory_of_multilog(tmp_path):
    first, second = "@4000000065543f4a0bebc20c.s", "@4000000065543f4b0bebc20c.u"
    for name in [first, second, "current", "lock", "state", "newstate", "previous", "processed", ".hidden"]:
        write(tmp_path / name, b"x\n", 1700000000)
    write(tmp_path / "mail.log.offset", b"x\n")
    (tmp_path / "main").mkdir()
    assert names(find_files([str(tmp_path)])) == [first, second, "current"]
    # What is named is wanted.
    assert names(find_files([str(tmp_path / "state")])) == ["state"]


def test_files_from_before_the_wanted_time_are_left_out(tmp_path):
    write(tmp_path / "mail.log.2", b"x\n", 1700000000)
    write(tmp_path / "mail.log.1", b"x\n", 1700001000)
    patterns = [str(tmp_path / "mail.log*")]
    assert names(find_files(patterns, since=1700001030)) == ["mail.log.1"]
    assert find_files(patterns, since=1700002000) == []
    assert len(find_files(patterns, since=1600000000)) == 2
    # That there are some tells that the logs reach back to the wanted time.
    assert find_files(patterns, since=1700001030).has_older()
    assert not find_files(patterns, since=1600000000).has_older() and not find_files(patterns).has_older()
    write(tmp_path / "mail.log.2", b"", 1700000000)
    assert not find_files(patterns, since=1700001030).has_older()


def test_a_file_counts_once_whatever_it_is_called(tmp_path):
    path = write(tmp_path / "mail.log", b"x\n")
    os.link(path, str(tmp_path / "hard"))
    os.symlink(path, str(tmp_path / "soft"))
    os.symlink(str(tmp_path / "nothing"), str(tmp_path / "dangling"))
    assert len(find_files([path, str(tmp_path / "*"), str(tmp_path)])) == 1
    assert names(find_files([str(tmp_path / "soft")])) == ["soft"]


def test_a_copy_that_is_being_made_is_left_out(tmp_path):
    path = write(tmp_path / "mail.log.1", TEXT, 1700000000)
    copy = write(tmp_path / "mail.log.1.gz", compressed("gzip", TEXT)[:1000], 1700000001)
    (source,) = find_files([str(tmp_path / "mail.log*")])
    assert source.name == path and read(source) == TEXT
    # Nothing of it is missing.
    assert source.problems == []
    # An older one is another log.
    os.utime(copy, (1600000000, 1600000000))
    assert len(find_files([str(tmp_path / "mail.log*")])) == 2


@pytest.mark.parametrize("name", ["fifo", "f*", "socket-less", "x*", "empty", "relative"])
def test_what_is_no_log_is_refused_and_never_waited_for(tmp_path, name):
    os.mkfifo(str(tmp_path / "fifo"))
    (tmp_path / "empty").mkdir()
    reasons = {"fifo": "not a regular file", "f*": "not a regular file", "relative": "absolute path"}
    pattern = name if name == "relative" else str(tmp_path / name)
    with pytest.raises(LogSourceError) as caught:
        find_files([pattern])
    assert str(caught.value).startswith(pattern + ": ")
    assert reasons.get(name, "there is no such file") in str(caught.value)
    assert find_files([pattern], given=False) == []


def test_brackets_in_a_name_are_no_pattern(tmp_path):
    path = write(tmp_path / "mail[1].log", b"x\n")
    assert names(find_files([path])) == ["mail[1].log"]


def test_the_defaults_are_no_copies_and_all_of_qmail():
    everything = log_source.DEFAULT_PATTERNS
    assert not [pattern for pattern in everything if re.search("err|warn|info", pattern)]
    assert "/var/log/qmail/send/current" in everything and "/var/log/qmail/@*.s" in everything


# Which sources.


def test_files_come_first_if_there_is_something_in_them(tmp_path):
    host, usual = Journalctl(b""), [str(tmp_path / "mail.log*")]
    assert names(sources(host, defaults=usual)) == ["journal"]
    path = write(tmp_path / "mail.log", b"", 1700000000)
    assert names(sources(host, defaults=usual)) == ["journal"]
    assert names(sources(host, kind="files", defaults=usual)) == ["mail.log"]
    assert names(sources(Journalctl(None), defaults=usual)) == ["mail.log"]
    write(path, b"x\n", 1700000000)
    assert names(sources(host, defaults=usual)) == ["mail.log"]
    assert names(sources(host, defaults=usual, since=1700009999)) == ["journal"]
    assert sources(Journalctl(None), defaults=usual, since=1700009999) == []
    assert names(sources(host, kind="journal", defaults=usual)) == ["journal"]
    assert names(sources(host, [path])) == ["mail.log"] and host.asked == []


def test_a_host_without_any_log_says_what_was_looked_for(tmp_path):
    usual = [str(tmp_path / "mail.log*"), str(tmp_path / "@*.s"), str(tmp_path / "current")]
    for kind in ("auto", "files"):
        with pytest.raises(LogSourceError) as caught:
            sources(Journalctl(None), kind=kind, defaults=usual)
        assert "neither {0}/mail.log nor {0}/current".format(tmp_path) in str(caught.value)
        assert ("journalctl" in str(caught.value)) == (kind == "auto")
    for options in ({"kind": "journal"}, {"kind": "journal", "patterns": ["/x"]}, {"kind": "syslog"}):
        with pytest.raises(LogSourceError):
            sources(Journalctl(None), defaults=usual, **options)
