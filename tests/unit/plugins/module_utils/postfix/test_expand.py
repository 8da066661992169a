# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import (
    ExpansionError,
    expand,
    references,
    split_list,
)

# On a busy machine, making the examples alone can take seconds.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

VALUES = {
    "myhostname": "relay.example.com",
    "mydomain": "example.com",
    "myorigin": "$mydomain",
    "empty": "",
    "compatibility_level": "3.6",
    "loop": "$loop",
}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("plain", "plain"),
        ("$myhostname, localhost.$mydomain", "relay.example.com, localhost.example.com"),
        ("${myhostname}$(mydomain)", "relay.example.comexample.com"),
        ("$myorigin", "example.com"),
        ("a $$ b", "a $ b"),
        ("$nobody_knows_it.", "."),
        ("${stress?10}${stress:300}s", "300s"),
        ("${mydomain?yes}${mydomain:no}", "yes"),
        ("${empty?{yes}:{no}}", "no"),
        ("${mydomain?{$myorigin}:{none}}", "example.com"),
        ("${mydomain? {spaced} : {none}}", "spaced"),
        ("${empty:{in ${mydomain}}}", "in example.com"),
        ("${{$compatibility_level} <level {3.6} ? {md5} : {sha256}}", "sha256"),
        ("${{$compatibility_level} <level {3.10} ? {old} : {new}}", "old"),
        ("${{9} < {10} ? {number} : {text}}", "number"),
        ("${{$mydomain} == {example.com} ? {same}}", "same"),
        ("${{$mydomain} != {example.com} ? {other}}", ""),
    ],
)
def test_a_value_is_what_postfix_makes_of_it(text, expected):
    assert expand(text, VALUES.get) == expected


@pytest.mark.parametrize("text", ["$", "${", "${myhostname", "${}", "$loop", "${a!b}", "${{a} ~ {b} ? {c}}", "$(x"])
def test_what_cannot_be_told_is_an_error(text):
    with pytest.raises(ExpansionError):
        expand(text, VALUES.get)


def test_names_in_conditions_are_references_and_an_escaped_dollar_is_none():
    text = "$a ${b?{$c}:{$(d)}} $$e ${{$f} == {1} ? {x}}"
    assert references(text) == set("abcdf")


def test_a_list_is_split_at_commas_and_spaces_but_not_in_braces():
    assert split_list("a, b\tc,,inline:{x=1, y=2} d") == ["a", "b", "c", "inline:{x=1, y=2}", "d"]
    assert split_list("a { b, c") == ["a", "{", "b", "c"]


@settings(PATIENT, max_examples=100)
@given(st.text(alphabet="ab$(){}?: =<>!level,1", max_size=40).map(to_native))
def test_any_text_expands_or_is_an_expansion_error(text):
    try:
        assert expand(text, VALUES.get) is not None
    except ExpansionError:
        pass
    references(text)
    assert "" not in split_list(text)


@settings(PATIENT, max_examples=50)
@given(st.text(max_size=30).map(to_native).filter(lambda text: "$" not in text))
def test_text_without_references_stays_as_it_is(text):
    assert expand(text, VALUES.get) == text
