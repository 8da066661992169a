# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's reply to a message says of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# How a server names the message that it took: Postfix and many others ("queued as ID", also after BDAT's "N bytes"), sendmail,
# OpenSMTPD and Proofpoint ("ID Message accepted for delivery"), Gmail ("ID - gsmtp").
_QUEUED_AS = "queued as "
_ACCEPTED = " Message accepted for delivery"
_GMAIL = " - gsmtp"
# UUIDs have dashes, others dots, slashes and what else base64 has; what ends a sentence is no part of it.
_ID = re.compile(r"[<(\[{]?([0-9A-Za-z](?:[0-9A-Za-z._/+=@-]*[0-9A-Za-z_/+=-])?)")
_SHORTEST = 5
# Exim, Exchange, Haraka and Amazon's SES.
_NAMED = re.compile(
    r"\bid=([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4})(?![0-9A-Za-z-])|\[InternalId=([0-9]{1,40})\b"
    r"|[Qq]ueued \(([0-9A-Za-z.-]{8,64})\)|\bOk (0[0-9a-f]{15}-[0-9a-f-]{36}-[0-9a-f]{6})\b"
)

# A server, a filter or a program says that it takes a message and delivers it to nobody: amavis ("Ok, discarded, id=..."),
# clamsmtp, policy servers.
_THROWN_AWAY = re.compile(
    r"(?<![\w./-])(?:discard(?:ed|ing|s)?|black-?holed?|dropped|quarantined?|thrown away|/dev/null)(?![\w-]|\.\w)", re.I
)
_BRACKETS = re.compile(r"<[^<>]*>")


def _last_word(text):
    """str: the word at the end of a text, if it may be an ID."""
    word = text[text.rfind(" ") + 1 :]
    match = _ID.match(word)
    return word if match and match.group(1) == word and any(character.isdigit() for character in word) else ""


def next_id(reply):
    """str: the queue ID under which the next mail system has the message, or an empty string.

    A content filter repeats the reply of what is behind it: the last one counts.
    """
    at = reply.rfind(_QUEUED_AS)
    while at >= 0:
        match = _ID.match(reply, at + len(_QUEUED_AS))
        if match and len(match.group(1)) >= _SHORTEST:
            return match.group(1)
        at = reply.rfind(_QUEUED_AS, 0, at)
    for words in (_ACCEPTED, _GMAIL):
        at = reply.find(words)
        if at >= 0:
            word = _last_word(reply[:at])
            if len(word) >= 8:
                return word
    match = _NAMED.search(reply)
    return match.group(match.lastindex) if match else ""


def thrown_away(reply):
    """bool: whether who answers this has taken the message and does not deliver it."""
    if _THROWN_AWAY.search(reply) is None:
        return False
    # An address may have such a word in it.
    words = " ".join(word for word in _BRACKETS.sub("", reply).split() if "@" not in word)
    return _THROWN_AWAY.search(words) is not None and not next_id(reply)


# Postfix answers so where its own configuration or tables cannot be used, whoever asks (smtpd_check.c, smtpd_sasl_glue.c,
# cleanup.c): an unknown restriction, a policy server or table that is not there, trivial-rewrite that cannot start.
_OWN_FAULT = re.compile(
    r"[45]\.3\.5(?![0-9]).{0,400}configuration|server configuration (?:error|problem)|temporary lookup failure", re.I
)


def own_fault(text):
    """bool: whether a server says that it cannot take this because its own configuration is broken.

    Args:
        text: str, its reply.
    """
    # What somebody else wrote, as an address, is no word of the server's.
    return _OWN_FAULT.search(_BRACKETS.sub("", text)) is not None
