# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory tells of the names of a relay's clients, without a question to one of them."""

from ansible_collections.mailops.relay.plugins.plugin_utils import local_mail

_GROUPS = ("relay_clients", "sendmail_clients", "qmail_clients")


def _told(variables):
    """str: what a client's variables say that its mail system is called; empty where they do not, or cannot yet."""
    try:
        main = variables.get("relay_client_main") or {}
        return str(variables.get("qmail_client_hostname") or main.get("myhostname") or "")
    # A template can raise anything: it may need facts that nobody has gathered.
    except Exception:
        return ""


def client_names(variables, hostname, given):
    """(list of str, list of str): of ``local_mail.names_of``, for a relay of this inventory.

    Args:
        variables: dict, all variables of the relay.
        hostname: str, what it is called.
        given: list of str, further names.
    """
    groups = variables.get("groups") or {}
    relays = set(groups.get("relay_servers") or ())
    hosts = dict.fromkeys(host for group in _GROUPS for host in groups.get(group) or () if host not in relays)
    clients = {host: _told(variables["hostvars"][host]) for host in hosts}
    return local_mail.names_of(clients, hostname, given)
