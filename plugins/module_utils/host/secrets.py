# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nobody but its owner may read: private keys and passwords in the text of files, and who can read a file."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import grp
import os
import pwd
import re
import stat

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.files import open_regular

HIDDEN = "(not shown)"
HIDDEN_CHANGED = "(not shown, changed)"

# The label of a private key, of each kind that OpenSSL, OpenSSH and GnuPG write (RFC 7468, RFC 4716, RFC 4880).
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")
# A line "password = ..." as in the definition files of ldap_table(5), mysql_table(5) and the like, and in the files of Cyrus SASL
# and Dovecot (dnpass; connect = host=x password=y, as PostgreSQL's libpq has it), or with its value in the line behind; "bindpw ..." as nslcd.conf(5) has it.
_PASSWORD_LINE = re.compile(
    r"^[ \t]*(?:(?=[\w.-]*(?:passw|passphrase|secret|credential|_pw))[\w.-]+"
    r"|(?:[\w.-]*[_.-])?(?:dnpass|pass|bindpw|pwd?|token|api_?key))[ \t]*[:=][ \t]*(?:\r?\n[ \t]+)?\S"
    r"|^[ \t]*(?:root|bind)(?:mod)?pw[ \t]+\S"
    r"|^[^#\n]*\bpassword=[^\s,;]",
    re.M | re.I,
)
# user:password@host in a value, where the first word is not one that takes an address or a text. A list of ciphers may end with @STRENGTH
# or have @SECLEVEL=2 in it (openssl-ciphers(1)).
_LOGIN = re.compile(
    r"(?<![\w.@-])(?P<user>(?:[a-z][a-z0-9+.-]{0,30}://)?"
    r"(?!(?:inet6?|unix|error|retry|discard|mailto):)"
    r"[^\s/:@{}\"'`,;=<>]{1,256}:)(?P<password>[^\s/@{}\"'`,;<>]{1,1024})(?=@(?!STRENGTH(?![\w.-])|SECLEVEL=))",
    re.I,
)
# In the text of any file only as part of a URL: From:user@example.com is an entry of an access map.
_URL_LOGIN = re.compile(
    r"(?P<user>\b[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{0,256}:)(?P<password>[^\s/@]{1,1024})(?=@)", re.I
)
# Names of backups: those of this collection (files.backup_path, Transaction.back_up), and those of Ansible's own modules.
_BACKUP_ENDING = re.compile(r"\.(?:\d+\.)?\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~(?:\d+~)?\Z")
# Keys, certificates and tables are smaller; of a larger file the beginning is looked at.
_LOOKED_AT = 1 << 22

# Where user accounts of people begin (SYS_GID_MAX of login.defs(5)), and the group that they share where each has none of its own.
_FIRST_PERSON, _USERS = 1000, 100


def holds_private_key(text):
    """bool: whether a text has a private key in PEM form, encrypted or not.

    Args:
        text: str or None.
    """
    return bool(text and _PRIVATE_KEY.search(text))


def holds_password(text):
    """bool: whether a file of settings gives a password, by the name of a setting or as in a URL."""
    return bool(_PASSWORD_LINE.search(text) or _URL_LOGIN.search(text))


def without_logins(value, note=HIDDEN):
    """str: a value with the password of each C(user:password@host) replaced by a note."""
    if "@" not in value:
        return value
    return _LOGIN.sub(lambda match: match.group("user") + note, value)


def login_passwords(value):
    """set of str: the passwords that ``without_logins`` hides."""
    return set(match.group("password") for match in _LOGIN.finditer(value)) if "@" in value else set()


def without_url_logins(text):
    """str: the text of a file with the password in each URL replaced by a note."""
    return _URL_LOGIN.sub(lambda match: match.group("user") + HIDDEN, text)


def text_of(path):
    """str or None: the content of a regular file; None when there is none, or it cannot be read."""
    try:
        handle = open_regular(path)
    except (EnvironmentError, TypeError, ValueError):
        return None
    with os.fdopen(handle, "rb") as stream:
        try:
            return to_native(stream.read(_LOOKED_AT), errors="surrogateescape")
        except (IOError, OSError):
            return None


def backups_of(path):
    """list of str: the backups that lie beside a file.

    Args:
        path: str, the file itself, not a link to it.
    """
    directory, name = os.path.split(path)
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return []
    found = [
        os.path.join(directory, other)
        for other in names
        if other.startswith(name) and _BACKUP_ENDING.match(other[len(name) :])
    ]
    return [backup for backup in found if stat.S_ISREG(os.lstat(backup).st_mode)]


def backups_with_key(path):
    """list of str: the backups of a file that hold a private key."""
    return [backup for backup in backups_of(path) if holds_private_key(text_of(backup))]


def readers_of(path, attributes=None):
    """str or None: who else than root, the owner and services can read a file; None for nobody.

    A group counts when people are in it: one whose number is that of people's groups, or the main group of one of them.
    The group of a service, such as C(postfix) or C(ssl-cert), has been given the file on purpose.

    Args:
        path: str. Directories above that keep others out are taken into account.
        attributes: (mode, owner, group) that the file will have, or None for those that it has.
    """
    path = os.path.realpath(path)
    try:
        if attributes is None:
            status = os.stat(path)
            attributes = status.st_mode, status.st_uid, status.st_gid
    except OSError as exc:
        if exc.errno in (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP):
            return None
        raise
    mode, _owner, group = attributes
    if mode & stat.S_IROTH and all(_lets_pass(directory, None) for directory in _above(path)):
        return "everybody on this host"
    if mode & stat.S_IRGRP and _has_people(group) and all(_lets_pass(directory, group) for directory in _above(path)):
        return "the group {0}".format(_group_name(group))
    return None


def can_read(path, user, group, attributes=None):
    """bool: whether a process of this user and group, without others, can read a file.

    Args:
        path: str.
        user, group: int.
        attributes: as for ``readers_of``.
    """
    path = os.path.realpath(path)
    try:
        if attributes is None:
            status = os.stat(path)
            attributes = status.st_mode, status.st_uid, status.st_gid
    except OSError:
        return False
    mode, owner, its_group = attributes
    bit = stat.S_IRUSR if owner == user else stat.S_IRGRP if its_group == group else stat.S_IROTH
    return bool(mode & bit) and all(_lets_pass(directory, group) for directory in _above(path))


def _above(path):
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        yield path


def _lets_pass(directory, group):
    """bool: whether a directory can be passed by everybody, or (group: int) by the members of a group."""
    try:
        status = os.stat(directory)
    except OSError:
        return False
    if status.st_mode & stat.S_IXOTH:
        return True
    return group is not None and status.st_gid == group and bool(status.st_mode & stat.S_IXGRP)


def _has_people(group):
    if group in (0, _USERS) or group >= _FIRST_PERSON:
        return group != 0
    return any(user.pw_gid == group and user.pw_uid >= _FIRST_PERSON for user in pwd.getpwall())


def _group_name(group):
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return str(group)
