# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access map: single entries are set or taken out, every other line stays as it is.

The format is that of makemap(8): a key, white space, a value; # begins a comment line. Keys are compared without
regard to case, since makemap(8) folds them, and the first of two equal keys is the one that counts.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class Access(object):
    """The source of an access map.

    Args:
        text: str.
    """

    def __init__(self, text):
        self._lines = text.splitlines(True)

    @property
    def text(self):
        """str: the file as it is now."""
        return "".join(self._lines)

    def get(self, key):
        """str or None: the value of a key."""
        found = self._indexes(key)
        return self._lines[found[0]].split(None, 1)[1].strip() if found else None

    def set(self, key, value):
        """Set the value of a key; with None, take the key out."""
        found = self._indexes(key)
        for index in reversed(found if value is None else found[1:]):
            del self._lines[index]
        if value is None or self.get(key) == value:
            return
        line = "{0}\t{1}\n".format(key, value)
        if found:
            self._lines[found[0]] = line
            return
        if self._lines and not self._lines[-1].endswith("\n"):
            self._lines[-1] += "\n"
        self._lines.append(line)

    def _indexes(self, key):
        found = []
        for index, line in enumerate(self._lines):
            fields = line.split(None, 1)
            if len(fields) == 2 and fields[0].lower() == key.lower():
                found.append(index)
        return found
