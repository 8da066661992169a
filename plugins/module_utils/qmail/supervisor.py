# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The running qmail-send, what supervises it, and the proof that it has taken a signal or was restarted.

The host is asked through proc(5): whose child qmail-send is (daemontools' supervise(8) and runit's runsv(8) work in the
directory of their service), or which systemd unit has it as its main process. qmail-start(8) becomes qmail-send by
exec(2), so under each of them qmail-send is the supervised process itself.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re
import signal
import tempfile
import time
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.processes import systemd_groups
from ansible_collections.mailops.relay.plugins.module_utils.qmail.control import RESTART

PROGRAM = "qmail-send"
MANAGERS = ("systemd", "daemontools", "runit", "init")

# Where a service that is given by its name is looked for.
_SERVICE_DIRECTORIES = ("/service", "/etc/service", "/var/service")
_SCRIPT_DIRECTORY = "/etc/init.d"
_SCRIPTS = ("qmail", "notqmail", "qmail-send")

_POLL = 0.1
# A process that ends at once, because it cannot read its control files, must not count as restarted.
_STABLE = 0.5
# How long a process that has just started may take to read its control files.
_STARTING = 5.0

# pid, parent: int; name: what the kernel calls it; started: clock ticks since boot. pid and started together
# name one process for as long as the host is up.
Process = namedtuple("Process", "pid name parent started")

# manager: one of MANAGERS; name: directory, unit or script.
Service = namedtuple("Service", "manager name")


class SupervisorError(RelayError):
    """qmail-send could not be told of a change; the text says what state it is in and what to do."""


class ProcessTable(object):
    """What proc(5) says of the processes that share this host's file system and process names.

    Args:
        root: str, where proc is mounted.
    """

    def __init__(self, root="/proc"):
        self._root = root

    def _path(self, pid, *names):
        return os.path.join(self._root, str(pid), *names)

    def link(self, pid, name):
        """str or None: where a symbolic link of a process points; None when it is gone or not ours to see."""
        try:
            return os.readlink(self._path(pid, name))
        except OSError:
            return None

    def text(self, pid, name):
        """str: a file of a process; empty when the process is gone."""
        try:
            return read_native(self._path(pid, name)) or ""
        except EnvironmentError as exc:
            if exc.errno not in (errno.ESRCH, errno.EACCES, errno.EPERM):
                raise
            return ""

    def process(self, pid):
        """Process or None: None when there is no such process, or it has ended and waits for its parent."""
        # PID (NAME) STATE PARENT ... with the start time as field 22; NAME may have any character.
        match = re.match(r"[0-9]+ \((.*)\) (.*)", self.text(pid, "stat"), re.DOTALL)
        fields = match.group(2).split() if match else []
        if len(fields) < 20 or fields[0] in "ZX":
            return None
        return Process(int(pid), match.group(1), int(fields[1]), int(fields[19]))

    def named(self, name):
        """list of Process: all of this name in this PID namespace; a container's own qmail is not this host's."""
        found = [self.process(pid) for pid in sorted(os.listdir(self._root)) if pid.isdigit()]
        return [item for item in found if item is not None and item.name == name and self._is_of_this_host(item.pid)]

    def _is_of_this_host(self, pid):
        # A process in a PID namespace below this one has further IDs there (Linux 4.1).
        inner = re.search(r"^NSpid:(.*)$", self.text(pid, "status"), re.MULTILINE)
        if inner:
            return len(inner.group(1).split()) == 1
        return self.link(pid, "ns/pid") in (None, self.link("self", "ns/pid"))

    def signals(self, pid, field):
        """int: a mask of signals from C(status), bit 0 for signal 1; 0 when the process is gone."""
        match = re.search(r"^{0}:\s*([0-9A-Fa-f]+)$".format(field), self.text(pid, "status"), re.MULTILINE)
        return int(match.group(1), 16) if match else 0

    def catches(self, pid, number):
        """bool: whether the process has a handler for a signal; without one, HUP or ALRM would end it."""
        return bool(self.signals(pid, "SigCgt") & 1 << number - 1)

    def has_pending(self, pid, number):
        """bool: whether a signal waits to be delivered."""
        pending = self.signals(pid, "SigPnd") | self.signals(pid, "ShdPnd")
        return bool(pending & 1 << number - 1)

    def unit(self, pid):
        """str or None: the systemd service whose control group the process is in."""
        names = [path.rpartition("/")[2] for path in systemd_groups(self.text(pid, "cgroup"))]
        return next((name for name in names if name.endswith(".service")), None)


class Supervisor(object):
    """The running qmail-send of one control directory.

    Args:
        directory: str, the control directory.
        runner: a ``Runner``.
        manager: str, C(auto) or one of MANAGERS.
        service: str or None, the service's name or path; None has it found.
        timeout: float, seconds to wait for a signal or a restart to take effect.
        table: ProcessTable.
        kill: callable as ``os.kill``.
    """

    def __init__(self, directory, runner, manager="auto", service=None, timeout=120.0, table=None, kill=os.kill):
        self._directory = directory
        self._runner = runner
        self._manager = manager
        self._wanted = service
        self._timeout = timeout
        self._table = table or ProcessTable()
        self._kill = kill

    def running(self):
        """Process or None: the qmail-send that reads this control directory.

        Raises:
            SupervisorError: several run, and none or more than one of them belongs to the directory.
        """
        found = self._table.named(PROGRAM)
        # Between fork(2) and exec(2) of qmail-queue, for a bounce, its child has its name.
        pids = [process.pid for process in found]
        found = [process for process in found if process.parent not in pids]
        if len(found) > 1:
            mine = [process for process in found if self._reads_directory(process)]
            if len(mine) != 1:
                raise SupervisorError(
                    "{0} processes of qmail-send run (pid {1}), and it cannot be told which one reads {2}; "
                    "stop those that should not run".format(
                        len(found), ", ".join(str(process.pid) for process in found), self._directory
                    )
                )
            found = mine
        return found[0] if found else None

    def _reads_directory(self, process):
        # qmail-send works in the directory queue beside control (qmail-send.c).
        work = self._table.link(process.pid, "cwd")
        beside = os.path.join(os.path.dirname(work or "/"), "control")
        return os.path.realpath(beside) == os.path.realpath(self._directory)

    def service(self, process):
        """Service or None: what supervises the process; None when it cannot be told.

        Args:
            process: Process or None.

        Raises:
            SupervisorError: the service that the caller named does not exist.
        """
        if self._wanted:
            return Service(self._manager, self._resolved())
        found = self._identified(process) if process else None
        return found if found and self._manager in ("auto", found.manager) else None

    def _resolved(self):
        name = self._wanted
        if self._manager == "systemd":
            return name if "." in name else name + ".service"
        places = (_SCRIPT_DIRECTORY,) if self._manager == "init" else _SERVICE_DIRECTORIES
        candidates = [name] if name.startswith("/") else [os.path.join(place, name) for place in places]
        for candidate in candidates:
            if os.path.isfile(candidate) if self._manager == "init" else os.path.isdir(candidate):
                return candidate
        raise SupervisorError(
            "there is no {0} service '{1}' on this host ({2}); correct the option 'service', nothing was changed".format(
                self._manager, name, ", ".join(candidates)
            )
        )

    def _identified(self, process):
        parent = self._table.process(process.parent)
        managers = {"supervise": "daemontools", "runsv": "runit"}
        if parent is not None and parent.name in managers:
            directory = self._table.link(parent.pid, "cwd")
            return Service(managers[parent.name], directory) if directory else None
        unit = self._table.unit(process.pid)
        if unit and self._runner.find("systemctl"):
            known = _properties(
                self._runner.run(["systemctl", "show", "--property=MainPID,SourcePath", unit], check=False)
            )
            # A unit that systemd made from an init script knows no main process. Any other, such as that of svscan under
            # which a shell started qmail-start, would stop more than qmail.
            made_of_script = os.path.dirname(known.get("SourcePath", "")) == _SCRIPT_DIRECTORY
            return Service("systemd", unit) if made_of_script or known.get("MainPID") == str(process.pid) else None
        scripts = [os.path.join(_SCRIPT_DIRECTORY, name) for name in _SCRIPTS]
        present = [script for script in scripts if os.access(script, os.X_OK)]
        return Service("init", present[0]) if present else None

    def require(self, process, service, action):
        """Refuse, before anything changes, what ``perform`` could not do.

        Raises:
            SupervisorError: a restart is needed and it is not known how, or its program is missing.
        """
        if action != RESTART or process is None:
            return
        if service is None:
            raise SupervisorError(
                "qmail-send (pid {0}) must be restarted for this change, and what supervises it{1} cannot be told; "
                "name it with service_manager and service, or restart qmail-send yourself with service_manager 'none'; "
                "nothing was changed".format(
                    process.pid, "" if self._manager == "auto" else " with {0}".format(self._manager)
                )
            )
        self._require_program(process, service)

    def require_stop(self, process, service):
        """Refuse, before anything changes, what ``stop`` and ``start`` could not do.

        Raises:
            SupervisorError: it is not known how, or the program for it is missing.
        """
        if service is None:
            raise SupervisorError(
                "qmail-send (pid {0}) runs, and what supervises it cannot be told; stop it, run this again and start it "
                "afterwards; nothing was changed".format(process.pid)
            )
        self._require_program(process, service)

    def _require_program(self, process, service):
        if service.manager != "init":
            self._program({"daemontools": "svc", "runit": "sv", "systemd": "systemctl"}[service.manager], process)

    def _program(self, name, process):
        """str: the path of svc, svstat or sv; daemontools is often outside of PATH, beside the running supervise."""
        beside = os.path.join(os.path.dirname(self._table.link(process.parent, "exe") or "/"), name)
        path = beside if os.access(beside, os.X_OK) else self._runner.find(name)
        if path is None:
            raise SupervisorError(
                "there is no program '{0}' to control qmail-send with; install it, nothing was changed".format(name)
            )
        return path

    def perform(self, action, process, service):
        """Make the running qmail-send use what its control files say now, and wait until it does.

        Args:
            action: HUP or RESTART.
            process: Process, the one that has the old configuration.
            service: Service or None, from ``service``; a HUP needs none.

        Returns:
            Process: the one that runs with the new configuration.

        Raises:
            SupervisorError: it did not take effect; the text says how qmail-send is.
        """
        if action == RESTART:
            return self._restart(process, service)
        self._signal(process, signal.SIGHUP, "HUP")
        # One that was started meanwhile has read the new files.
        present = self.running()
        if present is None:
            raise SupervisorError(
                "qmail-send (pid {0}) ended when it got the signal HUP; start it again".format(process.pid)
            )
        return present

    def retry(self, process):
        """Have qmail-send try every message again now, qmail-send(8).

        Args:
            process: Process.

        Raises:
            SupervisorError: it has not taken the signal.
        """
        self._signal(process, signal.SIGALRM, "ALRM")

    def _signal(self, process, number, name):
        # Sent to qmail-send itself and not by its supervisor: only so it can be seen that it was delivered.
        self._wait(
            lambda: self._table.catches(process.pid, number) or not self._is_there(process),
            lambda: "qmail-send (pid {0}) has no handler for {1}, which would end it; is it the real one?".format(
                process.pid, name
            ),
            min(_STARTING, self._timeout),
        )
        if self._is_there(process):
            self._kill(process.pid, number)
            self._wait(
                lambda: not self._table.has_pending(process.pid, number),
                lambda: "qmail-send (pid {0}) was sent {1}, which it has not taken yet".format(process.pid, name),
            )

    def _is_there(self, process):
        return self._table.process(process.pid) == process

    def stop(self, process, service):
        """Have the supervisor stop qmail-send, and wait until it is gone.

        It ends after its current deliveries. When it does not end in time, the supervisor still has the order to keep
        it down: ``start`` takes that back.

        Args:
            process: Process.
            service: Service.

        Raises:
            SupervisorError: it runs still; the text says how it is.
        """
        self._tell("stop", process, service)
        self._wait(
            lambda: not self._is_there(process) and self.running() is None,
            lambda: "qmail-send was told to stop by {0} ({1}): {2}".format(
                service.manager, service.name, self._state(process, service)
            ),
        )

    def start(self, process, service):
        """Have the supervisor start qmail-send, and wait until it runs and stays.

        Args:
            process: Process, the one that was stopped.
            service: Service.

        Returns:
            Process

        Raises:
            SupervisorError: it does not run; the text says how it is.
        """
        self._tell("start", process, service)
        return self._wait(
            lambda: self._replaced(None),
            lambda: "qmail-send was told to start by {0} ({1}): {2}".format(
                service.manager, service.name, self._state(process, service)
            ),
        )

    def _restart(self, process, service):
        self._tell("restart", process, service)
        return self._wait(
            lambda: self._replaced(process),
            lambda: "qmail-send was told to restart by {0} ({1}): {2}".format(
                service.manager,
                service.name,
                self._state(process, service, "the new configuration is used from then on"),
            ),
        )

    def _tell(self, verb, process, service):
        """Give the supervisor an order: C(stop), C(start) or C(restart)."""
        commands = {
            "daemontools": ["svc", {"stop": "-d", "start": "-u", "restart": "-t"}[verb], service.name],
            "runit": ["sv", {"stop": "down", "start": "up", "restart": "term"}[verb], service.name],
            "systemd": ["systemctl", "--no-block", verb, service.name],
        }
        if service.manager == "init":
            said = self._run_script(service.name, verb)
        else:
            command = commands[service.manager]
            program = self._program(command[0], process)
            said = self._run([program] + command[1:], complains=service.manager == "daemontools")
        if said:
            raise SupervisorError(
                "qmail-send could not be told to {0} by {1} ({2}): {3}; {4}".format(
                    verb, service.manager, service.name, said, self._state(process, service)
                )
            )

    def _run(self, argv, complains):
        """str: what is wrong; empty when nothing is. svc(8) ends with 0 even when there is nothing to control."""
        try:
            result = self._runner.run(argv, check=False)
        except CommandError as exc:
            return str(exc)
        said = (result.stderr or result.stdout).strip()
        return (said or "exit code {0}".format(result.rc)) if result.rc or (complains and result.stderr.strip()) else ""

    def _run_script(self, script, verb):
        """str: as of ``_run``. What a script starts may keep its output open for ever, so that goes to a file."""
        handle, path = tempfile.mkstemp(prefix="mailops-qmail-init.")
        os.close(handle)
        try:
            command = '"$1" "$2" </dev/null >"$3" 2>&1'
            result = self._runner.run(["/bin/sh", "-c", command, "sh", script, verb, path], check=False)
            said = (read_native(path) or "").strip()
        finally:
            os.unlink(path)
        return (said or "exit code {0}".format(result.rc)) if result.rc else ""

    def _replaced(self, old):
        """Process or None: the new qmail-send, when it has read its control files and stays."""
        new = self.running()
        # qmail-send installs its handlers after it has read the control files (qmail-send.c).
        if new is None or new == old or not self._table.catches(new.pid, signal.SIGHUP):
            return None
        time.sleep(_STABLE)
        return new if self._is_there(new) else None

    def _wait(self, reached, problem, seconds=None):
        seconds = self._timeout if seconds is None else seconds
        deadline = time.time() + seconds
        while True:
            found = reached()
            if found:
                return found
            if time.time() >= deadline:
                raise SupervisorError("{0} (waited {1:g} s)".format(problem(), seconds))
            time.sleep(_POLL)

    def _state(self, old, service, afterwards=None):
        """str: how qmail-send is, in the words of its supervisor too."""
        present = self.running()
        if present == old:
            state = "the old one (pid {0}) still runs; it ends after its current deliveries{1}".format(
                old.pid, ", and " + afterwards if afterwards else ""
            )
        elif present is None:
            state = "no qmail-send runs now; look into its log and start it"
        else:
            state = "qmail-send (pid {0}) starts and ends again; look into its log".format(present.pid)
        status = {
            "daemontools": ["svstat", service.name],
            "runit": ["sv", "status", service.name],
            "systemd": ["systemctl", "show", "--property=ActiveState,SubState,Result", service.name],
        }.get(service.manager)
        if status is None:
            return state
        try:
            answer = self._runner.run([self._program(status[0], old)] + status[1:], check=False)
        except RelayError:
            return state
        return "{0} ({1})".format(state, " ".join((answer.stdout or answer.stderr).split()))


def _properties(result):
    """dict: the lines NAME=VALUE of C(systemctl show)."""
    return dict(line.split("=", 1) for line in result.stdout.splitlines() if "=" in line)
