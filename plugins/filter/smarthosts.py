# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which ways a relay sends mail out, for the role relay_server."""

from ansible_collections.mailops.relay.plugins.plugin_utils import smarthosts as ways
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_list


def smarthost_settings(smarthosts, routes, pacing, authorities):
    """What smarthosts, routes and paces are in Postfix.

    Args:
        smarthosts, routes, pacing: lists of dict, the variables of the role without a mistake in them.
        authorities: str, the host's file with the certificates of the public authorities.

    Returns:
        dict: C(main), C(prepend), C(first_supported), C(master) and C(tables) as for M(mailops.relay.postfix_config).
    """
    name = "smarthost_settings"
    return ways.ways(
        a_list(name, smarthosts, of_dicts=True),
        a_list(name, routes, "routes", of_dicts=True),
        a_list(name, pacing, "pacing", of_dicts=True),
        authorities,
    )


def smarthost_packages(smarthosts, manager):
    """The packages that smarthosts need.

    Args:
        smarthosts: list of dict; what is none is passed over.
        manager: str, the host's package manager, as the fact C(pkg_mgr) has it.

    Returns:
        list of str: names.
    """
    return ways.packages(smarthosts, manager)


def smarthosts_refused(smarthosts, programs, routes=()):
    """By which smarthosts and routes the Postfix of a host cannot send.

    Args:
        smarthosts: list of dict; what is none is passed over.
        programs: list of str, what the host has, of C(host_state).
        routes: list of dict; what is none is passed over.

    Returns:
        list of str: sentences.
    """
    return list(ways.refused(smarthosts, a_list("smarthosts_refused", programs, "programs"), routes))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "smarthost_packages": smarthost_packages,
            "smarthost_settings": smarthost_settings,
            "smarthosts_refused": smarthosts_refused,
        }
