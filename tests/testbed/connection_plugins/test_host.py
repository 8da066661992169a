# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs commands on the test hosts, for Ansible and for the tests.

`docker exec` takes 0.1 s of CPU time, most of it the engine's; a test run has thousands of them. Root on the machine of
the engine enters the container's namespaces instead, in 3 ms. Everybody else gets `docker exec`.
"""

import os
import shutil
import subprocess
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: test_host
short_description: Run commands on a test host
description: Enters a container's namespaces where it can, and uses C(docker exec) where it cannot.
author: The mailops.relay contributors
options:
  remote_addr:
    description: The container's name.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
"""

KNOWN = Path(__file__).resolve().parents[3] / ".cache/testbed/hosts"
NSENTER = shutil.which("nsenter")


def _is_in(container_id, pid):
    """Whether a process of this machine belongs to the container: the engine may run on another one."""
    try:
        return bool(container_id) and container_id in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def _first_process(container):
    """The number of a process in the container as this machine sees it, or None."""
    known = KNOWN / container
    if known.exists():
        container_id, pid = known.read_text().split()
        if _is_in(container_id, pid):
            return pid
    inspect = ["docker", "inspect", "--type", "container", "--format", "{{.Id}} {{.State.Pid}}", container]
    done = subprocess.run(inspect, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    container_id, pid = done.stdout.split()
    if not _is_in(container_id, pid):
        return None
    KNOWN.mkdir(parents=True, exist_ok=True)
    # Other processes read it now.
    new = KNOWN / f"{container}.{os.getpid()}"
    new.write_text(done.stdout)
    new.rename(known)
    return pid


def run(container, *command, stdin=None, text=False):
    """Run a command in a container, as its root; returns the CompletedProcess."""
    words, environment = ["docker", "exec", "-i", container], None
    pid = _first_process(container) if NSENTER and os.geteuid() == 0 else None
    if pid:
        words = [NSENTER, "--target", pid, "--mount", "--uts", "--ipc", "--net", "--pid"]
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        environment = dict(variable.split(b"=", 1) for variable in variables if b"=" in variable)
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run([*words, *command], **given, env=environment, capture_output=True, text=text, check=False)


class Connection(ConnectionBase):
    """Ansible's connection to a test host."""

    transport = "test_host"
    has_pipelining = True

    def _connect(self):
        self._connected = True
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        done = run(self.get_option("remote_addr"), "/bin/sh", "-c", cmd, stdin=in_data)
        return done.returncode, done.stdout, done.stderr

    def _must(self, command, file, data=None):
        done = run(self.get_option("remote_addr"), *command, stdin=data)
        if done.returncode:
            raise AnsibleError(f"{file} on {self.get_option('remote_addr')}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        self._must(["dd", f"of={out_path}", "bs=64k", "status=none"], out_path, Path(in_path).read_bytes())

    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        Path(out_path).write_bytes(self._must(["cat", in_path], in_path))

    def close(self):
        self._connected = False
