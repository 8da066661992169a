# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queue's speed figures: a real Postfix with 100,000 deferred messages in a container of its own.

Both sides of each ratio run through Ansible, as one task each, and see the same queue: before each deletion it is
filled up to 100,000 again, written to disk, and listed once so that it is in memory. The order of the two alternates.
Each figure is the median of ROUNDS rounds. Exit code 1 when a figure misses its limit.
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
HERE = Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("ROUNDS", "3"))
IMAGE = os.environ.get("BENCH_IMAGE", "mailops-relay/debian12:latest")
HOST = os.environ.get("BENCH_HOST", "bench-queue")
MEASURED = "/usr/local/bin/measured-python"
SENDERS = {"guide@web01.example.com": 20000, "relay@web01.example.com": 20000, "others@web02.example.com": 60000}
TOTAL = sum(SENDERS.values())
# As in the guide, with the bench's address.
PIPELINE = (
    "postqueue -p | tail -n +2 | awk 'BEGIN { RS = \"\" } /guide@web01\\.example\\.com/ { print $1 }' | tr -d '*!' "
    "| postsuper -d - 2>&1 | tail -n 1"
)
# Runs Python as a child and notes its peak memory in KiB.
MEASURED_PYTHON = """#!/usr/bin/python3
import os, sys
child = os.fork()
if not child:
    os.execv("/usr/bin/python3", ["python3"] + sys.argv[1:])
_child, status, usage = os.wait4(child, 0)
with open("/root/peak", "w") as stream:
    stream.write(str(usage.ru_maxrss))
sys.exit(os.WEXITSTATUS(status))
"""


def on_host(command, stdin=None):
    return docker("exec", "-i", HOST, "bash", "-c", command, stdin=stdin)


def start():
    docker(
        "run",
        "--detach",
        "--name",
        HOST,
        "--hostname",
        "relay.example.com",
        "--network",
        "none",
        "--cap-add",
        "NET_ADMIN",
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "seccomp=unconfined",
        "--security-opt",
        "apparmor=unconfined",
        "--cgroupns",
        "host",
        "--volume",
        "/sys/fs/cgroup:/sys/fs/cgroup:rw",
        "--tmpfs",
        "/run",
        "--tmpfs",
        "/tmp:exec,mode=1777",
        IMAGE,
    )
    on_host("until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.5; done")
    on_host(
        "postconf -e defer_transports=smtp 'relayhost=[127.0.0.1]' mydestination= inet_interfaces=loopback-only "
        "queue_run_delay=12h minimal_backoff_time=12h maximal_backoff_time=12h && systemctl restart postfix"
    )
    on_host("cat > /root/fill_queue.py", (HERE / "fill_queue.py").read_text())
    on_host(f"cat > {MEASURED} && chmod 0755 {MEASURED}", MEASURED_PYTHON)


def fill(sender, count):
    on_host(f"python3 /root/fill_queue.py {sender} {count}")


def settle():
    """Nothing to be written, and the queue in memory; returns how many messages there are."""
    return int(on_host("sync && postqueue -j | wc -l"))


def task(module, arguments, interpreter="/usr/bin/python3"):
    """Run one task on the host; returns its seconds and its result."""
    with tempfile.TemporaryDirectory() as directory:
        record, play = Path(directory) / "durations", Path(directory) / "play.yml"
        one_task = {"name": "Measured", module: arguments, "register": "result"}
        show = {"name": "Result", "ansible.builtin.debug": {"msg": "RESULT {{ result | to_json }}"}}
        play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [one_task, show]}]))
        environment = dict(
            os.environ,
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback_plugins"),
            ANSIBLE_CALLBACKS_ENABLED="durations",
            DURATIONS_FILE=str(record),
        )
        done = subprocess.run(
            [
                str(ROOT / ".venv/bin/ansible-playbook"),
                "-i",
                f"{HOST},",
                "-c",
                "community.docker.docker",
                "-e",
                f"ansible_python_interpreter={interpreter}",
                str(play),
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        measured, shown = (next(line for line in lines if line["task"] == name) for name in ("Measured", "Result"))
        return measured["seconds"], json.loads(shown["msg"].partition("RESULT ")[2])


def list_with_guide():
    return task("ansible.builtin.shell", "postqueue -j >/dev/null")[0]


def list_with_module():
    seconds, result = task("mailops.relay.mail_queue_info", {"sender": ["relay@web01.example.com"]})
    assert result["total"] == SENDERS["relay@web01.example.com"], result["total"]
    return seconds


def list_by_client():
    seconds, result = task("mailops.relay.mail_queue_info", {"all": True})
    assert sum(client["count"] for client in result["by_client"]) == TOTAL, result["by_client"]
    assert not any(client["name"] == "(unknown)" for client in result["by_client"]), result["by_client"]
    return seconds


def delete_with_guide():
    seconds, result = task("ansible.builtin.shell", PIPELINE)
    assert result["stdout"] == "postsuper: Deleted: 20000 messages", result["stdout"]
    return seconds


def delete_with_module():
    seconds, result = task("mailops.relay.mail_queue", {"action": "delete", "sender": ["relay@web01.example.com"]})
    assert result["affected"] == SENDERS["relay@web01.example.com"], result
    return seconds


def compare(what, limit, guide, module, before):
    seconds = {guide: [], module: []}
    for number in range(ROUNDS):
        for side in (guide, module) if number % 2 == 0 else (module, guide):
            before()
            seconds[side].append(side())
    print(", ".join(f"{side.__name__}: {statistics.median(times):.2f} s" for side, times in seconds.items()))
    ratios = [slow / fast for slow, fast in zip(seconds[module], seconds[guide], strict=True)]
    print("ratios:", " ".join(f"{ratio:.2f}" for ratio in ratios))
    report(what, statistics.median(ratios), limit)


def fill_up():
    there = {entry["name"]: entry["count"] for entry in counts()}
    for sender, count in SENDERS.items():
        missing = count - there.get(sender, 0)
        if missing:
            fill(sender, missing)
    assert settle() == TOTAL


def counts():
    lines = on_host('postqueue -j | sed \'s/.*"sender": "//; s/".*//\' | sort | uniq -c').splitlines()
    return [{"name": line.split()[1], "count": int(line.split()[0])} for line in lines]


def peaks():
    """Peak memory in MiB of the Python that runs a module, for each of several uses."""
    uses = {
        "mail_queue_info, every message": ("mailops.relay.mail_queue_info", {"all": True}),
        "mail_queue, hold every message": ("mailops.relay.mail_queue", {"action": "hold", "all": True}),
        "mail_queue, delete every message": ("mailops.relay.mail_queue", {"action": "delete", "all": True}),
    }
    found = {}
    for name, (module, arguments) in uses.items():
        _seconds, result = task(module, arguments, MEASURED)
        found[name] = int(on_host("cat /root/peak")) / 1024
        print(f"{name}: {result.get('total', result.get('affected'))} messages, {found[name]:.1f} MiB", flush=True)
    return found


def main():
    print(f"filling the queue with {TOTAL} messages", flush=True)
    fill_up()
    compare(
        "listing with a filter: wall time over postqueue -j >/dev/null", 1.3, list_with_guide, list_with_module, settle
    )
    compare("the queue by client: wall time over postqueue -j >/dev/null", 1.5, list_with_guide, list_by_client, settle)
    compare(
        "deleting 20,000 by sender: wall time over the guide's pipeline",
        1.3,
        delete_with_guide,
        delete_with_module,
        fill_up,
    )
    fill_up()
    many = peaks()
    fill("few@web01.example.com", 100)
    few = peaks()
    for name, peak in many.items():
        report(f"{name}: peak memory with {TOTAL} messages above that with 100", peak - few[name], 64, " MiB")


if __name__ == "__main__":
    start()
    try:
        main()
    finally:
        docker("rm", "--force", HOST)
    sys.exit(1 if failures else 0)
