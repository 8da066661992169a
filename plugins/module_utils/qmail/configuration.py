# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Control files of qmail brought to a wanted state as one transaction, and into use.

Read, check, compare; only when something changes: stage, move everything in by rename, compile morercpthosts, and
signal or restart qmail-send. Which process still has the old configuration is noted on disk until that is done, so that
a run after a killed or failed one goes on with it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import json
import os

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import (
    COMPILED,
    FilePlan,
    Writer,
    diff_of,
    is_stale,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_bytes, read_native, write_atomically
from ansible_collections.mailops.relay.plugins.module_utils.host.owned_files import OwnedFiles, fits
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import check_request, fingerprint
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    remove_stale,
    stages_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.qmail import control, deliveries
from ansible_collections.mailops.relay.plugins.module_utils.qmail.supervisor import Supervisor

# config.sh of notqmail makes control files root's, 0644.
_MODE, _OWNER, _GROUP = 0o644, 0, 0
# qmail-remote runs as qmailr in the group qmail (qmail-start.c).
_SECRET_MODE, _SECRET_GROUP = 0o640, "qmail"

# The first to be put in place: what keeps an SMTP service closed, then the way out, before fewer domains are local.
_FIRST = ("rcpthosts", "me", "smtproutes")

_STRENGTH = (control.NONE, control.HUP, control.RESTART)

_OPEN_RELAY = "open-relay-rcpthosts"
_LOCAL_DELIVERIES = "local-deliveries"
RISKS = (_LOCAL_DELIVERIES, _OPEN_RELAY)


class ConfigurationError(RelayError):
    """The wanted control files cannot be made; the text says whether anything has changed."""


class ControlPlan(FilePlan):
    """One control file as it is and as it shall be.

    Args:
        directory: str, that of the control files.
        spec: ``control.ControlFile``.
        has_credentials: bool, whether it is to have passwords in it.
        attributes: mode, owner and group that are wanted; None keeps those that are there.

    Attributes, besides those of ``FilePlan``:
        spec: ControlFile.
        base: str or None, what the file would be without its owner, as far as ``set`` was told.
    """

    def __init__(self, directory, spec, has_credentials=False, attributes=(None, None, None)):
        if has_credentials:
            attributes = (_SECRET_MODE, _OWNER, _secret_group())
        super(ControlPlan, self).__init__(
            os.path.join(directory, spec.name), *attributes, secret=has_credentials, new=(_MODE, _OWNER, _GROUP)
        )
        self.spec = spec
        self.base = self.before
        if spec.name == "smtproutes" and self.before is not None and control.has_credentials(self.before):
            self.secret = True

    def set(self, value, base):
        """Have the file say something.

        Args:
            value: as of ``control.checked``; None for no file.
            base: str or None, the text whose comments and order stay.
        """
        self.base = base
        if value is None or base is None or not control.same(self.spec, base, value):
            base = None if value is None else control.write(self.spec, value, base)
        self.after = base

    @property
    def action(self):
        """str: what a running qmail needs for the change; other attributes alone need nothing."""
        return self.spec.action if self.before != self.after else control.NONE

    def facts(self):
        """dict: the change as the module returns it."""
        if self.before == self.after:
            change = "attributes"
        elif self.before is None:
            change = "created"
        else:
            change = "removed" if self.after is None else "changed"
        reason = control.reason(self.spec) if change != "attributes" else "only mode, owner or group differ"
        return {"path": self.path, "change": change, "action": self.action, "reason": reason}


def _fits(thing, key, entry):
    """bool: whether an entry of a record is of a control file as it is recorded."""
    return fits(thing, key, entry) and control.file_called(os.path.basename(thing)) is not None


def _secret_group():
    try:
        return grp.getgrnam(_SECRET_GROUP).gr_gid
    except KeyError:
        raise ConfigurationError(
            "there is no group '{0}' on this host, which must be able to read the credentials in smtproutes; "
            "create the users and groups of qmail first, nothing was changed".format(_SECRET_GROUP)
        )


def _alias_directories():
    """list of str: the home of the user alias, where a run that was killed may have staged files; none without that user."""
    try:
        return [deliveries.alias_home()]
    except control.ControlError:
        return []


def _strongest(actions):
    return max([control.NONE] + list(actions), key=_STRENGTH.index)


class Configuration(object):
    """One call of the module.

    Args:
        request: dict, the module's arguments.
        runner: a ``Runner``.
        label: callable or None, see ``Transaction``.
        check_mode: bool.
        supervisor: ``Supervisor`` or None; None makes one from the request.
        conceal: callable or None, called with a set of str that must not be in the result or in a message.
    """

    def __init__(self, request, runner, label=None, check_mode=False, supervisor=None, conceal=None):
        self._request = request
        # A route with credentials is refused, and is in the failure's "invocation" too.
        (conceal or (lambda texts: None))(control.misplaced_credentials(request["control"].get("smtproutes")))
        self._runner = runner
        self._label = label
        self._check_mode = check_mode
        self._directory = os.path.abspath(request["directory"])
        self._home = os.path.dirname(self._directory)
        self._note = os.path.join(self._home, ".mailops-relay.pending")
        self._manages = request["service_manager"] != "none"
        self._supervisor = supervisor or Supervisor(
            self._directory, runner, request["service_manager"], request["service"], request["timeout"]
        )
        self._warnings = []
        self._owner_name = request.get("owner")
        self._absent = request.get("state") == "absent"
        self._owned = Owned(None, "")

    def apply(self):
        """dict: the module's result.

        Raises:
            RelayError: the text says whether something has changed.
        """
        check_request(self._owner_name, self._request.get("state") or "present")
        if self._absent and (self._request["control"] or self._request["credentials"] or self._request["forwards"]):
            raise ConfigurationError(
                "state: absent gives back all that {0} has set; leave out control, credentials and forwards, nothing was "
                "changed".format(self._owner_name)
            )
        if self._request["service"] and self._request["service_manager"] in ("auto", "none"):
            raise ConfigurationError(
                "service: needs a service_manager other than 'auto' and 'none'; name it, nothing was changed"
            )
        values, forwards = self._wanted(), self._wanted_forwards()
        if self._absent and not os.path.isdir(self._directory) and not self._owned_now().claims.left_out():
            return self._apply(values, forwards)
        if not os.path.isdir(self._directory):
            raise ConfigurationError(
                "there is no qmail on this host: the directory of its control files, {0}, does not exist; "
                "install qmail first, or name its directory in the option 'directory'".format(self._directory)
            )
        try:
            if self._check_mode:
                return self._apply(values, forwards)
            with Lock(self._directory), locked(self._owner_name):
                return self._apply(values, forwards)
        except EnvironmentError as exc:
            raise ConfigurationError(
                "the control files could not be read or staged: {0}; none was changed".format(explained(exc))
            )

    # What is wanted

    def _wanted(self):
        """dict: the checked value of each named control file; None for one that is to be removed."""
        risks = self._request["accept_risks"]
        unknown = sorted(set(risks) - set(RISKS))
        if unknown:
            raise ConfigurationError(
                "accept_risks: no such risk '{0}'; there is {1}".format(unknown[0], ", ".join(RISKS))
            )
        values = {}
        for name, value in sorted(self._request["control"].items()):
            spec = control.control_file(name)
            values[name] = None if value is None else control.checked(spec, value)
        if "me" in values and values["me"] is None:
            raise ConfigurationError("control file me: qmail does not run without it; give the host's full name")
        if "rcpthosts" in values and values["rcpthosts"] is None and _OPEN_RELAY not in risks:
            raise ConfigurationError(
                "control file rcpthosts: without it qmail-smtpd takes mail for any domain from anyone, an open relay; "
                "name the domains that this host takes mail for, [] for none, "
                "or accept the risk '{0}' in accept_risks".format(_OPEN_RELAY)
            )
        for name, entry in control.domains_of_everybody(values) if _OPEN_RELAY not in risks else []:
            raise ConfigurationError(
                "control file {0}: '{1}' takes in the domains of everybody, so strangers may send to all of them through "
                "this host, an open relay; name the domains that this host takes mail for, "
                "or accept the risk '{2}' in accept_risks".format(name, entry, _OPEN_RELAY)
            )
        self._add_credentials(values)
        return values

    def _wanted_forwards(self):
        """list of (ControlFile, str): each file of the user alias that is named, and the address in it."""
        found = []
        for name, address in sorted(self._request["forwards"].items()):
            spec = control.forward_file(name)
            found.append((spec, control.checked(spec, address)))
        return found

    def _add_credentials(self, values):
        items = self._request["credentials"]
        if not items:
            return
        routes = control.credential_routes(items, self._request["credentials_format"])
        if "smtproutes" in values and values["smtproutes"] is None:
            raise ConfigurationError(
                "control file smtproutes: to be removed, and named in credentials; keep one of them"
            )
        plain = values.get("smtproutes") or {}
        both = set(key.lower() for key in plain) & set(key.lower() for key in routes)
        if both:
            raise ConfigurationError(
                "control file smtproutes: '{0}' has a route in control and one in credentials; keep one of them".format(
                    sorted(both)[0]
                )
            )
        values["smtproutes"] = dict(plain, **routes)

    # The flow

    def _owned_now(self):
        return Owned(self._owner_name, "qmail_config " + os.path.realpath(self._directory), fits=_fits)

    def _apply(self, values, forwards):
        self._owned = self._owned_now()
        plans = self._plans(values, forwards)
        if not self._absent:
            self._keep_deliveries(plans)
        if not self._check_mode:
            remove_stale(stages_of(plans, self._directory, *_alias_directories()))
        changed = [plan for plan in plans if plan.changed]
        compiled = self._compiled(plans)
        process = self._supervisor.running() if self._manages else None
        noted = self._noted(process)
        action = _strongest([plan.action for plan in changed if plan.action in _STRENGTH] + ([noted] if noted else []))
        service = self._supervisor.service(process) if self._manages else None
        if self._manages:
            self._supervisor.require(process, service, action)
        self._warn(values, changed, process, action)
        backups = []
        if not self._check_mode:
            if process is not None and action != control.NONE:
                self._take_note(process, action)
            if changed or compiled.due or self._owned.changed:
                try:
                    backups = self._activate(plans, compiled)
                except RelayError:
                    if noted is None:
                        self._drop_note()
                    raise
            process = self._bring_into_use(process, service, action)
        listed = sorted(changed, key=lambda plan: plan.path)
        return {
            "changed": bool(changed or compiled.due or noted),
            "diff": [diff for plan in listed for diff in plan.diffs()] + compiled.diffs,
            "files": [plan.facts() for plan in listed],
            "action": action,
            "service": {
                "manager": service.manager if service else None,
                "name": service.name if service else None,
                "pid": process.pid if process else None,
            },
            "qmail": self._kind(),
            "backup_files": backups,
            "warnings": self._warnings + self._owned.warnings(),
        }

    def _plans(self, values, forwards):
        """list of ControlPlan: of the named files, and of those that this owner has and no longer names."""
        request = [sorted(values.items()), self._request["credentials"]]
        owned = OwnedFiles(self._owned, request + ([self._request["forwards"]] if forwards else []))
        plans, replaced = [], []
        home = deliveries.alias_home() if forwards else None
        for spec, address in forwards:
            plan = ControlPlan(home, spec)
            plan.set(address, owned.base(plan))
            ours = owned.how(plan.destination).get("is") == fingerprint(plan.before)
            if plan.before != plan.after and not ours and control.instructions(plan.before or ""):
                replaced.append(plan.path)
            owned.claim(plan)
            plans.append(plan)
        self._keep_forwards(replaced)
        for name in values:
            credentials = name == "smtproutes" and bool(self._request["credentials"])
            plan = ControlPlan(self._directory, control.CONTROL_FILES[name], credentials)
            plan.set(values[name], owned.base(plan))
            owned.claim(plan, alone=True)
            plans.append(plan)
        for path in owned.left():
            plan = owned.give_back(path, self._plan_from_before)
            removed = plan is not None and plan.before is not None and plan.after is None
            stays = self._why_it_stays(plan.spec.name) if removed else None
            if stays is not None:
                self._warnings.append("{0} was not there before, but stays: {1}".format(path, stays))
            elif plan is not None:
                plan.base = plan.after
                plans.append(plan)
        self._warnings += owned.adoption(self._owner_name) + owned.warnings
        if self._absent:
            self._warnings += self._owned.nothing_known()
        return sorted(plans, key=lambda plan: (plan.spec.name not in _FIRST, plan.spec.name))

    def _keep_deliveries(self, plans):
        """Refuse, or warn, where mail that is delivered on this host would leave it.

        Raises:
            ConfigurationError: it would, and the risk is not accepted.
        """
        before, after = {}, {}
        planned = dict((plan.spec.name, plan) for plan in plans)
        for name in deliveries.FILES:
            plan = planned.get(name)
            before[name] = plan.before if plan else read_native(os.path.join(self._directory, name))
            after[name] = plan.after if plan else before[name]
        virtual = planned.get("virtualdomains")
        theirs = (virtual.base or "") if virtual else None
        ends = "; ".join(deliveries.lost(self._home, before, after, theirs)) if before != after else ""
        if ends and _LOCAL_DELIVERIES in self._request["accept_risks"]:
            self._warnings.append("no longer delivered on this host, as accepted: {0}".format(ends))
        elif ends:
            raise ConfigurationError(
                "this host delivers mail itself, which would leave it for other hosts or be refused there: {0}; move these "
                "deliveries first, or accept the risk '{1}' in accept_risks, nothing was changed".format(
                    ends, _LOCAL_DELIVERIES
                )
            )

    def _keep_forwards(self, replaced):
        """Refuse, or warn, where somebody else has said what is to be done with mail for an address of the user alias.

        Raises:
            ConfigurationError: somebody has, and the risk is not accepted.
        """
        if replaced and _LOCAL_DELIVERIES in self._request["accept_risks"]:
            self._warnings.append("no longer what it says, as accepted: {0}".format(", ".join(replaced)))
        elif replaced:
            raise ConfigurationError(
                "somebody else has said in {0} where this mail goes, which would end; take it into account and remove the file, or "
                "accept the risk '{1}' in accept_risks, nothing was changed".format(
                    ", ".join(replaced), _LOCAL_DELIVERIES
                )
            )

    def _plan_from_before(self, path, *attributes):
        spec = control.file_called(os.path.basename(path))
        return ControlPlan(os.path.dirname(path), spec, attributes=attributes)

    def _why_it_stays(self, name):
        """str or None: why a control file is not removed, although there was none before."""
        if name == "me":
            return "qmail does not run without it"
        if name == "rcpthosts" and _OPEN_RELAY not in self._request["accept_risks"]:
            return (
                "without it a qmail-smtpd of this host is an open relay; where none runs, remove it, or accept the risk "
                "'{0}' in accept_risks".format(_OPEN_RELAY)
            )
        return None

    def _warn(self, values, changed, process, action):
        if self._manages and process is None and action != control.NONE:
            self._warnings.append("qmail-send does not run; it reads the control files when it is started")
        for plan in changed:
            if plan.action == control.RESTART_SMTPD:
                self._warnings.append("{0}: {1}".format(plan.path, control.reason(plan.spec)))
        rcpthosts = os.path.join(self._directory, "rcpthosts")
        if values.get("rcpthosts") is None and _OPEN_RELAY not in self._request["accept_risks"]:
            if not os.path.exists(rcpthosts):
                self._warnings.append(
                    "{0} does not exist: a qmail-smtpd on this host is an open relay; "
                    "make it with control: {{rcpthosts: []}}".format(rcpthosts)
                )

    def _kind(self):
        """str: C(notqmail), C(netqmail) or C(qmail) by what qmail-smtpd says to HELP; empty when it is none of them.

        Their programs and manual pages do not tell a version.
        """
        program = read_bytes(os.path.join(self._home, "bin", "qmail-smtpd")) or b""
        for kind in ("notqmail", "netqmail", "qmail"):
            if "214 {0} home page".format(kind).encode("ascii") in program:
                return kind
        return ""

    # In place

    def _compiled(self, plans):
        found = [plan for plan in plans if plan.spec.name == "morercpthosts"]
        compiled = Compiled(found[0] if found else None, self._home)
        if compiled.impossible:
            self._warnings.append(
                "{0} has no effect until it is compiled, and there is no {1} to do it; "
                "run the qmail-newmrh of this qmail".format(found[0].path, compiled.program)
            )
        return compiled

    def _activate(self, plans, compiled):
        with Transaction(self._label) as transaction:
            writer = Writer(transaction, plans, self._owned)
            changed = [plan for plan in plans if plan.changed]
            for plan in changed:
                writer.put(plan)
            if compiled.removed:
                writer.remove(compiled.path)
            backups = writer.activate(changed if self._request["backup"] else [])
            if compiled.made:
                try:
                    compiled.make(self._runner)
                except (RelayError, EnvironmentError) as exc:
                    kept = transaction.roll_back()
                    raise ConfigurationError(
                        "morercpthosts could not be compiled: {0}; {1}".format(
                            explained(exc),
                            "what could not be put back: " + "; ".join(kept) if kept else "everything is as it was",
                        )
                    )
            return backups

    # In use

    def _noted(self, process):
        """str or None: what a run that did not come to its end still has to do to this very process."""
        try:
            note = json.loads(read_native(self._note) or "{}")
            same = process is not None and (note["pid"], note["started"]) == (process.pid, process.started)
            return note["action"] if same and note["action"] in _STRENGTH else None
        except (ValueError, KeyError, TypeError):
            return None

    def _take_note(self, process, action):
        note = {"action": action, "pid": process.pid, "started": process.started}
        write_atomically(self._note, json.dumps(note).encode("ascii"), 0o600)

    def _bring_into_use(self, process, service, action):
        """Process or None: the qmail-send that uses what the files say now."""
        if process is not None and action != control.NONE:
            try:
                process = self._supervisor.perform(action, process, service)
            except (RelayError, EnvironmentError) as exc:
                raise ConfigurationError(
                    "the control files in {0} are as wanted, but {1}; the next run tries it again".format(
                        self._directory, explained(exc)
                    )
                )
        if self._manages:
            self._drop_note()
        return process

    def _drop_note(self):
        if os.path.exists(self._note):
            os.unlink(self._note)


class Compiled(object):
    """morercpthosts.cdb, which is what qmail-smtpd reads instead of morercpthosts (rcpthosts.c).

    Args:
        plan: ControlPlan of morercpthosts, or None when the call does not name it.
        home: str, the home directory of qmail.

    Attributes:
        path: str.
        program: str, the qmail-newmrh of this home; that of another would read another control directory.
        made, removed: bool, what is to be done with the file.
        impossible: bool, whether it is to be made and the program is missing.
    """

    def __init__(self, plan, home):
        self.program = os.path.join(home, "bin", "qmail-newmrh")
        self.path = plan.path + ".cdb" if plan else ""
        self._plan = plan
        self._exists = os.path.exists(self.path)
        wanted = plan is not None and plan.after is not None
        # By its time, as qmail-showctl(8) judges too.
        stale = wanted and (plan.before != plan.after or is_stale(self.path, plan.destination))
        self.made = stale and os.access(self.program, os.X_OK)
        self.impossible = stale and not self.made
        self.removed = plan is not None and not wanted and self._exists

    @property
    def due(self):
        """bool: whether the file changes."""
        return self.made or self.removed

    @property
    def diffs(self):
        """list of dict: none or one."""
        if not self.due:
            return []
        before = "compiled\n" if self._exists else ""
        return [diff_of(self.path, before, "" if self.removed else COMPILED)]

    def make(self, runner):
        """Compile it; qmail-newmrh puts it in place by rename.

        Raises:
            RelayError: it was not made, or not here.
        """
        runner.run([self.program])
        if is_stale(self.path, self._plan.destination):
            raise ConfigurationError(
                "{0} succeeded, but did not make {1}; it belongs to a qmail with another home directory".format(
                    self.program, self.path
                )
            )
