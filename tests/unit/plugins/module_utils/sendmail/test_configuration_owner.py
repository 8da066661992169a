# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import TEMPORARY_SUFFIX, read_native
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import STAGE_PREFIX
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.damage import check_all_damage
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.sendmail.test_configuration import (  # noqa: F401 # pylint: disable=unused-import
    RELAY,
    apply,
    etc,
    files,
    full,
    host,
    write,
)


@pytest.fixture
def role(apply, etc, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(owners_record, "RECORD", str(tmp_path / "state" / "owners.json"))

    def call(check_mode=False, owner="role", **changes):
        wanted = dict(full(etc), address_lookups=False)
        wanted.update(changes)
        return apply(check_mode, owner=owner, **wanted)

    return call


@pytest.fixture
def absent(apply):  # noqa: F811
    return lambda check_mode=False, owner="role": apply(check_mode, owner=owner, state="absent")


def append(path, text):
    write(path, read_native(path) + text)


def test_everything_comes_back_byte_for_byte_and_check_mode_says_so(role, absent, etc):  # noqa: F811
    before = files(etc)
    role()
    assert not role()["changed"]
    there = files(etc)
    assert there["submit.cf"] != before["submit.cf"] and "anchors.pem" in there
    predicted = absent(check_mode=True)
    assert files(etc) == there
    result = absent()
    assert result == predicted and result["changed"] and result["restart_required"] and result["smart_host"] == ""
    assert files(etc) == before
    assert os.stat(etc + "/sendmail.cf").st_mtime > os.stat(etc + "/sendmail.mc").st_mtime
    assert not absent()["changed"]


def test_an_access_map_that_was_not_there_goes_with_what_is_compiled_of_it(role, absent, etc):  # noqa: F811
    for name in ("access", "access.db"):
        os.unlink(etc + "/" + name)
    before = files(etc)
    role()
    assert "access.db" in files(etc)
    assert etc + "/access.db" in [diff["before_header"] for diff in absent(check_mode=True)["diff"]]
    absent()
    assert files(etc) == before


def test_what_is_no_longer_named_comes_back(role, etc):  # noqa: F811
    before = files(etc)
    role()
    role(loopback_only=False, address_lookups=None, local_delivery=None)
    now = files(etc)
    assert now["submit.mc"] == before["submit.mc"] and now["submit.cf"] == before["submit.cf"]
    for name in ("nocanonify", "MAIL_HUB"):
        assert name not in now["sendmail.mc"]
    assert "SMART_HOST" in now["sendmail.mc"]


def test_lines_of_others_stay_when_ours_go(role, absent, etc):  # noqa: F811
    before = files(etc)
    role()
    append(etc + "/access", "Connect:10\t\tRELAY\n")
    write(etc + "/access.db", read_native(etc + "/access"))
    append(etc + "/sendmail.mc", "dnl theirs\n")
    # They have compiled it too.
    os.utime(etc + "/access.db", None)
    assert not role()["changed"]
    assert absent()["warnings"] == []
    now = files(etc)
    assert now["access"] == now["access.db"] == before["access"] + "Connect:10\t\tRELAY\n"
    assert now["sendmail.mc"] == before["sendmail.mc"] + "dnl theirs\n"
    assert now["sendmail.cf"] == before["sendmail.cf"]


def test_a_line_of_ours_that_others_have_changed_stays_and_is_named(role, absent, etc):  # noqa: F811
    before = files(etc)
    role()
    write(etc + "/access", read_native(etc + "/access").replace("VERIFY:112+CN", "ENCR:256"))
    (warning,) = absent()["warnings"]
    assert "access was changed by somebody else" in warning
    assert files(etc)["access"] == before["access"] + "TLS_Srv:{0}\tENCR:256\n".format(RELAY)
    assert files(etc)["sendmail.mc"] == before["sendmail.mc"]


def test_a_second_owner_may_want_the_same_and_nothing_else(role, absent, etc):  # noqa: F811
    before = files(etc)
    role()
    assert not role(owner="other")["changed"]
    there = files(etc)
    with pytest.raises(RelayError) as caught:
        role(owner="third", port=2525)
    assert "the owner other has set it to another value" in str(caught.value) and files(etc) == there
    assert not absent()["changed"]
    absent(owner="other")
    assert files(etc) == before


def test_a_hand_made_file_that_no_rebuild_would_give_comes_back(role, absent, etc):  # noqa: F811
    write(etc + "/sendmail.cf", read_native(etc + "/sendmail.cf").replace("\nDS\n", "\nDSold.example.com\n"))
    before = files(etc)
    role(address_lookups=None, local_delivery=None)
    absent()
    assert files(etc) == before


def test_without_sendmail_what_is_recorded_stays_there(role, absent, host, etc):  # noqa: F811
    host.programs = set()
    assert not absent()["changed"]
    host.programs = set(["sendmail", "m4", "makemap"])
    role()
    host.programs = set()
    with pytest.raises(RelayError) as caught:
        absent()
    assert "sendmail is not installed" in str(caught.value) and "owners.json" in str(caught.value)


def test_what_makes_no_sense_is_refused(apply, role, etc):  # noqa: F811
    for request in (dict(state="absent"), dict(owner="a", state="absent", smart_hosts=[RELAY]), dict(owner=" ")):
        with pytest.raises(RelayError):
            apply(**request)


def test_a_damaged_record_is_refused_and_nothing_changes(role, absent, etc, tmp_path):  # noqa: F811
    role()
    there = files(etc)
    write(str(tmp_path / "state" / "owners.json"), '{"format": 2}')
    for call in (role, absent):
        with pytest.raises(RelayError) as caught:
            call()
        assert "newer release" in str(caught.value)
    assert files(etc) == there


def test_what_an_earlier_release_has_set_returns_to_its_backup(role, absent, etc):  # noqa: F811
    before = files(etc)
    role(owner=None)
    for name in ("sendmail.mc", "sendmail.cf", "submit.mc", "submit.cf", "access"):
        write(etc + "/" + name + ".2026-01-02@03:04:05~", before[name])
    result = role()
    assert not result["changed"] and "earlier release" in " ".join(result["warnings"])
    absent()
    assert dict((name, files(etc)[name]) for name in before) == before


def test_what_this_release_wants_otherwise_than_an_earlier_one_returns_to_before_that_one(role, absent, etc):  # noqa: F811
    before = files(etc)
    role(owner=None, smart_hosts=["old.example.com"])
    stamp = time.strftime(".%Y-%m-%d@%H:%M:%S~")
    for name in ("sendmail.mc", "sendmail.cf", "submit.mc", "submit.cf", "access"):
        write(etc + "/" + name + stamp, before[name])
    # Of Ansible's own modules, which say nothing of us.
    write(etc + "/access.4242.2020-01-02@03:04:05~", "Connect:10\tRELAY\n")
    result = role()
    assert result["changed"] and "sendmail.mc" in result["warnings"][0] and "anchors.pem" in result["warnings"][0]
    assert not role()["changed"]
    absent()
    assert dict((name, text) for name, text in files(etc).items() if not name.endswith("~")) == before


def test_a_record_that_is_damaged_anywhere_is_refused_by_its_name_or_can_be_used(role, absent, etc):  # noqa: F811
    role(loopback_only=False, address_lookups=None, local_delivery=None)
    check_all_damage(lambda: absent(check_mode=True), lambda: files(etc))


def test_what_a_killed_run_left_beside_a_file_elsewhere_is_removed(role, etc, tmp_path):  # noqa: F811
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.rename(etc + "/access", str(elsewhere / "access"))
    os.symlink(str(elsewhere / "access"), etc + "/access")
    role()
    (elsewhere / (STAGE_PREFIX + "x" + TEMPORARY_SUFFIX)).mkdir()
    assert not role()["changed"]
    assert STAGE_PREFIX not in " ".join(os.listdir(str(elsewhere)))


def test_a_file_of_aliases_is_looked_at_before_the_others_and_goes_with_what_asked_for_it(role, etc):  # noqa: F811
    role()
    before = files(etc)
    aliases = etc + "/relay-root-aliases"
    wanted = {
        "alias_file": aliases,
        "files": full(etc)["files"] + [{"path": aliases, "content": "root: ops@example.net\n"}],
    }
    assert role(**wanted)["changed"]
    there = files(etc)
    assert "\nO AliasFile=stab:{0},/etc/mail/aliases\n".format(aliases) in there["sendmail.cf"]
    assert "define(`ALIAS_FILE', `stab:{0},/etc/mail/aliases')".format(aliases) in there["sendmail.mc"]
    assert not role(**wanted)["changed"]
    role()
    assert files(etc) == before
