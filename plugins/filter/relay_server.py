# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_server needs on the controller."""

import base64

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.plugin_utils import hosts_file, relay_server
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list

_UNITS = ("firewalld_runs", "firewalld_starts", "iptables_starts")
_HINT = "Give what firewall_units returned."


def relay_users(results, names):
    """Which clients still send to a relay that is to be taken away.

    Args:
        results: list of dict, of a task that asked each client (C(item)) to which hosts it sends.
        names: list of str, the relay's names and addresses.

    Returns:
        list of str: sentences, the last one with the fix; empty when no client does.
    """
    found = list(
        relay_server.users(
            a_list("relay_users", results), [str(name) for name in a_list("relay_users", names, "names")]
        )
    )
    if found:
        found.append(
            "Nothing was changed. Take these clients back in the same run, or first give them other relays; a host that is gone "
            "for good is to be taken out of the inventory."
        )
    return found


def relay_server_addresses(networks, addresses, defaults, protocols="all", first=""):
    """The host's own address for each family of the clients' networks.

    Args:
        networks: list of str; what is not a network is passed over.
        addresses: list of str, the host's own.
        defaults: list of str, those with a default route, where none of a family is in a network.
        protocols: str, Postfix's C(inet_protocols): which families are used.
        first: str, the address that stands for its family, and comes first; empty to choose one.

    Returns:
        list of str: addresses, IPv4 first, each in its shortest form.
    """
    name = "relay_server_addresses"
    own, routed = a_list(name, addresses, "addresses"), a_list(name, defaults, "defaults")
    return relay_server.own_addresses(networks, own, routed, protocols, first)


def mynetworks(networks):
    """Hosts and networks as Postfix wants them in a list, addresses of IPv6 in brackets.

    Args:
        networks: list of str; names, tables and files stay as they are.

    Returns:
        list of str: hosts and networks.
    """
    return [relay_server.in_brackets(network) for network in a_list("mynetworks", networks)]


def firewall_units(lines):
    """What systemd says of the firewalls of a host.

    Args:
        lines: list of str, the output of C(systemctl show --property=ActiveState,UnitFileState) for firewalld, then for the
            services that load iptables rules; an empty list where it was not asked.

    Returns:
        dict: C(firewalld_runs), C(firewalld_starts) and C(iptables_starts), bool each.
    """
    return relay_server.firewall_units(a_list("firewall_units", lines))


def host_state(lines):
    """What a host has and runs, so that nothing need be asked about it again.

    Args:
        lines: list of str, the output of C(systemctl show --property=Id,ActiveState,UnitFileState), C(program=NAME) for each
            program that is there, C(recorded=SECTION) for each firewall of which something is recorded, C(hostname=NAME) for the
            name of now and that of the next boot, and C(hosts_file=BASE64); an empty list where it was not asked.

    Returns:
        dict: C(services), those that run and start at boot, C(programs), C(recorded) and C(hostnames); lists of str. C(hosts_file) is
        the content of /etc/hosts in base64 (str); C(signs), C(smtpd_milters) and C(non_smtpd_milters) are for a relay that signs.
    """
    return relay_server.host_state(a_list("host_state", lines))


def firewall_of(units, wanted):
    """The firewall that the role manages.

    Args:
        units: dict, of C(firewall_units).
        wanted: str, C(auto), C(firewalld), C(iptables) or C(none).

    Returns:
        str: one of the last three.
    """
    return relay_server.firewall(a_dict("firewall_of", units, keys=_UNITS, hint=_HINT), wanted)


def hosts_file_edits(content, addresses, hostname, others):
    """What is to be changed in /etc/hosts, so that the host's own name leads to its own addresses.

    Args:
        content: str, the file in base64.
        addresses: list of str, the host's own that are to have its name.
        hostname: str, its full name.
        others: list of str, further addresses of the host.

    Returns:
        list of dict: changes for M(ansible.builtin.lineinfile), each with C(why), C(state), C(regexp) and C(line).
    """
    name = "hosts_file_edits"
    try:
        text = base64.b64decode(content, validate=True).decode("utf-8", "replace")
    except ValueError as exc:
        raise AnsibleFilterError(
            f"{name}: the input is not in base64. Give the content of ansible.builtin.slurp."
        ) from exc
    return hosts_file.edits(text, a_list(name, addresses, "addresses"), str(hostname), a_list(name, others, "others"))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "firewall_of": firewall_of,
            "firewall_units": firewall_units,
            "host_state": host_state,
            "hosts_file_edits": hosts_file_edits,
            "mynetworks": mynetworks,
            "relay_server_addresses": relay_server_addresses,
            "relay_users": relay_users,
        }
