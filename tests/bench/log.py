# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speed figures of the log readers, against pflogsumm on the same log in one run.

    python tests/bench/log.py RELAY_LOG [CLIENT_LOG JOINED_RELAY_LOG]

tests/bench/make_logs.py makes the logs with a real Postfix. The modules run as Ansible runs them on a host: the packed
program, with the Pythons that this machine has of 2.7, 3.6 and the controller's. Figures are CPU seconds of the whole
process, the least of three runs; pflogsumm's runs alternate with them. Exit code 1 when a figure misses its limit.
"""

import argparse
import contextlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import failures, report

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = int(os.environ.get("ROUNDS", "3"))
# Assembles what two hosts' logs have, as the module does on a host of its own, or joins it too, as the controller does.
JOIN = """
import sys
sys.path[:0] = sys.argv[1].split(":")
from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import find_files
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import read_all
from ansible_collections.mailops.relay.plugins.module_utils.mail.without_gc import without_gc
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
hosts, results = {}, {}
for name, path in (("client", sys.argv[2]), ("relay", sys.argv[3])):
    hops = Assembler()
    read_all(find_files([path]), hops, Readers)
    hosts[name] = {"names": [name], "addresses": []}
    with without_gc():
        results[name] = [{"messages": [finish(hop) for hop in hops.hops]}]
if sys.argv[4] == "read":
    print(len(results["client"][0]["messages"]))
else:
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site, join
    traces = join(Site(hosts, results))
    print(sum(1 for trace in traces if [node.host for node in trace] == ["client", "relay"]))
"""


def measure(command, **options):
    """Run a program; returns its CPU seconds, its peak memory in MiB and its output."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.NamedTemporaryFile() as peak:
        done = subprocess.run(
            ["/usr/bin/time", "--format=%M", f"--output={peak.name}", *command],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            **options,
        )
        memory = int(Path(peak.name).read_text().split()[-1]) / 1024
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, memory, done.stdout


def pythons():
    """dict: version -> program, of those that this machine has."""
    found = {}
    for version in ("2.7", "3.6"):
        program = ROOT / f".cache/python{version}/bin/python"
        if program.exists():
            found[version] = str(program)
        else:
            print(f"Python {version}: NOT RUN, tests/setup units-{version} makes it")
    found[f"{sys.version_info.major}.{sys.version_info.minor}"] = sys.executable
    return found


@contextlib.contextmanager
def packed(module, arguments):
    """The program that Ansible sends to a host for one task."""
    with tempfile.TemporaryDirectory() as directory:
        environment = dict(os.environ, ANSIBLE_KEEP_REMOTE_FILES="1", ANSIBLE_PIPELINING="0")
        subprocess.run(
            [
                str(ROOT / ".venv/bin/ansible"),
                "localhost",
                "-c",
                "local",
                "-m",
                f"mailops.relay.{module}",
                "-e",
                f"ansible_python_interpreter={sys.executable} ansible_remote_tmp={directory}",
                "-e",
                "ansible_pipelining=false",
                "-a",
                json.dumps(arguments),
            ],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        yield str(*Path(directory).rglob(f"AnsiballZ_{module}.py"))


def alternate(*commands):
    """Least CPU seconds of each command, highest memory, last output; the commands take turns."""
    figures = [(float("inf"), 0.0, "")] * len(commands)
    for _round in range(ROUNDS):
        for number, command in enumerate(commands):
            seconds, memory, output = measure(command)
            figures[number] = (min(figures[number][0], seconds), max(figures[number][1], memory), output)
    return figures


def lines_of(log):
    with open(log, "rb") as stream:
        return sum(1 for _line in stream)


def flow(pflogsumm, log, lines):
    with tempfile.NamedTemporaryFile(suffix=".log") as half:
        with open(log, "rb") as stream:
            half.writelines(line for line, _number in zip(stream, range(lines // 2), strict=False))
        half.flush()
        with (
            packed("mail_flow_info", {"paths": [log]}) as whole,
            packed("mail_flow_info", {"paths": [half.name]}) as part,
        ):
            for version, python in pythons().items():
                theirs, ours, less = alternate([pflogsumm, log], [python, whole], [python, part])
                counted = json.loads(ours[2])["flow"]
                assert counted["lines"] == lines, counted["lines"]
                print(
                    f"mail_flow_info, Python {version}: {lines / ours[0]:,.0f} lines/s, "
                    f"pflogsumm {lines / theirs[0]:,.0f}; {ours[1]:.0f} MiB, "
                    f"with half of the lines {less[1]:.0f} MiB; unknown {counted['unknown']}, "
                    f"unreadable {counted['unreadable']}"
                )
                report(f"lines per second over pflogsumm's, Python {version}", theirs[0] / ours[0], 2, least=True)


def search(pflogsumm, log):
    tail = subprocess.run(["tail", "-c", "40000000", log], capture_output=True, check=True).stdout
    queue_id = re.search(rb"qmgr\[\d+\]: (\w+): removed", tail)[1].decode()
    with packed("mail_log_info", {"paths": [log], "queue_id": [queue_id]}) as program:
        for version, python in pythons().items():
            theirs, ours = alternate([pflogsumm, log], [python, program])
            found = json.loads(ours[2])
            assert found["total"] == 1 and found["messages"][0]["queue_id"] == queue_id
            print(f"mail_log_info, Python {version}: {ours[0]:.2f} s, pflogsumm {theirs[0]:.2f} s; {ours[1]:.0f} MiB")
            report(f"times faster than pflogsumm, Python {version}", theirs[0] / ours[0], 5, least=True)


def joined(pflogsumm, client, relay):
    with tempfile.TemporaryDirectory() as stage, tempfile.NamedTemporaryFile("w", suffix=".py") as program:
        program.write(JOIN)
        program.flush()
        # Python 2.7 finds no package in a folder without __init__.py; Ansible's own code is the controller's.
        subprocess.run([ROOT / "tests/stage", stage], capture_output=True, check=True)
        for package in ("ansible_collections", "ansible_collections/mailops", "ansible_collections/mailops/relay"):
            (Path(stage) / package / "__init__.py").touch()
        (Path(stage) / "ansible_collections/mailops/relay/plugins/__init__.py").touch()
        site = f"{stage}:{next((ROOT / '.venv/lib').glob('python*/site-packages'))}"
        for version, python in pythons().items():
            command = [python, program.name, site, client, relay]
            theirs, reading = alternate([pflogsumm, client, relay], [*command, "read"])
            print(
                f"messages of two hosts, Python {version}: read {reading[0]:.2f} s, pflogsumm {theirs[0]:.2f} s; "
                f"{reading[1]:.0f} MiB"
            )
            report(f"reading over pflogsumm's time, Python {version}", reading[0] / theirs[0], 1)
        # Hosts do not join: the last Python is the controller's.
        theirs, ours = alternate([pflogsumm, client, relay], [*command, "join"])
        print(
            f"{ours[2].strip()} messages of two hosts: read and joined {ours[0]:.2f} s, pflogsumm {theirs[0]:.2f} s; "
            f"{ours[1]:.0f} MiB"
        )
        report("reading and joining over pflogsumm's time", ours[0] / theirs[0], 1)


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("relay_log")
    parser.add_argument("joined", nargs="*", help="the logs of a client and its relay")
    parser.add_argument("--pflogsumm", default=shutil.which("pflogsumm"), help="default: the one in PATH")
    args = parser.parse_args()
    if not args.pflogsumm:
        sys.exit("pflogsumm is missing: apt-get install pflogsumm")
    lines = lines_of(args.relay_log)
    print(f"{args.relay_log}: {lines:,} lines")
    flow(args.pflogsumm, args.relay_log, lines)
    search(args.pflogsumm, args.relay_log)
    if args.joined:
        joined(args.pflogsumm, *args.joined)


if __name__ == "__main__":
    main()
    sys.exit(1 if failures else 0)
