# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks whether the links between this repository's documents lead somewhere: files, and headings in them."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"(?ms)^```.*?^```$")


def anchors(path):
    """set of str: what GitHub makes of the headings of a document."""
    headings = re.findall(r"(?m)^#+ (.*)$", FENCE.sub("", path.read_text("utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def problems(path):
    """Yields what is wrong with the links of a document."""
    for target in LINK.findall(FENCE.sub("", path.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _mark, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists():
            yield f"{path.relative_to(ROOT)}: {target}: there is no such file"
        elif anchor and anchor not in anchors(there):
            yield f"{path.relative_to(ROOT)}: {target}: there is no such heading"


listed = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
found = [problem for name in listed if (ROOT / name).exists() for problem in problems(ROOT / name)]
sys.exit("\n".join(found) or None)
