# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mail log tells, whatever the MTA: the reader of each MTA calls these, line by line.

All texts are native strings as they stand in the log; what is not known is an empty string. A stamp is the time as the
line has it; C(Lexer.seconds) makes a number of it. An origin is a C(log_lines.Origin).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable

# So many gaps are kept, each with so much of its text.
_MOST_GAPS = 20
_GAP_LENGTH = 300
_MOST_COMPLAINTS = 40
_COMPLAINT_LENGTH = 300
# What became of a recipient, in Postfix's words; an attempt that waits to be taken up by another process is queued.
SENT, DEFERRED, BOUNCED, EXPIRED, QUEUED = "sent", "deferred", "bounced", "expired", "queued"


class Events(object):
    """Receives what the readers find. Each method does nothing here: a subclass takes what it needs."""

    # False: message_id() does nothing, and a reader need not say it, which takes time for each message.
    takes_message_ids = True
    _lexer = None

    def use(self, lexer):
        """Lines come from this C(log_lines.Lexer), which makes numbers of stamps."""
        self._lexer = lexer

    def source_ends(self):
        """What follows is of another file."""

    def arrival(self, stamp, origin, queue_id, client, details):
        """A message got its queue ID here.

        Args:
            client: str, C(name[address]); empty for a message of this host's own programs.
            details: str, further C(key=value) pairs, separated by a comma and a blank, for example
                C(sasl_username=app, orig_queue_id=4XYZ) or C(uid=0).
        """

    def message_id(self, stamp, origin, queue_id, message_id):
        """The Message-ID header, with brackets where the log has them."""

    def sender(self, stamp, origin, queue_id, sender, size, recipients):
        """Envelope sender without angle brackets (empty: the null sender), size in bytes and number of recipients.

        size and recipients are str of digits, or empty, size of at most 18 and recipients of at most 9. Postfix says this
        again at each queue run; what pickup(8) says has neither, and the address may be another one then.
        """

    def delivery(self, stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls):
        """One attempt for one recipient.

        What has made it, C(origin.agent) tells in Postfix's words, and with it what C(sent) means: C(smtp) has handed the
        message to another server; C(lmtp) to a store, or to a filter that names what it made of it; C(local), C(virtual)
        and C(pipe) have delivered it to a mailbox, a file or a program of this host; C(discard) has thrown it away.

        Args:
            queue_id: str, empty where the log does not tell of which message this is the result.
            recipient: str, address without angle brackets.
            orig_to: str, the address before aliases were applied.
            relay: str, C(name[address]:port), C(name[address]), C(local), C(none) or the like.
            delay: str, seconds since arrival, as decimal digits and a point.
            delays: str, C(a/b/c/d): before the queue manager, in the queue, connection set-up, transmission.
            dsn: str, RFC 3463 code.
            status: str, one of this module's words, or what else Postfix says (deliverable, undeliverable).
            reply: str, the text of the other side or the reason.
            tls: str, C(Verified TLSv1.3 TLS_AES_256_GCM_SHA384), C(none) when the connection had none, C(TLS) when it had TLS
                of which no more is known; empty where there was no connection or nothing is known.
        """

    def expanded(self, stamp, origin, queue_id):
        """Aliases made other recipients of some of a message's: their number says nothing of the attempts any more."""

    def removed(self, stamp, origin, queue_id):
        """The message left the queue; its ID may be used again."""

    def reject(self, stamp, origin, queue_id, action, stage, client, reply, sender, recipient):
        """A command, a header or a whole message was refused, or a rule said so.

        Args:
            queue_id: str, empty where there was none yet.
            action: str, Postfix's word: C(reject), C(reject_warning), C(hold), C(discard), C(filter), C(redirect),
                C(milter-reject) and so on.
            stage: str, C(RCPT), C(CONNECT), C(header Subject) and so on.
        """

    def limit(self, stamp, origin, queue_id, kind, client, text):
        """A client was refused because it had reached a limit, and the log says no more of what it wanted.

        Args:
            queue_id: str, empty where there was none yet.
            kind: str, which limit, one of the names in C(mail/limits).
            client: str, C(name[address]); empty where only the queue ID tells it.
            text: str, the line.
        """

    def link(self, stamp, origin, queue_id, kind, other):
        """A message led to another one on this host.

        Args:
            queue_id: str, the message that was there first.
            kind: str, C(bounce), C(delay) or C(delivery) for a notification, C(requeued) for the same message under a new
                ID, C(forwarded) for what an alias made of it.
            other: str, queue ID of the other one.
        """

    def note(self, stamp, origin, queue_id, kind, text):
        """Something else that an operator wants to know of this message.

        Args:
            kind: str, C(attempt) for a server that was tried in vain, C(expired), C(held), C(released), C(requeued),
                C(deleted), C(rejected), C(warning), C(passing), C(resent).
        """

    def signed(self, stamp, origin, queue_id, domain, selector):
        """A signer has put a DKIM signature of this domain, with the key of this selector, on a message that is known by now."""

    def complaint(self, stamp, origin, text):
        """A program of the mail system warns, or cannot do its work: C(warning: TEXT), C(fatal: TEXT) and the like."""

    def gap(self, stamp, origin, text, lost):
        """The logging system says that it left lines out.

        Args:
            lost: int, how many; 0 when it does not say.
        """


class ComplaintEvents(Events):
    """Keeps what programs complain of, each complaint once: the newest of them.

    Args:
        since, until: float or None, seconds since the epoch: those of other times are left out.
    """

    def __init__(self, since, until):
        self._since, self._until = since, until
        self._found = {}

    def complaint(self, stamp, origin, text):
        moment = self._lexer.seconds(stamp)
        if (self._since is not None and moment < self._since) or (self._until is not None and moment > self._until):
            return
        key = (origin.program, printable(text[:_COMPLAINT_LENGTH]))
        count = self._found.pop(key, (0, 0))[1] + 1
        self._found[key] = (moment, count)
        if len(self._found) > 2 * _MOST_COMPLAINTS:
            for oldest in sorted(self._found, key=self._found.get)[:_MOST_COMPLAINTS]:
                del self._found[oldest]

    def complaints(self):
        """list of dict: the newest, by time: C(time) of the last of its kind, C(program), C(text), C(count)."""
        newest = sorted(self._found, key=self._found.get)[-_MOST_COMPLAINTS:]
        return [
            {"time": self._found[key][0], "program": key[0], "text": key[1], "count": self._found[key][1]}
            for key in newest
        ]


class GapEvents(Events):
    """Keeps where the logging system says that it lost lines.

    Attributes:
        gaps: list of dict, the first of them, with C(time), C(text) and C(lost).
    """

    def __init__(self):
        self.gaps = []

    def gap(self, stamp, origin, text, lost):
        if len(self.gaps) < _MOST_GAPS:
            self.gaps.append({"time": self._lexer.seconds(stamp), "text": printable(text[:_GAP_LENGTH]), "lost": lost})
