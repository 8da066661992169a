# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An SMTP client (RFC 5321) that looks at servers which may be broken or hostile.

Python's C(smtplib) has no time limit for the whole, reads replies of any length, and takes what breaks the protocol.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket
import unicodedata

from ansible.module_utils.common.text.converters import to_bytes, to_native, to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.stream import Stream, StreamError

# The port on which TLS begins at once (RFC 8314 section 3.3).
SMTPS = 465
# With the one that Amazon has beside it, for clouds that close the first.
IMPLICIT_TLS = (SMTPS, 2465)
# RFC 5321 section 4.5.3.1.5 has 512 bytes for a line of a reply. What is far longer is not SMTP.
MAX_LINE = 2048
MAX_LINES = 100
# What of a line is shown, in characters, and how many lines of a session are.
_SHOWN = 300
_TRANSCRIPT = 200

# RFC 5321 section 4.2
_LINE = re.compile(br"([2-5][0-5][0-9])(?:([ -])(.*))?\Z", re.DOTALL)  # fmt: skip
# RFC 3463 section 2
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |\Z)")
# At least two labels.
DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+\Z")


def shown(data, limit=_SHOWN):
    """A text of a stranger, harmless for a terminal and no longer than it need be.

    Args:
        data: bytes or text.
        limit: int, characters.

    Returns:
        str: control and format characters as escapes, such as C(\\x1b); three dots where something is missing.
    """
    text = to_text(data, errors="replace")
    visible = "".join(
        character.encode("unicode_escape").decode("ascii")
        if unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp")
        else character
        for character in text[:limit]
    )
    return to_native(visible + ("..." if len(text) > limit else ""))


class Reply(object):
    """A server's answer.

    Attributes:
        code: int, from 200 to 559.
        lines: list of str, without the code, harmless for a terminal.
        enhanced: str, the status code of RFC 3463, or an empty string.
    """

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines
        match = _ENHANCED.match(lines[-1])
        self.enhanced = match.group(1) if match else ""

    @property
    def ok(self):
        """bool: whether the server has done what it was asked."""
        return 200 <= self.code < 300

    def __str__(self):
        return "{0} {1}".format(self.code, " ".join(self.lines)).strip()


class Refusal(StreamError):
    """The server says no where a yes was needed.

    Attributes:
        reply: Reply.
    """

    def __init__(self, command, reply):
        super(Refusal, self).__init__("refusal", "the answer to {0} is {1}".format(command, reply))
        self.reply = reply


class ReplyParser(object):
    """Takes replies out of the bytes that come; holds no more of them than one reply may have."""

    def __init__(self):
        self._buffer = b""
        self._code = None
        self._lines = []

    @property
    def empty(self):
        """bool: whether nothing is left that came after the last whole reply."""
        return not (self._buffer or self._lines)

    def feed(self, data):
        """Add bytes, of which there may be any number, ending anywhere."""
        self._buffer += data

    def next(self):
        """Reply or None: the next one; None when it has not come to its end.

        Raises:
            StreamError: C(garbage); this is not SMTP.
        """
        while True:
            line, newline, rest = self._buffer.partition(b"\n")
            if len(line) > MAX_LINE:
                raise StreamError(
                    "garbage", "a line of more than {0} bytes, which begins with {1}".format(MAX_LINE, shown(line, 40))
                )
            if not newline:
                return None
            self._buffer = rest
            line = line[:-1] if line.endswith(b"\r") else line
            match = _LINE.match(line)
            if not match:
                raise StreamError(
                    "garbage", "this is not a line of an SMTP reply: {0}".format(shown(line, 80) or "an empty one")
                )
            code = int(match.group(1))
            if self._code not in (None, code):
                raise StreamError("garbage", "a reply that begins with {0} goes on with {1}".format(self._code, code))
            if len(self._lines) == MAX_LINES:
                raise StreamError("garbage", "a reply of more than {0} lines".format(MAX_LINES))
            self._code = code
            self._lines.append(shown((match.group(3) or b"").rstrip()))
            if match.group(2) != b"-":
                reply = Reply(code, self._lines)
                self._code, self._lines = None, []
                return reply


def helo_name(local_address):
    """str: how this host names itself: its host name when that has a domain, else its address (RFC 5321 section 4.1.3)."""
    name = socket.gethostname()
    if DOMAIN.match(name):
        return name
    return literal(local_address)


def literal(address):
    """str: an address in the form of RFC 5321 section 4.1.3, C([192.0.2.1]) or C([IPv6:2001:db8::1])."""
    return "[IPv6:{0}]".format(address) if ":" in address else "[{0}]".format(address)


class Session(object):
    """A dialogue with a server.

    Args:
        address: str, IPv4 or IPv6.
        port: int.
        deadline: stream.Deadline, for the whole.
        patience: int or float, seconds for the connection to come about, or None.

    Raises:
        StreamError: from the constructor when there is no connection, and from each method when it ends, or what comes is
            no SMTP.

    Attributes:
        transcript: list of str, what was said, C(S:) by the server and C(C:) by this client.
        extensions: dict: keyword -> its parameters (str), of the reply to EHLO.
        tls: dict of stream.Stream.start_tls, or None.
    """

    def __init__(self, address, port, deadline, patience=None):
        self.transcript = []
        self.extensions = {}
        self.tls = None
        self._parser = ReplyParser()
        self._stream = Stream(address, port, deadline, patience)

    def start_tls(self, tls):
        """Begin TLS, without a word of SMTP (stream.TLS)."""
        self.tls = self._stream.start_tls(tls)
        self.note("TLS {0} {1}".format(self.tls["version"], self.tls["cipher"]))

    def note(self, line):
        """Write something into the transcript."""
        if len(self.transcript) < _TRANSCRIPT:
            self.transcript.append(line)

    def send(self, data):
        """Send bytes as they are."""
        self._stream.write(data)

    def reply(self):
        """Reply: the next one."""
        while True:
            reply = self._parser.next()
            if reply is not None:
                for line in reply.lines:
                    self.note("S: {0} {1}".format(reply.code, line).rstrip())
                return reply
            self._parser.feed(self._stream.read())

    def waiting(self, seconds):
        """bool: whether the server says something, or closes, within so many seconds."""
        return not self._parser.empty or self._stream.pending(seconds)

    def command(self, text):
        """Reply: to a command (str, without its end)."""
        self.note("C: " + shown(text))
        self.send(to_bytes(text) + b"\r\n")
        return self.reply()

    def name(self):
        """str: how this client names itself to the server."""
        return helo_name(self._stream.local_address())

    def greeting(self):
        """Reply: the first.

        Raises:
            Refusal: the server does not want to talk.
        """
        reply = self.reply()
        if reply.code != 220:
            raise Refusal("the connection", reply)
        return reply

    def hello(self):
        """Reply: to EHLO, after which the extensions are known; to HELO where the server does not know EHLO."""
        name = self.name()
        reply = self.command("EHLO " + name)
        self.extensions = {}
        if not reply.ok:
            return self.command("HELO " + name) if reply.code in (500, 502) else reply
        for line in reply.lines[1:]:
            # The form with "=" is older than RFC 4954.
            keyword, _space, parameters = line.replace("AUTH=", "AUTH ", 1).partition(" ")
            self.extensions[keyword.upper()] = parameters
        return reply

    def starttls(self, tls):
        """Reply: to STARTTLS; when it is good, TLS runs afterwards (RFC 3207).

        Args:
            tls: stream.TLS.
        """
        reply = self.command("STARTTLS")
        if reply.ok:
            if not self._parser.empty:
                # Whoever may put bytes into the connection could put commands' answers before TLS (CVE-2011-0411).
                raise StreamError("garbage", "more than the reply to STARTTLS came before TLS")
            self.start_tls(tls)
        return reply

    def must(self, text):
        """Reply: to a command that has to succeed; only DATA is asked to go on (RFC 5321 section 4.3.2).

        Raises:
            Refusal: it did not.
        """
        reply = self.command(text)
        if reply.code // 100 != (3 if text == "DATA" else 2):
            raise Refusal(text.partition(" ")[0], reply)
        return reply

    def begin(self, mode="none", tls=None):
        """The dialogue up to the point at which mail can be sent.

        Args:
            mode: str, C(none), C(may) for STARTTLS where the server offers it, C(required), or C(implicit) for a port on
                which TLS begins at once.
            tls: stream.TLS, unless C(mode) is C(none).

        Returns:
            Reply: the greeting.

        Raises:
            Refusal: the server does not want to, or does not offer the TLS that is required.
        """
        if mode == "implicit":
            self.start_tls(tls)
        greeting = self.greeting()
        hello = self.hello()
        if not hello.ok:
            raise Refusal("EHLO", hello)
        if self.tls is None and (mode == "required" or mode == "may" and "STARTTLS" in self.extensions):
            reply = self.starttls(tls)
            if not reply.ok:
                raise Refusal("STARTTLS", reply)
            # What was said before TLS counts no more (RFC 3207 section 4.2).
            hello = self.hello()
            if not hello.ok:
                raise Refusal("EHLO", hello)
        return greeting

    def quit(self):
        """End the dialogue as it should be; what the server says of it makes no difference."""
        try:
            self.command("QUIT")
        except StreamError:
            pass
        self.close()

    def close(self):
        """End the connection."""
        self._stream.close()
