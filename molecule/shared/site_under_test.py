# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a scenario as its tests see them: commands, mail and runs of Ansible."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
from collections import namedtuple
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
# Ansible reads these when it is imported.
os.environ.update(
    ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
    ANSIBLE_FORCE_COLOR="0",
    ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/testbed/callback_plugins"),
    ANSIBLE_CALLBACKS_ENABLED="record_changes,record_results",
    ANSIBLE_CONNECTION_PLUGINS=str(ROOT / "tests/testbed/connection_plugins"),
)
os.environ.pop("RECORD_CHANGES_FILE", None)
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
INVENTORIES = (ROOT / "molecule/inventory", SCENARIO / "inventory.yml")
GROUPS = {
    name: list(group["hosts"]) for name, group in yaml.safe_load(INVENTORIES[1].read_text(encoding="utf-8")).items()
}
DISTRO = os.environ.get("MOLECULE_DISTRO") or (ROOT / ".cache/testbed/distro").read_text(encoding="utf-8").strip()
# The distributions whose scenarios run side by side (tests/beds.py).
SIDE_BY_SIDE = os.environ.get("MOLECULE_DISTROS", "").split() or [DISTRO]
DISTRO_OF_WEB02 = os.environ.get("MOLECULE_DISTRO_OF_WEB02") or DISTRO
PREFIX = os.environ["MOLECULE_BED"] + "-" if os.environ.get("MOLECULE_BED") else ""
RELAY = "smtp-relay001"
# Of the relay, web01 and legacy01.
MAIL_LOG = "/var/log/mail.log" if DISTRO.startswith("debian") else "/var/log/maillog"
CLIENTS = GROUPS.get("relay_clients", [])
RECEIVED = "/var/mail/received/new"


def falls_to(number):
    """The distribution with this number among those that run side by side, from 0 on; one that runs alone is each of them.

    What says the same whatever the distribution is dealt out among them so that they end at about the same time.
    """
    return SIDE_BY_SIDE[number % len(SIDE_BY_SIDE)]


def only_on(number):
    """A mark for tests of which the distribution is no part: the one to which the number falls runs them."""
    return pytest.mark.skipif(falls_to(number) != DISTRO, reason=f"runs on {falls_to(number)}")


def run(host, command, stdin=None, check=True):
    """Run a shell command on a host; returns the CompletedProcess with text output."""
    # It imports Ansible, which reads its settings from the environment then.
    import test_host

    done = test_host.run(PREFIX + host, "sh", "-c", command, stdin=stdin, text=True)
    if check:
        assert done.returncode == 0, f"{host}: {command}\n{done.stdout}{done.stderr}"
    return done


def output(host, command):
    """Standard output of a shell command on a host."""
    return run(host, command).stdout.strip()


def send(host, recipient="ops@example.net"):
    """Send a message from a host through its own MTA; returns a word by which it is found."""
    word = uuid.uuid4().hex
    message = f"To: {recipient}\nSubject: {word}\nMessage-ID: <{word}@{host}.test>\n\n{word}\n"
    run(host, f"/usr/sbin/sendmail {recipient}", stdin=message)
    return word


def wait_for(what, seconds=45):
    """Call until it returns something true, which is returned; fails after the given time."""
    begin = time.monotonic()
    while True:
        found = what()
        if found:
            return found
        waited = time.monotonic() - begin
        assert waited < seconds, f"not within {seconds} s: {what.__name__}"
        # Soon again at first; what takes long anyway need not be asked for all the time.
        time.sleep(min(0.3 + waited / 5, 3))


def received(word):
    """The message with this word as mx01 keeps it, or None."""
    done = run("mx01", f"grep -rlF {word} {RECEIVED} | head -1 | xargs -r cat", check=False)
    return done.stdout or None


def all_received(words):
    """Those of these words that mx01 has messages of."""
    found = run("mx01", f"grep -rohFf - {RECEIVED} | sort -u", stdin="\n".join(words), check=False).stdout.split()
    return set(words) & set(found)


def flush():
    """Have every host of the scenario try what waits in its queues."""
    for host in (host for group in GROUPS.values() for host in group):
        run(host, "postqueue -f || sendmail -q", check=False)


def all_arrive(words, seconds=45):
    """Wait for messages at mx01."""
    # A first attempt that failed on a busy machine would be repeated after minutes only.
    next_flush = time.monotonic() + 15

    def messages_at_mx01():
        nonlocal next_flush
        if time.monotonic() > next_flush:
            next_flush = time.monotonic() + 5
            flush()
        return all_received(words) == set(words)

    wait_for(messages_at_mx01, seconds)


def arrives(word, seconds=45):
    """Wait for a message at mx01; returns it whole."""
    all_arrive([word], seconds)
    return received(word)


def stop_postfix(host):
    """Stop Postfix, and wait until it listens no more and could be started again.

    On Debian systemd says that it is done before the instance has stopped, which still takes a message in between. One that
    was started by hand systemd would not stop.
    """
    run(host, "systemctl stop postfix")

    def it_has_ended():
        running = "$(postconf -h daemon_directory)/master -t || echo runs"
        return not output(host, f"ss -Hltn 'sport = :25 or sport = :587'; {running}")

    wait_for(it_has_ended)


def log(host):
    """The mail log of a host."""
    return output(host, "cat /var/log/mail.log /var/log/maillog 2>/dev/null || true")


def ansible_playbook(arguments, **variables):
    """Run ansible-playbook in a process forked from this one; returns the CompletedProcess.

    Ansible's start takes as long as a small playbook, and there are many: each fork finds it imported.
    """
    from ansible.cli import playbook as program
    from ansible.executor import module_common, playbook_executor  # noqa: F401
    from ansible.plugins import strategy  # noqa: F401

    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                for stream, number in ((stdout, 1), (stderr, 2)):
                    os.dup2(stream.fileno(), number)
                sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
                os.chdir(ROOT)
                os.environ.update(variables)
                program.main(["ansible-playbook", *arguments])
                code = 0
            except SystemExit as exc:
                code = exc.code or 0
            except BaseException:
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = []
        for stream in (stdout, stderr):
            stream.seek(0)
            texts.append(stream.read())
    return subprocess.CompletedProcess(arguments, code, *texts)


def playbook(*arguments, name="mailops.relay.site", check=True, record=None, results=None):
    """Run a playbook against the scenario's hosts; returns the CompletedProcess.

    `record` and `results` are files for what changed and for the results of all tasks.
    """
    variables = {"RECORD_CHANGES_FILE": record, "RECORD_RESULTS_FILE": results}
    done = ansible_playbook(
        [*(f"--inventory={path}" for path in INVENTORIES), name, *arguments],
        **{variable: str(file) for variable, file in variables.items() if file},
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


# What `modules` runs: a module of the collection on a host. `check`: in check mode.
Call = namedtuple("Call", "host module arguments check", defaults=(False,))


def modules(*calls, options=()):
    """Run these modules one after the other, whether they fail or not; returns the results and the CompletedProcess."""
    plays = [
        {
            "hosts": host,
            "gather_facts": False,
            "tasks": [
                {f"mailops.relay.{call.module}": call.arguments, "check_mode": call.check, "ignore_errors": True}
                for call in group
            ],
        }
        for host, group in itertools.groupby(calls, key=lambda call: call.host)
    ]
    with tempfile.TemporaryDirectory() as directory:
        play, results = Path(directory, "play.yml"), Path(directory, "results")
        play.write_text(json.dumps(plays))
        done = playbook(*options, name=str(play), results=results)
        found = [json.loads(line) for line in results.read_text().splitlines()]
    assert len(found) == len(calls), done.stdout + done.stderr
    return found, done


def playbook_result(file, file_variable, *arguments, name, **variables):
    """Run a playbook that writes its result to a file; returns the CompletedProcess and the result, whatever it is.

    `file_variable` is the playbook's variable for the file's name; `variables` are the others.
    """
    extra = json.dumps(dict(variables, **{file_variable: str(file)}))
    done = playbook("-e", extra, *arguments, name=name, check=False)
    assert file.exists(), done.stdout + done.stderr
    return done, json.loads(file.read_text())


def changes(path):
    """What the callback record_changes wrote, as a list of dicts."""
    path = Path(path)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def refusals(host, role, cases, state):
    """Run a role with each of these variables, all in one run of Ansible.

    Returns what it says when it refuses ("" when it does not), and what the shell command `state` prints, first before
    and then after each case.
    """
    look = {"ansible.builtin.shell": state, "changed_when": False}
    said = {"ansible.builtin.debug": {"msg": {"refused": "{{ ansible_failed_result.msg }}"}}}
    accepted = {"ansible.builtin.debug": {"msg": {"refused": ""}}}
    tasks = [look]
    for variables in cases:
        call = {"ansible.builtin.include_role": {"name": f"mailops.relay.{role}"}, "vars": variables}
        tasks += [{"block": [call, accepted], "rescue": [said]}, look]
    with tempfile.TemporaryDirectory() as directory:
        play, file = Path(directory, "play.yml"), Path(directory, "results")
        play.write_text(json.dumps([{"hosts": host, "gather_facts": True, "tasks": tasks}]))
        playbook(name=str(play), results=file)
        results = [json.loads(line) for line in file.read_text().splitlines()]
    messages = [result.get("msg") for result in results]
    texts = [message["refused"] for message in messages if isinstance(message, dict) and "refused" in message]
    states = [result["stdout"] for result in results if result.get("cmd") == state]
    assert len(texts) == len(cases) == len(states) - 1
    return texts, states


# All that a refused run must leave alone: checksums, and the process of the running Postfix.
STATE = (
    "find /etc/postfix /etc/firewalld -type f ! -name 'prng_exch*' -exec sha256sum {} + | sort -k2;"
    "cat /etc/hosts /etc/hostname; nft list ruleset 2>/dev/null || iptables-save 2>/dev/null;"
    "cat /var/spool/postfix/pid/master.pid"
)


def state(host):
    """What STATE prints on a host."""
    return output(host, STATE)
