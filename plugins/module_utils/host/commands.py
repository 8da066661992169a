# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one way in which this collection runs a program on the managed host.

Logic takes a ``Runner`` as an argument and never sees ``AnsibleModule``; a unit test passes an object
with the same ``run`` method.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections
import contextlib
import errno
import io
import os
import select
import signal
import subprocess
import sys
import tempfile

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, about, fix_for

# EL7 and Debian minimal hosts often have no sbin in the PATH of a non-root login, and sudo may drop it.
SBIN_DIRECTORIES = ["/usr/sbin", "/sbin", "/usr/local/sbin"]

Result = collections.namedtuple("Result", "rc stdout stderr")

# So much of a long output is shown when its program fails.
_LAST_LINES = 20

# Milliseconds in which a program that has ended, and those that it has left behind, say nothing more.
_SILENCE = 1000
# Bytes that are read at once.
_BLOCK = 1 << 16


class CommandError(RelayError):
    """A program is missing or ended with an exit code that the caller did not expect."""

    def __init__(self, argv, rc, stdout, stderr):
        self.argv = list(argv)
        self.rc = rc
        self.stdout = stdout
        self.stderr = stderr
        detail = (stderr or stdout).strip() or "no output"
        fix = fix_for(detail)
        super(CommandError, self).__init__(
            "{0} failed with exit code {1}: {2}{3}".format(" ".join(self.argv), rc, detail, fix and "; " + fix)
        )

    def facts(self):
        """dict: what C(fail_json) shows besides the message."""
        return {"cmd": self.argv, "rc": self.rc, "stdout": self.stdout, "stderr": self.stderr}


def _native(output):
    return to_native(output, errors="surrogateescape")


def _default_signals():
    """Python ignores SIGPIPE, and its children inherit that; from Python 3 on, Popen undoes it."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


@contextlib.contextmanager
def _process(argv, env, stdin, stdout, stderr):
    """Start a program; it has ended when the block has: by itself, or killed where the block was left early.

    Args:
        argv: list of str; the first element is a path.
        env: dict of further environment variables, or None.
        stdin: as for C(subprocess.Popen), as are the others.
        stdout: see there.
        stderr: see there.

    Yields:
        subprocess.Popen
    """
    with about(argv[0]):
        process = subprocess.Popen(
            # Otherwise Python 3 writes words beyond ASCII as the locale has it, or refuses them, and Python 2 always does.
            [to_bytes(word, errors="surrogateescape") for word in argv],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=dict(dict(os.environ, LANG="C", LC_ALL="C", LC_MESSAGES="C"), **(env or {})),
            close_fds=True,
            preexec_fn=_default_signals if sys.version_info[0] == 2 else None,
            bufsize=-1,
        )
    finished = False
    try:
        yield process
        finished = True
    finally:
        # Python 2 would kill whoever has the number of one that has ended.
        if not finished and process.poll() is None:
            # Nobody wants the rest.
            process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        process.wait()


def _conversation(process, asked):
    """Give a program its input and listen until it has ended.

    C(AnsibleModule.run_command) loses the last words of a program that is silent for a second and ends just then, and gets
    stuck with one that says much before it has read all. C(Popen.communicate) waits for a daemon that the program leaves behind with
    its pipes open. Input that the program does not want is no error: its exit code and what it says tell why.

    Args:
        process: subprocess.Popen, with pipes.
        asked: bytes.

    Returns:
        tuple: (bytes, bytes), standard output and standard error.
    """
    output, errors, question = (pipe.fileno() for pipe in (process.stdout, process.stderr, process.stdin))
    said = {output: [], errors: []}
    poller = select.poll()
    for number in said:
        poller.register(number, select.POLLIN)
    if asked:
        poller.register(question, select.POLLOUT)
    else:
        process.stdin.close()
    opened, given = set(said), 0
    while opened or given < len(asked):
        # Asked before the look at the pipes: what it said at its end is in them by then.
        ended = process.poll() is not None
        try:
            ready = poller.poll(_SILENCE)
        except select.error as exc:
            # Python 2 is interrupted by a signal that the module handles.
            if exc.args[0] != errno.EINTR:
                raise
            continue
        if ended and not ready:
            break
        for number, _event in ready:
            if number == question:
                try:
                    # So much can be written without waiting.
                    given += os.write(number, asked[given : given + select.PIPE_BUF])
                except EnvironmentError as exc:
                    if exc.errno != errno.EPIPE:
                        raise
                    given = len(asked)
                if given == len(asked):
                    poller.unregister(number)
                    process.stdin.close()
                continue
            block = os.read(number, _BLOCK)
            said[number].append(block)
            if not block:
                poller.unregister(number)
                opened.remove(number)
    return b"".join(said[output]), b"".join(said[errors])


class Runner(object):
    """Runs programs without a shell, in the C locale, and counts them.

    Args:
        module: an ``AnsibleModule``.
    """

    def __init__(self, module):
        self._module = module
        self._paths = {}
        self.calls = 0
        self.complaints = ""

    def find(self, program):
        """str or None: the path of a program, looked up in PATH and the sbin directories."""
        if program not in self._paths:
            self._paths[program] = self._module.get_bin_path(program, opt_dirs=SBIN_DIRECTORIES)
        return self._paths[program]

    def _path_of(self, argv):
        """str: the path of the program that these words call. Raises CommandError where there is none."""
        path = argv[0] if argv[0].startswith("/") else self.find(argv[0])
        if path is None:
            raise CommandError(argv, 127, "", "no such program: {0}".format(argv[0]))
        return path

    def run(self, argv, stdin=None, check=True, env=None):
        """Run a program and wait for it.

        Args:
            argv: list of str; the first element is a program name or a path.
            stdin: str given to the program on standard input. Secrets go here or into a file of mode
                0600, never into argv or env.
            check: whether an exit code other than 0 raises.
            env: dict of further environment variables.

        Returns:
            Result: exit code, standard output and standard error (native strings).

        Raises:
            CommandError: the program is not there, or ``check`` is set and it failed.
            EnvironmentError: it is there and cannot be started.
        """
        argv = list(argv)
        path = self._path_of(argv)
        self.calls += 1
        with _process(
            [path] + argv[1:], env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            said = _conversation(process, to_bytes(stdin or "", errors="surrogateescape"))
        rc, stdout, stderr = process.returncode, _native(said[0]), _native(said[1])
        if check and rc != 0:
            raise CommandError(argv, rc, stdout, stderr)
        return Result(rc, stdout, stderr)

    def lines(self, argv, stdin=None, env=None, merge=False):
        """Run a program and give its output line by line, so that memory does not grow with it.

        Args:
            argv: list of str; the first element is a program name or a path.
            stdin: iterable of str given to the program as lines; no secrets. They are written down first: a program
                that answers while it still reads cannot get stuck with us.
            env: dict of further environment variables.
            merge: whether lines of standard error are given too.

        Yields:
            str: each line of standard output, without its end. Bytes that are not UTF-8 are kept as by
            ``files.read_native``. Afterwards ``complaints`` has what it wrote to standard error.

        Raises:
            CommandError: the program is not there, or it failed; lines that it wrote before have been given then.
        """
        last = collections.deque(maxlen=_LAST_LINES) if merge else None
        with tempfile.TemporaryFile() as questions:
            for line in stdin or ():
                questions.write(to_bytes(line + "\n", errors="surrogateescape"))
            questions.flush()
            questions.seek(0)
            with self._running(argv, questions, env, last) as output:
                if sys.version_info[0] > 2:
                    output = io.TextIOWrapper(output, encoding="utf-8", errors="surrogateescape", newline="\n")
                # Not `for line in output`: Python 2 reads ahead and waits.
                for line in iter(output.readline, ""):
                    line = line.rstrip("\n")
                    if merge:
                        last.append(line)
                    yield line

    def blocks(self, argv, stdin=None, env=None, size=_BLOCK):
        """Run a program and give its output as it is, in pieces, so that memory does not grow with it.

        Args:
            argv: list of str; the first element is a program name or a path.
            stdin: binary file that the program reads itself, from where the file's descriptor stands, or None.
            env: dict of further environment variables.
            size: int, the most bytes of a piece.

        Yields:
            bytes: the next piece of standard output; it ends anywhere. Afterwards ``complaints`` has what the program
            wrote to standard error.

        Raises:
            CommandError: the program is not there, or it failed; what it wrote before has been given then.
        """
        with open(os.devnull, "rb") as nothing, self._running(
            argv, nothing if stdin is None else stdin, env, None
        ) as output:
            for block in iter(lambda: output.read(size), b""):
                yield block

    @contextlib.contextmanager
    def _running(self, argv, stdin, env, last):
        """Run a program while its output is read; what is not read then is not wanted.

        Args:
            argv: list of str; the first element is a program name or a path.
            stdin: binary file.
            env: dict of further environment variables, or None.
            last: None, or a list that the reader fills with the last lines of output, among which are standard error's.

        Yields:
            binary file: standard output.

        Raises:
            CommandError: the program is not there, or it failed.
        """
        argv = list(argv)
        path = self._path_of(argv)
        self.calls += 1
        self.complaints = ""
        # Standard error goes to a file: a pipe that nobody reads would stop the program when it is full.
        with tempfile.TemporaryFile() as errors:
            try:
                with _process(
                    [path] + argv[1:],
                    env,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=errors if last is None else subprocess.STDOUT,
                ) as process:
                    yield process.stdout
            finally:
                errors.seek(0)
                self.complaints = _native(errors.read()) if last is None else "\n".join(last)
        if process.returncode != 0:
            raise CommandError(argv, process.returncode, "", self.complaints)
