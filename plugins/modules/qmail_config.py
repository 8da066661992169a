#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: qmail_config
short_description: Change the control files of qmail as one transaction, and bring them into use
version_added: 0.2.0
description:
  - Writes files of C(/var/qmail/control). Each is checked first, by what qmail can read in it. A file that qmail
    does not know, or a value that it could not use, is refused by name, and nothing changes.
  - New files are staged and moved in by rename, so that each file is whole at every moment. When one cannot be put
    in place, all are put back.
  - C(morercpthosts) is compiled with the C(qmail-newmrh) of this qmail where that is present.
  - Says what a running qmail needs to use the change, by file, and does it when O(service_manager) is not V(none).
  - Works with qmail, netqmail and notqmail, which read the same files in the same way. Installs nothing.
author: mailops.relay contributors (@mailops)
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.config_files
  - mailops.relay.owner
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: A C(smtproutes) with credentials is never shown.
  idempotent:
    support: full
options:
  control:
    description:
      - Control files by name, with what each shall hold. Files that are not named stay as they are.
      - "One value: V(bouncefrom), V(bouncehost), V(concurrencyincoming), V(concurrencylocal), V(concurrencyremote),
        V(databytes), V(defaultdomain), V(defaulthost), V(doublebouncehost), V(doublebounceto), V(envnoathost),
        V(helohost), V(idhost), V(localiphost), V(me), V(plusdomain), V(queuelifetime), V(smtpgreeting),
        V(timeoutconnect), V(timeoutremote), V(timeoutsmtpd)."
      - "A list of lines: V(badmailfrom), V(locals), V(morercpthosts), V(percenthack), V(qmqpservers), V(rcpthosts)."
      - "A mapping, or the lines of the file as a list: V(smtproutes) (domain to relay) and V(virtualdomains) (domain or
        address to prefix). The empty key of V(smtproutes) is every domain."
      - An empty list or mapping makes an empty file, which is not the same as no file. Without V(locals) the name in
        V(me) is local, and without V(rcpthosts) everything is accepted.
      - With null, the file is removed, so that the default of qmail applies.
      - Comments in a list or mapping stay, and so does the order of the entries that stay.
      - A host name of only one label gets C(defaultdomain) from C(qmail-inject). C(qmail-remote) knows no IPv6.
      - C(concurrencyincoming) is read by the run script of the SMTP service, if that does so at all. The result says
        V(restart_smtpd), and the module leaves it to the caller.
    type: dict
    default: {}
  credentials:
    description:
      - Routes of C(smtproutes) with a user and a password, for a C(qmail-remote) that is patched to use them. That of
        qmail, netqmail and notqmail is not, and it would look for a relay of that whole name.
      - Together with C(smtproutes) in O(control) they are all that the file holds. Without it they are all there is.
      - The file is root's and the group C(qmail)'s, mode V(0640), so that C(qmail-remote) can read it.
    type: list
    elements: dict
    default: []
    suboptions:
      domain:
        description:
          - The domain of the recipients. V(.example.com) is each domain below it, empty is every domain.
        type: str
        default: ''
      relay:
        description:
          - Host name or IPv4 address of the relay.
        type: str
        required: true
      port:
        description:
          - Its port.
        type: int
        default: 587
      user:
        description:
          - The user's name. Some patches take a leading V(-) as leave to send the password unencrypted.
        type: str
        required: true
      password:
        description:
          - The password.
        type: str
        required: true
  credentials_format:
    description:
      - How the patched C(qmail-remote) reads them. It must be named with O(credentials), since it differs between patches.
      - V(pipe) writes C(domain:relay:port|user|password).
      - V(space) writes C(domain:relay:port user password).
    type: str
    choices: [pipe, space]
  forwards:
    description:
      - Who gets mail for addresses of qmail's user C(alias), name to address. Each is a file C(.qmail-NAME) in the home of that user.
      - "Mail gets there by C(locals), or by an entry of C(virtualdomains) such as C(root@web03.example.com: alias)."
      - A file in which somebody else has said where such mail goes is refused, unless the risk V(local-deliveries) is accepted.
    type: dict
    default: {}
    version_added: 0.11.0
  directory:
    description:
      - The directory of the control files, as C(control) in the home directory of qmail.
    type: path
    default: /var/qmail/control
  accept_risks:
    description:
      - V(open-relay-rcpthosts) lets C(rcpthosts) be removed, and lets it or C(morercpthosts) name a top-level domain such as
        C(.com); both make C(qmail-smtpd) an open relay.
      - V(local-deliveries) lets C(locals) and C(virtualdomains) end deliveries on this host that somebody wished for, by
        C(virtualdomains), C(users/assign) or C(.qmail) files, and O(forwards) replace such a file. A warning names them. Mail for these addresses then
        leaves the host.
    type: list
    elements: str
    default: []
  service_manager:
    description:
      - Whether, and through what, a running C(qmail-send) is made to use the change.
      - V(none) changes files only. RV(action) says what is left to do.
      - V(auto) asks the host what supervises the running C(qmail-send).
      - With each of the others, that one is used, and with O(service) also when the host does not show it.
      - A HUP is sent to C(qmail-send) itself. A restart goes through the supervisor, and the module waits until a new
        C(qmail-send) has read its control files.
      - A restart that was needed and did not come to its end is tried again by the next run.
      - A C(qmail-send) that does not run is not started. It reads the files when it is.
    type: str
    choices: [none, auto, systemd, daemontools, runit, init]
    default: none
  service:
    description:
      - The systemd unit, the service directory of daemontools or runit, or the init script. A name without a path is
        looked for in C(/service), C(/etc/service) and C(/var/service), or in C(/etc/init.d).
      - The default is the one that the host shows.
    type: str
  timeout:
    description:
      - Seconds to wait for a signal or a restart to take effect. C(qmail-send) ends after its current deliveries,
        which may take more than a minute.
    type: float
    default: 120
seealso:
  - name: qmail-control(5)
    description: The control files and who reads them.
    link: https://notqmail.org/manpages/qmail-control.5.html
"""

EXAMPLES = r"""
- name: Hand all mail to the relay, deliver nothing here, accept nothing from outside
  mailops.relay.qmail_config:
    control:
      me: web03.example.com
      locals: []
      rcpthosts: []
      virtualdomains:
      smtproutes:
        '': smtp-relay001.example.com:25
    service_manager: auto

- name: Send one domain another way, with the lines as they are in the file
  mailops.relay.qmail_config:
    control:
      smtproutes:
        - example.org:192.0.2.25
        - :smtp-relay001.example.com
    backup: true

- name: Change limits, and restart by hand
  mailops.relay.qmail_config:
    control:
      concurrencyremote: 60
      queuelifetime: 259200
  register: result

- name: Restart qmail-send
  ansible.builtin.command: svc -t /service/qmail-send
  when: result.action == 'restart'

- name: Credentials for a patched qmail-remote, readable by qmail only
  mailops.relay.qmail_config:
    credentials:
      - relay: smtp.example.org
        port: 587
        user: web03
        password: "{{ smart_host_password }}"
    credentials_format: pipe

- name: Send root's mail to an address outside
  mailops.relay.qmail_config:
    control:
      virtualdomains:
        root@web03.example.com: alias
    forwards:
      root: ops@example.net
    service_manager: auto

- name: Have the control files back that were there before a role
  mailops.relay.qmail_config:
    owner: qmail_client
    state: absent
    service_manager: auto
"""

RETURN = r"""
files:
  description: The files that change.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The file.
      type: str
    change:
      description: V(created), V(changed), V(removed), or V(attributes) when only mode, owner or group differ.
      type: str
    action:
      description: What a running qmail needs to use it, V(none), V(hup), V(restart), or V(restart_smtpd).
      type: str
    reason:
      description: Why.
      type: str
  sample:
    - path: /var/qmail/control/locals
      change: changed
      action: hup
      reason: qmail-send reads it again when it gets the signal HUP
action:
  description:
    - What C(qmail-send) needs in all, V(none), V(hup) or V(restart). With O(service_manager) other than V(none) it is done.
    - It can be other than V(none) when no file changes, when a run before this one did not come to its end.
  returned: success
  type: str
  sample: hup
service:
  description: The running C(qmail-send) and what supervises it. Null what is not known, or with O(service_manager=none).
  returned: success
  type: dict
  contains:
    manager:
      description: V(systemd), V(daemontools), V(runit) or V(init).
      type: str
    name:
      description: The unit, service directory or script.
      type: str
    pid:
      description: The process ID, after a restart the new one.
      type: int
  sample:
    manager: daemontools
    name: /etc/service/qmail-send
    pid: 4711
qmail:
  description: V(notqmail), V(netqmail) or V(qmail), or empty when it cannot be told. Installed programs do not say their version.
  returned: success
  type: str
  sample: notqmail
backup_files:
  description: The paths of the backups.
  returned: success
  type: list
  elements: str
  sample: [/var/qmail/control/locals.2026-11-22@07:44:01~]
diff:
  description: The difference of each file that changes. A C(smtproutes) with credentials is replaced by a note.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: /var/qmail/control/locals
      after_header: /var/qmail/control/locals
      before: "web03.example.com\n"
      after: ""
"""


from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.qmail.configuration import Configuration
from ansible_collections.mailops.relay.plugins.module_utils.qmail.supervisor import MANAGERS


def argument_spec():
    """dict: the module's arguments."""
    return dict(
        control=dict(type="dict", default={}),
        credentials=dict(
            type="list",
            elements="dict",
            default=[],
            options=dict(
                domain=dict(type="str", default=""),
                relay=dict(type="str", required=True),
                port=dict(type="int", default=587),
                user=dict(type="str", required=True),
                password=dict(type="str", required=True, no_log=True),
            ),
        ),
        forwards=dict(type="dict", default={}),
        credentials_format=dict(type="str", choices=["pipe", "space"]),
        directory=dict(type="path", default="/var/qmail/control"),
        accept_risks=dict(type="list", elements="str", default=[]),
        service_manager=dict(type="str", choices=["none", "auto"] + list(MANAGERS), default="none"),
        service=dict(type="str"),
        owner=dict(type="str"),
        state=dict(type="str", choices=["present", "absent"], default="present"),
        timeout=dict(type="float", default=120),
        backup=dict(type="bool", default=False),
    )


def main():
    """Run the module."""
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    if module.params["credentials"] and not module.params["credentials_format"]:
        module.fail_json(
            msg="credentials: credentials_format is missing; name the one that your patched qmail-remote reads"
        )
    with reported(module):
        configuration = Configuration(
            module.params, Runner(module), labeller(module), module.check_mode, conceal=module.conceal
        )
        result = configuration.apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
