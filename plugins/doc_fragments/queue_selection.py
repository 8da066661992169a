# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which messages of a queue are meant; shared by mail_queue_info and mail_queue."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  mta:
    description:
      - The mail system. V(auto) finds it; of several it takes the one that runs. Where none or more than one of them does, it must be named.
    type: str
    choices: [auto, postfix, sendmail, qmail]
    default: auto
  directory:
    description:
      - Where the mail system is, if not at its usual place.
      - For Postfix the configuration directory of an instance, for sendmail the directory of C(sendmail.cf) and
        C(submit.cf), for qmail its home, usually C(/var/qmail).
    type: path
  all:
    description:
      - Every message. Must be said where no criterion is given.
    type: bool
    default: false
  queue:
    description:
      - Queues. Postfix has V(active), V(deferred), V(hold), V(incoming), V(maildrop) and V(corrupt); sendmail has V(mta)
        and V(submission), and V(hold) for messages in quarantine.
      - qmail has V(todo) for what qmail-send has not taken up yet, V(remote) for what waits for a recipient on another host,
        and V(local) for the rest.
    type: list
    elements: str
  queue_id:
    description:
      - Queue IDs; for qmail the numbers of messages.
    type: list
    elements: str
  sender:
    description:
      - Envelope senders, whole addresses. Case makes no difference, nor do quotes that an address does not need.
    type: list
    elements: str
  null_sender:
    description:
      - Messages of the null sender, which are bounces and other notices. Together with O(sender), these too.
    type: bool
    default: false
  sender_domain:
    description:
      - Domains of the envelope sender. V(example.com) is neither V(example.com.au) nor V(mail.example.com).
    type: list
    elements: str
  recipient:
    description:
      - Recipients, whole addresses.
      - What is said of recipients by O(recipient), O(recipient_domain) and O(reason) must be true of one and the same
        recipient. A message with one such recipient is meant, whoever else it goes to; see O(every_recipient).
    type: list
    elements: str
  recipient_domain:
    description:
      - Domains of recipients.
    type: list
    elements: str
  subdomains:
    description:
      - Whether O(sender_domain) and O(recipient_domain) mean their subdomains too.
    type: bool
    default: false
  every_recipient:
    description:
      - Only messages of which every recipient that still waits is meant.
    type: bool
    default: false
  reason:
    description:
      - Why a recipient did not get the message yet. A DSN code such as V(4.4.1) or the beginning of one such as V(4.4),
        or a part of the text, in which case makes no difference.
      - qmail keeps no reason in its queue, so there this is refused.
    type: list
    elements: str
  client:
    description:
      - Hosts from which messages came by SMTP. Host names, addresses or networks.
    type: list
    elements: str
  older_than:
    description:
      - Messages that have been in the queue for longer. Seconds, or a number with V(s), V(m), V(h), V(d) or V(w).
    type: str
  younger_than:
    description:
      - Messages that have been in the queue for less.
    type: str
  min_size:
    description:
      - Messages of at least this size. Bytes, or a number with a unit, for example V(10M).
    type: str
  max_size:
    description:
      - Messages of at most this size.
    type: str
"""
