# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private key and its certificate or certificate request, kept as a pair.

``keypair_plan`` says what is to be done; ``apply`` makes the new files apart and renames them into place.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import files, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer, diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import (
    KeypairError,
    absent,
    authority_path,
    check,
    check_authority,
    clock_problem,
    days_to_sign,
    decide,
    describe_key,
    document_role,
    foreign_certificate_warnings,
    inspect,
    paths_of,
    read_site,
    target_attributes,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import (
    CSR,
    OWNCA,
    SELFSIGNED,
    SITE_SUFFIX,
    SITECA,
    OpenSSL,
    config_text,
    random_serial,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    attributes_of,
    remove_stale,
)

# Behind the name of a private key: the one that a request was made with, until its certificate comes from the site's CA.
_REQUESTED_SUFFIX = ".requested"

# text: str, in PEM; key_made: bool, whether a key was made for it.
Request = namedtuple("Request", "text key_made")


def apply(wanted, found, plan, runner, label, now):
    """Make what the plan says. On any error, and when killed, each live file is the old one or the new one.

    The key is renamed first: a run that is killed before the certificate follows leaves a key without its
    certificate, which the next run finds and repairs with the key that is there.

    Args:
        wanted: Wanted; found: Found; plan: Plan.
        runner: commands.Runner.
        label: callable or None, as for ``transaction.Transaction``.
        now: float, seconds since the epoch.

    Returns:
        (dict, list of str): the new content (bytes) by role, and the backups.

    Raises:
        RelayError: openssl refused, the new certificate would not verify, or a file could not be put in place.
            Nothing live was changed.
    """

    def make():
        with Transaction(label) as change:
            plans = _file_plans(wanted, found)
            writer = Writer(change, plans.values())
            scratch = os.path.dirname(change.stage_of(plans["privatekey"].destination))
            made = _stage(wanted, found, plan, OpenSSL(runner, scratch), scratch, writer, plans, now)
            # What could not be read, or what only force allowed to replace, is never thrown away.
            backups = writer.activate(
                plans[role]
                for role in ("privatekey", document_role(wanted))
                if role in made
                and found.data[role] != made[role]
                and (wanted.backup or plan.forced or role in found.broken)
            )
            return made, backups

    result = locked(directories_of(wanted), make)
    if plan.new_key:
        forget_request(wanted)
    return result


def request(wanted, key_path, new_key, runner):
    """Request: of a certificate by the site's CA.

    Args:
        wanted: Wanted, with provider siteca.
        key_path: str, the key that it is for; not used with a new one.
        new_key: bool, whether it is for a new key. That stays beside, until the certificate has come.
        runner: commands.Runner.

    Raises:
        RelayError: openssl refused, or the key could not be written.
    """

    def make():
        with Transaction() as change:
            scratch = os.path.dirname(change.stage_of(_requested(wanted)))
            openssl = OpenSSL(runner, scratch)
            made = new_key and not _has_requested_key(wanted, openssl)
            if made:
                key = openssl.new_key(wanted.kind, wanted.size, wanted.curve)
                files.write_atomically(_requested(wanted), key, mode=0o600)
            config = config_text(wanted.common_name, wanted.names, wanted.kind).encode("ascii")
            text = openssl.request(
                files.create_temporary(scratch, "openssl.cnf", config), _requested(wanted) if new_key else key_path
            )
            return Request(to_native(text), made)

    try:
        return locked(directories_of(wanted), make)
    except (IOError, OSError) as exc:
        raise KeypairError("{0}. Nothing was changed.".format(explained(exc)))


def forget_request(wanted):
    """Take away the key of a request that is of no more use."""
    if os.path.lexists(_requested(wanted)):
        os.unlink(_requested(wanted))


def _requested(wanted):
    return os.path.realpath(wanted.privatekey_path) + _REQUESTED_SUFFIX


def _has_requested_key(wanted, openssl):
    if not os.path.exists(_requested(wanted)):
        return False
    try:
        key = openssl.public_key(_requested(wanted))
    except RelayError:
        return False
    return describe_key(key.kind, key.size, key.curve) == describe_key(wanted.kind, wanted.size, wanted.curve)


def needs_signature(wanted, plan):
    """bool: whether the site's CA has to sign first."""
    return wanted.provider == SITECA and plan.new_document and wanted.signed_certificate is None


def request_facts(wanted, found, text):
    """dict: what the site's CA is asked with, as the module returns it.

    Args:
        wanted: Wanted; found: Found.
        text: str, the request in PEM; empty in check mode.
    """
    known = found.ca is not None and found.ca.common_name == wanted.siteca_name
    return {"csr": text, "authority": found.ca.text if known else ""}


def directories_of(wanted):
    """list of str: where the files are that may be made here."""
    return sorted(set(os.path.dirname(path) for _role, _option, path in paths_of(wanted)))


def locked(directories, work):
    """What C(work) returns, called while no other run is in one of these directories."""
    if not directories:
        return work()
    with Lock(directories[0]):
        return locked(directories[1:], work)


def _file_plans(wanted, found):
    """dict: a FilePlan for each role of which the file may be made here; with provider siteca its authority's too."""
    paths = dict((role, path) for role, _option, path in paths_of(wanted))

    def plan(role):
        attributes = target_attributes(wanted, role, found.attributes.get(role))
        return FilePlan(paths[role], *attributes, secret=role == "privatekey")

    plans = dict((role, plan(role)) for role in ("privatekey", document_role(wanted)))
    if wanted.provider == SITECA:
        plans["authority"] = FilePlan(wanted.site_path, 0o644)
    return plans


def _stage(wanted, found, plan, openssl, scratch, writer, plans, now):
    """dict: the new content (bytes) by role, in files that only have to be moved into place."""
    role = document_role(wanted)
    made = {}

    def stage(name, data):
        made[name] = data
        plans[name].after = to_native(data, errors="surrogateescape")
        staged = writer.stage(plans[name])
        writer.move(plans[name])
        return staged

    if wanted.provider == SITECA and (plan.new_document or plan.site):
        authority = stage("authority", to_bytes("".join(one.text for one in _site_after(wanted, found, plan))))
    key_path = plans["privatekey"].destination
    if plan.new_key and wanted.provider == SITECA:
        key_path = stage("privatekey", _key_of_request(wanted))
    elif plan.new_key:
        key_path = stage("privatekey", openssl.new_key(wanted.kind, wanted.size, wanted.curve))
    elif "privatekey" in plan.attributes:
        key_path = stage("privatekey", found.data["privatekey"])
    if not plan.new_document:
        if role in plan.attributes:
            stage(role, found.data[role])
        return made
    if wanted.provider == SITECA:
        document = to_bytes(wanted.signed_certificate)
        if x509.read_certificate(document).public_key.der != openssl.public_key(key_path).der:
            raise KeypairError(
                "signed_certificate: it is for another key than {0}. Make a new request, and have it signed. Nothing was "
                "changed.".format(wanted.privatekey_path)
            )
        _check_staged(openssl, stage(role, document), authority, wanted.site_path)
        return made
    serial = random_serial() if wanted.provider == SELFSIGNED else None
    config = files.create_temporary(
        scratch, "openssl.cnf", config_text(wanted.common_name, wanted.names, wanted.kind, serial).encode("ascii")
    )
    if wanted.provider == SELFSIGNED:
        document = openssl.self_signed(config, key_path, wanted.valid_days, serial)
    else:
        document = openssl.request(config, key_path)
    if wanted.provider == OWNCA:
        document = openssl.signed(
            config,
            files.create_temporary(scratch, "request.pem", document),
            wanted.ownca_path,
            wanted.ownca_privatekey_path,
            wanted.ownca_privatekey_passphrase or "",
            days_to_sign(wanted, found.ca, now),
        )
    staged = stage(role, document)
    if role == "certificate":
        anchor = wanted.ownca_path if wanted.provider == OWNCA else staged
        _check_staged(openssl, staged, anchor, wanted.ownca_path or "itself")
    return made


def _site_after(wanted, found, plan):
    """list of x509.Certificate: what the file of the site's CA has when the plan is done."""
    # Of the pair in use nobody needs another; a next pair stands beside one of another authority.
    in_use = wanted.site_path == wanted.certificate_path + SITE_SUFFIX
    return found.site[:1] if plan.site or (plan.new_document and in_use) else found.site


def _key_of_request(wanted):
    data = files.read_bytes(_requested(wanted))
    if data is None:
        raise KeypairError(
            "signed_certificate: the key of its request, {0}, is not there. Make a new request, and have it signed. Nothing was "
            "changed.".format(_requested(wanted))
        )
    return data


def _check_staged(openssl, certificate, anchor, what):
    problem = openssl.problem_with(certificate, anchor)
    if problem is not None:
        raise KeypairError(
            "certificate_path: the new certificate would not verify against {0}: {1}. Check the host's "
            "clock, and what the authority's certificate permits. Nothing was changed.".format(what, problem)
        )


def summary(key, document, attributes):
    """dict: what people compare, for diff mode: never the key itself.

    Args:
        key: x509.PublicKey or None.
        document: x509.Certificate, x509.CertificateRequest or None.
        attributes: dict, (mode, owner, group) by role.
    """
    lines = {}
    for role, values in attributes.items():
        lines[role + " mode"] = "{0:04o}".format(values[0])
        lines[role + " owner and group"] = "{1}:{2}".format(*values)
    if key is not None:
        lines["key"] = describe_key(key.kind, key.size, key.curve)
        lines["public key SHA-256"] = x509.fingerprint(key.der)
    if document is not None:
        lines["subject"] = document.subject
        lines["names"] = ", ".join(sorted(document.names))
    if isinstance(document, x509.Certificate):
        lines["issuer"] = document.issuer
        lines["valid"] = "{0} to {1}".format(x509.iso_time(document.not_before), x509.iso_time(document.not_after))
        lines["certificate SHA-256"] = x509.fingerprint(document.der)
        lines["serial"] = document.serial
    return lines


def site_summary(wanted, certificates=None):
    """dict: the file of the site's CA, as ``summary`` has it; nothing with another provider.

    Args:
        wanted: Wanted.
        certificates: list of x509.Certificate; None for those that are in the file now.
    """
    if wanted.provider != SITECA:
        return {}
    if certificates is None:
        certificates = read_site(wanted._replace(signed_authority=None))
    return {"authority": "; ".join(one.subject for one in certificates)}


def foreseen(wanted, found, plan, before, now):
    """dict: ``summary`` as it would be after ``apply``; what only the run can know reads C((new))."""
    role = document_role(wanted)
    lines = dict(before)
    for name, made in (("privatekey", plan.new_key), (role, plan.new_document)):
        if made or name in plan.attributes:
            mode, owner, group = target_attributes(wanted, name, found.attributes.get(name))
            owner = os.geteuid() if owner is None else owner
            group = os.getegid() if group is None else group
            lines.update(summary(None, None, {name: (mode, owner, group)}))
    if plan.new_key:
        lines["key"] = describe_key(wanted.kind, wanted.size, wanted.curve)
        lines["public key SHA-256"] = "(new)"
    if plan.new_document:
        own = ", serialNumber=(new)" if wanted.provider == SELFSIGNED else ""
        lines["subject"] = "CN=" + wanted.common_name + own
        lines["names"] = ", ".join(sorted(wanted.names))
    if plan.new_document and role == "certificate":
        authority = found.ca.subject if found.ca is not None else "(the authority)"
        lines["issuer"] = lines["subject"] if authority_path(wanted) is None else authority
        days = days_to_sign(wanted, found.ca, now) if wanted.provider == OWNCA else wanted.valid_days
        lines["valid"] = "{0} days from the run".format(days)
        lines["certificate SHA-256"] = lines["serial"] = "(new)"
    if needs_signature(wanted, plan) and not request_facts(wanted, found, "")["authority"]:
        lines["authority"] = "(the site's CA)"
    elif wanted.provider == SITECA:
        lines.update(site_summary(wanted, _site_after(wanted, found, plan)))
    return lines


def diff_text(lines):
    """str: the lines of ``summary``, sorted."""
    return "".join("{0}: {1}\n".format(name, lines[name]) for name in sorted(lines))


def facts(wanted, key, certificate, request):
    """dict: what the module returns about the pair that is there now; None where there is none.

    Args:
        wanted: Wanted.
        key: x509.PublicKey or None; certificate: x509.Certificate or None.
        request: x509.CertificateRequest or None.
    """
    result = {
        "privatekey_path": wanted.privatekey_path,
        "certificate_path": wanted.certificate_path,
        "public_key_fingerprint_sha256": None if key is None else x509.fingerprint(key.der),
        "certificate": None,
        "fingerprint_sha256": None,
        "not_before": None,
        "not_after": None,
        "subject_alt_name": None,
        "serial": None,
    }
    if certificate is not None:
        result.update(
            certificate=certificate.text,
            fingerprint_sha256=x509.fingerprint(certificate.der),
            not_before=x509.iso_time(certificate.not_before),
            not_after=x509.iso_time(certificate.not_after),
            subject_alt_name=certificate.names,
            serial=certificate.serial,
        )
    if wanted.provider == CSR:
        result.update(csr_path=wanted.csr_path, csr=None if request is None else request.text)
    return result


def ensure(wanted, runner, check_mode, label, now):
    """The whole of the module: check, inspect, decide and, unless in check mode, apply.

    Args:
        wanted: Wanted, with names as the user wrote them.
        runner: commands.Runner, or None when the host has no openssl program.
        check_mode: bool.
        label: callable or None, as for ``files.write_atomically``.
        now: float, seconds since the epoch.

    Returns:
        (dict, list): the module's result with C(changed), C(reasons), C(diff) and ``facts``; warnings.

    Raises:
        RelayError: refused or failed; nothing live was changed.
    """
    wanted = check(wanted)
    warnings = []
    for sentence in absent(wanted):
        if not check_mode:
            raise KeypairError(sentence)
        warnings.append(sentence + " Outside check mode this is refused.")
    if runner is None:
        if not check_mode:
            raise KeypairError("openssl: no such program on this host. Install the package openssl.")
        warnings.append("openssl: no such program on this host, so the key was not looked at. Install it first.")
    if not check_mode:
        # Also where nothing is to be made: what a killed run left holds keys.
        directories = directories_of(wanted)
        locked(directories, lambda: remove_stale(directories))
    found = inspect(wanted, runner, now)
    plan = decide(wanted, found, now)
    warnings += foreign_certificate_warnings(wanted, found, now)
    if clock_problem(now) is not None:
        warnings.append(clock_problem(now) + ", so whether a certificate has expired is not known. Set the clock.")
    if (
        plan.new_document
        and wanted.provider == OWNCA
        and found.ca is not None
        and runner is not None
        and not absent(wanted)
    ):
        check_authority(wanted, found, runner, now)
    role = document_role(wanted)
    documents = {"certificate": found.certificate, "csr": found.request}
    key, backups = found.key, []
    before = dict(summary(key, documents[role], shown_attributes(wanted, found.attributes)), **site_summary(wanted))
    unsigned, asked = needs_signature(wanted, plan), Request("", True)
    if unsigned and not check_mode:
        asked = request(wanted, wanted.privatekey_path, plan.new_key, runner)
        after = before
    elif check_mode or not plan.reasons:
        after = foreseen(wanted, found, plan, before, now)
    else:
        try:
            made, backups = apply(wanted, found, plan, runner, label, now)
        except (IOError, OSError) as exc:
            raise KeypairError("{0}. Nothing was changed.".format(explained(exc)))
        if role in made:
            reader = x509.read_request if role == "csr" else x509.read_certificate
            documents[role] = reader(made[role])
            key = documents[role].public_key
        attributes = dict(
            (name, attributes_of(path)) for name, _option, path in paths_of(wanted) if os.path.exists(path)
        )
        after = dict(summary(key, documents[role], shown_attributes(wanted, attributes)), **site_summary(wanted))
    if not (check_mode or plan.new_key):
        forget_request(wanted)
    result = facts(wanted, key, documents["certificate"], documents["csr"])
    result.update(
        changed=bool(plan.reasons) and asked.key_made,
        reload_required=(check_mode or not unsigned) and bool(plan.new_key or plan.new_document or plan.attributes),
        request=request_facts(wanted, found, asked.text) if unsigned else {},
        next={},
        switched=False,
        reasons=plan.reasons,
        backup_files=backups,
        diff=diff_of(wanted.privatekey_path, diff_text(before), diff_text(after)),
    )
    return result, warnings


def shown_attributes(wanted, attributes):
    """dict: of these attributes by role, those of the files that are made here."""
    return dict((name, attributes[name]) for name in ("privatekey", document_role(wanted)) if name in attributes)
