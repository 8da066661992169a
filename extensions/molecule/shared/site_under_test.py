# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a scenario as its tests see them: commands, mail and runs of Ansible."""

import json
import os
import subprocess
import time
import uuid
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
INVENTORIES = (ROOT / "extensions/molecule/inventory", SCENARIO / "inventory.yml")
GROUPS = {
    name: list(group["hosts"]) for name, group in yaml.safe_load(INVENTORIES[1].read_text(encoding="utf-8")).items()
}
DISTRO = os.environ.get("MOLECULE_DISTRO") or "centos7"
PREFIX = (os.environ.get("MOLECULE_BED") or DISTRO) + "-"
RELAY = "smtp-relay001"
CLIENTS = GROUPS.get("relay_clients", [])
RECEIVED = "/var/mail/received/new"


def run(host, command, stdin=None, check=True):
    """Run a shell command on a host; returns the CompletedProcess with text output."""
    done = subprocess.run(
        ["docker", "exec", "-i", PREFIX + host, "sh", "-c", command],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
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
    end = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < end, f"not within {seconds} s: {what.__name__}"
        time.sleep(0.5)


def received(word):
    """The message with this word as mx01 keeps it, or None."""
    done = run("mx01", f"grep -rlF {word} {RECEIVED} | head -1 | xargs -r cat", check=False)
    return done.stdout or None


def arrives(word, seconds=45):
    """Wait for a message at mx01; returns it whole."""

    flush = time.monotonic() + 15

    def message_at_mx01():
        # A first attempt that failed on a busy machine would be repeated after minutes only.
        if time.monotonic() > flush:
            for host in (host for group in GROUPS.values() for host in group):
                run(host, "postqueue -f || sendmail -q", check=False)
        return received(word)

    return wait_for(message_at_mx01, seconds)


def stop_postfix(host):
    """Stop Postfix, and wait until it listens no more.

    On Debian systemd says that it is done before the instance has stopped, which still takes a message in between.
    """
    run(host, "systemctl stop postfix")

    def nobody_listens():
        return not output(host, "ss -Hltn 'sport = :25 or sport = :587'")

    wait_for(nobody_listens)


def log(host):
    """The mail log of a host."""
    return output(host, "cat /var/log/mail.log /var/log/maillog 2>/dev/null || true")


def playbook(*arguments, name="mailops.relay.site", check=True, record=None):
    """Run a playbook against the scenario's hosts; returns the CompletedProcess."""
    environment = dict(
        os.environ,
        ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
        ANSIBLE_FORCE_COLOR="0",
        ANSIBLE_CALLBACK_PLUGINS=str(ROOT / "tests/testbed/callback_plugins"),
        ANSIBLE_CALLBACKS_ENABLED="record_changes",
    )
    environment.pop("RECORD_CHANGES_FILE", None)
    if record:
        environment["RECORD_CHANGES_FILE"] = str(record)
    done = subprocess.run(
        ["ansible-playbook", *(f"--inventory={path}" for path in INVENTORIES), name, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done


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


def state(host):
    """Checksums of all that a refused run must leave alone, and the process of the running Postfix."""
    return output(
        host,
        "find /etc/postfix /etc/firewalld -type f ! -name 'prng_exch*' -exec sha256sum {} + | sort -k2;"
        "cat /etc/hosts /etc/hostname; firewall-cmd --list-all-zones 2>/dev/null;"
        "cat /var/spool/postfix/pid/master.pid",
    )
