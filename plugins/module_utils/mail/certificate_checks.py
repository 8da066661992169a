# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on how long a server's certificate and those above it are valid, in its file and as a port serves it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import math
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host import expiry, x509
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import shown

IDENTIFIER = "certificate"

_VERDICTS = {
    expiry.EXPIRED: checks.FAILED,
    expiry.FUTURE: checks.FAILED,
    expiry.ENDING: checks.FAILED,
    expiry.DUE: checks.WARNING,
    expiry.GOOD: checks.OK,
}
_RELOAD = "Run postfix reload there, if the clients trust what the file has; otherwise mailops.relay.site for the relay and its clients."

# A file of certificates. path: str; certificates: list of x509.Certificate, the server's own first; authorities: list of
# x509.Certificate above them that are not in it; successor: Successor or None.
File = namedtuple("File", "path certificates authorities successor")

# What waits to take the place of a file. path: str; certificates: list of x509.Certificate, empty where it cannot be used;
# reason: str, why it cannot.
Successor = namedtuple("Successor", "path certificates reason")

# A time to judge by. now: float, seconds since the epoch; by: str, whose clock it is, empty for this host's.
Moment = namedtuple("Moment", "now by")


def left_text(seconds):
    """str: how long something takes, in a unit that fits, never more than there is.

    Args:
        seconds: float, not negative.
    """
    if seconds >= 10 * expiry.DAY:
        return "{0} days".format(int(seconds // expiry.DAY))
    if seconds >= expiry.DAY:
        return "{0:.1f} days".format(math.floor(seconds * 10 / expiry.DAY) / 10)
    if seconds >= 3600:
        return "{0:.1f} hours".format(math.floor(seconds / 360.0) / 10)
    return "{0} minutes".format(int(seconds // 60))


def _validity(certificate, now):
    """str: until when a certificate is valid, in UTC, and how long that is."""
    if now > certificate.not_after:
        ago = left_text(now - certificate.not_after)
        return "expired at {0}, {1} ago".format(x509.iso_time(certificate.not_after), ago)
    if now < certificate.not_before:
        wait = left_text(certificate.not_before - now)
        return "valid only from {0}, in {1}".format(x509.iso_time(certificate.not_before), wait)
    left = left_text(certificate.not_after - now)
    return "valid until {0}, {1} left".format(x509.iso_time(certificate.not_after), left)


def _told(chain, deciding, now):
    """str: the server's certificate, and the one above it that decides."""
    own = chain[0]
    text = "{0}, {1}".format(shown(own.subject), _validity(own, now))
    if deciding is own:
        deciding = min(chain, key=lambda certificate: certificate.not_after)
    if deciding is not own and (deciding.not_after < own.not_after or now < deciding.not_before):
        text += "; above it {0}, {1}".format(shown(deciding.subject), _validity(deciding, now))
    return text


def _todo(state, deciding, own, path, successor):
    """str: what to do about a state that is not good."""
    if state == expiry.FUTURE:
        return "Set the clock of this host if it is wrong, or put a certificate that is valid now into {0}.".format(
            path
        )
    if deciding is not own:
        if x509.is_self_issued(deciding):
            return "Make a new certificate of the authority {0}, and give it to the clients with mailops.relay.site.".format(
                shown(deciding.subject)
            )
        return "Get a new certificate of {0}, and put it behind the relay's own in {1}.".format(
            shown(deciding.subject), path
        )
    if successor is not None and successor.certificates:
        return "Run mailops.relay.site for this relay and its clients; it goes over to {0}.".format(successor.path)
    return (
        "Run mailops.relay.site for this relay and its clients: it renews when relay_server_tls_renew_before_days is more than is"
        " left. With relay_server_tls_provider=existing put a new one into {0} first.".format(path)
    )


def _judge(chain, moments):
    """(Moment, str, x509.Certificate): the moment at which it is worst, the state, and whose it is."""
    found = None
    for moment in moments:
        state, deciding = expiry.worst(chain, moment.now)
        if found is None or expiry.is_worse(state, found[1]):
            found = moment, state, deciding
    return found


def _is_ready(successor, own, now):
    """bool: whether what waits can take the place of the server's certificate, and helps."""
    if successor is None or not successor.certificates:
        return False
    state, _deciding = expiry.worst(expiry.chain(successor.certificates), now)
    return state == expiry.GOOD and successor.certificates[0].not_after > own.not_after


def _of_successor(successor, ready, now):
    """str: what is to be said of a successor."""
    if successor is None:
        return ""
    if ready:
        return "; {0} waits to take its place, {1}".format(successor.path, _validity(successor.certificates[0], now))
    reason = successor.reason or _validity(successor.certificates[0], now)
    return "; {0} cannot take its place: {1}".format(successor.path, reason)


def _result(status, subject, seen, todo, certificate, now, path, port):
    """dict: a check, with what a program wants to know of it (C(expiry))."""
    result = {"id": IDENTIFIER, "status": status, "subject": subject, "seen": seen, "todo": todo}
    result["expiry"] = {
        "subject": shown(certificate.subject),
        "not_before": x509.iso_time(certificate.not_before),
        "not_after": x509.iso_time(certificate.not_after),
        "days_left": round((certificate.not_after - now) / expiry.DAY, 2),
        "file": path,
        "port": port,
    }
    return result


def _verdict(subject, words, certificates, found, moments, port):
    """dict: on certificates, the server's own first.

    Args:
        words: (str, str), what is said before and behind of them.
        found: File, which is theirs, or was.
        port: int or None.
    """
    own = certificates[0]
    chain = expiry.chain(certificates, found.authorities)
    moment, state, deciding = _judge(chain, moments)
    ready = state != expiry.GOOD and _is_ready(found.successor, own, moment.now)
    usable = found.successor if ready else None
    status = _VERDICTS[state]
    if state == expiry.DUE and deciding is own and ready:
        status = checks.OK
    seen = words[0] + _told(chain, deciding, moment.now) + words[1]
    if state != expiry.GOOD:
        seen += _of_successor(found.successor, ready, moment.now)
    if moment.by:
        seen += "; by the clock of {0}".format(moment.by)
    todo = "" if status == checks.OK else _todo(state, deciding, own, found.path, usable)
    return _result(status, subject, seen, todo, deciding, moment.now, found.path, port)


def check_file(found, moments):
    """dict: how long the certificates in a file are valid.

    Args:
        found: File.
        moments: list of Moment, not empty; the worst verdict counts.
    """
    return _verdict(found.path, ("", ""), found.certificates, found, moments, None)


def check_unreadable(path, reason):
    """dict: a file that cannot be used; the server has no TLS after its next start."""
    todo = "Put the certificate there in PEM form, and run mailops.relay.site; or correct the parameter that names it."
    return checks.failed(IDENTIFIER, path, reason, todo)


def check_unknown(subject, reason, todo):
    """dict: that nobody knows what a port serves, which is not ok."""
    return checks.warning(IDENTIFIER, subject, "what it serves is not known: {0}".format(reason), todo)


def check_no_tls(subject, reason):
    """dict: a port that offers TLS and cannot do it, so that clients that want it send no mail."""
    todo = "Look for warnings of TLS in the mail log: Postfix cannot use its certificate or its key."
    # smtpd(8) says 4.7.0 of TLS itself; this of a milter.
    if "454 4.3.0" in reason:
        todo = "See whether the milters of Postfix run, such as the signer opendkim: one that does not answer has STARTTLS refused, too."
    return checks.failed(IDENTIFIER, subject, "no TLS: {0}".format(reason), todo)


def file_of(own, files):
    """File: the one that a certificate comes from, or that has taken its place: of several, one with the same kind of key.

    Args:
        own: x509.Certificate.
        files: list of File, not empty.
    """
    kind = own.public_key.kind
    return min(
        files,
        key=lambda found: (found.certificates[0].der != own.der, found.certificates[0].public_key.kind != kind),
    )


def check_served(subject, port, certificates, whole, files, moments):
    """dict: how long what a port serves is valid, and whether that is what its file has.

    Args:
        subject: str, what the check is of; port: int.
        certificates: list of x509.Certificate, what is sent, the server's own first.
        whole: bool, whether these are all that is sent.
        files: list of File, not empty.
        moments: list of Moment, not empty.
    """
    own = certificates[0]
    found = file_of(own, files)
    other = difference(certificates, whole, found)
    behind = " (as in {0})".format(found.path)
    if other:
        behind = "; but {0}".format(other)
    elif not whole and len(found.certificates) > 1:
        behind += ", while what is sent with it cannot be seen from here"
    result = _verdict(subject, ("serves ", behind), certificates, found, moments, port)
    if not other:
        return result
    # The file says what comes after a reload, so that is the first thing to do.
    moment, state, _deciding = _judge(expiry.chain(found.certificates, found.authorities), moments)
    todo = _RELOAD
    if state in (expiry.EXPIRED, expiry.FUTURE):
        todo = "Put a certificate that is valid now into {0}. ".format(found.path) + _RELOAD
    if result["status"] == checks.OK:
        result["status"] = checks.WARNING
    return dict(result, todo=todo)


def difference(certificates, whole, found):
    """str: in what a file differs from what is served; empty when it does not.

    Args:
        certificates: list of x509.Certificate, what is sent; whole: bool, whether these are all.
        found: File.
    """
    own, new = certificates[0], found.certificates[0]
    until = "valid until {0}".format(x509.iso_time(new.not_after))
    if own.der != new.der:
        return "{0} has another one, {1}, which Postfix has not read".format(found.path, until)
    served = set(certificate.der for certificate in certificates)
    if whole and any(certificate.der not in served for certificate in found.certificates):
        return "{0} has other ones behind it, which Postfix has not read".format(found.path)
    return ""
