# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a resolver that validates (unbound.conf(5)), and what may be in it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address

# No other program listens there: 127.0.0.1 is dnsmasq's, bind's or the package's own unbound, 127.0.0.53 and .54 systemd-resolved's.
ADDRESS, PORT = "127.0.0.153", 53

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_ZONE = re.compile(r"(?=.{{1,253}}\Z){0}(?:\.{0})*\Z".format(_LABEL))
# A record as a zone file has it, in one line: DS (RFC 4034, 5.3) or DNSKEY (2.2).
_ANCHOR = re.compile(
    r"(?P<owner>\S+)\s+(?:[0-9]+\s+)?(?:IN\s+)?(?:DS\s+[0-9]+\s+[0-9]+\s+[0-9]+\s+[0-9A-F][0-9A-F ]*"
    r"|DNSKEY\s+[0-9]+\s+3\s+[0-9]+\s+[A-Z0-9+/][A-Z0-9+/ ]*={0,2})\Z",
    re.I,
)


def is_zone(text):
    """bool: whether a text is the name of a zone, without a dot at its end; one label will do."""
    return _ZONE.match(text) is not None


def anchor_owner(text):
    """str or None: the name (lower case, without a dot at its end; a dot for the root) of which a record is a trust anchor; None for
    what is no DS or DNSKEY record in one line."""
    match = _ANCHOR.match(text.strip())
    owner = match.group("owner").lower() if match else ""
    if owner == ".":
        return owner
    return owner.rstrip(".") if is_zone(owner.rstrip(".")) else None


def wrong_forwarder(text):
    """str or None: why a text is no address of a name server to ask."""
    if not is_address(text.partition("%")[0]):
        return "is not an address. Write that of a name server, for example 192.0.2.53"
    return "is the address of the resolver itself. Name another one" if text == ADDRESS else None


def configuration(port, forwarders, anchor_file, anchors, internal_zones, log_to_syslog=True):
    """str: the configuration of a resolver that asks other resolvers and checks what they say.

    Args:
        port: int, where it listens.
        forwarders: list of str, addresses of the resolvers that it asks.
        anchor_file: str, the file with the keys of the root; empty to do without.
        anchors: list of str, records with further keys, or those of a private root.
        internal_zones: list of str, zones that the resolvers know and the world does not, so that no signature tells of them.
        log_to_syslog: bool, or to standard error.
    """
    settings = [
        ("verbosity", "1"),
        ("interface", ADDRESS),
        ("port", str(port)),
        ("access-control", "127.0.0.0/8 allow"),
        ("do-daemonize", "no"),
        ("username", "unbound"),
        ("chroot", ""),
        ("directory", "/etc/unbound"),
        ("pidfile", ""),
        ("use-syslog", "yes" if log_to_syslog else "no"),
        ("module-config", "validator iterator"),
        ("val-log-level", "1"),
        ("hide-identity", "yes"),
        ("hide-version", "yes"),
        # The host's own resolver may be on the loopback interface too.
        ("do-not-query-localhost", "no"),
        # Names of addresses of private networks are the site's, and nobody else signs them.
        ("unblock-lan-zones", "yes"),
        ("insecure-lan-zones", "yes"),
    ]
    if anchor_file:
        settings.append(("trust-anchor-file", anchor_file))
    settings += [("trust-anchor", anchor) for anchor in anchors]
    for zone in internal_zones:
        # Without the other line, one that unbound knows itself, such as home.arpa, would not be asked for.
        settings += [("domain-insecure", zone), ("local-zone", "{0} transparent".format(zone))]
    lines = ["# Managed by Ansible (mailops.relay.dane_resolver); changes made here are lost.", "server:"]
    lines += [_line(name, value) for name, value in settings]
    lines += ["remote-control:", _line("control-enable", "no"), "forward-zone:", _line("name", ".")]
    lines += [_line("forward-addr", forwarder) for forwarder in forwarders]
    return "\n".join(lines) + "\n"


def _line(name, value):
    if name == "local-zone":
        zone, _blank, kind = value.rpartition(" ")
        return '    {0}: "{1}" {2}'.format(name, zone, kind)
    bare = name in ("verbosity", "port", "interface", "access-control", "forward-addr") or value in ("yes", "no")
    return "    {0}: {1}".format(name, value if bare else '"{0}"'.format(value))
