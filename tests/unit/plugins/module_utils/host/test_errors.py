# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import errors


def problem(code, path="/etc/postfix/main.cf"):
    return OSError(code, os.strerror(code), path)


@pytest.mark.parametrize(
    "code, fix",
    [
        ("ENOSPC", "make room on its file system"),
        ("EDQUOT", "raise the disk quota"),
        ("EROFS", "mount it for writing"),
        ("EACCES", "run it as root"),
        ("ELOOP", "in a circle"),
        ("ENAMETOOLONG", "give a shorter path"),
        ("EISDIR", "move the directory away"),
        ("ENOTDIR", "a part of the path is no directory"),
        ("ENOENT", "what it leads to is missing"),
    ],
)
def test_each_reason_has_its_own_fix(code, fix):
    text = errors.explained(problem(getattr(errno, code)))
    assert text.startswith("/etc/postfix/main.cf: {0}; ".format(os.strerror(getattr(errno, code)))) and fix in text
    assert ("writable" in text) is False


def test_an_error_that_nobody_foresaw_still_has_all_three_parts():
    assert errors.explained(problem(errno.EDOM)) == "/etc/postfix/main.cf: {0}; look at it on the host".format(
        os.strerror(errno.EDOM)
    )


def test_an_error_of_ours_and_one_without_a_number_stay_as_they_are():
    assert errors.explained(errors.RelayError("a: b; c")) == "a: b; c"
    assert errors.explained(IOError("timed out")) == "timed out"


def test_no_room_for_temporary_files_names_their_directories():
    exc = OSError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/root']")
    assert errors.explained(exc).endswith("found in ['/tmp', '/root']; make room in one of them, or make it writable")


def test_the_file_that_the_user_knows_is_named_instead_of_a_temporary_one(tmp_path):
    with pytest.raises(EnvironmentError) as raised, errors.about("/etc/postfix/main.cf"):
        os.rename(str(tmp_path / "temporary"), str(tmp_path / "other"))
    assert errors.explained(raised.value).startswith("/etc/postfix/main.cf: No such file or directory; ")


def test_what_a_program_says_of_a_full_disk_gets_the_fix_too():
    assert "make room" in errors.fix_for("postmap: fatal: write t.db: No space left on device\n")
    assert errors.fix_for("postmap: fatal: bad numerical configuration") == ""
