# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Physical and logical lines, as Postfix reads them in main.cf, master.cf and lookup tables (postconf(5)).

A logical line starts with text; a line that starts with white space continues it, even when comments or
empty lines lie between. Whatever is not edited comes back byte for byte.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# isspace() of the C locale. str.strip() would also take what Unicode calls a space.
BLANKS = " \t\n\v\f\r"

_PHYSICAL = re.compile(r"[^\n]*\n|[^\n]+")
_RUNS = re.compile("[" + BLANKS + "]+")


def is_ignored(line):
    """bool: Postfix skips this physical line: empty, white space only, or a comment."""
    text = line.strip(BLANKS)
    return not text or text.startswith("#")


def squeeze(text):
    """str: white space runs, line ends included, as single spaces. Postfix tells no such values apart in lists."""
    return _RUNS.sub(" ", text).strip(" ")


class LogicalLine(object):
    """One logical line with the comments that lie inside it.

    Attributes:
        lines: list of str, the physical lines with their line ends; the first one is text.
        number: int, the line number of the first one, from 1; 0 for a line that is new.
    """

    def __init__(self, lines, number=0):
        self.lines = lines
        self.number = number

    def folded(self):
        """str: the text on one line, each line end with the white space around it as one space."""
        return " ".join(line.strip(BLANKS) for line in self.lines if not is_ignored(line))

    def comments(self):
        """list of str: the physical lines inside that Postfix ignores."""
        return [line for line in self.lines if is_ignored(line)]

    def replace(self, text):
        """Put one line of text in place of the whole; comments inside stay, below it."""
        self.lines = [text + "\n"] + self.comments()


class ConfigText(object):
    """A file as a sequence of logical lines and of lines that Postfix ignores.

    Args:
        text: str, the file's content.
        path: str, for messages.
    """

    def __init__(self, text, path):
        self.path = path
        self._blocks = []
        current = None
        ignored = []
        for number, line in enumerate(_PHYSICAL.findall(text), 1):
            if is_ignored(line) or (line[0] in BLANKS and current is None):
                # Text that continues nothing: Postfix skips it with a warning (since 2.11).
                ignored.append(line)
            elif line[0] in BLANKS:
                current.lines.extend(ignored)
                current.lines.append(line)
                ignored = []
            else:
                self._blocks.extend(ignored)
                ignored = []
                current = LogicalLine([line], number)
                self._blocks.append(current)
        self._blocks.extend(ignored)

    def logical_lines(self):
        """list of LogicalLine: in the order of the file."""
        return [block for block in self._blocks if isinstance(block, LogicalLine)]

    def ignored_lines(self):
        """list of str: the physical lines that Postfix ignores, inside logical lines or between them, with their line ends."""
        found = [block.comments() if isinstance(block, LogicalLine) else [block] for block in self._blocks]
        return [line for lines in found for line in lines]

    def append(self, text):
        """LogicalLine: new text (str, one or more physical lines without the last line end) at the end."""
        return self._insert(len(self._blocks), text)

    def insert_before(self, line, text):
        """LogicalLine: new text, as for ``append``, before a logical line."""
        return self._insert(self._blocks.index(line), text)

    def insert_after(self, line, text):
        """LogicalLine: new text, as for ``append``, after a logical line."""
        return self._insert(self._blocks.index(line) + 1, text)

    def _insert(self, index, text):
        if index:
            last = self._blocks[index - 1]
            if isinstance(last, LogicalLine):
                last.lines[-1] = _with_line_end(last.lines[-1])
            else:
                self._blocks[index - 1] = _with_line_end(last)
        line = LogicalLine([part + "\n" for part in text.split("\n")])
        self._blocks.insert(index, line)
        return line

    def remove(self, line):
        """Take a logical line out; comments inside it stay."""
        index = self._blocks.index(line)
        self._blocks[index : index + 1] = line.comments()

    def render(self):
        """str: the content of the file."""
        return "".join("".join(block.lines) if isinstance(block, LogicalLine) else block for block in self._blocks)


def _with_line_end(line):
    return line if line.endswith("\n") else line + "\n"
