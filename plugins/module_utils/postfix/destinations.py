# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which domains reject_unauth_destination takes as this host's own, and which of their users are known.

ADDRESS_CLASS_README; resolve.c, match_ops.c and check_rcpt_maps() in smtpd_check.c of Postfix. The classes are told by
trivial-rewrite(8), so that C(-o) of smtpd has no say in them; the users are looked up by smtpd(8) itself.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.public_domains import is_public_domain
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import program
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import ConfigText
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import SyntaxProblem

# List of domains -> table of its users, in the order in which they count.
CLASSES = (
    ("mydestination", "local_recipient_maps"),
    ("virtual_alias_domains", None),
    ("virtual_mailbox_domains", "virtual_mailbox_maps"),
    ("relay_domains", "relay_recipient_maps"),
)
# The one of these lists that is compared with the domains above one too (domain_list(3)); the others are string_list(3).
_WITH_PARENTS = "relay_domains"
# Labels that nobody has: what matches one of these matches every name there. Short, for patterns that backtrack.
STRANGE = "qzj7x"
_STRANGE_DOMAINS = tuple(STRANGE + ending for ending in (".com", ".net", ".org", ".de", ".co.uk", ".info"))
# Tables of addresses that are rewritten: whoever is in one of them is known.
_REWRITING = ("recipient_canonical_maps", "canonical_maps", "virtual_alias_maps")
_TABLE = re.compile(r"[a-z][a-z0-9_]*:")


def matches_subdomains(scope, name):
    """bool: whether C(example.com) in this list stands for its subdomains too."""
    return name in split_list(scope.get("parent_domain_matches_subdomains") or "")


def rewrite_scope(main_scope, services):
    """Scope: of the trivial-rewrite(8) that tells the classes of addresses, or of main.cf."""
    for service in services:
        if program(service) == "trivial-rewrite" and service["options"]:
            return main_scope.of(service)
    return main_scope


def parents(domain, bare):
    """list of str: the domains above one, as C(com) when bare, else as C(.com)."""
    labels = domain.split(".")
    return [("" if bare else ".") + ".".join(labels[start:]) for start in range(1, len(labels))]


class Destinations(object):
    """The classes of addresses.

    Args:
        scope: Scope of trivial-rewrite(8).
        lookups: Lookups.
    """

    def __init__(self, scope, lookups):
        self.scope = scope
        self._lookups = lookups
        self._items = dict((name, self._listed(split_list(scope.get(name) or ""), set())) for name, _users in CLASSES)
        self._bare = matches_subdomains(scope, _WITH_PARENTS)
        self._broad = None
        self._known = {}

    def _listed(self, items, read):
        """list of str: the elements of a list, those of files that it names too.

        Args:
            items: list of str.
            read: set of str, the files that stand before: what they hold again changes nothing.
        """
        found, waiting = [], items[::-1]
        while waiting:
            item = waiting.pop()
            if not item.startswith("/"):
                found.append(item)
            elif item not in read:
                read.add(item)
                lines = ConfigText(self._lookups.text(item) or "", item).logical_lines()
                waiting += [part for line in lines for part in split_list(line.folded())][::-1]
        return found

    def items(self, name):
        """list of str: the elements of a list of domains."""
        return self._items[name]

    def class_of(self, domain):
        """str or None: the list that a domain is in; None for none of which that can be told."""
        if domain not in self._known:
            names = (name for name, _users in CLASSES if self._element(name, domain) is not None)
            self._known[domain] = next(names, None)
        return self._known[domain]

    def takes_strangers(self):
        """bool: whether the domain of a stranger is in one of the lists, so that there is no other one to relay to."""
        return self.class_of(_STRANGE_DOMAINS[0]) is not None

    def _element(self, name, domain):
        above = parents(domain, self._bare) if name == _WITH_PARENTS else []
        for item in self._items[name]:
            pattern = item.lstrip("!")
            if self._matches(pattern, domain, above):
                return None if (len(item) - len(pattern)) % 2 else item
        return None

    def _matches(self, pattern, domain, above):
        if not _TABLE.match(pattern):
            return pattern.lower() == domain or pattern.lower() in above
        try:
            table = self._lookups.table(pattern)
            return any(table.find(key) for key in [domain] + (above if table.partial else []))
        except SyntaxProblem:
            return False

    def broad(self):
        """dict: list -> (str, list of str): a domain that is nobody's and yet in it, and the elements that say so."""
        if self._broad is None:
            self._broad = {}
            for domain in self._probes():
                name = self.class_of(domain)
                if name is not None:
                    elements = self._broad.setdefault(name, (domain, []))[1]
                    if self._element(name, domain) not in elements:
                        elements.append(self._element(name, domain))
        return self._broad

    def _probes(self):
        """list of str: domains that nobody here owns, and that the lists may yet match."""
        tables = [
            item.lstrip("!") for items in self._items.values() for item in items if _TABLE.match(item.lstrip("!"))
        ]
        probes = list(_STRANGE_DOMAINS) if tables else []
        for item in self._items[_WITH_PARENTS]:
            keys = [item]
            if _TABLE.match(item):
                try:
                    keys = [key for key, _value in self._lookups.table(item).entries()]
                except SyntaxProblem:
                    keys = []
            probes += [
                "{0}.{1}".format(STRANGE, key.strip(".").lower())
                for key in keys
                if is_public_domain(key) and (key.startswith(".") or self._bare)
            ]
        return probes

    def refuses_user(self, scope, recipient):
        """bool or None: whether smtpd(8) refuses a recipient as one that is not known; None when it cannot be told.

        Args:
            scope: Scope of smtpd(8).
            recipient: str, an address.
        """
        name = self.class_of(recipient.partition("@")[2])
        known = [self._is_listed(scope.get(table), recipient) for table in _REWRITING]
        if True in known:
            return False
        users = dict(CLASSES).get(name)
        if name != "virtual_alias_domains":
            value = scope.get(users) if users else ""
            if value == "":
                return False
            known.append(self._is_listed(value, recipient))
        if True in known:
            return False
        return None if None in known else True

    def _is_listed(self, value, recipient):
        user, _at, domain = recipient.partition("@")
        found = False
        for item in split_list(value or ""):
            try:
                table = self._lookups.table(item)
                keys = [recipient] + ([user, "@" + domain] if table.partial else [])
                answers = [table.find(key) for key in keys]
            except SyntaxProblem:
                answers = [None]
            if any(answers):
                return True
            if None in answers:
                found = None
        return found
