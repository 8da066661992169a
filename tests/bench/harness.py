# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the speed figures share: containers, and figures with their limits."""

import subprocess
import sys

failures = []


def docker(*arguments, stdin=None):
    """str: what Docker's client prints; where it fails, the bench ends."""
    done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def report(what, value, limit, unit="", least=False):
    """Print a figure and its limit; one that misses it is among the C(failures).

    Args:
        what: str.
        value, limit: float.
        unit: str, of both.
        least: bool, whether the value must not be below the limit; otherwise it must not be above it.
    """
    missed = value < limit if least else value > limit
    if missed:
        failures.append(what)
    print(f"{what}: {value:.2f}{unit} (limit {limit}{unit}) {'MISSED' if missed else 'ok'}", flush=True)
