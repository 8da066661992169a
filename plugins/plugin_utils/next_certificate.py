# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a relay's next certificate takes the place of the one in use: when each client trusts it, or when there is no more time."""

import calendar
import re
import time
from dataclasses import dataclass

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn
from ansible_collections.mailops.relay.plugins.plugin_utils.relay_server import RELAY_ITSELF, users
from ansible_collections.mailops.relay.plugins.plugin_utils.trust import RELAY_CLIENT, is_for

# What divides a client's answer: to which hosts it sends, and what it trusts (roles/relay_server/tasks/switch.yml).
TRUST = "-- what this client trusts --"
VERIFIES = "verifies"
# What Postfix compares a certificate's names with.
_MATCHES = re.compile(r"^matches=(.*)$", re.M)
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
    """set of bytes: the self-signed certificates in a text in PEM form, which may be empty; the other ones are no anchors."""
    return {
        certificate.der
        for certificate in (x509.read_certificates(to_bytes(text)) if text else ())
        if certificate.subject_der == certificate.issuer_der
    }


def _known(text):
    try:
        return {der for _block, der in x509.pem_blocks(to_bytes(text), x509.CERTIFICATE_LABELS)}
    except x509.FormatError:
        return set()


def _lack(answer, names, following):
    """str: why a client would not accept the next certificate; empty when it would, or does not ask for it.

    Args:
        answer: dict, the result of the task that asked it.
        names: list of str, the relay's names and addresses, old and new.
        following: dict, C(next) of M(mailops.relay.relay_certificate_info).
    """
    if answer.get("rc") == RELAY_ITSELF:
        return "the relay itself answered in its place: write its ansible_host without inventory_hostname"
    if answer.get("unreachable") or answer.get("rc") != 0:
        return "it could not be asked"
    ways, _mark, trust = answer.get("stdout", "").partition(TRUST)
    uses = [line for line in ways.splitlines() if list(users([dict(answer, stdout=line)], names))]
    if VERIFIES not in trust.split("\n", 2)[:2] or not uses:
        return ""
    roots = _roots(following["content"])
    if not roots or not roots <= _known(trust):
        return "it does not trust it yet"
    return _name_problem(answer, uses, _MATCHES.findall(trust), names, following["certificate"])


def _name_problem(answer, uses, said, names, certificate):
    """str: why a client would not take the next certificate for that of the relay that it knows; empty when it would.

    Args:
        answer: dict, the result of the task that asked it.
        uses: list of str, the lines that name the relay.
        said: list of str, what Postfix compares the certificate's names with; empty where it was not asked or it is not Postfix.
        names: list of str, the relay's names and addresses.
        certificate: dict, of M(mailops.relay.relay_certificate_info).
    """
    words = {word for text in said for word in re.split(r"[\s,]+", text) if word}
    plain, below = not said or words & {"nexthop", "hostname"}, "dot-nexthop" in words
    for line in uses:
        known = [name for name in names if is_fqdn(name) and list(users([dict(answer, stdout=line)], [name]))]
        taken = [*(known if plain else ()), *(f".{name}" for name in known if below), *words]
        # Of an address it is not known here what is compared.
        if known and not any(_fits(certificate, name) for name in taken):
            return f"it sends to {' and '.join(sorted(known))}, and the next certificate is not for that name"
    return ""


def _fits(certificate, name):
    """bool: whether Postfix takes the certificate for the name, or with a dot before it for one below it."""
    if name.startswith("."):
        return any(entry.lower().endswith(name.lower()) for entry in certificate["names"])
    return is_for(certificate, name, RELAY_CLIENT)


def _last_moment(current, following, switch_before_days):
    """float: until when it is waited for clients, in seconds since the epoch.

    A next certificate that was made late leaves them a day, as long as the one in use has that. Who asks for all the days of the one in
    use does not want to wait.

    Args:
        current, following: dict, of M(mailops.relay.relay_certificate_info), of the two certificates.
        switch_before_days: int.
    """
    ends, made = _seconds(current["not_after"]), _seconds(following["not_before"])
    last = ends - switch_before_days * _DAY
    return last if last <= _seconds(current["not_before"]) else max(last, min(made + _DAY, ends - _DAY))


def decide(relay, read, answers, names, switch_before_days, now):
    """Decision.

    Args:
        relay: str, its inventory name.
        read: dict, what M(mailops.relay.relay_certificate_info) returned.
        answers: list of dict, the results of the task that asked each client (C(item)).
        names: list of str, the relay's names and addresses.
        switch_before_days: int, how many days before the end of the certificate in use it is no longer waited; see
            ``_last_moment``.
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
    current = read["certificates"][0] if read["certificates"] else None
    if current is not None:
        # Clients that know of nothing new send to a name that it is for.
        names = [*names, *(entry[4:] for entry in current["names"] if entry.startswith("DNS:")), current["common_name"]]
    lacking = {answer["item"]: reason for answer in answers if (reason := _lack(answer, names, following))}
    if not lacking:
        return Decision(True, {}, "")
    clients = ", ".join(f"{client} ({reason})" for client, reason in sorted(lacking.items()))
    ends = None if current is None else current["not_after"]
    last = None if current is None else _last_moment(current, following["certificate"], switch_before_days)
    if last is None or now >= last:
        return Decision(
            True,
            lacking,
            f"The certificate of {relay} ends on {ends}, within relay_server_tls_switch_before_days={switch_before_days}, so that the next"
            f" one takes its place now. MAIL WAITS ON THESE CLIENTS until the site has been run with them: {clients}.",
        )
    return Decision(
        False,
        lacking,
        f"The next certificate of {relay} waits for these clients: {clients}. Run the site with them. A host that is gone for good is to"
        " be taken out of the inventory; with -e relay_server_tls_switch_before_days=36500 nobody is waited for. On"
        f" {x509.iso_time(last)} it takes its place all the same (relay_server_tls_switch_before_days),"
        " and mail then waits on those that lack it.",
    )


def cut_off(relay, read, answers, names, instead_of):
    """str: a warning that names the clients which do not accept the certificate that takes the place of another; empty for none.

    Args:
        relay, read, answers, names: as of C(decide); what was read is the certificate that Postfix is about to serve.
        instead_of: str, the file of the one that it serves now.
    """
    # A file that cannot be read is not served: Postfix's configuration is checked for that.
    if not read["certificates"]:
        return ""
    leaf = read["certificates"][0]
    following = {"certificate": leaf, "content": read["anchor"]["content"]}
    lacking = {answer["item"]: reason for answer in answers if (reason := _lack(answer, names, following))}
    if not lacking:
        return ""
    unknown = read["chain"]["status"] != "verified"
    clients = ", ".join(f"{client} ({reason})" for client, reason in sorted(lacking.items()))
    return (
        f"Postfix on {relay} serves another certificate from now on, which did not wait for the clients: {leaf['subject']}, in the place of that"
        f" in {instead_of}. MAIL WAITS ON THESE CLIENTS until the site has been run with them: {clients}. For none to wait, give them both"
        ' certificates as "certificate" in their list of relays, run the site, and only then change the files of the relay.'
        + (f" What vouches for the new one is not known here: {read['chain']['reason']}." if unknown else "")
    )
