# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others write into logs, replies, queues, configurations and certificates takes time in proportion to its length."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
from collections import namedtuple

import pytest
from ansible.module_utils.common.text.converters import to_bytes, to_native
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import listeners, openssl, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_faults import _values
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_model import (
    canonical_rich_rule,
    parse_zone_file,
    parse_zone_listing,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_guard import (
    ACCEPT,
    CAREFUL,
    HOPEFUL,
    REJECT,
    Chains,
    Packet,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables_save import Document
from ansible_collections.mailops.relay.plugins.module_utils.host.journal import _text
from ansible_collections.mailops.relay.plugins.module_utils.host.log_limits import journald_limit, rsyslog_limits
from ansible_collections.mailops.relay.plugins.module_utils.host.resolv_conf import nameservers
from ansible_collections.mailops.relay.plugins.module_utils.host.rsyslog_config import parse as parse_rsyslog
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_password, without_logins
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import is_server, sshd_ports
from ansible_collections.mailops.relay.plugins.module_utils.mail.address_pattern import Addresses
from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import Flow
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import Assembler, peer
from ansible_collections.mailops.relay.plugins.module_utils.mail.limits import limit_of
from ansible_collections.mailops.relay.plugins.module_utils.mail.log_reader import LogReader
from ansible_collections.mailops.relay.plugins.module_utils.mail.reason import explained_class
from ansible_collections.mailops.relay.plugins.module_utils.mail.relay_matrix import judge
from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import next_id, own_fault, thrown_away
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Reply, ReplyParser
from ansible_collections.mailops.relay.plugins.module_utils.mail.units import parse_units
from ansible_collections.mailops.relay.plugins.module_utils.mta.next_hops import hosts_of
from ansible_collections.mailops.relay.plugins.module_utils.mta.readers import Readers
from ansible_collections.mailops.relay.plugins.module_utils.postfix import queue_listing, secret_values
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import ExpansionError, expand
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import parse_settings, parse_version
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tables import proxied_in, tables_in
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lookups import Lookups, SyntaxProblem
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.networks import parse_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue_head import client_records
from ansible_collections.mailops.relay.plugins.module_utils.postfix.smtpd_access import Restrictions, _argument_problem
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import table_entries, table_values
from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_checks
from ansible_collections.mailops.relay.plugins.module_utils.preflight.clock import (
    chrony_synchronised,
    timedatectl_synchronised,
)
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dkim_published import Key
from ansible_collections.mailops.relay.plugins.module_utils.preflight.dns_lookup import FOUND, Answer
from ansible_collections.mailops.relay.plugins.module_utils.preflight.host_name import hosts_entries
from ansible_collections.mailops.relay.plugins.module_utils.preflight.spf import _term, size_of
from ansible_collections.mailops.relay.plugins.module_utils.qmail import control, queue_files
from ansible_collections.mailops.relay.plugins.module_utils.sendmail import queue_files as sendmail_files
from ansible_collections.mailops.relay.plugins.module_utils.sendmail import secrets as sendmail_secrets
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.access import Access
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.cf import Cf
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.mc import Mc, unquoted
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import assert_linear, at_most

SENT = "4ABC1234: to=<{0}>, relay=x[192.0.2.1]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 {1})"
REFUSED = "NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 {0}; from=<{1}> to=<{2}> proto=ESMTP helo=<{3}>"
SENDMAIL = "uANA1234012345: to={0}, delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=1, relay=x [192.0.2.1], dsn=2.0.0, stat=Sent ({1})"
# Who writes, and where the outside text is.
LINES = [
    ("postfix/smtpd", REFUSED.format("{0}", "a@b", "c@d", "x")),
    ("postfix/smtpd", REFUSED.format("no", "{0}", "c@d", "x")),
    ("postfix/smtpd", REFUSED.format("no", "a@b", "{0}", "x")),
    ("postfix/smtpd", REFUSED.format("no", "a@b", "c@d", "{0}")),
    ("postfix/smtpd", "proxy-reject: END-OF-MESSAGE: {0}; from=<{0}> proto=SMTP"),
    ("postfix/smtpd", "4ABC1234: client=x[192.0.2.1], sasl_username={0}"),
    (
        "postfix/postscreen",
        "NOQUEUE: reject: RCPT from [192.0.2.1]:5: 550 x; from=<{0}>, to=<{0}>, proto=ESMTP, helo=<{0}>",
    ),
    (
        "postfix/cleanup",
        "4ABC1234: reject: header Subject: {0} from x[192.0.2.1]; from=<{0}> to=<{0}> proto=ESMTP helo=<{0}>: {0}",
    ),
    ("postfix/cleanup", "4ABC1234: milter-header-reject: header Subject: {0}"),
    ("postfix/cleanup", "4ABC1234: message-id={0}"),
    ("postfix/smtp", SENT.format("{0}", "ok")),
    ("postfix/smtp", SENT.format("a@b", "{0}")),
    ("postfix/smtp", SENT.format("a@b>, orig_to=<{0}", "ok")),
    ("postfix/smtp", SENT.format("a@b", "ok").replace("x[", "{0}[")),
    ("postfix/qmgr", "4ABC1234: from=<{0}>, size=1, nrcpt=1 (queue active)"),
    ("postfix/qmgr", "4ABC1234: from=<{0}>, status=expired, {0}"),
    ("postfix/pickup", "4ABC1234: uid=0 from=<{0}>"),
    ("sendmail", SENDMAIL.format("<{0}>", "ok")),
    ("sendmail", SENDMAIL.format("<a@b>", "{0}")),
    (
        "sendmail",
        "uANA1234012345: from=<{0}>, size=1, class=0, nrcpts=1, msgid=<{0}>, proto=ESMTP, daemon=MTA, relay=x [192.0.2.1]",
    ),
    ("sendmail", "uANA1234012345: ruleset=check_rcpt, arg1=<{0}>, relay=x [192.0.2.1], reject=550 5.7.1 {0}"),
    ("qmail", "delivery 1: success: {0}"),
    ("qmail", "starting delivery 1: msg 1 to remote {0}"),
    ("rsyslogd", "{0}"),
    ("rsyslogd", "imuxsock {0}"),
    # What libraries and verbose programs say, limits, and what a line may begin with.
    ("postfix/smtpd", "{0}"),
    ("postfix/smtp", "{0}"),
    ("postfix/cleanup", "a session {0}"),
    ("postfix/smtpd", "warning: A{0} limit exceeded: 1 from {0} for service {0}"),
    ("postfix/smtpd", "too many errors after {0} from {0}"),
    ("postfix/smtpd", "warning: {0}: queue file size limit exceeded"),
    ("postfix/postscreen", "COMMAND COUNT LIMIT from {0} after {0}"),
    ("postfix/smtp", "[ID 1 {0}] {0}"),
    ("postfix/smtp", "> {0}[{0}]: {0}"),
    ("postfix/smtp", ">>> {0}"),
    ("qmail", "delivery 1: deferral: {0}_accepted_message./"),
]
FILLINGS = [
    '"', '\\"', "\\", "<", ">", "[", "]", "a", "1", ".", " ", ",", ";", "_", "/", "a=", "> to=<", "; from=<", '; from=<"', " from x;",
    ">, relay=", ">, orig_to=<", "; from=<a> to=<b> proto=", " proto=", "lost 1 ", "4.7.1 ", "mail for ", ", stat=", ", reject=",
]  # fmt: skip
OTHERS = {
    "relay": peer,
    "next ID": lambda text: next_id("250 " + text),
    "reason": lambda text: explained_class("5.7.1", text),
    "limit": limit_of,
    "own fault": own_fault,
    "discarded": lambda text: thrown_away("discard " + text),
    "rsyslog.conf": lambda text: list(parse_rsyslog("*.* /var/log/mail " + text)),
}


class Host(object):
    """One that has this text in each of its tables."""

    version = (3, 7, 11)
    table_types = None

    def __init__(self, text):
        self._text = text

    def text(self, path):
        return self._text


def table(kind, frame):
    """function: of a text that is read as a table and asked of."""

    def work(text):
        text = frame.replace("{0}", text)
        found = Lookups(Host(text)).table("{0}:/t".format(kind) if kind else text)
        for key in ("a", "192.0.2.1"):
            found.find(key)
        found.values(), found.entries(), found.networks(), found.examples()

    return work


def listing(text):
    line = "4ABC1234*  1000 Mon Nov  2 07:07:44  {0}".format(text)
    lines = [line, "({0})".format(text), "    {0}".format(text), ""]
    return list(queue_listing.parse_text(lines, lambda queue_id: "deferred", 1800000000))


def postcat(text):
    lines = ["*** ENVELOPE RECORDS deferred/4/{0} ***", "sender: {0}", "message_size: {0}", "message_arrival_time: {0}"]
    lines += ["named_attribute: log_client_name={0}", "named_attribute: log_client_address={0}", "{0}"]
    return list(queue_listing.parse_envelopes([line.replace("{0}", text) for line in lines]))


def control_file(text):
    frame = "V8\nT1\nM{0}\n {0}\nq{0}\n$_{0}\n$_{0} [192.0.2.1]\nS<{0}\nA{0}\nr{0}\nRPFD:{0}\n.\n"
    found = sendmail_files.parse_control(frame.replace("{0}", text))
    return sendmail_files.client_of(text), sendmail_files.client_of(found.origin)


def qmail_queue(text):
    queue_files.parse_todo(to_bytes("u1\0p1\0F{0}\0T{0}\0".format(text)))
    queue_files.parse_recipients(to_bytes("T{0}\0".format(text)))
    queue_files.parse_client(to_bytes("Received: (qmail 1 invoked from network)\nReceived: from {0}\n\n".format(text)))
    return queue_files.VirtualDomains(["a.example"], {".b.example": "b", "c.example": "c"}).original(
        "b-{0}@{0}".format(text)
    )


def sendmail_cf(text):
    text = 'O{0}\nO Timeout={0}\nMx,{0}, F={0}, A={0}\nKaccess {0}\nO DefaultAuthInfo={0}\nAuthInfo:{0} "P:{0}\nKauthinfo {0}\n'.replace(
        "{0}", text
    )
    cf = Cf(text)
    cf.option("Timeout"), cf.daemons(), cf.mailer_arguments("x"), cf.mailer_flags("x"), cf.access_map(), cf.commands()
    sendmail_files.queue_paths(text), sendmail_secrets.hidden_text(text), sendmail_secrets.passwords_in(text)
    return sendmail_secrets.secret_paths(text)


def main_cf(text):
    for frame in ("a = b\n {0}\n# {0}\n#{0}\n", "{0} = {0}"):
        secret_values.hidden_main(frame.replace("{0}", text), None, frozenset())
    MainCf(text, "main.cf").values()


def master_cf(text):
    text = "x unix - n n - - pipe -o x={0} -o {0} { {0} } argv=/bin/x {0}\n# {0}\n".replace("{0}", text)
    secret_values.hidden_master(text, None, frozenset())
    secret_values.command_passwords(text)


def reply(text):
    parser = ReplyParser()
    parser.feed(to_bytes("250-{0}\r\n250 {0}\r\n".format(text)))
    while parser.next():
        pass


def zone(text):
    frame = '<zone target="{0}"><source address="{0}"/><port port="{0}" protocol="tcp"/><rule><{1}/></rule></zone>'
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return parse_zone_file(to_bytes(frame.format(escaped, "a")), "public")


JSON = {"queue_name": "deferred", "queue_id": "4ABC1234", "message_size": 1, "arrival_time": 1}


class Dns(object):
    """One that has this answer to each question."""

    def __init__(self, kind, records):
        self._answers = {kind: records}

    def ask(self, name, kind):
        return Answer(FOUND, self._answers.get(kind, []), "found")


Site = namedtuple("Site", "mydomain mydestination addresses")
SITE = Site("a.example", [], [])


def txt_records(text):
    for frame in ("v=DKIM1; p{0}", "{0}", "v=DMARC1; {0}", "v{0}=DMARC1", "v=DMARC1; p=none; adkim=s; {0}"):
        dns = Dns("TXT", [to_bytes(frame.replace("{0}", text))])
        dns_checks._keys(dns, "a.example", ["s"])
        policies = {}
        dns_checks._policy(dns, "a.example", policies)
        for policy in policies.values():
            dns_checks._signature("b.a.example", policy, [Key("a.example", "s", "")], {})
    for frame in ("v=spf1 {0}", "v=spf1 include:{0} -all", "v=spf1 redirect={0}"):
        size_of(Dns("TXT", [to_bytes(frame.replace("{0}", text))]), "a.example")


def der(tag, *parts):
    """bytes: an element (X.690) of these."""
    body = b"".join(parts)
    return bytes(bytearray([tag, 0x84] + [len(body) >> shift & 0xFF for shift in (24, 16, 8, 0)])) + body


def der_certificate(text):
    """One that has the text in the place of each of its parts: as it is, or as what goes on in the next byte."""
    ours, ended = to_bytes(text), b"\xff" * len(text) + b"\x01"
    for number, kind, curve in ((ours, b"*\x86H\x86\xf7\r\x01\x01\x01", b""), (b"\x01", b"*\x86H\xce=\x02\x01", ended)):
        bits = der(0x03, b"\0", der(0x30, der(0x02, number), der(0x02, number)))
        key = der(0x30, der(0x30, der(0x06, kind), der(0x06, curve or b"\x01")), bits)
        name = der(0x30, der(0x31, der(0x30, der(0x06, ended), der(0x0C, ours))))
        names = der(0x30, *[der(0x82, ours[at : at + 4]) for at in range(0, len(ours), 4)])
        more = der(0xA3, der(0x30, der(0x30, der(0x06, b"U\x1d\x11"), der(0x04, names))))
        when = der(0x17, b"261122070744Z")
        begin = der(0x02, ours), der(0x30), name, der(0x30, when, when), name, key, more
        x509._certificate("", der(0x30, der(0x30, *begin)))


def refused(text):
    """What else becomes of a server's reply."""
    for code in (250, 454, 554):
        judge("RCPT", Reply(code, ["5.7.1 " + text]), False, False)


def settings_of_programs(text):
    listeners.socket_units(
        listeners.parse_units("Id={0}\nListen={0} (Stream)\n{0}\n\nTriggers={0}".replace("{0}", text))
    )
    parse_units("Id={0}\n{0}\n\nId=x\n{0}".replace("{0}", text))


def log_limits(text):
    journald_limit(["[Journal]\nRateLimitInterval={0}\nRateLimitBurst={0}\n{0}".replace("{0}", text)], 252)
    rsyslog_limits(parse_rsyslog('input(type="imuxsock" Socket="{0}")\nmodule({0}\n'.replace("{0}", text)))


# Who writes into each: a client (queues), a server (replies, DNS), another administrator or program (the rest).
OUTSIDE = {
    "postqueue -p": listing,
    "postqueue -j": lambda text: queue_listing.parse_json_line(
        json.dumps(dict(JSON, sender=text, recipients=[{"address": text}]))
    ),
    "postcat": postcat,
    "sendmail's queue": control_file,
    "qmail's queue": qmail_queue,
    "qmail's smtproutes": lambda text: control.parse(control.CONTROL_FILES["smtproutes"], "a:{0}\n{0}".format(text)),
    "SMTP reply": reply,
    "SPF term": _term,
    "TXT records": txt_records,
    "MX records": lambda text: dns_checks._exchangers(Dns("MX", [(10, text)] * 2), SITE, []),
    "certificate": lambda text: x509.pem_blocks(to_bytes("-----BEGIN CERTIFICATE-----" + 16 * text), ("CERTIFICATE",)),
    "DER of a certificate": der_certificate,
    "refusal of a server": refused,
    "systemctl": settings_of_programs,
    "limits of logs": log_limits,
    "openssl verify": lambda text: openssl._VERIFY_ERROR.match("error 20 at 0 depth lookup:" + text),
    "postconf": lambda text: (parse_settings(text + " = " + text), parse_version("3." + text)),
    "next hop": hosts_of,
    "firewalld's complaint": lambda text: _values("'" + text),
    "journal": lambda text: (_text(text), _text([97] * len(text)), _text([text] * 9)),
    "hosts and resolv.conf": lambda text: (hosts_entries(text), nameservers("nameserver " + text)),
    "access map": lambda text: Access("{0} {0}\n{0}".replace("{0}", text)).set("Connect:192.0.2.1", "RELAY"),
    "sendmail.mc": lambda text: Mc("a" + text, "x.mc"),
    "sendmail.mc, argument": lambda text: unquoted(Mc("define(`a', `{0}')".format(text), "x.mc").value("a")),
    "sendmail.cf": sendmail_cf,
    "main.cf": main_cf,
    "master.cf": master_cf,
    "networks": parse_list,
    "regexp table": table("regexp", "/{0}/ x\n!/^{0} x\nif {0}\n{0}\nendif {0}\n"),
    "pcre table": table("pcre", "/{0}"),
    "cidr table": table("cidr", "{0} x\n192.0.2.0/24 {0}\n"),
    "texthash table": table("texthash", '{0} x\na {0}\n"{0} y\n'),
    "inline table": table("", "inline:{{0}}"),
    "pairs in a table": table("", "inline:{{{0}={0}}}"),
    "tables in tables": table("", "unionmap:{{0}}"),
    "names of tables": lambda text: (tables_in("proxy:" + text), proxied_in("debug:" + text), tables_in(text)),
    "table's source": lambda text: (table_entries(text, "/t"), table_values(text + ": a", "/t", True)),
    "reference": lambda text: expand("$a{0} ${a?{0}} ${{0}".replace("{0}", text), {"a": "b" + text}.get),
    "iptables-save": lambda text: Document(
        "*filter\n:INPUT DROP\n-A INPUT {0}\n:{0}\nCOMMIT\n".replace("{0}", 4 * text)
    ),
    "password": lambda text: holds_password(2 * text),
    # Without an at sign no login is looked for.
    "login": lambda text: without_logins(2 * text + " @"),
    "queue file": lambda text: client_records(to_bytes("C\x01 A{0}".format(text), errors="surrogateescape")),
    "addresses": lambda text: [
        Addresses("sender", [pattern]).match(text + "@" + text) for pattern in ("a*a*b@*", "*1@*.*.a*b")
    ],
    "answer of a DNS list": lambda text: _argument_problem("reject_rbl_client", "a.example=" + text),
    "firewall-cmd": lambda text: parse_zone_listing("public\n  sources: {0}\n  rich rules:\n\t{0}\n".format(text)),
    "rich rule": lambda text: canonical_rich_rule("rule " + text),
    "zone": zone,
    "/proc/net/tcp": lambda text: listeners.parse_table("0: {0} {0} 0A {0}\n{0}".format(text)),
    "process": lambda text: is_server(["sshd-" + 8 * text + "!"]),
    "chronyc": lambda text: chrony_synchronised("Leap status     : Normal" + 8 * text + "x"),
    "timedatectl": lambda text: timedatectl_synchronised("NTP synchronized: " + 8 * text),
}
MORE_FILLINGS = [
    "{", "}", "{a }", "{ ", "$", "${a", "(", ")", "`", "#", "'", "\n", "\n ", "\\a", "/", "@", "a@", "-", "-1", ":", "!", "\0",
    "=", "proxy:", "debug:", "proxy:debug:", "unionmap:{", "pipemap:{inline:{", "--pass", "PASS", "PASS-", "P:", "-o ", "[[", "dnl ", "a(",
    "-----BEGIN CERTIFICATE-----", "-----BEGIN A-----", "F=", "A=", "-a ", "\r", "<a>", "rule ", "a.", "passw",
    "[1;", "1.", "too many ",
]  # fmt: skip


def reads(work):
    """function: the work, for which it is enough to say that the text is no good."""

    def tried(text):
        try:
            work(text)
        except (RelayError, ValueError, ExpansionError, SyntaxProblem):
            pass

    return tried


def reading(program, frame):
    def work(text):
        for events in (Flow(), Assembler()):
            line = "Sep 10 10:00:00 mx {0}[1]: {1}\n".format(program, frame.replace("{0}", text))
            LogReader(events, Readers).feed(line.encode("utf-8"))

    return work


@pytest.mark.parametrize("program, frame", LINES)
def test_lines_of_a_log(program, frame):
    for filling in FILLINGS:
        assert_linear(reading(program, frame), filling, 32000)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_replies_and_files(name):
    for filling in FILLINGS:
        assert_linear(OTHERS[name], filling, 32000)


@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_what_others_wrote(name):
    for filling in FILLINGS + MORE_FILLINGS:
        assert_linear(reads(OUTSIDE[name]), filling, 8000)


# Python 3.11 and later take no more than 4,300 digits.
@pytest.mark.parametrize("name", sorted(OUTSIDE))
def test_numbers_that_are_none(name):
    for text in ("9" * 5000, "9" * 5000 + "s", "9" * 5000 + " ", "\u00b2"):
        try:
            OUTSIDE[name](to_native(text))
        except (RelayError, ExpansionError, SyntaxProblem):
            pass


def test_comments_of_m4():
    assert_linear(reads(OUTSIDE["sendmail.mc"]), "#", 256000)


def test_names_that_refer_twice_to_the_next():
    values = dict(("a{0}".format(number), "$a{0}${{a{0}}}".format(number + 1)) for number in range(20))
    with at_most(1):
        assert expand("$a0", dict(values, a20="").get) == ""
    with pytest.raises(ExpansionError):
        expand("$a0", dict(values, a20="xx").get)


def test_chains_that_many_rules_lead_to():
    rules = ["-A INPUT -j C0"]
    for number in range(18):
        rules += 2 * ["-A C{0} -p tcp -m limit -j C{1}".format(number, number + 1)]
    document = Document("\n".join(["*filter"] + rules + ["-A C18 -p tcp --dport 25 -j ACCEPT", "COMMIT", ""]))
    chains = Chains([rule for _line, rule in document.table().rules], {"INPUT": "DROP"})
    packet = Packet("ipv4", None, "tcp", 25, 25)
    with at_most(1):
        assert chains.verdict(packet, HOPEFUL)[0] == ACCEPT
        assert chains.verdict(packet, CAREFUL)[0] == REJECT


def test_sshd_config_that_includes_itself(tmpdir):
    config = tmpdir.join("sshd_config")
    config.write("Include {0}/sshd_*\n".format(tmpdir) * 8 + "Port 2222\nMatch User x\nPort 22\n")
    tmpdir.join("sshd_more").write("Port 2223\nInclude {0}/sshd_*\nListenAddress 192.0.2.1\n".format(tmpdir))
    with at_most(1):
        assert sshd_ports(str(config)) == [2222, 2223]


class Scope(object):
    """The parameters of a main.cf that has nothing but classes of restrictions."""

    def __init__(self, classes):
        self._values = dict(classes, smtpd_restriction_classes=" ".join(sorted(classes)))

    def get(self, name):
        return self._values.get(name)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), min_size=1, max_size=3)))
def test_classes_name_themselves_or_not(classes):
    def reached(names):
        return set(item for name in names for item in classes.get(name, ()))

    for name in classes:
        found = reached([name])
        while not reached(found) <= found:
            found |= reached(found)
        classes_of_it = Restrictions(Scope(dict((key, " ".join(items)) for key, items in classes.items())), None, None)
        assert (
            (name, "the class {0} names itself".format(name)) in [item[:2] for item in classes_of_it.unusable()]
        ) == (name in found)


def test_classes_that_lead_to_the_next():
    def work(text):
        names = ["c{0:05d}".format(number) for number in range(len(text))]
        classes = dict(
            zip(names, ["{0} {1}".format(*pair) for pair in zip(names[1:], names[2:])] + ["reject", "reject"])
        )
        assert not Restrictions(Scope(classes), None, None).unusable()

    assert_linear(work, "a", 3200)


def test_what_smtpd_insists_on_is_looked_for_once_in_each_class():
    names = ["c{0}".format(number) for number in range(19)]
    classes = dict((name, "{0} {0} {0}".format(follower)) for name, follower in zip(names, names[1:]))
    for last, found in (("check_sender_access", False), ("reject_unauth_destination", True)):
        classes.update(c18=last, smtpd_relay_restrictions="c0", smtpd_recipient_restrictions="c0 c0")
        with at_most(1):
            assert Restrictions(Scope(classes), None, None).has_required() is found


def test_tables_nested_without_end():
    for beginning in ("proxy:", "debug:", "proxy:debug:", "unionmap:{", "pipemap:{unionmap:{"):
        text = beginning * 3000 + "hash:/t" + "}" * (beginning.count("{") * 3000)
        tables_in(text), proxied_in(text)
        reads(Lookups(Host("a b\n")).table)(text)
    assert ("hash", "/t") in tables_in("proxy:debug:" * 3000 + "hash:/t")
    assert proxied_in("debug:" * 3000 + "proxy:proxy:hash:/t") == ["hash:/t"]


@pytest.mark.parametrize("length", [1995, 2000])
def test_refusals_that_postfix_has_cut(length):
    line = REFUSED.format("<x>: Helo command rejected", "a@example.com", "b@example.net", "> to=<" * 400)
    # Where an address ends, and in the middle of one.
    line = "Sep 10 10:00:00 mx postfix/smtpd[1]: {0}".format(line)[:length] + "\n"
    flow = Flow()
    reader = LogReader(flow, Readers)
    with at_most(2):
        for _part in range(100):
            reader.feed((line * 20).encode("ascii"))
    assert flow.totals["rejected"] == 2000
