# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import signal
import stat

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.qmail.supervisor import (
    Process,
    ProcessTable,
    Service,
    Supervisor,
    SupervisorError,
)

UNIT = "0::/system.slice/{0}\n"


class Host(object):
    """A host with a proc of its own; what a program does is a function in C(programs)."""

    def __init__(self, directory):
        self.proc = str(directory.mkdir("proc"))
        self.control = str(directory.mkdir("home").mkdir("control"))
        self.programs = {}
        self.calls = []
        self.signals = []
        self.add(1, "systemd", 0)

    def add(self, pid, name, parent, started=100, catches=True, cgroup="0::/\n", inner="", cwd=None):
        path = os.path.join(self.proc, str(pid))
        os.path.isdir(path) or os.mkdir(path)
        fields = ["S", str(parent)] + ["0"] * 17 + [str(started)] + ["0"] * 30
        files = {
            "stat": "{0} ({1}) {2}\n".format(pid, name, " ".join(fields)),
            "status": "Name:\t{0}\nNSpid:\t{1}{2}\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigCgt:\t{3:016x}\n".format(
                name, pid, inner, 1 if catches else 2
            ),
            "cgroup": cgroup,
        }
        for file, text in files.items():
            with open(os.path.join(path, file), "w") as stream:
                stream.write(text)
        if cwd:
            os.symlink(cwd, os.path.join(path, "cwd"))

    def remove(self, pid):
        path = os.path.join(self.proc, str(pid))
        for name in os.listdir(path):
            os.unlink(os.path.join(path, name))
        os.rmdir(path)

    def find(self, program):
        return "/usr/bin/" + program if program in self.programs else None

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(list(argv))
        answer = self.programs[os.path.basename(argv[0])](argv)
        return answer or Result(0, "", "")

    def kill(self, pid, number):
        self.signals.append((pid, number))

    def supervisor(self, *args, **kwargs):
        kwargs.setdefault("timeout", 0.3)
        return Supervisor(self.control, self, *args, table=ProcessTable(self.proc), kill=self.kill, **kwargs)


@pytest.fixture
def host(tmpdir):
    return Host(tmpdir)


def test_nothing_runs(host):
    supervisor = host.supervisor()
    assert supervisor.running() is None
    assert supervisor.service(None) is None
    supervisor.require(None, None, "restart")


def test_a_name_with_brackets_and_a_qmail_in_a_container_are_not_ours(host):
    host.add(7, "a) S 1 (x", 1)
    host.add(8, "qmail-send", 1, inner="\t4")
    host.add(9, "qmail-send", 1, started=5)
    assert host.supervisor().running() == Process(9, "qmail-send", 1, 5)


def test_a_child_that_is_about_to_be_qmail_queue_is_not_a_second_one(host):
    host.add(9, "qmail-send", 1)
    host.add(10, "qmail-send", 9)
    assert host.supervisor().running().pid == 9


def test_of_several_the_one_of_this_directory(host, tmpdir):
    other = str(tmpdir.mkdir("other"))
    host.add(8, "qmail-send", 1, cwd=os.path.join(other, "queue"))
    host.add(9, "qmail-send", 1, cwd=os.path.join(os.path.dirname(host.control), "queue"))
    assert host.supervisor().running().pid == 9
    host.remove(9)
    host.add(9, "qmail-send", 1)
    with pytest.raises(SupervisorError) as caught:
        host.supervisor().running()
    assert "pid 8, 9" in str(caught.value)


@pytest.mark.parametrize("name, manager", [("supervise", "daemontools"), ("runsv", "runit")])
def test_the_parent_is_the_supervisor_whatever_unit_it_is_in(host, name, manager):
    host.programs["systemctl"] = lambda argv: Result(0, "MainPID=4\n", "")
    host.add(5, name, 4, cwd="/etc/service/qmail-send")
    host.add(9, "qmail-send", 5, cgroup=UNIT.format("svscan.service"))
    supervisor = host.supervisor()
    assert supervisor.service(supervisor.running()) == Service(manager, "/etc/service/qmail-send")
    assert host.supervisor("systemd").service(supervisor.running()) is None


@pytest.mark.parametrize(
    "answer, found",
    [
        ("MainPID=9\nSourcePath=\n", Service("systemd", "notqmail.service")),
        ("MainPID=0\nSourcePath=/etc/init.d/qmail\n", Service("systemd", "notqmail.service")),
        ("MainPID=4\nSourcePath=\n", None),
    ],
)
@pytest.mark.parametrize(
    "cgroup", ["0::/system.slice/{0}\n", "3:cpu:/x.service\n1:name=systemd:/docker/a/system.slice/{0}\n"]
)
def test_a_unit_of_systemd_is_the_one_whose_main_process_it_is(host, answer, found, cgroup):
    host.programs["systemctl"] = lambda argv: Result(0, answer, "")
    host.add(9, "qmail-send", 1, cgroup=cgroup.format("notqmail.service"))
    supervisor = host.supervisor()
    assert supervisor.service(supervisor.running()) == found
    assert host.calls[0][-1] == "notqmail.service"


def test_a_restart_without_a_known_supervisor_is_refused_beforehand(host):
    host.programs["systemctl"] = lambda argv: Result(0, "MainPID=4\n", "")
    host.add(9, "qmail-send", 1, cgroup=UNIT.format("x.service"))
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.require(supervisor.running(), None, "restart")
    assert "service_manager" in str(caught.value) and "nothing was changed" in str(caught.value)
    supervisor.require(supervisor.running(), None, "hup")


def test_a_missing_program_is_refused_beforehand(host):
    host.add(9, "qmail-send", 1)
    with pytest.raises(SupervisorError) as caught:
        host.supervisor().require(host.supervisor().running(), Service("runit", "/x"), "restart")
    assert "'sv'" in str(caught.value)


def test_a_service_that_is_named_and_not_there(host):
    with pytest.raises(SupervisorError) as caught:
        host.supervisor("daemontools", "/nowhere/qmail").service(None)
    assert "/nowhere/qmail" in str(caught.value)
    assert host.supervisor("systemd", "qmail").service(None) == Service("systemd", "qmail.service")


def test_hup_goes_to_qmail_send_itself(host):
    host.add(9, "qmail-send", 1)
    supervisor = host.supervisor()
    old = supervisor.running()
    assert supervisor.perform("hup", old, None) == old
    assert host.signals == [(9, signal.SIGHUP)]


def test_hup_is_not_sent_to_what_it_would_end(host):
    host.add(9, "qmail-send", 1, catches=False)
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.perform("hup", supervisor.running(), None)
    assert host.signals == [] and "no handler for HUP" in str(caught.value)


def test_hup_that_is_not_taken(host):
    host.add(9, "qmail-send", 1)
    status = os.path.join(host.proc, "9", "status")
    with open(status) as stream:
        text = stream.read().replace("ShdPnd:\t0000000000000000", "ShdPnd:\t0000000000000001")
    with open(status, "w") as stream:
        stream.write(text)
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.perform("hup", supervisor.running(), None)
    assert "has not taken" in str(caught.value)


def replaces(host, **new):
    def program(argv):
        host.remove(9)
        host.add(10, "qmail-send", 1, started=200, **new)

    return program


@pytest.mark.parametrize(
    "manager, program, words",
    [
        ("daemontools", "svc", ["-t", "/service/qmail"]),
        ("runit", "sv", ["term", "/service/qmail"]),
        ("systemd", "systemctl", ["--no-block", "restart", "/service/qmail"]),
    ],
)
def test_a_restart_is_done_when_a_new_process_stays(host, manager, program, words):
    host.add(9, "qmail-send", 1)
    host.programs[program] = replaces(host)
    supervisor = host.supervisor(timeout=2)
    assert supervisor.perform("restart", supervisor.running(), Service(manager, "/service/qmail")).pid == 10
    assert host.calls == [["/usr/bin/" + program] + words]


def test_an_init_script_may_leave_its_output_open(host, tmpdir):
    host.add(9, "qmail-send", 1)
    script = tmpdir.join("qmail")
    script.write("#!/bin/sh\n")

    def shell(argv):
        with open(argv[-1], "w") as stream:
            stream.write("cannot stop\n")
        return Result(1, "", "")

    host.programs["sh"] = shell
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.perform("restart", supervisor.running(), Service("init", str(script)))
    assert "cannot stop" in str(caught.value) and "pid 9" in str(caught.value)
    assert not os.path.exists(host.calls[0][-1])
    host.programs["sh"] = replaces(host)
    assert host.supervisor(timeout=2).perform("restart", supervisor.running(), Service("init", str(script))).pid == 10


def test_svc_that_complains_and_ends_with_0(host):
    host.add(9, "qmail-send", 1)
    host.programs["svc"] = lambda argv: Result(0, "", "svc: warning: unable to control /x: supervise not running\n")
    host.programs["svstat"] = lambda argv: Result(0, "/x: supervise not running\n", "")
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.perform("restart", supervisor.running(), Service("daemontools", "/x"))
    assert "unable to control /x" in str(caught.value)


@pytest.mark.parametrize(
    "act, says",
    [
        (lambda host: None, "the old one (pid 9) still runs"),
        (lambda host: host.remove(9), "no qmail-send runs now"),
        (lambda host: replaces(host, catches=False)(None), "starts and ends again"),
    ],
)
def test_a_restart_that_does_not_come_to_its_end_says_the_state(host, act, says):
    host.add(9, "qmail-send", 1)
    host.programs["sv"] = lambda argv: act(host) if argv[1] == "term" else Result(0, "down: /x: 1s\n", "")
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.perform("restart", supervisor.running(), Service("runit", "/x"))
    assert says in str(caught.value) and "down: /x: 1s" in str(caught.value)


def test_svc_beside_the_supervise_that_runs(host, tmpdir):
    tool = tmpdir.mkdir("command").join("svc")
    tool.write("")
    os.chmod(str(tool), stat.S_IRWXU)
    host.add(5, "supervise", 1)
    os.symlink(str(tmpdir.join("command").join("supervise")), os.path.join(host.proc, "5", "exe"))
    host.add(9, "qmail-send", 5)
    host.supervisor().require(host.supervisor().running(), Service("daemontools", "/x"), "restart")


ORDERS = [
    ("daemontools", "svc", ["-d", "/service/qmail"], ["-u", "/service/qmail"]),
    ("runit", "sv", ["down", "/service/qmail"], ["up", "/service/qmail"]),
    ("systemd", "systemctl", ["--no-block", "stop", "/service/qmail"], ["--no-block", "start", "/service/qmail"]),
]


@pytest.mark.parametrize("manager, program, stop, start", ORDERS)
def test_stop_ends_when_it_is_gone_and_start_when_it_stays(host, manager, program, stop, start):
    host.add(9, "qmail-send", 1)
    host.programs[program] = lambda argv: (
        host.remove(9) if argv[1:] == stop else host.add(10, "qmail-send", 1, started=200)
    )
    supervisor, service = host.supervisor(timeout=2), Service(manager, "/service/qmail")
    old = supervisor.running()
    supervisor.require_stop(old, service)
    supervisor.stop(old, service)
    assert supervisor.running() is None
    assert supervisor.start(old, service).pid == 10
    assert [call[1:] for call in host.calls] == [stop, start]


def test_an_init_script_is_told_to_stop(host, tmpdir):
    host.add(9, "qmail-send", 1)
    script = tmpdir.join("qmail")
    script.write("#!/bin/sh\n")
    told = []

    def shell(argv):
        told.append(argv[-2])
        host.remove(9)

    host.programs["sh"] = shell
    supervisor = host.supervisor()
    supervisor.stop(supervisor.running(), Service("init", str(script)))
    assert told == ["stop"]


def test_a_stop_that_takes_too_long_says_so(host):
    host.add(9, "qmail-send", 1)
    host.programs["sv"] = lambda argv: Result(0, "run: /x: want down\n", "") if argv[1] == "status" else None
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.stop(supervisor.running(), Service("runit", "/x"))
    assert "the old one (pid 9) still runs; it ends after its current deliveries (run: /x: want down)" in str(
        caught.value
    )


def test_a_stop_without_a_known_supervisor_is_refused_beforehand(host):
    host.add(9, "qmail-send", 1)
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.require_stop(supervisor.running(), None)
    assert "pid 9" in str(caught.value) and "nothing was changed" in str(caught.value)
    with pytest.raises(SupervisorError) as caught:
        supervisor.require_stop(supervisor.running(), Service("runit", "/x"))
    assert "'sv'" in str(caught.value)


def test_a_start_that_does_not_stay(host):
    host.programs["sv"] = lambda argv: Result(0, "down: /x: 1s\n", "")
    with pytest.raises(SupervisorError) as caught:
        host.supervisor().start(Process(9, "qmail-send", 1, 100), Service("runit", "/x"))
    assert "no qmail-send runs now" in str(caught.value)


def test_retry_is_alrm_to_qmail_send_itself(host):
    host.add(9, "qmail-send", 1)
    status = os.path.join(host.proc, "9", "status")
    with open(status) as stream:
        text = stream.read()
    supervisor = host.supervisor()
    with pytest.raises(SupervisorError) as caught:
        supervisor.retry(supervisor.running())
    assert "no handler for ALRM" in str(caught.value) and host.signals == []
    with open(status, "w") as stream:
        stream.write(text.replace("SigCgt:\t0000000000000001", "SigCgt:\t0000000000002001"))
    supervisor.retry(supervisor.running())
    assert host.signals == [(9, signal.SIGALRM)]
