#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: mail_dns_info
short_description: Check what the DNS says of a mail relay
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - Asks what other mail systems ask about a relay that sends to them, and gives a verdict on each answer, with what to do.
  - C(dns_resolver), each name server answers; C(dns_a) and C(dns_aaaa), the relay's name has an address; C(dns_ptr), the
    address from which mail leaves names the relay; C(dns_fcrdns), and that name has the address again; C(dns_spf), SPF
    passes for each sender domain and for the name in HELO; C(dns_mx), the MX records of the site's domain do not contradict
    C(mydestination); C(dns_dkim) and C(dns_dmarc), which are there, as information.
  - Of O(dkim_keys), C(dns_dkim) is a verdict on each, whether every name server of the domain has this key, what to publish for one that
    is to sign, and whether the record of a former one may go; C(dns_dmarc) on each
    domain in C(From), those of the keys and of the envelope senders, whether what signs or SPF is aligned with it as its policy asks.
  - All questions are asked at once. A check whose basis another check has found missing is skipped and names that check.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
requirements:
  - dnspython (1.16.0 is the last version for Python 2.7)
  - pyspf (on Python 2.7 with ipaddr)
options:
  hostname:
    description:
      - The relay's host name, Postfix's C(myhostname).
    type: str
    required: true
  helo:
    description:
      - The name that the relay gives in HELO, Postfix's C(smtp_helo_name). Default is O(hostname).
    type: str
  addresses:
    description:
      - The addresses, IPv4 and IPv6, from which the internet sees the relay's mail come.
    type: list
    elements: str
    default: []
  sender_domains:
    description:
      - Domains of envelope senders. Default is O(mydomain).
    type: list
    elements: str
    default: []
  mydomain:
    description:
      - The site's domain, Postfix's C(mydomain). Default is O(hostname) without its first label.
    type: str
  mydestination:
    description:
      - Domains for which the relay keeps mail, Postfix's C(mydestination) with every C($name) replaced.
    type: list
    elements: str
    default: []
  dkim_selectors:
    description:
      - Selectors with which mail of O(sender_domains) is signed.
    type: list
    elements: str
    default: []
  dkim_keys:
    description:
      - The keys with which the relay signs, will sign or has signed, as M(mailops.relay.relay_host_info) returns them.
    type: list
    elements: dict
    default: []
    version_added: 0.10.0
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
          - The public half, as RV(mailops.relay.dkim_key#module:public_key); empty where the host's key cannot be read.
        type: str
        required: true
      step:
        description:
          - V(new), to sign when it is published; V(signs); V(former), it has signed, and its record is needed as long as mail is queued
            that it has signed.
        type: str
        choices: [new, signs, former]
        default: signs
        version_added: 0.11.0
      until:
        description:
          - Until when a V(former) one is needed, in seconds since the epoch. Without it, no longer.
        type: int
        version_added: 0.11.0
  nameservers:
    description:
      - Addresses of the name servers that are asked. Default are those of the host on which the module runs.
    type: list
    elements: str
    default: []
  port:
    description:
      - The name servers' port.
    type: int
    default: 53
  timeout:
    description:
      - Seconds by which there is a verdict on everything. A name server that does not answer within a fifth of it is asked a
        second time.
    type: float
    default: 10
notes:
  - Usually runs on the controller, with C(delegate_to=localhost), since it needs nothing of the relay itself.
  - SPF is evaluated by pyspf. The look-ups of a record are counted to its end, also behind the term that matches.
seealso:
  - module: mailops.relay.relay_host_info
"""

EXAMPLES = r"""
- name: Check what the DNS says of the relay
  mailops.relay.mail_dns_info:
    hostname: smtp-relay001.example.com
    addresses: [203.0.113.4]
    sender_domains: [example.com]
    mydestination: [smtp-relay001.example.com, localhost]
  delegate_to: localhost
  register: dns

- name: Stop when something is wrong
  ansible.builtin.assert:
    that: dns.verdict != 'failed'
"""

RETURN = r"""
verdict:
  description: The worst status, V(ok), V(warning) or V(failed); V(skipped) when nothing could be checked.
  returned: success
  type: str
  sample: failed
checks:
  description: The checks.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Which check it is.
      type: str
      sample: dns_ptr
    status:
      description: V(ok), V(warning), V(failed) or V(skipped).
      type: str
      sample: failed
    subject:
      description: What was checked.
      type: str
      sample: 203.0.113.4
    seen:
      description: What was found; for a check that was skipped, why.
      type: str
      sample: names host-4.provider.example, not smtp-relay001.example.com
    todo:
      description: What to do; empty when there is nothing to do.
      type: str
      sample: Let whoever owns the address (provider, hoster) set the PTR record of 203.0.113.4 to smtp-relay001.example.com.
    record:
      description:
        - Of C(dns_dkim), the TXT record to publish, as its C(name), its C(text) and C(zone), the lines of a zone file.
      returned: where a DKIM key of the relay is not published
      type: dict
      sample: {name: relay01._domainkey.example.com, text: v=DKIM1; k=rsa; p=MIIB..., zone: relay01._domainkey.example.com. 3600 IN TXT ( ... )}
      version_added: 0.11.0
nameservers:
  description: The name servers that were asked.
  returned: success
  type: list
  elements: str
  sample: [203.0.113.2]
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import dkim_key_arguments
from ansible_collections.mailops.relay.plugins.module_utils.mail.opendkim import SIGNS, STEPS
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_lookup, spf
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_checks import RelayKey, dns_checks, relay_of


def argument_spec():
    """dict: the module's options."""
    texts = {"type": "list", "elements": "str", "default": []}
    return {
        "hostname": {"type": "str", "required": True},
        "helo": {"type": "str"},
        "addresses": dict(texts),
        "sender_domains": dict(texts),
        "mydomain": {"type": "str"},
        "mydestination": dict(texts),
        "dkim_selectors": dict(texts),
        "dkim_keys": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,
            "options": dict(
                dkim_key_arguments(),
                step={"type": "str", "choices": list(STEPS), "default": SIGNS},
                until={"type": "int"},
            ),
        },
        "nameservers": dict(texts),
        "port": {"type": "int", "default": 53},
        "timeout": {"type": "float", "default": 10},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    module.need({"dnspython": dns_lookup.IMPORT_ERROR, "pyspf": spf.IMPORT_ERROR})
    with reported(module):
        relay = relay_of(params)
        resolver = dns_lookup.resolver_of(params["nameservers"], params["port"], params["timeout"])
        keys = [RelayKey(**key) for key in params["dkim_keys"]]
        results = dns_checks(resolver, relay, params["dkim_selectors"], params["timeout"], keys)
    module.exit_json(changed=False, verdict=checks.overall(results), checks=results, nameservers=resolver.nameservers)


if __name__ == "__main__":
    main()
