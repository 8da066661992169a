# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import smtp_smuggling
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import ProbeError
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Reply
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_smuggling import (
    SEQUENCES,
    messages_in,
    smuggling_text,
)


def params(server, **options):
    return dict(
        {
            "server": server.address,
            "port": server.port,
            "tls": "none",
            "sender": "app@example.com",
            "recipient": "ops@example.com",
            "timeout": 20,
        },
        **options
    )  # fmt: skip


def taken(result):
    return dict((entry["sequence"], entry["taken"]) for entry in result["sequences"])


@pytest.mark.parametrize(
    "codes, count",
    [
        ([], 0),
        ([250], 1),
        ([250, 221], 1),
        ([521, 221], 0),
        ([250, 250, 250, 354, 250, 221], 2),
        ([250, 503, 500, 500, 421], 1),
        ([250, 250, 250, 354, 521], 1),
    ],
)
def test_messages_are_counted_by_the_answers(codes, count):
    assert messages_in([Reply(code, [""]) for code in codes]) == count


def test_a_text_has_the_false_end_once_and_both_names():
    for _name, end in SEQUENCES:
        text = smuggling_text(end, "a@example.com", "b@example.com", "<outer@x>", "<inner@x>")
        head, tail = text.split(end + b"MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
        assert b"<outer@x>" in head and b"<inner@x>" not in head and b"<inner@x>" in tail
        assert b"\r\n.\r\n" not in head + tail and tail.endswith(b"\r\n")


def test_a_server_that_takes_false_ends(serve, mta):
    server = mta()
    server.ends = (b"\r\n.\r\n", b"\n.\n", b"\n.\r\n")
    result = smtp_smuggling.probe(params(serve(server)), False)
    # LF . LF is part of CR LF . LF.
    assert set(name for name, count in taken(result).items() if count == 2) == {"LF.LF", "LF.CRLF", "CRLF.LF"}
    assert result["status"] == "failed" and result["changed"]
    failed = [check for check in result["checks"] if check["status"] == "failed"]
    assert len(failed) == 3 and "smtpd_forbid_bare_newline" in failed[0]["todo"]
    entry = result["sequences"][0]
    received = [text for text in server.said if "Message-ID: " + entry["smuggled_id"] in text]
    assert len(received) == 1 and "Message-ID: " + entry["message_id"] not in received[0]


def test_a_good_server_takes_one_message_of_each(serve, mta):
    result = smtp_smuggling.probe(params(serve(mta())), False)
    assert set(taken(result).values()) == {1} and len(taken(result)) == len(SEQUENCES)
    assert result["status"] == "ok"


def test_a_server_that_refuses_bare_line_ends(serve, mta):
    result = smtp_smuggling.probe(params(serve(mta({"END": "521 5.5.2 bare <LF> received"}))), False)
    assert set(taken(result).values()) == {0} and result["status"] == "ok"
    assert "refused: 521" in result["checks"][0]["seen"]


def test_a_server_that_refuses_the_sender_or_stalls_is_not_clear(serve, mta):
    result = smtp_smuggling.probe(params(serve(mta({"MAIL": "550 5.7.1 no"}))), False)
    assert result["status"] == "warning" and "550 5.7.1 no" in result["checks"][0]["seen"]
    begun = time.time()
    result = smtp_smuggling.probe(params(serve(lambda connection: time.sleep(5)), timeout=1), False)
    assert time.time() - begun < 3
    assert len(result["checks"]) == len(SEQUENCES) and result["status"] == "warning"


def test_a_server_that_says_yes_for_ever_ends(serve, mta):
    def endless(command):
        return "250 Ok\r\n" * 200

    result = smtp_smuggling.probe(params(serve(mta({"END": endless}))), False)
    assert all(len(entry["replies"]) <= 40 for entry in result["sequences"])


def test_check_mode_sends_nothing_and_bad_addresses_are_refused(serve, mta):
    server = serve(mta())
    result = smtp_smuggling.probe(params(server), True)
    assert result["changed"] and result["sequences"] == [] and server.connections == 0
    assert result["checks"][0]["status"] == "skipped"
    for option in ("sender", "recipient"):
        with pytest.raises(ProbeError) as caught:
            smtp_smuggling.probe(params(server, **{option: "a@example.com>\r\nDATA"}), False)
        assert option in str(caught.value)
