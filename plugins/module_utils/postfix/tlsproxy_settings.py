# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The TLS settings of a client for which tlsproxy(8) reads files anew, as the ends of the parameters' names."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

FILES = ("CAfile", "cert_file", "chain_files", "dcert_file", "dkey_file", "eccert_file", "eckey_file", "key_file")
# What it compares with its own: TLS_CLIENT_INIT_PROPS in src/tls/tls.h.
SETTINGS = FILES + ("CApath", "fingerprint_digest", "loglevel", "scert_verifydepth")
