# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client roles, whatever the MTA, need to know of the site's relays."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import binascii
import re
import socket

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_text

# RFC 1035, section 2.3.1, with the digits of RFC 1123, section 2.1; at least two labels, the last of which is no number.
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_FQDN = re.compile(r"(?=.{{1,253}}$)(?:{0}\.)+(?!\d+$){0}$".format(_LABEL))


def _is_address(text):
    try:
        socket.inet_pton(socket.AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


def group_relays(names, hostvars, this_host):
    """The relays of an inventory group, in its order.

    Args:
        names: list of str, inventory names of the group's hosts.
        hostvars: mapping, Ansible's C(hostvars).
        this_host: str, inventory name of the host that asks; a relay that relays to itself would send in a circle.

    Returns:
        list of dict: C(host), the inventory name, and C(name), its C(relay_server_hostname) or the inventory name.
    """
    return [
        {"host": host, "name": hostvars[host].get("relay_server_hostname", host)}
        for host in names
        if host != this_host
    ]


def _problems_of(relay, default_port, addresses):
    """Yields what is wrong with one relay, without the variable's name."""
    name = to_text(relay.get("name", ""))
    if not (_FQDN.match(name) or addresses and _is_address(name)):
        yield '"{0}" is not a fully qualified domain name{1}. Write {2}, for example smtp-relay001.example.com{3}.'.format(
            name,
            " or an IPv4 address" if addresses else "",
            "the relay's name" if addresses else "the name in the relay's certificate",
            " (relay_server_hostname of {0})".format(relay["host"]) if "host" in relay else "",
        )
    if "certificate" in relay and "-----BEGIN CERTIFICATE-----" not in to_text(relay["certificate"]):
        yield (
            'the certificate of "{0}" is not in PEM form. Write the text from -----BEGIN CERTIFICATE----- to '
            "-----END CERTIFICATE-----.".format(name)
        )
    port = to_text(relay.get("port", default_port))
    if not (re.match(r"[0-9]{1,5}$", port) and 0 < int(port) < 65536):
        yield 'the port of "{0}" is not between 1 and 65535.'.format(name)


def relay_problems(relays, role, default_port, addresses=False):
    """What no client could use in a role's list of relays.

    Args:
        relays: list of dict, C(name), C(host), C(port), C(certificate); all but the first may be missing.
        role: str, the role, which is also the prefix of its variables.
        default_port: int, the port of a relay that names none.
        addresses: bool, whether an IPv4 address will do as a relay's name.

    Returns:
        list of str: sentences; empty when all is well.
    """
    variable = role + "_relays: "
    if not relays:
        return [
            "{0}is empty, and the inventory group in {1}_relay_group has no other host. Name at least one relay.".format(
                variable, role
            )
        ]
    return [variable + problem for relay in relays for problem in _problems_of(relay, default_port, addresses)]


def certificate_hosts(names, hostvars, play_hosts, role):
    """The hosts whose certificate the clients of a play need: read once, for all of them.

    Args:
        names: list of str, inventory names of the relay group's hosts.
        hostvars: mapping, Ansible's C(hostvars).
        play_hosts: list of str, the play's hosts.
        role: str, the role, in whose variable C(ROLE_relays) a host may name its own relays.

    Returns:
        list of str: inventory names, each once.
    """
    found = list(names)
    for client in play_hosts:
        for relay in hostvars[client].get(role + "_relays", None) or []:
            found.append(relay.get("host", None))
    return [host for number, host in enumerate(found) if host is not None and host not in found[:number]]


def trust_anchors(relays, results, check_mode=False):
    """The certificates that a client trusts, and nothing else.

    Args:
        relays: list of dict, as for C(relay_problems).
        results: list of dict, the results of M(ansible.builtin.slurp) over C(certificate_hosts), or an empty list.
        check_mode: bool; then a relay's own run may be about to make its certificate.

    Returns:
        dict: C(text), the certificates in PEM form, and C(unknown), the names of relays whose certificate nobody knows.

    Raises:
        AnsibleFilterError: what was read is not text in base64.
    """
    read = {}
    for result in results:
        if result.get("content"):
            try:
                read[result["item"]] = base64.b64decode(result["content"]).decode("utf-8")
            except (binascii.Error, UnicodeError) as exc:
                raise AnsibleFilterError("the certificate read from {0} is not text: {1}".format(result["item"], exc))
    anchors, unknown = [], []
    for relay in relays:
        certificate = to_text(relay.get("certificate") or read.get(relay.get("host"), "")).strip()
        if not certificate and check_mode:
            certificate = "(the certificate that {0} does not have yet)".format(relay["name"])
        if not certificate:
            unknown.append(relay["name"])
        elif certificate not in anchors:
            anchors.append(certificate)
    return {"text": "".join(anchor + "\n" for anchor in anchors), "unknown": unknown}


class FilterModule(object):
    """The filters of this collection."""

    def filters(self):
        return {
            "certificate_hosts": certificate_hosts,
            "group_relays": group_relays,
            "relay_problems": relay_problems,
            "trust_anchors": trust_anchors,
        }
