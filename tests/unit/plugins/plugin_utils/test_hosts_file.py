# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of /etc/hosts: what others wrote stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.plugin_utils.hosts_file import edits

NAME = "relay1.example.com"
OWN = ["10.20.0.10"]
WHOLE = "10.20.0.10 relay1.example.com relay1"


def apply(text, changes):
    """The file after ansible.builtin.lineinfile of ansible-core 2.16: the last line that matches is replaced."""
    lines = text.split("\n")
    if lines and lines[-1] == "":
        lines.pop()
    for change in changes:
        found = [number for number, line in enumerate(lines) if re.search(change["regexp"], line)]
        if change["state"] == "absent":
            lines = [line for number, line in enumerate(lines) if number not in found]
        elif found:
            lines[found[-1]] = change["line"]
        else:
            lines.append(change["line"])
    return "\n".join(lines) + "\n" if lines else ""


def after(text, addresses=None, others=()):
    addresses = OWN if addresses is None else addresses
    changes = edits(text, addresses, NAME, others)
    result = apply(text, changes)
    assert edits(result, addresses, NAME, others) == []
    return result


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("", WHOLE),
        (WHOLE, WHOLE),
        (
            "10.20.0.10 relay wiki.example.com # note",
            "10.20.0.10 relay1.example.com relay1 relay wiki.example.com # note",
        ),
        ("10.20.0.10\trelay   wiki\t# note", "10.20.0.10\trelay1.example.com relay1 relay   wiki\t# note"),
        ("10.20.0.10 relay1.example.com wiki#note", "10.20.0.10 relay1.example.com relay1 wiki#note"),
        # The first name is the canonical one.
        ("10.20.0.10 relay1 wiki relay1.example.com", "10.20.0.10 relay1.example.com relay1 wiki"),
        ("10.20.0.10 RELAY1.Example.com relay1 wiki", "10.20.0.10 RELAY1.Example.com relay1 wiki"),
        ("10.20.0.10", "10.20.0.10\n" + WHOLE),
        # One of several lines is enough.
        (f"10.20.0.10 wiki\n{WHOLE}", f"10.20.0.10 wiki\n{WHOLE}"),
        ("10.20.0.10 wiki\n10.20.0.10 x relay1.example.com", "10.20.0.10 wiki\n10.20.0.10 relay1.example.com relay1 x"),
        # An address of before.
        (f"10.20.0.9 relay1.example.com relay1\n{WHOLE}", WHOLE),
        ("10.20.0.9 relay1.example.com relay1 old # of 2019", f"10.20.0.9 old # of 2019\n{WHOLE}"),
        ("10.20.0.9 other relay1", f"10.20.0.9 other relay1\n{WHOLE}"),
        # The host's own.
        ("127.0.1.1 relay1.example.com relay1", f"127.0.1.1 relay1.example.com relay1\n{WHOLE}"),
        ("203.0.113.4 relay1.example.com", f"203.0.113.4 relay1.example.com\n{WHOLE}"),
        # What is none, and what could not be written back.
        ("# 10.20.0.10 relay", f"# 10.20.0.10 relay\n{WHOLE}"),
        ("10.20.0.100 relay2", f"10.20.0.100 relay2\n{WHOLE}"),
        ("10.20.0.10 wiki # caf\ufffd", f"10.20.0.10 wiki # caf\ufffd\n{WHOLE}"),
    ],
)
def test_lines_of_others_stay_and_ours_is_there(before, now):
    assert after(before and before + "\n", others=["203.0.113.4"]) == now + "\n"


def test_each_family_has_its_line_however_it_is_written():
    text = "fd00:20:0:0::A wiki\n"
    assert after(text, ["10.20.0.10", "fd00:20::a"]) == f"fd00:20:0:0::A relay1.example.com relay1 wiki\n{WHOLE}\n"


def test_what_is_done_is_said():
    changes = edits("10.20.0.9 relay1.example.com\n", OWN, NAME)
    assert [change["why"] for change in changes] == [
        "10.20.0.9 is not an address of relay1.example.com",
        "10.20.0.10 is relay1.example.com",
    ]


WORDS = st.sampled_from(
    ["relay1", "relay1.example.com", "wiki", "a.b", "#", "# note", "10.20.0.10", "10.20.0.9", "::1", "fe80::1%eth0"]
)


@given(st.lists(st.lists(WORDS, max_size=5).map(" ".join), max_size=6))
def test_any_file_ends_with_our_line_and_all_other_names(lines):
    text = "".join(line + "\n" for line in lines)
    result = after(text)
    first = [line.split() for line in result.split("\n") if line.startswith("10.20.0.10 relay1.example.com")]
    assert any("relay1" in words for words in first)
    for word in ("wiki", "a.b", "# note", "fe80::1%eth0"):
        assert result.count(word) == text.count(word)
