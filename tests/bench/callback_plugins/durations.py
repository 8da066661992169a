# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appends one JSON line for each task of each host: name, seconds, and the module's result."""

DOCUMENTATION = r"""
name: durations
type: notification
short_description: Record the duration of each task in a file
description:
  - Appends one JSON line for each task to the file named in the environment variable C(DURATIONS_FILE).
"""

import json
import os
import time

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "durations"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display=None):
        super().__init__(display=display)
        self.started = {}

    def v2_runner_on_start(self, host, task):
        self.started[host.get_name(), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result):
        begin = self.started[result._host.get_name(), result._task._uuid]
        line = {
            "task": result._task.get_name(),
            "seconds": time.monotonic() - begin,
            "changed": bool(result._result.get("changed")),
            "calls": result._result.get("calls"),
            "stdout": result._result.get("stdout"),
            "msg": result._result.get("msg"),
        }
        with open(os.environ["DURATIONS_FILE"], "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
