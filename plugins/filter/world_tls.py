# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS towards the world, for the role relay_server."""

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.mailops.relay.plugins.plugin_utils import world_tls
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_list


def world_tls_settings(policy, dane, authorities):
    """What levels of TLS and DANE are in Postfix.

    Args:
        policy: list of dict, the variable of the role without a mistake in it.
        dane: bool, whether DANE is wanted.
        authorities: str, the host's file with the certificates of the public authorities.

    Returns:
        dict: C(main), C(prepend) and C(tables) as for M(mailops.relay.postfix_config).
    """
    return world_tls.settings(a_list("world_tls_settings", policy, of_dicts=True), boolean(dane), authorities)


def world_tls_packages(policy):
    """The packages that levels of TLS need.

    Args:
        policy: list of dict; what is none is passed over.

    Returns:
        list of str: names.
    """
    return ["ca-certificates"] if world_tls.checks_authorities(policy) else []


def dane_refused(dane, programs):
    """Why the Postfix of a host cannot do DANE.

    Args:
        dane: bool, whether it is wanted.
        programs: list of str, what the host has, of C(host_state).

    Returns:
        list of str: sentences.
    """
    return world_tls.refused(boolean(dane), a_list("dane_refused", programs, "programs"))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "dane_refused": dane_refused,
            "world_tls_packages": world_tls_packages,
            "world_tls_settings": world_tls_settings,
        }
