# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of lookup tables: postmap(1), aliases(5), regexp_table(5), cidr_table(5)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import BLANKS, ConfigText, squeeze
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import setting_text

# What postmap and postalias write for each type that they compile.
COMPILED_SUFFIXES = {
    "btree": (".db",),
    "cdb": (".cdb",),
    "dbm": (".dir", ".pag"),
    "hash": (".db",),
    "lmdb": (".lmdb",),
    "sdbm": (".dir", ".pag"),
}
# Read as text, in the order of the file, when a Postfix process starts.
ORDERED_TYPES = ("cidr", "pcre", "regexp")
TEXT_TYPES = ORDERED_TYPES + ("texthash",)
# A file of settings says where the keys and values are.
_DEFINED = ("ldap", "memcache", "mongodb", "mysql", "pgsql", "sqlite")

HEADER = "# Managed by Ansible (mailops.relay.postfix_config); changes made here are lost."

_ALIAS_NAME = re.compile(r"[A-Za-z0-9!#$&'*+/=?^_`{|}~.-]+$")


class TableError(RelayError):
    """A table's type, or an entry of it, is not one that Postfix could use."""


def compiled_paths(path, kind):
    """list of str: the files that a table of this type is compiled to; empty for a text type."""
    return [path + suffix for suffix in COMPILED_SUFFIXES.get(kind, ())]


def check_type(path, kind):
    """Refuse a type whose file this collection cannot write.

    Raises:
        TableError: names the types that can be.
    """
    if kind in _DEFINED:
        raise TableError(
            "table {0}: type '{1}' is defined by settings instead of keys and values; write its definition with files, "
            "where one with a password gets mode 0600 and is not shown, and name it as {1}:{0}; entries are for types "
            "such as hash".format(path, kind)
        )
    if kind not in COMPILED_SUFFIXES and kind not in TEXT_TYPES:
        raise TableError(
            "table {0}: type '{1}' has no file of keys and values; use one of {2}".format(
                path, kind, ", ".join(sorted(COMPILED_SUFFIXES) + list(TEXT_TYPES))
            )
        )


def entry_pairs(path, kind, entries):
    """list of (str, str or None): keys and values; None stands for an entry to take out.

    Args:
        path: str, for messages.
        kind: str, the table's type.
        entries: dict, or list of dict with one pair each, which keeps its order.

    Raises:
        TableError: order matters and is not given, or an item is not one pair, or a key is there twice.
    """
    if isinstance(entries, dict):
        if kind in ORDERED_TYPES and len(entries) > 1:
            raise TableError(
                "table {0}: the first match of a {1} table wins, and a mapping has no order; "
                "give entries as a list of mappings with one pair each".format(path, kind)
            )
        items = sorted(entries.items())
    elif isinstance(entries, (list, tuple)):
        items = []
        for item in entries:
            if not isinstance(item, dict) or len(item) != 1:
                raise TableError(
                    "table {0}: each item of entries must be a mapping with one pair, not {1}".format(
                        path, "one with {0}".format(len(item)) if isinstance(item, dict) else type(item).__name__
                    )
                )
            items.extend(item.items())
    else:
        raise TableError("table {0}: entries must be a mapping, or a list of mappings".format(path))
    pairs = []
    seen = set()
    for key, value in items:
        key = setting_text(key, "table {0}: key".format(path))
        if key in seen and kind not in ORDERED_TYPES:
            raise TableError("table {0}: key '{1}' is there twice; keep one".format(path, key))
        seen.add(key)
        text = None if value is None else setting_text(value, "table {0}: {1}".format(path, key))
        if text == "":
            raise TableError(
                "table {0}: key '{1}' has no value, and Postfix would skip it; give one, or null to take it out".format(
                    path, key
                )
            )
        pairs.append((key, text))
    return pairs


def table_text(path, kind, aliases, pairs, current=None, former=""):
    """str: the table's source.

    Args:
        path: str, for messages.
        kind: str, the table's type.
        aliases: bool, whether it has the format of aliases(5).
        pairs: list of (str, str or None), from ``entry_pairs``.
        current: str or None: the source as it is, whose other entries and comments stay; None makes
            the table hold exactly the pairs.
        former: str, an earlier source: an entry that comes back has its place of then, since the first pattern that
            matches counts (regexp_table(5)).

    Raises:
        TableError: a key cannot be written.
    """
    wanted = source_pairs(path, kind, aliases, pairs)
    separator = ": " if aliases else " "
    if current is None:
        lines = [HEADER] + [key + separator + value for key, value in wanted if value is not None]
        return "\n".join(lines) + "\n"
    text = ConfigText(current, path)
    present = {}
    for line in text.logical_lines():
        key, value = _split(line.folded(), aliases)
        present.setdefault(key, []).append((line, value))
    order = [_split(line.folded(), aliases)[0] for line in ConfigText(former, path).logical_lines()]
    for key, value in wanted:
        found = present.get(key, [])
        if value is None:
            for line, _value in present.pop(key, []):
                text.remove(line)
        elif not found:
            present[key] = [(_put_back(text, key, key + separator + value, order, present), value)]
        elif len(found) > 1 or squeeze(found[0][1]) != squeeze(value):
            found[0][0].replace(key + separator + value)
            for line, _value in found[1:]:
                text.remove(line)
    return text.render()


def _put_back(text, key, entry, order, present):
    """LogicalLine: an entry that was not there, behind the one that it once followed, or before one that followed it."""
    place = order.index(key) if key in order else 0
    for other in reversed(order[:place]):
        if present.get(other):
            return text.insert_after(present[other][0][0], entry)
    for other in order[place + 1 :] if key in order else []:
        if present.get(other):
            return text.insert_before(present[other][0][0], entry)
    return text.append(entry)


def source_pairs(path, kind, aliases, pairs):
    """list of (str, str or None): the pairs with each key as it is written in the source; see ``table_text``."""
    return [(_key_text(path, kind, aliases, key), value) for key, value in pairs]


def table_values(text, path, aliases):
    """dict: key -> value as they are written in a table's source; of several entries of a key the first one, as for postmap.

    Args:
        text: str.
        path: str, for messages.
        aliases: bool, whether it has the format of aliases(5).
    """
    values = {}
    for line in ConfigText(text, path).logical_lines():
        key, value = _split(line.folded(), aliases)
        values.setdefault(key, value)
    return values


def table_entries(text, path):
    """list of (str, str): keys and values in a table's source (not of the format of aliases(5)).

    Args:
        text: str.
        path: str, for messages.
    """
    return [_split(line.folded(), False) for line in ConfigText(text, path).logical_lines()]


def _key_text(path, kind, aliases, key):
    if aliases:
        quoted = len(key) > 1 and key[0] == key[-1] == '"'
        if "@" in key and not quoted:
            raise TableError(
                "table {0}: '{1}' cannot be an alias; it must be a local name, without @ and domain".format(path, key)
            )
        return key if quoted or _ALIAS_NAME.match(key) else '"{0}"'.format(re.sub(r'(["\\])', r"\\\1", key))
    spaced = any(char in BLANKS for char in key)
    if not key or key[0] == "#" or (spaced and kind not in ORDERED_TYPES and key[0] != '"'):
        raise TableError(
            "table {0}: '{1}' cannot be a key; it must not be empty, start with # or hold white space".format(path, key)
        )
    return key


def _split(text, aliases):
    """(str, str): key and value of a source line, quotes respected."""
    quoted = False
    index = 0
    while index < len(text):
        char = text[index]
        if char == "\\":
            index += 1
        elif char == '"':
            quoted = not quoted
        elif not quoted and (char == ":" if aliases else char in BLANKS):
            break
        index += 1
    return text[:index].strip(BLANKS), text[index + 1 :].strip(BLANKS)
