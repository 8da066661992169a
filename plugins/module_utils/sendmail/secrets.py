# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in the files of sendmail: AuthInfo entries, the file of DefaultAuthInfo, and logins in URLs.

Formats: cf/README, "Providing SMTP AUTH Data when sendmail acts as Client", and "Sendmail Installation and Operation
Guide", option DefaultAuthInfo.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import (
    HIDDEN,
    holds_password,
    holds_private_key,
    without_url_logins,
)

# AuthInfo:host "U:user" "P:password" or "P=base64"; in a .mc also within other text. The rules that look such entries up, in a
# .cf, name them without a password.
_AUTH_INFO = re.compile(r"(AuthInfo:[^\s\"'`]*[ \t]*)([^\n]*)", re.I)
_PASSWORD = re.compile(r"\"P[:=]([^\"\n]+)|(?<![A-Za-z\"])P[:=]([^\s\"'`]+)")
_NAMED = re.compile(r"^(?:O[ \t]*DefaultAuthInfo[ \t]*=[ \t]*(\S+)|Kauthinfo[ \t]+\S+[ \t]+(?:-\S+[ \t]+)*(\S+))", re.M)
SECRET_NAME = re.compile(r"auth-?info|passw|secret|credential", re.I)


def hidden_text(text, _former=None):
    """str: the text of a .mc, a .cf or an access map without passwords."""
    return without_url_logins(_AUTH_INFO.sub(_without_password, text))


def _without_password(match):
    return match.group(1) + HIDDEN if _PASSWORD.search(match.group(2)) else match.group(0)


def passwords_in(text):
    """set of str: the passwords of AuthInfo entries."""
    entries = [match.group(2) for match in _AUTH_INFO.finditer(text)]
    return set(quoted or word for entry in entries for quoted, word in _PASSWORD.findall(entry))


def secret_paths(cf):
    """set of str: the files of passwords that a .cf (str) names: DefaultAuthInfo and the map of FEATURE(`authinfo')."""
    return set(path for found in _NAMED.findall(cf) for path in found if path)


def is_secret_text(text):
    """bool: whether a text (str or None) has AuthInfo entries with content, a password or a private key."""
    return bool(text) and (hidden_text(text) != text or holds_password(text) or holds_private_key(text))
