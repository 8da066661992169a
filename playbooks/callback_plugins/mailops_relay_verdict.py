# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the verdicts of the playbooks beside it behind the recap. Ansible loads it with any of them, by import_playbook too."""

from pathlib import Path

from ansible import constants, context
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
# What runs between the beginning and the end of a site.
_SITE = Path(__file__).resolve().parents[1] / "site.yml"
_PREFLIGHT = _SITE.with_name("preflight.yml")
# Those that write lines for a reader but are none of the default one's kind.
_FOR_READERS = ("minimal", "oneline", "ansible.builtin.minimal", "ansible.builtin.oneline")


def _is_for_a_reader():
    """bool: whether what runs beside this writes lines, to which others can be added."""
    name = constants.DEFAULT_STDOUT_CALLBACK
    plugin = callback_loader.get(name, class_only=True)
    return name in _FOR_READERS or (isinstance(plugin, type) and issubclass(plugin, Default))


def _task_and_result(result):
    # From 2.19 on it is task and result; the other names end with 2.23.
    if hasattr(result, "task"):
        return result.task, result.result, result.host.get_name()
    return result._task, result._result, result._host.get_name()


class _Site:
    """What becomes of the hosts of a site while its plays run.

    Args:
        asked: list of str, the hosts that it is about.
    """

    def __init__(self, asked):
        self._asked = asked
        self._seen = {what: set() for what in ("reached", "changed", "failed", "silent")}

    def note(self, host, what, changed=False):
        # What comes behind a failure or silence has overcome it: a rescue, or a second question.
        for word in ("failed", "silent"):
            self._seen[word].discard(host)
        self._seen[what].add(host)
        if changed:
            self._seen["changed"].add(host)

    def lines(self):
        arguments = context.CLIARGS
        part = bool(arguments.get("skip_tags")) or tuple(arguments.get("tags") or ("all",)) != ("all",)
        check_mode = bool(arguments.get("check"))
        return outcome.site_lines(self._asked, self._seen, check_mode=check_mode, part=part)


class CallbackModule(CallbackBase):
    """Notes verdicts and refusals of variables, and shows them at the end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "mailops_relay_verdict"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._verdicts = []
        self._of_hosts = False
        self._site = None
        # Whether the play that runs is one of the site's own.
        self._within = False
        self.disabled = not _is_for_a_reader()
        outcome.shown_at_the_end = not self.disabled

    def _note(self, told, lines, failed=False):
        # Who is refused has been told why.
        self._of_hosts = told.get("of_host", False) and not failed
        if told.get("asked"):
            self._end_site()
            self._site = _Site(told["asked"])
        # Several hosts may be refused for the same reason.
        if lines not in self._verdicts:
            self._verdicts.append(lines)

    def _end_site(self):
        if self._site is not None:
            self._verdicts.append(self._site.lines())
            self._site = None

    def v2_playbook_on_play_start(self, play):
        path = Path(play.get_path().rpartition(":")[0]).resolve()
        self._within = path == _SITE
        if path not in (_SITE, _PREFLIGHT):
            self._end_site()

    def v2_runner_on_ok(self, result):
        task, told, host = _task_and_result(result)
        if task.action == _ACTION:
            self._note(told, told.get("lines") or [])
        elif self._site is not None and self._within:
            self._site.note(host, "reached", told.get("changed", False))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        task, told, host = _task_and_result(result)
        if task.action == _ACTION:
            self._note(told, [str(told.get("msg", ""))], failed=True)
        elif self._site is not None and self._within:
            self._site.note(host, "reached" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        _task, _told, host = _task_and_result(result)
        if self._site is not None and self._within:
            self._site.note(host, "silent")

    def v2_playbook_on_stats(self, stats):
        self._end_site()
        for lines in filter(None, self._verdicts):
            for line in lines:
                self._display.display(line)
        left = sorted({*stats.failures, *stats.dark}) if self._of_hosts else []
        if left:
            self._display.display(outcome.incomplete(", ".join(left)))
