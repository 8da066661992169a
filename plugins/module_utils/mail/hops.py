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
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo
from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import next_id

# name[address]:port, name[address], [address], name
_PEER = re.compile(r"([^\[\]]*?)(?:\[([^\]]*)\])?(?::([0-9]{1,5}))?\Z")
_FINAL = frozenset((SENT, BOUNCED, EXPIRED))
# seconds: a client's commands for one message take no longer.
_SESSION = 3600
_PAIR = re.compile(r"(?:\A|(?<=, ))([a-z_]{1,64})=([^,]*)(?=, |\Z)")
# An address that stands where a name may: qmail writes the bare address of the server that it reached.
_ADDRESS = re.compile(
    r"(?:IPv6:)?((?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?=[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:)[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\Z"
)


def _address(text):
    """str: a text that is an address, as it is without C(IPv6:); empty for any other text."""
    match = _ADDRESS.match(text)
    return match.group(1) if match else ""


def peer(text):
    """dict: C(name), C(address) and C(port) (int or None) of what the log has as C(name[address]:port).

    An address that stands for the name is none, bare or with the address behind it.
    """
    bare = _address(text)
    if bare:
        return {"name": "", "address": bare, "port": None}
    match = _PEER.match(text)
    if not match:
        return {"name": text, "address": "", "port": None}
    name, address, port = match.groups()
    if _address(name):
        # Of a server that has no name, its address is written twice.
        name, address = "", address or name
    elif name == "unknown":
        name = ""
    address = address and (_address(address) or address)
    return {"name": name, "address": address or "", "port": int(port) if port else None}


def _number(text):
    """float or None"""
    try:
        return float(text)
    except ValueError:
        return None


def _client(text):
    """dict: name and address of a client."""
    host = peer(text)
    return {"name": host["name"], "address": host["address"]}


_clients = Memo(_client)
_relays = Memo(lambda text: (text, peer(text)))
_numbers = Memo(_number)


# One mail system's handling of one message, as M(mailops.relay.mail_log_info) returns it, but for C(status) and where it is
# now: with two keys more a dictionary would take twice as much, and there may be hundred thousands. A copy takes a fraction
# of the time of a new one.
_HOP = {
    "mta": "",
    "instance": "",
    "queue_id": "",
    "message_id": None,
    "sender": None,
    "size": None,
    "recipients": None,
    "client": None,
    "details": {},
    "tls": "",
    "arrival": None,
    "first": None,
    "last": None,
    "removed": None,
    "deliveries": (),
    "links": (),
    "source": None,
    "notes": (),
    "rejects": (),
}


def _append(hop, name, entry):
    """Most hops have one entry in one of their lists, so an empty list is not made before."""
    if hop[name]:
        hop[name].append(entry)
    else:
        hop[name] = [entry]


def last_attempts(hop):
    """list of (int, dict): the last attempt for each recipient and its place among all, in the order of the log.

    What two aliases make one address of is two recipients.
    """
    latest = {}
    for number, delivery in enumerate(hop["deliveries"]):
        latest[delivery["recipient"], delivery["orig_to"]] = (number, delivery)
    return sorted(latest.values(), key=lambda entry: entry[0])


def open_recipients(hop):
    """list of dict: the last attempt for each recipient that has no final status yet."""
    return [delivery for _number, delivery in last_attempts(hop) if delivery["status"] not in _FINAL]


def unaccounted(hop):
    """int: of how many recipients the log tells no attempt, though it tells that they are there.

    Once a message has expired, or is another one under a new ID, what is left of its recipients has found its end.
    """
    if hop["recipients"] is None or any(note["kind"] == EXPIRED for note in hop["notes"]):
        return 0
    if any(link["kind"] in ("requeued", "forwarded") for link in hop["links"]):
        return 0
    attempts = [delivery for _number, delivery in last_attempts(hop)]
    if hop["removed"] is None and all(delivery["status"] in _FINAL for delivery in attempts):
        # What local(8) makes of one alias was one recipient of the queue; what cleanup(8) makes of one looks the same. But a message of
        # which each recipient has found its end leaves the queue at once.
        attempts = set(
            delivery["orig_to"]
            if delivery["agent"] == "local" and delivery["orig_to"]
            else (delivery["recipient"], number)
            for number, delivery in enumerate(attempts)
        )
    return max(hop["recipients"] - len(attempts), 0)


def _only_refused(hop, seconds):
    """bool: whether some of a message's recipients were refused, and its arrival is still to be told, as sendmail does last."""
    return (
        hop["rejects"]
        and hop["arrival"] is None
        and hop["size"] is None
        and hop["removed"] is None
        and not hop["deliveries"]
        and seconds - hop["first"] <= _SESSION
    )


class Assembler(GapEvents):
    """Makes hops of events.

    Args:
        wanted: set of str or None; only these queue IDs.
        most: int or None; about so many hops are kept, the newest, besides those that keep wants.
        keep: callable (hop) -> bool, or None for all: which of those that are done may be wanted.

    Attributes:
        hops: list of dict, in the order of their first line; C(finish) makes them what M(mailops.relay.mail_log_info) returns.
        dropped: int, how many of those that may be wanted were the oldest of too many, and have been forgotten.
        unassigned: int, how many results of deliveries there are of which the log does not tell the message.
        rejects: list of dict, refusals of what had no queue ID, as that module returns them.
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
        self.unassigned = 0
        self.rejects = []

    def use(self, lexer):
        super(Assembler, self).use(lexer)
        self._seconds = lexer.seconds

    def _new(self, origin, queue_id):
        hop = _HOP.copy()
        hop["queue_id"], hop["mta"], hop["instance"] = queue_id, origin.mta, origin.instance
        previous = self._live.get(queue_id)
        if previous is not None and previous["removed"] is None and previous["instance"] != hop["instance"]:
            # Two instances have a message of this ID at the same time.
            twins = self._twins.setdefault(queue_id, {})
            twins.setdefault(previous["instance"], previous)
            twins[hop["instance"]] = hop
        elif self._twins and queue_id in self._twins:
            self._twins[queue_id][hop["instance"]] = hop
        self._live[queue_id] = hop
        if self._sources and queue_id in self._sources:
            hop["source"] = self._sources.pop(queue_id)
        self.hops.append(hop)
        if self._most is not None and len(self.hops) > 2 * self._most:
            self._thin()
        return hop

    def _thin(self):
        """Forget the oldest that are done, so that memory does not grow with the log."""
        keep, most = self._keep, self._most or 0
        kept = [hop for hop in self.hops if keep is None or hop["removed"] is None or keep(hop)]
        if len(kept) > 2 * most:
            oldest, kept = kept[: len(kept) - most], kept[len(kept) - most :]
            self.dropped += sum(1 for hop in oldest if keep is None or keep(hop))
        self.hops = kept
        alive = frozenset(id(hop) for hop in kept)
        self._live = dict((queue_id, hop) for queue_id, hop in self._live.items() if id(hop) in alive)
        self._twins = dict((queue_id, twins) for queue_id, twins in self._twins.items() if queue_id in self._live)

    def _hop(self, stamp, origin, queue_id):
        """dict: the hop of an event."""
        hop = self._live.get(queue_id)
        if hop is None:
            hop = self._new(origin, queue_id)
        elif self._twins and queue_id in self._twins:
            hop = self._twins[queue_id].get(origin.instance, hop)
        hop["last"] = seconds = self._seconds(stamp)
        if hop["first"] is None:
            hop["first"] = seconds
        return hop

    def arrival(self, stamp, origin, queue_id, client, details):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        seconds = self._seconds(stamp)
        hop = self._live.get(queue_id)
        if hop is None or not _only_refused(hop, seconds):
            hop = self._new(origin, queue_id)
            hop["first"] = seconds
        hop["arrival"] = hop["last"] = seconds
        if client:
            hop["client"] = _clients[client]
            hop["tls"] = origin.tls
        if details:
            hop["details"] = dict(_PAIR.findall(details))

    # Four events are most of a log, so they find the hop by themselves where it is as usual. What the first two tell has no
    # time of its own.

    def message_id(self, stamp, origin, queue_id, message_id):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._live.get(queue_id)
        if hop is None or self._twins:
            hop = self._hop(stamp, origin, queue_id)
        hop["message_id"] = message_id

    def sender(self, stamp, origin, queue_id, sender, size, recipients):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._live.get(queue_id)
        if hop is None or self._twins or hop["removed"] is not None:
            if hop is not None and hop["removed"] is not None and hop["arrival"] is None:
                # The line with which the next message of this ID came is not in the log.
                self._new(origin, queue_id)
            hop = self._hop(stamp, origin, queue_id)
        hop["sender"] = sender
        if size:
            hop["size"] = int(size)
        if recipients:
            hop["recipients"] = int(recipients)

    def expanded(self, stamp, origin, queue_id):
        if self._wanted is None or queue_id in self._wanted:
            self._hop(stamp, origin, queue_id)["recipients"] = None

    def delivery(self, stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls):
        if not queue_id:
            self.unassigned += 1
            return
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._live.get(queue_id)
        if hop is None or self._twins:
            hop = self._hop(stamp, origin, queue_id)
        else:
            hop["last"] = self._seconds(stamp)
        try:
            before_queue, in_queue, connect, transmit = delays.split("/")
            parts = {
                "before_queue": _numbers[before_queue],
                "in_queue": _numbers[in_queue],
                "connect": _numbers[connect],
                "transmit": _numbers[transmit],
            }
        except ValueError:
            parts = {}
        relay, relay_host = _relays[relay]
        _append(
            hop,
            "deliveries",
            {
                "time": hop["last"],
                "recipient": recipient,
                "orig_to": orig_to,
                "relay": relay,
                "relay_host": relay_host,
                "delay": _numbers[delay],
                "delays": parts,
                "dsn": dsn,
                "status": status,
                "reply": reply,
                "tls": tls,
                "agent": origin.agent,
                "next_id": next_id(reply) if status == SENT else "",
            },
        )

    def removed(self, stamp, origin, queue_id):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._live.get(queue_id)
        if hop is None or self._twins:
            hop = self._hop(stamp, origin, queue_id)
        else:
            hop["last"] = self._seconds(stamp)
        hop["removed"] = hop["last"]

    def link(self, stamp, origin, queue_id, kind, other):
        if self._wanted is None or queue_id in self._wanted:
            _append(self._hop(stamp, origin, queue_id), "links", {"kind": kind, "queue_id": other})
        if self._wanted is None or other in self._wanted:
            source = {"kind": kind, "queue_id": queue_id}
            successor = self._live.get(other)
            # Since Postfix 3.11 the line of the link is before those of the other message; before, it is after them.
            if successor is not None and successor["removed"] is None:
                successor["source"] = source
            elif len(self._sources) < 10000:
                self._sources[other] = source

    def note(self, stamp, origin, queue_id, kind, text):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        hop = self._hop(stamp, origin, queue_id)
        _append(hop, "notes", {"time": hop["last"], "kind": kind, "text": text})

    def signed(self, stamp, origin, queue_id, domain, selector):
        hop = self._live.get(queue_id)
        # Whose signature it is the signer does not tell where two instances have a message of this ID.
        if hop is not None and hop["removed"] is None and queue_id not in self._twins:
            text = "DKIM, d={0}, s={1}".format(domain, selector)
            _append(hop, "notes", {"time": self._seconds(stamp), "kind": "signed", "text": text})

    def reject(self, stamp, origin, queue_id, action, stage, client, reply, sender, recipient):
        entry = {
            "time": self._seconds(stamp),
            "action": action,
            "stage": stage,
            "client": client,
            "client_host": _clients[client],
            "reply": reply,
            "sender": sender,
            "recipient": recipient,
        }
        if queue_id:
            if self._wanted is None or queue_id in self._wanted:
                hop = self._hop(stamp, origin, queue_id)
                # Of what is refused there may be no line that tells more.
                if sender and hop["sender"] is None:
                    hop["sender"] = sender
                if client and hop["client"] is None:
                    hop["client"] = entry["client_host"]
                _append(hop, "rejects", entry)
        elif self._most is None or len(self.rejects) < self._most:
            self.rejects.append(entry)


def refusals(hop):
    """list of dict: of a hop's C(rejects) those by which nobody got the message, in the order of the log.

    Where one recipient was refused and the message came for others, it was taken.
    """
    return [
        entry
        for entry in hop["rejects"]
        if entry["action"].endswith("reject") and not (entry["stage"] == "RCPT" and hop["recipients"])
    ]


def refused_recipients(hop):
    """list of str: recipients of whom the log tells that they were refused, or that a rule meant them."""
    found = [entry["recipient"] for entry in hop["rejects"] if entry["recipient"]]
    # What sendmail tells of each when a filter has refused the message.
    found.extend(note["text"].partition(": ")[0] for note in hop["notes"] if note["kind"] in ("rejected", "deleted"))
    return found


def finish(hop):
    """dict: a hop of C(Assembler.hops), with its status."""
    hop["status"] = status_of(hop)
    return hop


def status_of(hop):
    """str: C(sent), C(deferred), C(bounced), C(mixed), C(rejected) or C(open), of all recipients together.

    A recipient of whom the log tells nothing is C(open).
    """
    deliveries = hop["deliveries"]
    if len(deliveries) == 1 and not hop["notes"] and (hop["recipients"] or 1) == 1:
        status = deliveries[0]["status"]
        return BOUNCED if status == EXPIRED else status
    found = set(delivery["status"] for _number, delivery in last_attempts(hop))
    found = set(BOUNCED if status == EXPIRED else status for status in found)
    if any(note["kind"] == EXPIRED for note in hop["notes"]):
        found = set(BOUNCED if status == DEFERRED else status for status in found) or set([BOUNCED])
    if not found:
        return "rejected" if refusals(hop) else "open"
    if unaccounted(hop):
        found.add("open")
    return found.pop() if len(found) == 1 else "mixed"
