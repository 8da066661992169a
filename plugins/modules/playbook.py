#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: playbook
short_description: Begin and end a playbook of this collection
version_added: 0.8.0
author: mailops.relay contributors (@mailops)
description:
  - With O(hosts), checks the variables of a playbook of this collection, before any host is asked; with O(lines), shows its verdict;
    with O(refusal), ends it; with O(no_answer), ends a host that did not answer.
  - Runs on the controller and connects to no host.
  - Made for the playbooks themselves.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
options:
  name:
    description:
      - The playbook, with which its variables begin.
    type: str
    required: true
    choices: [preflight, queue, remove, report, site, trace, verify]
  hosts:
    description:
      - A pattern, or a list of them, of the hosts that the playbook asks. Where none is left by the limit, that is refused too.
    type: raw
  lines:
    description:
      - The verdict for a reader. It is shown behind the recap, or by this task where the callback of the playbook is not loaded.
    type: list
    elements: str
  result:
    description:
      - The verdict as data, which the playbook's C(_json) shows, and to which its C(_query) is applied.
    type: raw
  refusal:
    description:
      - Why the playbook ends here. It is the verdict.
    type: str
  no_answer:
    description:
      - Why the host has not answered. It counts as unreachable, with which Ansible ends with 4.
    type: str
"""

EXAMPLES = r"""
- name: Check the variables
  mailops.relay.playbook:
    name: trace
    hosts: relay_servers:relay_clients:sendmail_clients:qmail_clients
  run_once: true
"""

RETURN = r"""
lines:
  description: What is shown.
  returned: with O(lines)
  type: list
  elements: str
  sample: ['1 of 1 message delivered as they should']
"""

# The action plugin of this name does the work.
