# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of sendmail as they are and as they shall be: a .mc with its .cf, and the access map."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import operator
import os

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import (
    COMPILED,
    OLDER,
    FilePlan,
    diff_of,
    is_stale,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import attributes_of
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.cf import Cf
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.mc import Mc
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.secrets import hidden_text, is_secret_text


class ConfigurationError(RelayError):
    """The files of this host cannot be brought to the wanted state; nothing has changed."""


class SendmailFile(FilePlan):
    """A file of which content and mode are managed, and never the owner.

    Args: as for ``FilePlan``.

    Attributes, besides those of ``FilePlan``:
        refreshed: bool, whether the file is put in place anew if only for its time of change.
    """

    def __init__(self, *args, **kwargs):
        super(SendmailFile, self).__init__(*args, **kwargs)
        self.refreshed = False
        self.hide = hidden_text

    @property
    def changed(self):
        """bool: whether the file is put in place anew, or backups of it are removed."""
        return self.renewed or super(SendmailFile, self).changed

    @property
    def renewed(self):
        """bool: whether the file is put in place anew."""
        return self.replaced or self.refreshed

    def _attributes(self):
        return "another mode\n", "mode {0:04o}\n".format(self.mode)


class Pair(object):
    """A .mc file and the .cf file that is built of it.

    Args:
        mc_path, cf_path: str.
        base: callable, gives the text to edit (str or None) of the ``SendmailFile`` of each.

    Attributes:
        mc: ``Mc`` or None when there is no such file.
        cf: ``Cf``; empty when there is no such file.
        plan_mc, plan_cf: ``SendmailFile``.
        demands: list of (what only a build brings, the argument that asks for it).
        pending: bool, whether the .cf is older than the .mc, so that the host's own tools would rebuild it.
    """

    def __init__(self, mc_path, cf_path, base=operator.attrgetter("before")):
        self.plan_mc = SendmailFile(mc_path)
        self.plan_cf = SendmailFile(cf_path)
        self.demands = []
        self.cf = Cf(base(self.plan_cf) or "")
        nothing = self.plan_mc.before is None and self.plan_cf.before is None
        self.mc = Mc(base(self.plan_mc) or "", mc_path) if nothing or self.plan_mc.before is not None else None
        self.pending = self.plan_mc.before is not None and (
            self.plan_cf.before is None
            or os.stat(self.plan_mc.destination).st_mtime > os.stat(self.plan_cf.destination).st_mtime
        )

    def require(self):
        """Raise ConfigurationError when neither file is there."""
        if self.plan_mc.before is None and self.plan_cf.before is None:
            raise ConfigurationError(
                "there is neither {0} nor {1}; restore them from the package 'sendmail'".format(
                    self.plan_mc.path, self.plan_cf.path
                )
            )

    def edit_mc(self, edit):
        """Change the .mc, where there is one."""
        if self.mc is not None:
            edit(self.mc)

    def demand(self, what, argument):
        """Note that the .cf has to be built."""
        self.demands.append((what, argument))

    def take_over(self):
        """Take the edits over into the plans."""
        if self.mc is not None:
            self.plan_mc.after = self.mc.text or self.plan_mc.before
        self.plan_cf.after = self.cf.text or self.plan_cf.before

    def take(self, plan):
        """bool: whether a plan is of one of these files; it then takes the place of the one that was made here.

        Args:
            plan: ``SendmailFile``.
        """
        if plan.destination == self.plan_mc.destination:
            self.plan_mc = plan
        elif plan.destination == self.plan_cf.destination:
            self.plan_cf = plan
            self.cf = Cf(plan.after or "")
        else:
            return False
        # make(1) and /etc/mail/make rebuild what is older than its source.
        self.plan_cf.refreshed = self.plan_mc.replaced
        return True

    def start_from(self, text):
        """Take another text for the .cf, to be edited again."""
        self.cf = Cf(text)
        self.demands = []


class AccessPlan(object):
    """The access map and what it is compiled to.

    Args:
        kind: str or None, its type.
        plan: ``SendmailFile`` or None when no access map is written.

    Attributes, besides those:
        secret: bool, whether it holds passwords.
        compiled: str or None, a path.
        rebuild: bool, whether that is to be made.
        removed: bool, whether it is to be removed, together with its source.
    """

    def __init__(self, kind, plan):
        self.kind = kind
        self.plan = plan
        self.compiled = None if plan is None else plan.destination + ".db"
        self.secret = plan is not None and is_secret_text(plan.after)
        there = plan is not None and plan.after is not None
        self.rebuild = there and (plan.replaced or (plan.before is not None and self._is_due()))
        self.removed = plan is not None and plan.after is None and os.path.exists(self.compiled)

    def _is_due(self):
        if is_stale(self.compiled, self.plan.destination):
            return True
        return self.secret and attributes_of(self.compiled)[0] & 0o007 != 0

    def plans(self):
        """list of SendmailFile: the source, when there is one."""
        return [] if self.plan is None else [self.plan]

    def diffs(self):
        """list of dict: what is shown of the compiled map."""
        if self.removed:
            return [diff_of(self.plan.path + ".db", COMPILED, "")]
        if not self.rebuild:
            return []
        return [diff_of(self.plan.path + ".db", OLDER if os.path.exists(self.compiled) else "", COMPILED)]
