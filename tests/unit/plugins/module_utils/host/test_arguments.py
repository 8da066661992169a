# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import arguments

SPEC = {
    "file": {"type": "path"},
    "files": {"type": "list", "elements": "dict", "options": {"path": {"type": "path"}, "content": {}}},
    "paths": {"type": "list", "elements": "path"},
    "main": {"type": "dict"},
    "password": {"no_log": True},
    "port": {"type": "int"},
    "share": {"type": "float"},
    "timeout": {"type": "float"},
}


@pytest.mark.parametrize(
    "params, words",
    [
        ({"file": "a"}, "file: 'a' is not an absolute path"),
        ({"file": ""}, "file: '' is not an absolute path"),
        ({"file": "None"}, "file: 'None' is not an absolute path"),
        ({"paths": ["/a", "b"]}, "paths: 'b' is not an absolute path"),
        ({"files": [{"path": "b", "content": ""}]}, "files.path: 'b' is not an absolute path"),
        ({"files": [{"path": "/a\0b", "content": ""}]}, "files.path: it holds a NUL"),
        ({"files": [{"path": "/a", "content": "\0"}]}, "files.content: it holds a NUL"),
        ({"main": {"a": ["b", {"c": "\0"}]}}, "main.a.c: it holds a NUL"),
        ({"main": {"a\0": 1}}, "main: it holds a NUL"),
        ({"timeout": 0}, "timeout: 0 s is not a time limit"),
        ({"timeout": -0.5}, "timeout: -0.5 s is not a time limit"),
        ({"timeout": 86401}, "at most 86400 s"),
        ({"timeout": float("nan")}, "timeout: nan s is not a time limit"),
        ({"timeout": float("inf")}, "timeout: inf s is not a time limit"),
        ({"share": float("nan")}, "share: nan is not a usable number"),
        ({"port": 10**30}, "port: 1e+30 is not a usable number"),
    ],
)
def test_what_cannot_mean_anything_is_refused_by_the_name_of_its_option(params, words):
    with pytest.raises(arguments.ArgumentError) as raised:
        arguments.check(SPEC, params)
    assert words in str(raised.value)


def test_a_secret_is_not_in_the_message():
    with pytest.raises(arguments.ArgumentError) as raised:
        arguments.check(SPEC, {"password": "s3cret\0"})
    assert "s3cret" not in str(raised.value) and "password" in str(raised.value)


def test_null_counts_as_missing_where_a_value_is_required():
    rules = [("port", 25, ["file", "paths"])]
    with pytest.raises(arguments.ArgumentError) as raised:
        arguments.check(SPEC, {"port": 25, "file": "/a", "paths": None}, rules)
    assert "paths: it is null; port=25 needs a value" in str(raised.value)
    arguments.check(SPEC, {"port": 26, "file": None, "paths": None}, rules)


@given(st.lists(st.sampled_from(["a", "\xc3\xa9", "\t", "\n", "/", " "])).map("".join))
def test_every_other_text_is_taken(text):
    arguments.check(SPEC, {"file": "/" + text, "main": {text: [text, 1, None, True]}, "timeout": 0.1, "port": -1})
