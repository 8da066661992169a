# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld import name_limit


@pytest.mark.parametrize(
    "version, limit",
    [
        ("0.6.3", 17),
        ("2.3.2", 17),
        ("2.4.0", 128),
        ("2.5.0", 96),
        ("", 17),
        ("10.0", 96),
    ],
)
def test_the_longest_name_by_version(version, limit):
    assert name_limit(version) == limit
