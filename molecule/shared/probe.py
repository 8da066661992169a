# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of the bed gets to see of another one's ports."""

import contextlib
import re

import site_under_test as site

# SMTP by hand, so that the source address can be chosen: prints the reply to RCPT.
SMTP = """
import smtplib, ssl, sys
host, port, source, starttls = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "tls"
try:
    server = smtplib.SMTP(host, port, timeout=5, source_address=(source, 0) if source else None)
except OSError as exc:
    print("no connection:", exc)
    sys.exit(0)
server.ehlo("probe.example.org")
if starttls:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    server.starttls(context=context)
    server.ehlo("probe.example.org")
code, text = server.mail("a@example.org")
if code == 250:
    code, text = server.rcpt("b@example.net")
print(code, text.decode())
server.close()
"""

# Greets on some ports of one address; ends after a minute without a connection.
GREETER = """
import select, socket, sys
address, ports = sys.argv[1], sys.argv[2:]
listening = []
for port in ports:
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind((address, int(port)))
    one.listen(5)
    listening.append(one)
while True:
    for one in select.select(listening, [], [], 60)[0] or sys.exit(0):
        connection = one.accept()[0]
        connection.sendall(b"220 hello\\r\\n")
        connection.close()
"""


def smtp(host, target, port, source="", starttls=False):
    """The relay's reply to a recipient outside, or "no connection" and the reason."""
    command = f"python3 - {target} {port} '{source}' {'tls' if starttls else 'plain'}"
    return site.run(host, command, stdin=SMTP).stdout.strip()


def greeting(host, target, port):
    """The first bytes that a port says to a new connection; empty when there is no connection."""
    command = f"timeout 5 bash -c 'exec 3<>/dev/tcp/{target}/{port}; head -c 4 <&3' 2>/dev/null"
    return site.run(host, command, check=False).stdout.strip()


def address(host, network):
    """The host's address whose text starts with this."""
    return re.search(rf"inet6? ({re.escape(network)}[0-9a-f.:]+)/", site.output(host, "ip addr")).group(1)


@contextlib.contextmanager
def greeter(host, at, ports):
    """Something that listens on these ports, so that a refusal is the firewall's and not an empty port's."""
    numbers = " ".join(str(port) for port in ports)
    start = f"setsid python3 /tmp/greeter.py {at} {numbers} >/dev/null 2>&1 & echo $! > /tmp/greeter.pid"
    site.run(host, f"cat > /tmp/greeter.py && ({start})", stdin=GREETER)
    try:
        site.wait_for(lambda: all(greeting(host, at, port) == "220" for port in ports), seconds=10)
        yield
    finally:
        site.run(host, "kill $(cat /tmp/greeter.pid)", check=False)
