# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With DANE a server is who its signed TLSA record says, or mail for it waits; where there is none all is as before."""

import difflib
import json
import re

import pytest
import site_under_test as site

RELAY, ZONE, BROKEN = site.RELAY, "dane.example", "broken.example"
# Each is a domain, and the name of its server; all are mx01.
RIGHT, WRONG, NONE = (f"{name}.{ZONE}" for name in ("right", "wrong", "none"))
KINDS = ("verified", "dane", "encrypted", "clear", "not_logged")
# mx01 signs two zones: what it sends to port 53 goes through its dnsmasq. Its own name server is started by hand, since the package's
# wants the port that dnsmasq has.
MAKE_SIGNER = f"""
set -eu
cp -p /etc/dnsmasq.conf /etc/postfix/main.cf /root/
ln -s /dev/null /etc/systemd/system/knot.service
DEBIAN_FRONTEND=noninteractive apt-get install -y knot
address=$(ip -4 addr | sed -n 's/.* inet \\(203[0-9.]*\\).*/\\1/p')
right=$(openssl x509 -in /etc/postfix/mx.crt -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1)
wrong=$(echo wrong | sha256sum | cut -d' ' -f1)
mkdir -p /root/knot
cd /root/knot
cat > knot.conf <<CONF
server:
  rundir: /root/knot
  listen: 127.0.0.1@5353
database:
  storage: /root/knot
template:
  - id: default
    storage: /root/knot
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: difference
    journal-content: all
    dnssec-signing: on
zone:
  - domain: {ZONE}
  - domain: {BROKEN}
CONF
printf '%s\\n' '@ 60 SOA ns hostmaster 1 3600 600 86400 60' '@ 60 NS ns' "ns 60 A $address" > {BROKEN}.zone
cp {BROKEN}.zone {ZONE}.zone
for name in {RIGHT} {WRONG} {NONE}; do echo "$name. 60 A $address"; echo "$name. 60 MX 10 $name."; done >> {ZONE}.zone
echo "_25._tcp.{RIGHT}. 60 TLSA 3 1 1 $right" >> {ZONE}.zone
echo "_25._tcp.{WRONG}. 60 TLSA 3 1 1 $wrong" >> {ZONE}.zone
knotd -d -c /root/knot/knot.conf
printf 'server=/%s/127.0.0.1#5353\\n' {ZONE} {BROKEN} >> /etc/dnsmasq.conf
systemctl restart dnsmasq
postconf -e "virtual_mailbox_domains = $(postconf -h virtual_mailbox_domains), {RIGHT}, {WRONG}, {NONE}"
postfix reload
"""
REMOVE_SIGNER = """
kill $(cat /root/knot/knot.pid)
rm -rf /root/knot
mv /root/dnsmasq.conf /etc/
mv /root/main.cf /etc/postfix/
systemctl restart dnsmasq
postfix reload
DEBIAN_FRONTEND=noninteractive apt-get purge -y knot
rm -f /etc/systemd/system/knot.service
"""


@pytest.fixture
def anchors():
    """mx01 signs for a while; the trust anchors of its zones, the second one wrong. Then both hosts are as before."""
    try:
        site.run("mx01", MAKE_SIGNER)
        keys = "keymgr -c /root/knot/knot.conf"
        site.wait_for(lambda: site.run("mx01", f"{keys} {ZONE} ds && {keys} {BROKEN} ds", check=False).returncode == 0)
        right = site.output("mx01", f"{keys} {ZONE} ds").splitlines()[0]
        yield [right, f"{BROKEN}. DS 12345 13 2 {'a' * 64}"]
    finally:
        site.run("mx01", REMOVE_SIGNER)
        site.run(RELAY, "DEBIAN_FRONTEND=noninteractive apt-get purge -y unbound dns-root-data; rm -rf /etc/unbound")
        site.run(RELAY, "rm -f /etc/systemd/system/unbound.service; systemctl daemon-reload")


def configuration():
    """Lines: the relay's files and its firewall, what Postfix is set to, the resolver's units, and whom Postfix asks.

    Not the copies of former files, nor the process, nor how main.cf spells a setting: a value that went and came back is written anew.
    """
    asked = "cat /proc/$(tr -d ' ' < /var/spool/postfix/pid/master.pid)/root/etc/resolv.conf /var/spool/postfix/etc/resolv.conf"
    units = "find /etc/systemd/system -name 'mailops-relay*' -o -name 'postfix*.d'; systemctl list-units --all --plain 'mailops-relay-*'"
    lines = [line for line in site.state(RELAY).splitlines()[:-1] if not line.endswith(("~", "/main.cf"))]
    return [*lines, *site.output(RELAY, f"postconf -n; {asked}; {units}").splitlines()]


@pytest.mark.skipif(site.DISTRO not in ("debian12", "debian13"), reason="those whose packages the role installs")
def test_a_right_record_is_verified_and_a_wrong_one_makes_mail_wait(anchors, tmp_path):
    nameserver = re.search(r"inet (203\.0\.113\.[0-9]+)/", site.output("mx01", "ip -4 addr"))[1]
    dane = {
        "relay_server_dane": True,
        "relay_server_dane_trust_anchors": anchors,
        "relay_server_dane_broken_name": BROKEN,
    }
    preflight = {"preflight_mx": "mx01.example.net", "preflight_nameservers": [nameserver], **dane}
    page, file = tmp_path / "report.html", tmp_path / "preflight.json"

    def run(name, **variables):
        return site.playbook("--limit", RELAY, "-e", json.dumps(variables), name=name, check=False)

    # The bed was made with the clients of another scenario, to which the relay's configuration is fitted.
    site.playbook("--limit", RELAY)
    before = configuration()
    try:
        made = run("mailops.relay.site", **dane)
        assert made.returncode == 0, made.stdout + made.stderr
        began = site.output(RELAY, "date '+%Y-%m-%d %H:%M:%S'")
        _right, wrong, *_others = words = [
            site.send("web01", f"ops@{name}") for name in (RIGHT, WRONG, NONE, "example.net")
        ]
        site.all_arrive({*words} - {wrong})
        site.wait_for(lambda: "Server certificate not" in site.output(RELAY, "postqueue -p"))
        run("mailops.relay.report", report_file=str(page), report_since=began)
        hops = json.loads(page.with_suffix(".json").read_text())["tls_hops"]["rows"]
        found = {hop["name"].partition("[")[0]: [kind for kind in KINDS if hop[kind]] for hop in hops}
        assert found == {RIGHT: ["dane"], NONE: ["encrypted"], "mx01.example.net": ["encrypted"]}, hops
        run("mailops.relay.preflight", preflight_file=str(file), **preflight)
        checks = [one for one in json.loads(file.read_text())["relays"][0]["checks"] if one["id"] == "dane"]
        assert [one["status"] for one in checks] == ["ok"] and "validates" in checks[0]["seen"], checks
        assert not site.received(wrong)
    finally:
        back = run("mailops.relay.site")
    assert back.returncode == 0, back.stdout + back.stderr
    # Nothing was lost.
    site.flush()
    site.all_arrive([wrong])
    assert not list(difflib.unified_diff(before, configuration(), n=0, lineterm=""))
