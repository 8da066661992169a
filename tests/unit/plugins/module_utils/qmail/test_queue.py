# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import fcntl
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mail import queue as mail_queue
from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection
from ansible_collections.mailops.relay.plugins.module_utils.qmail import queue as qmail_queue
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue import QmailQueue
from ansible_collections.mailops.relay.plugins.module_utils.qmail.supervisor import Process, Service, SupervisorError

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
PROCESS = Process(77, "qmail-send", 5, 100)
SERVICE = Service("runit", "/etc/service/qmail-send")
APP = "Fapp@web03.example.com\0"
# Which files a message has in each state, INTERNALS section 2.
STATES = {
    "S2": {"mess": "m"},
    "S3": {"mess": "m", "intd": "u0\0p1\0Fapp@web"},
    "S4": {"mess": "m", "intd": "u0\0p1\0" + APP + "Ta@example.org\0", "todo": "u0\0p1\0" + APP + "Ta@example.org\0"},
    "S5": {"mess": "m", "info": APP, "local": "Tl@web03.example.com\0", "remote": "Dd@example.org\0Ta@example.org\0"},
}
# qmail-send has died while it took this one up.
HALF = dict(STATES["S4"], info=APP, remote="Ta@exam")


class Queue(object):
    """A qmail without programs: its control files and its queue, as hier.c makes them."""

    def __init__(self, home, split=23, big_todo=False):
        self.home = home
        self.top = os.path.join(home, "queue")
        self.split = split
        self.split_kinds = ["mess", "info", "local", "remote"] + (["todo", "intd"] if big_todo else [])
        for name in ("bounce", "pid", "lock", "todo", "intd"):
            os.makedirs(os.path.join(self.top, name))
        for kind in self.split_kinds:
            for number in range(split):
                os.makedirs(os.path.join(self.top, kind, str(number)))
        open(os.path.join(self.top, "lock", "sendmutex"), "w").close()
        os.mkdir(os.path.join(home, "control"))
        self.control("me", "web03.example.com\n")

    def control(self, name, text):
        with open(os.path.join(self.home, "control", name), "w") as stream:
            stream.write(text)

    def path(self, kind, number):
        parts = [str(int(number) % self.split)] if kind in self.split_kinds else []
        return os.path.join(self.top, kind, *(parts + [str(number)]))

    def add(self, number, files, age=0):
        for kind, text in files.items():
            with open(self.path(kind, number), "w") as stream:
                stream.write(text)
            moment = time.time() - age
            os.utime(self.path(kind, number), (moment, moment))
        return self

    def snapshot(self):
        """dict: path -> content of every file that belongs to a message."""
        found = {}
        for directory, _below, names in os.walk(self.top):
            for name in names:
                with open(os.path.join(directory, name), "rb") as stream:
                    found[os.path.join(directory, name)] = stream.read()
        return found

    def of(self, number):
        """dict: kind -> content of the files of one message."""
        return dict(
            (os.path.relpath(path, self.top).partition(os.sep)[0], content)
            for path, content in self.snapshot().items()
            if os.path.basename(path) == str(number)
        )

    def lock(self):
        handle = os.open(os.path.join(self.top, "lock", "sendmutex"), os.O_WRONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle


class Send(object):
    """A qmail-send with its supervisor; it holds the lock while it runs."""

    def __init__(self, queue, runs=False, service=SERVICE, stops=True):
        self.queue = queue
        self.known_service = service
        self.stops = stops
        self.handle = None
        self.calls = []
        if runs:
            self.handle = queue.lock()

    def running(self):
        return PROCESS if self.handle is not None else None

    def service(self, process):
        return self.known_service

    def require_stop(self, process, service):
        if service is None:
            raise SupervisorError("what supervises it cannot be told; nothing was changed")

    def stop(self, process, service):
        assert (process, service) == (PROCESS, SERVICE)
        self.calls.append("stop")
        if not self.stops:
            raise SupervisorError("the old one still runs")
        os.close(self.handle)
        self.handle = None

    def start(self, process, service):
        assert (process, service) == (PROCESS, SERVICE)
        self.calls.append("start")
        if self.handle is None:
            self.handle = self.queue.lock()

    def retry(self, process):
        self.calls.append("retry")


@pytest.fixture
def queue(tmpdir):
    return Queue(str(tmpdir.mkdir("qmail")))


class Shell(object):
    """Takes the place of qmail-queue."""

    def __init__(self, rc=0):
        self.rc = rc
        self.given = []

    def run(self, argv, stdin=None, check=True, env=None):
        with open(argv[-2], "rb") as message, open(argv[-1], "rb") as envelope:
            self.given.append((message.read(), envelope.read()))
        return Result(self.rc, "", "")


def backend(queue, send=None, runner=None):
    return QmailQueue(runner, queue.home, supervisor=send or Send(queue))


def selection(**criteria):
    return Selection(criteria or {"all": True}, time.time())


def listed(where, **criteria):
    found = list(mail_queue.selected(backend(where), selection(**criteria), time.time()))
    return sorted((message.id, message.queue, message.state) for message in found)


def act(queue, action, send=None, backup_to=None, **criteria):
    return mail_queue.act(backend(queue, send), selection(**criteria), action, None, backup_to, False, time.time())


# What is there


@pytest.mark.parametrize("split, big_todo", [(23, False), (23, True), (5, False), (1, True)])
def test_each_state_is_reported_as_such(tmpdir, split, big_todo):
    queue = Queue(str(tmpdir.mkdir("qmail")), split, big_todo)
    pid = os.path.join(queue.top, "pid", "2321.1795331264.1")
    open(pid, "w").close()
    for number, state in ((230, "S2"), (301, "S3"), (402, "S4"), (503, "S5")):
        queue.add(number, STATES[state])
    queue.add(604, HALF)
    tool = backend(queue)
    found = dict((message.id, message) for message in tool.messages(selection(), 0))
    states = dict((number, (message.queue, message.state)) for number, message in found.items())
    assert states == {
        str(os.stat(pid).st_ino): ("todo", "S1"),
        "230": ("todo", "S2"),
        "301": ("todo", "S3"),
        "402": ("todo", "S4"),
        "503": ("remote", "S5"),
        "604": ("todo", "S4"),
    }
    assert [item.address for item in found["503"].recipients] == ["l@web03.example.com", "a@example.org"]
    assert [item.address for item in found["604"].recipients] == ["a@example.org"]
    assert found["402"].sender == found["503"].sender == "app@web03.example.com"
    # Nobody's mail is not that of the null sender.
    assert listed(queue, null_sender=True) == []
    assert tool.warnings == []


def test_a_real_queue_is_listed_as_qmail_qread_does(queue):
    with open(os.path.join(FIXTURES, "queue-files.txt")) as stream:
        for line in stream:
            path, _colon, content = line.rstrip("\n").partition(": ")
            number = path.rpartition("/")[2]
            queue.add(number, {path.partition("/")[0]: content.replace("^@", "\0"), "mess": "x" * 224})
    with open(os.path.join(FIXTURES, "qmail-qread.stopped.txt")) as stream:
        printed = stream.read()
    expected = []
    for line in printed.splitlines():
        if line.startswith(" ") or line.startswith("\t"):
            if "done" not in line:
                expected[-1][2].append(line.split("\t")[2])
        else:
            words = line.split()
            expected.append((words[5].lstrip("#"), words[7].strip("<>"), []))
    found = [message for message in backend(queue).messages(selection(), 0) if message.state == "S5"]
    assert [(item.id, item.sender, [each.address for each in item.recipients]) for item in found] == expected
    assert [message.state for message in backend(queue).messages(selection(queue=["todo"]), 0)].count("S4") == 2


def test_local_remote_and_their_times(queue):
    queue.add(
        23, {"mess": "abc", "info": APP, "local": "Tl@web03.example.com\0", "remote": "Da@example.org\0"}, age=500
    )
    queue.add(24, {"mess": "abc", "info": APP, "bounce": "<x>:\nno\n\n"})
    queue.add(25, {"mess": "abc", "info": "F\0", "remote": "Ta@example.org\0"})
    os.utime(queue.path("mess", 23), (1, 1))
    assert listed(queue) == [("23", "local", "S5"), ("24", "local", "S5"), ("25", "remote", "S5")]
    assert listed(queue, queue=["remote"]) == listed(queue, null_sender=True) == [("25", "remote", "S5")]
    message = next(backend(queue).messages(selection(queue_id=["23"]), 0))
    assert message.size == 3 and abs(message.arrival - (time.time() - 500)) < 5
    assert listed(queue, recipient=["a@example.org"]) == [("25", "remote", "S5")]


def test_a_virtual_domain_is_shown_as_it_was_addressed(queue):
    queue.control("virtualdomains", "old.example.com:alias-old\n")
    queue.control("locals", "")
    queue.add(23, {"mess": "m", "info": APP, "local": "Talias-old-v@old.example.com\0"})
    assert listed(queue, recipient=["v@old.example.com"]) == [("23", "local", "S5")]


def test_what_is_malformed_is_counted_and_listed_where_it_can_be(queue):
    queue.add(1, {"mess": "m", "info": "Xapp@web03.example.com\0", "remote": "Ta@example.org\0"})
    queue.add(2, {"mess": "m", "info": APP, "remote": "Ta@example.org\0Tb@exam"})
    queue.add(3, {"mess": "m", "todo": ""})
    queue.add(4, {"info": APP})
    queue.add(5, {"todo": "u0\0p1\0" + APP})
    queue.add(6, STATES["S5"])
    for name in ("mess/3/7", "mess/8/x", "todo/README"):
        open(os.path.join(queue.top, name), "w").close()
    tool = backend(queue)
    assert sorted((item.id, item.sender) for item in tool.messages(selection(), 0)) == [
        ("1", "(unknown)"),
        ("2", "app@web03.example.com"),
        ("3", "(unknown)"),
        ("6", "app@web03.example.com"),
    ]
    assert len(tool.warnings) == 1
    assert tool.warnings[0].startswith("8 files in the queue are not as qmail writes them: ")
    assert "info/1/1 (no sender)" in tool.warnings[0] and "and 5 more" in tool.warnings[0]


def test_no_queue_is_said(tmpdir, queue):
    with pytest.raises(QueueError) as caught:
        QmailQueue(None, str(tmpdir), supervisor=Send(queue))
    assert str(tmpdir) in str(caught.value)
    os.rmdir(os.path.join(queue.top, "mess", "7"))
    with pytest.raises(QueueError) as caught:
        backend(queue)
    assert "not numbered from 0 without a gap" in str(caught.value)


def test_what_qmail_cannot_know_or_do_is_refused_by_name(queue):
    queue.add(6, STATES["S5"])
    with pytest.raises(CriterionError) as caught:
        listed(queue, reason=["4.4.1"])
    assert str(caught.value).startswith("reason: ")
    for action in ("hold", "release", "requeue"):
        with pytest.raises(QueueError) as caught:
            act(queue, action)
        assert "qmail has no {0}".format(action) in str(caught.value)
    for number in ("06", "0", "-6", "6;", "6\n", "../6"):
        with pytest.raises(CriterionError):
            act(queue, "delete", queue_id=[number])
    assert len(queue.of(6)) == 4


def test_client(queue):
    head = "Received: (qmail 1 invoked from network); x\nReceived: from unknown (HELO w) (192.0.2.1)\n  by web03\n"
    queue.add(6, dict(STATES["S5"], mess=head)).add(7, STATES["S5"])
    assert listed(queue, client=["192.0.2.0/24"]) == [("6", "remote", "S5")]


# Deletion

HOLD = """
import fcntl, os, sys
handle = os.open(sys.argv[1], os.O_WRONLY)
fcntl.flock(handle, fcntl.LOCK_EX)
print("held")
sys.stdout.flush()
sys.stdin.read()
"""


def test_while_another_process_holds_the_lock_nothing_is_deleted(queue):
    queue.add(6, STATES["S5"]).add(7, STATES["S4"])
    before = queue.snapshot()
    argv = [sys.executable, "-c", HOLD, os.path.join(queue.top, "lock", "sendmutex")]
    holder = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(QueueError) as caught:
            act(queue, "delete")
    finally:
        holder.communicate()
    assert "is locked" in str(caught.value) and "nothing was done" in str(caught.value)
    assert queue.snapshot() == before
    assert act(queue, "delete")["affected"] == 2 and queue.of(6) == queue.of(7) == {}


def test_without_the_lock_file_there_is_no_proof(queue):
    queue.add(6, STATES["S5"])
    os.unlink(os.path.join(queue.top, "lock", "sendmutex"))
    with pytest.raises(QueueError) as caught:
        act(queue, "delete")
    assert "no proof" in str(caught.value) and len(queue.of(6)) == 4


def test_qmail_send_is_stopped_and_started_again(queue):
    send = Send(queue, runs=True)
    queue.add(6, STATES["S5"]).add(7, dict(STATES["S5"], remote="Tb@example.com\0"))
    result = act(queue, "delete", send, recipient_domain=["example.com"])
    assert (result["affected"], result["matched"]) == (1, 1)
    assert send.calls == ["stop", "start"]
    assert queue.of(7) == {} and len(queue.of(6)) == 4
    assert not [name for name in os.listdir(queue.home) if name.startswith(".")]


def test_qmail_send_that_did_not_run_is_not_started(queue):
    send = Send(queue)
    queue.add(6, STATES["S5"])
    assert act(queue, "delete", send)["affected"] == 1
    assert send.calls == []


@pytest.mark.parametrize(
    "send, calls",
    [({"service": None}, []), ({"stops": False}, ["stop", "start"])],
    ids=["no supervisor", "does not stop"],
)
def test_qmail_send_that_cannot_be_stopped(queue, send, calls):
    send = Send(queue, runs=True, **send)
    queue.add(6, STATES["S5"])
    with pytest.raises(SupervisorError):
        act(queue, "delete", send)
    assert len(queue.of(6)) == 4 and send.calls == calls and send.running()


def test_nobody_can_start_qmail_send_during_the_deletion(queue, monkeypatch):
    queue.add(6, STATES["S5"])
    tried = []

    def remove(tree, number):
        with pytest.raises((IOError, OSError)):
            queue.lock()
        tried.append(number)

    monkeypatch.setattr(qmail_queue.Tree, "remove", remove)
    act(queue, "delete")
    assert tried == ["6"]
    os.close(queue.lock())


def test_after_a_signal_qmail_send_runs_again_and_it_is_said_how_far_it_got(queue, monkeypatch):
    send = Send(queue, runs=True)
    for number in (6, 7, 8):
        queue.add(number, STATES["S5"])
    real, handler = qmail_queue.Tree.remove, signal.getsignal(signal.SIGHUP)

    def remove(tree, number):
        if number == "7":
            os.kill(os.getpid(), signal.SIGHUP)
            time.sleep(5)
        real(tree, number)

    monkeypatch.setattr(qmail_queue.Tree, "remove", remove)
    with pytest.raises(QueueError) as caught:
        act(queue, "delete", send)
    assert "1 of 3 messages are done" in str(caught.value) and "signal 1" in str(caught.value)
    assert send.calls == ["stop", "start"]
    assert [bool(queue.of(number)) for number in (6, 7, 8)] == [False, True, True]
    assert signal.getsignal(signal.SIGHUP) == handler


def test_the_run_after_one_that_was_killed_starts_qmail_send(queue):
    queue.add(6, STATES["S5"])
    note = os.path.join(queue.home, ".mailops-relay.stopped")
    with open(note, "w") as stream:
        json.dump({"process": list(PROCESS), "service": list(SERVICE)}, stream)
    send = Send(queue)
    tool = backend(queue, send)
    assert list(tool.messages(selection(), 0)) and "start qmail-send again" in tool.warnings[0]
    assert act(queue, "delete", send)["affected"] == 1
    assert send.calls == ["start"] and not os.path.exists(note)


def test_what_is_being_written_is_left_alone_and_qmail_send_too(queue):
    send = Send(queue, runs=True)
    open(os.path.join(queue.top, "pid", "1.1.1"), "w").close()
    queue.add(2, STATES["S2"], age=35 * 3600).add(3, STATES["S3"])
    before = queue.snapshot()
    result = act(queue, "delete", send)
    assert result["changed"] is False and result["matched"] == 3
    assert all("being written" in item["reason"] for item in result["left_alone"])
    assert send.calls == [] and queue.snapshot() == before


def test_what_a_crash_has_left_is_deleted(queue):
    queue.add(2, STATES["S2"], age=37 * 3600).add(3, STATES["S3"], age=37 * 3600)
    assert act(queue, "delete")["affected"] == 2
    assert queue.of(2) == queue.of(3) == {}


@pytest.mark.parametrize(
    "change, why",
    [
        (lambda queue: [os.unlink(queue.path(kind, 6)) for kind in STATES["S5"]], "delivered or removed"),
        (lambda queue: queue.add(6, dict(STATES["S5"], mess="longer")), "another message"),
        (lambda queue: queue.add(6, dict(STATES["S5"], info="Fother@web03.example.com\0")), "another message"),
        (lambda queue: queue.add(6, STATES["S5"], age=100), "another message"),
    ],
)
def test_another_message_of_the_same_number_is_left_alone(queue, change, why):
    queue.add(6, STATES["S5"])
    tool = backend(queue)
    tickets = [mail_queue.ticket_of(message) for message in tool.messages(selection(), 0)]
    change(queue)
    before = queue.snapshot()
    outcome = tool.act("delete", tickets, None)
    assert outcome.done == [] and why in outcome.skipped[0][1]
    assert queue.snapshot() == before


def test_a_message_that_qmail_send_took_up_meanwhile_is_the_same(queue):
    queue.add(6, STATES["S4"], age=100)
    tool = backend(queue)
    tickets = [mail_queue.ticket_of(message) for message in tool.messages(selection(), 0)]
    os.unlink(queue.path("todo", 6))
    os.unlink(queue.path("intd", 6))
    queue.add(6, {"info": APP, "remote": "Ta@example.org\0"})
    assert tool.act("delete", tickets, None).done == ["6"]


def unlink_until_killed(unlink, calls, survive, path):
    if len(calls) == survive:
        raise KeyboardInterrupt()
    calls.append(path)
    unlink(path)


@pytest.mark.parametrize("files", [STATES["S5"], dict(STATES["S5"], bounce="<x>:\nno\n\n"), STATES["S4"], HALF])
def test_a_kill_at_any_moment_leaves_a_whole_message_or_none(tmpdir, monkeypatch, files):
    real, kept = os.unlink, set()
    for survive in range(7):
        queue = Queue(str(tmpdir.mkdir("qmail{0}".format(survive)))).add(6, files)
        monkeypatch.setattr(os, "unlink", functools.partial(unlink_until_killed, real, [], survive))
        try:
            backend(queue)._tree.remove("6")
        except KeyboardInterrupt:
            pass
        monkeypatch.setattr(os, "unlink", real)
        left = queue.of(6)
        # What qmail-send reads: todo/N if it is there, else info/N and what is beside it.
        if "todo" in left:
            kept.add("todo")
            assert "mess" in left and left["todo"] == files["todo"].encode("ascii")
        elif "info" in left:
            kept.add("info")
            assert dict(
                (kind, text.encode("ascii")) for kind, text in files.items() if kind != "bounce"
            ) == left or left == (dict((kind, text.encode("ascii")) for kind, text in files.items()))
        else:
            # A later message of this number must not find a notice of this one's.
            assert "bounce" not in left
    assert kept == set(["todo"] if "todo" in files else ["info"])


@settings(max_examples=40, deadline=None)
@given(
    states=st.lists(st.sampled_from(["S4", "S5", "half"]), min_size=1, max_size=12),
    domains=st.lists(
        st.sampled_from(["example.org", "example.org.au", "notexample.org", "mail.example.org"]),
        min_size=12,
        max_size=12,
    ),
    split=st.integers(min_value=1, max_value=30),
    big_todo=st.booleans(),
)
def test_exactly_the_messages_to_a_domain_are_deleted(states, domains, split, big_todo):
    home = tempfile.mkdtemp()
    try:
        queue = Queue(home, split, big_todo)
        meant = []
        for number, (state, domain) in enumerate(zip(states, domains), 100):
            files = HALF if state == "half" else STATES[state]
            queue.add(number, dict((kind, text.replace("@example.org", "@" + domain)) for kind, text in files.items()))
            if domain == "example.org":
                meant.append(str(number))
        before = queue.snapshot()
        result = act(queue, "delete", recipient_domain=["example.org"])
        assert result["affected"] == len(meant)
        assert queue.snapshot() == dict(
            (path, content) for path, content in before.items() if os.path.basename(path) not in meant
        )
    finally:
        shutil.rmtree(home)


# What was saved


def test_a_deleted_message_is_put_back_for_those_who_waited(queue, tmpdir):
    queue.control("virtualdomains", "old.example.com:alias-old\n")
    queue.control("locals", "")
    queue.add(6, dict(STATES["S5"], local="Talias-old-v@old.example.com\0Dw@web03.example.com\0", mess="six"))
    queue.add(7, dict(STATES["S4"], mess="seven"))
    queue.add(8, dict(STATES["S3"], mess="eight"), age=37 * 3600)
    queue.add(9, dict(STATES["S5"], local="Dl@web03.example.com\0", remote="", mess="nine"))
    saved = str(tmpdir.join("saved"))
    assert act(queue, "delete", backup_to=saved)["affected"] == 4
    assert sorted(os.listdir(os.path.join(saved, "6"))) == ["info", "local", "mess", "remote"]
    os.makedirs(os.path.join(queue.home, "bin"))
    program = os.path.join(queue.home, "bin", "qmail-queue")
    open(program, "w").close()
    os.chmod(program, 0o755)
    shell = Shell()
    result = mail_queue.restore(backend(queue, runner=shell), selection(), saved, False)
    assert shell.given == [
        (b"six", b"Fapp@web03.example.com\0Tv@old.example.com\0Ta@example.org\0\0"),
        (b"seven", b"Fapp@web03.example.com\0Ta@example.org\0\0"),
    ]
    assert [item["queue_id"] for item in result["left_alone"]] == ["8", "9"] and result["affected"] == 2
    queue.add(7, dict(STATES["S4"], mess="seven"))
    outcome = backend(queue, runner=Shell(rc=53)).restore(Backup(saved, "qmail"), ["6", "7"])
    assert outcome.done == [] and "53" in outcome.skipped[0][1] and "in the queue still" in outcome.skipped[1][1]


def test_without_qmail_queue_nothing_can_be_put_back(queue, tmpdir):
    queue.add(6, STATES["S5"])
    saved = str(tmpdir.join("saved"))
    act(queue, "delete", backup_to=saved)
    with pytest.raises(QueueError) as caught:
        mail_queue.restore(backend(queue), selection(), saved, False)
    assert "bin/qmail-queue" in str(caught.value)


def test_what_cannot_be_saved_is_kept(queue, tmpdir):
    send = Send(queue, runs=True)
    saved = str(tmpdir.join("saved"))
    queue.add(6, STATES["S5"])
    act(queue, "delete", send, backup_to=saved)
    queue.add(6, dict(STATES["S5"], mess="another"))
    result = act(queue, "delete", send, backup_to=saved)
    assert result["affected"] == 0 and "could not be saved" in result["left_alone"][0]["reason"]
    assert len(queue.of(6)) == 4 and send.calls == ["stop", "start"] * 2


# Flush and expire


def test_flush_of_everything_is_a_signal(queue):
    send = Send(queue, runs=True)
    queue.add(6, STATES["S5"])
    assert act(queue, "flush", send)["affected"] == 1
    assert send.calls == ["retry"]
    with pytest.raises(QueueError) as caught:
        act(queue, "flush", Send(Queue(os.path.join(queue.home, "other")).add(6, STATES["S5"])))
    assert "does not run" in str(caught.value)


def test_flush_of_some_leaves_the_others_to_their_time(queue):
    send = Send(queue, runs=True)
    queue.add(6, STATES["S5"]).add(7, STATES["S5"]).add(8, STATES["S4"])
    later = time.time() + 5000
    for number in (6, 7):
        for kind in ("local", "remote"):
            os.utime(queue.path(kind, number), (later, later))
    result = act(queue, "flush", send, queue_id=["6", "8"])
    assert result["affected"] == 2 and send.calls == ["stop", "start"]
    due = [
        os.stat(queue.path(kind, number)).st_mtime <= time.time() for number in (6, 7) for kind in ("local", "remote")
    ]
    assert due == [True, True, False, False]


def test_expire_makes_a_message_older_than_its_lifetime(queue):
    send = Send(queue, runs=True)
    queue.control("queuelifetime", "3600\n")
    queue.add(6, STATES["S5"]).add(7, STATES["S5"]).add(8, STATES["S4"])
    result = act(queue, "expire", send, queue_id=["6", "8"])
    assert result["affected"] == 1 and "not taken it up" in result["left_alone"][0]["reason"]
    ages = [time.time() - os.stat(queue.path("info", number)).st_mtime for number in (6, 7)]
    assert 3600 < ages[0] < 3660 and ages[1] < 60
    assert act(queue, "expire", send, queue_id=["6"])["matched"] == 0
    assert send.calls == []


def test_check_mode_touches_nothing(queue):
    send = Send(queue, runs=True)
    queue.add(6, STATES["S5"])
    before = queue.snapshot()
    for action in ("delete", "flush", "expire"):
        result = mail_queue.act(backend(queue, send), selection(), action, None, None, True, time.time())
        assert result["changed"] and result["matched"] == 1
    assert queue.snapshot() == before and send.calls == []
