# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits at which journald and rsyslog drop lines, turned off by files of our own beside the administrator's.

journald drops what a service logs beyond RateLimitBurst in one interval (journald.conf(5)), rsyslog's imjournal what
comes beyond 20000 lines in ten minutes (its documentation, "Ratelimit.Interval"). imuxsock has no limit by default;
one that the administrator has set is meant.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import tempfile

from ansible_collections.mailops.relay.plugins.module_utils.host import rsyslog_config
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer, diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    read_native,
    to_file_bytes,
    write_atomically,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import RECORD, Owned, is_path, locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import WHOLE, check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Lock, Transaction, remove_stale

# The last one of a directory counts, in journald and in rsyslog.
NAME = "zz-mailops-relay.conf"
JOURNALD_FILE = "/etc/systemd/journald.conf.d/" + NAME
RSYSLOG_FILE = "/etc/rsyslog.d/" + NAME

# Either value turns the limit off, and this one has the same name in every systemd.
JOURNALD = """\
# From mailops.relay: journald would drop the lines of a busy relay beyond a burst.
[Journal]
RateLimitBurst=0
"""
# The old form of the setting may stand apart from the statement that loads the module.
RSYSLOG = """\
# From mailops.relay: imjournal would drop the lines of a busy relay beyond 20000 in ten minutes.
$imjournalRatelimitInterval 0
"""

JOURNALD_PROGRAMS = ("/usr/lib/systemd/systemd-journald", "/lib/systemd/systemd-journald")

# What systemd sees to at boot (DEFAULT_UNIX_MAX_DGRAM_QLEN in its source, 2016 and later); in a container it often may not.
QUEUE_LENGTH = 512


class UnlimitedLogs(object):
    """One call of the module.

    Args:
        runner: a ``Runner``.
        rsyslog: bool, whether rsyslog's limit is turned off too.
        label: callable or None, see ``Transaction``.
        check_mode: bool.
        root: str, put before each path.
        owner: str or None, in whose name the limits are turned off; then it is recorded.
        state: str, C(present), or C(absent) to give everything of the owner back.
    """

    def __init__(self, runner, rsyslog=True, label=None, check_mode=False, root="", owner=None, state="present"):
        self._runner = runner
        self._rsyslog = rsyslog
        self._label = label
        self._check_mode = check_mode
        self._root = root
        self._owner = owner
        self._state = state
        self._owned = Owned(None, "")
        self._warnings = []

    def apply(self):
        """dict: the module's result.

        Raises:
            IOError, OSError, RelayError: a file could not be read or written, or a program not be run; both files are as
                they were.
        """
        check_request(self._owner, self._state)
        if self._check_mode:
            return self._apply()
        with Lock(self._root + "/etc"), locked(self._owner, self._root + RECORD):
            remove_stale(os.path.dirname(self._root + path) for path in (JOURNALD_FILE, RSYSLOG_FILE))
            return self._apply()

    def _apply(self):
        self._owned = Owned(self._owner, "mail_log_limits", self._root + RECORD, _fits)
        plans = self._wanted() if self._state == "present" else []
        plans += self._given_back()
        changed = [plan for plan in plans if plan.changed]
        if (changed or self._owned.changed) and not self._check_mode:
            self._put_in_place(changed)
        paths = [plan.path[len(self._root) :] for plan in changed]
        return {
            "changed": bool(changed),
            "diff": [diff_of(path, plan.before or "", plan.after or "") for path, plan in zip(paths, changed)],
            "journald_restart_required": JOURNALD_FILE in paths and self._keeps_streams(),
            "rsyslog_restart_required": RSYSLOG_FILE in paths,
            "warnings": self._warnings + self._owned.warnings(),
        }

    def _wanted(self):
        """list of FilePlan: of each file that there is something to say in."""
        plans = []
        journald = any(os.path.exists(self._root + path) for path in JOURNALD_PROGRAMS)
        if journald:
            plans.append(self._plan(JOURNALD_FILE, JOURNALD))
        if self._rsyslog and self._runner.find("rsyslogd"):
            reads_journal, wanted = self._imjournal()
            plans.append(self._plan(RSYSLOG_FILE, wanted))
            if journald and not reads_journal:
                self._check_queue()
        return plans

    def _plan(self, path, wanted):
        """FilePlan: of a file with this content (str), or of none (None)."""
        plan = FilePlan(self._root + path)
        plan.after = wanted
        if self._owned.claims is not None:
            # A release without a record has made what is there with this very text.
            text = None if plan.before in (JOURNALD, RSYSLOG) else plan.before
            before = {"text": text, "directory": os.path.isdir(os.path.dirname(plan.destination))}
            self._owned.claims.claim(plan.destination, WHOLE, wanted, before)
        return plan

    def _given_back(self):
        """list of FilePlan: of each file that this owner has set and wants no longer."""
        claims = self._owned.claims
        plans = []
        for thing, key in claims.left_out() if claims is not None else ():
            plan = FilePlan(thing)
            if claims.release(thing, key, plan.before):
                plan.after = claims.before(thing, key)["text"]
                plans.append(plan)
        return plans

    def _put_in_place(self, plans):
        made = []
        try:
            for plan in plans:
                directory = os.path.dirname(plan.destination)
                if plan.after is not None and not os.path.isdir(directory):
                    os.mkdir(directory)
                    made.append(directory)
                    # Whatever the umask is: everybody reads such directories.
                    os.chmod(directory, 0o755)
            with Transaction(self._label) as transaction:
                writer = Writer(transaction, plans, self._owned)
                for plan in plans:
                    writer.put(plan)
                writer.activate()
        except BaseException:
            for directory in made:
                os.rmdir(directory)
            raise
        for plan in plans:
            if plan.after is None and self._made_directory(plan.destination):
                _remove_empty(os.path.dirname(plan.destination))

    def _made_directory(self, path):
        claims = self._owned.claims
        return claims is not None and not (claims.before(path, WHOLE) or {}).get("directory", True)

    def _keeps_streams(self):
        """bool: whether the standard output of running services outlives a restart of journald.

        Not with each systemd 219 of EL7; where it does, systemd keeps the sockets.
        """
        result = self._runner.run(
            ["systemctl", "show", "--property=FileDescriptorStoreMax", "systemd-journald.service"], check=False
        )
        if result.stdout.strip().partition("=")[2] not in ("", "0"):
            return True
        self._warnings.append(
            "journald: a restart would cut the standard output of running services from the journal; "
            "its limit is off after the next boot"
        )
        return False

    def _imjournal(self):
        """(bool, str or None): whether rsyslog reads the journal itself, and what our file must hold, None for no file."""
        loaded, in_time = False, None
        for statement in rsyslog_config.statements(root=self._root, planned={RSYSLOG_FILE: RSYSLOG}):
            loaded = loaded or statement.module == "imjournal"
            if in_time is None and statement.path == RSYSLOG_FILE:
                in_time = loaded
        if in_time:
            reason = None if read_native(self._root + RSYSLOG_FILE) == RSYSLOG else self._refusal()
            if reason is not None:
                self._advise(reason)
            return True, RSYSLOG if reason is None else None
        if loaded:
            self._advise("/etc/rsyslog.conf does not include {0} behind the line that loads it".format(RSYSLOG_FILE))
        return loaded, None

    def _advise(self, reason):
        self._warnings.append(
            "rsyslog: the limit of imjournal stays, since {0}; "
            'load it with Ratelimit.Interval="0" in /etc/rsyslog.conf'.format(reason)
        )

    def _refusal(self):
        """str or None: why rsyslogd does not take our setting after the configuration that is there."""
        directory = tempfile.mkdtemp()
        try:
            ours, whole = os.path.join(directory, NAME), os.path.join(directory, "rsyslog.conf")
            write_atomically(ours, to_file_bytes(RSYSLOG))
            there = self._root + "/etc/rsyslog.conf"
            write_atomically(
                whole, to_file_bytes("".join("$IncludeConfig {0}\n".format(name) for name in (there, ours)))
            )
            code, said = self._validated(whole)
            own_code, own = self._validated(there) if code else (0, [])
        finally:
            shutil.rmtree(directory)
        if own_code and not set(said) - set(own):
            self._warnings.append(
                "rsyslogd -N1 finds fault with what is in /etc/rsyslog.conf already: " + _some(own, own_code)
            )
            return None
        return "rsyslogd -N1 says: " + _some(own if own_code else said, code) if code else None

    def _validated(self, path):
        """(int, list of str): exit code and complaints of rsyslogd about a configuration."""
        result = self._runner.run(["rsyslogd", "-N1", "-f", path], check=False)
        lines = (result.stderr or result.stdout).splitlines()
        return result.rc, [line for line in lines if "config validation run" not in line]

    def _check_queue(self):
        text = (read_native(self._root + "/proc/sys/net/unix/max_dgram_qlen") or "").strip()
        if text.isdigit() and int(text) < QUEUE_LENGTH:
            self._warnings.append(
                "net.unix.max_dgram_qlen is {0}: journald drops lines on their way to rsyslog when they come in a burst; "
                "it must be {1} or more when the host starts (of a container, set from outside)".format(
                    text, QUEUE_LENGTH
                )
            )


def _some(complaints, code):
    return "; ".join(complaints[:3]) or "exit code {0}".format(code)


def _fits(thing, key, entry):
    """bool: whether an entry of a record is as ``UnlimitedLogs`` records it."""
    return key == WHOLE and is_path(thing) and isinstance(entry["before"].get("directory", True), bool)


def _remove_empty(directory):
    try:
        os.rmdir(directory)
    except EnvironmentError:
        # Others have put something into it.
        pass
