# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the world sees a DKIM key: each name server of its zone is asked, since a receiver may ask any of them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.threads import side_by_side
from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_lookup import FOUND, NODATA

PUBLISHED, MISSING, DIFFERENT, UNKNOWN = "published", "missing", "different", "unknown"
# Of what several name servers say the first one of these counts: a receiver that finds another key fails the signature, one
# that finds none takes the mail as unsigned.
_WORST_FIRST = (DIFFERENT, MISSING, UNKNOWN, PUBLISHED)
_VERDICTS = {
    dkim_record.SAME: PUBLISHED,
    dkim_record.MISSING: MISSING,
    dkim_record.DIFFERENT: DIFFERENT,
}
# Zones that a name may lead through by aliases, as where a provider has the keys.
_MOST_ZONES = 4
# More time than the questions have: a thread has to come round to saying that it was too late.
_GRACE = 0.5

# domain, selector: str; public_key: str, as ``dkim_record.public_text`` gives it.
Key = namedtuple("Key", "domain selector public_key")
# server: str, the name of a name server, or of what was asked in its place; verdict: one of the constants; seen: str, what it
# says; testing: bool, whether the record there says t=y.
Said = namedtuple("Said", "server verdict seen testing")


def published(resolver, keys, seconds):
    """What the name servers of their zones say of each of these keys.

    Args:
        resolver: ``dns_lookup.Resolver``, or an object with the same methods.
        keys: list of Key.
        seconds: float, by when there has to be a verdict.

    Returns:
        list of dict: for each key C(domain), C(selector), C(record_name), C(verdict), which is the worst that a server says,
        C(seen), a sentence on it without a dot, C(testing) and C(servers), list of dict, what each of them says.

    Raises:
        DkimError: a domain or selector is none.
    """
    for key in keys:
        dkim_record.check_names(key.domain, key.selector)
    outcomes = side_by_side([_work(_said, resolver, key, seconds) for key in keys], seconds + _GRACE)
    return [_result(key, _value(outcome)) for key, outcome in zip(keys, outcomes)]


def _work(function, *args):
    return lambda: function(*args)


def _value(outcome, server="the name servers"):
    """list of Said: what a look at them ended with, also where it came to no end."""
    if not outcome.finished:
        return [Said(server, UNKNOWN, "no answer in time", False)]
    if outcome.error is not None:
        # What a stranger's server sends that nobody has thought of is no verdict on the key.
        said = "{0}: {1}".format(type(outcome.error).__name__, outcome.error)
        return [Said(server, UNKNOWN, said, False)]
    return outcome.value


def _result(key, said):
    verdict = next(verdict for verdict in _WORST_FIRST if verdict in [one.verdict for one in said])
    telling = [one for one in said if one.verdict == verdict]
    seen = "; ".join("{0}: {1}".format(one.server, one.seen) for one in telling)
    if verdict == PUBLISHED:
        seen = "at {0}".format(", ".join(one.server for one in telling))
    return {
        "domain": key.domain,
        "selector": key.selector,
        "record_name": dkim_record.record_name(key.domain, key.selector),
        "verdict": verdict,
        "seen": seen,
        "testing": any(one.testing for one in said),
        "servers": [dict(one._asdict()) for one in said],
    }


def _said(resolver, key, seconds):
    return _at(resolver, dkim_record.record_name(key.domain, key.selector), key, seconds, 1)


def _at(resolver, name, key, seconds, zones):
    """list of Said: of each name server of the zone that a name is in, or of those that it leads to by an alias."""
    servers, problem = _authorities(resolver, name)
    if problem is not None:
        return [Said("the name servers of " + name, UNKNOWN, problem, False)]
    works = [_work(_server, resolver, server, name, key, seconds, zones) for server in servers]
    said = []
    for server, outcome in zip(servers, side_by_side(works, seconds + _GRACE)):
        said += [one for one in _value(outcome, server) if one not in said]
    return said


def _authorities(resolver, name):
    """(list of str, str or None): the names of the name servers of the zone that has a name, or why they are not known."""
    labels = name.split(".")
    # The NS records that a resolver finds under an alias are those of another name.
    alias = resolver.ask(name, "CNAME").outcome == FOUND
    # That of a top-level domain says nothing of a domain that is not there.
    for start in range(1 if alias else 0, len(labels) - 1):
        zone = ".".join(labels[start:])
        answer = resolver.ask(zone, "NS")
        if answer.outcome == FOUND:
            return sorted(set(answer.records)), None
        if not answer.known:
            return [], "{0} NS: {1}".format(zone, answer.text)
    return [], "no zone was found that has it"


def _server(resolver, server, name, key, seconds, zones):
    """list of Said: what one name server says of the key, or, where it has an alias, those of the zone that this leads to."""
    addresses = [record for kind in ("A", "AAAA") for record in resolver.ask(server, kind).records]
    if not addresses:
        return [Said(server, UNKNOWN, "it has no address: {0}".format(resolver.ask(server, "A").text), False)]
    answer = resolver.ask_host(addresses, name, "TXT")
    if answer.outcome == NODATA:
        alias = resolver.ask_host(addresses, name, "CNAME")
        if alias.outcome == FOUND and zones < _MOST_ZONES:
            return _at(resolver, alias.records[0], key, seconds, zones + 1)
        if alias.outcome == FOUND:
            return [Said(server, UNKNOWN, "the name leads through more than {0} zones".format(_MOST_ZONES), False)]
    if not answer.known:
        return [Said(server, UNKNOWN, answer.text, False)]
    found = dkim_record.compare(answer.records, key.public_key)
    seen = answer.text if found.verdict == dkim_record.MISSING else found.seen
    return [Said(server, _VERDICTS[found.verdict], seen, found.testing)]
