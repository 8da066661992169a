#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dane_resolver
short_description: Give Postfix a resolver of its own that validates DNSSEC
version_added: 0.11.0
author: mailops.relay contributors (@mailops)
description:
  - DANE (RFC 7672) needs a resolver on the host itself that checks signatures. This module sets one up for Postfix alone, as one
    transaction. It is an unbound with a configuration and a unit of its own, on 127.0.0.153, and a C(resolv.conf) that Postfix's
    unit sees in the place of C(/etc/resolv.conf). What the host's other programs ask, and an unbound that runs for them, stay as they are.
  - It asks the resolvers that the host asks, so that names which only these know are still known, and checks what they say.
  - Before anything changes, in check mode too, such a resolver is started for a moment, and asked for a name that is rightly signed
    (its answer must be marked as checked, AD) and one that is not (C(SERVFAIL), and an answer where nothing is checked). Otherwise the
    wish is refused.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.owner
attributes:
  check_mode:
    support: full
    details:
      - Where unbound is not installed yet, the difference is shown with a warning, and nothing is asked.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  forwarders:
    description:
      - Addresses of the resolvers that are asked. Default are those in C(/etc/resolv.conf). They must pass signatures on.
    type: list
    elements: str
    default: []
  trust_anchors:
    description:
      - DS or DNSKEY records in one line each, by which answers are checked in the place of the keys of the root that the
        distribution brings. For a private root, or a test.
    type: list
    elements: str
    default: []
  internal_zones:
    description:
      - Zones that the O(forwarders) know and the world does not. Their names are not checked.
    type: list
    elements: str
    default: []
  signed_name:
    description:
      - A name with right signatures. The root has them.
    type: str
    default: .
  broken_name:
    description:
      - A name with wrong signatures.
    type: str
    default: dnssec-failed.org
  names:
    description:
      - Names of hosts that Postfix needs. One that the first of the O(forwarders) knows, and the resolver does not, is refused.
    type: list
    elements: str
    default: []
  backup:
    description:
      - Whether to keep a dated copy of each file that is replaced.
    type: bool
    default: false
notes:
  - The module starts nothing. Have systemd read its units, then do what RV(restart_required) and RV(postfix_restart_required) say,
    and only then have Postfix use DANE.
  - With O(state=absent), stop the unit C(mailops-relay-resolver) after Postfix was restarted.
seealso:
  - module: mailops.relay.postfix_config
  - module: mailops.relay.relay_host_info
"""

EXAMPLES = r"""
- name: Set the resolver that Postfix asks
  mailops.relay.dane_resolver:
    owner: relay_server
    internal_zones: [corp.example.com]
  register: resolver

- name: Run it
  ansible.builtin.systemd:
    name: mailops-relay-resolver
    daemon_reload: true
    state: "{{ 'restarted' if resolver.restart_required else 'started' }}"

- name: Have Postfix ask it
  ansible.builtin.service:
    name: postfix
    state: restarted
  when: resolver.postfix_restart_required
"""

RETURN = r"""
installed:
  description: Whether the host has unbound.
  returned: success
  type: bool
  sample: true
running:
  description: Whether the resolver ran when the module looked.
  returned: success
  type: bool
  sample: true
restart_required:
  description: Whether the resolver has to be started, or restarted to answer as its files say.
  returned: success
  type: bool
  sample: false
postfix_restart_required:
  description: Whether Postfix has to be restarted to ask it, or, with O(state=absent), to ask it no longer.
  returned: success
  type: bool
  sample: false
up_to_date:
  description: Whether there was nothing to do but to look; outside check mode, nothing was done then.
  returned: success
  type: bool
  sample: true
backup_files:
  description: Copies that were kept of replaced files.
  returned: success
  type: list
  elements: str
  sample: []
diff:
  description: The difference of each file that changes.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: /etc/postfix/relay_resolv.conf
      after_header: /etc/postfix/relay_resolv.conf
      before: ""
      after: "nameserver 127.0.0.153\n"
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.postfix.dane_resolver import Resolver


def argument_spec():
    """dict: the module's options."""
    names = {"type": "list", "elements": "str", "default": []}
    return {
        "forwarders": dict(names),
        "trust_anchors": dict(names),
        "internal_zones": dict(names),
        "signed_name": {"type": "str", "default": "."},
        "broken_name": {"type": "str", "default": "dnssec-failed.org"},
        "names": dict(names),
        "backup": {"type": "bool", "default": False},
        "owner": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    with reported(module):
        result = Resolver(module.params, Runner(module), labeller(module), module.check_mode).apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
