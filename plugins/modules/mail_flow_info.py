#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: mail_flow_info
short_description: Count the traffic in a host's mail logs
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - Counts what the logs of Postfix, sendmail and qmail tell, by hour, client, sender domain, recipient domain, next hop,
    status and reason, with latencies and the share of TLS.
  - The result has counts only, so those of several hosts are one by addition; see
    P(mailops.relay.flow_merge#filter).
  - Memory does not depend on the length of the log. Of each kind of name 10,000 are counted one by one, of senders and
    recipients 5,000, further ones together as C((others)); 100,000 messages on the way are remembered.
extends_documentation_fragment:
  - mailops.relay.attributes
  - mailops.relay.attributes.info
  - mailops.relay.mail_log
notes:
  - Needs to read the logs, as root can.
  - Attempts are counted, as pflogsumm does; a message to three recipients is received once and sent three times.
  - Latencies are counted in buckets 10 percent apart.
seealso:
  - module: mailops.relay.mail_log_info
"""

EXAMPLES = r"""
- name: Count the last day
  mailops.relay.mail_flow_info:
    since: 1d
  register: traffic

- name: Show what was refused most
  ansible.builtin.debug:
    msg: "{{ traffic.flow.rejects | dict2items | sort(attribute='value.count', reverse=true) | first }}"
  when: traffic.flow.rejects
"""

RETURN = r"""
flow:
  description:
    - The counts. C(totals); C(hours), by the time at which the hour began, in seconds since the epoch, and C(minutes) in the same
      way where not more than three hours were asked for; C(clients), C(sender_domains), C(recipient_domains), C(senders),
      C(recipients) and C(relays) by name; C(reasons), C(rejects) and C(limits) with a C(sample) each; C(latency) as buckets
      (bucket C(i) reaches up to C(0.01 * 1.1 ** i) seconds, C(z) is less than 10 ms); C(tls) by version, for what came in and
      what went out.
    - C(tls_hops) is what was sent to each next hop over TLS, C(verified) by an authority or a known certificate, C(dane) by the TLSA records
      of a signed domain, C(encrypted) with nobody verified, and C(clear) without. Postfix's log calls the first two alike, so that the
      host's configuration of now tells them apart; with O(paths) it is not asked, and C(dane) counts as C(verified).
    - C(limited) are refusals of a client that had reached a limit of Postfix or sendmail, which are not among C(rejected);
      C(limits) tells which limit, by the parameter that sets it, and C(clients) in it whose. Of too many recipients of one message
      Postfix logs nothing. C(rejected_4xx) are those of C(rejected) that a client may try again.
    - C(too_fast) are answers of other servers that mail comes too fast (421, 4.7.x), by the recipient's domain, or C(smarthost:NAME) for
      what went by a smarthost of P(mailops.relay.relay_server#role). C(minutes) is in how many minutes there was one, C(taken) how many
      deliveries were taken in these, from the first such answer on.
    - C(dkim) are the messages that the queue has taken on a host where something signs, C(signed) by the domain that has signed, and how
      many C(unsigned).
    - C(client_addresses) are the addresses of clients that are counted by their name.
    - C(asked) is the time that was asked for, C(reach) how much of it the log of each host tells of. V(late) says that it begins
      later, C(read) whether any line of a mail system is in it at all. A log that begins within an hour of when the host got its mail
      system, C(installed), is not late, as far as the file system tells that; where O(paths) names the log, it may be another host's.
    - C(first) and C(last) are the times of the first and the last line, C(lines) how many were read, C(unreadable) and
      C(unknown) how many of them could not be, with C(samples); C(gaps) are places where the logging system says that it has
      left C(lost) lines out; C(complete) says whether there was nothing of this.
  returned: success
  type: dict
  sample: {totals: {received: 3, sent: 2, deferred: 1}, lines: 21, complete: true}
sources:
  description: The files that were read, or C(journal).
  returned: success
  type: list
  elements: str
  sample: [/var/log/mail.log.1, /var/log/mail.log]
"""

import socket
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import sources
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import log_arguments
from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import Flow, is_short
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import log_facts, read_all
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import period
from ansible_collections.mailops.relay.plugins.module_utils.mta.age import installed_at
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers


def _dane_of(runner):
    """callable or None: see ``postfix/tls_levels.dane_of``."""
    if runner.find("postconf") is None:
        return None
    level = runner.run(["postconf", "-h", "smtp_tls_security_level"], check=False)
    policies = runner.run(["postconf", "-h", "smtp_tls_policy_maps"], check=False)
    services = runner.run(["postconf", "-M"], check=False)
    plain = level.rc == policies.rc == services.rc == 0 and not policies.stdout.strip() and "$" not in level.stdout
    if plain and "dane" not in level.stdout + services.stdout and "smtp_tls_policy_maps" not in services.stdout:
        return None
    # Few hosts have it, and to load what reads their tables takes as long as to read many lines.
    from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host
    from ansible_collections.mailops.relay.plugins.module_utils.postfix.tls_levels import dane_of

    return dane_of(runner, Host(runner))


def main():
    module = RelayModule(argument_spec=log_arguments(), supports_check_mode=True)
    params = module.params
    with reported(module):
        now = time.time()
        since, until = period(params, now)
        read = sources(Runner(module), params["paths"], params["source"], since, until)
        # A log that was named may be another host's.
        is_dane = None if params["paths"] else _dane_of(Runner(module))
        flow = Flow(since, until, is_short(since, until, now), is_dane)
        reader, span = read_all(read, flow, Readers)
        log = log_facts(read, reader, span, flow.gaps)
        facts = flow.facts(
            socket.gethostname(),
            log,
            read.has_older,
            lambda: None if params["paths"] else installed_at(Runner(module)),
        )
    module.exit_json(changed=False, flow=facts, sources=log["sources"])


if __name__ == "__main__":
    main()
