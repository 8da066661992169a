# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import os
import stat
import subprocess
import sys

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError, ticket_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue import SendmailQueue

NOW = 1795350600.0
FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
RECORDED = os.path.join(FIXTURES, "queue-8.17.1.9")
DAEMON = "6AMC65Fh001870"
HELD = "6AMC601i001860"
SUBMITTED = "6AMC9wW0002053"
# Takes the lock that a sendmail would hold that was built with one or the other, and says when it has it.
LOCKER = """
import fcntl, sys
stream = open(sys.argv[1], "r+b")
getattr(fcntl, sys.argv[2])(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
sys.stdout.write("locked\\n")
sys.stdout.flush()
sys.stdin.read()
"""


class FakeRunner(object):
    def __init__(self):
        self.commands = []

    def find(self, program):
        return "/nowhere/sendmail" if program == "sendmail" else None

    def run(self, argv, stdin=None, check=True, env=None):
        if "-bt" in argv:
            return Result(0, "Version 8.17.1.9\n", "")
        self.commands.append(argv)
        return Result(0, "", "")


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


@pytest.fixture
def host(tmp_path):
    """A host with two messages of the daemon, one of them in quarantine, and one of the submission program."""
    for name in ("mail", "mqueue", "mqueue-client"):
        os.mkdir(str(tmp_path / name))
    (tmp_path / "mail" / "sendmail.cf").write_text(u"O QueueDirectory={0}\n".format(tmp_path / "mqueue"))  # fmt: skip
    (tmp_path / "mail" / "submit.cf").write_text(u"O QueueDirectory={0}\n".format(tmp_path / "mqueue-client"))  # fmt: skip
    for directory, name in (("mqueue", "qf" + DAEMON), ("mqueue", "hf" + HELD), ("mqueue-client", "qf" + SUBMITTED)):
        (tmp_path / directory / name).write_bytes(read(os.path.join(RECORDED, name + ".bin")))
        os.chmod(str(tmp_path / directory / name), 0o640)
        (tmp_path / directory / ("df" + name[2:])).write_bytes(b"body of it\n")
        os.chmod(str(tmp_path / directory / ("df" + name[2:])), 0o640)
    return tmp_path


def queue_of(host, runner=None):
    return SendmailQueue(runner or FakeRunner(), str(host / "mail"))


def messages(backend, **criteria):
    return list(backend.messages(Selection(criteria or {"all": True}, NOW), NOW))


def by_id(backend):
    return dict((message.id, message) for message in messages(backend))


def files(host):
    return dict(
        (os.path.join(directory, name), read(str(host / directory / name)))
        for directory in ("mqueue", "mqueue-client")
        for name in os.listdir(str(host / directory))
    )


def acted(backend, action, queue_id, backup=None):
    return backend.act(action, [ticket_of(by_id(backend)[queue_id])], backup)


def test_every_message_of_both_queues_and_of_the_quarantine_is_listed(host):
    backend = queue_of(host)
    assert [(message.queue, message.id, message.size, message.state) for message in messages(backend)] == [
        ("hold", HELD, 11, "too much mail"),
        ("mta", DAEMON, 11, ""),
        ("submission", SUBMITTED, 11, ""),
    ]
    assert backend.warnings == []
    assert messages(backend, queue=["submission"])[0].sender == "daemon@legacy01.example.com"
    assert [message.id for message in messages(backend, queue_id=[DAEMON])] == [DAEMON]
    gone = messages(backend)[0]._replace(id="gone")
    assert backend.clients(messages(backend) + [gone]) == {
        DAEMON: ("localhost", "127.0.0.1"),
        SUBMITTED: ("", ""),
        HELD: ("localhost", "127.0.0.1"),
    }


def test_what_cannot_be_read_is_counted_and_nothing_is_hidden(host):
    (host / "mqueue" / "qf6AMC60J4001850").write_bytes(b"V8\nT1795349160\n")
    (host / "mqueue" / "qf6AMC60J4001850.bak").write_bytes(b"")
    (host / "mqueue" / "Qf6AMC60J4001851").write_bytes(b"")
    os.mkfifo(str(host / "mqueue" / "qf6AMC60J4001852"))
    os.symlink(os.path.join(RECORDED, "qf" + DAEMON + ".bin"), str(host / "mqueue-client" / "qf6AMC60J4001853"))
    backend = queue_of(host)
    assert len(messages(backend)) == 3
    assert [warning.split(",")[0] for warning in backend.warnings] == [
        "4 queue files are being written or damaged",
        "1 messages were set aside by sendmail as damaged",
    ]
    assert "Qf6AMC60J4001851" in backend.warnings[1]


@pytest.mark.parametrize(
    "code, then",
    [(errno.EACCES, "root"), (errno.EIO, "the disk or what it is connected by is faulty"), (errno.ENOTDIR, "path")],
)
def test_a_queue_that_cannot_be_read_is_named_with_what_helps(host, monkeypatch, code, then):
    def refused(path):
        raise OSError(code, os.strerror(code), path)

    backend = queue_of(host)
    monkeypatch.setattr(os, "listdir", refused)
    with pytest.raises(QueueError) as caught:
        messages(backend)
    begins, _semicolon, fix = str(caught.value).partition("; ")
    assert begins == "the queue cannot be read: {0}: {1}".format(host / "mqueue", os.strerror(code))
    assert then in fix and ("root" in fix) == (code == errno.EACCES)


def test_a_message_that_is_done_while_it_is_read_is_no_message(host, monkeypatch):
    names = os.listdir

    def with_one_more(path):
        return names(path) + ["qf6AMC60J4001850"]

    monkeypatch.setattr(os, "listdir", with_one_more)
    backend = queue_of(host)
    assert len(messages(backend)) == 3
    assert backend.warnings == []


def test_a_message_without_its_text_is_listed(host):
    os.unlink(str(host / "mqueue" / ("df" + DAEMON)))
    assert by_id(queue_of(host))[DAEMON].size == 0


@pytest.mark.parametrize("queue_id", [DAEMON, HELD, SUBMITTED])
def test_deletion_takes_both_files_and_leaves_the_others(host, queue_id):
    before = files(host)
    outcome = acted(queue_of(host), "delete", queue_id)
    assert outcome.done == [queue_id]
    assert files(host) == dict((name, data) for name, data in before.items() if queue_id not in name)


@pytest.mark.parametrize("kind", ["flock", "lockf"])
@pytest.mark.parametrize("action", ["delete", "hold"])
def test_a_message_that_is_being_delivered_is_left_alone(host, kind, action):
    before = files(host)
    path = str(host / "mqueue" / ("qf" + DAEMON))
    locker = subprocess.Popen([sys.executable, "-c", LOCKER, path, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert locker.stdout.readline() == b"locked\n"
        outcome = acted(queue_of(host), action, DAEMON)
    finally:
        locker.communicate()
    assert outcome.done == []
    assert outcome.skipped == [(DAEMON, "it is being delivered")]
    assert files(host) == before
    assert acted(queue_of(host), action, DAEMON).done == [DAEMON]


def test_a_file_that_sendmail_replaces_while_it_is_locked_is_left_alone(host, monkeypatch):
    path = str(host / "mqueue" / ("qf" + DAEMON))
    ticket = ticket_of(by_id(queue_of(host))[DAEMON])
    lock = fcntl.flock

    def and_replace(number, operation):
        lock(number, operation)
        with open(path + ".new", "wb") as stream:
            stream.write(read(path))
        os.rename(path + ".new", path)

    monkeypatch.setattr(fcntl, "flock", and_replace)
    assert queue_of(host).act("delete", [ticket], None).skipped == [(DAEMON, "it is being delivered")]
    assert os.path.exists(path)


@pytest.mark.parametrize(
    ("old", "new"), [(b"T1795349165", b"T1795349166"), (b"S<app@", b"S<ann@")], ids=["arrival", "sender"]
)
def test_another_message_of_the_same_id_is_left_alone(host, old, new):
    backend = queue_of(host)
    ticket = ticket_of(by_id(backend)[DAEMON])
    path = str(host / "mqueue" / ("qf" + DAEMON))
    text = read(path)
    with open(path, "wb") as stream:
        stream.write(text.replace(old, new))
    before = files(host)
    assert backend.act("delete", [ticket], None).skipped == [(DAEMON, "another message has this queue ID now")]
    assert files(host) == before


def test_a_message_of_another_size_is_left_alone(host):
    backend = queue_of(host)
    ticket = ticket_of(by_id(backend)[DAEMON])
    (host / "mqueue" / ("df" + DAEMON)).write_bytes(b"another body\n")
    assert backend.act("delete", [ticket], None).done == []


def test_what_was_delivered_or_has_moved_is_told(host):
    backend = queue_of(host)
    tickets = [ticket_of(message) for message in messages(backend)]
    os.unlink(str(host / "mqueue" / ("qf" + DAEMON)))
    os.rename(str(host / "mqueue" / ("hf" + HELD)), str(host / "mqueue" / ("qf" + HELD)))
    outcome = backend.act("delete", tickets, None)
    assert outcome.done == [SUBMITTED]
    assert outcome.skipped == [(HELD, "it is released now"), (DAEMON, "it was delivered or removed meanwhile")]


def test_hold_and_release_change_the_name_and_the_quarantine_line_only(host):
    before = files(host)
    backend = queue_of(host)
    assert acted(backend, "hold", SUBMITTED).done == [SUBMITTED]
    held = files(host)
    assert "mqueue-client/qf" + SUBMITTED not in held
    assert b"\nqheld by mailops.relay\nSdaemon\n" in held["mqueue-client/hf" + SUBMITTED]
    message = by_id(backend)[SUBMITTED]
    assert (message.queue, message.state) == ("hold", "held by mailops.relay")
    assert backend.settled("hold", message) and not backend.settled("release", message)
    assert stat.S_IMODE(os.stat(str(host / "mqueue-client" / ("hf" + SUBMITTED))).st_mode) == 0o640
    assert acted(backend, "release", SUBMITTED).done == [SUBMITTED]
    assert files(host) == before


def test_a_control_file_is_there_whole_at_every_moment_of_holding(host, monkeypatch):
    seen = []
    rename = os.rename

    def watched(source, destination):
        rename(source, destination)
        seen.append([message.id for message in messages(queue_of(host))].count(DAEMON))

    backend = queue_of(host)
    ticket = ticket_of(by_id(backend)[DAEMON])
    monkeypatch.setattr(os, "rename", watched)
    backend.act("hold", [ticket], None)
    assert seen == [1, 1]


def test_hold_does_not_overwrite(host):
    (host / "mqueue" / ("hf" + DAEMON)).write_bytes(read(os.path.join(RECORDED, "hf" + HELD + ".bin")))
    before = files(host)
    backend = queue_of(host)
    ticket = ticket_of(messages(backend, queue=["mta"])[0])
    assert "too" in backend.act("hold", [ticket], None).skipped[0][1]
    assert files(host) == before


def test_deleted_messages_are_saved_and_put_back_as_they_were(host):
    before = files(host)
    backend = queue_of(host)
    backup = Backup(str(host / "saved"), "sendmail")
    tickets = [ticket_of(message) for message in messages(backend)]
    assert len(backend.act("delete", tickets, backup).done) == 3
    assert files(host) == {}
    assert sorted(backup.ids()) == sorted([HELD, DAEMON, SUBMITTED])
    assert len(backend.restore(backup, backup.ids()).done) == 3
    assert files(host) == before
    assert stat.S_IMODE(os.stat(str(host / "mqueue" / ("df" + DAEMON))).st_mode) == 0o640
    again = backend.restore(backup, [DAEMON])
    assert again.skipped == [(DAEMON, "the queue has a message of this name")]


def test_the_lock_is_still_there_after_the_message_was_saved(host, monkeypatch):
    backend = queue_of(host)
    path = str(host / "mqueue" / ("qf" + DAEMON))
    check = (
        "import fcntl, sys\nstream = open(sys.argv[1], 'r+b')\n"
        "fcntl.lockf(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    )
    unlink, found = os.unlink, []

    def watched(name):
        if name == path:
            found.append(subprocess.call([sys.executable, "-c", check, path], stderr=subprocess.PIPE))
        unlink(name)

    monkeypatch.setattr(os, "unlink", watched)
    acted(backend, "delete", DAEMON, Backup(str(host / "saved"), "sendmail"))
    assert found and found[0] != 0


def test_a_message_that_cannot_be_saved_is_kept(host):
    before = files(host)
    backup = Backup(str(host / "missing" / "saved"), "sendmail")
    outcome = acted(queue_of(host), "delete", DAEMON, backup)
    assert outcome.done == [] and "kept" in outcome.skipped[0][1]
    assert files(host) == before


def test_a_text_that_another_message_has_left_is_not_overwritten(host):
    backend = queue_of(host)
    backup = Backup(str(host / "saved"), "sendmail")
    acted(backend, "delete", DAEMON, backup)
    (host / "mqueue" / ("df" + DAEMON)).write_bytes(b"foreign\n")
    assert backend.restore(backup, [DAEMON]).done == []
    assert read(str(host / "mqueue" / ("df" + DAEMON))) == b"foreign\n"
    assert not os.path.exists(str(host / "mqueue" / ("qf" + DAEMON)))


def test_a_link_in_place_of_a_text_is_not_saved(host):
    data = str(host / "mqueue-client" / ("df" + SUBMITTED))
    os.unlink(data)
    os.symlink("/etc/passwd", data)
    backup = Backup(str(host / "saved"), "sendmail")
    assert acted(queue_of(host), "delete", SUBMITTED, backup).done == []
    assert not os.path.exists(str(host / "saved"))


def test_flush_runs_the_queue_of_each_message_and_not_those_on_hold(host):
    runner = FakeRunner()
    backend = queue_of(host, runner)
    outcome = backend.act("flush", [ticket_of(message) for message in messages(backend)], None)
    assert outcome.done == [DAEMON, SUBMITTED]
    assert outcome.skipped == [(HELD, "it is on hold; release it first")]
    mail = str(host / "mail")
    assert runner.commands == [
        ["sendmail", "-C", mail + "/sendmail.cf", "-qI" + DAEMON],
        ["sendmail", "-Ac", "-C", mail + "/submit.cf", "-qI" + SUBMITTED],
    ]
    runner.commands = []
    backend.flush_all()
    assert [command[-1] for command in runner.commands] == ["-q", "-q"]


def test_a_host_without_a_configuration_is_told(tmp_path):
    with pytest.raises(QueueError) as caught:
        SendmailQueue(FakeRunner(), str(tmp_path))
    assert "QueueDirectory" in str(caught.value)


def test_a_missing_directory_is_told(host):
    os.rename(str(host / "mqueue-client"), str(host / "elsewhere"))
    backend = queue_of(host)
    assert len(messages(backend)) == 2
    assert "mqueue-client" in backend.warnings[0]


def test_sendmail_is_told_from_the_program_of_another_mail_system():
    class Postfix(FakeRunner):
        def run(self, argv, stdin=None, check=True, env=None):
            return Result(1, "", "sendmail: fatal: unsupported: -bt\n")

    assert SendmailQueue.is_there(FakeRunner())
    assert not SendmailQueue.is_there(Postfix())


@pytest.mark.parametrize("text, is_there", [("ADDRESS TEST MODE (ruleset 3", True), ("usage: %s -bs", False)])
def test_a_program_without_sendmails_own_text_is_not_asked(tmp_path, text, is_there):
    class Named(FakeRunner):
        calls = 0

        def find(self, program):
            return str(tmp_path / "sendmail")

        def run(self, argv, stdin=None, check=True, env=None):
            self.calls += 1
            return FakeRunner.run(self, argv, stdin, check, env)

    (tmp_path / "sendmail").write_bytes(b"\x7fELF" + text.encode("ascii"))
    runner = Named()
    assert SendmailQueue.is_there(runner) is is_there and bool(runner.calls) is is_there
