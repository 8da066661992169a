# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client may trust for each of its relays, decided before anything on the client changes.

A relay's certificate comes by delegation, and a delegated task can run on another host than was meant: C(ansible_host)
written as a template of C(inventory_hostname) means the client then. So it counts only when the relay's own facts, or what
the port of its name serves, say that it is the relay's.
"""

import re
import time

from ansible.module_utils.common.text.converters import to_bytes, to_text

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn
from ansible_collections.mailops.relay.plugins.module_utils.mail.certificate_facts import EXPIRED, VALID, facts_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_tls import name_matches
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import result_of
from ansible_collections.mailops.relay.plugins.plugin_utils.relay_server import addresses_within

# Who asks. common_name: whether it compares the common name alone, as sendmail does.
RELAY_CLIENT, SENDMAIL_CLIENT = "relay_client", "sendmail_client"


class Distrust(Exception):
    """Why a relay cannot be trusted as things are.

    Args:
        text: str, a sentence or two: what is wrong, and what to do.
        renewable: bool, whether a run of the relay's own role could mend it.
        unread: bool, whether nothing is known of the relay's certificate, or not whether it is the relay's, so that what vouched for it
            so far still may.
    """

    def __init__(self, text, renewable=True, unread=False):
        super().__init__(text)
        self.renewable = renewable
        self.unread = unread


def requests(hosts, client_relays, default_port):
    """What is asked of each relay's host, for all clients of a play.

    Args:
        hosts: list of dict, C(host), C(hostname), C(facts), C(networks) and C(provider); the last four None where unknown.
        client_relays: list: each client's list of relays, or nothing.
        default_port: int, the port of a relay that names none.

    Yields:
        dict: C(host); C(servers), its names; C(ports); C(anchors), what clients have been given; C(addresses), those
        that it has in its clients' networks, as far as they are known; C(renewable), whether its role makes its certificate.
    """
    named = [relay for relays in client_relays for relay in relays or []]
    for entry in hosts:
        own = [relay for relay in named if relay.get("host") == entry["host"]]
        facts = entry["facts"] or {}
        addresses = list(facts.get("all_ipv4_addresses") or []) + list(facts.get("all_ipv6_addresses") or [])
        ports = [25, 587] + [
            int(port) for port in [default_port] + [relay.get("port") for relay in own] if _is_port(port)
        ]
        names = [entry["hostname"] or entry["host"]] + [to_text(relay["name"]) for relay in own if relay.get("name")]
        yield {
            "host": entry["host"],
            "servers": list(dict.fromkeys(names)),
            "ports": list(dict.fromkeys(ports)),
            "anchors": list(dict.fromkeys(to_text(relay["certificate"]) for relay in own if relay.get("certificate"))),
            "addresses": addresses_within(entry["networks"] or [], addresses),
            "renewable": (entry["provider"] or "selfsigned") != "existing",
        }


def _is_port(value):
    # Another client's list may have what its own host refuses.
    return re.match(r"[0-9]{1,5}\Z", to_text(value)) is not None and 0 < int(value) < 65536


def anchors(relays, results, role, default_port, check_mode, installed=""):
    """What a client trusts, and why it would not work.

    Args:
        relays: list of dict, C(name), and C(host), C(port), C(certificate) where they are known.
        results: list of dict, of M(mailops.relay.relay_certificate_info), each with the C(item) of C(requests).
        role: str, C(relay_client) or C(sendmail_client).
        default_port: int.
        check_mode: bool; then the relay's own run may be about to make its certificate.
        installed: str, what the client trusts now (``_Installed``); it stays for relays whose certificate could not be read.

    Returns:
        dict: C(text), the certificates; C(problems), sentences; C(public), whether all that was read are public authorities;
        C(names) (list of str), the relays' names, and behind each the names of its certificate in use where only the next one is for the
        relay's; C(unread), sentences about relays whose certificate could not be read; C(doubts), sentences about those of them for which
        nothing, or nothing that is sure to, vouches on this client; C(settled), whether there are neither problems nor relays that were not
        read.
    """
    read = {result["item"]["host"]: result for result in results if "item" in result}
    texts, problems, kinds, unread, doubts, names = [], [], [], [], [], []
    kept = _Installed(installed, role)
    for relay in relays:
        result = read.get(relay.get("host"))
        names += [to_text(relay["name"]), *_former_names(to_text(relay["name"]), result, role)]
        try:
            kind, found = _anchor(relay, result, role, int(relay.get("port", default_port)))
        except Distrust as exc:
            if check_mode and exc.renewable and _will_be_made(result):
                kind, found = "", ["(the certificate that {} does not have yet)\n".format(relay["name"])]
            elif exc.unread:
                unread.append(str(exc))
                kind, found = None, kept.of(to_text(relay["name"])) + _next_anchors(result)[1]
                names.extend(kept.former_names(to_text(relay["name"])))
                # That a certificate was not read, a warning says (plugins/action/relay_certificate_info.py).
                if result is not None and "certificates" in result and not result["problem"]["reason"]:
                    doubts.append(f"{exc} What this host trusts for this relay already stays as it is.")
                doubts.extend(kept.doubts(to_text(relay["name"])))
            else:
                problems.append(str(exc))
                continue
        if kind is not None:
            kinds.append(kind)
        texts.extend(text for text in found if text not in texts)
    if not texts:
        problems, doubts = problems + unread, []
    public = bool(relays) and not problems and all(kind == "public" for kind in kinds)
    return {
        "text": "".join(texts),
        "problems": problems,
        "names": _each_once(names),
        "public": public,
        "unread": unread,
        "doubts": doubts,
        "settled": not problems and not unread,
    }


def _each_once(names):
    """list of str: host names, of which case does not matter."""
    found = {}
    for name in names:
        found.setdefault(name.lower(), name)
    return list(found.values())


def _former_names(name, result, role):
    """list of str: the names in a relay's certificate in use, where only its next one is for the name that the client sends to.

    Until that takes its place, the client knows the relay by both: a change of name that no message waits for.
    """
    if not (result or {}).get("certificates") or not _next_anchors(result)[1]:
        return []
    leaf, following = result["certificates"][0], result["next"]["certificate"]
    if is_for(leaf, name, role) or not is_for(following, name, role):
        return []
    return [entry for entry in _host_names(leaf, role) if entry and not entry.startswith("*")]


class _Installed:
    """What a client trusts already.

    Args:
        text: str, with certificates in PEM form; one that is damaged says nothing of any. Before them what the client compares names
            with: Postfix's smtp_tls_secure_cert_match, sendmail's smart hosts.
        role: str.
    """

    def __init__(self, text, role):
        self._role = role
        self._known = []
        self._names = re.split(r"[\s,:\[\]]+", text.partition("-----BEGIN")[0])
        try:
            certificates = x509.read_certificates(to_bytes(text))
        except x509.FormatError:
            certificates = []
        for certificate in certificates:
            facts = facts_of(certificate, time.time())
            if facts["validity"] == VALID:
                self._known.append((certificate.text, facts, certificate))

    def _own(self, name):
        return [text for text, facts, _certificate in self._known if is_for(facts, name, self._role)]

    def _authorities(self):
        """list of str: for which relays these vouch, they do not say."""
        return [text for text, facts, certificate in self._known if certificate.is_ca and not _names_servers(facts)]

    def former_names(self, name):
        """list of str: by which other names this client knows the relay since that is about to change its own."""
        names = self._names
        if self._role == SENDMAIL_CLIENT:
            # Its smart hosts: the name from before is behind the new one.
            names = [after for before, after in zip(names, names[1:], strict=False) if before.lower() == name.lower()]
        # What else is there is a word of Postfix or a path.
        return [entry for entry in names if is_fqdn(entry)]

    def of(self, name):
        """list of str: what may vouch for this relay, in PEM form."""
        own = [text for known in [name, *self.former_names(name)] for text in self._own(known)]
        return list(dict.fromkeys(own + self._authorities()))

    def doubts(self, name):
        """list of str: a sentence, unless a certificate of the relay's own is trusted."""
        if self._own(name):
            return []
        if self._authorities():
            return [
                f'Whether an authority that this host trusts vouches for "{name}" is not known as long as it is not read.'
            ]
        return [
            f'Nothing on this host vouches for "{name}" yet: it stays in {self._role}_relays, but mail that is meant for it waits or'
            " goes to another relay, until a run can read its certificate."
        ]


def _names_servers(facts):
    return any(entry.startswith("DNS:") for entry in facts["names"])


def _will_be_made(result):
    """bool: whether the relay's own role could be about to make another certificate."""
    if result is None or "certificates" not in result or not result["item"]["renewable"]:
        return False
    # Without facts it is not in this run; a relay without a certificate has never been in one.
    return bool(result["problem"]["missing"] or result["item"]["addresses"])


def _anchor(relay, result, role, port):
    """(str, list of str): the kind of anchor, and the certificates in PEM form.

    Raises:
        Distrust: the relay's certificate is not known, or could not be verified with it.
    """
    name = to_text(relay["name"])
    if relay.get("certificate"):
        return "given", _given(name, relay, result, role, port)
    instead = (
        f'give its certificate as "certificate" in {role}_relays, or a file that this host has in {role}_tls_ca_file'
    )
    if result is None:
        if relay.get("host") is not None:
            raise Distrust(
                f'The certificate of "{name}" was not read. Name its host in {role}_relays, or {instead}.', False, True
            )
        told = f'"host" in {role}_relays does not name its host'
        raise Distrust(f'The certificate of "{name}" is not known: {told}. Name its host there, or {instead}.', False)
    host = relay["host"]
    if "certificates" not in result:
        raise Distrust(
            f'The certificate of "{name}" could not be read on {host}: {_why(result)}. Mend that, or {instead}.',
            False,
            True,
        )
    where = f'The certificate of "{name}", read on {host},'
    _check_host(where, result, host)
    try:
        if result["problem"]["reason"]:
            problem = result["problem"]
            raise Distrust(
                f'The certificate of "{name}" could not be read: {problem["path"]} on {host}: {problem["reason"]}.'
                f" Converge the relay first, or {instead}.",
                problem["missing"],
                True,
            )
        leaf = result["certificates"][0]
        _check_dates(where, leaf)
        _check_name(where, name, leaf, role, result)
        _check_chain(where, result, host, role)
        _check_served(where, name, port, result, host, role)
    except Distrust as exc:
        if _is_known(result) or _served(result, name, port)[1]:
            raise
        raise Distrust(f"{exc} {_elsewhere(result, host)}", exc.renewable, exc.unread) from exc
    kind, found = result["anchor"]["kind"], _blocks(result["anchor"]["content"])
    next_kind, following = _next_anchors(result)
    # Only where public authorities vouch for both is it left to them.
    return (kind if next_kind in (None, kind) else "mixed"), found + following


def _next_anchors(result):
    """(str or None, list of str): the kind of anchor of the certificate that waits, and the certificates; None and none without one.

    It comes from the same files as the one in use, and the same was found of their host.
    """
    following = (result or {}).get("next") or {}
    if following.get("status") != "verified" or following["certificate"]["validity"] != VALID:
        return None, []
    return following["kind"], _blocks(following["content"])


def _is_known(result):
    """bool: whether the relay's own facts tell, too, which host was read."""
    return bool(result["item"]["addresses"] and result["host"]["addresses"])


def _elsewhere(result, host):
    """str: a sentence for who may have read another host than was meant."""
    return (
        f"It was read on the host with the address {', '.join(result['host']['addresses']) or 'that nobody knows'}: if that is"
        f" not {host}, write its ansible_host without inventory_hostname, which is the client's in a delegated task."
    )


def _why(result):
    """str: why a module gave no result."""
    # A task that goes on nevertheless (failed_when) leaves no trace of its failure.
    return result_of(dict(result, failed=True))["problem"].rstrip(".")


def _blocks(text):
    return [block for block, _der in x509.pem_blocks(to_bytes(text), x509.CERTIFICATE_LABELS)]


def _check_host(where, result, host):
    """Raise Distrust when the relay's own facts say that this is another host."""
    known, found = result["item"]["addresses"], result["host"]["addresses"]
    if _is_known(result) and not set(known) & set(found):
        raise Distrust(
            f"{where} comes from another host: {host} has the address {known[0]}, and where it was read there are"
            f" {', '.join(found)}. Write ansible_host of {host} without inventory_hostname, which is the client's in a"
            " delegated task.",
            False,
        )


def _check_dates(where, leaf):
    if leaf["validity"] == EXPIRED:
        raise Distrust(f"{where} expired on {leaf['not_after']}. Renew it.")
    if leaf["validity"] != VALID:
        raise Distrust(
            f"{where} is not valid before {leaf['not_before']}. Set the relay's clock, or make one that is valid now."
        )


def is_for(certificate, name, role):
    """bool: whether a client takes the certificate for the name.

    Args:
        certificate: dict, of M(mailops.relay.relay_certificate_info).
        name: str.
        role: str. Sendmail compares the common name alone; Postfix takes it where there is no dNSName.
    """
    if role == SENDMAIL_CLIENT:
        return certificate["common_name"].lower() == name.lower()
    return any(name_matches(entry, name) for entry in _host_names(certificate, role))


def _host_names(certificate, role):
    """list of str: the names that a client compares."""
    names = [entry[4:] for entry in certificate["names"] if entry.startswith("DNS:")]
    return names if names and role != SENDMAIL_CLIENT else [certificate["common_name"]]


def _check_name(where, name, certificate, role, result):
    """Raise Distrust when a certificate is neither for the name, nor for the one that the relay has until its next one takes its place."""
    if is_for(certificate, name, role):
        return
    if any(is_for(certificate, former, role) for former in _former_names(name, result, role)):
        return
    if role == SENDMAIL_CLIENT:
        raise Distrust(
            f'{where} has the common name "{certificate["common_name"]}", which is all that sendmail compares. Make one'
            f' with the common name {name}, or use the name "{certificate["common_name"]}" in {role}_relays.'
        )
    names = [entry for entry in certificate["names"] if entry.startswith("DNS:")] or [
        f"CN={certificate['common_name']}"
    ]
    raise Distrust(
        f"{where} is not for that name, but for {', '.join(names)}. Make one with the subject alternative name"
        f" DNS:{name}, or use a name that it has in {role}_relays or relay_server_hostname."
    )


def _check_chain(where, result, host, role):
    chain = result["chain"]
    if chain["status"] == "incomplete":
        # Its authority may not be named any more since the next certificate is another's: what is trusted stays until then.
        left = _is_known(result) and bool(_next_anchors(result)[1])
        raise Distrust(
            f"{where} has no anchor: {chain['reason']}. Put the certificates between behind it in its file, and name a"
            f" file on {host} that has the authority's root in relay_server_tls_ca_file (with an authority of your own,"
            f" in relay_server_tls_ownca_path; with siteca, run the site with {host}), or one that this host has in {role}_tls_ca_file.",
            unread=left,
        )
    if chain["status"] != "verified":
        raise Distrust(
            f"{where} would be refused by this host: {chain['reason']}. Give the relay a certificate for servers that is"
            " signed by its authority, and converge the relay."
        )


def _served(result, name, port):
    """(dict or None, bool): what the client's port serves, and whether any port serves what the anchor vouches for."""
    answers = [answer for answer in result["served"] if answer["server"] == name and answer["answered"]]
    mine = [answer for answer in answers if answer["port"] == port]
    return (mine[0] if mine else None), any(answer["verified"] for answer in mine or answers)


def _check_served(where, name, port, result, host, role):
    """Raise Distrust unless the relay's facts or its ports say that the certificate is the relay's."""
    mine, verified = _served(result, name, port)
    if mine is not None and not verified:
        found = mine["certificate"]
        raise Distrust(
            f"{where} does not vouch for what port {port} of {name} serves ({found['subject']}, valid until"
            f" {found['not_after']}): {mine['reason']}. Run postfix reload on {host}, which may not have read its file yet; if it"
            " serves the same then, converge the relay."
        )
    if mine is not None and not is_for(mine["certificate"], name, role):
        _check_name(f"The certificate that port {port} of {name} serves", name, mine["certificate"], role, result)
    if not (_is_known(result) or verified):
        reasons = [
            f"port {answer['port']}: {answer['reason']}" for answer in result["served"] if answer["server"] == name
        ]
        raise Distrust(
            f"{where} may be that of another host: in this run nothing is known of {host} itself, and no port of {name}"
            f" shows a certificate ({'; '.join(reasons) or 'none was asked'}). Have Postfix answer there, or run the playbook"
            f" without --limit, so that {host} is asked for its addresses.",
            False,
            True,
        )


def _given(name, relay, result, role, port):
    """list of str: the certificates that the user has given for a relay.

    Raises:
        Distrust: no client could verify a relay with them.
    """
    where = f'The "certificate" of "{name}" in {role}_relays'
    try:
        certificates = x509.read_certificates(to_bytes(relay["certificate"]))
    except x509.FormatError as exc:
        raise Distrust(f"{where} cannot be used: {exc}. Write a certificate in PEM form.", False) from exc
    roots = [certificate for certificate in certificates if x509.is_self_issued(certificate)]
    if not roots:
        last = certificates[-1]
        raise Distrust(
            f'{where} has no anchor: "{last.issuer}", which issued "{last.subject}", is not in it, and Postfix and sendmail'
            " accept nothing that does not end in a self-signed certificate. Give the certificate of the authority's root.",
            False,
        )
    facts = [facts_of(certificate, time.time()) for certificate in roots]
    if not any(found["validity"] == VALID for found in facts):
        try:
            _check_dates(where, facts[0])
        except Distrust as exc:
            raise Distrust(str(exc), False) from exc
    # Whether it is a root or the relay's own certificate, a certificate of an authority without names does not tell.
    own = any(entry.startswith("DNS:") for entry in facts[0]["names"]) or roots[0].server_auth or not roots[0].is_ca
    if len(certificates) == 1 and own:
        try:
            _check_name(where, name, facts[0], role, None)
        except Distrust as exc:
            raise Distrust(str(exc), False) from exc
    _check_given(where, name, relay, result, role, port)
    return [certificate.text for certificate in certificates]


def _check_given(where, name, relay, result, role, port):
    """Raise Distrust when what was read on the relay is not what these certificates vouch for."""
    if result is None or not result.get("anchors") or result["problem"]["reason"]:
        return
    offered = dict(zip(result["item"]["anchors"], result["anchors"], strict=False))
    verdict = offered.get(to_text(relay["certificate"]))
    # What was read on another host by mistake says nothing of what was given.
    known, found = result["item"]["addresses"], result["host"]["addresses"]
    if verdict is None or not (set(known) & set(found) or _served(result, name, port)[1]):
        return
    leaf = result["certificates"][0]
    seen = f'The certificate of "{name}", read on {relay["host"]},'
    _check_dates(seen, leaf)
    _check_name(seen, name, leaf, role, result)
    if not verdict["verified"]:
        raise Distrust(
            f"{where} does not vouch for the relay's certificate ({leaf['subject']}, issued by {leaf['issuer']}):"
            f" {verdict['reason']}. Give the root of who issued it, or leave it out."
        )
