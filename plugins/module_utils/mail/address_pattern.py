# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as a criterion of a log: whole ones, or with C(*) for a part that may be anything."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import split_address

# What no mail system writes in quotes or with a backslash in a local part.
_PLAIN = re.compile(r"[0-9a-z._+=-]+\Z")


def matcher(pattern):
    """A function: str -> bool, whether a text is like the pattern, in which C(*) stands for any characters, or none.

    The leftmost place of each part is as good as any other, so nothing is tried twice, whatever the pattern.
    """
    parts = pattern.split("*")
    if len(parts) == 1:
        return lambda text: text == pattern
    head, middle, tail = parts[0], [part for part in parts[1:-1] if part], parts[-1]

    def matches(text):
        end = len(text) - len(tail)
        position = len(head)
        if position > end or not text.startswith(head) or not text.endswith(tail):
            return False
        for part in middle:
            position = text.find(part, position, end)
            if position < 0:
                return False
            position += len(part)
        return True

    return matches


class Addresses(object):
    """Which addresses are meant.

    C(*) stands for any part of the local part, or of the domain, in which it is; it never stands for the C(@). In a local part,
    C(customer7@*), the address may have no domain at all, as some logs write those of the host itself. C(@example.com) is
    C(*@example.com). The null sender is C(<>) and nothing else.

    Args:
        option: str, for the message.
        texts: iterable of str.

    Raises:
        CriterionError: one is no address.
    """

    def __init__(self, option, texts):
        self._whole, self._domains, self._patterns = set(), set(), []
        self._literals = []
        for text in texts:
            bare = text.strip()
            if bare == "<>":
                self._whole.add(("", ""))
                self._literals.append(None)
                continue
            local, domain = split_address(bare.lstrip("<").rstrip(">"))
            if not domain:
                name = bare.replace("@", "")
                others = "'*@{0}' for everybody in a domain, or '{0}@*' for a name in any domain".format(name)
                raise CriterionError(
                    "{0}: {1!r} is not a whole address; write it with its domain, or {2}".format(
                        option, text, others if name.strip("*") else "'*@*' for every address"
                    )
                )
            if local in ("", "*") and "*" not in domain:
                self._domains.add(domain)
                self._literals.append("@" + domain)
            elif "*" in local + domain:
                self._patterns.append((matcher(local), matcher(domain)))
                self._literals.append(_literal(local, domain))
            else:
                self._whole.add((local, domain))
                self._literals.append("@" + domain)

    def __bool__(self):
        return bool(self._literals)

    __nonzero__ = __bool__

    def match(self, address):
        """bool: whether an address (str) is meant."""
        local, domain = split_address(address)
        if (local, domain) in self._whole or domain in self._domains:
            return True
        return address != "" and any(
            like_local(local) and like_domain(domain) for like_local, like_domain in self._patterns
        )

    def literals(self):
        """list of str or None: one of these stands in each address that is meant, in any case; None where nothing can be said."""
        if not self._literals or None in self._literals or any(ord(char) > 127 for char in "".join(self._literals)):
            return None
        return self._literals


def _literal(local, domain):
    """str or None: the longest text that stands in each address that is like these patterns."""
    parts = domain.split("*")
    found = ["@" + parts[0]] if parts[0] else []
    found.extend(part for part in parts[1:] if part)
    # A local part may be written with and without quotes.
    found.extend(part for part in local.split("*") if _PLAIN.match(part))
    return max(found, key=len) if found else None
