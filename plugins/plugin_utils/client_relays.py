# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relays that a client role was given: their ports, and what no client could use."""

import re
from collections.abc import Mapping

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import parse_address
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_list


def _is_address(text):
    address = parse_address(text)
    return address is not None and address.family == "ipv4"


def _problems_of(relay, default_port, addresses):
    """Yields what is wrong with one relay, without the variable's name."""
    name = to_text(relay.get("name", ""))
    if not (is_fqdn(name) or addresses and _is_address(name)):
        yield '"{0}" is not a fully qualified domain name{1}. Write {2}, for example smtp-relay001.example.com{3}.'.format(
            name,
            " or an IPv4 address" if addresses else "",
            "the relay's name" if addresses else "the name in the relay's certificate",
            " (relay_server_hostname of {0})".format(relay["host"]) if "host" in relay else "",
        )
    if "certificate" in relay and "-----BEGIN CERTIFICATE-----" not in to_text(relay["certificate"]):
        yield (
            f'the certificate of "{name}" is not in PEM form. Write the text from -----BEGIN CERTIFICATE----- to '
            "-----END CERTIFICATE-----."
        )
    port = to_text(relay.get("port", default_port))
    if not (re.match(r"[0-9]{1,5}\Z", port) and 0 < int(port) < 65536):
        yield f'the port of "{name}" is not between 1 and 65535.'


def relay_problems(relays, role, default_port, addresses=False):
    """What is wrong with a role's list of relays.

    Args:
        relays: list of dict, C(name), C(host), C(port), C(certificate); all but the first may be missing.
        role: str, the role, which is also the prefix of its variables.
        default_port: int, the port of a relay that names none.
        addresses: bool, whether an IPv4 address will do as a relay's name.

    Returns:
        list of str: sentences; empty when all is well.
    """
    variable = role + "_relays: "
    if relays and (isinstance(relays, (str, Mapping)) or not all(isinstance(relay, Mapping) for relay in relays)):
        return [f"{variable}is not a list of relays, each with its name. Write [{{name: smtp-relay001.example.com}}]."]
    if not relays:
        return [
            f"{variable}is empty, and the inventory group in {role}_relay_group has no other host. Put a relay into that group, or name one."
        ]
    return [variable + problem for relay in relays for problem in _problems_of(relay, default_port, addresses)]


def sendmail_client_problems(relays, default_port, tls, mx_lookup):
    """What sendmail could not use in the variables of the role sendmail_client.

    Args:
        relays: list of dict, as for C(relay_problems).
        default_port: int, the port of a relay that names none.
        tls: str, the role's C(sendmail_client_tls_security_level).
        mx_lookup: bool, whether mail goes to the hosts in the relay's MX records.

    Returns:
        list of str: sentences; empty when all is well.
    """
    problems = relay_problems(relays, "sendmail_client", default_port, tls != "verified")
    # The port is an argument of the mailer, not of the host.
    named = [relay for relay in relays if isinstance(relay, Mapping)] if isinstance(relays, (list, tuple)) else []
    ports = relay_ports([relay for relay in named if str(relay.get("port", default_port)).isdigit()], default_port)
    if len(ports) > 1:
        problems.append(
            f"sendmail_client_relays: the relays have the ports {', '.join(map(str, ports))}, but sendmail can use one port for"
            " all of them. Let them listen on the same port."
        )
    if mx_lookup and tls != "opportunistic":
        problems.append(
            "sendmail_client_mx_lookup: with it the hosts that mail goes to are not known, so that their TLS cannot be required."
            " Set it to false, or sendmail_client_tls_security_level to opportunistic."
        )
    return problems


def relay_ports(relays, default_port):
    """The ports of relays.

    Args:
        relays: list of dict, C(port) where it differs.
        default_port: int, the port of a relay that names none.

    Returns:
        list of int: each port once, in the order of the relays.
    """
    ports = [int(relay.get("port", default_port)) for relay in a_list("relay_ports", relays, of_dicts=True)]
    return list(dict.fromkeys(ports))
