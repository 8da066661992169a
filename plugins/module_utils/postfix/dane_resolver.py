# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resolver that validates, for Postfix alone: an unbound of its own on a loopback address, and a resolv.conf of Postfix's unit.

What the host's other programs ask stays as it is. Postfix's unit gets the file over C(/etc/resolv.conf); Debian's copies it into the
chroot when it starts, from what it sees there.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import os
import re
import socket
import tempfile
import time
from contextlib import closing

from ansible_collections.mailops.relay.plugins.module_utils.host import unbound_conf
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.daemons import daemon_state
from ansible_collections.mailops.relay.plugins.module_utils.host.dns_question import (
    NOERROR,
    SERVFAIL,
    SOA,
    A,
    QuestionError,
    ask,
    rcode_text,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, about, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native, to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.host.owned_files import OwnedFiles, fits
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, locked, record_below
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.resolv_conf import nameservers
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    has_stale,
    remove_stale,
    stages_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.unbound_conf import ADDRESS, PORT

SECTION = "dane_resolver"
UNIT = "mailops-relay-resolver.service"
_WATCH, _LOST = "mailops-relay-resolver.path", "mailops-relay-resolver-lost.service"
CONFIGURATION = "/etc/unbound/mailops-relay.conf"
RESOLV_CONF = "/etc/postfix/relay_resolv.conf"
_HOSTS_RESOLV_CONF = "/etc/resolv.conf"
# With the chroot below it, in which Debian has Postfix run; nobody has another one there.
_QUEUE = "/var/spool/postfix"
_UNITS = "/etc/systemd/system"
_DROP_IN = "mailops-relay-resolver.conf"
# Of Debian, where the first belongs to dns-root-data, and of EL, where unbound-anchor follows the keys.
_ROOT_KEYS = ("/usr/share/dns/root.key", "/var/lib/unbound/root.key", "/etc/unbound/root.key")
_DIRECTORIES = (
    os.path.dirname(CONFIGURATION),
    os.path.dirname(RESOLV_CONF),
    _UNITS,
    _UNITS + "/postfix.service.d",
    _UNITS + "/postfix@-.service.d",
)
# Debian has had Postfix run by an instance of a template.
_TEMPLATES = ("/lib/systemd/system/postfix@.service", "/usr/lib/systemd/system/postfix@.service")
# BindReadOnlyPaths; "systemd 252 (252.39-1~deb12u1)".
_LEAST_SYSTEMD = 233
_SYSTEMD = re.compile(r"systemd ([0-9]+)")
_STARTED = "start of service"
# The configuration of the proof is read, and gone, in less than so many seconds.
_PROOF, _PROOF_SECONDS = ".mailops-relay-proof", 60
# Seconds for one question of the proof.
_SECONDS = 5
# Of systemd-resolved, which makes up answers for the host's own name, without signatures.
_RESOLVED = "127.0.0.53"
_RESOLVED_NAMES = (
    "; or, as systemd-resolved ({0}) makes up what it says of the host's own name, name the resolvers behind it, which resolvectl shows "
    "(relay_server_dane_resolvers)"
).format(_RESOLVED)
_HEADER = "# Managed by Ansible (mailops.relay.dane_resolver); changes made here are lost.\n"


class DaneError(RelayError):
    """Postfix cannot have a resolver that validates; nothing was changed."""


def unit_text(program):
    """str: the unit of the resolver.

    Args:
        program: str, the path of unbound.
    """
    return (
        _HEADER
        + "[Unit]\nDescription=Validating resolver of Postfix alone (mailops.relay)\nAfter=network.target\n\n"
        "[Service]\nExecStart={0} -d -c {1}\nRestart=always\nRestartSec=1\n".format(program, CONFIGURATION)
    )


def watch_text():
    """str: the unit that notices when the host gets another resolv.conf, or Postfix's chroot: a rename over the first takes away what is
    mounted there, and Debian 13's C(postfix check) copies it into the chroot."""
    return _HEADER + (
        "[Unit]\nDescription=Another resolv.conf of the host (mailops.relay)\n\n"
        "[Path]\nPathChanged={0}\nPathChanged={1}{0}\nUnit={2}\n"
    ).format(_HOSTS_RESOLV_CONF, _QUEUE, _LOST)


def lost_text():
    """str: the unit that restarts Postfix where it sees another resolv.conf than its own, and gives the chroot its own again."""
    # systemd takes $$ for one, and leaves double quotes within single ones. A reload is enough for the chroot, and no limit of systemd's
    # stops Postfix when somebody checks it many times in a row.
    return _HEADER + (
        "[Unit]\nDescription=Postfix gets its own resolv.conf again (mailops.relay)\nStartLimitIntervalSec=60\nStartLimitBurst=60\n\n"
        "[Service]\nType=oneshot\n"
        'ExecStart=/bin/sh -c \'queue=$$(postconf -h queue_directory); pid=$$(tr -d " " < "$$queue/pid/master.pid"); '
        'cmp -s {0} "/proc/$$pid/root{1}" || exec systemctl try-restart postfix; '
        'copy=$$queue{1}; if [ -e "$$copy" ] && ! cmp -s {0} "$$copy"; then '
        'cp -p {0} "$$copy.new" && mv -f "$$copy.new" "$$copy" && postfix reload; fi\'\n'
    ).format(RESOLV_CONF, _HOSTS_RESOLV_CONF)


def drop_in_text():
    """str: what Postfix's unit gets."""
    return _HEADER + (
        "[Unit]\nWants={0} {1}\nAfter={0}\n\n[Service]\nBindReadOnlyPaths={2}:{3}\n".format(
            UNIT, _WATCH, RESOLV_CONF, _HOSTS_RESOLV_CONF
        )
    )


def resolv_conf_text(hosts):
    """str: the resolv.conf of Postfix: as the host's, but for who is asked.

    No other name server is in it: what that says is not checked, and Postfix would take it for checked.

    Args:
        hosts: str, the host's.
    """
    kept = [line for line in hosts.splitlines() if line.split()[:1] and line.split()[0] in ("search", "domain")]
    return _HEADER + "".join(
        line + "\n" for line in kept + ["nameserver " + ADDRESS, "options edns0 trust-ad timeout:10"]
    )


def validation_problem(signed, broken, question):
    """str or None: why a resolver does not validate, with what to do about it.

    Args:
        signed, broken: str, names of the DNS, with right and with wrong signatures.
        question: callable (name, unchecked) -> Reply; raises QuestionError.
    """
    try:
        reply = question(signed, False)
        if reply.rcode != NOERROR:
            unchecked = question(signed, True).rcode
            if reply.rcode == SERVFAIL and unchecked == NOERROR:
                return (
                    "{0} is not taken for rightly signed (SERVFAIL, and an answer where nothing is checked): the resolvers that are asked "
                    "leave signatures out, or the trust anchors are not those of this name. Name resolvers that pass signatures on "
                    "(relay_server_dane_resolvers), or its trust anchor (relay_server_dane_trust_anchors)".format(
                        signed
                    )
                )
            return "{0} cannot be had ({1}). Name a signed name that the resolvers know (relay_server_dane_signed_name)".format(
                signed, rcode_text(reply.rcode)
            )
        if not reply.authenticated:
            return (
                "{0} is answered and not marked as checked (AD): no trust anchor leads to it, or the resolver does not validate. Name a "
                "signed name (relay_server_dane_signed_name), or its trust anchor (relay_server_dane_trust_anchors)".format(
                    signed
                )
            )
        reply = question(broken, False)
        if reply.rcode == NOERROR:
            return (
                "{0}, which is wrongly signed, is answered instead of refused (SERVFAIL): what is asked does not validate. Let a resolver "
                "that does be asked, or name a name with a wrong signature (relay_server_dane_broken_name)".format(
                    broken
                )
            )
        unchecked = question(broken, True).rcode
        if reply.rcode != SERVFAIL or unchecked != NOERROR:
            return (
                "{0} does not show whether what is wrongly signed is refused ({1}, and {2} where nothing is checked). Name a name with a "
                "wrong signature that the resolvers know (relay_server_dane_broken_name)".format(
                    broken, rcode_text(reply.rcode), rcode_text(unchecked)
                )
            )
    except QuestionError as exc:
        return "the resolver {0}. See that those which it asks answer, and what journalctl -u mailops-relay-resolver has".format(
            exc
        )
    return None


def lost_name(names, question, hosts_question):
    """str or None: the first name that the host's resolver knows, and one that validates does not.

    Args:
        names: list of str.
        question, hosts_question: callable (name) -> Reply; raise QuestionError.
    """
    for name in names:
        try:
            before = hosts_question(name)
        except QuestionError:
            continue
        if before.rcode == NOERROR and before.answers:
            try:
                now = question(name)
            except QuestionError:
                return name
            if now.rcode != NOERROR or not now.answers:
                return name
    return None


class Resolver(object):
    """One call of the module.

    Args:
        request: dict, the module's options.
        runner: ``commands.Runner``.
        label: callable or None, see ``Transaction``.
        check_mode: bool.
        root: str, put before each path, for tests.
        asks: callable, as ``dns_question.ask``.
    """

    def __init__(self, request, runner, label=None, check_mode=False, root="", asks=ask):
        self._request = request
        self._runner = runner
        self._label = label
        self._check_mode = check_mode
        self._root = root
        self._ask = asks
        self._warnings = []
        self._program = runner.find("unbound")
        self._hosts = self._read(_HOSTS_RESOLV_CONF)

    def apply(self):
        """dict: the module's result.

        Raises:
            RelayError: refused or failed; all files are what they were.
        """
        owner, state = self._request["owner"], self._request["state"]
        check_request(owner, state)
        if state == "present":
            self._check_request()
        try:
            if self._check_mode:
                return self._apply()
            with Lock(self._root + "/etc/postfix"), locked(owner, record_below(self._root)):
                return self._apply()
        except EnvironmentError as exc:
            raise DaneError("{0}. Nothing was changed.".format(explained(exc)))

    def _read(self, path):
        return read_native(self._root + path) or ""

    @property
    def _forwarders(self):
        """list of str: the resolvers that are asked."""
        return self._request["forwarders"] or nameservers(self._hosts)

    def _check_request(self):
        for forwarder in self._forwarders:
            problem = unbound_conf.wrong_forwarder(forwarder)
            if problem:
                raise DaneError("forwarders: {0!r} {1}.".format(forwarder, problem))
        if not self._forwarders:
            raise DaneError(
                "forwarders: {0} names no name server to ask. Name some (relay_server_dane_resolvers).".format(
                    _HOSTS_RESOLV_CONF
                )
            )
        for anchor in self._request["trust_anchors"]:
            if unbound_conf.anchor_owner(anchor) is None:
                raise DaneError(
                    "trust_anchors: {0!r} is no DS or DNSKEY record in one line, such as 'example.net. IN DS 12345 13 2 …'.".format(
                        anchor
                    )
                )
        for zone in self._request["internal_zones"]:
            if not unbound_conf.is_zone(zone):
                raise DaneError("internal_zones: {0!r} is no name of a zone, such as corp.example.com.".format(zone))

    def _apply(self):
        owned = Owned(self._request["owner"], SECTION, record_below(self._root), fits)
        files = OwnedFiles(owned)
        absent = self._request["state"] == "absent"
        plans = self._plans(files)
        if absent:
            self._warnings += owned.nothing_known()
        changed = [plan for plan in plans if plan.changed]
        # Those of files too that a run that was killed has just taken away.
        directories = stages_of(plans, *[os.path.realpath(self._root + path) for path in _DIRECTORIES])
        stale = has_stale(directories)
        own = [plan.destination for plan in plans if plan.path[len(self._root) :] in (CONFIGURATION, self._unit)]
        service = daemon_state(self._runner, UNIT, own, self._root)
        running = service["running"]
        if changed and not absent:
            self._prove(running)
        if not self._check_mode:
            remove_stale(directories)
        backups = []
        if (changed or owned.changed) and not self._check_mode:
            backups = self._activate(plans, changed, owned)
        seen = self._postfix_sees(None if absent else resolv_conf_text(self._hosts))
        return {
            "changed": bool(changed),
            "diff": [diff for plan in changed for diff in plan.diffs()],
            "installed": self._program is not None,
            "running": running,
            "restart_required": not absent and (not running or service["older"] or bool(changed)),
            "postfix_restart_required": bool(changed) or not seen,
            "up_to_date": not (changed or owned.changed or stale),
            "backup_files": backups,
            "warnings": self._warnings + files.warnings + owned.warnings(),
        }

    @property
    def _unit(self):
        return os.path.join(_UNITS, UNIT)

    def _wanted(self):
        """list of (str, str): each file and its text, in the order in which they move in."""
        program = self._program or "/usr/sbin/unbound"
        units = ["postfix.service"]
        if any(os.path.exists(self._root + path) for path in _TEMPLATES):
            units.append("postfix@-.service")
        return [
            (CONFIGURATION, self._configuration(PORT, True)),
            (self._unit, unit_text(program)),
            (os.path.join(_UNITS, _LOST), lost_text()),
            (os.path.join(_UNITS, _WATCH), watch_text()),
            (RESOLV_CONF, resolv_conf_text(self._hosts)),
        ] + [(os.path.join(_UNITS, unit + ".d", _DROP_IN), drop_in_text()) for unit in units]

    def _configuration(self, port, log_to_syslog):
        anchors = self._request["trust_anchors"]
        root_keys = "" if anchors else next((path for path in _ROOT_KEYS if os.path.exists(self._root + path)), None)
        if root_keys is None:
            if not (self._check_mode and self._program is None):
                raise DaneError(
                    "trust_anchors: this host has none of the files {0} with the keys of the root. Install dns-root-data, on EL "
                    "unbound-anchor, or name your own (relay_server_dane_trust_anchors).".format(", ".join(_ROOT_KEYS))
                )
            root_keys = _ROOT_KEYS[0]
        zones = self._request["internal_zones"]
        return unbound_conf.configuration(port, self._forwarders, root_keys, anchors, zones, log_to_syslog)

    def _plans(self, files):
        """list of FilePlan: what the resolver needs before what has Postfix ask it; what goes, the other way round."""
        plans = []
        if self._request["state"] == "present":
            for path, text in self._wanted():
                plan = FilePlan(self._root + path)
                files.base(plan)
                plan.after = text
                files.claim(plan)
                plans.append(plan)
        order = [os.path.realpath(self._root + path) for path in (RESOLV_CONF, self._unit, CONFIGURATION)]
        # Drop-ins first, which are in none of these places.
        for path in sorted(files.left(), key=lambda path: order.index(path) if path in order else -1):
            plan = files.give_back(path, FilePlan)
            if plan is not None:
                plans.append(plan)
        return plans

    def _prove(self, running):
        """Refuse what would not validate, before anything is changed.

        Args:
            running: bool, whether the resolver runs already, with what was asked for before.
        """
        self._check_systemd()
        if self._program is None:
            sentence = "unbound: no such program on this host. Install the package unbound."
            if not self._check_mode:
                raise DaneError(sentence)
            self._warnings.append(
                sentence + " Outside check mode this is refused; whether it validates could not be tried."
            )
            return
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as handle:
            try:
                handle.bind((ADDRESS, PORT if not running and not self._root else 0))
            except socket.error as exc:
                raise DaneError(
                    "{0} port {1}, where Postfix's resolver is to listen, cannot be had: {2}. Stop what listens there; a resolver "
                    "of the host's that takes all addresses can be told its own (bind-interfaces of dnsmasq).".format(
                        ADDRESS, PORT, exc
                    )
                )
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as handle:
            handle.bind((ADDRESS, 0))
            port = handle.getsockname()[1]
        request = self._request
        with closing(self._started(port)):
            problem = validation_problem(
                request["signed_name"],
                request["broken_name"],
                lambda name, unchecked: self._ask(ADDRESS, name, SOA, _SECONDS, port, True, unchecked),
            )
            if problem:
                raise DaneError(
                    "forwarders ({0}): {1}. Nothing was changed.".format(", ".join(self._forwarders), problem)
                )
            lost = lost_name(
                request["names"],
                lambda name: self._ask(ADDRESS, name, A, _SECONDS, port),
                lambda name: self._ask(self._forwarders[0], name, A, _SECONDS),
            )
        if lost:
            raise DaneError(
                "internal_zones: {0} is known here and not to a resolver that validates, since no signature tells of it. Name its zone "
                "(relay_server_dane_internal_zones){1}. Nothing was changed.".format(
                    lost, _RESOLVED_NAMES if _RESOLVED in self._forwarders else ""
                )
            )

    def _check_systemd(self):
        said = self._runner.run(["systemctl", "--version"], check=False).stdout
        version = _SYSTEMD.match(said)
        if version is None or int(version.group(1)) < _LEAST_SYSTEMD:
            raise DaneError(
                "this host has {0}, and a resolv.conf for Postfix alone needs systemd {1} (BindReadOnlyPaths). Leave relay_server_dane "
                "out.".format(version.group(0) if version else "no systemd", _LEAST_SYSTEMD)
            )
        argv = ["systemd-run", "--quiet", "--wait", "--property=BindReadOnlyPaths=/dev/null:" + _HOSTS_RESOLV_CONF]
        tried = self._runner.run(argv + ["test", "!", "-s", _HOSTS_RESOLV_CONF], check=False)
        if tried.rc != 0:
            raise DaneError(
                "systemd cannot give a unit of this host a resolv.conf of its own (BindReadOnlyPaths; exit code {0}{1}). In a container it "
                "needs CAP_SYS_ADMIN. Leave relay_server_dane out.".format(
                    tried.rc, tried.stderr.strip() and ": " + tried.stderr.strip()
                )
            )

    def _started(self, port):
        """generator: to be closed, which ends the resolver that was started for the proof.

        Raises:
            DaneError: it does not start.
        """
        # In the directory that AppArmor and SELinux let it read.
        directory = self._root + os.path.dirname(CONFIGURATION)
        for path in glob.glob(os.path.join(directory, _PROOF + "*")):
            # Of a run that was killed.
            if os.stat(path).st_mtime < time.time() - _PROOF_SECONDS:
                os.unlink(path)
        with tempfile.NamedTemporaryFile(dir=directory, prefix=_PROOF) as stream:
            stream.write(to_file_bytes(self._configuration(port, False)))
            stream.flush()
            lines = self._runner.lines([self._program, "-d", "-c", stream.name], merge=True)
            try:
                if any(_STARTED in line for line in lines):
                    return lines
            except CommandError as exc:
                raise DaneError("unbound does not start as it is to: {0}. Nothing was changed.".format(exc))
        raise DaneError("unbound ended as soon as it was started. Nothing was changed.")

    def _activate(self, plans, changed, owned):
        for directory in stages_of(changed):
            if not os.path.isdir(directory):
                with about(directory):
                    os.mkdir(directory)
                    os.chmod(directory, 0o755)
        with Transaction(self._label) as transaction:
            writer = Writer(transaction, plans, owned)
            for plan in changed:
                writer.put(plan)
            backups = writer.activate(changed if self._request["backup"] else [])
        for plan in changed:
            if plan.after is None and plan.path.endswith(_DROP_IN):
                try:
                    os.rmdir(os.path.dirname(plan.destination))
                except OSError:
                    # Somebody else has a file in it.
                    pass
        return backups

    def _postfix_sees(self, wanted):
        """bool: whether the running Postfix asks whom it is to; true where none runs.

        Args:
            wanted: str or None, its resolv.conf; None for that of the host.
        """
        try:
            views = postfix_views(self._runner, self._root)
        except CommandError:
            return True
        return all(text == (self._hosts if wanted is None else wanted) for _path, text in views)


def postfix_views(runner, root=""):
    """list of (str, str): each resolv.conf that the running Postfix reads, as a reader calls it, and its text; empty where none runs.

    Args:
        runner: ``commands.Runner``.
        root: str, put before each path, for tests.

    Raises:
        CommandError: postconf failed.
    """
    queue = runner.run(["postconf", "-h", "queue_directory"]).stdout.strip()
    pid = (read_native(root + queue + "/pid/master.pid") or "").strip()
    if not pid.isdigit() or not os.path.isdir("{0}/proc/{1}".format(root, pid)):
        return []
    text = read_native("{0}/proc/{1}/root{2}".format(root, pid, _HOSTS_RESOLV_CONF)) or ""
    found = [(_HOSTS_RESOLV_CONF + " of Postfix's unit", text)]
    # service, type, private, unpriv, chroot, wakeup, maxproc, command
    fields = [line.split() for line in runner.run(["postconf", "-M"]).stdout.splitlines() if line[:1].strip()]
    if any(len(words) > 7 and words[4] == "y" and words[7] in ("smtp", "smtpd") for words in fields):
        path = queue + _HOSTS_RESOLV_CONF
        found.append((path, read_native(root + path) or ""))
    return found
