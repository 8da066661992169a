# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sendmail writes into the mail log.

The forms are those of sm_syslog()'s callers in the source of sendmail 8.14 to 8.18: logsender() in headers.c,
logdelivery() in deliver.c, rscheck() in parseaddr.c, returntosender() in savemail.c and so on. A line belongs to the
message whose queue ID it begins with; up to log level 9 no line says that a message has left the queue.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import BOUNCED, DEFERRED, QUEUED, SENT
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue_files import bare_address

# So many messages, processes and names of hosts are remembered; the oldest are forgotten first.
MOST_REMEMBERED = 20000
# For so many seconds after its last use a connection may be used again, and the process number is that of no other.
_CONNECTION_KEPT = 3600
# So many messages whose lines sendmail has split, lines of each, and servers of one process.
_MOST_PARTS, _MOST_LINES, _MOST_SERVERS = 1000, 100, 100
_LONG_NAME = 300

_PROGRAM = re.compile(r"(?:sendmail|sm-(?:mta|msp|client|mta-\w+|msp-\w+)|sendmail-[\w-]+)\Z")
_ID = r"[0-9A-Za-z]{8}[0-9]{6,10}"
_LINE = re.compile("({0})(?:\\[([0-9]{{1,3}})\\])?: ".format(_ID))
# Of a message without any quotation mark or comma in an address or its Message-ID.
_FROM = re.compile(
    r'from=([^",]*), size=([0-9]{1,18}), class=-?[0-9]+, nrcpts=([0-9]{1,9})(?:, msgid=([^,]*))?'
    r"((?:, bodytype=[^,]*)?(?:, proto=[^,]*)?(?:, daemon=[^,]*)?"
    r"(?:, tls_verify=[^,]*)?(?:, tls_version=[^,]*)?(?:, cipher=[^,]*)?(?:, auth=[^,]*)?), relay=([^,]*)\Z"
)
_FROM_NUMBERS = re.compile(r", size=([0-9]{1,18}), class=-?[0-9]+, nrcpts=([0-9]{1,9})")
# What may follow the Message-ID, from the end.
_FROM_KEYS = (", auth=", ", cipher=", ", tls_version=", ", tls_verify=", ", daemon=", ", proto=", ", bodytype=")
_TO_REST = re.compile(
    r", delay=((?:[0-9]{1,6}\+)?[0-9]{2,6}:[0-9]{2}:[0-9]{2})(, xdelay=[0-9+:]*)?(?:, mailer=([^,]*))?"
    r"((?:, (?:tls_verify|tls_version|cipher|auth|verify|version|bits)=[^,]*)*)(?:, pri=-?[0-9]*)?"
    r"(?:, relay=([^,]*)((?:, (?:tls_verify|tls_version|cipher|auth|verify|version|bits)=[^,]*)*))?"
    r"(?:, quarantine=((?:(?!, stat=).)*))?(?:, dsn=([^,]*))?(?:, (?:ntries|stage|status)=[^,]*)*(, reply=|, stat=)",
    re.S,
)
_STARTTLS = re.compile(
    r"STARTTLS=(client|server), relay=([^,]*), version=([^,]*), verify=([^,]*), cipher=([^,]*)(?:,|\Z)"
)
_AUTH = re.compile(r"AUTH=server, relay=([^,]*), authid=(.*), mech=[^,]*, bits=[0-9]+\Z", re.S)
_NOTIFICATION = re.compile(
    "({0}): (?:(DSN|return to sender|sender notify|postmaster notify): (.*)|clone: owner=(.*))\\Z".format(_ID), re.S
)
_SPLIT = re.compile("split: (?:maxrcpts=[0-9]+, rcpts=[0-9]+, )?count=[0-9]+, ids?=(.*)\\Z", re.S)
_RULESET_REST = re.compile(r"(?:, relay=([^,]*))?, (?:reject=(.*)|quarantine=(.*)|(discard))\Z", re.S)
_MILTER_CONNECT = re.compile(
    r"Milter: connect: host=([^,]*), addr=([^,]*), "
    r"(?:rejecting commands|temp failing commands|reject|shutdown)=?(.*)\Z",
    re.S,
)
_MILTER_QUARANTINE = re.compile(r"milter=[^,]*, quarantine=(.*)\Z", re.S)
_EARLY = re.compile(r"rejecting commands from (\S* ?\[[^\[\]]*\]) ((?:\(may be forged\) )?due to .*)\Z", re.S)
# "name [address]", with the name of the user before an @, and a remark behind.
_PEER = re.compile(r"(.*)\[(IPv6:)?([0-9A-Fa-f:.]+)\]( \([^()]*\))?\Z", re.S)

# What other mailers of this host are like, in Postfix's words; one with an address hands on by SMTP.
_AGENTS = {
    "local": "local",
    "*file*": "local",
    "*include*": "local",
    "prog": "pipe",
    "procmail": "pipe",
    "cyrus": "pipe",
    "cyrusbb": "pipe",
    "cyrusv2": "lmtp",
    "lmtp": "lmtp",
    "discard": "discard",
}
_LOCAL_MAILERS = frozenset(("local", "prog", "*file*", "*include*", "cyrus", "cyrusv2", "cyrusbb", "procmail", "lmtp"))
# EX_OSERR and EX_IOERR are tried again, see markfailure().
_TRIED_AGAIN = ("Deferred", "Operating system error", "I/O error")
# sm_sysexmsg(): with what the reason of a failure begins.
_FAILURES = _TRIED_AGAIN + (
    "Command line usage error",
    "Data format error",
    "Cannot open input",
    "User unknown",
    "Host unknown",
    "Service unavailable",
    "Internal error",
    "System file missing",
    "Can't create output",
    "Remote protocol error",
    "Insufficient permission",
    "Local configuration error",
    "unknown mailer error",
)
_STAGES = {
    "check_relay": "CONNECT",
    "check_mail": "MAIL",
    "check_rcpt": "RCPT",
    "check_data": "DATA",
    "check_eom": "END-OF-MESSAGE",
    "check_vrfy": "VRFY",
    "check_expn": "EXPN",
    "check_etrn": "ETRN",
}
_MILTER_STAGES = {"helo": "HELO", "from": "MAIL", "to": "RCPT", "data": "END-OF-MESSAGE"}

# What sendmail writes without a queue ID, by its beginning.
_REMARKS = tuple(
    (
        # Start, stop, and how it goes.
        "starting daemon |started as: |stopping daemon, |restarting |restart queue runner=|daemon |finis, |"
        "in background, |File descriptors missing |NOQUEUE|SYSERR|WARNING: |Warning: |ERROR: |error: |could not |"
        "unable to |can't |cannot |--- |<-- |user |usershellok: |poststats: |debug_dumpstate|disconnect|stab: |"
        "total: cnt=|Adding |str_union: |arith_map: |set automode |proc_list_probe: |"
        # Files and memory.
        "Could not remove |dangerous permissions=|no fchown(): |ownership change on |sync_dir: |fcntl(|"
        "filesys_update failed: |shared memory |sm_shmstop |key=|func=init_sem, |"
        # Names, addresses and load.
        "My unqualified host name |gethostbyaddr(|getauth|getmodifiers |hostsignature |main: where=|mci_|"
        "makeconnection: |server=|Unsupported address family |Bad line on |connect from |connection_rate_check |"
        "global connection rate: |conn_limits: |rejecting connections |rejecting new messages|"
        "deferring connections |delaying connections |delaying=|accepting connections |accepting new messages|"
        "unauthorized PIPELINING|x-connect|xconnect|waiting for xconnect|"
        # The queue.
        "runqueue|grew WorkList |FAILED to grow WorkList |WorkList for |gatherq: |queue directory |queue group |"
        "queue manager: |queue control |persistent queue runner|checkqueuerunner: |rq: |rqe: |rwg: |sqr: |dowork|"
        "locked|"
        # Aliases and other maps.
        "alias |aliases |dbopen(|db_open(|"
        # TLS and SASL.
        "STARTTLS|AUTH=|AUTH |AUTH:|engine=|TLSA=|tls_srv_features|tls_clt_features|rscheck(|srvfeatures: |"
        "clt_features=|"
        # Filters.
        "Milter|milter"
    ).split("|")
)
_ALIASES = re.compile(r"/\S+: (?:[0-9]+ aliases, longest |line [0-9]+: |WARNING: )")


class _Message(object):
    """What has to be known of a message until it has left the queue.

    Attributes:
        left: int, how many recipients have no result yet; None when the log does not tell.
        direct: bool, whether recipients are in angle brackets unless an alias made them, as those of a client are.
        returned: bool, whether the sender is still to be told of what failed.
        sender: str.
        state: str, empty, C(removed), or C(aborted) when the client has not sent the whole message.
    """

    __slots__ = ("left", "direct", "returned", "sender", "state")

    def __init__(self, left, direct, sender):
        self.left = left
        self.direct = direct
        self.returned = False
        self.sender = sender
        self.state = ""


class _Memory(object):
    """A dictionary that forgets what it was told first."""

    def __init__(self, most):
        self._half = most // 2
        self._young, self._old = {}, {}

    def get(self, key):
        value = self._young.get(key)
        return self._old.get(key) if value is None else value

    def put(self, key, value):
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}
        self._young[key] = value


def _after_quoted(text, quote):
    """int: where a quoted string that begins here is over; -1 when it never is."""
    position = quote + 1
    while True:
        closing = text.find('"', position)
        if closing < 0:
            return -1
        backslashes = closing - 1
        while backslashes > quote and text[backslashes] == "\\":
            backslashes -= 1
        if (closing - backslashes) % 2:
            return closing + 1
        position = closing + 1


def _find(text, wanted, start):
    """int: where something is, outside of quotation marks unless they are not closed; -1 when it is nowhere."""
    first = found = text.find(wanted, start)
    while found >= 0:
        quote = text.find('"', start, found)
        if quote < 0:
            return found
        start = _after_quoted(text, quote)
        if start < 0:
            return first
        if found < start:
            found = text.find(wanted, start)
    return -1


def _bare(address):
    """str: an address as the log has it, without angle brackets, name and comments."""
    if address[:1] == "<" and address[-1:] == ">":
        inner = address[1:-1]
        if inner[:1] != "@" and ("<" not in inner or '"' in inner):
            return inner
    elif "<" not in address and "(" not in address:
        return address.strip()
    return bare_address(address)


def _recipients(text):
    """list of str: the addresses of a list, as they are written there."""
    if '"' not in text:
        return [address for address in text.split(",") if address]
    addresses, start = [], 0
    comma, quote = text.find(","), text.find('"')
    while comma >= 0:
        if 0 <= quote < comma:
            end = _after_quoted(text, quote)
            if 0 <= comma < end:
                comma = text.find(",", end)
            quote = text.find('"', end) if end >= 0 else -1
            continue
        addresses.append(text[start:comma])
        start = comma + 1
        comma = text.find(",", start)
    addresses.append(text[start:])
    return [address for address in addresses if address]


def _tls_words(verify, version, cipher):
    # 8.14 logs the version of the cipher's suite (SSL_CIPHER_get_version(3) of OpenSSL 1.0), of which these came with TLS 1.2
    # (RFC 5246, RFC 5289); the others do not tell.
    if version == "TLSv1/SSLv3" and cipher.endswith(("-SHA256", "-SHA384")):
        version = "TLSv1.2"
    trust = "Verified" if verify in ("OK", "TRUSTED") else "Untrusted"
    return "{0} {1} {2}".format(trust, version, cipher)


class SendmailReader(object):
    """Reads the lines of all programs of sendmail.

    Args:
        events: log_events.Events.
        seconds: callable, stamp -> float, seconds since the epoch.
    """

    def __init__(self, events, seconds):
        self._events = events
        self._seconds = seconds
        self._messages = _Memory(MOST_REMEMBERED)
        self._connections = _Memory(MOST_REMEMBERED)
        self._users, self._has_users = _Memory(MOST_REMEMBERED), False
        self._peers, self._delays = {}, {}
        self._parts = {}

    def resolve(self, origin):
        """bool: whether the lines of this program are sendmail's; the origin knows it then."""
        if not _PROGRAM.match(origin.tag):
            return False
        origin.mta = "sendmail"
        origin.program = origin.tag
        origin.read = self.read
        return True

    def read(self, stamp, origin, text):
        """bool: whether the line is known."""
        match = _LINE.match(text)
        if match is None:
            return self._without_id(stamp, origin, text)
        queue_id, part = match.groups()
        start = match.end()
        if part is not None:
            return self._part(stamp, origin, queue_id, part, text[start:])
        if text.startswith("to=", start):
            return self._delivery(stamp, origin, queue_id, text, start)
        if text.startswith("from=", start):
            return self._from(stamp, origin, queue_id, text, start)
        return self._other(stamp, origin, queue_id, text[start:])

    # The message comes.

    def _from(self, stamp, origin, queue_id, text, start):
        match = _FROM.match(text, start)
        if match:
            sender, size, recipients, message_id, details, relay = match.groups()
        else:
            at = _find(text, ", size=", start)
            numbers = _FROM_NUMBERS.match(text, at) if at >= 0 else None
            end = text.rfind(", relay=")
            if numbers is None or end < numbers.end():
                return False
            sender, relay = text[start + 5 : at], text[end + 8 :]
            size, recipients = numbers.groups()
            message_id, details = self._message_id_and_details(text[numbers.end() : end])
        message = self._messages.get(queue_id)
        if message_id is None and (size == "0" or recipients == "0" or (message and message.state == "aborted")):
            # The client went away, or each recipient was refused: there has never been a message.
            return True
        details = details[2:]
        if origin.tls and "proto=" in details and "proto=ESMTPS" not in details:
            # The line that told of TLS was another process's that had the same number.
            origin.tls = ""
        known = message is not None and relay == "[RESPONSE]"
        client = self._peer(relay)
        if client[-1:] != "]":
            client = ""
        details = self._with_user(origin, relay, client, details)
        bare = _bare(sender)
        if not known:
            self._events.arrival(stamp, origin, queue_id, client, details)
        if message_id is not None:
            self._events.message_id(stamp, origin, queue_id, message_id)
        self._events.sender(stamp, origin, queue_id, bare, size, recipients)
        direct = sender[:1] == "<" and "daemon=" in details
        self._messages.put(queue_id, _Message(int(recipients[:9]) or None, direct, bare))
        return True

    @staticmethod
    def _message_id_and_details(text):
        """(str or None, str) of what is between the number of recipients and the relay."""
        if not text.startswith(", msgid="):
            return None, text
        end = len(text)
        for key in _FROM_KEYS:
            at = text.rfind(key, 8, end)
            if at >= 0 and text.find(",", at + 2, end) < 0:
                end = at
        return text[8:end], text[end:]

    def _with_user(self, origin, relay, client, details):
        """str: details, with what else is known of the client."""
        further = []
        if not client:
            user, at, _host = relay.partition("@")
            if at:
                further.append("user=" + user)
        elif relay[-15:] == "(may be forged)":
            further.append("name=forged")
        if self._has_users:
            user = self._users.get((origin.host, origin.pid))
            if user is not None and user[0] == relay:
                further.append("sasl_username=" + user[1])
        if further:
            return ", ".join(([details] if details else []) + further)
        return details

    def _peer(self, relay):
        """str: C(name[address]); the name alone where there is no address."""
        peer = self._peers.get(relay)
        if peer is None:
            match = _PEER.match(relay)
            if match:
                name, family, address, _remark = match.groups()
                name = self._host_name(name)
                peer = "{0}[{1}]".format(name or "unknown", plain((family or "") + address))
            else:
                peer = self._host_name(relay)
            if len(self._peers) >= MOST_REMEMBERED:
                self._peers.clear()
            if len(relay) < _LONG_NAME:
                self._peers[relay] = peer
        return peer

    @staticmethod
    def _host_name(name):
        name = name.strip().rpartition("@")[2]
        if name[:1] == "[" and name[-1:] == "]":
            name = plain(name[1:-1])
        return name.rstrip(".")

    # It is delivered.

    def _delivery(self, stamp, origin, queue_id, text, start):
        at = text.find(", delay=", start)
        if at < 0:
            return False
        if text.find('"', start, at) >= 0:
            at = _find(text, ", delay=", start)
        match = _TO_REST.match(text, at)
        if match is None:
            return False
        delay, attempted, mailer, before, relay, behind, quarantine, dsn, key = match.groups()
        if key == ", stat=":
            reply, stat = "", text[match.end() :]
        else:
            reply, stat = self._reply_and_stat(text[match.end() :])
            if stat is None:
                return False
        listed = text[start + 3 : at]
        controlled = _find(listed, ", ctladdr=", 0)
        if controlled >= 0:
            listed = listed[:controlled]
        if listed[-7:] == " [more]":
            listed = listed[:-7]
        if listed == "NO-TO-LIST":
            return True
        status = self._status(dsn, stat)
        written = _recipients(listed) if "," in listed else [listed]
        message = self._messages.get(queue_id)
        if mailer is None and not stat.startswith(("Sent", "queued", "quarantined", "Deferred", "Message accepted")):
            # It was not to be delivered: the whole message was refused, or thrown away, when the client had sent it.
            kind = "deleted" if stat == "discarded" else "rejected"
            for address in written:
                self._events.note(stamp, origin, queue_id, kind, "{0}: {1}".format(_bare(address), stat))
            self._count(stamp, origin, queue_id, message, written, True)
            return True
        delay = self._delays.get(delay) or self._delay(delay)
        local = mailer in _LOCAL_MAILERS
        if local and not attempted and status == BOUNCED and message is not None:
            addresses = [_bare(address) for address in written]
            if addresses == [message.sender]:
                # Not a recipient of this message, but that of the notification that is to tell what became of it.
                self._events.note(
                    stamp, origin, queue_id, "warning", "its sender cannot be told: {0}: {1}".format(addresses[0], stat)
                )
                return True
        if relay:
            peer = self._peer(relay)
        else:
            peer = "local" if local else "none"
        tls = "" if local else self._tls(stamp, origin, relay or "", status, reply, stat)
        connection = before or behind
        if connection and not local:
            tls = self._own_tls(connection, tls)
        origin.agent = _AGENTS.get(mailer) or ("smtp" if peer[-1:] == "]" else "pipe")
        said = self._said(status, stat, reply, quarantine)
        events = self._events
        for address in written:
            events.delivery(stamp, origin, queue_id, _bare(address), "", peer, delay, "", dsn or "", status, said, tls)
        if message is not None:
            if status == BOUNCED:
                message.returned = True
            self._count(stamp, origin, queue_id, message, written, status in (SENT, BOUNCED))
        return True

    def _delay(self, text):
        """str: an interval of pintvl() in seconds."""
        days, _plus, rest = text.rpartition("+")
        hours, minutes, seconds = rest.split(":")
        if len(self._delays) >= MOST_REMEMBERED:
            self._delays.clear()
        delay = str(int(days or 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + int(seconds))
        self._delays[text] = delay
        return delay

    @staticmethod
    def _reply_and_stat(text):
        """(str, str or None): the reply of the other side, which may have anything in it, and sendmail's own words."""
        at = first = text.find(", stat=")
        if at < 0:
            return text, None
        while at >= 0:
            if text.startswith(_FAILURES, at + 7):
                return text[:at], text[at + 7 :]
            at = text.find(", stat=", at + 7)
        return text[:first], text[first + 7 :]

    @staticmethod
    def _status(dsn, stat):
        if stat == "queued" or stat == "quarantined":
            return QUEUED
        if dsn:
            if dsn[0] == "2":
                return SENT
            if dsn[0] == "4":
                return DEFERRED
            if dsn[0] == "5":
                return BOUNCED
        if stat[:4] == "Sent" or stat[:16] == "Message accepted":
            return SENT
        return DEFERRED if stat.startswith(_TRIED_AGAIN) else BOUNCED

    @staticmethod
    def _said(status, stat, reply, quarantine):
        """str: why, in the words of the other side where there are any."""
        if status == SENT and stat[:6] == "Sent (":
            return stat[6:-1] if stat[-1:] == ")" else stat[6:]
        if quarantine:
            return "{0}: {1}".format(stat, quarantine)
        if not reply or reply in stat:
            return stat
        return "{0}: {1}".format(stat, reply)

    def _tls(self, stamp, origin, relay, status, reply, stat):
        """str: TLS of the connection of this delivery."""
        if "[" not in relay or status == QUEUED:
            connected = False
        else:
            connected = bool(reply) or stat[:10] != "Deferred: " or stat[10:11].isdigit()
        if origin.new_tls:
            known = self._connections.get((origin.host, origin.pid))
            connection = self._connection(known, relay) if known else None
            if connection is not None:
                now = self._seconds(stamp)
                if abs(now - connection[1]) > _CONNECTION_KEPT:
                    del known[connection[2]]
                elif connected:
                    connection[1] = now
                    return connection[0]
        return "none" if connected else ""

    @staticmethod
    def _own_tls(pairs, tls):
        """str: what the line itself says of TLS, as one of a sendmail compiled with more to log does.

        Args:
            pairs: str, C(, tls_verify=OK, tls_version=TLSv1.3, cipher=TLS_AES_256_GCM_SHA384).
            tls: str, what is known without them; empty where there was no connection.
        """
        said = dict(pair.split("=", 1) for pair in pairs.split(", ")[1:])
        verify = said.get("tls_verify") or said.get("verify") or ""
        version = said.get("tls_version") or said.get("version") or ""
        if version and version != "NONE":
            return _tls_words(verify, version, said.get("cipher", "")).rstrip()
        return "none" if tls and "NONE" in (version, verify) else tls

    def _connection(self, known, relay):
        """list or None: of the connection with this server; a long name is shortened in its middle."""
        name = relay.partition(" ")[0]
        connection = known.get(name)
        if connection is None and "..." in name:
            beginning, _dots, end = name.partition("...")
            for other in known:
                if other.startswith(beginning) and other.endswith(end):
                    return known[other]
        return connection

    def _count(self, stamp, origin, queue_id, message, written, final):
        """Note which recipients have a result; the message has left the queue when each has."""
        if message is None or message.left is None:
            return
        if message.direct:
            for address in written:
                if address[:1] != "<":
                    # An alias or a .forward file made it of another, and perhaps others too; the log does not tell.
                    message.left = None
                    self._events.expanded(stamp, origin, queue_id)
                    return
        if final:
            message.left = max(message.left - len(written), 0)
            if not message.left and not message.returned:
                self._removed(stamp, origin, queue_id, message)

    def _removed(self, stamp, origin, queue_id, message):
        if message is None:
            message = _Message(None, False, "")
            self._messages.put(queue_id, message)
        if message.state != "removed":
            message.state = "removed"
            self._events.removed(stamp, origin, queue_id)

    # Anything else.

    def _other(self, stamp, origin, queue_id, text):
        """bool: whether it is known; so is most of what has a queue ID, for sendmail writes much of little interest."""
        if text.startswith("ruleset="):
            return self._ruleset(stamp, origin, queue_id, text)
        if text[:1] in "rM<" and self._refusal(stamp, origin, queue_id, text):
            return True
        if text.startswith("milter="):
            match = _MILTER_QUARANTINE.match(text)
            if match:
                self._events.note(stamp, origin, queue_id, "held", match.group(1))
        elif text.startswith("quarantine="):
            self._events.note(stamp, origin, queue_id, "held", text[11:])
        elif text == "unquarantine":
            self._events.note(stamp, origin, queue_id, "released", "")
        elif text.startswith("done; delay="):
            self._removed(stamp, origin, queue_id, self._messages.get(queue_id))
        elif text == "discarded":
            self._events.note(stamp, origin, queue_id, "deleted", text)
            self._removed(stamp, origin, queue_id, self._messages.get(queue_id))
        elif text.startswith("collect: "):
            if self._messages.get(queue_id) is None:
                message = _Message(None, False, "")
                message.state = "aborted"
                self._messages.put(queue_id, message)
        elif text.startswith(("SYSERR", "Losing ")):
            self._events.note(stamp, origin, queue_id, "warning", text)
        elif text.startswith("timeout waiting for input from ") and " during client " in text:
            self._events.note(stamp, origin, queue_id, "attempt", text)
        else:
            self._other_message(stamp, origin, queue_id, text)
        return True

    def _other_message(self, stamp, origin, queue_id, text):
        """A line that may tell of another message that this one led to."""
        match = _NOTIFICATION.match(text)
        if match is None:
            match = _SPLIT.match(text)
            if match:
                message = self._messages.get(queue_id)
                for other in match.group(1).split("; "):
                    self._link(stamp, origin, queue_id, "forwarded", other, message.sender if message else "")
            return
        other, form, reason, owner = match.groups()
        if form is None:
            self._link(stamp, origin, queue_id, "forwarded", other, _bare(owner))
            message = self._messages.get(queue_id)
            if message is not None and message.left == 1:
                # The only recipient was the alias.
                self._removed(stamp, origin, queue_id, message)
            return
        # Once the sender has been told of a delay, each further notification is a "sender notify".
        delayed = form == "sender notify" and reason.startswith("Warning: could not send message ")
        kind = "delivery" if reason == "Return receipt" else "delay" if delayed else "bounce"
        self._link(stamp, origin, queue_id, kind, other, "")
        message = self._messages.get(queue_id)
        expired = reason.startswith(("Cannot send message ", "delivery time expired "))
        if expired:
            self._events.note(stamp, origin, queue_id, "expired", reason)
        if expired or (message is not None and kind == "bounce" and message.returned and message.left == 0):
            self._removed(stamp, origin, queue_id, message)
        elif message is not None and kind == "bounce":
            message.returned = False

    def _link(self, stamp, origin, queue_id, kind, other, sender):
        """A message that sendmail itself made; its log has no from= line."""
        events = self._events
        parent = self._messages.get(queue_id)
        notification = kind != "forwarded"
        events.link(stamp, origin, queue_id, kind, other)
        events.arrival(stamp, origin, other, "", "")
        events.sender(stamp, origin, other, sender, "", "1" if notification else "")
        direct = notification and parent is not None and parent.direct
        self._messages.put(other, _Message(1 if notification else None, direct, sender))

    def _refusal(self, stamp, origin, queue_id, text):
        """bool: whether it tells that a command or a message was refused."""
        if text.startswith("Milter: "):
            return self._milter(stamp, origin, queue_id, text)
        if text[:1] == "<":
            at = text.find(">... ")
            if at < 0:
                return False
            recipient, reply = _bare(text[: at + 1]), text[at + 5 :]
            self._events.reject(stamp, origin, queue_id, "reject", "RCPT", "", reply, "", recipient)
            return True
        match = _EARLY.match(text)
        if match is None:
            return False
        client, reply = match.groups()
        self._events.reject(stamp, origin, queue_id, "reject", "CONNECT", self._peer(client), reply, "", "")
        return True

    def _ruleset(self, stamp, origin, queue_id, text):
        name, _comma, rest = text[8:].partition(", arg1=")
        start = len(text) - len(rest)
        match = None
        # The reply may have anything in it; so may the argument, but for a check of an address.
        for mark, find in (
            (", relay=", _find),
            (", relay=", str.rfind),
            (", reject=", _find),
            (", quarantine=", _find),
        ):
            at = find(text, mark, start)
            match = _RULESET_REST.match(text, at) if at >= 0 else None
            if match:
                break
        else:
            at = len(text) - 9
            match = _RULESET_REST.match(text, at) if at >= start else None
            if match is None:
                return False
        argument = text[start:at].partition(", arg2=")[0]
        relay, reply, quarantine, discard = match.groups()
        if quarantine is not None:
            if queue_id:
                self._events.note(stamp, origin, queue_id, "held", quarantine)
            return True
        client = self._peer(relay) if relay else ""
        sender = _bare(argument) if name == "check_mail" else ""
        recipient = _bare(argument) if name == "check_rcpt" else ""
        self._events.reject(
            stamp,
            origin,
            queue_id,
            "discard" if discard else "reject",
            _STAGES.get(name, name),
            client if client[-1:] == "]" else "",
            reply or "",
            sender,
            recipient,
        )
        return True

    def _milter(self, stamp, origin, queue_id, text):
        match = _MILTER_CONNECT.match(text)
        if match:
            name, address, reply = match.groups()
            client = self._peer("{0} [{1}]".format(name, address.strip("[]")))
            self._events.reject(stamp, origin, queue_id, "milter-reject", "CONNECT", client, reply, "", "")
            return True
        at = _find(text, ", reject=", 8)
        action, reply = "milter-reject", text[at + 9 :]
        if at < 0:
            if not text.endswith(", discard"):
                return False
            at, action, reply = len(text) - 9, "milter-discard", ""
        key, _equals, value = text[8:at].partition("=")
        stage = value.upper() if key == "cmd" else _MILTER_STAGES.get(key, key)
        self._events.reject(
            stamp,
            origin,
            queue_id,
            action,
            stage,
            "",
            reply,
            _bare(value) if key == "from" else "",
            _bare(value) if key == "to" else "",
        )
        return True

    def _without_id(self, stamp, origin, text):
        match = _STARTTLS.match(text)
        if match:
            side, relay, version, verify, cipher = match.groups()
            words = _tls_words(verify, version, cipher)
            if side == "server":
                origin.tls = words
                return True
            origin.new_tls = words
            process = (origin.host, origin.pid)
            known = self._connections.get(process)
            if known is None:
                known = {}
                self._connections.put(process, known)
            elif len(known) >= _MOST_SERVERS:
                known.clear()
            known[relay] = [words, self._seconds(stamp), relay]
            return True
        if text.startswith("AUTH=server, relay="):
            match = _AUTH.match(text)
            if match:
                self._has_users = True
                self._users.put((origin.host, origin.pid), match.groups())
            return True
        queueless = text.startswith("NOQUEUE: ")
        if queueless:
            text = text[9:]
        if text.startswith("ruleset="):
            return self._ruleset(stamp, origin, "", text)
        if queueless:
            self._refusal(stamp, origin, "", text)
            return True
        return text.startswith(_REMARKS) or _ALIASES.match(text) is not None

    def _part(self, stamp, origin, queue_id, part, text):
        """A line that was too long for sendmail to write in one; the others follow."""
        more = text[-4:] == " ..."
        if part == "1":
            if len(self._parts) >= _MOST_PARTS:
                self._parts.clear()
            self._parts[queue_id] = [text[:-4] if more else text]
        elif queue_id in self._parts and len(self._parts[queue_id]) < _MOST_LINES:
            self._parts[queue_id].append(text[:-4] if more else text)
        if not more:
            parts = self._parts.pop(queue_id, None)
            if parts:
                self.read(stamp, origin, "{0}: {1}".format(queue_id, "".join(parts)))
        return True
