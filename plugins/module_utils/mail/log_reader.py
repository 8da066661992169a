# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs as bytes in, events out: what every use of a log shares, whatever the mail systems in it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import codecs
import re

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import Lexer, Years
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable
from ansible_collections.mailops.relay.plugins.module_utils.mail.without_gc import without_gc

# What the logging systems say when they leave lines out: rsyslog's inputs, journald.
_LOGGERS = frozenset(("rsyslogd", "rsyslogd-2177", "systemd-journald", "systemd-journal", "journal"))
_GAP = re.compile(
    r"(?:imuxsock|imjournal)\S* lost|.*(?:(?:Suppressed|lost|dropped|missed) [0-9]{1,18} messages?|begins? to drop messages)"
    r"|Failed to write entry .*ignoring: "
)
_IM_LOST = re.compile(r"im[a-z]{2,20}\S* .*(?<![0-9])[0-9]{1,18} messages? lost")
_LOST = re.compile(r"(?:lost|Suppressed|dropped|missed) ([0-9]{1,18}) messages?|(?<![0-9])([0-9]{1,18}) messages? lost")
# For C(str.translate): what is not ASCII becomes something else, which takes less time than to leave it out.
_OTHER_BYTES = bytes(bytearray(list(range(128)) + [0] * 128))


def _shown(error):
    wrong = bytearray(error.object[error.start : error.end])
    return to_text("".join("\\x{0:02x}".format(byte) for byte in wrong)), error.end


# Python 2 has no "backslashreplace" for bytes.
codecs.register_error("mailops.relay.shown", _shown)


def _text(block):
    """str: a block; bytes that are not UTF-8, which no result of a module could carry, are shown as C(\\xff)."""
    if bytes is str and block.translate(_OTHER_BYTES) == block:
        # What Python 2 would decode only to see that it can.
        return block
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError:
        text = block.decode("utf-8", "mailops.relay.shown")
        block = text.encode("utf-8")
    return block if bytes is str else text


class LogReader(object):
    """Gives the lines of logs to the reader of their mail system.

    Args:
        events: log_events.Events, which is told what they say.
        make_readers: callable (Events, callable (stamp) -> float) -> object. Its C(resolve(Origin)) has the reader of a
            mail system take the lines of a program, and says whether one does; C(end()) tells it that the log is over.
            C(mta/readers.Readers) is such a thing.

    Attributes:
        lexer: Lexer.
    """

    def __init__(self, events, make_readers):
        self._events = events
        self.lexer = Lexer(self._resolve)
        events.use(self.lexer)
        self._readers = make_readers(events, self.lexer.seconds)

    def _resolve(self, origin):
        if not self._readers.resolve(origin) and origin.tag in _LOGGERS:
            origin.read = self._logger

    def _logger(self, stamp, origin, text):
        if _GAP.match(text) or _IM_LOST.match(text):
            lost = _LOST.search(text)
            self._events.gap(stamp, origin, text, int(lost.group(1) or lost.group(2)) if lost else 0)
        return True

    def feed(self, block):
        """Read whole lines.

        Args:
            block: bytes.
        """
        self.lexer.read(_text(block))

    def end(self):
        """No line follows."""
        self.lexer.end()
        self._readers.end()


class Span(object):
    """Notes the first and the last line of what passes, to know from when to when a log tells something.

    Attributes:
        first, last: float or None, seconds since the epoch.
        undated: set of str, the names of sources whose lines have no year and cover more than one.
    """

    def __init__(self):
        self.first = self.last = None
        self.undated = set()
        self._stamp = None

    def watch(self, source):
        """Yield the blocks of a source."""
        last = None
        years = Years()
        for block in source.blocks():
            years.follow(block)
            if last is None:
                self._note(source, block[: block.find(b"\n")])
            last = block
            yield block
        if years.several:
            self.undated.add(source.name)
        if last is not None:
            self._note(source, last[last.rfind(b"\n", 0, -1) + 1 : -1])

    def _resolve(self, origin):
        origin.read = self._take

    def _take(self, stamp, _origin, _text):
        self._stamp = stamp
        return True

    def _note(self, source, line):
        self._stamp = None
        lexer = Lexer(self._resolve, source.reference)
        lexer.read(_text(line))
        if self._stamp is None:
            return
        seconds = lexer.seconds(self._stamp)
        self.first = seconds if self.first is None else min(self.first, seconds)
        self.last = seconds if self.last is None else max(self.last, seconds)


def read_all(sources, events, make_readers):
    """Read logs from the oldest to the newest.

    Args:
        sources: list of log_blocks.Source.
        events: Events.
        make_readers: as of LogReader.

    Returns:
        (LogReader, Span)
    """
    reader = LogReader(events, make_readers)
    span = Span()
    with without_gc():
        for source in sources:
            reader.lexer.begin(source.reference)
            for block in span.watch(source):
                reader.feed(block)
            events.source_ends()
    reader.end()
    return reader, span


def log_facts(sources, reader, span, gaps):
    """dict: what was read, and what could not be, as the modules return it, with C(complete): nothing was left out or is unknown.

    Args:
        sources: list of log_blocks.Source that have been read.
        reader: LogReader.
        span: Span.
        gaps: list of dict, C(log_events.GapEvents.gaps).
    """
    lexer = reader.lexer
    problems = []
    for source in sources:
        problems.extend(source.problems)
        if source.cut:
            problems.append("{0}: {1} line(s) were too long and have been cut".format(source.name, source.cut))
        if source.name in span.undated:
            problems.append(
                "{0}: it covers more than a year and its lines do not tell which, so that older ones are dated a year or more too"
                " late; rotate it at least once a year".format(source.name)
            )
    if lexer.uncounted:
        problems.append(
            "{0} repetition(s) of lines that were folded into one (message repeated) are too many to count".format(
                lexer.uncounted
            )
        )
    return {
        "sources": [source.name for source in sources],
        "first": span.first,
        "last": span.last,
        "lines": lexer.lines,
        "unreadable": lexer.unreadable,
        "unknown": lexer.unknown,
        "samples": list(lexer.samples),
        "other_programs": dict(lexer.others),
        "problems": [printable(problem) for problem in problems],
        "gaps": gaps,
        "complete": not (gaps or problems or lexer.unreadable or lexer.unknown),
    }
