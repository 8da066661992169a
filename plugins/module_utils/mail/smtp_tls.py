# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What TLS of a mail server is worth to its clients."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import ssl
import time

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address, plain
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_bytes
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError, connect
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import SMTPS, Refusal, shown

_DAY = 86400
# RFC 8996
_OLD = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1")
_LATER = ("protocol", "chain", "fingerprint", "name", "expiry")


def name_matches(pattern, name):
    """bool: whether a name of a certificate stands for a host's (RFC 6125 section 6.4).

    Args:
        pattern: str, a dNSName; its leftmost label may be a wildcard, which stands for one label.
        name: str, the host's name.
    """
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    label, _dot, rest = pattern.partition(".")
    if label == "*":
        first, _dot, domain = name.partition(".")
        return bool(first) and "." in rest and "*" not in rest and rest == domain
    return "*" not in pattern and pattern == name


def normal_fingerprint(text):
    """str: a SHA-256 fingerprint as 64 hexadecimal digits, whatever stands between them.

    Raises:
        ProbeError: the text is not a fingerprint.
    """
    digits = re.sub(r"^sha256[:=]|[:\s]", "", text.strip().lower())
    if not re.match(r"[0-9a-f]{64}\Z", digits):
        raise ProbeError(
            "option", "fingerprint: {0!r} is not a SHA-256 fingerprint, which has 64 hexadecimal digits".format(text)
        )
    return digits


def check_name(subject, certificate, name):
    """dict: whether the certificate is for the name.

    Args:
        subject: str, what the check is of.
        certificate: x509.Certificate.
        name: str, host name or address that clients use.
    """
    names = ", ".join(shown(entry) for entry in certificate.names) or "no name"
    if is_address(name):
        fits = "IP:" + plain(name) in certificate.names
    else:
        fits = any(name_matches(entry[4:], name) for entry in certificate.names if entry.startswith("DNS:"))
    if fits:
        return checks.ok("tls.name", subject, "it is for {0}: {1}".format(name, names))
    hosts = [entry for entry in certificate.names if entry.startswith(("DNS:", "IP:"))]
    if not hosts and name_matches(certificate.common_name or "", name):
        return checks.warning(
            "tls.name",
            subject,
            "only its common name is {0}".format(name),
            "Put {0} into the subject alternative names: Postfix takes the common name, others do not (RFC 9525).".format(
                name
            ),
        )
    return checks.failed(
        "tls.name",
        subject,
        "it is not for {0}, but for {1} ({2})".format(name, names, shown(certificate.subject)),
        "Make a certificate with the subject alternative name {0}, or let the clients use a name that it has.".format(
            name
        ),
    )


def check_expiry(subject, certificate, now, days):
    """dict: whether the certificate is valid now and for some more days.

    Args:
        subject: str, what the check is of.
        certificate: x509.Certificate.
        now: float, seconds since the epoch.
        days: int, below which there is a warning.
    """
    left = (certificate.not_after - now) / _DAY
    until = "valid until {0}, {1:.0f} days from now".format(x509.iso_time(certificate.not_after), left)
    if now < certificate.not_before:
        seen = "valid only from {0}".format(x509.iso_time(certificate.not_before))
        return checks.failed("tls.expiry", subject, seen, "Set the clocks, or make a certificate that is valid now.")
    if left < 0:
        return checks.failed("tls.expiry", subject, until, "Renew the certificate.")
    if left < days:
        return checks.warning("tls.expiry", subject, until, "Renew the certificate before then.")
    return checks.ok("tls.expiry", subject, until)


def check_fingerprint(subject, certificate, wanted):
    """dict: whether the certificate or its public key has the fingerprint; Postfix takes either (postconf(5)).

    Args:
        subject: str, what the check is of.
        certificate: x509.Certificate.
        wanted: str, as of C(normal_fingerprint).
    """
    found = [x509.fingerprint(certificate.der), x509.fingerprint(certificate.public_key.der)]
    if wanted in [normal_fingerprint(entry) for entry in found]:
        return checks.ok("tls.fingerprint", subject, "it has the fingerprint that was given")
    return checks.failed(
        "tls.fingerprint",
        subject,
        "certificate {0}, public key {1}".format(*found),
        "Make sure that this is the server that is meant; then give one of these fingerprints to the clients.",
    )


def anchors_in(path):
    """list of str: the subjects of the certificates in a file."""
    try:
        blocks = x509.pem_blocks(read_bytes(path), x509.CERTIFICATE_LABELS)
        return [shown(x509.read_certificate(to_bytes(text)).subject) for text, _der in blocks]
    except (x509.FormatError, IOError, OSError):
        return []


class Probe(object):
    """The test C(tls) of M(mailops.relay.smtp_probe).

    Args:
        params: dict, the module's options.

    Raises:
        ProbeError: an option cannot be used.
    """

    def __init__(self, params):
        self._server = params["server"]
        self._port = params["port"]
        self._mode = params["tls"]
        self._ca_file = params["ca_file"]
        self._fingerprint = normal_fingerprint(params["fingerprint"]) if params["fingerprint"] else None
        self._name = params["server_name"] or self._server
        self._days = params["expiry_days"]
        self._deadline = Deadline(params["timeout"])
        self._subject = "{0} port {1}".format(self._server, self._port)
        self._checks = []
        self._facts = {}
        self._transcript = []
        if self._ca_file:
            # A file that cannot be read is the user's mistake, not a finding.
            try:
                TLS("", self._ca_file)
            except StreamError as exc:
                raise ProbeError("option", "ca_file: {0}".format(exc))

    def run(self):
        """dict: the result."""
        try:
            certificate = self._look()
        except StreamError as exc:
            certificate = None
            todo = "Find out why there is no dialogue with TLS, and test again."
            self._checks.append(checks.failed("tls.connection", self._subject, str(exc), todo))
        if certificate is None:
            self._checks.extend(
                checks.skipped("tls." + name, self._subject, "there is no TLS to look at") for name in _LATER
            )
        else:
            self._judge(certificate)
        return {
            "changed": False,
            "session": self._facts,
            "checks": self._checks,
            "status": checks.overall(self._checks),
            "transcript": self._transcript,
        }

    def _open(self):
        session = connect(self._server, self._port, self._deadline)
        self._transcript = session.transcript
        return session

    def _look(self):
        """x509.Certificate or None: the certificate; what is offered has been checked then."""
        session = self._open()
        try:
            if self._port == SMTPS:
                session.begin("implicit", TLS(self._name))
                self._checks.append(checks.ok("tls.offered", self._subject, "TLS begins at once"))
                self._checks.append(checks.ok("tls.required", self._subject, "nothing goes without TLS"))
            else:
                session.begin()
                if "STARTTLS" not in session.extensions:
                    todo = "Give the server a certificate and smtpd_tls_security_level = may or encrypt."
                    self._checks.append(checks.failed("tls.offered", self._subject, "STARTTLS is not offered", todo))
                    return None
                self._checks.append(checks.ok("tls.offered", self._subject, "STARTTLS is offered"))
                self._checks.append(self._required(session))
                reply = session.starttls(TLS(self._name))
                if not reply.ok:
                    raise Refusal("STARTTLS", reply)
            found = session.tls
        finally:
            session.close()
        if not found["certificate"]:
            raise StreamError("tls", "the server has no certificate")
        try:
            return x509.read_certificate(to_bytes(ssl.DER_cert_to_PEM_cert(found["certificate"])))
        except x509.FormatError as exc:
            raise StreamError("tls", "the server's certificate cannot be read: {0}".format(exc))
        finally:
            self._facts = {"version": found["version"], "cipher": found["cipher"]}

    def _required(self, session):
        reply = session.command("MAIL FROM:<>")
        if reply.ok:
            session.must("RSET")
            if self._mode == "required":
                todo = "Set smtpd_tls_security_level = encrypt for this port."
                return checks.failed("tls.required", self._subject, "mail is taken without TLS", todo)
            return checks.ok("tls.required", self._subject, "mail is taken without TLS too")
        if reply.code == 530:
            return checks.ok("tls.required", self._subject, "mail is not taken without TLS: {0}".format(reply))
        return checks.skipped(
            "tls.required", self._subject, "the server takes no mail from here at all: {0}".format(reply)
        )

    def _judge(self, certificate):
        self._facts.update(
            subject=shown(certificate.subject),
            issuer=shown(certificate.issuer),
            names=[shown(name) for name in certificate.names],
            not_before=x509.iso_time(certificate.not_before),
            not_after=x509.iso_time(certificate.not_after),
            fingerprint=x509.fingerprint(certificate.der),
            public_key_fingerprint=x509.fingerprint(certificate.public_key.der),
        )
        self._checks.append(self._protocol())
        self._checks.append(self._chain(certificate))
        if self._fingerprint:
            self._checks.append(check_fingerprint(self._subject, certificate, self._fingerprint))
        else:
            self._checks.append(checks.skipped("tls.fingerprint", self._subject, "no fingerprint was given"))
        self._checks.append(check_name(self._subject, certificate, self._name))
        self._checks.append(check_expiry(self._subject, certificate, time.time(), self._days))

    def _protocol(self):
        version, cipher = self._facts["version"], self._facts["cipher"]
        if not version:
            return checks.skipped(
                "tls.protocol", self._subject, "this host's Python cannot tell the version; cipher {0}".format(cipher)
            )
        seen = "{0} with {1}".format(version, cipher)
        if version in _OLD:
            return checks.warning(
                "tls.protocol", self._subject, seen, "Let both sides speak TLS 1.2 or newer (RFC 8996)."
            )
        return checks.ok("tls.protocol", self._subject, seen)

    def _chain(self, certificate):
        """dict: whether the trust anchors vouch for the certificate, by a handshake of its own."""
        if not self._ca_file:
            return checks.skipped("tls.chain", self._subject, "no ca_file was given")
        anchors = ", ".join(anchors_in(self._ca_file)[:3])
        try:
            session = self._open()
            try:
                session.begin("implicit" if self._port == SMTPS else "required", TLS(self._name, self._ca_file))
            finally:
                session.close()
        except StreamError as exc:
            if exc.kind != "untrusted":
                return checks.failed(
                    "tls.chain", self._subject, str(exc), "Test again: the connection before was good."
                )
            seen = "{0} does not vouch for it: {1}; it has {2}, the certificate is {3}, issued by {4}".format(
                self._ca_file, exc, anchors, shown(certificate.subject), shown(certificate.issuer)
            )
            todo = (
                "Give the clients the certificate of who issued it, or let one of those in {0} issue a new one.".format(
                    self._ca_file
                )
            )
            return checks.failed("tls.chain", self._subject, seen, todo)
        return checks.ok("tls.chain", self._subject, "verified with {0} ({1})".format(self._ca_file, anchors))
