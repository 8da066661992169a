# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import re

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.mail import flow as flow_module
from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import Flow, is_short
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader, Span, log_facts, read_all
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers

POSTFIX_FIXTURES = os.path.join(os.path.dirname(__file__), os.pardir, "postfix", "fixtures")
RECORDED = os.path.join(POSTFIX_FIXTURES, "maillog.2.10.1.txt")
LOG = {
    "first": None,
    "last": None,
    "lines": 0,
    "unreadable": 0,
    "unknown": 0,
    "samples": [],
    "other_programs": {},
    "problems": [],
    "gaps": [],
    "complete": True,
}


def lines_of_record():
    with io.open(RECORDED, encoding="utf-8") as stream:
        return stream.read().encode("utf-8").splitlines(True)


def count(lines, **options):
    flow = Flow(**options)
    reader = LogReader(flow, Readers)
    flow.use(reader.lexer)
    reader.feed(b"".join(lines))
    reader.end()
    return flow.facts("relay", dict(log_facts([], reader, Span(), flow.gaps), first=None, last=None))


# What pflogsumm 1.1.5 says of the same log; of the deferred ones the number in brackets, which is that of the attempts.
PFLOGSUMM = {
    "received": 22,
    "sent": 11,
    "forwarded": 1,
    "deferred": 14,
    "bounced": 2,
    "rejected": 3,
    "reject_warnings": 0,
    "held": 0,
    "discarded": 0,
    "received_bytes": 78301,
    "sent_bytes": 4100,
}


def test_the_totals_of_the_recorded_log_are_those_of_pflogsumm():
    totals = count(lines_of_record())["totals"]
    assert dict((name, totals[name]) for name in PFLOGSUMM) == PFLOGSUMM


@pytest.mark.parametrize("name", ["maillog.2.10.1.txt", "maillog-kinds.3.7.11-bookworm.txt"])
def test_how_many_wait_to_be_counted_makes_no_difference(monkeypatch, name):
    with io.open(os.path.join(POSTFIX_FIXTURES, name), encoding="utf-8", newline="\n") as stream:
        text = stream.read().encode("utf-8")
    if not text.startswith(b"20"):
        text = re.sub(b"(?m)^(?=[a-z])", b"Nov 22 07:07:44 relay ", text)
    expected = count([text])
    assert expected["totals"]["sent"] > 3 and expected["totals"]["received"] > 3
    for most in (1, 2, 7):
        monkeypatch.setattr(flow_module, "_MOST_CELLS", most)
        assert count([text]) == expected


# What pflogsumm 1.1.5 says of a line of each kind that real Postfix has written, with oddities that its makers did not
# think of; deferred is again the number of the attempts. The lines are in the order of their kinds, so that sizes tell
# nothing here.
COUNTED = "received sent forwarded deferred bounced rejected reject_warnings held discarded".split()
KINDS = {
    "3.5.25-bullseye": (7, 19, 1, 38, 30, 63, 11, 9, 6),
    "3.7.11-bookworm": (7, 20, 1, 35, 29, 64, 11, 9, 6),
    "3.10-trixie": (7, 20, 1, 37, 29, 65, 11, 11, 6),
}
# Each difference by its name: the lines that make it, and what pflogsumm counts of each of them, which we do not.
DIFFERENCES = {
    "an instance whose syslog_name is not postfix": (br" postfix-out/[a-z]+\[", None),
    "smtpd of a service whose syslog_name is not submission or smtps": (
        br" postfix/(?!submission/|smtps/)[^ /]+/smtpd\[",
        None,
    ),
    "a recipient with > in its quoted local part": (br": to=<\"[^\"]*>[^\"]*\"@", None),
    "a failure that soft_bounce has made a deferral": (br", status=SOFTBOUNCE ", None),
    "what a milter refused, held or discarded, in smtpd's words": (
        br"/smtpd\[[0-9]+\]: [^ ]+ milter-(?:reject|hold|discard): ",
        None,
    ),
    "what a filter before the queue refused, where it is no smtpd that says so itself": (br"\]: proxy-reject: ", None),
    "a warning by header_checks or body_checks refuses nothing": (
        br"/cleanup\[[0-9]+\]: [^ ]+ warning: (?:header|body) ",
        "reject_warnings",
    ),
}  # fmt: skip


@pytest.mark.parametrize("version", sorted(KINDS))
def test_each_difference_to_pflogsumm_has_a_name(version):
    with open(os.path.join(POSTFIX_FIXTURES, "maillog-kinds.{0}.txt".format(version)), "rb") as stream:
        lines = stream.readlines()
    theirs = dict(zip(COUNTED, KINDS[version]))
    for name, (pattern, counted) in DIFFERENCES.items():
        different = [line for line in lines if re.search(pattern, line)]
        assert different, name
        lines = [line for line in lines if line not in different]
        if counted:
            theirs[counted] -= len(different)
    totals = count(lines)["totals"]
    assert dict((name, totals[name]) for name in COUNTED) == theirs


# Of the lines that real Postfix has written, how many tell that a client has reached a limit.
LIMITS = {
    "connections at once (smtpd_client_connection_count_limit)": {"web02.example.com": 1},
    "connection rate (smtpd_client_connection_rate_limit)": {"203.0.113.9": 1},
    "message rate (smtpd_client_message_rate_limit)": {"203.0.113.9": 1},
    "rate of new TLS sessions (smtpd_client_new_tls_session_rate_limit)": {"203.0.113.10": 2},
    "errors in a session (smtpd_hard_error_limit)": {"203.0.113.12": 1, "203.0.113.9": 2, "web01.example.com": 2},
    "size of a message (message_size_limit)": {"(unknown)": 1},
    "time for a command (postscreen_command_time_limit)": {"203.0.113.9": 3, "203.0.113.10": 1},
}


@pytest.mark.parametrize("version", sorted(KINDS))
def test_each_refusal_of_a_limit_is_counted_and_named(version):
    with open(os.path.join(POSTFIX_FIXTURES, "maillog-kinds.{0}.txt".format(version)), "rb") as stream:
        flow = count(stream.readlines())
    assert dict((kind, flow["limits"].get(kind, {}).get("clients")) for kind in LIMITS) == LIMITS
    limited = sum(entry["count"] for entry in flow["limits"].values())
    assert limited == flow["totals"]["limited"] == sum(entry.get("limited", 0) for entry in flow["clients"].values())
    assert limited == sum(entry.get("limited", 0) for entry in flow["hours"].values())


# The lines of which nobody has recorded one, as smtpd.c and postscreen.c of Postfix 3.11 and cf/feature of sendmail 8.17 write them.
@pytest.mark.parametrize(
    "tag, text, kind, client",
    [
        ("postfix/smtpd", "warning: AUTH command rate limit exceeded: 11 from h.example[10.0.0.1] for service smtp", "logins", "h.example"),
        ("postfix/smtpd", "warning: Recipient address rate limit exceeded: 11 from h.example[10.0.0.1] for service smtp", "recipient rate", "h.example"),
        ("postfix/smtpd", "warning: Refusing STARTTLS request from h.example[10.0.0.1] for service smtp", "TLS sessions", "h.example"),
        ("postfix/submission/smtpd", "warning: Connection rate limit exceeded: 9 from unknown[fd00::1]:4711 for service 587",
         "connection rate", "fd00::1"),
        ("postfix/smtpd", "too many errors after DATA (0 bytes) from h.example[10.0.0.1]", "errors", "h.example"),
        ("postfix/postscreen", "NOQUEUE: reject: CONNECT from [10.0.0.1]:4711: too many connections", "at once", "10.0.0.1"),
        ("postfix/postscreen", "NOQUEUE: reject: CONNECT from [10.0.0.1]:4711: all server ports busy", "server processes", "10.0.0.1"),
        ("postfix/postscreen", "reject: connect from [10.0.0.1]:4711: all screening ports busy", "looked at", "10.0.0.1"),
        ("postfix/postscreen", "COMMAND COUNT LIMIT from [10.0.0.1]:4711 after NOOP", "commands", "10.0.0.1"),
        ("postfix/postscreen", "COMMAND LENGTH LIMIT from [10.0.0.1]:4711 after UNKNOWN", "length", "10.0.0.1"),
        ("sendmail", "6AMC4m4E001627: ruleset=check_relay, arg1=h.example, arg2=10.0.0.1, relay=h.example [10.0.0.1], "
         "reject=421 4.3.2 Connection rate limit exceeded.", "ratecontrol", "h.example"),
        ("sendmail", "6AMC4m4E001628: ruleset=check_relay, arg1=h.example, arg2=10.0.0.1, relay=h.example [10.0.0.1], "
         "reject=421 4.3.2 Too many open connections.", "conncontrol", "h.example"),
    ],
)  # fmt: skip
def test_each_limit_counts_once_for_its_client_and_is_no_rejection(tag, text, kind, client):
    flow = count(["Nov 22 07:07:44 r {0}[1]: {1}\n".format(tag, text).encode("ascii")])
    ((name, entry),) = flow["limits"].items()
    assert kind in name and entry["clients"] == {client: 1} and entry["count"] == 1 and entry["sample"]
    assert (flow["totals"]["limited"], flow["totals"]["rejected"], flow["unknown"]) == (1, 0, 0)


@pytest.mark.parametrize(
    "tag, text",
    [
        ("postfix/anvil", "statistics: max connection rate 12/60s for (smtp:203.0.113.9) at Nov 22 07:07:44"),
        ("postfix/smtpd", "lost connection after RCPT from h.example[10.0.0.1]"),
        ("postfix/smtp", "A1B2C3D4: to=<a@b.example>, relay=x.example[1.2.3.4]:25, delay=1, delays=0/0/0/1, dsn=4.7.0, status=deferred "
         "(host x.example[1.2.3.4] said: 421 4.7.0 x.example Error: too many connections from 10.0.0.9)"),
        ("postfix/cleanup", "A1B2C3D4: reject: header Subject: too many connections from h.example[10.0.0.1]; from=<a@b.example> "
         "to=<c@d.example> proto=ESMTP helo=<h.example>: 5.7.1 too many connections"),
    ],
)  # fmt: skip
def test_statistics_and_others_limits_are_no_refusal_of_a_limit(tag, text):
    flow = count(["Nov 22 07:07:44 r {0}[1]: {1}\n".format(tag, text).encode("ascii")])
    assert flow["limits"] == {} and flow["totals"]["limited"] == 0


def test_a_message_that_grew_too_large_is_its_clients():
    flow = count(
        [
            b"Nov 22 07:07:44 r postfix/smtpd[1]: A1B2C3D4: client=h.example[10.0.0.1]\n",
            b"Nov 22 07:07:45 r postfix/smtpd[1]: warning: A1B2C3D4: queue file size limit exceeded\n",
        ]
    )
    assert flow["clients"]["h.example"] == {"received": 1, "limited": 1}


def test_temporary_refusals_are_counted_by_client():
    smtpd = "smtpd[1]: NOQUEUE: reject: RCPT from h.example[10.0.0.1]: {0}; from=<a@b> to=<c@d> proto=ESMTP helo=<h>"
    cleanup = "cleanup[1]: A1: milter-reject: END-OF-MESSAGE from h.example[10.0.0.1]: {0}; from=<a@b> to=<c@d> proto=ESMTP helo=<h>"
    texts = [
        smtpd.format("450 4.1.8 <a@b>: Sender address rejected: Domain not found"),
        smtpd.format("554 5.7.1 <a@b>: Relay access denied"),
        cleanup.format("4.7.1 Service unavailable"),
    ]
    flow = count(["Nov 22 07:07:44 r postfix/{0}\n".format(text).encode("ascii") for text in texts])
    assert flow["clients"]["h.example"] == {"rejected": 3, "rejected_4xx": 2}
    assert (flow["totals"]["rejected"], flow["totals"]["rejected_4xx"]) == (3, 2)


@pytest.mark.parametrize("version", ["2.10.1", "3.7.11-bookworm"])
def test_minutes_add_up_to_the_same_hours(version):
    name = "maillog.2.10.1.txt" if version == "2.10.1" else "maillog-kinds.{0}.txt".format(version)
    with open(os.path.join(POSTFIX_FIXTURES, name), "rb") as stream:
        lines = stream.readlines()
    flow, whole = count(lines, minutes=True), count(lines)
    assert whole["minutes"] is None and len(flow["minutes"]) > len(flow["hours"])
    assert all(int(minute) % 60 == 0 for minute in flow["minutes"])
    assert dict(flow, minutes=None) == whole


def test_names_hours_and_reasons_add_up_to_the_totals():
    flow = count(lines_of_record())
    totals = flow["totals"]
    for name in ("hours", "clients"):
        for what in ("received", "received_bytes", "sent", "deferred", "bounced", "rejected"):
            assert sum(entry.get(what, 0) for entry in flow[name].values()) == totals[what], (name, what)
    for name in ("sender_domains", "recipient_domains", "relays", "recipients"):
        for what in ("sent", "deferred", "bounced"):
            assert sum(entry.get(what, 0) for entry in flow[name].values()) == totals[what], (name, what)
    assert (
        sum(entry["count"] for name, entry in flow["reasons"].items() if name.startswith("deferred"))
        == totals["deferred"]
    )
    assert sum(flow["latency"]["total"].values()) == totals["sent"] + totals["deferred"] + totals["bounced"]
    assert flow["clients"]["localhost"]["received"] == 19
    assert flow["recipient_domains"]["soft.example"]["deferred"] > 5
    assert flow["tls"]["in"]["TLSv1.2"] == 1


def signing(*lines):
    """dict: what is counted of signatures in these lines."""
    return count([("Nov 22 07:07:44 r " + line + "\n").encode("ascii") for line in lines])["dkim"]


def test_what_is_signed_is_counted_by_domain_once_for_each_message_that_the_queue_takes():
    field = "opendkim[4086]: {0}: DKIM-Signature field added (s=relay01, d={1})"
    taken = "postfix/qmgr[1]: {0}: from=<{1}>, size=500, nrcpt=1 (queue active)"
    first = ["postfix/smtpd[1]: AAAAAAA: client=web01[10.0.0.11]", field.format("AAAAAAA", "Example.com")]
    first.append(taken.format("AAAAAAA", "root@example.com"))
    plain = ["postfix/smtpd[1]: BBBBBBB: client=web01[10.0.0.11]", taken.format("BBBBBBB", "a@example.org")]
    bounce = [field.format("CCCCCCC", "example.com"), taken.format("CCCCCCC", "")]
    # A second look at the queue, one that came before this log begins, and one that was signed and then refused.
    again = first[2:] + [taken.format("DDDDDDD", "a@example.com")]
    refused = ["postfix/smtpd[1]: EEEEEEE: client=web01[10.0.0.11]", field.format("EEEEEEE", "example.com")]
    lines = first + plain + bounce + again + refused
    assert signing(*lines) == {"signed": {"example.com": 2}, "unsigned": 1}
    # Where nobody signs that is no news.
    assert signing(*plain) == {"signed": {}, "unsigned": 0}


def test_what_is_signed_and_refused_is_not_remembered_for_ever(monkeypatch):
    monkeypatch.setattr(flow_module, "MOST_MESSAGES", 3)
    flow = Flow()
    for number in range(20):
        flow.signed(None, None, str(number), "example.com", "a")
        assert len(flow._awaited) <= 3


def test_a_part_of_the_time_is_counted_alone():
    whole = count(lines_of_record())
    flow = Flow()
    reader = LogReader(flow, Readers)
    flow.use(reader.lexer)
    reader.feed(lines_of_record()[0])
    middle = reader.lexer.seconds("Nov 22 07:07:45")
    halves = [count(lines_of_record(), until=middle), count(lines_of_record(), since=middle + 0.001)]
    for what in ("received", "sent", "deferred", "bounced", "rejected"):
        assert sum(half["totals"][what] for half in halves) == whole["totals"][what]
    assert 0 < halves[0]["totals"]["received"] < whole["totals"]["received"]


def reach(since=None, until=None, has_older=False, **log):
    facts = Flow(since, until).facts("relay", dict(LOG, **log), lambda: has_older)
    assert facts["reach"][0]["host"] == "relay" and (facts["asked"]["since"], facts["asked"]["until"]) == (since, until)
    return facts["reach"][0]["read"], facts["reach"][0]["late"], facts["complete"]


def test_how_much_of_the_wanted_time_a_log_tells_of():
    whole = {"first": 1000.0, "last": 5000.0, "lines": 9}
    assert reach(**whole) == reach(2000.0, **whole) == reach(2000.0, 3000.0, **whole) == (True, False, True)
    # It begins later; or only the file that is read does.
    assert reach(500.0, **whole) == (True, True, False)
    assert reach(500.0, has_older=True, **whole) == (True, False, True)
    # Nothing of that time has been read, and nothing at all.
    assert reach(6000.0, **whole) == reach(6000.0, has_older=True, **whole) == (False, False, False)
    assert reach(100.0, 900.0, **whole) == (False, True, False)
    assert reach(500.0, has_older=True) == (False, False, False) and reach(500.0) == (False, True, False)
    # Lines of other programs, and such as nobody can read.
    assert reach(first=1000.0, last=5000.0, lines=9, other_programs={"dovecot": 7}, unreadable=2) == (
        False,
        False,
        False,
    )


def test_a_log_that_begins_with_the_mail_system_is_whole():
    def young(since, installed):
        log = dict(LOG, first=1000.0, last=5000.0, lines=9)
        facts = Flow(since, None).facts("relay", log, installed_at=lambda: installed)
        return facts["reach"][0]["late"], facts["reach"][0]["installed"], facts["complete"]

    assert young(500.0, 990.0) == (False, 990.0, True)
    # Not known; there was one before the log, before the wanted time, or only after the log.
    for installed in (None, 1000.0 - 3601, 400.0, 1001.0):
        assert young(-9000.0 if installed and installed < 0 else 500.0, installed) == (True, None, False)
    assert young(1500.0, 990.0) == (False, None, True)


def test_what_is_a_short_period():
    assert is_short(1000.0, None, 1000.0 + 3 * 3600) and is_short(1000.0, 2000.0, 1e9) and is_short(1000.0, 1e9, 2000.0)
    assert not is_short(1000.0, None, 1000.0 + 4 * 3600) and not is_short(None, 2000.0, 3000.0)


def test_memory_does_not_grow_with_the_log(monkeypatch):
    monkeypatch.setattr(flow_module, "MOST_KEYS", 50)
    monkeypatch.setattr(flow_module, "MOST_ADDRESSES", 40)
    monkeypatch.setattr(flow_module, "MOST_MESSAGES", 20)
    flow = Flow()
    reader = LogReader(flow, Readers)
    flow.use(reader.lexer)
    for number in range(2000):
        text = (
            "Nov 22 07:07:44 r postfix/smtpd[1]: A{0:08d}: client=h{0}.example[10.0.0.1]\n"
            "Nov 22 07:07:44 r postfix/qmgr[1]: A{0:08d}: from=<u{0}@s{0}.example>, size=10, nrcpt=1 (queue active)\n"
            "Nov 22 07:07:44 r postfix/smtp[1]: A{0:08d}: to=<r{0}@d{0}.example>, relay=x{0}[1.2.3.4]:25, delay=1, delays=0/0/0/1, "
            "dsn=4.0.{0}, status=deferred (reason {0})\n"
        )
        reader.feed(text.format(number).encode("ascii"))
    facts = flow.facts("r", LOG)
    assert facts["totals"]["received"] == facts["totals"]["deferred"] == 2000
    for name in ("clients", "sender_domains", "recipient_domains", "senders", "recipients", "relays", "reasons"):
        assert len(facts[name]) <= (41 if name in ("senders", "recipients") else 52), name
    assert facts["clients"]["(others)"]["received"] == 1950
    assert len(flow._young) + len(flow._old) <= 40


def test_the_first_recipients_are_counted_by_name_on_each_python(monkeypatch):
    monkeypatch.setattr(flow_module, "MOST_ADDRESSES", 20)
    line = (
        "Nov 22 07:07:44 r postfix/smtp[1]: A{0:08d}: to=<{1}{0}@D{2}.example>, relay=x[1.2.3.4]:25, delay=1, delays=0/0/0/1, "
        "dsn=2.0.0, status=sent (250 ok)\n"
    )
    facts = count([line.format(number % 300, "Rr"[number // 300], number % 7).encode("ascii") for number in range(600)])
    assert facts["recipients"] == dict(
        [("r{0}@d{1}.example".format(number, number % 7), {"sent": 1}) for number in range(20)]
        + [("(others)", {"sent": 580})]
    )
    assert sum(entry["sent"] for entry in facts["recipient_domains"].values()) == 600


@pytest.mark.parametrize(
    "tag, text, lost",
    [
        ("rsyslogd", "imuxsock lost 243 messages from pid 12 due to rate-limiting", 243),
        ("rsyslogd-2177", "imuxsock begins to drop messages from pid 12 due to rate-limiting", 0),
        ("rsyslogd", "imjournal: 1345 messages lost due to rate-limiting (20000 allowed within 600 seconds)", 1345),
        ("rsyslogd", "imtcp(0.0.0.0:514) from <relay:postfix/smtpd>: 12 messages lost due to rate-limiting", 12),
        ("systemd-journald[88]", "Suppressed 4711 messages from postfix.service", 4711),
        ("systemd-journald[88]", "Forwarding to syslog missed 15 messages.", 15),
        ("systemd-journald[88]", "Failed to write entry (9 items, 300 bytes), ignoring: No space left on device", 0),
    ],
)
def test_lines_that_were_lost_make_the_result_incomplete(tag, text, lost):
    flow = count(["Nov 22 07:07:44 r {0}: {1}\n".format(tag, text).encode("ascii")])
    assert [gap["lost"] for gap in flow["gaps"]] == [lost] and flow["lost"] == lost
    assert not flow["complete"]


def test_qmails_results_whose_start_lies_before_the_log_are_counted():
    facts = count(
        [
            b"@400000006aa12e2a00000000 delivery 7: success: 192.0.2.20_accepted_message./Remote_host_said:_250_ok/\n",
            b"@400000006aa12e2a00000000 delivery 8: failure: Sorry,_no_mailbox_here._(#5.1.1)/\n",
        ]
    )
    assert (facts["totals"]["sent"], facts["totals"]["bounced"]) == (1, 1) and facts["complete"]
    assert facts["recipients"] == {"(unknown)": {"sent": 1, "bounced": 1}} and "192.0.2.20" in facts["relays"]


def test_names_of_the_big_providers_codes():
    line = (
        "Nov 22 07:07:44 r postfix/smtp[1]: A1B2C3D4: to=<a@gmail.com>, relay=gmail-smtp-in.l.google.com[1.2.3.4]:25, delay=1, "
        "delays=0/0/0/1, dsn=4.7.28, status=deferred (host gmail-smtp-in.l.google.com[1.2.3.4] said: 421-4.7.28 unusual rate of "
        "mail - gsmtp)\n"
    )
    assert list(count([line.encode("ascii")])["reasons"]) == ["deferred 4.7.28 Google: rate limit"]


# What Postfix 3.7.11 of Debian 12 logged of mail to domains with right, wrong and no TLSA records, and to one that is not signed.
DANE = os.path.join(POSTFIX_FIXTURES, "maillog.dane.3.7.11.txt")


def test_dane_is_told_from_other_verified_connections_where_somebody_knows():
    with io.open(DANE, "rb") as stream:
        lines = stream.readlines()
    asked = []

    def is_dane(tag, recipient):
        asked.append((tag, recipient))
        return True

    flow = count(lines, is_dane=is_dane)
    server = "[203.0.113.226]:25"
    assert flow["tls_hops"] == {
        "mxgood.dane.example" + server: {"dane": 1},
        "mxnone.dane.example" + server: {"encrypted": 1},
        "mx01.example.net" + server: {"encrypted": 1},
    }
    assert asked == [("postfix/smtp", "x@good.dane.example")]
    assert flow["relays"]["mxbad.dane.example" + server] == {"deferred": 1} and flow["tls"]["out"] == {"TLSv1.3": 3}
    for known in (None, lambda _tag, _recipient: False):
        assert count(lines, is_dane=known)["tls_hops"]["mxgood.dane.example" + server] == {"verified": 1}


def test_a_next_hop_without_tls_is_clear_where_the_log_tells_of_tls_at_all():
    with io.open(DANE, "rb") as stream:
        lines = stream.readlines()
    plain = [line for line in lines if b"TLS connection established to mxnone" not in line]
    assert count(plain)["tls_hops"]["mxnone.dane.example[203.0.113.226]:25"] == {"clear": 1}
    assert count([line for line in lines if b"TLS connection" not in line])["tls_hops"] == {}


def test_what_a_filter_before_the_queue_refuses_is_rejected():
    flow = count(
        [
            b"Nov 22 07:07:44 relay postfix/smtpd[1]: proxy-reject: END-OF-MESSAGE: 554 5.7.1 spam; from=<a@example.com> "
            b"to=<b@example.net> proto=ESMTP helo=<x>\n"
        ]
    )
    assert (flow["totals"]["rejected"], flow["clients"]) == (1, {"(unknown)": {"rejected": 1}})


def test_what_a_program_of_the_host_sends_and_a_rule_refuses_is_this_hosts():
    """Postfix 3.7.11 with header_checks; a client called "local" there is none."""
    flow = count(
        [
            b"Nov 22 07:07:44 relay postfix/pickup[3]: 4ABCDE1234: uid=0 from=<root>\n"
            b"Nov 22 07:07:44 relay postfix/cleanup[2]: 4ABCDE1234: reject: header Subject: spam from local; "
            b"from=<root@relay.example.com> to=<ops@example.net>: 5.7.1 not wanted\n"
        ]
    )
    assert flow["clients"] == {"(this host)": {"received": 1, "rejected": 1}}


def delivered(stamp, to, answer=""):
    end = (
        "dsn=4.7.0, status=deferred (host mx[192.0.2.1] said: 421 4.7.0 too fast)"
        if answer
        else "dsn=2.0.0, status=sent (ok)"
    )
    return "{0} relay postfix/smtp[9]: A1B2C3D4E5: to=<{1}>, relay=mx[192.0.2.1]:25, delay=1, delays=1/0/0/0, {2}\n".format(
        stamp, to, end
    ).encode("ascii")


@pytest.mark.parametrize("most", [1, 5000])
def test_what_was_taken_counts_from_the_first_answer_on(monkeypatch, most):
    monkeypatch.setattr(flow_module, "_MOST_CELLS", most)
    lines = [
        delivered("Nov 28 10:00:01", "a@example.com"),
        delivered("Nov 28 10:00:02", "a@example.com", "too fast"),
        delivered("Nov 28 10:00:03", "b@Example.com"),
        delivered("Nov 28 10:00:04", "b@example.net"),
        delivered("Nov 28 10:01:01", "a@example.com"),
        delivered("Nov 28 10:01:02", "b@example.com", "too fast"),
        delivered("Nov 28 10:01:03", "a@example.com"),
        delivered("Nov 28 11:01:04", "a@example.com"),
        delivered("Nov 28 11:02:01", "", "too fast"),
        delivered("Nov 28 11:02:02", ""),
    ]
    flow = count(lines)
    found = dict((way, (entry["count"], entry["minutes"], entry["taken"])) for way, entry in flow["too_fast"].items())
    assert found == {"example.com": (2, 2, 3), "": (1, 1, 1)}
    assert flow["recipients"]["(unknown)"] == flow["recipient_domains"]["(unknown)"] == {"deferred": 1, "sent": 1}


class File(object):
    name, problems, cut = "mail.log", (), 0

    def __init__(self, reference, *lines):
        self.reference = reference
        self._lines = lines

    def blocks(self):
        return [b"".join(self._lines)]


def test_what_was_taken_is_of_the_year_of_its_file():
    older = File(
        1764331200.0,
        delivered("Nov 28 10:00:02", "a@example.com", "too fast"),
        delivered("Nov 28 10:00:03", "b@example.com"),
    )
    newer = File(1795867200.0, delivered("Nov 28 10:00:03", "a@example.net"))
    flow = Flow()
    read_all([older, newer], flow, Readers)
    found = flow.facts("relay", LOG)["too_fast"]["example.com"]
    assert (found["minutes"], found["taken"]) == (1, 1)
