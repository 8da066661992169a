# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules that a playbook runs on other hosts for the host of the task.

Where a delegated task cannot reach its host, Ansible takes the host of the task for unreachable; with C(run_once) that ends the
play for all, whatever C(ignore_unreachable) says (C(any_errors_fatal) in the linear strategy, ansible-core 2.16 to 2.21).
"""

from ansible.errors import AnsibleError
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase


class DelegatedAction(ActionBase):
    """Runs the module of the same name. Where it was delegated and gets no answer, the task fails, and no host is unreachable."""

    _supports_check_mode = True
    _supports_async = True
    _requires_connection = True
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        result.update(self.ask(task_vars))
        return result

    def ask(self, task_vars):
        """dict: the module's result; with C(no_answer) where nothing could be run on the host that was to answer."""
        try:
            return self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val)
        # A password that is missing is no AnsibleConnectionFailure, and would end a loop.
        except AnsibleError as exc:
            if self._task.delegate_to is None:
                raise
            return {"failed": True, "no_answer": True, "msg": to_text(exc)}
