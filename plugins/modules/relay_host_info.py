#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: relay_host_info
short_description: Check on a mail relay what only its own host can tell
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - C(postfix), whether it is installed; C(host_name), the relay's name is fully qualified and the same in C(hostname),
    C(/etc/hosts), C(myhostname) and the name in HELO; C(outbound_address), mail leaves from the address that is expected and
    is not translated to another; C(queue_space), bytes and inodes for the queue; C(log_journald) and C(log_rsyslog), no rate
    limit drops lines of the log; C(clock), it is right; C(root_mail), mail to root of the relay goes to an address. These are
    O(subset=local) and take no time.
  - C(dns_resolver), the host's name servers answer; C(port_25), a mail exchanger of the internet greets this host. These are
    O(subset=network) and may have to wait.
  - C(smarthost_login), of O(subset=network) too, each host of O(smarthosts) answers, has a good certificate and takes the login. Nothing
    is sent but C(EHLO), C(STARTTLS), C(AUTH) and C(QUIT). A host that does not is a warning where another of the same smarthost does.
  - C(dane), of O(subset=network) too, where Postfix asks for TLSA records (C(smtp_dns_support_level = dnssec)). What the running Postfix
    reads as its C(resolv.conf), in its unit and in its chroot, names servers on this host only, each of which marks O(dane_signed_name) as
    checked and refuses O(dane_broken_name).
  - C(certificate), how long the relay's certificate and those above it are valid, in each file that Postfix names and on each port
    of C(master.cf) that offers TLS to other hosts, where what it serves is compared with the file. A warning in the last third of
    a life, at most 30 days before its end, unless a successor waits beside it (C(.next) behind its name); failed in its last tenth, at
    most 7 days before its end, when it has expired or is not valid yet. Each port is asked once, with C(STARTTLS) and C(QUIT).
    What is O(planned) has no certificate to look at. These are O(subset=certificates).
  - All checks run side by side.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
options:
  subset:
    description:
      - Which checks are made.
    type: list
    elements: str
    choices: [local, network, certificates]
    default: [local, network, certificates]
  planned:
    description:
      - What will be set before mail flows. It is checked in place of what is there, for what it names, where Postfix is not
        installed and with O(prefer_planned).
    type: dict
    suboptions:
      main:
        description: Parameters of main.cf, as for O(mailops.relay.postfix_config#module:main).
        type: dict
        default: {}
      hostname:
        description: The host name that will be set; empty when it stays as it is.
        type: str
        default: ''
      address:
        description: The relay's address for its line in C(/etc/hosts).
        type: str
        default: ''
      hosts_file:
        description: Whether that line will be written.
        type: bool
        default: false
      log_limits:
        description: Whether the rate limits of the logs will be taken away.
        type: bool
        default: false
      root_recipient:
        description: Who will get root's mail; empty for nobody.
        type: str
        default: ''
        version_added: 0.10.0
      dkim_keys:
        description:
          - The keys that are to sign, each with C(domain), C(selector) and C(path) of its private half. Those that do not sign yet are told in
            RV(relay), also where O(planned) is not checked otherwise.
        type: list
        elements: dict
        default: []
        version_added: 0.11.0
  prefer_planned:
    description:
      - Check O(planned) also where Postfix is installed.
    type: bool
    default: false
  root_mail:
    description:
      - Addresses, such as those of root of each client, of which RV(root_mail) tells what the relay does with mail to them.
      - With O(subset=network), C(root_mail) is a check on them too, and says where the DNS names a mail exchanger elsewhere for a name
        that the relay takes. Not of what is O(planned).
    type: list
    elements: str
    default: []
    version_added: 0.10.0
  relays:
    description:
      - Names of hosts that are not elsewhere as mail exchangers of O(root_mail), besides the relay itself.
    type: list
    elements: str
    default: []
    version_added: 0.11.0
  mx:
    description:
      - Names or addresses of mail exchangers on the internet on which port 25 is tried. Nothing is sent to them but C(EHLO)
        and C(QUIT). Default is each host in brackets in Postfix's C(relayhost).
    type: list
    elements: str
    default: []
  smarthosts:
    description:
      - Servers that send mail out for this relay, as in the variable C(relay_server_smarthosts) of P(mailops.relay.relay_server#role).
    type: list
    elements: dict
    default: []
    version_added: 0.10.0
    suboptions:
      name:
        description: Its name in the result.
        type: str
        required: true
      hosts:
        description: Names of its hosts.
        type: list
        elements: str
        required: true
      port:
        description: The port. On 465 and 2465 TLS begins at once.
        type: int
        default: 587
      user:
        description: Name for the login. Without it only the connection and TLS are tried, and the check counts as skipped.
        type: str
      password:
        description: Password for the login. It is in no result.
        type: str
      certificate:
        description: File on the host with a client certificate, which needs O(smarthosts[].private_key).
        type: path
      private_key:
        description: File on the host with its private key.
        type: path
      tls:
        description: V(secure) has the certificate checked, V(encrypt) not; with V(may) TLS need not be offered.
        type: str
        choices: [secure, encrypt, may]
        default: secure
      ca_file:
        description: File on the host with the authorities that vouch for it. Default is C(smtp_tls_CAfile), else the public ones.
        type: path
  dane_signed_name:
    description:
      - A name with right signatures; by default V(.), the root.
    type: str
    version_added: 0.11.0
  dane_broken_name:
    description:
      - A name with wrong signatures; by default V(dnssec-failed.org).
    type: str
    version_added: 0.11.0
  expected_addresses:
    description:
      - The addresses from which the internet is to see the relay's mail come.
    type: list
    elements: str
    default: []
  ca_path:
    description:
      - A file with the certificate of the authority that issued the relay's, where that is not in the relay's own file. It is looked
        at too.
    type: path
  reference_time:
    description:
      - The time of another clock when the module starts, in seconds since the epoch. Where this host's clock differs from it,
        certificates are judged by both, and the worse verdict counts.
    type: float
  clock_tolerance:
    description:
      - Seconds by which the clock may differ from O(reference_time); by default V(30). The module's own way to the host is part
        of it.
    type: float
  queue_free_mib:
    description:
      - With less free MiB for the queue there is a warning; by default V(1024). With so little that Postfix refuses mail,
        C(queue_space) fails.
    type: int
  queue_free_inodes:
    description:
      - With fewer free inodes for the queue there is a warning; by default V(10000).
    type: int
  message_rate:
    description:
      - Messages a second of which no line of the log may be lost; by default V(100). A limit below it is a warning, one below a
        tenth of it fails.
    type: int
  timeout:
    description:
      - Seconds by which there is a verdict on everything.
    type: float
    default: 10
notes:
  - An option that the checks of O(subset) do not look at is refused.
seealso:
  - module: mailops.relay.mail_dns_info
"""

EXAMPLES = r"""
- name: Check the relay's own host
  mailops.relay.relay_host_info:
    mx: [mx01.example.net]
    expected_addresses: [203.0.113.4]
  register: relay

- name: Stop when something is wrong
  ansible.builtin.assert:
    that: relay.verdict != 'failed'
"""

RETURN = r"""
verdict:
  description: The worst status, V(ok), V(warning) or V(failed); V(skipped) when nothing could be checked.
  returned: success
  type: str
  sample: ok
checks:
  description: The checks.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Which check it is.
      type: str
      sample: port_25
    status:
      description: V(ok), V(warning), V(failed) or V(skipped).
      type: str
      sample: failed
    subject:
      description: What was checked.
      type: str
      sample: mx01.example.net
    seen:
      description: What was found; for a check that was skipped, why.
      type: str
      sample: no answer within the time limit of 10 s
    todo:
      description: What to do; empty when there is nothing to do.
      type: str
      sample: Ask the provider or the firewall's keeper to open port 25 outbound, or send through relay_server_relayhost.
    expiry:
      description:
        - Of C(certificate), where one was seen. C(subject), C(not_before), C(not_after) (UTC) and C(days_left) of the certificate that
          decides, the relay's own or one above it; the C(file) that it belongs to, and the C(port) that serves it, null for what is
          in the file.
      returned: for checks of certificates
      type: dict
      sample: {subject: CN=smtp-relay001.example.com, not_before: '2026-01-01T00:00:00Z', not_after: '2036-01-01T00:00:00Z',
               days_left: 3320.5, file: /etc/postfix/server.crt, port: 587}
root_mail:
  description:
    - The C(verdict) on each address of O(root_mail). With C(taken), C(text) has the address that it goes to; with C(refused), the reason.
      C(kept) is in a mailbox on the relay; C(leaves), since the relay does not know the name; C(unknown), with what could not be read.
  returned: success
  type: dict
  sample: {root@web01.example.com: {verdict: taken, text: ops@example.net}}
relay:
  description:
    - The relay's C(hostname), C(helo), C(mydomain), C(mydestination), outbound C(addresses) and C(dkim_keys), with which it signs, is to
      sign or has signed, which are options of M(mailops.relay.mail_dns_info); whether they are C(planned); and the version of C(postfix),
      empty without one.
  returned: success
  type: dict
  sample: {hostname: smtp-relay001.example.com, addresses: [203.0.113.4], planned: false}
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host
from ansible_collections.mailops.relay.plugins.module_utils.preflight.relay_host import SUBSETS, Relay, with_defaults
from ansible_collections.mailops.relay.plugins.module_utils.preflight.smarthost_login import hidden_texts


def argument_spec():
    """dict: the module's options."""
    planned = {
        "main": {"type": "dict", "default": {}},
        "hostname": {"type": "str", "default": ""},
        "address": {"type": "str", "default": ""},
        "hosts_file": {"type": "bool", "default": False},
        "log_limits": {"type": "bool", "default": False},
        "root_recipient": {"type": "str", "default": ""},
        "dkim_keys": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    }
    smarthost = {
        "name": {"type": "str", "required": True},
        "hosts": {"type": "list", "elements": "str", "required": True},
        "port": {"type": "int", "default": 587},
        "user": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "certificate": {"type": "path"},
        "private_key": {"type": "path", "no_log": False},
        "tls": {"type": "str", "choices": ["secure", "encrypt", "may"], "default": "secure"},
        "ca_file": {"type": "path"},
    }
    return {
        "subset": {"type": "list", "elements": "str", "choices": list(SUBSETS), "default": list(SUBSETS)},
        "planned": {"type": "dict", "options": planned},
        "prefer_planned": {"type": "bool", "default": False},
        "root_mail": {"type": "list", "elements": "str", "default": []},
        "relays": {"type": "list", "elements": "str", "default": []},
        "mx": {"type": "list", "elements": "str", "default": []},
        "smarthosts": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": smarthost,
            "required_together": [("user", "password")],
        },
        "dane_signed_name": {"type": "str"},
        "dane_broken_name": {"type": "str"},
        "expected_addresses": {"type": "list", "elements": "str", "default": []},
        "ca_path": {"type": "path"},
        "reference_time": {"type": "float"},
        "clock_tolerance": {"type": "float"},
        "queue_free_mib": {"type": "int"},
        "queue_free_inodes": {"type": "int"},
        "message_rate": {"type": "int"},
        "timeout": {"type": "float", "default": 10},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    runner = Runner(module)
    for smarthost in module.params["smarthosts"]:
        module.conceal(hidden_texts(smarthost))
    with reported(module):
        relay = Relay(runner, Host(runner), with_defaults(module.params))
        results = relay.checks(module.params["subset"])
        facts = relay.facts()
        told = relay.root_mail(module.params["root_mail"]) if module.params["root_mail"] else {}
    verdict = checks.overall(results)
    module.exit_json(words=["relay"], changed=False, verdict=verdict, checks=results, relay=facts, root_mail=told)


if __name__ == "__main__":
    main()
