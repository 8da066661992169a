# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages found in the logs of one host.

Where a criterion is a text that stands in the log, lines without it are passed over before they are taken apart: first
those that name a message that may be meant, then those of its queue IDs and of the processes that handled it. Otherwise
every line is read.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    AddressError,
    read_address,
    read_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import line_finder
from ansible_collections.mailops.relay.plugins.module_utils.mail.address_pattern import Addresses
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import TEXTS
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import (
    Assembler,
    refused_recipients,
    status_of,
    unaccounted,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import (
    BOUNCED,
    DEFERRED,
    SENT,
    ComplaintEvents,
    GapEvents,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader, Span
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import period

STATUSES = (SENT, DEFERRED, BOUNCED, "rejected", "open")
# Of any mail system: what the next one gave may be a UUID, or Exim's.
_QUEUE_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/+=@-]{0,199}\Z")
# With more messages than this every line is read: a search for each ID would take longer.
_MOST_NEEDLES = 64
_MOST_IDS = 200000
# Links are followed so often: a bounce of a bounce, a message that was requeued twice.
_MOST_ROUNDS = 5
# What is read besides, whatever is looked for: qmail's lines do not all name their message, and lost lines must be known.
_ALWAYS = [b"qmail", b"rsyslogd", b"journal"]
# How Postfix words what its programs complain of (msg_vprintf.c).
_COMPLAINTS = [b": warning: ", b": error: ", b": fatal: ", b": panic: "]
# So many blocks around those in which a message is named are looked through for the connections that brought and took it.
_AROUND = 16


def _same_id(text):
    return text.strip().lstrip("<").rstrip(">")


class Query(object):
    """What is looked for.

    Args:
        params: dict: the options of M(mailops.relay.mail_log_info).
        now: float, seconds since the epoch.

    Raises:
        CriterionError
    """

    def __init__(self, params, now):
        self.values = dict((name, params.get(name)) for name in TEXTS if params.get(name) is not None)
        for name in ("queue_id", "queued_as"):
            for text in self.values.get(name, ()):
                if not _QUEUE_ID.match(text):
                    raise CriterionError(
                        "{0}: {1!r} is not a queue ID; one has letters, digits and . _ / + = @ - only".format(
                            name, text
                        )
                    )
        for name, texts in self.values.items():
            if any(not text.strip() for text in texts):
                raise CriterionError("{0}: an empty text means nothing".format(name))
        self.status = params.get("status")
        self.since, self.until = period(params, now)
        self._ids = frozenset(self.values.get("queue_id", ()))
        self._next = frozenset(self.values.get("queued_as", ()))
        self._message_ids = frozenset(_same_id(text) for text in self.values.get("message_id", ()))
        self._named = bool(self._ids or self._next or self._message_ids)
        self._senders = Addresses("sender", self.values.get("sender", ()))
        self._recipients = Addresses("recipient", self.values.get("recipient", ()))
        self._clients = self._hosts()

    def _hosts(self):
        names, networks = set(), []
        for text in self.values.get("client", ()):
            try:
                networks.append(read_network(text))
            except AddressError as exc:
                if "/" in text:
                    raise CriterionError("client: {0}".format(exc))
                names.add(text.lower())
        return names, networks

    def needles(self):
        """list of bytes or None: one of these is in a line of each message that is meant, whatever the case of its letters.

        None where nothing can be said.
        """
        if self._named:
            return [to_bytes(text, errors="surrogateescape") for text in self._ids | self._next | self._message_ids]
        for wanted in (self._senders, self._recipients):
            found = wanted.literals()
            if found is not None:
                return [to_bytes(text) for text in found]
        return None

    def about_rejects(self):
        """bool: whether refusals of what had no queue ID can be meant."""
        return not self._named and (self.status is None or "rejected" in self.status)

    def _is_client(self, host):
        names, networks = self._clients
        if host["name"].lower() in names:
            return True
        found = read_address(host["address"])
        return found is not None and any(wanted.contains(found) for wanted in networks)

    def _in_time(self, first, last):
        return not (
            (self.since is not None and last is not None and last < self.since)
            or (self.until is not None and first is not None and first > self.until)
        )

    def _is_named(self, hop):
        """bool: whether one of the given IDs is this message's."""
        return (
            hop["queue_id"] in self._ids
            or (hop["message_id"] is not None and _same_id(hop["message_id"]) in self._message_ids)
            or any(delivery["next_id"] in self._next for delivery in hop["deliveries"])
        )

    def matches(self, hop):
        """bool: whether this hop is meant."""
        if not self._in_time(hop["first"], hop["last"]):
            return False
        if self._named and not self._is_named(hop):
            return False
        if self._senders and (hop["sender"] is None or not self._senders.match(hop["sender"])):
            return False
        if (
            self._recipients
            and not any(
                self._recipients.match(delivery["recipient"]) or self._recipients.match(delivery["orig_to"])
                for delivery in hop["deliveries"]
            )
            and not any(map(self._recipients.match, refused_recipients(hop)))
        ):
            return False
        if any(self._clients) and not (hop["client"] and self._is_client(hop["client"])):
            return False
        if self.status is None:
            return True
        status = status_of(hop)
        return status in self.status or (
            status == "mixed"
            and (
                any(delivery["status"] in self.status for delivery in hop["deliveries"])
                or ("open" in self.status and unaccounted(hop) > 0)
            )
        )

    def matches_reject(self, entry):
        """bool: whether this refusal is meant."""
        if not self.about_rejects() or not self._in_time(entry["time"], entry["time"]):
            return False
        if self.status is not None and not entry["action"].endswith("reject"):
            # A rule that warns, or sends a message elsewhere, refuses nothing.
            return False
        for name, wanted in (("sender", self._senders), ("recipient", self._recipients)):
            if wanted and not wanted.match(entry[name]):
                return False
        return not any(self._clients) or self._is_client(entry["client_host"])


class _Mentions(GapEvents):
    """Collects the queue IDs of every event, and the processes that wrote of them.

    Args:
        wanted: set of str or None; only these queue IDs, and what they are linked to.
    """

    def __init__(self, wanted=None):
        super(_Mentions, self).__init__()
        self._wanted = wanted
        self.ids = set()
        self.linked = set()
        self.tags = set()

    def _mention(self, origin, queue_id):
        if self._wanted is not None and queue_id not in self._wanted:
            return
        if queue_id and len(self.ids) < _MOST_IDS:
            self.ids.add(queue_id)
            # Of Postfix's programs, these say in lines of their own what a connection is like.
            if origin.pid and (origin.mta != "postfix" or origin.program in ("smtpd", "smtp", "lmtp")):
                self.tags.add(" {0}[{1}]:".format(origin.tag, origin.pid))
                if self._lexer.rfc5424:
                    self.tags.add(" {0} {1} ".format(origin.tag, origin.pid))

    def arrival(self, stamp, origin, queue_id, client, details):
        self._mention(origin, queue_id)

    def message_id(self, stamp, origin, queue_id, message_id):
        self._mention(origin, queue_id)

    def sender(self, stamp, origin, queue_id, sender, size, recipients):
        self._mention(origin, queue_id)

    def delivery(self, stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls):
        self._mention(origin, queue_id)

    def removed(self, stamp, origin, queue_id):
        self._mention(origin, queue_id)

    def note(self, stamp, origin, queue_id, kind, text):
        self._mention(origin, queue_id)

    def reject(self, stamp, origin, queue_id, action, stage, client, reply, sender, recipient):
        self._mention(origin, queue_id)

    def link(self, stamp, origin, queue_id, kind, other):
        self._mention(origin, queue_id)
        if self._wanted is None or queue_id in self._wanted or other in self._wanted:
            self.linked.update((queue_id, other))


def _scan(sources, events, make_readers, needles, span=None, ignore_case=False, within=None):
    """Read the lines that contain one of the needles, or all lines where there are none.

    Args:
        sources: list of log_blocks.Source.
        events: Events.
        make_readers: as of LogReader.
        needles: list of bytes, or None.
        span: log_reader.Span that notes from when to when the logs tell something, or None.
        ignore_case: bool.
        within: list of set of int, for each source the numbers of the blocks to look at; None for all.

    Returns:
        (LogReader, list of set of int): for each source the numbers of the blocks that have such lines.
    """
    reader = LogReader(events, make_readers)
    find = line_finder(needles or (), ignore_case)
    hits = []
    for index, source in enumerate(sources):
        reader.lexer.begin(source.reference)
        found = set()
        hits.append(found)
        whole = needles is None
        for number, block in enumerate(source.blocks() if span is None else span.watch(source)):
            if within is not None and number not in within[index]:
                continue
            # In a qmail's own log few lines name their message.
            whole = whole or (number == 0 and (block[:1] == b"@" or (block[4:5] == b"-" and block[10:11] == b" ")))
            if whole:
                found.add(number)
                reader.feed(block)
                continue
            lines = find(block)
            if lines:
                found.add(number)
                reader.feed(lines)
    reader.end()
    return reader, hits


def _around(hits):
    """list of set of int: these blocks and those before and after them."""
    return [
        set(number for hit in found for number in range(max(0, hit - _AROUND), hit + _AROUND + 1)) for found in hits
    ]


def _found_ids(sources, query, make_readers, needles, span):
    """(_Mentions, list of set of int): the messages that may be meant and those they led to or came from; the blocks."""
    known = set(query.values.get("queue_id", ()))
    gaps = None
    if set(query.values) - set(["queue_id"]) or not known:
        mentions = _Mentions()
        _reader, hits = _scan(sources, mentions, make_readers, needles + _ALWAYS, span, ignore_case=True)
        gaps = mentions.gaps
        known |= mentions.ids
    for _round in range(_MOST_ROUNDS):
        if not known or len(known) > _MOST_NEEDLES:
            break
        mentions = _Mentions(known)
        always = [b"qmail"] if gaps is not None else _ALWAYS
        lines = [to_bytes(queue_id) for queue_id in known] + always
        _reader, hits = _scan(sources, mentions, make_readers, lines, span if gaps is None else None)
        gaps = mentions.gaps if gaps is None else gaps
        more = mentions.linked - known
        known |= more
        if not more:
            break
    mentions.ids = known
    mentions.gaps = gaps or []
    return mentions, hits


class Found(object):
    """What a search has found.

    Attributes:
        hops: list of dict that are meant, and those they led to or came from.
        total: int, how many are meant.
        rejects: list of dict.
        gaps: list of dict.
        unassigned: int, results of deliveries of which the log does not tell the message.
        reader, span: of the reading.
    """

    def __init__(self, hops, total, rejects, gaps, unassigned, reader, span):
        self.hops = hops
        self.total = total
        self.rejects = rejects
        self.gaps = gaps
        self.unassigned = unassigned
        self.reader = reader
        self.span = span


def search(sources, query, limit, make_readers):
    """Find messages.

    Args:
        sources: list of log_blocks.Source, the oldest first.
        query: Query.
        limit: int, so many messages at most, the newest.
        make_readers: as of log_reader.LogReader.

    Returns:
        Found
    """
    needles = query.needles()
    wanted = lines = within = gaps = None
    span = Span()
    if needles is not None:
        mentions, hits = _found_ids(sources, query, make_readers, needles, span)
        wanted, gaps = mentions.ids, mentions.gaps
        if len(wanted) <= _MOST_NEEDLES:
            lines = [to_bytes(text) for text in wanted] + [b"qmail"]
            lines.extend(to_bytes(tag, errors="surrogateescape") for tag in mentions.tags)
            if query.about_rejects():
                lines.extend(needles)
            else:
                within = _around(hits)
    assembler = Assembler(wanted, None if wanted is not None else max(limit, 1), query.matches)
    reader, _hits = _scan(
        sources,
        assembler,
        make_readers,
        lines,
        span if needles is None else None,
        lines is not None and query.about_rejects(),
        within,
    )
    meant = [hop for hop in assembler.hops if query.matches(hop)]
    total = len(meant) + (assembler.dropped if assembler.dropped else 0)
    meant = meant[-limit:] if limit else []
    hops = _with_linked(meant, assembler.hops)
    rejects = [entry for entry in assembler.rejects if query.matches_reject(entry)][-limit:] if limit else []
    gaps = assembler.gaps if gaps is None else gaps
    return Found(hops, total, rejects, gaps, assembler.unassigned, reader, span)


def _with_linked(meant, hops):
    """list of dict: these, and those that they led to or came from, in the order of the log."""
    by_id = {}
    for hop in hops:
        by_id.setdefault(hop["queue_id"], []).append(hop)
    found = dict((id(hop), hop) for hop in meant)
    waiting = list(meant)
    while waiting:
        hop = waiting.pop()
        others = [link["queue_id"] for link in hop["links"]]
        others.extend(delivery["next_id"] for delivery in hop["deliveries"] if delivery["next_id"])
        if hop["source"] is not None:
            others.append(hop["source"]["queue_id"])
        for queue_id in others:
            for other in by_id.get(queue_id, ()):
                if id(other) not in found and abs((other["first"] or 0) - (hop["last"] or 0)) < 7 * 86400:
                    found[id(other)] = other
                    waiting.append(other)
    return [hop for hop in hops if id(hop) in found]


def complaints(sources, query, make_readers):
    """What the programs of the mail system complain of in the time that is asked for, whatever messages are meant.

    Args:
        sources, make_readers: as for C(search).
        query: Query.

    Returns:
        list of dict: of C(log_events.ComplaintEvents).
    """
    events = ComplaintEvents(query.since, query.until)
    _scan(sources, events, make_readers, _COMPLAINTS)
    return events.complaints()
