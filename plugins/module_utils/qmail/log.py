# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of qmail-send, as qmail-log(5) and the sources of notqmail 1.09 have it, and tcpserver's.

A message has the number of an inode, which the next message may get as soon as this one has left the queue; a delivery
has a number that starts at 1 with each start of qmail-send. So what a number means is kept only as long as it means it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
from collections import OrderedDict

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import (
    BOUNCED,
    DEFERRED,
    EXPIRED,
    QUEUED,
    SENT,
)

# So many messages, deliveries and processes are remembered; the oldest are forgotten first.
MOST_REMEMBERED = 20000
# Seconds between the line that names the qmail-queue process of a new message and the new message's own line: that much
# before, where a qmail-todo process runs beside qmail-send or the report of a delivery comes late, and that much after
# (SLEEP_TODO). A process number is used again some day, so what is further apart has nothing to do with it.
_BEFORE, _AFTER = 60, 1500
# Of qmail-send.c: chanskip, for local and for remote recipients.
_SKIP_LOCAL, _SKIP_REMOTE = 10, 20

_NUMBER = "([0-9]{1,20})"
# What splogger puts before a line, or, after a plus sign, before the next part of one that is longer than this.
_SPLOGGER = re.compile(r"([0-9]{1,10})\.([0-9]{6})([ +])")
_SPLOGGER_LENGTH = 799
_NEW = re.compile("new msg {0}(?= |\\Z)".format(_NUMBER))
_INFO = re.compile(r"info msg {0}: bytes {0} from <(\S*)> qp {0} uid {0}(?= |\Z)".format(_NUMBER))
_START = re.compile(r"starting delivery {0}: msg {0} to (local|remote) (\S+)".format(_NUMBER))
_RESULT = re.compile(r"delivery {0}: (success|failure|deferral)(?:: (.*))?\Z".format(_NUMBER), re.S)
_OTHER_RESULT = re.compile(r"delivery {0}: (?:(report mangled, will defer)|log: )".format(_NUMBER))
_BOUNCE = re.compile(r"bounce msg {0} qp {0}(?= |\Z)".format(_NUMBER))
_DISCARDED = re.compile(r"(?:triple|double) bounce: discarding \S*?{0}\Z".format(_NUMBER))
_END = re.compile(r"end msg {0}(?= |\Z)".format(_NUMBER))
# No delivery is under way.
_IDLE = re.compile(r"status: local 0/[0-9]+ remote 0/[0-9]+(?: exitasap)?\Z")

# A delivery's text: qmail-send writes / for the end of a line and _ for a blank, % and what is not printable ASCII. So the zone
# of a link-local address (RFC 4007) stands behind an underscore.
_REMOTE_SAID = "Remote_host_said:"
_NEXT_LINE = re.compile(
    r"[._]{0,2}/(?=Remote_host_said:|Giving_up_on_|I'm_not_going_to_try_again;|STARTTLS_proto=|qp_[0-9]"
    r"|[2-5][0-9]{2}[-_])"
)
_TOO_LONG = "this_message_has_been_in_the_queue_too_long."
_SERVER = re.compile(
    r"(?:\A|[/_])((?:fe[89ab][0-9a-f]:[0-9a-f:]{1,35}_)?[0-9A-Za-z.:\[\]-]{1,255})"
    r"_(?:accepted_message|does_not_like_recipient|failed_on_DATA|failed_after|but_)"
)
_GIVING_UP = re.compile(
    r"(?:\A|/)Giving_up_on_((?:fe[89ab][0-9a-f]:[0-9a-f:]{1,35}_)?[0-9A-Za-z.:\[\]-]{1,255}?)\.?(?:/|\Z)"
)
_DSN_SAID = re.compile(r"(?:\A|[_/])[245][0-9]{2}[-_]([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])")
_DSN_OWN = re.compile(r"#\(?([245]\.[0-9]{1,3}\.[0-9]{1,3})\)")
# qmail-local: no file, no other message, no program.
_NOTHING = re.compile(r"(?:\A|/)did_0\+0\+0/")
_FORWARDED = re.compile(r"(?:\A|/)did_[0-9]+\+[0-9]+\+[0-9]+/qp_([0-9]{1,20})(?:/|\Z)")

_RESULTS = {"success": (SENT, "2"), "deferral": (DEFERRED, "45"), "failure": (BOUNCED, "54")}
# What else qmail-send and qmail-todo write, by its beginning.
_REMARKS = (
    "warning:",
    "alert:",
    "qmail-send: ",
    "qmail-todo: ",
    "qmail-clean ",
    "internal error:",
    "number of deliveries left",
    "running",
    "sighup response:",
    "trouble",
    "unable to ",
    "unknown record type in ",
    "triple bounce: ",
    "double bounce: ",
)

# Programs that write into the log of an SMTP or POP3 service, each of which begins its lines with its name.
_SERVICE = re.compile(
    r"(tcpserver|sslserver|rblsmtpd|qmail-smtpd|qmail-popup|qmail-pop3d)(?: [0-9]{1,10})?: "
    r"|CHKUSER (?:accepted|rejected) |qlog(?:envelope|received): "
)
_TCPSERVER = re.compile(
    r"(?:tcpserver|sslserver): (?:status: [0-9]+/[0-9]+|pid [0-9]+ from \S|ok [0-9]+ \S|end [0-9]+ status [0-9]"
    r"|(deny) [0-9]+ \S+ (\S+)|(?:warning|fatal|usage): )"
)
_RBLSMTPD = re.compile(r"rblsmtpd: (\S+) pid [0-9]+: ([45][0-9]{2} .*)\Z", re.S)
_SEND_TAGS = frozenset(("qmail", "qmail-send", "qmail-start"))
_SERVICE_TAGS = frozenset(("qmail-smtpd", "qmail-popup", "qmail-pop3d", "tcpserver", "sslserver", "rblsmtpd"))


def tai64n(seconds, nanoseconds):
    """str: a TAI64N stamp as multilog writes it, https://cr.yp.to/libtai/tai64.html.

    Args:
        seconds: int, since the epoch.
        nanoseconds: int.
    """
    return "@{0:016x}{1:08x}".format((1 << 62) + 10 + seconds, nanoseconds)


def _root(number):
    """int: the greatest one whose square is not more than the number, which is not negative (math.isqrt of 3.8)."""
    root = 1 << (number.bit_length() + 1) // 2
    while root * root > number:
        root = (root + number // root) // 2
    return root


def next_attempt(arrival, attempted, remote):
    """int: when qmail-send tries again, seconds since the epoch: nextretry() in qmail-send.c.

    Args:
        arrival: int or float, seconds since the epoch: when qmail-send took the message into its queue, C(new msg).
        attempted: int or float: when the attempt began that did not succeed.
        remote: bool, whether the recipient is a remote one.
    """
    arrival = int(arrival)
    root = _root(max(0, int(attempted) - arrival)) + (_SKIP_REMOTE if remote else _SKIP_LOCAL)
    return arrival + root * root


def _relay_of(text):
    """str: the host that a remote delivery's text names; C(none) when it names none."""
    own = text.partition(_REMOTE_SAID)[0]
    for match in _SERVER.finditer(own):
        # Words of a sentence have neither.
        if "." in match.group(1) or ":" in match.group(1):
            return match.group(1).replace("_", "%")
    match = _GIVING_UP.search(text)
    return match.group(1).replace("_", "%") if match else "none"


def _dsn_of(text, classes):
    """str: RFC 3463 code of a delivery's text.

    Args:
        classes: str, the first digits that agree with the result; the first of them is for a text without a code.
    """
    own, said, answer = text.partition(_REMOTE_SAID)
    match = _DSN_SAID.search(answer) if said else None
    match = match or _DSN_OWN.search(own) or _DSN_OWN.search(answer)
    if match and match.group(1)[0] in classes:
        return match.group(1)
    return classes[0] + ".0.0"


def _readable(text, recipient):
    """str: a delivery's text with blanks and semicolons where qmail-send had to write something else.

    A slash stays where it may be one. The recipient's own underscores stay as they are.
    """
    text = _NEXT_LINE.sub("; ", text.rstrip("/"))
    if not recipient:
        return text.replace("_", " ")
    return recipient.join(part.replace("_", " ") for part in text.split(recipient))


class _Recent(object):
    """A dict that forgets its oldest entries."""

    __slots__ = ("_entries",)

    def __init__(self):
        self._entries = OrderedDict()

    def __len__(self):
        return len(self._entries)

    def get(self, key):
        return self._entries.get(key)

    def pop(self, key):
        return self._entries.pop(key, None)

    def values(self):
        return list(self._entries.values())

    def put(self, key, value):
        self._entries.pop(key, None)
        self._entries[key] = value
        if len(self._entries) > MOST_REMEMBERED:
            self._entries.popitem(last=False)


# The methods of QmailReader by the first word of a line; by name, so that no reader refers to itself.
_HANDLERS = {
    "new": "_new",
    "info": "_info",
    "starting": "_starting",
    "delivery": "_delivery",
    "status:": "_status",
    "bounce": "_bounce",
    "end": "_end",
}


class QmailReader(object):
    """Tells what the lines of qmail's programs say.

    Args:
        events: Events.
        seconds: callable (stamp) -> float, seconds since the epoch; it knows TAI64N.
    """

    def __init__(self, events, seconds):
        self._events = events
        self._seconds = seconds
        # (host, message) -> [stamp, seconds, whether its sender is known].
        self._messages = _Recent()
        # (host, run, delivery) -> (message, channel, recipient, seconds of the message's arrival or None, stamp, origin). A run of
        # qmail-send's on a host, or the time since it was last idle, has a number of its own, so that deliveries of
        # another one are not found.
        self._deliveries = _Recent()
        self._runs = _Recent()
        self._last_run = 0
        # (host, process) of qmail-queue -> (kind, message, stamp, seconds): what it was run for; the new message's line
        # is still to come.
        self._expected = _Recent()
        # (host, process) of qmail-queue -> (message, seconds, whether the sender is that of a notification).
        self._queued = _Recent()

    def resolve(self, origin):
        """bool: whether the origin is a program of qmail's, which has its reader then."""
        if origin.tag in _SEND_TAGS:
            origin.program, origin.read = "qmail-send", self.read
        elif origin.tag in _SERVICE_TAGS:
            origin.program, origin.read = origin.tag, self.read_service
        else:
            return False
        origin.mta = "qmail"
        return True

    def read(self, stamp, origin, text):
        """bool: whether this is a line of qmail-send's, or one of tcpserver's with its name in it."""
        if text[:1].isdigit():
            match = _SPLOGGER.match(text)
            if match is None:
                return False
            if match.group(3) == "+":
                return True
            stamp = tai64n(int(match.group(1)), int(match.group(2)) * 1000)
            text = text[match.end() :]
            return self._read(stamp, origin, text) or len(text) == _SPLOGGER_LENGTH
        return self._read(stamp, origin, text)

    def read_service(self, stamp, origin, text):
        """bool: whether this is a line of a program that serves SMTP or POP3."""
        match = _SPLOGGER.match(text)
        if match is not None:
            if match.group(3) == "+":
                return True
            stamp = tai64n(int(match.group(1)), int(match.group(2)) * 1000)
            text = text[match.end() :]
        if _SERVICE.match(text) is None:
            text = "{0}: {1}".format(origin.tag, text)
        return self._service(stamp, origin, text)

    def _read(self, stamp, origin, text):
        handler = _HANDLERS.get(text.partition(" ")[0])
        if handler is not None:
            return getattr(self, handler)(stamp, origin, text)
        match = _DISCARDED.match(text)
        if match:
            self._events.note(stamp, origin, match.group(1), "deleted", text)
            return True
        return text.startswith(_REMARKS) or self._service(stamp, origin, text)

    # Messages.

    def _new(self, stamp, origin, text):
        match = _NEW.match(text)
        if match is None:
            return False
        self._messages.put((origin.host, match.group(1)), [stamp, self._seconds(stamp), False])
        return True

    def _info(self, stamp, origin, text):
        match = _INFO.match(text)
        if match is None:
            return False
        number, size, sender, process, uid = match.groups()
        message = self._messages.get((origin.host, number))
        if message is None or message[2]:
            message = [stamp, self._seconds(stamp), False]
            self._messages.put((origin.host, number), message)
        message[2] = True
        self._events.arrival(message[0], origin, number, "", "uid={0}, qp={1}".format(uid, process))
        self._events.sender(stamp, origin, number, sender, size, "")
        self._was_queued(stamp, origin, number, process, sender)
        return True

    def _was_queued(self, stamp, origin, number, process, sender):
        """A message has come; it may be one that another message has led to."""
        key = (origin.host, process)
        now = self._seconds(stamp)
        notification = sender in ("", "#@[]")
        expected = self._expected.get(key)
        if expected is not None and (notification or expected[0] != "bounce") and abs(now - expected[3]) <= _AFTER:
            self._expected.pop(key)
            self._events.link(expected[2], origin, expected[1], expected[0], number)
        else:
            self._queued.put(key, (number, now, notification))

    def _leads_to(self, stamp, origin, number, kind, process):
        """A message has led to another one, which this process of qmail-queue has queued."""
        key = (origin.host, process)
        now = self._seconds(stamp)
        queued = self._queued.pop(key)
        if queued is not None and (queued[2] or kind != "bounce") and abs(now - queued[1]) <= _BEFORE:
            self._events.link(stamp, origin, number, kind, queued[0])
        else:
            self._expected.put(key, (kind, number, stamp, now))

    def _bounce(self, stamp, origin, text):
        match = _BOUNCE.match(text)
        if match is None:
            return False
        self._leads_to(stamp, origin, match.group(1), "bounce", match.group(2))
        return True

    def _end(self, stamp, origin, text):
        match = _END.match(text)
        if match is None:
            return False
        self._messages.pop((origin.host, match.group(1)))
        self._events.removed(stamp, origin, match.group(1))
        return True

    # Deliveries.

    def _forget_deliveries(self, origin):
        """None is under way: those that are open have no end."""
        self._last_run += 1
        self._runs.put(origin.host, self._last_run)

    def _status(self, _stamp, origin, text):
        if text.endswith(" exiting") or _IDLE.match(text):
            self._forget_deliveries(origin)
        return True

    def _starting(self, stamp, origin, text):
        match = _START.match(text)
        if match is None:
            return False
        delivery, number, channel, recipient = match.groups()
        if delivery == "1":
            self._forget_deliveries(origin)
        message = self._messages.get((origin.host, number))
        key = (origin.host, self._runs.get(origin.host), delivery)
        self._deliveries.put(key, (number, channel, recipient, message[1] if message else None, stamp, origin))
        return True

    def _delivery(self, stamp, origin, text):
        match = _RESULT.match(text)
        if match is not None:
            delivery, result, answer = match.groups()
            status, classes = _RESULTS[result]
            answer = answer or ""
        else:
            match = _OTHER_RESULT.match(text)
            if match is None:
                return False
            delivery, answer = match.groups()
            if answer is None:
                return True
            status, classes = _RESULTS["deferral"]
        started = self._deliveries.pop((origin.host, self._runs.get(origin.host), delivery))
        if started is None:
            # It began before this log does: nothing tells of which message and for whom it was.
            started = "", "", "", None, stamp, origin
        number, channel, recipient, arrived = started[:4]
        if status == BOUNCED and answer.rstrip("/").endswith(_TOO_LONG):
            status = EXPIRED
        delay = ""
        if arrived is not None:
            delay = "{0:.3f}".format(max(0.0, self._seconds(stamp) - arrived)).rstrip("0").rstrip(".")
        origin.agent = "smtp"
        if channel == "local":
            origin.agent = "discard" if _NOTHING.search(answer) else "local"
        self._events.delivery(
            stamp,
            origin,
            number,
            recipient,
            "",
            "local" if channel == "local" else _relay_of(answer),
            delay,
            "",
            _dsn_of(answer, classes),
            status,
            _readable(answer, recipient),
            "",
        )
        if status == SENT and channel == "local":
            match = _FORWARDED.search(answer)
            if match:
                self._leads_to(stamp, origin, number, "forwarded", match.group(1))
        return True

    def end(self):
        """The log is over: what has begun and has no result in it is told, so that no recipient is overlooked."""
        for number, channel, recipient, _arrived, stamp, origin in self._deliveries.values():
            said = "a {0} delivery has begun, of which the log has no result".format(channel)
            self._events.delivery(stamp, origin, number, recipient, "", "none", "", "", "", QUEUED, said, "")

    # Services.

    def _service(self, stamp, origin, text):
        match = _SERVICE.match(text)
        if match is None:
            return False
        program = match.group(1)
        if program in ("tcpserver", "sslserver"):
            match = _TCPSERVER.match(text)
            if match is None:
                # What ucspi-ssl says of its certificates and of TLS.
                return program == "sslserver"
            if match.group(1):
                # Name, which may be empty, address, which may have colons, name of the user, which may be empty, port.
                name, _colon, rest = match.group(2).partition(":")
                address = rest.rpartition(":")[0].rpartition(":")[0]
                client = "{0}[{1}]".format(name or "unknown", address)
                reply = "denied by the rules of " + program
                self._events.reject(stamp, origin, "", "reject", "CONNECT", client, reply, "", "")
        elif program == "rblsmtpd":
            match = _RBLSMTPD.match(text)
            if match:
                client = "unknown[{0}]".format(match.group(1))
                self._events.reject(stamp, origin, "", "reject", "CONNECT", client, match.group(2), "", "")
        return True
