# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import STAGE_PREFIX, TransactionError
from ansible_collections.mailops.relay.plugins.module_utils.qmail import configuration
from ansible_collections.mailops.relay.plugins.module_utils.qmail.configuration import Configuration
from ansible_collections.mailops.relay.plugins.module_utils.qmail.supervisor import Process, Service, SupervisorError

OLD = Process(9, "qmail-send", 1, 100)
NEW = Process(10, "qmail-send", 1, 200)


class Supervisor(object):
    """A qmail-send that runs, and what was done to it."""

    def __init__(self):
        self.process = OLD
        self.done = []
        self.fails = False
        self.unknown = False

    def running(self):
        return self.process

    def service(self, process):
        return Service("runit", "/etc/service/qmail") if process else None

    def require(self, process, service, action):
        if self.unknown and action == "restart":
            raise SupervisorError("not known; nothing was changed")

    def perform(self, action, process, service):
        self.done.append(action)
        if self.fails:
            raise SupervisorError("no qmail-send runs now")
        self.process = NEW if action == "restart" else process
        return self.process


class Qmail(object):
    """A home of qmail in a directory of its own."""

    def __init__(self, directory, monkeypatch):
        self.home = str(directory.mkdir("qmail"))
        self.control = os.path.join(self.home, "control")
        os.mkdir(self.control)
        self.supervisor = Supervisor()
        self.calls = []
        self.newmrh = self.compile
        # New files are root's; the tests need not be.
        monkeypatch.setattr(configuration, "_OWNER", os.geteuid())
        monkeypatch.setattr(configuration, "_GROUP", os.getegid())
        monkeypatch.setattr(configuration, "_secret_group", os.getegid)
        self.alias = os.path.join(self.home, "alias")
        os.mkdir(self.alias)
        monkeypatch.setattr(configuration.deliveries, "alias_home", lambda: self.alias)

    def write(self, name, text, mode=0o644):
        path = os.path.join(self.control, name)
        with open(path, "w") as stream:
            stream.write(text)
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(os.path.join(self.control, name)) as stream:
            return stream.read()

    def mode(self, name):
        return stat.S_IMODE(os.stat(os.path.join(self.control, name)).st_mode)

    def has(self, name):
        return os.path.exists(os.path.join(self.control, name))

    def program(self, name, content="#!/bin/sh\n"):
        path = os.path.join(self.home, "bin")
        os.path.isdir(path) or os.mkdir(path)
        path = os.path.join(path, name)
        with open(path, "w") as stream:
            stream.write(content)
        os.chmod(path, 0o755)

    def compile(self):
        self.write("morercpthosts.cdb", "compiled " + self.read("morercpthosts"))

    def find(self, program):
        return None

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(argv)
        self.newmrh()
        return Result(0, "", "")

    def apply(self, control=None, check_mode=False, **other):
        request = dict(
            control=control or {},
            credentials=[],
            credentials_format=None,
            forwards={},
            directory=self.control,
            accept_risks=["local-deliveries"],
            service_manager="auto",
            service=None,
            timeout=1,
            backup=False,
        )
        request.update(other)
        return Configuration(request, self, check_mode=check_mode, supervisor=self.supervisor).apply()

    def everything(self):
        return dict((name, self.read(name)) for name in os.listdir(self.control))


@pytest.fixture
def qmail(tmpdir, monkeypatch):
    made = Qmail(tmpdir, monkeypatch)
    made.write("rcpthosts", "web03.example.com\n")
    return made


def test_a_client_in_one_go_and_nothing_the_second_time(qmail):
    qmail.write("locals", "web03.example.com\n")
    qmail.write("virtualdomains", "a.example:alias-a\n")
    control = {
        "me": "web03.example.com",
        "locals": [],
        "virtualdomains": None,
        "rcpthosts": [],
        "smtproutes": {"": "relay.example.com:25"},
        "queuelifetime": 86400,
    }
    before = qmail.everything()
    predicted = qmail.apply(control, check_mode=True)
    assert qmail.everything() == before and qmail.supervisor.done == []
    result = qmail.apply(control)
    for key in ("changed", "diff", "files", "action"):
        assert predicted[key] == result[key]
    assert qmail.everything() == {
        "me": "web03.example.com\n",
        "locals": "",
        "rcpthosts": "",
        "smtproutes": ":relay.example.com:25\n",
        "queuelifetime": "86400\n",
    }
    assert [(os.path.basename(item["path"]), item["change"], item["action"]) for item in result["files"]] == [
        ("locals", "changed", "hup"),
        ("me", "created", "restart"),
        ("queuelifetime", "created", "restart"),
        ("rcpthosts", "changed", "none"),
        ("smtproutes", "created", "none"),
        ("virtualdomains", "removed", "hup"),
    ]
    assert result["action"] == "restart" and qmail.supervisor.done == ["restart"]
    assert result["service"] == {"manager": "runit", "name": "/etc/service/qmail", "pid": 10}
    assert qmail.mode("me") == 0o644
    second = qmail.apply(control)
    assert second["changed"] is False and second["diff"] == [] and second["action"] == "none"
    assert qmail.supervisor.done == ["restart"]


def test_what_another_program_writes_during_the_run_is_not_overwritten(qmail):
    qmail.write("locals", "web03.example.com\n")
    running = qmail.supervisor.running

    def write_and_tell():
        qmail.write("locals", "theirs.example\n")
        return running()

    qmail.supervisor.running = write_and_tell
    with pytest.raises(TransactionError) as error:
        qmail.apply({"locals": [], "me": "web03.example.com"})
    assert "control/locals was changed by another program" in str(error.value)
    assert qmail.everything() == {"locals": "theirs.example\n", "rcpthosts": "web03.example.com\n"}
    assert qmail.supervisor.done == []


@pytest.mark.parametrize(
    "control, action",
    [({"smtproutes": {"": "x"}}, "none"), ({"locals": []}, "hup"), ({"locals": [], "bouncefrom": "x"}, "restart")],
)
def test_what_a_running_qmail_needs(qmail, control, action):
    assert qmail.apply(control)["action"] == action
    assert qmail.supervisor.done == [action] * (action != "none")


def test_without_a_service_manager_it_is_only_said(qmail):
    result = qmail.apply({"me": "web03.example.com"}, service_manager="none")
    assert result["action"] == "restart" and qmail.supervisor.done == []
    assert not os.path.exists(os.path.join(qmail.home, ".mailops-relay.pending"))


def test_a_qmail_that_does_not_run_is_not_started(qmail):
    qmail.supervisor.process = None
    result = qmail.apply({"me": "web03.example.com"})
    assert "does not run" in result["warnings"][0] and qmail.supervisor.done == []


def test_the_service_of_qmail_smtpd_is_left_to_the_caller(qmail):
    result = qmail.apply({"concurrencyincoming": 5})
    assert result["files"][0]["action"] == "restart_smtpd" and result["action"] == "none"
    assert "restart the service of qmail-smtpd" in result["warnings"][0]


def test_a_restart_that_failed_is_done_by_the_next_run(qmail):
    qmail.supervisor.fails = True
    with pytest.raises(RelayError) as caught:
        qmail.apply({"me": "web03.example.com"})
    assert "are as wanted, but no qmail-send runs now" in str(caught.value)
    assert qmail.read("me") == "web03.example.com\n"
    predicted = qmail.apply({"me": "web03.example.com"}, check_mode=True)
    assert predicted["changed"] and predicted["action"] == "restart"
    qmail.supervisor.fails = False
    # A weaker need does not hide it.
    assert qmail.apply({"me": "web03.example.com", "locals": []})["action"] == "restart"
    assert qmail.supervisor.done == ["restart", "restart"]
    assert qmail.apply({"me": "web03.example.com"})["changed"] is False


def test_a_process_that_was_started_meanwhile_has_the_new_files(qmail):
    qmail.supervisor.fails = True
    with pytest.raises(RelayError):
        qmail.apply({"me": "web03.example.com"})
    qmail.supervisor.process = NEW
    assert qmail.apply({"me": "web03.example.com"})["changed"] is False
    assert not os.path.exists(os.path.join(qmail.home, ".mailops-relay.pending"))


def test_an_unknown_supervisor_is_refused_before_anything_changes(qmail):
    qmail.supervisor.unknown = True
    before = qmail.everything()
    with pytest.raises(SupervisorError):
        qmail.apply({"me": "web03.example.com"})
    assert qmail.everything() == before


@pytest.mark.parametrize(
    "control, other, says",
    [
        ({"smtproute": {}}, {}, "did you mean smtproutes?"),
        ({"locals": [], "me": 5}, {}, "control file me"),
        ({"me": None}, {}, "does not run without it"),
        ({"rcpthosts": None}, {}, "open relay"),
        ({"locals": []}, {"accept_risks": ["open-relay"]}, "open-relay-rcpthosts"),
        ({"locals": []}, {"service": "qmail"}, "service_manager"),
    ],
)
def test_bad_input_is_refused_with_nothing_changed(qmail, control, other, says):
    before = qmail.everything()
    for check_mode in (True, False):
        with pytest.raises(RelayError) as caught:
            qmail.apply(control, check_mode, **other)
        assert says in str(caught.value)
    assert qmail.everything() == before and qmail.supervisor.done == []


def test_rcpthosts_may_go_when_the_risk_is_accepted(qmail):
    assert qmail.apply({"rcpthosts": None}, accept_risks=["open-relay-rcpthosts"])["changed"]
    assert not qmail.has("rcpthosts")
    assert "open relay" in qmail.apply({})["warnings"][0]


@pytest.mark.parametrize("name", ["rcpthosts", "morercpthosts"])
def test_domains_of_everybody_are_refused_like_no_rcpthosts(qmail, name):
    with pytest.raises(RelayError) as caught:
        qmail.apply({name: ["example.com", ".com"]})
    assert "'.com' takes in the domains of everybody" in str(caught.value)
    assert "open-relay-rcpthosts" in str(caught.value)
    assert qmail.apply({name: [".com"]}, accept_risks=["open-relay-rcpthosts"])["changed"]
    # A name without the dot is one domain.
    assert qmail.apply({name: ["com", ".example.com"]})["changed"]


def test_mail_that_is_delivered_here_does_not_leave_unasked(qmail):
    qmail.write("locals", "web03.example.com\n")
    qmail.write("virtualdomains", "shop.example.org:shop\n")
    null, before = {"locals": [], "virtualdomains": None}, qmail.everything()
    for check_mode in (True, False):
        with pytest.raises(RelayError) as caught:
            qmail.apply(null, check_mode, accept_risks=[])
        assert "virtualdomains: shop.example.org (to shop)" in str(caught.value)
        assert "accept the risk 'local-deliveries'" in str(caught.value)
    assert qmail.everything() == before
    assert qmail.apply({"concurrencyremote": 20, "virtualdomains": ["shop.example.org:shop"]}, accept_risks=[])[
        "changed"
    ]
    accepted = qmail.apply(null, accept_risks=["local-deliveries"])
    assert accepted["changed"] and "shop.example.org (to shop)" in accepted["warnings"][0]
    again = qmail.apply(null, accept_risks=[])
    assert again["changed"] is False and again["warnings"] == accepted["warnings"][1:]


def test_no_qmail(qmail):
    for check_mode in (True, False):
        with pytest.raises(RelayError) as caught:
            qmail.apply({"me": "web03.example.com"}, check_mode, directory="/nowhere/control")
        assert "no qmail on this host" in str(caught.value) and "/nowhere/control" in str(caught.value)


def test_mode_of_a_file_and_its_comments_stay(qmail):
    qmail.write("locals", "# ours\na.example.com\n", 0o640)
    qmail.apply({"locals": ["b.example.com"]})
    assert qmail.read("locals") == "# ours\nb.example.com\n" and qmail.mode("locals") == 0o640


def test_a_link_stays_and_a_backup_is_kept(qmail, tmpdir):
    target = tmpdir.join("locals")
    target.write("a.example.com\n")
    os.symlink(str(target), os.path.join(qmail.control, "locals"))
    result = qmail.apply({"locals": []}, backup=True)
    assert os.path.islink(os.path.join(qmail.control, "locals")) and target.read() == ""
    with open(result["backup_files"][0]) as stream:
        assert stream.read() == "a.example.com\n"


def secret(password="s3cret"):
    return [{"domain": "", "relay": "smtp.example.org", "port": 587, "user": "web03", "password": password}]


def test_credentials_are_protected_and_never_shown(qmail):
    qmail.write("smtproutes", ":relay.example.com\n")
    control = {"smtproutes": {"example.net": "10.0.0.25"}}
    result = qmail.apply(control, credentials=secret(), credentials_format="pipe")
    assert qmail.read("smtproutes") == ":smtp.example.org:587|web03|s3cret\nexample.net:10.0.0.25\n"
    assert qmail.mode("smtproutes") == 0o640
    assert "s3cret" not in repr(result)
    assert not qmail.apply(control, credentials=secret(), credentials_format="pipe")["changed"]
    other = qmail.apply(control, credentials=secret("0ther"), credentials_format="pipe")
    assert other["changed"] and "s3cret" not in repr(other) and "0ther" not in repr(other)
    os.chmod(os.path.join(qmail.control, "smtproutes"), 0o644)
    again = qmail.apply(control, credentials=secret("0ther"), credentials_format="pipe")
    assert again["files"][0]["change"] == "attributes" and qmail.mode("smtproutes") == 0o640


def test_credentials_of_a_file_that_goes_are_not_shown(qmail):
    qmail.write("smtproutes", ":smtp.example.org web03 s3cret\n", 0o640)
    for control in ({"smtproutes": {"": "relay.example.com"}}, {"smtproutes": None}):
        assert "s3cret" not in repr(qmail.apply(control, check_mode=True))


@pytest.mark.parametrize("route", [":smtp.example.org web03 s3cret\n", "a.example:smtp.example.org:587|web03|s3cret\n"])
@pytest.mark.parametrize("after", [{"": "relay.example.com"}, None])
@pytest.mark.parametrize("mode", [0o640, 0o644])
def test_the_backup_of_credentials_is_for_root_only(qmail, route, after, mode):
    qmail.write("smtproutes", route, mode)
    result = qmail.apply({"smtproutes": after}, backup=True)
    (path,) = result["backup_files"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as stream:
        assert stream.read() == route
    assert "s3cret" not in repr(result)


def test_other_control_files_keep_their_mode_in_the_backup(qmail):
    qmail.write("smtproutes", ":relay.example.com\n")
    (path,) = qmail.apply({"smtproutes": {"": "other.example.com"}}, backup=True)["backup_files"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644


@pytest.mark.parametrize("control", [{"smtproutes": {"": "relay.example.com"}}, {"smtproutes": None}])
def test_credentials_that_contradict(qmail, control):
    with pytest.raises(RelayError) as caught:
        qmail.apply(control, credentials=secret(), credentials_format="pipe")
    assert "keep one of them" in str(caught.value)


def test_morercpthosts_is_compiled_and_goes_with_its_source(qmail):
    qmail.program("qmail-newmrh")
    result = qmail.apply({"morercpthosts": ["a.example.com"]})
    assert qmail.read("morercpthosts.cdb") == "compiled a.example.com\n"
    assert [os.path.basename(item["after_header"]) for item in result["diff"]] == ["morercpthosts", "morercpthosts.cdb"]
    assert not qmail.apply({"morercpthosts": ["a.example.com"]})["changed"]
    old = time.time() - 100
    os.utime(os.path.join(qmail.control, "morercpthosts.cdb"), (old, old))
    assert qmail.apply({"morercpthosts": ["a.example.com"]})["changed"] and len(qmail.calls) == 2
    qmail.apply({"morercpthosts": None})
    assert not qmail.has("morercpthosts") and not qmail.has("morercpthosts.cdb")


def test_morercpthosts_without_its_compiler(qmail):
    result = qmail.apply({"morercpthosts": ["a.example.com"]})
    assert result["changed"] and "has no effect until it is compiled" in result["warnings"][0]
    assert not qmail.apply({"morercpthosts": ["a.example.com"]})["changed"]


def fail():
    raise CommandError(["qmail-newmrh"], 111, "", "qmail-newmrh: fatal: disk full")


@pytest.mark.parametrize("newmrh, says", [(fail, "disk full"), (lambda: None, "another home directory")])
def test_morercpthosts_that_cannot_be_compiled_puts_everything_back(qmail, newmrh, says):
    qmail.program("qmail-newmrh")
    qmail.write("locals", "a.example.com\n")
    before = qmail.everything()
    qmail.newmrh = newmrh
    with pytest.raises(RelayError) as caught:
        qmail.apply({"morercpthosts": ["a.example.com"], "locals": []}, backup=True)
    assert says in str(caught.value) and "everything is as it was" in str(caught.value)
    assert qmail.everything() == before and qmail.supervisor.done == []
    assert not os.path.exists(os.path.join(qmail.home, ".mailops-relay.pending"))


def test_a_rename_that_fails_puts_everything_back(qmail, monkeypatch):
    qmail.write("locals", "a.example.com\n")
    before = qmail.everything()
    rename = os.rename

    def no_locals(source, destination):
        if destination.endswith("/locals") and "old." not in source:
            raise OSError(28, "No space left on device")
        rename(source, destination)

    monkeypatch.setattr(os, "rename", no_locals)
    with pytest.raises(RelayError) as caught:
        qmail.apply({"me": "web03.example.com", "locals": []})
    assert "everything is as it was" in str(caught.value)
    assert qmail.everything() == before


def test_what_a_killed_run_left_is_removed(qmail):
    stale = os.path.join(qmail.control, STAGE_PREFIX + "x.mailops-new")
    os.mkdir(stale)
    qmail.apply({})
    assert not os.path.exists(stale)


def test_a_control_file_that_is_a_directory(qmail):
    os.mkdir(os.path.join(qmail.control, "me"))
    with pytest.raises(RelayError) as caught:
        qmail.apply({"me": "web03.example.com"})
    assert "none was changed" in str(caught.value)


@pytest.mark.parametrize("kind", ["notqmail", "netqmail", "qmail"])
def test_which_qmail_it_is(qmail, kind):
    assert qmail.apply({})["qmail"] == ""
    qmail.program("qmail-smtpd", "\x7fELF 214 {0} home page: x\n".format(kind))
    assert qmail.apply({})["qmail"] == kind
