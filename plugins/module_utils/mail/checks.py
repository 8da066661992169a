# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a check found, in the one shape that modules return and tables show."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"
# The worse comes first; what was skipped says nothing of the whole.
_WORST_FIRST = (FAILED, WARNING, OK)


def _result(status, identifier, subject, seen, todo):
    return {"id": identifier, "status": status, "subject": subject, "seen": seen, "todo": todo}


def ok(identifier, subject, seen):
    """dict: a check that found what it should.

    Args:
        identifier: str, names the check in every output and does not change.
        subject: str, the name, address or file that was checked.
        seen: str, what was found.
    """
    return _result(OK, identifier, subject, seen, "")


def warning(identifier, subject, seen, todo):
    """dict: a check that found what works, but not well or not for long; C(todo) says what to do."""
    return _result(WARNING, identifier, subject, seen, todo)


def failed(identifier, subject, seen, todo):
    """dict: a check that found what must not be; C(todo) says what to do."""
    return _result(FAILED, identifier, subject, seen, todo)


def skipped(identifier, subject, why):
    """dict: a check that was not made, and why not."""
    return _result(SKIPPED, identifier, subject, why, "")


def one_is_enough(results, identifier):
    """list of dict: the same, but where one check of this kind is ok, others of it that failed are warnings.

    Args:
        results: list of dict.
        identifier: str, of checks of things that stand in for each other, such as name servers.
    """
    if not any(result["id"] == identifier and result["status"] == OK for result in results):
        return results
    return [
        dict(result, status=WARNING) if result["id"] == identifier and result["status"] == FAILED else result
        for result in results
    ]


def overall(results):
    """str: C(failed), C(warning) or C(ok), the worst of them; C(skipped) when every check was skipped."""
    found = set(result["status"] for result in results)
    for status in _WORST_FIRST:
        if status in found:
            return status
    return SKIPPED
