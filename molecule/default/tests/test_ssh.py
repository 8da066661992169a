# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH where systemd listens for it, on a port of which sshd_config says nothing; Ansible does not come over SSH here."""

import json

import probe
import pytest
import site_under_test as site

pytestmark = pytest.mark.skipif(site.DISTRO != "debian12", reason="no distribution is what is tested here")

BEGIN = """
mkdir -p /etc/systemd/system/ssh.socket.d
printf '[Socket]\\nListenStream=\\nListenStream=2222\\n' > /etc/systemd/system/ssh.socket.d/port.conf
systemctl daemon-reload && systemctl stop ssh.service && systemctl start ssh.socket
"""
END = """
systemctl stop ssh.socket
rm -r /etc/systemd/system/ssh.socket.d
systemctl daemon-reload && systemctl restart ssh.service
for port in 2222 2301 2302; do remove="$remove --remove-port=$port/tcp"; done
firewall-cmd -q --zone=postfix $remove && firewall-cmd -q --permanent --zone=postfix $remove
"""
PORTS = "firewall-cmd --zone=postfix --list-ports; firewall-cmd --permanent --zone=postfix --list-ports"


def zone(**options):
    return {"mailops.relay.firewalld_zone": dict(zone="postfix", **options)}


@pytest.fixture
def ssh_socket():
    site.run(site.RELAY, BEGIN)
    yield
    site.run(site.RELAY, END)


@pytest.mark.usefixtures("ssh_socket")
def test_the_zone_does_not_cut_it_and_runs_at_the_same_time_all_count(tmp_path):
    relay, relay6 = probe.address(site.RELAY, "10.20."), probe.address(site.RELAY, "fd00:20:")
    as_the_role_has_it = {
        "sources": [relay.rpartition(".")[0] + ".0/24", relay6.rpartition("::")[0] + "::/64"],
        "services": ["ssh"],
        "ports": ["25/tcp", "587/tcp"],
        "exclusive": True,
    }
    waited = {
        "ansible.builtin.async_status": {"jid": "{{ item.ansible_job_id }}"},
        "loop": "{{ started.results }}",
        "register": "ended",
        "until": "ended is finished",
        "retries": 120,
        "delay": 1,
    }
    play, results = tmp_path / "play.yml", tmp_path / "results"
    tasks = [
        {
            **zone(ports=["{{ item }}/tcp"]),
            "loop": [2222, 2301, 2302],
            "async": 300,
            "poll": 0,
            "register": "started",
        },
        waited,
        {**zone(**as_the_role_has_it), "ignore_errors": True},
    ]
    play.write_text(json.dumps([{"hosts": site.RELAY, "gather_facts": False, "tasks": tasks}]))
    site.playbook(name=str(play), results=results)
    refused = json.loads(results.read_text().splitlines()[-1])
    assert refused["failed"] and "does not let SSH (port 2222) in" in refused["msg"], refused
    assert probe.greeting("web01", relay, 2222) == "SSH-"
    for ports in site.output(site.RELAY, PORTS).splitlines():
        assert ports.split() == ["25/tcp", "587/tcp", "2222/tcp", "2301/tcp", "2302/tcp"]
