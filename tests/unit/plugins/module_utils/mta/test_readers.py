# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import importlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import find_files
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader, log_facts, read_all
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.log_files import compressed

OTHERS = [
    "ansible_collections.mailops.relay.plugins.module_utils.{0}.log".format(name) for name in ("qmail", "sendmail")
]
START = "2026-11-22T07:07:44.5+00:00 h "
LINES = {
    "postfix": "postfix/qmgr[1]: 7D001500F: from=<a@web01>, size=300, nrcpt=1 (queue active)",
    "sendmail": "sendmail[1]: 6AMC4m4E001627: from=<a@web01>, size=300, class=0, nrcpts=1, msgid=<1@web01>, relay=root@localhost",
    "qmail": "qmail-send: info msg 1861840: bytes 300 from <a@web01> qp 12 uid 7",
}


def read(*names, **options):
    assembler = Assembler()
    reader = LogReader(assembler, options.get("readers", Readers))
    reader.feed("".join(START + LINES.get(name, name) + "\n" for name in names).encode("ascii"))
    reader.lexer.end()
    return assembler, reader.lexer


@pytest.mark.parametrize("name", sorted(LINES))
def test_the_line_of_each_mail_system_is_read_by_its_reader(name):
    (hop,) = read(name)[0].hops
    assert (hop["mta"], hop["sender"], hop["size"]) == (name, "a@web01", 300)


def test_one_log_may_have_the_lines_of_all():
    assembler, lexer = read("sshd[1]: hello", "qmail", "postfix", "sendmail")
    assert [hop["mta"] for hop in assembler.hops] == ["qmail", "postfix", "sendmail"]
    assert list(lexer.others) == ["sshd"] and lexer.unknown == 0


def test_what_the_logging_system_leaves_out_is_known_whatever_the_mail_system():
    assembler, _lexer = read(
        "rsyslogd: imjournal: 77 messages lost due to rate-limiting (20000 allowed within 600 seconds)"
    )
    assert [gap["lost"] for gap in assembler.gaps] == [77]


def test_the_readers_of_rarer_mail_systems_are_loaded_when_a_line_needs_them(monkeypatch):
    for name in OTHERS + [Readers.__module__]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    readers = importlib.import_module(Readers.__module__).Readers
    read("postfix", readers=readers)
    assert not set(OTHERS) & set(sys.modules)
    read("postfix", "qmail", readers=readers)
    assert set(OTHERS) <= set(sys.modules)


def facts_of(directory):
    sources = find_files([str(directory / "mail.log*")])
    reader, span = read_all(sources, Assembler(), Readers)
    return log_facts(sources, reader, span, [])


def test_an_archive_that_is_being_made_of_a_log_leaves_it_complete(tmp_path):
    text = (START + LINES["postfix"] + "\n").encode("ascii") * 400
    (tmp_path / "mail.log.1").write_bytes(text)
    (tmp_path / "mail.log.1.gz").write_bytes(compressed("gzip", text)[:-20])
    facts = facts_of(tmp_path)
    assert (facts["lines"], facts["problems"], facts["complete"]) == (400, [], True)


def test_what_is_wrong_with_an_archive_is_said_with_its_path_once(tmp_path):
    text = (START + LINES["postfix"] + "\n").encode("ascii") * 400
    path = tmp_path / "mail.log.1.gz"
    path.write_bytes(compressed("gzip", text)[:-20])
    facts = facts_of(tmp_path)
    assert facts["problems"] == ["{0}: it ends in the middle of its gzip data; what comes before was read".format(path)]
    assert not facts["complete"]


# OpenDKIM 2.11.0~beta2-8+deb12u1, by way of rsyslog; the queue ID is of the lines above.
SIGNED = "opendkim[4086]: 7D001500F: DKIM-Signature field added (s=relay01, d=example.com)"


def test_what_a_signer_says_of_a_message_is_in_its_hop():
    assembler, lexer = read("postfix", SIGNED, "postfix/qmgr[1]: 7D001500F: removed")
    (hop,) = assembler.hops
    (note,) = hop["notes"]
    assert (note["kind"], note["text"]) == ("signed", "DKIM, d=example.com, s=relay01")
    assert lexer.others == {} and lexer.unknown == 0


@pytest.mark.parametrize(
    "lines",
    [
        [SIGNED],
        ["postfix", "postfix/qmgr[1]: 7D001500F: removed", SIGNED],
        ["postfix", SIGNED.replace("7D001500F", "7D001500E")],
        ["postfix", SIGNED[:-1]],
        ["postfix", "opendkim[4086]: 7D001500F: no signing table match for 'a@web01'"],
        ["postfix", "dovecot: " + SIGNED],
    ],
)
def test_a_message_is_not_signed_by_hearsay(lines):
    assembler, lexer = read(*lines)
    assert [hop["mta"] for hop in assembler.hops] == ["postfix"] * ("postfix" in lines)
    assert not any(hop["notes"] for hop in assembler.hops) and lexer.unknown == 0


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_whatever_a_signer_says_no_hop_comes_of_it(text):
    line = "opendkim[4086]: " + "".join(char for char in text if " " <= char <= "~")
    assert read(line)[0].hops == []
