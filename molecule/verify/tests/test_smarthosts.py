# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail of each sender leaves through the account that its route names, at a provider that takes no other."""

import base64
import json
import re
import uuid

import pytest
import site_under_test as site

RELAY, WEB, PROVIDER = site.RELAY, "web01", "provider01.example.net"
PASSWORDS = {"shop": "pw-S:hop one", "news": "pw-News-two"}
WRONG = "pw-changed"
AUTHORITY = "/root/provider01.pem"
# The provider takes no mail for this recipient, and says to mail for the other that it comes too fast.
LATER, FAST = "later@example.net", "fast@example.net"
SECONDS = 1

SMARTHOST = {"hosts": [PROVIDER], "ca_file": AUTHORITY}
# A customer whom the provider knows by a certificate.
TENANT = {"certificate": "/etc/ssl/tenant.crt", "private_key": "/etc/ssl/tenant.key"}
VARIABLES = {
    "relay_server_smarthosts": [
        # No mail server answers on the first host's port.
        {
            "name": "shop",
            "user": "shop",
            "password": PASSWORDS["shop"],
            **SMARTHOST,
            "hosts": ["outside01.example.org", PROVIDER],
        },
        {"name": "news", "user": "news", "password": PASSWORDS["news"], "port": 465, **SMARTHOST},
        {"name": "tenant", "port": 2525, **SMARTHOST, **TENANT},
    ],
    "relay_server_routes": [
        {"sender": "shop.example", "via": "shop"},
        {"sender": "news.example", "via": "news"},
        {"sender": "tenant.example", "via": "tenant"},
        # Not a sender of this account: the provider says so behind the message.
        {"sender": "example.org", "via": "shop"},
    ],
    "relay_server_pacing": [{"smarthost": "news", "per_minute": 60 // SECONDS}],
}

MAKE_CERTIFICATE = f"""
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=tenant.example -keyout {TENANT["private_key"]} -out {TENANT["certificate"]}
chmod 0600 {TENANT["private_key"]}
"""
FINGERPRINT = f"openssl x509 -in {TENANT['certificate']} -noout -fingerprint -sha256 | cut -d= -f2"

# mx01 as provider01: two accounts in Debian's sasldb, each with its sender, on port 587 and on 465, and one by certificate on 2525.
MAKE_PROVIDER = f"""
set -eu
cp -p /etc/postfix/main.cf /etc/postfix/master.cf /root/
DEBIAN_FRONTEND=noninteractive apt-get install -y libsasl2-modules sasl2-bin
cd /etc/postfix
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={PROVIDER} -addext subjectAltName=DNS:{PROVIDER} \
    -keyout provider.key -out provider.crt
printf 'pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\n' > sasl/smtpd.conf
while IFS='|' read -r user password; do printf %s "$password" | saslpasswd2 -p -c -u {PROVIDER} "$user"; done
chown postfix /etc/sasldb2
postconf -e 'provider_recipients = check_recipient_access inline:{{{{{LATER}=450 4.7.0 Come back later}}, {{{FAST}=421 4.7.28 Unusual rate of mail}}}}' \
    'provider_senders = check_sender_access inline:{{{{example.org=554 5.7.60 Not a sender of this account}}}}, reject_sender_login_mismatch' \
    'smtpd_sender_login_maps = inline:{{@shop.example=shop@{PROVIDER}, @news.example=news@{PROVIDER}}}'
for port in 587 465; do
    postconf -M $port/inet="$port inet n - n - - smtpd"
    for option in sasl_auth_enable=yes tls_auth_only=yes tls_security_level=encrypt sasl_local_domain={PROVIDER} \
            sasl_authenticated_header=yes tls_cert_file=/etc/postfix/provider.crt tls_key_file=/etc/postfix/provider.key \
            relay_restrictions=permit_sasl_authenticated,reject 'recipient_restrictions=$provider_recipients' \
            'end_of_data_restrictions=$provider_senders'; do
        postconf -P "$port/inet/smtpd_$option"
    done
done
postconf -P 465/inet/smtpd_tls_wrappermode=yes
postconf -M 2525/inet='2525 inet n - n - - smtpd'
for option in tls_security_level=encrypt tls_cert_file=/etc/postfix/provider.crt tls_key_file=/etc/postfix/provider.key \
        tls_ask_ccert=yes tls_fingerprint_digest=sha256 relay_restrictions=permit_tls_clientcerts,reject recipient_restrictions=; do
    postconf -P "2525/inet/smtpd_$option"
done
postconf -P "2525/inet/relay_clientcerts=inline:{{{{$FINGERPRINT=tenant}}}}"
postfix reload
"""
REMOVE_PROVIDER = """
mv /root/main.cf /root/master.cf /etc/postfix/
rm -f /etc/postfix/provider.* /etc/postfix/sasl/smtpd.conf /etc/sasldb2
postfix reload
"""


@pytest.fixture
def provider():
    """mx01 is provider01 for a while, and the relay knows who vouches for its certificate; then both are as before."""
    accounts = "".join(f"{user}|{password}\n" for user, password in PASSWORDS.items())
    try:
        site.run(RELAY, MAKE_CERTIFICATE)
        site.run("mx01", f"FINGERPRINT={site.output(RELAY, FINGERPRINT)}\n{MAKE_PROVIDER}", stdin=accounts)
        site.run(RELAY, f"cat > {AUTHORITY}", stdin=site.run("mx01", "cat /etc/postfix/provider.crt").stdout)
        yield
    finally:
        site.run("mx01", REMOVE_PROVIDER)
        site.run(
            RELAY,
            f"find /etc/postfix -name '*~' -cnewer {AUTHORITY} -delete; rm -f {AUTHORITY} {' '.join(TENANT.values())}",
        )
        site.run(RELAY, "DEBIAN_FRONTEND=noninteractive apt-get purge -y libsasl2-modules")


def send(sender, recipient="ops@example.net"):
    """Send a message from the client with this envelope sender; returns a word by which it is found."""
    word = uuid.uuid4().hex
    text = f"From: {sender}\nTo: {recipient}\nSubject: {word}\n\n{word}\n"
    site.run(WEB, f"/usr/sbin/sendmail -f {sender} {recipient}", stdin=text)
    return word


def account_of(message):
    """The account with which the provider took a message; None for mail that came without a login."""
    found = re.search(r"\(Authenticated sender: (\S+)@", message)
    return found and found[1]


def taken_at(message):
    """When the provider took a message: hours, minutes and seconds of its own line of the way, as seconds."""
    hours, minutes, seconds = re.search(
        r"by mx01\.example\.net .*?;\s.*? (\d\d):(\d\d):(\d\d) ", message, re.S
    ).groups()
    return (int(hours) * 60 + int(minutes)) * 60 + int(seconds)


def logins(result):
    """What the preflight says of each login: name of the smarthost -> check."""
    (relay,) = result["relays"]
    return {one["subject"].split(":")[0]: one for one in relay["checks"] if one["id"] == "smarthost_login"}


def waiting(words):
    """The relay's queue, when all of these words are in it."""
    queue = site.output(RELAY, "postqueue -p")
    return queue if all(word in queue for word in words) else ""


def configuration():
    """The relay's files and its firewall; not the copies of former files, nor the process, which is another one."""
    return [line for line in site.state(RELAY).splitlines()[:-1] if not line.endswith("~")]


@pytest.mark.skipif(site.DISTRO != "debian12", reason="one distribution, one whose packages the role installs")
def test_each_sender_has_its_own_account_and_a_wrong_password_makes_its_mail_wait(provider, tmp_path):
    before = configuration()
    nameserver = re.search(r"inet (203\.0\.113\.[0-9]+)/", site.output("mx01", "ip -4 addr"))[1]
    dns = {"preflight_mx": "mx01.example.net", "preflight_nameservers": [nameserver], "preflight_timeout": 5}
    file, shown = tmp_path / "preflight.json", []

    def run(name, **variables):
        extra = tmp_path / "variables.json"
        extra.write_text(json.dumps(variables))
        done = site.playbook("--limit", RELAY, "--diff", "-vv", "-e", f"@{extra}", name=name, check=False)
        shown.append(done.stdout + done.stderr)
        return done

    try:
        made = run("mailops.relay.site", **VARIABLES)
        assert made.returncode == 0, made.stdout + made.stderr
        each = {
            name: [send(f"app@{name}.example") for _number in range(number)]
            for name, number in (("news", 4), ("shop", 2))
        }
        tenants = send("app@tenant.example")
        foreign = send("app@example.org", "ops@example.com")
        send("late@shop.example", LATER)
        send("app@shop.example", FAST)
        site.all_arrive([tenants, *(word for words in each.values() for word in words)])
        for name, words in each.items():
            assert {account_of(site.received(word)) for word in words} == {name}
        # The certificate is whom it knows there, and nobody has logged in.
        by_certificate = site.received(tenants)
        assert account_of(by_certificate) is None and '(Client CN "tenant.example"' in by_certificate
        # One account has a pace, the others' mail does not wait for it.
        taken = {name: sorted(taken_at(site.received(word)) for word in words) for name, words in each.items()}
        assert taken["news"][-1] - taken["news"][0] >= 3 * SECONDS
        assert taken["shop"][-1] <= taken["news"][-1]
        # Mail of the account whose first host is down goes by its second one.
        assert re.search(r"smart-shop/smtp\[.* connect to outside01\.example\.org\[", site.log(RELAY))
        # The sender is told.
        notice = " ".join(site.arrives(foreign).split())
        assert "X-Original-To: app@example.org" in notice
        assert "554 5.7.60" in notice and "Not a sender of this account" in notice
        site.wait_for(lambda: waiting(["late@shop.example", "450 4.7.0", "Come back later", "421 4.7.28"]))
        (counted,), _done = site.modules(site.Call(RELAY, "mail_flow_info", {}))
        assert counted["flow"]["too_fast"]["smarthost:shop"]["count"] >= 2

        site.run("mx01", f"saslpasswd2 -p -u {PROVIDER} shop", stdin=WRONG)
        told = run("mailops.relay.preflight", preflight_file=str(file), **dns, **VARIABLES)
        found = logins(json.loads(file.read_text()))
        assert told.returncode and (found["shop"]["status"], found["news"]["status"]) == ("failed", "ok"), found
        assert "the login is refused: 535 " in found["shop"]["seen"] and "password of shop" in found["shop"]["todo"]
        word, other = send("wait@shop.example"), send("app@news.example")
        assert account_of(site.arrives(other)) == "news"
        site.wait_for(lambda: waiting(["wait@shop.example", "SASL authentication failed", "535 5.7.8"]))
        assert not site.received(word)
        site.run("mx01", f"saslpasswd2 -p -u {PROVIDER} shop", stdin=PASSWORDS["shop"])
        site.run(RELAY, "postqueue -f")
        assert account_of(site.arrives(word)) == "shop"
        # A provider that offers no login for a while gets mail without one, and what it says to that is nothing that a sender is told.
        site.run("mx01", "postconf -P 587/inet/smtpd_sasl_auth_enable=no && postfix reload")
        word = send("open@shop.example")
        site.wait_for(lambda: waiting(["open@shop.example", "454 4.7.1", "Access denied"]))
        site.run("mx01", "postconf -P 587/inet/smtpd_sasl_auth_enable=yes && postfix reload")
        site.run(RELAY, "postqueue -f")
        assert account_of(site.arrives(word)) == "shop"
        # What waits for the recipient was tried again, and by no other account.
        tries = re.findall(rf"postfix/(\S+)/smtp\[.*to=<{LATER}>.*status=deferred", site.log(RELAY))
        assert len(tries) > 1 and set(tries) == {"smart-shop"}
    finally:
        site.run(RELAY, "postsuper -d ALL deferred")
        back = run("mailops.relay.site")
    assert back.returncode == 0, back.stdout + back.stderr
    assert configuration() == before
    for password in (*PASSWORDS.values(), WRONG):
        for text in (password, base64.b64encode(password.encode()).decode()):
            assert not any(text in output for output in shown)
