# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_place import queue_place

ACCOUNT = pwd.getpwuid(os.getuid())


class Host(object):
    def __init__(self, stdout):
        self.stdout = stdout

    def run(self, argv):
        assert argv == ["postconf", "-xh", "queue_directory", "mail_owner"]
        if self.stdout is None:
            raise CommandError(argv, 1, "", "fatal")
        return Result(0, self.stdout, "")


@pytest.mark.parametrize(
    "stdout, place",
    [
        ("/srv/queue\n{0}\n".format(ACCOUNT.pw_name), ("/srv/queue", ACCOUNT.pw_gid)),
        ("/var/spool/postfix\nnosuchuser\n", ("/var/spool/postfix", None)),
    ],
)
def test_the_host_is_asked(stdout, place):
    assert queue_place(Host(stdout)) == place


@pytest.mark.parametrize("stdout", [None, "", "one line\n"])
def test_without_an_answer_it_is_where_postfix_has_it_by_default(stdout):
    assert queue_place(Host(stdout))[0] == "/var/spool/postfix"
