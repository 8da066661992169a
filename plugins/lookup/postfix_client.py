# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_client sets on a host."""

DOCUMENTATION = """
name: postfix_client
version_added: 0.9.0
short_description: What the role relay_client sets on a host
author: mailops.relay contributors (@mailops)
description:
  - Works out what the role C(relay_client) gives to M(mailops.relay.postfix_config) from the variables of the host, and from what
    M(mailops.relay.relay_certificate_info) has read on its relays.
  - As templates, each of which works out again what it is made of, the same took most of the controller's time for a client.
options:
  _terms:
    description: The part of it. None only loads what is needed to work it out.
    type: list
    elements: str
    choices: [main, append, tables, files, prefer_system_ca, anchors, in_doubt, not_asked]
"""

EXAMPLES = """
- name: Show what a client will have in main.cf
  ansible.builtin.debug:
    msg: "{{ lookup('mailops.relay.postfix_client', 'main') }}"
"""

RETURN = """
_raw:
  description: The part, as an element for each term.
  type: list
  elements: raw
"""

from ansible.errors import AnsibleLookupError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.lookup import LookupBase

from ansible_collections.mailops.relay.plugins.plugin_utils import postfix_client

_ROLE = "relay_client"

# The variables last asked about, and what was worked out. A process of Ansible does one task of one host, whose options each ask for a
# part; as long as it is the same dictionary, they are parts of the same.
_known = [None, None]


def _result_of(registered):
    # What was read for this client; where it was skipped, nothing was.
    results = (registered or {}).get("results") or []
    return [result for result in results if "skipped" not in result]


class LookupModule(LookupBase):
    """The lookup."""

    def run(self, terms, variables=None, **kwargs):
        self.set_options(var_options=variables, direct=kwargs)
        if terms and _known[0] is not variables:
            _known[:] = variables, self._settings(variables)
        for term in terms:
            if term not in _known[1]:
                raise AnsibleLookupError(
                    f'postfix_client: "{term}" is no part of what is set. Write one of {", ".join(_known[1])}.'
                )
        return [_known[1][term] for term in terms]

    def _settings(self, variables):
        def value(name, default=None):
            return self._templar.template(variables[name]) if name in variables else default

        values = {name: value(f"{_ROLE}_{name}") for name in postfix_client.VARIABLES}
        # The client that read for others has it among its own variables.
        reader = value(f"__{_ROLE}_certificate_reader")
        mine = variables["hostvars"][reader] if reader else variables
        return postfix_client.settings(
            values,
            _result_of(self._templar.template(mine.get(f"__{_ROLE}_certificates"))),
            (value(f"__{_ROLE}_installed") or {}).get("stdout") or "",
            value(f"__{_ROLE}_trust_anchors_file"),
            boolean(value("ansible_check_mode", False)),
        )
