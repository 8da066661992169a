# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large mail logs for tests and for the speed figures, each line written by a real Postfix through a real rsyslog.

    python tests/bench/make_logs.py --image mailops-relay/debian12:latest --lines 500000 OUTPUT_DIR
    python tests/bench/make_logs.py --image mailops-relay/debian12:latest --join 100000 OUTPUT_DIR

--lines writes OUTPUT_DIR/variety-VERSION.log (each kind of line that could be provoked), relay-VERSION.log (the same
and then a relay's day until there are that many lines, some 6 % of it out of the ordinary), limits-VERSION.log (what
is left of a burst when journald and rsyslog limit their rates) and kinds-VERSION.txt (a line of each kind).
--join writes join-client.log and join-relay.log: that many messages from a client's Postfix through a relay's.

The host of the logs is a container that is on no network: its clients and the sites that it sends to are addresses of
its loopback device. This file runs in it as well, as `make_logs.py inside …`: Python 3.9 has to do there.
"""

import argparse
import base64
import itertools
import json
import os
import random
import re
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

HOST = os.environ.get("BENCH_HOST", "bench-log-relay")
CLIENT = "bench-log-client"
NETWORK = "bench-log-network"
LOG = Path("/var/log/mail.log")
RSYSLOG = Path("/etc/rsyslog.conf")
RELAY = "10.30.0.1"
APP = "app@web01.example.com"
CLIENTS = {"10.30.0.11": "web01.example.com", "10.30.0.12": "web02.example.com", "10.30.0.13": "legacy01.example.com"}
STRANGER, LIAR, LISTED, REFUSED = "203.0.113.9", "203.0.113.10", "203.0.113.11", "203.0.113.12"
# The sites that mail goes to, by the last number of their address in 203.0.113.0/24, and how each one behaves.
SITES = {
    2: ("mx01.example.net", "postfix"),
    3: ("mx.example.org", "google"),
    4: ("exim.example.org", "exim"),
    20: ("busy.example.net", "busy"),
    21: ("blocked.example.net", "blocked"),
    22: ("hangup.example.net", "hangup"),
    23: ("silent.example.net", "silent"),
    24: ("nohelo.example.net", "nohelo"),
    25: ("midmail.example.net", "midmail"),
    26: ("nofrom.example.net", "nofrom"),
    27: ("nodata.example.net", "nodata"),
    28: ("spam.example.net", "spam"),
    29: ("later.example.net", "later"),
    31: ("lostend.example.net", "lostend"),
    32: ("lostdata.example.net", "lostdata"),
    33: ("notls.example.net", "notls"),
    34: ("badtls.example.net", "badtls"),
    36: ("slowend.example.net", "slowend"),
    37: ("utf8.example.net", "utf8"),
    39: ("closing.example.net", "postfix"),
    40: ("chunks.example.net", "chunks"),
    41: ("filtered.example.net", "filtered"),
    42: ("verified.example.net", "tls"),
    43: ("wrongname.example.net", "tls"),
}
# Nobody listens at the first; the second's queue of connections is full; there is no way to the third.
REFUSING, FULL, UNREACHABLE = "203.0.113.30", "203.0.113.35", "203.0.113.38"
REPLIES = {
    "421": "4.7.0 {name} Error: too many messages in a short time",
    "450": "4.2.0 <{to}>: Recipient address rejected: Greylisted, see http://postgrey.example.net/help/{name}.html",
    "451": "4.7.1 Please try again later (TSS04)",
    "452": "4.2.2 The email account that you tried to reach is over quota. Please direct the recipient to\r\n"
    "452 4.2.2 https://support.example.org/mail/?p=OverQuotaTemp a1-20020a17 - gsmtp",
    "550": "5.1.1 <{to}>: Recipient address rejected: User unknown in virtual alias table",
    "552": "5.2.2 mailbox full (quota exceeded), to=<other@example.org>, status=sent (250 Ok)",
    "553": "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
    "554": "5.7.1 Service unavailable; Client host [203.0.113.1] blocked using zen.example.org;\r\n"
    "554 https://www.example.org/query/ip/203.0.113.1",
}

# --- On the host: configuration -----------------------------------------------------------------------------------


def run(*command, stdin=None, check=True):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, errors="replace")
    if check and done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def write(path, text):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def log_without_loss():
    """journald drops what rsyslog is too slow to take; so rsyslog takes over its socket, where senders wait."""
    config = RSYSLOG.read_text()
    own = 'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="/run/systemd/journal/dev-log")'
    write(f"{RSYSLOG}.dist", config)
    write(RSYSLOG, re.sub(r'module\(load="imuxsock"\).*', own, config))
    run("systemctl", "restart", "rsyslog")


def make_certificate():
    run(
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "3650",
        "-subj",
        "/CN=relay.example.com",
        "-keyout",
        "/etc/postfix/key.pem",
        "-out",
        "/etc/postfix/cert.pem",
    )


MAIN = """
myhostname = relay.example.com
mydestination = relay.example.com, localhost.example.com, localhost
mynetworks = 127.0.0.0/8, 10.30.0.0/24
relayhost =
inet_interfaces = 127.0.0.1, 10.30.0.1
inet_protocols = ipv4
in_flow_delay = 0
message_size_limit = 300000
smtpd_tls_cert_file = /etc/postfix/cert.pem
smtpd_tls_key_file = /etc/postfix/key.pem
smtpd_tls_security_level = may
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtp_tls_loglevel = 1
smtp_tls_security_level = may
smtp_tls_policy_maps = texthash:/etc/postfix/tls_policy
smtp_connect_timeout = 2s
smtp_helo_timeout = 2s
smtp_data_done_timeout = 3s
smtp_connection_cache_on_demand = yes
smtp_header_checks = regexp:/etc/postfix/smtp_header_checks
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:2401
broken_sasl_auth_clients = yes
smtpd_recipient_limit = 30
smtpd_discard_ehlo_keywords =
disable_vrfy_command = no
strict_rfc821_envelopes = no
smtputf8_enable = yes
smtpd_client_restrictions = check_client_access cidr:/etc/postfix/client_access
smtpd_helo_restrictions = check_helo_access texthash:/etc/postfix/helo_access,
  permit_mynetworks, reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname,
  warn_if_reject reject_unknown_helo_hostname
smtpd_sender_restrictions = check_sender_access texthash:/etc/postfix/sender_access, reject_unknown_sender_domain
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:/etc/postfix/recipient_access,
  permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination,
  reject_unknown_client_hostname, reject_rbl_client dnsbl.example.org
smtpd_data_restrictions = check_sender_access texthash:/etc/postfix/data_access
smtpd_end_of_data_restrictions = check_sender_access texthash:/etc/postfix/end_access
smtpd_etrn_restrictions = reject
unverified_recipient_reject_reason = Address lookup failed
address_verify_map = btree:$data_directory/verify_cache
header_checks = regexp:/etc/postfix/header_checks
body_checks = regexp:/etc/postfix/body_checks
transport_maps = texthash:/etc/postfix/transport
virtual_alias_maps = texthash:/etc/postfix/virtual
virtual_mailbox_domains = virtual.example.com
virtual_mailbox_maps = texthash:/etc/postfix/vmailbox
virtual_mailbox_base = /var/mail/vhosts
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
store_destination_recipient_limit = 1
anvil_status_update_time = 30s
connection_cache_status_update_time = 30s
postscreen_access_list = permit_mynetworks, cidr:/etc/postfix/postscreen_access
postscreen_greet_wait = 1s
postscreen_greet_action = enforce
postscreen_dnsbl_sites = dnsbl.example.org
postscreen_dnsbl_action = enforce
postscreen_pipelining_enable = yes
postscreen_pipelining_action = enforce
postscreen_non_smtp_command_enable = yes
postscreen_non_smtp_command_action = drop
postscreen_bare_newline_enable = yes
postscreen_bare_newline_action = enforce
postscreen_command_time_limit = 4s
minimal_backoff_time = 60s
maximal_backoff_time = 240s
queue_run_delay = 60s
"""
STRICT = (
    "-o smtpd_delay_reject=no -o smtpd_timeout=3s -o smtpd_hard_error_limit=3 -o smtpd_junk_command_limit=3 "
    "-o smtpd_error_sleep_time=0 -o smtpd_helo_required=yes -o smtpd_forbid_bare_newline=reject "
    "-o smtpd_forbid_bare_newline_exclusions="
)
RATES = (
    "-o smtpd_client_event_limit_exceptions=10.30.0.13 -o smtpd_client_connection_rate_limit=12 "
    "-o smtpd_client_connection_count_limit=4 -o smtpd_client_message_rate_limit=3 "
    "-o smtpd_client_recipient_rate_limit=6 -o smtpd_client_new_tls_session_rate_limit=2 "
    "-o smtpd_client_auth_rate_limit=2"
)
MASTER = {
    "smtp/inet": "smtp inet n - y - - smtpd",
    "submission/inet": "submission inet n - y - - smtpd -o syslog_name=postfix/submission "
    "-o smtpd_tls_security_level=encrypt -o smtpd_sasl_auth_enable=yes",
    "smtps/inet": "smtps inet n - y - - smtpd -o syslog_name=postfix/smtps -o smtpd_tls_wrappermode=yes",
    "2525/inet": "2525 inet n - y - 1 postscreen",
    "smtpd/pass": "smtpd pass - - y - - smtpd",
    "dnsblog/unix": "dnsblog unix - - y - 0 dnsblog",
    "tlsproxy/unix": "tlsproxy unix - - y - 0 tlsproxy",
    "2526/inet": f"2526 inet n - y - - smtpd {STRICT}",
    "2527/inet": "2527 inet n - y - - smtpd -o smtpd_proxy_filter=127.0.0.1:10026 -o smtpd_end_of_data_restrictions=",
    "2528/inet": "2528 inet n - y - - smtpd -o smtpd_milters=inet:127.0.0.1:2402",
    "2529/inet": "2529 inet n - y - - smtpd -o smtpd_milters=inet:127.0.0.1:9",
    "2530/inet": f"2530 inet n - y - - smtpd -o smtpd_sasl_auth_enable=yes {RATES}",
    "2531/inet": "2531 inet n - y - - smtpd -o queue_minfree=1000000000000",
    "2533/inet": "2533 inet n - y - - smtpd -o smtpd_log_access_permit_actions=static:all",
    "2532/inet": "2532 inet n - y - - smtpd "
    "-o smtpd_client_restrictions=check_client_access,texthash:/etc/postfix/none",
    "10026/inet": "10026 inet n - y - - smtpd -o syslog_name=postfix/10026 -o content_filter= "
    "-o receive_override_options=no_header_body_checks -o smtpd_authorized_xforward_hosts=127.0.0.0/8 "
    "-o smtpd_helo_restrictions= -o smtpd_sender_restrictions= "
    "-o smtpd_recipient_restrictions=permit_mynetworks,reject",
    "scan/unix": "scan unix - - y - 10 smtp -o syslog_name=postfix/scan -o smtp_send_xforward_command=yes "
    "-o disable_mime_output_conversion=yes -o smtp_tls_security_level=none",
    "store/unix": "store unix - n n - 5 pipe flags=DRhu user=nobody argv=/root/store ${user} ${recipient}",
}
STORE = '#!/bin/sh\ncat > /dev/null\ncase $1 in\ncode*) echo "cannot do this (today), sorry"; exit ${1#code};;\nesac\n'
ALIASES = """
postmaster: root
everyone: alice, bob, outside@example.net, 550-gone@example.net
outside: someone@example.org
nowhere: /dev/null
archive: /var/mail/archive
program: "|/bin/cat > /dev/null"
failing: "|/bin/echo went wrong; exit 1"
later: "|exit 75"
listed: :include:/etc/postfix/members
missing: :include:/etc/postfix/no-such-file
turning: turning
owner-members: alice
members: bob, 550-member@example.net
"""
ACTIONS = {
    "reject": "REJECT",
    "reject-text": "REJECT No, <nobody@example.org> not from here, proto=SMTP",
    "defer": "DEFER",
    "code": "554 5.7.9 Policy: helo=<x> from=<y>",
    "tempfail": "451 4.3.5 Come back later",
    "hold": "HOLD for inspection",
    "discard": "DISCARD silently",
    "redirect": "REDIRECT alice@relay.example.com",
    "filter": "FILTER scan:[127.0.0.1]:10026",
    "prepend": "PREPEND X-Checked: yes",
    "warn": "WARN looks odd",
    "info": "INFO just so",
    "bcc": "BCC bob@relay.example.com",
    "warned": "warn_if_reject reject",
    "deferred": "DEFER_IF_PERMIT Policy server is away",
    "deferreject": "DEFER_IF_REJECT not now",
    "hang": "HANGUP",
    "verify": "reject_unverified_sender",
}
TABLES = {
    "tls_policy": "must.example.net encrypt\nwrongname.example.net secure tafile=/etc/postfix/cert.pem\n"
    "verified.example.net secure match=relay.example.com tafile=/etc/postfix/cert.pem\nplain.example.net none\n",
    "client_access": f"{REFUSED} REJECT You are not welcome\n"
    "203.0.113.13 WARN client noted\n203.0.113.14 450 4.7.0 Wait\n",
    "helo_access": "forged.example.com REJECT You are not me\nwarned.example.com warn_if_reject reject\n"
    "hold.example.com HOLD\n",
    "sender_access": "".join(f"{name}@sender.example.com {action}\n" for name, action in ACTIONS.items()),
    "recipient_access": "".join(f"{name}@recipient.example.net {action}\n" for name, action in ACTIONS.items())
    + "verify.example.net reject_unverified_recipient\n",
    "data_access": "data@sender.example.com REJECT Not with this data\nhelddata@sender.example.com HOLD\n",
    "end_access": "end@sender.example.com REJECT Too late\nendwarn@sender.example.com warn_if_reject reject\n",
    "header_checks": "".join(
        f"/^Subject: check-{name}$/ {action}\n"
        for name, action in {
            "reject": "REJECT header is bad",
            "hold": "HOLD header",
            "discard": "DISCARD header",
            "warn": "WARN header",
            "redirect": "REDIRECT bob@relay.example.com",
            "prepend": "PREPEND X-Seen: yes",
            "info": "INFO header",
            "filter": "FILTER scan:[127.0.0.1]:10026",
            "replace": "REPLACE Subject: replaced",
            "ignore": "IGNORE",
            "strip": "STRIP gone",
            "bcc": "BCC alice@relay.example.com",
            "out": "FILTER scan:[127.0.0.1]:10025",
        }.items()
    )
    + "/^Content-Type:.*name=.*exe/ REJECT no programs\n",
    "body_checks": "/^body-reject/ REJECT body is bad\n/^body-hold/ HOLD body\n/^body-discard/ DISCARD body\n"
    "/^body-warn/ WARN body\n/^body-redirect/ REDIRECT bob@relay.example.com\n"
    "/^body-filter/ FILTER scan:[127.0.0.1]:10026\n"
    "/^body-replace/ REPLACE replaced\n/^body-prepend/ PREPEND more\n/^body-ignore/ IGNORE\n",
    "smtp_header_checks": "/^Subject: smtp-warn/ WARN on the way out\n/^Subject: smtp-prepend/ PREPEND X-Out: yes\n"
    "/^Subject: smtp-replace/ REPLACE Subject: other\n/^Subject: smtp-ignore/ IGNORE\n",
    "transport": "discard.example.net discard:silently\n"
    "error.example.net error:5.1.2 no mail for this domain, to=<x@y>\n"
    "retry.example.net retry:4.3.0 closed (for now)\nstore.example.net store:\n"
    "lmtp.example.net lmtp:inet:127.0.0.1:2400\n"
    "nosuch-transport.example.net nosuch:\nout.example.net scan:[127.0.0.1]:10025\n"
    "port.example.net smtp:[203.0.113.2]:2600\n"
    "literal.example.net smtp:[203.0.113.2]\nnoname.example.net smtp:[nosuch.example.net]\n",
    "virtual": "sales@relay.example.com alice@relay.example.com, outside@example.net\n"
    "forward@virtual.example.com x@example.org\n"
    "loopa@relay.example.com loopa@relay.example.com\n",
    "vmailbox": "box@virtual.example.com box\nbroken@virtual.example.com no/such/\n",
    "members": "alice\nbob\n550-included@example.net\n",
    "postscreen_access": f"{REFUSED} reject\n",
}


def prepare():
    """Addresses, names, Postfix and a second instance of it."""
    log_without_loss()
    numbers = [*SITES, 35]
    for address in (RELAY, *CLIENTS, *(f"203.0.113.{n}" for n in (1, 9, 10, 11, 12, 13, 14, 30, *numbers))):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    run("ip", "route", "add", "unreachable", UNREACHABLE)
    lines = ["no-resolv", "no-hosts", "listen-address=127.0.0.1", "bind-interfaces", "no-negcache"]
    lines += [f"local=/{domain}/" for domain in ("com", "net", "org", "edu", "in-addr.arpa", "invalid")]
    lines += [f"host-record={name},203.0.113.{number}" for number, (name, _kind) in SITES.items()]
    lines += [f"host-record={name},{address}" for address, name in [*CLIENTS.items(), (RELAY, "relay.example.com")]]
    silent = {"refused": REFUSING, "full": FULL, "unreachable": UNREACHABLE, "network": "198.51.100.7"}
    lines += [f"host-record={name}.example.net,{address}" for name, address in silent.items()]
    lines += ["host-record=recipient.example.net,203.0.113.2", "ptr-record=10.113.0.203.in-addr.arpa,liar.example.org"]
    lines += ["ptr-record=11.113.0.203.in-addr.arpa,listed.example.org", "host-record=listed.example.org,203.0.113.11"]
    lines += ["address=/11.113.0.203.dnsbl.example.org/127.0.0.2", "txt-record=11.113.0.203.dnsbl.example.org,listed"]
    names = "example.net verify.example.net must.example.net plain.example.net sender.example.com virtual.example.com"
    lines += [f"mx-host={domain},mx01.example.net,10" for domain in [*names.split(), "web01.example.com"]]
    lines += [f"mx-host={domain},mx.example.org,5" for domain in ("example.org", "example.edu")]
    lines += ["mx-host=exim.example.net,exim.example.org,5", "mx-host=second.example.net,refused.example.net,5"]
    lines += ["mx-host=second.example.net,mx01.example.net,10", "mx-host=loop.example.net,relay.example.com,5"]
    lines += ["mx-host=badmx.example.net,nosuch.example.net,5", "server=/servfail.net/127.0.0.9"]
    lines += ["host-record=example.com,10.30.0.1"]
    write("/etc/dnsmasq.conf", "\n".join(lines) + "\n")
    write("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    run("systemctl", "restart", "dnsmasq")
    make_certificate()
    for name, text in TABLES.items():
        write(f"/etc/postfix/{name}", text)
    write("/etc/aliases", ALIASES)
    write("/root/store", STORE)
    run("chmod", "0755", "/root", "/root/store")
    for user in ("alice", "bob", "carol"):
        run("useradd", "--create-home", user)
    write("/home/carol/.forward", "\\carol, carol@example.org\n")
    run("newaliases")
    os.makedirs("/var/mail/vhosts", exist_ok=True)
    os.chown("/var/mail/vhosts", 65534, 65534)
    configure(*re.sub(r"\n +", " ", MAIN.strip()).splitlines())
    for service, line in MASTER.items():
        run("postconf", "-M", f"{service}={line}")
    # Trust anchors of a TLS policy are read after the change of root.
    run("postconf", "-F", "smtp/unix/chroot=n")
    run("postmulti", "-e", "init")
    run("postmulti", "-I", "postfix-out", "-e", "create")
    second = "/etc/postfix-out"
    run(
        "postconf",
        "-c",
        second,
        "-e",
        "myhostname=relay.example.com",
        "mydestination=",
        "master_service_disable=",
        "inet_interfaces=127.0.0.1",
        "inet_protocols=ipv4",
        "authorized_submit_users=root",
        "smtp_tls_loglevel=1",
        "smtp_tls_security_level=may",
        "smtpd_authorized_xforward_hosts=127.0.0.0/8",
        "mynetworks=127.0.0.0/8",
        "smtpd_relay_restrictions=permit_mynetworks,reject",
        "enable_long_queue_ids=yes",
        "alias_maps=",
        "multi_instance_enable=yes",
        "in_flow_delay=0",
    )
    # Nobody fills this one's new root with the files that a program needs there.
    run("postconf", "-c", second, "-F", "*/unix/chroot=n")
    run("postconf", "-c", second, "-MX", "smtp/inet")
    run("postconf", "-c", second, "-M", "10025/inet=10025 inet n - n - - smtpd")
    run("systemctl", "restart", "postfix")
    run("postmulti", "-i", "postfix-out", "-p", "start", check=False)


def configure(*settings):
    run("postconf", "-e", *settings)


# --- On the host: the sites, and what Postfix asks of others ---------------------------------------------------------


class Site(socketserver.StreamRequestHandler):
    """An SMTP or LMTP server that behaves as its kind says; a recipient that begins with a code gets that reply."""

    numbers = itertools.count(int(time.time()))
    seen: set = set()

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self):
        try:
            self.session(self.server.kind, self.server.name)
        except (OSError, ValueError):
            return

    def session(self, kind, name):
        if kind in ("hangup", "silent"):
            time.sleep(6 if kind == "silent" else 0)
            return
        if kind in ("busy", "blocked"):
            self.say(
                {"busy": f"421 4.7.0 {name} too busy, try later", "blocked": f"554 5.7.1 {name} refuses you"}[kind]
            )
            return
        self.say(f"220 {name} ESMTP")
        # STARTTLS puts another file in this one's place.
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb in (b"EHLO", b"LHLO", b"HELO"):
                self.hello(kind, name, verb)
            elif verb == b"STAR":
                self.start_tls(kind)
            elif verb in (b"MAIL", b"RSET"):
                recipients = []
                if kind == "midmail":
                    return
                self.say("550 5.1.8 Sender rejected: no such domain" if kind == "nofrom" else "250 2.1.0 Ok")
            elif verb == b"RCPT":
                address = line.partition(b"<")[2].partition(b">")[0].decode(errors="replace")
                code = self.recipient(address, name)
                if code == "421":
                    return
                recipients += [address] if code == "250" else []
            elif verb == b"DATA":
                if not self.data(kind, recipients):
                    return
            elif verb == b"QUIT":
                self.say("221 2.0.0 Bye")
                return
            else:
                self.say("502 5.5.2 Error: command not recognized")

    def hello(self, kind, name, verb):
        if kind == "nohelo":
            self.say("550 5.7.1 Your name is not welcome" if verb == b"HELO" else "502 5.5.2 What?")
            return
        keywords = [name, "PIPELINING", "SIZE 20480000", "ENHANCEDSTATUSCODES", "8BITMIME"]
        keywords += ["STARTTLS"] if kind in ("google", "badtls", "notls", "tls") and not self.encrypted else []
        keywords += ["SMTPUTF8", "DSN"] if kind == "utf8" else []
        self.wfile.write("".join(f"250-{word}\r\n" for word in keywords[:-1]).encode())
        self.say(f"250 {keywords[-1]}")

    @property
    def encrypted(self):
        return isinstance(self.connection, ssl.SSLSocket)

    def start_tls(self, kind):
        if kind == "notls":
            self.say("454 4.7.0 TLS not available due to local problem")
            return
        self.say("220 2.0.0 Ready to start TLS")
        if kind == "badtls":
            self.say("this is no TLS")
            return
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)

    def recipient(self, address, name):
        code = address[:3] if address[:3] in REPLIES and address[3:4] == "-" else "250"
        # Greylisting lets the second attempt through.
        if code == "450" and address in self.seen:
            code = "250"
        self.seen.add(address)
        text = REPLIES.get(code, "2.1.5 Ok").format(to=address, name=name)
        self.say(f"{code}-{text}" if "\r\n" in text else f"{code} {text}")
        return code

    def data(self, kind, recipients):
        """Returns whether the session goes on."""
        if kind == "nodata" or not recipients:
            self.say("451 4.3.0 No data now, please" if recipients else "554 5.5.1 Error: no valid recipients")
            return True
        self.say("354 End data with <CR><LF>.<CR><LF>")
        if kind == "lostdata":
            self.rfile.readline()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        for line in iter(self.rfile.readline, b".\r\n"):
            if not line:
                return False
        if kind == "slowend":
            time.sleep(5)
        if kind in ("lostend", "slowend"):
            return False
        number = next(self.numbers)
        self.say(
            {
                "google": f"250 2.0.0 OK  {int(time.time())} d9443c01a7336-{number:x}si{number % 99991}a.12 - gsmtp",
                "exim": f"250 OK id=1t{number % 10**6:06d}-000000{number % 89:02d}-Ab",
                "spam": "554-5.7.1 This message has been blocked, see\r\n"
                "554-5.7.1 https://example.net/why?id=1,2;3 (in 3 lines)\r\n"
                "554 5.7.1 (that's it)",
                "later": "451 4.7.1 Try again in 5 minutes (queued as 123456)",
                "chunks": f"250 2.0.0 Ok: 4711 bytes queued as {number:X}",
                "filtered": f"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {number:X}",
                "lmtp": f"250 2.0.0 <{recipients[0]}> abcdefgh{number} Saved",
            }.get(kind, f"250 2.0.0 Ok: queued as {number:X}")
        )
        for address in recipients[1:] if kind == "lmtp" else []:
            self.say(f"250 2.0.0 <{address}> abcdefgh{number} Saved")
        return True


class Authentication(socketserver.StreamRequestHandler):
    """Dovecot's protocol for smtpd: the password is "right" or it is not; user "away" gives a temporary failure."""

    def handle(self):
        self.wfile.write(
            b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0\nDONE\n"
        )
        for line in self.rfile:
            fields = line.decode().rstrip("\n").split("\t")
            if fields[0] != "AUTH":
                continue
            response = next((field[5:] for field in fields if field.startswith("resp=")), "")
            _identity, user, word = (base64.b64decode(response).decode().split("\0") + ["", "", ""])[:3]
            verdict = "OK" if word == "right" else "FAIL"
            reason = "\ttemp" if user == "away" else ""
            self.wfile.write(f"{verdict}\t{fields[1]}\tuser={user}{reason}\n".encode())


class Milter(socketserver.StreamRequestHandler):
    """Does at a stage what the sender's local part asks for: milter-STAGE-ACTION."""

    stages = {b"M": "mail", b"R": "rcpt", b"E": "end"}
    answers = {
        "reject": b"r",
        "tempfail": b"t",
        "discard": b"d",
        "code": b"y550 5.7.1 no (really), to=<x@y>\0",
        "hold": b"qmust be looked at\0",
    }

    def answer(self, data):
        self.wfile.write(struct.pack(">I", len(data)) + data)

    def handle(self):
        wanted = ["", "", ""]
        while header := self.rfile.read(4):
            data = self.rfile.read(struct.unpack(">I", header)[0])
            command = data[:1]
            if command == b"Q":
                return
            if command in b"DAK":
                continue
            if command == b"O":
                self.answer(b"O" + struct.pack(">III", 6, struct.unpack(">I", data[5:9])[0] & 0x3F, 0))
                continue
            if command == b"M":
                wanted = (data[1:].split(b"\0")[0].decode(errors="replace").strip("<>").partition("@")[0] + "--").split(
                    "-"
                )
            chosen = self.answers.get(wanted[2]) if wanted[1] == self.stages.get(command) else None
            self.answer(chosen or b"c")
            if chosen and wanted[2] == "hold":
                self.answer(b"c")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100

    def __init__(self, address, handler, kind="", name=""):
        super().__init__(address, handler)
        self.kind, self.name = kind, name
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain("/etc/postfix/cert.pem", "/etc/postfix/key.pem")


def serve():
    servers = [Server((f"203.0.113.{number}", 25), Site, kind, name) for number, (name, kind) in SITES.items()]
    servers += [Server(("127.0.0.1", 2400), Site, "lmtp", "lmtp.example.net")]
    servers += [Server(("127.0.0.1", 2401), Authentication), Server(("127.0.0.1", 2402), Milter)]
    # Two connections that nobody accepts fill this one's queue: further ones get no answer.
    full = socket.socket()
    full.bind((FULL, 25))
    full.listen(0)
    waiting = [socket.socket() for _number in range(4)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex((FULL, 25))
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- On the host: what the clients do --------------------------------------------------------------------------------

CONTEXT = ssl.create_default_context()
CONTEXT.check_hostname, CONTEXT.verify_mode = False, ssl.CERT_NONE
TLS, SHUT, WAIT = object(), object(), object()


def encoded(text):
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def talk(*steps, port=25, source="10.30.0.11", wrap=False, patience=20):
    """An SMTP session. A step is a line that is sent, then its reply is read; a tuple is sent as it is, unanswered;
    TLS starts TLS, SHUT resets the connection, WAIT waits for the server to give up."""
    target = "127.0.0.1" if source == "127.0.0.1" else RELAY
    connection = socket.create_connection((target, port), timeout=patience, source_address=(source, 0))
    try:
        if wrap:
            connection = CONTEXT.wrap_socket(connection)
        replies = connection.makefile("rb")

        def read():
            while (line := replies.readline())[3:4] == b"-":
                pass
            return line

        if not (steps and isinstance(steps[0], tuple)):
            read()
        refused = False
        for step in steps:
            if refused:
                refused = False
            elif step is TLS:
                connection.sendall(b"STARTTLS\r\n")
                read()
                connection = CONTEXT.wrap_socket(connection)
                replies = connection.makefile("rb")
            elif step is SHUT:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                break
            elif step is WAIT:
                connection.settimeout(10)
                replies.read()
            elif isinstance(step, tuple):
                connection.sendall(b"".join(encoded(part) for part in step))
            else:
                connection.sendall(encoded(step) + b"\r\n")
                reply = read()
                if not reply:
                    break
                # Without a go-ahead the text of the message is not sent.
                refused = step == "DATA" and not reply.startswith(b"3")
    except OSError:
        pass
    finally:
        connection.close()


_numbers = itertools.count(1)


def letter(
    sender,
    to,
    subject="Report of the day",
    size=800,
    headers=(),
    body="",
    message_id=None,
    options="",
    client="web01.example.com",
):
    """The steps of one message; `to` is one recipient or several."""
    to = [to] if isinstance(to, str) else to
    if message_id is None:
        message_id = f"Message-ID: <{int(time.time())}.{next(_numbers)}.{random.getrandbits(32):x}@{client}>"
    lines = [f"From: <{sender}>", f"Subject: {subject}", *([message_id] if message_id else []), *headers, "", body]
    filling = ("The quick brown fox jumps over the lazy dog, again and again.\r\n" * (size // 63)).encode()
    text = b"\r\n".join(encoded(line) for line in lines) + b"\r\n" + filling + b"."
    return [f"MAIL FROM:<{sender}>{options}", *(f"RCPT TO:<{address}>" for address in to), "DATA", text]


def probe(*steps, **arguments):
    """A session that is yet to come."""
    return steps, arguments


def words(text):
    return text.split()


def odd_messages():
    """Messages out of the ordinary, each once."""
    for name in [*ACTIONS, "data", "helddata", "end", "endwarn"]:
        yield letter(f"{name}@sender.example.com", "ops@example.net")
        yield letter(APP, [f"{name}@recipient.example.net", "ops@example.net"])
    for name in words("reject hold discard warn redirect prepend info filter replace ignore strip bcc out"):
        yield letter(APP, "ops@example.net", subject=f"check-{name}")
    for name in words("reject hold discard warn redirect filter replace prepend ignore"):
        yield letter(APP, ["ops@example.net", "two@example.org"], body=f"body-{name} of the message")
    for name in words("warn prepend replace ignore"):
        yield letter(APP, "ops@example.net", subject=f"smtp-{name} x")
    # This reply also ends the session, and Postfix then leaves the site alone for a while.
    yield letter(APP, "421-user@closing.example.net")
    for code in [*REPLIES][1:]:
        yield letter(APP, f"{code}-user{next(_numbers)}@example.net")
        yield letter(APP, [f"{code}-user@example.org", f"fine+{code}@example.org", f"{code}-b@exim.example.net"])
    for name in words(
        "blocked hangup nohelo midmail nofrom nodata spam later refused lostend lostdata notls "
        "badtls unreachable network nosuch nullmx loop badmx second must verified wrongname plain "
        "chunks filtered port discard error retry store lmtp nosuch-transport out literal noname "
        "utf8 busy"
    ):
        yield letter(APP, f"someone@{name}.example.net")
        yield letter("", [f"null@{name}.example.net", f"null2@{name}.example.net"])
    yield letter(APP, "someone@servfail.net")
    yield letter(
        APP, ["code75@store.example.net", "code69@store.example.net", "code1@store.example.net", "ok@store.example.net"]
    )
    yield letter(APP, ["one@lmtp.example.net", "550-two@lmtp.example.net", "451-three@lmtp.example.net"])
    for local in words(
        "alice bob+tag carol everyone outside nowhere archive program failing later listed "
        "missing turning members sales loopa root postmaster nobody-at-all"
    ):
        yield letter(APP, f"{local}@relay.example.com")
    for local in words("box broken forward unknown"):
        yield letter(APP, f"{local}@virtual.example.com")
    for local in words("verified 550-verified 451-verified 550-verified"):
        yield letter(APP, f"{local}@verify.example.net")
    yield letter(APP, [f"user{number}@example.{'net' if number % 2 else 'org'}" for number in range(20)])
    yield letter(APP, [f"user{number}@example.net" for number in range(40)])
    yield letter(
        APP,
        [
            "fine@example.net",
            "550-x@example.net",
            "450-y@example.net",
            "z@refused.example.net",
            "alice@relay.example.com",
            "v@discard.example.net",
        ],
    )
    for sender in (
        '"odd name, (x)"@web01.example.com',
        '"a\\"b> to=<c"@web01.example.com',
        "plus+tag=x@web01.example.com",
        "o'brien&co{}|~!#$%^*@web01.example.com",
        "MixedCase@Web01.Example.COM",
        "user@[10.30.0.11]",
        "plain",
        "user@nosuch.example.net",
        "back\\slash@web01.example.com",
        "-dash@web01.example.com",
    ):
        yield letter(sender, ['"odd name, (x)"@example.net', '"to=<x>, relay=none, status=sent (y)"@example.net'])
        yield letter(sender, '"550-odd, (x"@relay.example.com')
        yield letter(sender, '550-"q)"@example.org')
    yield letter(APP, "plus+tag@example.net", options=" SIZE=500000")
    yield letter(APP, "big@example.net", size=400000)
    yield letter(APP, "big@example.net", size=250000)
    yield letter("grüße@web01.example.com", "jürgen@utf8.example.net", options=" SMTPUTF8")
    yield letter("grüße@web01.example.com", "jürgen@example.net", options=" SMTPUTF8")
    yield letter(
        "grüße@web01.example.com", ["jürgen@nosuch-ü.example.net", "алиса@relay.example.com"], options=" SMTPUTF8"
    )
    yield letter("grüße@web01.example.com", "jürgen@example.net")
    yield letter("caf\udce9@web01.example.com", "caf\udce9@example.net")
    yield letter(APP, "ret@utf8.example.net", options=" RET=HDRS ENVID=abc+20def")
    for message_id in (
        "",
        "Message-ID:",
        "Message-ID: <>",
        "Message-ID: no-brackets-here",
        "Message-ID: <with space@x> (comment)",
        "Message-ID: <caf\udce9\udcff@web01>",
        "Message-ID: <ünïcode@web01>",
        "Message-ID: <a@b> <c@d>",
        "Message-ID: <x@y>, size=1",
        "Message-ID: <esc\x1b[31m\x07@web01>",
        "Message-ID: <" + "long" * 100 + "@web01.example.com>",
        "Message-ID:\r\n <folded@web01>",
        "Message-ID: <a@b>: to=<c@d>, relay=x[1.2.3.4]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 Ok)",
        "Resent-Message-ID: <resent@web01>\r\nResent-From: x@web01\r\nMessage-ID: <original@web01>",
    ):
        yield letter(APP, "ids@example.net", message_id=message_id)
    for header in (
        "Content-Type: application/octet-stream; name=x.exe",
        "Errors-To: x",
        "X-Long: " + "y" * 5000,
        "not a header at all",
    ):
        yield letter(APP, "headers@example.net", headers=[header])
    yield letter(APP, "hops@example.net", headers=["Received: from x by y; z"] * 60)
    yield letter(APP, "alice@relay.example.com", headers=["Delivered-To: alice@relay.example.com"])


def odd_sessions():
    """Sessions out of the ordinary, each once."""
    ehlo = "EHLO web01.example.com"
    plain = letter(APP, "ops@example.net")
    for hello in (
        "EHLO forged.example.com",
        "EHLO warned.example.com",
        "HELO hold.example.com",
        "HELO web01",
        "EHLO -bad_.",
        "HELO [10.30.0.11]",
        "EHLO \x1b[31mred\x07\x1b]0;title\x07",
        "EHLO a b c> proto=ESMTP helo=<x",
        "HELO caf\udce9\udcff",
        "EHLO ünïcode.example.com",
        "EHLO " + "x" * 300,
        "HELO <script>alert(1)</script>",
        "HELO",
        "EHLO localhost: to=<x@y>, status=sent (250 ok)",
        "HELO 10.30.0.11",
    ):
        for source, port in (("10.30.0.12", 25), (STRANGER, 25), (STRANGER, 2526)):
            yield probe(
                hello, *letter(APP, ["alice@relay.example.com", "ops@example.net"]), "QUIT", source=source, port=port
            )
    for source in (STRANGER, LIAR, LISTED, REFUSED, "203.0.113.13", "203.0.113.14", "127.0.0.1"):
        for port in (25, 2526):
            for to in ("alice@relay.example.com", "ops@example.net", "unknown@relay.example.com"):
                yield probe(
                    "EHLO mx01.example.net", *letter("someone@example.org", to), "QUIT", source=source, port=port
                )
    for name in words("reject tempfail hold discard verify"):
        yield probe(ehlo, *letter(f"{name}@sender.example.com", "ops@example.net"), "QUIT", port=2526)
    yield probe(ehlo, *letter("x@nosuch.example.net", "ops@example.net"), "QUIT", port=2526, source=STRANGER)
    for word in ("NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;ops@example.net", "NOTIFY=NEVER", "ORCPT=rfc822;x,+20(y)"):
        for address in words(
            "ops@example.net alice@relay.example.com 550-gone@example.net dsn@utf8.example.net box@virtual.example.com"
        ):
            yield probe(ehlo, f"MAIL FROM:<{APP}> RET=FULL", f"RCPT TO:<{address}> {word}", *plain[-2:], "QUIT")
    data = b"Subject: chunks\r\nMessage-ID: <chunk@web01.example.com>\r\n\r\n" + b"x" * 3000 + b"\r\n"
    for parts in (1, 3):
        size = len(data) // parts
        pieces = [data[number * size : (number + 1) * size if number < parts - 1 else None] for number in range(parts)]
        chunks = [
            b"BDAT %d%s\r\n%s" % (len(piece), b" LAST" if piece is pieces[-1] else b"", piece) for piece in pieces
        ]
        yield probe(
            ehlo,
            *plain[:-2],
            *(chunk.rstrip(b"\r\n") if not chunk.endswith(b"\r\n") else chunk[:-2] for chunk in chunks),
            "QUIT",
        )
    yield probe(ehlo, *plain[:-2], ("BDAT 500 LAST\r\nhalf of",), SHUT)
    yield probe(
        ehlo, "MAIL FROM:<end@sender.example.com>", "RCPT TO:<ops@example.net>", b"BDAT 12 LAST\r\nSubject: x", "QUIT"
    )
    yield probe(ehlo, "BDAT x", "BDAT 5 LAST\r\nabc", "QUIT")
    for login in ("shop@example.com\0right", "thief\0wrong", "away\0wrong", "odd user, x\0right"):
        secret = base64.b64encode(f"\0{login}".encode()).decode()
        yield probe(
            ehlo,
            TLS,
            ehlo,
            f"AUTH PLAIN {secret}",
            *letter("shop@example.com", ["ops@example.net", "hold@recipient.example.net"]),
            "QUIT",
            port=587,
        )
        yield probe(
            ehlo,
            TLS,
            ehlo,
            f"AUTH PLAIN {secret}",
            *letter("shop@example.com", "reject@recipient.example.net"),
            "QUIT",
            port=587,
            source=STRANGER,
        )
    yield probe(ehlo, TLS, ehlo, "AUTH LOGIN", "not base64 !", "AUTH NTLM x", "AUTH PLAIN", "*", "QUIT", port=587)
    yield probe(ehlo, *plain, "QUIT", port=587)
    yield probe(ehlo, TLS, ehlo, *plain, "QUIT")
    yield probe(ehlo, *plain, "QUIT", port=465, wrap=True)
    yield probe(("this is no TLS at all\r\n\r\n",), WAIT, port=465)
    yield probe(ehlo, "STARTTLS", ("\x16\x03\x01\x00\x05hello\r\n",), WAIT)
    yield probe(ehlo, TLS, SHUT)
    for port, steps in (
        (25, [ehlo, plain[0]]),
        (25, [ehlo, *plain[:2]]),
        (25, [ehlo, *plain[:3]]),
        (25, []),
        (25, [ehlo]),
        (587, [ehlo, TLS, ehlo]),
    ):
        yield probe(*steps, SHUT, port=port)
        yield probe(*steps, ("",), port=port)
    yield probe(ehlo, *plain[:3], ("Subject: half\r\nMessage-ID: <half@web01>\r\n\r\nhalf of a message",), SHUT)
    yield probe(ehlo, *plain[:3], ("Subject: half\r\n\r\n" + "x" * 20000,))
    for text in (
        "GET / HTTP/1.1\r\nHost: relay.example.com\r\n\r\n",
        "CONNECT x:25 HTTP/1.0\r\n\r\n",
        "Subject: no command\r\n",
        "\x00\x01\x02\xff\r\n",
    ):
        yield probe((text,), WAIT, source=STRANGER)
        yield probe(ehlo, text.strip(), "QUIT", source=STRANGER)
    yield probe(
        ehlo,
        "VRFY alice",
        "VRFY nobody-at-all",
        "EXPN x",
        "ETRN example.net",
        "HELP",
        "NOOP",
        "RSET",
        "FOO",
        "RCPT TO:<x@y>",
        "DATA",
        "QUIT",
    )
    yield probe(ehlo, "ETRN example.net", "VRFY reject@recipient.example.net", "QUIT", port=2526)
    yield probe(
        ehlo, "MAIL FROM:bad>syntax<", "MAIL FROM:<a@b> FOO=BAR", "MAIL x", "MAIL FROM:<a@b", "RCPT TO:<>", "QUIT"
    )
    yield probe(ehlo, "FOO", "BAR", "BAZ", "QUX", "QUIT", port=2526)
    yield probe(ehlo, *(["RSET", "NOOP"] * 10), "QUIT", port=2526)
    yield probe(
        ehlo,
        "MAIL FROM:<x@web01.example.com>",
        *(f"RCPT TO:<u{number}@nosuch>" for number in range(25)),
        "QUIT",
        source=STRANGER,
    )
    yield probe(ehlo, (f"{plain[0]}\r\n{plain[1]}\r\nDATA\r\nSubject: too early\r\n\r\n.\r\nQUIT\r\n",), WAIT)
    yield probe((f"{ehlo}\r\n{plain[0]}\r\n",), WAIT, source=STRANGER)
    yield probe(ehlo, *plain[:3], ("Subject: bare\n\nnewline\n.\nmore\r\n.\r\n",), WAIT, port=2526)
    yield probe(ehlo, *plain[:3], b"Subject: bare\n\nnewline\r\n.", "QUIT")
    for address in (
        "web01.example.com!user",
        "user%example.org@relay.example.com",
        "@a,@b:user@example.net",
        "user@[203.0.113.2]",
        "nodomain",
        "<x@y>",
        "x y@z",
    ):
        yield probe(ehlo, *letter(APP, address), "QUIT")
        yield probe(ehlo, *letter("x@example.org", address), "QUIT", source=STRANGER)
    for stage, action in itertools.product(("mail", "rcpt", "end"), ("reject", "tempfail", "discard", "code", "hold")):
        yield probe(
            ehlo,
            *letter(f"milter-{stage}-{action}@web01.example.com", ["ops@example.net", "two@example.net"]),
            "QUIT",
            port=2528,
        )
    for port in (2527, 2529, 2531, 2532, 2533):
        yield probe(ehlo, *letter(APP, "ops@example.net"), "QUIT", port=port)
    yield probe(ehlo, *letter("end@sender.example.com", "ops@example.net"), "QUIT", port=2527)
    yield probe(ehlo, *letter(APP, "unknown@relay.example.com"), "QUIT", port=2527)
    yield probe(ehlo, "XFORWARD NAME=x ADDR=1.2.3.4", "XCLIENT NAME=x", "QUIT")
    forwarded = (
        "XFORWARD NAME=spike.example.org ADDR=192.0.2.7 PROTO=ESMTP HELO=spike IDENT=4XyzAbC1dEz9f SOURCE=REMOTE"
    )
    yield probe(ehlo, forwarded, *letter(APP, "ops@example.net"), "QUIT", port=10026, source="127.0.0.1")


def slow_sessions():
    """As odd_sessions, for those that wait."""
    ehlo, plain = "EHLO mx01.example.net", letter("someone@example.org", "alice@relay.example.com")
    for steps in ([], [ehlo], [ehlo, plain[0]], [ehlo, *plain[:3]]):
        yield probe(*steps, WAIT, port=2526)
        yield probe(*steps, WAIT, port=2525, source=STRANGER)
    yield probe(ehlo, *plain[:3], ("Subject: half\r\n\r\n",), WAIT, port=2526)
    for source in ("10.30.0.11", STRANGER, LISTED, REFUSED):
        yield probe(ehlo, *plain, "QUIT", port=2525, source=source)
        yield probe((f"{ehlo}\r\n",), WAIT, port=2525, source=source)
        yield probe(SHUT, port=2525, source=source)
    for text in (f"{ehlo}\r\n{plain[0]}\r\n{plain[1]}\r\n", "GET / HTTP/1.1\r\n", f"{ehlo}\n"):
        yield probe(ehlo, (text,), WAIT, port=2525, source=LIAR)
    yield probe(ehlo, TLS, ehlo, *plain, "QUIT", port=2525, source="203.0.113.13")
    for _number in range(15):
        yield probe(ehlo, *plain, "QUIT", port=2530, source=STRANGER)
        yield probe(ehlo, TLS, ehlo, "AUTH PLAIN AHgAeA==", *plain, *plain[:3], "QUIT", port=2530, source=LIAR)
    for _number in range(6):
        yield probe(ehlo, WAIT, port=2530, source="10.30.0.12")


def wait_for_port():
    for _attempt in range(100):
        try:
            socket.create_connection(("127.0.0.1", 25)).close()
            return
        except OSError:
            time.sleep(0.2)


def session(steps, arguments):
    try:
        talk(*steps, **arguments)
    except OSError:
        return


def together(sessions, workers=12):
    """Run sessions in several threads until there is none left."""
    sessions, lock = iter(sessions), threading.Lock()

    def work():
        while True:
            with lock:
                one = next(sessions, None)
            if one is None:
                return
            session(*one)

    threads = [threading.Thread(target=work) for _number in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def queue_ids(**wanted):
    entries = [json.loads(line) for line in run("postqueue", "-j").splitlines()]
    return [entry["queue_id"] for entry in entries if all(entry[key] == value for key, value in wanted.items())]


def submit(*arguments, text="Subject: from here\n\nHello.\n", user="root"):
    run("runuser", "-u", user, "--", "/usr/sbin/sendmail", *arguments, stdin=text, check=False)


def local_submission():
    submit("-f", "app@relay.example.com", "ops@example.net", "alice")
    submit("ops@example.org", user="bob")
    submit("-t", text="To: ops@example.net, bad address <, <x@y\nCc: bob\nSubject: all\n\nHello\n")
    submit("-t", text="To: undisclosed\n\n")
    submit("-f", "", "550-bounce@example.net", "nobody-at-all")
    submit("-f", '"odd (name"@relay.example.com', "550-x@example.org", "ops@example.org")
    submit("-bv", "ops@example.net", "550-probe@example.net", "alice", "nobody-at-all", "x@refused.example.net")
    submit("-v", "ops@example.net")
    submit("-N", "success,delay,failure", "-V", "envid-1", "ops@example.net", "550-dsn@example.net", "alice")
    submit("-oee", "nosuch@nosuch.example.net")
    submit("-f", "app@relay.example.com", "big@example.net", text="Subject: big\n\n" + "x" * 400 + "\n" * 400000)
    submit("--unknown")
    submit("-q")
    for command in (
        ["postqueue", "-i", "ABCDEF"],
        ["postqueue", "-s", "example.net"],
        ["postsuper", "-d", "bad/id"],
        ["postqueue", "-s", "x y"],
        ["postmap", "/etc/postfix/nothing"],
        ["postlog", "-t", "postfix/script", "-p", "warn", "a word from a script"],
        ["postcat", "-q", "ABCDEF"],
        ["postalias", "/etc/postfix/members"],
        ["sendmail", "-bs", "-x"],
    ):
        run(*command, check=False)


def queue_work():
    """hold, release, requeue, expire, delete: of single messages and of all."""
    held, deferred = queue_ids(queue_name="hold"), queue_ids(queue_name="deferred")
    for number, option in enumerate(("-H", "-r", "-d", "-e", "-f", "-h")):
        for one in [*held[number : number + 1], *deferred[number : number + 1]]:
            run("postsuper", option, one, check=False)
    run("postsuper", "-d", "-", stdin="\n".join([*deferred[5:8], "NOSUCH"]) + "\n", check=False)
    run("postqueue", "-f")


def phase(*settings, sessions=(), after=1):
    """Change the configuration, let things happen, and change it back."""
    names = [setting.partition("=")[0].strip() for setting in settings]
    before = run("postconf", *names).splitlines()
    configure(*settings)
    run("postfix", "reload", check=False)
    time.sleep(1)
    together(sessions, 4)
    time.sleep(after)
    configure(*before)


def sample(*addresses):
    return [*as_sessions([letter(APP, list(addresses))])]


def as_sessions(messages):
    for number, message in enumerate(messages):
        source = list(CLIENTS)[number % 3]
        yield probe(f"EHLO {CLIENTS[source]}", *message, "QUIT", source=source)


def variety():
    local_submission()
    together(as_sessions(odd_messages()))
    together(odd_sessions())
    together(slow_sessions(), 20)
    deaf = words("silent full slowend busy refused lostdata")
    together(as_sessions(letter(APP, f"u{number}@{name}.example.net") for number in range(4) for name in deaf))
    time.sleep(3)
    queue_work()
    # Many messages for one destination: its connection is used again, and suspended when it does not answer.
    names = ("example.net", "refused.example.net")
    together(as_sessions(letter(APP, f"u{number}@{name}") for number in range(60) for name in names))
    phase("enable_long_queue_ids=yes", sessions=[*as_sessions(odd_messages())][::3], after=2)
    noisy = [*as_sessions(odd_messages())][1::4] + [*odd_sessions()][::3] + sample("450-warned@example.net")
    phase(
        "delay_warning_time=1s",
        "confirm_delay_cleared=yes",
        "queue_run_delay=2s",
        "minimal_backoff_time=1s",
        "notify_classes=bounce,2bounce,delay,policy,protocol,resource,software,data",
        sessions=noisy,
        after=6,
    )
    phase("soft_bounce=yes", sessions=sample("550-soft@example.net", "nobody-at-all@relay.example.com"))
    phase("defer_transports=smtp", sessions=sample("deferred@example.net"))
    phase("relayhost=[203.0.113.21]", sessions=sample("relayed@nowhere.example.com"))
    phase("smtp_fallback_relay=[203.0.113.2]", sessions=sample("fallback@refused.example.net"))
    phase("smtp_tls_connection_reuse=yes", sessions=sample("reuse@example.org", "two@example.org") * 5)
    phase("smtp_tls_security_level=dane", "smtp_dns_support_level=dnssec", sessions=sample("dane@example.org"))
    phase("always_bcc=archive@relay.example.com", "default_transport=nosuch", sessions=sample("x@example.net"))
    phase("content_filter=scan:[127.0.0.1]:10025", sessions=[*as_sessions(odd_messages())][2::5], after=2)
    phase("address_verify_negative_cache=no", sessions=sample("550-new@verify.example.net", "551@verify.example.net"))
    phase(
        "fallback_transport=store",
        "mailbox_transport=lmtp:inet:127.0.0.1:2400",
        sessions=sample("alice@relay.example.com"),
    )
    phase("smtp_tls_CAfile=/etc/postfix/cert.pem", sessions=sample("trusted@example.org"))
    phase("smtpd_relay_restrictions=", "smtpd_recipient_restrictions=", sessions=sample("x@example.net"))
    phase("smtpd_relay_restrictions=reject_no_such_thing", sessions=sample("x@example.net"))
    phase("smtpd_tls_cert_file=/etc/postfix/none.pem", sessions=sample("x@example.net") + [*odd_sessions()][-3:])
    phase("virtual_alias_maps=hash:/etc/postfix/none", sessions=sample("x@example.net"))
    phase(
        "myhostname=relay",
        "mydestination=relay.example.com, virtual.example.com",
        sessions=sample("box@virtual.example.com"),
    )
    # A bounce that cleanup refuses cannot be sent.
    write("/etc/postfix/no_bounces", "/^Subject: Undelivered/ REJECT no bounces\n")
    phase(
        "internal_mail_filter_classes=bounce",
        "header_checks=regexp:/etc/postfix/no_bounces",
        sessions=sample("550-failed@example.net"),
        after=2,
    )
    # Mail that is too old: the next attempt is the last.
    phase("maximal_queue_lifetime=1s", "bounce_queue_lifetime=1s", after=3)
    run("postqueue", "-f")
    time.sleep(5)
    run("chmod", "0666", "/etc/postfix/header_checks")
    run("postfix", "check", check=False)
    run("systemctl", "restart", "postfix")
    run("postmulti", "-p", "stop", check=False)
    run("postmulti", "-p", "start", check=False)
    run("postmulti", "-p", "reload", check=False)
    run("postmulti", "-p", "status", check=False)
    run("postfix", "abort", check=False)
    run("systemctl", "restart", "postfix")
    run("postmulti", "-i", "postfix-out", "-p", "start", check=False)
    run("postfix", "flush", check=False)
    # anvil and scache write their statistics when they have had nothing to do for a while, or are told to stop.
    time.sleep(35)
    queue_work()
    time.sleep(2)


def ordinary(rng):
    """A client's session: some messages, most with one recipient, to sites that take them."""
    source = rng.choices(list(CLIENTS), (6, 3, 1))[0]
    client = CLIENTS[source]
    steps = [f"EHLO {client}"]
    tls = rng.random() < 0.2
    if tls:
        steps += [TLS, steps[0]]
    for _number in range(rng.choices((1, 2, 5, 12), (60, 20, 15, 5))[0]):
        count = rng.choices((1, 2, 4, 9), (85, 9, 4, 2))[0]
        domains = rng.choices(
            ("example.net", "example.org", "exim.example.net", "example.edu"), (60, 15, 20, 5), k=count
        )
        to = [
            f"{rng.choice(('anna', 'ben', 'info', 'carla.meier', 'd'))}{rng.randrange(3000)}@{domain}"
            for domain in domains
        ]
        sender = f"{rng.choice(('app', 'shop', 'cron', 'noreply', 'news'))}{rng.randrange(40)}@{client}"
        mail, *recipients, data, text = letter(
            sender, to, size=min(int(rng.lognormvariate(7.5, 1)), 60000), client=client
        )
        steps += [mail, *recipients, data, text]
    return probe(*steps, "QUIT", source=source, port=587 if tls else 25, patience=300)


def out_of_the_ordinary(rng):
    """The odd messages and sessions in ever another order, without an end."""
    while True:
        sessions = [*as_sessions(odd_messages()), *odd_sessions()]
        rng.shuffle(sessions)
        yield from sessions


def day(lines):
    """Sessions until the log has that many lines."""
    rng = random.Random(1)  # noqa: S311
    odd = out_of_the_ordinary(rng)
    counted, position = 0, 0
    for number in itertools.count(1):
        # pylint: disable-next=stop-iteration-return; it never ends
        yield next(odd) if rng.random() < 0.07 else ordinary(rng)
        if number % 50 == 0:
            with LOG.open("rb") as stream:
                stream.seek(position)
                new = stream.read()
            counted, position = counted + new.count(b"\n"), position + len(new)
            if counted >= lines:
                return
        if number % 2000 == 0:
            queue_work()
            local_submission()


def volume(lines):
    configure("anvil_status_update_time=60s")
    run("systemctl", "reload", "postfix")
    wait_for_port()
    together(day(lines), 16)
    run("postfix", "stop")
    run("postmulti", "-i", "postfix-out", "-p", "stop", check=False)
    settle()


def settle():
    """Wait until nothing has been written to the log for a while."""
    size = -1
    while LOG.stat().st_size != size:
        size = LOG.stat().st_size
        time.sleep(3)


def limits():
    """A burst by way of a journald and an rsyslog with limits; what they drop is noted in the log of everything."""
    limit = "[Journal]\nRateLimitIntervalSec=5s\nRateLimitBurst=300\n"
    write("/etc/systemd/journald.conf.d/limits.conf", limit)
    limit = 'module(load="imuxsock" SysSock.RateLimit.Interval="2" SysSock.RateLimit.Burst="50")'
    config = Path(f"{RSYSLOG}.dist").read_text()
    write(RSYSLOG, re.sub(r'module\(load="imuxsock"\).*', f"{limit}\n$RepeatedMsgReduction on", config))
    run("systemctl", "stop", "rsyslog", "systemd-journald", "systemd-journald-dev-log.socket")
    run("systemctl", "start", "systemd-journald-dev-log.socket", "systemd-journald", "rsyslog")
    run("systemctl", "restart", "postfix")
    wait_for_port()
    before = Path("/var/log/syslog").stat().st_size
    rng = random.Random(2)  # noqa: S311
    together((ordinary(rng) for _number in range(200)), 8)
    for _number in range(6):
        run("postlog", "-t", "postfix/script", "-p", "info", "the same again", check=False)
    time.sleep(8)
    together((ordinary(rng) for _number in range(5)), 8)
    time.sleep(8)
    run("systemctl", "restart", "systemd-journald", "rsyslog")
    with open("/var/log/syslog", "rb") as stream:
        stream.seek(before)
        Path("/root/limits.log").write_bytes(stream.read())


# --- On the two hosts of the join -------------------------------------------------------------------------------------


def join_relay():
    log_without_loss()
    make_certificate()
    configure(
        "myhostname=relay.example.com",
        "mydestination=",
        "mynetworks=10.31.0.0/24",
        "relayhost=[127.0.0.1]:2600",
        "smtp_tls_security_level=none",
        "smtpd_tls_cert_file=/etc/postfix/cert.pem",
        "smtpd_tls_key_file=/etc/postfix/key.pem",
        "smtpd_tls_security_level=may",
        "in_flow_delay=0",
        "smtpd_tls_loglevel=1",
        "enable_long_queue_ids=yes",
        "inet_protocols=ipv4",
        "inet_interfaces=all",
        "smtp_destination_concurrency_limit=40",
    )
    run("systemctl", "restart", "postfix")
    subprocess.Popen(["smtp-sink", "-u", "nobody", "-c", "127.0.0.1:2600", "1000"], stdout=subprocess.DEVNULL)


def join_client(count):
    log_without_loss()
    configure(
        "myhostname=web01.example.com",
        "mydestination=",
        "mynetworks=127.0.0.0/8",
        "relayhost=[relay.example.com]",
        "smtp_tls_security_level=may",
        "smtp_tls_loglevel=1",
        "enable_long_queue_ids=yes",
        "inet_protocols=ipv4",
        "inet_interfaces=loopback-only",
        "smtp_host_lookup=native",
        "in_flow_delay=0",
        "smtp_tls_connection_reuse=yes",
    )
    run("postconf", "-M", f"tlsproxy/unix={MASTER['tlsproxy/unix']}")
    run("systemctl", "restart", "postfix")
    wait_for_port()
    rng = random.Random(3)  # noqa: S311

    def sessions():
        numbers = iter(range(count))
        while chunk := list(itertools.islice(numbers, 10)):
            steps = ["EHLO web01.example.com"]
            for number in chunk:
                domains = rng.choices(("example.net", "example.org", "example.edu"), k=3 if number % 50 == 0 else 1)
                to = [f"user{rng.randrange(5000)}@{domain}" for domain in domains]
                steps += letter(f"app{rng.randrange(50)}@web01.example.com", to, size=1000)
            yield probe(*steps, "QUIT", source="127.0.0.1", patience=300)

    together(sessions(), 12)
    settle()
    accepted = LOG.read_bytes().count(b": client=")
    if accepted != count:
        sys.exit(f"Postfix took {accepted} of {count} messages")
    while any(entry for entry in run("postqueue", "-j").splitlines()):
        run("postqueue", "-f")
        time.sleep(3)
    settle()


# --- On the machine that drives the containers ------------------------------------------------------------------------


def docker(*arguments, stdin=None):
    done = subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def inside(host, *arguments, detach=False):
    docker(
        "exec", *(["--detach"] if detach else []), host, "python3", "/root/make_logs.py", "inside", *map(str, arguments)
    )


def start(host, image, hostname, *options):
    docker(
        "run",
        "--detach",
        "--name",
        host,
        "--hostname",
        hostname,
        *options,
        "--cap-add",
        "NET_ADMIN",
        "--cap-add",
        "SYS_ADMIN",
        "--security-opt",
        "seccomp=unconfined",
        "--security-opt",
        "apparmor=unconfined",
        "--cgroupns",
        "host",
        "--volume",
        "/sys/fs/cgroup:/sys/fs/cgroup:rw",
        "--tmpfs",
        "/run",
        "--tmpfs",
        "/tmp:exec,mode=1777",
        image,
    )
    docker(
        "exec",
        host,
        "bash",
        "-c",
        "until systemctl is-system-running | grep -qE 'running|degraded'; do sleep 0.5; done",
    )
    docker("exec", "-i", host, "bash", "-c", "cat > /root/make_logs.py", stdin=Path(__file__).read_text())


def fetch(host, source, target):
    docker("cp", f"{host}:{source}", str(target))
    print(f"{target}: {sum(1 for _line in target.open('rb'))} lines", flush=True)


SHAPES = [
    (re.compile(r"^(\S+ +\d+ [\d:]+|\S+) \S+ "), ""),
    (re.compile(r"message-id=.*"), "message-id=M"),
    (re.compile(r"(?<=: )[0-9A-Za-z]{6,}(?=: )"), "Q"),
    (re.compile(r"<[^>]*>"), "<A>"),
    (re.compile(r"\S+\[(\d+\.){3}\d+\]"), "H"),
    (re.compile(r"[\w.-]*example\.\w+"), "D"),
    (re.compile(r"(queued as|notification:|forwarded as|orig_queue_id=|id=) ?[\w-]+"), r"\1 Q"),
    (re.compile(r"[0-9a-f]{6,}|\d+(\.\d+)*|\b[0-9BCDF-Z]{10,}\b"), "N"),
    (re.compile(r"(N/N ?|\b\w+=N(/N)? )+"), "N "),
]


def kinds(log):
    """The first line of each shape, in the order of programs and shapes."""
    found = {}
    with log.open("rb") as stream:
        for line in stream:
            shape = line.decode(errors="replace").rstrip("\n")
            for pattern, replacement in SHAPES:
                shape = pattern.sub(replacement, shape)
            found.setdefault(shape, line)
    return b"".join(found[shape] for shape in sorted(found))


def relay_logs(image, lines, output):
    start(HOST, image, "relay.example.com", "--network", "none")
    try:
        version = docker("exec", HOST, "postconf", "-dh", "mail_version")
        version = ".".join(version.split(".")[:2])
        inside(HOST, "prepare")
        inside(HOST, "serve", detach=True)
        time.sleep(1)
        inside(HOST, "variety")
        variety_log = output / f"variety-{version}.log"
        fetch(HOST, LOG, variety_log)
        (output / f"kinds-{version}.txt").write_bytes(kinds(variety_log))
        if lines:
            inside(HOST, "volume", lines)
            fetch(HOST, LOG, output / f"relay-{version}.log")
            inside(HOST, "limits")
            fetch(HOST, "/root/limits.log", output / f"limits-{version}.log")
    finally:
        if not os.environ.get("KEEP"):
            docker("rm", "--force", HOST)


def join_logs(image, count, output):
    docker("network", "create", "--internal", "--subnet", "10.31.0.0/24", NETWORK)
    hosts = ["--add-host", "relay.example.com:10.31.0.2", "--add-host", "web01.example.com:10.31.0.3"]
    try:
        start(HOST, image, "relay.example.com", "--network", NETWORK, "--ip", "10.31.0.2", *hosts)
        start(CLIENT, image, "web01.example.com", "--network", NETWORK, "--ip", "10.31.0.3", *hosts)
        inside(HOST, "join_relay")
        inside(CLIENT, "join_client", count)
        for _attempt in range(200):
            if not docker("exec", HOST, "postqueue", "-j"):
                break
            time.sleep(3)
        inside(HOST, "settle")
        fetch(CLIENT, LOG, output / "join-client.log")
        fetch(HOST, LOG, output / "join-relay.log")
    finally:
        docker("rm", "--force", HOST, CLIENT)
        docker("network", "rm", NETWORK)


def main():
    if sys.argv[1:2] == ["inside"]:
        steps = {
            "prepare": prepare,
            "serve": serve,
            "variety": variety,
            "volume": volume,
            "limits": limits,
            "settle": settle,
            "join_relay": join_relay,
            "join_client": join_client,
        }
        steps[sys.argv[2]](*map(int, sys.argv[3:]))
        return
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--image", default="mailops-relay/debian12:latest")
    parser.add_argument(
        "--lines", type=int, help="the relay's logs, with at least that many lines; 0: the variety only"
    )
    parser.add_argument("--join", type=int, metavar="MESSAGES", help="the logs of a client and its relay")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.lines is not None:
        relay_logs(arguments.image, arguments.lines, arguments.output)
    if arguments.join:
        join_logs(arguments.image, arguments.join, arguments.output)


if __name__ == "__main__":
    main()
