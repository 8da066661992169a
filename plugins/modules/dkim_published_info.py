#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dkim_published_info
short_description: Ask every name server of a domain whether it has a DKIM key
version_added: 0.10.0
author: mailops.relay contributors (@mailops)
description:
  - Compares the public half of DKIM keys with what the name servers of their domains have. Each of them is asked by itself, without
    what a resolver remembers, since a receiver may ask any of them.
  - A name that leads elsewhere by an alias (CNAME) is followed to the name servers of the zone that it leads to.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
requirements:
  - dnspython (1.16.0 is the last version for Python 2.7)
options:
  keys:
    description:
      - The keys that are looked for.
    type: list
    elements: dict
    required: true
    suboptions:
      domain:
        description:
          - The domain that signs.
        type: str
        required: true
      selector:
        description:
          - The name of the key within the domain.
        type: str
        required: true
      public_key:
        description:
          - The public half, as RV(mailops.relay.dkim_key#module:public_key).
        type: str
        required: true
  nameservers:
    description:
      - Addresses of the name servers that are asked which ones the domain has. Default are those of the host on which the module runs.
    type: list
    elements: str
    default: []
  port:
    description:
      - The port of all name servers.
    type: int
    default: 53
  timeout:
    description:
      - Seconds by which there is a verdict on everything.
    type: float
    default: 10
notes:
  - Usually runs on the controller, with C(delegate_to=localhost), which needs a way to the domain's name servers (UDP and TCP port 53).
seealso:
  - module: mailops.relay.dkim_key
  - module: mailops.relay.mail_dns_info
"""

EXAMPLES = r"""
- name: Ask whether the key is published
  mailops.relay.dkim_published_info:
    keys:
      - domain: "{{ dkim.domain }}"
        selector: "{{ dkim.selector }}"
        public_key: "{{ dkim.public_key }}"
  delegate_to: localhost
  register: dns

- name: Wait until each name server has it
  ansible.builtin.assert:
    that: dns.records[0].verdict == 'published'
    fail_msg: "{{ dns.records[0].seen }}"
"""

RETURN = r"""
records:
  description: What was found for each of the keys, in their order.
  returned: success
  type: list
  elements: dict
  contains:
    domain:
      description: The domain that signs.
      type: str
      sample: example.com
    selector:
      description: The name of the key within the domain.
      type: str
      sample: relay01
    record_name:
      description: The name under which it was looked for.
      type: str
      sample: relay01._domainkey.example.com
    verdict:
      description:
        - V(published), each name server has this key; V(missing), one has none; V(different), one has another key, or a record that
          no verifier can use; V(unknown), one did not answer, and those which did have this key.
      type: str
      sample: missing
    seen:
      description: Which name server says what.
      type: str
      sample: "ns2.example.net: no such name (NXDOMAIN)"
    testing:
      description: Whether the record says that the domain only tries DKIM (C(t=y)); verifiers then take signed mail as unsigned.
      type: bool
      sample: false
    servers:
      description: What each name server says, as C(server), C(verdict), C(seen) and C(testing).
      type: list
      elements: dict
      sample: [{server: ns2.example.net, verdict: missing, seen: no such name (NXDOMAIN), testing: false}]
nameservers:
  description: The name servers that were asked which ones the domains have.
  returned: success
  type: list
  elements: str
  sample: [203.0.113.2]
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import dkim_key_arguments
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_lookup
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dkim_published import Key, published


def argument_spec():
    """dict: the module's options."""
    return {
        "keys": {
            "type": "list",
            "elements": "dict",
            "required": True,
            "no_log": False,
            "options": dkim_key_arguments(),
        },
        "nameservers": {"type": "list", "elements": "str", "default": []},
        "port": {"type": "int", "default": 53},
        "timeout": {"type": "float", "default": 10},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    module.need({"dnspython": dns_lookup.IMPORT_ERROR})
    with reported(module):
        resolver = dns_lookup.resolver_of(params["nameservers"], params["port"], params["timeout"])
        found = published(resolver, [Key(**key) for key in params["keys"]], params["timeout"])
    module.exit_json(changed=False, records=found, nameservers=resolver.nameservers)


if __name__ == "__main__":
    main()
