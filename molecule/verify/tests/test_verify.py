# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A message from every client arrives over verified TLS; and where it does not, the verdict names what is wrong."""

import contextlib
import json

import pytest
import site_under_test as site

RELAY, WEB, LEGACY = site.RELAY, "web01", "legacy01"
RECIPIENT = "ops@example.net"
ANCHORS = {WEB: "/etc/postfix/relay-trust-anchors.pem", LEGACY: "/etc/mail/relay-trust-anchors.pem"}
RESTART = {WEB: "postfix reload", LEGACY: "systemctl restart sendmail"}
LIMITS = "/etc/mail/sendmail.cf /etc/mail/submit.cf"
NEW_KEY = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout /dev/null"
OTHER_CERTIFICATE = f"{NEW_KEY} -subj /CN=smtp-relay001.example.com 2>/dev/null"


def in_the_queues():
    """How many messages wait anywhere."""
    postfix = "find /var/spool/postfix/incoming /var/spool/postfix/active /var/spool/postfix/deferred -type f"
    sendmail = "find /var/spool/*mqueue* -name 'qf*'"
    commands = {RELAY: postfix, WEB: postfix, LEGACY: sendmail}
    return sum(len(site.output(host, f"{command} 2>/dev/null || true").split()) for host, command in commands.items())


def empty_queues():
    """Send what waits; a relay that Postfix takes for dead is tried again."""
    site.run(WEB, "postqueue -f")
    site.run(LEGACY, "sendmail -Ac -q; sendmail -q", check=False)
    site.run(RELAY, "postqueue -f")
    return not in_the_queues()


@pytest.fixture(scope="module", autouse=True)
def the_site():
    """Sendmail takes messages whatever the load of this machine; at the end no queue has any, and all is as it was."""
    site.run(LEGACY, f"for f in {LIMITS}; do cp -p $f /root/$(basename $f).kept; done")
    site.run(LEGACY, rf"sed -i -E 's/^#?O (QueueLA|RefuseLA)=.*/O \1=500/' {LIMITS}; systemctl restart sendmail")
    before = site.state(RELAY), site.run(WEB, "cat /etc/postfix/*.pem /etc/postfix/main.cf").stdout
    yield
    try:
        # The notices of what bounced: the hosts to which they go take no mail.
        (deleted,), _done = site.modules(site.Call(RELAY, "mail_queue", {"action": "delete", "null_sender": True}))
        assert not deleted["failed"], deleted
        site.wait_for(empty_queues, seconds=90)
    finally:
        site.run(LEGACY, f"for f in {LIMITS}; do mv /root/$(basename $f).kept $f; done; systemctl restart sendmail")
    after = site.state(RELAY), site.run(WEB, "cat /etc/postfix/*.pem /etc/postfix/main.cf").stdout
    # The relay's Postfix was stopped and started: another process.
    assert [text.splitlines()[:-1] for text in after] == [text.splitlines()[:-1] for text in before]


@pytest.fixture
def verify(tmp_path):
    """Runs the playbook; returns the clients' verdicts by name, the whole result, and the run."""

    def call(*arguments, recipient=RECIPIENT, **variables):
        file = tmp_path / "verify.json"
        done, result = site.playbook_result(
            file, "verify_file", *arguments, name="mailops.relay.verify", verify_recipient=recipient, **variables
        )
        assert (done.returncode == 0) == result["ok"], done.stdout + done.stderr
        return {row["subject"]: row for row in result["clients"]}, result, done.stdout

    return call


@contextlib.contextmanager
def fault(host, command, repair):
    """Something is broken for a while."""
    site.run(host, command)
    try:
        yield
    finally:
        site.run(host, repair)


def test_every_client_delivers_over_verified_TLS_and_nobody_outside_gets_through(verify):
    rows, result, shown = verify()
    assert set(rows) == {WEB, LEGACY} and result["ok"]
    for host, row in rows.items():
        assert row["verdict"] == "delivered" and row["cause"] == "" and row["todo"] == "", row
        assert row["seen"].startswith("delivered in ") and " over verified TLS (TLSv1." in row["seen"]
        assert row["tls"].startswith("Verified TLSv1.") and 0 <= row["seconds"] < 60
        assert row["hops"][0]["host"] == host and row["hops"][-1]["host"] == RELAY
        site.wait_for(lambda row=row: site.received(row["message_id"].strip("<>")))
        assert row["seen"] in " ".join(shown.split())
    (outside,) = result["outsiders"]
    assert outside["subject"] == f"outside01 -> {RELAY}" and outside["accepted"] == 0 and outside["status"] == "ok"
    assert "2 of 2 messages delivered as they should" in shown
    # Cron's mail, from Postfix and from sendmail.
    roots = {(row["subject"], row["status"], row["seen"]) for row in result["root_mail"]}
    assert roots == {(host, "ok", "arrived at ops@example.net") for host in (WEB, LEGACY)}
    assert f"root_mail of {WEB}, {LEGACY}: arrived at ops@example.net" in " ".join(shown.split())


@site.only_on(1)
def test_an_outsider_without_a_route_is_no_proof(verify):
    target = site.output("outside01", "getent ahostsv4 smtp-relay001.example.com").split()[0]
    route = f"ip route {{}} unreachable {target}/32"
    with fault("outside01", route.format("add"), route.format("del")):
        _rows, result, shown = verify()
    (outside,) = result["outsiders"]
    assert (outside["status"], outside["accepted"], result["ok"]) == ("warning", 0, False)
    assert "nobody gets in" not in shown and f"UNKNOWN outside01 -> {RELAY}  5 ways in not reached" in shown
    assert f"Give this host a route to {target}" in " ".join(shown.split())


@site.only_on(0)
def test_a_relay_that_is_stopped(verify):
    site.stop_postfix(RELAY)
    with fault(RELAY, "true", "systemctl start postfix"):
        rows, result, _shown = verify("--skip-tags", "verify_matrix")
    assert not result["ok"] and result["outsiders"] == []
    for host, row in rows.items():
        assert (row["verdict"], row["cause"]) == ("deferred", "refused"), row
        assert f"of {RELAY} refuses connections" in row["seen"] and "Connection refused" in row["detail"]
        assert f"still in the queue of {host}" in row["detail"] and f"Start Postfix on {RELAY}" in row["todo"]


@site.only_on(0)
def test_a_port_that_is_closed(verify):
    """From the test before, Postfix takes the relay for dead and would not try: yet the verdict is about now."""
    rule = "firewall-cmd --zone=postfix --{0}-port=587/tcp"
    with fault(RELAY, rule.format("remove"), rule.format("add")):
        rows, _result, _shown = verify("--skip-tags", "verify_matrix")
    for row in rows.values():
        assert (row["verdict"], row["cause"]) == ("deferred", "no_way"), row
        assert "is closed by a firewall" in row["seen"] and "No route to host" in row["detail"]
        assert f"mailops.relay.site --limit {RELAY}" in row["todo"]
    assert f"port 587 of {RELAY} is closed" in rows[WEB]["seen"]


@site.only_on(1)
def test_a_certificate_that_the_client_does_not_trust(verify):
    with contextlib.ExitStack() as faults:
        for host, anchors in ANCHORS.items():
            change = f"cp -p {anchors} /root/anchors && {OTHER_CERTIFICATE} -out {anchors} && {RESTART[host]}"
            faults.enter_context(fault(host, change, f"mv /root/anchors {anchors}; {RESTART[host]}"))
        rows, _result, _shown = verify("--skip-tags", "verify_matrix")
    for host, row in rows.items():
        assert (row["verdict"], row["cause"]) == ("deferred", "certificate"), row
        assert row["seen"] == f"deferred on {host}: it does not trust the certificate of {RELAY}"
        assert f"mailops.relay.site --limit {host}" in row["todo"]


@site.only_on(2)
def test_what_is_deferred_at_the_relay_and_a_client_that_cannot_be_reached(verify, tmp_path):
    more = tmp_path / "more.json"
    gone = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    more.write_text(json.dumps({"relay_clients": {"hosts": {"web09": gone}}}))
    site.stop_postfix("mx01")
    with fault("mx01", "true", "systemctl start postfix"):
        rows, result, _shown = verify("--inventory", str(more), "--skip-tags", "verify_matrix")
    assert (rows["web09"]["verdict"], rows["web09"]["cause"]) == ("unreachable", "unreachable")
    assert rows["web09"]["seen"] == "Ansible cannot reach it" and "ansible web09 -m ping" in rows["web09"]["todo"]
    for host in (WEB, LEGACY):
        row = rows[host]
        assert (row["verdict"], row["cause"]) == ("deferred", "next_hop_unreachable"), row
        assert row["seen"] == f"deferred on {RELAY}: {RELAY} does not reach the mail system of example.net"
        assert "Connection refused" in row["detail"] and row["tls"].startswith("Verified")
    assert "web09" in result["summary"]


@site.only_on(1)
def test_what_bounces_and_a_log_that_is_missing(verify):
    away = f"mv {site.MAIL_LOG} /root/taken-away"
    with fault(LEGACY, away, f"mv /root/taken-away {site.MAIL_LOG}; systemctl restart rsyslog || true"):
        rows, result, _shown = verify(
            "--skip-tags", "verify_matrix", recipient="ops@nosuch.example", verify_source="files"
        )
    for row in rows.values():
        assert (row["verdict"], row["cause"]) == ("bounced", "next_hop_not_found"), row
        assert "choose another verify_recipient" in row["todo"]
    assert any(problem.startswith(f"{LEGACY} could not be asked") for problem in result["problems"])


@site.only_on(2)
def test_a_relay_whose_log_is_missing_is_where_messages_are_lost_from_sight(verify):
    with fault(RELAY, f"mv {site.MAIL_LOG} /root/taken-away", f"mv /root/taken-away {site.MAIL_LOG}"):
        rows, _result, _shown = verify("--skip-tags", "verify_matrix", verify_source="files")
    for row in rows.values():
        assert (row["verdict"], row["cause"]) == ("lost", "no_log"), row
        assert row["seen"] == f"lost from sight at {RELAY}" and f"{RELAY} could not be asked" in row["detail"]


@site.only_on(2)
def test_it_must_be_said_to_whom():
    done = site.playbook(name="mailops.relay.verify", check=False)
    assert done.returncode and "verify_recipient=ADDRESS" in done.stdout
