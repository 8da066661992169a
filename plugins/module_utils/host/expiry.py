# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is too near its end, measured by its own life, and who stands above it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host import x509

DAY = 86400

# From the worst to the best.
EXPIRED, FUTURE, ENDING, DUE, GOOD = "expired", "future", "ending", "due", "good"
_WORST_FIRST = (EXPIRED, FUTURE, ENDING, DUE, GOOD)

# The last third of a life, and its last tenth; of a long life no more than this, in seconds.
_DUE_MOST = 30 * DAY
_ENDING_MOST = 7 * DAY
# OpenSSL looks no further up either (X509_VERIFY_PARAM_set_depth(3)).
_LONGEST_CHAIN = 100


def limits(certificate):
    """(float, float): so many seconds before its end a certificate is due to be renewed, and so many it is urgent.

    Args:
        certificate: x509.Certificate.
    """
    life = max(0, certificate.not_after - certificate.not_before)
    return min(_DUE_MOST, life / 3.0), min(_ENDING_MOST, life / 10.0)


def state(certificate, now):
    """str: C(expired), C(future) when it is not valid yet, C(ending), C(due), or C(good).

    Args:
        certificate: x509.Certificate.
        now: float, seconds since the epoch.
    """
    if now > certificate.not_after:
        return EXPIRED
    if now < certificate.not_before:
        return FUTURE
    due, ending = limits(certificate)
    left = certificate.not_after - now
    return ENDING if left <= ending else DUE if left <= due else GOOD


def chain(certificates, authorities=()):
    """list of x509.Certificate: the server's own, then who issued it, and so on as far as they are there.

    Args:
        certificates: list of x509.Certificate, the server's own first, what is sent with it in any order.
        authorities: list of x509.Certificate that are not sent, but that clients trust.
    """
    by_subject = {}
    for certificate in list(certificates[1:]) + list(authorities):
        by_subject.setdefault(certificate.subject_der, []).append(certificate)
    found, seen = [certificates[0]], set([certificates[0].der])
    while len(found) < _LONGEST_CHAIN and not x509.is_self_issued(found[-1]):
        issuers = [issuer for issuer in by_subject.get(found[-1].issuer_der, ()) if issuer.der not in seen]
        if not issuers:
            break
        # An authority that was renewed stands there twice; clients take the one that is valid, and has the key.
        wanted = found[-1].authority_key_id
        best = max(issuers, key=lambda issuer: (wanted is None or issuer.subject_key_id == wanted, issuer.not_after))
        found.append(best)
        seen.add(best.der)
    return found


def worst(certificates, now):
    """(str, x509.Certificate): the worst state of these, and whose it is; of several, of the one that ends first.

    Args:
        certificates: list of x509.Certificate, not empty.
        now: float, seconds since the epoch.
    """
    states = [(state(certificate, now), certificate) for certificate in certificates]
    return min(states, key=lambda found: (_WORST_FIRST.index(found[0]), found[1].not_after))


def is_worse(one, other):
    """bool: whether the first state is worse than the second."""
    return _WORST_FIRST.index(one) < _WORST_FIRST.index(other)
