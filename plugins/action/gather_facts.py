# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of a host; one on which no command can be run counts as one that did not answer, whatever its connection makes of it."""

from ansible import constants
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action.gather_facts import ActionModule as GatherFacts

from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import result_of


class ActionModule(GatherFacts):
    """As Ansible's own, but that a failure says why, and is told from a host that does not answer.

    A connection may report that it is none as a module that failed, as community.docker's to a container that was stopped.
    """

    def run(self, tmp=None, task_vars=None):
        # As for a play that gathers facts itself.
        if constants.DEFAULT_GATHERING == "smart" and task_vars["ansible_facts"].get("_ansible_facts_gathered"):
            return {"skipped": True, "msg": "facts are there already"}
        result = super().run(tmp, task_vars)
        if not result.get("failed"):
            return result
        reasons = [result_of(failed)["problem"] for failed in result["failed_modules"].values()]
        # Without becoming another user, for which a password may be wrong.
        if self._low_level_execute_command("exit 0", sudoable=False)["rc"] != 0:
            raise AnsibleConnectionFailure(" ".join(reasons))
        return {"failed": True, "msg": "No facts could be gathered: " + " ".join(reasons)}
