# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A test message with an ID by which it can be followed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket
import time
import uuid
from email.utils import formatdate

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError, addresses_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import next_id
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import SMTPS, Refusal, Session, shown

# Where the program of that name may be besides the directories of programs.
_SENDMAIL = ("sendmail", "/usr/lib/sendmail", "/var/qmail/bin/sendmail")
# RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain. No character that could end a command or a header.
_ADDRESS = re.compile(r"(?!-)[!-;=?A-~]{1,64}@[!-;=?A-~]{1,255}\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}@[!-;=?A-~]{1,250}>\Z")
# The kind of a ProbeError: this host hands its mail to no relay that it was to go through.
NOT_A_CLIENT = "not_a_client"
# timeout(1): the exit codes when the time was up, and when that took the strongest signal.
_OVER = (124, 137)

TEXT = """\
Date: {date}
From: <{sender}>
To: <{recipient}>
Subject: Mail test {message_id}
Message-ID: {message_id}
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

This is a test of the way that mail takes. Nobody needs to read it.
"""


class ProbeError(RelayError):
    """A test could not be done, or failed.

    Attributes:
        kind: str, as of stream.StreamError; C(refusal) for an answer, C(option) for what was asked for.
    """

    def __init__(self, kind, text, transcript=()):
        super(ProbeError, self).__init__(text)
        self.kind = kind
        self._transcript = list(transcript)

    def facts(self):
        return {"kind": self.kind, "transcript": self._transcript}


def check_address(option, address):
    """Make sure that an address can be part of a command and of a header.

    Args:
        option: str, the option's name.
        address: str.

    Raises:
        ProbeError: it cannot.
    """
    if not _ADDRESS.match(address):
        raise ProbeError("option", "{0}: {1!r} is not an address such as ops@example.com".format(option, address))


def new_message_id():
    """str: a Message-ID that nobody else has, C(<mailops-probe.RANDOM@HOST>)."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname()).strip(".-") or "localhost"
    return "<mailops-probe.{0}@{1}>".format(uuid.uuid4().hex, host)


def given_message_id(text):
    """str: a Message-ID in angle brackets, whether it was given with them or not.

    Raises:
        ProbeError: the text is not a Message-ID (RFC 5322 section 3.6.4).
    """
    message_id = text if text.startswith("<") else "<{0}>".format(text)
    if not _MESSAGE_ID.match(message_id):
        raise ProbeError(
            "option", "message_id: {0!r} is not a Message-ID such as <4711@web01.example.com>".format(text)
        )
    return message_id


def content(sender, recipient, message_id):
    """str: the message, with the line ends of a text file."""
    return TEXT.format(date=formatdate(localtime=True), sender=sender, recipient=recipient, message_id=message_id)


def hand_to_mta(runner, sender, recipient, message_id, timeout):
    """Give the message to this host's own mail system, as programs do.

    Args:
        runner: commands.Runner.
        sender, recipient, message_id: str, checked.
        timeout: int, seconds.

    Returns:
        str: what the program said, which is mostly nothing.

    Raises:
        ProbeError: there is no such program, it refused, or it took too long.
    """
    program = next((path for path in map(runner.find, _SENDMAIL) if path), None)
    if program is None:
        raise ProbeError("option", "this host has no program sendmail, so no mail system; name a server")
    argv = ["timeout", "-k", "1", str(timeout), program, "-i", "-f", sender, "--", recipient]
    try:
        result = runner.run(argv, stdin=content(sender, recipient, message_id), check=False)
    except CommandError as exc:
        raise ProbeError("option", str(exc))
    said = shown((result.stdout + result.stderr).strip())
    if result.rc in _OVER:
        raise ProbeError(
            "timeout", "{0} did not take the message within the time limit of {1} s".format(program, timeout)
        )
    if result.rc:
        raise ProbeError(
            "refusal", "{0} did not take the message: {1}".format(program, said or "exit code {0}".format(result.rc))
        )
    return said


def connect(server, port, deadline):
    """Session: with the first of a server's addresses that answers.

    Args:
        server: str, a host name or an address.
        port: int.
        deadline: stream.Deadline; addresses that do not answer share it.

    Raises:
        StreamError: none answers; the reason of the last.
    """
    addresses = addresses_of(server, port, deadline)
    for number, address in enumerate(addresses):
        try:
            return Session(address, port, deadline, deadline.left() / (len(addresses) - number))
        except StreamError:
            if number == len(addresses) - 1:
                raise


def hand_to_server(server, port, mode, sender, recipient, message_id, timeout):
    """Give the message to a server by SMTP.

    Args:
        server: str, a host name or an address.
        port: int; on 465 TLS begins at once, whatever the mode.
        mode: str, C(none), C(may) or C(required); see smtp_session.Session.begin.
        sender, recipient, message_id: str, checked.
        timeout: int, seconds for the whole.

    Returns:
        (Reply, list of str): the answer to the message, and what was said.

    Raises:
        ProbeError: the server did not take it.
    """
    session = None
    try:
        tls = TLS(server)
        session = connect(server, port, Deadline(timeout))
        session.begin("implicit" if port == SMTPS else mode, tls)
        session.must("MAIL FROM:<{0}>".format(sender))
        session.must("RCPT TO:<{0}>".format(recipient))
        session.must("DATA")
        session.note("C: (the message {0})".format(message_id))
        # Its lines are ours and none begins with a dot.
        session.send(to_bytes(content(sender, recipient, message_id).replace("\n", "\r\n")) + b".\r\n")
        reply = session.reply()
        if not reply.ok:
            raise Refusal("the message", reply)
        session.quit()
        return reply, session.transcript
    except StreamError as exc:
        transcript = [] if session is None else session.transcript
        raise ProbeError(exc.kind, "{0} port {1}: {2}".format(server, port, exc), transcript)
    finally:
        if session is not None:
            session.close()


def send(runner, params, check_mode):
    """The test C(message) of M(mailops.relay.smtp_probe).

    Args:
        runner: commands.Runner.
        params: dict, the module's options.
        check_mode: bool, whether nothing may be sent.

    Returns:
        dict: the result.

    Raises:
        ProbeError: see above.
    """
    sender, recipient, server = params["sender"], params["recipient"], params["server"]
    check_address("sender", sender)
    check_address("recipient", recipient)
    result = {
        "message_id": given_message_id(params["message_id"]) if params["message_id"] else new_message_id(),
        "queue_id": "",
        "submitted_at": time.time(),
        "reply": "",
        "transcript": [],
        "changed": True,
    }
    if check_mode:
        result["reply"] = "check mode: nothing was sent"
    elif server is None:
        result["reply"] = hand_to_mta(runner, sender, recipient, result["message_id"], params["timeout"])
    else:
        port = params["port"]
        reply, result["transcript"] = hand_to_server(
            server, port, params["tls"], sender, recipient, result["message_id"], params["timeout"]
        )
        result["reply"] = str(reply)
        result["queue_id"] = next_id(result["reply"])
    return result
