# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.log_events import Events
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_lines import Lexer, Origin
from ansible_collections.mailops.relay.plugins.module_utils.postfix.log import PROGRAMS, PostfixReader
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
NAMES = "arrival message_id sender delivery removed reject link note gap".split()


class Recorder(Events):
    def __init__(self):
        self.calls = []
        for name in NAMES:
            setattr(self, name, self._recorder(name))

    def _recorder(self, name):
        return lambda stamp, origin, *arguments: self.calls.append((name,) + arguments)


def read(text):
    """The events of lines without stamp and host, and the Lexer."""
    recorder = Recorder()
    lexer = Lexer(PostfixReader(recorder).resolve)
    lexer.read("".join("Nov 22 07:07:44 relay {0}\n".format(line) for line in text.splitlines()))
    return recorder.calls, lexer


@pytest.mark.parametrize(
    "name",
    [
        "maillog.2.10.1.txt",
        "maillog-kinds.3.5.25-bullseye.txt",
        "maillog-kinds.3.7.11-bookworm.txt",
        "maillog-kinds.3.10-trixie.txt",
        "maillog-kinds.3.11.6.txt",
        "maillog-tls.3.11.6.txt",
        # With smtp_tls_loglevel and smtpd_tls_loglevel 2, one line of each kind.
        "maillog-loglevel2.3.11.6.txt",
        # Two instances, one line of each kind.
        "maillog-instances.2.10.1.txt",
    ],
)
def test_every_line_of_a_recorded_log_is_known(name):
    with io.open(os.path.join(FIXTURES, name), encoding="utf-8", newline="\n") as stream:
        text = stream.read()
    recorder = Recorder()
    lexer = Lexer(PostfixReader(recorder).resolve)
    lexer.read(text if isinstance("", type(text)) else text.encode("utf-8"))
    assert (lexer.unreadable, lexer.unknown, lexer.samples) == (0, 0, [])
    assert lexer.lines == text.count("\n")
    assert len(recorder.calls) > 40


@pytest.mark.parametrize(
    "line, event",
    [
        (
            "postfix/submission/smtpd[1]: 806E81C408F: client=web01.example.com[10.20.0.11], sasl_method=PLAIN, sasl_username=app",
            ("arrival", "806E81C408F", "web01.example.com[10.20.0.11]", "sasl_method=PLAIN, sasl_username=app"),
        ),
        ("pf-relay/pickup[1]: 806E81C408F: uid=33 from=<www-data>", ("arrival", "806E81C408F", "", "uid=33")),
        ("postfix/cleanup[1]: 806E81C408F: message-id=<>", ("message_id", "806E81C408F", "<>")),
        (
            "postfix/qmgr[1]: 4jXKsf5kNkzFwr7: from=<>, size=357, nrcpt=1 (queue active)",
            ("sender", "4jXKsf5kNkzFwr7", "", "357", "1"),
        ),
        (
            "postfix/qmgr[1]: 4jXKsf5kNkzFwr7: from=<a@x>, status=expired, returned to sender",
            ("note", "4jXKsf5kNkzFwr7", "expired", "returned to sender"),
        ),
        ("postfix/qmgr[1]: 4jXKsf5kNkzFwr7: removed", ("removed", "4jXKsf5kNkzFwr7")),
        (
            "postfix-out/local[1]: 9B1: to=<root@r>, orig_to=<root>, relay=local, delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent (forwarded as 9B2)",
            ("delivery", "9B1", "root@r", "root", "local", "0.1", "0.1/0/0/0", "2.0.0", "sent", "forwarded as 9B2", ""),
        ),
        (
            "postfix/bounce[1]: 1DAFE19E54D: sender non-delivery notification: 1F7F919E54A",
            ("link", "1DAFE19E54D", "bounce", "1F7F919E54A"),
        ),
        (
            "postfix/bounce[1]: BDE9819E376: postmaster delay notification: DD01419E352",
            ("link", "BDE9819E376", "delay", "DD01419E352"),
        ),
        (
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <v@example.net>: Relay access denied; "
            "from=<a@example.org> to=<v@example.net> proto=ESMTP helo=<x>",
            (
                "reject",
                "",
                "reject",
                "RCPT",
                "unknown[203.0.113.9]",
                "554 5.7.1 <v@example.net>: Relay access denied",
                "a@example.org",
                "v@example.net",
            ),
        ),
        (
            "postfix/cleanup[1]: 9CDD419E57F: reject: header Subject: check-reject from legacy01.example.com[10.30.0.13]; "
            "from=<app@web01.example.com> to=<ops@example.net> proto=ESMTP helo=<legacy01.example.com>: 5.7.1 header is bad",
            (
                "reject",
                "9CDD419E57F",
                "reject",
                "header Subject",
                "legacy01.example.com[10.30.0.13]",
                "5.7.1 header is bad",
                "app@web01.example.com",
                "ops@example.net",
            ),
        ),
        (
            "postfix/postscreen[5]: NOQUEUE: reject: RCPT from [192.0.2.66]:50183: 550 5.7.1 Service unavailable; client "
            "[192.0.2.66] blocked using zen.example.org; from=<a@example.com>, to=<b@example.net>, proto=ESMTP, helo=<x>",
            (
                "reject",
                "",
                "reject",
                "RCPT",
                "[192.0.2.66]:50183",
                "550 5.7.1 Service unavailable; client [192.0.2.66] blocked using zen.example.org",
                "a@example.com",
                "b@example.net",
            ),
        ),
        (
            "postfix/postscreen[5]: NOQUEUE: reject: CONNECT from [192.0.2.66]:50183: too many connections",
            ("reject", "", "reject", "CONNECT", "[192.0.2.66]:50183", "too many connections", "", ""),
        ),
        # Recorded with 3.11.6: neither the name that the client gave nor the text of a table is an envelope.
        (
            "postfix/smtpd[1]: NOQUEUE: reject: EHLO from localhost[127.0.0.1]: 504 5.5.2 <x; from=<e@x> to=<f@x>>: Helo command "
            "rejected: need fully-qualified hostname; proto=SMTP helo=<x; from=<e@x> to=<f@x>>",
            (
                "reject",
                "",
                "reject",
                "EHLO",
                "localhost[127.0.0.1]",
                "504 5.5.2 <x; from=<e@x> to=<f@x>>: Helo command rejected: need fully-qualified hostname",
                "",
                "",
            ),
        ),
        (
            "postfix/smtpd[1]: NOQUEUE: reject: MAIL from localhost[127.0.0.1]: 554 5.7.1 <rej@x.org>: Sender address rejected: go "
            "away; from=<evil@x.org> to=<nobody@x.org>; from=<rej@x.org> proto=ESMTP helo=<client.example.org>",
            (
                "reject",
                "",
                "reject",
                "MAIL",
                "localhost[127.0.0.1]",
                "554 5.7.1 <rej@x.org>: Sender address rejected: go away; from=<evil@x.org> to=<nobody@x.org>",
                "rej@x.org",
                "",
            ),
        ),
        (
            "postfix/smtpd[1]: NOQUEUE: reject: CONNECT from x[192.0.2.1]: 554 5.7.1 <x[192.0.2.1]>: Client host rejected; proto=SMTP",
            (
                "reject",
                "",
                "reject",
                "CONNECT",
                "x[192.0.2.1]",
                "554 5.7.1 <x[192.0.2.1]>: Client host rejected",
                "",
                "",
            ),
        ),
        # Cut at 2,000 bytes by Postfix.
        (
            "postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 504 5.5.2 <x>: Helo command rejected; "
            "from=<a@example.com> to=<b@example.net> proto=ESMTP helo=<> to=<> to=<> to=<",
            (
                "reject",
                "",
                "reject",
                "RCPT",
                "x[192.0.2.1]",
                "504 5.5.2 <x>: Helo command rejected",
                "a@example.com",
                "b@example.net",
            ),
        ),
        (
            "postfix/smtpd[1]: proxy-reject: END-OF-MESSAGE: 554 5.7.1 spam; from=<a@example.com> to=<b@example.net> proto=ESMTP "
            "helo=<x> sasl_username=<app>",
            (
                "reject",
                "",
                "proxy-reject",
                "END-OF-MESSAGE",
                "",
                "554 5.7.1 spam",
                "a@example.com",
                "b@example.net",
            ),
        ),
        (
            "postfix/cleanup[1]: 4ABCDE5555: milter-header-reject: header X-Spam: Yes from client.example.com[192.0.2.1]; "
            "from=<a@example.com> to=<b@example.net> proto=ESMTP helo=<x>: 5.7.1 spam",
            (
                "reject",
                "4ABCDE5555",
                "milter-header-reject",
                "header X-Spam",
                "client.example.com[192.0.2.1]",
                "5.7.1 spam",
                "a@example.com",
                "b@example.net",
            ),
        ),
        (
            "postfix/cleanup[1]: 4ABCDE5555: milter-reject: END-OF-MESSAGE from x[192.0.2.1]: 5.7.1 Command rejected; from=<a@example.com> "
            "to=<b@example.net> proto=ESMTP helo=<x>",
            (
                "reject",
                "4ABCDE5555",
                "milter-reject",
                "END-OF-MESSAGE",
                "x[192.0.2.1]",
                "5.7.1 Command rejected",
                "a@example.com",
                "b@example.net",
            ),
        ),
        # Made up, after cleanup_mime_error_callback().
        (
            "postfix/cleanup[1]: 4ABCDE5555: reject: mime-error improper use of 8-bit data in message body: x from y from local; "
            "from=<a@example.com> to=<b@example.net>",
            (
                "reject",
                "4ABCDE5555",
                "reject",
                "mime-error",
                "",
                "improper use of 8-bit data in message body: x from y",
                "a@example.com",
                "b@example.net",
            ),
        ),
        (
            "postfix/cleanup[1]: 3181D1CA504: to=<ops@example.net>, relay=none, delay=0.02, delays=0.02/0/0/0, dsn=5.7.1, "
            "status=bounced (not wanted)",
            (
                "delivery",
                "3181D1CA504",
                "ops@example.net",
                "",
                "none",
                "0.02",
                "0.02/0/0/0",
                "5.7.1",
                "bounced",
                "not wanted",
                "",
            ),
        ),
        (
            "postfix/smtp[1]: 942401CA3C8: warning: header Subject: out now: seen outside",
            ("reject", "942401CA3C8", "warning", "header Subject", "", "header Subject: out now: seen outside", "", ""),
        ),
        ("postfix/postsuper[1]: 7B1C40A: placed on hold", ("note", "7B1C40A", "held", "by postsuper")),
        (
            "postfix/smtp[1]: 7B1C40A: host mx[1.2.3.4] said: 450 4.2.0 later (in reply to RCPT TO command)",
            ("note", "7B1C40A", "attempt", "host mx[1.2.3.4] said: 450 4.2.0 later (in reply to RCPT TO command)"),
        ),
        (
            "postfix/cleanup[1]: warning: 83C6B19E5F6: message rejected: hopcount exceeded",
            ("note", "83C6B19E5F6", "warning", "message rejected: hopcount exceeded"),
        ),
    ],
)
def test_a_line_tells(line, event):
    calls, lexer = read(line)
    assert calls[0] == event and not lexer.unknown


def test_a_requeued_message_is_linked_to_what_it_was():
    calls, _lexer = read("postfix/pickup[1]: 4jXKsf5kNkzFwr7: uid=0 from=<app@web01.example.com> orig_id=7B1C40A")
    assert calls[1] == ("link", "7B1C40A", "requeued", "4jXKsf5kNkzFwr7")


TLS = "Trusted TLS connection established to mx[1.2.3.4]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
SENT = "to=<a@b>, relay=mx[1.2.3.4]:25, {0}delay=1, delays=0/0/0/1, {1}dsn=2.0.0, status=sent (250 ok)"


def test_tls_of_a_delivery_is_that_of_its_connection():
    calls, _lexer = read(
        "\n".join(
            [
                "postfix/smtp[1]: " + TLS,
                "postfix/smtp[1]: 7B1C401: " + SENT.format("", ""),
                "postfix/smtp[1]: 7B1C402: " + SENT.format("conn_use=2, ", ""),
                "postfix/smtp[1]: 7B1C403: " + SENT.format("", ""),
            ]
        )
    )
    trusted = "Trusted TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert [call[-1] for call in calls] == [trusted, trusted, "none"]


@pytest.mark.parametrize("tail", [", server-digest SHA256", "x" * 1000], ids=["usual", "too long to be kept"])
def test_connections_that_are_made_alike_are_of_the_servers_that_their_lines_name(tail):
    other = TLS.replace("mx[1.2.3.4]", "mx[1.2.3.5]").replace("TLSv1.3", "TLSv1.2")
    calls, _lexer = read(
        "\n".join(
            "postfix/smtp[1]: {0}{1}\npostfix/smtp[1]: 7B1C40{2}: {3}".format(line, tail, number, SENT.format("", ""))
            for number, line in enumerate((TLS, other, TLS))
        )
    )
    trusted = "Trusted TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert [call[-1] for call in calls] == [trusted, "none", trusted]


def test_a_connection_without_tls_that_is_used_again_after_one_with_tls():
    calls, _lexer = read(
        "\n".join(
            [
                "postfix/smtp[1]: " + TLS,
                "postfix/smtp[1]: 7B1C401: " + SENT.format("", ""),
                "postfix/smtp[1]: 7B1C402: " + SENT.format("conn_use=2, ", "").replace("mx[1.2.3.4]", "mx2[1.2.3.5]"),
            ]
        )
    )
    assert [call[-1] for call in calls] == ["Trusted TLSv1.3 TLS_AES_256_GCM_SHA384", "none"]


@pytest.mark.parametrize("label", ["3.5.25-bullseye", "3.7.11-bookworm", "3.10.13-trixie"])
def test_each_message_over_a_connection_that_is_used_again_is_verified(label):
    """fixtures/maillog-reuse.*: a client with smtp_tls_connection_reuse and tlsproxy that sends to its relay, several at once."""
    with io.open(os.path.join(FIXTURES, "maillog-reuse.{0}.txt".format(label)), encoding="ascii") as stream:
        text = stream.read()
    calls, lexer = read("".join(line.partition(" web01 ")[2] for line in text.splitlines(True)))
    found = [call[-1].partition(" ")[0] for call in calls if call[0] == "delivery"]
    assert lexer.unknown == 0 and "conn_use=" in text and "TLS connection reused" in text
    assert len(found) >= 15 and set(found) == set(["Verified"])


def test_connections_for_several_recipients_and_of_other_servers():
    calls, _lexer = read(
        "\n".join(
            [
                "postfix/smtp[1]: " + TLS,
                "postfix/smtp[1]: 7B1C401: " + SENT.format("", ""),
                "postfix/smtp[1]: 7B1C401: " + SENT.format("", "").replace("a@b", "c@d"),
                "postfix/smtp[1]: " + TLS,
                "postfix/smtp[1]: 7B1C402: " + SENT.format("", "").replace("mx[1.2.3.4]", "mx2[1.2.3.5]"),
                "postfix/smtp[1]: 7B1C403: " + SENT.format("", ""),
            ]
        )
    )
    trusted = "Trusted TLSv1.3 TLS_AES_256_GCM_SHA384"
    assert [call[-1] for call in calls] == [trusted, trusted, "none", "none"]


def test_tls_of_each_delivery_of_3_11():
    with io.open(os.path.join(FIXTURES, "maillog-tls.3.11.6.txt"), encoding="ascii") as stream:
        lines = [line.partition(" out ")[2] for line in stream]
    calls, lexer = read("".join(lines))
    found = {}
    for call in calls:
        if call[0] == "delivery":
            found.setdefault(call[2].rpartition("@")[2].partition(".")[0], []).append(call[-1].partition(" ")[0])
    assert lexer.unknown == 0
    for server, encrypted, checked, fingerprint in (
        ("good", "Trusted", "Verified", "Verified"),
        ("other", "Trusted", "Trusted", "Untrusted"),
        ("self", "Untrusted", "Untrusted", "Untrusted"),
    ):
        assert found[server + "-none"] == ["none"]
        assert set(found[server + "-may"] + found[server + "-encrypt"]) == set([encrypted])
        assert set(found[server + "-verify"] + found[server + "-secure"]) == set([checked])
        assert found[server + "-fingerprint"] == [fingerprint]
    assert found["plain-none"] == found["plain-may"] == ["none"]
    assert found["plain-secure"] == found["silent"] == [""]
    # smtp_tls_loglevel = 0; connections that are used again, by scache(8) and by tlsproxy(8).
    assert found["nolog"] == ["TLS"] * 3 and found["nologplain"] == found["cached"] == ["none"] * 3
    assert found["reuse"] == [""] * 3 + ["Trusted"] * 3


@pytest.mark.parametrize(
    "said, expected",
    [
        ("none", "none"),
        ("may:none", "none"),
        ("none/requiretls:nocertmatch", "none"),
        ("may:none/requiretls:none", "none"),
        ("dane:none?", "none"),
        ("may", "TLS"),
        ("secure/requiretls", "TLS"),
        ("dane:encrypt", "TLS"),
        ("!secure", ""),
        ("may?", ""),
        ("unknown?", ""),
    ],
)
def test_what_the_level_tells_without_the_line_of_the_connection(said, expected):
    calls, _lexer = read("postfix/smtp[1]: 7B1C401: " + SENT.format("", "tls={0}, ".format(said)))
    assert calls[0][-1] == expected


def test_the_sender_of_what_cleanup_returns():
    with io.open(os.path.join(FIXTURES, "maillog-kinds.3.11.6.txt"), encoding="ascii") as stream:
        calls, lexer = read("".join(line.partition(" out ")[2] for line in stream))
    assert lexer.unknown == 0
    assert ("sender", "3181D1CA504", "a@out.example.com", "", "") in calls
    assert [call[8] for call in calls if call[:2] == ("delivery", "8C7AB1CA3D0")] == ["bounced", "bounced"]


@pytest.mark.parametrize(
    "line",
    [
        "postfix/smtp[1]: discarding EHLO keywords: CHUNKING",
        "postfix/smtpd[1]: discarding EHLO keywords: CHUNKING",
        "postfix/smtpd[1]: NOQUEUE: reject: DATA from x[192.0.2.1]: bare <LF> received; from=<a@b> proto=SMTP helo=<x>",
        "postfix/smtpd[1]: NOQUEUE: bare <LF> received after DATA (5 bytes) from x[192.0.2.1]",
        "postfix/smtpd[1]: bare <LF> received after EHLO from x[192.0.2.1]",
        "postfix/smtpd[1]: NOQUEUE: permit: RCPT from x[192.0.2.1]: action=permit_mynetworks for Client host; from=<a@b> proto=SMTP",
        # Forms of the source of 3.11.6 and 2.10.1 (tls/, util/, global/, dns/, qmgr/, bounce/, milter/, xsasl/), filled in.
        "postfix/smtpd[1]: SSL_accept:error in SSLv3/TLS read client hello",
        "postfix/smtpd[1]: SSL3 alert read:fatal:unknown CA",
        "postfix/smtpd[1]: read from 55D0AB [55D0AC] (5 bytes => -1 (0xFFFFFFFFFFFFFFFF))",
        "postfix/smtpd[1]: 0000 16 03 01 02 00 01 00 01|fc 03 03                ........ ...",
        "postfix/smtpd[1]: 04a0 - <SPACES/NULLS>",
        "postfix/smtpd[1]: x[192.0.2.1]: Issuing session ticket, key expiration: 1800000000",
        "postfix/smtpd[1]: x[192.0.2.1]: Reusing old session (RFC 5077 session ticket)",
        "postfix/smtpd[1]: CA certificate verification failed for x[192.0.2.1]: certificate has expired",
        "postfix/smtpd[1]: x[192.0.2.1]: reply filter in: 250 2.1.0 Ok",
        "postfix/smtpd[1]: mapping DSN status 4.1.1 into Sender address status 4.1.7",
        "postfix/smtpd[1]: event: SMFIC_CONNECT; macros: j=relay.example.com",
        "postfix/smtpd[1]: SASL authentication debug: DIGEST-MD5 common mech free",
        "postfix/smtpd[1]: sql_select option missing",
        "postfix/smtp[1]: Host offered STARTTLS: [mx.example.net]",
        "postfix/smtp[1]: TLSRPT: status=success, domain=example.net, receiving_mx=mx.example.net[192.0.2.1]",
        "postfix/smtp[1]: ignoring DNS RR: mx.example.net. 300 IN AAAA 2001:db8::1",
        "postfix/smtp[1]: skipping SRV lookup for example.net: no such service",
        "postfix/smtp[1]: mx.example.net[192.0.2.1]:25: subjectAltName: mx.example.net",
        # As in the source of snapshots of 3.12.
        "postfix/smtp[1]: TLS protocol trace for mx.example.net[192.0.2.1]:25 saved to /var/lib/postfix/trace.1",
        "postfix/smtp[1]: skipping TLS trace output - rate limit (10) exceeded",
        "postfix/smtpd[1]: TLS protocol trace for mx.example.net[192.0.2.1] saved to /var/lib/postfix/trace.1",
        "postfix/smtpd[1]: skipping TLS trace output - rate limit (10) exceeded",
        "postfix/smtp[1]: mx.example.net[192.0.2.1]:25 CommonName mx.example.net",
        "postfix/local[1]: redirecting hash:/etc/aliases to lmdb:/etc/aliases",
        'postfix/cleanup[1]: hash:/etc/postfix/x lookup: "a" = "b"',
        "postfix/qmgr[1]: example.net: feedback 0.5",
        "postfix/qmgr[1]: smtp: queue example.net: limit 20 window 5 success 0.5 failure 0 fail_cohorts 0",
        "postfix/bounce[1]: 4ABC1234: not sending trace/success notification for double-bounce message",
        "postfix/nbdb_reindexd[1]: successfully executed 'postmap lmdb:/etc/postfix/x' as uid 0",
    ],
)
def test_what_is_known_without_telling_of_a_message(line):
    _calls, lexer = read(line)
    assert lexer.unknown == 0


def test_a_verbose_log_is_known_and_tells_the_same():
    # Two lines of each kind that a client of debug_peer_list leads to, and all of its message.
    with io.open(os.path.join(FIXTURES, "maillog-verbose.3.7.11-bookworm.txt"), encoding="utf-8") as stream:
        lines = [line.split(" relay ", 1)[1] for line in stream]
    calls, lexer = read(str("".join(lines)))
    assert (lexer.unreadable, lexer.unknown, lexer.samples) == (0, 0, [])
    assert [call[0] for call in calls] == ["arrival", "message_id", "sender", "delivery", "delivery", "removed"]
    # A word before a colon is no name of a function, and no queue ID.
    _calls, lexer = read("postfix/smtpd[1]: something: else\npostfix/smtpd[1]: >>> x")
    assert lexer.unknown == 2


def test_what_cleanup_says_of_a_message_that_it_cannot_take():
    text = "sender_canonical_maps map lookup problem -- message not accepted, try again later"
    calls, lexer = read("postfix/cleanup[1]: 4ABC1234: " + text)
    assert calls == [("note", "4ABC1234", "warning", text)] and lexer.unknown == 0


@pytest.mark.parametrize("field", ["size", "nrcpt", "delay", "delays", "dsn"])
def test_a_number_that_none_can_be_is_not_read(field):
    numbers = dict(size="1", nrcpt="1", delay="1", delays="1", dsn="2.0.0")
    numbers[field] = "9" * 5000
    calls, lexer = read(
        "postfix/qmgr[1]: 7B1C401: from=<a@b>, size={size}, nrcpt={nrcpt} (queue active)\n"
        "postfix/smtp[1]: 7B1C401: to=<a@b>, relay=mx[1.2.3.4]:25, delay={delay}, delays={delays}, dsn={dsn}, status=sent (ok)".format(
            **numbers
        )
    )
    assert lexer.unknown == 1 and len(calls) == 1


@pytest.mark.parametrize(
    "line",
    [
        "postfix/smtpd[1]: something that no smtpd says",
        "postfix/qmgr[1]: 4jXKsf5kNkzFwr7: from=<a@b>, size=",
        "postfix/smtp[1]: 7B1C401: to=<a@b>, relay=mx[1.2.3.4]:25, delay=1, del",
    ],
)
def test_what_is_not_known_is_counted_and_shown(line):
    calls, lexer = read(line)
    assert lexer.unknown == 1 and not calls and line in lexer.samples[0]


def test_other_programs_with_such_names_are_not_Postfix():
    _calls, lexer = read("smtpd[1]: 7B1C401: client=x[1.2.3.4]\ndovecot/imap[1]: hello")
    assert lexer.others == {"smtpd": 1, "dovecot/imap": 1}


def read_alone(program, text):
    """What one line of a program tells; every part of it is a native string."""
    recorder = Recorder()
    reader = PostfixReader(recorder)
    origin = Origin("relay", "postfix/" + program, "1")
    assert reader.resolve(origin)
    assert origin.read("Nov 22 07:07:44", origin, text) in (True, False)
    assert all(isinstance(part, str) for call in recorder.calls for part in call)
    return recorder.calls


def recorded():
    """list of (str, str): program and text of every kind of line."""
    found = set()
    for name in sorted(os.listdir(FIXTURES)):
        if name.startswith("maillog"):
            with io.open(os.path.join(FIXTURES, name), encoding="utf-8", newline="\n") as stream:
                for line in stream:
                    tag, _bracket, text = line.rstrip("\n").partition("[")
                    program, text = tag.rpartition("/")[2], text.partition("]: ")[2]
                    if program in PROGRAMS:
                        found.add((program, text if str is not bytes else text.encode("utf-8")))
    return sorted(found)


LINES = recorded()
DAMAGE = ['"', "\\", ", ", "<", ">", "[", "]", ": ", "; from=<", "> to=<", ">, relay=", " (", "\x00", "\n"]


@settings(max_examples=300)
@given(st.data())
def test_truncated_and_damaged_lines_never_raise(data):
    program, text = data.draw(st.sampled_from(LINES))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    read_alone(program, text[:end])
    read_alone(program, text[start:])
    read_alone(program, text[:start] + data.draw(st.sampled_from(DAMAGE)) + text[end:])


BEGINNINGS = [
    "",
    "7B1C401: ",
    "NOQUEUE: reject: ",
    "7B1C401: to=<",
    "7B1C401: from=<",
    "warning: ",
    "7B1C401: client=",
    "7B1C401: uid=",
]


@settings(max_examples=300)
@given(st.sampled_from(sorted(PROGRAMS)), st.sampled_from(BEGINNINGS), st.text(max_size=100))
def test_arbitrary_text_never_raises(program, before, text):
    read_alone(program, before + (text if str is not bytes else text.encode("utf-8")))


LOCAL = st.one_of(
    st.text("abcXYZ019.+-_=/", min_size=1, max_size=12),
    # With quotes, as Postfix writes it since 3.5.
    st.text('ab ,<>:;@"\\', max_size=12).map(
        lambda text: '"{0}"'.format(text.replace("\\", "\\\\").replace('"', '\\"'))
    ),
)
ADDRESSES = st.tuples(LOCAL, st.sampled_from(["example.com", "mail.example.org"])).map("@".join)


@settings(max_examples=200)
@given(ADDRESSES, st.one_of(st.just(""), ADDRESSES), st.text("a ,<>=()[]:;.25", max_size=30))
def test_a_delivery_comes_back_as_it_was_written(recipient, original, reply):
    line = (
        "7B1C401: to=<{0}>, {1}relay=mx[1.2.3.4]:25, delay=1.5, delays=0.5/0/0/1, dsn=2.0.0, status=sent ({2})".format(
            recipient, "orig_to=<{0}>, ".format(original) if original else "", reply
        )
    )
    assert read_alone("smtp", line) == [
        (
            "delivery",
            "7B1C401",
            recipient,
            original,
            "mx[1.2.3.4]:25",
            "1.5",
            "0.5/0/0/1",
            "2.0.0",
            "sent",
            reply,
            "none",
        )
    ]


@settings(max_examples=200)
@given(ADDRESSES, ADDRESSES)
def test_a_refusal_comes_back_as_it_was_written(sender, recipient):
    line = "NOQUEUE: reject: RCPT from x[203.0.113.9]: 554 5.7.1 Relay access denied; from=<{0}> to=<{1}> proto=ESMTP helo=<x>"
    assert read_alone("smtpd", line.format(sender, recipient)) == [
        ("reject", "", "reject", "RCPT", "x[203.0.113.9]", "554 5.7.1 Relay access denied", sender, recipient)
    ]


@pytest.mark.parametrize(
    "program, frame",
    [
        ("smtp", "{0}"),
        ("smtp", "7B1C401: to=<{0}"),
        ("smtp", "7B1C401: to=<a@b>, orig_to=<{0}, relay=x, delay=1"),
        ("smtp", "7B1C401: to=<a@b>, relay=x, delay=1, delays=1, dsn=2.0.0, status=sent ({0}"),
        ("qmgr", "7B1C401: from=<{0}, status=expired"),
        ("pickup", "7B1C401: uid=0 from=<{0}"),
        ("bounce", "7B1C401: {0}"),
        ("cleanup", "7B1C401: reject: header {0} from a[1]; from=<{0}"),
        ("smtpd", "{0}"),
        ("smtpd", "NOQUEUE: reject: {0}"),
        ("smtpd", "NOQUEUE: reject: RCPT from {0}"),
        ("smtpd", "NOQUEUE: reject: RCPT from a[1]: 554 x; from=<{0}> to=<{0}> proto=x helo=<{0}>"),
    ],
)
@pytest.mark.parametrize(
    "piece", ['"', '\\"', "<", ">", "[", "a", " ", ">, orig_to=<", ">, relay=", " from a[1]", "; from=<", "> to=<"]
)
def test_long_lines_take_no_long_time(program, frame, piece):
    # Twice of what a line of Postfix can have; it cuts headers at 200 and addresses at 2,048 characters.
    text = frame.format(piece * (4000 // len(piece)))
    with at_most(2):
        read_alone(program, text)


@pytest.mark.parametrize(
    "line",
    [
        # cleanup_map1n.c and cleanup_addr.c: the line begins with "warning", and the queue ID is behind it.
        "postfix/cleanup[2]: warning: 4ABCDE1234: virtual_alias_maps map lookup problem for a@example.com -- "
        "message not accepted, try again later",
        "postfix/smtp[2]: warning: 4ABCDE1234: defer service failure",
        "postfix/smtp[2]: warning: ABCDEFABCD: defer service failure",
    ],
)
def test_a_warning_about_a_message_is_that_messages(line):
    calls, lexer = read(line)
    assert [(call[0], call[1], call[2]) for call in calls] == [("note", line.split(": ")[2], "warning")]
    assert lexer.unknown == 0


def test_what_no_queue_ID_is_makes_no_message():
    """Tags of others that have a name of Postfix's behind a slash: Cyrus IMAP's, and what scripts call themselves."""
    calls, lexer = read(
        "cyrus/lmtp[5]: Delivered: <one@example.net> to mailbox: user.b\n"
        "cyrus/lmtp[5]: accepted connection\n"
        "cyrus/master[4]: about to exec /usr/lib/cyrus/bin/lmtpd\n"
        "backup/error[5]: request: is refused\n"
    )
    assert calls == []
    assert lexer.others == {"cyrus/lmtp": 2, "cyrus/master": 1}
    assert lexer.unknown == 1


def test_what_syslog_ng_folds_under_the_name_of_postscreen_is_not_passed_over():
    """syslog-ng with suppress() writes so, for any program; others know no such line anyway."""
    for program in ("postscreen", "smtpd", "smtp"):
        _calls, lexer = read(
            "postfix/{0}: Last message 'NOQUEUE: reject: RCP' repeated 3 times, suppressed by syslog-ng on mx".format(
                program
            )
        )
        assert lexer.unknown == 1
