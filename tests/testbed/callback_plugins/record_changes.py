# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appends one JSON line for each task that changed something, or would have in check mode."""

DOCUMENTATION = r"""
name: record_changes
type: notification
short_description: Record changed tasks in a file
description:
  - Appends one JSON line for each changed task to the file named in the environment variable C(RECORD_CHANGES_FILE).
"""

import json
import os

from ansible import context
from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_changes"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        self.playbook = os.path.basename(playbook._file_name)

    def v2_runner_on_ok(self, result):
        path = os.environ.get("RECORD_CHANGES_FILE")
        data = result._result
        if not path or not data.get("changed"):
            return
        line = {
            "playbook": self.playbook,
            "check": bool(context.CLIARGS["check"]),
            "host": result._host.get_name(),
            "task": result._task.get_name(),
            "diff": data.get("diff"),
        }
        with open(path, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")
