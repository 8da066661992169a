# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the verdicts of the playbooks beside it behind the recap. Ansible loads it with any of them, by import_playbook too."""

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.plugins.loader import callback_loader

from ansible_collections.mailops.relay.plugins.plugin_utils import outcome

DOCUMENTATION = r"""
name: mailops_relay_verdict
type: aggregate
short_description: Show verdicts of mailops.relay last
description:
  - Shows what the playbooks of mailops.relay found out, unquoted, as the last lines on the screen.
  - Shows nothing where standard output is not for a reader, for example with the callback C(json).
"""

_ACTION = "mailops.relay.playbook"
# Those that write lines for a reader but are none of the default one's kind.
_FOR_READERS = ("minimal", "oneline", "ansible.builtin.minimal", "ansible.builtin.oneline")


def _is_for_a_reader():
    """bool: whether what runs beside this writes lines, to which others can be added."""
    name = constants.DEFAULT_STDOUT_CALLBACK
    plugin = callback_loader.get(name, class_only=True)
    return name in _FOR_READERS or (isinstance(plugin, type) and issubclass(plugin, Default))


class CallbackModule(CallbackBase):
    """Notes verdicts and refusals of variables, and shows them at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "mailops_relay_verdict"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._verdicts = []
        self._of_hosts = False
        self.disabled = not _is_for_a_reader()
        outcome.shown_at_the_end = not self.disabled

    def _note(self, result, lines, failed=False):
        # From 2.19 on it is task and result; the other names end with 2.23.
        task = result.task if hasattr(result, "task") else result._task
        if task.action != _ACTION:
            return
        told = result.result if hasattr(result, "result") else result._result
        # Who is refused has been told why.
        self._of_hosts = told.get("of_host", False) and not failed
        found = lines(told)
        # Several hosts may be refused for the same reason.
        if found not in self._verdicts:
            self._verdicts.append(found)

    def v2_runner_on_ok(self, result):
        self._note(result, lambda found: found.get("lines") or [])

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._note(result, lambda found: [str(found.get("msg", ""))], failed=True)

    def v2_playbook_on_stats(self, stats):
        for lines in filter(None, self._verdicts):
            for line in lines:
                self._display.display(line)
        left = sorted({*stats.failures, *stats.dark}) if self._of_hosts else []
        if left:
            self._display.display(f"not complete: {', '.join(left)}: what was said there is above the recap")
