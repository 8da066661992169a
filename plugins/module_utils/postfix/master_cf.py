# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""master.cf, read and written as master(5) describes it. Postfix 2.10 cannot edit it itself."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import (
    BLANKS,
    ConfigText,
    is_ignored,
    squeeze,
)

TYPES = ("inet", "unix", "unix-dgram", "fifo", "pass")
FIELDS = ("name", "type", "private", "unprivileged", "chroot", "wakeup", "maxproc", "command")

_WORD = re.compile("[^{0}]+".format(BLANKS))
_BRACE = re.compile("[{}]")
_OPTION_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_SERVICE_NAME = re.compile(r"[^#{0}][^{0}]*\Z".format(BLANKS))
# Options of Postfix daemons that take an argument, besides -o: src/master/*_server.c.
_WITH_ARGUMENT = "imnrst"

_FIELD_VALUES = {
    "private": re.compile(r"[-yn]\Z"),
    "unprivileged": re.compile(r"[-yn]\Z"),
    "chroot": re.compile(r"[-yn]\Z"),
    "wakeup": re.compile(r"(-|\d+\??)\Z"),
    "maxproc": re.compile(r"(-|\d+)\Z"),
}
_FIELD_HELP = {
    "private": "y, n or -",
    "unprivileged": "y, n or -",
    "chroot": "y, n or -",
    "wakeup": "seconds, seconds with ? behind, or -",
    "maxproc": "a number or -",
}

Option = namedtuple("Option", "name value start end")


class MasterCfError(RelayError):
    """master.cf cannot be read, or a wanted service cannot be written."""


def _spans(text):
    """list of (start, end): words; braces hold one together (mystrtokq, since Postfix 3.0)."""
    spans = []
    ends = _ends(text) if "{" in text else {}
    position = 0
    for match in _WORD.finditer(text):
        if match.start() >= position:
            # Not balanced: Postfix before 3.0 knows no braces, and splits at white space only.
            position = ends.get(match.start()) or match.end()
            spans.append((match.start(), position))
    return spans


def _ends(text):
    """dict of int: where a word ends that begins at a place, with what its braces hold; a place is missing where one is not closed."""
    closing, opened = {}, []
    for match in _BRACE.finditer(text):
        if match.group() == "{":
            opened.append(match.start())
        elif opened:
            closing[opened.pop()] = match.start()
    ends = {len(text): len(text)}
    for place in range(len(text) - 1, -1, -1):
        if text[place] in BLANKS:
            ends[place] = place
        elif text[place] != "{" or place in closing:
            following = closing.get(place, place) + 1
            if following in ends:
                ends[place] = ends[following]
    return ends


def _balanced(text):
    depth = 0
    for char in text:
        depth += {"{": 1, "}": -1}.get(char, 0)
        if depth < 0:
            return False
    return depth == 0


def option_letter(word):
    """int or None: where in a word of options the one stands that takes the rest, or the next word, as its argument.

    Postfix's getopt() reads letters behind one dash: C(-vo name=value) is C(-v) and C(-o name=value).
    """
    return next((index for index, char in enumerate(word) if index and char in "o" + _WITH_ARGUMENT), None)


def ends_options(word):
    """bool: whether Postfix's getopt() stops at a word; it and what follows belong to the program."""
    return len(word) < 2 or word[0] != "-" or word == "--"


class Service(object):
    """One service: a view on its logical line, which it edits.

    Args:
        line: LogicalLine.
        path: str, the file, for messages.
    """

    def __init__(self, line, path):
        self._line = line
        self._path = path
        self._read()
        if len(self._words) < len(FIELDS):
            raise MasterCfError(
                "{0}, line {1}: {2} fields instead of at least {3} in '{4}'; correct or delete this line".format(
                    path, line.number, len(self._words), len(FIELDS), line.folded()
                )
            )

    def _read(self):
        raw = "".join(self._line.lines)
        # Comments inside the entry are blanked out, so that offsets stay those of the raw text.
        masked = "".join(" " * (len(line) - 1) + "\n" if is_ignored(line) else line for line in self._line.lines)
        self._raw = raw
        self._masked = masked
        self._words = _spans(masked)

    def _word(self, index):
        start, end = self._words[index]
        return squeeze(self._masked[start:end])

    @property
    def key(self):
        """(str, str): name and type."""
        return (self._word(0), self._word(1))

    def field(self, name):
        """str: a field before the command."""
        return self._word(FIELDS.index(name))

    def words(self):
        """list of str: the arguments behind the command, as written."""
        return [self._word(index) for index in range(len(FIELDS), len(self._words))]

    def _arguments(self):
        """(list of Option, list of (start, end)): C(-o) settings, and every other argument."""
        options = []
        others = []
        index = len(FIELDS)
        while index < len(self._words):
            start, end = self._words[index]
            word = self._word(index)
            if ends_options(word):
                others.extend(self._words[index:])
                break
            index += 1
            letter = option_letter(word)
            if letter is None:
                others.append((start, end))
                continue
            attached = word[letter + 1 :]
            last = (start, end)
            if not attached and index < len(self._words):
                attached = self._word(index)
                last = self._words[index]
                index += 1
            setting = attached
            if setting.startswith("{") and setting.endswith("}"):
                setting = setting[1:-1]
            name, equals, value = setting.partition("=")
            if word[letter] == "o" and equals:
                if letter > 1:
                    # The letters before it stay when the setting changes or goes.
                    others.append((start, start + letter))
                    start += letter
                options.append(Option(name.strip(BLANKS), value.strip(BLANKS), start, last[1]))
                continue
            others.append((start, end))
            if last != (start, end):
                others.append(last)
        return options, others

    def options(self):
        """list of (str, str): C(-o) names and values in order; the last of one name counts."""
        return [(option.name, option.value) for option in self._arguments()[0]]

    def arguments(self):
        """list of str: the arguments without the C(-o) settings."""
        return [squeeze(self._masked[start:end]) for start, end in self._arguments()[1]]

    def command(self):
        """str: the program and its arguments without the C(-o) settings."""
        return " ".join([self._word(7)] + self.arguments())

    def _edit(self, start, end, text):
        """Replace a span of the raw text; comments that lie inside the span move below the entry."""
        offset = 0
        saved = []
        for line in self._line.lines:
            if is_ignored(line) and start < offset and offset + len(line) <= end:
                saved.append(line)
            offset += len(line)
        raw = self._raw[:start] + text + self._raw[end:]
        if not raw.endswith("\n"):
            raw += "\n"
        self._line.lines = [part + "\n" for part in raw[:-1].split("\n")] + saved
        self._read()

    def _delete(self, start, end):
        raw = self._raw
        if raw[end : end + 1] not in tuple(BLANKS) + ("\n", ""):
            # Letters of options in front of one that stays: they share its dash.
            self._edit(start, end, "-")
            return
        line_start = raw.rfind("\n", 0, start) + 1
        line_end = raw.find("\n", end)
        line_end = len(raw) if line_end < 0 else line_end
        before = raw[line_start:start]
        after = raw[end:line_end]
        if before.strip(BLANKS):
            self._edit(line_start + len(before.rstrip(BLANKS)), end, "")
        elif after.strip(BLANKS):
            self._edit(start, line_end - len(after.lstrip(BLANKS)), "")
        else:
            self._edit(line_start, min(line_end + 1, len(raw)), "")

    def set_field(self, name, value):
        """Set one field before the command, keeping the columns where there is room."""
        index = FIELDS.index(name)
        if self._word(index) == value:
            return
        start, end = self._words[index]
        following = self._words[index + 1][0]
        gap = self._masked[end:following]
        room = len(gap) - 1 if gap.strip(" ") == "" else 0
        grow = len(value) - (end - start)
        if grow > 0:
            end += min(grow, room)
        elif len(gap) > 1 and room:
            value = value.ljust(end - start)
        self._edit(start, end, value)

    def set_command(self, command):
        """Set the program and its arguments; C(-o) settings stay in front of them."""
        command = squeeze(command)
        if command == self.command():
            return
        program, _blank, arguments = command.partition(" ")
        if arguments != self.command().partition(" ")[2]:
            for start, end in reversed(self._arguments()[1]):
                self._delete(start, end)
            if arguments:
                end = self._words[-1][1]
                self._edit(end, end, ("\n    " if len(self._words) > len(FIELDS) else " ") + arguments)
        start, end = self._words[7]
        self._edit(start, end, program)

    def set_option(self, name, value, braces):
        """Set, or with None take out, one C(-o) setting.

        Args:
            name: str.
            value: str or None.
            braces: bool, whether this Postfix knows C(-o { name = value }) (3.0 and later).

        Raises:
            MasterCfError: the name or the value cannot be written.
        """
        found = [option for option in self._arguments()[0] if option.name == name]
        if value is None:
            for option in reversed(found):
                self._delete(option.start, option.end)
            return
        if found and squeeze(found[-1].value) == squeeze(value):
            return
        text = self._option_text(name, value, braces)
        if found:
            self._edit(found[-1].start, found[-1].end, self._apart(found[-1].start, text))
            for option in reversed(found[:-1]):
                self._delete(option.start, option.end)
            return
        options = self._arguments()[0]
        end = options[-1].end if options else self._words[7][1]
        self._edit(end, end, "\n  " + text)

    def _apart(self, start, text):
        """str: a text to put at an offset, with a space in front where a word would run into it."""
        return text if self._masked[start - 1] in BLANKS + "\n" else " " + text

    def _option_text(self, name, value, braces):
        if not _OPTION_NAME.match(name):
            raise MasterCfError("{0}: {1}: '{2}' is not a parameter name".format(self._path, "/".join(self.key), name))
        spaced = any(char in BLANKS for char in value)
        if not spaced and (not braces or _balanced(value)):
            return "-o {0}={1}".format(name, value)
        if not braces:
            raise MasterCfError(
                "{0}: {1}: -o {2}: Postfix before 3.0 takes no white space in the value '{3}'; "
                "separate with commas, or set a parameter of your own in main and refer to it as $name".format(
                    self._path, "/".join(self.key), name, value
                )
            )
        if not _balanced(value):
            raise MasterCfError(
                "{0}: {1}: -o {2}: the braces in '{3}' do not match; close each one".format(
                    self._path, "/".join(self.key), name, value
                )
            )
        return "-o {{ {0} = {1} }}".format(name, value)

    def show(self, option, words):
        """Put what may be shown in place of each C(-o) value and each other argument; see ``MasterCf.show``."""
        options, others = self._arguments()
        texts = [squeeze(self._masked[start:end]) for start, end in others]
        edits = [
            (start, end, visible) for (start, end), text, visible in zip(others, texts, words(texts)) if visible != text
        ]
        for item in options:
            visible = option(self.key, item.name, item.value)
            if visible != item.value:
                edits.append((item.start, item.end, self._apart(item.start, "-o {0}={1}".format(item.name, visible))))
        # From the end, so that the places of those before stay.
        for start, end, visible in sorted(edits, reverse=True):
            self._edit(start, end, visible)

    def facts(self):
        """dict: the fields of a service, see ``lint.check``."""
        name, kind = self.key
        return {
            "name": name,
            "type": kind,
            "chroot": self.field("chroot"),
            "maxproc": self.field("maxproc"),
            "command": self._word(7),
            "arguments": self.arguments(),
            "options": self.options(),
            "words": self.words(),
        }


def _holds_options(command):
    """bool: whether a command has C(-o) among the options of the Postfix program; later ones are the program's own."""
    words = [command[start:end] for start, end in _spans(command)][1:]
    while words and not ends_options(words[0]):
        letter = option_letter(words[0])
        if letter is not None and words[0][letter] == "o":
            return True
        words = words[2 if letter == len(words[0]) - 1 else 1 :]
    return False


class MasterCf(ConfigText):
    """The services of a master.cf; lines that are not managed, disabled services too, stay as they are.

    Raises:
        MasterCfError: an entry has too few fields.
    """

    def __init__(self, text, path):
        super(MasterCf, self).__init__(text, path)
        self._services = []
        for line in self.logical_lines():
            self._services.append((Service(line, path), line))

    def services(self):
        """list of dict: what ``Service.facts`` says of each service, in order."""
        return [service.facts() for service, _line in self._services]

    def lines(self):
        """list of (Service, LogicalLine): in order."""
        return list(self._services)

    def show(self, option, words):
        """Make this a text for people, with parts of it replaced.

        Args:
            option: function of ((service, type), name, value) that returns what is shown of a value of C(-o).
            words: function of a list of str, the other arguments of a command, that returns what is shown of each.
        """
        for service, _line in self._services:
            service.show(option, words)

    def set(self, name, kind, fields=None, command=None, options=None, braces=True):
        """Make one service what is wanted; of several entries the last one counts, as in Postfix.

        Args:
            name, kind: str, the service and its type.
            fields: dict of str: C(private), C(unprivileged), C(chroot), C(wakeup), C(maxproc); absent ones
                keep what is there. A new service gets C(-), and C(n) for C(chroot) and for C(private) of inet.
            command: str or None; needed for a new service.
            options: dict of str or None: parameter -> value; None takes a setting out.
            braces: bool, whether this Postfix knows C(-o { name = value }).

        Raises:
            MasterCfError: something cannot be written.
        """
        where = "{0}: {1}/{2}".format(self.path, name, kind)
        fields = dict((field, value) for field, value in (fields or {}).items() if value is not None)
        if not _SERVICE_NAME.match(name) or kind not in TYPES:
            raise MasterCfError(
                "{0}: no such service can be; give a name without spaces and one of the types {1}".format(
                    where, ", ".join(TYPES)
                )
            )
        for field, value in sorted(fields.items()):
            if not _FIELD_VALUES[field].match(value):
                raise MasterCfError("{0}: {1}: '{2}' is not {3}".format(where, field, value, _FIELD_HELP[field]))
        service = next((item for item, _line in reversed(self._services) if item.key == (name, kind)), None)
        if command is not None:
            command = squeeze(command)
            if not command or command.startswith(("#", "-")) or _holds_options(command):
                raise MasterCfError(
                    "{0}: command: '{1}' is not a program with its arguments; settings of -o belong in options".format(
                        where, command
                    )
                )
        if service is None:
            if command is None:
                raise MasterCfError("{0}: there is no such service yet; a new one needs a command".format(where))
            fields.setdefault("private", "n" if kind == "inet" else "-")
            fields.setdefault("chroot", "n")
            text = "{0:<9} {1:<5} {private:<7} {unprivileged:<7} {chroot:<7} {wakeup:<7} {maxproc:<7} {2}".format(
                name, kind, command.partition(" ")[0], **dict(dict.fromkeys(_FIELD_VALUES, "-"), **fields)
            )
            line = self.append(text)
            service = Service(line, self.path)
            self._services.append((service, line))
        for field, value in sorted(fields.items()):
            service.set_field(field, value)
        if command is not None:
            service.set_command(command)
        for option, value in sorted((options or {}).items()):
            service.set_option(option, value, braces)

    def remove_service(self, name, kind):
        """Take every entry of a service out."""
        for service, line in list(self._services):
            if service.key == (name, kind):
                self.remove(line)
                self._services.remove((service, line))

    def entry(self, name, kind):
        """str or None: the text of a service, with its line ends; of several entries the last one counts, as in Postfix."""
        line = self._line_of(name, kind)
        return None if line is None else "".join(line.lines)

    def put(self, name, kind, text):
        """Put an entry in the place of a service's, or behind the others; with None, take every entry of it out.

        Args:
            name, kind: str, the service and its type.
            text: str or None, as of ``entry``.

        Raises:
            MasterCfError: the text has too few fields.
        """
        if text is None:
            self.remove_service(name, kind)
            return
        line = self._line_of(name, kind)
        if line is None:
            line = self.append(text.rstrip("\n"))
            self._services.append((Service(line, self.path), line))
        elif text != "".join(line.lines):
            line.lines = text.splitlines(True)
            index = [found for _service, found in self._services].index(line)
            self._services[index] = (Service(line, self.path), line)

    def _line_of(self, name, kind):
        return next((line for service, line in reversed(self._services) if service.key == (name, kind)), None)
