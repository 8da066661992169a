# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of this collection do at their beginning and at their end, on the controller alone."""

from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.utils.vars import load_extra_vars

from ansible_collections.mailops.relay.plugins.plugin_utils import outcome
from ansible_collections.mailops.relay.plugins.plugin_utils.playbook_variables import (
    PLAYBOOKS,
    nobody,
    problems,
    relevant,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Each host may have its own value of these.
_PER_HOST = {"verify": ("verify_sender", "verify_tls"), "preflight": tuple(PLAYBOOKS["preflight"])}


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
                "hosts": {"type": "raw"},
                "result": {"type": "raw"},
                "lines": {"type": "list", "elements": "str"},
                "refusal": {"type": "str"},
                "no_answer": {"type": "str"},
            },
            required_together=[("result", "lines")],
            mutually_exclusive=[("hosts", "lines", "refusal", "no_answer")],
            required_one_of=[("hosts", "lines", "refusal", "no_answer")],
        )
        result["changed"] = False
        if arguments["refusal"] is not None:
            return dict(result, failed=True, msg=printable(arguments["refusal"]))
        if arguments["no_answer"] is not None:
            raise AnsibleConnectionFailure(arguments["no_answer"])
        if arguments["hosts"] is not None:
            meant = self._hosts_of(arguments["hosts"], task_vars)
            asked = [host for host in meant if host in task_vars["ansible_play_hosts_all"]]
            found = self._problems(arguments["name"], asked, task_vars)
            if not asked:
                found.append(nobody(arguments["hosts"], task_vars.get("ansible_limit") if meant else None))
            if found:
                return dict(
                    result, failed=True, msg=printable(" ".join(sentence.rstrip(".") + "." for sentence in found))
                )
            return result
        return self._show(result, arguments, task_vars)

    def _hosts_of(self, pattern, task_vars):
        """list of str: the hosts of the inventory that a pattern means."""
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        return lookup.run([pattern] if isinstance(pattern, str) else pattern, variables=task_vars)

    def _problems(self, playbook, hosts, task_vars):
        """list of str: what is wrong with the playbook's variables, for these hosts."""
        own = task_vars["hostvars"][task_vars["inventory_hostname"]]
        extra = load_extra_vars(self._loader)
        # What the host does not have was given to the play, for example by import_playbook.
        given = [name for name in task_vars if name in extra or name not in own]
        values = {
            name: self._templar.template(task_vars[name]) for name in relevant(playbook, task_vars) if name in task_vars
        }
        found = problems(playbook, values, given, list(task_vars))
        names = [name for name in _PER_HOST.get(playbook, ()) if name not in given]
        for host in hosts if names else ():
            of_host = task_vars["hostvars"][host]
            for name in names:
                if name in of_host:
                    found.extend(
                        f"{host}: {problem}"
                        for problem in problems(playbook, {name: of_host[name]}, (), ())
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
