# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hops: what one mail system did with one message, put together from its lines in any interleaving."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import (
    BOUNCED,
    DEFERRED,
    EXPIRED,
    SENT,
    GapEvents,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable

# name[address]:port, name[address], [address], name
_PEER = re.compile(r"([^\[\]]*?)(?:\[([^\]]*)\])?(?::([0-9]+))?\Z")
# How a server names the message that it took: Postfix ("queued as ID", also after BDAT's "N bytes"), sendmail.
_QUEUED_AS = "queued as "
_ID = re.compile(r"[0-9A-Za-z]{5,}")
_SENDMAIL_ID = re.compile(r"([0-9A-Za-z]{14,}) Message accepted for delivery")
# What the last servers and clients are called; so many at a time.
_known_hosts = {}
_MOST_HOSTS = 10000
_DELAYS = ("before_queue", "in_queue", "connect", "transmit")
_FINAL = frozenset((SENT, BOUNCED, EXPIRED))
_PAIR = re.compile(r"([a-z_]+)=([^,]*)(?:, |\Z)")


def next_id(reply):
    """str: the queue ID under which the next mail system has the message, or an empty string.

    A content filter repeats the reply of what is behind it: the last one counts.
    """
    at = reply.rfind(_QUEUED_AS)
    while at >= 0:
        match = _ID.match(reply, at + len(_QUEUED_AS))
        if match:
            return match.group()
        at = reply.rfind(_QUEUED_AS, 0, at)
    if "accepted" in reply:
        match = _SENDMAIL_ID.search(reply)
        if match:
            return match.group(1)
    return ""


def peer(text):
    """dict: C(name), C(address) and C(port) (int or None) of what the log has as C(name[address]:port)."""
    match = _PEER.match(text)
    if not match:
        return {"name": text, "address": "", "port": None}
    name, address, port = match.groups()
    return {"name": "" if name == "unknown" else name, "address": address or "", "port": int(port) if port else None}


class Hop(object):
    """One mail system's handling of one message.

    Attributes:
        arrival, last: float, seconds since the epoch, of the first and the last line; arrival is None where the log does not
            have the line with which the message came.
        deliveries: list of dict, the attempts in their order.
        links: list of (kind, queue ID), messages that this one led to.
        source: (kind, queue ID) or None, the message that led to this one.
        removed: float or None, when it left the queue.
    """

    __slots__ = (
        "queue_id", "mta", "instance", "client", "details", "arrival", "first", "last", "message_id", "resent", "sender",
        "size", "recipients", "deliveries", "links", "source", "notes", "rejects", "removed", "tls",
    )  # fmt: skip

    def __init__(self, queue_id, mta, instance):
        self.queue_id = queue_id
        self.mta = mta
        self.instance = instance
        self.client = self.details = self.tls = ""
        self.arrival = self.first = self.last = self.removed = None
        self.message_id = self.resent = self.sender = self.size = self.recipients = None
        self.deliveries = []
        self.links = []
        self.source = None
        self.notes = []
        self.rejects = []

    def open_recipients(self):
        """list of dict: the last attempt for each recipient that has no final status yet."""
        latest = {}
        for delivery in self.deliveries:
            latest[delivery["recipient"]] = delivery
        return [delivery for delivery in latest.values() if delivery["status"] not in _FINAL]


def _root(tag):
    """str: the part of a tag that tells the instance: C(postfix-out) of C(postfix-out/submission/smtpd)."""
    return tag.partition("/")[0]


class Assembler(GapEvents):
    """Makes hops of events.

    Args:
        wanted: set of str or None; only these queue IDs.
        most: int or None; about so many hops are kept, the newest, besides those that keep wants.
        keep: callable (Hop) -> bool, or None for all: which of those that are done may be wanted.

    Attributes:
        hops: list of Hop, in the order of their first line.
        dropped: int, how many of those that may be wanted were the oldest of too many, and have been forgotten.
        rejects: list of dict, refusals of what had no queue ID.
    """

    def __init__(self, wanted=None, most=None, keep=None):
        super(Assembler, self).__init__()
        self._wanted = wanted
        self._most = most
        self._keep = keep
        self._live = {}
        self._twins = {}
        self._sources = {}
        self.hops = []
        self.dropped = 0
        self.rejects = []

    def _new(self, origin, queue_id):
        hop = Hop(queue_id, origin.mta, _root(origin.tag))
        previous = self._live.get(queue_id)
        if previous is not None and previous.removed is None and previous.instance != hop.instance:
            # Two instances have a message of this ID at the same time.
            twins = self._twins.setdefault(queue_id, {})
            twins.setdefault(previous.instance, previous)
            twins[hop.instance] = hop
        elif queue_id in self._twins:
            self._twins[queue_id][hop.instance] = hop
        self._live[queue_id] = hop
        hop.source = self._sources.pop(queue_id, None)
        self.hops.append(hop)
        if self._most is not None and len(self.hops) > 2 * self._most:
            self._thin()
        return hop

    def _thin(self):
        """Forget the oldest that are done, so that memory does not grow with the log."""
        keep, most = self._keep, self._most or 0
        kept = [hop for hop in self.hops if keep is None or hop.removed is None or keep(hop)]
        if len(kept) > 2 * most:
            oldest, kept = kept[: len(kept) - most], kept[len(kept) - most :]
            self.dropped += sum(1 for hop in oldest if keep is None or keep(hop))
        self.hops = kept
        alive = frozenset(id(hop) for hop in kept)
        self._live = dict((queue_id, hop) for queue_id, hop in self._live.items() if id(hop) in alive)
        self._twins = dict((queue_id, twins) for queue_id, twins in self._twins.items() if queue_id in self._live)

    def _hop(self, stamp, origin, queue_id):
        """Hop of an event."""
        hop = self._live.get(queue_id)
        if hop is None:
            hop = self._new(origin, queue_id)
        elif self._twins and queue_id in self._twins:
            hop = self._twins[queue_id].get(_root(origin.tag), hop)
        hop.last = seconds = self._lexer.seconds(stamp)
        if hop.first is None:
            hop.first = seconds
        return hop

    def arrival(self, stamp, origin, queue_id, client, details):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._new(origin, queue_id)
        hop.arrival = hop.first = hop.last = self._lexer.seconds(stamp)
        hop.client = client
        hop.details = details
        hop.tls = origin.tls if client else ""

    def message_id(self, stamp, origin, queue_id, message_id):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        self._hop(stamp, origin, queue_id).message_id = message_id

    def sender(self, stamp, origin, queue_id, sender, size, recipients):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._live.get(queue_id)
        if hop is not None and hop.removed is not None and hop.arrival is None:
            # The line with which the next message of this ID came is not in the log.
            self._new(origin, queue_id)
        hop = self._hop(stamp, origin, queue_id)
        hop.sender = sender
        if size:
            hop.size = int(size)
        if recipients:
            hop.recipients = int(recipients)

    def delivery(self, stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._hop(stamp, origin, queue_id)
        hop.deliveries.append(
            {
                "time": hop.last,
                "recipient": recipient,
                "orig_to": orig_to,
                "relay": relay,
                "delay": delay,
                "delays": delays,
                "dsn": dsn,
                "status": status,
                "reply": reply,
                "tls": tls,
                "next_id": next_id(reply) if status == SENT else "",
            }
        )

    def removed(self, stamp, origin, queue_id):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._hop(stamp, origin, queue_id)
        hop.removed = hop.last

    def link(self, stamp, origin, queue_id, kind, other):
        if self._wanted is None or queue_id in self._wanted:
            self._hop(stamp, origin, queue_id).links.append((kind, other))
        if self._wanted is None or other in self._wanted:
            successor = self._live.get(other)
            # Since Postfix 3.11 the line of the link is before those of the other message; before, it is after them.
            if successor is not None and successor.removed is None:
                successor.source = (kind, queue_id)
            elif len(self._sources) < 10000:
                self._sources[other] = (kind, queue_id)

    def note(self, stamp, origin, queue_id, kind, text):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._hop(stamp, origin, queue_id)
        hop.notes.append({"time": hop.last, "kind": kind, "text": text})

    def reject(self, stamp, origin, queue_id, action, stage, client, reply, sender, recipient):
        entry = {
            "time": self._lexer.seconds(stamp),
            "action": action,
            "stage": stage,
            "client": client,
            "reply": reply,
            "sender": sender,
            "recipient": recipient,
        }
        if queue_id:
            if self._wanted is None or queue_id in self._wanted:
                self._hop(stamp, origin, queue_id).rejects.append(entry)
        elif self._most is None or len(self.rejects) < self._most:
            self.rejects.append(entry)


def _number(text):
    """float or None"""
    try:
        return float(text)
    except ValueError:
        return None


def _delivery_facts(delivery):
    parts = delivery["delays"].split("/")
    return {
        "time": delivery["time"],
        "recipient": printable(delivery["recipient"]),
        "orig_to": printable(delivery["orig_to"]),
        "relay": printable(delivery["relay"]),
        "relay_host": _host_facts(delivery["relay"]),
        "delay": _number(delivery["delay"]),
        "delays": dict(zip(_DELAYS, map(_number, parts))) if len(parts) == len(_DELAYS) else {},
        "dsn": printable(delivery["dsn"]),
        "status": printable(delivery["status"]),
        "reply": printable(delivery["reply"]),
        "tls": printable(delivery["tls"]),
        "next_id": delivery["next_id"],
    }


def _texts(entry):
    """dict: the same with texts that a module's result can carry."""
    return dict((key, value if isinstance(value, (int, float)) else printable(value)) for key, value in entry.items())


def rejects_facts(rejects):
    """list of dict: refusals as a module returns them."""
    return [dict(_texts(entry), client_host=_client_facts(entry["client"])) for entry in rejects]


def _host_facts(text):
    """dict: C(peer) with texts that a module's result can carry; thousands of messages go to the same few."""
    found = _known_hosts.get(text)
    if found is None:
        if len(_known_hosts) >= _MOST_HOSTS:
            _known_hosts.clear()
        found = peer(text)
        found["name"], found["address"] = printable(found["name"]), printable(found["address"])
        _known_hosts[text] = found
    return found


def _client_facts(text):
    found = _host_facts(text)
    return {"name": found["name"], "address": found["address"]}


def facts(hop):
    """dict: a hop as M(mailops.relay.mail_log_info) returns it."""
    client = None
    if hop.client:
        client = _client_facts(hop.client)
    return {
        "mta": hop.mta,
        "instance": printable(hop.instance),
        "queue_id": printable(hop.queue_id),
        "message_id": None if hop.message_id is None else printable(hop.message_id),
        "sender": None if hop.sender is None else printable(hop.sender),
        "size": hop.size,
        "recipients": hop.recipients,
        "client": client,
        "details": dict((key, printable(value)) for key, value in _PAIR.findall(hop.details)) if hop.details else {},
        "tls": printable(hop.tls),
        "arrival": hop.arrival,
        "first": hop.first,
        "last": hop.last,
        "removed": hop.removed,
        "deliveries": [_delivery_facts(delivery) for delivery in hop.deliveries],
        "links": [{"kind": kind, "queue_id": printable(other)} for kind, other in hop.links],
        "source": None if hop.source is None else {"kind": hop.source[0], "queue_id": printable(hop.source[1])},
        "notes": [_texts(note) for note in hop.notes],
        "rejects": rejects_facts(hop.rejects),
        "status": status_of(hop),
        "queue": None,
        "next_try": None,
    }


def status_of(hop):
    """str: C(sent), C(deferred), C(bounced), C(mixed), C(rejected) or C(open), of all recipients together."""
    if len(hop.deliveries) == 1 and not hop.notes:
        status = hop.deliveries[0]["status"]
        return BOUNCED if status == EXPIRED else status
    latest = {}
    for delivery in hop.deliveries:
        latest[delivery["recipient"]] = delivery["status"]
    found = set(BOUNCED if status == EXPIRED else status for status in latest.values())
    if any(note["kind"] == EXPIRED for note in hop.notes):
        found = set(BOUNCED if status == DEFERRED else status for status in found) or set([BOUNCED])
    if not found:
        return "rejected" if any(entry["action"].endswith("reject") for entry in hop.rejects) else "open"
    return found.pop() if len(found) == 1 else "mixed"
