# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What other mail systems ask the DNS about a relay, each question with a verdict and a fix."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import time
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    FAMILY_NAMES,
    is_address,
    not_globally_routed,
    parse_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.names import could_be_in_dns
from ansible_collections.mailops.relay.plugins.module_utils.host.threads import side_by_side
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks, dkim_record, opendkim
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dkim_published, spf
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_lookup import (
    FOUND,
    NXDOMAIN,
    REFUSED,
    SERVFAIL,
    reverse_name,
)

_NO_ANSWER = "See why not all name servers of the domain answer."
# More time than the questions have: a thread has to come round to saying that it was too late.
_GRACE = 0.5

_RESOLVER = "dns_resolver"
# The checks of which each has a result, whatever it is.
EXPECTED = (_RESOLVER, "dns_a", "dns_aaaa", "dns_ptr", "dns_fcrdns", "dns_spf", "dns_mx", "dns_dkim", "dns_dmarc")
# Mail flows without these.
_INFORMATION = ("dns_dkim", "dns_dmarc")

# name: str, the domain that has the record; text: str; tags: dict of str.
Policy = namedtuple("Policy", "name text tags")
# A key of the relay: domain, selector, public_key: str, see ``dkim_published.Key``; step: str, one of ``opendkim.STEPS``; until: int or
# None, seconds since the epoch, until when a former one is needed.
RelayKey = namedtuple("RelayKey", "domain selector public_key step until")
Relay = namedtuple("Relay", "hostname helo addresses sender_domains mydomain mydestination")


class CheckError(RelayError):
    """A name or address that cannot be checked."""


def relay_of(params):
    """Relay: from the options of a module, with their defaults.

    Raises:
        CheckError: there is no host name, or one of the addresses is not an address.
    """
    hostname = params["hostname"].strip().rstrip(".")
    if not hostname:
        raise CheckError("hostname: it is empty; give the relay's name, for example smtp-relay001.example.com")
    for address in params["addresses"]:
        if not is_address(address):
            raise CheckError("addresses: {0!r} is not an IPv4 or IPv6 address".format(address))
    mydomain = (params["mydomain"] or hostname.partition(".")[2] or "localdomain").rstrip(".")
    return Relay(
        hostname,
        (params["helo"] or hostname).rstrip("."),
        list(params["addresses"]),
        [domain.rstrip(".") for domain in params["sender_domains"]] or [mydomain],
        mydomain,
        params["mydestination"],
    )


class _Unanswered(Exception):
    """A check came to a question that no name server answered."""

    def __init__(self, subject, answer):
        super(_Unanswered, self).__init__(answer.text)
        self.subject = subject
        self.answer = answer


def dns_checks(resolver, relay, selectors, seconds, keys=()):
    """list of dict: the checks, in the order of ``checks`` results, made side by side.

    Args:
        resolver: ``dns_lookup.Resolver``, or an object with the same methods.
        relay: Relay; addresses are those from which its mail reaches the internet.
        selectors: list of str, of DKIM.
        seconds: float, by when there has to be a verdict.
        keys: list of RelayKey.

    Raises:
        DkimError: one of them has no domain or no selector.
    """
    for key in keys:
        dkim_record.check_names(key.domain, key.selector)
    signing = [key for key in keys if key.step == opendkim.SIGNS]
    works = [(_RESOLVER, server, _work(_server, resolver, server)) for server in resolver.nameservers]
    names = [relay.hostname] + [name for name in [relay.helo] if name.lower() != relay.hostname.lower()]
    for name in names:
        works.append(("dns_a", name, _work(_addresses, resolver, name, "A", relay.addresses)))
        works.append(("dns_aaaa", name, _work(_addresses, resolver, name, "AAAA", relay.addresses)))
    for address in relay.addresses:
        works.append(("dns_ptr", address, _work(_reverse, resolver, address, names)))
        works.append(("dns_fcrdns", address, _work(_forward_confirmed, resolver, address, names)))
        for domain in relay.sender_domains:
            works.append(("dns_spf", domain, _work(_sender_policy, resolver, address, domain, relay.helo)))
        works.append(("dns_spf", "HELO " + relay.helo, _work(_helo_policy, resolver, address, relay)))
    works.append(("dns_mx", relay.mydomain, _work(_exchangers, resolver, relay, names)))
    for key in keys:
        works.append(("dns_dkim", key.domain, _work(_STEPS[key.step], resolver, key, seconds)))
    policies = {}
    for domain in relay.sender_domains:
        if not any(_is_within(domain, key.domain) for key in keys if key.step != opendkim.FORMER):
            works.append(("dns_dkim", domain, _work(_keys, resolver, domain, selectors)))
    signed = [
        key.domain for key in signing if key.domain.lower() not in [name.lower() for name in relay.sender_domains]
    ]
    for domain in relay.sender_domains + signed:
        works.append(("dns_dmarc", domain, _work(_policy, resolver, domain, policies)))

    outcomes = side_by_side([work for _identifier, _subject, work in works], seconds + _GRACE)
    answering = any(
        identifier == _RESOLVER and outcome.value and outcome.value["status"] == checks.OK
        for (identifier, _subject, _check), outcome in zip(works, outcomes)
    )
    results = [
        _outcome(identifier, subject, outcome, answering, seconds)
        for (identifier, subject, _check), outcome in zip(works, outcomes)
    ]
    if signing:
        results = [
            _aligned(result, policies[result["subject"]], relay, signing, results)
            if result["id"] == "dns_dmarc" and result["status"] == checks.OK
            else result
            for result in results
        ]
    if not relay.addresses:
        why = "the address from which mail leaves is not known; give it"
        results.extend(
            checks.skipped(identifier, relay.hostname, why) for identifier in ("dns_ptr", "dns_fcrdns", "dns_spf")
        )
    # With another one that answers, mail flows, only slower.
    return checks.one_is_enough(results, _RESOLVER)


def _work(check, *args):
    return lambda: check(*args)


def _outcome(identifier, subject, outcome, answering, seconds):
    """dict: the result of a check, also of one that came to no end."""
    if not outcome.finished:
        return checks.failed(
            identifier, subject, "no verdict within {0:g} s".format(seconds), "See why the name server is slow."
        )
    if isinstance(outcome.error, _Unanswered):
        answer = outcome.error.answer
        if not answering:
            return checks.skipped(identifier, outcome.error.subject, "no name server answers, see " + _RESOLVER)
        make = checks.warning if identifier in _INFORMATION else checks.failed
        return make(identifier, outcome.error.subject, answer.text, _unanswered_todo(answer, outcome.error.subject))
    if outcome.error is not None:
        # Records are strangers' texts: one that nobody has thought of spoils its own check only.
        seen = "{0}: {1}".format(type(outcome.error).__name__, outcome.error)
        return checks.failed(identifier, subject, seen, "See whether the records are in order, and report this.")
    return outcome.value


def _unanswered_todo(answer, subject):
    if answer.outcome == SERVFAIL:
        return (
            "Repair the zone of {0} or its DNSSEC signatures: the name server itself answers other questions.".format(
                subject
            )
        )
    return "See why the name server has no answer for {0}; others it has.".format(subject)


def _known(resolver, name, kind, subject=None):
    """Answer: of a name server that knows.

    Raises:
        _Unanswered: none knows.
    """
    answer = resolver.ask(name, kind)
    if not answer.known:
        raise _Unanswered(subject or name, answer)
    return answer


def _server(resolver, server):
    # The root is in every name server that works, and its answer needs nobody's domain to be in order.
    answer = resolver.ask_server(server, ".", "NS")
    if answer.known:
        return checks.ok(_RESOLVER, server, "answers")
    if answer.outcome == REFUSED:
        todo = "Let {0} answer this host, or ask another name server.".format(server)
    else:
        todo = "Start or repair the name server {0}, or ask another one.".format(server)
    return checks.failed(_RESOLVER, server, answer.text, todo)


def _of_kind(addresses, kind):
    return [address for address in addresses if (":" in address) == (kind == "AAAA")]


def _same(addresses):
    """set: addresses in a form in which two spellings of one are equal."""
    return set(parse_network(address) for address in addresses)


def _not_qualified(identifier, name):
    return checks.skipped(identifier, name, "no name with a domain, see host_name")


def _addresses(resolver, name, kind, outbound):
    identifier = "dns_" + kind.lower()
    if not could_be_in_dns(name):
        return _not_qualified(identifier, name)
    wanted = _of_kind(outbound, kind)
    answer = _known(resolver, name, kind)
    if answer.outcome == FOUND:
        return checks.ok(identifier, name, ", ".join(sorted(answer.records)))
    # A receiver looks for the records of the family that it is called over; of an address that is not known it is IPv4's.
    if not wanted and (outbound or kind == "AAAA"):
        family = FAMILY_NAMES["ipv4" if kind == "A" else "ipv6"]
        return checks.skipped(identifier, name, "no {0} record, and no mail leaves over {1}".format(kind, family))
    todo = "Publish {0} {1} {2}.".format(name, kind, wanted[0] if wanted else "with the relay's public address")
    return checks.failed(identifier, name, answer.text, todo)


def _reverse(resolver, address, names):
    if not_globally_routed(parse_network(address)):
        return checks.skipped(
            "dns_ptr", address, "a private address; say from which one the internet sees the relay's mail come"
        )
    if not any(could_be_in_dns(name) for name in names):
        return checks.skipped("dns_ptr", address, "{0} is not a name with a domain, see host_name".format(names[0]))
    answer = _known(resolver, reverse_name(address), "PTR", address)
    todo = "Let whoever owns the address (provider, hoster) set the PTR record of {0} to {1}.".format(
        address, names[-1]
    )
    if answer.outcome != FOUND:
        return checks.failed("dns_ptr", address, "no PTR record: " + answer.text, todo)
    seen = "names " + ", ".join(sorted(answer.records))
    if not set(answer.records) & set(name.lower() for name in names):
        return checks.failed("dns_ptr", address, "{0}, not {1}".format(seen, names[-1]), todo)
    if len(answer.records) > 1:
        return checks.warning("dns_ptr", address, seen, "Leave one PTR record: receivers look at any one of them.")
    return checks.ok("dns_ptr", address, seen)


def _forward_confirmed(resolver, address, names):
    """The name in the PTR record has the address again (RFC 8601, 2.7.3, "iprev")."""
    if not_globally_routed(parse_network(address)):
        return checks.skipped("dns_fcrdns", address, "a private address, see dns_ptr")
    pointed = _known(resolver, reverse_name(address), "PTR", address).records
    found = [name for name in pointed if name in [other.lower() for other in names]]
    if not found:
        return checks.skipped("dns_fcrdns", address, "the PTR record does not name the relay, see dns_ptr")
    kind = "AAAA" if ":" in address else "A"
    answer = _known(resolver, found[0], kind)
    if answer.outcome != FOUND:
        return checks.skipped("dns_fcrdns", address, "{0} has no address, see dns_{1}".format(found[0], kind.lower()))
    if _same([address]) & _same(answer.records):
        return checks.ok("dns_fcrdns", address, "{0} and back".format(found[0]))
    return checks.failed(
        "dns_fcrdns",
        address,
        "its PTR record names {0}, whose {1} is {2}".format(found[0], kind, ", ".join(sorted(answer.records))),
        "Publish {0} {1} {2}, or let mail leave from {3}.".format(found[0], kind, address, sorted(answer.records)[0]),
    )


def _sender_policy(resolver, address, domain, helo):
    if not could_be_in_dns(domain):
        return _not_qualified("dns_spf", domain)
    return _policy_verdict(resolver, address, domain, helo, domain, True)


def _helo_policy(resolver, address, relay):
    if not could_be_in_dns(relay.helo):
        return _not_qualified("dns_spf", "HELO " + relay.helo)
    return _policy_verdict(resolver, address, relay.helo, relay.helo, "HELO " + relay.helo, False)


def _policy_verdict(resolver, address, domain, helo, subject, required):
    """dict: the result of SPF for one name and one address.

    A sender's domain without a record is refused by the large receivers; a HELO name without one is not, but bounces then
    pass no check at all (RFC 7208, 2.3 and 2.4).
    """
    if not_globally_routed(parse_network(address)):
        return checks.skipped("dns_spf", subject, "{0} is a private address, see dns_ptr".format(address))
    records, answer = spf.record_of(resolver, domain)
    if not answer.known:
        raise _Unanswered(subject, answer)
    family = "ip6" if ":" in address else "ip4"
    if not records:
        todo = 'Publish {0} TXT "v=spf1 {1}:{2} -all".'.format(domain, family, address)
        seen = "no SPF record" if answer.outcome != NXDOMAIN else "no SPF record: no such name (NXDOMAIN)"
        return (checks.failed if required else checks.warning)("dns_spf", subject, seen, todo)
    if len(records) > 1:
        seen = "{0} SPF records, which no receiver accepts: {1}".format(len(records), " | ".join(sorted(records)))
        return checks.failed("dns_spf", subject, seen, "Make one record of them.")
    verdict = spf.evaluate(resolver, address, domain, helo)
    size = spf.size_of(resolver, domain)
    seen = "{0} for {1}{2}; {3} of at most {4} look-ups, {5} of at most {6} without an answer".format(
        verdict.result,
        address,
        " by " + verdict.reason if verdict.reason else "",
        size.lookups,
        spf.MOST_LOOKUPS,
        verdict.voids,
        spf.MOST_VOIDS,
    )
    add = 'Add {0}:{1} to the record: "{2}".'.format(family, address, records[0])
    if size.loop:
        return checks.failed(
            "dns_spf",
            subject,
            "{0}; it includes itself: {1}".format(seen, " > ".join(size.loop)),
            "Take out the include that goes round.",
        )
    if verdict.result == "temperror":
        return checks.failed(
            "dns_spf", subject, seen, "Repair or take out the name in the record for which there is no answer."
        )
    if verdict.result == "permerror":
        if size.lookups > spf.MOST_LOOKUPS:
            return checks.failed("dns_spf", subject, seen, _fewer(records[0]))
        return checks.failed("dns_spf", subject, seen, 'Correct the record "{0}".'.format(records[0]))
    if verdict.result != "pass":
        return checks.failed("dns_spf", subject, seen, add)
    if size.open_to_all:
        return checks.warning(
            "dns_spf", subject, seen + "; +all lets anybody send as this domain", "End the record with -all or ~all."
        )
    if size.lookups > spf.MOST_LOOKUPS:
        return checks.warning(
            "dns_spf", subject, seen + "; senders further right in the record get a permerror", _fewer(records[0])
        )
    return checks.ok("dns_spf", subject, seen)


def _fewer(record):
    return 'Replace include, a, mx and redirect by ip4 and ip6 until {0} look-ups are left: "{1}".'.format(
        spf.MOST_LOOKUPS, record
    )


def _exchangers(resolver, relay, names):
    """Mail for the site's own domain goes where its MX records say, whether the relay keeps it or not."""
    domain = relay.mydomain
    if not could_be_in_dns(domain):
        return checks.skipped("dns_mx", domain, "no domain of the DNS, see host_name")
    answer = _known(resolver, domain, "MX")
    keeps = domain.lower() in [name.lower() for name in relay.mydestination]
    exchangers = [name for _preference, name in sorted(answer.records)]
    if answer.outcome != FOUND:
        # Without MX records the name's own address is the exchanger (RFC 5321, 5.1).
        implicit = [record for kind in ("A", "AAAA") for record in _known(resolver, domain, kind).records]
        exchangers = [domain] if implicit else []
        own = bool(_same(implicit) & _same(relay.addresses))
    else:
        own = bool(set(exchangers) & set(name.lower() for name in names))
    if not exchangers or exchangers == ["."]:
        seen = "{0}; nobody takes mail for {1}".format(answer.text if not exchangers else "a null MX", domain)
        return checks.warning(
            "dns_mx", domain, seen, "Publish an MX record of {0}: bounces and replies have no way back.".format(domain)
        )
    seen = "mail for it goes to {0}; this relay {1} it for its own".format(
        ", ".join(exchangers), "takes" if keeps else "does not take"
    )
    if keeps and not own:
        todo = "Take $mydomain out of mydestination (relay_server_mydestination): mail for {0} would stay on the relay.".format(
            domain
        )
        return checks.failed("dns_mx", domain, seen, todo)
    if own and not keeps:
        todo = "Let the MX record of {0} name the host that has its mailboxes: here its mail would go round in a loop.".format(
            domain
        )
        return checks.failed("dns_mx", domain, seen, todo)
    return checks.ok("dns_mx", domain, seen)


def _is_within(domain, signer):
    """bool: whether mail of a domain is signed by this one, which is the same or above it."""
    return ("." + domain.lower()).endswith("." + signer.lower())


def _signing_key(resolver, key, seconds):
    """Whether each name server of its domain has a key with which the relay signs."""
    name = dkim_record.record_name(key.domain, key.selector)
    if not key.public_key:
        return checks.failed(
            "dns_dkim",
            key.domain,
            "the host's key for {0} cannot be read, so that mail of this domain waits".format(name),
            "Put it back from a backup of the host, or give the domain another selector (relay_server_dkim).",
        )
    (found,) = dkim_published.published(resolver, [key], seconds)
    seen = "signed as {0}; {1}".format(name, found["seen"])
    if found["verdict"] == dkim_published.UNKNOWN:
        return checks.warning("dns_dkim", key.domain, seen, _NO_ANSWER)
    if found["verdict"] != dkim_published.PUBLISHED:
        return _to_publish(checks.failed, key, key.domain, seen)
    if found["testing"]:
        todo = "Take t=y out of the record: receivers take mail as unsigned as long as it is there."
        return checks.warning("dns_dkim", key.domain, seen + ", with t=y", todo)
    return checks.ok("dns_dkim", key.domain, seen)


def _new_key(resolver, key, seconds):
    """How far a key is that shall sign, and does not yet."""
    name = dkim_record.record_name(key.domain, key.selector)
    if not key.public_key:
        todo = "Run mailops.relay.site, which makes it."
        return checks.warning("dns_dkim", name, "not signed with yet; the key is not made", todo)
    (found,) = dkim_published.published(resolver, [key], seconds)
    seen = "not signed with yet; " + found["seen"]
    if found["verdict"] == dkim_published.UNKNOWN:
        return checks.warning("dns_dkim", name, seen, _NO_ANSWER)
    if found["verdict"] != dkim_published.PUBLISHED:
        status = checks.failed if found["verdict"] == dkim_published.DIFFERENT else checks.warning
        return _to_publish(status, key, name, seen)
    return checks.warning(
        "dns_dkim", name, "published, and " + seen, "Run mailops.relay.site, which signs with it from then on."
    )


def _former_key(resolver, key, seconds):
    """Whether mail can still be verified that a key has signed which signs no longer; then, whether its record may go."""
    name = dkim_record.record_name(key.domain, key.selector)
    if (key.until or 0) <= time.time():
        answer = _known(resolver, name, "TXT", name)
        if answer.outcome != FOUND:
            return checks.ok("dns_dkim", name, "no longer signed with, and its record is gone")
        seen = "no mail is queued any more that it has signed: its record may leave the DNS"
        return checks.ok(
            "dns_dkim", name, seen + (", and mailops.relay.site removes its key" if key.public_key else "")
        )
    seen = "no longer signed with; its record is needed until {0}; ".format(
        time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(key.until))
    )
    if not key.public_key:
        # Without the key nobody can say whether what is there is right.
        return checks.warning("dns_dkim", name, seen + "the host's key cannot be read", "Leave the record as it is.")
    (found,) = dkim_published.published(resolver, [key], seconds)
    seen += found["seen"]
    if found["verdict"] == dkim_published.UNKNOWN:
        return checks.warning("dns_dkim", name, seen, _NO_ANSWER)
    if found["verdict"] != dkim_published.PUBLISHED:
        return _to_publish(checks.failed, key, name, seen)
    return checks.ok("dns_dkim", name, seen)


def _to_publish(status, key, subject, seen):
    """dict: a check of a key of which the record is to be published; it is in C(record), as text and as lines of a zone file."""
    name, text = dkim_record.record_name(key.domain, key.selector), dkim_record.record_text(key.public_key)
    record = {"name": name, "text": text, "zone": dkim_record.zone_text(key.domain, key.selector, text)}
    return dict(status("dns_dkim", subject, seen, 'Publish {0} TXT "{1}".'.format(name, text)), record=record)


_STEPS = {opendkim.NEW: _new_key, opendkim.SIGNS: _signing_key, opendkim.FORMER: _former_key}


def _keys(resolver, domain, selectors):
    if not could_be_in_dns(domain):
        return _not_qualified("dns_dkim", domain)
    if not selectors:
        return checks.skipped("dns_dkim", domain, "no selector was given; the DNS has no list of them")
    missing, found = [], []
    for selector in selectors:
        name = "{0}._domainkey.{1}".format(selector, domain)
        texts = _known(resolver, name, "TXT", domain).records
        # An empty p= is a key that was revoked (RFC 6376, 3.6.1).
        keys = [text for text in texts if re.search(br"(\A|;)\s*p\s*=\s*[^;\s]", text)]  # fmt: skip
        (found if keys else missing).append(selector)
    if missing:
        seen = "no public key under selector {0}".format(", ".join(missing))
        todo = "Publish the key of each selector that signs, as TXT of {0}._domainkey.{1}.".format(missing[0], domain)
        return checks.warning("dns_dkim", domain, seen, todo)
    return checks.ok("dns_dkim", domain, "public keys under {0}".format(", ".join(found)))


def _policy(resolver, domain, policies):
    """dict: the result of DMARC for a domain, of which the record goes into C(policies) as a Policy when there is one in order."""
    if not could_be_in_dns(domain):
        return _not_qualified("dns_dmarc", domain)
    labels = domain.split(".")
    # A domain without a policy has that of the organisation above it.
    for start in range(max(1, len(labels) - 1)):
        name = ".".join(labels[start:])
        answer = _known(resolver, "_dmarc." + name, "TXT", domain)
        found = [text for text in answer.records if re.match(br"v\s*=\s*DMARC1\s*(;|\Z)", text)]  # fmt: skip
        if len(found) > 1:
            return checks.warning(
                "dns_dmarc", domain, "{0} DMARC records at {1}".format(len(found), name), "Leave one of them."
            )
        if found:
            text = found[0].decode("ascii", "replace")
            # RFC 7489, section 6.3: tags that nobody can read are as if they were not there.
            tags = dict(
                (tag.strip().lower(), value.strip())
                for tag, _is, value in (part.partition("=") for part in text.split(";"))
            )
            if re.match("[A-Za-z]+", tags.get("p", "")):
                policies[domain] = Policy(name, text, tags)
                return checks.ok("dns_dmarc", domain, "{0}: p={1}".format(name, tags["p"].lower()))
            return checks.warning(
                "dns_dmarc",
                domain,
                "the record of {0} has no p=".format(name),
                "Add p=none to it, or a stricter policy.",
            )
    return checks.warning(
        "dns_dmarc",
        domain,
        "no DMARC record",
        'Publish _dmarc.{0} TXT "v=DMARC1; p=none"; large receivers ask for it.'.format(domain),
    )


def _aligned(result, policy, relay, keys, results):
    """dict: the result of DMARC for a domain in From, where the relay signs: whether DKIM or SPF is for this domain.

    RFC 7489, section 3.1: the domain that signs, or that of the envelope sender, has to be the same; where the policy is relaxed, of the
    same organisation. Nobody signs for a top-level domain, so one that is above or below the other is.

    Args:
        result: dict, so far.
        policy: Policy.
        relay: Relay.
        keys: list of ``dkim_published.Key``, with which it signs.
        results: list of dict, of all checks.
    """
    domain = result["subject"]
    states = {}
    for other in results:
        states.setdefault((other["id"], other["subject"]), []).append(other["status"])
    dkim = _signature(domain, policy, keys, states)
    spf = _envelope(domain, policy, relay, states)
    ways = [part.way for part in (dkim, spf) if part.aligns]
    if ways:
        return checks.ok("dns_dmarc", domain, "{0}; aligned by {1}".format(result["seen"], " and ".join(ways)))
    wish = policy.tags["p"]
    if policy.name.lower() != domain.lower():
        wish = policy.tags.get("sp", wish)
    # With p=none receivers take the mail, and report it.
    refused = None not in (dkim.aligns, spf.aligns) and wish.lower() in ("quarantine", "reject")
    return (checks.failed if refused else checks.warning)(
        "dns_dmarc",
        domain,
        "{0}; not aligned: {1}, {2}".format(result["seen"], dkim.way, spf.way),
        "{0}, or see to SPF (dns_spf): receivers look for either.".format(dkim.todo),
    )


# aligns: bool, None for unknown; way: str, by what it is aligned, or why it is not; todo: str, a sentence without its dot.
_Part = namedtuple("_Part", "aligns way todo")


def _signature(domain, policy, keys, states):
    """_Part: what DKIM does for a domain in From."""
    todo = "Add {{domain: {0}}} to relay_server_dkim".format(domain)
    signers = sorted((key.domain for key in keys if _is_within(domain, key.domain)), key=len)
    if not signers:
        return _Part(False, "not signed", todo)
    signer = signers[-1]
    if not _fits(domain, signer, policy.tags.get("adkim")):
        parts = [part.strip() for part in policy.text.split(";")]
        relaxed = "; ".join(part for part in parts if part and not re.match(r"adkim\s*=", part, re.I))
        why = "signed by d={0}, while adkim=s asks for {1} itself".format(signer, domain)
        return _Part(False, why, '{0}, or publish _dmarc.{1} TXT "{2}"'.format(todo, policy.name, relaxed))
    seen = states.get(("dns_dkim", signer), [])
    if seen == [checks.OK]:
        return _Part(True, "DKIM (d={0})".format(signer), "")
    why = "signed by d={0}, which does not verify everywhere".format(signer)
    return _Part(False if checks.FAILED in seen else None, why, "Mend the key, see dns_dkim")


def _envelope(domain, policy, relay, states):
    """_Part: what SPF does for a domain in From: the envelope has it too, or else one that is aligned with it."""
    envelopes = [name for name in relay.sender_domains if name.lower() == domain.lower()] or [
        name for name in relay.sender_domains if _fits(domain, name, policy.tags.get("aspf"))
    ]
    seen = [state for name in envelopes for state in states.get(("dns_spf", name), [])]
    if not seen or checks.SKIPPED in seen:
        return _Part(None, "SPF is not known", "")
    # A warning is about a record that lets the relay's mail pass.
    if checks.FAILED in seen:
        return _Part(False, "SPF does not pass", "")
    return _Part(True, "SPF", "")


def _fits(domain, other, mode):
    """bool: whether two domains are aligned, by the value of adkim or aspf; None for none."""
    if (mode or "").lower() == "s":
        return domain.lower() == other.lower()
    return _is_within(domain, other) or _is_within(other, domain)
