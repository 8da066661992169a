# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf, MainCfError

PATH = "/etc/postfix/main.cf"


def edit(text, **settings_):
    main = MainCf(text, PATH)
    changed = [main.set(name, value) for name, value in sorted(settings_.items())]
    return main.render(), any(changed)


# The cases of readllines() in Postfix's own src/util/readlline.c.
@pytest.mark.parametrize(
    "text, values",
    [
        ("abc=x\n def\n", {"abc": "x def"}),
        ("abc=x\n #def\n ghi", {"abc": "x ghi"}),
        ("abc=x\n#def\n ghi", {"abc": "x ghi"}),
        ("abc=x\n \n ghi", {"abc": "x ghi"}),
        ("abc=x\n\n ghi", {"abc": "x ghi"}),
        ("abc=x\n#def\n", {"abc": "x"}),
        (" abcde\nfghij=x\n", {"fghij": "x"}),
        (" #abcde\nfghij=x\n", {"fghij": "x"}),
        ("a=1\nb =2\nc = 3 \nd\t=\n", {"a": "1", "b": "2", "c": "3", "d": ""}),
        ("a = b = c\n", {"a": "b = c"}),
        ("a = 1\r\n", {"a": "1"}),
        ("a =\n  1,\n  2\n", {"a": "1, 2"}),
        ("a = 1\nb = 2\na = 3\n", {"a": "3", "b": "2"}),
        ("", {}),
    ],
)
def test_values_are_what_postfix_reads(text, values):
    assert MainCf(text, PATH).values() == values


@pytest.mark.parametrize(
    "text, name, value, expected",
    [
        ("# c\na = 1\n\nb = 2\n", "a", "9", "# c\na = 9\n\nb = 2\n"),
        ("a=1\n", "b", "2", "a=1\nb = 2\n"),
        ("a=1", "b", "2", "a=1\nb = 2\n"),
        ("# only", "b", "2", "# only\nb = 2\n"),
        ("a =\n  1,\n# why\n  2\nb = $a\n", "a", "3", "a = 3\n# why\nb = $a\n"),
        ("a = 1\nb = 2\na = 3\n", "a", "4", "b = 2\na = 4\n"),
        ("a = 1\nb = 2\na = 3\n", "a", "1", "b = 2\na = 1\n"),
        ("a = 1\n", "a", "", "a =\n"),
        ("a = 1\n# c\n 2\nb = 2\na = 3\n", "a", None, "# c\nb = 2\n"),
    ],
)
def test_an_edit_touches_its_parameter_only(text, name, value, expected):
    assert edit(text, **{name: value}) == (expected, True)
    assert edit(expected, **{name: value}) == (expected, False)


@pytest.mark.parametrize(
    "text, value",
    [
        ("a=1,\n   2\n", "1, 2"),
        ("a  =   1,   2\n", "1, 2"),
        ("a = 0\na = 1, 2\n", "1, 2"),
    ],
)
def test_the_same_value_written_otherwise_is_no_change(text, value):
    assert edit(text, a=value) == (text, False)


def test_taking_out_what_is_not_there_is_no_change():
    assert edit("b = 1\n", a=None) == ("b = 1\n", False)


def test_repeated_parameters_are_named_with_their_lines():
    assert MainCf("a = 1\n# c\nb = 2\na = 3\n", PATH).repeated() == {"a": [1, 4]}


def test_a_line_without_equals_is_named():
    with pytest.raises(MainCfError) as error:
        MainCf("a = 1\n\nmyhostname relay\n", PATH)
    assert "/etc/postfix/main.cf, line 3: no '='" in str(error.value)


@pytest.mark.parametrize("name", ["", "a b", "#a", "a=b", "a\n"])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(MainCfError):
        MainCf("", PATH).set(name, "x")


NAMES = st.sampled_from(["a", "b", "c_d", "smtp-x_limit"])
VALUES = st.text(alphabet="xy$1{},:/[]# =", max_size=12).map(lambda text: text.strip(" "))
FOREIGN = st.sampled_from(["# comment\n", "\n", "   \n", "  # indented\n", "#a = 5\n"])


@st.composite
def files(draw):
    text = ""
    for _number in range(draw(st.integers(min_value=0, max_value=6))):
        text += draw(FOREIGN) if draw(st.booleans()) else "{0} = {1}\n".format(draw(NAMES), draw(VALUES))
    return text


@settings(max_examples=100, deadline=None)
@given(files(), NAMES, VALUES)
def test_what_is_written_is_read_back_and_nothing_else_changes(text, name, value):
    main = MainCf(text, PATH)
    before = main.values()
    assert main.render() == text
    main.set(name, value)
    after = MainCf(main.render(), PATH).values()
    assert " ".join(after.pop(name).split()) == " ".join(value.split())
    before.pop(name, None)
    assert after == before
    comments = [line for line in text.split("\n") if line.strip().startswith("#")]
    assert [line for line in main.render().split("\n") if line.strip().startswith("#")] == comments
    rendered = main.render()
    assert not MainCf(rendered, PATH).set(name, value)
