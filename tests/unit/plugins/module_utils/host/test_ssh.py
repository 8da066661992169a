# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host import ssh


def procfs(tmp_path, processes):
    for pid, (parent, environment) in processes.items():
        folder = tmp_path / pid
        folder.mkdir()
        (folder / "status").write_text(u"Name:\tsh\nPPid:\t{0}\n".format(parent))  # fmt: skip
        (folder / "environ").write_text(u"HOME=/root\0{0}\0".format(environment))  # fmt: skip
    return str(tmp_path)


def test_the_connection_comes_from_the_environment(tmp_path):
    environ = {"SSH_CONNECTION": "192.0.2.7 51000 192.0.2.1 2222"}
    assert ssh.access(environ, str(tmp_path)) == ssh.SshAccess([2222], "192.0.2.7")


def test_sudo_hides_the_connection_and_a_parent_still_has_it(tmp_path):
    proc = procfs(
        tmp_path,
        {
            "self": ("40", "A=b"),
            "40": ("30", "SUDO_USER=ops"),
            "30": ("1", "SSH_CONNECTION=fe80::1%eth0 51000 fe80::2%eth0 22"),
        },
    )
    assert ssh.access({}, proc) == ssh.SshAccess([22], "fe80::1")


def test_without_a_connection_sshd_config_is_asked(tmp_path):
    config = tmp_path / "sshd_config"
    included = tmp_path / "ports.conf"
    included.write_bytes(b"Port 2200\n")
    config.write_text(
        u"# Port 1\nInclude {0}\nport=2222\nListenAddress 192.0.2.1:2022\nListenAddress [2001:db8::1]:2023\n"
        u"ListenAddress 2001:db8::2\nMatch User x\nPort 9\n".format(included)
    )  # fmt: skip
    proc = procfs(tmp_path, {"self": ("0", "A=b")})
    assert ssh.access({}, proc, str(config)) == ssh.SshAccess([2022, 2023, 2200, 2222], None)


def test_without_anything_it_is_22(tmp_path):
    assert ssh.access({"SSH_CONNECTION": "odd"}, str(tmp_path), str(tmp_path / "none")) == ssh.SshAccess([22], None)
