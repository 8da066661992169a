# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue in numbers, in memory that does not grow with it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import names_loopback
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import MOST_KEYS, OTHERS, Memo
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable
from ansible_collections.mailops.relay.plugins.module_utils.mail.reason import reason_class

# Stand for the client of a message that a program of this host has submitted, and of one of which the client is not known.
LOCAL, UNKNOWN = "(this host)", "(unknown)"


def _domain_of(address):
    return address.rpartition("@")[2].lower() if "@" in address else ""


def _client_key(client):
    """(str, str): name and address under which a client is counted, the name empty where it has none."""
    name, address = client
    if not name and not address or (names_loopback(address) if address else name == "localhost"):
        return LOCAL, ""
    return name, address


class QueueTotals(object):
    """Counts messages as they come."""

    def __init__(self):
        self.total = 0
        self.size = 0
        self._oldest = None
        self._queues = {}
        self._sender_domains = {}
        self._recipient_domains = {}
        self._reasons = {}
        self._classes = {}
        # Of each client, or each address: a name, how many messages, and when the oldest of them arrived.
        self._clients = {}
        self._keys = Memo(_client_key, MOST_KEYS)

    @staticmethod
    def _count(counts, key):
        if key not in counts and len(counts) >= MOST_KEYS:
            key = OTHERS
        counts[key] = counts.get(key, 0) + 1

    def _class_of(self, reason):
        # Thousands of messages wait for the same few reasons.
        if reason not in self._classes:
            if len(self._classes) >= MOST_KEYS:
                self._classes.clear()
            self._classes[reason] = reason_class(reason)
        return self._classes[reason]

    def _add_client(self, client, arrival):
        name, address = (UNKNOWN, "") if client is None else self._keys[client]
        # The name of an address may not have been found each time.
        key = address or name
        entry = self._clients.get(key)
        if entry is None:
            if len(self._clients) >= MOST_KEYS:
                key, name, address = OTHERS, OTHERS, ""
            entry = self._clients.setdefault(key, [name, address, 0, arrival])
        elif not entry[0]:
            entry[0] = name
        entry[2] += 1
        if arrival < entry[3]:
            entry[3] = arrival

    def add(self, message, client):
        """Count a Message. A domain or class counts once for each message, however many recipients it has there.

        Args:
            message: Message.
            client: (str, str) or None, as of C(queue.with_clients).
        """
        self._add_client(client, message.arrival)
        self.total += 1
        self.size += message.size
        if self._oldest is None or message.arrival < self._oldest:
            self._oldest = message.arrival
        self._count(self._queues, message.queue)
        self._count(self._sender_domains, _domain_of(message.sender) if message.sender else "<>")
        recipients = message.recipients
        if len(recipients) == 1:
            self._count(self._recipient_domains, _domain_of(recipients[0].address))
            self._count(self._reasons, self._class_of(recipients[0].reason))
            return
        for domain in set(_domain_of(recipient.address) for recipient in recipients):
            self._count(self._recipient_domains, domain)
        for name in set(self._class_of(recipient.reason) for recipient in recipients):
            self._count(self._reasons, name)

    def facts(self, now):
        """dict: the numbers; the most frequent domain or reason first.

        Args:
            now: float, seconds since the epoch.
        """

        def ranked(counts):
            return [
                {"name": printable(name), "count": count}
                for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
            ]

        clients = [
            {
                "name": printable(name or address),
                "address": printable(address),
                "count": count,
                "oldest": oldest,
                "oldest_age": max(0, int(now) - oldest),
            }
            for name, address, count, oldest in self._clients.values()
        ]
        clients.sort(key=lambda entry: (-entry["count"], entry["oldest"], entry["name"]))
        return {
            "total": self.total,
            "size": self.size,
            "oldest": self._oldest,
            "oldest_age": None if self._oldest is None else max(0, int(now) - self._oldest),
            "by_queue": dict(self._queues),
            "by_client": clients,
            "by_sender_domain": ranked(self._sender_domains),
            "by_recipient_domain": ranked(self._recipient_domains),
            "by_reason": ranked(self._reasons),
        }
