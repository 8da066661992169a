# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.public_domains import is_public_domain


@pytest.mark.parametrize(
    "name, public",
    [
        ("com", True),
        (".COM", True),
        ("com.", True),
        ("de", True),
        (".xyz", True),
        (".dev", True),
        (".xn--p1ai", True),
        (".co.uk", True),
        ("com.au", True),
        ("or.jp", True),
        (".me.uk", True),
        (".lg.jp", True),
        (".gob.mx", True),
        (".gv.at", True),
        (".co.at", True),
        (".com.gr", True),
        (".id.au", True),
        ("berlin", True),
        ("LAW", True),
        ("рф", True),
        ("co.de", False),
        ("me.de", False),
        ("example.com", False),
        ("example.co.uk", False),
        ("mail.uk", False),
        ("xn--bcher-kva.example", False),
        # What a site may have for its own (RFC 6761, RFC 6762, RFC 9476), or has given itself.
        ("local", False),
        ("test", False),
        ("internal", False),
        ("lan", False),
        ("corp", False),
        ("acme", False),
        ("", False),
        (".", False),
    ],
)
def test_a_public_domain_is_one_in_which_strangers_have_names(name, public):
    assert is_public_domain(name) == public
