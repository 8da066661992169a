# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import ssh
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result

TITLE = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
DAEMON = "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"
# systemctl show of systemd 252 (Debian 12), with a drop-in for ssh.socket: ListenStream= and ListenStream=2222.
SSH_SOCKET = (
    "Accept=no\nListen=[::]:2222 (Stream)\nId=ssh.socket\nTriggers=ssh.service\nActiveState={0}\nUnitFileState={1}\n\n"
)
SSH_SERVICE = "Id=ssh.service\nTriggers=\nActiveState={0}\nUnitFileState={1}\n\n"
OTHER_SOCKETS = (
    "Accept=no\nId=sshd.socket\nTriggers=\nActiveState=inactive\nUnitFileState=\n\n"
    "Accept=no\nListen=/run/systemd/journal/socket (Datagram)\nListen=/run/systemd/journal/stdout (Stream)\n"
    "Id=systemd-journald.socket\nTriggers=systemd-journald.service\nActiveState=active\nUnitFileState=static\n\n"
    "Accept=no\nListen=0.0.0.0:111 (Stream)\nListen=0.0.0.0:111 (Datagram)\nId=rpcbind.socket\nTriggers=rpcbind.service\n"
    "ActiveState=active\nUnitFileState=enabled\n\n"
)
# The same, of a socket unit of another name with a service for each connection.
ADMIN_SOCKET = (
    "Accept=yes\nListen=[::]:2223 (Stream)\nId=admin.socket\nTriggers=\nActiveState=active\nUnitFileState=static\n\n"
)
COMMANDS = {
    "admin@0.service": "/usr/sbin/sshd -i",
    "rpcbind.service": "/sbin/rpcbind -f -w",
}
COMMAND = "ExecStart={{ path={0} ; argv[]={1} ; ignore_errors=yes ; pid=0 ; code=(null) ; status=0/0 }}\nId={2}\n\n"
STOPPED = SSH_SERVICE.format("inactive", "disabled") + OTHER_SOCKETS


class Host(object):
    """A procfs below a directory, and a systemd that says what it is told to say; None is no systemd."""

    def __init__(self, root, units=STOPPED):
        self.units = units
        self.proc = str(root / "proc")
        self.config = str(root / "sshd_config")
        self.tables = {"tcp": TITLE, "tcp6": TITLE}
        self.inode = 3153266
        os.makedirs(os.path.join(self.proc, "net"))
        self.process("1", "/lib/systemd/systemd --system", parent="0")
        # This process, which on a real host is one of those with a number too.
        self.process("self", "python3 AnsiballZ_firewalld_zone.py")

    def write(self, *names, **text):
        path = os.path.join(self.proc, *names)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with open(path, "wb") as stream:
            stream.write(text["text"].encode("utf-8"))

    def process(self, pid, command, addresses=(), parent="1", environment="A=b", readable=True):
        """A process that listens on these addresses, as /proc/net/tcp of a little-endian machine has them."""
        self.write(pid, "status", text=u"Name:\tsh\nPPid:\t{0}\n".format(parent))  # fmt: skip
        self.write(pid, "environ", text=u"HOME=/root\0{0}\0".format(environment))  # fmt: skip
        self.write(pid, "cmdline", text=command.replace(" ", u"\0") + u"\0\0")  # fmt: skip
        if readable:
            os.mkdir(os.path.join(self.proc, pid, "fd"))
            os.symlink("/dev/null", os.path.join(self.proc, pid, "fd", "0"))
        for number, address in enumerate(addresses):
            self.inode += 1
            table = "tcp6" if len(address) > 13 else "tcp"
            line = "   0: {0} {1}:0000 0A 00000000:00000000 00:00000000 00000000     0        0 {2} 1 0 100 0 0 10 0\n"
            self.tables[table] += line.format(address, "0" * (len(address) - 5), self.inode)
            if readable:
                link = "socket:[{0}]".format(self.inode)
                os.symlink(link, os.path.join(self.proc, pid, "fd", str(number + 3)))
        for name, text in self.tables.items():
            self.write("net", name, text=text)

    def configure(self, text):
        with open(self.config, "w") as stream:
            stream.write(text)

    def find(self, program):
        return "/usr/bin/systemctl" if self.units is not None else None

    def run(self, argv, check=True):
        if "--property=Id,ExecStart" in argv:
            words = [(COMMANDS.get(name, "/bin/true"), name) for name in argv[3:]]
            return Result(0, "".join(COMMAND.format(line.split()[0], line, name) for line, name in words), "")
        assert "ssh.socket" in argv and "*.socket" in argv
        return Result(0, self.units, "")

    def access(self, **environ):
        return ssh.access(self, environ, self.proc, self.config)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def any4(port):
    return "00000000:{0:04X}".format(port)


def any6(port):
    return "0" * 32 + ":{0:04X}".format(port)


# -- Ansible's own connection


def test_the_connection_comes_from_the_environment(host):
    assert host.access(SSH_CONNECTION="192.0.2.7 51000 192.0.2.1 2222") == ssh.SshAccess([2222], "192.0.2.7", [])


def test_sudo_hides_the_connection_and_a_parent_still_has_it(host):
    host.write("self", "status", text=u"PPid:\t40\n")  # fmt: skip
    host.process("40", "sudo", parent="30", environment="SUDO_USER=ops")
    host.process("30", "sh", environment="SSH_CONNECTION=fe80::1%eth0 51000 fe80::2%eth0 22")
    assert host.access() == ssh.SshAccess([22], "fe80::1", [])


@pytest.mark.parametrize("program", ["/usr/sbin/sshd", "/usr/sbin/sshd (deleted)", "/usr/sbin/dropbear"])
@pytest.mark.parametrize(
    "title",
    ["/usr/local/sbin/access -p 2400", "access: /usr/local/sbin/access -p 2400 [listener] 0 of 10-100 startups"],
)
def test_a_server_that_was_started_by_another_name_is_known_by_its_program(host, program, title):
    host.process("67", title, [any4(2400), any6(2400)])
    os.symlink(program, os.path.join(host.proc, "67", "exe"))
    assert host.access().ports == [2400]


def test_a_copy_of_openssh_under_another_name_is_known_by_its_title(host):
    # OpenSSH 9.2, copied and started as "/usr/local/sbin/mysecureshelld -p 2400".
    program = "/usr/local/sbin/mysecureshelld"
    title = "mysecureshelld: {0} -p 2400 [listener] 0 of 10-100 startups".format(program)
    host.process("67", title, [any4(2400), any6(2400)])
    os.symlink(program, os.path.join(host.proc, "67", "exe"))
    host.process("68", "spool: worker [listener] 0 of 10", [any4(8080)])
    assert host.access() == ssh.SshAccess([2400], None, [])
    # Without settings of its own it will listen where sshd_config says.
    host.process("70", title.replace(" -p 2400", ""), [any4(2401)])
    assert host.access() == ssh.SshAccess([2400, 2401], None, [22])


def test_what_a_connection_forwards_is_not_ssh(host):
    host.process("67", DAEMON, [any4(22)])
    host.process("68", "sshd: root@pts/0", [any4(8080)], parent="67")
    for pid in ("67", "68"):
        os.symlink("/usr/sbin/sshd", os.path.join(host.proc, pid, "exe"))
    assert host.access() == ssh.SshAccess([22], None, [])


def test_beside_the_own_connection_the_other_ports_of_ssh_count(host):
    host.process("67", DAEMON, [any4(22), any6(2200)])
    host.configure("Port 22\nPort 2022\n")
    connection = "192.0.2.7 51000 192.0.2.1 22"
    assert host.access(SSH_CONNECTION=connection) == ssh.SshAccess([22], "192.0.2.7", [2022, 2200])


# -- what listens


def test_the_port_of_a_socket_unit_is_the_one_that_systemd_holds(host):
    host.units = SSH_SOCKET.format("active", "enabled") + STOPPED
    host.process("1000", "postfix", [any4(25)])
    assert host.access() == ssh.SshAccess([2222], None, [])
    # What sshd_config sets comes into force with ssh.service.
    host.configure("Port 22\n")
    assert host.access() == ssh.SshAccess([2222], None, [22])


def test_a_socket_that_starts_with_the_next_boot_counts(host):
    host.units = SSH_SOCKET.format("inactive", "enabled") + STOPPED
    assert host.access() == ssh.SshAccess([2222], None, [])
    host.process("67", DAEMON, [any4(22)])
    assert host.access() == ssh.SshAccess([22], None, [2222])


def test_a_socket_unit_of_any_name_with_an_sshd_for_each_connection(host):
    host.units = STOPPED + ADMIN_SOCKET
    assert host.access() == ssh.SshAccess([2223], None, [])


def test_systemd_219_writes_sockets_in_another_way(host):
    # Made up after its source, src/systemctl/systemctl.c, print_property().
    host.units = SSH_SOCKET.format("active", "enabled").replace("Listen=[::]:2222 (Stream)", "ListenStream=22")
    assert host.access() == ssh.SshAccess([22], None, [])


def test_what_a_socket_unit_listens_on_elsewhere_is_no_port(host):
    for listen in (
        "/run/ssh-unix-local/socket (Stream)",
        "vsock::22 (Stream)",
        "[::1]:22 (Stream)",
        "127.0.0.1:22 (Stream)",
    ):
        unit = SSH_SOCKET.format("active", "enabled").replace("[::]:2222 (Stream)", listen)
        host.units = STOPPED + unit.replace("ssh.socket", "sshd-unix-local.socket")
        assert host.access() == ssh.SshAccess([], None, [])


@pytest.mark.parametrize(
    "command",
    [
        DAEMON,
        "/usr/sbin/sshd -D",
        "/opt/openssh/sbin/sshd -f /opt/openssh/etc/sshd_config",
        "/usr/sbin/dropbear -EF -p 2222",
        "/usr/sbin/sshd-admin -D",
        "tcpserver 0 2222 /usr/sbin/sshd -i",
        "/sbin/sshd2 -p 2222",
    ],
)
def test_a_server_of_whatever_name_is_found_by_what_it_listens_on(host, command):
    host.configure("Port 2222\n")
    host.process("67", command, [any4(2222), "0100007F:1770", "0" * 24 + "01000000:1771"])
    host.process("68", "/usr/lib/postfix/sbin/master -w", [any4(25), any6(25)])
    assert host.access() == ssh.SshAccess([2222], None, [])


@pytest.mark.parametrize(
    "command", ["sshd: root@pts/0", "/usr/lib/openssh/sshd-session -D -R", "sshd-session: ops [priv]", "vi sshd_config"]
)
def test_what_a_connection_forwards_is_no_port_of_ssh(host, command):
    host.process("67", DAEMON, [any4(22)])
    host.process("99", command, [any4(8080)])
    assert host.access() == ssh.SshAccess([22], None, [])


def test_every_port_of_every_server_counts(host):
    host.process("67", DAEMON, [any4(22), any6(22), any4(2200)])
    host.process("80", "dropbear", [any4(2222)])
    assert host.access() == ssh.SshAccess([22, 2200, 2222], None, [])


def test_a_server_that_runs_with_older_settings_would_come_back_with_the_present_ones(host):
    host.process("67", DAEMON, [any4(2222)])
    assert host.access() == ssh.SshAccess([2222], None, [22])
    host.configure("Port 2022\n")
    assert host.access() == ssh.SshAccess([2222], None, [2022])


def test_the_port_of_an_sshd_in_another_network_namespace_is_none_of_this_one(host):
    host.process("67", DAEMON, [any4(22)])
    # Its sockets are in no table of ours.
    host.process("90", DAEMON)
    os.symlink("socket:[77]", os.path.join(host.proc, "90", "fd", "3"))
    assert host.access() == ssh.SshAccess([22], None, [])


# -- when SSH does not run, or cannot be seen


def test_where_ssh_neither_runs_nor_starts_there_is_nothing_to_protect(host):
    assert host.access() == ssh.SshAccess([], None, [])
    host.configure("Port 2222\n")
    assert host.access() == ssh.SshAccess([], None, [])


@pytest.mark.parametrize("state", [("active", "disabled"), ("inactive", "enabled"), ("activating", "enabled-runtime")])
def test_a_service_that_comes_back_counts(host, state):
    host.units = SSH_SERVICE.format(*state) + OTHER_SOCKETS
    assert host.access() == ssh.SshAccess([22], None, [])
    host.configure("Port 2222\n")
    assert host.access() == ssh.SshAccess([2222], None, [])
    # Nobody comes from outside to an sshd that is there for the host alone.
    host.configure("ListenAddress 127.0.0.1\nListenAddress [::1]:2222\nListenAddress localhost:23\n")
    assert host.access() == ssh.SshAccess([], None, [])


def test_without_systemd_sshd_config_tells_that_sshd_is_there(tmp_path):
    host = Host(tmp_path, None)
    assert host.access() == ssh.SshAccess([], None, [])
    host.configure("UsePAM yes\n")
    assert host.access() == ssh.SshAccess([22], None, [])
    host.process("67", DAEMON, [any4(2222)])
    assert host.access() == ssh.SshAccess([2222], None, [22])


def test_what_cannot_be_seen_counts_as_there(tmp_path):
    host = Host(tmp_path)
    os.unlink(os.path.join(host.proc, "1", "fd", "0"))
    os.rmdir(os.path.join(host.proc, "1", "fd"))
    host.process("67", DAEMON, [any4(2222)], readable=False)
    assert host.access() == ssh.SshAccess([22], None, [])
    host.configure("Port 2222\n")
    assert host.access() == ssh.SshAccess([2222], None, [])
    # The socket unit's port is no secret.
    host.units = SSH_SOCKET.format("active", "enabled") + STOPPED
    assert host.access() == ssh.SshAccess([2222], None, [])


def test_without_anything_it_is_22(host, tmp_path):
    found = ssh.access(Host(tmp_path / "none", None), {"SSH_CONNECTION": "odd"}, str(tmp_path / "nothing"), "/nothing")
    assert found == ssh.SshAccess([22], None, [])


# -- sshd_config


@pytest.mark.parametrize(
    "text, ports",
    [
        ("", None),
        ("# Port 1\nUsePAM yes\n", None),
        ("Port 2222\n", [2222]),
        ('port="2222"\nPORT 22 # both\n', [22, 2222]),
        ("Match User x\nPort 9\n", None),
        ("ListenAddress 192.0.2.1:2022\nListenAddress [2001:db8::1]:2023\nPort 22\n", [2022, 2023]),
        ("ListenAddress 2001:db8::2\nPort 2200\nListenAddress 192.0.2.1:2022\n", [2022, 2200]),
        ("ListenAddress 0.0.0.0\n", [22]),
        ("ListenAddress [::]:2222 rdomain x\n", [2222]),
        ("ListenAddress 127.0.0.1\nPort 2222\n", []),
        ("Port x\nPort 99999999999\n", []),
        ("Port\n\0\n", None),
    ],
)
def test_the_configured_ports(tmp_path, text, ports):
    config = tmp_path / "sshd_config"
    config.write_bytes(text.encode("ascii"))
    assert ssh.sshd_ports(str(config)) == ports


def test_included_files_count_and_their_match_ends_with_them(tmp_path):
    config = tmp_path / "sshd_config"
    (tmp_path / "10.conf").write_bytes(b"Port 2200\nMatch User x\nPort 1\n")
    (tmp_path / "20.conf").write_bytes(b"Include /nowhere/*.conf\nPort 2201\n")
    config.write_bytes("Include {0}/*.conf\nPort 22\nMatch all\nPort 9\n".format(tmp_path).encode("ascii"))
    assert ssh.sshd_ports(str(config)) == [22, 2200, 2201]
