# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from ansible_collections.mailops.relay.plugins.plugin_utils.flow_lines import lines_of
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import summarize
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import empty, week


def test_no_mail():
    assert lines_of(summarize(empty(lines=7)), 5) == [
        "Mail report: relay1: no mail",
        "Complete: 7 lines read, all of them understood.",
        "There was no mail.",
    ]


def test_the_terminal():
    lines = lines_of(summarize(week()), 2)
    assert "sent                  40,855  883 MiB" in lines
    assert "delay             total: p50 841 ms, p95 9.11 s, p99 26 s" in lines
    assert "next hop              17,289 sent  mx.gmail.example[198.51.100.26]:25: 811 deferred, 190 bounced" in lines
    assert "                              and 7 more" in lines
    assert "reason                   642  deferred: 4.7.28 Google: rate limit" in lines
    assert len(lines) < 50
