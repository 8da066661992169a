# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.doc_fragments.mail_log import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import log_arguments
from ansible_collections.mailops.relay.plugins.modules import mail_flow_info, mail_log_info

MESSAGE = """\
{t} r postfix/smtpd[{n}]: connect from web01.example.com[10.20.0.11]
{t} r postfix/smtpd[{n}]: Anonymous TLS connection established from web01.example.com[10.20.0.11]: TLSv1.3 with cipher AES (256/256 bits)
{t} r postfix/smtpd[{n}]: 7D{n:06d}F: client=web01.example.com[10.20.0.11]
{t} r postfix/cleanup[1]: 7D{n:06d}F: message-id=<{n}@web01.example.com>
{t} r postfix/qmgr[2]: 7D{n:06d}F: from=<App{n}@web01.example.com>, size=300, nrcpt=1 (queue active)
{t} r postfix/smtpd[{n}]: disconnect from web01.example.com[10.20.0.11] ehlo=1 quit=1 commands=2
{t} r postfix/smtp[3]: 7D{n:06d}F: to=<r{n}@example.net>, relay=mx[203.0.113.2]:25, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, \
status=sent (250 2.0.0 Ok: queued as 9F{n:06d}1)
{t} r postfix/qmgr[2]: 7D{n:06d}F: removed
"""
REJECT = (
    "2026-11-22T07:08:00+00:00 r postfix/smtpd[9]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <v@example.net>: "
    "Relay access denied; from=<a@example.org> to=<v@example.net> proto=ESMTP helo=<x>\n"
)
COUNT = 3000


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """A log of many blocks: 3,000 messages, a second apart."""
    path = tmp_path_factory.mktemp("log") / "mail.log"
    lines = []
    for number in range(COUNT):
        stamp = "2026-11-22T{0:02d}:{1:02d}:{2:02d}.5+00:00".format(6 + number // 3600, number // 60 % 60, number % 60)
        lines.append(MESSAGE.format(t=stamp, n=number))
    lines.append(REJECT)
    path.write_bytes("".join(lines).encode("ascii"))
    return str(path)


@pytest.fixture
def find(run_module, log):
    def call(**options):
        return run_module(mail_log_info.main, paths=[log], **options)

    return call


@pytest.mark.parametrize(
    "criteria",
    [
        {"queue_id": ["7D001500F"]},
        {"message_id": ["1500@web01.example.com"]},
        {"message_id": ["<1500@web01.example.com>"]},
        {"queued_as": ["9F0015001"]},
        {"sender": ["app1500@WEB01.example.com"]},
        {"recipient": ["r1500@example.net"], "status": ["sent"]},
        {"since": "2026-11-22T06:25:00Z", "until": "2026-11-22T06:25:01Z"},
    ],
)
def test_a_message_is_found_whole_by_each_of_its_names(find, criteria):
    failed, result = find(**criteria)
    assert not failed and result["total"] == 1
    (message,) = result["messages"]
    assert (message["queue_id"], message["message_id"]) == ("7D001500F", "<1500@web01.example.com>")
    assert message["tls"] == "Anonymous TLSv1.3 AES" and message["removed"] is not None
    assert [delivery["next_id"] for delivery in message["deliveries"]] == ["9F0015001"]
    assert result["log"]["complete"] and result["log"]["first"] < result["log"]["last"]


def test_criteria_are_combined_and_the_newest_are_returned(find):
    _failed, result = find(recipient=["@example.net"], client=["10.20.0.0/24"], limit=3)
    assert result["total"] == COUNT
    assert [message["queue_id"] for message in result["messages"]] == ["7D002997F", "7D002998F", "7D002999F"]
    assert find(recipient=["@example.com"])[1]["total"] == 0
    assert find(recipient=["r1@example.net"], sender=["app2@web01.example.com"])[1]["total"] == 0
    assert find(status=["bounced"])[1]["total"] == 0


def test_what_was_refused_without_a_queue_ID_is_found_too(find):
    _failed, result = find(recipient=["v@example.net"])
    assert result["total"] == 0
    (entry,) = result["rejects"]
    assert entry["stage"] == "RCPT" and entry["client_host"] == {"name": "", "address": "203.0.113.9"}


@pytest.mark.parametrize(
    "options, words",
    [
        ({"queue_id": ["$(id)"]}, "queue_id: '$(id)' is not a queue ID"),
        ({"sender": [" "]}, "sender: an empty text"),
        ({"since": "someday"}, "since: 'someday' is not a time"),
        ({"since": "2026-02-30"}, "since: '2026-02-30' is not a date that exists"),
        ({"since": "1h", "until": "2h"}, "since: it is later than until"),
        ({"client": ["10.0.0.0/40"]}, "client: "),
        ({"limit": -1}, "limit: -1"),
    ],
)
def test_bad_input_is_refused_by_name(find, options, words):
    failed, result = find(**options)
    assert failed and words in result["msg"]


def test_a_log_that_is_not_there_is_named(run_module):
    failed, result = run_module(mail_log_info.main, paths=["/nowhere/mail.log"], queue_id=["7D001500F"])
    assert failed and "/nowhere/mail.log" in result["msg"]


def test_hostile_lines_are_counted_and_harmless(run_module, tmp_path):
    path = tmp_path / "mail.log"
    garbage = b"\x00\x1b[2J not a log\n<script>\n\xff\xfe\n" + b"x" * 200000 + b"\n"
    path.write_bytes(
        garbage + MESSAGE.format(t="Nov 22 07:07:44", n=7).encode("ascii") + b"Nov 22 07:07:45 r postfix/qmgr[2]: 7D0"
    )
    failed, result = run_module(mail_log_info.main, paths=[str(path)])
    assert not failed and result["total"] >= 1
    assert result["log"]["unreadable"] >= 3 and not result["log"]["complete"]
    failed, result = run_module(mail_flow_info.main, paths=[str(path)])
    assert not failed and result["flow"]["totals"]["sent"] == 1 and not result["flow"]["complete"]
    assert any("too long" in problem for problem in result["flow"]["problems"])


@pytest.mark.parametrize(
    "line, words",
    [
        # Neither says more than it has understood: unknown, without a host, too many to count, more than a year without years.
        ("Nov 22 07:07:45 r postfix/smtpd[1]: something that no smtpd says\n", ""),
        ("Nov 22 07:07:45 postfix/smtpd[1]: 4ABC: client=x[192.0.2.1]\n", ""),
        ("Nov 22 07:07:45 r postfix/qmgr[1]: message repeated 1000000 times: [ 4ABC: removed]\n", "too many to count"),
        ("Dec 22 07:07:45 r x: y\nNov 21 07:07:45 r x: y\nDec 22 07:07:45 r x: y\n", "more than a year"),
    ],
)
def test_what_is_not_understood_makes_both_incomplete(run_module, tmp_path, line, words):
    path = tmp_path / "mail.log"
    message = MESSAGE.format(t="Nov 22 07:07:44", n=7)
    path.write_bytes(message.encode("ascii"))
    assert run_module(mail_log_info.main, paths=[str(path)])[1]["log"]["complete"]
    path.write_bytes((message + line).encode("ascii"))
    log = run_module(mail_log_info.main, paths=[str(path)])[1]["log"]
    flow = run_module(mail_flow_info.main, paths=[str(path)])[1]["flow"]
    assert not log["complete"] and not flow["complete"]
    for found in (log, flow):
        assert words in "".join(found["problems"]) and bool(found["problems"]) == bool(words)
        assert found["unknown"] + found["unreadable"] == (0 if words else 1)


def test_the_flow_of_a_part_of_the_time(run_module, log):
    _failed, result = run_module(
        mail_flow_info.main, paths=[log], since="2026-11-22T06:25:00Z", until="2026-11-22T06:26:00Z"
    )
    assert result["flow"]["totals"]["received"] == 60
    _failed, result = run_module(mail_flow_info.main, paths=[log])
    totals = result["flow"]["totals"]
    assert (totals["received"], totals["sent"], totals["rejected"]) == (COUNT, COUNT, 1)
    assert result["flow"]["lines"] == 8 * COUNT + 1 and result["flow"]["complete"]


@pytest.mark.parametrize("module", [mail_log_info, mail_flow_info])
def test_documentation_and_arguments_say_the_same(module):
    spec = module.argument_spec() if hasattr(module, "argument_spec") else log_arguments()
    documented = dict(
        yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
        **yaml.safe_load(module.DOCUMENTATION).get("options", {})
    )  # fmt: skip
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))


# Postfix 3.7.11 (Debian 12), of a relay with an unknown restriction, then with a table that is not there.
BROKEN = """\
2026-11-28T12:32:57.810850+00:00 smtp-relay001 postfix/submission/smtpd[1716]: warning: unknown smtpd restriction: "permit_mynetwork"
2026-11-28T12:32:57.811787+00:00 smtp-relay001 postfix/submission/smtpd[1716]: NOQUEUE: reject: RCPT from web01.example.com[10.20.10.11]: \
451 4.3.5 Server configuration error; from=<app@web01.example.com> to=<ops@example.net> proto=ESMTP helo=<web01.example.com>
2026-11-28T12:32:58.308484+00:00 smtp-relay001 postfix/submission/smtpd[1716]: warning: unknown smtpd restriction: "permit_mynetwork"
2026-11-28T12:36:58.100000+00:00 smtp-relay001 postfix/submission/smtpd[1902]: error: open database /etc/postfix/nowhere.db: No such file or directory
"""
# Made up: what Postfix says of these programs is alike.
BROKEN += """\
2026-11-28T12:37:00.000000+00:00 smtp-relay001 postfix/trivial-rewrite[9]: fatal: open /etc/postfix/main.cf: No such file
2026-11-28T12:37:01.000000+00:00 smtp-relay001 postfix/smtpd[9]: info: of no use
"""


def test_results_of_qmail_without_a_message_are_counted(run_module, tmp_path):
    path = tmp_path / "current"
    path.write_bytes(
        b"@400000006aa12e2a00000000 delivery 7: success: 192.0.2.20_accepted_message./Remote_host_said:_250_ok/\n"
    )
    assert run_module(mail_log_info.main, paths=[str(path)])[1]["log"]["unassigned"] == 1


def test_what_programs_complain_of_is_told_once_each(run_module, tmp_path):
    path = tmp_path / "mail.log"
    path.write_bytes(BROKEN.encode("ascii"))
    failed, result = run_module(mail_log_info.main, paths=[str(path)], message_id=["<1@x>"], complaints=True)
    assert not failed
    assert [(entry["program"], entry["text"], entry["count"]) for entry in result["complaints"]] == [
        ("smtpd", 'warning: unknown smtpd restriction: "permit_mynetwork"', 2),
        ("smtpd", "error: open database /etc/postfix/nowhere.db: No such file or directory", 1),
        ("trivial-rewrite", "fatal: open /etc/postfix/main.cf: No such file", 1),
    ]
    options = {
        "message_id": ["<1@x>"],
        "complaints": True,
        "since": "2026-11-28T12:33:00Z",
        "until": "2026-11-28T12:36:59Z",
    }
    result = run_module(mail_log_info.main, paths=[str(path)], **options)[1]
    assert [entry["text"][:6] for entry in result["complaints"]] == ["error:"]
    assert "complaints" not in run_module(mail_log_info.main, paths=[str(path)], message_id=["<1@x>"])[1]


def test_complaints_are_bounded(run_module, tmp_path):
    path = tmp_path / "mail.log"
    line = "2026-11-28T12:{0:02d}:{1:02d}.0+00:00 r postfix/smtpd[1]: warning: number {2} {3}\n"
    path.write_bytes("".join(line.format(n // 60, n % 60, n, "x" * 1000) for n in range(3000)).encode("ascii"))
    found = run_module(mail_log_info.main, paths=[str(path)], complaints=True)[1]["complaints"]
    assert len(found) == 40 and found[-1]["text"].startswith("warning: number 2999 ")
    assert all(len(entry["text"]) == 300 for entry in found)
