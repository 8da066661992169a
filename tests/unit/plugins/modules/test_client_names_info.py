# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.modules import client_names_info

TOLD = {"web01.example.com": [], "web02.example.com": ["mail.example.com"], "web03.example.com": None}


def test_names_are_told_apart_by_the_dns(run_module, monkeypatch):
    monkeypatch.setattr(client_names_info, "exchangers", lambda names, servers, seconds: dict(TOLD))
    failed, result = run_module(client_names_info.main, names=sorted(TOLD))
    assert not failed and not result["changed"]
    assert result["names"] == ["web01.example.com"]
    assert result["elsewhere"] == {"web02.example.com": ["mail.example.com"]}
    assert result["unknown"] == ["web03.example.com"]
    assert result["root_kept"] is False
    elsewhere, unknown = result["warnings"]
    assert "web02.example.com" in elsewhere and "web03.example.com" in unknown


def test_the_aliases_are_asked_where_that_is_wanted(run_module, monkeypatch):
    monkeypatch.setattr(client_names_info, "exchangers", lambda names, servers, seconds: {})
    monkeypatch.setattr(client_names_info, "_keeps_root_mail", lambda runner: True)
    failed, result = run_module(client_names_info.main, names=[], own_root=True)
    assert not failed and result["root_kept"] is True


@pytest.mark.parametrize("name", ["web01", "web 01.example.com", "a" * 64 + ".example.com"])
def test_what_is_no_name_is_refused(run_module, name):
    failed, result = run_module(client_names_info.main, names=["web01.example.com", name])
    assert failed and "names: {0!r} is not a full host name.".format(name) in result["msg"]


def test_documentation_and_arguments_say_the_same():
    spec = client_names_info.argument_spec()
    documented = yaml.safe_load(client_names_info.DOCUMENTATION)["options"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        assert (option["type"], option.get("required", False)) == (
            spec[name]["type"],
            spec[name].get("required", False),
        )
