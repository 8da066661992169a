#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: tls_keypair
short_description: Keep a private key and its certificate, renewed in time
version_added: 0.1.0
description:
  - Makes a private key, and for it a self-signed certificate, a certificate signed by a given authority or by the site's, or a
    certificate request, with the host's C(openssl) program. The host needs no Python library for it.
  - A new certificate (or request) is made when there is none, when it cannot be read, when its common name or its subject
    alternative names are not those asked for, when it belongs to another key, when it expires within O(renew_before_days),
    and when it was issued by another than O(provider) says. A changed O(valid_days) takes effect at the next renewal.
  - A new key is made when there is none. In all other cases the key stays, so that clients which compare its fingerprint
    need no change, unless O(new_key_on_renewal) is set.
  - What may be somebody's work is not replaced unless O(force) says so; the module fails and changes nothing.
  - It fails too when something is to be made and the host's clock says a time before 2020, as one does that was never set.
  - With O(overlap) clients can trust a new certificate before it is served. It is made beside the one in use, which goes on, and takes
    its place in one step when O(overlap=switch) says so.
  - Key and certificate are made in a private directory beside their destination and renamed into place, the key first.
    A key is never readable for others, not for a moment. When a step fails, both files are what they were. When the module
    is killed between the two renames, the next run makes the certificate for the new key.
  - A self-signed certificate verifies as its own trust anchor with OpenSSL 1.0.2 and later. It may sign no certificate
    of a further authority (C(pathlen:0)). Its serial number is a part of its subject, so that it can stand in one file of trust
    anchors with an earlier one of the same name, in either order.
author: mailops.relay contributors (@mailops)
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  check_mode:
    support: full
    details:
      - Where the C(openssl) program, a directory or the authority's files are missing, check mode warns instead of failing,
        as an earlier task may be about to bring them.
  diff_mode:
    support: full
    details:
      - Shows names, validity, kind of key, modes, owners and fingerprints, never the key. In check mode, what only the run
        can know is shown as C((new)).
  idempotent:
    support: full
requirements:
  - openssl program, 1.0.2 or later, on the managed host
options:
  privatekey_path:
    description:
      - Absolute path of the private key on the managed host, PEM (PKCS#8) without passphrase.
      - A symbolic link is followed.
    type: path
    required: true
  certificate_path:
    description:
      - Absolute path of the certificate on the managed host, PEM.
      - Required unless O(provider=csr). With O(provider=csr) the file is only read and reported, if it is there; the module
        warns when it does not fit the key and the names, or expires within O(renew_before_days).
    type: path
  csr_path:
    description:
      - Absolute path of the certificate request on the managed host, PEM.
      - Required with O(provider=csr), refused otherwise.
    type: path
  provider:
    description:
      - V(selfsigned) makes a self-signed certificate.
      - V(ownca) has the certificate signed by the authority of O(ownca_path) and O(ownca_privatekey_path).
      - V(csr) makes the key and a certificate request; the certificate comes from elsewhere.
      - V(siteca) has the certificate signed by a CA on another host (M(mailops.relay.site_ca)). Where that is due, the module returns
        RV(request), changes nothing that is in use, and is to be called once more, with O(signed_certificate) and O(signed_authority).
        The certificates of the CA that clients have to trust are beside the certificate, in C(PATH.ca).
    type: str
    choices: [selfsigned, ownca, siteca, csr]
    default: selfsigned
  type:
    description:
      - Kind of key.
    type: str
    choices: [RSA, ECC]
    default: RSA
  size:
    description:
      - Bits of an RSA key, 2048 to 16384. Not used with O(type=ECC).
    type: int
    default: 2048
  curve:
    description:
      - Curve of an ECC key, by its IANA name. Not used with O(type=RSA).
    type: str
    choices: [secp256r1, secp384r1, secp521r1]
    default: secp256r1
  common_name:
    description:
      - Common name of the subject, usually the host's fully qualified domain name; at most 64 characters.
    type: str
    required: true
  subject_alt_name:
    description:
      - All names that the certificate is valid for, each as V(DNS:relay.example.com), V(IP:192.0.2.1) or
        V(email:postmaster@example.com).
      - Without any, it is the O(common_name) as a DNS name. With some, the common name is not added, and clients ignore it.
    type: list
    elements: str
    default: []
  valid_days:
    description:
      - How many days a new certificate is valid, 1 to 36500. One that is signed by an authority does not outlive it.
    type: int
    default: 3650
  renew_before_days:
    description:
      - How many days before its end a certificate is renewed. Must be less than O(valid_days).
    type: int
    default: 30
  new_key_on_renewal:
    description:
      - Whether each new certificate (or request) that takes the place of an old one gets a new key.
    type: bool
    default: false
  force:
    description:
      - Whether to replace a key that is not of O(type), O(size) and O(curve), a certificate that another authority than the one of
        O(ownca_path) has issued, or that cannot be read although it is whole, and a certificate whose time has not begun, as of a
        host's clock that was wrong. A backup is always kept.
      - What needs no new file is not touched with it either.
    type: bool
    default: false
    version_added: 0.5.0
  replace_broken_key:
    description:
      - Whether a file at O(privatekey_path) that C(openssl) cannot read as a key, or only with a passphrase, is replaced. A
        backup of it is always kept. Otherwise the module fails, because the key may be lost for good.
      - Of a certificate or request, what is no longer whole is always replaced, and a backup of it kept.
    type: bool
    default: false
  overlap:
    description:
      - What happens to a pair in use that has to be replaced, for any of the reasons above, but that clients can still verify.
      - V(none), it is replaced at once.
      - V(wait), the next key and certificate are made, as C(PATH.next) beside O(privatekey_path) and O(certificate_path), and the pair in
        use stays. RV(next) tells of them. When there is no reason any more, or what is in use is the same, they are removed. A pair that
        nobody can verify (it has expired, or key and certificate do not belong together) is replaced at once, by the next one if there
        is one. One for other names than those that are asked for stays too, for the clients that know no other.
      - V(switch), the next key and certificate take the place of the pair in use, if they are there and fit. For that, both paths become
        symbolic links into the directory C(PATH.pairs) beside O(certificate_path), in which one rename replaces both; a key is never
        there with the certificate of another. The files C(PATH.next) stay until the next run, so that whoever serves the pair can be
        told before.
      - Refused with O(provider=csr).
    type: str
    choices: [none, wait, switch]
    default: none
    version_added: 0.9.0
  ownca_path:
    description:
      - Absolute path of the authority's certificate on the managed host, PEM; the first one in the file counts.
      - Required with O(provider=ownca), refused otherwise.
    type: path
  ownca_privatekey_path:
    description:
      - Absolute path of the authority's private key on the managed host, PEM. It is only read when a certificate is to be
        signed.
      - Required with O(provider=ownca), refused otherwise.
    type: path
  ownca_privatekey_passphrase:
    description:
      - Passphrase of the authority's private key. It reaches C(openssl) on standard input.
    type: str
  siteca_name:
    description:
      - Common name of the site's CA. A certificate of a CA of another name is replaced.
      - Required with O(provider=siteca), refused otherwise.
    type: str
    version_added: 0.10.0
  siteca_renew_before_days:
    description:
      - How many days before the end of the site's CA, at most a third of its life, a certificate of the CA that follows it is made.
      - Without it, 365. Refused unless O(provider=siteca).
    type: int
    version_added: 0.10.0
  signed_certificate:
    description:
      - What the site's CA has signed for RV(request), PEM. Refused unless O(provider=siteca).
    type: str
    version_added: 0.10.0
  signed_authority:
    description:
      - The certificate of the CA that has signed it, PEM. Required with O(signed_certificate).
    type: str
    version_added: 0.10.0
  privatekey_mode:
    description:
      - Permission bits of the private key, in quotes.
    type: str
    choices: ['0400', '0440', '0600', '0640']
    default: '0600'
  certificate_mode:
    description:
      - Permission bits of the certificate, or of the request with O(provider=csr), in quotes.
    type: str
    choices: ['0400', '0440', '0444', '0600', '0640', '0644']
    default: '0644'
  owner:
    description:
      - User, by name or number, that owns the files. Without it, existing files keep theirs and new ones get the user that
        Ansible becomes.
    type: str
  group:
    description:
      - Group, by name or number, of the files. Without it, existing files keep theirs.
    type: str
  backup:
    description:
      - Whether to keep a copy, with its mode and owner, of each file whose content is replaced.
    type: bool
    default: false
notes:
  - Nothing of this module is taken back. Others trust a certificate once it has been handed out, and the configuration from before
    may name the same files. What O(backup) has kept of the files from before lies beside them; rename it to have it back.
seealso:
  - module: mailops.relay.site_ca
  - module: community.crypto.openssl_privatekey
  - module: community.crypto.x509_certificate
"""

EXAMPLES = r"""
- name: Self-signed certificate for a relay, valid ten years
  mailops.relay.tls_keypair:
    privatekey_path: /etc/pki/tls/private/smtp-relay001.example.com.key
    certificate_path: /etc/pki/tls/certs/smtp-relay001.example.com.crt
    common_name: smtp-relay001.example.com
    subject_alt_name:
      - DNS:smtp-relay001.example.com
      - IP:192.0.2.25
  register: relay_tls

- name: Show what clients pin
  ansible.builtin.debug:
    msg: "smtp_tls_fingerprint_cert_match = {{ relay_tls.public_key_fingerprint_sha256 }}"

- name: ECDSA key, certificate signed by the site's own authority and renewed 14 days before its end
  mailops.relay.tls_keypair:
    privatekey_path: /etc/ssl/private/relay.key
    certificate_path: /etc/ssl/certs/relay.crt
    provider: ownca
    ownca_path: /etc/ssl/certs/site-ca.crt
    ownca_privatekey_path: /etc/ssl/private/site-ca.key
    ownca_privatekey_passphrase: "{{ vault_site_ca_passphrase }}"
    type: ECC
    common_name: relay.example.com
    valid_days: 365
    renew_before_days: 14
    backup: true

- name: Key and certificate request for an authority elsewhere
  mailops.relay.tls_keypair:
    privatekey_path: /etc/ssl/private/relay.key
    certificate_path: /etc/ssl/certs/relay.crt
    csr_path: /etc/ssl/relay.csr
    provider: csr
    size: 3072
    common_name: relay.example.com
"""

RETURN = r"""
request:
  description:
    - What the site's CA has to sign before anything is done. Empty when nothing is.
  returned: success
  type: dict
  version_added: 0.10.0
  contains:
    csr:
      description: The certificate request (PEM); empty in check mode.
      type: str
      sample: "-----BEGIN CERTIFICATE REQUEST-----\nMIIC...\n-----END CERTIFICATE REQUEST-----\n"
    authority:
      description: The certificate (PEM) of the CA of O(siteca_name), as this host has it; empty where it has none that is valid.
      type: str
      sample: "-----BEGIN CERTIFICATE-----\nMIIC...\n-----END CERTIFICATE-----\n"
next:
  description:
    - The next pair that waits, or would be made in check mode; empty when there is none. Beside what is told of the pair in use,
      C(made), whether it was made by this run, and C(reasons), why the pair in use is to be replaced.
  returned: success
  type: dict
  sample: {certificate_path: /etc/ssl/certs/relay.crt.next, not_after: '2036-11-25T01:00:00Z', made: true}
  version_added: 0.9.0
switched:
  description: Whether the next pair took the place of the one in use, or would in check mode.
  returned: success
  type: bool
  sample: false
  version_added: 0.9.0
reload_required:
  description: Whether what is at the two paths has changed, so that a program that serves it has to read it again.
  returned: success
  type: bool
  sample: true
  version_added: 0.9.0
privatekey_path:
  description: Where the private key is.
  returned: success
  type: str
  sample: /etc/ssl/private/relay.key
certificate_path:
  description: Where the certificate is.
  returned: success
  type: str
  sample: /etc/ssl/certs/relay.crt
certificate:
  description:
    - The certificate (PEM), the first one in the file. What clients of a self-signed relay need as their trust anchor.
    - In check mode the one that is there now; V(none) when there is none.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE-----\nMIIC...\n-----END CERTIFICATE-----\n"
fingerprint_sha256:
  description: SHA-256 of the certificate as Postfix writes it with C(smtp_tls_fingerprint_digest=sha256).
  returned: success
  type: str
  sample: "5F:0C:9B:6A:E3:05:7D:A8:31:04:C7:5E:11:4D:55:B4:4C:62:2A:8A:D6:0B:79:06:2C:95:60:EA:F8:0E:31:FE"
public_key_fingerprint_sha256:
  description:
    - SHA-256 of the public key (DER of SubjectPublicKeyInfo), in the same form. It stays the same when the certificate is
      renewed.
  returned: success
  type: str
  sample: "9A:3E:21:4B:00:7C:D5:18:6F:A2:44:E9:80:13:5B:C7:F6:0D:92:1C:EE:37:58:A9:42:6B:10:DD:03:84:B1:27"
not_before:
  description: When the certificate begins to be valid, ISO 8601 in UTC.
  returned: success
  type: str
  sample: '2026-01-31T12:00:00Z'
not_after:
  description: When the certificate expires, ISO 8601 in UTC.
  returned: success
  type: str
  sample: '2036-01-29T12:00:00Z'
subject_alt_name:
  description: The names in the certificate.
  returned: success
  type: list
  elements: str
  sample: ["DNS:relay.example.com", "IP:192.0.2.25"]
serial:
  description: The certificate's serial number, hexadecimal, as C(openssl x509 -serial) prints it.
  returned: success
  type: str
  sample: 5D1CB0B4E2A34C1CA6C1C0C7B2C27F9A1E0A9F01
csr_path:
  description: Where the certificate request is.
  returned: success and O(provider=csr)
  type: str
  sample: /etc/ssl/relay.csr
csr:
  description: The certificate request (PEM); V(none) in check mode when there is none.
  returned: success and O(provider=csr)
  type: str
  sample: "-----BEGIN CERTIFICATE REQUEST-----\nMIIC...\n-----END CERTIFICATE REQUEST-----\n"
reasons:
  description: Why something was changed, or would be in check mode; empty when nothing was.
  returned: success
  type: list
  elements: str
  sample: ["certificate: it expires on 2026-02-20T12:00:00Z, less than 30 days from now"]
backup_files:
  description: Copies that were kept of replaced files.
  returned: success
  type: list
  elements: str
  sample: ["/etc/ssl/certs/relay.crt.2026-01-31@12:00:00~"]
"""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host import accounts, keypair, keypair_next
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import Wanted
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller


def argument_spec():
    return dict(
        privatekey_path=dict(type="path", required=True),
        certificate_path=dict(type="path"),
        csr_path=dict(type="path"),
        provider=dict(type="str", choices=["selfsigned", "ownca", "siteca", "csr"], default="selfsigned"),
        type=dict(type="str", choices=["RSA", "ECC"], default="RSA"),
        size=dict(type="int", default=2048),
        curve=dict(type="str", choices=["secp256r1", "secp384r1", "secp521r1"], default="secp256r1"),
        common_name=dict(type="str", required=True),
        subject_alt_name=dict(type="list", elements="str", default=[]),
        valid_days=dict(type="int", default=3650),
        renew_before_days=dict(type="int", default=30),
        new_key_on_renewal=dict(type="bool", default=False, no_log=False),
        force=dict(type="bool", default=False),
        replace_broken_key=dict(type="bool", default=False, no_log=False),
        ownca_path=dict(type="path"),
        ownca_privatekey_path=dict(type="path"),
        ownca_privatekey_passphrase=dict(type="str", no_log=True),
        siteca_name=dict(type="str"),
        siteca_renew_before_days=dict(type="int"),
        signed_certificate=dict(type="str"),
        signed_authority=dict(type="str"),
        privatekey_mode=dict(type="str", choices=["0400", "0440", "0600", "0640"], default="0600", no_log=False),
        certificate_mode=dict(type="str", choices=["0400", "0440", "0444", "0600", "0640", "0644"], default="0644"),
        overlap=dict(type="str", choices=["none", "wait", "switch"], default="none"),
        owner=dict(type="str"),
        group=dict(type="str"),
        backup=dict(type="bool", default=False),
    )


def main():
    module = RelayModule(
        argument_spec=argument_spec(),
        required_if=[
            ("provider", "selfsigned", ["certificate_path"]),
            ("provider", "ownca", ["certificate_path", "ownca_path", "ownca_privatekey_path"]),
            ("provider", "siteca", ["certificate_path", "siteca_name"]),
            ("provider", "csr", ["csr_path"]),
        ],
        supports_check_mode=True,
    )
    params = dict(module.params)
    overlap = params.pop("overlap")
    warnings = []

    with reported(module):
        owner = accounts.user("owner", params["owner"], module.check_mode, warnings)
        group = accounts.group("group", params["group"], module.check_mode, warnings)
        params.update(
            kind=params.pop("type"),
            names=params.pop("subject_alt_name"),
            privatekey_mode=int(params["privatekey_mode"], 8),
            certificate_mode=int(params["certificate_mode"], 8),
            owner=owner,
            group=group,
        )
        runner = Runner(module)
        arguments = (
            runner if runner.find("openssl") is not None else None,
            module.check_mode,
            labeller(module),
            time.time(),
        )
        if overlap == "none":
            result, found = keypair.ensure(Wanted(**params), *arguments)
        else:
            result, found = keypair_next.ensure(Wanted(**params), overlap == "switch", *arguments)
    if not module._diff:
        result.pop("diff")
    module.exit_json(warnings=warnings + found, **result)


if __name__ == "__main__":
    main()
