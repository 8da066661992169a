# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the certificates of a relay are valid: those in Postfix's files, and those that its ports serve."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

from ansible_collections.mailops.relay.plugins.module_utils.host import trust, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import clock_problem
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import NEXT_SUFFIX
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import CIPHERS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.host.threads import side_by_side
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.certificate_checks import (
    IDENTIFIER,
    File,
    Moment,
    Successor,
    check_file,
    check_no_tls,
    check_served,
    check_unknown,
    check_unreadable,
    difference,
    file_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.served_certificate import sent
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Refusal
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tls_services import tls_services

_ASK_AGAIN = "See that Postfix runs and offers TLS on this port (postfix status; the mail log), and check again."
# RFC 3207 section 4
_NOT_AVAILABLE = 454
# Of the time limit for all checks, so that there is a verdict by then.
_SHARE = 0.8
# A reload lets processes with the old certificate end, which takes a moment, in seconds.
_PAUSE = 1


def moments(now, reference, tolerance):
    """list of Moment: the times by which certificates are judged; empty where none is known.

    Args:
        now: float, this host's clock, seconds since the epoch.
        reference: float or None, another clock at the same time.
        tolerance: float, seconds that the two may differ.
    """
    found = [] if clock_problem(now) else [Moment(now, "")]
    if reference is not None and (not found or abs(now - reference) > tolerance):
        found.append(Moment(reference, "the controller"))
    return found


def read_files(service, authorities):
    """What Postfix reads the certificates of a service from.

    Args:
        service: tls_services.TlsService.
        authorities: list of x509.Certificate, of who issued them, where they are not in these files.

    Returns:
        (list of File, list of dict): one for each certificate, and a check for each file that cannot be used.
    """
    found, bad = [], []
    for path in service.files:
        try:
            certificates = trust.read_certificates(path)
        except trust.CertificateFileError as exc:
            # There, a key may have a file of its own.
            if not (service.chained and exc.empty):
                bad.append(check_unreadable(path, str(exc)))
            continue
        for number, certificate in enumerate(certificates):
            last = found[-1].certificates[-1] if found else None
            if number and not service.chained or service.chained and _is_next(last, certificate):
                found[-1].certificates.append(certificate)
            else:
                known = authorities + trust.site_authorities(path)
                found.append(File(path, [certificate], known, _successor(path)))
    return found, bad


def _is_next(last, certificate):
    """bool: whether a certificate goes on with a chain, of which the last one is given, or None."""
    return last is not None and not x509.is_self_issued(last) and last.issuer_der == certificate.subject_der


def _successor(path):
    """Successor or None: what waits to take the place of a file."""
    waiting = path + NEXT_SUFFIX
    try:
        return Successor(waiting, trust.read_certificates(waiting), "")
    except trust.CertificateFileError as exc:
        return None if exc.missing else Successor(waiting, [], str(exc))


class Certificates(object):
    """The certificates of the Postfix of this host.

    Args:
        runner: ``Runner``.
        host: ``installation.Host``.
        hostname: str, names the host in the checks.
        settings: dict, the parameters that main.cf sets -> their text.
        options: dict, the options of M(mailops.relay.relay_host_info).
    """

    def __init__(self, runner, host, hostname, settings, options):
        self._runner = runner
        self._host = host
        self._hostname = hostname
        self._settings = settings
        self._options = options
        now = time.time()
        self._moments = moments(now, options["reference_time"], options["clock_tolerance"])
        self._clock = clock_problem(now)

    def checks(self):
        """list of dict: one for each file and each port.

        Raises:
            RelayError: Postfix's configuration cannot be read.
        """
        services = tls_services(self._host, self._settings)
        if not services:
            return [checks.skipped(IDENTIFIER, self._hostname, "no port of master.cf offers TLS to other hosts")]
        if not self._moments:
            return [check_unknown(self._hostname, self._clock, "Set the clock, and check again.")]
        authorities, results = self._authorities()
        by_port = [(service, read_files(service, authorities)) for service in services]
        for result in [check for _service, (files, bad) in by_port for check in bad + self._of_files(files)]:
            # Ports mostly share their files.
            if result not in results:
                results.append(result)
        asked = [(service, kind, files) for service, (files, _bad) in by_port for kind in _kinds(files)]
        deadline = Deadline(self._options["timeout"] * _SHARE)
        works = [lambda one=one: self._of_port(deadline, *one) for one in asked]
        for one, outcome in zip(asked, side_by_side(works, self._options["timeout"])):
            if outcome.error is not None:
                raise outcome.error
            subject = self._subject(one[0], one[1])
            results.append(
                outcome.value if outcome.finished else check_unknown(subject, "no answer in time", _ASK_AGAIN)
            )
        return results

    def _authorities(self):
        """(list of x509.Certificate, list of dict): those that have issued the relay's, and a check when they cannot be read."""
        path = self._options["ca_path"]
        try:
            return trust.read_certificates(path) if path else [], []
        except trust.CertificateFileError as exc:
            return [], [check_unreadable(path, str(exc))]

    def _of_files(self, files):
        return [check_file(found, self._moments) for found in files]

    def _subject(self, service, kind):
        return "{0} port {1}{2}".format(self._hostname, service.port, ", " + kind if kind else "")

    def _of_port(self, deadline, service, kind, files):
        """dict: the check of a port.

        Args:
            kind: str or None, of the key whose certificate is asked for.
        """
        subject = self._subject(service, kind)
        if not files:
            return check_unknown(subject, "its file cannot be used", "Mend that file first.")
        try:
            certificates, whole = self._sent(deadline, service, kind)
            if difference(certificates, whole, file_of(certificates[0], files)) and deadline.left() > 2 * _PAUSE:
                time.sleep(_PAUSE)
                certificates, whole = self._sent(deadline, service, kind)
        except Refusal as exc:
            if exc.reply.code == _NOT_AVAILABLE:
                return check_no_tls(subject, str(exc))
            return check_unknown(subject, str(exc), _ASK_AGAIN)
        except StreamError as exc:
            return check_unknown(subject, str(exc), _ASK_AGAIN)
        return check_served(subject, service.port, certificates, whole, files, self._moments)

    def _sent(self, deadline, service, kind):
        return sent(service.address, service.port, deadline, service.implicit, kind, self._runner)


def _kinds(files):
    """list of str or None: for which keys a port has to be asked, that has certificates from these files."""
    kinds = sorted(set(found.certificates[0].public_key.kind for found in files))
    return kinds if len(kinds) > 1 and set(kinds) <= set(CIPHERS) else [None]
