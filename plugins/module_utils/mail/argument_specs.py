# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that modules share: of queues, documented in the fragment queue_selection, of logs, and of DKIM keys."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

# What can be done to messages in a queue; each MTA has some of it.
ACTIONS = ("delete", "hold", "release", "requeue", "flush", "expire")
# What names a message of a log by a text; each is a list of values, of which one must be met.
TEXTS = ("message_id", "queue_id", "queued_as", "sender", "recipient", "client")


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


def log_arguments():
    """dict: argument_spec of where lines of a log come from; documented in the fragment mail_log."""
    return {
        "source": {"type": "str", "choices": ["auto", "files", "journal"], "default": "auto"},
        "paths": {"type": "list", "elements": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
    }


def dkim_key_arguments():
    """dict: argument_spec of a key for which the DNS is asked."""
    return {
        "domain": {"type": "str", "required": True},
        "selector": {"type": "str", "required": True},
        "public_key": {"type": "str", "required": True, "no_log": False},
    }
