# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Appends one JSON line with the result of each task: what a test gets back of the modules that it runs."""

DOCUMENTATION = r"""
name: record_results
type: notification
short_description: Record results of tasks in a file
description:
  - Appends the result of each task to the file named in the environment variable C(RECORD_RESULTS_FILE).
"""

import json
import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record_results"
    CALLBACK_NEEDS_ENABLED = True

    def v2_runner_on_ok(self, result):
        path = os.environ.get("RECORD_RESULTS_FILE")
        if path:
            with open(path, "a", encoding="utf-8") as stream:
                stream.write(json.dumps(result._result, default=str) + "\n")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.v2_runner_on_ok(result)

    def v2_runner_on_unreachable(self, result):
        self.v2_runner_on_ok(result)
