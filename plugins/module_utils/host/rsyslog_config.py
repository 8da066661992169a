# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""rsyslog's configuration as rsyslog reads it: its statements in order, those of included files in their place.

Where a comment, a string or an action ends is as in rsyslog's grammar (grammar/lexer.l), what becomes of includes as seen
with 8.2302. Rules are read only to know where they end.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fnmatch
import glob
import os
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native

MAIN_FILE = "/etc/rsyslog.conf"

# Files that all include each other are read an exponential number of times: rsyslog refuses only one that it has not finished.
_MOST_FILES = 1000
# Directories that contain themselves, by a link, end here.
_DEEPEST = 10

# What rsyslog takes away before anything else: a backslash joins lines, also those of a comment.
_CUT = re.compile(r"\0[^\n]*|\\[ \t\r\f\v]*\n[ \t\r\f\v]*|(?<![ \t\r\f\v])[ \t\r\f\v]+$", re.M)

# A quote, and whether it closes: one behind an odd number of backslashes does not.
_QUOTE = re.compile(r"(\\*)([\"'`])|\\+")
_STRING = r'"(?:[^"\\]|\\.)*"'
_BACKTICKS = r"`(?:[^`\\]|\\.)*`"
_COMMENT = r"/\*.*?(?:\*/|\Z)"

_OUTSIDE = re.compile(
    "|".join(
        [
            # The filter of a rule.
            r'^[ \t]*(?::\$?[a-z-]+ *, *!?[a-z]+ *, *"(?:\\"|[^"])*"|[*a-z]+[0-7]*[.,][,!=;.*a-z0-7]+)',
            r"[ \t]+|\n|#[^\n]*",
            _COMMENT,
            r"\$includeconfig[ \t\n]+(?P<pattern>[^ \t\n]+)",
            r"\$(?P<directive>[a-z][^\n]*)",
            r"(?P<word>[a-z0-9_][a-z0-9_+,;-]*)(?P<object>[ \t\n]*\()?",
            # An action in the old form takes the line.
            r"(?:-?/[^*]|[-|.@^?~>][^\n]|:[a-z0-9]+:)[^\n]*",
            r".",
        ]
    ),
    re.I | re.M | re.S,
)
_INSIDE = re.compile(
    "|".join(
        [
            r"(?P<end>\))",
            r"(?P<name>[a-z][a-z0-9_.]*)",
            "(?P<string>" + _STRING + ")",
            _BACKTICKS,
            _COMMENT,
            r"#[^\n]*",
            r".",
        ]
    ),
    re.I | re.S,
)
# What begins with these has variables, which look like directives, up to the word or character that ends it.
_CONDITIONS = ("if", "foreach", "set", "reset", "unset", "call_indirect")
_CONDITION = re.compile(
    "|".join(
        [
            r"(?P<end>(?:then|do)\b|;)",
            _STRING,
            r"'(?:[^'\\]|\\.)*'",
            _BACKTICKS,
            _COMMENT,
            r"\$[^ \t\n()=<>,;&+*/%]*",
            r"[a-z][a-z0-9_]*",
            r".",
        ]
    ),
    re.I | re.S,
)
_ESCAPED = re.compile(r"\\([\"'?\\])")


class Statement(namedtuple("Statement", "path name value parameters")):
    """A statement.

    Attributes:
        path: str, the file that it comes from.
        name: str, in small letters, of a directive with its dollar, or of an object: C($modload), C(module).
        value: str, the first word behind a directive's name.
        parameters: dict, of an object: name in small letters -> str.
    """

    __slots__ = ()

    @property
    def module(self):
        """str: the name of the module that it loads; empty where it loads none."""
        name = (
            self.value if self.name == "$modload" else self.parameters.get("load", "") if self.name == "module" else ""
        )
        name = name.rpartition("/")[2]
        return name[:-3] if name.endswith(".so") else name

    @property
    def included(self):
        """str: the pattern of the files that it includes; empty where it includes none."""
        return (
            self.value
            if self.name == "$includeconfig"
            else self.parameters.get("file", "")
            if self.name == "include"
            else ""
        )


def _without_open_strings(text):
    """str: the text without the quotes behind the last one of their kind that closes.

    To rsyslog, one that nothing closes is a character like any other. To look from each for its end would take time as a square.
    """
    closed = dict.fromkeys("\"'`", 0)
    for match in _QUOTE.finditer(text):
        if match.group(2) and len(match.group(1)) % 2 == 0:
            closed[match.group(2)] = match.end()
    for quote, end in closed.items():
        text = text[:end] + text[end:].replace(quote, "\0")
    return text


def _object(text, position):
    """(dict, int): the parameters of an object of which the parenthesis is before this position, and where it ends."""
    parameters, name = {}, None
    for match in _INSIDE.finditer(text, position):
        if match.group("end"):
            return parameters, match.end()
        if match.group("name"):
            name = match.group("name").lower()
        elif match.group("string") and name:
            parameters[name] = _ESCAPED.sub(r"\1", match.group("string")[1:-1])
            name = None
    return parameters, len(text)


def _end_of_condition(text, position):
    for match in _CONDITION.finditer(text, position):
        if match.group("end"):
            return match.end()
    return len(text)


def parse(text, path=""):
    """Iterator of Statement: what one file says; includes are statements too.

    Args:
        text: str, its content.
        path: str, its name.
    """
    text = _without_open_strings(_CUT.sub("", text))
    position = 0
    while position < len(text):
        match = _OUTSIDE.match(text, position)
        position = match.end()
        word = (match.group("word") or "").lower()
        if match.group("pattern"):
            yield Statement(path, "$includeconfig", match.group("pattern"), {})
        elif match.group("directive"):
            words = match.group("directive").split(None, 2)
            yield Statement(path, "$" + words[0].lower(), "".join(words[1:2]), {})
        elif word in _CONDITIONS:
            position = _end_of_condition(text, match.end("word"))
        elif match.group("object"):
            parameters, position = _object(text, position)
            if parameters.get("config.enabled", "on") == "on":
                yield Statement(path, word, "", parameters)


def _fits(path, pattern):
    parts, patterns = path.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(fnmatch.fnmatchcase(*pair) for pair in zip(parts, patterns))


def _files(pattern, root, planned, depth=0):
    """list of str: the files of a pattern in rsyslog's order; those of a directory where it names one."""
    if pattern.endswith("/") or os.path.isdir(root + pattern):
        pattern += "*"
    try:
        names = set(name[len(root) :] for name in glob.glob(root + pattern))
        names.update(name for name in planned if _fits(name, pattern))
    except re.error:
        # A range that ends before it begins, which is not an error to rsyslog and fits nothing.
        names = ()
    found = []
    for name in sorted(names):
        if name in planned or os.path.isfile(root + name):
            found.append(name)
        elif depth < _DEEPEST and os.path.isdir(root + name):
            found.extend(_files(name + "/", root, planned, depth + 1))
    return found


def _read(path, root, planned):
    return parse((planned[path] if path in planned else read_native(root + path)) or "", path)


def statements(path=MAIN_FILE, root="", planned=None):
    """Iterator of Statement: what rsyslog is told, in the order in which it reads it, without the includes.

    Args:
        path: str, where it begins.
        root: str, put before each path.
        planned: dict or None: path -> content of files to be read as if they were there.

    Raises:
        IOError, OSError: a file is there but cannot be read.
    """
    planned = planned or {}
    # As rsyslog has it: all files of a pattern are put on a stack at once, and what is there is not included again.
    stack = [(path, _read(path, root, planned))]
    left = _MOST_FILES
    while stack:
        for statement in stack[-1][1]:
            if not statement.included:
                yield statement
                continue
            unfinished = set(name for name, unused in stack)
            found = [name for name in _files(statement.included, root, planned) if name not in unfinished][:left]
            left -= len(found)
            stack.extend((name, _read(name, root, planned)) for name in reversed(found))
            break
        else:
            stack.pop()
