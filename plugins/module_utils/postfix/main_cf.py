# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main.cf, read and written as postconf(5) describes it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import (
    BLANKS,
    ConfigText,
    squeeze,
)

_ASSIGNMENT = re.compile("([^{0}=]+)[{0}]*=(.*)".format(BLANKS), re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


class MainCfError(RelayError):
    """main.cf cannot be read, or a parameter's name cannot be written."""


class MainCf(ConfigText):
    """The parameters of a main.cf; unmanaged lines stay as they are.

    Raises:
        MainCfError: a logical line has no C(=); Postfix would not start with it.
    """

    def __init__(self, text, path):
        super(MainCf, self).__init__(text, path)
        self._lines = {}
        self._values = {}
        for line in self.logical_lines():
            match = _ASSIGNMENT.match(line.folded())
            if match is None:
                raise MainCfError(
                    "{0}, line {1}: no '=' after the parameter name in '{2}'; correct or delete this line".format(
                        path, line.number, line.folded()
                    )
                )
            self._lines.setdefault(match.group(1), []).append(line)
            self._values[match.group(1)] = match.group(2).strip(BLANKS)

    def values(self):
        """dict: parameter -> text of its value. The last of several settings counts, as in Postfix."""
        return dict(self._values)

    def said(self):
        """(dict, list): what counts of each parameter, however it is spaced, and the lines that Postfix ignores, sorted."""
        return dict((name, squeeze(value)) for name, value in self._values.items()), sorted(self.ignored_lines())

    def repeated(self):
        """dict: parameter -> list of line numbers, for each one that is set more than once."""
        return dict((name, [line.number for line in lines]) for name, lines in self._lines.items() if len(lines) > 1)

    def set(self, name, value):
        """bool: whether the file has changed. Earlier settings of a changed parameter are taken out.

        Args:
            name: str.
            value: str on one line; None takes the parameter out.

        Raises:
            MainCfError: this is not the name of a parameter.
        """
        if not _NAME.match(name):
            raise MainCfError("{0}: '{1}' is not a parameter name; use letters, digits and _".format(self.path, name))
        if value is None:
            for line in self._lines.pop(name, []):
                self.remove(line)
            return self._values.pop(name, None) is not None
        if name in self._values and squeeze(self._values[name]) == squeeze(value):
            return False
        text = "{0} = {1}".format(name, value).rstrip(BLANKS)
        lines = self._lines.get(name)
        if lines:
            for line in lines[:-1]:
                self.remove(line)
            lines[-1].replace(text)
            self._lines[name] = lines[-1:]
        else:
            self._lines[name] = [self.append(text)]
        self._values[name] = value
        return True
