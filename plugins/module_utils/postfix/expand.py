# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value that Postfix makes of C($name) in a parameter (manual page postconf(5), "DESCRIPTION")."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number

# Postfix itself gives up on loops; 100 is the depth at which mac_expand(3) stops.
MAXIMUM_DEPTH = 100
# Characters: far more than any value that somebody wants.
MAXIMUM_LENGTH = 1 << 20

_NAME = re.compile(r"[A-Za-z0-9_]+")
# Half of Postfix's references are a whole value.
_ONE_NAME = re.compile(r"\$([A-Za-z0-9_]+)\Z")
_REFERENCE = re.compile(r"\$\$|\$[({]?\s*([A-Za-z0-9_]+)")
_OPERATOR = re.compile(r"(==|!=|<=|>=|<|>)(level)?")
_BRACKETS = {"{": re.compile(r"[{}]"), "(": re.compile(r"[()]")}
_ITEM = re.compile(r"[^ \t\r\n,]+")


class ExpansionError(Exception):
    """A value whose result cannot be told: broken syntax, a loop, or a function of a newer Postfix."""


def references(text):
    """set of str: the names that a value refers to, in conditions too."""
    return set(name for name in _REFERENCE.findall(text) if name)


def split_list(text):
    """list of str: the elements of a Postfix list, separated by commas or white space outside of braces.

    Braces protect since Postfix 3.0 (C(inline:{...})); an unclosed one protects nothing.
    """
    if "{" not in text:
        return _ITEM.findall(text)
    items, current, level = [], "", 0
    for character in text:
        if character == "{":
            level += 1
        elif character == "}":
            level -= 1
        if level <= 0 and character in " \t\r\n,":
            items.append(current)
            current = ""
        else:
            current += character
    items.append(current)
    if level > 0:
        return _ITEM.findall(text)
    return [item for item in items if item]


def expand(text, lookup):
    """str: the text with each reference replaced, as Postfix does; an undefined name is an empty string.

    Args:
        text: the value as written.
        lookup: function of a parameter name that returns its raw value, or None when it is not defined.

    Raises:
        ExpansionError: see the class.
    """
    if "$" not in text:
        return text
    whole = _ONE_NAME.match(text)
    if whole:
        # Most of what such a one refers to is as it is written.
        raw = lookup(whole.group(1)) or ""
        if "$" not in raw:
            return raw
    return _expanded(text, Names(lookup), 0)


class Names(object):
    """What names stand for, each worked out once: a few that refer twice to the next ones would take forever.

    For several texts with the same lookup; see ``expand``.
    """

    def __init__(self, lookup):
        self.lookup = lookup
        self._known = {}

    def expand(self, text):
        """str: as the function of this name.

        Raises:
            ExpansionError: see the class.
        """
        return _expanded(text, self, 0)

    def value(self, name, depth):
        if name not in self._known:
            self._known[name] = _expanded(self.lookup(name) or "", self, depth + 1)
        return self._known[name]


def _expanded(text, names, depth):
    if depth > MAXIMUM_DEPTH:
        raise ExpansionError("references are nested too deeply, or in a loop")
    if "$" not in text:
        return text
    whole = _ONE_NAME.match(text)
    if whole:
        return names.value(whole.group(1), depth)
    result, position, length = [], 0, 0
    while position < len(text):
        dollar = text.find("$", position)
        if dollar < 0:
            result.append(text[position:])
            break
        result.append(text[position:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            result.append("$")
            position = dollar + 2
        elif following in ("{", "("):
            end = _matching(text, dollar + 1)
            result.append(_expression(text[dollar + 2 : end], names, depth))
            position = end + 1
        else:
            name = _NAME.match(text, dollar + 1)
            if not name:
                raise ExpansionError("a dollar sign without a name")
            result.append(names.value(name.group(), depth))
            position = name.end()
        length += len(result[-1])
        if length > MAXIMUM_LENGTH:
            raise ExpansionError("the value is too long")
    return "".join(result)


def _matching(text, start):
    """int: where the bracket that opens at ``start`` is closed; only brackets of its own kind count."""
    level = 0
    for bracket in _BRACKETS[text[start]].finditer(text, start):
        level += 1 if bracket.group() == text[start] else -1
        if level == 0:
            return bracket.start()
    raise ExpansionError("an opened bracket is never closed")


def _expression(body, names, depth):
    """str: the value of what stands between C(${) and C(})."""
    body = body.strip()
    if body.startswith("{"):
        truth, rest = _comparison(body, names, depth)
        value = "bogus-true-value" if truth else ""
    else:
        name = _NAME.match(body)
        if not name:
            raise ExpansionError("a reference without a name")
        value, rest = names.lookup(name.group()) or "", body[name.end() :].strip()
        if not rest:
            return names.value(name.group(), depth)
        truth = value != ""
    if not rest:
        return value
    if rest[0] not in "?:":
        raise ExpansionError("an operator other than ? and :")
    if_true, if_false = _alternatives(rest)
    return _expanded(if_true if truth else if_false, names, depth + 1)


def _comparison(body, names, depth):
    """(bool, str): the truth of C({left} operator {right}), and the text after it."""
    left, rest = _braced(body)
    operator = _OPERATOR.match(rest)
    if not operator or not rest[operator.end() :].lstrip().startswith("{"):
        raise ExpansionError("a comparison that is not {text} operator {text}")
    right, rest = _braced(rest[operator.end() :].lstrip())
    left, right = (_expanded(side, names, depth + 1) for side in (left, right))
    if operator.group(2):
        left, right = _level(left), _level(right)
    elif whole_number(left) is not None and whole_number(right) is not None:
        left, right = whole_number(left), whole_number(right)
    truth = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }[operator.group(1)]
    return truth, rest


def _level(text):
    """tuple of int: a compatibility level, C(major[.minor[.patch]]) (postconf(5), compatibility_level)."""
    if not re.match(r"[0-9]{1,9}(\.[0-9]{1,9}){0,2}\Z", text.strip()):
        raise ExpansionError("a malformed compatibility level")
    numbers = [int(number) for number in text.strip().split(".")]
    return tuple(numbers + [0] * (3 - len(numbers)))


def _braced(text):
    """(str, str): what stands in the leading braces, and the text after them without leading space."""
    end = _matching(text, 0)
    return text[1:end].strip(), text[end + 1 :].lstrip()


def _alternatives(rest):
    """(str, str): the texts for true and for false in C(?text), C(:text), C(?{text}:{text}) and the like."""
    operator, text = rest[0], rest[1:]
    if not text.lstrip().startswith("{"):
        return (text, "") if operator == "?" else ("", text)
    first, rest = _braced(text.lstrip())
    if operator == ":":
        if rest:
            raise ExpansionError("text after the last alternative")
        return "", first
    if not rest:
        return first, ""
    if not rest.startswith(":"):
        raise ExpansionError("text between the alternatives")
    second = rest[1:].strip()
    if second.startswith("{"):
        second, rest = _braced(second)
        if rest:
            raise ExpansionError("text after the last alternative")
    return first, second
