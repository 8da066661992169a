# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""sendmail.mc, sendmail.cf, submit.mc, submit.cf, the access map and further files, changed as one transaction.

Each .cf is edited line by line, so that lines of others stay, and each .mc in the same sense, so that a rebuild
gives the same settings; m4, where it is there, proves that. What lines alone cannot say (a feature that brings
rules with it) has the .cf built of its .mc instead, unless that would lose lines that only the .cf has.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import shutil
import tempfile

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import Writer, leak_facts, make_newer
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    permission_bits,
    read_native,
    to_file_bytes,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.listeners import can_bind
from ansible_collections.mailops.relay.plugins.module_utils.host.owned_files import OwnedFiles, fits
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import RECORD, Owned, locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import check_request
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import (
    backups_of,
    holds_private_key,
    readers_of,
    text_of,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    attributes_of,
    remove_stale,
    stages_of,
    write_file,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.units import Units
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.access import Access
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.cf import FEATURES, Cf
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.daemon import (
    ipv6_daemons,
    is_added,
    is_running,
)
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.installation import (
    InstallationError,
    NotInstalledError,
    Sendmail,
)
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.mc import quoted, unquoted
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.plans import (
    AccessPlan,
    ConfigurationError,
    Pair,
    SendmailFile,
)
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.request import (
    Request,
    RequestError,
    aliases_with,
    direct_modifiers,
    hosts_of,
    on_loopback,
)
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.secrets import (
    SECRET_NAME,
    hidden_text,
    is_secret_text,
    passwords_in,
    secret_paths,
)

# What makemap(8) compiles to one file with the suffix .db.
COMPILED_TYPES = ("hash", "btree")

# What a call names, besides how it is done.
_SETTINGS = (
    "smart_hosts mx_lookup mailer local_delivery loopback_only submission_host address_lookups tls_level "
    "alias_file tls_certificate_name ca_file prefer_system_ca ca_path files"
).split()

PLAIN_ARGUMENTS = "TCP $h"
_ALIAS_FILE = "AliasFile"
NOT_INSTALLED = (
    "sendmail is not installed on this host; install the package 'sendmail', and 'sendmail-cf' and 'm4' with it"
)


class Configuration(object):
    """One call of the module.

    Args:
        arguments: dict, the module's arguments.
        runner: a ``Runner``.
        label: callable or None, see ``Transaction``.
        check_mode: bool.
        scratch: str or None, a directory for copies that are only looked at.
        conceal: callable or None, called with a set of str that must not be in the result or in a message.
    """

    def __init__(self, arguments, runner, label=None, check_mode=False, scratch=None, conceal=None):
        self._arguments = arguments
        self._directory = arguments.get("config_directory") or "/etc/mail"
        self._runner = runner
        self._label = label
        self._check_mode = check_mode
        self._scratch = scratch
        self._conceal = conceal or (lambda texts: None)
        self._secrets_known = False
        self._warnings = []
        self._owner_name = arguments.get("owner")
        self._absent = arguments.get("state") == "absent"
        self._owned = Owned(None, "")

    def apply(self):
        """dict: the module's result.

        Raises:
            RelayError: nothing has changed.
        """
        try:
            return self._locked()
        except (RelayError, EnvironmentError):
            if not self._secrets_known:
                # It failed before it was known which of these are secrets.
                self._conceal(set(item["content"] for item in self._files_wanted() if item.get("content")))
            raise

    def _locked(self):
        check_request(self._owner_name, self._arguments.get("state") or "present")
        self._check_absent()
        self._sendmail = Sendmail(self._runner)
        if self._arguments.get("refuse_other_mta"):
            Units(self._runner, "sendmail").refuse_others("sendmail", self._sendmail.installed)
        self._request = Request(self._arguments)
        if self._check_mode or (self._absent and not self._sendmail.installed):
            self._owned = self._owned_now()
            return self._apply()
        if not self._sendmail.installed:
            raise NotInstalledError(NOT_INSTALLED)
        if not os.path.isdir(self._directory):
            raise ConfigurationError("config_directory {0} does not exist; correct its name".format(self._directory))
        with Lock(self._directory), locked(self._owner_name):
            self._owned = self._owned_now()
            return self._apply()

    def _owned_now(self):
        return Owned(self._owner_name, "sendmail_config " + os.path.realpath(self._directory), fits=_fits)

    def _check_absent(self):
        named = [name for name in _SETTINGS if self._arguments.get(name) not in (None, False, [])]
        if self._absent and named:
            raise RequestError(
                "state: absent gives back all that {0} has set; leave out {1}".format(
                    self._owner_name, ", ".join(named)
                )
            )

    def _files_wanted(self):
        return self._arguments.get("files") or []

    def _path(self, name):
        return os.path.join(self._directory, name)

    def _apply(self):
        scratch = tempfile.mkdtemp(dir=self._scratch)
        try:
            return self._planned(scratch)
        finally:
            shutil.rmtree(scratch)

    def _planned(self, scratch):
        wanted = [(name, self._arguments.get(name)) for name in _SETTINGS + ["port"]]
        owned = OwnedFiles(self._owned, wanted)
        if not self._sendmail.installed and self._absent and owned.left():
            raise InstallationError(
                "{0}. What {1} has set cannot be given back without it; it stays in {2}".format(
                    NOT_INSTALLED, self._owner_name, RECORD
                )
            )
        base = [] if self._absent else [owned.base]
        main = Pair(self._path("sendmail.mc"), self._path("sendmail.cf"), *base)
        submit = Pair(self._path("submit.mc"), self._path("submit.cf"), *base)
        named = secret_paths(main.plan_cf.before or "") | secret_paths(submit.plan_cf.before or "")
        files = [self._file(item, named) for item in self._files_wanted()]
        self._secrets_known = True
        access = AccessPlan(None, None)
        if not self._absent:
            access = self._settled(main, submit, files, owned, scratch)
        access = self._give_back(main, submit, files, access, owned)
        plans = files + access.plans() + [submit.plan_mc, main.plan_mc, submit.plan_cf, main.plan_cf]
        if self._sendmail.installed and not self._check_mode:
            remove_stale(stages_of(plans))
        for plan in plans:
            self._conceal(passwords_in(plan.before or "") | passwords_in(plan.after or ""))
        changed = any(plan.changed for plan in plans) or access.rebuild or access.removed
        leaked, told = leak_facts(plans)
        self._warnings.extend(told)
        backups = []
        if changed and self._sendmail.installed:
            self._verify(main, submit, scratch)
            if not self._check_mode:
                backups = self._activate(plans, access, main, scratch)
        elif self._owned.changed and not self._check_mode:
            with Transaction(self._label) as transaction:
                Writer(transaction, plans, self._owned).activate()
        effective = [plan for plan in plans if plan not in (main.plan_mc, submit.plan_mc)]
        units = Units(self._runner, "sendmail")
        return {
            "changed": changed,
            "restart_required": any(plan.replaced for plan in effective) or access.rebuild,
            "installed": self._has_all(main),
            "running": is_running(main.cf.daemons(), main.cf.option("PidFile")),
            "enabled": units.starts_at_boot if self._sendmail.installed else False,
            "alone": units.is_alone,
            "other_services": units.other_services,
            "other_program": units.other_program,
            "sendmail_version": self._sendmail.version,
            "smart_host": main.cf.macro("S") or "",
            "warnings": self._warnings + self._owned.warnings(),
            "backup_files": backups,
            "leaked_private_keys": leaked,
            "diff": [diff for plan in plans for diff in plan.diffs()] + access.diffs(),
        }

    def _has_all(self, main):
        """bool: whether sendmail is there, and what builds its .cf files."""
        return (
            self._sendmail.installed
            and self._runner.find("make") is not None
            and main.mc is not None
            and self._sendmail.can_build(main.mc, self._directory)
        )

    def _settled(self, main, submit, files, owned, scratch):
        """AccessPlan, after all that the call names is planned and claimed."""
        if self._sendmail.installed:
            main.require()
        else:
            self._warnings.append(
                NOT_INSTALLED + ". The difference shown is against what there is now, without the package's own lines"
            )
        old_hosts = hosts_of(main.cf.macro("S")) if main.plan_cf.before is not None else []
        self._settle(main, self._edit_main, self._main_settings, scratch)
        pairs = [main]
        if self._request.submission_host is not None or self._request.address_lookups is not None:
            if self._sendmail.installed:
                submit.require()
            self._settle(submit, self._edit_submit, self._submit_settings, scratch)
            pairs.append(submit)
        self._check_anchors(files, main.cf)
        access = self._access(main, old_hosts, owned)
        for plan in files + [plan for pair in pairs for plan in (pair.plan_mc, pair.plan_cf)]:
            if plan.before is not None or plan.after is not None:
                owned.claim(plan, alone=plan in files)
        if access.plan is not None:
            owned.claim(access.plan, kind=access.kind)
        self._warnings += owned.adoption(self._owner_name)
        return access

    def _give_back(self, main, submit, files, access, owned):
        """AccessPlan, after all that this owner has and no longer names is as it was before."""
        for path in owned.left():
            kind = owned.how(path).get("kind")
            plan = owned.give_back(path, SendmailFile)
            if plan is None:
                continue
            if kind is not None:
                access = AccessPlan(kind, plan)
            elif not any(pair.take(plan) for pair in (main, submit)):
                plan.secret = is_secret_text(plan.before) or is_secret_text(plan.after)
                files.append(plan)
        self._warnings += owned.warnings
        if self._absent:
            self._warnings += self._owned.nothing_known()
        return access

    # What is wanted of each file

    def _file(self, item, named):
        path = item["path"]
        if not os.path.isabs(path) or os.path.isdir(path):
            raise RequestError("file {0}: name a file by its absolute path".format(path))
        directory = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(directory):
            text = "file {0}: there is no directory {1}; create it first".format(path, directory)
            if not self._check_mode:
                raise RequestError(text)
            if self._sendmail.installed:
                self._warnings.append(text)
        present = item.get("state") != "absent"
        content = item.get("content") if present else None
        if present and content is None:
            raise RequestError("file {0}: it needs content".format(path))
        mode = permission_bits(item.get("mode"), "file " + path)
        before = read_native(os.path.realpath(path))
        secret = path in named or bool(SECRET_NAME.search(os.path.basename(path)))
        if secret or (present and hidden_text(content) != content) or holds_private_key(content):
            mode = self._private_mode(path, mode)
        elif mode is not None and is_secret_text(content):
            self._private_mode(path, mode)
        # What only looks like a password is not shown either; a file of others that is there keeps its mode.
        new = (0o600 if is_secret_text(content) else 0o644, None, None)
        plan = SendmailFile(path, mode, secret=secret or is_secret_text(before) or is_secret_text(content), new=new)
        plan.after = content
        if present and (secret or is_secret_text(content)):
            self._conceal(set([content]))
        plan.withdraw_key()
        return plan

    def _check_anchors(self, files, cf):
        """Refuse to remove what sendmail would miss, and warn of a private key in what nobody writes here."""
        path = cf.option("CACertFile")
        anchors = os.path.realpath(path or "")
        for plan in files:
            if plan.destination == anchors and plan.before is not None and plan.after is None:
                raise RequestError(
                    "file {0}: state absent would remove what CACertFile (confCACERT) names; give ca_file another file, or "
                    "leave this one out".format(plan.path)
                )
        if path and not any(plan.destination == anchors for plan in files):
            for place in [anchors] + backups_of(anchors):
                readers = readers_of(place) if holds_private_key(text_of(place)) else None
                if readers is not None:
                    self._warnings.append(
                        "CACertFile (confCACERT): {0} holds a private key, and {1} can read it; {2}, and make a new key with a "
                        "new certificate where it belongs".format(
                            place, readers, "take the key out" if place == anchors else "delete this backup"
                        )
                    )

    @staticmethod
    def _private_mode(path, mode):
        """int or None: the mode of a file with secrets; None for that of the file that is there."""
        if mode is None:
            current = attributes_of(os.path.realpath(path))
            return None if current is not None and not current[0] & 0o007 else 0o600
        if mode & 0o007:
            raise RequestError("file {0}: mode {1:04o} lets everyone read secrets; use 0600".format(path, mode))
        return mode

    def _edit_main(self, pair):
        request = self._request
        macros = [("SMART_HOST", "S", request.smart_host), ("MAIL_HUB", "H", request.mail_hub)]
        for name, letter, value in macros:
            if value is not None:
                pair.edit_mc(lambda mc, name=name, value=value: mc.set(name, value or None))
                if letter == "H" and value and pair.cf.macro(letter) is None:
                    pair.demand("MAIL_HUB", "local_delivery")
                elif (pair.cf.macro(letter) or "") != value:
                    pair.cf.set_macro(letter, value)
        if request.smart_host is not None:
            self._edit_mailer(pair)
        for name, option, value in request.options:
            pair.edit_mc(lambda mc, name=name, value=value: mc.set(name, value))
            pair.cf.set_option(option, value)
        if request.alias_file is not None:
            files = pair.cf.option(_ALIAS_FILE)
            if request.alias_file not in re.split("[:,]", files or ""):
                files = aliases_with(request.alias_file, files)
            pair.edit_mc(lambda mc: mc.set("ALIAS_FILE", files))
            pair.cf.set_option(_ALIAS_FILE, files)
        if request.loopback_only:
            pair.edit_mc(_listen_on_loopback)
            pair.cf.set_daemons([on_loopback(value) for value in pair.cf.daemons()])
            # Those of files that the .mc includes are in the .cf only. One that is about to be built anew has no say.
            told = pair.cf if pair.cf.daemons() and not pair.pending else pair.mc or pair.cf
            wanted = ipv6_daemons(told.daemons()) if can_bind("::1") else []
            pair.edit_mc(lambda mc: _add_daemons(mc, wanted))
            if pair.cf.text:
                _add_daemons(pair.cf, wanted)
        if any(value is not None for _key, value in request.entries) and pair.cf.access_map() is None:
            pair.edit_mc(_use_access_map)
            pair.demand("FEATURE(`access_db')", "tls_level")
        self._edit_lookups(pair)

    def _edit_lookups(self, pair):
        lookups = self._request.address_lookups
        if lookups is None:
            return
        for name in sorted(FEATURES):
            pair.edit_mc(lambda mc, name=name: mc.set_feature(name, not lookups))
            if pair.cf.has_feature(name) == lookups:
                pair.demand("{0}FEATURE(`{1}')".format("a file without " if lookups else "", name), "address_lookups")
        modifiers = direct_modifiers(pair.cf.option("DirectSubmissionModifiers"), lookups)
        pair.edit_mc(lambda mc: mc.set("confDIRECT_SUBMISSION_MODIFIERS", modifiers))
        pair.cf.set_option("DirectSubmissionModifiers", modifiers)

    def _edit_mailer(self, pair):
        mailer, wanted = self._request.mailer, self._request.mailer_arguments
        pair.edit_mc(lambda mc: mc.set(mailer.upper() + "_MAILER_ARGS", None if wanted == PLAIN_ARGUMENTS else wanted))
        if pair.cf.mailer_arguments(mailer) is not None:
            pair.cf.set_mailer_arguments(mailer, wanted)
        elif pair.cf.text and pair.plan_cf.before is not None:
            raise ConfigurationError(
                "mailer: {0} has no mailer {1}; name one that it has, or add MAILER(`smtp') to sendmail.mc and "
                "rebuild".format(pair.plan_cf.path, mailer)
            )

    def _edit_submit(self, pair):
        if self._request.submission_host is not None:
            self._edit_submission_host(pair)
        self._edit_lookups(pair)

    def _edit_submission_host(self, pair):
        host = self._request.submission_host

        def edit(mc):
            found = mc.features("msp")
            if not found and not mc.text:
                # Sendmail is not installed yet.
                mc.insert("FEATURE(`msp', {0})".format(quoted(host)))
                return
            if not found:
                raise ConfigurationError(
                    "submission_host: {0} has no FEATURE(`msp'), so it is not the configuration of the submission "
                    "program; restore the file from its package".format(pair.plan_mc.path)
                )
            call = found[-1]
            if len(call.arguments) < 2 or unquoted(call.arguments[1]) != host:
                mc.set_argument(call, 1, host)

        pair.edit_mc(edit)
        pair.cf.set_macro("{MTAHost}", host)

    def _main_settings(self, cf):
        """list of (str, str): the settings that .mc and .cf must agree on, with the names that a user knows."""
        daemons = cf.daemons() if self._request.loopback_only else []
        access = cf.access_map() if self._request.entries else None
        return [
            ("DS (SMART_HOST)", cf.macro("S") or ""),
            ("DH (MAIL_HUB)", cf.macro("H") or ""),
            ("A= of mailer {0}".format(self._request.mailer), cf.mailer_arguments(self._request.mailer) or ""),
            ("AliasFile (ALIAS_FILE)", (cf.option(_ALIAS_FILE) or "") if self._request.alias_file else ""),
            ("CACertFile (confCACERT)", cf.option("CACertFile") or ""),
            ("CACertPath (confCACERT_PATH)", cf.option("CACertPath") or ""),
            # A built file may have those that were added in between, which makes no difference.
            ("DaemonPortOptions (DAEMON_OPTIONS)", " | ".join(sorted(daemons, key=is_added))),
            ("Kaccess (FEATURE(`access_db'))", "" if access is None else access.path),
        ] + self._lookup_settings(cf)

    def _submit_settings(self, cf):
        return [("D{MTAHost} (FEATURE(`msp'))", cf.macro("{MTAHost}") or "")] + self._lookup_settings(cf)

    def _lookup_settings(self, cf):
        if self._request.address_lookups is None:
            return []
        features = [("FEATURE(`{0}')".format(name), str(cf.has_feature(name))) for name in sorted(FEATURES)]
        option = "DirectSubmissionModifiers"
        return features + [(option + " (confDIRECT_SUBMISSION_MODIFIERS)", cf.option(option) or "")]

    # .mc and .cf in agreement

    def _settle(self, pair, edit, settings, scratch):
        """Edit both files, and prove that a rebuild of the .mc gives the settings which the .cf has then."""
        edit(pair)
        pair.take_over()
        if not (pair.plan_mc.replaced or pair.plan_cf.replaced or pair.demands) or not self._sendmail.installed:
            return
        built = None
        if pair.mc is not None and self._sendmail.can_build(pair.mc, self._directory):
            built = self._built(pair.plan_mc, pair.plan_mc.after, scratch)
        if pair.demands or pair.plan_cf.before is None or (built is not None and pair.pending):
            self._check_buildable(pair, built, scratch)
            pair.start_from(self._with_source(pair, built))
            edit(pair)
            pair.take_over()
            for what, argument in pair.demands:
                raise ConfigurationError(
                    "{0}: a rebuild of {1} would not give {2}; a file that it includes says otherwise: change that".format(
                        argument, pair.plan_mc.path, what
                    )
                )
        if built is not None:
            _compare(pair, settings(pair.cf), settings(Cf(built)))
        elif pair.mc is None:
            self._warnings.append(
                "there is no {0}: only {1} holds the settings, and there is nothing to rebuild it from".format(
                    pair.plan_mc.path, pair.plan_cf.path
                )
            )
        # make(1) and /etc/mail/make rebuild what is older than its source.
        pair.plan_cf.refreshed = pair.plan_mc.replaced

    def _built(self, plan, text, scratch):
        path = os.path.join(scratch, os.path.basename(plan.path))
        if os.path.exists(path):
            os.unlink(path)
        write_file(path, to_file_bytes(text), 0o600)
        return self._sendmail.build(path, self._directory, plan.path)

    @staticmethod
    def _with_source(pair, built):
        """str: a built .cf with its source as a comment at the end, where the host's own Makefile puts that."""
        title = "### {0} ###\n".format(pair.plan_mc.path)
        if title not in (pair.plan_cf.before or ""):
            return built
        return built + title + "".join("# " + line for line in pair.plan_mc.after.splitlines(True))

    def _check_buildable(self, pair, built, scratch):
        """Refuse what needs a .cf built of the .mc where that cannot be done, or would lose lines of others."""
        what, argument = (pair.demands or [("", "")])[0]
        if built is None and pair.plan_cf.before is None:
            raise NotInstalledError(
                "there is no {0}, and it cannot be built of {1}; install 'sendmail-cf' and 'm4', or restore it".format(
                    pair.plan_cf.path, pair.plan_mc.path
                )
            )
        if built is None:
            raise NotInstalledError(
                "{0}: {1} does not have the rules of {2}, and a line cannot bring them; have {3}, 'sendmail-cf' and "
                "'m4' on the host so that it can be built".format(argument, pair.plan_cf.path, what, pair.plan_mc.path)
            )
        if pair.pending:
            return
        was = set(Cf(self._built(pair.plan_mc, pair.plan_mc.before, scratch)).commands())
        lost = [line for line in Cf(pair.plan_cf.before).commands() if line not in was]
        lost = [line for line in lost if not _is_managed(line, self._request)]
        if lost:
            raise ConfigurationError(
                "{0}: {1} must be built of {2} for {3}, which would lose lines that only the .cf has: {4}; put "
                "them into the .mc, or take them out".format(
                    argument, pair.plan_cf.path, pair.plan_mc.path, what, hidden_text(" | ".join(lost[:5]))
                )
            )

    # The access map

    def _access(self, pair, old_hosts, owned):
        entries = list(self._request.entries)
        if not entries:
            return AccessPlan(None, None)
        found = pair.cf.access_map()
        if found is None:
            # All that is asked for is that there be no entries, or sendmail is not there yet.
            return AccessPlan(None, None)
        if found.kind not in COMPILED_TYPES or not found.path.startswith("/"):
            raise ConfigurationError(
                "tls_level: the access map of {0} is of type {1}, which this module does not write; make the entries "
                "{2} there, and leave tls_level out".format(
                    pair.plan_cf.path,
                    found.kind,
                    ", ".join(key for key, value in entries if value is not None) or "none",
                )
            )
        mailer = self._request.mailer
        if "0" in pair.cf.mailer_flags(mailer) and any(key.startswith("TLS_Srv:") and value for key, value in entries):
            raise ConfigurationError(
                "tls_level: mailer {0} in {1} has the flag 0 (no MX look-up), with which sendmail finds no TLS_Srv entry "
                "and sends without asking for TLS; take 0 out of its F=, and out of {2}_MAILER_FLAGS in the .mc".format(
                    mailer, pair.plan_cf.path, mailer.upper()
                )
            )
        before = read_native(os.path.realpath(found.path)) or ""
        mode = attributes_of(os.path.realpath(found.path))[0] & ~0o007 if is_secret_text(before) else None
        plan = SendmailFile(found.path, mode, new=(0o640, None, None))
        access = Access(owned.base(plan) or "")
        for host in set(old_hosts) - set(self._request.hosts):
            entries += [("TLS_Srv:" + host, None), ("Try_TLS:" + host, None)]
        for key, value in entries:
            access.set(key, value)
        plan.after = access.text or plan.before
        return AccessPlan(found.kind, plan)

    # Checking and putting in place

    def _verify(self, main, submit, scratch):
        """Have sendmail itself read each new .cf, and ask it what it understood."""
        for pair, names in ((main, ["S", "H"]), (submit, ["{MTAHost}"])):
            if pair.plan_cf.after is None or not (pair.plan_cf.replaced or pair.plan_mc.replaced):
                continue
            path = os.path.join(scratch, os.path.basename(pair.plan_cf.path))
            write_file(path, to_file_bytes(pair.plan_cf.after), 0o644)
            macros, mailers = self._sendmail.load(path, pair.plan_cf.path)
            mailer = self._request.mailer
            told = [("$" + name, macros.get(name, ""), pair.cf.macro(name) or "") for name in names]
            told.append(("mailer " + mailer, mailers.get(mailer, ""), pair.cf.mailer_arguments(mailer) or ""))
            for name, value, wanted in told:
                if value != wanted:
                    raise InstallationError(
                        "sendmail reads {0} of the new {1} as '{2}', not as '{3}'; nothing was changed. Another line "
                        "of the file sets it too: take that out".format(name, pair.plan_cf.path, value, wanted)
                    )

    def _activate(self, plans, access, main, scratch):
        with Transaction(self._label) as transaction:
            writer = Writer(transaction, plans, self._owned)
            for plan in plans:
                if plan.renewed and plan.after is not None:
                    # Older than what is made of it.
                    staged = writer.stage(plan, age=1 if plan is access.plan or plan.path.endswith(".mc") else 0)
                    if plan is access.plan:
                        make_newer(staged, [access.compiled])
                    writer.move(plan)
                if plan is access.plan and access.rebuild:
                    copy = os.path.join(scratch, "sendmail.cf")
                    cf = copy if os.path.exists(copy) else main.plan_cf.path
                    self._compile(transaction, writer, access, cf)
            # Last, when no file names them any more.
            for plan in plans:
                if plan.renewed and plan.after is None:
                    writer.remove(plan.destination)
            if access.removed:
                writer.remove(access.compiled)
            backed_up = plans if self._arguments.get("backup") else []
            return writer.activate(plan for plan in backed_up if plan.replaced)

    def _compile(self, transaction, writer, access, cf):
        staged = transaction.stage_of(access.compiled)
        self._sendmail.compile_map(access.kind, staged[: -len(".db")], access.plan.after, cf)
        source = transaction.stage_of(access.plan.destination) if access.plan.changed else access.plan.destination
        make_newer(staged, [source])
        mode, owner, group = attributes_of(access.compiled) or (0o640, access.plan.owner, access.plan.group)
        writer.move_made(access.compiled, mode & ~0o007 if access.secret else mode, owner, group)


def _fits(thing, key, entry):
    """bool: whether an entry of a record is of a file of sendmail's as it is recorded."""
    return fits(thing, key, entry) and entry["how"].get("kind") in (None,) + COMPILED_TYPES


def _compare(pair, wanted, rebuilt):
    for (name, value), (_name, other) in zip(wanted, rebuilt):
        if value != other:
            raise ConfigurationError(
                "{0}: a rebuild of {1} would give '{2}' where '{3}' is wanted; another line of it, or a file that "
                "it includes, sets it too: take that out".format(name, pair.plan_mc.path, other, value)
            )


def _listen_on_loopback(mc):
    """Have each daemon listen on a loopback address, those too which the macros add on their own."""
    missing = []
    if not mc.daemons():
        missing.append("Name=MTA")
    if not mc.features("no_default_msa"):
        mc.insert("FEATURE(`no_default_msa', `dnl')")
        missing.append("Port=587, Name=MSA, M=E")
    mc.set_daemons([on_loopback(value) for value in mc.daemons()])
    for value in missing:
        mc.insert("DAEMON_OPTIONS(`{0}')".format(on_loopback(value)))


def _add_daemons(source, wanted):
    """Have these daemons beside the host's own in a .mc or .cf file, and none that was added for earlier ones."""
    present = source.daemons()
    source.set_daemons([None if is_added(value) and value not in wanted else value for value in present])
    for value in wanted:
        if value not in present:
            source.add_daemon(value)


def _use_access_map(mc):
    if not mc.features("access_db"):
        mc.insert("FEATURE(`access_db')", before_features=True)


def _is_managed(line, request):
    """bool: whether a line of a .cf is one that this call sets, so that it is not lost by a build."""
    beginnings = []
    if request.smart_host is not None:
        beginnings += ["DS", "DH", "\t\tA=TCP $h"]
    beginnings += ["O {0}=".format(option) for _name, option, _value in request.options]
    if request.alias_file is not None:
        beginnings.append("O {0}=".format(_ALIAS_FILE))
    if request.loopback_only:
        beginnings.append("O DaemonPortOptions=")
    if request.address_lookups is not None:
        beginnings.append("O DirectSubmissionModifiers=")
    return any(line.startswith(beginning) for beginning in beginnings)
