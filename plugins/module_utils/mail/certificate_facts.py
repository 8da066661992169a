# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is worth to know of a certificate."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import shown

VALID, EXPIRED, FUTURE = "valid", "expired", "future"


def validity(certificate, now):
    """str: C(valid), C(expired), or C(future) when it is not valid yet.

    Args:
        certificate: x509.Certificate.
        now: float, seconds since the epoch.
    """
    if now < certificate.not_before:
        return FUTURE
    return EXPIRED if now > certificate.not_after else VALID


def facts_of(certificate, now):
    """dict: what is worth to know of a certificate, harmless for a terminal.

    Args:
        certificate: x509.Certificate.
        now: float, seconds since the epoch.
    """
    return {
        "subject": shown(certificate.subject),
        "issuer": shown(certificate.issuer),
        "common_name": shown(certificate.common_name or ""),
        "names": [shown(name) for name in certificate.names],
        "not_before": x509.iso_time(certificate.not_before),
        "not_after": x509.iso_time(certificate.not_after),
        "validity": validity(certificate, now),
        "self_signed": x509.is_self_issued(certificate),
        "fingerprint": x509.fingerprint(certificate.der),
        "public_key_fingerprint": x509.fingerprint(certificate.public_key.der),
        "content": certificate.text,
    }
