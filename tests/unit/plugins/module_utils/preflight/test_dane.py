# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.dns_question import QuestionError, Reply
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dane import dane_checks

RIGHT, WRONG, UNSIGNED = Reply(0, True, 1), Reply(2, False, 0), Reply(0, False, 1)
UNIT, CHROOT = "/etc/resolv.conf of Postfix's unit", "/var/spool/postfix/etc/resolv.conf"
OWN = "nameserver 127.0.0.153\n"


def ask(server, name, kind, seconds, port=53, dnssec=False, unchecked=False):
    assert dnssec and seconds == 2.5
    if server == "127.0.0.1":
        raise QuestionError("does not answer (2.5 s)")
    if server == "127.0.0.2":
        return UNSIGNED
    if name == "signed.example":
        return RIGHT
    return UNSIGNED if unchecked else WRONG


def checks(*views):
    return dane_checks(list(views), "signed.example", "broken.example", 10, ask)


def test_one_resolver_for_all_that_postfix_reads():
    (found,) = checks((UNIT, OWN), (CHROOT, OWN))
    assert found["status"] == "ok" and found["subject"] == "127.0.0.153 in {0} and {1}".format(UNIT, CHROOT)


@pytest.mark.parametrize(
    "text, words",
    [
        ("nameserver 192.0.2.53\n", "is not on this host"),
        ("search example.com\n", "names no name server"),
        ("nameserver 127.0.0.2\n", "not marked as checked (AD)"),
        ("nameserver 127.0.0.1\n", "does not answer"),
    ],
)
def test_a_chroot_that_asks_another_one_fails(text, words):
    found = checks((UNIT, OWN), (CHROOT, text))
    assert sorted(check["status"] for check in found) == ["failed", "ok"]
    (failed,) = [check for check in found if check["status"] == "failed"]
    assert words in failed["seen"] and failed["todo"].endswith(".") and CHROOT in failed["subject"]


def test_of_a_postfix_that_does_not_run_nothing_is_known():
    (found,) = checks()
    assert found["status"] == "skipped"
