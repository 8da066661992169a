# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides, on the controller, whether a relay's next certificate takes the place of the one in use; a warning names who lacks it."""

import time

from ansible.plugins.action import ActionBase

from ansible_collections.mailops.relay.plugins.plugin_utils.next_certificate import Decision, cut_off, decide
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable


class ActionModule(ActionBase):
    """Returns C(switch) and C(lacking), as ``next_certificate.Decision`` has them."""

    _supports_check_mode = True
    _requires_connection = False
    TRANSFERS_FILES = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _validated, arguments = self.validate_argument_spec(
            {
                "read": {"type": "dict", "required": True},
                "answers": {"type": "list", "elements": "dict", "required": True},
                "names": {"type": "list", "elements": "str", "required": True},
                "switch_before_days": {"type": "int", "required": True},
                "instead_of": {"type": "str"},
            }
        )
        known = (
            task_vars["inventory_hostname"],
            arguments["read"],
            arguments["answers"],
            [name for name in arguments["names"] if name],
        )
        if arguments["instead_of"]:
            decision = Decision(False, {}, cut_off(*known, arguments["instead_of"]))
        else:
            decision = decide(*known, arguments["switch_before_days"], time.time())
        if decision.text:
            result["warnings"] = [printable(decision.text)]
        return dict(result, changed=False, switch=decision.switch, lacking=decision.lacking)
