# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The relay's ports are open for its clients alone, and everything else in iptables stays as it was."""

import json

import probe
import pytest
import site_under_test as site

SAVED = "/etc/iptables/rules.v4" if site.DISTRO.startswith("debian") else "/etc/sysconfig/iptables"
SAVED_IPV6 = "/etc/iptables/rules.v6" if site.DISTRO.startswith("debian") else "/etc/sysconfig/ip6tables"
PORTS = (25, 587)
CLOSING = [
    f"-A INPUT ! -i lo -p tcp -m tcp --dport {port} -m comment --comment postfix -j REJECT"
    " --reject-with icmp-port-unreachable"
    for port in PORTS
]
# As prepare.yml made them, with counters.
FOREIGN = [
    '[9:540] -A INPUT -s 192.0.2.7/32 -p udp -m udp --dport 161 -m comment --comment "the \\"NOC\\"" -j ACCEPT',
    "[0:0] -A FORWARD -j DOCKER-USER",
    "[11:660] -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
    "[0:0] -A DOCKER-USER -j RETURN",
]


def kernel(counters=True, chain=None):
    """Rules in the kernel, all or a chain's."""
    text = site.output(site.RELAY, f"iptables-save {'-c' if counters else ''} -t filter 2>/dev/null")
    return [line for line in text.splitlines() if f"-A {chain or ''}" in line]


def saved():
    return site.output(site.RELAY, f"cat {SAVED}").splitlines()


def state():
    """All that a refused run must leave alone. Packets are counted all the time, so without counters."""
    text = site.output(
        site.RELAY,
        f"sha256sum {SAVED} {SAVED_IPV6}; iptables-save -t filter 2>/dev/null; ip6tables-save -t filter 2>/dev/null",
    )
    return [line.partition(" [")[0] for line in text.splitlines() if not line.startswith("#")]


def accepting(networks):
    return [
        f"-A INPUT -s {network} -p tcp -m tcp --dport {port} -m comment --comment postfix -j ACCEPT"
        for port in PORTS
        for network in networks
    ]


@pytest.fixture(scope="module")
def relay_private():
    return probe.address(site.RELAY, "10.20.")


@pytest.fixture(scope="module")
def relay_public():
    return probe.address(site.RELAY, "203.0.113.")


@pytest.fixture(scope="module")
def private_network(relay_private):
    return relay_private.rpartition(".")[0] + ".0/24"


def test_the_guides_rules_come_before_the_final_reject(private_network):
    for chain in (kernel(counters=False, chain="INPUT"), saved()):
        first = chain.index(accepting([private_network])[0])
        assert chain[first : first + 4] == accepting([private_network]) + CLOSING
        assert chain.index("-A INPUT -j REJECT --reject-with icmp-host-prohibited") > first + 3


def test_other_rules_chains_and_counters_are_as_they_were():
    rules = kernel()
    assert [line for line in rules if line in FOREIGN] == FOREIGN
    assert [line for line in rules if "-A f2b-sshd" in line] == [
        "[0:0] -A f2b-sshd -s 192.0.2.66/32 -j REJECT --reject-with icmp-port-unreachable",
        "[0:0] -A f2b-sshd -j RETURN",
    ]
    assert "multiport --dports 22 -j f2b-sshd" in kernel(chain="INPUT")[0]


def test_saved_file_keeps_its_own_content_and_nothing_else_gets_into_it():
    lines = saved()
    assert lines[0] == "# The site's own rules."
    reject = lines.index("-A INPUT -j REJECT --reject-with icmp-host-prohibited")
    assert lines[reject - 1] == "# Everybody else is turned away."
    assert [line for line in lines if line.startswith("[")] == [line for line in FOREIGN if not line.startswith("[0:")]
    assert "f2b" not in "\n".join(lines)
    assert site.output(site.RELAY, f"stat -c %a {SAVED}") == "600"


def reach_of_the_ports(relay_private, relay_public):
    with probe.greeter(site.RELAY, relay_public, PORTS):
        stranger = {port: probe.greeting("outside01", relay_public, port) for port in PORTS}
    assert stranger == {25: "", 587: ""}
    assert probe.smtp("web01", relay_private, 25).startswith("250")
    assert probe.smtp("web01", relay_private, 587, starttls=True).startswith("250")
    assert probe.greeting("web01", relay_private, 22) == "SSH-"
    assert probe.greeting("outside01", relay_public, 22) == "SSH-"


def test_clients_come_in_strangers_do_not_and_ssh_opens(relay_private, relay_public):
    reach_of_the_ports(relay_private, relay_public)


def test_a_stranger_is_refused_by_the_firewall_and_nothing_else(relay_public):
    with probe.greeter(site.RELAY, relay_public, PORTS):
        site.run(site.RELAY, "iptables -I INPUT -p tcp --dport 25 -m comment --comment test -j ACCEPT")
        try:
            assert probe.greeting("outside01", relay_public, 25) == "220"
        finally:
            site.run(site.RELAY, "iptables -D INPUT -p tcp --dport 25 -m comment --comment test -j ACCEPT")


def test_message_arrives_through_the_relay():
    site.arrives(site.send("web01"))


FIREWALL = ("--limit", site.RELAY, "--tags", "relay_server_firewall", "--diff")


@site.only_on(2)
def test_a_network_that_is_taken_out_loses_its_rules_as_check_mode_announces(tmp_path, private_network):
    networks = json.dumps({"relay_server_networks": [private_network, "10.99.0.0/16"]})
    site.playbook(*FIREWALL, "-e", networks)
    for rules in (kernel(counters=False), saved()):
        assert [line for line in rules if "-s 10.99.0.0/16" in line] == accepting(["10.99.0.0/16"])
    # Drift besides: a rule gone, one behind the final reject, one gone from the file.
    first, second = accepting([private_network])
    site.run(site.RELAY, f"iptables {first.replace('-A', '-D', 1)} && iptables -A {second.replace('-A ', '', 1)}")
    site.run(site.RELAY, f"sed -i '/-s {private_network.replace('/', '.')} .*--dport 587 .*postfix/d' {SAVED}")
    site.playbook(*FIREWALL, "--check", record=tmp_path / "check")
    site.playbook(*FIREWALL, record=tmp_path / "real")
    announced, done = site.changes(tmp_path / "check"), site.changes(tmp_path / "real")
    assert [line["task"] for line in done] == ["mailops.relay.relay_server : Open iptables for the clients"]
    assert [line["diff"] for line in announced] == [line["diff"] for line in done]
    for rules in (kernel(counters=False), saved()):
        ours = [line for line in rules if "comment postfix" in line]
        assert sorted(ours) == sorted(accepting([private_network]) + CLOSING)


def refused(variables):
    before = state()
    done = site.playbook(*FIREWALL, "-e", json.dumps(variables), check=False)
    assert done.returncode != 0, done.stdout
    assert state() == before
    return " ".join((done.stdout + done.stderr).split())


@site.only_on(0)
def test_rules_that_would_cut_ssh_are_refused_and_nothing_changes():
    text = refused({"relay_server_firewall_ports": ["25/tcp", "20-30/tcp"]})
    assert "SSH (port 22)" in text
    assert "--dport 20:30" in text


@site.only_on(0)
def test_saved_file_that_would_cut_ssh_is_refused_and_nothing_changes():
    site.run(site.RELAY, f"cp -a {SAVED} /tmp/saved && sed -i '/--dport 22 /d; s/INPUT ACCEPT/INPUT DROP/' {SAVED}")
    try:
        text = refused({})
    finally:
        site.run(site.RELAY, f"mv /tmp/saved {SAVED}")
    assert SAVED in text
    assert "SSH (port 22)" in text


@site.only_on(0)
def test_a_second_firewall_is_refused_by_name():
    assert "relay_server_firewall" in refused({"relay_server_firewall": "firewalld"})


def test_the_same_holds_after_the_service_has_loaded_the_saved_file(relay_private, relay_public):
    service = "netfilter-persistent" if site.DISTRO.startswith("debian") else "iptables"
    site.run(site.RELAY, "iptables-save -c -t filter > /tmp/kernel 2>/dev/null")
    try:
        site.run(site.RELAY, f"systemctl restart {service}")
        rules, foreign = kernel(counters=False), [line.partition("] ")[2] for line in FOREIGN]
        assert [line for line in rules if line in foreign] == foreign
        reach_of_the_ports(relay_private, relay_public)
    finally:
        # The service takes away what is in the kernel only.
        site.run(site.RELAY, "iptables-restore -c < /tmp/kernel")
