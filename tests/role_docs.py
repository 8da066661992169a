# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes roles/*/README.md from meta/argument_specs.yml, so that the two say the same.

Usage: python tests/role_docs.py [--check]; with --check nothing is written, and a file that differs is named.
"""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BEGINNING = "<!-- Made by `make docs` from meta/argument_specs.yml; change that. -->"
# Ansible's markup (docs.ansible.com, "Ansible markup"); of a value within it a backslash stands before what would end it.
MARKUP = re.compile(r"\b(?:([CVOEM]|RV)\(((?:\\.|[^)\\])*)\)|([BI])\(([^)]*)\)|U\(([^)]*)\)|L\(([^,)]*), *([^)]*)\))")


def markdown(text):
    """str: a description as Markdown.

    Args:
        text: str, with Ansible's markup.
    """

    def replaced(match):
        kind, code, style, styled, address, shown, target = match.groups()
        if kind:
            return "`" + re.sub(r"\\(.)", r"\1", code) + "`"
        if style:
            return f"**{styled}**" if style == "B" else f"*{styled}*"
        return f"<{address}>" if address else f"[{shown}]({target})"

    return MARKUP.sub(replaced, " ".join(text.split()))


def paragraphs(entry):
    """list of str: the paragraphs of a description."""
    found = entry.get("description", [])
    return [markdown(text) for text in ([found] if isinstance(found, str) else found)]


def kind(option):
    """str: the type, the choices and the default of an option."""
    words = option["type"] + (f" of {option['elements']}" if "elements" in option else "")
    if "choices" in option:
        words += ": " + ", ".join(f"`{value(choice)}`" for choice in option["choices"])
    if option.get("required"):
        return words + "; required"
    return words + (f"; default `{value(option['default'])}`" if "default" in option else "")


def value(default):
    """str: a value as one would write it in YAML, in one line."""
    return (
        yaml.safe_dump(default, default_flow_style=True, width=10**6, allow_unicode=True).replace("\n...", "").strip()
    )


def parts(options, above=""):
    """Yields a line on each option of the entries of a list or dictionary, and on theirs."""
    for name, option in options.items():
        yield f"`{above}{name}` ({kind(option)}): " + " ".join(paragraphs(option))
        yield from parts(option.get("options", {}), f"{above}{name}.")


def row(name, option):
    """str: the line of a variable in the table."""
    lines = [*paragraphs(option), *parts(option.get("options", {}))]
    cells = (f"`{name}`", kind(option), "<br>".join(lines))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def document(role, spec):
    """str: the README of a role.

    Args:
        role: str, its name.
        spec: dict, the entry in its argument_specs.
    """
    lines = [BEGINNING, "", f"# mailops.relay.{role}", "", markdown(spec["short_description"]), ""]
    lines += [f"- {text}" for text in paragraphs(spec)]
    lines += ["", "## Variables", "", "| variable | type and default | |", "|---|---|---|"]
    lines += [row(name, option) for name, option in spec["options"].items()]
    return "\n".join(lines) + "\n"


def main(check):
    stale = []
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        role = path.parents[1]
        text = document(role.name, yaml.safe_load(path.read_text("utf-8"))["argument_specs"]["variables"])
        target = role / "README.md"
        if not target.exists() or target.read_text("utf-8") != text:
            stale.append(f"{target.relative_to(ROOT)}: it is not what meta/argument_specs.yml says; run make docs")
            if not check:
                target.write_text(text, "utf-8")
    return "\n".join(stale) if check and stale else None


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
