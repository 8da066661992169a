# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where a module's errors become what Ansible shows."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib

from ansible_collections.mailops.relay.plugins.module_utils.host import arguments
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import HostError, RelayError, explained


@contextlib.contextmanager
def reported(module):
    """Check a module's options, run what it does, and end in C(fail_json) with a sentence when that fails.

    Errors of the operating system that nobody has explained by then are explained here: a full disk is no fault of the
    program, and no reason for a traceback.

    Args:
        module: an ``AnsibleModule``.
    """
    try:
        arguments.check(module.argument_spec, module.params)
        yield
        return
    except RelayError as exc:
        problem = exc
    except EnvironmentError as exc:
        problem = HostError(explained(exc))
    module.fail_json(msg=str(problem), **problem.facts())
