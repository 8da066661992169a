# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root of every error that a module of this collection turns into C(fail_json)."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


class RelayError(Exception):
    """A problem that the user can act on: the text names the object, the reason and the fix."""

    def facts(self):
        """dict: what C(fail_json) shows besides the message."""
        return {}
