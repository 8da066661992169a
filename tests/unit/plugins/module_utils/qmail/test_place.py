# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.qmail import place
from ansible_collections.mailops.relay.plugins.module_utils.qmail.place import QmailPlaces

ARRIVAL = 1795331264.0


def hop(queue_id, *deliveries, **changes):
    keys = ("recipient", "status", "time", "relay")
    return dict(
        {"queue_id": queue_id, "arrival": ARRIVAL, "deliveries": [dict(zip(keys, entry), orig_to="") for entry in deliveries]},
        **changes
    )  # fmt: skip


@pytest.fixture(params=[(23, False), (23, True), (151, False), (7, True)])
def queue(request, tmp_path):
    """A queue as qmail makes it, split as conf-split says, with and without the patch big-todo."""
    split, big_todo = request.param
    for name in ("bounce", "pid", "lock", "todo", "intd"):
        os.makedirs(str(tmp_path / "queue" / name))
    for kind in ("mess", "info", "local", "remote") + (("todo", "intd") if big_todo else ()):
        for number in range(split):
            os.makedirs(str(tmp_path / "queue" / kind / str(number)))

    def add(number):
        (tmp_path / "queue" / "mess" / str(number % split) / str(number)).write_bytes(b"m")

    return tmp_path, add


def find(top, message):
    return QmailPlaces(str(top)).find(message)


def test_a_message_is_found_by_its_number_however_the_queue_is_split(queue):
    top, add = queue
    assert find(top, hop("1861840")) is None
    add(1861840)
    assert find(top, hop("1861840")) == ("queue", None)
    for other in ("1861841", "186184", "0", "4jXKsg4Qmrz1"):
        assert find(top, hop(other)) is None


@pytest.mark.parametrize(
    "deliveries, changes, next_try",
    [
        # nextretry() of qmail-send.c: the square of the age's root and 20 more, of a local recipient 10.
        ([("a@example.net", "deferred", ARRIVAL, "mx[203.0.113.2]")], {}, ARRIVAL + 400),
        ([("a@web01", "deferred", ARRIVAL, "local")], {}, ARRIVAL + 100),
        ([("a@example.net", "deferred", ARRIVAL, "mx"), ("a@web01", "deferred", ARRIVAL, "local")], {}, ARRIVAL + 100),
        (
            [("a@example.net", "deferred", ARRIVAL, "mx"), ("a@example.net", "deferred", ARRIVAL + 400, "mx")],
            {},
            ARRIVAL + 1600,
        ),
        ([("a@example.net", "deferred", ARRIVAL, "mx"), ("a@example.net", "sent", ARRIVAL + 400, "mx")], {}, None),
        ([("a@example.net", "deferred", ARRIVAL, "mx")], {"arrival": None}, None),
    ],
)
def test_the_next_attempt_is_told_by_the_last_ones(queue, deliveries, changes, next_try):
    top, add = queue
    add(1861840)
    assert find(top, hop("1861840", *deliveries, **changes)) == ("queue", next_try)
    assert find(top, hop("1861841", *deliveries, **changes)) is None


def test_a_queue_that_is_not_there_is_no_empty_one(tmp_path):
    with pytest.raises(QueueError):
        find(tmp_path, hop("1861840"))
    os.makedirs(str(tmp_path / "queue" / "mess"))
    with pytest.raises(QueueError):
        find(tmp_path, hop("1861840"))


def test_a_queue_that_cannot_be_read_any_more_is_no_empty_one(queue):
    top, _add = queue
    places = QmailPlaces(str(top))
    # Root, as which this may run, may look into every directory.
    shutil.rmtree(str(top / "queue" / "mess"))
    (top / "queue" / "mess").write_bytes(b"")
    with pytest.raises(OSError):
        places.find(hop("1861840"))


def test_the_queue_is_the_one_that_the_other_modules_use(queue, monkeypatch):
    top, add = queue
    add(1861840)
    monkeypatch.setattr(place, "HOME", str(top))
    assert QmailPlaces().find(hop("1861840")) == ("queue", None)
