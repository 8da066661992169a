# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs M(mailops.relay.mail_log_info), delegated to a relay too that cannot be reached."""

from ansible_collections.mailops.relay.plugins.plugin_utils.delegated import DelegatedAction


class ActionModule(DelegatedAction):
    """The module, and nothing else."""
