# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Message, Recipient
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue_totals import MOST_KEYS, OTHERS, QueueTotals

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
    totals.add(message(recipients=["a@example.org", "b@EXAMPLE.org", "c@example.net"], reason="450 4.2.2 full"))
    totals.add(message("", ["a@example.org"], queue="hold", arrival=int(NOW) - 60))
    found = totals.facts(NOW)
    assert found == {
        "total": 2,
        "size": 2000,
        "oldest": int(NOW) - 3600,
        "oldest_age": 3600,
        "by_queue": {"deferred": 1, "hold": 1},
        "by_sender_domain": [{"name": "<>", "count": 1}, {"name": "web01.example.com", "count": 1}],
        "by_recipient_domain": [{"name": "example.org", "count": 2}, {"name": "example.net", "count": 1}],
        "by_reason": [{"name": "4.2.2", "count": 1}, {"name": "none", "count": 1}],
    }
    assert QueueTotals().facts(NOW)["oldest_age"] is None


def test_they_do_not_grow_with_a_spammers_domains():
    totals = QueueTotals()
    for number in range(MOST_KEYS + 7):
        totals.add(message("a@d{0}.example".format(number)))
    domains = totals.facts(NOW)["by_sender_domain"]
    assert len(domains) == MOST_KEYS + 1 and domains[0] == {"name": OTHERS, "count": 7}
