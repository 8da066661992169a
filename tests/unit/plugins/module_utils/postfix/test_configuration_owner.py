# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import stat
import tempfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_configuration import (
    MAIN,
    MASTER,
    Postfix,
    call,
    files_in,
)

PATIENT = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OLD_BACKUP = "main.cf.2026-01-02@03:04:05~"
SUBMISSION = {"name": "submission", "type": "inet", "command": "smtpd", "options": {"syslog_name": "s"}}


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(owners_record, "RECORD", str(tmp_path / "state" / "owners.json"))
    etc = tmp_path / "postfix"
    etc.mkdir()
    (etc / "main.cf").write_bytes(MAIN.encode("ascii"))
    (etc / "master.cf").write_bytes(MASTER.encode("ascii"))
    return etc


def run(etc, owner="role", check_mode=False, **request):
    return call(Postfix(etc), check_mode, owner=owner, **request)


def main_of(etc):
    return files_in(etc)["main.cf"]


def replace(path, old, new):
    text = path.read_bytes()
    assert old in text
    path.write_bytes(text.replace(old, new))


def test_what_is_no_longer_named_returns_to_what_it_was(host):
    run(host, main={"relayhost": "a", "mynetworks": "10.0.0.0/8 127.0.0.0/8"}, master=[SUBMISSION])
    result = run(host, main={"relayhost": "a"})
    assert result["changed"] and result["reload_required"]
    assert main_of(host) == MAIN + "relayhost = a\n"
    assert files_in(host)["master.cf"] == MASTER
    assert [diff["before_header"] for diff in result["diff"]] == [str(host / "main.cf"), str(host / "master.cf")]
    assert not run(host, main={"relayhost": "a"})["changed"]


@pytest.mark.parametrize("foreign", [False, True])
def test_absent_gives_everything_back(host, foreign):
    # Formed as a person forms it: several settings of one parameter, a list over several lines, no blanks.
    text = MAIN.replace("mynetworks = ", "mynetworks=\n  # the first\n  ") + "relayhost=old\nsmtpd_use_tls=yes\n# end\n"
    (host / "main.cf").write_bytes((text + "inet_protocols=ipv4\ninet_protocols=all\n").encode("ascii"))
    before = files_in(host)
    run(
        host,
        main={"relayhost": "new", "mynetworks": "10.0.0.0/8", "smtpd_use_tls": None, "inet_protocols": "ipv4"},
        master=[SUBMISSION, {"name": "smtp", "type": "unix", "maxproc": "5", "options": {"syslog_name": "b"}}],
        tables=[{"path": str(host / "transport"), "type": "hash", "entries": {"a": "smtp:b"}}],
        files=[{"path": str(host / "anchors"), "content": "x\n"}],
    )
    if foreign:
        with open(str(host / "main.cf"), "a") as stream:
            stream.write("# by hand\nsoft_bounce = yes\n")
    foretold = run(host, check_mode=True, state="absent")
    result = run(host, state="absent")
    assert result["changed"] and result["diff"] == foretold["diff"] and "somebody else" not in repr(result["warnings"])
    if not foreign:
        assert files_in(host) == before
    else:
        assert "# by hand\nsoft_bounce = yes\n" in main_of(host)
        assert "relayhost = old\n" in main_of(host) and "smtpd_use_tls = yes\n" in main_of(host)
        assert files_in(host)["master.cf"] == MASTER
    assert not run(host, state="absent")["changed"]


def test_check_mode_writes_no_record(host, tmp_path):
    assert run(host, check_mode=True, main={"relayhost": "a"})["changed"]
    assert sorted(os.listdir(str(tmp_path))) == ["postfix"]


def test_what_is_only_to_be_recorded_is_not_up_to_date(host):
    wanted = {"myhostname": "relay.example.com"}
    first = run(host, check_mode=True, main=wanted)
    assert not first["changed"] and not first["up_to_date"]
    assert not run(host, main=wanted)["up_to_date"]
    assert run(host, check_mode=True, main=wanted)["up_to_date"]


def test_a_call_without_an_owner_has_no_part_in_it(host, tmp_path):
    run(host, main={"relayhost": "a"})
    call(Postfix(host), main={"relayhost": "b"})
    call(Postfix(host), main={})
    assert "relayhost = b\n" in main_of(host)
    result = run(host, state="absent")
    assert "relayhost was changed by somebody else" in " ".join(result["warnings"])
    assert "relayhost = b\n" in main_of(host)


def test_an_option_that_is_taken_out_of_a_service_goes_back(host):
    service = {"name": "smtp", "type": "inet"}
    run(host, master=[dict(service, options={"syslog_name": "1", "smtpd_tls_loglevel": "2"})])
    run(host, master=[dict(service, options={"syslog_name": "1"})])
    assert files_in(host)["master.cf"] == MASTER.replace("- - smtpd", "- - smtpd\n  -o syslog_name=1")
    assert not run(host, master=[dict(service, options={"syslog_name": "1"})])["changed"]


def test_a_service_that_somebody_else_has_changed_stays(host):
    run(host, master=[SUBMISSION])
    replace(host / "master.cf", b"syslog_name=s", b"syslog_name=mine")
    result = run(host)
    assert not result["changed"]
    assert "submission/inet was changed by somebody else" in " ".join(result["warnings"])


def test_a_password_table_and_what_names_it_go_back_together(host):
    table = str(host / "sasl_passwd")
    run(
        host,
        main={"smtp_sasl_password_maps": "hash:" + table},
        tables=[{"path": table, "type": "hash", "secret_entries": {"a": "user:geheim1"}}],
    )
    result = run(host)
    assert sorted(files_in(host)) == ["main.cf", "master.cf"] and main_of(host) == MAIN
    assert "geheim1" not in repr(result)


def test_a_table_that_was_there_comes_back_with_its_mode_and_is_compiled(host):
    table = host / "transport"
    table.write_bytes(b"old smtp:old\n")
    os.chmod(str(table), 0o640)
    run(host, tables=[{"path": str(table), "type": "hash", "entries": {"a": "smtp:b"}, "mode": "0644"}])
    run(host)
    assert files_in(host)["transport"] == "old smtp:old\n"
    assert stat.S_IMODE(os.stat(str(table)).st_mode) == 0o640
    assert files_in(host)["transport.db"] == "compiled old smtp:old\n"


@pytest.mark.parametrize("named", [True, False])
def test_entries_among_those_of_others_go_back(host, named):
    aliases = host / "aliases"
    aliases.write_bytes(b"# comment\nroot: me\npostmaster:root\n")
    item = {"path": str(aliases), "type": "hash", "exclusive": False}
    run(host, tables=[dict(item, entries={"root": "ops@example.com", "abuse": "ops@example.com"})])
    with open(str(aliases), "a") as stream:
        stream.write("others: there\n")
    run(host, tables=[dict(item, entries={"other": None})] if named else [])
    assert files_in(host)["aliases"] == "# comment\nroot: me\npostmaster:root\nothers: there\n"
    assert files_in(host)["aliases.db"].endswith("others: there\n")


def test_a_second_owner_is_refused_with_the_name_of_the_first_and_nothing_changes(host):
    run(host, main={"relayhost": "a"})
    before = files_in(host)
    for mode in (True, False):
        with pytest.raises(RelayError, match="relayhost: the owner role has set it to another value"):
            run(host, "site", mode, main={"relayhost": "b", "soft_bounce": True})
    assert files_in(host) == before
    assert run(host, "site", main={"relayhost": "a", "soft_bounce": True})["changed"]
    run(host, state="absent")
    assert main_of(host) == MAIN + "relayhost = a\nsoft_bounce = yes\n"
    run(host, "site", state="absent")
    assert main_of(host) == MAIN


def test_what_is_given_back_is_no_reason_to_refuse_unless_it_makes_an_open_relay(host):
    (host / "main.cf").write_bytes((MAIN + "smtp_tls_CAfile = /nonexistent\n").encode("ascii"))
    run(host, main={"smtp_tls_CAfile": None, "relayhost": "a"})
    assert "/nonexistent" in " ".join(run(host)["warnings"])
    assert "smtp_tls_CAfile = /nonexistent\n" in main_of(host)
    (host / "main.cf").write_bytes(MAIN.replace("127.0.0.0/8", "0.0.0.0/0").encode("ascii"))
    run(host, main={"mynetworks": "10.0.0.0/8"})
    with pytest.raises(RelayError, match="open-relay-mynetworks"):
        run(host, state="absent")
    run(host, state="absent", accept_risks=["open-relay-mynetworks"])
    assert "mynetworks = 0.0.0.0/0\n" in main_of(host)


@pytest.mark.parametrize("text", ["{", '{"format": 2}'])
def test_a_record_that_cannot_be_used_changes_nothing(host, tmp_path, text):
    run(host, main={"relayhost": "a"})
    (tmp_path / "state" / "owners.json").write_bytes(text.encode("ascii"))
    before = files_in(host)
    with pytest.raises(RelayError, match="owners.json: .* Nothing was changed"):
        run(host, state="absent")
    assert files_in(host) == before
    assert call(Postfix(host), main={"relayhost": "b"})["changed"]


@pytest.mark.parametrize(
    "request_, reason",
    [
        ({"owner": " "}, "is no name"),
        ({"owner": None, "state": "absent"}, "name it in owner"),
        ({"owner": "role", "state": "absent", "main": {"a": "b"}}, "leave out main"),
    ],
)
def test_a_request_that_means_nothing_is_refused(host, request_, reason):
    with pytest.raises(RelayError, match=reason):
        call(Postfix(host), **request_)


def test_a_package_that_is_gone_is_named_with_what_was_set(host):
    run(host, main={"relayhost": "a"})
    for mode in (False, True):
        with pytest.raises(RelayError, match="Postfix is not installed.*owners.json.*install the package"):
            call(Postfix(host, installed=False), mode, owner="role", state="absent")
    # Of an owner who has nothing there is nothing to give back.
    assert not call(Postfix(host, installed=False), owner="other", state="absent")["changed"]


def test_an_owner_of_whom_nothing_was_ever_recorded_is_told_so(host):
    call(Postfix(host), main={"relayhost": "a"})
    result = run(host, state="absent")
    assert not result["changed"] and "nothing is recorded on this host" in result["warnings"][0]
    run(host, main={"relayhost": "a"})
    run(host, state="absent")
    assert run(host, state="absent")["warnings"] == []


def settings_of(text):
    return dict(line.split(" = ") for line in text.splitlines() if " = " in line)


WANTED = {
    "relayhost": "a",
    "mynetworks": "10.0.0.0/8",
    "smtpd_helo_required": True,
    "smtpd_use_tls": None,
    "smtp_tls_loglevel": 1,
    "smtpd_tls_loglevel": 1,
}


@pytest.mark.parametrize("backup", [True, False])
def test_what_an_earlier_release_has_set_is_adopted_once_and_goes_back(host, tmp_path, backup):
    anchors = {"path": str(host / "anchors"), "content": "x\n"}
    request = {"main": WANTED, "master": [SUBMISSION], "files": [anchors]}
    (host / OLD_BACKUP).write_bytes((MAIN + "smtpd_use_tls = yes\nrelayhost = old\n").encode("ascii"))
    call(Postfix(host), **request)
    (host / OLD_BACKUP.replace("main", "master")).write_bytes(MASTER.encode("ascii"))
    if not backup:
        for name in (OLD_BACKUP, OLD_BACKUP.replace("main", "master")):
            os.unlink(str(host / name))
    before = files_in(host)
    foretold = run(host, check_mode=True, **request)
    result = run(host, **request)
    assert not result["changed"] and result["diff"] == [] and files_in(host) == before
    assert len(result["warnings"]) == 1 and result["warnings"] == foretold["warnings"]
    for word in ("relayhost", "mynetworks", "the service submission/inet", str(host / "anchors"), "role"):
        assert word in result["warnings"][0]
    assert run(host, **request)["warnings"] == []
    run(host, main=WANTED)
    assert files_in(host)["master.cf"] == MASTER and "anchors" not in files_in(host)
    run(host, state="absent")
    found = settings_of(main_of(host))
    assert found.get("mynetworks") == ("127.0.0.0/8" if backup else None)
    assert found.get("relayhost") == ("old" if backup else None)
    assert found.get("smtpd_use_tls") == ("yes" if backup else None)
    assert "smtpd_helo_required" not in found


@pytest.mark.parametrize("main", [WANTED, {}])
def test_what_a_fresh_host_has_already_is_its_own(host, main):
    result = run(host, main=dict(main, smtp_tls_security_level="may", myhostname="relay.example.com"))
    assert result["warnings"] == []
    run(host, state="absent")
    assert main_of(host) == MAIN


NAMES = st.sampled_from(["mynetworks", "debug_peer_list", "fast_flush_domains", "mydestination"])
TEXTS = st.none() | st.sampled_from(["127.0.0.0/8", "10.0.0.0/8", "a.example"])
MINE = ("mynetworks", "debug_peer_list", "mydestination")
STEPS = st.lists(st.tuples(st.sampled_from(["one", "two"]), st.dictionaries(NAMES, TEXTS, max_size=3)), max_size=6)


@PATIENT
@given(STEPS)
def test_foreign_lines_stay_byte_for_byte_whatever_two_owners_do(steps):
    top = os.path.realpath(tempfile.mkdtemp())
    record, owners_record.RECORD = owners_record.RECORD, os.path.join(top, "state", "owners.json")
    try:
        directory = os.path.join(top, "postfix")
        os.mkdir(directory)
        text = "# first\n  # second\n" + MAIN + "\n#debug_peer_list = no\ndebug_peer_list=b.example\n#end"
        for name, content in (("main.cf", text), ("master.cf", MASTER)):
            with open(os.path.join(directory, name), "w") as stream:
                stream.write(content)
        foreign = [line for line in text.splitlines() if line.split("=")[0].strip() not in MINE]
        for owner, main in steps + [("one", {}), ("two", {})]:
            try:
                run(directory, owner, main=main)
            except RelayError as exc:
                assert "another value" in str(exc) or "mynetworks" in str(exc)
            with open(os.path.join(directory, "main.cf")) as stream:
                lines = stream.read().splitlines()
            assert [line for line in lines if line in foreign] == foreign
        with open(os.path.join(directory, "main.cf")) as stream:
            assert stream.read() == text
    finally:
        owners_record.RECORD = record
        shutil.rmtree(top)
