# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one firewalld zone into the state asked for, permanent and runtime, without cutting SSH.

The permanent side is read from the zone files, which costs no process; the runtime side of every zone comes
from one call of firewall-cmd. How a change is made:

* firewalld stopped: the zone file is replaced by rename.
* zone new at either side, its target different, or the zone to be removed: the zone file is replaced or
  removed, then one reload, because no version of firewalld can do these at runtime.
* anything else: firewall-cmd with C(--permanent) and the same without, only for what differs. The file is not
  written behind the back of a running firewalld here: it notices only after five seconds, and until then any
  other C(firewall-cmd --permanent) on the zone would write its old idea of it.

firewall-cmd runs only the first of several kinds of option in one call, and its exit code is 0 when at least
one of several items of a kind was accepted. So each call has one kind, and the result is read back.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import OPEN_TO_STRANGERS
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld import SHORTEST_NAME_LIMIT
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_guard import SshGuard
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import (
    KINDS,
    Zone,
    ZoneError,
    check_zone_name,
    parse_port,
    parse_rich_rule,
    render,
    source_network,
    wanted_zone,
    write_zone_file,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_sources import everybody
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import DEFAULT_PORT
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, Transaction, has_stale

Request = namedtuple("Request", "zone state target sources services ports rich_rules exclusive allow_ssh_lockout owner")

_SECTION = "firewalld_zone"
_THING = "zone {0}"
_THERE = "there"
_SSH = "services ssh"


def converge(firewalld, request, access, check_mode=False):
    """Bring a zone into the state asked for.

    Args:
        firewalld: ``Firewalld``.
        request: ``Request``; C(target) and the lists may be None.
        access: ``ssh.SshAccess``.
        check_mode: bool.

    Returns:
        dict: the module's result: changed, diff, zone, runtime, reloaded, calls, up_to_date, warnings.

    Raises:
        RelayError: refused before anything was written; or failed, and put back what was there.
    """
    wanted, warnings = wanted_zone(
        request.zone, request.target or "default", request.sources, request.services, request.ports, request.rich_rules
    )
    check_request(request.owner, "present" if request.owner is None else request.state)
    if not firewalld.installed():
        check_zone_name(request.zone, SHORTEST_NAME_LIMIT)
        if request.state == "present":
            _refuse_everybody(request.zone, wanted.list("sources"), lambda name: [])
        return _not_installed(request, wanted, warnings, check_mode)
    # In check mode too: what another run has half done is nothing to predict from.
    with Lock(firewalld.lock_directory()), locked(None if check_mode else request.owner):
        owned = Owned(request.owner, _SECTION, fits=_fits)
        changes = _changes(firewalld, request, wanted, access, owned)
        needed = [change for change in changes if change.needed()]
        if check_mode:
            for change in needed:
                change.foresee()
        else:
            _make(needed, owned)
        result = changes[-1].result()
        result["diff"] = [diff for change in changes for diff in change.result()["diff"]]
        result["changed"] = bool(needed)
        left = check_mode and has_stale(owned.directories)
        result["up_to_date"] = not (needed or owned.changed or left)
        result["reloaded"] = any(change.result()["reloaded"] for change in changes)
        told = [text for change in changes for text in change.warnings] + owned.warnings()
        if request.owner is not None and request.state == "absent":
            told += owned.nothing_known()
        return dict(result, warnings=warnings + told)


def _changes(firewalld, request, wanted, access, owned):
    """list of _Change: of the zones that the owner no longer names, then of the one that is named; none is refused."""
    others = []
    if owned.claims is not None:
        things = set(thing for thing, _key in owned.claims.left_out()) - set([_THING.format(request.zone)])
        others = sorted(thing[len(_THING.format("")) :] for thing in things)
    changes, zones = [], None
    for name in others:
        gone = request._replace(zone=name, state="absent")
        changes.append(_Change(firewalld, gone, Zone(name), access, owned, zones))
        changes[-1].refuse()
        zones = changes[-1].planned()
    changes.append(_Change(firewalld, request, wanted, access, owned, zones))
    changes[-1].refuse()
    return changes


def _fits(thing, key, _entry):
    """bool: whether an entry of a record is as ``_Change`` records it."""
    return thing.startswith(_THING.format("")) and (
        key in ("zone", "target") or (" " in key and key.partition(" ")[0] in KINDS)
    )


def _make(changes, owned):
    """Make changes, and the record of them with them."""
    made = []
    with Transaction() as transaction:
        try:
            owned.begin(transaction)
            for change in changes:
                change.make()
                made.append(change)
            owned.finish(transaction)
        except BaseException:
            transaction.roll_back()
            for change in reversed(made):
                change.undo()
            raise


def _refuse_everybody(name, sources, ipset_entries):
    found = everybody(sources, ipset_entries)
    if found is not None:
        raise ZoneError("zone {0}: its source {1} {2}".format(name, found, OPEN_TO_STRANGERS))


def _not_installed(request, wanted, warnings, check_mode):
    given_back = request.owner is not None and request.state == "absent"
    if not check_mode and not (given_back and not Owned(request.owner, _SECTION).claims.left_out()):
        raise ZoneError(
            "zone {0}: firewall-cmd is not there: install firewalld, or leave the zone to the firewall that this "
            "host runs".format(request.zone)
        )
    after = None if request.state == "absent" else wanted
    return {
        "changed": after is not None,
        "diff": [_diff(request.zone, "permanent", None, after)],
        "zone": None if after is None else after.facts(),
        "runtime": False,
        "reloaded": False,
        "calls": 0,
        "up_to_date": after is None,
        "warnings": warnings
        + [
            "zone {0}: firewalld is not installed; services and ipsets could not be looked up, and the rest is "
            "predicted as for a new zone".format(request.zone)
        ],
    }


def _diff(name, side, before, after):
    return diff_of("zone {0} ({1})".format(name, side), render(before), render(after))


def _keys(zone):
    """dict: key -> its value, of a zone or None, as they are claimed."""
    if zone is None:
        return {}
    keys = dict(("{0} {1}".format(kind, text), _THERE) for kind in KINDS for text in zone.items[kind])
    return dict(keys, zone=_THERE, target=zone.target)


def _same(before, after):
    if before is None or after is None:
        return before is after
    return before.matches(after)


class _Change(object):
    """One change of one zone: both sides before, both sides after, and the way."""

    def __init__(self, firewalld, request, wanted, access, owned, zones=None):
        self._firewalld = firewalld
        self._request = request
        self._wanted = wanted
        self._access = access
        self._guard = SshGuard(firewalld, access)
        self._reloaded = False
        self.warnings = []
        self._name = request.zone
        self._original = None
        self._zones = self._seen() if zones is None else zones
        self._before = dict((side, zones.get(self._name)) for side, zones in self._zones.items())
        self._restored = {} if owned.claims is None else self._claimed(owned)
        self._after = dict((side, self._wanted_at(side)) for side in self._zones)
        if self._is_done_with():
            self._after = dict.fromkeys(self._after)
        elif request.state == "absent" and self._restored.get(_SSH, _THERE) is None and self._cut() is not None:
            # Others have put an interface into it, say, so that it takes their connections.
            del self._restored[_SSH]
            self._after = dict((side, self._wanted_at(side)) for side in self._zones)
            self.warnings.append("zone {0} keeps the service ssh, without which it would cut SSH".format(self._name))

    def _seen(self):
        """dict of side → dict of str → Zone."""
        zones = {"permanent": self._firewalld.permanent()}
        # A broken file of this very zone is an error, not a zone that is not there.
        zones["permanent"].update(self._firewalld.permanent(self._name))
        runtime = self._firewalld.runtime()
        if runtime is not None:
            zones["runtime"] = runtime
        return zones

    def planned(self):
        """dict of side → dict of str → Zone: the zones as they are after this change."""
        planned = dict((side, dict(zones)) for side, zones in self._zones.items())
        for side, zones in planned.items():
            zones.pop(self._name, None)
            if self._after[side] is not None:
                zones[self._name] = self._after[side]
        return planned

    # -- what is whose

    def _claimed(self, owned):
        """dict: key -> value from before, None for none: what is given back, once what is named has been claimed.

        The keys are the zone itself, its target, and each item of it.
        """
        claims, thing, before = owned.claims, _THING.format(self._name), self._before["permanent"]
        current = _keys(before)
        wanted = {}
        if self._request.state == "present":
            wanted = dict((key, text) for key, text in _keys(self._wanted).items() if key != "target")
            if self._request.target is not None or before is None:
                wanted["target"] = self._wanted.target
            if self._request.exclusive:
                known = [key for _thing, key in claims.left_out(thing)]
                for key in set(current) | set(known):
                    # What came in after us, and what was there before, goes; what was ours alone is given back.
                    if key not in wanted and key != "target" and (key not in known or claims.before(thing, key)):
                        wanted[key] = None
        if owned.known or not wanted or any(current.get(key) != value for key, value in wanted.items()):
            return claims.settle(thing, wanted, current)
        self.warnings.append(
            "zone {0} was there as {1} wants it, as a release leaves it that kept no record. From now on this is recorded as {1}'s, "
            "and goes when it is taken back".format(self._name, self._request.owner)
        )
        return claims.settle(thing, wanted, current, dict.fromkeys(wanted))

    def _with_restored(self, zone):
        """Zone: with what is given back."""
        items = dict((kind, dict(zone.items[kind])) for kind in KINDS)
        for key, value in self._restored.items():
            kind, _blank, text = key.partition(" ")
            if text and value is None:
                items[kind].pop(text, None)
            elif text:
                items[kind].setdefault(text, text)
        target = self._restored.get("target") or zone.target
        return Zone(zone.name, target, zone.interfaces, **dict((kind, items[kind].values()) for kind in KINDS))

    def _is_done_with(self):
        """bool: whether a zone that was made here has nothing of others, so that it goes."""
        after = self._after["permanent"]
        if after is None or self._restored.get("zone", _THERE) is not None:
            return after is None
        left = ["{0} {1}".format(kind, text) for kind in KINDS for text in after.list(kind)]
        for zone in self._before.values():
            left += ["interface " + name for name in (zone.interfaces if zone is not None else ())]
        left += self._firewalld.further(self._name)
        if left:
            text = "zone {0} stays, since others have put something into it: {1}"
            self.warnings.append(text.format(self._name, ", ".join(sorted(set(left)))))
        return not left

    @property
    def _running(self):
        return "runtime" in self._zones

    def _wanted_at(self, side):
        if self._request.state == "absent":
            present = self._before[side]
            return None if self._request.owner is None or present is None else self._with_restored(present)
        permanent, present = self._before["permanent"], self._before[side]
        if self._request.target is not None:
            target = self._request.target
        else:
            target = permanent.target if permanent is not None else "default"
        wanted = Zone(self._name, target, **dict((kind, self._wanted.items[kind].values()) for kind in KINDS))
        if self._needs_reload(target):
            # The reload gives the runtime side what the permanent side has.
            interfaces = present.interfaces if present is not None else ()
            base = permanent if permanent is not None else Zone(self._name)
            merged = base.merged(wanted, self._request.exclusive, self._joins_ports, True)
            merged.interfaces = list(interfaces)
            return self._with_restored(merged)
        merged = present.merged(wanted, self._request.exclusive, self._joins_ports, not self._running)
        return self._with_restored(merged)

    def _joins_ports(self):
        return self._firewalld.joins_ports(self._running)

    def _needs_reload(self, target):
        return any(zone is None or zone.target != target for zone in self._before.values())

    # -- refusals

    def refuse(self):
        """Raise ZoneError for what cannot be or should not be; nothing is changed before this has returned."""
        name = self._name
        # Packets of Ansible's own connection would be dropped too, so over SSH there is no need to ask.
        if self._running and self._access.peer is None and self._firewalld.panics():
            raise ZoneError(
                "zone {0}: firewalld is in panic mode and drops every packet, whatever its zones say; nothing was changed. "
                "End that with 'firewall-cmd --panic-off' and run again".format(name)
            )
        check_zone_name(name, self._firewalld.longest_name(name, self._running))
        if self._firewalld.combined(name):
            raise ZoneError(
                "zone {0} is put together from several files in a directory {0}: join them into one "
                "{0}.xml first".format(name)
            )
        if self._request.state == "absent":
            if self._after["permanent"] is None:
                self._refuse_removal()
        else:
            self._refuse_unknown("service", "services", self._services())
            self._refuse_unknown(
                "ipset",
                "ipsets",
                [source[len("ipset:") :] for source in self._wanted.list("sources") if source.startswith("ipset:")],
            )
            self._refuse_conflicts()
            for side in sorted(self._zones):
                _refuse_everybody(name, self._after[side].list("sources"), self._firewalld.ipset_entries)
                self._refuse_open_zones(side)
        reason = self._cut()
        if reason is not None:
            raise ZoneError("{0}, or set allow_ssh_lockout=true if SSH is meant to stop there".format(reason))
        if self.needed():
            self._refuse_no_files()
        if self._running and self.needed() and self._by_file():
            self._refuse_dangling()

    def _cut(self):
        """str or None: why SSH would be cut; None too where it may be."""
        if self._request.allow_ssh_lockout:
            return None
        planned = self.planned()
        reasons = [self._guard.reason(self._name, self._zones[side], planned[side]) for side in sorted(self._zones)]
        return next((reason for reason in reasons if reason is not None), None)

    def _refuse_open_zones(self, side):
        """Refuse when another zone takes everybody and opens a port of this one."""
        ports = [parse_port(text) for text in self._wanted.list("ports")]
        for service in self._wanted.list("services"):
            ports.extend(parse_port(text) for text in self._firewalld.service_ports(service))
        ssh = set(self._access.ports).union(self._access.others, [DEFAULT_PORT])
        numbers = sorted(
            set(number for protocol, first, last in ports if protocol == "tcp" for number in (first, last))
        )
        for other in sorted(set(self._zones[side]) - set([self._name])):
            zone = self._zones[side][other]
            found = everybody(zone.list("sources"), self._firewalld.ipset_entries)
            if found is None:
                continue
            shared = [number for number in numbers if number not in ssh and self._guard.passes(zone, number)]
            if shared:
                raise ZoneError(
                    "zone {0}: port {1}/tcp is open in zone {2} ({3}) too, whose source {4} {5} there".format(
                        self._name, shared[0], other, side, found, OPEN_TO_STRANGERS
                    )
                )

    def _refuse_no_files(self):
        """Refuse before firewalld is asked to read what is no file, at which it could hang."""
        try:
            self._firewalld.check_files()
        except (IOError, OSError) as exc:
            raise ZoneError(
                "zone {0}: firewalld cannot load its configuration: {1}. Nothing was changed".format(
                    self._name, explained(exc).rstrip(".")
                )
            )

    def _refuse_dangling(self):
        """Refuse when a zone names an ipset that is not there.

        firewalld 1.3.3 finds its configuration good all the same, fails to reload it, and is then in its state FAILED.
        """
        known = self._firewalld.names("ipsets")
        for other in sorted(self._zones["permanent"]):
            for source in self._zones["permanent"][other].list("sources"):
                if source.startswith("ipset:") and source[len("ipset:") :] not in known:
                    raise ZoneError(
                        "zone {0}: it needs a reload of firewalld, which would fail: {1} has the source {2}, and there is no "
                        "such ipset. Define it or remove the source; nothing was changed".format(
                            self._name, self._firewalld.zone_path(other), source
                        )
                    )

    def _refuse_removal(self):
        if self._before["permanent"] is None and self._before.get("runtime") is None:
            return
        if self._firewalld.packaged(self._name):
            raise ZoneError(
                "zone {0} comes with firewalld and cannot be removed: use state=present with "
                "exclusive=true and empty lists to clear it".format(self._name)
            )
        if self._firewalld.default_zone() == self._name:
            raise ZoneError(
                "zone {0} is the default zone and cannot be removed: make another zone the default with "
                "firewall-cmd --set-default-zone first".format(self._name)
            )

    def _services(self):
        services = list(self._wanted.list("services"))
        for text in self._wanted.list("rich_rules"):
            element = parse_rich_rule(text).part("element")
            if element is not None and element.name == "service":
                services.append(element.attributes["name"])
        return services

    def _refuse_unknown(self, what, folder, names):
        known = self._firewalld.names(folder)
        for name in names:
            if name not in known:
                near = difflib.get_close_matches(name, sorted(known), 3)
                raise ZoneError(
                    "zone {0}: firewalld knows no {1} {2!r}: {3}".format(
                        self._name,
                        what,
                        name,
                        "did you mean {0}?".format(" or ".join(near))
                        if near
                        else "define it in /etc/firewalld/{0}/{1}.xml first".format(folder, name),
                    )
                )

    def _refuse_conflicts(self):
        for side in sorted(self._zones):
            for other in sorted(self._zones[side]):
                if other == self._name:
                    continue
                for source in self._zones[side][other].list("sources"):
                    if source in self._wanted.items["sources"]:
                        raise ZoneError(
                            "zone {0}: source {1} is bound to zone {2} ({3}), and a source can be in one "
                            "zone only: remove it there first".format(self._name, source, other, side)
                        )
                    self._warn_overlap(other, source)

    def _warn_overlap(self, other, source):
        network = source_network(source)
        for own in self._wanted.list("sources"):
            mine = source_network(own)
            if None not in (network, mine) and network.overlaps(mine):
                text = (
                    "zone {0}: source {1} overlaps {2} of zone {3}; which of the two zones takes a connection "
                    "from both depends on the version of firewalld".format(self._name, own, source, other)
                )
                if text not in self.warnings:
                    self.warnings.append(text)

    # -- the change

    def needed(self):
        """bool: whether a side differs from what is asked for."""
        return any(not _same(self._before[side], self._after[side]) for side in self._zones)

    def foresee(self):
        """Find out what would make the change fail.

        Raises:
            RelayError.
        """
        if self._by_file():
            try:
                self._firewalld.check_config(self._running)
            except RelayError as exc:
                raise ZoneError("zone {0}: {1}".format(self._name, exc))

    def make(self):
        """Make the change and read it back; on failure put back what was there.

        Raises:
            RelayError.
        """
        self._original = self._firewalld.own_zone_file(self._name)
        del self._firewalld.complaints[:]
        try:
            if self._by_file():
                self._replace_file()
            else:
                self._firewalld.shift(
                    [(self._before[side], self._after[side], side == "permanent") for side in ("permanent", "runtime")]
                )
            self._verify()
        except (RelayError, IOError, OSError) as exc:
            problem = explained(exc)
            left = self.undo()
            raise ZoneError(
                "zone {0}: {1}. {2}".format(
                    self._name,
                    problem.rstrip("."),
                    "What was there before has been put back."
                    if left is None
                    else "Putting back what was there failed too: {0}".format(left),
                )
            )

    def _by_file(self):
        if not self._running or self._after["permanent"] is None:
            return True
        return self._needs_reload(self._after["permanent"].target)

    def _replace_file(self):
        if not _same(self._before["permanent"], self._after["permanent"]):
            data = None
            if self._after["permanent"] is not None:
                data = write_zone_file(self._firewalld.zone_file(self._name), self._after["permanent"], self._name)
            self._firewalld.write_zone(self._name, data)
        self._firewalld.check_config(self._running)
        if self._running:
            self._reloaded = True
            self._firewalld.reload()

    def _warn_dropped(self, runtime):
        for name in sorted(self._zones["runtime"]):
            before, now = self._zones["runtime"][name], runtime.get(name)
            if self._reloaded and name != self._name and not _same(before, now):
                self.warnings.append(
                    "zone {0}: the reload that zone {1} needed has dropped its runtime-only settings".format(
                        name, self._name
                    )
                )

    def _verify(self):
        for side in sorted(self._zones):
            if side == "permanent" and self._by_file():
                continue
            if side == "permanent":
                now = self._firewalld.permanent(self._name).get(self._name)
            else:
                runtime = self._firewalld.runtime() or {}
                now = runtime.get(self._name)
                self._warn_dropped(runtime)
            if not _same(self._after[side], now):
                heard = "; ".join(self._firewalld.complaints)
                raise ZoneError(
                    "firewalld did not make it what was asked for ({0}){1}".format(side, ": " + heard if heard else "")
                )

    def undo(self):
        """str or None: what went wrong while it was put back; None when all is as it was."""
        original = self._original
        try:
            if self._by_file():
                self._write_back(original)
                if self._reloaded:
                    self._firewalld.reload()
            # The permanent side through firewalld too, so that it does not hold on to what was refused; the runtime
            # side of every zone, because a reload may have dropped what was only there.
            self._firewalld.shift(
                [
                    (now[name], self._zones[side][name], side == "permanent")
                    for side, now in self._now()
                    for name in sorted(now)
                    if self._running and name in self._zones[side]
                ]
            )
            self._write_back(original)
            for side, now in self._now():
                for name in sorted(set(now) | set(self._zones[side]) if side == "runtime" else [self._name]):
                    if not _same(self._zones[side].get(name), now.get(name)):
                        return "zone {0} ({1}) is not what it was".format(name, side)
        except (RelayError, IOError, OSError) as exc:
            return explained(exc)
        return None

    def _write_back(self, original):
        # What stops a change, such as a full disk, would stop this too, and there may be nothing to put back.
        if self._firewalld.own_zone_file(self._name) != original:
            self._firewalld.write_zone(self._name, original)

    def _now(self):
        """list of (side, dict of str → Zone): permanent this zone alone, runtime all."""
        now = [("permanent", self._firewalld.permanent(self._name))]
        if self._running:
            now.append(("runtime", self._firewalld.runtime() or {}))
        return now

    def result(self):
        """dict: what the module returns, without the warnings."""
        after = self._after["permanent"]
        return {
            "changed": self.needed(),
            "diff": [_diff(self._name, side, self._before[side], self._after[side]) for side in sorted(self._zones)],
            "zone": None if after is None else after.facts(),
            "runtime": self._running,
            "reloaded": self._reloaded,
            "calls": self._firewalld.calls,
        }
