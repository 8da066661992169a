# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The private half of a DKIM key on this host: made when there is none, kept as long as nobody asks for another one."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import about
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer, diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import OpenSSL, reason_of
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Lock,
    Transaction,
    attributes_of,
    remove_stale,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record
from ansible_collections.mailops.relay.plugins.module_utils.mail.dkim_record import DkimError

# Of a directory that is made for keys: its owner alone sees which ones are there.
_DIRECTORY_MODE = 0o700

# mode, owner and group are int or None (keep, or those of this process for a new file); the rest is as the module's option.
Wanted = namedtuple("Wanted", "domain selector path size mode owner group force backup")


def ensure(wanted, runner, check_mode, label):
    """The whole of the module: look, decide and, unless in check mode, make the key.

    Args:
        wanted: Wanted.
        runner: ``commands.Runner``, or None when the host has no openssl program.
        check_mode: bool.
        label: callable or None, as for ``transaction.Transaction``.

    Returns:
        (dict, list of str): the module's result; warnings.

    Raises:
        RelayError: refused or failed; the key is what it was.
    """
    dkim_record.check_names(wanted.domain, wanted.selector)
    dkim_record.check_size(wanted.size)
    directory = os.path.dirname(os.path.realpath(wanted.path))
    warnings = []
    if runner is None:
        if not check_mode:
            raise DkimError("openssl: no such program on this host. Install the package openssl.")
        warnings.append("openssl: no such program on this host, so the key was not looked at. Install it first.")
    if check_mode:
        return _ensure(wanted, runner, True, label), warnings
    _make_directory(directory, wanted.owner, wanted.group)
    with Lock(directory):
        # Also where nothing is to be made: what a killed run left holds a key.
        remove_stale([directory])
        return _ensure(wanted, runner, False, label), warnings


def _make_directory(directory, owner, group):
    """Make the directory of the keys, and those above it, where they are not there."""
    if os.path.isdir(directory):
        return
    with about(directory):
        above = os.path.dirname(directory)
        if not os.path.isdir(above):
            os.makedirs(above, 0o755)
        os.mkdir(directory, _DIRECTORY_MODE)
        os.chown(directory, -1 if owner is None else owner, -1 if group is None else group)


def _ensure(wanted, runner, check_mode, label):
    """dict: the result, of which all but what is made is known beforehand."""
    plan = FilePlan(wanted.path, wanted.mode, wanted.owner, wanted.group, secret=True, new=(0o600, None, None))
    key, broken = _read(plan, runner)
    reason = _reason(wanted, plan, key, broken)
    before = _summary(key, attributes_of(plan.destination)) if plan.before is not None else ""
    backups = []
    if reason is None and not plan.replaced:
        return _result(wanted, key, [], [], diff_of(wanted.path, before, before))
    reasons = [reason or "mode, owner or group of {0} differ".format(wanted.path)]
    attributes = plan.mode, plan.owner, plan.group
    if check_mode:
        key = None if reason else key
        return _result(wanted, key, reasons, [], diff_of(wanted.path, before, _summary(key, attributes)))
    with Transaction(label) as change:
        scratch = os.path.dirname(change.stage_of(plan.destination))
        openssl = OpenSSL(runner, scratch)
        if reason is not None:
            plan.after = to_native(openssl.new_key("RSA", wanted.size, None))
        writer = Writer(change, [plan])
        staged = writer.stage(plan)
        key = openssl.public_key(staged)
        writer.move(plan)
        # What only force replaces is never thrown away: mail that was signed with it may still be on its way.
        kept = plan.before is not None and reason is not None
        backups = writer.activate([plan] if kept or (wanted.backup and plan.before is not None) else [])
    return _result(wanted, key, reasons, backups, diff_of(wanted.path, before, _summary(key, attributes)))


def _read(plan, runner):
    """(x509.PublicKey or None, str or None): the key that is there, or why it cannot be read; neither where there is none."""
    if plan.before is None or runner is None:
        return None, None
    if "ENCRYPTED" in plan.before:
        return None, "it is protected by a passphrase, and the signer could not open it"
    try:
        return OpenSSL(runner).public_key(plan.destination), None
    except (CommandError, x509.FormatError) as exc:
        return None, "openssl cannot read it ({0})".format(reason_of(exc) if isinstance(exc, CommandError) else exc)


def _reason(wanted, plan, key, broken):
    """str or None: why a new key is to be made.

    Raises:
        DkimError: what is there cannot sign, and nobody has asked to replace it.
    """
    if plan.before is None:
        return "{0} does not exist".format(wanted.path)
    fault = broken
    if key is not None:
        if key.kind != "RSA":
            fault = "it is no RSA key, which all verifiers take"
        elif not dkim_record.SMALLEST <= key.size <= dkim_record.LARGEST:
            fault = "it has {0} bits, and verifiers take {1} to {2} (RFC 8301)".format(
                key.size, dkim_record.SMALLEST, dkim_record.LARGEST
            )
        elif wanted.force and key.size != wanted.size:
            return "{0}: it has {1} bits, and {2} are asked for".format(wanted.path, key.size, wanted.size)
    if fault is None:
        return None
    if not wanted.force:
        raise DkimError(
            "path: {0} is not usable as a key: {1}. Put the right key there, name another path, or set force=true, which keeps a "
            "backup and makes a new key; its record has to be published before it signs. Nothing was changed.".format(
                wanted.path, fault
            )
        )
    return "{0}: {1}".format(wanted.path, fault)


def _summary(key, attributes):
    """str: what is shown of a key that is there or will be, with its (mode, owner, group): never the key itself."""
    lines = [
        "key: " + ("(new)" if key is None else "{0} {1} bits".format(key.kind, key.size)),
        "mode, owner and group: {0:04o} {1}:{2}".format(*attributes),
        "public key SHA-256: " + ("(new)" if key is None else x509.fingerprint(key.der)),
    ]
    return "".join(line + "\n" for line in lines)


def _result(wanted, key, reasons, backups, diff):
    """dict: what the module returns; what hangs on a key is None as long as there is none."""
    result = {
        "changed": bool(reasons),
        "reasons": reasons,
        "domain": wanted.domain,
        "selector": wanted.selector,
        "path": wanted.path,
        "record_name": dkim_record.record_name(wanted.domain, wanted.selector),
        "backup_files": backups,
        "diff": diff,
    }
    result.update(dict.fromkeys(("size", "public_key", "record", "record_strings", "zone_record")))
    if key is not None:
        public = dkim_record.public_text(key)
        text = dkim_record.record_text(public)
        result.update(
            size=key.size,
            public_key=public,
            record=text,
            record_strings=dkim_record.split_text(text),
            zone_record=dkim_record.zone_text(wanted.domain, wanted.selector, text),
        )
    return result
