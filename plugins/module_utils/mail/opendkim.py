# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenDKIM as the signer of a relay: which keys it signs with, its files as one transaction, and whether the daemon has read them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import re
import stat
import time

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import AddressError, parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.daemons import daemon_state
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, about, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import OpenSSL
from ansible_collections.mailops.relay.plugins.module_utils.host.owned_files import OwnedFiles, fits
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, locked, record_below
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    has_stale,
    remove_stale,
    stages_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record, opendkim_conf
from ansible_collections.mailops.relay.plugins.module_utils.mail.opendkim_conf import SigningKey

CONFIGURATION = "/etc/opendkim.conf"
TABLES = "/etc/opendkim"
SECTION = "opendkim_config"
_KEY_TABLE, _SIGNING_TABLE, _HOSTS = "mailops-relay.keys", "mailops-relay.signing", "mailops-relay.hosts"
# OpenDKIM does not read it: what has signed, and until when.
_FORMER = "mailops-relay.former"
# In the place of that time: its private key was removed, since it is not needed any more, whatever Postfix says of its queue later.
RETIRED = 0
# A key is made and published, signs, and is needed until what it has signed has arrived.
NEW, SIGNS, FORMER = STEPS = ("new", "signs", "former")
_PACKAGED_USER = "opendkim"
_LOOPBACK = ["127.0.0.0/8", "::1"]
_HEADER = re.compile(r"[A-Za-z0-9_-]+\Z")
_SOCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*\Z")
# Of the directory of the socket: what is made there has the group of the directory, which is Postfix's.
_SOCKET_MODE = 0o2750


class SignerError(RelayError):
    """OpenDKIM cannot sign as asked; nothing was changed."""


class Signer(object):
    """One call of the module.

    Args:
        request: dict, the module's options.
        runner: ``commands.Runner``.
        lifetime: callable, for how many seconds mail that was signed may be queued.
        queue: callable, where the mail system has its queue (str), and its group there (int, or None where there is none).
        label: callable or None, see ``Transaction``.
        check_mode: bool.
        root: str, put before each path, for tests.
    """

    def __init__(self, request, runner, lifetime, queue, label=None, check_mode=False, root=""):
        self._request = request
        self._runner = runner
        self._lifetime = lifetime
        self._queue, self._group = queue() if request["socket"] else ("", None)
        self._label = label
        self._check_mode = check_mode
        self._root = root
        self._configuration = root + CONFIGURATION
        self._tables = root + TABLES
        self._warnings = []
        self._installed = runner.find("opendkim") is not None

    def apply(self):
        """dict: the module's result.

        Raises:
            RelayError: refused or failed; all files are what they were.
        """
        owner, state = self._request["owner"], self._request["state"]
        check_request(owner, state)
        for key in self._request["keys"]:
            dkim_record.check_names(key["domain"], key["selector"])
        self._check_keys(state)
        self._check_places()
        if state == "present" and self._request["keys"] and not self._installed:
            sentence = "opendkim: no such program on this host. Install the package opendkim; on EL it is in EPEL."
            if not self._check_mode:
                raise SignerError(sentence)
            self._warnings.append(sentence + " Outside check mode this is refused.")
        try:
            if self._check_mode:
                return self._apply()
            with Lock(os.path.dirname(self._configuration)), locked(owner, record_below(self._root)):
                return self._apply()
        except EnvironmentError as exc:
            raise SignerError("{0}. Nothing was changed.".format(explained(exc)))

    def _check_keys(self, state):
        keys = self._request["keys"]
        if state == "absent" and keys:
            raise SignerError("state: absent takes back all that the owner has set. Leave out keys.")
        domains = [key["domain"].lower() for key in keys]
        for domain in domains:
            if domains.count(domain) > 1:
                raise SignerError(
                    "keys: {0} is named twice, and one key signs for a domain. Keep one of them.".format(domain)
                )

    def _check_places(self):
        if not 0 < self._request["port"] < 65536:
            raise SignerError("port: {0} is not a port from 1 to 65535.".format(self._request["port"]))
        if self._request["socket"] and not _SOCKET.match(self._request["socket"]):
            raise SignerError(
                "socket: {0!r} is not a directory and a name. Write one of each, such as mailops-relay/opendkim.sock.".format(
                    self._request["socket"]
                )
            )
        for host in self._request["internal_hosts"]:
            try:
                parse_network(host, strict=False)
            except AddressError:
                raise SignerError(
                    "internal_hosts: {0!r} is not an address or network. Write one such as 192.0.2.0/24.".format(host)
                )
        for name in self._request["unsigned_headers"]:
            if not _HEADER.match(name):
                raise SignerError(
                    "unsigned_headers: {0!r} is not the name of a header. Write one such as User-Agent.".format(name)
                )
        for key in self._request["keys"]:
            if len(key["path"].split()) != 1:
                raise SignerError(
                    "keys: the path {0!r} has white space in it, which ends it in a table of OpenDKIM. Name one without.".format(
                        key["path"]
                    )
                )

    def _apply(self):
        owned = Owned(self._request["owner"], SECTION, record_below(self._root), fits)
        signing, waiting = self._chosen()
        former, due = self._retired(self._former(signing), signing)
        files = OwnedFiles(owned, self._wanted() + [("OmitHeaders", self._request["unsigned_headers"])])
        plans = self._plans(files, signing, former)
        read = [plan for plan in plans if os.path.basename(plan.path) != _FORMER]
        # Behind all else: a key that is no longer there must be named nowhere.
        plans += due
        if self._request["state"] == "absent":
            self._warnings += owned.nothing_known()
        changed = [plan for plan in plans if plan.changed]
        place = self._place(plans)
        # A run that was killed when the key had gone may have left it here.
        directories = stages_of(plans, *[os.path.dirname(self._root + one.key.path) for one in former])
        stale = has_stale(directories)
        if not self._check_mode:
            remove_stale(directories)
        backups = []
        act = not self._check_mode
        if place is not None and act:
            # What the configuration is to name is there before it.
            place.make()
        if (changed or owned.changed) and act:
            backups = self._activate(plans, changed, owned)
        if place is not None and act:
            place.remove()
        service = daemon_state(self._runner, "opendkim.service", [plan.destination for plan in read])
        return {
            "changed": bool(changed or place),
            "diff": [diff for plan in changed for diff in plan.diffs()] + ([place.diff()] if place else []),
            "signing": [_facts(key) for key in signing],
            "waiting": [_facts(key) for key in waiting],
            "former": [dict(_facts(one.key), since=one.since) for one in former],
            "retired": [plan.path[len(self._root) :] for plan in due],
            "installed": self._installed,
            "running": service["running"],
            "enabled": service["enabled"],
            "restart_required": bool(signing)
            and (any(plan.changed for plan in read) or service["older"] or bool(place)),
            "up_to_date": not (changed or owned.changed or stale or place),
            "backup_files": backups,
            "warnings": self._warnings + files.warnings + owned.warnings(),
        }

    def _chosen(self):
        """(list of SigningKey, list of SigningKey): those that sign, and those that nobody could verify yet.

        Of a domain of which the new key is not published yet, the key that has signed goes on.
        """
        there = opendkim_conf.read_key_table(read_native(os.path.join(self._tables, _KEY_TABLE)) or "")
        signing, waiting = [], []
        for wanted in self._request["keys"]:
            key = SigningKey(wanted["domain"].lower(), wanted["selector"], wanted["path"])
            former = [other for other in there if other.domain == key.domain]
            if wanted["published"] or key in former:
                signing.append(key)
            else:
                waiting.append(key)
                signing += former
            self._require([other for other in former if other in signing])
        return signing, waiting

    def _former(self, signing):
        """list of FormerKey: see ``opendkim_conf.former_keys``; none where nothing signs, since all is given back then."""
        if not signing:
            return []
        return opendkim_conf.former_keys(
            former_keys(self._root),
            opendkim_conf.read_key_table(read_native(os.path.join(self._tables, _KEY_TABLE)) or ""),
            signing,
            lambda key: not os.path.exists(self._root + key.path),
            int(time.time()),
        )

    def _retired(self, former, signing):
        """(list of FormerKey, list of FilePlan): the same, of which those are ``RETIRED`` that no queued mail needs any more, and the private
        keys that go with that.
        """
        there = [one for one in former if os.path.exists(self._root + one.key.path)]
        if not there:
            return former, []
        latest = time.time() - self._lifetime()
        in_use = [key.path for key in signing]
        due = [one for one in there if one.since < latest and one.key.path not in in_use]
        plans = [FilePlan(self._root + one.key.path, secret=True) for one in due]
        for plan in plans:
            plan.after = None
        return [one._replace(since=RETIRED) if one in due else one for one in former], plans

    def _require(self, keys):
        """Refuse to go on with keys that have signed and are gone: each message gets a temporary error then."""
        for key in keys:
            if not os.path.exists(self._root + key.path):
                raise SignerError(
                    "keys: {0}, which signs for {1}, is gone, so that all mail of this domain waits. Put it back from a backup of the "
                    "host, or give the domain another selector and publish the key that was made for it.".format(
                        key.path, key.domain
                    )
                )

    def _socket(self):
        """str: the path of the socket; empty without one."""
        return os.path.join(self._queue, self._request["socket"]) if self._request["socket"] else ""

    def _listens(self):
        socket = self._socket()
        return "local:" + socket if socket else "inet:{0}@127.0.0.1".format(self._request["port"])

    def _place(self, plans):
        """SocketPlace or None: what is to be done about the directory of the socket when the files are as they will be."""
        socket = self._socket()
        if not socket or not os.path.isdir(self._root + self._queue):
            return None
        (text,) = [plan.after for plan in plans if plan.destination == os.path.realpath(self._configuration)] or [
            read_native(self._configuration)
        ]
        found = opendkim_conf.settings(text or "")
        wanted = None
        if found.get("socket") == "local:" + socket:
            user = _user(found.get("userid", ""))
            if user is None or self._group is None:
                if self._check_mode:
                    return None
                raise SignerError(
                    "socket: this host has no user {0}, which UserID in {1} names, or none for Postfix. Install both packages.".format(
                        found.get("userid") or _PACKAGED_USER, CONFIGURATION
                    )
                )
            wanted = _SOCKET_MODE, user, self._group
        place = SocketPlace(self._root + socket, wanted)
        return place if place.differs() else None

    def _wanted(self):
        """list of (str, str): the parameters of the configuration."""
        return [
            ("Mode", "s"),
            ("Socket", self._listens()),
            # The socket is its user's and its directory's group's.
            ("UMask", "007"),
            ("Canonicalization", "relaxed/simple"),
            # A second From, put in on the way, would be what the reader sees.
            ("OversignHeaders", "From"),
            ("KeyTable", os.path.join(TABLES, _KEY_TABLE)),
            ("SigningTable", "refile:" + os.path.join(TABLES, _SIGNING_TABLE)),
            # Only what comes from these is signed.
            ("InternalHosts", os.path.join(TABLES, _HOSTS)),
            ("ExternalIgnoreList", os.path.join(TABLES, _HOSTS)),
            # A key that cannot be read must cost no mail.
            ("On-SignatureError", "tempfail"),
            ("Syslog", "yes"),
            ("SyslogSuccess", "yes"),
            # They belong to a configuration without tables.
            ("Domain", None),
            ("Selector", None),
            ("KeyFile", None),
        ]

    def _plans(self, files, signing, former):
        """list of FilePlan: what signs, before the configuration that names it; and what this owner no longer wants."""
        plans = []
        if signing:
            contents = [(_FORMER, opendkim_conf.former_table(former))] if former else []
            # What is former is noted before it signs no longer.
            contents += [
                (_KEY_TABLE, opendkim_conf.key_table(signing)),
                (_SIGNING_TABLE, opendkim_conf.signing_table(signing)),
                (_HOSTS, "".join(host + "\n" for host in _LOOPBACK + self._request["internal_hosts"])),
            ]
            for name, content in contents:
                plan = FilePlan(os.path.join(self._tables, name))
                plan.after = content
                files.claim(plan)
                plans.append(plan)
            plan = FilePlan(self._configuration)
            base = files.base(plan) or ""
            others = opendkim_conf.signs(base) if not self._is_ours(base) else []
            if others:
                raise SignerError(
                    "{0}: this host signs already, as {1} says there, which the role's keys would replace. Name those domains with "
                    "their selectors and key files in keys (relay_server_dkim), then move the file away.".format(
                        CONFIGURATION, " and ".join(others)
                    )
                )
            plan.after = opendkim_conf.edited(base, self._wanted() + self._omitted(base))
            files.claim(plan)
            plans.append(plan)
        # The configuration goes back before what it names goes out.
        for path in sorted(files.left(), key=lambda path: path != os.path.realpath(self._configuration)):
            plan = files.give_back(path, FilePlan)
            if plan is not None:
                plans.append(plan)
        return plans

    def _omitted(self, base):
        """list of (str, str): the parameter that keeps headers out of signatures, whatever else the configuration signs."""
        names = self._request["unsigned_headers"]
        if not names:
            return []
        theirs = opendkim_conf.settings(base).get("omitheaders", "")
        if ":" in theirs or "/" in theirs:
            raise SignerError(
                "{0}: OmitHeaders names {1}, which cannot be added to here. Write the headers themselves there, for example "
                "OmitHeaders *,+{2}.".format(CONFIGURATION, theirs, names[0])
            )
        return [("OmitHeaders", opendkim_conf.omitting(theirs, names))]

    @staticmethod
    def _is_ours(text):
        return opendkim_conf.settings(text).get("keytable") == os.path.join(TABLES, _KEY_TABLE)

    def _activate(self, plans, changed, owned):
        for directory in stages_of(changed):
            if not os.path.isdir(directory):
                with about(directory):
                    os.mkdir(directory)
                    # Whatever the umask is: the daemon reads it as its own user.
                    os.chmod(directory, 0o755)
        with Transaction(self._label) as transaction:
            writer = Writer(transaction, plans, owned)
            for plan in changed:
                writer.put(plan)
            # A copy of a key that goes would be that key.
            kept = [plan for plan in changed if not plan.secret]
            return writer.activate(kept if self._request["backup"] else [])


class SocketPlace(object):
    """The directory of the socket, with the group that may connect.

    Args:
        socket: str, its path.
        wanted: (int, int, int) or None, mode, owner and group of the directory; None where there is to be none.
    """

    def __init__(self, socket, wanted):
        self._path = socket
        self._directory = os.path.dirname(socket)
        self._wanted = wanted
        self._there = None
        if os.path.isdir(self._directory):
            status = os.lstat(self._directory)
            self._there = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid

    def differs(self):
        """bool: whether there is something to do."""
        return self._there != self._wanted

    def make(self):
        """Make the directory, where there is to be one."""
        if self._wanted is None:
            return
        with about(self._directory):
            if self._there is None:
                os.mkdir(self._directory, 0o700)
            mode, user, group = self._wanted
            os.chown(self._directory, user, group)
            # Behind the owner, whose change takes the group's bit away.
            os.chmod(self._directory, mode)

    def remove(self):
        """Remove it with the socket, which nobody asks any more, where there is to be none."""
        if self._wanted is not None:
            return
        with about(self._directory):
            if os.path.exists(self._path):
                os.unlink(self._path)
            os.rmdir(self._directory)

    def diff(self):
        """dict: as the module returns it."""
        before, after = [
            "" if one is None else "mode, owner and group: {0:04o} {1}:{2}\n".format(*one)
            for one in (self._there, self._wanted)
        ]
        return {"before_header": self._directory, "after_header": self._directory, "before": before, "after": after}


def _user(text):
    """int or None: the user of a C(UserID), USER or USER:GROUP; that of the packages where it names none."""
    name = text.partition(":")[0] or _PACKAGED_USER
    try:
        return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def former_keys(root=""):
    """list of FormerKey: the keys that have signed on this host, as they are noted.

    Args:
        root: str, put before each path, for tests.
    """
    return opendkim_conf.read_former_table(read_native(os.path.join(root + TABLES, _FORMER)) or "")


def key_steps(runner, wanted, lifetime, root=""):
    """How far each key is on its way: new, signing, and needed until no mail is queued any more that it has signed.

    Args:
        runner: ``commands.Runner``.
        wanted: list of dict, C(domain), C(selector) and C(path) of the keys that are to sign.
        lifetime: int, for how many seconds mail that was signed may be queued.
        root: str, put before each path, for tests.

    Returns:
        list of dict: C(domain), C(selector), C(public_key), which is empty where the key cannot be read, C(step), one of C(STEPS), and
        C(until), int or None, seconds since the epoch, until when a former key is needed.
    """
    signing = opendkim_conf.read_key_table(read_native(os.path.join(root + TABLES, _KEY_TABLE)) or "")
    new = [SigningKey(entry["domain"], entry["selector"], entry["path"]) for entry in wanted]
    new = [key for key in new if key not in signing]
    former = [one for one in former_keys(root) if one.key not in signing + new]
    return (
        [_step(runner, key, NEW, None, root) for key in new]
        + [_step(runner, key, SIGNS, None, root) for key in signing]
        + [
            _step(runner, one.key, FORMER, RETIRED if one.since == RETIRED else one.since + lifetime, root)
            for one in former
        ]
    )


def _step(runner, key, step, until, root):
    try:
        public = dkim_record.public_text(OpenSSL(runner).public_key(root + key.path))
    except (CommandError, x509.FormatError):
        public = ""
    return {"domain": key.domain, "selector": key.selector, "public_key": public, "step": step, "until": until}


def _facts(key):
    """dict: a SigningKey as the module returns it."""
    return dict(key._asdict())
