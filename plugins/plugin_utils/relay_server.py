# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_server decides on the controller: unusable variables, the relay's address, and the firewall."""

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import AddressError, parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn

_ZONE = re.compile(r"[A-Za-z0-9_-]{1,17}\Z")
_COMMENT = re.compile(r"[ -~]{1,255}\Z")


def _network(text):
    """Network or None: what a text means, bits of a host in it or not."""
    try:
        return parse_network(text.strip(), strict=False) if isinstance(text, str) else None
    except AddressError:
        return None


def _is_address(text):
    return isinstance(text, str) and "/" not in text and text == text.strip() and _network(text) is not None


def _network_problems(networks):
    if networks and not isinstance(networks, (list, tuple)):
        yield f'relay_server_networks: "{networks}" is not a list. Write [{networks}].'
        return
    if not networks:
        yield (
            "relay_server_networks: is empty, so no client could send."
            " List the networks of the clients, for example [192.168.1.0/24]."
        )
    for text in networks:
        network = _network(text)
        if network is None:
            yield f'relay_server_networks: "{text}" is not a network. Write address/prefix, for example 192.168.1.0/24.'
            continue
        address = str(network).partition("/")[0]
        shortest = f"{address}/{network.prefix}"
        if text not in (shortest, str(network)):
            yield f'relay_server_networks: "{text}" has host bits or is not in its shortest form. Write {shortest}.'


def _firewall_problems(variables, units, unknown):
    wanted = variables["relay_server_firewall"]
    if unknown:
        yield (
            f'relay_server_firewall: "{wanted}", but systemctl did not say which firewall this host runs:'
            f" {unknown.strip().rstrip('.')}. Mend that, or set it to none, and the firewall is left alone."
        )
    if wanted == "iptables" and (units["firewalld_runs"] or units["firewalld_starts"]):
        yield (
            'relay_server_firewall: "iptables", but this host runs firewalld or starts it at boot, and each would undo the'
            " rules of the other. Set it to firewalld, or first stop and disable firewalld."
        )
    if wanted == "firewalld" and units["iptables_starts"] and not units["firewalld_runs"]:
        yield (
            'relay_server_firewall: "firewalld", but this host loads iptables rules at boot, and each would undo the rules'
            " of the other. Set it to iptables, or first disable the service iptables or netfilter-persistent."
        )


def problems(variables, units, unknown):
    """Yields a sentence or two for each variable that cannot be used, in their order.

    Args:
        variables: dict: name of a variable of the role -> its value.
        units: dict, of C(firewall_units).
        unknown: str, why nothing could be asked about them; empty when it could.
    """
    hostname, address = variables["relay_server_hostname"], variables["relay_server_address"]
    outbound = variables["relay_server_outbound_address"]
    zone, comment = variables["relay_server_firewall_zone"], variables["relay_server_firewall_comment"]
    if not is_fqdn(str(hostname)):
        yield (
            f'relay_server_hostname: "{hostname}" is not a fully qualified domain name.'
            " Write host and domain, for example smtp-relay001.example.com."
        )
    yield from _network_problems(variables["relay_server_networks"])
    if not _is_address(address):
        yield (
            f'relay_server_address: "{address}" is not an address.'
            " Set it to the address on which the clients reach this host."
        )
    if outbound and not _is_address(outbound):
        yield (
            f'relay_server_outbound_address: "{outbound}" is not an address.'
            " Write the address from which mail leaves, or leave it empty."
        )
    if not _ZONE.match(str(zone)):
        yield (
            f'relay_server_firewall_zone: "{zone}" is not a zone name for firewalld:'
            " at most 17 letters, digits, _ and - (iptables chain names hold no more)."
        )
    files = variables["relay_server_tls_ownca_path"] and variables["relay_server_tls_ownca_privatekey_path"]
    if variables["relay_server_tls_provider"] == "ownca" and not files:
        yield (
            'relay_server_tls_provider: "ownca" needs relay_server_tls_ownca_path and'
            " relay_server_tls_ownca_privatekey_path, the CA certificate and key on this host."
        )
    if variables["relay_server_tls_ca_file"] and variables["relay_server_tls_provider"] != "existing":
        yield (
            'relay_server_tls_ca_file: it belongs to relay_server_tls_provider "existing" and is not read with'
            f' "{variables["relay_server_tls_provider"]}". Leave it empty.'
        )
    yield from _firewall_problems(variables, units, unknown)
    if not _COMMENT.match(str(comment)):
        yield (
            f'relay_server_firewall_comment: "{comment}" cannot be the comment of a rule:'
            " 1 to 255 printable ASCII characters."
        )


def address_within(networks, addresses, default):
    """str: the first of the addresses that is in a network, the networks in their order; else the default.

    It is asked before anything has been checked: what is not a network is passed over.

    Args:
        networks: list of str.
        addresses: list of str, the host's own.
        default: str.
    """
    own = [(text, _network(text)) for text in sorted(addresses)]
    for network in filter(None, map(_network, [networks] if isinstance(networks, str) else networks)):
        for text, address in own:
            if address is not None and network.contains(address):
                return text
    return default


def in_brackets(network):
    """The network as Postfix wants it in a list: an IPv6 address in brackets."""
    if not isinstance(network, str) or _network(network) is None or ":" not in network:
        return network
    address, slash, prefix = network.partition("/")
    return f"[{address}]{slash}{prefix}"


def firewall_units(lines):
    """dict: C(firewalld_runs), C(firewalld_starts) at boot and C(iptables_starts), bool each.

    Args:
        lines: list of str, what C(systemctl show --property=ActiveState,UnitFileState) says of firewalld first, then of the
            services that load iptables rules; an empty line between two units, and nothing where it was not asked.
    """
    units = [{}]
    for line in lines:
        if line:
            name, _equals, value = line.partition("=")
            units[-1][name] = value
        else:
            units.append({})
    starts = [unit.get("UnitFileState", "").startswith("enabled") for unit in units]
    return {
        "firewalld_runs": units[0].get("ActiveState") == "active",
        "firewalld_starts": starts[0],
        "iptables_starts": any(starts[1:]),
    }


def firewall(units, wanted):
    """str: C(firewalld), C(iptables) or C(none). What runs now comes first, then what the next boot would start.

    Args:
        units: dict, of C(firewall_units).
        wanted: str, one of these, or C(auto).
    """
    if wanted != "auto":
        return wanted
    if units["firewalld_runs"]:
        return "firewalld"
    if units["iptables_starts"]:
        return "iptables"
    return "firewalld" if units["firewalld_starts"] else "none"


def users(results, names):
    """Yields a sentence for each client that still sends to a relay, or may do so.

    Args:
        results: list of dict, of a task that asked each client (C(item)) to which hosts it sends.
        names: list of str, the relay's names and addresses.
    """
    named = re.compile(
        r"(?<![\w.-])(?:{0})(?!\.?[\w-])".format("|".join(re.escape(name) for name in names if name)), re.I
    )
    for result in results:
        client = result["item"]
        if result.get("unreachable") or result.get("rc") != 0:
            yield f"{client} could not be asked whether it still sends to this relay, so it counts as a client of it."
        elif named.search(result.get("stdout", "")):
            yield f"{client} still sends to this relay."
