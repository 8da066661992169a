# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule's scenarios on each distribution that this machine can make, side by side; the newest one with the newest
ansible-core.

Usage: python tests/beds.py DISTRO…; logs are in .cache/molecule/.

All scenarios of a distribution share one bed, which `default` makes and converges; the others put back what they
change. Tests of which the distribution is no part are dealt out among the beds (`only_on` in
molecule/shared/site_under_test.py); what no bed has run is said at the end.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / ".cache/molecule"
# More beds at once than these, and two cores are too slow for time limits.
BEDS_AT_ONCE = 3
KEEP = ("--destroy", "never")
SHARED = ("trace", "verify", "sendmail", "qmail", "queue")
# What a bed goes through. Molecule itself takes seconds to start, so one call does as much as it can.
WHOLE = (
    ("test", "-s", "default", *KEEP),
    ("verify", *(word for name in SHARED for word in ("-s", name))),
    ("test", "-s", "guide", *KEEP),
    ("prepare", "-s", "iptables", "--force"),
    ("test", "-s", "iptables", *KEEP),
    ("destroy", "-s", "default"),
)
# The newest ansible-core manages Python 3.9 and later: one of these has it, the others have 2.16.
FOR_NEWEST_CORE = ("debian13", "rocky9")
# web02 has another distribution than its relay: an old client of a new one, and a new one of an old one.
NEIGHBOURS = {"debian11": "debian13", "debian12": "debian11", "debian13": "debian12"}
STEP = re.compile(r"(?:INFO|WARNING|ERROR|CRITICAL)\s+(\S+) ➜ (\w+): (.*)")
COUNTS = re.compile(r"=+ (.*(?:passed|failed|error).*) in [0-9.]+s.*=+")
RESULT = re.compile(r"tests/(\S+?\.py::.+?) (PASSED|FAILED|ERROR|SKIPPED)\b")
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Lane:
    """One bed and what runs on it, one after the other.

    Attributes:
        failed: list of str, the calls that failed, with the reasons that their output gives.
        seconds: dict of (scenario, step) -> seconds.
        counts: dict of scenario -> pytest's closing words.
        ran: dict of (scenario, test) -> bool, False where it was skipped.
    """

    def __init__(self, distro, environment, side_by_side):
        self.bed = distro
        neighbour = NEIGHBOURS.get(distro, distro)
        self._variables = dict(
            os.environ,
            PATH=f"{ROOT / environment / 'bin'}:{os.environ['PATH']}",
            MOLECULE_BED=distro,
            MOLECULE_DISTRO=distro,
            MOLECULE_DISTROS=" ".join(side_by_side),
            MOLECULE_DISTRO_OF_WEB02=neighbour if has_image(neighbour) else distro,
            MOLECULE_EPHEMERAL_DIRECTORY=str(LOGS / distro),
            # Molecule looks for a collection's scenarios in extensions/molecule otherwise.
            MOLECULE_GLOB="molecule/*/molecule.yml",
            MOLECULE_COMMAND_BORDERS="false",
        )
        self.environment = environment
        self.failed, self.seconds, self.counts, self.ran = [], {}, {}, {}

    def run(self):
        begin = time.monotonic()
        label = f"label=mailops.relay.testbed={self.bed}-"
        left = subprocess.run(["docker", "ps", "-aq", "--filter", label], capture_output=True, check=True).stdout
        for call in (WHOLE[-1:] if left else ()) + WHOLE:
            while call:
                call = self._call(call)
        return time.monotonic() - begin

    def _call(self, call):
        """Run Molecule; returns what is left to do: the scenarios behind one that failed."""
        name = "-".join([call[0], *(word for word in call[1:] if word not in ("-s", "--force", *KEEP))])
        log = LOGS / f"{self.bed}-{name}.log"
        seen = []
        with (
            log.open("w", encoding="utf-8", buffering=1) as stream,
            subprocess.Popen(
                ["molecule", *call],
                cwd=ROOT,
                env=self._variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
            ) as process,
        ):
            key = began = None
            for line in process.stdout:
                stream.write(line)
                text = COLOURS.sub("", line).rstrip()
                step = STEP.match(text)
                if step and step[3].startswith("Executing") and step[2] != "discovery":
                    key, began = (step[1], step[2]), time.monotonic()
                    seen.append(step[1])
                elif step and key and step[3].startswith("Executed"):
                    self.seconds[key] = self.seconds.get(key, 0) + time.monotonic() - began
                result = RESULT.match(text)
                if result and key:
                    self.ran[key[0], result[1]] = result[2] != "SKIPPED"
                counts = COUNTS.search(text)
                if counts and key:
                    self.counts[key[0]] = counts[1]
        if process.returncode == 0:
            return None
        if key:
            self.seconds[key] = self.seconds.get(key, 0) + time.monotonic() - began
        self.failed.append(f"{self.bed}: molecule {' '.join(call)}:\n{reasons(log)}")
        names = call[2::2] if call[0] == "verify" else ()
        left = [name for name in names if name not in seen]
        return (call[0], *(word for name in left for word in ("-s", name))) if left and left != list(names) else None


def has_image(distro):
    done = subprocess.run(["docker", "images", "-q", f"mailops-relay/{distro}:latest"], capture_output=True, check=True)
    return bool(done.stdout.strip())


def reasons(log):
    """The lines of a log that say why it failed, before what Molecule says of that, and its end."""
    lines = [COLOURS.sub("", line).strip(" │\n") for line in log.read_text(encoding="utf-8").splitlines()]
    wrong = [line for line in lines if re.match(r"E  |fatal:|failed:|FAILED", line)][-12:]
    wrong += [line for line in lines if re.match(r"ERROR|CRITICAL|\[ERROR", line)][:2]
    return "\n".join(f"    {line[:600]}" for line in [*lines[-40:], "why:", *wrong])


def note(what, seconds):
    """Add a line to the table of times of `make test` (tests/all)."""
    if os.environ.get("TIMES_FILE"):
        with open(os.environ["TIMES_FILE"], "a", encoding="utf-8") as stream:
            stream.write(f"{seconds:.0f}\t{what}\n")


def why_not(distro):
    file = ROOT / f".cache/images/{distro}.skipped"
    return file.read_text(encoding="utf-8").strip() if file.exists() else "no image"


def main(distros):
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    for command in (["tests/testbed/engine"], ["tests/images/build", *distros]):
        if subprocess.run(command, cwd=ROOT, check=False).returncode:
            return 1
    beds = [distro for distro in distros if has_image(distro)]
    for distro in distros:
        if distro not in beds:
            print(f"molecule on {distro}: NOT RUN: {why_not(distro)}")
    if not beds:
        print("molecule: no distribution could be made", file=sys.stderr)
        return 1
    newest = next((distro for distro in FOR_NEWEST_CORE if distro in beds), None)
    if newest and subprocess.run(["tests/setup", "core-latest"], cwd=ROOT, check=False).returncode:
        print("molecule with the newest ansible-core: NOT RUN: this machine has no Python 3.12 or later")
        newest = None
    lanes = [Lane(distro, ".venv-latest" if distro == newest else ".venv", beds) for distro in beds]

    printing = threading.Lock()

    def run(lane):
        with printing:
            print(f"molecule on {lane.bed}, with ansible-core of {lane.environment}: running", flush=True)
        seconds = lane.run()
        with printing:
            print(f"molecule on {lane.bed}: {seconds:.0f} s in all", flush=True)
        return seconds

    with concurrent.futures.ThreadPoolExecutor(BEDS_AT_ONCE) as pool:
        wholes = list(pool.map(run, lanes))
    for lane, whole in zip(lanes, wholes, strict=True):
        note(f"molecule {lane.bed}", whole)
        for (scenario, step), seconds in lane.seconds.items():
            if seconds >= 1:
                note(f"molecule {lane.bed}: {scenario}: {step}", seconds)
    # The ends of the logs first: of a long output, often only the last lines are kept.
    for lane in lanes:
        for text in lane.failed:
            print(text)
    for lane in lanes:
        for scenario, counts in lane.counts.items():
            print(f"molecule on {lane.bed}: {scenario}: {counts}")
    tests = sorted({test for lane in lanes for test in lane.ran})
    for scenario, test in tests:
        if not any(lane.ran.get((scenario, test)) for lane in lanes):
            print(f"molecule: {scenario}: NOT RUN on any of these distributions: {test}")
    failed = [text.partition("\n")[0] for lane in lanes for text in lane.failed]
    for text in failed:
        print(f"failed: {text}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
