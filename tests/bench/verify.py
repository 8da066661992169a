# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify costs the controller for each client: its CPU time with 5 and with 40 clients, on the demo's hosts.

The clients are web01 under as many names. Of the rounds the median counts, and the two sizes alternate. Exit code 1
when the figure misses its limit. PREFIX is that of another bed's containers, for example debian12-; ROUNDS is how many
rounds (5).
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PREFIX = os.environ.get("PREFIX", "")
ROUNDS = int(os.environ.get("ROUNDS", "5"))
SIZES = (5, 40)
LIMIT = 1.2


def cpu():
    """CPU time of all children that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def verify(clients):
    """Run the playbook with so many clients; returns seconds: its CPU time, its wall time, the slowest message's."""
    with tempfile.TemporaryDirectory() as directory:
        inventory, found = Path(directory) / "hosts.json", Path(directory) / "found.json"
        hosts = {f"client{number:03}": {"ansible_host": PREFIX + "web01"} for number in range(clients)}
        relay = {"ansible_host": PREFIX + "smtp-relay001", "relay_server_hostname": "smtp-relay001.example.com"}
        common = {"ansible_connection": "community.docker.docker", "ansible_python_interpreter": "/usr/bin/python3"}
        groups = {"relay_servers": {"hosts": {"smtp-relay001": relay}}, "relay_clients": {"hosts": hosts}}
        inventory.write_text(json.dumps({"all": {"vars": common}, **groups}))
        command = [str(ROOT / ".venv/bin/ansible-playbook"), "-i", str(inventory), "mailops.relay.verify"]
        variables = ("-e", "verify_recipient=ops@example.net", "-e", f"verify_file={found}")
        begin, used = time.monotonic(), cpu()
        done = subprocess.run([*command, *variables], cwd=ROOT, capture_output=True, text=True, check=False)
        seconds, used = time.monotonic() - begin, cpu() - used
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        rows = json.loads(found.read_text())["clients"]
        assert len(rows) == clients
        return used, seconds, max(row["seconds"] for row in rows)


def main():
    each = {size: [] for size in SIZES}
    for _round in range(ROUNDS):
        for size in SIZES:
            used, seconds, slowest = verify(size)
            each[size].append(used / size)
            print(f"{size} clients: {used:.2f} s CPU in {seconds:.1f} s, slowest message {slowest:.1f} s", flush=True)
    few, many = (statistics.median(each[size]) for size in SIZES)
    verdict = "ok" if many / few <= LIMIT else "MISSED"
    print(f"controller's CPU time for each client: {few:.3f} s with {SIZES[0]}, {many:.3f} s with {SIZES[1]}")
    print(f"verify, CPU time for each client, {SIZES[1]} over {SIZES[0]}: {many / few:.2f} (limit {LIMIT}) {verdict}")
    sys.exit(many / few > LIMIT)


if __name__ == "__main__":
    main()
