# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Defaults that Postfix computes from other values of main.cf: C(postconf -d) shows those of the bare host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# The parameters that this is about.
COMPUTED = ("mydomain", "myhostname")
# DEF_MYDOMAIN of Postfix's mail_params.h.
_NO_DOMAIN = "localdomain"


def default_of(name, settings, defaults):
    """str or None: the default of a parameter, as written; None for a name that Postfix does not know.

    check_myhostname() and check_mydomainname() of Postfix's mail_params.c.

    Args:
        name: str, a parameter that main.cf does not set.
        settings: function of a name that returns what main.cf sets it to, or None.
        defaults: dict, what C(postconf -d) shows.
    """
    default = defaults.get(name)
    if name == "mydomain":
        own = settings("myhostname")
        if own is not None and "$" not in own:
            return own.partition(".")[2] or _NO_DOMAIN
    elif name == "myhostname" and default is not None and settings("mydomain") is not None:
        # A host whose name has no domain gets that of main.cf.
        host, _dot, domain = default.partition(".")
        if domain == _NO_DOMAIN:
            return "{0}.$mydomain".format(host)
    return default
