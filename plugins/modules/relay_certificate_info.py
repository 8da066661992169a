#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: relay_certificate_info
short_description: Read a relay's certificate, what vouches for it, and what its ports serve
version_added: 0.5.0
author: mailops.relay contributors (@mailops)
description:
  - Runs on the relay. It reads the certificates in the file that Postfix serves, and nothing else of that file, which may hold
    the private key too.
  - It finds out what a client has to trust, so that it accepts the relay, with C(openssl verify) and for servers
    (C(-purpose sslserver)). Like Postfix and sendmail it does not stop at a certificate between.
  - It connects to the ports of the relay's name and says what they serve, and whether that trust anchor vouches for it.
  - A file that cannot be used and a port that does not answer are part of the result, with the reason.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
options:
  path:
    description:
      - The file of the relay's certificate, the certificates between behind it.
      - Where there is C(PATH.next) beside it (M(mailops.relay.tls_keypair), O(mailops.relay.tls_keypair#module:overlap)), that is
        read too.
    type: path
    default: /etc/postfix/server.crt
  ca_path:
    description:
      - A file with the certificate of the authority that issued it, its root among them, where that is no public one.
    type: path
  anchors:
    description:
      - Certificates in PEM form that clients have been given as what to trust. For each, RV(anchors) says whether a client that
        trusts no other accepts the relay's.
    type: list
    elements: str
    default: []
  servers:
    description:
      - The names by which clients know the relay. Their ports are asked. Default is the host's own name.
    type: list
    elements: str
    default: []
  ports:
    description:
      - The ports that are asked. On 465 TLS begins at once.
    type: list
    elements: int
    default: [25, 587]
  timeout:
    description:
      - Seconds for all ports together.
    type: float
    default: 10
seealso:
  - module: mailops.relay.smtp_probe
  - module: mailops.relay.tls_keypair
"""

EXAMPLES = r"""
- name: Look at the relay's certificate
  mailops.relay.relay_certificate_info:
    servers: [smtp-relay001.example.com]
  register: certificate

- name: Stop when clients would not accept it
  ansible.builtin.assert:
    that: certificate.chain.status == 'verified'
    fail_msg: "{{ certificate.chain.reason }}"
"""

RETURN = r"""
problem:
  description: What is wrong with a file.
  returned: success
  type: dict
  contains:
    path:
      description: Which file it is; empty when both could be read.
      type: str
      sample: ''
    reason:
      description: Why it cannot be used; empty when both could be read.
      type: str
      sample: ''
    missing:
      description: Whether there is no such file.
      type: bool
      sample: false
certificates:
  description: The certificates in O(path), in their order. The first is the relay's own.
  returned: success
  type: list
  elements: dict
  contains:
    subject:
      description: Whose it is.
      type: str
      sample: CN=smtp-relay001.example.com
    issuer:
      description: Who issued it.
      type: str
      sample: CN=smtp-relay001.example.com
    common_name:
      description: The common name in its subject; empty without one.
      type: str
      sample: smtp-relay001.example.com
    names:
      description: The subject alternative names.
      type: list
      elements: str
      sample: [DNS:smtp-relay001.example.com]
    not_before:
      description: From when it is valid, in UTC.
      type: str
      sample: '2026-11-28T01:00:00Z'
    not_after:
      description: Until when it is valid, in UTC.
      type: str
      sample: '2036-11-25T01:00:00Z'
    validity:
      description: V(valid), V(expired) or V(future), by the relay's clock.
      type: str
      sample: valid
    self_signed:
      description: Whether it names itself as its issuer.
      type: bool
      sample: true
    fingerprint:
      description: SHA-256 of the certificate.
      type: str
      sample: 46:5B:06:9E:32:F2:8A:9B:6A:F2:E2:01:2D:F7:3E:0B:1C:40:0F:9B:38:50:84:5D:BA:53:45:1D:0E:A6:86:95
    public_key_fingerprint:
      description: SHA-256 of its public key, which stays the same when a certificate is renewed with its key.
      type: str
      sample: 0F:25:5C:8A:7D:BE:C0:2B:7F:0A:2F:34:73:A3:4B:2C:1B:9A:4D:1C:28:F0:02:0A:0A:5E:2B:1F:88:35:A4:23
    content:
      description: The certificate in PEM form.
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIID...\n-----END CERTIFICATE-----\n"
anchor:
  description: What a client has to trust.
  returned: success
  type: dict
  contains:
    kind:
      description:
        - V(self-signed), the certificate itself; V(private), the certificates in O(ca_path), or a root in O(path) itself;
          V(public), a root among the public authorities that this host knows; V(none), none of these.
      type: str
      sample: self-signed
    content:
      description: The certificates to trust, in PEM form; empty when there are none.
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIID...\n-----END CERTIFICATE-----\n"
    subjects:
      description: Whose they are.
      type: list
      elements: str
      sample: [CN=smtp-relay001.example.com]
    bundle:
      description: The file of the public authorities on this host; empty where there is none.
      type: str
      sample: /etc/ssl/certs/ca-certificates.crt
chain:
  description: Whether a client that trusts RV(anchor.content) accepts what is in O(path).
  returned: success
  type: dict
  contains:
    status:
      description:
        - V(verified); V(incomplete) when the chain ends before a self-signed certificate; V(refused) otherwise.
      type: str
      sample: verified
    reason:
      description: Why it is not verified; empty when it is.
      type: str
      sample: ''
anchors:
  description: For each of O(anchors), in the same order, whether it vouches for what is in O(path). Empty when that cannot be read.
  returned: success
  type: list
  elements: dict
  contains:
    verified:
      description: Whether it does.
      type: bool
      sample: true
    reason:
      description: Why it does not.
      type: str
      sample: ''
next:
  description: The certificate that waits to take the place of the one in O(path); empty when there is none.
  returned: success
  type: dict
  version_added: 0.9.0
  contains:
    path:
      description: Its file.
      type: str
      sample: /etc/postfix/server.crt.next
    certificate:
      description: The same as an entry of RV(certificates); empty when it cannot be read.
      type: dict
      sample: {subject: "CN=smtp-relay001.example.com, serialNumber=4C1FA4A1B7F7B5F6D3A9"}
    kind:
      description: As RV(anchor.kind).
      type: str
      sample: self-signed
    content:
      description: What a client has to trust for it, in PEM form.
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIID...\n-----END CERTIFICATE-----\n"
    status:
      description: As RV(chain.status).
      type: str
      sample: verified
    reason:
      description: Why it cannot be read, or is not verified; empty when it is.
      type: str
      sample: ''
served:
  description: What the ports serve.
  returned: success
  type: list
  elements: dict
  contains:
    server:
      description: The name that was asked.
      type: str
      sample: smtp-relay001.example.com
    port:
      description: The port that was asked.
      type: int
      sample: 587
    answered:
      description: Whether it has shown a certificate.
      type: bool
      sample: true
    verified:
      description: Whether RV(anchor.content) vouches for that certificate. Its name is not compared.
      type: bool
      sample: true
    reason:
      description: Why it has shown none, or why it is not verified.
      type: str
      sample: ''
    certificate:
      description: The same as an entry of RV(certificates), without C(content); empty when it has shown none.
      type: dict
      sample: {subject: CN=smtp-relay001.example.com}
host:
  description: The C(names) and C(addresses) of the host on which this ran.
  returned: success
  type: dict
  sample: {names: [smtp-relay001.example.com], addresses: [192.168.1.100]}
"""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.mail.relay_certificate import Relay


def argument_spec():
    """dict: the module's options."""
    return {
        "path": {"type": "path", "default": "/etc/postfix/server.crt"},
        "ca_path": {"type": "path"},
        "anchors": {"type": "list", "elements": "str", "default": []},
        "servers": {"type": "list", "elements": "str", "default": []},
        "ports": {"type": "list", "elements": "int", "default": [25, 587]},
        "timeout": {"type": "float", "default": 10},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    with reported(module):
        result = Relay(Runner(module), module.params).look(time.time())
    module.exit_json(**result)


if __name__ == "__main__":
    main()
