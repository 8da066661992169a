#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: mail_log_limits
short_description: Keep journald and rsyslog from dropping lines of a busy mail log
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - Turns off the rate limit of journald and, where rsyslog reads the journal with imjournal, the one of that module. A trace
    or a count is wrong when lines of a burst are missing.
  - Each is one file beside the administrator's own ones, C(/etc/systemd/journald.conf.d/zz-mailops-relay.conf) and
    C(/etc/rsyslog.d/zz-mailops-relay.conf). Remove them to have the limits back, or use O(owner) and O(state).
  - C(rsyslogd -N1) must find no new fault in the new setting after the configuration that is there, before it is put in place.
  - What cannot be done safely is a warning, and so is a C(net.unix.max_dgram_qlen) at which journald loses lines on their way
    to rsyslog.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.owner
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  rsyslog:
    description:
      - Whether rsyslog's limit is turned off too.
    type: bool
    default: true
notes:
  - The module restarts nothing. Do what RV(journald_restart_required) and RV(rsyslog_restart_required) say.
  - The limit of journald is per service, and is turned off for all of them.
seealso:
  - module: mailops.relay.mail_log_info
"""

EXAMPLES = r"""
- name: Keep every line
  mailops.relay.mail_log_limits:
  register: limits

- name: Have the limits back that a role has turned off
  mailops.relay.mail_log_limits:
    owner: relay_server
    state: absent

- name: Let journald use it
  ansible.builtin.service:
    name: systemd-journald
    state: restarted
  when: limits.journald_restart_required
"""

RETURN = r"""
journald_restart_required:
  description:
    - Whether journald must be restarted for the change. Never true where a restart would cut the standard output of running
      services from the journal; the change then takes effect at the next boot, and a warning says so.
  returned: success
  type: bool
  sample: true
rsyslog_restart_required:
  description: Whether rsyslog must be restarted for the change.
  returned: success
  type: bool
  sample: false
diff:
  description: The difference of each file that changes.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: /etc/systemd/journald.conf.d/zz-mailops-relay.conf
      after_header: /etc/systemd/journald.conf.d/zz-mailops-relay.conf
      before: ""
      after: "[Journal]\nRateLimitBurst=0\n"
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.selinux import labeller
from ansible_collections.mailops.relay.plugins.module_utils.host.unlimited_logs import UnlimitedLogs


def main():
    """Run the module."""
    module = RelayModule(
        argument_spec=dict(
            rsyslog=dict(type="bool", default=True),
            owner=dict(type="str"),
            state=dict(type="str", choices=["present", "absent"], default="present"),
        ),
        supports_check_mode=True,
    )
    with reported(module):
        limits = UnlimitedLogs(
            Runner(module),
            module.params["rsyslog"],
            labeller(module),
            module.check_mode,
            owner=module.params["owner"],
            state=module.params["state"],
        )
        result = limits.apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
