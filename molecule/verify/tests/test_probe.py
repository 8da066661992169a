# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strangers and clients before the real relay and one that was opened on purpose; nmap gives a second opinion."""

import contextlib
import re

import site_under_test as site

RELAY, WEB, OUTSIDE, MX = site.RELAY, "web01", "outside01", "mx01"
NAME = "smtp-relay001.example.com"
# What is tried on each way into a server; 16 of them are nmap's.
FORMS = 32
ANCHORS = "/etc/postfix/relay-trust-anchors.pem"


def probe(*tests):
    """Run the module on hosts, one after the other in one run of Ansible; returns the results."""
    return site.modules(*(site.Call(host, "smtp_probe", options) for host, options in tests))[0]


@contextlib.contextmanager
def postfix_with(host, *settings):
    """Postfix of a host with other settings for a while, and without the pauses that it makes for its own good."""
    site.run(host, "cp -a /etc/postfix/main.cf /etc/postfix/main.cf.probe")
    try:
        site.run(
            host,
            "postconf -e in_flow_delay=0 smtpd_error_sleep_time=0 " + " ".join(f"'{setting}'" for setting in settings),
        )
        site.run(host, "systemctl restart postfix")
        site.wait_for(lambda: site.output(host, "ss -Hltn 'sport = :25'"))
        yield
    finally:
        site.run(host, "mv /etc/postfix/main.cf.probe /etc/postfix/main.cf && systemctl restart postfix")
        site.wait_for(lambda: site.output(host, "ss -Hltn 'sport = :25'"))


def ways(result, state):
    return [(way["port"], way["tls"]) for way in result["channels"] if way["state"] == state]


def accepted(result):
    return {entry["form"] for way in result["channels"] for entry in way["forms"] if entry["verdict"] == "accepted"}


def address_of(host):
    return site.output(host, "hostname -I").split()[0]


def nmap_accepts(host, target, domain):
    """What nmap's script gets accepted, as pairs of sender and recipient."""
    arguments = f"smtp-open-relay.domain={domain}"
    said = site.output(host, f"nmap -vv -Pn -n -sT -p 25 --script smtp-open-relay --script-args {arguments} {target}")
    assert "smtp-open-relay" in said or "doesn't seem to be an open relay" in said, said
    return set(re.findall(r"MAIL FROM:(<.*?>) -> RCPT TO:(<.*>)", said))


def our_yes(result):
    """The same of ours: what was answered with 250 among the forms that are nmap's, the first 16."""
    (way,) = result["channels"]
    return {(entry["sender"], entry["recipient"]) for entry in way["forms"][:16] if entry["code"] == 250}


def test_strangers_get_nothing_from_the_relay(capsys):
    stranger = (OUTSIDE, {"test": "relay", "server": NAME})
    (result,) = probe(stranger)
    # As it is, nobody gets in from there at all.
    assert (result["accepted"], result["unknown"], result["status"]) == (0, 0, "ok")
    assert ways(result, "tested") == [] and len(result["channels"]) == 5
    # With the firewall open and Postfix on all addresses, it is Postfix that refuses.
    firewall = "firewall-cmd -q --{0}-port=25/tcp --{0}-port=587/tcp"
    with postfix_with(RELAY, "inet_interfaces = all"):
        site.run(RELAY, firewall.format("add"))
        try:
            (result,) = probe(stranger)
        finally:
            site.run(RELAY, firewall.format("remove"))
    assert ways(result, "tested") == [(25, "none"), (25, "starttls"), (587, "none"), (587, "starttls")]
    assert result["forms"] == FORMS and result["tried"] == 4 * FORMS == 128
    assert (result["accepted"], result["refused"], result["unknown"]) == (0, 128, 0), result["checks"]
    assert all(way["address"].startswith("203.0.113.") for way in result["channels"])
    with capsys.disabled():
        print(f"\n0 of {result['tried']} forms accepted from {OUTSIDE}, in {result['seconds']} s")


def test_an_outsider_that_does_not_get_there_knows_nothing(capsys):
    stranger = (OUTSIDE, {"test": "relay", "server": NAME, "ports": [25], "tls": "none", "timeout": 4})
    target = site.output(OUTSIDE, f"getent ahostsv4 {NAME}").split()[0]
    table = "iptables -{0} {1} -p tcp --dport 25 -j {2}"
    unreached = {
        "unreachable route": (OUTSIDE, f"ip route {{0}} unreachable {target}/32", "add", "del", "No route to host"),
        "prohibited route": (OUTSIDE, f"ip route {{0}} prohibit {target}/32", "add", "del", "nothing leaves this host"),
    }
    for kind, words in (
        ("REJECT", "own firewall"),
        ("REJECT --reject-with icmp-host-prohibited", "own firewall"),
        ("DROP", "time limit"),
    ):
        rule = table.format("{0}", f"OUTPUT -d {target}", kind)
        unreached[f"outsider {kind}"] = (OUTSIDE, rule, "I", "D", words)
    rule = table.format("{0}", "INPUT", "DROP")
    unreached["relay DROP"] = (RELAY, rule, "I", "D", "time limit")
    closed = {}
    for answer in ("icmp-host-prohibited", "icmp-admin-prohibited", "icmp-net-unreachable", "tcp-reset"):
        closed[answer] = (RELAY, table.format("{0}", "INPUT", f"REJECT --reject-with {answer}"), "I", "D", "")
    for state, cases in (("unreached", unreached), ("closed", closed)):
        for case, (host, command, begin, end, words) in cases.items():
            site.run(host, command.format(begin))
            try:
                (result,) = probe(stranger)
            finally:
                site.run(host, command.format(end))
            with capsys.disabled():
                print(f"\n{case}: {result['status']}: {result['checks'][0]['seen']}")
            assert ways(result, state) == [(25, "none")] and words in result["checks"][0]["seen"], case
            good = state == "closed"
            assert (result["status"], result["unknown"]) == (("ok", 0) if good else ("warning", FORMS)), case


def test_clients_may_relay_and_see_a_certificate_that_they_trust():
    tls = {"test": "tls", "server": NAME, "port": 587, "tls": "required"}
    site.run(
        WEB, "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=another-ca -keyout /dev/null -out /root/other.pem"
    )
    client, good, other = probe(
        (WEB, {"test": "relay", "server": NAME, "ports": [25], "tls": "none"}),
        (WEB, dict(tls, ca_file=ANCHORS)),
        (WEB, dict(tls, ca_file="/root/other.pem")),
    )
    assert "third-party" in accepted(client) and client["status"] == "failed"
    # The relay's name has an address of each family here.
    assert sorted(":" in way["address"] for way in client["channels"]) == [False, True]
    way = client["channels"][0]
    transcript = next(entry["transcript"] for entry in way["forms"] if entry["form"] == "third-party")
    assert "C: RCPT TO:<relaytest@example.net>" in transcript and "C: DATA" not in transcript
    checks = {check["id"]: check for check in good["checks"]}
    assert {name for name, check in checks.items() if check["status"] != "ok"} == {"tls.fingerprint"}
    assert "530" in checks["tls.required"]["seen"] and NAME in checks["tls.name"]["seen"]
    assert good["session"]["version"] in ("TLSv1.2", "TLSv1.3", "")
    (failed,) = (check for check in other["checks"] if check["status"] == "failed")
    assert failed["id"] == "tls.chain" and "CN=another-ca" in failed["seen"] and NAME in failed["seen"]


@site.only_on(1)
def test_an_open_relay_is_found_and_nmap_says_the_same():
    target = address_of(OUTSIDE)
    matrix = {
        "test": "relay",
        "server": OUTSIDE,
        "addresses": [target],
        "allow_foreign": True,
        "ports": [25],
        "tls": "none",
    }
    matrix.update(sender_domain="example.com")
    opened = ("mynetworks = 0.0.0.0/0", "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination")
    with postfix_with(OUTSIDE, *opened):
        (result,) = probe((MX, matrix))
        theirs = nmap_accepts(MX, target, "example.net")
    assert {"third-party", "null-sender", "percent-server", "bang-literal", "source-route-server"} <= accepted(result)
    assert result["accepted"] >= 30 and result["refused"] + result["unknown"] <= 2
    assert our_yes(result) == theirs and len(theirs) == 16

    # One that trusts who says to be of its own domain, and nobody else.
    trusting = "smtpd_relay_restrictions = check_sender_access inline:{example.org=OK}, reject_unauth_destination"
    with postfix_with(OUTSIDE, trusting):
        (result,) = probe((MX, matrix))
        theirs = nmap_accepts(MX, target, "example.net")
    # Postfix completes a sender without a domain by its own name.
    assert accepted(result) == {"server-name-sender", "own-domain-sender", "bare-sender"}
    assert result["unknown"] == 0
    assert our_yes(result) == theirs == {("<antispam@outside01.example.org>", "<relaytest@example.net>")}


@site.only_on(1)
def test_a_relay_as_it_is_installed_is_no_open_one():
    target = address_of(OUTSIDE)
    matrix = {"test": "relay", "server": OUTSIDE, "addresses": [target], "allow_foreign": True, "ports": [25]}
    # Its refusals are temporary, which greylisting would be too.
    (result,) = probe((MX, matrix))
    assert (result["accepted"], result["refused"], result["unknown"]) == (0, 2 * FORMS, 0)


@site.only_on(1)
def test_an_open_relay_is_found_over_ipv6():
    # A host is a client of its own.
    (result,) = probe((OUTSIDE, {"test": "relay", "server": "::1", "ports": [25], "tls": "none"}))
    (way,) = result["channels"]
    assert way["address"] == "::1" and way["state"] == "tested", way["reason"]
    senders = {entry["sender"] for entry in way["forms"]}
    assert "<antispam@[IPv6:::1]>" in senders and "third-party" in accepted(result)


@site.only_on(0)
def test_hosts_of_others_are_left_alone_and_bad_targets_are_named():
    foreign, allowed, closed = probe(
        (WEB, {"test": "limits", "server": "203.0.113.254"}),
        (WEB, {"test": "limits", "server": "203.0.113.254", "allow_foreign": True, "timeout": 5}),
        (WEB, {"test": "message", "server": NAME, "port": 26, "sender": "a@example.com", "recipient": "b@example.net"}),
    )
    assert foreign["failed"] and "203.0.113.254 is not a host of this inventory" in foreign["msg"]
    assert allowed["status"] == "failed" and allowed["checks"][0]["id"] == "limits.session"
    assert closed["failed"] and f"{NAME} port 26" in closed["msg"] and closed["kind"] == "prohibited"


@site.only_on(2)
def test_a_message_can_be_followed():
    options = {"test": "message", "sender": "app@web01.example.com", "recipient": "ops@example.net"}
    direct = dict(options, server=NAME, port=587, tls="required")
    local, remote = probe((WEB, options), (WEB, direct))
    for result in (local, remote):
        assert result["changed"] and result["message_id"].startswith("<mailops-probe.")
        word = result["message_id"].strip("<>").partition("@")[0]
        assert f"Message-ID: {result['message_id']}" in site.arrives(word)
    assert remote["queue_id"] in site.log(RELAY) and remote["reply"].startswith("250 ")
