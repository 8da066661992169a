# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on mail to root of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.names import listed
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks

IDENTIFIER = "root_mail"
# It goes on to an address, or to whom an alias on the relay names;
# it is refused, ends in a mailbox on the relay, or is looked for in the DNS; or nobody could tell.
TAKEN, ALIASED, REFUSED, KEPT, LEAVES, UNKNOWN = "taken", "aliased", "refused", "kept", "leaves", "unknown"
_SET_IT = "Set relay_server_local_recipient to an address outside that someone reads, and run mailops.relay.site."
# For now, or for its size: that says nothing of whether root has a recipient.
_NOT_FOR_ITS_RECIPIENT = re.compile(r"^4[0-9]{2}[ -]|^4\.|5\.3\.4|message size")
_SOMETHING_ELSE = "Take that reason away, of which the relay's log says more, and ask again."


def check(subject, answer):
    """dict: the check on root's mail of one host.

    Args:
        subject: str, such as root@web01.example.com.
        answer: dict, C(verdict), one of the constants above, and C(text): the address, the reason, or what could not be read.
    """
    verdict, text = answer["verdict"], answer["text"]
    if verdict == TAKEN:
        return checks.ok(IDENTIFIER, subject, "goes to {0}".format(text))
    if verdict == ALIASED:
        return checks.ok(IDENTIFIER, subject, "goes to whom an alias or .forward on the relay names")
    if verdict == REFUSED:
        todo = _SOMETHING_ELSE if _NOT_FOR_ITS_RECIPIENT.search(text) else _SET_IT
        return checks.warning(IDENTIFIER, subject, "is refused by the relay: {0}".format(text), todo)
    if verdict == KEPT:
        return checks.warning(IDENTIFIER, subject, "ends in a mailbox on the relay", _SET_IT)
    if verdict == LEAVES:
        return checks.warning(
            IDENTIFIER,
            subject,
            "the relay does not know this name, and looks for its mail exchanger",
            "Run mailops.relay.site for the relay; if the inventory calls the host otherwise, name it in relay_server_local_names.",
        )
    return checks.warning(IDENTIFIER, subject, "is not known: {0}".format(text), "Repair that table.")


def of_clients(answers, elsewhere):
    """list of dict: a check for all addresses of which the same is to be said.

    A relay asks the DNS once about a name that it takes, so that an exchanger that the name has got since is noticed here.

    Args:
        answers: dict: address -> dict, as for ``check``.
        elsewhere: dict: domain -> list of str, its mail exchangers, of those that have one elsewhere.
    """
    groups = {}
    for address, answer in sorted(answers.items()):
        hosts = ", ".join(elsewhere.get(address.rpartition("@")[2].lower(), ()))
        groups.setdefault((answer["verdict"], answer["text"], hosts), []).append(address)
    found = []
    for (verdict, text, hosts), addresses in sorted(groups.items()):
        subject = listed(addresses)
        if not hosts:
            found.append(check(subject, {"verdict": verdict, "text": text}))
        elif verdict == LEAVES:
            found.append(checks.ok(IDENTIFIER, subject, "goes to {0}, as the DNS says (MX)".format(hosts)))
        else:
            found.append(
                checks.warning(
                    IDENTIFIER,
                    subject,
                    "is {0} by the relay, and the DNS says {1} (MX)".format(
                        "refused" if verdict == REFUSED else "taken", hosts
                    ),
                    "If their mail is to go there, delete their lines from /etc/postfix/relay_local_names on the relay, and run"
                    " mailops.relay.site, which asks the DNS again; otherwise, delete the MX records.",
                )
            )
    return found
