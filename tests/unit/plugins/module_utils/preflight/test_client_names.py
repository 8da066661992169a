# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.preflight.client_names import sentences, sorted_out

RELAYS = ["smtp-relay001.example.com"]


def names(asked):
    return sorted_out(asked, RELAYS)


@pytest.mark.parametrize("hosts", [[], [""], ["web01.example.com"], ["smtp-relay001.example.com", "web01.example.com"]])
def test_a_name_whose_mail_goes_nowhere_else_is_taken(hosts):
    assert names({"Web01.example.com": hosts})["names"] == ["web01.example.com"]


def test_a_name_with_an_exchanger_elsewhere_is_left_out_and_listed():
    found = names({"web01.example.com": ["web01.example.com", "mail.example.com"]})
    assert found == {"names": [], "elsewhere": {"web01.example.com": ["mail.example.com"]}, "unknown": []}
    assert sentences(found) == [
        "root_mail: left out, since their mail goes elsewhere (MX): web01.example.com (mail.example.com)."
    ]


def test_a_name_of_which_nothing_is_known_is_left_out():
    found = names({"web01.example.com": None, "web02.example.com": []})
    assert (found["names"], found["unknown"]) == (["web02.example.com"], ["web01.example.com"])
    assert "web01.example.com. Mend the DNS, or name them in relay_server_local_names." in sentences(found)[0]
