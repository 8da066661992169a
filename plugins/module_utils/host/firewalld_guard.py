# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a change of a firewalld zone cuts SSH.

A connection belongs to the zone of its source, else to that of its interface, else to the default zone. Since
firewalld 0.6.5 what that zone does not allow is looked up nowhere else, unless zone drifting is switched on
(firewalld.conf(5), AllowZoneDrifting; gone in 1.0). Established connections survive, so the loss would show only
at the next connect. The rule here is the same for all versions.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import (
    ZoneError,
    opens,
    parse_rich_rule,
    source_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import peer_network


def _rules(zone):
    rules = []
    for text in zone.list("rich_rules"):
        try:
            rules.append(parse_rich_rule(text))
        except ZoneError:
            continue
    return rules


class SshGuard(object):
    """Tells whether a change cuts SSH.

    Args:
        firewalld: ``Firewalld``.
        access: ``ssh.SshAccess``.
    """

    def __init__(self, firewalld, access):
        self._firewalld = firewalld
        self._ports = list(access.ports)
        self._others = list(access.others)
        self._peer = peer_network(access)

    def lets_in(self, zone):
        """bool: whether a new connection to one of the ports of which one must stay open passes this zone."""
        return any(self.passes(zone, port) for port in self._ports)

    def passes(self, zone, port):
        """bool: whether a new connection to a port passes a zone.

        Only what counts for every source of the zone counts: a rule for one address lets in that one alone.
        A rule that rejects is against it if it has no source, or the one that Ansible comes from.
        """
        rules = _rules(zone)
        if self._rejecting(rules, port) is not None:
            return False
        if zone.target == "ACCEPT" or opens(zone.list("ports"), port):
            return True
        if any(opens(self._firewalld.service_ports(service), port) for service in zone.list("services")):
            return True
        return any(
            rule.part("action") is not None
            and rule.part("action").name == "accept"
            and rule.part("source") is None
            and rule.part("destination") is None
            and rule.part("element") is not None
            and self._concerns(rule, port)
            for rule in rules
        )

    def _rejecting(self, rules, port):
        for rule in rules:
            action, source = rule.part("action"), rule.part("source")
            if action is None or action.name not in ("reject", "drop") or rule.part("destination"):
                continue
            if self._concerns(rule, port) and (source is None or self._is_peer(source)):
                return rule
        return None

    def _concerns(self, rule, port):
        element = rule.part("element")
        if element is None:
            return True
        if element.name == "port":
            return opens(["{port}/{protocol}".format(**element.attributes)], port)
        if element.name == "service":
            return opens(self._firewalld.service_ports(element.attributes["name"]), port)
        return element.name == "protocol" and element.attributes["value"] in ("tcp", "6")

    def _is_peer(self, source):
        network = source_network(source.attributes.get("address", ""))
        if self._peer is None or network is None:
            return False
        return network.contains(self._peer) != bool(source.attributes.get("invert"))

    def _fix(self, zone, ports):
        for port in ports:
            rule = self._rejecting(_rules(zone), port)
            if rule is not None:
                return "narrow its rich rule {0!r}".format(str(rule))
        if 22 in ports:
            return "add ssh to its services"
        return "add {0}/tcp to its ports".format(ports[0])

    def reason(self, name, zones, planned):
        """Why a change would cut SSH.

        Args:
            name: str, the zone that changes.
            zones, planned: dict of str → Zone, all zones as they are and as they will be.

        Returns:
            str or None: None when SSH stays.
        """
        after = planned.get(name)
        if self._ports and after is not None and after.list("sources") and not self.lets_in(after):
            return "zone {0} would take every connection from its sources ({1}) and does not let SSH (port {2}) in; {3}".format(
                name,
                ", ".join(after.list("sources")),
                " or ".join(str(port) for port in self._ports),
                self._fix(after, self._ports),
            )
        for port in self._ports + self._others:
            # Where no zone lets it in, none of the ways below can lose it.
            if any(self.passes(zone, port) for zone in zones.values()):
                reason = self._loss(name, port, zones, planned)
                if reason is not None:
                    return reason
        return None

    def _loss(self, name, port, zones, planned):
        """str or None: why connections to a port which come in now would not any more."""
        before, after = zones.get(name), planned.get(name)
        default = self._firewalld.default_zone()
        let_in = before is not None and self.passes(before, port)
        if after is not None and not self.passes(after, port):
            fix = self._fix(after, [port])
            if let_in and (after.interfaces or name == default):
                return "zone {0} takes the connections {1} and would no longer let SSH (port {2}) in; {3}".format(
                    name,
                    "of " + ", ".join(after.interfaces) if after.interfaces else "that no other zone takes",
                    port,
                    fix,
                )
            for source in after.list("sources"):
                held = before is not None and source in before.items["sources"]
                former = before if held else self._heir(source, zones, default)
                if former is not None and self.passes(former, port):
                    return (
                        "zone {0} takes every connection from {1} and does not let SSH (port {2}) in, as zone {3} does "
                        "now; {4}".format(name, source, port, former.name, fix)
                    )
        if not let_in:
            return None
        lost = [item for item in before.list("sources") if after is None or item not in after.items["sources"]]
        for source in lost:
            heir = self._heir(source, planned, default)
            if heir is not None and not self.passes(heir, port):
                return (
                    "connections from {0} would no longer be in zone {1} but in zone {2}, which does not let SSH "
                    "(port {3}) in; open it there first".format(source, name, heir.name, port)
                )
        if after is None and before.interfaces:
            heir = planned.get(default)
            if heir is not None and not self.passes(heir, port):
                return (
                    "the interfaces {0} would no longer be in zone {1} but in the default zone {2}, which does "
                    "not let SSH (port {3}) in; open it there first".format(
                        ", ".join(before.interfaces), name, default, port
                    )
                )
        return None

    def _heir(self, source, side, default):
        """Zone or None: which zone takes connections from a source that is bound to no zone any more."""
        network = source_network(source)
        if network is not None:
            for name in sorted(side):
                for other in side[name].list("sources"):
                    outer = source_network(other)
                    if outer is not None and outer.contains(network):
                        return side[name]
            probe = self._peer if self._peer is not None and network.contains(self._peer) else network
            if probe.number != probe.last:
                probe = probe._replace(number=probe.number + 1)
            interface = self._firewalld.interface_towards(str(probe).partition("/")[0])
            for name in sorted(side):
                if interface is not None and interface in side[name].interfaces:
                    return side[name]
        return side.get(default)
