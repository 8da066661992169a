# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_server needs on the controller to sign."""

from ansible_collections.mailops.relay.plugins.plugin_utils import dkim
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list


def dkim_keys(entries, hostname):
    """The keys that relay_server_dkim asks for.

    Args:
        entries: list of dict; what is none is passed over, see C(dkim_problems).
        hostname: str, the relay's, of which the first label is its selector.

    Returns:
        list of dict: C(domain), C(selector), C(size) and C(path).
    """
    return dkim.keys(entries, hostname)


def dkim_signing(keys, published):
    """The keys as opendkim_config takes them.

    Args:
        keys: list of dict, of C(dkim_keys).
        published: list of str, the paths of those that the world is known to see.

    Returns:
        list of dict: C(domain), C(selector), C(path) and C(published).
    """
    names = ("domain", "selector", "path")
    return dkim.signing(
        a_list("dkim_signing", keys, of_dicts=True, keys=names), a_list("dkim_signing", published, "published")
    )


def dkim_asked(made):
    """The keys as dkim_published_info takes them.

    Args:
        made: list of dict, the results of M(mailops.relay.dkim_key); in check mode some are not made yet.

    Returns:
        list of dict: C(domain), C(selector) and C(public_key).
    """
    return dkim.asked(a_list("dkim_asked", made, of_dicts=True, keys=("domain", "selector")))


def dkim_problems(entries, hostname, main, others, there):
    """What cannot be fulfilled of relay_server_dkim.

    Args:
        entries: list of dict.
        hostname: str, the relay's.
        main: dict, relay_server_main.
        others: dict, the variables of the other relays by name.
        there: dict, of C(host_state), the milters of the host.

    Returns:
        list of str: sentences; empty when all is well.
    """
    name = "dkim_problems"
    theirs = {}
    for host, variables in a_dict(name, others, "others").items():
        its = variables.get("relay_server_dkim") or []
        theirs[host] = its, variables.get("relay_server_hostname") or host
    return list(dkim.problems(a_list(name, entries), hostname, main, theirs, a_dict(name, there, "there")))


def dkim_milters(listed, socket=""):
    """A list of milters of Postfix with the signer at its end.

    Args:
        listed: str or list, as it is.
        socket: str, of the signer; see C(opendkim_config).

    Returns:
        str: the list.
    """
    return dkim.milters(listed, socket)


def dkim_verdicts(made, seen):
    """What is known of keys that do not sign yet.

    Args:
        made: list of dict, the results of M(mailops.relay.dkim_key).
        seen: dict, the result of M(mailops.relay.dkim_published_info), failed or not.

    Returns:
        dict: C(published), list of str, the paths of keys that the world sees; C(wrong) and C(waiting), list of str, what to say of the
        others.
    """
    keys = ("domain", "selector", "path")
    return dkim.verdicts(a_list("dkim_verdicts", made, of_dicts=True, keys=keys), a_dict("dkim_verdicts", seen, "seen"))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "dkim_asked": dkim_asked,
            "dkim_keys": dkim_keys,
            "dkim_milters": dkim_milters,
            "dkim_problems": dkim_problems,
            "dkim_signing": dkim_signing,
            "dkim_verdicts": dkim_verdicts,
        }
