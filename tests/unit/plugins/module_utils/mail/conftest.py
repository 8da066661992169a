# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small servers in threads, as good or as bad as a test wants them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import ssl
import subprocess
import threading

import pytest


class Server(object):
    """Listens on a port of this host; each connection is for a function, which may do to it what it wants."""

    def __init__(self, handler, family=socket.AF_INET):
        self.connections = 0
        self._handler = handler
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        self._socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self._socket.listen(50)
        self.address, self.port = self._socket.getsockname()[:2]
        thread = threading.Thread(target=self._run)
        thread.daemon = True
        thread.start()

    def _run(self):
        while True:
            try:
                connection = self._socket.accept()[0]
            except (socket.error, ValueError):
                return
            self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            thread.daemon = True
            thread.start()

    def _serve(self, connection):
        try:
            self._handler(connection)
        except (socket.error, ssl.SSLError):
            pass
        finally:
            connection.close()

    def close(self):
        self._socket.close()


class Mta(object):
    """An SMTP server whose answers a test chooses.

    Attributes:
        answers: dict: beginning of a command -> answer, the longest that fits counts; otherwise 250.
        said: list of str, every command.
    """

    def __init__(
        self,
        answers=None,
        greeting="220 relay.example.com ESMTP",
        hello=("relay.example.com", "SIZE 100"),
        certificate=None,
    ):
        self.answers = answers or {}
        self.greeting = greeting
        self.hello = list(hello) + (["STARTTLS"] if certificate else [])
        self.certificate = certificate
        self.ends = (b"\r\n.\r\n",)
        self.said = []

    def answer(self, command):
        """str or None: None hangs up."""
        fits = [start for start in self.answers if command.upper().startswith(start.upper())]
        found = self.answers[max(fits, key=len)] if fits else "250 2.0.0 Ok"
        return found(command) if callable(found) else found

    def __call__(self, connection):
        data = b""
        connection.sendall(self.greeting.encode("utf-8") + b"\r\n")
        while True:
            while b"\n" not in data:
                piece = connection.recv(4096)
                if not piece:
                    return
                data += piece
            line, _newline, data = data.partition(b"\n")
            command = line.decode("latin-1").rstrip("\r")
            self.said.append(command)
            verb = command.partition(" ")[0].upper()
            answer = self.answer(command)
            if answer is None:
                return
            if verb in ("EHLO", "HELO") and answer.startswith("250"):
                last = len(self.hello) - 1
                lines = ["250{0}{1}".format(" " if at == last else "-", text) for at, text in enumerate(self.hello)]
                answer = "\r\n".join(lines)
            if verb == "DATA" and answer.startswith("250"):
                answer = "354 go on"
            if verb == "STARTTLS" and self.certificate:
                answer = "220 ready"
            if verb == "QUIT":
                answer = "221 bye"
            connection.sendall(answer.encode("utf-8") + b"\r\n")
            if verb == "QUIT" or answer.startswith("421"):
                return
            if verb == "STARTTLS" and self.certificate:
                context = ssl.SSLContext(getattr(ssl, "PROTOCOL_TLS_SERVER", ssl.PROTOCOL_SSLv23))
                context.load_cert_chain(*self.certificate)
                connection = context.wrap_socket(connection, server_side=True)
            if answer.startswith("354"):
                while not any(end in data for end in self.ends):
                    data += connection.recv(4096)
                found = [(data.index(end), end) for end in self.ends if end in data]
                at, end = min(found)
                self.said.append(data[:at].decode("latin-1"))
                data = data[at + len(end) :]
                connection.sendall(self.answer("END").encode("utf-8") + b"\r\n")


@pytest.fixture
def serve():
    """Starts a server with a handler; returns it."""
    started = []

    def start(handler, family=socket.AF_INET):
        started.append(Server(handler, family))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture
def mta():
    """The class of a server that speaks SMTP."""
    return Mta


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Makes a self-signed certificate; returns the paths of it and its key."""
    directory = tmp_path_factory.mktemp("certificates")

    def make(name, *alternative):
        certificate, key = str(directory / (name + ".crt")), str(directory / (name + ".key"))
        options = ["-addext", "subjectAltName=" + ",".join(alternative)] if alternative else []
        subprocess.check_call(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=" + name]
            + ["-keyout", key, "-out", certificate]
            + options,
            stderr=subprocess.PIPE,
        )
        return certificate, key

    return make
