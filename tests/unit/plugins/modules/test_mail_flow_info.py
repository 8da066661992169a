# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.postfix import tls_levels
from ansible_collections.mailops.relay.plugins.modules import mail_flow_info


class Postconf(object):
    """Made up: what a Postfix says of its configuration; None for no Postfix."""

    def __init__(self, level="may", policies="", options="", rc=0):
        self._says = {"smtp_tls_security_level": level, "smtp_tls_policy_maps": policies}
        self._services = "smtp unix - - y - - smtp" + options
        self._rc = rc

    def find(self, program):
        return None if self._says["smtp_tls_security_level"] is None else "/usr/sbin/" + program

    def run(self, argv, check=True):
        return Result(self._rc, self._says.get(argv[-1], self._services) + "\n", "")


@pytest.mark.parametrize(
    "postconf, asked",
    [
        (Postconf(None), False),
        (Postconf(), False),
        (Postconf(level=""), False),
        (Postconf("dane"), True),
        (Postconf("$level"), True),
        (Postconf(policies="texthash:/etc/postfix/relay_tls_policy"), True),
        (Postconf(options=" -o smtp_tls_security_level=dane-only"), True),
        (Postconf(options=" -o smtp_tls_policy_maps=texthash:/p"), True),
        (Postconf(rc=1), True),
    ],
)
def test_tables_are_read_only_where_something_may_be_dane(postconf, asked, monkeypatch):
    monkeypatch.setattr(tls_levels, "dane_of", lambda runner, host: "asked")
    assert mail_flow_info._dane_of(postconf) == ("asked" if asked else None)
