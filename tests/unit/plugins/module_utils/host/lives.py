# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of which only names and times matter."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host import x509

DAY = 86400
# 2026-11-28T12:00:00Z
NOW = 1795867200


def certificate(
    life=365 * DAY, left=300 * DAY, name="relay.example.com", issuer=None, kind="RSA", authority_key_id=None, **more
):
    """x509.Certificate: with so many seconds of life, of which so many are left."""
    issuer = issuer or name
    fields = {
        "text": "",
        "serial": "01",
        "issuer": "CN=" + issuer,
        "issuer_der": issuer.encode("ascii"),
        "subject": "CN=" + name,
        "subject_der": name.encode("ascii"),
        "common_name": name,
        "not_before": NOW + left - life,
        "not_after": NOW + left,
        "public_key": x509.PublicKey(kind, None, None, b""),
        "names": ["DNS:" + name],
        "is_ca": False,
        "key_cert_sign": None,
        "server_auth": None,
        "subject_key_id": None,
        "authority_key_id": authority_key_id,
    }
    fields.update(more)
    fields["der"] = repr(sorted((field, str(value)) for field, value in fields.items())).encode("utf-8")
    return x509.Certificate(**fields)
