#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: mail_queue
short_description: Delete, hold, release, requeue, flush or expire messages in a host's mail queue
version_added: 0.2.0
author: mailops.relay contributors (@mailops)
description:
  - Acts on exactly the messages in the queue of Postfix, sendmail or qmail that meet every criterion.
  - The values of one criterion are alternatives; different criteria must all be met. Addresses and domains are compared
    whole.
  - Nothing but a message that was selected is ever deleted, also while mail arrives and is delivered.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.queue_selection
attributes:
  check_mode:
    support: full
    details:
      - Lists what would be hit at this moment.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - V(flush), V(requeue) and V(restore) do their work each time.
options:
  action:
    description:
      - What is done.
      - V(delete) removes messages without a notice to anybody.
      - V(hold) keeps messages in the queue without trying to deliver them, V(release) lets them go on. qmail cannot hold.
      - V(requeue) gives messages back to Postfix as if they were new.
      - V(flush) tries to deliver now what waits for a later attempt. What is on hold stays there.
      - V(expire) returns messages to their senders, those on hold too, Postfix 3.5 and later. To senders that were forged
        this sends mail to strangers; delete such messages instead.
      - With qmail, V(expire) makes messages older than C(queuelifetime), so that each gets one last try when its turn comes
        and is returned after that.
      - V(restore) puts messages back that were saved in O(restore_from). Of the criteria only O(queue_id) and O(all) are
        of use.
    type: str
    choices: [delete, hold, release, requeue, flush, expire, restore]
    required: true
  limit:
    description:
      - Refuse to do anything when more messages than this are meant.
    type: int
  backup_to:
    description:
      - A directory on the host in which each message is saved whole before it is deleted. It is made where it is missing,
        for root alone.
    type: path
  restore_from:
    description:
      - The O(backup_to) of an earlier deletion.
    type: path
  plan:
    description:
      - Do nothing but note which messages are meant, in RV(plan_file) on the host, so that somebody can be asked before it is
        done. In check mode nothing is noted.
    type: bool
    default: false
    version_added: 0.8.0
  plan_file:
    description:
      - The RV(plan_file) of an earlier run with O(plan) and otherwise the same options. The messages noted there are acted on, and
        no others. Those which have gone since, whose queue ID is another message's now, and those which meet the criteria but came
        later, are in RV(left_alone). An O(action=flush) with O(all) is for all of them.
      - The file is gone afterwards, whatever the result.
    type: path
    version_added: 0.8.0
notes:
  - Needs root.
  - Options that make no difference to O(action) are refused.
  - Plans are in C(/run/mailops.relay), which only root can read; one that nobody has used is removed after a day, when another is
    made.
  - Postfix messages are put on hold first, read again there, and deleted from hold where queue ID, sender, size and time
    of arrival are still the same. What turns out to be another message is released. When the run is killed in between,
    messages stay on hold and O(action=release) lets them go.
  - A queue that an application fills faster than it can be read is never empty. Stop the application first.
  - Messages are removed from qmail's queue only while qmail-send is stopped, which its lock C(queue/lock/sendmutex) proves.
    Its supervisor (systemd, daemontools, runit or an init script) is told to stop it, which waits for its current
    deliveries, and to start it again if it ran. Where no supervisor can be told, nothing is done. The same holds for
    O(action=flush) of some messages; a flush with O(all) is a signal.
  - A qmail message that is being written, in state V(S1), V(S2) or V(S3), is left alone until it is 36 hours old.
  - O(action=restore) gives qmail-queue a new message for the recipients that still waited; its time in the queue begins
    again.
seealso:
  - module: mailops.relay.mail_queue_info
"""

EXAMPLES = r"""
- name: Delete what waits for one domain, and keep a copy
  mailops.relay.mail_queue:
    action: delete
    recipient_domain: [example.com]
    limit: 500
    backup_to: /var/backups/mail-queue-example.com

- name: Put it back
  mailops.relay.mail_queue:
    action: restore
    restore_from: /var/backups/mail-queue-example.com
    all: true

- name: Hold everything that a hacked application has sent since noon
  mailops.relay.mail_queue:
    action: hold
    sender: [www-data@web01.example.com]
    younger_than: 3h

- name: Delete every deferred message
  mailops.relay.mail_queue:
    action: delete
    queue: [deferred]
"""

RETURN = r"""
mta:
  description: The mail system whose queue this is.
  returned: success
  type: str
  sample: postfix
matched:
  description: How many messages were meant, those left out that are already so, as messages on hold with O(action=hold).
  returned: success
  type: int
  sample: 12
affected:
  description: To how many of them it was done.
  returned: success
  type: int
  sample: 11
messages:
  description: The first 100 of the messages that were meant, as in M(mailops.relay.mail_queue_info).
  returned: success
  type: list
  elements: dict
  sample: []
left_alone:
  description: The first 100 of the messages that were left alone, and why.
  returned: success
  type: list
  elements: dict
  sample: [{queue_id: 8BF5F1C4099, reason: it was delivered or removed meanwhile}]
plan_file:
  description: With O(plan), the file in which the messages are noted; otherwise empty.
  returned: success
  type: str
  sample: /run/mailops.relay/queue-plan-k2c9x0
  version_added: 0.8.0
"""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import ACTIONS, selection_arguments
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import run
from ansible_collections.mailops.relay.plugins.module_utils.mta.queues import queue_of


def argument_spec():
    """dict: the module's options."""
    return dict(
        selection_arguments(),
        action={"type": "str", "choices": list(ACTIONS) + ["restore"], "required": True},
        limit={"type": "int"},
        backup_to={"type": "path"},
        restore_from={"type": "path"},
        plan={"type": "bool", "default": False},
        plan_file={"type": "path"},
    )


def main():
    module = RelayModule(
        argument_spec=argument_spec(),
        required_if=[("action", "restore", ("restore_from",))],
        supports_check_mode=True,
    )
    params = module.params
    with reported(module):
        result, warnings = run(
            lambda: queue_of(Runner(module), params["mta"], params["directory"]), params, module.check_mode, time.time()
        )
    for text in warnings:
        module.warn(text)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
