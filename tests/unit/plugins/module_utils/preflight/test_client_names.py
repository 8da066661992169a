# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.preflight.client_names import sentences, sorted_out

RELAYS = ["smtp-relay001.example.com"]


def names(asked, given=(), known=""):
    return sorted_out(asked, given, RELAYS, known)


@pytest.mark.parametrize("hosts", [[], [""], ["web01.example.com"], ["smtp-relay001.example.com", "web01.example.com"]])
def test_a_name_whose_mail_goes_nowhere_else_is_taken(hosts):
    assert names({"Web01.example.com": hosts})["names"] == ["web01.example.com"]


def test_a_name_with_an_exchanger_elsewhere_is_left_out_and_listed():
    found = names({"web01.example.com": ["web01.example.com", "mail.example.com"]})
    assert found == {"names": [], "elsewhere": {"web01.example.com": ["mail.example.com"]}, "unknown": []}
    assert sentences(found, True) == [
        "root_mail: left out, since their mail goes elsewhere (MX): web01.example.com (mail.example.com)."
    ]


def test_a_name_of_which_nothing_is_known_stays_as_it_was():
    found = names({"web01.example.com": None, "web02.example.com": None}, known="# ours\nWeb01.example.com error:x\n")
    assert (found["names"], found["unknown"]) == (["web01.example.com"], ["web02.example.com"])
    assert "web02.example.com. Mend the DNS, or name them in relay_server_local_names." in sentences(found, True)[0]


def test_a_name_that_was_given_is_taken_whatever_the_dns_says():
    found = names({"web01.example.com": ["mail.example.com"]}, given=["WEB01.example.com"])
    assert (found["names"], found["elsewhere"]) == (["web01.example.com"], {})


def test_where_nobody_gets_roots_mail_one_line_says_what_to_set():
    found = names(dict(("web{0:02d}.example.com".format(number), []) for number in range(9)))
    (sentence,) = sentences(found, False)
    assert (
        "web00.example.com, web01.example.com, web02.example.com, web03.example.com and 5 more is refused" in sentence
    )
    assert sentence.endswith("Set relay_server_local_recipient to an address outside that someone reads.")
    assert sentences(found, True) == []
