# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the processes are called that serve mail, by mail system, as comm in proc(5) has their names."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DAEMONS = {
    "postfix": ("master",),
    # Its own name, Debian's for the daemon and for the submission queue's runner, and EL's, which comm cuts.
    "sendmail": ("sendmail", "sendmail-mta", "sendmail-msp", "sendmail.sendma"),
    "qmail": ("qmail-send",),
}
