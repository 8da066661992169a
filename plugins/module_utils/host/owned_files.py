# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that an owner has changed as a whole: what they would be without it, what it claims, and what is given back.

A module computes such a file each time from what it would be without the owner. So a setting that it no longer names is out, as
if it had never been there. Where somebody else has changed the file since, their lines are told from ours, see
``lines_patch``: theirs stay, and what is given back has them too.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.lines_patch import patch, without
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import are_texts, is_number, is_path
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import WHOLE, fingerprint
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import backups_of
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import attributes_of

# Seconds: files are staged, then the backups are made, whose names have no fractions.
STAGING = 5
# Seconds between the first and the last backup of one change.
ONE_CHANGE = 60

# Names of ``files.backup_path``; Ansible's own modules put a number before the date.
_OURS = re.compile(r"(\.\d+)?\.(\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d)~\Z")
_ATTRIBUTES = ("mode", "owner", "group")


def oldest_backup(path):
    """(str, float) or None: the oldest backup that this collection has made of a file, and when, in seconds since the epoch.

    Args:
        path: str, the file itself, not a link to it.
    """
    for backup in backups_of(path):
        made = _made_at(backup[len(path) :])
        if made is not None:
            return backup, made
    return None


def _made_at(name):
    """float or None: when a backup of this name was made, in seconds since the epoch; None for a name that is not ours."""
    match = _OURS.search(name)
    if match is None or match.group(1):
        return None
    try:
        return time.mktime(time.strptime(match.group(2), "%Y-%m-%d@%H:%M:%S"))
    except ValueError:
        return None


def _first_change(directory):
    """float or None: when the oldest backup of ours in a directory was made, in seconds since the epoch."""
    made = [_made_at(name) for name in (os.listdir(directory) if os.path.isdir(directory) else [])]
    return min([moment for moment in made if moment is not None] or [None])


def fits(thing, key, entry):
    """bool: whether an entry of a record is of a file as ``OwnedFiles`` records it; for ``owners_record.Owned``."""
    how = entry["how"]
    changes = how["patch"]
    return (
        key == WHOLE
        and is_path(thing)
        and are_texts([how["request"], how["is"]])
        and (changes is None or _are_changes(changes, len((entry["before"]["text"] or "").splitlines(True))))
    )


def _are_changes(changes, lines):
    """bool: whether a list is a patch, in order, of a text of so many lines."""
    if not isinstance(changes, list):
        return False
    last = 0
    for first, end, new in changes:
        if not (is_number(first, last, lines) and is_number(end, first, lines) and are_texts(new)):
            return False
        last = end
    return True


class OwnedFiles(object):
    """The files of one call.

    Args:
        owned: ``owners_record.Owned``, which may have no claims: then nothing is claimed or given back.
        request: anything that JSON can hold: what the files are computed from, besides themselves.

    Attributes:
        warnings: list of str.
    """

    def __init__(self, owned, request=None):
        self._owned = owned
        self._claims = owned.claims
        self._request = fingerprint(json.dumps(request, sort_keys=True))
        self._bases = {}
        self._adopted = []
        self.warnings = []

    def left(self):
        """list of str: the files that this owner has, and has neither named nor given back yet."""
        return [] if self._claims is None else [thing for thing, _key in self._claims.left_out()]

    def how(self, path):
        """dict: what ``claim`` was given for a file, and more; empty for a file that nobody has."""
        return {} if self._claims is None else self._claims.how(path, WHOLE) or {}

    def base(self, plan):
        """str or None: the text to compute a file's new one from, which has nothing of this owner that it wants no longer.

        Args:
            plan: ``FilePlan``.
        """
        thing = plan.destination
        if thing not in self.left():
            return plan.before
        how, ours = self.how(thing), self._is_ours(plan)
        text, _met = self._without(plan, False)
        if not ours:
            self._bases[thing] = text
        if how["request"] == self._request and (not ours or how["is"] == fingerprint(plan.before)):
            # All that it has of this owner is wanted still.
            return plan.before
        return text

    def _is_ours(self, plan):
        return self._claims.is_ours(plan.destination, WHOLE, plan.before)

    def _without(self, plan, keep):
        """(str or None, bool): a file without this owner; whether a change of somebody else was in the way."""
        before = self._claims.before(plan.destination, WHOLE)["text"]
        if self._is_ours(plan):
            return before, False
        changes = self.how(plan.destination).get("patch")
        if changes is None or plan.before is None:
            return (plan.before if keep else before), True
        text, met = without(before, changes, plan.before, keep)
        return (None if before is None and not text else text), met

    def claim(self, plan, alone=False, **how):
        """Claim a file with what the plan has for it now.

        Args:
            plan: ``FilePlan``.
            alone: bool, whether a release without a record would have made the file where there was none.
            how: what else is needed to give it back.

        Raises:
            OwnershipError: it is another owner's, with another content.
        """
        if self._claims is None:
            return
        thing, claims, old = plan.destination, self._claims, self.how(plan.destination)
        if old:
            before = dict(claims.before(thing, WHOLE))
            before["text"] = self._bases.get(thing, before["text"])
        else:
            text = self._text_before(plan, alone)
            before = dict(zip(_ATTRIBUTES, attributes_of(thing) or (None, None, None)), text=text)
        how.update(request=self._request)
        how["is"] = fingerprint(plan.after)
        if how["is"] == old.get("is") and thing not in self._bases:
            how["patch"] = old["patch"]
        else:
            # Of what is secret the record keeps no more than was there before.
            how["patch"] = None if plan.secret or plan.after is None else patch(before["text"], plan.after)
        claims.claim(thing, WHOLE, plan.after, before, how)
        for things in (claims.during, claims.after):
            things[thing][WHOLE]["before"] = before

    def _text_before(self, plan, alone):
        """str or None: what was there before the first claim: where a release without a record has been here, before that."""
        if self._owned.known:
            return plan.before
        path = plan.destination
        oldest = oldest_backup(path)
        first = _first_change(os.path.dirname(path))
        there = path if oldest is None else oldest[0]
        later = first is not None and (oldest is None or oldest[1] > first + ONE_CHANGE)
        if alone and later and os.path.exists(path) and os.stat(there).st_mtime > first - STAGING:
            # That release has made it; what was there before its first change is older.
            self._adopted.append(plan.path)
            return None
        if oldest is None:
            return plan.before
        self._adopted.append(plan.path)
        return read_native(oldest[0])

    def adoption(self, owner):
        """list of str: a warning where something was adopted."""
        if not self._adopted:
            return []
        return [
            "an earlier release, which kept no record, had set what {0} wants in {1}. From now on this is recorded as {0}'s; when it "
            "is taken back, it returns to what the oldest backup of each file says, and what that release had made goes".format(
                owner, ", ".join(self._adopted)
            )
        ]

    def give_back(self, path, make):
        """FilePlan or None: of a file that this owner no longer names, with what was there before; None where it stays.

        Args:
            path: str, one of those that are ``left``.
            make: callable that makes the plan of (path, mode, owner, group).
        """
        claims = self._claims
        before = claims.before(path, WHOLE)
        plan = make(path, *[before[name] for name in _ATTRIBUTES])
        ours = self._is_ours(plan)
        text, met = self._without(plan, True)
        claims.release(path, WHOLE, plan.before)
        if path in claims.after:
            return None
        if plan.before == before["text"]:
            # A killed run may have left only what is made of it.
            return plan
        if not ours and text == plan.before:
            return None
        if not ours:
            claims.changed_since.remove((path, WHOLE))
            if met:
                self.warnings.append(
                    "{0} was changed by somebody else after it had been set here: the lines that were changed stay as they are, "
                    "the others are those from before".format(path)
                )
        plan.after = text
        return plan
