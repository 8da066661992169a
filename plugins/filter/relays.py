# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client roles, whatever the MTA, need to know of the site's relays."""

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.module_utils.postfix.tlsproxy_settings import SETTINGS
from ansible_collections.mailops.relay.plugins.plugin_utils import postfix_client, trust
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list
from ansible_collections.mailops.relay.plugins.plugin_utils.certificates import authority_file
from ansible_collections.mailops.relay.plugins.plugin_utils.client_relays import relay_ports


def group_relays(names, hostnames, this_host):
    """The relays of an inventory group, in its order.

    Args:
        names: list of str, inventory names of the group's hosts.
        hostnames: list of str, the C(relay_server_hostname) of each; None where it has none.
        this_host: str, inventory name of the host that asks; a relay that relays to itself would send in a circle.

    Returns:
        list of dict: C(host), the inventory name, and C(name), its C(relay_server_hostname) or the inventory name.

    Raises:
        AnsibleFilterError: there are not as many of them as hosts.
    """
    names, hostnames = list(a_list("group_relays", names)), list(a_list("group_relays", hostnames, "hostnames"))
    if len(names) != len(hostnames):
        raise AnsibleFilterError(f"group_relays: hostnames has {len(hostnames)} values for {len(names)} hosts.")
    return [
        {"host": host, "name": host if hostname is None else hostname}
        for host, hostname in zip(names, hostnames, strict=True)
        if host != this_host
    ]


def nexthops(relays, default_port):
    """Relays as Postfix names them in relayhost.

    Args:
        relays: list of dict, C(name), and C(port) where it differs.
        default_port: int, the port of a relay that names none.

    Returns:
        list of str: C([name]:port) of each.
    """
    return postfix_client.next_hops(relays, default_port)


def reuse_services(services, *settings):
    """Services of master.cf, with what TLS connections that are used again need (``postfix.lint_reuse``).

    Args:
        services: list of dict, as for C(master) of M(mailops.relay.postfix_config).
        settings: dicts of parameter and value, what is set in main.cf besides.

    Returns:
        list of dict: C(tlsproxy), the services, and for each that has TLS settings of its own the option that it does not use
        connections again. Only the services where a setting turns it off.
    """
    entries = a_list("reuse_services", services, of_dicts=True, keys=("name", "type"))
    name = "smtp_tls_connection_reuse"
    for values in settings:
        a_dict("reuse_services", values, "an argument")
    if any(str(values[name]).lower() not in ("yes", "true") for values in settings if name in values):
        return list(entries)
    known = {"if_supported": [name]}
    own = {f"smtp_tls_{part}" for part in SETTINGS}
    without = [
        {"name": service["name"], "type": service["type"], "options": {name: False}, **known}
        for service in entries
        if service.get("state", "present") == "present"
        and own.intersection(service.get("options") or {})
        and name not in service["options"]
    ]
    return [{"name": "tlsproxy", "type": "unix", "maxproc": "0", "command": "tlsproxy", **known}, *entries, *without]


def certificate_hosts(names, client_relays):
    """The hosts whose certificate the clients of a play need: read once, for all of them.

    Args:
        names: list of str, inventory names of the relay group's hosts.
        client_relays: list, for each of the play's clients its own list of relays, or nothing where it has none.

    Returns:
        list of str: inventory names, each once.
    """
    found = list(a_list("certificate_hosts", names))
    for relays in a_list("certificate_hosts", client_relays, "client_relays"):
        for relay in a_list("certificate_hosts", relays or [], "an element of client_relays", of_dicts=True):
            found.append(relay.get("host", None))
    return [host for host in dict.fromkeys(found) if host is not None]


def certificate_requests(hosts, hostnames, facts, networks, providers, client_relays, default_port):
    """What is asked of each relay's host about its certificate, for all clients of a play.

    Args:
        hosts: list of str, of C(certificate_hosts).
        hostnames, facts, networks, providers: lists, for each host its C(relay_server_hostname), C(ansible_facts),
            C(relay_server_networks) and C(relay_server_tls_provider); None where it has none.
        client_relays: list, for each client its own list of relays, or nothing where it has none.
        default_port: int, the port of a relay that names none.

    Returns:
        list of dict: for each host the options C(servers), C(ports) and C(anchors) of M(mailops.relay.relay_certificate_info),
        and what C(trust_anchors) needs to know of it.
    """
    name = "certificate_requests"
    columns = {"host": hosts, "hostname": hostnames, "facts": facts, "networks": networks, "provider": providers}
    for what, values in columns.items():
        if len(list(a_list(name, values, what))) != len(hosts):
            raise AnsibleFilterError(f"{name}: {what} has {len(values)} values for {len(hosts)} hosts.")
    for relays in a_list(name, client_relays, "client_relays"):
        a_list(name, relays or [], "an element of client_relays", of_dicts=True)
    entries = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return list(trust.requests(entries, client_relays, default_port))


def trust_anchors(relays, results, role, default_port, check_mode=False, installed=""):
    """The certificates that a client trusts, and nothing else; or why its relays cannot be trusted.

    Args:
        relays: list of dict, as for C(nexthops).
        results: list of dict, the results of M(mailops.relay.relay_certificate_info) over C(certificate_requests), or an
            empty list.
        role: str, C(relay_client) or C(sendmail_client), which is also the prefix of its variables.
        default_port: int, the port of a relay that names none.
        check_mode: bool; then a relay's own run may be about to make its certificate.
        installed: str, what the client trusts now, in PEM form, behind the names that it compares. It stays for relays whose certificate
            could not be read.

    Returns:
        dict: C(text), the certificates in PEM form; C(problems), a sentence or two for each relay that cannot be trusted;
        C(names), the relays' names, and behind each the names of its certificate in use where only the next one is for the relay's;
        C(public), whether all of the certificates that were read are those of public authorities; C(unread), why certificates
        could not be read; C(doubts), a sentence for each of those relays for which nothing is sure to vouch on this client; and
        C(settled), whether there are neither problems nor relays that were not read.
    """
    name = "trust_anchors"
    a_list(name, relays, of_dicts=True, keys=("name",))
    a_list(name, results, "results", of_dicts=True)
    return trust.anchors(relays, results, role, default_port, check_mode, installed)


def relay_authority_file(variables):
    """The file on a relay with the certificate of the authority that issued its own.

    Args:
        variables: dict, the variables of the relay.

    Returns:
        str: a path; empty where there is none.
    """
    return authority_file(a_dict("relay_authority_file", variables))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "certificate_hosts": certificate_hosts,
            "certificate_requests": certificate_requests,
            "group_relays": group_relays,
            "nexthops": nexthops,
            "relay_authority_file": relay_authority_file,
            "relay_ports": relay_ports,
            "reuse_services": reuse_services,
            "trust_anchors": trust_anchors,
        }
