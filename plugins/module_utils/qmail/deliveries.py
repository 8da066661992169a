# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a qmail delivers on its own host by somebody's wish, and what of that ends with other control files.

Sources: qmail-send(8) for C(locals) and C(virtualdomains), qmail-lspawn(8), qmail-users(5) and qmail-getpw(8) for who gets what is
local, dot-qmail(5) for C(.qmail) files.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import stat

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.qmail import control

# The control files that say what is local.
FILES = ("me", "locals", "virtualdomains")

# How many of each kind a message names.
_NAMED = 5


# The user to whom qmail-lspawn(8) gives what is no other user's, as conf-users of qmail has it.
ALIAS = "alias"
# A home with one of these: qmail-local(8) leaves the mail in the queue (conf-patrn, and while files of it are edited).
_MAIL_WAITS = stat.S_ISVTX | stat.S_IWOTH


def lost(home, before, after, theirs=None):
    """What is delivered on this host by somebody's wish, and would no longer be.

    Args:
        home: str, the home directory of qmail.
        before: dict of str to str or None: the text of each of ``FILES``; None is no file.
        after: likewise.
        theirs: str or None, the text of C(virtualdomains) without what its owner has set there, or what it is in ``before``.

    Returns:
        list of str: what ends, a phrase for each kind; empty when nothing does. The mailboxes of users who have said nothing of
        their mail are not among it.
    """
    found = []
    kept, left = _virtual(after), []
    wished = _virtual(before if theirs is None else {"virtualdomains": theirs})
    for domain, prefix in sorted(_virtual(before).items()):
        if domain in wished and domain not in kept:
            left.append("{0} (to {1})".format(domain or "every other domain", prefix))
    if left:
        found.append("virtualdomains: " + _some(left))
    if left or _local(before) - _local(after):
        entries = _assigned(home)
        if entries:
            found.append("users/assign: " + _some(entries))
        files = dot_qmail_files(home)
        if files:
            found.append("deliveries of " + _some(files))
    return found


def _local(texts):
    """set of str: the domains that are local; without the file, the name in me is (qmail-send(8))."""
    if texts["locals"] is None:
        return set([control.parse(control.CONTROL_FILES["me"], texts["me"]).lower()]) if texts["me"] else set()
    return set(domain.lower() for domain in control.parse(control.CONTROL_FILES["locals"], texts["locals"]))


def _virtual(texts):
    """dict: domain or address -> the prefix that it is delivered by; an empty one makes an exception, no virtual domain."""
    entries = control.parse(control.CONTROL_FILES["virtualdomains"], texts["virtualdomains"] or "")
    return dict((domain.lower(), prefix) for domain, prefix in entries.items() if prefix)


def alias_home():
    """str: the home of the user C(alias), in which qmail-local looks for its C(.qmail) files.

    Raises:
        ControlError: qmail would not use it.
    """
    try:
        user = pwd.getpwnam(ALIAS)
    except KeyError:
        raise control.ControlError(
            "forwards: there is no user '{0}' on this host, whose files they would be; make it as qmail's INSTALL.ids says, nothing was "
            "changed".format(ALIAS)
        )
    # qmail-getpw(8): the home of another is none.
    if not os.path.isdir(user.pw_dir) or os.stat(user.pw_dir).st_uid != user.pw_uid:
        raise control.ControlError(
            "forwards: {0}, the home of the user '{1}', is not there or not that user's, and qmail would not look in it; "
            "see qmail-getpw(8), nothing was changed".format(user.pw_dir, ALIAS)
        )
    if os.stat(user.pw_dir).st_mode & _MAIL_WAITS:
        raise control.ControlError(
            "forwards: {0}, the home of the user '{1}', is sticky or everybody may write in it, and qmail-local(8) lets its mail wait then; "
            "run chmod o-w,-t {0}, nothing was changed".format(user.pw_dir, ALIAS)
        )
    return user.pw_dir


def forwarded(directory, address):
    """str: to whom this host itself sends mail for an address on, by C(virtualdomains) and a file of the user C(alias); empty for nobody.

    Args:
        directory: str, of the control files.
        address: str.
    """
    entries = _virtual({"virtualdomains": read_native(os.path.join(directory, "virtualdomains"))})
    if entries.get(address.lower()) != ALIAS:
        return ""
    name = control.FORWARD_PREFIX + address.rpartition("@")[0].lower()
    lines = control.instructions(read_native(os.path.join(alias_home(), name)) or "")
    return ", ".join(line.lstrip("&") for line in lines)


def _some(items):
    more = len(items) - _NAMED
    return ", ".join(items[:_NAMED]) + (" and {0} more".format(more) if more > 0 else "")


def _assigned(home):
    """list of str: the addresses of users/assign; qmail-lspawn reads what qmail-newu has made of it, users/cdb, alone."""
    if not os.path.exists(os.path.join(home, "users", "cdb")):
        return []
    found = []
    for line in (read_native(os.path.join(home, "users", "assign")) or "").split("\n"):
        if line == ".":
            break
        # =local:... is one address, +local:... each that begins so.
        if line[:1] in ("=", "+"):
            found.append(line[1:].partition(":")[0] + ("*" if line[0] == "+" else ""))
    return found or ["a users/cdb without its source"]


def dot_qmail_files(home):
    """The files that say what is to be done with mail for a user, or for an address that is none's.

    Args:
        home: str, the home directory of qmail.

    Returns:
        list of str: paths of those with an instruction; an empty one is what a user without one has. One that cannot be read has.
    """
    directories = set([os.path.join(home, "alias")])
    for user in pwd.getpwall():
        try:
            # qmail-getpw(8): neither root nor a user whose home is another's gets mail.
            if user.pw_uid and os.stat(user.pw_dir).st_uid == user.pw_uid:
                directories.add(user.pw_dir)
        except (OSError, ValueError):
            continue
    found = []
    for directory in sorted(directories):
        try:
            names = os.listdir(directory)
        except OSError:
            continue
        # A dot in an address is a colon in the name of its file (qmail-local.c): dated copies are read by nobody.
        names = [name for name in sorted(names) if (name + "-").startswith(".qmail-") and "." not in name[1:]]
        paths = [os.path.join(directory, name) for name in names]
        found.extend(path for path in paths if _instructs(path))
    return found


def _instructs(path):
    try:
        return bool(control.instructions(read_native(path) or ""))
    except (RelayError, EnvironmentError):
        return True
