#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: iptables_rules
short_description: Manage one set of iptables rules, in the saved file and in the kernel
version_added: 0.2.0
author: mailops.relay contributors (@mailops)
description:
  - Manages the rules that open ports for networks, IPv4 and IPv6, as one set. The rules of a chain that carry the
    comment O(name) are the set; those of them that are not wanted are removed.
  - The set is put before the first rule that would turn its connections away, where it is not there already. A rule
    that turns away only some of them (an address that fail2ban has banned, a rate) stays before it.
  - In the kernel, only single rules are inserted and deleted, in one transaction for IPv4 and one for IPv6. Nothing is
    flushed. Other rules, their counters and the chains of other programs stay.
  - The saved file is edited. It is not replaced by the rules in the kernel, so what other programs have only there does
    not get into it.
  - Everything is checked before anything is changed. Rules that would cut SSH are refused.
  - Runs on one host at the same time wait for each other, for at most five minutes.
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  check_mode:
    support: full
    details:
      - Where iptables, or the service that loads saved rules, is not installed yet, the rules are predicted with a
        warning.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - Comment of the rules, by which they are known.
      - At most 255 printable ASCII characters.
    type: str
    required: true
  state:
    description:
      - Whether the rules are there.
      - V(absent) removes every rule of O(chain) that carries the comment; the options that describe the rules are then
        only checked. With O(owner) it takes back what the owner has set, see there.
    type: str
    choices: [present, absent]
    default: present
  chain:
    description:
      - Chain of the table C(filter), V(INPUT) or one to which C(INPUT) leads.
      - Rules with this comment in another chain are not touched.
    type: str
    default: INPUT
  sources:
    description:
      - Networks or addresses for which the ports are open, without host bits.
      - V(0.0.0.0/0), V(::/0) and what amounts to them is refused, like an open relay; a network wider than any
        organisation's (C(/8) of IPv4, C(/13) of IPv6) and all networks together count.
      - Those of IPv6 are left out with a warning where the kernel has no IPv6.
      - Required with O(state=present).
    type: list
    elements: str
  ports:
    description:
      - Ports that are open, C(PORT/PROTOCOL) or C(FIRST-LAST/PROTOCOL); the protocol is C(tcp), C(udp), C(sctp) or
        C(dccp).
      - Required with O(state=present).
    type: list
    elements: str
  exclusive:
    description:
      - With V(true), rules that reject the ports for everybody else follow, for IPv4 and IPv6, whatever the rest of the
        chain does. The host's own connections over the loopback interface are let alone. A rule of somebody else that
        comes before and accepts still does.
      - With V(false), the rest of the chain decides what becomes of everybody else. When that is open for all, a warning
        says so.
    type: bool
    default: false
  saved_file_ipv4:
    description:
      - File from which the IPv4 rules are loaded at boot.
      - Default is C(/etc/iptables/rules.v4) where netfilter-persistent is installed, C(/etc/sysconfig/iptables) where
        iptables-services is.
    type: path
  saved_file_ipv6:
    description:
      - File from which the IPv6 rules are loaded at boot.
      - Default is C(/etc/iptables/rules.v6) or C(/etc/sysconfig/ip6tables), see O(saved_file_ipv4).
    type: path
  allow_ssh_lockout:
    description:
      - Accept rules that cut SSH.
      - Without it, the way of a new SSH connection is followed through the rules, in the kernel and in the saved file,
        as they are and as they would be. When it comes in now and would not afterwards, the module refuses. That can be
        because a removed rule was the one that let SSH in, because O(exclusive) closes the port, or because the saved
        file never let SSH in and would be loaded at the next boot.
      - Established connections survive, so the loss would show only at the next connect.
      - Looked for are the port and address of Ansible's own connection, and from any address every other port on which SSH
        listens, by a process (OpenSSH, Dropbear, tinysshd) or by a socket unit of systemd such as C(ssh.socket), and those
        in C(sshd_config). Where none of these can be seen it is 22. Where SSH neither runs nor starts at boot, there is
        nothing to cut.
      - A process is known by its name or by that of its program, and OpenSSH from 8.2 on by the title that it gives itself. A copy
        of another server under another name is found only where Ansible comes through it.
    type: bool
    default: false
  owner:
    description:
      - In whose name this is set, for example the name of the role. The host then keeps a record of it, and of what was there
        before, in C(/var/lib/mailops.relay/owners.json), which only root can read.
      - What is recorded is each rule of the set, in the kernel and in the saved file. With O(state=absent) the recorded rules go
        out, those that were there before under this comment return, and what somebody else has given this comment since stays,
        with a warning. A saved file that was made here goes when nothing else is in it.
      - A call names everything that its owner wants of this module. A set with another O(name), or in another O(chain), that it
        named before and no longer names is taken back in the same call.
      - A rule may have several owners, and goes with the last.
      - A record that is damaged, or was written by a newer release, is refused.
    type: str
    version_added: 0.7.0
notes:
  - Works with both variants of iptables, nft and legacy, and uses the one that C(iptables-save) and C(iptables-restore)
    are on the host. When the other one has rules in the table C(filter) too, a warning says so.
  - The service that loads the saved file is neither enabled nor started.
  - With the nft variant, C(iptables-restore --test) does not notice a target that does not exist.
  - When the file is loaded by its service, the rules that are only in the kernel are lost, as ever.
seealso:
  - module: mailops.relay.firewalld_zone
  - name: iptables(8)
    description: The rules.
    link: https://www.netfilter.org/documentation/
"""

EXAMPLES = r"""
- name: Open the relay to its clients
  mailops.relay.iptables_rules:
    name: postfix
    sources:
      - 192.168.1.0/24
      - 2001:db8:1::/64
    ports:
      - 25/tcp
      - 587/tcp

- name: Open the relay to its clients and to nobody else, where the chain accepts what no rule decides
  mailops.relay.iptables_rules:
    name: postfix
    sources:
      - 192.168.1.0/24
    ports:
      - 25/tcp
      - 587/tcp
    exclusive: true

- name: Remove the rules
  mailops.relay.iptables_rules:
    name: postfix
    state: absent
"""

RETURN = r"""
rules:
  description: The rules of the set as they are after the module has run, by C(ipv4) and, where the host has it, C(ipv6).
  returned: success
  type: dict
  sample:
    ipv4:
      - -A INPUT -s 192.168.1.0/24 -p tcp -m tcp --dport 25 -m comment --comment postfix -j ACCEPT
      - -A INPUT -s 192.168.1.0/24 -p tcp -m tcp --dport 587 -m comment --comment postfix -j ACCEPT
    ipv6: []
saved_files:
  description: The saved file of each family; V(null) where none is managed.
  returned: success
  type: dict
  sample:
    ipv4: /etc/sysconfig/iptables
    ipv6: /etc/sysconfig/ip6tables
up_to_date:
  description:
    - Whether there was nothing to change, and nothing to clear up after a run that was killed. After a call in check mode, the same
      call without it can then be left out.
  returned: success
  type: bool
  sample: true
  version_added: 0.7.0
calls:
  description: How often one of iptables' programs was run.
  returned: success
  type: int
  sample: 2
"""

from ansible_collections.mailops.relay.plugins.module_utils.host import ssh
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables import Iptables
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_rules import Request, converge
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller


def main():
    module = RelayModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "chain": {"type": "str", "default": "INPUT"},
            "sources": {"type": "list", "elements": "str"},
            "ports": {"type": "list", "elements": "str"},
            "exclusive": {"type": "bool", "default": False},
            "saved_file_ipv4": {"type": "path"},
            "saved_file_ipv6": {"type": "path"},
            "allow_ssh_lockout": {"type": "bool", "default": False},
            "owner": {"type": "str"},
        },
        required_if=[("state", "present", ("sources", "ports"))],
        supports_check_mode=True,
    )
    runner = Runner(module)
    with reported(module):
        result = converge(
            Iptables(runner), Request(**module.params), ssh.access(runner), labeller(module), module.check_mode
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
