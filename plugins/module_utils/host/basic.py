# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module begins and ends with: options that can mean something, and the one place where errors are caught."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import arguments
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import HostError, RelayError, explained


class RelayModule(AnsibleModule):
    """An ``AnsibleModule`` that can be given any text.

    Ansible logs the options before a module sees them, and what syslog(3) does not take would end in a traceback there.
    """

    def _log_to_syslog(self, msg):
        text = to_native(to_bytes(msg, errors="surrogate_then_replace"), errors="replace")
        super(RelayModule, self)._log_to_syslog(text.replace("\0", "\\0"))


@contextlib.contextmanager
def reported(module):
    """Check a module's options, run what it does, and end in C(fail_json) with a sentence when that fails.

    Errors of the operating system that nobody has explained by then are explained here: a full disk is no fault of the
    program, and no reason for a traceback.

    Args:
        module: an ``AnsibleModule``.
    """
    try:
        arguments.check(module.argument_spec, module.params, module.required_if or ())
        yield
        return
    except RelayError as exc:
        problem = exc
    except EnvironmentError as exc:
        problem = HostError(explained(exc))
    module.fail_json(msg=str(problem), **problem.facts())
