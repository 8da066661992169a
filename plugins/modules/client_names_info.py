#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: client_names_info
short_description: Which names of hosts have no mail exchanger elsewhere
version_added: 0.10.0
author: mailops.relay contributors (@mailops)
description:
  - Asks the name servers of C(/etc/resolv.conf), all names at once, for the MX records of hosts. A relay takes mail for a name that has
    none, has "no mail" (RFC 7505), or names the host itself or the relay.
  - A name of which no name server says anything in time is left out. A warning lists what is left out.
  - Made for the role relay_server, which asks about names that it does not take yet.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
options:
  names:
    description:
      - Fully qualified names of hosts.
    type: list
    elements: str
    required: true
  relays:
    description:
      - Names of hosts that do not count as elsewhere.
    type: list
    elements: str
    default: []
  own_root:
    description:
      - Whether to look where mail to this host's own root ends, too.
    type: bool
    default: false
  timeout:
    description:
      - Seconds for all of it.
    type: float
    default: 3
"""

EXAMPLES = r"""
- name: See which clients' names have no mail exchanger elsewhere
  mailops.relay.client_names_info:
    names: [web01.example.com, web02.example.com]
    relays: [smtp-relay001.example.com]
  register: told
"""

RETURN = r"""
names:
  description: Those without a mail exchanger elsewhere, in small letters.
  returned: success
  type: list
  elements: str
  sample: [web01.example.com]
elsewhere:
  description: Those with one, and which.
  returned: success
  type: dict
  sample: {web02.example.com: [mail.example.com]}
unknown:
  description: Those of which no name server said anything.
  returned: success
  type: list
  elements: str
  sample: []
root_kept:
  description: Whether mail to this host's own root ends in a mailbox here. False where an alias or root's C(.forward) sends it on, and
    without O(own_root).
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import ArgumentError
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn
from ansible_collections.mailops.relay.plugins.module_utils.host.resolv_conf import nameservers
from ansible_collections.mailops.relay.plugins.module_utils.mail.exchangers import exchangers
from ansible_collections.mailops.relay.plugins.module_utils.preflight.client_names import sentences, sorted_out


def argument_spec():
    """dict: the module's options."""
    return {
        "names": {"type": "list", "elements": "str", "required": True},
        "relays": {"type": "list", "elements": "str", "default": []},
        "own_root": {"type": "bool", "default": False},
        "timeout": {"type": "float", "default": 3},
    }


def _keeps_root_mail(runner):
    """bool: whether mail to root ends in a mailbox of this host, where there is no Postfix yet with that of its package."""
    # Few calls need it.
    from ansible_collections.mailops.relay.plugins.module_utils.postfix.root_mail import sends_root_on

    return not sends_root_on(runner)


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    with reported(module):
        for name in params["names"]:
            if not is_fqdn(name):
                raise ArgumentError(
                    "names: {0!r} is not a full host name. Write it with its domain, such as web01.example.com.".format(
                        str(name)
                    )
                )
        servers = nameservers(read_native("/etc/resolv.conf") or "")
        asked = exchangers(params["names"], servers, params["timeout"])
        result = sorted_out(asked, params["relays"])
        result["root_kept"] = params["own_root"] and _keeps_root_mail(Runner(module))
    module.exit_json(changed=False, warnings=sentences(result), **result)


if __name__ == "__main__":
    main()
