# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_server sets for mail to users of the site's own hosts."""

DOCUMENTATION = """
name: relay_local_mail
version_added: 0.10.0
short_description: What the role relay_server sets for mail to users of the site's own hosts
author: mailops.relay contributors (@mailops)
description:
  - Works out, from the inventory and the variables of a relay, for which names of clients it takes mail or refuses it, and what
    M(mailops.relay.postfix_config) is told of that and of the addresses that are rewritten.
options:
  _terms:
    description: The part of it. C(names) are those of which the DNS is to be asked.
    type: list
    elements: str
    choices: [names, append, prepend, main, tables]
  taken:
    description: The names without a mail exchanger elsewhere, of M(mailops.relay.client_names_info).
    type: list
    elements: str
    default: []
  kept:
    description: Whether mail to the relay's own root ends in a mailbox, C(root_kept) of M(mailops.relay.client_names_info).
    type: bool
    default: false
"""

EXAMPLES = """
- name: Show the names of the clients
  ansible.builtin.debug:
    msg: "{{ query('mailops.relay.relay_local_mail', 'names') }}"
"""

RETURN = """
_raw:
  description: The part, as an element for each term.
  type: list
  elements: raw
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.mailops.relay.plugins.plugin_utils import local_mail, sender_addresses
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory_names import client_names

_ROLE = "relay_server"


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)

        def value(name):
            return self._templar.template(variables[f"{_ROLE}_{name}"])

        found = []
        for term in terms:
            if term == "names":
                own = local_mail.own_names(value("hostname"), value("mydestination"))
                names, _given = client_names(variables, value("hostname"), value("local_names"))
                found.append([name for name in names if name not in own])
                continue
            settings = self._settings(value)
            if term not in settings:
                raise AnsibleLookupError(
                    f'relay_local_mail: "{term}" is no part of what is set. Write one of names, {", ".join(settings)}.'
                )
            found.append(settings[term])
        return found

    def _settings(self, value):
        own = local_mail.own_names(value("hostname"), value("mydestination"))
        root = local_mail.settings(
            self.get_option("taken"), value("local_recipient"), value("local_recipients"), own, self.get_option("kept")
        )
        senders = sender_addresses.settings(
            value("hostname"),
            value("masquerade"),
            value("masquerade_exceptions"),
            value("canonical"),
            value("strip_headers"),
        )
        return {
            "main": senders["main"],
            "append": {**root["append"], **senders["append"]},
            "prepend": root["prepend"],
            "tables": root["tables"] + senders["tables"],
        }
