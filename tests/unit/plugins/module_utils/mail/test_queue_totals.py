# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import MOST_KEYS, OTHERS
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_totals import QueueTotals

NOW = 1795350600.0


def message(sender="app@web01.example.com", recipients=("a@example.org",), reason="", **fields):
    values = dict(
        {"queue": "deferred", "id": "8B4671C40A2", "size": 1000, "arrival": int(NOW) - 3600, "state": ""}, **fields
    )
    return Message(
        sender=sender,
        recipients=tuple(item if isinstance(item, Recipient) else Recipient(item, reason) for item in recipients),
        **values
    )  # fmt: skip


def test_a_queue_in_numbers():
    totals = QueueTotals()
    totals.add(message(recipients=["a@example.org", "b@EXAMPLE.org", "c@example.net"], reason="450 4.2.2 full"), None)
    totals.add(message("", ["a@example.org"], queue="hold", arrival=int(NOW) - 60), ("", ""))
    found = totals.facts(NOW)
    assert found == {
        "total": 2,
        "size": 2000,
        "oldest": int(NOW) - 3600,
        "oldest_age": 3600,
        "by_queue": {"deferred": 1, "hold": 1},
        "by_client": [
            {"name": "(unknown)", "address": "", "count": 1, "oldest": int(NOW) - 3600, "oldest_age": 3600},
            {"name": "(this host)", "address": "", "count": 1, "oldest": int(NOW) - 60, "oldest_age": 60},
        ],
        "by_sender_domain": [{"name": "<>", "count": 1}, {"name": "web01.example.com", "count": 1}],
        "by_recipient_domain": [{"name": "example.org", "count": 2}, {"name": "example.net", "count": 1}],
        "by_reason": [{"name": "4.2.2", "count": 1}, {"name": "none", "count": 1}],
    }
    assert QueueTotals().facts(NOW)["oldest_age"] is None


def test_they_do_not_grow_with_a_spammers_domains():
    totals = QueueTotals()
    for number in range(MOST_KEYS + 7):
        totals.add(message("a@d{0}.example".format(number)), ("", "10.{0}.{1}.1".format(number // 250, number % 250)))
    domains, clients = totals.facts(NOW)["by_sender_domain"], totals.facts(NOW)["by_client"]
    assert len(clients) == MOST_KEYS + 1 and (clients[0]["name"], clients[0]["count"]) == (OTHERS, 7)
    assert len(domains) == MOST_KEYS + 1 and domains[0] == {"name": OTHERS, "count": 7}


def test_clients_are_counted_by_address_with_the_age_of_the_oldest():
    totals = QueueTotals()
    web02 = ("web02.example.com", "10.20.0.12")
    for number, client in enumerate(
        [("", "10.20.0.12"), web02, web02, ("web01.example.com", "fd00::1"), ("", "203.0.113.9")]
    ):
        totals.add(message(arrival=int(NOW) - number), client)
    found = totals.facts(NOW)["by_client"]
    assert [(entry["name"], entry["address"], entry["count"], entry["oldest_age"]) for entry in found] == [
        ("web02.example.com", "10.20.0.12", 3, 2),
        ("203.0.113.9", "203.0.113.9", 1, 4),
        ("web01.example.com", "fd00::1", 1, 3),
    ]


def test_what_came_by_the_loopback_is_this_hosts():
    totals = QueueTotals()
    for client in (("", ""), ("localhost", "127.0.0.1"), ("localhost", "::1"), ("localhost", "")):
        totals.add(message(), client)
    # A stranger may call itself so.
    totals.add(message(), ("localhost", "203.0.113.9"))
    assert [(entry["name"], entry["count"]) for entry in totals.facts(NOW)["by_client"]] == [
        ("(this host)", 4),
        ("localhost", 1),
    ]
