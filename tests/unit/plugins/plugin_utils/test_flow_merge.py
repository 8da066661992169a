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
    merge_results,
    peaks,
    quantile,
    strangers,
    with_inventory,
    with_names,
)
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import empty

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
    assert merge([]) == {"version": 2, "hosts": [], "complete": False}


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


# A Monday, 00:00 UTC.
MONDAY = 1767571200


def office(days, at_work=400, offset=0):
    """What was received in each hour: mail for a site that works from 9 to 17, Monday to Friday."""
    return {
        str(MONDAY - offset + (day * 24 + hour) * 3600): {
            "received": at_work if day % 7 < 5 and 9 <= hour < 17 else 5,
            "bounced": 1,
        }
        for day in range(days)
        for hour in range(24)
    }


@pytest.mark.parametrize("offset", [0, 7200, -18000])
@pytest.mark.parametrize("days", [2, 3, 7, 28])
def test_office_hours_are_not_unusual(days, offset):
    assert peaks({"hours": office(days, offset=offset), "utc_offset": offset}) == []


@pytest.mark.parametrize(("day", "usual"), [(2, 5), (6, None)])
def test_the_largest_hour_comes_first_and_is_compared_with_the_same_hour_of_like_days(day, usual):
    hours = office(7, 20)
    largest, smaller = MONDAY + (day * 24 + 3) * 3600, MONDAY + 26 * 3600
    hours[str(largest)]["received"] = 1600
    hours[str(smaller)]["received"] = 84
    found = peaks({"hours": hours, "utc_offset": 0})
    assert found == [
        {"hour": largest, "what": "received", "count": 1600, "usual": usual},
        {"hour": smaller, "what": "received", "count": 84, "usual": 5},
    ]


def test_hours_without_mail_count_and_a_wrong_date_costs_no_time():
    hours = {str(MONDAY + day * 86400): {"bounced": 30} for day in range(0, 60, 7)}
    assert [(peak["count"], peak["usual"]) for peak in peaks({"hours": hours})] == [(30, 0)] * 9
    hours["0"] = {"received": 1}
    assert [peak["count"] for peak in peaks({"hours": hours})] == [30] * 9
    assert peaks({"hours": {}}) == []


@given(
    st.dictionaries(
        st.integers(-50, 10000).map(lambda number: str(number * 3600)),
        st.dictionaries(st.sampled_from(["received", "sent", "bounced"]), st.integers(0, 3000)),
        max_size=20,
    ),
    st.integers(-50000, 50000),
)
def test_what_is_a_peak_is_in_the_flow_and_in_order(hours, offset):
    found = peaks({"hours": hours, "utc_offset": offset})
    assert [peak["count"] for peak in found] == sorted((peak["count"] for peak in found), reverse=True)
    for peak in found:
        assert hours[str(peak["hour"])][peak["what"]] == peak["count"] >= 20


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
        "web01": {"received": 9, "sent": 1},
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


SITE = {
    "web01": {"names": ["web01"], "addresses": ["10.20.0.11"], "shared": []},
    "web02": {"names": ["web02", "web02.example.com"], "addresses": [], "shared": ["198.51.100.7"]},
    "web03": {"names": ["web03"], "addresses": ["10.20.0.13"], "shared": []},
    "relay1": {"names": ["relay1"], "addresses": ["10.20.0.2"], "shared": []},
}


def test_who_of_the_inventory_sent_nothing_and_who_is_in_none():
    flow = {
        "clients": {
            "www.example.com": {"received": 1},
            "WEB02.example.com": {"limited": 1},
            "nat.example.com": {"received": 1},
            "mail.stranger.example": {"received": 1},
            "203.0.113.9": {"rejected": 1},
            "127.0.0.1": {"received": 1},
            "localhost": {"received": 1},
            "(this host)": {"received": 1},
        },
        "client_addresses": {
            "www.example.com": ["10.20.0.11"],
            "nat.example.com": ["198.51.100.7"],
            "mail.stranger.example": ["203.0.113.8"],
        },
    }
    found = with_inventory(flow, SITE, ["web01", "web02", "web03"])["inventory"]
    assert found == {"silent": ["web03"], "foreign": ["203.0.113.9", "mail.stranger.example"], "unknown": []}
    # Whom it asks the hosts for.
    assert strangers(flow, SITE) == ["203.0.113.8", "203.0.113.9"]
    crowd = dict(flow, clients=dict(flow["clients"], **{"(others)": {"received": 1}}))
    assert with_inventory(crowd, SITE, ["web03"])["inventory"]["silent"] is None
    assert with_inventory(merge([]), SITE, ["web03"])["inventory"] == {
        "silent": ["web03"],
        "foreign": [],
        "unknown": [],
    }


def test_a_host_that_told_no_address_may_be_a_client_that_is_in_no_inventory():
    site = dict(SITE, web04={"names": ["web04"], "addresses": [], "shared": []})
    flow = {
        "clients": {"web04.example.com": {"received": 1}},
        "client_addresses": {"web04.example.com": ["10.20.0.14"]},
    }
    found = with_inventory(flow, site, ["web03", "web04"])["inventory"]
    assert found == {"silent": ["web03"], "foreign": ["web04.example.com"], "unknown": ["web04"]}
    assert with_inventory(merge([]), site, ["web03", "web04"])["inventory"]["silent"] == ["web03", "web04"]


def test_limits_are_told_of_the_host_whose_address_it_is():
    limits = {"message rate": {"count": 3, "sample": "x", "clients": {"10.20.0.13": 2, "203.0.113.9": 1}}}
    flow = {"clients": {"10.20.0.13": {"limited": 2}}, "limits": limits}
    assert with_names(flow, SITE)["limits"]["message rate"]["clients"] == {"web03": 2, "203.0.113.9": 1}


def test_a_host_has_its_inventory_name_whatever_it_calls_itself():
    flow = dict(empty(), hosts=["vm"], reach=[dict(empty()["reach"][0], host="vm")])
    merged = merge_results({"relay1": {"flow": flow}, "relay2": {"flow": flow}})
    assert merged["hosts"] == ["relay1", "relay2"]
    assert [part["host"] for part in merged["reach"]] == ["relay1", "relay2"]


def test_periods_and_minutes_of_several_hosts():
    minutes = {"60": {"received": 1}}
    asked = {"since": 30.0, "until": None, "text": "x to now"}
    one, other = empty(minutes=minutes, asked=asked), empty(minutes=minutes, asked=dict(asked, since=31.0))
    merged = merge([one, other])
    assert merged["minutes"] == {"60": {"received": 2}} and merged["asked"] == asked and len(merged["reach"]) == 2
    # Where one host has none, those of the other would look like all.
    assert merge([one, empty()])["minutes"] is None and merge([one, empty()])["asked"]["text"] == ""
    known = merge([empty(client_addresses={"h": ["2"]}), empty(client_addresses={"h": ["1", "2"], "i": ["3"]})])
    assert known["client_addresses"] == {"h": ["1", "2"], "i": ["3"]}


def test_a_client_by_a_name_that_nobody_knows_is_the_host_whose_address_it_has():
    flow = {
        "clients": {"host-13.isp.example": {"received": 2}, "web01": {"received": 1}, "x.example": {"received": 4}},
        "client_addresses": {
            "host-13.isp.example": ["10.20.0.13"],
            "web01": ["10.20.0.13"],
            "x.example": ["203.0.113.9"],
        },
    }
    found = with_names(flow, SITE)
    assert found["clients"] == {"web03": {"received": 2}, "web01": {"received": 1}, "x.example": {"received": 4}}
    assert with_inventory(found, SITE, ["web01", "web02", "web03"])["inventory"] == {
        "silent": ["web02"],
        "foreign": ["x.example"],
        "unknown": [],
    }
