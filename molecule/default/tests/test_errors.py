# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A full disk, a disk that cannot be written, and paths that are none: a sentence, and nothing changed."""

import json

import pytest
import site_under_test as site

PAIR = {"common_name": "new.example.com", "type": "ECC"}
RULES = {"name": "new", "sources": ["192.0.2.0/24"], "ports": ["26/tcp"]}
# What would write below /etc. The other modules read, or write elsewhere; of those what follows this.
WRITERS = [
    site.Call("web01", "postfix_config", {"main": {"mail_name": "New"}}),
    site.Call("web01", "tls_keypair", dict(PAIR, privatekey_path="/etc/new.key", certificate_path="/etc/new.crt")),
    site.Call("web01", "iptables_rules", dict(RULES, saved_file_ipv4="/etc/new.v4", saved_file_ipv6="/etc/new.v6")),
    site.Call("web01", "mail_log_limits", {}),
    site.Call("web01", "qmail_config", {"directory": "/etc/qmail", "control": {"me": "new.example.com"}}),
    site.Call("legacy01", "sendmail_config", {"smart_hosts": ["new.example.com"]}),
]
# None of these comes to the disk.
NONSENSE = [
    (
        site.Call("web01", "tls_keypair", dict(PAIR, privatekey_path="/etc/a\0b", certificate_path="/etc/c")),
        "privatekey_path: it holds a NUL",
    ),
    (
        site.Call("web01", "postfix_config", {"config_directory": None, "main": {"mail_name": "a\0"}}),
        "main.mail_name: it holds a NUL",
    ),
    (site.Call("web01", "iptables_rules", dict(RULES, saved_file_ipv4="/dev/full")), "a device, not a regular file"),
]
HOSTS = sorted({call.host for call in WRITERS})
STATE = "find /etc -newer /tmp/errors.begun ! -type d; find /etc -name '*mailops*' ! -name '*.conf'; iptables-save | sed '/^#/d'"
# Another /etc in the place of the host's own, for the time of the test.
FULL = """
mkdir /tmp/errors.etc && mount -t tmpfs -o size=40m tmpfs /tmp/errors.etc && cp -a /etc/. /tmp/errors.etc
mkdir -p /tmp/errors.etc/qmail && : > /tmp/errors.etc/main.cf.new
dd if=/dev/zero of=/tmp/errors.etc/filler bs=4k 2>/dev/null; i=0
while : > /tmp/errors.etc/inode.$i; do i=$((i+1)); [ $i -lt 9 ] || break; done 2>/dev/null
mount --bind /tmp/errors.etc /etc
"""
READ_ONLY = (
    FULL.replace("dd if=/dev/zero of=/tmp/errors.etc/filler bs=4k 2>/dev/null", "true")
    + "mount -o remount,ro,bind /etc\n"
)
BACK = "umount /etc; umount /tmp/errors.etc; rmdir /tmp/errors.etc"


def said(result):
    return json.dumps(result)


def no_traceback(results, done):
    assert "MODULE FAILURE" not in done.stdout and "Traceback" not in done.stdout + done.stderr
    for result in results:
        assert "Traceback" not in said(result) and "MODULE FAILURE" not in said(result)


@pytest.mark.skipif(site.DISTRO not in ("centos7", "debian11"), reason="the distribution is not what is tested")
@pytest.mark.parametrize(
    ("mount", "fix", "nonsense"),
    [(FULL, "make room on its file system", []), (READ_ONLY, "mount it for writing", NONSENSE)],
    ids=["full", "read-only"],
)
def test_a_disk_that_takes_nothing_is_named_with_its_own_fix(mount, fix, nonsense):
    for host in HOSTS:
        site.run(host, mount)
    try:
        before = {host: site.output(host, "touch /tmp/errors.begun; sleep 0.01;" + STATE) for host in HOSTS}
        results, done = site.modules(*WRITERS, *(call for call, _words in nonsense))
        after = {host: site.output(host, STATE) for host in HOSTS}
    finally:
        for host in HOSTS:
            site.run(host, BACK)
    no_traceback(results, done)
    for (call, words), result in zip(nonsense, results[len(WRITERS) :], strict=True):
        assert result.get("failed") and words in result["msg"], (call.module, result)
    for call, result in zip(WRITERS, results, strict=False):
        assert result.get("failed") and fix in result["msg"], (call.module, result)
    assert after == before
