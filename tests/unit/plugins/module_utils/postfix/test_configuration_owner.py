# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import shutil
import stat
import tempfile
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import owners_record
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import TEMPORARY_SUFFIX
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import STAGE_PREFIX
from ansible_collections.mailops.relay.plugins.module_utils.postfix import installation
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import table_values
from ansible_collections.mailops.relay.plugins.module_utils.postfix.wanted_main import without_elements
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.damage import check_all_damage
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.postfix.test_configuration import (
    MAIN,
    MASTER,
    Postfix,
    call,
    files_in,
)

PATIENT = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


class WithoutIPv6(Postfix):
    """As EL7 with IPv6 off and C(::1 localhost) in /etc/hosts: with inet_interfaces = localhost no program of Postfix starts, and
    each says so in the mail log."""

    def run(self, argv, **kwargs):
        if argv[0] in ("postfix", "postmap") and "-c" in argv:
            with open(os.path.join(argv[argv.index("-c") + 1], "main.cf")) as stream:
                assert "inet_protocols = ipv4" in stream.read()
        return super(WithoutIPv6, self).run(argv, **kwargs)


def test_no_program_is_called_with_what_stops_it(host, monkeypatch):
    monkeypatch.setattr(installation, "can_bind", lambda name: name == "127.0.0.1")
    monkeypatch.setattr(installation, "has_ipv6_address", lambda name: name == "localhost")
    text = MAIN + "inet_interfaces = localhost\ninet_protocols = all\n"
    (host / "main.cf").write_bytes(text.encode("ascii"))
    wanted = {"inet_protocols": "ipv4", "inet_interfaces": "127.0.0.1", "relayhost": "a"}
    call(WithoutIPv6(host), owner="role", main=wanted, master=[SUBMISSION])
    # Taken back, it starts no less than before.
    foretold = call(WithoutIPv6(host), True, owner="role", state="absent")
    result = call(WithoutIPv6(host), owner="role", state="absent")
    assert (
        main_of(host) == text.replace("protocols = all", "protocols = ipv4") and files_in(host)["master.cf"] == MASTER
    )
    assert result["diff"] == foretold["diff"]
    assert [
        warning for warning in result["warnings"] if "inet_protocols = ipv4 stays" in warning and "(all)" in warning
    ]
    assert not call(WithoutIPv6(host), owner="role", state="absent")["changed"]


def test_protocols_go_back_where_postfix_starts_with_them(host, monkeypatch):
    monkeypatch.setattr(installation, "can_bind", lambda name: name == "127.0.0.1")
    monkeypatch.setattr(installation, "has_ipv6_address", lambda name: False)
    text = MAIN + "inet_interfaces = localhost\ninet_protocols = all\n"
    (host / "main.cf").write_bytes(text.encode("ascii"))
    run(host, main={"inet_protocols": "ipv4"})
    run(host, state="absent")
    assert main_of(host) == text


@pytest.mark.parametrize("by_hand", [None, "hash:/etc/postfix/transport"])
def test_elements_are_put_behind_what_others_have_and_go_again(host, by_hand):
    text = MAIN + ("transport_maps = {0}\n".format(by_hand) if by_hand else "")
    (host / "main.cf").write_bytes(text.encode("ascii"))
    (host / "ours").write_bytes(b"")
    ours = {"transport_maps": ["texthash:{0}".format(host / "ours")]}
    wanted = ", ".join([by_hand] * bool(by_hand) + ours["transport_maps"])
    accept = ["table-file-missing", "table-type-missing"]
    assert run(host, append=ours, accept_risks=accept)["changed"]
    assert "transport_maps = {0}\n".format(wanted) in main_of(host)
    assert run(host, check_mode=True, append=ours, accept_risks=accept)["up_to_date"]
    run(host, append={}, accept_risks=accept)
    assert main_of(host) == text


@pytest.mark.parametrize("by_hand", [None, "check_sender_access static:ok, reject_unauth_destination"])
def test_elements_of_several_words_are_put_before_what_others_have_and_go_again(host, by_hand):
    text = MAIN + ("smtpd_recipient_restrictions = {0}\n".format(by_hand) if by_hand else "")
    (host / "main.cf").write_bytes(text.encode("ascii"))
    ours = ["check_sender_access static:hold", "check_recipient_access static:hold"]
    wanted = "smtpd_recipient_restrictions = {0}\n".format(", ".join(ours + [by_hand] * bool(by_hand)))
    asked = {"prepend": {"smtpd_recipient_restrictions": ours}, "accept_risks": ["table-type-missing"]}
    assert run(host, **asked)["changed"]
    assert wanted in main_of(host)
    assert run(host, check_mode=True, **asked)["up_to_date"]
    # Whoever changes the line keeps what is theirs, and ours is there once.
    replace(host / "main.cf", b"static:hold, check_recipient", b"static:hold, permit_mynetworks, check_recipient")
    run(host, **asked)
    told = ", ".join(ours + ["permit_mynetworks"]) + ", " * bool(by_hand)
    assert told in main_of(host) and main_of(host).count("check_recipient_access") == 1


def test_one_parameter_gets_elements_before_and_behind(host):
    accept = ["table-file-missing", "table-type-missing"]
    names = ["texthash:{0}".format(host / name) for name in ("first", "theirs", "last")]
    asked = {"prepend": {"transport_maps": names[:1]}, "append": {"transport_maps": names[2:]}, "accept_risks": accept}
    run(host, main={"transport_maps": names[1]}, **asked)
    assert "transport_maps = {0}, {1}, {2}\n".format(*names) in main_of(host)
    assert run(host, check_mode=True, main={"transport_maps": names[1]}, **asked)["up_to_date"]


def test_elements_follow_what_the_call_itself_names_and_what_others_have_changed_since(host):
    accept = ["table-file-missing", "table-type-missing"]
    ours, theirs = "texthash:{0}".format(host / "ours"), "texthash:{0}".format(host / "theirs")
    run(host, main={"transport_maps": theirs}, append={"transport_maps": ours}, accept_risks=accept)
    assert "transport_maps = {0}, {1}\n".format(theirs, ours) in main_of(host)
    run(host, main={"transport_maps": None}, append={"transport_maps": ours}, accept_risks=accept)
    assert "transport_maps = {0}\n".format(ours) in main_of(host)
    replace(host / "main.cf", ours.encode("ascii"), (ours + " " + theirs).encode("ascii"))
    run(host, append={"transport_maps": ours}, accept_risks=accept)
    assert "transport_maps = {0}, {1}\n".format(theirs, ours) in main_of(host)


ACCEPTED = ["table-file-missing", "table-type-missing"]


def lists(host):
    """(dict, dict): what is put before and behind what is there: routes, held senders, and the names of the site."""
    before = {
        "transport_maps": ["texthash:{0}".format(host / "routes")],
        "smtpd_recipient_restrictions": ["check_sender_access regexp:{0}".format(host / "held")],
    }
    return before, {"transport_maps": ["texthash:{0}".format(host / "names")]}


def value_of(host, name):
    return dict(line.split(" = ", 1) for line in main_of(host).splitlines() if line.startswith(name + " = "))[name]


@pytest.mark.parametrize("ending", ["\n", ",\n    check_sender_access  regexp:/mine reject\n"])
def test_a_list_by_hand_stays_between_routes_and_names_and_comes_back(host, ending):
    text = MAIN + "transport_maps = hash:/a  hash:/b\nsmtpd_recipient_restrictions = permit_mynetworks" + ending
    (host / "main.cf").write_bytes(text.encode("ascii"))
    for name in ("routes", "held", "names"):
        (host / name).write_bytes(b"")
    before, behind = lists(host)
    routes, names, held = before["transport_maps"], behind["transport_maps"], before["smtpd_recipient_restrictions"]
    foretold = run(host, check_mode=True, prepend=before, append=behind, accept_risks=ACCEPTED)
    done = run(host, prepend=before, append=behind, accept_risks=ACCEPTED)
    assert done["changed"] and done["diff"] == foretold["diff"]
    assert value_of(host, "transport_maps") == ", ".join(routes + ["hash:/a  hash:/b"] + names)
    assert value_of(host, "smtpd_recipient_restrictions").startswith(held[0] + ", permit_mynetworks")
    for check_mode in (True, False):
        again = run(host, check_mode=check_mode, prepend=before, append=behind, accept_risks=ACCEPTED)
        assert again["up_to_date"] and not again["changed"]
    run(host, append=behind, accept_risks=ACCEPTED)
    assert value_of(host, "transport_maps") == ", ".join(["hash:/a  hash:/b"] + names)
    theirs = text[text.index("smtpd_recipient") :].split()
    assert main_of(host).split()[-len(theirs) :] == theirs
    run(host, state="absent")
    assert main_of(host) == text


def test_what_is_added_by_hand_later_stays_for_good(host):
    for name in ("routes", "held", "names"):
        (host / name).write_bytes(b"")
    before, behind = lists(host)
    run(host, prepend=before, append=behind, accept_risks=ACCEPTED)
    replace(host / "main.cf", b"regexp:", b"hash:/theirs, check_sender_access regexp:")
    replace(host / "main.cf", b", texthash:", b", hash:/theirs, texthash:")
    for _run in range(3):
        run(host, prepend=before, append=behind, accept_risks=ACCEPTED)
        assert value_of(host, "transport_maps") == ", ".join(
            before["transport_maps"] + ["hash:/theirs"] + behind["transport_maps"]
        )
        assert value_of(host, "smtpd_recipient_restrictions").endswith(", check_sender_access hash:/theirs")
    assert run(host, check_mode=True, prepend=before, append=behind, accept_risks=ACCEPTED)["up_to_date"]
    run(host, state="absent")
    assert value_of(host, "transport_maps") == "hash:/theirs"
    assert value_of(host, "smtpd_recipient_restrictions") == "check_sender_access hash:/theirs"


def test_without_an_owner_a_second_run_changes_nothing(host):
    (host / "main.cf").write_bytes((MAIN + "transport_maps = hash:/a hash:/b\n").encode("ascii"))
    (host / "routes").write_bytes(b"")
    wanted = {"transport_maps": ["texthash:{0}".format(host / "routes")]}
    assert call(Postfix(host), False, prepend=wanted, accept_risks=ACCEPTED)["changed"]
    assert value_of(host, "transport_maps").endswith("/routes, hash:/a hash:/b")
    assert not call(Postfix(host), False, prepend=wanted, accept_risks=ACCEPTED)["changed"]


WORDS = st.sampled_from(["permit", "check_sender_access", "hash:/a", "hash:/b", "{ reject_if, x }", "inline:{ a=b }"])
SEPARATORS = st.sampled_from([" ", ", ", ",", "\t", "  "])


@given(st.lists(st.tuples(WORDS, SEPARATORS), max_size=6), st.lists(WORDS, min_size=1, max_size=2))
@settings(max_examples=60, deadline=None)
def test_elements_are_taken_out_of_a_list_and_no_other(theirs, own):
    text = "".join(word + separator for word, separator in theirs)
    element = " ".join(own)
    left = without_elements(text, [element])
    assert without_elements(left, []) == left.strip(" ,\t")
    if split_list(left) == split_list(text):
        assert left == text.strip(" ,\t")
    for whole in (element + ", " + left, left + ", " + element):
        assert len(split_list(without_elements(whole, [element]))) <= len(split_list(left))
    assert not set(split_list(left)) - set(split_list(text))


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


# Formed as the package forms it, and as a person does.
FORMED = (
    MAIN
    + "smtpd_use_tls=yes\nrelayhost = \n# end\nmynetworks=10.0.0.0/8,\n  # the second\n  127.0.0.0/8\nsoft_bounce=no\nsoft_bounce=yes\n"
)


@pytest.mark.parametrize("further", [{}, {"smtpd_banner": "b"}])
@pytest.mark.parametrize("somebody", ["", "# by hand\n", "default_transport = x\n"])
def test_main_cf_from_before_an_earlier_release_comes_back_byte_for_byte_unless_others_have_written_to_it(
    host, further, somebody
):
    (host / "main.cf").write_bytes(FORMED.encode("ascii"))
    (host / OLD_BACKUP).write_bytes(FORMED.encode("ascii"))
    wanted = dict(WANTED, soft_bounce=False)
    call(Postfix(host), main=wanted)
    with open(str(host / "main.cf"), "a") as stream:
        stream.write(somebody)
    run(host, main=dict(wanted, **further))
    run(host, main=dict(wanted, **further))
    run(host, state="absent")
    assert (main_of(host) == FORMED) is (not somebody) and somebody in main_of(host)
    assert re.findall("soft_bounce *= *(.*)", main_of(host))[-1] == "yes"


def test_what_an_earlier_release_did_not_set_yet_is_named_apart_from_what_it_did(host):
    (host / OLD_BACKUP).write_bytes(MAIN.encode("ascii"))
    call(Postfix(host), main=WANTED)
    assert "It had not set" not in run(host, check_mode=True, main=WANTED)["warnings"][0]
    result = run(host, main=dict(WANTED, smtpd_banner="b"), master=[SUBMISSION])
    assert result["changed"]
    assert "mynetworks" in result["warnings"][0].partition(". It had not set")[0]
    assert result["warnings"][0].endswith(
        ". It had not set, and this one does: smtpd_banner, the service submission/inet"
    )


def test_what_is_wanted_otherwise_than_by_an_earlier_release_returns_to_before_that_one(host):
    year = time.time() - 365 * 86400
    for name in ("main.cf", "master.cf"):
        os.utime(str(host / name), (year, year))
    table = {"path": str(host / "transport"), "type": "hash", "entries": {"a": "smtp:old"}}
    anchors = {"path": str(host / "anchors"), "content": "old\n"}
    before = files_in(host)
    (host / "canonical").write_bytes(b"# by hand\n")
    os.utime(str(host / "canonical"), (year, year))
    call(Postfix(host), main=dict(WANTED, mynetworks="10.1.0.0/16"), files=[anchors], tables=[table], backup=True)
    # The first change of the services and of another table came months later.
    for backup in list(files_in(host)):
        if backup.endswith("~"):
            os.rename(str(host / backup), str(host / (backup.split(".20")[0] + ".2026-01-02@03:04:05~")))
    canonical = {"path": str(host / "canonical"), "type": "hash", "entries": {"x": "y"}}
    call(Postfix(host), main=dict(WANTED, relayhost="old"), master=[SUBMISSION], tables=[table, canonical], backup=True)
    request = {
        "main": WANTED,
        "master": [dict(SUBMISSION, options={"syslog_name": "other"})],
        "files": [dict(anchors, content="new\n")],
        "tables": [dict(table, entries={"a": "smtp:new"}), dict(canonical, entries={"x": "z"})],
    }
    result = run(host, **request)
    assert result["changed"] and "relayhost" in result["warnings"][0]
    assert not run(host, **request)["changed"]
    run(host, state="absent")
    left = dict((name, text) for name, text in files_in(host).items() if not name.endswith("~"))
    assert left.pop("canonical") == "# by hand\n" and settings_of(left["main.cf"]) == settings_of(before["main.cf"])
    assert left.pop("master.cf") == before["master.cf"] and set(left) == set(["main.cf", "canonical.db"])


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


BY_HAND = b"syslog_name=s\n  -o smtpd_sasl_auth_enable=yes"


def test_what_somebody_else_adds_to_a_service_stays_run_after_run(host):
    run(host, master=[SUBMISSION])
    replace(host / "master.cf", b"syslog_name=s", BY_HAND)
    before = files_in(host)["master.cf"]
    for _time in range(3):
        result = run(host, master=[SUBMISSION])
        assert not result["changed"] and result["warnings"] == []
        assert files_in(host)["master.cf"] == before
    run(host, master=[dict(SUBMISSION, options={"syslog_name": "t"})])
    assert files_in(host)["master.cf"] == before.replace("=s\n", "=t\n")
    result = run(host)
    assert not result["changed"] and "submission/inet was changed by somebody else" in result["warnings"][0]


def test_an_option_that_is_taken_out_of_a_service_of_somebody_else_stays_and_is_told_once(host):
    run(host, master=[dict(SUBMISSION, options={"syslog_name": "s", "smtpd_helo_required": "yes"})])
    replace(host / "master.cf", b"syslog_name=s", BY_HAND)
    result = run(host, master=[SUBMISSION])
    assert "submission/inet was changed by somebody else" in result["warnings"][0]
    assert "smtpd_helo_required=yes" in files_in(host)["master.cf"] and not result["changed"]
    result = run(host, master=[SUBMISSION])
    assert not result["changed"] and result["warnings"] == []


def test_a_service_in_another_order_is_the_same(host):
    options = {"syslog_name": "s", "smtpd_helo_required": "yes"}
    run(host, master=[dict(SUBMISSION, options=options)])
    replace(
        host / "master.cf",
        b"  -o smtpd_helo_required=yes\n  -o syslog_name=s\n",
        b"  -o syslog_name=s\n  -o smtpd_helo_required=yes\n",
    )
    assert not run(host, master=[dict(SUBMISSION, options=options)])["changed"]
    run(host)
    assert files_in(host)["master.cf"] == MASTER


def test_a_table_that_somebody_else_names_is_not_taken_away(host):
    table = {"path": str(host / "transport"), "type": "hash", "entries": {"a": "smtp:b"}}
    run(host, tables=[table])
    run(host, "site", main={"transport_maps": "hash:" + table["path"]})
    before = files_in(host)
    for mode in (True, False):
        with pytest.raises(RelayError, match="transport_maps = .*table-file-missing"):
            run(host, check_mode=mode, state="absent")
    assert files_in(host) == before
    run(host, "site", state="absent")
    run(host, state="absent")
    assert sorted(files_in(host)) == ["main.cf", "master.cf"]


def test_a_table_of_another_type_leaves_no_compiled_one_behind(host):
    item = {"path": str(host / "sasl_passwd"), "secret_entries": {"a": "user:geheim1"}}
    run(host, tables=[dict(item, type="hash")])
    request = {"tables": [dict(item, type="texthash")]}
    foretold = run(host, check_mode=True, **request)
    result = run(host, **request)
    assert result["diff"] == foretold["diff"] and "geheim1" not in repr(result)
    assert sorted(files_in(host)) == ["main.cf", "master.cf", "sasl_passwd"]
    assert not run(host, **request)["changed"]


def test_what_the_whole_of_a_table_had_goes_when_only_entries_are_named(host):
    item = {"path": str(host / "transport"), "type": "hash"}
    run(host, tables=[dict(item, entries={"a": "smtp:b"})])
    run(host, tables=[dict(item, entries={"a": "smtp:b"}, exclusive=False)])
    run(host, tables=[dict(item, entries={"c": "smtp:d"}, exclusive=False)])
    assert files_in(host)["transport"].splitlines()[1:] == ["c smtp:d"]
    run(host)
    assert "transport" not in files_in(host)


def test_lines_of_others_outlive_a_table_that_was_taken_whole(host):
    table = host / "transport"
    table.write_bytes(b"x smtp:x\n")
    item = {"path": str(table), "type": "hash", "entries": {"a": "smtp:b"}}
    run(host, tables=[dict(item, exclusive=False)])
    with open(str(table), "a") as stream:
        stream.write("others smtp:there\n")
    run(host, tables=[item])
    run(host)
    assert "x smtp:x\n" in files_in(host)["transport"] and "others smtp:there\n" in files_in(host)["transport"]


@pytest.mark.parametrize(
    "taken_out", [["/first/"], ["/second/"], ["/third/"], ["/first/", "/second/"], ["/second/", "/third/"]]
)
def test_an_entry_that_comes_back_to_a_table_of_patterns_has_its_place(host, taken_out):
    table, text = host / "checks", "# about the first\n/first/ OK\n/second/ REJECT\n# about the third\n/third/ WARN\n"
    table.write_bytes(text.encode("ascii"))
    entries = [{key: None} for key in taken_out]
    run(host, tables=[{"path": str(table), "type": "regexp", "exclusive": False, "entries": entries}])
    with open(str(table), "a") as stream:
        stream.write("/others/ DUNNO\n")
    run(host)
    left = [line for line in files_in(host)["checks"].splitlines() if not line.startswith("#")]
    assert left == ["/first/ OK", "/second/ REJECT", "/third/ WARN", "/others/ DUNNO"]


def test_a_service_of_an_earlier_release_goes_back_though_it_had_fewer_options(host):
    old = dict(SUBMISSION, options={"syslog_name": "s"})
    call(Postfix(host), main=WANTED, master=[old, {"name": "smtp", "type": "inet", "options": {"syslog_name": "in"}}])
    (host / OLD_BACKUP).write_bytes(MAIN.encode("ascii"))
    (host / OLD_BACKUP.replace("main", "master")).write_bytes(MASTER.encode("ascii"))
    new = dict(SUBMISSION, options={"syslog_name": "s", "smtpd_tls_loglevel": "1"})
    result = run(host, main=WANTED, master=[new])
    assert result["changed"] and "the service submission/inet" in result["warnings"][0]
    assert not run(host, main=WANTED, master=[new])["changed"]
    run(host, main=WANTED)
    assert "submission" not in files_in(host)["master.cf"]


def test_a_service_of_the_package_is_there_after_options_of_an_earlier_release_are_taken_back(host):
    request = {"main": WANTED, "master": [{"name": "smtp", "type": "inet", "options": {"syslog_name": "in"}}]}
    call(Postfix(host), **request)
    assert "smtp/inet" not in run(host, **request)["warnings"][0]
    run(host, state="absent")
    assert "smtp inet n" in files_in(host)["master.cf"]


def test_what_somebody_added_to_a_service_of_an_earlier_release_stays(host):
    call(Postfix(host), main=WANTED, master=[SUBMISSION])
    replace(host / "master.cf", b"syslog_name=s", BY_HAND)
    for _time in range(3):
        assert not run(host, main=WANTED, master=[SUBMISSION])["changed"]
    assert "smtpd_sasl_auth_enable" in files_in(host)["master.cf"]


SERVICES = st.dictionaries(
    st.sampled_from(["submission/inet", "smtp/unix", "new/unix"]), st.none() | st.sampled_from(["1", "2"]), max_size=2
)
ENTRIES = st.dictionaries(
    st.sampled_from(["a", "b", "c"]), st.none() | st.sampled_from(["smtp:a", "smtp:b"]), max_size=2
)
CALLS = st.lists(st.tuples(st.sampled_from(["one", "two", "hand"]), SERVICES, ENTRIES), max_size=7)
MASTER_THERE = (
    MASTER + "  -o syslog_name=0\n# a comment\nsubmission inet n - y - - smtpd\n  # inside\n  -o syslog_name=0\n#end\n"
)
TABLE_THERE = "# a comment\na smtp:0\n\nothers smtp:there\nb   smtp:0\n"


class Keys(object):
    """What must be of the keys of a file: what they say, who wants what, and what was there before the first of them."""

    def __init__(self, values):
        self.values = dict(values)
        self.wants = {}

    def refuses(self, owner, wanted):
        return any(
            name != owner and value != wanted[key]
            for key in wanted
            for name, value in self.wants.get(key, (None, {}))[1].items()
        )

    def call(self, owner, wanted):
        for key, value in wanted.items():
            if owner != "hand":
                self.wants.setdefault(key, (self.values.get(key), {}))[1][owner] = value
            self.put(key, value)
        for key in [key for key, (_before, wants) in self.wants.items() if owner in wants and key not in wanted]:
            before, wants = self.wants[key]
            value = wants.pop(owner)
            if not wants:
                del self.wants[key]
                if self.values.get(key) == value:
                    self.put(key, before)

    def put(self, key, value):
        self.values.pop(key, None)
        if value is not None:
            self.values[key] = value


def services_of(etc):
    """dict: name/type -> its one setting, of each service but the first, which nobody touches."""
    services = MasterCf(files_in(etc)["master.cf"], "master.cf").services()[1:]
    return dict(("{0[name]}/{0[type]}".format(item), dict(item["options"])["syslog_name"]) for item in services)


def entries_of(etc):
    return table_values(files_in(etc)["transport"], "transport", False)


def set_both(etc, owner, services, entries):
    """One call of an owner; or a person changes entries."""
    table = {"path": str(etc / "transport"), "type": "hash", "exclusive": False, "entries": entries}
    if owner == "hand":
        call(Postfix(etc), tables=[table])
        return
    items = []
    for key, value in sorted(services.items()):
        item = {"command": "smtp", "options": {"syslog_name": value}} if value else {"state": "absent"}
        items.append(dict(item, name=key.split("/")[0], type=key.split("/")[1]))
    run(etc, owner, master=items, tables=[table] if entries else [])


@PATIENT
@given(CALLS)
def test_services_and_entries_end_as_a_model_predicts(tmp_path_factory, steps):
    top = tmp_path_factory.mktemp("model")
    record, owners_record.RECORD = owners_record.RECORD, str(top / "state" / "owners.json")
    try:
        etc = top / "postfix"
        etc.mkdir()
        texts = {"main.cf": MAIN, "master.cf": MASTER_THERE, "transport": TABLE_THERE}
        for name, text in texts.items():
            (etc / name).write_bytes(text.encode("ascii"))
        services, entries = Keys(services_of(etc)), Keys(entries_of(etc))
        untouched = True
        for owner, wanted, table in steps + [("one", {}, {}), ("two", {}, {})]:
            if owner != "hand" and (services.refuses(owner, wanted) or entries.refuses(owner, table)):
                before = files_in(etc)
                with pytest.raises(RelayError, match="to another value"):
                    set_both(etc, owner, wanted, table)
                assert files_in(etc) == before
                continue
            untouched = untouched and owner != "hand"
            set_both(etc, owner, wanted, table)
            services.call(owner, wanted if owner != "hand" else {})
            entries.call(owner, table)
            assert services_of(etc) == services.values
            assert entries_of(etc) == entries.values
            assert "others smtp:there\n" in files_in(etc)["transport"]
            assert (
                files_in(etc).get("transport.db", "compiled " + files_in(etc)["transport"])[9:]
                == files_in(etc)["transport"]
            )
        assert files_in(etc)["master.cf"] == MASTER_THERE
        assert not untouched or files_in(etc)["transport"] == TABLE_THERE
    finally:
        owners_record.RECORD = record
        shutil.rmtree(str(top))


def test_a_record_that_is_damaged_anywhere_is_refused_by_its_name_or_can_be_used(host):
    (host / "shared").write_bytes(b"/theirs/ x\n")
    run(
        host,
        main={"relayhost": "new"},
        master=[SUBMISSION],
        tables=[
            {"path": str(host / "transport"), "type": "hash", "entries": {"a": "smtp:b"}},
            {"path": str(host / "shared"), "type": "regexp", "exclusive": False, "entries": [{"/a/": "b"}]},
        ],
        files=[{"path": str(host / "anchors"), "content": "x\n"}],
    )
    check_all_damage(lambda: run(host, check_mode=True, state="absent"), lambda: files_in(host))


def test_what_a_killed_run_left_beside_a_file_that_goes_is_removed(host, tmp_path):
    elsewhere = tmp_path / "ssl"
    elsewhere.mkdir()
    run(host, main={"relayhost": "a"}, files=[{"path": str(elsewhere / "anchors"), "content": "x\n"}])
    (elsewhere / (STAGE_PREFIX + "x" + TEMPORARY_SUFFIX)).mkdir()
    run(host, state="absent")
    assert os.listdir(str(elsewhere)) == []
