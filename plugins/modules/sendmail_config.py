#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: sendmail_config
short_description: Manage smart host and TLS of sendmail in its .mc and .cf files as one transaction
version_added: 0.2.0
author: mailops.relay contributors (@mailops)
description:
  - Brings the smart host, its port, TLS towards it and the listening addresses of sendmail to a wanted state, in
    C(sendmail.mc) and C(sendmail.cf) together, so that neither a rebuild nor a missing package with the macros
    undoes it.
  - Each C(.cf) is edited line by line. What a line cannot say has it built of its C(.mc) by C(m4), as the host's own
    C(make) does; that is refused when lines which only the C(.cf) has would be lost.
  - Where C(m4) and the macros are there, the new C(.mc) is built as well, and the module refuses to go on when the
    result would have other settings than the new C(.cf).
  - Sendmail itself reads the new C(.cf) and is asked what it understood, before anything live changes. The new files
    are moved in by rename. When that fails, all are put back.
  - The C(.cf) is newer than its C(.mc) afterwards, so that C(make -C /etc/mail) and C(/etc/mail/make) leave it alone.
  - Comments, order and everything that is not named in the call stay byte for byte.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.config_files
  - mailops.relay.config_files.files
  - mailops.relay.owner
attributes:
  check_mode:
    support: full
    details:
      - Where sendmail is not installed yet, the difference against empty files is shown, with a warning.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  config_directory:
    description:
      - The directory of C(sendmail.mc), C(sendmail.cf), C(submit.mc) and C(submit.cf).
    type: path
    default: /etc/mail
  smart_hosts:
    description:
      - The hosts that get all mail for other hosts, by name or IPv4 address, with or without brackets. Further ones are
        used when the first cannot be reached.
      - An empty list takes the smart host out. Without this option it stays as it is.
    type: list
    elements: str
  mx_lookup:
    description:
      - Whether mail goes to the mail exchangers of the smart host's name, C(DSname).
      - By default it goes to the host itself, C(DS[name]).
    type: bool
    default: false
  mailer:
    description:
      - The mailer that is written before the smart host, for example V(esmtp) for C(DSesmtp:[name]).
      - By default none is written, and sendmail takes its mailer C(relay).
    type: str
    choices: [relay, esmtp, smtp, smtp8, dsmtp]
  port:
    description:
      - The port of the smart hosts. It is an argument of the mailer (C(RELAY_MAILER_ARGS) and the like), so it is the
        same for all that this mailer does.
      - Used only with O(smart_hosts).
    type: int
    default: 25
  local_delivery:
    description:
      - With V(false), mail for users of this host goes to the first smart host too (C(MAIL_HUB)), once the aliases
        have been looked at. Its recipient is then the user of the same name there, such as
        C(root@smtp-relay001.example.com).
      - C(MAIL_HUB) takes no brackets, so for such mail DNS is asked for the mail exchangers of that host and has to answer.
        It should have none, since O(tls_level) is required of the host of that name only.
      - With V(true) it is delivered on this host. Without this option that stays as it is.
    type: bool
  alias_file:
    description:
      - A file of aliases, in the form of C(/etc/aliases), that is looked at before the others (C(ALIAS_FILE)), and needs no database.
        O(files) can write it.
      - Without this option these files stay as they are.
    type: path
    version_added: 0.10.0
  loopback_only:
    description:
      - With V(true), each daemon of sendmail that listens on another address listens on V(127.0.0.1), or V(::1) when
        it is for IPv6.
      - Where the host has V(::1), each daemon on V(127.0.0.1) gets one there beside it with C(-ipv6) at the end of its name, unless
        the configuration has one for IPv6 on the same port. It goes when the host has V(::1) no longer. Should IPv6 be switched
        off in between, sendmail starts without it after three quarters of a minute (C(M=O)).
    type: bool
    default: false
  submission_host:
    description:
      - The host to which the submission program (C(submit.cf)) hands mail of local users, by name or IPv4 address.
      - The usual V(127.0.0.1) is the daemon of the same host, for which alone the smart host and TLS settings hold.
        Without this option it stays as it is.
    type: str
  address_lookups:
    description:
      - Whether sendmail looks up the domains in addresses, those of all recipients and of senders.
      - With V(true), as sendmail is by default, it makes the domain of each address canonical and refuses senders whose
        domain does not exist. Where the resolver gives no answer for outside names, as on a closed network, no mail
        leaves the host then, not even to a smart host. It stays in the queue with C(Transient parse error), or is
        refused with C(451 Domain of sender address ... does not resolve).
      - With V(false) that is left to the smart host (C(FEATURE(`nocanonify')), C(FEATURE(`accept_unresolvable_domains')),
        and C(confDIRECT_SUBMISSION_MODIFIERS), without which mail of local programs is looked up all the same), in
        C(sendmail.mc), C(sendmail.cf), C(submit.mc) and C(submit.cf). The names of the smart hosts must still resolve,
        by C(/etc/hosts) if need be; with O(local_delivery=false), DNS must answer for the first one.
      - Mail that is queued already keeps what held for it when it was taken.
      - Without this option it stays as it is. A change needs C(m4) and the macros, since it changes rules.
    type: bool
  tls_level:
    description:
      - V(none) sends in clear.
      - V(opportunistic) encrypts where the smart host offers it.
      - V(encrypted) sends over TLS only (C(TLS_Srv:name ENCR:112) in the access map).
      - V(verified) moreover sends only to a host whose certificate comes from a CA in O(ca_file) and has the host's
        name as its common name (C(VERIFY:112+CN)). The common name is all that sendmail compares; a certificate that
        has its name among the alternative names only is refused.
      - All but V(opportunistic) need the access map. Mail that cannot be sent in this way stays in the queue.
      - Where the mailer has the flag C(0), sendmail finds no such entry and asks for no TLS. V(encrypted) and V(verified)
        are refused then.
      - Without this option the access map stays as it is.
    type: str
    choices: [none, opportunistic, encrypted, verified]
  tls_certificate_name:
    description:
      - The common name in the certificate, where it differs from the name in O(smart_hosts).
    type: str
  ca_file:
    description:
      - File with the CA certificates to trust. Required by O(tls_level=verified).
    type: path
  prefer_system_ca:
    description:
      - Whether O(ca_file) has certificates of public authorities. Where the host's own file of public authorities has all of
        those that O(files) writes to it, that one is used in its place, which the host's updates keep.
    type: bool
    default: false
    version_added: 0.5.0
  ca_path:
    description:
      - Directory with further CA certificates under their hashed names. Sendmail loads O(ca_file) only when such a
        directory is set too, so the default is the directory of O(ca_file).
    type: path
  refuse_other_mta:
    description:
      - Change nothing, and say so, where another mail system than sendmail runs, is started at boot or is what
        C(/usr/sbin/sendmail) leads to. Without it, RV(other_services) and RV(other_program) tell.
    type: bool
    default: false
    version_added: 0.12.0
notes:
  - The module restarts nothing. Do what RV(restart_required) says in the next task. Sendmail of EL7 cannot be reloaded.
  - The compiled access map is made by C(makemap), for the types C(hash) and C(btree).
seealso:
  - name: sendmail configuration, cf/README
    description: SMART_HOST, RELAY_MAILER_ARGS, MAIL_HUB, STARTTLS and the access map.
    link: https://www.proofpoint.com/us/sendmail-open-source
"""

EXAMPLES = r"""
- name: Send everything to the relay over verified TLS, and deliver nothing on this host
  mailops.relay.sendmail_config:
    smart_hosts: [smtp-relay001.example.com]
    port: 587
    local_delivery: false
    loopback_only: true
    address_lookups: false
    tls_level: verified
    ca_file: /etc/mail/relay-trust-anchors.pem
    files:
      - path: /etc/mail/relay-trust-anchors.pem
        content: "{{ lookup('ansible.builtin.file', 'smtp-relay001.crt') }}\n"
    backup: true
  register: result

- name: Make sendmail use it
  ansible.builtin.service:
    name: sendmail
    state: "{{ 'restarted' if result.restart_required or not result.running else 'started' }}"

- name: Two relays, the second for when the first is down
  mailops.relay.sendmail_config:
    smart_hosts: [smtp-relay001.example.com, smtp-relay002.example.com]

- name: DS192.168.1.100 without brackets, as the guide has it
  mailops.relay.sendmail_config:
    smart_hosts: [192.168.1.100]
    mx_lookup: true

- name: No smart host any more
  mailops.relay.sendmail_config:
    smart_hosts: []
    local_delivery: true

- name: Have the configuration back that was there before a role
  mailops.relay.sendmail_config:
    owner: sendmail_client
    state: absent
"""

RETURN = r"""
restart_required:
  description: Whether sendmail must be restarted for the change.
  returned: success
  type: bool
  sample: true
installed:
  description:
    - Whether sendmail is there, and what builds its C(.cf) files, C(m4), C(make) and the macros. When the module fails for want of
      one of them, V(false) is returned too.
  returned: success
  type: bool
  sample: true
  version_added: 0.8.0
running:
  description:
    - Whether something listens on the port of one of sendmail's daemons, or the process of its C(PidFile) is there; at
      a high load sendmail listens no longer. After a daemon that died, its service can still be called started.
  returned: success
  type: bool
  sample: true
enabled:
  description: Whether systemd starts sendmail at boot; V(null) where it does not say.
  returned: success
  type: bool
  sample: true
  version_added: 0.8.0
alone:
  description:
    - Whether no other mail system, Postfix or Exim, runs, is started at boot or is what C(/usr/sbin/sendmail) leads to; V(null) where
      systemd does not say.
  returned: success
  type: bool
  sample: true
  version_added: 0.8.0
other_services:
  description:
    - The services of other mail systems, Postfix or Exim, that run or are started at boot. The module itself stops none.
  returned: success
  type: list
  elements: str
  sample: [postfix.service]
  version_added: 0.12.0
other_program:
  description:
    - The program of another mail system to which EL's C(alternatives) lead C(/usr/sbin/sendmail); empty when there is none.
  returned: success
  type: str
  sample: /usr/sbin/sendmail.postfix
  version_added: 0.11.0
smart_host:
  description: The value of C(DS) in the C(.cf); empty when there is no smart host.
  returned: success
  type: str
  sample: "[smtp-relay001.example.com]"
sendmail_version:
  description: The version of the installed sendmail; empty in check mode when it is not installed.
  returned: success
  type: str
  sample: 8.17.1.9
backup_files:
  description: The paths of the backups.
  returned: success
  type: list
  elements: str
  sample: [/etc/mail/sendmail.mc.2026-11-22@07:44:01~]
leaked_private_keys:
  description:
    - The paths of files and backups that held a private key, for entries of O(files) of which the new content has none. The
      key is no longer there, in check mode it would not be. Others could read it, so it must be made anew.
  returned: success
  type: list
  elements: str
  sample: [/etc/mail/relay-trust-anchors.pem]
diff:
  description: The difference of each file that changes. Passwords and private keys are replaced by a note.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: /etc/mail/sendmail.cf
      after_header: /etc/mail/sendmail.cf
      before: "DS\n"
      after: "DS[smtp-relay001.example.com]\n"
"""


from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.configuration import Configuration
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.request import MAILERS, TLS_LEVELS


def argument_spec():
    """dict: the module's arguments."""
    return dict(
        config_directory=dict(type="path", default="/etc/mail"),
        smart_hosts=dict(type="list", elements="str"),
        mx_lookup=dict(type="bool", default=False),
        mailer=dict(type="str", choices=list(MAILERS)),
        port=dict(type="int", default=25),
        local_delivery=dict(type="bool"),
        alias_file=dict(type="path"),
        loopback_only=dict(type="bool", default=False),
        submission_host=dict(type="str"),
        address_lookups=dict(type="bool"),
        tls_level=dict(type="str", choices=list(TLS_LEVELS)),
        tls_certificate_name=dict(type="str"),
        ca_file=dict(type="path"),
        prefer_system_ca=dict(type="bool", default=False),
        ca_path=dict(type="path"),
        refuse_other_mta=dict(type="bool", default=False),
        owner=dict(type="str"),
        state=dict(type="str", choices=["present", "absent"], default="present"),
        files=dict(
            type="list",
            elements="dict",
            default=[],
            options=dict(
                path=dict(type="str", required=True),
                content=dict(type="str"),
                mode=dict(type="raw"),
                state=dict(type="str", choices=["present", "absent"], default="present"),
            ),
        ),
        backup=dict(type="bool", default=False),
    )


def main():
    """Run the module."""
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    with reported(module):
        configuration = Configuration(
            module.params, Runner(module), labeller(module), module.check_mode, module.tmpdir, module.conceal
        )
        result = configuration.apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
