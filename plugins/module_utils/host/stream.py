# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP connection, with TLS on demand, whose peer may be anything: it stalls, closes, or never stops.

One time limit holds for all that is done with it. The socket never blocks, since the time limits of Python's own sockets
are for one operation, and on Python 2 a peer that sends one byte now and then makes a TLS operation last for ever.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re
import select
import socket
import ssl

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import connect_failure
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import open_regular
from ansible_collections.mailops.relay.plugins.module_utils.host.threads import monotonic, side_by_side

_PIECE = 4096
# Which suites have a server show a key of one kind (openssl ciphers(1)).
CIPHERS = {"RSA": "aRSA", "ECC": "aECDSA"}
_AGAIN = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EINTR)
_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\Z")


class StreamError(RelayError):
    """What is wrong with a connection.

    Attributes:
        kind: str: C(name) not resolved, C(refused), C(prohibited), C(own_firewall), C(no_route) and C(unreachable) as of
            connect_failure.explain, C(timeout), C(closed), C(tls), C(untrusted) for a certificate that did not verify, or C(garbage)
            for what is not the protocol.
    """

    def __init__(self, kind, text):
        super(StreamError, self).__init__(text)
        self.kind = kind


class Deadline(object):
    """When all must be over.

    Args:
        seconds: int or float, from now.
    """

    def __init__(self, seconds):
        self.seconds = seconds
        self._end = monotonic() + seconds

    def left(self):
        """float: seconds that are left.

        Raises:
            StreamError: none are.
        """
        left = self._end - monotonic()
        if left <= 0:
            raise StreamError("timeout", "no answer within the time limit of {0:g} s".format(round(self.seconds, 1)))
        return left


def addresses_of(name, port, deadline):
    """Every address of a host, in the order in which the system would try them.

    Args:
        name: str, a host name or an address.
        port: int.
        deadline: Deadline.

    Returns:
        list of str, never empty.

    Raises:
        StreamError: it has none, or the resolver did not answer in time.
    """
    if is_address(name):
        return [name]
    if not _NAME.match(name):
        raise StreamError("name", "{0!r} is neither a host name nor an address".format(name))
    # The resolver has time limits of its own and knows nothing of ours.
    (look_up,) = side_by_side(
        [lambda: socket.getaddrinfo(name, port, socket.AF_UNSPEC, socket.SOCK_STREAM)], deadline.left()
    )
    if not look_up.finished:
        raise StreamError("timeout", "the resolver did not answer for {0} in time".format(name))
    if look_up.error is not None:
        reason = getattr(look_up.error, "strerror", None) or look_up.error
        raise StreamError("name", "{0} has no address: {1}".format(name, to_native(reason)))
    addresses = []
    for entry in look_up.value:
        address = entry[4][0]
        if address not in addresses:
            addresses.append(address)
    return addresses


class TLS(object):
    """How a client begins TLS.

    Args:
        name: str, for the server to choose its certificate by (RFC 6066 section 3); an address is not sent.
        ca_file: str or None, trust anchors in PEM; without, any certificate will do.
        kind: str or None, C(RSA) or C(ECC): take only a certificate with a key of this kind.
        certificate, private_key: str or None, files in PEM with what this client shows of itself.

    Raises:
        StreamError: a file cannot be read as such.
    """

    def __init__(self, name="", ca_file=None, kind=None, certificate=None, private_key=None):
        self.ca_file = ca_file
        self._own = (certificate, private_key)
        self._ciphers = None if kind is None else CIPHERS[kind]
        self._name = name if _NAME.match(name) and not is_address(name) else None
        self._context = None
        if hasattr(ssl, "SSLContext"):
            self._context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_CLIENT", ssl.PROTOCOL_SSLv23))
            # The name is compared elsewhere, in the same way on each Python.
            self._context.check_hostname = False
            self._context.verify_mode = ssl.CERT_NONE if ca_file is None else ssl.CERT_REQUIRED
            if self._ciphers is not None:
                # In TLS 1.3 the suites say nothing of the key.
                self._context.options |= getattr(ssl, "OP_NO_TLSv1_3", 0)
                self._context.set_ciphers(self._ciphers)
        if ca_file is not None:
            self._read_anchors(ca_file)
        if certificate is not None:
            self._read_own()

    def _read_own(self):
        for path in self._own:
            try:
                os.close(open_regular(path))
            except (IOError, OSError) as exc:
                raise StreamError("tls", "{0} cannot be read: {1}".format(path, exc.strerror or exc))
        if self._context is not None:
            try:
                # OpenSSL would ask the terminal for the password of a key.
                self._context.load_cert_chain(*self._own, password=lambda: "")
            except (ssl.SSLError, ValueError) as exc:
                raise StreamError(
                    "tls", "{0} and {1} are no certificate with its key: {2}".format(*self._own + (_reason(exc),))
                )

    def _read_anchors(self, ca_file):
        try:
            os.close(open_regular(ca_file))
            if self._context is not None:
                self._context.load_verify_locations(ca_file)
        except (IOError, OSError, ssl.SSLError) as exc:
            reason = (
                exc.strerror
                if not isinstance(exc, ssl.SSLError) and exc.errno
                else "no certificate in PEM form is in it"
            )
            raise StreamError("tls", "{0} cannot be used as trust anchors: {1}".format(ca_file, reason))

    def wrap(self, sock):
        """The socket with TLS, before the handshake."""
        if self._context is None:
            # Python before 2.7.9, unless its distributor has put it in.
            return ssl.wrap_socket(
                sock,
                cert_reqs=ssl.CERT_NONE if self.ca_file is None else ssl.CERT_REQUIRED,
                ca_certs=self.ca_file,
                certfile=self._own[0],
                keyfile=self._own[1],
                ssl_version=ssl.PROTOCOL_SSLv23,
                ciphers=self._ciphers,
                do_handshake_on_connect=False,
            )
        name = self._name if getattr(ssl, "HAS_SNI", False) else None
        return self._context.wrap_socket(sock, do_handshake_on_connect=False, server_hostname=name)


def _reason(exc):
    """str: what an error of the system or of TLS says, without where in Python's source."""
    text = getattr(exc, "verify_message", None) or getattr(exc, "strerror", None) or str(exc)
    return (
        re.sub(r"\[[A-Z0-9_: ]+\] ?|^_ssl\.c:[0-9]+: | ?\(_ssl\.c:[0-9]+\)$", "", to_native(text)).strip()
        or type(exc).__name__
    )


def _chain_of(sock):
    """list of bytes or None: all certificates that the other side has sent, DER; None where this Python cannot tell."""
    # Python 3.13; 3.10 to 3.12 have it inside.
    ask = getattr(sock, "get_unverified_chain", None) or getattr(
        getattr(sock, "_sslobj", None), "get_unverified_chain", None
    )
    if ask is None:
        return None
    return [
        entry if isinstance(entry, bytes) else ssl.PEM_cert_to_DER_cert(to_native(entry.public_bytes()))
        for entry in ask() or []
    ]


class Stream(object):
    """The connection.

    Args:
        address: str, IPv4 or IPv6.
        port: int.
        deadline: Deadline, for all that follows.
        patience: int or float, seconds for the connection to come about; None is all the time that there is.

    Raises:
        StreamError: nobody answers there.
    """

    def __init__(self, address, port, deadline, patience=None):
        self._deadline = deadline if patience is None else Deadline(min(patience, deadline.left()))
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._where = ("[{0}]:{1}" if ":" in address else "{0}:{1}").format(address, port)
        try:
            self._sock = socket.socket(family, socket.SOCK_STREAM)
        except socket.error as exc:
            # A kernel without this family.
            raise self._no_connection(*connect_failure.explain(address, exc.errno, True, 0, None))
        try:
            self._sock.setblocking(False)
            connect_failure.keep_reports(self._sock, True)
            begun = monotonic()
            error = self._sock.connect_ex((address, port))
            at_once = error != errno.EINPROGRESS
            if not at_once:
                self._wait(False)
                error = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            # Reset: it came about, and the other side has ended it before it was looked at.
            kind = {errno.ETIMEDOUT: "timeout", errno.ECONNRESET: "closed"}.get(error)
            if kind:
                raise self._no_connection(kind, os.strerror(error))
            if error:
                report = connect_failure.report_of(self._sock)
                raise self._no_connection(
                    *connect_failure.explain(address, error, at_once, monotonic() - begun, report)
                )
            connect_failure.keep_reports(self._sock, False)
            self._deadline = deadline
        except StreamError:
            self.close()
            raise
        except (socket.error, OverflowError) as exc:
            self.close()
            raise self._no_connection("unreachable", _reason(exc))

    def _no_connection(self, kind, text):
        """StreamError: of this connection, which did not come about."""
        return StreamError(kind, "{0}: {1}".format(self._where, text))

    def _wait(self, to_read):
        """Wait until the socket can be read or written."""
        each = [self._sock]
        try:
            ready = select.select(each if to_read else [], [] if to_read else each, [], self._deadline.left())
        except select.error as exc:
            if exc.args[0] == errno.EINTR:
                return
            raise
        if not any(ready):
            self._deadline.left()

    def _repeat(self, operation):
        """The result of an operation on the socket, tried until it needs to wait no more."""
        while True:
            # A peer that always has more to say is never waited for.
            self._deadline.left()
            try:
                return operation()
            except ssl.SSLError as exc:
                if exc.args[0] == ssl.SSL_ERROR_WANT_READ:
                    self._wait(True)
                elif exc.args[0] == ssl.SSL_ERROR_WANT_WRITE:
                    self._wait(False)
                elif exc.args[0] in (ssl.SSL_ERROR_EOF, ssl.SSL_ERROR_ZERO_RETURN):
                    raise StreamError("closed", "{0} has closed the connection".format(self._where))
                else:
                    untrusted = "certificate verify failed" in str(exc).lower().replace("_", " ")
                    raise StreamError("untrusted" if untrusted else "tls", _reason(exc))
            except socket.error as exc:
                if exc.errno not in _AGAIN:
                    raise StreamError("closed", "{0} has closed the connection: {1}".format(self._where, _reason(exc)))
                self._wait(operation == self._piece)

    def _piece(self):
        return self._sock.recv(_PIECE)

    def read(self):
        """bytes: what has come, at least one byte and at most 4096.

        Raises:
            StreamError: nothing has come in time, or the other side has closed the connection.
        """
        data = self._repeat(self._piece)
        if not data:
            raise StreamError("closed", "{0} has closed the connection".format(self._where))
        return data

    def pending(self, seconds):
        """bool: whether something can be read, or the connection is closed, within so many seconds."""
        if getattr(self._sock, "pending", lambda: 0)():
            return True
        return bool(select.select([self._sock], [], [], min(seconds, self._deadline.left()))[0])

    def write(self, data):
        """Send all of these bytes.

        Raises:
            StreamError: they have not been taken in time, or the other side has closed the connection.
        """
        view = data
        while view:
            view = view[self._repeat(lambda view=view: self._sock.send(view[:_PIECE])) :]

    def start_tls(self, tls):
        """Begin TLS.

        Args:
            tls: TLS.

        Returns:
            dict: C(version), empty where this Python cannot tell, C(cipher), C(certificate), DER bytes or None, and C(chain),
            a list of these that begins with the same, None where this Python cannot tell.

        Raises:
            StreamError: it did not come about; C(untrusted) when it is for the certificate.
        """
        try:
            self._sock = tls.wrap(self._sock)
        except (socket.error, ValueError) as exc:
            raise StreamError("tls", _reason(exc))
        self._repeat(self._sock.do_handshake)
        cipher = self._sock.cipher()
        return {
            "version": getattr(self._sock, "version", lambda: None)() or "",
            "cipher": cipher[0] if cipher else "",
            "certificate": self._sock.getpeercert(True),
            "chain": _chain_of(self._sock),
        }

    def local_address(self):
        """str: the address that the other side sees, when nothing translates it."""
        return self._sock.getsockname()[0]

    def close(self):
        """Close the connection, without a word."""
        self._sock.close()
