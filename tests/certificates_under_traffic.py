# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates change while mail flows, by hand: numbered messages from a Postfix and a sendmail client, and each once at mx01.

Meanwhile a certificate is renewed with the relay alone, the key type and the relay's name change, the provider goes from self-signed to
the CA of the site, which renews it, a second relay is added and the first one removed. Ends with 1 where a number is missing or came
twice, or was deferred for a certificate; what was deferred for anything else is shown.

Usage: MOLECULE_BED=mine-8 python tests/certificates_under_traffic.py [MESSAGES]; makes a bed of its own and takes it away, in some 20
minutes. It is not in ``make test``.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BED = os.environ.setdefault("MOLECULE_BED", "certificates-15")
os.environ.setdefault("MOLECULE_DISTRO", "debian12")
os.environ.update(
    MOLECULE_PROJECT_DIRECTORY=str(ROOT),
    MOLECULE_PROTOCOLS="ipv4",
    ANSIBLE_CONFIG=str(ROOT / "ansible.cfg"),
    ANSIBLE_CONNECTION_PLUGINS=str(ROOT / "tests/testbed/connection_plugins"),
    PATH=f"{ROOT}/.venv/bin:{os.environ['PATH']}",
)
FIRST, SECOND = "smtp-relay001", "smtp-relay002"
NEW_NAME = "mail-out.example.com"
GROUPS = {"relay_servers": [FIRST, SECOND], "relay_clients": ["web01"], "sendmail_clients": ["legacy01"]}
CLIENTS = ["web01", "legacy01"]
# Why a client did not take a relay's certificate: Postfix's words, and sendmail's.
FOR_A_CERTIFICATE = re.compile(r"certificate|verif|TLS|not authenticated|handshake", re.I)


class Site:
    """The bed and what its inventory says at the moment."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.relays = {FIRST: {"relay_server_hostname": f"{FIRST}.example.com"}}
        self.common = {}
        self.served = {}

    def inventory(self, groups):
        """list of str: the options that name it."""
        hosts = {
            name: {host: {"ansible_host": f"{BED}-{host}"} for host in members} for name, members in groups.items()
        }
        for relay in set(hosts["relay_servers"]) & set(self.relays):
            hosts["relay_servers"][relay].update(self.relays[relay])
        content = {name: {"hosts": members} for name, members in hosts.items()}
        content["testbed_internet"] = {"hosts": {"mx01": {"ansible_host": f"{BED}-mx01"}}}
        file = self.directory / "inventory.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        return ["-i", str(ROOT / "molecule/inventory"), "-i", str(file)]

    def playbook(self, name, *arguments, groups=None):
        """Run a playbook with the relays that the site has now, or with other groups; shows what it warned of and changed."""
        groups = groups or {**GROUPS, "relay_servers": list(self.relays)}
        command = ["ansible-playbook", *self.inventory(groups), name, "-e", json.dumps(self.common), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        shown = re.findall(
            r"^\[WARNING\].*(?:\n(?!\n|\S+ \[|ok:|changed:).*)*|^\S+ +: ok=.*", done.stdout + done.stderr, re.M
        )
        print("\n".join(f"    {' '.join(text.split())}" for text in shown), flush=True)
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-5000:]}{done.stderr}")

    def site(self, title, *arguments, new=False):
        """Run the site, and say which certificates the relays serve then; new: whether it is to be another one."""
        print(f"{time.strftime('%T')} {title}", flush=True)
        self.playbook("mailops.relay.site", *arguments)
        for relay in self.relays:
            asked = "echo QUIT | openssl s_client -starttls smtp -connect 127.0.0.1:587 2>/dev/null | openssl x509 -noout -subject -serial"
            before, self.served[relay] = self.served.get(relay), output(relay, asked)
            print(f"    {relay}: {' '.join(self.served[relay].split())}", flush=True)
            if before is not None and (before != self.served[relay]) != new:
                sys.exit(f"{relay} serves {'the same' if new else 'another'} certificate")


def output(host, command):
    """str: what a shell command prints on a host."""
    done = subprocess.run(
        ["docker", "exec", f"{BED}-{host}", "sh", "-c", command], capture_output=True, text=True, check=False
    )
    return done.stdout


def start_traffic(client):
    """Have a client send numbered messages until it is told to stop."""
    loop = f"""n=0; while [ ! -e /run/stop ]; do n=$((n + 1))
        printf 'Subject: number {client} %d\\n\\n' $n | /usr/sbin/sendmail ops@example.net && echo $n >/run/sent; sleep 0.4; done"""
    subprocess.run(["docker", "exec", "-d", f"{BED}-{client}", "sh", "-c", loop], check=True)


def sent(client):
    """int: the number of the last message that a client has sent."""
    return int(output(client, "cat /run/sent") or 0)


def arrived():
    """Counter: how often each (client, number) is at mx01."""
    lines = output("mx01", "grep -rhE '^Subject: number' /var/mail/received/new").split("\n")
    return Counter(tuple(line.split()[2:4]) for line in lines if line)


def change(site):
    """Everything that happens to the certificates; each line is a run of Ansible."""
    renewed = json.dumps({"relay_server_tls_renew_before_days": 3690, "relay_server_tls_valid_days": 3700})
    site.site("renewal, the relay alone: it waits", "-e", renewed, "--limit", "relay_servers")
    site.site("the whole site: it takes its place", "-e", renewed, new=True)
    site.site("and the former anchor goes")
    site.common["relay_server_tls_key_type"] = "ECC"
    site.site(
        "another key type, the relay alone: it waits", "-e", "relay_server_tls_force=true", "--limit", "relay_servers"
    )
    site.site("the whole site: it takes its place", new=True)
    site.site("and the former anchor goes")
    site.relays[FIRST]["relay_server_hostname"] = NEW_NAME
    site.site("another name, the relay alone: it waits", "--limit", "relay_servers")
    site.site("the whole site: it takes its place", new=True)
    site.site("and the former name goes")
    site.common.update(
        relay_server_tls_provider="siteca",
        relay_server_tls_siteca_valid_days=12000,
        relay_server_tls_siteca_path=str(site.directory / "siteca.pem"),
        relay_server_tls_siteca_passphrase="certificates under traffic",  # noqa: S106
    )
    site.site("the CA of the site, the relay alone: it waits", "--limit", "relay_servers")
    site.site("the whole site: it takes its place", new=True)
    site.site("and the former anchor goes")
    site.site("renewal, the relay alone: clients trust the CA", "-e", renewed, "--limit", "relay_servers", new=True)
    site.relays[SECOND] = {"relay_server_hostname": f"{SECOND}.example.com"}
    site.site("a second relay is added")
    first = site.relays.pop(FIRST)
    site.site("the clients leave the first one")
    print(f"{time.strftime('%T')} the first one is removed", flush=True)
    site.relays[FIRST] = first
    site.playbook("mailops.relay.remove", "--limit", FIRST, "-e", "remove_assume_yes=true", groups=GROUPS)


def judge(numbers):
    """int: what is wrong. Says what came of the messages: numbers is a dict of how many each client has sent."""
    found, wrong = arrived(), 0
    for client, count in numbers.items():
        missing = [number for number in range(1, count + 1) if not found[client, str(number)]]
        twice = [number for number in range(1, count + 1) if found[client, str(number)] > 1]
        print(
            f"{client}: {count} sent, {count - len(missing)} arrived; missing {missing or 'none'}, more than once {twice or 'none'}"
        )
        for number in twice:
            print(
                output(
                    "mx01", f"grep -rlx 'Subject: number {client} {number}' /var/mail/received/new | xargs sed '/^$/q'"
                )
            )
        wrong += len(missing) + len(twice)
    for host in [*GROUPS["relay_servers"], *CLIENTS]:
        log = output(host, "grep -E 'status=deferred|stat=Deferred|stat=.*TLS' /var/log/mail.log")
        reasons = Counter(re.sub(r"^.*?((?:status|stat)=)", r"\1", line) for line in log.splitlines())
        for reason, count in reasons.items():
            print(f"{host}: {count} times {reason}")
            wrong += count if FOR_A_CERTIFICATE.search(reason) else 0
    return wrong


def main(least):
    with tempfile.TemporaryDirectory() as directory:
        site = Site(directory)
        bed = ["-e", json.dumps({"testbed_aliases": {FIRST: [NEW_NAME]}})]
        try:
            site.playbook("tests/testbed/create.yml", *bed, groups=GROUPS)
            site.site("the first site")
            for client in CLIENTS:
                start_traffic(client)
            change(site)
            while any(sent(client) * len(CLIENTS) < least for client in CLIENTS):
                time.sleep(5)
            for client in CLIENTS:
                output(client, "touch /run/stop; sleep 2")
            numbers = {client: sent(client) for client in CLIENTS}
            end = time.monotonic() + 300
            while sum(arrived().values()) < sum(numbers.values()) and time.monotonic() < end:
                for client in CLIENTS:
                    output(client, "postqueue -f 2>/dev/null || { sendmail -Ac -q; sendmail -q; }")
                time.sleep(5)
            return judge(numbers)
        finally:
            if not os.environ.get("KEEP_BED"):
                site.playbook("tests/testbed/destroy.yml", groups=GROUPS)


if __name__ == "__main__":
    sys.exit(min(main(int(sys.argv[1]) if sys.argv[1:] else 2000), 1))
