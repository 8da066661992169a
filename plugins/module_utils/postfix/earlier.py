# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a release before 0.7.0, which kept no record, has set on this host, and what was there before that.

Its oldest backup of main.cf was made before its first change. Without backups it has been here when a role's worth of
parameters, and most of what is wanted, is there already; what was there before is not known then, and goes out when it is
taken back. Less than that may be somebody's own, and stays.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.owned_files import ONE_CHANGE, STAGING, oldest_backup
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import fingerprint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf

# Parameters: the roles set more, and a host that they have not seen has fewer of them as they want them.
_MANY = 5


class Earlier(object):
    """The work of an earlier release in one configuration directory.

    Args:
        main_file: str, main.cf itself, not a link to it.
        wanted: dict: parameter -> str, or None to take it out: what this call wants of main.cf.
        values: dict: parameter -> str, what main.cf says.

    Attributes:
        found: bool, whether an earlier release has been here.
        adopted: list of str: what was found to be its work.
        originals: dict: path of a main.cf -> str, its text from before that release, where that is what comes back.
        further: list of str: what is wanted besides, and was not there.
    """

    def __init__(self, main_file, wanted, values):
        self._first = oldest_backup(main_file)
        present = [name for name, value in wanted.items() if value is not None]
        there = [name for name in present if _same(wanted[name], values.get(name))]
        self.found = self._first is not None or len(there) >= max(_MANY, len(present) // 2 + 1)
        self.adopted, self.further, self.originals = [], [], {}

    def before(self, path, parse, wanted, current, name="{0}"):
        """dict: key -> value from before the earlier release, None for nothing, of each that it has set.

        That is what is as wanted, and where a backup tells, what is no longer as it was: an earlier release, or other
        variables, wanted it otherwise.

        Args:
            path: str, a file itself, not a link to it.
            parse: callable, gives the values (dict) of a text of that file.
            wanted: dict: key -> str, or None for nothing.
            current: dict: key -> str, what is there.
            name: str, how a key is called, with a place for it.
        """
        new = [key for key, value in wanted.items() if value is not None and key not in current]
        self.further += sorted(name.format(key) for key in new)
        text = self.text(path)
        if text is None and self._first is not None and oldest_backup(path) is None:
            # It has never changed this file.
            return {}
        try:
            earlier = {} if text is None else parse(text)
        except RelayError:
            text, earlier = None, {}
        keys = [
            key
            for key, value in wanted.items()
            if _same(value, current.get(key))
            or (text is not None and key in current and not _same(current[key], earlier.get(key)))
        ]
        self.adopted += sorted(name.format(key) for key in keys if wanted[key] is not None)
        return dict((key, earlier.get(key)) for key in keys)

    def find_original(self, path, main, before):
        """Find main.cf as it was before that release, where what is left without it says the same: nothing of others is lost then.

        Args:
            path: str, main.cf itself, not a link to it.
            main: MainCf, as it is.
            before: dict, of ``before``.
        """
        text = self.text(path)
        try:
            original = None if text is None else MainCf(text, path)
        except RelayError:
            return
        if original is None:
            return
        left = MainCf(main.render(), path)
        for name, value in before.items():
            left.set(name, value)
        if left.said() == original.said():
            self.originals[path] = text

    def text(self, path):
        """str or None: a file as it was before the first change; None where there was none, or no backup tells."""
        oldest = oldest_backup(path)
        if oldest is None or self._first is None:
            return None
        if oldest[1] > self._first[1] + ONE_CHANGE and self._wrote(oldest[0]):
            # Of a file that the release had made itself, and changed later.
            return None
        return read_native(oldest[0])

    def has_changed(self, path):
        """bool: whether an earlier release has made this file, or changed it."""
        if self._first is None or not os.path.exists(path):
            return False
        return oldest_backup(path) is not None or self._wrote(path)

    def _wrote(self, path):
        """bool: whether a file, or its backup, which keeps its time, was written by the first change or later."""
        return os.stat(path).st_mtime > self._first[1] - STAGING

    def sentence(self, owner):
        """str: what was adopted, for a warning; empty for nothing."""
        if not self.adopted:
            return ""
        return (
            "an earlier release, which kept no record, had set what {0} wants: {1}. From now on this is recorded as {0}'s; when "
            "it is taken back, it returns to {2}{3}".format(
                owner,
                ", ".join(self.adopted),
                "nothing, since there is no backup"
                if self._first is None
                else "what {0} and the backups of that time say".format(self._first[0]),
                ". It had not set, and this one does: {0}".format(", ".join(self.further)) if self.further else "",
            )
        )


def _same(value, other):
    return fingerprint(value, "key") == fingerprint(other, "key")
