# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of the reasons for which a message did not go out."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# The enhanced status code of a reply, RFC 3463, section 2; a dotted quad or a version number is none.
_DSN = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.]*[0-9])")
# What Postfix, sendmail and qmail say of themselves when no server has replied.
_WORDS = (
    (re.compile(r"connection refused", re.I), "connection refused"),
    (re.compile(r"timed out|timeout", re.I), "timeout"),
    (re.compile(r"no route to host|network is unreachable", re.I), "no route"),
    (re.compile(r"host( or domain)? name (not found|lookup)|name server|no such host|CNAME_lookup", re.I), "name lookup"),
    (re.compile(r"lost connection|connection (died|reset)|broken pipe", re.I), "lost connection"),
    (re.compile(r"certificate|TLS|handshake", re.I), "TLS"),
    (re.compile(r"transport is unavailable|deferred transport|mail system|suspended", re.I), "transport"),
)
_REPLY = re.compile(r"(?<![0-9.])([45][0-9]{2})[ -]")


def reason_class(reason):
    """str: the DSN code in a reason, else a class in words, else the code of the reply; C(none) without a reason.

    Args:
        reason: str, as the MTA gives it.
    """
    if not reason:
        return "none"
    match = _DSN.search(reason)
    if match:
        return match.group(0)
    for pattern, name in _WORDS:
        if pattern.search(reason):
            return name
    match = _REPLY.search(reason)
    return match.group(1) if match else "other"
