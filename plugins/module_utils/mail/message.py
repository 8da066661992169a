# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message in a queue, whatever the MTA."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from collections import namedtuple

# address: str, as the MTA shows it. reason: str, why this recipient did not get it yet; empty when nothing is known.
Recipient = namedtuple("Recipient", "address reason")

# queue: str, the MTA's name of the queue. id: str. sender: str, empty for the null sender. recipients: tuple of
# Recipient, those that still wait. size: int, bytes. arrival: int, seconds since the epoch. state: str, what the MTA
# says beyond the queue, for example S4; empty for none.
Message = namedtuple("Message", "queue id sender recipients size arrival state")


def split_address(address):
    """The two parts of an address in the form in which they are compared, RFC 5321, section 4.1.2.

    A quoted local part and the same without quotes that it does not need are one address; case makes no difference.

    Args:
        address: str.

    Returns:
        (str, str): local part and domain; the domain is empty when there is none.
    """
    local, at, domain = address.rpartition("@")
    if not at:
        local, domain = domain, ""
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        local = _unquote(local[1:-1])
    return local.lower(), domain.lower()


def _unquote(text):
    if "\\" not in text:
        return text
    characters = iter(text)
    return "".join(next(characters, "") if character == "\\" else character for character in characters)


def printable(text):
    """str: a text from the MTA without bytes that are not UTF-8, which no result of a module can carry."""
    try:
        text.decode("utf-8") if bytes is str else text.encode("utf-8")
    except UnicodeError:
        if bytes is str:
            return text.decode("utf-8", "replace").encode("utf-8")
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text


def facts(message):
    """dict: a message as a module returns it."""
    return {
        "queue": message.queue,
        "queue_id": message.id,
        "sender": printable(message.sender),
        "recipients": [
            {"address": printable(item.address), "reason": printable(item.reason)} for item in message.recipients
        ],
        "size": message.size,
        "arrival": message.arrival,
        "state": message.state,
    }
