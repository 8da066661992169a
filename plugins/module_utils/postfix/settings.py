# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How Ansible's values become the text of Postfix settings."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import TEXT
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import BLANKS

# str is both on Python 3.


class SettingError(RelayError):
    """A value, or a name, that cannot be written."""


def setting_text(value, what, separator=", "):
    """str: a value as Postfix reads it: booleans are yes and no, lists are joined, line ends are spaces.

    Args:
        value: str, int, float, bool, or a list of these.
        what: str, names the setting in an error.
        separator: str, put between the items of a list.

    Raises:
        SettingError: the value is of another type, or holds a control character.
    """
    if isinstance(value, (list, tuple)):
        return separator.join(_scalar_text(item, what) for item in value)
    return _scalar_text(value, what)


def _scalar_text(value, what):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, TEXT):
        text = " ".join(line.strip(BLANKS) for line in value.split("\n")).strip(BLANKS)
        if any(ord(char) < 32 and char != "\t" for char in text):
            # Without the value, which may be a password.
            raise SettingError("{0}: the value holds a control character; take it out".format(what))
        return text
    if isinstance(value, (int, float)):
        return str(value)
    raise SettingError(
        "{0}: cannot write a value of type {1}; give text, a number, a boolean, or a list of these".format(
            what, type(value).__name__
        )
    )
