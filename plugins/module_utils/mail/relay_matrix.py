# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server relays for strangers: every form of address that ever got through one, on each way into it.

Nothing is sent: MAIL, RCPT and RSET say all that is needed.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import uuid
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host import connect_failure
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError, addresses_of
from ansible_collections.mailops.relay.plugins.module_utils.host.threads import monotonic, side_by_side
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError
from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import own_fault
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import (
    DOMAIN,
    SMTPS,
    Refusal,
    Session,
    literal,
)

# id: str. sender, recipient: templates of what stands after "MAIL FROM:" and "RCPT TO:". local: the part of the server's
# own to which the address looks as if it belonged, for which a yes may only mean that it is a mailbox; None for none.
# nmap: bool, whether nmap's script smtp-open-relay tries the same.
Form = namedtuple("Form", "id sender recipient local nmap")

_PLAIN = "<{user}@{domain}>"
_LITERAL = "<{from_user}@{literal}>"
_THIRD = "<{from_user}@{foreign}>"

# The order of nmap's is that of its script, https://nmap.org/nsedoc/scripts/smtp-open-relay.html. Further forms are those
# of relaytest(1) of dsbltesters, and what sendmail's "promiscuous relay" and "loose relay check" let through
# (https://www.sendmail.org/~ca/email/relayingdenied.html).
FORMS = (
    Form("null-sender", "<>", _PLAIN, None, True),
    Form("recipient-domain-sender", "<{from_user}@{domain}>", _PLAIN, None, True),
    Form("server-name-sender", "<{from_user}@{server}>", _PLAIN, None, True),
    Form("literal-sender", _LITERAL, _PLAIN, None, True),
    Form("percent-literal", _LITERAL, "<{user}%{domain}@{literal}>", "literal", True),
    Form("percent-server", _LITERAL, "<{user}%{domain}@{server}>", "server", True),
    Form("quoted", _LITERAL, '<"{user}@{domain}">', "bare", True),
    Form("quoted-percent", _LITERAL, '<"{user}%{domain}">', "bare", True),
    Form("double-at-literal", _LITERAL, "<{user}@{domain}@{literal}>", "literal", True),
    Form("quoted-at-literal", _LITERAL, '<"{user}@{domain}"@{literal}>', "literal", True),
    Form("double-at-server", _LITERAL, "<{user}@{domain}@{server}>", "server", True),
    Form("source-route-literal", _LITERAL, "<@{literal}:{user}@{domain}>", None, True),
    Form("source-route-server", _LITERAL, "<@{server}:{user}@{domain}>", None, True),
    Form("bang", _LITERAL, "<{domain}!{user}>", "bare", True),
    Form("bang-literal", _LITERAL, "<{domain}!{user}@{literal}>", "literal", True),
    Form("bang-server", _LITERAL, "<{domain}!{user}@{server}>", "server", True),
    Form("third-party", _THIRD, _PLAIN, None, False),
    Form("own-domain-sender", "<{from_user}@{own}>", _PLAIN, None, False),
    Form("localhost-sender", "<{from_user}@localhost>", _PLAIN, None, False),
    Form("loopback-sender", "<{from_user}@[127.0.0.1]>", _PLAIN, None, False),
    Form("bare-sender", "<{from_user}>", _PLAIN, None, False),
    Form("no-brackets", _THIRD, "{user}@{domain}", None, False),
    Form("foreign-literal", _THIRD, "<{user}@[192.0.2.1]>", None, False),
    Form("percent-own-domain", _THIRD, "<{user}%{domain}@{own}>", "own", False),
    Form("percent-localhost", _THIRD, "<{user}%{domain}@localhost>", "localhost", False),
    Form("percent-bare", _THIRD, "<{user}%{domain}>", "bare", False),
    Form("percent-null-sender", "<>", "<{user}%{domain}@{server}>", "server", False),
    Form("quoted-at-server", _THIRD, '<"{user}@{domain}"@{server}>', "server", False),
    Form("bang-own-domain", _THIRD, "<{domain}!{user}@{own}>", "own", False),
    Form("bang-path", _THIRD, "<{server}!{domain}!{user}>", "bare", False),
    Form("source-route-localhost", _THIRD, "<@localhost:{user}@{domain}>", None, False),
    Form("source-route-two", _THIRD, "<@{server},@{foreign}:{user}@{domain}>", None, False),
)

_CONTROLS = {
    "literal": "<{random}@{literal}>",
    "server": "<{random}@{server}>",
    "own": "<{random}@{own}>",
    "localhost": "<{random}@localhost>",
    "bare": "<{random}>",
}

ACCEPTED, REFUSED, UNKNOWN = "accepted", "refused", "unknown"
NO_TLS, STARTTLS, IMPLICIT = "none", "starttls", "implicit"
# The same for a reader.
TLS_WORDS = {NO_TLS: "without TLS", STARTTLS: "after STARTTLS", IMPLICIT: "with TLS from the start"}

# Postfix slows down after 10 errors of a client and hangs up after 20 (smtpd_soft_error_limit, smtpd_hard_error_limit in
# postconf(5)), sendmail slows down after some bad recipients: a new connection after so many answers.
_ANSWERS_OF_A_CONNECTION = 8
# Seconds for a connection to come about: a firewall that drops must not use up the time of the whole.
_PATIENCE = 10
# Seconds after the time limit in which a channel has ended.
_GRACE = 5

# What refuses this client, whatever it wants.
_CLIENT = re.compile(
    r"client host|helo command|blocked using|block ?list|black ?list|must authenticate to send from", re.IGNORECASE
)
# Postfix's own refusal to relay is temporary where smtpd_relay_restrictions is left as it comes (defer_unauth_destination,
# postconf(5)); greylisting has the same code.
_RELAY_DENIED = re.compile(r"relay(ing)? (access )?(is )?(denied|not permitted|prohibited)", re.IGNORECASE)
# RFC 3463 section 3.2, RFC 7505 section 4.2: an address or its domain does not exist, which says nothing of relaying.
_NO_SUCH_SENDER = (".1.7", ".1.8", ".7.27")
_NO_SUCH_RECIPIENT = (".1.1", ".1.2", ".1.10")

# RFC 5321 section 4.2.2: the service ends the connection, whatever was asked.
_ENDS = 421
# TLS or a login is wanted, or another command first (RFC 3207 section 4, RFC 4954 section 6, RFC 5321 section 4.2.2).
_NOT_YET = (503, 530, 538)

_ANY_MAILBOX = "the server takes any mailbox there, so this may be one: only a delivery would tell"
_NOT_SAID = "the server does not say now whether it takes any mailbox there, so this may be one: test again"

_CLIENT_ITSELF = "refused for who asks, which says nothing of others"

# Who was answered with these knows that he does not get in; who got nowhere, or no answer, knows nothing.
_NOBODY_GETS_IN = (connect_failure.REFUSED, connect_failure.PROHIBITED)
_ANOTHER_HOST = "or test from another host that gets there"
_SILENT = (
    "See whether the way out of this host drops what goes to port {port}, as many providers do with port 25, {0}. A firewall before the "
    "server that drops on purpose looks the same; one that refuses (REJECT) is seen to be closed."
)
_UNREACHED = {
    connect_failure.NO_ROUTE: "Give this host a route to {address} and an address of that family, {0}.",
    connect_failure.OWN_FIREWALL: "Let the firewall of this host, or of its network, let it out to port {port}, {0}.",
    connect_failure.UNREACHABLE: "See whether the server is up, its address right and the way there whole, {0}.",
    "timeout": _SILENT,
}

# reason: str, why it is not known; otherwise empty. sender: bool, whether it was the sender that was refused.
Verdict = namedtuple("Verdict", "verdict reason sender")

# stage: str, the command that was refused, or RCPT. reply: Reply, to it. lines: list of str, the transcript.
Answer = namedtuple("Answer", "stage reply lines")


def judge(stage, reply, local, named):
    """What an answer says of relaying.

    Args:
        stage: str, C(MAIL) or C(RCPT), the command that was answered.
        reply: Reply.
        local: bool, whether the recipient looks like one of the server's own.
        named: bool, whether the sender has a domain that the user named.

    Returns:
        Verdict: C(accepted) is the word of the server only; whether it takes any local part must be asked besides.
    """
    text = str(reply)
    no_such_sender = reply.enhanced[1:] in _NO_SUCH_SENDER
    about_sender = no_such_sender or stage == "MAIL" and reply.code not in _NOT_YET
    if stage == "RCPT" and reply.ok:
        return Verdict(ACCEPTED, "", False)
    if own_fault(text):
        return Verdict(
            UNKNOWN, "the server's own configuration is broken, so that it takes nothing from anybody", False
        )
    if _RELAY_DENIED.search(text):
        return Verdict(REFUSED, "", False)
    if _CLIENT.search(text):
        return Verdict(UNKNOWN, "it was refused for who asks, not for relaying", False)
    if reply.code == _ENDS:
        return Verdict(UNKNOWN, "the server ended the connection with {0}".format(text), about_sender)
    if reply.code < 500:
        return Verdict(UNKNOWN, "it was put off, as by greylisting, and not refused", about_sender)
    if no_such_sender and named:
        return Verdict(UNKNOWN, "the sender does not exist for this server: name another sender_domain", True)
    if not local and reply.enhanced[1:] in _NO_SUCH_RECIPIENT:
        return Verdict(UNKNOWN, "the recipient does not exist for this server: name another recipient_domain", False)
    return Verdict(REFUSED, "", about_sender)


def own_domain(name):
    """str: the domain for which a server of this name is likely to be there; an address in brackets has none but itself."""
    head, _dot, rest = name.partition(".")
    return rest if "." in rest and not head.startswith("[") else name


class Channel(object):
    """One way into a server.

    Args:
        address: str, IPv4 or IPv6.
        port: int.
        tls: str, C(none), C(starttls) or C(implicit).
        domains: dict: C(domain), the recipients' (str), and C(foreign), the senders'.
        server_name: str or None, how the server calls itself; by default the greeting tells.
        deadline: stream.Deadline, for the whole.
    """

    def __init__(self, address, port, tls, domains, server_name, deadline):
        self.address = address
        self.port = port
        self.tls = tls
        self.state = "tested"
        self.reason = ""
        self.todo = ""
        self.forms = []
        self._words = dict(domains, user="relaytest", from_user="antispam", literal=literal(address))
        self._random = "nosuch-" + uuid.uuid4().hex[:16]
        self._server_name = server_name
        self._deadline = deadline
        self._session = None
        self._left = 0
        self._takes_any = {}

    def run(self):
        """Try every form; what goes wrong becomes part of the result."""
        try:
            self._open()
        except Refusal as exc:
            # The service or its TLS is not there for us; otherwise it is for now only.
            offered = self._session is None or "STARTTLS" in self._session.extensions
            closed = exc.reply.code >= 500 and (self.tls != STARTTLS or not offered)
            if closed and _CLIENT.search(str(exc.reply)):
                self._give_up("failed", "{0}: {1}".format(_CLIENT_ITSELF, exc))
            else:
                self._give_up("closed" if closed else "failed", exc)
        except StreamError as exc:
            # One that came about and was cut at once is none that nobody gets.
            if self._session is None and exc.kind in _NOBODY_GETS_IN:
                self._give_up("closed", exc)
            elif self._session is None and exc.kind in _UNREACHED:
                self._give_up("unreached", exc)
                self.todo = _UNREACHED[exc.kind].format(_ANOTHER_HOST, address=self.address, port=self.port)
            else:
                self._give_up("failed", exc)
        for form in FORMS if self.state == "tested" else ():
            self.forms.append(self._try(form))
        if self._session is not None and self.state == "tested":
            self._session.quit()
        self._close()

    def _give_up(self, state, exc):
        self.state, self.reason = state, str(exc)

    def _close(self):
        if self._session is not None:
            self._session.close()
            self._session = None

    def _open(self):
        self._close()
        self._session = Session(self.address, self.port, self._deadline, _PATIENCE)
        modes = {NO_TLS: "none", STARTTLS: "required", IMPLICIT: "implicit"}
        greeting = self._session.begin(modes[self.tls], TLS(self._server_name or ""))
        if "server" not in self._words:
            said = greeting.lines[0].partition(" ")[0]
            name = self._server_name or (said if DOMAIN.match(said) else literal(self.address))
            self._words.update(server=name, own=own_domain(name))
        self._left = _ANSWERS_OF_A_CONNECTION

    def _ask(self, sender, recipient):
        """Answer: to an envelope; nothing of it is left in the session."""
        if self._left <= 0:
            if self._session is not None:
                self._session.quit()
            self._open()
        self._left -= 1
        start = len(self._session.transcript)
        stage, reply = "MAIL", self._session.command("MAIL FROM:" + sender)
        if reply.ok:
            stage, reply = "RCPT", self._session.command("RCPT TO:" + recipient)
        try:
            gone = reply.code == _ENDS or not self._session.command("RSET").ok
        except StreamError:
            gone = True
        if gone:
            self._left = 0
        return Answer(stage, reply, self._session.transcript[start:])

    def _ask_again(self, sender, recipient):
        """Answer: as C(_ask), once more on a new connection when the server dropped the first."""
        try:
            answer = self._ask(sender, recipient)
            if answer.reply.code != _ENDS:
                return answer
        except StreamError as exc:
            if exc.kind != "closed":
                raise
        self._close()
        self._left = 0
        return self._ask(sender, recipient)

    def _any_local_part(self, local):
        """bool or None: whether the server takes a mailbox there that nobody can have; None: it put off the answer."""
        if local not in self._takes_any:
            recipient = _CONTROLS[local].format(random=self._random, **self._words)
            answer = self._ask_again(_THIRD.format(**self._words), recipient)
            if 400 <= answer.reply.code < 500 and not _RELAY_DENIED.search(str(answer.reply)):
                return None
            self._takes_any[local] = answer.stage == "RCPT" and answer.reply.ok
        return self._takes_any[local]

    def _senders(self, form):
        """list of str: the form's own sender; where the form is not about the sender, others for when it is refused."""
        own = form.sender.format(**self._words)
        if form.recipient == _PLAIN:
            return [own]
        others = [_THIRD.format(**self._words), "<>"]
        return [own] + [other for other in others if other != own]

    def _try(self, form):
        """dict: what became of a form."""
        senders = self._senders(form)
        entry = {
            "form": form.id,
            "sender": senders[0],
            "recipient": form.recipient.format(**self._words),
            "stage": "",
            "code": 0,
            "reply": "",
            "verdict": UNKNOWN,
            "reason": "",
            "transcript": [],
        }
        try:
            for sender in senders:
                answer = self._ask_again(sender, entry["recipient"])
                named = sender.endswith(("@{domain}>".format(**self._words), "@{foreign}>".format(**self._words)))
                verdict = judge(answer.stage, answer.reply, form.local is not None, named)
                entry.update(
                    sender=sender,
                    stage=answer.stage,
                    code=answer.reply.code,
                    reply=str(answer.reply),
                    verdict=verdict.verdict,
                    reason=verdict.reason,
                )
                if not verdict.sender:
                    break
            if entry["verdict"] == ACCEPTED:
                entry["transcript"] = answer.lines
                takes_any = self._any_local_part(form.local) if form.local else False
                if takes_any is not False:
                    entry["verdict"] = UNKNOWN
                    entry["reason"] = _ANY_MAILBOX if takes_any else _NOT_SAID
        except StreamError as exc:
            entry.update(verdict=UNKNOWN, reason="the connection was lost: {0}".format(exc))
            self._close()
            self._left = 0
        return entry

    def cut_off(self):
        """The test of this way in came to no end; what is known by now counts, and the rest is not known."""
        self._give_up("failed", "no verdict within the time limit of {0:g} s".format(self._deadline.seconds))

    def facts(self):
        """dict: the result, as the module returns it."""
        # A thread that is left behind may still add to it.
        forms = list(self.forms)
        counts = dict(
            (word, len([entry for entry in forms if entry["verdict"] == word])) for word in (ACCEPTED, REFUSED, UNKNOWN)
        )
        if self.state != "closed":
            counts[UNKNOWN] += len(FORMS) - len(forms)
        return dict(
            counts,
            address=self.address,
            port=self.port,
            tls=self.tls,
            state=self.state,
            reason=self.reason,
            server_name=self._words.get("server", ""),
            forms=forms,
        )


def channels_of(addresses, ports, tls):
    """list of (address, port, tls): every way into a server that is to be tried.

    Args:
        addresses: list of str.
        ports: list of int.
        tls: str: C(none) without TLS only, C(required) with TLS only, C(may) both.
    """
    found = []
    for address in addresses:
        for port in ports:
            if port == SMTPS:
                found.append((address, port, IMPLICIT))
                continue
            if tls != "required":
                found.append((address, port, NO_TLS))
            if tls != "none":
                found.append((address, port, STARTTLS))
    return found


def _check(facts, todo):
    """dict: a check of one channel's result; C(todo) is what to do where it was not reached."""
    subject = "{0} port {1} {2}".format(facts["address"], facts["port"], TLS_WORDS[facts["tls"]])
    if facts["state"] == "closed":
        return checks.ok("relay.open", subject, "nobody gets in here: " + facts["reason"])
    if facts["state"] == "unreached":
        return checks.warning("relay.open", subject, "not reached: " + facts["reason"], todo)
    if facts["state"] == "failed" and not facts[ACCEPTED]:
        return checks.warning(
            "relay.open", subject, facts["reason"], "Find out why there is no dialogue, and test again."
        )
    seen = "{accepted} of {0} forms accepted, {refused} refused, {unknown} not known".format(len(FORMS), **facts)
    named = dict(
        (word, [entry for entry in facts["forms"] if entry["verdict"] == word]) for word in (ACCEPTED, UNKNOWN)
    )
    if named[ACCEPTED]:
        return checks.failed(
            "relay.open",
            subject,
            "{0}: {1}".format(seen, ", ".join(entry["form"] for entry in named[ACCEPTED])),
            "Close the relay: mynetworks must have the clients only, and smtpd_relay_restrictions must end in "
            "reject_unauth_destination. Is this host perhaps one of its clients, or {0} one of its domains?".format(
                named[ACCEPTED][0]["recipient"].rpartition("@")[2].strip('<>"')
            ),
        )
    if named[UNKNOWN]:
        first = named[UNKNOWN][0]
        return checks.warning(
            "relay.open",
            subject,
            "{0}: {1}: {2}".format(seen, first["form"], first["reason"]),
            "Take the reason away, and test again.",
        )
    return checks.ok("relay.open", subject, seen)


def probe(params):
    """The test C(relay) of M(mailops.relay.smtp_probe).

    Args:
        params: dict, the module's options.

    Returns:
        dict: the result.

    Raises:
        ProbeError: an option cannot be used.
        StreamError: the server's name has no address.
    """
    for option in ("sender_domain", "recipient_domain", "server_name"):
        if params[option] is not None and not DOMAIN.match(params[option]):
            raise ProbeError("option", "{0}: {1!r} is not a domain such as example.net".format(option, params[option]))
    deadline = Deadline(params["timeout"])
    begun = monotonic()
    addresses = params["addresses"] or addresses_of(params["server"], 25, deadline)
    domains = {"domain": params["recipient_domain"], "foreign": params["sender_domain"]}
    name = params["server_name"]
    ways = channels_of(addresses, params["ports"], params["tls"])
    channels = [Channel(address, port, tls, domains, name, deadline) for address, port, tls in ways]
    # Side by side, so that one that stalls takes no time from the others. Each ends by itself when the time is up.
    outcomes = side_by_side([channel.run for channel in channels], params["timeout"] + _GRACE)
    for channel, outcome in zip(channels, outcomes):
        if outcome.error is not None:
            raise outcome.error
        if not outcome.finished:
            channel.cut_off()
    facts = [channel.facts() for channel in channels]
    found = [_check(entry, channel.todo) for entry, channel in zip(facts, channels)]
    tried = [entry for entry in facts if entry["state"] != "closed"]
    return {
        "changed": False,
        "channels": facts,
        "forms": len(FORMS),
        "tried": len(FORMS) * len(tried),
        "accepted": sum(entry[ACCEPTED] for entry in facts),
        "refused": sum(entry[REFUSED] for entry in facts),
        "unknown": sum(entry[UNKNOWN] for entry in facts),
        "seconds": round(monotonic() - begun, 2),
        "checks": found,
        "status": checks.overall(found),
    }
