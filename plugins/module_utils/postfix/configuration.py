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

import grp
import os
import pwd
import shutil
import tempfile
import time

from ansible_collections.mailops.relay.plugins.module_utils.host import owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import TEXT
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import (
    FilePlan,
    Writer,
    leak_facts,
    make_newer,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.files import (
    permission_bits,
    read_native,
    to_file_bytes,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, is_path, locked
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import (
    WHOLE,
    check_request,
    fingerprint,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_password, holds_private_key
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    attributes_of,
    has_stale,
    remove_stale,
    stages_of,
    write_file,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import ExpansionError, expand, split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host, NotInstalledError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import scopes_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_parameters import is_known
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tables import tables_in, takes_tables
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import FIELDS, MasterCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_files import SecretFiles, uses_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import (
    command_passwords,
    hidden_main,
    hidden_master,
    login_texts,
    secret_names,
    secret_texts,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError, setting_text
from ansible_collections.mailops.relay.plugins.module_utils.postfix.table_plan import TablePlan
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import (
    COMPILED_SUFFIXES,
    TEXT_TYPES,
    check_type,
    compiled_paths,
    entry_pairs,
    source_pairs,
    table_text,
    table_values,
)

COMPILERS = ("postmap", "postalias")

# "You MUST stop and start Postfix after changing this parameter": postconf(5).
RESTART_PARAMETERS = ("inet_interfaces", "inet_protocols")

# What Postfix shows to clients: the files of certificates and keys.
_SERVED = (
    ("smtpd_tls_cert_file", "smtpd_tls_key_file")
    + tuple("smtpd_tls_{0}_file".format(kind) for kind in ("eccert", "eckey", "dcert", "dkey"))
    + ("smtpd_tls_chain_files",)
)

# Findings that need no Postfix to ask: what they judge is the same in each version.
INDEPENDENT_IDENTIFIERS = ("network-host-bits", "network-invalid", "open-relay-mynetworks", "relayhost-malformed")


class RefusedError(RelayError):
    """The wanted configuration is wrong or dangerous; nothing has changed."""

    def __init__(self, findings):
        self.findings = findings
        super(RefusedError, self).__init__(
            "refused, nothing was changed: " + " | ".join(finding_text(finding) for finding in findings)
        )

    def facts(self):
        """dict: the findings, as in the module's result."""
        return {"findings": [finding_facts(finding) for finding in self.findings]}


class InvalidError(RelayError):
    """Postfix itself does not accept the staged configuration; nothing has changed."""


def finding_text(finding):
    """str: a finding as one sentence for a message, with its parameter and value."""
    return "{0}: {1} = {2}: {3}; {4} ({5})".format(
        finding.file, finding.parameter, finding.value, finding.message, finding.fix, finding.identifier
    )


def finding_facts(finding):
    """dict: a finding as the module returns it."""
    return dict(finding._asdict())


def first_supported(choices, defaults, named, types=None):
    """dict: parameter -> value: of each choice the first entry of which Postfix knows every parameter and type of table.

    Args:
        choices: list of list of dict; each dict is parameter -> value.
        defaults: dict, what C(postconf -d) shows; None when there is no Postfix to ask, and the newest is assumed.
        named: container of str, parameters that the call sets elsewhere; they are left out of the result.
        types: set of str, what C(postconf -m) shows, or None when it cannot be told; then each type is assumed.

    Raises:
        SettingError: a choice has another form, or two of them set one parameter to different values.
    """
    chosen = {}
    for choice in choices:
        if not all(isinstance(entry, dict) for entry in choice):
            raise SettingError("first_supported: each choice is a list of mappings of parameter and value")
        entry = next((entry for entry in choice if _is_supported(entry, defaults, types)), {})
        for name, value in entry.items():
            if chosen.get(name, value) != value:
                raise SettingError(
                    "first_supported: {0} would be both '{1}' and '{2}'; keep one".format(name, chosen[name], value)
                )
            if name not in named:
                chosen[name] = value
    return chosen


def _is_supported(entry, defaults, types):
    if defaults is not None and not all(is_known(name, defaults) for name in entry):
        return False
    tables = [
        table
        for name, value in entry.items()
        if takes_tables(name)
        for text in _texts(value)
        for table in tables_in(text)
    ]
    return types is None or all(kind in types for kind, _path in tables)


def _elements(value, what):
    """list of str: the elements of a list, of which one such as C(check_sender_access hash:/a) is several words."""
    return [setting_text(element, what) for element in (value if isinstance(value, (list, tuple)) else [value])]


def without_elements(text, elements):
    """str: a list of Postfix without these elements, wherever they stand; what is left stays as it is written.

    Args:
        text: str.
        elements: list of str, of one word or several.
    """
    words = split_list(text)
    own = sorted((split_list(element) for element in elements), key=len, reverse=True)
    parts, position, at, joined = [], 0, 0, False
    while position < len(words):
        length = next((len(one) for one in own if one and words[position : position + len(one)] == one), 0)
        for word in words[position : position + (length or 1)]:
            start = text.index(word, at)
            at = start + len(word)
        if length:
            joined = False
        elif joined:
            parts[-1] = (parts[-1][0], at)
        else:
            parts.append((start, at))
            joined = True
        position += length or 1
    return ", ".join(text[start:end] for start, end in parts)


def _account(lookup, name, what, kind):
    if name is None:
        return None
    try:
        return lookup(name)[2]
    except KeyError:
        raise SettingError("{0}: there is no {1} '{2}' on this host; create it first".format(what, kind, name))


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
        self._request = request
        self._runner = runner
        self._label = label
        self._check_mode = check_mode
        self._scratch = scratch
        self._conceal = conceal or (lambda texts: None)
        self._secret_files = None
        self._host = Host(runner, request.get("config_directory"))
        self._warnings = []
        self._owner_name = request.get("owner")
        self._owned = Owned(None, "")
        self._earlier = None

    def apply(self):
        """dict: the module's result.

        Raises:
            RelayError: nothing has changed.
        """
        self._check_state()
        try:
            return self._locked()
        except (RelayError, EnvironmentError):
            if self._secret_files is None:
                # It failed before it was known which of these are secrets.
                for _path, texts, _content in self._given():
                    self._conceal(texts)
            raise

    def _locked(self):
        if self._check_mode or (self._request.get("state") == "absent" and not self._host.installed):
            return self._apply()
        self._host.require()
        directory = os.path.realpath(self._host.config_directory)
        if not os.path.isdir(directory):
            raise SettingError("config_directory {0} does not exist; create it or correct its name".format(directory))
        with Lock(directory), locked(self._owner_name):
            return self._apply()

    def _check_state(self):
        state = self._request.get("state") or "present"
        check_request(self._owner_name, state)
        wanted = ("main", "prepend", "append", "if_supported", "first_supported", "master", "tables", "files")
        named = [name for name in wanted if state == "absent" and self._request.get(name)]
        if named:
            raise SettingError(
                "state: absent gives back all that {0} has set; leave out {1}".format(
                    self._owner_name, ", ".join(named)
                )
            )

    def _apply(self):
        request = self._request
        host = self._host
        self._conceal_request()
        _check_risks(request.get("accept_risks") or [])
        self._owned = Owned(
            self._owner_name, "postfix_config " + os.path.realpath(host.config_directory), fits=self._fits
        )
        if request.get("state") == "absent" and not host.installed and self._owned.claims.left_out():
            raise NotInstalledError(
                "Postfix is not installed on this host, so what {0} has set cannot be given back; it stays in {1}: install the "
                "package 'postfix' and run again, or leave it".format(self._owner_name, owners_record.RECORD)
            )
        main_plan = FilePlan(host.main_file)
        master_plan = FilePlan(host.master_file)
        main_before = MainCf(main_plan.before or "", host.main_file)
        main_after = MainCf(main_plan.before or "", host.main_file)
        unsupported, managed, restored = self._set_main(main_plan, main_after)
        main_after = self._render(main_plan, main_after)
        master_before = MasterCf(master_plan.before or "", host.master_file)
        if request.get("state") == "absent" and host.installed:
            self._keep_protocols(main_before, main_after, master_before)
            main_plan.after = _rendered(main_after, main_plan.before)
        master_after = MasterCf(master_plan.before or "", host.master_file)
        if master_plan.before is None and host.installed:
            raise InvalidError(
                "there is no {0}, and Postfix cannot run without its services; "
                "reinstall the package 'postfix' or restore the file".format(host.master_file)
            )
        self._set_master(master_plan, master_after)
        master_after = self._render(master_plan, master_after)
        self._hide_values(main_plan, master_plan, [main_before, main_after], [master_before, master_after])
        host.planned.update((path, True) for path in request.get("planned_files") or [])
        others = self._tables() + self._files()
        others += self._given_back()
        for name, numbers in sorted(main_after.repeated().items()):
            self._warnings.append(
                "{0} sets {1} more than once (lines {2}); Postfix uses the last".format(
                    host.main_file, name, ", ".join(str(number) for number in numbers)
                )
            )
        _check_paths_differ([main_plan, master_plan] + others)
        findings = self._lint(main_before, main_after, master_before, master_after, managed, restored)
        plans = [main_plan, master_plan] + others
        stages = stages_of(plans, os.path.realpath(host.config_directory))
        if host.installed and not self._check_mode:
            remove_stale(stages)
        changed = any(plan.changed for plan in plans)
        leaked, told = leak_facts(plans)
        self._warnings.extend(told + self._owned.warnings())
        if request.get("state") == "absent":
            self._warnings.extend(self._owned.nothing_known())
        if self._earlier is not None and self._earlier.adopted:
            self._warnings.append(self._earlier.sentence(self._owner_name))
        # Before the change: what there is of a compiled table is gone then.
        diff = [diff for plan in plans for diff in plan.diffs()] if changed else []
        backups = []
        to_record = self._owned.changed
        left = self._check_mode and has_stale(stages + self._owned.directories)
        if changed and host.installed:
            if self._check_mode:
                self._load_copy(main_plan)
            else:
                backups = self._activate(main_plan, master_plan, others)
        elif to_record and not self._check_mode:
            with Transaction(self._label) as transaction:
                Writer(transaction, plans, self._owned).activate()
        restart = main_plan.replaced and self._needs_restart(main_before.values(), main_after.values())
        reload_needed = (
            main_plan.replaced
            or master_plan.replaced
            or any(plan.replaced for plan in others if not plan.compiled)
            or self._serves_older(main_before.values())
        )
        return {
            "changed": changed,
            "diff": diff,
            "restart_required": restart,
            "reload_required": reload_needed and not restart,
            "up_to_date": not (changed or to_record or left),
            "installed": host.installed,
            "running": self._runs(main_before.values()),
            "enabled": host.units.starts_at_boot if host.installed else False,
            "other_services": host.units.other_services if host.installed else [],
            "other_program": host.units.other_program if host.installed else "",
            "postfix_version": host.version_text,
            "unsupported": unsupported,
            "warnings": self._warnings,
            "findings": [finding_facts(finding) for finding in findings],
            "backup_files": backups,
            "leaked_private_keys": leaked,
        }

    def _runs(self, values):
        """bool or None: see ``Host.runs``; it runs where the configuration from before put it."""
        if not self._host.installed:
            return False
        try:
            return self._host.runs(self._expanded(values, "queue_directory"))
        except ExpansionError:
            return None

    def _serves_older(self, values):
        """bool: see ``Host.serves_older``."""
        if not self._host.installed:
            return False
        try:
            paths = [path for name in _SERVED for path in split_list(self._expanded(values, name))]
            return self._host.serves_older(self._expanded(values, "queue_directory"), paths)
        except (EnvironmentError, ExpansionError):
            return False

    def _expanded(self, settings, name):
        def lookup(reference):
            return settings.get(reference, self._host.defaults.get(reference))

        return expand(lookup(name) or "", lookup)

    # What must not be shown

    def _conceal_request(self):
        """Passwords that the call itself has in its settings; what it gives for files depends on the configuration."""
        request = self._request
        settings = [request.get(name) or {} for name in ("main", "prepend", "append", "if_supported")]
        settings += [item.get("options") or {} for item in request.get("master") or []]
        settings += [
            entry for choice in request.get("first_supported") or [] for entry in choice if isinstance(entry, dict)
        ]
        pairs = [(name, text) for values in settings for name, value in values.items() for text in _texts(value)]
        names = secret_names(pairs)
        for name, text in pairs:
            self._conceal(secret_texts(name, text, names))
        for item in request.get("master") or []:
            self._conceal(command_passwords(item.get("command") or ""))

    def _hide_values(self, main_plan, master_plan, mains, masters):
        """Keep the passwords in main.cf and master.cf, old and new, out of the difference, and find the files with some."""
        options = [option for master in masters for service in master.services() for option in service["options"]]
        pairs = [pair for main in mains for pair in main.values().items()] + options
        names = secret_names(pairs)
        for name, value in pairs:
            self._conceal(secret_texts(name, value, names))
        main_plan.hide = lambda text, former: hidden_main(text, former, names)
        master_plan.hide = lambda text, former: hidden_master(text, former, names)
        self._secret_files = SecretFiles(
            use
            for main, master in zip(mains, masters)
            for use in uses_of(scopes_of(main.values(), master.services(), self._host))
        )
        for path, texts, content in self._given():
            if self._secret_files.holds_password(path, content) or _looks_secret(content) or holds_private_key(content):
                self._conceal(texts)

    def _given(self):
        """list of (str, set of str, str or None): path of each table and file, the texts for it, the content of a file."""
        found = []
        for item in self._request.get("tables") or []:
            texts = [part for text in _texts(item.get("entries")) for part in login_texts(text)]
            found.append((item["path"], set(texts), None))
        for item in self._request.get("files") or []:
            content = item.get("content")
            found.append((item["path"], set([content] if content else []), content))
        return found

    def _protected(self, path, what, attributes, keep):
        """(int or None, int or None, int or None): mode, owner and group of a file with secrets.

        Args:
            path, what: str.
            attributes: (int or None, int or None, int or None), mode, owner and group as given.
            keep: bool, whether the mode of a file that is there stays where it lets not everyone read.

        Raises:
            SettingError: the mode that is given lets everyone read.
        """
        mode, owner, group = attributes
        if mode is not None:
            return _checked_mode(mode, what), owner, group
        mail_owner = _mail_owner(self._host) if self._secret_files.is_proxied(path) else None
        current = attributes_of(os.path.realpath(path))
        if mail_owner is not None:
            # proxymap(8) runs as Postfix's own user when it opens the table.
            user, own_group = mail_owner
            if current is None or current[0] & 0o007 or not (current[0] & 0o040 or current[1] == user):
                return 0o640, owner, own_group if group is None else group
            return None, owner, group
        return (None if keep and current is not None and not current[0] & 0o007 else 0o600), owner, group

    # What is wanted

    def _set_main(self, plan, main):
        """(list of str, set of str, set of str): parameters that this Postfix does not know, and those that are set or given back."""
        wanted = dict(self._request.get("main") or {})
        for name in self._request.get("prefer_system_ca") or []:
            if name in wanted:
                # What a second run does not need is imported where it is needed: on the host nothing is compiled beforehand.
                from ansible_collections.mailops.relay.plugins.module_utils.host.trust import preferred_file

                wanted[name] = preferred_file(wanted[name], self._request.get("files") or [])
        optional = self._request.get("if_supported") or {}
        both = sorted(set(wanted) & set(optional))
        if both:
            raise SettingError("{0}: named in main and in if_supported; keep one of them".format(", ".join(both)))
        named = dict(wanted, **optional)
        chosen = first_supported(
            self._request.get("first_supported") or [],
            self._host.defaults if self._host.installed else None,
            named,
            self._host.table_types,
        )
        named.update(chosen)
        unknown = set()
        if self._host.installed:
            offered = set(optional)
            for entries in self._request.get("first_supported") or []:
                offered.update(name for entry in entries for name in entry)
            unknown = set(name for name in offered - set(wanted) if not is_known(name, self._host.defaults))
        else:
            self._warnings.append(
                "Postfix is not installed on this host yet: the values could not be checked against it, "
                "and the difference shown is against what there is now"
            )
        texts = dict(
            (name, None if value is None else setting_text(value, "main: " + name))
            for name, value in named.items()
            if name not in unknown
        )
        values = main.values()
        extended = self._extended(plan.destination, texts, values)
        texts.update(extended)
        if self._owner_name is not None and not self._owned.known and self._host.installed:
            from ansible_collections.mailops.relay.plugins.module_utils.postfix.earlier import Earlier

            earlier = Earlier(plan.destination, texts, values)
            self._earlier = earlier if earlier.found else None
        before = self._before(plan, lambda text: MainCf(text, plan.path).values(), texts, values)
        restored = self._owned.settle(plan.destination, texts, values, before)
        texts.update(restored)
        # Sorted: Python 2.7 gives a mapping in any order, and new parameters are appended in this one.
        for name, value in sorted(texts.items()):
            main.set(name, value)
        return sorted(unknown), set(named).union(extended), set(restored)

    def _extended(self, thing, texts, values):
        """dict: parameter -> str: lists of main.cf with elements of ours before and behind those that they have otherwise.

        Args:
            thing: str, main.cf itself, not a link to it.
            texts: dict: parameter -> str or None, what the call sets otherwise.
            values: dict: parameter -> str, what main.cf says.
        """
        claims = self._owned.claims
        first, last = [
            dict(
                (name, _elements(value, "{0}: {1}".format(option, name)))
                for name, value in (self._request.get(option) or {}).items()
            )
            for option in ("prepend", "append")
        ]
        found = {}
        for name in sorted(set(first).union(last)):
            before, behind = first.get(name, []), last.get(name, [])
            recorded = claims is not None and name in claims.keys(thing)
            if name in texts:
                base = texts[name]
            elif recorded and claims.is_ours(thing, name, values.get(name)):
                base = claims.before(thing, name)
            else:
                base = values.get(name)
                if recorded:
                    # Others have changed the list since: without ours it is what is to come back.
                    claims.found_since(thing, name, without_elements(base or "", before + behind) or None)
            others = without_elements(base or "", before + behind)
            found[name] = ", ".join(before + [others] * bool(others) + behind)
        return found

    def _before(self, plan, parse, wanted, current, name="{0}"):
        """dict or None: what an earlier release found; see ``Earlier.before``."""
        return None if self._earlier is None else self._earlier.before(plan.destination, parse, wanted, current, name)

    def _render(self, plan, config):
        """MainCf or MasterCf: a configuration as its plan has it then; the text from before when that is given back."""
        text = _rendered(config, plan.before)
        plan.after = self._owned.text(plan.destination, plan.before, text, self._earlier is None)
        return config if plan.after == text else type(config)(plan.after or "", plan.path)

    def _fits(self, thing, key, entry):
        """bool: whether an entry of a record is as it is recorded here; for ``Owned``."""
        if not is_path(thing):
            return False
        how = entry.get("how")
        if how is None:
            # Of what is no table.
            files = (self._host.main_file, self._host.master_file)
            return key == WHOLE or thing in [os.path.realpath(path) for path in files]
        kind, compiler = how
        return compiler in COMPILERS and kind in TEXT_TYPES + tuple(COMPILED_SUFFIXES)

    def _set_master(self, plan, master):
        items = [item for item in self._request.get("master") or [] if self._is_for_this_postfix(item)]
        services = set((item["name"], item["type"]) for item in items)
        current = _entries(master)
        asked, wanted, ours = {}, {}, {}
        for name, kind in sorted(services):
            key = "{0}/{1}".format(name, kind)
            asked[key] = [item for item in items if (item["name"], item["type"]) == (name, kind)]
            wanted[key], ours[key] = self._service(plan, key, asked[key], current.get(key))
        # Of an earlier release too that knew fewer options.
        found = dict(
            (key, wanted[key] if _holds(wanted[key], text) else text) for key, text in current.items() if key in wanted
        )
        before = self._before(plan, lambda text: _entries(MasterCf(text, plan.path)), wanted, found, "the service {0}")
        for key, text in list((before or {}).items()):
            if text is None and _adds(asked[key]):
                # It was there, whoever it was that set these: without it there would be no service at all.
                del before[key]
                self._earlier.adopted.remove("the service " + key)
                continue
            made = self._made(plan, key, asked[key], text)
            ours[key] = wanted[key] if _same_service(made, wanted[key]) else made
        texts = dict(wanted, **self._owned.settle(plan.destination, ours, current, before))
        for key in [key for item in items for key in ["{0[name]}/{0[type]}".format(item)]] + sorted(
            set(texts) - set(wanted)
        ):
            if fingerprint(texts[key], key) != fingerprint(current.get(key), key):
                name, _slash, kind = key.rpartition("/")
                master.put(name, kind, texts[key])

    def _service(self, plan, key, items, text):
        """(str or None, str or None): a service as it is to be, and as it would be had nobody else changed it.

        Args:
            plan: FilePlan, of master.cf.
            key: str, name/type.
            items: list of dict, what is asked of it.
            text: str or None, as it is.
        """
        claims = self._owned.claims
        if claims is None or key not in claims.keys(plan.destination):
            made = self._made(plan, key, items, text)
            return made, made
        # From before, so that what an item no longer says goes back too.
        before = claims.before(plan.destination, key)
        made = self._made(plan, key, items, text if before is None and _adds(items) else before)
        if text is None or claims.is_ours(plan.destination, key, text):
            made = text if _same_service(made, text) else made
            return made, made
        wanted = self._made(plan, key, items, text)
        if _same_service(made, wanted):
            return wanted, wanted
        if not claims.is_ours(plan.destination, key, made):
            self._warnings.append(
                "{0}: {1} was changed by somebody else after it had been set here: what is asked of it now is set, what is no "
                "longer asked of it stays".format(plan.path, key)
            )
        return wanted, made

    def _made(self, plan, key, items, text):
        """str or None: the text of a service with what is asked of it."""
        master = MasterCf(text or "", plan.path)
        self._set_services(master, items)
        name, _slash, kind = key.rpartition("/")
        return master.entry(name, kind)

    def _is_for_this_postfix(self, item):
        return not self._host.installed or all(name in self._host.defaults for name in item.get("if_supported") or [])

    def _set_services(self, master, items):
        for item in items:
            name, kind = item["name"], item["type"]
            if item.get("state") == "absent":
                master.remove_service(name, kind)
                continue
            what = "master: {0}/{1}: ".format(name, kind)
            fields = dict(
                (field, _flag(item.get(field), what + field)) for field in ("private", "unprivileged", "chroot")
            )
            fields.update((field, item.get(field)) for field in ("wakeup", "maxproc"))
            options = dict(
                (option, None if value is None else setting_text(value, what + option, ","))
                for option, value in (item.get("options") or {}).items()
            )
            # Without a Postfix to ask (check mode), the newest form is assumed.
            braces = not self._host.installed or self._host.version >= (3, 0)
            master.set(name, kind, fields, item.get("command"), options, braces)

    def _tables(self):
        plans = []
        for item in self._request.get("tables") or []:
            path = item["path"]
            what = "table {0}".format(path)
            self._check_path(path, what)
            kind = item.get("type") or self._host.defaults.get("default_database_type", "hash")
            check_type(path, kind)
            plan = self._table(item, path, what, kind)
            for name in [path] + compiled_paths(path, kind):
                self._host.planned[name] = plan.after is not None
                self._host.plans[os.path.realpath(name)] = plan
            plans.append(plan)
        return plans

    def _table(self, item, path, what, kind):
        given = item.get("secret_entries") is not None
        entries = item.get("secret_entries") if given else item.get("entries")
        secret = given or self._secret_files.holds_password(path)
        compiler = item.get("compiler") or ("postalias" if os.path.basename(path) == "aliases" else "postmap")
        attributes = (permission_bits(item.get("mode"), what),) + self._owner(item, what)
        if secret:
            attributes = self._protected(path, what, attributes, keep=False)
        plan = TablePlan(path, *attributes, secret=secret)
        if item.get("state") == "absent":
            plan.after = None
        elif entries is None:
            if plan.before is None and not self._check_mode:
                raise SettingError("{0}: there is no such file to compile; give its entries".format(what))
            plan.after = plan.before or ""
            plan.foreign = True
        else:
            plan.foreign = not item.get("exclusive", True)
            pairs = source_pairs(path, kind, compiler == "postalias", entry_pairs(path, kind, entries))
            if plan.foreign:
                plan.after = self._with_others(plan, kind, compiler, pairs)
            else:
                plan.after = table_text(path, kind, compiler == "postalias", pairs)
        if not plan.foreign:
            self._claim(plan, [kind, compiler])
        if kind not in TEXT_TYPES:
            plan.compile_with(compiler, kind)
        claims = self._owned.claims
        for key in claims.keys(plan.destination) if claims is not None else ():
            for former in (claims.how(plan.destination, key) or [])[:1]:
                plan.withdraw(former)
        for name in plan.former:
            self._host.planned[name] = False
        return plan

    def _with_others(self, plan, kind, compiler, pairs):
        """str or None: a table with these entries among those of others, and with those from before that are given back."""
        aliases = compiler == "postalias"
        wanted, current = dict(pairs), table_values(plan.before or "", plan.path, aliases)
        before = self._before(
            plan, lambda text: table_values(text, plan.path, aliases), wanted, current, plan.path + ": {0}"
        )
        claims = self._owned.claims
        if claims is not None and (plan.destination, WHOLE) in claims.left_out(plan.destination):
            # The same owner had the whole of it.
            text = (claims.before(plan.destination, WHOLE) or {}).get("text") or ""
            before = dict.fromkeys(wanted)
            before.update(table_values(text, plan.path, aliases))
        pairs = pairs + sorted(
            self._owned.settle(plan.destination, wanted, current, before, [kind, compiler]).items()
        )  # fmt: skip
        former = "" if claims is None else (claims.before(plan.destination, WHOLE) or {}).get("text") or ""
        text = table_text(plan.path, kind, aliases, pairs, plan.before or "", former)
        return self._owned.text(plan.destination, plan.before, text, self._earlier is None)

    def _claim(self, plan, how=None):
        """Claim the whole of a file."""
        if self._owned.claims is None:
            return
        attributes = attributes_of(plan.destination) or (None, None, None)
        before = dict(zip(("mode", "owner", "group"), attributes), text=plan.before)
        if self._earlier is not None and (plan.before == plan.after or self._earlier.has_changed(plan.destination)):
            before["text"] = self._earlier.text(plan.destination)
            self._earlier.adopted.append(plan.path)
        self._owned.claims.claim(plan.destination, WHOLE, plan.after, before, how)

    def _given_back(self):
        """list of FilePlan: tables and files that this owner has set and no longer names, as they were before."""
        claims = self._owned.claims
        plans = []
        for thing in sorted(set(thing for thing, _key in claims.left_out())) if claims else ():
            keys = [key for _thing, key in claims.left_out(thing)]
            if thing in self._host.plans or not keys:
                continue
            kind, compiler = claims.how(thing, keys[0]) or (None, None)
            before = claims.before(thing, WHOLE) if keys == [WHOLE] else None
            before = before or {}
            current = read_native(thing)
            secret = self._secret_files.holds_password(thing) or _looks_secret(current, before.get("text"))
            attributes = [before.get(name) for name in ("mode", "owner", "group")]
            plan = (FilePlan if kind is None else TablePlan)(thing, *attributes, secret=secret)
            if keys != [WHOLE]:
                plan.after = self._with_others(plan, kind, compiler, [])
            elif claims.release(thing, WHOLE, current):
                plan.after = before.get("text")
            else:
                continue
            if kind is not None:
                plan.foreign = True
                if kind not in TEXT_TYPES:
                    plan.compile_with(compiler, kind)
            for name in [thing] + plan.compiled:
                self._host.planned[name] = plan.after is not None
                self._host.plans[name] = plan
            plans.append(plan)
        return plans

    def _files(self):
        plans = []
        for item in self._request.get("files") or []:
            path = item["path"]
            what = "file {0}".format(path)
            self._check_path(path, what)
            present = item.get("state") != "absent"
            if present and item.get("content") is None:
                raise SettingError("{0}: it needs content".format(what))
            plans.append(self._file(item, path, what, item["content"] if present else None))
            self._host.plans[os.path.realpath(path)] = plans[-1]
            self._host.planned[path] = present
        return plans

    def _file(self, item, path, what, content):
        attributes = (permission_bits(item.get("mode"), what),) + self._owner(item, what)
        before = read_native(os.path.realpath(path))
        if self._secret_files.holds_password(path, content) or holds_private_key(content):
            attributes = self._protected(path, what, attributes, keep=True)
        elif attributes[0] is not None and _looks_secret(content):
            _checked_mode(attributes[0], what)
        # What only looks like a password is not shown either; a file of others that is there keeps its mode.
        new = (0o600 if _looks_secret(content) else 0o644, None, None)
        secret = self._secret_files.holds_password(path, before, content) or holds_private_key(content)
        plan = FilePlan(path, *attributes, secret=secret or _looks_secret(before, content), new=new)
        plan.after = content
        plan.withdraw_key()
        self._claim(plan)
        return plan

    @staticmethod
    def _owner(item, what):
        return (
            _account(pwd.getpwnam, item.get("owner"), what, "user"),
            _account(grp.getgrnam, item.get("group"), what, "group"),
        )

    def _check_path(self, path, what):
        if not os.path.isabs(path):
            raise SettingError("{0}: the path must begin with / and must not name a table type".format(what))
        if os.path.isdir(path):
            raise SettingError("{0}: this is a directory; name a file".format(what))
        directory = os.path.dirname(os.path.realpath(path))
        if not os.path.isdir(directory):
            text = "{0}: there is no directory {1}; create it first".format(what, directory)
            if not self._check_mode:
                raise SettingError(text)
            if self._host.installed:
                self._warnings.append(text)

    # What is wrong with it

    def _lint(self, main_before, main_after, master_before, master_after, managed, restored):
        host = self._host
        findings = lint.check(main_after.values(), master_after.services(), host)
        if not host.installed:
            findings = [finding for finding in findings if finding.identifier in INDEPENDENT_IDENTIFIERS]
        refused, remaining = lint.accepted(findings, self._request.get("accept_risks") or [])
        if refused:
            with host.judged_with({}, {}):
                known = _places(lint.check(main_before.values(), master_before.services(), host))
            old = [
                finding
                for finding in refused
                # An open relay is refused whoever wrote it; other faults only when this call brings or confirms them, and not
                # when it gives back what was there before.
                if not finding.identifier.startswith("open-relay-")
                and finding.parameter not in managed
                and (finding.parameter in restored or _place(finding) in known)
            ]
            if self._check_mode:
                # What is not there yet may be made in between; what this call itself takes away is missed.
                there = dict((path, True) for path, present in host.planned.items() if present)
                with host.judged_with(there, host.plans):
                    missing = _places(lint.check(main_after.values(), master_after.services(), host))
                old += [
                    finding
                    for finding in refused
                    if finding.identifier in lint.MISSING_IDENTIFIERS and _place(finding) in missing
                ]
            refused = [finding for finding in refused if finding not in old]
            remaining = [finding._replace(severity=lint.WARNING) for finding in old] + remaining
        if refused:
            raise RefusedError(refused)
        self._warnings.extend(finding_text(finding) for finding in remaining)
        return remaining

    def _needs_restart(self, before, after):
        def value(settings, name):
            try:
                return self._expanded(settings, name)
            except ExpansionError:
                return settings.get(name, self._host.defaults.get(name))

        return any(value(before, name) != value(after, name) for name in RESTART_PARAMETERS)

    def _keep_protocols(self, before, after, master):
        """Taking back: keep C(inet_protocols) where no program of Postfix would start with what it was, as on an EL7 without IPv6.

        Args:
            before: MainCf.
            after: MainCf, what goes back; it is changed.
            master: MasterCf.
        """
        name = "inet_protocols"
        kept, former = before.values().get(name), after.values().get(name)
        if kept == former or self._stops(before, master) or not self._stops(after, master):
            return
        after.set(name, kept)
        self._warnings.append(
            "{0}: {1} = {2} stays: with what it was before ({3}), Postfix does not start on this host, which has no IPv6".format(
                self._host.main_file, name, kept, former or "not set"
            )
        )

    def _stops(self, main, master):
        """bool: whether no program of Postfix starts with these; each that is called then says so in the mail log."""
        findings = lint.check(main.values(), master.services(), self._host)
        return any(finding.identifier in lint.STOPS for finding in findings)

    # Putting it in place

    def _load_copy(self, main_plan):
        """Check mode: let a program of Postfix that only reads load the new main.cf from a copy elsewhere."""
        directory = tempfile.mkdtemp(dir=self._scratch)
        try:
            _write_aged(os.path.join(directory, "main.cf"), main_plan.after or "", 0o600)
            self._load(directory)
        finally:
            shutil.rmtree(directory)

    def _load(self, directory):
        # postfix(1) and postsuper(1) tell a fatal error to the system log only; postmap(1) reads main.cf in
        # the same way and says on standard error which parameter is wrong. static: opens nothing.
        result = self._runner.run(["postmap", "-c", directory, "-q", "x", "static:x"], check=False)
        if result.rc != 0:
            raise InvalidError(self._explained(result, directory))

    def _explained(self, result, directory):
        text = "; ".join(line for line in (result.stderr or result.stdout).splitlines() if line.strip())
        text = text.replace(directory, self._host.config_directory) or "it wrote its reason to the system log only"
        if "no local interface found for ::1" in text:
            text += "; IPv6 is disabled on this host: set inet_protocols to ipv4"
        elif "no local interface found" in text:
            text += "; set inet_interfaces to addresses of this host"
        elif "bad numerical" in text or "bad time" in text or "bad boolean" in text:
            text += "; correct this value"
        return "Postfix refuses the new configuration, nothing was changed: " + text

    @staticmethod
    def _write_copy(directory, main_text, master_text):
        os.mkdir(directory, 0o700)
        _write_aged(os.path.join(directory, "main.cf"), main_text or "", 0o644)
        _write_aged(os.path.join(directory, "master.cf"), master_text, 0o644)

    def _check(self, directory):
        return self._runner.run(["postfix", "-c", directory, "check"], check=False)

    def _activate(self, main_plan, master_plan, others):
        with Transaction(self._label) as transaction:
            directory = transaction.stage_of(os.path.join(os.path.realpath(self._host.config_directory), "check"))
            self._write_copy(directory, main_plan.after, master_plan.after)
            self._load(directory)
            result = self._check(directory)
            if result.rc != 0:
                raise InvalidError(self._explained(result, directory))
            writer = Writer(transaction, [main_plan, master_plan] + others, self._owned)
            for plan in others:
                if plan.changed and plan.after is not None:
                    self._stage(writer, plan, directory)
            config = [plan for plan in (master_plan, main_plan) if plan.replaced]
            if len(config) == 2:
                config = self._ordered(directory, main_plan, master_plan)
            for plan in config:
                writer.stage(plan)
                writer.move(plan)
            for plan in others:
                if plan.changed and plan.after is None:
                    for path in plan.compiled + [plan.destination]:
                        if os.path.exists(path):
                            writer.remove(path)
                for path in plan.former:
                    writer.remove(path)
            backed_up = [main_plan, master_plan] + others if self._request.get("backup") else []
            return writer.activate(plan for plan in backed_up if plan.replaced)

    def _ordered(self, directory, main_plan, master_plan):
        """list of FilePlan: in which order main.cf and master.cf keep Postfix able to start, and mail going, in between."""
        ends = [(main_plan.before, master_plan.before), (main_plan.after, master_plan.after)]
        known = set().union(*[_places(self._errors(*texts)) for texts in ends])
        orders = [
            ([master_plan, main_plan], main_plan.before, master_plan.after),
            ([main_plan, master_plan], main_plan.after, master_plan.before),
        ]
        possible = []
        for number, (order, main_text, master_text) in enumerate(orders):
            if self._stops(*self._parsed(main_text, master_text)):
                continue
            copy = "{0}.{1}".format(directory, number)
            self._write_copy(copy, main_text, master_text)
            if self._check(copy).rc == 0:
                possible.append((len(_places(self._errors(main_text, master_text)) - known), number, order))
        return min(possible)[2] if possible else orders[0][0]

    def _errors(self, main_text, master_text):
        """list of Finding: what would not work, of which C(postfix check) says nothing, such as a service that is missing."""
        main, master = self._parsed(main_text, master_text)
        findings = lint.check(main.values(), master.services(), self._host)
        return [finding for finding in findings if finding.severity == lint.ERROR]

    def _parsed(self, main_text, master_text):
        return MainCf(main_text or "", self._host.main_file), MasterCf(master_text or "", self._host.master_file)

    def _stage(self, writer, plan, config_directory):
        """Stage a table or file and compile it; it moves in before what it is compiled to: see ``make_newer``."""
        staged = writer.stage(plan)
        if plan.replaced:
            make_newer(staged, plan.compiled)
            writer.move(plan)
        if plan.compiled:
            self._compile(writer, plan, staged, config_directory)

    def _compile(self, writer, plan, staged, config_directory):
        program, kind = plan.compiler
        result = self._runner.run([program, "-c", config_directory, "{0}:{1}".format(kind, staged)], check=False)
        said = result.stderr.replace(staged, plan.path).strip()
        # A warning is about a line that is left out. Lines of others must not be in the way of a change.
        if result.rc != 0 or (said and not plan.foreign):
            raise InvalidError(
                "table {0}: {1} does not take it as {2}, nothing was changed: {3}".format(
                    plan.path, program, kind, said or "no reason given"
                )
            )
        if said:
            self._warnings.append("table {0}: {1}".format(plan.path, "; ".join(said.splitlines())))
        for path in plan.compiled:
            make_newer(staged + path[len(plan.destination) :], [staged])
            writer.move_made(path, plan.mode, plan.owner, plan.group)


def _write_aged(path, text, mode):
    """Write a file of a copy, with a time of change in the past.

    A program of Postfix that loads a file which has changed within the last second waits and reads it again, in
    case it is still being written (dict_load_file(3)). Nobody else writes to the copy, and each wait would count.
    """
    write_file(path, to_file_bytes(text), mode)
    past = time.time() - 60
    os.utime(path, (past, past))


def _checked_mode(mode, what):
    """int: the mode that is given for a file with secrets.

    Raises:
        SettingError: it lets everyone read.
    """
    if mode & 0o007:
        raise SettingError("{0}: mode {1:04o} lets everyone read secrets; use 0600".format(what, mode))
    return mode


def _looks_secret(*texts):
    return any(holds_password(text) for text in texts if text)


def _texts(value):
    """list of str: every text in an argument."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, (list, tuple)):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, TEXT) and value else []


def _mail_owner(host):
    """(int, int) or None: user and group that Postfix's own processes run as."""
    try:
        account = pwd.getpwnam(host.defaults.get("mail_owner", "postfix"))
    except KeyError:
        return None
    return account.pw_uid, account.pw_gid


def _rendered(config, before):
    text = config.render()
    return None if before is None and not text else text


def _entries(master):
    """dict: "name/type" -> text of each service of a ``MasterCf``."""
    keys = [(service["name"], service["type"]) for service in master.services()]
    return dict(("{0}/{1}".format(name, kind), master.entry(name, kind)) for name, kind in keys)


def _adds(items):
    """bool: whether what is asked of a service needs one that is there."""
    return not any(item.get("command") or item.get("state") == "absent" for item in items)


def _parts(text):
    """(list, list) or None: the fields and the program with its arguments of a service (str or None), its sorted settings."""
    service = next((found for found, _line in MasterCf(text or "", "").lines()), None)
    if service is None:
        return None
    return [service.field(name) for name in FIELDS[:-1]] + [service.command()], sorted(service.options())


def _same_service(one, other):
    """bool: whether two texts of a service (str or None) differ in nothing but the order of their settings, and in comments."""
    return _parts(one) == _parts(other)


def _holds(whole, part):
    """bool: whether a service (str or None) is another one (str) with further settings, or with none."""
    more, less = _parts(whole), _parts(part)
    return more is not None and more[0] == less[0] and set(less[1]) <= set(more[1])


def _flag(value, what):
    """str or None: a yes/no field of master.cf from C(y), C(n), C(-) or what YAML makes a boolean of."""
    if value is None:
        return None
    flag = {"y": "y", "yes": "y", "true": "y", "n": "n", "no": "n", "false": "n", "-": "-"}.get(str(value).lower())
    if flag is None:
        raise SettingError("{0}: '{1}' is not y, n or -".format(what, value))
    return flag


def _check_risks(accept_risks):
    risks = sorted(name for name, acceptable in lint.KNOWN_IDENTIFIERS.items() if acceptable)
    for name in accept_risks:
        if name not in risks:
            raise SettingError(
                "accept_risks: '{0}' is {1}; those that can be accepted are {2}".format(
                    name,
                    "a fault, not a risk" if name in lint.KNOWN_IDENTIFIERS else "no known finding",
                    ", ".join(risks),
                )
            )


def _check_paths_differ(plans):
    seen = {}
    for plan in plans:
        for path in [plan.destination] + plan.compiled:
            if path in seen:
                raise SettingError("{0} and {1} are the same file; name it once".format(seen[path], plan.path))
            seen[path] = plan.path


def _place(finding):
    return (finding.identifier, finding.file, finding.parameter, finding.value)


def _places(findings):
    return set(_place(finding) for finding in findings)
