# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of a private key and its certificate or request, what is there, and what therefore is to be done.

``inspect`` reads what is there, ``decide`` compares it with what is wanted and gives the reasons.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import files, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import (
    CSR,
    OWNCA,
    SELFSIGNED,
    SITE_SUFFIX,
    SITECA,
    OpenSSL,
    check_common_name,
    parse_names,
    reason_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import attributes_of

DAY = 86400
SMALLEST_RSA = 2048
LARGEST_RSA = 16384
LONGEST_DAYS = 36500
# Before the end of a site's CA the next one is made.
SITE_RENEW_BEFORE_DAYS = 365
# By how much a clock may have been set back without anything being wrong.
CLOCK_STEP = 300
# 2020-01-01T00:00:00Z: a clock from before this collection was written has not been set since the host started.
EARLIEST_CLOCK = 1577836800

# What is left of a file that may hold a certificate which cannot be read: a whole PEM block (RFC 7468), or DER.
_WHOLE_CERTIFICATE = re.compile(b"-----END [A-Z0-9 ]*(?:CERTIFICATE|PKCS7|CMS)-----|\\A\x30[\x80-\x84]")

# Modes are ints, owner and group ints or None (keep, or the caller's for a new file), names a list in the
# form of openssl.parse_names, renew_before and valid in days; everything else is as the module's option.
# site_path: str, the certificates of the site's CA beside the certificate in use; None where there is no certificate.
Wanted = namedtuple(
    "Wanted",
    "privatekey_path certificate_path csr_path provider kind size curve common_name names valid_days renew_before_days"
    " new_key_on_renewal replace_broken_key ownca_path ownca_privatekey_path ownca_privatekey_passphrase"
    " privatekey_mode certificate_mode owner group backup force"
    " siteca_name siteca_renew_before_days signed_certificate signed_authority site_path",
)
# What only provider siteca has.
Wanted.__new__.__defaults__ = (None,) * 5

# What is on the host. key, certificate and request: the parsed object, or None when the file is missing or
# broken. broken: reason by role ("privatekey", "certificate", "csr"). data: bytes or None by role.
# key_unknown: the key is there but no openssl program can read it (check mode only). untrusted: why the
# certificate does not verify against its authority. attributes: the (mode, uid, gid) of each file by role.
# site: list of x509.Certificate, of the site's CA, those of ``site_path`` behind the one that has signed now; with provider siteca
# the first one is ca, unless it cannot be used.
Found = namedtuple("Found", "key certificate request ca broken data key_unknown untrusted attributes site")

# new_key, new_document: bool; the document is the certificate, or the request with provider csr.
# attributes: roles of kept files whose mode or owner changes. forced: bool, whether something is replaced that only
# ``force`` allows to be; backups are kept then. site: bool, whether the file of the site's CA is written although no certificate is made.
Plan = namedtuple("Plan", "new_key new_document attributes reasons forced site")


class KeypairError(RelayError):
    """The pair cannot be made as asked; nothing live was changed."""


def check(wanted):
    """Refuse what cannot be fulfilled on any host.

    Args:
        wanted: Wanted, with names as the user wrote them.

    Returns:
        Wanted: with names in the form in which they are compared; without any, the common name is the
        only one.

    Raises:
        KeypairError, openssl.NameProblem: the text names the option and the fix.
    """
    check_common_name(wanted.common_name)
    wanted = wanted._replace(names=parse_names(wanted.names or ["DNS:" + wanted.common_name]))
    if wanted.kind == "RSA" and not SMALLEST_RSA <= wanted.size <= LARGEST_RSA:
        raise KeypairError(
            "size: {0} bits are refused: an RSA key has {1} to {2} bits; shorter ones are refused by TLS "
            "libraries of today. Set size to 2048, 3072 or 4096.".format(wanted.size, SMALLEST_RSA, LARGEST_RSA)
        )
    if not 1 <= wanted.valid_days <= LONGEST_DAYS:
        raise KeypairError("valid_days: {0} is not within 1 to {1}.".format(wanted.valid_days, LONGEST_DAYS))
    if wanted.renew_before_days < 0:
        raise KeypairError("renew_before_days: {0} is negative. Set 0 or more.".format(wanted.renew_before_days))
    if wanted.renew_before_days >= wanted.valid_days:
        raise KeypairError(
            "renew_before_days: {0} is not less than valid_days: {1}, so the certificate would be renewed at every "
            "run. Set renew_before_days lower.".format(wanted.renew_before_days, wanted.valid_days)
        )
    if wanted.provider != OWNCA:
        for option in ("ownca_path", "ownca_privatekey_path", "ownca_privatekey_passphrase"):
            if getattr(wanted, option) is not None:
                raise KeypairError(
                    "{0} is used only with provider=ownca, and provider is {1}. Remove it, or set "
                    "provider=ownca.".format(option, wanted.provider)
                )
    if wanted.provider == SITECA and wanted.siteca_renew_before_days is None:
        wanted = wanted._replace(siteca_renew_before_days=SITE_RENEW_BEFORE_DAYS)
    _check_site(wanted)
    if wanted.certificate_path is not None and wanted.site_path is None:
        wanted = wanted._replace(site_path=wanted.certificate_path + SITE_SUFFIX)
    if wanted.provider != CSR and wanted.csr_path is not None:
        raise KeypairError(
            "csr_path is used only with provider=csr, and provider is {0}. Remove it, or set provider=csr.".format(
                wanted.provider
            )
        )
    if "\n" in (wanted.ownca_privatekey_passphrase or ""):
        raise KeypairError("ownca_privatekey_passphrase has a line break. Give the passphrase alone, on one line.")
    seen = {}
    for option in ("privatekey_path", "certificate_path", "csr_path", "ownca_path", "ownca_privatekey_path"):
        path = getattr(wanted, option)
        if path is None:
            continue
        if not path.startswith("/"):
            raise KeypairError("{0}: {1} is not an absolute path. Begin it with /.".format(option, path))
        real = os.path.realpath(path)
        if real in seen:
            raise KeypairError(
                "{0} and {1} name the same file, {2}. Give each its own file.".format(seen[real], option, real)
            )
        seen[real] = option
    return wanted


def _check_site(wanted):
    options = ("siteca_name", "siteca_renew_before_days", "signed_certificate", "signed_authority")
    if wanted.provider != SITECA:
        for option in options:
            if getattr(wanted, option) is not None:
                raise KeypairError(
                    "{0} is used only with provider=siteca, and provider is {1}. Remove it, or set provider=siteca.".format(
                        option, wanted.provider
                    )
                )
        return
    check_common_name(wanted.siteca_name)
    if (wanted.signed_certificate is None) != (wanted.signed_authority is None):
        raise KeypairError(
            "signed_certificate and signed_authority belong together. Give both as site_ca returned them."
        )
    if wanted.siteca_renew_before_days < 0:
        raise KeypairError(
            "siteca_renew_before_days: {0} is negative. Set 0 or more.".format(wanted.siteca_renew_before_days)
        )
    if wanted.signed_certificate is None:
        return
    try:
        certificate = x509.read_certificate(to_bytes(wanted.signed_certificate))
        authority = x509.read_certificate(to_bytes(wanted.signed_authority))
    except x509.FormatError as exc:
        raise KeypairError(
            "signed_certificate, signed_authority: not certificates as site_ca returns them: {0}.".format(exc)
        )
    if not _is_issued_by(certificate, authority):
        raise KeypairError(
            "signed_certificate: it was issued by {0}, and signed_authority is {1}. Give both as site_ca returned them.".format(
                certificate.issuer, authority.subject
            )
        )


def _is_issued_by(certificate, authority):
    """bool: whether a certificate names this authority as its issuer; the signature is not looked at."""
    return certificate.issuer_der == authority.subject_der and (
        certificate.authority_key_id is None
        or authority.subject_key_id is None
        or certificate.authority_key_id == authority.subject_key_id
    )


def authority_path(wanted):
    """str or None: the file that a certificate has to verify against; None for a self-signed one."""
    return {OWNCA: wanted.ownca_path, SITECA: wanted.site_path}.get(wanted.provider)


def authority_due(authority, renew_before_days, now):
    """bool: whether an authority ends so soon that the next one is to be there: so many days before, at most a third of its life.

    Args:
        authority: x509.Certificate.
        renew_before_days: int.
        now: float, seconds since the epoch.
    """
    third = (authority.not_after - authority.not_before) / 3.0
    return authority.not_after - now < min(renew_before_days * DAY, third)


def read_site(wanted):
    """list of x509.Certificate: of the site's CA, the one that has signed now first; empty where there is none.

    Args:
        wanted: Wanted from ``check``.
    """
    found = []
    for data in (wanted.signed_authority, wanted.site_path and _read("certificate_path", wanted.site_path)):
        try:
            found += x509.read_certificates(to_bytes(data)) if data else []
        except x509.FormatError:
            # It is made anew, as if it were not there.
            pass
    return [one for place, one in enumerate(found) if one.der not in [other.der for other in found[:place]]]


def paths_of(wanted):
    """list of (role, option, path): the files of the pair, the key first."""
    roles = [("privatekey", "privatekey_path"), ("certificate", "certificate_path"), ("csr", "csr_path")]
    paths = [(role, option, getattr(wanted, option)) for role, option in roles]
    return [(role, option, os.path.realpath(path)) for role, option, path in paths if path is not None]


def document_role(wanted):
    """str: what is made for the key, C(certificate) or C(csr)."""
    return "csr" if wanted.provider == CSR else "certificate"


def absent(wanted):
    """list of str: one sentence for each directory or authority's file that must exist before, and does not.

    In check mode an earlier task may be about to create it; otherwise it is a reason to refuse.
    """
    sentences = [
        "{0}: the directory {1} of {2} does not exist. Create it, or correct {0}.".format(
            option, os.path.dirname(path), path
        )
        for _role, option, path in paths_of(wanted)
        if not os.path.isdir(os.path.dirname(path))
    ]
    for option in ("ownca_path", "ownca_privatekey_path") if wanted.provider == OWNCA else ():
        path = getattr(wanted, option)
        if not os.path.exists(path):
            sentences.append("{0}: {1} does not exist. Put the authority's file there.".format(option, path))
    return sentences


def _read(option, path):
    if os.path.isdir(path):
        raise KeypairError("{0}: {1} is a directory. Name a file in it.".format(option, path))
    try:
        return files.read_bytes(path)
    except (IOError, OSError) as exc:
        raise KeypairError("{0}: {1}. Nothing was changed.".format(option, explained(exc)))


def read_ca(wanted, now):
    """x509.Certificate or None: the authority's certificate; None when the file does not exist.

    Args:
        wanted: Wanted, with provider ownca.
        now: float, seconds since the epoch.

    Raises:
        KeypairError: it is damaged, expired, not valid yet, or not one of an authority.
    """
    data = _read("ownca_path", wanted.ownca_path)
    if data is None:
        return None
    try:
        ca = x509.read_certificate(data)
    except x509.FormatError as exc:
        raise KeypairError("ownca_path: {0} is not a certificate: {1}.".format(wanted.ownca_path, exc))
    if not ca.is_ca or ca.key_cert_sign is False:
        raise KeypairError(
            "ownca_path: the certificate {0} ({1}) may not sign others: it lacks CA:TRUE, or keyCertSign in its key "
            "usage. Name the certificate of an authority.".format(wanted.ownca_path, ca.subject)
        )
    if ca.not_after <= now:
        raise KeypairError(
            "ownca_path: the authority's certificate {0} ({1}) expired on {2}. Renew the authority first.".format(
                wanted.ownca_path, ca.subject, x509.iso_time(ca.not_after)
            )
        )
    if ca.not_before > now + CLOCK_STEP:
        raise KeypairError(
            "ownca_path: the authority's certificate {0} ({1}) is not valid before {2}, and this host's clock says {3}. Set "
            "the clock.".format(wanted.ownca_path, ca.subject, x509.iso_time(ca.not_before), x509.iso_time(now))
        )
    return ca


def inspect(wanted, runner, now):
    """Found: what is on the host. Runs C(openssl) once for the key, and once more with an own authority.

    Args:
        wanted: Wanted from ``check``.
        runner: commands.Runner or None; None when the host has no openssl program (check mode).
        now: float, seconds since the epoch.

    Raises:
        KeypairError: a file cannot be read, or the authority's certificate cannot be used.
    """
    data, broken, attributes, parsed = {}, {}, {}, {}
    readers = {"certificate": x509.read_certificate, "csr": x509.read_request}
    for role, option, path in paths_of(wanted):
        data[role] = _read(option, path)
        if data[role] is None:
            continue
        attributes[role] = attributes_of(path)
        try:
            if role in readers:
                parsed[role] = readers[role](data[role])
            elif runner is not None:
                parsed[role] = OpenSSL(runner).public_key(path)
        except x509.FormatError as exc:
            broken[role] = str(exc)
        except CommandError as exc:
            if b"ENCRYPTED" in data[role]:
                broken[role] = "it is protected by a passphrase, and a mail server could not open it"
            else:
                broken[role] = "openssl cannot read it ({0})".format(reason_of(exc))
    certificate = parsed.get("certificate")
    site = read_site(wanted)
    ca = read_ca(wanted, now) if wanted.provider == OWNCA else None
    if wanted.provider == SITECA and site and site[0].not_before <= now + CLOCK_STEP and now < site[0].not_after:
        ca = site[0]
    untrusted = None
    if ca is not None and certificate is not None:
        if not _is_issued_by(certificate, ca):
            untrusted = "it was issued by another authority ({0})".format(certificate.issuer)
        elif runner is not None and certificate.not_before <= now < certificate.not_after:
            untrusted = OpenSSL(runner).problem_with(os.path.realpath(wanted.certificate_path), authority_path(wanted))
    return Found(
        key=parsed.get("privatekey"),
        certificate=certificate,
        request=parsed.get("csr"),
        ca=ca,
        broken=broken,
        data=data,
        key_unknown=runner is None and data["privatekey"] is not None,
        untrusted=untrusted,
        attributes=attributes,
        site=site,
    )


def describe_key(kind, size, curve):
    """str: a key's kind for people, C(RSA 2048 bits) or C(ECC secp256r1)."""
    if kind == "RSA":
        return "RSA {0} bits".format(size)
    return "ECC {0}".format(curve) if kind == "ECC" else "algorithm {0}".format(kind)


def _key_reason(wanted, found):
    """(str or None, bool): why a new key is needed, and whether only ``force`` allows it."""
    path = wanted.privatekey_path
    if found.data["privatekey"] is None:
        return "privatekey: {0} does not exist".format(path), False
    if "privatekey" in found.broken:
        if not wanted.replace_broken_key:
            raise KeypairError(
                "privatekey_path: {0} is not usable as a key: {1}. Put the right key there, move the file away, or "
                "set replace_broken_key=true, which keeps a backup and makes a new key.".format(
                    path, found.broken["privatekey"]
                )
            )
        return "privatekey: {0}: {1}".format(path, found.broken["privatekey"]), False
    if found.key_unknown:
        return None, False
    asked = describe_key(wanted.kind, wanted.size, wanted.curve)
    is_there = describe_key(found.key.kind, found.key.size, found.key.curve)
    if is_there == asked:
        return None, False
    if not wanted.force:
        raise KeypairError(
            "privatekey_path: the key {0} is {1}, and {2} is asked for. Ask for what it is with type, size and curve, name "
            "another privatekey_path, or set force=true (relay_server_tls_force), which makes a new key and keeps a "
            "backup.".format(path, is_there, asked)
        )
    return "privatekey: it is {0}, and {1} is asked for".format(is_there, asked), True


def _issuer(wanted, found):
    """str or None: who issued the certificate that is there, for people; None when it is one that this module makes.

    These are self-signed ones that say they are a server's, those that say less about themselves, as people make them by
    hand, those of the authority in ``ownca_path`` and those of the site's CA.
    """
    if wanted.provider == CSR or found.data["certificate"] is None:
        return None
    certificate = found.certificate
    if certificate is None:
        whole = _WHOLE_CERTIFICATE.search(found.data["certificate"])
        return "unknown, since it cannot be read ({0})".format(found.broken["certificate"]) if whole else None
    if wanted.provider == OWNCA and (found.ca is None or certificate.issuer_der == found.ca.subject_der):
        return None
    if any(_is_issued_by(certificate, one) for one in found.site):
        return None
    # Its file beside the certificate is gone.
    own = "CN={0}, serialNumber=".format(wanted.siteca_name)
    if wanted.provider == SITECA and not found.site and certificate.issuer.startswith(own):
        return None
    if certificate.issuer_der != certificate.subject_der:
        return certificate.issuer
    if certificate.is_ca and certificate.key_cert_sign and certificate.server_auth is None:
        return "{0}, an authority of which it is the certificate".format(certificate.issuer)
    return None


def _guard_certificate(wanted, found, reasons, now):
    """bool: whether only ``force`` allows to replace the certificate that is there.

    Args:
        wanted: Wanted; found: Found.
        reasons: list of str, why it is to be replaced; at least one.
        now: float, seconds since the epoch.

    Raises:
        KeypairError: it needs ``force``, and that is not set.
    """
    path = wanted.certificate_path
    issuer = _issuer(wanted, found)
    if issuer is not None and not wanted.force:
        raise KeypairError(
            "certificate_path: {0} is a certificate whose issuer is {1}, and provider={2} would replace it ({3}). Leave it to "
            "who issued it and take this task out (relay_server: relay_server_tls_provider: existing), name another "
            "certificate_path, or set force=true (relay_server_tls_force), which makes a new certificate and keeps a "
            "backup.".format(path, issuer, wanted.provider, "; ".join(reasons))
        )
    early = wanted.provider != CSR and found.certificate is not None and found.certificate.not_before > now + CLOCK_STEP
    if early and not wanted.force:
        raise KeypairError(
            "certificate_path: {0} is not valid before {1}, and this host's clock says {2}. Set the clock; if the clock is right "
            "and was wrong when the certificate was made, set force=true (relay_server_tls_force), which makes a new "
            "certificate and keeps a backup.".format(
                path, x509.iso_time(found.certificate.not_before), x509.iso_time(now)
            )
        )
    return issuer is not None or early


def clock_problem(now):
    """str or None: that the clock of this host has not been set.

    Args:
        now: float, seconds since the epoch.
    """
    if now >= EARLIEST_CLOCK:
        return None
    return "clock: this host's clock says {0}, which is before 2020".format(x509.iso_time(now))


def _name_reasons(wanted, document, role):
    reasons = []
    if document.common_name != wanted.common_name:
        reasons.append(
            "{0}: its common name is {1}, and {2} is asked for".format(role, document.common_name, wanted.common_name)
        )
    lacks = [name for name in wanted.names if name not in document.names]
    beyond = [name for name in document.names if name not in wanted.names]
    if lacks:
        reasons.append("{0}: it lacks the name {1}".format(role, ", ".join(lacks)))
    if beyond:
        reasons.append("{0}: it has the name {1} that is not asked for".format(role, ", ".join(beyond)))
    return reasons


def expiry_reason(certificate, renew_before_days, now):
    """str or None: why the certificate's time calls for a new one.

    Args:
        certificate: x509.Certificate.
        renew_before_days: int.
        now: float, seconds since the epoch.
    """
    if certificate.not_before > now + CLOCK_STEP:
        return "certificate: it is not valid before {0}".format(x509.iso_time(certificate.not_before))
    if certificate.not_after <= now:
        return "certificate: it expired on {0}".format(x509.iso_time(certificate.not_after))
    if certificate.not_after - now < renew_before_days * DAY:
        return "certificate: it expires on {0}, less than {1} days from now".format(
            x509.iso_time(certificate.not_after), renew_before_days
        )
    return None


def _document_reasons(wanted, found, now):
    """list of str: why a new certificate (or request) is needed for the key that is there."""
    role = document_role(wanted)
    path = wanted.csr_path if role == "csr" else wanted.certificate_path
    if found.data[role] is None:
        return ["{0}: {1} does not exist".format(role, path)]
    if role in found.broken:
        what = "certificate request" if role == "csr" else role
        return ["{0}: {1} is not a {2}: {3}".format(role, path, what, found.broken[role])]
    document = found.request if role == "csr" else found.certificate
    reasons = []
    if found.key is not None and document.public_key.der != found.key.der:
        reasons.append("{0}: it belongs to another key than {1}".format(role, wanted.privatekey_path))
    reasons += _name_reasons(wanted, document, role)
    if role == "csr":
        return reasons
    if wanted.provider == SELFSIGNED and document.issuer_der != document.subject_der:
        reasons.append("certificate: it was issued by {0}, and is not self-signed".format(document.issuer))
    elif wanted.provider == SELFSIGNED and document.key_cert_sign is False:
        reasons.append("certificate: its key usage lacks keyCertSign, so OpenSSL 1.0.2 would not trust it as itself")
    if document.server_auth is False:
        reasons.append("certificate: its extended key usage lacks serverAuth")
    expiry = expiry_reason(document, wanted.renew_before_days, now)
    if expiry is not None:
        reasons.append(expiry)
    if wanted.provider == SITECA:
        reasons += _site_reasons(wanted, found, now)
    if found.untrusted is not None:
        reasons.append(
            "certificate: it does not verify against {0}: {1}".format(authority_path(wanted), found.untrusted)
        )
    return reasons


def _site_reasons(wanted, found, now):
    """list of str: why the site's CA is to be asked for a certificate, as far as the CA itself is the reason."""
    if found.ca is None:
        return ["certificate: there is no valid certificate of the site's CA in {0}".format(wanted.site_path)]
    if found.ca.common_name != wanted.siteca_name:
        return [
            "certificate: the site's CA is {0}, and {1} is asked for".format(found.ca.common_name, wanted.siteca_name)
        ]
    if authority_due(found.ca, wanted.siteca_renew_before_days, now):
        return ["certificate: the site's CA expires on {0}".format(x509.iso_time(found.ca.not_after))]
    return []


def target_attributes(wanted, role, current):
    """(int, int or None, int or None): mode, owner and group that a file shall have."""
    mode = wanted.privatekey_mode if role == "privatekey" else wanted.certificate_mode
    return (
        mode,
        current[1] if wanted.owner is None and current else wanted.owner,
        current[2] if wanted.group is None and current else wanted.group,
    )


def attribute_reasons(wanted, found, made=()):
    """dict: for each role of a kept file whose mode or owner is not as wanted, what it is and what is asked for.

    Args:
        wanted: Wanted; found: Found.
        made: list of str, roles of files that are made anew.
    """
    reasons = {}
    # With provider csr the certificate is someone else's file.
    for name in ("privatekey", document_role(wanted)):
        current = found.attributes.get(name)
        if name in made or current is None:
            continue
        target = target_attributes(wanted, name, current)
        if target != current:
            reasons[name] = "{0}: mode, owner and group are {1:04o} {2}:{3}, and {4:04o} {5}:{6} are asked for".format(
                name, *(current + target)
            )
    return reasons


def decide(wanted, found, now):
    """Plan: what is to be done, and why.

    Args:
        wanted: Wanted from ``check``.
        found: Found from ``inspect``.
        now: float, seconds since the epoch.

    Raises:
        KeypairError: the clock was never set, or something may not be replaced.
    """
    key_reason, forced = _key_reason(wanted, found)
    document_reasons = _document_reasons(wanted, found, now)
    role = document_role(wanted)
    reasons = [key_reason] if key_reason is not None else []
    new_document = bool(key_reason or document_reasons)
    new_key = key_reason is not None
    if document_reasons and not new_key and wanted.new_key_on_renewal and found.data[role] is not None:
        new_key = True
        reasons.append("privatekey: new_key_on_renewal is set")
    reasons += document_reasons
    if key_reason is not None and not document_reasons:
        reasons.append("{0}: the key is replaced".format(role))
    made = [name for name, new in (("privatekey", new_key), (role, new_document)) if new]
    differing = attribute_reasons(wanted, found, made)
    attributes = sorted(differing, key=["privatekey", role].index)
    reasons += [differing[name] for name in attributes]
    if reasons and clock_problem(now) is not None:
        raise KeypairError(
            "{0}. Set the clock and run this again; nothing was changed, though it is due: {1}.".format(
                clock_problem(now), "; ".join(reasons)
            )
        )
    if new_document:
        forced = _guard_certificate(wanted, found, reasons, now) or forced
    former = found.site[1:] if wanted.provider == SITECA and not new_document else []
    reasons += ["authority: {0} is of no more use".format(one.subject) for one in former]
    return Plan(new_key, new_document, attributes, reasons, forced, bool(former))


def days_to_sign(wanted, ca, now):
    """int: how many days the new certificate is valid: not beyond its authority.

    Args:
        wanted: Wanted.
        ca: x509.Certificate or None.
        now: float, seconds since the epoch.

    Raises:
        KeypairError: the authority ends so soon that the certificate would be renewed at every run.
    """
    if ca is None:
        return wanted.valid_days
    days = min(wanted.valid_days, int((ca.not_after - now) // DAY))
    if days <= wanted.renew_before_days:
        raise KeypairError(
            "ownca_path: the authority's certificate {0} expires on {1}, within renew_before_days={2}, so what it "
            "signs would be renewed at every run. Renew the authority, or set renew_before_days lower.".format(
                wanted.ownca_path, x509.iso_time(ca.not_after), wanted.renew_before_days
            )
        )
    return days


def check_authority(wanted, found, runner, now):
    """Refuse an authority that cannot sign what is wanted: its key is closed or another's, or it ends too soon.

    Args:
        wanted: Wanted, with provider ownca; found: Found.
        runner: commands.Runner.
        now: float, seconds since the epoch.

    Raises:
        KeypairError: the text names the option and the fix.
    """
    days_to_sign(wanted, found.ca, now)
    path = wanted.ownca_privatekey_path
    try:
        key = OpenSSL(runner).public_key(path, wanted.ownca_privatekey_passphrase or "")
    except CommandError as exc:
        raise KeypairError(
            "ownca_privatekey_path: openssl cannot open {0} ({1}). Put the authority's PEM key there, and its "
            "passphrase, if it has one, into ownca_privatekey_passphrase.".format(path, reason_of(exc))
        )
    if key.der != found.ca.public_key.der:
        raise KeypairError(
            "ownca_privatekey_path: the key {0} does not belong to the certificate {1} ({2}). Name the two files of "
            "one authority.".format(path, wanted.ownca_path, found.ca.subject)
        )


def foreign_certificate_warnings(wanted, found, now):
    """list of str: what is wrong with the certificate that someone else issued for a request."""
    if wanted.provider != CSR or wanted.certificate_path is None or found.data["certificate"] is None:
        return []
    path, certificate = wanted.certificate_path, found.certificate
    if certificate is None:
        return ["certificate_path: {0} is not a certificate: {1}.".format(path, found.broken["certificate"])]
    problems = []
    if found.key is not None and certificate.public_key.der != found.key.der:
        problems.append("certificate: it belongs to another key than {0}".format(wanted.privatekey_path))
    problems += _name_reasons(wanted, certificate, "certificate")
    expiry = expiry_reason(certificate, wanted.renew_before_days, now)
    if expiry is not None:
        problems.append(expiry)
    return ["{0}; have the request signed again and put the answer into {1}.".format(text, path) for text in problems]
