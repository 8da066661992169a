"""Send a message from each client of a test bed and show the way it took, hop by hop.

    .venv/bin/python tests/testbed/way.py --send web01 web02 [--prefix debian12-] [--to ops@example.net]

Everything is read from the hosts: their mail logs, and the message as mx01 keeps it. Exit code 1 if a message
has not arrived at mx01 in time; the end of the logs on its way then says why.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field

# "Nov 22 08:06:52 host prog[1]: text" (traditional) or "2026-11-22T08:07:20.185454+00:00 host prog[1]: text"
LINE = re.compile(
    r"(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S+) \S+ (?P<program>\S+)\[(?P<pid>\d+)\]: (?P<text>.*)"
)
QUEUE_ID = r"[0-9A-Za-z]+"
# Postfix, then sendmail, each in the line that the sending process writes before it says what became of the message.
TLS = (
    re.compile(r"(?P<trust>\w+) TLS connection established to \S+: (?P<protocol>\S+) with cipher (?P<cipher>\S+)"),
    re.compile(r"STARTTLS=client, .*version=(?P<protocol>[^,]+), verify=(?P<trust>[^,]+), cipher=(?P<cipher>[^,]+)"),
)


@dataclass
class Delivery:
    """One hop, as the sending host's log tells it."""

    queue_id: str
    status: str = "no delivery yet"
    next_id: str = ""
    tls: str = "-"


@dataclass
class Message:
    client: str
    message_id: str
    client_hop: Delivery | None = None
    relay_hop: Delivery | None = None
    received: str = ""
    problems: list[str] = field(default_factory=list)


def run(container: str, *argv: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command on a host; the result has its exit code, output and errors."""
    return subprocess.run(
        ["docker", "exec", "-i", container, *argv],
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


def mail_log(container: str) -> list[str]:
    """Lines of the host's mail log: Debian's mail.log or EL's maillog, the last 4 MB."""
    result = run(container, "sh", "-c", "tail -qc 4000000 /var/log/mail.log /var/log/maillog 2>/dev/null")
    return result.stdout.splitlines()


def queue_id_of(lines: list[str], message_id: str) -> str:
    """Queue ID under which this host took the message, or an empty string.

    sendmail's submission program hands it to the daemon, which gives it an ID of its own: the last one counts.
    """
    wanted = re.compile(
        rf": ({QUEUE_ID}): (?:message-id={re.escape(message_id)}$|from=.* msgid={re.escape(message_id)},)"
    )
    found = [match.group(1) for match in map(wanted.search, lines) if match]
    return found[-1] if found else ""


def tls_of(text: str) -> str:
    """TLS of a connection, in the same words for each MTA, or an empty string when the text says nothing of it."""
    for pattern in TLS:
        match = pattern.search(text)
        if match:
            trust = {"OK": "Verified", "NO": "Untrusted", "FAIL": "Untrusted"}.get(match["trust"], match["trust"])
            return f"{trust} {match['protocol']} {match['cipher']}"
    return ""


def delivery_of(lines: list[str], queue_id: str) -> Delivery:
    """What the log says of the last delivery attempt of this queue ID."""
    hop = Delivery(queue_id)
    new: dict[str, str] = {}  # TLS of the connection that a process has just made
    used: dict[str, str] = {}  # TLS of the connection that it used last, and may use again
    for line in lines:
        match = LINE.match(line)
        if not match:
            continue
        pid, text = match["pid"], match["text"]
        tls = tls_of(text)
        outcome = re.search(r": to=.* (?:status|stat)=(.*)", text)
        if tls:
            new[pid] = tls
        elif outcome:
            used[pid] = used.get(pid, "no TLS") if ", conn_use=" in text else new.pop(pid, "no TLS")
            if text.startswith(queue_id + ": "):
                hop.status = outcome.group(1)
                hop.tls = "-" if ", relay=none," in text else used[pid]
                queued = re.findall(rf"queued as ({QUEUE_ID})", hop.status)
                hop.next_id = queued[-1] if queued else ""
    return hop


def received_headers(message: str) -> list[str]:
    """The Received headers of a message, unfolded, newest first."""
    head = message.split("\n\n", 1)[0]
    unfolded = re.sub(r"\n[ \t]+", " ", head)
    return [line for line in unfolded.split("\n") if line.lower().startswith("received:")]


def send(client: str, container: str, recipient: str) -> Message:
    message = Message(client, f"<way-{uuid.uuid4().hex[:12]}@{client}>")
    result = run(
        container,
        "sendmail",
        "-oi",
        recipient,
        stdin=(
            f"To: {recipient}\nSubject: The way of a message from {client}\nMessage-ID: {message.message_id}\n\n"
            "Sent by tests/testbed/way.py.\n"
        ),
    )
    if result.returncode:
        message.problems.append(f"{client}: sendmail: {result.stderr.strip() or f'exit code {result.returncode}'}")
    return message


def look(message: Message, args: argparse.Namespace) -> bool:
    """Fill in what is known of the message now; true when it has arrived at mx01 and both logs say so."""
    lines = mail_log(args.prefix + message.client)
    queue_id = queue_id_of(lines, message.message_id)
    if queue_id:
        message.client_hop = delivery_of(lines, queue_id)
    if message.client_hop and message.client_hop.next_id:
        message.relay_hop = delivery_of(mail_log(args.prefix + args.relay), message.client_hop.next_id)
    mx = args.prefix + args.mx
    kept = run(mx, "grep", "-rlF", f"Message-ID: {message.message_id}", "/var/mail/received/new").stdout.split()
    if kept:
        headers = received_headers(run(mx, "cat", kept[0]).stdout)
        through = [header for header in headers if " by " + args.relay_hostname in header]
        message.received = through[0] if through else ""
        if not through:
            message.problems = [f"arrived at {args.mx}, but with no Received header of {args.relay_hostname}"]
            return True
    return bool(message.received and message.relay_hop and message.relay_hop.status.startswith("sent"))


def table(rows: list[list[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in rows]
    return "\n".join(line.rstrip() for line in lines)


def row(message: Message) -> list[str]:
    client_hop = message.client_hop or Delivery("-", "-", "", "-")
    relay_hop = message.relay_hop or Delivery(client_hop.next_id or "-", "-", "", "-")
    return [
        message.client,
        client_hop.queue_id,
        client_hop.tls,
        relay_hop.queue_id,
        relay_hop.status.split(" ", 1)[0],
        "yes" if message.received else "no",
    ]


def show_failure(message: Message, args: argparse.Namespace) -> None:
    print(f"\n{message.client}: {message.message_id} did not go the whole way")
    for problem in message.problems:
        print("  " + problem)
    if message.client_hop:
        print(f"  {message.client}: {message.client_hop.queue_id}: {message.client_hop.status}")
    if message.relay_hop:
        print(f"  {args.relay}: {message.relay_hop.queue_id}: {message.relay_hop.status}")
    for host in (message.client, args.relay, args.mx):
        print(f"  the end of the mail log of {host}:")
        for line in mail_log(args.prefix + host)[-6:]:
            print("    " + line)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--send", nargs="+", metavar="CLIENT", required=True, help="hosts that send a message each")
    parser.add_argument("--prefix", default="", help="prefix of the containers' names, for example debian12-")
    parser.add_argument("--to", default="ops@example.net", help="recipient (default: %(default)s)")
    parser.add_argument("--relay", default="smtp-relay001", help="default: %(default)s")
    parser.add_argument("--relay-hostname", default="smtp-relay001.example.com", help="default: %(default)s")
    parser.add_argument("--mx", default="mx01", help="default: %(default)s")
    parser.add_argument("--timeout", type=int, default=60, metavar="SECONDS", help="default: %(default)s")
    args = parser.parse_args()

    messages = [send(client, args.prefix + client, args.to) for client in args.send]
    waiting = [message for message in messages if not message.problems]
    deadline = time.monotonic() + args.timeout
    while True:
        waiting = [message for message in waiting if not look(message, args)]
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(1)

    heads = ["client", "queue ID", "TLS to the relay", "queue ID at " + args.relay, "status there", "at " + args.mx]
    print(table([heads, *(row(message) for message in messages)]))
    for message in messages:
        if message.received:
            print(f"\n{message.client}: as {args.mx} has it:\n  {message.received}")
    failed = [message for message in messages if message in waiting or message.problems]
    for message in failed:
        show_failure(message, args)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
