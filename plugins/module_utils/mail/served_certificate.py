# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates that a mail server sends, its own and those behind it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ssl

from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import OpenSSL
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import connect
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Refusal


def tls_with(server, port, tls, deadline, implicit):
    """dict: what TLS with a server came to (stream.Stream.start_tls). The server is left with QUIT: what breaks off stands in its log.

    Args:
        server: str, a host name or an address; port: int.
        tls: stream.TLS.
        deadline: stream.Deadline.
        implicit: bool, whether TLS begins at once.

    Raises:
        StreamError: there is no TLS; a Refusal where the server offers it, and says no.
    """
    session = connect(server, port, deadline)
    try:
        if implicit:
            session.start_tls(tls)
            _greeted(session)
        else:
            session.greeting()
            if not session.hello().ok or "STARTTLS" not in session.extensions:
                session.quit()
                raise StreamError("tls", "STARTTLS is not offered")
            reply = session.starttls(tls)
            if not reply.ok:
                session.quit()
                raise Refusal("STARTTLS", reply)
        session.quit()
        return session.tls
    finally:
        session.close()


def _greeted(session):
    """Let the server speak first; what it says makes no difference to its certificate."""
    try:
        session.reply()
    except StreamError:
        pass


def read(der):
    """x509.Certificate: one that a server has sent.

    Args:
        der: bytes, or None where it has sent none.

    Raises:
        StreamError: there is none, or it is damaged.
    """
    if not der:
        raise StreamError("tls", "the server has no certificate")
    try:
        return x509.read_certificate(to_bytes(ssl.DER_cert_to_PEM_cert(der)))
    except x509.FormatError as exc:
        raise StreamError("tls", "the server's certificate cannot be read: {0}".format(exc))


def sent(server, port, deadline, implicit, kind, runner):
    """What a server sends to a client.

    Args:
        server: str, a host name or an address; port: int.
        deadline: stream.Deadline.
        implicit: bool, whether TLS begins at once.
        kind: str or None, C(RSA) or C(ECC): ask for a certificate with a key of this kind, of a server that has several.
        runner: commands.Runner.

    Returns:
        (list of x509.Certificate, bool): the server's own first; and whether these are all that it sends.

    Raises:
        StreamError: there is no certificate to be seen.
    """
    found = tls_with(server, port, TLS(server, kind=kind), deadline, implicit)
    own = read(found["certificate"])
    ders = found["chain"]
    if ders is None:
        # Python before 3.10 keeps what comes with the server's own certificate to itself.
        try:
            output = OpenSSL(runner).sent_by(server, port, implicit, kind, deadline.left())
            ders = [der for _text, der in x509.pem_blocks(to_bytes(output), x509.CERTIFICATE_LABELS)]
        except (CommandError, x509.FormatError):
            ders = []
    if own.der not in ders[:1]:
        # Two processes of a server may have different ones.
        return [own], False
    return [own] + [read(der) for der in ders[1:]], True
