# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with what a user asked for, whatever part of mail/ it is for."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError


class CriterionError(RelayError):
    """A criterion that means nothing, or no criterion at all."""
