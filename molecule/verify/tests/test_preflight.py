# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One thing at a time is made wrong, in the DNS or on the relay: just its check fails, and its fix helps."""

import contextlib
import re

import pytest
import site_under_test as site

RELAY, FQDN = site.RELAY, "smtp-relay001.example.com"
DNSMASQ = "/etc/dnsmasq.conf"
MYDESTINATION = "$myhostname, localhost.$mydomain, localhost"
# The DNS is asked from the controller: what is wrong is told on one distribution, that nothing is on each.
WRONG_ON = 2
# What a container cannot know, what the test bed has not, and what nobody asked for.
NOT_CHECKED = {"clock", "dns_aaaa", "dns_dkim"}
LOGS = {"log_journald", "log_rsyslog"}
ON_THE_RELAY = {"host_name", "outbound_address", "queue_space", "port_25"} | LOGS
CHECKED = ON_THE_RELAY | {f"dns_{name}" for name in ("resolver", "a", "ptr", "fcrdns", "spf", "mx", "dmarc")}


def addresses():
    """The relay's and mx01's address on the bed's internet."""
    found = {}
    for host in (RELAY, "mx01"):
        found[host] = re.search(r"inet (203\.0\.113\.[0-9]+)/", site.output(host, "ip -4 addr")).group(1)
    return found


def change_dns(change):
    """Serve other records; returns what was served before."""
    before = site.run("mx01", f"cat {DNSMASQ}").stdout
    after = change(before)
    assert after != before, "the change changes nothing"
    site.run("mx01", f"cat > {DNSMASQ} && systemctl restart dnsmasq", stdin=after)
    return before


@contextlib.contextmanager
def dns(change):
    """Other records for a while; the old ones afterwards."""
    before = change_dns(change)
    try:
        yield
    finally:
        site.run("mx01", f"cat > {DNSMASQ} && systemctl restart dnsmasq", stdin=before)


@contextlib.contextmanager
def on(host, command, undo):
    """A command's effect for a while."""
    site.run(host, command)
    try:
        yield
    finally:
        site.run(host, undo)


def breakages(relay):
    """Each with its name: a context in which one thing is wrong. What it undoes is what `todo` tells."""
    reverse = ".".join(reversed(relay.split("."))) + ".in-addr.arpa"
    host_record = f"host-record={FQDN},{relay}"
    apart = f"address=/{FQDN}/{relay}"
    pointer = f"ptr-record={reverse},"
    policy = f'txt-record=example.com,"v=spf1 ip4:{relay} -all"'
    eleven = " ".join(["a:mx01.example.net"] * 11)
    return {
        "wrong PTR": dns(lambda text: text.replace(host_record, f"{apart}\n{pointer}host-4.provider.example")),
        "missing A": dns(lambda text: text.replace(host_record, f"{pointer}{FQDN}")),
        "SPF without the relay": dns(lambda text: text.replace(policy, 'txt-record=example.com,"v=spf1 mx -all"')),
        "SPF with 11 look-ups": dns(
            lambda text: text.replace(policy, f'txt-record=example.com,"v=spf1 {eleven} ip4:{relay} -all"')
        ),
        "short host name": on(RELAY, "hostname smtp-relay001", f"hostname {FQDN}"),
        "MX elsewhere": on(
            RELAY,
            f"postconf -e 'mydestination = $mydomain, {MYDESTINATION}'",
            f"postconf -e 'mydestination = {MYDESTINATION}'",
        ),
        "resolver stopped": on("mx01", "systemctl stop dnsmasq", "systemctl start dnsmasq"),
    }


@pytest.fixture(scope="module")
def preflights(tmp_path_factory):
    """What the preflight says: at first, with each thing wrong when the one before has been put right, and at last."""
    found = addresses()
    variables = {
        "preflight_mx": "mx01.example.net",
        "preflight_nameservers": [found["mx01"]],
        "preflight_expected_address": found[RELAY],
        "preflight_timeout": 5,
    }

    def run(name):
        file = tmp_path_factory.mktemp("preflight") / "preflight.json"
        # The site has to stop for the same reason.
        playbook = "mailops.relay.site" if name == "missing A" else "mailops.relay.preflight"
        return site.playbook_result(file, "preflight_file", name=playbook, site_preflight="strict", **variables)

    results = {"at first": run("at first")}
    if site.falls_to(WRONG_ON) == site.DISTRO:
        for name, breakage in breakages(found[RELAY]).items():
            with breakage:
                results[name] = run(name)
        results["at last"] = run("at last")
    return results


def by_status(result, status):
    (relay,) = result["relays"]
    return [entry for entry in relay["checks"] if entry["status"] == status]


def identifiers(result, status):
    return {entry["id"] for entry in by_status(result, status)}


@pytest.mark.parametrize("when", ["at first", pytest.param("at last", marks=site.only_on(WRONG_ON))])
def test_a_good_relay_passes_every_check(preflights, when):
    done, result = preflights[when]
    assert done.returncode == 0 and result["verdict"] == "ok", done.stdout
    assert identifiers(result, "skipped") == NOT_CHECKED
    assert all(entry["seen"] for entry in by_status(result, "skipped"))
    assert {
        "host_name",
        "outbound_address",
        "queue_space",
        "log_journald",
        "log_rsyslog",
        "certificate",
        "dns_resolver",
        "port_25",
    } | {f"dns_{name}" for name in ("a", "ptr", "fcrdns", "spf", "mx", "dmarc")} <= identifiers(result, "ok")
    assert "dns_fcrdns" in done.stdout


# What is wrong, which check says so, what it saw, and what to do; the last is what the test then does.
WRONG = [
    ("wrong PTR", "dns_ptr", "host-4.provider.example, not " + FQDN, "set the PTR record of {relay} to " + FQDN),
    ("missing A", "dns_a", "no A record", "Publish " + FQDN + " A {relay}."),
    ("SPF without the relay", "dns_spf", "fail for {relay}", "Add ip4:{relay} to the record"),
    ("SPF with 11 look-ups", "dns_spf", "11 of at most 10 look-ups", "until 10 look-ups are left"),
    ("short host name", "host_name", "smtp-relay001, but myhostname is " + FQDN, "set-hostname) to " + FQDN),
    ("MX elsewhere", "dns_mx", "mail for it goes to mx01.example.net", "Take $mydomain out of mydestination"),
    ("resolver stopped", "dns_resolver", "", "Start or repair the name server"),
]


@site.only_on(WRONG_ON)
@pytest.mark.parametrize(("name", "identifier", "seen", "todo"), WRONG, ids=[row[0] for row in WRONG])
def test_just_the_check_of_what_is_wrong_fails(preflights, name, identifier, seen, todo):
    done, result = preflights[name]
    assert done.returncode != 0 and "The preflight says failed" in done.stdout
    failed = by_status(result, "failed")
    assert {entry["id"] for entry in failed} == {identifier}, failed
    assert identifiers(result, "warning") == set()
    relay = addresses()[RELAY]
    for entry in failed:
        assert seen.format(relay=relay) in entry["seen"] and todo.format(relay=relay) in entry["todo"]
    assert "Traceback" not in done.stdout + done.stderr


@site.only_on(WRONG_ON)
def test_what_rests_on_a_check_that_failed_is_skipped_and_says_so(preflights):
    assert identifiers(preflights["wrong PTR"][1], "skipped") == NOT_CHECKED | {"dns_fcrdns"}
    # The site has said what it will make of the logs, and sees to the certificate.
    assert identifiers(preflights["missing A"][1], "skipped") == NOT_CHECKED | LOGS | {"dns_fcrdns", "certificate"}
    skipped = by_status(preflights["resolver stopped"][1], "skipped")
    assert {"dns_a", "dns_ptr", "dns_spf", "dns_mx", "port_25"} <= {entry["id"] for entry in skipped}
    assert all("dns_resolver" in entry["seen"] for entry in skipped if entry["id"] in ("dns_a", "dns_spf", "port_25"))


@site.only_on(WRONG_ON)
def test_the_site_stops_before_anything_is_changed(preflights):
    done, _result = preflights["missing A"]
    assert re.findall(r"TASK \[mailops\.relay\.relay_server : (.*)\]", done.stdout) == ["Say what the relay will be"]
    played, _recap, verdict = done.stdout.partition("PLAY RECAP")
    assert "web01" not in played
    assert re.search(r"^not complete: .*not reached: .*web01", verdict, re.M), verdict
