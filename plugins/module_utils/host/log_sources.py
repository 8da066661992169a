# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of one host as blocks of whole lines: files, compressed files, the journal.

A block ends with the end of a line and is not longer than BLOCK + MAX_LINE. Whatever a log is like (a line of 100 MB,
a hole that a crash has left, an archive that expands to 10 GB), a source holds a few blocks and never more: 3 MB, some
10 MB for the journal, and for xz and zstd the window that the file asks for (at most WINDOW). A log that is damaged
gives what can be read of it; what could not be read is said in C(problems) then.

A source is a log as it was when it was opened: what is written later is not waited for. Files that are rotated between
the search and the reading are found again by their inode, or by their time when they have been compressed since.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import glob
import json
import os
import re
import stat
import sys
import time
import zlib
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

# bytes. A line that is longer is cut; rsyslog's own limit is 8 KiB, journald's 48 KiB.
MAX_LINE = 65536
# bytes that are read at a time. Much more is slower: the C library maps and unmaps memory for each block then.
BLOCK = 1 << 16
# bytes that xz may take to expand a file; xz -9 needs 65 MiB. zstd's own limit is the same.
WINDOW = 128 << 20
# seconds: a file whose last change is that much before the wanted time is left out.
MARGIN = 60

KINDS = ("auto", "files", "journal")

_QMAIL_DIRECTORIES = (
    # Life with qmail and netqmail; Gentoo and many guides; qmailtoaster; daemontools' own example.
    "/var/log/qmail",
    "/var/log/qmail/qmail-send",
    "/var/log/qmail/send",
    "/var/log/qmail-send",
    "/var/qmail/supervise/qmail-send/log/main",
    "/service/qmail-send/log/main",
    "/etc/service/qmail-send/log/main",
    "/var/service/qmail-send/log/main",
    "/service/qmail/log/main",
    "/etc/service/qmail/log/main",
    "/var/service/qmail/log/main",
)
# mail.err, mail.warn and mail.info repeat what is in mail.log, so they are no defaults.
DEFAULT_PATTERNS = ("/var/log/mail.log*", "/var/log/maillog*") + tuple(
    "{0}/{1}".format(directory, name) for directory in _QMAIL_DIRECTORIES for name in ("@*.s", "@*.u", "current")
)

# bytes that are expanded at a time: so much may be lost before the damage of an archive.
_EXPANDED = 16384
_COMPRESSED = 16384
_SUFFIX = re.compile(r"\.(?:gz|bz2|xz|zst)\Z")
_NUMBERED = re.compile(r"\.([0-9]{1,5})(?:\.(?:gz|bz2|xz|zst))?\Z")
_ROTATED = re.compile(r"(?:\A@[0-9a-f]{24}\.[su]|[.-][0-9][0-9.-]*|\.old)(?:\.(?:gz|bz2|xz|zst))?\Z")
# What lies beside logs and is none: multilog's and svlogd's own files, hidden, half-written and editors' files, notes
# of programs that follow a log.
_NO_LOG = re.compile(
    r"(?:lock|state|newstate|previous|processed|config)\Z|\."
    r"|.*(?:~|[.](?:tmp|temp|new|part|sw[op]|offset|pos|lock|pid|md5|sha256|asc|sig))\Z",
    re.S,
)

_JOURNALCTL = "journalctl"
# Entries of the facility "mail"; what qmail's programs write to their standard output has another one; messages of
# this identifier are journald's own, of lines that it has thrown away.
_LOSS = "a596d6fe7bfa4994828e72309e95d61e"
_QMAIL_IDENTIFIERS = ("qmail", "qmail-send", "qmail-start")
_MATCHES = (
    ["SYSLOG_FACILITY=2", "+"]
    + ["SYSLOG_IDENTIFIER={0}".format(name) for name in _QMAIL_IDENTIFIERS]
    + ["+", "MESSAGE_ID={0}".format(_LOSS)]
)
_FIELDS = "MESSAGE,MESSAGE_ID,SYSLOG_IDENTIFIER,SYSLOG_PID,_COMM,_HOSTNAME,_PID,_SOURCE_REALTIME_TIMESTAMP"
_FIELDS_SINCE = 236
_VERSION = re.compile(r"systemd ([0-9]+)")
# Before systemd 236 an entry comes with all its fields; a character of a message that is no text takes 4 bytes.
_JSON_LINE = 1 << 20
_LOST = re.compile(b"Suppressed [0-9]+ messages from (?:[^ ]*/)?([^ /]*)")
_MAIL_UNIT = re.compile(b"(?:postfix|sendmail|sm-|qmail|notqmail|svscan|daemontools|runit|runsv|rsyslog|syslog)", re.I)
_CONTROL = re.compile(b"[\\x00-\\x1f\\x7f]")
_NOT_IN_A_WORD = re.compile(b"[^!-9;-Z\\\\^-~]")
_LONGEST_WORD = 255
_MOST_WORDS = 1000

# Up to so many needles each one is looked for by itself.
_FEW = 24
_DEEPEST = 30


class LogSourceError(RelayError):
    """There is no log where it was looked for."""


def _explained(exc):
    """str: the reason of an operating system's error, without the path, and who can do something."""
    return (exc.strerror or str(exc)) + ("; root can read it" if exc.errno in (errno.EACCES, errno.EPERM) else "")


# Lines.


class Counts(object):
    """What was odd about the lines of a log.

    Attributes:
        cut: int, lines that were longer than MAX_LINE.
        unfinished: int, 1 when the last line has no end.
        with_nul: int, lines that contain NUL bytes, as a crash leaves them.
    """

    def __init__(self):
        self.cut = self.unfinished = self.with_nul = 0


if sys.version_info[0] > 2:

    def _joined(rest, piece, end):
        return b"".join((rest, memoryview(piece)[:end]))

else:

    def _joined(rest, piece, end):
        return rest + piece[:end]


def whole_lines(pieces, counts, most=None):
    """Make blocks of whole lines of pieces that end anywhere.

    Args:
        pieces: iterable of bytes.
        counts: Counts.
        most: int, bytes; of a line that is longer the beginning is given; None is MAX_LINE.

    Yields:
        bytes: whole lines; a block is at most ``most`` longer than the piece that it is made of. The last line gets an
        end if it has none.
    """
    most = MAX_LINE if most is None else most
    # The beginning of a line; when it is skipping, all that is wanted of it.
    rest = b""
    skipping = False
    for piece in pieces:
        begin = 0
        if skipping:
            begin = piece.find(b"\n")
            if begin < 0:
                continue
            skipping = False
        end = piece.rfind(b"\n") + 1
        if end:
            block = piece[begin:end] if begin else piece
            block = _joined(rest, block, end - begin)
            rest = piece[end:]
            block = _cut(block, most, counts)
            if b"\0" in block:
                counts.with_nul += _lines_with_nul(block)
            yield block
        else:
            rest += piece
        if len(rest) > most:
            counts.cut += 1
            rest = rest[:most]
            skipping = True
    if rest or skipping:
        counts.unfinished += 1
        counts.with_nul += b"\0" in rest
        yield rest + b"\n"


def _cut(block, most, counts):
    """bytes: a block of whole lines without what is too long of them. It looks at one line in ``most`` bytes."""
    start = begin = 0
    kept = []
    while len(block) - start > most + 1:
        end = block.rfind(b"\n", start, start + most + 1)
        if end >= 0:
            start = end + 1
            continue
        kept.append(block[begin : start + most])
        begin = block.find(b"\n", start + most)
        start = begin + 1
        counts.cut += 1
    if not kept:
        return block
    kept.append(block[begin:])
    return b"".join(kept)


def _lines_with_nul(block):
    found = 0
    at = block.find(b"\0")
    while at >= 0:
        found += 1
        at = block.find(b"\0", block.find(b"\n", at))
    return found


def line_finder(needles, ignore_case=False):
    """How to find the lines that contain one of some texts.

    It goes from hit to hit; lines without one cost next to nothing. A few needles are looked for one after the other,
    more all at once.

    Args:
        needles: iterable of bytes; an empty one is in each line, one with a newline in none.
        ignore_case: bool, for ASCII letters.

    Returns:
        callable (bytes) -> bytes: of a block of whole lines those that contain a needle, in their order.
    """
    needles = sorted(set(needle.lower() if ignore_case else needle for needle in needles if b"\n" not in needle))
    if b"" in needles:
        return _same
    if len(needles) > _FEW:
        search = re.compile(_any_of(needles), re.S).search

    def find(block):
        text = block.lower() if ignore_case else block
        if len(needles) > _FEW:
            found = _spans_by(search, text)
        else:
            spans = {}
            for needle in needles:
                _add_spans(spans, text, needle)
            found = sorted(spans.items())
        return b"".join([block[start:end] for start, end in found])

    return find


def _same(block):
    return block


def _add_spans(found, text, needle):
    """Add to found, begin of a line -> its end, the lines with this needle."""
    at = text.find(needle)
    while at >= 0:
        end = text.find(b"\n", at) + 1 or len(text)
        found[text.rfind(b"\n", 0, at) + 1] = end
        at = text.find(needle, end)


def _spans_by(search, text):
    """list of (int, int): begin and end of the lines in which the expression is found."""
    found = []
    match = search(text)
    while match:
        at = match.start()
        end = text.find(b"\n", at) + 1 or len(text)
        found.append((text.rfind(b"\n", 0, at) + 1, end))
        match = search(text, end)
    return found


def _any_of(needles, depth=0):
    """bytes: a regular expression for any of these texts, which are sorted: common beginnings are tried once."""
    if needles[0] == b"":
        return b""
    if len(needles) == 1 or depth > _DEEPEST:
        return b"(?:" + b"|".join(re.escape(needle) for needle in needles) + b")"
    groups = []
    for needle in needles:
        if groups and groups[-1][0][:1] == needle[:1]:
            groups[-1].append(needle)
        else:
            groups.append([needle])
    branches = []
    for group in groups:
        common = os.path.commonprefix([group[0], group[-1]])
        branches.append(re.escape(common) + _any_of([needle[len(common) :] for needle in group], depth + 1))
    return branches[0] if len(branches) == 1 else b"(?:" + b"|".join(branches) + b")"


# Compressed files.


class _Gunzip(object):
    """zlib's decompressor with the interface of those of bz2, lzma and zstd."""

    def __init__(self):
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data, most):
        """bytes: at most so many; the rest comes when it is called again without data."""
        output = self._stream.decompress(self._stream.unconsumed_tail + data, most)
        self.unused_data = self._stream.unused_data
        waiting = self._stream.unconsumed_tail
        self.eof = self._stream.eof if sys.version_info[0] > 2 else self._ended(waiting)
        self.needs_input = not waiting and len(output) < most
        return output

    def _ended(self, waiting):
        """bool: Python 2 only tells the end by what follows it."""
        if self.unused_data or waiting:
            return bool(self.unused_data)
        probe = self._stream.copy()
        try:
            probe.decompress(b"\0", 1)
        except zlib.error:
            return False
        return bool(probe.unused_data)


# Each of these: (callable that makes a decompressor, what that raises), or None where this Python has none.


def _gzip():
    return _Gunzip, zlib.error


def _bzip2():
    if sys.version_info[0] < 3:
        # That of Python 2 may give 46 MB for a single byte, and there is no way to stop it.
        return None
    try:
        from bz2 import BZ2Decompressor
    except ImportError:
        return None
    return BZ2Decompressor, EnvironmentError


def _xz():
    try:
        from lzma import FORMAT_XZ, LZMADecompressor, LZMAError
    except ImportError:
        return None
    return lambda: LZMADecompressor(format=FORMAT_XZ, memlimit=WINDOW), LZMAError


def _zstd():
    try:
        from compression.zstd import ZstdDecompressor, ZstdError
    except ImportError:
        return None
    return ZstdDecompressor, ZstdError


# name: str; starts: callable (bytes), whether it begins so; module: callable, one of the above; argv: the program that
# does it otherwise, from standard input to standard output. It is in a package of the format's name.
_Format = namedtuple("_Format", "name starts module argv")

_LONGEST_MAGIC = 6
_FORMATS = (
    _Format("gzip", re.compile(b"\\x1f\\x8b\\x08").match, _gzip, ["gzip", "-dc"]),
    _Format("bzip2", re.compile(b"BZh[1-9](?:1A|\\x17r)").match, _bzip2, ["bzip2", "-dc"]),
    _Format(
        "xz",
        re.compile(b"\\xfd7zXZ\\x00").match,
        _xz,
        ["xz", "-dc", "--memlimit-decompress={0}".format(WINDOW)],
    ),
    # The second is a frame to be skipped, with which pzstd begins.
    _Format("zstd", re.compile(b"\\x28\\xb5\\x2f\\xfd|[\\x50-\\x5f]\\x2a\\x4d\\x18").match, _zstd, ["zstd", "-dc"]),
)


def _expanded(pieces, form, make, error, complain):
    """Expand all streams of an archive, a little at a time.

    Args:
        pieces: iterable of bytes.
        form: _Format.
        make: callable () -> decompressor.
        error: class, what that raises.
        complain: callable (str).

    Yields:
        bytes.
    """
    pieces = iter(pieces)
    stream, data = make(), b""
    while True:
        if stream is None:
            # Zeros fill up what was written to a tape, and separate streams of xz.
            data = data.lstrip(b"\0")
            while len(data) < _LONGEST_MAGIC:
                piece = next(pieces, b"")
                if not piece:
                    break
                data = (data + piece).lstrip(b"\0")
            if not data:
                return
            if not form.starts(data):
                complain("what follows the end of its {0} data is no such data, and was left out".format(form.name))
                return
            stream = make()
        if stream.needs_input and not data:
            data = next(pieces, b"")
            if not data:
                complain("it ends in the middle of its {0} data; what comes before was read".format(form.name))
                return
        try:
            output = stream.decompress(data, _EXPANDED)
        except (error, EOFError, ValueError) as exc:
            complain("its {0} data is damaged ({1}); what comes before was read".format(form.name, exc))
            return
        data = b""
        if output:
            yield output
        if stream.eof:
            stream, data = None, stream.unused_data


def _gathered(pieces, least):
    """Join small pieces: each that is given is of so many bytes, but the last."""
    some, size = [], 0
    for piece in pieces:
        some.append(piece)
        size += len(piece)
        if size >= least:
            yield b"".join(some)
            some, size = [], 0
    if some:
        yield b"".join(some)


# Sources.


class Source(Counts):
    """A log that can be read once, or again from its beginning.

    Attributes:
        name: str, a path, or C(journal).
        reference: float, seconds since the epoch: no line is later.
        size: int or None, bytes that it takes up.
        problems: list of str: what could not be read, and why; complete when C(blocks) has come to its end.
        cut, unfinished, with_nul: as of C(Counts), of the last reading.
    """

    def __init__(self, name, reference, size):
        super(Source, self).__init__()
        self.name = name
        self.reference = reference
        self.size = size
        self.problems = []

    def blocks(self):
        """Read it.

        Yields:
            bytes: whole lines; at most BLOCK + MAX_LINE bytes. Nothing that is wrong with a log raises.
        """
        raise NotImplementedError

    def _begin(self, problems=()):
        self.cut = self.unfinished = self.with_nul = 0
        self.problems[:] = problems

    def _complain(self, text):
        self.problems.append("{0}: {1}".format(self.name, text))


class LogFile(Source):
    """A regular file, compressed or not, whatever its name says.

    Args:
        path: str.
        state: what stat(2) says of it.
        runner: Runner, for programs that expand what this Python cannot.
    """

    def __init__(self, path, state, runner):
        super(LogFile, self).__init__(path, state.st_mtime, state.st_size)
        self.state = state
        self._runner = runner
        self._unreadable = False
        self.notes = []

    def blocks(self):
        """As of Source."""
        self._begin(self.notes)
        self._unreadable = False
        handle = self._open()
        if handle is None:
            return
        with handle:
            for block in whole_lines(self._pieces(handle), self):
                yield block

    def _pieces(self, handle):
        """iterable of bytes: the content."""
        start = self._read(handle, _LONGEST_MAGIC)
        for form in _FORMATS:
            if form.starts(start):
                break
        else:
            return self._plain(handle, start)
        os.lseek(handle.fileno(), 0, os.SEEK_SET)
        module = form.module()
        if module is not None:
            compressed = iter(lambda: self._read(handle, _COMPRESSED), b"")
            return _gathered(_expanded(compressed, form, module[0], module[1], self._complain), BLOCK - _EXPANDED)
        return self._by_program(handle, form)

    def _by_program(self, handle, form):
        if self._runner is None or self._runner.find(form.argv[0]) is None:
            self._complain(
                "it is compressed with {0}, and nothing on this host can expand that; install {0}".format(form.name)
            )
            return
        try:
            for piece in self._runner.blocks(form.argv, stdin=handle, size=BLOCK):
                yield piece
        except CommandError as exc:
            self._complain("its {0} data is damaged ({1}); what comes before was read".format(form.name, exc))

    def _plain(self, handle, piece):
        """What is there now, and no more than the end of the line that is being written."""
        left = os.fstat(handle.fileno()).st_size - len(piece)
        while piece:
            yield piece
            if left <= 0:
                if piece[-1:] != b"\n":
                    piece = self._read(handle, MAX_LINE)
                    yield piece[: piece.find(b"\n") + 1 or len(piece)]
                return
            piece = self._read(handle, min(BLOCK, left))
            left -= len(piece)
        if left > 0 and not self._unreadable:
            self._complain("it has become shorter while it was read; what it had is lost")

    def _read(self, handle, size):
        try:
            return os.read(handle.fileno(), size)
        except EnvironmentError as exc:
            self._unreadable = True
            self._complain("it cannot be read further: {0}".format(_explained(exc)))
            return b""

    def _open(self):
        """binary file or None."""
        handle, reason = self._opened(self.name)
        if handle is None and reason.errno not in (errno.ENOENT, errno.ESTALE):
            self._complain("it cannot be read: {0}".format(_explained(reason)))
            return None
        state = handle and os.fstat(handle.fileno())
        if handle and self._is_found(state) and state.st_size >= self.size:
            return handle
        moved = self._moved()
        if moved is not None:
            if handle:
                handle.close()
            return moved
        if handle is None:
            self._complain("it was removed before it could be read; if it was rotated, run this again")
        elif not stat.S_ISREG(state.st_mode):
            handle.close()
            handle = None
            self._complain("it was replaced by something that is no regular file")
        elif self._is_found(state):
            self._complain("it has become shorter since it was found; what it had then is lost")
        else:
            self._complain("another file took its place before it could be read; run this again for what it had")
        return handle

    @staticmethod
    def _opened(path):
        """(binary file or None, EnvironmentError or None). It waits for no FIFO that took the place of a file."""
        try:
            return os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY), "rb", 0), None
        except EnvironmentError as exc:
            return None, exc

    def _is_found(self, state):
        """bool: whether it is the file that was found; or another one that has got its inode since then."""
        return (state.st_dev, state.st_ino) == (self.state.st_dev, self.state.st_ino) and stat.S_ISREG(state.st_mode)

    def _moved(self):
        """binary file or None: the same file under another name, or what a program has made of it that compresses."""
        directory, base = os.path.split(self.name)
        stem = _NUMBERED.sub("", _SUFFIX.sub("", base))
        try:
            names = os.listdir(directory)
        except EnvironmentError:
            return None
        compressed = None
        for name in sorted(names):
            path = os.path.join(directory, name)
            try:
                state = os.stat(path)
            except EnvironmentError:
                continue
            if self._is_found(state) and state.st_size >= self.size:
                return self._opened(path)[0]
            if (
                stat.S_ISREG(state.st_mode)
                and _SUFFIX.search(name)
                and int(state.st_mtime) == int(self.state.st_mtime)
                and (name.startswith(stem) or base == "current")
            ):
                compressed = path
        return None if compressed is None else self._opened(compressed)[0]


def _rank(name):
    """tuple: among files of the same time, what sorts the older ones first."""
    number = _NUMBERED.search(name)
    if number:
        return (0, -int(number.group(1)), name)
    return (0 if _ROTATED.search(name) else 1, 0, name)


def _candidates(pattern, given):
    """list of str: the paths that a pattern stands for.

    Raises:
        LogSourceError: it was given by a user and cannot stand for a file.
    """
    if given and not pattern.startswith("/"):
        raise LogSourceError("{0}: this is no absolute path; give one that begins with /".format(pattern))
    if os.path.isdir(pattern):
        try:
            names = os.listdir(pattern)
        except EnvironmentError as exc:
            if not given:
                return []
            raise LogSourceError("{0}: the directory cannot be read: {1}".format(pattern, _explained(exc)))
    elif os.path.lexists(pattern) or not glob.has_magic(pattern):
        # Who names a file wants it.
        return [pattern]
    else:
        return [path for path in sorted(glob.glob(pattern)) if not _NO_LOG.match(os.path.basename(path))]
    return [os.path.join(pattern, name) for name in sorted(names) if not _NO_LOG.match(name)]


def find_files(patterns, since=None, runner=None, given=True):
    """Find log files; none is opened.

    Args:
        patterns: iterable of str: paths, shell patterns, and directories, which stand for the files in them.
        since: float or None, seconds since the epoch: files last changed more than MARGIN before are left out.
        runner: Runner, for programs that expand what this Python cannot; None does without.
        given: bool, whether a user has given the patterns, so that one that matches nothing is an error.

    Returns:
        list of LogFile: each file once, in the order in which they were last changed, which is that in which the
        rotated files of a log were written.

    Raises:
        LogSourceError: a pattern that a user has given matches no regular file.
    """
    found = {}
    for pattern in patterns:
        some, reason = False, "there is no such file"
        for path in _candidates(pattern, given):
            try:
                state = os.stat(path)
            except EnvironmentError as exc:
                reason = reason if exc.errno == errno.ENOENT else _explained(exc)
                continue
            if not stat.S_ISREG(state.st_mode):
                reason = "this is no regular file"
                continue
            some = True
            found.setdefault((state.st_dev, state.st_ino), LogFile(path, state, runner))
        if given and not some:
            raise LogSourceError(
                "{0}: no log to read: {1}; give the path of the log, with a pattern for its rotated files".format(
                    pattern, reason
                )
            )
    files = _without_copies(list(found.values()))
    files.sort(key=lambda source: (source.reference, _rank(os.path.basename(source.name))))
    return _changed_since(files, since)


def _changed_since(files, since):
    return [source for source in files if since is None or source.reference >= since - MARGIN]


def _without_copies(files):
    """list of LogFile: without a compressed file that is being made of a file which is there too."""
    by_path = dict((source.name, source) for source in files)
    kept = []
    for source in files:
        original = by_path.get(_SUFFIX.sub("", source.name))
        if original in (None, source) or int(source.reference) < int(original.reference):
            kept.append(source)
        else:
            original.notes.append("{0}: left out, since it is made of {1}".format(source.name, original.name))
    return kept


# The journal.


class Journal(Source):
    """What the journal has of mail, as lines of syslog: C(2026-11-25T12:33:23.453536+00:00 host program[1]: text).

    The time is _SOURCE_REALTIME_TIMESTAMP where an entry has one: when the program wrote the message, as the kernel
    notes it and journalctl shows it. __REALTIME_TIMESTAMP is when journald came to it, later on a busy host; since and
    until go by that. Where journald says that it has thrown away lines of a mail system, its own line is among them.
    A message is one line whatever is in it: control characters are written as rsyslog does, a newline as #012.

    Args:
        runner: Runner.
        since, until: float or None, seconds since the epoch.

    Attributes:
        damaged: int, what journalctl wrote that is no entry, and entries without a message.
    """

    def __init__(self, runner, since=None, until=None):
        super(Journal, self).__init__("journal", time.time(), None)
        self._runner = runner
        self._since = since
        self._until = until
        self._argv = None
        self._words = {}
        self._second = None
        self._stamp = b""
        self.damaged = 0

    def blocks(self):
        """As of Source."""
        self._begin()
        self.damaged = 0
        counts = Counts()
        try:
            output = self._runner.blocks(self._arguments(), env={"SYSTEMD_COLORS": "0"}, size=BLOCK)
            for block in _gathered(self._converted(whole_lines(output, counts, _JSON_LINE)), BLOCK // 2):
                yield block
        except CommandError as exc:
            self._complain("journalctl failed with exit code {0}: {1}".format(exc.rc, " ".join(exc.stderr.split())))
        else:
            if self._runner.complaints.strip():
                self._complain("journalctl said: " + " ".join(self._runner.complaints.split()))
        if self.damaged:
            self._complain("{0} entries could not be read".format(self.damaged))

    def _arguments(self):
        """list of str: the command; the host is asked once for its version."""
        if self._argv is None:
            # Without --all a message of more than 4096 bytes is null; with --quiet it hides that it may not show all.
            argv = [_JOURNALCTL, "--output=json", "--no-pager", "--all"]
            version = _VERSION.match(self._runner.run([_JOURNALCTL, "--version"], check=False).stdout)
            if version and int(version.group(1)) >= _FIELDS_SINCE:
                argv.append("--output-fields=" + _FIELDS)
            # systemd 212 and later know this notation.
            if self._since is not None:
                argv.append("--since=@{0}".format(max(0, int(self._since))))
            if self._until is not None:
                argv.append("--until=@{0}".format(max(0, int(self._until) + 1)))
            self._argv = argv + list(_MATCHES)
        return self._argv

    def _converted(self, blocks):
        """Yields bytes: a line for each entry."""
        for block in blocks:
            for line in block.split(b"\n"):
                if not line or line.startswith(b"-- "):
                    # "-- Reboot --" and the like.
                    continue
                try:
                    entry = json.loads(line.decode("utf-8"))
                    converted = self._line(entry) if isinstance(entry, dict) else None
                except (ValueError, TypeError, OverflowError, EnvironmentError):
                    converted = None
                if converted is None:
                    self.damaged += 1
                elif converted:
                    yield converted

    def _line(self, entry):
        """bytes or None: a line, or nothing if it is not wanted; None without a message. Raises ValueError: no time."""
        text = _text(entry.get("MESSAGE"))
        if text is None:
            return None
        if entry.get("MESSAGE_ID") == _LOSS:
            lost = _LOST.match(text)
            if lost and not _MAIL_UNIT.match(lost.group(1)):
                return b""
        try:
            moment = int(entry["_SOURCE_REALTIME_TIMESTAMP"])
        except (KeyError, ValueError, TypeError):
            moment = int(entry.get("__REALTIME_TIMESTAMP") or "")
        second, fraction = divmod(moment, 1000000)
        if second != self._second:
            self._stamp = time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode("ascii")
            self._second = second
        if _CONTROL.search(text):
            text = _CONTROL.sub(_octal, text.rstrip(b"\n"))
        program = self._word(entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM"), b"unknown")
        pid = self._digits(entry.get("SYSLOG_PID")) or self._digits(entry.get("_PID"))
        line = b"".join(
            (
                self._stamp,
                ("%06d+00:00 " % fraction).encode("ascii"),
                self._word(entry.get("_HOSTNAME"), b"-"),
                b" ",
                program,
                b"[" + pid + b"]: " if pid else b": ",
                text,
            )
        )
        if len(line) > MAX_LINE:
            self.cut += 1
            line = line[:MAX_LINE]
        return line + b"\n"

    @staticmethod
    def _digits(value):
        text = _text(value) or b""
        return text if text.isdigit() and len(text) < 20 else b""

    def _word(self, value, otherwise):
        """bytes: a host's or program's name, in which nothing is that would end it in a line of syslog."""
        try:
            return self._words[value]
        except (KeyError, TypeError):
            pass
        text = _NOT_IN_A_WORD.sub(b"_", _text(value) or b"")[:_LONGEST_WORD] or otherwise
        if len(self._words) > _MOST_WORDS:
            self._words.clear()
        if not isinstance(value, list) and value is not None:
            self._words[value] = text
        return text


def _octal(match):
    return ("#%03o" % ord(match.group(0))).encode("ascii")


def _text(value):
    """bytes or None: the value of a field. Raises ValueError.

    journalctl gives text as such, what is no UTF-8 or has control characters as a list of numbers, a field that an
    entry has more than once as a list of these, and one that is too long as null.
    """
    if isinstance(value, list):
        if value and all(isinstance(number, int) for number in value):
            return bytes(bytearray(value))
        parts = [_text(part) for part in value]
        return b"\n".join(part for part in parts if part is not None) if parts else None
    return value.encode("utf-8", "replace") if hasattr(value, "encode") else None


def journal(runner, since=None, until=None):
    """Journal: what the journal has of mail.

    Args:
        runner: Runner.
        since, until: float or None, seconds since the epoch.

    Raises:
        LogSourceError: this host has no journal.
    """
    if runner.find(_JOURNALCTL) is None:
        raise LogSourceError("journal: this host has no journalctl; read its log files instead")
    return Journal(runner, since, until)


def sources(runner, patterns=None, kind="auto", since=None, until=None, defaults=DEFAULT_PATTERNS):
    """The logs of mail on this host. No log is opened to decide.

    auto: the given files; without any, the usual log files if one of them is not empty and was changed since the wanted
    time; if not, the journal; on a host without one, the files as they are.

    Args:
        runner: Runner.
        patterns: iterable of str or None, as of C(find_files).
        kind: str, one of KINDS.
        since, until: float or None, seconds since the epoch. Lines out of this time are not left out; files and entries
            are, where that can be told without reading them.
        defaults: iterable of str, where logs usually are.

    Returns:
        list of Source: from the oldest to the newest.

    Raises:
        LogSourceError: there is none, or the arguments contradict each other.
    """
    patterns = list(patterns or ())
    if kind not in KINDS:
        raise LogSourceError("{0}: this is no kind of log; use one of {1}".format(kind, ", ".join(KINDS)))
    if kind == "journal":
        if patterns:
            raise LogSourceError(
                "{0}: paths were given, and the journal is to be read; give one or the other".format(patterns[0])
            )
        return [journal(runner, since, until)]
    if patterns:
        return find_files(patterns, since, runner)
    there = find_files(defaults, None, runner, given=False)
    wanted = _changed_since(there, since)
    if kind == "auto" and not any(source.size for source in wanted) and runner.find(_JOURNALCTL) is not None:
        return [journal(runner, since, until)]
    if not there:
        raise LogSourceError(
            "no log of mail was found: neither {0}{1}; give the path of the log".format(
                " nor ".join(pattern.rstrip("*") for pattern in defaults if "@" not in pattern),
                "" if kind == "files" else ", and there is no journalctl",
            )
        )
    return wanted
