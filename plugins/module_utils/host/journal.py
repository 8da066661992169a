# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal has of mail, as a log of whole lines."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import (
    BLOCK,
    MAX_LINE,
    Counts,
    LogSourceError,
    Source,
    gathered,
    whole_lines,
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
# Before systemd 236 an entry comes with all its fields; a character of a message that is not text takes 4 bytes.
_JSON_LINE = 1 << 20
_LOST = re.compile(b"Suppressed [0-9]+ messages from (?:[^ ]*/)?([^ /]*)")
_MAIL_UNIT = re.compile(b"(?:postfix|sendmail|sm-|qmail|notqmail|svscan|daemontools|runit|runsv|rsyslog|syslog)", re.I)
_CONTROL = re.compile(b"[\\x00-\\x1f\\x7f]")
_NOT_IN_A_WORD = re.compile(b"[^!-9;-Z\\\\^-~]")
_LONGEST_WORD = 255
_MOST_WORDS = 1000


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
        damaged: int, what journalctl wrote that is not an entry, and entries without a message.
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
            for block in gathered(self._converted(whole_lines(output, counts, _JSON_LINE)), BLOCK // 2):
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

    def has_older(self):
        """bool: whether there are entries of mail from before the wanted time."""
        if self._since is None:
            return False
        argv = [_JOURNALCTL, "--quiet", "--output=cat", "--no-pager", "--lines=1"]
        argv.append("--until=@{0}".format(max(0, int(self._since))))
        try:
            return any(block.strip() for block in self._runner.blocks(argv + list(_MATCHES), size=BLOCK))
        except CommandError:
            return False

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

    journalctl gives text as such, what is not UTF-8 or has control characters as a list of numbers, a field that an
    entry has more than once as a list of these, and one that is too long as null.
    """
    if isinstance(value, list):
        if value and all(isinstance(number, int) for number in value):
            return bytes(bytearray(value))
        parts = [_text(part) for part in value]
        return b"\n".join(part for part in parts if part is not None) if parts else None
    return value.encode("utf-8", "replace") if hasattr(value, "encode") else None


def has_journal(runner):
    """bool: whether this host has a journal."""
    return runner.find(_JOURNALCTL) is not None


def journal(runner, since=None, until=None):
    """Journal: what the journal has of mail.

    Args:
        runner: Runner.
        since, until: float or None, seconds since the epoch.

    Raises:
        LogSourceError: this host has no journal.
    """
    if not has_journal(runner):
        raise LogSourceError("journal: this host has no journalctl; read its log files instead")
    return Journal(runner, since, until)
