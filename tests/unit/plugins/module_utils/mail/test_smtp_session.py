# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import ssl
import time

import pytest
from ansible.module_utils.common.text.converters import to_text
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host import stream
from ansible_collections.mailops.relay.plugins.module_utils.host.stream import TLS, Deadline, StreamError
from ansible_collections.mailops.relay.plugins.module_utils.mail import smtp_session
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import (
    Refusal,
    ReplyParser,
    Session,
    shown,
)

LIMIT = 1.0

texts = strategies.text(alphabet=strategies.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(
    lambda text: text.rstrip()
)
replies = strategies.tuples(
    strategies.integers(200, 559).filter(lambda code: code // 10 % 10 < 6),
    strategies.lists(texts, min_size=1, max_size=5),
)


def written(code, lines):
    """bytes: a reply as RFC 5321 section 4.2.1 has it."""
    last = len(lines) - 1
    return b"".join(
        "{0}{1}{2}\r\n".format(code, " " if at == last else "-", line).encode("ascii") for at, line in enumerate(lines)
    )


def parse(pieces):
    """(list of (code, lines), str): the replies in these bytes, and what is wrong with the rest."""
    parser, found = ReplyParser(), []
    for piece in pieces:
        parser.feed(piece)
        try:
            for reply in iter(parser.next, None):
                found.append((reply.code, reply.lines))
        except StreamError as exc:
            assert exc.kind == "garbage"
            return found, str(exc)
    return found, ""


@given(strategies.lists(replies, max_size=4), strategies.integers(1, 50))
def test_replies_are_read_as_they_were_written_however_they_come(said, size):
    data = b"".join(written(*reply) for reply in said)
    assert parse([data[at : at + size] for at in range(0, len(data), size)]) == (said, "")


@given(strategies.binary(max_size=3000), strategies.integers(1, 500))
def test_any_bytes_give_replies_or_garbage_the_same_in_one_piece_or_many(data, size):
    assert parse([data]) == parse([data[at : at + size] for at in range(0, len(data), size)])


@given(
    strategies.lists(
        strategies.sampled_from([b"250", b"-", b" ", b"\r\n", b"\n", b"\r", b"\x00", b"x", b"599", b"220 "]),
        max_size=40,
    )
)
def test_what_is_nearly_a_reply_raises_nothing_else(pieces):
    for code, lines in parse(pieces)[0]:
        assert 200 <= code < 560 and lines


@given(strategies.one_of(strategies.binary(max_size=400), strategies.text(max_size=400)))
def test_what_is_shown_is_harmless_and_short(data):
    text = to_text(shown(data, 50))
    assert all(ord(character) >= 32 and not 127 <= ord(character) < 160 for character in text)
    assert len(text) <= 50 * 10 + 3


@pytest.mark.parametrize(
    "data, words",
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0"),
        (b"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1"),
        (b"\x16\x03\x01\x02\x00\n", "\\x16\\x03"),
        (b"\r\n", "an empty one"),
        (b"999 hello\r\n", "999"),
        (b"250-a\r\n251 b\r\n", "begins with 250 goes on with 251"),
        (b"220 " + b"x" * 3000, "more than 2048 bytes"),
        (b"250-x\r\n" * 101, "more than 100 lines"),
    ],
)
def test_what_is_no_smtp_is_named(data, words):
    found, problem = parse([data])
    assert not found and words in problem


def test_a_status_code_is_known_and_control_characters_are_not_obeyed():
    parser = ReplyParser()
    parser.feed(b"554 5.7.1 \x1b[2Jdenied\r\n220 \xe2\x80\xaeESMTP\xff\n")
    first, second = parser.next(), parser.next()
    assert (first.code, first.enhanced, str(first)) == (554, "5.7.1", "554 5.7.1 \\x1b[2Jdenied")
    assert str(second).startswith("220 \\u202eESMTP") and parser.empty


def session_with(server, seconds=LIMIT):
    return Session(server.address, server.port, Deadline(seconds))


def stall(connection):
    connection.recv(1 << 16)
    time.sleep(LIMIT * 3)


def trickle(connection):
    for _time in range(100):
        connection.sendall(b"2")
        time.sleep(0.05)


def pour(data):
    def handler(connection):
        while True:
            connection.sendall(data)

    return handler


def after_greeting(handler):
    def both(connection):
        connection.sendall(b"220 hello\r\n")
        connection.recv(1 << 16)
        handler(connection)

    return both


BAD = [
    (stall, "timeout"),
    (trickle, "timeout"),
    (lambda connection: None, "closed"),
    (lambda connection: connection.sendall(b"220-hel"), "closed"),
    (pour(b"x" * 65536), "garbage"),
    (pour(b"220-" + b"x" * 100 + b"\r\n"), "garbage"),
    (pour(b"220 hello\r\n" * 100), "refusal"),
    (lambda connection: connection.sendall(b"\x00\xff\x1b[2J\n" * 10), "garbage"),
    (lambda connection: connection.sendall(b"421 4.7.0 too busy\r\n"), "refusal"),
    (after_greeting(stall), "timeout"),
    (after_greeting(lambda connection: None), "closed"),
    (after_greeting(pour(b"250-x\r\n")), "garbage"),
    (after_greeting(lambda connection: connection.sendall(b"550 no\r\n")), "refusal"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_server_gets_a_verdict_within_the_time_limit(serve, number):
    handler, kind = BAD[number]
    session = session_with(serve(handler))
    begun = time.time()
    with pytest.raises(StreamError) as caught:
        session.begin()
        # The stream of greetings: the answers belong to no command.
        session.must("DATA")
    session.close()
    assert caught.value.kind == kind
    assert time.time() - begun < LIMIT * 2
    assert sum(len(line) for line in session.transcript) < 100000


def test_one_who_never_stops_talking_stops_at_the_time_limit(serve):
    session = session_with(serve(pour(b"220 hello\r\n" * 100)))
    begun = time.time()
    with pytest.raises(StreamError) as caught:
        while True:
            session.reply()
    assert caught.value.kind == "timeout" and time.time() - begun < LIMIT * 2
    session.close()


def test_a_dialogue(serve, mta):
    server = mta(hello=["relay.example.com greets", "SIZE 1000", "AUTH=PLAIN LOGIN", "8BITMIME"])
    session = session_with(serve(server), 10)
    assert str(session.begin("may", None)) == "220 relay.example.com ESMTP"
    assert session.extensions == {"SIZE": "1000", "AUTH": "PLAIN LOGIN", "8BITMIME": ""}
    session.must("MAIL FROM:<a@example.org>")
    session.quit()
    assert server.said[1:] == ["MAIL FROM:<a@example.org>", "QUIT"]
    assert session.transcript[-2:] == ["C: QUIT", "S: 221 bye"]


def test_a_server_without_EHLO(serve, mta):
    server = mta({"EHLO": "500 what?"})
    session = session_with(serve(server), 10)
    session.begin()
    assert session.extensions == {} and server.said[-1].startswith("HELO ")
    session.close()


def test_starttls(serve, mta, certificates):
    server = mta(certificate=certificates("session.example.com"))
    session = session_with(serve(server), 20)
    session.begin("required", TLS("session.example.com"))
    assert session.tls["cipher"] and session.tls["certificate"].startswith(b"\x30\x82")
    assert session.must("NOOP").ok
    session.quit()
    assert [command.split()[0] for command in server.said] == ["EHLO", "STARTTLS", "EHLO", "NOOP", "QUIT"]


def test_tls_that_is_not_offered_is_used_only_where_it_need_not_be(serve, mta):
    server = serve(mta({"STARTTLS": "502 5.5.1 not here"}))
    session_with(server, 10).begin("may", TLS())
    with pytest.raises(Refusal) as caught:
        session_with(server, 10).begin("required", TLS())
    assert "STARTTLS is 502 5.5.1 not here" in str(caught.value)


def test_answers_that_come_with_the_one_to_starttls_are_not_taken_for_those_in_tls(serve, mta):
    session = session_with(serve(mta({"STARTTLS": "220 ready\r\n250 injected"})), 10)
    with pytest.raises(StreamError) as caught:
        session.begin("required", TLS())
    assert caught.value.kind == "garbage" and "before TLS" in str(caught.value)


@pytest.mark.parametrize("answer", [b"not TLS at all", b"", b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_handshake_that_fails(serve, answer):
    def handler(connection):
        connection.recv(1 << 16)
        connection.sendall(answer)

    session = session_with(serve(handler), 5)
    with pytest.raises(StreamError) as caught:
        session.begin("implicit", TLS("relay.example.com"))
    assert caught.value.kind in ("tls", "closed") and str(caught.value)


def test_a_handshake_that_stalls_or_trickles(serve):
    def handler(connection):
        connection.recv(1 << 16)
        connection.sendall(b"\x16\x03\x03\x40\x00")
        trickle(connection)

    for bad in (stall, handler):
        session = session_with(serve(bad))
        begun = time.time()
        with pytest.raises(StreamError) as caught:
            session.begin("implicit", TLS())
        assert caught.value.kind == "timeout" and time.time() - begun < LIMIT * 2


@pytest.mark.parametrize(
    "name, expected", [("web01.example.com", "web01.example.com"), ("web01", "[192.0.2.1]"), ("a b.c", "[192.0.2.1]")]
)
def test_the_name_that_a_client_gives_itself(monkeypatch, name, expected):
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert smtp_session.helo_name("192.0.2.1") == expected
    assert smtp_session.literal("2001:db8::1") == "[IPv6:2001:db8::1]"


class OldSsl(object):
    """The module ssl as Python 2.7.5 has it."""

    def __getattr__(self, name):
        if name in ("SSLContext", "HAS_SNI"):
            raise AttributeError(name)
        return getattr(ssl, name)


@pytest.mark.skipif(not hasattr(ssl, "wrap_socket"), reason="this Python has no longer what the old one has only")
def test_tls_of_a_python_that_has_no_context(serve, mta, certificates, monkeypatch):
    monkeypatch.setattr(stream, "ssl", OldSsl())
    certificate, other = certificates("old.example.com"), certificates("other.example.com")
    server = serve(mta(certificate=certificate))
    session = session_with(server, 20)
    session.begin("required", TLS("old.example.com", certificate[0]))
    assert session.tls["cipher"] and session.must("NOOP").ok
    session.quit()
    with pytest.raises(StreamError) as caught:
        session_with(server, 20).begin("required", TLS("old.example.com", other[0]))
    assert caught.value.kind == "untrusted"
