# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only the relay itself can tell before mail flows."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import socket
import time

from ansible_collections.mailops.relay.plugins.module_utils.host import log_limits, rsyslog_config
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    is_address,
    is_loopback,
    plain,
    read_address,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.listeners import port_number
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn
from ansible_collections.mailops.relay.plugins.module_utils.host.resolv_conf import nameservers
from ansible_collections.mailops.relay.plugins.module_utils.host.threads import side_by_side
from ansible_collections.mailops.relay.plugins.module_utils.host.trust import system_bundle
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks, opendkim, root_mail
from ansible_collections.mailops.relay.plugins.module_utils.mail.certificate_checks import IDENTIFIER
from ansible_collections.mailops.relay.plugins.module_utils.mail.exchangers import exchangers
from ansible_collections.mailops.relay.plugins.module_utils.postfix import queue_lifetime
from ansible_collections.mailops.relay.plugins.module_utils.postfix.dane_resolver import postfix_views
from ansible_collections.mailops.relay.plugins.module_utils.postfix.parameters import parameters_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.root_mail import answers
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dane, smarthost_login, way_out
from ansible_collections.mailops.relay.plugins.module_utils.preflight.certificates import Certificates
from ansible_collections.mailops.relay.plugins.module_utils.preflight.client_names import sorted_out
from ansible_collections.mailops.relay.plugins.module_utils.preflight.clock import clock_check
from ansible_collections.mailops.relay.plugins.module_utils.preflight.host_name import hosts_entries, name_checks
from ansible_collections.mailops.relay.plugins.module_utils.preflight.log_limits import (
    JOURNALD_TODO,
    RSYSLOG_TODO,
    limit_check,
)
from ansible_collections.mailops.relay.plugins.module_utils.preflight.port_25 import exit_checks
from ansible_collections.mailops.relay.plugins.module_utils.preflight.queue_space import space_check

SUBSETS = ("local", "network", "certificates")
# The checks of which each has a result, whatever it is.
EXPECTED = {
    "local": (
        "postfix",
        "host_name",
        "outbound_address",
        "queue_space",
        "log_journald",
        "log_rsyslog",
        "clock",
        root_mail.IDENTIFIER,
    ),
    "network": ("dns_resolver", "port_25"),
    "certificates": (IDENTIFIER,),
}

_SMTP_PORT = 25
_HOSTS_FILE = "/etc/hosts"
_RESOLV_CONF = "/etc/resolv.conf"
_JOURNALD_SOCKET = "/run/systemd/journal/socket"
_NEXT_HOP = re.compile(r"\[([^\]]+)\](?::([0-9A-Za-z-]+))?\Z")
_MEND_ADDRESSES = (
    "Run mailops.relay.site, which sets inet_interfaces; or set inet_protocols to what the host has, such as ipv4."
)
_MEND = "Mend that in main.cf; the command postfix check says nothing once it can be used."
# A thread has to come round to saying that it was too late.
_GRACE = 0.5


def _next_hops(relayhost):
    """Yields (name, port) of each host in a C(relayhost) that is asked for no mail exchangers (postconf(5))."""
    for text in re.split(r"[\s,]+", relayhost):
        match = _NEXT_HOP.match(text)
        port = port_number(match.group(2) or str(_SMTP_PORT)) if match else None
        if port is not None:
            yield plain(match.group(1)), port


def _blamed(fault):
    """set of str: the words of which one names the parameter for which Postfix does not start."""
    words = set(re.findall(r"[a-z0-9_]+", fault))
    # It names none there: main.cf wants a family of addresses of which the host has none.
    return words | set(["inet_interfaces", "inet_protocols"]) if "active network interfaces" in fault else words


class OptionError(RelayError):
    """An option that cannot be used."""


# Options that only the checks of these subsets look at.
_OF_SUBSETS = {
    "queue_free_mib": ("local",),
    "queue_free_inodes": ("local",),
    "message_rate": ("local",),
    "reference_time": ("local", "certificates"),
    "clock_tolerance": ("local", "certificates"),
    "mx": ("network",),
    "smarthosts": ("network",),
    "relays": ("network",),
    "dane_signed_name": ("network",),
    "dane_broken_name": ("network",),
    "ca_path": ("certificates",),
}
# Of those the ones that need a value; here, so that it can be told from what is given.
_DEFAULTS = {
    "queue_free_mib": 1024,
    "queue_free_inodes": 10000,
    "message_rate": 100,
    "clock_tolerance": 30,
    "dane_signed_name": ".",
    "dane_broken_name": "dnssec-failed.org",
}


def with_defaults(options):
    """dict: the options, with what is taken for those that were not given.

    Args:
        options: dict, the options of M(mailops.relay.relay_host_info).

    Raises:
        OptionError: one was given that none of the wanted checks looks at.
    """
    for name, subsets in sorted(_OF_SUBSETS.items()):
        if options[name] not in (None, []) and not set(subsets) & set(options["subset"]):
            only = " or ".join("subset=" + subset for subset in subsets)
            raise OptionError("{0}: only {1} looks at it; leave it out, or add that".format(name, only))
    if options["clock_tolerance"] is not None and options["reference_time"] is None:
        raise OptionError("clock_tolerance: there is no reference_time to differ from; give it, or leave this out")
    if options["prefer_planned"] and options["planned"] is None:
        raise OptionError("prefer_planned: nothing is planned; give planned, or leave this out")
    for smarthost in options["smarthosts"]:
        if (smarthost["certificate"] is None) != (smarthost["private_key"] is None):
            raise OptionError(
                "smarthosts: {0}: certificate and private_key belong together; give both".format(smarthost["name"])
            )
    return dict(options, **dict((name, _DEFAULTS[name]) for name in _DEFAULTS if options[name] is None))


class Relay(object):
    """A relay as its host tells it, or as it is planned.

    Args:
        runner: ``Runner``.
        host: ``installation.Host``.
        options: dict, the options of M(mailops.relay.relay_host_info).

    Raises:
        RelayError: an option cannot be used, or postconf failed.
    """

    def __init__(self, runner, host, options):
        self._runner = runner
        self._host = host
        self._options = options
        for address in options["expected_addresses"]:
            if not is_address(address):
                raise OptionError("expected_addresses: {0!r} is not an IPv4 or IPv6 address".format(address))
        self._plan = options["planned"] or {}
        self._system_name = socket.gethostname()
        main = self._plan.get("main") or {}
        self.parameters, self.planned, self._fault = parameters_of(
            runner, host, self._system_name, main, options["prefer_planned"]
        )
        if self.planned and self._plan.get("hostname"):
            self._system_name = self._plan["hostname"]
        self._hostname = self.parameters.value("myhostname")
        self._helo = self.parameters.value("smtp_helo_name")
        self._sources = self._outbound()

    def facts(self):
        """dict: names, addresses and domains, for M(mailops.relay.mail_dns_info)."""
        return {
            "hostname": self._hostname,
            "helo": self._helo,
            "mydomain": self.parameters.value("mydomain"),
            "mydestination": self.parameters.names("mydestination"),
            "addresses": self._options["expected_addresses"] or self._sources,
            "dkim_keys": opendkim.key_steps(self._runner, self._plan.get("dkim_keys") or [], self._queue_lifetime()),
            "planned": self.planned,
            "postfix": self._host.version_text,
        }

    def _queue_lifetime(self):
        return queue_lifetime.longest(self.parameters.value(name) for name in queue_lifetime.PARAMETERS)

    def _outbound(self):
        """list of str: the addresses from which Postfix sends: smtp_bind_address, the only one of inet_interfaces, or the route's."""
        sources = way_out.route_sources()
        protocols = self.parameters.names("inet_protocols") or ["all"]
        found = []
        listening = [read_address(name) for name in self.parameters.names("inet_interfaces")]
        for parameter, family in (("smtp_bind_address", "ipv4"), ("smtp_bind_address6", "ipv6")):
            if family not in protocols and "all" not in protocols:
                continue
            bound = read_address(self.parameters.value(parameter))
            listed = [address for address in listening if address is not None and address.family == family]
            if bound is not None and bound.number:
                found.append(bound.address)
            elif bound is None and len(listed) == 1 and not is_loopback(listed[0]):
                # postconf(5), smtp_bind_address
                found.append(listed[0].address)
            else:
                found.extend(address for address in sources if read_address(address).family == family)
        return found

    def checks(self, subset):
        """list of dict: the checks of these kinds, made side by side.

        Args:
            subset: list of str, of C(SUBSETS).
        """
        works = []
        if "local" in subset:
            local = (
                self._installed,
                self._names,
                self._address,
                self._space,
                self._journald,
                self._rsyslog,
                self._clock,
                self._root_mail,
            )
            works += list(zip(EXPECTED["local"], local))
        if "network" in subset:
            works += self._resolver_works() + self._exit_works() + self._smarthost_works() + self._dane_works()
            if self._options["root_mail"] and not self.planned:
                works.append((root_mail.IDENTIFIER, self._clients_root_mail))
        if "certificates" in subset:
            works.append((IDENTIFIER, self._certificates))
        results = []
        outcomes = side_by_side([work for _identifier, work in works], self._options["timeout"] + _GRACE)
        for (identifier, _work), outcome in zip(works, outcomes):
            if not outcome.finished:
                seen = "no verdict within {0:g} s".format(self._options["timeout"])
                results.append(
                    checks.failed(identifier, self._hostname, seen, "See why this host is slow, or raise the timeout.")
                )
            elif outcome.error is not None:
                results.append(
                    checks.failed(identifier, self._hostname, str(outcome.error), "See whether this host is in order.")
                )
            else:
                results.extend(outcome.value)
        return checks.one_is_enough(results, "dns_resolver")

    def _installed(self):
        if self._host.installed:
            seen = "Postfix " + self._host.version_text
            if self._fault is None:
                return [checks.ok("postfix", self._hostname, seen)]
            seen += " does not run with its main.cf: " + self._fault
            blamed = _blamed(self._fault)
            if self.planned and blamed & set(self._plan.get("main") or {}):
                return [checks.ok("postfix", self._hostname, seen + "; what is planned was checked")]
            todo = _MEND_ADDRESSES if "inet_interfaces" in blamed else _MEND
            return [checks.failed("postfix", self._hostname, seen, todo)]
        return [checks.skipped("postfix", self._hostname, "not installed yet; what is planned was checked")]

    def _certificates(self):
        if self.planned:
            # The role may be what renews it, so it must not wait for that.
            return [checks.skipped(IDENTIFIER, self._hostname, "not looked at, since the role sees to it")]
        # Without a plan these parameters are those of main.cf, which postconf need not be asked for again.
        return Certificates(self._runner, self._host, self._hostname, self.parameters.settings, self._options).checks()

    def _names(self):
        names = [
            ("myhostname", self._hostname, "Set relay_server_hostname, or myhostname in main.cf,"),
            ("hostname", self._system_name, "Set the host name (hostnamectl set-hostname)"),
            ("smtp_helo_name", self._helo, "Set smtp_helo_name in main.cf"),
        ]
        planned_file = self.planned and self._plan.get("hosts_file")
        entries = None if planned_file else hosts_entries(read_native(_HOSTS_FILE) or "")
        return name_checks(names, entries, self._plan.get("address") or (self._sources or [""])[0])

    def _address(self):
        own = [address for address in self._options["expected_addresses"] if self._host.is_local_address(address)]
        return [way_out.outbound_check(self._sources, self._options["expected_addresses"], own)]

    def _space(self):
        result = space_check(
            self.parameters.value("queue_directory"),
            self.parameters.number("message_size_limit"),
            self.parameters.number("queue_minfree"),
            self._options["queue_free_mib"] << 20,
            self._options["queue_free_inodes"],
        )
        return [result]

    def _no_log_limit(self, identifier, subject):
        """dict or None: why a limit makes no difference."""
        if self.planned and self._plan.get("log_limits"):
            return checks.skipped(identifier, subject, "the role will take the limits away")
        if self.parameters.value("maillog_file"):
            return checks.skipped(identifier, subject, "Postfix writes its log itself (maillog_file)")
        return None

    def _journald(self):
        identifier = "log_journald"
        result = self._no_log_limit(identifier, "journald")
        if result is None and not os.path.exists(_JOURNALD_SOCKET):
            result = checks.skipped(identifier, "journald", "it does not run here")
        if result is None:
            try:
                version = re.match(r"systemd ([0-9]+)", self._runner.run(["systemctl", "--version"]).stdout)
            except CommandError:
                version = None
            texts = [read_native(path) or "" for path in log_limits.journald_files()]
            limit = log_limits.journald_limit(texts, int(version.group(1)) if version else 0)
            result = limit_check(identifier, [limit], self._options["message_rate"], JOURNALD_TODO)
        return [result]

    def _rsyslog(self):
        identifier = "log_rsyslog"
        result = self._no_log_limit(identifier, "rsyslog")
        if result is None:
            limits = log_limits.rsyslog_limits(rsyslog_config.statements())
            if limits:
                result = limit_check(identifier, limits, self._options["message_rate"], RSYSLOG_TODO)
            else:
                result = checks.skipped(identifier, "rsyslog", "it takes no lines of this host, or is not there")
        return [result]

    def _clock(self):
        reference = self._options["reference_time"]
        offset = None if reference is None else time.time() - reference
        return [clock_check(self._runner, offset, self._options["clock_tolerance"])]

    def _root_mail(self):
        subject = "root@" + self._hostname
        if self.planned:
            recipient = self._plan.get("root_recipient")
            verdict = root_mail.TAKEN if recipient else root_mail.KEPT
            return [root_mail.check(subject, {"verdict": verdict, "text": recipient or ""})]
        return [root_mail.check(subject, answers(self._runner, self.parameters, [subject])[subject])]

    def root_mail(self, addresses):
        """dict: see ``postfix/root_mail.answers``, for mail that clients send."""
        return answers(self._runner, self.parameters, addresses, from_others=True)

    def _clients_root_mail(self):
        answered = self.root_mail(self._options["root_mail"])
        names = sorted(set(address.rpartition("@")[2].lower() for address in answered))
        servers = nameservers(read_native(_RESOLV_CONF) or "")
        asked = exchangers([name for name in names if is_fqdn(name)], servers, self._options["timeout"] / 2.0)
        return root_mail.of_clients(
            answered, sorted_out(asked, self._options["relays"] + [self._hostname])["elsewhere"]
        )

    def _resolver_works(self):
        servers = nameservers(read_native(_RESOLV_CONF) or "")
        where, seconds = self._hostname, self._options["timeout"] / 2.0
        if not servers:
            todo = "Name a name server in {0}.".format(_RESOLV_CONF)
            result = checks.failed("dns_resolver", where, "{0} names no name server".format(_RESOLV_CONF), todo)
            return [("dns_resolver", lambda: [result])]
        return [
            ("dns_resolver", lambda server=server: [way_out.nameserver_check(server, seconds, where)])
            for server in servers
        ]

    def _smarthost_works(self):
        # main.cf may name other authorities than the host has.
        authorities = self.parameters.value("smtp_tls_CAfile") or system_bundle()
        return [
            (
                smarthost_login.IDENTIFIER,
                lambda smarthost=smarthost: smarthost_login.login_checks(
                    smarthost, self._options["timeout"], authorities
                ),
            )
            for smarthost in self._options["smarthosts"]
        ]

    def _dane_works(self):
        """list of (str, callable): nothing where Postfix does no DANE, or is only planned."""
        if self.planned or not self._host.installed or self.parameters.value("smtp_dns_support_level") != "dnssec":
            return []
        signed, broken = self._options["dane_signed_name"], self._options["dane_broken_name"]
        return [
            (
                dane.IDENTIFIER,
                lambda: dane.dane_checks(postfix_views(self._runner), signed, broken, self._options["timeout"]),
            )
        ]

    def _exit_works(self):
        targets = [(plain(name), _SMTP_PORT) for name in self._options["mx"]]
        if not targets:
            targets = list(_next_hops(self.parameters.value("relayhost")))
        if not targets:
            result = checks.skipped("port_25", self._hostname, "no mail exchanger was named to try it on")
            return [("port_25", lambda: [result])]
        seconds, expected = self._options["timeout"], self._options["expected_addresses"]
        return [
            ("port_25", lambda name=name, port=port: exit_checks(name, port, seconds, expected))
            for name, port in targets
        ]
