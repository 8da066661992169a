# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import secrets

LETTERS = st.text("abcxyz019", min_size=1, max_size=8)


@pytest.mark.parametrize(
    "label",
    [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
    ],
)
def test_every_kind_of_private_key_is_one(label):
    certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    key = "-----BEGIN {0}-----\nMIIE\n-----END {0}-----\n".format(label)
    assert secrets.holds_private_key(certificate + key) and secrets.holds_private_key(key.replace("\n", "\r\n"))
    assert not secrets.holds_private_key(certificate + key.replace("PRIVATE", "PUBLIC"))
    assert not secrets.holds_private_key(None)


@pytest.mark.parametrize(
    "text, has",
    [
        ("hosts = db\nuser = mail\npassword = hunter2\n", True),
        ("bind_pw=hunter2\n", True),
        ("sql_passwd: hunter2\n", True),
        ("uri = mongodb://mail:hunter2@db/\n", True),
        ("hosts = db\ndnpass = hunter2\n", True),
        ("pass: hunter2\n", True),
        ("db_pwd = hunter2\n", True),
        ("api_token=hunter2\n", True),
        ("uri ldap://db/\nbindpw hunter2\n", True),
        ("connect = host=db dbname=mail user=mail password=hunter2\n", True),
        ("bypass = yes\npassive: 1\ntokens = 3\n", False),
        ("hosts = db\npassword =\n", False),
        ("hosts = db\npassword =\n  hunter2\n", True),
        ("hosts = db\npassword =\nquery = select 1\n", False),
        ("#password = hunter2\n", False),
        ("root: ops@example.com\nroot:ops@example.com\n", False),
        ("From:spammer@example.com REJECT\n", False),
    ],
)
def test_a_password_in_a_file_of_settings(text, has):
    assert secrets.holds_password(text) == has


@given(LETTERS, LETTERS, LETTERS, st.sampled_from(["", "smtp://", "postgresql://"]))
def test_a_password_before_an_at_sign_is_hidden_and_all_else_stays(user, password, host, scheme):
    password = "PW" + password
    value = "{0}u{1}:{2}@{3}, other".format(scheme, user, password, host)
    assert secrets.without_logins(value) == value.replace(password, secrets.HIDDEN)
    assert secrets.login_passwords(value) == set([password])


@pytest.mark.parametrize(
    "value",
    [
        "inet:8891@localhost",
        "root@example.com",
        "hash:/etc/x@y",
        "smtp:[10.0.0.1]:25",
        "10.0.0.0/8 [::1]/128",
        "a: b@c",
        # tls_low_cipherlist as Postfix 3.7 has it, and what Debian's OpenSSL gives as its default.
        "aNULL:-aNULL:HIGH:MEDIUM:LOW:+RC4:@STRENGTH",
        "DEFAULT:!RC4:aNULL@SECLEVEL=2",
        "ALL:+RC4:HIGH@SECLEVEL=0",
    ],
)
def test_what_is_no_login_stays(value):
    assert secrets.without_logins(value) == value


@pytest.mark.parametrize("host", ["strength.example.com", "STRENGTH-1", "seclevel.example.com"])
def test_a_host_with_a_name_like_a_word_of_ciphers_shows_no_login(host):
    assert "hunter2" not in secrets.without_logins("smtp:user:hunter2@" + host)


@pytest.fixture
def key(tmp_path):
    os.chmod(str(tmp_path), 0o755)
    path = tmp_path / "key"
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\n")
    return str(path)


def test_others_can_read_a_file_when_its_mode_and_all_directories_let_them(key, monkeypatch):
    monkeypatch.setattr(secrets, "_above", lambda path: [os.path.dirname(path)])
    for mode, readers in ((0o644, "everybody on this host"), (0o604, "everybody on this host"), (0o600, None)):
        os.chmod(key, mode)
        assert secrets.readers_of(key) == readers
    os.chmod(key, 0o644)
    os.chmod(os.path.dirname(key), 0o700)
    assert secrets.readers_of(key) is None
    os.chmod(os.path.dirname(key), 0o711)
    assert secrets.readers_of(key) == "everybody on this host"
    assert secrets.readers_of(key, (0o600, 0, 0)) is None
    assert secrets.readers_of(key + ".nowhere") is None


@pytest.mark.parametrize(
    "group, people", [(0, False), (100, True), (1500, True), (65534, True), (105, False), (106, True)]
)
def test_a_group_counts_when_people_are_in_it(key, monkeypatch, group, people):
    accounts = [
        pwd.struct_passwd(("daemon", "x", 5, 105, "", "", "")),
        pwd.struct_passwd(("jo", "x", 1001, 106, "", "", "")),
    ]
    monkeypatch.setattr(secrets.pwd, "getpwall", lambda: accounts)
    monkeypatch.setattr(secrets, "_above", lambda path: [os.path.dirname(path)])
    assert bool(secrets.readers_of(key, (0o640, 0, group))) == people
    assert secrets.readers_of(key, (0o600, 0, group)) is None


def test_backups_are_told_from_other_files_by_their_names(tmp_path):
    names = [
        "anchors.pem.2026-11-22@07:44:01~",
        "anchors.pem.2026-11-22@07:44:01~2~",
        "anchors.pem.4711.2026-11-22@07:44:01~",
    ]
    for name in names + ["anchors.pem", "anchors.pem.old", "anchors.pem~", "other.pem.2026-11-22@07:44:01~"]:
        (tmp_path / name).write_bytes(b"")
    os.mkdir(str(tmp_path / "anchors.pem.2026-11-22@07:44:09~"))
    os.symlink("anchors.pem", str(tmp_path / "anchors.pem.2026-11-22@07:44:08~"))
    found = secrets.backups_of(str(tmp_path / "anchors.pem"))
    assert [os.path.basename(path) for path in found] == sorted(names)
    assert secrets.backups_of(str(tmp_path / "nowhere" / "x")) == []


def test_only_regular_files_are_looked_into(tmp_path):
    os.mkfifo(str(tmp_path / "fifo"))
    for path in (str(tmp_path / "fifo"), str(tmp_path), "/dev/zero", str(tmp_path / "nowhere"), "\0"):
        assert secrets.text_of(path) is None
    assert stat.S_ISFIFO(os.stat(str(tmp_path / "fifo")).st_mode)
