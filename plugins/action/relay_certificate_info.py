# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs M(mailops.relay.relay_certificate_info), delegated to a relay too that cannot be reached: a warning names it."""

from ansible_collections.mailops.relay.plugins.plugin_utils.delegated import DelegatedAction
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import result_of


class ActionModule(DelegatedAction):
    """The module. Where a client asks for the certificate and it cannot be read, there is a warning."""

    def ask(self, task_vars):
        result = super().ask(task_vars)
        if result.get("failed"):
            file, reason = {"missing": False}, result_of(result)["problem"]
        else:
            file = result["problem"]
            reason = "{path}: {reason}".format(**file) if file["reason"] else ""
        # In check mode the relay's own run may be about to make it.
        if self._task.delegate_to is not None and reason and not (self._task.check_mode and file["missing"]):
            result.setdefault("warnings", []).append(
                f"The certificate of {self._task.delegate_to} could not be read: {reason.rstrip('.')}. What clients trust for this"
                " relay already stays as it is."
            )
        return result
