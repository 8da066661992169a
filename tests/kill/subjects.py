# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# It runs on Python 2.7.
# ruff: noqa: B905, S103, S108, SIM905, UP001, UP004, UP008, UP009, UP010, UP024, UP030, UP031, UP032, UP036
"""What is killed: for each module two states of its files, between which a run is killed."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re
import shutil
import subprocess
import tempfile
import time

from loop import NOTHING, Operations, Runner, content

from ansible_collections.mailops.relay.plugins.module_utils.host import (
    firewalld_zone,
    iptables_rules,
    keypair,
    keypair_next,
    owners_record,
    site_ca,
    x509,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.host.dns_question import Reply
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld import Firewalld
from ansible_collections.mailops.relay.plugins.module_utils.host.iptables import Iptables
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import Wanted
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import WHOLE
from ansible_collections.mailops.relay.plugins.module_utils.host.ssh import SshAccess
from ansible_collections.mailops.relay.plugins.module_utils.host.unlimited_logs import (
    JOURNALD_FILE,
    RSYSLOG,
    RSYSLOG_FILE,
    UnlimitedLogs,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_key, opendkim
from ansible_collections.mailops.relay.plugins.module_utils.postfix import dane_resolver
from ansible_collections.mailops.relay.plugins.module_utils.postfix.configuration import (
    Configuration as PostfixConfiguration,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf
from ansible_collections.mailops.relay.plugins.module_utils.qmail import deliveries
from ansible_collections.mailops.relay.plugins.module_utils.qmail.configuration import (
    Configuration as QmailConfiguration,
)
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.configuration import (
    Configuration as SendmailConfiguration,
)


def output(argv, stdin=None):
    """str: what a program prints."""
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return process.communicate(stdin)[0].decode("utf-8", "replace").strip()


class Subject(object):
    """A module, as the loop sees it; here one of which all is in files.

    Args:
        scratch: str, an empty directory of its own, below C(parent).

    Attributes:
        files: list of str, all that it may change.
        directories: list of str, those in which it may leave something.
    """

    parent = "/tmp"

    def __init__(self, scratch):
        self.scratch = scratch
        self.files = []
        self.directories = [scratch]

    def path(self, *names):
        """str: of a file of its own."""
        return os.path.join(self.scratch, *names)

    def question(self, argv, stdin):
        """Something hashable or None: all that an answer of a program hangs on; None for one that is always run."""
        return None

    def made(self, argv):
        """str or None: the one file that a program makes."""
        return None

    def view(self, path, saved):
        """Something that is equal for two states of a file (of ``loop.snapshot``) that are the same for their reader."""
        return saved and saved[:4]

    def faults(self, between=False):
        """list of str: what is wrong with the files as they are now; between: after a kill."""
        return []

    def further(self):
        """dict: what there is besides files: its name, and anything that can be compared."""
        return {}

    def put_back(self, further):
        """Make it what ``further`` said."""


class PostfixConfig(Subject):
    """postfix_config with tables, on the live configuration directory, and with the record of what it has set.

    The second state takes back a part of what the first one has set.
    """

    name = "postfix_config"
    parent = "/etc"

    def __init__(self, scratch):
        super(PostfixConfig, self).__init__(scratch)
        self._directory = output([Runner.find("postconf"), "-dh", "config_directory"])
        self._kind = output([Runner.find("postconf"), "-dh", "default_database_type"])
        self._suffix = {"hash": ".db", "btree": ".db"}.get(self._kind, "." + self._kind)
        self._tables = [self._table("transport"), self.path("secret"), self._table("gone"), self._table("new")]
        self._compiled = dict((path + self._suffix, path) for path in self._tables)
        self._configuration = [os.path.join(self._directory, name) for name in ("main.cf", "master.cf")]
        self._record = owners_record.RECORD = self.path("owners.json")
        self.files = self._configuration + self._tables + sorted(self._compiled) + [self._table("file"), self._record]
        self.directories = [self._directory, scratch]
        self._checked = {}
        # What Debian's main.cf has of what is set here. This record is empty, so that the host is one of a release without a record:
        # where there are backups, the oldest one's value may be taken for that from before.
        self._before = [
            MainCf(content(path).decode("utf-8"), path).values()
            for path in self._configuration[:1] + sorted(glob.glob(self._configuration[0] + ".*~"))[:1]
        ]

    def _table(self, name):
        return os.path.join(self._directory, "kill-" + name)

    def _request(self, number):
        kind, table = self._kind, self._table
        other = table("new" if number == 2 else "gone")
        request = {
            "config_directory": self._directory,
            "main": {
                "myhostname": "host{0}.example.com".format(number),
                "mynetworks": ["127.0.0.0/8", "10.{0}.0.0/16".format(number)],
                "transport_maps": "{0}:{1}".format(kind, table("transport")),
                "canonical_maps": "{0}:{1}".format(kind, other),
            },
            "master": [
                {"name": "10587", "type": "inet", "command": "smtpd", "options": {"syslog_name": "kill/%d" % number}}
            ],
            "tables": [
                {"path": table("transport"), "type": kind, "entries": {"a.example": "smtp:[h%d]" % number}},
                {"path": self.path("secret"), "type": kind, "secret_entries": {"a": "p:%d" % number}},
                {"path": other, "type": kind, "entries": {"a": "b"}},
            ],
            "files": [{"path": table("file"), "content": "content %d\n" % number}],
            "owner": "kill",
            "backup": False,
        }
        if number == 1:
            request["if_supported"] = {"smtpd_forbid_bare_newline": "yes", "smtpd_helo_required": "yes"}
            request["master"].append({"name": "10588", "type": "inet", "command": "smtpd"})
        return request

    def apply(self, number, runner, check_mode):
        scratch = "/tmp" if check_mode else None
        return PostfixConfiguration(self._request(number), runner, None, check_mode, scratch).apply()

    def question(self, argv, stdin):
        if argv[0] == "postconf":
            return tuple(argv)
        if argv[0] == "postfix" or "-q" in argv:
            return (argv[0],) + tuple(content(os.path.join(argv[2], name)) for name in ("main.cf", "master.cf"))
        return (argv[0], content(argv[3].partition(":")[2])) if argv[0] == "postmap" else None

    def made(self, argv):
        return argv[3].partition(":")[2] + self._suffix if argv[0] == "postmap" and "-q" not in argv else None

    def view(self, path, saved):
        # In between the record has both states; ``faults`` looks into it when all is done.
        if path == self._record:
            return None
        # What is set again comes behind the others.
        if path in self._configuration and saved is not None:
            return (sorted(saved[0].splitlines()),) + saved[1:4]
        # A compiled table holds dates.
        if path in self._compiled and saved is not None:
            return (self._entries(saved[0]),) + saved[1:4]
        return super(PostfixConfig, self).view(path, saved)

    def _entries(self, data):
        """The keys and values of a compiled table, without a program: those of this loop are found as they stand."""
        return sorted(re.findall(r"smtp:\[h[0-9]\]|p:[0-9]", data.decode("latin-1")))

    def faults(self, between=False):
        found = []
        # Programs of Postfix wait for a file that has changed within the last second.
        for path in self._configuration:
            os.utime(path, (1, 1))
        key = tuple(content(path) for path in self._configuration)
        if key not in self._checked:
            self._checked[key] = subprocess.call([Runner.find("postfix"), "check"])
        if self._checked[key] != 0:
            found.append("postfix check fails")
        for compiled, source in sorted(self._compiled.items()):
            # In between, the source may be new and what is compiled of it not yet, and is older then.
            if os.path.exists(compiled) and os.path.exists(source) and not between:
                if self._entries(content(compiled)) != self._entries(content(source)):
                    found.append("{0} is not what {1} says".format(compiled, source))
        if not between:
            found += self._faults_of_record()
        return found

    def _faults_of_record(self):
        """What is recorded is what is wanted, was not there before, and is there now."""
        (things,) = owners_record.parse(content(self._record).decode("utf-8"), self._record).values()
        number = 1 if b"host1.example.com" in content(self._configuration[0]) else 2
        request = self._request(number)
        wanted = set(request["main"]) | set(request.get("if_supported", ()))
        wanted |= set("{0[name]}/{0[type]}".format(item) for item in request["master"])
        wanted |= set(item["path"] for item in request["tables"] + request["files"])
        entries = dict(
            (thing if key == WHOLE else key, entry)
            for thing, keys in things.items()
            for key, entry in keys.items()
            if entry["owners"]
        )
        found = []
        if set(entries) - set(["smtpd_forbid_bare_newline"]) != wanted - set(["smtpd_forbid_bare_newline"]):
            found.append("the record has {0} instead of {1}".format(sorted(entries), sorted(wanted)))
        for name, entry in sorted(entries.items()):
            if len(entry["set"]) != 1:
                found.append("the record says that {0} is being changed".format(name))
            before = entry["before"]
            text = before["text"] if isinstance(before, dict) else before
            if text not in [values.get(name) for values in self._before]:
                found.append("the record has another value of {0} from before: {1}".format(name, before))
        return found


class Removal(object):
    """Mixed in: the first state is an owner's, the second one is that from before it, and the record is one of the files."""

    def remember(self):
        """Have the record among the files of this subject."""
        self.directories.append(self.path("state"))
        os.mkdir(self.path("state"), 0o700)
        self.record = owners_record.RECORD = self.path("state", "owners.json")
        self.files.append(self.record)

    def view(self, path, saved):
        # In between it has both states; ``faults`` looks into it when all is done.
        return None if path == self.record else super(Removal, self).view(path, saved)

    def faults(self, between=False):
        found = super(Removal, self).faults(between)
        if between:
            return found
        (things,) = owners_record.parse(content(self.record).decode("utf-8"), self.record).values()
        entries = [entry for keys in things.values() for entry in keys.values()]
        if bool(entries) != self.is_there():
            found.append("the record has {0} entries".format(len(entries)))
        if any(len(entry["set"]) != 1 or entry["owners"] != ["kill"] for entry in entries):
            found.append("the record says that something is being changed")
        return found


class QmailConfig(Subject):
    """qmail_config on a directory of its own, with a qmail-newmrh that copies."""

    name = "qmail_config"

    def __init__(self, scratch):
        super(QmailConfig, self).__init__(scratch)
        for directory in ("bin", "control", "alias"):
            os.mkdir(self.path(directory))
        deliveries.alias_home = lambda: self.path("alias")
        program = self.path("bin", "qmail-newmrh")
        with open(program, "w") as stream:
            stream.write(
                "#!/bin/sh\ncd {0}\ncp morercpthosts .tmp && mv .tmp morercpthosts.cdb\n".format(self.path("control"))
            )
        os.chmod(program, 0o755)
        names = "me locals rcpthosts smtproutes morercpthosts morercpthosts.cdb virtualdomains queuelifetime".split()
        self.files = [self.path("control", name) for name in names] + [self.path("alias", ".qmail-root")]
        self.directories = [scratch, self.path("control"), self.path("alias")]

    def apply(self, number, runner, check_mode):
        name = "host{0}.example.com".format(number)
        request = {
            "control": {
                "me": name,
                "locals": [name],
                "rcpthosts": [name],
                "smtproutes": {"": "relay{0}.example.com".format(number)},
                "morercpthosts": ["more{0}.example.com".format(number)],
                "virtualdomains": {"old.example.com": "old"} if number == 1 else None,
                "queuelifetime": None if number == 1 else 86400,
            },
            "credentials": [],
            "credentials_format": None,
            "forwards": {"root": "ops{0}@example.net".format(number)},
            "directory": self.path("control"),
            "accept_risks": ["local-deliveries"],
            "service_manager": "none",
            "service": None,
            "timeout": 10,
            "backup": False,
        }
        return QmailConfiguration(self.ask(request, number), runner, None, check_mode).apply()

    def ask(self, request, number):
        """dict: the request for a state."""
        return request

    def faults(self, between=False):
        source, compiled = self.path("control", "morercpthosts"), self.path("control", "morercpthosts.cdb")
        there = [path for path in (source, compiled) if os.path.exists(path)]
        if not between and (len(there) == 1 or (there and content(source) != content(compiled))):
            return ["morercpthosts.cdb is not what morercpthosts says"]
        return []


class QmailRemoval(Removal, QmailConfig):
    """What qmail_config gives back."""

    name = "qmail_config_removal"

    def __init__(self, scratch):
        super(QmailRemoval, self).__init__(scratch)
        for name in ("me", "rcpthosts", "locals", "queuelifetime"):
            with open(self.path("control", name), "w") as stream:
                stream.write("86400\n" if name == "queuelifetime" else "before.example.com\n")
        self.remember()

    def ask(self, request, number):
        if number == 1:
            return dict(request, owner="kill")
        return dict(request, owner="kill", state="absent", control={}, forwards={})

    def is_there(self):
        """bool: whether it is the first state."""
        return os.path.exists(self.path("control", "smtproutes"))


class SendmailConfig(Subject):
    """sendmail_config on the live configuration directory."""

    name = "sendmail_config"
    parent = "/etc"

    def __init__(self, scratch):
        super(SendmailConfig, self).__init__(scratch)
        self._directory = "/etc/mail"
        names = "sendmail.mc sendmail.cf access access.db".split()
        self.files = [os.path.join(self._directory, name) for name in names] + [self.ca()]
        self.directories = [scratch, self._directory]

    def apply(self, number, runner, check_mode):
        arguments = {
            "config_directory": self._directory,
            "smart_hosts": ["relay.example.com"],
            "port": 586 + number,
            "mailer": "relay",
            "loopback_only": True,
            "tls_level": "verified" if number == 2 else "encrypted",
            "ca_file": self.ca(),
            "files": [{"path": self.ca(), "content": "certificate {0}\n".format(number), "mode": "0644"}],
            "backup": False,
        }
        return SendmailConfiguration(self.ask(arguments, number), runner, None, check_mode, "/tmp").apply()

    def ask(self, arguments, number):
        """dict: the arguments for a state."""
        return arguments

    def ca(self):
        """str: the path of a further file."""
        return self.path("ca.pem")

    def question(self, argv, stdin):
        program = os.path.basename(argv[0])
        if program == "makemap":
            return None
        # m4 includes files of the package, which stay the same.
        texts = tuple(content(word) for word in argv if word.startswith(("/etc/", "/tmp/")) and os.path.isfile(word))
        words = tuple(word for word in argv if not word.startswith("/tmp/"))
        return words + texts + (stdin,)

    def view(self, path, saved):
        if path.endswith(".db") and saved is not None:
            return (sorted(set(re.findall(r"VERIFY|ENCR:[0-9]+", saved[0].decode("latin-1")))),) + saved[1:4]
        if path.endswith((".mc", ".cf")) and saved is not None:
            # A line is added where there is none, and changed in its place where there is one.
            lines = saved[0].splitlines()
            return (sorted(line for line in lines if line.strip() and line[:1] != b"#"),) + saved[1:4]
        return super(SendmailConfig, self).view(path, saved)


class SendmailRemoval(Removal, SendmailConfig):
    """What sendmail_config gives back."""

    name = "sendmail_config_removal"

    def __init__(self, scratch):
        super(SendmailRemoval, self).__init__(scratch)
        self.files += [os.path.join(self._directory, name) for name in ("submit.mc", "submit.cf")]
        self.remember()

    def ask(self, arguments, number):
        if number == 1:
            return dict(arguments, owner="kill", address_lookups=False)
        return {"config_directory": self._directory, "port": 25, "owner": "kill", "state": "absent", "backup": False}

    def ca(self):
        # Where the role has it. Elsewhere the next run of the owner, which has nothing there any more, would not look.
        return os.path.join(self._directory, "kill-ca.pem")

    def is_there(self):
        """bool: whether it is the first state."""
        return os.path.exists(self.ca())


class IptablesRules(Subject):
    """iptables_rules in the network namespace of this process, and a file of its own."""

    name = "iptables_rules"

    def __init__(self, scratch):
        super(IptablesRules, self).__init__(scratch)
        self.files = [self.path("rules.v4"), self.path("rules.v6")]

    def apply(self, number, runner, check_mode):
        request = iptables_rules.Request(
            name="kill",
            state="present",
            chain="INPUT",
            sources=["192.0.2.0/24", "2001:db8::/32"],
            ports=["{0}/tcp".format(number + 24)],
            exclusive=False,
            saved_file_ipv4=self.path("rules.v4"),
            saved_file_ipv6=self.path("rules.v6"),
            allow_ssh_lockout=False,
            owner=None,
        )
        request = self.ask(request, number)
        return iptables_rules.converge(Iptables(runner), request, SshAccess([22], None), None, check_mode)

    def ask(self, request, number):
        """iptables_rules.Request: for a state."""
        return request

    def question(self, argv, stdin):
        return (argv[0], stdin) if "--test" in argv else None

    def further(self):
        # Without counters and comments.
        return dict(
            (
                "the rules of " + program,
                [line for line in output([Runner.find(program + "-save")]).splitlines() if line[:2] == "-A"],
            )
            for program in ("iptables", "ip6tables")
        )

    def put_back(self, further):
        for program in ("iptables", "ip6tables"):
            lines = ["*filter"] + [":{0} ACCEPT [0:0]".format(name) for name in ("INPUT", "FORWARD", "OUTPUT")]
            lines += further["the rules of " + program] + ["COMMIT", ""]
            output([Runner.find(program + "-restore")], "\n".join(lines).encode("ascii"))


class IptablesRemoval(Removal, IptablesRules):
    """What iptables_rules gives back."""

    name = "iptables_rules_removal"

    def __init__(self, scratch):
        super(IptablesRemoval, self).__init__(scratch)
        self.remember()

    def ask(self, request, number):
        return request._replace(owner="kill", state="present" if number == 1 else "absent")

    def is_there(self):
        """bool: whether it is the first state."""
        return any("--comment kill" in line for lines in self.further().values() for line in lines)


class StoppedFirewalld(Firewalld):
    """A firewalld that does not run, whatever the host's does."""

    def runtime(self):
        """None: nothing but files."""
        return


class FirewalldRemoval(Removal, Subject):
    """What firewalld_zone gives back, in zone files of its own."""

    name = "firewalld_zone_removal"

    def __init__(self, scratch):
        super(FirewalldRemoval, self).__init__(scratch)
        for folder in ("zones", "services", "ipsets"):
            os.mkdir(self.path(folder))
        with open(self.path("services", "ssh.xml"), "w") as stream:
            stream.write('<service><port port="22" protocol="tcp"/></service>')
        self.files = [self.path("zones", "kill.xml")]
        self.directories = [scratch, self.path("zones")]
        self.remember()

    def apply(self, number, runner, check_mode):
        request = firewalld_zone.Request(
            zone="kill",
            state="present" if number == 1 else "absent",
            target=None,
            sources=["192.0.2.0/24"],
            services=["ssh"],
            ports=["25/tcp"],
            rich_rules=None,
            exclusive=True,
            allow_ssh_lockout=False,
            owner="kill",
        )
        firewalld = StoppedFirewalld(runner, self.scratch, "/nowhere")
        return firewalld_zone.converge(firewalld, request, SshAccess([22], None), check_mode)

    def question(self, argv, stdin):
        return tuple(argv)

    def is_there(self):
        """bool: whether it is the first state."""
        return os.path.exists(self.files[0])


class TlsKeypair(Subject):
    """tls_keypair, whose second state has another name and therefore another key."""

    name = "tls_keypair"

    def __init__(self, scratch):
        super(TlsKeypair, self).__init__(scratch)
        self.files = [self.path("key.pem"), self.path("certificate.pem")]

    def wanted(self, number):
        """Wanted: what each of the two states is asked for by."""
        return Wanted(
            privatekey_path=self.files[0],
            certificate_path=self.files[1],
            csr_path=None,
            provider="selfsigned",
            kind="ECC",
            size=2048,
            curve="secp256r1",
            common_name="host{0}.example.com".format(number),
            names=[],
            valid_days=365,
            renew_before_days=30,
            new_key_on_renewal=True,
            replace_broken_key=False,
            ownca_path=None,
            ownca_privatekey_path=None,
            ownca_privatekey_passphrase=None,
            privatekey_mode=0o600,
            certificate_mode=0o644,
            owner=None,
            group=None,
            backup=False,
            force=False,
        )

    def apply(self, number, runner, check_mode):
        return keypair.ensure(self.wanted(number), runner, check_mode, None, time.time())[0]

    def view(self, path, saved):
        if saved is None:
            return None
        # Each is made anew: its kind tells which it is, and its end that it is whole.
        text = saved[0].decode("ascii", "replace")
        length = len(text) if "PRIVATE" in text else "large" if len(text) > 700 else "small"
        return (text.startswith("-----BEGIN"), text.endswith("-----\n"), length) + saved[1:4]

    def faults(self, between=False):
        if between:
            return []
        argv = (
            [Runner.find("openssl"), "pkey", "-pubout", "-in"],
            [Runner.find("openssl"), "x509", "-noout", "-pubkey", "-in"],
        )
        keys = [output(words + [path]) for words, path in zip(argv, self.files)]
        return [] if keys[0] == keys[1] else ["the certificate is of another key"]


class TlsSwitch(TlsKeypair):
    """tls_keypair, whose second state is the next pair in the place of the one in use; it is for another name.

    At each moment there is a key with its certificate, and clients that trust both certificates verify it.
    """

    name = "tls_switch"

    def __init__(self, scratch):
        super(TlsSwitch, self).__init__(scratch)
        self._pairs = self.files[1] + keypair_next.PAIRS_SUFFIX
        self._next = [path + keypair_next.NEXT_SUFFIX for path in self.files]
        self._anchors = self.path("anchors")
        self.directories.append(self._pairs)
        self._waiting = {}

    def apply(self, number, runner, check_mode):
        wanted = self.wanted(number)
        if number == 1:
            keypair_next.ensure(wanted, False, runner, check_mode, None, time.time())
            return keypair_next.ensure(self.wanted(2), False, runner, check_mode, None, time.time())[0]
        return self.switch(wanted, runner, check_mode)

    def switch(self, wanted, runner, check_mode):
        """dict: the result, as of the module. Put the next pair in place, and remove its files."""
        done = keypair_next.ensure(wanted, True, runner, check_mode, None, time.time())[0]
        # What serves the pair is told in between; then the next one's files go.
        try:
            tidied = keypair_next.ensure(wanted, False, runner, check_mode, None, time.time())[0]
        except EnvironmentError:
            # The pair in use is the new one all the same.
            return done
        return dict(done, changed=done["changed"] or tidied["changed"])

    def further(self):
        if not self._waiting and os.path.exists(self._next[1]):
            self._waiting = dict((path, content(path)) for path in self._next)
            self.trust([content(self.files[1]), self._waiting[self._next[1]]])
        return {}

    def put_back(self, further):
        if os.path.isdir(self._pairs):
            shutil.rmtree(self._pairs)
        for path, data in self._waiting.items():
            with open(path, "wb") as stream:
                stream.write(data)

    def trust(self, certificates):
        """Give the clients these trust anchors, a list of bytes, in PEM form."""
        with open(self._anchors, "wb") as stream:
            stream.write(b"".join(certificates))

    def view(self, path, saved):
        return saved and saved[:4]

    def faults(self, between=False):
        found = super(TlsSwitch, self).faults()
        # Before the first state has been made nobody trusts anything.
        if os.path.exists(self._anchors):
            verify = [Runner.find("openssl"), "verify", "-CAfile", self._anchors, self.files[1]]
            said = output(verify)
            if said != self.files[1] + ": OK":
                found.append("clients do not verify what is served: " + said)
        return found


class TlsSiteCa(TlsSwitch):
    """tls_keypair, which goes from a self-signed certificate to one of the site's CA, and back where it was killed between.

    It is all that the role does for that: a request is made and signed, the next pair waits until clients trust both, and takes the
    place.
    """

    name = "tls_siteca"

    def __init__(self, scratch):
        super(TlsSiteCa, self).__init__(scratch)
        self._runner = Runner(Operations(0, NOTHING), self, {})
        asked = {"path": "/nowhere", "name": "Kill CA", "passphrase": "the loop's passphrase", "valid_days": 7300}
        asked.update(renew_before_days=365, known="", request="", common_name="host.example.com", names=[])
        self._asked = site_ca.Wanted(days=365, leaf_renew_before_days=30, **asked)
        self._ca = site_ca.make(self._asked, self._runner, scratch)
        self._former = None

    def wanted(self, number):
        wanted = super(TlsSiteCa, self).wanted(number)._replace(common_name="host.example.com")
        return wanted._replace(provider="siteca", siteca_name=self._asked.name) if number == 2 else wanted

    def _signed(self, wanted, request):
        # On another host, or the controller.
        asked = site_ca.check(self._asked._replace(request=request))
        scratch = tempfile.mkdtemp(dir=self.scratch)
        certificate = site_ca.sign(asked, self._ca, self._runner, scratch, time.time())
        return wanted._replace(signed_certificate=certificate.text, signed_authority=self._ca.certificate.text)

    def apply(self, number, runner, check_mode):
        wanted = self.wanted(number)
        done = keypair_next.ensure(wanted, False, runner, check_mode, None, time.time())[0]
        if done["request"]:
            wanted = self._signed(wanted, done["request"]["csr"])
            done = keypair_next.ensure(wanted, False, runner, check_mode, None, time.time())[0]
        if done["next"]:
            anchors = [path for path in (self.files[1], self.files[1] + ".ca", self._next[1]) if os.path.exists(path)]
            self.trust([content(path) for path in anchors])
            return self.switch(self.wanted(number), runner, check_mode)
        return done

    def further(self):
        if self._former is None and os.path.exists(self.files[1]):
            self._former = content(self.files[1])
        return {}

    def put_back(self, further):
        super(TlsSiteCa, self).put_back(further)
        left = self._next + [self.files[1] + ".ca", self.files[0] + ".requested"]
        for path in left:
            if os.path.exists(path):
                os.unlink(path)
        if self._former is not None:
            self.trust([self._former])

    def view(self, path, saved):
        if saved is None:
            return None
        if path == self.files[1]:
            certificate = x509.read_certificate(saved[0])
            return (certificate.issuer == self._ca.certificate.subject,) + saved[1:4]
        return TlsKeypair.view(self, path, saved)


class DkimKey(Subject):
    """dkim_key, whose first state is that there is none."""

    name = "dkim_key"

    def __init__(self, scratch):
        super(DkimKey, self).__init__(scratch)
        self.files = [self.path("keys", "a.pem")]
        self.directories.append(self.path("keys"))
        os.mkdir(self.path("keys"), 0o700)

    def apply(self, number, runner, check_mode):
        if number == 1:
            if os.path.exists(self.files[0]):
                os.unlink(self.files[0])
            return {"changed": True}
        wanted = dkim_key.Wanted("example.com", "a", self.files[0], 1024, 0o600, None, None, False, False)
        return dkim_key.ensure(wanted, runner, check_mode, None)[0]

    def view(self, path, saved):
        if saved is None:
            return None
        # Each is made anew: that it is whole tells its end.
        text = saved[0].decode("ascii", "replace")
        return (text.startswith("-----BEGIN PRIVATE"), text.endswith("PRIVATE KEY-----\n")) + saved[1:4]

    def faults(self, between=False):
        # At no moment, and in no file that a kill leaves, can others read it.
        found = [os.path.join(folder, name) for folder, _dirs, names in os.walk(self.path("keys")) for name in names]
        return [path + " can be read by others" for path in found if os.stat(path).st_mode & 0o077]


class Signing(object):
    """A host's programs, with an OpenDKIM whether it is installed or not."""

    def __init__(self, runner):
        self._runner = runner

    def find(self, program):
        return "/usr/sbin/opendkim" if program == "opendkim" else self._runner.find(program)

    def run(self, argv, **options):
        return self._runner.run(argv, **options)


class Clock(object):
    """The module time, at another time."""

    def __init__(self, now):
        self._now = now

    def time(self):
        return self._now


class OpendkimConfig(Subject):
    """opendkim_config in a tree of its own: another key signs, and one goes that has signed long ago."""

    name = "opendkim_config"
    _selectors = ("old", "a", "b")

    def __init__(self, scratch):
        super(OpendkimConfig, self).__init__(scratch)
        os.makedirs(self.path("etc", "opendkim", "keys"))
        os.makedirs(self.path("var", "lib", "mailops.relay"), 0o700)
        with open(self.path("etc", "opendkim.conf"), "w") as stream:
            stream.write("# As it was\nUserID {0}\nMode sv\n".format(os.getuid()))
        os.makedirs(self.path("var", "spool", "postfix"))
        tables = [self.path("etc", "opendkim", "mailops-relay." + name) for name in "former keys signing hosts".split()]
        self._keys = [self._key(selector) for selector in self._selectors]
        self._record = self.path("var", "lib", "mailops.relay", "owners.json")
        self.files = [self.path("etc", "opendkim.conf"), self._record] + tables + self._keys
        self.directories = [
            self.path("etc"),
            self.path("etc", "opendkim"),
            self.path("etc", "opendkim", "keys"),
            os.path.dirname(self._record),
        ]

    def _key(self, selector):
        return self.path("etc", "opendkim", "keys", selector + ".pem")

    def apply(self, number, runner, check_mode):
        if number == 2:
            return self._call(runner, "b", time.time(), check_mode)
        for path in self._keys:
            with open(path, "w") as stream:
                stream.write("a key\n")
        self._call(runner, None, 0)
        self._call(runner, "old", 0)
        return self._call(runner, "a", 1000)

    def _call(self, runner, selector, now, check_mode=False):
        key = {"domain": "example.com", "selector": selector, "path": "/etc/opendkim/keys/{0}.pem".format(selector)}
        request = {
            "keys": [] if selector is None else [dict(key, published=True)],
            "internal_hosts": [] if selector == "a" else ["192.0.2.0/24"],
            "unsigned_headers": ["User-Agent"] if selector == "b" else [],
            "port": 8891,
            "socket": "relay/opendkim.sock",
            "backup": False,
            "owner": "kill",
            "state": "absent" if selector is None else "present",
        }
        opendkim.time = Clock(now)
        # As the user of this process, with its group.
        place = "/var/spool/postfix", os.getgid()
        return opendkim.Signer(
            request, Signing(runner), lambda: 86400, lambda: place, None, check_mode, root=self.scratch
        ).apply()

    def question(self, argv, stdin):
        return tuple(argv)

    def view(self, path, saved):
        if path == self._record:
            # In between it has both states.
            return None
        if saved is not None and path.endswith(".former"):
            # Since when the last one is a former key differs from run to run.
            return re.sub(b"(?m)^[0-9]{5,} ", b"", saved[0])
        return super(OpendkimConfig, self).view(path, saved)

    def faults(self, between=False):
        found = []
        named = content(self.path("etc", "opendkim", "mailops-relay.keys")).decode("ascii").split(":")[-1].strip()
        if not os.path.exists(self.scratch + named):
            found.append("the key that signs is gone")
        if not os.path.isdir(self.path("var", "spool", "postfix", "relay")):
            found.append("the directory of the socket, which the configuration names, is not there")
        if not between:
            (things,) = owners_record.parse(content(self._record).decode("utf-8"), self._record).values()
            if any(len(entry["set"]) != 1 for keys in things.values() for entry in keys.values()):
                found.append("the record says that something is being changed")
        return found


class Resolving(object):
    """A host's programs, with an unbound that validates, and a systemd that knows no unit."""

    def __init__(self, runner):
        self._runner = runner

    def find(self, program):
        return "/usr/sbin/unbound" if program == "unbound" else self._runner.find(program)

    def run(self, argv, **_options):
        return Result(0, "systemd 252\n" if argv == ["systemctl", "--version"] else "/nowhere\n", "")

    def lines(self, _argv, merge):
        yield "info: start of service"


class DaneResolver(Subject):
    """dane_resolver in a tree of its own: other resolvers are asked, and one unit of Postfix goes."""

    name = "dane_resolver"

    def __init__(self, scratch):
        super(DaneResolver, self).__init__(scratch)
        units = self.path("etc", "systemd", "system")
        drop_ins = [os.path.join(units, name + ".d") for name in ("postfix.service", "postfix@-.service")]
        for directory in ("etc/unbound", "etc/postfix", "lib/systemd/system", "usr/share/dns"):
            os.makedirs(self.path(directory))
        for directory in drop_ins:
            os.makedirs(directory)
            # So that it is not the module's to take away.
            with open(os.path.join(directory, "other.conf"), "w"):
                pass
        os.makedirs(self.path("var", "lib", "mailops.relay"), 0o700)
        for path in ("usr/share/dns/root.key", "lib/systemd/system/postfix@.service", "etc/resolv.conf"):
            with open(self.path(path), "w"):
                pass
        self._record = self.path("var", "lib", "mailops.relay", "owners.json")
        self.files = [
            self._record,
            self.path("etc/postfix/relay_resolv.conf"),
            self.path("etc/unbound/mailops-relay.conf"),
        ]
        self.files += [
            os.path.join(units, "mailops-relay-resolver" + name) for name in (".service", ".path", "-lost.service")
        ]
        self.files += [os.path.join(directory, "mailops-relay-resolver.conf") for directory in drop_ins]
        self.directories = [os.path.dirname(path) for path in self.files]

    def apply(self, number, runner, check_mode):
        # The second state is one of a distribution without that template.
        dane_resolver._TEMPLATES = ("/lib/systemd/system/postfix@.service",) if number == 1 else ()
        request = {
            "forwarders": ["192.0.2.53" if number == 1 else "192.0.2.54"],
            "trust_anchors": [],
            "internal_zones": [],
            "signed_name": "signed.example",
            "broken_name": "broken.example",
            "names": [],
            "backup": False,
            "owner": "kill",
            "state": "present",
        }

        def ask(_server, name, _kind, _seconds, _port, _dnssec, unchecked):
            return Reply(0, True, 1) if name == "signed.example" or unchecked else Reply(2, False, 0)

        return dane_resolver.Resolver(request, Resolving(runner), None, check_mode, self.scratch, ask).apply()

    def view(self, path, saved):
        # In between it has both states.
        return None if path == self._record else super(DaneResolver, self).view(path, saved)


class MailLogLimits(Subject):
    """mail_log_limits below a directory with a copy of rsyslog's configuration."""

    name = "mail_log_limits"

    def __init__(self, scratch):
        super(MailLogLimits, self).__init__(scratch)
        for directory in ("etc/rsyslog.d", "etc/systemd", "lib/systemd"):
            os.makedirs(self.path(directory))
        with open(self.path("lib/systemd/systemd-journald"), "w"):
            pass
        with open(self.path("etc/rsyslog.conf"), "w") as stream:
            stream.write('module(load="imjournal")\n$IncludeConfig /etc/rsyslog.d/*.conf\n')
        self.files = [scratch + JOURNALD_FILE, scratch + RSYSLOG_FILE]
        self.directories += [os.path.dirname(path) for path in self.files]

    def apply(self, number, runner, check_mode):
        # The module knows one state; the first one is as an administrator might have left it.
        if number == 1:
            for path in self.files:
                if not os.path.isdir(os.path.dirname(path)):
                    os.mkdir(os.path.dirname(path))
                with open(path, "w") as stream:
                    stream.write("# old\n")
            return {"changed": True}
        return UnlimitedLogs(runner, check_mode=check_mode, root=self.scratch).apply()

    def question(self, argv, stdin):
        return (argv[0], RSYSLOG)


SUBJECTS = dict(
    (subject.name, subject)
    for subject in (
        PostfixConfig,
        QmailConfig,
        QmailRemoval,
        SendmailConfig,
        SendmailRemoval,
        IptablesRules,
        IptablesRemoval,
        FirewalldRemoval,
        TlsKeypair,
        TlsSwitch,
        TlsSiteCa,
        DkimKey,
        OpendkimConfig,
        DaneResolver,
        MailLogLimits,
    )
)
