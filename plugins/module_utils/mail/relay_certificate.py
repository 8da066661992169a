# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay's certificate: what its file has, what a client has to trust for it, and what its ports serve."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import trust, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.identity import identity
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import NEXT_SUFFIX
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.host.threads import side_by_side
from ansible_collections.mailops.relay.plugins.module_utils.mail.certificate_facts import facts_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.served_certificate import read, tls_with
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import SMTPS, shown

# A reload of Postfix lets processes with the old certificate end, which takes a moment.
_PAUSE = 1
_ATTEMPTS = 2


class OptionError(RelayError):
    """An option that cannot be used."""


def _ask(server, port, anchors, deadline):
    """(x509.Certificate, str): what a port serves, and why a client with these anchors does not accept it, or "".

    Args:
        server: str; port: int; deadline: stream.Deadline.
        anchors: str or None, path; without, it is not checked.

    Raises:
        StreamError: there is no certificate to be seen.
    """

    def ask(ca_file):
        return tls_with(server, port, TLS(server, ca_file), deadline, port == SMTPS)["certificate"]

    certificate = read(ask(None))
    if anchors is None:
        return certificate, "there is no trust anchor to verify it with"
    try:
        ask(anchors)
    except StreamError as exc:
        if exc.kind != "untrusted":
            raise
        return certificate, str(exc)
    return certificate, ""


def served(server, port, anchors, deadline, now):
    """dict: what a port serves, as C(served) of M(mailops.relay.relay_certificate_info) has it."""
    result = {"server": server, "port": port, "answered": False, "verified": False, "reason": "", "certificate": {}}
    try:
        for attempt in range(_ATTEMPTS):
            certificate, reason = _ask(server, port, anchors, deadline)
            if not reason or anchors is None or attempt == _ATTEMPTS - 1 or deadline.left() < 2 * _PAUSE:
                break
            time.sleep(_PAUSE)
    except StreamError as exc:
        return dict(result, reason=str(exc))
    facts = dict((name, value) for name, value in facts_of(certificate, now).items() if name != "content")
    return dict(result, answered=True, verified=not reason, reason=reason, certificate=facts)


def _refusal_of(chains, certificates, text):
    """str: why a client with these anchors, a text in PEM form, would refuse the relay's certificate; "" when it accepts it."""
    try:
        return chains.refusal_of(certificates, x509.read_certificates(to_bytes(text)))
    except x509.FormatError as exc:
        return str(exc)


class Relay(object):
    """The certificate of the host that this runs on.

    Args:
        runner: commands.Runner.
        options: dict, of M(mailops.relay.relay_certificate_info).

    Raises:
        OptionError: an option cannot be used.
    """

    def __init__(self, runner, options):
        self._runner = runner
        self._options = options
        if not 0 < options["timeout"] <= 600:
            raise OptionError("timeout: {0:g} s is not a time limit; give 1 to 600".format(options["timeout"]))
        for port in options["ports"]:
            if not 0 < port < 65536:
                raise OptionError("ports: {0} is not between 1 and 65535".format(port))
        self._host = identity(runner)

    def look(self, now):
        """dict: the module's result.

        Args:
            now: float, seconds since the epoch.
        """
        bundle = trust.system_bundle()
        certificates, authorities, problem = self._read()
        verdict, anchors = None, []
        with trust.Chains(self._runner) as chains:
            if not problem["reason"]:
                verdict = chains.verdict(certificates, authorities, bundle)
                anchors = [_refusal_of(chains, certificates, text) for text in self._options["anchors"]]
            following = self._next(chains, authorities, bundle, now)
            # For what ends nowhere there is nothing to verify with.
            ca_file = chains.write("served", verdict.certificates) if verdict else None
            answers = self._served(ca_file, now)
        return {
            "changed": False,
            "problem": problem,
            "certificates": [facts_of(certificate, now) for certificate in certificates],
            "anchor": {
                "kind": verdict.kind if verdict else trust.NONE,
                "content": "".join(certificate.text for certificate in verdict.certificates) if verdict else "",
                "subjects": [shown(certificate.subject) for certificate in verdict.certificates] if verdict else [],
                "bundle": bundle or "",
            },
            "chain": {
                "status": verdict.status if verdict else trust.REFUSED,
                "reason": shown(verdict.reason) if verdict else problem["reason"],
            },
            "anchors": [{"verified": not reason, "reason": shown(reason)} for reason in anchors],
            "next": following,
            "served": answers,
            "host": self._host,
        }

    def _read(self):
        """(list of x509.Certificate, list of x509.Certificate, dict): server's, authority's, and what is wrong with a file."""
        found = []
        for path in (self._options["path"], self._options["ca_path"]):
            try:
                found.append(trust.read_certificates(path) if path else [])
            except trust.CertificateFileError as exc:
                return [], [], {"path": path, "reason": str(exc), "missing": exc.missing}
        return (
            found[0],
            found[1] + trust.site_authorities(self._options["path"]),
            {"path": "", "reason": "", "missing": False},
        )

    def _next(self, chains, authorities, bundle, now):
        """dict: about the certificate that waits to take the place of the one in use; empty when there is none."""
        path = self._options["path"] + NEXT_SUFFIX
        if not os.path.lexists(path):
            return {}
        found = {
            "path": path,
            "certificate": {},
            "kind": trust.NONE,
            "content": "",
            "status": trust.REFUSED,
            "reason": "",
        }
        try:
            certificates = trust.read_certificates(path)
        except trust.CertificateFileError as exc:
            return dict(found, reason=str(exc))
        verdict = chains.verdict(certificates, authorities, bundle)
        return dict(
            found,
            certificate=facts_of(certificates[0], now),
            kind=verdict.kind,
            content="".join(certificate.text for certificate in verdict.certificates),
            status=verdict.status,
            reason=shown(verdict.reason),
        )

    def _served(self, ca_file, now):
        timeout = self._options["timeout"]
        deadline = Deadline(timeout)
        asked = [
            (name, port) for name in self._options["servers"] or self._host["names"] for port in self._options["ports"]
        ]
        works = [lambda name=name, port=port: served(name, port, ca_file, deadline, now) for name, port in asked]
        results = []
        # Its thread has to come round to saying that it was too late.
        for (name, port), outcome in zip(asked, side_by_side(works, timeout + 1)):
            if outcome.error is not None:
                raise outcome.error
            late = {"server": name, "port": port, "answered": False, "verified": False, "certificate": {}}
            results.append(
                outcome.value if outcome.finished else dict(late, reason="no answer within {0:g} s".format(timeout))
            )
        return results
