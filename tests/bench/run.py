# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speed figures, measured on the demo's hosts (run `make demo` first), as ratios within one run.

Each figure is the median of several rounds; the two sides of a ratio alternate, so that a busy machine hits both.
Exit code 1 when a figure misses its limit.
"""

import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import failures, report

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
ROUNDS = int(os.environ.get("ROUNDS", "7"))
CLIENTS = 50


def play(name, *arguments):
    """Run a playbook on the demo; returns its wall time in seconds and what the callback recorded."""
    with tempfile.TemporaryDirectory() as directory:
        record = Path(directory) / "durations"
        environment = dict(
            os.environ,
            ANSIBLE_CALLBACK_PLUGINS=str(HERE / "callback_plugins"),
            ANSIBLE_CALLBACKS_ENABLED="durations",
            DURATIONS_FILE=str(record),
        )
        begin = time.monotonic()
        done = subprocess.run(
            [str(ROOT / ".venv/bin/ansible-playbook"), "-i", "examples/demo", name, *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.monotonic() - begin
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        return seconds, [json.loads(line) for line in record.read_text().splitlines()]


def second_run(what, host, tasks_limit, ratio_limit):
    play("mailops.relay.site", "--limit", host)
    base, site, counts = [], [], []
    for _round in range(ROUNDS):
        base.append(play(str(HERE / "gather_and_ping.yml"), "-e", f"bench_host={host}")[0])
        seconds, tasks = play("mailops.relay.site", "--limit", host)
        assert not any(task["changed"] for task in tasks), "not converged"
        site.append(seconds)
        counts.append(sum(task["task"] != "Gather facts" for task in tasks))
    print(f"gather and ping: {statistics.median(base):.2f} s; site.yml --limit {host}: {statistics.median(site):.2f} s")
    report(f"{what}, second run: tasks after fact gathering", max(counts), tasks_limit)
    ratios = [slow / fast for slow, fast in zip(site, base, strict=True)]
    report(
        f"{what}, second run: wall time over gathering the same facts and ping", statistics.median(ratios), ratio_limit
    )


def many_clients():
    """The controller's CPU time for each of 50 clients, which are web01 under as many names; Docker's client is part of it."""
    hosts = {f"client{number:03}": {"ansible_host": "web01"} for number in range(CLIENTS)}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as inventory:
        json.dump({"relay_clients": {"hosts": hosts}}, inventory)
        inventory.flush()
        limit = ("-i", inventory.name, "--limit", ",".join(hosts))
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        _seconds, tasks = play("mailops.relay.site", *limit)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert not any(task["changed"] for task in tasks), "not converged"
    each = (now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime) / CLIENTS
    report(f"{CLIENTS} clients, second run: controller's CPU time for each", each, 0.5, " s")


def numeric_parameters():
    """40 parameters of the installed Postfix, at their default values."""
    done = subprocess.run(["docker", "exec", "web01", "postconf", "-d"], capture_output=True, text=True, check=True)
    numeric = r"^((?:smtpd?|lmtp|qmgr)_[a-z0-9_]+_(?:limit|timeout)) = ([0-9]+[smhd]?)$"
    found = re.findall(numeric, done.stdout, re.MULTILINE)
    return dict(found[:40])


def postfix_config_unchanged():
    parameters = numeric_parameters()
    assert len(parameters) == 40
    seconds = {}
    try:
        for _round in range(ROUNDS):
            _seconds, tasks = play(str(HERE / "postfix_config.yml"), "-e", json.dumps({"parameters": parameters}))
            for task in tasks:
                assert not (task["task"] == "Postfix_config" and task["changed"]), "not idempotent"
                value = task["seconds"] if task["task"] in ("Ping", "Postfix_config") else task["stdout"]
                seconds.setdefault(task["task"], []).append(value)
    finally:
        play(str(HERE / "postfix_config.yml"), "-e", json.dumps({"parameters": dict.fromkeys(parameters)}))
    ping, module = seconds["Ping"], seconds["Postfix_config"]
    postconf = [float(value) for value in seconds["Postconf -n"]]
    print(
        f"ping: {statistics.median(ping):.3f} s; postconf -n: {statistics.median(postconf):.3f} s; "
        f"postfix_config, 40 parameters, 2 services: {statistics.median(module):.3f} s"
    )
    ratios = [slow / (fast + extra) for slow, fast, extra in zip(module, ping, postconf, strict=True)]
    report("postfix_config unchanged: wall time over ping and one postconf -n", statistics.median(ratios), 1.5)
    report("postfix_config unchanged: external commands", max(int(value) for value in seconds["External commands"]), 4)


def firewalld_zone_calls():
    _seconds, tasks = play(str(HERE / "firewalld_zone.yml"))
    calls = {task["task"]: task["calls"] for task in tasks}
    report("firewalld_zone, first creation of a whole zone: calls of firewall-cmd", calls["Create"], 6)
    report("firewalld_zone unchanged: calls of firewall-cmd", calls["Unchanged"], 2)


second_run("client", "web01", 3, 2.0)
second_run("relay", "smtp-relay001", 6, 3.2)
many_clients()
postfix_config_unchanged()
firewalld_zone_calls()
sys.exit(1 if failures else 0)
