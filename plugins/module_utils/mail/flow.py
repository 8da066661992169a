# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic of a host in numbers that add up: those of several hosts are one by addition.

Memory does not grow with the log. Remembered are the messages on the way (at most C(2 * MOST_MESSAGES)), and of names at
most C(MOST_KEYS) of each kind, of addresses C(MOST_ADDRESSES); what comes after is counted as C((others)). Latencies are
counted in buckets whose bounds are 10 percent apart, so a quantile is off by 5 percent at most.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import math
import time
from collections import defaultdict

from ansible_collections.mailops.relay.plugins.module_utils.mail.limits import limit_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import (
    BOUNCED,
    DEFERRED,
    EXPIRED,
    SENT,
    GapEvents,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import MOST_KEYS, OTHERS, Memo, tally
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable
from ansible_collections.mailops.relay.plugins.module_utils.mail.reason import explained_class
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import period_text
from ansible_collections.mailops.relay.plugins.module_utils.mail.too_fast import TooFast

VERSION = 2
# So many messages on the way are remembered in each of two generations; of one that stays for longer the client and the
# sender are not known at its next attempt.
MOST_MESSAGES = 50000
# Deliveries and arrivals are kept, and senders are counted by kind, until there are so many; then they go into the counts by name.
_MOST_CELLS = 5000
# So many senders and recipients are counted by name.
MOST_ADDRESSES = 5000
_SAMPLE_LENGTH = 300
# So many addresses of a client that has a name are kept.
_MOST_OF_A_CLIENT = 4
_UNKNOWN = "(unknown)"
# seconds in which a mail system that has been installed logs for the first time, the end of the host's own installation included
_FIRST_LINES = 3600
_LOCAL = "(this host)"
# Buckets of seconds: bucket i reaches up to C(FIRST * STEP ** i); what is less than a hundredth is in C(ZERO).
FIRST, STEP, ZERO = 0.01, 1.1, "z"
_LOG_STEP = math.log(STEP)
# seconds, a few more than three hours: hosts read the clock one after the other.
SHORT = 3 * 3600 + 60
# seconds, a century: what is longer is counted as that.
_LONGEST = 3e9
_TOTALS = (
    "received received_bytes sent sent_bytes forwarded deferred bounced expired rejected rejected_4xx limited reject_warnings "
    "held discarded"
).split()
# What the log, or who knows the configuration, calls a connection -> what it is for the reader. All others are encrypted, and anybody
# may be at their other end.
_VERIFIED, _DANE = "Verified ", "DANE "
_TLS_KINDS = {"Verified": "verified", "DANE": "dane", "none": "clear", "unknown": "not_logged"}
# What a milter says (milter-reject) counts as what a rule says, and so do a rule about its headers (milter-header-reject) and a filter
# before the queue (proxy-reject).
_OUTCOMES = {
    "reject": "rejected",
    "proxy-reject": "rejected",
    "reject_warning": "reject_warnings",
    "hold": "held",
    "discard": "discarded",
}
_LATENCIES = ("before_queue", "in_queue", "connect", "transmit")


def is_short(since, until, now):
    """bool: whether a period is so short that its minutes tell more than its hours.

    Args:
        since, until: float or None, seconds since the epoch.
        now: float, seconds since the epoch.
    """
    return since is not None and (now if until is None else min(until, now)) - since <= SHORT


def bucket(seconds):
    """str: the bucket of a delay in seconds."""
    if seconds < FIRST:
        return ZERO
    if seconds > _LONGEST:
        seconds = _LONGEST
    return str(int(math.ceil(math.log(seconds / FIRST) / _LOG_STEP - 1e-9)))


def _bucket_of(text):
    """str or None: the bucket of a delay as a log has it."""
    try:
        return bucket(float(text))
    except ValueError:
        return None


def _sample(text):
    """str: the beginning of a text; in Python 2 the cut may go through a character."""
    return printable(text[:_SAMPLE_LENGTH])


def _domain(address):
    return address[address.rfind("@") + 1 :]


def _client_name(client):
    """str: a client as it is counted: its host name, or its address where it has none."""
    host, _bracket, address = client.partition("[")
    return host if host not in ("", "unknown") else address.partition("]")[0] or client


def _naming(addresses):
    """callable: C(_client_name), which notes the addresses of each client that has a name, the first few."""

    def named(client):
        name = _client_name(client)
        address = client.partition("[")[2].partition("]")[0]
        if address and address != name and (name in addresses or len(addresses) < MOST_KEYS):
            known = addresses.setdefault(name, [])
            if address not in known and len(known) < _MOST_OF_A_CLIENT:
                known.append(address)
        return name

    return named


def _sender_name(sender):
    """(str, str): a sender as it is counted, and its domain."""
    name = sender.lower() or "<>"
    return name, _domain(name)


def _reason(key):
    """str: the class of a DSN code and a reply; thousands of messages wait for the same few."""
    return explained_class(*key)


def _by_hour(hours):
    """dict: how often each hour is there; most of what is counted together is of one."""
    return {hours[0]: len(hours)} if hours and hours.count(hours[0]) == len(hours) else tally(hours)


def _is_temporary(reply):
    """bool: whether a reply, with or without its code, says that the client may try again."""
    return reply[:1] == "4" and (reply[1:2] == "." or reply[1:3].isdigit())


def _add(counts, key, name, number, most=None):
    """Add to one number of one key; what is too many different keys is counted together."""
    entry = counts.get(key)
    if entry is None:
        if len(counts) >= (MOST_KEYS if most is None else most):
            key = OTHERS
        entry = counts.setdefault(key, {})
    entry[name] = entry.get(name, 0) + number


def _count(counts, key, number=1):
    if key not in counts and len(counts) >= MOST_KEYS:
        key = OTHERS
    counts[key] = counts.get(key, 0) + number


class Flow(GapEvents):
    """Counts what a log tells.

    Args:
        since, until: float or None, seconds since the epoch: only lines of this time count.
        minutes: bool, whether it counts by minute too.
        is_dane: callable (tag, recipient) -> bool or None: whether what the log calls verified is so by DANE; None for never.
    """

    takes_message_ids = False

    def __init__(self, since=None, until=None, minutes=False, is_dane=None):
        super(Flow, self).__init__()
        self._since = since
        self._until = until
        self._bounded = since is not None or until is not None
        self._by_minute = minutes
        self._is_dane = is_dane
        # Queue ID -> (client, sender's domain or None, size or None) of the messages on the way.
        self._young, self._old = {}, {}
        # What has not been given to the counts by name yet. Of each arrival hour, client and TLS, one behind the other: a tuple for each
        # costs more than what is in it.
        self._arrivals, self._senders = [], {}
        # Of each delivery in the same way hour, message, relay, TLS, recipient, its domain, delay and its parts, stamp and tag; those of
        # what was not sent by what became of it.
        self._sent, self._not_sent = [], {DEFERRED: [], BOUNCED: []}
        # So much of what was sent has been told to C(too_fast).
        self._told = 0
        self.client_addresses = {}
        self._clients_named = Memo(_naming(self.client_addresses), MOST_KEYS)
        self._senders_named = Memo(_sender_name, MOST_KEYS)
        # For each message: in brackets, Python 3.6 asks a subclass of dict in a way that takes twice as long.
        self._client_known, self._sender_known = self._clients_named.get, self._senders_named.get
        self._buckets = Memo(_bucket_of)
        self._classes = Memo(_reason, MOST_KEYS)
        self._limits_named = Memo(limit_of, MOST_KEYS)
        self.totals = dict.fromkeys(_TOTALS, 0)
        self.hours, self.clients, self.relays = {}, {}, {}
        self.tls_hops = {}
        self.sender_domains, self.recipient_domains = {}, {}
        self.senders, self.recipients = {}, {}
        self.reasons, self.rejects, self.limits = {}, {}, {}
        self.too_fast = TooFast()
        self.latency = dict((name, {}) for name in ("total",) + _LATENCIES)
        self.tls = {"in": {}, "out": {}}
        # Messages that a signer has signed and the queue has not taken yet: queue ID -> domain.
        self._awaited = {}
        # All messages of which the sender is counted, less the signed ones.
        self.dkim, self._plain = {}, 0
        self.lost = 0

    def use(self, lexer):
        super(Flow, self).use(lexer)
        self._seconds = lexer.seconds
        if self._by_minute:
            lexer.by_minute()

    def _outside(self, stamp):
        seconds = self._lexer.seconds(stamp)
        return (self._since is not None and seconds < self._since) or (
            self._until is not None and seconds > self._until
        )

    def _remember(self, queue_id, client):
        """tuple: what is known of a message that is new here."""
        if len(self._young) >= MOST_MESSAGES:
            self._old, self._young = self._young, {}
        entry = self._young[queue_id] = client, None, None
        return entry

    def arrival(self, stamp, origin, queue_id, client, details):
        if self._bounded and self._outside(stamp):
            return
        name = (self._client_known(client) or self._clients_named[client]) if client else _LOCAL
        young = self._young
        if len(young) >= MOST_MESSAGES:
            self._old = young
            young = self._young = {}
        young[queue_id] = name, None, None
        waiting = self._arrivals
        waiting += self._lexer.hour, name, origin.tls if client else None
        if len(waiting) >= 3 * _MOST_CELLS:
            self._flush_arrivals()

    def _flush_arrivals(self):
        self.totals["received"] += len(self._arrivals) // 3
        for counts, numbers in (
            (self.hours, _by_hour(self._arrivals[::3])),
            (self.clients, tally(self._arrivals[1::3])),
        ):
            for name, number in numbers.items():
                _add(counts, name, "received", number)
        for tls, number in tally(self._arrivals[2::3]).items():
            if tls is not None:
                _count(self.tls["in"], self._version(tls), number)
        del self._arrivals[:]

    @staticmethod
    def _version(tls):
        """str: the version of a connection's TLS."""
        if not tls or tls == "none":
            return tls or "unknown"
        parts = tls.split(" ")
        return parts[1] if len(parts) > 1 else tls

    def sender(self, stamp, origin, queue_id, sender, size, recipients):
        known = self._young
        if queue_id not in known:
            if queue_id in self._old:
                known = self._old
            elif self._bounded and self._outside(stamp):
                return
            else:
                self._remember(queue_id, _UNKNOWN)
                known = self._young
        client, _domain_before, size_before = known[queue_id]
        if size_before is not None:
            return
        sender, domain = self._sender_known(sender) or self._senders_named[sender]
        if not size and origin.program == "pickup":
            # It is counted when the queue manager says it with its size.
            known[queue_id] = client, domain, None
            return
        size = int(size or 0)
        known[queue_id] = client, domain, size
        signer = self._awaited.pop(queue_id, None) if self._awaited else None
        if signer is not None:
            _count(self.dkim, signer)
            self._plain -= client is not _UNKNOWN
        if client is _UNKNOWN:
            # It came before this log begins, or it is a notification of the mail system's own: received it was not.
            return
        cell = (self._lexer.hour, client, sender)
        counted = self._senders.get(cell)
        if counted is None:
            if len(self._senders) >= _MOST_CELLS:
                self._flush_senders()
            self._senders[cell] = [1, size]
        else:
            counted[0] += 1
            counted[1] += size

    def _flush_senders(self):
        for (hour, client, sender), (number, size) in self._senders.items():
            domain = _domain(sender)
            self._plain += number
            self.totals["received_bytes"] += size
            _add(self.hours, hour, "received_bytes", size)
            _add(self.clients, client, "received_bytes", size)
            for counts, key, most in (
                (self.sender_domains, domain, None),
                (self.senders, sender, MOST_ADDRESSES),
            ):
                _add(counts, key, "received", number, most)
                _add(counts, key, "received_bytes", size, most)
        self._senders.clear()

    def signed(self, stamp, origin, queue_id, domain, selector):
        if self._bounded and self._outside(stamp):
            return
        if len(self._awaited) >= MOST_MESSAGES:
            # Refused ones never come to the queue.
            self._awaited.clear()
        self._awaited[queue_id] = domain.lower()

    def delivery(self, stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls):
        if self._bounded and self._outside(stamp):
            return
        young = self._young
        if queue_id in young:
            entry = young[queue_id]
        else:
            entry = self._old.get(queue_id) or self._remember(queue_id, _UNKNOWN)
        domain, hour = recipient.rpartition("@")[2], self._lexer.hour
        if status == SENT:
            if origin.agent == "local" and reply[:13] == "forwarded as ":
                self.totals["forwarded"] += 1
                return
            if self._is_dane is not None and tls[:9] == _VERIFIED and self._is_dane(origin.tag, recipient):
                tls = _DANE + tls[9:]
            waiting = self._sent
        elif status in (DEFERRED, BOUNCED, EXPIRED):
            reason = self._classes[dsn, reply]
            key = "{0} {1}".format(status, reason)
            if key not in self.reasons:
                if len(self.reasons) >= MOST_KEYS:
                    key = "{0} {1}".format(status, OTHERS)
                self.reasons.setdefault(key, {"count": 0, "sample": _sample(reply)})
            self.reasons[key]["count"] += 1
            if status == DEFERRED:
                answer = _sample(reply)
                if self.too_fast.is_answer(answer):
                    self._tell_sent()
                    self.too_fast.deferred(self._seconds, stamp, origin.tag, recipient, answer)
            elif status == EXPIRED:
                self.totals["expired"] += 1
                status = BOUNCED
            waiting = self._not_sent[status]
        else:
            return
        waiting += hour, entry, relay, tls, recipient, domain, delay, delays, stamp, origin.tag
        if len(waiting) >= 10 * _MOST_CELLS:
            self._flush_deliveries()

    def _tell_sent(self):
        """Tell what was sent since the last time to who counts how much was taken, before an answer changes what that is."""
        if self.too_fast.found:
            hours, stamps, tags, domains = (self._sent[self._told + part :: 10] for part in (0, 8, 9, 5))
            self.too_fast.sent(self._seconds, hours, stamps, tags, domains)
        self._told = len(self._sent)

    def source_ends(self):
        # Stamps without a year are of another one in the next.
        self._tell_sent()

    def _flush_deliveries(self):
        """Count the deliveries since the last time; those that failed first, so that their recipients are among those with a name."""
        self._tell_sent()
        self._told = 0
        for status in (DEFERRED, BOUNCED):
            self._count_deliveries(status, self._not_sent[status])
        self._count_deliveries(SENT, self._sent)

    def _count_deliveries(self, status, deliveries):
        """Few of their combinations are different, and counting is C's work."""
        if not deliveries:
            return
        hours, messages, relays, connections, recipients, domains_to, delays, splits = (
            deliveries[part::10] for part in range(8)
        )
        clients, domains, sizes = zip(*messages)
        del deliveries[:]
        self.totals[status] += len(hours)
        if "" in recipients:
            domains_to = [domain if recipient else _UNKNOWN for domain, recipient in zip(domains_to, recipients)]
            recipients = [recipient or _UNKNOWN for recipient in recipients]
        for counts, numbers in (
            (self.hours, _by_hour(hours)),
            (self.clients, tally(clients)),
            (self.sender_domains, tally(domains)),
        ):
            for name, number in numbers.items():
                _add(counts, _UNKNOWN if name is None else name, status, number)
        for (relay, tls), number in tally(zip(relays, connections)).items():
            _add(self.relays, relay, status, number)
            if status == SENT and tls:
                _count(self.tls["out"], self._version(tls), number)
                _add(self.tls_hops, relay, _TLS_KINDS.get(tls.partition(" ")[0], "encrypted"), number)
        # No address has a line's end in it, and one call for all of them is faster by far.
        self._count_recipients(status, "\n".join(recipients).lower().split("\n"))
        for domain, number in tally(domains_to).items():
            _add(self.recipient_domains, domain.lower(), status, number)
        if status == SENT:
            self.totals["sent_bytes"] += sum(filter(None, sizes))
        self._count_delays("total", tally(delays))
        self._count_splits(splits)

    def _count_recipients(self, status, recipients):
        counts, others, named = self.recipients, 0, recipients
        if len(counts) >= MOST_ADDRESSES:
            # Most of a large log's come when there is no room for them any more.
            named = list(filter(counts.__contains__, recipients))
            others = len(recipients) - len(named)
        for recipient in named:
            entry = counts.get(recipient)
            if entry is not None:
                entry[status] = entry.get(status, 0) + 1
            elif len(counts) < MOST_ADDRESSES:
                counts[recipient] = {status: 1}
            else:
                others += 1
        if others:
            _add(counts, OTHERS, status, others, MOST_ADDRESSES)

    def _count_splits(self, splits):
        """Count what delays are made of; many have the same parts."""
        before, queued, connect, transmit = parts = [defaultdict(int) for _name in _LATENCIES]
        for split, number in tally(splits).items():
            texts = split.split("/")
            if len(texts) == len(parts):
                before[texts[0]] += number
                queued[texts[1]] += number
                connect[texts[2]] += number
                transmit[texts[3]] += number
        for name, numbers in zip(_LATENCIES, parts):
            self._count_delays(name, numbers)

    def _count_delays(self, name, numbers):
        """Count delays, a dict: text of the log -> how often it is there."""
        counts = self.latency[name]
        buckets = self._buckets
        for text, number in numbers.items():
            key = buckets[text]
            if key is not None:
                counts[key] = counts.get(key, 0) + number

    def removed(self, stamp, origin, queue_id):
        young = self._young
        if queue_id in young:
            del young[queue_id]
        else:
            self._old.pop(queue_id, None)

    def note(self, stamp, origin, queue_id, kind, text):
        if kind == EXPIRED and not (self._bounded and self._outside(stamp)):
            self.totals["expired"] += 1
            sample = _sample(text)
            self.reasons.setdefault("expired " + sample, {"count": 0, "sample": sample})["count"] += 1

    def reject(self, stamp, origin, queue_id, action, stage, client, reply, sender, recipient):
        if self._bounded and self._outside(stamp):
            return
        name = _OUTCOMES.get(action.rpartition("-")[2] if action[:7] == "milter-" else action)
        if name is None:
            return
        if name == "rejected":
            # What a mail system says of limits it says when a client comes; later texts are an operator's own.
            limit = self._limits_named[reply] if stage.upper() == "CONNECT" else ""
            if limit:
                self._count_limit(limit, self._clients_named[client], reply)
                return
        self.totals[name] += 1
        kind = "{0} {1} {2}".format("" if name == "rejected" else action, stage, self._classes["", reply]).strip()
        if kind not in self.rejects and len(self.rejects) >= MOST_KEYS:
            kind = OTHERS
        self.rejects.setdefault(kind, {"count": 0, "sample": _sample(reply)})["count"] += 1
        if name == "rejected":
            _add(self.hours, self._lexer.hour, "rejected", 1)
            client = self._clients_named[client] if client else self._client_of(queue_id)
            _add(self.clients, client, "rejected", 1)
            if _is_temporary(reply):
                self.totals["rejected_4xx"] += 1
                _add(self.clients, client, "rejected_4xx", 1)

    def limit(self, stamp, origin, queue_id, kind, client, text):
        if self._bounded and self._outside(stamp):
            return
        name = self._clients_named[client] if client else self._client_of(queue_id)
        self._count_limit(kind, name, text)

    def _client_of(self, queue_id):
        """str: who sent the message that has this queue ID, as it is counted."""
        entry = self._young.get(queue_id) or self._old.get(queue_id)
        return entry[0] if entry else _UNKNOWN

    def _count_limit(self, kind, client, text):
        client = client or _UNKNOWN
        self.totals["limited"] += 1
        _add(self.hours, self._lexer.hour, "limited", 1)
        _add(self.clients, client, "limited", 1)
        if kind not in self.limits and len(self.limits) >= MOST_KEYS:
            kind = OTHERS
        entry = self.limits.setdefault(kind, {"count": 0, "sample": _sample(text), "clients": {}})
        entry["count"] += 1
        _count(entry["clients"], client)

    def gap(self, stamp, origin, text, lost):
        if self._bounded and self._outside(stamp):
            return
        self.lost += lost
        super(Flow, self).gap(stamp, origin, text, lost)

    def _reach(self, host, log, has_older, installed_at):
        """dict: how much of the wanted time the log tells of."""
        first, last, since = log["first"], log["last"], self._since
        lines = log["lines"] - log["unreadable"] - sum(log["other_programs"].values())
        read = lines > 0 and not (
            (last is not None and since is not None and last < since)
            or (first is not None and self._until is not None and first > self._until)
        )
        late = since is not None and (first is None or first > since) and not has_older()
        installed = installed_at() if late and first is not None else None
        # Before there was a mail system no line can be missing, and what it said first has not been rotated away.
        since_then = installed is not None and since <= installed <= first <= installed + _FIRST_LINES
        return {
            "host": host,
            "first": first,
            "last": last,
            "read": read,
            "late": late and not since_then,
            "installed": installed if since_then else None,
        }

    def facts(self, host, log, has_older=lambda: False, installed_at=lambda: None):
        """dict: the numbers, all keys text, as M(mailops.relay.mail_flow_info) returns them.

        Args:
            host: str, this host's name.
            log: dict, what C(log_reader.log_facts) says of the lines.
            has_older: callable () -> bool: whether the host has logs of before the wanted time.
            installed_at: callable () -> float or None: since when the host has a mail system, in seconds since the epoch.
        """
        for flush in (self._flush_arrivals, self._flush_senders, self._flush_deliveries):
            flush()
        tls = {"in": dict(self.tls["in"]), "out": dict(self.tls["out"])}
        for counts in tls.values():
            # Where no connection ever had TLS the log does not tell of it at all.
            if list(counts) == ["none"]:
                counts["unknown"] = counts.pop("none")
        tls_hops = {} if list(tls["out"]) == ["unknown"] else self.tls_hops
        named = dict(
            (name, getattr(self, name))
            for name in (
                "clients sender_domains recipient_domains senders recipients relays reasons rejects limits".split()
            )
        )
        reach = self._reach(host, log, has_older, installed_at)
        hours, minutes = self.hours, None
        if self._by_minute:
            hours, minutes = {}, self.hours
            for minute, entry in minutes.items():
                for name, number in entry.items():
                    _add(hours, minute // 3600 * 3600, name, number)
        return dict(
            named,
            version=VERSION,
            client_addresses=dict((name, sorted(known)) for name, known in self.client_addresses.items()),
            hosts=[host],
            first=log["first"],
            last=log["last"],
            utc_offset=-(time.altzone if time.localtime(log["last"]).tm_isdst > 0 else time.timezone),
            lines=log["lines"],
            unreadable=log["unreadable"],
            unknown=log["unknown"],
            samples=log["samples"],
            other_programs=log["other_programs"],
            gaps=log["gaps"],
            lost=self.lost,
            problems=log["problems"],
            complete=log["complete"] and reach["read"] and not reach["late"],
            reach=[reach],
            asked={"since": self._since, "until": self._until, "text": period_text(self._since, self._until)},
            totals=dict(self.totals),
            hours=dict((str(hour), dict(entry)) for hour, entry in hours.items()),
            minutes=minutes and dict((str(minute), dict(entry)) for minute, entry in minutes.items()),
            latency=self.latency,
            too_fast=self.too_fast.facts(),
            tls=tls,
            tls_hops=tls_hops,
            # Of a host that signs nothing nobody wants to know what is not signed.
            dkim={"signed": self.dkim, "unsigned": self._plain if self.dkim else 0},
        )
