# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a mail server tells of itself, and which manners it demands."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import uuid

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import connect
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import SMTPS

# A version such as 8.14.7, and not an address; after the server's name, which may hold anything.
_VERSION = re.compile(r"(?<![0-9.])v?[0-9]+\.[0-9]+(?:\.[0-9]+)?(?![0-9.])")
# Seconds in which a server that speaks first anyway has begun to.
_MOMENT = 1.0


class Probe(object):
    """The test C(limits) of M(mailops.relay.smtp_probe).

    Args:
        params: dict, the module's options.
    """

    def __init__(self, params):
        self._server = params["server"]
        self._port = params["port"]
        self._mode = "implicit" if self._port == SMTPS else params["tls"]
        self._tls = TLS(self._server)
        self._deadline = Deadline(params["timeout"])
        self._subject = "{0} port {1}".format(self._server, self._port)
        self._pipelining_refused = False
        self._transcript = []

    def run(self):
        """dict: the result."""
        found = []
        # Chunking is judged by what is known of pipelining.
        looks = (
            ("limits.session", self._session),
            ("limits.helo", self._helo),
            ("limits.early_talker", self._early),
            ("limits.pipelining", self._pipelining),
            ("limits.chunking", self._chunking),
        )
        for identifier, look in looks:
            try:
                found.extend(look())
            except StreamError as exc:
                found.append(
                    checks.failed(
                        identifier, self._subject, str(exc), "Find out why the dialogue ends, and test again."
                    )
                )
                if look == self._session:
                    found.extend(
                        checks.skipped(name, self._subject, "there is no session") for name, _look in looks[1:]
                    )
                    break
        return {"changed": False, "checks": found, "status": checks.overall(found), "transcript": self._transcript}

    def _open(self):
        session = connect(self._server, self._port, self._deadline)
        session.transcript = self._transcript
        session.note("(a new connection)")
        return session

    def _start(self, early=b""):
        """Session: up to the greeting; C(early) is sent before that has been read."""
        session = self._open()
        try:
            if self._mode == "implicit":
                session.start_tls(self._tls)
            session.send(early)
            session.greeting()
            return session
        except StreamError:
            session.close()
            raise

    def _session(self):
        """Yields what a session with EHLO tells."""
        session = self._open()
        try:
            greeting = session.begin(self._mode, self._tls)
            yield self._banner(greeting)
            yield self._size(session.extensions)
            for entry in self._mailboxes(session):
                yield entry
            session.quit()
        finally:
            session.close()

    def _banner(self, greeting):
        words = greeting.lines[0].partition(" ")[2]
        if _VERSION.search(words):
            return checks.warning(
                "limits.banner",
                self._subject,
                "the greeting tells a version: {0}".format(greeting),
                "Take it out of smtpd_banner.",
            )
        return checks.ok("limits.banner", self._subject, str(greeting))

    def _size(self, extensions):
        size = extensions.get("SIZE")
        if size is None:
            seen, todo = (
                "no SIZE is announced",
                "Announce SIZE, so that what is too large is not sent in vain (RFC 1870).",
            )
            return checks.warning("limits.size", self._subject, seen, todo)
        if not size.strip("0"):
            return checks.warning("limits.size", self._subject, "SIZE without a limit", "Set message_size_limit.")
        return checks.ok("limits.size", self._subject, "SIZE {0}".format(size))

    def _mailboxes(self, session):
        """Yields whether a stranger can find out who has a mailbox (RFC 5321 section 3.5.3)."""
        known, other = session.command("VRFY postmaster"), session.command("VRFY nosuch-" + uuid.uuid4().hex[:16])
        seen = "VRFY of a mailbox: {0}; of none: {1}".format(known, other)
        if known.code == other.code:
            yield checks.ok("limits.vrfy", self._subject, seen)
        else:
            yield checks.warning("limits.vrfy", self._subject, seen, "Set disable_vrfy_command = yes.")
        reply = session.command("EXPN postmaster")
        if reply.ok and reply.code != 252:
            yield checks.warning("limits.expn", self._subject, str(reply), "Turn EXPN off; Postfix never has it.")
        else:
            yield checks.ok("limits.expn", self._subject, str(reply))

    def _helo(self):
        """Yields whether MAIL is taken from one who has not said who it is."""
        session = self._start()
        try:
            reply = session.command("MAIL FROM:<>")
            if reply.code == 530 and self._mode == "may" and session.hello().ok and session.starttls(self._tls).ok:
                # With TLS all begins anew, the HELO too.
                reply = session.command("MAIL FROM:<>")
        finally:
            session.close()
        if reply.ok:
            yield checks.warning(
                "limits.helo", self._subject, "MAIL is taken before HELO", "Set smtpd_helo_required = yes."
            )
        else:
            yield checks.ok("limits.helo", self._subject, "no MAIL before HELO: {0}".format(reply))

    def _pipelining(self):
        """Yields what happens to commands that come before it is their turn (RFC 2920 section 3.1)."""
        session = self._start()
        try:
            session.note("C: EHLO and NOOP, at once")
            session.send(to_bytes("EHLO {0}\r\nNOOP\r\n".format(session.name())))
            replies = []
            try:
                while len(replies) < 2:
                    replies.append(session.reply())
                if replies[-1].ok and session.waiting(_MOMENT):
                    replies.append(session.reply())
            except StreamError as exc:
                if exc.kind != "closed":
                    raise
                self._pipelining_refused = True
        finally:
            session.close()
        if self._pipelining_refused or not replies[-1].ok:
            self._pipelining_refused = True
            seen = "who does not wait for its turn is refused: {0}".format(
                replies[-1] if replies else "the connection is closed"
            )
            yield checks.ok("limits.pipelining", self._subject, seen)
        else:
            yield checks.warning(
                "limits.pipelining",
                self._subject,
                "a command that did not wait for its turn was answered",
                "Set smtpd_forbid_unauth_pipelining = yes where this Postfix knows it, else reject_unauth_pipelining in "
                "smtpd_data_restrictions, which this test does not see.",
            )

    def _early(self):
        """Yields what happens to who speaks first, as programs that send spam do; most servers do not mind."""
        try:
            session = self._start(b"NOOP\r\n")
            try:
                reply = session.reply()
            finally:
                session.close()
        except StreamError as exc:
            if exc.kind not in ("closed", "refusal"):
                raise
            yield checks.ok(
                "limits.early_talker", self._subject, "who speaks before the greeting is refused: {0}".format(exc)
            )
            return
        seen = "who speaks before the greeting gets the answer {0}".format(reply)
        yield checks.ok("limits.early_talker", self._subject, seen)

    def _chunking(self):
        """Yields whether CHUNKING leaves a way round the refusal of pipelining at DATA (BDAT_README of Postfix)."""
        session = self._open()
        try:
            session.begin(self._mode, self._tls)
            offered = "CHUNKING" in session.extensions
            session.quit()
        finally:
            session.close()
        if not offered:
            yield checks.ok("limits.chunking", self._subject, "CHUNKING is not offered")
        elif self._pipelining_refused:
            yield checks.ok(
                "limits.chunking", self._subject, "CHUNKING is offered, and pipelining out of turn is refused"
            )
        else:
            yield checks.warning(
                "limits.chunking",
                self._subject,
                "CHUNKING is offered, and pipelining out of turn is not refused",
                "Set smtpd_discard_ehlo_keywords = chunking, silent-discard.",
            )
