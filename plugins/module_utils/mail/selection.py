# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages of a queue are meant: one language for every MTA.

Criteria combine with "and"; the values of one criterion with "or". What is said of recipients (address, domain,
reason) must be true of one and the same recipient.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible.module_utils.common.text.formatters import human_to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    AddressError,
    read_address,
    read_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import split_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import parse_age

# RFC 3463: class, subject and, where given, detail.
_DSN = re.compile(r"[245]\.[0-9]{1,3}(?:\.[0-9]{1,3})?\Z")
# Letters, digits, "_" and whatever is not ASCII, as one character or as several bytes; "-" inside only.
_END = r"[^\x00-\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]"
_LABEL = r"{0}(?:(?:{0}|-)*{0})?".format(_END)
_DOMAIN = re.compile(r"(?:{0}(?:\.{0})*|\[[0-9A-Za-z.:]+\])\Z".format(_LABEL))

# Every criterion; the modules' documentation describes them.
CRITERIA = (
    "queue",
    "queue_id",
    "sender",
    "null_sender",
    "sender_domain",
    "recipient",
    "recipient_domain",
    "reason",
    "client",
    "older_than",
    "younger_than",
    "min_size",
    "max_size",
)

# What options that are no criteria themselves are about.
_ABOUT = (
    ("subdomains", ("sender_domain", "recipient_domain")),
    ("every_recipient", ("recipient", "recipient_domain", "reason")),
)


def parse_size(option, text):
    """int: bytes, from a number of bytes or a number with a unit such as 10K or 5MB.

    Raises:
        CriterionError: the text is not a size, or it is negative.
    """
    try:
        size = human_to_bytes(text)
    # So many digits that they are infinite.
    except (ValueError, OverflowError):
        size = -1
    if size < 0:
        raise CriterionError(
            "{0}: {1!r} is not a size; write bytes, or a number with a unit, for example 10M".format(option, text)
        )
    return int(size)


def _address(option, text):
    local, domain = split_address(text)
    if not local or not _DOMAIN.match(domain):
        raise CriterionError(
            "{0}: {1!r} is not an address with a domain; write it whole, for example app@web01.example.com{2}".format(
                option, text, ", or use null_sender for the null sender" if option == "sender" else ""
            )
        )
    return local, domain


def _domain(option, text):
    if not _DOMAIN.match(text):
        raise CriterionError(
            "{0}: {1!r} is not a domain; write it without @ and without a dot at its ends, for example example.com"
            "{2}".format(option, text, " with subdomains" if text.startswith(".") else "")
        )
    return text.lower()


def _domains(option, texts, subdomains):
    """Returns a function: domain -> bool."""
    wanted = frozenset(_domain(option, text) for text in texts)
    if not subdomains:
        return wanted.__contains__
    endings = tuple("." + domain for domain in wanted)
    return lambda domain: domain in wanted or domain.endswith(endings)


def _reasons(texts):
    """Returns a function: reason -> bool. A DSN code is looked up as a whole code, or as its beginning."""
    patterns = []
    for text in texts:
        if not text.strip():
            raise CriterionError("reason: it is empty; write a DSN code such as 4.4.1, or a part of the text")
        if _DSN.match(text):
            patterns.append(r"(?<![0-9.]){0}(?![0-9])".format(re.escape(text)))
        else:
            patterns.append(re.escape(text))
    search = re.compile("|".join(patterns), re.IGNORECASE).search
    return lambda reason: search(reason) is not None


def _clients(texts):
    """Returns a function: (name, address) -> bool."""
    names, networks = set(), []
    for text in texts:
        try:
            networks.append(read_network(text))
        except AddressError as exc:
            if "/" in text or not _DOMAIN.match(text):
                raise CriterionError("client: {0}, and not a host name".format(exc))
            names.add(text.lower())

    def matches(name, address):
        if name.lower() in names:
            return True
        found = read_address(address)
        return found is not None and any(wanted.contains(found) for wanted in networks)

    return matches


# With more values than this a search for each takes longer than to read the message.
_MOST_NEEDLES = 8


def _needles(params):
    """list of tuple of str: in the text of a message that is meant is, in lower case, one of each tuple."""
    domains = {
        "sender": [] if params.get("null_sender") else [split_address(text)[1] for text in params.get("sender") or ()],
        "recipient": [split_address(text)[1] for text in params.get("recipient") or ()],
    }
    for name in ("sender_domain", "recipient_domain", "queue_id"):
        domains[name] = [text.lower() for text in params.get(name) or ()]
    return [
        tuple(found)
        for found in domains.values()
        # What is not ASCII may be written in another way.
        if 0 < len(found) <= _MOST_NEEDLES and all(ord(character) < 128 for text in found for character in text)
    ]


def given(params):
    """list of str: the criteria that these options set. An empty list is a criterion that nothing meets."""
    return [name for name in CRITERIA if params.get(name) is not None and params.get(name) is not False]


class Selection(object):
    """Criteria that make sense, ready to be asked.

    Args:
        params: dict, the modules' options named in C(CRITERIA), with C(subdomains), C(every_recipient) and C(all).
        now: float, seconds since the epoch: what ages are counted from.

    Raises:
        CriterionError: names the option, the value and what to write.
    """

    def __init__(self, params, now):
        self.criteria = given(params)
        if not self.criteria and not params.get("all"):
            raise CriterionError("no criterion is given; name one, or say all=true when every message is meant")
        if self.criteria and params.get("all"):
            raise CriterionError("all=true contradicts {0}; leave one of them out".format(", ".join(self.criteria)))
        for option, about in _ABOUT:
            if params.get(option) and not set(about) & set(self.criteria):
                raise CriterionError(
                    "{0}: it says how {1} are meant, and none of them is given; leave it out, or give one".format(
                        option, " and ".join(about)
                    )
                )
        self.queues = None if params.get("queue") is None else frozenset(params["queue"])
        self.ids = None if params.get("queue_id") is None else frozenset(params["queue_id"])
        self._combine = all if params.get("every_recipient") else any
        self._message_tests = self._about_messages(params, now)
        self._sender_tests = self._about_senders(params)
        self._recipient_tests = self._about_recipients(params)
        self._needles = _needles(params)
        self.client_matches = None if params.get("client") is None else _clients(params["client"])

    @staticmethod
    def _about_messages(params, now):
        tests = []
        if params.get("queue_id") is not None:
            tests.append(lambda message, ids=frozenset(params["queue_id"]): message.id in ids)
        if params.get("queue") is not None:
            tests.append(lambda message, queues=frozenset(params["queue"]): message.queue in queues)
        if params.get("older_than") is not None:
            latest = now - parse_age("older_than", params["older_than"])
            tests.append(lambda message: message.arrival < latest)
        if params.get("younger_than") is not None:
            earliest = now - parse_age("younger_than", params["younger_than"])
            tests.append(lambda message: message.arrival > earliest)
        if params.get("min_size") is not None:
            smallest = parse_size("min_size", params["min_size"])
            tests.append(lambda message: message.size >= smallest)
        if params.get("max_size") is not None:
            largest = parse_size("max_size", params["max_size"])
            tests.append(lambda message: message.size <= largest)
        return tests

    @staticmethod
    def _about_senders(params):
        """Tests of (local part, domain)."""
        tests = []
        senders = set()
        if params.get("sender") is not None:
            senders.update(_address("sender", text) for text in params["sender"])
        if params.get("null_sender"):
            senders.add(("", ""))
        if params.get("sender") is not None or params.get("null_sender"):
            tests.append(lambda parts: parts in senders)
        if params.get("sender_domain") is not None:
            matches = _domains("sender_domain", params["sender_domain"], params.get("subdomains"))
            tests.append(lambda parts: matches(parts[1]))
        return tests

    @staticmethod
    def _about_recipients(params):
        """Tests of (reason, (local part, domain))."""
        tests = []
        if params.get("recipient") is not None:
            recipients = frozenset(_address("recipient", text) for text in params["recipient"])
            tests.append(lambda reason, parts: parts in recipients)
        if params.get("recipient_domain") is not None:
            in_domains = _domains("recipient_domain", params["recipient_domain"], params.get("subdomains"))
            tests.append(lambda reason, parts: in_domains(parts[1]))
        if params.get("reason") is not None:
            has_reason = _reasons(params["reason"])
            tests.append(lambda reason, parts: has_reason(reason))
        return tests

    def check_queues(self, known):
        """Refuse a queue that this MTA does not have.

        Args:
            known: sequence of str.

        Raises:
            CriterionError
        """
        for queue in sorted(self.queues or ()):
            if queue not in known:
                raise CriterionError(
                    "queue: {0!r} is not a queue of this mail system; it has {1}".format(queue, ", ".join(known))
                )

    def check_ids(self, pattern, example):
        """Refuse what is not a queue ID of this MTA, before a program could take it for an option or a key word.

        Args:
            pattern: compiled regular expression for a whole ID.
            example: str, how an ID looks.

        Raises:
            CriterionError
        """
        for queue_id in sorted(self.ids or ()):
            if not pattern.match(queue_id):
                raise CriterionError("queue_id: {0!r} is not a queue ID; one looks like {1}".format(queue_id, example))

    def may_match_text(self, text):
        """bool: False when a listing's text of a message shows that it cannot be meant; spares reading it.

        Args:
            text: str, in which addresses and queue IDs are as they are, but for case and what is not ASCII.
        """
        if not self._needles:
            return True
        text = text.lower()
        for needles in self._needles:
            for needle in needles:
                if needle in text:
                    break
            else:
                return False
        return True

    def matches(self, message):
        """bool: whether this message is meant, its client left aside (see C(client_matches))."""
        for test in self._message_tests:
            if not test(message):
                return False
        if self._sender_tests:
            parts = split_address(message.sender)
            for test in self._sender_tests:
                if not test(parts):
                    return False
        if not self._recipient_tests:
            return True
        return bool(message.recipients) and self._combine(
            self._recipient_matches(recipient) for recipient in message.recipients
        )

    def _recipient_matches(self, recipient):
        parts = split_address(recipient.address)
        return all(test(recipient.reason, parts) for test in self._recipient_tests)
