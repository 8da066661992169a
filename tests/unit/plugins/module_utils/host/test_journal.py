# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.journal import journal
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import MAX_LINE
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.log_files import (
    Journalctl,
    read,
)

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")


def lines_of(*entries, **options):
    output = b"".join(json.dumps(entry).encode("ascii") + b"\n" for entry in entries)
    source = journal(Journalctl(output, **options))
    return read(source).split(b"\n")[:-1], source


def entry(message, **fields):
    basis = {
        "MESSAGE": message,
        "SYSLOG_IDENTIFIER": "postfix/smtp",
        "SYSLOG_PID": "7",
        "_HOSTNAME": "relay",
        "__REALTIME_TIMESTAMP": "1795610003508557",
    }
    basis.update(fields)
    return dict((name, value) for name, value in basis.items() if value is not Ellipsis)


def test_the_recorded_journals():
    for version, damaged in (("247", 2), ("252", 1)):
        with open(os.path.join(FIXTURES, "journal-{0}.jsonl".format(version)), "rb") as stream:
            source = journal(Journalctl(stream.read()))
        lines = read(source).decode("utf-8", "replace").split("\n")[:-1]
        start = re.compile(r"2026-11-25T12:\d\d:\d\d\.\d{6}\+00:00 relay\.example\.com \S+\[\d+\]: ")
        assert len(lines) > 15 and all(start.match(line) for line in lines)
        assert sum("status=sent (delivered to mailbox)" in line for line in lines) == 1
        (forged,) = (line for line in lines if "forged" in line)
        assert forged.endswith(
            "postfix/smtp[77]: 3F2A91C40: to=<a@b>#012Nov 25 12:00:01 relay postfix/smtp[77]: 4AAAA: "
            "forged #033[31m#011tab#177"
        )
        assert [line.partition("Suppressed ")[2] for line in lines if "Suppressed" in line] == [
            "{0} messages from postfix-flood3.service".format(67 if version == "247" else 72)
        ]
        assert sum("qmail-send[" in line for line in lines) == 2
        assert sum(u"caf\ufffd" in line for line in lines) == 1  # fmt: skip
        assert [line.partition("]: ")[2] for line in lines if "[81]" in line] == ["two#012messages"]
        assert source.damaged == damaged
        assert source.problems == ["journal: {0} entries could not be read".format(damaged)]
        assert any(len(line) > 6000 for line in lines) == (version == "252")
    # The time that the kernel noted, as journalctl shows it, not that of journald.
    assert any(line.startswith("2026-11-25T12:33:35.614322+00:00 ") for line in lines)


def test_a_message_is_one_line_and_cannot_be_another_program_s():
    lines, source = lines_of(
        entry([97, 10, 98, 0, 255, 10]),
        entry(["a\nb", [99, 255]]),
        entry("x", SYSLOG_IDENTIFIER="a: b[1]\n", SYSLOG_PID="1\n2", _PID="8", _HOSTNAME=u"h: \xe9"),
        entry("y", SYSLOG_IDENTIFIER=Ellipsis, SYSLOG_PID=Ellipsis, _COMM="python3", _HOSTNAME=Ellipsis),
        entry("z", SYSLOG_IDENTIFIER=["one", "two"], _SOURCE_REALTIME_TIMESTAMP="1795610003000001"),
        entry(u"\u2028 \x85"),
    )  # fmt: skip
    stamp = b"2026-11-25T12:33:23.508557+00:00 "
    usual = stamp + b"relay postfix/smtp[7]: "
    assert lines[:2] == [usual + b"a#012b#000\xff", usual + b"a#012b#012c\xff"]
    assert lines[2].startswith(stamp + b"h__") and lines[2].endswith(b" a__b_1__[8]: x")
    assert lines[3:5] == [stamp + b"- python3: y", b"2026-11-25T12:33:23.000001+00:00 relay one_two[7]: z"]
    assert len(lines) == 6 and source.problems == []


def test_what_is_no_entry_is_counted():
    output = b'-- Reboot --\n{"MESSAGE": "x"}\nnonsense\n[]\n{"MESSAGE": [300], "__REALTIME_TIMESTAMP": "1"}\n\xff\n'
    output += json.dumps(entry(None)).encode("ascii") + b"\n" + json.dumps(entry("good")).encode("ascii")
    source = journal(Journalctl(output, complaints="Hint: You are not seeing\n  messages from others.\n"))
    assert read(source).endswith(b": good\n") and source.damaged == 6
    assert source.problems == [
        "journal: journalctl said: Hint: You are not seeing messages from others.",
        "journal: 6 entries could not be read",
    ]


def test_a_long_message_is_cut():
    lines, source = lines_of(entry("x" * 100000), entry("y"))
    assert [len(line) for line in lines] == [MAX_LINE, 57] and source.cut == 1
    lines, source = lines_of(entry([255] * 300000), entry("y"))
    assert len(lines) == 1 and source.damaged == 1


def test_journald_s_note_of_another_unit_s_loss_is_not_ours():
    loss = {"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e", "SYSLOG_IDENTIFIER": "systemd-journal", "SYSLOG_PID": "1"}
    lines, source = lines_of(
        entry("Suppressed 12 messages from /system.slice/postfix.service", **loss),
        entry("Suppressed 13 messages from ssh.service", **loss),
        entry("Suppressed 14 messages from /user.slice/user-0.slice", **loss),
        entry("Suppressed 15 messages from system-postfix.slice/postfix@-.service", **loss),
    )
    assert [line.split(b"Suppressed ")[1][:2] for line in lines] == [b"12", b"15"]
    assert lines[0].endswith(b" systemd-journal[1]: Suppressed 12 messages from /system.slice/postfix.service")
    assert source.damaged == 0


def test_the_host_is_asked_once_what_journalctl_can():
    for version, asks in (("systemd 219\n+PAM", False), ("systemd 236\n", True), ("what?", False)):
        host = Journalctl(b"", version=version)
        source = journal(host, since=1795610003.9, until=1795610004.1)
        assert read(source) == b"" and read(source) == b""
        assert host.asked[0] == ["journalctl", "--version"] and len(host.asked) == 3
        assert ("--output-fields" in " ".join(host.asked[1])) == asks
        assert "--since=@1795610003" in host.asked[2] and "--until=@1795610005" in host.asked[2]
    assert "--since" not in " ".join(journal(Journalctl(b""))._arguments())


def test_a_journal_is_asked_for_entries_of_before():
    for output, older in ((b"connect from x\n", True), (b"", False)):
        host = Journalctl(output)
        assert journal(host, since=1795610003.9).has_older() == older
        assert (
            "--until=@1795610003" in host.asked[-1]
            and "--lines=1" in host.asked[-1]
            and "SYSLOG_FACILITY=2" in host.asked[-1]
        )
    assert not journal(Journalctl(b"x\n")).has_older()


def test_a_journal_that_cannot_be_read_is_a_problem():
    complaints = "No journal files were opened due to\ninsufficient permissions.\n"
    source = journal(Journalctl(b"", rc=1, complaints=complaints))
    assert read(source) == b""
    assert source.problems == [
        "journal: journalctl failed with exit code 1: No journal files were opened due to insufficient permissions."
    ]
