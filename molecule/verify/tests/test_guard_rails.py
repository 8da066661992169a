# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is smuggled, no client can run away, no bounce goes to a stranger, and the log has every line of a burst."""

import collections
import re
import uuid

import probe
import pytest
import site_under_test as site

UNKNOWN = "nobody-has-this-name@smtp-relay001.example.com"

# What a careless server takes for the end of a message, and RFC 5321 does not.
FALSE_ENDS = {
    "LF.LF": "\n.\n",
    "LF.CRLF": "\n.\r\n",
    "CRLF.LF": "\r\n.\n",
    "CR.CR": "\r.\r",
    "CR.CRLF": "\r.\r\n",
    "CRLF.CR": "\r\n.\r",
    "LF.CR": "\n.\r",
    "CR.LF": "\r.\n",
    "CRLF.NUL-CRLF": "\r\n.\0\r\n",
}

# Sends a message with a second one in its body, behind a false end, and all of it at once; prints the replies.
SMUGGLE = """
import socket, sys
host, port, source, recipient, word, false_end = sys.argv[1:]
false_end = false_end.encode().decode("unicode_escape").encode()
try:
    connection = socket.create_connection((host, int(port)), 5, (source, 0) if source else None)
except OSError as exc:
    print("no connection:", exc)
    sys.exit(0)
connection.settimeout(10)
replies = connection.makefile("rb")

def reply():
    while True:
        line = replies.readline()
        if line[3:4] != b"-":
            print(line.decode().rstrip())
            return line[:3]

reply()
for command in ("EHLO probe.example.org", "MAIL FROM:<first@example.org>", "RCPT TO:<%s>" % recipient, "DATA"):
    connection.sendall(command.encode() + b"\\r\\n")
    reply()
first = ("Subject: %s first\\r\\n\\r\\nfirst" % word).encode()
second = (
    "MAIL FROM:<second@example.org>\\r\\nRCPT TO:<ops@example.net>\\r\\nDATA\\r\\n"
    "Subject: %s second\\r\\n\\r\\nsecond\\r\\n.\\r\\nQUIT\\r\\n" % word
).encode()
connection.sendall(first + false_end + second)
try:
    while reply() not in (b"221", b"421", b"521", b""):
        pass
except OSError as exc:
    print("no further reply:", exc)
"""

# The replies to MAIL of several transactions over one connection.
MAILS = """
import smtplib, sys
server = smtplib.SMTP(sys.argv[1], 25, timeout=5)
server.ehlo("probe.example.org")
for number in range(int(sys.argv[2])):
    print(*server.mail("a@example.org"))
    server.rset()
server.close()
"""


@pytest.fixture(scope="module")
def relay_private():
    return probe.address(site.RELAY, "10.20.")


@pytest.fixture(scope="module")
def relay_public():
    return probe.address(site.RELAY, "203.0.113.")


def smuggle(host, target, false_end, source="", recipient="ops@example.net"):
    """Try it; returns a word that both messages have, and what the server answered."""
    word = uuid.uuid4().hex
    escaped = false_end.encode("unicode_escape").decode()
    done = site.run(host, f"python3 - {target} 25 '{source}' {recipient} {word} '{escaped}'", stdin=SMUGGLE)
    return word, done.stdout


def settle():
    """Wait until all that the relay took has left it, so that what is not at mx01 now will not come."""
    site.arrives(site.send(site.RELAY))

    def queue_is_empty():
        return "Mail queue is empty" in site.output(site.RELAY, "postqueue -p")

    site.wait_for(queue_is_empty)


def subjects(word):
    """The messages with this word at mx01: the last word of each one's subject."""
    found = site.output("mx01", f"grep -rlF {word} {site.RECEIVED} | xargs -r -n 1 grep -a -m 1 '^Subject:'")
    return sorted(line.split()[-1] for line in found.splitlines())


def test_no_second_message_from_a_client(relay_private):
    """The client may relay; what stands behind a false end is text of its first message, or all of it is refused."""
    tried = {name: smuggle("web01", relay_private, false_end) for name, false_end in FALSE_ENDS.items()}
    settle()
    for name, (word, replies) in tried.items():
        assert subjects(word) in ([], ["first"]), f"{name}:\n{replies}"
    # A client that merely ends its lines with LF, as many programs do, loses nothing.
    assert subjects(tried["LF.CRLF"][0]) == ["first"], tried["LF.CRLF"][1]


def test_nothing_at_all_from_outside(relay_private, relay_public):
    """The stranger gets no connection; behind the firewall, with an address of the internet, no recipient."""
    tried = {}
    for name, false_end in FALSE_ENDS.items():
        word, replies = smuggle("outside01", relay_public, false_end)
        assert replies.startswith("no connection"), replies
        tried[name] = word, replies
        tried[name + " refused"] = smuggle(site.RELAY, relay_private, false_end, relay_public)
        # To a recipient whom the relay takes from everybody.
        tried[name + " local"] = smuggle(
            site.RELAY, relay_private, false_end, relay_public, "nobody@smtp-relay001.example.com"
        )
    settle()
    for name, (word, replies) in tried.items():
        assert subjects(word) == [], f"{name}:\n{replies}"
    assert "554" in tried["LF.CRLF refused"][1]


def test_unknown_local_recipient_is_refused_while_the_client_waits(relay_private):
    """Accepted first, it would come back as a bounce to a sender who may be forged."""
    command = f"python3 - {relay_private} 25 '' {UNKNOWN} word ''"
    replies = site.run("web01", command, stdin=SMUGGLE).stdout
    assert re.search(r"^550 5\.1\.1 ", replies, re.MULTILINE), replies


def test_a_limit_hits_a_client_of_the_relay_and_its_mail_waits(relay_private):
    def mails(host, target):
        return site.run(host, f"python3 - {target} 4", stdin=MAILS).stdout.splitlines()

    usual = site.output(site.RELAY, "postconf -h smtpd_client_message_rate_limit")
    assert all(reply.startswith("250") for reply in mails("web01", relay_private))
    site.run(site.RELAY, "postconf -e smtpd_client_message_rate_limit=1 && postfix reload")
    try:
        # A process that still has the old limit may answer just after the reload.
        def limited():
            return mails("web01", relay_private)[-1].startswith("450")

        site.wait_for(limited)
        # The relay itself is not limited.
        assert all(reply.startswith("250") for reply in mails(site.RELAY, "127.0.0.1"))
        # Ports are counted apart, so the first one through 587 passes.
        words = [site.send("web01") for _number in range(3)]

        def deferred():
            return re.search(r"status=deferred .*450 4\.7\.1 .*too much mail", site.log("web01").partition(words[0])[2])

        site.wait_for(deferred)
    finally:
        site.run(site.RELAY, f"postconf -e smtpd_client_message_rate_limit={usual} && postfix reload")
    site.run("web01", "postqueue -f")
    for word in words:
        site.arrives(word)


@pytest.fixture
def tight_journald():
    """An administrator's limit that a burst goes far beyond."""
    path = "/etc/systemd/journald.conf.d/50-tight.conf"
    restart = "systemctl restart systemd-journald"
    site.run(site.RELAY, f"printf '[Journal]\nRateLimitIntervalSec=60s\nRateLimitBurst=50\n' > {path} && {restart}")
    try:
        yield
    finally:
        site.run(site.RELAY, f"rm {path} && {restart}")


def hops(lines, sender):
    """Queue ID of each message from this sender -> the programs and first words of its lines, sorted."""
    kinds = collections.defaultdict(list)
    for line in lines:
        found = re.search(r" postfix/([a-z]+)\[[0-9]+\]: ([0-9A-Za-z]+): (client=|message-id=|from=|to=|removed)", line)
        if found:
            kinds[found.group(2)].append((found.group(1), found.group(3)))
    ours = {re.search(r": ([0-9A-Za-z]+): from=", line).group(1) for line in lines if f": from=<{sender}>" in line}
    return {queue_id: sorted(kinds[queue_id]) for queue_id in ours}


def test_the_log_has_every_line_of_a_burst(tight_journald):
    """300 messages at once; each has its lines of smtpd, cleanup, qmgr (active), smtp and qmgr (removed)."""
    count = 300
    sender = f"burst-{uuid.uuid4().hex}@smtp-relay001.example.com"
    before = int(site.output(site.RELAY, f"wc -l < {site.MAIL_LOG}"))
    since = site.output(site.RELAY, "date +%s")
    source = f"smtp-source -s 20 -m {count} -l 1000 -f {sender} -t ops@example.net 127.0.0.1:25"
    site.run(site.RELAY, source)

    def delivered():
        return int(site.output("mx01", f"grep -rlF {sender} {site.RECEIVED} | wc -l")) >= count

    site.wait_for(delivered, seconds=120)
    settle()
    whole = [
        ("cleanup", "message-id="),
        ("qmgr", "from="),
        ("qmgr", "removed"),
        ("smtp", "to="),
        ("smtpd", "client="),
    ]
    # rsyslog gets its lines before journald counts them here; imjournal gets what is in the journal.
    for log in (f"tail -n +{before + 1} {site.MAIL_LOG}", f"journalctl SYSLOG_FACILITY=2 --since=@{since} --no-pager"):
        found = hops(site.output(site.RELAY, log).splitlines(), sender)
        assert len(found) == count, log
        assert [(queue_id, lines) for queue_id, lines in sorted(found.items()) if lines != whole] == [], log
        # Long queue IDs: none of them is soon used a second time.
        assert all(len(queue_id) >= 12 for queue_id in found)
