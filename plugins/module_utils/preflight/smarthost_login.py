# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a smarthost takes the relay's login, before mail has to wait for it: connect, TLS, AUTH, QUIT; no mail is sent."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import ssl

from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import connect
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import IMPLICIT_TLS, Refusal
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_tls import check_name

IDENTIFIER = "smarthost_login"
# Of those that Postfix can use, what needs no more than the standard library; each provider offers one of them.
_MECHANISMS = ("PLAIN", "LOGIN")
_TODO = {
    "name": "Correct hosts in relay_server_smarthosts, or see what the name server of this host says of it.",
    "timeout": "Have the provider or the firewall's keeper open this port outbound, or take another port that the smarthost has.",
    "refused": "Correct hosts and port in relay_server_smarthosts, or see whether a firewall on the way refuses it.",
    "no_route": "Give this host a route to the smarthost.",
    "unreachable": "Correct hosts in relay_server_smarthosts, or see whether the way to the smarthost is whole.",
    "own_firewall": "Let the firewall of this host, or of its network, let it out.",
    "prohibited": "Correct hosts and port in relay_server_smarthosts, or see which firewall refuses it.",
    "untrusted": "Correct hosts in relay_server_smarthosts, or name the authority's certificate as ca_file there; until then mail waits.",
}
_OTHER_TODO = "See whether the port is right (587, or 465 where TLS begins at once), and what answers there; until then mail waits."
_NO_LOGIN = "it has no login, so whether it takes this relay's mail shows with the first message"


def _in_base64(text):
    return to_native(base64.b64encode(to_bytes(text)))


def hidden_texts(smarthost):
    """set of str: what of a login must be in no result, in each form in which it is sent.

    Args:
        smarthost: dict, an entry of the option C(smarthosts).
    """
    if not smarthost.get("password"):
        return set()
    return set([smarthost["password"], _in_base64(smarthost["password"]), _plain(smarthost)])


def _plain(smarthost):
    """str: RFC 4616, section 2."""
    return to_native(base64.b64encode(b"\0".join([b"", to_bytes(smarthost["user"]), to_bytes(smarthost["password"])])))


def login_checks(smarthost, seconds, authorities):
    """list of dict: a check for each host of a smarthost; where one is good, others are a warning, since mail goes by that one.

    Args:
        smarthost: dict, an entry of the option C(smarthosts) of M(mailops.relay.relay_host_info).
        seconds: float, for all of them.
        authorities: str or None, the file with the certificates of the public authorities.
    """
    hosts = smarthost["hosts"]
    found = [_Login(smarthost, host, seconds / len(hosts), authorities).check() for host in hosts]
    return checks.one_is_enough(found, IDENTIFIER)


class _Login(object):
    def __init__(self, smarthost, host, seconds, authorities):
        self._smarthost = smarthost
        self._host = host
        self._seconds = seconds
        self._verified = smarthost["tls"] == "secure"
        self._authorities = (smarthost.get("ca_file") or authorities) if self._verified else None
        self._subject = "{0}: {1} port {2}".format(smarthost["name"], host, smarthost["port"])

    def check(self):
        """dict: the verdict."""
        try:
            return self._try()
        except Refusal as exc:
            if str(exc).startswith("the answer to STARTTLS"):
                return self._failed("no TLS: {0}".format(exc), _OTHER_TODO)
            return self._failed(str(exc), "See what the smarthost has against this host; its address may be on a list.")
        except StreamError as exc:
            return self._failed(str(exc), _TODO.get(exc.kind, _OTHER_TODO))

    def _failed(self, seen, todo):
        return checks.failed(IDENTIFIER, self._subject, seen, todo)

    def _try(self):
        if self._verified and not self._authorities:
            return self._failed(
                "this host has no file with the certificates of the public authorities",
                "Install the package ca-certificates, or run the role relay_server.",
            )
        tls = TLS(
            self._host,
            self._authorities,
            certificate=self._smarthost.get("certificate"),
            private_key=self._smarthost.get("private_key"),
        )
        mode = "may" if self._smarthost["tls"] == "may" else "required"
        session = connect(self._host, self._smarthost["port"], Deadline(self._seconds))
        try:
            session.begin("implicit" if self._smarthost["port"] in IMPLICIT_TLS else mode, tls)
            problem = self._wrong_name(session)
            if problem is None:
                problem = self._log_in(session)
            session.quit()
            return problem
        finally:
            session.close()

    def _wrong_name(self, session):
        """dict or None: a certificate that vouches for another host."""
        if not self._verified:
            return None
        pem = ssl.DER_cert_to_PEM_cert(session.tls["certificate"])
        try:
            found = check_name(self._subject, x509.read_certificate(to_bytes(pem)), self._host)
        except x509.FormatError as exc:
            return self._failed("its certificate cannot be read: {0}".format(exc), _TODO["untrusted"])
        if found["status"] == checks.FAILED:
            return self._failed("its certificate is not good: {0}".format(found["seen"]), _TODO["untrusted"])
        return None

    def _log_in(self, session):
        greeted = {"secure": "TLS with a good certificate"}.get(self._smarthost["tls"], "TLS, certificate not checked")
        if session.tls is None:
            greeted = "no TLS"
        if not self._smarthost.get("user"):
            return checks.skipped(IDENTIFIER, self._subject, "it answers ({0}); {1}".format(greeted, _NO_LOGIN))
        offered = session.extensions.get("AUTH", "").upper().split()
        if not offered:
            todo = "See whether this is the smarthost's port for customers, and whether it knows this relay by its address."
            return self._failed("it offers no login (AUTH) after TLS", todo)
        mechanism = next((name for name in _MECHANISMS if name in offered), None)
        if mechanism is None:
            seen = "the login was not tried: it offers {0}, and this check knows {1}".format(
                ", ".join(offered), " and ".join(_MECHANISMS)
            )
            return checks.warning(IDENTIFIER, self._subject, seen, "Send a message by it, and follow it with trace.")
        reply = self._said(session, mechanism)
        if reply.code == 235:
            return checks.ok(IDENTIFIER, self._subject, "{0}, and the login is good".format(greeted))
        if reply.code // 100 == 4:
            return self._failed(
                "the login could not be tried now: {0}".format(reply), "Try again later, or ask the provider."
            )
        todo = "Correct user and password of {0} in relay_server_smarthosts; until then its mail waits.".format(
            self._smarthost["name"]
        )
        return self._failed("the login is refused: {0}".format(reply), todo)

    def _said(self, session, mechanism):
        """Reply: the last one to a login (RFC 4954); nothing of it is in the transcript."""
        if mechanism == "PLAIN":
            session.send(to_bytes("AUTH PLAIN {0}\r\n".format(_plain(self._smarthost))))
            return session.reply()
        session.send(b"AUTH LOGIN\r\n")
        reply = session.reply()
        for part in ("user", "password"):
            if reply.code != 334:
                break
            session.send(to_bytes(_in_base64(self._smarthost[part]) + "\r\n"))
            reply = session.reply()
        return reply
