# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files as they are and as they shall be: the difference that is shown, and the way into place, as one set.

What check mode predicts and what a run writes come from the same ``FilePlan``. ``Writer`` moves a set of them in as one
``Transaction``.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import about
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native, to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import backups_with_key, holds_private_key
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    TransactionError,
    attributes_of,
    write_file,
)

NOT_SHOWN = "(the content is not shown)\n"
COMPILED = "compiled from its source\n"
OLDER = "older than its source\n"


def diff_of(header, before, after):
    """dict: one difference as Ansible shows it.

    Args:
        header: str, what differs, such as the path of a file.
        before, after: str.
    """
    return {"before_header": header, "after_header": header, "before": before, "after": after}


def is_stale(compiled, source):
    """bool: whether a compiled file is missing or older than its source, which must be there.

    Args:
        compiled, source: str, paths.
    """
    return not os.path.exists(compiled) or os.stat(compiled).st_mtime < os.stat(source).st_mtime


def make_newer(path, than):
    """Have a file's time of change lie behind that of others, whatever the clock does and however coarse it is.

    A source and what is compiled of it cannot change in one moment. Where the source moves in first, and is newer than
    what was compiled of the old one, a run that is killed in between leaves what ``is_stale`` sees, whatever the next run
    wants the source to be.

    Args:
        path: str, a staged file.
        than: iterable of str, paths; those that are not there do not matter.
    """
    newest = max([os.stat(other).st_mtime for other in than if os.path.exists(other)] + [0])
    if os.stat(path).st_mtime <= newest:
        os.utime(path, (newest + 1, newest + 1))


class FilePlan(object):
    """One file as it is and as it shall be.

    Args:
        path: str. The file behind a symbolic link is meant; the link stays.
        mode, owner, group: int or None; None keeps those of the file that is there.
        secret: bool, whether the content must not be shown.
        new: (int, int or None, int or None): mode, owner and group of a file that is not there, as far as they are not
            given; None is the user and group of this process.

    Attributes:
        path: str, as the caller named it.
        destination: str, the file itself.
        before: str or None, the content as ``files.read_native`` gives it; None for no file.
        after: str or None, the content that is wanted, at first that of ``before``; None for no file.
        mode, owner, group: int, those that are wanted.
        secret: bool.
        hide: callable or None, for a file of which only parts are secret: called with (text, former text or None), it
            returns what may be shown.
        leaked: list of str, the paths of what holds a private key and must not, see ``withdraw_key``.
        compiled: list of str, the paths of what is compiled of it; empty here, for classes derived from this one.
        former: list of str, the paths of what was compiled of it and goes out; empty here too.

    Raises:
        IOError, OSError: the file is there and cannot be read.
    """

    def __init__(self, path, mode=None, owner=None, group=None, secret=False, new=(0o644, None, None)):
        self.path = path
        self.destination = os.path.realpath(path)
        self.before = self.after = read_native(self.destination)
        self.secret = secret
        self.hide = None
        self.leaked = []
        self.compiled = []
        self.former = []
        have = attributes_of(self.destination) or (
            new[0],
            os.geteuid() if new[1] is None else new[1],
            os.getegid() if new[2] is None else new[2],
        )
        self.mode, self.owner, self.group = [
            current if wanted is None else wanted for current, wanted in zip(have, (mode, owner, group))
        ]
        self._attributes_differ = self.before is not None and (self.mode, self.owner, self.group) != have

    @property
    def replaced(self):
        """bool: whether the file is written or removed, for its content or its attributes."""
        return self.before != self.after or (self.after is not None and self._attributes_differ)

    @property
    def changed(self):
        """bool: whether anything on disk changes; a derived class knows of more than the file itself."""
        return self.replaced or bool(self.leaked)

    @property
    def private(self):
        """bool: whether only its owner may read a backup of the present file, whoever can read the file."""
        if self.secret or holds_private_key(self.before):
            return True
        return self.hide is not None and self.before is not None and self.hide(self.before, None) != self.before

    def withdraw_key(self):
        """Treat a private key in the present file or its backups as leaked, unless the new content has one.

        It is not shown then, no backup is made, and backups that hold one are removed.
        """
        if holds_private_key(self.after):
            return
        if holds_private_key(self.before):
            self.secret = True
            self.leaked.append(self.path)
        self.leaked += backups_with_key(self.destination)

    @property
    def backups_to_remove(self):
        """list of str: the backups among ``leaked``."""
        return [path for path in self.leaked if path != self.path]

    def diffs(self):
        """list of dict: what is shown of the change; empty when there is none."""
        removed = [diff_of(path, NOT_SHOWN, "") for path in self.backups_to_remove]
        if self.before != self.after:
            return [diff_of(self.path, self._shown(self.before), self._shown(self.after, self.before))] + removed
        return ([diff_of(self.path, *self._attributes())] if self.replaced else []) + removed

    def _shown(self, text, *former):
        """str: what is shown of a text, the new one when the ``former`` one (str or None) is given."""
        if text is None:
            return ""
        if self.secret:
            return NOT_SHOWN + ("changed\n" if former else "")
        return text if self.hide is None else self.hide(text, *(former or [None]))

    def _attributes(self):
        """(str, str): what is shown where only mode, owner or group change."""
        after = "mode {0:04o}, owner {1}, group {2}\n".format(self.mode, self.owner, self.group)
        return "mode, owner or group differ\n", after


def leak_facts(plans):
    """(list of str, list of str): the paths of what held a leaked private key, and a warning for each plan concerned.

    Args:
        plans: iterable of FilePlan.
    """
    paths, warnings = [], []
    for plan in plans:
        if plan.leaked:
            paths += plan.leaked
            warnings.append(
                "{0}: a private key was in {1}, where others could read it; it must be made anew together with its "
                "certificate, on the host that it belongs to (where relay_server made them: delete both files there and "
                "run the site again)".format(plan.path, ", ".join(plan.leaked))
            )
    return paths, warnings


class Writer(object):
    """Puts planned files, and what is compiled of them, in place: all of them or none.

    Args:
        transaction: ``Transaction``; it is left to the caller to end it.
        plans: list of FilePlan, those which the new state was computed from.
        owned: ``owners_record.Owned`` or None; its record changes with them.
    """

    def __init__(self, transaction, plans, owned=None):
        self._transaction = transaction
        self._plans = plans
        self._owned = owned
        self._moves = []

    def stage(self, plan, age=0):
        """str: the path of the new content, which can be checked and compiled there; it does not move in yet.

        Args:
            plan: FilePlan with content.
            age: int, seconds by which its time of change lies in the past: what is made of it must be newer.
        """
        staged = self._transaction.stage_of(plan.destination)
        with about(plan.destination):
            write_file(staged, to_file_bytes(plan.after), plan.mode)
            if age:
                past = time.time() - age
                os.utime(staged, (past, past))
        return staged

    def put(self, plan):
        """Have the whole of a plan done: its file written and moved in, or removed."""
        if plan.after is None:
            self.remove(plan.destination)
        else:
            self.stage(plan)
            self.move(plan)

    def move(self, plan):
        """Have the staged file of a plan moved in, after what was named before."""
        self.move_made(plan.destination, plan.mode, plan.owner, plan.group)

    def move_made(self, destination, mode, owner, group):
        """Have a file moved in that a program has made beside the staged ones.

        Args:
            destination: str.
            mode, owner, group: int.
        """
        self._transaction.prepare(destination, mode, owner, group)
        self._moves.append((destination, True))

    def remove(self, destination):
        """Have a file removed, after what was named before."""
        self._moves.append((destination, False))

    def activate(self, backed_up=()):
        """Do all that, in the order in which it was named.

        Args:
            backed_up: iterable of FilePlan, whose present files are kept under a second name.

        Returns:
            list of str: the backups.

        Raises:
            TransactionError: everything is as it was; another program has changed one of the files, or one could not be
                put in place.
        """
        for plan in list(self._plans) + ([] if self._owned is None else self._owned.plans):
            if read_native(plan.destination) != plan.before:
                raise TransactionError(
                    "{0} was changed by another program while this one worked; nothing was changed, "
                    "run it again".format(plan.path)
                )
        for plan in backed_up:
            if not plan.leaked:
                self._transaction.back_up([plan.destination], plan.private)
        removed = [(path, False) for plan in self._plans for path in plan.backups_to_remove]
        if self._owned is not None:
            self._owned.begin(self._transaction)
        self._transaction.activate(self._moves + removed)
        if self._owned is not None:
            self._owned.finish(self._transaction)
        return list(self._transaction.backups)
