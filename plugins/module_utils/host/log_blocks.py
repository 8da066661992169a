# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A log as blocks of whole lines, and the lines in a block that contain one of some texts.

A block ends with the end of a line and is not longer than BLOCK + MAX_LINE, whatever the log is like.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import sys

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

# bytes. A line that is longer is cut; rsyslog's own limit is 8 KiB, journald's 48 KiB.
MAX_LINE = 65536
# bytes that are read at a time. Much more is slower: the C library maps and unmaps memory for each block then.
BLOCK = 1 << 16

# Up to so many needles each one is looked for by itself.
_FEW = 24
_DEEPEST = 30


class LogSourceError(RelayError):
    """There is no log where it was looked for."""


class Counts(object):
    """What was odd about the lines of a log.

    Attributes:
        cut: int, lines that were longer than MAX_LINE.
        unfinished: int, 1 when the last line has no end.
    """

    def __init__(self):
        self.cut = self.unfinished = 0


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
            yield _cut(block, most, counts)
        else:
            rest += piece
        if len(rest) > most:
            counts.cut += 1
            rest = rest[:most]
            skipping = True
    if rest or skipping:
        counts.unfinished += 1
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


def gathered(pieces, least):
    """Join small pieces.

    Args:
        pieces: iterable of bytes.
        least: int, bytes.

    Yields:
        bytes: of so many bytes or more, but the last.
    """
    some, size = [], 0
    for piece in pieces:
        some.append(piece)
        size += len(piece)
        if size >= least:
            yield b"".join(some)
            some, size = [], 0
    if some:
        yield b"".join(some)


class Source(Counts):
    """A log that can be read once, or again from its beginning.

    Attributes:
        name: str, a path, or C(journal).
        reference: float, seconds since the epoch: no line is later.
        size: int or None, bytes that it takes up.
        problems: list of str: what could not be read, and why; complete when C(blocks) has come to its end.
        cut, unfinished: as of C(Counts), of the last reading.
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

    def _begin(self):
        self.cut = self.unfinished = 0
        del self.problems[:]

    def _complain(self, text):
        self.problems.append("{0}: {1}".format(self.name, text))
