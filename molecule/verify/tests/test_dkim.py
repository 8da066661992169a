# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay signs when the world sees its key: two verifiers of others say so, and nothing leaves unsigned while the signer is down."""

import json
import re
import uuid

import pytest
import site_under_test as site

RELAY, DNSMASQ = site.RELAY, "/etc/dnsmasq.conf"
SENDERS = ("web01", "legacy01", RELAY)
# What the domain's name server is called, as an NS record has it on the wire.
NAME_SERVER = "".join(f"{len(label):02x}{label.encode().hex()}" for label in ("mx01", "example", "net")) + "00"
# mx01 takes no text with 8-bit characters, which each of these messages has, and verifies.
MAKE_VERIFIER = f"""
set -eu
cp -p {DNSMASQ} /etc/postfix/main.cf /root/
DEBIAN_FRONTEND=noninteractive apt-get install -y opendkim-tools python3-dkim
echo 'dns-rr=example.com,2,{NAME_SERVER}' >> {DNSMASQ}
systemctl restart dnsmasq
postconf -e smtpd_discard_ehlo_keywords=8bitmime,smtputf8,silent-discard
postfix reload
"""
REMOVE_VERIFIER = f"""
mv /root/dnsmasq.conf {DNSMASQ}
mv /root/main.cf /etc/postfix/
systemctl restart dnsmasq
postfix reload
DEBIAN_FRONTEND=noninteractive apt-get purge -y opendkim-tools python3-dkim
"""
# Prints for each message on standard input (JSON, a list) what python3-dkim and OpenDKIM say of it.
VERIFY = """
import json, subprocess, sys, dkim
for text in json.load(sys.stdin):
    message = text.encode('utf-8', 'surrogateescape').replace(b'\\n', b'\\r\\n')
    other = subprocess.run(['opendkim-testmsg'], input=message, stderr=subprocess.DEVNULL)
    print(dkim.verify(message), other.returncode)
"""


@pytest.fixture
def nameserver():
    """The address of mx01, which verifies for a while, and is the name server of the domain; then it is as before."""
    try:
        site.run("mx01", MAKE_VERIFIER)
        yield re.search(r"inet (203\.0\.113\.[0-9]+)/", site.output("mx01", "ip -4 addr"))[1]
    finally:
        site.run("mx01", REMOVE_VERIFIER)
        site.run(RELAY, "DEBIAN_FRONTEND=noninteractive apt-get purge -y opendkim; rm -rf /etc/opendkim*")


def send(host):
    """Send a message with 8-bit characters from a host; returns a word by which it is found."""
    word = uuid.uuid4().hex
    text = (
        f"From: root@{host}.example.com\nTo: ops@example.net\nSubject: {word}\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nGrüße, {word}\n"
    )
    site.run(host, "/usr/sbin/sendmail ops@example.net", stdin=text)
    return word


def verdicts(words):
    """What both verifiers say of these messages, and who has signed them."""
    messages = [site.received(word) for word in words]
    said = site.run("mx01", f'python3 -c "{VERIFY}"', stdin=json.dumps(messages)).stdout.splitlines()
    signers = [re.search(r"\nDKIM-Signature:.*?\bd=([^;]+);\s+s=([^;]+);", message, re.S) for message in messages]
    return said, [found and found.groups() for found in signers]


def configuration():
    """The relay's files and its firewall; not the copies of former files, nor the process, which is another one."""
    return [line for line in site.state(RELAY).splitlines()[:-1] if not line.endswith("~")]


@pytest.mark.skipif(site.DISTRO != "debian12", reason="one distribution, one whose packages the role installs")
def test_signed_when_the_key_is_published_and_never_unsigned_after_that(nameserver, tmp_path):
    before = configuration()
    extra, results = tmp_path / "variables.json", tmp_path / "results"
    variables = {"relay_server_dkim": [{"domain": "example.com"}], "relay_server_dkim_nameservers": [nameserver]}
    extra.write_text(json.dumps(variables))

    def converge(*arguments):
        results.unlink(missing_ok=True)
        site.playbook("--limit", RELAY, *arguments, results=results)
        return [json.loads(line) for line in results.read_text().splitlines()]

    try:
        (key,) = [
            one for made in converge("-e", f"@{extra}") for one in made.get("results", []) if "zone_record" in one
        ]
        assert (key["selector"], site.output(RELAY, "postconf -h smtpd_milters")) == (RELAY, "")
        # As the zone file has it.
        record = ",".join(re.findall('"[^"]*"', key["zone_record"]))
        site.run(
            "mx01", f"cat >> {DNSMASQ}; systemctl restart dnsmasq", stdin=f"txt-record={key['record_name']},{record}\n"
        )
        converge("-e", f"@{extra}")
        # Where a Postfix in a chroot and one outside find it.
        assert site.output(RELAY, "postconf -h smtpd_milters") == "unix:mailops-relay/opendkim.sock"
        words = [send(host) for host in SENDERS]
        site.all_arrive(words)
        assert verdicts(words) == (["True 0"] * 3, [("example.com", RELAY)] * 3)

        site.run(RELAY, "systemctl stop opendkim")
        word = send("web01")
        site.wait_for(lambda: re.search(r"4(?:51|54) 4\.", site.output("web01", "postqueue -p")))
        assert not site.received(word)
        site.run(RELAY, "systemctl start opendkim")
        site.flush()
        site.all_arrive([word])
        assert verdicts([word]) == (["True 0"], [("example.com", RELAY)])
    finally:
        site.run(RELAY, "systemctl start opendkim", check=False)
        converge()
    assert configuration() == before
    assert "mailops-relay" not in site.output(RELAY, "ls /var/spool/postfix")
