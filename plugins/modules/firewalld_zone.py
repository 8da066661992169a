#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: firewalld_zone
short_description: Manage a whole firewalld zone in one call
version_added: 0.1.0
author: mailops.relay contributors (@mailops)
description:
  - Manages target, sources, services, ports and rich rules of one firewalld zone together, permanent and runtime.
  - Everything is checked before anything is written. A zone that would cut SSH from its sources, or from the address
    that Ansible comes from, is refused.
  - What the module does not manage in a zone (interfaces, forward ports, masquerading, ICMP blocks, description and so
    on) stays as it is.
  - When a change fails, what was there before is put back, and the error says so. Where firewalld's configuration is
    broken, the error names the file.
  - Runs on one host at the same time wait for each other, for at most five minutes.
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  check_mode:
    support: full
    details:
      - Where firewalld is not installed yet, the zone is predicted as new, with a warning.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  zone:
    description:
      - Name of the zone.
      - Letters, digits, C(-) and C(_); at most 17 characters until firewalld 2.3, more from 2.4 on.
    type: str
    required: true
  state:
    description:
      - Whether the zone is there.
      - V(absent) removes the zone with everything in it; the options that describe its content are then only checked.
        A zone that comes with firewalld, and the default zone, cannot be removed.
      - With O(owner), V(absent) takes back what the owner has set, in each zone. A zone that it has made goes too, unless
        somebody has put something into it since, such as an interface or a port.
    type: str
    choices: [present, absent]
    default: present
  target:
    description:
      - What happens to a packet that nothing in the zone allows.
      - Left out, an existing zone keeps its target, and a new one gets V(default).
    type: str
    choices: [default, ACCEPT, REJECT, DROP]
  sources:
    description:
      - Where connections come from that this zone takes. A source can be in one zone only.
      - Each is an IPv4 or IPv6 address or network without host bits, a MAC address, or C(ipset:NAME).
      - A network that lies inside another one of the list is left out, with a warning.
      - V(0.0.0.0/0), V(::/0) and what amounts to them is refused, like an open relay; a network wider than any
        organisation's (C(/8) of IPv4, C(/13) of IPv6), all networks of the zone together, and the entries of its ipsets
        count. So is another zone with such a source which opens one of O(ports) or O(services), other than SSH.
    type: list
    elements: str
  services:
    description: Services of firewalld that are open.
    type: list
    elements: str
  ports:
    description:
      - Ports that are open, C(PORT/PROTOCOL) or C(FIRST-LAST/PROTOCOL); the protocol is C(tcp), C(udp), C(sctp) or
        C(dccp).
    type: list
    elements: str
  rich_rules:
    description: Rules in firewalld's rich language. Order and spelling do not matter when they are compared.
    type: list
    elements: str
  exclusive:
    description:
      - With V(true) the zone has exactly the sources, services, ports and rich rules given; a list left out is empty.
      - With V(false) they are added to what is there.
    type: bool
    default: false
  allow_ssh_lockout:
    description:
      - Accept a zone that cuts SSH.
      - A zone with sources takes every connection from them. From firewalld 0.6.5 on, except where zone drifting is
        switched on, what it does not allow is not looked up in another zone. Established connections survive, so the
        loss shows only at the next connect.
      - The port which the zone must open is the one of Ansible's own connection. Where Ansible does not come over SSH it
        is one of those on which SSH listens, by a process (OpenSSH, Dropbear, tinysshd) or by a socket unit of systemd
        such as C(ssh.socket); where none can be seen, one in C(sshd_config), or 22. Where SSH neither runs nor starts at
        boot, there is nothing to cut.
      - A process is known by its name or by that of its program, and OpenSSH from 8.2 on by the title that it gives itself. A copy
        of another server under another name is found only where Ansible comes through it.
      - Each other port of these, and those in C(sshd_config), must stay open for the connections that it is open for now.
    type: bool
    default: false
  owner:
    description:
      - In whose name this is set, for example the name of the role. The host then keeps a record of it, and of what was there
        before, in C(/var/lib/mailops.relay/owners.json), which only root can read.
      - What is recorded is the zone, its O(target), and each of O(sources), O(services), O(ports) and O(rich_rules), and with
        O(exclusive) what was taken out.
      - A call names everything that its owner wants of this module. What it named before and no longer names, in this zone or
        another one, goes out, or returns where it was there before. What others have added stays, unless O(exclusive) says
        otherwise. What SSH needs is guarded as ever.
      - An item may have several owners, and goes with the last. A O(target) that another owner has set otherwise is refused, and
        nothing changes.
      - A record that is damaged, or was written by a newer release, is refused.
    type: str
    version_added: 0.7.0
notes:
  - Needs C(firewall-cmd) of firewalld 0.6.3 or later, and no Python binding of firewalld.
  - Where firewalld does not run, only the permanent zone is managed, and RV(runtime) says so.
  - An existing zone is changed permanent and at runtime, first what is added, then what is removed, without a reload.
    When only one side differs, only that one is changed. A zone that is new or removed and a different target need
    a reload, which drops the runtime-only settings of every zone.
  - While firewalld is in panic mode the module fails and changes nothing; C(firewall-cmd --panic-off) ends it.
seealso:
  - name: firewalld.zone(5)
    description: The zone file.
    link: https://firewalld.org/documentation/man-pages/firewalld.zone.html
  - name: firewalld.richlanguage(5)
    description: The rich language.
    link: https://firewalld.org/documentation/man-pages/firewalld.richlanguage.html
"""

EXAMPLES = r"""
- name: Open the relay to its clients and to nobody else
  mailops.relay.firewalld_zone:
    zone: postfix
    sources:
      - 192.168.1.0/24
      - 2001:db8:1::/64
    services:
      - ssh
    ports:
      - 25/tcp
      - 587/tcp
    exclusive: true

- name: Let the monitoring host in as well
  mailops.relay.firewalld_zone:
    zone: postfix
    rich_rules:
      - rule family="ipv4" source address="192.168.1.9" port port="5666" protocol="tcp" accept

- name: Take back what a role has set
  mailops.relay.firewalld_zone:
    owner: relay_server
    zone: postfix
    state: absent

- name: Remove the zone
  mailops.relay.firewalld_zone:
    zone: postfix
    state: absent
"""

RETURN = r"""
zone:
  description: The permanent zone as it is after the module has run; V(null) when there is none.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the zone.
      type: str
      sample: postfix
    target:
      description: Target of the zone.
      type: str
      sample: default
    sources:
      description: Sources of the zone.
      type: list
      elements: str
      sample: [192.168.1.0/24]
    services:
      description: Services that are open.
      type: list
      elements: str
      sample: [ssh]
    ports:
      description: Ports that are open.
      type: list
      elements: str
      sample: [25/tcp, 587/tcp]
    rich_rules:
      description: Rich rules of the zone.
      type: list
      elements: str
      sample: []
runtime:
  description: Whether firewalld runs, so that the runtime zone is managed too.
  returned: success
  type: bool
  sample: true
reloaded:
  description: Whether firewalld was reloaded.
  returned: success
  type: bool
  sample: false
up_to_date:
  description:
    - Whether there was nothing to change, and nothing to clear up after a run that was killed. After a call in check mode, the same
      call without it can then be left out.
  returned: success
  type: bool
  sample: true
  version_added: 0.7.0
calls:
  description: How often one of firewalld's commands was run.
  returned: success
  type: int
  sample: 1
"""

from ansible_collections.mailops.relay.plugins.module_utils.host import ssh
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld import Firewalld
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_zone import Request, converge


def main():
    module = RelayModule(
        argument_spec={
            "zone": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "target": {"type": "str", "choices": ["default", "ACCEPT", "REJECT", "DROP"]},
            "sources": {"type": "list", "elements": "str"},
            "services": {"type": "list", "elements": "str"},
            "ports": {"type": "list", "elements": "str"},
            "rich_rules": {"type": "list", "elements": "str"},
            "exclusive": {"type": "bool", "default": False},
            "allow_ssh_lockout": {"type": "bool", "default": False},
            "owner": {"type": "str"},
        },
        supports_check_mode=True,
    )
    runner = Runner(module)
    with reported(module):
        result = converge(Firewalld(runner), Request(**module.params), ssh.access(runner), module.check_mode)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
