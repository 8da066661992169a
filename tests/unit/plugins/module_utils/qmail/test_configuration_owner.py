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
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.damage import check_all_damage
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.qmail.test_configuration import Qmail

BEFORE = {"me": "web03.example.com\n", "rcpthosts": "web03.example.com\n", "locals": "# mine\nweb03.example.com\n"}
WANTED = {
    "me": "web03.example.org",
    "locals": [],
    "rcpthosts": [],
    "virtualdomains": None,
    "smtproutes": {"": "relay.example.com:25"},
    "morercpthosts": ["more.example.com"],
}


@pytest.fixture
def qmail(tmpdir, monkeypatch):
    monkeypatch.setattr(owners_record, "RECORD", str(tmpdir.join("state", "owners.json")))
    made = Qmail(tmpdir, monkeypatch)
    for name, text in BEFORE.items():
        made.write(name, text)
    made.write("virtualdomains", "a.example:alias-a\n", 0o640)
    made.program("qmail-newmrh")
    made.before = made.everything()
    return made


def make(qmail, owner="role", control=None, **other):
    return qmail.apply(WANTED if control is None else control, owner=owner, **other)


def absent(qmail, owner="role", **other):
    return qmail.apply(owner=owner, state="absent", **other)


def test_everything_comes_back_and_check_mode_says_so(qmail):
    make(qmail)
    assert not make(qmail)["changed"]
    assert set(qmail.everything()) == set(list(BEFORE) + ["smtproutes", "morercpthosts", "morercpthosts.cdb"])
    there = qmail.everything()
    predicted = absent(qmail, check_mode=True)
    assert qmail.everything() == there
    result = absent(qmail)
    assert result["changed"] and result["diff"] == predicted["diff"] and result["action"] == "restart"
    assert qmail.everything() == qmail.before and qmail.mode("virtualdomains") == 0o640
    assert not absent(qmail)["changed"]


def test_what_is_no_longer_named_comes_back(qmail):
    make(qmail)
    control = dict((name, WANTED[name]) for name in ("me", "locals", "rcpthosts", "smtproutes"))
    result = make(qmail, control=control)
    assert sorted(os.path.basename(item["path"]) for item in result["files"]) == ["morercpthosts", "virtualdomains"]
    assert not qmail.has("morercpthosts") and not qmail.has("morercpthosts.cdb")
    assert qmail.read("virtualdomains") == "a.example:alias-a\n"


def test_what_somebody_else_has_changed_stays_and_is_named(qmail):
    make(qmail)
    qmail.write("smtproutes", ":other.example.net\n")
    (warning,) = absent(qmail)["warnings"]
    assert "smtproutes was changed by somebody else" in warning and "stays" in warning
    assert qmail.read("smtproutes") == ":other.example.net\n"
    assert qmail.read("me") == BEFORE["me"]


@pytest.mark.parametrize("again", [False, True])
def test_lines_that_somebody_else_has_added_stay_beside_what_comes_back(qmail, again):
    make(qmail)
    qmail.write("locals", qmail.read("locals") + "# theirs\n")
    if again:
        assert not make(qmail)["changed"]
    assert absent(qmail)["warnings"] == []
    assert sorted(qmail.read("locals").splitlines()) == ["# mine", "# theirs", "web03.example.com"]


def test_equal_values_are_shared_and_another_one_is_refused(qmail):
    make(qmail)
    make(qmail, owner="other", control={"locals": []})
    there = qmail.everything()
    with pytest.raises(RelayError) as caught:
        make(qmail, owner="third", control={"me": "third.example.org"})
    assert "the owner role has set it to another value" in str(caught.value)
    assert qmail.everything() == there
    absent(qmail)
    assert qmail.read("locals") == "# mine\n"
    absent(qmail, owner="other")
    assert qmail.everything() == qmail.before


def test_what_would_open_the_relay_or_stop_qmail_stays(qmail):
    for name in ("me", "rcpthosts"):
        os.unlink(os.path.join(qmail.control, name))
    make(qmail)
    warnings = " ".join(absent(qmail)["warnings"])
    assert "me was not there before, but stays" in warnings and "open relay" in warnings
    assert qmail.read("me") == "web03.example.org\n" and qmail.read("rcpthosts") == ""
    assert not qmail.has("smtproutes")


def test_an_accepted_risk_is_given_back_too(qmail):
    os.unlink(os.path.join(qmail.control, "rcpthosts"))
    make(qmail)
    absent(qmail, accept_risks=["open-relay-rcpthosts"])
    assert not qmail.has("rcpthosts")


def test_credentials_come_and_go_with_their_mode_and_are_not_kept_in_the_record(qmail, tmpdir):
    credentials = [{"domain": "", "relay": "r.example.com", "port": 587, "user": "u", "password": "hunter22"}]
    qmail.write("smtproutes", ":old.example.com\n")
    qmail.apply({}, owner="role", credentials=credentials, credentials_format="pipe")
    assert qmail.mode("smtproutes") == 0o640
    assert "hunter22" not in tmpdir.join("state", "owners.json").read()
    result = absent(qmail)
    assert "hunter22" not in str(result)
    assert qmail.read("smtproutes") == ":old.example.com\n" and qmail.mode("smtproutes") == 0o644


@pytest.mark.parametrize(
    "other", [dict(state="absent"), dict(owner=""), dict(owner="role", state="absent", control={"me": "a.example"})]
)
def test_a_request_that_makes_no_sense_is_refused(qmail, other):
    with pytest.raises(RelayError):
        qmail.apply(**other)
    assert qmail.everything() == qmail.before


def test_a_damaged_record_is_refused_and_nothing_changes(qmail, tmpdir):
    make(qmail)
    record, there = tmpdir.join("state", "owners.json"), qmail.everything()
    record.write("{")
    for call in (make, absent):
        with pytest.raises(RelayError) as caught:
            call(qmail)
        assert "damaged" in str(caught.value) and str(record) in str(caught.value)
    assert qmail.everything() == there


def test_what_an_earlier_release_has_set_returns_to_its_backup(qmail):
    make(qmail, owner=None)
    for name in BEFORE:
        qmail.write(name + ".2026-01-02@03:04:05~", BEFORE[name])
    there = qmail.everything()
    result = make(qmail)
    assert not result["changed"] and qmail.everything() == there
    (warning,) = result["warnings"]
    assert "earlier release" in warning and "locals" in warning
    absent(qmail)
    assert dict((name, qmail.read(name)) for name in BEFORE) == BEFORE


@pytest.mark.parametrize("route", ["relay.example.com:25", "old.example.com:25"])
def test_a_route_that_an_earlier_release_made_goes_out_and_what_was_right_already_stays(qmail, route):
    old = dict(WANTED, smtproutes={"": route})
    year = time.time() - 365 * 86400
    qmail.write("me", "web03.example.org\n")
    for name in BEFORE:
        os.utime(os.path.join(qmail.control, name), (year, year))
    make(qmail, owner=None, control=old, backup=True)
    assert "me" not in [name.split(".20")[0] for name in qmail.everything() if name.endswith("~")]
    make(qmail)
    assert not make(qmail)["changed"]
    absent(qmail)
    assert not qmail.has("smtproutes") and not qmail.has("morercpthosts")
    assert qmail.read("me") == "web03.example.org\n" and qmail.read("locals") == BEFORE["locals"]


def test_without_qmail_there_is_nothing_to_give_back_and_what_is_recorded_is_named(qmail, tmpdir):
    missing = str(tmpdir.join("none", "control"))
    result = absent(qmail, directory=missing)
    assert not result["changed"] and "nothing is recorded" in " ".join(result["warnings"])
    make(qmail)
    os.rename(qmail.control, qmail.control + ".gone")
    with pytest.raises(RelayError) as caught:
        absent(qmail)
    assert "there is no qmail on this host" in str(caught.value)


def test_a_record_that_is_damaged_anywhere_is_refused_by_its_name_or_can_be_used(qmail):
    make(qmail)
    check_all_damage(lambda: absent(qmail, check_mode=True), qmail.everything)


ROOT = {"root@web03.example.com": "alias", "root@localhost": "alias"}
FORWARDS = {"root": "ops@example.net", "postmaster": "ops@example.net"}


def forward(qmail, forwards=None, virtualdomains=None, risks=(), **other):
    control = dict(WANTED, virtualdomains=ROOT if virtualdomains is None else virtualdomains or None)
    forwards = FORWARDS if forwards is None else forwards
    return make(qmail, control=control, forwards=forwards, accept_risks=list(risks), **other)


def alias_files(qmail):
    """dict: name -> text of the files of the user alias."""
    found = {}
    for name in os.listdir(qmail.alias):
        with open(os.path.join(qmail.alias, name)) as stream:
            found[name] = stream.read()
    return found


def alias_file(qmail, name, text):
    with open(os.path.join(qmail.alias, name), "w") as stream:
        stream.write(text)


@pytest.fixture
def null_client(qmail):
    """A qmail that delivers nothing itself, as the role has made it."""
    make(qmail)
    return qmail


def test_forwards_are_made_and_taken_back_with_what_leads_to_them(null_client):
    predicted = forward(null_client, check_mode=True)
    assert alias_files(null_client) == {}
    result = forward(null_client)
    assert result["diff"] == predicted["diff"] and result["action"] == "hup"
    assert alias_files(null_client) == {".qmail-root": "&ops@example.net\n", ".qmail-postmaster": "&ops@example.net\n"}
    assert not forward(null_client)["changed"]
    changed = forward(null_client, {"root": "two@example.net"})
    assert alias_files(null_client) == {".qmail-root": "&two@example.net\n"} and changed["warnings"] == []
    # What it has set itself is nobody's wish that would be lost.
    result = forward(null_client, {}, {})
    assert alias_files(null_client) == {} and not null_client.has("virtualdomains") and result["warnings"] == []
    forward(null_client)
    absent(null_client)
    assert alias_files(null_client) == {} and null_client.everything() == null_client.before


def test_an_empty_file_of_the_user_alias_is_used_and_comes_back(null_client):
    alias_file(null_client, ".qmail-root", "# nobody yet\n")
    forward(null_client)
    assert alias_files(null_client)[".qmail-root"] == "&ops@example.net\n"
    absent(null_client)
    assert alias_files(null_client) == {".qmail-root": "# nobody yet\n"}


def test_what_somebody_else_has_said_there_is_refused_unless_accepted(null_client):
    alias_file(null_client, ".qmail-root", "&admin@example.org\n")
    there = null_client.everything()
    for check_mode in (True, False):
        with pytest.raises(
            RelayError, match=r"alias/\.qmail-root where this mail goes.*'local-deliveries'.*nothing was changed"
        ):
            forward(null_client, check_mode=check_mode)
    assert null_client.everything() == there and alias_files(null_client) == {".qmail-root": "&admin@example.org\n"}
    (warning,) = forward(null_client, risks=["local-deliveries"])["warnings"]
    assert "no longer what it says" in warning and ".qmail-root" in warning
    # It is ours now, and another address of ours is no loss of theirs.
    assert forward(null_client, {"root": "two@example.net"})["warnings"] == []
    absent(null_client)
    assert alias_files(null_client) == {".qmail-root": "&admin@example.org\n"}


def test_what_somebody_else_has_put_there_since_is_refused_too(null_client):
    forward(null_client)
    alias_file(null_client, ".qmail-root", "&mine@example.org\n")
    with pytest.raises(RelayError, match="qmail-root"):
        forward(null_client)
    (warning,) = absent(null_client)["warnings"]
    assert "qmail-root was changed by somebody else" in warning
    assert alias_files(null_client) == {".qmail-root": "&mine@example.org\n"}


def test_a_virtual_domain_of_others_is_still_theirs_beside_ours(null_client):
    forward(null_client)
    null_client.write("virtualdomains", null_client.read("virtualdomains") + "shop.example:shop\n")
    with pytest.raises(RelayError, match=r"virtualdomains: shop\.example \(to shop\)"):
        forward(null_client, {}, {})
