# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody copies out of the README and docs/ works: playbooks pass Ansible's syntax check, inventories load, variables, options,
scenarios and targets of make are there."""

import functools
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.qmail import control
from ansible_collections.mailops.relay.plugins.plugin_utils import playbook_variables, role_variables

ROOT = Path(__file__).resolve().parents[4]
BIN = Path(sys.prefix) / "bin"
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
FENCE = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
ROLE_OPTIONS = {
    name: option for role in role_variables.ROLES for name, option in role_variables.options_of(role).items()
}
TYPES = {"str": str, "path": str, "list": (list, str), "dict": dict, "bool": bool, "int": int}
# What stands in an example for what a user has.
OF_A_USER = re.compile(r"@|inventory\.yml\Z|/root/")


def blocks(language):
    """list: pytest parameters of (text of a block), each with where it is as its name."""
    found = []
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        for match in FENCE.finditer(text):
            if match[1] == language:
                line = text.count("\n", 0, match.start()) + 1
                found.append(pytest.param(match[2], id=f"{path.relative_to(ROOT)}:{line}"))
    return found


def commands(text):
    """Yields the words of each command that is typed in an example: behind a prompt, or what a workflow runs."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            lexer = shlex.shlex(line[2:], posix=True, punctuation_chars="|&;")
            lexer.whitespace_split = True
            words = []
            for word in [*lexer, ";"]:
                if set(word) <= set("|&;"):
                    yield words
                    words = []
                else:
                    words.append(word)


def kind_of(example):
    """str: what an example in YAML is."""
    if isinstance(example, list):
        return (
            "plays"
            if all({"hosts", "import_playbook", "ansible.builtin.import_playbook"} & set(entry) for entry in example)
            else "tasks"
        )
    if "jobs" in example:
        return "workflow"
    groups = all(isinstance(value, dict) and set(value) <= {"hosts", "vars", "children"} for value in example.values())
    return "inventory" if groups else "variables"


EXAMPLES = blocks("yaml")


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_in_yaml_is_what_it_seems_to_be(text, tmp_path):
    example = yaml.safe_load(text)
    kind = kind_of(example)
    if kind == "variables":
        check_role_variables(example)
    elif kind == "inventory":
        for group in example.values():
            check_role_variables(group.get("vars", {}))
        hosts = {host for group in example.values() for host in group.get("hosts", {})}
        (tmp_path / "inventory.yml").write_text(text, "utf-8")
        listed = run("ansible-inventory", "-i", "inventory.yml", "--list", cwd=tmp_path)
        assert set(json.loads(listed)["_meta"]["hostvars"]) | hosts == hosts
    elif kind == "workflow":
        lines = [step["run"] for job in example["jobs"].values() for step in job["steps"] if "run" in step]
        typed = [words for line in "\n".join(lines).splitlines() for words in commands("$ " + line)]
        assert len([check_command(words) for words in typed]) >= len(lines)


def test_playbooks_pass_the_syntax_check(tmp_path):
    names = []
    for number, parameter in enumerate(EXAMPLES):
        example = yaml.safe_load(parameter.values[0])
        kind = kind_of(example)
        if kind == "tasks":
            example = [{"hosts": "all", "gather_facts": False, "tasks": example}]
        if kind in ("plays", "tasks"):
            names.append(f"{number}.yml")
            (tmp_path / names[-1]).write_text(yaml.safe_dump(example, sort_keys=False), "utf-8")
    assert len(names) >= 3
    run("ansible-playbook", "--syntax-check", "-i", "localhost,", *names, cwd=tmp_path)


@functools.cache
def options_of_modules():
    """dict: module of this collection -> the names of its options."""
    names = sorted(f"mailops.relay.{path.stem}" for path in ROOT.glob("plugins/modules/[a-z]*.py"))
    told = json.loads(run("ansible-doc", "-t", "module", "-j", *names, cwd=ROOT / "docs"))
    return {name: set(entry["doc"]["options"]) for name, entry in told.items()}


@pytest.mark.parametrize(
    "text", [entry for entry in EXAMPLES if kind_of(yaml.safe_load(entry.values[0])) in ("plays", "tasks")]
)
def test_tasks_and_plays_name_options_and_variables_that_there_are(text):
    example = yaml.safe_load(text)
    for entry in example:
        playbook = entry.get("ansible.builtin.import_playbook", "").rpartition("mailops.relay.")[2]
        if playbook:
            check_playbook_variables(playbook, entry.get("vars", {}))
        for task in [entry, *entry.get("tasks", [])]:
            for module in set(task) & set(options_of_modules()):
                assert set(task[module]) <= options_of_modules()[module]


@pytest.mark.parametrize("text", blocks("console"))
def test_a_command_can_be_typed(text):
    assert [check_command(words) for words in commands(text)]


def test_variables_in_running_text_are_there():
    known = set(ROLE_OPTIONS).union(*playbook_variables.PLAYBOOKS.values())
    named = []
    for path in DOCUMENTS:
        for name in re.findall(r"(?<!postconf )-e [\"']?([a-z_]+)=", FENCE.sub("", path.read_text("utf-8"))):
            named.append(name)
            assert name in known, f"{path.name}: {name}"
    assert len(named) > 5


def test_the_table_of_qmails_control_files_is_what_the_module_knows():
    rows = re.findall(
        r"(?m)^\| (?:\*\*)?`(\w+)`(?:\*\*)? \| .* \| (.*) \| (.*) \| (.*) \|$",
        (ROOT / "docs/qmail.md").read_text("utf-8"),
    )
    told = {name: rest for name, *rest in rows if name in control.CONTROL_FILES}
    assert sorted(told) == sorted(control.CONTROL_FILES)
    does = {
        control.NONE: "nothing",
        control.HUP: "HUP",
        control.RESTART: "restart",
        control.RESTART_SMTPD: "restart of the SMTP",
    }
    for name, (default, reader, action) in told.items():
        file = control.CONTROL_FILES[name]
        assert default.strip("`–") == file.default.replace("none", ""), name
        assert reader.strip("`") == file.reader, name
        assert action == does[file.action] or action.startswith(
            does[file.action] + (":" if file.action == control.NONE else " ")
        ), name


def run(program, *arguments, cwd):
    """str: what a program of Ansible printed, which finds this tree as the collection.

    Raises:
        AssertionError: it failed.
    """
    environment = dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(ROOT.parents[2]), HOME=str(cwd))
    done = subprocess.run(
        [BIN / program, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def check_role_variables(given):
    for name, value in given.items():
        option = ROLE_OPTIONS[name]
        assert isinstance(value, TYPES[option["type"]]), name
        assert "choices" not in option or value in option["choices"], name


def check_playbook_variables(playbook, given):
    of_roles = {name: value for name, value in given.items() if name in ROLE_OPTIONS}
    check_role_variables(of_roles)
    own = {name: value for name, value in given.items() if name not in of_roles}
    values = {name: own[name] for name in playbook_variables.relevant(playbook, own)}
    assert playbook_variables.problems(playbook, values, own, own) == []


def check_command(words):
    """bool: True; whether what a command names is there is asserted."""
    program = words[0].rpartition("/")[2] if words else ""
    if program == "ansible-playbook":
        check_ansible_playbook(words[1:])
    elif program == "make":
        targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"))
        assert {word for word in words[1:] if "=" not in word} <= set(targets)
    elif "molecule" in words and "-s" in words:
        assert (ROOT / "molecule" / words[words.index("-s") + 1] / "molecule.yml").exists()
    return True


def check_ansible_playbook(words):
    given, playbooks = {}, []
    words = iter(words)
    for word in words:
        if word in ("-i", "--inventory"):
            path = next(words)
            assert OF_A_USER.search(path) or (ROOT / path).exists(), path
        elif word in ("-l", "--limit", "--vault-password-file"):
            next(words)
        elif word == "-e":
            given.update(extra_variables(next(words)))
        elif word.startswith("-"):
            assert word in ("-b", "--check", "--diff"), word
        else:
            playbooks.append(word)
    (name,) = playbooks
    assert name.startswith("mailops.relay."), name
    check_playbook_variables(name.rpartition(".")[2], given)


def extra_variables(text):
    """dict: what C(-e) with a text gives."""
    if text.startswith("{"):
        return json.loads(text)
    return dict(word.split("=", 1) for word in shlex.split(text))
