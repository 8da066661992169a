# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.modules import firewalld_zone


def run(monkeypatch, capsys, **params):
    params.setdefault("_ansible_check_mode", True)
    # No firewall-cmd on any path: the module has to work, and to say so, where firewalld is not installed.
    monkeypatch.setattr(basic.AnsibleModule, "get_bin_path", lambda *args, **kwargs: None)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": params})))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        firewalld_zone.main()
    return json.loads(capsys.readouterr()[0])


def test_a_fresh_host_in_check_mode(monkeypatch, capsys):
    result = run(monkeypatch, capsys, zone="postfix", sources=["10.0.0.0/8"], services=["ssh"], ports=["25/tcp"])
    assert result["changed"] is True
    assert result["zone"]["sources"] == ["10.0.0.0/8"]
    assert result["runtime"] is False and result["calls"] == 0
    assert "not installed" in result["warnings"][0]
    assert "  - 25/tcp\n" in result["diff"][0]["after"] and result["diff"][0]["before"] == ""


def test_a_fresh_host_for_real(monkeypatch, capsys):
    result = run(monkeypatch, capsys, zone="postfix", _ansible_check_mode=False)
    assert result["failed"] is True
    assert "install firewalld" in result["msg"]


def test_bad_input(monkeypatch, capsys):
    result = run(monkeypatch, capsys, zone="postfix", sources=["10.0.0.1/8"])
    assert result["failed"] is True
    assert "10.0.0.0/8" in result["msg"]


def test_absent_on_a_fresh_host_changes_nothing(monkeypatch, capsys):
    assert run(monkeypatch, capsys, zone="postfix", state="absent")["changed"] is False
