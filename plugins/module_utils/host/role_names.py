# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of a module are called for who uses a role of this collection: the variables that the role gives them from.

A module knows the role by its owner. Without this, a refusal would have somebody set an option that he cannot reach.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# An option, or what is to be done with it, and the words for that. What is no word of its own (C(port)) is only meant where a
# sentence begins with it, as errors do.
_POSTFIX = {
    "accept_risks": "{0}_accept_risks",
    "if_supported": "{0}_main_if_supported",
    "main": "{0}_main",
    "master": "{0}_master",
    "tables": "{0}_tables",
    "refuse_other_mta=false": "{0}_stop_other_mta=true",
}
VARIABLES = {
    "relay_client": _POSTFIX,
    "relay_server": {
        # The role is told the opposite.
        "allow_ssh_lockout=true": "{0}_firewall_ssh=false",
        "broken_name": "{0}_dane_broken_name",
        "forwarders": "{0}_dane_resolvers",
        "internal_hosts": "{0}_networks",
        "internal_zones": "{0}_dane_internal_zones",
        "keys": "{0}_dkim",
        "ports": "{0}_firewall_ports",
        "signed_name": "{0}_dane_signed_name",
        "sources": "{0}_networks",
        "trust_anchors": "{0}_dane_trust_anchors",
        "unsigned_headers": "{0}_strip_headers",
        "zone": "{0}_firewall_zone",
    },
    "sendmail_client": {
        "address_lookups": "{0}_address_lookups",
        "alias_file": "{0}_root_recipient",
        "ca_file": "{0}_tls_ca_file",
        "local_delivery": "{0}_local_delivery",
        "loopback_only": "{0}_loopback_only",
        "mailer": "{0}_mailer",
        "mx_lookup": "{0}_mx_lookup",
        "port": "{0}_port",
        "refuse_other_mta=false": "{0}_stop_other_mta=true",
        "smart_hosts": "{0}_relays",
        "tls_level": "{0}_tls_security_level",
    },
    "qmail_client": {
        "accept_risks": "{0}_accept_risks",
        "control": "{0}_control",
        "control: {rcpthosts: []}": "{0}_rcpthosts: []",
        "directory": "{0}_control_directory",
        "forwards": "{0}_root_recipient",
        "service": "{0}_service",
        "service_manager": "{0}_service_manager",
        "timeout": "{0}_service_timeout",
    },
}
VARIABLES["relay_server"].update(_POSTFIX)


def in_words_of(owner, text):
    """str: a text that names options of a module, with the variables of the role that has called it.

    Args:
        owner: str or None, the option C(owner); any other than a role of this collection leaves the text as it is.
        text: str.
    """
    names = VARIABLES.get(owner)
    if not names:
        return text
    words = sorted((re.escape(name) for name in names if not name.isalpha()), key=len, reverse=True)
    # The name of a file or of a parameter of Postfix may have one of them in it.
    pattern = r"\A(?:{0})(?=:)|(?<![\w./$-])(?:{1})(?![\w/-]|\.\w)".format(
        "|".join(re.escape(name) for name in sorted(names)), "|".join(words)
    )
    return re.sub(pattern, lambda match: names[match.group()].format(owner), text)
