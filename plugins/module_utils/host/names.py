# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts: what is one, and many of them in a sentence, for roles, filters and checks alike."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible.module_utils.common.text.converters import to_native, to_text

# RFC 1035, section 2.3.1, with the digits of RFC 1123, section 2.1.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# At least two labels, the last of which is not a number: with four of them the name would be an address.
_FQDN = re.compile(r"(?=.{{1,253}}\Z)(?:{0}\.)+(?![0-9]+\Z){0}\Z".format(_LABEL))

# What systems make up where they know no domain (Postfix too); no name server has them (RFC 6761).
_MADE_UP = ("localdomain", "localhost")

# Before a label that stands for one in another script (RFC 5890).
_ENCODED = "xn--"
# Postfix 3.7.11 looks for these as "ss" and another sigma, with which it is another domain (RFC 5894, section 7.2).
_FOLDED = to_text("ßς")

# A line for a screen: so many names of many.
_MOST_NAMED = 4


def is_fqdn(name):
    """bool: whether a text is a host name with its domain, without a dot at its end.

    Args:
        name: str.
    """
    return _FQDN.match(name) is not None


def could_be_in_dns(name):
    """bool: whether a text is such a name, and its domain not one that systems make up.

    Args:
        name: str.
    """
    return is_fqdn(name) and name.lower().rpartition(".")[2] not in _MADE_UP


def _decoded(domain):
    """str or None: a domain with its labels in their own scripts, a text in Python 2 too; None where one stands for nothing."""
    # Few calls meet a domain in another script.
    import unicodedata

    labels = to_text(domain).lower().split(".")
    try:
        labels = [
            label[len(_ENCODED) :].encode("ascii").decode("punycode") if label.startswith(_ENCODED) else label
            for label in labels
        ]
        found = ".".join(labels)
        found.encode("utf-8")
    except UnicodeError:
        return None
    wrong = any(unicodedata.category(sign) in ("Cc", "Cs", "Zs", "Zl", "Zp") for sign in found)
    return None if wrong else found


def is_domain(name):
    """bool: whether a text is such a name, and each label in the form of another script stands for one.

    Args:
        name: str.
    """
    return is_fqdn(name) and (_ENCODED not in name.lower() or _decoded(name) is not None)


def domain_forms(domain):
    """list of str: a domain as addresses may have it, in small letters; that of the DNS first.

    A domain in another script has two forms, of which each message has one (SMTPUTF8, RFC 6531). Mail systems look for it as it was
    written.

    Args:
        domain: str, of ``is_domain``; what is before it, such as a dot, stays.
    """
    if _ENCODED not in domain.lower():
        return [domain.lower()]
    written, other = to_text(domain).lower(), _decoded(domain)
    if other in (None, written) or other != other.lower() or any(sign in _FOLDED for sign in other):
        return [to_native(written)]
    return [to_native(written), to_native(other)]


def address_forms(address):
    """list of str: an address, or a domain alone, in each form of its domain, in small letters.

    Args:
        address: str.
    """
    user, at, domain = address.lower().rpartition("@")
    return [user + at + form for form in domain_forms(domain)]


def form_to_write(domain):
    """str: what to write for a domain in another script, as a sentence with a blank before it; empty for what is none.

    Args:
        domain: str.
    """
    text = to_text(domain).lower()
    if is_fqdn(domain) and not is_domain(domain):
        return " What is behind its xn-- stands for no name; see how it is written."
    if all(ord(sign) < 128 for sign in text):
        return ""
    try:
        written = text.encode("idna").decode("ascii")
    except UnicodeError:
        written = ""
    if is_fqdn(written) and to_text(domain_forms(written)[-1]) == text:
        return " Write {0}, which counts for both.".format(to_native(written))
    return " One in another script is written in its xn-- form, which counts for both."


def listed(names):
    """str: names for a sentence; of many the first, and how many more there are.

    Args:
        names: list of str.
    """
    shown = names if len(names) <= _MOST_NAMED + 1 else names[:_MOST_NAMED]
    more = len(names) - len(shown)
    return ", ".join(shown) + (" and {0} more".format(more) if more else "")
