# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.address_pattern import Addresses, matcher
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most


@pytest.mark.parametrize(
    ("pattern", "meant", "not_meant"),
    [
        (
            "*@example.net",
            ["a@example.net", "A.b@EXAMPLE.NET"],
            ["a@example.net.au", "a@notexample.net", "a@b.example.net"],
        ),
        ("@example.net", ["a@example.net"], ["a@b.example.net", ""]),
        (
            "customer7@*",
            ["customer7@a.example", "Customer7@b.example", '"customer7"@a.example', "customer7"],
            ["customer77@a.example"],
        ),
        ("customer*@example.net", ["customer7@example.net", "customer@example.net"], ["xcustomer7@example.net"]),
        ("*@*.example.net", ["a@b.example.net", "a@b.c.example.net"], ["a@example.net", "a@b.example.net.au"]),
        ("a*a@example.net", ["aa@example.net", "aba@example.net"], ["a@example.net", "aab@example.net"]),
        # The star is in one part: it does not stand for what is on both sides of the @.
        ("a*t@example.net", ["at@example.net"], ["a@b.t@example.com"]),
        ("<ops@example.net>", ["ops@example.net"], ["ops@example.org"]),
        ("<>", [""], ["a@example.net"]),
        ("*@*", ["a@example.net", "root"], [""]),
    ],
)
def test_a_star_stands_for_any_part(pattern, meant, not_meant):
    wanted = Addresses("recipient", [pattern])
    assert [text for text in meant + not_meant if wanted.match(text)] == meant


@pytest.mark.parametrize("text", ["customer7", "example.net", "ops@", ""])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(CriterionError) as caught:
        Addresses("recipient", [text])
    assert str(caught.value).startswith("recipient: ") and "'*@" in str(caught.value)


# Letters of which many texts are alike, and the other case of one.
LETTERS = st.text(alphabet="abA.", max_size=8)


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=12))
def test_a_pattern_means_what_the_regular_expression_means(pattern, text):
    expression = "".join(".*" if char == "*" else char for char in pattern) + r"\Z"
    assert matcher(pattern)(text) == bool(re.match(expression, text))


@given(st.text(alphabet="ab.*", max_size=6), st.text(alphabet="ab.*", min_size=1, max_size=6), LETTERS, LETTERS)
def test_what_is_looked_for_in_a_line_is_in_each_address_that_is_meant(local, domain, address, host):
    wanted = Addresses("sender", ["{0}@{1}".format(local, domain)])
    written = "{0}@{1}".format(address, host) if host else address
    if wanted.match(written) and wanted.literals() is not None:
        assert any(text in written.lower() for text in wanted.literals())


def test_the_time_grows_with_the_address_alone():
    wanted = Addresses("sender", ["a*" * 50 + "b@*"])
    with at_most(2):
        assert not wanted.match("a" * 100000 + "@example.net")
