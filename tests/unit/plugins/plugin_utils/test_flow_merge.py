# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import Flow, bucket
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_merge import (
    merge,
    peaks,
    quantile,
    strangers,
    with_names,
)

RECORDED = os.path.join(os.path.dirname(__file__), "..", "module_utils", "postfix", "fixtures", "maillog.2.10.1.txt")
LOG = {
    "first": None,
    "last": None,
    "unreadable": 0,
    "unknown": 0,
    "samples": [],
    "other_programs": {},
    "problems": [],
    "gaps": [],
    "complete": True,
}


def lines_of_record():
    with open(RECORDED, "rb") as stream:
        return stream.read().splitlines(True)


def count(lines):
    flow = Flow()
    reader = LogReader(flow, Readers)
    flow.use(reader.lexer)
    reader.feed(b"".join(lines))
    return flow.facts("relay", dict(LOG, lines=reader.lexer.lines))


def test_flows_merge_exactly():
    lines = lines_of_record()
    at = [number for number, line in enumerate(lines) if b"NOQUEUE" in line][0]
    whole = count(lines)
    parts = merge([count(lines[:at]), count(lines[at:])])
    for name in ("received", "sent", "deferred", "bounced", "rejected"):
        assert parts["totals"][name] == whole["totals"][name]
    assert parts["latency"] == whole["latency"]
    assert parts["recipient_domains"] == whole["recipient_domains"]
    assert parts["reasons"] == whole["reasons"]
    one, other = count(lines[:at]), count(lines[at:])
    assert merge([one, other])["totals"] == merge([other, one])["totals"]
    with pytest.raises(ValueError, match="version 99"):
        merge([one, dict(other, version=99)])
    assert merge([]) == {"version": 1, "hosts": [], "complete": False}


@given(
    st.lists(st.floats(min_value=0, max_value=500000), min_size=1, max_size=60), st.sampled_from([0.5, 0.95, 0.99, 1.0])
)
def test_a_quantile_is_off_by_five_percent_at_most(delays, share):
    sketch = {}
    for delay in delays:
        sketch[bucket(delay)] = sketch.get(bucket(delay), 0) + 1
    exact = sorted(delays)[max(1, int(-(-share * len(delays) // 1))) - 1]
    found = quantile(sketch, share)
    assert found == 0 if exact < 0.01 else abs(found - exact) <= 0.055 * exact


def test_an_empty_sketch_has_no_quantile():
    assert quantile({}, 0.5) is None


def test_an_unusual_hour_is_found():
    hours = dict((str(number * 3600), {"received": 10 + number % 3, "bounced": 1}) for number in range(48))
    hours[str(30 * 3600)] = {"received": 500, "bounced": 1}
    assert peaks({"hours": hours}) == [{"hour": 30 * 3600, "what": "received", "count": 500, "usual": 11}]
    assert peaks({"hours": {}}) == []


def test_clients_without_a_name_have_that_of_the_host_whose_address_is_theirs():
    flow = {
        "clients": {
            "fd00:20:1::11": {"received": 1, "sent": 1},
            "fd00:20:1::12": {"received": 2},
            "10.20.0.12": {"received": 4},
            "web01.example.com": {"received": 8},
            "172.17.0.1": {"received": 16},
            "192.0.2.9": {"received": 32},
            "127.0.0.1": {"received": 64},
            "(local)": {"received": 128},
        }
    }
    hosts = {
        "web01": {"names": ["web01", "web01.example.com"], "addresses": ["FD00:20:1:0::11", "172.17.0.1"]},
        "web02": {"names": ["web02"], "addresses": ["fd00:20:1::12", "10.20.0.12", "172.17.0.1"]},
    }
    assert with_names(flow, hosts)["clients"] == {
        "web01.example.com": {"received": 9, "sent": 1},
        "web02": {"received": 6},
        # Each host has it for its containers.
        "172.17.0.1": {"received": 16},
        "192.0.2.9": {"received": 32},
        "127.0.0.1": {"received": 64},
        "(local)": {"received": 128},
    }
    # Whom it asks for: hosts of which nobody has said anything yet.
    assert strangers(flow, hosts) == ["192.0.2.9"]
    assert strangers(flow, {}) == ["10.20.0.12", "172.17.0.1", "192.0.2.9", "fd00:20:1::11", "fd00:20:1::12"]
    assert strangers(merge([]), hosts) == [] and with_names(merge([]), hosts) == merge([])
