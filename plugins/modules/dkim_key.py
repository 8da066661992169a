#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dkim_key
short_description: Keep the private key of a DKIM signer, and say what its DNS record is
version_added: 0.10.0
author: mailops.relay contributors (@mailops)
description:
  - Makes an RSA key with the host's C(openssl) program, and returns the record with which verifiers find its public half, as text,
    as strings of a TXT record and as lines of a zone file.
  - A key that is there is kept, of whatever size verifiers take. One that cannot sign is refused unless O(force) says so.
  - The key is made in a private directory beside its destination, with mode 0600, and renamed into place. It is never readable for
    others, not for a moment, and when the module is killed the file is the old one or the new one.
  - A key signs nothing yet. First publish its record, and ask M(mailops.relay.dkim_published_info) whether the world sees it.
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  check_mode:
    support: full
    details:
      - Where the C(openssl) program or the user of O(owner) is missing, check mode warns instead of failing, as an earlier task may be
        about to bring it.
  diff_mode:
    support: full
    details:
      - Shows size, mode, owner and fingerprint, never the key.
  idempotent:
    support: full
requirements:
  - openssl program, 1.0.2 or later, on the managed host
options:
  domain:
    description:
      - The domain that signs, C(d=) of the signature. It should be that of the senders' addresses, or one above it.
    type: str
    required: true
  selector:
    description:
      - The name of this key within the domain, C(s=) of the signature; a DNS label. Each host with a key of its own needs a selector
        of its own.
    type: str
    required: true
  path:
    description:
      - Absolute path of the private key on the managed host, PEM (PKCS#8) without passphrase. A symbolic link is followed.
      - Its directory is made where it is missing, with mode 0700 and the same owner.
    type: path
    required: true
  size:
    description:
      - Bits of a new key, 1024 to 4096. With 2048 the record has about 400 characters, so it needs two strings; some forms for DNS
        records take one only, which a key of 1024 bits fits into.
    type: int
    default: 2048
  force:
    description:
      - Whether to replace a file at O(path) that is no usable key, and a key that has not O(size) bits. A backup is always kept.
      - What was signed with the former key verifies as long as its record is published.
    type: bool
    default: false
  mode:
    description:
      - Permission bits of the key, in quotes.
    type: str
    choices: ['0400', '0440', '0600', '0640']
    default: '0600'
  owner:
    description:
      - The user that the signer runs as, by name or number. Default is the owner of an existing key; a new one belongs to the user that
        Ansible is.
    type: str
  group:
    description:
      - The group of the key, in the same way.
    type: str
  backup:
    description:
      - Whether to keep a dated copy of a key of which mode or owner changes.
    type: bool
    default: false
seealso:
  - module: mailops.relay.dkim_published_info
  - name: RFC 6376
    description: DomainKeys Identified Mail (DKIM) Signatures.
    link: https://www.rfc-editor.org/rfc/rfc6376
"""

EXAMPLES = r"""
- name: A key for this relay
  mailops.relay.dkim_key:
    domain: example.com
    selector: relay01
    path: /etc/opendkim/keys/relay01._domainkey.example.com.pem
    owner: opendkim
    group: opendkim
  register: dkim

- name: Show what to publish
  ansible.builtin.debug:
    msg: "{{ dkim.zone_record }}"
"""

RETURN = r"""
domain:
  description: The domain that signs.
  returned: success
  type: str
  sample: example.com
selector:
  description: The name of the key within the domain.
  returned: success
  type: str
  sample: relay01
path:
  description: Where the private key is.
  returned: success
  type: str
  sample: /etc/opendkim/keys/relay01._domainkey.example.com.pem
size:
  description: Bits of the key that is there; V(none) in check mode when there is none. So are the public key and the records.
  returned: success
  type: int
  sample: 2048
public_key:
  description: The public half as C(p=) of the record has it, the base64 of a SubjectPublicKeyInfo (DER).
  returned: success
  type: str
  sample: MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA...
record_name:
  description: The name under which to publish the record.
  returned: success
  type: str
  sample: relay01._domainkey.example.com
record:
  description: The text of the TXT record, for a form that cuts it into strings by itself.
  returned: success
  type: str
  sample: v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA...
record_strings:
  description: The same in strings of at most 255 characters, which readers join.
  returned: success
  type: list
  elements: str
  sample: ["v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A...", "MIIBCgKCAQEA..."]
zone_record:
  description: The same as lines of a zone file.
  returned: success
  type: str
  sample: "relay01._domainkey.example.com. 3600 IN TXT (\n    \"v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A...\"\n    \"MIIB...\" )\n"
reasons:
  description: Why something was changed, or would be in check mode; empty when nothing was.
  returned: success
  type: list
  elements: str
  sample: ["/etc/opendkim/keys/relay01._domainkey.example.com.pem does not exist"]
backup_files:
  description: Copies that were kept of a replaced key.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.mailops.relay.plugins.module_utils.host import accounts
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_key


def argument_spec():
    """dict: the module's options."""
    return {
        "domain": {"type": "str", "required": True},
        "selector": {"type": "str", "required": True},
        "path": {"type": "path", "required": True},
        "size": {"type": "int", "default": 2048},
        "force": {"type": "bool", "default": False},
        "mode": {"type": "str", "choices": ["0400", "0440", "0600", "0640"], "default": "0600"},
        "owner": {"type": "str"},
        "group": {"type": "str"},
        "backup": {"type": "bool", "default": False},
    }


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = dict(module.params)
    warnings = []
    with reported(module):
        params.update(
            mode=int(params["mode"], 8),
            owner=accounts.user("owner", params["owner"], module.check_mode, warnings),
            group=accounts.group("group", params["group"], module.check_mode, warnings),
        )
        runner = Runner(module)
        result, found = dkim_key.ensure(
            dkim_key.Wanted(**params),
            runner if runner.find("openssl") is not None else None,
            module.check_mode,
            labeller(module),
        )
    if not module._diff:
        result.pop("diff")
    module.exit_json(warnings=warnings + found, **result)


if __name__ == "__main__":
    main()
