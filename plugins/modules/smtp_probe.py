#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: smtp_probe
short_description: Send a test message
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - Sends a message with an ID by which it can be followed.
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
options:
  test:
    description: What is tested.
    type: str
    required: true
    choices: [message]
  server:
    description: Host name or address.
    type: str
  port:
    description: TCP port.
    type: int
  tls:
    description: TLS.
    type: str
    choices: [none, may, required]
    default: may
  sender:
    description: Envelope sender.
    type: str
  recipient:
    description: Envelope recipient.
    type: str
  message_id:
    description: Message-ID.
    type: str
  timeout:
    description: Seconds for the whole.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: Send a test message through this host's mail system
  mailops.relay.smtp_probe:
    test: message
    sender: app@web01.example.com
    recipient: ops@example.net
"""

RETURN = r"""
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.mail import probe_message


def argument_spec():
    """dict: the module's options."""
    return {
        "test": {"type": "str", "required": True, "choices": ["message"]},
        "server": {"type": "str"},
        "port": {"type": "int"},
        "tls": {"type": "str", "choices": ["none", "may", "required"], "default": "may"},
        "sender": {"type": "str"},
        "recipient": {"type": "str"},
        "message_id": {"type": "str"},
        "timeout": {"type": "int", "default": 30},
    }


def main():
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    try:
        result = probe_message.send(Runner(module), module.params, module.check_mode)
    except RelayError as exc:
        module.fail_json(msg=str(exc), **exc.facts())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
