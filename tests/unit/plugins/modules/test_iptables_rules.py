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

from ansible_collections.mailops.relay.plugins.modules import iptables_rules

WANTED = {"name": "postfix", "sources": ["10.0.0.0/8", "2001:db8::/32"], "ports": ["25/tcp"]}


def run(monkeypatch, capsys, **params):
    params.setdefault("_ansible_check_mode", True)
    # No iptables on any path: the module has to work, and to say so, where it is not installed.
    monkeypatch.setattr(basic.AnsibleModule, "get_bin_path", lambda *args, **kwargs: None)
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": params})))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        iptables_rules.main()
    return json.loads(capsys.readouterr()[0])


def test_a_fresh_host_in_check_mode(monkeypatch, capsys):
    result = run(monkeypatch, capsys, **WANTED)
    rule = "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 25 -m comment --comment postfix -j ACCEPT"
    assert result["changed"] is True
    assert result["rules"]["ipv4"] == [rule]
    assert result["rules"]["ipv6"] == [rule.replace("10.0.0.0/8", "2001:db8::/32")]
    assert result["diff"][0]["after"] == rule + "\n" and result["diff"][0]["before"] == ""
    assert result["calls"] == 0
    assert "iptables is not installed" in result["warnings"][0]


def test_a_fresh_host_for_real(monkeypatch, capsys):
    result = run(monkeypatch, capsys, _ansible_check_mode=False, **WANTED)
    assert result["failed"] is True
    assert "install iptables" in result["msg"]


def test_absent_on_a_fresh_host_changes_nothing(monkeypatch, capsys):
    assert run(monkeypatch, capsys, name="postfix", state="absent", _ansible_check_mode=False)["changed"] is False


def test_sources_and_ports_are_required(monkeypatch, capsys):
    result = run(monkeypatch, capsys, name="postfix")
    assert result["failed"] is True
    assert "sources" in result["msg"]


def test_closing_the_port_of_ssh_is_refused_on_a_fresh_host_too(monkeypatch, capsys):
    monkeypatch.setenv("SSH_CONNECTION", "203.0.113.9 51000 10.0.0.1 22")
    result = run(monkeypatch, capsys, name="postfix", sources=WANTED["sources"], ports=["1-100/tcp"], exclusive=True)
    assert result["failed"] is True
    assert "SSH" in result["msg"] and "allow_ssh_lockout" in result["msg"]
