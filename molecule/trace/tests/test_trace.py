# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of real messages across real hosts, and the counts of a real log held against pflogsumm's."""

import json
import re
import uuid

import pytest
import site_under_test as site

RELAY, WEB, LEGACY = site.RELAY, "web01", "legacy01"
# No other message of these hosts is for it.
RECIPIENT = f"ops-{uuid.uuid4().hex}@example.net"


@pytest.fixture(scope="module")
def trace(tmp_path_factory):
    """Runs the playbook with these variables, given without its name before them, and sees how it ends; returns its result as data,
    and what it shows."""

    def call(ends_with=0, **variables):
        done, result = site.playbook_result(
            tmp_path_factory.mktemp("trace") / "trace.json",
            "trace_file",
            name="mailops.relay.trace",
            **{f"trace_{key}": value for key, value in variables.items()},
        )
        assert done.returncode == ends_with, done.stdout
        return result, done.stdout

    return call


def message_id(word, host):
    return f"<{word}@{host}.test>"


def the_trace(result):
    (found,) = result["traces"]
    return found


def way(found):
    return [(hop["host"], hop["mta"]) for hop in found["hops"]]


def relay_says(word, host, status):
    """Whether the relay's log has this status of the message."""
    lines = site.log(RELAY).splitlines()
    wanted = re.compile(rf": ([0-9A-Za-z]+): message-id={re.escape(message_id(word, host))}$")
    ids = [found[1] for found in map(wanted.search, lines) if found]
    return any(f": {queue_id}: to=" in line and f"status={status}" in line for queue_id in ids for line in lines)


@pytest.fixture(scope="module")
def sent():
    """A message of each client that has arrived."""
    words = {host: site.send(host, RECIPIENT) for host in (WEB, LEGACY)}
    for word in words.values():
        site.arrives(word)
    return words


def test_a_message_of_a_postfix_client(trace, sent):
    result, shown = trace(message_id=message_id(sent[WEB], WEB))
    found = the_trace(result)
    assert found["verdict"] == "delivered" and found["origin"] == "web01, by a program of its own"
    assert way(found) == [(WEB, "postfix"), (RELAY, "postfix")]
    first, second = found["hops"]
    (handed,) = first["deliveries"]
    assert handed["next_id"] == second["queue_id"] and handed["tls"].startswith("Verified TLSv1.")
    assert set(handed["delays"]) == {"before_queue", "in_queue", "connect", "transmit"}
    assert first["next"] == [{"delivery": 0, "hop": 2}]
    (end,) = found["verdicts"]
    assert end["recipient"] == RECIPIENT and "mx01.example.net" in end["text"] and "queued as" in end["text"]
    # The other client was not on the way.
    assert result["asked"] == [RELAY, WEB]
    assert "DELIVERED " + message_id(sent[WEB], WEB) in shown


def test_a_message_of_a_sendmail_client_has_two_local_hops(trace, sent):
    result, _shown = trace(message_id=message_id(sent[LEGACY], LEGACY))
    found = the_trace(result)
    assert found["verdict"] == "delivered"
    assert way(found) == [(LEGACY, "sendmail"), (LEGACY, "sendmail"), (RELAY, "postfix")]
    assert [[step["hop"] for step in hop["next"]] for hop in found["hops"]] == [[2], [3], []]
    assert result["asked"] == [RELAY, LEGACY]


@site.only_on(0)
def test_any_of_its_names_finds_the_message(trace, sent):
    result, _shown = trace(message_id=message_id(sent[WEB], WEB))
    client_id, relay_id = (hop["queue_id"] for hop in the_trace(result)["hops"])
    by_both_ends = {"recipient": RECIPIENT, "client": "web01.example.com"}
    for criteria in ({"queue_id": relay_id}, {"queue_id": client_id}, by_both_ends):
        result, _shown = trace(**criteria)
        assert way(the_trace(result)) == [(WEB, "postfix"), (RELAY, "postfix")], criteria


@site.only_on(1)
def test_a_message_that_bounces(trace):
    word = site.send(WEB, "ops@nosuch.example")
    site.wait_for(lambda: relay_says(word, WEB, "bounced"))
    site.wait_for(lambda: "sender non-delivery notification" in site.log(RELAY))
    found = the_trace(trace(message_id=message_id(word, WEB))[0])
    assert found["verdict"] == "bounced"
    (end,) = (entry for entry in found["verdicts"] if not entry["notification"])
    assert end["recipient"] == "ops@nosuch.example" and "not found" in end["text"]
    # The notice for the sender is part of the way.
    (notice,) = (hop for hop in found["hops"] if hop["led_by"])
    assert notice["led_by"]["kind"] == "bounce" and notice["sender"] == ""


@site.only_on(1)
def test_a_message_that_is_deferred(trace):
    site.stop_postfix("mx01")
    try:
        word = site.send(WEB)
        site.wait_for(lambda: relay_says(word, WEB, "deferred"))
        found = the_trace(trace(message_id=message_id(word, WEB))[0])
    finally:
        site.run("mx01", "systemctl start postfix")
    assert found["verdict"] == "deferred"
    (end,) = found["verdicts"]
    assert f"still in the queue of {RELAY} (deferred)" in end["text"] and "Connection refused" in end["text"]
    assert re.search(r"next attempt \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", end["text"])
    hop = found["hops"][-1]
    assert hop["next_try"] > hop["last"]


@site.only_on(0)
def test_what_a_lost_log_would_have_told_is_said_to_be_unknown(trace, sent):
    site.run(WEB, f"mv {site.MAIL_LOG} /root/taken-away")
    try:
        result, shown = trace(ends_with=2, message_id=message_id(sent[WEB], WEB), source="files")
    finally:
        site.run(WEB, f"mv /root/taken-away {site.MAIL_LOG}")
    found = the_trace(result)
    assert found["verdict"] == "delivered" and way(found) == [(RELAY, "postfix")]
    origin = found["origin"]
    assert origin.startswith("web01 (web01.example.com[") and "what came before is not known" in origin
    assert "no log of mail was found" in origin and "not certain: web01 could not be asked" in shown


@site.only_on(0)
def test_a_relay_without_its_log_is_where_the_message_is_lost_from_sight(trace, sent):
    site.run(RELAY, f"mv {site.MAIL_LOG} /root/taken-away")
    try:
        found = the_trace(trace(ends_with=2, message_id=message_id(sent[WEB], WEB), source="files")[0])
    finally:
        site.run(RELAY, f"mv /root/taken-away {site.MAIL_LOG}")
    assert found["verdict"] == "lost" and way(found) == [(WEB, "postfix")]
    assert f"lost from sight at {RELAY}" in found["verdicts"][0]["text"]


def test_the_journal_tells_the_same(trace, sent):
    if site.run(RELAY, "journalctl -q -n 1 SYSLOG_FACILITY=2 | grep -q .", check=False).returncode:
        pytest.skip("the journal of this host has no mail in it")
    found = the_trace(trace(message_id=message_id(sent[WEB], WEB), source="journal")[0])
    assert found["verdict"] == "delivered" and way(found) == [(WEB, "postfix"), (RELAY, "postfix")]


@site.only_on(1)
def test_refused_commands_are_shown(trace):
    commands = "EHLO legacy01", "MAIL FROM:<a@example.com>", "RCPT TO:<no.one@smtp-relay001.example.com>", "QUIT"
    said = " ".join(f"sleep 0.3; printf '{command}\\r\\n';" for command in commands)
    site.run(LEGACY, f"({said} sleep 0.5) | timeout 9 bash -c 'exec 3<>/dev/tcp/smtp-relay001.example.com/25; cat >&3'")
    result, shown = trace(recipient="no.one@smtp-relay001.example.com")
    assert result["traces"] == [] and result["rejects"][0]["stage"] == "RCPT"
    assert "REFUSED at RCPT" in shown


@site.only_on(0)
def test_nothing_asked_is_an_error():
    done = site.playbook(name="mailops.relay.trace", check=False)
    assert done.returncode and "Say which messages are meant" in done.stdout


# pflogsumm's words and ours.
SAME = {
    "received": "received",
    "delivered": "sent",
    "forwarded": "forwarded",
    "bounced": "bounced",
    "rejected": "rejected",
    "reject warnings": "reject_warnings",
    "held": "held",
    "discarded": "discarded",
}


@site.only_on(1)
def test_the_counts_are_those_of_pflogsumm(tmp_path):
    if site.run(RELAY, "command -v pflogsumm", check=False).returncode:
        pytest.skip("pflogsumm is not on this distribution's test host")
    site.run(RELAY, f"cp {site.MAIL_LOG} /root/counted.log")
    theirs = site.output(RELAY, "pflogsumm --detail 0 /root/counted.log 2>/dev/null")
    file = tmp_path / "report.html"
    variables = {"report_paths": ["/root/counted.log"], "report_file": str(file)}
    site.playbook("-e", json.dumps(variables), name="mailops.relay.report")
    ours = json.loads(file.with_suffix(".json").read_text())
    # pflogsumm counts messages that were deferred; the number in brackets is that of the attempts, as ours.
    rows = re.findall(r"^ +([0-9]+)([kmg]?) +([a-z ]+?)(?: +\(.*)?$", theirs, re.M)
    counted = {name: int(number) for number, _unit, name in rows}
    units = {name: 1024 ** " kmg".index(unit or " ") for _number, unit, name in rows}
    deferrals = re.search(r"deferred +\(([0-9]+) +deferrals\)", theirs)
    totals = ours["totals"]
    assert totals["deferred"] == (int(deferrals[1]) if deferrals else 0)
    assert {name: totals[key] for name, key in SAME.items()} == {name: counted[name] for name in SAME}
    for name, key in (("bytes received", "received_bytes"), ("bytes delivered", "sent_bytes")):
        # Many bytes are given in a larger unit, rounded.
        assert abs(totals[key] - counted[name] * units[name]) < units[name]
    assert totals["received"] >= 4 and totals["deferred"] >= 1 and totals["bounced"] >= 1 and totals["rejected"] >= 1
    page = file.read_text()
    assert "<html" in page and "web01.example.com" in page
    assert (file.stat().st_mode & 0o777) == 0o600


@pytest.mark.parametrize("host", [RELAY, WEB, LEGACY])
def test_every_line_of_the_log_is_known(host, tmp_path):
    play = tmp_path / "play.yml"
    module = {"mailops.relay.mail_flow_info": {}, "register": "read"}
    counts = "{{ read.flow.lines }} {{ read.flow.unknown + read.flow.unreadable }} {{ read.flow.samples }}"
    shown = {"ansible.builtin.debug": {"msg": f"<<{counts}>>"}}
    play.write_text(json.dumps([{"hosts": host, "gather_facts": False, "tasks": [module, shown]}]))
    lines, unknown, samples = re.search(r"<<(\d+) (\d+) (.*?)>>", site.playbook(name=str(play)).stdout, re.S).groups()
    assert int(lines) > 10 and int(unknown) == 0, samples
