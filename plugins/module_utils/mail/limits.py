# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits at which a mail system refuses a client, by the names under which they are counted.

A name has the parameter of Postfix in it, so that whoever reads it knows what to set.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

CONNECTIONS = "connections at once (smtpd_client_connection_count_limit)"
CONNECTION_RATE = "connection rate (smtpd_client_connection_rate_limit)"
MESSAGE_RATE = "message rate (smtpd_client_message_rate_limit)"
RECIPIENT_RATE = "recipient rate (smtpd_client_recipient_rate_limit)"
TLS_RATE = "rate of new TLS sessions (smtpd_client_new_tls_session_rate_limit)"
AUTH_RATE = "rate of logins (smtpd_client_auth_rate_limit)"
ERRORS = "errors in a session (smtpd_hard_error_limit)"
FILE_SIZE = "size of a message (message_size_limit)"
COMMANDS = {
    "COUNT": "commands in a session (postscreen_command_count_limit)",
    "TIME": "time for a command (postscreen_command_time_limit)",
    "LENGTH": "length of a command (line_length_limit)",
}
# What a refusal says that has a reply: postscreen.c of Postfix, and conncontrol.m4 and ratecontrol.m4 of sendmail. In lower case.
_REPLIES = (
    ("all server ports busy", "server processes (postscreen_post_queue_limit)"),
    ("all screening ports busy", "clients that are looked at (postscreen_pre_queue_limit)"),
    ("too many open connections", "connections at once (sendmail's conncontrol)"),
    ("connection rate limit exceeded", "connection rate (sendmail's ratecontrol)"),
    ("too many connections", "connections at once (postscreen_client_connection_count_limit)"),
)


def limit_of(reply):
    """str: the name of the limit of which a refusal's reply speaks; empty for any other reply.

    Args:
        reply: str.
    """
    lowered = reply.lower()
    for words, kind in _REPLIES:
        if words in lowered:
            return kind
    return ""
