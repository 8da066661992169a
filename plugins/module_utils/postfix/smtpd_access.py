# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The access restrictions of smtpd(8), gone through as it does (SMTPD_ACCESS_README; smtpd_check.c), for one stranger.

What cannot be known here, the content of a table or the answer of a policy server, neither lets him in nor keeps him out.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import itertools
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import closed_to_strangers, parse_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.public_domains import is_public_domain
from ansible_collections.mailops.relay.plugins.module_utils.postfix.destinations import (
    STRANGE,
    matches_subdomains,
    parents,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import SyntaxProblem, inside
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import shown

PERMIT = "permit"
REJECT = "reject"
# A server configuration error: 451 4.3.5, which warn_if_reject does not soften.
BROKEN = "broken"

# A stranger: helo, name, address: str or None for none. sender: str, empty for the null sender. recipient: str, an address.
# certificate: bool, whether he shows one. trusted: bool, whether he is taken for a client of mynetworks.
Stranger = namedtuple("Stranger", "helo sender certificate name address recipient trusted")

# What is known when a list is gone through: the restriction that a bare table stands for, and the recipient.
_Stage = namedtuple("_Stage", "name table recipient")

_LIST_WITH_DOMAIN = set(
    "reject_rbl reject_rbl_client reject_rhsbl_client reject_rhsbl_reverse_client reject_rhsbl_helo"
    " reject_rhsbl_sender reject_rhsbl_recipient permit_dnswl_client permit_rhswl_client".split()
)
# Settings of one policy server (SMTPD_POLICY_README).
_POLICY_SETTINGS = tuple(
    "default_action max_idle max_ttl policy_context request_limit retry_delay timeout try_limit".split()
)
_NUMBERS = r"(?:[0-9]{1,3}|\[[0-9]{1,3}(?:\.\.[0-9]{1,3})?(?:;[0-9]{1,3}(?:\.\.[0-9]{1,3})?)*\])"
_ADDRESS_PATTERN = re.compile(r"{0}(?:\.{0}){{3}}\Z".format(_NUMBERS))
WITH_ARGUMENT = _LIST_WITH_DOMAIN | set(["sleep", "check_policy_service"])
WITHOUT_ARGUMENT = set(
    "permit reject defer warn_if_reject defer_if_permit defer_if_reject reject_unauth_pipelining"
    " reject_plaintext_session reject_unknown_client reject_unknown_client_hostname"
    " reject_unknown_reverse_client_hostname reject_unknown_forward_client_hostname permit_inet_interfaces"
    " permit_mynetworks permit_naked_ip_address reject_invalid_helo_hostname reject_invalid_hostname"
    " reject_unknown_helo_hostname reject_unknown_hostname reject_non_fqdn_helo_hostname reject_non_fqdn_hostname"
    " reject_non_fqdn_sender reject_non_fqdn_recipient reject_unknown_sender_domain"
    " reject_unknown_recipient_domain reject_unknown_address reject_unlisted_sender reject_unlisted_recipient"
    " check_recipient_maps reject_unverified_recipient reject_unverified_sender reject_multi_recipient_bounce"
    " permit_auth_destination reject_unauth_destination defer_unauth_destination check_relay_domains"
    " permit_sasl_authenticated permit_tls_clientcerts permit_tls_all_clientcerts permit_mx_backup"
    " reject_maps_rbl reject_sender_login_mismatch reject_authenticated_sender_login_mismatch"
    " reject_known_sender_login_mismatch reject_unauthenticated_sender_login_mismatch".split()
)
ACCESS = re.compile(
    r"check_(?:(client|reverse_client_hostname|helo|sender|recipient)(_mx|_ns|_a)?|ccert|sasl|etrn)_access\Z"
)
# smtpd(8) stops when it meets none of these in either list ("specify at least one working instance of").
_REQUIRED = (
    "reject_unauth_destination",
    "defer_unauth_destination",
    "reject",
    "defer",
    "defer_if_permit",
    "check_relay_domains",
)
# Those that Postfix 3.9 took away, where they are a server configuration error, with what takes their place.
_GONE_SINCE_3_9 = {
    "permit_naked_ip_address": "permit_mynetworks or permit_sasl_authenticated",
    "check_relay_domains": "reject_unauth_destination",
    "reject_maps_rbl": "reject_rbl_client with a domain",
}
_PASSING_ACTIONS = ("DUNNO", "HOLD", "FILTER", "REDIRECT", "BCC", "PREPEND", "INFO", "WARN", "DEFER_IF_REJECT")
# DISCARD takes the mail and throws it away.
_REFUSING_ACTIONS = ("REJECT", "DEFER", "HANGUP", "DISCARD")
_PERMITTING_ACTIONS = ("OK", "RELAY")

LISTS = (
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
)
DECIDING = ("smtpd_relay_restrictions", "smtpd_recipient_restrictions")

# Where distributions keep the certificates of all public authorities.
_SYSTEM_AUTHORITIES = re.compile(r"/etc/(ssl/certs|pki/tls|pki/ca-trust|ssl/cert\.pem)|/usr/share/ca-certificates")

# What a look-up that fails counts as (check_domain_access()).
_SERVER_ERROR = "451 4.3.5 Server configuration error"
# generic_checks() and check_table_result() stop at 100 levels.
_MAXIMUM_DEPTH = 20
# No address and no name that a client gives is longer (RFC 5321, section 4.5.3.1).
_LONGEST_KEY = 512
# Keys of one table that are tried, and combinations of what a stranger may say of himself.
_MAXIMUM_KEYS = 8
_MAXIMUM_STRANGERS = 3000

_DOMAIN = STRANGE + ".com"
# What a certificate that nobody here knows is looked up as.
_FINGERPRINT_KEYS = [("00:" * 31 + "00", True)]
# Of the internet, in different parts of it.
_ADDRESSES = ("8.41.0.4", "81.2.69.142", "185.60.216.35", "2600:1::9")


class Restrictions(object):
    """The access restrictions of one smtpd(8), as a stranger meets them.

    Args:
        scope: Scope of the service, or of main.cf.
        destinations: Destinations.
        lookups: Lookups.
    """

    def __init__(self, scope, destinations, lookups):
        self.scope = scope
        self._destinations = destinations
        self._lookups = lookups
        self.lists = dict((name, split_list(scope.get(name) or "")) for name in LISTS)
        self.classes = dict(
            (name, split_list(scope.get(name) or ""))
            for name in split_list(scope.get("smtpd_restriction_classes") or "")
        )
        delayed = (scope.get("smtpd_delay_reject") or "yes").lower() == "yes"
        self._stages = (
            _Stage(LISTS[0], "check_client_access", delayed),
            _Stage(LISTS[1], "check_helo_access", delayed),
            _Stage(LISTS[2], "check_sender_access", delayed),
            _Stage(LISTS[3], "check_recipient_access", True),
            _Stage(LISTS[4], "check_recipient_access", True),
            # With two recipients, Postfix shows none to these lists; and a bare table is an error there.
            _Stage(LISTS[5], None, False),
            _Stage(LISTS[6], None, False),
        )
        self._bare_parents = matches_subdomains(scope, "smtpd_access_maps")
        self._permits = []
        self._outcomes = {}
        self._deferred = False
        self._kinds = None
        self._read = {}

    # Who may come

    def _strangers(self, recipient, trusted):
        """iterable of Stranger: every kind that can come here; what the tables name is tried too."""
        if self._kinds is None:
            self._kinds = self._all_kinds()
        helos, senders, certificates, names, addresses = self._kinds
        if trusted:
            names, addresses = ["localhost"], ["127.0.0.1"]
        kinds = itertools.product(helos, senders, certificates, names, addresses)
        for helo, sender, certificate, name, address in itertools.islice(kinds, _MAXIMUM_STRANGERS):
            yield Stranger(helo, sender, certificate, name, address, recipient, trusted)

    def _all_kinds(self):
        helos, senders, names, addresses = ["a." + _DOMAIN], ["a@" + _DOMAIN], ["a." + _DOMAIN], [_ADDRESSES[0]]
        if not self.scope.is_yes("smtpd_helo_required"):
            helos.append(None)
        if any("permit_naked_ip_address" in [item.lower() for item in items] for _listed, items in self._all_lists()):
            helos.append(_ADDRESSES[0])
        # Only a table tells one name, address or sender from another.
        for _listed, restriction, specification in self._accesses():
            what = ACCESS.match(restriction).group(1)
            if not self._is_known_table(specification):
                continue
            if what == "helo":
                helos += self._keys_of(what, specification)
            elif what == "sender":
                senders += [""] + self._keys_of(what, specification)
            elif what in ("client", "reverse_client_hostname"):
                keys = self._keys_of(what, specification)
                names += [None] + [key for key in keys if not parse_address(key)]
                addresses += list(_ADDRESSES[1:]) + [key for key in keys if parse_address(key)]
        asked = self.scope.is_yes("smtpd_tls_ask_ccert") or self.scope.is_yes("smtpd_tls_req_ccert")
        return (
            _unique(helos),
            _unique(senders),
            (False, True) if asked else (False,),
            _unique(names),
            _unique(addresses),
        )

    def _is_known_table(self, specification):
        try:
            return self._lookups.table(specification).known
        except SyntaxProblem:
            return True

    def _steps(self, items, table):
        """list of (str or None, str or None): see ``_steps``; of a list of the configuration, read once."""
        key = (tuple(items), table)
        if key not in self._read:
            self._read[key] = list(_steps(items, table))
        return self._read[key]

    def _accesses(self):
        """iterable of (str, str, str): list, restriction and table of each access check, in classes too."""
        stages = dict((stage.name, stage.table) for stage in self._stages)
        for listed, items in sorted(self.lists.items()) + sorted(self.classes.items()):
            for name, argument in self._steps(items, stages.get(listed) or "check_recipient_access"):
                if ACCESS.match(name.lower()) and argument:
                    yield listed, name.lower(), argument

    def _keys_of(self, what, specification):
        """list of str: what a stranger may say of himself so that a table lets him in."""
        try:
            table = self._lookups.table(specification)
        except SyntaxProblem:
            return []
        found = []
        for key, value in itertools.chain(table.entries(), table.examples()):
            usable = len(key) <= _LONGEST_KEY and self._action_of(value) not in _REFUSING_ACTIONS
            if usable and len(found) < _MAXIMUM_KEYS:
                found += _claims(what, key)
        if what == "client":
            found += [
                network.address
                for network in table.networks()
                if not network.single and not closed_to_strangers(network)
            ][:_MAXIMUM_KEYS]
        return found

    # What becomes of him

    def way_in(self, recipient="a@" + _DOMAIN, trusted=False):
        """list of str or None: None when every stranger is refused, else the restrictions that let one through.

        Args:
            recipient: str, an address.
            trusted: bool, whether the stranger is taken for a client of mynetworks.
        """
        for stranger in self._strangers(recipient, trusted):
            self._permits, self._deferred = [], False
            if not any(self._refuses(stage, stranger) for stage in self._stages):
                return self._permits
        return None

    def _refuses(self, stage, stranger):
        if stage.name == "smtpd_helo_restrictions" and stranger.helo is None:
            return False
        if stage.name in ("smtpd_data_restrictions", "smtpd_end_of_data_restrictions"):
            self._deferred = False
        self._outcomes = {}
        outcome = self._run(self.lists[stage.name], stage, stranger, 0, False)
        if outcome in (REJECT, BROKEN):
            return True
        # What defers is kept from list to list until the recipient is decided on.
        final = stage.name not in LISTS[:4]
        return final and self._deferred

    def _run(self, items, stage, stranger, depth, lenient):
        """str or None: the outcome of a list, None when it says nothing."""
        if depth > _MAXIMUM_DEPTH:
            return BROKEN
        softened = lenient
        for name, argument in self._steps(items, stage.table):
            if name.lower() == "warn_if_reject":
                softened = True
                continue
            outcome = self._one(name, argument, stage, stranger, depth, softened)
            if outcome == PERMIT and stage.name in DECIDING and depth == 0:
                words = "{0} {1}".format(name, argument) if argument else name
                if name.lower() == "check_policy_service":
                    words += " ({0} while it does not answer)".format(self.default_action(argument))
                self._permits.append(words)
            if outcome == REJECT and softened:
                outcome = None
            softened = lenient
            if outcome:
                return outcome
        return None

    def _one(self, name, argument, stage, stranger, depth, lenient):
        restriction = name.lower()
        if _argument_problem(name, argument) or self._is_gone(restriction):
            return BROKEN
        if ACCESS.match(restriction):
            return self._access(restriction, argument, stage, stranger, depth, lenient)
        if restriction == "permit":
            return PERMIT
        if restriction in ("reject", "defer"):
            return REJECT
        if restriction == "defer_if_permit":
            self._deferred = self._deferred or not lenient
            return None
        if restriction in ("reject_unauth_destination", "defer_unauth_destination", "check_relay_domains"):
            return REJECT if stage.recipient and not self._is_ours(stranger) else None
        if restriction == "permit_auth_destination":
            return PERMIT if stage.recipient and self._is_ours(stranger) else None
        if restriction in ("permit_mynetworks", "permit_inet_interfaces"):
            return PERMIT if stranger.trusted else None
        if restriction == "permit_naked_ip_address":
            return PERMIT if stranger.helo and not stranger.helo.strip("0123456789.:") else None
        if restriction == "permit_tls_all_clientcerts":
            return PERMIT if stranger.certificate and self._trusts_public_authorities() else None
        if restriction == "permit_tls_clientcerts":
            return PERMIT if stranger.certificate and self._knows_all_certificates() else None
        if restriction == "check_policy_service":
            return self._unanswered(argument, stage, stranger, depth, lenient)
        if restriction in WITH_ARGUMENT or restriction in WITHOUT_ARGUMENT:
            return None
        if name in self.classes:
            # What it defers is kept already when it comes again.
            key = (name, depth, lenient)
            if key not in self._outcomes:
                self._outcomes[key] = self._run(self.classes[name], stage, stranger, depth + 1, lenient)
            return self._outcomes[key]
        # Postfix knows no such restriction.
        return BROKEN

    def _unanswered(self, server, stage, stranger, depth, lenient):
        """str or None: PERMIT where strangers come in while a policy server does not answer; what it answers nobody knows."""
        deferred = self._deferred
        outcome = self._action(self.default_action(server), stage, stranger, depth, lenient)
        self._deferred = deferred
        return PERMIT if outcome == PERMIT else None

    def default_action(self, server):
        """str: what smtpd(8) does where a policy server does not answer.

        Args:
            server: str, the argument of C(check_policy_service).
        """
        parts = split_list(inside(server) or "") if server.startswith("{") else []
        for part in reversed(parts):
            name, equals, value = part.strip("{} ").partition("=")
            if equals and name.strip() == "default_action":
                return value.strip()
        return self.scope.get("smtpd_policy_service_default_action") or ""

    def _is_gone(self, restriction):
        return restriction in _GONE_SINCE_3_9 and self.scope.host.version >= (3, 9)

    def _is_ours(self, stranger):
        return self._destinations.class_of(stranger.recipient.partition("@")[2]) is not None

    def _trusts_public_authorities(self):
        if self.scope.is_yes("tls_append_default_CA"):
            return True
        names = [self.scope.get(name) or "" for name in ("smtpd_tls_CAfile", "smtpd_tls_CApath")]
        return any(_SYSTEM_AUTHORITIES.match(name) for name in names)

    def _knows_all_certificates(self):
        # A look-up that fails lets nobody in.
        return any(
            answer != _SERVER_ERROR
            for item in split_list(self.scope.get("relay_clientcerts") or "")
            for answer in self._find(item, _FINGERPRINT_KEYS)
        )

    def _find(self, specification, keys):
        """list of str: the possible answers of a table to the first of some keys that is in it.

        Args:
            specification: str, the table.
            keys: list of (str, bool): key, and whether it is a whole one.
        """
        try:
            table = self._lookups.table(specification)
            for key, whole in keys:
                answers = table.find(key) if whole or table.partial else []
                if answers is None:
                    return []
                if answers:
                    # Postfix takes an empty answer for a fault of the table.
                    return [answer or _SERVER_ERROR for answer in answers]
        except SyntaxProblem:
            return [_SERVER_ERROR]
        return []

    def _access(self, restriction, table, stage, stranger, depth, lenient):
        """The outcome of an access(5) table."""
        keys = self._keys(restriction, stage, stranger)
        answers = self._find(table, keys) if keys else []
        outcomes = [self._action(answer.strip(), stage, stranger, depth, lenient) for answer in answers]
        kind = ACCESS.match(restriction)
        if kind.group(2) or kind.group(1) == "reverse_client_hostname":
            # "this is not allowed for security reasons": a server configuration error.
            outcomes = [BROKEN if outcome == PERMIT else outcome for outcome in outcomes]
        # Where a table answers at random, a stranger comes again until he likes the answer.
        for outcome in (PERMIT, None, REJECT):
            if outcome in outcomes:
                return outcome
        return BROKEN if outcomes else None

    def _keys(self, restriction, stage, stranger):
        """list of (str, bool): what Postfix looks up, in order; whole keys, and parts that only some tables are asked for."""
        what, record = ACCESS.match(restriction).groups()
        if restriction == "check_ccert_access":
            return _FINGERPRINT_KEYS if stranger.certificate else []
        if not what:
            # No stranger has logged in, and ETRN sends nothing.
            return []
        if what == "helo":
            text = stranger.helo or ""
        elif what == "recipient":
            text = stranger.recipient if stage.recipient else ""
        elif what == "sender":
            text = stranger.sender or ("" if record else "<>")
        else:
            text = stranger.name or ("" if record else "unknown")
        if not text:
            return []
        if record:
            # The stranger has his domain's name servers, or the recipient theirs.
            return [("ns." + _DOMAIN, True)] + self._address_keys(_ADDRESSES[0])
        if what in ("sender", "recipient") and text != "<>":
            user, _at, domain = text.partition("@")
            return [(text, True), (domain, False)] + self._parents(domain) + [(user + "@", False)]
        keys = [(text, True)] + self._parents(text)
        return keys + (self._address_keys(stranger.address) if what in ("client", "reverse_client_hostname") else [])

    def _parents(self, domain):
        return [(parent, False) for parent in parents(domain, self._bare_parents)]

    @staticmethod
    def _address_keys(address):
        delimiter = ":" if ":" in address else "."
        parts = address.split(delimiter)
        return [(address, True)] + [(delimiter.join(parts[:count]), False) for count in range(len(parts) - 1, 0, -1)]

    @staticmethod
    def _action_of(text):
        """str: the first word of a table's answer."""
        return text.split(None, 1)[0].upper() if text.strip() else ""

    def _action(self, text, stage, stranger, depth, lenient):
        """The outcome of a table's answer (access(5))."""
        word = self._action_of(text)
        # A number alone is a time stamp and permits; a reply code needs a text after it.
        if word in _PERMITTING_ACTIONS or re.match(r"[0-9]+\Z", text):
            return PERMIT
        if word in _REFUSING_ACTIONS or re.match(r"[45][0-9][0-9]\Z", word):
            return REJECT
        if word == "DEFER_IF_PERMIT":
            self._deferred = self._deferred or not lenient
            return None
        if word in _PASSING_ACTIONS:
            return None
        if ":" in text:
            # A table in the answer of a table is a server configuration error.
            return BROKEN
        return self._run(split_list(text), stage, stranger, depth + 1, lenient)

    # What smtpd(8) cannot read

    def has_required(self):
        """bool: whether smtpd(8) finds what it insists on, in either of the two deciding lists."""
        return any(self._has_required(self.lists[name], 0, {}) for name in DECIDING)

    def _class_has_required(self, name, depth, known):
        if depth < _MAXIMUM_DEPTH and name not in known:
            known[name] = False
            known[name] = self._has_required(self.classes[name], depth + 1, known)
        return known.get(name, False)

    def _has_required(self, items, depth, known):
        skip = False
        for position, name in enumerate(items):
            if skip:
                skip = False
                continue
            lower = name.lower()
            if lower == "warn_if_reject" and position + 1 < len(items):
                skip = True
            elif lower == "permit":
                return False
            elif lower in _REQUIRED or name in self.classes and self._class_has_required(name, depth, known):
                return True
        return False

    def unknown(self):
        """list of (str, str, str or None): list, name and table of each restriction that Postfix does not know."""
        found = []
        stages = dict((stage.name, stage.table) for stage in self._stages)
        for listed, items in self._all_lists():
            for name, argument in self._steps(items, stages.get(listed)):
                if name and argument is None and not self._is_known(name):
                    found.append((listed, name, None))
        for listed, _restriction, specification in self._accesses():
            for value in self._values(specification):
                for name in self._unknown_in(value):
                    found.append((listed, name, specification))
        return found

    def _is_known(self, name):
        lower = name.lower()
        return lower in WITHOUT_ARGUMENT or lower in WITH_ARGUMENT or bool(ACCESS.match(lower)) or name in self.classes

    def _values(self, specification):
        try:
            return self._lookups.table(specification).values()
        except SyntaxProblem:
            return []

    def _unknown_in(self, value):
        """list of str: words in a table's answer that are neither an action nor a restriction."""
        word = self._action_of(value)
        actions = _PERMITTING_ACTIONS + _REFUSING_ACTIONS + _PASSING_ACTIONS + ("DEFER_IF_PERMIT",)
        if word in actions or re.match(r"[0-9]+\Z", value) or "$" in value or ":" in value:
            return []
        if re.match(r"[45][0-9][0-9]\Z", word):
            return []
        return [
            name for name, argument in _steps(split_list(value), None) if argument is None and not self._is_known(name)
        ]

    def unusable(self):
        """list of (str, str, str): list, what is wrong and the fix, of what smtpd(8) answers with 451 or stops at."""
        found = []
        stages = dict((stage.name, stage.table) for stage in self._stages)
        stages.update((name, "check_recipient_access") for name in self.classes)
        for listed, items in self._all_lists():
            for name, argument in self._steps(items, stages[listed]):
                problem = _argument_problem(name, argument)
                if problem:
                    found.append((listed,) + problem)
                elif name.lower() in _GONE_SINCE_3_9 and self._is_gone(name.lower()):
                    message = "{0} is gone since Postfix 3.9".format(name)
                    found.append((listed, message, "write {0}".format(_GONE_SINCE_3_9[name.lower()])))
        circles = self._in_circles()
        for name, items in sorted(self.classes.items()):
            if not items:
                found.append(
                    ("smtpd_restriction_classes", "the class {0} is not defined".format(name), "set {0}".format(name))
                )
            elif name in circles:
                found.append((name, "the class {0} names itself".format(name), "take it out of its own list"))
        for listed, restriction, specification in self._accesses():
            kind = ACCESS.match(restriction)
            for value in self._values(specification):
                if not value.strip():
                    found.append(
                        (
                            listed,
                            "{0} has an empty answer".format(shown(listed, specification)),
                            "answer OK, DUNNO or REJECT",
                        )
                    )
                permits = self._action_of(value) in _PERMITTING_ACTIONS or value.lower() == "permit"
                if permits and (kind.group(2) or kind.group(1) == "reverse_client_hostname"):
                    found.append(
                        (
                            listed,
                            "{0} {1} answers {2}, which is not allowed there".format(
                                restriction, shown(listed, specification), value
                            ),
                            "answer DUNNO",
                        )
                    )
                elif ":" in value and self._action(value, self._stages[3], _NOBODY, _MAXIMUM_DEPTH, False) == BROKEN:
                    found.append(
                        (
                            listed,
                            "{0} answers with a table".format(shown(listed, specification)),
                            "answer with the name of a class of smtpd_restriction_classes",
                        )
                    )
        return found

    def _in_circles(self):
        """set of str: the classes that name themselves, by way of others too; Tarjan's algorithm, one look at each class."""
        found, numbers, lowest, path, open_ones = set(), {}, {}, [], set()
        for start in self.classes:
            waiting = [] if start in numbers else [(start, None)]
            while waiting:
                name, items = waiting.pop()
                if items is None:
                    numbers[name] = lowest[name] = len(numbers)
                    path.append(name)
                    open_ones.add(name)
                    items = iter([item for item in self.classes[name] if item in self.classes])
                for item in items:
                    if item not in numbers:
                        waiting += [(name, items), (item, None)]
                        break
                    if item in open_ones:
                        lowest[name] = min(lowest[name], numbers[item])
                else:
                    if waiting:
                        above = waiting[-1][0]
                        lowest[above] = min(lowest[above], lowest[name])
                    if lowest[name] == numbers[name]:
                        circle = [path.pop()]
                        while circle[-1] != name:
                            circle.append(path.pop())
                        open_ones.difference_update(circle)
                        if len(circle) > 1 or name in self.classes[name]:
                            found.update(circle)
        return found

    def _all_lists(self):
        return sorted(self.lists.items()) + sorted(self.classes.items())

    def mentions(self, restriction):
        """str or None: the list in which a restriction stands."""
        for name in DECIDING:
            if restriction in [item.lower() for item in self.lists[name]]:
                return name
        return None


def _unique(items):
    return [item for position, item in enumerate(items) if item not in items[:position]]


_NOBODY = Stranger(None, "", False, None, _ADDRESSES[0], "a@" + _DOMAIN, False)


def _steps(items, table):
    """iterable of (str or None, str or None): the restrictions of a list, with their arguments, as generic_checks() takes them.

    The name is None for a bare table where none may stand; the argument is empty where it is missing.
    """
    position = 0
    while position < len(items):
        name = items[position]
        position += 1
        if ":" in name:
            yield table, name
        elif name.lower() in WITH_ARGUMENT or ACCESS.match(name.lower()):
            yield name, items[position] if position < len(items) else ""
            position += 1
        else:
            yield name, None


def _argument_problem(name, argument):
    """(str, str) or None: what is wrong with the argument of a restriction, and the fix; Postfix then answers 451."""
    if name is None:
        return "{0}: no table may stand alone here".format(
            argument
        ), "name the check in front, check_client_access for one"
    lower = name.lower()
    if ACCESS.match(lower) and ":" not in (argument or ""):
        return "{0} needs a table, not '{1}'".format(name, argument or ""), "write {0} type:name".format(name)
    if lower == "check_policy_service" and ":" not in argument:
        return "{0} needs a server, not '{1}'".format(name, argument), "write {0} inet:host:port".format(name)
    if lower == "check_policy_service":
        return _policy_problem(argument)
    if lower in _LIST_WITH_DOMAIN and "=" in argument and not _is_address_pattern(argument.partition("=")[2]):
        return (
            "{0}: behind the equals sign is no pattern for the answer of the list".format(argument),
            "write four numbers from 0 to 255, or ranges in brackets: 127.0.0.[2..11]",
        )
    if lower == "sleep" and not argument.isdigit():
        return "sleep needs a number of seconds, not '{0}'".format(argument), "write sleep 1"
    return None


def _policy_problem(argument):
    """(str, str) or None: what is wrong with the server of check_policy_service and its settings (smtpd_check.c, inet_connect.c)."""
    parts = split_list(inside(argument) or "") if argument.startswith("{") else [argument]
    if not parts:
        return "check_policy_service has nothing in its braces", "write { inet:host:port, timeout=10s }"
    kind, _colon, rest = parts[0].rpartition("inet:")
    if _colon and not kind and ("." in rest or rest.startswith("[")) and not re.search(r":[^:\]]+\Z", rest):
        return "{0} has no port".format(parts[0]), "write inet:host:port"
    for part in parts[1:]:
        name = part.strip("{} ").partition("=")[0].strip()
        if name not in _POLICY_SETTINGS:
            return "check_policy_service has no setting {0}".format(name), "use {0}".format(", ".join(_POLICY_SETTINGS))
    return None


def _is_address_pattern(text):
    """bool: whether these are four numbers, or lists of numbers and ranges in brackets (ip_match.c)."""
    if not _ADDRESS_PATTERN.match(text):
        return False
    ranges = re.findall(r"([0-9]+)(?:\.\.([0-9]+))?", text)
    return all(int(first) <= int(last or first) <= 255 for first, last in ranges)


def _claims(what, key):
    """list of str: what a stranger says of himself so that Postfix looks up a key of an access(5) table."""
    if what == "client":
        bare = key.strip(".")
        if re.match(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}\Z", key):
            address = ".".join((key.split(".") + ["7", "7", "7"])[:4])
            network = parse_address(address)
            return [address] if network and not closed_to_strangers(network) else []
        return ["{0}.{1}".format(STRANGE, bare)] if is_public_domain(bare) else []
    if what == "helo":
        return ["a" + key if key.startswith(".") else key]
    if key == "<>":
        return []
    if key.endswith("@"):
        return [key + _DOMAIN]
    if "@" in key:
        return [key]
    return ["a@a" + key if key.startswith(".") else "a@" + key]
