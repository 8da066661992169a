# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for fingerprints of certificates: the digest that makes them, and those that are written down.

postconf(5): smtpd_tls_fingerprint_digest, smtp_tls_fingerprint_digest, relay_clientcerts, check_ccert_access,
smtp_tls_fingerprint_cert_match; TLS_README, "Certificate fingerprint verification". Postfix makes the digest whether any
fingerprint is compared or not.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import WARNING, program
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tables import COMPILED, tables_in
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tls import SERVER_CERTIFICATES
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import TEXT_TYPES, table_entries

# Program -> the prefix of its parameters.
_SIDES = {"smtpd": "smtpd", "smtp": "smtp", "lmtp": "lmtp"}

# Why each is not to be used.
_REFUSED = "where the library has FIPS it refuses {0}, and "
_WEAK = {
    "md2": _REFUSED,
    "md4": _REFUSED,
    "md5": _REFUSED,
    "mdc2": _REFUSED,
    "ripemd160": _REFUSED,
    "rmd160": _REFUSED,
    "sha1": "two certificates can be made that have one fingerprint of {0}",
}
_CONSEQUENCES = {
    "smtpd": "each STARTTLS is answered with 454",
    "smtp": "nothing is sent with TLS",
    "lmtp": "nothing is sent with TLS",
}

# Octets of each digest (FIPS 180-4, RFC 1321).
_LENGTHS = {"md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64}
_NAMES = dict((length, name) for name, length in _LENGTHS.items())

# Postfix 3.6 and later read fingerprints without colons too.
_FINGERPRINT = re.compile(
    r"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){15,63}|[0-9A-Fa-f]{32,128})(?![0-9A-Za-z:])"
)


def check_digests(main_scope, service_scopes):
    """list of Finding: digests that a FIPS library refuses or that are weak, set or as default, where TLS is used.

    C(postfix check) says nothing of it. Up to Postfix 3.5 the default is md5, and later while compatibility_level is below 3.6.

    Args:
        main_scope: Scope of main.cf.
        service_scopes: list of Scope, of the services with options of their own.
    """
    findings = []
    for side in sorted(_CONSEQUENCES):
        in_main = _digest_findings(main_scope, side)
        findings += in_main
        for scope in service_scopes:
            # What main.cf alone has wrong is said once.
            if _SIDES.get(program(scope.service)) == side and (_digest_name(side) in scope.explicit or not in_main):
                findings += _digest_findings(scope, side)
    return findings


def _digest_name(side):
    return "{0}_tls_fingerprint_digest".format(side)


def _digest_findings(scope, side):
    name = _digest_name(side)
    digest = (scope.get(name) or "").lower()
    if digest not in _WEAK or not uses_tls(scope, side):
        return []
    reason = _WEAK[digest].format(digest)
    if _WEAK[digest] is _REFUSED:
        reason += _CONSEQUENCES[side]
    return [
        scope.finding("tls-digest", name, reason, "set it to sha256, and write down fingerprints of sha256", WARNING)
    ]


def uses_tls(scope, side):
    """bool: whether TLS is offered or tried at all; obsolete parameters count while no level is set (TLS_README)."""
    if side == "smtpd" and not any(scope.get(name) for name in SERVER_CERTIFICATES):
        return False
    level = scope.get("{0}_tls_security_level".format(side))
    if level is None or level.lower() not in ("", "none"):
        return level is not None
    if side != "smtpd" and any(scope.get("{0}_tls_{1}".format(side, name)) for name in ("policy_maps", "per_site")):
        return True
    switches = ["enforce_tls", "use_tls"] if not level else []
    return any(scope.is_yes("{0}_{1}".format(side, name)) for name in switches + ["tls_wrappermode"])


def check_fingerprints(scope):
    """list of Finding: fingerprints that are longer or shorter than those of the digest in use, so that none ever matches.

    They are of another digest, for example of the one that was the default. Who may relay by his certificate may not any more,
    and to who is known by his fingerprint all mail is deferred.
    """
    findings = []
    for side in sorted(_CONSEQUENCES):
        digest = (scope.get(_digest_name(side)) or "").lower()
        if digest not in _LENGTHS:
            continue
        # Of what main.cf has for all services, a service is asked only where its own digest is another.
        for name, texts in _written_down(scope, side, _digest_name(side) in scope.explicit):
            wrong = [text for text in texts if len(text.replace(":", "")) != 2 * _LENGTHS[digest]]
            if wrong:
                findings.append(_mismatch(scope, side, name, wrong, len(texts), digest))
    return findings


def _mismatch(scope, side, name, wrong, count, digest):
    octets = len(wrong[0].replace(":", "")) // 2
    other = _NAMES.get(octets, "another digest")
    fixes = ["write down those of {0} (openssl x509 -in FILE -noout -fingerprint -{0})".format(digest)]
    if octets in _NAMES:
        fixes.append("set {0} to {1}".format(_digest_name(side), other))
    return scope.finding(
        "tls-fingerprint",
        name,
        "{0} of {1} fingerprints, such as {2}, are of {3}, and {4} is {5}, so that they match no certificate".format(
            len(wrong), count, wrong[0], other, _digest_name(side), digest
        ),
        ", or ".join(fixes),
    )


def _written_down(scope, side, inherited):
    """list of (str, list of str): parameters of this side that fingerprints are given in, and these.

    Args:
        scope: Scope; side: str.
        inherited: bool, whether parameters are looked at too that the scope does not set itself.
    """
    if side == "smtpd":
        classes = split_list(scope.get("smtpd_restriction_classes") or "")
        pickers = [("relay_clientcerts", lambda value: _in_tables(scope, value, _keys))] + [
            (name, lambda value: _in_tables(scope, _certificate_access(value), _keys))
            for name in sorted(scope.names() if inherited else scope.explicit)
            if name.endswith("_restrictions") or name in classes
        ]
    else:
        pickers = [
            ("{0}_tls_fingerprint_cert_match".format(side), _FINGERPRINT.findall),
            ("{0}_tls_policy_maps".format(side), lambda value: _in_tables(scope, value, _policies)),
        ]
    return [(name, pick(scope.get(name) or "")) for name, pick in pickers if inherited or name in scope.explicit]


def _certificate_access(restrictions):
    """str: the tables of C(check_ccert_access) in a list of restrictions."""
    items = split_list(restrictions)
    tables = []
    for number, item in enumerate(items[1:]):
        if items[number].lower() == "check_ccert_access":
            # Since Postfix 3.5 also { type:table, { search_order = ... } }.
            tables += split_list(item[1:-1])[:1] if item.startswith("{") else [item]
    return " ".join(tables)


def _keys(key, _value):
    return _FINGERPRINT.findall(key)


def _policies(_key, value):
    return _FINGERPRINT.findall(value) if re.match(r"[\s{]*fingerprint\b", value) else []


def _in_tables(scope, value, pick):
    """list of str: the fingerprints in these tables, as far as they can be read."""
    found = []
    for kind, path in tables_in(value):
        if kind in ("inline", "static"):
            # The text is not taken apart: a fingerprint is none of anything else.
            found += _FINGERPRINT.findall(path)
            continue
        text = scope.host.text(path) if path.startswith("/") and (kind in COMPILED or kind in TEXT_TYPES) else None
        for key, entry in table_entries(text or "", path):
            found += pick(key, entry)
    return found
