# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables that a role of this collection was given."""

DOCUMENTATION = """
name: role_problems
version_added: 0.8.0
short_description: What is wrong with the variables of a role
author: mailops.relay contributors (@mailops)
description:
  - Looks at the variables of the host that begin with the name of a role of this collection. Names those that the role does not know,
    with the one meant, and values that it cannot use, with what to write instead.
  - Types and choices are those of the role's C(meta/argument_specs.yml).
options:
  _terms:
    description: The role.
    type: list
    elements: str
    choices: [relay_server, relay_client, sendmail_client, qmail_client]
  look:
    description: V(false) looks at nothing, and only loads what is needed to look.
    type: bool
    default: true
  units:
    description: What P(mailops.relay.firewall_units#filter) returned, for V(relay_server).
    type: dict
  unknown:
    description: Why nothing could be asked about the units. Empty when it could.
    type: str
    default: ''
"""

EXAMPLES = """
- name: Refuse variables that cannot be used
  ansible.builtin.fail:
    msg: "{{ problems | join(' ') }}"
  when: problems | length > 0
  vars:
    problems: "{{ query('mailops.relay.role_problems', 'qmail_client') }}"
"""

RETURN = """
_raw:
  description: Sentences. Empty when all is well.
  type: list
  elements: str
"""

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.mailops.relay.plugins.plugin_utils import role_variables


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        found = []
        for role in terms:
            if role not in role_variables.ROLES:
                known = ", ".join(role_variables.ROLES)
                raise AnsibleLookupError(
                    f'role_problems: "{role}" is no role of this collection. Write one of {known}.'
                )
            if self.get_option("look"):
                told = self.get_option("units"), self.get_option("unknown")
                found += role_variables.problems(role, variables, self._templar.template, *told)
            else:
                role_variables.options_of(role)
        return found
