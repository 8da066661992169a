#!/usr/bin/env python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# It runs on Python 2.7, and reads with pickle only what its own child wrote.
# ruff: noqa: S301, SIM905, UP001, UP004, UP009, UP010, UP030, UP031, UP032, UP036
"""Kill postfix_config (SIGKILL) at each of its file operations and commands in turn, on a real Postfix.

Run it as root on a host whose configuration may be changed for a moment, with the Python that Ansible
uses there; Ansible itself is not needed: python tests/kill/postfix_config.py

It works on the live configuration directory and puts everything back at the end. After each kill, every
file must be whole (the old one or the new one), `postfix check` must pass, and the next run must take away
what the killed one left and finish the work. Exit code 0 and a count mean that all this held.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pickle
import re
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
        if sys.version_info[0] == 2:
            converters.to_bytes = converters.to_native = lambda value, errors=None: value
        else:
            converters.to_bytes = lambda value, errors=None: value.encode("utf-8", errors or "strict")
            converters.to_native = lambda value, errors=None: value.decode("utf-8", errors or "strict")


provide_packages()
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result  # noqa: E402
from ansible_collections.mailops.relay.plugins.module_utils.postfix.configuration import Configuration  # noqa: E402


class Operations(object):
    """Counts operations that change files, and commands; kills this process instead of the chosen one.

    Args:
        fatal: int, the number of the operation at which to die; 0 is none.
    """

    NAMES = (
        "chmod chown fchmod fchown fsync ftruncate lchown link mkdir open remove rename replace rmdir symlink "
        "truncate unlink utime"
    ).split()

    def __init__(self, fatal):
        self.fatal = fatal
        self.count = 0

    def step(self, before_death=None):
        self.count += 1
        if self.count == self.fatal:
            if before_death is not None:
                before_death()
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self):
        """Wrap the functions of the os module that change files."""
        for name in self.NAMES:
            if hasattr(os, name):
                setattr(os, name, self._wrapped(name, getattr(os, name)))
        write = os.write

        def counted_write(handle, data):
            # Dies with half of the data written, which is the worst moment.
            self.step(lambda: write(handle, data[: len(data) // 2]))
            return write(handle, data)

        os.write = counted_write

    def _wrapped(self, name, function):
        def counted(*args, **kwargs):
            # Opening for reading changes nothing.
            if name != "open" or args[1] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.step()
            return function(*args, **kwargs)

        return counted


class Runner(object):
    """Runs programs as the module's Runner does, each one a step at which to die.

    Args:
        operations: Operations.
        verdicts: dict: content of main.cf and master.cf -> Result of C(postfix check) on a staged copy. It
            takes a second, and what it says of the same content is the same: one real run of each is enough.
    """

    def __init__(self, operations, verdicts):
        self._operations = operations
        self.verdicts = verdicts

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
        self._operations.step()
        key = None
        if argv[0] == "postfix":
            key = tuple(content(os.path.join(argv[2], name)) for name in ("main.cf", "master.cf"))
            if key in self.verdicts:
                return Result(*self.verdicts[key])
        path = argv[0] if argv[0].startswith("/") else self.find(argv[0])
        if path is None:
            raise CommandError(argv, 127, "", "no such program")
        process = subprocess.Popen(
            [path] + list(argv[1:]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, LC_ALL="C"),
        )
        stdout, stderr = process.communicate(stdin)
        if sys.version_info[0] > 2:
            stdout, stderr = (text.decode("utf-8", "surrogateescape") for text in (stdout, stderr))
        if check and process.returncode != 0:
            raise CommandError(argv, process.returncode, stdout, stderr)
        if key is not None:
            self.verdicts[key] = (process.returncode, stdout, stderr)
        return Result(process.returncode, stdout, stderr)


def content(path):
    """bytes: of a file."""
    with open(path, "rb") as stream:
        return stream.read()


def apply_in_child(request, fatal, verdicts):
    """(int, int): the child's wait status, and how many operations it counted if it came to its end."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            operations = Operations(fatal)
            write = os.write
            operations.watch()
            runner = Runner(operations, verdicts)
            Configuration(request, runner).apply()
            data = pickle.dumps((operations.count, runner.verdicts), 2)
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
    count, found = pickle.loads(data) if data else (0, {})
    verdicts.update(found)
    return status, count


def snapshot(paths):
    """dict: path -> (content, mode, owner, group), or None for a file that is not there."""
    found = {}
    for path in paths:
        if os.path.exists(path):
            status = os.stat(path)
            found[path] = (content(path), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
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
            os.chmod(path, saved[1])
            os.chown(path, saved[2], saved[3])


def age(paths):
    """Set the time of change back: programs of Postfix wait for a file that has changed within the last second."""
    for path in paths:
        os.utime(path, (1, 1))


def same(path, one, other):
    """bool: whether two snapshots of a file are equal. A compiled table holds dates: its presence counts."""
    if re.search(r"\.(db|lmdb|cdb)$", path) and one is not None and other is not None:
        return len(one[0]) > 0 and one[1:] == other[1:]
    return one == other


def output(argv):
    """str: what a program prints."""
    return subprocess.Popen(argv, stdout=subprocess.PIPE).communicate()[0].decode("ascii").strip()


def leftovers(directories):
    """list of str: staging directories that are still there."""
    return [
        os.path.join(directory, name)
        for directory in directories
        for name in os.listdir(directory)
        if name.endswith(".mailops-new")
    ]


def main():
    """int: the exit code."""
    directory = output([Runner.find("postconf"), "-dh", "config_directory"])
    kind = output([Runner.find("postconf"), "-dh", "default_database_type"])
    suffix = {"hash": ".db", "btree": ".db"}.get(kind, "." + kind)
    elsewhere = tempfile.mkdtemp(prefix="kill.", dir="/etc")

    def table(name, folder=directory):
        return os.path.join(folder, "kill-" + name)

    def request(number):
        return {
            "config_directory": directory,
            "main": {
                "myhostname": "host{0}.example.com".format(number),
                "mynetworks": ["127.0.0.0/8", "10.{0}.0.0/16".format(number)],
                "transport_maps": "{0}:{1}".format(kind, table("transport")),
                "canonical_maps": "{0}:{1}".format(kind, table("new" if number == 2 else "gone")),
            },
            "if_supported": {"smtpd_forbid_bare_newline": "yes"},
            "master": [
                {"name": "10587", "type": "inet", "command": "smtpd", "options": {"syslog_name": "kill/%d" % number}},
                {
                    "name": "10588",
                    "type": "inet",
                    "command": "smtpd",
                    "state": "absent" if number == 2 else "present",
                },
            ],
            "tables": [
                {"path": table("transport"), "type": kind, "entries": {"a.example": "smtp:[h%d]" % number}},
                {"path": table("secret", elsewhere), "type": kind, "secret_entries": {"a": "p:%d" % number}},
                {
                    "path": table("gone"),
                    "type": kind,
                    "entries": {"a": "b"},
                    "state": "absent" if number == 2 else "present",
                },
            ]
            + ([{"path": table("new"), "type": kind, "entries": {"a": "b"}}] if number == 2 else []),
            "files": [{"path": table("file"), "content": "content %d\n" % number}],
            "backup": False,
        }

    tables = [table("transport"), table("secret", elsewhere), table("gone"), table("new")]
    files = [os.path.join(directory, name) for name in ("main.cf", "master.cf")]
    files += tables + [path + suffix for path in tables] + [table("file")]
    original = snapshot(files)
    problems = []
    verdicts = {}
    checked = 0
    try:
        for number in (1, 2):
            status, total = apply_in_child(request(number), 0, verdicts)
            if status != 0:
                print("the configuration of state {0} cannot be set up".format(number))
                return 1
            if number == 1:
                old = snapshot(files)
        new = snapshot(files)
        for fatal in range(1, total + 1):
            restore(old)
            age(files[:2])
            status, _count = apply_in_child(request(2), fatal, verdicts)
            checked += 1
            if not os.WIFSIGNALED(status):
                problems.append("operation {0}: the run was not killed (status {1})".format(fatal, status))
            state = snapshot(files)
            for path in files:
                if not same(path, state[path], old[path]) and not same(path, state[path], new[path]):
                    problems.append("operation {0}: {1} is neither old nor new".format(fatal, path))
            age(files[:2])
            if subprocess.call([Runner.find("postfix"), "check"]) != 0:
                problems.append("operation {0}: postfix check fails".format(fatal))
            status, _count = apply_in_child(request(2), 0, verdicts)
            final = snapshot(files)
            if status != 0 or not all(same(path, final[path], new[path]) for path in files):
                problems.append("operation {0}: the next run does not finish the work".format(fatal))
            for path in leftovers([directory, elsewhere]):
                problems.append("operation {0}: {1} is left".format(fatal, path))
            for problem in problems[-3:]:
                print(problem)
            if fatal % 20 == 0:
                print("{0} of {1}".format(fatal, total))
                sys.stdout.flush()
    finally:
        restore(original)
        shutil.rmtree(elsewhere)
    print("killed at each of {0} operations: {1} problems".format(checked, len(problems)))
    return 1 if problems or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
