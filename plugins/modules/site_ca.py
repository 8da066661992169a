#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: site_ca
short_description: Keep the CA of a site, and sign the certificates of its relays
version_added: 0.10.0
author: mailops.relay contributors (@mailops)
description:
  - Keeps a CA in one file, its certificate and its key, which is encrypted with a passphrase. It is made where there is no file, with an
    RSA key of 3072 bits, and made anew before it ends.
  - Signs the request of M(mailops.relay.tls_keypair) with O(mailops.relay.tls_keypair#module:provider=siteca). The names and what the
    certificate is for come from the options, and not from the request.
  - The CA signs the certificates of servers, and no other authority's (C(pathlen:0)). Its serial number is a part of its subject, so that
    clients can trust it and the one that follows it in one file.
  - Runs where the file is. Delegated to the controller it runs as who has started Ansible, without C(become).
  - The file is C(0600) from birth. The passphrase reaches C(openssl) on standard input, and is in no log and on no command line; an open key is in
    no file.
  - A CA is never replaced by another one unless it is about to end. The former file is kept as a backup then.
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  check_mode:
    support: full
    details:
      - Opens the CA that is there. Nothing is signed.
  diff_mode:
    support: full
    details:
      - Shows the subject, the validity and the fingerprint of the CA, never its key.
  idempotent:
    support: partial
    details:
      - The file is only changed when a CA is made. What is signed is another certificate each time.
requirements:
  - openssl program, 1.0.2 or later, where the file is
options:
  path:
    description:
      - Absolute path of the file. Its directory must exist.
    type: path
    required: true
  passphrase:
    description:
      - Passphrase of the key, at least 16 characters.
    type: str
    required: true
  name:
    description:
      - Common name of the CA. A file with a CA of another name is refused.
    type: str
    required: true
  valid_days:
    description:
      - How many days a new CA is valid, 1 to 36500.
    type: int
    default: 7300
  renew_before_days:
    description:
      - How many days before its end, at most a third of its life, the CA is made anew when it is asked to sign.
    type: int
    default: 365
  known:
    description:
      - The certificate (PEM) of the CA of this O(name) that the relay has. Where it has one, and the file is gone, no CA is made, since
        that would be another one of which the clients know nothing.
    type: str
    default: ''
  request:
    description:
      - The request (PEM) to be signed. Without it nothing is signed.
    type: str
    default: ''
  common_name:
    description:
      - Common name that the certificate is to have. The request must have the same.
    type: str
    required: true
  subject_alt_name:
    description:
      - As of M(mailops.relay.tls_keypair).
    type: list
    elements: str
    default: []
  days:
    description:
      - How many days the certificate is valid, 1 to 36500. It does not outlive the CA.
    type: int
    default: 3650
  leaf_renew_before_days:
    description:
      - How many days before its end the certificate will be renewed. One that would be valid no longer than that is refused.
    type: int
    default: 30
seealso:
  - module: mailops.relay.tls_keypair
"""

EXAMPLES = r"""
- name: Have the CA on the controller sign
  mailops.relay.site_ca:
    path: "{{ inventory_dir }}/.siteca.pem"
    passphrase: "{{ vault_site_ca_passphrase }}"
    name: Mail relay CA
    request: "{{ relay_tls.request.csr }}"
    known: "{{ relay_tls.request.authority }}"
    common_name: smtp-relay001.example.com
  delegate_to: localhost
  register: signed
"""

RETURN = r"""
certificate:
  description: What was signed (PEM); empty when nothing was.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----\nMIIC...\n-----END CERTIFICATE-----\n"
authority:
  description: The certificate of the CA (PEM); empty in check mode when it would be made.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----\nMIIC...\n-----END CERTIFICATE-----\n"
not_after:
  description: When the CA expires, ISO 8601 in UTC; empty in check mode when it would be made.
  returned: success
  type: str
  sample: '2046-11-23T12:00:00Z'
reasons:
  description: Why the CA was made, or would be in check mode; empty when it was not.
  returned: success
  type: list
  elements: str
  sample: ["path: /srv/mail/.siteca.pem does not exist"]
backup_files:
  description: The copy that was kept of the former file.
  returned: success
  type: list
  elements: str
  sample: ["/srv/mail/.siteca.pem.2026-01-31@12:00:00~"]
"""

import shutil
import tempfile
import time

from ansible_collections.mailops.relay.plugins.module_utils.host import site_ca
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller


def argument_spec():
    return dict(
        path=dict(type="path", required=True),
        passphrase=dict(type="str", required=True, no_log=True),
        name=dict(type="str", required=True),
        valid_days=dict(type="int", default=7300),
        renew_before_days=dict(type="int", default=365),
        known=dict(type="str", default=""),
        request=dict(type="str", default=""),
        common_name=dict(type="str", required=True),
        subject_alt_name=dict(type="list", elements="str", default=[]),
        days=dict(type="int", default=3650),
        leaf_renew_before_days=dict(type="int", default=30),
    )


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    with reported(module):
        params = dict(module.params)
        wanted = site_ca.Wanted(names=params.pop("subject_alt_name"), **params)
        scratch = tempfile.mkdtemp()
        try:
            result = site_ca.ensure(wanted, Runner(module), module.check_mode, scratch, labeller(module), time.time())
        finally:
            shutil.rmtree(scratch)
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
