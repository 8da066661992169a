# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import inspect
import os

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.doc_fragments.queue_selection import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import selection_arguments
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import ACTIONS, Queue, QueueError
from ansible_collections.mailops.relay.plugins.module_utils.mta import queues
from ansible_collections.mailops.relay.plugins.module_utils.mta.queues import BACKENDS, queue_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue import PostfixQueue
from ansible_collections.mailops.relay.plugins.module_utils.qmail import queue as qmail_queue
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue import QmailQueue
from ansible_collections.mailops.relay.plugins.module_utils.sendmail import queue as sendmail_queue
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue import SendmailQueue

NAMES = [backend.name for backend in BACKENDS]
# What a back end is asked for beside its methods, and what it is.
ATTRIBUTES = {"name": str, "queues": tuple, "actions": tuple, "id_example": str, "warnings": list}
METHODS = ["is_there", "messages", "clients", "settled", "act", "flush_all", "restore"]


class Host(object):
    """A host with some mail systems, and a runner of its programs."""

    def __init__(self, top):
        self.top = str(top)
        self.programs = {}
        self.calls = []

    def install(self, *names):
        for name in names:
            getattr(self, "_" + name)(os.path.join(self.top, name))
        return self

    def _postfix(self, _directory):
        self.programs.update(postqueue="", postmap="x\n", postconf="3.7.11\n{0}\npostfix\n".format(self.top))

    def _sendmail(self, directory):
        self.programs["sendmail"] = "Version 8.17.1.9\n"
        self.configure_sendmail(directory)

    @staticmethod
    def configure_sendmail(directory):
        os.makedirs(directory)
        with open(os.path.join(directory, "sendmail.cf"), "w") as stream:
            stream.write("O QueueDirectory={0}\n".format(directory))

    @staticmethod
    def _qmail(directory):
        for name in ("mess", "info", "local", "remote"):
            os.makedirs(os.path.join(directory, "queue", name, "0"))
        for name in ("todo", "intd", "bounce", "pid", "lock"):
            os.makedirs(os.path.join(directory, "queue", name))
        open(os.path.join(directory, "queue", "lock", "sendmutex"), "w").close()

    def find(self, program):
        return "/nowhere/" + program if program in self.programs else None

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(argv)
        return Result(0, self.programs[argv[0]], "")


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host without a mail system, whose usual places are below a directory of the test's own."""
    monkeypatch.setattr(qmail_queue, "HOME", str(tmp_path / "qmail"))
    monkeypatch.setattr(sendmail_queue, "_DIRECTORY", str(tmp_path / "sendmail"))
    return Host(tmp_path)


def test_a_host_without_a_mail_system_is_refused(host):
    with pytest.raises(QueueError) as caught:
        queue_of(host, "auto", None)
    assert str(caught.value) == "mta: this host has none of postfix, sendmail, qmail"


@pytest.mark.parametrize("name", NAMES)
def test_the_only_mail_system_is_found_and_may_be_named(host, name):
    host.install(name)
    for asked in ("auto", name):
        assert queue_of(host, asked, None).name == name


def test_a_command_of_postfix_that_is_called_sendmail_is_no_daemon_of_sendmails(host, monkeypatch):
    """A program pipes a long message into it, on a host that has another sendmail, which does not run."""
    host.install("postfix", "sendmail")
    there = {"master": "/var/spool/postfix", "sendmail": "/var/spool/postfix"}
    monkeypatch.setattr(
        queues, "working_directories", lambda asked: sorted(there[name] for name in asked if name in there)
    )
    assert queue_of(host, "auto", None).name == "postfix"
    there["sendmail"] = "/var/spool/mqueue"
    with pytest.raises(RelayError, match="more than one of them runs"):
        queue_of(host, "auto", None)


@pytest.mark.parametrize("running, said", [((), "none"), (("postfix", "qmail"), "more than one")])
def test_one_of_several_mail_systems_must_be_named(host, monkeypatch, running, said):
    names = [name for mta in running for name in queues.DAEMONS[mta]]
    monkeypatch.setattr(queues, "working_directories", lambda asked: [name for name in asked if name in names])
    host.install("postfix", "qmail")
    with pytest.raises(QueueError) as caught:
        queue_of(host, "auto", None)
    assert str(caught.value) == (
        "mta: this host has postfix and qmail, and {0} of them runs; name the one that is meant (queue_mta in mailops.relay.queue)".format(
            said
        )
    )
    assert queue_of(host, "qmail", None).name == "qmail"


@pytest.mark.parametrize("name", NAMES)
def test_of_several_mail_systems_the_one_that_runs_is_meant(host, monkeypatch, name):
    running = queues.DAEMONS[name]
    monkeypatch.setattr(queues, "working_directories", lambda asked: [one for one in asked if one in running])
    host.install(*NAMES)
    assert queue_of(host, "auto", None).name == name


@pytest.mark.parametrize("name", NAMES)
def test_a_mail_system_that_is_named_and_not_there_is_refused(host, name):
    host.install(*[other for other in NAMES if other != name])
    with pytest.raises(QueueError) as caught:
        queue_of(host, name, None)
    assert str(caught.value) == "mta: this host has no {0}".format(name)


def test_a_mail_system_may_be_elsewhere(host):
    elsewhere = os.path.join(host.top, "elsewhere")
    # Postfix is asked with the configuration directory.
    host.install("postfix")
    assert isinstance(queue_of(host, "postfix", elsewhere), PostfixQueue)
    assert [call[:3] for call in host.calls] == [["postconf", "-c", elsewhere], ["postmap", "-c", elsewhere]]
    # The others are not at their usual places.
    host.configure_sendmail(os.path.join(elsewhere, "mail"))
    assert isinstance(queue_of(host, "sendmail", os.path.join(elsewhere, "mail")), SendmailQueue)
    Host(elsewhere).install("qmail")
    assert isinstance(queue_of(host, "qmail", os.path.join(elsewhere, "qmail")), QmailQueue)


@pytest.mark.parametrize("name", ["sendmail", "qmail"])
def test_a_directory_without_this_mail_system_is_refused_by_name(host, name):
    host.install(*NAMES)
    with pytest.raises(RelayError) as caught:
        queue_of(host, name, os.path.join(host.top, "nothing"))
    assert os.path.join(host.top, "nothing") in str(caught.value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_every_back_end_offers_the_whole_interface(host, backend):
    # As the class says it to whoever makes one; on Python 2 a static method is not among them.
    assert sorted(backend.__abstractmethods__) == []
    queue = queue_of(host.install(backend.name), backend.name, None)
    for name, kind in sorted(ATTRIBUTES.items()):
        assert isinstance(getattr(queue, name, None), kind), name
    for name in METHODS:
        if name == "clients" and backend.clients is None:
            continue
        assert getattr(backend, name) is not getattr(Queue, name), name
        assert arguments(getattr(queue, name)) == arguments(getattr(Queue, name)), name


def arguments(function):
    """list of str: the names of the arguments with which a method is called."""
    names = getattr(inspect, "getfullargspec", getattr(inspect, "getargspec", None))(function).args
    return [name for name in names if name != "self"]


def test_the_interface_is_what_this_contract_asks_for():
    public = [name for name in vars(Queue) if not name.startswith("_")]
    # What is the same for most of them comes with it.
    assert sorted(public) == sorted(METHODS + ["same"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_back_end_can_be_chosen_and_says_nothing_that_the_modules_do_not_know(host, backend):
    queue = queue_of(host.install(backend.name), backend.name, None)
    assert set(queue.actions) <= set(ACTIONS) and "delete" in queue.actions
    assert queue.id_pattern.match(queue.id_example.split(" or ")[0])
    assert not queue.id_pattern.match("ALL") and not queue.id_pattern.match("-d")
    assert backend.name in selection_arguments()["mta"]["choices"]
    documented = " ".join(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]["queue"]["description"])
    assert [name for name in queue.queues if "V({0})".format(name) not in documented] == []


def test_what_one_queue_warns_of_another_does_not(host):
    host.install("qmail")
    queue_of(host, "qmail", None).warnings.append("something")
    assert queue_of(host, "qmail", None).warnings == []


def test_looking_for_a_queue_of_postfix_writes_nothing_into_its_log(host, tmp_path, monkeypatch):
    program = tmp_path / "sendmail-of-postfix"
    program.write_bytes(b"\x7fELF usage: %s [options]")
    found = host.install("postfix").find
    host.programs["sendmail"] = ""
    monkeypatch.setattr(host, "find", lambda name: str(program) if name == "sendmail" else found(name))
    assert isinstance(queue_of(host, "auto", None), PostfixQueue)
    # It says "fatal: open /dev/null/main.cf" in the log when it is asked for its version as sendmail's would be.
    assert not [argv for argv in host.calls if "sendmail" in argv[0]]
