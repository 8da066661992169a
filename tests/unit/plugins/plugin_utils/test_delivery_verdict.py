# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, finish
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
from ansible_collections.mailops.relay.plugins.plugin_utils.delivery_verdict import Judge, Ways, on_the_way, put_off
from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site, describe

NOW = 1795331300.0
# 2026-11-22T07:07:44.5+00:00, the time of every line.
LINES = 1795331264.5
LOG = {"first": 1795331000.0, "last": NOW, "complete": True, "problems": [], "gaps": []}
SENT = {"message_id": "<1@web01>", "submitted_at": LINES - 0.25}
HOSTS = {
    "relay": {"names": ["relay", "relay.example.com"], "addresses": ["10.0.0.1"]},
    "relay2": {"names": ["relay2"], "addresses": ["10.0.0.2"]},
    "web01": {"names": ["web01"], "addresses": []},
}
VERIFIED = "Verified TLS connection established to relay.example.com[10.0.0.1]:587: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)"
CLIENT = """\
postfix/pickup[1]: AAAAAAA: uid=0 from=<root>
postfix/cleanup[1]: AAAAAAA: message-id=<1@web01>
postfix/qmgr[1]: AAAAAAA: from=<root@web01>, size=300, nrcpt=1 (queue active)
postfix/smtp[1]: {tls}
postfix/smtp[1]: AAAAAAA: to=<ops@example.net>, relay={relay}, delay=0.1, delays=0/0/0/0.1, dsn=2.0.0, status={status}
"""
HANDED = "sent (250 2.0.0 Ok: queued as BBBBBBB)"
TO_RELAY = "relay.example.com[10.0.0.1]:587"
RELAY = """\
postfix/smtpd[1]: BBBBBBB: client=web01.example.com[10.0.0.11]
postfix/cleanup[1]: BBBBBBB: message-id=<1@web01>
postfix/qmgr[1]: BBBBBBB: from=<root@web01>, size=500, nrcpt=1 (queue active)
postfix/smtp[1]: BBBBBBB: to=<ops@example.net>, relay={relay}, delay=0.5, delays=0/0/0/0.1, dsn=2.0.0, status={status}
"""
TO_MX = "mx.example.net[203.0.113.2]:25"
SENDMAIL = """\
sendmail[5]: 6APFCcNE001841: from=root@web01, size=426, class=0, nrcpts=1, msgid=<1@web01>, relay=root@localhost
sm-mta[6]: 6APFCcRQ001842: from=<root@web01>, size=580, class=0, nrcpts=1, msgid=<1@web01>, proto=ESMTP, daemon=MTA-v4, relay=localhost [127.0.0.1]
sendmail[5]: 6APFCcNE001841: to=ops@example.net, delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30426, relay=[127.0.0.1] [127.0.0.1], \
dsn=2.0.0, stat=Sent (6APFCcRQ001842 Message accepted for delivery)
sm-mta[7]: STARTTLS=client, relay=relay.example.com., version=TLSv1.3, verify={verify}, cipher=TLS_AES_256_GCM_SHA384, bits=256/256
sm-mta[7]: 6APFCcRQ001842: to=<ops@example.net>, delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30580, \
relay=relay.example.com. [10.0.0.1], dsn={dsn}, stat={stat}
"""


def client(status=HANDED, relay=TO_RELAY, tls=VERIFIED):
    return CLIENT.format(status=status, relay=relay, tls=tls)


def relay(status="sent (250 ok)", relay=TO_MX):
    return RELAY.format(status=status, relay=relay) + (
        "postfix/qmgr[1]: BBBBBBB: removed\n" if status.startswith("sent") else ""
    )


def told(text, log=None, **changes):
    """What mail_log_info returns of a host with this log."""
    assembler = Assembler()
    reader = LogReader(assembler, Readers)
    assembler.use(reader.lexer)
    reader.feed(
        "".join("2026-11-22T07:07:44.5+00:00 h {0}\n".format(line) for line in text.splitlines()).encode("ascii")
    )
    messages = [dict(finish(hop), **dict({"queue": None, "next_try": None}, **changes)) for hop in assembler.hops]
    return {
        "messages": messages,
        "rejects": [],
        "total": len(messages),
        "log": dict(LOG, **log or {}),
        "host": {"names": [], "addresses": []},
    }


def ways(results):
    site = Site(HOSTS, results)
    return site, Ways(describe(site, NOW), ["relay"])


def verdict(of_client, of_relay=None, sent=None, needs="verified", has_tls=True, signers=()):
    results = dict(
        (name, [result]) for name, result in (("web01", of_client), ("relay", of_relay)) if result is not None
    )
    site, found = ways(results)
    return Judge(site, found, ["relay"], "ops@example.net", signers).verdict("web01", sent or SENT, needs, has_tls)


def test_a_message_that_arrived():
    row = verdict(told(client()), told(relay()))
    # 0.25 s to the relay, by the client's clock, and 0.5 s there, as Postfix measured it.
    assert row["seen"] == "delivered in 0.8 s over verified TLS (TLSv1.3 TLS_AES_256_GCM_SHA384)"
    assert (row["status"], row["verdict"], row["cause"], row["todo"], row["seconds"]) == (
        "ok",
        "delivered",
        "",
        "",
        0.75,
    )
    assert [(hop["host"], hop["queue_id"]) for hop in row["hops"]] == [("web01", "AAAAAAA"), ("relay", "BBBBBBB")]


SIGNED = "opendkim[9]: BBBBBBB: DKIM-Signature field added (s=relay01, d=example.com)\npostfix/qmgr"


@pytest.mark.parametrize(
    "signed, sender, signers, status, words",
    [
        (True, "root@web01.example.com", ["example.com"], "ok", ", signed (DKIM, d=example.com, s=relay01)"),
        (True, "root@web01.example.com", [], "ok", ", signed (DKIM, d=example.com, s=relay01)"),
        (False, "root@web01.example.com", [], "ok", "GCM_SHA384)"),
        (False, "root@web01.example.org", ["example.com"], "ok", ", not signed"),
        (False, "", ["example.com"], "ok", ", not signed"),
        (False, "root@notexample.com", ["example.com"], "ok", ", not signed"),
        (
            False,
            "root@web01.example.com",
            ["example.org", "example.com"],
            "failed",
            ", not signed, though relay signs for example.com",
        ),
        (False, "root@Example.com", ["example.com"], "failed", ", not signed, though relay signs for example.com"),
    ],
)
def test_who_has_signed_it_is_said_and_what_leaves_unsigned_is_not_well(signed, sender, signers, status, words):
    text = relay().replace("root@web01", sender)
    if signed:
        text = text.replace("postfix/qmgr", SIGNED, 1)
    row = verdict(told(client()), told(text), signers={"relay": signers})
    assert row["status"] == status and row["seen"].endswith(words)
    assert row["signed"] == (["DKIM, d=example.com, s=relay01"] if signed else [])
    assert (row["cause"], bool(row["todo"])) == (("not_signed", True) if status == "failed" else ("", False))
    # What did not go out is not asked for its signature.
    assert "signed" not in verdict(told(client()), told(relay("deferred (x)")), signers={"relay": signers})["seen"]


def test_a_message_that_is_not_well_for_another_reason_keeps_it():
    row = verdict(told(client(tls="")), told(relay()), signers={"relay": ["web01"]})
    assert row["status"] == "failed" and row["cause"].startswith("tls") and row["seen"].endswith(", not signed")


def test_clocks_that_differ_and_whole_seconds_make_no_time_negative():
    later = told(relay())
    for hop in later["messages"]:
        for key in ("first", "last", "arrival", "removed"):
            hop[key] -= 300
        for delivery in hop["deliveries"]:
            delivery["time"] -= 300
    # The client's own measure of 0.1 s is better than its log, which seems to be before the submission.
    assert verdict(told(client()), later, sent=dict(SENT, submitted_at=LINES + 0.5))["seconds"] == 0.6


def test_relays_one_after_the_other():
    first = told(relay("sent (250 2.0.0 Ok: queued as CCCCCCC)", "relay2[10.0.0.2]:25"))
    second = told(
        relay().replace("BBBBBBB", "CCCCCCC").replace("web01.example.com[10.0.0.11]", "relay.example.com[10.0.0.1]")
    )
    results = {"web01": [told(client())], "relay": [first], "relay2": [second]}
    site = Site(HOSTS, results)
    found = Ways(describe(site, NOW), ["relay", "relay2"])
    row = Judge(site, found, ["relay", "relay2"], "ops@example.net").verdict("web01", SENT, "verified")
    assert (row["status"], row["seconds"]) == ("ok", 1.25) and "verified TLS" in row["seen"]
    del results["relay2"]
    row = Judge(site, Ways(describe(site, NOW), ["relay", "relay2"]), ["relay", "relay2"], "ops@example.net").verdict(
        "web01", SENT, "verified"
    )
    assert row["seen"] == "lost from sight at relay2"


def test_a_sendmail_client_with_its_two_hops():
    row = verdict(told(SENDMAIL.format(verify="OK", dsn="2.0.0", stat="Sent (Ok: queued as BBBBBBB)")), told(relay()))
    assert row["status"] == "ok" and "over verified TLS (TLSv1.3" in row["seen"]
    assert sorted(hop["mta"] for hop in row["hops"]) == ["postfix", "sendmail", "sendmail"]


@pytest.mark.parametrize(
    "tls, words",
    [
        (VERIFIED.replace("Verified", "Trusted"), "over TLS with a trusted certificate of another name (TLSv1.3"),
        (VERIFIED.replace("Verified", "Untrusted"), "over TLS with a certificate that was not verified (TLSv1.3"),
        (VERIFIED.replace("Verified", "Anonymous"), "over TLS with a certificate that was not verified (TLSv1.3"),
        ("warning: nothing", "without TLS"),
    ],
)
def test_TLS_that_is_less_than_wanted(tls, words):
    of_client = told(client(tls=tls))
    row = verdict(of_client, told(relay()))
    assert (row["status"], row["verdict"], row["cause"]) == ("failed", "delivered", "tls_too_weak")
    assert words in row["seen"] and row["todo"].startswith("Converge the client")
    assert verdict(of_client, told(relay()), needs="none")["status"] == "ok"
    assert (verdict(of_client, told(relay()), needs="encrypted")["status"] == "ok") == ("without" not in words)


def test_a_client_that_does_not_log_its_TLS_is_not_taken_for_one_without():
    text = "postfix/smtpd[1]: Anonymous TLS connection established from web01.example.com[10.0.0.11]: TLSv1.3 with cipher X (256/256 bits)\n"
    of_client, of_relay = told(client(tls="warning: nothing")), told(text + relay())
    row = verdict(of_client, of_relay)
    assert (
        row["cause"] == "tls_too_weak"
        and "over TLS as relay says (TLSv1.3 X); the log of web01 does not tell" in row["seen"]
    )
    assert verdict(of_client, of_relay, needs="encrypted")["status"] == "ok"


def test_without_the_clients_log_its_TLS_is_not_known():
    row = verdict({"problem": "no log of mail was found"}, told(relay()))
    assert (row["status"], row["cause"]) == ("failed", "tls_not_known")
    assert "the log of web01 does not have it" in row["seen"] and "no log of mail was found" in row["detail"]


def test_qmail_has_no_TLS_and_no_Message_ID_in_its_log():
    text = (
        "qmail: 1795331264.500000 new msg 7\n"
        "qmail: 1795331264.500000 info msg 7: bytes 300 from <root@web01> qp 9 uid 0\n"
        "qmail: 1795331264.500000 starting delivery 1: msg 7 to remote ops@example.net\n"
        "qmail: 1795331264.500000 delivery 1: success: 10.0.0.1_accepted_message./Remote_host_said:_250_2.0.0_Ok:_queued_as_BBBBBBB/\n"
        "qmail: 1795331264.500000 end msg 7\n"
    )
    row = verdict(told(text), told(relay()), has_tls=False)
    assert row["status"] == "ok" and row["seen"] == "delivered in 0.8 s, no TLS (qmail has none)"
    assert [hop["mta"] for hop in row["hops"]] == ["qmail", "postfix"]


def test_what_qmail_says_of_a_relay_that_does_not_answer():
    text = (
        "qmail: 1795331264.500000 new msg 7\n"
        "qmail: 1795331264.500000 info msg 7: bytes 300 from <root@web01> qp 9 uid 0\n"
        "qmail: 1795331264.500000 starting delivery 1: msg 7 to remote ops@example.net\n"
        "qmail: 1795331264.500000 delivery 1: deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/\n"
    )
    row = verdict(told(text, queue="queue", next_try=NOW + 400), told(""), has_tls=False)
    assert (row["verdict"], row["cause"]) == ("deferred", "no_connection")
    assert (
        row["seen"] == "deferred on web01: it gets no connection to relay; qmail does not say why"
        and "on relay (systemctl" in row["todo"]
    )


CONNECT = "deferred (connect to relay.example.com[10.0.0.1]:587: {0})"
QUEUED = {"queue": "deferred", "next_try": NOW + 60}


@pytest.mark.parametrize(
    "status, cause, words",
    [
        (CONNECT.format("Connection refused"), "refused", "port 587 of relay refuses connections"),
        (
            CONNECT.format("No route to host"),
            "no_way",
            "port 587 of relay is closed by a firewall, or there is no route to it",
        ),
        (CONNECT.format("Network is unreachable"), "no_way", "there is no route"),
        (CONNECT.format("Connection timed out"), "silent", "port 587 of relay does not answer"),
        ("deferred (Server certificate not verified)", "certificate", "does not trust the certificate of relay"),
        (
            "deferred (TLS is required, but was not offered by host relay.example.com[10.0.0.1])",
            "no_tls",
            "must use TLS",
        ),
        ("deferred (Cannot start TLS: handshake failure)", "tls_failed", "could not be started"),
        # Postfix 3.7.11, while OpenDKIM is stopped.
        (
            "deferred (TLS is required, but host relay01[10.20.8.10] refused to start TLS: 454 4.3.0 Try again later)",
            "filter",
            "does not answer",
        ),
        (
            "deferred (Host or domain name not found. Name service error for name=relay.example.com type=A: Host not found)",
            "name",
            "find the address",
        ),
        (
            "deferred (host relay.example.com[10.0.0.1] said: 450 4.7.1 come later (in reply to RCPT TO command))",
            "relay_said_no",
            "did not take it",
        ),
        ("deferred (mail transport unavailable)", "client", "before any relay"),
    ],
)
def test_what_stuck_on_the_client(status, cause, words):
    row = verdict(told(client(status, "none", "warning: nothing"), **QUEUED))
    assert (row["status"], row["verdict"], row["cause"]) == ("failed", "deferred", cause)
    assert row["seen"].startswith("deferred on web01") and words in row["seen"] and row["todo"]
    assert "still in the queue of web01 (deferred), next attempt" in row["detail"]


SAID = "deferred (host relay.example.com[10.0.0.1] said: {0} (in reply to RCPT TO command))"


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        # Postfix 3.7.11, with an unknown restriction, a table that is not there, no room, and a key that is not there.
        ("451 4.3.5 Server configuration error", "relay_broken"),
        ("451 4.3.5 <app@web01>: Sender address rejected: Server configuration error", "relay_broken"),
        ("451 4.3.5 <web01[10.0.0.11]>: Client host rejected: Server configuration error", "relay_broken"),
        ("452 4.3.1 Insufficient system storage", "relay_full"),
        # Made up, with the words of Postfix's and sendmail's source.
        ("451 4.3.5 Server configuration problem", "relay_broken"),
        ("451 4.3.0 <ops@example.net>: Temporary lookup failure", "relay_broken"),
        ("452 4.4.5 Insufficient disk space; try again later", "relay_full"),
        ("452 4.5.3 Error: too many recipients", "too_many_recipients"),
        ("452 4.5.3 Too many recipients", "too_many_recipients"),
        ("421 4.7.0 web01.example.com Error: too many connections from 10.0.0.11", "rate_limit"),
        ("450 4.7.1 Error: too much mail from 10.0.0.11", "rate_limit"),
        ("450 4.7.1 Error: too many recipients from 10.0.0.11", "rate_limit"),
        ("421 4.3.2 All server ports are busy", "busy"),
        ("421 4.3.2 Service not available, closing transmission channel", "busy"),
        (
            "450 4.2.0 <ops@example.net>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/",
            "greylisting",
        ),
        ("451 4.7.1 Greylisting in action, please come back later", "greylisting"),
        ("454 4.7.0 TLS not available due to local problem", "relay_without_tls"),
        ("454 4.7.1 <ops@example.net>: Relay access denied", "denied"),
        ("554 5.7.1 <ops@example.net>: Relay access denied", "denied"),
        ("550 5.7.1 <ops@example.net>... Relaying denied", "denied"),
        ("530 5.7.0 Must issue a STARTTLS command first", "no_tls"),
        ("530 5.7.0 Authentication required", "login_required"),
        ("535 5.7.8 Error: authentication failed: ", "login_failed"),
        ("550 5.7.1 Service unavailable; Client host [10.0.0.11] blocked using zen.example.org", "blocked"),
        ("450 4.7.25 Client host rejected: cannot find your hostname, [10.0.0.11]", "name_of_client"),
        ("504 5.5.2 <web01>: Helo command rejected: need fully-qualified hostname", "name_of_client"),
        ("450 4.1.8 <app@web01.invalid>: Sender address rejected: Domain not found", "sender_domain"),
        ("450 4.1.2 <ops@example.invalid>: Recipient address rejected: Domain not found", "recipient_domain"),
        ("550 5.1.1 <ops@example.com>: Recipient address rejected: User unknown in local recipient table", "mailbox"),
        ("552 5.3.4 Message size exceeds fixed limit", "too_large"),
        ("552 5.3.4 Error: message file too big", "too_large"),
        ("451 4.7.1 Service unavailable - try again later", "filter"),
        ("554 5.7.1 <web01[10.0.0.11]>: Client host rejected: Access denied", "denied"),
    ],
)
def test_each_reply_of_a_relay_has_a_cause_of_its_own(reply, cause):
    for said in (
        SAID.format(reply),
        "deferred (host relay.example.com[10.0.0.1] refused to talk to me: {0})".format(reply),
    ):
        row = verdict(told(client(said, "none", "warning: nothing"), **QUEUED))
        assert (row["status"], row["cause"]) == ("failed", cause), row["seen"]
        assert "relay" in row["seen"] and row["todo"]


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        ("451 4.3.5 Server configuration error", "next_hop_broken"),
        ("451 4.3.0 <ops@example.net>: Temporary lookup failure", "next_hop_broken"),
        ("452 4.3.1 Insufficient system storage", "next_hop_full"),
        ("452 4.5.3 Too many recipients", "too_many_recipients"),
        ("452 4.2.2 The email account that you tried to reach is over quota", "mailbox"),
        ("450 4.2.0 <ops@example.net>: Recipient address rejected: Greylisted", "greylisting"),
        ("421 4.7.0 mx Error: too many connections from 203.0.113.4", "next_hop_rate_limit"),
        ("421 4.3.2 Service not available", "next_hop_busy"),
        ("454 4.7.1 <ops@example.net>: Relay access denied", "next_hop_denied"),
        ("554 5.7.1 <ops@example.net>: Relay access denied", "next_hop_denied"),
        ("530 5.7.0 Authentication required", "next_hop_login"),
        ("552 5.3.4 Message size exceeds fixed limit", "too_large"),
        ("550 5.7.1 SPF says no", "policy"),
        ("550 5.1.1 no such user", "mailbox"),
    ],
)
def test_each_reply_of_the_next_mail_system_has_a_cause_of_its_own(reply, cause):
    said = "deferred (host mx.example.net[203.0.113.2] said: {0} (in reply to RCPT TO command))".format(reply)
    row = verdict(told(client()), told(relay(said), **QUEUED))
    assert (row["status"], row["cause"]) == ("failed", cause), row["seen"]


def test_what_a_relay_says_of_itself_is_not_the_next_mail_systems_fault():
    said = "451 4.3.5 <END-OF-MESSAGE>: End-of-data rejected: Server configuration problem"
    row = verdict(told(client()), told(relay(f"deferred ({said})"), **QUEUED))
    assert row["cause"] == "relay_broken" and "the configuration of relay itself is broken" in row["seen"]


COMPLAINT = {
    "program": "smtpd",
    "text": 'warning: unknown smtpd restriction: "permit_mynetwork"',
    "time": LINES,
    "count": 3,
}


def test_a_broken_relay_is_named_with_the_lines_that_say_why():
    others = [
        dict(COMPLAINT, time=LINES - 3600, text="warning: long ago"),
        dict(COMPLAINT, program="smtp", text="warning: of what it sends"),
    ]
    relay_log = dict(told(""), complaints=others + [COMPLAINT])
    row = verdict(told(client(SAID.format("451 4.3.5 Server configuration error")), **QUEUED), relay_log)
    assert row["cause"] == "relay_broken" and "the configuration of relay itself is broken" in row["seen"]
    assert row["log"] == ['relay smtpd: warning: unknown smtpd restriction: "permit_mynetwork"']
    many = dict(told(""), complaints=[dict(COMPLAINT, text=f"warning: {number}\n") for number in range(30)])
    row = verdict(told(client(SAID.format("451 4.3.5 Server configuration error")), **QUEUED), many)
    assert [line[-2:] for line in row["log"]] == ["25", "26", "27", "28", "29"]


def test_a_relay_that_cannot_send_for_its_own_configuration_is_named():
    row = verdict(
        told(client()),
        dict(told(relay("deferred (mail transport unavailable)", "none"), **QUEUED), complaints=[COMPLAINT]),
    )
    assert row["cause"] == "relay_broken" and "relay itself" in row["seen"] and row["log"]


@pytest.mark.parametrize(
    ("status", "target"),
    [
        ("deferred (connect to mx.example.net[203.0.113.2]:25: Connection timed out)", "none"),
        (
            "deferred (Host or domain name not found. Name service error for name=example.net type=MX: Host not found, try again)",
            "none",
        ),
        ("bounced (host mx.example.net[203.0.113.2] said: 550 5.7.1 SPF says no)", "mx.example.net[203.0.113.2]:25"),
    ],
)
def test_a_client_that_sends_past_the_relay_is_not_sent_to_its_dns(status, target):
    row = verdict(told(client(status, target, "warning: nothing"), **QUEUED))
    assert row["cause"] == "not_a_client" and "does not send through the relay" in row["seen"]
    assert "mailops.relay.site --limit web01" in row["todo"]


def test_a_client_for_which_the_relay_does_not_relay():
    said = "bounced (host relay.example.com[10.0.0.1] said: 554 5.7.1 <ops@example.net>: Relay access denied (in reply to RCPT TO command))"
    row = verdict(told(client(said)))
    assert (row["verdict"], row["cause"]) == ("bounced", "denied") and "relay_server_networks" in row["todo"]


@pytest.mark.parametrize(
    "verify, stat, cause",
    [
        ("FAIL", "Deferred: 454 4.7.0 authentication failed", "certificate"),
        ("OK", "Deferred: Connection refused by relay.example.com.", "refused"),
        ("OK", "Deferred: relay.example.com.: No route to host", "no_way"),
        ("OK", "Deferred: Connection timed out with relay.example.com.", "silent"),
    ],
)
def test_what_stuck_on_a_sendmail_client(verify, stat, cause):
    row = verdict(told(SENDMAIL.format(verify=verify, dsn="4.0.0", stat=stat), queue="mta"))
    assert (row["verdict"], row["cause"]) == ("deferred", cause)
    assert "still in the queue of web01 (mta)" in row["detail"]


def test_sendmails_own_daemon_is_not_the_relay():
    text = SENDMAIL.splitlines()[0] + (
        "\nsendmail[5]: 6APFCcNE001841: to=ops@example.net, delay=00:00:00, xdelay=00:00:00, mailer=relay, pri=30426, "
        "relay=[127.0.0.1], dsn=4.0.0, stat=Deferred: Connection refused by [127.0.0.1]\n"
    )
    row = verdict(told(text, queue="submission"))
    assert row["cause"] == "own_daemon" and "its own mail daemon does not answer" in row["seen"]


@pytest.mark.parametrize(
    "status, verdict_, cause",
    [
        (
            "deferred (connect to mx.example.net[203.0.113.2]:25: Connection refused)",
            "deferred",
            "next_hop_unreachable",
        ),
        (
            "bounced (Host or domain name not found. Name service error for name=example.net type=A: Host not found)",
            "bounced",
            "next_hop_not_found",
        ),
        ("bounced (host mx.example.net[203.0.113.2] said: 550 5.7.26 SPF check failed)", "bounced", "policy"),
        ("bounced (host mx.example.net[203.0.113.2] said: 550 5.1.1 no such user)", "bounced", "mailbox"),
        ("deferred (host mx.example.net[203.0.113.2] said: 451 later)", "deferred", "next_hop"),
    ],
)
def test_what_stuck_at_the_relay(status, verdict_, cause):
    row = verdict(told(client()), told(relay(status), queue="deferred", next_try=NOW + 60))
    assert (row["status"], row["verdict"], row["cause"]) == ("failed", verdict_, cause)
    assert row["seen"].startswith(verdict_ + " on relay: ") and row["tls"].startswith("Verified TLSv1.3")
    assert row["detail"] and row["todo"] and "{" not in row["todo"] + row["seen"]


@pytest.mark.parametrize(
    "of_relay, cause, words",
    [
        (None, "no_log", "relay was not asked"),
        ({"problem": "no log of mail was found"}, "no_log", "relay could not be asked: no log of mail was found"),
        (told("", log={"first": None}), "no_log", "no log of mail that could be read"),
        (told("", log={"gaps": [{"text": "9 lost"}], "complete": False}), "log_gap", "it is not complete"),
        (told(""), "lost", "has no such message"),
    ],
)
def test_where_it_is_lost_from_sight(of_relay, cause, words):
    row = verdict(told(client()), of_relay)
    assert (row["verdict"], row["cause"]) == ("lost", cause)
    assert row["seen"] == "lost from sight at relay" and words in row["detail"] and "relay" in row["todo"]


def test_a_message_that_nobody_has_seen():
    row = verdict(told(""), told(""))
    assert (row["verdict"], row["cause"]) == ("lost", "not_picked_up") and "the log of web01 from" in row["detail"]
    assert verdict({"problem": "no log"}, told(""))["cause"] == "no_log"


@pytest.mark.parametrize("unreachable", [True, False])
def test_a_client_that_sent_nothing(unreachable):
    row = verdict(None, None, sent={"problem": "no\nway", "unreachable": unreachable})
    assert row["cause"] == ("unreachable" if unreachable else "not_sent")
    assert row["status"] == "failed" and row["detail"] == "no way" and "web01" in row["todo"]


def test_a_client_that_was_never_converged_is_told_to_be():
    row = verdict(None, None, sent={"problem": "it sends to x", "unreachable": False, "kind": "not_a_client"})
    assert (row["status"], row["cause"], row["seen"]) == ("failed", "not_a_client", "does not send through the relay")
    assert (
        row["todo"] == "Converge it: ansible-playbook mailops.relay.site --limit web01."
        and row["detail"] == "it sends to x"
    )


def test_a_client_that_does_not_use_the_relay():
    row = verdict(told(client("sent (250 ok)", TO_MX)), told(""))
    assert (row["status"], row["verdict"], row["cause"]) == ("failed", "delivered", "past_the_relays")


def test_a_recipient_on_the_relay_itself_proves_nothing():
    row = verdict(
        told(client()), told(relay("sent (delivered to mailbox)", "local").replace("postfix/smtp[", "postfix/local["))
    )
    assert (row["status"], row["cause"]) == ("failed", "not_outside") and "mydestination" in row["todo"]


def test_a_message_on_hold():
    text = "\n".join(relay().splitlines()[:3])
    row = verdict(told(client()), told(text, queue="hold"))
    assert (row["verdict"], row["cause"]) == (
        "queued",
        "held",
    ) and "-e queue_action=release -e queue_name=hold" in row["todo"]


MESSAGES = {"<1@web01>": "web01"}


@pytest.mark.parametrize(
    "of_client, of_relay, waits",
    [
        (None, None, True),
        (None, told(relay()), False),
        (None, told("\n".join(relay().splitlines()[:3]), queue="active"), True),
        (None, told(relay("deferred (later)"), queue="deferred"), False),
        (told(client()), None, True),
        (told(client(CONNECT.format("Connection refused"), "none"), **QUEUED), None, False),
    ],
)
def test_what_is_worth_waiting_for(of_client, of_relay, waits):
    results = dict((name, [result]) for name, result in (("web01", of_client), ("relay", of_relay)) if result)
    assert on_the_way(ways(results)[1], MESSAGES) == (["<1@web01>"] if waits else [])


def test_what_was_put_off_without_an_attempt():
    suspended = (
        "deferred (delivery temporarily suspended: connect to relay.example.com[10.0.0.1]:587: Connection refused)"
    )
    assert put_off(ways({"web01": [told(client(suspended, "none"), **QUEUED)]})[1], MESSAGES) == {"web01": "AAAAAAA"}
    tried = told(client(CONNECT.format("Connection refused"), "none"), **QUEUED)
    assert put_off(ways({"web01": [tried]})[1], MESSAGES) == {}
    loaded = (
        SENDMAIL.splitlines()[0]
        + "\nsendmail[5]: 6APFCcNE001841: to=ops@example.net, delay=00:00:00, mailer=relay, pri=30426, stat=queued\n"
    )
    assert put_off(ways({"web01": [told(loaded, queue="submission")]})[1], MESSAGES) == {"web01": "6APFCcNE001841"}
    assert put_off(ways({"relay": [told(relay("deferred (later)"), queue="deferred")]})[1], MESSAGES) == {}


@given(
    st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, blacklist_characters="()"), max_size=60),
    st.sampled_from(["sent", "deferred", "bounced"]),
    st.sampled_from(["none", "local", TO_RELAY, TO_MX]),
    st.booleans(),
)
def test_whatever_the_logs_say_there_is_a_verdict_with_something_to_do(reply, status, via, at_relay):
    said = "{0} ({1})".format(status, reply)
    results = (told(client()), told(relay(said, via))) if at_relay else (told(client(said, via)), told(""))
    row = verdict(*results)
    assert row["status"] in ("ok", "failed") and row["seen"]
    assert bool(row["todo"]) == bool(row["cause"]) == (row["status"] == "failed")
