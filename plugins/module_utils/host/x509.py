# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads certificates, certificate requests and public keys (RFC 5280, RFC 2986, RFC 7468, X.690).

The bytes are read, not the text that C(openssl x509 -text) prints: the text differs between OpenSSL
versions, a name in it can imitate another field, and reading bytes needs no program. Signatures are not
checked here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import calendar
import hashlib
import re
import socket
import time
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
PUBLIC_KEY_LABELS = ("PUBLIC KEY",)

# X.690 tags.
BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
BMP_STRING, UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x1E, 0x17, 0x18, 0x30, 0x31
LATIN1_STRINGS = (0x13, 0x14, 0x16)

CURVES = {"1.2.840.10045.3.1.7": "secp256r1", "1.3.132.0.34": "secp384r1", "1.3.132.0.35": "secp521r1"}
ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
}
# Nobody has a longer one: what is made of a UUID (ITU-T X.667) has 128 bits.
_LONGEST_ARC = 256
SERVER_AUTH, ANY_PURPOSE = "1.3.6.1.5.5.7.3.1", "2.5.29.37.0"

# kind: "RSA", "ECC" or an OID; size in bits (None unless RSA); curve: IANA's TLS name or an OID (None
# unless ECC); der: the SubjectPublicKeyInfo, bytes.
PublicKey = namedtuple("PublicKey", "kind size curve der")

# text: the PEM block; serial: upper-case hexadecimal; issuer and subject: text; issuer_der and
# subject_der: bytes, what a chain is built by; not_before and not_after: seconds since the epoch;
# names: list of "DNS:...", "IP:...", "email:...", other kinds as "TAG:hexadecimal"; key_cert_sign: None
# when there is no key usage; server_auth: None when there is no extended key usage; key identifiers:
# bytes or None.
Certificate = namedtuple(
    "Certificate",
    "text der serial issuer issuer_der subject subject_der common_name not_before not_after public_key names"
    " is_ca key_cert_sign server_auth subject_key_id authority_key_id",
)

CertificateRequest = namedtuple("CertificateRequest", "text subject common_name public_key names")

Node = namedtuple("Node", "tag body raw")


class FormatError(RelayError):
    """The bytes are not what they should be; the text says only in which way."""


class NoBlockError(FormatError):
    """There is no PEM block of the kind that is wanted."""


def fingerprint(der):
    """str: SHA-256 in the form of C(smtp_tls_fingerprint_cert_match), C(AB:CD:...) (Postfix postconf(5))."""
    digest = hashlib.sha256(der).hexdigest().upper()
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


def iso_time(seconds):
    """str: ISO 8601 in UTC, C(2036-01-31T12:00:00Z)."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def pem_blocks(data, labels):
    """The PEM blocks (RFC 7468) that have one of these labels; text between blocks is ignored.

    Args:
        data: bytes.
        labels: tuple of str.

    Returns:
        list of (str, bytes): each block's text, ending in a newline, and its content.

    Raises:
        NoBlockError: there is none.
        FormatError: the base64 of one is damaged.
    """
    text = to_native(data, encoding="latin-1")
    found = []
    for label, start, body_start, body_end, end in _pem_places(text):
        if label not in labels:
            continue
        body = re.sub(r"\s+", "", text[body_start:body_end])
        if not re.match(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z", body):
            raise FormatError("the base64 text of its {0} is damaged".format(label))
        found.append((text[start:end].replace("\r\n", "\n") + "\n", base64.b64decode(body)))
    if not found:
        raise NoBlockError("it has no complete PEM block of type {0}".format(labels[0]))
    return found


def _pem_places(text):
    """Yields (str, int, int, int, int): label, and where begin: the block, its body, the end of its body, and what follows."""
    marks = list(re.finditer(r"-----(BEGIN|END) ([A-Z0-9 ]+)-----", text))
    ends = {}
    for mark in reversed(marks):
        if mark.group(1) == "END":
            ends.setdefault(mark.group(2), []).append(mark)
    position = 0
    for mark in marks:
        if mark.group(1) == "END" or mark.start() < position:
            continue
        waiting = ends.get(mark.group(2), [])
        while waiting and waiting[-1].start() < mark.end():
            waiting.pop()
        if waiting:
            position = waiting[-1].end()
            yield mark.group(2), mark.start(), mark.end(), waiting[-1].start(), position


def _nodes(data):
    """list of Node: the DER elements that follow one another in these bytes."""
    octets = bytearray(data)
    nodes = []
    at = 0
    while at < len(octets):
        if at + 2 > len(octets) or octets[at] & 0x1F == 0x1F:
            raise FormatError("its DER is damaged at byte {0}".format(at))
        start, length = at + 2, octets[at + 1]
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4 or start + count > len(octets):
                raise FormatError("its DER has a bad length at byte {0}".format(at))
            length = 0
            for octet in octets[start : start + count]:
                length = length << 8 | octet
            start += count
        if start + length > len(octets):
            raise FormatError("its DER ends too early")
        end = start + length
        nodes.append(Node(octets[at], bytes(data[start:end]), bytes(data[at:end])))
        at = end
    return nodes


def _only(data, tag):
    """Node: the one element in these bytes, which must have this tag."""
    nodes = _nodes(data)
    if len(nodes) != 1:
        raise FormatError("its DER has {0} elements where one belongs".format(len(nodes)))
    return _expect(nodes, 0, tag)


def _expect(nodes, index, tag):
    if not 0 <= index < len(nodes) or nodes[index].tag != tag:
        raise FormatError("its DER lacks an element of type {0:#04x}".format(tag))
    return nodes[index]


def _oid(body):
    """str: dotted form of an object identifier's content."""
    arcs = [0]
    for octet in bytearray(body):
        if arcs[-1] >> _LONGEST_ARC:
            raise FormatError(
                "its DER has an object identifier with a number of more than {0} bits".format(_LONGEST_ARC)
            )
        arcs[-1] = arcs[-1] << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(0)
    arcs.pop()
    if not arcs:
        raise FormatError("its DER has an empty object identifier")
    first = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in [first, arcs[0] - 40 * first] + arcs[1:])


def _integer(body):
    """int: the value of a positive INTEGER."""
    return int(base64.b16encode(body) or b"0", 16)


def _bits(body):
    """bytearray: a BIT STRING without its count of unused bits."""
    if not body:
        raise FormatError("its DER has an empty bit string")
    return bytearray(body)[1:]


def _string(node):
    if node.tag == BMP_STRING:
        return to_native(node.body.decode("utf-16-be", "replace"))
    if node.tag in LATIN1_STRINGS:
        return to_native(node.body.decode("latin-1"))
    return to_native(node.body.decode("utf-8", "replace"))


def _time(node):
    """int: seconds since the epoch of a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5)."""
    text = to_native(node.body, encoding="latin-1")
    if node.tag == UTC_TIME:
        text = ("19" if text[:2] >= "50" else "20") + text
    elif node.tag != GENERALIZED_TIME:
        raise FormatError("its validity is not a time")
    try:
        return calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ"))
    except ValueError:
        raise FormatError("its validity has {0}, which is not a time".format(text))


def _name(node):
    """(str, str or None): a distinguished name as text, and its last common name."""
    parts, common_name = [], None
    for relative in _nodes(node.body):
        for pair in _nodes(relative.body):
            fields = _nodes(pair.body)
            kind = _oid(_expect(fields, 0, OID).body)
            if len(fields) != 2:
                raise FormatError("its distinguished name is damaged")
            value = _string(fields[1])
            parts.append("{0}={1}".format(ATTRIBUTES.get(kind, kind), value))
            if kind == "2.5.4.3":
                common_name = value
    return ", ".join(parts), common_name


def _alternative_name(node):
    """str: one GeneralName (RFC 5280 section 4.2.1.6) in the form that users write."""
    if node.tag == 0x82:
        return "DNS:" + to_native(node.body.decode("latin-1")).lower()
    if node.tag == 0x81:
        return "email:" + to_native(node.body.decode("latin-1"))
    if node.tag == 0x87 and len(node.body) in (4, 16):
        family = socket.AF_INET if len(node.body) == 4 else socket.AF_INET6
        return "IP:" + socket.inet_ntop(family, node.body)
    return "{0:#04x}:{1}".format(node.tag, to_native(base64.b16encode(node.body)))


def _extensions(node):
    """dict: the value of each extension (bytes) by its OID; node is a SEQUENCE OF Extension."""
    found = {}
    for extension in _nodes(node.body):
        fields = _nodes(extension.body)
        found[_oid(_expect(fields, 0, OID).body)] = _expect(fields, len(fields) - 1, OCTET_STRING).body
    return found


def _alternative_names(extensions):
    value = extensions.get("2.5.29.17")
    return [] if value is None else [_alternative_name(name) for name in _nodes(_only(value, SEQUENCE).body)]


def _is_ca(extensions):
    fields = _nodes(_only(extensions.get("2.5.29.19", b"\x30\x00"), SEQUENCE).body)
    return bool(fields) and fields[0].tag == BOOLEAN and fields[0].body != b"\x00"


def _key_cert_sign(extensions):
    if "2.5.29.15" not in extensions:
        return None
    bits = _bits(_only(extensions["2.5.29.15"], BIT_STRING).body)
    return bool(bits) and bool(bits[0] & 0x04)


def _server_auth(extensions):
    if "2.5.29.37" not in extensions:
        return None
    purposes = [_oid(node.body) for node in _nodes(_only(extensions["2.5.29.37"], SEQUENCE).body)]
    return SERVER_AUTH in purposes or ANY_PURPOSE in purposes


def _subject_key_id(extensions):
    value = extensions.get("2.5.29.14")
    return None if value is None else _only(value, OCTET_STRING).body


def _authority_key_id(extensions):
    value = extensions.get("2.5.29.35")
    fields = [] if value is None else _nodes(_only(value, SEQUENCE).body)
    return fields[0].body if fields and fields[0].tag == 0x80 else None


def parse_public_key(der):
    """PublicKey: what a SubjectPublicKeyInfo (RFC 5280, RFC 3279, RFC 5480) says.

    Raises:
        FormatError: the bytes are not a public key.
    """
    fields = _nodes(_only(der, SEQUENCE).body)
    algorithm = _nodes(_expect(fields, 0, SEQUENCE).body)
    kind = _oid(_expect(algorithm, 0, OID).body)
    bits = _bits(_expect(fields, 1, BIT_STRING).body)
    if kind == "1.2.840.113549.1.1.1":
        numbers = _nodes(_only(bytes(bits), SEQUENCE).body)
        size = len("{0:b}".format(_integer(_expect(numbers, 0, INTEGER).body)))
        return PublicKey("RSA", size, None, bytes(der))
    if kind == "1.2.840.10045.2.1":
        named = len(algorithm) > 1 and algorithm[1].tag == OID
        curve = _oid(algorithm[1].body) if named else "explicit parameters"
        return PublicKey("ECC", None, CURVES.get(curve, curve), bytes(der))
    return PublicKey(kind, None, None, bytes(der))


def read_public_key(data):
    """PublicKey: the first PEM public key in these bytes.

    Raises:
        FormatError: there is none.
    """
    return parse_public_key(pem_blocks(data, PUBLIC_KEY_LABELS)[0][1])


def read_certificate(data):
    """Certificate: the first PEM certificate in these bytes (a server sends its own before its chain).

    Raises:
        FormatError: there is none, or it is damaged.
    """
    return _certificate(*pem_blocks(data, CERTIFICATE_LABELS)[0])


def read_certificates(data):
    """list of Certificate: every PEM certificate in these bytes, in their order; what else is there is passed over.

    Raises:
        FormatError: there is none, or one is damaged.
    """
    return [_certificate(text, der) for text, der in pem_blocks(data, CERTIFICATE_LABELS)]


def is_self_issued(certificate):
    """bool: whether a certificate names itself as its issuer, as roots and self-signed ones do."""
    return certificate.subject_der == certificate.issuer_der


def _certificate(text, der):
    fields = _nodes(_expect(_nodes(_only(der, SEQUENCE).body), 0, SEQUENCE).body)
    if fields and fields[0].tag == 0xA0:
        fields = fields[1:]
    serial = _expect(fields, 0, INTEGER)
    issuer, validity = _expect(fields, 2, SEQUENCE), _nodes(_expect(fields, 3, SEQUENCE).body)
    subject, key = _expect(fields, 4, SEQUENCE), _expect(fields, 5, SEQUENCE)
    if len(validity) != 2:
        raise FormatError("its validity is damaged")
    wrapped = [node for node in fields[6:] if node.tag == 0xA3]
    extensions = _extensions(_only(wrapped[0].body, SEQUENCE)) if wrapped else {}
    subject_text, common_name = _name(subject)
    return Certificate(
        text=text,
        der=der,
        serial=to_native(base64.b16encode(serial.body.lstrip(b"\x00") or b"\x00")),
        issuer=_name(issuer)[0],
        issuer_der=issuer.raw,
        subject=subject_text,
        subject_der=subject.raw,
        common_name=common_name,
        not_before=_time(validity[0]),
        not_after=_time(validity[1]),
        public_key=parse_public_key(key.raw),
        names=_alternative_names(extensions),
        is_ca=_is_ca(extensions),
        key_cert_sign=_key_cert_sign(extensions),
        server_auth=_server_auth(extensions),
        subject_key_id=_subject_key_id(extensions),
        authority_key_id=_authority_key_id(extensions),
    )


def read_request(data):
    """CertificateRequest: the first PEM certificate request in these bytes.

    Raises:
        FormatError: there is none, or it is damaged.
    """
    text, der = pem_blocks(data, REQUEST_LABELS)[0]
    fields = _nodes(_expect(_nodes(_only(der, SEQUENCE).body), 0, SEQUENCE).body)
    subject, key = _expect(fields, 1, SEQUENCE), _expect(fields, 2, SEQUENCE)
    extensions = {}
    for attribute in _nodes(fields[3].body) if len(fields) > 3 else []:
        parts = _nodes(attribute.body)
        # extensionRequest (RFC 2985 section 5.4.2)
        if _oid(_expect(parts, 0, OID).body) == "1.2.840.113549.1.9.14":
            extensions = _extensions(_only(_expect(parts, 1, SET).body, SEQUENCE))
    subject_text, common_name = _name(subject)
    return CertificateRequest(
        text, subject_text, common_name, parse_public_key(key.raw), _alternative_names(extensions)
    )
