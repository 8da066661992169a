# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail.cf and submit.cf: single settings are read and edited, every other line stays as it is.

The format: "Sendmail Installation and Operation Guide", chapter 5. A line that begins with white space goes on
with the one before. Where a setting is missing it is put where the generated file has its place.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import namedtuple

_OPTION = re.compile(r"O[ \t]*([A-Za-z]{2,})[ \t]*=[ \t]*(.*)$")
_FLAGS = re.compile(r"\bF=([^,\s]*)")
_ARGUMENTS = re.compile(r"(\bA=)(.*)$")

# How the features that only a build brings are seen (cf/m4/proto.m4): the beginning of a line, what is in it, and
# whether it is there with the feature or without it.
FEATURES = {
    "nocanonify": ("R", "$={Canonify}", True),
    "accept_unresolvable_domains": ("Kresolve", "", False),
}

AccessMap = namedtuple("AccessMap", "kind path")


class Cf(object):
    """One .cf file.

    Args:
        text: str.
    """

    def __init__(self, text):
        self._lines = text.splitlines(True)

    @property
    def text(self):
        """str: the file as it is now."""
        return "".join(self._lines)

    def macro(self, name):
        """str or None: the value of a macro, such as S or {MTAHost}; None when there is no line for it."""
        found = self._indexes("D" + name)
        return self._lines[found[-1]].rstrip()[len("D" + name) :].strip() if found else None

    def set_macro(self, name, value):
        """Set a macro; with None, take its lines out.

        Args:
            name: str, a letter, or a name in braces.
            value: str or None.
        """
        if self.macro(name) == value:
            return
        found = self._indexes("D" + name)
        if value is None:
            for index in reversed(found):
                del self._lines[index]
        elif found:
            self._lines[found[-1]] = "D{0}{1}\n".format(name, value)
        else:
            self._insert(self._after(r"D"), "D{0}{1}\n".format(name, value))

    def option(self, name):
        """str or None: the value of a long-named option; None when it is not set."""
        found = self._options(name)
        return found[-1][1] if found else None

    def set_option(self, name, value):
        """Set an option; with None, make a comment of it, as the generated file has it."""
        if self.option(name) == value:
            return
        found = self._options(name)
        for index, _value in found[:-1]:
            self._lines[index] = "#O {0}\n".format(name)
        new = "#O {0}\n".format(name) if value is None else "O {0}={1}\n".format(name, value)
        if found:
            self._lines[found[-1][0]] = new
            return
        template = [index for index, line in enumerate(self._lines) if re.match(r"#O {0}\b".format(name), line)]
        if template:
            self._lines[template[0]] = new
        else:
            self._insert(self._after(r"#?O "), new)

    def daemons(self):
        """list of str: the values of DaemonPortOptions."""
        return [value for _index, value in self._options("DaemonPortOptions")]

    def set_daemons(self, values):
        """Change the values of DaemonPortOptions; there are as many as lines. One that is None goes."""
        for (index, old), value in reversed(list(zip(self._options("DaemonPortOptions"), values))):
            if value is None:
                del self._lines[index]
            elif old != value:
                self._lines[index] = "O DaemonPortOptions={0}\n".format(value)

    def add_daemon(self, value):
        """Add a value of DaemonPortOptions behind the others."""
        found = self._options("DaemonPortOptions")
        index = found[-1][0] + 1 if found else self._after(r"#?O ")
        self._insert(index, "O DaemonPortOptions={0}\n".format(value))

    def mailer_arguments(self, mailer):
        """str or None: the A= field of a mailer; None when there is no such mailer."""
        place = self._arguments_of(mailer)
        return None if place is None else _ARGUMENTS.search(self._lines[place].rstrip()).group(2)

    def mailer_flags(self, mailer):
        """str: the F= field of a mailer; empty when there is no such mailer."""
        within = False
        for line in self._lines:
            if not line[:1].isspace():
                within = re.match(r"M{0}\b".format(re.escape(mailer)), line) is not None
            found = _FLAGS.search(line) if within else None
            if found:
                return found.group(1)
        return ""

    def set_mailer_arguments(self, mailer, value):
        """Change the A= field of a mailer that is there."""
        place = self._arguments_of(mailer)
        line = self._lines[place]
        found = _ARGUMENTS.search(line.rstrip())
        if found.group(2) != value:
            self._lines[place] = line[: found.start(2)] + value + line[found.end(2) :]

    def access_map(self):
        """AccessMap or None: type and source of the access map; None without FEATURE(`access_db')."""
        for line in self._lines:
            fields = line.split()
            if fields[:1] == ["Kaccess"] and len(fields) > 2:
                path = fields[-1]
                return AccessMap(fields[1], path[:-3] if path.endswith(".db") else path)
        return None

    def has_feature(self, name):
        """bool: whether the rules of one of the features in ``FEATURES`` are there."""
        beginning, mark, when = FEATURES[name]
        return when == any(line.startswith(beginning) and mark in line for line in self._lines)

    def commands(self):
        """list of str: the lines without comments, what the file means."""
        return [line.rstrip() for line in self._lines if line.strip() and not line.startswith("#")]

    def _indexes(self, prefix):
        return [index for index, line in enumerate(self._lines) if line.startswith(prefix)]

    def _options(self, name):
        found = []
        for index, line in enumerate(self._lines):
            option = _OPTION.match(line.rstrip())
            if option and option.group(1).lower() == name.lower():
                found.append((index, option.group(2)))
        return found

    def _arguments_of(self, mailer):
        place = None
        for index, line in enumerate(self._lines):
            if not line[:1].isspace():
                within = re.match(r"M{0}\b".format(re.escape(mailer)), line) is not None
            if line.strip() and within and _ARGUMENTS.search(line.rstrip()):
                place = index
        return place

    def _after(self, pattern):
        found = [index for index, line in enumerate(self._lines) if re.match(pattern, line)]
        return found[-1] + 1 if found else len(self._lines)

    def _insert(self, index, line):
        if index and not self._lines[index - 1].endswith("\n"):
            self._lines[index - 1] += "\n"
        self._lines.insert(index, line)
