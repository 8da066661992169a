# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenDKIM's configuration file (opendkim.conf(5)) edited line by line, and the tables that say which key signs what."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.names import domain_forms
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number
from ansible_collections.mailops.relay.plugins.module_utils.mail.dkim_record import record_name

# domain, selector: str; path: str, of the private key.
SigningKey = namedtuple("SigningKey", "domain selector path")
# key: SigningKey that signs no more; since: int, seconds since the epoch, when that was decided.
FormerKey = namedtuple("FormerKey", "key since")

_KEY_TABLE, _SIGNING_TABLE = "keytable", "signingtable"
# Any of these has OpenDKIM sign something.
_SIGNS = (_KEY_TABLE, _SIGNING_TABLE, "domain")


def _name(line):
    """str: the parameter that a line sets, in lower case; empty for a comment or an empty line."""
    words = line.partition("#")[0].split(None, 1)
    return words[0].lower() if words else ""


def settings(text):
    """dict: parameter in lower case -> its value, as the last line that names it says.

    Args:
        text: str.
    """
    found = {}
    for line in text.splitlines():
        name = _name(line)
        if name:
            found[name] = line.partition("#")[0].split(None, 1)[1:]
    return dict((name, value[0].strip() if value else "") for name, value in found.items())


def signs(text):
    """list of str: the parameters (in lower case) with which a configuration signs something."""
    found = settings(text)
    return [name for name in _SIGNS if found.get(name)]


def edited(text, values):
    """str: the same configuration with these parameters; every other line stays byte for byte.

    Args:
        text: str.
        values: list of (str, str or None): parameter and value, in the order in which new lines are added; None takes it out.
    """
    wanted = dict((name.lower(), (name, value)) for name, value in values)
    lines, named = [], set()
    for line in text.splitlines(True):
        name = _name(line)
        if name not in wanted:
            lines.append(line)
        elif name not in named and wanted[name][1] is not None:
            named.add(name)
            same = settings(line) == {name: wanted[name][1]}
            lines.append(line if same else _line(*wanted[name]))
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    return "".join(
        lines + [_line(name, value) for name, value in values if value is not None and name.lower() not in named]
    )


def _line(name, value):
    return "{0}\t{1}\n".format(name, value)


def omitting(theirs, names):
    """str: the value of OmitHeaders with further names of headers; OpenDKIM signs none of them, whatever SignHeaders says.

    Args:
        theirs: str, the value as it is; empty for the one that is built in, which a C(*) stands for (opendkim.conf(5)).
        names: list of str.
    """
    parts = [part for part in theirs.replace(",", " ").split() if part] or ["*"]
    known = [part.lstrip("+").lower() for part in parts]
    sign = "+" if parts[0] == "*" else ""
    return ",".join(parts + [sign + name for name in names if name.lower() not in known])


def key_table(keys):
    """str: the text of a KeyTable, one line for each SigningKey, of which the name in the DNS is the name here."""
    return "".join(
        "{0} {1}:{2}:{3}\n".format(record_name(key.domain, key.selector), key.domain, key.selector, key.path)
        for key in keys
    )


def read_key_table(text):
    """list of SigningKey: what ``key_table`` has written; other lines are passed over."""
    found = []
    for line in text.splitlines():
        _label, _blank, value = line.partition(" ")
        parts = value.split(":", 2)
        if len(parts) == 3:
            found.append(SigningKey(*parts))
    return found


def former_table(former):
    """str: the text of the list of FormerKey, one a line, the time before what stands in a KeyTable."""
    return "".join(
        "{0} {1}:{2}:{3}\n".format(one.since, one.key.domain, one.key.selector, one.key.path) for one in former
    )


def read_former_table(text):
    """list of FormerKey: what ``former_table`` has written; other lines are passed over."""
    found = []
    for line in text.splitlines():
        since, _blank, value = line.partition(" ")
        parts = value.split(":", 2)
        if len(parts) == 3 and whole_number(since) is not None:
            found.append(FormerKey(SigningKey(*parts), int(since)))
    return found


def former_keys(listed, table, signing, gone, now):
    """list of FormerKey: the keys that have signed and sign no more, those of before first.

    Args:
        listed: list of FormerKey, those that are known.
        table: list of SigningKey, those that have signed until now.
        signing: list of SigningKey, those that sign from now on.
        gone: callable of SigningKey, whether its file is no longer there; of those only the last of each domain is kept.
        now: int, seconds since the epoch.
    """
    ends = [key for key in table if key not in signing]
    domains = [key.domain for key in ends]
    return [
        one
        for one in listed
        if one.key not in signing and one.key not in ends and not (one.key.domain in domains and gone(one.key))
    ] + [FormerKey(key, now) for key in ends]


def signing_table(keys):
    """str: the text of a SigningTable of type refile: the addresses in From of each domain and of all below it.

    The first line that fits counts, so a domain stands before those above it.

    Args:
        keys: list of SigningKey, one for each domain.
    """
    lines = []
    for key in sorted(keys, key=lambda key: (-key.domain.count("."), key.domain)):
        for form in domain_forms(key.domain):
            for pattern in ("*@{0}", "*@*.{0}"):
                lines.append("{0} {1}\n".format(pattern.format(form), record_name(key.domain, key.selector)))
    return "".join(lines)
