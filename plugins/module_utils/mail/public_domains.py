# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains in which everybody may have a name, so that they are nobody's to take mail for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# Top-level domains that many strangers have a name in (IANA's root zone; of the newer ones those with the most names); two letters
# are a country's, and one that begins with xn-- is written in another script.
_PUBLIC_DOMAINS = frozenset(
    "aero agency app arpa art asia bid biz blog bond business buzz cat center click cloud club com company coop cyou design "
    "dev digital edu email fun global gov group icu inc info int io jobs life link live llc lol ltd media mil mobi museum name "
    "net network news one online org page post press pro rest sbs services shop site solutions space store studio support "
    "tech tel today top travel uno vip website wiki win work world xxx xyz zone".split()
)
# Countries that give names away under a second label, and these labels.
_WITH_REGISTRIES = frozenset(
    "ar au bd bo br cn cr ec eg gh hk id il in jp ke kr lk mx my ng nz pe ph pk pl py sa sg th tr tw ua ug uk uy ve vn za".split()
)
_REGISTRIES = frozenset(["ac", "co", "com", "edu", "go", "gov", "ne", "net", "or", "org"])


def is_public_domain(name):
    """bool: whether a domain is that of a whole country or of everybody, so that its subdomains are strangers."""
    above, _dot, last = name.strip(".").lower().rpartition(".")
    if above:
        return last in _WITH_REGISTRIES and above in _REGISTRIES
    return last in _PUBLIC_DOMAINS or bool(re.match(r"[a-z]{2}\Z|xn--", last))
