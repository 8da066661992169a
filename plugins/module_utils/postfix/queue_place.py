# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a Postfix has its queue, which is all that it sees in a chroot, and whose group its programs have."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pwd

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError

_PARAMETERS = ("queue_directory", "mail_owner")
# postconf(5), where Postfix does not say.
_DEFAULTS = ["/var/spool/postfix", "postfix"]


def queue_place(runner):
    """(str, int or None): the queue directory of this host's Postfix; the group of its user, None where the host has no such user.

    Args:
        runner: ``commands.Runner``.
    """
    try:
        said = runner.run(["postconf", "-xh"] + list(_PARAMETERS)).stdout.splitlines()
    except CommandError:
        said = []
    directory, owner = said if len(said) == len(_PARAMETERS) else _DEFAULTS
    try:
        return directory.strip(), pwd.getpwnam(owner.strip()).pw_gid
    except KeyError:
        return directory.strip(), None
