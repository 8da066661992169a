#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: opendkim_config
short_description: Have OpenDKIM sign what a relay sends, with keys that the world can see
version_added: 0.10.0
author: mailops.relay contributors (@mailops)
description:
  - Sets what OpenDKIM needs to sign in C(/etc/opendkim.conf), and writes the tables that it names in C(/etc/opendkim), as one
    transaction. Lines about other things stay.
  - A key signs for the addresses in C(From) of its domain and of all domains below it. Mail from O(internal_hosts) and from the host
    itself is signed, no other. The header C(From) is over-signed, so that nobody can add a second one.
  - A key with O(keys[].published=false) signs only if it has signed before. Until then the key that has signed for its domain goes on.
  - Mail that cannot be signed, since a key cannot be read, gets a temporary error, and waits.
  - A key that signs no more is noted in C(/etc/opendkim/mailops-relay.former). When no message can be queued any more that it has signed,
    which is C(maximal_queue_lifetime) and C(bounce_queue_lifetime) of Postfix later, a call removes the private key, of which no
    copy is kept.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.owner
attributes:
  check_mode:
    support: full
    details:
      - Where OpenDKIM is not installed yet, the difference is shown with a warning.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  keys:
    description:
      - The keys, one for each domain. Without any that signs, everything is as it was before the owner's first call.
    type: list
    elements: dict
    default: []
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
      path:
        description:
          - Absolute path of the private key, which OpenDKIM's user must be able to read, and no other user.
        type: path
        required: true
      published:
        description:
          - Whether the world sees the key, as M(mailops.relay.dkim_published_info) says. V(false) is also for what is not known.
        type: bool
        default: true
  internal_hosts:
    description:
      - Addresses and networks of the hosts of which the mail is signed, besides the loopback addresses.
    type: list
    elements: str
    default: []
  unsigned_headers:
    description:
      - Names of headers that something takes out, or changes, after signing. They are kept out of the signature, also where
        C(SignHeaders) of the host's own configuration names them. Do not name those that OpenDKIM signs by itself, which the signature
        would no longer protect.
    type: list
    elements: str
    default: []
  port:
    description:
      - The port on 127.0.0.1 where the mail system finds the signer, unless O(socket) says otherwise. Postfix waits some 40 ms twice
        for each message there, since TCP keeps small packets back until others are acknowledged.
    type: int
    default: 8891
  socket:
    description:
      - A socket in the place of O(port), as a directory below Postfix's queue directory and a name in it, such as
        V(mailops-relay/opendkim.sock). Postfix finds it as C(unix:mailops-relay/opendkim.sock), in a chroot and outside.
      - The directory is made for it, and removed when nothing is signed any more. It belongs to OpenDKIM's user and Postfix's group.
      - SELinux lets OpenDKIM make no socket there.
    type: str
    version_added: 0.12.0
  backup:
    description:
      - Whether to keep a dated copy of each file that is replaced.
    type: bool
    default: false
notes:
  - The module starts nothing. Do what RV(restart_required) says, and only then tell the mail system to use the signer.
seealso:
  - module: mailops.relay.dkim_key
  - module: mailops.relay.dkim_published_info
"""

EXAMPLES = r"""
- name: Sign with a key that the world can see
  mailops.relay.opendkim_config:
    keys:
      - domain: example.com
        selector: relay01
        path: /etc/opendkim/keys/relay01._domainkey.example.com.pem
        published: "{{ dns.records[0].verdict == 'published' }}"
    internal_hosts: [192.0.2.0/24]
  register: signer

- name: Run it
  ansible.builtin.service:
    name: opendkim
    state: "{{ 'restarted' if signer.restart_required else 'started' }}"
    enabled: true
"""

RETURN = r"""
signing:
  description: The keys that sign, each with C(domain), C(selector) and C(path).
  returned: success
  type: list
  elements: dict
  sample: [{domain: example.com, selector: relay01, path: /etc/opendkim/keys/relay01._domainkey.example.com.pem}]
waiting:
  description: The keys that do not sign yet, in the same form.
  returned: success
  type: list
  elements: dict
  sample: []
former:
  description:
    - The keys that have signed and sign no more, in the same form, with C(since) when, in seconds since the epoch; 0 for one of which the
      private key was removed. The records of the others are needed in the DNS as long as mail may be queued that they have signed.
  returned: success
  type: list
  elements: dict
  sample: []
  version_added: 0.11.0
retired:
  description: Paths of private keys that this call has removed, or would in check mode.
  returned: success
  type: list
  elements: str
  sample: []
  version_added: 0.11.0
installed:
  description: Whether the host has OpenDKIM.
  returned: success
  type: bool
  sample: true
running:
  description: Whether OpenDKIM runs.
  returned: success
  type: bool
  sample: true
enabled:
  description: Whether it starts when the host does.
  returned: success
  type: bool
  sample: true
restart_required:
  description: Whether OpenDKIM has to be restarted to sign as its files say, since they are newer than it.
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
    - before_header: /etc/opendkim/mailops-relay.hosts
      after_header: /etc/opendkim/mailops-relay.hosts
      before: ""
      after: "127.0.0.0/8\n::1\n192.0.2.0/24\n"
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.mail.opendkim import Signer
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_lifetime import longest_of_host
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_place import queue_place


def argument_spec():
    """dict: the module's options."""
    return {
        "keys": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,
            "options": {
                "domain": {"type": "str", "required": True},
                "selector": {"type": "str", "required": True},
                "path": {"type": "path", "required": True},
                "published": {"type": "bool", "default": True},
            },
        },
        "internal_hosts": {"type": "list", "elements": "str", "default": []},
        "unsigned_headers": {"type": "list", "elements": "str", "default": []},
        "port": {"type": "int", "default": 8891},
        "socket": {"type": "str"},
        "backup": {"type": "bool", "default": False},
        "owner": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    with reported(module):
        runner = Runner(module)
        result = Signer(
            module.params,
            runner,
            lambda: longest_of_host(runner),
            lambda: queue_place(runner),
            labeller(module),
            module.check_mode,
        ).apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
