# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode tells the truth, refusals change nothing, and a kill leaves whole files."""

import json
import os
import subprocess

import pytest
import site_under_test as site


def by_host_and_task(changes):
    return {(line["host"], line["task"]): line["diff"] for line in changes}


def comparable(diff):
    """The lines of a diff without what differs between two runs by nature: dates in headers, new keys."""
    return json.dumps(diff, sort_keys=True)


def converge_lines():
    lines = site.changes(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"] + "/changes.jsonl")
    return [line for line in lines if line["playbook"] == "converge.yml"]


def test_check_mode_on_fresh_hosts_announced_what_the_real_run_then_changed():
    """The scenario ran the site in check mode on fresh hosts before it converged them."""
    announced = by_host_and_task([line for line in converge_lines() if line["check"]])
    done = by_host_and_task([line for line in converge_lines() if not line["check"]])
    # Whether the service of a package that is not installed yet needs a restart, and what packages leave, cannot be
    # known before. Nobody installs packages on hosts of Debian 11, see molecule/inventory/hosts.yml.
    unknowable = set()
    if ("web02", "mailops.relay.relay_client : Install the packages") in done:
        unknowable.add(("web02", "mailops.relay.relay_client : Run Postfix with this configuration"))
    if ("legacy01", "mailops.relay.sendmail_client : Install the packages") in done:
        unknowable |= {
            ("legacy01", f"mailops.relay.sendmail_client : {task}")
            for task in (
                "Run sendmail with this configuration",
                "Stop other mail systems",
                "Kill the sendmail that waits for the port in vain",
            )
        }
    assert set(announced) == set(done) - unknowable
    # Hosts without a mail system had no files to compare; the others had.
    for key in (
        (site.RELAY, "mailops.relay.relay_server : Configure Postfix"),
        ("web03", "mailops.relay.qmail_client : Configure qmail, and have it use the change"),
    ):
        assert comparable(announced[key]) == comparable(done[key])


# What 0.4.0 could leave on a client: a private key among the trust anchors, and in a backup.
KEY = "LEAKEDkeyLEAKEDkey"
LEAK = (
    f"; printf '%s\\n' '-----BEGIN PRIVATE KEY-----' {KEY} '-----END PRIVATE KEY-----' >> {{0}};"
    " cp {0} {0}.2026-11-20@10:00:00~"
)
# Drift of every kind: parameters, a service, a zone; on the clients files that are not what they were.
DRIFT = {
    site.RELAY: (
        "postconf -e delay_warning_time=7h mydestination=example.com;"
        "sed -i '/^submission/,/^[^ ]*$/d' /etc/postfix/master.cf;"
        "firewall-cmd --zone=postfix --remove-port=587/tcp; firewall-cmd --permanent --zone=postfix --add-port=1/tcp"
    ),
    "web01": (
        "postconf -e relayhost= smtp_tls_security_level=none" + LEAK.format("/etc/postfix/relay-trust-anchors.pem")
    ),
    "legacy01": (
        "sed -i 's/^DS.*/DS/' /etc/mail/sendmail.cf; sed -i '/SMART_HOST/d' /etc/mail/sendmail.mc;"
        "sed -i '/^TLS_Srv/d' /etc/mail/access; touch /etc/mail/sendmail.cf"
        + LEAK.format("/etc/mail/relay-trust-anchors.pem")
    ),
    "web03": "echo web03.example.com > /var/qmail/control/locals; echo ':192.0.2.1' > /var/qmail/control/smtproutes",
}


@site.only_on(1)
def test_check_mode_on_a_changed_site_announces_exactly_what_is_done(tmp_path):
    for host, command in DRIFT.items():
        site.run(host, command)
    site.playbook("--check", "--diff", record=tmp_path / "check")
    site.playbook("--diff", record=tmp_path / "real")
    announced = by_host_and_task(site.changes(tmp_path / "check"))
    done = by_host_and_task(site.changes(tmp_path / "real"))
    assert {host for host, _task in done} == set(DRIFT)
    assert ("legacy01", "mailops.relay.sendmail_client : Configure sendmail") in done
    assert set(announced) == set(done)
    for key, diff in done.items():
        assert comparable(announced[key]) == comparable(diff), key
    for host in ("web01", "legacy01"):
        assert site.output(host, f"grep -rlF {KEY} /etc/postfix /etc/mail 2>/dev/null || true") == "", host
    assert KEY not in json.dumps([diff for lines in (announced, done) for diff in lines.values()])
    # That the next run changes nothing is what the scenario looks at last (idempotence).
    # delay_warning_time is the site's own business: the role leaves it alone.
    site.run(site.RELAY, "postconf -X delay_warning_time && postfix reload")
    site.arrives(site.send("legacy01"))


REFUSED = [
    ({"relay_server_main": {"message_size_limit": "abc"}}, ["message_size_limit", "abc"]),
    ({"relay_server_main": {"smtpd_banner_text": "x"}}, ["smtpd_banner_text", "smtpd_banner"]),
    ({"relay_server_main": {"mynetworks": "0.0.0.0/0"}}, ["open-relay-mynetworks", "0.0.0.0/0"]),
    ({"relay_server_smtpd_relay_restrictions": ["permit"]}, ["smtpd_relay_restrictions"]),
    ({"relay_server_networks": ["10.20.0.300/24"]}, ["relay_server_networks", "10.20.0.300/24"]),
    ({"relay_server_networks": ["10.20.0.1/16"]}, ["relay_server_networks", "10.20.0.0/16"]),
    ({"relay_server_networks": [["10.0.0.0/8"]]}, ["relay_server_networks"]),
    ({"relay_server_networks": []}, ["relay_server_networks", "empty"]),
    ({"relay_server_hostname": "smtp-relay001"}, ["relay_server_hostname", "fully qualified"]),
    ({"relay_server_firewall_zone": "a-zone-name-too-long"}, ["relay_server_firewall_zone", "17"]),
    ({"relay_server_tls_certificate_path": "/nowhere/server.crt"}, ["/nowhere"]),
    ({"relay_server_firewall": "iptalbes"}, ["relay_server_firewall", "iptalbes"]),
    ({"relay_server_submission": "perhaps"}, ["relay_server_submission", "perhaps"]),
]


@pytest.fixture(scope="module")
def refusals():
    return site.refusals(site.RELAY, "relay_server", [variables for variables, _named in REFUSED], site.STATE)


@site.only_on(2)
@pytest.mark.parametrize("number", range(len(REFUSED)), ids=[next(iter(variables)) for variables, _named in REFUSED])
def test_bad_variable_is_refused_by_name_and_nothing_changes(refusals, number):
    said, states = refusals
    assert said[number]
    for word in REFUSED[number][1]:
        assert word in said[number]
    assert states[number + 1] == states[0]


@site.only_on(2)
def test_after_a_refused_run_mail_flows():
    done = site.playbook("--limit", site.RELAY, "-e", '{"relay_server_main": {"mynetworks": "0.0.0.0/0"}}', check=False)
    assert done.returncode != 0 and "open-relay-mynetworks" in " ".join((done.stdout + done.stderr).split())
    site.arrives(site.send("web01"))


@site.only_on(2)
def test_relay_name_that_is_not_an_fqdn_is_refused_on_the_client():
    before = site.output("web01", "sha256sum /etc/postfix/*.c? /etc/postfix/*.pem")
    done = site.playbook(
        "--limit", "web01", "-e", json.dumps({"relay_client_relays": [{"name": "relay"}]}), check=False
    )
    assert done.returncode != 0
    text = " ".join(done.stdout.split())
    assert "relay_client_relays" in text
    assert "is not a fully qualified domain name" in text
    assert site.output("web01", "sha256sum /etc/postfix/*.c? /etc/postfix/*.pem") == before


# On a copy of the configuration in memory, which only the programs below see, as they alone see these firewall rules.
KILL = """
set -e
cp -a {directory} /tmp/kill/copy
mount --bind /tmp/kill/copy {directory}
ip link set lo up
cd /tmp/kill/tree
exec python2.7 tests/kill/loop.py {modules}
"""
# On two hosts, since there are two processors.
KILLED = {
    "web01": ("/etc/postfix", "postfix_config tls_keypair tls_switch qmail_config_removal firewalld_zone_removal"),
    "legacy01": (
        "/etc/mail",
        "sendmail_config iptables_rules qmail_config mail_log_limits dkim_key opendkim_config dane_resolver",
    ),
}


@pytest.mark.skipif(site.DISTRO not in ("centos7", "debian11"), reason="the kill loop runs on one distribution")
def test_killed_or_failed_at_any_file_operation_files_are_whole_and_the_next_run_finishes():
    """With the host's own Python: each file is the old or the new one, and the next run finishes the work."""
    tree = subprocess.run(
        ["tar", "-C", str(site.ROOT), "-cf", "-", "plugins", "tests/kill"], capture_output=True, check=True
    ).stdout
    before = site.state("web01")
    running = {}
    for host, (directory, modules) in KILLED.items():
        shell = ["docker", "exec", "-i", site.PREFIX + host, "sh", "-c"]
        subprocess.run(
            [*shell, "mkdir -p /tmp/kill/tree && tar -C /tmp/kill/tree -xf -"], input=tree, check=True, timeout=60
        )
        script = KILL.format(directory=directory, modules=modules)
        running[host] = subprocess.Popen(
            [*shell, 'exec unshare --mount --net timeout 600 sh -c "$0"', script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    said = {host: process.communicate()[0] for host, process in running.items()}
    codes = {host: process.returncode for host, process in running.items()}
    assert codes == dict.fromkeys(KILLED, 0), said
    for host in KILLED:
        site.run(host, "rm -rf /tmp/kill")
    assert site.state("web01") == before
