# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import (
    BLOCK,
    MAX_LINE,
    Counts,
    line_finder,
    whole_lines,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.log_files import (
    peak_of,
)


@given(st.binary(max_size=200).map(lambda data: data.replace(b"a", b"\n")), st.integers(1, 30), st.integers(1, 20))
@example(b"x" * 30 + b"\n" + b"\0\0\ny\n" + b"z" * 9, 7, 4)
@example(b"\n\n\n", 1, 1)
def test_blocks_are_the_lines_and_only_what_is_too_long_is_missing(data, size, most):
    counts = Counts()
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    blocks = list(whole_lines(pieces, counts, most))
    lines = data.split(b"\n")
    unfinished = lines.pop()
    lines += [unfinished] if unfinished else []
    assert b"".join(blocks) == b"".join(line[:most] + b"\n" for line in lines)
    assert all(block.endswith(b"\n") and len(block) <= size + most + 1 for block in blocks)
    assert counts.cut == sum(len(line) > most for line in lines)
    assert counts.unfinished == (1 if unfinished else 0)


def test_a_line_of_100_mb_takes_no_memory():
    counts, piece, result = Counts(), b"x" * BLOCK, []

    def work():
        pieces = (piece if number < 1600 else b"end\nnext\n" for number in range(1601))
        result.extend(whole_lines(pieces, counts))

    peak = peak_of(work)
    assert b"".join(result) == b"x" * MAX_LINE + b"\nnext\n"
    assert counts.cut == 1 and counts.unfinished == 0
    assert peak < 1000000


def few_letters(data):
    letters = bytearray(b"aAbB\n\xe9")
    return bytes(bytearray(letters[byte % 6] for byte in bytearray(data)))


texts = st.binary(max_size=60).map(few_letters)
needles = st.binary(max_size=3).map(few_letters)


@given(st.lists(texts, max_size=4), st.lists(needles, max_size=5), st.booleans(), st.integers(0, 30))
@example([b"ab\nb"], [b"a", b"ab", b"b"], False, 24)
@example([b"\n\na"], [b""], False, 0)
@example([b"aB"], [b"Ab"], True, 24)
def test_line_finder_gives_what_a_look_at_each_line_gives(blocks, wanted, ignore_case, more):
    blocks = [block + b"\n" for block in blocks]
    # More needles than are looked for one by one.
    wanted = wanted + [b"z%02d" % number for number in range(more)]

    def has(line):
        return any(n in line or ignore_case and n.lower() in line.lower() for n in wanted if b"\n" not in n)

    expected = [b"".join(line + b"\n" for line in block[:-1].split(b"\n") if has(line)) for block in blocks]
    assert list(map(line_finder(wanted, ignore_case), blocks)) == expected


def test_many_needles_are_found_whatever_they_have_in_common():
    wanted = [b"3F2A91C%03X" % number for number in range(500)] + [b"a" * number for number in range(200, 0, -1)]
    wanted += [b"a" * number + b"(.*" for number in range(100)]
    block = b"3F2A91C1F3: x\n3F2A91C1F4: y\nbbbb\nb(.*\naa\n"
    assert line_finder(wanted)(block) == b"3F2A91C1F3: x\nb(.*\naa\n"
