# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A DKIM key as the DNS has it (RFC 6376, sections 3.2 and 3.6.1): the record's text written, read, and compared with a key."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import binascii
import re
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.names import could_be_in_dns, form_to_write, is_domain

# RFC 8301, section 3.2: verifiers take 1024 to 4096 bits.
SMALLEST, LARGEST = 1024, 4096
# RFC 1035, section 3.3: so many octets has a string of a TXT record at most, and so many a name with its dots.
LONGEST_STRING = 255
LONGEST_NAME = 253
# Characters of a string in a zone file.
_ZONE_STRING = 64
# Seconds for which resolvers may keep the record, so that a mistake is mended within the hour.
TTL = 3600

_SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
# tag-value without white space (VALCHAR).
_VALUE = re.compile(r"[\x21-\x3a\x3c-\x7e]*\Z")
_WHITE = re.compile(r"[ \t\r\n]+")

# What a comparison finds.
SAME, MISSING, DIFFERENT = "same", "missing", "different"

# verdict: SAME, MISSING or DIFFERENT; seen: str, what is there; testing: bool, whether it says t=y.
Comparison = namedtuple("Comparison", "verdict seen testing")


class DkimError(RelayError):
    """A name, key or record that cannot be used; nothing was changed."""


def check_names(domain, selector):
    """Refuse what cannot be a signing domain or its selector.

    Args:
        domain, selector: str.

    Raises:
        DkimError: the text names the option and the fix.
    """
    if not (could_be_in_dns(domain) and is_domain(domain)):
        raise DkimError(
            "domain: {0!r} is not a domain of the DNS. Write the domain of the senders' addresses without @ and without a dot at its "
            "end, for example example.com.{1}".format(domain, form_to_write(domain))
        )
    if not _SELECTOR.match(selector):
        raise DkimError(
            "selector: {0!r} is not a DNS label. Write 1 to 63 letters, digits and hyphens, no hyphen first or last and no dot, for "
            "example relay01.".format(selector)
        )
    if len(record_name(domain, selector)) > LONGEST_NAME:
        raise DkimError(
            "selector: the record's name {0} has {1} characters, and the DNS holds {2}. Write a shorter selector.".format(
                record_name(domain, selector), len(record_name(domain, selector)), LONGEST_NAME
            )
        )


def check_size(size):
    """Refuse a size of a new key (int, bits) that verifiers do not take.

    Raises:
        DkimError: the text says which ones they take.
    """
    if not SMALLEST <= size <= LARGEST:
        raise DkimError(
            "size: {0} bits are refused: verifiers take {1} to {2} (RFC 8301). Set size to 2048, or to 1024 where the DNS of the "
            "domain takes no longer record.".format(size, SMALLEST, LARGEST)
        )


def record_name(domain, selector):
    """str: under which name the key is published, without a dot at its end."""
    return "{0}._domainkey.{1}".format(selector, domain)


def public_text(key):
    """str: the public half of a key (x509.PublicKey) as C(p=) has it."""
    return to_native(base64.b64encode(key.der))


def record_text(public):
    """str: the text of the TXT record.

    Args:
        public: str, of ``public_text``.
    """
    return "v=DKIM1; k=rsa; p=" + public


def split_text(text):
    """list of str: the strings of a TXT record with this text (ASCII), which readers join without anything between."""
    return [text[start : start + LONGEST_STRING] for start in range(0, len(text), LONGEST_STRING)]


def zone_text(domain, selector, text):
    """str: the record as a zone file has it (RFC 1035, section 5.1), with its absolute name, one line for each string.

    The strings are so short that a terminal shows each in one line.
    """
    parts = [text[start : start + _ZONE_STRING] for start in range(0, len(text), _ZONE_STRING)]
    quoted = ['"{0}"'.format(re.sub(r'(["\\])', r"\\\1", part)) for part in parts]
    return "{0}. {1} IN TXT (\n{2} )\n".format(
        record_name(domain, selector), TTL, "\n".join("    " + part for part in quoted)
    )


def parse_tags(text):
    """A tag list (RFC 6376, section 3.2): name -> value, white space around and within values taken out.

    Args:
        text: str.

    Returns:
        list of (str, str): in their order.

    Raises:
        DkimError: it is none; verifiers then take the whole of it for nothing.
    """
    found = []
    parts = text.split(";")
    if len(parts) > 1 and not parts[-1].strip(" \t\r\n"):
        parts.pop()
    for part in parts:
        name, equals, value = part.partition("=")
        name, value = name.strip(" \t\r\n"), _WHITE.sub("", value)
        if not equals or not _TAG.match(name) or not _VALUE.match(value):
            raise DkimError("{0!r} is not of the form name=value".format(part.strip()))
        if name in [other for other, _value in found]:
            raise DkimError("it has {0}= twice".format(name))
        found.append((name, value))
    return found


def compare(texts, public):
    """Whether the TXT records under a key's name let verifiers check what is signed with it.

    Args:
        texts: list of bytes, one for each record.
        public: str, of ``public_text``.

    Returns:
        Comparison.
    """
    if not texts:
        return Comparison(MISSING, "no TXT record", False)
    if len(texts) > 1:
        return Comparison(DIFFERENT, "{0} TXT records, and verifiers want one".format(len(texts)), False)
    text = to_native(texts[0], errors="replace")
    try:
        tags = parse_tags(text)
        fault = "it has no p="
    except DkimError as exc:
        tags, fault = [], str(exc)
    values = dict(tags)
    if "p" not in values:
        # One of a wildcard (*) is no key that somebody has put there.
        verdict = DIFFERENT if "DKIM1" in text else MISSING
        return Comparison(verdict, "a TXT record that is no DKIM key: " + fault, False)
    testing = "y" in values.get("t", "").split(":")
    fault = _fault(tags, values)
    if fault is None and values["p"] != public:
        fault = _other_key(values["p"], public)
    return Comparison(SAME, "this key", testing) if fault is None else Comparison(DIFFERENT, fault, testing)


def _fault(tags, values):
    """str or None: why a record with these tags lets no verifier check an RSA signature with SHA-256, whatever its key is."""
    if "v" in values and tags[0] != ("v", "DKIM1"):
        return "v= is not the first tag, or not DKIM1"
    if not values["p"]:
        return "the key was revoked there (p= is empty)"
    if values.get("k", "rsa") != "rsa":
        return "the key there is of another kind (k={0})".format(values["k"])
    if "sha256" not in values.get("h", "sha256").split(":"):
        return "it does not allow sha256 (h={0})".format(values["h"])
    if not set(values.get("s", "*").split(":")) & set(["*", "email"]):
        return "it is not for mail (s={0})".format(values["s"])
    return None


def _other_key(there, public):
    """str: what is wrong with a C(p=) that is not this key's."""
    if public.startswith(there):
        return (
            "this key, cut after {0} of {1} characters: a string of a TXT record holds {2}, so the record has to be entered in "
            "several of them".format(len(there), len(public), LONGEST_STRING)
        )
    if '"' in there or "\\" in there:
        return "quotes or backslashes are a part of the key there: the record was quoted twice"
    try:
        x509.parse_public_key(base64.b64decode(there.encode("ascii")))
    except (x509.FormatError, binascii.Error, TypeError, ValueError):
        # Python 2 raises a TypeError for what is no base64.
        return "what is in p= cannot be read as a key"
    return "another key"
