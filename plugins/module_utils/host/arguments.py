# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no option of any module may be, whatever it is for: Ansible checks types, and takes C(null) for the text C(None)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

# seconds: a day. Longer ones are mistakes, and select(2) and poll(2) take no number of any size.
LONGEST_TIMEOUT = 86400
# What every platform's C(int) holds, and a time in seconds that every C library can write as a date (year 5138).
_LARGEST = {"int": 2**31 - 1, "float": 10**11}
# Python 2 has two types of each.
TEXT = (str, type(u""))  # fmt: skip
_NUMBERS = (int, type(2**64), float)


class ArgumentError(RelayError):
    """The value of an option cannot mean anything."""


def check(spec, params, required_if=()):
    """Refuse NUL and what is no Unicode in texts, paths that are not absolute, numbers out of this world, and null for
    what is required.

    Args:
        spec: dict, as of ``AnsibleModule``.
        params: dict, the options.
        required_if: iterable, as of ``AnsibleModule``, which counts an option that is null as given.

    Raises:
        ArgumentError: names the option; never its value where that is a text other than a path.
    """
    for name in sorted(params):
        _check(name, spec.get(name, {}), params[name])
    for option, value, needed in required_if:
        for name in needed:
            if params[option] == value and params[name] is None:
                raise ArgumentError("{0}: it is null; {1}={2} needs a value".format(name, option, value))


def _check(what, option, value):
    kind = option.get("type", "str")
    if isinstance(value, dict):
        for key in value:
            _check_text(what, key)
            inner = (option.get("options") or {}).get(key, {"type": "raw"})
            _check("{0}.{1}".format(what, key), inner, value[key])
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check(what, dict(option, type=option.get("elements", "raw")), item)
    elif isinstance(value, TEXT):
        _check_text(what, value)
        if kind == "path" and not os.path.isabs(value):
            raise ArgumentError(
                "{0}: {1!r} is not an absolute path; give one that begins with /, or leave the option out".format(
                    what, value
                )
            )
    elif kind in _LARGEST and isinstance(value, _NUMBERS):
        _check_number(what, kind, value)


def _check_text(what, text):
    if not isinstance(text, TEXT):
        return
    if "\0" in text:
        raise ArgumentError(
            "{0}: it holds a NUL character, which no file, path or program takes; take it out".format(what)
        )
    try:
        # Python 2 has bytes here, which are what they are.
        if not isinstance(text, bytes):
            text.encode("utf-8", "surrogateescape")
    except UnicodeError:
        raise ArgumentError("{0}: it holds half of a character (a lone surrogate); write it whole".format(what))


def _check_number(what, kind, value):
    if what.rpartition(".")[2] == "timeout":
        # Not a number is in no range.
        if not 0 < value <= LONGEST_TIMEOUT:
            raise ArgumentError(
                "{0}: {1:g} s is not a time limit; give more than 0 and at most {2} s".format(
                    what, value, LONGEST_TIMEOUT
                )
            )
    elif not abs(value) <= _LARGEST[kind]:
        raise ArgumentError("{0}: {1:g} is not a usable number; give one up to {2}".format(what, value, _LARGEST[kind]))


def texts_in(value):
    """list of str: every text in a value, wherever it stands in lists and dictionaries; no empty ones."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_in(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, TEXT) and value else []
