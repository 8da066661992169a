# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which ways a relay sends mail out, for the role relay_server."""

from ansible_collections.mailops.relay.plugins.plugin_utils import smarthosts as ways
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list


def smarthost_settings(smarthosts, routes, pacing, authorities):
    """What smarthosts, routes and paces are in Postfix.

    Args:
        smarthosts, routes, pacing: lists of dict, the variables of the role without a mistake in them.
        authorities: str, the host's file with the certificates of the public authorities.

    Returns:
        dict: C(main), C(first_supported), C(master) and C(tables) as for M(mailops.relay.postfix_config), and C(first): parameter -> list
        of what comes before what it has otherwise.
    """
    name = "smarthost_settings"
    return ways.ways(
        a_list(name, smarthosts, of_dicts=True),
        a_list(name, routes, "routes", of_dicts=True),
        a_list(name, pacing, "pacing", of_dicts=True),
        authorities,
    )


def with_ways(main, settings):
    """Parameters of main.cf with those of C(smarthost_settings).

    Args:
        main: dict, the parameters as they are otherwise; what they name themselves stays.
        settings: dict, of C(smarthost_settings).

    Returns:
        dict: parameter -> value.
    """
    return ways.with_ways(
        a_dict("with_ways", main),
        a_dict("with_ways", settings, "settings", ("main",), "Give what smarthost_settings returned."),
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


def smarthosts_refused(smarthosts, programs):
    """Which smarthosts the Postfix of a host cannot send to.

    Args:
        smarthosts: list of dict; what is none is passed over.
        programs: list of str, what the host has, of C(host_state).

    Returns:
        list of str: sentences.
    """
    return list(ways.refused(smarthosts, a_list("smarthosts_refused", programs, "programs")))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "smarthost_packages": smarthost_packages,
            "smarthost_settings": smarthost_settings,
            "smarthosts_refused": smarthosts_refused,
            "with_ways": with_ways,
        }
