# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Our change of a text told from the changes that somebody else has made to it since: by lines, as diff3(1) does. Pure.

A patch is a list of [first, end, lines]: the lines of a text from C(first) up to C(end) (from 0, C(end) not included) make place
for C(lines).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib


def patch(before, after):
    """list: the patch that leads from one text to another.

    Args:
        before, after: str or None; no text is an empty one.
    """
    old, new = _lines(before), _lines(after)
    matcher = difflib.SequenceMatcher(None, old, new, False)
    return [[first, end, new[start:stop]] for tag, first, end, start, stop in matcher.get_opcodes() if tag != "equal"]


def patched(text, changes):
    """str: a text with a patch of it.

    Args:
        text: str or None.
        changes: list, as of ``patch``, in the order of its lines.
    """
    lines = _lines(text)
    for first, end, new in reversed(changes):
        lines[first:end] = new
    return "".join(lines)


def without(before, changes, current, keep=True):
    """(str, bool): a text without our patch, but with what somebody else has changed since; whether both met somewhere.

    Args:
        before: str or None, the text from before our patch.
        changes: list, our patch of it.
        current: str, the text that is there now.
        keep: bool, whose lines stay where both have changed the same ones: the present ones, or else those from before.
    """
    ours = patched(before, changes)
    back, shift = [], 0
    for first, end, new in changes:
        back.append([first + shift, first + shift + len(new), _lines(before)[first:end]])
        shift += len(new) - (end - first)
    theirs = [change for change in patch(ours, current) if change not in back]
    stays, goes = (theirs, back) if keep else (back, theirs)
    fits = [change for change in goes if not any(_meet(change, other) for other in stays)]
    return patched(ours, sorted(stays + fits, key=lambda change: (change[:2], change not in back))), len(fits) < len(
        goes
    )


def _meet(change, other):
    if change[0] == change[1] or other[0] == other[1]:
        # Lines that were put in beside others do not touch them.
        return change[0] < other[1] and other[0] < change[1]
    return max(change[0], other[0]) < min(change[1], other[1])


def _lines(text):
    return (text or "").splitlines(True)
