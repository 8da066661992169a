# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On the controller too, what others wrote into replies, logs and files takes time in proportion to its length."""

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils.delivery_causes import AT_CLIENT, AT_RELAY, AT_RELAY_ITSELF
from ansible_collections.mailops.relay.plugins.plugin_utils.hosts_file import edits
from ansible_collections.mailops.relay.plugins.plugin_utils.relay_server import users
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import misspelt
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import assert_linear

FILLINGS = [
    "message ", "recipient ", "exceeds ", "message size ", "5.7.1 ", "service ", "mail for ", "4.7.0 ", "530 ", "Client host rejected: ",
    "message file too ", "a", "a:", "4", ".", "<", " ", "\t", "1:", "connection ", "relay_server_", "#", "::",
]  # fmt: skip


@pytest.mark.parametrize("cause", AT_CLIENT + AT_RELAY + (AT_RELAY_ITSELF,), ids=lambda cause: cause.name)
def test_replies(cause):
    for filling in FILLINGS:
        assert_linear(cause.matches, filling, 32000)


def test_names_of_variables_and_files():
    for filling in FILLINGS:
        assert_linear(lambda text: misspelt([text, "relay_server_" + text], ["relay_server_networks"]), filling, 8000)
        assert_linear(
            lambda text: edits("10.0.0.1 a" + text + "b" + text + "\n", ["10.0.0.2"], "a.example"), filling, 16000
        )
        assert_linear(
            lambda text: list(users([{"item": "web01", "rc": 0, "stdout": text}], ["relay.example.com"])),
            filling,
            16000,
        )
