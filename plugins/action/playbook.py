# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbooks of this collection do at their beginning and at their end, on the controller alone."""

import sys

from ansible import context
from ansible.errors import AnsibleConnectionFailure
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import lookup_loader
from ansible.release import __version__
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars

from ansible_collections.mailops.relay.plugins.plugin_utils import outcome
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import NAMES_IN
from ansible_collections.mailops.relay.plugins.plugin_utils.playbook_variables import (
    PLAYBOOKS,
    groups_misspelt,
    nobody,
    problems,
    relevant,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import not_to_be_had

# Each host may have its own value of these.
_PER_HOST = {
    "verify": ("verify_sender", "verify_tls"),
    "preflight": tuple(PLAYBOOKS["preflight"]),
    "site": tuple(PLAYBOOKS["site"]),
}
# Groups of hosts that are asked by delegation.
_ASKED_TOO = {"verify": ("relay_servers", "relay_outsiders")}
# As requires_ansible in meta/runtime.yml, of which Ansible itself only warns.
_LEAST_CORE = (2, 16)
# So many of the hosts of which the same is said are named.
_MOST_HOSTS = 5
# These go on without a host that cannot be asked; Ansible names it.
_GO_ON = ("site", "remove")


def _too_old(version):
    """list of str: that a release of ansible-core is older than what this collection needs."""
    if tuple(int(part) for part in version.split(".")[:2]) >= _LEAST_CORE:
        return []
    least = ".".join(str(part) for part in _LEAST_CORE)
    return [
        f"ansible-core {version} is too old: mailops.relay needs {least} or later; install it on the controller: "
        f"{sys.executable} -m pip install 'ansible-core>={least}'"
    ]


def _started_as_it_is(playbook):
    """bool: whether a playbook stands on the command line itself, and is no part of a user's own."""
    return f"mailops.relay.{playbook}" in context.CLIARGS.get("args", ())


def _read(templar, variables):
    """(dict, list of str): what these variables are worth, and of which that cannot be had."""
    values, unread = {}, []
    for name, value in variables.items():
        try:
            values[name] = templar.template(value)
        # A template can raise anything.
        except Exception as exc:
            unread.append(not_to_be_had(name, exc))
    return values, unread


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
                "of_host": {"type": "bool", "default": False},
                "refusal": {"type": "str"},
                "no_answer": {"type": "str"},
            },
            required_together=[("result", "lines")],
            mutually_exclusive=[("hosts", "lines", "refusal", "no_answer")],
            required_one_of=[("hosts", "lines", "refusal", "no_answer")],
        )
        result["changed"] = False
        # Each host has lines of its own, and one that failed has none.
        result["of_host"] = arguments["of_host"]
        if arguments["refusal"] is not None:
            return dict(result, failed=True, msg=printable(arguments["refusal"]))
        if arguments["no_answer"] is not None:
            raise AnsibleConnectionFailure(arguments["no_answer"])
        if arguments["hosts"] is not None:
            name = arguments["name"]
            meant = self._hosts_of(arguments["hosts"], task_vars)
            asked = [host for host in meant if host in task_vars["ansible_play_hosts_all"]]
            found = _too_old(__version__) + groups_misspelt(task_vars["groups"])
            found += self._problems(name, asked, task_vars)
            # A user's own site may be limited to hosts of other plays.
            if not asked and (name != "site" or _started_as_it_is(name)):
                found.append(nobody(arguments["hosts"], task_vars.get("ansible_limit") if meant else None))
            if found:
                return dict(
                    result, failed=True, msg=printable(" ".join(sentence.rstrip(".") + "." for sentence in found))
                )
            if name == "site":
                # Its verdict is what becomes of these.
                result["asked"] = asked
            return result
        return self._show(result, arguments, task_vars)

    def _hosts_of(self, pattern, task_vars):
        """list of str: the hosts of the inventory that a pattern means."""
        lookup = lookup_loader.get("ansible.builtin.inventory_hostnames", loader=self._loader, templar=self._templar)
        return lookup.run([pattern] if isinstance(pattern, str) else pattern, variables=task_vars)

    def _problems(self, playbook, hosts, task_vars):
        """list of str: what is wrong with the playbook's variables, and with what says how to reach a host, for these hosts."""
        own = task_vars["hostvars"][task_vars["inventory_hostname"]]
        extra = load_extra_vars(self._loader)
        # What the host does not have was given to the play, for example by import_playbook.
        given = [name for name in task_vars if name in extra or name not in own]
        per_host = [name for name in _PER_HOST.get(playbook, ()) if name not in given]
        wanted = [name for name in relevant(playbook, task_vars) if name in task_vars and name not in per_host]
        values, found = _read(self._templar, {name: task_vars[name] for name in wanted})
        found.extend(problems(playbook, values, given, list(task_vars), whole=not found))
        of_play = {name: task_vars[name] for name in given}
        groups = [task_vars["groups"].get(group, ()) for group in _ASKED_TOO.get(playbook, ())]
        looked_at = list(dict.fromkeys([*hosts, *(host for group in groups for host in group)]))
        of_hosts = {}
        for host in looked_at:
            told = self._problems_of(playbook, host, per_host, of_play, task_vars["hostvars"])
            for problem in told:
                of_hosts.setdefault(problem, []).append(host)
        for problem, whose in of_hosts.items():
            # What the first host has is among the variables of the play.
            if problem in found:
                continue
            more = f" and {len(whose) - _MOST_HOSTS} more" if len(whose) > _MOST_HOSTS else ""
            found.append(f"{', '.join(whose[:_MOST_HOSTS])}{more}: {problem}" if whose != looked_at else problem)
        return found

    def _problems_of(self, playbook, host, names, of_play, hostvars):
        """list of str: what is wrong with the variables of one host: these names, and those by which it is reached and known."""
        variables = hostvars.raw_get(host)
        # As a task of the play would have them; C(hostvars) leaves a template of what is not defined as it is on ansible-core 2.16.
        templar = Templar(loader=self._loader, variables=dict(of_play, **variables, hostvars=hostvars))
        values, found = _read(templar, {name: variables[name] for name in names if name in variables})
        if playbook not in _GO_ON:
            ways = [
                name
                for name, value in variables.items()
                if isinstance(value, str) and (name in NAMES_IN or str(name).startswith("ansible_"))
            ]
            found += [
                f"{problem}, or leave the host out with --limit"
                for problem in _read(templar, {name: variables[name] for name in ways})[1]
            ]
        return found + problems(playbook, values, (), list(variables), whole=False)

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
