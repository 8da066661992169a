# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that mail_queue_info and mail_queue share; documented in the fragment queue_selection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def selection_arguments():
    """dict: argument_spec of the mail system and of every criterion."""
    lists = ("queue", "queue_id", "sender", "sender_domain", "recipient", "recipient_domain", "reason", "client")
    arguments = dict((name, {"type": "list", "elements": "str"}) for name in lists)
    for name in ("older_than", "younger_than", "min_size", "max_size"):
        arguments[name] = {"type": "str"}
    for name in ("all", "null_sender", "subdomains", "every_recipient"):
        arguments[name] = {"type": "bool", "default": False}
    arguments["mta"] = {"type": "str", "choices": ["auto", "postfix", "sendmail", "qmail"], "default": "auto"}
    arguments["directory"] = {"type": "path"}
    return arguments
