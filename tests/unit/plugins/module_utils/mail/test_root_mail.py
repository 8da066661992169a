# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import root_mail

WEB = "root@web01.example.com"


def told(verdict, elsewhere=None, addresses=(WEB,)):
    answers = dict((address, {"verdict": verdict, "text": ""}) for address in addresses)
    return [
        (entry["subject"], entry["status"], entry["seen"]) for entry in root_mail.of_clients(answers, elsewhere or {})
    ]


def test_the_same_of_many_is_said_once():
    addresses = ["root@web0{0}.example.com".format(number) for number in range(9)]
    ((subject, status, _seen),) = told(root_mail.KEPT, addresses=addresses)
    assert subject.endswith(" and 5 more") and status == "warning"


@pytest.mark.parametrize(
    ("said", "mends"),
    [
        ("451 4.3.5 Server configuration error", False),
        ("message size 2614 exceeds size limit 300 of server relay.example.com[10.20.9.10]", False),
        ("550 5.1.1 <root@web01.example.com>: Recipient address rejected", True),
    ],
)
def test_a_recipient_is_advised_only_where_one_is_missing(said, mends):
    found = root_mail.check(WEB, {"verdict": root_mail.REFUSED, "text": said})
    assert found["seen"] == "is refused by the relay: " + said
    assert ("relay_server_local_recipient" in found["todo"]) == mends


@pytest.mark.parametrize(
    ("verdict", "status", "words"),
    [
        (root_mail.LEAVES, "ok", "goes to mail.example.com, as the DNS says"),
        (root_mail.TAKEN, "warning", "is taken by the relay, and the DNS says mail.example.com"),
        (root_mail.REFUSED, "warning", "is refused by the relay, and the DNS says mail.example.com"),
    ],
)
def test_an_exchanger_elsewhere_is_right_only_for_a_name_that_the_relay_does_not_take(verdict, status, words):
    (found,) = told(verdict, {"web01.example.com": ["mail.example.com"]})
    assert found[1] == status and words in found[2]
