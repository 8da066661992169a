# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.sendmail.daemon import (
    ipv6_daemons,
    is_added,
    is_listening,
    is_running,
    port_of,
)

TABLE = os.path.join(os.path.dirname(__file__), "fixtures", "proc-net-tcp-linux.txt")


@pytest.mark.parametrize(
    "options, port",
    [
        ("Name=MTA", 25),
        ("Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1", 25),
        ("P=2525,N=x", 2525),
        ("Name=MTA, Port=no-such-service", None),
    ],
)
def test_the_port_of_a_daemon(options, port):
    assert port_of(options) == port


@pytest.mark.parametrize(
    "daemons, listening",
    [
        ([], True),
        (["Name=MTA"], True),
        (["Name=MTA, Port=2525", "Name=MSA, Port=587"], True),
        (["Name=MTA, Port=2525"], False),
        # There are connections on it, but nothing listens.
        (["Name=MTA, Port=465"], False),
        (["Name=MTA, Port=no-such-service"], False),
    ],
)
def test_a_daemon_listens_when_the_kernel_says_so(daemons, listening, tmp_path):
    assert is_listening(daemons, (TABLE, str(tmp_path / "no-ipv6"))) is listening


def test_a_host_that_does_not_tell_is_believed_to_run(tmp_path):
    assert is_listening([], (str(tmp_path / "none"),)) is True


@pytest.mark.parametrize(
    "number, command, running",
    [
        ("1362\n/usr/sbin/sendmail-mta -Am -L sm-mta -bd -q10m\n", "sendmail-mta\n", True),
        # The number is another program's now, or nobody's.
        ("1362\n", "sshd\n", False),
        ("1362\n", None, False),
        ("../1362\n", "sendmail\n", False),
        (None, "sendmail\n", False),
    ],
)
def test_a_daemon_that_refuses_connections_because_of_the_load_runs(number, command, running, tmp_path):
    pid_file, process = tmp_path / "sendmail.pid", tmp_path / "proc" / "1362"
    process.mkdir(parents=True)
    if number is not None:
        pid_file.write_text(u"" + number)  # fmt: skip
    if command is not None:
        (process / "comm").write_text(u"" + command)  # fmt: skip
    nobody_listens = ["Name=MTA, Port=2525"]
    assert is_running(nobody_listens, str(pid_file), (TABLE,), str(tmp_path / "proc")) is running
    assert is_running([], None, (TABLE,), str(tmp_path / "proc")) is True


@pytest.mark.parametrize(
    "daemons, added",
    [
        # Debian's sendmail.mc, EL7's, and sendmail's own.
        (
            ["Family=inet,  Name=MTA-v4, Port=smtp, Addr=127.0.0.1"],
            ["Family=inet6, Name=MTA-ipv6, Port=smtp, M=O, Addr=::1"],
        ),
        (["Port=smtp,Addr=127.0.0.1, Name=MTA"], ["Family=inet6, Name=MTA-ipv6, Port=smtp, M=O, Addr=::1"]),
        (["Port=587, Name=MSA, M=E, Addr=127.0.0.1"], ["Family=inet6, Name=MSA-ipv6, Port=587, M=EO, Addr=::1"]),
        (["N=a, A=LOCALHOST, M=aO, p=26"], ["Family=inet6, Name=a-ipv6, p=26, M=aO, Addr=::1"]),
        (["Addr=127.0.0.1,"], ["Family=inet6, Name=MTA-ipv6, M=O, Addr=::1"]),
        # Beside one of the host's own, in any notation.
        (["Addr=127.0.0.1", "Name=x, Family=inet6, Addr=::1"], []),
        (["Addr=127.0.0.1", "Name=x, F=INET6, Port=25, A=0:0::1"], []),
        (["Addr=127.0.0.1", "Name=x, F=inet6, Port=587, A=::1"], ["Family=inet6, Name=MTA-ipv6, M=O, Addr=::1"]),
        # Not what listens elsewhere, or nowhere.
        (["Name=MTA"], []),
        (["Addr=10.0.0.1"], []),
        (["Family=local, Addr=/run/s"], []),
        ([], []),
        # sendmail takes ten at most.
        (["Addr=127.0.0.1, Port={0}".format(port) for port in range(1, 11)], []),
    ],
)
def test_daemons_on_the_loopback_address_of_ipv6(daemons, added):
    assert ipv6_daemons(daemons) == added
    assert all(map(is_added, added)) and not any(map(is_added, daemons))
    # What has been added makes no difference.
    assert ipv6_daemons(daemons + added) == added
