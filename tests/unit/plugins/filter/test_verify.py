# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import os
import time

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter import verify

LOG = {
    "first": 1.0,
    "last": 2.0,
    "complete": True,
    "problems": [],
    "gaps": [],
    "unreadable": 0,
    "unknown": 0,
    "samples": [],
}
RECIPIENT = "ops@example.net"
NAMES = ["web01", "web02", "web03"]


PLAYBOOKS = os.path.join(os.path.dirname(__file__), *[os.pardir] * 4 + ["playbooks"])
RELAY_NAMES = {"relay": {"names": ["relay", "relay.example.com"], "addresses": []}}


class Site:
    """What the playbook hands to the filters: clients that have handed over, and the relay that has delivered."""

    def __init__(self):
        self.sent, self.answers = {}, {}
        for name in NAMES:
            handed = delivery("relay.example.com[10.0.0.1]", next_id="B" + name, tls="Verified TLSv1.3 X")
            self.sent[name] = {"message_id": f"<{name}>", "submitted_at": 100.5}
            self.answers[name] = [told([hop("A" + name, f"<{name}>", [handed])]), None]
        self.tls, self.without_tls = dict.fromkeys(NAMES, "verified"), []
        out = [
            hop("B" + name, f"<{name}>", [delivery("mx[203.0.113.2]")], client={"name": name, "address": ""})
            for name in NAMES
        ]
        self.relays = [told(out, item="relay", host={"names": [], "addresses": ["10.0.0.1"]})]

    def begin(self):
        return verify.verify_begin(self.sent)

    def progress(self, way, timeout=60, patience=5, clients=False):
        return verify.verify_progress(way, self.relays, RELAY_NAMES, self.answers if clients else {}, timeout, patience)

    def result(self, matrix=(), certificates=()):
        return verify.verify_result(
            self.sent,
            self.answers,
            self.tls,
            self.without_tls,
            self.relays,
            RELAY_NAMES,
            RECIPIENT,
            list(matrix),
            list(certificates),
        )


def delivery(relay, status="sent", reply="", next_id="", tls=""):
    name, _bracket, address = relay.rstrip("]").partition("[")
    return {
        "time": 101.0,
        "recipient": RECIPIENT,
        "orig_to": "",
        "relay": relay,
        "status": status,
        "dsn": "",
        "reply": reply,
        "tls": tls,
        "agent": "smtp" if "[" in relay else "local",
        "delay": 0.2,
        "delays": {},
        "next_id": next_id,
        "relay_host": {"name": name, "address": address, "port": 25},
    }


def hop(queue_id, message_id, deliveries, **changes):
    return dict(
        {
            "mta": "postfix",
            "instance": "postfix",
            "queue_id": queue_id,
            "message_id": message_id,
            "sender": "root@x",
            "size": 9,
            "recipients": 1,
            "client": None,
            "tls": "",
            "arrival": 100.9,
            "first": 100.9,
            "last": 101.0,
            "removed": 101.0,
            "status": "sent",
            "queue": None,
            "next_try": None,
            "deliveries": deliveries,
            "links": [],
            "source": None,
            "notes": [],
            "rejects": [],
        },
        **changes,
    )


def told(hops, **changes):
    return dict(
        {"messages": hops, "rejects": [], "total": len(hops), "host": {"names": [], "addresses": []}, "log": LOG},
        **changes,
    )


def test_all_is_well():
    site = Site()
    way = site.begin()
    assert (
        way["messages"] == {f"<{name}>": name for name in NAMES}
        and way["wait"]
        and way["pending"] == sorted(way["messages"])
    )
    way = site.progress(way)
    assert way["pending"] == [] and not way["wait"]
    way = site.progress(way, patience=60, clients=True)
    assert (way["again"], way["put_off"]) == ([], {})
    result = site.result()
    assert result["ok"] and result["problems"] == [] and result["summary"] == "3 of 3 messages delivered as they should"
    assert verify.verify_table(result)[0] == "ok      web01  delivered in 0.7 s over verified TLS (TLSv1.3 X)"


def test_a_round_at_the_relays_does_not_look_at_every_client():
    with open(os.path.join(PLAYBOOKS, "tasks", "verify_wait.yml"), encoding="utf-8") as source:
        text = source.read()
    assert "verify_progress(__verify_relays_told.results, __host_names, {}," in text
    for grows in ("ansible_play_hosts", "hostvars", "__verify_sent_by", "__verify_answers", "__verify_tls"):
        assert grows not in text


def test_waiting_ends_with_the_time_or_with_patience():
    site = Site()
    site.relays = [told([], item="relay")]
    way = site.begin()
    following = site.progress(way)
    assert following["wait"] and following["pending"] == way["pending"] and following["pause"] <= 1
    assert not site.progress(dict(way, moved=time.time() - 6))["wait"]
    assert not site.progress(dict(way, began=time.time() - 61), patience=600)["wait"]
    pauses = []
    for _round in range(12):
        following = site.progress(following, timeout=600, patience=600)
        pauses.append(following["pause"])
    assert pauses == sorted(pauses) and pauses[-1] == 5
    # Nobody can tell anything: nothing is gained by waiting.
    site.relays = [{"item": "relay", "failed": True, "msg": "no log"}]
    assert not site.progress(way)["wait"]


def test_what_a_client_has_put_off_is_asked_again():
    site = Site()
    reply = "delivery temporarily suspended: connect to relay.example.com[10.0.0.1]:587: Connection refused"
    stuck = hop(
        "Aweb02", "<web02>", [delivery("none", "deferred", reply)], removed=None, status="deferred", queue="deferred"
    )
    site.answers["web02"] = [told([stuck]), None]
    site.answers["web03"] = [None, None]
    site.relays = [told([], item="relay", host={"names": [], "addresses": ["10.0.0.1"]})]
    way = site.progress(site.begin(), patience=60, clients=True)
    assert way["put_off"] == {"web02": "Aweb02"} and way["again"] == NAMES
    # What it says then replaces what it said before.
    tried = delivery("none", "deferred", "connect to relay.example.com[10.0.0.1]:587: No route to host")
    site.answers["web02"][1] = told([dict(stuck, deliveries=[stuck["deliveries"][0], tried])])
    assert site.result()["clients"][1]["cause"] == "no_way"
    # Unless it says nothing.
    site.answers["web02"][1] = {"unreachable": True, "msg": "no route"}
    assert site.result()["clients"][1]["cause"] == "refused"


def test_clients_that_sent_nothing():
    site = Site()
    site.sent["web01"] = {"unreachable": True, "msg": "no\nroute"}
    site.sent["web02"] = {"failed": True, "msg": "no such program"}
    site.sent["web03"] = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "x\ncontainer is not running\n"}
    way = site.begin()
    assert way["messages"] == {} and not way["wait"]
    result = site.result()
    assert [row["cause"] for row in result["clients"]] == ["unreachable", "not_sent", "unreachable"]
    assert result["clients"][2]["detail"] == "container is not running"
    assert (
        not result["ok"]
        and result["summary"].startswith("0 of 3 messages")
        and "web01, web02, web03" in result["summary"]
    )
    site.sent["web01"] = None
    assert site.result()["clients"][0]["detail"] == "nothing was sent"


def test_qmail_clients_need_no_TLS_and_a_wrong_word_is_named():
    site = Site()
    for host in NAMES:
        site.answers[host][0]["messages"][0]["deliveries"][0]["tls"] = "none"
    site.without_tls = ["web01"]
    site.tls["web02"] = "none"
    rows = site.result()["clients"]
    assert [row["status"] for row in rows] == ["ok", "ok", "failed"] and "no TLS (qmail has none)" in rows[0]["seen"]
    site.tls["web02"] = "secure"
    with pytest.raises(
        AnsibleFilterError, match="verify_tls of web02: 'secure' is not one of encrypted, none, verified"
    ):
        site.result()


def channel(state="tested", accepted=0, unknown=0, address="203.0.113.4", port=25, tls="none"):
    """A way in, and the check of it."""
    status = "failed" if accepted else "warning" if unknown or state in ("failed", "unreached") else "ok"
    seen = {
        "id": "relay.open",
        "status": status,
        "subject": f"{address} port {port}",
        "seen": "quoted",
        "todo": f"Mend {port}",
    }
    return {
        "address": address,
        "port": port,
        "tls": tls,
        "state": state,
        "accepted": accepted,
        "unknown": unknown,
    }, seen


def matrix(*ways, outsider="outside01", relay="relay"):
    """The result of the module for these channels, of which each has 35 forms."""
    channels = [dict(way) for way, _check in ways]
    for way in channels:
        if way["state"] in ("failed", "unreached"):
            way["unknown"] = 35
    return {
        "item": [outsider, relay],
        "accepted": sum(way["accepted"] for way in channels),
        "tried": 35 * sum(way["state"] != "closed" for way in channels),
        "unknown": sum(way["unknown"] for way in channels),
        "channels": channels,
        "checks": [check for _way, check in ways],
    }


@pytest.mark.parametrize(
    "entry, good, words",
    [
        (matrix(channel()), True, "0 of 35 forms accepted"),
        (matrix(channel("closed")), True, "nobody gets in there"),
        (matrix(channel(unknown=2)), False, "0 of 35 forms accepted, 2 not known"),
        (matrix(channel(accepted=3)), False, "3 of 35 forms accepted"),
        (matrix(channel("unreached")), False, "1 way in not reached"),
        (matrix(channel("unreached"), channel("closed", port=587)), False, "1 way in not reached"),
        (matrix(channel("unreached"), channel(port=587)), False, "0 of 70 forms accepted, 35 not known"),
        (matrix(channel("failed")), False, "0 of 35 forms accepted, 35 not known"),
        ({"item": ["outside01", "relay"], "unreachable": True, "msg": "gone"}, False, "not tested: gone"),
    ],
)
def test_the_matrix_from_outside(entry, good, words):
    result = Site().result([entry])
    (row,) = result["outsiders"]
    assert row["subject"] == "outside01 -> relay" and row["seen"] == words
    assert result["ok"] == good == (row["status"] == "ok") and ("from outside" in result["summary"]) != good
    shown = "\n".join(verify.verify_table(result))
    assert words in shown
    for check in entry.get("checks", ()):
        assert ("{subject}: quoted".format(**check) in shown) == (check["status"] != "ok")


V6 = {"address": "2001:db8::4"}


def test_a_way_in_that_another_outsider_reached_is_known():
    """An outsider without IPv6 beside one that has it."""
    without = matrix(channel(), channel("unreached", **V6), channel("unreached", port=587, **V6))
    closed = matrix(channel("closed"), channel("closed", **V6), channel(port=587, **V6), outsider="outside02")
    result = Site().result([without, closed])
    first, second = result["outsiders"]
    assert result["ok"] and first["status"] == second["status"] == "ok"
    assert first["seen"] == "0 of 35 forms accepted; 2 ways in not reached from here, but by outside02"
    assert "quoted" not in "\n".join(verify.verify_table(result))


def test_each_way_in_that_was_not_reached_is_counted_once():
    some = matrix(channel("closed"), channel("unreached", **V6), channel("unreached", port=587, **V6))
    other = matrix(channel("closed", **V6), outsider="outside02")
    row = Site().result([some, other])["outsiders"][0]
    assert row["status"] == "warning"
    assert row["seen"] == "1 way in not reached; 1 way in not reached from here, but by outside02"


@pytest.mark.parametrize(
    "others",
    [
        # Of another relay, of another way in, not reached there either, cut there, and not run.
        [matrix(channel(), channel("closed", **V6), outsider="outside02", relay="other")],
        [matrix(channel(), channel("closed", port=587, **V6), outsider="outside02")],
        [matrix(channel(), channel("unreached", **V6), outsider="outside02")],
        [matrix(channel(), channel("failed", **V6), outsider="outside02")],
        [{"item": ["outside02", "relay"], "unreachable": True, "msg": "gone"}],
    ],
)
def test_a_way_in_that_nobody_reached_is_not_known(others):
    result = Site().result([matrix(channel(), channel("unreached", **V6))] + others)
    row = result["outsiders"][0]
    assert (row["status"], row["seen"], row["todo"]) == ("warning", "0 of 70 forms accepted, 35 not known", "Mend 25")
    assert not result["ok"]


def test_an_outsider_that_reaches_nothing_is_named_whatever_others_saw():
    result = Site().result([matrix(channel("unreached")), matrix(channel("closed"), outsider="outside02")])
    assert [row["status"] for row in result["outsiders"]] == ["warning", "ok"]


def test_what_another_outsider_reached_is_an_open_relay_all_the_same():
    opened = matrix(channel(), channel(accepted=1, **V6), outsider="outside02")
    result = Site().result([matrix(channel(), channel("unreached", **V6)), opened])
    assert [row["status"] for row in result["outsiders"]] == ["ok", "failed"] and not result["ok"]


def test_no_terminal_obeys_a_strangers_reply():
    site = Site()
    evil = "\x1b[2J\x9b31m\u202e\r\n\x07"
    site.relays[0]["messages"][0]["deliveries"][0].update(status="bounced", reply=evil)
    site.sent["web02"] = {"failed": True, "msg": evil}
    lines = verify.verify_table(site.result())
    assert all(line.isprintable() for line in lines) and any("\\x1b[2J" in line for line in lines)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sent": ["web01"]}, "verify_result: the input must be a dictionary, but it is of type list."),
        ({"sent": {"web01": "sent"}}, "verify_result: the result of web01 must be a dictionary, but it is a text."),
        ({"sent": {"web01": {"changed": True}}}, "verify_result: the result of web01 has no message_id, submitted_at."),
        ({"answers": {}}, "verify_result: answers has no web01, web02, web03."),
        (
            {"answers": dict.fromkeys(NAMES, {})},
            "verify_result: answers: web01 must be a list, but it is of type dict.",
        ),
        (
            {"answers": dict.fromkeys(NAMES, [{"ping": "pong"}])},
            "verify_result: answers: the result of web01 has no messages, log.",
        ),
        ({"tls": {"web01": "none"}}, "verify_result: tls has no web02, web03."),
        (
            {"tls": dict.fromkeys(NAMES, ["none"])},
            "verify_tls of web01: ['none'] is not one of encrypted, none, verified",
        ),
        ({"without_tls": "web01"}, "verify_result: without_tls must be a list, but it is a text."),
        ({"told": [{"messages": []}]}, "verify_result: element 1 of told has no item."),
        ({"told": [{"item": "relay", "messages": []}]}, "verify_result: told: the result of relay has no log."),
        ({"told": [told([], item="other")]}, "verify_result: relays has no other."),
        ({"relays": {"relay": {"names": []}}}, "verify_result: relays: relay has no addresses."),
        ({"recipient": None}, "verify_result: recipient must be a mail address, not None."),
        ({"matrix": {}}, "verify_result: matrix must be a list, but it is of type dict."),
        ({"certificates": [{"checks": []}]}, "verify_result: element 1 of certificates has no item."),
        (
            {"matrix": [{"item": ["a", "b"], "tried": 1}]},
            "verify_result: matrix: the result of a -> b has no accepted, unknown, channels, checks.",
        ),
    ],
)
def test_what_verify_result_cannot_use_is_named(changes, words):
    site = Site()
    given = {
        "sent": site.sent,
        "answers": site.answers,
        "tls": site.tls,
        "without_tls": [],
        "told": site.relays,
        "relays": RELAY_NAMES,
        "recipient": RECIPIENT,
        "matrix": [],
        "certificates": [],
    }
    with pytest.raises(AnsibleFilterError) as refused:
        verify.verify_result(**dict(given, **changes))
    assert str(refused.value) == words


@pytest.mark.parametrize(("status", "good"), [("ok", True), ("warning", True), ("failed", False), ("skipped", True)])
def test_a_certificate_that_has_failed_is_a_failure_and_one_that_is_due_is_said(status, good):
    expiry = {"subject": "CN=relay", "not_after": "2026-12-03T12:00:00Z"}
    check = {"id": "certificate", "status": status, "subject": "port 587", "seen": "5 days left", "todo": "Renew it."}
    result = Site().result(certificates=[{"item": "relay", "checks": [check | {"expiry": expiry}]}])
    assert result["ok"] is good
    assert ("certificates: relay: port 587: 5 days left" in result["summary"]) is not good
    lines = verify.verify_table(result)
    said = {"ok": "ok, the first to end: relay", "warning": "WARNING relay", "failed": "FAILED relay"}.get(status)
    if said is None:
        assert not any("certificate" in line for line in lines)
    else:
        assert f"certificate  {said}: port 587: 5 days left" in lines
    assert result["certificates"]["checks"][0]["host"] == "relay"


def test_what_the_other_filters_cannot_use_is_named():
    with pytest.raises(AnsibleFilterError, match="verify_begin: the input must be a dictionary, but it is nothing."):
        verify.verify_begin(None)
    with pytest.raises(
        AnsibleFilterError, match="verify_progress: the input has no messages, .* Give what verify_begin returned."
    ):
        verify.verify_progress({}, [], RELAY_NAMES, {}, 60, 5)
    way = Site().begin()
    with pytest.raises(AnsibleFilterError, match="verify_progress: timeout must be a number, but it is a text."):
        verify.verify_progress(way, [], RELAY_NAMES, {}, "long", 5)
    with pytest.raises(AnsibleFilterError, match="verify_progress: patience must be at least 0, not -1."):
        verify.verify_progress(way, [], RELAY_NAMES, {}, 60, -1)
    with pytest.raises(
        AnsibleFilterError,
        match="verify_table: the input has no root_mail, outsiders, .* Give what verify_result returned.",
    ):
        verify.verify_table({"clients": []})


def relay_says(**answers):
    """The answers of a relay about root of a.example.com, as M(mailops.relay.relay_host_info) returns them."""
    found = {f"root@{name}.example.com": answer for name, answer in answers.items()}
    return [{"item": "relay", "checks": [], "verdict": "ok", "root_mail": found}]


def with_root(site, name, message_id=None, mta="postfix", to="", **more):
    site.sent[name]["root"] = dict(
        {"mta": mta, "address": f"root@{name}.example.com", "to": to, "message_id": message_id}, **more
    )
    return site


TAKEN = {"verdict": "taken", "text": "ops@example.net"}
REFUSED = {"verdict": "refused", "text": "5.1.1 set relay_server_local_recipient for it"}


def root_lines(result):
    return [line for line in verify.verify_table(result) if "root_mail" in line]


def test_roots_mail_that_arrived_is_waited_for_and_named_and_of_others_the_configuration_counts():
    site = with_root(with_root(Site(), NAMES[0], "<root>"), NAMES[1])
    way = site.begin()
    assert "<root>" in way["pending"] and way["roots"] == ["<root>"]
    out = hop("Broot", "<root>", [delivery("mx[203.0.113.2]")], client={"name": NAMES[0], "address": ""})
    site.relays[0]["messages"].append(out)
    assert "<root>" not in site.progress(way)["pending"]
    result = site.result(certificates=relay_says(**{name: TAKEN for name in NAMES[:2]}))
    assert root_lines(result) == [
        f"ok      root_mail of {NAMES[0]}: arrived at ops@example.net",
        f"ok      root_mail of {NAMES[1]}: goes to ops@example.net, by configuration",
    ]
    assert result["ok"]


def test_what_arrived_past_a_refusal_did_so_at_an_address_outside():
    # A client that sends root's mail on itself, by a file that nobody could read.
    site = with_root(Site(), NAMES[0], "<root>")
    way = site.begin()
    out = hop("Broot", "<root>", [delivery("mx[203.0.113.2]")], client={"name": NAMES[0], "address": ""})
    site.relays[0]["messages"].append(out)
    site.progress(way)
    result = site.result(certificates=relay_says(**{NAMES[0]: REFUSED}))
    assert root_lines(result) == [f"ok      root_mail of {NAMES[0]}: arrived at an address outside"]


def test_what_was_sent_and_not_seen_again_is_not_known():
    site = with_root(with_root(Site(), NAMES[0], "<root>"), NAMES[1])
    way = site.begin()
    site.progress(way)
    result = site.result()
    assert root_lines(result) == [f"warning root_mail of {NAMES[0]}: was sent, and where it ended is not known"]
    assert any(
        "to do: See where it is: " in line and "'trace_message_id=<root>'" in line
        for line in verify.verify_table(result)
    )
    # The relay that takes root's mail of another one tells nothing of this one.
    assert site.result(certificates=relay_says(**{NAMES[1]: TAKEN}))["ok"]


def test_an_alias_on_the_relay_is_fine_and_no_sign_that_the_variable_is_set():
    site = with_root(with_root(Site(), NAMES[0]), NAMES[1])
    answers = {NAMES[0]: {"verdict": "aliased", "text": ""}, NAMES[1]: REFUSED}
    aliased, refused = root_lines(site.result(certificates=relay_says(**answers)))
    assert aliased == (
        f"ok      root_mail of {NAMES[0]}: goes to whom an alias or .forward on the relay names, by configuration"
    )
    assert refused.startswith(f"warning root_mail of {NAMES[1]}: ")


def test_where_nothing_is_set_one_line_says_so_and_the_verdict_on_the_mail_stays():
    site = with_root(with_root(Site(), NAMES[0]), NAMES[1])
    result = site.result(certificates=relay_says(**{name: REFUSED for name in NAMES[:2]}))
    (line,) = root_lines(result)
    assert line.startswith(
        f"warning root_mail of {NAMES[0]}, {NAMES[1]}: is refused by the relay: 5.1.1 set relay_server_"
    )
    assert any("to do: Set relay_server_local_recipient" in line for line in verify.verify_table(result))
    assert result["ok"]


def test_where_it_is_set_a_client_that_the_relay_does_not_know_fails():
    site = with_root(with_root(Site(), NAMES[0]), NAMES[1])
    answers = {NAMES[0]: TAKEN, NAMES[1]: {"verdict": "leaves", "text": ""}}
    result = site.result(certificates=relay_says(**answers))
    assert not result["ok"]
    assert result["summary"].endswith(f"; root_mail: not of {NAMES[1]}")
    assert f"FAILED  root_mail of {NAMES[1]}: the relay does not know this name" in root_lines(result)[1]


def test_of_two_relays_the_worse_one_counts():
    site = with_root(Site(), NAMES[0])
    answers = relay_says(**{NAMES[0]: TAKEN}) + [dict(relay_says(**{NAMES[0]: REFUSED})[0], item="relay2")]
    assert [row["status"] for row in site.result(certificates=answers)["root_mail"]] == ["warning"]


def test_a_refusal_is_shown_as_the_relay_said_it():
    site = with_root(Site(), NAMES[0], "<root>")
    refused = delivery("relay.example.com[10.0.0.1]", "bounced", "host relay said: 550 5.1.1 no")
    site.answers[NAMES[0]][0]["messages"].append(hop("Aroot", "<root>", [refused]))
    (line,) = root_lines(site.result())
    assert "is refused by the relay: host relay said: 550 5.1.1 no" in line


def test_a_client_that_sends_it_on_itself_and_one_whose_mail_system_did_not_take_it():
    site = with_root(with_root(Site(), NAMES[0], to="ops@example.net"), NAMES[1], problem="no")
    result = site.result()
    assert "goes to ops@example.net, by its own configuration" in root_lines(result)[0]
    assert "could not be sent: no" in root_lines(result)[1]
    assert not result["ok"]


def test_qmails_message_to_root_is_not_waited_for_since_its_log_could_not_tell_of_a_refusal():
    way = with_root(Site(), NAMES[0], "<root>", mta="qmail").begin()
    assert "<root>" in way["messages"] and "<root>" not in way["pending"]


def test_the_relays_are_asked_about_each_address_once():
    site = with_root(with_root(Site(), NAMES[0]), NAMES[1])
    site.sent["down"] = {"unreachable": True, "msg": "no"}
    assert verify.verify_root_addresses(site.sent) == sorted(f"root@{name}.example.com" for name in NAMES[:2])


def test_a_relay_that_signs_is_asked_for_its_signatures():
    site = Site()
    note = {"time": 100.9, "kind": "signed", "text": "DKIM, d=x, s=a"}
    site.relays[0]["messages"][0]["notes"] = [note]
    keys = [{"domain": "y", "selector": "a", "step": "former"}, {"domain": "x", "selector": "a", "step": "signs"}]
    looked = {"item": "relay", "checks": [], "verdict": "ok", "relay": {"dkim_keys": keys}}
    result = site.result(certificates=[looked])
    assert [(row["status"], row["cause"]) for row in result["clients"]] == [("ok", "")] + [("failed", "not_signed")] * 2
    assert not result["ok"] and "signed (DKIM, d=x, s=a)" in verify.verify_table(result)[0]
    # One whose new key waits, or that could not be asked, is not expected to sign.
    keys[1]["step"] = "new"
    assert (
        site.result(certificates=[looked])["ok"]
        and site.result(certificates=[{"item": "relay", "checks": []}])["clients"]
    )
