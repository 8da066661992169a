# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's log, versions 2.10 to 3.11, whatever C(syslog_name) is, of one or more instances.

The forms are those of src/global/log_adhoc.c, smtpd/smtpd.c, smtpd/smtpd_check.c, cleanup/, pickup/, qmgr/, bounce/ and
postsuper/ in Postfix's source. Texts in angle brackets and replies are other people's: what looks like a field inside of
them is not one.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import DEFERRED, EXPIRED

# Daemons and commands that log; a tag with a slash before one of these is Postfix's.
AGENTS = frozenset("smtp lmtp local virtual pipe error retry discard".split())
PROGRAMS = AGENTS | frozenset(
    "smtpd qmqpd cleanup qmgr nqmgr oqmgr bounce defer trace pickup postsuper anvil dnsblog flush master postfix-script "
    "postfix-tlspolicy post-install postfix-files postfix-wrapper postalias postcat postconf postdrop postfix postkick "
    "postlock postlog postlogd postmap postmulti postqueue postscreen proxymap proxywrite rewrite trivial-rewrite scache "
    "sendmail showq script spawn tlsmgr tlsproxy verify aliasesdb chroot-update configure-instance postfix-sasl qmqp-sink "
    "smtp-sink smtp-source nonprod-sink relay".split()
)
_COMPLAINTS = ("warning: ", "fatal: ", "error: ", "panic: ", "info: ")
# An address as log_adhoc() writes it: since 3.5 a local part that needs quotes has them.
_ADDRESS = r'("(?:[^"\\]|\\.)*"[^>]*|[^>]*|.*?)'
_DELIVERY = re.compile(
    r"to=<{0}>, (?:orig_to=<{0}>, )?relay=([^,]*), (?:conn_use=([0-9]+), )?delay=([0-9.]+), delays=([0-9./]+), "
    r"(?:tls=([^,]*), )?dsn=([0-9.]+), status=(\S+)(?: \((.*)\))?\Z".format(_ADDRESS),
    re.S,
)
# Before 2.3 and with soft_bounce there are fields less; such a line is known, and so much of it is used.
_EXPIRED = re.compile(r"from=<(.*)>, status=((?:force-)?expired), (.*)\Z", re.S)
_REFUSAL = re.compile(
    r"([a-z_-]+): (\S+|header .*?|body .*?) from (\S*\[[^\]]*\](?::[0-9]+)?|local|unknown|\S+)(?:: |(?=;))(.*)\Z", re.S
)
_HEADER_REFUSAL = re.compile(
    r"([a-z_-]+): ((?:header|body|mime-header|nested-header|content)) (.*) from (\S*\[[^\]]*\]|local|unknown|\S+); (from=<.*)\Z",
    re.S,
)
_ENVELOPE = re.compile(
    r"(.*?);? ?from=<{0}>(?: to=<{0}>)?(?: proto=(\S+))?(?: helo=<(.*?)>)?(?:: (.*)|(?: sasl_\S+=.*))?\Z".format(
        _ADDRESS
    ),
    re.S,
)
_ACTIONS = frozenset(
    "reject reject_warning hold discard filter redirect warn warning prepend replace strip bcc info delay hangup "
    "milter-reject milter-discard milter-hold milter-quarantine".split()
)
_NOTIFICATION = re.compile(r"(?:sender|postmaster) (non-delivery|delay|delivery status) notification: ([0-9A-Za-z]+)\Z")
_LINKS = {"non-delivery": "bounce", "delay": "delay", "delivery status": "delivery"}
_PICKUP = re.compile(r"uid=([0-9]+) from=<(.*?)>(?: orig_id=([0-9A-Za-z]+))?\Z", re.S)
_FORWARDED = re.compile(r"forwarded as ([0-9A-Za-z]+)\Z")
# What smtpd says of a connection, without or (3.10 and later) with NOQUEUE or the queue ID before it.
_SESSION = re.compile(
    r"(?:lost connection|timeout|too many errors) after |improper command pipelining after |non-SMTP command from |"
    r"bad command startup |SSL_accept error from |setting up TLS connection from |\S+ TLS connection (?:established|reused) from |"
    r"certificate verification failed for |\S+: (?:subject_CN=|Issuer=|re-using session |certificate )|Anonymous |Trusted |"
    r"proxy-accept|haproxy|too many |abort|milter|fingerprint=|TLS SNI |NOQUEUE: |uid=|table |reload|starting|refreshing|"
    r"connect from|disconnect from|auto_clnt_|watchdog_|match_|before |input attribute|sasl_|idle timeout|queue_id=|"
    r"discarding EHLO keywords: |using backwards-compatible |message-id|dict_|maps_|name_mask: "
)
# The same of the SMTP client.
_CLIENT = re.compile(
    r"connect to |\S+ TLS connection (?:established|reused) to |SSL_connect error to |Server certificate |"
    r"(?:server )?certificate verification failed for |\S+: (?:subject_CN=|Issuer=|re-using session |certificate |Matched |depth=)|"
    r"host \S+ |setting up TLS connection to |lost connection with |conversation with |enabling |Cannot start TLS|"
    r"initializing the |TLS |table |untrusted issuer |problem talking to |fingerprint=|using backwards-compatible "
)
_WORDS = frozenset(
    "warning fatal error panic info statistics connect disconnect table initializing Host name_mask reload TLS "
    "debug private Anonymous Trusted Untrusted Verified SSL".split()
)


def tls_words(text):
    """str: C(Verified TLSv1.3 TLS_AES_256_GCM_SHA384), of the line about a TLS connection; empty for any other line.

    C(Verified TLS connection established to NAME[ADDRESS]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)...)
    """
    at = text.find(" with cipher ")
    if at < 0 or " TLS connection " not in text[:60]:
        return ""
    version = text[text.rfind(" ", 0, at) + 1 : at]
    return "{0} {1} {2}".format(text[: text.find(" ")], version, text[at + 13 :].split(" ", 1)[0])


# The methods of PostfixReader that read the lines of a program; by name, so that no reader refers to itself.
_READERS = dict.fromkeys(AGENTS, "_agent")
_READERS.update(
    smtpd="_smtpd",
    qmqpd="_smtpd",
    cleanup="_cleanup",
    qmgr="_qmgr",
    oqmgr="_qmgr",
    nqmgr="_qmgr",
    bounce="_bounce",
    defer="_bounce",
    trace="_bounce",
    pickup="_pickup",
    postsuper="_postsuper",
)


class PostfixReader(object):
    """Tells the events of Postfix's lines.

    Args:
        events: log_events.Events.
    """

    def __init__(self, events):
        self._events = events
        self._arrival = events.arrival
        self._message_id = events.message_id
        self._sender = events.sender
        self._delivery = events.delivery
        self._removed = events.removed

    def resolve(self, origin):
        """bool: whether a process is Postfix's; it gets its reader then."""
        slash = origin.tag.rfind("/")
        program = origin.tag[slash + 1 :]
        if slash < 1 or program not in PROGRAMS:
            return False
        origin.mta = "postfix"
        origin.program = origin.agent = program
        origin.read = getattr(self, _READERS.get(program, "_service"))
        return True

    def _smtpd(self, stamp, origin, text):
        if text[:13] == "connect from ":
            origin.tls = "none"
            return True
        if text[:16] == "disconnect from ":
            return True
        queue_id, _colon, rest = text.partition(": ")
        if rest[:7] == "client=":
            if queue_id != "NOQUEUE":
                client, _comma, details = rest[7:].partition(", ")
                self._arrival(stamp, origin, queue_id, client, details)
            return True
        tls = tls_words(text)
        if tls:
            origin.tls = tls
            return True
        if self._refusal(stamp, origin, queue_id, rest):
            return True
        if queue_id == "proxy-reject":
            # What a filter in front of the queue refused: the line does not name the client.
            stage, _colon, reply = rest.partition(": ")
            self._events.reject(stamp, origin, "", queue_id, stage, "", reply, "", "")
            return True
        if self._complaint(stamp, origin, text):
            return True
        if queue_id.isalnum() and queue_id not in _WORDS and _SESSION.match(rest):
            return True
        return _SESSION.match(text) is not None

    def _refusal(self, stamp, origin, queue_id, rest):
        """bool: whether a rule refused something or did something else to it."""
        action = rest.partition(":")[0]
        if action not in _ACTIONS or not queue_id.isalnum():
            return False
        match = _HEADER_REFUSAL.match(rest)
        if match:
            stage = "{0} {1}".format(match.group(2), match.group(3)) if match.group(2) != "body" else "body"
            stage = stage.partition(":")[0]
            client, tail = match.group(4), match.group(5)
        else:
            match = _REFUSAL.match(rest)
            if not match:
                # Cut short.
                return True
            stage, client, tail = match.group(2), match.group(3), match.group(4)
        reply = tail
        sender = recipient = ""
        envelope = _ENVELOPE.match(tail)
        if envelope:
            reply = envelope.group(6) or envelope.group(1)
            sender, recipient = envelope.group(2), envelope.group(3) or ""
        self._events.reject(
            stamp, origin, "" if queue_id == "NOQUEUE" else queue_id, action, stage, client, reply, sender, recipient
        )
        return True

    def _cleanup(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        if rest[:11] == "message-id=":
            self._message_id(stamp, origin, queue_id, rest[11:])
            return True
        if rest[:18] == "resent-message-id=":
            self._events.note(stamp, origin, queue_id, "resent", rest[18:])
            return True
        if self._refusal(stamp, origin, queue_id, rest):
            return True
        if rest[:7] == "removed" and queue_id.isalnum():
            self._removed(stamp, origin, queue_id)
            return True
        return self._complaint(stamp, origin, text) or text.startswith(("table ", "reload"))

    def _qmgr(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        if rest == "removed":
            self._removed(stamp, origin, queue_id)
            return True
        if rest[:6] == "from=<":
            if rest[-15:] == " (queue active)":
                sender, found, tail = rest[6:-15].rpartition(">, size=")
                size, _comma, recipients = tail.partition(", nrcpt=")
                if found and size.isdigit() and recipients.isdigit():
                    self._sender(stamp, origin, queue_id, sender, size, recipients)
                    return True
            match = _EXPIRED.match(rest)
            if match:
                self._events.note(stamp, origin, queue_id, EXPIRED, match.group(3))
                return True
            return False
        if rest[:4] == "to=<":
            return self._agent(stamp, origin, text)
        if queue_id.isalnum() and rest and queue_id not in _WORDS:
            self._events.note(stamp, origin, queue_id, "attempt", rest)
            return rest.startswith(("status=", "skipped", "removed"))
        return self._complaint(stamp, origin, text) or text.startswith(("table ", "statistics: "))

    def _agent(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        if rest[:4] == "to=<":
            match = _DELIVERY.match(rest)
            if not match:
                return False
            recipient, orig_to, relay, conn_use, delay, delays, tls, dsn, status, reply = match.groups("")
            if origin.program != "smtp" and origin.program != "lmtp" or relay == "none":
                tls = ""
            elif not tls:
                if conn_use:
                    tls = origin.used_tls
                else:
                    tls = origin.used_tls = origin.new_tls or "none"
                    origin.new_tls = ""
            if status == "SOFTBOUNCE":
                status = DEFERRED
            self._delivery(stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls)
            if reply[:13] == "forwarded as ":
                forwarded = _FORWARDED.match(reply)
                if forwarded:
                    self._events.link(stamp, origin, queue_id, "forwarded", forwarded.group(1))
            return True
        tls = tls_words(text)
        if tls:
            origin.new_tls = tls
            return True
        if self._complaint(stamp, origin, text):
            return True
        if queue_id.isalnum() and rest and queue_id not in _WORDS:
            kind = "passing" if rest.startswith("passing ") else "attempt"
            self._events.note(stamp, origin, queue_id, kind, rest)
            return True
        return _CLIENT.match(text) is not None

    def _bounce(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        match = _NOTIFICATION.match(rest)
        if match:
            self._events.link(stamp, origin, queue_id, _LINKS[match.group(1)], match.group(2))
            return True
        return self._complaint(stamp, origin, text)

    def _pickup(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        match = _PICKUP.match(rest)
        if match:
            origin.tls = ""
            self._arrival(stamp, origin, queue_id, "", "uid=" + match.group(1))
            if match.group(3):
                self._events.link(stamp, origin, match.group(3), "requeued", queue_id)
            return True
        return self._complaint(stamp, origin, text)

    def _postsuper(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        if rest == "removed":
            self._events.note(stamp, origin, queue_id, "deleted", "by postsuper")
            self._removed(stamp, origin, queue_id)
        elif rest == "placed on hold":
            self._events.note(stamp, origin, queue_id, "held", "by postsuper")
        elif rest == "released from hold":
            self._events.note(stamp, origin, queue_id, "released", "by postsuper")
        elif rest in ("requeued", "expired"):
            self._events.note(stamp, origin, queue_id, rest, "by postsuper")
        return True

    def _service(self, stamp, origin, text):
        """Programs that handle no message: whatever they say is known."""
        if origin.program == "postscreen" and text.startswith("NOQUEUE: "):
            self._refusal(stamp, origin, "NOQUEUE", text[9:])
        return True

    def _complaint(self, stamp, origin, text):
        """bool: whether it is a warning or an error; one about a message is told."""
        if not text.startswith(_COMPLAINTS):
            return False
        queue_id, colon, rest = text.partition(": ")[2].partition(": ")
        if colon and 6 <= len(queue_id) <= 24 and queue_id.isalnum() and any(c.isdigit() for c in queue_id):
            self._events.note(stamp, origin, queue_id, "warning", rest)
        return True
