# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SELinux contexts of files that are made elsewhere and moved into place."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os


def labeller(module):
    """What ``transaction.Transaction`` takes as label.

    Args:
        module: an ``AnsibleModule``.

    Returns:
        callable or None: gives a staged file the SELinux context of its destination; None without SELinux.
    """
    if not module.selinux_enabled():
        return None

    def label(staged, destination):
        known = module.selinux_context if os.path.exists(destination) else module.selinux_default_context
        module.set_context_if_different(staged, known(destination), False)

    return label
