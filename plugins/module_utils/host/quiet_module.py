# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module that writes to the system log which arguments it was given, but not the texts and settings in them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule


class QuietModule(RelayModule):
    """A C(RelayModule) whose mappings and lists of mappings stay out of the system log.

    A password may be in any of them, and which ones are is known only when the host's configuration has been read; the
    line in the log is written before that. What is known then is added to C(no_log_values), which the result goes through.
    """

    def log(self, msg, log_args=None):
        """Write to the system log; see C(AnsibleModule.log)."""
        if log_args:
            log_args = dict(
                (name, "(not logged)" if self._has_mapping(self.params.get(name)) else value)
                for name, value in log_args.items()
            )
            msg = "Invoked with " + " ".join("{0}={1}".format(*item) for item in sorted(log_args.items()))
        super(QuietModule, self).log(msg, log_args=log_args)

    def conceal(self, texts):
        """Keep texts out of the result and of every message.

        Args:
            texts: iterable of str. What has less than four characters would be found in half the words, and is left.
        """
        self.no_log_values.update(text for text in texts if len(text) > 3)

    @staticmethod
    def _has_mapping(value):
        return isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
        )
