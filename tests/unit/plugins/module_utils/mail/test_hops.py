# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import random
import weakref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import find_files
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish, peer, status_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader, read_all
from ansible_collections.mailops.relay.plugins.module_utils.mail.without_gc import without_gc
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers

HERE = os.path.dirname(__file__)
RECORDED = os.path.join(HERE, os.pardir, "postfix", "fixtures", "maillog.2.10.1.txt")
# One message through Postfix 3.7.11, with places for its queue ID, its number and its process.
MESSAGE = """\
postfix/smtpd[{pid}]: connect from web01.example.com[10.20.0.11]
postfix/smtpd[{pid}]: Anonymous TLS connection established from web01.example.com[10.20.0.11]: TLSv1.3 with cipher AES (256/256 bits)
postfix/smtpd[{pid}]: {qid}: client=web01.example.com[10.20.0.11]
postfix/cleanup[{pid}]: {qid}: message-id=<{n}@web01.example.com>
postfix/qmgr[1]: {qid}: from=<app{n}@web01.example.com>, size={n}, nrcpt=2 (queue active)
postfix/smtpd[{pid}]: disconnect from web01.example.com[10.20.0.11] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
postfix/smtp[{pid}]: {qid}: to=<a{n}@example.net>, relay=mx01[203.0.113.2]:25, delay=1, delays=0.01/0/0/0.07, dsn=2.0.0, status=sent (250 Ok: queued as 9F{n}1)
postfix/smtp[{pid}]: {qid}: to=<b{n}@example.net>, relay=mx01[203.0.113.2]:25, delay=0.1, delays=0.01/0/0/0.07, dsn=5.1.1, status=bounced (host said: 550 no)
postfix/bounce[{pid}]: {qid}: sender non-delivery notification: {qid}B
postfix/qmgr[1]: {qid}: removed
"""


def text_of(path):
    with io.open(path, encoding="utf-8") as stream:
        return stream.read()


def assemble(text, **options):
    assembler = Assembler(**options)
    reader = LogReader(assembler, Readers)
    assembler.use(reader.lexer)
    reader.feed(text.encode("utf-8") if not isinstance(text, bytes) else text)
    return assembler, reader.lexer


def stamped(lines):
    return "".join("Nov 22 07:07:44 relay {0}\n".format(line) for line in lines)


@pytest.fixture(scope="module")
def recorded():
    assembler, lexer = assemble(text_of(RECORDED))
    assert (lexer.unreadable, lexer.unknown) == (0, 0)
    return dict((hop["message_id"].split(".")[0].strip("<"), hop) for hop in assembler.hops if hop["message_id"])


def test_a_recorded_message_is_told_whole(recorded):
    hop = finish(recorded["plain"])
    assert (hop["queue_id"], hop["sender"], hop["size"], hop["recipients"]) == (
        "7D5341C408F",
        "app@web01.example.com",
        360,
        1,
    )
    assert hop["client"] == {"name": "localhost", "address": "127.0.0.1"}
    assert hop["tls"] == "none" and hop["status"] == "sent" and hop["removed"] is not None
    (delivery,) = hop["deliveries"]
    assert (delivery["recipient"], delivery["dsn"], delivery["reply"]) == ("ops@example.net", "2.0.0", "250 2.0.0 Ok")
    assert delivery["delays"] == {"before_queue": 0, "in_queue": 0.01, "connect": 0, "transmit": 0}
    assert delivery["relay_host"] == {"name": "", "address": "127.0.0.1", "port": 10025}


def test_tls_is_that_of_the_connection_with_which_it_came(recorded):
    assert finish(recorded["submission"])["tls"] == "Anonymous TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384"


def test_each_recipient_has_its_own_fate(recorded):
    found = dict((entry["recipient"], entry["status"]) for entry in recorded["three"]["deliveries"])
    assert found == {"a@example.net": "sent", "b@soft.example": "deferred", "c@reject.example": "bounced"}
    assert status_of(recorded["three"]) == "mixed"


def test_a_quoted_local_part_and_an_alias(recorded):
    assert recorded["quoted"]["sender"] == "odd name, (x)@web01.example.com"
    # What the alias made of the message has its Message-ID.
    assert recorded["alias"]["source"]["kind"] == "forwarded"
    assert [entry["orig_to"] for entry in recorded["alias"]["deliveries"]] == ["team@smtp-relay001.example.com"] * 2


def test_the_same_ID_again_after_removal_is_another_message():
    assembler, _lexer = assemble(
        stamped(
            MESSAGE.format(pid=7, qid="7D5341C408F", n=1).splitlines()
            + MESSAGE.format(pid=8, qid="7D5341C408F", n=2).splitlines()
        )
    )
    assert [hop["message_id"] for hop in assembler.hops] == ["<1@web01.example.com>", "<2@web01.example.com>"]
    assert [hop["size"] for hop in assembler.hops] == [1, 2]


def test_two_instances_may_have_the_same_ID_at_a_time():
    first = MESSAGE.format(pid=7, qid="7D5341C408F", n=1).splitlines()
    second = MESSAGE.format(pid=8, qid="7D5341C408F", n=2).replace("postfix/", "postfix-out/").splitlines()
    assembler, _lexer = assemble(stamped(line for pair in zip(first, second) for line in pair))
    assert [(hop["instance"], hop["size"], len(hop["deliveries"])) for hop in assembler.hops] == [
        ("postfix", 1, 2),
        ("postfix-out", 2, 2),
    ]


REFUSED = (
    "postfix/smtpd[10]: 4ABCDE5555: {0}: {1} from c.example.com[192.0.2.1]: 554 5.7.1 <b@example.net>: no; "
    "from=<a@example.com> to=<b@example.net> proto=ESMTP helo=<x>"
)
CLIENT = "postfix/smtpd[10]: 4ABCDE5555: client=c.example.com[192.0.2.1]"
ACTIVE = "postfix/qmgr[9]: 4ABCDE5555: from=<a@example.com>, size=1000, nrcpt=1 (queue active)"


@pytest.mark.parametrize(
    "lines, status",
    [
        ([CLIENT, REFUSED.format("reject", "RCPT")], "rejected"),
        ([CLIENT, REFUSED.format("milter-reject", "END-OF-MESSAGE")], "rejected"),
        # The message was taken for another recipient.
        ([CLIENT, REFUSED.format("reject", "RCPT"), ACTIVE], "open"),
        ([CLIENT, REFUSED.format("reject_warning", "RCPT"), ACTIVE], "open"),
        ([CLIENT, REFUSED.format("reject", "RCPT"), REFUSED.format("reject", "DATA")], "rejected"),
    ],
)
def test_one_refused_recipient_is_not_the_whole_message(lines, status):
    (hop,) = assemble(stamped(lines))[0].hops
    assert finish(hop)["status"] == status
    assert (hop["sender"], hop["client"]["address"]) == ("a@example.com", "192.0.2.1")


def test_sendmail_tells_of_a_refused_recipient_before_it_tells_of_the_message():
    lines = [
        "sm-mta[7]: 6AMC4m4E001234: ruleset=check_rcpt, arg1=<c@example.net>, relay=c.example.com [192.0.2.1], "
        "reject=550 5.7.1 <c@example.net>... Relaying denied",
        "sm-mta[7]: 6AMC4m4E001234: from=<a@example.com>, size=600, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP, daemon=MTA, "
        "relay=c.example.com [192.0.2.1]",
    ]
    (hop,) = assemble(stamped(lines))[0].hops
    assert finish(hop)["status"] == "open" and len(hop["rejects"]) == 1 and hop["arrival"] is not None
    # The message of an hour later is another one.
    late = stamped(lines[:1]) + stamped(lines[1:]).replace("07:07:44", "09:07:44")
    assert [finish(hop)["status"] for hop in assemble(late)[0].hops] == ["rejected", "open"]


def test_what_was_forged_in_an_address_is_part_of_the_address():
    text = stamped(
        [
            'postfix/smtp[1]: 4jZJtY74zMzDmdm: to=<"to=<x>, relay=none, status=sent (y)"@example.net>, relay=mx01.example.net[203.0.113.2]:25, '
            "delay=0.29, delays=0.01/0.24/0.01/0.04, dsn=4.0.0, status=deferred (host said: >, relay=none, status=sent (250))"
        ]
    )
    assembler, _lexer = assemble(text)
    (delivery,) = assembler.hops[0]["deliveries"]
    assert delivery["recipient"] == '"to=<x>, relay=none, status=sent (y)"@example.net'
    assert delivery["status"] == "deferred"


@pytest.mark.parametrize(
    "text, expected",
    [
        ("mx01.example.net[203.0.113.2]:25", ("mx01.example.net", "203.0.113.2", 25)),
        ("unknown[2001:db8::1]", ("", "2001:db8::1", None)),
        ("local", ("local", "", None)),
        ("[10.0.0.1]", ("", "10.0.0.1", None)),
        # smtp(8) to relayhost = [127.0.0.1]; sendmail and qmail to a server without a name.
        ("127.0.0.1[127.0.0.1]:24", ("", "127.0.0.1", 24)),
        ("2001:db8::1[2001:db8::1]:25", ("", "2001:db8::1", 25)),
        ("192.0.2.5[192.0.2.5]", ("", "192.0.2.5", None)),
        ("192.0.2.5", ("", "192.0.2.5", None)),
        ("fe80::1%eth0", ("", "fe80::1%eth0", None)),
        ("mail.example.com[private/dovecot-lmtp]", ("mail.example.com", "private/dovecot-lmtp", None)),
        ("1.example.com[192.0.2.5]", ("1.example.com", "192.0.2.5", None)),
    ],
)
def test_a_peer_is_taken_apart(text, expected):
    found = peer(text)
    assert (found["name"], found["address"], found["port"]) == expected


def described(assembler):
    return sorted((repr(sorted((key, repr(value)) for key, value in finish(hop).items())) for hop in assembler.hops))


@settings(max_examples=60)
@given(st.integers(min_value=2, max_value=5), st.randoms())
def test_any_interleaving_of_messages_gives_the_same_hops(count, choose):
    messages = [
        MESSAGE.format(pid=number, qid="7D5341C40{0}F".format(number), n=number).splitlines()
        for number in range(1, count + 1)
    ]
    expected = described(assemble(stamped(line for message in messages for line in message))[0])
    choose = random.Random(choose.random())
    waiting = [list(message) for message in messages]
    mixed = []
    while waiting:
        message = choose.choice(waiting)
        mixed.append(message.pop(0))
        waiting = [message for message in waiting if message]
    assert described(assemble(stamped(mixed))[0]) == expected


@settings(max_examples=100)
@given(st.binary(max_size=300), st.integers(min_value=0, max_value=40))
def test_garbage_and_lines_cut_anywhere_never_raise(garbage, at):
    lines = stamped(MESSAGE.format(pid=1, qid="7D5341C408F", n=1).splitlines()).encode("ascii").split(b"\n")
    lines = lines[: at % len(lines)] + [lines[at % len(lines)][: at * 7], garbage] + lines[at % len(lines) :]
    assembler, lexer = assemble(b"\n".join(lines) + b"\n")
    assert lexer.lines >= len(lines) and [finish(hop) for hop in assembler.hops]


def test_memory_is_bounded_by_what_is_wanted():
    text = stamped(
        line
        for number in range(3000)
        for line in MESSAGE.format(pid=1, qid="7D{0:06d}F".format(number), n=number).splitlines()
    )
    assembler, _lexer = assemble(text, most=10)
    assert len(assembler.hops) < 50 and assembler.hops[-1]["queue_id"] == "7D002999F"
    assert assembler.dropped + len(assembler.hops) == 3000


def test_of_too_many_unfinished_messages_only_those_that_are_meant_are_counted():
    line = "Nov 22 07:07:44 r postfix/qmgr[1]: A{0:08d}: from=<u{1}@example.com>, size=10, nrcpt=1 (queue active)\n"
    text = "".join(line.format(number, number % 2) for number in range(3000))
    assembler = Assembler(most=10, keep=lambda hop: hop["sender"] == "u1@example.com")
    lexer = LogReader(assembler, Readers)
    lexer.feed(text.encode("ascii"))
    left = [hop for hop in assembler.hops if hop["sender"] == "u1@example.com"]
    assert assembler.dropped + len(left) == 1500


def test_bytes_that_are_no_utf8_are_shown_and_the_others_kept():
    line = b"Nov 22 07:07:44 relay postfix/qmgr[1]: 7D5341C408F: from=<caf\xe9 \xc3\xa9@example.com>, size=1, nrcpt=1 (queue active)\n"
    assembler, lexer = assemble(line)
    assert (lexer.unreadable, lexer.unknown) == (0, 0)
    sender = assembler.hops[0]["sender"]
    assert (sender.decode("utf-8") if isinstance(sender, bytes) else sender) == u"caf\\xe9 \xe9@example.com"  # fmt: skip


@pytest.mark.parametrize("log", ["postfix/fixtures/maillog.2.10.1.txt", "sendmail/fixtures/maillog-8.17.1.9.txt"])
def test_what_was_read_takes_no_memory_any_more_once_it_is_not_needed(log):
    """Without the collector of cycles: it would go through hundred thousands of messages."""
    assembler = Assembler()
    with without_gc():
        read_all(find_files([os.path.abspath(os.path.join(HERE, os.pardir, *log.split("/")))]), assembler, Readers)
        assert assembler.hops
        left = weakref.ref(assembler)
        del assembler
        assert left() is None
