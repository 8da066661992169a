# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iptables-save writes and iptables-restore reads. Pure.

The format has no manual page of its own; this follows iptables/iptables-restore.c and libxtables/xtables.c
(C(xtables_save_string), C(add_param_to_argv)) of iptables 1.4.21 to 1.8.11. Every line that is not changed is
kept byte for byte.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

FAMILIES = ("ipv4", "ipv6")
# XT_MAX_COMMENT_LEN of linux/netfilter/xt_comment.h is 256 with the final NUL.
LONGEST_COMMENT = 255
# XT_EXTENSION_MAXNAMELEN of linux/netfilter/x_tables.h is 29 with the final NUL.
LONGEST_CHAIN = 28

_PLAIN = re.compile(r"^[A-Za-z0-9_-]+\Z")
_BARE = re.compile(r"^[^\s\"'\\]+\Z")
_RULE = re.compile(r"^\s*(?:\[([0-9]{1,20}):([0-9]{1,20})\]\s*)?(-A|--append)\s+(.*)$", re.DOTALL)
_CHAIN = re.compile(r"^:(\S+)\s+(\S+)(?:\s+\[([0-9]+):([0-9]+)\])?\s*$")


class RulesError(RelayError):
    """Rules that cannot be as asked for; the message names the rule or file, the reason and the fix."""


# ------------------------------------------------------------------------------------------------ words


def quote(word, string=False):
    """A word as iptables-save prints it.

    Args:
        word: str.
        string: bool, whether it is free text (C(--comment)), which is quoted for more characters than an address.

    Returns:
        str.
    """
    if (_PLAIN if string else _BARE).match(word):
        return word
    return '"{0}"'.format(re.sub(r"([\"\\'])", r"\\\1", word))


def split(text):
    """Split a line into words as iptables-restore does.

    A quotation mark opens and closes a quoted word, inside of which a backslash takes the next character as it
    is. An apostrophe means nothing.

    Returns:
        list of str.

    Raises:
        RulesError: a quotation mark is not closed.
    """
    words, word = [], None
    quoted = escaped = False
    for char in text:
        if quoted:
            if escaped:
                word.append(char)
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                words.append("".join(word))
                word, quoted = None, False
            else:
                word.append(char)
        elif char == '"':
            quoted, word = True, word or []
        elif char in " \t\n\r":
            if word is not None:
                words.append("".join(word))
            word = None
        elif word is None:
            word = [char]
        else:
            word.append(char)
    if quoted:
        raise RulesError("a quotation mark is not closed in {0!r}".format(text))
    return words + ([] if word is None else ["".join(word)])


# ------------------------------------------------------------------------------------------------ rules


class Rule(namedtuple("Rule", "chain words counters")):
    """One rule: str chain, tuple of str words, and (int packets, int bytes) or None."""

    __slots__ = ()

    def specification(self):
        """str: all but chain and counters, as iptables-save prints it."""
        return " ".join(
            quote(word, position > 0 and self.words[position - 1] == "--comment")
            for position, word in enumerate(self.words)
        )

    def __str__(self):
        return "-A {0} {1}".format(self.chain, self.specification())

    def comment(self):
        """str or None: the comment of the rule."""
        if "--comment" not in self.words[:-1]:
            return None
        return self.words[self.words.index("--comment") + 1]


def parse_rule(line):
    """Read one line of a table.

    Returns:
        Rule or None: None when the line does not append a rule.

    Raises:
        RulesError: a quotation mark is not closed.
    """
    match = _RULE.match(line)
    if match is None:
        return None
    words = split(match.group(4))
    if not words:
        return None
    counters = None if match.group(1) is None else (int(match.group(1)), int(match.group(2)))
    return Rule(words[0], tuple(words[1:]), counters)


# -------------------------------------------------------------------------------------------- documents


class Table(object):
    """One table of a document.

    Attributes:
        name: str.
        policies: dict of str → str, each declared chain's policy; C(-) for a chain of a user.
        rules: list of (int line, Rule).
        odd: list of (int line, str), commands other than C(-A), which iptables-save never writes.
        end: int, the line of C(COMMIT), or the line after the last one.
    """

    def __init__(self, name):
        self.name = name
        self.policies = {}
        self.rules = []
        self.odd = []
        self.end = None

    def chain(self, name):
        """list of Rule: the rules of one chain, in their order."""
        return [rule for _line, rule in self.rules if rule.chain == name]


class Document(object):
    """A text of iptables-save, or the saved file, which people edit too.

    Args:
        text: str.

    Raises:
        RulesError: a rule of it cannot be read.
    """

    def __init__(self, text):
        # Not splitlines(), which ends a line at more characters than iptables-restore does.
        self.lines = re.findall(r"[^\n]*\n|[^\n]+", text)
        self.tables = []
        table = None
        for number, line in enumerate(self.lines):
            stripped = line.strip()
            if not stripped or stripped.startswith("#"):
                continue
            if stripped.startswith("*"):
                table = Table(stripped[1:])
                table.end = len(self.lines)
                self.tables.append(table)
            elif table is None:
                raise RulesError("line {0}: {1!r} stands outside of a table".format(number + 1, stripped))
            elif stripped == "COMMIT":
                table.end = number
                table = None
            else:
                self._read(table, number, line)

    @staticmethod
    def _read(table, number, line):
        declared = _CHAIN.match(line)
        if declared is not None:
            table.policies[declared.group(1)] = declared.group(2)
            return
        try:
            rule = parse_rule(line)
        except RulesError as exc:
            raise RulesError("line {0}: {1}".format(number + 1, exc))
        if rule is not None:
            table.rules.append((number, rule))
        else:
            table.odd.append((number, line.strip()))

    def __str__(self):
        return "".join(self.lines)

    def table(self, name="filter"):
        """Table or None: the table of this name that counts: each one read replaces an earlier one."""
        found = [table for table in self.tables if table.name == name]
        return found[-1] if found else None
