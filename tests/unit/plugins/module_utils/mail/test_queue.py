# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup, BackupError
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import (
    BATCH,
    SHOWN,
    Outcome,
    Queue,
    QueueError,
    act,
    inspect,
    restore,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection

NOW = 1795350600.0


def message(queue_id, queue="deferred", sender="app@web01.example.com"):
    return Message(queue, queue_id, sender, (Recipient("a@example.org", ""),), 100, int(NOW) - 60, "")


class FakeQueue(Queue):
    name = "postfix"
    queues = ("deferred", "hold")
    actions = ("delete", "hold", "flush")
    id_pattern = re.compile(r"[0-9A-F]{6,20}\Z")
    id_example = "8BF5F1C4099"
    clients = None

    def __init__(self, *messages):
        self.content = messages
        self.acts = []
        self.gone = ()
        self.warnings = []

    @staticmethod
    def is_there(runner):
        return True

    def messages(self, selection, now):
        return iter(self.content)

    @staticmethod
    def settled(action, found):
        return action == "hold" and found.queue == "hold"

    def act(self, action, tickets, backup):
        self.acts.append((action, [ticket.id for ticket in tickets], backup))
        ids = [ticket.id for ticket in tickets]
        return Outcome(
            [queue_id for queue_id in ids if queue_id not in self.gone],
            [(queue_id, "gone") for queue_id in ids if queue_id in self.gone],
        )

    def flush_all(self):
        self.acts.append("flush all")

    def restore(self, backup, ids):
        self.acts.append(("restore", ids))
        return Outcome(ids, [])


def every(**params):
    return Selection(params or {"all": True}, NOW)


def do(backend, action="delete", selection=None, limit=None, backup_to=None, check_mode=False):
    return act(backend, selection or every(), action, limit, backup_to, check_mode, NOW)


def test_deleting_tells_what_was_done_and_what_was_left():
    backend = FakeQueue(message("AAAAAA1"), message("AAAAAA2", "hold", ""), message("AAAAAA3"))
    backend.gone = ("AAAAAA3",)
    result = do(backend)
    assert backend.acts == [("delete", ["AAAAAA1", "AAAAAA2", "AAAAAA3"], None)]
    assert (result["changed"], result["matched"], result["affected"]) == (True, 3, 2)
    assert result["left_alone"] == [{"queue_id": "AAAAAA3", "reason": "gone"}]
    assert result["diff"]["before"] == (
        "deferred AAAAAA1 from=<app@web01.example.com> to=<a@example.org>\n"
        "hold AAAAAA2 from=<> to=<a@example.org>\n"
        "deferred AAAAAA3 from=<app@web01.example.com> to=<a@example.org>\n"
    )
    assert result["diff"]["after"] == "deferred AAAAAA3 from=<app@web01.example.com> to=<a@example.org>\n"


def test_check_mode_lists_what_would_be_hit_and_does_nothing():
    backend = FakeQueue(message("AAAAAA1"), message("AAAAAA2"))
    result = do(backend, check_mode=True)
    assert backend.acts == [] and result["changed"] and result["affected"] == 2
    assert [entry["queue_id"] for entry in result["messages"]] == ["AAAAAA1", "AAAAAA2"]


def test_more_messages_than_expected_are_refused():
    backend = FakeQueue(message("AAAAAA1"), message("AAAAAA2"))
    with pytest.raises(QueueError) as caught:
        do(backend, limit=1)
    assert "2 messages are meant, more than 1" in str(caught.value) and backend.acts == []
    assert do(backend, limit=2)["affected"] == 2
    with pytest.raises(QueueError):
        do(backend, limit=0)


def test_a_negative_limit_is_refused():
    for attempt in (lambda: do(FakeQueue(), limit=-1), lambda: inspect(FakeQueue(), every(), -1, NOW)):
        with pytest.raises(CriterionError) as caught:
            attempt()
        assert "limit: -1" in str(caught.value)


def test_a_message_that_moves_while_the_queue_is_read_counts_once():
    backend = FakeQueue(message("AAAAAA1", "hold"), message("AAAAAA1"))
    assert do(backend)["affected"] == 1


def test_nothing_meant_is_nothing_changed():
    backend = FakeQueue(message("AAAAAA1"))
    result = do(backend, selection=every(sender=["b@example.com"]))
    assert not result["changed"] and result["matched"] == 0 and backend.acts == []
    result = do(FakeQueue(message("AAAAAA1", "hold")), "hold")
    assert not result["changed"] and result["matched"] == 0


def test_flushing_everything_is_one_command():
    backend = FakeQueue(message("AAAAAA1"))
    assert do(backend, "flush")["affected"] == 1 and backend.acts == ["flush all"]
    backend = FakeQueue(message("AAAAAA1"))
    do(backend, "flush", every(queue=["deferred"]))
    assert backend.acts == [("flush", ["AAAAAA1"], None)]


def test_a_result_is_short_whatever_the_queue():
    messages = [message("{0:07X}".format(number)) for number in range(SHOWN + 20)]
    backend = FakeQueue(*messages)
    backend.gone = tuple(found.id for found in messages)
    result = do(backend)
    assert len(result["messages"]) == len(result["left_alone"]) == SHOWN and result["matched"] == SHOWN + 20
    assert not result["changed"] and result["diff"]["before"].endswith("and 20 more\n")


def test_what_this_mta_cannot_do_is_refused():
    for action, backup_to, words in (("expire", None, "postfix has no expire"), ("hold", "/backup", "backup_to: ")):
        with pytest.raises(QueueError) as caught:
            do(FakeQueue(message("AAAAAA1")), action, backup_to=backup_to)
        assert words in str(caught.value)
    with pytest.raises(CriterionError) as caught:
        inspect(FakeQueue(), every(client=["10.0.0.1"]), 10, NOW)
    assert "client: " in str(caught.value)


def test_clients_are_asked_for_in_batches():
    class WithClients(FakeQueue):
        asked = []

        def clients(self, messages):
            self.asked.append(len(messages))
            return dict((found.id, ("web01", "10.20.0.11")) for found in messages if found.id.endswith("1"))

    backend = WithClients(*[message("{0:07X}".format(number)) for number in range(BATCH + 2)])
    result = inspect(backend, every(client=["10.20.0.0/24"]), 3, NOW)
    assert backend.asked == [BATCH, 2]
    assert result["total"] == len([number for number in range(BATCH + 2) if number % 16 == 1])
    assert len(result["messages"]) == 3
    assert [(entry["name"], entry["count"]) for entry in result["by_client"]] == [("web01", result["total"])]
    assert [entry["name"] for entry in inspect(backend, every(), 3, NOW)["by_client"]] == ["(unknown)", "web01"]


def test_restoring_from_a_directory_that_is_no_backup_is_refused(tmp_path):
    with pytest.raises(BackupError) as caught:
        restore(FakeQueue(), every(), str(tmp_path / "none"), False)
    assert "no such backup" in str(caught.value)


def test_restoring(tmp_path):
    source, directory = tmp_path / "message", str(tmp_path / "backup")
    source.write_bytes(b"x")
    for queue_id in ("AAAAAA1", "AAAAAA2"):
        Backup(directory, "postfix").save(queue_id, {"message": str(source)})
    backend = FakeQueue()
    assert restore(backend, every(), directory, True)["affected"] == 2 and backend.acts == []
    restore(backend, every(queue_id=["AAAAAA2"]), directory, False)
    assert backend.acts == [("restore", ["AAAAAA2"])]
    for selection, words in (
        (every(queue_id=["AAAAAA3"]), "AAAAAA3 is not among the messages"),
        (every(sender=["a@example.com"]), "only queue_id and all"),
    ):
        with pytest.raises((QueueError, CriterionError)) as caught:
            restore(backend, selection, directory, False)
        assert words in str(caught.value)
