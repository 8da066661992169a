# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.place import SendmailPlaces

QUEUE_ID = "6AMC4m4E001627"


@pytest.fixture
def host(tmp_path):
    """A sendmail whose queues are not at the usual place: makes directories and writes the configuration."""
    (tmp_path / "mail").mkdir()

    def make(sendmail_cf=None, submit_cf=None, directories=()):
        for directory in directories:
            os.makedirs(str(tmp_path / directory))
        for name, text in (("sendmail.cf", sendmail_cf), ("submit.cf", submit_cf)):
            if text is not None:
                (tmp_path / "mail" / name).write_bytes(text.replace("{0}", str(tmp_path)).encode("ascii"))
        return tmp_path

    return make


def find(top, queue_id=QUEUE_ID):
    return SendmailPlaces(str(top / "mail")).find({"queue_id": queue_id})


@pytest.mark.parametrize(
    "path, queue",
    [
        ("big/q1/qf", "mta"),
        ("big/q2/qf/qf", "mta"),
        ("slow/qf", "mta"),
        ("slow/hf", "hold"),
        ("big/q1/Qf", "lost"),
        ("submitted/qf", "submission"),
        ("submitted/hf", "hold"),
    ],
)
def test_a_message_is_found_in_each_directory_that_the_configuration_names(host, path, queue):
    top = host(
        "O QueueDirectory={0}/big/q*\nQmqueue\nQslow, P={0}/slow, F=f\n",
        "O QueueDirectory={0}/submitted\n",
        ["big/q1", "big/q2/qf", "big/q2/df", "big/other", "slow", "submitted"],
    )
    assert find(top) is None
    (top / (path + QUEUE_ID)).write_bytes(b"")
    assert find(top) == (queue, None)
    assert find(top, QUEUE_ID[:-1]) is None


def test_what_belongs_to_no_queue_is_no_message(host):
    top = host("O QueueDirectory={0}/big/q*\n", None, ["big/q1", "big/other"])
    for path in ("big/other/qf", "big/q1/df", "big/q1/xf", "big/q1/tf"):
        (top / (path + QUEUE_ID)).write_bytes(b"")
    assert find(top) is None


@pytest.mark.parametrize(
    "sendmail_cf, submit_cf, named",
    [
        (None, None, "sendmail.cf"),
        (None, "O QueueDirectory={0}/there\n", "sendmail.cf"),
        ("DSrelay\n", None, "sendmail.cf"),
        ("O QueueDirectory={0}/none/q*\n", None, "sendmail.cf"),
        ("O QueueDirectory={0}/there\n", "DSrelay\n", "submit.cf"),
    ],
)
def test_a_configuration_without_a_queue_does_not_tell_that_a_message_is_gone(host, sendmail_cf, submit_cf, named):
    with pytest.raises(QueueError, match="/mail/" + named):
        find(host(sendmail_cf, submit_cf, ["there"]))


def test_a_queue_that_is_not_there_is_no_empty_one(host):
    with pytest.raises(OSError):
        find(host("O QueueDirectory={0}/there\nQslow, P={0}/slow\n", None, ["there"]))


def test_a_queue_that_cannot_be_read_any_more_is_no_empty_one(host):
    top = host("O QueueDirectory={0}/there\n", None, ["there"])
    places = SendmailPlaces(str(top / "mail"))
    # Root, as which this may run, may look into every directory.
    (top / "there").rmdir()
    (top / "there").write_bytes(b"")
    with pytest.raises(OSError):
        places.find({"queue_id": QUEUE_ID})
