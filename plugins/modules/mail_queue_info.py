#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: mail_queue_info
short_description: Show what is in a host's mail queue
version_added: 0.2.0
author: mailops.relay contributors (@mailops)
description:
  - Counts the messages in the queue of Postfix, sendmail or qmail that meet every criterion, by queue, client, domain and reason,
    and shows the first of them with their recipients and the reason of each.
  - The values of one criterion are alternatives; different criteria must all be met.
  - The queue is read as a stream. Memory does not grow with it.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
  - mailops.relay.queue_selection
options:
  limit:
    description:
      - How many messages are shown. The numbers are of all.
    type: int
    default: 100
notes:
  - Needs root. Postfix's queue can also be read by users in C(authorized_mailq_users) while Postfix runs.
  - From which client a message came, no listing of Postfix tells; the beginning of its file does, which only root can read. A
    message that was queued again (C(postsuper -r)) has lost its client, and counts as this host's.
  - Postfix before 3.1 does not say which of two recipients of a message has no reason yet; it is shown with the last one.
seealso:
  - module: mailops.relay.mail_queue
"""

EXAMPLES = r"""
- name: Show the whole queue
  mailops.relay.mail_queue_info:
    all: true
  register: queue

- name: Show what waits for one domain because its server refuses connections
  mailops.relay.mail_queue_info:
    recipient_domain: [example.com]
    reason: [connection refused]

- name: Fail when mail waits for more than four hours
  mailops.relay.mail_queue_info:
    older_than: 4h
    limit: 5
  register: old
  failed_when: old.total > 0
"""

RETURN = r"""
host:
  description: This host's C(names) and C(addresses), by which the queues of other hosts name it as a client.
  returned: success
  type: dict
  sample: {names: [web02.example.com], addresses: [10.20.0.12]}
mta:
  description: The mail system whose queue this is.
  returned: success
  type: str
  sample: postfix
total:
  description: How many messages are meant.
  returned: success
  type: int
  sample: 3
size:
  description: Their size together, in bytes.
  returned: success
  type: int
  sample: 71585
oldest:
  description: When the oldest of them arrived, in seconds since the epoch; V(null) when there is none.
  returned: success
  type: int
  sample: 1795331264
oldest_age:
  description: How long ago that was, in seconds.
  returned: success
  type: int
  sample: 7200
by_queue:
  description: How many of them are in which queue.
  returned: success
  type: dict
  sample: {deferred: 2, hold: 1}
by_client:
  description:
    - From which client they came, the most frequent first, and the oldest of each, in seconds since the epoch and as its age. By
      C(address), with the C(name) that the mail system knew it by, or the address again.
    - V((this host\)) are those that programs of this host have submitted, its own notices among them. V((unknown\)) are those of
      which no client can be told, since they were gone by then or could not be read. V((others\)) are those of clients after the
      first 10,000.
  returned: success
  type: list
  elements: dict
  sample: [{name: web02.example.com, address: 10.20.0.12, count: 3, oldest: 1795331264, oldest_age: 7200}]
by_sender_domain:
  description: How many come from which domain, the most frequent first; C(<>) is the null sender.
  returned: success
  type: list
  elements: dict
  sample: [{name: web01.example.com, count: 3}]
by_recipient_domain:
  description: How many go to which domain. A message to several domains counts for each.
  returned: success
  type: list
  elements: dict
  sample: [{name: example.org, count: 2}]
by_reason:
  description:
    - How many wait for which class of reason, which is the DSN code or else a word or two; V(none) where nothing has been
      tried yet.
  returned: success
  type: list
  elements: dict
  sample: [{name: 4.4.1, count: 2}]
messages:
  description: The first messages.
  returned: success
  type: list
  elements: dict
  contains:
    queue:
      description: Queue that the message is in.
      type: str
      sample: deferred
    queue_id:
      description: Queue ID of the message.
      type: str
      sample: 8BF5F1C4099
    sender:
      description: Envelope sender; empty for the null sender.
      type: str
      sample: app@web01.example.com
    recipients:
      description: Recipients that still wait, each with C(address) and C(reason).
      type: list
      elements: dict
      sample: [{address: ops@example.net, reason: 'connect to mx01.example.net: Connection refused'}]
    size:
      description: Size in bytes.
      type: int
      sample: 352
    arrival:
      description: When it arrived, in seconds since the epoch.
      type: int
      sample: 1795331264
    state:
      description:
        - What the mail system says beyond the queue. V(expiring) for a Postfix message that will be returned to its sender;
          V(S1) to V(S5) for qmail.
      type: str
      sample: ''
"""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.identity import identity
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import selection_arguments
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import inspect
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import Selection
from ansible_collections.mailops.relay.plugins.module_utils.mta.queues import queue_of


def argument_spec():
    """dict: the module's options."""
    return dict(selection_arguments(), limit={"type": "int", "default": 100})


def main():
    module = RelayModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
    )
    now = time.time()
    with reported(module):
        selection = Selection(module.params, now)
        runner = Runner(module)
        backend = queue_of(runner, module.params["mta"], module.params["directory"])
        result = inspect(backend, selection, module.params["limit"], now)
    for text in backend.warnings:
        module.warn(text)
    module.exit_json(changed=False, host=identity(runner), **result)


if __name__ == "__main__":
    main()
