# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records that are damaged: another value in each place, for the tests of what reads them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

OTHERS = [None, True, 5, -1, 2.5, 2**70, "", "x", "a\0b", [], ["x"], [5], {}, {"x": "y"}]


def places(value, path=()):
    """list of tuple: the way to each value in a record."""
    found = [path] if path else []
    for key in sorted(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += places(value[key], path + (key,))
    return found


def with_other(value, path, other):
    """The same with something else in one place."""
    changed = json.loads(json.dumps(value))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return changed


def check_all_damage(give_back, state):
    """Give back what an owner has, of its record with something else in each place: refused, or done; never anything else.

    Args:
        give_back: callable, the module in check mode.
        state: callable that returns what the module may change.
    """
    with open(owners_record.RECORD) as stream:
        record = json.load(stream)
    # As 0.7.0 wrote it: with a sum, all of this is damage.
    del record["sum"]
    before = state()
    refused = 0
    for number, path in enumerate(places(record["sections"])):
        # Each kind of value is in many places.
        for other in OTHERS[number % 7 :: 7]:
            with open(owners_record.RECORD, "w") as stream:
                json.dump(dict(record, sections=with_other(record["sections"], path, other)), stream)
            try:
                give_back()
            except RelayError as exc:
                refused += "damaged" in str(exc)
            assert state() == before
    assert refused > 10
    with open(owners_record.RECORD, "w") as stream:
        stream.write(owners_record.render({}).replace('"format": 1', '"format": 2'))
    with pytest.raises(RelayError, match="a newer release"):
        give_back()
