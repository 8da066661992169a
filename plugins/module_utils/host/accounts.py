# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users and groups of this host, as options of modules name them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import pwd

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError


class AccountError(RelayError):
    """There is no such user or group; nothing was changed."""


def user(option, name, check_mode, warnings):
    """int or None: the number of a user; None for a name that is None.

    Args:
        option: str, which names it.
        name: str or None, a name or a number.
        check_mode: bool: an earlier task may be about to make the user, so a warning is added, and it is None.
        warnings: list of str.

    Raises:
        AccountError: there is no such user, outside check mode.
    """
    return _number(option, name, lambda: pwd.getpwnam(name).pw_uid, check_mode, warnings)


def group(option, name, check_mode, warnings):
    """int or None: the number of a group; all else as for ``user``."""
    return _number(option, name, lambda: grp.getgrnam(name).gr_gid, check_mode, warnings)


def _number(option, name, look_up, check_mode, warnings):
    if name is None or name.isdigit():
        return None if name is None else int(name)
    try:
        return look_up()
    except KeyError:
        sentence = "{0}: there is no {1} on this host. Create it, or correct {0}.".format(option, name)
        if not check_mode:
            raise AccountError(sentence)
        warnings.append(sentence + " Outside check mode this is refused.")
        return None
