# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host with sendmail sends through the relay over verified TLS, and keeps doing so after a rebuild."""

import re
import uuid

import site_under_test as site

CLIENT = "legacy01"
ANCHORS = "/etc/mail/relay-trust-anchors.pem"
RESTART = "systemctl restart sendmail"
# Debian's make, and EL's script that makes of /etc/mail what is out of date.
REBUILD = (
    "touch /etc/mail/sendmail.mc /etc/mail/submit.mc; [ -x /etc/mail/make ] && /etc/mail/make || make -C /etc/mail"
)


# All that a refused run must leave alone: checksums, and the running daemon.
STATE = "find /etc/mail -type f -exec sha256sum {} + | sort -k2; pgrep -f '[s]endmail: .*accepting connections'"


def settings():
    """What both .cf files mean."""
    return site.output(CLIENT, "grep -hv '^#' /etc/mail/sendmail.cf /etc/mail/submit.cf")


def deferred(word):
    """Why the message is still in sendmail's queue, or None."""
    for queue_id in re.findall(r"(\w+): from=.*msgid=<" + word, site.log(CLIENT)):
        for line in site.log(CLIENT).splitlines():
            if queue_id in line and "stat=Deferred" in line:
                return line
    return None


def test_message_arrives_through_the_relay_over_verified_tls_with_the_clients_name():
    message = site.arrives(site.send(CLIENT))
    received = re.search(
        r"Received: from legacy01\.example\.com .*?by smtp-relay001\.example\.com .*?;", message, re.DOTALL
    )
    assert received, message
    assert "using TLS" in received.group(0)
    assert re.search(r"^From: .*root@legacy01\.example\.com", message, re.MULTILINE), message
    log = site.log(CLIENT)
    assert re.search(r"STARTTLS=client, relay=smtp-relay001\.example\.com\..*verify=OK", log), log


def test_without_dns_for_outside_names_mail_flows():
    relay = site.output(CLIENT, "getent ahostsv4 smtp-relay001.example.com | head -1 | cut -d' ' -f1")
    site.run(
        CLIENT,
        "cp /etc/resolv.conf /etc/hosts /root/; printf 'nameserver 192.0.2.1\\noptions timeout:1 attempts:1\\n'"
        f" > /etc/resolv.conf; echo {relay} smtp-relay001.example.com >> /etc/hosts; {RESTART}",
    )
    try:
        word = uuid.uuid4().hex
        site.run(CLIENT, "sendmail -f app@old.example.org ops@example.net", stdin=f"Subject: {word}\n\n{word}\n")
        assert "Return-Path: <app@old.example.org>" in site.arrives(word)
        # With brackets it would not be the name in the access map, which asks for a verified certificate.
        assert "STARTTLS=client, relay=[" not in site.log(CLIENT)
    finally:
        site.run(CLIENT, f"for f in hosts resolv.conf; do cat /root/$f > /etc/$f; done; {RESTART}")


def test_it_listens_on_loopback_only():
    listening = site.output(CLIENT, "ss -ltnH | awk '{print $4}'").splitlines()
    mail = [address for address in listening if re.search(r":(25|465|587)$", address)]
    assert mail
    assert all(re.match(r"(127\.|\[::1\])", address) for address in mail), listening


def test_after_a_rebuild_the_smart_host_is_there_and_only_a_daemon_that_died_is_started(tmp_path):
    before = settings()
    site.run(CLIENT, f"{REBUILD} && {RESTART}")
    assert settings() == before
    assert "DS[smtp-relay001.example.com]" in before.splitlines()
    site.arrives(site.send(CLIENT))
    site.run(CLIENT, "kill -9 $(head -qn1 /run/sendmail/mta/sendmail.pid /run/sendmail.pid 2>/dev/null)")
    site.playbook("--limit", CLIENT, "--tags", "sendmail_client_config", record=tmp_path / "again")
    assert [line["task"] for line in site.changes(tmp_path / "again")] == [
        "mailops.relay.sendmail_client : Run sendmail with this configuration"
    ]
    site.arrives(site.send(CLIENT))


def test_a_relay_with_another_certificate_gets_nothing():
    site.run(CLIENT, f"cp -p {ANCHORS} /root/anchors")
    try:
        site.run(
            CLIENT,
            "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=smtp-relay001.example.com -days 2"
            f" -keyout /dev/null -out {ANCHORS} 2>/dev/null && {RESTART}",
        )
        word = site.send(CLIENT)

        def why():
            return deferred(word)

        assert "authentication failed" in site.wait_for(why)
        assert site.received(word) is None
    finally:
        site.run(CLIENT, f"cp -p /root/anchors {ANCHORS} && {RESTART}")
    site.run(CLIENT, "sendmail -q")
    site.arrives(word)


REFUSED = [
    (
        {"sendmail_client_relays": [{"name": "[smtp-relay001.example.com"}], "sendmail_client_mx_lookup": True},
        ["sendmail_client_relays", "sendmail_client_mx_lookup"],
    ),
    ({"sendmail_client_tls_security_level": "secure"}, ["sendmail_client_tls_security_level", "secure"]),
    ({"sendmail_client_tls_ca_file": "ca.pem"}, ["ca_file", "ca.pem"]),
]


@site.only_on(1)
def test_bad_variable_is_refused_by_name_and_nothing_changes():
    said, states = site.refusals(CLIENT, "sendmail_client", [variables for variables, _named in REFUSED], STATE)
    for text, (_variables, named) in zip(said, REFUSED, strict=True):
        assert text
        for word in named:
            assert word in text
    assert set(states) == {states[0]}
