# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA of a site: one file with its certificate and its encrypted key, which signs the requests of the relays.

One file, since one rename then replaces both: the key and the certificate of another are never there together.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import stat
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import files, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer, diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair import diff_text
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import (
    CLOCK_STEP,
    DAY,
    LONGEST_DAYS,
    authority_due,
    clock_problem,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import (
    SITECA,
    OpenSSL,
    authority_config_text,
    check_common_name,
    config_text,
    parse_names,
    random_serial,
    reason_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, Transaction, remove_stale

# Who has the file can try passphrases as fast as he likes.
SHORTEST_PASSPHRASE = 16
_BITS = 3072

# A relay's clock may be behind this host's, and what is due there is due here.
_TOLERANCE_DAYS = 1
# Seconds that may pass before openssl looks at its clock: what is signed must not outlive the CA, not by one.
_MARGIN = 300

_KEY = re.compile(b"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \\1-----\r?\n?", re.S)

# path, name and passphrase: str; valid_days, renew_before_days: int, of the CA's certificate; known: str, the certificate in PEM of the
# CA that the relay has, or empty; request: str, in PEM, or empty; common_name: str, names: list of str, days and leaf_renew_before_days:
# int, of the certificate to be signed.
Wanted = namedtuple(
    "Wanted",
    "path name passphrase valid_days renew_before_days known request common_name names days leaf_renew_before_days",
)

# certificate: x509.Certificate; key: bytes, encrypted, in PEM.
Authority = namedtuple("Authority", "certificate key")


class SiteCaError(RelayError):
    """The CA cannot be used or made, or does not sign this; nothing was changed."""


def check(wanted):
    """Wanted: the same, with names in the form in which they are compared.

    Raises:
        SiteCaError, openssl.NameProblem: the text names the option and the fix.
    """
    check_common_name(wanted.name)
    check_common_name(wanted.common_name)
    if len(wanted.passphrase) < SHORTEST_PASSPHRASE or re.search("[\r\n]", wanted.passphrase):
        raise SiteCaError(
            "passphrase: it has less than {0} characters, or a line break. Write a long random one, as of `openssl rand "
            "-base64 32`, into a variable that ansible-vault encrypts.".format(SHORTEST_PASSPHRASE)
        )
    if not 1 <= wanted.valid_days <= LONGEST_DAYS:
        raise SiteCaError("valid_days: {0} is not within 1 to {1}.".format(wanted.valid_days, LONGEST_DAYS))
    if not 1 <= wanted.days <= LONGEST_DAYS:
        raise SiteCaError("days: {0} is not within 1 to {1}.".format(wanted.days, LONGEST_DAYS))
    directory = os.path.dirname(wanted.path)
    if not os.path.isdir(directory):
        raise SiteCaError(
            "path: the directory {0} of {1} does not exist. Create it with mode 0700, or correct the path.".format(
                directory, wanted.path
            )
        )
    return wanted._replace(names=parse_names(wanted.names or ["DNS:" + wanted.common_name]))


def read(wanted, runner, scratch, now):
    """Authority or None: what is in the file, its key opened once; None when there is no file.

    Args:
        wanted: Wanted from ``check``.
        runner: commands.Runner.
        scratch: str, a private directory.
        now: float, seconds since the epoch.

    Raises:
        SiteCaError: others can read the file, it is not a CA's, its key is open, another's, or does not open, or it is another CA
            than the one asked for.
    """
    try:
        data = files.read_bytes(wanted.path)
        status = None if data is None else os.stat(wanted.path)
    except (IOError, OSError) as exc:
        raise SiteCaError("path: {0}. Nothing was changed.".format(explained(exc)))
    if data is None:
        return None
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise SiteCaError(
            "path: others than its owner can read or write {0} (mode {1:04o}), which holds the key of the CA. See who had "
            "access to it, then chmod 0600 {0}.".format(wanted.path, stat.S_IMODE(status.st_mode))
        )
    try:
        certificate = x509.read_certificate(data)
    except x509.FormatError as exc:
        raise SiteCaError(
            "path: {0} has no certificate of a CA: {1}. Put the certificate of the CA and its encrypted key into it, both in "
            "PEM form, or restore it from a backup.".format(wanted.path, exc)
        )
    key = _KEY.search(data)
    if key is None:
        raise SiteCaError(
            "path: {0} has no private key. Put the encrypted key of the CA behind its certificate.".format(wanted.path)
        )
    if b"ENCRYPTED" not in key.group(0):
        raise SiteCaError(
            "path: the key in {0} has no passphrase. Encrypt it (openssl pkcs8 -topk8 -v2 aes-256-cbc), and put the result in "
            "its place.".format(wanted.path)
        )
    _check_certificate(wanted, certificate, now)
    copy = files.create_temporary(scratch, "ca.key", key.group(0))
    try:
        public = OpenSSL(runner, scratch).public_key(copy, wanted.passphrase)
    except CommandError as exc:
        raise SiteCaError(
            "passphrase: it does not open the key in {0} ({1}). Write the one that the CA was made with "
            "(relay_server_tls_siteca_passphrase). If it is lost, a new CA needs another name and another path "
            "(relay_server_tls_siteca_name, relay_server_tls_siteca_path).".format(
                wanted.path, reason_of(exc).replace(copy, wanted.path)
            )
        )
    if public.der != certificate.public_key.der:
        raise SiteCaError(
            "path: the key in {0} does not belong to the certificate there ({1}). Restore the file from a backup.".format(
                wanted.path, certificate.subject
            )
        )
    return Authority(certificate, key.group(0))


def _check_certificate(wanted, certificate, now):
    if not x509.is_self_issued(certificate) or not certificate.is_ca or certificate.key_cert_sign is False:
        raise SiteCaError(
            "path: the certificate in {0} ({1}) is not that of a CA that signs itself, which is all that Postfix and sendmail "
            "trust. Name the file of such a CA.".format(wanted.path, certificate.subject)
        )
    if certificate.common_name != wanted.name:
        raise SiteCaError(
            "name: the CA in {0} is {1}, and {2} is asked for. Write the name that it has; for a new CA, name another file "
            "in path.".format(wanted.path, certificate.common_name, wanted.name)
        )
    if certificate.not_before > now + CLOCK_STEP:
        raise SiteCaError(
            "path: the CA in {0} is not valid before {1}, and the clock here says {2}. Set the clock.".format(
                wanted.path, x509.iso_time(certificate.not_before), x509.iso_time(now)
            )
        )


def make(wanted, runner, scratch):
    """Authority: a new one, in memory.

    Args:
        wanted: Wanted from ``check``.
        runner: commands.Runner.
        scratch: str, a private directory.
    """
    openssl = OpenSSL(runner, scratch)
    serial = random_serial()
    config = files.create_temporary(scratch, "openssl.cnf", authority_config_text(wanted.name, serial).encode("ascii"))
    key = openssl.new_key("RSA", _BITS, None, wanted.passphrase)
    path = files.create_temporary(scratch, "ca.key", key)
    data = openssl.self_signed(config, path, wanted.valid_days, serial, SITECA, wanted.passphrase)
    return Authority(x509.read_certificate(data), key)


def sign(wanted, authority, runner, scratch, now):
    """x509.Certificate: what the request asks for, for the names that are wanted, as long as its authority is valid at most.

    Args:
        wanted: Wanted from ``check``.
        authority: Authority.
        runner: commands.Runner.
        scratch: str, a private directory.
        now: float, seconds since the epoch.

    Raises:
        SiteCaError: the request is for something else, or the CA ends too soon.
    """
    try:
        request = x509.read_request(to_bytes(wanted.request))
    except x509.FormatError as exc:
        raise SiteCaError("request: it is not a certificate request: {0}.".format(exc))
    # The extensions are not taken from it, but the subject is.
    if request.subject != "CN=" + wanted.common_name:
        raise SiteCaError(
            "request: it is for {0}, and CN={1} is to be signed. Have the host make a request for that.".format(
                request.subject, wanted.common_name
            )
        )
    days = min(wanted.days, int((authority.certificate.not_after - now - _MARGIN) // DAY))
    if days <= wanted.leaf_renew_before_days:
        raise SiteCaError(
            "valid_days: the CA in {0} ends on {1}, so that what it signs would be renewed at every run (renewed {2} days before its "
            "end). Set a larger number of days for the CA, or renew later.".format(
                wanted.path, x509.iso_time(authority.certificate.not_after), wanted.leaf_renew_before_days
            )
        )
    openssl = OpenSSL(runner, scratch)
    config = config_text(wanted.common_name, wanted.names, request.public_key.kind).encode("ascii")
    certificate = files.create_temporary(scratch, "ca.crt", to_bytes(authority.certificate.text))
    data = openssl.signed(
        files.create_temporary(scratch, "openssl.cnf", config),
        files.create_temporary(scratch, "request.pem", to_bytes(wanted.request)),
        certificate,
        files.create_temporary(scratch, "ca.key", authority.key),
        wanted.passphrase,
        days,
    )
    problem = openssl.problem_with(files.create_temporary(scratch, "signed.crt", data), certificate)
    if problem is not None:
        raise SiteCaError("request: what was signed does not verify: {0}. Check the clock here.".format(problem))
    return x509.read_certificate(data)


def summary(authority):
    """dict: what people compare, for diff mode; never the key."""
    if authority is None:
        return {}
    certificate = authority.certificate
    return {
        "subject": certificate.subject,
        "valid": "{0} to {1}".format(x509.iso_time(certificate.not_before), x509.iso_time(certificate.not_after)),
        "certificate SHA-256": x509.fingerprint(certificate.der),
    }


def _reason_for_new(wanted, found, now):
    """str or None: why a CA is made.

    Raises:
        SiteCaError: it is not to be made.
    """
    if found is None:
        if wanted.known:
            raise SiteCaError(
                "path: {0} does not exist, and the relay has a certificate of the CA {1} that was there. Restore the file from a "
                "backup, or run this where it is. If it is lost, give a new CA another name (relay_server_tls_siteca_name): clients "
                "come to trust both, and the old one goes when no relay uses it.".format(wanted.path, wanted.name)
            )
        return "{0} does not exist".format(wanted.path)
    if authority_due(found.certificate, wanted.renew_before_days + _TOLERANCE_DAYS, now):
        return "the CA expires on {0}, and what it signs must not outlive it".format(
            x509.iso_time(found.certificate.not_after)
        )
    return None


def _write(wanted, authority, label):
    """list of str: the backups."""
    with Transaction(label) as change:
        plan = FilePlan(wanted.path, 0o600, secret=True)
        plan.after = to_native(to_bytes(authority.certificate.text) + authority.key)
        writer = Writer(change, [plan])
        writer.stage(plan)
        writer.move(plan)
        return writer.activate([plan])


def ensure(wanted, runner, check_mode, scratch, label, now):
    """The whole of the module: make the CA where there is none, or where it ends, and sign.

    Args:
        wanted: Wanted.
        runner: commands.Runner.
        check_mode: bool.
        scratch: str, a private directory.
        label: callable or None, as for ``transaction.Transaction``.
        now: float, seconds since the epoch.

    Returns:
        dict: the module's result, with C(diff).

    Raises:
        RelayError: refused or failed; the file is what it was.
    """
    wanted = check(wanted)
    if clock_problem(now) is not None:
        raise SiteCaError("{0}. Set the clock and run this again; nothing was changed.".format(clock_problem(now)))
    directory = os.path.dirname(os.path.realpath(wanted.path))
    with Lock(directory):
        if not check_mode:
            remove_stale([directory])
        found = authority = read(wanted, runner, scratch, now)
        reason, backups, signed = _reason_for_new(wanted, found, now), [], None
        after = summary(found)
        if reason is not None:
            after = {"subject": "CN={0}, serialNumber=(new)".format(wanted.name)}
            after.update({"valid": "{0} days from the run".format(wanted.valid_days), "certificate SHA-256": "(new)"})
        if not check_mode:
            if reason is not None:
                authority = make(wanted, runner, scratch)
                after = summary(authority)
            if wanted.request:
                signed = sign(wanted, authority, runner, scratch, now)
            # Behind what can fail: a CA that signs nothing is not left.
            if reason is not None:
                try:
                    backups = _write(wanted, authority, label)
                except (IOError, OSError) as exc:
                    raise SiteCaError("path: {0}. Nothing was changed.".format(explained(exc)))
    shown = None if check_mode and reason is not None else authority
    return {
        "changed": reason is not None,
        "reasons": [] if reason is None else ["path: " + reason],
        "authority": "" if shown is None else shown.certificate.text,
        "certificate": "" if signed is None else signed.text,
        "not_after": "" if shown is None else x509.iso_time(shown.certificate.not_after),
        "backup_files": backups,
        "diff": diff_of(wanted.path, diff_text(summary(found)), diff_text(after)),
    }
