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
    "academy aero africa agency amsterdam app arpa art asia bank bar bayern beer berlin best bid bio biz blog bond "
    "boutique brussels build business buzz cafe camp care cash cat center church city click cloud club cologne com "
    "community company computer cool coop cymru cyou dance day design dev digital direct directory edu education "
    "email energy engineering eus events expert express family farm fashion finance fit fun fund gal games garden "
    "gift global gold gov group guide guru hamburg health help holdings host house icu immo inc info ink institute "
    "int international io istanbul jetzt jobs kiwi koeln land law legal life link live llc lol london love ltd "
    "management market marketing media melbourne miami mil mobi movie museum nagoya name net network news ngo nrw nyc "
    "okinawa one ong online org osaka page paris partners party photography photos pics pizza plus post press pro pub "
    "quebec reisen rest rio rocks ruhr run saarland sale sbs school science scot security services shop site social "
    "software solutions space store studio support swiss systems taipei team tech technology tel tips tirol today "
    "tokyo tools top town trade training travel university uno vegas ventures vet video vip vision vlaanderen vote "
    "wales wang watch webcam website wedding wien wiki win wine work works world xxx xyz yoga zone zuerich".split()
)
# Countries that give names away under a second label, and these labels; then those that only some of them have.
_WITH_REGISTRIES = frozenset(
    "ar at au bd bh bo br bw bz cn cr cu cy do dz ec eg es et fj fr ge gh gr gt hk hn hr hu id il in iq ir jm jo jp "
    "ke kh kr kw lb lk ly ma mm mt mx my mz na ng ni nz om pa pe pg ph pk pl ps pt py qa ro ru rw sa sg sv th tj tn "
    "tr tt tw tz ua ug uk uy ve vn za zm zw".split()
)
_REGISTRIES = frozenset("ac co com edu go gob gov mil ne net or org".split())
_FURTHER_REGISTRIES = {
    "at": ("gv",),
    "au": ("asn", "id"),
    "br": ("adv", "art", "blog", "eco", "eng", "ind", "nom"),
    "fr": ("asso", "gouv", "nom", "tm"),
    "jp": ("ad", "ed", "gr", "lg"),
    "kr": ("pe", "re"),
    "nz": ("geek", "gen", "govt", "iwi", "kiwi", "maori", "school"),
    "uk": ("ltd", "me", "nhs", "plc", "police", "sch"),
    "uy": ("gub",),
    "za": ("law", "web"),
}


def is_public_domain(name):
    """bool: whether a domain is that of a whole country or of everybody, so that its subdomains are strangers."""
    above, _dot, last = name.strip(".").lower().rpartition(".")
    if above:
        return (last in _WITH_REGISTRIES and above in _REGISTRIES) or above in _FURTHER_REGISTRIES.get(last, ())
    # Of a domain in another script there is no private one in use.
    return last in _PUBLIC_DOMAINS or bool(re.match(r"[a-z]{2}\Z|xn--|[^\x00-\x7f]", last))
