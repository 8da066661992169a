# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Classes of the reasons for which a message did not go out."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# The enhanced status code of a reply, RFC 3463, section 2; a dotted quad or a version number is not one.
_DSN = re.compile(r"(?<![0-9.])[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.]*[0-9])")
# What Postfix, sendmail and qmail say of themselves when no server has replied.
_WORDS = (
    (re.compile(r"connection refused", re.I), "connection refused"),
    (re.compile(r"timed out|timeout", re.I), "timeout"),
    (re.compile(r"no route to host|network is unreachable", re.I), "no route"),
    (
        re.compile(r"host( or domain)? name (not found|lookup)|name server|no such host|CNAME_lookup", re.I),
        "name lookup",
    ),
    (re.compile(r"lost connection|connection (died|reset)|broken pipe", re.I), "lost connection"),
    (re.compile(r"certificate|TLS|handshake|non DNSSEC", re.I), "TLS"),
    (re.compile(r"transport is unavailable|deferred transport|mail system|suspended", re.I), "transport"),
)
_REPLY = re.compile(r"(?<![0-9.])([45][0-9]{2})[ -]")


def reason_class(reason):
    """str: the DSN code in a reason, else a class in words, else the code of the reply; C(none) without a reason.

    Args:
        reason: str, as the MTA gives it.
    """
    if not reason:
        return "none"
    match = _DSN.search(reason)
    if match:
        return match.group(0)
    for pattern, name in _WORDS:
        if pattern.search(reason):
            return name
    match = _REPLY.search(reason)
    return match.group(1) if match else "other"


# What the big providers mean by a code of theirs, as their help pages and replies say it: what stands in their replies, in lower
# case, then patterns and words.
_PROVIDERS = (
    (
        "Google",
        ("gsmtp", "google.com"),
        (
            (re.compile(r"[45]\.7\.(?:26|27|30|31|32|40)(?![0-9])"), "not authenticated (SPF, DKIM, DMARC)"),
            (re.compile(r"[45]\.7\.(?:23|25)(?![0-9])"), "no PTR record"),
            (re.compile(r"[45]\.7\.29(?![0-9])"), "no TLS"),
            (re.compile(r"4\.7\.28(?![0-9])|rate limit|unusual rate"), "rate limit"),
            (re.compile(r"5\.7\.28(?![0-9])|unsolicited|spam", re.I), "taken for spam"),
            (re.compile(r"[45]\.2\.[12](?![0-9])"), "mailbox over its limit"),
        ),
    ),
    (
        "Microsoft",
        ("outlook.com", "office365", "hotmail"),
        (
            (re.compile(r"\(?S314\d\)?|S3150|block list"), "address on their block list"),
            (re.compile(r"5\.7\.(?:60[6-9]|6[1-4][0-9])(?![0-9])|banned sending IP"), "address banned"),
            (
                re.compile(r"[45]\.7\.(?:509|515|57[0-9])(?![0-9])|DMARC|does not meet the required"),
                "not authenticated (SPF, DKIM, DMARC)",
            ),
            (re.compile(r"4\.7\.(?:650|500)(?![0-9])|RP-00\d|S77[57]\d{0,3}|rate limit|throttl", re.I), "rate limit"),
        ),
    ),
    (
        "Yahoo",
        ("yahoo", "[ts", "[ph0", "[ipts", "[bl", "[gl0", "[dyn"),
        (
            (re.compile(r"\[(?:TSS?0[0-9]|GL01|IPTS\d\d)\]"), "rate limit or complaints"),
            (re.compile(r"\[(?:BL|DYN)\d\d\]"), "address on their block list"),
            (re.compile(r"\[PH01\]|5\.7\.9(?![0-9])|DMARC|authenticat"), "not accepted by their policy"),
        ),
    ),
    (
        "Apple",
        ("icloud", "[cs0", "[hm0", "[hme1"),
        ((re.compile(r"\[(?:CS|HM)\d+\]|local policy"), "refused by their policy"),),
    ),
)


def _provider(reply):
    """str: what a big provider means by its code, or an empty string."""
    lowered = reply.lower()
    for name, signs, meanings in _PROVIDERS:
        if any(sign in lowered for sign in signs):
            for pattern, words in meanings:
                if pattern.search(reply):
                    return "{0}: {1}".format(name, words)
    return ""


def explained_class(dsn, reply):
    """str: the class of a reason, with the words of the big providers' own codes, for example C(4.7.28 Google: rate limit).

    Args:
        dsn: str, the DSN code that the MTA gave; may be empty.
        reply: str, what the other side said, or the MTA itself.
    """
    found = reason_class(reply)
    # The code in the reply is more exact than that which the MTA made of it; a class in words stands beside the MTA's.
    if dsn and found in ("none", "other"):
        found = dsn
    elif dsn and not _DSN.match(found):
        found = "{0} {1}".format(dsn, found)
    words = _provider(reply)
    return "{0} {1}".format(found, words) if words else found
