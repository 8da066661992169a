# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every scenario's tests begin with."""

import pytest
import site_under_test as site


@pytest.fixture(scope="session", autouse=True)
def empty_queues():
    """No message of another scenario on the same bed waits anywhere: some notices of bounces never leave."""
    for host in (site.RELAY, *site.CLIENTS):
        site.run(host, "postsuper -d ALL")
    for host in site.GROUPS.get("sendmail_clients", []):
        site.run(host, "find /var/spool/*mqueue* -type f -delete")
