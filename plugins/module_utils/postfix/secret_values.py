# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords in the values of main.cf and master.cf: which values hold them, and the same without them.

A table C(inline:{key = value}) or C(static:value) has its content in the value (DATABASE_README); a parameter whose name
speaks of passwords holds one unless its value only names tables in files.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.secrets import (
    HIDDEN,
    HIDDEN_CHANGED,
    login_passwords,
    without_logins,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import Memo
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import references, split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import (
    BLANKS,
    ConfigText,
    is_ignored,
    squeeze,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf

_NAME = re.compile(r"passw|passphrase|secret|credential|(?:\A|_)(?:pass|pwd?|token|api_?key)\Z")
# Named after passwords, and about something else.
_PLAIN_NAMES = ("smtp_sasl_password_result_delimiter", "lmtp_sasl_password_result_delimiter")
# What such a parameter may show: the tables in files, on servers and in other parameters that it names.
_FILE_TABLE = re.compile(
    r"!?(?:(?:proxy|debug):)*(?:\$\w+|btree|cdb|cidr|dbm|environ|hash|ldap|lmdb|memcache|mongodb|mysql|netinfo|nis|nisplus"
    r"|pcre|pgsql|regexp|sdbm|socketmap|sqlite|tcp|texthash|unix):[^\s{}@]+\Z"
)
_REFERENCE = re.compile(r"\$(?:\w+|\{\w+\}|\(\w+\))\Z")
_PATH_NAME = re.compile(r"_(?:maps|file|path|dir|directory|socket)\Z")
_TABLE_BRACES = re.compile(r"\b(?:inline|static):\{")
_WORD = re.compile(r"\S+")
_PREFIX = re.compile(r"(?:inline|static|texthash):")
# --password=x, --password x, --bind-pw x, {--password x} as pipe(8) takes words with blanks, API_TOKEN=x, MYSQL_PWD=x.
_OPTION_OF_COMMAND = re.compile(
    r"(?=\{?[\w-]+(?:=.|\Z))(\{?(?:--?[\w-]*(?:pass|secret|token|credential|api-?key)[\w-]*|--(?:[\w-]*-)?pwd?"
    r"|(?=\w+=)[A-Z_]*(?:PASS|SECRET|TOKEN|CREDENTIAL|API_?KEY)\w*|(?=\w+=)[A-Z_]*_PWD))"
    r"(?:=(.+))?\Z",
    re.I,
)
# The options of curl(1), wget(1) and the like that take user:password.
_LOGIN_OPTION = re.compile(r"\{?(?:-[uU]|--(?:proxy-)?user)\Z")
_LOGIN_IN_OPTION = re.compile(r"(\{?(?:-[uU]|--(?:proxy-)?user=)[^\s:=]+:)(.+)\Z")
# Short options of well-known programs that take a password, as the next word or in the same one (their manuals).
_OPTIONS_OF_PROGRAMS = dict(
    (name, re.compile(pattern))
    for names, pattern in (
        ("sshpass ncftpget ncftpls ncftpput mongo mongodump mongosh sendxmpp", r"(-p)(.+)?\Z"),
        # A blank behind it would end the option, and the program would ask for the password.
        ("mysql mysqladmin mysqldump mysqlimport mariadb mariadb-admin mariadb-dump 7z 7za 7zz", r"(-p)(.+)\Z"),
        ("swaks", r"(--?ap\Z|--?ap=)(.+)?\Z"),
        ("sendEmail sendemail", r"(-xp\Z)(.+)?"),
        (
            "ldapadd ldapcompare ldapdelete ldapexop ldapmodify ldapmodrdn ldappasswd ldapsearch ldapwhoami",
            r"(-w)(.+)?\Z",
        ),
        ("redis-cli", r"(-a\Z)(.+)?"),
        ("mosquitto_pub mosquitto_rr mosquitto_sub ipmitool zip unzip", r"(-P)(.+)?\Z"),
    )
    for name in names.split()
)
# What follows its options is another program with options of its own.
_WRAPPER = _OPTIONS_OF_PROGRAMS["sshpass"]
# Shorter ones are looked for only where they are the whole text, since they are in half the words of a result.
_SHORT = 6

_COMMENTED = re.compile(r"([ \t]*#[#\s]*(?:-o[ \t]*)?(?:\{[ \t]*)?)([A-Za-z0-9_][\w.-]*)([ \t]*=[ \t]*)(.*)", re.S)


# Rules ask for the same names again and again.
_secret = Memo(lambda name: bool(_NAME.search(name)) and name not in _PLAIN_NAMES, 2000)


def is_secret(name):
    """bool: whether a parameter holds a password by its name."""
    return _secret[name]


def secret_names(settings):
    """set of str: the parameters that hold passwords, by their names or since one of these refers to them.

    Args:
        settings: iterable of (str, str): every parameter of main.cf and option of master.cf with its value.
    """
    values = {}
    for name, value in settings:
        values.setdefault(name, []).append(value)
    names = set(name for name in values if is_secret(name))
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        for value in values.get(name, []):
            for item in split_list(value):
                for other in set() if _FILE_TABLE.match(item) else references(item):
                    if other not in names:
                        names.add(other)
                        waiting.append(other)
    return names


def holds_password(name, value, names=frozenset()):
    """bool: whether a value holds a password itself.

    Args:
        name: str, of the parameter; value: str.
        names: set of str, see ``secret_names``; names that speak of passwords need not be in it.
    """
    return _is_secret_value(name, value, names) or bool(command_passwords(value))


def _is_secret_value(name, value, names):
    if not (is_secret(name) or name in names) or value.lower() in ("", "yes", "no"):
        return False
    if _PATH_NAME.search(name) and value.startswith("/") and not re.search(r"[\s{}]", value):
        return False
    return not all(_FILE_TABLE.match(item) or _REFERENCE.match(item) for item in split_list(value))


def shown(name, value, names=frozenset(), note=HIDDEN):
    """str: a value without what must not be shown: passwords, and the content of tables that stand in the value.

    Args:
        name, value, names: see ``holds_password``.
        note: str, what stands in place of it.
    """
    if _is_secret_value(name, value, names):
        return note
    pieces, position = [], 0
    for start, end in _braces(value):
        pieces += [value[position:start], note]
        position = end
    return _without_passwords("".join(pieces + [value[position:]]), note)


def _without_passwords(value, note):
    """str: a value, which may be a command (C(mailbox_command)) or have C(NAME=value), without the passwords of ``shown_words``."""
    parts = _split_words(value.split())

    def visible(_match):
        begin, secret = next(parts)
        return begin + (note if secret else "")

    return without_logins(_WORD.sub(visible, value), note)


def _braces(value):
    """list of (int, int): where the content of each inline: or static: table in braces begins and ends."""
    found, position = [], 0
    match = _TABLE_BRACES.search(value)
    while match:
        level, position = 1, match.end()
        while position < len(value) and level:
            level += {"{": 1, "}": -1}.get(value[position], 0)
            position += 1
        found.append((match.end(), position if level else position - 1))
        match = _TABLE_BRACES.search(value, position)
    return found


def secret_texts(name, value, names=frozenset()):
    """set of str: what of a value must be in no text at all: the value, logins in it, and passwords of these.

    Args:
        name, value, names: see ``holds_password``.
    """
    if shown(name, value, names) == value:
        return set()
    texts = set([value]) | command_passwords(value)
    if not _is_secret_value(name, value, names):
        return texts | set(value[start:end].strip(BLANKS) for start, end in _braces(value))
    for piece in re.split(r"[{},]", value):
        pairs = [piece] + [word for word in piece.split() if not word.startswith("=")]
        for pair in pairs if "=" in piece else [piece]:
            login = pair.partition("=")[2] if "=" in piece else pair
            login = _PREFIX.sub("", login.strip(BLANKS))
            if ":" in login.strip(":"):
                texts.update(login_texts(login))
    return texts


def login_texts(value):
    """tuple of str: C(user:password) as a table has it, and the password where it is long enough to be looked for."""
    password = value.partition(":")[2]
    return (value, password) if len(password) >= _SHORT else (value,)


def hidden_main(text, former, names):
    """str: the text of a main.cf with ``shown`` values.

    Args:
        text: str.
        former: str or None, the text before a change, so that values that are not shown can be told to have changed.
        names: set of str, see ``secret_names``.
    """
    old = dict(_assignments(former or ""))
    config = ConfigText(text, "main.cf")
    for line in config.logical_lines():
        name, value = _assignment(line)
        differs = name in old and squeeze(old[name]) != squeeze(value)
        visible = shown(name, value, names, HIDDEN_CHANGED if differs else HIDDEN)
        if visible != value:
            line.replace("{0} = {1}".format(name, visible))
    return _hidden_comments(config.render(), names)


def _assignments(text):
    return [_assignment(line) for line in ConfigText(text, "main.cf").logical_lines()]


def _assignment(line):
    name, _equals, value = line.folded().partition("=")
    return name.strip(BLANKS), value.strip(BLANKS)


def hidden_master(text, former, names):
    """str: the text of a master.cf with ``shown`` values of C(-o), and no passwords in commands; see ``hidden_main``."""
    old = {}
    for service in MasterCf(former or "", "master.cf").services():
        for name, value in service["options"]:
            old[(service["name"], service["type"], name)] = value
    config = MasterCf(text, "master.cf")

    def option(key, name, value):
        differs = old.get(key + (name,), value) != value
        return shown(name, value, names, HIDDEN_CHANGED if differs else HIDDEN)

    config.show(option, shown_words)
    return _hidden_comments(config.render(), names)


def shown_words(words):
    """list of str: the arguments of a command without passwords: C(--password=...), C(--password ...), C(sshpass -p ...) and logins."""
    return [without_logins(begin + (HIDDEN if secret else "")) for begin, secret in _split_words(words)]


def command_passwords(command):
    """set of str: the passwords that ``shown_words`` hides, of the command of a service (str)."""
    # Neither options nor settings, as in most values.
    words = command.split() if "-" in command or "=" in command else ()
    return login_passwords(command) | set(secret for _begin, secret in _split_words(words) if secret)


def _split_words(words):
    """Yields (str, str): what of each word may be shown, and what not."""
    before = program = None
    last = ""
    for word in words:
        named, login = _OPTION_OF_COMMAND.match(word), _LOGIN_IN_OPTION.match(word)
        own = program.match(word) if program else None
        if own:
            # A password behind it may look like a name: -pmysecret.
            named = None
        if before == "password":
            yield "", word
        elif before == "login" and ":" in word:
            user, colon, password = word.partition(":")
            yield user + colon, password
        elif named and named.group(2):
            yield named.group(1) + "=", named.group(2)
        elif own and own.group(2):
            yield own.groups()
        elif login:
            yield login.groups()
        else:
            yield word, ""
        if before != "password":
            # As master.cf has it: argv=/usr/bin/sshpass.
            name = word.rpartition("/")[2].rpartition("=")[2]
            if name in _OPTIONS_OF_PROGRAMS:
                program = _OPTIONS_OF_PROGRAMS[name]
            elif program is _WRAPPER and word[:1] != "-" and last != "-P":
                program = None
        last = word
        if before != "password" and any(option and not option.group(2) for option in (named, own)):
            before = "password"
        else:
            before = "login" if _LOGIN_OPTION.match(word) else None


def _hidden_comments(text, names):
    """str: the text with commented-out settings treated as settings are."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    for number, line in enumerate(lines):
        match = _COMMENTED.match(line) if is_ignored(line) else None
        if match:
            begin, name, equals, value = match.groups()
            value, end = value.rstrip("\r\n"), value[len(value.rstrip("\r\n")) :]
            lines[number] = begin + name + equals + shown(name, value, names) + end
        elif is_ignored(line):
            lines[number] = shown("", line, names)
    return "".join(lines)
