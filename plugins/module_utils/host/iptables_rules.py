# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one set of iptables rules, known by its comment, into the state asked for: saved file and kernel.

In the kernel, C(iptables-restore --noflush) deletes and inserts single rules as one transaction: all of them or
none, and every other rule keeps its place and its counters. That is so for both variants of iptables, legacy and
nft (tried with 1.8.7, 1.8.9 and 1.8.11). The saved file is edited, not replaced by what iptables-save prints: that
would freeze the rules into it which other programs have only in the kernel.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    FAMILY_NAMES,
    OPEN_TO_STRANGERS,
    strangers,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer, diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_guard import (
    ACCEPT,
    OPEN,
    Chains,
    Packet,
    SshGuard,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_model import (
    EMPTY_TABLE,
    Placed,
    batch,
    divide,
    entry_rule,
    join,
    parse_ports,
    parse_sources,
    place,
    rewrite,
    rule_entry,
    same,
    wanted_entries,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import (
    FAMILIES,
    LONGEST_CHAIN,
    LONGEST_COMMENT,
    Document,
    RulesError,
    parse_rule,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, are_texts, locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import WHOLE, check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    has_stale,
    remove_stale,
)

# Other programs may add rules between our reading and writing; then the place is looked for again.
_ATTEMPTS = 3

Request = namedtuple(
    "Request", "name state chain sources ports exclusive saved_file_ipv4 saved_file_ipv6 allow_ssh_lockout owner"
)

_SECTION = "iptables_rules"
_THERE = "there"


def converge(iptables, request, access, label=None, check_mode=False):
    """Bring a set of rules into the state asked for.

    Args:
        iptables: ``Iptables``.
        request: ``Request``; the lists and the files may be None.
        access: ``ssh.SshAccess``.
        label: callable or None, see ``transaction.Transaction``.
        check_mode: bool.

    Returns:
        dict: the module's result: changed, diff, rules, saved_files, calls, up_to_date, warnings.

    Raises:
        RelayError: refused before anything was changed; or failed, and put back what was there.
    """
    _check_names(request)
    check_request(request.owner, "present" if request.owner is None else request.state)
    networks, ports = parse_sources(request.sources or []), parse_ports(request.ports or [])
    if request.state == "present":
        _refuse_everybody(request, networks)
    installed = iptables.installed()
    if not installed and not check_mode and request.state == "present":
        raise RulesError(
            "{0}: iptables-restore is not there: install iptables, or leave the rules to the firewall that this host "
            "runs".format(_title(request))
        )
    paths = _saved_files(iptables, request) if installed else {}
    if installed and not paths and not check_mode and request.state == "present":
        raise RulesError(
            "{0}: nothing here loads saved rules at boot, so the rules would be lost then: install "
            "iptables-persistent or iptables-services, or name the files in saved_file_ipv4 and "
            "saved_file_ipv6".format(_title(request))
        )
    directories = sorted(set(os.path.dirname(path) for path in paths.values()))
    for directory in directories:
        if not os.path.isdir(directory):
            raise RulesError(
                "{0}: there is no directory {1} for the saved rules: create it, or name other files in "
                "saved_file_ipv4 and saved_file_ipv6".format(_title(request), directory)
            )
    if check_mode or not installed:
        return _run(iptables, request, networks, ports, SshGuard(access), installed, paths)
    # The kernel's rules are one, whichever files they are saved in.
    with Lock(iptables.lock_directory()), locked(request.owner):
        remove_stale(directories)
        return _run(iptables, request, networks, ports, SshGuard(access), installed, paths, label, True)


def _run(iptables, request, networks, ports, guard, installed, paths, label=None, real=False):
    """dict: the result, after the sets that the owner no longer names, and then the one that is named."""
    owned = Owned(request.owner, _SECTION, fits=_fits)
    others = {}
    for thing, key in owned.claims.left_out() if owned.claims is not None else ():
        others[thing] = owned.claims.how(thing, key)
    others.pop(_thing(request), None)
    if others and not installed:
        raise RulesError(
            "{0}: iptables is not there, so what {1} has set cannot be given back: install it, or leave it".format(
                _title(request), request.owner
            )
        )
    changes = [
        _Change(iptables, request._replace(state="absent", chain=how["chain"], name=how["name"]), [], [], guard, owned)
        for _thing_of, how in sorted(others.items())
    ]
    changes.append(_Change(iptables, request, networks, ports, guard, owned))
    for change in changes:
        change.prepare(installed, paths)
    results = []
    with Transaction(label) as record:
        try:
            if real:
                owned.begin(record)
            for change in changes:
                with Transaction(label) as transaction:
                    done = (lambda: owned.finish(record)) if change is changes[-1] else None
                    results.append(change.run(transaction if real else None, done, len(changes) > 1))
        except BaseException:
            record.roll_back()
            raise
    result = dict(results[-1], changed=any(one["changed"] for one in results))
    left = not real and has_stale([os.path.dirname(path) for path in paths.values()] + owned.directories)
    result["up_to_date"] = not (result["changed"] or owned.changed or left)
    result["diff"] = [diff for one in results for diff in one["diff"]]
    result["warnings"] = [text for one in results for text in one["warnings"]] + owned.warnings()
    if request.owner is not None and request.state == "absent":
        result["warnings"] += owned.nothing_known()
    return result


def _refuse_everybody(request, networks):
    found = strangers(networks)
    if found:
        raise RulesError(
            "{0}: its source {1} {2}".format(
                _title(request),
                ", ".join(str(network) for network in found[:4]) + (" and more" if found[4:] else ""),
                OPEN_TO_STRANGERS,
            )
        )


def _title(request):
    return "rules {0!r}".format(request.name)


def _fits(_thing_of, key, entry):
    """bool: whether an entry of a record is as ``_Change`` records it."""
    how = entry["how"]
    return key != WHOLE and are_texts([how["chain"], how["name"]]) and are_texts(how["made"])


def _thing(request):
    return "chain {0}, {1}".format(request.chain, _title(request))


def _check_names(request):
    if not re.match(r"^[ -~]{1,%d}\Z" % LONGEST_COMMENT, request.name):
        raise RulesError(
            "name {0!r} cannot be the comment of a rule: use 1 to {1} printable ASCII characters".format(
                request.name, LONGEST_COMMENT
            )
        )
    if not re.match(r"^[A-Za-z0-9_][^\s\"'\\!]{0,%d}\Z" % (LONGEST_CHAIN - 1), request.chain):
        raise RulesError(
            "chain {0!r} is not the name of a chain: use 1 to {1} letters, digits, - and _".format(
                request.chain, LONGEST_CHAIN
            )
        )
    if request.chain in ("FORWARD", "OUTPUT"):
        raise RulesError(
            "chain {0}: connections to this host do not pass it: use INPUT, or a chain to which INPUT leads".format(
                request.chain
            )
        )


def _saved_files(iptables, request):
    found = iptables.saved_files()
    for family, path in (("ipv4", request.saved_file_ipv4), ("ipv6", request.saved_file_ipv6)):
        if path is not None:
            found[family] = path
    families = iptables.families()
    return dict((family, os.path.realpath(path)) for family, path in found.items() if family in families)


class _Side(object):
    """The set of rules at one place: in the kernel or in the saved file of one family.

    Args:
        family: str.
        where: str, for messages.
        document: Document or None; None is a file that is not there.
        request: ``Request``.
        entries: list of iptables_model.Entry.
        packets: list of Packet, the connections that are to be let in.
    """

    def __init__(self, family, where, document, request, entries, packets):
        self.family = family
        self.where = where
        self.document = document
        table = document.table() if document is not None else None
        self.policies = dict(table.policies) if table is not None else {}
        self._all = [rule for _line, rule in table.rules] if table is not None else []
        self._request = request
        self._chain = request.chain
        self.foreign, self.before = divide(table.chain(self._chain) if table is not None else [], request.name)
        if entries and self._chain != "INPUT" and self._chain not in self.policies:
            raise RulesError(
                "{0}: there is no chain {1} in {2}: create it first".format(_title(request), self._chain, where)
            )
        chains = self.chains(self.before)
        self._limit = chains.first_closing(packets, self.foreign)
        self.after = place(family, self._chain, request.name, entries, self.before, self._limit)
        self.changes = not same(self.before, self.after)

    def key(self, rule):
        """str: a rule of the set as it is claimed: what it says, however it is written."""
        entry = rule_entry(self.family, rule)
        if entry is not None:
            rule = entry_rule(self.family, self._chain, self._request.name, entry)
        return "{0} {1}".format(FAMILY_NAMES[self.family], rule._replace(counters=None))

    def give_back(self, restored):
        """Have the set be what it would be without an owner.

        Args:
            restored: dict: key -> whether (anything but None) it was there before; rules of others stay.
        """
        self.after = [placed for placed in self.before if restored.get(self.key(placed.rule), _THERE) is not None]
        there = set(self.key(placed.rule) for placed in self.before)
        start = FAMILY_NAMES[self.family] + " "
        for key in sorted(key for key, value in restored.items() if value is not None and key.startswith(start)):
            if key not in there:
                self.after.append(Placed(self._limit, parse_rule(key[len(start) :])))
        self.changes = not same(self.before, self.after)

    def chains(self, own):
        """Chains: as they are with the set in this state."""
        others = [rule for rule in self._all if rule.chain != self._chain]
        return Chains(others + join(self.foreign, own), self.policies)

    def listing(self, own):
        """str: the chain, for a diff."""
        return "".join("{0}\n".format(rule) for rule in join(self.foreign, own))

    def text(self):
        """str: the saved file with the set as asked for."""
        return rewrite(
            self.document if self.document is not None else Document(""), self._chain, self._request.name, self.after
        )


class _Change(object):
    """One change of one set: every side before, every side after, and the way."""

    def __init__(self, iptables, request, networks, ports, guard, owned):
        self._owned = owned
        self._restored = {}
        self._made_files = []
        self._told = []
        self._installed = False
        self._iptables = iptables
        self._request = request
        self._networks = networks
        self._ports = ports
        self._guard = guard
        self._warnings = []
        self._kernel = {}
        self._files = {}
        self._plans = {}
        self._paths = {}

    def prepare(self, installed, paths):
        """Look at everything, and claim what is named.

        Args:
            installed: bool, whether iptables is there.
            paths: dict of str → str, the saved files.

        Raises:
            RelayError.
        """
        self._installed, self._paths = installed, paths
        self._look(installed)
        if self._owned.claims is not None:
            self._claim(self._owned.claims)

    def run(self, transaction, done=None, again=False):
        """Refuse, change.

        Args:
            transaction: Transaction or None; None predicts.
            done: callable or None, the last step of the change, which may fail.
            again: bool, whether another change may have been made since ``prepare``.

        Returns:
            dict.

        Raises:
            RelayError.
        """
        if again:
            self._warnings = list(self._told)
            self._look(self._installed)
        for side in list(self._kernel.values()) + list(self._files.values()):
            if self._request.owner is not None and self._request.state == "absent":
                side.give_back(self._restored)
        for family, side in sorted(self._files.items()):
            if side.changes:
                text = side.text()
                made = self._paths[family] in self._made_files and text == EMPTY_TABLE
                self._plans[family].after = None if made else text
                self._test(family, text)
        if not self._request.allow_ssh_lockout:
            self._refuse_lockout()
        if transaction is not None:
            self._make(transaction, done)
        return self._result()

    # -- what is whose

    def _claim(self, claims):
        """Claim the rules that are named, and find out which others this owner has."""
        thing, request = _thing(self._request), self._request
        sides = list(self._kernel.values()) + list(self._files.values())
        current = dict((side.key(placed.rule), _THERE) for side in sides for placed in side.before)
        left = [key for _thing_of, key in claims.left_out(thing)]
        self._made_files = (
            (claims.how(thing, left[0]) or {}).get("made", [])
            if left
            else [self._paths[family] for family, side in self._files.items() if side.document is None]
        )
        wanted = {}
        if request.state == "present":
            wanted = dict((side.key(placed.rule), _THERE) for side in sides for placed in side.after)
            for key in current:
                # The comment is the set's own: what else carries it goes, and comes back if it was there before us.
                if key not in wanted and (key not in left or claims.before(thing, key)):
                    wanted[key] = None
            wanted.update((key, None) for key in left if key not in wanted and claims.before(thing, key))
        # What a release without a record has left is as it is wanted.
        earlier = not self._owned.known and bool(wanted) and set(wanted) == set(current)
        if earlier:
            self._warn(
                "they were there as {0} wants them, as a release leaves them that kept no record. From now on they are recorded as "
                "{0}'s, and go when they are taken back".format(request.owner)
            )
            self._told = self._warnings[-1:]
        how = {"chain": request.chain, "name": request.name, "made": sorted(self._made_files)}
        self._restored = claims.settle(thing, wanted, current, dict.fromkeys(wanted) if earlier else None, how)
        if request.state == "absent":
            others = sorted(set(current) - set(left))
            if others:
                self._warn("what somebody else has given this comment stays: {0}".format("; ".join(others)))
                self._told = self._warnings[-1:]

    # -- looking

    def _entries(self, family):
        if self._request.state == "absent":
            return []
        return wanted_entries(family, self._networks, self._ports, self._request.exclusive)

    def _packets(self, family):
        return [
            Packet(family, entry.network, entry.protocol, entry.first, entry.last)
            for entry in self._entries(family)
            if not entry.closes
        ] or [
            # With no opening of this family, the closing rule comes where everybody is turned away.
            Packet(family, None, entry.protocol, entry.first, entry.last)
            for entry in self._entries(family)
        ]

    def _side(self, family, where, document):
        return _Side(family, where, document, self._request, self._entries(family), self._packets(family))

    def _look(self, installed):
        families = self._iptables.families() if installed else list(FAMILIES)
        if not installed and self._request.state == "present":
            self._warn("iptables is not installed; the rules are predicted for a host without any")
        elif installed and not self._paths:
            self._warn("nothing here loads saved rules at boot yet; only the rules in the kernel are predicted")
        for network in self._networks:
            if network.family not in families:
                self._warn("source {0} is left out: this host has no IPv6".format(network))
        others = []
        for family in families:
            document = Document("")
            if installed:
                document, other = self._iptables.kernel(family)
                others.append(other)
            self._kernel[family] = self._side(family, "the kernel ({0})".format(FAMILY_NAMES[family]), document)
        for family in families:
            if family in self._paths:
                self._files[family] = self._side(family, self._paths[family], self._saved(family))
        if self._request.state == "present":
            self._warn_other_variants(others)
            for family in families:
                self._warn_open(self._kernel[family])
                self._warn_unsaved(family)

    def _saved(self, family):
        path = self._paths[family]
        plan = FilePlan(path, new=(self._iptables.mode_of_new(path), None, None))
        self._plans[family] = plan
        if plan.before is None:
            return None
        try:
            document = Document(plan.before)
        except RulesError as exc:
            raise RulesError("{0}: {1}: {2}; correct the file".format(_title(self._request), path, exc))
        table = document.table()
        if table is not None and table.odd:
            number, line = table.odd[0]
            raise RulesError(
                "{0}: {1}, line {2}: {3!r} is not in the form that iptables-save writes: write chains as "
                "':NAME POLICY [0:0]' and rules as '-A CHAIN ...' lines in their order".format(
                    _title(self._request), path, number + 1, line
                )
            )
        return document

    # -- warnings

    def _warn(self, text):
        self._warnings.append("{0}: {1}".format(_title(self._request), text))

    def _warn_other_variants(self, programs):
        for program in programs:
            if program is not None and self._iptables.has_rules(program):
                self._warn(
                    "the other variant of iptables has rules too, see {0}; they are not managed, and a "
                    "connection must pass both".format(program)
                )

    def _warn_open(self, side):
        chains = side.chains(side.after)
        if self._request.chain != "INPUT" and not chains.jumps_to(self._request.chain):
            self._warn(
                "no rule in {0} leads to chain {1}, so nothing comes to these rules".format(
                    side.where, self._request.chain
                )
            )
        for protocol, first, last in self._ports:
            verdict, rule = chains.verdict(Packet(side.family, None, protocol, first, last), OPEN)
            if verdict != ACCEPT or (rule is not None and rule.comment() == self._request.name):
                continue
            self._warn(
                "port {0}/{1} is open for everybody in {2}: {3}".format(
                    first if first == last else "{0}-{1}".format(first, last),
                    protocol,
                    side.where,
                    "by the rule {0}".format(rule)
                    if rule is not None
                    else "the chain accepts what no rule decides; end it with a REJECT rule, or set exclusive=true",
                )
            )

    def _warn_unsaved(self, family):
        side = self._files.get(family)
        if side is not None and side.document is None and side.after and self._kernel[family].foreign:
            self._warn(
                "{0} is new and has only these rules; other rules that are in the kernel now are not saved "
                "in it".format(side.where)
            )

    # -- refusals

    def _refuse_lockout(self):
        for family in sorted(self._kernel):
            kernel, saved = self._kernel[family], self._files.get(family)
            before = kernel.chains(kernel.before)
            self._refuse_cut(kernel, before, "would no longer let in")
            if saved is None or saved.document is None:
                continue
            self._refuse_cut(saved, saved.chains(saved.before), "would no longer let in")
            if self._request.state == "present":
                self._refuse_cut(saved, before, "does not let in, as soon as it is loaded,")

    def _refuse_cut(self, side, before, what):
        who, rule = self._guard.cut(side.family, before, side.chains(side.after))
        if who is not None:
            raise RulesError(
                "{0}: chain INPUT in {1} {2} new connections of {3}: {4} turns them away. Accept SSH by a rule of its "
                "own before that, or set allow_ssh_lockout=true if SSH is meant to stop there".format(
                    _title(self._request),
                    side.where,
                    what,
                    who,
                    "the policy" if rule is None else "the rule {0}".format(rule),
                )
            )

    def _test(self, family, text):
        try:
            self._iptables.test(family, text)
        except RelayError as exc:
            raise RulesError(
                "{0}: {1} with these rules would not load: {2}. Nothing has been changed".format(
                    _title(self._request), self._paths[family], explained(exc).rstrip(".")
                )
            )

    # -- the change

    def _make(self, transaction, done):
        writer = Writer(transaction, self._plans.values())
        loaded = []
        try:
            for _family, plan in sorted(self._plans.items()):
                if plan.changed:
                    writer.put(plan)
            for family in sorted(self._kernel):
                if self._kernel[family].changes:
                    loaded.append(family)
                    self._load(family)
            writer.activate()
            if done is not None:
                done()
        except (RelayError, IOError, OSError) as exc:
            problem = explained(exc).rstrip(".")
            left = self._put_back(loaded)
            kept = transaction.roll_back()
            left = "; ".join(kept) if kept and left is None else left
            raise RulesError(
                "{0}: {1}. {2}".format(
                    _title(self._request),
                    problem,
                    "What was there before has been put back."
                    if left is None
                    else "Putting back what was there failed too: {0}".format(left),
                )
            )

    def _load(self, family):
        side = self._kernel[family]
        for _attempt in range(_ATTEMPTS):
            self._iptables.load(family, batch(self._request.chain, side.before, side.after))
            side = self._side(family, side.where, self._iptables.kernel(family)[0])
            if self._request.owner is not None and self._request.state == "absent":
                side.give_back(self._restored)
            if not side.changes:
                return
        raise RulesError(
            "the rules in {0} are not what was asked for: another program changes them at the same "
            "time; run again".format(side.where)
        )

    def _put_back(self, loaded):
        """str or None: what went wrong; None when the kernel has the old rules again."""
        try:
            for family in loaded:
                now = self._side(family, "", self._iptables.kernel(family)[0])
                old = [
                    Placed(min(placed.anchor, len(now.foreign)), placed.rule) for placed in self._kernel[family].before
                ]
                if not same(now.before, old):
                    self._iptables.load(family, batch(self._request.chain, now.before, old))
        except (RelayError, IOError, OSError) as exc:
            return explained(exc)
        return None

    def _result(self):
        diff = [diff for _family, plan in sorted(self._plans.items()) for diff in plan.diffs()]
        for family in sorted(self._kernel):
            side = self._kernel[family]
            if side.changes:
                header = "chain {0} in {1}".format(self._request.chain, side.where)
                diff.append(diff_of(header, side.listing(side.before), side.listing(side.after)))
        return {
            "changed": bool(diff),
            "diff": diff,
            "rules": dict(
                (family, [str(placed.rule) for placed in side.after]) for family, side in self._kernel.items()
            ),
            "saved_files": dict((family, self._paths.get(family)) for family in self._kernel),
            "calls": self._iptables.calls,
            "warnings": self._warnings,
        }
