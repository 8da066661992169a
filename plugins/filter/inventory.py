# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How logs may call the hosts of a play, and which of them have not answered."""

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.plugin_utils import inventory
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable


def host_names(hosts, variables):
    """How each host may be called.

    Args:
        hosts: list of str, inventory names.
        variables: dict: name of a variable (C(ansible_host), C(relay_server_hostname), C(relay_server_address),
            C(relay_server_outbound_address), C(ansible_facts)), or C(addresses), what C(hostname --all-ip-addresses) said
            -> list of its values, in the order of the hosts; a host without it has an empty value there.

    Returns:
        dict: inventory name -> dict with C(names), C(addresses) and C(shared), lists of str.

    Raises:
        AnsibleFilterError: a list is not as long as that of the hosts.
    """
    hosts = list(a_list("host_names", hosts))
    for name, values in a_dict("host_names", variables, "variables").items():
        if len(a_list("host_names", values, name)) != len(hosts):
            raise AnsibleFilterError(f"host_names: {name} has {len(values)} values for {len(hosts)} hosts.")
    return {
        host: inventory.known_names(host, {name: values[number] for name, values in variables.items()})
        for number, host in enumerate(hosts)
    }


def unanswered(results):
    """Which hosts of a play have not answered.

    Args:
        results: dict: inventory name -> registered result, or nothing where the task was skipped.

    Returns:
        dict: C(silent), of the hosts on which nothing could be run, and C(refusals), of those where the module itself said no; each
        host -> a sentence (str), of printable characters only.
    """
    given = a_dict("unanswered", results)
    for host, registered in given.items():
        if registered is not None:
            a_dict("unanswered", registered, f"the result of {host}")
    silent, refusals = inventory.unanswered(given)
    return {
        name: {host: printable(sentence) for host, sentence in found.items()}
        for name, found in (("silent", silent), ("refusals", refusals))
    }


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {"host_names": host_names, "unanswered": unanswered}
