# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a message's way ends: what the program that delivered means by "sent", and who is accounted for."""

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site, describe, plan

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "module_utils", "postfix", "fixtures")
NOW = 1795331300.0
COMPLETE = {"first": 1795331000.0, "last": NOW, "complete": True, "problems": [], "gaps": []}
HOSTS = {
    "mail": {"names": ["mail.example.com"], "addresses": ["192.0.2.20"]},
    "store": {"names": ["store.example.com"], "addresses": ["192.0.2.30"]},
    "q": {"names": ["q.example.com"], "addresses": ["192.0.2.40"]},
}
TOLD = {
    "mail": ["192.0.2.20", "2001:db8::20", "172.17.0.1"],
    "q": ["192.0.2.40", "172.17.0.1"],
    "store": ["192.0.2.30"],
}


def hops_of(lines):
    assembler = Assembler()
    reader = LogReader(assembler, Readers)
    reader.feed("".join(line + "\n" for line in lines).encode("utf-8"))
    reader.end()
    return [finish(hop) for hop in assembler.hops]


def result(host, lines, **changes):
    """What mail_log_info returns of a host with this log."""
    messages = [dict(dict(hop, queue=None, next_try=None, queue_problem=""), **changes) for hop in hops_of(lines)]
    return {
        "messages": messages,
        "rejects": [],
        "total": len(messages),
        "log": COMPLETE,
        "host": {"names": [], "addresses": TOLD[host]},
    }


def traces(logs, **changes):
    results = {host: [result(host, lines, **changes)] for host, lines in logs.items()}
    return describe(Site(HOSTS, results), NOW)


def only(logs, **changes):
    (trace,) = traces(logs, **changes)
    return trace


def postfix(
    deliveries,
    queue_id="4ABCDE1234",
    nrcpt=None,
    client="client.example.net[203.0.113.1]",
    message_id="one@example.net",
    end=True,
):
    """The log of a message with these delivery lines: (program, what follows the queue ID)."""
    lines = [
        "postfix/smtpd[10]: {0}: client={1}".format(queue_id, client),
        "postfix/cleanup[11]: {0}: message-id=<{1}>".format(queue_id, message_id),
        "postfix/qmgr[9]: {0}: from=<a@example.net>, size=1000, nrcpt={1} (queue active)".format(
            queue_id, len(deliveries) if nrcpt is None else nrcpt
        ),
    ]
    lines += ["postfix/{0}[12]: {1}: {2}".format(program, queue_id, text) for program, text in deliveries]
    if end:
        lines.append("postfix/qmgr[9]: {0}: removed".format(queue_id))
    return ["Sep 10 10:00:00 mail " + line for line in lines]


def to(program, relay, reply, recipient="b@example.com", status="sent", dsn="2.0.0"):
    text = "to=<{0}>, relay={1}, delay=0.3, delays=0.1/0/0.1/0.1, dsn={2}, status={3} ({4})"
    return program, text.format(recipient, relay, dsn, status, reply)


# L1. Lines of Postfix 3.7.11, Dovecot 2.3.19 and amavisd-new 2.13; made up in the same form: those with 192.0.2.x, cyrus and spamassassin.
SAVED = "250 2.0.0 <b@example.com> AbCdEf Saved"
DISCARDED = "250 2.7.0 Ok, discarded, id=04321-01 - BANNED: application/octet-stream,.exe,.exe-ms,x.exe"


@pytest.mark.parametrize(
    ("delivery", "verdict", "words"),
    [
        (to("lmtp", "mail.example.com[private/dovecot-lmtp]", SAVED), "delivered", "on mail (mail.example.com[private/dovecot-lmtp])"),
        (to("lmtp", "mail.example.com[/run/cyrus/socket/lmtp]", "250 2.1.5 Ok"), "delivered", "on mail "),
        (to("lmtp", "127.0.0.1[127.0.0.1]:24", SAVED), "delivered", "on mail (127.0.0.1[127.0.0.1]:24)"),
        (to("lmtp", "store.example.com[192.0.2.30]:24", SAVED), "delivered", "on store (store.example.com[192.0.2.30]:24)"),
        (to("lmtp", "lmtp.example.org[203.0.113.9]:24", SAVED), "delivered", "lmtp.example.org[203.0.113.9]:24 took it"),
        (to("lmtp", "store.example.com[192.0.2.30]:24", "250 2.0.0 Ok: queued as 4XYZ567890"), "lost", "handed it over as 4XYZ567890"),
        (to("local", "local", "delivered to mailbox"), "delivered", "on mail (local)"),
        (to("local", "local", "delivered to command: /usr/bin/procmail"), "delivered", "on mail (local)"),
        (to("local", "local", "delivered to file: /var/mail/dropped"), "delivered", "on mail (local)"),
        (to("local", "local", "delivered to file: /dev/null"), "deleted", "mail threw it away, nobody gets it"),
        (to("virtual", "virtual", "delivered to maildir"), "delivered", "on mail (virtual)"),
        (to("pipe", "dovecot", "delivered via dovecot service"), "delivered", "on mail (dovecot)"),
        (to("pipe", "store", "delivered via store service"), "delivered", "on mail (store)"),
        (to("discard", "none", "thrown_away"), "deleted", "mail threw it away, nobody gets it: thrown_away"),
        (to("smtp", "127.0.0.1[127.0.0.1]:10024", DISCARDED), "deleted", "to which mail gave it, threw it away"),
        (to("smtp", "mx.example.org[203.0.113.7]:25", "250 2.0.0 DISCARD"), "deleted", "threw it away"),
        (to("lmtp", "mail.example.com[private/amavis]", "250 2.7.0 Ok, discarded, id=1"), "deleted", "threw it away"),
        (to("smtp", "mx.example.org[203.0.113.7]:25", "250 ok"), "delivered", "mx.example.org[203.0.113.7]:25 took it"),
        (to("smtp", "mail.example.com[private/proxy]", "250 ok"), "lost", "handed on there"),
        (to("smtp", "127.0.0.1[127.0.0.1]:10024", "250 2.0.0 Ok: queued as 4XYZ567890"), "lost", "handed on there as 4XYZ567890"),
        (to("smtp", "store.example.com[192.0.2.30]:25", "250 ok"), "lost", "store was not asked"),
        (to("error", "none", "no such user", status="bounced", dsn="5.1.1"), "bounced", "no such user"),
    ],
)  # fmt: skip
def test_the_program_that_delivered_decides_what_sent_means(delivery, verdict, words):
    trace = only({"mail": postfix([delivery])})
    (end,) = trace["verdicts"]
    assert (trace["verdict"], end["verdict"]) == (verdict, verdict) and words in end["text"], end
    assert trace["hops"][0]["deliveries"][0]["agent"] == delivery[0]


FILTER = "127.0.0.1[127.0.0.1]:10024"


@pytest.mark.parametrize("program", ["smtp", "lmtp"])
def test_a_content_filter_that_hands_back_is_followed_by_the_ID_that_it_repeats(program):
    reply = "250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4XYZ567890"
    first = postfix([to(program, FILTER, reply)])
    second = postfix(
        [to("smtp", "mx.example.org[203.0.113.7]:25", "452 4.2.2 full", status="deferred", dsn="4.2.2")],
        queue_id="4XYZ567890",
        client="localhost[127.0.0.1]",
        end=False,
    )
    trace = only({"mail": first + second}, queue="deferred")
    assert [hop["queue_id"] for hop in trace["hops"]] == ["4ABCDE1234", "4XYZ567890"] and trace["verdict"] == "deferred"
    # Whichever of the two is known first, the host is asked for the other.
    site = Site(HOSTS, {"mail": [result("mail", first)]})
    assert plan(site, list(HOSTS), True, {}, set()) == {"mail": {"queue_id": ["4XYZ567890"]}}
    site = Site(HOSTS, {"mail": [result("mail", second)]})
    assert plan(site, list(HOSTS), True, {}, set()) == {"mail": {"queued_as": ["4XYZ567890"]}}


@pytest.mark.parametrize(
    ("delivery", "arrives"),
    [
        (to("pipe", "spamassassin", "delivered via spamassassin service"), "postfix/pickup[2]: 4XYZ567890: uid=65534 from=<a>"),
        (to("local", "local", "delivered to command: /usr/bin/filter"), "postfix/pickup[2]: 4XYZ567890: uid=65534 from=<a>"),
        (to("smtp", FILTER, "250 2.0.0 Ok"), "postfix/smtpd[2]: 4XYZ567890: client=localhost[127.0.0.1]"),
        (to("lmtp", "mail.example.com[/run/dspam.sock]", "250 2.6.0 Ok"), "postfix/smtpd[2]: 4XYZ567890: client=mail.example.com[192.0.2.20]"),
    ],
)  # fmt: skip
def test_a_filter_that_names_no_ID_is_followed_by_the_message_ID(delivery, arrives):
    second = postfix(
        [to("smtp", "mx.example.org[203.0.113.7]:25", "550 no", status="bounced", dsn="5.0.0")], "4XYZ567890"
    )
    second[0] = "Sep 10 10:00:00 mail " + arrives
    trace = only({"mail": postfix([delivery]) + second})
    assert [hop["queue_id"] for hop in trace["hops"]] == ["4ABCDE1234", "4XYZ567890"] and trace["verdict"] == "bounced"


@pytest.mark.parametrize("agent", ["mailbox", "other host", "other message", "forwarded", "before"])
def test_what_no_filter_can_have_handed_back_is_another_message(agent):
    first = to("pipe", "spamassassin", "delivered via spamassassin service")
    second = postfix([to("smtp", "mx.example.org[203.0.113.7]:25", "250 ok")], "4XYZ567890")
    second[0] = "Sep 10 10:00:00 mail postfix/pickup[2]: 4XYZ567890: uid=65534 from=<a>"
    if agent == "mailbox":
        first = to("local", "local", "delivered to mailbox")
    elif agent == "other host":
        second[0] = "Sep 10 10:00:00 mail postfix/smtpd[2]: 4XYZ567890: client=client.example.net[203.0.113.1]"
    elif agent == "other message":
        second[1] = second[1].replace("one@", "two@")
    lines = postfix([first]) + second
    if agent == "forwarded":
        lines.append("Sep 10 10:00:00 mail postfix/bounce[2]: 4ZZZ567890: sender delay notification: 4XYZ567890")
        lines = lines[-1:] + lines[:-1]
    elif agent == "before":
        lines = second + postfix([first])
    assert all(trace["hops"][0]["next"] == [] for trace in traces({"mail": lines}))


def recorded(name):
    with open(os.path.join(FIXTURES, name), encoding="utf-8") as source:
        return [line for line in source.read().splitlines() if not line.startswith("#")]


def test_the_ends_of_a_recorded_log():
    found = {}
    for trace in traces({"mail": recorded("maillog-agents.3.7.11-bookworm.txt")}):
        for end in trace["verdicts"]:
            if not end["notification"]:
                found.setdefault(end["recipient"], set()).add(end["verdict"])
    assert found["u@pipe.example.com"] == {"delivered"} and found["u@lmtptcp.example.com"] == {"delivered"}
    assert found["a@virt.example.com"] == {"deferred"} and found["nobody@virt.example.com"] == {"bounced"}
    assert found["u@black.example.com"] == {"deleted"} and found["null@mail.example.com"] == {"deleted"}
    assert found["u@err.example.com"] == {"bounced"} and found["file@mail.example.com"] == {"delivered"}
    assert (
        found["team@mail.example.com"]
        == found["ops@mail.example.com"]
        == found["cmd@mail.example.com"]
        == {"delivered"}
    )
    # A pipe that hands back: its own recipient's end is that of what came back.
    assert "u@ref.example.com" not in found and found["final@black.example.com"] == {"deleted"}
    # amavis: by LMTP refused behind it, by SMTP handed back; by both discarded.
    assert found["u@lmtp.example.com"] == {"bounced", "delivered", "deleted"}


# sendmail 8.17.1's own lines, shortened.
SENDMAIL = """\
6AS5ISvP000952: from=<joe@mail.example.com>, size=261, class=0, nrcpts={0}, msgid=<1@x>, proto=ESMTP, daemon=MTA-v4, relay=web.example.org [203.0.113.1]
6AS5ISvP000952: {1}, ctladdr=<joe@mail.example.com> (1000/1000), delay=00:00:01, xdelay=00:00:01, {2}, dsn=2.0.0, stat=Sent{3}"""


def sendmail(nrcpts, recipients, how, said=""):
    text = SENDMAIL.format(nrcpts, recipients, how, said)
    return ["Sep 10 10:00:00 mail sm-mta[952]: " + line for line in text.splitlines()]


@pytest.mark.parametrize(
    ("recipients", "how", "said", "agent", "verdict"),
    [
        ("to=<ann@mail.example.com>", "mailer=local, pri=1", "", "local", "delivered"),
        ('to="|/bin/cat >/dev/null"', "mailer=prog, pri=1", "", "pipe", "delivered"),
        ("to=/tmp/afile", "mailer=*file*, pri=1", "", "local", "delivered"),
        ("to=/dev/null", "mailer=*file*, pri=1", "", "local", "deleted"),
        ("to=<ann@mail.example.com>", "mailer=cyrusv2, pri=1, relay=localhost", "", "lmtp", "delivered"),
        ("to=<ann@mail.example.com>", "mailer=fax, pri=1", "", "pipe", "delivered"),
        ("to=<b@example.org>", "mailer=esmtp, pri=1, relay=mx.example.org. [203.0.113.7]", " (ok 1)", "smtp", "delivered"),
        ("to=<b@example.org>", "mailer=relay, pri=1, relay=[203.0.113.7] [203.0.113.7]", " (ok 1)", "smtp", "delivered"),
        ("to=<b@example.org>", "mailer=relay, pri=1, relay=[192.0.2.30]", " (ok 1)", "smtp", "lost"),
        ("to=<b@example.org>", "mailer=filter, pri=1, relay=[127.0.0.1] [127.0.0.1]", " (Ok, discarded, id=1)", "smtp", "deleted"),
        ("to=<b@example.org>", "mailer=relay, pri=1, relay=[127.0.0.1] [127.0.0.1]", " (6AS5IQ3s000947 Message accepted for delivery)", "smtp", "lost"),
    ],
)  # fmt: skip
def test_sendmails_mailers_decide_what_sent_means(recipients, how, said, agent, verdict):
    trace = only({"mail": sendmail(1, recipients, how, said)}, queue="gone")
    assert trace["hops"][0]["deliveries"][0]["agent"] == agent and trace["verdict"] == verdict, trace["verdicts"]


QMAIL = [
    "@400000006aa12e2a00000000 new msg 100",
    "@400000006aa12e2a00000000 info msg 100: bytes 500 from <a@q.example.com> qp 55 uid 33",
    "@400000006aa12e2a00000000 starting delivery 1: msg 100 to remote ops@example.net",
    "@400000006aa12e2a00000000 delivery 1: success: {0}_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_4gM2Lh5W0bz9x/",
    "@400000006aa12e2a00000000 end msg 100",
]


@pytest.mark.parametrize(
    ("said", "verdict", "agent"),
    [("did_1+0+0/", "delivered", "local"), ("did_0+0+1/", "delivered", "local"), ("did_0+0+0/", "deleted", "discard")],
)
def test_a_qmail_that_does_nothing_with_a_message_has_not_delivered_it(said, verdict, agent):
    lines = [line.replace("remote ops@example.net", "local ops@q.example.com") for line in QMAIL]
    lines[3] = "@400000006aa12e2a00000000 delivery 1: success: " + said
    trace = only({"q": lines})
    assert trace["hops"][0]["deliveries"][0]["agent"] == agent and trace["verdict"] == verdict


@pytest.mark.parametrize(
    ("delivery", "words"),
    [
        (
            to("smtp", "mx.example.org[203.0.113.7]:25", "250 2.1.5 Ok", status="deliverable"),
            "deliverable (250 2.1.5 Ok)",
        ),
        (to("local", "local", "delivers to mailbox", status="deliverable"), "deliverable (delivers to mailbox)"),
        (
            to("smtp", "mx.example.org[203.0.113.7]:25", "550 no", status="undeliverable", dsn="5.1.1"),
            "undeliverable (550 no)",
        ),
    ],
)
def test_a_question_whether_a_recipient_would_be_taken_is_no_lost_message(delivery, words):
    (end,) = only({"mail": postfix([delivery])})["verdicts"]
    assert (end["recipient"], end["verdict"]) == ("b@example.com", "deleted")
    assert end["text"] == "mail only asked whether it can be delivered, and sent nothing: " + words


def test_what_was_forwarded_as_a_message_that_the_log_does_not_have_is_not_delivered():
    trace = only({"mail": postfix([to("local", "local", "forwarded as 4FFFFF1111")])})
    assert trace["verdict"] == "lost" and "forwarded as 4FFFFF1111" in trace["verdicts"][0]["text"]
    lines = [line.replace("remote ops@example.net", "local ops@q.example.com") for line in QMAIL]
    lines[3] = "@400000006aa12e2a00000000 delivery 1: success: did_0+2+0/qp_77/"
    assert only({"q": lines})["verdict"] == "lost"
    lines[3] = "@400000006aa12e2a00000000 delivery 1: success: did_1+2+0/qp_77/"
    assert only({"q": lines})["verdict"] == "delivered"


# L2


@pytest.mark.parametrize("address", ["192.0.2.20", "2001:db8::20", "2001:DB8:0:0:0:0:0:20", "::ffff:192.0.2.20"])
def test_qmails_next_hop_is_an_address(address):
    client = [line.format(address) for line in QMAIL]
    site = Site(HOSTS, {"q": [result("q", client)], "mail": [result("mail", [])]})
    assert plan(site, list(HOSTS), True, {}, set()) == {"mail": {"queue_id": ["4gM2Lh5W0bz9x"]}}
    seconds = 0x6AA12E2A - 10
    relay = postfix(
        [to("smtp", "mx.example.org[203.0.113.7]:25", "452 4.2.2 full", status="deferred", dsn="4.2.2")],
        "4gM2Lh5W0bz9x", end=False,
    )  # fmt: skip
    results = {"q": [result("q", client)], "mail": [result("mail", relay, queue="deferred")]}
    for hop in results["mail"][0]["messages"]:
        hop["first"] = float(seconds)
    (trace,) = describe(Site(HOSTS, results), NOW)
    assert [hop["host"] for hop in trace["hops"]] == ["q", "mail"] and trace["verdict"] == "deferred"


def test_hosts_are_known_by_the_addresses_that_they_tell_unless_another_tells_the_same():
    site = Site(
        dict(HOSTS, **{"10.1.2.3": {"names": [], "addresses": []}}), {host: [result(host, [])] for host in HOSTS}
    )

    def host_of(name, address="", at=None):
        return site.host_of({"name": name, "address": address}, at)

    assert host_of("", "2001:db8:0::20") == host_of("", "::ffff:192.0.2.20") == "mail"
    assert host_of("", "172.17.0.1") is None and host_of("", "172.17.0.1", "q") == "q"
    assert (
        host_of("localhost", "127.0.0.1") is None
        and host_of("localhost", "::1", "q") == host_of("localhost", at="q") == "q"
    )
    assert host_of("", "10.1.2.3") == "10.1.2.3"
    # The first label of an address is no name.
    assert host_of("10.9.9.9") is None and host_of("192.0.2.99") is None


# L9


def test_a_recipient_without_a_line_is_not_accounted_for():
    sent = to("smtp", "mx.example.org[203.0.113.7]:25", "250 ok")
    for lines, place, verdict, words in (
        (postfix([sent], nrcpt=2, end=False), "gone", "unknown", "though the message has left the queue"),
        (postfix([sent], nrcpt=2, end=False), None, "unknown", "whether it still waits on mail is not known"),
        (postfix([sent], nrcpt=2, end=False), "active", "queued", "still in the queue of mail (active)"),
        (postfix([sent], nrcpt=2), None, "unknown", "though the message has left the queue"),
    ):
        trace = only({"mail": lines}, queue=place)
        assert trace["verdict"] == verdict
        assert [(end["recipient"], end["verdict"]) for end in trace["verdicts"]] == [
            ("b@example.com", "delivered"),
            ("", verdict),
        ]
        text = trace["verdicts"][1]["text"]
        assert (
            text.startswith("1 of 2 recipients is not accounted for: the log of mail tells of no attempt")
            and words in text
        )
        assert trace["hops"][0]["status"] == "mixed"


def test_what_local_makes_of_an_alias_is_one_recipient():
    first, second = (
        (program, text.replace(">, relay=", ">, orig_to=<list@mail.example.com>, relay="))
        for program, text in (
            to("local", "local", "delivered to mailbox", user + "@mail.example.com") for user in ("ann", "joe")
        )
    )
    trace = only({"mail": postfix([first, second], nrcpt=2, end=False)}, queue="gone")
    assert trace["verdict"] == "unknown" and "1 of 2 recipients is not accounted for" in trace["verdicts"][2]["text"]
    assert only({"mail": postfix([first, second], nrcpt=1, end=False)}, queue="gone")["verdict"] == "delivered"
    # Once it has left, it had two recipients; and one that waits keeps it there.
    assert only({"mail": postfix([first, second], nrcpt=2)})["verdict"] == "delivered"
    waiting = second[0], second[1].replace("status=sent", "status=deferred")
    ends = only({"mail": postfix([first, waiting], nrcpt=2, end=False)}, queue="deferred")["verdicts"]
    assert [end["verdict"] for end in ends] == ["delivered", "deferred"]


@pytest.mark.parametrize("last", ["status=expired, returned to sender", "removed by postsuper"])
def test_those_without_a_line_share_the_end_of_their_message(last):
    deferred = to("smtp", "none", "timeout", status="deferred", dsn="4.4.1")
    lines = postfix([deferred], nrcpt=2, end=False)
    if "expired" in last:
        lines.append("Sep 10 10:00:00 mail postfix/qmgr[9]: 4ABCDE1234: from=<a@example.net>, " + last)
        assert [end["verdict"] for end in only({"mail": lines})["verdicts"]] == ["bounced"]
    else:
        lines.append("Sep 10 10:00:00 mail postfix/postsuper[9]: 4ABCDE1234: removed")
        assert [end["verdict"] for end in only({"mail": lines})["verdicts"]] == ["deleted", "deleted"]


def test_two_aliases_of_one_address_are_two_recipients():
    one = to("smtp", "mx.example.org[203.0.113.7]:25", "250 ok")
    two = one[0], one[1].replace("to=<b@example.com>,", "to=<b@example.com>, orig_to=<sales@example.com>,")
    assert only({"mail": postfix([one, two], nrcpt=2)})["verdict"] == "delivered"
    later = two[0], two[1].replace("status=sent (250 ok)", "status=deferred (full)")
    assert [end["verdict"] for end in only({"mail": postfix([later, one], end=False)})["verdicts"]] == [
        "deferred",
        "delivered",
    ]


def test_sendmails_recipients_are_counted_unless_an_alias_made_others():
    lines = sendmail(2, "to=<ann@mail.example.com>", "mailer=local, pri=1")
    assert only({"mail": lines}, queue="gone")["verdict"] == "unknown"
    assert only({"mail": lines}, queue="mta")["verdict"] == "queued"
    assert only({"mail": sendmail(2, "to=joe", "mailer=local, pri=1")}, queue="gone")["verdict"] == "delivered"
    both = sendmail(2, "to=<ann@mail.example.com>,<joe@mail.example.com>", "mailer=local, pri=1")
    assert only({"mail": both}, queue="gone")["verdict"] == "delivered"


def test_a_qmail_delivery_without_a_result_is_not_accounted_for():
    begun = "@400000006aa12e2a00000001 starting delivery 2: msg 100 to remote late@example.net"
    lines = [line.format("203.0.113.7") for line in QMAIL]
    lines.insert(3, begun)
    for cut, place, verdict in (
        (lines[:-1], "queue", "queued"),
        (lines[:-1], None, "unknown"),
        (lines, None, "unknown"),
    ):
        trace = only({"q": cut}, queue=place)
        assert trace["verdict"] == verdict, trace["verdicts"]
        assert {end["recipient"]: end["verdict"] for end in trace["verdicts"]}["late@example.net"] == verdict


def test_a_qmail_log_that_ends_before_the_message_does_not_tell_of_all_recipients():
    lines = [line.format("203.0.113.7") for line in QMAIL]
    assert only({"q": lines})["verdict"] == "delivered"
    assert only({"q": lines[:-1]}, queue="gone")["verdict"] == "delivered"
    assert only({"q": lines[:-1]}, queue="queue")["verdict"] == "queued"
    assert only({"q": lines[:-1]})["verdict"] == "unknown"


# The queue is elsewhere


@pytest.mark.parametrize("deliveries", [[], [to("smtp", "none", "timeout", status="deferred", dsn="4.4.1")]])
def test_what_waits_in_a_queue_that_nobody_could_look_into_is_not_lost(deliveries):
    problem = "/etc/postfix-out: postconf does not tell where the queues are"
    trace = only({"mail": postfix(deliveries, nrcpt=1, end=False)}, queue_problem=problem)
    (end,) = trace["verdicts"]
    assert trace["verdict"] == ("deferred" if deliveries else "unknown")
    assert "whether it still waits on mail is not known: " + problem in end["text"]


# L8


def test_a_message_of_the_hosts_own_that_a_rule_refuses_came_from_no_client():
    trace = only(
        {
            "mail": [
                "Sep 10 10:00:00 mail postfix/pickup[3]: 4ABCDE1234: uid=0 from=<root>",
                "Sep 10 10:00:00 mail postfix/cleanup[2]: 4ABCDE1234: reject: header Subject: spam from local; "
                "from=<root@mail.example.com> to=<ops@example.net>: 5.7.1 not wanted",
            ]
        }
    )
    assert (trace["verdict"], trace["origin"]) == ("rejected", "mail, by a program of its own")
