# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module called as Ansible calls it, in this process."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.common.text.converters import to_bytes

# Two deferred messages and one on hold, as Postfix 3.7.11 lists them.
LISTED = """
{"queue_name": "deferred", "queue_id": "4AAAAAA001", "arrival_time": 1795350600, "message_size": 275,
 "forced_expire": false, "sender": "app@web01.example.com",
 "recipients": [{"address": "a@example.com", "delay_reason": "connection refused"}]}
{"queue_name": "deferred", "queue_id": "4AAAAAA002", "arrival_time": 1795350600, "message_size": 275,
 "forced_expire": false, "sender": "app@web01.example.com",
 "recipients": [{"address": "a@example.com.au", "delay_reason": "connection refused"}]}
{"queue_name": "hold", "queue_id": "4AAAAAA003", "arrival_time": 1795350600, "message_size": 275,
 "forced_expire": false, "sender": "", "recipients": [{"address": "a@example.com"}]}
""".replace("\n ", " ").lstrip()


class Ended(Exception):
    """What the module would print."""


@pytest.fixture(autouse=True)
def _no_warnings_of_others(monkeypatch):
    """What earlier modules warned of: AnsibleModule keeps it for as long as its process lives."""
    for name in ("_global_warnings", "_global_deprecations"):
        monkeypatch.setattr(warnings, name, type(getattr(warnings, name))())


@pytest.fixture
def run_module(tmp_path, monkeypatch):
    """Calls a module's main with these options; returns whether it failed, and its result without secrets."""

    def call(module_main, check_mode=False, diff=False, **options):
        arguments = dict(
            options,
            _ansible_check_mode=check_mode,
            _ansible_diff=diff,
            _ansible_remote_tmp=str(tmp_path),
            _ansible_no_log=False,
        )
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": arguments})))
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)

        warned = []

        def end(failed):
            def ended(self, **kwargs):
                result = dict(kwargs, warnings=warned) if warned else kwargs
                raise Ended(failed, basic.remove_values(result, self.no_log_values))

            return ended

        monkeypatch.setattr(basic.AnsibleModule, "exit_json", end(False))
        monkeypatch.setattr(basic.AnsibleModule, "fail_json", end(True))
        monkeypatch.setattr(basic.AnsibleModule, "warn", lambda self, text: warned.append(text))
        with pytest.raises(Ended) as ended:
            module_main()
        return ended.value.args

    return call


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts programs first in PATH: names and the text of their scripts, without the first line."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory) + ":" + os.environ["PATH"])

    def install(**scripts):
        for name, body in scripts.items():
            (directory / name).write_bytes(to_bytes("#!/bin/sh\n{0}\n".format(body)))
            os.chmod(str(directory / name), 0o755)

    return install


@pytest.fixture
def postfix_queue(tmp_path, programs):
    """Programs of a Postfix 3.7.11 with this queue; a file with each call of one that could change something."""
    calls = tmp_path / "calls"
    calls.write_bytes(b"")
    (tmp_path / "listed").write_bytes(to_bytes(LISTED))
    programs(
        postconf="printf '%s\\n' 3.7.11 {0} postfix".format(tmp_path),
        postmap="echo x",
        postqueue='[ "$1" = -j ] && exec cat {0}/listed\necho postqueue "$@" >> {1}'.format(tmp_path, calls),
        postsuper='echo postsuper "$@" >> {0}'.format(calls),
    )
    return calls
