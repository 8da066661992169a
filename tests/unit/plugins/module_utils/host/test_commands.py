# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import commands
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


def run(script, *arguments, **options):
    return Runner(Module()).run(["sh", "-c", script, "sh"] + list(arguments), **options)


def test_what_a_program_says_is_told_apart_with_its_exit_code():
    result = run(
        "printf 'a\\377\\n'; echo oops >&2; echo $LC_ALL $TZ $1; exit 3", "x y", check=False, env={"TZ": "UTC"}
    )
    assert result.rc == 3 and result.stderr == "oops\n" and result.stdout.endswith("\nC UTC x y\n")
    start = result.stdout.split("\n")[0]
    assert (start if bytes is str else start.encode("utf-8", "surrogateescape")) == b"a\xff"
    with pytest.raises(CommandError) as caught:
        run("echo oops >&2; exit 3")
    assert caught.value.rc == 3 and caught.value.stderr == "oops\n"
    with pytest.raises(CommandError) as caught:
        Runner(Module()).run(["missing"])
    assert caught.value.rc == 127


def test_a_caller_may_set_what_is_set_anyway():
    result = run("echo $LANG $LC_ALL $X", env={"LANG": "C.UTF-8", "LC_ALL": "POSIX", "X": "1"})
    assert result.stdout == "C.UTF-8 POSIX 1\n"


def test_a_signal_that_the_module_handles_ends_no_program():
    """Python 2 does not look at a pipe again by itself; qmail-send is started in this way."""
    came = []
    handler = signal.signal(signal.SIGALRM, lambda number, frame: came.append(number))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
        result = run("cat; sleep 0.5; echo here", stdin="x" * 300000)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
    assert came and result.rc == 0 and result.stdout == "x" * 300000 + "here\n"


def test_the_last_words_of_a_program_are_heard_whenever_it_ends(monkeypatch, tmp_path):
    """It ends between a look at its pipes, after a silent second, and the question whether it has ended."""
    real = commands.select.poll

    class Late(object):
        def __init__(self):
            self._poller, self._looked = real(), False
            self.register, self.unregister = self._poller.register, self._poller.unregister

        def poll(self, patience):
            if self._looked:
                return self._poller.poll(patience)
            self._looked = True
            go.write_bytes(b"")
            time.sleep(1)
            return []

    go = tmp_path / "go"
    monkeypatch.setattr(commands.select, "poll", Late)
    assert run("until [ -e $1 ]; do sleep 0.05; done; echo here", str(go)).stdout == "here\n"


def test_input_is_given_while_the_program_answers_and_all_of_it():
    asked = "".join("{0:07d}\n".format(number) for number in range(100000))
    result = run("tee /dev/stderr", stdin=asked)
    assert result.stdout == asked and result.stderr == asked
    assert run("cat").stdout == "" and run("cat", stdin="").stdout == ""
    words = b"gr\xc3\xbc\xc3\x9fe"
    assert run("cat", stdin=words.decode("utf-8")).stdout == (words if bytes is str else words.decode("utf-8"))


def test_a_program_that_does_not_want_its_input_tells_why_itself():
    result = run("exec <&-; echo no such table >&2; exit 1", stdin="x" * 300000, check=False)
    assert (result.rc, result.stderr) == (1, "no such table\n")


def test_a_daemon_that_is_left_behind_is_not_waited_for():
    begin = time.time()
    assert run("echo started; sleep 60 & exit 0").stdout == "started\n"
    assert time.time() - begin < 30


def test_a_program_that_closes_its_outputs_is_waited_for():
    assert run("exec >/dev/null 2>&1; sleep 0.3; exit 4", check=False).rc == 4


def test_a_reader_that_has_enough_ends_the_program_before_it_in_a_pipeline():
    """As in a shell: Python would have SIGPIPE ignored."""
    result = run("(yes; echo $? >&2) | head -n 1; wait")
    assert result.stdout == "y\n" and "141" in result.stderr and "roken pipe" not in result.stderr


def test_words_beyond_ascii_are_utf_8_whatever_the_locale(tmp_path):
    """Python 3 would write them as the locale has it, Python 2 not at all; what is not UTF-8 stays as it was read."""
    script = tmp_path / "words.py"
    script.write_bytes(
        b"""from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
runner = Runner(None)
words = [b"gr\\xc3\\xbc\\xc3\\x9fe".decode("utf-8"), b"gr\\xc3\\xbc\\xc3\\x9fe".decode("utf-8").encode("utf-8")]
if bytes is not str:
    words[1] = b"\\xff".decode("utf-8", "surrogateescape")
argv = ["/bin/sh", "-c", "printf %s,%s $1 $2 | od -An -tx1", "sh"] + words
print(runner.run(argv).stdout.strip())
print(list(runner.lines(argv))[0].strip())
"""
    )
    env = dict(os.environ, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONPATH=os.pathsep.join(sys.path))
    said = subprocess.check_output([sys.executable, str(script)], env=env).decode("ascii").splitlines()
    second = "67 72 c3 bc c3 9f 65" if bytes is str else "ff"
    assert said == ["67 72 c3 bc c3 9f 65 2c " + second] * 2


def test_what_goes_wrong_after_the_end_of_a_program_is_told_and_nobody_else_is_killed():
    with pytest.raises(ValueError, match="ours"), commands._process(["/bin/true"], None, None, None, None) as process:
        process.wait()
        raise ValueError("ours")
