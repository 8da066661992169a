# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import bz2
import gzip
import json
import os
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import log_sources
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result, Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.log_sources import (
    BLOCK,
    MAX_LINE,
    Counts,
    LogSourceError,
    find_files,
    journal,
    line_finder,
    sources,
    whole_lines,
)

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
LINE = b"Nov 25 12:00:00 relay postfix/smtp[%d]: 3F2A91C40%02X: to=<user@example.net>, status=sent (250 caf\xe9 \xff)\n"
# So many that an archive of them consists of several blocks, and hardly compressible.
TEXT = b"".join(LINE % (number * 7919 % 99991, number % 256) for number in range(6000))


def found_in_path(program):
    for directory in os.environ["PATH"].split(os.pathsep):
        path = os.path.join(directory, program)
        if os.access(path, os.X_OK):
            return path
    return None


class Module(object):
    def __init__(self, missing=()):
        self.missing = missing

    def get_bin_path(self, program, opt_dirs=None):
        return None if program in self.missing else found_in_path(program)


def runner(*missing):
    return Runner(Module(missing))


def write(path, data, mtime=None):
    with open(str(path), "wb") as stream:
        stream.write(data)
    if mtime is not None:
        os.utime(str(path), (mtime, mtime))
    return str(path)


def names(found):
    return [os.path.basename(source.name) for source in found]


def log(path, *missing):
    (source,) = find_files([str(path)], runner=runner(*missing))
    return source


def read(source):
    blocks = list(source.blocks())
    assert all(block.endswith(b"\n") and len(block) <= BLOCK + MAX_LINE for block in blocks)
    return b"".join(blocks)


# Lines.


@given(st.binary(max_size=200).map(lambda data: data.replace(b"a", b"\n")), st.integers(1, 30), st.integers(1, 20))
@example(b"x" * 30 + b"\n" + b"\0\0\ny\n" + b"z" * 9, 7, 4)
@example(b"\n\n\n", 1, 1)
def test_blocks_are_the_lines_and_only_what_is_too_long_is_missing(data, size, most):
    counts = Counts()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    blocks = list(whole_lines(pieces, counts, most))
    lines = data.split(b"\n")
    unfinished = lines.pop()
    lines += [unfinished] if unfinished else []
    assert b"".join(blocks) == b"".join(line[:most] + b"\n" for line in lines)
    assert all(block.endswith(b"\n") and len(block) <= size + most + 1 for block in blocks)
    assert counts.cut == sum(len(line) > most for line in lines)
    assert counts.unfinished == (1 if unfinished else 0)
    assert counts.with_nul == sum(b"\0" in line[:most] for line in lines)


def peak_of(work):
    """int: bytes that the work takes at most; Python 2 does not know, and only does it."""
    try:
        import tracemalloc
    except ImportError:
        work()
        return 0
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_of_100_mb_takes_no_memory():
    counts, piece, result = Counts(), b"x" * BLOCK, []

    def work():
        pieces = (piece if number < 1600 else b"end\nnext\n" for number in range(1601))
        result.extend(whole_lines(pieces, counts))

    peak = peak_of(work)
    assert b"".join(result) == b"x" * MAX_LINE + b"\nnext\n"
    assert counts.cut == 1 and counts.unfinished == 0
    assert peak < 1000000


def test_a_hole_that_a_crash_has_left_is_one_line_and_counted(tmp_path):
    path = tmp_path / "mail.log"
    with open(str(path), "wb") as stream:
        stream.write(b"before\n")
        stream.seek(50 << 20)
        stream.write(b"the same line\nafter\nnot yet comp")
    source = log(path)
    assert read(source) == b"before\n" + b"\0" * MAX_LINE + b"\nafter\nnot yet comp\n"
    assert (source.cut, source.with_nul, source.unfinished, source.problems) == (1, 1, 1, [])
    # A second reading counts anew.
    read(source)
    assert (source.cut, source.with_nul, source.unfinished) == (1, 1, 1)


def few_letters(data):
    letters = bytearray(b"aAbB\n\xe9")
    return bytes(bytearray(letters[byte % 6] for byte in bytearray(data)))


texts = st.binary(max_size=60).map(few_letters)
needles = st.binary(max_size=3).map(few_letters)


@given(st.lists(texts, max_size=4), st.lists(needles, max_size=5), st.booleans(), st.integers(0, 30))
@example([b"ab\nb"], [b"a", b"ab", b"b"], False, 24)
@example([b"\n\na"], [b""], False, 0)
@example([b"aB"], [b"Ab"], True, 24)
def test_line_finder_gives_what_a_look_at_each_line_gives(blocks, wanted, ignore_case, more):
    blocks = [block + b"\n" for block in blocks]
    # More needles than are looked for one by one.
    wanted = wanted + [b"z%02d" % number for number in range(more)]

    def has(line):
        return any(n in line or ignore_case and n.lower() in line.lower() for n in wanted if b"\n" not in n)

    expected = [b"".join(line + b"\n" for line in block[:-1].split(b"\n") if has(line)) for block in blocks]
    assert list(map(line_finder(wanted, ignore_case), blocks)) == expected


def test_many_needles_are_found_whatever_they_have_in_common():
    wanted = [b"3F2A91C%03X" % number for number in range(500)] + [b"a" * number for number in range(200, 0, -1)]
    wanted += [b"a" * number + b"(.*" for number in range(100)]
    block = b"3F2A91C1F3: x\n3F2A91C1F4: y\nbbbb\nb(.*\naa\n"
    assert line_finder(wanted)(block) == b"3F2A91C1F3: x\nb(.*\naa\n"


# Files and archives.


def compressed(form, data):
    if form == "gzip":
        out = log_sources.zlib.compressobj(6, log_sources.zlib.DEFLATED, 31)
        return out.compress(data) + out.flush()
    if form == "bzip2":
        return bz2.compress(data)
    program = found_in_path(form)
    if program is None:
        pytest.skip("no program {0} on this machine, which makes the files of this test".format(form))
    process = subprocess.Popen([program, "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process.communicate(data)[0]


FORMS = ["gzip", "bzip2", "xz", "zstd"]


@pytest.fixture(params=["module", "program"])
def by(request, monkeypatch):
    """Which of the two expands."""
    if request.param == "program":
        monkeypatch.setattr(
            log_sources, "_FORMATS", [form._replace(module=lambda: None) for form in log_sources._FORMATS]
        )
    return request.param


def test_a_plain_file_is_read_as_it_is(tmp_path):
    source = log(write(tmp_path / "mail.log.gz", TEXT, 1700000000))
    assert read(source) == TEXT
    assert (source.reference, source.size, source.problems, source.cut) == (1700000000, len(TEXT), [], 0)
    assert read(log(write(tmp_path / "empty", b""))) == b""
    assert read(log(write(tmp_path / "short", b"\n"))) == b"\n"


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
        log_sources, "_FORMATS", [known._replace(module=lambda: None) for known in log_sources._FORMATS]
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
    assert read(source) == b"" and "no regular file" in source.problems[0]
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
    assert source.problems == ["{0}: left out, since it is made of {1}".format(copy, path)]
    # An older one is another log.
    os.utime(copy, (1600000000, 1600000000))
    assert len(find_files([str(tmp_path / "mail.log*")])) == 2


@pytest.mark.parametrize("name", ["fifo", "f*", "socket-less", "x*", "empty", "relative"])
def test_what_is_no_log_is_refused_and_never_waited_for(tmp_path, name):
    os.mkfifo(str(tmp_path / "fifo"))
    (tmp_path / "empty").mkdir()
    reasons = {"fifo": "no regular file", "f*": "no regular file", "relative": "absolute path"}
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
    everything = log_sources.DEFAULT_PATTERNS
    assert not [pattern for pattern in everything if re.search("err|warn|info", pattern)]
    assert "/var/log/qmail/send/current" in everything and "/var/log/qmail/@*.s" in everything


# The journal.


class Journalctl(object):
    """A runner on a host whose journalctl gives these bytes."""

    def __init__(self, output, version="systemd 252 (252.39-1~deb12u2)\n", complaints="", rc=0):
        self.output = output
        self.version = version
        self.complaints = complaints
        self.rc = rc
        self.asked = []

    def find(self, program):
        return None if self.output is None else "/usr/bin/" + program

    def run(self, argv, check=True):
        self.asked.append(argv)
        return Result(0, self.version, "")

    def blocks(self, argv, env=None, size=1000):
        self.asked.append(argv)
        for at in range(0, len(self.output), 777):
            yield self.output[at : at + 777]
        if self.rc:
            raise CommandError(argv, self.rc, "", self.complaints)


def lines_of(*entries, **options):
    output = b"".join(json.dumps(entry).encode("ascii") + b"\n" for entry in entries)
    source = journal(Journalctl(output, **options))
    return read(source).split(b"\n")[:-1], source


def entry(message, **fields):
    basis = {
        "MESSAGE": message,
        "SYSLOG_IDENTIFIER": "postfix/smtp",
        "SYSLOG_PID": "7",
        "_HOSTNAME": "relay",
        "__REALTIME_TIMESTAMP": "1795610003508557",
    }
    basis.update(fields)
    return dict((name, value) for name, value in basis.items() if value is not Ellipsis)


def test_the_recorded_journals():
    for version, damaged in (("247", 2), ("252", 1)):
        with open(os.path.join(FIXTURES, "journal-{0}.jsonl".format(version)), "rb") as stream:
            source = journal(Journalctl(stream.read()))
        lines = read(source).decode("utf-8", "replace").split("\n")[:-1]
        start = re.compile(r"2026-11-25T12:\d\d:\d\d\.\d{6}\+00:00 relay\.example\.com \S+\[\d+\]: ")
        assert len(lines) > 15 and all(start.match(line) for line in lines)
        assert sum("status=sent (delivered to mailbox)" in line for line in lines) == 1
        (forged,) = (line for line in lines if "forged" in line)
        assert forged.endswith(
            "postfix/smtp[77]: 3F2A91C40: to=<a@b>#012Nov 25 12:00:01 relay postfix/smtp[77]: 4AAAA: "
            "forged #033[31m#011tab#177"
        )
        assert [line.partition("Suppressed ")[2] for line in lines if "Suppressed" in line] == [
            "{0} messages from postfix-flood3.service".format(67 if version == "247" else 72)
        ]
        assert sum("qmail-send[" in line for line in lines) == 2
        assert sum(u"caf\ufffd" in line for line in lines) == 1
        assert [line.partition("]: ")[2] for line in lines if "[81]" in line] == ["two#012messages"]
        assert source.damaged == damaged
        assert source.problems == ["journal: {0} entries could not be read".format(damaged)]
        assert any(len(line) > 6000 for line in lines) == (version == "252")
    # The time that the kernel noted, as journalctl shows it, not that of journald.
    assert any(line.startswith("2026-11-25T12:33:35.614322+00:00 ") for line in lines)


def test_a_message_is_one_line_and_cannot_be_another_program_s():
    lines, source = lines_of(
        entry([97, 10, 98, 0, 255, 10]),
        entry(["a\nb", [99, 255]]),
        entry("x", SYSLOG_IDENTIFIER="a: b[1]\n", SYSLOG_PID="1\n2", _PID="8", _HOSTNAME=u"h: \xe9"),
        entry("y", SYSLOG_IDENTIFIER=Ellipsis, SYSLOG_PID=Ellipsis, _COMM="python3", _HOSTNAME=Ellipsis),
        entry("z", SYSLOG_IDENTIFIER=["one", "two"], _SOURCE_REALTIME_TIMESTAMP="1795610003000001"),
        entry(u"\u2028 \x85"),
    )
    stamp = b"2026-11-25T12:33:23.508557+00:00 "
    usual = stamp + b"relay postfix/smtp[7]: "
    assert lines[:2] == [usual + b"a#012b#000\xff", usual + b"a#012b#012c\xff"]
    assert lines[2].startswith(stamp + b"h__") and lines[2].endswith(b" a__b_1__[8]: x")
    assert lines[3:5] == [stamp + b"- python3: y", b"2026-11-25T12:33:23.000001+00:00 relay one_two[7]: z"]
    assert len(lines) == 6 and source.problems == []


def test_what_is_no_entry_is_counted():
    output = b'-- Reboot --\n{"MESSAGE": "x"}\nnonsense\n[]\n{"MESSAGE": [300], "__REALTIME_TIMESTAMP": "1"}\n\xff\n'
    output += json.dumps(entry(None)).encode("ascii") + b"\n" + json.dumps(entry("good")).encode("ascii")
    source = journal(Journalctl(output, complaints="Hint: You are not seeing\n  messages from others.\n"))
    assert read(source).endswith(b": good\n") and source.damaged == 6
    assert source.problems == [
        "journal: journalctl said: Hint: You are not seeing messages from others.",
        "journal: 6 entries could not be read",
    ]


def test_a_long_message_is_cut():
    lines, source = lines_of(entry("x" * 100000), entry("y"))
    assert [len(line) for line in lines] == [MAX_LINE, 57] and source.cut == 1
    lines, source = lines_of(entry([255] * 300000), entry("y"))
    assert len(lines) == 1 and source.damaged == 1


def test_journald_s_note_of_another_unit_s_loss_is_not_ours():
    loss = {"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e", "SYSLOG_IDENTIFIER": "systemd-journal", "SYSLOG_PID": "1"}
    lines, source = lines_of(
        entry("Suppressed 12 messages from /system.slice/postfix.service", **loss),
        entry("Suppressed 13 messages from ssh.service", **loss),
        entry("Suppressed 14 messages from /user.slice/user-0.slice", **loss),
        entry("Suppressed 15 messages from system-postfix.slice/postfix@-.service", **loss),
    )
    assert [line.split(b"Suppressed ")[1][:2] for line in lines] == [b"12", b"15"]
    assert lines[0].endswith(b" systemd-journal[1]: Suppressed 12 messages from /system.slice/postfix.service")
    assert source.damaged == 0


def test_the_host_is_asked_once_what_journalctl_can():
    for version, asks in (("systemd 219\n+PAM", False), ("systemd 236\n", True), ("what?", False)):
        host = Journalctl(b"", version=version)
        source = journal(host, since=1795610003.9, until=1795610004.1)
        assert read(source) == b"" and read(source) == b""
        assert host.asked[0] == ["journalctl", "--version"] and len(host.asked) == 3
        assert ("--output-fields" in " ".join(host.asked[1])) == asks
        assert "--since=@1795610003" in host.asked[2] and "--until=@1795610005" in host.asked[2]
    assert "--since" not in " ".join(journal(Journalctl(b""))._arguments())


def test_a_journal_that_cannot_be_read_is_a_problem():
    complaints = "No journal files were opened due to\ninsufficient permissions.\n"
    source = journal(Journalctl(b"", rc=1, complaints=complaints))
    assert read(source) == b""
    assert source.problems == [
        "journal: journalctl failed with exit code 1: No journal files were opened due to insufficient permissions."
    ]


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
