# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of one host: which there are, and files of them, compressed or not, as blocks of whole lines.

Whatever a log is like (a line of 100 MB, a hole that a crash has left, an archive that expands to 10 GB), a source
holds a few blocks and never more: 3 MB, some 10 MB for the journal, and for xz and zstd the window that the file asks
for. A log that is damaged gives what can be read of it; what could not be read is said in C(problems) then.

A source is a log as it was when it was opened: what is written later is not waited for. Files that are rotated between
the search and the reading are found again by their inode, or by their time when they have been compressed since.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import glob
import os
import re
import stat

from ansible_collections.mailops.relay.plugins.module_utils.host.log_archives import (
    LONGEST_MAGIC,
    expanded,
    format_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import (
    BLOCK,
    MAX_LINE,
    LogSourceError,
    Source,
    whole_lines,
)

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
# mail.err, mail.warn and mail.info repeat what is in mail.log, so they are not among the defaults.
DEFAULT_PATTERNS = ("/var/log/mail.log*", "/var/log/maillog*") + tuple(
    "{0}/{1}".format(directory, name) for directory in _QMAIL_DIRECTORIES for name in ("@*.s", "@*.u", "current")
)

_SUFFIX = re.compile(r"\.(?:gz|bz2|xz|zst)\Z")
_NUMBERED = re.compile(r"\.([0-9]{1,5})(?:\.(?:gz|bz2|xz|zst))?\Z")
_ROTATED = re.compile(r"(?:\A@[0-9a-f]{24}\.[su]|[.-][0-9][0-9.-]*|\.old)(?:\.(?:gz|bz2|xz|zst))?\Z")
# What lies beside logs but is not a log: multilog's and svlogd's own files, hidden, half-written and editors' files,
# notes of programs that follow a log.
_NO_LOG = re.compile(
    r"(?:lock|state|newstate|previous|processed|config)\Z|\."
    r"|.*(?:~|[.](?:tmp|temp|new|part|sw[op]|offset|pos|lock|pid|md5|sha256|asc|sig))\Z",
    re.S,
)


def _explained(exc):
    """str: the reason of an operating system's error, without the path, and who can do something."""
    return (exc.strerror or str(exc)) + ("; root can read it" if exc.errno in (errno.EACCES, errno.EPERM) else "")


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

    def blocks(self):
        """As of Source."""
        self._begin()
        self._unreadable = False
        handle = self._open()
        if handle is None:
            return
        with handle:
            for block in whole_lines(self._pieces(handle), self):
                yield block

    def _pieces(self, handle):
        """iterable of bytes: the content."""
        start = self._read(handle, LONGEST_MAGIC)
        form = format_of(start)
        if form is None:
            return self._plain(handle, start)
        os.lseek(handle.fileno(), 0, os.SEEK_SET)
        return expanded(form, handle, self._read, self._runner, self._complain)

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
            self._complain("it was replaced by something that is not a regular file")
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
        raise LogSourceError("{0}: this is not an absolute path; give one that begins with /".format(pattern))
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
        Sources: of LogFile, each file once, in the order in which they were last changed, which is that in which the
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
                reason = "this is not a regular file"
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


class Sources(list):
    """Logs to read, from the oldest to the newest; and whether the host has older ones, which were left out.

    Args:
        sources: iterable of Source.
        has_older: callable () -> bool: whether there are lines of before the wanted time in what was left out.
    """

    def __init__(self, sources, has_older):
        super(Sources, self).__init__(sources)
        self.has_older = has_older


def _changed_since(files, since):
    kept = [source for source in files if since is None or source.reference >= since - MARGIN]
    older = any(source.size for source in files if source not in kept)
    return Sources(kept, lambda: older)


def _journal(runner, since, until, files=()):
    """Sources: the journal; files are those of before the wanted time."""
    # Not above: where the log is in files, to load it takes as long as to read thousands of lines.
    from ansible_collections.mailops.relay.plugins.module_utils.host.journal import journal

    found = journal(runner, since, until)
    older = any(source.size for source in files)
    return Sources([found], lambda: older or found.has_older())


def _has_journal(runner):
    from ansible_collections.mailops.relay.plugins.module_utils.host.journal import has_journal

    return has_journal(runner)


def _without_copies(files):
    """list of LogFile: without a compressed file that is being made of a file which is there too; that one has all of it."""
    by_path = dict((source.name, source) for source in files)
    kept = []
    for source in files:
        original = by_path.get(_SUFFIX.sub("", source.name))
        if original in (None, source) or int(source.reference) < int(original.reference):
            kept.append(source)
    return kept


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
        Sources: from the oldest to the newest.

    Raises:
        LogSourceError: there is none, or the arguments contradict each other.
    """
    patterns = list(patterns or ())
    if kind not in KINDS:
        raise LogSourceError("{0}: this is not a kind of log; use one of {1}".format(kind, ", ".join(KINDS)))
    if kind == "journal":
        if patterns:
            raise LogSourceError(
                "{0}: paths were given, and the journal is to be read; give one or the other".format(patterns[0])
            )
        return _journal(runner, since, until)
    if patterns:
        return find_files(patterns, since, runner)
    there = find_files(defaults, None, runner, given=False)
    wanted = _changed_since(there, since)
    if kind == "auto" and not any(source.size for source in wanted) and _has_journal(runner):
        return _journal(runner, since, until, there)
    if not there:
        raise LogSourceError(
            "no log of mail was found: neither {0}{1}; give the path of the log".format(
                " nor ".join(pattern.rstrip("*") for pattern in defaults if "@" not in pattern),
                "" if kind == "files" else ", and there is no journalctl",
            )
        )
    return wanted
