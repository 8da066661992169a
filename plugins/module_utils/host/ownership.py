# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has set what on this host, and what was there before, so that it can be taken back: the rules, without the file.

* SECTION: the module, and the directory where there can be several. A call names everything that its owner wants of one.
* THING: a file, a zone, a set of rules. KEY: what it has several of, such as a parameter; ``WHOLE`` is all of it.
* An entry, for a key of a thing: ``owners``; ``before``, the value from before the first owner set it (text, or for the whole
  of a file a mapping with its ``text``, mode, owner and group; None for nothing); ``set``, hashes of what is ours, two only
  while a change is made, which a killed run may leave; ``how``, what the module has to know to give it back.

A file with keys has a whole entry without owners too, as long as nobody else has written to the file. It comes back byte for
byte when its last key is taken back.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import copy
import hashlib
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import to_file_bytes

WHOLE = ""

_LONGEST_NAME = 100
# It stands in sentences for people, where two names must not look the same.
_NAME = re.compile(r"[A-Za-z0-9_.-]+( [A-Za-z0-9_.-]+)*\Z")


class OwnershipError(RelayError):
    """The record cannot be used, or something belongs to another owner; nothing has changed."""


def fingerprint(value, key=WHOLE):
    """str: what tells a value from others without telling the value.

    Args:
        value: str, or a mapping with ``text``; None for nothing.
        key: str. Of the whole of a thing each byte counts, of a key not how much white space there is.
    """
    if value is None:
        return "absent"
    text = value["text"] if isinstance(value, dict) else value
    if text is None:
        return "absent"
    return hashlib.sha256(to_file_bytes(text if key == WHOLE else " ".join(text.split()))).hexdigest()


def check_request(owner, state):
    """Refuse an owner that has no name, and a state without an owner.

    Args:
        owner: str or None, as given.
        state: str, C(present) or C(absent).

    Raises:
        OwnershipError
    """
    if owner is None:
        if state == "absent":
            raise OwnershipError("state: absent gives back what an owner has set; name it in owner")
    elif len(owner) > _LONGEST_NAME or not _NAME.match(owner):
        raise OwnershipError(
            "owner: {0!r} is no name; give 1 to {1} characters such as relay_client: letters, digits and _.-, with single spaces "
            "between words".format(owner, _LONGEST_NAME)
        )


class Claims(object):
    """What one owner has of a section, and what it names in one call: pure, and without the file.

    Args:
        owner: str.
        section: dict: thing -> key -> entry, as it is recorded.

    Attributes:
        after: dict, the section as it is to be recorded.
        during: dict, the same while the change is made: nothing that was there is missing, nothing that comes.
        changed_since: list of (thing, key) that somebody else has changed, and that therefore stay.
    """

    def __init__(self, owner, section):
        self._owner = owner
        self._known = section
        self.after = copy.deepcopy(section)
        self.during = copy.deepcopy(section)
        self.changed_since = []
        self._named = set()

    def _entry(self, thing, key):
        return self._known.get(thing, {}).get(key)

    def keys(self, thing):
        """list of str: the keys of a thing that are recorded, whoever owns them."""
        return sorted(self._known.get(thing, {}))

    def is_ours(self, thing, key, current):
        """bool: whether a value is what this collection has set, and nobody has changed it since."""
        entry = self._entry(thing, key)
        return entry is not None and fingerprint(current, key) in entry["set"]

    def before(self, thing, key):
        """What was there before; None for nothing, and for what has no entry."""
        entry = self._entry(thing, key)
        return None if entry is None else entry["before"]

    def found_since(self, thing, key, before):
        """Say what is to come back of something that others have changed since it was set, as far as that can be told.

        Args:
            thing, key: str, of an entry.
            before: str or None, what is there now, without what is ours.
        """
        entry = dict(self._entry(thing, key), before=before)
        self._known = dict(self._known, **{thing: dict(self._known[thing], **{key: entry})})

    def claim(self, thing, key, wanted, before, how=None):
        """Name something that this owner wants.

        Args:
            thing, key: str.
            wanted: str or None, the value; None for nothing.
            before: what was there before, where nobody has set it yet: str or dict, None for nothing.
            how: what the module has to know to give it back; anything that JSON can hold.

        Raises:
            OwnershipError: it is another owner's, with another value.
        """
        self._take_over(thing, key)
        entry = self._entry(thing, key)
        mark = fingerprint(wanted, key)
        others = self._others(entry)
        if others and entry["set"][-1] != mark:
            raise OwnershipError(
                "{0}: the owner {1} has set it to another value; take it out there, or give the same value here. Nothing was "
                "changed".format(title(thing, key), others[0])
            )
        self._named.add((thing, key))
        known = [] if entry is None else entry["set"]
        owned = {
            "owners": sorted(set(others + [self._owner])),
            "before": entry["before"] if self._stands(entry, before, key) else before,
            "set": [mark],
        }
        if how is not None:
            owned["how"] = how
        self.after.setdefault(thing, {})[key] = owned
        self.during.setdefault(thing, {})[key] = dict(owned, set=[item for item in known if item != mark] + [mark])

    @staticmethod
    def _stands(entry, current, key):
        """bool: whether what is recorded as before still is: not for a file with keys that others have written to since."""
        return entry is not None and (bool(entry["owners"]) or fingerprint(current, key) in entry["set"])

    def _others(self, entry):
        return [] if entry is None else [name for name in entry["owners"] if name != self._owner]

    def _take_over(self, thing, key):
        """One owner can go from the whole of a thing to keys of it, and back; two cannot have the one and the other."""
        for other, entry in self._known.get(thing, {}).items():
            if (other == WHOLE) == (key == WHOLE) or not entry["owners"]:
                continue
            for name in self._others(entry):
                raise OwnershipError(
                    "{0}: the owner {1} has set {2}; take it out there first. Nothing was changed".format(
                        thing, name, "the whole of it" if other == WHOLE else other
                    )
                )
            self._named.add((thing, other))
            if other == WHOLE:
                self.after[thing][WHOLE] = dict(entry, owners=[])
            else:
                self.after[thing].pop(other, None)

    def left_out(self, thing=None):
        """list of (str, str): thing and key of what this owner has and has neither named nor released."""
        return sorted(
            (name, key)
            for name, keys in self._known.items()
            for key, entry in keys.items()
            if self._owner in entry["owners"] and (name, key) not in self._named and thing in (None, name)
        )

    def how(self, thing, key):
        """What ``claim`` was given as ``how``; None for nothing."""
        return (self._entry(thing, key) or {}).get("how")

    def release(self, thing, key, current):
        """bool: whether what was there before is to be put back, now that this owner wants it no longer.

        Args:
            thing, key: str.
            current: str or None, the value that is there.
        """
        entry = self._entry(thing, key)
        self._named.add((thing, key))
        others = self._others(entry)
        if others:
            self.after[thing][key] = dict(entry, owners=others)
            return False
        self._drop(thing, key)
        mark = fingerprint(current, key)
        if mark in entry["set"]:
            return True
        if mark != fingerprint(entry["before"], key):
            self.changed_since.append((thing, key))
        return False

    def _drop(self, thing, key):
        del self.after[thing][key]
        if not self.after[thing]:
            del self.after[thing]

    def settle(self, thing, wanted, current, before=None, how=None):
        """dict: key -> value from before, None for nothing: what is to be given back of a thing with several keys.

        Args:
            thing: str.
            wanted: dict: key -> str, or None for nothing.
            current: dict: key -> str, what is there.
            before: dict: key -> str or None, where what was there before is not what is there now; others have what is
                there.
            how: as for ``claim``.
        """
        for key, value in wanted.items():
            was = before[key] if before and key in before else current.get(key)
            self.claim(thing, key, value, was, how)
        return dict(
            (key, self.before(thing, key))
            for _thing, key in self.left_out(thing)
            if self.release(thing, key, current.get(key))
        )

    def text(self, thing, before, after, first=True, original=None):
        """str or None: the text of a file with keys: the one from before the first key when the last one is gone.

        Args:
            thing: str, the file.
            before, after: str or None, its text as it is, and with everything that was settled; None for no file.
            first: bool, whether a file without a key in the record is as it was before we came.
            original: str or None, its text from before we came, where that is known of one that is not so.
        """
        base = self._entry(thing, WHOLE)
        ours = base is not None and fingerprint(before) in base["set"]
        if not any(key != WHOLE for key in self.after.get(thing, {})):
            if base is not None:
                self._drop(thing, WHOLE)
            return base["before"]["text"] if ours else after
        if base is None and (self._known.get(thing) or not first and original is None):
            return after
        if base is None:
            base = {"owners": [], "before": {"text": before if first else original}, "set": []}
        elif before == after:
            return after
        elif not ours:
            # What somebody else has written would be lost with that text.
            self._drop(thing, WHOLE)
            return after
        mark = fingerprint(after)
        self.after[thing][WHOLE] = dict(base, set=[mark])
        self.during[thing][WHOLE] = dict(base, set=[item for item in base["set"] if item != mark] + [mark])
        return after


def title(thing, key):
    """str: a key of a thing, as it is called in a message."""
    return thing if key == WHOLE else "{0}: {1}".format(thing, key)
