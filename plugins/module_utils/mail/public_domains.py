# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains in which everybody may have a name, so that they are nobody's to take mail for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# Top-level domains that many strangers have a name in; two letters are a country's.
_PUBLIC_DOMAINS = ("com", "net", "org", "edu", "gov", "mil", "int", "info", "biz", "name", "io", "arpa")


def is_public_domain(name):
    """bool: whether a domain is that of a whole country or of everybody, so that its subdomains are strangers."""
    name = name.strip(".").lower()
    return name in _PUBLIC_DOMAINS or bool(re.match(r"[a-z]{2}\Z", name))
