# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Runner


class Module(object):
    @staticmethod
    def get_bin_path(program, opt_dirs=None):
        return None if program == "missing" else "/bin/" + program


def lines(script, **options):
    runner = Runner(Module())
    return list(runner.lines(["sh", "-c", script], **options)), runner.complaints


def test_lines_come_without_their_ends_and_complaints_apart():
    assert lines("printf 'a\\n\\nb\\r\\nc'; echo oops >&2; echo $LC_ALL $TZ", env={"TZ": "UTC"}) == (
        ["a", "", "b\r", "cC UTC"],
        "oops\n",
    )


def test_bytes_that_are_not_utf_8_are_kept():
    (line,) = lines("printf 'a\\377b'")[0]
    assert (line if bytes is str else line.encode("utf-8", "surrogateescape")) == b"a\xffb"


def test_a_program_that_answers_while_it_still_reads_does_not_get_stuck():
    asked = ["8B4671C40{0:05d}".format(number) for number in range(30000)]
    script = "while read id; do echo $id: a line that is long enough to fill every pipe there is >&2; done"
    found, _complaints = lines(script, stdin=asked, merge=True)
    assert [line.partition(":")[0] for line in found] == asked


def test_a_failure_comes_after_the_lines_with_what_the_program_said():
    runner, found = Runner(Module()), []
    with pytest.raises(CommandError) as caught:
        for line in runner.lines(["sh", "-c", "echo one; echo two >&2; exit 3"]):
            found.append(line)
    assert found == ["one"] and caught.value.rc == 3 and caught.value.stderr == "two\n"
    with pytest.raises(CommandError) as caught:
        list(runner.lines(["sh", "-c", "seq 1 100; exit 3"], merge=True))
    assert caught.value.stderr.startswith("81\n") and caught.value.stderr.endswith("100")


def test_a_program_that_is_not_there():
    with pytest.raises(CommandError) as caught:
        list(Runner(Module()).lines(["missing"]))
    assert caught.value.rc == 127 and "missing" in str(caught.value)


def test_a_program_whose_output_nobody_wants_any_more_is_stopped():
    begin = time.time()
    output = Runner(Module()).lines(["sh", "-c", "echo one; exec sleep 60"])
    assert next(output) == "one"
    output.close()
    assert time.time() - begin < 30


def test_blocks_are_the_bytes_as_they_are_and_complaints_come_apart(tmp_path):
    runner = Runner(Module())
    script = "printf 'a\\r\\n\\000\\377'; printf b; echo oops >&2; wc -c; echo $LC_ALL $TZ"
    blocks = list(runner.blocks(["sh", "-c", script], env={"TZ": "UTC"}, size=4))
    assert b"".join(blocks) == b"a\r\n\0\xffb0\nC UTC\n" and max(map(len, blocks)) == 4
    assert runner.complaints == "oops\n" and runner.calls == 1
    asked = tmp_path / "asked"
    asked.write_bytes(b"\xfe" * 300000)
    with asked.open("rb") as stdin:
        assert b"".join(runner.blocks(["cat"], stdin=stdin)) == b"\xfe" * 300000
    assert runner.complaints == ""


def test_a_failure_comes_after_the_blocks():
    runner, found = Runner(Module()), []
    with pytest.raises(CommandError) as caught:
        for block in runner.blocks(["sh", "-c", "printf one; echo two >&2; exit 3"]):
            found.append(block)
    assert found == [b"one"] and caught.value.rc == 3 and caught.value.stderr == "two\n"
    with pytest.raises(CommandError) as caught:
        list(runner.blocks(["missing"]))
    assert caught.value.rc == 127


def test_a_program_whose_blocks_nobody_wants_any_more_is_stopped():
    begin = time.time()
    output = Runner(Module()).blocks(["sh", "-c", "echo one; exec sleep 60"], size=4)
    assert next(output) == b"one\n"
    output.close()
    assert time.time() - begin < 30
