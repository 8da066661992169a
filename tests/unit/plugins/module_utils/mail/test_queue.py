# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import shutil
import stat
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail import queue_plan
from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup, BackupError
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import (
    BATCH,
    CHANGED,
    GONE,
    LATER,
    SHOWN,
    Outcome,
    Queue,
    QueueError,
    Ticket,
    act,
    inspect,
    restore,
    run,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_plan import PlanError
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import CRITERIA, Selection

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
    with pytest.raises(QueueError) as caught:
        do(FakeQueue(message("AAAAAA1")), "expire")
    assert "postfix has no expire" in str(caught.value)
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
    with pytest.raises(QueueError) as caught:
        restore(backend, every(queue_id=["AAAAAA3"]), directory, False)
    assert "AAAAAA3 is not among the messages" in str(caught.value)


DEFAULTS = dict(
    dict((name, None) for name in CRITERIA),
    all=False,
    null_sender=False,
    subdomains=False,
    every_recipient=False,
    action="delete",
    limit=None,
    backup_to=None,
    restore_from=None,
    plan=False,
    plan_file=None,
)


def asked(**options):
    return dict(DEFAULTS, **options)


@pytest.mark.parametrize(
    "options, words",
    [
        (
            {"action": "hold", "all": True, "backup_to": "/b"},
            "backup_to: only deleted messages are saved with action=hold",
        ),
        (
            {"action": "restore", "all": True, "restore_from": "/b", "backup_to": "/b"},
            "backup_to: only deleted messages",
        ),
        ({"action": "restore", "all": True, "restore_from": "/b", "limit": 3}, "limit: it is not looked at"),
        (
            {"action": "delete", "all": True, "restore_from": "/b"},
            "restore_from: nothing is restored with action=delete",
        ),
        ({"action": "restore", "restore_from": "/b", "sender": ["a@example.com"]}, "sender: only queue_id and all"),
        ({"action": "restore", "restore_from": "/b", "all": True, "subdomains": True}, "subdomains: only queue_id"),
        ({"all": True, "plan": True, "plan_file": "/run/mailops.relay/queue-plan-x"}, "plan: "),
        ({"queue": ["deferred"], "subdomains": True}, "subdomains: it says how sender_domain and recipient_domain"),
        ({"queue": ["deferred"], "every_recipient": True}, "every_recipient: it says how recipient and"),
    ],
)
def test_an_option_that_would_be_passed_over_is_refused(options, words):
    backend = FakeQueue(message("AAAAAA1"))
    with pytest.raises(CriterionError) as caught:
        run(lambda: backend, asked(**options), False, NOW)
    assert words in str(caught.value) and backend.acts == []


@pytest.fixture
def plans(tmp_path, monkeypatch):
    """The directory of plans, which is not there yet."""
    monkeypatch.setattr(queue_plan, "DIRECTORY", str(tmp_path / "plans"))
    return tmp_path / "plans"


def planned(backend, **options):
    result, _warnings = run(lambda: backend, asked(plan=True, **options), False, NOW)
    return result


def carried_out(backend, plan, later=60, **options):
    result, _warnings = run(lambda: backend, asked(plan_file=plan["plan_file"], **options), False, NOW + later)
    return result


def left(result):
    return dict((entry["queue_id"], entry["reason"]) for entry in result["left_alone"])


@pytest.mark.parametrize("action", ["delete", "hold", "flush"])
def test_exactly_what_was_planned_is_acted_on(plans, action):
    options = {"action": action, "sender": ["app@web01.example.com"]}
    other = message("AAAAAA9", sender="b@example.com")
    backend = FakeQueue(message("AAAAAA1"), message("AAAAAA2"), message("AAAAAA3"), other)
    plan = planned(backend, **options)
    assert backend.acts == [] and not plan["changed"] and (plan["matched"], plan["affected"]) == (3, 0)
    # The second is gone, the third is another message by now, and one came that meets the criteria.
    anew = message("AAAAAA3")._replace(arrival=int(NOW) + 5)
    backend.content = (message("AAAAAA1"), anew, message("AAAAAA4"), other)
    result = carried_out(backend, plan, **options)
    assert backend.acts == [(action, ["AAAAAA1"], None)]
    assert (result["changed"], result["matched"], result["affected"]) == (True, 4, 1)
    assert left(result) == {"AAAAAA2": GONE, "AAAAAA3": CHANGED, "AAAAAA4": LATER}


def test_what_was_shown_is_hit_wherever_it_is_by_now(plans):
    options = {"action": "delete", "queue": ["deferred"], "younger_than": "2m"}
    backend = FakeQueue(message("AAAAAA1"), message("AAAAAA2"))
    plan = planned(backend, **options)
    backend.content = (message("AAAAAA1", "hold"), message("AAAAAA2"))
    # By now they are older than two minutes; it was the question's moment that counted.
    assert carried_out(backend, plan, 600, **options)["affected"] == 2


def test_what_is_so_already_is_named(plans):
    backend = FakeQueue(message("AAAAAA1"))
    plan = planned(backend, action="hold", all=True)
    backend.content = (message("AAAAAA1", "hold"),)
    result = carried_out(backend, plan, action="hold", all=True)
    assert backend.acts == [] and left(result) == {"AAAAAA1": "it is in hold now"}


def test_a_new_message_is_named_only_where_its_client_is_meant(plans):
    class WithClients(FakeQueue):
        def clients(self, messages):
            return dict((found.id, ("web01", "10.20.0.1" + found.id[-1])) for found in messages)

    options = {"action": "delete", "client": ["10.20.0.11", "10.20.0.12"]}
    backend = WithClients(message("AAAAAA1"))
    plan = planned(backend, **options)
    backend.content = (message("AAAAAA1"), message("AAAAAA2"), message("AAAAAA3"))
    result = carried_out(backend, plan, **options)
    assert backend.acts == [("delete", ["AAAAAA1"], None)] and left(result) == {"AAAAAA2": LATER}


def test_a_plan_is_for_its_owner_and_used_once(plans):
    backend = FakeQueue(message("AAAAAA1"))
    plan = planned(backend, all=True)
    assert stat.S_IMODE(os.stat(str(plans)).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(plan["plan_file"]).st_mode) == 0o600
    carried_out(backend, plan, all=True)
    assert os.listdir(str(plans)) == []
    with pytest.raises(PlanError) as caught:
        carried_out(backend, plan, all=True)
    assert "is gone" in str(caught.value) and len(backend.acts) == 1


@pytest.mark.parametrize("other", [{"action": "hold"}, {"limit": 5}, {"backup_to": "/var/b"}])
def test_a_plan_is_not_for_another_question(plans, other):
    backend = FakeQueue(message("AAAAAA1"))
    plan = planned(backend, all=True)
    with pytest.raises(PlanError) as caught:
        carried_out(backend, plan, **dict({"all": True}, **other))
    assert "with another {0}".format(list(other)[0]) in str(caught.value)
    assert backend.acts == [] and os.listdir(str(plans)) == []


def test_check_mode_notes_nothing_and_uses_nothing_up(plans):
    backend = FakeQueue(message("AAAAAA1"))
    result, _warnings = run(lambda: backend, asked(plan=True, all=True), True, NOW)
    assert result["plan_file"] == "" and not plans.exists() and result["affected"] == 1
    plan = planned(backend, all=True)
    run(lambda: backend, asked(plan_file=plan["plan_file"], all=True), True, NOW)
    assert backend.acts == [] and os.path.exists(plan["plan_file"])


def test_what_a_killed_run_left_is_removed_a_day_later(plans):
    backend = FakeQueue(message("AAAAAA1"))
    old, new = planned(backend, all=True)["plan_file"], planned(backend, all=True)["plan_file"]
    (plans / "of-somebody-else").write_bytes(b"x")
    for path in (old, str(plans / "of-somebody-else")):
        os.utime(path, (1, 1))
    newest = planned(backend, all=True)["plan_file"]
    assert sorted(os.listdir(str(plans))) == sorted(
        [os.path.basename(new), os.path.basename(newest), "of-somebody-else"]
    )


def test_a_directory_that_others_can_write_to_is_refused(plans):
    plans.mkdir()
    os.chmod(str(plans), 0o777)
    with pytest.raises(PlanError) as caught:
        planned(FakeQueue(message("AAAAAA1")), all=True)
    assert str(plans) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x",
        b"{}\n",
        b"[]\n[]\n",
        b'{"question": {}, "now": 1}\n["a"]\n',
        b'{"question": 1, "now": 1}\n',
        b"\xe9\n",
    ],
)
def test_a_damaged_plan_does_nothing(plans, text):
    backend = FakeQueue(message("AAAAAA1"))
    plan = planned(backend, all=True)
    with open(plan["plan_file"], "wb") as stream:
        stream.write(text)
    with pytest.raises(PlanError):
        carried_out(backend, plan, all=True)
    assert backend.acts == []


def test_another_file_is_no_plan(plans, tmp_path):
    backend, secret = FakeQueue(message("AAAAAA1")), tmp_path / "secret"
    secret.write_bytes(b"x")
    planned(backend, all=True)
    link = plans / "queue-plan-link"
    link.symlink_to(secret)
    for path in (str(secret), str(plans / ".." / "secret"), str(link)):
        with pytest.raises((PlanError, EnvironmentError)):
            carried_out(backend, {"plan_file": path}, all=True)
    assert secret.read_bytes() == b"x" and backend.acts == []


def test_restoring_what_was_planned(plans, tmp_path):
    source, directory = tmp_path / "message", str(tmp_path / "backup")
    source.write_bytes(b"x")
    backup = Backup(directory, "postfix")
    for queue_id in ("AAAAAA1", "AAAAAA2", "AAAAAA3"):
        backup.save(queue_id, {"message": str(source)})
    options = {"action": "restore", "restore_from": directory, "all": True}
    backend = FakeQueue()
    plan = planned(backend, **options)
    assert backend.acts == [] and plan["matched"] == 3
    shutil.rmtree(os.path.join(directory, "AAAAAA2"))
    os.utime(os.path.join(directory, "AAAAAA3"), (1, 1))
    backup.save("AAAAAA4", {"message": str(source)})
    result = carried_out(backend, plan, **options)
    assert backend.acts == [("restore", ["AAAAAA1"])]
    assert left(result) == {
        "AAAAAA2": "it is not among the saved messages any more",
        "AAAAAA3": CHANGED,
        "AAAAAA4": LATER,
    }


@settings(max_examples=40)
@given(st.lists(st.tuples(st.text(max_size=30), st.integers(0, 2**53)), max_size=8))
def test_what_is_noted_comes_back(messages):
    directory = tempfile.mkdtemp()
    there, queue_plan.DIRECTORY = queue_plan.DIRECTORY, os.path.join(directory, "plans")
    try:
        tickets = [
            Ticket("deferred", "AAAAA{0}".format(number), sender, size, 1)
            for number, (sender, size) in enumerate(messages)
        ]
        path = queue_plan.note({"action": "hold"}, tickets, NOW)
        noted, now = queue_plan.take(path, {"action": "hold"}, False)
        assert now == NOW and set(noted) == set(ticket.id for ticket in tickets)
        for ticket in tickets:
            found = Ticket(*noted[ticket.id])
            same = Message("hold", ticket.id, ticket.sender, (), ticket.size, ticket.arrival, "")
            assert FakeQueue().same(found, same)
            assert not FakeQueue().same(found, same._replace(size=ticket.size + 1))
    finally:
        queue_plan.DIRECTORY = there
        shutil.rmtree(directory)
