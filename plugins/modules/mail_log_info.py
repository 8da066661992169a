#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: mail_log_info
short_description: Find messages in a host's mail logs
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - Finds messages in the logs of Postfix, sendmail and qmail, and tells of each what this host did with it, which is a
    hop. With it come those that it led to on this host, such as its bounce, and what sendmail's daemon made of it.
  - The values of one criterion are alternatives; different criteria must all be met. O(message_id), O(queue_id) and
    O(queued_as) are one criterion together, which names messages. Without any, every message is meant.
  - What cannot be read is counted and shown, and so is what the logging system says that it has left out.
  - Only lines that name the message are taken apart where a criterion is a text, so one message is found in a large log in
    little more than the time it takes to read the file.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
  - mailops.relay.mail_log
options:
  message_id:
    description:
      - Values of the Message-ID header, with or without angle brackets. Case makes a difference.
    type: list
    elements: str
  queue_id:
    description:
      - Queue IDs on this host; for qmail the numbers of messages.
    type: list
    elements: str
  queued_as:
    description:
      - Queue IDs that the next mail system gave. Finds what a client did with a message of which the relay's ID is known.
    type: list
    elements: str
  sender:
    description:
      - Envelope senders. Whole addresses, or V(<>) for the null sender.
      - V(*) stands for any part of the local part or of the domain in which it is, as in V(*@example.com), V(customer7@*) and
        V(*@*.example.com). V(@example.com) is V(*@example.com). With V(customer7@*) an address without domain is meant too.
    type: list
    elements: str
  recipient:
    description:
      - Recipients, before or after aliases. Whole addresses, or with V(*) for a part, as in O(sender).
    type: list
    elements: str
  client:
    description:
      - Hosts from which messages came by SMTP. Host names, addresses or networks.
    type: list
    elements: str
  status:
    description:
      - What became of the message; V(open) is what the log does not tell the end of. Of a message to several recipients one
        is enough.
    type: list
    elements: str
    choices: [sent, deferred, bounced, rejected, open]
  limit:
    description:
      - How many messages are returned, the newest. RV(total) is of all.
    type: int
    default: 100
  complaints:
    description:
      - Return RV(complaints) too, whatever messages are meant.
    type: bool
    default: false
    version_added: 0.8.0
notes:
  - Needs to read the logs and the queue, as root can.
  - A log in which lines have no year is taken to end in the year in which its file was last changed.
  - Memory does not grow with the log, but with the number of messages that are meant.
seealso:
  - module: mailops.relay.mail_flow_info
  - module: mailops.relay.mail_queue_info
"""

EXAMPLES = r"""
- name: Show what happened to a message
  mailops.relay.mail_log_info:
    message_id: ['<20261122070744.4711@web01.example.com>']
  register: found

- name: Show what bounced since yesterday
  mailops.relay.mail_log_info:
    status: [bounced]
    since: 1d

- name: Show what a client has sent to a domain
  mailops.relay.mail_log_info:
    client: [web01.example.com]
    recipient: ['@example.net']
    paths: [/var/log/maillog, /var/log/archive/maillog-*.gz]
"""

RETURN = r"""
total:
  description: How many messages are meant.
  returned: success
  type: int
  sample: 1
messages:
  description: The newest of them, and those which they led to, in the order of the log.
  returned: success
  type: list
  elements: dict
  contains:
    mta:
      description: The mail system.
      type: str
      sample: postfix
    instance:
      description: The first part of the name under which it logs.
      type: str
      sample: postfix
    queue_id:
      description: The message's queue ID here.
      type: str
      sample: 4jXKsg4Qmrz1
    message_id:
      description: Its Message-ID header; V(null) where the log does not tell.
      type: str
      sample: <plain@web01.example.com>
    sender:
      description: Envelope sender, empty for the null sender; V(null) where the log does not tell.
      type: str
      sample: app@web01.example.com
    size:
      description: Size in bytes, or V(null).
      type: int
      sample: 360
    recipients:
      description: Number of recipients; V(null) where the log does not tell, and where sendmail's aliases made others of them.
      type: int
      sample: 1
    client:
      description: C(name) and C(address) of the host that it came from; V(null) for this host's own programs.
      type: dict
      sample: {name: web01.example.com, address: 10.20.0.11}
    details:
      description: What else the log says of how it came, for example C(sasl_username), C(orig_queue_id) or C(uid).
      type: dict
      sample: {}
    tls:
      description: TLS of the connection with which it came; V(none) without, empty where nothing is known.
      type: str
      sample: Anonymous TLSv1.3 TLS_AES_256_GCM_SHA384
    arrival:
      description: When it came, in seconds since the epoch; V(null) where the log has no such line.
      type: float
      sample: 1795331264.5
    first:
      description: Time of its first line.
      type: float
      sample: 1795331264.5
    last:
      description: Time of the last line that tells what happened to it, its arrival, an attempt, its removal and so on.
      type: float
      sample: 1795331264.9
    removed:
      description: When it left the queue, or V(null).
      type: float
      sample: 1795331264.9
    status:
      description: V(sent), V(deferred), V(bounced), V(mixed), V(rejected) or V(open), of all recipients together. A recipient
        of whom the log tells nothing is open, so a message of which the log tells of one of two recipients is mixed.
      type: str
      sample: sent
    queue:
      description: The queue that it is in now, V(gone) when it is in none; V(null) for what the log has seen leave, and where
        this is not known.
      type: str
      sample: deferred
    queue_problem:
      description: Why it is not known in which queue it is, for example since a queue could not be read; else empty.
      type: str
      version_added: 0.6.0
      sample: ''
    next_try:
      description: When the mail system will try again, in seconds since the epoch, or V(null).
      type: float
      sample: 1795331564.0
    deliveries:
      description:
        - The attempts, one for each recipient, with C(time), C(recipient), C(orig_to), C(relay), C(relay_host) (C(name),
          C(address), C(port)), C(status), C(dsn), C(reply), C(tls), C(delay) in seconds and its parts C(delays),
          C(next_id), the next mail system's queue ID, and C(agent), what made the attempt, in Postfix's words for all mail
          systems.
        - The agent tells what V(sent) means. C(smtp) has handed it to another server; C(lmtp) to a store of mail, or to a
          filter where there is a C(next_id); C(local), C(virtual) and C(pipe) have delivered it on this host, to a mailbox,
          a file or a program; C(discard) has thrown it away.
        - An attempt of which the log has no result is C(queued).
        - C(tls) is C(none) without TLS, and C(TLS) where the log does not tell more of it than that.
      type: list
      elements: dict
      sample: [{recipient: ops@example.net, status: sent, dsn: 2.0.0, next_id: 9F0C41}]
    links:
      description: Messages that this one led to, with C(kind) (V(bounce), V(delay), V(delivery), V(requeued) or
        V(forwarded)) and C(queue_id).
      type: list
      elements: dict
      sample: []
    source:
      description: The message that led to this one, in the same form, or V(null).
      type: dict
      sample: null
    notes:
      description: What else was said of it, with C(time), C(kind) and C(text). The kind V(signed) is what OpenDKIM has signed.
      type: list
      elements: dict
      sample: []
    rejects:
      description: Refusals of commands or content of this message.
      type: list
      elements: dict
      sample: []
rejects:
  description: Refusals of what had no queue ID yet and meets the criteria, and what else rules said of it (its C(action) does not end in C(reject)).
  returned: success
  type: list
  elements: dict
  sample: [{stage: RCPT, client: 'unknown[203.0.113.9]', reply: '554 5.7.1 Relay access denied'}]
complaints:
  description:
    - What Postfix's programs have warned of between O(since) and O(until), such as a table that cannot be read; each C(text) of a
      C(program) once, with the C(time) of the last and their C(count); the newest 40, by time.
  returned: O(complaints)
  type: list
  elements: dict
  sample: [{program: smtpd, text: 'warning: unknown smtpd restriction: "permit_mynetwork"', time: 1795331264.5, count: 3}]
  version_added: 0.8.0
host:
  description: This host's C(names) and C(addresses), by which other hosts' logs name it.
  returned: success
  type: dict
  sample: {names: [smtp-relay001.example.com], addresses: [10.20.0.10]}
log:
  description:
    - What was read, C(sources), with the time of the C(first) and the C(last) line; how many C(lines) were taken apart, how
      many of them were C(unreadable) or C(unknown), C(samples) of these; C(other_programs); C(gaps) of which the logging
      system tells; C(problems) with files; C(unassigned), how many results of qmail's deliveries belong to no known message,
      since they began before the log does; and whether what it tells is C(complete) as far as can be seen, with no gap, no
      problem and no line that is unreadable or unknown.
  returned: success
  type: dict
  sample: {sources: [/var/log/mail.log], lines: 9, unreadable: 0, unknown: 0, complete: true}
"""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.identity import identity
from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import sources
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import TEXTS, log_arguments
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import log_facts
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_search import (
    STATUSES,
    Query,
    complaints,
    search,
)
from ansible_collections.mailops.relay.plugins.module_utils.mta.places import look
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers


def argument_spec():
    """dict: the module's options."""
    arguments = dict((name, {"type": "list", "elements": "str"}) for name in TEXTS)
    arguments["status"] = {"type": "list", "elements": "str", "choices": list(STATUSES)}
    arguments["limit"] = {"type": "int", "default": 100}
    arguments["complaints"] = {"type": "bool", "default": False}
    return dict(arguments, **log_arguments())


def main():
    module = RelayModule(argument_spec=argument_spec(), supports_check_mode=True)
    params = module.params
    runner = Runner(module)
    with reported(module):
        if params["limit"] < 0:
            raise CriterionError("limit: {0} is less than nothing".format(params["limit"]))
        query = Query(params, time.time())
        read = sources(runner, params["paths"], params["source"], query.since, query.until)
        found = search(read, query, params["limit"], Readers)
        told = complaints(read, query, Readers) if params["complaints"] else None
        places = look(runner, [hop for hop in found.hops if hop["removed"] is None])
    messages = []
    for hop in found.hops:
        queue, next_try, problem = places.get(id(hop), (None, None, ""))
        messages.append(dict(finish(hop), queue=queue, next_try=next_try, queue_problem=problem))
    log = log_facts(read, found.reader, found.span, found.gaps)
    log["unassigned"] = found.unassigned
    result = {
        "changed": False,
        "total": found.total,
        "messages": messages,
        "rejects": found.rejects,
        "host": identity(runner),
        "log": log,
    }
    if told is not None:
        result["complaints"] = told
    module.exit_json(**result)


if __name__ == "__main__":
    main()
