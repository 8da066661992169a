# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lookup table as it is and as it shall be, with the files that postmap(1) makes of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import (
    COMPILED,
    OLDER,
    FilePlan,
    diff_of,
    is_stale,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import attributes_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import compiled_paths


class TablePlan(FilePlan):
    """The source of a lookup table.

    Args: as for ``FilePlan``.

    Attributes, besides those of ``FilePlan``:
        compiler: list of str, the command without the table's path; empty for a table that is not compiled.
        rebuild: bool, whether the compiled files are to be made.
        foreign: bool, whether it holds lines that others wrote.
    """

    def __init__(self, *args, **kwargs):
        super(TablePlan, self).__init__(*args, **kwargs)
        self.compiler = []
        self.rebuild = False
        self.foreign = False

    @property
    def changed(self):
        """bool: whether the table or what it is compiled to changes."""
        if self.after is None:
            return self.replaced or any(os.path.exists(path) for path in self.compiled)
        return self.replaced or self.rebuild or bool(self.former)

    def withdraw(self, kind):
        """Take out what it was compiled to as a table of another type, which may hold passwords.

        Args:
            kind: str, that type.
        """
        paths = [path for path in compiled_paths(self.destination, kind) if path not in self.compiled]
        self.former += [path for path in paths if os.path.exists(path) and path not in self.former]

    def compile_with(self, compiler, kind):
        """Have the table compiled when that is due: never done, older than the source, or other attributes.

        Args:
            compiler: str, C(postmap) or C(postalias).
            kind: str, the table's type.
        """
        self.compiled = compiled_paths(self.destination, kind)
        if self.compiled and self.after is not None:
            self.compiler = [compiler, kind]
            self.rebuild = self.replaced or any(self._is_due(path) for path in self.compiled)

    def _is_due(self, path):
        if is_stale(path, self.destination):
            return True
        return self.secret and attributes_of(path) != (self.mode, self.owner, self.group)

    def diffs(self):
        """list of dict: what is shown of the table and of each file that it is compiled to."""
        found = super(TablePlan, self).diffs()
        for path in self.compiled:
            exists = os.path.exists(path)
            if self.after is None and exists:
                found.append(diff_of(path, "compiled table\n", ""))
            elif self.rebuild:
                found.append(diff_of(path, OLDER if exists else "", COMPILED))
        return found + [diff_of(path, "compiled table\n", "") for path in self.former]
