# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, requests and certificates made by the C(openssl) program, with commands that 1.0.2k and 3.x share.

Everything that is made comes back on standard output, so that the program never creates a file: 1.0.2
gives a new key file the mode that the umask leaves. Files that it reads are the caller's.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address, parse_address
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import CIPHERS

# ub-common-name of RFC 5280 appendix A.1.
COMMON_NAME_MAXIMUM = 64

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = re.compile(r"{0}(?:\.{0})*\Z".format(_LABEL))
# Narrower than RFC 5322: what openssl's configuration syntax gives a meaning to ($ # ; , \ quotes) stays out.
_LOCAL_PART = re.compile(r"[A-Za-z0-9._%+=-]{1,64}\Z")
_COMMON_NAME = re.compile(r"[A-Za-z0-9*](?:[A-Za-z0-9 ._*@:()-]*[A-Za-z0-9._)])?\Z")

SELFSIGNED, OWNCA, SITECA, CSR = "selfsigned", "ownca", "siteca", "csr"

# Behind the names of the key and the certificate in use: the ones that take their place next.
NEXT_SUFFIX = ".next"
# Behind the name of the certificate in use: those of the CA of the site, of which its clients trust each.
SITE_SUFFIX = ".ca"

# What 1.0.2 and 3.x write, with and without a space after the second colon.
_VERIFY_ERROR = re.compile(r"error (\d+) at \d+ depth lookup: ?(.*)\Z")

# code: int, of X509_V_ERR_... (openssl verify(1)), or None where openssl failed otherwise; reason: what it means; text: the
# whole line.
Refusal = namedtuple("Refusal", "code reason text")


class NameProblem(RelayError):
    """A name that cannot be put into a certificate."""


def check_common_name(text):
    """str: the common name, unchanged.

    Raises:
        NameProblem: it is empty, longer than 64 characters (RFC 5280), or has a character that the
            configuration file of C(openssl) gives a meaning to.
    """
    text = to_native(text)
    if len(text) > COMMON_NAME_MAXIMUM:
        raise NameProblem(
            "common_name: {0} has {1} characters, and a certificate holds at most {2} (RFC 5280). Give a shorter "
            "one, and put the long name into subject_alt_name, which is what clients check.".format(
                text, len(text), COMMON_NAME_MAXIMUM
            )
        )
    if not _COMMON_NAME.match(text):
        raise NameProblem(
            "common_name: {0!r} is not valid. Use ASCII letters, digits, spaces and . _ - * @ : ( ), with a letter, "
            "a digit or * first.".format(text)
        )
    return text


def parse_name(text):
    """One subject alternative name (RFC 5280 section 4.2.1.6) in the form in which names are compared.

    Args:
        text: str, C(DNS:name), C(IP:address) or C(email:mailbox); the kind in any case.

    Returns:
        str: the same, DNS names and mail domains in lower case, addresses in their shortest form.

    Raises:
        NameProblem: the text is none of these, or a name has a character that may not stand there.
    """
    text = to_native(text)
    kind, colon, value = text.partition(":")
    kind = {"dns": "DNS", "ip": "IP", "email": "email"}.get(kind.strip().lower()) if colon else None
    if kind is None:
        raise NameProblem(
            "subject_alt_name: {0!r} does not say its kind. Write DNS:relay.example.com, IP:192.0.2.1 or "
            "email:postmaster@example.com.".format(text)
        )
    problem = None
    if kind == "DNS":
        name = value[2:] if value.startswith("*.") else value
        if is_address(value):
            problem = "it is an address: write IP:{0}".format(value)
        elif len(value) > 253 or not _DOMAIN.match(name):
            problem = (
                "a DNS name has labels of 1 to 63 letters, digits, - and _ between single dots, no dot at the end, "
                "at most 253 characters; write an international name in its xn-- form"
            )
        value = value.lower()
    elif kind == "IP":
        address = parse_address(value)
        if address is None:
            problem = "an address is one of IPv4 or IPv6, without prefix length or zone"
        else:
            value = address.address
    else:
        local, at, domain = value.rpartition("@")
        if not (at and _LOCAL_PART.match(local) and _DOMAIN.match(domain) and len(domain) <= 253):
            problem = "a mailbox is local@domain with letters, digits and . _ % + = - before the @"
        value = "{0}@{1}".format(local, domain.lower())
    if problem is not None:
        raise NameProblem("subject_alt_name: {0!r} is refused: {1}.".format(text, problem))
    return "{0}:{1}".format(kind, value)


def parse_names(texts):
    """list of str: C(parse_name) of each, in the order given, each once.

    Raises:
        NameProblem: one of them is not such a name.
    """
    names = []
    for text in texts:
        name = parse_name(text)
        if name not in names:
            names.append(name)
    return names


def config_text(common_name, names, key_kind, serial=None):
    """A configuration file for C(openssl req -config) and C(openssl x509 -extfile) (OpenSSL config(5), x509v3_config(5)).

    The self-signed certificate is a certification authority for itself: 1.0.2 does not accept a
    certificate as its own trust anchor when its key usage lacks keyCertSign.

    Two self-signed certificates can be trust anchors in one file only when their subjects differ: OpenSSL looks for the issuer by
    its name, takes the first one that fits, and ends there (error 18). So the serial number is a part of the subject
    (serialNumber, X.520 section 6.2.9).

    Args:
        common_name: str from ``check_common_name``.
        names: list of str from ``parse_names``; sections keep colons and commas out of values.
        key_kind: C(RSA) or C(ECC).
        serial: str or None, hexadecimal, for a self-signed certificate.

    Returns:
        str: sections C(selfsigned), C(ownca) and C(csr) hold the extensions for each.
    """
    usage = "digitalSignature, keyEncipherment" if key_kind == "RSA" else "digitalSignature"
    common = ["extendedKeyUsage = serverAuth", "subjectAltName = @names"]
    leaf = ["basicConstraints = critical, CA:FALSE", "keyUsage = critical, " + usage] + common
    sections = [
        ("req", ["prompt = no", "string_mask = utf8only", "distinguished_name = subject"]),
        ("subject", ["CN = " + common_name] + (["serialNumber = " + serial] if serial else [])),
        ("names", ["{0}.{1} = {2}".format(*item) for item in _numbered(names)]),
        (
            SELFSIGNED,
            ["basicConstraints = critical, CA:TRUE, pathlen:0", "keyUsage = critical, keyCertSign, " + usage]
            + common
            # 3.x leaves it out of a self-signed certificate unless told.
            + ["subjectKeyIdentifier = hash", "authorityKeyIdentifier = keyid:always"],
        ),
        (OWNCA, leaf + ["subjectKeyIdentifier = hash", "authorityKeyIdentifier = keyid"]),
        (CSR, leaf),
    ]
    return "".join("[{0}]\n{1}\n".format(title, "\n".join(lines)) for title, lines in sections)


def authority_config_text(name, serial):
    """The same for the certificate of an authority that signs the certificates of servers, and no other authority's.

    Args:
        name: str from ``check_common_name``.
        serial: str, hexadecimal, a part of the subject: an authority and the one that follows it stand in one file of anchors.
    """
    return (
        "[req]\nprompt = no\nstring_mask = utf8only\ndistinguished_name = subject\n"
        "[subject]\nCN = {0}\nserialNumber = {1}\n"
        "[{2}]\nbasicConstraints = critical, CA:TRUE, pathlen:0\nkeyUsage = critical, keyCertSign, cRLSign\n"
        "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always\n".format(name, serial, SITECA)
    )


def _numbered(names):
    for number, name in enumerate(names, 1):
        kind, _colon, value = name.partition(":")
        yield kind, number, value


def random_serial():
    """str: hexadecimal, 158 random bits: positive and at most 20 octets (RFC 5280 section 4.1.2.2)."""
    octets = bytearray(os.urandom(20))
    octets[0] = octets[0] & 0x3F | 0x40
    return "".join("{0:02X}".format(octet) for octet in octets)


def _answer(passphrase):
    """str: what C(-passin stdin) reads. Never empty: 1.1.1 asks at the terminal, and waits, after an empty one."""
    return (passphrase or "(none)") + "\n"


class OpenSSL(object):
    """The commands.

    Args:
        runner: has ``run(argv, stdin, check, env)``, see ``commands.Runner``.
        scratch: str or None, a private directory; 1.0.2 writes the state of its random generator to
            HOME otherwise.
    """

    def __init__(self, runner, scratch=None):
        self._runner = runner
        self._env = {} if scratch is None else {"RANDFILE": os.path.join(scratch, "random")}

    def _run(self, argv, stdin=None):
        return self._runner.run(["openssl"] + argv, stdin=stdin, env=self._env).stdout

    def public_key(self, path, passphrase=""):
        """x509.PublicKey: the public half of a private key.

        Args:
            path: str, a PEM file.
            passphrase: str, handed over on standard input.

        Raises:
            CommandError: the key cannot be read, or the passphrase is wrong.
        """
        output = self._run(["pkey", "-in", path, "-passin", "stdin", "-pubout"], stdin=_answer(passphrase))
        return x509.read_public_key(to_bytes(output))

    def new_key(self, kind, size, curve, passphrase=None):
        """bytes: a new private key, PKCS#8 in PEM.

        Args:
            kind: C(RSA) or C(ECC).
            size: int, bits of an RSA key.
            curve: str, IANA's name of the curve of an ECC key.
            passphrase: str or None, with which it is encrypted (AES-256), handed over on standard input.
        """
        if kind == "RSA":
            options = ["RSA", "-pkeyopt", "rsa_keygen_bits:{0}".format(size)]
        else:
            # prime256v1 is what OpenSSL calls secp256r1; 1.0.2 writes explicit parameters unless told.
            name = {"secp256r1": "prime256v1"}.get(curve, curve)
            options = ["EC", "-pkeyopt", "ec_paramgen_curve:" + name, "-pkeyopt", "ec_param_enc:named_curve"]
        if passphrase is None:
            return to_bytes(self._run(["genpkey", "-algorithm"] + options))
        options += ["-aes-256-cbc", "-pass", "stdin"]
        return to_bytes(self._run(["genpkey", "-algorithm"] + options, stdin=_answer(passphrase)))

    def request(self, config, key):
        """bytes: a certificate request in PEM; config and key are paths."""
        return to_bytes(self._run(["req", "-new", "-config", config, "-key", key, "-sha256", "-reqexts", CSR]))

    def self_signed(self, config, key, days, serial, extensions=SELFSIGNED, passphrase=""):
        """bytes: a self-signed certificate in PEM.

        Args:
            config, key: str, paths.
            days: int.
            serial: str of ``random_serial``.
            extensions: str, the section of the configuration that has them.
            passphrase: str, of the key, handed over on standard input.
        """
        return to_bytes(
            self._run(
                ["req", "-new", "-x509", "-config", config, "-key", key, "-passin", "stdin", "-sha256"]
                + ["-extensions", extensions, "-days", str(days), "-set_serial", "0x" + serial],
                stdin=_answer(passphrase),
            )
        )

    def signed(self, config, request, ca, ca_key, passphrase, days):
        """bytes: a certificate in PEM, signed by a certification authority.

        Args:
            config, request, ca, ca_key: str, paths.
            passphrase: str, of the authority's key, handed over on standard input.
            days: int.
        """
        return to_bytes(
            self._run(
                ["x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-passin", "stdin", "-sha256"]
                + ["-days", str(days), "-set_serial", "0x" + random_serial(), "-extfile", config, "-extensions", OWNCA],
                stdin=_answer(passphrase),
            )
        )

    def problem_with(self, certificate, anchor):
        """Why a TLS client that trusts only one certificate would refuse another.

        Args:
            certificate, anchor: str, paths.

        Returns:
            str or None: what C(openssl verify) says; None when it accepts.
        """
        # An anchor need not be self-signed here.
        refusal = self._verify(certificate, ["-partial_chain", "-CAfile", anchor])
        return None if refusal is None else refusal.text

    def chain_refusal(self, certificate, untrusted, anchors):
        """Why a mail client that trusts these anchors would refuse a server's certificate.

        Unlike C(problem_with), it goes up to a self-signed certificate, as Postfix and sendmail do.

        Args:
            certificate: str, path.
            untrusted: str or None, path of the certificates that the server sends with it.
            anchors: str, path.

        Returns:
            Refusal or None: None when it is accepted.
        """
        return self._verify(certificate, (["-untrusted", untrusted] if untrusted else []) + ["-CAfile", anchors])

    def sent_by(self, server, port, implicit, kind, seconds):
        """str: what a mail server sends in TLS, all its certificates in PEM among other words (openssl-s_client(1)).

        Args:
            server: str, a host name or an address; port: int.
            implicit: bool, whether TLS begins at once, without STARTTLS.
            kind: str or None, as for ``stream.TLS``.
            seconds: float, after which it is stopped.

        Raises:
            CommandError: there is no TLS with it.
        """
        where = ("[{0}]:{1}" if ":" in server else "{0}:{1}").format(server, port)
        options = [] if implicit else ["-starttls", "smtp"]
        if kind is not None:
            options += ["-tls1_2", "-cipher", CIPHERS[kind]]
        # Without -ign_eof a Q ends it, without a word to the server.
        command = ["openssl", "s_client", "-connect", where, "-showcerts", "-crlf", "-ign_eof"] + options
        return self._runner.run(
            ["timeout", "-k", "1", "{0:.0f}".format(max(1, seconds))] + command, stdin="QUIT\n", env=self._env
        ).stdout

    def _verify(self, certificate, options):
        # The host's own anchors must not decide, and 1.0.2 has no -no-CApath. 1.0.2 also exits with 0 after some failures,
        # so the answer counts.
        result = self._runner.run(
            ["openssl", "verify", "-purpose", "sslserver"] + options + [certificate],
            check=False,
            env=dict(self._env, SSL_CERT_DIR=os.devnull, SSL_CERT_FILE=os.devnull),
        )
        if result.rc == 0 and result.stdout.strip() == certificate + ": OK":
            return None
        lines = [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("error ")]
        text = (lines or [(result.stderr or result.stdout).strip()])[0]
        match = _VERIFY_ERROR.match(text)
        return Refusal(int(match.group(1)), match.group(2), text) if match else Refusal(None, text, text)


def reason_of(error):
    """str: why C(openssl) says it failed, without the lines that only give its error numbers.

    Args:
        error: CommandError.
    """
    lines = [line.strip() for line in error.stderr.splitlines()]
    said = [line for line in lines if line and not re.match(r"[0-9A-Fa-f]+:error:", line)]
    return "; ".join(said) or error.stderr.strip() or "exit code {0}".format(error.rc)
