#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: next_certificate
short_description: Decide whether a relay's next certificate takes the place of the one in use
version_added: 0.9.0
author: mailops.relay contributors (@mailops)
description:
  - It does when each client that verifies this relay trusts it, and, with a warning that names the others, when there is no more time to
    wait for them. While it waits, a warning names the clients that lack it. A client that could not be asked is one of them.
  - Runs on the controller and connects to no host.
  - Made for the role relay_server, which asks the clients.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
options:
  read:
    description:
      - What M(mailops.relay.relay_certificate_info) returned on the relay.
    type: dict
    required: true
  answers:
    description:
      - The results of the task that asked each client, its C(item), to which hosts it sends and what it trusts.
    type: list
    elements: dict
    required: true
  names:
    description:
      - The relay's names and addresses.
    type: list
    elements: str
    required: true
  switch_before_days:
    description:
      - How many days before the end of the certificate in use the next one takes its place whatever the clients trust.
    type: int
    required: true
  instead_of:
    description:
      - The file of the certificate that Postfix serves now, where it is about to serve the one of another file, which did not wait. Then
        nothing is decided, and a warning names the clients that do not accept that one.
    type: str
    version_added: 0.10.0
seealso:
  - module: mailops.relay.tls_keypair
"""

EXAMPLES = r"""
- name: Decide whether it takes the place of the one in use
  mailops.relay.next_certificate:
    read: "{{ certificate }}"
    answers: "{{ clients.results }}"
    names: [smtp-relay001.example.com, 192.168.1.100]
    switch_before_days: 7
"""

RETURN = r"""
switch:
  description: Whether the next certificate takes the place of the one in use.
  returned: success
  type: bool
  sample: false
lacking:
  description: The clients that would not accept it, and why.
  returned: success
  type: dict
  sample: {web01: it could not be asked}
"""

# The action plugin of this name does the work.
