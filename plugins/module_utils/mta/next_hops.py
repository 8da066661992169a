# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""To which hosts a host's mail systems hand mail for elsewhere, as their configuration says."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address, plain
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import Deadline, StreamError, addresses_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import NOT_A_CLIENT, ProbeError
from ansible_collections.mailops.relay.plugins.module_utils.mta.queues import BACKENDS
from ansible_collections.mailops.relay.plugins.module_utils.postfix.readable import read

# postconf(5): these name hosts; the others name tables or programs, in which a relay may be.
_POSTFIX_HOSTS = ("relayhost", "smtp_fallback_relay", "default_transport")
_POSTFIX_TABLES = (
    "transport_maps",
    "sender_dependent_relayhost_maps",
    "sender_dependent_default_transport_maps",
    "content_filter",
)
# The Sendmail Installation and Operation Guide, 5.3: DS is SMART_HOST, DH is MAIL_HUB; submit.cf only hands mail to the daemon.
_SENDMAIL = re.compile(r"^D[HS](.+)$", re.MULTILINE)
_SENDMAIL_CF, _MAILERTABLE = "/etc/mail/sendmail.cf", "/etc/mail/mailertable"
_SMTPROUTES = "/var/qmail/control/smtproutes"
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.:-]*[A-Za-z0-9_])?")
# Seconds for the addresses of all hosts that are named.
_LOOK_UP = 5


def _postfix(runner):
    try:
        output = read(runner, ["-x"] + list(_POSTFIX_HOSTS + _POSTFIX_TABLES)).text
    except CommandError:
        return None
    values = dict((name, "") for name in _POSTFIX_HOSTS)
    for line in output.split("\n"):
        name, _equals, value = line.partition("=")
        values[name.strip()] = value.strip()
    transport = values["default_transport"]
    if any(values.get(name) for name in _POSTFIX_TABLES) or transport.partition(":")[0] not in ("", "smtp", "relay"):
        return None
    return [values["relayhost"], values["smtp_fallback_relay"], transport.partition(":")[2]]


def _sendmail(_runner):
    lines = [
        line for line in (read_native(_MAILERTABLE) or "").split("\n") if line.strip() and not line.startswith("#")
    ]
    return None if lines else _SENDMAIL.findall(read_native(_SENDMAIL_CF) or "")


def _qmail(_runner):
    return [line.partition(":")[2] for line in (read_native(_SMTPROUTES) or "").split("\n")]


_READERS = {"postfix": _postfix, "sendmail": _sendmail, "qmail": _qmail}


def next_hops(runner):
    """list of str or None: what the mail systems of this host name as the next host; None where only their tables tell, or nobody.

    Args:
        runner: commands.Runner.
    """
    found = []
    for backend in BACKENDS:
        if backend.is_there(runner):
            named = _READERS[backend.name](runner)
            if named is None:
                return None
            found.extend(text.strip() for text in named)
    return [text for text in found if text]


def hosts_of(text):
    """list of str: the names and addresses in a next hop, without mailer, brackets and port; in small letters.

    Args:
        text: str, as C([relay.example.com]:587), C(esmtp:relay.example.com:other.example.com) or C(relay.example.com:25).
    """
    found = []
    for part in re.split(r"[\s,\[\]]+", text):
        found.extend([part] if is_address(part) else part.split(":"))
    found = [part.rstrip(".").lower() for part in found if _HOST.match(part) and not part.isdigit()]
    return [part for part in found if part not in ("smtp", "esmtp", "relay", "error")]


def leads_to(hops, relays, resolve):
    """bool: whether one of these hosts is a relay, or may be one.

    Args:
        hops: list of str, of C(next_hops).
        relays: list of str, names and addresses of relays.
        resolve: callable: name -> list of str, its addresses.
    """
    known = set(plain(relay.lower().rstrip(".")) for relay in relays)
    named = [host for hop in hops for host in hosts_of(hop)]
    if any(plain(host) in known for host in named):
        return True
    # Without brackets the MX records of a domain say which hosts they are.
    if any(
        "[" not in hop and any(relay.endswith("." + host) for relay in known for host in hosts_of(hop)) for hop in hops
    ):
        return True
    return any(plain(address) in known for host in named if not is_address(host) for address in resolve(host))


def check(runner, relays):
    """Make sure that this host hands its mail to a relay.

    Args:
        runner: commands.Runner.
        relays: list of str, names and addresses of relays.

    Raises:
        ProbeError: it does not.
    """
    hops = next_hops(runner)
    deadline = Deadline(_LOOK_UP)

    def resolve(name):
        try:
            return addresses_of(name, 25, deadline)
        except StreamError:
            return []

    if hops is not None and not leads_to(hops, relays, resolve):
        raise ProbeError(
            NOT_A_CLIENT,
            "the mail system of this host sends to {0}, and to no relay that it was to go through".format(
                ", ".join(hops) or "the servers of each recipient's domain itself"
            ),
        )
