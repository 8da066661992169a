# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control files as meant, and a qmail-send that is told what it must be told, under each supervisor."""

import pytest
import site_under_test as site

CLIENT = "web03"
CONTROL = "/var/qmail/control"
LOG = "/var/log/qmail-send"
SERVICES = {
    "systemd": ("notqmail", "notqmail.service"),
    "daemontools": ("qmail-daemontools", "/etc/qmail-daemontools/send"),
    "runit": ("qmail-runit", "/etc/qmail-runit/send"),
}
# A stand-in runs in qmail's place, the same on each distribution; where the role converged, its files are looked at.
ONLY_HERE = site.only_on(0)
MANAGERS = list(SERVICES) if site.DISTRO.startswith("debian") else ["systemd"]


def config(check=False, options=(), **arguments):
    """Run qmail_config on the client; returns its result and all that Ansible printed."""
    (result,), done = site.modules(site.Call(CLIENT, "qmail_config", arguments, check), options=options)
    return result, done.stdout + done.stderr


def files():
    """Every control file with its owner, mode and content."""
    return site.output(CLIENT, f"cd {CONTROL} && for f in *; do stat -c '%n %U:%G %a' $f; cat $f; done")


def process():
    # The oldest: a shell that is about to run a program is a second one for a moment.
    return site.output(CLIENT, "pgrep -o -x qmail-send")


def noted():
    """What qmail-send has noted since the last call."""
    return site.output(CLIENT, f"cat {LOG}; : > {LOG}").splitlines()


def is_noted():
    return site.run(CLIENT, f"test -s {LOG}", check=False).returncode == 0


@pytest.fixture(params=MANAGERS)
def manager(request):
    """qmail-send under one supervisor and no other."""
    unit, _name = SERVICES[request.param]
    everyone = " ".join(name for name, _service in SERVICES.values())
    site.run(CLIENT, f"systemctl stop {everyone}; : > {LOG}; systemctl start {unit}")
    site.wait_for(is_noted)
    noted()
    return request.param


def test_the_control_files_are_as_meant():
    expected = {
        "me": "web03.example.com",
        "defaulthost": "web03.example.com",
        "defaultdomain": "example.com",
        "plusdomain": "example.com",
        "locals": "",
        "rcpthosts": "",
        "smtproutes": ":smtp-relay001.example.com:25",
    }
    assert {name: site.output(CLIENT, f"cat {CONTROL}/{name}") for name in expected} == expected
    assert site.output(CLIENT, f"cd {CONTROL}; stat -c '%U:%G %a' {' '.join(expected)} | sort -u") == "root:root 644"
    assert site.output(CLIENT, f"stat -c '%U:%G %a' {CONTROL}") == "root:qmail 755"
    assert site.run(CLIENT, f"test -e {CONTROL}/virtualdomains", check=False).returncode == 1


@ONLY_HERE
def test_under_each_supervisor_qmail_send_is_told_what_it_must_be_told(manager):
    service = {"manager": manager, "name": SERVICES[manager][1]}
    old = process()
    result, _printed = config(control={"locals": [f"{manager}.example.com"]}, service_manager="auto")
    assert result["action"] == "hup" and result["service"] == dict(service, pid=int(old))
    site.wait_for(is_noted)
    assert noted() == [f"hup {old} locals {manager}.example.com"] and process() == old

    number = 30 + len(manager)
    result, _printed = config(control={"concurrencyremote": number, "locals": []}, service_manager="auto")
    new = process()
    assert result["action"] == "restart" and result["service"] == dict(service, pid=int(new)) and new != old
    assert noted() == [f"term {old}", f"start {new} remote {number} locals"]


@ONLY_HERE
def test_check_mode_and_a_route_leave_qmail_send_alone():
    old = process()
    noted()
    predicted, _printed = config(check=True, control={"locals": ["x.example.com"]}, service_manager="auto")
    assert predicted["changed"] and predicted["action"] == "hup"
    result, _printed = config(control={"smtproutes": {"": "192.0.2.26"}}, service_manager="auto")
    assert result["changed"] and result["action"] == "none"
    assert process() == old and noted() == []


@ONLY_HERE
@pytest.mark.parametrize("manager", MANAGERS[-1:], indirect=True)
def test_a_restart_that_fails_says_how_qmail_send_is(manager):
    program = "/var/qmail/bin/qmail-send"
    arguments = {"control": {"concurrencyremote": 99}, "service_manager": "auto"}
    site.run(CLIENT, f"mv {program} {program}.away")
    try:
        failed, _printed = config(timeout=2, **arguments)
    finally:
        site.run(CLIENT, f"mv {program}.away {program}; systemctl restart {SERVICES[manager][0]}")
    assert "no qmail-send runs now" in failed["msg"] and f"by {manager} ({SERVICES[manager][1]})" in failed["msg"]

    # The end of the old one is noted before the start of the new one.
    def new_one_has_started():
        return "remote 99" in site.output(CLIENT, f"cat {LOG}")

    site.wait_for(new_one_has_started)
    noted()
    # The one that runs now was started with the new files.
    again, _printed = config(**arguments)
    assert again["changed"] is False


REFUSED = [
    ({"control": {"locals": ["x.example.com"], "smtproute": {}}}, "did you mean smtproutes?"),
    (
        {"control": {"locals": ["x.example.com"], "bouncehost": 5}},
        "bouncehost: '5' is a number where a host name belongs",
    ),
    ({"control": {"locals": ["x.example.com"], "smtproutes": {"": "2001:db8::1"}}}, "IPv6"),
    ({"control": {"me": "web03.example.com"}, "directory": "/var/netqmail/control"}, "no qmail on this host"),
]


@ONLY_HERE
def test_bad_input_is_refused_by_name_with_nothing_changed():
    before = files(), process()
    calls = [site.Call(CLIENT, "qmail_config", dict(arguments, service_manager="auto")) for arguments, _says in REFUSED]
    results, _done = site.modules(*calls)
    for result, (_arguments, says) in zip(results, REFUSED, strict=True):
        assert result["changed"] is False
        assert says in result["msg"]
    assert (files(), process()) == before


@ONLY_HERE
def test_credentials_are_readable_by_qmail_only_and_never_shown():
    item = {"relay": "smtp.example.org", "user": "web03", "password": "h1dden"}
    result, printed = config(options=("--diff", "-vvv"), credentials=[item], credentials_format="pipe")
    assert result["changed"] and "h1dden" not in printed
    assert site.output(CLIENT, f"cat {CONTROL}/smtproutes") == ":smtp.example.org:587|web03|h1dden"
    assert site.output(CLIENT, f"stat -c '%U:%G %a' {CONTROL}/smtproutes") == "root:qmail 640"


@ONLY_HERE
def test_the_site_puts_it_all_right_again(tmp_path):
    site.playbook("--limit", CLIENT, record=tmp_path / "first")
    assert len(site.changes(tmp_path / "first")) == 1
