# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a filter was given, checked: a mistake in a playbook gets a sentence, not a traceback."""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

_INPUT = "the input"


def a_dict(name, value, what=_INPUT, keys=(), hint=""):
    """The value itself, a dictionary.

    Args:
        name: str, the filter.
        value: what it was given.
        what: str, the argument.
        keys: collection of str, which keys it must have.
        hint: str, a sentence that says what to give instead.

    Raises:
        AnsibleFilterError: it is not a dictionary, or a key is missing.
    """
    if not isinstance(value, Mapping):
        raise _wrong(name, what, value, "a dictionary", hint)
    missing = [key for key in keys if key not in value]
    if missing:
        raise AnsibleFilterError(" ".join(filter(None, [f"{name}: {what} has no {', '.join(missing)}.", hint])))
    return value


def a_list(name, value, what=_INPUT, of_dicts=False, keys=()):
    """The value itself, a list.

    Args:
        name: str, the filter.
        value: what it was given.
        what: str, the argument.
        of_dicts: bool, whether each of its elements must be a dictionary.
        keys: collection of str, which keys each of them must have.

    Raises:
        AnsibleFilterError: it is not a list, or an element is not what it must be.
    """
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__iter__"):
        raise _wrong(name, what, value, "a list")
    if of_dicts:
        for number, entry in enumerate(value, 1):
            a_dict(name, entry, f"element {number} of {what}", keys)
    return value


def a_number(name, value, what, least):
    """float: the value as a number.

    Args:
        name: str, the filter.
        value: what it was given; text with a number in it will do.
        what: str, the argument.
        least: the smallest number that makes sense.

    Raises:
        AnsibleFilterError: it is not a number, or it is less.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise _wrong(name, what, value, "a number") from None
    if not number >= least:
        raise AnsibleFilterError(f"{name}: {what} must be at least {least}, not {value}.")
    return number


def _wrong(name, what, value, wanted, hint=""):
    found = {str: "a text", bool: "a truth value", type(None): "nothing"}.get(
        type(value), f"of type {type(value).__name__}"
    )
    return AnsibleFilterError(" ".join(filter(None, [f"{name}: {what} must be {wanted}, but it is {found}.", hint])))
