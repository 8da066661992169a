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
  - Names that the relay's own table has stay, as the role's first task has read it; the DNS is asked about others.
  - C(append) warns where nobody gets root's mail.
options:
  _terms:
    description: The part of it. None only loads what is needed to work it out. C(clients) are the names of the clients, C(names) those of
      them of which the DNS is to be asked.
    type: list
    elements: str
    choices: [clients, names, append, prepend, main, tables]
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
from ansible.utils.display import Display

from ansible_collections.mailops.relay.plugins.plugin_utils import local_mail, sender_addresses
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory_names import client_names

_ROLE = "relay_server"

# The variables last asked about, and what was worked out: as in the lookup postfix_client.
_known = [None, None]


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)

        def value(name):
            return self._templar.template(variables[f"{_ROLE}_{name}"])

        def told(name, key):
            # Where the role has not asked, or another playbook plans with its variables, nothing is known.
            return (self._templar.template(variables.get(f"__{_ROLE}_{name}")) or {}).get(key) or []

        found = []
        for term in terms:
            if term in ("clients", "names"):
                before = told("host", "taken") if term == "names" else []
                found.append([name for name in _clients(value, variables)[0] if name not in before])
                continue
            if _known[0] is not variables:
                kept = told("host", "keeps") or told("names_said", "root_kept")
                taken = told("names_said", "names")
                # Where Postfix listens on all of them, the variable names none.
                addresses = self._templar.template(variables.get(f"__{_ROLE}_own_addresses")) or []
                _known[:] = variables, _settings(value, variables, told("host", "taken"), taken, bool(kept), addresses)
            settings = _known[1]
            if term not in settings:
                raise AnsibleLookupError(
                    f'relay_local_mail: "{term}" is no part of what is set. Write one of clients, names, {", ".join(settings)}.'
                )
            found.append(settings[term])
            if term == "append" and settings["refusal"]:
                Display().warning(settings["refusal"])
        return found


def _clients(value, variables):
    """(list of str, list of str): the clients' names, and those that were given."""
    own = local_mail.own_names(value("hostname"), value("mydestination"))
    names, given = client_names(variables, value("hostname"), value("local_names"))
    return [name for name in names if name not in own], given


def _settings(value, variables, before, taken, kept, own_addresses):
    """dict: the parts; of the names taken before those that clients still have."""
    names, given = _clients(value, variables)
    told = (
        sorted({*given, *taken, *set(before).intersection(names)}),
        value("local_recipient"),
        value("local_recipients"),
    )
    own = local_mail.own_names(value("hostname"), value("mydestination"))
    addresses = local_mail.own_addresses([*value("inet_interfaces"), *own_addresses])
    qmail = bool((variables.get("groups") or {}).get("qmail_clients"))
    root = local_mail.settings(*told, own, kept, addresses, qmail)
    senders = sender_addresses.settings(
        value("hostname"),
        value("masquerade"),
        value("masquerade_exceptions"),
        value("canonical"),
        value("strip_headers"),
    )
    return {
        "main": {**root["main"], **senders["main"]},
        "append": {**root["append"], **senders["append"]},
        "prepend": root["prepend"],
        "tables": root["tables"] + senders["tables"],
        "refusal": local_mail.refusal(*told),
    }
