# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of what each owner has set on this host: C(RECORD), one for all modules.

C({"format": 1, "sections": {SECTION: {THING: {KEY: entry}}}, "sum": ...}), see ``ownership``. A section stays when nothing is left
in it: it says that the host has been seen. The sum is of the sections: a record in which one letter is another is still a
record, of what was never there. 0.7.0 wrote none.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import contextlib
import hashlib
import json
import os
import stat

from ansible.module_utils.common.text.converters import to_native, to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import TEXT
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import about
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan
from ansible_collections.mailops.relay.plugins.module_utils.host.files import to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import (
    WHOLE,
    Claims,
    OwnershipError,
    title,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, remove_stale, write_file

RECORD = "/var/lib/mailops.relay/owners.json"
FORMAT = 1


def record_below(root):
    """str or None: the record of a host whose files are below a directory, as in tests; None for this host's own."""
    return root + RECORD if root else None


def parse(text, path):
    """dict: section -> thing -> key -> entry, from the text of a record; None is no record.

    Args:
        text: str or None.
        path: str, for messages.

    Raises:
        OwnershipError: it is damaged, or of a newer release.
    """
    if text is None:
        return {}
    try:
        raw = json.loads(text)
        record = _unpacked(raw)
        newer = is_number(record["format"], FORMAT + 1)
        sections = {} if newer else record["sections"]
        whole = newer or (
            is_number(record["format"], FORMAT, FORMAT)
            and (set(record) == set(["format", "sections"]) or raw["sum"] == _sum(raw["sections"]))
            and all(
                _is_entry(key, entry)
                for things in sections.values()
                for keys in things.values()
                for key, entry in keys.items()
            )
        )
    except (ValueError, KeyError, TypeError, AttributeError, RuntimeError):
        # RuntimeError: nested deeper than Python can follow.
        newer = whole = False
    if newer:
        raise OwnershipError(
            "{0}: a newer release of mailops.relay has written this record (format {1}, this one knows {2}); use that release "
            "on this host. Nothing was changed".format(path, record["format"], FORMAT)
        )
    if not whole:
        raise _damaged(path)
    return sections


def _damaged(path):
    return OwnershipError(
        "{0}: this record of what was set on the host is damaged; put it back from a backup of the host, or move it away: "
        "what is there then counts as the host's own, and stays. Nothing was changed".format(path)
    )


def is_number(value, least, most=None):
    """bool: whether a value of a record is a whole number from ``least`` to ``most``, which JSON's C(true) is not."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value and (most is None or value <= most)


def are_texts(values):
    """bool: whether a value of a record is a list of str."""
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def is_path(value):
    """bool: whether a text of a record can be the path of a file."""
    return value.startswith("/") and "\0" not in value


# chmod(2) and chown(2): what a file can have; the last user and group mean "as it is".
_NUMBERS = {"mode": 0o7777, "owner": 2**32 - 2, "group": 2**32 - 2}


def _is_entry(key, entry):
    before = entry["before"]
    if isinstance(before, dict) != (key == WHOLE):
        return False
    text = before["text"] if key == WHOLE else before
    return (
        are_texts(entry["owners"])
        and are_texts(entry["set"])
        and bool(entry["set"])
        and (bool(entry["owners"]) or key == WHOLE)
        and (text is None or isinstance(text, str))
        and (key != WHOLE or all(_is_none_or_number(before.get(name), most) for name, most in _NUMBERS.items()))
    )


def _is_none_or_number(value, most):
    return value is None or is_number(value, 0, most)


def render(sections):
    """str: the text of a record."""
    record = _packed({"format": FORMAT, "sections": sections})
    record["sum"] = _sum(record["sections"])
    return _json(record) + "\n"


def _json(value):
    return json.dumps(value, indent=1, sort_keys=True, separators=(",", ": "))


def _sum(sections):
    """str: a hash of the sections of a record as JSON has them, whatever white space is in its text."""
    return hashlib.sha256(_json(sections).encode("ascii")).hexdigest()


def _packed(value):
    """What JSON can hold: text that is not UTF-8 as a mapping, the same on each Python."""
    if isinstance(value, dict):
        return dict((key, _packed(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_packed(item) for item in value]
    if not isinstance(value, TEXT):
        return value
    data = to_file_bytes(value)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode("ascii")}


def _unpacked(value):
    if isinstance(value, dict):
        if list(value) == ["base64"]:
            return to_native(base64.b64decode(value["base64"]), errors="surrogateescape")
        return dict((to_native(key), _unpacked(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, TEXT):
        return value
    # No file has a text that has no bytes.
    to_file_bytes(value)
    return to_native(value)


class Owned(object):
    """The claims of one call, and the record that they come from and go to.

    Args:
        owner: str or None; None has no claims, and reads no record.
        section: str.
        path: str or None, the record.
        fits: callable or None, called with (thing, key, entry): bool, whether this entry of the section, of which all that each
            module needs is known to be there, has what this module needs too.

    Attributes:
        claims: Claims or None.
        plans: list of FilePlan: of the record, when there are claims.
        directories: list of str: where the record is, when there are claims.
        known: bool, whether something of this section was recorded before.

    Raises:
        OwnershipError: the record cannot be used.
    """

    def __init__(self, owner, section, path=None, fits=None):
        self.claims = None
        self.plans = []
        self.directories = []
        self._section = section
        if owner is None:
            return
        path = RECORD if path is None else path
        _check_safe(path)
        self._plan = FilePlan(path, 0o600, secret=True, new=(0o600, None, None))
        self.plans = [self._plan]
        self.directories = [os.path.dirname(path)]
        self._sections = parse(self._plan.before, path)
        self.known = section in self._sections
        if fits is not None:
            self._check(path, fits)
        self.claims = Claims(owner, self._sections.get(section, {}))

    def _check(self, path, fits):
        try:
            fine = all(
                fits(thing, key, entry)
                for thing, keys in self._sections.get(self._section, {}).items()
                for key, entry in keys.items()
            )
        except (KeyError, TypeError, AttributeError, ValueError):
            fine = False
        if not fine:
            raise _damaged(path)

    @property
    def changed(self):
        """bool: whether the record changes. That alone is no change that a user is told of."""
        return self.claims is not None and self._text(self.claims.after) != self._plan.before

    def _text(self, things):
        if not self.known and not things:
            return self._plan.before
        return render(dict(self._sections, **{self._section: things}))

    def settle(self, thing, wanted, current, before=None, how=None):
        """dict: see ``Claims.settle``; empty without claims."""
        return {} if self.claims is None else self.claims.settle(thing, wanted, current, before, how)

    def text(self, thing, before, after, first=True, original=None):
        """str or None: see ``Claims.text``; what is given without claims."""
        return after if self.claims is None else self.claims.text(thing, before, after, first, original)

    def nothing_known(self):
        """list of str: a warning where an owner is to be taken back of whom nothing was ever recorded here; else empty."""
        if self.known:
            return []
        return [
            "nothing is recorded on this host that this owner has set, so nothing is taken back; where a release before 0.7.0 "
            "has set it, run this release with state present first, which records it"
        ]

    def warnings(self):
        """list of str: what stays, since somebody else has changed it."""
        return [
            "{0} was changed by somebody else after it had been set here: it stays as it is, and no longer counts as "
            "set here".format(title(thing, key))
            for thing, key in ([] if self.claims is None else self.claims.changed_since)
        ]

    def begin(self, transaction):
        """Put the record in place that is right for each moment of the change, before the first of it."""
        if not self.changed:
            return
        plan = self._plan
        for destination, things in ((plan.destination, self.claims.during), (self._final, self.claims.after)):
            with about(plan.path):
                write_file(transaction.stage_of(destination), to_text(self._text(things)).encode("utf-8"), 0o600)
            transaction.prepare(destination, 0o600, plan.owner, plan.group)
        transaction.activate([(plan.destination, True)])

    def finish(self, transaction):
        """Put the record in place that is right now, after the last of the change."""
        if not self.changed:
            return
        try:
            with about(self._plan.path):
                os.rename(transaction.stage_of(self._final), transaction.stage_of(self._plan.destination))
        except EnvironmentError:
            transaction.roll_back()
            raise
        transaction.activate([(self._plan.destination, True)])

    @property
    def _final(self):
        return self._plan.destination + ".final"


@contextlib.contextmanager
def locked(owner, path=None):
    """Keep other runs from the record while an owner's claims are read and written, and clear up what killed runs left."""
    if owner is None:
        yield
        return
    directory = os.path.dirname(RECORD if path is None else path)
    if not os.path.isdir(directory):
        with about(directory):
            os.mkdir(directory, 0o700)
    with Lock(directory):
        remove_stale([directory])
        yield


def _check_safe(path):
    """Refuse a record that others than root could have written: it says what is put into files."""
    for name in (os.path.dirname(path), path):
        try:
            status = os.lstat(name)
        except OSError:
            continue
        if stat.S_ISLNK(status.st_mode):
            raise OwnershipError(
                "{0}: this is a symbolic link, and the record says what is put into files of this host; put what it points to in "
                "its place. Nothing was changed".format(name)
            )
        if status.st_uid == 0 and os.geteuid():
            raise OwnershipError(
                "{0}: this is root's, and another user runs this; run it as root (become: true). Nothing was changed".format(
                    name
                )
            )
        if status.st_uid != os.geteuid() or (stat.S_IMODE(status.st_mode) & 0o022):
            raise OwnershipError(
                "{0}: others than {1} can write to it, and it says what is put into files of this host; see who has, then "
                "give it to that user with mode 0700 (the directory) and 0600 (the file). Nothing was changed".format(
                    name, "root"
                )
            )
