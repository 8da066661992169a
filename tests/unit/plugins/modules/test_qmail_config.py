# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.modules import qmail_config


def run(monkeypatch, capsys, **params):
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": params})))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        qmail_config.main()
    return capsys.readouterr()[0]


@pytest.fixture
def control(tmpdir):
    made = tmpdir.mkdir("control")
    made.join("rcpthosts").write("")
    return made


def test_files_are_written_as_the_caller_says(monkeypatch, capsys, control):
    control.join("locals").write("# ours\nweb03.example.com\n")
    result = json.loads(run(monkeypatch, capsys, directory=str(control), control={"locals": []}))
    assert result["changed"] and result["action"] == "hup"
    assert control.join("locals").read() == "# ours\n"


def test_check_mode_changes_nothing(monkeypatch, capsys, control):
    arguments = {"directory": str(control), "control": {"me": "web03.example.com"}, "_ansible_check_mode": True}
    result = json.loads(run(monkeypatch, capsys, **arguments))
    assert result["changed"] and result["diff"][0]["after"] == "web03.example.com\n"
    assert os.listdir(str(control)) == ["rcpthosts"]


def test_a_refusal_names_the_file(monkeypatch, capsys, control):
    result = json.loads(run(monkeypatch, capsys, directory=str(control), control={"smtproutes": {"": "2001:db8::1"}}))
    assert result["failed"] and "smtproutes" in result["msg"] and "IPv6" in result["msg"]


@pytest.mark.parametrize("owner", ["qmail_client", "mine"])
def test_who_uses_the_role_is_told_its_variables(run_module, control, owner):
    request = {"directory": str(control), "owner": owner, "check_mode": True}
    name = "qmail_client_accept_risks" if owner == "qmail_client" else "accept_risks"
    failed, result = run_module(qmail_config.main, accept_risks=["x"], **request)
    assert failed and result["msg"].startswith(name + ": no such risk")
    control.join("rcpthosts").remove()
    failed, result = run_module(qmail_config.main, control={"me": "web03.example.com"}, **request)
    way = "qmail_client_rcpthosts: []" if owner == "qmail_client" else "control: {rcpthosts: []}"
    assert not failed and [text for text in result["warnings"] if text.endswith("make it with " + way)]


def test_credentials_need_a_format_and_are_not_shown(monkeypatch, capsys, control):
    item = {"relay": "smtp.example.org", "user": "web03", "password": "s3cret word"}
    for arguments in ({}, {"credentials_format": "space"}):
        output = run(monkeypatch, capsys, directory=str(control), credentials=[item], **arguments)
        assert json.loads(output)["failed"] and "s3cret" not in output


@pytest.mark.parametrize(
    "routes",
    [
        {"": "smtp.example.org:587|web03|s3cret"},
        {"": "smtp.example.org web03 s3cret"},
        [":smtp.example.org:587 web03 s3cret"],
    ],
)
def test_credentials_at_the_wrong_place_are_refused_and_not_shown(monkeypatch, capsys, control, routes):
    output = run(monkeypatch, capsys, directory=str(control), control={"smtproutes": routes})
    assert json.loads(output)["failed"] and "s3cret" not in output and "credentials" in output
