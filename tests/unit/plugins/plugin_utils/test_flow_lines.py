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


def test_the_largest_hours_are_named_first_and_what_is_cut_off_is_said():
    flow = week()
    day = 86400
    first = min(map(int, flow["hours"])) // day * day + 3 * 3600 - flow["utc_offset"]
    for number, count in enumerate((84, 1600, 90, 100)):
        flow["hours"][str(first + number * day)] = {"rejected": count}
    summary = summarize(flow)
    assert [line for line in lines_of(summary, 2) if line.startswith("peak") or "more" in line][-3:] == [
        "peak                   2,382 received at 2026-07-15 14:00, usually 482",
        "peak                   1,600 rejected at 2026-07-13 03:00, usually 90",
        "                              and {0} more".format(summary["peak_count"] - 2),
    ]
