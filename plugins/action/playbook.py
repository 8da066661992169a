# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of this collection do at their beginning and at their end, on the controller alone."""

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ansible_collections.mailops.relay.plugins.plugin_utils import outcome
from ansible_collections.mailops.relay.plugins.plugin_utils.playbook_variables import problems, relevant
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Each host may have its own value of these.
_PER_HOST = {"verify": ("verify_sender", "verify_tls")}


class ActionModule(ActionBase):
    """Checks the variables of a playbook, shows its verdict, or ends a host that did not answer."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(
            {
                "name": {"type": "str", "required": True},
                "result": {"type": "raw"},
                "lines": {"type": "list", "elements": "str"},
                "refusal": {"type": "str"},
                "no_answer": {"type": "str"},
            },
            required_together=[("result", "lines")],
            mutually_exclusive=[("lines", "refusal", "no_answer")],
        )
        result["changed"] = False
        if arguments["refusal"] is not None:
            return dict(result, failed=True, msg=printable(arguments["refusal"]))
        if arguments["no_answer"] is not None:
            raise AnsibleConnectionFailure(arguments["no_answer"])
        if arguments["lines"] is None:
            found = self._problems(arguments["name"], task_vars)
            if found:
                return dict(
                    result, failed=True, msg=printable(" ".join(sentence.rstrip(".") + "." for sentence in found))
                )
            return result
        return self._show(result, arguments, task_vars)

    def _problems(self, playbook, task_vars):
        """list of str: what is wrong with the playbook's variables."""
        own = task_vars["hostvars"][task_vars["inventory_hostname"]]
        extra = load_extra_vars(self._loader)
        # What the host does not have was given to the play, for example by import_playbook.
        given = [name for name in task_vars if name in extra or name not in own]
        values = {
            name: self._templar.template(task_vars[name]) for name in relevant(playbook, task_vars) if name in task_vars
        }
        found = problems(playbook, values, given, list(task_vars))
        for name in _PER_HOST.get(playbook, ()):
            for host in task_vars["ansible_play_hosts_all"]:
                if name not in given and name in task_vars["hostvars"][host]:
                    found.extend(
                        f"{host}: {problem}"
                        for problem in problems(playbook, {name: task_vars["hostvars"][host][name]}, (), ())
                        if problem not in found
                    )
        return found

    def _show(self, result, arguments, task_vars):
        """dict: the result, with C(lines), and as data where no lines are read."""
        name = arguments["name"]

        def value(ending):
            return self._templar.template(task_vars.get(f"{name}_{ending}"))

        try:
            lines = outcome.verdict_lines(
                arguments["lines"],
                arguments["result"],
                boolean(value("json") or False),
                f"{name}_query",
                value("query"),
            )
        except ValueError as exc:
            return dict(result, failed=True, msg=str(exc))
        result["lines"] = lines
        # Where nothing shows the lines behind the recap, the task does.
        if not outcome.shown_at_the_end:
            result["_ansible_verbose_always"] = True
        return result
