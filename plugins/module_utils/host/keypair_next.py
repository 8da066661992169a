# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The next key and certificate beside those in use, so that clients can trust both before the next ones take their place.

The next pair is two files beside the pair in use, with ``NEXT_SUFFIX`` behind their names. With the first switch the two paths of the
pair in use become symbolic links through ``current`` in a directory of pairs, and each switch is one rename(2) of ``current``: a key
and the certificate of another are never there together.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import tempfile

from ansible_collections.mailops.relay.plugins.module_utils.host import files, keypair
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import about, explained
from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import diff_of
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import (
    CLOCK_STEP,
    KeypairError,
    Plan,
    absent,
    attribute_reasons,
    check,
    check_authority,
    decide,
    inspect,
    target_attributes,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import CSR, NEXT_SUFFIX, OWNCA
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import (
    Transaction,
    TransactionError,
    remove_stale,
    write_file,
)

PAIRS_SUFFIX = ".pairs"

_CURRENT = "current"
_PREFIX = "pair."
# Names in the directory of a pair, the key first.
_NAMES = (("privatekey", "privatekey.pem"), ("certificate", "certificate.pem"))


def next_of(wanted):
    """Wanted: the next pair of the one that is wanted. What is there of an earlier one is this module's own work."""
    return wanted._replace(
        privatekey_path=wanted.privatekey_path + NEXT_SUFFIX,
        certificate_path=wanted.certificate_path + NEXT_SUFFIX,
        force=True,
        replace_broken_key=True,
        backup=False,
    )


def serves(found, now):
    """bool: whether clients can verify the server with this pair now, so that it is worth to go on with.

    It may be for another name than the one that is asked for: that is the name which clients use that know of nothing new.

    Args:
        found: Found.
        now: float, seconds since the epoch.
    """
    certificate = found.certificate
    return (
        found.key is not None
        and certificate is not None
        and certificate.public_key.der == found.key.der
        and certificate.not_before <= now + CLOCK_STEP
        and now < certificate.not_after
    )


def ensure(wanted, switch, runner, check_mode, label, now):
    """The whole of the module with C(overlap): make a next pair, keep it, put it in place or throw it away.

    Args:
        wanted: Wanted, with names as the user wrote them.
        switch: bool, whether a next pair takes the place of the one in use.
        runner, check_mode, label, now: as of ``keypair.ensure``.

    Returns:
        (dict, list): the result of ``keypair.ensure`` about the pair in use; warnings.

    Raises:
        RelayError: refused or failed; the pair in use was not changed.
    """
    wanted = check(wanted)
    if wanted.provider == CSR:
        raise KeypairError(
            "overlap is not used with provider=csr: the certificate comes from elsewhere. Remove it, or set another provider."
        )
    if runner is None or absent(wanted):
        # It says what is missing, or what check mode can foresee nevertheless.
        return keypair.ensure(wanted, runner, check_mode, label, now)
    following = next_of(wanted)
    if not check_mode:
        directories = keypair.directories_of(wanted) + keypair.directories_of(following)
        keypair.locked(sorted(set(directories)), lambda: _tidy(wanted, directories))
    found, waiting = inspect(wanted, runner, now), inspect(following, runner, now)
    ready = _is_ready(following, waiting, now)
    plan = decide(wanted._replace(force=wanted.force or ready), found, now)
    due = plan.new_key or plan.new_document
    if due and ready and (switch or not serves(found, now)):
        return _switched(wanted, following, found, waiting, plan, runner, check_mode, label, now)
    if due and serves(found, now):
        return _waiting(wanted, following, found, waiting, ready, plan, runner, check_mode, label, now)
    if not check_mode:
        keypair.forget_request(following)
    result, warnings = keypair.ensure(wanted, runner, check_mode, label, now)
    left = [path for path in _paths(following) if os.path.lexists(path)]
    if left:
        if not check_mode:
            keypair.locked(keypair.directories_of(following), lambda: _remove(left))
        # Whoever serves the pair may not have read it anew since it took its place.
        result.update(changed=True, reload_required=True)
        result["reasons"] = result["reasons"] + ["next: {0} is of no more use".format(path) for path in left]
    return result, warnings


def _paths(wanted):
    return [wanted.privatekey_path, wanted.certificate_path]


def _is_ready(following, waiting, now):
    """bool: whether there is a next pair, as it is asked for now."""
    if None in (waiting.data["privatekey"], waiting.data["certificate"]) or waiting.broken or waiting.key is None:
        return False
    plan = decide(following, waiting, now)
    return not (plan.new_key or plan.new_document)


def _remove(paths):
    """Take away the next pair, the certificate first: a key without it is none."""
    for path in reversed(paths):
        with about(path):
            os.unlink(path)
    for directory in sorted(set(map(os.path.dirname, paths))):
        files.fsync_directory(directory)


def _waiting(wanted, following, found, waiting, ready, plan, runner, check_mode, label, now):
    """(dict, list): the module's result where the pair in use goes on, and the next one is there or made."""
    reasons, backups = [], []
    diffs, unsigned = [], {}
    made = not ready
    if made:
        making, was = decide(following, waiting, now), waiting
        keeps_key = not plan.new_key and waiting.key is None
        if keeps_key:
            # Clients that compare the key's fingerprint need no change.
            data = dict(waiting.data, privatekey=found.data["privatekey"])
            attributes = {} if waiting.data["privatekey"] is None else waiting.attributes
            waiting = waiting._replace(key=found.key, data=data, attributes=attributes, broken={})
        making = making._replace(
            new_key=making.new_key and not keeps_key,
            new_document=True,
            attributes=["privatekey"] if keeps_key else [],
            forced=False,
        )
        if wanted.provider == OWNCA and waiting.ca is not None:
            check_authority(following, waiting, runner, now)
        if keypair.needs_signature(following, making):
            if not check_mode:
                key_path = wanted.privatekey_path if keeps_key else following.privatekey_path
                asked = keypair.request(following, key_path, making.new_key, runner)
                request = keypair.request_facts(following, waiting, asked.text)
                return _unsigned(wanted, found, request, asked.key_made), []
            unsigned = keypair.request_facts(following, waiting, "")
        there = waiting.data["certificate"] is not None
        reasons += ["next: " + reason for reason in plan.reasons + (making.reasons if there else [])]
        before = _summary(following, was)
        if check_mode:
            after = keypair.foreseen(following, waiting, making, before, now)
        else:
            _attempt(lambda: keypair.apply(following, waiting, making, runner, label, now))
            waiting = inspect(following, runner, now)
            after = _summary(following, waiting)
        diffs.append(_diff(following, before, after))
    differing = attribute_reasons(wanted, found)
    if differing:
        reasons += [differing[role] for role in sorted(differing)]
        kept = Plan(False, False, sorted(differing), reasons, False, False)
        before = _summary(wanted, found)
        if not check_mode:
            _made, backups = _attempt(lambda: keypair.apply(wanted, found, kept, runner, label, now))
        diffs.append(_diff(wanted, before, keypair.foreseen(wanted, found, kept, before, now)))
    result = keypair.facts(wanted, found.key, found.certificate, None)
    result.update(
        changed=bool(reasons),
        reload_required=bool(differing),
        reasons=reasons,
        backup_files=backups,
        diff=diffs or _diff(wanted, {}, {}),
        switched=False,
        request=unsigned,
        next=dict(keypair.facts(following, waiting.key, waiting.certificate, None), made=made, reasons=plan.reasons),
    )
    return result, []


def _summary(wanted, found):
    shown = keypair.summary(found.key, found.certificate, keypair.shown_attributes(wanted, found.attributes))
    return dict(shown, **keypair.site_summary(wanted))


def _diff(wanted, before, after):
    return diff_of(wanted.privatekey_path, keypair.diff_text(before), keypair.diff_text(after))


def _attempt(work):
    try:
        return work()
    except (IOError, OSError) as exc:
        raise KeypairError("{0}. Nothing was changed.".format(explained(exc)))


def _switched(wanted, following, found, waiting, plan, runner, check_mode, label, now):
    """(dict, list): the module's result where the next pair takes the place of the one in use."""
    backups = []
    if not check_mode:
        kept = wanted.backup or plan.forced or bool(found.broken)
        directories = sorted(set(keypair.directories_of(wanted) + [os.path.dirname(_place(wanted)[1])]))
        backups = _attempt(
            lambda: keypair.locked(directories, lambda: _put_in_place(wanted, following, found, waiting, kept, label))
        )
    after = dict(_summary(wanted, found))
    after.update(keypair.summary(waiting.key, waiting.certificate, {}))
    result = keypair.facts(wanted, waiting.key, waiting.certificate, None)
    result.update(
        changed=True,
        reload_required=True,
        reasons=["next: it takes the place of the pair in use"] + plan.reasons,
        backup_files=backups,
        diff=_diff(wanted, _summary(wanted, found), after),
        switched=True,
        request={},
        next={},
    )
    return result, []


def _unsigned(wanted, found, request, changed):
    """dict: the module's result where the site's CA has to sign first: nothing else is done yet."""
    result = keypair.facts(wanted, found.key, found.certificate, None)
    result.update(
        changed=changed,
        reload_required=False,
        reasons=[],
        backup_files=[],
        diff=_diff(wanted, {}, {}),
        switched=False,
        request=request,
        next={},
    )
    return result


def _place(wanted):
    """(str, str): where the links of key and certificate are, or will be: behind links that others have made."""
    certificate = _end(wanted.certificate_path, lambda path: _link(path, "certificate"))
    return _end(wanted.privatekey_path, lambda _path: _link(certificate, "privatekey")), certificate


def _link(certificate, role):
    """str: what the link of a role says; certificate is its place."""
    return os.path.join(certificate + PAIRS_SUFFIX, _CURRENT, dict(_NAMES)[role])


def _end(path, own):
    while os.path.islink(path) and os.readlink(path) != own(path):
        path = os.path.join(os.path.dirname(path), os.readlink(path))
    return path


def _tidy(wanted, directories):
    """Take away what killed runs have left; under the lock."""
    pairs = _place(wanted)[1] + PAIRS_SUFFIX
    remove_stale(sorted(set(directories)) + [pairs])
    _remove_former(pairs)


def _remove_former(pairs):
    """Remove all pairs but the one that C(current) names."""
    if not os.path.isdir(pairs):
        return
    current = os.path.realpath(os.path.join(pairs, _CURRENT))
    for name in os.listdir(pairs):
        path = os.path.join(pairs, name)
        if name.startswith(_PREFIX) and os.path.realpath(path) != current:
            shutil.rmtree(path)


def _put_in_place(wanted, following, found, waiting, kept, label):
    """list of str: the backups. Put the next pair in the place of the one in use; under the lock.

    Raises:
        TransactionError, IOError, OSError: the pair in use is what it was.
    """
    for request, known in ((wanted, found), (following, waiting)):
        for role, path in (("privatekey", request.privatekey_path), ("certificate", request.certificate_path)):
            if files.read_bytes(path) != known.data[role]:
                raise TransactionError(
                    "{0} was changed by another program while this one worked; nothing was changed, run it again".format(
                        path
                    )
                )
    key, certificate = _place(wanted)
    pairs = certificate + PAIRS_SUFFIX
    attributes = dict((role, target_attributes(wanted, role, found.attributes.get(role))) for role, _name in _NAMES)
    with Transaction(label) as change:
        try:
            if not os.path.isdir(pairs):
                with about(pairs):
                    os.mkdir(pairs, 0o755)
            links = [(key, _link(certificate, "privatekey")), (certificate, _link(certificate, "certificate"))]
            linked = all(os.path.islink(path) and os.readlink(path) == target for path, target in links)
            # Where one of them is gone there is no pair that could go on meanwhile.
            whole = None not in (found.data["privatekey"], found.data["certificate"])
            if not linked and whole:
                _adopt(change, pairs, links, found, label)
            for (role, name), path in zip(_NAMES, (key, certificate)):
                if kept and found.data[role] is not None:
                    source = os.path.join(pairs, _CURRENT, name) if whole else path
                    change.keep(source, path, private=role == "privatekey")
            new, current = _new_pair(pairs, waiting.data, attributes, label), os.path.join(pairs, _CURRENT)
            old = os.readlink(current) if os.path.lexists(current) else None
            # This is the moment.
            _point(change, current, os.path.basename(new))
            try:
                files.fsync_directory(pairs)
            except BaseException:
                if old is not None:
                    _point(change, current, old)
                raise
            if not linked and not whole:
                _lead(change, links)
        except BaseException:
            change.roll_back()
            _remove_former(pairs)
            raise
        _remove_former(pairs)
        return list(change.backups)


def _adopt(change, pairs, links, found, label):
    """Have the two paths lead through C(current), to what they lead to now: nothing that is read there changes."""
    old = _new_pair(pairs, found.data, found.attributes, label)
    _point(change, os.path.join(pairs, _CURRENT), os.path.basename(old))
    files.fsync_directory(pairs)
    _lead(change, links)


def _lead(change, links):
    for path, target in links:
        _point(change, path, target)
        files.fsync_directory(os.path.dirname(path))


def _point(change, path, target):
    """Make a symbolic link at a path, in one step, whatever is there."""
    staged = change.stage_of(path)
    with about(path):
        os.symlink(target, staged)
        os.rename(staged, path)


def _new_pair(pairs, data, attributes, label):
    """str: a new directory with a key and its certificate, complete and on disk; nothing leads to it yet.

    Args:
        pairs: str, the directory that it is made in.
        data: dict, bytes by role.
        attributes: dict, (mode, owner, group) by role; None for an owner or group is the caller's.
        label: callable or None.
    """
    with about(pairs):
        path = tempfile.mkdtemp(prefix=_PREFIX, dir=pairs)
        for role, name in _NAMES:
            mode, owner, group = attributes[role]
            file = os.path.join(path, name)
            write_file(file, data[role], mode)
            os.chown(file, -1 if owner is None else owner, -1 if group is None else group)
            if label is not None:
                label(file, file)
        os.chmod(path, 0o755)
        files.fsync_directory(path)
    return path
