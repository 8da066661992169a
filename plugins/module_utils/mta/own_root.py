# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a host's own mail to root goes, as the configuration of its mail system has it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import socket

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.mail import probe_message, root_mail
from ansible_collections.mailops.relay.plugins.module_utils.mta.queues import BACKENDS
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host
from ansible_collections.mailops.relay.plugins.module_utils.postfix.parameters import parameters_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.root_mail import answers
from ansible_collections.mailops.relay.plugins.module_utils.qmail.deliveries import forwarded

_USER = "root"
# The Sendmail Installation and Operation Guide, 5.3: DH is MAIL_HUB, with a mailer before it and a dot behind it.
_HUB = re.compile(r"^DH(?:[A-Za-z0-9]+:)?\[?([A-Za-z0-9._-]+?)\.?\]?\s*$", re.MULTILINE)
_SENDMAIL_CF = "/etc/mail/sendmail.cf"
_CONTROL = "/var/qmail/control/"


def _postfix(runner):
    host = Host(runner)
    parameters, _planned, _fault = parameters_of(runner, host, socket.gethostname(), {}, False)
    address = "{0}@{1}".format(_USER, parameters.value("myorigin"))
    answer = answers(runner, parameters, [address], own=[parameters.value("myorigin").lower()])[address]
    return address, answer["text"] if answer["verdict"] == root_mail.TAKEN else ""


def _sendmail(_runner):
    hub = _HUB.search(read_native(_SENDMAIL_CF) or "")
    host = hub.group(1) if hub else socket.getfqdn()
    # As seen of 8.17: an address stays in its brackets.
    return "{0}@{1}".format(_USER, "[{0}]".format(host) if is_address(host) else host), ""


def _qmail(_runner):
    # qmail-inject(8): defaulthost, else me.
    for name in ("defaulthost", "me"):
        host = (read_native(_CONTROL + name) or "").split("\n")[0].strip()
        if host:
            address = "{0}@{1}".format(_USER, host)
            return address, forwarded(_CONTROL, address)
    return "", ""


_READERS = {"postfix": _postfix, "sendmail": _sendmail, "qmail": _qmail}


def tell(runner, sends, timeout):
    """dict: where mail to C(root) of a program of this host goes.

    C(mta), a mail system of this host, or empty; C(address), that it gets, empty where nothing tells; C(to), to whom this host itself
    sends it on, empty for nobody; C(message_id) of what was sent, or None; C(problem), only where something went wrong.

    Args:
        runner: commands.Runner.
        sends: bool, whether a message to C(root) is handed over, as cron does it.
        timeout: int, seconds.
    """
    found = {"mta": "", "address": "", "to": "", "message_id": None}
    try:
        backend = next((backend for backend in BACKENDS if backend.is_there(runner)), None)
        if backend is not None:
            found["mta"] = backend.name
            found["address"], found["to"] = _READERS[backend.name](runner)
        if sends:
            message_id = probe_message.new_message_id()
            probe_message.hand_to_mta(runner, _USER, _USER, message_id, timeout)
            found["message_id"] = message_id
    except RelayError as exc:
        # Whoever asks has sent another message, and that this one did not go is a result of its own.
        found["problem"] = str(exc)
    return found
