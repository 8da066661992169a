# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long after its last task's result a playbook has shown its verdict; at most 0.2 s.

Usage: python tests/bench/last_line.py [ROUNDS] ARGUMENT-OF-ANSIBLE-PLAYBOOK ...
"""

import re
import subprocess
import sys
import time

RESULT = re.compile(r"(?:ok|changed|fatal|failed|skipping): ")


def seconds(arguments):
    """(float, int): from the last result of a task to the last line, and the exit code."""
    shown = result = time.monotonic()
    with subprocess.Popen(
        ["ansible-playbook", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        for line in run.stdout:
            shown = time.monotonic()
            if RESULT.match(line):
                result = shown
    return shown - result, run.returncode


if __name__ == "__main__":
    rounds, given = (int(sys.argv[1]), sys.argv[2:]) if sys.argv[1].isdecimal() else (1, sys.argv[1:])
    for _round in range(rounds):
        took, code = seconds(given)
        print(f"{took:.3f} s (at most 0.2), exit code {code}")
