# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client has to trust so that it accepts a server's certificate: its trust anchor.

Postfix and sendmail accept a chain that ends in a self-signed certificate among those they trust, and no other: a
certificate between, of an authority that another one signed, is never an anchor for them.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import shutil
import ssl
import tempfile
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import FileKindError, RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import open_regular
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import SITE_SUFFIX, OpenSSL, reason_of

SELF_SIGNED, PRIVATE, PUBLIC, NONE = "self-signed", "private", "public", "none"
VERIFIED, INCOMPLETE, REFUSED = "verified", "incomplete", "refused"

# Where distributions keep the certificates of the public authorities, in one file. What is there counts.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# All public authorities together are less than 1 MB.
_LARGEST = 16 * 1024 * 1024
# X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, ..._ISSUER_CERT_LOCALLY, ..._VERIFY_LEAF_SIGNATURE: somebody is missing in the chain.
_MISSING_ISSUER = (2, 20, 21)

# kind: one of the four above; certificates: list of x509.Certificate, what a client has to trust; status: VERIFIED,
# INCOMPLETE when the chain ends before a self-signed certificate, REFUSED otherwise; reason: why it is not VERIFIED, or "".
Verdict = namedtuple("Verdict", "kind certificates status reason")


class CertificateFileError(RelayError):
    """A file of certificates that cannot be used; the text says only why.

    Attributes:
        missing: bool, whether there is no such file.
        empty: bool, whether it can be read and has no certificate.
    """

    def __init__(self, text, missing=False, empty=False):
        super(CertificateFileError, self).__init__(text)
        self.missing = missing
        self.empty = empty


def read_certificates(path):
    """The certificates in a file, and nothing else of it.

    Args:
        path: str.

    Returns:
        list of x509.Certificate, in their order, never empty.

    Raises:
        CertificateFileError: it cannot be read, is no file, is too large, or has no certificate in PEM form.
    """
    try:
        return x509.read_certificates(_content(path))
    except x509.FormatError as exc:
        raise CertificateFileError(str(exc), empty=isinstance(exc, x509.NoBlockError))


def site_authorities(path):
    """list of x509.Certificate: of the site's CA, as M(mailops.relay.tls_keypair) has put them beside a relay's certificate.

    Empty where there are none, or none that can be read: what they vouch for is not verified then.

    Args:
        path: str, of the relay's certificate.
    """
    try:
        return read_certificates(path + SITE_SUFFIX)
    except CertificateFileError:
        return []


def _content(path):
    try:
        with os.fdopen(open_regular(path), "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > _LARGEST:
                raise CertificateFileError("it has {0} bytes, which is no file of certificates".format(size))
            return stream.read(_LARGEST)
    except FileKindError:
        raise CertificateFileError("it is not a regular file")
    except (IOError, OSError) as exc:
        raise CertificateFileError(os.strerror(exc.errno), missing=exc.errno == errno.ENOENT)
    except (TypeError, ValueError):
        raise CertificateFileError("its name has a NUL character")


def system_bundle():
    """str or None: the file with the certificates of the public authorities, as this host has it."""
    paths = getattr(ssl, "get_default_verify_paths", lambda: None)()
    for path in list(_BUNDLES) + ([paths.openssl_cafile] if paths else []):
        if os.path.isfile(path):
            return path
    return None


def in_bundle(data, bundle):
    """bool: whether all certificates in these bytes are in a file of certificates.

    Args:
        data: bytes, with PEM certificates.
        bundle: str, path.
    """
    try:
        wanted = x509.pem_blocks(data, x509.CERTIFICATE_LABELS)
        known = set(der for _text, der in x509.pem_blocks(_content(bundle), x509.CERTIFICATE_LABELS))
    except (x509.FormatError, CertificateFileError):
        return False
    return all(der in known for _text, der in wanted)


def preferred_file(path, files):
    """The host's own file of public authorities in place of a file that has only some of them.

    Args:
        path: str, the file of trust anchors.
        files: list of dict, C(path), C(content) and C(state): what is about to be written or removed.

    Returns:
        str: the bundle when it has every certificate of the file, else the path.
    """
    bundle = system_bundle()
    for entry in files:
        written = entry.get("state") != "absent" and entry.get("content")
        if entry["path"] == path and bundle is not None and written and in_bundle(to_bytes(written), bundle):
            return bundle
    return path


class Chains(object):
    """Looks for trust anchors. Used in C(with): its files are gone afterwards.

    Args:
        runner: commands.Runner.

    Attributes:
        scratch: str, a private directory.
    """

    def __init__(self, runner):
        self._runner = runner
        self.scratch = None
        self._openssl = None

    def __enter__(self):
        self.scratch = tempfile.mkdtemp()
        self._openssl = OpenSSL(self._runner, self.scratch)
        return self

    def __exit__(self, *_exception):
        shutil.rmtree(self.scratch, ignore_errors=True)

    def write(self, name, certificates):
        """str: the path of a file with these certificates; None when there are none."""
        if not certificates:
            return None
        path = os.path.join(self.scratch, name)
        with open(path, "wb") as stream:
            stream.write(to_bytes("".join(certificate.text for certificate in certificates)))
        return path

    def _refusal(self, leaf, untrusted, anchors):
        return self._openssl.chain_refusal(
            self.write("leaf", [leaf]), self.write("untrusted", untrusted), self.write("anchors", anchors)
        )

    def verdict(self, certificates, authorities, bundle):
        """What vouches for a server's certificate.

        Args:
            certificates: list of x509.Certificate, the server's own first, then what it sends with it.
            authorities: list of x509.Certificate, those of the authority that its keeper has named; may be empty.
            bundle: str or None, the file of the public authorities.

        Returns:
            Verdict.
        """
        try:
            return self._verdict(certificates, authorities, bundle)
        except CommandError as exc:
            return Verdict(NONE, [], REFUSED, "openssl could not check it: {0}".format(reason_of(exc)))

    def _verdict(self, certificates, authorities, bundle):
        leaf, rest = certificates[0], certificates[1:]
        if x509.is_self_issued(leaf):
            refusal = self._refusal(leaf, [], [leaf])
            return _judged(SELF_SIGNED, [leaf], refusal)
        refusals = []
        for kind, anchors in self._candidates(certificates, authorities, bundle):
            refusal = self._refusal(leaf, rest, anchors)
            if refusal is None:
                return _judged(kind, anchors, None)
            refusals.append(refusal)
        # The last word of an authority that is known counts more than that another one is not its issuer.
        for refusal in refusals:
            if refusal.code not in _MISSING_ISSUER:
                return _judged(NONE, [], refusal)
        last = _top(leaf, rest + authorities)
        if any(last.issuer_der == certificate.subject_der for certificate in rest + authorities):
            reason = '"{1}" is not signed by the certificate that is there of "{0}", which has another key'
        else:
            reason = '"{0}", which issued "{1}", is neither in its file nor one of the public authorities of this host'
        return Verdict(NONE, [], INCOMPLETE, reason.format(last.issuer, last.subject))

    def refusal_of(self, certificates, anchors):
        """str: why a client that trusts these anchors would refuse a server's certificate; empty when it accepts it.

        Args:
            certificates: list of x509.Certificate, as for C(verdict).
            anchors: list of x509.Certificate.
        """
        try:
            refusal = self._refusal(certificates[0], certificates[1:], anchors)
        except CommandError as exc:
            return "openssl could not check it: {0}".format(reason_of(exc))
        return "" if refusal is None else refusal.reason

    def _candidates(self, certificates, authorities, bundle):
        """Yields (kind, list of x509.Certificate) to try, what has been named first."""
        if authorities:
            yield PRIVATE, authorities
        if bundle is not None:
            issuers = set(certificate.issuer_der for certificate in certificates)
            for root in _of_bundle(bundle):
                if root.subject_der in issuers:
                    yield PUBLIC, [root]
        for certificate in certificates[1:]:
            if x509.is_self_issued(certificate):
                yield PRIVATE, [certificate]


def _judged(kind, anchors, refusal):
    if refusal is None:
        return Verdict(kind, anchors, VERIFIED, "")
    return Verdict(kind, anchors, REFUSED, refusal.reason)


def _top(leaf, rest):
    """x509.Certificate: the last one of the chain, as far as it goes, that names another as its issuer."""
    seen = [leaf]
    while True:
        found = [
            certificate
            for certificate in rest
            if certificate.subject_der == seen[-1].issuer_der
            and certificate not in seen
            and not x509.is_self_issued(certificate)
        ]
        if not found:
            return seen[-1]
        seen.append(found[0])


def _of_bundle(path):
    """list of x509.Certificate: those of the public authorities that can be read."""
    found = []
    try:
        blocks = x509.pem_blocks(_content(path), x509.CERTIFICATE_LABELS)
    except (x509.FormatError, CertificateFileError):
        return found
    for text, _der in blocks:
        try:
            found.append(x509.read_certificate(to_bytes(text)))
        except x509.FormatError:
            # One that nobody can read does not make the others worse.
            continue
    return found
