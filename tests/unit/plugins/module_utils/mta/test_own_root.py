# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import probe_message
from ansible_collections.mailops.relay.plugins.module_utils.mta import own_root


class Backend(object):
    def __init__(self, name, there=True):
        self.name, self._there = name, there

    def is_there(self, runner):
        return self._there


@pytest.fixture
def host(monkeypatch):
    files = {}
    monkeypatch.setattr(own_root, "read_native", files.get)
    monkeypatch.setattr(own_root, "BACKENDS", [Backend("postfix", there=False), Backend("sendmail", there=False)])
    return files


@pytest.mark.parametrize(
    "hub, address",
    [
        # As sendmail_config writes it, and with an address or a mailer.
        ("DHsmtp-relay001.example.com.\n", "root@smtp-relay001.example.com"),
        ("DHesmtp:smtp-relay001.example.com.\n", "root@smtp-relay001.example.com"),
        ("DH[192.0.2.1]\n", "root@[192.0.2.1]"),
    ],
)
def test_sendmail_hands_it_to_its_hub(host, monkeypatch, hub, address):
    monkeypatch.setattr(own_root, "BACKENDS", [Backend("sendmail")])
    host["/etc/mail/sendmail.cf"] = "DSrelay\n" + hub
    assert own_root.tell(None, False, 5) == {"mta": "sendmail", "address": address, "to": "", "message_id": None}


def test_qmail_writes_the_default_host_behind_it(host, monkeypatch):
    monkeypatch.setattr(own_root, "BACKENDS", [Backend("postfix", there=False), Backend("qmail")])
    host["/var/qmail/control/me"] = "web03.example.com\n"
    assert own_root.tell(None, False, 5)["address"] == "root@web03.example.com"
    host["/var/qmail/control/defaulthost"] = "example.com\n"
    assert own_root.tell(None, False, 5)["address"] == "root@example.com"
    monkeypatch.setattr(own_root, "forwarded", lambda directory, address: "{0} of {1}".format(address, directory))
    assert own_root.tell(None, False, 5)["to"] == "root@example.com of /var/qmail/control/"


def test_a_message_is_sent_as_cron_does_and_what_goes_wrong_is_told(host, monkeypatch):
    sent = []
    monkeypatch.setattr(probe_message, "hand_to_mta", lambda runner, *arguments: sent.append(arguments))
    found = own_root.tell(None, True, 5)
    assert sent == [("root", "root", found["message_id"], 5)] and "problem" not in found

    def refuse(*_arguments):
        raise probe_message.ProbeError("refusal", "sendmail did not take the message")

    monkeypatch.setattr(probe_message, "hand_to_mta", refuse)
    found = own_root.tell(None, True, 5)
    assert (found["message_id"], found["problem"]) == (None, "sendmail did not take the message")
