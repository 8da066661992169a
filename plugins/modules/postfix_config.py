#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: postfix_config
short_description: Manage main.cf, master.cf and lookup tables of Postfix as one transaction
version_added: 0.1.0
author: mailops.relay contributors (@mailops)
description:
  - Brings main.cf, master.cf, lookup tables and files that belong to them to a wanted state, in one call.
  - Before anything live changes, the values are linted, and Postfix loads and checks a staged copy
    (C(postfix check)). What is wrong or would make an open relay is refused with its file, parameter and fix.
  - The new files are moved in by rename. When that fails, all are put back; when the module is killed,
    each file is whole, the old one or the new one, and the next run completes the work.
  - Comments, order, continuation lines and everything that is not named in the call stay byte for byte.
  - Works with Postfix 2.10 to 3.11.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.config_files
  - mailops.relay.config_files.owned_files
  - mailops.relay.owner
attributes:
  check_mode:
    support: full
    details:
      - Where Postfix is not installed yet, the difference against empty files is shown, with a warning.
      - A certificate, key or table that is missing is a warning, since an earlier task would make it.
      - Postfix loads a copy of the new main.cf, but C(postfix check) does not run, since it repairs the queue's
        directories.
  diff_mode:
    support: full
    details:
      - The content of a table or file with passwords is never shown, nor that of a private key. In main.cf and master.cf the values
        that hold passwords are replaced by a note, and so is the content of tables of type V(inline) and V(static).
  idempotent:
    support: full
options:
  config_directory:
    description:
      - The directory of main.cf and master.cf.
      - The default is the one that the installed Postfix was built for, C(postconf -d config_directory).
    type: path
  main:
    description:
      - Parameters of main.cf with their values.
      - A boolean is written as V(yes) or V(no), a list is joined with commas. With null, the parameter is
        taken out, so that the default of Postfix applies.
      - References such as V($myhostname) are written as they are.
      - Values that differ in white space only are equal.
      - Of a parameter that is set several times the last one counts, as in Postfix. A change edits that one
        and takes the others out.
    type: dict
    default: {}
  prepend:
    description:
      - The same as O(append), with the elements that come first. An element of several words, such as
        V(check_sender_access texthash:/etc/postfix/senders), is one element of a list.
    type: dict
    default: {}
    version_added: 0.10.0
  append:
    description:
      - Parameters of main.cf that are lists, such as V(transport_maps), with the elements that they get behind those which O(main)
        names, or which are there. What others have set, before or since, stays, and comes first.
    type: dict
    default: {}
    version_added: 0.10.0
  if_supported:
    description:
      - The same as O(main), for parameters that only newer versions know. Those which the installed Postfix
        does not know (C(postconf -d)) are left out and returned in RV(unsupported).
    type: dict
    default: {}
  first_supported:
    description:
      - Choices of parameters for several versions of Postfix. Each choice is a list of mappings of parameter and value;
        of each, the first mapping is set of which the installed Postfix knows every parameter (C(postconf -d)) and has the type
        of each table (C(postconf -m)).
      - Nothing is set of a choice of which it knows none. RV(unsupported) has the parameters that it does not know.
      - What O(main) or O(if_supported) names is left to them.
    type: list
    elements: list
    default: []
    version_added: 0.3.0
  master:
    description:
      - Services of master.cf.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The service, for example V(submission) or V(127.0.0.1:10025).
        type: str
        required: true
      type:
        description:
          - The type of the service.
        type: str
        choices: [inet, unix, unix-dgram, fifo, pass]
        required: true
      private:
        description:
          - V(y), V(n), a boolean, or V(-) for the default of Postfix. As for the other fields, what is there
            stays when it is not given. A new service gets V(-), but V(n) when it is of type V(inet).
        type: str
      unprivileged:
        description:
          - V(y), V(n), a boolean, or V(-). A new service gets V(-).
        type: str
      chroot:
        description:
          - V(y), V(n), a boolean, or V(-). A new service gets V(n).
        type: str
      wakeup:
        description:
          - Seconds, with V(?) behind them when only a used service is to be woken up, or V(-).
        type: str
      maxproc:
        description:
          - The largest number of processes, V(0) for no limit, or V(-).
        type: str
      command:
        description:
          - The program with its arguments, without the settings of C(-o). A new service needs it.
        type: str
      options:
        description:
          - Settings of C(-o), parameter and value. With null, the setting is taken out.
          - A list is joined with commas. A value with white space is written as C(-o { name = value }), which
            needs Postfix 3.0.
        type: dict
      if_supported:
        description:
          - Parameters that the installed Postfix must know (C(postconf -d)) for this item. Where it does not know one, the item
            counts as not given. Two items for one service are taken together, so that some of its O(master[].options) can depend
            on this.
        type: list
        elements: str
        default: []
        version_added: 0.7.0
      state:
        description:
          - V(absent) takes the service out.
        type: str
        choices: [present, absent]
        default: present
  tables:
    description:
      - Lookup tables. Those of type V(hash), V(btree), V(lmdb), V(cdb), V(dbm) and V(sdbm) are compiled when
        they change, and when the compiled file is missing or older than its source. V(texthash), V(regexp),
        V(pcre) and V(cidr) are text and need no compiling.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The absolute path of the source, without a type.
        type: str
        required: true
      type:
        description:
          - The table's type. The default is C(default_database_type) of the installed Postfix.
        type: str
      entries:
        description:
          - Keys and values as a mapping, or as a list of mappings with one pair each, which keeps its order.
            V(regexp), V(pcre) and V(cidr) need the list when there is more than one entry.
          - Without entries, the source stays as it is and is compiled when that is due.
        type: raw
      secret_entries:
        description:
          - The same as O(tables[].entries), as a mapping, for passwords. The table and what it is compiled to
            have mode V(0600) from the first moment, and their content is never shown.
          - The same holds for each table that a password map of main.cf or master.cf names (such as C(smtp_sasl_password_maps)),
            or that has C(passw), C(secret) or C(credential) in its name, however its entries are given.
          - What C(proxymap) opens (C(proxy:hash:/path)) has mode V(0640) and the group of Postfix, which has to read it.
        type: dict
      exclusive:
        description:
          - Whether the table holds these entries and no others. With V(false), other entries and comments stay,
            and an entry with a null value is taken out.
        type: bool
        default: true
      compiler:
        description:
          - Which program compiles the table; V(postalias) is for the format of C(aliases(5\)).
          - The default is V(postalias) for a file whose name is C(aliases), and V(postmap) for others.
        type: str
        choices: [postmap, postalias]
      mode:
        description:
          - The permission bits of the table and of what it is compiled to, such as V('0640'). The default keeps
            those of an existing file; a new one gets V(0644), a table with passwords see O(tables[].secret_entries).
        type: raw
      owner:
        description:
          - The user that owns the files. The default keeps it; a new file belongs to the user that Ansible is.
        type: str
      group:
        description:
          - The group that owns the files, in the same way.
        type: str
      state:
        description:
          - V(absent) removes the table and what it is compiled to, after main.cf is in place.
        type: str
        choices: [present, absent]
        default: present
  prefer_system_ca:
    description:
      - Parameters of O(main) that name a file of O(files) with certificates of public authorities, such as V(smtp_tls_CAfile).
      - Where the host's own file of public authorities has all of these certificates, the parameter names that one, which the
        host's updates keep. Otherwise it stays as it is.
    type: list
    elements: str
    default: []
    version_added: 0.5.0
  planned_files:
    description:
      - Paths of files that a later task makes, for example a certificate. They are not reported as missing.
    type: list
    elements: path
    default: []
  accept_risks:
    description:
      - Identifiers of findings that are accepted as a risk, for example V(open-relay-mynetworks).
    type: list
    elements: str
    default: []
  refuse_other_mta:
    description:
      - Change nothing, and say so, where another mail system than Postfix runs, is started at boot or is what
        C(/usr/sbin/sendmail) leads to. Without it, RV(other_services) and RV(other_program) tell.
    type: bool
    default: false
    version_added: 0.12.0
notes:
  - With O(owner), what is recorded is each parameter, each service, each entry of a table that is not exclusive, and each other
    table and file. A value that is given back is no reason to refuse the call, unless it makes an open relay.
  - The module restarts and reloads nothing. Do what RV(restart_required) or RV(reload_required) says, in the next task or in a handler.
seealso:
  - name: postconf(5)
    description: The parameters of main.cf.
    link: https://www.postfix.org/postconf.5.html
  - name: master(5)
    description: The format of master.cf.
    link: https://www.postfix.org/master.5.html
"""

EXAMPLES = r"""
- name: Relay for the private network, with submission for clients
  mailops.relay.postfix_config:
    main:
      myhostname: smtp-relay001.example.com
      mynetworks:
        - 127.0.0.0/8
        - 10.0.0.0/8
      mydestination: [$myhostname, localhost.$mydomain, localhost]
      smtpd_tls_security_level: may
      smtpd_use_tls:
      transport_maps: hash:/etc/postfix/transport
    if_supported:
      enable_long_queue_ids: true
    first_supported:
      - - smtpd_forbid_unauth_pipelining: true
        - smtpd_data_restrictions: reject_unauth_pipelining
    master:
      - name: submission
        type: inet
        command: smtpd
        options:
          syslog_name: postfix/submission
          smtpd_tls_security_level: encrypt
    tables:
      - path: /etc/postfix/transport
        type: hash
        entries:
          legacy.example.com: smtp:[10.0.0.7]:25
    backup: true
  register: result

- name: Make Postfix use it
  ansible.builtin.service:
    name: postfix
    state: "{{ 'restarted' if result.restart_required else 'reloaded' }}"
  when: result.restart_required or result.reload_required

- name: Credentials for a smart host, readable by root only
  mailops.relay.postfix_config:
    main:
      relayhost: "[smtp.example.org]:587"
      smtp_sasl_auth_enable: true
      smtp_sasl_password_maps: hash:/etc/postfix/sasl_passwd
      smtp_tls_security_level: encrypt
    tables:
      - path: /etc/postfix/sasl_passwd
        type: hash
        secret_entries:
          "[smtp.example.org]:587": "relay:{{ smart_host_password }}"

- name: Set what this playbook wants, and take back what it wanted before
  mailops.relay.postfix_config:
    owner: limits
    main:
      message_size_limit: 52428800

- name: Keep TLS connections open for further messages, where Postfix can
  mailops.relay.postfix_config:
    if_supported:
      smtp_tls_connection_reuse: true
    master:
      - name: tlsproxy
        type: unix
        maxproc: '0'
        command: tlsproxy
        if_supported: [smtp_tls_connection_reuse]

- name: Take all of that back
  mailops.relay.postfix_config:
    owner: limits
    state: absent

- name: Send root's mail to the operators, and keep the other aliases
  mailops.relay.postfix_config:
    tables:
      - path: /etc/aliases
        exclusive: false
        entries:
          root: ops@example.com
"""

RETURN = r"""
restart_required:
  description: Whether Postfix must be stopped and started for the change, since a reload would not be enough.
  returned: success
  type: bool
  sample: false
reload_required:
  description:
    - Whether a reload is needed and enough for the change. Never true together with RV(restart_required).
    - It is also true, whatever was changed, where a process that takes mail has read a certificate or a key before its file became
      what it is, and Postfix was not reloaded since.
    - Compiled tables need neither, Postfix notices that they have changed.
  returned: success
  type: bool
  sample: true
up_to_date:
  description:
    - Whether there was nothing to write, to the configuration or to the record of O(owner), and nothing to clear up after a run
      that was killed. After a call in check mode, the same call without it can then be left out.
  returned: success
  type: bool
  sample: true
  version_added: 0.7.0
installed:
  description: Whether there is a Postfix on the host. It is V(false) too when the module fails since there is none.
  returned: success, and when Postfix is not installed
  type: bool
  sample: true
  version_added: 0.7.0
running:
  description: Whether Postfix runs, by its PID file; V(null) where that cannot be told. The module itself starts and stops nothing.
  returned: success
  type: bool
  sample: true
  version_added: 0.7.0
enabled:
  description: Whether systemd starts the service C(postfix) at boot; V(null) where there is no systemd to ask, or it does not know.
  returned: success
  type: bool
  sample: true
  version_added: 0.7.0
other_services:
  description:
    - The services of other mail systems, sendmail or Exim, that run or are started at boot, as they can on EL. The module itself
      stops none.
  returned: success
  type: list
  elements: str
  sample: [sendmail.service]
  version_added: 0.11.0
other_program:
  description:
    - The program of another mail system to which EL's C(alternatives) lead C(/usr/sbin/sendmail), as they do when sendmail is installed
      beside Postfix; empty when there is none. A link that was made by hand is left alone.
  returned: success
  type: str
  sample: /usr/sbin/sendmail.sendmail
  version_added: 0.11.0
postfix_version:
  description: The version of the installed Postfix; empty in check mode when it is not installed.
  returned: success
  type: str
  sample: 3.7.11
unsupported:
  description: The parameters of O(if_supported) and O(first_supported) that the installed Postfix does not know.
  returned: success
  type: list
  elements: str
  sample: [smtpd_forbid_unauth_pipelining]
findings:
  description:
    - What the lint says of the configuration. With success these are warnings, accepted risks, and faults which
      were there before in parameters that the call does not name.
    - With failure these are the reasons.
  returned: success, and when the configuration is refused
  type: list
  elements: dict
  contains:
    identifier:
      description: What O(accept_risks) takes, when it is a risk that can be accepted.
      type: str
    severity:
      description: V(error) or V(warning).
      type: str
    file:
      description: The file at fault.
      type: str
    parameter:
      description: The parameter at fault.
      type: str
    value:
      description: Its value.
      type: str
    message:
      description: What is wrong.
      type: str
    fix:
      description: What to do about it.
      type: str
  sample:
    - identifier: open-relay-mynetworks
      severity: warning
      file: /etc/postfix/main.cf
      parameter: mynetworks
      value: 0.0.0.0/0
      message: mynetworks reaches beyond private networks
      fix: name the networks of your clients only
backup_files:
  description: The paths of the backups.
  returned: success
  type: list
  elements: str
  sample: [/etc/postfix/main.cf.2026-11-22@07:44:01~]
leaked_private_keys:
  description:
    - The paths of files and backups that held a private key, for entries of O(files) of which the new content has none. The
      key is no longer there, in check mode it would not be. Others could read it, so it must be made anew.
  returned: success
  type: list
  elements: str
  sample: [/etc/postfix/relay-trust-anchors.pem]
diff:
  description: The difference of each file that changes. Passwords and private keys are replaced by a note.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: /etc/postfix/main.cf
      after_header: /etc/postfix/main.cf
      before: "myhostname = old.example.com\n"
      after: "myhostname = smtp-relay001.example.com\n"
"""


from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.postfix.configuration import Configuration

OWNERSHIP = dict(mode=dict(type="raw"), owner=dict(type="str"), group=dict(type="str"))
STATE = dict(state=dict(type="str", choices=["present", "absent"], default="present"))


def argument_spec():
    """dict: the module's arguments."""
    return dict(
        config_directory=dict(type="path"),
        main=dict(type="dict", default={}),
        prepend=dict(type="dict", default={}),
        append=dict(type="dict", default={}),
        if_supported=dict(type="dict", default={}),
        first_supported=dict(type="list", elements="list", default=[]),
        master=dict(
            type="list",
            elements="dict",
            default=[],
            options=dict(
                STATE,
                name=dict(type="str", required=True),
                type=dict(type="str", required=True, choices=["inet", "unix", "unix-dgram", "fifo", "pass"]),
                private=dict(type="str"),
                unprivileged=dict(type="str"),
                chroot=dict(type="str"),
                wakeup=dict(type="str"),
                maxproc=dict(type="str"),
                command=dict(type="str"),
                options=dict(type="dict"),
                if_supported=dict(type="list", elements="str", default=[]),
            ),
        ),
        tables=dict(
            type="list",
            elements="dict",
            default=[],
            options=dict(
                dict(OWNERSHIP, **STATE),
                path=dict(type="str", required=True),
                type=dict(type="str"),
                entries=dict(type="raw"),
                secret_entries=dict(type="dict", no_log=True),
                exclusive=dict(type="bool", default=True),
                compiler=dict(type="str", choices=["postmap", "postalias"]),
            ),
            mutually_exclusive=[("entries", "secret_entries")],
        ),
        files=dict(
            type="list",
            elements="dict",
            default=[],
            options=dict(
                dict(OWNERSHIP, **STATE),
                path=dict(type="str", required=True),
                content=dict(type="str"),
            ),
        ),
        prefer_system_ca=dict(type="list", elements="str", default=[]),
        planned_files=dict(type="list", elements="path", default=[]),
        accept_risks=dict(type="list", elements="str", default=[]),
        refuse_other_mta=dict(type="bool", default=False),
        owner=dict(type="str"),
        state=dict(type="str", choices=["present", "absent"], default="present"),
        backup=dict(type="bool", default=False),
    )


def main():
    """Run the module."""
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    with reported(module):
        configuration = Configuration(
            module.params,
            Runner(module),
            labeller(module),
            module.check_mode,
            module.tmpdir if module.check_mode else None,
            module.conceal,
        )
        result = configuration.apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
