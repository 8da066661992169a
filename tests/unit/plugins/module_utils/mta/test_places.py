# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import processes
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.mta.places import look
from ansible_collections.mailops.relay.plugins.module_utils.qmail import place as qmail_place
from ansible_collections.mailops.relay.plugins.module_utils.sendmail import place as sendmail_place

IDS = {"postfix": "A0000000001", "sendmail": "6AMC4m4E001627", "qmail": "1861840"}
FILES = {
    "postfix": "postfix/deferred/A/A0000000001",
    "sendmail": "mqueue/qf6AMC4m4E001627",
    "qmail": "qmail/queue/mess/13/1861840",
}


class Host(object):
    """A host with all mail systems and empty queues; its postconf, as long as it answers."""

    def __init__(self, top):
        self.top = str(top)
        self.answers = True
        self.commands = []
        for queue in ("active", "corrupt", "deferred/A", "hold", "incoming"):
            os.makedirs(os.path.join(self.top, "postfix", queue))
        os.makedirs(os.path.join(self.top, "mqueue"))
        for number in range(23):
            os.makedirs(os.path.join(self.top, "qmail", "queue", "mess", str(number)))
        for name in ("todo", "intd"):
            os.makedirs(os.path.join(self.top, "qmail", "queue", name))
        os.makedirs(os.path.join(self.top, "mail"))
        with open(os.path.join(self.top, "mail", "sendmail.cf"), "w") as stream:
            stream.write("O QueueDirectory={0}/mqueue\n".format(self.top))

    def run(self, argv):
        self.commands.append(argv)
        if not self.answers:
            raise CommandError(argv, 127, "", "no such program: postconf")
        return Result(0, "{0}/postfix\npostfix\n\n\n".format(self.top), "")

    def add(self, mta):
        open(os.path.join(self.top, FILES[mta]), "w").close()
        os.utime(os.path.join(self.top, FILES[mta]), (1795331564, 1795331564))

    def look(self, *hops):
        found = look(self, list(hops))
        return [found[id(hop)] for hop in hops]


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(sendmail_place, "DIRECTORY", str(tmp_path / "mail"))
    monkeypatch.setattr(qmail_place, "HOME", str(tmp_path / "qmail"))
    monkeypatch.setattr(processes, "PROC", str(tmp_path / "proc"))
    return Host(tmp_path)


def hop(mta, queue_id=None):
    return {"mta": mta, "queue_id": queue_id or IDS[mta], "arrival": None, "deliveries": (), "instance": "postfix"}


def test_a_message_is_looked_for_in_the_queues_of_its_mail_system(host):
    messages = [hop("postfix"), hop("sendmail"), hop("qmail")]
    assert host.look(*messages) == [("gone", None, "")] * 3
    for mta in FILES:
        host.add(mta)
    assert host.look(*messages) == [("deferred", 1795331564.0, ""), ("mta", None, ""), ("queue", None, "")]
    crossed = [hop("qmail", IDS["postfix"]), hop("postfix", IDS["qmail"]), hop("sendmail", IDS["qmail"])]
    assert host.look(*crossed) == [("gone", None, "")] * 3


def test_a_mail_system_is_asked_once_and_only_if_a_message_is_its_own(host):
    assert host.look() == [] and host.look(hop("sendmail"), hop("qmail")) and host.commands == []
    host.look(*[hop("postfix", "A000000000{0}".format(number)) for number in range(9)])
    assert len(host.commands) == 1


@pytest.mark.parametrize(
    "mta, missing",
    [
        ("postfix", "postfix/deferred"),
        ("postfix", None),
        ("sendmail", "mqueue"),
        ("sendmail", "mail/sendmail.cf"),
        ("qmail", "qmail/queue"),
        ("qmail", "qmail/queue/mess"),
    ],
)
def test_nothing_is_said_of_a_message_whose_queue_cannot_be_seen(host, mta, missing):
    if missing is None:
        host.answers = False
    else:
        os.rename(os.path.join(host.top, missing), os.path.join(host.top, "elsewhere"))
    others = [other for other in sorted(FILES) if other != mta]
    named = os.path.basename(missing or "postconf")
    for queue, next_try, problem in host.look(hop(mta), hop(mta)):
        assert (queue, next_try) == (None, None) and named in problem
    assert host.look(*[hop(other) for other in others]) == [("gone", None, "")] * 2


def test_what_cannot_be_read_is_unknown_for_the_messages_that_it_concerns_alone(host):
    hashed = os.path.join(host.top, "postfix", "deferred", "A")
    os.rmdir(hashed)
    open(hashed, "w").close()
    assert host.look(hop("postfix"), hop("postfix", "B0000000001")) == [
        (None, None, "{0}/A0000000001: Not a directory".format(hashed)),
        ("gone", None, ""),
    ]


@pytest.mark.parametrize("mta", sorted(IDS))
@pytest.mark.parametrize("queue_id", ["../../etc/passwd", "..", "", "*", u"\xe9", "A0000000001\n"])  # fmt: skip
def test_a_forged_id_leads_nowhere(host, mta, queue_id):
    host.add("postfix")
    assert host.look(dict(hop(mta), queue_id=queue_id)) == [(None, None, "this is no queue ID of a mail system here")]
