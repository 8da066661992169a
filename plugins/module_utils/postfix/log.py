# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Postfix's log, versions 2.10 to 3.11, whatever C(syslog_name) is, of one or more instances.

The forms are those of src/global/log_adhoc.c, src/global/pol_stats.c, smtpd/smtpd.c, smtpd/smtpd_check.c, postscreen/,
cleanup/, pickup/, qmgr/, bounce/ and postsuper/ in Postfix's source. Texts in angle brackets and replies are other people's:
what looks like a field inside of them is not one, and whatever they are, a line takes time in proportion to its length.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.limits import (
    AUTH_RATE,
    COMMANDS,
    CONNECTION_RATE,
    CONNECTIONS,
    ERRORS,
    FILE_SIZE,
    MESSAGE_RATE,
    RECIPIENT_RATE,
    TLS_RATE,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import DEFERRED, EXPIRED
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo

# Daemons and commands that log; a tag with a slash before one of these is Postfix's.
AGENTS = frozenset("smtp lmtp local virtual pipe error retry discard".split())
PROGRAMS = AGENTS | frozenset(
    "smtpd qmqpd cleanup qmgr nqmgr oqmgr bounce defer trace pickup postsuper anvil dnsblog flush master postfix-script "
    "postfix-tlspolicy post-install postfix-files postfix-wrapper postalias postcat postconf postdrop postfix postkick "
    "postlock postlog postlogd postmap postmulti postqueue postscreen proxymap proxywrite rewrite trivial-rewrite scache "
    "sendmail showq script spawn tlsmgr tlsproxy verify aliasesdb chroot-update configure-instance postfix-sasl qmqp-sink "
    "smtp-sink smtp-source nonprod-sink relay nbdb_reindexd postfix-non-bdb-script postfix-tls-script postmulti-script".split()
)
# Another mail system whose programs have such names: C(cyrus/lmtp), C(cyrus/master).
_NO_INSTANCES = frozenset(["cyrus"])
_COMPLAINTS = ("warning: ", "fatal: ", "error: ", "panic: ", "info: ")
# An address as log_adhoc() writes it: since 3.5 a local part that needs quotes has them.
_ADDRESS = r'("(?:[^"\\]|\\.)*"[^>]*|[^>]*)'
# Numbers are as long as honest ones are, so that whoever makes a number of them has to fear nothing. What may be missing is one of
# two branches, which takes Python a fifth less time than C(?) behind a group.
_RESULT = (
    r"relay=([^,]*), (?:conn_use=([0-9]+), |)delay=([0-9.]{1,20}), delays=([0-9./]{1,80}), "
    r"(?:tls=([^,]*), |)dsn=([0-9.]{1,20}), status=(\S+)(?: \((.*)\)|)\Z"
)
_DELIVERY = re.compile("to=<{0}>, (?:orig_to=<{0}>, |)".format(_ADDRESS) + _RESULT, re.S).match
# After addresses that need quotation marks and have none.
_LOOSE_DELIVERY = re.compile(">, " + _RESULT, re.S)
# An address without what could end it, which is most of them, is found at once.
_QUEUED = re.compile(r"from=<([^>]*(?:>.*)??)>, size=([0-9]{1,18}), nrcpt=([0-9]{1,9}) \(queue active\)\Z", re.S).match
# Before 2.3 and with soft_bounce there are fields less; such a line is known, and so much of it is used.
_EXPIRED = re.compile(r"from=<(.*)>, status=((?:force-)?expired), (.*)\Z", re.S)
# What smtpd, postscreen and filters (milters) refuse: ACTION: STAGE from CLIENT: REPLY; ENVELOPE
_REFUSAL = re.compile(r"(\S+) from (\S+): (.*)\Z", re.S)
# An address in an envelope. Only quotation marks may hold what would end it; before 3.5 there are none, see _with_envelope().
_STRICT = r'("(?:[^"\\]|\\.)*"[^<>"]*|[^<>"]*)'
# The envelope is at the end, as much of it as there was at that stage; postscreen writes commas. What follows HELO's name is
# HELO's name. A field of which the end is missing was cut.
_ENVELOPE = re.compile(
    r";(?:,? from=<{0}(?:>|\Z))?(?:,? to=<{0}(?:>|\Z))?(?=,? proto=|,? helo=<|,? sasl_username=<|\Z)".format(_STRICT),
    re.S,
)
# What a table of header_checks and the like says: ACTION: KIND CONTENT from CLIENT; ENVELOPE: TEXT
_CHECKS = frozenset("header body content mime-header nested-header mime-error".split())
_CHECKED = re.compile(r" from (\S+);(?= (?:from|to)=<| proto=| helo=<|: |\Z)")
_CHECKED_ENVELOPE = re.compile(
    r"(?: from=<{0}>)?(?: to=<{0}>)?(?: proto=\S+?)?(?: helo=<.*?>)?(?:: (.*))?\Z".format(_STRICT), re.S
)
_ACTIONS = frozenset(
    "reject reject_warning hold discard filter redirect warn warning prepend replace strip bcc info delay hangup pass permit "
    "trigger".split()
)
_NOTIFICATION = re.compile(r"(?:sender|postmaster) (non-delivery|delay|delivery status) notification: ([0-9A-Za-z]+)\Z")
_LINKS = {"non-delivery": "bounce", "delay": "delay", "delivery status": "delivery"}
_PICKUP = re.compile(r"uid=([0-9]+) from=<(.*?)>(?: orig_id=([0-9A-Za-z]+))?\Z", re.S)
_FORWARDED = re.compile(r"forwarded as ([0-9A-Za-z]+)\Z")
# Where an SMTP server's connection begins and ends.
_SESSION_ENDS = ("connect from ", "disconnect from ")
# A connection with TLS of which nothing else is known.
SOME_TLS = "TLS"
# What smtpd says of a connection, without or (3.10 and later) with NOQUEUE or the queue ID before it.
_SESSION = re.compile(
    r"(?:lost connection|timeout|too many errors) after |improper command pipelining after |non-SMTP command from |"
    r"bad command startup |SSL_accept error from |setting up TLS connection from |\S+ TLS connection (?:established|reused) from |"
    r"certificate verification failed for |\S+: (?:subject_CN=|Issuer=|re-using session |certificate )|Anonymous |Trusted |"
    r"proxy-accept|haproxy|too many |abort|milter|fingerprint=|TLS SNI |NOQUEUE: |uid=|table |reload|starting|refreshing|"
    r"connect from|disconnect from|auto_clnt_|watchdog_|match_|before |input attribute|sasl_|idle timeout|queue_id=|"
    r"discarding EHLO keywords: |using (?:using )?backwards-compatible |message-id|dict_|maps_|name_mask: |"
    # smtpd_forbid_bare_newline of 3.5.23 to 3.8.4.
    r"bare <LF> received after |\S+: replacing command |cannot (?:load|set default) |tls_library_init: |\S+ asciified to "
)
# The same of the SMTP client, besides C(_LIBRARY).
_CLIENT = re.compile(
    r"connect to |\S+ TLS connection (?:established|reused) to |SSL_connect error to |Server certificate |"
    r"\S+: (?:certificate |Matched |matched peername: |depth=|SNI hostname: |replacing server reply )|"
    r"host \S+ |Host offered STARTTLS: |setting up TLS connection to |lost connection with |conversation with |enabling |Cannot start TLS|"
    r"TLS |table |untrusted issuer |problem talking to |fingerprint=|using (?:using )?backwards-compatible |"
    r"discarding EHLO keywords: |Verified |MX name |SMTPS wrappermode |Using E?SMTP PIPELINING|Using LMTP PIPELINING|"
    r"\S+ asciified to |cannot (?:load|set default) |tls_library_init: "
)
# What smtpd says when a client has reached a limit of its own (smtpd.c of 2.10 to 3.11). Of too many recipients of one message
# (452 4.5.3) it logs nothing; anvil's statistics are no refusals.
_LIMITS = {
    "Connection concurrency": CONNECTIONS,
    "Connection rate": CONNECTION_RATE,
    "Message delivery request rate": MESSAGE_RATE,
    "Recipient address rate": RECIPIENT_RATE,
    "New TLS session rate": TLS_RATE,
    "AUTH command rate": AUTH_RATE,
}
_LIMIT = re.compile(
    r"warning: (?:\w{1,30}: )?([A-Z][A-Za-z ]{1,40}) limit exceeded: [0-9]{1,10} from (\S+) for service "
)
_REFUSED_TLS = re.compile(r"warning: (?:\w{1,30}: )?Refusing STARTTLS request from (\S+) for service ")
_TOO_LARGE = re.compile(r"warning: (\w{1,30}): queue file size limit exceeded\Z")
_TOO_MANY_ERRORS = re.compile(r"(?:\w{1,30}: )?too many errors after .{1,80}? from (\S+)\Z")
# The same of postscreen, which says of other limits that it rejects (postscreen_smtpd.c).
_COMMAND_LIMIT = re.compile(r"COMMAND (COUNT|TIME|LENGTH) LIMIT from (\S+) after ")
# What Postfix's libraries say in any of its programs: at higher levels of TLS logs (tls/), of tables (util/dict_*.c,
# global/nbdb_redirect.c), the DNS, filters and SASL. None of it tells what becomes of a message.
_LIBRARY = re.compile(
    r"initializing the |SSL_(?:accept|connect):|unknown:(?:failed|error) in |SSL3 alert (?:read|write):|SSL_set_fd error to |(?:subject|issuer)=|"
    r"(?:read from|write to) [0-9A-F]+ \[[0-9A-F]+\] |[0-9a-f]{4,16} (?:- <SPACES/NULLS>|(?:[0-9a-f]{2}| {2})[ |])|"
    r"(?:looking for|reloaded|save|remove) session \S+ |(?:write|read) \S+ TLS cache entry |(?:lookup|put|delete) \S+ session id=|"
    r"(?:open|close) \S+ TLS cache |(?:(?:CA|client|server) )?certificate verification failed for |TLSRPT: status=|"
    r"\S+: (?:TLS cipher list |Reusing old session|re-using session |(?:Issuing|Decrypting) session ticket|"
    r"(?:looking up|reloaded|remove|save) session |(?:depth=-?[0-9]+ )?verify=|subject_CN=|Issuer=|raw public key |"
    r"(?:Matched )?subjectAltName: |(?:Trusted|Untrusted|Verified|Matched): )|\S+ (?:Matched )?CommonName |"
    r"(?:redirecting \S+ to|ignoring DNS RR:|skipping (?:address family|SRV lookup)|mapping DSN status) |"
    r"(?:cache|database) \S+ |\S+ (?:lookup|update|delete|sequence): |table \S+ has changed |"
    r"\S+: (?:milter \S+ version|my_events=|events|requests|reply filter (?:in|out):) |event: \S+; macros:|"
    r"using (?:using )?backwards-compatible default setting |SASL authentication |sql_select option missing|auxpropfunc error |"
    r"looking for plugins in |\S+ select (?:timed out|wakeup)|TLS protocol trace for |skipping TLS trace output |"
    # With -v, or for a client of debug_peer_list: what is sent and received, and functions by their names.
    r"[<>] \S+\[\S*\](?::\S+)?: |>>> (?:CHECKING|START|END) |connect to subsystem |(?:private|public)/\S+(?: socket)?: wanted attribute: |"
    r"(?:send|recv) attr |(?:input|unexpected) attribute |server features: |fsspace: |[a-z][a-z0-9]*(?:_[a-z0-9]+)+: |after input_transp"
)
# What syslog-ng writes, under the name of the program, for lines like the one before.
_SUPPRESSED = "Last message '"
# destination_concurrency_feedback_debug (qmgr_feedback.c, qmgr_queue.c).
_FEEDBACK = re.compile(r"feedback [0-9.]+\Z|queue \S+: limit [0-9]|\S+ feedback type [0-9]")
_WORDS = frozenset(
    "warning fatal error panic info statistics connect disconnect table initializing Host name_mask reload TLS "
    "debug private Anonymous Trusted Untrusted Verified SSL".split()
)


def _is_queue_id(word):
    """bool: whether it may be one: any word can stand before a colon. Long IDs begin with a digit, short ones are hexadecimal."""
    return (
        6 <= len(word) <= 24
        and word.isalnum()
        and (any(character.isdigit() for character in word) or not word.strip("ABCDEF"))
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


def _connection(text):
    """(str, str): C(tls_words) of a line, and with which server the connection is if it is one to a server."""
    return tls_words(text), text[text.find(" to ") + 4 :].partition(": ")[0]


# Each connection has its line, and those with one server are the same.
_connections = Memo(_connection, 1000)
# What is longer is no usual line, and not kept.
_LONGEST_CONNECTION = 500


def _tls_connection(text):
    """(str, str): as of C(_connection); empty for a line that is not about a TLS connection."""
    if " TLS connection " not in text[:60]:
        return "", ""
    return _connections[text] if len(text) <= _LONGEST_CONNECTION else _connection(text)


def _used_tls(origin, queue_id, relay, conn_use, said):
    """str: TLS of the connection of a delivery.

    Its own line is written when it is made, or taken up again by another process; the deliveries over it follow. What 3.11
    writes after C(tls=) (pol_stats.c) is the level that was wanted, and after a colon what it came down to; C(!) before it is
    a level that was not met, C(?) behind it one that was not looked at, as in a connection that is used again. So it tells of
    none for sure, and that there was TLS, but not which.
    """
    new_tls, used = origin.new_tls, origin.used
    if new_tls:
        origin.new_tls = ""
    if new_tls and origin.new_to == relay:
        tls = new_tls
    elif used and used[1] == relay and (conn_use or used[0] == queue_id):
        # Of a connection to another server, its own line tells when it is taken up again; one without TLS has none.
        tls = used[2]
    elif not said:
        tls = "none"
    elif "!" in said or "?" in said:
        # The server was not asked for TLS, or did not offer it, or what it said is not in the log.
        tls = ""
    else:
        tls = SOME_TLS
    if said:
        wanted, _colon, reached = said.partition("/")[0].strip("!?").partition(":")
        if (reached or wanted) == "none":
            tls = "none"
    origin.used = queue_id, relay, tls
    return tls


def _with_envelope(text):
    """(str, str, str): reply, sender and recipient of C(REPLY; from=<SENDER> to=<RECIPIENT> proto=ESMTP helo=<NAME>)."""
    match = _ENVELOPE.search(text)
    if match:
        return text[: match.start()], match.group(1) or "", match.group(2) or ""
    # An address that needs quotation marks has none.
    reply, _mark, tail = text.partition("; from=<")
    envelope, found, _rest = tail.partition("> proto=")
    if not found:
        return text, "", ""
    sender, _mark, recipient = envelope.partition("> to=<")
    return reply, sender, recipient


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
        self._message_id = events.message_id if events.takes_message_ids else None
        self._sender = events.sender
        self._delivery = events.delivery
        self._removed = events.removed

    def resolve(self, origin):
        """bool: whether a process is Postfix's; it gets its reader then."""
        slash = origin.tag.rfind("/")
        program = origin.tag[slash + 1 :]
        if slash < 1 or program not in PROGRAMS or origin.instance in _NO_INSTANCES:
            return False
        origin.mta = "postfix"
        origin.program = origin.agent = program
        origin.read = getattr(self, _READERS.get(program, "_service"))
        return True

    def _smtpd(self, stamp, origin, text):
        if text.startswith(_SESSION_ENDS):
            if text[0] == "c":
                origin.tls = "none"
            return True
        queue_id, _colon, rest = text.partition(": ")
        if rest[:7] == "client=":
            if queue_id != "NOQUEUE":
                client, _comma, details = rest[7:].partition(", ")
                self._arrival(stamp, origin, queue_id, client, details)
            return True
        tls, _server = _tls_connection(text)
        if tls:
            origin.tls = tls
            return True
        if self._refusal(stamp, origin, queue_id, rest):
            return True
        if queue_id == "proxy-reject":
            # What a filter in front of the queue refused: the line does not name the client.
            stage, _colon, reply = rest.partition(": ")
            reply, sender, recipient = _with_envelope(reply)
            self._events.reject(stamp, origin, "", queue_id, stage, "", reply, sender, recipient)
            return True
        if (" limit exceeded" in text or "too many errors" in text or "Refusing " in text) and self._limit(
            stamp, origin, text
        ):
            return True
        if self._complaint(stamp, origin, text):
            return True
        if queue_id.isalnum() and queue_id not in _WORDS and _SESSION.match(rest):
            return True
        return _SESSION.match(text) is not None or _LIBRARY.match(text) is not None

    def _refusal(self, stamp, origin, queue_id, rest):
        """bool: whether a rule or a filter refused something or did something else to it."""
        action, _colon, text = rest.partition(": ")
        if not queue_id.isalnum() or not (action in _ACTIONS or action[:7] == "milter-"):
            return False
        stage = text.partition(" ")[0]
        if stage in _CHECKS:
            return self._checked(stamp, origin, queue_id, action, stage, text[len(stage) + 1 :])
        match = _REFUSAL.match(text)
        if not match:
            return False
        stage, client, reply = match.groups()
        reply, sender, recipient = _with_envelope(reply)
        self._reject(stamp, origin, queue_id, action, stage, client, reply, sender, recipient)
        return True

    def _limit(self, stamp, origin, text):
        """bool: whether it tells that a client has reached a limit."""
        match, queue_id, kind = _LIMIT.match(text), "", ""
        if match:
            kind, client = _LIMITS.get(match.group(1), match.group(1).lower()), match.group(2)
        else:
            for pattern, kind in ((_REFUSED_TLS, TLS_RATE), (_TOO_MANY_ERRORS, ERRORS), (_TOO_LARGE, FILE_SIZE)):
                match = pattern.match(text)
                if match:
                    break
            else:
                return False
            client = match.group(1)
            if kind == FILE_SIZE:
                queue_id, client = "" if client == "NOQUEUE" else client, ""
        self._events.limit(stamp, origin, queue_id, kind, client, text)
        # A message that grew too large is told of as one with a warning, as before.
        return kind != FILE_SIZE

    def _checked(self, stamp, origin, queue_id, action, stage, text):
        """bool: whether it tells what a table says of a header or a line of the body."""
        match = None
        # The content comes first, and whatever it has in it.
        for match in _CHECKED.finditer(text):
            pass
        if match is None:
            return False
        content = text[: match.start()]
        tail = text[match.end() :]
        envelope = _CHECKED_ENVELOPE.match(tail)
        if envelope:
            sender, recipient, reply = envelope.groups("")
        else:
            _reply, sender, recipient = _with_envelope(";" + tail)
            reply = tail.rpartition(">: ")[2]
        if stage == "mime-error":
            reply = content
        elif stage != "body":
            stage = "{0} {1}".format(stage, content.partition(":")[0])
        # "local" is what pickup gives for a client (MAIL_ATTR_LOG_ORIGIN), "unknown" where nobody gave one.
        client = "" if match.group(1) in ("local", "unknown") else match.group(1)
        self._reject(stamp, origin, queue_id, action, stage, client, reply, sender, recipient)
        return True

    def _reject(self, stamp, origin, queue_id, action, stage, client, reply, sender, recipient):
        self._events.reject(
            stamp, origin, "" if queue_id == "NOQUEUE" else queue_id, action, stage, client, reply, sender, recipient
        )

    def _cleanup(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        if rest[:11] == "message-id=":
            if self._message_id is not None:
                self._message_id(stamp, origin, queue_id, rest[11:])
            return True
        if rest[:18] == "resent-message-id=":
            self._events.note(stamp, origin, queue_id, "resent", rest[18:])
            return True
        if rest[:4] == "to=<":
            # cleanup itself returns what a rule refuses and no client waits for.
            return self._agent(stamp, origin, text)
        if self._refusal(stamp, origin, queue_id, rest):
            return True
        if rest[:7] == "removed" and queue_id.isalnum():
            self._removed(stamp, origin, queue_id)
            return True
        if _is_queue_id(queue_id) and (rest[:7] == "status=" or " -- " in rest):
            # A table could not be asked (cleanup_masquerade.c), or no notice be written (global/bounce.c).
            self._events.note(stamp, origin, queue_id, "warning", rest)
            return True
        return self._of_none(stamp, origin, text) or text.startswith("reload")

    def _qmgr(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        if rest == "removed":
            self._removed(stamp, origin, queue_id)
            return True
        match = _QUEUED(rest)
        if match:
            sender, size, recipients = match.groups()
            self._sender(stamp, origin, queue_id, sender, size, recipients)
            return True
        if rest[:6] == "from=<":
            match = _EXPIRED.match(rest)
            if match:
                self._events.note(stamp, origin, queue_id, EXPIRED, match.group(3))
                return True
            return False
        if rest[:4] == "to=<":
            return self._agent(stamp, origin, text)
        if _FEEDBACK.match(rest):
            return True
        if rest and _is_queue_id(queue_id):
            self._events.note(stamp, origin, queue_id, "attempt", rest)
            return rest.startswith(("status=", "skipped", "removed"))
        return self._of_none(stamp, origin, text) or text.startswith("statistics: ")

    def _agent(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        match = _DELIVERY(rest)
        if match or rest[:4] == "to=<":
            if match:
                recipient, orig_to, relay, conn_use, delay, delays, tls, dsn, status, reply = match.groups("")
            else:
                at = rest.find(">, relay=")
                match = _LOOSE_DELIVERY.match(rest, at) if at >= 0 else None
                if not match:
                    return False
                recipient, _mark, orig_to = rest[4:at].partition(">, orig_to=<")
                relay, conn_use, delay, delays, tls, dsn, status, reply = match.groups("")
            program = origin.program
            if program != "smtp" and program != "lmtp" or relay == "none":
                tls = ""
            else:
                tls = _used_tls(origin, queue_id, relay, conn_use, tls)
            if status == "SOFTBOUNCE":
                status = DEFERRED
            self._delivery(stamp, origin, queue_id, recipient, orig_to, relay, delay, delays, dsn, status, reply, tls)
            if program == "local" and reply[:13] == "forwarded as ":
                forwarded = _FORWARDED.match(reply)
                if forwarded:
                    self._events.link(stamp, origin, queue_id, "forwarded", forwarded.group(1))
            return True
        tls, server = _tls_connection(text)
        if tls:
            origin.new_tls, origin.new_to = tls, server
            return True
        if self._complaint(stamp, origin, text):
            return True
        if rest and _is_queue_id(queue_id):
            action, _colon, content = rest.partition(": ")
            if action in _ACTIONS and content.partition(" ")[0] in _CHECKS:
                # smtp_header_checks and the like, which refuse nothing.
                stage = content.partition(":")[0] if content[:5] != "body " else "body"
                self._events.reject(stamp, origin, queue_id, action, stage, "", content, "", "")
                return True
            kind = "passing" if rest.startswith("passing ") else "attempt"
            self._events.note(stamp, origin, queue_id, kind, rest)
            return True
        return _CLIENT.match(text) is not None or _LIBRARY.match(text) is not None

    def _bounce(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        match = _NOTIFICATION.match(rest)
        if match:
            self._events.link(stamp, origin, queue_id, _LINKS[match.group(1)], match.group(2))
            return True
        return rest.startswith("not sending ") or self._of_none(stamp, origin, text)

    def _pickup(self, stamp, origin, text):
        queue_id, _colon, rest = text.partition(": ")
        match = _PICKUP.match(rest)
        if match:
            origin.tls = ""
            self._arrival(stamp, origin, queue_id, "", "uid=" + match.group(1))
            if match.group(3):
                self._events.link(stamp, origin, match.group(3), "requeued", queue_id)
            # The queue manager says it again, with the size, unless the message does not come so far.
            self._sender(stamp, origin, queue_id, match.group(2), "", "")
            return True
        return self._of_none(stamp, origin, text)

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
        if origin.program == "postscreen":
            if text.startswith("NOQUEUE: "):
                return self._refusal(stamp, origin, "NOQUEUE", text[9:])
            if text.startswith("reject: "):
                # No port was free to look at the client.
                return self._refusal(stamp, origin, "NOQUEUE", text)
            match = _COMMAND_LIMIT.match(text)
            if match:
                self._events.limit(stamp, origin, "", COMMANDS[match.group(1)], match.group(2), text)
            elif text.startswith(_SUPPRESSED):
                return False
        self._complaint(stamp, origin, text)
        return True

    def _of_none(self, stamp, origin, text):
        """bool: whether it is a complaint, or what any program says that tells of no message."""
        return self._complaint(stamp, origin, text) or _LIBRARY.match(text) is not None

    def _complaint(self, stamp, origin, text):
        """bool: whether it is a warning or an error; one about a message is told."""
        if not text.startswith(_COMPLAINTS):
            return False
        if not text.startswith("info: "):
            self._events.complaint(stamp, origin, text)
        queue_id, colon, rest = text.partition(": ")[2].partition(": ")
        if colon and _is_queue_id(queue_id):
            self._events.note(stamp, origin, queue_id, "warning", rest)
        return True
