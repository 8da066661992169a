# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables as a user sets them: which are misspelt, and whether a value is what it must be.

What C(-e name=value) gives is text, so a number or truth value may be text here.
"""

import difflib
import os.path

from ansible.module_utils.parsing.convert_bool import boolean

# Of the part behind the common prefix so much has to be alike; 1 is the same text.
_ALIKE = 0.6


def misspelt(names, known, prefix=None):
    """Which names nobody knows, and what was meant.

    Args:
        names: iterable of str, names of variables.
        known: collection of str, the names that there are.
        prefix: str, with which all that are known begin, so that it makes none alike; None finds it out.

    Returns:
        dict: name -> the nearest known name (str), or None where none is near; of the names that are not known.
    """
    if prefix is None:
        prefix = os.path.commonprefix(list(known))
        prefix = prefix[: prefix.rfind("_") + 1]
    endings = {name[len(prefix) :]: name for name in known}
    found = {}
    for name in sorted(set(names) - set(known)):
        near = difflib.get_close_matches(name.removeprefix(prefix), endings, 1, _ALIKE)
        found[name] = endings[near[0]] if near else None
    return found


def said(name, value, wanted, instead):
    """str: the sentence on a value that is not what it must be.

    Args:
        name: str, the variable.
        value: its value.
        wanted: str, what it must be.
        instead: str, what to write.
    """
    return f"{name}: {value!r} is not {wanted}; write {instead}"


def not_to_be_had(name, error):
    """str: the sentence on a variable whose template cannot be evaluated.

    Args:
        name: str, the variable.
        error: Exception, of the attempt.
    """
    # What it comes from is told once more, behind a full stop.
    reason = str(getattr(error, "message", error)).strip().partition("\n")[0].partition(". ")[0].rstrip(".")
    return f"{name}: its value cannot be had: {reason}. Define what its template needs"


def truth(name, value):
    """str or None: what is wrong with a truth value."""
    try:
        boolean(value)
    except TypeError:
        return said(name, value, "true or false", "one of them")
    return None


def number(least, whole=True, unit=""):
    """A function: (name, value) -> str or None, what is wrong with a number.

    Args:
        least: the smallest that makes sense.
        whole: bool, whether it must have no fraction.
        unit: str, what is counted, for example "seconds", or empty.
    """
    kind = "a whole number" if whole else "a number"

    def problem(name, value):
        try:
            found = None if isinstance(value, bool) else (int if whole else float)(str(value))
        except ValueError:
            found = None
        if found is None:
            return said(name, value, f"{kind} of {unit}" if unit else kind, f"{kind}, {least} or more")
        # Not a number is less than nothing either.
        if not least <= found < float("inf"):
            return said(name, value, f"{least} or more {unit}".rstrip(), f"{kind}, {least} or more")
        return None

    return problem


def choice(*values):
    """A function: (name, value) -> str or None, what is wrong with one of a few words."""

    def problem(name, value):
        if isinstance(value, str) and value in values:
            return None
        near = misspelt([value], values)[value] if isinstance(value, str) else None
        return said(name, value, "one of " + ", ".join(entry or "''" for entry in values), near or "one of them")

    return problem


def text(name, value):
    """str or None: what is wrong with a text."""
    if not isinstance(value, str) or not value.strip():
        return said(name, value, "a text", "some text, or leave it out")
    return None


def texts(name, value):
    """str or None: what is wrong with one text, or a list of them; a number will do."""
    entries = value if isinstance(value, (list, tuple)) else [value]
    if not entries or any(
        isinstance(entry, bool) or not isinstance(entry, (str, int)) or not str(entry).strip() for entry in entries
    ):
        return said(name, value, "a text or a list of texts", "one, or leave it out")
    return None
