# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts: what is one, and many of them in a sentence, for roles, filters and checks alike."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# RFC 1035, section 2.3.1, with the digits of RFC 1123, section 2.1.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# At least two labels, the last of which is not a number: with four of them the name would be an address.
_FQDN = re.compile(r"(?=.{{1,253}}\Z)(?:{0}\.)+(?![0-9]+\Z){0}\Z".format(_LABEL))

# What systems make up where they know no domain (Postfix too); no name server has them (RFC 6761).
_MADE_UP = ("localdomain", "localhost")

# A line for a screen: so many names of many.
_MOST_NAMED = 4


def is_fqdn(name):
    """bool: whether a text is a host name with its domain, without a dot at its end.

    Args:
        name: str.
    """
    return _FQDN.match(name) is not None


def could_be_in_dns(name):
    """bool: whether a text is such a name, and its domain not one that systems make up.

    Args:
        name: str.
    """
    return is_fqdn(name) and name.lower().rpartition(".")[2] not in _MADE_UP


def listed(names):
    """str: names for a sentence; of many the first, and how many more there are.

    Args:
        names: list of str.
    """
    shown = names if len(names) <= _MOST_NAMED + 1 else names[:_MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (" and {0} more".format(more) if more else "")
