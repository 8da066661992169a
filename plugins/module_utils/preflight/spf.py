# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SPF (RFC 7208) makes of a relay, and what is wrong with the record whatever it makes of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import traceback
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_lookup import BADNAME

try:
    import spf
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
    _Query = object
else:
    IMPORT_ERROR = None
    _Query = spf.query

# RFC 7208, 4.6.4: terms that ask the DNS, and answers without a record.
MOST_LOOKUPS = 10
MOST_VOIDS = 2
# A record that grows beyond this is not counted to its end.
_ENOUGH = 4 * MOST_LOOKUPS

_ASKING = ("a", "mx", "ptr", "exists", "include", "redirect")


class Verdict(namedtuple("Verdict", "result reason lookups voids")):
    """What a receiver would find: C(pass), C(fail), C(softfail), C(neutral), C(none), C(permerror) or C(temperror); the term
    that matched or what is wrong; and how many terms asked the DNS, and how many answers were empty, up to there."""

    __slots__ = ()


class Size(namedtuple("Size", "lookups loop open_to_all")):
    """A record with all that it includes: how many terms ask the DNS, the names of a loop or [], whether C(+all) is in it."""

    __slots__ = ()


class _Evaluation(_Query):
    """pyspf's evaluation with the resolver of this collection, which is not a global function and keeps to a deadline."""

    def __init__(self, resolver, *args):
        super(_Evaluation, self).__init__(*args)
        self._resolver = resolver

    def dns(self, name, qtype, cnames=None, ignore_void=False):
        answer = self._resolver.ask(name, qtype)
        if answer.outcome != BADNAME and not answer.known:
            raise spf.TempError("{0} {1}: {2}".format(name, qtype, answer.text))
        if not answer.records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > MOST_VOIDS:
                raise spf.PermError(
                    "more than {0} look-ups found nothing, the last {1} {2}".format(MOST_VOIDS, name, qtype)
                )
        return [(record,) for record in answer.records] if qtype == "TXT" else list(answer.records)

    def dns_a(self, domainname, A="A"):
        # pyspf's own makes bytes of IPv6 addresses on Python 2, for another DNS library.
        return self.dns(domainname, A) if domainname else []


def evaluate(resolver, address, domain, helo):
    """Verdict: what a receiver would find for mail of a domain from an address.

    Args:
        resolver: ``dns_lookup.Resolver``, or an object with the same C(ask).
        address: str.
        domain: str, of the sender; the same as C(helo) for the null sender.
        helo: str, the name in HELO.
    """
    query = _Evaluation(resolver, address, "postmaster@" + domain, helo)
    try:
        result, _code, text = query.check()
    except Exception as exc:  # pylint: disable=broad-except
        # A record is a stranger's text, and the library has assertions of its own.
        return Verdict("permerror", "pyspf cannot evaluate it: {0}".format(exc), query.lookups, query.void_lookups)
    if result in ("permerror", "temperror"):
        reason = text.partition("Error: ")[2] or text
    else:
        reason = query.mechanism or ""
    return Verdict(result, reason, query.lookups, query.void_lookups)


def record_of(resolver, domain):
    """(list of str, Answer): the SPF records of a domain, of which there should be one, and what the name server said."""
    answer = resolver.ask(domain, "TXT")
    texts = [text.decode("ascii", "replace") for text in answer.records]
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")], answer


def size_of(resolver, domain):
    """Size: of the record of a domain, whichever term would match; pyspf stops counting there."""
    return _size(resolver, domain.lower(), [])


def _size(resolver, domain, path):
    if domain in path:
        return Size(0, path[path.index(domain) :] + [domain], False)
    records, _answer = record_of(resolver, domain)
    if len(records) != 1 or len(path) > _ENOUGH:
        return Size(0, [], False)
    lookups, loop, open_to_all = 0, [], False
    for term in records[0].lower().split()[1:]:
        name, target = _term(term)
        if name == "all":
            open_to_all = open_to_all or term[0] in "+a"
        if name not in _ASKING:
            continue
        lookups += 1
        if name not in ("include", "redirect") or not target or "%" in target or lookups > _ENOUGH or loop:
            continue
        below = _size(resolver, target, path + [domain])
        lookups, loop = lookups + below.lookups, below.loop
        # What an included record gives everybody is given here too.
        open_to_all = open_to_all or below.open_to_all
    return Size(lookups, loop, open_to_all)


def _term(term):
    """(str, str): the name of a mechanism or modifier, and the domain that it names, or nothing."""
    term = term.lstrip("+-~?")
    for position, character in enumerate(term):
        if character in ":=":
            return term[:position], term[position + 1 :].partition("/")[0].rstrip(".")
        if character == "/":
            return term[:position], ""
    return term, ""
