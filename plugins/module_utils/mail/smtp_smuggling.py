# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server takes something else than CR LF . CR LF for the end of a message (CVE-2023-51764 and its kin).

What follows such an end would be commands, by which one message brings in a second one that nobody has checked.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import (
    check_address,
    connect,
    content,
    new_message_id,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import SMTPS

# The ends that servers were found to take, https://www.postfix.org/smtp-smuggling.html and
# https://sec-consult.com/blog/detail/smtp-smuggling-spoofing-e-mails-worldwide/.
SEQUENCES = (
    ("LF.LF", b"\n.\n"),
    ("LF.CRLF", b"\n.\r\n"),
    ("CRLF.LF", b"\r\n.\n"),
    ("CR.CR", b"\r.\r"),
    ("CR.CRLF", b"\r.\r\n"),
    ("CRLF.CR", b"\r\n.\r"),
    ("CRLF.NUL.CRLF", b"\r\n\x00.\r\n"),
)
# A smuggled message has five, and a server that takes its lines for commands may refuse each.
_REPLIES = 40
_TODO = (
    "Update Postfix and set smtpd_forbid_bare_newline = normalize with an empty smtpd_forbid_bare_newline_exclusions; where it "
    "does not know them, smtpd_data_restrictions = reject_unauth_pipelining and smtpd_discard_ehlo_keywords = chunking."
)


def smuggling_text(end, sender, recipient, outer_id, inner_id):
    """bytes: a message, a false end, the commands for a second message, and that; without the true end.

    Args:
        end: bytes, one of SEQUENCES.
        sender, recipient, outer_id, inner_id: str.
    """
    outer, inner = (to_bytes(content(sender, recipient, one).replace("\n", "\r\n")) for one in (outer_id, inner_id))
    commands = to_bytes("MAIL FROM:<{0}>\r\nRCPT TO:<{1}>\r\nDATA\r\n".format(sender, recipient))
    return outer[:-2] + end + commands + inner


def messages_in(replies):
    """int: how many messages a server took, by its replies from the first true or false end on.

    Args:
        replies: list of Reply.
    """
    taken = 1 if replies and replies[0].ok else 0
    return taken + sum(1 for before, after in zip(replies, replies[1:]) if before.code == 354 and after.ok)


def _try(params, port, name, end, deadline):
    """dict: what became of one sequence."""
    entry = {
        "sequence": name,
        "message_id": new_message_id(),
        "smuggled_id": new_message_id(),
        "taken": 0,
        "replies": [],
        "problem": "",
        "transcript": [],
    }
    replies = []
    try:
        session = connect(params["server"], port, deadline)
        entry["transcript"] = session.transcript
        try:
            session.begin("implicit" if port == SMTPS else params["tls"], TLS(params["server"]))
            session.must("MAIL FROM:<{0}>".format(params["sender"]))
            session.must("RCPT TO:<{0}>".format(params["recipient"]))
            session.must("DATA")
            session.note("C: (the message {0}, {1}, and {2})".format(entry["message_id"], name, entry["smuggled_id"]))
            text = smuggling_text(end, params["sender"], params["recipient"], entry["message_id"], entry["smuggled_id"])
            session.send(text + b".\r\n")
            replies.append(session.reply())
            session.note("C: QUIT")
            session.send(b"QUIT\r\n")
            while replies[-1].code not in (221, 421) and len(replies) < _REPLIES:
                replies.append(session.reply())
        finally:
            session.close()
    except StreamError as exc:
        # After an answer to the message, to hang up is an answer too.
        if not replies or exc.kind != "closed":
            entry["problem"] = str(exc)
    entry["taken"] = messages_in(replies)
    entry["replies"] = [str(reply) for reply in replies]
    return entry


def _check(subject, entry):
    subject = "{0}, end {1}".format(subject, entry["sequence"])
    if entry["taken"] > 1:
        return checks.failed("smuggling", subject, "one message became {0}".format(entry["taken"]), _TODO)
    if entry["problem"]:
        return checks.warning(
            "smuggling", subject, entry["problem"], "Find out why there is no answer, and test again."
        )
    seen = "one message was taken" if entry["taken"] else "refused"
    return checks.ok("smuggling", subject, "{0}: {1}".format(seen, entry["replies"][0]))


def probe(params, check_mode):
    """The test C(smuggling) of M(mailops.relay.smtp_probe).

    Args:
        params: dict, the module's options.
        check_mode: bool, whether nothing may be sent.

    Returns:
        dict: the result.

    Raises:
        ProbeError: an address cannot be used.
    """
    check_address("sender", params["sender"])
    check_address("recipient", params["recipient"])
    port = params["port"]
    subject = "{0} port {1}".format(params["server"], port)
    if check_mode:
        found = [checks.skipped("smuggling", subject, "check mode: nothing was sent")]
        return {"changed": True, "sequences": [], "checks": found, "status": checks.overall(found)}
    whole = Deadline(params["timeout"])
    entries = []
    for number, (name, end) in enumerate(SEQUENCES):
        try:
            deadline = Deadline(whole.left() / (len(SEQUENCES) - number))
        except StreamError:
            # Each sequence has an entry, though time is up.
            deadline = whole
        entries.append(_try(params, port, name, end, deadline))
    found = [_check(subject, entry) for entry in entries]
    return {"changed": True, "sequences": entries, "checks": found, "status": checks.overall(found)}
