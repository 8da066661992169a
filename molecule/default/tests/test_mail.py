# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail flows through the relay, over verified TLS, and from nobody else."""

import re

import probe
import pytest
import site_under_test as site

# The inside and the outside, by family. web01 comes by the relay's A record, web02 by its AAAA record.
PRIVATE, PUBLIC = {"ipv4": "10.20.", "ipv6": "fd00:20:"}, {"ipv4": "203.0.113.", "ipv6": "2001:db8:203:"}
FAMILIES = pytest.mark.parametrize("family", ["ipv4", "ipv6"])


@pytest.fixture(scope="module")
def relay_private():
    return probe.address(site.RELAY, PRIVATE["ipv4"])


@pytest.mark.parametrize("client", site.CLIENTS)
def test_message_arrives_through_the_relay_over_verified_tls(client):
    word = site.send(client)
    message = site.arrives(word)
    received = re.search(
        rf"Received: from {client}\.example\.com .*?by smtp-relay001\.example\.com .*?;", message, re.DOTALL
    )
    assert received, message
    assert "using TLS" in received.group(0)
    log = site.log(client)
    network = PRIVATE["ipv6" if client == "web02" else "ipv4"]
    assert re.search(
        rf"(Verified|Trusted) TLS connection established to smtp-relay001\.example\.com\[{network}[0-9a-f.:]+\]:587",
        log,
    ), log


def test_a_client_that_the_relay_knows_by_its_address_alone_is_traced():
    """Nothing names web02 to the relay, and the inventory does not know its address."""
    word = site.send("web02")
    site.arrives(word)
    queue_id = re.search(r"queued as (\w+)\)", site.log("web02").partition(word)[2]).group(1)
    said = site.playbook("-e", f"trace_queue_id={queue_id}", name="mailops.relay.trace").stdout
    assert "unknown[fd00:20:" in said and "came from: web02" in said, said


def test_sender_is_the_client(client="web01"):
    message = site.arrives(site.send(client))
    assert re.search(r"^Return-Path: <root@web01\.example\.com>", message, re.MULTILINE), message


def test_client_listens_on_loopback_only():
    for client in site.CLIENTS:
        listening = site.output(client, "ss -Hltn 'sport = :25' | awk '{print $4}'")
        assert listening
        assert all(line.startswith(("127.0.0.1:", "[::1]:")) for line in listening.splitlines()), listening


@FAMILIES
@pytest.mark.parametrize("port", [25, 587])
def test_stranger_gets_no_connection(port, family):
    assert probe.smtp("outside01", probe.address(site.RELAY, PUBLIC[family]), port).startswith("no connection")


@FAMILIES
@pytest.mark.parametrize(("port", "starttls"), [(25, False), (25, True), (587, True)])
def test_stranger_behind_the_firewall_may_not_relay(port, starttls, family):
    """From the relay's own public address, which is in no client network: Postfix itself must say no."""
    private, public = (probe.address(site.RELAY, network[family]) for network in (PRIVATE, PUBLIC))
    assert probe.smtp(site.RELAY, private, port, source=public, starttls=starttls).startswith("554")


@FAMILIES
def test_client_may_relay_on_25_and_587(family):
    address = probe.address(site.RELAY, PRIVATE[family])
    assert probe.smtp("web01", address, 25).startswith("250")
    assert probe.smtp("web01", address, 587, starttls=True).startswith("250")


def test_submission_demands_tls(relay_private):
    assert probe.smtp("web01", relay_private, 587).startswith("530")


def test_anonymous_suites_and_diffie_hellman_are_for_opportunistic_tls_only(relay_private):
    wanted = {
        "25 aNULL": True,
        "25 kEDH:!aNULL": True,
        "587 aNULL": False,
        "587 kEDH:!aNULL": False,
        "587 kECDHE:!aNULL": True,
        # For old appliances; RFC 9325 would leave them out.
        "587 kRSA": True,
    }
    # Without a level of security, that client would offer no anonymous suite.
    said = site.run(
        "web01",
        "while read port suites; do echo QUIT | timeout 30 openssl s_client -starttls smtp -tls1_2"
        f' -connect {relay_private}:$port -cipher "$suites:@SECLEVEL=0" 2>/dev/null | sed -n "s/.*Cipher is //p"; done',
        stdin="\n".join(wanted) + "\n",
    ).stdout.split()
    assert len(said) == len(wanted), said
    assert {case: cipher != "(NONE)" for case, cipher in zip(wanted, said, strict=True)} == wanted, said


def test_new_ssh_connection_to_the_relay_still_opens(relay_private):
    banner = site.output("web01", f"timeout 5 bash -c 'exec 3<>/dev/tcp/{relay_private}/22; head -c 7 <&3'")
    assert banner == "SSH-2.0"


def test_private_key_is_for_root_alone():
    assert site.output(site.RELAY, "stat -c '%a %U:%G' /etc/postfix/server.key") == "600 root:root"


def test_host_name_is_set():
    assert site.output(site.RELAY, "hostname -f") == "smtp-relay001.example.com"
    assert site.output(site.RELAY, "cat /etc/hostname") == "smtp-relay001.example.com"


def test_mail_waits_for_a_stopped_relay():
    site.stop_postfix(site.RELAY)
    try:
        word = site.send("web01")

        def deferred():
            return "status=deferred" in site.log("web01").partition(word)[2]

        site.wait_for(deferred)
        assert site.received(word) is None
    finally:
        site.run(site.RELAY, "systemctl start postfix")
    site.run("web01", "postqueue -f")
    site.arrives(word, seconds=90)


@site.only_on(2)
def test_second_relay_takes_over(tmp_path, relay_private):
    """web02 gets a first relay that refuses connections; the certificates of both are known."""
    certificate = site.output(
        "web02",
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=smtp-relay000.example.com -keyout /dev/null 2>/dev/null",
    )
    web01 = probe.address("web01", PRIVATE["ipv6"])
    site.run("web02", f"echo '{web01} smtp-relay000.example.com' >> /etc/hosts")
    variables = tmp_path / "relays.json"
    variables.write_text(
        site.json.dumps(
            {
                "relay_client_relays": [
                    {"name": "smtp-relay000.example.com", "certificate": certificate},
                    {"name": "smtp-relay001.example.com", "host": "smtp-relay001"},
                ]
            }
        )
    )
    try:
        site.playbook("--limit", "web02", "-e", f"@{variables}")
        word = site.send("web02")
        site.arrives(word)
        assert site.output("web02", "postconf -h relayhost") == "[smtp-relay000.example.com]:587"
    finally:
        site.run("web02", "sed '/smtp-relay000/d' /etc/hosts > /tmp/hosts && cat /tmp/hosts > /etc/hosts")
        site.playbook("--limit", "web02")
    site.arrives(site.send("web02"))


def test_wrong_certificate_is_not_trusted():
    """A relay that cannot prove its name gets nothing; the message waits."""
    anchors = "/etc/postfix/relay-trust-anchors.pem"
    site.run("web02", f"cp -a {anchors} /tmp/anchors")
    try:
        site.run(
            "web02",
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=smtp-relay001.example.com -days 1 -keyout /tmp/k"
            f" -out {anchors} 2>/dev/null && postfix reload",
        )
        word = site.send("web02")

        def refused():
            return "Server certificate not verified" in site.log("web02") or "not trusted" in site.output(
                "web02", "postqueue -p"
            )

        site.wait_for(refused)
        assert site.received(word) is None
    finally:
        site.run("web02", f"cp -a /tmp/anchors {anchors} && postfix reload && sleep 1 && postqueue -f")
    site.arrives(word, seconds=90)
