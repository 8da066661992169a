# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs M(mailops.relay.site_ca), delegated to where the CA of the site is; on the controller as who runs Ansible."""

from ansible import constants as C

from ansible_collections.mailops.relay.plugins.plugin_utils.delegated import DelegatedAction


class ActionModule(DelegatedAction):
    """The module. Where its host does not answer, the task fails with what that means for the relay."""

    def ask(self, task_vars):
        host = self._task.delegate_to
        if host in C.LOCALHOST:
            # What a site's variables say of its hosts is no reason to become root here, and the file is the caller's.
            self._connection.set_become_plugin(None)
        result = super().ask(task_vars)
        if result.get("no_answer"):
            reason = result["msg"].rstrip(".")
            result["msg"] = (
                f"The CA of the site could not be asked on {host}, and a certificate is due: {reason}. The relay keeps what it has."
                f" Repair the login (ansible {host} -m ping), and run this again."
            )
        return result
