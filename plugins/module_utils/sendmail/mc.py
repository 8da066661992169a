# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail.mc and submit.mc: m4 source in which single macro calls are edited and all else stays as it is.

What a call is: m4(1) of GNU, and cf/README of sendmail. A text is looked at as m4 reads it: quotes `...' nest,
``dnl`` drops the rest of its line. A line that begins with # is a comment, since every .mc file uses it so.
Calls inside quotes, such as the branches of ifdef, are not looked at.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMENT = re.compile(r"^[^\S\n]*#", re.M)

# Where the part of a .mc file ends in which definitions have an effect (cf/README, "order of macros").
_END_OF_SETTINGS = ("MAILER", "MAILER_DEFINITIONS", "LOCAL_CONFIG", "LOCAL_RULESETS")
_LOCAL_RULE = re.compile(r"LOCAL_RULE_\d$")

Call = namedtuple("Call", "name arguments start end")


class McError(RelayError):
    """A .mc file that cannot be read or edited."""


class Mc(object):
    """One .mc file.

    Args:
        text: str.
        path: str, for messages.

    Raises:
        McError: a quote or a parenthesis is not closed.
    """

    def __init__(self, text, path):
        self.text = text
        self._path = path
        self._calls = None
        self.calls()

    def calls(self):
        """list of Call: every macro call outside of quotes and comments, in the order of the text."""
        if self._calls is None:
            self._calls = list(self._scan())
        return self._calls

    def value(self, name):
        """str or None: what a macro is defined as in this file."""
        value = None
        for call in self.calls():
            if call.arguments and unquoted(call.arguments[0]) == name:
                if call.name == "define":
                    value = unquoted(call.arguments[1]) if len(call.arguments) > 1 else ""
                elif call.name == "undefine":
                    value = None
        return value

    def set(self, name, value):
        """Define a macro; with None, take its definitions out.

        Args:
            name: str.
            value: str or None; without quotes.
        """
        if self.value(name) == value:
            return
        for call in reversed(self._named("undefine", name)):
            self._cut(call)
        found = self._named("define", name)
        if value is None:
            for call in reversed(found):
                self._cut(call)
        elif found:
            text = "define({0}, {1})".format(quoted(name), quoted(value))
            self._replace(found[-1].start, found[-1].end, text)
        else:
            self.insert("define({0}, {1})".format(quoted(name), quoted(value)))

    def features(self, name):
        """list of Call: the calls of FEATURE for this feature."""
        return self._named("FEATURE", name)

    def set_feature(self, name, wanted):
        """Have a feature, or take all its calls out."""
        found = self.features(name)
        if not wanted:
            for call in reversed(found):
                self._cut(call)
        elif not found:
            self.insert("FEATURE({0})".format(quoted(name)))

    def insert(self, text, before_features=False):
        """Put a line with a macro call where it has an effect: before the mailers.

        Args:
            text: str, the call, without ``dnl`` and line end.
            before_features: bool, before the first FEATURE as well: some features look at earlier ones.
        """
        place = len(self.text)
        for call in self.calls():
            ends = call.name in _END_OF_SETTINGS or _LOCAL_RULE.match(call.name)
            is_feature = call.name == "FEATURE" and call.arguments
            # FEATURE(`msp') brings the mailers of submit.mc in.
            if ends or (is_feature and (before_features or unquoted(call.arguments[0]) == "msp")):
                place = self.text.rfind("\n", 0, call.start) + 1
                break
        before = self.text[:place]
        if before and not before.endswith("\n"):
            before += "\n"
        self._set_text("{0}{1}dnl\n{2}".format(before, text, self.text[place:]))

    def set_argument(self, call, number, value):
        """Give one argument of a call another value; missing arguments before it stay empty."""
        arguments = list(call.arguments) + [""] * (number + 1 - len(call.arguments))
        arguments[number] = (" " if number else "") + quoted(value)
        self._replace(call.start, call.end, "{0}({1})".format(call.name, ",".join(arguments)))

    def daemons(self):
        """list of str: the arguments of DAEMON_OPTIONS."""
        return [
            unquoted(call.arguments[0]) for call in self.calls() if call.name == "DAEMON_OPTIONS" and call.arguments
        ]

    def set_daemons(self, values):
        """Change the arguments of DAEMON_OPTIONS; there are as many values as calls. One that is None goes with its call."""
        for number, value in reversed(list(enumerate(values))):
            call = [call for call in self.calls() if call.name == "DAEMON_OPTIONS" and call.arguments][number]
            if value is None:
                self._cut(call)
            elif unquoted(call.arguments[0]) != value:
                self.set_argument(call, 0, value)

    def add_daemon(self, value):
        """Add a call of DAEMON_OPTIONS."""
        self.insert("DAEMON_OPTIONS({0})".format(quoted(value)))

    def includes(self):
        """list of str: the files that it includes."""
        return [unquoted(call.arguments[0]) for call in self.calls() if call.name == "include" and call.arguments]

    def _named(self, macro, name):
        return [
            call
            for call in self.calls()
            if call.name == macro and call.arguments and unquoted(call.arguments[0]) == name
        ]

    def _set_text(self, text):
        self.text = text
        self._calls = None

    def _replace(self, start, end, text):
        self._set_text(self.text[:start] + text + self.text[end:])

    def _cut(self, call):
        """Take a call out, with its line when nothing else is there."""
        start = self.text.rfind("\n", 0, call.start) + 1
        end = self.text.find("\n", call.end)
        end = len(self.text) if end < 0 else end + 1
        rest = self.text[call.end : end].strip()
        if self.text[start : call.start].strip() or rest not in ("", "dnl"):
            start, end = call.start, call.end
        self._replace(start, end, "")

    # Reading as m4 does

    def _scan(self):
        text, position = self.text, 0
        comments = set(match.end() - 1 for match in _COMMENT.finditer(text))
        while position < len(text):
            if position in comments:
                position = _next_line(text, position)
                continue
            if text[position] == "`":
                position = self._past_quote(position)
                continue
            word = _WORD.match(text, position)
            if word is None:
                # A digit or another sign cannot begin a macro's name, and what follows a digit is not a new word.
                position = _past_number(text, position)
                continue
            name, position = word.group(), word.end()
            if name == "dnl":
                position = _next_line(text, position)
            elif text[position : position + 1] == "(":
                arguments, position = self._arguments(position)
                yield Call(name, arguments, word.start(), position)
            elif name in _END_OF_SETTINGS or _LOCAL_RULE.match(name):
                yield Call(name, [], word.start(), position)

    def _past_quote(self, start):
        depth, position = 0, start
        while position < len(self.text):
            if self.text[position] == "`":
                depth += 1
            elif self.text[position] == "'":
                depth -= 1
            position += 1
            if depth == 0:
                return position
        raise self._error(start, "the quote ` is not closed")

    def _arguments(self, start):
        """(list of str, int): the raw arguments of a call whose parenthesis is here, and where it ends."""
        found, depth, begin, position = [], 0, start + 1, start
        while position < len(self.text):
            char = self.text[position]
            if char == "`":
                position = self._past_quote(position)
                continue
            word = _WORD.match(self.text, position)
            if word is not None:
                position = _next_line(self.text, word.end()) if word.group() == "dnl" else word.end()
                continue
            position += 1
            if char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if depth == 0:
                    found.append(self.text[begin : position - 1])
                    return found, position
            elif char == "," and depth == 1:
                found.append(self.text[begin : position - 1])
                begin = position
        raise self._error(start, "the parenthesis ( is not closed")

    def _error(self, position, what):
        return McError(
            "{0}, line {1}: {2}; correct the file".format(self._path, self.text.count("\n", 0, position) + 1, what)
        )


def _next_line(text, position):
    end = text.find("\n", position)
    return len(text) if end < 0 else end + 1


def _past_number(text, position):
    end = position + 1
    if text[position].isdigit():
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
    return end


def quoted(value):
    """str: a value as m4 takes it without looking into it.

    Raises:
        McError: it holds a quote of m4.
    """
    if "`" in value or "'" in value:
        raise McError("{0!r} holds ` or ', which are the quotes of m4; write it without".format(value))
    return "`{0}'".format(value)


def unquoted(raw):
    """str: the value of a raw argument: leading white space and one level of quotes taken off, ``dnl`` left out."""
    found, depth, position = [], 0, len(raw) - len(raw.lstrip())
    while position < len(raw):
        char = raw[position]
        if depth == 0:
            word = _WORD.match(raw, position)
            if word is not None and word.group() == "dnl":
                position = _next_line(raw, word.end())
                continue
            if word is not None:
                found.append(word.group())
                position = word.end()
                continue
        if char == "`":
            depth += 1
        elif char == "'" and depth:
            depth -= 1
        if not (char == "`" and depth == 1) and not (char == "'" and depth == 0):
            found.append(char)
        position += 1
    return "".join(found).lstrip() if raw.lstrip().startswith("dnl") else "".join(found)
