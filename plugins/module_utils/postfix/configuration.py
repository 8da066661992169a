# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""main.cf, master.cf, lookup tables and files that belong to them, brought to a wanted state as one transaction.

Read, compute, lint; only when something changes: stage, let Postfix load and check the staged copy,
compile the tables beside their destination, and move everything in by rename.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host import owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import texts_in
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer, leak_facts
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_private_key
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    has_stale,
    remove_stale,
    stages_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix import wanted_files
from ansible_collections.mailops.relay.plugins.module_utils.postfix.call import Call, rendered
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import ExpansionError, split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import NotInstalledError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.judgement import (
    InvalidError,
    check_risks,
    finding_facts,
    judge,
    stops,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import scopes_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_files import SecretFiles, uses_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import (
    command_passwords,
    hidden_main,
    hidden_master,
    login_texts,
    secret_names,
    secret_texts,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.wanted_main import set_main
from ansible_collections.mailops.relay.plugins.module_utils.postfix.wanted_master import set_master

# "You MUST stop and start Postfix after changing this parameter": postconf(5).
RESTART_PARAMETERS = ("inet_interfaces", "inet_protocols")

# What Postfix shows to clients: the files of certificates and keys.
_SERVED = (
    ("smtpd_tls_cert_file", "smtpd_tls_key_file")
    + tuple("smtpd_tls_{0}_file".format(kind) for kind in ("eccert", "eckey", "dcert", "dkey"))
    + ("smtpd_tls_chain_files",)
)


class Configuration(object):
    """One call of the module.

    Args:
        request: dict, the module's arguments.
        runner: a ``Runner``.
        label: callable or None, see ``Transaction``.
        check_mode: bool.
        scratch: str or None, a directory for a copy that is only looked at, in check mode.
        conceal: callable or None, called with a set of str that must not be in the result or in a message.
    """

    def __init__(self, request, runner, label=None, check_mode=False, scratch=None, conceal=None):
        self._call = Call(request, runner, check_mode)
        self._label = label
        self._scratch = scratch
        self._conceal = conceal or (lambda texts: None)

    def apply(self):
        """dict: the module's result.

        Raises:
            RelayError: nothing has changed.
        """
        self._check_state()
        if self._call.request.get("refuse_other_mta"):
            self._call.host.units.refuse_others("Postfix", self._call.host.installed)
        try:
            return self._locked()
        except (RelayError, EnvironmentError):
            if self._call.secret_files is None:
                # It failed before it was known which of these are secrets.
                for _path, texts, _content in self._given():
                    self._conceal(texts)
            raise

    def _locked(self):
        if self._call.check_mode or (self._call.request.get("state") == "absent" and not self._call.host.installed):
            return self._apply()
        self._call.host.require()
        directory = os.path.realpath(self._call.host.config_directory)
        if not os.path.isdir(directory):
            raise SettingError("config_directory {0} does not exist; create it or correct its name".format(directory))
        with Lock(directory), locked(self._call.owner_name):
            return self._apply()

    def _check_state(self):
        state = self._call.request.get("state") or "present"
        check_request(self._call.owner_name, state)
        wanted = ("main", "prepend", "append", "if_supported", "first_supported", "master", "tables", "files")
        named = [name for name in wanted if state == "absent" and self._call.request.get(name)]
        if named:
            raise SettingError(
                "state: absent gives back all that {0} has set; leave out {1}".format(
                    self._call.owner_name, ", ".join(named)
                )
            )

    def _apply(self):
        call, host = self._call, self._call.host
        self._conceal_request()
        check_risks(call.request.get("accept_risks") or [])
        call.read_record()
        absent = call.request.get("state") == "absent"
        if absent and not host.installed and call.owned.claims.left_out():
            raise NotInstalledError(
                "Postfix is not installed on this host, so what {0} has set cannot be given back; it stays in {1}: install the "
                "package 'postfix' and run again, or leave it".format(call.owner_name, owners_record.RECORD)
            )
        main_plan, master_plan = FilePlan(host.main_file), FilePlan(host.master_file)
        if master_plan.before is None and host.installed:
            raise InvalidError(
                "there is no {0}, and Postfix cannot run without its services; "
                "reinstall the package 'postfix' or restore the file".format(host.master_file)
            )
        before = MainCf(main_plan.before or "", host.main_file), MasterCf(master_plan.before or "", host.master_file)
        main, master = (
            MainCf(main_plan.before or "", host.main_file),
            MasterCf(master_plan.before or "", host.master_file),
        )
        unsupported, managed, restored = set_main(call, main_plan, main)
        main = call.render(main_plan, main)
        if absent and host.installed:
            self._keep_protocols(before, main)
            main_plan.after = rendered(main, main_plan.before)
        set_master(call, master_plan, master)
        master = call.render(master_plan, master)
        self._hide_values(main_plan, master_plan, [before, (main, master)])
        host.planned.update((path, True) for path in call.request.get("planned_files") or [])
        others = wanted_files.tables(call) + wanted_files.files(call)
        others += wanted_files.given_back(call)
        for name, numbers in sorted(main.repeated().items()):
            call.warnings.append(
                "{0} sets {1} more than once (lines {2}); Postfix uses the last".format(
                    host.main_file, name, ", ".join(str(number) for number in numbers)
                )
            )
        _check_paths_differ([main_plan, master_plan] + others)
        findings = judge(call, before, (main, master), managed, restored)
        older = self._serves_older(before[0].values())
        if older or any(plan.changed for plan in [main_plan, master_plan] + others):
            self._check_master(before[0].values())
        result = self._carried_out(main_plan, master_plan, others)
        restart = main_plan.replaced and self._needs_restart(before[0].values(), main.values())
        reload_needed = (
            main_plan.replaced
            or master_plan.replaced
            or any(plan.replaced for plan in others if not plan.compiled)
            or older
        )
        return dict(
            result,
            restart_required=restart,
            reload_required=reload_needed and not restart,
            installed=host.installed,
            running=self._runs(before[0].values()),
            enabled=host.units.starts_at_boot if host.installed else False,
            other_services=host.units.other_services if host.installed else [],
            other_program=host.units.other_program if host.installed else "",
            postfix_version=host.version_text,
            unsupported=unsupported,
            warnings=call.warnings,
            findings=[finding_facts(finding) for finding in findings],
        )

    def _carried_out(self, main_plan, master_plan, others):
        """dict: of the module's result, what was changed, or would be in check mode."""
        call, host = self._call, self._call.host
        plans = [main_plan, master_plan] + others
        stages = stages_of(plans, os.path.realpath(host.config_directory))
        if host.installed and not call.check_mode:
            remove_stale(stages)
        changed = any(plan.changed for plan in plans)
        leaked, told = leak_facts(plans)
        call.warnings.extend(told + call.owned.warnings())
        if call.request.get("state") == "absent":
            call.warnings.extend(call.owned.nothing_known())
        if call.earlier is not None and call.earlier.adopted:
            call.warnings.append(call.earlier.sentence(call.owner_name))
        # Before the change: what there is of a compiled table is gone then.
        diff = [diff for plan in plans for diff in plan.diffs()] if changed else []
        backups = []
        to_record = call.owned.changed
        left = call.check_mode and has_stale(stages + call.owned.directories)
        if changed and host.installed:
            # What a second run does not need is imported where it is needed: on the host nothing is compiled beforehand.
            from ansible_collections.mailops.relay.plugins.module_utils.postfix.activation import Activation

            activation = Activation(call, main_plan, master_plan, others)
            if call.check_mode:
                activation.check(self._scratch)
            else:
                backups = activation.activate(self._label)
        elif to_record and not call.check_mode:
            with Transaction(self._label) as transaction:
                Writer(transaction, plans, call.owned).activate()
        return {
            "changed": changed,
            "diff": diff,
            "up_to_date": not (changed or to_record or left),
            "backup_files": backups,
            "leaked_private_keys": leaked,
        }

    def _runs(self, values):
        """bool or None: see ``Host.runs``; it runs where the configuration from before put it."""
        if not self._call.host.installed:
            return False
        try:
            return self._call.host.runs(self._call.expanded(values, "queue_directory"))
        except ExpansionError:
            return None

    def _serves_older(self, values):
        """bool: see ``Host.serves_older``."""
        call, host = self._call, self._call.host
        if not host.installed:
            return False
        try:
            paths = [path for name in _SERVED for path in split_list(call.expanded(values, name))]
            return host.serves_older(call.expanded(values, "queue_directory"), paths)
        except (EnvironmentError, ExpansionError):
            return False

    def _check_master(self, values):
        """Refuse a change that would not take effect.

        Raises:
            InvalidError
        """
        host = self._call.host
        try:
            if not host.installed or not host.runs_by_hand(self._call.expanded(values, "queue_directory")):
                return
        except ExpansionError:
            return
        raise InvalidError(
            "Postfix runs, but systemd did not start it, and so can neither restart nor reload it: the configuration from before "
            "would go on. Run 'postfix stop' and 'systemctl restart postfix' on this host, then this again. Nothing was changed."
        )

    # What must not be shown

    def _conceal_request(self):
        """Passwords that the call itself has in its settings; what it gives for files depends on the configuration."""
        request = self._call.request
        settings = [request.get(name) or {} for name in ("main", "prepend", "append", "if_supported")]
        settings += [item.get("options") or {} for item in request.get("master") or []]
        settings += [
            entry for choice in request.get("first_supported") or [] for entry in choice if isinstance(entry, dict)
        ]
        pairs = [(name, text) for values in settings for name, value in values.items() for text in texts_in(value)]
        names = secret_names(pairs)
        for name, text in pairs:
            self._conceal(secret_texts(name, text, names))
        for item in request.get("master") or []:
            self._conceal(command_passwords(item.get("command") or ""))

    def _hide_values(self, main_plan, master_plan, configurations):
        """Keep the passwords in main.cf and master.cf, old and new, out of the difference, and find the files with some."""
        pairs = [pair for main, _master in configurations for pair in main.values().items()]
        pairs += [
            option for _main, master in configurations for service in master.services() for option in service["options"]
        ]
        names = secret_names(pairs)
        for name, value in pairs:
            self._conceal(secret_texts(name, value, names))
        main_plan.hide = lambda text, former: hidden_main(text, former, names)
        master_plan.hide = lambda text, former: hidden_master(text, former, names)
        self._call.secret_files = SecretFiles(
            use
            for main, master in configurations
            for use in uses_of(scopes_of(main.values(), master.services(), self._call.host))
        )
        for path, texts, content in self._given():
            if (
                self._call.secret_files.holds_password(path, content)
                or wanted_files.looks_secret(content)
                or holds_private_key(content)
            ):
                self._conceal(texts)

    def _given(self):
        """list of (str, set of str, str or None): path of each table and file, the texts for it, the content of a file."""
        found = []
        for item in self._call.request.get("tables") or []:
            texts = [part for text in texts_in(item.get("entries")) for part in login_texts(text)]
            found.append((item["path"], set(texts), None))
        for item in self._call.request.get("files") or []:
            content = item.get("content")
            found.append((item["path"], set([content] if content else []), content))
        return found

    def _needs_restart(self, before, after):
        def value(settings, name):
            try:
                return self._call.expanded(settings, name)
            except ExpansionError:
                return settings.get(name, self._call.host.defaults.get(name))

        return any(value(before, name) != value(after, name) for name in RESTART_PARAMETERS)

    def _keep_protocols(self, before, main):
        """Taking back: keep C(inet_protocols) where no program of Postfix would start with what it was, as on an EL7 without IPv6.

        Args:
            before: (MainCf, MasterCf), as they are.
            main: MainCf, what goes back; it is changed.
        """
        name, host = "inet_protocols", self._call.host
        kept, former = before[0].values().get(name), main.values().get(name)
        if kept == former or stops(host, before) or not stops(host, (main, before[1])):
            return
        main.set(name, kept)
        self._call.warnings.append(
            "{0}: {1} = {2} stays: with what it was before ({3}), Postfix does not start on this host, which has no IPv6".format(
                self._call.host.main_file, name, kept, former or "not set"
            )
        )


def _check_paths_differ(plans):
    seen = {}
    for plan in plans:
        for path in [plan.destination] + plan.compiled:
            if path in seen:
                raise SettingError("{0} and {1} are the same file; name it once".format(seen[path], plan.path))
            seen[path] = plan.path
