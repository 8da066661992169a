# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.relay.plugins.filter import verify

LOG = {"first": 1.0, "last": 2.0, "complete": True, "problems": [], "gaps": [], "unreadable": 0, "unknown": 0, "samples": []}
RECIPIENT = "ops@example.net"
NAMES = ["web01", "web02", "web03"]


class HostVars(dict):
    """Notes whose variables are asked for."""

    asked = ()

    def __getitem__(self, host):
        self.asked += (host,)
        return super(HostVars, self).__getitem__(host)


def delivery(relay, status="sent", reply="", next_id="", tls=""):
    name, _bracket, address = relay.rstrip("]").partition("[")
    return {
        "time": 101.0, "recipient": RECIPIENT, "orig_to": "", "relay": relay, "status": status, "dsn": "", "reply": reply, "tls": tls,
        "delay": 0.2, "delays": {}, "next_id": next_id, "relay_host": {"name": name, "address": address, "port": 25},
    }  # fmt: skip


def hop(queue_id, message_id, deliveries, **changes):
    return dict(
        {
            "mta": "postfix", "instance": "postfix", "queue_id": queue_id, "message_id": message_id, "sender": "root@x", "size": 9,
            "client": None, "tls": "", "arrival": 100.9, "first": 100.9, "last": 101.0, "removed": 101.0, "status": "sent", "queue": None,
            "next_try": None, "deliveries": deliveries, "links": [], "source": None, "notes": [], "rejects": [],
        },
        **changes
    )  # fmt: skip


def told(hops, **changes):
    return dict({"messages": hops, "rejects": [], "total": len(hops), "host": {"names": [], "addresses": []}, "log": LOG}, **changes)


def a_site(names=tuple(NAMES)):
    """(HostVars, list): clients that have handed over, and the relay that has delivered."""
    handed = [delivery("relay.example.com[10.0.0.1]", next_id="B" + name, tls="Verified TLSv1.3 X") for name in names]
    hostvars = HostVars(
        (
            name,
            {
                "group_names": ["relay_clients"],
                "__verify_sent": {"message_id": "<{0}>".format(name), "submitted_at": 100.5},
                "__verify_told": told([hop("A" + name, "<{0}>".format(name), [sent])]),
            },
        )
        for name, sent in zip(names, handed)
    )
    hostvars["relay"] = {"relay_server_hostname": "relay.example.com"}
    out = [hop("B" + name, "<{0}>".format(name), [delivery("mx[203.0.113.2]")], client={"name": name, "address": ""}) for name in names]
    return hostvars, [told(out, item="relay", host={"names": [], "addresses": ["10.0.0.1"]})]


def test_all_is_well():
    hostvars, relays = a_site()
    way = verify.verify_begin(NAMES, hostvars)
    assert way["messages"] == dict(("<{0}>".format(name), name) for name in NAMES) and way["wait"] and way["pending"] == sorted(way["messages"])
    way = verify.verify_progress(way, relays, hostvars, [], 60, 5)
    assert way["pending"] == [] and not way["wait"]
    way = verify.verify_progress(way, relays, hostvars, NAMES, 60, 60)
    assert (way["again"], way["put_off"]) == ([], {})
    result = verify.verify_result(NAMES, hostvars, relays, RECIPIENT, [])
    assert result["ok"] and result["problems"] == [] and result["summary"] == "3 of 3 messages delivered as they should"
    assert verify.verify_table(result)[0] == "ok      web01  delivered in 0.7 s over verified TLS (TLSv1.3 X)"


def test_a_round_at_the_relays_does_not_look_at_every_client():
    hostvars, relays = a_site()
    way = verify.verify_begin(NAMES, hostvars)
    hostvars.asked = ()
    verify.verify_progress(way, relays, hostvars, [], 60, 5)
    assert hostvars.asked == ("relay",)
    hostvars.asked = ()
    verify.verify_result(NAMES, hostvars, relays, RECIPIENT, [])
    assert sorted(hostvars.asked) == ["relay"] + NAMES


def test_waiting_ends_with_the_time_or_with_patience():
    hostvars, _relays = a_site()
    nothing = [told([], item="relay")]
    way = verify.verify_begin(NAMES, hostvars)
    following = verify.verify_progress(way, nothing, hostvars, [], 60, 5)
    assert following["wait"] and following["pending"] == way["pending"] and following["pause"] <= 1
    assert not verify.verify_progress(dict(way, moved=time.time() - 6), nothing, hostvars, [], 60, 5)["wait"]
    assert not verify.verify_progress(dict(way, began=time.time() - 61), nothing, hostvars, [], 60, 600)["wait"]
    # Nobody can tell anything: nothing is gained by waiting.
    silent = [{"item": "relay", "failed": True, "msg": "no log"}]
    assert not verify.verify_progress(way, silent, hostvars, [], 60, 5)["wait"]
    pauses = []
    for _round in range(12):
        following = verify.verify_progress(following, nothing, hostvars, [], 600, 600)
        pauses.append(following["pause"])
    assert pauses == sorted(pauses) and pauses[-1] == 5


def test_what_a_client_has_put_off_is_asked_again():
    hostvars, _relays = a_site()
    reply = "delivery temporarily suspended: connect to relay.example.com[10.0.0.1]:587: Connection refused"
    stuck = hop("Aweb02", "<web02>", [delivery("none", "deferred", reply)], removed=None, status="deferred", queue="deferred")
    hostvars["web02"]["__verify_told"] = told([stuck])
    del hostvars["web03"]["__verify_told"]
    nothing = [told([], item="relay", host={"names": [], "addresses": ["10.0.0.1"]})]
    way = verify.verify_progress(verify.verify_begin(NAMES, hostvars), nothing, hostvars, NAMES, 60, 60)
    assert way["put_off"] == {"web02": "Aweb02"} and way["again"] == NAMES
    # What it says then replaces what it said before.
    tried = delivery("none", "deferred", "connect to relay.example.com[10.0.0.1]:587: No route to host")
    hostvars["web02"]["__verify_told_again"] = told([dict(stuck, deliveries=[stuck["deliveries"][0], tried])])
    row = verify.verify_result(NAMES, hostvars, nothing, RECIPIENT, [])["clients"][1]
    assert row["cause"] == "no_way"


def test_clients_that_sent_nothing():
    hostvars, relays = a_site()
    hostvars["web01"]["__verify_sent"] = {"unreachable": True, "msg": "no\nroute"}
    hostvars["web02"]["__verify_sent"] = {"failed": True, "msg": "no such program"}
    hostvars["web03"]["__verify_sent"] = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "x\ncontainer is not running\n"}
    way = verify.verify_begin(NAMES, hostvars)
    assert way["messages"] == {} and not way["wait"]
    result = verify.verify_result(NAMES, hostvars, relays, RECIPIENT, [])
    assert [row["cause"] for row in result["clients"]] == ["unreachable", "not_sent", "unreachable"]
    assert result["clients"][2]["detail"] == "container is not running"
    assert not result["ok"] and result["summary"].startswith("0 of 3 messages") and "web01, web02, web03" in result["summary"]


def test_qmail_clients_need_no_TLS_and_a_wrong_word_is_named():
    hostvars, relays = a_site()
    for host in NAMES:
        hostvars[host]["__verify_told"]["messages"][0]["deliveries"][0]["tls"] = "none"
    hostvars["web01"]["group_names"] = ["qmail_clients"]
    hostvars["web02"]["verify_tls"] = "none"
    rows = verify.verify_result(NAMES, hostvars, relays, RECIPIENT, [])["clients"]
    assert [row["status"] for row in rows] == ["ok", "ok", "failed"] and "no TLS (qmail has none)" in rows[0]["seen"]
    hostvars["web02"]["verify_tls"] = "secure"
    with pytest.raises(AnsibleFilterError, match="verify_tls of web02: 'secure' is none of encrypted, none, verified"):
        verify.verify_result(NAMES, hostvars, relays, RECIPIENT, [])


def matrix(accepted=0, tried=35, unknown=0, status="ok"):
    checks = [{"id": "relay.open", "status": status, "subject": "203.0.113.4 port 25", "seen": "quoted", "todo": "Close the relay"}]
    return {"item": ["outside01", "relay"], "accepted": accepted, "tried": tried, "unknown": unknown, "checks": checks}


@pytest.mark.parametrize("entry, good, words", [
    (matrix(), True, "0 of 35 forms accepted"),
    (matrix(tried=0), True, "nobody gets in there"),
    (matrix(unknown=2, status="warning"), True, "0 of 35 forms accepted, 2 not known"),
    (matrix(accepted=3, status="failed"), False, "3 of 35 forms accepted"),
    ({"item": ["outside01", "relay"], "unreachable": True, "msg": "gone"}, False, "not tested: gone"),
])  # fmt: skip
def test_the_matrix_from_outside(entry, good, words):
    hostvars, relays = a_site()
    result = verify.verify_result(NAMES, hostvars, relays, RECIPIENT, [entry])
    (row,) = result["outsiders"]
    assert row["subject"] == "outside01 -> relay" and row["seen"] == words
    assert result["ok"] == good == (row["status"] == "ok") and ("from outside" in result["summary"]) != good
    shown = "\n".join(verify.verify_table(result))
    assert words in shown and ("203.0.113.4 port 25: quoted" in shown) == (entry.get("checks", [{}])[0].get("status") in ("warning", "failed"))


def test_no_terminal_obeys_a_strangers_reply():
    hostvars, relays = a_site()
    evil = "\x1b[2J\x9b31m\u202e\r\n\x07"
    relays[0]["messages"][0]["deliveries"][0].update(status="bounced", reply=evil)
    hostvars["web02"]["__verify_sent"] = {"failed": True, "msg": evil}
    lines = verify.verify_table(verify.verify_result(NAMES, hostvars, relays, RECIPIENT, []))
    assert all(line.isprintable() for line in lines) and any("\\x1b[2J" in line for line in lines)
