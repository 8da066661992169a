# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of lookup tables and of files that belong to them, and what goes back."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import os
import pwd

from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan
from ansible_collections.mailops.relay.plugins.module_utils.host.files import permission_bits, read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import WHOLE
from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import holds_password, holds_private_key
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import attributes_of
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.table_plan import TablePlan
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import (
    TEXT_TYPES,
    check_type,
    compiled_paths,
    entry_pairs,
    source_pairs,
    table_text,
    table_values,
)


def tables(call):
    """list of TablePlan: the tables that the call names.

    Raises:
        SettingError: a path, type, mode, owner or entry cannot be.
    """
    plans = []
    for item in call.request.get("tables") or []:
        path = item["path"]
        what = "table {0}".format(path)
        _check_path(call, path, what)
        kind = item.get("type") or call.host.defaults.get("default_database_type", "hash")
        check_type(path, kind)
        plan = _table(call, item, path, what, kind)
        for name in [path] + compiled_paths(path, kind):
            call.host.planned[name] = plan.after is not None
            call.host.plans[os.path.realpath(name)] = plan
        plans.append(plan)
    return plans


def _table(call, item, path, what, kind):
    given = item.get("secret_entries") is not None
    entries = item.get("secret_entries") if given else item.get("entries")
    secret = given or call.secret_files.holds_password(path)
    compiler = item.get("compiler") or ("postalias" if os.path.basename(path) == "aliases" else "postmap")
    attributes = (permission_bits(item.get("mode"), what),) + _owner(item, what)
    if secret:
        attributes = _protected(call, path, what, attributes, keep=False)
    plan = TablePlan(path, *attributes, secret=secret)
    if item.get("state") == "absent":
        plan.after = None
    elif entries is None:
        if plan.before is None and not call.check_mode:
            raise SettingError("{0}: there is no such file to compile; give its entries".format(what))
        plan.after = plan.before or ""
        plan.foreign = True
    else:
        plan.foreign = not item.get("exclusive", True)
        pairs = source_pairs(path, kind, compiler == "postalias", entry_pairs(path, kind, entries))
        if plan.foreign:
            plan.after = _with_others(call, plan, kind, compiler, pairs)
        else:
            plan.after = table_text(path, kind, compiler == "postalias", pairs)
    if not plan.foreign:
        _claim(call, plan, [kind, compiler])
    if kind not in TEXT_TYPES:
        plan.compile_with(compiler, kind)
    claims = call.owned.claims
    for key in claims.keys(plan.destination) if claims is not None else ():
        for former in (claims.how(plan.destination, key) or [])[:1]:
            plan.withdraw(former)
    for name in plan.former:
        call.host.planned[name] = False
    return plan


def _with_others(call, plan, kind, compiler, pairs):
    """str or None: a table with these entries among those of others, and with those from before that are given back."""
    aliases = compiler == "postalias"
    wanted, current = dict(pairs), table_values(plan.before or "", plan.path, aliases)
    before = call.before(
        plan, lambda text: table_values(text, plan.path, aliases), wanted, current, plan.path + ": {0}"
    )
    claims = call.owned.claims
    if claims is not None and (plan.destination, WHOLE) in claims.left_out(plan.destination):
        # The same owner had the whole of it.
        text = (claims.before(plan.destination, WHOLE) or {}).get("text") or ""
        before = dict.fromkeys(wanted)
        before.update(table_values(text, plan.path, aliases))
    pairs = pairs + sorted(
        call.owned.settle(plan.destination, wanted, current, before, [kind, compiler]).items()
    )  # fmt: skip
    former = "" if claims is None else (claims.before(plan.destination, WHOLE) or {}).get("text") or ""
    text = table_text(plan.path, kind, aliases, pairs, plan.before or "", former)
    return call.owned.text(plan.destination, plan.before, text, call.earlier is None)


def _claim(call, plan, how=None):
    """Claim the whole of a file."""
    if call.owned.claims is None:
        return
    attributes = attributes_of(plan.destination) or (None, None, None)
    before = dict(zip(("mode", "owner", "group"), attributes), text=plan.before)
    if call.earlier is not None and (plan.before == plan.after or call.earlier.has_changed(plan.destination)):
        before["text"] = call.earlier.text(plan.destination)
        call.earlier.adopted.append(plan.path)
    call.owned.claims.claim(plan.destination, WHOLE, plan.after, before, how)


def given_back(call):
    """list of FilePlan: tables and files that this owner has set and no longer names, as they were before."""
    claims = call.owned.claims
    plans = []
    for thing in sorted(set(thing for thing, _key in claims.left_out())) if claims else ():
        keys = [key for _thing, key in claims.left_out(thing)]
        if thing in call.host.plans or not keys:
            continue
        kind, compiler = claims.how(thing, keys[0]) or (None, None)
        before = claims.before(thing, WHOLE) if keys == [WHOLE] else None
        before = before or {}
        current = read_native(thing)
        secret = call.secret_files.holds_password(thing) or looks_secret(current, before.get("text"))
        attributes = [before.get(name) for name in ("mode", "owner", "group")]
        plan = (FilePlan if kind is None else TablePlan)(thing, *attributes, secret=secret)
        if keys != [WHOLE]:
            plan.after = _with_others(call, plan, kind, compiler, [])
        elif claims.release(thing, WHOLE, current):
            plan.after = before.get("text")
        else:
            continue
        if kind is not None:
            plan.foreign = True
            if kind not in TEXT_TYPES:
                plan.compile_with(compiler, kind)
        for name in [thing] + plan.compiled:
            call.host.planned[name] = plan.after is not None
            call.host.plans[name] = plan
        plans.append(plan)
    return plans


def files(call):
    """list of FilePlan: the files that the call names.

    Raises:
        SettingError: a path, mode or owner cannot be, or the content is missing.
    """
    plans = []
    for item in call.request.get("files") or []:
        path = item["path"]
        what = "file {0}".format(path)
        _check_path(call, path, what)
        present = item.get("state") != "absent"
        if present and item.get("content") is None:
            raise SettingError("{0}: it needs content".format(what))
        plans.append(_file(call, item, path, what, item["content"] if present else None))
        call.host.plans[os.path.realpath(path)] = plans[-1]
        call.host.planned[path] = present
    return plans


def _file(call, item, path, what, content):
    attributes = (permission_bits(item.get("mode"), what),) + _owner(item, what)
    before = read_native(os.path.realpath(path))
    if call.secret_files.holds_password(path, content) or holds_private_key(content):
        attributes = _protected(call, path, what, attributes, keep=True)
    elif attributes[0] is not None and looks_secret(content):
        _checked_mode(attributes[0], what)
    # What only looks like a password is not shown either; a file of others that is there keeps its mode.
    new = (0o600 if looks_secret(content) else 0o644, None, None)
    secret = call.secret_files.holds_password(path, before, content) or holds_private_key(content)
    plan = FilePlan(path, *attributes, secret=secret or looks_secret(before, content), new=new)
    plan.after = content
    plan.withdraw_key()
    _claim(call, plan)
    return plan


def _protected(call, path, what, attributes, keep):
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
    mail_owner = _mail_owner(call.host) if call.secret_files.is_proxied(path) else None
    current = attributes_of(os.path.realpath(path))
    if mail_owner is not None:
        # proxymap(8) runs as Postfix's own user when it opens the table.
        user, own_group = mail_owner
        if current is None or current[0] & 0o007 or not (current[0] & 0o040 or current[1] == user):
            return 0o640, owner, own_group if group is None else group
        return None, owner, group
    return (None if keep and current is not None and not current[0] & 0o007 else 0o600), owner, group


def _owner(item, what):
    return (
        _account(pwd.getpwnam, item.get("owner"), what, "user"),
        _account(grp.getgrnam, item.get("group"), what, "group"),
    )


def _check_path(call, path, what):
    if not os.path.isabs(path):
        raise SettingError("{0}: the path must begin with / and must not name a table type".format(what))
    if os.path.isdir(path):
        raise SettingError("{0}: this is a directory; name a file".format(what))
    directory = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(directory):
        text = "{0}: there is no directory {1}; create it first".format(what, directory)
        if not call.check_mode:
            raise SettingError(text)
        if call.host.installed:
            call.warnings.append(text)


def _account(lookup, name, what, kind):
    if name is None:
        return None
    try:
        return lookup(name)[2]
    except KeyError:
        raise SettingError("{0}: there is no {1} '{2}' on this host; create it first".format(what, kind, name))


def _checked_mode(mode, what):
    """int: the mode that is given for a file with secrets.

    Raises:
        SettingError: it lets everyone read.
    """
    if mode & 0o007:
        raise SettingError("{0}: mode {1:04o} lets everyone read secrets; use 0600".format(what, mode))
    return mode


def looks_secret(*texts):
    """bool: whether one of these (str or None) looks as if it held a password, whatever it is for."""
    return any(holds_password(text) for text in texts if text)


def _mail_owner(host):
    """(int, int) or None: user and group that Postfix's own processes run as."""
    try:
        account = pwd.getpwnam(host.defaults.get("mail_owner", "postfix"))
    except KeyError:
        return None
    return account.pw_uid, account.pw_gid
