# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.postfix import tables

PATH = "/etc/postfix/transport"


def text(entries, kind="hash", aliases=False, current=None):
    pairs = tables.entry_pairs(PATH, kind, entries)
    body = tables.table_text(PATH, kind, aliases, pairs, current)
    return body if current is not None else body.replace(tables.HEADER + "\n", "")


@pytest.mark.parametrize(
    "entries, kind, aliases, expected",
    [
        ({"b": "2", "a": "1"}, "hash", False, "a 1\nb 2\n"),
        ([{"b": "2"}, {"a": "1"}], "hash", False, "b 2\na 1\n"),
        ({"a": ["x", "y"], "b": 5, "c": None}, "hash", False, "a x, y\nb 5\n"),
        ({'"a b"@c': "x"}, "hash", False, '"a b"@c x\n'),
        ([{"/^X: y/": "IGNORE"}, {"/./": "DUNNO"}], "regexp", False, "/^X: y/ IGNORE\n/./ DUNNO\n"),
        ({"root": ["a@b", "c"], "a:b": '"|/bin/x"'}, "hash", True, '"a:b": "|/bin/x"\nroot: a@b, c\n'),
        ({"a": "x\n  y\n"}, "hash", False, "a x y\n"),
    ],
)
def test_entries_become_a_source(entries, kind, aliases, expected):
    assert text(entries, kind, aliases) == expected


def test_other_entries_and_comments_stay_when_asked():
    current = "# head\npostmaster:    root\n\nroot:\n   old,\n# why\n  older\nx: y\n"
    assert text({"root": "new", "x": None, "z": "1"}, aliases=True, current=current) == (
        "# head\npostmaster:    root\n\nroot: new\n# why\nz: 1\n"
    )
    assert text({"root": "old, older", "postmaster": "root"}, aliases=True, current=current) == current


@pytest.mark.parametrize(
    "entries, kind, reason",
    [
        ({"a": ""}, "hash", "key 'a' has no value"),
        ({"a b": "c"}, "hash", "'a b' cannot be a key"),
        ({"#a": "c"}, "hash", "'#a' cannot be a key"),
        ({"a": {"b": "c"}}, "hash", "cannot write a value of type dict"),
        ({"a": "b", "c": "d"}, "cidr", "a mapping has no order"),
        ([{"a": "b", "c": "d"}], "cidr", "a mapping with one pair"),
        (["a"], "hash", "a mapping with one pair"),
        ([{"a": "b"}, {"a": "c"}], "hash", "key 'a' is there twice"),
        ("a b", "hash", "must be a mapping"),
        ({"a": "b\x00"}, "hash", "control character"),
    ],
)
def test_entries_that_postfix_would_skip_are_refused(entries, kind, reason):
    with pytest.raises(RelayError) as error:
        text(entries, kind)
    assert reason in str(error.value)
    assert PATH in str(error.value)


def test_an_alias_with_a_domain_would_never_match_and_is_refused():
    with pytest.raises(tables.TableError) as error:
        text({"root@example.com": "x"}, aliases=True)
    assert "'root@example.com' cannot be an alias" in str(error.value)
    assert text({'"a@b"': "x"}, aliases=True) == '"a@b": x\n'


def test_types_without_a_file_of_entries_are_refused():
    with pytest.raises(tables.TableError) as error:
        tables.check_type(PATH, "mysql")
    assert "type 'mysql'" in str(error.value) and "with files" in str(error.value)
    assert "hash" in str(error.value)
    assert tables.compiled_paths(PATH, "lmdb") == [PATH + ".lmdb"]
    assert tables.compiled_paths(PATH, "regexp") == []


KEYS = st.text(alphabet="ab.@", min_size=1, max_size=6)
VALUES = st.text(alphabet="xy:[]# ", max_size=8).map(lambda value: "v" + value.strip(" "))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, st.one_of(st.none(), VALUES), max_size=3))
def test_a_written_table_merged_with_itself_stays(present, wanted):
    source = text(present)
    assert text(present, current=source) == source
    merged = text(wanted, current=source)
    assert text(wanted, current=merged) == merged
    for key, value in wanted.items():
        line = "{0} {1}\n".format(key, value)
        assert (" ".join(line.split()) in [" ".join(item.split()) for item in merged.split("\n")]) == (
            value is not None
        )
    for key in set(present) - set(wanted):
        assert "{0} {1}".format(key, present[key]) in merged.split("\n")
