# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake programs answer as postqueue, postsuper and postcat of Postfix 3.7.11 did."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import itertools
import os
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.mail.backup import Backup
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError, Ticket
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection
from ansible_collections.mailops.relay.plugins.module_utils.postfix import readable
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue import PostfixQueue

NOW = 1795350600
APP = "app@web01.example.com"


class FakePostfix(object):
    """messages: dict of queue ID -> [queue, sender, size, arrival]."""

    def __init__(self, spool, version="3.7.11", **messages):
        self.spool, self.version, self.content = str(spool), version, messages
        self.calls, self.complaints, self.damaged = [], "", ()
        # Queue ID -> exit code of postqueue -i.
        self.refused = {}
        # With what each program but postconf ends that reads the main.cf in the usual place.
        self.fault = None
        # Called before a program of that name and option runs: the world goes on meanwhile.
        self.meanwhile = {}

    @staticmethod
    def find(program):
        return "/usr/sbin/" + program

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(argv)
        if self.fault and argv[0] == "postmap" and "-c" not in argv:
            raise CommandError(argv, 1, "", self.fault)
        if argv[-2] == "-i" and argv[-1] in self.refused:
            raise CommandError(argv, self.refused[argv[-1]], "", "postqueue: fatal: refused\n")
        return Result(0, "{0}\n{1}\npostfix\n/usr/lib/postfix/sbin\n".format(self.version, self.spool), "")

    def lines(self, argv, stdin=None, env=None, merge=False):
        self.calls.append(argv)
        asked = list(stdin or ())
        self.meanwhile.pop((argv[0], argv[1]), lambda: None)()
        return getattr(self, "_" + argv[0])(argv, asked)

    def _postsuper(self, argv, asked):
        assert argv[2] == "-" and "ALL" not in asked
        option, queues = argv[1], argv[3:] or ["hold", "incoming", "active", "deferred"]
        for queue_id in asked:
            if self.content.get(queue_id, ["none"])[0] not in queues:
                continue
            if option == "-d":
                del self.content[queue_id]
                yield "postsuper: {0}: removed".format(queue_id)
            elif option == "-h":
                self.content[queue_id][0] = "hold"
                yield "postsuper: {0}: placed on hold".format(queue_id)
            elif option == "-H" and self.content[queue_id][0] == "hold":
                self.content[queue_id][0] = "deferred"
                yield "postsuper: {0}: released from hold".format(queue_id)
        yield "postsuper: Done: 1 message"

    def _postcat(self, argv, asked):
        for queue_id in argv[argv.index("-q") + 1 :]:
            if queue_id not in self.content:
                raise CommandError(
                    argv, 1, "", "postcat: fatal: open queue file {0}: No such file or directory".format(queue_id)
                )
            if queue_id in self.damaged:
                raise CommandError(argv, 1, "", "postcat: fatal: damaged")
            queue, sender, size, arrival = self.content[queue_id]
            path = "{0}/{1}".format(queue, queue_id)
            yield "*** ENVELOPE RECORDS {0} ***".format(path)
            yield "message_size:     {0}    1     1     0".format(size)
            yield "message_arrival_time: {0}".format(time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(arrival)))
            yield "sender: {0}".format(sender)
            yield "*** MESSAGE CONTENTS {0} ***".format(path)

    def _postqueue(self, argv, asked):
        for line in asked:
            yield line
        raise CommandError(argv, 69, "", "postqueue: fatal: Queue report unavailable - mail system is down\n")


def ticket(queue_id, queue="deferred", sender=APP, size=275, arrival=NOW):
    return Ticket(queue, queue_id, sender, size, arrival)


def held_by_nobody(postfix):
    return [queue_id for queue_id, entry in postfix.content.items() if entry[0] == "hold"]


def test_exactly_the_selected_messages_are_deleted(tmp_path):
    postfix = FakePostfix(
        tmp_path,
        AAAAAA1=["deferred", APP, 275, NOW],
        AAAAAA2=["active", "a b@example.com", 275, NOW],
        AAAAAA3=["hold", "", 275, NOW],
        AAAAAA4=["deferred", APP, 275, NOW],
    )
    outcome = PostfixQueue(postfix).act(
        "delete",
        [ticket("AAAAAA1"), ticket("AAAAAA2", "active", '"A B"@example.com'), ticket("AAAAAA3", "hold", "")],
        None,
    )
    assert outcome == (["AAAAAA1", "AAAAAA2", "AAAAAA3"], []) and list(postfix.content) == ["AAAAAA4"]
    # An ID is never an argument of postsuper.
    assert not any("AAAAAA" in word for argv in postfix.calls if argv[0] == "postsuper" for word in argv)


@pytest.mark.parametrize(
    "changed", [["hold", "b@example.com", 275, NOW], ["hold", APP, 276, NOW], ["hold", APP, 275, NOW + 1]]
)
def test_another_message_under_the_same_id_is_let_go(tmp_path, changed):
    postfix = FakePostfix(tmp_path, AAAAAA1=["deferred"] + changed[1:], AAAAAA2=["deferred", APP, 275, NOW])
    outcome = PostfixQueue(postfix).act("delete", [ticket("AAAAAA1"), ticket("AAAAAA2")], None)
    assert outcome == (["AAAAAA2"], [("AAAAAA1", "another message has this queue ID now")])
    assert postfix.content == {"AAAAAA1": ["deferred"] + changed[1:]}


@pytest.mark.parametrize(
    "shown, written, same",
    [
        ("a?b@example.com", "a\x01b@example.com", True),
        ("a?@b?.example", "a\x7f@b\xff.example", True),
        ("a?b@example.com", "a?b@example.com", True),
        ("a?b@example.com", "axb@example.com", False),
        ("a?b@example.com", "a\x01\x01b@example.com", False),
        ("ab@example.com", "a\x01@example.com", False),
    ],
)
def test_a_sender_with_what_the_listing_cannot_show_is_known_again(tmp_path, shown, written, same):
    """showq writes a question mark for it, and postcat and the file have it."""
    if bytes is not str:
        written = written.encode("latin-1").decode("utf-8", "surrogateescape")
    postfix = FakePostfix(tmp_path, AAAAAA1=["deferred", written, 275, NOW])
    done, skipped = PostfixQueue(postfix).act("delete", [ticket("AAAAAA1", sender=shown)], None)
    assert (done, [why for _id, why in skipped]) == (
        (["AAAAAA1"], []) if same else ([], ["another message has this queue ID now"])
    )


@pytest.mark.parametrize("listed_size", [275, 700])
def test_what_was_requeued_and_waits_for_pickup_is_known_by_its_records(tmp_path, listed_size):
    """It has been through cleanup before, and is listed with the time of then, and with its size of then or of the file."""
    (tmp_path / "maildrop").mkdir()
    for name in ("AAAAAA1", "AAAAAA2"):
        (tmp_path / "maildrop" / name).write_bytes(b"x" * 700)
    postfix = FakePostfix(tmp_path, AAAAAA1=["maildrop", APP, 275, NOW], AAAAAA2=["maildrop", APP, 275, NOW + 1])
    tickets = [ticket(name, "maildrop", size=listed_size) for name in ("AAAAAA1", "AAAAAA2")]
    assert PostfixQueue(postfix).act("delete", tickets, None) == (
        ["AAAAAA1"],
        [("AAAAAA2", "another message has this queue ID now")],
    )


def test_what_was_delivered_or_is_damaged_does_not_stop_the_others(tmp_path):
    names = ["AAAAAA{0}".format(number) for number in range(1, 7)]
    postfix = FakePostfix(tmp_path, **dict((name, ["deferred", APP, 275, NOW]) for name in names[1:]))
    postfix.damaged = ("AAAAAA4",)
    postfix.meanwhile["postcat", "-e"] = lambda: postfix.content.pop("AAAAAA3")
    done, skipped = PostfixQueue(postfix).act("delete", [ticket(name) for name in names], None)
    assert done == ["AAAAAA2", "AAAAAA5", "AAAAAA6"]
    assert dict(skipped)["AAAAAA1"] == dict(skipped)["AAAAAA3"] == "it was delivered or removed meanwhile"
    assert "cannot be read" in dict(skipped)["AAAAAA4"]
    assert postfix.content["AAAAAA4"][0] == "deferred"


def test_a_failure_in_between_leaves_nothing_on_hold(tmp_path):
    postfix = FakePostfix(tmp_path, AAAAAA1=["deferred", APP, 275, NOW])

    def fail():
        raise CommandError(["postsuper"], 1, "", "no space left")

    postfix.meanwhile["postsuper", "-d"] = fail
    with pytest.raises(CommandError):
        PostfixQueue(postfix).act("delete", [ticket("AAAAAA1")], None)
    assert held_by_nobody(postfix) == [] and "AAAAAA1" in postfix.content


def write_held(spool, queue_id, sender=APP, size=275, arrival=NOW):
    """The head of a file in hold, as cleanup writes it."""
    records = [
        (b"C", "{0:15d} {1:15d} 1 0 {0:15d}".format(size, 600)),
        (b"T", "{0} 123456".format(arrival)),
        (b"A", "rewrite_context=local"),
        (b"S", sender),
        (b"R", "ops@example.net"),
    ]
    path = os.path.join(str(spool), "hold", queue_id)
    if not os.path.isdir(os.path.dirname(path)):
        os.makedirs(os.path.dirname(path))
    with open(path, "wb") as stream:
        for kind, text in records:
            stream.write(kind + bytes(bytearray([len(text)])) + text.encode("ascii"))


def test_what_its_file_tells_needs_no_postcat_and_whatever_it_does_not_is_asked_of_it(tmp_path):
    names = ["AAAAAA{0}".format(number) for number in range(1, 6)]
    postfix = FakePostfix(tmp_path, **dict((name, ["deferred", APP, 275, NOW]) for name in names))
    for name, changes in zip(names, [{}, {"sender": "b@example.com"}, {"size": 276}, {"arrival": NOW + 1}]):
        write_held(tmp_path, name, **changes)
    # By postcat it is another message: only what the file itself confirms is deleted without asking.
    postfix.content["AAAAAA2"][1] = "b@example.com"
    done, skipped = PostfixQueue(postfix).act("delete", [ticket(name) for name in names], None)
    (asked,) = [argv[argv.index("-q") + 1 :] for argv in postfix.calls if argv[0] == "postcat"]
    assert sorted(asked) == names[1:]
    assert sorted(done) == ["AAAAAA1", "AAAAAA3", "AAAAAA4", "AAAAAA5"]
    assert skipped == [("AAAAAA2", "another message has this queue ID now")]


def test_a_message_that_its_file_confirms_is_saved_before_it_is_deleted(tmp_path):
    postfix = FakePostfix(tmp_path / "spool", AAAAAA1=["deferred", APP, 275, NOW])
    write_held(tmp_path / "spool", "AAAAAA1")
    backup = Backup(str(tmp_path / "backup"), "postfix")
    assert PostfixQueue(postfix).act("delete", [ticket("AAAAAA1")], backup) == (["AAAAAA1"], [])
    with open(backup.path("AAAAAA1", "message"), "rb") as saved:
        assert saved.read(1) == b"C"


def many(number):
    return ["A{0:07X}".format(place) for place in range(number)]


def counting_held(postfix):
    """list of int that grows: how many are on hold for our sake whenever a program is run."""
    counts, run = [], postfix.lines

    def count(argv, *rest, **options):
        counts.append(len(held_by_nobody(postfix)))
        return run(argv, *rest, **options)

    postfix.lines = count
    return counts


def test_many_are_deleted_in_parts_and_no_more_than_said_are_on_hold_at_once(tmp_path):
    names = many(4321)
    postfix = FakePostfix(tmp_path, **dict((name, ["deferred", APP, 275, NOW]) for name in names))
    most = counting_held(postfix)
    assert PostfixQueue(postfix).act("delete", [ticket(name) for name in names], None) == (names, [])
    assert postfix.content == {} and 1000 <= max(most) <= 2000


def test_those_that_are_not_deleted_are_on_hold_no_longer_than_their_part(tmp_path):
    """As with a backup on a full disk, and with a filter whose messages have all gone and left their IDs to others."""
    names = many(4321)
    postfix = FakePostfix(tmp_path, **dict((name, ["deferred", APP, 276, NOW]) for name in names))
    most = counting_held(postfix)
    done, skipped = PostfixQueue(postfix).act("delete", [ticket(name) for name in names], None)
    assert done == [] and len(skipped) == len(names)
    assert held_by_nobody(postfix) == [] and 1000 <= max(most) <= 2000


@pytest.mark.parametrize("option", ["-d", "-h"])
def test_a_failure_while_the_next_are_put_on_hold_leaves_nothing_there(tmp_path, option):
    names = many(2500)
    postfix = FakePostfix(tmp_path, **dict((name, ["deferred", APP, 275, NOW]) for name in names))
    run, calls = postfix.lines, []

    def fail(argv, *rest, **options):
        lines = run(argv, *rest, **options)
        calls.append(argv[1])
        if argv[1] == "-h" and option == "-d":
            # The program goes on whether anybody reads what it says or not.
            lines = iter(list(lines))
        if calls.count(option) == 2 and argv[1] == option:
            for line in itertools.islice(lines, 700):
                yield line
            raise CommandError(["postsuper"], 1, "", "no space left")
        for line in lines:
            yield line

    postfix.lines = fail
    with pytest.raises(CommandError, match="no space left"):
        PostfixQueue(postfix).act("delete", [ticket(name) for name in names], None)
    assert held_by_nobody(postfix) == [] and len(postfix.content) >= 800


def test_a_message_that_cannot_be_saved_is_kept(tmp_path):
    postfix = FakePostfix(tmp_path / "spool", AAAAAA1=["deferred", APP, 275, NOW])
    backup = Backup(str(tmp_path / "backup"), "postfix")
    done, skipped = PostfixQueue(postfix).act("delete", [ticket("AAAAAA1")], backup)
    assert done == [] and "it was kept" in skipped[0][1] and postfix.content["AAAAAA1"][0] == "deferred"


def flushed(postfix):
    return [argv[-1] for argv in postfix.calls if argv[:2] == ["postqueue", "-i"]]


def test_a_flush_says_of_each_message_whether_it_was_tried(tmp_path):
    names = ["AAAAAA{0}".format(number) for number in range(1, 6)]
    postfix = FakePostfix(tmp_path, **dict((name, ["deferred", APP, 275, NOW]) for name in names[1:]))
    postfix.content["AAAAAA2"][0], postfix.refused, postfix.damaged = "hold", {"AAAAAA3": 1}, ("AAAAAA4",)
    done, skipped = PostfixQueue(postfix).act("flush", [ticket(name) for name in names], None)
    assert done == ["AAAAAA5"] and flushed(postfix) == ["AAAAAA3", "AAAAAA5"]
    assert skipped == [
        ("AAAAAA1", "it was delivered or removed meanwhile"),
        ("AAAAAA2", "it is in hold now"),
        ("AAAAAA3", "postqueue: fatal: refused"),
        ("AAAAAA4", "it cannot be read: postcat: fatal: damaged"),
    ]


def test_a_flush_ends_at_once_when_postfix_does_not_run(tmp_path):
    messages = dict(("AAAAAA{0}".format(number), ["deferred", APP, 275, NOW]) for number in range(1, 4))
    postfix = FakePostfix(tmp_path, **messages)
    postfix.refused = dict.fromkeys(messages, 69)
    with pytest.raises(QueueError) as caught:
        PostfixQueue(postfix).act("flush", [ticket(name) for name in sorted(messages)], None)
    assert str(caught.value) == "nothing was flushed: postqueue: fatal: refused" and flushed(postfix) == ["AAAAAA1"]


@pytest.mark.parametrize("user, then", [(1000, "As root it can."), (0, "The mail log says more.")])
def test_a_queue_that_is_down_is_a_clear_refusal(tmp_path, monkeypatch, user, then):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(QueueError) as caught:
        list(PostfixQueue(FakePostfix(tmp_path)).messages(Selection({"all": True}, NOW), NOW))
    assert str(caught.value).endswith("mail system is down. " + then)


QUEUES = ("maildrop", "incoming", "active", "deferred", "hold")


@pytest.fixture
def stopped(tmp_path):
    """A Postfix that does not run; a directory of each queue is there and has one below it, as of a hashed queue."""
    for queue in QUEUES:
        (tmp_path / queue / "A").mkdir(parents=True)
    return FakePostfix(tmp_path)


def listed(postfix):
    return list(PostfixQueue(postfix).messages(Selection({"all": True}, NOW), NOW))


def test_a_stopped_postfix_without_mail_is_asked_nothing_that_it_would_log(stopped):
    assert listed(stopped) == [] and not [argv for argv in stopped.calls if argv[0] == "postqueue"]


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("place", ["AAAAAA1", "A/AAAAAA1"])
def test_a_stopped_postfix_with_mail_is_asked_for_it(stopped, tmp_path, queue, place):
    (tmp_path / queue / place).write_bytes(b"")
    with pytest.raises(QueueError):
        listed(stopped)


@pytest.mark.parametrize("instead", ["nothing", "a file", "a link below it"])
def test_a_queue_of_a_stopped_postfix_that_cannot_be_looked_through_is_not_called_empty(stopped, tmp_path, instead):
    below = tmp_path / "hold" / "A"
    below.rmdir()
    if instead == "a link below it":
        below.symlink_to(tmp_path)
    else:
        below.parent.rmdir()
    if instead == "a file":
        below.parent.write_bytes(b"")
    with pytest.raises(QueueError):
        listed(stopped)


@pytest.mark.parametrize("answer", [True, None])
def test_a_postfix_that_runs_or_may_run_is_asked_though_no_file_is_seen(stopped, monkeypatch, answer):
    # What moves from queue to queue meanwhile would be missed.
    monkeypatch.setattr(Host, "runs", lambda _self, _queue_directory: answer)
    with pytest.raises(QueueError):
        listed(stopped)


# Of Postfix 3.7.11 whose main.cf sets mynetworks, so that postconf answers.
FAULT = "postmap: fatal: parameter inet_interfaces: no local interface found for ::1\n"
# And of postqueue, with that main.cf out of the way.
DIRECTLY = (
    "postqueue: warning: Mail system is down -- accessing queue directly (Connect to the Postfix ../sbin/showq service: "
    "No such file or directory)\n"
)


@pytest.fixture
def with_fault(tmp_path, monkeypatch):
    """A Postfix none of whose programs starts but postconf."""
    (tmp_path / "main.cf").write_bytes(b"inet_interfaces = localhost\n")
    monkeypatch.setattr(readable, "DEFAULT_DIRECTORY", str(tmp_path))
    postfix = FakePostfix(tmp_path)
    postfix.fault = FAULT
    return postfix


def test_the_queue_is_read_past_a_main_cf_with_which_nothing_starts_and_past_a_showq_that_never_answers(with_fault):
    asked = []

    def listed(argv, _asked):
        asked.append(argv)
        twice = (
            "postqueue: warning: {0}/main.cf, line 47: overriding earlier entry: inet_interfaces=localhost\n".format(
                argv[2]
            )
        )
        with_fault.complaints = DIRECTLY + twice + "postqueue: warning: another\n"
        return iter([])

    with_fault._postqueue = listed
    queue = PostfixQueue(with_fault)
    assert list(queue.messages(Selection({"all": True}, NOW), NOW)) == []
    with open(os.path.join(asked[0][2], "main.cf")) as stream:
        written = stream.read()
    assert "inet_interfaces = all\n" in written and "showq_service_name = ../sbin/showq\n" in written
    assert queue.warnings == [
        "Postfix does not run with its main.cf: parameter inet_interfaces: no local interface found for ::1; what waits in its "
        "queue waits for that to be mended",
        "postqueue: warning: another",
    ]


def test_nothing_is_said_to_be_flushed_where_postfix_does_not_run(with_fault):
    queue = PostfixQueue(with_fault)
    for flush in (queue.flush_all, lambda: queue.act("flush", [ticket("AAAAAA1")], None)):
        with pytest.raises(QueueError) as caught:
            flush()
        assert str(caught.value).startswith(
            "nothing was flushed: Postfix does not run with its main.cf: parameter inet_"
        )


def test_a_main_cf_that_nothing_can_read_is_named(tmp_path):
    postfix = FakePostfix(tmp_path)
    postfix.fault = "postmap: fatal: bad numerical configuration: message_size_limit = abc\n"
    with pytest.raises(QueueError) as caught:
        PostfixQueue(postfix)
    assert str(caught.value) == (
        "the queue cannot be read: Postfix does not run with its main.cf: bad numerical configuration: message_size_limit = abc; "
        "mend that, until the command postfix check says nothing"
    )


def test_ids():
    for good in ("8BF5F1C4099", "4jXKsf49k2zFwr8"):
        assert PostfixQueue.id_pattern.match(good)
    for bad in ("ALL", "-d", "8BF5F1C4099*", "8BF5F1C4099\n", "../hold", "", "4jXKsf49k2zFwra"):
        assert not PostfixQueue.id_pattern.match(bad)


@pytest.mark.parametrize(("version", "has"), [("2.10.1", False), ("3.4.0", False), ("3.5.25", True), ("3.10.13", True)])
def test_expire_is_there_from_3_5_on(tmp_path, version, has):
    assert ("expire" in PostfixQueue(FakePostfix(tmp_path, version)).actions) is has


def test_what_is_settled():
    def settled(action, queue, state=""):
        return PostfixQueue.settled(action, Message(queue, "AAAAAA1", APP, (), 1, NOW, state))

    assert settled("hold", "hold") and not settled("hold", "active")
    assert settled("release", "deferred") and not settled("release", "hold")
    assert settled("expire", "deferred", "expiring") and not settled("expire", "hold", "expiring")
    assert not settled("delete", "hold")
    assert not settled("flush", "deferred") and settled("flush", "hold") and settled("flush", "active")
