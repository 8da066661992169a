#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: gather_facts
short_description: Gather facts, and tell a host that does not answer from one that has none
version_added: 0.12.0
author: mailops.relay contributors (@mailops)
description:
  - Does what M(ansible.builtin.gather_facts) does, with the same options. A host on which no command can be run counts as unreachable
    where its connection reports a module that failed, as that of P(community.docker.docker#connection) does for a container that
    was stopped. A host that answers and has no facts, for example for want of Python, has failed, with the reason.
  - Made for the playbooks of this collection.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
options:
  gather_subset:
    description:
      - As that of M(ansible.builtin.setup).
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Gather facts
  mailops.relay.gather_facts:
    gather_subset: ['!all', min, network]
"""

RETURN = r"""
ansible_facts:
  description: As those of M(ansible.builtin.setup).
  returned: always
  type: dict
"""

# The action plugin of this name does the work.
