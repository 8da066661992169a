# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for mail that comes in beside the milter that signs (MILTER_README, FILTER_README)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import WARNING, program
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem

_IDENTIFIER = "signer-bypassed"
_NETWORK, _OTHERS = "smtpd_milters", "non_smtpd_milters"
_OVERRIDE = "receive_override_options"
_BY_CLIENT = "smtpd_milter_maps"
_DOWN = "milter_default_action"
# What a milter's own settings, in braces, say of it being down (Postfix 3.0).
_ITS_DOWN = re.compile(r"\bdefault_action\s*=\s*accept\b")
# What a milter does is not to be seen in its address: by its name, or by the port of OpenDKIM's documentation.
_SIGNER = re.compile(r"dkim|:8891\b", re.I)
# Program -> the list of milters that what it takes in goes through.
_ENTRIES = {"smtpd": _NETWORK, "pickup": _OTHERS, "qmqpd": _OTHERS, "cleanup": _OTHERS}
_LOOPBACK = ("127.", "localhost:", "[::1]:", "::1:")
_UNSIGNED = "mail that comes in here is not signed"
_CHANGED = (
    "mail was signed before the content filter had it, and is not signed here, behind it: what the filter changes makes "
    "the signature invalid"
)


def check_signing(main_scope, service_scopes):
    """list of Finding: warnings, where main.cf has a milter that signs.

    Args:
        main_scope: Scope of main.cf.
        service_scopes: list of Scope, of the services with options of their own.
    """
    signer = _signer(main_scope, _NETWORK)
    if not signer:
        return []
    entries = [scope for scope in service_scopes if program(scope.service) in _ENTRIES]
    filtered = any(scope.get("content_filter") for scope in [main_scope] + entries)
    behind = [scope for scope in entries if filtered and _is_behind_a_filter(scope)]
    signs_behind = any(_way_round(scope) is None for scope in behind)
    found = []
    for scope in [main_scope] + entries:
        name = _way_round(scope)
        if name is None:
            continue
        if scope in behind:
            message, fix = (
                _CHANGED,
                "sign here, and no longer before: {0} = {1} for this service".format(_NETWORK, signer),
            )
        elif signs_behind and scope.get("content_filter"):
            # It is signed when the filter hands it back.
            continue
        else:
            message = _UNSIGNED
            fix = (
                "take no_milters out"
                if name == _OVERRIDE
                else "add {0} to {1}, or take the setting out".format(signer, name)
            )
        found.append(scope.finding(_IDENTIFIER, name, message, fix, WARNING))
    for scope in [main_scope] + entries:
        found += _by_client(scope, signer) + _while_it_is_down(scope)
    return found


def _by_client(scope, signer):
    """list of Finding: for a table of milters by client, as far as it can be read, in which some have others, or none (DISABLE)."""
    if _BY_CLIENT not in scope.explicit or not scope.get(_BY_CLIENT):
        return []
    lookups = Lookups(scope.host, scope.get("queue_directory"))
    if all(_signs_all(lookups, specification) for specification in split_list(scope.get(_BY_CLIENT))):
        return []
    message = "mail of some clients is not signed: here they have other milters than {0}".format(_NETWORK)
    fix = "name {0} for each of them too, or take the table out".format(signer)
    return [scope.finding(_IDENTIFIER, _BY_CLIENT, message, fix, WARNING)]


def _signs_all(lookups, specification):
    """bool: whether each answer of a table has the signer; what cannot be read may be anything."""
    try:
        table = lookups.table(specification)
    except SyntaxProblem:
        return False
    return table.known and all(_SIGNER.search(value) for value in table.values())


def _while_it_is_down(scope):
    """list of Finding: where mail comes in unsigned as long as the signer does not answer."""
    found = []
    message = "mail is taken without a signature while the signer is down"
    if (scope.get(_DOWN) or "") == "accept" and _DOWN in scope.explicit:
        found.append(scope.finding(_IDENTIFIER, _DOWN, message, "set it to tempfail, so that mail waits", WARNING))
    for name in (_NETWORK, _OTHERS):
        if name in scope.explicit and _ITS_DOWN.search(_signer(scope, name)):
            fix = "take default_action=accept out of the signer's braces, so that mail waits"
            found.append(scope.finding(_IDENTIFIER, name, message, fix, WARNING))
    return found


def _signer(scope, name):
    """str: the first milter of a list that signs; empty for none."""
    return next((milter for milter in split_list(scope.get(name) or "") if _SIGNER.search(milter)), "")


def _way_round(scope):
    """str or None: the parameter of a scope by which mail comes in beside the signer."""
    if _OVERRIDE in scope.explicit and "no_milters" in split_list(scope.get(_OVERRIDE) or ""):
        # cleanup(8) is told by who hands it the message.
        return None if scope.service is not None and program(scope.service) == "cleanup" else _OVERRIDE
    if scope.service is None:
        return None if scope.get(_OTHERS) is None or _signer(scope, _OTHERS) else _OTHERS
    name = _ENTRIES[program(scope.service)]
    # What other programs than cleanup(8) have in the list of mail that is not of the network, nobody reads.
    if name not in scope.explicit or (name == _OTHERS) != (program(scope.service) == "cleanup"):
        return None
    return None if scope.get(name) is None or _signer(scope, name) else name


def _is_behind_a_filter(scope):
    """bool: whether a content filter on this host hands back to this service, which does not hand to it again."""
    return (
        "content_filter" in scope.explicit
        and not scope.get("content_filter")
        and scope.service["name"].startswith(_LOOPBACK)
    )
