# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a relay's next certificate takes the place of the one in use: when each client trusts it, or when there is no more time."""

import calendar
import time
from dataclasses import dataclass

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.plugin_utils.relay_server import RELAY_ITSELF, users

# What divides a client's answer: to which hosts it sends, and what it trusts (roles/relay_server/tasks/switch.yml).
TRUST = "-- what this client trusts --"
VERIFIES = "verifies"
_DAY = 86400


@dataclass
class Decision:
    """What is to be done.

    Attributes:
        switch: bool, whether the next certificate takes the place of the one in use.
        lacking: dict: client -> why it would not accept the next certificate.
        text: str, what to tell; empty when there is nothing.
    """

    switch: bool
    lacking: dict
    text: str


def _seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def _roots(text):
    """set of bytes: the self-signed certificates in a text in PEM form; the other ones are no anchors."""
    return {
        certificate.der
        for certificate in x509.read_certificates(to_bytes(text))
        if certificate.subject_der == certificate.issuer_der
    }


def _known(text):
    try:
        return {der for _block, der in x509.pem_blocks(to_bytes(text), x509.CERTIFICATE_LABELS)}
    except x509.FormatError:
        return set()


def _lack(answer, names, roots):
    """str: why a client would not accept the next certificate; empty when it would, or does not ask for it."""
    if answer.get("rc") == RELAY_ITSELF:
        return "the relay itself answered in its place: write its ansible_host without inventory_hostname"
    if answer.get("unreachable") or answer.get("rc") != 0:
        return "it could not be asked"
    ways, _mark, trust = answer.get("stdout", "").partition(TRUST)
    if VERIFIES not in trust.split("\n", 2)[:2] or not list(users([dict(answer, stdout=ways)], names)):
        return ""
    return "" if roots <= _known(trust) else "it does not trust it yet"


def decide(relay, read, answers, names, switch_before_days, now):
    """Decision.

    Args:
        relay: str, its inventory name.
        read: dict, what M(mailops.relay.relay_certificate_info) returned.
        answers: list of dict, the results of the task that asked each client (C(item)).
        names: list of str, the relay's names and addresses.
        switch_before_days: int, how many days before the end of the certificate in use it is no longer waited.
        now: float, seconds since the epoch.
    """
    following = read["next"]
    if following.get("status") != "verified" or following["certificate"]["validity"] != "valid":
        reason = following.get("reason") or (
            f"it is valid from {following['certificate']['not_before']} to {following['certificate']['not_after']}"
            if following.get("certificate")
            else "there is none"
        )
        return Decision(
            False,
            {},
            f"The next certificate of {relay} cannot take its place: {reason}. Run relay_server for {relay} again, which makes it"
            " anew.",
        )
    roots = _roots(following["content"])
    lacking = {answer["item"]: reason for answer in answers if (reason := _lack(answer, names, roots))}
    if not lacking:
        return Decision(True, {}, "")
    clients = ", ".join(f"{client} ({reason})" for client, reason in sorted(lacking.items()))
    ends = read["certificates"][0]["not_after"] if read["certificates"] else None
    last = None if ends is None else _seconds(ends) - switch_before_days * _DAY
    if last is None or now >= last:
        return Decision(
            True,
            lacking,
            f"The certificate of {relay} ends on {ends}, within relay_server_tls_switch_before_days={switch_before_days}, so that the next one"
            f" takes its place now. MAIL WAITS ON THESE CLIENTS until the site has been run with them: {clients}.",
        )
    return Decision(
        False,
        lacking,
        f"The next certificate of {relay} waits for these clients: {clients}. Run the site with them. A host that is gone for good is to"
        f" be taken out of the inventory. On {x509.iso_time(last)} it takes its place all the same (relay_server_tls_switch_before_days),"
        " and mail then waits on those that lack it.",
    )
