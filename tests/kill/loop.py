#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# It runs on Python 2.7, and reads with pickle only what its own child wrote.
# ruff: noqa: S301, SIM905, UP001, UP004, UP009, UP010, UP024, UP030, UP031, UP032, UP036
"""Kill modules (SIGKILL) at each of their file operations and commands in turn, on a real host; then fail each operation.

Run it as root on a host whose configuration may be changed for a moment, with the Python that Ansible uses there;
Ansible itself is not needed: python tests/kill/loop.py MODULE...

After each kill, every file must be whole (the old one or the new one), the program whose files they are must take them,
and the next run must take away what the killed one left and finish the work; where a kill left some files old and some
new, a run that wants the old ones must come back to them too. After each operation that fails as on a full disk,
everything must be as it was. Everything is put back at the end. Exit code 0 and a count mean that all this held.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import traceback
import types

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SBIN = ["/usr/sbin", "/sbin", "/usr/local/sbin", "/usr/bin", "/bin"]


def provide_packages():
    """Make the collection importable from this tree, and stand in for the little of Ansible that it uses."""

    def package(name, path):
        module = types.ModuleType(name)
        module.__path__ = path
        sys.modules[name] = module
        parent, _dot, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
        return module

    for name, path in (
        ("ansible_collections", []),
        ("ansible_collections.mailops", []),
        ("ansible_collections.mailops.relay", [ROOT]),
        ("ansible_collections.mailops.relay.plugins", [os.path.join(ROOT, "plugins")]),
    ):
        package(name, path)
    try:
        import ansible.module_utils.basic  # noqa: F401
    except ImportError:
        for name in (
            "ansible",
            "ansible.module_utils",
            "ansible.module_utils.common",
            "ansible.module_utils.common.text",
        ):
            package(name, [])
        converters = package("ansible.module_utils.common.text.converters", [])

        def to_bytes(value, encoding="utf-8", errors=None):
            return value if isinstance(value, bytes) else value.encode(encoding, errors or "strict")

        def to_text(value, encoding="utf-8", errors=None):
            if isinstance(value, Exception):
                value = str(value)
            return value.decode(encoding, errors or "strict") if isinstance(value, bytes) else value

        converters.to_bytes, converters.to_text = to_bytes, to_text
        converters.to_native = to_text
        if sys.version_info[0] == 2:
            # There a native string is bytes, and what is decoded with surrogateescape elsewhere stays as it is.
            converters.to_native = lambda value, encoding="utf-8", errors=None: str(value)


provide_packages()
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result  # noqa: E402
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained  # noqa: E402

NOTHING, KILL, FAIL = 0, 1, 2


class Operations(object):
    """Counts operations that change files, and commands; kills this process instead of the chosen one, or lets it fail.

    Args:
        chosen: int, the number of the operation.
        how: C(NOTHING), C(KILL) or C(FAIL).
    """

    NAMES = (
        "chmod chown fchmod fchown fsync ftruncate lchown link mkdir open remove rename replace rmdir symlink "
        "truncate unlink utime"
    ).split()
    # What a full disk refuses. The others free room, or need none.
    NEEDS_ROOM = ("fsync", "ftruncate", "link", "mkdir", "open", "rename", "replace", "symlink", "write")

    def __init__(self, chosen, how):
        self.chosen = chosen
        self.how = how
        self.count = 0
        self.failed = False
        # While a program is run: what subprocess does for it is no operation of ours.
        self.paused = False

    def step(self, name, before_death=None):
        """Count an operation, and do to it what is to be done."""
        self.count += not self.paused
        if self.paused or self.count != self.chosen:
            return
        if self.how == KILL:
            if before_death is not None:
                before_death()
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.how == FAIL and name in self.NEEDS_ROOM:
            self.failed = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def watch(self):
        """Wrap the functions of the os module that change files."""
        for name in self.NAMES:
            if hasattr(os, name):
                setattr(os, name, self._wrapped(name, getattr(os, name)))
        write = os.write

        def counted_write(handle, data):
            # Dies with half of the data written, which is the worst moment.
            self.step("write", lambda: write(handle, data[: len(data) // 2]))
            return write(handle, data)

        os.write = counted_write

    def _wrapped(self, name, function):
        def counted(*args, **kwargs):
            # Opening for reading changes nothing.
            if name != "open" or args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.step(name)
            return function(*args, **kwargs)

        return counted


class Runner(object):
    """Runs programs as the module's Runner does, each one a step at which to die.

    Args:
        operations: Operations.
        subject: subjects.Subject, which knows what programs only tell.
        told: dict: what C(subject.question) says of a call -> its result, and the content of the file that it made. Programs
            take most of the time, and what one of them makes of the same content is the same: one real run is enough.
    """

    def __init__(self, operations, subject, told):
        self._operations = operations
        self._subject = subject
        self.told = told
        self.calls = 0

    @staticmethod
    def find(program):
        """str or None: the path of a program."""
        for directory in SBIN:
            path = os.path.join(directory, program)
            if os.access(path, os.X_OK):
                return path
        return None

    def run(self, argv, stdin=None, check=True, env=None):
        """Result: like ``commands.Runner.run``."""
        self._operations.step("run")
        self.calls += 1
        question, made = self._subject.question(list(argv), stdin), self._subject.made(list(argv))
        if question is None:
            result = self._run(list(argv), stdin, env)
        elif question in self.told:
            result, data = self.told[question]
            if data is not None:
                with open(made, "wb") as stream:
                    stream.write(data)
        else:
            result = self._run(list(argv), stdin, env)
            self.told[question] = result, content(made) if made else None
        if check and result[0] != 0:
            raise CommandError(argv, *result)
        return Result(*result)

    def _run(self, argv, stdin, env):
        path = argv[0] if argv[0].startswith("/") else self.find(argv[0])
        if path is None:
            raise CommandError(argv, 127, "", "no such program")
        if stdin is not None and not isinstance(stdin, bytes):
            stdin = stdin.encode("utf-8", "surrogateescape")
        self._operations.paused = True
        process = subprocess.Popen(
            [path] + argv[1:],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, LC_ALL="C", **(env or {})),
        )
        stdout, stderr = process.communicate(stdin)
        self._operations.paused = False
        if sys.version_info[0] > 2:
            stdout, stderr = (text.decode("utf-8", "surrogateescape") for text in (stdout, stderr))
        return process.returncode, stdout, stderr


def content(path):
    """bytes: of a file."""
    with open(path, "rb") as stream:
        return stream.read()


def apply_in_child(subject, number, told, chosen=0, how=NOTHING, check_mode=False):
    """Run the module once, in a process of its own.

    Args:
        subject: subjects.Subject.
        number: int, the state that is wanted: 1 or 2.
        told: dict, as of Runner; what the run learns is added.
        chosen, how: as of Operations.
        check_mode: bool.

    Returns:
        (int, int, bool, bool, str): the child's wait status; if it came to its end: how many operations it counted, whether
        one of them failed, whether the module changed something, and its error, empty when it succeeded.
    """
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            write = os.write
            operations = Operations(chosen, how)
            runner = Runner(operations, subject, told)
            operations.watch()
            changed, error = False, ""
            try:
                changed = bool(subject.apply(number, runner, check_mode)["changed"])
            except (RelayError, EnvironmentError) as exc:
                error = explained(exc)
            data = pickle.dumps((operations.count, operations.failed, changed, error, runner.told), 2)
            while data:
                data = data[write(write_end, data) :]
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as stream:
        data = stream.read()
    _child, status = os.waitpid(child, 0)
    count, failed, changed, error, found = pickle.loads(data) if data else (0, False, False, "", {})
    told.update(found)
    return status, count, failed, changed, error


def snapshot(paths):
    """dict: path -> (content, mode, owner, group, time of change), or None for a file that is not there."""
    found = {}
    for path in paths:
        if os.path.exists(path):
            status = os.stat(path)
            found[path] = (content(path), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, status.st_mtime)
        else:
            found[path] = None
    return found


def restore(state):
    """Make the files what a snapshot says."""
    for path, saved in sorted(state.items()):
        if os.path.exists(path):
            os.unlink(path)
        if saved is not None:
            with open(path, "wb") as stream:
                stream.write(saved[0])
            os.chown(path, saved[2], saved[3])
            os.chmod(path, saved[1])
            os.utime(path, (saved[4], saved[4]))


def leftovers(directories):
    """list of str: staging directories and temporary files that are still there."""
    return [
        os.path.join(directory, name)
        for directory in directories
        if os.path.isdir(directory)
        for name in os.listdir(directory)
        if name.endswith(".mailops-new")
    ]


class Loop(object):
    """All kills and failures of one module.

    Args:
        subject: subjects.Subject.
    """

    def __init__(self, subject):
        self._subject = subject
        self._told = {}
        self._states = {}
        self._total = 0
        self._at = ""
        self.problems = []
        self.tried = 0

    def _note(self, text):
        self.problems.append("{0}, {1}: {2}".format(self._subject.name, self._at, text))
        print(self.problems[-1])

    def _begin(self, state):
        restore(state[0])
        self._subject.put_back(state[1])

    def _now(self):
        return snapshot(self._subject.files), self._subject.further()

    def _differing(self, number, state):
        """list of str: what is not as in the state 1 or 2."""
        wanted = self._states[number]
        view = self._subject.view
        paths = [path for path in self._subject.files if view(path, state[0][path]) != view(path, wanted[0][path])]
        return paths + [what for what in sorted(wanted[1]) if state[1][what] != wanted[1][what]]

    def _finish(self, number):
        """Run the module once more, to its end, and compare."""
        status, _count, _failed, _changed, error = apply_in_child(self._subject, number, self._told)
        if status != 0 or error:
            self._note("the next run (state {0}) fails: {1}".format(number, error or status))
        for what in self._differing(number, self._now()):
            self._note("after the next run (state {0}) this is not as wanted: {1}".format(number, what))
        for text in self._subject.faults():
            self._note("after the next run (state {0}): {1}".format(number, text))
        for path in leftovers(self._subject.directories):
            self._note("{0} is left".format(path))

    def prepare(self):
        """bool: whether both states could be set up."""
        for number in (1, 2):
            status, total, _failed, _changed, error = apply_in_child(self._subject, number, self._told)
            if status != 0 or error:
                self._note("state {0} cannot be set up: {1}".format(number, error or status))
                return False
            self._total = total
            for path in self._subject.files:
                if os.path.exists(path):
                    # As if the other state had been set up some time ago.
                    moment = os.stat(path).st_mtime - 100
                    os.utime(path, (moment, moment))
            self._states[number] = self._now()
        again = apply_in_child(self._subject, 2, self._told, check_mode=True)
        if again[0] != 0 or again[3] or again[4]:
            self._note("a second run would change something: {0}".format(again))
        return True

    def run(self):
        """Kill at each operation, then fail each."""
        for chosen in range(1, self._total + 1):
            self._kill(chosen)
        for chosen in range(1, self._total + 1):
            self._fail(chosen)

    def _kill(self, chosen):
        self._at = "killed at operation {0} of {1}".format(chosen, self._total)
        self._begin(self._states[1])
        status = apply_in_child(self._subject, 2, self._told, chosen, KILL)[0]
        self.tried += 1
        if not os.WIFSIGNALED(status):
            self._note("the run was not killed (status {0})".format(status))
        killed = self._now()
        old, new = self._differing(1, killed), self._differing(2, killed)
        for what in set(old) & set(new):
            self._note("{0} is neither old nor new".format(what))
        for text in self._subject.faults(between=True):
            self._note(text)
        self._finish(2)
        if old and new:
            self._begin(killed)
            self._at += ", back"
            self._finish(1)

    def _fail(self, chosen):
        self._at = "a full disk at operation {0} of {1}".format(chosen, self._total)
        self._begin(self._states[1])
        status, _count, failed, _changed, error = apply_in_child(self._subject, 2, self._told, chosen, FAIL)
        if status != 0:
            self._note("the run ends with status {0}".format(status))
        if not failed:
            return
        self.tried += 1
        for what in self._differing(1 if error else 2, self._now()):
            self._note("{0} has changed, but the run says {1!r}".format(what, error))
        if error and "make room" not in error:
            self._note("the fix is not named: {0}".format(error))
        for path in leftovers(self._subject.directories):
            self._note("{0} is left".format(path))


def main(names):
    """int: the exit code."""
    import subjects

    failed = False
    for name in names:
        scratch = tempfile.mkdtemp(prefix="kill.", dir=subjects.SUBJECTS[name].parent)
        loop = None
        try:
            subject = subjects.SUBJECTS[name](scratch)
            original = snapshot(subject.files), subject.further()
            loop = Loop(subject)
            try:
                if loop.prepare():
                    loop.run()
            finally:
                restore(original[0])
                subject.put_back(original[1])
        finally:
            shutil.rmtree(scratch)
        times = os.times()
        print(
            "{0}: killed, or failed, at {1} operations: {2} problems; {3:.1f} s of the processor so far".format(
                name, loop.tried, len(loop.problems), sum(times[:4])
            )
        )
        sys.stdout.flush()
        failed = failed or bool(loop.problems) or not loop.tried
    return 1 if failed else 0


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.modules["loop"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
