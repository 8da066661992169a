# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hop's speed figures: one client and one relay in containers of their own, verified TLS over clear text.

Both sides begin with the same: MESSAGES messages of 4 KB that wait on the client, both hosts just started, released at once.
Clear text is the package's own configuration with nothing but what sends there; verified TLS is what the roles make of it.
They take turns; the CPU is that of both containers, from the release until the client's queue is empty. Each figure is the
median of ROUNDS rounds. Exit code 1 when a figure misses its limit, or a message did not go as it should.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import docker, failures, report

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "3"))
MESSAGES = int(os.environ.get("MESSAGES", "1500"))
IMAGE = os.environ.get("BENCH_IMAGE", "mailops-relay/debian12:latest")
PREFIX = os.environ.get("BENCH_HOST", "bench-hop")
RELAY, CLIENT = f"{PREFIX}-relay", f"{PREFIX}-client"
NAMES = {RELAY: "smtp-relay001.example.com", CLIENT: "web01.example.com"}
CLEAR, VERIFIED = "stock clear text", "verified TLS"
CONFIGURATION = "main.cf master.cf relay-trust-anchors.pem"
# The relay takes the messages and does nothing with them.
TAKEN = "default_transport=discard:taken"
# Where the CPU time of the container is counted, in cgroup's first or second version; systemd's own is below it.
CPU = """
cgroup=$(sed -n 's/^[0-9]*:[^:]*cpuacct[^:]*://p; s/^0:://p' /proc/1/cgroup | head -n 1)
cgroup=${cgroup%/init.scope}
for usage in /sys/fs/cgroup/cpuacct$cgroup/cpuacct.usage /sys/fs/cgroup/cpu,cpuacct$cgroup/cpuacct.usage; do
  if [ -e $usage ]; then cat $usage; exit; fi
done
awk '$1 == "usage_usec" { print $2 * 1000 }' /sys/fs/cgroup$cgroup/cpu.stat
"""
RELEASE = """
import os, subprocess, sys, time

def waiting():
    queues = ("maildrop", "incoming", "active", "deferred")
    return sum(len(files) for queue in queues for _path, _folders, files in os.walk("/var/spool/postfix/" + queue))

subprocess.run(["postsuper", "-H", "ALL"], check=True, stderr=subprocess.DEVNULL)
assert waiting() == int(sys.argv[1]), waiting()
begin = time.monotonic()
subprocess.run(["postqueue", "-f"], check=True)
while waiting():
    time.sleep(0.02)
    assert time.monotonic() < begin + 300, "the messages do not go"
print(time.monotonic() - begin)
"""


def on_host(host, command, stdin=None):
    return docker("exec", "-i", host, "bash", "-c", command, stdin=stdin)


def start():
    docker("network", "create", "--internal", PREFIX)
    for host, name in NAMES.items():
        options = ["--hostname", name, "--network", PREFIX, "--network-alias", name, "--dns-option", "timeout:1"]
        options += ["--cap-add", "NET_ADMIN", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE"]
        options += ["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"]
        options += ["--cgroupns", "host", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw"]
        options += ["--sysctl", "net.unix.max_dgram_qlen=512", "--tmpfs", "/run", "--tmpfs", "/tmp:exec,mode=1777"]
        docker("run", "--detach", "--name", host, *options, IMAGE)
    for host in NAMES:
        on_host(host, "until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.5; done")


def end():
    docker("rm", "--force", *NAMES)
    docker("network", "rm", PREFIX)


def keep(side):
    """Put both hosts' configuration aside."""
    for host in NAMES:
        on_host(
            host,
            f"mkdir -p '/root/{side}' && cd /etc/postfix && cp -p $(ls {CONFIGURATION} 2>/dev/null) '/root/{side}'",
        )


def play(plays):
    """Run plays on both hosts; returns what Ansible prints."""
    hosts = {host: {"relay_server_hostname": name} for host, name in NAMES.items()}
    common = {"ansible_connection": "community.docker.docker", "ansible_python_interpreter": "/usr/bin/python3"}
    groups = {"relay_servers": {"hosts": {RELAY: hosts[RELAY]}}, "relay_clients": {"hosts": {CLIENT: {}}}}
    with tempfile.TemporaryDirectory() as directory:
        inventory, playbook = Path(directory) / "hosts.json", Path(directory) / "play.yml"
        inventory.write_text(json.dumps({"all": {"vars": common}, **groups}))
        playbook.write_text(json.dumps(plays))
        command = [str(ROOT / ".venv/bin/ansible-playbook"), "-i", str(inventory), str(playbook)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    return done.stdout


def configure():
    """Make both configurations, from the same one of the package."""
    address = on_host(RELAY, "hostname -i").split()[0]
    network = address.rpartition(".")[0] + ".0/24"
    on_host(RELAY, f"postconf -e 'mynetworks=127.0.0.0/8 {network}' inet_interfaces=all {TAKEN}")
    on_host(CLIENT, f"postconf -e 'relayhost=[{NAMES[RELAY]}]' mydestination= smtp_tls_security_level=none")
    keep(CLEAR)
    relay = {
        "relay_server_networks": [network],
        "relay_server_manage_packages": False,
        "relay_server_firewall": "none",
        "relay_server_main": dict([TAKEN.split("=")]),
    }
    client = {"relay_client_manage_packages": False}
    roles = {"relay_servers": ("relay_server", relay), "relay_clients": ("relay_client", client)}
    play(
        [{"hosts": group, "vars": given, "roles": [f"mailops.relay.{role}"]} for group, (role, given) in roles.items()]
    )
    keep(VERIFIED)


def cpu():
    """CPU time that both containers have used, in seconds."""
    return sum(int(on_host(host, CPU)) for host in NAMES) / 1e9


def fill(sender):
    """Let MESSAGES messages of a sender wait on the client."""
    on_host(CLIENT, "postconf -e smtpd_sender_restrictions=static:HOLD && systemctl restart postfix")
    on_host(CLIENT, f"smtp-source -d -s 5 -m {MESSAGES} -l 4096 -f {sender} -t ops@example.net inet:127.0.0.1:25")


def turn(side, sender):
    """One turn; returns messages a second, and the CPU of both hosts for each message in milliseconds."""
    for host in NAMES:
        on_host(host, f"cp -p /root/'{side}'/* /etc/postfix/")
    fill(sender)
    on_host(CLIENT, f"cp -p /root/'{side}'/* /etc/postfix/")
    for host in NAMES:
        on_host(host, "systemctl restart postfix && sync")
    begin = cpu()
    seconds = float(on_host(CLIENT, f"python3 - {MESSAGES}", RELEASE))
    return MESSAGES / seconds, (cpu() - begin) / MESSAGES * 1000


def check(side, sender):
    """All messages of a turn must have gone, and each as it should, in the words of the trace."""
    arguments = {"sender": [sender], "limit": MESSAGES + 1}
    read = {"mailops.relay.mail_log_info": arguments, "register": "found"}
    words = "found.messages | map(attribute='deliveries') | flatten | map(attribute='tls') | map('regex_replace', ' .*', '') | list"
    seen = f"SEEN {{{{ {words} | unique | join(',') }}}} {{{{ {words} | length }}}} {{{{ found.total }}}}."
    tasks = [read, {"ansible.builtin.debug": {"msg": seen}}]
    wanted = f"SEEN {'Verified' if side == VERIFIED else 'none'} {MESSAGES} {MESSAGES}."
    shown = play([{"hosts": CLIENT, "gather_facts": False, "tasks": tasks}])
    assert wanted in shown, shown


def main():
    configure()
    speed, used = {CLEAR: [], VERIFIED: []}, {CLEAR: [], VERIFIED: []}
    for number in range(ROUNDS):
        for side in (CLEAR, VERIFIED) if number % 2 == 0 else (VERIFIED, CLEAR):
            sender = f"round{number}.{side.split()[-2]}@web01.example.com"
            rate, milliseconds = turn(side, sender)
            check(side, sender)
            speed[side].append(rate)
            used[side].append(milliseconds)
            print(f"{side}: {rate:.0f} messages/s, {milliseconds:.2f} ms CPU of both hosts for each", flush=True)
    ratio = statistics.median(ours / clear for ours, clear in zip(speed[VERIFIED], speed[CLEAR], strict=True))
    report("messages per second, verified TLS over stock clear text", ratio, 0.9, least=True)
    ratio = statistics.median(ours / clear for ours, clear in zip(used[VERIFIED], used[CLEAR], strict=True))
    report("CPU of both hosts for each message, verified TLS over stock clear text", ratio, 1.25)


if __name__ == "__main__":
    try:
        start()
        main()
    finally:
        if "KEEP" not in os.environ:
            end()
    sys.exit(1 if failures else 0)
