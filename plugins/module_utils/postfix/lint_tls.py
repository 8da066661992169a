# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for TLS: levels, protocols, certificates and keys (postconf(5), TLS_README)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import WARNING, program

_SERVER_LEVELS = ("none", "may", "encrypt")
_CLIENT_LEVELS = _SERVER_LEVELS + ("fingerprint", "verify", "secure")
_DANE_LEVELS = ("dane", "dane-only")
_LEVEL_PARAMETERS = {
    "smtpd_tls_security_level": _SERVER_LEVELS,
    "postscreen_tls_security_level": _SERVER_LEVELS,
    "tlsproxy_tls_security_level": _SERVER_LEVELS,
    "smtp_tls_security_level": _CLIENT_LEVELS,
    "lmtp_tls_security_level": _CLIENT_LEVELS,
    "tlsproxy_client_level": _CLIENT_LEVELS,
    "tlsproxy_client_security_level": _CLIENT_LEVELS,
}

# Prefixes of the parameters of each side.
_SIDES = ("smtpd_tls", "smtp_tls", "lmtp_tls", "tlsproxy_tls", "tlsproxy_client")

_PROTOCOLS_PARAMETER = re.compile(r"({0})_(mandatory_)?protocols\Z".format("|".join(_SIDES)))
_PROTOCOLS = ("SSLv2", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")

_CIPHERS_PARAMETER = re.compile(r"({0})_(mandatory_)?ciphers\Z".format("|".join(_SIDES)))
_CIPHER_GRADES = ("export", "low", "medium", "high", "null")

# Where smtpd(8) finds a certificate; without any there is no TLS.
SERVER_CERTIFICATES = tuple("smtpd_tls_" + part for part in ("cert_file", "eccert_file", "dcert_file", "chain_files"))

_PAIRS = (("cert_file", "key_file"), ("eccert_file", "eckey_file"), ("dcert_file", "dkey_file"))


def check_levels(scope):
    """list of Finding: TLS levels that this side or this version does not have.

    tls_level.c knows all names, smtpd(8) takes C(none), C(may) and C(encrypt) only: it stops at an unknown
    name ("Invalid TLS level") and uses C(encrypt) for a client's level. smtp(8) defers all mail.
    """
    findings = []
    for name in sorted(set(scope.explicit) & set(_LEVEL_PARAMETERS)):
        value = scope.get(name)
        levels = _LEVEL_PARAMETERS[name]
        if levels is _CLIENT_LEVELS and scope.host.version >= (2, 11):
            levels = levels + _DANE_LEVELS
        if not value or value.lower() in levels:
            continue
        if value.lower() in _DANE_LEVELS and levels is _CLIENT_LEVELS:
            message = "the level {0} needs Postfix 2.11".format(value)
        elif value.lower() in _CLIENT_LEVELS + _DANE_LEVELS:
            message = "the level {0} is for the sending side only".format(value)
        else:
            message = "no such TLS level: {0}".format(value)
        findings.append(scope.finding("tls-level", name, message, "use one of {0}".format(", ".join(levels))))
    return findings


def check_protocols(scope):
    """list of Finding: lists of TLS protocols that Postfix cannot read, at which it turns TLS off.

    tls_proto_mask_lims(3): names, C(!) in front to exclude, separated by commas, colons or spaces; C(>=) and C(<=)
    since Postfix 3.6.
    """
    findings = []
    for name in scope.ordered:
        # The pattern alone takes a twentieth of the time of the whole lint.
        if not name.endswith("protocols") or not _PROTOCOLS_PARAMETER.match(name):
            continue
        for item in re.split(r"[ \t\r\n,:]+", scope.get(name) or ""):
            reason = _protocol_problem(item, scope.host.version) if item else None
            if reason:
                findings.append(scope.finding("tls-protocol", name, reason[0], reason[1]))
    return findings


def _protocol_problem(item, version):
    names = [known for known in _PROTOCOLS if known != "TLSv1.3" or version >= (3, 0)]
    fix = "use {0}, separated by commas, with ! before each that is to be excluded".format(", ".join(names))
    if item[:2] in (">=", "<="):
        if version < (3, 6):
            return "{0} needs Postfix 3.6; before, it turns TLS off".format(item[:2]), fix
        bound = item[2:]
        if not bound:
            return "with a space after {0}, Postfix reads no bound but a list of single protocols".format(
                item
            ), "write it like {0}TLSv1.2".format(item)
        # A version may also be given as a hexadecimal number.
        if bound.lower() in [known.lower() for known in names[1:]] + ["none"]:
            return None
        if re.match(r"(0x)?[0-9a-f]+\Z", bound, re.I):
            return None
        return "no such TLS protocol: {0}; Postfix turns TLS off".format(bound), "use one of {0}".format(
            ", ".join(names[1:])
        )
    plain = item[1:] if item.startswith("!") else item
    if plain.lower() in [known.lower() for known in names]:
        return None
    if plain.lower() == "tlsv1.3":
        return "this Postfix does not know TLSv1.3, and turns TLS off", "take it out"
    return "no such TLS protocol: {0}; Postfix turns TLS off".format(plain or item), fix


def check_ciphers(scope):
    """list of Finding: cipher grades that do not exist (postconf(5), smtpd_tls_ciphers)."""
    return [
        scope.finding(
            "tls-ciphers",
            name,
            "no such cipher grade: {0}".format(scope.get(name)),
            "use one of {0}".format(", ".join(_CIPHER_GRADES)),
        )
        for name in scope.ordered
        if name.endswith("ciphers")
        and _CIPHERS_PARAMETER.match(name)
        and scope.get(name)
        and scope.get(name).lower() not in _CIPHER_GRADES
    ]


def check_files(scope):
    """list of Finding: certificates, keys and CA files that are not there, and keys of other certificates.

    smtpd(8) and smtp(8) log a warning and go on without TLS; a client at level C(encrypt) and above then defers
    all mail.
    """
    findings = []
    for side in _SIDES:
        for certificate, key in _PAIRS:
            findings += _check_pair(scope, "{0}_{1}".format(side, certificate), "{0}_{1}".format(side, key))
        for path in split_list(_explicit(scope, "{0}_chain_files".format(side))):
            if not scope.host.exists(path):
                findings.append(_missing(scope, "{0}_chain_files".format(side), path))
        path = _explicit(scope, "{0}_CAfile".format(side))
        if path and not scope.host.exists(path):
            findings.append(_missing(scope, "{0}_CAfile".format(side), path))
        path = _explicit(scope, "{0}_CApath".format(side))
        if path and not scope.host.is_directory(path):
            findings.append(
                scope.finding(
                    "tls-file-missing",
                    "{0}_CApath".format(side),
                    "there is no directory {0}, so no authority in it is trusted".format(path),
                    "install the certificates of the authorities, or take the parameter out",
                    WARNING,
                )
            )
    return findings


def _explicit(scope, name):
    return (scope.get(name) or "") if name in scope.explicit else ""


def _check_pair(scope, certificate_name, key_name):
    if certificate_name not in scope.explicit and key_name not in scope.explicit:
        return []
    certificate, key = scope.get(certificate_name), scope.get(key_name)
    if not certificate or certificate.lower() == "none" or not key:
        return []
    findings = []
    for name, path in ((certificate_name, certificate), (key_name, key)):
        # A key that is left at its default stands in the certificate's file.
        if not scope.host.exists(path) and (name == certificate_name or path != certificate):
            findings.append(_missing(scope, name, path))
    if not findings and scope.host.key_pair_matches(certificate, key) is False:
        findings.append(
            scope.finding(
                "tls-key-mismatch",
                key_name,
                "the key in {0} is not that of the certificate in {1}; Postfix turns TLS off".format(key, certificate),
                "give the key that the certificate was made with, or renew both",
            )
        )
    return findings


def _missing(scope, name, path):
    return scope.finding(
        "tls-file-missing",
        name,
        "there is no file {0}; Postfix turns TLS off".format(path),
        "make the file first, or correct the path",
    )


def check_server_certificate(scope):
    """list of Finding: TLS demanded from clients without a certificate to offer (TLS_README).

    smtpd(8) logs "No server certs available. TLS won't be enabled" and refuses all mail.
    """
    if scope.service is not None and program(scope.service) != "smtpd":
        return []
    name = "smtpd_tls_security_level"
    if name in scope.explicit:
        demanded = (scope.get(name) or "").lower() == "encrypt"
    else:
        name = "smtpd_tls_wrappermode"
        demanded = name in scope.explicit and scope.is_yes(name)
    values = [scope.get(certificate) for certificate in SERVER_CERTIFICATES if scope.raw(certificate) is not None]
    if not demanded or any(value is None or value for value in values):
        return []
    return [
        scope.finding(
            "tls-no-certificate",
            name,
            "TLS is demanded, but there is no certificate, so all mail is refused",
            "set smtpd_tls_cert_file and smtpd_tls_key_file",
            WARNING,
        )
    ]
